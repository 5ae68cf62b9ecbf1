"""Where a called person is, and what time it is there: the place, the moment of the call, the agreed appointment."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import polars as pl

from dnc.clock import NO_DAYS, is_zone, local, read_day, read_moment
from dnc.law.rulebook import Rulebook
from dnc.numbers.numbering_plans import kind_of, shares_code

FAR_APART = timedelta(hours=6)  # clocks that differ by more could be on both sides of the hours of lawful calls
_PLACE = re.compile(r"^[A-Z]{2}-[A-Z0-9]{1,3}$")


class Where(NamedTuple):
    """Where a called person is.

    Attributes:
        jurisdiction: whose law applies; None where there are no rules.
        zones: IANA time zones it may be in, joined by `|`.
        polls: territory whose elections count; None where it is not known.
        place: ISO 3166-2; None where it is not known.
        read: whether the cell `place` was understood; True where it is empty.
    """

    jurisdiction: str | None
    zones: str
    polls: str | None
    place: str | None
    read: bool


class Places(msgspec.Struct, frozen=True):
    """Places by the rules of each jurisdiction."""

    book: Rulebook

    def where(
        self, cell: str | None, territory: str | None, code: str | None, place_by_plan: str | None, zones: str | None
    ) -> Where:
        """Where a person is, by the cell `place` and by what the numbering plan says of the number.

        A place in the list moves the clock, the polls and regional law, but not the jurisdiction; except for a number
        of a calling code that several countries share: there it names the country.
        """
        place = cell.upper() if cell and _PLACE.match(cell.upper()) else None
        if territory is None and code and place and shares_code(code, place[:2]):
            territory = place[:2]
        pack = self.book.pack_of(territory) if territory else None
        if pack is None or territory is None:
            return Where(None, "", territory, None, read=True)
        by_plan = zones or "|".join(pack.zones(territory, place_by_plan))
        if cell is None:
            return Where(pack.jurisdiction, by_plan, territory, place_by_plan, read=True)
        if is_zone(cell):
            return Where(pack.jurisdiction, cell, self._territory_of_zone(cell), None, read=True)
        if place and (there := self._territory_of_place(place)) and (owner := self.book.pack_of(there)):
            return Where(pack.jurisdiction, "|".join(owner.zones(there, place)), there, place, read=True)
        return Where(pack.jurisdiction, by_plan, None, None, read=False)

    def _territory_of_place(self, place: str) -> str | None:
        by_place = (pack.places[place] for pack in self.book.packs.values() if place in pack.places)
        return next(by_place, place[:2] if self.book.pack_of(place[:2]) else None)

    def _territory_of_zone(self, zone: str) -> str | None:
        packs = self.book.packs.values()
        there = (where for pack in packs for where, zones in pack.territories.items() if zones == (zone,))
        return next(there, None)


def zones_of(number: int, book: Rulebook) -> list[str]:
    """The IANA time zones in which the person of a number (E.164) may be, by its numbering plan."""
    kind = kind_of(number)
    where = Places(book).where(None, kind.territory, kind.code, kind.place, kind.zones)
    return where.zones.split("|") if where.zones else []


class Moment(NamedTuple):
    """When a call is planned, on the called person's clock.

    Attributes:
        day: None where the cell was not understood.
        at_first, at_last: earliest and latest local time; None where it cannot be known.
        timed: whether a time of day is told; None where a call has one that is not told.
        instant: in UTC, if it was given with an offset; else None: the local time itself counts.
        zones: those that it is told by, joined by `|`, if it was given with an offset; else None.
    """

    day: date | None
    at_first: datetime | None
    at_last: datetime | None
    timed: bool | None
    instant: datetime | None = None
    zones: str | None = None


def call_moment(
    text: str, zones: str, place_read: bool, dates: str, now: date | None = None, *, at_gate: bool = False
) -> Moment:
    """The moment of a call; on a day that programs write for "no date" there is none.

    Args:
        text: the cell `call_at`.
        zones: as in `Where`.
        place_read: as in `Where.read`; with a place that was not understood, an instant has no local time.
        dates, now: order of day and month, and the day that counts as today, see `dnc.clock.read_moment`.
        at_gate: whether the call is about to be made: its hour is then not known from a day alone.
    """
    moment, day = read_moment(text, dates, now), read_day(text, dates, now)
    if moment is None or day is None or day <= NO_DAYS:
        return Moment(None, None, None, None)
    if not isinstance(moment, datetime):
        midnight = datetime(moment.year, moment.month, moment.day)
        return Moment(moment, midnight, midnight, timed=None if at_gate else False)
    if moment.tzinfo is None:
        return Moment(moment.date(), moment, moment, timed=True)
    return at_instant(moment, zones, place_read)


def at_instant(moment: datetime, zones: str, place_read: bool) -> Moment:
    """The moment of a call at a time with an offset; `zones` and `place_read` as for `call_moment`."""
    times = sorted(local(moment, zone) for zone in zones.split("|") if zone)
    if not times:
        return Moment(moment.date(), None, None, timed=True)
    known = place_read and times[-1] - times[0] <= FAR_APART
    first, last = (times[0], times[-1]) if known else (None, None)
    instant = moment.astimezone(UTC).replace(tzinfo=None)
    return Moment(times[0].date(), first, last, timed=True, instant=instant, zones=zones)


def appointment(text: str, zones: str | None, call_at: str, dates: str, now: date | None = None) -> datetime | None:
    """The agreed time, on the clock of `Moment.at_first`; None where it cannot be compared with the call."""
    moment = read_moment(text, dates, now)
    if not isinstance(moment, datetime):
        return None
    call = read_moment(call_at, dates, now)
    possible = [zone for zone in (zones or "").split("|") if zone]
    # An instant and a time of day are the same moment in one zone and not in another.
    if len(possible) != 1 and _is_instant(moment) != _is_instant(call):
        return None
    if not _is_instant(moment):
        return moment
    return min((local(moment, zone) for zone in possible), default=None)


def local_day(text: str, zones: str, dates: str, now: date | None = None) -> date | None:
    """The day of a date or date-time on the called person's clock; None if it cannot be read or may be two days.

    Args:
        text: the cell. zones: as in `Where`.
        dates, now: see `dnc.clock.read_moment`.
    """
    moment = read_moment(text, dates, now)
    if not isinstance(moment, datetime):
        return moment
    days = {local(moment, zone).date() for zone in zones.split("|") if zone} or {moment.date()}
    return days.pop() if len(days) == 1 else None


def certain_instant(text: str | None, zones: str | None, dates: str, now: date | None = None) -> datetime | None:
    """The instant (UTC) of a date-time; None for a day, and without an offset where zones may differ.

    Arguments as for `local_day`.
    """
    moment = read_moment(text, dates, now) if text else None
    if not isinstance(moment, datetime):
        return None
    in_zones = (moment.replace(tzinfo=ZoneInfo(zone)) for zone in (zones or "").split("|") if zone)
    instants = {one.astimezone(UTC).replace(tzinfo=None) for one in (in_zones if moment.tzinfo is None else [moment])}
    return instants.pop() if len(instants) == 1 else None


def latest_local(moment: pl.Series, zones: pl.Series) -> pl.Series:
    """The latest local time of each moment (UTC) in its zones, joined by `|`; the moment where there are none."""
    latest: pl.Expr = pl.lit(moment)
    for names in zones.unique().drop_nulls():
        local = [
            pl.lit(moment).dt.replace_time_zone("UTC").dt.convert_time_zone(zone).dt.replace_time_zone(None)
            for zone in names.split("|")
        ]
        latest = pl.when(pl.lit(zones) == names).then(pl.max_horizontal(local)).otherwise(latest)
    return pl.select(latest.alias(moment.name)).to_series()


def earliest_instant(local: pl.Series, zones: pl.Series) -> pl.Series:
    """The earliest instant (UTC) of each local time in its zones, joined by `|`; null where there are none."""
    earliest: pl.Expr = pl.lit(None, pl.Datetime("us"))
    for names in zones.unique().drop_nulls():
        instants = [
            pl.lit(local)
            .dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
            .dt.convert_time_zone("UTC")
            .dt.replace_time_zone(None)
            for zone in names.split("|")
        ]
        earliest = pl.when(pl.lit(zones) == names).then(pl.min_horizontal(instants)).otherwise(earliest)
    return pl.select(earliest.alias(local.name)).to_series()


def _is_instant(moment: date | datetime | None) -> bool:
    return isinstance(moment, datetime) and moment.tzinfo is not None
