"""A regime (one obligation, in force for one period) and a pack (the regimes of one jurisdiction).

For a call and a regime that is in force on its day,

    lawful = (not applies) or met        applies = when and not (any clause of except)

in SQL's three-valued logic, where NULL means *not known*. This module only writes
SQL; `dnc.law.findings` evaluates regimes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from dnc.law.condition import ALWAYS, Condition, Sql, all_sql
from dnc.law.demands import OPEN

GRADES = ("low", "medium", "high")
EVERYWHERE = "everywhere"  # the "jurisdiction" of the file whose rules are part of the law of every country


@dataclass(frozen=True)
class Cite:
    """A citation: the text that a regime is based on, by language, its URL, and the day it was read."""

    texts: dict[str, str] = field(hash=False)
    url: str
    read: date


class Regime(msgspec.Struct, frozen=True, dict=True):
    """One obligation for one period.

    title: its name for people, by language; the id if its file gives none.
    says, note, sanction: the obligation, a note about it, and the sanction in words, by language; the last two may
    be empty. say: the words with which an agent meets a duty during the call; empty if the company has to meet it.
    force: `law`, `guidance` (a regulator's recommendation) or `policy` (a rule of this program, which counts like law).
    first, until: the period, without `until`. follows: id of the regime that it replaces on `first`.
    when, exceptions: it applies if all conditions of `when` are true, and those of no clause of `exceptions` are.
    demand, demanded: what it asks for, as a key of `DEMANDS`, and compiled.
    confidence: one of `GRADES`. is_scope: whether it says for which calls the whole file was written.
    keep_months: for how long consents and their proof are kept under it, after the last of giving, withdrawal and use.
    confirmed_by: the ways of confirmation that prove under it whose number it is; empty where it names none.
    """

    id: str
    title: dict[str, str]
    says: dict[str, str]
    force: str
    first: date
    until: date
    follows: str | None
    when: tuple[Condition, ...]
    exceptions: tuple[tuple[Condition, ...], ...]
    demand: str
    demanded: Condition
    cites: tuple[Cite, ...]
    confidence: str
    note: dict[str, str]
    sanction: dict[str, str]
    say: dict[str, str]
    is_scope: bool = False
    keep_months: int | None = None
    confirmed_by: tuple[str, ...] = ()

    def in_force(self, day: date) -> bool:
        """Whether it is in force on a day."""
        return self.first <= day < self.until

    @property
    def is_open(self) -> bool:
        """Whether no fact can decide it, so that users may accept it on their own responsibility."""
        return self.demand in OPEN

    @property
    def is_not_read(self) -> bool:
        """Whether it marks law that this project has not read, as opposed to law that is contested."""
        return self.demand == "not_read" or self.is_scope

    @property
    def parts(self) -> Iterator[Condition]:
        """All its conditions: those of `when`, those of its exceptions, and its demand, in this order."""
        yield from self.when
        for clause in self.exceptions:
            yield from clause
        yield self.demanded

    @cached_property
    def steady(self) -> Regime:
        """The same without what is judged day by day (hours, attempts), which counts as met."""
        exceptions = tuple(tuple(part for part in clause if not part.daily) for clause in self.exceptions)
        demanded = Condition(ALWAYS) if self.demanded.daily else self.demanded
        return replace(self, exceptions=exceptions, demanded=demanded)

    @property
    def words(self) -> set[str]:
        """The words of `dnc_missing` that it may need."""
        return {word for part in self.parts for _, word in part.reads}

    @property
    def applies_sql(self) -> str:
        """SQL that is true if it applies to a call."""
        conditions = all_sql(part.sql for part in self.when)
        if not self.exceptions:
            return conditions
        excepted = " or ".join(all_sql(part.sql for part in clause) for clause in self.exceptions)
        return f"{conditions} and not ({excepted})"

    @property
    def sql(self) -> str:
        """SQL that is true if a call is lawful under it, false if it is not, and NULL if that is not known."""
        return f"(not ({self.applies_sql})) or ({self.demanded.sql})"


class Poll(NamedTuple):
    """A poll on whose day and eve no calls for votes are made.

    name, note: by language; a note may be empty. early: ISO 3166-1 codes of those that vote on the day before.
    confidence: one of `GRADES`. cites: sources of the day itself; empty if it has none of its own.
    """

    day: date
    name: dict[str, str]
    early: tuple[str, ...]
    confidence: str
    note: dict[str, str]
    cites: tuple[Cite, ...]


class Holidays(NamedTuple):
    """The public holidays that a calendar of a pack holds.

    name: id of the calendar. note: by language; may be empty. days: in order, for the years that conditions need.
    """

    name: str
    note: dict[str, str]
    cites: tuple[Cite, ...]
    days: tuple[date, ...]


class RuleChanges(NamedTuple):
    """Ids of the regimes that files of the user add, replace, and end, since one that they add follows them."""

    added: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    ended: tuple[str, ...] = ()

    def __add__(self, other: tuple[tuple[str, ...], ...]) -> RuleChanges:  # type: ignore[override]
        """Both."""
        return RuleChanges(*(ours + theirs for ours, theirs in zip(self, other, strict=True)))


class Pack(msgspec.Struct, frozen=True, dict=True):
    """The law of one jurisdiction, as read from one file.

    territories: ISO 3166-1 alpha-2 → IANA zones, for the numbering plans under this law.
    places: ISO 3166-2 → territory. clocks: ISO 3166-2 → IANA zones of a place, if they are not
    those of its territory. read_from, read_until: first and last day that the file was reviewed for.
    macros: the calendars that the expressions call: name → SQL. polls: those that forbid calls, in order.
    poll_cites: sources of all of them. holidays: the calendars of public holidays.
    not_held: law that exists and was not read, in words, by language. change: what files of the user changed.
    """

    jurisdiction: str
    name: dict[str, str]
    territories: dict[str, tuple[str, ...]]
    places: dict[str, str]
    clocks: dict[str, tuple[str, ...]]
    read_from: date
    read_until: date
    regimes: tuple[Regime, ...]
    macros: dict[str, str]
    polls: tuple[Poll, ...] = ()
    poll_cites: tuple[Cite, ...] = ()
    holidays: tuple[Holidays, ...] = ()
    not_held: tuple[dict[str, str], ...] = ()
    change: RuleChanges = RuleChanges()

    def zones(self, territory: str, place: str | None = None) -> tuple[str, ...]:
        """The time zones in which a person may be, by territory and, if known, a place in it."""
        return self.clocks.get(place or "", self.territories.get(territory, ()))

    @cached_property
    def changes(self) -> list[date]:
        """The days on which the regimes in force are not those of the day before, sorted."""
        days = {self.read_from, self.read_until + timedelta(days=1)}
        days |= {day for regime in self.regimes for day in (regime.first, regime.until)}
        return sorted(days - {date.min, date.max})

    @cached_property
    def ever(self) -> list[Regime]:
        """Every regime as it is in force on some day (see `on`)."""
        found = (regime for day in (date.min, *self.changes) for regime in self.on(day))
        return list({id(regime): regime for regime in found}.values())

    def on(self, day: date) -> list[Regime]:
        """The regimes in force on a day.

        On a day that the file was not reviewed for, the scope has no exceptions, so that nothing is clear.
        """
        missing = None
        if day < self.read_from:
            missing = "jurisdiction"
        elif day > self.read_until:
            missing = "stale:law"
        return [
            _without_exceptions(regime, missing) if regime.is_scope and missing else regime
            for regime in self.regimes
            if regime.in_force(day)
        ]


def _without_exceptions(scope: Regime, missing: str) -> Regime:
    return replace(scope, exceptions=(), demanded=replace(scope.demanded, reads=((Sql("true"), missing),)))
