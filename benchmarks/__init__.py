"""Benchmarks: our program and each peer do the same work in turn; see docs/performance.md."""
