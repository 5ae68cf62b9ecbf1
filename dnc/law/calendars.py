"""Public holidays: those of the library `holidays`, adjusted to what counts as a holiday in a law."""

from __future__ import annotations

from datetime import date
from functools import cache, lru_cache
from hashlib import sha256
from importlib.metadata import version

import msgspec

from dnc.cache import kept, source


class Calendar(msgspec.Struct, frozen=True):
    """Which days count as holidays: those of the library `holidays` for a country, adjusted to a law.

    days: MM-DD that count in every year, even if the library leaves them out because they fall on a Sunday.
    everywhere: adds the days that all subdivisions have in common, such as a weekday observed instead of a Sunday.
    without: names (in English, as in the library) of days that do not count.
    subdivision: adds the days of one of its subdivisions.
    """

    country: str
    days: tuple[str, ...] = ()
    everywhere: bool = False
    without: tuple[str, ...] = ()
    subdivision: str | None = None

    def between(self, first_year: int, last_year: int) -> list[date]:
        """The days from the first year to the last, both included; cached, since importing the library takes 0.1 s."""
        inputs = (_version(), source(__package__, "calendars.py"), self, first_year, last_year)
        name = f"holidays-{self.country}-{sha256(repr(self).encode()).hexdigest()[:8]}"  # a country may have several
        return kept(name, inputs, list[date], lambda: _days(self, range(first_year, last_year + 1)))


@cache
def _version() -> str:
    return version("holidays")


@lru_cache(maxsize=16)
def _days(calendar: Calendar, years: range) -> list[date]:
    import holidays

    def counting(subdivision: str | None = None) -> set[date]:
        english = "en_US" if calendar.without else None
        named = holidays.country_holidays(calendar.country, subdiv=subdivision, years=years, language=english)
        return {day for day in named if not set(named.get_list(day)) <= set(calendar.without)}

    days = counting() | {date.fromisoformat(f"{year}-{day}") for year in years for day in calendar.days}
    if calendar.subdivision:
        days |= counting(calendar.subdivision)
    if calendar.everywhere:
        days |= set.intersection(*map(counting, holidays.list_supported_countries()[calendar.country]))
    return sorted(days)
