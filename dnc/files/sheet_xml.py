"""What the XML inside an XLSX says besides the values: failed formulas, merged cells, and which part contains a sheet.

`fastexcel` reads the values. It returns null for a failed formula and nothing about merged cells, so these are read
here, with expat. The files may come from anybody: a document type is refused, because a few hundred bytes of entities
can expand to gigabytes; nesting and single tags have limits, because expat keeps them in memory until they close.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple
from xml.parsers import expat

from dnc.errors import InputError
from dnc.files.archive import Member
from dnc.messages import figure, localized

_MOST_DEPTH = 256  # open elements; a sheet has fewer than twenty
_LONGEST_TAG = 1 << 24  # bytes
_LONGEST_CELL = 1 << 20  # characters
_MOST_BOOK_BYTES = 1 << 24  # of each part that lists the sheets
_CELL = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_MERGED = re.compile(r"[A-Z]+[0-9]+:[A-Z]+([0-9]+)")


class FailedCell(NamedTuple):
    """A cell with an error, or with a formula whose result was never stored.

    column: counted from 0. row: counted from 1. text: the error (`#N/A`), or `=` and the formula.
    """

    column: int
    row: int
    text: str


def sheet_part(parts: dict[str, Member], position: int) -> str:
    """The name of the part that contains a sheet; empty if the workbook does not name one.

    parts: the parts of the spreadsheet, by name. position: position of the sheet in the workbook, counted from 0.
    """
    relations: list[str] = []
    targets: dict[str, str] = {}

    def sheet(name: str, attributes: dict[str, str]) -> None:
        if _local(name) == "sheet":
            relations.extend(value for key, value in attributes.items() if key.endswith(":id"))

    def relation(name: str, attributes: dict[str, str]) -> None:
        if _local(name) == "Relationship":
            targets[attributes.get("Id", "")] = attributes.get("Target", "")

    for part, start in (("xl/workbook.xml", sheet), ("xl/_rels/workbook.xml.rels", relation)):
        if part in parts:
            _parse(parts[part], start, most_bytes=_MOST_BOOK_BYTES)
    if position >= len(relations):
        return ""
    target = targets.get(relations[position], "")
    return f"xl/{target.removeprefix('/').removeprefix('xl/')}" if target else ""


def failed_and_merged(part: Member) -> tuple[list[FailedCell], int | None]:
    """The failed cells of a sheet, and the last row (counted from 1) with merged cells. Raises InputError."""
    sheet = _Sheet(part)
    _parse(part, sheet.start, sheet.end, sheet.text)
    return sheet.failed, sheet.merged_until


class _Sheet:
    """Callbacks for the elements of a sheet, in their order.

    A cell is `<c r="B2" t="e"><f>1/0</f><v>#DIV/0!</v></c>`, or has `<is><t>` instead of `<v>`. The callbacks run
    for each cell, so to be fast they check the last letter of a name before they remove its prefix (`<x:c>`).
    """

    def __init__(self, part: Member) -> None:
        self._part = part
        self._left = 0  # characters that the cell may still have
        self.failed: list[FailedCell] = []
        self.merged_until: int | None = None
        self._reference = ""
        self._is_error = False
        self._formula: list[str] | None = None  # pieces of its text
        self._value: list[str] = []  # pieces of its text
        self._element = ""  # whose text is needed: `f` or `v`, or nothing

    def start(self, name: str, attributes: dict[str, str]) -> None:
        letter = name[-1]
        if letter == "c" and _local(name) == "c":
            self._reference = attributes.get("r", "")
            self._is_error = attributes.get("t") == "e"
            self._formula, self._value, self._element, self._left = None, [], "", _LONGEST_CELL
        elif letter == "f" and _local(name) == "f":
            self._formula, self._element = [], "f"
        elif letter in "vt" and _local(name) in ("v", "t"):
            self._element = "v"
        elif letter == "l" and _local(name) == "mergeCell" and (match := _MERGED.match(attributes.get("ref", ""))):
            self.merged_until = max(int(match[1]), self.merged_until or 0)

    def text(self, text: str) -> None:
        self._left -= len(text) if self._element else 0
        if self._left < 0:
            raise InputError(localized("errors", "xml_cell", most=figure(_LONGEST_CELL)), self._part.where)
        if self._element == "f" and self._formula is not None:
            self._formula.append(text)
        elif self._element == "v" and (self._is_error or self._formula is not None):
            self._value.append(text)

    def end(self, name: str) -> None:
        self._element = ""
        if name[-1] != "c" or (self._formula is None and not self._is_error) or _local(name) != "c":
            return
        where = _CELL.fullmatch(self._reference)
        text = "".join(self._value) if self._is_error else ""
        if not any(self._value) and self._formula is not None:
            text = f"={''.join(self._formula)}"
        if where and text:
            self.failed.append(FailedCell(column_of(where[1]), int(where[2]), text))
        self._formula, self._is_error = None, False


def column_of(letters: str) -> int:
    """The position of a column, counted from 0."""
    position = 0
    for letter in letters:
        position = position * 26 + ord(letter) - ord("A") + 1
    return position - 1


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _parse(
    part: Member,
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
    most_bytes: int | None = None,
) -> None:
    """Parse a part, or its first bytes. Raises InputError if it is not XML or exceeds the limits."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    depth = 0

    def started(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _MOST_DEPTH:
            raise InputError(localized("errors", "xml_beyond"), part.where)
        start(name, attributes)

    def ended(name: str) -> None:
        nonlocal depth
        depth -= 1
        if end:
            end(name)

    def refuse(*_: object) -> None:
        raise InputError(localized("errors", "document_type"), part.where)

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = started
    parser.EndElementHandler = ended
    parser.CharacterDataHandler = text
    fed = 0
    try:
        for block in part.blocks():
            parser.Parse(block)
            fed += len(block)
            if fed - parser.CurrentByteIndex > _LONGEST_TAG:
                raise InputError(localized("errors", "xml_beyond"), part.where)
            if most_bytes is not None and fed >= most_bytes:
                return
        parser.Parse(b"", True)
    except expat.ExpatError:
        raise InputError(localized("errors", "xml_damaged"), part.where) from None
