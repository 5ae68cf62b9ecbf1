"""The consents that the calls of a check rest on, counted: by wording, age and end, and those without a proof."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import polars as pl

from dnc.lists.calls import Calls
from dnc.store.record_kinds import GIVEN
from dnc.verdicts.judge import Verdicts

_AGES = (90, 180, 365)  # days
_FACTS = ("consent", "lacks", "proven", "wording", "consent_on", "consent_until", "day")


@dataclass
class ConsentCounts:
    """Counted while a check runs."""

    _parts: list[pl.DataFrame] = field(default_factory=list)

    def add(self, calls: Calls, verdicts: Verdicts) -> None:
        """Take note of a batch; where the store has no consents nothing is counted."""
        if calls.statement is None:
            return
        facts = calls.facts(*_FACTS).with_columns(verdicts.outcomes.alias("outcome"))
        given = facts.filter(pl.col("consent").is_in(GIVEN) | (pl.col("lacks") != ""))
        age = (pl.col("day") - pl.col("consent_on")).dt.total_days()
        of_age = pl.sum_horizontal((age > days).cast(pl.Int8) for days in _AGES)
        by = ("wording", "proven", pl.when(age.is_not_null()).then(of_age).alias("age"), "consent_until", "outcome")
        self._parts.append(given.group_by(*by).len("calls"))
        if len(self._parts) > 1:
            rows = pl.concat(self._parts)
            self._parts = [rows.group_by(pl.exclude("calls")).agg(pl.col("calls").sum())]

    @property
    def data(self) -> dict[str, Any] | None:
        """The counts, as JSON has them; None where no call has a consent.

        calls; unproven: those whose consent has no proof or no wording. wordings: name (null for none), calls, and of
        these `clear`. ages: calls by the age of their consent on the day of the call, `to_90`, `to_180`, `to_365`,
        `more`, `unknown`. ends: calls by the last day of their consent, where it has one, earliest first.
        """
        rows = self._parts[0] if self._parts else pl.DataFrame()
        if not rows.height:
            return None
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
