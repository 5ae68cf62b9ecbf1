"""The American states: where hours, list and caps were read, a call for which everything is told can be clear."""

from __future__ import annotations

import csv
import itertools
from datetime import date

import pytest

from dnc import Store, check
from tests.law.test_world import PLAN

OWN = ["co", "fl", "in", "la", "ma", "mo", "ok", "pa", "tn", "tx", "wy"]
NOT_READ = {"US-AL", "US-MS", "US-NV", "US-AS", "US-GU", "US-MP", "US-PR", "US-VI"}
CALL = {"caller": "commercial", "voice": "human", "dialler": "manual", "cli": "+12025550100", "recipient": "consumer"}
CALL |= {"line": "landline", "source": "purchased", "relationship": "none", "related": "no", "sector": "general"}
CALL |= {"objected_on": "none", "attempts": "0", "attempts_day": "0"}
NUMBERS = {row["place"]: f"+{row['prefix']}5550101" for row in PLAN if row["place"].startswith("US-")}
# Connecticut may want a signed agreement for every sales call.
SIGNED = {"consent": "written", "consent_on": "2026-10-01", "consent_for": "both"}


# When live sales calls are lawful, Monday to Friday, on Saturdays and on Sundays; without the hour at the end.
HOURS = {
    "8-21 8-21 8-21": "DC HI IL MO MT NC ND NJ NY SC TN VA WI WV",
    "8-20 8-20 8-20": "FL MA MD OK OR WA WY",
    "9-20 9-20 9-20": "CT NV",
    "9-21 9-21 9-21": "MN NM PR",
    "10-21 10-21 10-21": "KY",
    "8-20 8-20 -": "LA",
    "8-21 8-21 -": "UT",
    "9-21 9-21 -": "SD",
    "9-21 9-21 12-21": "TX",
    "9-18 10-17 -": "RI",
    "9-19 9-19 -": "PA",
}
WEEK = ("2026-11-24", "2026-11-21", "2026-11-22")


@pytest.fixture(scope="module")
def decided(tmp_path_factory):
    """A function: verdicts on calls to one number of each state, that no list has, from pairs of a place and a time."""
    folder = tmp_path_factory.mktemp("states")
    store = Store(folder / "store")
    for registry in ["us-ndnc", *(f"us-{state}-dnc" for state in OWN)]:
        path = folder / f"{registry}.csv"
        path.write_text("number,listed\n" + "".join(f"{one},no\n" for one in NUMBERS.values()), encoding="utf-8")
        store.load(path, registry=registry, as_of=date(2026, 11, 20))

    def verdicts(planned):
        calls = folder / "calls.csv"
        with calls.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, ["number", "call_at", *CALL, *SIGNED], restval="")
            writer.writeheader()
            for place, call_at in planned:
                told = SIGNED if place == "US-CT" else {"consent": "none"}
                writer.writerow({"number": NUMBERS[place], "call_at": call_at, **CALL, **told})
        return check(calls, store).verdicts.to_dicts()

    return verdicts


def test_a_sale_can_be_clear_in_every_state_that_was_read(decided):
    """Everything told, every list loaded, at noon on a Tuesday: only where the law was not read it stays undecided."""
    verdicts = dict(zip(NUMBERS, decided((place, "2026-11-24T12:00") for place in NUMBERS), strict=True))
    assert len(verdicts) == 50 + 1 + 5
    undecided = {place: one["dnc_undecided_by"] for place, one in verdicts.items() if one["dnc_outcome"] != "clear"}
    assert undecided == dict.fromkeys(NOT_READ, "us-state")


def around(span):
    """Times just outside and just inside a span of hours, and whether each is lawful."""
    if span == "-":
        return [("12:00", False)]
    first, end = map(int, span.split("-"))
    clocks = (f"{first - 1:02}:59", f"{first:02}:00", f"{end - 1:02}:59", f"{end:02}:00")
    return list(zip(clocks, (False, True, True, False), strict=True))


def test_hours_of_states(decided):
    """The first and the last minute of each window are lawful, those beside them are not."""
    expected = {
        (f"US-{state}", f"{day}T{clock}"): is_lawful
        for week, states in HOURS.items()
        for state in states.split()
        for day, span in zip(WEEK, week.split(), strict=True)
        for clock, is_lawful in around(span)
    }
    # Each moment of a state in a list of its own: planned calls to one number are attempts.
    by_state = [[call for call in expected if call[0] == place] for place in {place for place, _ in expected}]
    lists = [[call for call in calls if call] for calls in itertools.zip_longest(*by_state)]
    found = {
        call: one["dnc_outcome"] != "blocked"
        for calls in lists
        for call, one in zip(calls, decided(calls), strict=True)
    }
    assert found == expected
