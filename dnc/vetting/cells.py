"""The rows of a vetted list, counted in cells: exactly, or so that no count is about fewer than ten persons.

A frame of cells has one row for each class of rows. Each row of the list is in
exactly one class, so every count is a sum of cells. Open cells are for the owner
of the list. Closed cells may be handed to somebody else: each holds ten persons
or more (k-anonymity with k = 10). Because they are one partition of the list and
not several tables, sums, differences and complements of published counts are
about whole cells too: a count of one to nine persons cannot be worked out.

How closed cells are made. All rows start in one cell. Level by level (`LEVELS`:
repeats, outcome, reason, ...), each cell is split into groups of rows with the
same words at that level:

1. A group of ten persons or more becomes a cell of its own.
2. All smaller groups of the cell are merged: the rest. If the rest has ten
   persons or more, it becomes a cell whose words at this level are null.
3. Otherwise the rest is merged into the smallest of the groups of rule 1, and
   has the words of that group. Nothing in the cells says whether there was a
   rest, so what fewer than ten persons have in common leaves no trace. A rest of
   more than nine rows (few persons, many rows each) would leave one, and is
   refused: the seller has to remove repeated rows first.

Ten rows or more without a readable number may all belong to one person. So they
get a cell of their own, which shows how many there are and what follows from that
(they are undecided, because the number is missing), but nothing else that the rows
say. If there are fewer, rows with the same text in place of a number are taken for
one person.

For example, 40 rows of 40 persons, with outcome and line as the only levels:

    outcome    line      rows      outcome  line      rows
    clear      landline    21      clear    landline    25
    clear      mobile       4  ->  null     landline    15
    blocked    landline     6
    undecided  landline     6
    undecided  mobile       3

Outcome: the 25 clear rows are a cell. The 6 blocked and the 9 undecided rows are
too few, but together they are 15: a cell without an outcome (rule 2). Line: in
both cells there are too few mobiles, so they join the landlines and get their
word (rule 3). What the reader can conclude (`between`): 25 to 40 rows are clear
(it is 25), and 22 to 40 are landlines (it is 33), because each cell may hide
nine others.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from datetime import date, datetime
from typing import Any, Self, cast

import duckdb
import polars as pl

from dnc.clock import read_moment
from dnc.database import engine, run, statement
from dnc.errors import InputError, without_numbers
from dnc.files.table import folded
from dnc.frames import each_distinct, numbered
from dnc.lists.brief import Brief
from dnc.lists.calls import Calls
from dnc.lists.cell_facts import text_of
from dnc.messages import localized
from dnc.store.record_kinds import GIVEN
from dnc.verdicts.judge import Verdicts

FEW = 10  # persons: no class of fewer is published
MOST_CELLS = 4000  # closed ones; a level that would make more is left out
AGES = (30, 60, 90, 180, 365, 730)  # days: upper ends of the bands
BANDS = ("after", "0-30", "31-60", "61-90", "91-180", "181-365", "366-730", "731-")  # `after`: later than the call
_OF_KIND = (
    *("outcome", "blocked_by", "undecided_by", "missing", "duties", "line", "territory", "consent", "answers"),
    *("given", "ends"),
)
_OF_ROW = ("proof", "wording", "signs")
SCHEMA: dict[str, Any] = {
    **dict.fromkeys((*_OF_KIND, *_OF_ROW), pl.String),
    "lasts": pl.Int32,
    "repeat": pl.Boolean,
    "held": pl.Boolean,
    "loose": pl.List(pl.String),
    "rows": pl.Int64,
}
"""Columns of a frame of cells.

outcome, blocked_by, undecided_by, missing: as in verdicts; the last two only of undecided rows.
duties: only of clear rows.
line, territory: of the number; `unknown` if the numbering plan does not say, empty if the number cannot be read.
consent: age of the consent in days on the day of the call, as a band; empty if it has no date.
given: to whom consent was given, as in the column `consent`; empty if none was. ends: how many days after the call it
ends, as a band (`after`: before the call); empty if it has no end.
proof: of a consent that was given, `with` or `without`. wording: its name, `…` if it is seldom.
signs: what was seen at the consent, joined by `;`, and is not judged: `proof` (that other numbers have too), `origin`
(an address that ten persons or more have), `night` (given before 6:00), `burst` (ten persons or more in one minute).
answers: age of each registry's answer, `ID BAND`, joined by `;`.
lasts: at how many of the points in time the row is still clear.
repeat: whether its number is counted in another row. held: whether the buyer already holds its number.
rows: how many rows the cell has.
loose: levels at which the words may be wrong for some rows, nine at most; worked out for closed cells.
Null in another column: the cell was merged from groups with different words there.
"""
LEVELS = {
    "repeat": ("repeat",),  # first: below it a person has one row, so that few persons have few rows
    "outcome": ("outcome",),
    "reason": ("blocked_by", "undecided_by", "missing", "duties"),
    "lasts": ("lasts",),
    "line": ("line",),
    "territory": ("territory",),
    "consent": ("consent",),
    "answers": ("answers",),
    "given": ("given", "proof", "ends"),
    "wording": ("wording",),
    "signs": ("signs",),
}
_COLUMNS_TO = {  # all columns from the first level to this one: cells made at this level differ in at least one of them
    level: [name for upper in list(LEVELS)[: at + 1] for name in LEVELS[upper]] for at, level in enumerate(LEVELS)
}
_COLUMNS_ABOVE = {level: columns[: -len(LEVELS[level])] for level, columns in _COLUMNS_TO.items()}
_LEVEL = {column: level for level, columns in LEVELS.items() for column in columns}
_FACTS = ("day", "line", "territory", "unread", "consent_on", "consent_until", "consent")
_RANKS = {"blocked": 0, "undecided": 1, "clear": 2}
_UNREAD = pl.col("territory").eq_missing("")  # a cell of rows without a readable number
_NEVER, _ALWAYS = date.min, date.max
_SEEN = """create table seen (row ubigint, person ubigint, kind uinteger, rank utinyint, until date,
    proof varchar, shared ubigint, origin ubigint, wording varchar, minute bigint)"""
_KEYS = ("kind", "lasts", "repeat", *_OF_ROW)  # of atoms
_NO_NUMBER = 1 << 63  # in the person of a row without a number, with the hash of its text: above all E.164 numbers
# Levels at which rows without a number may differ, whatever the number.
_BESIDE_NUMBER = ("consent", "answers", "given", "wording", "ends", "signs")


def band(days: pl.Expr) -> pl.Expr:
    """An age in days as one of BANDS; null stays null."""
    upper = [pl.when(days <= last).then(pl.lit(name)) for last, name in zip((-1, *AGES), BANDS, strict=False)]
    return pl.coalesce(*upper, pl.when(days.is_not_null()).then(pl.lit(BANDS[-1])))


def between(cells: pl.DataFrame, **wanted: object) -> tuple[int, int]:
    """The least and the most rows of the list that can have all the given words, by column.

    For open cells the two are equal. Closed cells widen them: a row may be one of the few for which the word of its
    cell is wrong, or be in a cell that does not publish the word.
    """
    by_level: dict[str, list[pl.Expr]] = {}
    for column, word in wanted.items():
        by_level.setdefault(_LEVEL.get(column, ""), []).append(pl.col(column).eq_missing(pl.lit(word)))
    cells = cells.filter(*by_level.pop("", []))  # a column that is not a level is published for every cell
    has = pl.all_horizontal(pl.lit(True), *(same for level in by_level.values() for same in level))
    low = high = int(cells.filter(has)["rows"].sum())
    cells = cells.with_columns(has=has, maybe=pl.lit(False))
    for level in filter(by_level.get, LEVELS):
        same = pl.all_horizontal(by_level[level])
        loose, merged = pl.col("loose").list.contains(pl.lit(level)), pl.col(LEVELS[level][0]).is_null()
        low -= _most_wrong(cells.filter(loose & pl.col("has")), level)
        high += _most_wrong(cells.filter(loose & ~same), level)
        cells = cells.filter(same | merged).with_columns(maybe=pl.col("maybe") | merged)
    return max(0, low), high + int(cells.filter("maybe")["rows"].sum())


def _most_wrong(cells: pl.DataFrame, level: str) -> int:
    """The most rows for which the words of cells that may be loose at a level can be wrong.

    Nine for each cell that was split at that level, whichever of its parts took in the rest, in however many cells
    that part has been split since.
    """
    parts = cells.group_by(_COLUMNS_TO[level]).agg(pl.col("rows").sum().clip(upper_bound=FEW - 1))
    return int(parts.group_by(pl.lit(0), *_COLUMNS_ABOVE[level]).agg(pl.col("rows").max())["rows"].sum())


def with_loose(cells: pl.DataFrame) -> pl.DataFrame:
    """Closed cells with the levels at which each may have taken in a rest, as far as their counts show.

    A part took in a rest only if it was the smallest, so that without nine of its rows it is no larger than any other;
    and there is no such part where a rest became a cell of its own. Rows without a number have a cell of their own.
    """
    flags = []
    for level, columns in LEVELS.items():
        above = [_UNREAD, *map(pl.col, _COLUMNS_ABOVE[level])]
        parts = cells.with_columns(part=pl.col("rows").sum().over(_UNREAD, *_COLUMNS_TO[level]))
        smallest, rest = pl.col("part").min().over(above), pl.col(columns[0]).is_null().any().over(above)
        loose = ~_UNREAD & ~rest & (pl.col("part") - (FEW - 1) <= smallest)
        flags.append(parts.select(pl.when(loose).then(pl.lit(level)).alias(level)).to_series())
    return cells.with_columns(loose=pl.concat_list(map(pl.lit, flags)).list.drop_nulls())


class Cells(ExitStack[None]):
    """Counts the rows of a check while it runs; a context manager.

    Memory is bounded: rows are in a DuckDB table, which is written to disk when it grows too large.
    brief: how the list is read.
    """

    def __init__(self, brief: Brief) -> None:
        super().__init__()
        self._brief = brief
        self._kinds: dict[tuple[str, ...], int] = {}
        self._rows = 0
        self.first: date | None = None
        self.overlaps: dict[str, int] = {}

    def __enter__(self) -> Self:
        spill = self.enter_context(tempfile.TemporaryDirectory(prefix="dnc-"))
        self._con: duckdb.DuckDBPyConnection = self.enter_context(engine(spill))
        self._con.execute(_SEEN)
        self._con.execute("create table held (number ubigint)")
        return self

    def add(self, calls: Calls, verdicts: Verdicts) -> None:
        """Add a batch of a check."""
        case, distinct = _kinds(verdicts)
        ids = [self._kinds.setdefault(kind, len(self._kinds)) for kind in distinct.iter_rows()]
        outcome = verdicts.cases["dnc_outcome"]
        rank = outcome.replace_strict(_RANKS, return_dtype=pl.UInt8)
        clear = (outcome == "clear")[verdicts.case]
        height = verdicts.until.len()
        row = pl.int_range(self._rows, self._rows + height, dtype=pl.UInt64, eager=True)
        until = verdicts.until.fill_null(_ALWAYS)
        texts = pl.select(pl.lit(calls.text).fill_null("").str.strip_chars()).to_series()
        rows = pl.select(
            row=row,
            person=pl.coalesce(calls.number, _NO_NUMBER | texts.hash()),
            kind=pl.Series(ids, dtype=pl.UInt32)[case[verdicts.fact]],
            rank=rank[verdicts.case],
            until=pl.when(clear).then(until).otherwise(_NEVER),
        )
        rows = rows.hstack(consent_words(calls, self._brief))
        run(self._con, "seen", "insert into seen by name from rows", rows=rows)
        self._rows += height
        first = cast("date | None", calls.plans["day"].min())
        self.first = min(filter(None, (self.first, first)), default=None)

    def hold(self, name: str, numbers: Iterable[pl.Series]) -> None:
        """Add numbers that the buyer already holds; `overlaps[name]` becomes how many of them are on the list."""
        self._con.execute("create or replace table own (number ubigint)")
        for part in numbers:
            run(self._con, "own", "insert into own from numbers", numbers=part.drop_nulls().to_frame("number"))
        sql = "select count(distinct person) from seen where person in (select number from own)"
        [(self.overlaps[name],)] = self._con.execute(sql).fetchall()
        self._con.execute("insert into held select distinct number from own")

    def open(self, points: Sequence[date]) -> pl.DataFrame:
        """The exact cells, with the columns of SCHEMA. points: days at which `lasts` looks, ascending."""
        return self._atoms(points).select(*SCHEMA)

    def callable(self, rows: Sequence[int], lasts: int) -> set[int]:
        """Which of some rows of the list (from 1) are counted as numbers that can be called, after `open`.

        lasts: at how many points they have to be clear.
        """
        sql = "select row + 1 as row from placed where lasts >= $lasts and not repeat and not held"
        return set(run(self._con, "callable", sql, {"lasts": lasts})["row"]).intersection(rows)

    def closed(self, points: Sequence[date]) -> pl.DataFrame:
        """Cells of FEW persons or more each, with the columns of SCHEMA; empty if fewer have a readable number.

        points: as in `open`. The module says how the cells are made. Raises InputError if few persons have many
        rows that differ from those of all others.
        """
        atoms = self._atoms(points).with_columns(cell=pl.lit(0, pl.UInt32))
        keys = atoms.select(_KEYS)
        read = atoms.select(~_UNREAD).to_series()
        [persons] = self._persons(keys.filter(read), atoms["cell"].filter(read))["persons"].to_list() or [0]
        if persons < FEW:
            return atoms.select(*SCHEMA).clear()
        if atoms.filter(_UNREAD)["rows"].sum() >= FEW:
            atoms = atoms.with_columns(*_split_unread(), cell=_UNREAD.cast(pl.UInt32))
        for columns in LEVELS.values():
            if atoms.select(columns).n_unique() == 1:
                continue  # nothing to split
            split = self._split(atoms, keys, columns)
            if split["cell"].n_unique() > MOST_CELLS:
                unread = _UNREAD.all().over("cell")  # the cell is known by its words
                split = atoms.with_columns(pl.when(unread).then(name).alias(name) for name in columns)
            atoms = split
        published = [name for name in SCHEMA if name not in ("rows", "loose")]
        cells = atoms.group_by("cell", *published).agg(pl.col("rows").sum()).sort("rows", *published)
        return with_loose(cells).select(*SCHEMA)

    def _atoms(self, points: Sequence[date]) -> pl.DataFrame:
        """The exact cells with their kind; `keys` of other methods are the columns `_KEYS` of these."""
        self._con.execute("drop table if exists placed")
        placed = f"create table placed as {statement(__package__, 'placed')}"
        run(self._con, "placed", placed, {"points": list(points), "few": FEW})
        by = ", ".join((*_KEYS, "held"))
        counts = run(self._con, "cells", f"select {by}, count(*) as rows from placed group by {by} order by {by}")
        kinds = pl.DataFrame(list(self._kinds), schema=dict.fromkeys(_OF_KIND, pl.String), orient="row")
        kinds = kinds.with_columns(pl.Series("kind", list(self._kinds.values()), pl.UInt32))
        cells = counts.join(kinds, on="kind", how="left", maintain_order="left")
        return cells.with_columns(loose=pl.lit([], pl.List(pl.String))).select("kind", *SCHEMA)

    def _persons(self, keys: pl.DataFrame, part: pl.Series) -> pl.DataFrame:
        """Distinct persons and rows in each part, where `part` has the part of each atom: part, persons, rows.

        Persons are counted from the rows again, because one person may have rows in several atoms.
        """
        sql = "select part, count(distinct person) as persons, count(*) as rows from placed join parts"
        parts = keys.with_columns(part=part)
        return run(self._con, "persons", f"{sql} using ({', '.join(_KEYS)}) group by part", parts=parts)

    def _split(self, atoms: pl.DataFrame, keys: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
        """Atoms with their cells split at one level, and the words of that level replaced by those of their cell."""
        # The groups of each cell, with their persons.
        groups = atoms.select("cell", *columns).unique(maintain_order=True).with_row_index("part")
        group = atoms.join(groups, on=["cell", *columns], how="left", nulls_equal=True, maintain_order="left")["part"]
        groups = groups.join(self._persons(keys, group), on="part", how="left", maintain_order="left")
        # A group that is its whole cell stays a cell; any other has to be large enough.
        groups = groups.with_columns(small=(pl.col("persons") < FEW) & (pl.len().over("cell") > 1))
        # The rest of each cell: its small groups together. Persons of two small groups may be the same.
        small = group.is_in(groups.filter("small")["part"].implode())
        rests = self._persons(keys.filter(small), atoms["cell"].filter(small))
        rests = rests.select(cell="part", rest="persons", rest_rows="rows")
        # The smallest other group of each cell, which takes in a rest that is small itself.
        hosts = groups.filter(~pl.col("small")).sort("rows", "part").unique("cell", keep="first")
        hosts = hosts.select("cell", "part", *columns).rename({name: f"{name}_host" for name in ("part", *columns)})
        groups = groups.join(rests, on="cell", how="left", maintain_order="left")
        groups = groups.join(hosts, on="cell", how="left", maintain_order="left")
        is_rest = pl.col("small") & (pl.col("rest") < FEW) & pl.col("part_host").is_not_null()
        if groups.filter(is_rest & (pl.col("rest_rows") >= FEW)).height:
            raise InputError(localized("errors", "seal", "few_rows"))
        # The words of the cell that each group goes into; groups of one cell with equal words go into the same.
        merged = [
            pl.when(is_rest).then(f"{name}_host").when(~pl.col("small")).then(name).alias(name) for name in columns
        ]
        groups = groups.select("part", "cell", *merged)
        cells = groups.unique(["cell", *columns], maintain_order=True).select("cell", *columns).with_row_index("new")
        groups = groups.join(cells, on=["cell", *columns], how="left", nulls_equal=True, maintain_order="left")
        split = atoms.drop("cell", *columns).with_columns(group)
        split = split.join(groups.drop("cell"), on="part", how="left", maintain_order="left")
        return split.rename({"new": "cell"}).drop("part")


def _split_unread() -> Iterator[pl.Expr]:
    """The columns of atoms; those without a number keep at each level the words that all of them have."""
    for level, columns in LEVELS.items():
        same = pl.struct(columns).filter(_UNREAD).n_unique() == 1
        for name in columns:
            yield pl.when(~_UNREAD | (same & pl.lit(level not in _BESIDE_NUMBER))).then(name).alias(name)


def _kinds(verdicts: Verdicts) -> tuple[pl.Series, pl.DataFrame]:
    """The distinct kinds of rows (columns `_OF_KIND`), and for each case of facts which of these it has."""
    facts = verdicts.facts
    dated = [name for name in facts.columns if name.endswith("_as_of") and name != "own_as_of"]
    parts = [(verdicts.verdict, verdicts.cases.select(_of_verdicts()))]
    for names, columns in ((_FACTS, _of_facts()), (["day", *dated], [_of_answers(dated)])):
        index, cells = facts.rows(names)
        word, distinct = numbered(cells.select(columns))
        parts.append((word[index], distinct))
    case, met = numbered(pl.DataFrame([index.alias(str(at)) for at, (index, _) in enumerate(parts)]))
    kinds = pl.concat([columns[met[str(at)]] for at, (_, columns) in enumerate(parts)], how="horizontal")
    return case, kinds.select(_OF_KIND)


def _of_verdicts() -> list[pl.Expr]:
    """The words that come from a verdict: outcome, and what belongs to that outcome."""
    outcome = pl.col("dnc_outcome")
    only_of = {"blocked_by": "blocked", "undecided_by": "undecided", "missing": "undecided", "duties": "clear"}
    columns = [
        pl.when(outcome == its_outcome).then(f"dnc_{name}").otherwise(pl.lit("")).alias(name)
        for name, its_outcome in only_of.items()
    ]
    return [outcome.alias("outcome"), *columns]


def _of_facts() -> list[pl.Expr]:
    """The words that come from the facts of a call: line, territory, and the age of the consent."""
    columns = [
        pl.when(pl.col("unread").is_null()).then(pl.col(name).fill_null("unknown")).alias(name)
        for name in ("line", "territory")
    ]
    given = pl.when(pl.col("consent").is_in(GIVEN)).then("consent")
    columns += [band(_age("consent_on")).alias("consent"), given.alias("given")]
    ends = pl.when(given.is_not_null()).then(band((pl.col("consent_until") - pl.col("day")).dt.total_days()))
    return [column.fill_null("") for column in (*columns, ends.alias("ends"))]


def _of_answers(dated: Iterable[str]) -> pl.Expr:
    """The ages of the answers of registries; `dated` are the columns with the days of these."""
    registries = {name: name.removesuffix("_as_of").replace("_", "-") for name in dated}
    ages = [pl.lit(f"{registry} ") + band(_age(name)) for name, registry in registries.items()]
    joined = pl.concat_str(ages, separator=";", ignore_nulls=True) if ages else pl.repeat("", pl.len())
    return joined.fill_null("").alias("answers")


def _age(column: str) -> pl.Expr:
    return (pl.col("day") - pl.col(column)).dt.total_days()


_NAMES = {"proof": ("proof", "proofreference"), "wording": ("wording",), "origin": ("originip", "ipaddress")}
_HASHED = {"shared": "proof", "origin": "origin"}
_SCHEMA = {"wording": pl.String, "minute": pl.Int64}


def consent_words(calls: Calls, brief: Brief) -> pl.DataFrame:
    """What rows say of their consents besides facts, a row a call; all null where no consent was given.

    The columns are known by their names, since a list of planned calls leaves them out. brief: how the list is read.

    Returns:
        `proof` (`with` or `without`) and `wording` (perhaps empty); `shared` and `origin`, hashes of the proof and the
        address, and `minute`, when it was given as the list writes it (from 1970), null where the list does not say.
    """
    names = _NAMES | {"day": ("consenton", *map(folded, brief.named("consent_on")))}
    texts = pl.DataFrame([_text(calls.carried, known).alias(ours) for ours, known in names.items()])

    def read(wording: str | None, day: str | None) -> tuple[str, int | None]:
        at = read_moment(day, brief.dates) if day else None
        since = at.replace(tzinfo=None) - datetime(1970, 1, 1) if isinstance(at, datetime) else None
        return without_numbers(wording or ""), None if since is None else int(since.total_seconds() // 60)

    proof = pl.when(pl.col("proof").is_null()).then(pl.lit("without")).otherwise(pl.lit("with"))
    words = texts.select(
        proof.alias("proof"),
        *(pl.when(pl.col(of).is_not_null()).then(pl.col(of).hash()).alias(name) for name, of in _HASHED.items()),
    ).hstack(each_distinct(texts.select("wording", "day"), read, _SCHEMA))
    given = calls.facts("consent")["consent"].is_in(GIVEN)
    return words.select(pl.when(pl.lit(given)).then(pl.all()))


def _text(carried: pl.DataFrame, names: tuple[str, ...]) -> pl.Series:
    """The cells of the first column that has one of some names, null where there is none."""
    for name in carried.columns:
        if folded(name) in names:
            return carried.select(text_of(carried[name])).to_series()
    return pl.repeat(None, carried.height, dtype=pl.String, eager=True)
