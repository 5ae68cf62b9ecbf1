"""When a blocked call would first be clear, against trying each minute."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from dnc import Decider, Store
from tests import SALE, size
from tests.oracle import PACKS

TIME = {"hours", "max_attempts", "silence", "pause"}
WINDOWS = {"attempts": timedelta(days=30), "attempts_day": timedelta(hours=24)}
HORIZON = timedelta(days=60)
SPREAD = size(2, 5)  # days on which the calls of a person begin
TRIED = size(3, 14)  # days after that of a call of which each minute is tried
TODAY = date(2026, 12, 31)
# Numbers, and the zones that they may be in by their numbering plan.
PEOPLE = {
    "+33639989904": ("Europe/Paris",),
    "+590690000004": ("America/Guadeloupe",),
    "+12705550104": ("America/New_York", "America/Chicago"),
    "+14145550104": ("America/Chicago",),
    "+12145550104": ("America/Chicago",),
    "+12155550104": ("America/New_York",),
    "+14165550104": ("America/Toronto",),
    "+34612555004": ("Europe/Madrid", "Atlantic/Canary"),
    "+34915550104": ("Europe/Madrid",),
    "+390655501104": ("Europe/Rome",),
    "+61355501104": ("Australia/Melbourne", "Australia/Hobart"),
}


@cache
def may_wait(jurisdiction, regime):
    """Whether a regime turns on the time of the call, by its text."""
    [table] = [one for one in PACKS[jurisdiction]["regime"] if one["id"] == regime]
    return bool(TIME & {*table, *(key for clause in table.get("except", ()) for key in clause)})


def some_person(rng):
    """A person, of whom most facts are told; the first day of calls to them; and whether these have an offset."""
    number = rng.choice([*PEOPLE])
    day = date(2026, 1, 10) + timedelta(days=rng.randrange(330))
    told = {**SALE, "number": number, "caller": rng.choice(["commercial", "survey", "political", "charity"])}
    told |= {"consent": "written", "consent_for": "both", "consent_on": str(day - timedelta(days=rng.randrange(200)))}
    told |= {"refused_on": rng.choice(["none", "none", "none", str(day - timedelta(days=rng.randrange(70)))])}
    told |= rng.choice([{}, {}, {}, {"attempts": "5"}, {"attempts": "3", "attempts_day": "3"}, {"attempts": "2"}])
    told |= {"hours_agreed": rng.choice(["", "", "17:10-18:00", "06:05-09:30", "12:40-24:00"])}
    told |= {"relationship": rng.choice(["none", "buyer", "callback"]), "relationship_on": str(day - timedelta(days=3))}
    if rng.random() < 0.2:
        told["appointment_at"] = f"{day + timedelta(days=rng.randrange(8))}T{rng.randrange(24):02}:07Z"
    return told, datetime(day.year, day.month, day.day), rng.random() < 0.4


class Minutes:
    """Whether a person may be called at each minute from a day on, by deciding a call at each of them."""

    def __init__(self, decider, told, first, has_offset):
        self.decider, self.told, self.first, self.has_offset = decider, told, first, has_offset
        self.known = {}

    def cell(self, minute):
        """`call_at` of a minute, counted from the first."""
        at = self.first + timedelta(minutes=minute)
        return f"{at:%Y-%m-%dT%H:%M}" + ("Z" if self.has_offset else "")

    def clear(self, attempts):
        """For each minute, whether a call is clear with so many attempts."""
        if attempts not in self.known:
            row = {**self.told, **dict(attempts)}
            rows = pl.DataFrame({"call_at": map(self.cell, range((TRIED + SPREAD + 2) * 1440))})
            rows = rows.with_columns(pl.lit(cell).alias(name) for name, cell in row.items())
            self.known[attempts] = (self.decider(rows)["dnc_outcome"] == "clear").to_list()
        return self.known[attempts]

    def local_day(self, minute):
        """The day on the clock that is behind all others of the person."""
        at = self.first + timedelta(minutes=minute)
        zones = PEOPLE[self.told["number"]] if self.has_offset else ()
        return min(
            [at.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) for zone in zones] or [at]
        ).date()

    def first_clear(self, call_at):
        """The first later minute at which a call is clear; None if there is none on the days that are tried."""
        moment = datetime.fromisoformat(call_at).replace(tzinfo=None)
        begin = int((moment - self.first) / timedelta(minutes=1)) + 1
        counted = moment
        if len(call_at) == 10:
            begin, counted = begin - 1, moment + timedelta(days=1)
        last_day = self.local_day(begin - 1 if len(call_at) > 10 else begin) + timedelta(days=TRIED)
        for minute in range(begin, (TRIED + SPREAD + 2) * 1440):
            at = self.first + timedelta(minutes=minute)
            gone = {name for name, window in WINDOWS.items() if at >= counted + window and name in self.told}
            clear = self.clear(tuple((name, "0") for name in sorted(gone)))
            if clear[minute]:
                return at if self.local_day(minute) <= last_day else None
        return None


def only_by_time(decided, without_hours):
    """Which calls are blocked by nothing but their time, by the rules that block them."""
    for jurisdiction, outcome, blocked_by, otherwise in zip(
        decided["dnc_jurisdiction"], decided["dnc_outcome"], decided["dnc_blocked_by"], without_hours, strict=True
    ):
        regimes = set(blocked_by.split(";")) - {""}
        lasting = {one for one in regimes & set(otherwise.split(";")) if not may_wait(jurisdiction, one)}
        yield outcome == "blocked" and not lasting


@pytest.fixture(scope="module")
def screened(tmp_path_factory):
    """A store in which nobody of these objected or is listed."""
    store = Store(tmp_path_factory.mktemp("next") / "store")
    store.object(["+33639989911"], date(2025, 1, 1))
    return store


def test_equal_to_trying_each_minute(screened):
    """For random calls that only their time blocks, the moment is the first minute at which the same call is clear."""
    rng, met, none, each = random.Random(8), 0, 0, size(30, 300)
    with Decider(
        screened, columns=["jurisdiction", "outcome", "blocked_by", "next_at"], best=True, now=TODAY
    ) as decider:
        while met + none < size(40, 1_000):
            person = Minutes(decider, *some_person(rng))
            minutes = [rng.randrange(SPREAD * 1440) for _ in range(each)]
            cells = [person.cell(minute) for minute in minutes]
            if not person.has_offset:
                cells = [cell[:10] if rng.random() < 0.1 else cell for cell in cells]
            calls = pl.DataFrame([{**person.told, "call_at": cell} for cell in dict.fromkeys(cells)])
            decided = decider(calls)
            plain = decider(calls.with_columns(hours_agreed=pl.lit("")))["dnc_blocked_by"]
            for at, waits in enumerate(only_by_time(decided, plain)):
                said = decided["dnc_next_at"][at]
                if not waits:
                    assert said is None
                    continue
                expected, cell = person.first_clear(calls["call_at"][at]), calls["call_at"][at]
                found = said and datetime.fromisoformat(said)
                found = found and (found.astimezone(UTC).replace(tzinfo=None) if person.has_offset else found)
                if found and expected is None and HORIZON.days > TRIED:
                    assert found - datetime.fromisoformat(cell[:10]) > timedelta(days=TRIED)
                    continue
                assert found == expected, (person.told, cell, said, expected)
                met, none = met + (expected is not None), none + (expected is None)
    assert met > none / 4
