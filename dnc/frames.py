"""Helpers for frames and iterators of frames: number distinct rows, cast to text, concatenate, read ahead."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import polars as pl

Frame = TypeVar("Frame", pl.DataFrame, pl.LazyFrame)
_T = TypeVar("_T")
_FEW = 100  # rows that Python has numbered before a query has started
_EXACT = 1 << 24  # whole numbers up to this one are not rounded in a float of 32 bits
_SPARSEST = 8  # up to this many possible values per row, an array of all values is cheaper than hashing


def numbered(rows: pl.DataFrame) -> tuple[pl.Series, pl.DataFrame]:
    """Number the distinct rows of a frame, in the order in which they first appear.

    Returns for each row the number of its distinct row (UInt32, from 0), and the distinct rows.
    """
    if rows.height <= 1:
        return repeated(0, pl.UInt32, rows.height), rows
    if rows.height <= _FEW and not any(kind.is_nested() or kind.is_float() for kind in rows.dtypes):
        places, new = placed(keys(rows), {})
        distinct = taken(rows, pl.Series(new, dtype=pl.UInt32)) if len(new) < rows.height else rows
        return pl.Series(places, dtype=pl.UInt32), distinct
    varying = [column for column in rows if not _is_constant(column)]
    if not varying:
        return repeated(0, pl.UInt32, rows.height), rows.head(1)
    code, codes = _packed(varying) or (None, 0)
    if code is not None and codes <= _SPARSEST * rows.height:
        number, first = _numbered_codes(code.cast(pl.UInt32), codes)
        return number, rows[first]
    cells = pl.DataFrame(varying if code is None else [code])
    first_row = cells.with_row_index("\0row").select(pl.col("\0row").first().over(cells.columns)).to_series()
    number, first = _numbered_codes(first_row, rows.height)
    return number, rows[first]


def taken(rows: pl.DataFrame, at: pl.Series) -> pl.DataFrame:
    """The rows at some positions (UInt32), column by column: to wake Polars' threads takes longer for a few rows."""
    return pl.DataFrame([column[at] for column in rows] or None, height=at.len())


def _packed(keys: list[pl.Series]) -> tuple[pl.Series, int] | None:
    """All columns as one integer (UInt64), and how many values it may have; None if that is not possible.

    Each column is a digit of the integer; its base is the number of possible values of the column, including null.
    """
    large = (pl.Int128, pl.UInt128)
    if not all(
        (kind := column.dtype) not in large and (kind.is_integer() or kind in (pl.Date, pl.Boolean)) for column in keys
    ):
        return None
    code: pl.Series | None = None
    codes = 1
    for column in keys:
        values = column if column.dtype.is_integer() else column.to_physical()
        if not values.dtype.is_unsigned_integer():
            values = values.cast(pl.Int64)
        low, high, nulls = int(values.min()), int(values.max()), values.null_count() > 0  # type: ignore[arg-type]
        span = high - low + 1 + nulls
        codes *= span
        if codes >= 1 << 63:
            return None
        digit = (values - low if low else values).cast(pl.UInt64)
        if nulls:
            digit = (digit + 1).fill_null(0)
        code = digit if code is None else code * span + digit
    return None if code is None else (code, codes)


def _numbered_codes(code: pl.Series, codes: int) -> tuple[pl.Series, pl.Series]:
    """Number codes by first appearance: for each row the number of its code, and the row where each first appears."""
    first = code.arg_unique()
    numbers = pl.int_range(0, first.len(), dtype=pl.UInt32, eager=True)
    return repeated(0, pl.UInt32, codes).scatter(code[first], numbers)[code], first


def repeated(value: object, kind: pl.DataType | type[pl.DataType], height: int) -> pl.Series:
    """A column of one value. Unlike `pl.repeat` it runs no query, which costs more than all else in small frames."""
    return pl.Series([value], dtype=kind).new_from_index(0, height)


def _is_constant(column: pl.Series) -> bool:
    """Whether all cells are equal; the first few are compared first."""
    few = column.head(_FEW)
    return all(part.equals(part.new_from_index(0, part.len())) for part in (few, column))


def each_distinct(cells: pl.DataFrame, function: Callable[..., object], schema: dict[str, Any]) -> pl.DataFrame:
    """Apply a function once to each distinct row.

    The function takes the cells of a row and returns a row with the columns of `schema`. The result has as many rows
    as `cells`, in the same order.
    """
    number, distinct = numbered(cells)
    answers = pl.DataFrame([function(*row) for row in distinct.iter_rows()], schema=schema, orient="row")
    return taken(answers, number)


class Remembered:
    """Results for rows, kept for equal rows that come later.

    most: if more rows than this are kept, all are dropped; the results for more rows than this at once are not kept.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._place: dict[Hashable, int] = {}
        self._results = pl.DataFrame()

    def __len__(self) -> int:
        """How many rows are kept."""
        return len(self._place)

    def __call__(
        self, height: int, keys: Iterable[Hashable], compute: Callable[[pl.Series], pl.DataFrame]
    ) -> pl.DataFrame:
        """The results for rows, in their order, of which each depends on its key.

        `compute` returns the results for the rows at the given positions (ascending).
        """
        if height > self._most:
            return compute(pl.int_range(0, height, dtype=pl.UInt32, eager=True))
        if len(self._place) > self._most:
            self._place = {}
        count = len(self._place)
        try:
            places, new = placed(keys, self._place)
            if new:
                results = compute(pl.Series(new, dtype=pl.UInt32))
                self._results = pl.concat([self._results, results]) if count else results
        except BaseException:
            self._place = {}  # has places without results
            raise
        return taken(self._results, pl.Series(places, dtype=pl.UInt32))


def placed(keys: Iterable[Hashable], place: dict[Hashable, int]) -> tuple[list[int], list[int]]:
    """The place of each key, and the positions of the keys that were new; these are added to `place`."""
    count, places, new = len(place), list[int](), list[int]()
    for position, key in enumerate(keys):
        at = place.setdefault(key, count + len(new))
        places.append(at)
        if at == count + len(new):
            new.append(position)
    return places, new


def keys(rows: pl.DataFrame) -> Iterator[tuple[Any, ...]]:
    """Rows as hashable keys: dates and times as integers, which hash faster."""
    if not any(kind.is_temporal() for kind in rows.dtypes):
        return rows.iter_rows()
    # Neither `to_physical` nor `with_columns`: each is a query, which costs more than everything else in small frames.
    return pl.DataFrame([cells.cast(pl.Int64) if cells.dtype.is_temporal() else cells for cells in rows]).iter_rows()


def ahead(frames: Iterator[_T]) -> Iterator[_T]:
    """The same frames, each made in a thread while the caller uses the one before it."""
    with ThreadPoolExecutor(max_workers=1) as worker:
        coming = worker.submit(next, frames, None)
        while (frame := coming.result()) is not None:
            coming = worker.submit(next, frames, None)
            yield frame


def as_text(cells: pl.Series) -> pl.Series:
    """A column as text: nested cells as JSON, durations in ISO 8601, rounded numbers with an exponent.

    A telephone number in a float of 32 bits has lost its last digits. Without an exponent, which no reader of numbers
    accepts, its text would be the number of somebody else.
    """
    return cells if cells.dtype == pl.String else cells.to_frame().select(_as_text(cells.name, cells.dtype)).to_series()


def _as_text(name: str, kind: pl.DataType) -> pl.Expr:
    cells = pl.col(name)
    if kind.is_nested():
        inside = pl.struct(v=name).struct.json_encode().str.strip_prefix('{"v":').str.strip_suffix("}")
        return pl.when(cells.is_not_null()).then(inside).alias(name)
    text = cells.dt.to_string("iso") if isinstance(kind, pl.Duration) else cells.cast(pl.String)
    if kind != pl.Float32:
        return text
    return pl.when(cells.abs() > _EXACT).then(pl.format("{}E0", text)).otherwise(text).alias(name)


def together(frames: Sequence[Frame]) -> Frame:
    """Concatenate frames; a column whose type differs between them becomes text."""
    schemas = [frame.lazy().collect_schema() for frame in frames]
    types = {name: {schema[name] for schema in schemas} - {pl.Null()} for name in schemas[0]}
    mixed = [name for name, kinds in types.items() if len(kinds) > 1]
    same = [
        frame.with_columns(_as_text(name, schema[name]) for name in mixed)
        for frame, schema in zip(frames, schemas, strict=True)
    ]
    return pl.concat(same, how="vertical_relaxed")
