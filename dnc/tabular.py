"""Files of rows as people have them: CSV, spreadsheet, Parquet, JSON → batches of columns.

Nothing is sniffed by type: cells of CSV and spreadsheets come as text, exactly
as they stand; Parquet and JSON (lines, or one array of objects) keep the types that the file declares.
Rows of a CSV that do not fit the header are kept and marked, never dropped.
Lines before the header (a title, the day of an export) are left out where the
header shows itself below them, and counted. A gzip, and a zip with one file in
it, are read as what they pack.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from dnc.errors import InputError
from dnc.objects import is_json, objects
from dnc.packed import Member, first_bytes, kind_of, members
from dnc.texts import ONE_COLUMN_LIMIT, Ends, Text, head_text, text_of

BATCH_ROWS = 100_000
RAGGED = "\0ragged"  # Boolean column of every batch: the row did not fit the header
LINE = "\0line"  # UInt64 column of every batch: where the row begins, 1-based
DELIMITERS = ",;\t|"
PHONE_WORDS = ("number", "telephone", "phone", "tel", "numero", "portable", "mobile", "fixe", "msisdn", "gsm")
_FIELD_LIMIT = 1 << 20
_BLOCK = 1 << 20
_HEADER_WITHIN = 30  # lines in which a header is looked for
_HEADER_CELL = 40  # characters of a cell that names a column
_FOREIGN = {"%pdf": "a PDF", "<!doctype html": "a web page", "<html": "a web page"}
_REMEDY = {"a web page": "log in and download again"}
_HINT = re.compile(r"^sep=(.)\s*$")
_NUMBER = re.compile(r"""^[\s'"=(]*\+?\d[\d\s().\-/"]*$""")
_DATE = re.compile(r"^\d{1,4}([./-])\d{1,2}\1\d{1,4}(\D.*)?$")


@dataclass(frozen=True)
class Table:
    """A file of rows, opened.

    path: where it came from.
    kind: `csv`, `xlsx`, `parquet` or `json`.
    header: names as they stand in the file, duplicates and blanks included.
    columns: the same, made unique; the names of the batches' columns.
    batches: frames of at most `BATCH_ROWS` rows, in file order, with `columns`, `RAGGED` and `LINE`.
    delimiter, bom: of a CSV; `bom` also where the file was not UTF-8.
    skipped: lines before the header.
    """

    path: Path
    kind: str
    header: list[str]
    batches: Iterator[pl.DataFrame] = field(repr=False)
    delimiter: str = ","
    bom: bool = False
    skipped: int = 0

    @property
    def columns(self) -> list[str]:
        """The header's names, made unique."""
        return unique_names(self.header)


def folded(name: str) -> str:
    """A header or word without case, accents, blanks, underscores and hyphens."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return "".join(c for c in plain.casefold() if c not in " \t\N{NO-BREAK SPACE}_-")


def looks_like_phone(name: str) -> bool:
    """Whether a header names a telephone number in one of the usual words."""
    return any(word in folded(name) for word in PHONE_WORDS)


def unique_names(header: list[str]) -> list[str]:
    """Header names made unique by a counter; blank ones are called `column N`."""
    names: list[str] = []
    for position, name in enumerate(header, 1):
        wanted = base = name or f"column {position}"
        counter = itertools.count(2)
        while wanted in names:
            wanted = f"{base} ({next(counter)})"
        names.append(wanted)
    return names


def open_table(path: str | Path, header: bool = True, strict: bool = False) -> Table:
    """Open a file of rows; the format is told by its first bytes, then by its suffix.

    Without `header` a CSV has none: its columns are `column 1`, `column 2` …
    `strict` is for registries' files: mixed line ends, bytes that fit no encoding,
    and an over-long line of a single column are refused.
    Raises InputError where the file is missing, unreadable, empty or no table.
    """
    path = Path(path)
    kind = kind_of(path)
    if kind == "parquet":
        return _parquet(path)
    if kind == "spreadsheet":
        return _xlsx(path, header)
    member = _only_member(path)
    head = member.head()
    if not head.strip():
        raise InputError("the file is empty", path)
    refuse_foreign(head, path, member.name)
    if is_json(head, member.name):
        return _json(path, text_of(member, strict))
    return _csv(path, text_of(member, strict), header, strict)


def _only_member(path: Path) -> Member:
    found = members(path)
    if len(found) > 1:
        raise InputError(f"holds {len(found)} files; take out the one that is the table", path)
    return found[0]


def refuse_foreign(head: bytes, path: Path, name: str) -> None:
    """Raise InputError where the first bytes are those of a web page or a PDF, whatever the name says."""
    if what := foreign(head):
        suffix = Path(name).suffix.lower()
        named = f"named {suffix} but is" if suffix else "is"
        raise InputError(f"{named} {what}; {_REMEDY.get(what, 'ask for the file as CSV')}", path)


def foreign(head: bytes) -> str | None:
    """What else a file is by its first bytes: a PDF, a web page; None where neither."""
    start = head_text(head[:64]).lstrip("\ufeff \t\r\n").lower()
    return next((what for magic, what in _FOREIGN.items() if start.startswith(magic)), None)


def each_distinct(cells: pl.DataFrame, function: Callable[..., object], schema: dict[str, Any]) -> pl.DataFrame:
    """Apply a function to each distinct row of cells, once.

    Returns a frame of the same height and order with the columns of `schema`;
    the function takes a row's cells and gives a row of them.
    """
    cells = cells.rename(lambda name: f"by {name}")
    distinct = cells.unique(maintain_order=True)
    answers = pl.DataFrame([function(*row) for row in distinct.iter_rows()], schema=schema, orient="row")
    answers = distinct.hstack(answers)
    joined = cells.join(answers, on=cells.columns, how="left", nulls_equal=True, maintain_order="left")
    return joined.select(schema.keys())


def count_rows(path: Path) -> int:
    """About how many rows a file has, told quickly: of a text its line ends, else what its format says."""
    if first_bytes(path, 4) == b"PAR1":
        return int(pl.scan_parquet(path, glob=False).select(pl.len()).collect().item())
    with path.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(_BLOCK), b""))


# CSV


def guess_delimiter(line: str) -> str:
    """The delimiter that stands most often outside quotes in a line; a comma where none does."""
    outside = "".join(line.split('"')[::2])
    counts = Counter(char for char in outside if char in DELIMITERS)
    return max(DELIMITERS, key=lambda char: counts[char]) if counts else ","


def _names_a_number(cell: str) -> bool:
    return len(cell) <= _HEADER_CELL and looks_like_phone(cell) and sum(map(str.isdigit, cell)) < 3


def _is_number(cell: str) -> bool:
    """Whether a cell could be a telephone number: then its row is data, and no line before a header."""
    cell = cell.strip()
    return bool(_NUMBER.match(cell)) and 6 <= sum(map(str.isdigit, cell)) <= 15 and not _DATE.match(cell)


def _header_at(rows: Iterable[list[str]]) -> int:
    """Position of the header among the first rows; 0 unless it shows itself further down.

    A header below the first row is believed where it names a telephone number, is
    wider than all rows before it, and no row down to it holds a number.
    """
    rows = [[cell.strip() for cell in row if cell.strip()] for row in rows]
    single = max(map(len, rows), default=0) == 1
    widest = 0
    for position, cells in enumerate(rows):
        if any(map(_is_number, cells)):
            return 0
        named = any(map(_names_a_number, cells))
        if named and (single or (len(cells) > max(widest, 1))):
            return position
        widest = max(widest, len(cells))
    return 0


@dataclass(frozen=True)
class _Start:
    """Where the header of a CSV stands: lines before it, and the delimiter."""

    skipped: int
    delimiter: str


def _start_of(lines: Iterable[str]) -> _Start:
    first = list(itertools.islice(lines, _HEADER_WITHIN))
    hint = _HINT.match(first[0]) if first else None
    skipped = 1 if hint else 0
    if not hint:
        rows = [next(csv.reader([line], delimiter=guess_delimiter(line)), []) for line in first]
        skipped = _header_at(rows)
    delimiter = hint[1] if hint else guess_delimiter(next((one for one in first[skipped:] if one.strip()), ""))
    return _Start(skipped, delimiter)


def head_rows(head: bytes) -> tuple[list[str], int]:
    """The first row of a text of which only the first bytes are known, and how many lines stand before it."""
    lines = list(io.StringIO(head_text(head).removeprefix("\ufeff"), newline=""))
    start = _start_of(lines)
    _, cells = next(csv_records(lines[start.skipped :], start.delimiter, None), (0, []))
    return cells, start.skipped


class _Lines:
    """Physical lines of a text with push-back, remembering those of the record being read."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._source = iter(lines)
        self._waiting: list[str] = []
        self.record: list[str] = []
        self.number = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._waiting.pop() if self._waiting else next(self._source)
        self.number += 1
        self.record.append(line)
        return line

    def push_back(self, lines: list[str]) -> None:
        self._waiting.extend(reversed(lines))
        self.number -= len(lines)


def _ill_quoted(lines: list[str], delimiter: str) -> bool:
    """Whether a quote is never closed, or closed in the middle of a cell."""
    try:
        list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error:
        return True
    return False


def csv_records(
    lines: Iterable[str], delimiter: str, width: int | None, see: Callable[[str, int], None] | None = None
) -> Iterator[tuple[int, list[str]]]:
    """Records of a CSV as (line number, cells); blank lines are none.

    A quote that was opened and not meant swallows the lines behind it. So a
    record of several lines that does not have `width` cells, or whose quotes are
    not closed as they should, is read again: its first line without quoting, the others afresh.
    `see` is told the last line of each record, with its number.
    """
    source = _Lines(lines)
    while True:
        source.record = []
        start = source.number + 1
        try:
            cells = next(csv.reader(source, delimiter=delimiter), None)
        except csv.Error:
            cells = []
        if cells is None:
            return
        if len(source.record) > 1 or not cells:
            first, rest = source.record[0], source.record[1:]
            misread = (width is not None and len(cells) != width) or _ill_quoted(source.record, delimiter)
            if misread and first.strip("\r\n"):
                source.push_back(rest)
                cells = next(csv.reader([first], delimiter=delimiter, quoting=csv.QUOTE_NONE))
                source.record = [first]
        if see:
            see(source.record[-1], source.number)
        if cells:
            yield start, cells


def _fitted(cells: list[str], width: int, delimiter: str) -> tuple[list[str | None], bool]:
    """Cells brought to `width`, surplus text kept in the last; and whether there was any."""
    surplus = cells[width:]
    ragged = any(cell.strip() for cell in surplus)
    kept: list[str | None] = [*cells[:width]]
    if ragged:
        kept[-1] = delimiter.join(cells[width - 1 :])
    return kept + [None] * (width - len(kept)), ragged


def _frames(rows: Iterable[tuple[int, list[str | None], bool]], columns: list[str]) -> Iterator[pl.DataFrame]:
    schema: dict[str, type[pl.DataType]] = dict.fromkeys(columns, pl.String)
    while chunk := list(itertools.islice(rows, BATCH_ROWS)):
        data = zip(*(cells for _, cells, _ in chunk), strict=True)
        frame = pl.DataFrame(dict(zip(columns, map(list, data), strict=True)), schema=schema)
        yield frame.with_columns(
            pl.Series(RAGGED, [ragged for *_, ragged in chunk], dtype=pl.Boolean),
            pl.Series(LINE, [line for line, *_ in chunk], dtype=pl.UInt64),
        )


def _csv(path: Path, text: Text, with_header: bool, strict: bool) -> Table:
    csv.field_size_limit(_FIELD_LIMIT)
    start = _start_of(text.lines())
    see = Ends(text.member).see if strict else None

    def records(width: int | None, limit: int) -> Iterator[tuple[int, list[str]]]:
        lines = itertools.islice(text.lines(limit), start.skipped, None)
        for number, cells in csv_records(lines, start.delimiter, width, see):
            yield number + start.skipped, cells

    _, header = next(records(None, _FIELD_LIMIT), (0, []))
    limit = ONE_COLUMN_LIMIT if strict and len(header) == 1 else _FIELD_LIMIT
    rows = records(len(header), limit)
    if with_header:
        next(rows)
    else:
        header = [f"column {position}" for position in range(1, len(header) + 1)]
    fitted = ((line, *_fitted(cells, len(header), start.delimiter)) for line, cells in rows)
    batches = _frames(fitted, unique_names(header))
    bom = text.encoding != "utf-8"
    return Table(path, "csv", header, batches, start.delimiter, bom, start.skipped)


# Spreadsheets, Parquet, JSON


def _xlsx(path: Path, with_header: bool) -> Table:
    cells = _first_sheet(path)
    at = _header_at([[cell or "" for cell in row] for row in cells.head(_HEADER_WITHIN).drop(LINE).iter_rows()])
    texts = cells.drop(LINE)
    header = [name or "" for name in texts.row(at)]
    if not with_header:
        header = [f"column {position}" for position in range(1, texts.width + 1)]
    frame = texts.rename(dict(zip(texts.columns, unique_names(header), strict=True)))
    midnight = pl.all().str.replace(r"^(\d{4}-\d{2}-\d{2}) 00:00:00$", "$1")
    frame = frame.with_columns(midnight).with_columns(cells[LINE]).slice(at + 1 if with_header else 0)
    return Table(path, "xlsx", header, _sliced(frame), skipped=at)


def _first_sheet(path: Path) -> pl.DataFrame:
    """The cells of the first sheet as text, rows that are empty left out, with `LINE`."""
    import fastexcel

    try:
        sheet = fastexcel.read_excel(path).load_sheet(0, header_row=None, dtypes="string")
        cells = sheet.to_polars()
    except Exception as error:
        raise InputError(f"cannot be read as a spreadsheet ({type(error).__name__})", path) from None
    number = pl.int_range(1, pl.len() + 1, dtype=pl.UInt64).alias(LINE)
    cells = cells.with_columns(number).filter(~pl.all_horizontal(pl.exclude(LINE).is_null()))
    if not cells.height:
        raise InputError("the first sheet is empty", path)
    return cells


def _parquet(path: Path) -> Table:
    try:
        scan = pl.scan_parquet(path, glob=False)
        header = scan.collect_schema().names()
    except (pl.exceptions.PolarsError, OSError):
        raise InputError("cannot be read as Parquet", path) from None

    def batches() -> Iterator[pl.DataFrame]:
        first = 1
        for batch in scan.collect_batches(chunk_size=BATCH_ROWS, maintain_order=True):
            yield from _sliced(batch, first)
            first += batch.height

    return Table(path, "parquet", header, batches())


def _json(path: Path, text: Text) -> Table:
    header = list(dict.fromkeys(name for _, value in objects(text) for name in value))

    def batches() -> Iterator[pl.DataFrame]:
        rows = objects(text)
        while chunk := list(itertools.islice(rows, BATCH_ROWS)):
            data = {name: _cells(name, [row.get(name) for _, row in chunk]) for name in header}
            data[LINE] = pl.Series(LINE, [number for number, _ in chunk], dtype=pl.UInt64)
            yield from _sliced(pl.DataFrame(data))

    return Table(path, "json", header, batches())


def _cells(name: str, values: list[Any]) -> pl.Series:
    """Values of JSON as a column; nested ones that stand beside others are text."""
    series = pl.Series(name, values, strict=False)
    kinds = {type(value) for value in values if value is not None}
    if series.dtype != pl.Object and (len(kinds) <= 1 or not kinds & {dict, list}):
        return series
    texts = [json.dumps(one, ensure_ascii=False) if isinstance(one, dict | list | bool) else one for one in values]
    return pl.Series(name, texts, dtype=pl.String, strict=False)


def _sliced(frame: pl.DataFrame, first: int = 1) -> Iterator[pl.DataFrame]:
    """Batches of a frame with `RAGGED`, and `LINE` counted from `first` where it has none."""
    if LINE not in frame.columns:
        frame = frame.with_columns(pl.int_range(first, first + pl.len(), dtype=pl.UInt64).alias(LINE))
    for batch in frame.iter_slices(BATCH_ROWS):
        yield batch.with_columns(pl.lit(False).alias(RAGGED))
