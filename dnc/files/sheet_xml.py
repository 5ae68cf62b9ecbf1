"""What the XML inside an XLSX says besides the values: failed, merged and struck cells, hidden rows, notes.

`fastexcel` reads the values. It returns null for a failed formula and nothing about the others, so these are read here.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from posixpath import normpath
from typing import NamedTuple

from dnc.errors import InputError
from dnc.files.archive import Member
from dnc.files.xml_reader import Tag, tags
from dnc.messages import figure, localized

MOST_ROWS = 1 << 20  # of a sheet
_MOST_BYTES = 1 << 26  # of a part whose texts or styles are kept
_CELL = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_ROW = re.compile(r"[0-9]{1,7}")
_MERGED = re.compile(r"[A-Z]+[0-9]+:[A-Z]+([0-9]+)")
_GROUPS = ("fonts", "cellStyleXfs", "cellXfs", "dxfs")  # of a part with styles


class Mark(NamedTuple):
    """What a spreadsheet says of a cell besides its value.

    kind: `failed` for an error, or a formula whose result was never stored; `merged`; `struck`, also in part;
        `note`; or `hidden` for a row.
    column: counted from 0; 0 where only the row matters. row: counted from 1; the last one of merged cells.
    text: the error (`#N/A`), or `=` and the formula; the note.
    """

    kind: str
    column: int
    row: int
    text: str | None = None


def sheet_part(parts: dict[str, Member], position: int) -> str:
    """The name of the part that contains a sheet; empty if the workbook does not name one.

    parts: the parts of the spreadsheet, by name. position: position of the sheet in the workbook, counted from 0.
    """

    def attributes_of(part: str, element: str) -> list[dict[str, str]]:
        if part not in parts:
            return []
        _refuse_large(parts[part])
        return [attributes for name, attributes in _elements(parts[part]) if name == element]

    sheets = attributes_of("xl/workbook.xml", "sheet")
    ids = [value for sheet in sheets for key, value in sheet.items() if key.endswith(":id")]
    relations = attributes_of("xl/_rels/workbook.xml.rels", "Relationship")
    targets = {relation.get("Id", ""): relation.get("Target", "") for relation in relations}
    target = targets.get(ids[position], "") if position < len(ids) else ""
    return f"xl/{target.removeprefix('/').removeprefix('xl/')}" if target else ""


def marks_of(part: Member, styles: Collection[str] = (), texts: Collection[str] = ()) -> list[Mark]:
    """The failed, merged and struck cells of a sheet, and its hidden rows. Raises InputError.

    styles: of `struck_styles`. texts: of `struck_texts`.
    """
    sheet = _SheetMarks(styles, texts)
    for _, name, attributes, text in _tags(part):
        if attributes is None:
            sheet.end(name, text)
        else:
            sheet.start(name, attributes)
    return list(sheet.marks)


def struck_styles(styles: Member) -> frozenset[str]:
    """The styles that strike cells through, as cells name them. Raises InputError."""
    group = ""
    fonts: list[bool] = []
    cells: list[str] = []  # the font of each style
    _refuse_large(styles)
    for name, attributes in _elements(styles):
        if name in _GROUPS:
            group = name
        elif (group, name) == ("fonts", "font"):
            fonts.append(False)
        elif (group, name) == ("fonts", "strike"):
            fonts[-1] = _is_on(attributes)
        elif (group, name) == ("cellXfs", "xf"):
            cells.append(attributes.get("fontId", ""))
    struck = {str(position) for position, is_struck in enumerate(fonts) if is_struck}
    return frozenset(str(position) for position, font in enumerate(cells) if font in struck)


def struck_texts(shared: Member) -> frozenset[str]:
    """The texts of which a part is struck through, as cells name them. Raises InputError."""
    texts = -1
    struck = set[str]()
    for name, attributes in _elements(shared):
        if name == "si":
            texts += 1
        elif name == "strike" and _is_on(attributes):
            struck.add(str(texts))
            if len(struck) > MOST_ROWS:
                raise InputError(
                    localized("errors", "xml", "beyond", remedy=localized("errors", "remedy", "save_again")),
                    shared.where,
                )
    return frozenset(struck)


def _is_on(attributes: Mapping[str, str], name: str = "val", default: str = "1") -> bool:
    return attributes.get(name, default) not in ("0", "false")


def notes_of(parts: Mapping[str, Member], sheet: str) -> list[Mark]:
    """The notes on the cells of a sheet. Raises InputError.

    parts: the parts of the spreadsheet, by name. sheet: the name of the one that contains the sheet.
    """
    notes: list[Mark] = []
    for part in _notes_parts(parts, sheet):
        _refuse_large(part)
        for _, name, attributes, text in _tags(part):
            if name == "comment" and (where := _CELL.fullmatch((attributes or {}).get("ref", ""))):
                notes.append(Mark("note", column_of(where[1]), int(where[2]), ""))
            elif attributes is None and notes and name == "t":
                notes[-1] = notes[-1]._replace(text=f"{notes[-1].text}{text}")
    return [note._replace(text=text) for note in notes if (text := (note.text or "").strip())]


def _notes_parts(parts: Mapping[str, Member], sheet: str) -> list[Member]:
    """The parts that have the notes of a sheet."""
    folder, _, name = sheet.rpartition("/")
    part = parts.get(f"{folder}/_rels/{name}.rels")
    relations = [attributes for _, attributes in _elements(part)] if part else []
    targets = (one.get("Target", "") for one in relations if one.get("Type", "").endswith("/comments"))
    named = (normpath(target.lstrip("/") if target.startswith("/") else f"{folder}/{target}") for target in targets)
    return [parts[target] for target in named if target in parts]


class _SheetMarks:
    """Collects the marks of a sheet from its tags, in their order.

    A cell is `<c r="B2" s="1" t="e"><f>1/0</f><v>#DIV/0!</v></c>`, or has `<is><t>` instead of `<v>`; with `t="s"` the
    value is the position of its text among those that cells share.
    """

    def __init__(self, styles: Collection[str], texts: Collection[str]) -> None:
        self._styles, self._texts = styles, texts
        self.marks: dict[Mark, None] = {}  # each once, so that a file that repeats one does not fill the memory
        self._cell: dict[str, str] = {}
        self._formula: str | None = None
        self._value = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "c":
            self._cell, self._formula, self._value = attributes, None, ""
        elif name in ("v", "t"):
            if self._cell.get("s", "") in self._styles:
                self._mark("struck")
        elif name == "strike" and _is_on(attributes):
            self._mark("struck")
        elif name == "row":
            is_hidden = _is_on(attributes, "hidden", "0") or attributes.get("ht", "1").startswith("0")
            if is_hidden and _ROW.fullmatch(row := attributes.get("r", "")):
                self._add(Mark("hidden", 0, int(row)))
        elif name == "mergeCell" and (match := _MERGED.match(attributes.get("ref", ""))):
            self._add(Mark("merged", 0, int(match[1])))

    def end(self, name: str, text: str) -> None:
        if name == "f":
            self._formula = text
        elif name in ("v", "t"):
            self._value = self._value or text
        elif name == "c":
            kind = self._cell.get("t")
            if kind == "s" and self._value.strip() in self._texts:
                self._mark("struck")
            if self._formula is not None and not self._value:
                self._mark("failed", f"={self._formula}")
            elif kind == "e" and self._value:
                self._mark("failed", self._value)

    def _mark(self, kind: str, text: str | None = None) -> None:
        if where := _CELL.fullmatch(self._cell.get("r", "")):
            self._add(Mark(kind, column_of(where[1]) if kind == "failed" else 0, int(where[2]), text))

    def _add(self, mark: Mark) -> None:
        if mark.row <= MOST_ROWS:
            self.marks[mark] = None


def column_of(letters: str) -> int:
    """The position of a column, counted from 0."""
    position = 0
    for letter in letters:
        position = position * 26 + ord(letter) - ord("A") + 1
    return position - 1


def _refuse_large(part: Member) -> None:
    """Raise InputError for a part that would fill the memory."""
    if part.size is None or part.size > _MOST_BYTES:
        raise InputError(localized("errors", "xml_large", most=figure(_MOST_BYTES >> 20)), part.where)


def _tags(part: Member) -> Iterator[Tag]:
    return tags(part, "save_again")


def _elements(part: Member) -> Iterator[tuple[str, dict[str, str]]]:
    """Name and attributes of each element of a part, where it begins."""
    return ((name, attributes) for _, name, attributes, _ in _tags(part) if attributes is not None)
