"""The sheet of a spreadsheet that holds its table, as cells of text.

It is the first one that shows and holds anything; the names of the others are
told. In an XLSX a failed formula stands as its error, and one whose result was
never stored as the formula, so that no row is lost with them. Merged cells have
their text in the first of them only; where some stand is told. A cell far from
all others would ask for memory for the whole field between them, and is refused
before it is read.
"""

from __future__ import annotations

import html
import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import islice, zip_longest
from pathlib import Path

import polars as pl

from dnc.errors import InputError
from dnc.files.archive import Member, first_bytes, parts
from dnc.files.sandbox import frames

CELL = 32_767  # characters that a cell of a spreadsheet holds
_ROWS_AT_ONCE = 100_000
_MOST_CELLS = 1 << 26  # up to 2 GB of memory
_MOST_BLOCKS = 16  # of a megabyte, of what tells the sheets
_LONGEST_CELL = 1 << 24  # bytes, as a spreadsheet writes it
_MOST_ROWS_97 = 1 << 16  # of those of Excel 97
_MOST_ROWS = 1 << 20  # of any spreadsheet
_PARTS = r"xl/(workbook\.xml|_rels/workbook\.xml\.rels|worksheets/[^/]+\.xml)"
_CELL = rb"""<(?:\w+:)?c\s[^<>]*?\br=["']"""
_WIDE = re.compile(_CELL + rb"([A-Z]{2,3})\d")
_DEEP = re.compile(_CELL + rb"[A-Z]{1,3}(\d{5,7})\b")
_BEGUN = re.compile(_CELL + rb"""([A-Z]{1,3})(\d{1,7})["'][^<>]*>""")
_ENDED = re.compile(rb"</(?:\w+:)?c>")
_MERGED = re.compile(rb"""<(?:\w+:)?mergeCell\s[^<>]*?\bref=["'][A-Z]+\d+:[A-Z]+(\d+)["']""")
_FORMULA = re.compile(rb"<(?:\w+:)?f\b[^<>]*>([^<]*)")
_VALUE = re.compile(rb"<(?:\w+:)?[vt]\b[^<>]*>([^<]+)<")
_SHEET = re.compile(rb"""<(?:\w+:)?sheet\s[^<>]*?:id=["']([^"']+)""")
_RELATION = re.compile(rb"""<(?:\w+:)?Relationship\s[^<>]*>""")
_TARGET = re.compile(rb"""\sTarget=["']/?(?:xl/)?([^"']+)""")


def first_sheet(path: Path) -> tuple[pl.DataFrame, list[str], int | None]:
    """The sheet.

    Returns its cells, from its first row on, the names of the other sheets, and the last row (1-based) with merged
    cells. Raises InputError.
    """
    found = parts(path, _PARTS) if first_bytes(path, 2) == b"PK" else {}
    for name, one in found.items():
        if "worksheets/" in name:
            _refuse_far_cells(one, path)
    at, names, cells, places = _shown(path)
    merged = None
    if part := found.get(_part_name(found, at)):
        failed, merged = _failed_and_merged(part)
        cells = _with_failed(cells, places, failed)
    return cells, names[:at] + names[at + 1 :], merged


def _shown(path: Path) -> tuple[int, list[str], pl.DataFrame, list[int]]:
    """Position of the sheet, names of all sheets, its cells, and where each of their columns stands in it."""
    rows = frames("spreadsheet", path, _ROWS_AT_ONCE)
    sheets = next(rows)
    if not sheets["chosen"].any():
        raise InputError("no sheet that shows holds anything", path)
    places = next(rows)["place"].to_list()
    cells = pl.concat(rows)
    most = _MOST_ROWS if first_bytes(path, 2) == b"PK" else _MOST_ROWS_97
    if cells.height >= most:
        raise InputError(f"its sheet is full ({most:,} rows), so further rows may be missing; export it as CSV", path)
    return int(sheets["chosen"].arg_true()[0]), sheets["name"].to_list(), cells, places


def _refuse_far_cells(part: Member, path: Path) -> None:
    width = max((_column(one) + 1 for piece in _pieces(part) for one in set(_WIDE.findall(piece))), default=26)
    if width * _MOST_ROWS <= _MOST_CELLS:
        return
    height = max((int(one) for piece in _pieces(part) for one in _DEEP.findall(piece)), default=10_000)
    if width * height > _MOST_CELLS:
        raise InputError("a cell stands far from all others; delete the empty rows and columns, or save as CSV", path)


def _pieces(part: Member) -> Iterator[bytes]:
    """The bytes of a sheet in pieces that end where a cell ends."""
    rest = b""
    for block in part.blocks():
        rest += block
        end = max(rest.rfind(b"</c>") + 4, rest.rfind(b":c>") + 3, rest.rfind(b"<row"), 0)
        if len(rest) - end > _LONGEST_CELL:
            end = rest.rfind(b"<") if rest.rfind(b"<") > 0 else len(rest)
        yield rest[:end]
        rest = rest[end:]
    yield rest


def _column(letters: bytes) -> int:
    """Position of a column, counted from 0."""
    position = 0
    for letter in letters:
        position = position * 26 + letter - 64
    return position - 1


def _part_name(found: dict[str, Member], at: int) -> str:
    """The name of the part that holds a sheet, or nothing."""
    book, relations = (
        b"".join(islice(found[name].blocks(), _MOST_BLOCKS)) if name in found else b""
        for name in ("xl/workbook.xml", "xl/_rels/workbook.xml.rels")
    )
    ids = _SHEET.findall(book)
    for relation in _RELATION.findall(relations):
        target = _TARGET.search(relation)
        if target and at < len(ids) and re.search(rb"""\sId=["']""" + re.escape(ids[at]) + rb"""["']""", relation):
            return "xl/" + target[1].decode("utf-8", "replace")
    return ""


def _with_failed(cells: pl.DataFrame, places: list[int], found: list[tuple[int, int, str]]) -> pl.DataFrame:
    """Cells with the text of failed formulas, those below the last value included."""
    failed: dict[str, dict[int, str]] = defaultdict(dict)
    last = cells.height
    for column, row, text in found:
        if not 1 <= row <= _MOST_ROWS:
            continue  # where no spreadsheet has one
        at = min(max(column - places[0], 0), len(places) - 1)
        failed[cells.columns[at]][row - 1] = text
        last = max(last, row)
    if not failed:
        return cells
    below = pl.DataFrame(schema=cells.schema).clear(last - cells.height)
    cells = pl.concat([cells, below])
    return cells.with_columns(
        pl.coalesce(name, cells[name].clear(last).scatter(list(texts), list(texts.values())))
        for name, texts in failed.items()
    )


def _failed_and_merged(part: Member) -> tuple[list[tuple[int, int, str]], int | None]:
    """The cells of `_failed`, and the last row with merged cells."""
    failed: list[tuple[int, int, str]] = []
    merged = None
    for piece in _pieces(part):
        if b'"e"' in piece or b"<f" in piece or b":f" in piece:
            failed.extend(_failed(piece))
        if b"mergeCell" in piece:
            merged = max(map(int, _MERGED.findall(piece)), default=merged)
    return failed, merged


def _failed(piece: bytes) -> Iterator[tuple[int, int, str]]:
    """Column, row and text of cells that hold an error, or a formula without a result."""
    begun = list(_BEGUN.finditer(piece))
    for cell, next_cell in zip_longest(begun, begun[1:]):
        until = next_cell.start() if next_cell else len(piece)
        end = _ENDED.search(piece, cell.end(), until)
        inside = b"" if cell[0].endswith(b"/>") or not end else piece[cell.end() : end.start()]
        value, formula = _VALUE.search(inside), _FORMULA.search(inside)
        if value and b't="e"' in cell[0]:
            yield _column(cell[1]), int(cell[2]), value[1].decode("utf-8", "replace")
        elif formula and not value:
            yield _column(cell[1]), int(cell[2]), "=" + html.unescape(formula[1].decode("utf-8", "replace"))
