"""Objections, refusals and withdrawals of one person, applied to all rows of a list that are about the person.

They belong to a person, not to a row. So a list that may have any is read once before its check, for these alone, and
each row is judged by what all rows of its person say (see `dnc.lists.persons`):

* the earliest objection counts; `none` in one row does not outweigh a date in another; and of refusals the last one
  before the call;
* a text that nobody has given a meaning leaves all of them undecided, unless its column is used for facts of the row
  alone;
* a withdrawal counts, from the first one on, for every row except those with a consent that is later than the last
  withdrawal of the person (as in `dnc.lists.consents`); one without a date always counts.

What is recorded in the store for one number of a person counts for the others, too. A row that does not fit the header
may have any of these in the wrong column: where its number can be read, it counts as if it had all that the list has.
One with a note, or that is struck through, counts as an objection. What a brief declares for the whole list does not
count here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import polars as pl

from dnc.clock import ALWAYS, NEVER
from dnc.files.table import LINE, MARKED, NOTED, RAGGED
from dnc.frames import numbered
from dnc.law.vocabulary import OR_NONE, vocabulary
from dnc.lists.calls import Calls
from dnc.lists.cell_facts import last_refusal
from dnc.lists.intake import Intake
from dnc.lists.persons import IDS, LINKS, PERSONS, persons, point_of
from dnc.messages import messages
from dnc.registries import OWN
from dnc.registries.external_sort import Sorting, kept

_AT_ONCE = 2_000_000  # rows that are held in memory
_TEXTS = "texts"  # of `Calls.plans`: a text without a meaning may be an objection, so it counts for the person, too
_TOLD: dict[str, Any] = {**dict.fromkeys(OR_NONE, pl.Date), _TEXTS: pl.String}
_SCHEMA: dict[str, Any] = {"number": pl.UInt64, "at": pl.UInt64, "row": pl.String, **_TOLD}
Recorded = Callable[[pl.Series], pl.DataFrame]  # what is known of some numbers: `number`, and some columns of `OR_NONE`


class Against:
    """The objections, refusals and withdrawals in a list, kept in bounded memory.

    folder: for those that do not fit into memory.
    language: of the notes in `elsewhere`, one of `dnc.messages.LANGUAGES`.
    unplaced: rows with one of them whose number cannot be read. line: of the first such row.
    """

    def __init__(self, folder: Path, language: str) -> None:
        self.unplaced = 0
        self.line: int | None = None
        self._folder, self._language = folder, language
        self._by_number: dict[str, list[pl.DataFrame | Path]] = {column: [] for column in _TOLD}

    def read(
        self, intake: Intake, batches: Iterable[pl.DataFrame], recorded: Recorded, links: Iterable[pl.DataFrame] = ()
    ) -> None:
        """Collect them from all rows of a list.

        Args:
            intake: of the list, with none of these columns declared in the brief. batches: its rows.
            recorded: what the store has; it is asked for where a person may have several numbers.
            links: which numbers another file says to be of one person.
        Raises:
            InputError: the list cannot be read. StoreError: the folder cannot be written.
        """
        found, links = Sorting(self._folder, _SCHEMA, _AT_ONCE), [pl.DataFrame(schema=LINKS), *links]
        first = 1
        for batch in batches:
            here = _found(intake, batch, first)
            unplaced = here.filter(_is_against() & (pl.col("number").is_null() | (pl.col("number") >= IDS)))
            if unplaced.height and self.line is None:
                self.line = batch[LINE][int(unplaced["at"][0]) - first]
            self.unplaced += unplaced.height
            found.add(here)
            links.append(intake.links(batch).drop_nulls())
            first += batch.height
        linked = _linked(pl.concat(links))
        numbers = linked["number"].filter(linked["number"] < IDS)
        linked_rows = [_recorded(recorded(numbers))] if linked.height else []
        for part in found.parts():
            own = part.filter(~pl.col("number").is_in(linked["number"].implode()))
            linked_rows += [part.filter(pl.col("number").is_in(linked["number"].implode()))] if linked.height else []
            self._keep(own, spill=found.rows > _AT_ONCE)
        if linked_rows:
            of_persons = pl.concat(linked_rows).join(linked, on="number").drop("number").rename({"person": "number"})
            self._keep(of_persons, spill=False, people=linked.filter(pl.col("number") < IDS))

    def _keep(self, rows: pl.DataFrame, *, spill: bool, people: pl.DataFrame | None = None) -> None:
        """Keep what counts of some rows, by number; where these are of `people`, for each number of theirs.

        It is found before that: a person with many rows and numbers would have all of the ones for each of the others.
        """
        for column, summary in _SUMMARIES.items() if rows.height else ():
            by_number = summary(rows.drop_nulls(["number", column]).rename({column: "on"}))
            if people is not None:
                by_number = by_number.rename({"number": "person"}).join(people, on="person").sort("number")
            if spill:
                path = self._folder / f"{column}-{len(self._by_number[column])}.parquet"
                with kept():
                    by_number.write_parquet(path)
                self._by_number[column].append(path)
            elif by_number.height:
                self._by_number[column].append(by_number)

    def completed(self, calls: Calls) -> Calls:
        """The same calls, each with the objections and withdrawals that other rows have for its number."""
        for column, parts in self._by_number.items():
            for part in parts:
                calls = _with(calls, column, _read(part), self._language)
        return calls


def _read(part: pl.DataFrame | Path) -> pl.DataFrame:
    if isinstance(part, pl.DataFrame):
        return part
    with kept():
        return pl.read_parquet(part)


def _linked(links: pl.DataFrame) -> pl.DataFrame:
    """The points of persons who have several: `number`, which may also be that of an id, and `person`."""
    return (persons(links) if links.height else pl.DataFrame(schema=PERSONS)).rename({"point": "number"})


def _recorded(found: pl.DataFrame) -> pl.DataFrame:
    """What the store has of some numbers, as rows of a list (`_SCHEMA`)."""
    own = found.with_columns(at=pl.lit(0, pl.UInt64), row=pl.lit(OWN))
    absent = (pl.lit(None, kind).alias(name) for name, kind in _SCHEMA.items() if name not in own.columns)
    return own.with_columns(absent).select(_SCHEMA.keys())


def _found(intake: Intake, batch: pl.DataFrame, first: int) -> pl.DataFrame:
    """Those of a batch, whose first row is row `first` of the list: columns of `_SCHEMA`.

    A cell without a digit is no number that cannot be read, if another one of its row can.
    """
    rows = batch.with_row_index("\0at", first).filter(intake.objecting(batch) | batch[RAGGED].is_not_null())
    if rows.is_empty():
        return pl.DataFrame(schema=_SCHEMA)
    calls = intake.calls(rows.with_columns(pl.lit(NOTED).alias(RAGGED)))  # numbers with a note are read, too
    days, rows = calls.facts(*OR_NONE, _TEXTS), calls.each(rows)
    ragged, noted = rows[RAGGED].is_not_null(), rows[RAGGED].is_in(MARKED)
    row = pl.coalesce(pl.when(~ragged).then(intake.row_ids(rows)), rows["\0at"].cast(pl.String))
    number = (
        pl.lit(days["number"])
        if intake.persons is None
        else pl.coalesce(days["number"], point_of(rows[intake.persons]))
    )
    marked = {"objected_on": noted} | dict.fromkeys(intake.header.against, ragged)
    against = [_day(column, marked.get(column)) for column in OR_NONE]
    texts = intake.texts_of_persons
    at = rows["\0at"].cast(pl.UInt64).alias("at")
    found = days.select(number.alias("number"), at, row.alias("row"), *against, texts)
    is_read = pl.col("number").is_not_null()
    is_number = is_read | ~is_read.any().over("at") | pl.lit(calls.text).str.contains(r"\d")
    return found.filter(is_number & (_is_against() | pl.col(_TEXTS).is_not_null()))


def _is_against() -> pl.Expr:
    """Whether a row has an objection, a refusal or a withdrawal."""
    return pl.any_horizontal(pl.col(OR_NONE).is_not_null())


def _day(column: str, ragged: pl.Series | None) -> pl.Expr:
    """The dates of a column: null where it does not forbid a call, ALWAYS where that cannot be known.

    ragged: which rows do not fit the header; None where the list does not have the column.
    """
    if ragged is None:
        return pl.lit(None, pl.Date).alias(column)
    day = pl.col(column)
    return pl.when(ragged).then(pl.lit(ALWAYS)).when(day != NEVER).then(day).alias(column)


# What is kept of one column, sorted by number. Columns: number, at, row, on.


def _first(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.sort("number", "on", "at").unique("number", keep="first", maintain_order=True)


def _span(rows: pl.DataFrame) -> pl.DataFrame:
    """The first day, and `until`: the last, or NEVER where one has no day; the row is that of the last."""
    until = pl.when(pl.col("on") == ALWAYS).then(pl.lit(NEVER)).otherwise("on")
    by_age = rows.with_columns(until=until).sort("number", "until", "at")
    return by_age.group_by("number", maintain_order=True).agg(
        pl.col("on").min(), pl.col("until").last(), pl.col("row").last()
    )


def _unread(rows: pl.DataFrame) -> pl.DataFrame:
    names = pl.col("on").str.split(";").explode().unique().sort().str.join(";")
    return rows.sort("number", "at").group_by("number", maintain_order=True).agg(names, pl.col("row").first())


_SUMMARIES: dict[str, Callable[[pl.DataFrame], pl.DataFrame]] = {
    "objected_on": _first,
    "consent_withdrawn_on": _span,
    "refused_on": _span,
    _TEXTS: _unread,
}


# What counts for a call: its own date (`own`), or what is kept of its number (`told`, and `until`).
_COUNTS = {
    "objected_on": pl.min_horizontal("own", "told"),
    "consent_withdrawn_on": pl.when(pl.col("consent_on") > pl.col("until"))
    .then("own")
    .otherwise(pl.min_horizontal("own", "told")),
    "refused_on": last_refusal(pl.when(pl.col("own") < NEVER).then("own"), pl.col("told"), pl.col("until")),
    _TEXTS: pl.when(pl.col("own") == "").then("told").otherwise("own"),
}


def _with(calls: Calls, column: str, by_number: pl.DataFrame, language: str) -> Calls:
    """Calls with the dates of one column that other rows have for their numbers, where these count."""
    # Rows that do not count as they stand are judged by themselves.
    counts = pl.col("unread").is_null() & ~pl.col("doubt").is_in(MARKED).fill_null(False)
    number = calls.facts("unread", "doubt").select(pl.when(counts).then("number").fill_null(0)).to_series()
    place = by_number["number"].search_sorted(number).clip(upper_bound=max(by_number.height - 1, 0))
    at = (by_number["number"][place] == number).arg_true() if by_number.height else place.clear()
    if not at.len():
        return calls
    plan = calls.plan[at]
    of_number = by_number[place[at]].select(pl.exclude("number", "at")).rename({"on": "told"})
    asked = calls.plans.select("consent_on", "day", own=column)[plan].hstack(of_number).with_columns(at=at, plan=plan)
    found = asked.with_columns(on=_COUNTS[column]).filter(pl.col("on").ne_missing(pl.col("own")))
    label = vocabulary().label(column, language) if column != _TEXTS else messages("why", language)["text"]
    note = pl.format(messages("why", language)["of_row"].format(column=label, row="{}"), "row")
    new, changed = numbered(found.select("plan", "on", note=note))
    plans = calls.plans[changed["plan"]]
    elsewhere = (plans["elsewhere"] + ", ").str.strip_prefix(", ") + changed["note"]
    plans = plans.with_columns(changed["on"].alias(column), elsewhere.alias("elsewhere"))
    moved = calls.plan.clone().scatter(found["at"], new + calls.plans.height)
    return calls._replace(plan=moved, plans=pl.concat([calls.plans, plans]))
