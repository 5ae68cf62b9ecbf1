"""Failed and merged cells and hidden rows of spreadsheets that are not XLSX.

`fastexcel` returns null for a failed formula, and 0 for some; null also for a cell of an OpenDocument spreadsheet that
has a time, or a text without a type; and nothing about the others; for XLSX the parent process reads them
(`dnc.files.sheet_xml`).
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator
from typing import BinaryIO
from xml.etree import ElementTree
from xml.parsers import expat

from dnc.files.compound_file import CompoundFile

Mark = tuple[str, int, int, str | None]
_ERRORS = {0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A"}
_MOST_ROWS = 1 << 20  # of a sheet
# Type of a cell of an OpenDocument spreadsheet → attribute with its value. A time is not read, nor is any other type.
_VALUES = {
    "boolean": "boolean-value",
    "date": "date-value",
    **dict.fromkeys(("float", "percentage", "currency"), "value"),
}


def marks(file: BinaryIO, position: int) -> Iterator[Mark]:
    """The marks of the sheet at a position, counted from 0."""
    file.seek(0)
    if file.read(2) != b"PK":
        yield from _marks_97(CompoundFile(file).content("workbook", "book"), position)
        return
    with zipfile.ZipFile(file) as parts:
        names = parts.namelist()
        if "content.xml" in names:
            yield from _marks_ods(parts.read("content.xml"), position)
        elif "xl/workbook.bin" in names:
            yield from _marks_xlsb(parts, position)


def _marks_97(book: bytes, position: int) -> Iterator[Mark]:
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


def _marks_xlsb(parts: zipfile.ZipFile, position: int) -> Iterator[Mark]:
    """The marks of a sheet of an XLSB ([MS-XLSB])."""
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


def _marks_ods(content: bytes, position: int) -> Iterator[Mark]:
    """The marks of a sheet of an OpenDocument spreadsheet, and its formulas without a result."""
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
        self.marks: list[Mark] = []
        self.texts: list[str] = []
        self._sheets_left, self._row, self._rows, self._column = position, 0, 1, 0
        self._cell: dict[str, str] = {}
        self._note = 0  # how many of the texts come before the note
        self._is_hidden = False  # whether the row is

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "office:annotation":
            self._note = len(self.texts)
        elif name == "table:table-row":
            self._column, self._rows = 0, _count(attributes, "rows-repeated")
            self._is_hidden = attributes.get("table:visibility", "visible") != "visible"
        elif name in ("table:table-cell", "table:covered-table-cell"):
            self._cell = attributes
            self.texts.clear()

    def end(self, name: str) -> None:
        if name == "table:table":
            self._sheets_left -= 1
        elif self._sheets_left:
            return
        elif name == "office:annotation":
            del self.texts[self._note :]
        elif name == "table:table-row":
            self._row += self._rows
        elif name in ("table:table-cell", "table:covered-table-cell"):
            self._end_cell("".join(self.texts).strip(), self._cell)

    def _end_cell(self, text: str, cell: dict[str, str]) -> None:
        failed = cell.get("calcext:value-type") == "error" or text.startswith(("#", "Err:"))
        kind = cell.get("office:value-type", "")
        value = cell.get("office:string-value", text) if kind == "string" else cell.get(f"office:{_VALUES.get(kind)}")
        has_value = bool(value)  # else `fastexcel` reads nothing, whatever the text
        if (text and not has_value) or ("table:formula" in cell and (failed or not (text or has_value))):
            self._mark("failed", text or cell["table:formula"])
        if (rows := _count(cell, "rows-spanned")) > 1 or _count(cell, "columns-spanned") > 1:
            self.marks.append(("merged", self._column, self._row + rows, None))
        if text and self._is_hidden:
            self._mark("hidden")
        self._column += _count(cell, "columns-repeated")

    def _mark(self, kind: str, text: str | None = None) -> None:
        """Mark a cell in its row, and in the equal rows for which the row stands."""
        for row in range(self._row, self._row + min(self._rows, _MOST_ROWS)):
            self.marks.append((kind, self._column, row + 1, text))


def _count(attributes: dict[str, str], name: str) -> int:
    return int(attributes.get(f"table:number-{name}", "1"))
