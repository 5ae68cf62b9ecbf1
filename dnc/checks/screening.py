"""Screening: what the registries said, as plain columns beside each call."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import duckdb
import polars as pl

from dnc.checks.registry_lookup import Lookup
from dnc.clock import NO_DAYS
from dnc.database import engine, run, statement
from dnc.law.demands import REGISTRY_FACTS
from dnc.store.snapshots import Snapshot, Standing

_KNOWN = """
select distinct number from (select number from read_parquet($files) union all select number from objections)
where number in (select number from asked)
"""
_STANDING = {"file": pl.String, "as_of": pl.Date, "loaded_at": pl.Datetime, "whole": pl.Boolean}
_UNTOLD = {"_since": pl.Date, "_told": pl.Date, "_campaign": pl.String}  # what the own list says of no number


class _Said(Protocol):
    """What one registry says."""

    def codes(self, calls: pl.DataFrame) -> pl.DataFrame:
        """What it says of each call, in few columns that tell its words apart."""

    def words(self, codes: pl.DataFrame) -> pl.DataFrame:
        """The same as columns named as in `dnc.law.demands.REGISTRY_FACTS`."""


class _OwnList:
    """The caller's own opposition list; only numbers that it knows are looked at one by one."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, files: list[str], snapshots: list[Snapshot], objections: pl.DataFrame
    ) -> None:
        # A list that was declared complete for some prefixes only says nothing of other numbers by silence.
        rows = [(one.file, one.as_of, one.loaded_at, "" in one.covers) for one in snapshots]
        standing = pl.DataFrame(rows, schema=_STANDING, orient="row")
        self._con = con
        self._files = {"files": files}
        self._frames = {"standing": standing, "objections": objections}
        self._loaded = min((one.as_of for one in snapshots if "" in one.covers), default=None)

    def codes(self, calls: pl.DataFrame) -> pl.DataFrame:
        """Columns `state`, `as_of`, `next_on`, a row a call."""
        asked = calls.select("number", "day").with_row_index("key")
        known = run(self._con, "known", _KNOWN, self._files, asked=asked, objections=self._frames["objections"])
        asked = asked.filter(pl.col("number").is_in(known["number"].implode()))
        said = run(
            self._con,
            "own",
            statement(__package__, "own"),
            self._files | {"no_days": NO_DAYS},
            asked=asked,
            **self._frames,
        )
        stood = pl.lit(self._loaded, pl.Date) <= pl.lit(calls["day"])  # a column of one value would not be broadcast
        never = pl.lit(None, pl.Date)
        absent = calls.select(pl.when(stood).then(pl.lit("clear")).alias("state"), as_of="day", next_on=never)
        return pl.DataFrame([column.scatter(said["key"], said[column.name]) for column in absent])

    def words(self, codes: pl.DataFrame) -> pl.DataFrame:
        """Its codes are words."""
        told = {"": pl.col("state"), "_as_of": pl.col("as_of"), "_next_on": pl.col("next_on")}
        nothing = {name: pl.lit(None, kind) for name, kind in _UNTOLD.items()}
        return codes.select((nothing | told)[name].alias(name) for name in REGISTRY_FACTS)


def _without_registry(name: str) -> str:
    return name.rpartition(" ")[2]


class Screen:
    """Looks numbers up in the snapshots of one moment; a context.

    registries: ids to look up, of those that the rules ask about.
    """

    def __init__(self, standing: Standing, registries: Iterable[str]) -> None:
        self._standing = standing
        self._registries = sorted(registries)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @cached_property
    def _said(self) -> dict[str, _Said]:
        """Those registries of which anything is known."""
        said: dict[str, _Said] = {}
        objections = self._standing.objections
        for registry in self._registries:
            snapshots = self._standing.of(registry)
            if registry == "own" and (snapshots or objections.height):
                said[registry] = _OwnList(self._con, self._files(snapshots), snapshots, objections)
            elif snapshots:
                said[registry] = Lookup(self._con, self._standing, registry)
        return said

    @cached_property
    def _con(self) -> duckdb.DuckDBPyConnection:
        folders = {path.parent for path in self._standing.files}
        return self._stack.enter_context(engine(self._spill, *folders))

    @cached_property
    def _spill(self) -> str:
        return self._stack.enter_context(tempfile.TemporaryDirectory(prefix="dnc-"))

    def _files(self, snapshots: list[Snapshot]) -> list[str]:
        """The files of snapshots; for none, one without listings."""
        if snapshots:
            return sorted({str(self._standing.path(one)) for one in snapshots})
        path = Path(self._spill) / "none.parquet"
        pl.DataFrame(
            schema={"number": pl.UInt64, "listed": pl.Boolean, "since": pl.Date, "until": pl.Date}
        ).write_parquet(path)
        return [str(path)]

    def codes(self, calls: pl.DataFrame) -> pl.DataFrame:
        """What the registries say of each call, in few columns that tell their words apart.

        Args:
            calls: columns `number` (UInt64), `day` (Date), `campaign` (String).
        Returns:
            A frame of the same height and order, to be read by `words`; without columns where nothing is loaded.
        """
        frames = [
            said.codes(calls).select(pl.all().name.prefix(f"{registry} ")) for registry, said in self._said.items()
        ]
        return pl.concat(frames, how="horizontal") if frames else pl.DataFrame(height=calls.height)

    def words(self, codes: pl.DataFrame) -> pl.DataFrame:
        """Codes as facts: for each registry of which anything is known, the columns of
        `dnc.law.demands.REGISTRY_FACTS` behind its id with underscores."""
        frames = []
        for registry, said in self._said.items():
            mine = codes.select(pl.col(f"^{registry} .*$").name.map(_without_registry))
            frames.append(said.words(mine).select(pl.all().name.prefix(registry.replace("-", "_"))))
        return pl.concat(frames, how="horizontal") if frames else pl.DataFrame(height=codes.height)
