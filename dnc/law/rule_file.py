"""Strict reader of one rules file (TOML): every mistake is reported with file, regime and key."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Set
from contextlib import contextmanager
from datetime import date, timedelta
from functools import lru_cache
from itertools import product
from typing import Any

from msgspec.structs import replace

from dnc.clock import is_zone
from dnc.errors import RuleError
from dnc.files.toml_reader import TomlError, toml_of
from dnc.law.amendments import RuleChangeError, changed, shared
from dnc.law.calendars import Calendar
from dnc.law.condition import ALWAYS, Condition, Sql, is_unknown, one_of
from dnc.law.demands import (
    AGES,
    APPOINTMENT,
    DATES,
    DEMANDS,
    EVER,
    OPEN,
    TESTS,
    UNITS,
    Template,
    calendar,
    days_sql,
    label,
    silent_days,
    value_names,
)
from dnc.law.regimes import GRADES, Cite, Holidays, Pack, Poll, Regime, RuleChanges
from dnc.law.vocabulary import vocabulary
from dnc.messages import LANGUAGES, Words, in_languages, localized, translated, words

LONGEST_TITLE = 60  # characters: a title is one line of a page or of a terminal
_IN_WORDS = ("duty", "missing", *OPEN)  # demands whose value is a sentence, or a word of `dnc_missing`
_TEXTS = ("title", "says", "note", "sanction", "say")  # of a regime, besides its demand; in every language
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_MOST_LETTERS = 30  # of the id of a jurisdiction
_TERRITORY = re.compile(r"[A-Z]{2}")
_PLACE = re.compile(r"[A-Z]{2}-[A-Z0-9]{1,3}")
_PREFIX = re.compile(r"\+[0-9]{1,15}")
_URL = re.compile(r"(https?://[!-~]+)?")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]")
_YEARS = range(1900, 2200)  # that a file may be reviewed for
_TYPES: dict[str, type] = dict.fromkeys(("grace_days", "n", "working_days", "hours", *AGES), int)
_TYPES |= dict.fromkeys(("same_campaign", "for_consent", "if_answered", "appointment", "withheld"), bool)
_PARAMETER_WORDS: dict[str, Collection[str]] = {
    "scope": ("named", "written"),
    "ends": ("included",),
    "after": DATES,
    "column": (*DATES, APPOINTMENT),
    "than": (*DATES, "day"),
}
_AMOUNTS = {*UNITS, "working_days"}
# Which other parameters go with one of these, and what is said where they do not.
_TOGETHER: dict[str, tuple[Callable[[Set[str]], bool], str]] = {
    "if_answered": (lambda keys: keys <= {"if_answered", "registry", "grace_days"},
                    "can only be used with registry and grace_days"),
    "registry_max_age": (lambda keys: "after_listed" in keys, "can only be used with after_listed"),
    "column": (lambda keys: "than" in keys or len(keys & _AMOUNTS) == 1,
               f"must come with exactly one of {', '.join((*UNITS, 'working_days'))}"),
}  # fmt: skip
_TYPE_NAMES = {
    int: f"a whole number, at least 1 and at most {EVER:,}",
    bool: "true or false",
    str: "a string",
    date: "a date such as 2026-08-05",
    dict: "a table",
    list: "a list",
}
_SPAN = r"([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]"
_SPANS = re.compile(rf"{_SPAN}( {_SPAN}){{0,9}}")
_LONGEST = 4_000  # characters of a text
_DAY = re.compile(r"(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])")  # one that every month of every year has


def read_pack(path: str, text: str, changes: Mapping[str, str] | None = None) -> Pack:
    """Read the text (TOML) of one rules file.

    changes: path → text of files that change it. Raises RuleError if one breaks the grammar; the message names file,
    regime and key.
    """
    try:
        reader = _RulesReader(path, text)
        for changed_by, change in (changes or {}).items():
            reader.change(changed_by, change)
        return reader.pack()
    except (TypeError, ValueError, AttributeError, KeyError, OverflowError, RecursionError) as error:
        # A value of an unexpected type, such as a list instead of a word.
        raise RuleError(localized("errors", "rules", "form", kind=type(error).__name__), path) from None


def changes_of(path: str, text: str) -> str | None:
    """The jurisdiction whose rules a file changes; None for one with `regions`, the whole law of a jurisdiction."""
    data = _RulesReader(path, text).data
    return None if "regions" in data else str(data.get("jurisdiction"))


@lru_cache(maxsize=1024)  # most regimes have such conditions in common with others
def _one_of(axis: str, values: tuple[str, ...]) -> Condition:
    says = localized("condition", "axis", label=label(axis), words=value_names(axis, values))
    compares = ((axis, values),)
    return Condition(one_of(axis, values), ((is_unknown(axis), axis),), says=says, compares=compares, axis=True)


class _RulesReader:
    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.data = self._read(text)
        self._shipped_cites: Set[str] = set()
        self._change = RuleChanges()

    def _read(self, text: str) -> dict[str, Any]:
        try:
            data = toml_of(text)
        except TomlError as error:
            raise RuleError(localized("errors", "no_toml", error=error.args[0]), self.path) from None
        self.printable(data)
        return data

    def change(self, path: str, text: str) -> None:
        """Take in what another file changes; faults are its faults."""
        self.path = path
        self._shipped_cites |= self.data.get("cites", {}).keys()
        with self._named():
            self.data, change = changed(self.data, self._read(text))
        self._change += change

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except RuleChangeError as error:
            raise self.fail(error.args[1], error.args[0]) from None

    def fail(self, message: str, *at: str) -> RuleError:
        """The error at a place in the file: keys from the outermost inwards.

        The detail is only in English, for the author of the file; other languages say that it is for the author.
        """
        return RuleError(localized("errors", "rules", "fault", detail=message), self.path, ".".join(at) or None)

    def printable(self, data: Any, *at: str) -> None:
        """Refuse control characters, which a terminal or a line of text would obey, and very long texts anywhere."""
        if isinstance(data, dict):
            for key, value in data.items():
                self.printable(key, *at)
                self.printable(value, *at, key)
        elif isinstance(data, list):
            for value in data:
                self.printable(value, *at)
        elif isinstance(data, str) and _CONTROL.search(data):
            raise self.fail("has a character that cannot be printed", *at)
        elif isinstance(data, str) and len(data) > _LONGEST:
            raise self.fail(f"has more than {_LONGEST:,} characters", *at)

    def table(self, data: Any, kinds: Mapping[str, type | None], needed: Iterable[str], *at: str) -> dict[str, Any]:
        """A table with keys of `kinds`, whose values have that type (None: any), and with all that are `needed`."""
        if not isinstance(data, dict):
            raise self.fail("must be a table", *at)
        if unknown := [key for key in data if key not in kinds]:
            raise self.fail(f"unknown key {unknown[0]!r}; expected one of {', '.join(kinds)}", *at)
        if missing := [key for key in needed if key not in data]:
            raise self.fail(f"missing key {missing[0]!r}", *at)
        for key in data:
            if kind := kinds[key]:
                self.typed(kind, data, key, *at)
        return data

    def typed(self, kind: type, data: dict[str, Any], key: str, *at: str) -> None:
        """Refuse a value that is not exactly of a type (`True` is not a number), and a number beyond 1 to `EVER`."""
        value = data[key]
        if type(value) is not kind or (isinstance(value, int) and kind is int and not 1 <= value <= EVER):
            raise self.fail(f"must be {_TYPE_NAMES[kind]}", *at, key)

    def each(self, form: re.Pattern[str], what: str, values: Any, *at: str) -> tuple[str, ...]:
        """The values of a list, which must all be texts that match a pattern."""
        if type(values) is not list:
            raise self.fail("must be a list", *at)
        if strange := [value for value in values if not (isinstance(value, str) and form.fullmatch(value))]:
            raise self.fail(f"{strange[0]!r} is not {what}", *at)
        return tuple(values)

    def pack(self) -> Pack:
        kinds: dict[str, type | None] = {"jurisdiction": str, "name": dict, "regions": None}
        kinds |= {"read_from": date, "read_until": date}
        kinds |= dict.fromkeys(("territories", "places", "holidays", "cites"), dict)
        kinds |= dict.fromkeys(("polls", "not_held", "regime"))
        with self._named():
            self.data = shared(self.data)
        data = self.table(self.data, kinds, ("jurisdiction", "regions", "read_from", "read_until"))
        self.jurisdiction, read_from, read_until = (data[key] for key in ("jurisdiction", "read_from", "read_until"))
        if not _ID.fullmatch(self.jurisdiction) or len(self.jurisdiction) > _MOST_LETTERS:
            raise self.fail(f"must be at most {_MOST_LETTERS} lower-case letters, such as fr", "jurisdiction")
        self.regions = self.each(_TERRITORY, "an ISO 3166-1 code", data["regions"], "regions")
        self.cites = {key: self._cite(key, cite) for key, cite in data.get("cites", {}).items()}
        self._used: set[str] = set()
        if not (read_from.year in _YEARS and read_until.year in _YEARS and read_from <= read_until):
            raise self.fail(f"must not lie before `read_from`, and both from {_YEARS[0]} to {_YEARS[-1]}", "read_until")
        self._read_calendars(data)
        regimes = tuple(map(self._regime, data.get("regime", [])))
        if usual := next((regime.sanction for regime in regimes if regime.is_scope), None):
            regimes = tuple(one if any(one.sanction.values()) else replace(one, sanction=usual) for one in regimes)
        self._check_chains(regimes)
        if unused := sorted(set(self.cites) - self._used - self._shipped_cites):
            raise self.fail("no regime uses this citation", "cites", unused[0])
        territories, places = self._territories(data)
        named = data.get("name", {})
        for language in named:
            self.typed(str, named, language, "name")
        name = {
            language: words(language).get("jurisdictions", {}).get(self.jurisdiction)
            or named.get(language, named.get("en", self.jurisdiction.upper()))
            for language in LANGUAGES
        }
        clocks = {place: self._zones(zones, "places", place) for place, zones in data.get("places", {}).items()}
        if unknown := [place for place in clocks if not _PLACE.fullmatch(place)]:
            raise self.fail("is not an ISO 3166-2 code", "places", unknown[0])
        holidays = tuple(self._holidays(regimes))
        return Pack(
            self.jurisdiction,
            name,
            territories,
            places,
            clocks,
            read_from,
            read_until,
            regimes,
            self._macros(holidays),
            tuple(sorted(self.polls, key=lambda poll: poll.day)),
            self.poll_cites,
            holidays,
            self._not_held(data.get("not_held", [])),
            self._change,
        )

    def _not_held(self, data: Any) -> tuple[dict[str, str], ...]:
        """What was not read, each entry a text in every language."""
        texts = []
        for entry in data:
            table = self.table(entry, dict.fromkeys(("text", *translated("text")), str), ["text"], "not_held")
            texts.append(in_languages(table, "text"))
        return tuple(texts)

    def _territories(self, data: dict[str, Any]) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
        tables = data.get("territories", {})
        territories: dict[str, tuple[str, ...]] = {}
        places: dict[str, str] = {}
        for region in self.regions:
            table = self.table(tables.get(region, {}), dict.fromkeys(("zones", "places")), (), "territories", region)
            territories[region] = self._zones(table.get("zones", []), "territories", region)
            at = ("territories", region, "places")
            places |= dict.fromkeys(self.each(_PLACE, "an ISO 3166-2 code", table.get("places", []), *at), region)
        if unknown := sorted(set(tables) - set(self.regions)):
            raise self.fail("is not in `regions`", "territories", unknown[0])
        return territories, places

    def _zones(self, zones: Any, *at: str) -> tuple[str, ...]:
        if not isinstance(zones, list):
            raise self.fail("must be a list of IANA time zones", *at)
        if unknown := [zone for zone in zones if not (isinstance(zone, str) and is_zone(zone))]:
            raise self.fail(f"{unknown[0]!r} is not an IANA time zone", *at)
        return tuple(zones)

    def _read_calendars(self, data: dict[str, Any]) -> None:
        self.each(_ID, "a name in lower-case words joined by hyphens", [*data.get("holidays", {})], "holidays")
        self.holidays = {name: self._calendar(name, days) for name, days in data.get("holidays", {}).items()}
        kinds = {"early": None, "days": None, "cites": None, "read_until": date}
        polls = self.table(data.get("polls", {}), kinds, (), "polls")
        self.polls_until = polls.get("read_until", data["read_until"])
        self.early = self.each(_TERRITORY, "an ISO 3166-1 code", polls.get("early", []), "polls", "early")
        self.polls = [self._poll(poll, "polls", "days") for poll in polls.get("days", [])]
        self.poll_cites = self._cites_of(polls, "polls") if polls else ()

    def _poll(self, data: Any, *at: str) -> Poll:
        needed = ("name", "day", "early", "confidence")
        texts = dict.fromkeys((*needed, "note", *translated("name"), *translated("note")), str)
        table = self.table(data, texts | {"day": date, "early": bool, "cites": list}, needed, *at)
        if table["confidence"] not in GRADES:
            raise self.fail(f"{table['confidence']!r} is not one of {', '.join(GRADES)}", *at, "confidence")
        name, note = (in_languages({"note": ""} | table, text) for text in ("name", "note"))
        cites = self._cites_of(table, *at) if "cites" in table else ()
        return Poll(table["day"], name, tuple(self.early) if table["early"] else (), table["confidence"], note, cites)

    def _calendar(self, name: str, data: Any) -> Calendar:
        kinds = {"country": str, "cites": None, "days": None, "everywhere": bool, "without": list, "subdivision": str}
        at = ("holidays", name)
        kinds |= dict.fromkeys(("note", *translated("note")))
        table = self.table(data, kinds, ("country", "cites"), *at)
        self._cites_of(table, *at)
        if not _TERRITORY.fullmatch(table["country"]):
            raise self.fail("must be an ISO 3166-1 code", *at, "country")
        days = self.each(_DAY, "a day such as '12-25'", table.get("days", []), *at, "days")
        without = self.each(re.compile(".+"), "the name of a day", table.get("without", []), *at, "without")
        return Calendar(table["country"], days, table.get("everywhere", False), without, table.get("subdivision"))

    def _holidays(self, regimes: tuple[Regime, ...]) -> Iterator[Holidays]:
        """The days of each calendar, from the first year in which a regime needs it."""
        last_year = self.data["read_until"].year + 1
        for name, holidays in self.holidays.items():
            macro, table = calendar(name), self.data["holidays"][name]
            used = [regime.first for regime in regimes if any(macro in part.calendars for part in regime.parts)]
            first = max(min(used, default=date.max), self.data["read_from"])
            try:
                days = holidays.between(first.year, last_year)
            except (NotImplementedError, KeyError):
                message = "the library `holidays` has no such country or subdivision"
                raise self.fail(message, "holidays", name) from None
            note = in_languages({"note": ""} | table, "note")
            yield Holidays(name, note, self._cites_of(table, "holidays", name), tuple(days))

    def _macros(self, holidays: Iterable[Holidays]) -> dict[str, str]:
        """The calendars that the conditions call, as bodies of SQL macros without arguments."""
        calendars = {calendar(one.name): days_sql(one.days) for one in holidays}
        if self.polls:
            for early, sure in product((False, True), repeat=2):
                days = self._silent_days(early, sure)
                calendars[silent_days(self.jurisdiction, early, sure)] = days_sql(days)
        return calendars

    def _silent_days(self, early: bool, sure: bool) -> list[date]:
        """The day of each poll and the day before.

        early: the days for places that vote a day earlier, in the polls that say so. sure: those of polls of which it
        is known that and where they are; else of the others, whose confidence is low, and all days after the last for
        which polls are known.
        """
        polls = [
            poll.day - timedelta(days=bool(early and poll.early))
            for poll in self.polls
            if (poll.confidence != GRADES[0]) is sure
        ]
        unread = () if sure else range((self.data["read_until"] - self.polls_until).days + 1)
        days = {day - timedelta(days=back) for day in polls for back in (0, 1)}
        return sorted(days | {self.polls_until + timedelta(days=ahead + 1) for ahead in unread})

    def _cite(self, key: str, data: Any) -> Cite:
        kinds = {"text": str, "url": str, "read": date} | dict.fromkeys(translated("text"), str)
        table = self.table(data, kinds, ("text", "url", "read"), "cites", key)
        if not _URL.fullmatch(table["url"]):
            raise self.fail("must be a URL that begins with http:// or https://, or empty", "cites", key, "url")
        texts = in_languages(table, "text", "cites", self.jurisdiction, key)
        return Cite(texts, table["url"], table["read"])

    def _cites_of(self, data: dict[str, Any], *at: str) -> tuple[Cite, ...]:
        for key in data["cites"]:
            if key not in self.cites:
                raise self.fail(f"{key!r} is not in [cites]", *at, "cites")
        if not data["cites"]:
            raise self.fail("must name at least one citation", *at, "cites")
        self._used |= set(data["cites"])
        return tuple(self.cites[key] for key in data["cites"])

    def _regime(self, data: Any) -> Regime:
        id_ = data.get("id", "?") if isinstance(data, dict) else "?"
        needed = ("id", "says", "cites", "when")
        kinds = dict.fromkeys((*needed, "force", "except", "confidence", *DEMANDS))
        kinds |= dict.fromkeys(key for name in _IN_WORDS for key in translated(name))
        kinds |= {"from": date, "until": date, "follows": str, "keep_months": int, "confirmed_by": list}
        kinds |= dict.fromkeys((key for name in _TEXTS for key in (name, *translated(name))), str)
        table = self.table(data, kinds, needed, id_)
        if not (isinstance(id_, str) and _ID.fullmatch(id_)):
            raise self.fail("an id must be lower-case words joined by hyphens", id_)
        texts = self._texts(table, id_)
        for key, allowed in (("force", ("law", "guidance", "policy")), ("confidence", GRADES)):
            if table.get(key, allowed[0]) not in allowed:
                raise self.fail(f"{table[key]!r} is not one of {', '.join(allowed)}", id_, key)
        first, until = table.get("from", date.min), table.get("until", date.max)
        if first >= until:
            raise self.fail(f"`from` ({first}) must be before `until` ({until})", id_, "from")
        demanded = [name for name in DEMANDS if name in table]
        if len(demanded) != 1:
            raise self.fail(f"has {len(demanded)} demands ({', '.join(demanded)}); write exactly one", id_)
        return Regime(
            id=id_,
            **texts,
            force=table.get("force", "law"),
            first=first,
            until=until,
            follows=table.get("follows"),
            when=self._clause(table["when"], id_, "when"),
            exceptions=tuple(self._clause(clause, id_, "except") for clause in table.get("except", [])),
            demand=demanded[0],
            demanded=self._demand(demanded[0], table, id_),
            cites=self._cites_of(table, id_),
            confidence=table.get("confidence", "low"),
            is_scope=id_ == f"{self.jurisdiction}-scope" and demanded == ["missing"],
            keep_months=table.get("keep_months"),
            confirmed_by=tuple(map(str, table.get("confirmed_by", ()))),
        )

    def _texts(self, table: dict[str, Any], id_: str) -> dict[str, dict[str, str]]:
        """Its texts for people in every language: the id if there is no title; any other text may be empty."""
        for key in ("title", *translated("title")):
            if len(table.get(key, "")) > LONGEST_TITLE:
                raise self.fail(f"has more than {LONGEST_TITLE} characters", id_, key)
        texts = dict.fromkeys(_TEXTS, "") | {"title": id_} | table
        return {name: in_languages(texts, name, "regimes", id_) for name in _TEXTS}

    def _clause(self, data: Any, *at: str) -> tuple[Condition, ...]:
        if not isinstance(data, dict) or (not data and at[-1] == "except"):
            raise self.fail("must be a table with at least one condition", *at)
        parts = []
        for key, value in data.items():
            if isinstance(value, dict):
                if key not in TESTS:
                    raise self.fail(f"unknown test; expected one of {', '.join(TESTS)}", *at, key)
                parts.append(self._compiled(TESTS[key], value, *at, key))
            else:
                parts.append(self._axis(key, value, *at))
        return tuple(parts)

    def _axis(self, axis: str, values: Any, *at: str) -> Condition:
        if axis in ("place", "place_or_code"):
            return self._place(axis, values, *at)
        axes = vocabulary().axes
        if axis not in axes:
            raise self.fail(f"unknown axis; expected one of {', '.join(axes)}", *at, axis)
        if not isinstance(values, list) or not values:
            raise self.fail("must be a list of words", *at, axis)
        if unknown := [value for value in values if value not in axes[axis]]:
            raise self.fail(f"{unknown[0]!r} is not one of {', '.join(axes[axis])}", *at, axis)
        return _one_of(axis, tuple(values))

    def _place(self, axis: str, values: Any, *at: str) -> Condition:
        """A condition on where the called person is: a list of ISO 3166-2 codes.

        If the file has `[places]`, any other code counts as an unknown place. `place_or_code` is also true if the
        number has an area code of a place in the list, for states whose law follows their area codes.
        """
        if not isinstance(values, list) or not values or not all(_PLACE.fullmatch(str(value)) for value in values):
            raise self.fail("must be a list of ISO 3166-2 codes", *at, axis)
        places = [place for place in self.data.get("places", ()) if _PLACE.fullmatch(place)]
        if places and (unknown := [value for value in values if value not in places]):
            raise self.fail(f"{unknown[0]!r} is not in [places]", *at, axis)
        says = localized("condition", "axis", label=label("place"), words=" / ".join(values))
        compares = [("place", tuple(values))]
        sql, is_not_known = one_of("place", values), is_unknown("place")
        if places:
            compares.append(("place", tuple(places)))
            among = one_of("place", places)
            sql = Sql(f"case when {sql} then true when {among} then false end", sql)
            is_not_known = Sql(f"coalesce(not ({among}), true)", among)
        if axis == "place_or_code":
            compares.append(("plan_place", tuple(values)))
            by_code = one_of("plan_place", values)
            sql = Sql(f"coalesce({by_code}, false) or {sql}", by_code, sql)
            says += localized("condition", "by_code")
        plain = not places and axis == "place"
        return Condition(sql, ((is_not_known, "place"),), says=says, compares=tuple(compares), axis=plain)

    def _demand(self, name: str, table: dict[str, Any], *at: str) -> Condition:
        value = table[name]
        if name not in _IN_WORDS:
            return self._compiled(DEMANDS[name], value, *at, name)
        if not isinstance(value, str):
            raise self.fail("must be a string", *at, name)
        condition = DEMANDS[name].write({})
        # If a language lacks the sentence, it names the kind of demand: what the regime says is shown next to it.
        texts = {
            f"{name}_{language}": text
            for language, text in localized("condition", name).texts.items()
            if language != "en"
        }
        reads: tuple[tuple[Sql, str], ...] = ((ALWAYS, value),) if name == "missing" else ()
        if reads and value not in (*vocabulary().columns, "jurisdiction", "stale:law"):
            raise self.fail("must be a word that `dnc_missing` may have of any call", *at, name)
        return replace(condition, reads=reads, says=Words(in_languages(texts | table, name, "regimes", table["id"])))

    def _compiled(self, template: Template, value: Any, *at: str) -> Condition:
        if template is DEMANDS["hours"]:
            value = self._windows(value, *at)
        needed = [key for key, is_needed in template.keys.items() if is_needed]
        params = self.table(value, {key: _TYPES.get(key) for key in template.keys}, needed, *at)
        counted = ({"days": 30}, {"hours": 24})  # what the columns of attempts count
        if template is DEMANDS["max_attempts"] and {key: params[key] for key in params if key != "n"} not in counted:
            raise self.fail("must count the attempts of either days = 30 or hours = 24", *at)
        for key in params:
            self._parameter(key, params, *at)
        if template is DEMANDS["silence"]:
            params = {"jurisdiction": self.jurisdiction, "early": self.early}
        return template.write(params)

    def _parameter(self, key: str, params: dict[str, Any], *at: str) -> None:
        """Check one parameter of a demand or test; only what matches a closed list reaches SQL."""
        value, words = params[key], _PARAMETER_WORDS | {"holidays": self.holidays}
        if key in ("max_age", "registry_max_age"):
            self._age(value, AGES if "registry" in params else UNITS, *at, key)
        elif key in ("registry", "after_listed"):
            self.each(_ID, "a registry id", [value], *at, key)
        elif key in ("allowed", "forbidden"):
            self.each(_PREFIX, "an E.164 prefix", value or None, *at, key)  # an empty list says nothing
        elif key in words and value not in words[key] and not (key == "than" and type(value) is date):
            raise self.fail(f"{value!r} is not one of {', '.join(words[key])}", *at, key)
        goes_with, otherwise = _TOGETHER.get(key, (None, ""))
        if goes_with and not goes_with(params.keys()):
            raise self.fail(otherwise, *at, key)

    def _age(self, value: Any, units: Iterable[str], *at: str) -> None:
        """Check an age in one or several units."""
        if not self.table(value, dict.fromkeys(units, int), (), *at):
            raise self.fail(f"must give at least one of {', '.join(units)}", *at)

    def _windows(self, value: Any, *at: str) -> dict[str, Any]:
        """An `hours` table with its weekday keys collected under `windows`: ISO weekdays → spans."""
        if not isinstance(value, dict):
            raise self.fail("must be a table", *at)
        windows, rest = {}, {}
        for key, entry in value.items():
            first, _, last = key.partition("-")
            if first in _WEEKDAYS and (last or first) in _WEEKDAYS:
                start, end = _WEEKDAYS.index(first), _WEEKDAYS.index(last or first)
                windows[tuple(str(day + 1) for day in range(start, end + 1))] = self._spans(entry, *at, key)
            elif key == "windows":  # the key of what this function returns, not of a rules file
                raise self.fail(f"unknown key {key!r}; name weekdays such as mon or mon-fri", *at)
            else:
                rest[key] = self._spans(entry, *at, key) if key == "eve" else entry
        if not windows:
            raise self.fail("must name at least one weekday", *at)
        return {"windows": windows, **rest}

    def _spans(self, text: Any, *at: str) -> list[tuple[str, str]]:
        if not isinstance(text, str) or not _SPANS.fullmatch(text):
            raise self.fail("must be spans such as '10:00-13:00 14:00-20:00'", *at)
        return [(span[:5], span[6:]) for span in text.split()]

    def _check_chains(self, regimes: tuple[Regime, ...]) -> None:
        """Ids are unique, and a regime that follows another starts on the day the other ends."""
        by_id: dict[str, Regime] = {}
        for regime in regimes:
            if regime.id in by_id:
                raise self.fail("duplicate regime id", regime.id)
            by_id[regime.id] = regime
        for regime in regimes:
            if regime.follows is None:
                continue
            if regime.follows not in by_id:
                raise self.fail(f"{regime.follows!r} is not a regime of this file", regime.id, "follows")
            ended = by_id[regime.follows].until
            if ended != regime.first:
                kind = "a gap" if ended < regime.first else "an overlap"
                raise self.fail(
                    f"{kind}: {regime.follows} ends on {ended}; both days must be the same", regime.id, "from"
                )
