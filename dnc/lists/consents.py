"""Consents in a file of their own, joined to planned calls by telephone number.

Each row states that a person gave consent, gave none, or withdrew it. Of all statements about a number, those in the
list of calls included, the newest is used as a whole: what, when, for which calls, and whether it was withdrawn are
never combined from two statements. On the same day the statement against the call is used. If there is none, it is the
one that ends first, or one for some hours before one for all; of equal ones that of the later row. A statement without
a day counts as the newest if it is against the call, and as the oldest if it is for it. A statement that is not
understood, or whose day or purpose is not, counts as one against the call; if it is the newest, the consent is not
known. The same holds for a row with too many or too few cells, if its number can be read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from dnc.clock import ALWAYS, NEVER
from dnc.errors import InputError
from dnc.files.input_file import input_sha256
from dnc.files.open_table import open_table
from dnc.files.table import LINE, RAGGED, Table, folded, quoted
from dnc.frames import as_text, numbered, repeated
from dnc.law.rulebook import Rulebook
from dnc.law.vocabulary import vocabulary
from dnc.lists.brief import Brief, Names
from dnc.lists.calls import Calls
from dnc.lists.cell_facts import DECLARABLE
from dnc.lists.intake import Intake
from dnc.lists.roles import Survey
from dnc.messages import localized
from dnc.numbers.normalise import EMPTY

_COLUMNS = (*DECLARABLE, "consent_withdrawn_on", "consent_odd")
_ALSO = {"consent_on": "day", "consent_for": "for", "consent_until": "until", "hours_agreed": "hours"}
_ALSO |= {"consent_withdrawn_on": "withdrawn"}
_COUNTS = ("rows", "unread", "wordless", "odd", "unproven")
_PROOF = ("proof", "proofreference")
_NEWEST = 2**32  # later than any day: against the call, without a day
_OLDEST = -(2**32)  # earlier than any day: for the call, without a day
_NO_END = 2**22  # days; later than any last day of a consent


@dataclass(frozen=True)
class Consents:
    """The newest statement about each number.

    Attributes:
        statements: number (UInt64, sorted, unique), the columns about consent as in `dnc.law.demands.FACTS`, and
            `rank` (Int64), by which statements about one number are ordered.
        rows: rows of the file.
        unread: rows whose number cannot be read, or may be mistyped.
        wordless: rows that state neither a consent nor a withdrawal.
        odd: rows in which something was not understood.
        unproven: consents without a reference to their proof.
        texts: of `Brief.texts`, the columns that the file has.
    """

    path: Path
    sha256: str
    statements: pl.DataFrame
    rows: int
    unread: int
    wordless: int
    odd: int
    unproven: int
    texts: Collection[str] = ()

    @property
    def record(self) -> dict[str, Any]:
        """What the log keeps: the file and counts, no numbers."""
        counts = {name: getattr(self, name) for name in _COUNTS}
        return {"file": self.path.name, "sha256": self.sha256, "numbers": self.statements.height, **counts}

    def beside(self, calls: Calls) -> Calls:
        """The same calls, each with the newest statement about its number."""
        declared = _ranked(calls.facts(*_COLUMNS))
        known = self.statements
        at = known["number"].search_sorted(calls.number.fill_null(0)).clip(0, max(known.height - 1, 0))
        found = known[at] if known.height else known.clear(calls.number.len())
        wins = (found["number"] == calls.number) & (found["rank"] > declared["rank"]).fill_null(True)
        newest = pl.select(
            pl.when(wins.fill_null(False))
            .then(found[name].cast(declared.schema[name]))
            .otherwise(declared[name])
            .alias(name)
            for name in _COLUMNS
        )
        plan, plans = numbered(newest.with_columns(calls.plan.alias("plan")))
        return calls._replace(plan=plan, plans=calls.plans[plans["plan"]].with_columns(plans.select(_COLUMNS)))


def read_consents(path: str | Path, brief: Brief, book: Rulebook, now: date | None = None) -> Consents:
    """Read a file of consents by the brief of the list of calls.

    Its columns are `number`, `region`, `consent`, `consent_on` (or `day`), `consent_for` (or `for`), `consent_until`
    (or `until`), `hours_agreed` (or `hours`), `consent_withdrawn_on` (or `withdrawn`) and `proof`. Their names are
    matched as in a list of planned calls; names mapped in the brief count if the file has them.

    Raises:
        InputError: the file is not one of consents, has sheets that are not read, or the number of a statement against
            calls cannot be read.
        RolesError: a column has no role.
    """
    path = Path(path)
    table = open_table(path)
    if table.others:  # a withdrawal in one of them would be lost, whatever it is called
        raise InputError(localized("errors", "consent_sheets", names=quoted(table.others)), path)
    columns = _columns(brief, table)
    found = {*map(folded, columns), *set(map(folded, table.columns)).difference(map(folded, brief.ignore))}
    if "number" not in found or not found & {"consent", folded("consent_withdrawn_on")}:
        raise InputError(localized("errors", "consent_columns"), path, 1)
    proof = next((name for name in table.columns if folded(name) in _PROOF), None)
    texts = {name: meant for name, meant in brief.texts.items() if folded(name) in map(folded, table.columns)}
    of_consents = replace(brief, columns=columns, texts=texts, facts={}, when_filled={}, when_empty={})
    of_consents = replace(of_consents, ignore=(*brief.ignore, *([proof] if proof else [])))
    intake = Intake(table, of_consents, book, now=now)
    survey = Survey(intake.header)
    if survey.is_needed:
        survey.look(table.batches)
        intake = replace(intake, table=open_table(path))
    intake = replace(intake, found=survey.read_columns())
    counts = dict.fromkeys(_COUNTS, 0)

    def batches() -> Iterable[pl.DataFrame]:
        for batch in intake.fitted(intake.table.batches):
            calls = _certain(intake.calls(batch.with_columns(pl.lit(None, pl.String).alias(RAGGED))))
            rows = calls.each(batch)
            stated = calls.facts(*_COLUMNS, "texts").with_columns(intake.texts_of_persons)
            stated = _ranked(stated.with_columns(_not_understood(rows[RAGGED].is_not_null())).drop("texts"))
            _refuse_lost(stated, calls, rows, path)
            given = stated["consent"].is_in(["named_caller", "partners", "written"])
            proven = (
                (as_text(calls.carried[proof]).str.strip_chars() != "").fill_null(False)
                if proof
                else repeated(False, pl.Boolean, stated.height)
            )
            counts["rows"] += batch.height
            counts["unread"] += calls.number.null_count()
            counts["wordless"] += stated["rank"].null_count()
            counts["odd"] += int(stated["consent_odd"].sum())
            counts["unproven"] += int((given & ~proven).sum())
            yield stated.drop_nulls(["number", "rank"]).with_columns(_as_enums())

    return Consents(path, input_sha256(path), _newest_of(batches()), **counts, texts=texts)


def _certain(calls: Calls) -> Calls:
    """The same rows, without the numbers that may be mistyped."""
    doubt = calls.facts("doubt")["doubt"]
    return calls._replace(number=pl.select(pl.when(doubt.is_null()).then(calls.number).alias("number")).to_series())


def _not_understood(ragged: pl.Series) -> list[pl.Expr]:
    """The columns about consent: of rows that do not fit the header, and beside a text without a meaning, none counts.

    Of the latter rows a withdrawal does.
    """
    withdrawn = pl.when(ragged).then(pl.lit(NEVER)).otherwise("consent_withdrawn_on").alias("consent_withdrawn_on")
    rows = pl.lit(ragged) | pl.col("texts").is_not_null()
    not_given = [pl.when(~rows).then(name).alias(name) for name in DECLARABLE]
    return [*not_given, withdrawn, pl.col("consent_odd") | rows]


def _refuse_lost(stated: pl.DataFrame, calls: Calls, rows: pl.DataFrame, path: Path) -> None:
    """Raise InputError if a row that is against calls, or not understood, has a number that cannot be read.

    A row that says that no consent was given and whose number is empty is about nobody, and is allowed.
    """
    about_nobody = calls.facts("unread")["unread"] == EMPTY
    firm = (stated["consent_withdrawn_on"] != NEVER) | stated["consent_odd"]
    lost = calls.number.is_null() & stated.select(_against()).to_series() & (firm | ~about_nobody)
    if lost.any():
        raise InputError(localized("errors", "consent_lost"), path, rows[LINE][lost.arg_max() or 0])


def _against() -> pl.Expr:
    """Whether a statement is against the call, or may be."""
    given_none = (pl.col("consent") == "none").fill_null(False)
    return (pl.col("consent_withdrawn_on") != NEVER) | given_none | pl.col("consent_odd")


def _columns(brief: Brief, table: Table) -> dict[str, Names]:
    """Our names → the names in the file: those of the brief that the file has, else the short ones."""
    ignored = set(map(folded, brief.ignore))
    there = {folded(name): name for name in table.columns if folded(name) not in ignored}
    found = {ours: [name for name in brief.named(ours) if folded(name) in there] for ours in brief.columns}
    mapped = {ours: names for ours, names in found.items() if names}
    short = {ours: there[also] for ours, also in _ALSO.items() if also in there and folded(ours) not in there}
    return {**short, **mapped}


def _as_enums() -> list[pl.Expr]:
    """Words of an axis as small integers: a file may have millions of rows."""
    return [pl.col(name).cast(pl.Enum(vocabulary().axes[name])) for name in ("consent", "consent_for")]


def _ranked(statements: pl.DataFrame) -> pl.DataFrame:
    """Statements with `rank`: the newer one ranks higher; null if the row states nothing.

    It packs what decides, in this order: the day, whether the statement is against the call, how soon the consent ends,
    and whether it is for some hours only.
    """
    withdrawn, against = pl.col("consent_withdrawn_on") != NEVER, _against()
    withdrawn_on = pl.when(withdrawn & (pl.col("consent_withdrawn_on") != ALWAYS)).then("consent_withdrawn_on")
    undated = (withdrawn & withdrawn_on.is_null()) | (pl.col("consent_odd") & pl.col("consent_on").is_null())
    day = pl.when(~undated).then(pl.max_horizontal("consent_on", withdrawn_on)).to_physical().cast(pl.Int64)
    rank = pl.coalesce(day * 2 + against.cast(pl.Int64), pl.when(against).then(_NEWEST).otherwise(_OLDEST))
    end = pl.col("consent_until").to_physical().cast(pl.Int64).clip(0).fill_null(_NO_END)
    rank = (rank * (_NO_END + 1) + _NO_END - end) * 2 + pl.col("hours_agreed").is_not_null()
    is_known = against | pl.col("consent").is_not_null()
    return statements.with_columns(pl.when(is_known).then(rank).alias("rank"))


def _newest_of(batches: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """The newest statement about each number, sorted by number; of equal ones the later row."""
    kept: list[pl.DataFrame] = []
    waiting = 0
    for batch in batches:
        kept.append(batch)
        waiting += batch.height
        # Merged once as many rows wait as are kept, so that memory holds about twice what is kept.
        if waiting > kept[0].height:
            kept, waiting = [_newest(pl.concat(kept))], 0
    days = dict.fromkeys(("consent_on", "consent_until", "consent_withdrawn_on"), pl.Date)
    schema = {"number": pl.UInt64, "rank": pl.Int64, **days, "hours_agreed": pl.String, "consent_odd": pl.Boolean}
    axes = {name: pl.Enum(vocabulary().axes[name]) for name in ("consent", "consent_for")}
    return _newest(pl.concat(kept)) if kept else pl.DataFrame(schema={**schema, **axes})


def _newest(statements: pl.DataFrame) -> pl.DataFrame:
    by_age = statements.sort("number", "rank", maintain_order=True)
    return by_age.unique("number", keep="last", maintain_order=True)
