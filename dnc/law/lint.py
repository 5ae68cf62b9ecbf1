"""Lint for rules files: every regime can block a call and can be satisfied, every exception has an effect.

For a regime and a day on which it is in force, every column that it reads is set
to each value that makes a difference, in all combinations. Among the results must
be the regime's worst finding, its best one, and one call that each exception lifts;
what no call can bring about is a mistake in the file. Scopes are checked for not
resting on low confidence alone. Chains, citations and ids are checked on reading.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, timedelta

import duckdb

from dnc.database import connect
from dnc.law.demands import FACTS, OPEN, REGISTRY_FACTS, Condition, registry_column, silent_days
from dnc.law.findings import Finding, finding_of, inquiry
from dnc.law.regimes import Pack, Regime, clause_sql
from dnc.law.vocabulary import vocabulary

# SQL of the values that are tried for a column of `FACTS`, or for one of `REGISTRY_FACTS`; other dates: `_AGES`.
_AGES = ("day", "day - 20000", "null")
_TRIED = {
    "at_first": ("null", *(f"day + {ahead} + interval {hour} hour" for ahead in range(7) for hour in (3, 11))),
    "timed": ("true",),
    "appointment": ("null",),
    "polls": ("'XX'", "null"),
    "attempts": ("0", "99", "null"),
    "attempts_day": ("0", "99", "null"),
    "consent_until": ("day - 1", "null"),
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
_OF_AXIS: tuple[str, ...] = ("'other'", "null")
_WORST = {"duty": Finding.MET} | dict.fromkeys(OPEN, Finding.OPEN)  # of other demands: BROKEN
_BEST = dict.fromkeys(("forbidden", *OPEN), Finding.NOT_APPLICABLE)  # of other demands: MET


def problems(pack: Pack) -> list[str]:
    """The mistakes in the regimes of a pack, one line each; empty if there are none."""
    with connect(":memory:") as con:
        for name, body in pack.macros.items():
            con.execute(f"create macro {name}() as {body}")
        return [*_scope(pack), *(line for regime in pack.regimes for line in _regime(con, pack, regime))]


def untitled(pack: Pack) -> list[str]:
    """The regimes of a pack that are called by their ids, one line each; rules that ship have titles, others may."""
    return [f"{one.id}: has no title" for one in pack.regimes if one.id in one.title.values()]


def _scope(pack: Pack) -> Iterator[str]:
    """The scope is there, and each of its exceptions rests on more than low confidence."""
    scopes = [regime for regime in pack.regimes if regime.is_scope]
    if not scopes:
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
    seen = {day: _findings(con, regime, day) for day in {first, last, *silent}}
    worst, best = _WORST.get(regime.demand, Finding.BROKEN), _BEST.get(regime.demand, Finding.MET)
    if not any(worst in found for found in seen.values()):
        yield f"{regime.id}: no call can {_ways(worst)}"
    if not any(best in found for found in seen.values()) and not regime.is_scope:
        yield f"{regime.id}: no call can {_ways(best)}"
    # An exception for all days but those of polls can only be seen to have an effect on one of these days.
    calendars = {name for clause in regime.exceptions for part in clause for name in part.calendars}
    for day in silent if silent_days(pack.jurisdiction) in calendars else (first, last):
        if seen[day] == {Finding.NOT_APPLICABLE}:
            yield f"{regime.id}: applies to no call on {day}"
    for number, clause in enumerate(regime.exceptions, 1):
        others = [clause_sql(other) for other in regime.exceptions if other is not clause]
        alone = [part.sql for part in regime.when] + [clause_sql(clause)] + [f"({sql}) is not true" for sql in others]
        if not con.execute(
            f"{_facts(regime, first)} where {' and '.join(f'({sql})' for sql in alone)} limit 1"
        ).fetchall():
            yield f"{regime.id}: its exception {number} excepts no call that another one does not"


def _ways(finding: Finding) -> str:
    return {
        Finding.BROKEN: "break it",
        Finding.OPEN: "be left open by it",
        Finding.MET: "satisfy it",
        Finding.NOT_APPLICABLE: "be outside it",
    }[finding]


def _findings(con: duckdb.DuckDBPyConnection, regime: Regime, day: date) -> set[Finding]:
    """What a regime can mean for a call on a day."""
    asked = replace(inquiry([regime]), ends=())
    answers = con.execute(f"with facts as ({_facts(regime, day)}) {asked.sql}").fetchall()
    return {finding_of(regime, asked.truth(codes)) for codes in set(answers)}


def _first_silent_day(con: duckdb.DuckDBPyConnection, pack: Pack, first: date, last: date) -> list[date]:
    """The first day of a span on which polls forbid calls, if there is one."""
    name = silent_days(pack.jurisdiction)
    if name not in pack.macros:
        return []
    [(days,)] = con.execute(f"select {name}()").fetchall()
    return [day for day in days if first <= day <= last][:1]


def _facts(regime: Regime, day: date) -> str:
    """A relation of calls: every column that a regime reads, in all combinations of the values that are tried."""
    parts = list(regime.parts)
    read = frozenset[str]().union(*(part.columns for part in parts))
    relations = [f"(select date '{day}' as day)"]
    for name, (kind, tried) in _columns(parts).items():
        if name in read:
            values = ", ".join(dict.fromkeys([*_compared(parts, name), *tried]))
            relations.append(f"(select unnest([{values}]::{kind}[]) as {name} from (select date '{day}' as day))")
    twin = ", at_first as at_last" if "at_first" in read else ""
    return f"select *{twin} from {' cross join '.join(relations)}"


def _columns(parts: list[Condition]) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Every column that some conditions may read: its SQL type, and the values that are tried whatever they say."""
    columns: dict[str, tuple[str, tuple[str, ...]]] = dict.fromkeys(vocabulary().axes, ("VARCHAR", _OF_AXIS))
    columns |= {name: (kind, _TRIED.get(name, _AGES if kind == "DATE" else _OF_AXIS)) for name, kind in FACTS.items()}
    for registry in sorted({id_ for part in parts for id_ in part.registries}):
        for suffix, kind in REGISTRY_FACTS.items():
            columns[registry_column(registry, suffix)] = (kind, _TRIED_OF_REGISTRY.get(suffix, _AGES))
    return {name: column for name, column in columns.items() if name not in ("day", "at_last")}


def _compared(parts: list[Condition], column: str) -> list[str]:
    """One word of each closed list that some conditions compare a column with; for prefixes, a number that has it."""
    words = [words[0] for part in parts for name, words in part.compares if name == column]
    return [f"'{word}00'" if column == "cli" else f"'{word}'" for word in words]
