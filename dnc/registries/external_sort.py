"""Sorts rows by number in bounded memory: an external merge sort.

Rows are collected into sorted runs; if there are several, they are written to disk. Runs that overlap are merged one
range of numbers at a time, so that there are never more rows in memory than in one run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

from dnc.errors import StoreError
from dnc.messages import localized

_AT_ONCE = 12_000_000  # rows in memory
_SPAN = 10**6  # the smallest range of numbers that is merged on its own
_READ_TOGETHER = 100_000  # rows of a run in one row group


class Sorting:
    """Collects rows about numbers and returns them sorted.

    Args:
        folder: for the runs.
        schema: of the rows; `number` (UInt64) is one of the columns.
        at_once: rows in memory at the same time.

    Attributes:
        rows: how many were added.
    """

    def __init__(self, folder: Path, schema: Mapping[str, Any], at_once: int | None = None) -> None:
        self.rows = 0
        self._at_once = at_once or _AT_ONCE
        self._folder = folder
        self._waiting = [pl.DataFrame(schema=schema)]
        self._height = 0
        self._runs: list[Path] = []
        self._last = -1
        self._rising = True  # whether each number was greater than the one before

    def add(self, rows: pl.DataFrame) -> None:
        """Add rows; those without a number are left out. Raises StoreError if they cannot be written."""
        rows = rows.filter(pl.col("number").is_not_null()) if rows["number"].null_count() else rows
        if not rows.height:
            return
        if self._height and self._height + rows.height > self._at_once:
            self._end_run()
        numbers = rows["number"]
        self._rising = self._rising and numbers[0] > self._last and bool((numbers.slice(1) > numbers.head(-1)).all())
        self._last = numbers[-1]
        self._waiting.append(rows)
        self._height += rows.height
        self.rows += rows.height

    def parts(self) -> Iterator[pl.DataFrame]:
        """All rows in frames, sorted by number; all rows of one number are in the same frame.

        Raises StoreError if they cannot be written or read.
        """
        if not self._runs:
            yield self._run()
            return
        self._end_run()
        if self._rising:
            yield from (_read([run]) for run in self._runs)
        else:
            yield from (_read(self._runs, *span).sort("number") for span in self._spans())

    def _run(self) -> pl.DataFrame:
        """The collected rows as a sorted run."""
        rows = pl.concat(self._waiting)
        return rows if self._rising else rows.sort("number")

    def _end_run(self) -> None:
        path = self._folder / f"run-{len(self._runs)}.parquet"
        with kept():
            self._run().write_parquet(path, compression="lz4", row_group_size=_READ_TOGETHER)
        self._runs.append(path)
        self._waiting, self._height = [self._waiting[0].clear()], 0

    def _spans(self) -> Iterator[tuple[int, int]]:
        """Ranges of numbers (upper end excluded) that hold few enough rows for memory."""
        span = (pl.col("number") // _SPAN * _SPAN).alias("low")
        with kept():
            counted = pl.scan_parquet(self._runs, glob=False).group_by(span).len().collect(engine="streaming")
        counts = counted.sort("low").rows()
        low, rows = 0, 0
        for (start, count), (_, following) in zip(counts, [*counts[1:], (0, self._at_once)], strict=True):
            rows += count
            if rows + following > self._at_once:
                yield low, start + _SPAN
                low, rows = start + _SPAN, 0


def _read(runs: list[Path], low: int = 0, high: int = 2**64 - 1) -> pl.DataFrame:
    with kept():
        rows = pl.scan_parquet(runs, glob=False)
        return rows.filter(pl.col("number").is_between(low, high, closed="left")).collect()


@contextmanager
def kept() -> Iterator[None]:
    """Turn a failure to write rows to disk, or to read them, into a StoreError."""
    try:
        yield
    except (pl.exceptions.PolarsError, OSError) as error:
        raise StoreError(localized("errors", "sorting", kind=type(error).__name__)) from None
