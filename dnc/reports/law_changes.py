"""Coming changes of the law, and their effect on the calls that a brief plans: what starts, what ends, the outcomes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import polars as pl

from dnc.files.table import RAGGED, Table
from dnc.law.findings import Finding
from dnc.law.regimes import Pack, Regime
from dnc.law.rulebook import Rulebook
from dnc.law.vocabulary import vocabulary
from dnc.lists.brief import Brief
from dnc.lists.calls import Calls
from dnc.lists.completion import Completion
from dnc.lists.intake import Intake
from dnc.lists.own_statements import OwnStatements
from dnc.lists.persons import LINKS
from dnc.reports.explanation import finding
from dnc.reports.phrases import in_force
from dnc.store.store import Store
from dnc.verdicts.judge import Judge
from dnc.verdicts.screening import Screen
from dnc.verdicts.verdict import Policy

# demands that decide whether a person may be called at all
_DECIDING = ("consent", "unlisted", "forbidden")


class LawChange(NamedTuple):
    """One regime that starts or ends.

    day: first day of the change. change: `starts`, `ends`, `unread`: the law was not read further, or `provisional`: a
    poll on an unsure day.
    finding: its finding, in words, for a call of the brief, on its first or last day.
    before, after: the outcome of such a call on the day before and on the day, by all regimes together.
    """

    day: date
    jurisdiction: str
    regime: str
    change: str
    finding: str
    before: str
    after: str
    says: str


def changes(packs: list[Pack], first: date, last: date) -> Iterator[tuple[date, Pack, Regime, str]]:
    """Regimes that start or end from `first` to `last`, by day; the last day for which the law was read is an end."""
    rows = []
    for pack in packs:
        for regime in pack.regimes:
            days = {"starts": regime.first, "ends": regime.until}
            if regime.is_scope:
                days["unread"] = pack.read_until + timedelta(days=1)
            rows += [(day, pack, regime, change) for change, day in days.items() if first <= day <= last]
    return iter(sorted(rows, key=lambda row: (row[0], row[1].jurisdiction, row[2].id, row[3])))


def outlook(packs: list[Pack], first: date, last: date, language: str = "en") -> list[LawChange]:
    """Every change of the law from one day to another, for all calls."""
    found = [
        LawChange(day, pack.jurisdiction, regime.id, change, "", "", "", regime.says[language])
        for day, pack, regime, change in changes(packs, first, last)
    ]
    return sorted([*found, *provisional(packs, first, last, language)])


def provisional(packs: list[Pack], first: date, last: date, language: str) -> Iterator[LawChange]:
    """Polls from `first` to `last` of which the day is not sure, as changes of no regime."""
    for pack in packs:
        for poll in pack.polls:
            if poll.note[language] and first <= poll.day <= last:
                says = f"{poll.name[language]}: {poll.note[language]}"
                yield LawChange(poll.day, pack.jurisdiction, "", "provisional", "", "", "", says)


def outlook_for(
    brief: Brief,
    packs: list[Pack],
    first: date,
    last: date,
    *,
    book: Rulebook,
    store: Store,
    language: str = "en",
) -> list[LawChange]:
    """The changes that may affect a call of which only the brief's facts are known; other changes are left out."""
    touched = []
    with _briefly(brief, book, store, Policy()) as calls:
        for day, pack, regime, change in changes(packs, first, last):
            eve = day - timedelta(days=1)
            result = calls.on(pack, eve if change == "ends" else day)[1][regime.id]
            if result is not Finding.NOT_APPLICABLE:
                found = finding(result, language), calls.decided(pack, eve)[0], calls.decided(pack, day)[0]
                touched.append(LawChange(day, pack.jurisdiction, regime.id, change, *found, regime.says[language]))
    votes = "vote" in (brief.facts.get("purpose"), vocabulary().purposes.get(brief.facts.get("caller", "")))
    return sorted([*touched, *(provisional(packs, first, last, language) if votes else ())])


@contextmanager
def _briefly(brief: Brief, book: Rulebook, store: Store, policy: Policy) -> Iterator[_BriefCalls]:
    standing = store.standing()
    with (
        OwnStatements(standing) as own,
        Screen(standing, book.registries()) as screen,
        Judge(book, screen, policy) as judge,
    ):
        yield _BriefCalls(brief, book, judge, own)


class Span(NamedTuple):
    """A regime that starts or ends in a period: its days there, in words, and their place in it in days."""

    regime: Regime
    dates: str
    start: int
    days: int


def spans(packs: list[Pack], facts: Mapping[str, str], first: date, last: date, language: str) -> list[Span]:
    """Rules about consent, lists and bans that start or end in a period, for calls with some known facts.

    Args:
        packs: the law of the numbers called. facts: those that hold for all calls, by column.
        first, last: the period.
    """
    shown = []
    for regime in sorted(
        (regime for pack in packs for regime in pack.regimes), key=lambda regime: (regime.until, regime.first)
    ):
        starts, ends = first < regime.first <= last, first < regime.until <= last
        if (starts or ends) and regime.demand in _DECIDING and _may_concern(regime, facts):
            start, end = max(regime.first, first), min(regime.until, last)
            dates = in_force(regime, language, starts=starts, ends=ends)
            shown.append(Span(regime, dates, (start - first).days, (end - start).days))
    return shown


def _may_concern(regime: Regime, facts: Mapping[str, str]) -> bool:
    """Whether no known fact shows that a regime does not apply."""
    named = [part.compares[0] for part in regime.when if part.axis]
    return all(facts.get(column, values[0]) in values for column, values in named)


class _BriefCalls:
    """Calls of a brief to an unknown person, each judged once for a jurisdiction and a day."""

    def __init__(self, brief: Brief, book: Rulebook, judge: Judge, own: OwnStatements) -> None:
        self._brief = replace(brief.without(["call_at"]).without_file(), values={})
        self._book, self._judge = book, judge
        self._completion = Completion(self._brief, own, pl.DataFrame(schema=LINKS), {})
        self._judged: dict[tuple[str, date], tuple[tuple[str, str], dict[str, Finding]]] = {}

    def decided(self, pack: Pack, day: date) -> tuple[str, str]:
        """The outcome, and the regimes that decide it."""
        return self.on(pack, day)[0]

    def on(self, pack: Pack, day: date) -> tuple[tuple[str, str], dict[str, Finding]]:
        """What `decided` says, and the finding of each regime."""
        key = (pack.jurisdiction, day)
        if key not in self._judged:
            calls = self._unknown_person(pack, day)
            verdicts, [results] = self._judge.explained(calls)
            row = verdicts.rows.row(0, named=True)
            by = row["dnc_blocked_by"] if row["dnc_outcome"] == "blocked" else row["dnc_undecided_by"]
            self._judged[key] = ((row["dnc_outcome"], by), {result.regime.id: result.finding for result in results})
        return self._judged[key]

    def _unknown_person(self, pack: Pack, day: date) -> Calls:
        """A call to an unknown number in the first territory of a jurisdiction."""
        row = pl.DataFrame(schema={"number": pl.String, RAGGED: pl.String}).clear(1)
        table = Table(Path("the brief"), "call", ["number"], iter([row]))
        calls = Intake(table, self._brief, self._book, day.isoformat()).calls(row)
        where = {"jurisdiction": pack.jurisdiction, "territory": next(iter(pack.territories), "")}
        plans = calls.plans.with_columns(pl.lit(value).alias(name) for name, value in where.items())
        return self._completion.completed(calls._replace(plans=plans))
