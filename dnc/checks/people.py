"""How many people a list is about, and how many of its numbers are in it more than once.

Rows with a number in common are about one person, and so are rows with the same id (column `call`), which are only
asked for it where the list has several columns of numbers. So numbers and ids are the points of a graph and rows link
them; people are its connected parts, and rows with neither. Their number is that of the points less the links that
join two parts, so that a list whose rows have one number each needs no link.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from dnc.lists.calls import Calls
from dnc.registries.external_sort import Sorting
from dnc.verdicts.judge import Verdicts

_MOST_LINKS = 12_000_000  # that are held in memory, 16 bytes each
_MOST_JOINED = 2_000_000  # of them, between points that have several
_IDS = 1 << 63  # from here on, points are hashes of ids; below, they are numbers


class People:
    """Counts people and numbers while a check runs, in bounded memory.

    folder: for numbers that do not fit into memory. ids: the column of the user's own row ids; None to count by
    number alone.
    """

    def __init__(self, folder: Path, ids: str | None) -> None:
        self._numbers = Sorting(folder, {"number": pl.UInt64})
        self._ids = ids
        self._without = 0  # rows without number and id
        self._links: list[pl.DataFrame] | None = []
        self._several = False

    def add(self, calls: Calls, verdicts: Verdicts) -> None:
        """Take note of the numbers of a batch."""
        self._numbers.add(calls.number.to_frame("number"))
        self._several = self._several or calls.row is not None
        if self._ids is None and calls.row is None:
            self._without += calls.number.null_count()
        elif self._links is not None:
            self._link(calls)

    def _link(self, calls: Calls) -> None:
        place = calls.each(pl.int_range(calls.height, dtype=pl.UInt32, eager=True))
        rows = pl.DataFrame([place.alias("row"), calls.number.alias("number")])
        first = pl.col("number").drop_nulls().first().over("row")
        if self._ids:
            id_ = calls.carried[self._ids].cast(pl.String).str.strip_chars()
            hashed = pl.lit(id_.hash() | _IDS)
            first = pl.when(pl.lit(id_) != "").then(hashed).otherwise(first)
        rows = rows.with_columns(first.alias("point"))
        self._without += rows.filter(pl.col("point").is_null())["row"].n_unique()
        links = rows.select("point", "number").filter(pl.col("point").is_not_null()).unique()
        self._links = [*(self._links or []), links.filter(pl.col("point").ne_missing(pl.col("number")))]
        if sum(frame.height for frame in self._links) > _MOST_LINKS:
            self._links = None

    def count(self) -> tuple[int, int | None]:
        """How many numbers were seen more than once, and how many people there are.

        People are None where no row has several numbers, and where there are too many links.
        """
        repeated = points = 0
        for part in self._numbers.parts():
            again = part["number"].slice(1) == part["number"].head(-1)
            repeated += int((again & ~again.shift(1, fill_value=False)).sum())
            points += part.height - int(again.sum())
        if not self._several or self._links is None:
            return repeated, None
        links = pl.concat(self._links).unique()
        points += links.filter(pl.col("point") >= _IDS)["point"].n_unique()
        joined = _joining(links.drop_nulls())
        return repeated, None if joined is None else self._without + points - joined


def _joining(links: pl.DataFrame) -> int | None:
    """How many links join two parts of the graph that the links before them leave apart; None for too many links."""
    degrees = pl.concat([links["point"], links["number"].alias("point")]).value_counts(name="links")
    ends = degrees.filter(pl.col("links") == 1)["point"].implode()
    inner = links.filter(~pl.col("point").is_in(ends) & ~pl.col("number").is_in(ends))
    if inner.height > _MOST_JOINED:
        return None
    joining = links.height - inner.height  # each of them leads to a point that no other link reaches
    above: dict[int, int] = {}

    def top(point: int) -> int:
        while (higher := above.get(point, point)) != point:
            above[point] = above.get(higher, higher)
            point = higher
        return point

    for point, number in inner.iter_rows():
        one, other = top(point), top(number)
        if one != other:
            above[one] = other
            joining += 1
    return joining
