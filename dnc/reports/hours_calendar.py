"""Lawful hours as a calendar (RFC 5545)."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

from dnc.checks.lawful_hours import LawfulHours
from dnc.errors import extra
from dnc.messages import messages

_PRODUCT = "-//dnc-check//lawful hours//EN"


def calendar_of(hours: LawfulHours, place: str, campaign: str, language: str) -> bytes:
    """A calendar with an event for each span of lawful hours at a place; `place` and `campaign` are its title.

    Times have the time zone of the place; where it has several, they are local time wherever the called person is.
    Raises OptionError if the extra `calendar` is not installed.
    """
    with extra("calendar"):
        from icalendar import Calendar, Event

    texts = messages("hours", language)
    zone = ZoneInfo(hours.zones[0]) if len(hours.zones) == 1 else None
    calendar = Calendar()
    calendar.add("prodid", _PRODUCT)
    calendar.add("version", "2.0")
    title = texts["title"].format(place=place)
    calendar.add("x-wr-calname", f"{title} {campaign}".strip())
    stamp = datetime.now(UTC)
    for start, end in hours.spans:
        event = Event()
        event.add("uid", f"{uuid5(NAMESPACE_URL, f'{place} {campaign} {start.isoformat()}')}@dnc-check")
        event.add("dtstamp", stamp)
        event.add("dtstart", start.replace(tzinfo=zone))
        event.add("dtend", end.replace(tzinfo=zone))
        event.add("summary", title)
        event.add("transp", "TRANSPARENT")
        calendar.add_component(event)
    calendar.add_missing_timezones()
    return bytes(calendar.to_ical())
