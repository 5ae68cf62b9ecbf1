"""The rows of a list counted by what was found of them: in the open, or in classes of ten persons or more.

A frame of cells has one row a class of rows; the classes part the list, so that
every count of it is a sum of theirs. Where cells are handed to somebody else
each class holds ten persons or more. Because there is one parting and not
several tables, no sum, no difference and no complement of published counts says
less than a whole class: a count of one to nine persons cannot be worked out.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from datetime import date
from types import TracebackType
from typing import Any, Self, cast

import duckdb
import polars as pl

from dnc.checks.calls import Calls
from dnc.checks.judge import Verdicts
from dnc.database import engine, run, statement
from dnc.frames import numbered

FEW = 10  # persons: no class of fewer is published
AGES = (30, 60, 90, 180, 365, 730)  # last days of the bands of ages
BANDS = ("after", "0-30", "31-60", "61-90", "91-180", "181-365", "366-730", "731-")  # `after` the day of the call
_WORDS = ("outcome", "blocked_by", "undecided_by", "missing", "duties", "line", "territory", "consent", "answers")
SCHEMA: dict[str, Any] = {
    **dict.fromkeys(_WORDS, pl.String),
    "lasts": pl.Int32,
    "repeat": pl.Boolean,
    "held": pl.Boolean,
    "most": pl.List(pl.String),
    "rows": pl.Int64,
}
"""Columns of a frame of cells.

outcome, blocked_by, undecided_by, missing: as in verdicts, the last two of undecided rows only.
duties: of clear rows.
line, territory: of the number, `unknown` where the plan does not tell, empty where it cannot be read.
consent: age of the consent in days on the day of the call, a band; empty where no day is told.
answers: age of each registry's answer, `ID BAND`, `;`-joined.
lasts: how many of the points in time the row is clear through. repeat: its number counts in another row.
held: its number stands in a list that the buyer holds. rows: how many there are.
A null word: several small classes were put together, whose words differ.
most: levels (see LEVELS) at which the word stands for all rows but a few, nine at most.
"""
LEVELS = {
    "outcome": ("outcome",),
    "reason": ("blocked_by", "undecided_by", "missing", "duties"),
    "lasts": ("lasts",),
    "repeat": ("repeat",),
    "line": ("line",),
    "territory": ("territory",),
    "consent": ("consent",),
    "answers": ("answers",),
}
_WAYS = {level: [name for one in list(LEVELS)[: at + 1] for name in LEVELS[one]] for at, level in enumerate(LEVELS)}
_LEVEL = {column: level for level, columns in LEVELS.items() for column in columns}
_TOLD = ("day", "line", "territory", "unread", "consent_on")
_RANKS = {"blocked": 0, "undecided": 1, "clear": 2}
_NEVER, _ALWAYS = date.min, date.max
_NO_NUMBER = 1 << 63  # rows without a number are persons of their own, above all numbers


def band(days: pl.Expr) -> pl.Expr:
    """An age in days as one of BANDS, null where null."""
    upper = [pl.when(days <= last).then(pl.lit(name)) for last, name in zip((-1, *AGES), BANDS, strict=False)]
    return pl.coalesce(*upper, pl.when(days.is_not_null()).then(pl.lit(BANDS[-1])))


def between(cells: pl.DataFrame, **wanted: object) -> tuple[int, int]:
    """Least and most rows that have all of some words, as far as the cells let it be known.

    In the open the two are one number.
    """
    by_level: dict[str, list[pl.Expr]] = {}
    for column, word in wanted.items():
        by_level.setdefault(_LEVEL.get(column, ""), []).append(pl.col(column).eq_missing(pl.lit(word)))
    cells = cells.filter(*by_level.pop("", []))  # what is no level is told of each cell
    has = pl.all_horizontal(pl.lit(True), *(one for same in by_level.values() for one in same))
    low = high = int(cells.filter(has)["rows"].sum())
    cells = cells.with_columns(has=has, maybe=pl.lit(False))
    for level in filter(by_level.get, LEVELS):
        same = pl.all_horizontal(by_level[level])
        loose, merged = pl.col("most").list.contains(pl.lit(level)), pl.col(LEVELS[level][0]).is_null()
        low -= _strangers(cells.filter(loose & pl.col("has")), level)
        high += _strangers(cells.filter(loose & ~same), level)
        cells = cells.filter(same | merged).with_columns(maybe=pl.col("maybe") | merged)
    return max(0, low), high + int(cells.filter("maybe")["rows"].sum())


def _strangers(cells: pl.DataFrame, level: str) -> int:
    """The most rows whose word is another than that of their class, of classes loose at one level."""
    classes = cells.group_by(_WAYS[level]).agg(pl.col("rows").sum())
    return int(classes["rows"].clip(upper_bound=FEW - 1).sum())


class Cells:
    """Counts the rows of a check as it goes, in bounded memory; a context."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._kinds: dict[tuple[str, ...], int] = {}
        self._rows = 0
        self.first: date | None = None
        self.overlaps: dict[str, int] = {}

    def __enter__(self) -> Self:
        spill = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="dnc-"))
        self._con: duckdb.DuckDBPyConnection = self._stack.enter_context(engine(spill))
        self._con.execute("create table seen (row ubigint, person ubigint, kind uinteger, rank utinyint, until date)")
        self._con.execute("create table held (number ubigint)")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def add(self, calls: Calls, verdicts: Verdicts) -> None:
        """Take note of a batch of a check."""
        case, found = _words(verdicts)
        ids = [self._kinds.setdefault(words, len(self._kinds)) for words in found.iter_rows()]
        outcome = verdicts.cases["dnc_outcome"]
        rank = outcome.replace_strict(_RANKS, return_dtype=pl.UInt8)
        clear = (outcome == "clear")[verdicts.case]
        height = verdicts.until.len()
        row = pl.int_range(self._rows, self._rows + height, dtype=pl.UInt64, eager=True)
        until = verdicts.until.fill_null(_ALWAYS)
        rows = pl.select(
            row=row,
            person=pl.coalesce(calls.number, row + _NO_NUMBER),
            kind=pl.Series(ids, dtype=pl.UInt32)[case[verdicts.fact]],
            rank=rank[verdicts.case],
            until=pl.when(clear).then(until).otherwise(_NEVER),
        )
        run(self._con, "seen", "insert into seen from rows", rows=rows)
        self._rows += height
        first = cast("date | None", calls.plans["day"].min())
        self.first = min(filter(None, (self.first, first)), default=None)

    def hold(self, name: str, numbers: Iterable[pl.Series]) -> None:
        """Take in numbers that are held already; how many of the list's are among them goes into `overlaps`."""
        self._con.execute("create or replace table told (number ubigint)")
        for part in numbers:
            run(self._con, "told", "insert into told from numbers", numbers=part.drop_nulls().to_frame("number"))
        sql = "select count(distinct person) from seen where person in (select number from told)"
        [(self.overlaps[name],)] = self._con.execute(sql).fetchall()
        self._con.execute("insert into held select distinct number from told")

    def open(self, points: Sequence[date]) -> pl.DataFrame:
        """All cells as they are, with the columns of SCHEMA; `lasts` counts the points (ascending)."""
        return self._atoms(points).select(*SCHEMA)

    def closed(self, points: Sequence[date]) -> pl.DataFrame:
        """Cells of FEW persons or more each, with the columns of SCHEMA; none where all are fewer.

        Level by level each class is parted by its words. Words of fewer than FEW persons are put
        together; if they are still fewer, with the smallest of the others, whose words then stand
        for all but those few.
        """
        atoms = self._atoms(points).with_columns(cell=pl.lit(0, pl.UInt32))
        keys = atoms.select("kind", "lasts", "repeat")
        [persons] = self._persons(keys, atoms["cell"])["persons"].to_list() or [0]
        if persons < FEW:
            return atoms.select(*SCHEMA).clear()
        for level, columns in LEVELS.items():
            atoms = self._parted(atoms, keys, level, columns)
        words = [name for name in SCHEMA if name != "rows"]
        return atoms.group_by("cell", *words).agg(pl.col("rows").sum()).select(*SCHEMA).sort("rows", *words)

    def _atoms(self, points: Sequence[date]) -> pl.DataFrame:
        self._con.execute("drop table if exists placed")
        run(self._con, "placed", f"create table placed as {statement(__package__, 'placed')}", {"points": list(points)})
        counted = "select kind, lasts, repeat, held, count(*) as rows from placed group by kind, lasts, repeat, held"
        counts = run(self._con, "cells", f"{counted} order by kind, lasts, repeat, held")
        kinds = pl.DataFrame(list(self._kinds), schema=dict.fromkeys(_WORDS, pl.String), orient="row")
        kinds = kinds.with_columns(pl.Series("kind", list(self._kinds.values()), pl.UInt32))
        cells = counts.join(kinds, on="kind", how="left", maintain_order="left")
        return cells.with_columns(most=pl.lit([], pl.List(pl.String))).select("kind", *SCHEMA)

    def _persons(self, keys: pl.DataFrame, part: pl.Series) -> pl.DataFrame:
        """Distinct persons and rows of some atoms, named by their keys, by the part each is in: part, persons, rows."""
        sql = "select part, count(distinct person) as persons, count(*) as rows from placed join parts"
        parts = keys.with_columns(part=part)
        return run(self._con, "persons", f"{sql} using (kind, lasts, repeat) group by part", parts=parts)

    def _parted(self, atoms: pl.DataFrame, keys: pl.DataFrame, level: str, columns: Sequence[str]) -> pl.DataFrame:
        """Atoms with their cells parted by one level, and their words made those of the new cells."""
        parts = atoms.select("cell", *columns).unique(maintain_order=True).with_row_index("part")
        part = atoms.join(parts, on=["cell", *columns], how="left", nulls_equal=True, maintain_order="left")["part"]
        parts = parts.join(self._persons(keys, part), on="part", how="left", maintain_order="left")
        small = part.is_in(parts.filter(pl.col("persons") < FEW)["part"].implode())
        rests = self._persons(keys.filter(small), atoms["cell"].filter(small))
        rests = rests.select(cell="part", rest="persons", rest_rows="rows")
        others = parts.filter(pl.col("persons") >= FEW).sort("persons", "part").unique("cell", keep="first")
        others = others.select("cell", "part", *columns).rename({one: f"{one}_other" for one in ("part", *columns)})
        parts = parts.join(rests, on="cell", how="left", maintain_order="left")
        parts = parts.join(others, on="cell", how="left", maintain_order="left")
        is_small = pl.col("persons") < FEW
        joined = ((pl.col("rest") < FEW) & (is_small | (pl.col("part") == pl.col("part_other")))).fill_null(False)
        loose = joined & (pl.col("rest_rows") < FEW)
        words = [pl.when(loose).then(f"{one}_other").when(~joined & ~is_small).then(one).alias(one) for one in columns]
        classes = parts.select("part", "cell", *words, loose=loose)
        cells = classes.unique(["cell", *columns], maintain_order=True).select("cell", *columns).with_row_index("new")
        classes = classes.join(cells, on=["cell", *columns], how="left", nulls_equal=True, maintain_order="left")
        here = atoms.drop("cell", *columns).with_columns(part)
        here = here.join(classes.drop("cell"), on="part", how="left", maintain_order="left")
        noted = pl.col("most").list.concat(pl.lit([level]))
        most = pl.when("loose").then(noted).otherwise("most").alias("most")
        return here.with_columns(most).rename({"new": "cell"}).drop("part", "loose")


def _words(verdicts: Verdicts) -> tuple[pl.Series, pl.DataFrame]:
    """For each case of facts its row of the distinct words, and these."""
    facts = verdicts.facts
    dated = [name for name in facts.columns if name.endswith("_as_of") and name != "own_as_of"]
    parts = [(verdicts.verdict, verdicts.cases.select(_of_verdicts()))]
    for names, words in ((_TOLD, _of_told()), (["day", *dated], [_of_answers(dated)])):
        each, cells = facts.numbered(names)
        word, distinct = numbered(cells.select(words))
        parts.append((word[each], distinct))
    case, met = numbered(pl.DataFrame([each.alias(str(at)) for at, (each, _) in enumerate(parts)]))
    return case, pl.concat([words[met[str(at)]] for at, (_, words) in enumerate(parts)], how="horizontal")


def _of_verdicts() -> list[pl.Expr]:
    """The words that verdicts tell."""
    outcome = pl.col("dnc_outcome")
    given = {"blocked_by": "blocked", "undecided_by": "undecided", "missing": "undecided", "duties": "clear"}
    words = [pl.when(outcome == of).then(f"dnc_{name}").otherwise(pl.lit("")).alias(name) for name, of in given.items()]
    return [outcome.alias("outcome"), *words]


def _of_told() -> list[pl.Expr]:
    """The words that facts tell: line, territory, and the age of the consent."""
    words = [
        pl.when(pl.col("unread").is_null()).then(pl.col(name).fill_null("unknown")).alias(name)
        for name in ("line", "territory")
    ]
    return [word.fill_null("") for word in (*words, band(_age("consent_on")).alias("consent"))]


def _of_answers(dated: Iterable[str]) -> pl.Expr:
    """The ages of registries' answers, whose days are in some columns."""
    registries = {name: name.removesuffix("_as_of").replace("_", "-") for name in dated}
    answers = [pl.lit(f"{registry} ") + band(_age(name)) for name, registry in registries.items()]
    nothing = pl.repeat("", pl.len())
    joined = pl.concat_str(answers, separator=";", ignore_nulls=True) if answers else nothing
    return joined.fill_null("").alias("answers")


def _age(column: str) -> pl.Expr:
    return (pl.col("day") - pl.col(column)).dt.total_days()
