"""What one row of a list tells against calling a number, for all rows of that number.

That somebody objected or withdrew a consent is a word about a person and not about a row. So a list
that has columns for it is read once ahead of its check for these words alone, and each row is judged by all that are
told of its number:

* the earliest objection counts; `none` in one row does not outweigh a day in another;
* a withdrawal counts, from the first one on, for each row but one that tells a consent of a later day than the last
  withdrawal of the number (as in `dnc.checks.consents`); one without a day counts always.

A row that does not fit the header may have told any of them in another cell: where its number can be read, it counts as
if it had. What is declared for a whole list is no word about a number.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl

from dnc.checks.calls import Calls
from dnc.checks.intake import Intake
from dnc.clock import ALWAYS, NEVER
from dnc.files.table import RAGGED
from dnc.frames import numbered
from dnc.law.vocabulary import AGAINST
from dnc.messages import messages
from dnc.registries.external_sort import Sorting, kept

_AT_ONCE = 2_000_000  # words in memory together
_SCHEMA: dict[str, Any] = {"number": pl.UInt64, "at": pl.UInt64, "row": pl.String, **dict.fromkeys(AGAINST, pl.Date)}


class Against:
    """Words of a list against calling its numbers, kept in bounded memory.

    folder: where they are kept if there are many. language: of what is said of them, `en` or `fr`.
    unplaced: rows that tell such a word and whose number cannot be read.
    applied: calls for which the word of another row counts.
    """

    def __init__(self, folder: Path, language: str) -> None:
        self.unplaced = 0
        self.applied = 0
        self._folder, self._of_row = folder, messages("why", language)["of_row"]
        self._words: dict[str, list[pl.DataFrame | Path]] = {column: [] for column in AGAINST}

    def read(self, intake: Intake, batches: Iterable[pl.DataFrame]) -> None:
        """Take note of the words of a list, in whose intake none are declared. Raises InputError, StoreError."""
        words = Sorting(self._folder, _SCHEMA, _AT_ONCE)
        first = 1
        for batch in batches:
            told = _told(intake, batch, first)
            self.unplaced += told["number"].null_count()
            words.add(told)
            first += batch.height
        for at, part in enumerate(words.parts()):
            for column, summed in _SUMMED.items():
                mine = summed(part.drop_nulls(column).rename({column: "on"}))
                if words.rows > _AT_ONCE:
                    path = self._folder / f"{column}-{at}.parquet"
                    with kept():
                        mine.write_parquet(path)
                    self._words[column].append(path)
                elif mine.height:
                    self._words[column].append(mine)

    def beside(self, calls: Calls) -> Calls:
        """The same calls, each with what other rows tell against its number."""
        before = calls.plans.height
        for column, parts in self._words.items():
            for part in parts:
                calls = _with(calls, column, _read(part), self._of_row)
        self.applied += int((calls.plan >= before).sum())
        return calls


def _read(part: pl.DataFrame | Path) -> pl.DataFrame:
    if isinstance(part, pl.DataFrame):
        return part
    with kept():
        return pl.read_parquet(part)


def _told(intake: Intake, batch: pl.DataFrame, first: int) -> pl.DataFrame:
    """The words of a batch, whose first row is the `first` of the list: rows as of `_SCHEMA`."""
    rows = batch.with_row_index("\0at", first).filter(intake.has_objection(batch) | batch[RAGGED].is_not_null())
    ragged = rows[RAGGED].is_not_null()
    days = intake.calls(rows.with_columns(pl.lit(None, pl.String).alias(RAGGED))).facts(*AGAINST)
    row = pl.coalesce(pl.when(~ragged).then(intake.row_ids(rows)), rows["\0at"].cast(pl.String))
    words = [_word(column, ragged if column in intake.header.against else None) for column in AGAINST]
    told = days.select("number", rows["\0at"].cast(pl.UInt64).alias("at"), row.alias("row"), *words)
    return told.filter(pl.any_horizontal(pl.col(AGAINST).is_not_null()))


def _word(column: str, ragged: pl.Series | None) -> pl.Expr:
    """The days of a column: null where it tells nothing against a call, ALWAYS where that is not understood."""
    if ragged is None:
        return pl.lit(None, pl.Date).alias(column)
    day = pl.col(column)
    return pl.when(ragged).then(pl.lit(ALWAYS)).when(day != NEVER).then(day).alias(column)


# What is kept of the words of one column, sorted by number. Columns: number, at, row, on.


def _first_objection(words: pl.DataFrame) -> pl.DataFrame:
    return words.sort("number", "on", "at").unique("number", keep="first", maintain_order=True)


def _withdrawals(words: pl.DataFrame) -> pl.DataFrame:
    """The first day, and `until`: the last, or NEVER where one has no day; the row is that of the last."""
    until = pl.when(pl.col("on") == ALWAYS).then(pl.lit(NEVER)).otherwise("on")
    by_age = words.with_columns(until=until).sort("number", "until", "at")
    return by_age.group_by("number", maintain_order=True).agg(
        pl.col("on").min(), pl.col("until").last(), pl.col("row").last()
    )


_SUMMED = {"objected_on": _first_objection, "consent_withdrawn_on": _withdrawals}


# What comes of a row's own word (`own`) and those of its number, whose first stands at `place` of the words: the word
# that counts (`on`) and the `row` that told it. Columns of asked: consent_on, own, place.


def _objected(asked: pl.DataFrame, words: pl.DataFrame) -> pl.DataFrame:
    first = words.select("on", "row")[asked["place"]]
    return asked.with_columns(first["row"], on=pl.min_horizontal("own", first["on"]))


def _withdrawn(asked: pl.DataFrame, words: pl.DataFrame) -> pl.DataFrame:
    told = words.select("on", "until", "row")[asked["place"]]
    newer = (pl.col("consent_on") > told["until"]).fill_null(False)
    return asked.with_columns(
        told["row"], on=pl.when(newer).then("own").otherwise(pl.min_horizontal("own", told["on"]))
    )


_WEIGHED = {"objected_on": _objected, "consent_withdrawn_on": _withdrawn}


def _with(calls: Calls, column: str, words: pl.DataFrame, of_row: str) -> Calls:
    """Calls with words of one column, where they count."""
    number = calls.number.fill_null(0)
    place = words["number"].search_sorted(number).clip(upper_bound=max(words.height - 1, 0))
    at = (words["number"].gather(place) == number).arg_true() if words.height else place.clear()
    if not at.len():
        return calls
    plan = calls.plan.gather(at)
    asked = calls.plans.select("consent_on", own=column)[plan]
    asked = asked.with_columns(at=at, plan=plan, place=place.gather(at))
    found = _WEIGHED[column](asked, words).filter(pl.col("on").ne_missing(pl.col("own")))
    said = pl.format(of_row.format(column=column, row="{}"), "row")
    new, told = numbered(found.select("plan", "on", said=said))
    plans = calls.plans[told["plan"]]
    elsewhere = (plans["elsewhere"] + ", ").str.strip_prefix(", ") + told["said"]
    plans = plans.with_columns(told["on"].alias(column), elsewhere.alias("elsewhere"))
    moved = calls.plan.clone().scatter(found["at"], new + calls.plans.height)
    return calls._replace(plan=moved, plans=pl.concat([calls.plans, plans]))
