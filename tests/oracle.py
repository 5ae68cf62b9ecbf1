"""A second, independent reading of the rules: plain Python over dicts, where None is *not told*.

It reads the TOML itself, knows no SQL and shares no code with the engine, so
that what both say of a call is said twice. It takes rows in the one spelling
that the tests write them in; how files are read is tested elsewhere.
"""

from __future__ import annotations

import calendar
import re
import tomllib
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from importlib.resources import files
from zoneinfo import ZoneInfo

NEVER = date(9999, 12, 31)
LONG_AGO = date(1, 1, 1)
TODAY = date(2027, 6, 1)  # what is told of a later day has not happened
OPEN = {"unsettled", "not_read"}
DEMANDS = {"forbidden", "unlisted", "consent", "hours", "max_attempts", "pause", "cli", "not_objected"}
DEMANDS |= {"silence", "duty", "missing", *OPEN}
WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def read(name):
    """One file of rules."""
    return tomllib.loads(files("dnc.law").joinpath("rules", f"{name}.toml").read_text(encoding="utf-8"))


NAMES = [one.name[:-5] for one in files("dnc.law").joinpath("rules").iterdir() if one.name.endswith(".toml")]
PACKS = {name: read(name) for name in NAMES if name != "vocabulary"}
EVERYWHERE = PACKS.pop("everywhere")["regime"]
VOCABULARY = read("vocabulary")
AXES = {name: list(one["values"]) for name, one in VOCABULARY.items() if one["kind"] == "axis"}


@dataclass(frozen=True)
class Subscriber:
    """Whose number it is, told by hand: its law, territory, place, possible zones and kind of line."""

    number: str
    jurisdiction: str | None
    territory: str | None
    zones: tuple[str, ...] = ()
    place: str | None = None
    line: str | None = None


@dataclass
class Registry:
    """What a registry said, and when. snapshots: (as_of, covers, absent, campaign, number → (listed, since))."""

    snapshots: list[tuple[date, str, str, str | None, dict[str, tuple[bool | None, date | None]]]] = field(
        default_factory=list
    )

    def said(self, number, day, campaign=None):
        """(state, as_of, told) by the newest snapshot that speaks of a number and stood on a day."""
        stood = [one for one in self.snapshots if one[0] <= day]
        spoken = [one for one in stood if self.speaks(one, number)]
        spoken = [one for one in spoken if campaign is None or one[3] == campaign]
        if not spoken:
            return ("uncovered", None, None) if stood else (None, None, None)
        as_of, _, absent, _, listings = max(spoken, key=lambda one: one[0])
        listed, told = listings.get(number, (absent == "listed", None))
        told = told if told and told <= as_of else None
        return ("uncovered" if listed is None else "listed" if listed else "clear", as_of, told)

    @staticmethod
    def speaks(snapshot, number):
        """Whether a snapshot holds a number or is complete for it."""
        return number in snapshot[4] or bool(snapshot[1] and number.startswith(f"+{snapshot[1]}"))

    def listed_for(self, number, day):
        """For how many days a listed number has been so at most; None where that could be for ever.

        What nobody told is bounded by the last list that was complete and lacked the number; what was told counts only
        if no answer before that day says that it is listed.
        """
        _, as_of, told = self.said(number, day)
        if told and self.said(number, told - timedelta(days=1))[0] == "listed":
            return None
        if not any(one[0] == as_of and number in one[4] for one in self.snapshots):
            return None
        lacked = [
            one[0]
            for one in self.snapshots
            if one[0] < as_of and self.speaks(one, number) and number not in one[4] and one[2] == "clear"
        ]
        since = told or (max(lacked) + timedelta(days=1) if lacked else None)
        return since and (day - since).days


@dataclass
class Ledger:
    """The own opposition list.

    events: (number, day, word), in the order they were recorded; a word is `said` (an objection),
    `lifted`, or `unknown` (the list does not know).
    """

    loaded: date | None = None
    events: list[tuple[str, date, str]] = field(default_factory=list)

    def of(self, number):
        """The events of one number, with their order."""
        return [(at, told) for at, (who, *told) in enumerate(self.events) if who == number]

    def said(self, number, day):
        """`listed`, `clear`, or None."""
        eve = {"lifted": timedelta(0)}  # all else counts from the day before its own
        mine = sorted(
            (on, at, word) for at, (on, word) in self.of(number) if on - eve.get(word, timedelta(days=1)) <= day
        )
        lifts = [at for at, (_, _, word) in enumerate(mine) if word == "lifted"]
        words = {word for _, _, word in mine[lifts[-1] + 1 if lifts else 0 :]}
        if words:  # what is not understood counts as an objection
            return "listed"
        return "clear" if self.loaded and self.loaded <= day else None


# Three-valued logic


def all_of(values):
    """And."""
    values = list(values)
    return False if False in values else None if None in values else True


def any_of(values):
    """Or."""
    values = list(values)
    return True if True in values else None if None in values else False


def negated(value):
    """Not."""
    return None if value is None else not value


# Days


def months_later(day, months):
    """The same day some months later; the last of the month where that is too short."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def last_day(day, span):
    """The last day of a span that begins on a day, the stricter of several units."""
    ends = {
        "days": lambda n: day + timedelta(days=n),
        "months": lambda n: months_later(day, n),
        "years": lambda n: months_later(day, 12 * n),
        "quarters": lambda n: (
            months_later(day.replace(day=1, month=(day.month + 2) // 3 * 3 - 2), 3 * n) - timedelta(1)
        ),
    }
    return min(ends[unit](n) for unit, n in span.items())


def easter(year):
    """Easter Sunday (Gauss, as completed for the Gregorian calendar)."""
    a, b, c = year % 19, year // 100, year % 100
    h = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    k = (32 + 2 * (b % 4) + 2 * (c // 4) - h - c % 4) % 7
    m = (a + 11 * h + 22 * k) // 451
    return date(year, (h + k - 7 * m + 114) // 31, (h + k - 7 * m + 114) % 31 + 1)


FIXED = {
    "fr": "01-01 05-01 05-08 07-14 08-15 11-01 11-11 12-25",
    "es": "01-01 01-06 05-01 08-15 10-12 11-01 12-06 12-08 12-25",
    "it": "01-01 01-06 04-25 05-01 06-02 08-15 11-01 12-08 12-25 12-26",
    "au": "01-01 01-26 04-25 12-25 12-26",
}
# American holidays: those of the federation, and those that a state adds: (month, weekday, which of the month).
FEDERAL = [(1, 0, 3), (2, 0, 3), (5, 0, -1), (9, 0, 1), (10, 0, 2), (11, 3, 4)]
OF_STATE = {"us-al": [(4, 0, 4), (6, 0, 1)], "us-ms": [(4, 0, -1)], "us-ri": [(8, 0, 2)]}
FROM_EASTER = {"fr": (1, 39, 50), "es": (-2,), "it": (0, 1), "au": (-2, 1)}


def nth(year, month, weekday, which):
    """The first, second … weekday of a month; -1 is the last."""
    days = [day for day in calendar.Calendar().itermonthdates(year, month) if day.month == month]
    days = [day for day in days if day.weekday() == weekday]
    return days[which if which < 0 else which - 1]


def kept(day):
    """A day, and the weekday that is kept where it falls on a weekend."""
    return {day, day + timedelta(days={5: -1, 6: 1}.get(day.weekday(), 0))}


def american_holidays(name, year):
    """The days of the federation and of a state; New Year's Day on a Saturday is kept in the year before."""
    days = {nth(year, *one) for one in FEDERAL + OF_STATE.get(name, [])}
    fixed = ["01-01", "06-19", "07-04", "11-11", "12-25", *(["07-24"] if name == "us-ut" else [])]
    for day in fixed:
        days |= kept(date.fromisoformat(f"{year}-{day}"))
    days |= kept(date(year + 1, 1, 1))
    if name == "us-la":
        days |= {easter(year) - timedelta(days=47), easter(year) - timedelta(days=2)}
        if year % 2 == 0:
            days.add(nth(year, 11, 0, 1) + timedelta(days=1))
    if name == "us-pa":
        days.add(nth(year, 11, 3, 4) + timedelta(days=1))
    return {day for day in days if day.year == year}


def holidays(name, year):
    """The days of a calendar in a year, as the laws list them."""
    if name.startswith("us-"):
        return american_holidays(name, year)
    days = {date.fromisoformat(f"{year}-{day}") for day in FIXED[name].split()}
    if name == "it" and year >= 2026:
        days.add(date(year, 10, 4))
    if name == "au":
        days |= {instead for day in sorted(days) if day.month != 4 and (instead := observed(day))}
    return days | {easter(year) + timedelta(days=by) for by in FROM_EASTER[name]}


def observed(day):
    """The weekday that is kept everywhere instead of a day at the weekend."""
    if day.weekday() < 5:
        return None
    if day.month == 12:
        return day + timedelta(days=2)
    return day + timedelta(days=7 - day.weekday())


class Call:
    """One planned call as facts; `day` is None where it cannot be told."""

    def __init__(self, row, who, registries, own):
        self.row, self.who, self.registries, self.own = row, who, registries, own
        self.axes = {axis: row.get(axis) if row.get(axis) in words else None for axis, words in AXES.items()}
        self.defaults()
        self.where()
        self.when()
        dates = ("relationship_on", "consent_on", "consent_withdrawn_on", "objected_on", "refused_on", "consent_until")
        self.told = {name: self.date(name) for name in dates}
        odd = self.is_odd("consent") or self.is_odd("consent_for") or self.is_odd("consent_until")
        odd = odd or (bool(row.get("hours_agreed")) and span_of(row["hours_agreed"]) is None)
        if (odd or self.is_odd("consent_on")) and self.axes["consent"] != "none":
            self.axes["consent"] = None
        self.hours = row.get("hours_agreed")
        if self.day:
            self.weigh_consent()

    def weigh_consent(self):
        """Drop what is told of a consent that is none, was withdrawn, or was given after the day of the call.

        Of one of this day, which is past, nobody knows whether it was given before.
        """
        given, kind = self.told["consent_on"], self.axes["consent"]
        if kind != "none" and (self.has_come("consent_withdrawn_on") or (given and given > self.day)):
            kind = self.axes["consent"] = None
        if self.has_come("consent_withdrawn_on"):
            self.axes["consent"] = None
        if given == self.day or kind in (None, "none"):
            self.told["consent_on"] = None
        if kind in (None, "none"):
            self.axes["consent_for"] = self.told["consent_until"] = self.hours = None

    def defaults(self):
        """What an empty cell means."""
        if not self.row.get("purpose"):
            self.axes["purpose"] = VOCABULARY["caller"]["purpose"].get(self.axes["caller"])
        if not self.row.get("dialler"):
            self.axes["dialler"] = "robot" if self.axes["voice"] in ("recorded", "ai") else None
        self.axes["line"] = self.who.line or self.axes["line"]  # what the plan says is believed

    def where(self):
        """Jurisdiction, place, zones (None = not understood) and the territory of the polls."""
        told, who = self.row.get("place"), self.who
        self.jurisdiction, self.place, self.zones, self.polls = who.jurisdiction, who.place, who.zones, who.territory
        code = re.fullmatch(r"([A-Z]{2})-[A-Z0-9]{1,3}", told or "")
        if who.territory is None and who.number.startswith("+1800") and code and code[1] in ("US", "CA"):
            self.jurisdiction = code[1].lower()
        if not told or not self.jurisdiction:
            return
        if "/" in told:
            self.place, self.zones, self.polls = None, (told,), self.zone_territory(told)
        elif code and (there := self.place_territory(told)):
            pack = next(pack for pack in PACKS.values() if there in pack["regions"])
            zones = pack.get("places", {}).get(told) or pack["territories"][there]["zones"]
            self.place, self.zones, self.polls = told, tuple(zones), there
        else:
            self.place, self.zones, self.polls = None, None, None

    @staticmethod
    def zone_territory(zone):
        """A territory that keeps one zone alone."""
        return next(
            (where for pack in PACKS.values() for where, one in pack["territories"].items() if one["zones"] == [zone]),
            None,
        )

    @staticmethod
    def place_territory(place):
        """The territory that holds a place."""
        for pack in PACKS.values():
            for where, one in pack["territories"].items():
                if place in one.get("places", ()):
                    return where
        return next((place[:2] for pack in PACKS.values() if place[:2] in pack["regions"]), None)

    def when(self):
        """Day, whether a clock time was told, and the possible clock times (None = not known)."""
        text = self.row["call_at"]
        self.moment = read_moment(text)
        self.timed = isinstance(self.moment, datetime)
        self.clocks = None
        if not self.timed:
            self.day = self.moment
            if self.day:
                self.clocks = [datetime(self.day.year, self.day.month, self.day.day)]
            return
        zones = self.who.zones if self.zones is None else self.zones
        clocks = [self.moment] if self.moment.tzinfo is None else sorted(on_clock(self.moment, zone) for zone in zones)
        self.day = clocks[0].date() if clocks else self.moment.date()
        known = self.moment.tzinfo is None or (self.zones and clocks[-1] - clocks[0] <= timedelta(hours=6))
        self.clocks = clocks if known else None

    def date(self, name):
        """A date column; NEVER for told and none."""
        text = self.row.get(name)
        if not text:
            return NEVER if name in ("consent_withdrawn_on", "refused_on") else None
        if name in ("consent_withdrawn_on", "objected_on", "refused_on") and text in ("none", "no"):
            return NEVER
        moment = read_moment(text)
        day = moment.date() if isinstance(moment, datetime) else moment
        if day is None or (day > TODAY and name != "consent_until"):
            return LONG_AGO if name in ("objected_on", "consent_withdrawn_on") else None
        return day

    def is_odd(self, name):
        """Whether something is told and not understood."""
        told = self.row.get(name)
        return bool(told) and (told not in AXES[name] if name in AXES else self.date(name) in (None, LONG_AGO))

    def not_understood(self):
        """The columns with a cell that is not understood and has no meaning of its own, as that of `call_at` has."""
        row = self.row
        dates = ("relationship_on", "consent_on", "consent_until", "consent_withdrawn_on", "refused_on")
        odd = {name for name in (*AXES, *dates) if self.is_odd(name)}
        odd |= {name for name in ("attempts", "attempts_day") if row.get(name) and not row[name].isdigit()}
        tests = {
            "cli": is_shown,
            "hours_agreed": span_of,
            "appointment_at": self.is_comparable,
            "place": lambda _: self.zones is not None or not self.jurisdiction,
        }
        return odd | {name for name, is_read in tests.items() if row.get(name) and not is_read(row[name])}

    def is_comparable(self, appointment):
        """Whether a time that was agreed can be compared with that of the call."""
        agreed, zones = read_moment(appointment), self.zones or ()
        if not isinstance(agreed, datetime) or (len(zones) != 1 and is_instant(agreed) != is_instant(self.moment)):
            return False
        return bool(zones) or not is_instant(agreed)

    def agreed(self):
        """The time that was agreed, on the earliest possible clock; None where it cannot be compared."""
        moment = read_moment(self.row.get("appointment_at"))
        if not self.row.get("appointment_at") or not self.is_comparable(self.row["appointment_at"]):
            return None
        return min(on_clock(moment, zone) for zone in self.zones) if is_instant(moment) else moment

    def has_come(self, name):
        """Whether a day lies on or before that of the call; what is said against it counts from the day before."""
        eve = timedelta(days=name in ("objected_on", "consent_withdrawn_on", "refused_on"))
        return None if self.told[name] is None else self.told[name] <= self.day + eve


def span_of(text):
    """The first and the last minute of agreed hours, or None."""
    found = re.fullmatch(r"(\d\d):(\d\d) ?- ?(\d\d):(\d\d)", text)
    first, last = ((int(h) * 60 + int(m)) for h, m in (found.groups()[:2], found.groups()[2:])) if found else (1, 0)
    return (first, last) if first < last <= 24 * 60 else None


def is_instant(moment):
    """Whether a moment is the same in all zones."""
    return isinstance(moment, datetime) and moment.tzinfo is not None


def is_shown(text):
    """Whether a text is a number that is shown, or says that none is."""
    return re.fullmatch(r"withheld|\+?\d+", text)


def read_moment(text):
    """A day or a date-time, or None."""
    if not text:
        return None
    try:
        return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)
    except ValueError:
        return None


def on_clock(moment, zone):
    """A moment on the clock of a zone."""
    return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


class Reading:
    """What the rules of one pack come to for one call."""

    def __init__(self, call):
        self.call = call
        self.pack = PACKS[call.jurisdiction]

    # conditions

    def clause(self, data):
        """A table of conditions: lists are axes, tables are tests."""
        return all_of(
            getattr(self, name)(value) if isinstance(value, dict) else self.axis(name, value)
            for name, value in data.items()
        )

    def axis(self, name, words):
        """Whether an axis, or the place, has one of the words."""
        if name == "place_or_code" and self.call.who.place in words:
            return True
        told = self.call.place if name in ("place", "place_or_code") else self.call.axes[name]
        if name in ("place", "place_or_code") and told not in self.pack["places"]:
            return None
        return None if told is None else told in words

    def lawful(self, regime):
        """(applies, met) of a regime."""
        lifted = any_of(self.clause(clause) for clause in self.exceptions(regime))
        applies = all_of([self.clause(regime["when"]), negated(lifted)])
        [demand] = [name for name in DEMANDS if name in regime]
        met = True if demand == "duty" else None
        if demand not in ("duty", "missing", *OPEN):
            met = getattr(self, demand)(regime[demand])
        return applies, met

    def exceptions(self, regime):
        """The exceptions of a regime; the scope has none on days that were not read for."""
        is_read = self.pack["read_from"] <= self.call.day <= self.pack["read_until"]
        is_scope = regime["id"] == f"{self.call.jurisdiction}-scope"
        return regime.get("except", []) if is_read or not is_scope else []

    # demands and tests

    def forbidden(self, _):
        """Never met."""
        return False

    def unlisted(self, p):
        """Not on a registry, or for fewer than the days of grace, by an answer young enough."""
        call = self.call
        registry = call.registries[p["registry"]]
        state, as_of, told = registry.said(call.who.number, call.day)
        if p.get("same_campaign"):
            return self.same_campaign(p["registry"], state)
        if state != "listed" and p.get("if_answered"):
            return True
        if state == "listed":
            listed_for = registry.listed_for(call.who.number, call.day)
            return "grace_days" in p and listed_for is not None and listed_for < p["grace_days"]
        given = call.told["consent_on"]
        if state != "clear" or (p.get("for_consent") and not (given and told and told <= given)):
            return None
        return True if "max_age" not in p or call.day <= last_day(as_of, p["max_age"]) else None

    def same_campaign(self, registry, state):
        """Not on a registry, by the newest answer for the campaign of the call."""
        call = self.call
        if state not in ("listed", "clear") or not call.row.get("campaign"):
            return None
        answer, _, _ = call.registries[registry].said(call.who.number, call.day, call.row["campaign"])
        return {"listed": False, "clear": True}.get(answer)

    def consent(self, p):
        """A consent of the right kind, old enough, young enough, not withdrawn."""
        call = self.call
        scopes = {"named": ["named_caller", "written"], "written": ["written"]}
        words = scopes.get(p["scope"], ["named_caller", "written", "partners"])
        parts = [self.axis("consent", words), negated(call.has_come("consent_withdrawn_on"))]
        parts.append(any_of([self.axis("consent_for", ["both"]), self.fits_voice()]))
        given = call.told["consent_on"]
        if "max_age" in p:
            parts += [call.has_come("consent_on"), given and call.day <= last_day(given, p["max_age"])]
        else:
            parts.append(call.has_come("consent_on") is not False)
        until = call.told["consent_until"]
        parts += [until is None or call.day <= until, self.is_at_agreed_hour()]
        if until is None:
            parts.append(True if given and call.day <= months_later(given, 24) else None)
        if "after_listed" in p:
            parts += self.after_listed(p["after_listed"], p.get("registry_max_age"))
        return all_of(parts)

    def fits_voice(self):
        """Whether the consent is for calls by people, or by machines, and the call is one."""
        machine = self.axis("voice", ["recorded", "ai"])
        live = [self.axis("consent_for", ["live"]), negated(machine)]
        return any_of([all_of(live), all_of([self.axis("consent_for", ["automated"]), machine])])

    def is_at_agreed_hour(self):
        """Whether the call lies in the hours that were agreed, on all possible clocks; True where none were."""
        call = self.call
        if not call.hours or span_of(call.hours) is None:
            return True
        if not call.timed or call.clocks is None:
            return None
        first, last = span_of(call.hours)
        answers = {first <= clock.hour * 60 + clock.minute < last for clock in (call.clocks[0], call.clocks[-1])}
        return answers.pop() if len(answers) == 1 else None

    def after_listed(self, registry, max_age):
        """Whether the consent is younger than the registration, and the answer young enough to know."""
        given = self.call.told["consent_on"]
        state, as_of, told = self.call.registries[registry].said(self.call.who.number, self.call.day)
        if state not in ("listed", "clear"):
            return [None]
        younger = True if state == "clear" else given and given > (told or as_of)
        return [younger, True if not max_age or self.call.day <= last_day(as_of, max_age) else None]

    def within(self, p):
        """Whether the call lies in a span that begins on a told day."""
        begun = self.call.told[p["column"]]
        if begun is None:
            return None
        if "working_days" in p:
            end = begun
            for _ in range(p["working_days"]):
                end += timedelta(days=1)
                while end.weekday() == 6 or self.is_holiday(p.get("holidays"), end):
                    end += timedelta(days=1)
        else:
            end = last_day(begun, {unit: p[unit] for unit in ("days", "months", "years") if unit in p})
        return begun <= self.call.day <= end

    def later(self, p):
        """Whether one told day, or an appointment, lies after another, the day of the call, or a day of the rule."""
        if p["column"] == "appointment_at":
            agreed = self.call.agreed()
            return bool(agreed) and agreed > datetime.combine(self.call.day, datetime.min.time())
        one, other = self.call.told[p["column"]], self.call.told.get(p["than"], p["than"])
        return one and other and one > other

    def answered(self, p):
        """Whether a registry answers for the number; where it does not, nobody knows."""
        state, _, _ = self.call.registries[p["registry"]].said(self.call.who.number, self.call.day)
        return True if state in ("listed", "clear") else None

    def is_holiday(self, name, day):
        """Whether a day is in a calendar, which is held for the years of the pack and the next."""
        years = range(self.pack["read_from"].year, self.pack["read_until"].year + 2)
        return bool(name) and day.year in years and day in holidays(name, day.year)

    def hours(self, p):
        """Lawful on all possible clocks, on none (False), or on some (None)."""
        call = self.call
        if p.get("appointment") and self.is_agreed():
            return True
        if call.clocks is None:
            return None
        answers = {self.is_open(p, clock) for clock in call.clocks}
        return answers.pop() if len(answers) == 1 else None

    def is_open(self, p, clock):
        """Whether a clock time lies in a window of its day."""
        day = clock.date()
        window = next((text for key, text in p.items() if key[:3] in WEEKDAYS and falls_on(key, day)), None)
        if window is None or self.is_holiday(p.get("holidays"), day):
            return False
        if "eve" in p and self.is_holiday(p.get("holidays"), day + timedelta(days=1)):
            window = p["eve"]
        if not self.call.timed:
            return True
        told = clock.strftime("%H:%M:%S.%f")
        for span in window.split():
            first, last = (f"{end}:00.000000" for end in span.split("-"))
            if first <= told and (told <= last if p.get("ends") == "included" else told < last):
                return True
        return False

    def is_agreed(self):
        """Whether the call is at the time agreed to, to the minute, or on its day."""
        call, agreed = self.call, read_moment(self.call.row.get("appointment_at"))
        if not isinstance(agreed, datetime):
            return False
        if not call.timed:
            if agreed.tzinfo is None:
                return agreed.date() == call.day
            return len(call.zones or ()) == 1 and on_clock(agreed, call.zones[0]).date() == call.day
        if (agreed.tzinfo is None) == (call.moment.tzinfo is None):
            if agreed.tzinfo is not None and not call.clocks:
                return False
            return agreed.replace(second=0, microsecond=0) == call.moment.replace(second=0, microsecond=0)
        if len(call.zones or ()) != 1:
            return False
        local = [one if one.tzinfo is None else on_clock(one, call.zones[0]) for one in (agreed, call.moment)]
        return local[0].replace(second=0) == local[1].replace(second=0)

    def cli(self, p):
        """Whether the number shown is one that may be shown."""
        shown = self.call.row.get("cli")
        if not shown or not is_shown(shown):
            return None
        if shown == "withheld" and p.get("withheld") is False:
            return False
        if "allowed" in p and not shown.startswith(tuple(p["allowed"])):
            return False
        return not shown.startswith(tuple(p.get("forbidden", ["x"])))

    def not_objected(self, _):
        """No objection in the own list nor in the row."""
        state, told = self.call.own.said(self.call.who.number, self.call.day), self.call.told["objected_on"]
        if state == "listed" or self.call.has_come("objected_on"):
            return False
        return True if told == NEVER or state == "clear" else None  # one of a later day says nothing of this one

    def max_attempts(self, p):
        """Fewer attempts than allowed."""
        month, day = (
            int(told) if (told := self.call.row.get(name)) and told.isdigit() else None
            for name in ("attempts", "attempts_day")
        )
        if day is not None and ("hours" in p or day >= p["n"]):
            return day < p["n"]  # the calls of a day are among those of a month
        if month is None or ("hours" in p and month >= p["n"]):
            return None
        return month < p["n"]

    def pause(self, p):
        """Not in the pause after a day."""
        begun = self.call.told[p["after"]]
        if not (come := self.call.has_come(p["after"])):
            return None if come is None else True
        return self.call.day > begun + timedelta(days=p["days"])

    def silence(self, _):
        """Not on the eve or the day of a poll; None where there may be one, or none is known any more."""
        usual, early = self.silent(early=False), self.silent(early=True)
        if self.call.polls is None:
            return usual if usual == early else None
        return early if self.call.polls in self.pack["polls"]["early"] else usual

    def silent(self, early):
        """Whether no poll is on the day of the call or the day after it: False for one that is sure."""
        polls = self.pack["polls"]
        near = [
            one["confidence"] != "low"
            for one in polls["days"]
            for poll in [one["day"] - timedelta(days=int(early and one["early"]))]
            if self.call.day in (poll, poll - timedelta(days=1))
        ]
        return False if any(near) else None if near or self.call.day > polls["read_until"] else True


def falls_on(key, day):
    """Whether a weekday lies in `mon` or `mon-fri`."""
    first, _, last = key.partition("-")
    return WEEKDAYS.index(first) <= day.weekday() <= WEEKDAYS.index(last or first)


def verdicts(rows, people, registries, own, guidance="enforce"):
    """The verdict on each row of a list; `people` says whose its numbers are."""
    calls = [Call(row, people[row["number"]], registries, own) for row in rows]
    return [verdict(call, guidance) for call in calls]


def verdict(call, guidance):
    """Outcome, and the ids that the verdict names, each sorted and joined, as the columns of a check."""
    named = dict.fromkeys(("blocked_by", "undecided_by", "applies", "duties", "advice"), "")
    texts = ";".join(sorted(f"text:{name}" for name in call.not_understood()))
    if call.jurisdiction is None or call.day is None:
        return {"jurisdiction": call.jurisdiction or "", "outcome": "undecided", **named, "texts": texts}
    reading, sets = Reading(call), {name: [] for name in named}
    for regime in [*reading.pack["regime"], *EVERYWHERE]:
        if not regime.get("from", date.min) <= call.day < regime.get("until", date.max):
            continue
        applies, met = reading.lawful(regime)
        lawful = any_of([negated(applies), met])
        counts = regime.get("force", "law") != "guidance" or guidance == "enforce"
        if lawful is not True:
            sets[("blocked_by" if lawful is False else "undecided_by") if counts else "advice"].append(regime["id"])
        if applies:
            sets["applies"].append(regime["id"])
        if "duty" in regime and applies is not False:
            sets["duties"].append(regime["id"])
    outcome = "blocked" if sets["blocked_by"] else "undecided" if sets["undecided_by"] or texts else "clear"
    found = {name: ";".join(sorted(ids)) for name, ids in sets.items()}
    found["texts"] = texts if outcome == "undecided" else ""
    return {"jurisdiction": call.jurisdiction, "outcome": outcome, **found}
