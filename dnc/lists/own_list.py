"""The own list: what the objections of a store, loaded or recorded one at a time, say of numbers on days."""

from __future__ import annotations

from datetime import date
from typing import Any

import duckdb
import polars as pl

from dnc.clock import NO_DAYS, today
from dnc.database import instance_of, run, statement
from dnc.frames import repeated
from dnc.law.demands import REGISTRY_FACTS
from dnc.store.records import Records
from dnc.store.store import Store

_SEQ_BITS = 39  # of `first` in `own_list.sql`
_READ = ("number", "seq", "on_day", "as_of", "lifted", "until")
# Of what it says, in `REGISTRY_FACTS`.
_NAMES = {"": "state", "_as_of": "as_of", "_told": "told", "_next_on": "next_on"}


_FOUND: dict[str, Any] = {
    "key": pl.UInt32,
    "state": pl.String,
    "as_of": pl.Date,
    "next_on": pl.Date,
    "number": pl.UInt64,
    "day": pl.Date,
    "since": pl.Date,
    "until": pl.Date,
    "first": pl.Int64,
}  # columns of `own_list.sql`


class OwnList:
    """The own list of a store, asked about numbers on days. con: has access to the store. records: its objections."""

    def __init__(self, con: duckdb.DuckDBPyConnection, records: Records) -> None:
        self._con, self._records = con, records
        self._days = pl.Series([file.as_of for file in records.whole], dtype=pl.Date)
        self._told = pl.Series([records.told_until(file) for file in records.whole], dtype=pl.Date)
        self._complete = pl.lit(self._days.min(), pl.Date)

    def codes(self, calls: pl.DataFrame) -> pl.DataFrame:
        """Columns `state`, `as_of`, `told`, `next_on`, a row for each call (columns `number` and `day`).

        told: the last day for which the list says who is not on it, as it was on the day of the call.
        """
        day = pl.lit(calls["day"])  # a Series of 1 row is not broadcast
        absent = calls.select(pl.when(self._complete <= day).then(pl.lit("clear")).alias("state"), as_of="day")
        absent = absent.with_columns(told=self._until(calls["day"]), next_on=pl.lit(None, pl.Date))
        rows = self.rows(calls["number"].drop_nulls().unique())
        found = self._found(calls.select("number", "day").with_row_index("key"), rows)
        found = found.with_columns(told=absent["told"][found["key"]])
        return pl.DataFrame([column.scatter(found["key"], found[column.name]) for column in absent])

    def _until(self, days: pl.Series) -> pl.Series:
        """The last day for which the list says, as it was on some days, who is not on it."""
        if self._days.is_empty():
            return repeated(None, pl.Date, days.len())
        place = self._days.search_sorted(days.fill_null(NO_DAYS), side="right").cast(pl.Int64) - 1
        return self._told[place.clip(0)].set(place < 0, None)

    def decoded(self, codes: pl.DataFrame) -> pl.DataFrame:
        """The same as columns of `REGISTRY_FACTS`; what only registries tell is null."""
        kinds = {"VARCHAR": pl.String, "DATE": pl.Date}
        return codes.select(
            pl.col(_NAMES[name]).alias(name) if name in _NAMES else pl.lit(None, kinds[kind]).alias(name)
            for name, kind in REGISTRY_FACTS.items()
        )

    def rows(self, numbers: pl.Series | None = None) -> pl.DataFrame:
        """What is stated of all numbers, or of some: the columns that `own_list.sql` reads."""
        return self._records.find(self._con, columns=_READ, numbers=numbers)

    def entries(self, day: date, numbers: pl.Series, rows: pl.DataFrame) -> pl.DataFrame:
        """Those of some numbers that are on it on a day: `number` (UInt64, sorted), `since`, `until` (Date).

        Besides: `state`; `seq`, the earliest of the rows that stand; `undated`, whether its day is that of its file.
        rows: what is stated of the numbers.
        """
        asked = numbers.unique().sort().to_frame("number").with_row_index("key").with_columns(day=pl.lit(day))
        # What is not known of a number counts as an opt-out.
        found = self._found(asked, rows).filter(pl.col("state").is_in(["listed", "uncovered"]))
        seq = pl.col("first") & ((1 << _SEQ_BITS) - 1)
        undated = (pl.col("first") // (1 << _SEQ_BITS)) % 2 == 1
        return found.select("number", "since", "until", "state", seq=seq, undated=undated)

    def standing(self, number: int, day: date) -> pl.Series:
        """The rows about a number that stand on a day: those that put it on the list if they are alone beside lifts."""
        rows = self.rows(pl.Series([number], dtype=pl.UInt64))
        told = rows.filter(pl.col("lifted").ne_missing(True)).with_columns(number=pl.col("seq").cast(pl.UInt64))
        lifts = rows.filter("lifted").drop("number").join(told.select("number"), how="cross")
        asked = told.select(key="seq", number="number", day=pl.lit(day))
        alone = pl.concat([told, lifts.select(told.columns)])
        found = run(self._con, "own", statement(__package__, "own_list"), asked=asked, statements=alone)
        return found.filter(pl.col("state").is_not_null())["key"]

    def _found(self, asked: pl.DataFrame, statements: pl.DataFrame) -> pl.DataFrame:
        """What `own_list.sql` says of those numbers and days (columns key, number, day) of which anything is stated."""
        asked = asked.filter(pl.col("number").is_in(statements["number"].unique().implode()))
        if asked.is_empty():  # as for most calls: no query is as quick as none
            return pl.DataFrame(schema=_FOUND)
        found = run(self._con, "own", statement(__package__, "own_list"), asked=asked, statements=statements)
        state = pl.coalesce("state", pl.when(self._complete <= pl.col("day")).then(pl.lit("clear")))
        return found.with_columns(state)


def own_list(store: Store, numbers: set[int] | None = None) -> pl.DataFrame:
    """The own list today, or what it has of some numbers: `number` (text, E.164, sorted), `since`, `until` (Date).

    Raises StoreError if there is no store.
    """
    store.must_exist()
    asked = None if numbers is None else pl.Series(sorted(numbers), dtype=pl.UInt64)
    with instance_of(store.path.absolute()).cursor() as con:
        own = OwnList(con, store.standing().objections)
        rows = own.rows(asked)
        entries = own.entries(today(), rows["number"], rows)
    return entries.select(pl.concat_str(pl.lit("+"), "number").alias("number"), "since", "until")


def on_own_list(store: Store, numbers: set[int]) -> set[int]:
    """Those of some numbers that are on the own list today. Raises StoreError if the store cannot be read."""
    return set(map(int, own_list(store, numbers)["number"])) if store.exists else set()
