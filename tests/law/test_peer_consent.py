"""A second reading of French consent: `demarchage-consent`, written by others from the same decree.

It speaks of one consent and of nothing else, so it is compared with the regime
`fr-optin-2026` on calls for which everything else is told. Where the two differ:

* a withdrawal dated after the call: it counts at once there, from its day on here;
* a consent of the day of a past call: valid there, undecided here, where nobody knows which came first;
* a consent given after a past call: not valid there, undecided here, where it does not say that there was none before;
* a day of consent that is missing or unreadable: not valid there, undecided here;
* ages: seconds between two instants in UTC there, calendar days of the called person here.
"""

from __future__ import annotations

import csv
from datetime import date, timedelta

from demarchage_consent import evaluate_consent
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest import MonkeyPatch

from dnc import Store, check
from tests import size

FACTS = {"caller": "commercial", "voice": "human", "recipient": "consumer", "relationship": "none", "sector": "general"}
FACTS |= {"consent": "named_caller", "consent_for": "live"}
DAYS = st.dates(date(2026, 8, 11), date(2027, 12, 31))
AGES = st.one_of(st.integers(1, 3), st.integers(362, 369), st.integers(1, 800))
WITHDRAWN = st.one_of(
    st.sampled_from(
        ["", "none", "no", "non", "false", "faux", "0", "n/a", "-", "null", "nan", "nat", "oui", "32/13/2026", "yes"]
    ),
    st.integers(0, 400),
)


def ours(tmp_path_factory, calls: list[dict[str, str]]) -> list[str]:
    """What the regime comes to for each call: valid, invalid or undecided."""
    folder = tmp_path_factory.mktemp("peer")
    with (folder / "calls.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["number", *FACTS, "call_at", "consent_on", "consent_withdrawn_on"])
        writer.writeheader()
        writer.writerows({"number": f"+33199000{n:03}", **FACTS, **call} for n, call in enumerate(calls))
    with MonkeyPatch.context() as patch:
        patch.setenv("DNC_TODAY", "2028-06-01")  # after all of their days: a day that lies ahead tells nothing here
        found = check(folder / "calls.csv", Store(folder / "store")).verdicts
    words = []
    for blocked, undecided, applies in found.select("dnc_blocked_by", "dnc_undecided_by", "dnc_applies").iter_rows():
        assert "fr-optin-2026" in applies.split(";")
        told = "invalid" if "fr-optin-2026" in blocked.split(";") else "valid"
        words.append("undecided" if "fr-optin-2026" in undecided.split(";") else told)
    return words


@settings(max_examples=size(3, 10), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(DAYS, AGES, WITHDRAWN), min_size=60, max_size=120))
def test_same_answer_wherever_it_speaks(tmp_path_factory, drawn):
    """Valid there is valid here, and what is not valid there is not valid here."""
    calls, theirs = [], []
    for day, age, withdrawn in drawn:
        collected = day - timedelta(days=age)
        word = withdrawn if isinstance(withdrawn, str) else str(day - timedelta(days=withdrawn))
        calls.append({"call_at": str(day), "consent_on": str(collected), "consent_withdrawn_on": word})
        status = evaluate_consent(str(collected), now=day, revoked_at=word)
        theirs.append("valid" if status == "valide" else "invalid")
    assert ours(tmp_path_factory, calls) == theirs


def test_the_differences_are_those_that_are_listed(tmp_path_factory):
    """Each listed difference is one, on these very calls."""
    day, before = "2026-10-05", "2026-09-01"
    cases = [
        ({"consent_on": before, "consent_withdrawn_on": "2026-12-01"}, "valid", "revoque"),
        ({"consent_on": day, "consent_withdrawn_on": ""}, "undecided", "valide"),
        ({"consent_on": "2026-10-06", "consent_withdrawn_on": ""}, "undecided", "preuve_manquante"),
        ({"consent_on": "", "consent_withdrawn_on": ""}, "undecided", "preuve_manquante"),
        ({"consent_on": "2026-09-32", "consent_withdrawn_on": ""}, "undecided", "preuve_manquante"),
        ({"consent_on": "2025-10-05T09:00", "consent_withdrawn_on": "", "call_at": f"{day}T18:00"}, "valid", "expire"),
    ]
    found = ours(tmp_path_factory, [{"call_at": day, **facts} for facts, _, _ in cases])
    assert found == [here for _, here, _ in cases]
    for facts, _, there in cases:
        now = facts.get("call_at", day)
        assert evaluate_consent(facts["consent_on"], now=now, revoked_at=facts["consent_withdrawn_on"]) == there
