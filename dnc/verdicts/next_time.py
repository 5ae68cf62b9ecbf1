"""Verdicts on other days: when a call that is blocked by its time only would first be clear, and until when one is.

A call is moved to later moments and decided again. Nothing but its time changes, so nothing changes between two
moments at which an hour begins or ends, or a recorded call no longer counts: one moment of each such span is decided.
Days on which a call is not clear at the best hour are left out first. What the list tells of attempts is told of the
call, whenever it is, and does not lapse.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from dnc.clock import local
from dnc.frames import each_distinct, numbered, repeated, taken
from dnc.law.findings import Truth, after_waiting, at_any_hour, finding_of
from dnc.law.regimes import Regime
from dnc.law.rulebook import Rulebook
from dnc.lists.cell_facts import at_agreed_hour
from dnc.lists.local_time import at_instant
from dnc.verdicts.cases import Distinct, Facts, factored
from dnc.verdicts.evaluator import Evaluation, Evaluator
from dnc.verdicts.screening import Screen
from dnc.verdicts.verdict import Policy, outcome_of

HORIZON = 60  # days
# Days that are tried together, counted from that of the call; on the 30th the last call recorded before it lapses.
_TRIED = ((0, 2), (3, 10), (11, 29), (30, 33), (34, HORIZON))
_MINUTE = timedelta(minutes=1)
_QUARTERS = frozenset(time(hour, minute) for hour in range(24) for minute in range(0, 60, 15))
_CLOCK = pl.Datetime("us")
_SPAN = {"start": _CLOCK, "end": _CLOCK, "at_first": _CLOCK, "at_last": _CLOCK}
_MOMENT = ("at_first", "at_last", "timed", "instant")
_AGREED = ("hours_agreed", "appointment_at")  # facts that say at which hours of a day a call may begin


# Ascending positions and a day (Date) for each → columns `clear` (Boolean) and `last_day` (Date), a row for each.
Decide = Callable[[pl.Series, pl.Series], pl.DataFrame]
# The same → what registries answer on these days, as `Screen.codes` gives it.
Codes = Callable[[pl.Series, pl.Series], pl.DataFrame]
# Facts of calls at other moments than planned → the same, completed by what is known then (see `Calls.completed`).
Complete = Callable[[pl.DataFrame], pl.DataFrame]


class OtherDays:
    """Decides calls on other days than their own, with what is loaded now."""

    def __init__(self, book: Rulebook, screen: Screen, evaluator: Evaluator, policy: Policy) -> None:
        self._book = book
        self._screen = screen
        self._evaluator = evaluator
        self._policy = policy
        self._clocks = dict[str, frozenset[time]]()  # by jurisdiction

    def may_come(self, evaluation: Evaluation, days: pl.Series) -> pl.Series:
        """Which cases of an evaluation are worth a search (Boolean); `days`: theirs.

        Those that nothing would block at another time; what would be undecided then has to change on a later day.
        """
        judged = [(at_any_hour(evaluation.regimes, truth), truth) for truth in evaluation.truths]
        hopes = [self._outcome(regimes, after_waiting(regimes, truth)) for regimes, truth in judged]
        hope = pl.Series(hopes, dtype=pl.String)[evaluation.truth]
        changes = (evaluation.last_day < days.dt.offset_by(f"{HORIZON}d")).fill_null(False)
        return (hope == "clear") | ((hope == "undecided") & changes)

    def first_clear(
        self, plans: pl.DataFrame, days: pl.Series, same: pl.DataFrame, codes: Codes, complete: Complete | None = None
    ) -> pl.Series:
        """The first moment within `HORIZON` days at which each of some blocked calls is clear (String, ISO 8601).

        It is a local time if the call was planned in local time, else it has an offset; null if there is none.

        Args:
            plans: the facts of each call. days: the day of each.
            same: what else calls have in common that differ by their hour only, and so are moved together.
            codes: asks the registries about those at some positions again, on a later day each.
            complete: completes facts of later moments; None where `plans` have all that is known at any.
        """
        moment = plans.select(*_MOMENT, "zones").with_columns(days.alias("day")).select("zones", _after())
        moved, calls = numbered(_movable(plans, days).hstack(same))
        first = moved.arg_unique()
        pending = pl.DataFrame([moved.alias("moved"), moment["after"]]).with_row_index("call")
        found = repeated(None, _CLOCK, plans.height)

        def again(at: pl.Series, on: pl.Series) -> pl.DataFrame:
            return codes(first[at], on)

        for offsets in _TRIED:
            tried = self._possible_days(calls, pending["moved"].unique(maintain_order=True), offsets, again, complete)
            while tried.height:
                now = tried.unique("moved", keep="first", maintain_order=True)
                tried = tried.join(now.select("moved", "day"), on=["moved", "day"], how="anti", maintain_order="left")
                spans = self._clear_spans(calls, now, again, complete)
                met = pending.join(spans, on="moved").filter(pl.col("end") > pl.col("after"))
                met = met.group_by("call").agg(at=pl.max_horizontal("start", "after").min())
                found = found.scatter(met["call"], met["at"])
                pending = pending.join(met, on="call", how="anti", maintain_order="left")
                tried = tried.join(pending, on="moved", how="semi", maintain_order="left")
        written = pl.DataFrame([found, moment["zones"]])
        return each_distinct(written, _written, {"next_at": pl.String})["next_at"]

    def last_days(self, plans: Distinct, plan: pl.Series, steady: pl.Series, codes: Codes) -> pl.Series:
        """The last day on which each of some clear calls is still clear (Date); null where nothing ends that.

        It goes from each day on which anything dated ends to the next, and decides again. What is judged day by day
        (hours, attempts) is left out: it counts as met.

        Args:
            plans: facts. plan: for each call, its row there.
            steady: for each call, the last day on which nothing has changed.
            codes: asks the registries about those at some positions again, on a later day each.
        """

        def decide(at: pl.Series, days: pl.Series) -> pl.DataFrame:
            return self._decided(plans, plan[at], days, codes(at, days), self._outcome, steady=True)

        return last_clear_days(steady, decide)

    def _possible_days(
        self,
        calls: pl.DataFrame,
        moved: pl.Series,
        offsets: tuple[int, int],
        codes: Codes,
        complete: Complete | None,
    ) -> pl.DataFrame:
        """Columns `moved` (of those) and `day`, ascending: the days on which calls are clear at the best of hours.

        And `_AGREED`, as they are known on that day.
        """
        first, last = offsets
        tried = moved.to_frame().join(pl.DataFrame({"by": range(first, last + 1)}), how="cross", maintain_order="left")
        later = taken(calls, tried["moved"]).with_columns(pl.col("day") + pl.duration(days=pl.lit(tried["by"])))
        midnight = pl.when("is_local").then(pl.col("day").cast(_CLOCK))
        later = later.with_columns(midnight.alias("at_first"), midnight.alias("at_last"), timed=False)
        later = (complete(later) if complete else later).with_columns(at_agreed_hour=pl.lit("yes"))
        is_clear = self._clear(later, codes(tried["moved"], later["day"]), best=True)
        return tried.select("moved", *later["day", *_AGREED]).filter(is_clear)

    def _clear_spans(
        self, calls: pl.DataFrame, tried: pl.DataFrame, codes: Codes, complete: Complete | None = None
    ) -> pl.DataFrame:
        """Columns `moved`, `start` and `end` (the first moment after it): when calls are clear on a day each.

        tried: as `_possible_days` gives them.
        """
        later = taken(calls, tried["moved"]).with_columns(tried["moved"], tried["day"])
        parts = later.select("zones", "jurisdiction").hstack(tried["day", *_AGREED])
        spans = each_distinct(parts, self._spans, {"span": pl.List(pl.Struct(_SPAN))})
        later = later.with_columns(spans).explode("span").unnest("span")
        clocks = [pl.when("is_local").then(name).alias(name) for name in ("at_first", "at_last")]
        later = later.with_columns(*clocks, timed=True)
        later = complete(later) if complete else later.with_columns(at_agreed_hour())
        is_clear = self._clear(later, codes(later["moved"], later["day"]))
        return later.filter(is_clear).select("moved", "start", "end")

    def _clear(self, plans: pl.DataFrame, codes: pl.DataFrame, *, best: bool = False) -> pl.Series:
        """Which calls are clear; `best`: leaving out what applies at some hours only."""
        plan = pl.int_range(plans.height, dtype=pl.UInt32, eager=True)

        def outcome(regimes: list[Regime], truth: Truth) -> str:
            return self._outcome(at_any_hour(regimes, truth) if best else regimes, truth)

        return self._decided(Distinct(lambda: plans), plan, plans["day"], codes, outcome)["clear"]

    def _decided(
        self,
        plans: Distinct,
        plan: pl.Series,
        days: pl.Series,
        codes: pl.DataFrame,
        outcome: Callable[[list[Regime], Truth], str],
        *,
        steady: bool = False,
    ) -> pl.DataFrame:
        """Whether plans are clear on some days (`clear`), and until when nothing changes (`last_day`)."""
        row, facts, _ = factored(plans, plan, days, codes, self._screen.decoded)
        clear = repeated(False, pl.Boolean, facts.cases.height)
        last_day = repeated(None, pl.Date, facts.cases.height)
        for at, _, evaluation in self._evaluator.evaluated(facts, steady=steady):
            outcomes = [outcome(evaluation.regimes, truth) for truth in evaluation.truths]
            clear = clear.scatter(at, (pl.Series(outcomes, dtype=pl.String) == "clear")[evaluation.truth])
            last_day = last_day.scatter(at, evaluation.last_day)
        return pl.DataFrame([clear.alias("clear"), last_day.alias("last_day")])[row]

    def _outcome(self, regimes: list[Regime], truth: Truth) -> str:
        return outcome_of(regimes, [finding_of(regime, truth) for regime in regimes], self._policy)

    def _spans(
        self, zones: str | None, jurisdiction: str, day: date, *own: Any
    ) -> tuple[list[dict[str, datetime | None]]]:
        """The spans of a day in which nothing changes for a call, each with the local times at its beginning.

        own: `_AGREED` of the call, or None.
        """
        hours_agreed, appointment = own
        clocks = self._clocks_of(jurisdiction)
        if hours_agreed:
            clocks |= {time.fromisoformat(clock) for clock in hours_agreed.split("-") if clock != "24:00"}
        if appointment:
            clocks |= {
                moment.replace(second=0, microsecond=0).time() for moment in (appointment, appointment + _MINUTE)
            }
        moments = [_moment(start, zones) for start in sorted(_marks(day, zones, clocks))]
        ends = [start for start, _, _, _ in moments[1:]]
        return (
            [
                {"start": start, "end": end, "at_first": first, "at_last": last}
                for (start, on, first, last), end in zip(moments, ends, strict=False)
                if on == day
            ],
        )

    def _clocks_of(self, jurisdiction: str) -> frozenset[time]:
        """The times of day at which the law of a jurisdiction may change what it says."""
        if jurisdiction not in self._clocks:
            parts = (part for regime in self._book.packs[jurisdiction].ever for part in regime.parts)
            self._clocks[jurisdiction] = frozenset(
                map(time.fromisoformat, {"00:00", *(clock for part in parts for clock in part.clocks)})
            )
        return self._clocks[jurisdiction]


def _movable(plans: pl.DataFrame, days: pl.Series) -> pl.DataFrame:
    """Calls without their hours; `is_local`: whether the local time can be known."""
    calls = plans.select(pl.exclude(*_MOMENT)).with_columns(days.alias("day"))
    return calls.with_columns(plans["at_first"].is_not_null().alias("is_local"))


def _after() -> pl.Expr:
    """The first minute after a call (`after`). A call on a day without an hour may be at any of its minutes."""
    moment, midnight = pl.coalesce("instant", "at_first"), pl.col("day").cast(_CLOCK)
    return pl.when("timed").then(moment.dt.truncate("1m").dt.offset_by("1m")).otherwise(midnight).alias("after")


@lru_cache(maxsize=1 << 12)
def _marks(day: date, zones: str | None, clocks: frozenset[time]) -> frozenset[datetime]:
    """The moments at which a clock in any of some zones shows one of some times on a day or soon after it.

    Where clocks are put forward or back, times are left out or come twice: every quarter of an hour counts.
    """
    days = [day + timedelta(days=by) for by in range(3)]
    if zones is None:
        return frozenset(datetime.combine(on, clock) for on in days for clock in clocks)
    marks = set[datetime]()
    for zone in map(ZoneInfo, zones.split("|")):
        noons = {datetime.combine(on, time(12), zone).utcoffset() for on in (day - timedelta(days=1), *days)}
        shown = clocks | _QUARTERS if len(noons) > 1 else clocks
        marks |= {
            datetime.combine(on, clock.replace(fold=fold), zone).astimezone(UTC).replace(tzinfo=None)
            for on in days
            for clock in shown
            for fold in (0, 1)
        }
    return frozenset(marks)


@lru_cache(maxsize=1 << 14)
def _moment(start: datetime, zones: str | None) -> tuple[datetime, date | None, datetime | None, datetime | None]:
    """A moment, with its local day, and the earliest and latest local time."""
    if zones is None:
        return start, start.date(), start, start
    moment = at_instant(start.replace(tzinfo=UTC), zones, place_read=True)
    return start, moment.day, moment.at_first, moment.at_last


def _written(at: datetime | None, zones: str | None) -> tuple[str | None]:
    """A moment for people and programs: in local time, with its offset where the call had one."""
    if at is None:
        return (None,)
    if zones is None:
        return (at.isoformat(timespec="minutes"),)
    instant = at.replace(tzinfo=UTC)
    zone = min(zones.split("|"), key=lambda zone: local(instant, zone))
    return (instant.astimezone(ZoneInfo(zone)).isoformat(timespec="minutes"),)


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
