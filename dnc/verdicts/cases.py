"""The facts of many calls, factored so that each distinct row is stored and evaluated once.

A case is a day, a distinct row of the facts of calls (a plan) and a distinct row of what
registries answer. There may be far more cases than plans or answers.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from functools import cached_property, reduce
from typing import NamedTuple

import polars as pl

from dnc.frames import keys, numbered, placed, repeated, taken


class Distinct:
    """A frame whose distinct rows of some columns are asked for again and again; they are computed once.

    make: gives the rows, when they are asked for.
    """

    def __init__(self, make: Callable[[], pl.DataFrame]) -> None:
        self._make = make
        self._known: dict[tuple[str, ...], tuple[pl.Series, pl.DataFrame]] = {}

    @cached_property
    def frame(self) -> pl.DataFrame:
        """The rows."""
        return self._make()

    def numbered(self, names: Sequence[str]) -> tuple[pl.Series, pl.DataFrame]:
        """Some columns: for each row its number (UInt32), and the distinct rows in that order."""
        key = tuple(names)
        if key not in self._known:
            self._known[key] = numbered(self.frame[list(names)])
        return self._known[key]


class Facts:
    """Cases, and the plans and answers that they refer to.

    plans, answers: their rows, with no column in common, except that `day` of a case replaces that of its plan.
    cases: `plan` and `answer` (UInt32, rows of the other two), and `day` (Date).
    """

    def __init__(self, plans: Distinct, answers: Distinct, cases: pl.DataFrame) -> None:
        self.plans = plans
        self.answers = answers
        self.cases = cases

    @property
    def columns(self) -> list[str]:
        """The names of all columns."""
        return [*self.plans.frame.columns, *self.answers.frame.columns]

    def take(self, at: pl.Series) -> Facts:
        """The cases at some positions."""
        return Facts(self.plans, self.answers, taken(self.cases, at))

    def without_answers(self) -> tuple[pl.Series, Facts]:
        """The cases without what registries answer: for each case its row among these, and these, each once."""
        number, cases = numbered(self.cases[["plan", "day"]])
        return number, Facts(self.plans, Distinct(pl.DataFrame), cases)

    def rows(self, names: Sequence[str]) -> tuple[pl.Series, pl.DataFrame]:
        """Some columns: for each case the number (UInt32) of its distinct row, and these rows.

        Some of them may belong to no case: the rows of plans, and of answers, have their numbers already.
        """
        parts = []
        for name, side in (("plan", self.plans), ("answer", self.answers)):
            columns = side.frame.columns
            if here := [column for column in names if column != "day" and column in columns]:
                row, distinct = side.numbered(here)
                parts.append((row[self.cases[name]], distinct))
        if "day" in names:
            parts.append(self._days)
        return reduce(_combined, parts)

    @cached_property
    def _days(self) -> tuple[pl.Series, pl.DataFrame]:
        """The days, numbered."""
        return numbered(self.cases[["day"]])


def _combined(
    one: tuple[pl.Series, pl.DataFrame], other: tuple[pl.Series, pl.DataFrame]
) -> tuple[pl.Series, pl.DataFrame]:
    """Rows of two sides as one: for each case its row, and the distinct rows."""
    (row, rows), (others_row, others) = one, other
    if others.height == 1:
        return row, rows.hstack(taken(others, repeated(0, pl.UInt32, rows.height)))
    if rows.height == 1:
        return others_row, taken(rows, repeated(0, pl.UInt32, others.height)).hstack(others)
    number, met = numbered(pl.DataFrame([row.alias("one"), others_row.alias("other")]))
    return number, taken(rows, met["one"]).hstack(taken(others, met["other"]))


class Factored(NamedTuple):
    """Rows as cases.

    case: for each row, its case in `facts`. facts: the distinct cases. codes: those of each row of `facts.answers`.
    """

    case: pl.Series
    facts: Facts
    codes: pl.DataFrame

    def keys(self, known: dict[Hashable, int]) -> Iterator[Hashable]:
        """A key for each case, which is also distinct from cases of other batches that the same snapshots answer.

        known: plans of these batches and their numbers; new ones are added.
        """
        plans, _ = placed(keys(self.facts.plans.frame), known)
        names = tuple(self.codes.columns)
        answers = [(names, *row) for row in keys(self.codes)] or [names] * self.codes.height
        for plan, answer, day in keys(self.facts.cases[["plan", "answer", "day"]]):
            yield plans[plan], answers[answer], day


def factored(
    plans: Distinct,
    plan: pl.Series,
    days: pl.Series,
    codes: pl.DataFrame,
    decoded: Callable[[pl.DataFrame], pl.DataFrame],
) -> Factored:
    """Rows (each a plan, a day and the codes of what registries answer) as cases.

    Args:
        plans: the plans. plan: the plan of each row. days: the day of each row (Date).
        codes: for each row, as `dnc.verdicts.screening.Screen.codes` gives them. decoded: `Screen.decoded`.
    """
    answer, distinct = numbered(codes)
    case, cases = numbered(pl.DataFrame([plan.alias("plan"), answer.alias("answer"), days.alias("day")]))
    return Factored(case, Facts(plans, Distinct(lambda: decoded(distinct)), cases), distinct)
