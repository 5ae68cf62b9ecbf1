"""One call regime by regime, for the templates: those that forbid first, those that do not apply apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dnc.checks.judge import RegimeResult
from dnc.law.findings import Finding
from dnc.reports.explanation import finding

_ORDER = list(Finding)


@dataclass(frozen=True)
class Explained:
    """A call.

    Attributes:
        verdict: the columns of `dnc.law.vocabulary.VERDICT`.
        applying, others: each regime's finding in words and its result; `others` do not apply.
    """

    verdict: Mapping[str, Any]
    applying: list[tuple[str, RegimeResult]]
    others: list[tuple[str, RegimeResult]]


def explained(verdict: Mapping[str, Any], findings: list[RegimeResult], language: str) -> Explained:
    """The explanation of a call as `dnc.checks.explain` gives it, in order."""
    worst_first = sorted(findings, key=lambda found: _ORDER.index(found.finding))
    words = [(finding(found.finding, language), found) for found in worst_first]
    apart = [pair[1].finding is Finding.NOT_APPLICABLE for pair in words]
    return Explained(
        verdict,
        [pair for pair, other in zip(words, apart, strict=True) if not other],
        [pair for pair, other in zip(words, apart, strict=True) if other],
    )
