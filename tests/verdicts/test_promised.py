"""The moment that a blocked call is promised, with own records: asked at that moment, it is clear."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta

import polars as pl
import pytest

from dnc import Decider, Rulebook, Store
from dnc.lists import own_records
from dnc.lists.own_records import RecordReading
from tests import SALE, size

FIRST = date(2026, 11, 2)
NUMBERS = [f"+33199000{at:03}" for at in range(400, 440)]
TOLD = {**SALE, "consent": "written", "consent_for": "both", "consent_on": "2026-09-01", "attempts_day": "0"}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A store with calls, refusals, contracts that end and consents that are withdrawn later, of some numbers each."""
    rng, folder = random.Random(4), tmp_path_factory.mktemp("promised")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DNC_TODAY", "2027-03-01")
        store, book = Store(folder / "store"), Rulebook.load()
        store.object(["+33639989911"], date(2025, 1, 1))
        made = ["number,at,result"]
        for number in NUMBERS[:25]:
            for _ in range(rng.choice([1, 4, 4, 5])):
                day = FIRST + timedelta(days=rng.randrange(30))
                made.append(f"{number},{day}T{rng.randrange(10, 20)}:07,{rng.choice(['busy'] * 9 + ['refused'])}")
        (folder / "calls.csv").write_text("\n".join(made))
        whole = (date(2026, 9, 1), date(2026, 12, 28))  # after that day nobody knows how many there were
        own_records.load(store, "calls", [folder / "calls.csv"], book, RecordReading(covers_days=whole))
        rows = [
            {"number": number, "consent": "written", "consent_on": "2026-09-01", "consent_for": "both"}
            | {"consent_until": str(FIRST + timedelta(days=rng.randrange(60)))}
            | ({"hours_agreed": f"17:{rng.randrange(10, 50)}-18:50"} if rng.random() < 0.5 else {})
            for number in NUMBERS[15:35]
        ]
        own_records.record(store, "consents", rows, book)
        yield store


@pytest.mark.parametrize("attempts", ["0", "", "4"])
def test_what_is_promised_is_clear_when_asked_then(recorded, monkeypatch, attempts):
    """And no minute before it, of a sample; no moment helps where the row itself tells four attempts."""
    monkeypatch.setenv("DNC_TODAY", "2027-03-01")
    rng, promised = random.Random(7), 0
    with Decider(recorded, columns=["outcome", "blocked_by", "next_at"]) as decider:
        moments = [FIRST + timedelta(days=rng.randrange(20, 50)) for _ in NUMBERS]
        calls = pl.DataFrame(
            [
                TOLD | {"number": number, "attempts": attempts, "call_at": f"{day}T{rng.choice(['11:00', '13:30'])}"}
                for number, day in zip(NUMBERS, moments, strict=True)
            ]
        )
        found = decider(calls)
        for at, said in enumerate(found["dnc_next_at"]):
            if found["dnc_outcome"][at] != "blocked":
                continue
            begin = datetime.fromisoformat(calls["call_at"][at])
            end = datetime.fromisoformat(said) if said else begin + timedelta(days=60)
            tried = [begin + timedelta(minutes=rng.randrange(1, 60 * 1440)) for _ in range(size(6, 200))]
            hours = [begin + timedelta(days=by) for by in range(1, 61)]
            tried += rng.sample(
                [one.replace(hour=hour, minute=0) for one in hours for hour in (10, 14, 18)], size(12, 120)
            )
            before = [f"{one:%Y-%m-%dT%H:%M}" for one in tried if begin < one < end]
            # Each is asked alone, as calls that are planned together count as attempts.
            rows = pl.DataFrame(
                [{**calls.row(at, named=True), "call_at": one} for one in [*before, said or calls["call_at"][at]]]
            )
            outcomes = [decider(row)["dnc_outcome"].item() for row in rows.iter_slices(1)]
            assert "clear" not in outcomes[:-1], (rows.row(outcomes.index("clear"), named=True), said)
            if said:
                promised += 1
                assert outcomes[-1] == "clear", rows.row(-1, named=True)
    assert promised > 5 if attempts != "4" else not promised
