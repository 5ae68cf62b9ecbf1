"""The evaluator: evaluates the conditions of regimes with DuckDB, once for each distinct combination of cells.

Conditions are grouped by the columns that they read, so that days and words that vary
independently are not multiplied with each other, and only what is new in a group is
evaluated: then all conditions of a pack, whichever are asked for, as later days ask for
most of them again. Conditions on plans alone are combined first, before registries'
answers.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Set
from contextlib import contextmanager
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

import duckdb
import polars as pl

from dnc.database import parsed, run
from dnc.frames import Remembered, keys, numbered, placed, repeated, taken
from dnc.law.demands import FACTS, REGISTRY_FACTS, registry_column
from dnc.law.findings import Inquiry, Truth, counting_ends, inquiry
from dnc.law.regimes import Pack, Regime
from dnc.law.rulebook import Rulebook
from dnc.law.vocabulary import vocabulary
from dnc.verdicts.cases import Facts

_REMEMBERED = 200_000  # distinct cells of a group after which its answers are dropped
_KEPT = 20_000  # distinct cells of all groups up to which an evaluator is kept for the next check


class Evaluation(NamedTuple):
    """The values of all conditions for some cases, under one pack and on days with the same regimes in force.

    regimes: those in force. truths: distinct combinations of values. truth: for each case its position in `truths`.
    last_day: the last day on which nothing dated that a case depends on has changed (Date); null: nothing will.
    """

    regimes: list[Regime]
    truths: list[Truth]
    truth: pl.Series
    last_day: pl.Series


class _Values(NamedTuple):
    """Values of conditions: the distinct combinations, for each case its position there, and the day of each end."""

    truths: list[Truth]
    truth: pl.Series
    ends: dict[str, pl.Series]


class _Group(NamedTuple):
    """Conditions that read the same columns.

    of_plans: whether all of these are columns of plans. evaluate: the results of rows of `columns`.
    """

    columns: list[str]
    of_plans: bool
    inquiry: Inquiry
    evaluate: Callable[[pl.DataFrame], pl.DataFrame]
    known: Remembered

    def values(self, facts: Facts, asked: Set[str]) -> _Values:
        """The values of the conditions and ends that are asked for."""
        number, cells = facts.rows(self.columns)
        results = self.known(cells.height, keys(cells), lambda at: self.evaluate(taken(cells, at)))
        codes = [results[f"c{at}"] for at in range(self.inquiry.codes)]
        row, distinct = numbered(pl.DataFrame(codes) if codes else pl.DataFrame(height=cells.height))
        all_values = map(self.inquiry.truth, distinct.iter_rows())
        truths = [{sql: value for sql, value in truth.items() if sql in asked} for truth in all_values] or [{}]
        places, first = placed((tuple(truth.values()) for truth in truths), {})
        truth = pl.Series(places, dtype=pl.UInt32)[row[number]]
        days: dict[str, pl.Series] = {
            end: results[f"e{at}"][number] for at, end in enumerate(self.inquiry.ends) if end in asked
        }
        return _Values([truths[at] for at in first], truth, days)


@lru_cache(maxsize=8)
def _free(book: Rulebook) -> list[Evaluator]:
    """The evaluators of a rulebook that nobody uses."""
    return []


@contextmanager
def evaluator_of(book: Rulebook) -> Iterator[Evaluator]:
    """An evaluator for one thread; unless there is an error, later checks by the same rules use what it remembers."""
    free = _free(book)
    try:
        evaluator = free.pop()
    except IndexError:
        evaluator = Evaluator(book, book.evaluator.cursor())
    yield evaluator
    if evaluator.remembered <= _KEPT:
        free.append(evaluator)


class Evaluator:
    """Evaluates the conditions of a rulebook, in one thread.

    con: a cursor of `Rulebook.evaluator`.
    """

    def __init__(self, book: Rulebook, con: duckdb.DuckDBPyConnection) -> None:
        self._book = book
        self._con = con
        self._groups: dict[tuple[str, ...], list[_Group]] = {}  # by jurisdiction, and columns of registries
        self._registry_facts = {
            registry_column(registry, suffix): kind
            for registry in sorted(book.registries())
            for suffix, kind in REGISTRY_FACTS.items()
        }
        self._kinds = FACTS | dict.fromkeys(vocabulary().axes, "VARCHAR") | self._registry_facts

    @property
    def remembered(self) -> int:
        """How many distinct cells it knows the values of."""
        return sum(len(group.known) for groups in self._groups.values() for group in groups)

    def evaluated(self, facts: Facts, *, steady: bool = False) -> Iterator[tuple[pl.Series, Facts, Evaluation]]:
        """Cases by the law that applies to them; a case without a known law or day is in none of the results.

        Args:
            facts: the cases.
            steady: decide by the regimes without what is judged day by day (`Regime.steady`).
        Yields:
            For a pack and a span of days on which the same regimes are in force: the positions of its cases,
            these cases, and the values of their conditions.
        """
        for pack, at in self._by_law(facts):
            here = facts.take(at)
            yield at, here, self._evaluation(pack, here, steady=steady)

    def _by_law(self, facts: Facts) -> Iterator[tuple[Pack, pl.Series]]:
        """Each pack and span of days on which the same regimes are in force, with the positions of its cases."""
        row, distinct = facts.rows(["jurisdiction", "day"])
        places, numbers = list[int | None](), dict[tuple[str, int], int]()
        for name, day in distinct.iter_rows():
            pack = self._book.packs.get(name)
            span = (name, bisect_right(pack.changes, day)) if pack and day else None
            places.append(span and numbers.setdefault(span, len(numbers)))
        law = pl.Series(places, dtype=pl.UInt32)[row]
        for name in dict.fromkeys(name for name, _ in numbers):
            for span in sorted(span for span in numbers if span[0] == name):
                at = (law == numbers[span]).arg_true()
                if at.len():
                    yield self._book.packs[name], at

    def _evaluation(self, pack: Pack, facts: Facts, *, steady: bool) -> Evaluation:
        days = facts.cases["day"]
        regimes = [regime.steady if steady else regime for regime in pack.on(days[0])]
        plan, plans = facts.without_answers()
        asked = inquiry(regimes).expressions
        groups = [
            group for group in self._grouped(pack, facts.answers.frame.columns) if group.inquiry.expressions & asked
        ]
        in_plans = [group.values(plans, asked) for group in groups if group.of_plans]
        truths, truth, ends = _together(in_plans, plans.cases.height)
        of_plans = _Values(truths, truth[plan], {end: on[plan] for end, on in ends.items()})
        of_answers = [group.values(facts, asked) for group in groups if not group.of_plans]
        values = _together([of_plans, *of_answers], facts.cases.height)
        return Evaluation(regimes, values.truths, values.truth, _last_day(pack, regimes, days, values))

    def _grouped(self, pack: Pack, answers: list[str]) -> list[_Group]:
        """All conditions of a pack in groups; `answers` are the columns of the registries that anything is known of."""
        key = (pack.jurisdiction, *answers)
        if key not in self._groups:
            of_plans = [*FACTS, *vocabulary().axes]
            parts = inquiry(pack.ever).grouped([*of_plans, *answers], vocabulary().axes)
            self._groups[key] = [self._group(names, set(names) <= set(of_plans), part) for names, part in parts]
        return self._groups[key]

    def _group(self, columns: list[str], of_plans: bool, part: Inquiry) -> _Group:
        """A group; the columns that it reads of registries of which nothing is known are NULL."""
        unknown = [name for name in self._registry_facts if name in part.columns and name not in columns]
        nulls = (f"null::{self._kinds[name]} as {name}" for name in unknown)
        lists = (f"unnest(${name}::{self._kinds[name]}[]) as {name}" for name in columns)
        facts = f"select {', '.join(('*', *nulls))} from (select {', '.join(lists)})"
        statement = parsed(self._con, "findings", f"with facts as ({facts}) {part.sql}")
        schema: dict[str, type[pl.DataType]] = {f"c{at}": pl.UInt64 for at in range(part.codes)}
        schema |= {f"e{at}": pl.Date for at in range(len(part.ends))}

        def evaluate(cells: pl.DataFrame) -> pl.DataFrame:
            return run(self._con, "findings", statement, cells.to_dict(as_series=False), schema)

        return _Group(columns, of_plans, part, evaluate, Remembered(_REMEMBERED))


def _together(parts: list[_Values], cases: int) -> _Values:
    """The values of several groups, for the same cases, as one."""
    if not parts:
        return _Values([{}], repeated(0, pl.UInt32, cases), {})
    truth, distinct = numbered(pl.DataFrame([part.truth.alias(str(at)) for at, part in enumerate(parts)]))
    truths = [_merged(part.truths[at] for part, at in zip(parts, row, strict=True)) for row in distinct.iter_rows()]
    return _Values(truths, truth, {end: days for part in parts for end, days in part.ends.items()})


def _merged(truths: Iterable[Truth]) -> Truth:
    return {sql: value for truth in truths for sql, value in truth.items()}


def _last_day(pack: Pack, regimes: list[Regime], days: pl.Series, values: _Values) -> pl.Series:
    """`Evaluation.last_day` of cases on `days`, on all of which the same regimes are in force."""
    next_law: date | None = next((change for change in pack.changes if change > days[0]), None)
    last_days = [pl.repeat(next_law and next_law - timedelta(days=1), pl.len(), dtype=pl.Date)]
    counting = [counting_ends(regimes, truth) for truth in values.truths]
    for end, on in values.ends.items():
        if any(end in ends for ends in counting):
            counts = pl.Series([end in ends for ends in counting], dtype=pl.Boolean)[values.truth]
            last_days.append(pl.when(counts & (on >= days)).then(on))
    return days.to_frame().select(pl.min_horizontal(last_days)).to_series()
