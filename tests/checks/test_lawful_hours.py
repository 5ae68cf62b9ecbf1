"""The calendar of lawful hours, against deciding a call at each minute."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import icalendar
import polars as pl
import pytest
import recurring_ical_events

from dnc import Decider
from tests import SALE, size

TODAY = date(2026, 10, 23)  # a Friday; clocks change in Europe two days later, and All Saints' Day is near
FACTS = {**SALE, "consent": "written", "consent_for": "both", "consent_on": "2026-10-10", "attempts_day": "0"}


@pytest.fixture(autouse=True)
def today(monkeypatch):
    """The day before a weekend on which clocks change."""
    monkeypatch.setenv("DNC_TODAY", str(TODAY))


@pytest.mark.parametrize(
    ("place", "number", "zone"),
    [
        ("FR", "+33639989904", "Europe/Paris"),
        ("AU-VIC", "+61355501104", "Australia/Melbourne"),
        ("US-TX", "+12145550104", None),
    ],
)
def test_equal_to_deciding_each_minute(dnc, store, tmp_path, place, number, zone):
    """A minute is in an event, by a second reader of calendars, where a call that all else allows is clear."""
    days, out = size(5, 40), tmp_path / "hours.ics"
    facts = {**FACTS, "caller": "commercial" if place == "FR" else "charity"}
    store.object(["+33639989911"], date(2025, 1, 1))
    told = [part for name, fact in facts.items() for part in ("--set", f"{name}={fact}")]
    assert dnc("hours", place, "--out", str(out), "--days", str(days), *told)[0] == 0
    calendar = icalendar.Calendar.from_ical(out.read_bytes())
    events = recurring_ical_events.of(calendar).between(TODAY, TODAY + timedelta(days=days))
    uids = [event["UID"] for event in events]
    assert len(set(uids)) == len(uids) > 0
    spans = [(event.start, event.end) for event in events]
    assert {str(start.tzinfo) for start, _ in spans} == {zone or "None"}
    lawful = set()
    for start, end in spans:
        at, stop = (moment.replace(tzinfo=None) for moment in (start, end))
        lawful |= {at + timedelta(minutes=by) for by in range(int((stop - at) / timedelta(minutes=1)))}
    first = datetime(TODAY.year, TODAY.month, TODAY.day)
    minutes = [first + timedelta(minutes=by) for by in range(days * 1440)]
    row = {"number": number, "place": None if "-" not in place else place, **facts}
    with Decider(store, columns=["outcome"], now=date(2026, 12, 31)) as decider:
        rows = pl.DataFrame({"call_at": [f"{minute:%Y-%m-%dT%H:%M}" for minute in minutes]})
        outcomes = decider(rows.with_columns(pl.lit(cell).alias(name) for name, cell in row.items()))["dnc_outcome"]
    clear = {minute for minute, outcome in zip(minutes, outcomes, strict=True) if outcome == "clear"}
    assert clear == lawful


def test_a_campaign_tells_which_rules_may_apply(dnc, store, tmp_path):
    """Rules on hours are about sales: a survey may be made at any hour, a call of which nothing is known may not."""
    brief, out = tmp_path / "brief.toml", tmp_path / "hours.ics"
    brief.write_text('[facts]\ncaller = "survey"\nrecipient = "consumer"\nvoice = "human"\n')
    assert dnc("campaigns", "add", "poll", "--brief", str(brief))[0] == 0
    for options, count in ((["--campaign", "poll"], 1), ([], 6)):
        assert dnc("hours", "FR", "--out", str(out), "--days", "5", *options)[0] == 0
        calendar = icalendar.Calendar.from_ical(out.read_bytes())
        assert len(calendar.events) == count
    code, _, err = dnc("hours", "XX", "--out", str(out))
    assert (code, "there are no rules for XX" in err) == (4, True)
    code, _, err = dnc("hours", "FR", "--out", str(out), "--campaign", "other")
    assert (code, "no campaign of that name" in err) == (4, True)


@pytest.mark.parametrize("url", ["file:///{}/hours.ics", "postgresql://host/base#hours"])
def test_a_calendar_is_written_to_a_file_or_an_object(dnc, store, tmp_path, url):
    """No other URL is followed, not even to a file."""
    code, _, err = dnc("hours", "FR", "--out", url.format(tmp_path), "--store", store.path)
    assert (code, "is not read or written; use a file, or one of s3://" in err) == (2, True)
    assert not (tmp_path / "hours.ics").exists()
