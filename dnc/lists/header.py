"""The header of a list of planned calls: what each of its columns means."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import polars as pl
from polars import selectors as cs

from dnc.clock import NONE
from dnc.errors import InputError
from dnc.files.cell_texts import text_cells
from dnc.files.columns import EVERY, left_out
from dnc.files.net import marked, marks
from dnc.files.table import (
    LINE,
    RAGGED,
    Table,
    as_typed,
    folded,
    looks_like_phone,
    may_be_data,
    quoted,
    refuse_data_as_header,
)
from dnc.law.vocabulary import FORMER, OR_NONE, vocabulary
from dnc.lists.brief import Brief
from dnc.lists.texts import AROUND, ReadColumn, TextMeanings
from dnc.messages import Words, figure, localized

_AS_THEY_STAND = ("call", "person", "campaign")  # of ours: columns whose cells may be anything
DECLARABLE = ("consent", "consent_on", "consent_for", "consent_until", "hours_agreed")
FORMER_OUTCOME = "dnc_outcome"  # in the output of an earlier check
# Of `around`: a person has read the texts around the table; nobody has, so that all rows are undecided. The latter is
# also said of `new_columns`.
READ, UNDECIDED = "read", "undecided"
_MANY_DIGITS = r"(?:\d\D*){9}"  # of a number that cannot be read, and more than a day has
_NUMBER = re.compile(r"(?i)\bn[°º]|^no(?:\.| de\b)|\bno\.?$")  # in the name of a column of numbers
_MOST_NAMED = 4  # columns that a message proposes


class NoNumberError(InputError):
    """No column is the one of telephone numbers. likely: columns that are named like it."""

    def __init__(self, message: str, likely: list[str], path: Path, line: int) -> None:
        super().__init__(message, path, line)
        self.likely = likely


class Rule(NamedTuple):
    """What a filled (or empty) cell of a column also tells.

    key: `when_filled` or `when_empty`. name: of the column in the brief. column: its unique name.
    ours, word: the column of ours that it fills, and the value.
    is_used: whether the cells of the column are also read as a consent, an objection, or a day of one.
    """

    key: str
    name: str
    column: str
    ours: str
    word: str
    is_used: bool = False

    @property
    def filled(self) -> bool:
        """Whether it is about filled cells."""
        return self.key == "when_filled"

    @property
    def objects(self) -> bool:
        """Whether filled cells record an objection, a refusal or a withdrawal."""
        return self.filled and self.ours in OR_NONE and self.word not in NONE

    @property
    def needs_yes(self) -> bool:
        """Whether a filled cell has to say yes, or be a day: it speaks for the call, and nothing else reads it."""
        favours = self.ours in DECLARABLE or (self.ours in OR_NONE and not self.objects)
        return self.filled and favours and not self.is_used

    @property
    def shown(self) -> str:
        """The fact that it fills in, without the number of the caller."""
        return self.ours if self.ours == "cli" else f"{self.ours}={self.word}"


class Header(msgspec.Struct, frozen=True, dict=True):
    """The columns of a table and what a brief says of them.

    A column is used (one of ours, or one that fills in ours), read (its texts have a meaning), or left out on purpose.

    kept: columns that somebody else reads, by their unique names; they mean nothing here.
    takes: our names that are facts here; None for all. A column with another of our names needs a role.
    """

    table: Table
    brief: Brief
    kept: frozenset[str] = frozenset()
    takes: frozenset[str] | None = None

    @cached_property
    def names(self) -> dict[str, str]:
        """Unique name of each column → its name in the file."""
        return dict(zip(self.table.columns, self.table.header, strict=True))

    @cached_property
    def columns(self) -> dict[str, str]:
        """Our name → unique name of the column that is mapped to it; for `number` the first one. Raises InputError."""
        refuse_data_as_header(self.names.values(), *self._place)
        found: dict[str, str] = {}
        for ours in vocabulary().columns if self.takes is None else self.takes:
            names = self.brief.named(ours)
            if column := self.find(ours, names[0] if names else None):
                found[ours] = column
        if "number" not in found:
            raise NoNumberError(self._no_number(), self.likely_numbers, *self._place)
        return found

    def find(self, ours: str, theirs: str | None = None) -> str | None:
        """The unique name of the column that is ours, by their name or else by our own; None where there is none.

        Raises InputError where it is not in the file, or several have the name.
        """
        return self._called(ours) if theirs is None else self._mapped(theirs, ours)

    @property
    def likely_numbers(self) -> list[str]:
        """The columns that are named like telephone numbers."""
        named = filter(looks_like_phone, self.table.columns)
        return [name for name in named if not may_be_data(name) and not marks(plain_name(name))]

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
            if unique not in self.ignored and unique not in self.kept:
                found.setdefault(folded(name), []).append(unique)
        return found

    @cached_property
    def rules(self) -> list[Rule]:
        """The rules of the brief about filled and empty cells. Raises InputError where a column is not in the file."""
        used = {column for ours, column in self.columns.items() if ours in (*DECLARABLE, *OR_NONE)}
        columns = ((key, name, self._mapped(name, f"[{key}]"), facts) for key, name, facts in self.brief.rules)
        return [
            Rule(key, name, column, ours, word, column in used)
            for key, name, column, facts in columns
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
        names = quoted(self.names)
        raise InputError(localized("errors", "no_column", name=quoted([theirs]), what=what, names=names), *self._place)

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
        if not self.likely_numbers:
            return localized("errors", "no_number_column", names=quoted(self.table.columns))
        maps = " ".join(f"--map number={as_typed(name)}" for name in self.likely_numbers[:_MOST_NAMED])
        return localized("errors", "number_column", maps=maps)

    @cached_property
    def ignored(self) -> list[str]:
        """Columns that the brief leaves out, by their names or by a pattern such as `utm_*`."""
        return left_out(self.names, self.brief.ignore)

    @property
    def leaves_out_others(self) -> bool:
        """Whether the brief leaves out all columns that it does not name."""
        return EVERY in self.brief.ignore

    @cached_property
    def carried(self) -> list[str]:
        """Columns that go to the output: all but those of an earlier check."""
        return [name for name in self.table.columns if name not in FORMER]

    @property
    def former(self) -> bool:
        """Whether the list is the output of an earlier check."""
        return FORMER_OUTCOME in self.table.columns

    @property
    def written(self) -> frozenset[str]:
        """The names of columns that an earlier check wrote; in another list `dnc_why` is a column as any other."""
        return FORMER if self.former else frozenset()

    @cached_property
    def texts(self) -> dict[str, TextMeanings]:
        """Unique names of the columns whose texts the brief reads → what they mean. Raises InputError."""
        found: dict[str, TextMeanings] = {}
        for name, texts in self.brief.texts.items():
            if (column := self._of_any(name, "[texts]")) in found:
                raise InputError(localized("errors", "texts_twice", name=quoted([name])), *self._place)
            found[column] = texts
        return found

    def _of_any(self, name: str, what: str) -> str:
        """The unique name of a column, which may also be left out. Raises InputError where there is none."""
        if name in self.names:
            return name
        left_out = [unique for unique in self.ignored if folded(self.names[unique]) == folded(name)]
        return left_out[0] if left_out else self._mapped(name, what)

    @cached_property
    def used(self) -> list[str]:
        """Columns whose cells are facts."""
        return list(dict.fromkeys([*self.columns.values(), *self.numbers, *self.rules_of, *self._days]))

    @property
    def _days(self) -> list[str]:
        """Columns with the days of what texts of others mean."""
        return [self._of_any(texts.on, "on") for texts in self.texts.values() if texts.on]

    @cached_property
    def read(self) -> list[ReadColumn]:
        """Columns whose texts are read, those that are searched, and those of which facts leave a part unread.

        Also what is around the table, where the brief says that nobody has read it, and there is a file.
        """
        around = [AROUND] if self.brief.around == UNDECIDED and self.table.kind != "arrow" else []
        searched = [name for name in (*self.ignored, *self.as_they_stand) if name not in self.texts]
        read = [*map(self._read_column, self.texts), *map(self.left_out_column, searched)]
        known = {*self.columns.values(), *self.numbers, *(column.column for column in read)}
        halves = {name: "unread" for name, rules in self.rules_of.items() if not any(rule.filled for rule in rules)}
        halves |= {name: "days" for name in self._days if name not in self.rules_of}
        halves = {name: others for name, others in halves.items() if name not in known}
        parts = [ReadColumn(self.table.names[name], name, TextMeanings(), others) for name, others in halves.items()]
        return [*around, *read, *parts]

    @property
    def as_they_stand(self) -> list[str]:
        """Columns whose cells nobody reads, although they have a role: ids, and what somebody else keeps."""
        ids = {self.columns[ours] for ours in _AS_THEY_STAND if ours in self.columns}
        return [name for name in self.table.columns if name in self.kept | ids]

    def _read_column(self, column: str) -> ReadColumn:
        texts, is_left_out = self.texts[column], column in self.ignored
        is_searched = is_left_out or column in self.as_they_stand or texts.rest
        is_used = column in self.columns.values() or column in self._days
        others = "searched" if is_searched and not is_used else "used" if is_used else "unread"
        on = self._of_any(texts.on, "on") if texts.on else None
        return self.left_out_column(column)._replace(texts=texts, others=others, left_out=is_left_out, on=on)

    def left_out_column(self, column: str) -> ReadColumn:
        """A column that is left out, as it is searched."""
        is_id, name = column in self.as_they_stand, self.table.names[column]
        is_named = not {folded(name), column}.isdisjoint(map(folded, self.brief.ignore))
        return ReadColumn(name, column, TextMeanings(), "searched", left_out=True, is_id=is_id, is_named=is_named)

    @property
    def filled(self) -> list[str]:
        """Columns of which a filled cell speaks for the call, and whose cells nothing else reads.

        Nobody has to read a yes, a day, a number or an id; free texts need a meaning.
        """
        read = {*self.numbers, *self.texts}
        read.update(column for ours, column in self.columns.items() if ours not in _AS_THEY_STAND)
        favouring = dict.fromkeys(rule.column for rule in self.rules if rule.filled and not rule.objects)
        return [name for name in favouring if name not in read]

    @property
    def without_role(self) -> list[str]:
        """Columns that are neither used nor read nor left out by name."""
        known = {*self.used, *self.texts, *self.ignored, *self.kept, *self.written}
        return [name for name in self.table.columns if name not in known]

    @property
    def left_out(self) -> list[str]:
        """Columns that the brief leaves out, also as all others, of a list that was read with it."""
        return [*self.ignored, *(self.without_role if self.leaves_out_others else [])]

    @property
    def against(self) -> list[str]:
        """Our columns for objections, refusals and withdrawals that are mapped, or filled in by the brief."""
        by_texts = {ours for texts in self.texts.values() for ours in texts.tells}
        known = {*self.columns, *(rule.ours for rule in self.rules), *by_texts}
        return [name for name in OR_NONE if name in known]

    @property
    def unseen(self) -> list[Words]:
        """Its hidden rows, in words for a person who has to look at them, unless the brief says whether one has."""
        if self.brief.around:
            return []
        return [localized("errors", "roles", "hidden", n=figure(self.table.hidden))] if self.table.hidden else []


def plain_name(name: str) -> str:
    """The name of a column of numbers without a `No` that stands for number (`Phone No`), and denies nothing."""
    return _NUMBER.sub("", name)


def lone_texts(rows: pl.DataFrame, numbers: Sequence[str], without: pl.Series) -> list[tuple[int, str]]:
    """Rows without a number that hold one text and nothing else, such as a heading: it may be about other rows.

    It has several words; or the net marks it, and then a second text may stand beside it. In a list with only a column
    beside the numbers, several words are a person without a number, unless they are in the place of the number. A
    merged cell may be repeated in all columns.

    rows: some of a list, in their order. numbers: its columns of telephone numbers. without: which rows have no number.
    Returns the line and the text of each.
    """
    if rows.height < 2 or not without.any():  # what it is about are rows above or below it
        return []
    rows = rows.filter(without)
    rows = rows.filter(pl.all_horizontal(pl.lit(True), cs.exclude(cs.string(), LINE).is_null()))
    cells = rows.select(cs.string().exclude(RAGGED)).map_columns(cs.all(), text_cells)
    may_be_name = pl.all_horizontal(pl.lit(cells.width <= len(numbers) + 1), pl.col(numbers).is_null())
    texts = cells.select(pl.concat_list(pl.all()).list.drop_nulls().list.unique()).to_series()
    count, text = pl.lit(texts.list.len()), texts.list.join(" ").alias("text")
    is_phrase = (count == 1) & ~may_be_name & pl.lit(text.str.contains(r"\S\s+\S") & text.str.contains(r"\p{L}{2}"))
    says_so = count.is_between(1, 2) & pl.lit(marked(text))
    found = cells.select(rows[LINE], text, found=(is_phrase | says_so) & ~pl.lit(text.str.contains(_MANY_DIGITS)))
    return list(found.filter("found").select(LINE, "text").iter_rows())
