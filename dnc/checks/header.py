"""The header of a list of planned calls: which of its columns mean what."""

from __future__ import annotations

import itertools
import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache, cached_property, lru_cache
from html import unescape
from typing import Any, NamedTuple

from dnc.cache import shipped_toml
from dnc.checks.brief import Brief
from dnc.clock import NO_DAYS, NONE, YES, read_day
from dnc.errors import InputError, OptionError
from dnc.files.table import Table, as_typed, folded, looks_like_phone, may_be_data, quoted, refuse_data_as_header
from dnc.law.vocabulary import AGAINST, FORMER, vocabulary
from dnc.messages import localized

FORMER_OUTCOME = "dnc_outcome"  # in the output of an earlier check
_NO_NAME = re.compile(r"Unnamed: \d+(?:_level_\d+)?")  # what pandas calls a column without a name
_MARKS = "… \t'\"`´‘’“”«».,;:|_/\\-"  # what may be left of a name that was damaged
_BETWEEN_ITEMS = re.compile(r"[;|,/+#·•\n()\[\]]|:::|\s[-–]\s")
_MOST_WORDS = 8  # of an item that records an objection
# A text in JSON, or in single quotes as Python writes it, and whether it is a key.
_TEXT = re.compile(
    "|".join(rf"{quote}([^{quote}\\]*(?:\\.?[^{quote}\\]*)*)(?:{quote}(\s*:)?|\Z)" for quote in "\"'"), re.DOTALL
)
_LONGEST = 64  # characters of such a text
_BETWEEN_VALUES = re.compile(r"[;,|/\n{}]")
# What programs append to the second of two equal names: pandas, DuckDB, and Polars for CSV and for joins.
_SECOND = re.compile(r"(?:\.\d+|_1|_duplicated_\d+|_right)$")
_FAILED = re.compile(r"""#[A-Z/0#]*[!?]?|Err:\d+|=(?!").*""", re.DOTALL)  # formulas without a result
_JOINTS = re.compile(r"['’]|(?<=\b[^\W\d])\.(?=[^\W\d]\b)")  # inside of words: don't, D.N.C.
_REMEMBERED = 1_000  # names whose meaning is kept: keys of JSON are the same in every row
_MOST_NAMED = 4  # columns that a message proposes
_SHORTEST = 5  # letters of a name that can be mistyped; shorter ones are one letter away from anything
_LONG = 12  # letters of a name in which more than one can be wrong
_ALIKE = 0.88  # share of letters that such a name and a mistyped one have in common, in the same order


@cache
def hints() -> dict[str, Any]:
    """`hints.toml`: words in headers and cells by which columns can be recognised."""
    return shipped_toml("dnc.checks", "hints.toml")


class Rule(NamedTuple):
    """What a filled (or empty) cell of a column also tells.

    key: `when_filled` or `when_empty`. name: of the column in the brief. column: its unique name.
    ours, word: the column of ours that it fills, and the value.
    """

    key: str
    name: str
    column: str
    ours: str
    word: str

    @property
    def filled(self) -> bool:
        """Whether it is about filled cells."""
        return self.key == "when_filled"

    @property
    def objects(self) -> bool:
        """Whether filled cells record an objection, a refusal or a withdrawal."""
        return self.filled and self.ours in AGAINST and self.word not in NONE

    @property
    def shown(self) -> str:
        """The fact that it fills in, without the number of the caller."""
        return self.ours if self.ours == "cli" else f"{self.ours}={self.word}"


@dataclass(frozen=True)
class Header:
    """The columns of a table and what a brief says of them.

    A column is mapped (one of ours), ignored (left out on purpose) or only carried to the output.
    """

    table: Table
    brief: Brief

    @cached_property
    def names(self) -> dict[str, str]:
        """Unique name of each column → its name in the file."""
        return dict(zip(self.table.columns, self.table.header, strict=True))

    @cached_property
    def columns(self) -> dict[str, str]:
        """Our name → unique name of the column that is mapped to it; for `number` the first one. Raises InputError."""
        refuse_data_as_header(self.names.values(), *self._place)
        found: dict[str, str] = {}
        for ours in vocabulary().columns:
            names = self.brief.named(ours)
            if column := self._mapped(names[0], ours) if names else self._called(ours):
                found[ours] = column
        if "number" not in found:
            raise InputError(self._no_number(), *self._place)
        return found

    @property
    def mapped(self) -> dict[str, str]:
        """Our name → the name in the file of the column that is mapped to it."""
        return {ours: self.names[name] for ours, name in self.columns.items()}

    @cached_property
    def numbers(self) -> list[str]:
        """Unique names of the columns of telephone numbers, in order of preference. Raises InputError."""
        others = self.brief.named("number")[1:]
        found = [self.columns["number"], *(self._mapped(name, "number") for name in others)]
        if len(set(found)) < len(found):
            twice = next(name for at, name in enumerate(found) if name in found[:at])
            raise InputError(localized("errors", "number_twice", name=quoted([twice])), *self._place)
        return found

    @cached_property
    def _by_folded(self) -> dict[str, list[str]]:
        """Folded name → unique names of the columns that have it and are not ignored."""
        found: dict[str, list[str]] = {}
        for unique, name in self.names.items():
            if unique not in self.ignored:
                found.setdefault(folded(name), []).append(unique)
        return found

    @cached_property
    def rules(self) -> list[Rule]:
        """The rules of the brief about filled and empty cells. Raises InputError where a column is not in the file."""
        return [
            Rule(key, name, self._mapped(name, f"[{key}]"), ours, word)
            for key, name, facts in self.brief.rules
            for ours, word in facts.items()
        ]

    @cached_property
    def rules_of(self) -> dict[str, list[Rule]]:
        """The same rules by the unique name of their column."""
        found: dict[str, list[Rule]] = {}
        for rule in self.rules:
            found.setdefault(rule.column, []).append(rule)
        return found

    def _mapped(self, theirs: str, what: str) -> str:
        """The unique name of a column that a brief names for something. Raises InputError where there is none."""
        if column := self._called(theirs):
            return column
        raise InputError(
            localized("errors", "no_column", name=quoted([theirs]), what=what, names=quoted(self.names)), *self._place
        )

    def _called(self, name: str) -> str | None:
        """The unique name of the one column with a name; None where there is none. Raises InputError for several."""
        same = self._by_folded.get(folded(name), [])
        if name in self.names and not same:  # a name that was made unique
            same = self._by_folded.get(folded(self.names[name]), []) if self.names[name] else [name]
        if len(same) > 1:
            raise InputError(localized("errors", "same_names", name=quoted([name])), *self._place)
        return same[0] if same else None

    @property
    def _place(self) -> tuple[Any, int]:
        return self.table.path, self.table.skipped + 1

    def _no_number(self) -> str:
        others = (may_be_data, may_object, permits)
        named = [name for name in self.table.columns if looks_like_phone(name) and not named_like(name, "consent")]
        likely = [name for name in named if not any(is_other(name) for is_other in others)]
        if not likely:
            return localized("errors", "no_number_column", names=quoted(self.table.columns))
        maps = " ".join(f"--map number={as_typed(name)}" for name in likely[:_MOST_NAMED])
        return localized("errors", "number_column", maps=maps)

    @cached_property
    def ignored(self) -> list[str]:
        """Columns that are left out on purpose."""
        named = set(map(folded, self.brief.ignore))
        return [unique for unique, name in self.names.items() if unique in self.brief.ignore or folded(name) in named]

    @property
    def carried(self) -> list[str]:
        """Columns that go to the output: all but those of an earlier check."""
        return [name for name in self.table.columns if name not in FORMER]

    @property
    def former(self) -> bool:
        """Whether the list is the output of an earlier check."""
        return FORMER_OUTCOME in self.table.columns

    @property
    def against(self) -> list[str]:
        """Our columns for objections and withdrawals that are mapped, or filled in by rules of the brief."""
        known = {*self.columns, *(rule.ours for rule in self.rules)}
        return [name for name in AGAINST if name in known]

    @property
    def unused(self) -> list[str]:
        """Columns that are neither mapped nor ignored, and that no rule about filled and empty cells uses."""
        known = {*self.columns.values(), *self.numbers, *self.ignored, *(rule.column for rule in self.rules)}
        return [name for name in self.carried if name not in known]

    @property
    def possible_objections(self) -> list[str]:
        """Columns with a word in their name by which files record objections, if no objection is read from them.

        A rule about their filled cells reads one only if it tells an objection or a withdrawal.
        """
        against = {rule.column for rule in self.rules if rule.objects}
        known = {*self.columns.values(), *self.numbers, *self.ignored, *against}
        return [name for name in self.carried if name not in known and may_object(name)]

    @property
    def permissions(self) -> list[str]:
        """Our columns of objections that are read from one that says whom one may call: a no in it is an objection."""
        return [ours for ours in AGAINST if ours in self.columns and permits(self.names[self.columns[ours]])]

    @property
    def mistyped(self) -> dict[str, str]:
        """Unused column → the one of our unmapped columns whose name it almost has, or the end of a consent."""
        free = {wanted: name for wanted, name in _folded_columns().items() if name not in self.columns}
        found = {name: _almost(name, free) for name in self.unused}
        told = {*self.columns, *(rule.ours for rule in self.rules), *self.brief.facts}
        if "consent" in told and "consent_until" not in told:
            found |= {name: "consent_until" for name in self.unused if named_like(name, "consent_until")}
        return {name: ours for name, ours in found.items() if ours}

    @property
    def doubled(self) -> dict[str, str]:
        """Unused column → the name of a mapped one that it seems to have had too, or that is mapped in its place.

        Row ids and numbers may have several columns, and what a list calls a region or a place may be none of ours.
        """
        kinds = {ours: column["kind"] for ours, column in vocabulary().columns.items()}
        mapped = {ours: self.names[name] for ours, name in self.columns.items() if ours not in ("call", "number")}
        known = {folded(theirs): theirs for theirs in mapped.values()}
        in_place = {folded(ours): theirs for ours, theirs in mapped.items() if kinds[ours] != "text"}
        found = {
            name: known.get(folded(_SECOND.sub("", name))) if _SECOND.search(name) else in_place.get(folded(name))
            for name in self.unused
        }
        return {name: first for name, first in found.items() if first}

    @property
    def nameless(self) -> list[str]:
        """Unused columns without a name, or with one that is nothing but marks or comes from pandas.

        In a CSV and a spreadsheet rows with text behind the last name are marked as they are read.
        """
        named = [at for at, name in enumerate(self.table.header) if name.strip()]
        last = max(named, default=0) if self.table.kind in ("csv", "xlsx") else len(self.table.columns)
        before = set(self.table.columns[:last])
        blank = {name: not self.names[name].strip() for name in self.unused}
        return [name for name in self.unused if (name in before if blank[name] else _is_no_name(self.names[name]))]

    def may_object_error(self, names: Sequence[str], why: str = "unused_cells", way_out: str = "words") -> OptionError:
        """The error about unused columns that may record objections; `way_out` is a key below it in the messages."""
        first = as_typed(names[0])
        remedy = localized("errors", "way_out", way_out, first=first)
        return OptionError(localized("errors", why, names=quoted(names), remedy=remedy, first=first), *self._place)

    def misread_objection_error(self, ours: str) -> OptionError:
        """The error about a column that is read as `ours` and has a cell that records an objection."""
        name = self.names[self.columns[ours]]
        why = localized("errors", "misread_cells", name=quoted([name]), ours=ours, typed=as_typed(name))
        return OptionError(why, *self._place)

    def denied_objection_error(self, name: str, ours: str) -> OptionError:
        """The error about a row in which a rule about a column tells an objection that the one of `ours` denies."""
        denying = quoted([self.names[self.columns[ours]]])
        return OptionError(localized("errors", "denied", name=quoted([name]), denying=denying, ours=ours), *self._place)

    def refuse_titles(self) -> None:
        """Raise OptionError where an unread sheet may hold objections, InputError where a title or a note does.

        Of several files that are read as one list these are the ones that were opened so far.
        """
        if self.brief.sheet is None and (sheets := list(filter(may_object, self.table.others))):
            why = localized("errors", "unused_sheets", names=quoted(sheets), first=as_typed(sheets[0]))
            raise OptionError(why, self.table.path)
        for path, title in self.table.titles:
            if says_not_to_call(_of_the_rows(title)):
                raise InputError(localized("errors", "title", title=quoted([title])), path)
        for path, row, note in self.table.notes:
            if any(map(says_not_to_call, note.splitlines())):
                raise InputError(localized("errors", "note"), path, row)

    def refuse_unused(self, way_out: str = "map") -> None:
        """Raise OptionError where an unused column may hold objections, or a column is almost one of ours."""
        if names := self.possible_objections:
            raise self.may_object_error(names, "unused_columns", way_out)
        for ours in (ours for ours in self.permissions if ours not in self.brief.values):
            why = localized("errors", "permission", name=quoted([self.names[self.columns[ours]]]), ours=ours)
            raise OptionError(why, *self._place)
        for name, first in self.doubled.items():
            why = localized("errors", "doubled", name=quoted([name]), typed=as_typed(name), first=quoted([first]))
            raise OptionError(why, *self._place)
        for name, ours in self.mistyped.items():
            why = localized("errors", "mistyped", name=quoted([name]), typed=as_typed(name), ours=ours)
            raise OptionError(why, *self._place)


def _is_no_name(name: str) -> bool:
    return not name.strip(_MARKS) or bool(_NO_NAME.fullmatch(name))


@cache
def _folded_columns() -> dict[str, str]:
    """Our columns by their folded names."""
    return {folded(name): name for name in vocabulary().columns}


@cache
def noes() -> frozenset[str]:
    """Words that say no, in lower case: `no`, `nein`, `0` …"""
    return frozenset((*NONE, *hints()["values"]["objected_on"]["none"]))


@cache
def _objections() -> frozenset[str]:
    """The phrases that record an objection if a cell has nothing else; those with blanks also written together."""
    against = hints()["against"]
    phrases = {*against["words"], *against["cells"]}.difference(against["not"])
    return frozenset(phrases.union(phrase.replace(" ", "") for phrase in phrases))


@cache
def _words_of_objections() -> frozenset[str]:
    return frozenset(word for phrase in _objections() for word in phrase.split())


@lru_cache(_REMEMBERED)
def may_object(name: str) -> bool:
    """Whether a text has a word by which files record objections."""
    return _has_one(name, hints()["against"]["words"])


@lru_cache(_REMEMBERED)
def permits(name: str) -> bool:
    """Whether a name of a column says whom one may call, so that a no in it is an objection."""
    words = hints()["permission"]
    named = _has_one(name, words["alone"]) or (_has_one(name, words["call"]) and _has_one(name, words["may"]))
    return named and not may_object(name)


def says_no(cell: str) -> bool:
    """Whether a cell is a word that says no, or denies a permission."""
    return cell.lower() in noes() or _phrase(cell) in hints()["permission"]["no"]


def names_others(cell: str) -> bool:
    """Whether a cell names nothing but channels other than the telephone."""
    words, permission = set(_phrase(cell).split()), hints()["permission"]
    others = words.intersection(permission["channels"])
    return bool(others) and words.issubset({*others, *permission["between"]})


@lru_cache(_REMEMBERED)
def names_channels(name: str) -> bool:
    """Whether a name of a column says by which channels people consented, or may be reached."""
    may_be_reached = named_like(name, "consent_for") and _has_one(name, hints()["permission"]["may"])
    return (named_like(name, "consent") or may_be_reached) and not named_like(name, "source")


def is_the_phone(name: str) -> bool:
    """Whether a name of a column has nothing but words for telephone calls."""
    words = set(_phrase(name).split())
    return bool(words) and words.issubset(hints()["permission"]["call"])


def denies(name: str, cell: str) -> bool:
    """Whether a cell of JSON, or of items such as `phone=no`, tells by one of its values that one may not call.

    The name of a value is that of the column with the keys before it.
    """
    return any(
        len(value) <= _LONGEST and any(is_meant(value) for is_meant in _denials(name, keys))
        for keys, value in _told(cell)
    )


@lru_cache(_REMEMBERED)
def _denials(name: str, keys: str) -> list[Callable[[str], bool]]:
    """What a value of a column with some keys must be to tell that one may not call."""
    name = f"{name}.{keys}"
    says = {says_no: permits(name) or is_the_phone(keys.rpartition(".")[2]), names_others: names_channels(name)}
    return [is_meant for is_meant, does in says.items() if does]


def _told(cell: str) -> Iterator[tuple[str, str]]:
    """The keys and the text of each value that a cell tells."""
    with suppress(ValueError, RecursionError):
        yield from _leaves("", json.loads(cell))
        return
    for item in _BETWEEN_VALUES.split(cell):
        key, _, value = item.replace("=", ":").partition(":")
        yield key, value.strip()


def _leaves(keys: str, value: object) -> Iterator[tuple[str, str]]:
    """The same of a value in JSON; in `{"channel": "phone", "granted": false}` the text counts as a key too."""
    if isinstance(value, dict):
        texts = (text[:_LONGEST] for text in value.values() if isinstance(text, str))
        named = "".join(f" {text}" for text in filter(is_the_phone, texts))
        for key, inside in value.items():
            yield from _leaves(f"{keys}.{key}{named}", inside)
    elif isinstance(value, list) and not all(isinstance(inside, str) for inside in value):
        for inside in value:
            yield from _leaves(keys, inside)
    elif value is not None:
        yield keys, " ".join(value) if isinstance(value, list) else str(value)


def says_yes(cell: str) -> bool:
    """Whether a cell is a word that says yes, or grants a permission."""
    return cell.lower() in YES or _phrase(cell) in hints()["permission"]["yes"]


def may_end(name: str) -> bool:
    """Whether a name of a column has a word for consents that hold, or that no longer do."""
    return any(_has_one(name, words) for words in hints()["consents"].values())


def is_ended(cell: str) -> bool:
    """Whether a cell is a word for a consent that no longer holds."""
    return _phrase(cell) in hints()["consents"]["ended"]


def is_objection(cell: str) -> bool:
    """Whether a cell, or an item of one that is a list, has a word by which files record objections, and little else.

    Beside it there may be figures, such as a date, and words that change nothing (`Refus définitif`).
    """
    items = _BETWEEN_ITEMS.split(unescape(cell))
    return any(_is_objection(words.split()) for item in items for words in _readings(item))


def _is_objection(words: list[str]) -> bool:
    told = [word for word in words if not word.isdigit()]
    if len(told) > _MOST_WORDS or _words_of_objections().isdisjoint(told):
        return False
    spans = itertools.combinations(range(len(told) + 1), 2)
    beside = hints()["against"]["beside"]
    return any(
        " ".join(told[at:end]) in _objections() and all(word in beside for word in told[:at] + told[end:])
        for at, end in spans
    )


def has_objection_in_json(cell: str) -> bool:
    """Whether a cell of JSON has a key by which files record objections, or a text that is one."""
    texts = ((double or single, key or other_key) for double, key, single, other_key in _TEXT.findall(cell))
    return any(may_object(text) if key else is_objection(text) for text, key in texts if len(text) <= _LONGEST)


def has_objection(cell: str) -> bool:
    """Whether somebody wrote into a cell that a person does not want to be called."""
    words = _words(cell)
    return any(f" {phrase} " in words for phrase in hints()["against"]["cells"])


def says_not_to_call(text: str) -> bool:
    """Whether a text is or has a phrase by which people are not to be called."""
    return is_objection(text) or has_objection(text)


def _of_the_rows(title: str) -> str:
    """The words of a title other than those about people whom the list is without (`hors liste rouge`)."""
    return _without_others().sub(" ", _words(title))


@cache
def _without_others() -> re.Pattern[str]:
    without, and_ = ("|".join(hints()["against"][name]) for name in ("without", "and"))
    other = f"(?:{'|'.join(sorted(_objections(), key=len, reverse=True))})"
    return re.compile(rf" (?:{without}) {other}(?: (?:{and_}) {other})*(?= )")


def says_nothing(cell: str) -> bool:
    """Whether a cell tells no more than an empty one.

    It has only signs and zeros, is a failed formula, a word such as `NULL` or a date that programs write for "no date",
    or begins with a word that denies (`aucun`, `ohne …`).
    """
    nothing, words = hints()["nothing"], _phrase(cell)
    if not words.strip("0 ") or words in nothing["words"] or _FAILED.fullmatch(cell):
        return True
    day = read_day(cell, "dmy")
    return words.split()[0] in nothing["denies"] or (day is not None and day <= NO_DAYS)


def named_like(name: str, ours: str) -> bool:
    """Whether a name of a column has a word that files use for one of our columns."""
    plain = folded(_JOINTS.sub("", name))
    return any(word in plain for word in hints()["columns"][ours])


def _almost(name: str, known: Mapping[str, str]) -> str | None:
    """The one of some names, by these folded, that a name almost is: cut short, or with a letter or two wrong."""
    name = folded(name)
    if name in hints()["mistyped"]["not"]:
        return None
    for wanted, candidate in known.items():
        is_cut = len(name) >= _SHORTEST and wanted.startswith(name)
        is_cut |= 2 * len(name) > len(wanted) and wanted.endswith(name)
        is_alike = len(wanted) >= _LONG and SequenceMatcher(None, name, wanted).ratio() >= _ALIKE
        if len(wanted) >= _SHORTEST and (is_cut or is_alike or _is_one_letter_off(name, wanted)):
            return candidate
    return None


def _is_one_letter_off(name: str, wanted: str) -> bool:
    """Whether one letter has to change, come, go or swap with the next."""
    pairs = enumerate(zip(name, wanted, strict=False))
    at = next((at for at, (a, b) in pairs if a != b), min(len(name), len(wanted)))
    rest, wanted = name[at:], wanted[at:]
    swapped = rest[1:2] + rest[:1] + rest[2:]
    return wanted == swapped or rest[1:] in (wanted, wanted[1:]) or rest == wanted[1:]


def _has_one(name: str, wanted: Iterable[str]) -> bool:
    """Whether a name has one of some words; those with blanks may also be written together."""
    words = _words(name)
    return any(f" {word} " in words or f" {word.replace(' ', '')} " in words for word in wanted)


def _phrase(cell: str) -> str:
    """The words of a cell with blanks between them; d'or is two."""
    return _readings(cell)[0]


def _readings(cell: str) -> list[str]:
    """The words of a cell with blanks between them, as `_words` reads them: d'or is two words, and then one."""
    return [reading.strip() for reading in _words(cell).split("|")]


def _words(name: str) -> str:
    """The words of a name between blanks, without case and accents; fooBar is two words.

    d'or and D.N.C. are read as several words and, after a bar, as one. Entities of HTML, and UTF-8 that was read as
    Windows-1252 (`DÃ©sinscrit`), are undone.
    """
    name = unescape(name)
    with suppress(UnicodeError):
        name = name.encode("cp1252").decode()
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    plain = "".join(c for c in unicodedata.normalize("NFKD", apart) if unicodedata.category(c) not in ("Mn", "Cf"))
    joined = _JOINTS.sub("", plain)
    words = re.findall(r"[^\W_]+|[|]", f"{plain}|{joined}".casefold())
    return f" {' '.join(words)} "
