"""One call regime by regime, for the templates: what decides it, what is met, and what does not apply."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dnc.checks.explain import Explanation
from dnc.checks.judge import RegimeResult
from dnc.law.findings import Finding
from dnc.reports.explanation import finding

_ORDER = list(Finding)


Found = tuple[str, RegimeResult]  # the finding in words, and the result behind it


@dataclass(frozen=True)
class Explained:
    """A call.

    Attributes:
        verdict: the columns of `dnc.law.vocabulary.VERDICT`.
        not_understood: the cells that were not understood, as text.
        deciding: regimes that forbid the call or leave it open, the worst first.
        met: those whose demand is met. others: those that do not apply.
    """

    verdict: Mapping[str, Any]
    not_understood: str
    deciding: list[Found]
    met: list[Found]
    others: list[Found]


def explained(call: Explanation, language: str) -> Explained:
    """The explanation of a call as `dnc.checks.explain` gives it."""
    worst_first = sorted(call.findings, key=lambda found: _ORDER.index(found.finding))
    words = [(finding(found.finding, language), found) for found in worst_first]
    deciding = [one for one in words if one[1].finding.blocks or one[1].finding.is_open]
    met = [one for one in words if one[1].finding.is_met]
    others = [one for one in words if one[1].finding is Finding.NOT_APPLICABLE]
    return Explained(call.verdict, call.not_understood, deciding, met, others)
