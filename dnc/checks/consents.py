"""Consents as they come in: a file with a row a word about consent, laid beside planned calls by number.

A row says that a person gave consent, gave none, or withdrew it. Of all words about a number, those of the
list itself included, the newest wins as a whole: what, when, for which calls, and whether it was withdrawn
are never mixed from two. On one day the word against the call wins; a word without a day wins where it is
against the call and loses where it is for it. A word that is not understood, or whose day or purpose is not, may
have been against the call: it counts as such, and where it is the newest, no consent is told. So does a row that
does not fit the header, where its number can be read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from dnc.checks.brief import Brief, Names
from dnc.checks.calls import Calls
from dnc.checks.cell_facts import DECLARABLE
from dnc.checks.intake import Intake
from dnc.clock import ALWAYS, NEVER
from dnc.errors import InputError
from dnc.files.input_file import input_sha256
from dnc.files.open_table import open_table
from dnc.files.table import LINE, RAGGED, Table, folded
from dnc.frames import numbered
from dnc.law.rulebook import Rulebook
from dnc.law.vocabulary import vocabulary
from dnc.numbers.normalise import EMPTY

_WORD = (*DECLARABLE, "consent_withdrawn_on", "consent_odd")
_ALSO = {"consent_on": "day", "consent_for": "for", "consent_withdrawn_on": "withdrawn"}
_COUNTS = ("rows", "unread", "wordless", "odd", "unproven")
_PROOF = ("proof", "proofreference")
_NEWEST = 2**40  # beyond any day: what has no day and is against the call
_OLDEST = -(2**40)  # before any day: what has none and is for it


@dataclass(frozen=True)
class Consents:
    """The newest word about each number.

    words: number (UInt64, sorted, each once), the columns of a word as of `dnc.law.demands.FACTS`, and
    `rank` (Int64), by which words about one number are ordered. rows: of the file. unread: those whose number cannot
    be read. wordless: those that tell no consent and no withdrawal. odd: those in which something of it was not
    understood. unproven: consents without a reference to their proof.
    """

    path: Path
    sha256: str
    words: pl.DataFrame
    rows: int
    unread: int
    wordless: int
    odd: int
    unproven: int

    @property
    def record(self) -> dict[str, Any]:
        """What the log keeps: the file, and counts; no numbers."""
        counts = {name: getattr(self, name) for name in _COUNTS}
        return {"file": self.path.name, "sha256": self.sha256, "numbers": self.words.height, **counts}

    def beside(self, calls: Calls) -> Calls:
        """The same calls, their consent told by the newest word."""
        told = _ranked(calls.facts(*_WORD))
        at = self.words["number"].search_sorted(calls.number.fill_null(0)).clip(0, max(self.words.height - 1, 0))
        found = self.words[at] if self.words.height else self.words.clear(calls.number.len())
        wins = (found["number"] == calls.number) & (found["rank"] > told["rank"].fill_null(_OLDEST - 1))
        newest = pl.select(
            pl.when(wins.fill_null(False)).then(found[name].cast(told.schema[name])).otherwise(told[name]).alias(name)
            for name in _WORD
        )
        plan, plans = numbered(newest.with_columns(calls.plan.alias("plan")))
        return calls._replace(plan=plan, plans=calls.plans[plans["plan"]].with_columns(plans.select(_WORD)))


def read_consents(path: str | Path, brief: Brief, book: Rulebook, now: date | None = None) -> Consents:
    """Read a file of consents, in the words of a list's brief.

    Columns are `number`, `region`, `consent`, `consent_on` (or `day`), `consent_for` (or `for`),
    `consent_withdrawn_on` (or `withdrawn`), `proof`; found as those of a planned-calls file, by the
    brief's names too where the file has them. Raises InputError where it is no such file.
    """
    path = Path(path)
    table = open_table(path)
    told = replace(brief, columns=_columns(brief, table), facts={}, when_filled={}, when_empty={})
    intake = Intake(table, told, book, now=now)
    intake.header.refuse_unused("rename the one that tells withdrawals to 'withdrawn'")
    if not {"consent", "consent_withdrawn_on"} & intake.header.columns.keys():
        raise InputError("no column 'consent' and none 'withdrawn'; name it in [columns] of the brief", path, 1)
    proof = next((name for name in table.columns if folded(name) in _PROOF), None)
    counts = dict.fromkeys(_COUNTS, 0)

    def batches() -> Iterable[pl.DataFrame]:
        for batch in intake.fitted(table.batches):
            calls = intake.calls(batch.with_columns(pl.lit(None, pl.String).alias(RAGGED)))
            rows = calls.each(batch)
            words = _ranked(calls.facts(*_WORD).with_columns(_not_understood(rows[RAGGED].is_not_null())))
            _refuse_lost(words, calls, rows, path)
            given = words["consent"].is_in(["named_caller", "partners", "written"])
            proven = _filled(calls.carried[proof]) if proof else pl.repeat(False, words.height, eager=True)
            counts["rows"] += batch.height
            counts["unread"] += calls.number.null_count()
            counts["wordless"] += words["rank"].null_count()
            counts["odd"] += int(words["consent_odd"].sum())
            counts["unproven"] += int((given & ~proven).sum())
            yield words.drop_nulls(["number", "rank"]).with_columns(_small())

    return Consents(path, input_sha256(path), _newest_of(batches()), **counts)


def _not_understood(rows: pl.Series) -> list[pl.Expr]:
    """What some rows tell of consent, whatever stands in them: that it is not understood."""
    untold = [pl.when(~rows).then(name).alias(name) for name in DECLARABLE]
    withdrawn = pl.when(rows).then(pl.lit(NEVER)).otherwise("consent_withdrawn_on").alias("consent_withdrawn_on")
    return [*untold, withdrawn, pl.col("consent_odd") | rows]


def _refuse_lost(words: pl.DataFrame, calls: Calls, rows: pl.DataFrame, path: Path) -> None:
    """Raise InputError where a word against calls, or one that is not understood, is of a number that cannot be read.

    A row without any number that says that no consent was given is about nobody.
    """
    about_nobody = calls.facts("unread")["unread"] == EMPTY
    firm = (words["consent_withdrawn_on"] != NEVER) | words["consent_odd"]
    lost = calls.number.is_null() & words.select(_against()).to_series() & (firm | ~about_nobody)
    if lost.any():
        why = "tells no consent, a withdrawal, or nothing that is understood, and its number cannot be read"
        raise InputError(f"{why}; mend the row, or take it out", path, rows[LINE][lost.arg_max() or 0])


def _against() -> pl.Expr:
    """Whether a word is against calls, or may be."""
    given_none = (pl.col("consent") == "none").fill_null(False)
    return (pl.col("consent_withdrawn_on") != NEVER) | given_none | pl.col("consent_odd")


def _columns(brief: Brief, table: Table) -> dict[str, Names]:
    """Our names → those in the file: the names in the brief that the file has, else the short ones."""
    there = {folded(name): name for name in table.columns}
    found = {ours: [name for name in brief.named(ours) if folded(name) in there] for ours in brief.columns}
    mapped = {ours: names for ours, names in found.items() if names}
    short = {ours: there[also] for ours, also in _ALSO.items() if also in there and folded(ours) not in there}
    return {**short, **mapped}


def _filled(cells: pl.Series) -> pl.Series:
    return (cells.cast(pl.String).str.strip_chars() != "").fill_null(False)


def _small() -> list[pl.Expr]:
    """Words of an axis as small integers, since millions of rows may stand there."""
    return [pl.col(name).cast(pl.Enum(vocabulary().axes[name])) for name in ("consent", "consent_for")]


def _ranked(words: pl.DataFrame) -> pl.DataFrame:
    """Words with `rank`: the newer ranks higher; null where a row tells none."""
    withdrawn, against = pl.col("consent_withdrawn_on") != NEVER, _against()
    withdrawn_on = pl.when(withdrawn & (pl.col("consent_withdrawn_on") != ALWAYS)).then("consent_withdrawn_on")
    undated = (withdrawn & withdrawn_on.is_null()) | (pl.col("consent_odd") & pl.col("consent_on").is_null())
    day = pl.when(~undated).then(pl.max_horizontal("consent_on", withdrawn_on)).to_physical().cast(pl.Int64)
    rank = pl.coalesce(day * 2 + against.cast(pl.Int64), pl.when(against).then(_NEWEST).otherwise(_OLDEST))
    told = against | pl.col("consent").is_not_null()
    return words.with_columns(pl.when(told).then(rank).alias("rank"))


def _newest_of(batches: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """The newest word about each number, sorted by number; of equal ones the later row."""
    kept: list[pl.DataFrame] = []
    waiting = 0
    for batch in batches:
        kept.append(batch)
        waiting += batch.height
        # Put together when as much waits as stands, so that memory holds about twice what is kept.
        if waiting > kept[0].height:
            kept, waiting = [_newest(pl.concat(kept))], 0
    days = {"consent_on": pl.Date, "consent_withdrawn_on": pl.Date}
    schema = {"number": pl.UInt64, "rank": pl.Int64, **days, "consent_odd": pl.Boolean}
    axes = {name: pl.Enum(vocabulary().axes[name]) for name in ("consent", "consent_for")}
    return _newest(pl.concat(kept)) if kept else pl.DataFrame(schema={**schema, **axes})


def _newest(words: pl.DataFrame) -> pl.DataFrame:
    by_age = words.sort("number", "rank", maintain_order=True)
    return by_age.unique("number", keep="last", maintain_order=True)
