"""The brief: what the columns and words of a list mean, and what is declared for all its rows."""

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl

from dnc.clock import DATE_ORDERS, NONE, YES, read_day, today
from dnc.errors import InputError
from dnc.files.cell_texts import normal
from dnc.files.input_file import read_bounded
from dnc.files.table import folded
from dnc.files.toml_reader import TomlError, toml_of
from dnc.law.vocabulary import AGAINST, OR_NONE, vocabulary
from dnc.lists.texts import MEANINGS, TextMeanings
from dnc.messages import either, localized
from dnc.numbers.numbering_plans import known_region

Names = str | Sequence[str]  # of one column of the file, or of several
KEYS = (
    *(
        "region",
        "dates",
        "sheet",
        "short_rows",
        "require_proof",
        "consent_months",
        "guidance",
        "ignore",
        "new_columns",
        "around",
    ),
    *("columns", "values", "texts", "when_filled", "when_empty", "facts"),
)
CONSENT_MONTHS = 24  # our figure: courts have let consents that nobody used lapse after one and a half to two years
MOST_MONTHS = 120
_OF_TEXTS = ("rest", "separator", "on")  # beside its meanings
_OF_CALLS = ("zone", "outbound")  # of files of calls that were made
_MOST_BYTES = 1 << 23  # more than the characters of a brief can take


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
        by_options: names of facts that were given as options and not in the brief.
        short_rows: `trailing` if rows of a CSV may leave out empty cells at their end.
        ignore: columns of the file that are left out on purpose; `utm_*` names several, and `*` all others.
        texts: column of the file → what its texts mean.
        new_columns: what columns are that the brief does not name: None (they stop the list), or `undecided` (their
            texts were read by nobody).
        around: `read` if a person has read what the file has around its table; `undecided` if nobody has, so that no
            row is clear.
        require_proof: whether a consent without a proof or a wording is not known.
        consent_months: after how many months a consent without a last day is not known, if it was not used since.
        guidance: whether a regulator's recommendation counts like law (`enforce`, as without it) or not (`advise`).
        campaign: name and version of the campaign that it is of, or None.
    """

    region: str | None = None
    dates: str = "iso"
    columns: Mapping[str, Names] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    sha256: str | None = None
    by_options: frozenset[str] = frozenset()
    short_rows: str | None = None
    ignore: Sequence[str] = ()
    sheet: str | None = None
    when_filled: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    when_empty: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    texts: Mapping[str, TextMeanings] = field(default_factory=dict)
    new_columns: str | None = None
    around: str | None = None
    require_proof: bool = False
    consent_months: int = CONSENT_MONTHS
    guidance: str | None = None
    campaign: str | None = None

    def __post_init__(self) -> None:
        if self.region is not None and not known_region(self.region.upper()):
            raise InputError(localized("errors", "region", region=self.region))
        if self.dates not in DATE_ORDERS:
            raise InputError(localized("errors", "dates", dates=self.dates, known=", ".join(DATE_ORDERS)))
        by_cell = [(column, word) for _, _, facts in self.rules for column, word in facts.items()]
        for column in (*self.columns, *self.values, *self.facts, *(column for column, _ in by_cell)):
            must_be_column(column)
        self._check_columns()
        for column in ("number", "call"):
            if column in self.facts or self.values.get(column) or column in dict(by_cell):
                raise InputError(localized("errors", "as_it_is", column=column))
        meant = ((column, word) for column, words in self.values.items() for word in words.values())
        for column, word in (*self.facts.items(), *by_cell, *meant):
            _check_word(column, word, self.dates)

    def _check_columns(self) -> None:
        if isinstance(self.ignore, str):
            raise InputError(localized("errors", "ignore_list"))
        ignored = set(map(folded, self.ignore))
        for column in self.columns:
            names = self.named(column)
            if len(names) > 1 and column != "number":
                raise InputError(localized("errors", "one_column", column=column))
            if not names or not all(name.strip() for name in names):
                raise InputError(localized("errors", "column_unnamed", column=column))
            for name in names:
                if folded(name) in ignored:
                    raise InputError(localized("errors", "mapped_and_ignored", name=name, column=column))
        for key, name, facts in self.rules:
            if not name.strip() or not facts:
                raise InputError(localized("errors", "no_effect", key=key))
            if folded(name) in ignored:
                raise InputError(localized("errors", "used_and_ignored", name=name, key=key))

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
        *,
        sheet: str | None = None,
        around: str | None = None,
    ) -> Brief:
        """This brief with settings from elsewhere, which override its own."""
        return replace(
            self,
            region=region or self.region,
            columns={**self.columns, **(columns or {})},
            facts={**self.facts, **{name: as_cell(fact) for name, fact in (facts or {}).items()}},
            by_options=self.by_options.union(facts or ()),
            ignore=(*self.ignore, *ignore),
            sheet=sheet or self.sheet,
            around=around or self.around,
        )

    def without_file(self) -> Brief:
        """This brief without what it says of the columns of a file."""
        return replace(self, columns={}, ignore=(), when_filled={}, when_empty={}, texts={})

    def without(self, facts: Collection[str]) -> Brief:
        """This brief without some of its facts."""
        return replace(self, facts={name: fact for name, fact in self.facts.items() if name not in facts})


def as_cell(value: object) -> str:
    """A value given in Python as the text of a cell; None is an empty one, and not the word `None`."""
    return "" if value is None else str(value)


def must_be_column(name: str) -> None:
    """Raise InputError where a name is not one of our columns."""
    import difflib

    known = vocabulary().columns
    if name not in known:
        near = difflib.get_close_matches(name, known, 1)
        hint = (
            localized("errors", "near", name=near[0]) if near else localized("errors", "known", known=", ".join(known))
        )
        raise InputError(localized("errors", "not_our_column", name=name, hint=hint))


def _check_word(column: str, word: str, dates: str) -> None:
    """Raise InputError where a value that is declared for many rows would not be understood in any of them."""
    kind, axis = vocabulary().columns[column]["kind"], vocabulary().axes.get(column)
    day = read_day(word, dates) if kind in ("date", "datetime") else None
    is_word = column in OR_NONE and word.lower() in (*NONE, *(YES if column in AGAINST else ()))
    if not word.strip():
        raise InputError(localized("errors", "no_value", column=column))
    if axis and word not in axis:
        raise InputError(localized("errors", "unknown_word", column=column, word=word, known=", ".join(axis)))
    if kind in ("date", "datetime") and day is None and not is_word:
        raise InputError(localized("errors", "no_date", column=column, word=word))
    if kind == "date" and day and day > today():
        raise InputError(localized("errors", "future", column=column, word=word))
    if kind == "integer" and not (word.isascii() and word.isdecimal()):
        raise InputError(localized("errors", "no_whole_number", column=column, word=word))
    if column == "region" and not known_region(word.upper()):
        raise InputError(localized("errors", "region", region=word))


def brief_source(path: Path) -> tuple[str, str]:
    """The text of the file of a brief, and its SHA-256. Raises InputError."""
    data = read_bounded(path, _MOST_BYTES)
    # PowerShell 5 writes UTF-16; in UTF-8, Notepad writes a byte-order mark.
    encoding = "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        return data.decode(encoding), hashlib.sha256(data).hexdigest()
    except UnicodeDecodeError:
        raise InputError(localized("errors", "no_toml", error=localized("errors", "toml", "encoding")), path) from None


def brief_entries(path: Path) -> tuple[dict[str, Any], str]:
    """What the file of a brief has, as it is, and its SHA-256. Raises InputError where it is not TOML."""
    text, sha256 = brief_source(path)
    return _entries(text, path), sha256


def _entries(text: str, path: Path) -> dict[str, Any]:
    try:
        return toml_of(text)
    except TomlError as error:
        raise InputError(localized("errors", "no_toml", error=error.args[0]), path) from None


def read_brief(path: str | Path) -> Brief:
    """Read a brief. Raises InputError, which names the file and the key."""
    return brief_of_text(*brief_source(Path(path)), Path(path))


def brief_of_text(text: str, sha256: str, path: Path) -> Brief:
    """The brief that a text is; `path` names it in errors. Raises InputError."""
    entries = _entries(text, path)
    for key in entries:
        if key not in KEYS:
            raise InputError(localized("errors", "unknown_key", known=", ".join(KEYS)), path, key)
    facts = _texts(path, "facts", entries.get("facts", {}))
    rules = {
        key: {
            name: _texts(path, f"{key}.{name}", facts)
            for name, facts in _table(path, key, entries.get(key, {})).items()
        }
        for key in ("when_filled", "when_empty")
    }
    require_proof = entries.get("require_proof", False)
    if not isinstance(require_proof, bool):
        raise InputError(localized("errors", "true_or_false"), path, "require_proof")
    consent_months = entries.get("consent_months", CONSENT_MONTHS)
    if type(consent_months) is not int or not 1 <= consent_months <= MOST_MONTHS:
        raise InputError(localized("errors", "months", most=MOST_MONTHS), path, "consent_months")
    given: dict[str, Any] = {
        **_of_file(path, entries),
        "short_rows": _word(path, "short_rows", entries.get("short_rows"), "trailing"),
        "new_columns": _word(path, "new_columns", entries.get("new_columns"), "undecided"),
        "guidance": _word(path, "guidance", entries.get("guidance"), "enforce", "advise"),
    }
    given |= rules | {"facts": facts, "require_proof": require_proof, "consent_months": consent_months}
    try:
        return Brief(**given, sha256=sha256)
    except InputError as error:
        raise InputError(error.message, path) from None


def read_file_brief(path: Path) -> dict[str, Any]:
    """What a brief says of a file of a registry or of own records, by the names of options of a load.

    That is what `Brief` has of the same name, but the columns are those of the file's kind; and of calls made `zone`
    and `outbound`, see `dnc.lists.own_records.RecordReading`. Facts and rules of planned calls say nothing here.
    Raises InputError.
    """
    entries, _ = brief_entries(path)
    for key in entries:
        if key not in (*KEYS, *_OF_CALLS):
            raise InputError(localized("errors", "unknown_key", known=", ".join((*KEYS, *_OF_CALLS))), path, key)
    found = _of_file(path, entries, with_empty=True)
    if "zone" in entries:
        found |= _texts(path, "zone", {"zone": entries["zone"]})
    if "outbound" in entries:
        [*pairs] = _texts(path, "outbound", entries["outbound"]).items()
        if len(pairs) != 1:
            raise InputError(localized("errors", "one_pair"), path, "outbound")
        found["outbound"] = pairs[0]
    return found


def _of_file(path: Path, entries: Mapping[str, Any], *, with_empty: bool = False) -> dict[str, Any]:
    """What the entries of a brief say of the columns, words and texts of a file. Raises InputError.

    with_empty: whether empty cells may have a meaning among the words; of planned calls `[when_empty]` gives them one.
    """
    ignore = entries.get("ignore", [])
    if not isinstance(ignore, list) or not all(isinstance(name, str) for name in ignore):
        raise InputError(localized("errors", "columns_list"), path, "ignore")
    sheet, region = entries.get("sheet"), entries.get("region")
    if sheet is not None and (not isinstance(sheet, str) or not sheet):
        raise InputError(localized("errors", "sheet_name"), path, "sheet")
    tables, texts = (_table(path, key, entries.get(key, {})) for key in ("values", "texts"))
    return {
        "region": region and str(region).upper(),
        "dates": str(entries.get("dates", "iso")),
        "columns": _names(path, entries.get("columns", {})),
        "values": {column: _words(path, f"values.{column}", words, with_empty) for column, words in tables.items()},
        "ignore": tuple(ignore),
        "sheet": sheet,
        "texts": {name: _meanings(path, name, table) for name, table in texts.items()},
        "around": _word(path, "around", entries.get("around"), "read", "undecided"),
    }


def _word(path: Path, key: str, value: object, *known: str) -> str | None:
    """The value of a key, one of a few words; None where it is left out."""
    if value not in (None, *known):
        raise InputError(localized("errors", "one_word", word=value, known=either(known)), path, key)
    return value


def _meanings(path: Path, name: str, value: Any) -> TextMeanings:
    """What `[texts."Column"]` says. Raises InputError where a text has two meanings, which does not quote the text."""
    table, key = _table(path, f"texts.{name}", value), f"texts.{name}"
    if not table.keys() <= {*MEANINGS, *_OF_TEXTS}:
        known = ", ".join((*MEANINGS, *_OF_TEXTS))
        raise InputError(localized("errors", "unknown_key", known=known), path, key)
    found: dict[str, str] = {}
    for meaning in MEANINGS:
        texts = table.get(meaning, [])
        if not isinstance(texts, list) or not all(isinstance(text, str | int | float | bool) for text in texts):
            raise InputError(localized("errors", "texts_list"), path, f"{key}.{meaning}")
        if any(not str(text).strip() for text in texts):
            raise InputError(localized("errors", "empty_entry"), path, f"{key}.{meaning}")
        for text in normal(pl.Series([_as_text(text) for text in texts], dtype=pl.String), in_full=True).drop_nulls():
            if found.setdefault(text, meaning) != meaning:
                raise InputError(localized("errors", "word_twice"), path, key)
    others = {entry: table[entry] for entry in _OF_TEXTS if entry in table}
    for entry, text in others.items():
        if not isinstance(text, str) or not text:
            raise InputError(localized("errors", "no_text"), path, f"{key}.{entry}")
    _ = _word(path, f"{key}.rest", others.get("rest"), "nothing")
    if separator := others.get("separator"):
        _check_separator(path, key, separator, [text for meaning in MEANINGS for text in table.get(meaning, ())])
    return TextMeanings(found, **others)


def _check_separator(path: Path, key: str, separator: str, texts: Sequence[object]) -> None:
    """Raise InputError where a separator may be part of a word, or is part of a text: no cell would have that text."""
    if re.search(r"^[^\W_]|[^\W_]$", separator):
        raise InputError(localized("errors", "separator_sign"), path, f"{key}.separator")
    if any(separator in str(text) for text in texts):
        raise InputError(localized("errors", "text_parted"), path, key)


def _as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _names(path: Path, value: Any) -> dict[str, Names]:
    """The names under [columns]; that of `number` may be a list."""
    table = dict(_table(path, "columns", value))
    numbers = table.get("number")
    if isinstance(numbers, list):
        if not all(isinstance(name, str) for name in numbers):
            raise InputError(localized("errors", "text_or_list"), path, "columns.number")
        del table["number"]
        return {"number": numbers, **_texts(path, "columns", table)}
    return dict(_texts(path, "columns", table))


def _words(path: Path, key: str, table: Any, with_empty: bool) -> dict[str, str]:
    """Words of the file, folded → ours. Raises InputError where two that are read alike have different meanings."""
    words: dict[str, str] = {}
    for theirs, value in _table(path, key, table).items():
        ours = _text(path, key, value)
        if not theirs.strip() and not with_empty:
            raise InputError(localized("errors", "empty_entry"), path, key)
        if words.setdefault(folded(theirs), ours) != ours:
            raise InputError(localized("errors", "word_twice"), path, key)
    return words


def _table(path: Path, key: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InputError(localized("errors", "no_table", key=key), path, key)
    return value


def _texts(path: Path, key: str, value: Any) -> dict[str, str]:
    return {name: _text(path, f"{key}.{name}", text) for name, text in _table(path, key, value).items()}


def _text(path: Path, key: str, value: Any) -> str:
    if isinstance(value, dict | list):
        raise InputError(localized("errors", "no_text"), path, key)
    return _as_text(value)
