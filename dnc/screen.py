"""Screening: what the registries said, as plain columns beside each call."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import polars as pl

from dnc.demands import REGISTRY_FACTS
from dnc.engine import engine, run, statement
from dnc.snapshots import Snapshot, Standing

_NAMES = dict(zip(REGISTRY_FACTS, ("state", "as_of", "since", "campaign_state", "next_on"), strict=True))
_TYPES = {"VARCHAR": pl.String, "DATE": pl.Date}
_STANDING: dict[str, Any] = {
    "id": pl.Int64,
    "file": pl.String,
    "as_of": pl.Date,
    "campaign": pl.String,
    "covers": pl.List(pl.String),
    "absent": pl.String,
}


class Screen:
    """Looks numbers up in the snapshots of one moment; close it, or use it as a context.

    registries: ids to look up, of those that the rules ask about.
    """

    def __init__(self, standing: Standing, registries: Iterable[str]) -> None:
        self._standing = standing
        self._registries = sorted(registries)
        self._stack = ExitStack()
        self._con: duckdb.DuckDBPyConnection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
        self._con = None

    def _engine(self) -> duckdb.DuckDBPyConnection:
        if self._con is None:
            spill = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="dnc-"))
            self._con = self._stack.enter_context(engine(spill, Path(self._standing.folder) / "snapshots"))
        return self._con

    def _no_listings(self) -> str:
        """A file without listings, for a registry that is known by recorded objections only."""
        [(spill,)] = self._engine().execute("select current_setting('temp_directory')").fetchall()
        path = Path(spill) / "none.parquet"
        pl.DataFrame(
            schema={"number": pl.UInt64, "listed": pl.Boolean, "since": pl.Date, "until": pl.Date}
        ).write_parquet(path)
        return str(path)

    def columns(self, calls: pl.DataFrame) -> pl.DataFrame:
        """What each registry said of each call's number on its day.

        Args:
            calls: columns `number` (UInt64), `day` (Date), `campaign` (String).
        Returns:
            A frame of the same height and order; for each registry the columns of
            `dnc.demands.REGISTRY_FACTS` behind its id with underscores.
        """
        asked = calls.select("number", "day", "campaign")
        keys = asked.unique(maintain_order=True).with_row_index("key")
        said = keys
        for registry in self._registries:
            said = said.hstack(self._said(registry, keys))
        joined = asked.join(said, on=asked.columns, how="left", nulls_equal=True, maintain_order="left")
        return joined.drop(*asked.columns, "key")

    def _said(self, registry: str, keys: pl.DataFrame) -> pl.DataFrame:
        prefix = registry.replace("-", "_")
        snapshots = self._standing.of(registry)
        objections = self._standing.objections
        if snapshots or (registry == "own" and objections.height):
            answers = self._look_up(registry, keys, snapshots, objections)
        else:
            answers = pl.DataFrame(schema=list(_NAMES.values())).clear(keys.height)
        return answers.select(
            pl.col(name).cast(_TYPES[kind]).alias(f"{prefix}{suffix}")
            for (suffix, name), kind in zip(_NAMES.items(), REGISTRY_FACTS.values(), strict=True)
        )

    def _look_up(
        self, registry: str, keys: pl.DataFrame, snapshots: list[Snapshot], objections: pl.DataFrame
    ) -> pl.DataFrame:
        rows = [(one.id, one.file, one.as_of, one.campaign, list(one.covers), one.absent) for one in snapshots]
        standing = pl.DataFrame(rows, schema=_STANDING, orient="row")
        folder = Path(self._standing.folder) / "snapshots"
        files = [str(folder / name) for name in sorted({one.file for one in snapshots})] or [self._no_listings()]
        frames = {"asked": keys, "standing": standing}
        if registry == "own":
            return run(self._engine(), "own", statement("own"), {"files": files}, objections=objections, **frames)
        return run(self._engine(), "answers", statement("answers"), {"files": files}, **frames)
