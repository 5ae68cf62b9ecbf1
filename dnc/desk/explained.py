"""One call regime by regime, for the templates: what decides it, what is met, and what does not apply."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dnc.checks.explain import Explanation
from dnc.law.findings import Finding
from dnc.reports.explanation import finding, worst_first
from dnc.verdicts.judge import RegimeResult

Result = tuple[str, RegimeResult]  # the finding in words, and the result behind it


@dataclass(frozen=True)
class Explained:
    """A call.

    Attributes:
        verdict: the columns of `dnc.law.vocabulary.VERDICT` and `OCCASIONAL`.
        not_understood: the cells that were not understood, as text.
        deciding: regimes that forbid the call or leave it open, the worst first.
        met: those whose demand is met. others: those that do not apply.
    """

    verdict: Mapping[str, Any]
    not_understood: str
    deciding: list[Result]
    met: list[Result]
    others: list[Result]


def explained(call: Explanation, language: str) -> Explained:
    """A call from its explanation (`dnc.checks.explain`)."""
    results = [(finding(result.finding, language), result) for result in worst_first(call)]
    deciding = [(text, result) for text, result in results if result.finding.blocks or result.finding.is_open]
    met = [(text, result) for text, result in results if result.finding.is_met]
    others = [(text, result) for text, result in results if result.finding is Finding.NOT_APPLICABLE]
    return Explained(call.verdict, call.not_understood, deciding, met, others)
