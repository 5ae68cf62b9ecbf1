"""Run the benchmarks and print their table as Markdown, ready for docs/performance.md.

    python -m benchmarks --only check,load --rows 10_000_000 --runs 5

Cases that need hours or tens of gigabytes are left out without --only or --heavy; `postgres`, which needs the package
postgresql on the machine, is run only when it is named.
"""

from __future__ import annotations

import argparse
import compileall
import platform
import sys
import tempfile
import time
from datetime import date
from importlib.metadata import version
from pathlib import Path

from benchmarks.cases import CASES, HEAVY, NAMED, ROOT, Bench, machine, rows_of
from benchmarks.processes import BenchmarkError

HEADER = ("what", "ours", "against", "time", "CPU", "memory", "target")
PACKAGES = ("dnc-check", "duckdb", "polars", "phonenumbers")


def _line(*cells: str) -> None:
    print(f"| {' | '.join(cells)} |", flush=True)


def main() -> int:
    """Print what was measured; returns 1 if a command failed or counts differ."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", default="", help=f"cases, by commas, of {', '.join(CASES)}")
    parser.add_argument("--heavy", action="store_true", help=f"also {', '.join(sorted(HEAVY))}")
    parser.add_argument("--rows", type=int, default=10_000_000, help="what counts as ten million; all sizes follow")
    parser.add_argument("--runs", type=int, default=5, help="of each command, in turn; medians are given")
    parser.add_argument("--answers", type=int, default=300, help="of Bloctel, in cases with many; an even number")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--work", type=Path, help="folder for made data, which is kept; else a temporary one")
    options = parser.parse_args()
    names = (
        options.only.split(",")
        if options.only
        else [name for name in CASES if name not in NAMED and (options.heavy or name not in HEAVY)]
    )
    if unknown := [name for name in names if name not in CASES]:
        parser.error(f"no case {unknown[0]}; there are {', '.join(CASES)}")
    if options.work:
        options.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        bench = Bench(
            (options.work or Path(folder)).absolute(), options.rows, options.runs, options.seed, options.answers
        )
        compileall.compile_dir(ROOT / "dnc", quiet=2)  # as in an installed package, whatever this environment says
        versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
        print(f"{date.today()}, {machine()}, {platform.system()}, Python {platform.python_version()}, {versions}.")
        print(f"Medians of {bench.runs}, in turn; ratios are ours / the other; seed {bench.seed}.\n")
        _line(*HEADER)
        _line(*["---"] * len(HEADER))
        for name in names:
            start = time.monotonic()
            try:
                for row in rows_of(bench, name):
                    _line(row.what, row.ours, row.against, row.wall, row.cpu, row.memory, row.bound)
            except BenchmarkError as error:
                print(f"{name}: {error}", file=sys.stderr)
                return 1
            print(f"{name} took {time.monotonic() - start:.0f} s", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
