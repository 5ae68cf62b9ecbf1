"""Lint for rules files: every regime can block a call and can be satisfied, every exception has an effect.

For a regime and a day on which it is in force, every column that it reads is set
to each value that makes a difference, in all combinations (but see `_facts`). The
results must include the regime's worst finding, its best one, both of them in each
place that its `when` lists, and a call to which each exception applies; if no call
leads to one of these, that is a mistake in the file. A scope must not be based on
low confidence only. Chains, citations and ids are checked when a file is read.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import pairwise

import duckdb

from dnc.database import connect
from dnc.law.condition import Condition
from dnc.law.demands import FACTS, OPEN, REGISTRY_FACTS, registry_column, silent_days
from dnc.law.findings import Finding, finding_of
from dnc.law.regimes import EVERYWHERE, Pack, Regime
from dnc.law.vocabulary import vocabulary

# SQL of the values that are tried for a column of `FACTS`, or for one of `REGISTRY_FACTS`; other dates: `_AGES`.
_AGES = ("day", "day - 20000", "null")
_TRIED = {
    "at_first": ("null", *(f"day + {ahead} + interval {hour} hour" for ahead in range(7) for hour in (3, 11))),
    "timed": ("true",),
    "appointment_at": ("null", "day + 2"),
    "polls": ("'XX'", "null"),
    "attempts": ("0", "99", "null"),
    "attempts_most": ("0", "99", "null"),
    "attempts_day": ("0", "99", "null"),
    "attempts_day_most": ("0", "99", "null"),
    "lacks": ("''", "'proof'"),
    "consent_until": ("day - 1", "null"),
    "consent_fresh": ("day", "day - 1"),
    "at_agreed_hour": ("'yes'", "'no'"),
    "campaign": ("'c'", "null"),
    "cli": ("'withheld'", "'+99900'", "null"),
    "objected_on": (*_AGES, "date '9999-12-31'"),
    "consent_withdrawn_on": ("day", "date '9999-12-31'"),
    "refused_on": (*_AGES, "date '9999-12-31'"),
}
_TRIED_OF_REGISTRY = {
    "": ("'listed'", "'clear'", "'uncovered'", "null"),
    "_campaign": ("'listed'", "'clear'", "null"),
    "_next_on": ("null",),
}
_OTHERS = "others"  # the name for all registries that give the same answer together
_OF_AXIS: tuple[str, ...] = ("'other'", "null")
_WORST = {"duty": Finding.MET} | dict.fromkeys((*OPEN, "missing"), Finding.OPEN)  # of other demands: BROKEN
_BEST = dict.fromkeys(("forbidden", "missing", *OPEN), Finding.NOT_APPLICABLE)  # of other demands: MET


def problems(pack: Pack) -> list[str]:
    """The mistakes in the regimes of a pack, one line each; empty if there are none."""
    with connect(":memory:") as con:
        for name, body in pack.macros.items():
            con.execute(f"create macro {name}() as {body}")
        return [*_scope(pack), *(line for regime in pack.regimes for line in _regime(con, pack, regime))]


def untitled(pack: Pack) -> list[str]:
    """The regimes of a pack that have no title, one line each; rules that ship have titles, others may."""
    return [f"{regime.id}: has no title" for regime in pack.regimes if regime.id in regime.title.values()]


def notes(pack: Pack) -> list[str]:
    """What a pack may lack although it has no mistakes, one line each: polls before the last day it was reviewed for.

    The next poll of a name is expected after the longest time between two of them so far; polls at another time,
    for instance after a dissolution, cannot be foreseen.
    """
    if not pack.polls:
        return []
    lines = []
    years: dict[str, list[int]] = {}
    for poll in pack.polls:
        day, kind = poll.day, re.split(r", | \(", poll.name["en"])[0]
        if day.year not in years.setdefault(kind, []):
            years[kind].append(day.year)
    for kind, past in years.items():
        term = max((later - earlier for earlier, later in pairwise(past)), default=0)
        if term and past[-1] + term <= pack.read_until.year:
            lines.append(f"{pack.jurisdiction}: polls: {kind} is expected in {past[-1] + term} and has no entry")
    last = pack.polls[-1].day
    if last < pack.read_until:
        lines.append(
            f"{pack.jurisdiction}: polls: none after {last} has an entry, and the file was reviewed until "
            f"{pack.read_until}: no day is silent before a poll that is called in between"
        )
    return lines


def _scope(pack: Pack) -> Iterator[str]:
    """Check that there is a scope, and that each of its exceptions is based on more than low confidence."""
    scopes = [regime for regime in pack.regimes if regime.is_scope]
    if not scopes and pack.jurisdiction != EVERYWHERE:
        yield f"{pack.jurisdiction}-scope is missing: add a regime that says which calls these rules were written for"
    for scope in scopes:
        for number, clause in enumerate(scope.exceptions, 1):
            inside = _axes(clause)
            grades = {
                regime.confidence
                for regime in pack.regimes
                if not regime.is_scope
                and all(inside.get(axis, words) & words for axis, words in _axes(regime.when).items())
            }
            if grades == {"low"} or scope.confidence == "low":
                yield f"{scope.id}: its exception {number} rests on low confidence alone"


def _axes(parts: Iterable[Condition]) -> dict[str, set[str]]:
    """The conditions of a clause that are axes: axis → words."""
    return {axis: set(words) for part in parts if part.axis for axis, words in part.compares}


def _regime(con: duckdb.DuckDBPyConnection, pack: Pack, regime: Regime) -> Iterator[str]:
    first = max(regime.first, pack.read_from)
    last = min(regime.until - timedelta(days=1), pack.read_until)
    if first > last:
        yield f"{regime.id}: lies outside the dates this file was reviewed for ({pack.read_from} to {pack.read_until})"
        return
    silent = _first_silent_day(con, pack, first, last)
    calls = {day: _calls_told_apart(con, regime, day) for day in {first, last, *silent}}
    seen = {day: _findings(regime, calls[day]) for day in calls}
    worst, best = _WORST.get(regime.demand, Finding.BROKEN), _BEST.get(regime.demand, Finding.MET)
    for way in (worst,) if regime.is_scope else (worst, best):
        without = [
            place
            for place in next(iter(seen.values()))
            if not any(way in by_place[place] for by_place in seen.values())
        ]
        if None in without:
            yield f"{regime.id}: no call can {_ways(way)}"
        else:
            yield from (f"{regime.id}: no call in {place} can {_ways(way)}" for place in without)
    # If an exception applies on all days but those of polls, the regime has an effect only on these, so one is tried.
    calendars = {name for clause in regime.exceptions for part in clause for name in part.calendars}
    for day in silent if silent_days(pack.jurisdiction) in calendars else (first, last):
        if seen[day][None] == {Finding.NOT_APPLICABLE}:
            yield f"{regime.id}: applies to no call on {day}"
    for number, clause in enumerate(regime.exceptions, 1):
        others = [other for other in regime.exceptions if other is not clause]
        if not any(
            _hold((*regime.when, *clause), truth) and not any(_hold(one, truth) for one in others)
            for _, truth in calls[first]
        ):
            yield f"{regime.id}: its exception {number} excepts no call that another one does not"


def _ways(finding: Finding) -> str:
    return {
        Finding.BROKEN: "break it",
        Finding.OPEN: "be left open by it",
        Finding.MET: "satisfy it",
        Finding.NOT_APPLICABLE: "be outside it",
    }[finding]


# A place (None if the regime lists none), and the truth of each condition.
_ToldApart = tuple[str | None, dict[str, bool | None]]


def _calls_told_apart(con: duckdb.DuckDBPyConnection, regime: Regime, day: date) -> list[_ToldApart]:
    """The calls that a regime tells apart on a day: each combination of the values of its conditions once.

    One query answers everything that is asked about a regime on a day; it is the slowest part, since every condition
    is bound and evaluated for all calls.
    """
    conditions = list(dict.fromkeys(part.sql for part in regime.parts))
    # As columns: to pack them into a code, as for the calls of a list, takes ten times as long for so many rows.
    values = [f"({sql})::boolean as c{at}" for at, sql in enumerate(conditions)]
    columns = ", ".join(["place" if _places(regime) else "null as place", *values])
    answers = con.execute(f"select distinct {columns} from ({_facts(regime, day)}) as facts").fetchall()
    return [(place, dict(zip(conditions, truths, strict=True))) for place, *truths in answers]


def _hold(parts: Iterable[Condition], truth: dict[str, bool | None]) -> bool:
    return all(truth[part.sql] for part in parts)


def _findings(regime: Regime, calls: list[_ToldApart]) -> dict[str | None, set[Finding]]:
    """What a regime can mean for some calls: anywhere (None), and in each place that its `when` lists."""
    findings: dict[str | None, set[Finding]] = {place: set() for place in (None, *_places(regime))}
    for place, truth in calls:
        for where in {None, place} & findings.keys():
            findings[where].add(finding_of(regime, truth))
    return findings


def _places(regime: Regime) -> tuple[str, ...]:
    """The places that the `when` of a regime lists; none if it does not depend on the place."""
    return next((words for part in regime.when for name, words in part.compares if name == "place"), ())


def _first_silent_day(con: duckdb.DuckDBPyConnection, pack: Pack, first: date, last: date) -> list[date]:
    """The first day of a period on which polls forbid calls, if there is one."""
    name = silent_days(pack.jurisdiction)
    if name not in pack.macros:
        return []
    [(days,)] = con.execute(f"select {name}()").fetchall()
    return [day for day in days if first <= day <= last][:1]


def _facts(regime: Regime, day: date) -> str:
    """A relation of calls: every column that a regime reads, in combinations of the values that are tried.

    These are all combinations, with two exceptions. The registries of one clause of `except`, or of `when` and the
    demand, vary freely; all other registries give the same answer together, and each answer is tried. So the number of
    calls grows with the sum of the registries, not with their product. And of the axes that only `when` reads, one
    takes all its values, the others only one for which the condition is true: a call outside one of them is outside
    the regime anyway. That hides no mistake: every row is a possible call, whatever rows are left out, and a mistake is
    something that no row shows.
    """
    clauses = [(*regime.when, regime.demanded), *regime.exceptions]
    registries = {frozenset(id_ for part in clause for id_ in part.registries) for clause in clauses}
    widest = [free for free in registries if not any(free < other for other in registries)]
    return " union all by name ".join(_calls(regime, day, free) for free in sorted(widest, key=sorted))


def _calls(regime: Regime, day: date, free: frozenset[str]) -> str:
    """All combinations of the values that are tried; all registries but those of `free` give the same answer."""
    parts = list(regime.parts)
    read = frozenset[str]().union(*(part.columns for part in parts))
    tried = {name: column for name, column in _columns().items() if name in read}
    renamed = {}
    for registry in sorted({id_ for part in parts for id_ in part.registries}):
        for suffix, kind in REGISTRY_FACTS.items():
            if (name := registry_column(registry, suffix)) in read:
                source = name if registry in free else registry_column(_OTHERS, suffix)
                tried[source] = (kind, _TRIED_OF_REGISTRY.get(suffix, _AGES))
                renamed[name] = source
    for name in _axes_of_when(regime)[1:]:
        tried[name] = ("VARCHAR", ())
    relations = [f"(select date '{day}' as day)"]
    for name, (kind, values) in tried.items():
        listed = ", ".join(dict.fromkeys([*_compared(regime, name), *values]))
        relations.append(f"(select unnest([{listed}]::{kind}[]) as {name} from (select date '{day}' as day))")
    twins = {name: source for name, source in renamed.items() if name != source}
    if "at_first" in read:
        twins["at_last"] = "at_first"
    twin = "".join(f", {source} as {name}" for name, source in twins.items())
    return f"select *{twin} from {' cross join '.join(relations)}"


def _axes_of_when(regime: Regime) -> list[str]:
    """The axes that one condition of `when` reads, and nothing else."""
    once = [name for name, uses in Counter(name for part in regime.parts for name in part.columns).items() if uses == 1]
    return [name for part in regime.when if part.axis for name, _ in part.compares if name in once]


def _columns() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Every fact of a call that a condition may read: its SQL type, and the values that are always tried."""
    columns: dict[str, tuple[str, tuple[str, ...]]] = dict.fromkeys(vocabulary().axes, ("VARCHAR", _OF_AXIS))
    columns |= {name: (kind, _TRIED.get(name, _AGES if kind == "DATE" else _OF_AXIS)) for name, kind in FACTS.items()}
    return {name: column for name, column in columns.items() if name not in ("day", "at_last")}


def _compared(regime: Regime, column: str) -> list[str]:
    """One word of each closed list that a regime compares a column with; for prefixes, a number that has it.

    For places, also each place that its `when` lists.
    """
    words = [words[0] for part in regime.parts for name, words in part.compares if name == column]
    if column == "place":
        words += _places(regime)
    return [f"'{word}00'" if column == "cli" else f"'{word}'" for word in words]
