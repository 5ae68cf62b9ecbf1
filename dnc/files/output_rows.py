"""Rows on their way to an output; cells that many rows share are stored once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple, Self

import msgspec
import polars as pl


class Shared(NamedTuple):
    """Columns with the same cells in many rows: a frame of the distinct cells, and for each row its row in it."""

    frame: pl.DataFrame
    row: pl.Series


class OutputRows(msgspec.Struct, frozen=True):
    """Rows of an output.

    header: names of all columns, in order. own: columns that differ from row to row. shared: the other columns.
    """

    header: Sequence[str]
    own: pl.DataFrame
    shared: Sequence[Shared] = ()

    @classmethod
    def of(cls, frame: pl.DataFrame) -> Self:
        """A frame as it is."""
        return cls(frame.columns, frame)

    @property
    def height(self) -> int:
        """How many rows there are."""
        return self.own.height if self.own.width else max((row.len() for _, row in self.shared), default=0)

    @property
    def frame(self) -> pl.DataFrame:
        """All columns, with every cell written out."""
        together = (frame[row] for frame, row in self.shared if frame.width)
        columns = {column.name: column for frame in (self.own, *together) for column in frame}
        return pl.DataFrame({name: columns[name] for name in self.header})

    @property
    def runs(self) -> Iterator[tuple[Shared | None, list[str]]]:
        """Neighbouring columns from the same frame, in the order of the header; for columns of `own` it is None."""
        of = {name: shared for shared in self.shared for name in shared.frame.columns}
        for _, names in groupby(self.header, lambda name: id(of.get(name))):
            first, *more = names
            yield of.get(first), [first, *more]

    def only(self, header: Sequence[str]) -> Self:
        """The same rows with fewer columns."""
        return type(self)(header, self.own, self.shared)

    def filter(self, mask: pl.Series) -> Self:
        """The rows for which `mask` (Boolean) is true."""
        shared = [Shared(frame, row.filter(mask)) for frame, row in self.shared]
        return type(self)(self.header, self.own.filter(mask), shared)
