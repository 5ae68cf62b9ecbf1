"""The American states: where hours, list and caps were read, a call for which everything is told can come out clear."""

from __future__ import annotations

import csv
from datetime import date

import pytest

from dnc import Store, check
from tests.law.test_world import PLAN

OWN = ["co", "fl", "in", "la", "ma", "mo", "ok", "pa", "tn", "tx", "wy"]
NOT_READ = {"US-AL", "US-MS", "US-NV", "US-AS", "US-GU", "US-MP", "US-PR", "US-VI"}
CALL = {"caller": "commercial", "voice": "human", "dialler": "manual", "cli": "+12025550100", "recipient": "consumer"}
CALL |= {"line": "landline", "source": "purchased", "relationship": "none", "related": "no", "sector": "general"}
CALL |= {"objected_on": "none", "attempts": "0", "attempts_day": "0"}
# Connecticut may want a signed agreement for every sales call.
SIGNED = {"consent": "written", "consent_on": "2026-10-01", "consent_for": "both"}


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory):
    """The verdicts on a call at noon to one number of each state, that no list has, by the state of its area code."""
    folder = tmp_path_factory.mktemp("states")
    codes = {row["place"]: row["prefix"] for row in PLAN if row["place"].startswith("US-")}
    numbers = {place: f"+{code}5550101" for place, code in codes.items()}
    store = Store(folder / "store")
    for registry in ["us-ndnc", *(f"us-{state}-dnc" for state in OWN)]:
        path = folder / f"{registry}.csv"
        path.write_text("number,listed\n" + "".join(f"{one},no\n" for one in numbers.values()), encoding="utf-8")
        store.load(path, registry=registry, as_of=date(2026, 11, 20))
    calls = folder / "calls.csv"
    with calls.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["number", "call_at", *CALL, *SIGNED], restval="")
        writer.writeheader()
        for place, number in numbers.items():
            told = SIGNED if place == "US-CT" else {"consent": "none"}
            writer.writerow({"number": number, "call_at": "2026-11-24T12:00", **CALL, **told})
    return dict(zip(numbers, check(calls, store).verdicts.to_dicts(), strict=True))


def test_a_sale_can_be_clear_in_every_state_that_was_read(verdicts):
    """Everything told, every list loaded, at noon on a Tuesday: only where the law was not read it stays undecided."""
    assert len(verdicts) == 50 + 1 + 5
    undecided = {place: one["dnc_undecided_by"] for place, one in verdicts.items() if one["dnc_outcome"] != "clear"}
    assert undecided == dict.fromkeys(NOT_READ, "us-state")
