"""Helpers on frames and iterators of frames: number distinct rows, cast to text, concatenate, read ahead."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import polars as pl

Frame = TypeVar("Frame", pl.DataFrame, pl.LazyFrame)
_T = TypeVar("_T")
_FEW = 100  # rows
_DENSE = 8  # times as many places as rows are kept for numbering them


def numbered(rows: pl.DataFrame) -> tuple[pl.Series, pl.DataFrame]:
    """Number the distinct rows of a frame: for each row its number (UInt32), and the distinct rows in that order."""
    if rows.height <= 1:
        return pl.Series([0] * rows.height, dtype=pl.UInt32), rows
    keys = [column for column in rows if not _is_constant(column)]
    if not keys:
        return pl.zeros(rows.height, pl.UInt32, eager=True), rows.head(1)
    place, places = _packed(keys) or (None, 0)
    if place is not None and places <= _DENSE * rows.height + _FEW:
        number, first = _numbered_at_places(place.cast(pl.UInt32), places)
        return number, rows[first]
    alike = pl.DataFrame(keys if place is None else [place]).with_row_index("\0at")
    alike = alike.group_by(pl.exclude("\0at"), maintain_order=True).agg("\0at")
    each = alike.select("\0at").with_row_index("\0number").explode("\0at")
    number = pl.zeros(rows.height, pl.UInt32, eager=True).scatter(each["\0at"], each["\0number"])
    return number, rows[alike["\0at"].list.first()]


def _packed(keys: list[pl.Series]) -> tuple[pl.Series, int] | None:
    """Whole numbers of a row as one (UInt64), and how many it may be; None where one does not hold them."""
    large = (pl.Int128, pl.UInt128)
    if not all(
        (kind := one.dtype) not in large and (kind.is_integer() or kind in (pl.Date, pl.Boolean)) for one in keys
    ):
        return None
    place, places = pl.Series([0], dtype=pl.UInt64), 1
    for column in keys:
        values = column if column.dtype.is_integer() else column.to_physical()
        if not values.dtype.is_unsigned_integer():
            values = values.cast(pl.Int64)
        low, high = int(values.min()), int(values.max())  # type: ignore[arg-type]
        span = high - low + 2  # null is one more
        places *= span
        if places >= 1 << 63:
            return None
        value = (values - low).cast(pl.UInt64) + 1
        place = place * span + (value.fill_null(0) if value.null_count() else value)
    return place, places


def _numbered_at_places(place: pl.Series, places: int) -> tuple[pl.Series, pl.Series]:
    """Number places by their first appearance: for each row its number, and the rows where each appears first."""
    row = pl.int_range(0, place.len(), dtype=pl.UInt32, eager=True)
    met = pl.Series([0], dtype=pl.UInt32).new_from_index(0, places)
    met = met.scatter(place.reverse(), row.reverse())  # the last one stays
    first = row.filter(met[place] == row)
    met = met.scatter(place[first], row.head(first.len()))
    return met[place], first


def _is_constant(column: pl.Series) -> bool:
    """Whether all cells are the same; a few are looked at before all are."""
    return column.head(_FEW).n_unique() <= 1 and (column.len() <= _FEW or column.eq_missing(column.head(1)).all())


def each_distinct(cells: pl.DataFrame, function: Callable[..., object], schema: dict[str, Any]) -> pl.DataFrame:
    """Apply a function to each distinct row of cells, once.

    Returns a frame of the same height and order with the columns of `schema`;
    the function takes a row's cells and gives a row of them.
    """
    number, distinct = numbered(cells) if cells.height > 1 else (None, cells)
    answers = pl.DataFrame([function(*row) for row in distinct.iter_rows()], schema=schema, orient="row")
    return answers if number is None else answers[number]


def ahead(frames: Iterator[_T]) -> Iterator[_T]:
    """The same, each made while the one before it is used."""
    with ThreadPoolExecutor(max_workers=1) as worker:
        coming = worker.submit(next, frames, None)
        while (frame := coming.result()) is not None:
            coming = worker.submit(next, frames, None)
            yield frame


def as_text(cells: pl.Series) -> pl.Series:
    """A carried column as text: nested cells as JSON, spans of time as ISO 8601 has them."""
    return cells.to_frame().select(_as_text(cells.name, cells.dtype)).to_series()


def _as_text(name: str, kind: pl.DataType) -> pl.Expr:
    cells = pl.col(name)
    if kind.is_nested():
        inside = pl.struct(v=name).struct.json_encode().str.strip_prefix('{"v":').str.strip_suffix("}")
        return pl.when(cells.is_not_null()).then(inside).alias(name)
    return cells.dt.to_string("iso") if isinstance(kind, pl.Duration) else cells.cast(pl.String)


def together(frames: Sequence[Frame]) -> Frame:
    """Carried frames with the same columns, one behind the other; a column is text where its type changes."""
    schemas = [frame.lazy().collect_schema() for frame in frames]
    kinds = {name: {schema[name] for schema in schemas} - {pl.Null()} for name in schemas[0]}
    unlike = [name for name, found in kinds.items() if len(found) > 1]
    same = [
        frame.with_columns(_as_text(name, schema[name]) for name in unlike)
        for frame, schema in zip(frames, schemas, strict=True)
    ]
    return pl.concat(same, how="vertical_relaxed")
