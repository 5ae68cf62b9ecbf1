"""The rows of a vetted list, counted in cells.

A frame of cells has one row for each class of rows. Each row of the list is in exactly one class, so every count is a
sum of cells.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from datetime import date, datetime
from typing import Any, Self, cast

import duckdb
import polars as pl

from dnc.clock import read_moment
from dnc.database import engine, run, statement
from dnc.errors import without_numbers
from dnc.files.table import folded
from dnc.frames import each_distinct, numbered
from dnc.lists.brief import Brief
from dnc.lists.calls import Calls
from dnc.lists.cell_facts import text_of
from dnc.store.record_kinds import GIVEN
from dnc.verdicts.judge import Verdicts

FEW = 10  # persons: a wording, an address or a minute of fewer says nothing of the list
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
"""
_FACTS = ("day", "line", "territory", "unread", "consent_on", "consent_until", "consent")
_RANKS = {"blocked": 0, "undecided": 1, "clear": 2}
_NEVER, _ALWAYS = date.min, date.max
_SEEN = """create table seen (row ubigint, person ubigint, kind uinteger, rank utinyint, until date,
    proof varchar, shared ubigint, origin ubigint, wording varchar, minute bigint)"""
_NO_NUMBER = 1 << 63  # in the person of a row without a number, with the hash of its text: above all E.164 numbers


def band(days: pl.Expr) -> pl.Expr:
    """An age in days as one of BANDS; null stays null."""
    upper = [pl.when(days <= last).then(pl.lit(name)) for last, name in zip((-1, *AGES), BANDS, strict=False)]
    return pl.coalesce(*upper, pl.when(days.is_not_null()).then(pl.lit(BANDS[-1])))


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

    def counted(self, points: Sequence[date]) -> pl.DataFrame:
        """The cells, with the columns of SCHEMA. points: days at which `lasts` looks, ascending."""
        by = ", ".join(("kind", "lasts", "repeat", *_OF_ROW, "held"))
        sql = f"select {by}, count(*) as rows from ({statement(__package__, 'placed')}) group by {by} order by {by}"
        counts = run(self._con, "placed", sql, {"points": list(points), "few": FEW})
        kinds = pl.DataFrame(list(self._kinds), schema=dict.fromkeys(_OF_KIND, pl.String), orient="row")
        kinds = kinds.with_columns(pl.Series("kind", list(self._kinds.values()), pl.UInt32))
        cells = counts.join(kinds, on="kind", how="left", maintain_order="left")
        return cells.select(*SCHEMA)


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
