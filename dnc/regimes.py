"""A regime: one obligation over one span of days, and the two queries that many of them make.

For a call and a regime in force on its day,

    lawful = (not applies) or met        applies = when and not (any clause of except)

in SQL's three-valued logic, where NULL is *we were not told*. Everything here
writes text and runs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from dnc.demands import Part, every

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


def findings_sql(regimes: Iterable[Regime], later: bool = False) -> str:
    """The query that finds: a row of `facts` in, a row of findings out, in the same order.

    regimes: those in force. later: take what is judged day by day (hours, attempts) as met.

    Columns of the result:
        findings  one letter a regime, in their order: `m` applies and is met, `b` applies
                  and is broken, `x` applies and is not known to be met; `-` does not apply;
                  `p` may apply and is met, `u` may apply and is not known to be met.
        last_day  last day before anything dated changes that a finding rests on, or NULL.
    """
    regimes = [_taken_as_met(regime) for regime in regimes] if later else list(regimes)
    letters = [
        f"case when a{at} then case when m{at} then 'm' when not m{at} then 'b' else 'x' end "
        f"when not a{at} then '-' when m{at} then 'p' else 'u' end"
        for at in range(len(regimes))
    ]
    # An end counts where the undated conditions of a regime that reads it may be given.
    ends: dict[str, list[str]] = {}
    for regime in regimes:
        given = every(part.sql for part in regime.when if not part.ends)
        for end in dict.fromkeys(end for part in regime.parts for end in part.ends):
            ends.setdefault(end, []).append(f"({given}) is distinct from false")
    dated = [f"case when {' or '.join(given)} then {end} end" for end, given in ends.items()]
    return (
        f"select concat({', '.join(letters)}) as findings,\n"
        f"       list_min(list_filter([{', '.join(dated)}]::date[], lambda d: d >= day)) as last_day\n"
        f"from ({_looked_at(regimes)})"
    )


def missing_sql(regimes: Iterable[Regime]) -> str:
    """The query that tells what would decide: words of `dnc_missing`, sorted, `;`-joined.

    A row of `facts` in, a row with the column `missing` out, in the same order;
    only regimes that come out undecided add words.
    """
    regimes = list(regimes)
    untold: dict[str, list[str]] = {}
    for at, regime in enumerate(regimes):
        for condition, word in _untold(regime, at):
            untold.setdefault(word, []).append(f"((not a{at} or m{at}) is null and {condition})")
    words = [f"case when {' or '.join(untold[word])} then '{word}' end" for word in sorted(untold)]
    return f"select concat_ws(';', {', '.join(['null', *words])}) as missing from ({_looked_at(regimes)})"


def _looked_at(regimes: list[Regime]) -> str:
    columns = [f"{one.applies_sql} as a{at}, {one.demanded.sql} as m{at}" for at, one in enumerate(regimes)]
    return f"select *, {', '.join(columns)} from facts"


def _untold(regime: Regime, at: int) -> Iterator[tuple[str, str]]:
    """Pairs of (SQL: this was not told and the regime turns on it, word of `dnc_missing`)."""
    for part in regime.when:
        yield from part.reads
    for clause in regime.exceptions:
        for part in clause:
            for condition, word in part.reads:
                yield f"({clause_sql(clause)}) is null and ({condition})", word
    # Beyond its scope a file does not answer; as long as that is not known, the facts are asked for.
    known = f"a{at} and " if regime.is_scope else ""
    for condition, word in regime.demanded.reads:
        yield f"{known}m{at} is null and ({condition})", word


def _taken_as_met(regime: Regime) -> Regime:
    def met(part: Part) -> Part:
        return replace(part, sql="true", reads=(), ends=()) if part.daily else part

    exceptions = tuple(tuple(map(met, clause)) for clause in regime.exceptions)
    return replace(regime, exceptions=exceptions, demanded=met(regime.demanded))


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
