"""The law: each row of tests/rules/*.csv is a planned call with the outcome a lawyer expects."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from dnc import Rulebook
from dnc.checks import rule_cases
from dnc.checks.verdict import LONGEST_WHY

TABLES = sorted((Path(__file__).parent.parent / "rules").glob("*.csv"))
CASES = [case for table in TABLES for case in rule_cases.read_cases(table.name, table.read_text(encoding="utf-8"))]
BY_NAME = {case["case"]: case for case in CASES}


@cache
def decided(registries: str, guidance: str) -> dict[str, dict[str, Any]]:
    """The verdicts on all cases for which the same was loaded, under one way of taking guidance."""
    together = [case for case in BY_NAME.values() if case["registries"] == registries]
    return {case["case"]: verdict for case, verdict in rule_cases.decided(together, Rulebook.load(), guidance)}


# What was loaded for the cases of which guidance makes a difference to one at least.
ADVISED = {case["registries"] for case in CASES if case.get("expect_advise")}
READINGS = [(name, "enforce") for name in BY_NAME]
READINGS += [
    pytest.param(name, "advise", marks=[] if case["registries"] in ADVISED else pytest.mark.large)
    for name, case in BY_NAME.items()
]


@pytest.mark.parametrize(("name", "guidance"), READINGS)
def test_case(name, guidance):
    """The outcome, what decides it, what does not apply, and what is missing are as the table says; why is short."""
    case = BY_NAME[name]
    found = decided(case["registries"], guidance)[name]
    assert rule_cases.fault(case, found, guidance) is None, found["dnc_why"]
    assert 0 < len(found["dnc_why"]) <= LONGEST_WHY


VERDICT = {
    "dnc_outcome": "blocked",
    "dnc_applies": "a;b",
    "dnc_blocked_by": "a",
    "dnc_undecided_by": "",
    "dnc_missing": "x",
}


@pytest.mark.parametrize(
    ("case", "says"),
    [
        ({}, None),
        ({"decisive": "a|c"}, None),
        ({"missing": "x"}, None),
        ({"expect": "clear"}, "is blocked and not clear"),
        ({"decisive": "a;c"}, "is not decided by a;c"),
        ({"decisive": "b|c"}, "is not decided by b|c"),
        ({"not_applies": "b"}, "b applies"),
        ({"missing": "x;y"}, "y is not missing"),
    ],
)
def test_a_verdict_that_is_not_as_expected_is_seen(case, says):
    """Each column of a table of cases counts."""
    assert rule_cases.fault({"expect": "blocked", "decisive": "a"} | case, VERDICT) == says
