"""Open a file of rows: CSV, spreadsheet, Parquet, vCard or JSON (lines, or one array of objects).

Types are never guessed: the cells of CSV and spreadsheets are text, exactly as they are in the file; Parquet and JSON
keep the types that the file declares. A gzip, and a zip with one file in it, are read as the file inside.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from dnc.errors import InputError
from dnc.files import vcard
from dnc.files.archive import Member, kind_of, members
from dnc.files.cell_types import of_json
from dnc.files.csv_reader import read_csv
from dnc.files.encoding import DecodedText, text_of
from dnc.files.file_kinds import other_kind
from dnc.files.input_file import open_input
from dnc.files.json_reader import is_json, objects
from dnc.files.table import (
    BATCH_ROWS,
    CELL,
    HEADER_WITHIN,
    LINE,
    NOTED,
    RAGGED,
    STRUCK,
    Table,
    batch_rows,
    heading,
    named_columns,
    sliced,
    typed_table,
    unique_names,
    unnamed,
)
from dnc.messages import figure, localized

_BATCH_CHARACTERS = 1 << 26  # of objects, which are twenty times as large in memory
_MOST_KEYS = 2_048  # of all objects together: each becomes a column of every row
_MOST_CELLS = 1 << 24  # of objects, in any file
_CELLS_OF_CHARACTER = 4  # in a larger file: cells of all rows and columns, per character of the file
_BLOCK = 1 << 22  # bytes
_TABLES = (
    *(".csv", ".txt", ".tsv", ".json", ".jsonl", ".ndjson", ".parquet"),
    *(".xls", ".xlsx", ".xlsb", ".ods", ".gz", ".zip"),
)


_Object = tuple[int, Mapping[str, Any], int]  # the line where it begins, its values, and its length in the file


def open_table(path: str | Path, header: bool = True, strict: bool = False, sheet: str | None = None) -> Table:
    """Open a file of rows. The format follows from its first bytes, or else from its suffix.

    header: whether the first row holds column names; if not, the columns are `column 1`, `column 2` …
    strict: for registry files: refuse mixed line endings, bytes that no encoding allows, and very long lines in a file
        of one column; but not a header that no row fits.
    sheet: of a spreadsheet, hidden or not; by default the first visible one that holds anything.

    Raises InputError where the file is missing, unreadable, empty, or not a table.
    """
    path = Path(path)
    kind = kind_of(path)
    if kind == "spreadsheet":
        return _spreadsheet(path, header, sheet)
    refuse_sheet(kind, sheet, path)
    if kind == "parquet":
        return _parquet(path)
    member = _only_member(path)
    head = member.head()
    if not head.strip():
        raise InputError(localized("errors", "file_empty"), path)
    refuse_foreign(head, path, member.name)
    text = text_of(member, strict)
    if is_json(head, member.name):
        table = _of_objects(path, text, objects, kind="json", series=of_json)
    elif vcard.is_vcard(head):
        table = _of_objects(path, text, vcard.cards, kind="vcard", series=partial(pl.Series, dtype=pl.String))
    else:
        table = read_csv(path, text, header, strict)
    within = re.split(r"[/\\]", str(member.where.relative_to(path))) if kind == "zip" else []
    return replace(table, paths=[path, *map(Path, within)]) if within else table


def refuse_sheet(kind: str, sheet: str | None, path: Path) -> None:
    """Raise InputError where a sheet is named of a file that is not a spreadsheet."""
    if kind != "spreadsheet" and sheet is not None:
        raise InputError(localized("errors", "no_sheets"), path)


def _only_member(path: Path) -> Member:
    found = members(path)
    if len(found) > 1:
        raise InputError(localized("errors", "several_files", n=len(found)), path)
    return found[0]


def refuse_foreign(head: bytes, path: Path, name: str, xml: bool = True) -> None:
    """Raise InputError where the first bytes show that this is not a table, whatever its name; see `other_kind`."""
    if kind := other_kind(head, xml):
        suffix = Path(name).suffix.lower()
        what = localized("errors", "kind", kind)
        raise InputError(
            localized("errors", "named_but_is" if suffix in _TABLES else "is_other", suffix=suffix, what=what), path
        )


def _spreadsheet(path: Path, with_header: bool, sheet: str | None) -> Table:
    from dnc.files.spreadsheet import read_sheet  # most lists are CSV

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
    altered, noted = (pl.lit(cells[LINE].is_in(sorted(read.rows(kind)))) for kind in ("altered", "note"))
    marked = pl.when(altered).then(pl.lit(STRUCK)).when(noted).then(pl.lit(NOTED))
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
        unmarked=[] if read.xml else [path],
        colours=read.colours(path, skipped + 1),
        rules=read.rules,
        hidden=int(frame[LINE].is_in(sorted(read.rows("hidden"))).sum()),
        full=full,
    )


def _parquet(path: Path) -> Table:
    from dnc.files.sandbox import frames

    rows = frames("parquet", path, BATCH_ROWS)
    return typed_table(path, "parquet", next(rows).schema, rows)


def _of_objects(
    path: Path,
    text: DecodedText,
    read: Callable[[DecodedText], Iterator[_Object]],
    *,
    kind: str,
    series: Callable[[str, list[Any]], pl.Series],
) -> Table:
    """A table of objects. read: their reader. series: makes a column of the values under a name."""
    names = _keys(read(text), text.member.where)

    def batches() -> Iterator[pl.DataFrame]:
        for chunk in _chunks(read(text), batch_rows(len(names))):
            columns = zip(table.columns, names, strict=True)
            cells = [series(column, [values.get(name) for _, values, _ in chunk]) for column, name in columns]
            lines = pl.Series(LINE, [line for line, *_ in chunk], dtype=pl.UInt64)
            yield from sliced(pl.DataFrame([*cells, lines]))

    table = Table(path, kind, names, batches(), misfits=[text.misfit] if text.misfit else [])
    return table


def _keys(objects: Iterator[_Object], where: Path) -> list[str]:
    """The keys of all objects, in the order in which they first appear. Raises InputError where they are too many."""
    names: dict[str, None] = {}
    rows = characters = line = 0
    for line, values, size in objects:
        rows, characters = rows + 1, characters + size
        names.update(dict.fromkeys(values))
        if len(names) > _MOST_KEYS:
            raise InputError(localized("errors", "keys", "many", most=figure(_MOST_KEYS)), where, line)
    if rows * len(names) > max(_MOST_CELLS, _CELLS_OF_CHARACTER * characters):
        empty = localized("errors", "keys", "empty", rows=figure(rows), keys=figure(len(names)))
        raise InputError(empty, where, line)
    return list(names)


def _chunks(objects: Iterator[_Object], rows: int) -> Iterator[list[_Object]]:
    """Lists of at most `rows` objects, and of about `_BATCH_CHARACTERS` characters."""
    chunk: list[_Object] = []
    length = 0
    for one in objects:
        chunk.append(one)
        length += one[2]
        if len(chunk) >= rows or length >= _BATCH_CHARACTERS:
            yield chunk
            chunk, length = [], 0
    if chunk:
        yield chunk


def count_rows(path: Path) -> int:
    """A quick estimate of the rows of a file: its line ends, or what a Parquet file declares."""
    with open_input(path) as file:
        if file.read(4) == b"PAR1":
            from dnc.files.parquet_counts import declared_rows

            return declared_rows(file)
        file.seek(0)
        return sum(block.count(b"\n") for block in iter(lambda: file.read(_BLOCK), b""))
