"""The sheet of a spreadsheet that contains its table, as cells of text.

This is the sheet that was named, or else the first visible one that is not empty, and `verdicts` before all others,
because a workbook that this program wrote begins with a summary. The names of the other sheets are returned, so that
they can be reported. A failed formula is kept as its error, and a formula whose result was never stored
is kept as the formula, so that no row is lost. Of merged cells only the first has the text, so the last row with such
cells is returned. A cell far away from all others would need memory for the whole rectangle between them; such a file
is refused before it is read.
"""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import polars as pl

from dnc.errors import InputError
from dnc.files.archive import Member, parts
from dnc.files.sandbox import frames
from dnc.files.sheet_xml import (
    MOST_ROWS,
    Mark,
    column_of,
    marks_of,
    notes_of,
    sheet_part,
    struck_styles,
    struck_texts,
)
from dnc.files.table import (
    CELL,
    HEADER_WITHIN,
    LINE,
    NOTED,
    RAGGED,
    STRUCK,
    Table,
    heading,
    holds_number,
    named_columns,
    quoted,
    sliced,
    unique_names,
    unnamed,
)
from dnc.messages import figure, localized

_ROWS_AT_ONCE = 100_000
_MOST_CELLS = 1 << 26  # up to 2 GB of memory
_LONGEST_CELL = 1 << 24  # bytes of XML
_SHEETS, _STYLES, _TEXTS = "xl/worksheets/", "xl/styles.xml", "xl/sharedStrings.xml"
_PARTS = (
    rf"xl/workbook\.xml|xl/_rels/workbook\.xml\.rels|{_SHEETS}[^/]+\.xml|{_SHEETS}_rels/[^/]+|{_STYLES}"
    rf"|{_TEXTS}|xl/([^/]+/)?comments?\d*\.xml"
)
_REFERENCE = rb"""<(?:\w+:)?c\s[^<>]*?\br=["']"""
_MAY_BE_WIDE = re.compile(rb"""r=["'][A-Z]{2}""")  # ten times as fast as `_WIDE`
_WIDE = re.compile(_REFERENCE + rb"([A-Z]{2,3})\d")
_DEEP = re.compile(_REFERENCE + rb"[A-Z]{1,3}(\d{5,7})\b")
# Faster than `_SPECIAL`, too.
_MARKS = (b"<f", b":f", b"mergeCell", b"strike", b"hidden", b'"e"', b"'e'", b'ht="0', b"ht='0")
_SPECIAL = re.compile(
    rb"""<(?:\w+:)?(?:(?:f|mergeCell|strike)[\s/>]|row\s[^<>]*\s(?:hidden\s*=|ht\s*=\s*["']0))|\st\s*=\s*["']e["']"""
)
_STYLE = re.compile(rb"""\ss\s*=\s*["'](\d+)["']""")


class Sheet(NamedTuple):
    """A sheet, and what has to be reported about it.

    name: of the sheet. cells: String columns, from its first row on. others: the names of other sheets with cells.
    marks: its failed, merged and struck cells, its hidden rows, and its notes.
    """

    name: str
    cells: pl.DataFrame
    others: list[str]
    marks: list[Mark]

    def rows(self, kind: str) -> set[int]:
        """The rows with such marks, counted from 1."""
        return {mark.row for mark in self.marks if mark.kind == kind}


class EmptySheetError(InputError):
    """The sheet that was named has no cell."""


def read_sheet(path: Path, wanted: str | None) -> Sheet:
    """Read the sheet of that name, or else the first visible one that is not empty. Raises InputError."""
    xml = parts(path, _PARTS)
    styles = struck_styles(xml[_STYLES]) if _STYLES in xml else frozenset()
    sheets = [name for name in xml if name.startswith(_SHEETS) and name.endswith(".xml")]
    texts = struck_texts(xml[_TEXTS]) if _TEXTS in xml and _may_strike(xml[_TEXTS]) else frozenset()
    is_special = {name: _is_special(xml[name], path, styles) for name in sheets}
    all_sheets, cells, columns = _values(path, wanted)
    position = int(all_sheets["chosen"].arg_true()[0])
    part = sheet_part(xml, position)
    if part not in is_special:
        raise InputError(localized("errors", "sheet_missing"), path)
    marks = marks_of(xml[part], styles, texts) if is_special[part] or texts else []
    marks += notes_of(xml, part)
    cells = _with_failed(cells, columns, [mark for mark in marks if mark.kind == "failed"])
    others = all_sheets.filter(pl.col("has_cells") & ~pl.col("chosen"))["name"].to_list()
    return Sheet(all_sheets["name"][position], cells, others, marks)


def read_table(path: Path, with_header: bool, sheet: str | None) -> Table:
    """The table in a sheet; see `dnc.files.open_table.open_table` for the options. Raises InputError."""
    read = read_sheet(path, sheet)
    numbered = read.cells.with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.UInt64).alias(LINE))
    cells = numbered.filter(~pl.all_horizontal(pl.exclude(LINE).is_null()))
    top = heading([cell or "" for cell in row] for row in cells.head(HEADER_WITHIN).drop(LINE).iter_rows())
    header_row = top.at
    if with_header:
        top.refuse_doubtful(path, cells[LINE][min(header_row + 1, cells.height - 1)])
    merged = max(read.rows("merged"), default=0)
    if merged and not (with_header and merged <= cells[LINE][header_row]):
        raise InputError(localized("errors", "merged"), path, merged)
    texts = cells.drop(LINE)
    header = top.names([name or "" for name in texts.row(header_row)])
    if not with_header:
        header = [f"column {position}" for position in range(1, texts.width + 1)]
    frame = texts.rename(dict(zip(texts.columns, unique_names(header), strict=True)))
    midnight = pl.all().str.replace(r"^(\d{4}-\d{2}-\d{2}) 00:00:00$", "$1")
    struck, noted = (pl.lit(cells[LINE].is_in(sorted(read.rows(kind)))) for kind in ("struck", "note"))
    marked = pl.when(struck).then(pl.lit(STRUCK)).when(noted).then(pl.lit(NOTED))
    beyond = unnamed(frame.columns[named_columns(header) :])
    frame = frame.with_columns(midnight, pl.coalesce(marked, beyond).alias(RAGGED))
    frame = frame.with_columns(cells[LINE]).slice(header_row + 1 if with_header else 0)
    long = (cells for cells in texts if (cells.str.len_bytes() >= CELL).any())
    full = sum(int((cells.str.len_chars() >= CELL).sum()) for cells in long)
    of_rows = set(cells[LINE][header_row + 1 :])
    around = (mark.text or "" for mark in read.marks if mark.kind == "note" and mark.row not in of_rows)
    titles = [*top.titles, *around]
    skipped = int(cells[LINE][header_row]) - 1  # empty ones too, so that the header has the number of its row
    return Table(
        path,
        "xlsx",
        header,
        sliced(frame),
        skipped=skipped,
        titles=titles,
        sheets=[read.name],
        others=read.others,
        hidden=int(frame[LINE].is_in(sorted(read.rows("hidden"))).sum()),
        full=full,
    )


def has_numbers(path: Path, name: str) -> bool:
    """Whether a cell of a sheet may hold a telephone number. Raises InputError if it cannot be read."""
    return any(map(holds_number, _different_cells(path, name)))


def _different_cells(path: Path, name: str) -> Iterator[str]:
    try:
        cells = read_sheet(path, name).cells
    except EmptySheetError:
        return
    for column in cells:
        yield from column.unique().drop_nulls()


def _values(path: Path, wanted: str | None) -> tuple[pl.DataFrame, pl.DataFrame, list[int]]:
    """The sheets (`name`, `chosen`, `has_cells`), the cells, and the position of each of their columns."""
    rows = frames("spreadsheet", path, _ROWS_AT_ONCE, wanted or "")
    sheets = next(rows)
    if not sheets["chosen"].any():
        names = sheets["name"].to_list()
        what = ("sheet_empty" if wanted in names else "no_sheet") if wanted else "no_visible_sheet"
        kind = EmptySheetError if what == "sheet_empty" else InputError
        raise kind(localized("errors", what, name=wanted, names=quoted(names)), path)
    columns = next(rows)["place"].to_list()
    cells = pl.concat(rows)
    if cells.height >= MOST_ROWS:
        raise InputError(localized("errors", "sheet_full", most=figure(MOST_ROWS)), path)
    return sheets, cells, columns


# Patterns over the bytes of a sheet decide only whether it is read at all, and whether expat has to parse it: expat
# takes five times as long for a sheet of plain cells (2.2 s and 0.4 s for 200,000 rows of 6). If a sheet hides its
# width from the patterns, the memory limit of the sandbox still applies.


def _is_special(part: Member, path: Path, struck: frozenset[str]) -> bool:
    """Whether a sheet may have such marks as `marks_of` finds. Raises InputError if a cell is far away."""
    is_special = b"\0" in part.head()[:4]  # UTF-16, in which the patterns match nothing
    width = 26
    for piece in _pieces(part):
        if _MAY_BE_WIDE.search(piece):
            width = max([width, *(column_of(letters.decode()) + 1 for letters in set(_WIDE.findall(piece)))])
        if not is_special and any(mark in piece for mark in _MARKS):
            is_special = _SPECIAL.search(piece) is not None
        if not is_special and struck:
            is_special = not struck.isdisjoint(style.decode() for style in set(_STYLE.findall(piece)))
    if width * MOST_ROWS > _MOST_CELLS:
        height = max((int(row) for piece in _pieces(part) for row in _DEEP.findall(piece)), default=10_000)
        if width * height > _MOST_CELLS:
            raise InputError(localized("errors", "far_cell"), path)
    return is_special


def _may_strike(texts: Member) -> bool:
    """Whether `struck_texts` may find any of the texts that cells share."""
    blocks = itertools.pairwise(itertools.chain([b""], texts.blocks()))
    pieces = (before[-len("strike") :] + block for before, block in blocks)
    return b"\0" in texts.head()[:4] or any(b"strike" in piece for piece in pieces)


def _pieces(part: Member) -> Iterator[bytes]:
    """The bytes of a sheet, in pieces that end where a cell ends."""
    rest = b""
    for block in part.blocks():
        rest += block
        end = max(rest.rfind(b"</c>") + 4, rest.rfind(b":c>") + 3, rest.rfind(b"<row"), 0)
        if len(rest) - end > _LONGEST_CELL:
            end = rest.rfind(b"<") if rest.rfind(b"<") > 0 else len(rest)
        yield rest[:end]
        rest = rest[end:]
    yield rest


def _with_failed(cells: pl.DataFrame, columns: list[int], failed: list[Mark]) -> pl.DataFrame:
    """Cells with the text of failed ones, including those below the last row that has a value."""
    texts: dict[str, dict[int, str]] = defaultdict(dict)  # by column, then row from 0
    height = cells.height
    for _, column, row, text in failed:
        if not 1 <= row <= MOST_ROWS:
            continue  # no sheet has such a row
        position = min(max(column - columns[0], 0), len(columns) - 1)
        of_column = cells[cells.columns[position]]
        if columns[position] != column and row <= cells.height and of_column[row - 1]:
            continue  # it is to the right of a filled cell, which is kept
        texts[of_column.name][row - 1] = text or ""
        height = max(height, row)
    cells = pl.concat([cells, pl.DataFrame(schema=cells.schema).clear(height - cells.height)])
    return cells.with_columns(cells[name].scatter(list(rows), list(rows.values())) for name, rows in texts.items())
