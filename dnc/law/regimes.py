"""A regime: one obligation over one span of days, and a pack: the regimes of one jurisdiction.

For a call and a regime in force on its day,

    lawful = (not applies) or met        applies = when and not (any clause of except)

in SQL's three-valued logic, where NULL is *we were not told*. Everything here
writes text and runs nothing; `dnc.law.findings` says what regimes come to.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from dnc.law.demands import OPEN, Part, every

GRADES = ("low", "medium", "high")


@dataclass(frozen=True)
class Cite:
    """What a regime rests on: text, address, and the day it was read."""

    text: str
    url: str
    read: date


@dataclass(frozen=True)
class Regime:
    """One obligation over one span of days; spans are half-open."""

    id: str
    says: dict[str, str]
    force: str
    first: date
    until: date
    follows: str | None
    when: tuple[Part, ...]
    exceptions: tuple[tuple[Part, ...], ...]
    demand: str
    demanded: Part
    cites: tuple[Cite, ...]
    confidence: str
    note: str
    sanction: str
    is_scope: bool = False

    def in_force(self, day: date) -> bool:
        """Whether a day lies in the regime's span."""
        return self.first <= day < self.until

    @property
    def is_open(self) -> bool:
        """Whether no fact decides it, and a user may take it on himself."""
        return self.demand in OPEN and not self.is_scope

    @property
    def is_not_read(self) -> bool:
        """Whether it stands for law that was not read here, and not for law that is contested."""
        return self.demand == "not_read" or self.is_scope

    @property
    def parts(self) -> Iterator[Part]:
        """Its conditions, its exceptions' and its demand, in this order."""
        yield from self.when
        for clause in self.exceptions:
            yield from clause
        yield self.demanded

    @property
    def applies_sql(self) -> str:
        """Whether it applies to a call, as SQL."""
        conditions = every(part.sql for part in self.when)
        if not self.exceptions:
            return conditions
        return f"{conditions} and not ({' or '.join(clause_sql(c) for c in self.exceptions)})"

    @property
    def sql(self) -> str:
        """Whether a call is lawful under this regime: true, false, or NULL for not told."""
        return f"(not ({self.applies_sql})) or ({self.demanded.sql})"


def clause_sql(clause: tuple[Part, ...]) -> str:
    """One clause of `except` as SQL."""
    return every(part.sql for part in clause)


@dataclass(frozen=True)
class Pack:
    """The law of one jurisdiction, as read from one file.

    territories: ISO 3166-1 alpha-2 → IANA zones, for the numbering plans under this law.
    places: ISO 3166-2 → territory. clocks: ISO 3166-2 → IANA zones, where they are not those
    of its territory. macros: calendars that the expressions name, SQL by name.
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

    def zones(self, territory: str, place: str | None = None) -> tuple[str, ...]:
        """The zones in which a person may be, somewhere in a territory or in a place of it."""
        return self.clocks.get(place or "", self.territories.get(territory, ()))

    def changes(self) -> list[date]:
        """First days on which other regimes are in force than the day before, sorted."""
        days = {self.read_from, self.read_until + timedelta(days=1)}
        days |= {day for regime in self.regimes for day in (regime.first, regime.until)}
        return sorted(days - {date.min, date.max})

    def on(self, day: date) -> list[Regime]:
        """The regimes in force on a day. Outside the days that were read, scope has no exceptions."""
        unread = None
        if day < self.read_from:
            unread = "jurisdiction"
        elif day > self.read_until:
            unread = "stale:law"
        return [
            _beyond(regime, unread) if regime.is_scope and unread else regime
            for regime in self.regimes
            if regime.in_force(day)
        ]


def _beyond(scope: Regime, missing: str) -> Regime:
    return replace(scope, exceptions=(), demanded=replace(scope.demanded, reads=(("true", missing),)))
