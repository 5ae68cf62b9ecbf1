"""How often a person was or will be called before a call: what is known at least, and what may be at most.

Calls that are planned in a list count as those that were made do, and a row of the list is one call. A call that was
made counts in the days before a call and on its day; a planned one if it is surely before the call, or may be.
"""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

ATTEMPTS_DAYS = 30
COUNTS = ("least", "most", "least_day", "most_day", "used")  # in thirty days and in 24 hours; day of the last call
_MINUTES = 24 * 60
_WIDTH = 1 << 32  # more minutes than there are in any calendar


class Attempts(NamedTuple):
    """The calls of some persons, as sorted moments: in minutes, and as many `_WIDTH` further on as the person's place.

    persons: sorted; planned: whether calls to them are planned. made: calls that were made. starts, ends: of planned
    ones, the first and last moments they may be at.
    """

    persons: pl.Series
    planned: pl.Series
    made: pl.Series
    starts: pl.Series
    ends: pl.Series

    @classmethod
    def of(cls, made: pl.DataFrame, planned: pl.DataFrame) -> Attempts:
        """made: `person` and `at`. planned: `person`, and when as in `before`."""
        if made.is_empty() and planned.is_empty():
            none = pl.Series([], dtype=pl.Int64)
            return cls(made["person"], none.cast(pl.Boolean), none, none, none)
        persons = pl.concat([made["person"], planned["person"]]).unique().sort()

        def placed(rows: pl.DataFrame, moment: pl.Expr) -> pl.Series:
            place = persons.search_sorted(rows["person"]).cast(pl.Int64)
            return rows.select((pl.lit(place) * _WIDTH + moment).alias("at")).to_series().drop_nulls().sort()

        start, end = _span()
        return cls(
            persons,
            persons.is_in(planned["person"].implode()),
            placed(made, _minute("at")),
            placed(planned, start),
            placed(planned, end),
        )

    def before(self, calls: pl.DataFrame) -> pl.DataFrame:
        """The attempts before calls, a row a call, with the columns `COUNTS`; `used` is in days since 1970, or 0.

        calls: `person` (null where unread), `day`, `at_first`, `at_last`, `timed`, and the `spans` of the call as it is
            planned in the list, which does not count for itself; null where it is in none.
        """
        nothing = pl.DataFrame(
            [pl.Series(name, [0], dtype=pl.Int32).new_from_index(0, calls.height) for name in COUNTS]
        )
        if self.persons.is_empty() or not calls.height:
            return nothing
        place = self.persons.search_sorted(calls["person"].fill_null(0)).clip(0, self.persons.len() - 1)
        at = (self.persons[place] == calls["person"]).fill_null(False).arg_true()
        if not at.len():
            return nothing
        at = at[place[at].arg_sort()]  # moments are found sooner one after the other
        moments = self._bounds(calls[at], place[at])
        own = {name: moments[name].set(~self.planned[place[at]], None) for name in ("own_start", "own_end")}

        def fewer(those: pl.Series, bound: str) -> pl.Series:
            return those.search_sorted(moments[bound], side="left").cast(pl.Int32)

        def one_of(own_moment: str, bound: str, other: str, since: str) -> pl.Series:
            """Whether the call itself is among those before a bound; null counts as no."""
            is_one = (own[own_moment] < moments[bound]) & (own[other] >= moments[since])
            return is_one.fill_null(False).cast(pl.Int32)

        latest = pl.concat([pl.Series([-1]), self.made])[fewer(self.made, "tomorrow")]
        used = (latest % _WIDTH // _MINUTES).set(latest // _WIDTH != place[at], 0)
        counts = {"used": used}
        for since, least, most in (("since", "least", "most"), ("day_since", "least_day", "most_day")):
            made = fewer(self.made, "tomorrow") - fewer(self.made, since)
            surely = (
                fewer(self.ends, "start") - fewer(self.starts, since) - one_of("own_end", "start", "own_start", since)
            )
            perhaps = (
                fewer(self.starts, "after") - fewer(self.ends, since) - one_of("own_start", "after", "own_end", since)
            )
            counts |= {least: made + surely.clip(0), most: made + perhaps}
        return nothing.with_columns(nothing[name].scatter(at, counts[name]) for name in COUNTS)

    def _bounds(self, calls: pl.DataFrame, place: pl.Series) -> pl.DataFrame:
        """The moments between which attempts count for calls, and those of the calls in the list, as in `made`."""
        start, end = _span()
        midnight = _minute(pl.col("day").cast(pl.Datetime("us")))
        moments = {"start": start, "after": end + 1, "tomorrow": midnight + _MINUTES, "day_since": start - _MINUTES}
        moments |= {
            "since": midnight - ATTEMPTS_DAYS * _MINUTES,
            "own_start": pl.col("own_start"),
            "own_end": pl.col("own_end"),
        }
        base = pl.lit(place.cast(pl.Int64) * _WIDTH)
        return calls.select((base + moment).alias(name) for name, moment in moments.items())


def spans(plans: pl.DataFrame) -> pl.DataFrame:
    """The first and the last minute of planned calls: `own_start`, `own_end`."""
    start, end = _span()
    return plans.select(start.alias("own_start"), end.alias("own_end"))


def _span() -> tuple[pl.Expr, pl.Expr]:
    """The first and the last minute of a call; of one without an hour, and of one at an hour not known, of its day."""
    midnight = _minute(pl.col("day").cast(pl.Datetime("us")))
    known = pl.col("timed").fill_null(False) & pl.col("at_first").is_not_null()
    first, last = pl.when(known).then(_minute("at_first")), pl.when(known).then(_minute("at_last"))
    return first.otherwise(midnight), last.otherwise(midnight + _MINUTES - 1)


def _minute(moment: str | pl.Expr) -> pl.Expr:
    return (pl.col(moment) if isinstance(moment, str) else moment).dt.epoch("s") // 60
