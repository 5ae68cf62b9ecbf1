"""What a regime may ask for: a closed list of demands and tests, each one SQL expression.

The expressions read a table `facts` with one row a call: the axes of the
vocabulary, the columns of `FACTS`, and for each registry that is asked about
the columns of `REGISTRY_FACTS` behind its id written with underscores.
Calendars are SQL macros without arguments, written by the rulebook.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

FACTS = {
    "day": "DATE",  # the law's day: local day of the call
    "at_first": "TIMESTAMP",  # local time of the call in the earliest of its possible zones
    "at_last": "TIMESTAMP",  # the same in the latest
    "timed": "BOOLEAN",  # whether a clock time was told
    "appointment": "TIMESTAMP",  # local time agreed to
    "polls": "VARCHAR",  # territory whose polls count; NULL where `place` was not understood
    "place": "VARCHAR",  # ISO 3166-2, told or by the numbering plan; NULL where not known or a zone was told
    "plan_place": "VARCHAR",  # ISO 3166-2 of the number's area code, wherever the person is; NULL where it has none
    "cli": "VARCHAR",  # '+…', a short number, or 'withheld'
    "relationship_on": "DATE",
    "consent_on": "DATE",
    "consent_withdrawn_on": "DATE",  # never NULL: 9999-12-31 = none
    "objected_on": "DATE",  # 9999-12-31 = told, and none
    "refused_on": "DATE",  # 9999-12-31 = none
    "attempts": "INTEGER",
    "campaign": "VARCHAR",
}
REGISTRY_FACTS = {
    "": "VARCHAR",  # listed, clear, uncovered; NULL = none stood
    "_as_of": "DATE",
    "_since": "DATE",  # listed: since this day at the earliest, told or inferred; NULL = not known
    "_told": "DATE",  # the day told beside the word: listed since, or, of a `no`, asked about
    "_campaign": "VARCHAR",  # listed, clear: the newest answer for the campaign of the call
    "_next_on": "DATE",  # first later day on which another snapshot speaks of the number
}


UNITS = ("days", "months", "years")


@dataclass(frozen=True)
class Part:
    """One condition or demand as SQL.

    sql: a three-valued expression over `facts`.
    reads: pairs of (SQL that is true where this was not told, word of `dnc_missing`).
    ends: SQL of dates, each the last day on which `sql` keeps its value, or NULL.
    says: the same in words, for `dnc explain`.
    registries: ids that it asks about.
    daily: whether it is judged day by day, so that no validity is counted from it.
    """

    sql: str
    reads: tuple[tuple[str, str], ...] = ()
    ends: tuple[str, ...] = ()
    says: str = ""
    registries: tuple[str, ...] = ()
    daily: bool = False


def every(conditions: Iterable[str]) -> str:
    """All of the conditions, in SQL."""
    return " and ".join(f"({sql})" for sql in conditions) or "true"


def _has_come(column: str) -> str:
    """True where a day has come by the day of the call."""
    return f"{column} <= day"


def _upcoming(column: str) -> str:
    """Last day before a day that is still to come."""
    return f"case when {column} > day then {column} - 1 end"


def _lasts(column: str, span: dict[str, int]) -> str:
    """Last day of a span that begins on a day; the stricter of several units."""
    ends = [f"({column} + interval {n} {unit.rstrip('s')})::date" for unit, n in sorted(span.items())]
    return ends[0] if len(ends) == 1 else f"least({', '.join(ends)})"


def words_sql(words: Iterable[str]) -> str:
    """Words of a closed list as SQL literals."""
    return ", ".join(f"'{word}'" for word in words)


def _quoted(registry: str) -> str:
    return registry.replace("-", "_")


def _registry_reads(registry: str) -> list[tuple[str, str]]:
    state = _quoted(registry)
    return [(f"{state} is null", f"registry:{registry}"), (f"{state} = 'uncovered'", f"uncovered:{registry}")]


def _unlisted(p: dict[str, Any]) -> Part:
    registry = p["registry"]
    state = _quoted(registry)
    reads = _registry_reads(registry)
    ends = [f"{state}_next_on - 1"]
    says = f"not on {registry}"
    if p.get("same_campaign"):
        sql = (
            f"case when campaign is null and {state} in ('listed', 'clear') then null "
            f"when {state} in ('listed', 'clear') then {state}_campaign = 'clear' end"
        )
        reads.append((f"campaign is null and {state} in ('listed', 'clear')", "campaign"))
        answered = f"campaign is not null and {state} in ('listed', 'clear') and {state}_campaign is null"
        reads.append((answered, f"stale:{registry}"))
        return Part(sql, tuple(reads), tuple(ends), f"{says}, by an answer for this campaign", (registry,))
    listed = "false"
    if grace := p.get("grace_days"):
        listed = f"coalesce(day < {state}_since + {grace}, false)"
        ends.append(
            f"case when {state} = 'listed' and day < {state}_since + {grace} then {state}_since + {grace - 1} end"
        )
        says += f", or for fewer than {grace} days"
    clear = []
    if span := p.get("max_age"):
        last = _lasts(f"{state}_as_of", span)
        clear.append(f"day <= {last}")
        reads.append((f"{state} = 'clear' and day > {last}", f"stale:{registry}"))
        ends.append(f"case when {state} = 'clear' then {last} end")
        says += f", by an answer of at most {_span(span)}"
    if p.get("for_consent"):
        clear.append(f"{state}_told <= consent_on")
        reads.append((f"{state} = 'clear' and consent_on is null", "consent_on"))
        older = f"coalesce({state}_told > consent_on, {state}_told is null)"
        reads.append((f"{state} = 'clear' and {older}", f"uncovered:{registry}"))
        says += ", asked for the day of the consent or an earlier one"
    sql = f"case {state} when 'listed' then {listed} when 'clear' then nullif({every(clear)}, false) end"
    return Part(sql, tuple(reads), tuple(ends), says, (registry,))


def _consent(p: dict[str, Any]) -> Part:
    scope = {
        "named": ("named_caller", "written"),
        "written": ("written",),
        "any": ("named_caller", "written", "partners"),
    }[p["scope"]]
    conditions = [f"consent in ({words_sql(scope)})"]
    reads = [("consent is null", "consent")]
    ends = [_upcoming("consent_withdrawn_on")]
    says = f"consent ({' or '.join(scope)})"
    registries: tuple[str, ...] = ()
    if wanted := p.get("for"):
        conditions.append(f"consent_for in ('{wanted}', 'both')")
        reads.append(("consent_for is null", "consent_for"))
        says += f" for {wanted} calls"
    if span := p.get("max_age"):
        last = _lasts("consent_on", span)
        conditions += [_has_come("consent_on"), f"day <= {last}"]
        reads.append(("consent_on is null", "consent_on"))
        ends.append(last)
        says += f", at most {_span(span)} old"
    else:
        conditions.append("coalesce(consent_on <= day, true)")
    if registry := p.get("after_listed"):
        state = _quoted(registry)
        # Where nobody told since when, the number may have gone on the list on the day of the answer.
        since = f"coalesce({state}_told, {state}_as_of)"
        younger = [f"case {state} when 'clear' then true when 'listed' then consent_on > {since} end"]
        reads += _registry_reads(registry)
        reads.append((f"{state} = 'listed' and consent_on is null", "consent_on"))
        ends.append(f"{state}_next_on - 1")
        says += f", given after the number went on {registry}"
        if span := p.get("registry_max_age"):
            # After an old answer the number may have gone on the list again.
            last = _lasts(f"{state}_as_of", span)
            younger.append(f"nullif(day <= {last}, false)")
            reads.append((f"{state} in ('listed', 'clear') and day > {last}", f"stale:{registry}"))
            ends.append(f"case when {state} in ('listed', 'clear') then {last} end")
            says += f", by an answer of at most {_span(span)}"
        conditions += younger
        registries = (registry,)
    conditions.append(f"not ({_has_come('consent_withdrawn_on')})")
    return Part(every(conditions), tuple(reads), tuple(ends), f"{says}, not withdrawn", registries)


def _hours(p: dict[str, Any]) -> Part:
    included = p.get("ends") == "included"
    named = p.get("holidays")
    holiday = f"list_contains({calendar(named)}(), {{}})" if named else "false"
    eve = p.get("eve")

    def lawful(at: str) -> str:
        weekday, clock = f"isodow({at}::date)", f"{at}::time"
        cases = [f"when {at} is null then null", f"when {holiday.format(f'{at}::date')} then false"]
        if eve:
            # The eve of a holiday has a window of its own, unless its weekday has none.
            tomorrow = holiday.format(f"{at}::date + 1")
            open_days = ", ".join(day for days in p["windows"] for day in days)
            cases.append(f"when {tomorrow} and {weekday} in ({open_days}) then {_open(clock, eve, included)}")
        for days, windows in p["windows"].items():
            cases.append(f"when {weekday} in ({', '.join(days)}) then {_open(clock, windows, included)}")
        return f"case {' '.join(cases)} else false end"

    each = f"list_transform([at_first, at_last], lambda t: {lawful('t')})"
    sql = f"list_reduce({each}, lambda a, b: if(a = b, a, null))"
    reads = [("at_first is null or at_first <> at_last", "place")]
    if p.get("appointment"):
        sql = (
            "coalesce(case when timed then date_trunc('minute', appointment) = date_trunc('minute', at_first) "
            f"else appointment::date = day end, false) or ({sql})"
        )
    return Part(sql, tuple(reads), says=f"at a lawful hour ({p['text']})", daily=True)


def _open(clock: str, windows: list[tuple[str, str]], included: bool) -> str:
    end = "<=" if included else "<"
    inside = [f"{clock} >= time '{a}' and {clock} {end} time '{b}'" for a, b in windows]
    return f"(not timed or {' or '.join(inside)})"


def _cli(p: dict[str, Any]) -> Part:
    conditions = []
    if p.get("withheld") is False:
        conditions.append("cli <> 'withheld'")
    if allowed := p.get("allowed"):
        conditions.append(" or ".join(f"starts_with(cli, '{prefix}')" for prefix in allowed))
    if barred := p.get("forbidden"):
        conditions.append(" and ".join(f"not starts_with(cli, '{prefix}')" for prefix in barred))
    says = "the number shown is " + (f"in {' '.join(allowed)}" if allowed else "not withheld")
    says += f" and not in {' '.join(barred)}" if barred else ""
    return Part(every(conditions), (("cli is null", "cli"),), says=says)


def _not_objected(p: dict[str, Any]) -> Part:
    sql = (
        f"case when own = 'listed' or {_has_come('objected_on')} then false "
        "when objected_on is not null or own = 'clear' then true end"
    )
    ends = ("own_next_on - 1", f"case when objected_on < date '9999-12-31' then {_upcoming('objected_on')} end")
    reads = (("own is null", "registry:own"), ("own = 'uncovered'", "uncovered:own"))
    return Part(sql, reads, ends, "no objection to this caller", ("own",))


def _silence(p: dict[str, Any]) -> Part:
    usual, early = f"{p['jurisdiction']}_silent", f"{p['jurisdiction']}_silent_early"
    there = f"polls in ({words_sql(p['early'])})"
    sql = (
        f"case when {there} then not {_on(early, 'day')} when not {there} then not {_on(usual, 'day')} "
        f"when {_on(early, 'day')} = {_on(usual, 'day')} then not {_on(usual, 'day')} end"
    )
    ahead = f"case when {there} then {_next(early)} else {_next(usual)} end - 1"
    return Part(sql, (("polls is null", "place"),), (ahead,), "not on the eve or the day of a poll")


def _max_attempts(p: dict[str, Any]) -> Part:
    says = f"fewer than {p['n']} calls and attempts in {p['days']} days"
    return Part(f"attempts < {p['n']}", (("attempts is null", "attempts"),), says=says, daily=True)


def _pause(p: dict[str, Any]) -> Part:
    column, days = p["after"], p["days"]
    sql = f"day < {column} or day > {column} + {days}"
    says = f"not within {days} days after {column}"
    ends = (f"case when {column} < date '9999-12-31' then {_upcoming(column)} end",)
    return Part(sql, ((f"{column} is null", column),), ends, says)


def _within(p: dict[str, Any]) -> Part:
    column = p["column"]
    span: dict[str, int] = {unit: p[unit] for unit in UNITS if unit in p}
    if span:
        last, says = _lasts(column, span), _span(span)
    else:
        # Holidays are few: n working days never take longer than twice n, and a week.
        n, reach = p["working_days"], 2 * p["working_days"] + 7
        holiday = f" and not {_on(calendar(p['holidays']), 'd::date')}" if "holidays" in p else ""
        later = f"generate_series({column} + 1, {column} + {reach}, interval 1 day)"
        last = f"list_filter({later}, lambda d: isodow(d) < 7{holiday})[{n}]::date"
        says = f"{n} working days"
    sql = f"{_has_come(column)} and day <= {last}"
    return Part(sql, ((f"{column} is null", column),), (last,), f"within {says} of {column}")


def _later(p: dict[str, Any]) -> Part:
    column, than = p["column"], p["than"]
    reads = tuple((f"{name} is null", name) for name in (column, than))
    return Part(f"{column} > {than}", reads, says=f"{column} after {than}")


def _span(span: dict[str, int]) -> str:
    return " and ".join(f"{n} {unit if n > 1 else unit.rstrip('s')}" for unit, n in span.items())


def days_sql(days: Iterable[date]) -> str:
    """Days as an SQL list; one constant, which is bound sooner than many."""
    return f"'[{', '.join(map(str, days))}]'::date[]"


def calendar(name: str) -> str:
    """Name of the macro that lists the holidays of a calendar."""
    return f"{name.replace('-', '_')}_holidays"


def _on(macro: str, day: str) -> str:
    return f"list_contains({macro}(), {day})"


def _next(macro: str) -> str:
    return f"list_min(list_filter({macro}(), lambda d: d > day))"


def _constant(sql: str, says: str) -> Callable[[dict[str, Any]], Part]:
    return lambda p: Part(sql, says=says)


@dataclass(frozen=True)
class Kind:
    """A kind of demand: its SQL, its keys (True = compulsory), and whether a clause may hold it."""

    write: Callable[[dict[str, Any]], Part]
    keys: dict[str, bool] = field(default_factory=dict)
    test: bool = False


_HOUR_KEYS = {"windows": True, "text": True, "ends": False, "holidays": False, "appointment": False, "eve": False}
DEMANDS = {
    "forbidden": Kind(_constant("false", "never")),
    "unlisted": Kind(
        _unlisted,
        {"registry": True, "max_age": False, "grace_days": False, "same_campaign": False, "for_consent": False},
        test=True,
    ),
    "unflagged": Kind(_unlisted, {"registry": True, "max_age": False}, test=True),
    "consent": Kind(
        _consent,
        {"scope": True, "for": False, "max_age": False, "after_listed": False, "registry_max_age": False},
        test=True,
    ),
    "hours": Kind(_hours, _HOUR_KEYS, test=True),
    "max_attempts": Kind(_max_attempts, {"n": True, "days": True}, test=True),
    "pause": Kind(_pause, {"days": True, "after": True}, test=True),
    "cli": Kind(_cli, {"allowed": False, "forbidden": False, "withheld": False}, test=True),
    "not_objected": Kind(_not_objected, test=True),
    "silence": Kind(_silence, test=True),
    "duty": Kind(_constant("true", "a duty while calling")),
    "unsettled": Kind(_constant("null::boolean", "the law is contested")),
    "not_read": Kind(_constant("null::boolean", "the law was not read here")),
}
OPEN = ("unsettled", "not_read")  # what no fact decides
TESTS = {name: kind for name, kind in DEMANDS.items() if kind.test} | {
    "within": Kind(
        _within,
        {"column": True, "days": False, "months": False, "years": False, "working_days": False, "holidays": False},
    ),
    "later": Kind(_later, {"column": True, "than": True}),
}
