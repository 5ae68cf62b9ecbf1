"""A consent of the day of a call that is being made: given before it, or perhaps during it."""

from __future__ import annotations

import polars as pl
import pytest

from dnc import Decider, Rulebook, Store, check
from dnc.lists import own_records
from tests import SALE

NOW = "2026-12-02T12:00+01:00"
CALL = SALE | {"number": "+33199000001", "cli": "+33199009000", "consent": "named_caller", "consent_for": "live"}
RECORDED = {"number": "+33199000002", "consent": "named_caller", "consent_on": "2026-12-02", "consent_for": "live"}


@pytest.fixture
def store(tmp_path, monkeypatch):
    """A store in which a consent with a proof is recorded, at noon of a day."""
    monkeypatch.setenv("DNC_TODAY", NOW)
    store = Store(tmp_path / "store")
    proof = {"proof": "rec-1.wav", "wording": "form-7"}
    own_records.record(store, "consents", [RECORDED | proof], Rulebook.load())
    return store


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"consent_on": "2026-12-02"}, ("undecided", "consent_on")),
        ({"consent_on": "2026-12-02T11:59+01:00"}, ("clear", "")),
        ({"consent_on": "2026-12-02T12:01+01:00"}, ("blocked", "")),
        ({"consent_on": "2026-12-01"}, ("clear", "")),
        ({"number": RECORDED["number"], "consent": "", "consent_for": ""}, ("clear", "")),
        ({"consent_on": "2026-12-02", "call_at": "2026-12-02T12:00"}, ("undecided", "consent_on")),
        ({"consent_on": "2026-12-02", "call_at": "2026-12-02T18:30"}, ("clear", "")),
    ],
)
def test_a_consent_that_may_be_given_during_the_call(store, told, expected):
    """At a gate it needs a moment before the call, or a proof; a call that is still to come is after what is held."""
    rows = pl.DataFrame([CALL | told])
    with Decider(store) as decide:
        [found] = decide(rows).to_dicts()
    assert (found["dnc_outcome"], found["dnc_missing"]) == expected, found["dnc_why"]


def test_a_list_was_written_before_its_calls(store):
    """A list of today with a consent of today, without hours: the consent is in it, so it was given."""
    [found] = check([CALL | {"consent_on": "2026-12-02"}], store).verdicts.to_dicts()
    assert found["dnc_outcome"] == "clear", found["dnc_why"]
