"""The counts of a Parquet file, compared with each other and with the rows that were read.

A Parquet file has the same counts several times: for the file, each row group, each column in it and each of their
pages. Polars trusts one of them and returns fewer rows, or none, if a byte of it was changed. So they are compared, and
checksums of pages are verified if there are any (https://parquet.apache.org/docs/file-format/, and parquet.thrift in
github.com/apache/parquet-format).
"""

from __future__ import annotations

import os
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, BinaryIO

import polars as pl

from dnc.files.parser_errors import Contradictory, Encrypted

# Fields of parquet.thrift by their numbers
_SCHEMA, _ROWS, _GROUPS, _ENCRYPTION = 2, 3, 4, 8  # of FileMetaData
_TYPE, _REPETITION, _CHILDREN = 1, 3, 5  # of SchemaElement
_CHUNKS, _GROUP_ROWS, _META = 1, 3, 3  # of RowGroup and ColumnChunk
_PATH, _VALUES, _DATA_AT, _DICTIONARY_AT, _STATISTICS, _NULLS = 3, 5, 9, 11, 12, 3  # of ColumnMetaData, Statistics
_PAGE_KIND, _PAGE_BYTES, _PAGE_SUM = 1, 3, 4  # of PageHeader
_PAGE_COUNTS = {0: 5, 3: 8}  # kinds of pages with values: the field of their header whose first field is the count
_REPEATED = 2
_TAIL = 8  # bytes: the length of the footer, and a mark
_QUICK = 1 << 22  # bytes of a footer
_HEADER_BYTES = 1 << 16  # of a page, at most


class _Compact:
    """Structs in Thrift's compact protocol, as {field number: value}.

    It needs no limits: every value takes at least a byte, so the result is no larger than the data.
    """

    def __init__(self, data: bytes) -> None:
        self._data, self.at = data, 0
        numbers: list[Callable[[], Any]] = [self._byte] * 3 + [self._integer] * 3
        others = (lambda: self._bytes(8), lambda: self._bytes(self._size()), self._list, self._list, self._map)
        self._readers = dict(enumerate([*numbers, *others, self.struct], 1))

    def struct(self) -> dict[int, Any]:
        """Read the struct that begins at `at`, and move to its end."""
        fields: dict[int, Any] = {}
        field = 0
        while head := self._byte():
            field = field + (head >> 4) if head >> 4 else self._integer()
            kind = head & 15
            fields[field] = kind == 1 if kind in (1, 2) else self._value(kind)
        return fields

    def _byte(self) -> int:
        self.at += 1
        return self._data[self.at - 1]

    def _size(self) -> int:
        value = shift = 0
        while (byte := self._byte()) & 0x80:
            value |= (byte & 0x7F) << shift
            shift += 7
        return value | byte << shift

    def _integer(self) -> int:
        value = self._size()
        return value >> 1 ^ -(value & 1)

    def _bytes(self, size: int) -> bytes:
        self.at += size
        if self.at > len(self._data):
            raise IndexError
        return self._data[self.at - size : self.at]

    def _list(self) -> list[Any]:
        head = self._byte()
        size = self._size() if head >> 4 == 15 else head >> 4
        return [self._value(head & 15) for _ in range(size)]

    def _map(self) -> list[Any]:
        size = self._size()
        kinds = self._byte() if size else 0
        return [(self._value(kinds >> 4), self._value(kinds & 15)) for _ in range(size)]

    def _value(self, kind: int) -> Any:
        return self._readers[kind]()


def footer_of(file: BinaryIO, most: int = sys.maxsize) -> dict[int, Any]:
    """The FileMetaData of a Parquet file, of at most `most` bytes. Raises Contradictory and Encrypted."""
    end = file.seek(0, os.SEEK_END) - _TAIL
    file.seek(max(end, 0))
    tail = file.read()
    length = int.from_bytes(tail[:4], "little")
    if tail[4:] != b"PAR1" or not 0 < length <= min(end, most):
        raise Contradictory
    file.seek(end - length)
    footer = _Compact(file.read(length)).struct()
    if _ENCRYPTION in footer:
        raise Encrypted
    return footer


def declared_rows(file: BinaryIO) -> int:
    """The number of rows that a Parquet file declares; 0 if it cannot be read quickly."""
    with suppress(Exception):
        return int(footer_of(file, _QUICK)[_ROWS])
    return 0


def counted(batches: Iterator[pl.DataFrame], footer: dict[int, Any]) -> Iterator[pl.DataFrame]:
    """The same batches. Raises Contradictory at the end if their rows or nulls are not those in the footer."""
    groups = footer.get(_GROUPS, [])
    rows, nulls = 0, dict.fromkeys(_declared_nulls(groups), 0)
    for batch in batches:
        rows += batch.height
        for name in nulls:
            nulls[name] += batch[name].null_count()
        yield batch
    if not rows == footer[_ROWS] == sum(group[_GROUP_ROWS] for group in groups) or nulls != _declared_nulls(groups):
        raise Contradictory


def _declared_nulls(groups: list[dict[int, Any]]) -> dict[str, int]:
    """The declared number of nulls of each column that is not nested and for which all row groups declare it."""
    nulls: dict[str, list[int | None]] = {}
    for group in groups:
        for chunk in group[_CHUNKS]:
            if len(path := chunk[_META][_PATH]) == 1:
                nulls.setdefault(path[0].decode(), []).append(chunk[_META].get(_STATISTICS, {}).get(_NULLS))
    return {name: sum(counts) for name, counts in nulls.items() if None not in counts}  # type: ignore[arg-type]


def compare_pages(file: BinaryIO, footer: dict[int, Any]) -> None:
    """Raise Contradictory if the pages of a column do not match its row group, or their checksums are wrong."""
    repeated = list(_leaves(footer[_SCHEMA]))
    for group in footer.get(_GROUPS, []):
        for is_repeated, chunk in zip(repeated, group[_CHUNKS], strict=True):
            meta = chunk[_META]
            if not is_repeated and meta[_VALUES] != group[_GROUP_ROWS]:
                raise Contradictory
            if sum(_page_values(file, meta)) != meta[_VALUES]:
                raise Contradictory


def _leaves(schema: list[dict[int, Any]]) -> Iterator[bool]:
    """Whether a row may have several values in a column, for each column of a row group."""
    elements = iter(schema)

    def below(element: dict[int, Any], is_repeated: bool) -> Iterator[bool]:
        is_repeated = is_repeated or element.get(_REPETITION) == _REPEATED
        if _TYPE in element:
            yield is_repeated
        for _ in range(element.get(_CHILDREN, 0)):
            yield from below(next(elements), is_repeated)

    root = next(elements)
    for _ in range(root.get(_CHILDREN, 0)):
        yield from below(next(elements), False)


def _page_values(file: BinaryIO, meta: dict[int, Any]) -> Iterator[int]:
    """The number of values in each page of a column, up to the number that the column declares."""
    at, left = min(meta[_DATA_AT], meta.get(_DICTIONARY_AT) or meta[_DATA_AT]), meta[_VALUES]
    while left > 0:
        file.seek(at)
        header = _Compact(file.read(_HEADER_BYTES))
        page = header.struct()
        size = page[_PAGE_BYTES]
        if size < 0:
            raise Contradictory
        if _PAGE_SUM in page:
            file.seek(at + header.at)
            if zlib.crc32(file.read(size)) != page[_PAGE_SUM] & 0xFFFFFFFF:
                raise Contradictory
        at += header.at + size
        if kind := _PAGE_COUNTS.get(page[_PAGE_KIND]):
            yield page[kind][1]
            left -= page[kind][1]
