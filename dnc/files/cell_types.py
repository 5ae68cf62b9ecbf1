"""Columns whose cells have types of their own, as Parquet, JSON and frames have them, made fit to be carried.

What every output can write is left as it is. The rest becomes text, because Polars ends the process, or the
run, over it: bytes, days and times beyond the years 1 to 9999 (`infinity` of a database), maps whose keys are no
text, objects without a key.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import islice
from typing import Any

import polars as pl

from dnc.frames import as_text

_DEPTH = 4  # of lists and objects of JSON in each other that stay a type; deeper ones are text
_KEYS = 256  # of all objects of a column, likewise
_EPOCH = date(1970, 1, 1)
_MOST = 2**63 - 1
_UNITS = {"ms": 10**3, "us": 10**6, "ns": 10**9}  # a second


def carried(cells: pl.Series) -> pl.Series:
    """A column as every output can write it: itself, or text."""
    if cells.dtype == pl.Binary:
        return pl.Series(cells.name, list(map(_text_of_bytes, cells)), dtype=pl.String)
    if cells.dtype.is_temporal() and not _in_range(cells):
        return _text_of_moments(cells)
    if cells.dtype.is_nested() and not all(map(_is_plain, _leaves(cells))):
        return pl.Series(cells.name, list(map(_json, _readable(cells))), dtype=pl.String)
    return cells


def _text_of_bytes(cell: bytes | None) -> str | None:
    """UTF-8, as files write it that do not mark their texts as such; else the bytes as Python writes them."""
    if cell is None:
        return None
    try:
        return cell.decode()
    except UnicodeDecodeError:
        return str(cell)


def _in_range(moments: pl.Series) -> bool:
    """Whether all days and times are those of a calendar that people and Python have."""
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
    low, high = (date.min - _EPOCH).days + 1, (date.max - _EPOCH).days - 1  # a day for time zones
    factor = 86_400 * _UNITS[kind.time_unit] if isinstance(kind, pl.Datetime) else 1
    return max(low * factor, -_MOST), min(high * factor, _MOST)


def _text_of_moments(moments: pl.Series) -> pl.Series:
    """Days and times as text; those beyond all calendars as the numbers that stand in the file."""
    number = moments.to_physical()
    known = number.is_between(*_bounds(moments.dtype))
    shown = moments.to_frame().select(pl.when(known).then(pl.col(moments.name))).to_series()
    return pl.select(pl.coalesce(as_text(shown), number.cast(pl.String)).alias(moments.name)).to_series()


def _leaves(cells: pl.Series) -> Iterator[pl.Series]:
    """The columns within a nested one; a map, and what can hold nothing, is one itself."""
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
    """Cells as Python has them; moments beyond its calendar as numbers."""
    in_range = all(_in_range(leaf) for leaf in _leaves(cells) if leaf.dtype.is_temporal())
    return (cells if in_range else cells.to_physical()).to_list()


def _json(cell: Any) -> str | None:
    return None if cell is None else json.dumps(_keyed(cell), ensure_ascii=False, default=_other)


def _keyed(cell: Any) -> Any:
    """The same, all keys of its maps text."""
    if isinstance(cell, dict):
        return {str(_other(key)): _keyed(value) for key, value in cell.items()}
    return [_keyed(one) for one in cell] if isinstance(cell, list) else cell


def _other(value: Any) -> Any:
    return _text_of_bytes(value) if isinstance(value, bytes) else str(value)


# Values of JSON


def of_json(name: str, values: list[Any]) -> pl.Series:
    """Values of JSON as a column, of a type only where that gives each of them back; else as text."""
    kinds = {type(value) for value in values if value is not None}
    if kinds == {str}:
        return pl.Series(name, values, dtype=pl.String)
    if len(kinds - {int, float}) <= (not kinds & {int, float}) and (not kinds & {dict, list} or _is_flat(values)):
        series = pl.Series(name, values, strict=False)
        if series.dtype != pl.Object and series.to_list() == values:
            return series
    texts = [json.dumps(one, ensure_ascii=False) if isinstance(one, dict | list | bool) else one for one in values]
    return pl.Series(name, [one if one is None else str(one) for one in texts], dtype=pl.String)


def _is_flat(values: list[Any]) -> bool:
    """Whether nested values have few keys and little depth: a type has to be made of all of them."""
    paths: set[tuple[str, ...]] = set()

    def is_flat(value: Any, path: tuple[str, ...]) -> bool:
        if not isinstance(value, dict | list):
            return True
        if isinstance(value, list):
            inside: Iterator[tuple[Any, tuple[str, ...]]] = ((one, (*path, "")) for one in value)
        else:
            inside = ((one, (*path, key)) for key, one in value.items())
            paths.update((*path, key) for key in islice(value, _KEYS + 1))
        shallow = len(path) < _DEPTH and len(paths) <= _KEYS and value != {}
        return shallow and all(is_flat(one, below) for one, below in inside)

    return all(is_flat(value, ()) for value in values)
