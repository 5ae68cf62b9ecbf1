"""The contract between a registry's file and the store: what a loader gets (`Extract`) and what it is (`Loader`).

A loader turns the bytes of a file into frames with the columns of `LISTING` and leaves telephone numbers as text.
Numbers are read in one place, in the same way for all registries. Loaders live in the package `registry_loaders`,
one module per layout, each of which defines `LOADER` or `LOADERS`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path

import polars as pl

from dnc.clock import DATE_ORDERS
from dnc.errors import FormatError, LoaderError, OptionError
from dnc.files.archive import HEAD_BYTES, Member, kind_of, members
from dnc.files.columns import EVERY, left_out
from dnc.files.csv_reader import first_row
from dnc.files.encoding import head_text
from dnc.files.file_kinds import other_kind
from dnc.files.input_file import read_bounded
from dnc.files.json_reader import is_json
from dnc.files.net import marked
from dnc.files.open_table import open_table
from dnc.files.table import SECOND, Table, folded, looks_like_phone, refuse_data_as_header
from dnc.messages import localized
from dnc.numbers.reader import read_listed

OWN = "own"  # id of the list of those who objected to this caller; everything else comes from a registry
LISTING = {
    "line": pl.UInt64,  # 1-based row of the file
    "number": pl.String,  # as written in the file
    "listed": pl.Boolean,  # null: the registry was asked and does not know
    "since": pl.Date,
    "unread": pl.String,  # why the row cannot be used, or null
}
OPTIONAL = {
    "e164": pl.UInt64,  # the number, if the layout itself proves it; used instead of `number`
    "region": pl.String,  # numbering plan of this row, if it is not that of the registry
    "until": pl.Date,  # last day of the entry; the own list only
    "odd": pl.String,  # what else in the row is not understood, or null; the number is still used
    "undated": pl.String,  # which date in the row is not understood, or null; the row counts without it
    "beside": pl.String,  # other text of a row with shifted cells, or null; numbers in it are used too
}


class _Peek:
    """The part of a file that recognition looks at: its names and its first 64 kB."""

    def __init__(self, path: Path, sheet: str | None) -> None:
        self.kind = kind_of(path)
        packed = self.kind in ("plain", "gzip", "zip")
        self.members = members(path) if packed else []
        self.head = self.members[0].head() if packed else read_bounded(path, HEAD_BYTES)
        self.names = [path.name, *(member.name for member in self.members if member.name != path.name)]
        self._path, self._sheet = path, sheet

    @cached_property
    def first_row(self) -> list[str]:
        """Cells of the first row; empty if the file is not a table."""
        if self.kind in ("parquet", "spreadsheet") or (self.head.strip() and is_json(self.head, self.names[-1])):
            return open_table(self._path, sheet=self._sheet).header
        return [] if other_kind(self.head, xml=False) or len(self.members) > 1 else first_row(self.head)


# Cached, because every loader looks at a file to recognise it. With its size and time of change in the key, a file that
# has changed is read again.
@lru_cache(maxsize=8)
def _peek(path: Path, sheet: str | None, _size: int, _changed: int) -> _Peek:
    return _Peek(path, sheet)


@dataclass(frozen=True)
class Layout:
    """What the user says about the columns and words of a file.

    Attributes:
        columns: our name of a column → its name in the file.
        dates: order of day and month, see `dnc.clock.DATE_ORDERS`.
        values: our name of a column → word of the file → our word; words are compared folded, "" is an empty cell.
        ignore: columns of the file that are left out on purpose; `utm_*` names several, and `*` all others but those
            that say yes or no and those that may hold objections.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    dates: str = "iso"
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    ignore: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raise OptionError if it contradicts itself, or would change a number."""
        if self.dates not in DATE_ORDERS:
            raise OptionError(localized("errors", "dates", dates=self.dates, known=", ".join(DATE_ORDERS)))
        if "number" in self.values:
            raise OptionError(localized("errors", "values_of_number"))
        theirs = [folded(name) for name in self.columns.values()]
        if twice := [name for name in self.columns.values() if theirs.count(folded(name)) > 1]:
            raise OptionError(localized("errors", "mapped_twice", name=twice[0]))

    @property
    def text(self) -> str | None:
        """The layout as JSON, the same text for the same meaning; None if it is empty."""
        if self == Layout():
            return None
        meaning = {
            "columns": {ours: folded(theirs) for ours, theirs in self.columns.items()},
            "dates": self.dates,
            "values": {ours: _folded_words(words) for ours, words in self.values.items()},
        }
        meaning |= {"ignore": sorted(map(folded, self.ignore))} if self.ignore else {}
        return json.dumps(meaning, sort_keys=True, ensure_ascii=False)

    def over(self, other: Layout) -> Layout:
        """This layout, completed by another one where it says nothing."""
        values = {
            ours: _folded_words(other.values.get(ours, {})) | _folded_words(self.values.get(ours, {}))
            for ours in (*other.values, *self.values)
        }
        return replace(self, columns={**other.columns, **self.columns}, values=values)

    def translated(self, cells: pl.Series, ours: str) -> pl.Series:
        """The cells of one of our columns, with words of the file replaced by ours."""
        ours_by_theirs = _folded_words(self.values[ours])
        text = cells.fill_null("")
        distinct = text.unique()
        meant = [ours_by_theirs.get(folded(word), word) for word in distinct]
        return text.replace_strict(distinct, pl.Series(meant, dtype=pl.String)).alias(cells.name)


def _folded_words(words: Mapping[str, str]) -> dict[str, str]:
    return {folded(theirs): ours for theirs, ours in words.items()}


@dataclass(frozen=True)
class Extract:
    """A registry's file, as a loader gets it.

    Attributes:
        path: the file.
        region: numbering plan of the registry's country.
        means: what a bare number means, `listed` or `callable`; None if not given.
        asked: the file of numbers that was sent to the registry, or None.
        as_of: the day the registry produced the file.
        sheet: of a spreadsheet; None: the first visible one that holds anything.
        layout: what the user says about its columns and words.
        covers: prefixes the file is complete for; filled by the loader while it reads, where the file says so.
        notes: what a person should know about this file; filled by the loader while it reads.
        other_sheets: names of the sheets that are not read, if none was named; filled while the file is read.
        read: positions of the columns that the loader asked for; filled while it reads.
        of_numbers: names of the columns of which each cell has to be a number; filled while it reads, if several are.
    """

    path: Path
    region: str
    means: str | None = None
    asked: Path | None = None
    as_of: date | None = None
    sheet: str | None = None
    layout: Layout = Layout()
    covers: set[str] = field(default_factory=set, compare=False)
    notes: list[str] = field(default_factory=list, compare=False)
    other_sheets: list[str] = field(default_factory=list, compare=False)
    read: set[int] = field(default_factory=set, compare=False)
    of_numbers: list[str] = field(default_factory=list, compare=False)

    @property
    def _look(self) -> _Peek:
        read_bounded(self.path, 1)
        status = self.path.stat()
        return _peek(self.path, self.sheet, status.st_size, status.st_mtime_ns)

    @property
    def members(self) -> list[Member]:
        """The file itself, or the files packed in an archive, as streams; raises LoaderError if it is not text."""
        if not self._look.members:
            kind = localized("errors", "file_kind", self._look.kind)
            raise LoaderError(localized("errors", "no_text_file", kind=kind), self.path)
        return self._look.members

    @property
    def names(self) -> list[str]:
        """The name of the file, and those of the files packed in it."""
        return self._look.names

    @property
    def head(self) -> bytes:
        """The first 64 kB of the content, or of the first packed file."""
        return self._look.head

    @cached_property
    def text(self) -> str:
        """The first 64 kB as text, without a byte-order mark."""
        return head_text(self.head).removeprefix("\ufeff")

    @cached_property
    def header(self) -> list[str]:
        """Folded names (lower case, no accents, no blanks) of the first row; empty if the file is not a table.

        Columns that the layout names have our name.
        """
        return self._in_our_names(self._look.first_row)

    def _in_our_names(self, names: Iterable[str]) -> list[str]:
        ours = {folded(theirs): ours for ours, theirs in self.layout.columns.items()}
        return [ours.get(name, name) for name in map(folded, names)]

    @property
    def is_bare(self) -> bool:
        """Whether the file is a single column of numbers, with or without a header."""
        return len(self.header) == 1 and (self.starts_with_number or looks_like_phone(self.header[0]))

    @property
    def starts_with_number(self) -> bool:
        """Whether the first cell holds a number, valid or not: then the first row is data and not a header."""
        return any(_mostly_digits(cell) or read_listed(cell, self.region) for cell in self._look.first_row[:1])

    def table(self) -> Table:
        """The file as rows of text; a first row that begins with a number is data.

        Raises InputError if the first row holds a number in another cell: such a row is not a header either.
        """
        table = open_table(self.path, header=not self.starts_with_number, strict=True, sheet=self.sheet)
        refuse_data_as_header(table.header, self.path, table.skipped + 1)
        return table

    def column(self, *names: str) -> int | None:
        """Position of the column with the first of these (folded) names that exists, or None.

        Raises LoaderError if several columns have that name, or had it before a program made names unique: they may
        say different things. All but numbers, of which a row may have several.
        """
        name = next((candidate for candidate in names if candidate in self.header), None)
        alike = self.header
        if name != "number":
            alike = self._in_our_names(SECOND.sub("", name) for name in self._look.first_row)
        if name and alike.count(name) > 1:
            raise LoaderError(localized("errors", "same_column", name=name), self.path, 1)
        if name is None:
            return None
        self.read.add(at := self.header.index(name))
        return at

    def need(self, *names: str) -> list[int]:
        """Positions of the (folded) columns; raises LoaderError if one is missing."""
        places = {name: self.column(name) for name in names}
        if missing := [name for name, at in places.items() if at is None]:
            why = localized("errors", "columns_missing", names=", ".join(missing), first=missing[0])
            raise FormatError(why, self.path, 1)
        return [at for at in places.values() if at is not None]

    def number_column(self) -> int:
        """Position of the column of numbers; raises LoaderError if there is none."""
        named, likely = self.column("number"), self.phone_columns
        if self.starts_with_number or (len(self.header) == 1 and not likely and _is_name(self.header[0])):
            return 0
        if named is None and not likely:
            raise FormatError(localized("errors", "no_number_found"), self.path, 1)
        return likely[0] if named is None else named

    @property
    def phone_columns(self) -> list[int]:
        """Positions of the columns that are named like telephone numbers, and not left out by name."""
        return [at for at, name in enumerate(self.header) if looks_like_phone(name) and not self._names_left_out(at)]

    def leaves_out(self, at: int) -> bool:
        """Whether the layout leaves out the column at a position."""
        return EVERY in self.layout.ignore or self._names_left_out(at)

    def _names_left_out(self, at: int) -> bool:
        name = self._look.first_row[at]
        return bool(left_out({name: name}, self.layout.ignore))

    @property
    def objection_columns(self) -> list[int]:
        """Positions of the columns that are named like objections to calls."""
        return marked(pl.Series(self._look.first_row, dtype=pl.String)).arg_true().to_list()


def _is_name(cell: str) -> bool:
    return cell[:1].isalpha() and sum(map(str.isdigit, cell)) < 3


def _mostly_digits(cell: str) -> bool:
    digits = sum(map(str.isdigit, cell))
    return digits >= 6 and digits > sum(map(str.isalpha, cell))


def _no_layout(extract: Extract) -> Iterator[pl.DataFrame]:
    raise FormatError(localized("errors", "no_layout"), extract.path)


@dataclass(frozen=True)
class Loader:
    """Reads the files of one registry.

    Attributes:
        registry: id of the registry, country first, such as `gb-tps`.
        region: numbering plan of its national numbers (ISO 3166-1 alpha-2).
        recognises: decides by names and head whether a file is one of its own; does not read the data.
        read: yields frames with the columns of `LISTING`; every row of the file is in one of them. Where the layout of
            its files is not known, both are left out: they are loaded in plain form.
        covers: E.164 prefixes a full file is complete for (`""` = every number). Where that depends on the
            file, `read` adds the prefixes to `Extract.covers`.
        absent: what it means inside `covers` that a number is not in the file, `clear` or `listed`.
        directory: whether its entries carry a mark, rather than being registrations themselves.
        bare: whether a file of bare numbers could be one of its files; it is never recognised by that alone.
        columns: those of its CSV that may have other names and words, which the user then gives (`Layout`); none if
            its files have a form of their own.
        answers: whether the registry only answers questions, so that none of its files is complete for anything.
        last_day: last day (ISO 8601) on which the registry worked, or None.
    """

    registry: str
    region: str
    recognises: Callable[[Extract], bool] = lambda _: False
    read: Callable[[Extract], Iterator[pl.DataFrame]] = _no_layout
    covers: tuple[str, ...] = ()
    absent: str = "clear"
    directory: bool = False
    bare: bool = False
    columns: tuple[str, ...] = ()
    answers: bool = False
    last_day: str | None = None

    def __post_init__(self) -> None:
        """Raise ValueError if `absent` is none of its words."""
        if self.absent not in ("clear", "listed"):
            raise ValueError(f"absent must be 'clear' or 'listed', not {self.absent!r}")

    @property
    def cumulative(self) -> bool:
        """Whether entries stay until they are lifted, whatever a later file leaves out: only those of the own list."""
        return self.registry == OWN

    def planned(self, region: str | None) -> Loader:
        """This loader with another numbering plan for national numbers, if it holds numbers of every country."""
        return replace(self, region=region) if region and "" in self.covers else self
