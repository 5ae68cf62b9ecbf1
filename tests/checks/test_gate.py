"""A gate that is asked without an hour: the call is made now, to the minute, on the clock of the called person."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from dnc import Decider, Store, check, clock
from dnc.api import explain
from dnc.errors import InputError
from dnc.law.vocabulary import NEXT_AT, VERDICT
from tests import SALE, size

EVERY = [*VERDICT, NEXT_AT]
NUMBERS = ["+33199000418", "+262262999001", "+12025550143", "+12705550104", "+441632960001", "+34915550104", "none"]
NUMBERS += ["+61355501104", "+390655501104", "+493023125001", "+590690000004"]
TOLD = {**SALE, "consent": "written", "consent_for": "both", "refused_on": "none", "attempts_day": "0"}
NOON_IN_REUNION = "2026-12-02T09:30+00:00"  # 13:30 there, which is in its lunch break, and 10:30 in Paris


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """A store in which nobody of these objected or is listed."""
    store = Store(tmp_path_factory.mktemp("gate") / "store")
    store.object(["+33639989911"], date(2025, 1, 1))
    return store


def some_calls(rng, count):
    """Calls without a moment, of which most facts are told."""
    for _ in range(count):
        told = TOLD | {"number": rng.choice(NUMBERS), "consent_on": f"2026-{rng.randrange(1, 12):02}-15"}
        told |= {"caller": rng.choice(["commercial", "survey", "charity", "political", ""])}
        told |= {"hours_agreed": rng.choice(["", "", "", "09:00-12:00"]), "place": rng.choice(["", "", "FR-974", "x"])}
        told |= {
            "consent": rng.choice(["written", "written", "none", ""]),
            "call_at": rng.choice(["", " ", "n/a", " - "]),
        }
        yield told


def test_a_call_without_an_hour_is_one_at_the_present_minute(asked, monkeypatch):
    """Random calls at a gate at random minutes, one gate for all of them."""
    rng, met = random.Random(60), set()
    with Decider(asked, columns=EVERY) as decider:
        for _ in range(size(4, 100)):
            now = datetime(2026, 9, 1, tzinfo=UTC) + timedelta(minutes=rng.randrange(90 * 1440))
            monkeypatch.setenv("DNC_TODAY", f"{now:%Y-%m-%dT%H:%M}Z")
            calls = pl.DataFrame(list(some_calls(rng, size(15, 100))))
            found = decider(calls)
            assert found.select(EVERY).equals(decider(calls.drop("call_at")).select(EVERY))
            told = decider(calls.with_columns(call_at=pl.lit(f"{now:%Y-%m-%dT%H:%M}Z")))
            assert found.select(EVERY).equals(told.select(EVERY))
            met |= {*found["dnc_outcome"]}
            at = rng.randrange(calls.height)
            row, alone = calls.row(at, named=True), decider(calls[at : at + 1])  # others may be of the same person
            verdict, _ = explain(row.pop("number"), asked, row)
            assert verdict == alone.select(EVERY).row(0, named=True)
    assert met == {"clear", "blocked", "undecided"}


def test_now_is_told_by_the_clock_of_the_person(asked, monkeypatch):
    """At one moment Paris may be called, and Réunion has its lunch break; a list means any lawful hour of today."""
    monkeypatch.setenv("DNC_TODAY", NOON_IN_REUNION)
    people = {"+33199000418": "clear", "+262262999001": "blocked"}
    calls = pl.DataFrame([TOLD | {"number": number, "consent_on": "2026-10-01"} for number in people])
    with Decider(asked) as decider:
        assert decider(calls).columns == [*calls.columns, *EVERY]
        assert decider(calls)["dnc_outcome"].to_list() == [*people.values()]
        assert decider(calls)["dnc_next_at"].to_list() == [None, "2026-12-02T14:00+04:00"]
        monkeypatch.setenv("DNC_TODAY", "2026-12-02T10:01Z")
        assert decider(calls)["dnc_outcome"].to_list() == ["clear", "clear"]
    monkeypatch.setenv("DNC_TODAY", NOON_IN_REUNION)
    assert check(calls, asked).counts["clear"] == 2


@pytest.mark.parametrize(
    ("day", "more", "outcome", "missing"),
    [
        ("2026-12-02", {}, "undecided", "call_at"),
        ("2026-12-06", {}, "blocked", ""),  # a Sunday
        ("2026-12-06", {"appointment_at": "2026-12-06T11:00"}, "undecided", "call_at"),
        ("2026-12-06", {"appointment_at": "2026-12-05T11:00"}, "blocked", ""),
        ("2026-12-02", {"caller": "charity", "purpose": "donation", "relationship": "donor"}, "clear", ""),
    ],
)
def test_a_day_alone_leaves_the_hour_open_at_a_gate(asked, tmp_path, dnc, day, more, outcome, missing):
    """If the law knows hours for the call; a list, and one of its rows explained, mean a lawful hour of that day."""
    call = TOLD | {"consent_on": "2026-10-01", "call_at": day} | more
    verdict, _ = explain("+33199000418", asked, call)
    assert (verdict["dnc_outcome"], verdict["dnc_missing"]) == (outcome, missing)
    of_list = check(pl.DataFrame([{"number": "+33199000418", **call}]), asked).verdicts["dnc_outcome"].item()
    assert of_list == ("blocked" if outcome == "blocked" else "clear")
    pl.DataFrame([{"number": "+33199000418", **call}]).write_csv(tmp_path / "calls.csv")
    assert dnc("explain", "calls.csv", "--row", 1, "--store", asked.path)[0] == {"clear": 0, "blocked": 1}[of_list]


def test_a_fixed_clock_has_a_day_or_a_moment(monkeypatch):
    """Of a day alone the hour is that of the system; a moment without an offset is none."""
    monkeypatch.setenv("DNC_TODAY", NOON_IN_REUNION)
    assert (clock.today(), clock.present()) == (date(2026, 12, 2), datetime(2026, 12, 2, 9, 30, tzinfo=UTC))
    monkeypatch.setenv("DNC_TODAY", "2026-12-02")
    assert (clock.today(), clock.present().date()) == (date(2026, 12, 2), date(2026, 12, 2))
    monkeypatch.setenv("DNC_TODAY", "2026-12-02T10:30")
    with pytest.raises(InputError, match="offset"):
        clock.today()
