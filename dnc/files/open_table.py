"""Open a file of rows: CSV, spreadsheet, Parquet or JSON (lines, or one array of objects).

Types are never guessed: the cells of CSV and spreadsheets are text, exactly as they are in the file; Parquet and JSON
keep the types that the file declares. A gzip, and a zip with one file in it, are read as the file inside.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from dnc.errors import InputError
from dnc.files.archive import kind_of, members
from dnc.files.cell_types import of_json
from dnc.files.csv_reader import read_csv
from dnc.files.encoding import DecodedText, text_of
from dnc.files.file_kinds import other_kind
from dnc.files.input_file import open_input
from dnc.files.json_reader import is_json, objects
from dnc.files.table import BATCH_ROWS, LINE, Table, batch_rows, sliced, typed_table
from dnc.messages import figure, localized

_BATCH_CHARACTERS = 1 << 26  # of objects, which are twenty times as large in memory
_MOST_KEYS = 2_048  # of all objects together: each becomes a column of every row
_MOST_CELLS = 1 << 24  # of objects, in any file
_CELLS_OF_CHARACTER = 4  # in a larger file: cells of all rows and columns, per character of the file
_BLOCK = 1 << 22  # bytes
_TABLES = (".csv", ".txt", ".tsv", ".json", ".jsonl", ".ndjson", ".parquet", ".xlsx", ".gz", ".zip")


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
        from dnc.files.spreadsheet import read_table  # most lists are CSV

        return read_table(path, header, sheet)
    refuse_sheet(kind, sheet, path)
    if kind == "parquet":
        return _parquet(path)
    text = only_text(path, strict)
    member, head = text.member, text.member.head()
    table = _of_objects(path, text) if is_json(head, member.name) else read_csv(path, text, header, strict)
    within = re.split(r"[/\\]", str(member.where.relative_to(path))) if kind == "zip" else []
    return replace(table, paths=[path, *map(Path, within)]) if within else table


def refuse_sheet(kind: str, sheet: str | None, path: Path) -> None:
    """Raise InputError where a sheet is named of a file that is not a spreadsheet."""
    if kind != "spreadsheet" and sheet is not None:
        raise InputError(localized("errors", "no_sheets"), path)


def only_text(path: Path, strict: bool = True) -> DecodedText:
    """A file as text; `strict` and errors as for `dnc.files.encoding.text_of`.

    Raises InputError if it is empty, has several files in it, or its first bytes show that it is no text.
    """
    found = members(path)
    if len(found) > 1:
        raise InputError(localized("errors", "several_files", n=len(found)), path)
    head = found[0].head()
    if not head.strip():
        raise InputError(localized("errors", "file_empty"), path)
    refuse_foreign(head, path, found[0].name)
    return text_of(found[0], strict)


def refuse_foreign(head: bytes, path: Path, name: str, xml: bool = True) -> None:
    """Raise InputError where the first bytes show that this is not a table, whatever its name; see `other_kind`."""
    if kind := other_kind(head, xml):
        suffix = Path(name).suffix.lower()
        what = localized("errors", "kind", kind)
        raise InputError(
            localized("errors", "named_but_is" if suffix in _TABLES else "is_other", suffix=suffix, what=what), path
        )


def _parquet(path: Path) -> Table:
    from dnc.files.sandbox import frames

    rows = frames("parquet", path, BATCH_ROWS)
    next(rows)  # their number
    return typed_table(path, "parquet", next(rows).schema, rows)


def _of_objects(path: Path, text: DecodedText) -> Table:
    """A table of JSON objects."""
    names = _keys(objects(text), text.member.where)

    def batches() -> Iterator[pl.DataFrame]:
        for chunk in _chunks(objects(text), batch_rows(len(names))):
            columns = zip(table.columns, names, strict=True)
            cells = [of_json(column, [values.get(name) for _, values, _ in chunk]) for column, name in columns]
            lines = pl.Series(LINE, [line for line, *_ in chunk], dtype=pl.UInt64)
            yield from sliced(pl.DataFrame([*cells, lines]))

    table = Table(path, "json", names, batches(), misfits=[text.misfit] if text.misfit else [])
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
    """A quick estimate of the rows of a file: its line ends, or what a Parquet file declares. Raises InputError."""
    with open_input(path) as file:
        if file.read(4) == b"PAR1":
            from dnc.files.sandbox import frames

            return int(next(frames("parquet", path, 1)).item())
        file.seek(0)
        return sum(block.count(b"\n") for block in iter(lambda: file.read(_BLOCK), b""))
