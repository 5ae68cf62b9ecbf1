"""Rows that an earlier check read, known again by keyed fingerprints of all cells that are read from them.

Two calls of a check were alike if the list told the same of them and registries answered the same, so that they had the
same verdict. Of the unchanged rows of a batch, one of each kind is read again and stands for the others: nothing that
was decided then is taken over, only that these rows are alike, and their numbers.
"""

from __future__ import annotations

import hmac
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import polars as pl

from dnc.files.locks import ReadLock
from dnc.files.table import BATCH_ROWS
from dnc.frames import as_text
from dnc.store.audit_log import canonical

KNOWN_AGAIN = ("fingerprint", "kind")  # columns of kept decisions
_MARGIN = 50_000  # rows around those that are expected, in which rows are looked for that others were added before
_CHANGED = 0.05  # share of a batch above which rows that are not where they are expected are looked for elsewhere
_MOST = 0.9  # share of a batch above which all of it is read: most rows are new, or like no other
_LOST = 4 * BATCH_ROWS  # rows without one that is known, after which the rest of the list is read as it is


@cache
def versions() -> list[str]:
    """Those of the program and of what it reads numbers and makes fingerprints with."""
    return [version(name) for name in ("dnc-check", "phonenumbers", "polars", "duckdb")]


class Fingerprints(NamedTuple):
    """How fingerprints are made.

    key: 64 hexadecimal digits. reading: all that says how a number is read; where it differs, so do all fingerprints.
    """

    key: str
    reading: str

    def of(self, cells: pl.DataFrame) -> pl.Series:
        """Those of rows (UInt64)."""
        texts = pl.DataFrame([as_text(column) for column in cells])
        read_so = canonical([self.reading, versions(), [(column.name, str(column.dtype)) for column in cells]])
        seed = hmac.digest(bytes.fromhex(self.key), read_so.encode(), "sha256")[:8]
        return texts.hash_rows(int.from_bytes(seed)).alias("fingerprint")


class Likeness(NamedTuple):
    """Which rows of a batch are read, and which of these the others are like.

    at: positions of the rows that are read (ascending). like: for each row of the batch, the position in `at` of the
    one that stands for it (UInt32). number: for each row its number (UInt64); null for those that are read.
    """

    at: pl.Series
    like: pl.Series
    number: pl.Series

    def of_calls(self, row: pl.Series | None) -> tuple[CallLikeness, pl.Series | None]:
        """The same of calls, and for each call the row of the batch; None where each row is one call.

        row: for each call that was read, its row among those that were (ascending); None where each is one call.
        """
        if row is None:
            return CallLikeness(self.like, self.number), None
        call, rows = pl.int_range(row.len(), dtype=pl.UInt32, eager=True), self.number.is_not_null().arg_true()
        read = pl.DataFrame({"row": self.at[row].cast(pl.UInt32), "call": call})
        known = pl.DataFrame({"row": rows.cast(pl.UInt32), "call": row.search_sorted(self.like[rows])})
        calls = pl.concat([read, known]).sort("row", maintain_order=True)
        return CallLikeness(calls["call"], self.number[calls["row"]]), calls["row"]


class CallLikeness(NamedTuple):
    """For each call of a batch the one that stands for it, by its position among those that were read (UInt32), and its
    number (UInt64); null for those that were read.
    """

    call: pl.Series
    number: pl.Series

    def numbers(self, read: pl.Series) -> pl.Series:
        """The numbers of all calls. read: those of the calls that were read."""
        return pl.select(pl.coalesce(pl.lit(self.number), pl.lit(read[self.call]))).to_series().alias(read.name)


class KnownRows:
    """The calls of an earlier check, in its order, which the rows of a list are looked for in; batch by batch.

    Args:
        path: a file with `fingerprint` and `kind` (UInt64; null where a call is not known again), and `number`.
        fingerprints: of that check.
        changed: numbers of which something else may be known than then; None where that may be so of all. Then the
            rows are read by their likeness, and all of them decided.
    Attribute `rows`: that were known so far.
    """

    def __init__(self, path: Path, fingerprints: Fingerprints, changed: pl.Series | None) -> None:
        self._reading = ReadLock([path])
        self._calls = pl.scan_parquet(path, glob=False).select("number", *KNOWN_AGAIN)
        self._fingerprints = fingerprints
        self.changed = changed
        self.rows = 0
        self._first = self._next = 0  # calls there: behind the last that was known; where the next one is expected

    def likeness(self, cells: pl.DataFrame) -> Likeness | None:
        """Which rows of the next batch are read; None if all are. cells: those that are read."""
        if self._next - self._first > _LOST:
            return None
        found = self._found(self._fingerprints.of(cells))
        if self.changed is not None:
            found = found.with_columns(pl.when(~pl.col("number").is_in(self.changed.implode())).then("kind"))
        stands = pl.when(pl.col("kind").is_not_null()).then(pl.col("row").first().over("kind")).otherwise("row")
        row, first = found.with_row_index("row").select("row", first=stands)
        is_read = first == row
        at = is_read.arg_true()
        if at.len() > _MOST * cells.height:
            return None
        self.rows += cells.height - at.len()
        like = (is_read.cast(pl.UInt32).cum_sum() - 1)[first]
        return Likeness(at, like, found.select(pl.when(~is_read).then("number")).to_series())

    def _found(self, fingerprints: pl.Series) -> pl.DataFrame:
        """For each row the call with its fingerprint: `number` and `kind`; nulls where there is none."""
        height, start = fingerprints.len(), self._next
        calls = self._calls.slice(start, height).collect()
        expected = calls["fingerprint"].extend_constant(None, height - calls.height)
        same = (expected == fingerprints).fill_null(False)
        place = pl.select(pl.when(same).then(pl.int_range(height, dtype=pl.UInt32))).to_series()
        elsewhere = (~same).arg_true()
        if elsewhere.len() > _CHANGED * height:
            start = max(0, self._first - _MARGIN)
            calls = self._calls.slice(start, self._next - start + height + _MARGIN).collect()
            asked = fingerprints[elsewhere].to_frame()
            there = calls.select("fingerprint", pl.int_range(pl.len(), dtype=pl.UInt32).alias("place"))
            there = there.join(asked, on="fingerprint", how="semi").unique("fingerprint", keep="first")
            found = asked.join(there, on="fingerprint", how="left", maintain_order="left")["place"]
            place = (place + (self._next - start)).scatter(elsewhere, found)
        if (known := place.is_not_null().arg_true()).len():
            self._first = self._next = start + place[int(known[-1])] + 1
            height -= int(known[-1]) + 1
        self._next += height
        return calls.select(pl.col("number", "kind").gather(place))
