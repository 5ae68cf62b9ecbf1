"""What the XML inside an XLSX says besides the values: failed, merged and altered cells, hidden rows, notes.

`fastexcel` reads the values. It returns null for a failed formula and nothing about the others, so these are read here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from posixpath import normpath
from typing import NamedTuple

from dnc.errors import InputError
from dnc.files.archive import Member
from dnc.files.net import marks
from dnc.files.xml_reader import Tag, tags
from dnc.messages import figure, localized

MOST_ROWS = 1 << 20  # of a sheet
_MOST_BYTES = 1 << 26  # of a part whose texts or styles are kept
_CELL = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_ROW = re.compile(r"[0-9]{1,7}")
_MERGED = re.compile(r"[A-Z]+[0-9]+:[A-Z]+([0-9]+)")
_GROUPS = ("numFmts", "fonts", "fills", "borders", "cellStyleXfs", "cellXfs", "dxfs")  # of a part with styles
_BLACK = "1"  # the theme's colour of texts
# Parts of a workbook that name its ranges, tables and properties, and the attributes of the elements that do.
_WITH_NAMES = re.compile(r"xl/workbook\.xml|docProps/.*|xl/tables/.*")
_NAMES = {"definedName": "name", "table": "displayName", "property": "name"}
_NOTES = ("/comments", "/threadedComment", "/drawing")  # ends of the types of relations
# Of a number format: each part between semicolons, a text in it, and what stands for the value.
_SECTION = re.compile(r"""(?:"[^"]*"|\\.|[^;"\\])+""")
_LITERAL = re.compile(r"""(?:"([^"]*)"|\\(.)|\[[^\]]*\]|[_*].)""")
_PLACE = re.compile(r"[0#?@dmyhsge]", re.IGNORECASE)


class Mark(NamedTuple):
    """What a spreadsheet says of a cell besides its value.

    kind: `failed` for an error, or a formula whose result was never stored; `merged`; `altered` where a person sees
        the value struck through, or words that it does not hold; `note`; or `hidden` for a row.
    column: counted from 0; 0 where only the row matters. row: counted from 1; the last one of merged cells; 0 for
        what belongs to no row.
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


def marks_of(part: Member, altered: Collection[str] = (), texts: Collection[str] = ()) -> list[Mark]:
    """The failed, merged and altered cells of a sheet, and its hidden rows. Raises InputError.

    altered: of `altering_styles`. texts: of `altered_texts`.
    """
    sheet = _SheetMarks(altered, texts)
    for _, name, attributes, text in _tags(part):
        if attributes is None:
            sheet.end(name, text)
        else:
            sheet.start(name, attributes)
    return list(sheet.marks)


def altering_styles(styles: Member) -> frozenset[str]:
    """The styles that strike or cross cells through or show words that they do not hold, as cells name them.

    Raises InputError.
    """
    return frozenset().union(*(_styles_of(styles, kind, _alters) for kind in ("font", "border", "numFmt")))


def _alters(name: str, attributes: dict[str, str]) -> bool:
    """Whether an element of a style strikes or crosses a cell through, or is a number format that shows words.

    That is in the place of the value, or, if they say not to call, beside it (`"DNC "0`).
    """
    if name == "border":
        return any(_is_on(attributes, side, "0") for side in ("diagonalUp", "diagonalDown"))
    if name != "numFmt":
        return name == "strike" and _is_on(attributes)
    for section in _SECTION.findall(attributes.get("formatCode", "")):
        words = "".join(quoted or escaped for quoted, escaped in _LITERAL.findall(section))
        is_alone = not _PLACE.search(_LITERAL.sub("", section))
        if marks(words) or (is_alone and re.search(r"[^\W\d_]{2}", words)):
            return True
    return False


def altered_by_rules(part: Member, styles: Member) -> list[str]:
    """The ranges of a sheet in which conditional formatting does what `altering_styles` do. Raises InputError."""
    formats, is_format, rules, where = list[bool](), False, list[str](), ""
    for name, attributes in _elements(styles):
        is_format |= name == "dxfs"
        if is_format and name == "dxf":
            formats.append(False)
        elif is_format and formats and _alters(name, attributes):
            formats[-1] = True
    for name, attributes in _elements(part) if any(formats) else ():
        where = attributes.get("sqref", "") if name == "conditionalFormatting" else where
        if (
            name == "cfRule"
            and (at := attributes.get("dxfId", "")).isdecimal()
            and formats[int(at) : int(at) + 1] == [True]
        ):
            rules.append(where)
    return list(dict.fromkeys(rules))


def coloured_styles(styles: Member) -> frozenset[str]:
    """The styles of cells that have a colour of their own, as cells name them. Raises InputError."""
    none = (None, "none", "gray125")
    filled = _styles_of(styles, "fill", lambda _, attributes: attributes.get("patternType") not in none)
    return filled | _styles_of(styles, "font", _is_of_colour)


def _is_of_colour(name: str, attributes: dict[str, str]) -> bool:
    """Whether an element of a font is a colour that is not the black of a text, as it is told by itself or by theme."""
    told = attributes.get("rgb", "")[-6:].strip("0") or attributes.get("theme", _BLACK) != _BLACK
    return name == "color" and bool(told)


def _styles_of(styles: Member, kind: str, is_so: Callable[[str, dict[str, str]], bool]) -> frozenset[str]:
    """The styles of cells whose `font`, `fill` or `numFmt` is so, or has an element of which it is so."""
    group = at = ""
    parts: dict[str, bool] = {}  # the id of each, which is its position if it has none → whether it is so
    cells: list[str] = []  # which of them each style has
    _refuse_large(styles)
    for name, attributes in _elements(styles):
        if name in _GROUPS:
            group = name
        elif (group, name) == (f"{kind}s", kind):
            parts[at := attributes.get(f"{kind}Id", str(len(parts)))] = is_so(name, attributes)
        elif group == f"{kind}s" and is_so(name, attributes):
            parts[at] = True
        elif (group, name) == ("cellXfs", "xf"):
            cells.append(attributes.get(f"{kind}Id", ""))
    return frozenset(str(position) for position, part in enumerate(cells) if parts.get(part))


def count_of_styles(part: Member, styles: Collection[str], below: int) -> int:
    """How many cells of a sheet have one of some styles, below a row counted from 1. Raises InputError."""
    styled = (cell.get("r", "") for name, cell in _elements(part) if name == "c" and cell.get("s") in styles)
    return sum(int(where[2]) > below for where in map(_CELL.fullmatch, styled) if where)


def altered_texts(shared: Member) -> frozenset[str]:
    """The texts of which a part is struck through, or that show how they are read, as cells name them.

    Raises InputError.
    """
    texts = -1
    altered = set[str]()
    for name, attributes in _elements(shared):
        if name == "si":
            texts += 1
        elif name == "rPh" or (name == "strike" and _is_on(attributes)):
            altered.add(str(texts))
            if len(altered) > MOST_ROWS:
                raise InputError(
                    localized("errors", "xml", "beyond", remedy=localized("errors", "remedy", "save_again")),
                    shared.where,
                )
    return frozenset(altered)


def _is_on(attributes: Mapping[str, str], name: str = "val", default: str = "1") -> bool:
    return attributes.get(name, default) not in ("0", "false")


def notes_of(parts: Mapping[str, Member], sheet: str) -> list[Mark]:
    """The notes on the cells of a sheet; and those that belong to no row: its text boxes, and the descriptions of its
    pictures that say not to call. Raises InputError.

    parts: the parts of the spreadsheet, by name. sheet: the name of the one that contains the sheet.
    """
    notes: list[Mark] = []
    for part in _notes_parts(parts, sheet):
        _refuse_large(part)
        for _, name, attributes, text in _tags(part):
            where = _CELL.fullmatch((attributes or {}).get("ref", ""))
            if attributes is not None and name in ("comment", "threadedComment") and where:
                notes.append(Mark("note", column_of(where[1]), int(where[2]), ""))
            elif attributes is not None and name in ("txBody", "cNvPr"):
                description = attributes.get("descr", "")
                notes.append(Mark("note", 0, 0, description if marks(description) else ""))
            elif attributes is None and notes and name in ("t", "text", "p"):  # a text, or the end of a paragraph
                notes[-1] = notes[-1]._replace(text=f"{notes[-1].text}{' ' if name == 'p' else text}")
    return [note._replace(text=text) for note in notes if (text := (note.text or "").strip())]


def names_against(parts: Mapping[str, Member]) -> list[Mark]:
    """The names of ranges and tables, and the properties of a workbook (its title, keywords ...), that say not to call.

    They are returned as notes. Raises InputError.
    """
    texts: list[str] = []
    for part in (member for name, member in parts.items() if _WITH_NAMES.fullmatch(name)):
        _refuse_large(part)
        for _, name, attributes, text in _tags(part):
            texts += [text, (attributes or {}).get(_NAMES.get(name, ""), "")]
    return [Mark("note", 0, 0, text) for text in texts if marks(text)]


def _notes_parts(parts: Mapping[str, Member], sheet: str) -> list[Member]:
    """The parts that have the notes and the text boxes of a sheet."""
    folder, _, name = sheet.rpartition("/")
    part = parts.get(f"{folder}/_rels/{name}.rels")
    relations = [attributes for _, attributes in _elements(part)] if part else []
    wanted = (one for one in relations if one.get("Type", "").endswith(_NOTES))
    targets = (one.get("Target", "") for one in wanted)
    named = (normpath(target.lstrip("/") if target.startswith("/") else f"{folder}/{target}") for target in targets)
    return [parts[target] for target in named if target in parts]


class _SheetMarks:
    """Collects the marks of a sheet from its tags, in their order.

    A cell is `<c r="B2" s="1" t="e"><f>1/0</f><v>#DIV/0!</v></c>`, or has `<is><t>` instead of `<v>`; with `t="s"` the
    value is the position of its text among those that cells share.
    """

    def __init__(self, altered: Collection[str], texts: Collection[str]) -> None:
        self._altered, self._texts = altered, texts
        self.marks: dict[Mark, None] = {}  # each once, so that a file that repeats one does not fill the memory
        self._cell: dict[str, str] = {}
        self._formula: str | None = None
        self._value = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "c":
            self._cell, self._formula, self._value = attributes, None, ""
        elif name in ("v", "t"):
            if self._cell.get("s", "") in self._altered:
                self._mark("altered")
        elif name == "rPh" or (name == "strike" and _is_on(attributes)):
            self._mark("altered")
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
                self._mark("altered")
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
