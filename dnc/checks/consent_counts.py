"""The consents that the calls of a check rest on, counted: by wording, age and end, and those without a proof."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import polars as pl

from dnc.lists.calls import Calls
from dnc.store.record_kinds import GIVEN
from dnc.verdicts.judge import Verdicts

_AGES = (90, 180, 365)  # days
_BY: dict[str, type[pl.DataType]] = {
    "wording": pl.String,
    "proven": pl.Boolean,
    "age": pl.Int8,
    "consent_until": pl.Date,
    "outcome": pl.String,
}
_FACTS = ("consent", "lacks", "proven", "wording", "consent_on", "consent_until", "day")


@dataclass
class ConsentCounts:
    """Counted while a check runs."""

    calls: Counter[tuple[str | None, bool, int | None, date | None, str]] = field(default_factory=Counter)  # by `_BY`

    def add(self, calls: Calls, verdicts: Verdicts) -> None:
        """Take note of a batch; where the store has no consents nothing is counted."""
        if calls.statement is None:
            return
        facts = calls.facts(*_FACTS).with_columns(verdicts.outcomes.alias("outcome"))
        given = facts.filter(pl.col("consent").is_in(GIVEN) | (pl.col("lacks") != ""))
        age = (pl.col("day") - pl.col("consent_on")).dt.total_days()
        of_age = pl.sum_horizontal((age > days).cast(pl.Int8) for days in _AGES)
        aged = given.with_columns(age=pl.when(age.is_not_null()).then(of_age))
        for *key, count in aged.group_by(_BY.keys()).len().sort(_BY.keys()).iter_rows():
            self.calls[tuple(key)] += count

    @property
    def data(self) -> dict[str, Any] | None:
        """The counts, as JSON has them; None where no call has a consent.

        calls; unproven: those whose consent has no proof or no wording. wordings: name (null for none), calls, and of
        these `clear`. ages: calls by the age of their consent on the day of the call, `to_90`, `to_180`, `to_365`,
        `more`, `unknown`. ends: calls by the last day of their consent, where it has one, earliest first.
        """
        if not self.calls:
            return None
        counts = [(*key, count) for key, count in self.calls.items()]
        rows = pl.DataFrame(counts, schema=_BY | {"calls": pl.UInt64}, orient="row")
        clear = pl.col("calls").filter(pl.col("outcome") == "clear").sum()
        wordings = (
            rows.group_by("wording")
            .agg(pl.col("calls").sum(), clear=clear)
            .sort(["calls", "wording"], descending=[True, False], nulls_last=True)
        )
        names: dict[int | None, str] = {
            None: "unknown",
            **{at: f"to_{days}" for at, days in enumerate(_AGES)},
            len(_AGES): "more",
        }
        ages = rows.group_by("age").agg(pl.col("calls").sum()).sort("age")
        ends = (
            rows.drop_nulls("consent_until").group_by("consent_until").agg(pl.col("calls").sum()).sort("consent_until")
        )
        return {
            "calls": int(rows["calls"].sum()),
            "unproven": int(rows.filter(~pl.col("proven"))["calls"].sum()),
            "wordings": wordings.rename({"wording": "name"}).to_dicts(),
            "ages": {names[age]: count for age, count in ages.iter_rows()},
            "ends": {day.isoformat(): count for day, count in ends.iter_rows()},
        }
