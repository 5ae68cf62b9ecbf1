"""Read one spreadsheet or Parquet file within limits. A separate script, run by `dnc.files.sandbox`.

    python sandbox_worker.py KIND PATH SHEET BATCH_ROWS MEMORY_BYTES CPU_SECONDS

If SHEET is empty, the first visible sheet that is not empty is read.

The script imports nothing from `dnc`, so that it starts fast. Frames go to stdout as Arrow IPC, each after its length
(8 bytes, little-endian); the first one is empty and has the columns. If the script fails, the last line of stderr is
only the name of the exception, since messages of parsers may quote data.

A Parquet file has the same counts several times: for the file, each row group, each column in it and each of their
pages. Polars trusts one of them and returns fewer rows, or none, if a byte of it was changed. So they are compared
with each other and with the rows that were read, and checksums of pages are verified if there are any
(https://parquet.apache.org/docs/file-format/, and parquet.thrift in github.com/apache/parquet-format).
"""

from __future__ import annotations

import io
import os
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    import polars as pl


def bound(memory_bytes: int, cpu_seconds: int) -> None:
    """Limit this process: private memory, processor time, and no files or core dumps written."""
    if sys.platform == "win32":
        return
    import resource

    limits = {"DATA": memory_bytes, "CPU": cpu_seconds, "FSIZE": 0, "CORE": 0}
    for name, most in limits.items():
        with suppress(ValueError, OSError):
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (most, most))


def frames(kind: str, path: str, wanted: str, batch_rows: int) -> Iterator[pl.DataFrame]:
    """The rows of a Parquet file or of a sheet, after an empty frame of them; in it columns of `dates` are dates.

    For a spreadsheet three frames come first: its sheets (`name`, `chosen`); the position of each column in the sheet,
    counted from 0 (`place`); and, if it is not an XLSX, its marks, with the columns of `dnc.files.sheet_xml.Mark`.
    """
    import polars as pl

    if kind == "parquet":
        scan = pl.scan_parquet(path, glob=False, hive_partitioning=False)
        schema = scan.collect_schema()
        if len(schema) > _MOST_COLUMNS:
            raise Wide
        yield pl.DataFrame(schema={**schema, **dates(scan, schema)})
        with open(path, "rb") as file:  # noqa: PTH123 (saves an import)
            footer = _footer(file)
            batches = scan.collect_batches(chunk_size=batch_rows, maintain_order=True)
            yield from _bounded(_counted(batches, footer))
            _compare_pages(file, footer)
    else:
        import fastexcel

        book = fastexcel.read_excel(path)
        how: dict[str, Any] = {"header_row": None, "skip_rows": 0, "dtypes": "string"}
        places = [at for at, name in enumerate(book.sheet_names) if wanted in ("", name)]
        places.sort(key=lambda at: book.sheet_names[at] != _OURS)
        loaded = (book.load_sheet(at, **how) for at in places)
        sheet = next((sheet for sheet in loaded if sheet.width and (wanted or sheet.visible == "visible")), None)
        yield pl.DataFrame(
            [(name, sheet is not None and name == sheet.name) for name in book.sheet_names],
            schema={"name": pl.String, "chosen": pl.Boolean},
            orient="row",
        )
        if sheet is not None:
            if sheet.width > _MOST_COLUMNS:
                raise Wide
            yield pl.DataFrame({"place": [column.absolute_index for column in sheet.available_columns()]})
            marks = list(_marks(path, book.sheet_names.index(sheet.name)))
            kinds = {"kind": pl.String, "column": pl.Int64, "row": pl.Int64, "text": pl.String}
            yield pl.DataFrame(marks, kinds, orient="row")
            cells = sheet.to_polars()
            yield cells.clear()
            yield from _bounded(cells.iter_slices(batch_rows))


def dates(scan: pl.LazyFrame, schema: pl.Schema) -> dict[str, pl.DataType]:
    """The columns of date-times without an offset that hold nothing but midnights: they are dates."""
    import polars as pl

    moments = [name for name, kind in schema.items() if isinstance(kind, pl.Datetime) and not kind.time_zone]
    if not moments:
        return {}
    is_midnight = pl.col(moments) == pl.col(moments).dt.truncate("1d")
    [are_dates] = scan.select(is_midnight.all()).collect(engine="streaming").iter_rows(named=True)
    return {name: pl.Date() for name in moments if are_dates[name]}


_OURS = "verdicts"  # the sheet with the rows of a workbook that this program wrote; a summary comes before it


class Wide(Exception):  # noqa: N818 (its name is what the parent process reads)
    """The file has more columns than a spreadsheet can have."""


class Long(Exception):  # noqa: N818
    """A cell is longer than a line of CSV may be, or is a list of as many items."""


class Swollen(Exception):  # noqa: N818
    """The file is small because equal cells are stored once; written out, they need too much memory."""


class Encrypted(Exception):  # noqa: N818
    """The Parquet file is encrypted."""


class Contradictory(Exception):  # noqa: N818
    """The counts or checksums of the Parquet file do not agree."""


_MOST_COLUMNS = 1 << 14
_MOST_CELLS, _MOST_BYTES = 1 << 24, 1 << 28  # of one frame
_LONGEST = 1 << 20
_SWOLLEN = 20 * 10**9


def _bounded(batches: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The same rows, in frames of limited size even when equal cells are written out. Raises Swollen and Long."""
    total = 0
    for batch in batches:
        size = sum(_text_bytes(cells.alias("cells")) for cells in batch)  # Polars may take a name for a pattern
        total += size
        if total > _SWOLLEN:
            raise Swollen
        parts = max(1, batch.width * batch.height / _MOST_CELLS, size / _MOST_BYTES)
        yield from batch.iter_slices(max(1, int(batch.height / parts)))


def _text_bytes(cells: pl.Series) -> int:
    """Bytes of all texts in a column, repeated ones counted each time."""
    import polars as pl

    kind = cells.dtype
    if isinstance(kind, pl.Struct):
        return sum(_text_bytes(cells.struct.field(name)) for name in cells.struct.fields)
    if isinstance(kind, pl.List | pl.Array | pl.Map):
        items = (cells.to_physical() if isinstance(kind, pl.Map) else cells).explode()
        if items.len() > _LONGEST * max(1, cells.len()):
            raise Long
        return _text_bytes(items) + 8 * items.len()
    if kind not in (pl.String, pl.Binary):
        return 0
    sizes = cells.str.len_bytes() if kind == pl.String else cells.bin.size()
    if (sizes > _LONGEST).any():
        raise Long
    return int(sizes.sum())


# Failed and merged cells and hidden rows of spreadsheets that are not XLSX, and in ODS struck-through cells and notes.
# `fastexcel` returns null for a failed formula and nothing about the others; for XLSX the parent process reads them
# (`dnc.files.sheet_xml`).

_Mark = tuple[str, int, int, str | None]
_ERRORS = {0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A"}
_NO_SECTOR = 0xFFFFFFFA  # numbers from here on do not name a sector


def _marks(path: str, position: int) -> Iterator[_Mark]:
    """The marks of the sheet at a position, counted from 0; see `frames`."""
    with open(path, "rb") as file:  # noqa: PTH123
        if file.read(2) != b"PK":
            yield from _marks_97(_workbook_stream(file), position)
            return
    with zipfile.ZipFile(path) as parts:
        names = parts.namelist()
        if "content.xml" in names:
            yield from _marks_ods(parts.read("content.xml"), position)
        elif "xl/workbook.bin" in names:
            yield from _marks_xlsb(parts, position)


def _workbook_stream(file: BinaryIO) -> bytes:
    """The stream of an OLE file ([MS-CFB]) that contains the sheets of an Excel 97 workbook."""
    file.seek(0)
    data = file.read()
    size, small = 1 << struct.unpack_from("<H", data, 30)[0], 64

    def sectors(first: int, table: list[int]) -> list[int]:
        chain: list[int] = []
        while first < _NO_SECTOR:
            if len(chain) > len(table):
                raise Contradictory
            chain.append(first)
            first = table[first]
        return chain

    def joined(numbers: list[int]) -> bytes:
        return b"".join(data[(number + 1) * size : (number + 2) * size] for number in numbers)

    def integers(block: bytes) -> list[int]:
        return list(struct.unpack(f"<{len(block) // 4}I", block[: len(block) // 4 * 4]))

    tables, further = list(struct.unpack_from("<109I", data, 76)), struct.unpack_from("<I", data, 68)[0]
    while further < _NO_SECTOR and len(tables) * size < len(data):
        *more, further = integers(joined([further]))
        tables += more
    table = integers(joined([number for number in tables if number < _NO_SECTOR]))
    entries = joined(sectors(struct.unpack_from("<I", data, 48)[0], table))
    streams: dict[str, tuple[int, int]] = {}
    for at in range(0, len(entries), 128):
        name = entries[at : at + max(0, struct.unpack_from("<H", entries, at + 64)[0] - 2)].decode("utf-16-le")
        streams.setdefault(name.lower(), struct.unpack_from("<II", entries, at + 116))
    first, length = streams.get("workbook") or streams["book"]
    if length >= struct.unpack_from("<I", data, 56)[0]:
        return joined(sectors(first, table))[:length]
    root = joined(sectors(struct.unpack_from("<I", entries, 116)[0], table))
    smalls = integers(joined(sectors(struct.unpack_from("<I", data, 60)[0], table)))
    return b"".join(root[number * small : (number + 1) * small] for number in sectors(first, smalls))[:length]


def _marks_97(book: bytes, position: int) -> Iterator[_Mark]:
    """The marks of a sheet of Excel 5 to 2003 ([MS-XLS])."""

    def records(at: int) -> Iterator[tuple[int, bytes]]:
        depth = 0  # charts are streams inside that of the sheet
        while at + 4 <= len(book):
            kind, length = struct.unpack_from("<HH", book, at)
            depth += (kind == 0x809) - (kind == 0x0A)
            if depth <= 0:
                return
            if depth == 1:
                yield kind, book[at + 4 : at + 4 + length]
            at += 4 + length

    starts = [struct.unpack_from("<I", record)[0] for kind, record in records(0) if kind == 0x85]
    for kind, record in records(starts[position]):
        if kind == 0xE5:
            for at in range(2, len(record) - 7, 8):
                _, last, column, _ = struct.unpack_from("<4H", record, at)
                yield "merged", column, last + 1, None
        elif kind == 0x208 and record[12] & 0x20:
            yield "hidden", 0, struct.unpack_from("<H", record)[0] + 1, None
        elif (kind == 0x205 and record[7]) or (kind == 6 and record[6] == 2 and record[12:14] == b"\xff\xff"):
            row, column = struct.unpack_from("<HH", record)
            yield "failed", column, row + 1, _ERRORS.get(record[6 if kind == 0x205 else 8], "#ERROR!")


def _marks_xlsb(parts: zipfile.ZipFile, position: int) -> Iterator[_Mark]:
    """The marks of a sheet of an XLSB ([MS-XLSB])."""
    from xml.etree import ElementTree

    sheets = []
    for kind, record in _records_xlsb(parts.read("xl/workbook.bin")):
        if kind == 156 and (length := struct.unpack_from("<I", record, 8)[0]):
            sheets.append(record[12 : 12 + 2 * length].decode("utf-16-le"))
    relations = ElementTree.fromstring(parts.read("xl/_rels/workbook.bin.rels"))  # noqa: S314 (in the sandbox)
    target = next(relation.get("Target", "") for relation in relations if relation.get("Id") == sheets[position])
    row = 0
    for kind, record in _records_xlsb(parts.read(target[1:] if target.startswith("/") else f"xl/{target}")):
        if kind == 0:
            row = struct.unpack_from("<I", record)[0]
            if record[11] & 0x10:
                yield "hidden", 0, row + 1, None
        elif kind in (3, 11):
            yield "failed", struct.unpack_from("<I", record)[0], row + 1, _ERRORS.get(record[8], "#ERROR!")
        elif kind == 176:
            _, last, column, _ = struct.unpack_from("<4I", record)
            yield "merged", column, last + 1, None


def _records_xlsb(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The records of a part: kind and content; both kind and length are integers with seven bits per byte."""
    at = 0

    def number(most: int) -> int:
        nonlocal at
        value = 0
        for shift in range(0, 7 * most, 7):
            at += 1
            value |= (data[at - 1] & 0x7F) << shift
            if data[at - 1] < 0x80:
                break
        return value

    while at < len(data):
        kind, length = number(2), number(4)
        yield kind, data[at : at + length]
        at += length


def _marks_ods(content: bytes, position: int) -> Iterator[_Mark]:
    """The marks of a sheet of an OpenDocument spreadsheet, and its formulas without a result."""
    from xml.parsers import expat

    cells = _OdsCells(position)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = cells.start, cells.end
    parser.CharacterDataHandler = cells.texts.append
    parser.Parse(content, True)
    return iter(cells.marks)


class _OdsCells:
    """Callbacks for the elements of an OpenDocument spreadsheet, in order; they collect the marks of one sheet."""

    def __init__(self, position: int) -> None:
        self.marks: list[_Mark] = []
        self.texts: list[str] = []
        self._sheets_left, self._row, self._rows, self._column = position, 0, 1, 0
        self._cell: dict[str, str] = {}
        self._note = 0  # how many of the texts come before the note
        self._style = ""
        self._struck: set[str] = set()  # styles
        self._is_struck = False  # whether a part of the text is
        self._is_hidden = False  # whether the row is

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "style:style":
            self._style = attributes.get("style:name", "")
        elif name == "style:text-properties":
            if attributes.get("style:text-line-through-style", "none") != "none":
                self._struck.add(self._style)
        elif name == "office:annotation":
            self._note = len(self.texts)
        elif name == "table:table-row":
            self._column, self._rows = 0, _count(attributes, "rows-repeated")
            self._is_hidden = attributes.get("table:visibility", "visible") != "visible"
        elif name in ("table:table-cell", "table:covered-table-cell"):
            self._cell = attributes
            self._is_struck = attributes.get("table:style-name") in self._struck
            self.texts.clear()
        elif name == "text:span":
            self._is_struck |= attributes.get("text:style-name") in self._struck

    def end(self, name: str) -> None:
        if name == "table:table":
            self._sheets_left -= 1
        elif self._sheets_left:
            return
        elif name == "office:annotation":
            self._mark("note", "".join(self.texts[self._note :]))
            del self.texts[self._note :]
        elif name == "table:table-row":
            self._row += self._rows
        elif name in ("table:table-cell", "table:covered-table-cell"):
            self._end_cell("".join(self.texts).strip(), self._cell)

    def _end_cell(self, text: str, cell: dict[str, str]) -> None:
        failed = cell.get("calcext:value-type") == "error" or text.startswith(("#", "Err:"))
        if "table:formula" in cell and (failed or not (text or "office:value-type" in cell)):
            self._mark("failed", text or cell["table:formula"])
        if (rows := _count(cell, "rows-spanned")) > 1 or _count(cell, "columns-spanned") > 1:
            self.marks.append(("merged", self._column, self._row + rows, None))
        if text and self._is_struck:
            self._mark("struck")
        if text and self._is_hidden:
            self._mark("hidden")
        self._column += _count(cell, "columns-repeated")

    def _mark(self, kind: str, text: str | None = None) -> None:
        self.marks.append((kind, self._column, self._row + 1, text))


def _count(attributes: dict[str, str], name: str) -> int:
    return int(attributes.get(f"table:number-{name}", "1"))


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


def _footer(file: BinaryIO, most: int = sys.maxsize) -> dict[int, Any]:
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
        return int(_footer(file, _QUICK)[_ROWS])
    return 0


def _counted(batches: Iterator[pl.DataFrame], footer: dict[int, Any]) -> Iterator[pl.DataFrame]:
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


def _compare_pages(file: BinaryIO, footer: dict[int, Any]) -> None:
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


def write(out: BinaryIO, frame: pl.DataFrame) -> None:
    """Write one frame, after its length."""
    buffer = io.BytesIO()
    frame.write_ipc(buffer)
    data = buffer.getbuffer()
    out.write(struct.pack("<Q", len(data)))
    out.write(data)
    out.flush()


def main(kind: str, path: str, sheet: str, *numbers: str) -> None:
    """Read the file; a failure ends the process with the name of the exception only."""
    out = os.fdopen(os.dup(1), "wb")
    batch_rows, memory_bytes, cpu_seconds = map(int, numbers)
    bound(memory_bytes, cpu_seconds)
    try:
        for frame in frames(kind, path, sheet, batch_rows):
            write(out, frame)
    except BaseException as error:  # panics of Rust are BaseExceptions
        needs_password = "password" in str(error).lower()
        sys.stderr.write(f"\n{'Password' if needs_password else type(error).__name__}")
        sys.stderr.flush()
        os._exit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
