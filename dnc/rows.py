"""Rows of a table in which what many rows share stands once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import polars as pl


@dataclass(frozen=True)
class Rows:
    """Rows on their way to an output.

    header: names of all columns, in order. own: the columns that differ from row to row.
    shared: the others, a row a case. case: for each row its row of `shared`.
    """

    header: Sequence[str]
    own: pl.DataFrame
    shared: pl.DataFrame
    case: pl.Series

    @classmethod
    def of(cls, frame: pl.DataFrame) -> Self:
        """A frame as it is."""
        return cls(frame.columns, frame, pl.DataFrame(), pl.Series(dtype=pl.UInt32))

    @property
    def frame(self) -> pl.DataFrame:
        """All columns, a row a row."""
        return self.own.hstack(self.shared[self.case] if self.shared.width else []).select(self.header)

    def filter(self, given: pl.Series) -> Self:
        """The rows where `given` (Boolean) is true."""
        return type(self)(self.header, self.own.filter(given), self.shared, self.case.filter(given))
