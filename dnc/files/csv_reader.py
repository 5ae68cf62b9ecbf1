"""CSV → batches of text, cells exactly as they are written.

Rows that do not fit the header are kept and marked, never dropped. Lines before the header (a title, the day of
an export) are left out where the header shows itself below them, and counted.
"""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from dnc.errors import InputError
from dnc.files.encoding import ONE_COLUMN_LIMIT, Ends, Text, head_text
from dnc.files.table import (
    FEWER,
    HEADER_WITHIN,
    LINE,
    MORE,
    QUOTED,
    RAGGED,
    UNEVEN,
    UNNAMED,
    Table,
    gathered,
    header_at,
    holds_number,
    may_be_data,
    named_columns,
    unique_names,
    unnamed,
)
from dnc.numbers.normalise import cleaned

DELIMITERS = ",;\t|"
_FIELD_LIMIT = 1 << 20
_WIDE = 1_000  # cells of a row beyond which quoted rows are read with care; patterns of more do not compile
_BLOCK = 1 << 22  # bytes
_HINT = re.compile(r"""^sep=([^\w"\r\n])\s*$""")


def read_csv(path: Path, text: Text, with_header: bool, strict: bool) -> Table:
    """Open a CSV; see `dnc.files.open_table.open_table` for the options.

    Raises InputError where its header is broken over several lines, or its rows cannot be read.
    """
    csv.field_size_limit(_FIELD_LIMIT)
    start = _start_of(text.lines())

    def opened(limit: int) -> _Lines:
        lines = _Lines(text.blocks(_BLOCK, limit))
        for _ in range(start.skipped):
            next(lines)
        return lines

    first = list(itertools.islice(_csv_records(opened(_FIELD_LIMIT), start.delimiter), HEADER_WITHIN))
    header = first[0][1] if first else []
    limit = ONE_COLUMN_LIMIT if strict and len(header) == 1 else _FIELD_LIMIT
    if with_header:
        _refuse_broken_header(first, path)
    else:
        header = [f"column {position}" for position in range(1, len(header) + 1)]
    named = named_columns(header)

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
    return Table(path, "csv", header, gathered(rows), start.delimiter, bom, start.skipped, misfits=misfits)


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


def head_rows(head: bytes) -> tuple[list[str], int]:
    """The first row of a text of which only the first bytes are known, and how many lines stand before it."""
    lines = list(io.StringIO(head_text(head).removeprefix("\ufeff"), newline=""))
    start = _start_of(lines)
    source = _Lines(["".join(lines[start.skipped :]).encode()])
    return next((cells for _, cells, _ in _csv_records(source, start.delimiter)), []), start.skipped


@dataclass(frozen=True)
class _Start:
    """Where the header of a CSV stands: lines before it, and the delimiter."""

    skipped: int
    delimiter: str


def _start_of(lines: Iterable[str]) -> _Start:
    first = list(itertools.islice(lines, HEADER_WITHIN))
    hint = _HINT.match(first[0]) if first else None
    skipped = 1 if hint else 0
    if not hint:
        rows = [next(csv.reader([line], delimiter=guess_delimiter(line)), []) for line in first]
        skipped = header_at(rows)
    delimiter = hint[1] if hint else guess_delimiter(next((one for one in first[skipped:] if one.strip()), ""))
    return _Start(skipped, delimiter)


def guess_delimiter(line: str) -> str:
    """The delimiter that stands most often outside quotes in a line; a comma where none does."""
    outside = _outside_quotes(line)
    counts = Counter(char for char in outside if char in DELIMITERS)
    return max(DELIMITERS, key=lambda char: counts[char]) if counts else ","


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


def _lines_of(block: bytes) -> pl.Series:
    """The lines of a block without NUL bytes, as one column."""
    return pl.read_csv(
        block, has_header=False, schema={"line": pl.String}, separator="\0", quote_char=None, empty_string_is_null=False
    ).to_series()


def _well_quoted(delimiter: str, cells: int | None = None) -> str:
    """What a line looks like that is one record whatever stands around it, of so many cells if told."""
    cell = f"""(?:[^"{re.escape(delimiter)}]*|"[^"]*(?:""[^"]*)*")"""
    return f"^{cell}(?:{re.escape(delimiter)}{cell}){'*' if cells is None else f'{{{cells - 1}}}'}$"
