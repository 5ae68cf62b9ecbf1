"""The demands: each has a truth table of true, false and NULL (not told)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime
from functools import cache

import duckdb
import pytest

from dnc import Rulebook
from dnc.law.demands import DEMANDS, FACTS, REGISTRY_FACTS, TESTS, registry_column
from dnc.law.rule_file import read_pack
from dnc.law.vocabulary import vocabulary

HEAD = """
jurisdiction = "xx"
regions = ["FR", "GP"]
read_from = 2020-01-01
read_until = 2029-12-31
[territories]
FR = { zones = ["Europe/Paris"] }
[holidays.fr]
country = "FR"
cites = ["C"]
[polls]
read_until = 2027-05-02
early = ["GP"]
days = [
    { name = "both", day = 2026-03-15, early = false, confidence = "high" },
    { name = "Saturday there", day = 2027-04-18, early = true, confidence = "high" },
    { name = "not sure", day = 2027-04-11, early = true, confidence = "low" },
]
cites = ["C"]
[cites]
C = { text = "a text", url = "", read = 2026-11-24 }
[[regime]]
id = "xx-x"
says = "x"
cites = ["C"]
"""
NEVER = date(9999, 12, 31)
DEFAULTS = {
    "day": date(2026, 10, 5),
    "consent_withdrawn_on": NEVER,
    "lacks": "",
    "consent_fresh": date(9999, 1, 1),
    "at_agreed_hour": "yes",
    "refused_on": NEVER,
    "polls": "FR",
    "timed": False,
}


def at(text: str) -> dict[str, object]:
    """The facts of a call at a local time."""
    moment = datetime.fromisoformat(text)
    return {"day": moment.date(), "at_first": moment, "at_last": moment, "timed": True}


def on(text: str) -> dict[str, object]:
    """The facts of a call on a day without a time."""
    midnight = datetime.fromisoformat(text)
    return {"day": midnight.date(), "at_first": midnight, "at_last": midnight, "timed": False}


def answer(
    state: str | None, as_of: str | None = None, registry: str = "fr_bloctel", **more: object
) -> dict[str, object]:
    """The facts of what a registry said."""
    return {registry: state, f"{registry}_as_of": as_of and date.fromisoformat(as_of)} | {
        f"{registry}_{name}": value for name, value in more.items()
    }


def called(month: int | None, day: int | None = None) -> dict[str, object]:
    """The facts of a person who was called so often in thirty days, and in one; None where it is not known."""
    return {"attempts": month, "attempts_most": month, "attempts_day": day, "attempts_day_most": day}


@cache
def engine() -> duckdb.DuckDBPyConnection:
    """A database for all rows of the table."""
    return duckdb.connect()


def truth(regime: str, facts: dict[str, object]) -> tuple[bool | None, set[str]]:
    """What the demand of a regime comes to for facts, and what was not told where it is NULL."""
    pack = read_pack("xx.toml", HEAD + regime)
    [one] = pack.regimes
    kinds = FACTS | dict.fromkeys(vocabulary().axes, "VARCHAR")
    for registry in {id_ for part in one.parts for id_ in part.registries}:
        kinds |= {registry.replace("-", "_") + suffix: kind for suffix, kind in REGISTRY_FACTS.items()}
    told = DEFAULTS | facts
    columns = ", ".join(f"${name}::{kind} as {name}" for name, kind in kinds.items())
    with engine().cursor() as con:
        for name, body in pack.macros.items():
            con.execute(f"create or replace macro {name}() as {body}")
        words = [f"({sql}) as r{at}" for at, (sql, _) in enumerate(one.demanded.reads)]
        query = f"select {', '.join([f'({one.demanded.sql}) as value', *words])} from (select {columns})"
        value, *untold = con.execute(query, {name: told.get(name) for name in kinds}).fetchone()
    missing = {word for (_, word), is_untold in zip(one.demanded.reads, untold, strict=True) if is_untold}
    return value, (missing if value is None else set())


BLOCTEL = 'when = {}\nunlisted = { registry = "fr-bloctel", max_age = { months = 1 } }'
CAMPAIGN = 'when = {}\nunlisted = { registry = "fr-bloctel", same_campaign = true }'
GRACE = 'when = {}\nunlisted = { registry = "gb-tps", max_age = { days = 28 }, grace_days = 28 }'
YEAR = 'when = {}\nconsent = { scope = "named", max_age = { days = 365, years = 1 } }'
PLAIN = 'when = {}\nconsent = { scope = "named" }'
AFTER = 'when = {}\nconsent = { scope = "named", after_listed = "it-rpo" }'
HOURS = 'when = {}\nhours = { mon-fri = "10:00-13:00 14:00-20:00", holidays = "fr", appointment = true }'
LATE = 'when = {}\nhours = { mon-fri = "09:00-20:00", sat = "10:00-19:00", eve = "10:00-19:00", ends = "included", holidays = "fr" }'
LOADED = 'when = {}\nunlisted = { registry = "gb-ctps", grace_days = 28, if_answered = true }'
QUARTER = 'when = {}\nunlisted = { registry = "us-tx-dnc", max_age = { quarters = 1 } }'
CALLS = "when = {}\nmax_attempts = { n = 4, days = 30 }"
A_DAY = "when = {}\nmax_attempts = { n = 3, hours = 24 }"
PAUSE = 'when = {}\npause = { days = 60, after = "refused_on" }'
ROOTS = 'when = {}\ncli = { allowed = ["+33162", "+5909475"], withheld = false }'
SHOWN = "when = {}\ncli = { withheld = false }"
BARRED = 'when = {}\ncli = { forbidden = ["+346"], withheld = false }'
OBJECTION = "when = {}\nnot_objected = {}"
SILENCE = "when = {}\nsilence = {}"
NAMED = {"consent": "named_caller", "consent_for": "live", "voice": "human"}
NO_VOICE = {"consent": "named_caller", "consent_for": "both"}


TABLE = [
    ("when = {}\nforbidden = {}", {}, False, ""),
    ('when = {}\nduty = "say who you are"', {}, True, ""),
    ('when = {}\nunsettled = "contested"', {}, None, ""),
    ('when = {}\nnot_read = "the law of this place"', {}, None, ""),
    ('when = {}\nmissing = "purpose"', {}, None, "purpose"),
    # unlisted: listed stays listed, clear grows stale, silence is not clear
    (BLOCTEL, answer("clear", "2026-09-05"), True, ""),
    (BLOCTEL, answer("clear", "2026-09-04"), None, "stale:fr-bloctel"),
    (BLOCTEL, answer("listed", "2020-01-01"), False, ""),
    (BLOCTEL, answer("uncovered"), None, "uncovered:fr-bloctel"),
    (BLOCTEL, answer(None), None, "registry:fr-bloctel"),
    (BLOCTEL, answer("clear", "2024-01-31") | on("2024-02-29"), True, ""),
    (BLOCTEL, answer("clear", "2024-01-31") | on("2024-03-01"), None, "stale:fr-bloctel"),
    (BLOCTEL, answer("clear", "2025-02-28") | on("2025-03-28"), True, ""),
    (BLOCTEL, answer("clear", "2025-02-28") | on("2025-03-31"), None, "stale:fr-bloctel"),
    (CAMPAIGN, answer("clear", "2020-01-01", campaign="clear") | {"campaign": "c7"}, True, ""),
    (CAMPAIGN, answer("clear", "2020-01-01", campaign="listed") | {"campaign": "c7"}, False, ""),
    (CAMPAIGN, answer("clear", "2020-01-01") | {"campaign": "c7"}, None, "stale:fr-bloctel"),
    (CAMPAIGN, answer("clear", "2020-01-01"), None, "campaign"),
    (CAMPAIGN, answer(None) | {"campaign": "c7"}, None, "registry:fr-bloctel"),
    (CAMPAIGN, answer("uncovered"), None, "uncovered:fr-bloctel"),
    # an answer that lasts until its calendar quarter ends
    (QUARTER, answer("clear", "2026-10-01", "us_tx_dnc") | on("2026-12-31"), True, ""),
    (QUARTER, answer("clear", "2026-12-31", "us_tx_dnc") | on("2026-12-31"), True, ""),
    (QUARTER, answer("clear", "2026-12-31", "us_tx_dnc") | on("2027-01-01"), None, "stale:us-tx-dnc"),
    (GRACE, answer("listed", "2026-10-01", "gb_tps", since=date(2026, 9, 8)), True, ""),
    (GRACE, answer("listed", "2026-10-01", "gb_tps", since=date(2026, 9, 7)), False, ""),
    (GRACE, answer("listed", "2026-10-01", "gb_tps"), False, ""),
    # only an answer that is loaded counts
    (LOADED, answer("listed", "2026-10-01", "gb_ctps", since=date(2026, 9, 8)), True, ""),
    (LOADED, answer("listed", "2026-10-01", "gb_ctps", since=date(2026, 9, 7)), False, ""),
    (LOADED, answer("clear", "2020-01-01", "gb_ctps"), True, ""),
    (LOADED, answer("uncovered", None, "gb_ctps"), True, ""),
    (LOADED, answer(None, None, "gb_ctps"), True, ""),
    # consent: scope, kind of call, age, withdrawal; what fails fails whatever else is missing
    (YEAR, NAMED | {"consent_on": date(2026, 9, 1)}, True, ""),
    (YEAR, NAMED | {"consent_on": date(2025, 10, 5)}, True, ""),
    (YEAR, NAMED | {"consent_on": date(2025, 10, 4)}, False, ""),
    (YEAR, NAMED | {"consent_on": date(2026, 10, 6)}, False, ""),
    (YEAR, NAMED | {"consent_on": date(2027, 9, 1)} | on("2028-08-31"), True, ""),
    (YEAR, NAMED | {"consent_on": date(2027, 9, 1)} | on("2028-09-01"), False, ""),
    (YEAR, NAMED | {"consent_on": date(2024, 2, 29)} | on("2025-02-28"), True, ""),
    (YEAR, NAMED | {"consent_on": date(2024, 2, 29)} | on("2025-03-01"), False, ""),
    (YEAR, NAMED, None, "consent_on"),
    (YEAR, {"consent": "named_caller", "consent_on": date(2026, 9, 1)}, None, "consent_for"),
    (YEAR, {"consent_for": "both", "consent_on": date(2026, 9, 1)}, None, "consent"),
    (YEAR, {"consent": "none"}, False, ""),
    (YEAR, {"consent": "partners"}, False, ""),
    (YEAR, NAMED | {"consent": "written", "consent_for": "automated"}, False, ""),
    (PLAIN, NAMED | {"voice": "ai"}, False, ""),
    (PLAIN, NAMED | {"voice": "ai", "consent_for": "automated"}, True, ""),
    (PLAIN, NAMED | {"voice": None}, None, "voice"),
    (PLAIN, NO_VOICE | {"consent": "partners"}, False, ""),
    (PLAIN, NAMED | {"consent_for": None}, None, "consent_for"),
    (YEAR, NAMED | {"consent_on": date(2026, 9, 1), "consent_withdrawn_on": date(2026, 10, 5)}, False, ""),
    (YEAR, NAMED | {"consent_on": date(2026, 9, 1), "consent_withdrawn_on": date(2026, 10, 6)}, False, ""),
    (YEAR, NAMED | {"consent_on": date(2026, 9, 1), "consent_withdrawn_on": date(2026, 10, 7)}, True, ""),
    # a consent ends with its own last day where that comes first, and does not cover hours outside those agreed
    # what is not known of a consent leaves it open, unless it is none whatever that is
    (YEAR, NAMED | {"consent_on": date(2026, 9, 1), "lacks": "proof"}, None, "proof"),
    (YEAR, NAMED | {"consent_on": date(2026, 9, 1), "lacks": "sector"}, None, "sector"),
    (YEAR, NAMED | {"consent_on": date(2025, 10, 4), "lacks": "proof"}, False, ""),
    (PLAIN, NO_VOICE | {"lacks": "channel"}, None, "channel"),
    # one without a last day grows too old, and nobody knows how old one without a day is
    (PLAIN, NO_VOICE | {"consent_fresh": date(2026, 10, 5)}, True, ""),
    (PLAIN, NO_VOICE | {"consent_fresh": date(2026, 10, 4)}, None, "stale:consent"),
    (PLAIN, NO_VOICE | {"consent_fresh": date(2026, 10, 4), "consent_until": date(2026, 10, 5)}, True, ""),
    (PLAIN, NO_VOICE | {"consent_fresh": None}, None, "consent_on"),
    (YEAR, NAMED | {"consent_on": date(2026, 9, 1), "consent_until": date(2026, 10, 5)}, True, ""),
    (YEAR, NAMED | {"consent_on": date(2026, 9, 1), "consent_until": date(2026, 10, 4)}, False, ""),
    (YEAR, NAMED | {"consent_on": date(2025, 10, 4), "consent_until": date(2027, 1, 1)}, False, ""),
    (PLAIN, NO_VOICE | {"consent_until": date(2026, 10, 4)}, False, ""),
    (PLAIN, NO_VOICE | {"at_agreed_hour": "no"}, False, ""),
    (PLAIN, NO_VOICE | {"at_agreed_hour": "call_at"}, None, "call_at"),
    (PLAIN, NO_VOICE | {"at_agreed_hour": "place"}, None, "place"),
    (PLAIN, {"consent": "none", "at_agreed_hour": "call_at"}, False, ""),
    (PLAIN, NO_VOICE, True, ""),
    (PLAIN, NO_VOICE | {"consent_on": date(2026, 10, 6)}, False, ""),
    (AFTER, NAMED | answer("clear", "2026-10-01", "it_rpo"), True, ""),
    (AFTER, NAMED | answer("listed", "2026-10-01", "it_rpo"), None, "consent_on"),
    (AFTER, NAMED | answer("listed", "2026-10-01", "it_rpo") | {"consent_on": date(2026, 10, 2)}, True, ""),
    (AFTER, NAMED | answer("listed", "2026-10-01", "it_rpo") | {"consent_on": date(2026, 10, 1)}, False, ""),
    (AFTER, NAMED | answer(None, None, "it_rpo"), None, "registry:it-rpo"),
    # hours: open at 10 and 14, closed at 13 and 20, Saturdays, Sundays and holidays
    (HOURS, at("2026-10-05T10:00"), True, ""),
    (HOURS, at("2026-10-05T09:59:59"), False, ""),
    (HOURS, at("2026-10-05T12:59:59"), True, ""),
    (HOURS, at("2026-10-05T13:00"), False, ""),
    (HOURS, at("2026-10-05T14:00"), True, ""),
    (HOURS, at("2026-10-05T20:00"), False, ""),
    (HOURS, at("2026-10-03T11:00"), False, ""),
    (HOURS, at("2026-11-11T11:00"), False, ""),
    (HOURS, at("2026-05-14T11:00"), False, ""),
    (HOURS, on("2026-10-05"), True, ""),
    (HOURS, on("2026-10-04"), False, ""),
    (HOURS, at("2026-10-03T18:00") | {"appointment_at": datetime(2026, 10, 3, 18)}, True, ""),
    (HOURS, at("2026-10-03T18:01") | {"appointment_at": datetime(2026, 10, 3, 18)}, False, ""),
    (HOURS, on("2026-10-03") | {"appointment_at": datetime(2026, 10, 3, 18)}, True, ""),
    (HOURS, at("2026-10-05T11:00") | {"at_last": datetime(2026, 10, 5, 13, 30)}, None, "place"),
    (HOURS, at("2026-10-05T11:00") | {"at_last": datetime(2026, 10, 5, 12, 0)}, True, ""),
    (HOURS, {"timed": True}, None, "place"),
    (HOURS, on("2026-10-05") | {"timed": None}, None, "call_at"),  # a day alone, at a gate
    (HOURS, on("2026-10-04") | {"timed": None}, False, ""),
    (LATE, at("2026-10-05T20:00:00"), True, ""),
    (LATE, at("2026-10-05T20:00:01"), False, ""),
    (LATE, at("2026-11-10T09:30"), False, ""),  # the day before a holiday
    (LATE, at("2026-11-10T19:00"), True, ""),
    (LATE, at("2026-10-03T10:00"), True, ""),
    # attempts, pauses
    (CALLS, called(3), True, ""),
    (CALLS, called(4), False, ""),
    (CALLS, {}, None, "attempts"),
    (CALLS, called(0, 4), False, ""),  # many in a day are many in thirty
    (CALLS, called(None, 4), False, ""),
    (CALLS, called(None, 3), None, "attempts"),
    (A_DAY, called(None, 2), True, ""),
    (A_DAY, called(0, 3), False, ""),
    (A_DAY, called(9, 0), True, ""),
    (A_DAY, called(2), True, ""),  # few in thirty days are few in one
    (A_DAY, called(3), None, "attempts_day"),
    (A_DAY, {}, None, "attempts_day"),
    # what is known at least forbids, and what may be at most leaves it open
    (CALLS, called(4) | {"attempts_most": None}, False, ""),
    (CALLS, called(3) | {"attempts_most": None}, None, "attempts"),
    (CALLS, called(3) | {"attempts_most": 4}, None, "call_at"),
    (CALLS, called(4) | {"attempts_most": 5}, False, ""),
    (A_DAY, called(9, 3) | {"attempts_day_most": None}, False, ""),
    (A_DAY, called(9, 2) | {"attempts_day_most": None}, None, "attempts_day"),
    (A_DAY, called(9, 2) | {"attempts_day_most": 3}, None, "call_at"),
    (PAUSE, {"refused_on": date(2024, 1, 12)} | on("2024-03-12"), False, ""),
    (PAUSE, {"refused_on": date(2024, 1, 11)} | on("2024-03-12"), True, ""),
    (PAUSE, {"refused_on": date(2026, 10, 5)}, False, ""),
    (PAUSE, {"refused_on": date(2026, 10, 6)}, False, ""),
    (PAUSE, {"refused_on": date(2026, 10, 7)}, True, ""),
    (PAUSE, {"refused_on": NEVER}, True, ""),
    (PAUSE, {"refused_on": None}, None, "refused_on"),
    # the number shown
    (ROOTS, {"cli": "+33162000007"}, True, ""),
    (ROOTS, {"cli": "+590947500000"}, True, ""),
    (ROOTS, {"cli": "+33199009000"}, False, ""),
    (ROOTS, {"cli": "3600"}, False, ""),
    (ROOTS, {"cli": "withheld"}, False, ""),
    (ROOTS, {}, None, "cli"),
    (SHOWN, {"cli": "3600"}, True, ""),
    (SHOWN, {"cli": "withheld"}, False, ""),
    (BARRED, {"cli": "+34600000000"}, False, ""),
    (BARRED, {"cli": "+34910000000"}, True, ""),
    # objections: the own list beats the file, and a day to come is not yet one, but for the next, as days differ by zone
    (OBJECTION, {"objected_on": date(2026, 10, 5)}, False, ""),
    (OBJECTION, {"objected_on": date(2026, 10, 6)}, False, ""),
    (OBJECTION, {"objected_on": date(2026, 10, 7)}, True, ""),
    (OBJECTION, {"objected_on": NEVER}, True, ""),
    (OBJECTION, {"own": "clear", "own_told": date(2026, 10, 5)}, True, ""),
    (OBJECTION, {"own": "clear", "own_told": date(2026, 10, 4)}, None, "stale:own"),
    (OBJECTION, {"own": "clear", "own_told": date(2026, 10, 4), "objected_on": NEVER}, True, ""),
    (OBJECTION, {"own": "clear", "own_told": date(2026, 10, 5), "objected_on": date(2026, 10, 5)}, False, ""),
    (OBJECTION, {"own": "listed", "objected_on": NEVER}, False, ""),
    (OBJECTION, {}, None, "registry:own"),
    # silence: the eve and the day of the poll, a day earlier where they vote on Saturday
    (SILENCE, on("2026-03-13"), True, ""),
    (SILENCE, on("2026-03-14"), False, ""),
    (SILENCE, on("2026-03-15"), False, ""),
    (SILENCE, on("2027-04-16"), True, ""),
    (SILENCE, on("2027-04-16") | {"polls": "GP"}, False, ""),
    (SILENCE, on("2027-04-18") | {"polls": "GP"}, True, ""),
    (SILENCE, on("2026-03-14") | {"polls": "GP"}, False, ""),
    (SILENCE, on("2027-04-16") | {"polls": None}, None, "place"),
    (SILENCE, on("2027-04-17") | {"polls": None}, False, ""),
    # where there may be a poll, and after the last that is known
    (SILENCE, on("2027-04-09"), True, ""),
    (SILENCE, on("2027-04-09") | {"polls": "GP"}, None, "stale:law"),
    (SILENCE, on("2027-04-11"), None, "stale:law"),
    (SILENCE, on("2027-04-09") | {"polls": None}, None, "place"),
    (SILENCE, on("2027-05-02"), True, ""),
    (SILENCE, on("2027-05-03"), None, "stale:law"),
]


@pytest.mark.parametrize(("regime", "facts", "value", "missing"), TABLE)
def test_truth_table(regime, facts, value, missing):
    """Each demand is true, false or NULL as the law's definitions say, and NULL names what would decide it."""
    assert truth(regime, facts) == (value, set(filter(None, missing.split(";"))))


WITHIN = 'when = { within = { column = "relationship_on", %s } }\nforbidden = {}'
FIVE = 'working_days = 5, holidays = "fr"'


@pytest.mark.parametrize(
    ("span", "asked", "day", "value"),
    [
        (FIVE, "2026-10-02", "2026-10-08", True),
        (FIVE, "2026-10-02", "2026-10-09", False),
        (FIVE, "2026-11-06", "2026-11-13", True),  # the 11th is a holiday
        (FIVE, "2026-11-06", "2026-11-14", False),
        (FIVE, "2026-10-02", "2026-10-01", False),
        (FIVE, None, "2026-10-05", None),
        ("months = 18", "2024-02-29", "2025-08-29", True),
        ("months = 18", "2024-02-29", "2025-08-30", False),
        ("months = 3", "2026-08-31", "2026-11-30", True),
        ("months = 3", "2026-08-31", "2026-12-01", False),
        ("days = 30", "2026-10-01", "2026-10-31", True),
        ("days = 30", "2026-10-01", "2026-11-01", False),
    ],
)
def test_within(span, asked, day, value):
    """A span counts its last day, months are the calendar's, working days are Monday to Saturday."""
    pack = read_pack("xx.toml", HEAD + WITHIN % span)
    [condition] = pack.regimes[0].when
    with duckdb.connect() as con:
        for name, body in pack.macros.items():
            con.execute(f"create macro {name}() as {body}")
        facts = "select $day::date as day, $asked::date as relationship_on"
        [(found,)] = con.execute(f"select {condition.sql} from ({facts})", {"day": day, "asked": asked}).fetchall()
    assert found is value


@pytest.mark.parametrize(
    ("consented", "refused", "lacks", "value"),
    [
        (date(2026, 9, 2), date(2026, 9, 1), "", True),
        (date(2026, 9, 1), date(2026, 9, 1), "", False),
        (date(2026, 9, 1), NEVER, "", False),
        (None, date(2026, 9, 1), "", None),
        (date(2026, 9, 1), None, "", None),
        (date(2026, 9, 2), date(2026, 9, 1), "channel", None),
        (date(2026, 9, 1), date(2026, 9, 1), "channel", False),
    ],
)
def test_one_day_after_another(consented, refused, lacks, value):
    """A day of its own after another lifts; the same day does not, both have to be told, and the consent has to count."""
    pack = read_pack(
        "xx.toml", HEAD + 'when = { later = { column = "consent_on", than = "refused_on" } }\nforbidden = {}'
    )
    [condition] = pack.regimes[0].when
    with duckdb.connect() as con:
        facts = "select $consented::date as consent_on, $refused::date as refused_on, $lacks as lacks"
        told = {"consented": consented, "refused": refused, "lacks": lacks}
        [(found,)] = con.execute(f"select {condition.sql} from ({facts})", told).fetchall()
    assert found is value


@pytest.mark.parametrize(
    ("test", "told", "value"),
    [
        ('column = "appointment_at", than = "day"', "2026-10-06 09:00", True),
        ('column = "appointment_at", than = "day"', "2026-10-05 00:01", True),
        ('column = "appointment_at", than = "day"', "2026-10-04 23:59", False),
        ('column = "appointment_at", than = "day"', None, False),
        ('column = "relationship_on", than = 2026-08-10', "2026-08-11", True),
        ('column = "relationship_on", than = 2026-08-10', "2026-08-10", False),
        ('column = "relationship_on", than = 2026-08-10', None, None),
    ],
)
def test_later_than_a_day(test, told, value):
    """An appointment that is still to come on the day of the call, none where none is told; a day after one that the rule names."""
    pack = read_pack("xx.toml", HEAD + f"when = {{ later = {{ {test} }} }}\nforbidden = {{}}")
    [condition] = pack.regimes[0].when
    facts = "select $told::timestamp as appointment_at, $told::date as relationship_on, date '2026-10-05' as day"
    with duckdb.connect() as con:
        [(found,)] = con.execute(f"select {condition.sql} from ({facts})", {"told": told}).fetchall()
    assert found is value


@pytest.mark.parametrize(
    ("place", "code", "value"),
    [
        ("US-FL", "US-OH", True),
        ("US-OH", "US-FL", True),
        (None, "US-FL", True),
        ("US-OH", "US-OH", False),
        ("US-OH", None, False),
        ("US-ZZ", "US-OH", None),
        ("US-ZZ", "US-FL", True),
        (None, "US-OH", None),
        (None, None, None),
    ],
)
def test_a_place_or_its_area_code(place, code, value):
    """Where the person is counts beside where the number has its area code; a place not told or not known may be any."""
    zone = '["America/New_York"]'
    places = "[places]\n" + "".join(f"US-{state} = {zone}\n" for state in ("FL", "MD", "OH"))
    head = HEAD.replace("[holidays.fr]", f"{places}[holidays.fr]")
    pack = read_pack("xx.toml", head + 'when = { place_or_code = ["US-FL", "US-MD"] }\nforbidden = {}')
    [condition] = pack.regimes[0].when
    with duckdb.connect() as con:
        facts = "select $place::varchar as place, $code::varchar as plan_place"
        [(found,)] = con.execute(f"select {condition.sql} from ({facts})", {"place": place, "code": code}).fetchall()
    assert found is value


@pytest.mark.parametrize(
    ("state", "value", "missing"),
    [
        ("listed", True, set()),
        ("clear", True, set()),
        ("uncovered", None, {"uncovered:us-fl-dnc"}),
        (None, None, {"registry:us-fl-dnc"}),
    ],
)
def test_answered(state, value, missing):
    """Any answer of a registry holds, and none is not known: it never makes a condition false."""
    pack = read_pack("xx.toml", HEAD + 'when = { answered = { registry = "us-fl-dnc" } }\nforbidden = {}')
    [condition] = pack.regimes[0].when
    asked = ", ".join([condition.sql, *(unknown for unknown, _ in condition.reads)])
    with duckdb.connect() as con:
        facts = "select $state::varchar as us_fl_dnc"
        [found] = con.execute(f"select {asked} from ({facts})", {"state": state}).fetchall()
    assert found[0] is value
    assert {word for is_unknown, (_, word) in zip(found[1:], condition.reads, strict=True) if is_unknown} == missing


def test_every_demand_has_a_truth_table():
    """True, false and null each have a row in the table, or the kind has a test of its own; constants have one value."""
    rows = {(re.match(r"when = \{\}\n(\w+)", regime)[1], value) for regime, _, value, _ in TABLE}
    alone = {"within": test_within, "later": test_one_day_after_another, "answered": test_answered}
    constant = {"forbidden": [False], "duty": [True], "unsettled": [None], "not_read": [None], "missing": [None]}
    for name in {*DEMANDS, *TESTS} - {*alone}:
        for value in constant.get(name, [True, False, None]):
            assert (name, value) in rows


def test_an_expression_knows_its_columns():
    """What the shipped rules compile to reads the columns that it says, all of them and no other."""
    book = Rulebook.load()
    kinds = FACTS | dict.fromkeys(vocabulary().axes, "VARCHAR")
    kinds |= {
        registry_column(id_, suffix): REGISTRY_FACTS[suffix] for id_ in book.registries() for suffix in REGISTRY_FACTS
    }
    parts = [part for regime in book.by_id.values() for part in regime.parts]
    expressions = {sql for part in parts for sql in (part.sql, *part.ends, *(unknown for unknown, _ in part.reads))}
    assert len(expressions) > 250

    def binds(sql: str, columns: Iterable[str]) -> bool:
        cells = ", ".join(["null as nothing", *(f"null::{kinds[name]} as {name}" for name in columns)])
        try:
            book.evaluator.sql(f"select {sql} from (select {cells})")
        except duckdb.BinderException:
            return False
        return True

    wrong = [sql for sql in expressions if not binds(sql, sql.columns)]
    wrong += [sql for sql in expressions if any(binds(sql, sql.columns - {name}) for name in sql.columns)]
    assert wrong == []
