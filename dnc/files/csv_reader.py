"""Read CSV into batches of text columns, every cell exactly as it is written.

Rows that do not match the header are kept and marked in the column `RAGGED`, never dropped. Lines before the header (a
title, the date of an export) are skipped and counted.
"""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from dnc.errors import InputError
from dnc.files.encoding import ONE_COLUMN_LIMIT, DecodedText, Ends, head_text
from dnc.files.table import (
    CUT,
    FEWER,
    HEADER_WITHIN,
    LINE,
    MORE,
    QUOTED,
    RAGGED,
    UNEVEN,
    UNNAMED,
    Heading,
    Table,
    gathered,
    heading,
    holds_number,
    is_other_header,
    may_be_data,
    named_columns,
    unique_names,
    unnamed,
)
from dnc.frames import repeated
from dnc.messages import localized
from dnc.numbers.normalise import cleaned

DELIMITERS = ",;\t|"
_RARE_DELIMITERS = "^~\x01\x1f"  # taken for one only where a line has none of the others
_FIELD_LIMIT = 1 << 20
_RECORD_LIMIT = 1 << 24  # characters of a record of several lines
_REREAD_ONCE, _REREAD_TIMES = 1 << 25, 10  # characters that may be read again, and how often as many as were read once
_WIDE = 1_000  # cells of a row; a pattern of more does not compile, so wider quoted rows are read record by record
_TELLING_ROWS = 3  # so many that differ from the header show that it is wrong, and not they
_BLOCK = 1 << 22  # bytes
_HINT = re.compile(r"""^sep=([^\w"\r\n])\s*$""")


class _Record(NamedTuple):
    """A record of a CSV: the line where it begins, its cells, and whether its quotes make it doubtful."""

    line: int
    cells: list[str]
    doubtful: bool


def read_csv(path: Path, text: DecodedText, with_header: bool, strict: bool) -> Table:
    """Open a CSV; see `dnc.files.open_table.open_table` for the options.

    Raises InputError where its header is broken over several lines, or its rows cannot be read.
    """
    csv.field_size_limit(_FIELD_LIMIT)
    start = _start_of(text.lines())

    def opened(limit: int) -> _Lines:
        lines = _Lines(text.blocks(_BLOCK, limit), path)
        for _ in range(start.skipped):
            lines.begin_record()
            next(lines)
        return lines

    source = opened(_FIELD_LIMIT)
    records = _csv_records(source, start.dialect)
    first = list(itertools.islice(records, 1))
    blanks_after_quotes = _blanks_after_quotes(start.dialect.delimiter)
    ill_quoted = _ill_quoted([re.sub(blanks_after_quotes, "", line) for line in source.record], start.dialect)
    first.extend(itertools.islice(records, HEADER_WITHIN - 1))
    below = [record.cells for record in first[with_header:]]
    header = start.heading.names(first[0].cells) if first else []
    limit = ONE_COLUMN_LIMIT if strict and len(header) == 1 else _FIELD_LIMIT
    if with_header:
        start.heading.refuse_doubtful(path, start.skipped + 2)
        _refuse_broken_header(first, path)
        _refuse_odd_quotes(first, header, ill_quoted, path, start.skipped + 1)
    else:
        header = [f"column {position}" for position in range(1, len(header) + 1)]
    named = named_columns(header)

    def reader(cells: int, ends: Ends | None = None) -> _CsvReader:
        lines = opened(limit)
        if with_header:
            next(_csv_records(lines, start.dialect, see=ends.see if ends else None), None)
        return _CsvReader(lines, unique_names(header), named, cells, start.dialect, ends, path)

    # All rows may have one cell more than the header, as where a delimiter ends each of them: then they match. But
    # where only most have, a row that is as wide as the header may be one of them that lost a cell.
    usual = _usual_width(below, header, named)
    if with_header and not strict:  # the numbers of a registry's file count even in rows that do not fit
        _refuse_other_width(below, header, usual, path, start.skipped + 1)
    fit = usual == len(header) or all(rows[RAGGED].null_count() == rows.height for rows in reader(usual).frames())
    surplus = max(0, usual - len(header)) if fit else 0
    if with_header and not strict and surplus:
        raise InputError(localized("errors", "surplus", n=surplus), path, start.skipped + 1)
    rows = reader(usual if fit else len(header), Ends(text.member) if strict else None).frames()
    if not fit:
        rows = (frame.with_columns(pl.col(RAGGED).fill_null(UNEVEN)) for frame in rows)
    return Table(
        path,
        "csv",
        header,
        gathered(rows),
        start.dialect.delimiter,
        bom=text.encoding != "utf-8",
        skipped=start.skipped,
        titles=start.heading.titles,
        misfits=[text.misfit] if text.misfit else [],
        surplus=surplus,
    )


def _usual_width(rows: list[list[str]], header: list[str], named: int) -> int:
    """How many cells most rows have, of those with at least one for each named column; of several, as the header."""
    counts = Counter(len(cells) for cells in rows if len(cells) >= named)
    return max(counts, key=lambda count: (counts[count], count == len(header)), default=len(header))


def _refuse_broken_header(first: list[_Record], path: Path) -> None:
    """Raise InputError where a line break in a column name has split the header over several lines.

    So it is if the lines joined have as many cells as the next row, and none of them may be data.
    """
    width, widest = len(first[0].cells) if first else 0, 0
    for _, cells, _ in first[1:]:
        if 0 < widest < len(cells) == width:
            raise InputError(localized("errors", "broken_header"), path, first[1].line)
        if any(map(may_be_data, cells)):
            return
        width, widest = width + len(cells) - 1, max(widest, len(cells))


def _refuse_odd_quotes(first: list[_Record], header: list[str], ill_quoted: bool, path: Path, line: int) -> None:
    """Raise InputError where the quotes of the first rows do not say where their cells end.

    A stray quote joins several names to one, so that the columns to the right of it have the names of others. In single
    quotes a separator would cut a name, or a cell, in two. `ill_quoted` says whether a name goes on after its quotes.
    """
    if ill_quoted or (first and first[0].doubtful):
        raise InputError(localized("errors", "header_quote"), path, line)
    if any(map(_is_single_quoted, header)):
        raise InputError(localized("errors", "single_quotes", "names"), path, line)
    for column in itertools.zip_longest(*(record.cells for record in first[1:]), fillvalue=""):
        filled = [cell for cell in column if cell.strip()]
        if len(filled) > 1 and all(map(_is_single_quoted, filled)):
            raise InputError(localized("errors", "single_quotes", "cells"), path, first[1].line)


def _refuse_other_width(rows: list[list[str]], header: list[str], usual: int, path: Path, line: int) -> None:
    """Raise InputError where the header has too few or too many separators for the rows below it.

    It has too few if rows usually (`usual`) have more cells, and most have text in them: then it has lost one, has
    other separators, or is a title. It has too many if one of its columns has no name, and every row has as many cells
    as there are names. Where there are fewer than three rows, they may be the odd ones.
    """
    rows = [cells for cells in rows if any(map(str.strip, cells))]
    if len(rows) < _TELLING_ROWS:
        return
    beyond = [cells for cells in rows if any(map(str.strip, cells[len(header) :]))]
    if usual > len(header) and 2 * len(beyond) > len(rows):
        raise InputError(localized("errors", "narrow_header"), path, line)
    names = sum(1 for name in header if name.strip())
    if names < named_columns(header) and all(len(cells) == names for cells in rows):
        raise InputError(localized("errors", "wide_header"), path, line)


def _is_single_quoted(cell: str) -> bool:
    return re.fullmatch("'.+'", cell.strip(), re.DOTALL) is not None


def first_row(head: bytes) -> list[str]:
    """The first row of a text of which only the first bytes are known."""
    lines = list(io.StringIO(head_text(head).removeprefix("\ufeff"), newline=""))
    start = _start_of(lines)
    source = _Lines(["".join(lines[start.skipped :]).encode()])
    return start.heading.names(next((record.cells for record in _csv_records(source, start.dialect)), []))


class _Dialect(NamedTuple):
    """How the cells of a CSV are separated and quoted.

    spaced: whether there are blanks between a delimiter and a quote that opens a cell (`1, "Une, et demie"`). They are
    no part of the cell then, and neither are those before other cells.
    """

    delimiter: str
    spaced: bool = False

    @property
    def well_quoted(self) -> re.Pattern[str]:
        """A pattern for a line that is one record whatever the lines around it."""
        return re.compile(_well_quoted(self.delimiter, blanks=" *" if self.spaced else ""))

    def reader(self, lines: Iterable[str], **words: Any) -> Iterator[list[str]]:
        """The records of some lines, as the module `csv` reads them with some of its options."""
        return csv.reader(lines, delimiter=self.delimiter, skipinitialspace=self.spaced, **words)


class _Start(NamedTuple):
    """How a CSV starts. skipped: lines before the last row of the header."""

    skipped: int
    dialect: _Dialect
    heading: Heading


def _start_of(lines: Iterable[str]) -> _Start:
    first = list(itertools.islice(lines, HEADER_WITHIN))
    hint = _HINT.match(first[0]) if first else None
    if hint:
        return _Start(1, _dialect(hint[1], first[1:]), Heading(0, [], False, []))
    whole = itertools.takewhile(lambda line: line.count('"') % 2 == 0, first)  # not a part of a cell of several lines
    found = heading(next(_Dialect(guess_delimiter(line), spaced=True).reader([line]), []) for line in whole)
    delimiter = guess_delimiter(next((line for line in first[found.at :] if line.strip()), ""))
    return _Start(found.at, _dialect(delimiter, first[found.at :]), found)


def _dialect(delimiter: str, lines: list[str]) -> _Dialect:
    """The dialect of some lines: spaced if one of them is well quoted only then."""
    plain, spaced = _Dialect(delimiter), _Dialect(delimiter, spaced=True)
    texts = [line.rstrip("\r\n") for line in lines if '"' in line]
    only = any(spaced.well_quoted.match(text) and not plain.well_quoted.match(text) for text in texts)
    return spaced if only else plain


def guess_delimiter(line: str) -> str:
    """The delimiter that occurs most often outside quotes in a line; a comma if there is none."""
    outside = _outside_quotes(line)
    for known in (DELIMITERS, _RARE_DELIMITERS):
        counts = Counter(char for char in outside if char in known)
        if counts:
            return max(known, key=lambda char: counts[char])
    return ","


class _Lines:
    """The lines of a text, with push-back.

    The text comes in blocks; what is left of a block can be taken, and put back, as a whole.
    record: the lines read since `begin_record`. number: how many lines have been read.
    """

    def __init__(self, blocks: Iterable[bytes], path: Path | None = None) -> None:
        self._path = path
        self._blocks = self._counted(blocks)
        self._waiting: list[str] = []  # lines that were pushed back, last line first
        self._block, self._characters = io.StringIO(), 0
        self._left = 0  # characters that the record may still have
        self._read, self._pushed = 0, 0  # bytes read, and characters pushed back
        self.record: list[str] = []
        self.number = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        while self.at_seam:
            self.put_block(next(self._blocks))
        line = self._waiting.pop() if self._waiting else self._block.readline()
        self.number += 1
        self.record.append(line)
        self._left -= len(line)
        if self._left < 0 and len(self.record) > 1:
            raise csv.Error
        return line

    def begin_record(self) -> None:
        """Empty `record`; its lines may then have `_RECORD_LIMIT` characters, else csv.Error is raised."""
        self.record, self._left = [], _RECORD_LIMIT

    def push_back(self, lines: list[str]) -> None:
        """Have lines read again. Raises InputError where that happens to so many that it would take too long."""
        self._waiting.extend(reversed(lines))
        self.number -= len(lines)
        self._pushed += sum(map(len, lines))
        if self._pushed > _REREAD_ONCE + _REREAD_TIMES * self._read:
            raise InputError(localized("errors", "csv", "unclosed"), self._path, self.number)

    def _counted(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        for block in blocks:
            self._read += len(block)
            yield block

    @property
    def at_seam(self) -> bool:
        """Whether the next line is the first of a block."""
        return not self._waiting and self._block.tell() == self._characters

    def take_block(self) -> bytes | None:
        if self.at_seam:
            return next(self._blocks, None)
        rest = "".join([*reversed(self._waiting), self._block.read()]).encode()
        self._waiting = []
        return rest

    def put_block(self, block: bytes) -> None:
        text = block.decode()
        self._block, self._characters = io.StringIO(text, newline=""), len(text)


def _ill_quoted(lines: list[str], dialect: _Dialect) -> bool:
    """Whether a quote is not closed, or is closed in the middle of a cell."""
    try:
        list(dialect.reader(lines, strict=True))
    except csv.Error:
        return True
    return False


def _outside_quotes(text: str) -> str:
    return re.sub('"[^"]*"', "", text)


def _joins_rows(lines: list[str], cells: list[str], delimiter: str, width: int) -> bool:
    """Whether a record of several lines seems to be several rows, joined by two stray quotes.

    So it is if its first and its last line each have as many delimiters as a whole row, or if a line of a quoted cell
    has a telephone number between delimiters.
    """
    if width == 1:
        return False
    if min(lines[0].count(delimiter), lines[-1].count(delimiter)) >= width - 1:
        return True
    quoted = (line for cell in cells if "\n" in cell or "\r" in cell for line in cell.splitlines())
    parts = (part for line in quoted if delimiter in line for part in line.split(delimiter))
    return any(holds_number(part) and cleaned(part)[1] is None for part in parts)


def _csv_records(
    source: _Lines, dialect: _Dialect, width: int = 1, see: Callable[[str, int], None] | None = None
) -> Iterator[_Record]:
    """The records of a CSV, without blank lines.

    A stray quote at the start of a cell would add the lines after it to the cell. So a record of several lines whose
    quotes are not closed properly, or that seems to contain rows of `width` cells, is read again: its first line
    without quoting, the others from the start. Doubtful are the lines with those quotes, and those whose cells depend
    on a quote that neither opens nor closes a cell. `see` is called with the last line of each record and its number.
    """
    delimiter, well_quoted = dialect.delimiter, dialect.well_quoted
    doubtful: set[int] = set()  # lines
    reader = dialect.reader(source)
    while True:
        source.begin_record()
        start = source.number + 1
        try:
            cells = next(reader, None)
        except csv.Error:
            cells, reader = [], dialect.reader(source)
        if cells is None:
            return
        lines = source.record
        record = lines[0] if len(lines) == 1 else "".join(lines)
        odd = '"' in record and not well_quoted.match(record.rstrip("\r\n"))
        may_be_several = len(lines) > 1 or not cells or (odd and _ends_in_quotes(record, cells))
        if may_be_several and ((odd and _ill_quoted(lines, dialect)) or _joins_rows(lines, cells, delimiter, width)):
            doubtful |= {start, source.number} if '"' in lines[-1] else {start}
            source.push_back(lines[1:])
            lines = lines[:1]
            cells = next(dialect.reader(lines, quoting=csv.QUOTE_NONE))
        if see:
            see(lines[-1], source.number)
        if odd:
            odd = not record.count(delimiter) == _outside_quotes(record).count(delimiter) == len(cells) - 1
        if doubtful:
            odd |= not doubtful.isdisjoint(range(start, source.number + 1))
            doubtful = {line for line in doubtful if line > source.number}
        if cells:
            yield _Record(start, cells, odd)


def _ends_in_quotes(record: str, cells: list[str]) -> bool:
    """Whether the last cell of a record may lack its closing quote: it has the line end, or the text ends with it."""
    ends = ("\r", "\n")
    return not record.endswith(ends) or cells[-1].endswith(ends)


class _CsvReader(NamedTuple):
    """Reads the rows after the header of a CSV, block by block.

    A block in which every line is certainly one record is split by Polars; any other is read record by record, to the
    end of its last record, which takes ten times as long. Both give the same rows.
    A row matches the header if it has `cells` cells and no text after the first `named` of the `columns`.
    """

    lines: _Lines
    columns: list[str]
    named: int
    cells: int
    dialect: _Dialect
    ends: Ends | None
    path: Path

    def frames(self) -> Iterator[pl.DataFrame]:
        """Frames of text columns, with `RAGGED` and `LINE`."""
        while (block := self.lines.take_block()) is not None:
            frame = self._split(block)
            if frame is None:
                self.lines.put_block(block)
                frame = self._read_records()
            if not block.endswith((b"\n", b"\r")) and frame.height and frame[RAGGED][-1] == FEWER:
                frame = frame.with_columns(frame[RAGGED].scatter(frame.height - 1, CUT))
            yield frame

    def _split(self, block: bytes) -> pl.DataFrame | None:
        """The rows of a block in which every line is one record; None where that is not certain."""
        returns, feeds = block.count(b"\r") if b"\r" in block else 0, block.count(b"\n")
        if returns and (returns != block.count(b"\r\n") or (self.ends and returns != feeds)):
            return None
        frame = self._parsed(block)
        if frame is None or frame.height != feeds + (not block.endswith(b"\n")):
            return None
        short = self._short(block, frame)
        if short is None:
            return None
        ragged = unnamed(frame.columns[self.named :])
        if short.any():
            ragged = pl.when(short).then(pl.lit(FEWER)).otherwise(ragged)
        first = self.lines.number + 1
        if self.ends and feeds:  # the last line may end without one
            self.ends.see("\r\n" if returns else "\n", first)
        self.lines.number += frame.height
        numbers = pl.int_range(first, first + pl.len(), dtype=pl.UInt64).alias(LINE)
        absent = [pl.lit("").alias(name) for name in self.columns[self.cells :]]
        return frame.with_columns(*absent, ragged.alias(RAGGED), numbers).drop(frame.columns[len(self.columns) :])

    def _parsed(self, block: bytes) -> pl.DataFrame | None:
        """The cells of each line, missing ones empty; None where a line has too many, or is blank."""
        if block.startswith(codecs.BOM_UTF8) or not self.dialect.delimiter.isascii() or self.dialect.spaced:
            return None
        names = [*self.columns, *(f"\0{at}" for at in range(len(self.columns), self.cells))][: self.cells]
        try:
            frame = pl.read_csv(
                block,
                has_header=False,
                schema=dict.fromkeys(names, pl.String),
                separator=self.dialect.delimiter,
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
        """Which lines of a block have too few cells; None where it is not certain that every line is one record."""
        if b'"' in block:
            if self.cells > _WIDE:
                return None
            lines = _lines_of(block)
            short = ~lines.str.contains(_well_quoted(self.dialect.delimiter, self.cells))
            return short if not short.any() or lines.str.contains(_well_quoted(self.dialect.delimiter)).all() else None
        filled = self.cells > 1 and (frame.to_series(self.cells - 1) == "").any()
        # No line has too many delimiters (`_parsed` fails then), so if the total is right, every line is.
        if not filled or block.count(self.dialect.delimiter.encode()) == frame.height * (self.cells - 1):
            return repeated(False, pl.Boolean, frame.height)
        return _lines_of(block).str.count_matches(self.dialect.delimiter, literal=True) < self.cells - 1

    def _read_records(self) -> pl.DataFrame:
        see = self.ends.see if self.ends else None
        rows, ragged, numbers = [], [], []
        last, after_blank = self.lines.number, False
        for number, cells, doubtful in _csv_records(self.lines, self.dialect, self.cells, see):
            if (after_blank or number > last + 1) and is_other_header(cells, self.columns):
                why = localized("errors", "second_table")
                raise InputError(why, self.path, number)
            last, after_blank = self.lines.number, not any(map(str.strip, cells))
            rows.append(cells if len(cells) == len(self.columns) else self._fitted(cells))
            ragged.append(QUOTED if doubtful else self._misfit(cells))
            numbers.append(number)
            if self.lines.at_seam:
                break
        data = dict(zip(self.columns, map(list, zip(*rows, strict=True)), strict=True)) if rows else None
        frame = pl.DataFrame(data, schema=dict.fromkeys(self.columns, pl.String))
        return frame.with_columns(pl.Series(RAGGED, ragged, dtype=pl.String), pl.Series(LINE, numbers, dtype=pl.UInt64))

    def _misfit(self, cells: list[str]) -> str | None:
        """Why a record does not match the header, or None."""
        if len(cells) != self.cells:
            return FEWER if len(cells) < self.cells else MORE
        return UNNAMED if any(cell.strip() for cell in cells[self.named :]) else None

    def _fitted(self, cells: list[str]) -> list[str]:
        """Cells brought to the width of the header; surplus text is kept in the last one."""
        width = len(self.columns)
        kept = [*cells[:width], *[""] * (width - len(cells))]
        if any(cell.strip() for cell in cells[width:]):
            kept[-1] = self.dialect.delimiter.join(cells[width - 1 :])
        return kept


def _lines_of(block: bytes) -> pl.Series:
    """The lines of a block as one column. NUL serves as delimiter, since `text_of` refuses texts that contain it."""
    return pl.read_csv(
        block, has_header=False, schema={"line": pl.String}, separator="\0", quote_char=None, empty_string_is_null=False
    ).to_series()


def _blanks_after_quotes(delimiter: str) -> str:
    """A pattern for blanks between the quote that closes a cell and what ends the cell."""
    return rf'(?<=") ++(?={re.escape(delimiter)}|[\r\n]*$)'


def _well_quoted(delimiter: str, cells: int | None = None, blanks: str = "") -> str:
    """A pattern for a line that is one record whatever the lines around it.

    cells: how many it has, if given. blanks: a pattern for those that may stand before the quotes of a cell.
    """
    cell = f"""(?:[^"{re.escape(delimiter)}]*|{blanks}"[^"]*(?:""[^"]*)*")"""
    return f"^{cell}(?:{re.escape(delimiter)}{cell}){'*' if cells is None else f'{{{cells - 1}}}'}$"
