"""The brief: how a file's columns and words become ours, and what is declared for all of it."""

from __future__ import annotations

import codecs
import hashlib
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from dnc.clock import DATE_ORDERS, NONE, read_day, today
from dnc.errors import InputError
from dnc.files.input_file import open_input
from dnc.files.table import folded
from dnc.law.vocabulary import OR_NONE, vocabulary
from dnc.numbers.reader import known_region

_KEYS = ("region", "dates", "sheet", "short_rows", "ignore", "columns", "values", "facts")
SHORT_ROWS = ("trailing",)


@dataclass(frozen=True)
class Brief:
    """What is declared about a planned-calls file.

    region: numbering plan of national forms, where a row tells none.
    dates: `iso`, `dmy` or `mdy`; ISO 8601 is always read.
    sheet: of a spreadsheet; by default the first visible one that holds anything.
    short_rows: `trailing` where rows of a CSV with fewer cells than the header lack empty cells at their end.
    columns: our name → theirs. values: our column → their word (folded) → ours.
    facts: our column → what fills its empty cells.
    sha256: of the brief's file, or None. beside: facts that were not told by it but said beside it.
    ignore: columns of theirs that are left out on purpose, though they may tell objections.
    """

    region: str | None = None
    dates: str = "iso"
    columns: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    sha256: str | None = None
    beside: frozenset[str] = frozenset()
    short_rows: str | None = None
    ignore: Sequence[str] = ()
    sheet: str | None = None

    def __post_init__(self) -> None:
        if self.region is not None and not known_region(self.region.upper()):
            raise InputError(f"region {self.region!r} is no numbering plan; write two letters such as FR")
        if self.dates not in DATE_ORDERS:
            raise InputError(f"dates {self.dates!r} is none of {', '.join(DATE_ORDERS)}")
        if self.short_rows not in (None, *SHORT_ROWS):
            raise InputError(f'short_rows {self.short_rows!r} is not known; write "trailing", or leave it out')
        for column in (*self.columns, *self.values, *self.facts):
            must_be_column(column)
        self._check_columns()
        for column in ("number", "call"):
            if column in self.facts or self.values.get(column):
                raise InputError(f"{column} is the file's own: it can neither be declared nor have its words changed")
        meant = ((column, word) for column, words in self.values.items() for word in words.values())
        for column, word in (*self.facts.items(), *meant):
            _check_word(column, word, self.dates)

    def _check_columns(self) -> None:
        if isinstance(self.ignore, str):
            raise InputError("ignore takes a list of columns")
        ignored = set(map(folded, self.ignore))
        for column, theirs in self.columns.items():
            if not theirs.strip():
                raise InputError(f"no column is named for {column}")
            if folded(theirs) in ignored:
                raise InputError(f"column {theirs!r} is both named for {column} and left out; do one of the two")

    def but(
        self,
        region: str | None = None,
        columns: Mapping[str, str] | None = None,
        facts: Mapping[str, object] | None = None,
        ignore: Sequence[str] = (),
        sheet: str | None = None,
    ) -> Brief:
        """This brief with what was said beside it, which wins."""
        return replace(
            self,
            region=region or self.region,
            columns={**self.columns, **(columns or {})},
            facts={**self.facts, **{name: str(fact) for name, fact in (facts or {}).items()}},
            beside=self.beside.union(facts or ()),
            ignore=(*self.ignore, *ignore),
            sheet=sheet or self.sheet,
        )

    def without(self, facts: Collection[str]) -> Brief:
        """This brief without some of its facts."""
        return replace(self, facts={name: fact for name, fact in self.facts.items() if name not in facts})


def must_be_column(name: str) -> None:
    """Raise InputError where a name is none of our columns."""
    import difflib

    known = vocabulary().columns
    if name not in known:
        near = difflib.get_close_matches(name, known, 1)
        hint = f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(known)}"
        raise InputError(f"{name!r} is no column of planned calls{hint}")


def _check_word(column: str, word: str, dates: str) -> None:
    """What is said of a whole file must be understood, or it would spoil every row."""
    kind, axis = vocabulary().columns[column]["kind"], vocabulary().axes.get(column)
    day = read_day(word, dates) if kind in ("date", "datetime") else None
    none = column in OR_NONE and word.lower() in NONE
    if not word.strip():
        raise InputError(f"{column} is given no value; leave it out where it is not told")
    if axis and word not in axis:
        raise InputError(f"{column} {word!r} is none of {', '.join(axis)}")
    if kind in ("date", "datetime") and day is None and not none:
        raise InputError(f"{column} {word!r} is no date; write YYYY-MM-DD")
    if kind == "date" and day and day > today():
        raise InputError(f"{column} {word!r} is a day that has not come yet")
    if kind == "integer" and not (word.isascii() and word.isdecimal()):
        raise InputError(f"{column} {word!r} is no number")
    if column == "region" and not known_region(word.upper()):
        raise InputError(f"region {word!r} is no numbering plan; write two letters such as FR")


def _encoding(data: bytes) -> str:
    """UTF-8, or UTF-16 as PowerShell 5 writes it; with or without the mark that Notepad puts in front."""
    return "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"


def read_brief(path: str | Path) -> Brief:
    """Read a brief; raises InputError naming file and key."""
    path = Path(path)
    with open_input(path) as file:
        data = file.read()
    try:
        told = tomllib.loads(data.decode(_encoding(data)))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(f"is not TOML: {error}", path) from None
    for key in told:
        if key not in _KEYS:
            raise InputError(f"unknown key; known are {', '.join(_KEYS)}", path, key)
    columns = _texts(path, "columns", told.get("columns", {}))
    facts = _texts(path, "facts", told.get("facts", {}))
    tables = _table(path, "values", told.get("values", {}))
    values = {column: _words(path, f"values.{column}", words) for column, words in tables.items()}
    ignore = told.get("ignore", [])
    if not isinstance(ignore, list) or not all(isinstance(name, str) for name in ignore):
        raise InputError("must be a list of columns", path, "ignore")
    region, dates, short_rows = told.get("region"), told.get("dates", "iso"), told.get("short_rows")
    sheet = told.get("sheet")
    if sheet is not None and (not isinstance(sheet, str) or not sheet):
        raise InputError("must be the name of a sheet", path, "sheet")
    sha256 = hashlib.sha256(data).hexdigest()
    try:
        return Brief(
            region and str(region).upper(),
            str(dates),
            columns,
            values,
            facts,
            sha256,
            short_rows=short_rows,
            ignore=tuple(ignore),
            sheet=sheet,
        )
    except InputError as error:
        raise InputError(str(error), path) from None


def _words(path: Path, key: str, table: Any) -> dict[str, str]:
    """Their words, folded, and ours; raises InputError where two that are read alike mean different things."""
    words: dict[str, str] = {}
    for theirs, ours in _texts(path, key, table).items():
        if not theirs.strip():
            raise InputError("has an empty word; an empty cell is not told", path, key)
        if words.setdefault(folded(theirs), ours) != ours:
            raise InputError(f"{theirs!r} stands there twice but for case, accents, blanks and hyphens", path, key)
    return words


def _table(path: Path, key: str, told: Any) -> dict[str, Any]:
    if not isinstance(told, dict):
        raise InputError(f'must be a table: a line [{key}], and below it lines like name = "word"', path, key)
    return told


def _texts(path: Path, key: str, told: Any) -> dict[str, str]:
    table = _table(path, key, told)
    if wrong := [name for name, value in table.items() if isinstance(value, dict | list)]:
        raise InputError("must be a text; write it in quotation marks", path, f"{key}.{wrong[0]}")
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in table.items()}
