"""Today, and reading dates, date-times and time zones."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from datetime import MAXYEAR, MINYEAR, date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from dnc.errors import InputError

NEVER = date(9999, 12, 31)  # stands for "there was none": a day that never comes
NONE = ("none", "no", "non", "false", "faux", "0")  # words that mean "there was none"
UNTOLD = ("n/a", "-")  # what files write for an empty cell
ALWAYS = date(1, 1, 1)  # stands for a date that cannot be read, so that it counts against the caller: long past
NO_DAYS = date(1980, 1, 1)  # dates up to here are what programs write for none: 0001, 1899, 1900, 1904, 1970, 1980

_SHAPES = {
    "iso": re.compile(r"^(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})(?:[T ](?P<clock>\d{1,2}:.+))?$"),
    "dmy": re.compile(r"^(?P<d>\d{1,2})[/.\-](?P<m>\d{1,2})[/.\-](?P<y>\d{4})(?:[T ](?P<clock>.+))?$"),
    "mdy": re.compile(r"^(?P<m>\d{1,2})[/.\-](?P<d>\d{1,2})[/.\-](?P<y>\d{4})(?:[T ](?P<clock>.+))?$"),
}
_CLOCK = re.compile(r"^\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?P<offset>\s?(?:Z|[+-]\d{2}:?\d{2}))?$")
_BEGINS_ISO = re.compile(r"^\d{4}(?:-?W\d\d|\d{4}\b|\d{4}T|-\d\d-\d\dT)")
DATE_ORDERS = tuple(_SHAPES)


def clock() -> str:
    """Where today's date comes from: `DNC_TODAY` if that is set, else `system`."""
    return "DNC_TODAY" if os.environ.get("DNC_TODAY") else "system"


def today() -> date:
    """Today, or the date in `DNC_TODAY` (YYYY-MM-DD), for replays and tests. Raises InputError."""
    given = os.environ.get("DNC_TODAY")
    if not given:
        return date.today()
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise InputError("DNC_TODAY is not a valid date; use YYYY-MM-DD") from None


@lru_cache(maxsize=1 << 16)
def read_moment(text: str, order: str) -> date | datetime | None:
    """A date, or a date-time (aware if it has an offset); None if it cannot be read.

    ISO 8601 is always read; `order` (`dmy` or `mdy`) adds that way of writing dates.
    """
    moment = _read(text.strip(), order)
    # In the first and the last year the same moment may have no date in another time zone.
    beyond = isinstance(moment, datetime) and moment.tzinfo is not None and moment.year in (MINYEAR, MAXYEAR)
    return None if beyond else moment


def _read(text: str, order: str) -> date | datetime | None:
    for shape in dict.fromkeys(("iso", order)):
        if found := _SHAPES[shape].match(text):
            try:
                day = date(int(found["y"]), int(found["m"]), int(found["d"]))
                return _with_clock(day, found["clock"]) if found["clock"] else day
            except ValueError:
                return None
    return _other_iso(text) if _BEGINS_ISO.match(text) else None


def _other_iso(text: str) -> date | datetime | None:
    """The rarer forms of ISO 8601: without hyphens or colons, with weeks, or without minutes."""
    for read in (date.fromisoformat, datetime.fromisoformat):
        with suppress(ValueError):
            return read(text)
    return None


def _with_clock(day: date, clock: str) -> datetime:
    if not (found := _CLOCK.match(clock.strip())):
        raise ValueError
    text = clock.strip().replace(" ", "")
    text = text if text[1] != ":" else f"0{text}"
    offset = found["offset"]
    if offset and ":" not in offset and offset.strip() != "Z":
        text = f"{text[:-2]}:{text[-2:]}"
    return datetime.fromisoformat(f"{day}T{text}")


def read_day(text: str, order: str) -> date | None:
    """The date of a date or date-time; None if it cannot be read."""
    moment = read_moment(text, order)
    return moment.date() if isinstance(moment, datetime) else moment


def is_zone(name: str) -> bool:
    """Whether a name is an IANA time zone such as `Indian/Reunion`."""
    return "/" in name and name in _zones()


@lru_cache(maxsize=1)
def _zones() -> set[str]:
    # Cached, because it searches the disk.
    return available_timezones()


@lru_cache(maxsize=1 << 16)
def local(moment: datetime, zone: str) -> datetime:
    """A date-time in the local time of a zone, without offset; one without offset is local time already."""
    if moment.tzinfo is None:
        return moment
    return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
