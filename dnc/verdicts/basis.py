"""What a verdict rests on: the limits that a lawful call keeps to, the facts without which it would not be clear, and
why a consent does not count."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from dnc.law.condition import Condition
from dnc.law.findings import Truth, all_of, finding_of
from dnc.law.regimes import Regime

# What is said of a person that can make a call lawful; what belongs to it, such as the day of a consent, goes with it.
GROUNDS = ("recipient", "relationship", "consent")


def limiting(regimes: Iterable[Regime], truth: Truth) -> Iterator[tuple[str, Condition]]:
    """What bounds a lawful call day by day: `regime`, or `regime/part` for a part of its exceptions, and the condition.

    A regime that may apply counts like one that does. One with a lasting exception does not.
    """
    for regime in regimes:
        if all_of(truth[part.sql] for part in regime.when) is False:
            continue
        clauses = [clause for clause in regime.exceptions if all_of(truth[part.sql] for part in clause)]
        daily = [part for clause in clauses for part in clause if part.limit]
        if clauses and not daily:
            continue
        if regime.demanded.limit:
            yield regime.id, regime.demanded
        elif not truth[regime.demanded.sql]:
            parts = list(regime.parts)
            yield from ((f"{regime.id}/{parts.index(part)}", part) for part in daily)


def limit_of(id_: str, regime: Regime) -> Condition:
    """The condition that `limiting` named."""
    _, _, part = id_.partition("/")
    return list(regime.parts)[int(part)] if part else regime.demanded


def resting_on(regimes: Sequence[Regime], truth: Truth) -> Iterator[str]:
    """The columns of `GROUNDS` without which a clear call would not be clear.

    regimes: those that count for the outcome.
    """
    for column in GROUNDS:
        reading = [regime for regime in regimes if _reads(regime, column)]
        parts = (part.sql for regime in reading for part in regime.parts if column in part.sql.columns)
        unknown: dict[str, bool | None] = dict.fromkeys(parts)
        without = {**truth, **unknown}
        findings = (finding_of(regime, without) for regime in reading)
        if any(finding.blocks or finding.is_open for finding in findings):
            yield column


def _reads(regime: Regime, column: str) -> bool:
    return any(column in part.sql.columns for part in regime.parts)


def broken_by(regimes: Iterable[Regime], truth: Truth) -> Iterator[str]:
    """Why the demands of regimes are not met, where that is told apart: `regime:reason` of each."""
    for regime in regimes:
        reason = next((word for sql, word in regime.demanded.broken if truth[sql]), None)
        if reason:
            yield f"{regime.id}:{reason}"
