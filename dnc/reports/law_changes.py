"""Coming changes of the law, and what they do to calls as a brief plans them: what starts, what ends, the outcomes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import polars as pl

from dnc.checks.brief import Brief
from dnc.checks.calls import Calls
from dnc.checks.intake import Intake
from dnc.checks.judge import Judge
from dnc.checks.screening import Screen
from dnc.checks.verdict import Policy
from dnc.files.table import RAGGED, Table
from dnc.law.findings import Finding
from dnc.law.regimes import Pack, Regime
from dnc.law.rulebook import Rulebook
from dnc.messages import dated, messages
from dnc.reports.explanation import finding
from dnc.store.store import Store

# demands that decide whether a person may be called at all
_DECIDING = ("consent", "unlisted", "unflagged", "forbidden")


class Change(NamedTuple):
    """One regime that starts or ends.

    day: first day of the change. change: `starts`, `ends`, or `unread` where the law was not read further.
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
    """Regimes that start or end from `first` to `last`, by day; the last day that was read for is an end."""
    found = []
    for pack in packs:
        for regime in pack.regimes:
            days = {"starts": regime.first, "ends": regime.until}
            if regime.is_scope:
                days["unread"] = pack.read_until + timedelta(days=1)
            found += [(day, pack, regime, change) for change, day in days.items() if first <= day <= last]
    return iter(sorted(found, key=lambda one: (one[0], one[1].jurisdiction, one[2].id, one[3])))


def outlook(packs: list[Pack], first: date, last: date, language: str = "en") -> list[Change]:
    """Every change of the law from one day to another, whatever is planned."""
    return [
        Change(day, pack.jurisdiction, regime.id, change, "", "", "", regime.says[language])
        for day, pack, regime, change in changes(packs, first, last)
    ]


def outlook_for(
    brief: Brief,
    packs: list[Pack],
    first: date,
    last: date,
    *,
    book: Rulebook,
    store: Store,
    language: str = "en",
) -> list[Change]:
    """The changes that may affect a call of which only the brief's facts are known; other changes are left out."""
    touched = []
    with Screen(store.standing(), book.registries()) as screen, Judge(book, screen, Policy()) as judge:
        calls = _BriefCalls(brief, book, judge)
        for day, pack, regime, change in changes(packs, first, last):
            eve = day - timedelta(days=1)
            found = calls.finding(pack, eve if change == "ends" else day, regime.id)
            if found is not Finding.NOT_APPLICABLE:
                around = (calls.outcome(pack, eve), calls.outcome(pack, day))
                touched.append(
                    Change(
                        day,
                        pack.jurisdiction,
                        regime.id,
                        change,
                        finding(found, language),
                        *around,
                        regime.says[language],
                    )
                )
    return touched


class Span(NamedTuple):
    """A regime that starts or ends in a period: its days there, in words, and their place in it in days."""

    regime: Regime
    dates: str
    start: int
    days: int


def spans(packs: list[Pack], told: Mapping[str, str], first: date, last: date, language: str) -> list[Span]:
    """Rules about consent, lists and bans that start or end in a period, for calls of which some facts are known.

    Args:
        packs: the law of the numbers called. told: facts that hold for all calls, by column.
        first, last: the period.
    """
    found = []
    for regime in sorted((one for pack in packs for one in pack.regimes), key=lambda one: (one.until, one.first)):
        starts, ends = first < regime.first <= last, first < regime.until <= last
        if (starts or ends) and regime.demand in _DECIDING and _may_concern(regime, told):
            start, end = max(regime.first, first), min(regime.until, last)
            found.append(Span(regime, _dates(regime, starts, ends, language), (start - first).days, (end - start).days))
    return found


def _may_concern(regime: Regime, told: Mapping[str, str]) -> bool:
    """Whether no fact that is known says that a regime does not apply."""
    named = [part.compares[0] for part in regime.when if part.axis]
    return all(told.get(column, words[0]) in words for column, words in named)


def _dates(regime: Regime, starts: bool, ends: bool, language: str) -> str:
    texts, write = messages("decision", language)["span"], dated(language)
    form = "both" if starts and ends else "starts" if starts else "ends"
    return str(texts[form].format(first=write(regime.first), last=write(regime.until - timedelta(days=1))))


class _BriefCalls:
    """Calls of a brief to an unknown person, each judged once for a jurisdiction and a day."""

    def __init__(self, brief: Brief, book: Rulebook, judge: Judge) -> None:
        self._brief = replace(brief.without(["call_at"]).without_file(), values={})
        self._book, self._judge = book, judge
        self._judged: dict[tuple[str, date], tuple[str, dict[str, Finding]]] = {}

    def outcome(self, pack: Pack, day: date) -> str:
        return self._on(pack, day)[0]

    def finding(self, pack: Pack, day: date, regime: str) -> Finding:
        return self._on(pack, day)[1][regime]

    def _on(self, pack: Pack, day: date) -> tuple[str, dict[str, Finding]]:
        key = (pack.jurisdiction, day)
        if key not in self._judged:
            calls = self._unknown_person(pack, day)
            verdicts, [results] = self._judge.explained(calls)
            self._judged[key] = (verdicts.outcomes[0], {one.regime.id: one.finding for one in results})
        return self._judged[key]

    def _unknown_person(self, pack: Pack, day: date) -> Calls:
        """A call to an unknown number in the first territory of a jurisdiction."""
        row = pl.DataFrame(schema={"number": pl.String, RAGGED: pl.String}).clear(1)
        table = Table(Path("the brief"), "call", ["number"], iter([row]))
        calls = Intake(table, self._brief, self._book, day.isoformat()).calls(row)
        where = {"jurisdiction": pack.jurisdiction, "territory": next(iter(pack.territories))}
        return calls._replace(
            plans=calls.plans.with_columns(pl.lit(value).alias(name) for name, value in where.items())
        )
