"""The brief: what the columns and words of a list mean, and what is declared for all its rows."""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from dnc.clock import DATE_ORDERS, NONE, read_day, today
from dnc.errors import InputError
from dnc.files.input_file import open_input
from dnc.files.table import folded
from dnc.files.toml_reader import TomlError, toml_of
from dnc.law.vocabulary import OR_NONE, vocabulary
from dnc.numbers.reader import known_region

Names = str | Sequence[str]  # of one column of the file, or of several
_KEYS = ("region", "dates", "sheet", "short_rows", "ignore", "columns", "values", "when_filled", "when_empty", "facts")
_MOST_BYTES = 1 << 23  # more than the characters of a brief can take
SHORT_ROWS = ("trailing",)


@dataclass(frozen=True)
class Brief:
    """What is declared about a list of planned calls.

    Attributes:
        region: numbering plan of numbers in national format, for rows without a region.
        dates: `iso`, `dmy` or `mdy`; ISO 8601 is always read.
        sheet: of a spreadsheet; by default the first visible one that is not empty.
        columns: our name → name of the column in the file; for `number` also a list of them, in order of preference.
        values: our column → word in the file (folded) → our word.
        when_filled: column of the file → our column → value for rows in which the former is filled and the latter is
            empty.
        when_empty: the same for rows in which the column of the file is empty.
        facts: our column → value of its empty cells that `when_filled` and `when_empty` do not fill.
        sha256: checksum of the brief's file, or None.
        beside: names of facts that were given as options and not in the brief.
        short_rows: `trailing` if rows of a CSV may leave out empty cells at their end.
        ignore: columns of the file that are left out on purpose, although they may contain objections.
    """

    region: str | None = None
    dates: str = "iso"
    columns: Mapping[str, Names] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    sha256: str | None = None
    beside: frozenset[str] = frozenset()
    short_rows: str | None = None
    ignore: Sequence[str] = ()
    sheet: str | None = None
    when_filled: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    when_empty: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.region is not None and not known_region(self.region.upper()):
            raise InputError(f"region {self.region!r} is not known; use two letters such as FR")
        if self.dates not in DATE_ORDERS:
            raise InputError(f"dates {self.dates!r} is not known; use one of {', '.join(DATE_ORDERS)}")
        if self.short_rows not in (None, *SHORT_ROWS):
            raise InputError(f'short_rows {self.short_rows!r} is not known; use "trailing", or leave it out')
        told = [(column, word) for _, _, facts in self.rules for column, word in facts.items()]
        for column in (*self.columns, *self.values, *self.facts, *(column for column, _ in told)):
            must_be_column(column)
        self._check_columns()
        for column in ("number", "call"):
            if column in self.facts or self.values.get(column) or column in dict(told):
                raise InputError(f"{column} is read from the file as it is; no other part of a brief can change it")
        meant = ((column, word) for column, words in self.values.items() for word in words.values())
        for column, word in (*self.facts.items(), *told, *meant):
            _check_word(column, word, self.dates)

    def _check_columns(self) -> None:
        if isinstance(self.ignore, str):
            raise InputError("ignore must be a list of columns")
        ignored = set(map(folded, self.ignore))
        for column in self.columns:
            names = self.named(column)
            if len(names) > 1 and column != "number":
                raise InputError(f"{column} can be read from one column only; several can only be named for number")
            if not names or not all(name.strip() for name in names):
                raise InputError(f"no column is named for {column}")
            for name in names:
                if folded(name) in ignored:
                    raise InputError(f"column {name!r} is both mapped to {column} and ignored; remove one of the two")

        for key, name, facts in self.rules:
            if not name.strip() or not facts:
                raise InputError(f"an entry of [{key}] has no effect; name a column of the file and what it tells")
            if folded(name) in ignored:
                raise InputError(f"column {name!r} is both used by [{key}] and ignored; remove one of the two")

    @property
    def rules(self) -> list[tuple[str, str, Mapping[str, str]]]:
        """The tables of `when_filled` and `when_empty`: which of the two, column of the file, facts."""
        tables = {"when_filled": self.when_filled, "when_empty": self.when_empty}
        return [(key, name, facts) for key, table in tables.items() for name, facts in table.items()]

    def named(self, column: str) -> list[str]:
        """The columns of the file that are named for one of ours, in order of preference."""
        names = self.columns.get(column, [])
        return [names] if isinstance(names, str) else list(names)

    def but(
        self,
        region: str | None = None,
        columns: Mapping[str, Names] | None = None,
        facts: Mapping[str, object] | None = None,
        ignore: Sequence[str] = (),
        sheet: str | None = None,
    ) -> Brief:
        """This brief with settings from elsewhere, which override its own."""
        return replace(
            self,
            region=region or self.region,
            columns={**self.columns, **(columns or {})},
            facts={**self.facts, **{name: str(fact) for name, fact in (facts or {}).items()}},
            beside=self.beside.union(facts or ()),
            ignore=(*self.ignore, *ignore),
            sheet=sheet or self.sheet,
        )

    def without_file(self) -> Brief:
        """This brief without what it says of the columns of a file."""
        return replace(self, columns={}, ignore=(), when_filled={}, when_empty={})

    def without(self, facts: Collection[str]) -> Brief:
        """This brief without some of its facts."""
        return replace(self, facts={name: fact for name, fact in self.facts.items() if name not in facts})


def must_be_column(name: str) -> None:
    """Raise InputError where a name is not one of our columns."""
    import difflib

    known = vocabulary().columns
    if name not in known:
        near = difflib.get_close_matches(name, known, 1)
        hint = f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(known)}"
        raise InputError(f"{name!r} is not a column of planned calls{hint}")


def _check_word(column: str, word: str, dates: str) -> None:
    """Raise InputError where a value that is declared for many rows would not be understood in any of them."""
    kind, axis = vocabulary().columns[column]["kind"], vocabulary().axes.get(column)
    day = read_day(word, dates) if kind in ("date", "datetime") else None
    none = column in OR_NONE and word.lower() in NONE
    if not word.strip():
        raise InputError(f"{column} has no value; give it one, or leave it out")
    if axis and word not in axis:
        raise InputError(f"{column} {word!r} is not known; use one of {', '.join(axis)}")
    if kind in ("date", "datetime") and day is None and not none:
        raise InputError(f"{column} {word!r} is not a valid date; use YYYY-MM-DD")
    if kind == "date" and day and day > today():
        raise InputError(f"{column} {word!r} is in the future")
    if kind == "integer" and not (word.isascii() and word.isdecimal()):
        raise InputError(f"{column} {word!r} is not a whole number")
    if column == "region" and not known_region(word.upper()):
        raise InputError(f"region {word!r} is not known; use two letters such as FR")


def _encoding(data: bytes) -> str:
    """UTF-8, or UTF-16 as PowerShell 5 writes it; with or without the byte-order mark that Notepad writes."""
    return "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"


def read_brief(path: str | Path) -> Brief:
    """Read a brief. Raises InputError, which names the file and the key."""
    path = Path(path)
    with open_input(path) as file:
        data = file.read(_MOST_BYTES)
    try:
        told = toml_of(data.decode(_encoding(data)))
    except UnicodeDecodeError:
        raise InputError("is not TOML: it is neither UTF-8 nor UTF-16", path) from None
    except TomlError as error:
        raise InputError(f"is not TOML: {error}", path) from None
    for key in told:
        if key not in _KEYS:
            raise InputError(f"unknown key; known are {', '.join(_KEYS)}", path, key)
    columns = _names(path, told.get("columns", {}))
    facts = _texts(path, "facts", told.get("facts", {}))
    tables = _table(path, "values", told.get("values", {}))
    values = {column: _words(path, f"values.{column}", words) for column, words in tables.items()}
    rules = {
        key: {
            name: _texts(path, f"{key}.{name}", facts) for name, facts in _table(path, key, told.get(key, {})).items()
        }
        for key in ("when_filled", "when_empty")
    }
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
            when_filled=rules["when_filled"],
            when_empty=rules["when_empty"],
        )
    except InputError as error:
        raise InputError(error.message, path) from None


def _names(path: Path, told: Any) -> dict[str, Names]:
    """The names under [columns]; that of `number` may be a list."""
    table = dict(_table(path, "columns", told))
    numbers = table.get("number")
    if isinstance(numbers, list):
        if not all(isinstance(name, str) for name in numbers):
            raise InputError("must be a text or a list of texts", path, "columns.number")
        del table["number"]
        return {"number": numbers, **_texts(path, "columns", table)}
    return dict(_texts(path, "columns", table))


def _words(path: Path, key: str, table: Any) -> dict[str, str]:
    """Words of the file, folded → ours. Raises InputError where two that are read alike have different meanings."""
    words: dict[str, str] = {}
    for theirs, ours in _texts(path, key, table).items():
        if not theirs.strip():
            why = "an entry for empty cells has no effect here; write it under [when_empty], or in [facts]"
            raise InputError(why, path, key)
        if words.setdefault(folded(theirs), ours) != ours:
            raise InputError(f"{theirs!r} is there twice (case, accents, blanks and hyphens are ignored)", path, key)
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
