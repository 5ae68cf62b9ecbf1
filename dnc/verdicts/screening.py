"""Screening: what registries answer about the number of each call, as plain columns."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from datetime import date
from functools import cached_property

import duckdb
import polars as pl

from dnc.clock import ALWAYS, NO_DAYS, today
from dnc.database import Instance, instance_of, one_of, run, statement
from dnc.law.demands import REGISTRY_FACTS, registry_column
from dnc.registries import OWN
from dnc.store.snapshots import Snapshot, Standing
from dnc.store.store import Store
from dnc.verdicts.registry_lookup import Lookup

_IN_OWN = (
    "select distinct number from (select number from read_parquet($files) union all select number from objections)"
)
_IN_FILES = "select distinct number from read_parquet($files) where "
_OWN_SNAPSHOTS = {"file": pl.String, "as_of": pl.Date, "loaded_at": pl.Datetime, "whole": pl.Boolean}
_NOT_IN_OWN = {"_since": pl.Date, "_told": pl.Date, "_campaign": pl.String}  # columns that the own list leaves NULL


class _OwnList:
    """The caller's own opt-out list; only numbers that it has are looked up one by one."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, files: list[str], snapshots: list[Snapshot], objections: pl.DataFrame
    ) -> None:
        # A list that is complete for some prefixes only has no answer about other numbers that it does not have.
        rows = [(snapshot.file, snapshot.as_of, snapshot.loaded_at, "" in snapshot.covers) for snapshot in snapshots]
        standing = pl.DataFrame(rows, schema=_OWN_SNAPSHOTS, orient="row")
        self._con = con
        self._files = {"files": files}
        self._frames = {"standing": standing, "objections": objections}
        self._has_files = bool(snapshots)
        self._loaded = min((snapshot.as_of for snapshot in snapshots if "" in snapshot.covers), default=None)

    def codes(self, calls: pl.DataFrame) -> pl.DataFrame:
        """Columns `state`, `as_of`, `next_on`, a row for each call."""
        loaded = pl.lit(self._loaded, pl.Date) <= pl.lit(calls["day"])  # a Series of 1 row is not broadcast
        never = pl.lit(None, pl.Date)
        absent = calls.select(pl.when(loaded).then(pl.lit("clear")).alias("state"), as_of="day", next_on=never)
        known = self._known(calls["number"])
        if known.is_empty():
            return absent
        asked = calls.select("number", "day").with_row_index("key")
        found = self._found(asked.filter(pl.col("number").is_in(known.implode())))
        return pl.DataFrame([column.scatter(found["key"], found[column.name]) for column in absent])

    def _known(self, numbers: pl.Series) -> pl.Series:
        """Those of some numbers that it may have."""
        objections = self._frames["objections"]["number"]
        known = objections.filter(objections.is_in(numbers.implode()))
        if not self._has_files:
            return known
        which, frames = one_of(numbers)
        found = run(self._con, "known", _IN_FILES + which, self._files, {"number": pl.UInt64}, **frames)
        return known.append(found["number"])

    def entries(self, day: date) -> pl.DataFrame:
        """Columns `number`, `since`, `until` of all that are on the list on a day."""
        known = run(self._con, "entries", _IN_OWN, self._files, objections=self._frames["objections"])
        return self.objections(known["number"], day)

    def objections(self, numbers: pl.Series, day: date) -> pl.DataFrame:
        """The same of some numbers."""
        found = self._found(numbers.sort().to_frame("number").with_row_index("key").with_columns(day=pl.lit(day)))
        # What is not known of a number counts as an opt-out.
        return found.filter(pl.col("state").is_in(["listed", "uncovered"])).select("number", "since", "until")

    def _found(self, asked: pl.DataFrame) -> pl.DataFrame:
        """What `own.sql` says of numbers and days (columns key, number, day)."""
        params = self._files | {"no_days": NO_DAYS}
        return run(self._con, "own", statement(__package__, "own"), params, asked=asked, **self._frames)

    def decoded(self, codes: pl.DataFrame) -> pl.DataFrame:
        """Its codes need no decoding, only names."""
        known = {"": pl.col("state"), "_as_of": pl.col("as_of"), "_next_on": pl.col("next_on")}
        nothing = {name: pl.lit(None, kind) for name, kind in _NOT_IN_OWN.items()}
        return codes.select((nothing | known)[name].alias(name) for name in REGISTRY_FACTS)


class Screen(ExitStack[None]):
    """Looks numbers up in the snapshots of one moment; a context.

    registries: ids of those to look up.
    """

    def __init__(self, standing: Standing, registries: Iterable[str]) -> None:
        super().__init__()
        self._standing = standing
        self._registries = sorted(registries)

    @cached_property
    def _known(self) -> dict[str, _OwnList | Lookup]:
        """The registries that have snapshots (or objections, for the own list)."""
        known: dict[str, _OwnList | Lookup] = {}
        for registry in self._registries:
            if registry == OWN and (own := self._own_list()):
                known[registry] = own
            elif self._standing.of(registry):
                known[registry] = Lookup(self._con, self._standing, registry)
        return known

    def _own_list(self) -> _OwnList | None:
        snapshots, objections = self._standing.of(OWN), self._standing.objections
        if not snapshots and objections.is_empty():
            return None
        return _OwnList(self._con, self._files(snapshots), snapshots, objections)

    def follow(self, standing: Standing) -> bool:
        """Look numbers up in what the store holds now, if only objections and own records are new; returns whether so.

        What was read of registries stays in memory. Raises StoreError where a file of one is damaged by now.
        """
        known, now = self._known, standing
        if now.snapshots != self._standing.snapshots:
            return False
        for registry in self._registries:
            _ = now.of(registry)
        self._standing = now
        own = self._own_list() if OWN in self._registries else None
        if (own is not None) != (OWN in known):
            return False
        if own:
            known[OWN] = own
        return True

    @cached_property
    def _con(self) -> duckdb.DuckDBPyConnection:
        return self.enter_context(self._instance.cursor())

    @cached_property
    def _instance(self) -> Instance:
        return instance_of(self._standing.folder.absolute())

    def _files(self, snapshots: list[Snapshot]) -> list[str]:
        """The files of snapshots; if there are none, one without listings, so that the query stays the same."""
        if snapshots:
            return sorted({str(self._standing.path(snapshot)) for snapshot in snapshots})
        path = self._instance.spill / "none.parquet"
        pl.DataFrame(
            schema={"number": pl.UInt64, "listed": pl.Boolean, "since": pl.Date, "until": pl.Date}
        ).write_parquet(path)
        return [str(path)]

    def own_entries(self, day: date) -> pl.DataFrame:
        """The caller's own opt-out list on a day: `number` (UInt64, sorted), `since` and `until` (Date)."""
        own = self._known.get(OWN)
        if isinstance(own, _OwnList):
            return own.entries(day)
        return pl.DataFrame(schema={"number": pl.UInt64, "since": pl.Date, "until": pl.Date})

    def objections(self, numbers: pl.Series, day: date) -> pl.DataFrame:
        """Those of some numbers (UInt64) that are on the own list on a day: `number`, and since when (`on`, Date)."""
        own = self._known.get(OWN)
        if not isinstance(own, _OwnList) or numbers.is_empty():
            return pl.DataFrame(schema={"number": pl.UInt64, "on": pl.Date})
        return own.objections(numbers, day).select("number", on=pl.col("since").fill_null(ALWAYS))

    def codes(self, calls: pl.DataFrame) -> pl.DataFrame:
        """The answers for each call, in few and small columns: distinct rows of them are decoded once.

        Args:
            calls: columns `number` (UInt64), `day` (Date), `campaign` (String).
        Returns:
            A frame of the same height and order, for `decoded`; without columns where nothing is loaded.
        """
        columns = [
            column.alias(f"{registry} {column.name}")
            for registry, known in self._known.items()
            for column in known.codes(calls)
        ]
        return pl.DataFrame(columns) if columns else pl.DataFrame(height=calls.height)

    def decoded(self, codes: pl.DataFrame) -> pl.DataFrame:
        """Codes as facts: for each registry with snapshots the columns of `dnc.law.demands.REGISTRY_FACTS`."""
        facts: list[pl.Series] = []
        for registry, known in self._known.items():
            prefix = f"{registry} "
            own = [column.alias(column.name.removeprefix(prefix)) for column in codes if column.name.startswith(prefix)]
            decoded = known.decoded(pl.DataFrame(own))
            facts += [column.alias(registry_column(registry, column.name)) for column in decoded]
        return pl.DataFrame(facts) if facts else pl.DataFrame(height=codes.height)


def own_list(store: Store) -> pl.DataFrame:
    """The caller's own opt-out list today: `number` (text, E.164, sorted), `since`, `until` (Date).

    Raises StoreError if there is no store.
    """
    store.must_exist()
    with Screen(store.standing(), [OWN]) as screen:
        entries = screen.own_entries(today())
    return entries.with_columns(number=pl.concat_str(pl.lit("+"), "number"))


def on_own_list(store: Store, numbers: set[int]) -> set[int]:
    """Those of some numbers that are on the own list today. Raises StoreError if the store cannot be read."""
    listed = own_list(store)["number"] if store.exists else ()
    return numbers.intersection(map(int, listed))
