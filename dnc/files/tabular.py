"""Files of rows as people have them: CSV, spreadsheet, Parquet, JSON → batches of columns.

Nothing is sniffed by type: cells of CSV and spreadsheets come as text, exactly
as they stand; Parquet and JSON (lines, or one array of objects) keep the types that the file declares.
Rows of a CSV that do not fit the header are kept and marked, never dropped.
Lines before the header (a title, the day of an export) are left out where the
header shows itself below them, and counted. A gzip, and a zip with one file in
it, are read as what they pack.
"""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import polars as pl

from dnc.errors import InputError
from dnc.files.archive import Member, kind_of, members
from dnc.files.cell_types import carried, of_json
from dnc.files.durable import handed
from dnc.files.encoding import ONE_COLUMN_LIMIT, Ends, Misfit, Text, head_text, text_of
from dnc.files.json_reader import is_json, keys, objects
from dnc.files.sandbox import frames
from dnc.files.sandbox_worker import rows_told
from dnc.files.signatures import other_kind
from dnc.files.spreadsheet import CELL, first_sheet
from dnc.numbers.normalise import cleaned

_T = TypeVar("_T")
BATCH_ROWS = 500_000
_BATCH_CELLS = 1 << 24
_BATCH_BYTES = 1 << 28
_BATCH_CHARACTERS = 1 << 26  # of JSON, which is twenty times as large in memory
_MOST_COLUMNS = 1 << 14  # as many as a spreadsheet has
_LONGEST_NAME = 10_000  # characters
_FIRST_ROWS = 50_000  # at once at first, so that those who wait for rows begin soon
_FEW = 100  # rows
_DENSE = 8  # times as many places as rows are kept for numbering them
RAGGED = "\0ragged"  # String column of every batch: why a row does not fit the header; null where it does
FEWER = "the row has fewer cells than the header"
MORE = "the row has more cells than the header"
UNEVEN = "most rows have more or fewer cells than the header, and not all of them as many"
UNNAMED = "the row has text behind the last column with a name"
QUOTED = "a quotation mark in the row is not closed in its cell"
LINE = "\0line"  # UInt64 column of every batch: where the row begins, 1-based
DELIMITERS = ",;\t|"
PHONE_WORDS = ("number", "telephone", "phone", "tel", "numero", "portable", "mobile", "fixe", "msisdn", "gsm")
_FIELD_LIMIT = 1 << 20
_WIDE = 1_000  # cells of a row beyond which quoted rows are read with care; patterns of more do not compile
_BLOCK = 1 << 22  # bytes
_HEADER_WITHIN = 30  # lines in which a header is looked for
_NAMED = 20  # columns that are named in a message
_HEADER_CELL = 40  # characters of a cell that names a column
_TABLES = (
    ".csv",
    ".txt",
    ".tsv",
    ".xls",
    ".xlsx",
    ".xlsb",
    ".ods",
    ".json",
    ".jsonl",
    ".ndjson",
    ".parquet",
    ".gz",
    ".zip",
)
_PATTERN = re.compile(r"\*$|\^.*\$$", re.DOTALL)
_HINT = re.compile(r"""^sep=([^\w"\r\n])\s*$""")
_NUMBER = re.compile(r"""^[\s'"=(]*\+?\d[\d\s().\-/"]*$""")
_DATE = re.compile(r"^\d{1,4}([./-])\d{1,2}\1\d{1,4}(\D.*)?$")
_DIGITS = re.compile(r"\d(?:[^a-z\d,;|]{0,3}\d){7,}|\d(?:[.,]\d+)?E\+\d\d", re.IGNORECASE)
_YEAR, _MONTH, _DAY = "(?:19|20)[0-9]{2}", "(?:0?[1-9]|1[0-2])", "(?:0?[1-9]|[12][0-9]|3[01])"
_WHEN = rf"(?:{_YEAR}(?:[-./]?{_MONTH}(?:[-./]?{_DAY})?)?|(?:{_DAY}[-./])?(?:{_DAY}[-./])?{_YEAR})"
_DAYS = re.compile(rf"{_WHEN}(?:\W+{_WHEN})*")
_ADDRESS = re.compile(r"\w@\w[\w.-]*\.\w")


@dataclass
class Table:
    """A file of rows, opened.

    path: where it came from.
    kind: `csv`, `xlsx`, `parquet` or `json`.
    header: names as they stand in the file, duplicates and blanks included.
    columns: the same, made unique; the names of the batches' columns.
    batches: frames of at most `BATCH_ROWS` rows, in file order, with `columns`, `RAGGED` and `LINE`.
    delimiter, bom: of a CSV; `bom` also where the file was not UTF-8.
    skipped: lines before the header. others: sheets of a spreadsheet that were not read.
    misfits: why a text was not read as UTF-8, where it was not.
    full: cells of a spreadsheet with as many characters as a cell holds; what was longer was cut by who wrote it.
    Of several files in a row these three, and the batches, grow as one after the other is opened.
    """

    path: Path
    kind: str
    header: list[str]
    batches: Iterator[pl.DataFrame] = field(repr=False)
    delimiter: str = ","
    bom: bool = False
    skipped: int = 0
    others: list[str] = field(default_factory=list)
    misfits: list[Misfit] = field(default_factory=list)
    full: int = 0

    def __post_init__(self) -> None:
        if len(self.header) > _MOST_COLUMNS:
            raise InputError(f"has more than {_MOST_COLUMNS:,} columns; leave out those that are not needed", self.path)
        for position, name in enumerate(self.header, 1):
            if "\0" in name:
                raise InputError(f"the name of column {position} holds a NUL character; rename it", self.path)
            if len(name) > _LONGEST_NAME:
                what = f"the name of column {position} has more than {_LONGEST_NAME:,} characters"
                raise InputError(f"{what}; is a quote not closed there?", self.path)

    @property
    def columns(self) -> list[str]:
        """The header's names, made unique."""
        return unique_names(self.header)


def folded(name: str) -> str:
    """A header or word without case, accents, blanks, marks that do not show, underscores and hyphens."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if unicodedata.category(c) not in ("Mn", "Cf"))
    return "".join(c for c in plain.casefold() if not c.isspace() and c not in "_-")


def looks_like_phone(name: str) -> bool:
    """Whether a header names a telephone number in one of the usual words."""
    return any(word in folded(name) for word in PHONE_WORDS)


def holds_number(cell: str) -> bool:
    """Whether a text holds what could be a telephone number, with or without a label or a note, in any national form.

    Eight digits or more that are no years and no days; and a number that a spreadsheet has spoilt (6,12E+08).
    """
    plain = "".join(c for c in unicodedata.normalize("NFKC", cell) if unicodedata.category(c) != "Cf")
    # Eight digits and nothing else may be a day, but then there are countries in which they are a number.
    bare = plain.strip().isdecimal()
    return any(bare or not _DAYS.fullmatch(found[0]) for found in _DIGITS.finditer(plain))


def refuse_data_as_header(header: Iterable[str], path: Path, line: int = 1) -> None:
    """Raise InputError where a header holds a telephone number or an e-mail address: then it is a row, not names."""
    for name in header:
        what = "numbers" if holds_number(name) else "e-mail addresses" if _ADDRESS.search(name) else None
        if what:
            why = f"the first row holds {what}, not names; the names of the columns, such as 'number', must stand first"
            raise InputError(why, path, line)


def may_be_data(name: str) -> bool:
    """Whether the name of a column has three digits or an `@`: it may be a row's, and no message shows it."""
    return sum(map(str.isdigit, name)) >= 3 or "@" in name


def quoted(names: Collection[str]) -> str:
    """Names of columns as messages show them: none where one may be data, since then all may be those of a row."""
    if any(map(may_be_data, names)):
        return "(not shown, because of digits or an @ in it)"
    shown = ", ".join(repr(name[:_HEADER_CELL]) for name in itertools.islice(names, _NAMED))
    return shown + " …" * (len(names) > _NAMED)


def unique_names(header: list[str]) -> list[str]:
    """Header names made unique by a counter; blank ones, and those that Polars takes for a pattern, `column N`."""
    names: dict[str, None] = {}
    counters: dict[str, Iterator[int]] = {}
    for position, name in enumerate(header, 1):
        wanted = base = f"column {position}" if not name or _PATTERN.match(name) else name
        while wanted in names:
            wanted = f"{base} ({next(counters.setdefault(base, itertools.count(2)))})"
        names[wanted] = None
    return list(names)


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
        raise InputError("the file is empty; export it again", path)
    refuse_foreign(head, path, member.name)
    if is_json(head, member.name):
        return _json(path, text_of(member, strict))
    return _csv(path, text_of(member, strict), header, strict)


def _only_member(path: Path) -> Member:
    found = members(path)
    if len(found) > 1:
        raise InputError(f"holds {len(found)} files; take out the one that is the table", path)
    return found[0]


def refuse_foreign(head: bytes, path: Path, name: str, xml: bool = True) -> None:
    """Raise InputError where the first bytes are those of something else, whatever the name says; see `other_kind`."""
    if what := other_kind(head, xml):
        suffix = Path(name).suffix.lower()
        raise InputError(f"named {suffix} but is {what}" if suffix in _TABLES else f"is {what}", path)


def numbered(rows: pl.DataFrame) -> tuple[pl.Series, pl.DataFrame]:
    """Number the distinct rows of a frame: for each row its number (UInt32), and the distinct rows in that order."""
    if rows.height <= 1:
        return pl.Series([0] * rows.height, dtype=pl.UInt32), rows
    keys = [column for column in rows if not _is_constant(column)]
    if not keys:
        return pl.zeros(rows.height, pl.UInt32, eager=True), rows.head(1)
    place, places = _packed(keys) or (None, 0)
    if place is not None and places <= _DENSE * rows.height + _FEW:
        number, first = _numbered_at_places(place.cast(pl.UInt32), places)
        return number, rows[first]
    alike = pl.DataFrame(keys if place is None else [place]).with_row_index("\0at")
    alike = alike.group_by(pl.exclude("\0at"), maintain_order=True).agg("\0at")
    each = alike.select("\0at").with_row_index("\0number").explode("\0at")
    number = pl.zeros(rows.height, pl.UInt32, eager=True).scatter(each["\0at"], each["\0number"])
    return number, rows[alike["\0at"].list.first()]


def _packed(keys: list[pl.Series]) -> tuple[pl.Series, int] | None:
    """Whole numbers of a row as one (UInt64), and how many it may be; None where one does not hold them."""
    large = (pl.Int128, pl.UInt128)
    if not all(
        (kind := one.dtype) not in large and (kind.is_integer() or kind in (pl.Date, pl.Boolean)) for one in keys
    ):
        return None
    place, places = pl.Series([0], dtype=pl.UInt64), 1
    for column in keys:
        values = column if column.dtype.is_integer() else column.to_physical()
        if not values.dtype.is_unsigned_integer():
            values = values.cast(pl.Int64)
        low, high = int(values.min()), int(values.max())  # type: ignore[arg-type]
        span = high - low + 2  # null is one more
        places *= span
        if places >= 1 << 63:
            return None
        value = (values - low).cast(pl.UInt64) + 1
        place = place * span + (value.fill_null(0) if value.null_count() else value)
    return place, places


def _numbered_at_places(place: pl.Series, places: int) -> tuple[pl.Series, pl.Series]:
    """Number places by their first appearance: for each row its number, and the rows where each appears first."""
    row = pl.int_range(0, place.len(), dtype=pl.UInt32, eager=True)
    met = pl.Series([0], dtype=pl.UInt32).new_from_index(0, places)
    met = met.scatter(place.reverse(), row.reverse())  # the last one stays
    first = row.filter(met[place] == row)
    met = met.scatter(place[first], row.head(first.len()))
    return met[place], first


def _is_constant(column: pl.Series) -> bool:
    """Whether all cells are the same; a few are looked at before all are."""
    return column.head(_FEW).n_unique() <= 1 and (column.len() <= _FEW or column.eq_missing(column.head(1)).all())


def each_distinct(cells: pl.DataFrame, function: Callable[..., object], schema: dict[str, Any]) -> pl.DataFrame:
    """Apply a function to each distinct row of cells, once.

    Returns a frame of the same height and order with the columns of `schema`;
    the function takes a row's cells and gives a row of them.
    """
    number, distinct = numbered(cells) if cells.height > 1 else (None, cells)
    answers = pl.DataFrame([function(*row) for row in distinct.iter_rows()], schema=schema, orient="row")
    return answers if number is None else answers[number]


def ahead(frames: Iterator[_T]) -> Iterator[_T]:
    """The same, each made while the one before it is used."""
    with ThreadPoolExecutor(max_workers=1) as worker:
        coming = worker.submit(next, frames, None)
        while (frame := coming.result()) is not None:
            coming = worker.submit(next, frames, None)
            yield frame


def count_rows(path: Path) -> int:
    """About how many rows a file has, told quickly: of a text its line ends, else what its format says."""
    with handed(path) as file:
        if file.read(4) == b"PAR1":
            return rows_told(file)
        file.seek(0)
        return sum(block.count(b"\n") for block in iter(lambda: file.read(_BLOCK), b""))


# CSV


def guess_delimiter(line: str) -> str:
    """The delimiter that stands most often outside quotes in a line; a comma where none does."""
    outside = _outside_quotes(line)
    counts = Counter(char for char in outside if char in DELIMITERS)
    return max(DELIMITERS, key=lambda char: counts[char]) if counts else ","


def _names_a_number(cell: str) -> bool:
    return len(cell) <= _HEADER_CELL and looks_like_phone(cell) and not may_be_data(cell)


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
        if any(_is_number(cell) or holds_number(cell) for cell in cells):
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
    source = _Lines(["".join(lines[start.skipped :]).encode()])
    return next((cells for _, cells, _ in _csv_records(source, start.delimiter)), []), start.skipped


class _Lines:
    """Physical lines of a text with push-back, remembering those of the record being read.

    They come in blocks; what is left of a block can be taken, and given back, as a whole.
    number: lines read so far.
    """

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = iter(blocks)
        self._waiting: list[str] = []  # last line first
        self.record: list[str] = []
        self.number = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        while not self._waiting:
            self.put_block(next(self._blocks))
        line = self._waiting.pop()
        self.number += 1
        self.record.append(line)
        return line

    def push_back(self, lines: list[str]) -> None:
        self._waiting.extend(reversed(lines))
        self.number -= len(lines)

    @property
    def at_seam(self) -> bool:
        """Whether the next line begins a block."""
        return not self._waiting

    def take_block(self) -> bytes | None:
        if self.at_seam:
            return next(self._blocks, None)
        rest = "".join(reversed(self._waiting)).encode()
        self._waiting = []
        return rest

    def put_block(self, block: bytes) -> None:
        self._waiting = list(io.StringIO(block.decode(), newline=""))[::-1]


def _ill_quoted(lines: list[str], delimiter: str) -> bool:
    """Whether a quote is never closed, or closed in the middle of a cell."""
    try:
        list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error:
        return True
    return False


def _outside_quotes(text: str) -> str:
    return re.sub('"[^"]*"', "", text)


def _swallows_rows(lines: list[str], cells: list[str], delimiter: str, width: int) -> bool:
    """Whether the lines of a record seem to be rows, between two quotes that were not meant.

    Its first and its last line have the separators of a whole row each, which those of one row
    share; or a telephone number stands between separators in a line of a quoted cell.
    """
    if width == 1:
        return False
    if min(lines[0].count(delimiter), lines[-1].count(delimiter)) >= width - 1:
        return True
    quoted = (line for cell in cells if "\n" in cell or "\r" in cell for line in cell.splitlines())
    parts = (part for line in quoted if delimiter in line for part in line.split(delimiter))
    return any(holds_number(part) and cleaned(part)[1] is None for part in parts)


def _csv_records(
    source: _Lines, delimiter: str, width: int = 1, see: Callable[[str, int], None] | None = None
) -> Iterator[tuple[int, list[str], bool]]:
    """Records of a CSV as (line number, cells, whether they are doubtful for its quotes); blank lines are none.

    A quote that was opened and not meant swallows the lines behind it. So a record of
    several lines whose quotes are not closed as they should, or that seems to hold rows of
    `width` cells, is read again: its first line without quoting, the others afresh. Doubtful
    are the lines where its quotes are, and those whose cells depend on a quote that begins or ends none.
    `see` is told the last line of each record, with its number.
    """
    well_quoted = re.compile(_well_quoted(delimiter))
    doubtful: set[int] = set()
    reader = csv.reader(source, delimiter=delimiter)
    while True:
        source.record = []
        start = source.number + 1
        try:
            cells = next(reader, None)
        except csv.Error:
            cells, reader = [], csv.reader(source, delimiter=delimiter)
        if cells is None:
            return
        lines = source.record
        record = lines[0] if len(lines) == 1 else "".join(lines)
        odd = '"' in record and not well_quoted.match(record.rstrip("\r\n"))
        holds_end = len(lines) > 1 or not cells or (odd and cells[-1].endswith(("\r", "\n")))
        if holds_end and ((odd and _ill_quoted(lines, delimiter)) or _swallows_rows(lines, cells, delimiter, width)):
            doubtful |= {start, source.number} if '"' in lines[-1] else {start}
            source.push_back(lines[1:])
            lines = lines[:1]
            cells = next(csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE))
        if see:
            see(lines[-1], source.number)
        if odd:
            odd = not record.count(delimiter) == _outside_quotes(record).count(delimiter) == len(cells) - 1
        if doubtful:
            odd |= not doubtful.isdisjoint(range(start, source.number + 1))
            doubtful = {line for line in doubtful if line > source.number}
        if cells:
            yield start, cells, odd


@dataclass(frozen=True)
class _CsvReader:
    """Reads the rows behind a CSV's header, block by block.

    A block in which each line is a record by itself and none is doubtful is
    split by Polars; any other is read with care, to the end of its last record.
    Rows that fit have `cells` cells and no text behind the first `named` of the `columns`.
    """

    lines: _Lines
    columns: list[str]
    named: int
    cells: int
    delimiter: str
    ends: Ends | None

    def frames(self) -> Iterator[pl.DataFrame]:
        """Frames of text with `columns`, `RAGGED` and `LINE`."""
        while (block := self.lines.take_block()) is not None:
            frame = self._split(block)
            if frame is None:
                self.lines.put_block(block)
                frame = self._read_with_care()
            yield frame

    def _split(self, block: bytes) -> pl.DataFrame | None:
        """A block of plain lines, or None where it is not certain that it is one."""
        returns, feeds = block.count(b"\r") if b"\r" in block else 0, block.count(b"\n")
        if returns and (returns != block.count(b"\r\n") or (self.ends and returns != feeds)):
            return None
        frame = self._parted(block)
        if frame is None or frame.height != feeds + (not block.endswith(b"\n")):
            return None
        short = self._short(block, frame)
        if short is None:
            return None
        ragged = unnamed(frame.columns[self.named :])
        if short.any():
            ragged = pl.when(short).then(pl.lit(FEWER)).otherwise(ragged)
        first = self.lines.number + 1
        if self.ends:
            self.ends.see("\r\n" if returns else "\n", first)
        self.lines.number += frame.height
        numbers = pl.int_range(first, first + pl.len(), dtype=pl.UInt64).alias(LINE)
        absent = [pl.lit("").alias(name) for name in self.columns[self.cells :]]
        return frame.with_columns(ragged.alias(RAGGED), numbers, *absent).select(*self.columns, RAGGED, LINE)

    def _parted(self, block: bytes) -> pl.DataFrame | None:
        """The cells of lines, those that are lacking empty; None where a line has more, or is blank."""
        if block.startswith(codecs.BOM_UTF8) or not self.delimiter.isascii():
            return None
        names = [*self.columns, *(f"\0{at}" for at in range(len(self.columns), self.cells))][: self.cells]
        try:
            frame = pl.read_csv(
                block,
                has_header=False,
                schema=dict.fromkeys(names, pl.String),
                separator=self.delimiter,
                quote_char='"' if b'"' in block else None,
                empty_string_is_null=False,
                extra_columns="raise",
                missing_columns="insert",
            )
        except pl.exceptions.PolarsError:
            return None
        blank = pl.all_horizontal(pl.all() == "")
        return None if frame.select(blank.any()).item() else frame

    def _short(self, block: bytes, frame: pl.DataFrame) -> pl.Series | None:
        """Which lines of a block lack cells; None where it is not certain that each of them is a record by itself."""
        if b'"' in block:
            if self.cells > _WIDE:
                return None
            lines = _lines_of(block)
            short = ~lines.str.contains(_well_quoted(self.delimiter, self.cells))
            return short if not short.any() or lines.str.contains(_well_quoted(self.delimiter)).all() else None
        filled = self.cells > 1 and (frame.to_series(self.cells - 1) == "").any()
        # No line has more separators than it should, so all together have as many only where each of them has.
        if not filled or block.count(self.delimiter.encode()) == frame.height * (self.cells - 1):
            return pl.repeat(False, frame.height, eager=True)
        return _lines_of(block).str.count_matches(self.delimiter, literal=True) < self.cells - 1

    def _read_with_care(self) -> pl.DataFrame:
        see = self.ends.see if self.ends else None
        rows, ragged, numbers = [], [], []
        for number, cells, doubtful in _csv_records(self.lines, self.delimiter, self.cells, see):
            rows.append(cells if len(cells) == len(self.columns) else self._fitted(cells))
            ragged.append(QUOTED if doubtful else self._misfit(cells))
            numbers.append(number)
            if self.lines.at_seam:
                break
        data = dict(zip(self.columns, map(list, zip(*rows, strict=True)), strict=True)) if rows else None
        frame = pl.DataFrame(data, schema=dict.fromkeys(self.columns, pl.String))
        return frame.with_columns(pl.Series(RAGGED, ragged, dtype=pl.String), pl.Series(LINE, numbers, dtype=pl.UInt64))

    def _misfit(self, cells: list[str]) -> str | None:
        """Why the cells of a record do not fit, or None."""
        if len(cells) != self.cells:
            return FEWER if len(cells) < self.cells else MORE
        return UNNAMED if any(cell.strip() for cell in cells[self.named :]) else None

    def _fitted(self, cells: list[str]) -> list[str]:
        """Cells brought to the width of the header, surplus text kept in the last."""
        width = len(self.columns)
        kept = [*cells[:width], *[""] * (width - len(cells))]
        if any(cell.strip() for cell in cells[width:]):
            kept[-1] = self.delimiter.join(cells[width - 1 :])
        return kept


def unnamed(columns: list[str]) -> pl.Expr:
    """`UNNAMED` where there is text in one of the columns, which have no names and stand behind all that have."""
    if not columns:
        return pl.lit(None, pl.String)
    text = pl.any_horizontal(pl.col(columns).str.strip_chars().fill_null("") != "")
    return pl.when(text).then(pl.lit(UNNAMED))


def _lines_of(block: bytes) -> pl.Series:
    """The lines of a block without NUL bytes, as one column."""
    return pl.read_csv(
        block, has_header=False, schema={"line": pl.String}, separator="\0", quote_char=None, empty_string_is_null=False
    ).to_series()


def _well_quoted(delimiter: str, cells: int | None = None) -> str:
    """What a line looks like that is one record whatever stands around it, of so many cells if told."""
    cell = f"""(?:[^"{re.escape(delimiter)}]*|"[^"]*(?:""[^"]*)*")"""
    return f"^{cell}(?:{re.escape(delimiter)}{cell}){'*' if cells is None else f'{{{cells - 1}}}'}$"


def _gathered(frames: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The same rows in batches, the first ones and the last one shorter, and those of long cells too."""
    kept: list[pl.DataFrame] = []
    rows = held = 0
    size = _FIRST_ROWS
    for frame in frames:
        kept.append(frame)
        rows, held = rows + frame.height, held + int(frame.estimated_size())
        size = min(size, _batch_rows(frame.width))
        if held >= _BATCH_BYTES:
            yield from pl.concat(kept).iter_slices(size)
            kept, rows, held = [], 0, 0
        elif rows >= size:
            *whole, rest = pl.concat(kept).iter_slices(size)
            yield from whole
            kept, rows, held, size = [rest], rest.height, 0, BATCH_ROWS
    yield from pl.concat(kept).iter_slices(size) if kept else ()


def _batch_rows(width: int) -> int:
    """How many rows of so many columns go together."""
    return min(BATCH_ROWS, max(1, _BATCH_CELLS // max(1, width)))


def _csv(path: Path, text: Text, with_header: bool, strict: bool) -> Table:
    csv.field_size_limit(_FIELD_LIMIT)
    start = _start_of(text.lines())

    def opened(limit: int) -> _Lines:
        lines = _Lines(text.blocks(_BLOCK, limit))
        for _ in range(start.skipped):
            next(lines)
        return lines

    first = list(itertools.islice(_csv_records(opened(_FIELD_LIMIT), start.delimiter), _HEADER_WITHIN))
    header = first[0][1] if first else []
    limit = ONE_COLUMN_LIMIT if strict and len(header) == 1 else _FIELD_LIMIT
    if with_header:
        _refuse_broken_header(first, path)
    else:
        header = [f"column {position}" for position in range(1, len(header) + 1)]
    named = _named(header)

    def reader(cells: int, ends: Ends | None = None) -> _CsvReader:
        lines = opened(limit)
        if with_header:
            next(_csv_records(lines, start.delimiter, see=ends.see if ends else None), None)
        return _CsvReader(lines, unique_names(header), named, cells, start.delimiter, ends)

    # Rows may all have other cells than the header, as where a separator ends each of them: then they fit. Where
    # most have, and one breaks with them, a row that is as wide as the header may be one of them that lost a cell.
    counts = Counter(len(cells) for _, cells, _ in first[with_header:] if len(cells) >= named)
    usual = max(counts, key=lambda count: (counts[count], count == len(header)), default=len(header))
    fit = usual == len(header) or all(one[RAGGED].null_count() == one.height for one in reader(usual).frames())
    rows = reader(usual if fit else len(header), Ends(text.member) if strict else None).frames()
    if not fit:
        rows = (one.with_columns(pl.col(RAGGED).fill_null(UNEVEN)) for one in rows)
    bom, misfits = text.encoding != "utf-8", [text.misfit] if text.misfit else []
    return Table(path, "csv", header, _gathered(rows), start.delimiter, bom, start.skipped, misfits=misfits)


def _named(header: list[str]) -> int:
    """How many columns there are up to the last one that has a name; all where none has."""
    return max((at for at, name in enumerate(header, 1) if name.strip()), default=len(header))


def _refuse_broken_header(first: list[tuple[int, list[str], bool]], path: Path) -> None:
    """Raise InputError where lines below the header are the rest of it: names that make it as wide as the row below."""
    width, widest = len(first[0][1]) if first else 0, 0
    for _, cells, _ in first[1:]:
        if 0 < widest < len(cells) == width:
            why = "the line seems to belong to the header (is there a line break in the name of a column?)"
            raise InputError(f"{why}; bring the header to one line, or take this line out", path, first[1][0])
        if any(map(may_be_data, cells)):
            return
        width, widest = width + len(cells) - 1, max(widest, len(cells))


# Spreadsheets, Parquet, JSON


def _xlsx(path: Path, with_header: bool) -> Table:
    sheet, others, merged = first_sheet(path)
    numbered = sheet.with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.UInt64).alias(LINE))
    cells = numbered.filter(~pl.all_horizontal(pl.exclude(LINE).is_null()))
    at = _header_at([[cell or "" for cell in row] for row in cells.head(_HEADER_WITHIN).drop(LINE).iter_rows()])
    if merged and not (with_header and merged <= cells[LINE][at]):
        why = "cells are merged here, and only the first of them holds their text; unmerge them and fill in each"
        raise InputError(why, path, merged)
    texts = cells.drop(LINE)
    header = [name or "" for name in texts.row(at)]
    if not with_header:
        header = [f"column {position}" for position in range(1, texts.width + 1)]
    frame = texts.rename(dict(zip(texts.columns, unique_names(header), strict=True)))
    midnight = pl.all().str.replace(r"^(\d{4}-\d{2}-\d{2}) 00:00:00$", "$1")
    frame = frame.with_columns(midnight, unnamed(frame.columns[_named(header) :]).alias(RAGGED))
    frame = frame.with_columns(cells[LINE]).slice(at + 1 if with_header else 0)
    long = (cells for cells in texts if (cells.str.len_bytes() >= CELL).any())
    full = sum(int((cells.str.len_chars() >= CELL).sum()) for cells in long)
    return Table(path, "xlsx", header, _sliced(frame), skipped=at, others=others, full=full)


def _parquet(path: Path) -> Table:
    rows = frames("parquet", path, BATCH_ROWS)
    return typed_table(path, "parquet", next(rows).columns, rows)


def typed_table(path: Path, kind: str, header: list[str], rows: Iterable[pl.DataFrame]) -> Table:
    """Frames whose columns have types of their own as a table; see `dnc.files.cell_types` for what becomes text."""

    def batches() -> Iterator[pl.DataFrame]:
        first = 1
        for frame in rows:
            columns = (carried(cells.alias(name)) for cells, name in zip(frame, table.columns, strict=True))
            yield from _sliced(pl.DataFrame(columns), first)
            first += frame.height

    table = Table(path, kind, header, batches())
    return table


def _json(path: Path, text: Text) -> Table:
    header = keys(text)

    def batches() -> Iterator[pl.DataFrame]:
        for chunk in objects(text, _batch_rows(len(header)), _BATCH_CHARACTERS):
            cells = {
                column: of_json(column, [row.get(name) for _, row in chunk])
                for name, column in zip(header, table.columns, strict=True)
            }
            cells[LINE] = pl.Series(LINE, [number for number, _ in chunk], dtype=pl.UInt64)
            yield from _sliced(pl.DataFrame(cells))

    table = Table(path, "json", header, batches(), misfits=[text.misfit] if text.misfit else [])
    return table


def _sliced(frame: pl.DataFrame, first: int = 1) -> Iterator[pl.DataFrame]:
    """Batches of a frame with `RAGGED` and `LINE`: where it has none, its rows fit, and are counted from `first`."""
    numbers = pl.int_range(first, first + pl.len(), dtype=pl.UInt64).alias(LINE)
    marks = {LINE: numbers, RAGGED: pl.lit(None, pl.String).alias(RAGGED)}
    marked = frame.with_columns(mark for name, mark in marks.items() if name not in frame.columns)
    yield from marked.iter_slices(_batch_rows(frame.width))
