"""The hours of a place at which no rule about hours, weekdays, holidays and polls forbids the calls of a campaign.

Other rules (consent, registries, attempts) are about persons, and are left out.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import polars as pl

from dnc.clock import today
from dnc.errors import InputError
from dnc.files.table import RAGGED, Table
from dnc.law.regimes import Regime
from dnc.law.rulebook import Rulebook
from dnc.lists.brief import Brief
from dnc.lists.cell_facts import KIND, UNREAD, FactReader
from dnc.lists.header import Header
from dnc.lists.local_time import Places
from dnc.lists.texts import TEXTS
from dnc.messages import localized
from dnc.store.snapshots import Standing
from dnc.verdicts.evaluator import evaluator_of
from dnc.verdicts.next_time import OtherDays
from dnc.verdicts.screening import Screen
from dnc.verdicts.verdict import Policy

_ABOUT_TIME = ("hours", "silence")  # demands


class LawfulHours(NamedTuple):
    """Spans of local time, in ascending order, each until before its second moment.

    zones: IANA time zones that the place is in; the hours are lawful in each by its own clock.
    last_day: the last day that was looked at.
    """

    spans: list[tuple[datetime, datetime]]
    zones: tuple[str, ...]
    last_day: date


class _OfTime(Policy, frozen=True):
    """Counts nothing but the rules about time."""

    def counts(self, regime: Regime) -> bool:
        return regime.demand in _ABOUT_TIME and super().counts(regime)


def lawful_hours(place: str, brief: Brief, book: Rulebook, standing: Standing, days: int) -> LawfulHours:
    """The lawful hours of a place (ISO 3166-1 or 3166-2) from today on, on fewer days where the law was not reviewed.

    A rule that may apply counts, so tell as many facts of the calls as are known. Raises InputError if there are no
    rules for the place.
    """
    place = place.upper()
    territory, region = place[:2], place if "-" in place else None
    where = Places(book).where(region, territory, None, None, None)
    if where.jurisdiction is None or not where.read or not (region or len(place) == len(territory)):
        raise InputError(localized("errors", "no_hours_of", place=place))
    first = today()
    last = min(first + timedelta(days=days - 1), book.packs[where.jurisdiction].read_until)
    cells = {name: fact for name, fact in brief.facts.items() if name not in ("place", "call_at")}
    plan = {**cells, **dict.fromkeys((RAGGED, UNREAD, TEXTS)), "place": region, "call_at": str(first), KIND: "0"}
    plans = pl.DataFrame(plan, dict.fromkeys(plan, pl.String)).cast({KIND: pl.UInt32})
    kind = {"territory": territory, **dict.fromkeys(("code", "doubt", "place", "zones", "line"))}
    kinds = pl.DataFrame(kind, dict.fromkeys(kind, pl.String))
    table = Table(Path(), "csv", ["number", *cells, "place", "call_at"], iter(()))
    reader = FactReader(Header(table, Brief(facts=cells)), book, None, None)
    with Screen(standing, ()) as screen, evaluator_of(book) as evaluator:
        search = OtherDays(book, screen, evaluator, _OfTime())
        found = search.clear_spans(
            reader.facts(plans, kinds), [first + timedelta(days=by) for by in range((last - first).days + 1)]
        )
    return LawfulHours(_joined(list(found.iter_rows())), tuple(where.zones.split("|")), last)


def _joined(spans: list[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """Spans, with those that follow each other without a gap as one."""
    gaps = [at for at, (one, other) in enumerate(pairwise(spans), 1) if one[1] < other[0]]
    parts = [spans[start:end] for start, end in pairwise([0, *gaps, len(spans)])] if spans else []
    return [(part[0][0], part[-1][1]) for part in parts]
