"""Benchmarks: ours and each peer on the same work in turn; see docs/performance.md."""
