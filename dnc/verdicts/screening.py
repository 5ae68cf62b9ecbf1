"""Screening: what registries answer about the number of each call, as plain columns."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from functools import cached_property

import duckdb
import polars as pl

from dnc.database import instance_of
from dnc.law.demands import registry_column
from dnc.lists.own_list import OwnList
from dnc.registries import OWN
from dnc.store.snapshots import Standing
from dnc.verdicts.registry_lookup import Lookup


class Screen(ExitStack[None]):
    """Looks numbers up in the snapshots of one moment; a context.

    registries: ids of those to look up.
    """

    def __init__(self, standing: Standing, registries: Iterable[str]) -> None:
        super().__init__()
        self._standing = standing
        self._registries = sorted(registries)

    @cached_property
    def _known(self) -> dict[str, OwnList | Lookup]:
        """What answers for those of the registries of which the store has anything."""
        known: dict[str, OwnList | Lookup] = {}
        for registry in self._registries:
            if self._standing.of(registry):
                known[registry] = Lookup(self._con, self._standing, registry)
        return known | self._own

    @property
    def _own(self) -> dict[str, OwnList]:
        own = self._standing.objections
        return {OWN: OwnList(self._con, own)} if OWN in self._registries and own.any else {}

    def follow(self, standing: Standing) -> bool:
        """Look numbers up in what the store holds now, if only own records are new; returns whether so.

        What was read of registries stays in memory. Raises StoreError where a file of one is damaged by now.
        """
        had, known = OWN in self._known, self._known
        if standing.snapshots != self._standing.snapshots:
            return False
        for registry in self._registries:
            _ = standing.of(registry)
        self._standing = standing
        known |= self._own
        return had == bool(self._own)

    @cached_property
    def _con(self) -> duckdb.DuckDBPyConnection:
        return self.enter_context(instance_of(self._standing.folder.absolute()).cursor())

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
