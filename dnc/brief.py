"""The brief: how a file's columns and words become ours, and what is declared for all of it."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from dnc.clock import DATE_ORDERS, NONE, read_moment
from dnc.errors import InputError
from dnc.numbers import known_region
from dnc.tabular import folded
from dnc.vocabulary import vocabulary

_KEYS = ("region", "dates", "columns", "values", "facts")


@dataclass(frozen=True)
class Brief:
    """What is declared about a planned-calls file.

    region: numbering plan of national forms, where a row tells none.
    dates: `iso`, `dmy` or `mdy`; ISO 8601 is always read.
    columns: our name → theirs. values: our column → their word (folded) → ours.
    facts: our column → what fills its empty cells.
    sha256: of the brief's file, or None. beside: facts that were not told by it but said beside it.
    """

    region: str | None = None
    dates: str = "iso"
    columns: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    sha256: str | None = None
    beside: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if self.region is not None and not known_region(self.region.upper()):
            raise InputError(f"region {self.region!r} is no numbering plan; write two letters such as FR")
        if self.dates not in DATE_ORDERS:
            raise InputError(f"dates {self.dates!r} is none of {', '.join(DATE_ORDERS)}")
        for column in (*self.columns, *self.values, *self.facts):
            if column not in vocabulary().columns:
                raise InputError(f"{column!r} is no column of planned calls{_nearest(column)}")
        for column, word in self.facts.items():
            if column in ("number", "call"):
                raise InputError(f"{column} cannot be declared for a whole file")
            _check_fact(column, word, self.dates)
        for column, words in self.values.items():
            for word in words.values():
                _check_word(column, word)

    def but(
        self,
        region: str | None = None,
        columns: Mapping[str, str] | None = None,
        facts: Mapping[str, object] | None = None,
    ) -> Brief:
        """This brief with what was said beside it, which wins."""
        return replace(
            self,
            region=region or self.region,
            columns={**self.columns, **(columns or {})},
            facts={**self.facts, **{name: str(fact) for name, fact in (facts or {}).items()}},
            beside=self.beside.union(facts or ()),
        )

    def without(self, facts: Collection[str]) -> Brief:
        """This brief without some of its facts."""
        return replace(self, facts={name: fact for name, fact in self.facts.items() if name not in facts})


def _check_word(column: str, word: str) -> None:
    words = vocabulary().axes.get(column)
    if words and word not in words:
        raise InputError(f"{column} {word!r} is none of {', '.join(words)}")


def _check_fact(column: str, word: str, dates: str) -> None:
    """What is declared for a whole file must be understood, or it would spoil every row."""
    _check_word(column, word)
    kind = vocabulary().columns[column]["kind"]
    if kind in ("date", "datetime") and read_moment(word, dates) is None and word.lower() not in NONE:
        raise InputError(f"{column} {word!r} is no date; write YYYY-MM-DD")
    if kind == "integer" and not word.isdecimal():
        raise InputError(f"{column} {word!r} is no number")


def _nearest(name: str) -> str:
    import difflib

    near = difflib.get_close_matches(name, vocabulary().columns, 1)
    return f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(vocabulary().columns)}"


def read_brief(path: str | Path) -> Brief:
    """Read a brief; raises InputError naming file and key."""
    path = Path(path)
    try:
        data = path.read_bytes()
        told = tomllib.loads(data.decode())
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path) from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"is not TOML: {error}", path) from None
    for key in told:
        if key not in _KEYS:
            raise InputError(f"unknown key; known are {', '.join(_KEYS)}", path, key)
    columns = _texts(path, "columns", told.get("columns", {}))
    facts = _texts(path, "facts", told.get("facts", {}))
    tables = _table(path, "values", told.get("values", {}))
    values = {column: _words(path, f"values.{column}", words) for column, words in tables.items()}
    region, dates = told.get("region"), told.get("dates", "iso")
    sha256 = hashlib.sha256(data).hexdigest()
    try:
        return Brief(region and str(region).upper(), str(dates), columns, values, facts, sha256)
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
        raise InputError("must be a table", path, key)
    return told


def _texts(path: Path, key: str, told: Any) -> dict[str, str]:
    table = _table(path, key, told)
    if wrong := [name for name, value in table.items() if isinstance(value, dict | list)]:
        raise InputError("must be a text", path, f"{key}.{wrong[0]}")
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in table.items()}
