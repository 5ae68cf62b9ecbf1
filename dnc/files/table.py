"""A file of rows as a table: its column names, and batches of its rows with their line numbers."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import NamedTuple

import polars as pl

from dnc.errors import InputError
from dnc.files.cell_types import carried
from dnc.files.encoding import Misfit
from dnc.messages import Words, figure, in_quotes, localized

BATCH_ROWS = 500_000
FIRST_ROWS = 50_000  # in the first batch of a CSV, so that what waits for rows can start early
_BATCH_CELLS = 1 << 24
_BATCH_BYTES = 1 << 28
SHEET_COLUMNS = 1 << 14  # that a sheet can have; a file of any other kind has no more either
CELL = 32_767  # most characters in a cell of a spreadsheet
_LONGEST_NAME = 10_000  # characters
RAGGED = "\0ragged"  # String column of every batch: why a row does not match the header; null where it does
FEWER = "the row has fewer cells than the header"
CUT = "the row has fewer cells than the header and no line end, so the file may have been cut off"
MORE = "the row has more cells than the header"
UNEVEN = "most rows have more or fewer cells than the header, and not all of them as many"
UNNAMED = "the row has text behind the last column with a name"
QUOTED = "a quotation mark in the row is not closed in its cell"
STRUCK = "the row has cells that are struck through"
NOTED = "a note on the row, or a text beside its number, may say that people are not to be called"
MARKED = (STRUCK, NOTED)  # rows that fit, but whose call is never clear
LINE = "\0line"  # UInt64 column of every batch: the line where the row begins, counted from 1
PHONE_WORDS = (
    *("number", "telephone", "phone", "tel", "numero", "portable", "mobile", "fixe", "msisdn", "gsm", "landline"),
    *("rufnummer", "handy", "festnetz", "mobilfunk", "mobilnummer", "natel", "cellulare", "movil", "celular"),
    *("mobiel", "tlf"),
)
_PHONE_NAMES = re.compile(r"(?<![a-z])(?:cell|mobil|fisso|fijo|sms|whatsapp)(?![a-z])")  # also parts of other words
_LINES = (
    *("home", "work", "office", "private", "business", "domicile", "bureau", "travail", "perso", "prive", "pro"),
    *("privat", "geschaftlich", "buro", "casa", "lavoro", "ufficio", "privato", "trabajo", "thuis", "werk"),
)  # what distinguishes the lines of a person, folded
# In folded names, beside the numbers of Google Contacts, VICIdial and NationBuilder.
_NO_PHONE = re.compile(r"phoneti|phone\d*(label|type|code)$|^(?:is|has)(?:phone|mobile)")
HEADER_WITHIN = 30  # lines
_SHOWN = 20  # columns named in a message
_HEADER_CELL = 40  # characters of a cell that may name a column
_PATTERN = re.compile(r"\*$|\^.*\$$", re.DOTALL)  # names that `pl.col` takes for a pattern
# What programs append to the second of two equal names: pandas, DuckDB, and Polars for CSV and for joins.
SECOND = re.compile(r"(?:\.\d+|_1|_duplicated_\d+|_right)$")
_NUMBER = re.compile(r"""^[\s'"=(]*\+?\d[\d\s().\-/"]*$""")
_DATE = re.compile(r"^\d{1,4}([./-])\d{1,2}\1\d{1,4}(\D.*)?$")
_VALUES = (
    _DATE,
    re.compile(r"^\d{1,2}:\d\d(:\d\d)?$"),
    re.compile(r"^[-+$€£]*\d[\d ]*[.,]\d+\s*(E[-+]?\d+|[%€])?$", re.I),
)
_DIGITS = re.compile(r"\d(?:[^a-z\d,;|]{0,3}\d){7,}|\d(?:[.,]\d+)?E\+\d\d", re.IGNORECASE)
_OVERLAY = 1  # class of combining characters that strike a letter through
_JOINTS = re.compile(r"(?<=[^\W_])[-_]+(?=[^\W_])")
_YEAR, _MONTH, _DAY = "(?:19|20)[0-9]{2}", "(?:0?[1-9]|1[0-2])", "(?:0?[1-9]|[12][0-9]|3[01])"
_WHEN = rf"(?:{_YEAR}(?:[-./]?{_MONTH}(?:[-./]?{_DAY})?)?|(?:{_DAY}[-./])?(?:{_DAY}[-./])?{_YEAR})"
_DAYS = re.compile(rf"{_WHEN}(?:\W+{_WHEN})*")
_ADDRESS = re.compile(r"\w@\w[\w.-]*\.\w")


@dataclass
class Table:
    """A file of rows, opened.

    path: the file.
    kind: `csv`, `xlsx`, `parquet` or `json`.
    header: column names as they are in the file, with duplicates and blanks.
    columns: the same, made unique; the names of the columns of the batches.
    dates: of these, columns with a type for dates or date-times that are to be read as dates.
    batches: frames of at most `BATCH_ROWS` rows, in file order, with `columns`, `RAGGED` and `LINE`.
    delimiter: of a CSV. bom: whether an output of the same form needs a byte-order mark, since the CSV was not plain
        UTF-8.
    skipped: lines before the header. titles: the texts in them, and in notes on cells of the header.
    paths: the files, also as an archive calls them, and folders of a partitioned list. is_last: whether there are
        no others to be opened.
    sheets: those that were read. others: other sheets of a spreadsheet that have cells.
    hidden: rows of a spreadsheet that are hidden.
    misfits: where a text is not UTF-8, and how it was read.
    full: cells of a spreadsheet with the most characters that a cell can hold; they may have been cut by the program
        that wrote them.
    surplus: empty cells at the end of every row of a registry's CSV that the header does not have.

    Where several files are read as one list, what is counted or listed here grows as the files are opened.
    """

    path: Path
    kind: str
    header: list[str]
    batches: Iterator[pl.DataFrame] = field(repr=False)
    delimiter: str = ","
    bom: bool = False
    skipped: int = 0
    titles: list[str] = field(default_factory=list)
    paths: list[Path] = field(default_factory=list)
    is_last: bool = True
    sheets: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    hidden: int = 0
    misfits: list[Misfit] = field(default_factory=list)
    full: int = 0
    surplus: int = 0
    dates: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self.paths = self.paths or [self.path]
        if len(self.header) > SHEET_COLUMNS:
            raise InputError(localized("errors", "columns_over", most=figure(SHEET_COLUMNS)), self.path)
        for position, name in enumerate(self.header, 1):
            if "\0" in name:
                raise InputError(localized("errors", "nul_in_name", position=position), self.path)
            if len(name) > _LONGEST_NAME:
                message = localized("errors", "long_name", position=position, most=figure(_LONGEST_NAME))
                raise InputError(message, self.path)

    @cached_property
    def columns(self) -> list[str]:
        """The names in the header, made unique."""
        return unique_names(self.header)

    @cached_property
    def names(self) -> dict[str, str]:
        """The same → the name by which people and briefs know the column; of several with one name, the unique one."""
        counts = Counter(self.header)
        named = zip(self.columns, self.header, strict=True)
        return {column: name if name and counts[name] == 1 else column for column, name in named}


@lru_cache(4096)
def folded(name: str) -> str:
    """A name or word without case, accents, white space, invisible characters, and underscores and hyphens within it.

    What strikes it through (U+0336) is no accent, and `-1` is not `1`.
    """
    signs = unicodedata.normalize("NFKD", name)
    plain = "".join(
        c
        for c in signs
        if not c.isspace() and (unicodedata.category(c) not in ("Mn", "Cf") or unicodedata.combining(c) == _OVERLAY)
    )
    return _JOINTS.sub("", plain.casefold())


def looks_like_phone(name: str) -> bool:
    """Whether a column name contains one of the usual words for a telephone number."""
    plain = folded(name)
    is_named = any(word in plain for word in PHONE_WORDS) or _PHONE_NAMES.search(plain)
    return bool(is_named) and not _NO_PHONE.search(plain)


def phone_words(words: Iterable[str]) -> set[str]:
    """The words (folded) by which a column name names a telephone number, and those that tell lines apart; or none."""
    likely = list(filter(looks_like_phone, words))
    found = {
        one for one in likely if one.startswith(PHONE_WORDS) or one.endswith(PHONE_WORDS) or _PHONE_NAMES.search(one)
    }
    return found.union(_LINES) if found else set()


def holds_number(cell: str) -> bool:
    """Whether a text contains what could be a telephone number, in any national form, with or without other words.

    That is eight digits or more that are not years or dates; or a number that a spreadsheet has spoilt (6,12E+08).
    """
    plain = "".join(c for c in unicodedata.normalize("NFKC", cell) if unicodedata.category(c) != "Cf")
    # Eight digits alone could be a date (20260805), but in some countries they are a telephone number.
    bare = plain.strip().isdecimal()
    return any(bare or not _DAYS.fullmatch(found[0]) for found in _DIGITS.finditer(plain))


def refuse_data_as_header(header: Iterable[str], path: Path, line: int = 1) -> None:
    """Raise InputError where a header is a row of data.

    So it is if it contains a telephone number or an e-mail address, or values of two kinds, of dates, times of day and
    decimal fractions; or if no name has a letter. Columns that are only counted (0, 1, 2 …) have names, though.
    """
    names = [name.strip() for name in header if name.strip()]
    for name in names:
        what = "numbers" if holds_number(name) else "addresses" if _ADDRESS.search(name) else None
        if what:
            raise InputError(localized("errors", "data_as_header", what=localized("errors", "holds", what)), path, line)
    kinds = {kind for name in names for kind in _VALUES if kind.match(name)}
    words = [name for name in names if any(map(str.isalpha, name)) and not any(kind.match(name) for kind in kinds)]
    counts = ([str(at) for at in range(first, first + len(names))] for first in (0, 1))
    if len(kinds) > 1 or (not words and any(map(_has_digit, names)) and names not in counts):
        raise InputError(localized("errors", "data_as_header", what=localized("errors", "holds", "values")), path, line)


def may_be_data(name: str) -> bool:
    """Whether a column name has three digits or an `@`: it may be data, so no message shows it."""
    return sum(map(str.isdigit, name)) >= 3 or "@" in name


def quoted(names: Collection[str]) -> Words:
    """Column names for a message; none of them where one may be data, since then the header may be a row."""
    if any(map(may_be_data, names)):
        return localized("errors", "names_hidden")
    shown = in_quotes(*(name[:_HEADER_CELL] for name in itertools.islice(names, _SHOWN)))
    return shown + " …" * (len(names) > _SHOWN)


def as_typed(name: str) -> str:
    """A column name as it is typed in a command or a brief, in any language; hidden as by `quoted`."""
    return quoted([name]) if may_be_data(name) else repr(name[:_HEADER_CELL])


def is_name_of_number(cell: str) -> bool:
    """Whether a text is nothing but words for a telephone number (`Tel`, `Numéro de téléphone`, `Mobile phone`)."""
    words = [folded(word) for word in re.findall(r"[^\W\d_]+", cell)]
    return any(word in PHONE_WORDS for word in words) and all(
        word in PHONE_WORDS or word in _LINES or word in ("de", "du") for word in words
    )


def unique_names(header: list[str]) -> list[str]:
    """Column names made unique by a counter; blank names, and those that Polars takes for a pattern, are `column N`."""
    names: dict[str, None] = {}
    counters: dict[str, Iterator[int]] = {}
    for position, name in enumerate(header, 1):
        wanted = base = f"column {position}" if not name or _PATTERN.match(name) else name
        while wanted in names:
            wanted = f"{base} ({next(counters.setdefault(base, itertools.count(2)))})"
        names[wanted] = None
    return list(names)


def _names_a_number(cell: str) -> bool:
    return len(cell) <= _HEADER_CELL and looks_like_phone(cell) and not may_be_data(cell)


def _may_be_number(cell: str) -> bool:
    return _is_number(cell) or holds_number(cell)


def _is_number(cell: str) -> bool:
    """Whether a cell could be a telephone number: then its row is data and not a line before the header."""
    cell = cell.strip()
    return bool(_NUMBER.match(cell)) and 6 <= sum(map(str.isdigit, cell)) <= 15 and not _DATE.match(cell)


class Heading(NamedTuple):
    """Where the header of a table is.

    at: position of the row of names among the first rows. above: the row above it with the names of groups of columns,
    empty where there is none. doubtful: whether the row after it may be a second row of names. titles: the texts in the
    rows before.
    """

    at: int
    above: list[str]
    doubtful: bool
    titles: list[str]

    def names(self, row: list[str]) -> list[str]:
        """The names of the columns: each with that of its group, `Telephone / mobile`."""
        group, names = "", []
        for over, name in itertools.zip_longest(self.above, row, fillvalue=""):
            group = over.strip() or group
            names.append(" / ".join(filter(None, (group, name.strip()))) if self.above else name)
        return names

    def refuse_doubtful(self, path: Path, line: int) -> None:
        """Raise InputError if it is not clear whether the header has one row or two."""
        if self.doubtful:
            why = localized("errors", "doubtful_header")
            raise InputError(why, path, line)


def heading(rows: Iterable[list[str]]) -> Heading:
    """Find the header among the first rows.

    That is the first one, unless a row below names a telephone number, has more cells than every row before it, and no
    row down to it contains a number: then the rows before it are a title, the date of an export, and the like. So are
    rows of at most one text each, if names follow, and data below them. A header that is repeated at once counts once.
    """
    rows = [[cell.strip() for cell in row] for row in rows]
    at = _header_at([list(filter(None, row)) for row in rows])
    grouped = 0 < at < len(rows) - 1 and _is_group(rows[at - 1], rows[at]) and _names_line(rows[at - 1])
    titles = list(filter(None, itertools.chain(*rows[: at - grouped])))
    if grouped:
        return Heading(at, rows[at - 1], False, titles)
    if at + 1 >= len(rows):
        return Heading(at, [], False, titles)
    if _is_group(rows[at], rows[at + 1]):
        is_told = _names_line(rows[at + 1])
        return Heading(at + is_told, rows[at] if is_told else [], not is_told, titles)
    while at + 1 < len(rows) and rows[at + 1] == rows[at] and _are_names(rows[at]):
        at += 1
    return Heading(at, [], False, titles)


def _header_at(rows: list[list[str]]) -> int:
    """Position of the (last) row of names among the filled cells of the first rows."""
    single = max(map(len, rows), default=0) == 1
    widest = 0
    for position, cells in enumerate(rows):
        if any(map(_may_be_number, cells)):
            break
        named = any(map(_names_a_number, cells))
        if named and (single or (len(cells) > max(widest, 1))):
            return position
        widest = max(widest, len(cells))
    return _below_title(rows)


def _below_title(rows: list[list[str]]) -> int:
    """Position of the first row of several names after rows of at most one text, if data follow; else 0."""
    at = next((at for at, cells in enumerate(rows) if len(cells) > 1), 0)
    below = [len(cells) for cells in rows[at + 1 :] if any(map(_has_digit, cells))]
    if not at or len(rows[at]) < 3 or not _are_names(rows[at]) or not 0 < max(below, default=0) <= len(rows[at]):
        return 0
    return 0 if any(map(_may_be_number, itertools.chain(*rows[:at]))) else at


def _is_group(above: list[str], row: list[str]) -> bool:
    """Whether a row may name groups of the columns that the row below it names.

    Both hold names and no data, every column that the upper one leaves blank is named by the lower one, and one name of
    the upper one has a blank to its right and names below both. One name alone is a title.
    """
    pairs = list(itertools.zip_longest(above, row, fillvalue=""))
    spans = any(a and b and not c and d for (a, b), (c, d) in itertools.pairwise(pairs))
    filled = [cell for cell in above if cell]
    return spans and len(filled) > 1 and all(map(any, pairs)) and _are_names(filled) and _are_names(filter(None, row))


def _are_names(cells: Iterable[str]) -> bool:
    return all(len(cell) <= _HEADER_CELL and not _has_digit(cell) and "@" not in cell for cell in cells)


def _has_digit(cell: str) -> bool:
    return any(map(str.isdigit, cell))


def _names_line(cells: Iterable[str]) -> bool:
    """Whether a cell names a telephone number, or a kind of line."""
    return any(_names_a_number(cell) or folded(cell) in _LINES for cell in cells)


def is_other_header(cells: list[str], header: list[str]) -> bool:
    """Whether a row after a blank one is the header of another table."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    return len(filled) > 1 and cells != header and _are_names(filled) and any(map(_names_a_number, filled))


def uncut(batches: Iterator[pl.DataFrame], path: Path) -> Iterator[pl.DataFrame]:
    """The same batches. Raises InputError where their file ends within a row: what it said after that is lost."""
    for batch in batches:
        cut = batch.filter(pl.col(RAGGED) == CUT)
        if cut.height:
            raise InputError(localized("errors", "file_cut"), path, cut[LINE][0])
        yield batch


def refuse_other_header(rows: pl.DataFrame, numbers: Collection[str], names: Mapping[str, str], path: Path) -> None:
    """Raise InputError at a row that names other columns, or the same in another order: the rows below it have these.

    It has a name in the place of a number: that of the column, or another one where all its cells are names. A header
    that is repeated in the same order says nothing new.

    rows: of a table. numbers: columns of telephone numbers. names: of all columns of text.
    """
    header = {column: folded(name) for column, name in names.items()}
    without = rows.filter(~pl.any_horizontal(pl.col(numbers).str.contains(r"\d{3}").fill_null(False)))
    words = [word for name in numbers for word in without[name].unique().drop_nulls()]
    called = [word for word in words if folded(word) in {*header.values()} - {""} or is_name_of_number(word)]
    likely = without.filter(pl.any_horizontal(pl.col(numbers).is_in(pl.Series(called, dtype=pl.String).implode())))
    for row in likely.iter_rows(named=True):
        cells = {column: row[column] or "" for column in names}
        plain = {column: folded(cell) for column, cell in cells.items() if cell.strip()}
        is_own = any(plain.get(name) == header[name] for name in numbers)
        is_new = len(plain) > 1 and any(header[column] != word for column, word in plain.items())
        if is_new and (is_own or is_other_header(list(cells.values()), list(names.values()))):
            raise InputError(localized("errors", "second_header"), path, row.get(LINE))


def named_columns(header: list[str]) -> int:
    """The number of columns up to the last one with a name; all of them where none has a name."""
    return max((at for at, name in enumerate(header, 1) if name.strip()), default=len(header))


def unnamed(columns: list[str]) -> pl.Expr:
    """`UNNAMED` in rows with text in one of `columns`, those to the right of the last named column."""
    if not columns:
        return pl.lit(None, pl.String)
    text = pl.any_horizontal(pl.col(columns).str.strip_chars().fill_null("") != "")
    return pl.when(text).then(pl.lit(UNNAMED))


def table_of_frame(path: Path, frame: pl.DataFrame) -> Table:
    """A frame in memory as a table."""
    from dnc.files.sandbox_worker import dates  # not for files of text

    return typed_table(path, "arrow", {**frame.schema, **dates(frame.lazy(), frame.schema)}, [frame])


def typed_table(path: Path, kind: str, schema: Mapping[str, pl.DataType], rows: Iterable[pl.DataFrame]) -> Table:
    """A table of frames with typed columns; `dnc.files.cell_types` says which of them become text.

    schema: their columns; date-times that it has as dates are to be read as dates.
    """

    def batches() -> Iterator[pl.DataFrame]:
        first = 1
        for frame in rows:
            # A list: of more than 1,000 columns from a generator Polars makes a frame of 1,000.
            columns = [carried(cells.alias(name)) for cells, name in zip(frame, table.columns, strict=True)]
            yield from sliced(pl.DataFrame(columns), first)
            first += frame.height

    if unusual := [name for name, kind in schema.items() if isinstance(kind, pl.Object | pl.BaseExtension)]:
        raise InputError(localized("errors", "column_types", names=quoted(unusual)), path)
    header = list(schema)
    names = zip(unique_names(header), schema.values(), strict=True)
    table = Table(path, kind, header, batches(), dates=frozenset(name for name, kind in names if kind == pl.Date))
    return table


def sliced(frame: pl.DataFrame, first: int = 1) -> Iterator[pl.DataFrame]:
    """Cut a frame into batches. Where it has no `RAGGED` its rows match; without `LINE` they count from `first`."""
    numbers = pl.int_range(first, first + pl.len(), dtype=pl.UInt64).alias(LINE)
    marks = {LINE: numbers, RAGGED: pl.lit(None, pl.String).alias(RAGGED)}
    marked = frame.with_columns(mark for name, mark in marks.items() if name not in frame.columns)
    yield from marked.iter_slices(batch_rows(frame.width))


def gathered(frames: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Collect frames into batches of `BATCH_ROWS` rows.

    The first batches are smaller, and so are those whose cells are long, and the last one.
    """
    kept: list[pl.DataFrame] = []
    rows = in_memory = 0
    size = FIRST_ROWS
    for frame in frames:
        kept.append(frame)
        rows, in_memory = rows + frame.height, in_memory + int(frame.estimated_size())
        size = min(size, batch_rows(frame.width))
        if in_memory >= _BATCH_BYTES:
            yield from pl.concat(kept).iter_slices(size)
            kept, rows, in_memory = [], 0, 0
        while rows >= size:
            whole = pl.concat(kept)
            kept, rows, in_memory = [whole[size:]], rows - size, 0
            yield whole[:size].rechunk()
            size = batch_rows(frame.width)
    yield from pl.concat(kept).iter_slices(size) if kept else ()


def batch_rows(width: int) -> int:
    """How many rows of that many columns go into one batch."""
    return min(BATCH_ROWS, max(1, _BATCH_CELLS // max(1, width)))
