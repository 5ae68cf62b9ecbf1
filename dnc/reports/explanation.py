"""One call explained: what every regime in force came to and through which condition, as text or as data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dnc.checks.judge import Looked, RegimeResult
from dnc.law.findings import Finding

_WORDS = {
    "en": {
        "broken": "forbids the call",
        "open": "applies, not decided",
        "maybe_open": "may apply, not decided",
        "met": "applies, met",
        "maybe_met": "may apply, met in any case",
        "not_applicable": "does not apply",
        "unread": "unreadable number",
        "until": "Clear until {day} with what is loaded.",
        "when": "when",
        "unless": "unless",
        "and": "and",
        "asks": "asks for",
        "duty": "duty",
        "contested": "the law is contested",
        "not_read": "not read here",
        "told": {True: "yes", False: "no", None: "not told"},
        "grade": "confidence {}",
        "lacking": "not {}",
        "lifted": "excepted: {}",
        "law": "law",
        "guidance": "guidance",
        "low": "low",
        "medium": "medium",
        "high": "high",
        "outcome": {"clear": "clear", "blocked": "blocked", "undecided": "undecided"},
    },
    "fr": {
        "broken": "interdit l'appel",
        "open": "s'applique, indécis",
        "maybe_open": "s'applique peut-être, indécis",
        "met": "s'applique, respecté",
        "maybe_met": "s'applique peut-être, respecté en tout cas",
        "not_applicable": "ne s'applique pas",
        "unread": "numéro illisible",
        "until": "Libre jusqu'au {day} avec ce qui est chargé.",
        "when": "si",
        "unless": "sauf",
        "and": "et",
        "asks": "exige",
        "duty": "obligation",
        "contested": "le droit est contesté",
        "not_read": "non lu ici",
        "told": {True: "oui", False: "non", None: "non indiqué"},
        "grade": "confiance {}",
        "lacking": "pas {}",
        "lifted": "excepté : {}",
        "law": "droit",
        "guidance": "recommandation",
        "low": "faible",
        "medium": "moyenne",
        "high": "élevée",
        "outcome": {"clear": "libre", "blocked": "bloqué", "undecided": "indécis"},
    },
}
_ORDER = list(Finding)


def finding(found: Finding, language: str = "en") -> str:
    """A finding in words."""
    return str(_WORDS[language][found.key])


def as_text(verdict: Mapping[str, Any], findings: list[RegimeResult], language: str = "en") -> Iterator[str]:
    """Lines for a person: the verdict, then every regime, what forbids first and what does not apply last."""
    words: dict[str, Any] = _WORDS[language]
    yield f"{verdict['dnc_number'] or words['unread']}: {words['outcome'][verdict['dnc_outcome']]}"
    yield str(verdict["dnc_why"])
    if verdict["dnc_valid_until"]:
        yield words["until"].format(day=verdict["dnc_valid_until"])
    for one in sorted(findings, key=lambda one: _ORDER.index(one.finding)):
        yield ""
        yield from _regime(one, words, language)


def _regime(one: RegimeResult, words: dict[str, Any], language: str) -> Iterator[str]:
    regime = one.regime
    if one.finding is Finding.NOT_APPLICABLE:
        yield f"{regime.id}: {words[one.finding.key]} ({'; '.join(_because(one, words))})"
        return
    grade = words["grade"].format(words[regime.confidence])
    yield f"{regime.id}: {words[one.finding.key]} ({words[regime.force]}, {grade})"
    yield f"  {regime.says[language]}"
    yield from (f"  {words['when']} {look.says}: {words['told'][look.value]}" for look in one.when)
    for clause in one.exceptions:
        yield f"  {words['unless']} {_joined(clause, words)}"
    if regime.demand == "duty":
        yield f"  {words['duty']}: {one.demand.says}"
    else:
        yield f"  {words['asks']}: {one.demand.says}: {_met(one, words)}"
    yield from (f"  {cite.text} {cite.url}".rstrip() for cite in regime.cites)


def _met(one: RegimeResult, words: dict[str, Any]) -> str:
    """Whether the demand of a regime is met, in words; why it cannot be known, where no fact decides it."""
    if one.regime.is_not_read:
        return str(words["not_read"])
    return str(words["contested"] if one.regime.is_open else words["told"][one.demand.value])


def _joined(clause: list[Looked], words: dict[str, Any]) -> str:
    return f" {words['and']} ".join(f"{look.says} ({words['told'][look.value]})" for look in clause)


def _because(one: RegimeResult, words: dict[str, Any]) -> Iterator[str]:
    """Why a regime does not apply: the conditions that are not given, or the exception that is."""
    yield from (words["lacking"].format(look.says) for look in one.when if look.value is False)
    for clause in one.exceptions:
        if all(look.value for look in clause):
            yield words["lifted"].format(f" {words['and']} ".join(look.says for look in clause))


def as_data(verdict: Mapping[str, Any], findings: list[RegimeResult], language: str = "en") -> dict[str, Any]:
    """The same as plain data: the verdict, and for each regime its finding, conditions, demand and citations."""
    return {"verdict": dict(verdict), "findings": [_data(one, language) for one in findings]}


def _data(one: RegimeResult, language: str) -> dict[str, Any]:
    regime = one.regime
    return {
        "regime": regime.id,
        "finding": finding(one.finding),
        "says": regime.says[language],
        "force": regime.force,
        "confidence": regime.confidence,
        "when": [vars(look) for look in one.when],
        "except": [[vars(look) for look in clause] for clause in one.exceptions],
        "demand": {"kind": regime.demand, **vars(one.demand)},
        "cites": [vars(cite) for cite in regime.cites],
        "note": regime.note,
        "sanction": regime.sanction,
    }
