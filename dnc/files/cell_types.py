"""Bring typed columns of Parquet, JSON and frames into a form that every output format can write.

Types that all formats can write are kept. The others become text, because Polars raises an exception or aborts the
process when it writes them: bytes, dates and times outside the years 1 to 9999 (`infinity` in a database), maps whose
keys are not text, and objects without keys.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import islice
from typing import Any

import polars as pl

from dnc.frames import as_text

_DEPTH = 4  # of nested lists and objects in JSON; deeper ones become text
_KEYS = 256  # of all objects in a column; a column with more becomes text
_EPOCH = date(1970, 1, 1)
_MOST = 2**63 - 1
_UNITS = {"ms": 10**3, "us": 10**6, "ns": 10**9}  # a second


def carried(cells: pl.Series) -> pl.Series:
    """A column that every output can write: itself, or text."""
    if cells.dtype == pl.Binary:
        return pl.Series(cells.name, list(map(_text_of_bytes, cells)), dtype=pl.String)
    if cells.dtype.is_temporal() and not _in_range(cells):
        return _text_of_moments(cells)
    if cells.dtype.is_nested() and not all(map(_is_plain, _leaves(cells))):
        return pl.Series(cells.name, list(map(_json, _readable(cells))), dtype=pl.String)
    return cells


def _text_of_bytes(cell: bytes | None) -> str | None:
    """Bytes decoded as UTF-8, since some writers do not mark texts as such; other bytes as Python shows them."""
    if cell is None:
        return None
    try:
        return cell.decode()
    except UnicodeDecodeError:
        return str(cell)


def _in_range(moments: pl.Series) -> bool:
    """Whether all dates and times are within what Python can represent."""
    low, high = _bounds(moments.dtype)
    number = moments.to_physical()
    return number.is_empty() or bool(number.is_between(low, high).all())


def _bounds(kind: pl.DataType) -> tuple[int, int]:
    if isinstance(kind, pl.Time):
        return 0, 86_400 * 10**9 - 1
    if isinstance(kind, pl.Duration):
        days = timedelta.max.days - 1
        most = min(days * 86_400 * _UNITS[kind.time_unit], _MOST)
        return -most, most
    low, high = (date.min - _EPOCH).days + 1, (date.max - _EPOCH).days - 1  # one day less on each side, for time zones
    factor = 86_400 * _UNITS[kind.time_unit] if isinstance(kind, pl.Datetime) else 1
    return max(low * factor, -_MOST), min(high * factor, _MOST)


def _text_of_moments(moments: pl.Series) -> pl.Series:
    """Dates and times as text; those that Python cannot represent become the numbers in the file."""
    number = moments.to_physical()
    in_range = number.is_between(*_bounds(moments.dtype))
    shown = moments.to_frame().select(pl.when(in_range).then(pl.col(moments.name))).to_series()
    return pl.select(pl.coalesce(as_text(shown), number.cast(pl.String)).alias(moments.name)).to_series()


def _leaves(cells: pl.Series) -> Iterator[pl.Series]:
    """The innermost columns of a nested one, including maps and types without fields."""
    if isinstance(cells.dtype, pl.List) or (isinstance(cells.dtype, pl.Array) and cells.dtype.size):
        yield from _leaves(cells.explode())
    elif isinstance(cells.dtype, pl.Struct) and cells.dtype.fields:
        for name in cells.struct.fields:
            yield from _leaves(cells.struct.field(name))
    elif isinstance(cells.dtype, pl.Map):
        yield cells
        yield from _leaves(cells.map.entries().explode())
    else:
        yield cells


def _is_plain(leaf: pl.Series) -> bool:
    if isinstance(leaf.dtype, pl.Map):
        return leaf.dtype.key == pl.String
    return not (leaf.dtype.is_nested() or leaf.dtype in (pl.Binary, pl.Object)) and (
        not leaf.dtype.is_temporal() or _in_range(leaf)
    )


def _readable(cells: pl.Series) -> list[Any]:
    """Cells as Python objects; dates and times that Python cannot represent become numbers."""
    in_range = all(_in_range(leaf) for leaf in _leaves(cells) if leaf.dtype.is_temporal())
    return (cells if in_range else cells.to_physical()).to_list()


def _json(cell: Any) -> str | None:
    return None if cell is None else json.dumps(_keyed(cell), ensure_ascii=False, default=_other)


def _keyed(cell: Any) -> Any:
    """The same cell, with all keys of maps as text."""
    if isinstance(cell, dict):
        return {str(_other(key)): _keyed(value) for key, value in cell.items()}
    return [_keyed(item) for item in cell] if isinstance(cell, list) else cell


def _other(value: Any) -> Any:
    return _text_of_bytes(value) if isinstance(value, bytes) else str(value)


# Values of JSON


def of_json(name: str, values: list[Any]) -> pl.Series:
    """JSON values as a column: typed if the type preserves every value, else text."""
    kinds = {type(value) for value in values if value is not None}
    if kinds == {str}:
        return pl.Series(name, values, dtype=pl.String)
    if len(kinds - {int, float}) <= (not kinds & {int, float}) and (not kinds & {dict, list} or _is_flat(values)):
        series = pl.Series(name, values, strict=False)
        if series.dtype != pl.Object and series.to_list() == values:
            return series
    texts = [
        json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list | bool) else value for value in values
    ]
    return pl.Series(name, [text if text is None else str(text) for text in texts], dtype=pl.String)


def _is_flat(values: list[Any]) -> bool:
    """Whether nested values have few keys and little depth: their type has to include all of them."""
    paths: set[tuple[str, ...]] = set()

    def is_flat(value: Any, path: tuple[str, ...]) -> bool:
        if not isinstance(value, dict | list):
            return True
        if isinstance(value, list):
            inside: Iterator[tuple[Any, tuple[str, ...]]] = ((item, (*path, "")) for item in value)
        else:
            inside = ((item, (*path, key)) for key, item in value.items())
            paths.update((*path, key) for key in islice(value, _KEYS + 1))
        shallow = len(path) < _DEPTH and len(paths) <= _KEYS and value != {}
        return shallow and all(is_flat(item, below) for item, below in inside)

    return all(is_flat(value, ()) for value in values)
