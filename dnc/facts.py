"""The facts of many cases, factored: what was told of a call and what the registries said, each distinct row once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from dnc.tabular import numbered


@dataclass(frozen=True)
class Facts:
    """A case is a row of `told` beside a row of `said`; there may be far more cases than rows of either.

    of_told, of_said: for each case its row (UInt32) of `told` and of `said`, which share no column.
    """

    told: pl.DataFrame
    said: pl.DataFrame
    of_told: pl.Series
    of_said: pl.Series

    @property
    def height(self) -> int:
        """How many cases there are."""
        return self.of_told.len()

    def __getitem__(self, name: str) -> pl.Series:
        """A column, a row a case."""
        return self.told[name][self.of_told] if name in self.told.columns else self.said[name][self.of_said]

    @property
    def columns(self) -> list[str]:
        """The names of all columns."""
        return [*self.told.columns, *self.said.columns]

    def take(self, at: pl.Series) -> Facts:
        """The cases at some places."""
        return Facts(self.told, self.said, self.of_told.gather(at), self.of_said.gather(at))

    @property
    def alone(self) -> tuple[pl.Series, Facts]:
        """What was told, with nothing said beside it, each row a case: for each case here its case there, and these."""
        number, rows = self._told
        return number, Facts(self.told, pl.DataFrame(), rows, pl.zeros(rows.len(), pl.UInt32, eager=True))

    def numbered(self, names: Sequence[str]) -> tuple[pl.Series, pl.DataFrame]:
        """Some columns: for each case its row (UInt32) of the distinct rows, and these."""
        sides = []
        for frame, (number, rows) in ((self.told, self._told), (self.said, self._said)):
            mine = frame.select(name for name in names if name in frame.columns)
            if mine.width:
                each, distinct = numbered(mine[rows])
                sides.append((each[number], distinct))
        if len(sides) < 2:
            return sides[0]
        (told, of_told), (said, of_said) = sides
        number, pairs = numbered(pl.DataFrame([told.alias("told"), said.alias("said")]))
        return number, of_told[pairs["told"]].hstack(of_said[pairs["said"]])

    @cached_property
    def _told(self) -> tuple[pl.Series, pl.Series]:
        return _met(self.of_told)

    @cached_property
    def _said(self) -> tuple[pl.Series, pl.Series]:
        return _met(self.of_said)


def _met(rows: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Rows numbered by their first appearance, and those that appear."""
    number, distinct = numbered(rows.to_frame("row"))
    return number, distinct["row"]
