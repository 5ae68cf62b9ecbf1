"""How many people a list is about, and how many of its numbers are in it more than once (see `dnc.lists.persons`)."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from dnc.files.cell_texts import text_cells
from dnc.lists.calls import Calls
from dnc.lists.persons import IDS, links_of, persons
from dnc.registries.external_sort import Sorting
from dnc.verdicts.judge import Verdicts

_MOST_LINKS = 12_000_000  # that are held in memory, 16 bytes each


class People:
    """Counts people and numbers while a check runs, in bounded memory.

    folder: for numbers that do not fit into memory. ids: the column with the user's ids of persons; None to count by
    number alone.
    """

    def __init__(self, folder: Path, ids: str | None) -> None:
        self._numbers = Sorting(folder, {"number": pl.UInt64})
        self._ids = ids
        self._without = 0  # rows without number and id
        self._links: list[pl.DataFrame] | None = []
        self._several = ids is not None

    def add(self, calls: Calls, verdicts: Verdicts) -> None:
        """Take note of the numbers of a batch."""
        self._numbers.add(calls.number.to_frame("number"))
        self._several = self._several or calls.row is not None
        if self._ids is None and calls.row is None:
            self._without += calls.number.null_count()
        elif self._links is not None:
            self._link(calls)

    def _link(self, calls: Calls) -> None:
        row = calls.each(pl.int_range(calls.height, dtype=pl.UInt32, eager=True))
        ids = calls.carried[self._ids] if self._ids else None
        known = (
            calls.number.is_not_null() if ids is None else calls.number.is_not_null() | text_cells(ids).is_not_null()
        )
        self._without += calls.height - row.filter(known).n_unique()
        self._links = [*(self._links or []), links_of(row, calls.number, ids)]
        if sum(frame.height for frame in self._links) > _MOST_LINKS:
            self._links = None

    def count(self) -> tuple[int, int | None]:
        """How many numbers were seen more than once, and how many people there are.

        People are None where rows have neither ids nor several numbers, and where there are too many links.
        """
        repeated = points = 0
        for part in self._numbers.parts():
            again = part["number"].slice(1) == part["number"].head(-1)
            repeated += int((again & ~again.shift(1, fill_value=False)).sum())
            points += part.height - int(again.sum())
        if not self._several or self._links is None:
            return repeated, None
        parts = persons(pl.concat(self._links))
        linked = parts.filter(pl.col("point") < IDS).height  # of the numbers; each part is one person
        return repeated, self._without + points - linked + parts["person"].n_unique()
