"""The evaluator: regimes × facts → what each condition comes to, asked of DuckDB once for each combination of cells.

Conditions are asked in parts by the columns that they read, so that days and words
that vary by themselves are not multiplied with each other, and what is new in one of
them is all that is asked anew; what was told is put together before what registries
said is laid beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import NamedTuple

import duckdb
import polars as pl

from dnc.checks.cases import Facts
from dnc.database import run
from dnc.frames import numbered
from dnc.law.demands import FACTS, REGISTRY_FACTS
from dnc.law.findings import Inquiry, Truth, counting_ends, inquiry
from dnc.law.regimes import Pack, Regime
from dnc.law.rulebook import Rulebook
from dnc.law.vocabulary import vocabulary

_REMEMBERED = 200_000  # distinct cells after which answers to a part are forgotten


class Found(NamedTuple):
    """What DuckDB says of cases of one pack and one epoch.

    regimes: those in force. truths: distinct truths of their conditions. truth: for each case its place in `truths`.
    last_day: the last day before anything dated changes that a case rests on (Date); null where nothing does.
    """

    regimes: list[Regime]
    truths: list[Truth]
    truth: pl.Series
    last_day: pl.Series


class _Answers(NamedTuple):
    """What conditions come to: distinct truths, for each case its place there, and the day of each end in each case."""

    truths: list[Truth]
    truth: pl.Series
    ends: dict[str, pl.Series]


class _Memory:
    """Asks about the same cells once: remembers what was answered, and begins anew after so many."""

    def __init__(self, ask: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
        self._ask = ask
        self._place: dict[tuple[object, ...], int] = {}
        self._answers = pl.DataFrame()

    def __call__(self, cells: pl.DataFrame) -> pl.DataFrame:
        """What is answered about each of distinct rows, in their order."""
        known = self._answers.height
        rows = cells.with_columns(pl.selectors.temporal().to_physical()).iter_rows()  # whole numbers hash sooner
        if not 0 < known <= _REMEMBERED:
            self._place, self._answers = {}, self._ask(cells)
            self._place = {row: at for at, row in enumerate(rows)}
            return self._answers
        met = dict[tuple[object, ...], int]()
        place = pl.Series(
            [self._place[row] if row in self._place else met.setdefault(row, known + len(met)) for row in rows],
            dtype=pl.UInt32,
        )
        if met:
            self._answers = pl.concat([self._answers, self._ask(cells.filter(place >= known))])
            self._place |= met
        return self._answers[place]


class _Part(NamedTuple):
    """Conditions that read some columns, whether these are all told, and who answers about their cells."""

    columns: list[str]
    told: bool
    inquiry: Inquiry
    answers: _Memory

    def of(self, facts: Facts) -> _Answers:
        number, cells = facts.numbered(self.columns)
        answers = self.answers(cells)
        codes = [answers[f"c{at}"] for at in range(self.inquiry.codes)]
        truth, distinct = numbered(pl.DataFrame(codes) if codes else pl.DataFrame(height=cells.height))
        days: dict[str, pl.Series] = {end: answers[f"e{at}"][number] for at, end in enumerate(self.inquiry.ends)}
        return _Answers([self.inquiry.truth(row) for row in distinct.iter_rows()] or [{}], truth[number], days)


class Evaluator:
    """Says what regimes come to, for one thread.

    con: a cursor of `Rulebook.evaluator`.
    """

    def __init__(self, book: Rulebook, con: duckdb.DuckDBPyConnection) -> None:
        self._con = con
        self._parts: dict[Inquiry, list[_Part]] = {}
        self._registry_facts = {
            registry.replace("-", "_") + suffix: kind
            for registry in sorted(book.registries())
            for suffix, kind in REGISTRY_FACTS.items()
        }

    def found(self, pack: Pack, facts: Facts, skip_daily: bool = False) -> Found:
        """What DuckDB says of cases of one epoch; `skip_daily` counts what is judged day by day as met."""
        days = facts.cases["day"]
        regimes = pack.on(days[0])
        of_told, alone = facts.alone()
        parts = self._asked(inquiry(regimes, skip_daily), facts.said.frame.columns)
        truths, truth, on = _together([part.of(alone) for part in parts if part.told], alone.cases.height)
        told = _Answers(truths, truth[of_told], {end: each[of_told] for end, each in on.items()})
        answers = _together([told, *(part.of(facts) for part in parts if not part.told)], facts.cases.height)
        return Found(regimes, answers.truths, answers.truth, _last_day(pack, regimes, days, answers))

    def _asked(self, whole: Inquiry, said: list[str]) -> list[_Part]:
        """The parts in which an inquiry is made, where registries say some columns."""
        if whole not in self._parts:
            told = [*FACTS, *vocabulary().axes]
            parts = whole.apart([*told, *said], vocabulary().axes)
            self._parts[whole] = [self._part(names, set(names) <= set(told), one) for names, one in parts]
        return self._parts[whole]

    def _part(self, columns: list[str], told: bool, inquiry: Inquiry) -> _Part:
        """A part; what it reads of registries of which nothing is known is NULL."""
        unknown = [name for name in self._registry_facts if name in inquiry.columns and name not in columns]
        nulls = (f"null::{self._registry_facts[name]} as {name}" for name in unknown)
        sql = f"with facts as (select {', '.join(('*', *nulls))} from told) {inquiry.sql}"
        return _Part(columns, told, inquiry, _Memory(lambda cells: run(self._con, "findings", sql, told=cells)))


def _together(parts: list[_Answers], cases: int) -> _Answers:
    """Answers to several parts as one."""
    if not parts:
        return _Answers([{}], pl.zeros(cases, pl.UInt32, eager=True), {})
    truth, met = numbered(pl.DataFrame([part.truth.alias(str(at)) for at, part in enumerate(parts)]))
    truths = [_merged(part.truths[one] for part, one in zip(parts, row, strict=True)) for row in met.iter_rows()]
    return _Answers(truths, truth, {end: days for part in parts for end, days in part.ends.items()})


def _merged(truths: Iterable[Truth]) -> Truth:
    return {sql: value for truth in truths for sql, value in truth.items()}


def _last_day(pack: Pack, regimes: list[Regime], days: pl.Series, answers: _Answers) -> pl.Series:
    """The last day before anything dated changes that cases of one epoch rest on; null where nothing does."""
    next_law: date | None = next((change for change in pack.changes() if change > days[0]), None)
    last_days = [pl.repeat(next_law and next_law - timedelta(days=1), pl.len(), dtype=pl.Date)]
    counting = [counting_ends(regimes, truth) for truth in answers.truths]
    for end, on in answers.ends.items():
        if any(end in one for one in counting):
            counts = pl.Series([end in one for one in counting], dtype=pl.Boolean)[answers.truth]
            last_days.append(pl.when(counts & (on >= days)).then(on))
    return days.to_frame().select(pl.min_horizontal(last_days)).to_series()
