"""The demands and tests that a regime may use: a closed list, in which each is compiled to one SQL expression.

The expressions read a table `facts` with one row per call: the axes of the
vocabulary, the columns of `FACTS`, and for each registry that is looked up the
columns of `REGISTRY_FACTS`, prefixed with its id (hyphens become underscores).
Calendars are SQL macros without arguments; `dnc.law.rule_file` writes them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from functools import cache, reduce
from itertools import chain
from operator import add
from typing import Any

import msgspec

from dnc.law.condition import ALWAYS, Condition, Sql, all_sql, is_unknown, one_of
from dnc.law.limits import Limit
from dnc.law.vocabulary import vocabulary
from dnc.messages import LANGUAGES, Words, calendar_day, duration, localized, registry_name
from dnc.registries import OWN

FACTS = {
    "day": "DATE",  # local day of the call; it decides which law is in force
    "at_first": "TIMESTAMP",  # local time of the call in the earliest of its possible zones
    "at_last": "TIMESTAMP",  # local time in the latest of them
    "timed": "BOOLEAN",  # whether the call has a clock time; if not, it may be at any; NULL = at one that is not known
    "appointment_at": "TIMESTAMP",  # local time that the person agreed to
    "polls": "VARCHAR",  # territory whose polls count; NULL if `place` was not understood
    "place": "VARCHAR",  # ISO 3166-2, as given or from the numbering plan; NULL if unknown or given as a zone
    "plan_place": "VARCHAR",  # ISO 3166-2 of the number's area code, wherever the person is; NULL if it has none
    "cli": "VARCHAR",  # '+…', a short number, or 'withheld'
    "relationship_on": "DATE",
    "consent_on": "DATE",
    "consent_until": "DATE",  # last day for which consent was given; NULL = no such day was agreed
    "consent_fresh": "DATE",  # last day on which one without such a day is not too old; NULL = it has no day
    "lacks": "VARCHAR",  # why it is not known whether the consent counts: a word of `LACKS`; '' where it does
    "at_agreed_hour": "VARCHAR",  # yes (also if no hours were agreed), no, or what is missing: call_at, place
    "consent_withdrawn_on": "DATE",  # never NULL: 9999-12-31 = none
    "objected_on": "DATE",  # 9999-12-31 = it is known that there is none
    "refused_on": "DATE",  # 9999-12-31 = none
    "attempts": "INTEGER",  # in the 30 days before the call, as many as are known
    "attempts_most": "INTEGER",  # as many as they may be; NULL if that is not known
    "attempts_day": "INTEGER",  # in the 24 hours before it
    "attempts_day_most": "INTEGER",
    "campaign": "VARCHAR",
}
DATES = tuple(name for name, kind in FACTS.items() if kind == "DATE" and name not in ("day", "consent_fresh"))
APPOINTMENT = "appointment_at"
REGISTRY_FACTS = {
    "": "VARCHAR",  # listed, clear, uncovered; NULL = no snapshot is loaded for the day
    "_as_of": "DATE",
    "_since": "DATE",  # listed: first day on which it may have been listed, given or inferred; NULL = unknown
    # Date given with the answer: listed since, or, for a `no`, the day that the answer is about; of the own list the
    # last day for which it says who is not on it.
    "_told": "DATE",
    "_campaign": "VARCHAR",  # listed, clear: the newest answer for the campaign of the call
    "_next_on": "DATE",  # first later day on which another snapshot covers the number
}
LACKS = ("proof", "wording", "channel", "act", "collected_by", "sector", "hours_agreed")
UNITS = ("days", "months", "years")
EVER = 36_500  # days, the largest number of a rules file: a hundred years, longer than anybody is called
AGES = (*UNITS, "quarters")  # for answers: until the end of a calendar quarter, counted from that of the answer


def _has_come(column: str) -> Sql:
    """Whether a date is not after the day of the call."""
    return Sql(f"{column} <= day", column, "day")


def _counts(column: str) -> Sql:
    """Whether an objection, a refusal or a withdrawal counts: from the day before its date, as days differ by zone."""
    return Sql(f"{column} <= day + 1", column, "day")


def _eve_of(column: str) -> Sql:
    """The last day on which such a date does not count yet; NULL if it counts."""
    return Sql(f"case when {column} > day + 1 then {column} - 2 end", column, "day")


def _last_day(column: str, span: dict[str, int]) -> Sql:
    """The last day of a span that begins on a date; the stricter of several units."""
    ends = [
        f"(date_trunc('quarter', {column}) + interval {n} quarter - interval 1 day)::date"
        if unit == "quarters"
        else f"({column} + interval {n} {unit.rstrip('s')})::date"
        for unit, n in sorted(span.items())
    ]
    return Sql(ends[0] if len(ends) == 1 else f"least({', '.join(ends)})", column)


def registry_column(registry: str, suffix: str = "") -> str:
    """The column of `facts` for one of `REGISTRY_FACTS` of a registry."""
    return registry.replace("-", "_") + suffix


def _registry_reads(registry: str) -> list[tuple[Sql, str]]:
    state = registry_column(registry)
    return [
        (is_unknown(state), f"registry:{registry}"),
        (Sql(f"{state} = 'uncovered'", state), f"uncovered:{registry}"),
    ]


def _answered(p: dict[str, Any]) -> Condition:
    """True if the registry has an answer about the number, whatever it is; else unknown."""
    registry = p["registry"]
    state = registry_column(registry)
    return Condition(
        Sql(f"case when {state} in ('listed', 'clear') then true end", state),
        tuple(_registry_reads(registry)),
        (_next_answer(registry),),
        localized("condition", "answers", registry=_name(registry)),
        (registry,),
    )


def _next_answer(registry: str) -> Sql:
    """The day before another snapshot covers the number."""
    column = registry_column(registry, "_next_on")
    return Sql(f"{column} - 1", column)


def _unlisted(p: dict[str, Any]) -> Condition:
    registry = p["registry"]
    if p.get("same_campaign"):
        return _unlisted_for_campaign(registry)
    if_answered = p.get("if_answered")
    state, as_of, since, answered_on = (
        registry_column(registry, suffix) for suffix in ("", "_as_of", "_since", "_told")
    )
    reads = [] if if_answered else _registry_reads(registry)
    ends = [_next_answer(registry)]
    says = localized("condition", "unlisted", registry=_name(registry))
    listed = Sql("false")
    if grace := p.get("grace_days"):
        listed = Sql(f"coalesce(day < {since} + {grace}, false)", since, "day")
        within = f"{state} = 'listed' and day < {since} + {grace}"
        ends.append(Sql(f"case when {within} then {since} + {grace - 1} end", state, listed))
        says += localized("condition", "grace", days=grace)
    clear = []
    if span := p.get("max_age"):
        last = _last_day(as_of, span)
        clear.append(Sql(f"day <= {last}", "day", last))
        reads.append((Sql(f"{state} = 'clear' and day > {last}", state, "day", last), f"stale:{registry}"))
        ends.append(Sql(f"case when {state} = 'clear' then {last} end", state, last))
        says += localized("condition", "answered", span=_span(span))
    if p.get("for_consent"):
        clear.append(Sql(f"{answered_on} <= consent_on", answered_on, "consent_on"))
        reads.append((Sql(f"{state} = 'clear' and consent_on is null", state, "consent_on"), "consent_on"))
        older = Sql(f"coalesce({answered_on} > consent_on, {answered_on} is null)", answered_on, "consent_on")
        reads.append((Sql(f"{state} = 'clear' and {older}", state, older), f"uncovered:{registry}"))
        says += localized("condition", "for_consent")
    current = all_sql(clear)
    sql = f"case {state} when 'listed' then {listed} when 'clear' then nullif({current}, false) end"
    if if_answered:
        sql = f"case when {state} = 'listed' then {listed} else true end"
        says += localized("condition", "if_answered")
    return Condition(Sql(sql, state, listed, current), tuple(reads), tuple(ends), says, (registry,))


def _unlisted_for_campaign(registry: str) -> Condition:
    state, of_campaign = registry_column(registry), registry_column(registry, "_campaign")
    answered = Sql(f"{state} in ('listed', 'clear')", state)
    unnamed = Sql(f"campaign is null and {answered}", "campaign", answered)
    sql = f"case when {unnamed} then null when {answered} then {of_campaign} = 'clear' end"
    other = f"campaign is not null and {answered} and {of_campaign} is null"
    reads = [*_registry_reads(registry), (unnamed, "campaign")]
    reads.append((Sql(other, "campaign", answered, of_campaign), f"stale:{registry}"))
    return Condition(
        Sql(sql, unnamed, of_campaign),
        tuple(reads),
        (_next_answer(registry),),
        localized("condition", "unlisted", registry=_name(registry)) + localized("condition", "for_campaign"),
        (registry,),
    )


_CONSENTS = {  # the signed one is one to this caller too: where both will do, texts name only the other
    "named": ("named_caller", "written"),
    "written": ("written",),
}


def _consent(p: dict[str, Any]) -> Condition:
    parts = [*_given(p["scope"]), _given_for_such_calls(), *_of_age(p.get("max_age"))]
    parts += [*_since_listed(p.get("after_listed"), p.get("registry_max_age")), *_still_given()]

    def joined(field: str) -> tuple[Any, ...]:
        return tuple(chain.from_iterable(getattr(part, field) for part in parts))

    return Condition(
        all_sql(part.sql for part in parts),
        joined("reads"),
        joined("ends"),
        reduce(add, (part.says for part in parts)),
        joined("registries"),
        waits=one_of("at_agreed_hour", ("no", "call_at", "place")),
        compares=joined("compares"),
        broken=joined("broken"),
    )


def _given(scope: str) -> Iterator[Condition]:
    """A consent of a scope was given, until it is withdrawn or ends."""
    words, withdrawn = _CONSENTS[scope], _counts("consent_withdrawn_on")
    given, named = one_of("consent", words), [word for word in words if word != "written"] or words
    none = _false("consent <> 'none'", "consent")
    yield Condition(
        given,
        ((is_unknown("consent"), "consent"),),
        (_eve_of("consent_withdrawn_on"), Sql("consent_until", "consent_until")),
        localized("condition", "consent", words=value_names("consent", named)),
        compares=(("consent", words),),
        broken=((withdrawn, "withdrawn"), (none, "none"), (_false(given, "consent"), scope)),
    )


@cache
def _given_for_such_calls() -> Condition:
    """It is for calls in which a person speaks, or for those of a machine, as the call is."""
    speaks = {"live": one_of("voice", ["human"]), "automated": one_of("voice", ["recorded", "ai"])}
    fits = [Sql(f"consent_for = '{kind}' and {voice}", "consent_for", voice) for kind, voice in speaks.items()]
    given = Sql(f"consent_for = 'both' or {' or '.join(fits)}", *fits)
    unheard = Sql("voice is null and consent_for <> 'both'", *fits)
    return Condition(
        given,
        ((is_unknown("consent_for"), "consent_for"), (unheard, "voice")),
        says=localized("condition", "consent_for"),
        compares=(("consent_for", ("both",)),),
        broken=tuple((Sql(f"{_false(given)} and {voice}", *fits), kind) for kind, voice in speaks.items()),
    )


def _of_age(span: dict[str, int] | None) -> Iterator[Condition]:
    """It was given by the day of the call, and not longer ago than a span."""
    if not span:
        yield Condition(Sql("coalesce(consent_on <= day, true)", "consent_on", "day"))
        return
    last = _last_day("consent_on", span)
    recent = Sql(f"day <= {last}", "day", last)
    says = localized("condition", "consent_age", span=_span(span))
    yield Condition(_has_come("consent_on"))
    unknown, broken = (is_unknown("consent_on"), "consent_on"), (_false(recent, recent), "old")
    yield Condition(recent, (unknown,), (last,), says, broken=(broken,))


def _since_listed(registry: str | None, span: dict[str, int] | None) -> Iterator[Condition]:
    """It was given after the number went on a registry, by an answer that is not older than a span."""
    if not registry:
        return
    state, as_of, answered_on = (registry_column(registry, suffix) for suffix in ("", "_as_of", "_told"))
    # If no date was given, the number may have gone on the list as late as the day of the answer.
    since = f"coalesce({answered_on}, {as_of})"
    newer = f"case {state} when 'clear' then true when 'listed' then consent_on > {since} end"
    undated = Sql(f"{state} = 'listed' and consent_on is null", state, "consent_on")
    yield Condition(
        Sql(newer, state, answered_on, as_of, "consent_on"),
        (*_registry_reads(registry), (undated, "consent_on")),
        (_next_answer(registry),),
        localized("condition", "consent_after", registry=_name(registry)),
        (registry,),
    )
    if span:
        # The number may have gone on the list again since an old answer.
        last, answered = _last_day(as_of, span), Sql(f"{state} in ('listed', 'clear')", state)
        stale = Sql(f"{answered} and day > {last}", answered, "day", last)
        ends = Sql(f"case when {answered} then {last} end", answered, last)
        says = localized("condition", "answered", span=_span(span))
        recent = Sql(f"nullif(day <= {last}, false)", "day", last)
        yield Condition(recent, ((stale, f"stale:{registry}"),), (ends,), says)


def _still_given() -> Iterator[Condition]:
    """It was not withdrawn, has not ended, and is for the hour of the call."""
    withdrawn = _counts("consent_withdrawn_on")
    yield Condition(Sql(f"not ({withdrawn})", withdrawn))
    yield Condition(Sql("coalesce(day <= consent_until, true)", "day", "consent_until"))
    old = Sql("consent_until is null and day > consent_fresh", "consent_until", "day", "consent_fresh")
    undated = Sql("consent_until is null and consent_fresh is null", "consent_until", "consent_fresh")
    end = Sql("case when consent_until is null then consent_fresh end", "consent_until", "consent_fresh")
    known = Sql("case when consent_until is not null or day <= consent_fresh then true end", old)
    yield Condition(known, ((old, "stale:consent"), (undated, "consent_on")), (end,))
    unknown = tuple((one_of("lacks", [word]), word) for word in LACKS)
    yield Condition(Sql("case when lacks = '' then true end", "lacks"), unknown)
    agreed = "case at_agreed_hour when 'yes' then true when 'no' then false end"
    unknown = tuple((one_of("at_agreed_hour", [word]), word) for word in ("call_at", "place"))
    later, other = _false("consent_on <= day", "consent_on", "day"), _false("consent is null", "consent")
    says = localized("condition", "not_withdrawn")
    yield Condition(Sql(agreed, "at_agreed_hour"), unknown, says=says, broken=((later, "later"), (other, "other")))


def _false(condition: str, *read: str) -> Sql:
    """Whether a condition is known to be false; it is never null, so that there are fewer cases to tell apart."""
    return Sql(f"coalesce(not ({condition}), false)", *read)


def _hours(p: dict[str, Any]) -> Condition:
    included = p.get("ends") == "included"
    calendars = (calendar(p["holidays"]),) if "holidays" in p else ()
    eve = p.get("eve")

    def holiday(day: str) -> str:
        return _contains(calendars[0], day) if calendars else "false"

    def lawful(at: str) -> str:
        weekday, clock = f"isodow({at}::date)", f"{at}::time"
        cases = [f"when {at} is null then null", f"when {holiday(f'{at}::date')} then false"]
        if eve:
            # The day before a holiday has hours of its own, unless no calls at all are allowed on that weekday.
            open_days = ", ".join(day for days in p["windows"] for day in days)
            tomorrow = holiday(f"{at}::date + 1")
            cases.append(f"when {tomorrow} and {weekday} in ({open_days}) then {_inside(clock, eve, included)}")
        for days, windows in p["windows"].items():
            cases.append(f"when {weekday} in ({', '.join(days)}) then {_inside(clock, windows, included)}")
        return f"case {' '.join(cases)} else false end"

    both = f"list_transform([at_first, at_last], lambda t: {lawful('t')})"
    sql = Sql(f"list_reduce({both}, lambda a, b: if(a = b, a, null))", "at_first", "at_last", "timed")
    unknown = Sql("at_first is null or at_first <> at_last", "at_first", "at_last")
    if p.get("appointment"):
        agreed = "case when timed then date_trunc('minute', appointment_at) = date_trunc('minute', at_first) "
        agreed += "else appointment_at::date = day and not timed end"
        sql = Sql(f"(appointment_at is not null and {agreed}) or ({sql})", sql, "appointment_at", "day")
    limit = Limit.of_hours(p["windows"], eve or (), bool(calendars))
    spans = [*chain(*p["windows"].values()), *(eve or ())]
    clocks = {clock for first, last in spans for clock in (first, _minute_after(last) if included else last)}
    return Condition(
        sql,
        ((Sql("timed is null", "timed"), "call_at"), (unknown, "place")),
        says=_hours_in_words(p, limit),
        waits=ALWAYS,
        clocks=tuple(sorted(clocks)),
        calendars=calendars,
        limit=limit,
    )


def _minute_after(clock: str) -> str:
    """The first minute after one that is included."""
    return f"{datetime.strptime(clock, '%H:%M') + timedelta(minutes=1):%H:%M}"


def _hours_in_words(p: dict[str, Any], limit: Limit) -> Words:
    says = localized("condition", "hours", hours=limit.says)
    if p.get("ends") == "included":
        says += localized("condition", "hours_ends")
    if holidays := p.get("holidays"):
        says += localized("condition", "hours_holidays", calendar=holidays)
    return says + localized("condition", "hours_appointment") if p.get("appointment") else says


def _inside(clock: str, windows: list[tuple[str, str]], included: bool) -> str:
    end = "<=" if included else "<"
    inside = [f"{clock} >= time '{a}' and {clock} {end} time '{b}'" for a, b in windows]
    return f"case when timed then {' or '.join(inside)} when not timed then true end"


def _cli(p: dict[str, Any]) -> Condition:
    conditions = []
    if p.get("withheld") is False:
        conditions.append(Sql("cli <> 'withheld'", "cli"))
    if allowed := p.get("allowed"):
        conditions.append(Sql(" or ".join(f"starts_with(cli, '{prefix}')" for prefix in allowed), "cli"))
    if barred := p.get("forbidden"):
        conditions.append(Sql(" and ".join(f"not starts_with(cli, '{prefix}')" for prefix in barred), "cli"))
    says = localized("condition", "shown_in" if allowed else "shown", prefixes=" ".join(allowed or ()))
    if barred:
        says += localized("condition", "shown_not_in", prefixes=" ".join(barred))
    prefixes = tuple(allowed or barred or ())
    compares = (("cli", prefixes),) if prefixes else ()
    return Condition(all_sql(conditions), ((is_unknown("cli"), "cli"),), says=says, compares=compares)


def _not_objected(p: dict[str, Any]) -> Condition:
    objected = _counts("objected_on")
    kept_up = "own = 'clear' and day <= own_told"
    known = f"objected_on is not null or ({kept_up})"
    sql = f"case when own = 'listed' or {objected} then false when {known} then true end"
    stale = Sql("own = 'clear' and day > own_told", OWN, "own_told", "day")
    until = Sql("case when own = 'clear' and objected_on is null then own_told end", OWN, "own_told", "objected_on")
    ends = (_next_answer(OWN), _eve_of("objected_on"), until)
    says = localized("condition", "not_objected")
    return Condition(Sql(sql, objected, stale), (*_registry_reads(OWN), (stale, "stale:own")), ends, says, (OWN,))


def silent_days(jurisdiction: str, early: bool = False, sure: bool = True) -> str:
    """Name of the macro that lists the days of a jurisdiction on which polls forbid calls.

    early: those of places that vote a day earlier. sure: whether it is known that there is a poll; else there may be.
    """
    return f"{jurisdiction.replace('-', '_')}_{'silent' if sure else 'unsure'}{'_early' if early else ''}"


def _silence(p: dict[str, Any]) -> Condition:
    """Neither on the eve nor on the day of a poll; unknown on days on which there may be one."""
    lawful, ahead, calendars = [], [], []
    for early in (False, True):
        sure, unsure = both = [silent_days(p["jurisdiction"], early, is_sure) for is_sure in (True, False)]
        known = f"when {_contains(sure, 'day')} then false when not {_contains(unsure, 'day')} then true"
        lawful.append(f"case {known} end")
        ahead.append(f"least({', '.join(map(_next_in, both))}) - 1")
        calendars += both
    there = one_of("polls", p["early"])
    usual, early_sql = lawful
    sql = (
        f"case when {there} then {early_sql} when not {there} then {usual} when {usual} = {early_sql} then {usual} end"
    )
    unread = Sql(f"polls is not null and ({sql}) is null", there, "day")
    return Condition(
        Sql(sql, there, "day"),
        ((is_unknown("polls"), "place"), (unread, "stale:law")),
        (Sql(f"case when {there} then {ahead[True]} else {ahead[False]} end", there, "day"),),
        localized("condition", "silence"),
        waits=ALWAYS,
        limit=Limit(silence=True),
        compares=(("polls", tuple(p["early"])),) if p["early"] else (),
        calendars=tuple(calendars),
    )


def _max_attempts(p: dict[str, Any]) -> Condition:
    """The attempts of a day are also among those of thirty days, so one count can decide about the other."""
    n, limit = p["n"], Limit(caps=((p["n"], "hour" if "hours" in p else "day", p.get("hours") or p["days"]),))
    column, known, most = "attempts", ["attempts", "attempts_day"], ["attempts_most"]
    if "hours" in p:
        column, known, most = "attempts_day", ["attempts_day"], ["attempts_day_most", "attempts_most"]
    reached = f"coalesce(greatest({', '.join(known)}) >= {n}, false)"
    sql = Sql(f"case when {reached} then false when least({', '.join(most)}) < {n} then true end", *known, *most)
    unknown = is_unknown(f"{column}_most")
    later = Sql(f"{column}_most >= {n} and not {reached}", f"{column}_most", *known)
    return Condition(sql, ((unknown, column), (later, "call_at")), says=limit.says, waits=ALWAYS, limit=limit)


def _pause(p: dict[str, Any]) -> Condition:
    column, days = p["after"], p["days"]
    counts = _counts(column)
    sql = Sql(f"not ({counts}) or day > {column} + {days}", counts)
    says = localized("condition", "pause", span=_span({"days": days}), label=label(column))
    if days == EVER:
        says = localized("condition", "pause_ever", label=label(column))
    coming = _eve_of(column)
    ends = (Sql(f"case when {column} < date '9999-12-31' then {coming} end", coming),)
    return Condition(sql, ((is_unknown(column), column),), ends, says, waits=ALWAYS)


def _within(p: dict[str, Any]) -> Condition:
    column = p["column"]
    calendars: tuple[str, ...] = ()
    span: dict[str, int] = {unit: p[unit] for unit in UNITS if unit in p}
    if span:
        last, says = _last_day(column, span), _span(span)
    else:
        # Holidays are few: n working days always fit into 2n + 7 days.
        n, reach, holiday = p["working_days"], 2 * p["working_days"] + 7, ""
        if "holidays" in p:
            calendars = (calendar(p["holidays"]),)
            holiday = f" and not {_contains(calendars[0], 'd::date')}"
        later = f"generate_series({column} + 1, {column} + {reach}, interval 1 day)"
        last = Sql(f"list_filter({later}, lambda d: isodow(d) < 7{holiday})[{n}]::date", column)
        says = _span({"working_days": n})
        if calendars:
            says += localized("condition", "without_holidays", calendar=p["holidays"])
    come = _has_come(column)
    sql = Sql(f"{come} and day <= {last}", come, last)
    says = localized("condition", "within", span=says, label=label(column))
    return Condition(sql, ((is_unknown(column), column),), (last,), says, calendars=calendars)


def _later(p: dict[str, Any]) -> Condition:
    column, than = p["column"], p["than"]
    names = [name for name in (column, than) if name in FACTS]
    reads = tuple((is_unknown(name), name) for name in names if name in DATES)
    other = than if than in names else f"date '{than}'"
    later = Sql(f"{column} > {other}", *names)
    if column == APPOINTMENT:  # where none is told, there is none
        later = Sql(f"coalesce({later}, false)", later)
    if column == "consent_on":  # a consent of which it is not known whether it counts is after nothing
        later = Sql(f"case when not ({later}) then false when lacks = '' then {later} end", later, "lacks")
        reads += tuple((one_of("lacks", [word]), word) for word in LACKS)
    last = Sql(f"case when {later} then ({column} - interval 1 second)::date end", later)
    after = calendar_day(than) if isinstance(than, date) else label("call_at" if than == "day" else than)
    return Condition(
        later, reads, (last,) if than == "day" else (), localized("condition", "later", label=label(column), than=after)
    )


def _span(span: dict[str, int]) -> Words:
    lengths = [duration(unit.rstrip("s"), n) for unit, n in span.items()]
    return reduce(lambda text, part: text + localized("condition", "and") + part, lengths)


def _name(registry: str) -> Words:
    return Words({language: registry_name(registry, language) for language in LANGUAGES})


def label(column: str) -> Words:
    """The name of a column, in every language; a fact that is not a column keeps its own name."""
    is_column = column in vocabulary().columns
    return Words({language: vocabulary().label(column, language) if is_column else column for language in LANGUAGES})


def value_names(axis: str, words: Iterable[str]) -> Words:
    """The names of some values of an axis, joined by "or", in every language."""
    names = [Words({language: vocabulary().value(axis, word, language) for language in LANGUAGES}) for word in words]
    return reduce(lambda text, part: text + localized("condition", "or") + part, names)


def days_sql(days: Iterable[date]) -> str:
    """Days as an SQL list. One string constant: DuckDB binds it faster than one constant per day."""
    return f"'[{', '.join(map(str, days))}]'::date[]"


def calendar(name: str) -> str:
    """Name of the macro that lists the holidays of a calendar."""
    return f"{name.replace('-', '_')}_holidays"


def _contains(macro: str, day: str) -> str:
    return f"list_contains({macro}(), {day})"


def _next_in(macro: str) -> str:
    return f"list_min(list_filter({macro}(), lambda d: d > day))"


def _constant(sql: str, name: str) -> Callable[[dict[str, Any]], Condition]:
    return lambda p: Condition(Sql(sql), says=localized("condition", name))


class Template(msgspec.Struct, frozen=True):
    """A kind of demand or test: the entry of `DEMANDS` or `TESTS` under its name.

    write: compiles its parameters (by key, checked by `dnc.law.rule_file`) to a condition.
    keys: the keys that it takes in a rules file (True = required).
    test: whether it may also be used in `when` and `except`.
    """

    write: Callable[[dict[str, Any]], Condition]
    keys: dict[str, bool] = {}
    test: bool = False


_HOUR_KEYS = {"windows": True, "ends": False, "holidays": False, "appointment": False, "eve": False}
DEMANDS = {
    "forbidden": Template(_constant("false", "forbidden")),
    "unlisted": Template(
        _unlisted,
        {"registry": True}
        | dict.fromkeys(("max_age", "grace_days", "same_campaign", "for_consent", "if_answered"), False),
        test=True,
    ),
    "consent": Template(
        _consent, {"scope": True, "max_age": False, "after_listed": False, "registry_max_age": False}, test=True
    ),
    "hours": Template(_hours, _HOUR_KEYS, test=True),
    "max_attempts": Template(_max_attempts, {"n": True, "days": False, "hours": False}, test=True),
    "pause": Template(_pause, {"days": True, "after": True}, test=True),
    "cli": Template(_cli, {"allowed": False, "forbidden": False, "withheld": False}, test=True),
    "not_objected": Template(_not_objected, test=True),
    "silence": Template(_silence, test=True),
    "duty": Template(_constant("true", "duty")),
    "unsettled": Template(_constant("null::boolean", "unsettled")),
    "not_read": Template(_constant("null::boolean", "not_read")),
    "missing": Template(_constant("null::boolean", "missing")),
}
OPEN = ("unsettled", "not_read")  # demands that no fact can meet or break
TESTS = {name: template for name, template in DEMANDS.items() if template.test} | {
    "within": Template(
        _within,
        {"column": True, "days": False, "months": False, "years": False, "working_days": False, "holidays": False},
    ),
    "later": Template(_later, {"column": True, "than": True}),
    "answered": Template(_answered, {"registry": True}),
}
