"""The header of a list of planned calls: what each of its columns means."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache, cached_property
from typing import Any, NamedTuple

from dnc.clock import NONE
from dnc.errors import InputError, OptionError
from dnc.files.hints import (
    hints,
    marked_by,
    may_object,
    may_object_to_calls,
    named_like,
    of_the_rows,
    permits,
    says_not_to_call,
)
from dnc.files.table import (
    SECOND,
    Table,
    as_typed,
    folded,
    looks_like_phone,
    may_be_data,
    quoted,
    refuse_data_as_header,
)
from dnc.law.vocabulary import AGAINST, FORMER, vocabulary
from dnc.lists.brief import Brief
from dnc.messages import localized, registry_words

FORMER_OUTCOME = "dnc_outcome"  # in the output of an earlier check
_NO_NAME = re.compile(r"Unnamed: \d+(?:_level_\d+)?")  # what pandas calls a column without a name
_MARKS = "… \t'\"`´‘’“”«».,;:|_/\\-"  # what may be left of a name that was damaged
_MOST_NAMED = 4  # columns that a message proposes
_SHORTEST = 5  # letters of a name that can be mistyped; shorter ones are one letter away from anything
_LONG = 12  # letters of a name in which more than one can be wrong
_ALIKE = 0.88  # share of letters that such a name and a mistyped one have in common, in the same order


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
        return [name for name in self.carried if name not in known and may_object_to_calls(name)]

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
            name: known.get(folded(SECOND.sub("", name))) if SECOND.search(name) else in_place.get(folded(name))
            for name in self.unused
        }
        return {name: first for name, first in found.items() if first}

    @property
    def misnamed(self) -> dict[str, str | None]:
        """The columns of `mistyped` with the one of ours, and those of `doubled`: a check stops at these, too."""
        return {**dict.fromkeys(self.doubled), **self.mistyped}

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

    def _marks_error(self, names: Sequence[str]) -> OptionError:
        """The error about unused columns with the marks of a directory."""
        registry = registry_words(str(marked_by(names[0])))
        why = localized("errors", "unused_marks", names=quoted(names), first=as_typed(names[0]), registry=registry)
        return OptionError(why, *self._place)

    def refuse_titles(self) -> None:
        """Raise OptionError where an unread sheet may hold objections, InputError where a title says that rows do.

        Of several files that are read as one list these are the ones that were opened so far.
        """
        if self.brief.sheet is None and (sheets := list(filter(may_object_to_calls, self.table.others))):
            why = localized("errors", "unused_sheets", names=quoted(sheets), first=as_typed(sheets[0]))
            raise OptionError(why, self.table.path)
        for path, title in self.table.titles:
            if says_not_to_call(of_the_rows(title)):
                raise InputError(localized("errors", "title", title=quoted([title])), path)

    def refuse_unused(self, way_out: str = "map") -> None:
        """Raise OptionError where an unused column may hold objections, or a column is almost one of ours."""
        if names := self.possible_objections:
            if marks := list(filter(marked_by, names)):
                raise self._marks_error(marks)
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
