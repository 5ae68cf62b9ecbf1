"""The facts of many cases, factored: what was told of a call and what the registries said, each distinct row once."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from dnc.frames import numbered


class Distinct:
    """A frame of which the distinct rows of some columns are asked for again and again.

    frame: the rows.
    """

    def __init__(self, frame: pl.DataFrame) -> None:
        self.frame = frame
        self._known: dict[tuple[str, ...], tuple[pl.Series, pl.DataFrame]] = {}

    def numbered(self, names: Sequence[str]) -> tuple[pl.Series, pl.DataFrame]:
        """Some columns: for each row its number (UInt32), and the distinct rows in that order."""
        key = tuple(names)
        if key not in self._known:
            self._known[key] = numbered(self.frame.select(names))
        return self._known[key]


class Facts:
    """Cases: a day, a row of what was told beside a row of what registries said; there may be far more than of either.

    told, said: their rows, with no column in common. cases: `told` and `said` (UInt32), and `day` (Date), which goes
    before that of `told`.
    """

    def __init__(self, told: Distinct, said: Distinct, cases: pl.DataFrame) -> None:
        self.told = told
        self.said = said
        self.cases = cases

    @property
    def columns(self) -> list[str]:
        """The names of all columns."""
        return [*self.told.frame.columns, *self.said.frame.columns]

    def take(self, at: pl.Series) -> Facts:
        """The cases at some places."""
        return Facts(self.told, self.said, self.cases[at])

    def alone(self) -> tuple[pl.Series, Facts]:
        """What was told, with nothing said beside it: for each case here its case there, and the distinct ones."""
        number, cases = numbered(self.cases.select("told", "day"))
        return number, Facts(self.told, Distinct(pl.DataFrame()), cases)

    def numbered(self, names: Sequence[str]) -> tuple[pl.Series, pl.DataFrame]:
        """Some columns: for each case its row (UInt32) of the distinct rows, and these."""
        keys, parts = [], {}
        for name, side in (("told", self.told), ("said", self.said)):
            if mine := [one for one in names if one != "day" and one in side.frame.columns]:
                each, parts[name] = side.numbered(mine)
                keys.append(each[self.cases[name]].alias(name))
        keys += [self.cases["day"]] if "day" in names else []
        number, met = numbered(pl.DataFrame(keys))
        distinct = [part[met[name]] for name, part in parts.items()]
        return number, pl.concat([*distinct, met.select(pl.col("^day$"))], how="horizontal")
