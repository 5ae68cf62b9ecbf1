"""Which rows of a list are about one person: those that share a number or the id of a person, over any number of steps.

Numbers and ids are the points of a graph, and the numbers and the id of one row are linked; a person is a connected
part of it.
"""

from __future__ import annotations

import polars as pl

from dnc.files.cell_texts import compared

_SIGN = r"[^\p{L}\p{N}]"
# In ids, signs are left out but between digits, where they are all one.
_WITHOUT_SIGNS = ((rf"(^|\p{{L}}){_SIGN}+", "$1"), (rf"{_SIGN}+(\p{{L}}|$)", "$1"), (rf"{_SIGN}+", "-"))
IDS = 1 << 63  # from here on, points are hashes of ids; below, they are numbers
LINKS = {"point": pl.UInt64, "other": pl.UInt64}
PERSONS = {"point": pl.UInt64, "person": pl.UInt32}


class Persons:
    """Who is one person, by links (`LINKS`) between numbers and ids, and by what is known before (`base`)."""

    def __init__(self, links: pl.DataFrame, base: Persons | None = None) -> None:
        self._base = base
        self.level: int = base.level + 1 if base else 1
        if base:
            links = links.with_columns(base.of(links["point"]).alias("point"), base.of(links["other"]).alias("other"))
        linked = persons(links.drop_nulls("point")) if links.height else pl.DataFrame(schema=PERSONS)
        # The name of a person with several numbers or ids is no number; a person of another level has another name.
        self._linked = linked.with_columns(pl.col("person").cast(pl.UInt64) + (IDS + (self.level << 56)))

    def of(self, numbers: pl.Series) -> pl.Series:
        """The person of each number or id (UInt64): equal for those of one; that of a number alone is itself."""
        if self._base:
            numbers = self._base.of(numbers)
        if self._linked.is_empty():
            return numbers.alias("person")
        place = self._linked["point"].search_sorted(numbers.fill_null(0)).clip(0, self._linked.height - 1)
        is_linked = (self._linked["point"][place] == numbers).fill_null(False)
        person = pl.when(is_linked).then(self._linked["person"][place]).otherwise(numbers)
        return pl.select(person.alias("person")).to_series()

    def members(self, named: pl.Series) -> pl.DataFrame:
        """The numbers of some distinct persons: `person`, `number`."""
        numbers, linked = named.filter(named < IDS), named.filter(named >= IDS)
        alone = pl.DataFrame([numbers.alias("person"), numbers.alias("number")])
        return pl.concat([alone, self._members(linked)]) if linked.len() else alone

    def _members(self, named: pl.Series) -> pl.DataFrame:
        """The numbers of some persons: `person`, `number`."""
        here = self._linked.filter(pl.col("person").is_in(named.implode()))
        others = pl.DataFrame([named.filter(~named.is_in(here["person"].implode())).alias("person")])
        points = pl.concat([here, others.select(point="person", person="person")])
        found = points.filter(pl.col("point") < IDS).select("person", number="point")
        if not self._base:
            return found
        below = points.filter(pl.col("point") >= IDS)
        theirs = self._base._members(below["point"].unique()).rename({"person": "point"})
        return pl.concat([found, below.join(theirs, on="point").select(found.columns)])


def links_of(row: pl.Series, number: pl.Series, ids: pl.Series | None) -> pl.DataFrame:
    """The links between the numbers and the id of each row: columns `point` and `other`, distinct.

    A point without another one, as that of a row with an id and without a number, has a null there.

    Args:
        row: position of the row of each number. number: UInt64, null where unread.
        ids: the id of a person for each number, null where there is none; None if the list has no such column.
    """
    id_ = pl.lit(None, pl.UInt64) if ids is None else point_of(ids)
    rows = pl.DataFrame([row.alias("row"), number.alias("other")]).with_columns(id_.alias("id"))
    first = pl.coalesce("id", pl.col("other").drop_nulls().first().over("row"))
    links = rows.select(point=first, other=pl.when(pl.col("other") != first).then("other"))
    return links.drop_nulls("point").unique()


def point_of(ids: pl.Series) -> pl.Expr:
    """The points of some ids of persons; null where a cell is empty.

    Signs count only as what keeps digits apart: `C-12` and `#C12` are one id, `1-12` and `11-2` are two.
    """
    texts = compared(ids)
    for pattern, instead in _WITHOUT_SIGNS:
        at = texts.str.contains(_SIGN).arg_true()  # hardly an id has any after the first
        at = at.filter(texts[at].str.contains(r"[\p{L}\p{N}]"))
        texts = texts.scatter(at, texts[at].str.replace_all(pattern, instead)) if at.len() else texts
    return pl.when(pl.lit(texts.is_not_null())).then(pl.lit(texts.hash() | IDS))


def persons(links: pl.DataFrame) -> pl.DataFrame:
    """The points of a graph, with the number of the part that each belongs to.

    links: columns of `LINKS`. Returns those of `PERSONS`, sorted by point.
    """
    points = pl.concat([links["point"], links["other"].drop_nulls().alias("point")]).unique().sort()
    links = links.drop_nulls()
    one, other = (points.search_sorted(links[name]).cast(pl.UInt32) for name in LINKS)
    label = pl.int_range(points.len(), dtype=pl.UInt32, eager=True)
    while True:
        ends = pl.DataFrame([label[one].alias("one"), label[other].alias("other")])
        ends = ends.filter(pl.col("one") != pl.col("other"))
        if ends.is_empty():
            return pl.DataFrame([points.alias("point"), label.alias("person")])
        lower, higher = pl.min_horizontal("one", "other"), pl.max_horizontal("one", "other")
        lowest = ends.select(lower.alias("lower"), higher.alias("higher")).group_by("higher").agg(pl.col("lower").min())
        label = label.scatter(lowest["higher"], lowest["lower"])
        while not (label == (above := label[label])).all():
            label = above
