"""Listings sorted by number, one a number, as a file: an external merge sort in bounded memory.

Rows come in any order and are gathered into runs, each sorted and written out. Where runs
overlap they are merged, range by range of numbers, so that never more rows are in memory than in a run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from dnc.engine import run, statement

SCHEMA = {"number": pl.UInt64, "listed": pl.Boolean, "since": pl.Date, "until": pl.Date}
_AT_ONCE = 12_000_000  # rows
_SPAN = 10**6  # numbers that are never parted


class Listings:
    """Rows about numbers, on their way into one sorted file.

    con: what writes and merges; it reaches the folder. folder: where runs are kept meanwhile.
    rows: how many were added.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, folder: Path) -> None:
        self.rows = 0
        self._con = con
        self._folder = folder
        self._waiting = [pl.DataFrame(schema=SCHEMA)]
        self._runs: list[str] = []
        self._files = 0
        self._last = -1
        self._rising = True  # whether each number was greater than the one before

    def add(self, rows: pl.DataFrame) -> None:
        """Add rows with the columns of `SCHEMA`; those without a number are left out."""
        rows = rows.filter(pl.col("number").is_not_null()) if rows["number"].null_count() else rows
        if not rows.height:
            return
        numbers = rows["number"]
        self._rising = self._rising and numbers[0] > self._last and bool((numbers.slice(1) > numbers.head(-1)).all())
        self._last = numbers[-1]
        self.rows += rows.height
        self._waiting.append(rows)
        if sum(one.height for one in self._waiting) >= _AT_ONCE:
            self._end_run()

    def numbers(self) -> pl.Series:
        """The distinct numbers of all rows, in any order (UInt64)."""
        self._end_run()
        return self._read("select distinct number from read_parquet($runs)")["number"]

    def write(self, out: Path) -> int:
        """Write one listing a number, sorted, into a Parquet file with the columns of `SCHEMA`; gives their count."""
        self._end_run()
        parts = self._runs if self._rising or len(self._runs) == 1 else list(self._merged())
        if len(parts) == 1:
            Path(parts[0]).rename(out)
        else:
            self._write("from read_parquet($parts)", out, {"parts": parts})
        [(count,)] = self._con.execute("select count(*) from read_parquet(?)", [str(out)]).fetchall()
        return int(count)

    def _end_run(self) -> None:
        """Write what waits as a run."""
        rows = pl.concat(self._waiting)
        if rows.height or not self._runs:
            self._runs.append(self._kept(rows if self._rising else self._sorted(rows)))
        self._waiting = [rows.clear()]

    def _merged(self) -> Iterator[str]:
        """Files of the listings of all runs, one a range of numbers, the lowest first."""
        within = "from read_parquet($runs) where number >= $low and number < $high"
        for low, high in self._ranges():
            yield self._kept(self._sorted(self._read(within, low=low, high=high)))

    def _ranges(self) -> Iterator[tuple[int, int]]:
        """Ranges of numbers, the upper end not in them, in each of which not too many rows are."""
        span = f"number // {_SPAN} * {_SPAN}"
        counted = f"select {span} as low, count(*) as rows from read_parquet($runs) group by low order by low"
        spans = self._read(counted).rows()
        low, rows = 0, 0
        for (start, count), following in zip(spans, [*spans[1:], (0, _AT_ONCE)], strict=True):
            rows += count
            if rows + following[1] > _AT_ONCE:
                yield low, start + _SPAN
                low, rows = start + _SPAN, 0

    def _sorted(self, rows: pl.DataFrame) -> pl.DataFrame:
        """One listing a number, sorted."""
        rows = rows.sort("number")
        again = rows.filter(rows["number"] == rows["number"].shift())["number"]
        if not again.len():
            return rows
        repeats = rows["number"].is_in(again.implode())
        merged = run(self._con, "listings", statement("listings"), rows=rows.filter(repeats))
        return pl.concat([rows.filter(~repeats), merged]).sort("number")

    def _kept(self, rows: pl.DataFrame) -> str:
        """The path of a file of rows."""
        self._files += 1
        path = self._folder / f"run-{self._files}.parquet"
        self._write("from rows", path, rows=rows)
        return str(path)

    def _read(self, sql: str, **params: int) -> pl.DataFrame:
        return run(self._con, "runs", sql, {"runs": self._runs, **params})

    def _write(self, sql: str, out: Path, params: Mapping[str, Any] | None = None, **frames: pl.DataFrame) -> None:
        copy = f"copy ({sql}) to $out (format parquet, compression zstd, parquet_version v2)"
        run(self._con, "snapshot", copy, {"out": str(out), **(params or {})}, **frames)
