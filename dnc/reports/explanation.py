"""One call explained: the finding of every regime in force, and the values of its conditions; as text or as data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from dnc.checks.explain import Explanation
from dnc.checks.subject_access import records_of
from dnc.law.findings import Finding
from dnc.messages import dated, in_language, said, semicolons
from dnc.reports.phrases import labelled, why_open
from dnc.verdicts.judge import ConditionValue, RegimeResult
from dnc.verdicts.verdict import missing_thing

_ORDER = list(Finding)
_SHOWN = 3  # regimes, unless all are asked for


def finding(value: Finding, language: str = "en") -> str:
    """A finding in words."""
    return said(language, "explanation", "findings", value.key)


def worst_first(call: Explanation) -> list[RegimeResult]:
    """The results of all regimes: those that forbid the call first, of these the lasting ones; not applicable last."""
    return sorted(call.findings, key=lambda result: (_ORDER.index(result.finding), bool(result.regime.demanded.limit)))


def as_text(call: Explanation, language: str = "en", *, every: bool = False) -> Iterator[str]:
    """Lines for a person: the verdict, and the first of the regimes that decide it.

    every: all regimes in full instead, with their ids, those that do not apply last.
    """
    say, verdict = partial(said, language, "explanation"), call.verdict
    outcome = said(language, "common", "outcome_past" if call.past else "outcome", verdict["dnc_outcome"])
    yield labelled(verdict["dnc_number"] or say("unread"), outcome, language)
    yield str(verdict["dnc_why"])
    if verdict["dnc_missing"]:
        missing = (missing_thing(word, language) for word in verdict["dnc_missing"].split(";"))
        yield say("missing", missing=", ".join(missing))
    if call.not_understood:
        yield say("odd", odd=call.not_understood)
    if verdict["dnc_valid_until"] and not call.past:
        yield say("until", day=verdict["dnc_valid_until"])
    if (later := verdict["dnc_next_at"]) and not call.past:
        yield say("next", day=dated(language)(later[:10]), clock=later[11:])
    yield from records_of(call.own, language, call.zones)
    shown = worst_first(call) if every else _deciding(call)[:_SHOWN]
    for result in shown:
        yield ""
        yield from _regime(result, language, every=every)
    if left := [result for result in call.findings if result not in shown]:
        yield ""
        yield say("left", n=len(left), met=sum(result.finding.is_met for result in left))


def _deciding(call: Explanation) -> list[RegimeResult]:
    """The regimes that forbid the call or leave it open, the worst first; else those that bound its days and hours."""
    results = worst_first(call)
    deciding = [result for result in results if result.finding.blocks or result.finding.is_open]
    return deciding or [result for result in results if result.regime.demanded.limit and result.finding is Finding.MET]


def _regime(result: RegimeResult, language: str, *, every: bool) -> Iterator[str]:
    """A regime: what it says and asks for, and its source; with `every` also its id, conditions and all sources."""
    say, regime = partial(said, language, "explanation"), result.regime
    applies = result.finding is not Finding.NOT_APPLICABLE
    grade = said(language, "common", "grades", regime.confidence)
    force = f"{say('force', regime.force)}, {say('confidence', grade=grade)}"
    reasons = force if applies else semicolons(_reasons(result, language), language)
    name = f"{regime.title[language]} ({regime.id})" if every else regime.title[language]
    yield say("regime", title=name, finding=finding(result.finding, language), reasons=reasons)
    if not applies:
        return
    yield f"  {regime.says[language]}"
    if every:
        yield from (f"  {say('when')} {_valued(condition, language)}" for condition in result.when)
        for clause in result.exceptions:
            yield f"  {say('unless')} " + _joined((_valued(condition, language) for condition in clause), language)
    if regime.demand == "duty":
        yield f"  {labelled(say('duty'), in_language(result.demand.says, language), language)}"
    elif not regime.is_scope:
        says, met = in_language(result.demand.says, language), _met(result, language)
        demand = met if says == met else f"{says} ({met})"
        yield f"  {labelled(say('asks'), demand, language)}"
    if sanction := regime.sanction[language]:
        yield f"  {labelled(said(language, 'law', 'sanction'), sanction, language)}"
    cites = regime.cites if every else regime.cites[:1]
    yield from (f"  {cite.texts[language]} {cite.url}".rstrip() for cite in cites)


def _met(result: RegimeResult, language: str) -> str:
    """Whether the demand of a regime is met; if no fact decides that, why it cannot be known."""
    no_fact = result.regime.is_not_read or result.regime.is_open
    return why_open(result.regime, language) if no_fact else _truth(result.demand, language)


def _truth(condition: ConditionValue, language: str) -> str:
    if condition.value is None:
        return said(language, "explanation", "unknown")
    return said(language, "common", "yes" if condition.value else "no")


def _valued(condition: ConditionValue, language: str) -> str:
    """A condition in words, and its value."""
    return f"{in_language(condition.says, language)} ({_truth(condition, language)})"


def _joined(conditions: Iterable[str], language: str) -> str:
    return f" {said(language, 'explanation', 'and')} ".join(conditions)


def _reasons(result: RegimeResult, language: str) -> Iterator[str]:
    """Why a regime does not apply: the conditions that are false, or the exception that is true."""
    for condition in result.when:
        if condition.value is False:
            yield said(language, "explanation", "lacking", condition=condition.says)
    for clause in result.exceptions:
        if all(condition.value for condition in clause):
            conditions = _joined((in_language(condition.says, language) for condition in clause), language)
            yield said(language, "explanation", "excepted", conditions=conditions)


def as_data(call: Explanation) -> dict[str, Any]:
    """The explanation as data, in English: the verdict, and each regime's finding, conditions, demand and citations."""
    return {
        "verdict": call.verdict,
        "not_understood": call.not_understood,
        "findings": [_data(result) for result in call.findings],
    }


def _data(result: RegimeResult) -> dict[str, Any]:
    regime = result.regime
    return {
        "regime": regime.id,
        "finding": finding(result.finding),
        "says": regime.says["en"],
        "force": regime.force,
        "confidence": regime.confidence,
        "when": [condition._asdict() for condition in result.when],
        "except": [[condition._asdict() for condition in clause] for clause in result.exceptions],
        "demand": {"kind": regime.demand, **result.demand._asdict()},
        "cites": [{"text": cite.texts["en"], "url": cite.url, "read": cite.read} for cite in regime.cites],
        "note": regime.note["en"],
        "sanction": regime.sanction["en"],
    }
