"""A lint of the law: each regime can bite and can be met, each exception lifts, no scope rests on doubt alone.

For a regime and a day of its span every column that its expression reads is
tried with the values that matter to it, in all combinations. A worst finding, a
best one and a lifting exception must be among them: what no call can bring
about is a slip of the pen. Chains, citations and ids are checked at reading.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, timedelta

import duckdb

from dnc.database import connect
from dnc.law.demands import FACTS, OPEN, REGISTRY_FACTS, Part
from dnc.law.findings import finding, inquiry
from dnc.law.regimes import Pack, Regime, clause_sql
from dnc.law.vocabulary import vocabulary

_AGES = ("day", "day - 20000", "null")
_TRIES = {
    "at_first": ("null", *(f"day + {ahead} + interval {hour} hour" for ahead in range(7) for hour in (3, 11))),
    "timed": ("true",),
    "appointment": ("null",),
    "polls": ("'XX'", "null"),
    "attempts": ("0", "99", "null"),
    "campaign": ("'c'", "null"),
    "cli": ("'withheld'", "'+99900'", "null"),
    "objected_on": (*_AGES, "date '9999-12-31'"),
    "consent_withdrawn_on": ("day", "date '9999-12-31'"),
    "refused_on": (*_AGES, "date '9999-12-31'"),
    "": ("'listed'", "'clear'", "'uncovered'", "null"),
    "_campaign": ("'listed'", "'clear'", "null"),
    "_next_on": ("null",),
}
_OTHER = "'other'"
_WORST = {"duty": "m"} | dict.fromkeys(OPEN, "x")
_BEST = dict.fromkeys(("forbidden", *OPEN), "-")


def problems(pack: Pack) -> list[str]:
    """What is wrong with the regimes of a pack, a line each; none where nothing is."""
    with connect(":memory:") as con:
        for name, body in pack.macros.items():
            con.execute(f"create macro {name}() as {body}")
        return [*_scope(pack), *(line for regime in pack.regimes for line in _of(con, pack, regime))]


def _scope(pack: Pack) -> Iterator[str]:
    """A pack says what it was read for, and nothing that only low confidence is known about."""
    scopes = [regime for regime in pack.regimes if regime.is_scope]
    if not scopes:
        yield f"{pack.jurisdiction}-scope is missing: nobody says what these rules were read for"
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


def _axes(parts: Iterable[Part]) -> dict[str, set[str]]:
    """The conditions of a clause that are axes: axis → words."""
    found = (re.fullmatch(r"(\w+) in \(([^()]*)\)", part.sql) for part in parts)
    return {one[1]: set(one[2].split(", ")) for one in found if one}


def _of(con: duckdb.DuckDBPyConnection, pack: Pack, regime: Regime) -> Iterator[str]:
    first = max(regime.first, pack.read_from)
    last = min(regime.until - timedelta(days=1), pack.read_until)
    if first > last:
        yield f"{regime.id}: no day of its span was read for"
        return
    silent = _silent(con, pack, first, last)
    seen = {day: _letters(con, regime, day) for day in {first, last, *silent}}
    worst, best = _WORST.get(regime.demand, "b"), _BEST.get(regime.demand, "m")
    if not any(worst in letters for letters in seen.values()):
        yield f"{regime.id}: no call brings out its worst finding"
    if not any(best in letters for letters in seen.values()) and not regime.is_scope:
        yield f"{regime.id}: no call brings out its best finding"
    # What the calendar of polls lifts on all other days is looked at on one of its own.
    only_silent = any("_silent(" in part.sql for clause in regime.exceptions for part in clause)
    for day in silent if only_silent else (first, last):
        if seen[day] == {"-"}:
            yield f"{regime.id}: applies to no call on {day}"
    for number, clause in enumerate(regime.exceptions, 1):
        others = [clause_sql(other) for other in regime.exceptions if other is not clause]
        alone = [part.sql for part in regime.when] + [clause_sql(clause)] + [f"({sql}) is not true" for sql in others]
        if not con.execute(
            f"{_facts(regime, first)} where {' and '.join(f'({sql})' for sql in alone)} limit 1"
        ).fetchall():
            yield f"{regime.id}: its exception {number} lifts nothing that another does not lift"


def _letters(con: duckdb.DuckDBPyConnection, regime: Regime, day: date) -> set[str]:
    asked = inquiry([regime])
    answers = con.execute(f"with facts as ({_facts(regime, day)}) {replace(asked, ends=()).sql}").fetchall()
    return {finding(regime, asked.truth(codes)) for codes in set(answers)}


def _silent(con: duckdb.DuckDBPyConnection, pack: Pack, first: date, last: date) -> list[date]:
    """The first day of silence in a span."""
    name = f"{pack.jurisdiction}_silent"
    if name not in pack.macros:
        return []
    [(days,)] = con.execute(f"select {name}()").fetchall()
    return [day for day in days if first <= day <= last][:1]


def _facts(regime: Regime, day: date) -> str:
    """A relation of calls: every column that a regime reads, in all combinations of what is tried."""
    text = " ".join([regime.sql, *(end for part in regime.parts for end in part.ends)])
    kinds = {name: kind for name, kind in _kinds(regime).items() if re.search(rf"\b{name}\b", text)}
    relations = [f"(select date '{day}' as day)"]
    for name, kind in kinds.items():
        values = ", ".join(_tries(name, kind, text))
        relations.append(f"(select unnest([{values}]::{kind}[]) as {name} from (select date '{day}' as day))")
    twin = ", at_first as at_last" if "at_first" in kinds else ""
    return f"select *{twin} from {' cross join '.join(relations)}"


def _kinds(regime: Regime) -> dict[str, str]:
    """Every column that a regime may read, with its SQL type."""
    registries = sorted({id_.replace("-", "_") for part in regime.parts for id_ in part.registries})
    asked = {registry + suffix: kind for registry in registries for suffix, kind in REGISTRY_FACTS.items()}
    facts = {name: kind for name, kind in FACTS.items() if name not in ("day", "at_last")}
    return dict.fromkeys(vocabulary().axes, "VARCHAR") | facts | asked


def _tries(name: str, kind: str, text: str) -> list[str]:
    """SQL of the values that are tried for a column: a word of each list that names it, others, and none."""
    named = [words.split(", ")[0] for words in re.findall(rf"\b{name} in \(([^)]*)\)", text)]
    prefixes = [f"'{prefix}00'" for prefix in re.findall(rf"starts_with\({name}, '([^']*)'\)", text)][:1]
    suffix = next((one for one in REGISTRY_FACTS if one and name.endswith(one)), "")
    if name in (*vocabulary().axes, "place", "plan_place"):
        known: tuple[str, ...] = (_OTHER, "null")
    elif name in FACTS:
        known = _TRIES.get(name, _AGES)
    else:
        known = _AGES if kind == "DATE" and suffix != "_next_on" else _TRIES[suffix]
    return [*dict.fromkeys([*named, *prefixes, *known])]
