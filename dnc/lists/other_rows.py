"""What the rows of a list say of a person who has several, or several numbers.

A list is read once before it is decided. Of its rows the numbers are kept, and what they say; once all were read, only
those of persons with several rows or numbers are left. Rows that share a number or the id of a person are about one
person, over any number of steps (see `dnc.lists.persons`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

import polars as pl

from dnc.files.table import LINE, MARKED, RAGGED
from dnc.frames import numbered, repeated, taken
from dnc.lists.calls import Calls
from dnc.lists.intake import Intake
from dnc.lists.persons import IDS, LINKS, Persons, point_of
from dnc.lists.statements import MARK, OBJECTION, REFUSAL, SAID, WITHDRAWAL, no_statements

_ROWS = {"number": pl.UInt64, "at": pl.UInt32, "plan": pl.UInt32, "row": pl.String}
_MOMENT: dict[str, Any] = {
    "day": pl.Date,
    "at_first": pl.Datetime("us"),
    "at_last": pl.Datetime("us"),
    "timed": pl.Boolean,
}
PLANNED: dict[str, Any] = {"person": pl.UInt64, **_MOMENT}
_LOSABLE = (OBJECTION, REFUSAL, WITHDRAWAL, MARK)


class OtherRows:
    """The rows of one list, in memory: some twenty bytes of each, and what different ones say.

    Attributes:
        unplaced: rows with an objection, a refusal or a withdrawal whose number cannot be read. line: of the first.
    """

    def __init__(self) -> None:
        self.unplaced = 0
        self.line: int | None = None
        self._rows = [pl.DataFrame(schema=_ROWS)]
        self._links = [pl.DataFrame(schema=LINKS)]
        self._said = [no_statements(plan=pl.UInt32)]
        self._moments = [pl.DataFrame(schema=_MOMENT)]
        self._plans = 0

    def read(self, intake: Intake, batches: Iterable[tuple[pl.DataFrame, Calls]]) -> Iterator[Calls]:
        """The calls of all batches of a list, noting what the rows say. Raises InputError where it cannot be read."""
        for batch, calls in batches:
            rows = self._rows_of(intake, batch, calls)
            told = calls.stated["plan"].filter(calls.stated["kind"].is_in(_LOSABLE)).unique()
            lost = rows.filter(pl.col("point").is_null() & pl.col("plan").is_in(told.implode()))
            if lost.height and self.line is None:
                self.line = batch[LINE][int(lost["place"][0])]
            self.unplaced += lost.height
            at = (pl.col("place") + calls.first).cast(pl.UInt32).alias("at")
            rows = rows.drop_nulls("point").with_columns(pl.col("plan") + self._plans)
            self._rows.append(rows.select(number="point", at=at, plan="plan", row="row"))
            self._links.append(intake.links(batch).drop_nulls("point"))
            said = pl.col("kind").replace(MARK, OBJECTION)
            self._said.append(calls.stated.with_columns(said, pl.col("plan") + self._plans))
            self._moments.append(calls.plans.select(_MOMENT.keys()))
            self._plans += calls.plans.height
            yield calls

    def _rows_of(self, intake: Intake, batch: pl.DataFrame, calls: Calls) -> pl.DataFrame:
        """Calls with the `place` of their rows in the batch, their `plan` and `row` (its name), and `point`: the
        number, else the id of the person; null where neither can be read.

        Where a row says anything, numbers are read in a row that does not fit, too, and with a note beside them. A cell
        without a digit is no number that cannot be read, if another one of its row can.
        """
        place = calls.each(pl.int_range(batch.height, dtype=pl.UInt32, eager=True)).alias("place")
        text = repeated(None, pl.String, place.len()) if calls.text is None else calls.text
        rows = pl.DataFrame([place, calls.number.alias("number"), calls.plan.alias("plan"), text.alias("text")])
        says = rows["plan"].is_in(calls.stated["plan"].unique().implode()) & rows["number"].is_null()
        is_unfit = batch[RAGGED].is_not_null() & ~batch[RAGGED].is_in(MARKED).fill_null(False)
        unfit = is_unfit.scatter(rows["place"].filter(says), True).arg_true()
        if unfit.len():
            found = intake.numbers_beside_notes(batch[unfit])
            found = found.with_columns(unfit.cast(pl.UInt32)[found["row"]].alias("place"))
            of_row = rows.unique("place", keep="first").select("place", "plan")
            others = found.join(of_row, on="place", maintain_order="left").select(rows.columns)
            rows = pl.concat([rows.filter(~pl.col("place").is_in(unfit.implode())), others])
        is_read = pl.col("number").is_not_null()
        rows = rows.filter(is_read | ~is_read.any().over("place") | pl.col("text").str.contains(r"\d"))
        names = intake.row_ids(batch)[rows["place"]]
        ids = pl.lit(None, pl.UInt64) if intake.persons is None else point_of(batch[intake.persons][rows["place"]])
        name = pl.coalesce(pl.lit(names), (pl.col("place") + calls.first + 1).cast(pl.String))
        return rows.with_columns(point=pl.coalesce("number", ids), row=name)

    @property
    def links(self) -> list[pl.DataFrame]:
        """What links the numbers of rows."""
        return self._links

    @cached_property
    def _all(self) -> pl.DataFrame:
        return pl.concat(self._rows)

    def settle(self, people: Persons) -> None:
        """Keep only the rows of persons that have several rows or numbers."""
        rows = self._all.with_columns(person=people.of(self._all["number"]))
        again = rows.filter(pl.col("person").is_duplicated())
        several = again.filter((pl.col("at") != pl.col("at").first()).any().over("person"))
        self._several = several.sort("person")
        self._plans_at = pl.concat(self._moments)
        said = pl.concat(self._said)
        content, self._different = numbered(said.drop("plan", "place"))
        of_plans = pl.DataFrame([said["plan"], content.alias("content")])
        told = self._several.join(of_plans, on="plan", maintain_order="left_right").drop("at", "plan")
        # What many rows of a person say in the same words is said by the first.
        self._told = told.unique(["person", "number", "content"], keep="first", maintain_order=True)
        del self.__dict__["_all"], self._rows, self._said, self._moments

    def about(self, people: pl.DataFrame) -> pl.DataFrame:
        """What rows say of persons; people: `number` and `person`, see `OwnStatements.about`. Returns the same.

        What a row without a number says of the person is as if it was said of one of the numbers.
        """
        if self._told.is_empty():
            return no_statements(number=pl.UInt64)
        rows = self._told.join(people.unique("person", keep="first").rename({"number": "one"}), on="person")
        number = pl.when(pl.col("number") < IDS).then("number").otherwise("one")
        place = pl.concat_str(pl.lit("row\0"), "row").alias("place")
        said = rows.select(number.alias("number"), place).hstack(taken(self._different, rows["content"]))
        return said.select("number", *SAID)

    def planned(self, members: pl.DataFrame) -> pl.DataFrame:
        """When calls to persons are planned, with the columns `PLANNED`: one of each row of the list."""
        if self._several.is_empty():
            return pl.DataFrame(schema=PLANNED)
        theirs = self._several["person"].is_in(members["person"].implode()) & (self._several["number"] < IDS)
        rows = self._several.filter(theirs).unique(["person", "at"], keep="any")
        return rows.select("person").hstack(taken(self._plans_at, rows["plan"]))
