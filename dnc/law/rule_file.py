"""One rules file, TOML, read strictly: what breaks the grammar is refused with file, regime and key."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from dnc.clock import is_zone
from dnc.errors import RuleError
from dnc.law.demands import DEMANDS, OPEN, TESTS, UNITS, Kind, Part, calendar, days_sql, words_sql
from dnc.law.regimes import GRADES, Cite, Pack, Regime
from dnc.law.vocabulary import vocabulary

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_ID = re.compile(r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")
_DATES = ("relationship_on", "consent_on", "consent_withdrawn_on", "objected_on", "refused_on")
_PLACE = re.compile(r"^[A-Z]{2}-[A-Z0-9]{1,3}$")
_KINDS: dict[str, type] = dict.fromkeys(("grace_days", "n", "working_days", *UNITS), int)
_KINDS |= dict.fromkeys(("same_campaign", "for_consent", "appointment", "withheld"), bool)
_DAY = re.compile(r"^(0[1-9]|1[0-2])-([01]\d|2[0-8])$")


def read_pack(path: str, text: str) -> Pack:
    """Read the text of one rules file; raises RuleError naming file, regime and key."""
    return _Reader(path, text).pack()


class _Reader:
    """Reads one rules file strictly; every error names file, regime and key."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        try:
            self.data = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise RuleError(f"is not TOML: {error}", path) from None

    def fail(self, message: str, *at: str) -> RuleError:
        return RuleError(message, self.path, ".".join(at) or None)

    def table(self, data: Any, keys: dict[str, bool], *at: str) -> dict[str, Any]:
        """A table with no key but those named, and all those that are compulsory (True)."""
        if not isinstance(data, dict):
            raise self.fail("must be a table", *at)
        if strange := [key for key in data if key not in keys]:
            raise self.fail(f"unknown key {strange[0]!r}; known are {', '.join(keys)}", *at)
        if absent := [key for key, compulsory in keys.items() if compulsory and key not in data]:
            raise self.fail(f"{absent[0]!r} is missing", *at)
        return data

    def is_a(self, kind: type, data: dict[str, Any], key: str, *at: str) -> Any:
        value = data[key]
        if not isinstance(value, kind) or (isinstance(value, int) and kind is int and (value is True or value < 1)):
            raise self.fail(f"must be a {kind.__name__}", *at, key)
        return value

    def pack(self) -> Pack:
        keys = {"jurisdiction": True, "name": False, "regions": True, "read_from": True, "read_until": True}
        optional = ("territories", "places", "holidays", "polls", "cites", "regime")
        data = self.table(self.data, keys | dict.fromkeys(optional, False))
        self.jurisdiction = self.is_a(str, data, "jurisdiction")
        self.cites = {key: self._cite(key, one) for key, one in data.get("cites", {}).items()}
        self._used: set[str] = set()
        self._read_calendars(data)
        read_from = self.is_a(date, data, "read_from")
        read_until = self.is_a(date, data, "read_until")
        regimes = tuple(self._regime(one) for one in data.get("regime", []))
        self._check_chains(regimes)
        if unused := sorted(set(self.cites) - self._used):
            raise self.fail("no regime names this citation", "cites", unused[0])
        territories, places = self._territories(data)
        name = data.get("name", {"en": self.jurisdiction.upper()})
        clocks = {place: self._zones(zones, "places", place) for place, zones in data.get("places", {}).items()}
        if strange := [place for place in clocks if not _PLACE.match(place)]:
            raise self.fail("is no ISO 3166-2 code", "places", strange[0])
        macros = self.macros(regimes)
        return Pack(self.jurisdiction, name, territories, places, clocks, read_from, read_until, regimes, macros)

    def _territories(self, data: dict[str, Any]) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
        told = data.get("territories", {})
        territories: dict[str, tuple[str, ...]] = {}
        places: dict[str, str] = {}
        for region in data["regions"]:
            one = self.table(told.get(region, {}), {"zones": False, "places": False}, "territories", region)
            territories[region] = self._zones(one.get("zones", []), "territories", region)
            places |= dict.fromkeys(one.get("places", ()), region)
        if strange := sorted(set(told) - set(data["regions"])):
            raise self.fail("is not in regions", "territories", strange[0])
        return territories, places

    def _zones(self, zones: Any, *at: str) -> tuple[str, ...]:
        if not isinstance(zones, list):
            raise self.fail("must be a list of IANA zones", *at)
        if strange := [zone for zone in zones if not is_zone(zone)]:
            raise self.fail(f"{strange[0]!r} is no IANA zone", *at)
        return tuple(zones)

    def _read_calendars(self, data: dict[str, Any]) -> None:
        self.holidays = {name: self._calendar(name, one) for name, one in data.get("holidays", {}).items()}
        polls = self.table(data.get("polls", {}), {"early": False, "days": False, "cites": False}, "polls")
        self.early: list[str] = polls.get("early", [])
        day_keys = {"name": True, "day": True, "early": True, "confidence": True, "note": False}
        self.polls = [self.table(one, day_keys, "polls", "days") for one in polls.get("days", [])]
        if polls:
            self._named_cites(polls, "polls")

    def _calendar(self, name: str, data: Any) -> Calendar:
        optional = ("days", "everywhere", "without", "note")
        one = self.table(data, {"country": True, "cites": True} | dict.fromkeys(optional, False), "holidays", name)
        self._named_cites(one, "holidays", name)
        days = one.get("days", [])
        if not all(isinstance(day, str) and _DAY.match(day) for day in days):
            raise self.fail("must be a list of days such as '12-25'", "holidays", name, "days")
        return Calendar(one["country"], tuple(days), one.get("everywhere", False), tuple(one.get("without", ())))

    def macros(self, regimes: tuple[Regime, ...]) -> dict[str, str]:
        """The calendars that the expressions name, as bodies of SQL macros without arguments."""
        last_year = self.data["read_until"].year + 1
        calendars = {}
        for name, one in self.holidays.items():
            named = [regime.first for regime in regimes if any(calendar(name) in part.sql for part in regime.parts)]
            first = max(min(named, default=date.max), self.data["read_from"])
            calendars[calendar(name)] = days_sql(_holidays(one, first.year, last_year))
        if self.polls:
            calendars[f"{self.jurisdiction}_silent"] = days_sql(self._silent_days(early=False))
            calendars[f"{self.jurisdiction}_silent_early"] = days_sql(self._silent_days(early=True))
        return calendars

    def _silent_days(self, early: bool) -> list[date]:
        """The eve and the day of each poll, for those who vote a day early where a poll says so, or for the others."""
        polls = [one["day"] - timedelta(days=bool(early and one["early"])) for one in self.polls]
        return sorted({day - timedelta(days=back) for day in polls for back in (0, 1)})

    def _cite(self, key: str, data: Any) -> Cite:
        one = self.table(data, {"text": True, "url": True, "read": True}, "cites", key)
        return Cite(one["text"], one["url"], self.is_a(date, one, "read", "cites", key))

    def _named_cites(self, data: dict[str, Any], *at: str) -> tuple[Cite, ...]:
        for key in data["cites"]:
            if key not in self.cites:
                raise self.fail(f"{key!r} is not among [cites]", *at, "cites")
        if not data["cites"]:
            raise self.fail("names no citation", *at, "cites")
        self._used |= set(data["cites"])
        return tuple(self.cites[key] for key in data["cites"])

    def _regime(self, data: Any) -> Regime:
        id_ = data.get("id", "?") if isinstance(data, dict) else "?"
        keys = {"id": True, "says": True, "cites": True, "when": True}
        optional = ("says_fr", "force", "from", "until", "follows", "except", "confidence", "note", "sanction")
        one = self.table(data, keys | dict.fromkeys((*optional, *DEMANDS), False), id_)
        if not _ID.match(id_):
            raise self.fail("an id is lower-case words joined by hyphens", id_)
        for key, allowed in (("force", ("law", "guidance")), ("confidence", GRADES)):
            if one.get(key, allowed[0]) not in allowed:
                raise self.fail(f"{one[key]!r} is none of {', '.join(allowed)}", id_, key)
        first = self.is_a(date, one, "from", id_) if "from" in one else date.min
        until = self.is_a(date, one, "until", id_) if "until" in one else date.max
        if first >= until:
            raise self.fail(f"begins on {first} and has ended on {until}", id_, "from")
        demanded = [name for name in DEMANDS if name in one]
        if len(demanded) != 1:
            raise self.fail(f"makes {len(demanded)} demands ({', '.join(demanded)}); exactly one is wanted", id_)
        is_scope = id_ == f"{self.jurisdiction}-scope"
        part = self._demand(demanded[0], one[demanded[0]], id_)
        if is_scope:
            part = replace(part, reads=(("true", "jurisdiction"),))
        return Regime(
            id=id_,
            says={"en": one["says"], "fr": one.get("says_fr", one["says"])},
            force=one.get("force", "law"),
            first=first,
            until=until,
            follows=one.get("follows"),
            when=self._clause(one["when"], id_, "when"),
            exceptions=tuple(self._clause(clause, id_, "except") for clause in one.get("except", [])),
            demand=demanded[0],
            demanded=part,
            cites=self._named_cites(one, id_),
            confidence=one.get("confidence", "low"),
            note=one.get("note", ""),
            sanction=one.get("sanction", ""),
            is_scope=is_scope,
        )

    def _clause(self, data: Any, *at: str) -> tuple[Part, ...]:
        if not isinstance(data, dict) or (not data and at[-1] == "except"):
            raise self.fail("must be a table with a condition", *at)
        parts = []
        for key, value in data.items():
            if isinstance(value, dict):
                if key not in TESTS:
                    raise self.fail(f"is no test; tests are {', '.join(TESTS)}", *at, key)
                parts.append(self._written(TESTS[key], value, *at, key))
            else:
                parts.append(self._axis(key, value, *at))
        return tuple(parts)

    def _axis(self, axis: str, values: Any, *at: str) -> Part:
        if axis in ("place", "place_or_code"):
            return self._place(axis, values, *at)
        known = vocabulary().axes
        if axis not in known:
            raise self.fail(f"is no axis; axes are {', '.join(known)}", *at, axis)
        if not isinstance(values, list) or not values:
            raise self.fail("must be a list of words", *at, axis)
        if strange := [value for value in values if value not in known[axis]]:
            raise self.fail(f"{strange[0]!r} is none of {', '.join(known[axis])}", *at, axis)
        says = f"{axis} {' or '.join(values)}"
        return Part(f"{axis} in ({words_sql(values)})", ((f"{axis} is null", axis),), says=says)

    def _place(self, axis: str, values: Any, *at: str) -> Part:
        """Where the called person is, as a list of ISO 3166-2 codes: read like an axis, but of open vocabulary.

        Where the file names its places, another code is a place that was not told. `place_or_code` also holds where
        the number has an area code of one of the list, for states whose law follows it.
        """
        if not isinstance(values, list) or not values or not all(_PLACE.match(str(value)) for value in values):
            raise self.fail("must be a list of ISO 3166-2 codes", *at, axis)
        known = [place for place in self.data.get("places", ()) if _PLACE.match(place)]
        if known and (strange := [value for value in values if value not in known]):
            raise self.fail(f"{strange[0]!r} is not among [places]", *at, axis)
        sql, untold, says = f"place in ({words_sql(values)})", "place is null", f"place {' or '.join(values)}"
        if known:
            sql = f"case when {sql} then true when place in ({words_sql(known)}) then false end"
            untold = f"coalesce(place not in ({words_sql(known)}), true)"
        if axis == "place_or_code":
            sql = f"coalesce(plan_place in ({words_sql(values)}), false) or {sql}"
            says += ", or an area code of it"
        return Part(sql, ((untold, "place"),), says=says)

    def _demand(self, name: str, value: Any, *at: str) -> Part:
        if name in ("duty", *OPEN):
            if not isinstance(value, str):
                raise self.fail("must be a text", *at, name)
            return replace(DEMANDS[name].write({}), says=value)
        return self._written(DEMANDS[name], value, *at, name)

    def _written(self, kind: Kind, value: Any, *at: str) -> Part:
        if kind is DEMANDS["hours"]:
            value = self._windows(value, *at)
        params = self.table(value, kind.keys, *at)
        for key in params:
            self._parameter(key, params, *at)
        if kind is DEMANDS["silence"]:
            params = {"jurisdiction": self.jurisdiction, "early": self.early}
        return kind.write(params)

    def _parameter(self, key: str, params: dict[str, Any], *at: str) -> None:
        """Check one parameter of a demand or test: what reaches SQL matched a closed list."""
        value = params[key]
        closed: dict[str, Iterable[str]] = {
            "scope": ("named", "written", "any"),
            "for": ("live", "automated"),
            "ends": ("included",),
            "column": _DATES,
            "after": _DATES,
            "than": _DATES,
            "holidays": self.holidays,
        }
        if key in closed and value not in closed[key]:
            raise self.fail(f"{value!r} is none of {', '.join(closed[key])}", *at, key)
        if key in ("registry", "after_listed") and not (isinstance(value, str) and _ID.match(value)):
            raise self.fail("must be a registry's id", *at, key)
        if key in _KINDS:
            self.is_a(_KINDS[key], params, key, *at)
        if key in ("max_age", "registry_max_age"):
            span = self.table(value, dict.fromkeys(UNITS, False), *at, key)
            for unit in span:
                self.is_a(int, span, unit, *at, key)
            if not span:
                raise self.fail("names no span", *at, key)
        if key in ("allowed", "forbidden") and not (
            isinstance(value, list) and value and all(re.fullmatch(r"\+\d{1,15}", one) for one in value)
        ):
            raise self.fail("must be a list of E.164 prefixes", *at, key)
        if key == "registry_max_age" and "after_listed" not in params:
            raise self.fail("goes with after_listed", *at, key)
        if key == "column" and "than" not in params and sum(unit in params for unit in (*UNITS, "working_days")) != 1:
            raise self.fail("asks for one of days, months, years, working_days", *at)

    def _windows(self, value: Any, *at: str) -> dict[str, Any]:
        """Weekday keys of an `hours` table gathered under `windows`: ISO weekdays → spans."""
        if not isinstance(value, dict):
            raise self.fail("must be a table", *at)
        windows, rest, text = {}, {}, []
        for key, told in value.items():
            first, _, last = key.partition("-")
            if first in _WEEKDAYS and (last or first) in _WEEKDAYS:
                start, end = _WEEKDAYS.index(first), _WEEKDAYS.index(last or first)
                windows[tuple(str(day + 1) for day in range(start, end + 1))] = self._spans(told, *at, key)
                text.append(f"{key} {told}")
            else:
                rest[key] = self._spans(told, *at, key) if key == "eve" else told
        if not windows:
            raise self.fail("names no weekday", *at)
        return {"windows": windows, "text": ", ".join(text), **rest}

    def _spans(self, text: Any, *at: str) -> list[tuple[str, str]]:
        pattern = r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d"
        if not isinstance(text, str) or not re.fullmatch(rf"{pattern}( {pattern})*", text):
            raise self.fail("must be spans such as '10:00-13:00 14:00-20:00'", *at)
        return [(span[:5], span[6:]) for span in text.split()]

    def _check_chains(self, regimes: tuple[Regime, ...]) -> None:
        by_id: dict[str, Regime] = {}
        for regime in regimes:
            if regime.id in by_id:
                raise self.fail("this id stands twice", regime.id)
            by_id[regime.id] = regime
        for regime in regimes:
            if regime.follows is None:
                continue
            if regime.follows not in by_id:
                raise self.fail(f"{regime.follows!r} is no regime of this file", regime.id, "follows")
            ended = by_id[regime.follows].until
            if ended != regime.first:
                kind = "a gap" if ended < regime.first else "an overlap"
                raise self.fail(f"{kind}: {regime.follows} ends on {ended}", regime.id, "from")


@dataclass(frozen=True)
class Calendar:
    """Which days are holidays: those that the library `holidays` names for a country, brought to what a law counts.

    days: MM-DD that count in every year, also where the library drops them because they fall on a Sunday.
    everywhere: adds the days that every subdivision keeps, such as weekdays observed instead.
    without: names (in English, as the library writes them) of days that do not count.
    """

    country: str
    days: tuple[str, ...] = ()
    everywhere: bool = False
    without: tuple[str, ...] = ()


@lru_cache(maxsize=16)
def _holidays(one: Calendar, first_year: int, last_year: int) -> list[date]:
    """The days of a calendar from one year to another, both included."""
    import holidays

    years = range(first_year, last_year + 1)

    def kept(subdivision: str | None = None) -> set[date]:
        english = "en_US" if one.without else None
        named = holidays.country_holidays(one.country, subdiv=subdivision, years=years, language=english)
        return {day for day in named if not set(named.get_list(day)) <= set(one.without)}

    days = kept() | {date.fromisoformat(f"{year}-{day}") for year in years for day in one.days}
    if one.everywhere:
        days |= set.intersection(*map(kept, holidays.list_supported_countries()[one.country]))
    return sorted(days)
