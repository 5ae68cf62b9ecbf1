"""Rules files as data, before they are read: a file changed by another one, and rules that share a demand of another.

A file without `regions` changes the file of its jurisdiction: its rules come besides those that are there, or in place
of those that they name. What it does not name stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from dnc.law.demands import DEMANDS
from dnc.law.regimes import RuleChanges

_TABLES = ("cites", "holidays")  # of which each entry has a name
_KEYS = ("jurisdiction", *_TABLES, "polls", "regime")


class RuleChangeError(ValueError):
    """A change of a rules file that cannot be made: the key, and why."""


def changed(data: Mapping[str, Any], by: Mapping[str, Any]) -> tuple[dict[str, Any], RuleChanges]:
    """A rules file with the changes of another one. Raises RuleChangeError: key and reason."""
    if unknown := [key for key in by if key not in _KEYS]:
        raise RuleChangeError(
            unknown[0], f"cannot be changed; expected one of {', '.join(_KEYS)}, or a file with regions"
        )
    whole = dict(data)
    for name in _TABLES:
        there, more = data.get(name, {}), by.get(name, {})
        if both := sorted(there.keys() & more.keys()):
            raise RuleChangeError(f"{name}.{both[0]}", "is also in the file that this one changes")
        whole[name] = there | more
    if polls := by.get("polls"):
        there, days = data.get("polls", {}), {poll["day"] for poll in polls.get("days", [])}
        kept = [poll for poll in there.get("days", []) if poll["day"] not in days]
        whole["polls"] = there | polls | {"days": [*kept, *polls.get("days", [])]}
    regimes, change = _regimes(data, by.get("regime", []))
    return whole | {"regime": regimes}, change


def _regimes(data: Mapping[str, Any], by: Iterable[Mapping[str, Any]]) -> tuple[list[dict[str, Any]], RuleChanges]:
    """The regimes of a file as others change them."""
    regimes = {regime["id"]: regime for regime in data["regime"]}
    added, replaced, ended = list[str](), list[str](), list[str]()
    for regime in by:
        if name := regime.get("replaces"):
            if name not in regimes:
                raise RuleChangeError(f"{regime['id']}.replaces", f"{name!r} is not a regime of {data['jurisdiction']}")
            old = regimes.pop(name)
            (first, until), (old_first, old_until) = _period(regime), _period(old)
            if first > old_first or until < old_until:
                raise RuleChangeError(
                    f"{regime['id']}.replaces", f"is in force for less time than {name!r}; `follows` ends it"
                )
            replaced.append(name)
        else:
            added.append(regime["id"])
        before = regimes.get(regime.get("follows"))
        if before and "until" not in before:
            regimes[before["id"]] = before | {"until": regime["from"]}
            ended.append(before["id"])
        if regime["id"] in regimes:
            raise RuleChangeError(regime["id"], "is there; `replaces` puts a regime in the place of another one")
        regimes[regime["id"]] = {key: value for key, value in regime.items() if key != "replaces"}
    return list(regimes.values()), RuleChanges(tuple(added), tuple(replaced), tuple(ended))


def shared(data: Mapping[str, Any]) -> dict[str, Any]:
    """A rules file in which the demands that rules share are written out.

    `meets = "ID"` in a condition is the demand of the regime ID, and of those that follow it from the day on which they
    do: a regime that has it becomes one for each of these periods. Raises RuleChangeError: key and reason.
    """
    regimes = {regime.get("id"): regime for regime in data.get("regime", [])}
    return dict(data) | {"regime": [part for regime in data.get("regime", []) for part in _parts(regime, regimes)]}


def _parts(regime: dict[str, Any], regimes: Mapping[str, dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """A regime, or the regimes that it becomes, in the order of their periods."""
    clauses = [regime.get("when", {}), *regime.get("except", [])]
    names = {clause["meets"] for clause in clauses if "meets" in clause}
    if not names:
        yield regime
        return
    [name] = names
    first, until = _period(regime)
    part = regime | {"until": first}
    for other in _chain(name, regimes):
        other_first, other_until = _period(other)
        start, end = max(first, other_first), min(until, other_until)
        if part["until"] == start < end:
            when, *exceptions = (_with_demand(clause, other) for clause in clauses)
            later = {} if start == first else {"id": f"{regime['id']}-{start}", "follows": part["id"]}
            part = regime | {"from": start, "until": end, "when": when, "except": exceptions} | later
            yield part
    if part["until"] != until:
        raise RuleChangeError(f"{regime['id']}.meets", f"{name!r} and what follows it are not in force all the time")


def _period(regime: Mapping[str, Any]) -> tuple[Any, Any]:
    """Its first day, and the day on which it has ended."""
    return regime.get("from", date.min), regime.get("until", date.max)


def _chain(name: str, regimes: Mapping[str, dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """A regime and those that follow it, over any number of steps."""
    yield regimes[name]
    for other in regimes.values():
        if other.get("follows") == name:
            yield from _chain(other["id"], regimes)


def _with_demand(clause: Mapping[str, Any], of: Mapping[str, Any]) -> dict[str, Any]:
    """A clause with the demand of a regime in place of `meets`."""
    found = {name: of[name] for name in DEMANDS if name in of and "meets" in clause}
    return {key: value for key, value in clause.items() if key != "meets"} | found
