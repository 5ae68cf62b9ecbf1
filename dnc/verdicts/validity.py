"""Until when a clear call stays clear: goes from each day on which anything dated ends to the next, and decides again.

What is judged day by day (hours, attempts) is left out: it counts as met.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from dnc.frames import repeated
from dnc.law.findings import Truth, finding_of
from dnc.verdicts.cases import Distinct, Facts, factored
from dnc.verdicts.evaluator import Evaluation, Evaluator
from dnc.verdicts.screening import Screen
from dnc.verdicts.verdict import Policy, outcome_of

# Ascending positions and a day (Date) for each → columns `clear` (Boolean) and `last_day` (Date), a row for each.
Decide = Callable[[pl.Series, pl.Series], pl.DataFrame]
# The same → what registries answer on these days, as `Screen.codes` gives it.
Codes = Callable[[pl.Series, pl.Series], pl.DataFrame]


class Validity:
    """Finds the last day on which calls stay clear with what is loaded now."""

    def __init__(self, screen: Screen, evaluator: Evaluator, policy: Policy) -> None:
        self._screen = screen
        self._evaluator = evaluator
        self._policy = policy

    def last_days(self, plans: Distinct, plan: pl.Series, steady: pl.Series, codes: Codes) -> pl.Series:
        """The last day on which each of some clear calls is still clear (Date); null where nothing ends that.

        Args:
            plans: facts. plan: for each call, its row there.
            steady: for each call, the last day on which nothing has changed.
            codes: asks the registries about those at some positions again, on a later day each.
        """
        return last_clear_days(steady, lambda at, days: self._decided(plans, plan[at], days, codes(at, days)))

    def _decided(self, plans: Distinct, plan: pl.Series, days: pl.Series, codes: pl.DataFrame) -> pl.DataFrame:
        """Whether plans are clear on later days (`clear`), and until when nothing changes (`last_day`)."""
        row, facts, _ = factored(plans, plan, days, codes, self._screen.decoded)
        clear = repeated(False, pl.Boolean, facts.cases.height)
        last_day = repeated(None, pl.Date, facts.cases.height)
        for at, _, evaluation in self._evaluator.evaluated(facts, skip_daily=True):
            is_clear = pl.Series([self._is_clear(evaluation, truth) for truth in evaluation.truths], dtype=pl.Boolean)
            clear = clear.scatter(at, is_clear[evaluation.truth])
            last_day = last_day.scatter(at, evaluation.last_day)
        return pl.DataFrame([clear.alias("clear"), last_day.alias("last_day")])[row]

    def _is_clear(self, evaluation: Evaluation, truth: Truth) -> bool:
        findings = [finding_of(regime, truth, skip_daily=True) for regime in evaluation.regimes]
        return outcome_of(evaluation.regimes, findings, self._policy) == "clear"


def last_clear_days(steady: pl.Series, decide: Decide) -> pl.Series:
    """The last day on which each of some clear calls stays clear; null where nothing ends that.

    Args:
        steady: for each, the last day on which nothing has changed (Date, without nulls).
        decide: decides those at some positions again, on a later day each.
    """
    until = repeated(None, pl.Date, steady.len())
    pending = pl.DataFrame({"at": pl.arange(0, steady.len(), eager=True), "last_day": steady})
    while pending.height:
        pending = pending.select("at", pl.col("last_day").dt.offset_by("1d").alias("day"))
        pending = pending.hstack(decide(pending["at"], pending["day"]))
        ended = pending.filter(~pl.col("clear"))
        until = until.scatter(ended["at"], ended["day"].dt.offset_by("-1d"))
        pending = pending.filter(pl.col("clear") & pl.col("last_day").is_not_null())
    return until


def answered_again(facts: Facts) -> pl.Series:
    """Whether a later snapshot covers the number of each case."""
    later = pl.any_horizontal(pl.lit(False), pl.col("^.*_next_on$").is_not_null())
    return facts.answers.frame.select(pl.repeat(True, pl.len()) & later).to_series()[facts.cases["answer"]]
