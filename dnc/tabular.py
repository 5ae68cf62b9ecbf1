"""Files of rows as people have them: CSV, spreadsheet, Parquet, JSON lines → batches of columns.

Nothing is sniffed by type: cells of CSV and spreadsheets come as text, exactly
as they stand; Parquet and JSON lines keep the types that the file declares.
Rows of a CSV that do not fit the header are kept and marked, never dropped.
"""

from __future__ import annotations

import codecs
import csv
import itertools
import json
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from dnc.errors import InputError

BATCH_ROWS = 100_000
RAGGED = "\0ragged"  # Boolean column of every batch: the row did not fit the header
DELIMITERS = ",;\t|"
PHONE_WORDS = ("number", "telephone", "phone", "tel", "numero", "portable", "mobile", "fixe", "msisdn", "gsm")
_FIELD_LIMIT = 1 << 20
_BLOCK = 1 << 20
_BOMS = [
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
]
_FOREIGN = {b"%PDF": "a PDF", b"<!DO": "a web page", b"<htm": "a web page", b"\x1f\x8b": "a gzip archive"}


@dataclass(frozen=True)
class Table:
    """A file of rows, opened.

    path: where it came from.
    kind: `csv`, `xlsx`, `parquet` or `jsonl`.
    header: names as they stand in the file, duplicates and blanks included.
    columns: the same, made unique; the names of the batches' columns.
    batches: frames of at most `BATCH_ROWS` rows, in file order, with `columns` and `RAGGED`.
    delimiter, bom: of a CSV; `bom` also where the file was not UTF-8.
    """

    path: Path
    kind: str
    header: list[str]
    batches: Iterator[pl.DataFrame] = field(repr=False)
    delimiter: str = ","
    bom: bool = False

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


def open_table(path: str | Path, header: bool = True) -> Table:
    """Open a file of rows; the format is told by its first bytes, then by its suffix.

    Without `header` a CSV has none: its columns are `column 1`, `column 2` …
    Raises InputError where the file is missing, unreadable, empty or no table.
    """
    path = Path(path)
    head = read_head(path)
    if not head.strip():
        raise InputError("the file is empty", path)
    for magic, what in _FOREIGN.items():
        if head.lower().startswith(magic.lower()):
            raise InputError(f"is {what}, not a table; unpack or export it again", path)
    if head.startswith(b"PAR1"):
        return _parquet(path)
    if head.startswith(b"PK"):
        return _xlsx(path)
    if path.suffix.lower() in (".jsonl", ".ndjson"):
        return _jsonl(path)
    return _csv(path, header)


def read_head(path: Path, size: int = 1 << 16) -> bytes:
    """The first bytes of a file; raises InputError where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(size)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", path) from None


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
    head = read_head(path, 4)
    if head.startswith(b"PAR1"):
        return int(pl.scan_parquet(path, glob=False).select(pl.len()).collect().item())
    with path.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(_BLOCK), b""))


# CSV


def text_encoding(path: Path) -> str:
    """`utf-8`, `utf-8-sig`, `utf-16`, `cp1252` or `latin-1`: the first that fits the whole file."""
    head = read_head(path, 4)
    for bom, name in _BOMS:
        if head.startswith(bom):
            return name
    for name in ("utf-8", "cp1252"):
        decoder = codecs.getincrementaldecoder(name)()
        try:
            with path.open("rb") as file:
                while block := file.read(_BLOCK):
                    decoder.decode(block)
                decoder.decode(b"", True)
        except UnicodeDecodeError:
            continue
        return name
    return "latin-1"


def guess_delimiter(line: str) -> str:
    """The delimiter that stands most often outside quotes in a line; a comma where none does."""
    outside = "".join(line.split('"')[::2])
    counts = Counter(char for char in outside if char in DELIMITERS)
    return max(DELIMITERS, key=lambda char: counts[char]) if counts else ","


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


def _never_closed(lines: list[str], delimiter: str) -> bool:
    try:
        list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error as error:
        return "unexpected end" in str(error)
    return False


def csv_records(lines: Iterable[str], delimiter: str, width: int | None) -> Iterator[tuple[int, list[str]]]:
    """Records of a CSV as (line number, cells); blank lines are none.

    A quote that was opened and not meant swallows the lines behind it. So a
    record of several lines that does not have `width` cells, or that is never
    closed, is read again: its first line without quoting, the others afresh.
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
            misread = (width is not None and len(cells) != width) or _never_closed(source.record, delimiter)
            if misread and first.strip("\r\n"):
                source.push_back(rest)
                cells = next(csv.reader([first], delimiter=delimiter, quoting=csv.QUOTE_NONE))
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


def _frames(rows: Iterable[tuple[list[str | None], bool]], columns: list[str]) -> Iterator[pl.DataFrame]:
    schema: dict[str, type[pl.DataType]] = dict.fromkeys(columns, pl.String)
    while chunk := list(itertools.islice(rows, BATCH_ROWS)):
        data = zip(*(cells for cells, _ in chunk), strict=True)
        frame = pl.DataFrame(dict(zip(columns, map(list, data), strict=True)), schema=schema)
        yield frame.with_columns(pl.Series(RAGGED, [ragged for _, ragged in chunk], dtype=pl.Boolean))


def text_lines(path: Path, encoding: str) -> Iterator[str]:
    """Physical lines of a text file, with their ends."""
    with path.open("rt", encoding=encoding, newline="") as file:
        yield from file


def _csv(path: Path, with_header: bool) -> Table:
    csv.field_size_limit(_FIELD_LIMIT)
    encoding = text_encoding(path)
    delimiter = guess_delimiter(next(text_lines(path, encoding)))
    header = next(csv_records(text_lines(path, encoding), delimiter, None))[1]
    records = csv_records(text_lines(path, encoding), delimiter, len(header))
    if with_header:
        next(records)
    else:
        header = [f"column {position}" for position in range(1, len(header) + 1)]
    rows = (_fitted(cells, len(header), delimiter) for _, cells in records)
    batches = _frames(rows, unique_names(header))
    return Table(path, "csv", header, batches, delimiter, bom=encoding != "utf-8")


# Spreadsheets, Parquet, JSON lines


def _xlsx(path: Path) -> Table:
    import fastexcel

    try:
        sheet = fastexcel.read_excel(path).load_sheet(0, header_row=None, dtypes="string")
        cells = sheet.to_polars()
    except Exception as error:
        raise InputError(f"cannot be read as a spreadsheet ({type(error).__name__})", path) from None
    cells = cells.filter(~pl.all_horizontal(pl.all().is_null()))
    if not cells.height:
        raise InputError("the first sheet is empty", path)
    header = [name or "" for name in cells.row(0)]
    midnight = pl.all().str.replace(r"^(\d{4}-\d{2}-\d{2}) 00:00:00$", "$1")
    frame = cells.slice(1).rename(dict(zip(cells.columns, unique_names(header), strict=True)))
    return Table(path, "xlsx", header, _sliced(frame.with_columns(midnight)))


def _parquet(path: Path) -> Table:
    try:
        scan = pl.scan_parquet(path, glob=False)
        header = scan.collect_schema().names()
    except (pl.exceptions.PolarsError, OSError):
        raise InputError("cannot be read as Parquet", path) from None
    batches = scan.collect_batches(chunk_size=BATCH_ROWS, maintain_order=True)
    return Table(path, "parquet", header, (frame for batch in batches for frame in _sliced(batch)))


def _jsonl(path: Path) -> Table:
    def objects() -> Iterator[dict[str, object]]:
        for number, line in enumerate(text_lines(path, text_encoding(path)), 1):
            if line.strip():
                try:
                    value = json.loads(line)
                except ValueError:
                    raise InputError("is not JSON", path, number) from None
                if not isinstance(value, dict):
                    raise InputError("is not a JSON object", path, number)
                yield value

    header = list(dict.fromkeys(name for value in objects() for name in value))

    def batches() -> Iterator[pl.DataFrame]:
        rows = objects()
        while chunk := list(itertools.islice(rows, BATCH_ROWS)):
            data = {name: pl.Series(name, [row.get(name) for row in chunk], strict=False) for name in header}
            yield from _sliced(pl.DataFrame(data))

    return Table(path, "jsonl", header, batches())


def _sliced(frame: pl.DataFrame) -> Iterator[pl.DataFrame]:
    for batch in frame.iter_slices(BATCH_ROWS):
        yield batch.with_columns(pl.lit(False).alias(RAGGED))
