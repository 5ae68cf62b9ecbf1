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

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from functools import cache, partial
from pathlib import Path
from typing import Any, Self

import msgspec
import polars as pl

from dnc.clock import ALWAYS, NEVER
from dnc.errors import InputError
from dnc.files.input_file import input_sha256
from dnc.files.open_table import open_table
from dnc.files.table import LINE, MARKED, RAGGED, Table, folded, quoted, uncut
from dnc.frames import Frame, each_distinct, numbered, repeated
from dnc.law.rulebook import Rulebook
from dnc.law.vocabulary import OR_NONE, vocabulary
from dnc.lists.brief import Brief, Names
from dnc.lists.calls import Calls
from dnc.lists.cell_facts import text_of
from dnc.lists.header import DECLARABLE, READ
from dnc.lists.intake import Intake
from dnc.lists.local_time import WHEN, given_later, latest_instant
from dnc.lists.persons import LINKS
from dnc.lists.roles import IGNORED, Survey
from dnc.lists.words import may_refer
from dnc.messages import localized
from dnc.numbers.normalise import EMPTY
from dnc.store.record_kinds import GIVEN

CONSENT_FACTS = (*DECLARABLE, "consent_withdrawn_on", "consent_odd")
_ALSO = {"consent_on": "day", "consent_for": "for", "consent_until": "until", "hours_agreed": "hours"}
_ALSO |= {"consent_withdrawn_on": "withdrawn"}
# Our columns that are facts here; what else a file says of a consent, such as its sector, has to be read by a person.
_TAKEN = frozenset(("number", "region", "place", "call", "person", *DECLARABLE, *OR_NONE))
_TOLD = (*CONSENT_FACTS, "proven")  # what is taken from one statement as a whole
_KEPT = ("number", *_TOLD, "rank", "consent_at", "proof_key")
_INSTANT = pl.Datetime("us")
NO_INSTANTS = [pl.lit(None, _INSTANT).alias(name) for name in ("consent_at", "withdrawn_at")]
_COUNTS = ("rows", "unread", "wordless", "odd", "unproven")
_TEXTS = {"proof": ("proof", "proofreference"), "wording": ("wording",)}
_NEWEST = 2**36  # later than any day: against the call, without a day
_OLDEST = -(2**36)  # earlier than any day: for the call, without a day
_DAY = 24 * 60  # minutes
_SPREAD = 4096  # minutes, more than the three days of UTC that may be one day somewhere
REFERENCE = r"[\p{L}1-9].*[1-9]|[1-9].*\p{L}"  # in a text that names a document, whatever its words say
_PLAIN_DAY = r"^\d{4}-\d\d-\d\d$"  # a cell that is no instant
_NO_END = 2**22  # days; later than any last day of a consent


class Consents(msgspec.Struct, frozen=True):
    """The newest statement about each number.

    Attributes:
        statements: number (UInt64, sorted, unique), the columns about consent as in `dnc.law.demands.FACTS`, and
            `rank` (Int64), by which statements about one number are ordered.
        counts: `rows` of the file; `unread`, whose number cannot be read, or may be mistyped; `wordless`, that state
            neither a consent nor a withdrawal; `odd`, in which something was not understood; and `unproven`, consents
            without a reference to their proof.
        texts: the columns whose texts the brief reads, as it names them.
        links: which numbers are of one person (see `dnc.lists.persons`).
    """

    path: Path
    sha256: str
    statements: pl.DataFrame
    counts: Mapping[str, int]
    texts: frozenset[str]
    links: pl.DataFrame

    @property
    def record(self) -> dict[str, Any]:
        """What the log keeps: the file and counts, no numbers."""
        return {"file": self.path.name, "sha256": self.sha256, "numbers": self.statements.height, **self.counts}

    def brief_of_list(self, brief: Brief, table: Table) -> Brief:
        """The brief as it is about a list: without the texts of columns that only this file has."""
        here = set(map(folded, table.columns))
        texts = {name: meant for name, meant in brief.texts.items() if name not in self.texts or folded(name) in here}
        return replace(brief, texts=texts)

    def withdrawn(self, numbers: pl.Series) -> pl.DataFrame:
        """The withdrawals that are the newest statement about some numbers: `number`, `consent_withdrawn_on`."""
        is_one = (pl.col("consent_withdrawn_on") != NEVER) & pl.col("number").is_in(numbers.implode())
        return self.statements.filter(is_one).select("number", "consent_withdrawn_on")

    def completed(self, calls: Calls, used: pl.DataFrame | None = None) -> Calls:
        """The same calls, each with the newest statement about its number.

        used: `number` and `proof_key` of proofs that prove no consent of the file.
        """
        facts = calls.facts(*_TOLD, *WHEN)
        declared = ranked(facts.with_columns(NO_INSTANTS))
        known = self.statements
        at = known["number"].search_sorted(calls.number.fill_null(0)).clip(0, max(known.height - 1, 0))
        found = known[at] if known.height else known.clear(calls.number.len())
        if used is not None and used.height:
            is_used = found.select(pl.struct("number", "proof_key").is_in(used.to_struct().implode()))
            found = found.with_columns(pl.col("proven") & ~is_used.to_series())
        is_same = pl.lit(found["number"] == calls.number).fill_null(value=False)
        names = (*_TOLD, "rank", "consent_at")
        found = found.select(pl.col(name).cast(declared.schema[name]).alias(f"_{name}") for name in names)
        found = found.with_columns(given_later(found["_consent_on"], found["_consent_at"], facts))
        wins = is_same & (pl.col("_rank") > pl.col("rank")).fill_null(value=True)
        newest = declared.hstack(found).select(
            pl.when(wins).then(limited(name)).otherwise(name).alias(name) for name in _TOLD
        )
        plan, plans = numbered(newest.with_columns(calls.plan.alias("plan")))
        return calls._replace(plan=plan, plans=calls.plans[plans["plan"]].with_columns(plans.select(_TOLD)))


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
    table = open_table(Path(path))
    rows = ConsentRows.of(table, beside_list(brief, table), book, now)
    statements = _newest_of(stated.drop_nulls(["number", "rank"]).select(_KEPT) for stated in rows.batches())
    texts, links = frozenset(rows.intake.brief.texts), pl.concat([pl.DataFrame(schema=LINKS), *rows.links]).unique()
    return Consents(Path(path), input_sha256(Path(path)), statements, rows.counts, texts, links)


class ConsentRows(msgspec.Struct, frozen=True):
    """The rows of a table of consents, opened.

    Attributes:
        intake: of its columns about numbers and consents.
        survey: of the columns without a role.
        texts: our name → name of the column, for those that are kept as they stand.
        counts: as in `Consents`; complete once all batches were read.
        misread: our column and a word in it that was not understood, with the number of rows; complete then, too.
        links: which numbers are of one person (see `dnc.lists.persons`).
    """

    intake: Intake
    survey: Survey
    texts: Mapping[str, str]
    counts: dict[str, int]
    misread: Counter[tuple[str, str]] = msgspec.field(default_factory=Counter)
    links: list[pl.DataFrame] = []

    @classmethod
    def of(
        cls, table: Table, brief: Brief, book: Rulebook, now: date | None, texts: Mapping[str, str] | None = None
    ) -> Self:
        """The rows of a table; arguments and errors as for `read_consents`.

        texts: our names and theirs of columns that are kept as they stand; by default that of the proof.
        """
        if table.others:  # a withdrawal in one of them would be lost, whatever it is called
            raise InputError(localized("errors", "consent_sheets", names=quoted(table.others)), table.path)
        columns = {**_short_names(brief, table), **brief.columns}
        found = {*map(folded, columns), *set(map(folded, table.columns)).difference(map(folded, brief.ignore))}
        if "number" not in found or not found & {"consent", folded("consent_withdrawn_on")}:
            message = localized("errors", "consent_columns", names=quoted(table.header))
            raise InputError(message, table.path, table.skipped + 1)
        of_consents = replace(of_own_records(brief), columns=columns)
        named = {ours: [name for name in table.columns if folded(name) in names] for ours, names in _TEXTS.items()}
        kept = {ours: names[0] for ours, names in named.items() if names} | dict(texts or {})
        intake = Intake(table, of_consents, book, now=now, kept=kept_by(of_consents, kept.values()), takes=_TAKEN)
        return cls(intake, Survey(intake.header), kept, dict.fromkeys(_COUNTS, 0))

    def batches(self) -> Iterator[pl.DataFrame]:
        """Batches of rows: columns of `CONSENT_FACTS`, `rank`, `row` (of the file, from 1), `LINE`, `texts`, the
        instants `consent_at` and `withdrawn_at`, and `unread_texts`, the columns with a text without a meaning. Errors
        as for `read_consents`, those of columns after the last.
        """
        intake, counts, path = self.intake, self.counts, self.intake.table.path
        for batch in intake.fitted(uncut(intake.table.batches, path)):
            self.survey.add(batch)
            self.links.append(intake.links(batch))
            calls = _certain(intake.calls(batch.with_columns(pl.lit(None, pl.String).alias(RAGGED))))
            rows = calls.each(batch)
            refuse_objections(calls, rows, path, but="consent_withdrawn_on")
            stated = calls.facts(*CONSENT_FACTS)
            unread = self._unread_texts(calls)
            stated = stated.with_columns(_not_understood(rows[RAGGED].is_not_null(), unread != "")).with_columns(unread)
            carried = [text_of(calls.carried[theirs]).alias(ours) for ours, theirs in self.texts.items()]
            stated = ranked(stated.with_columns(self._instants(calls)).with_columns(carried))
            place = pl.int_range(1, 1 + batch.height, dtype=pl.Int64, eager=True) + counts["rows"]
            stated = stated.with_columns(calls.each(place).alias("row"), rows[LINE])
            _refuse_lost(stated, calls, rows, path)
            given = stated["consent"].is_in(GIVEN).fill_null(False)
            absent = [pl.lit(None, pl.String).alias(name) for name in _TEXTS if name not in stated.columns]
            stated = stated.with_columns(absent)
            stated = stated.with_columns(is_proven(stated), proof_key=proof_key())
            counts["rows"] += batch.height
            counts["unread"] += calls.number.null_count()
            counts["wordless"] += stated["rank"].null_count()
            counts["odd"] += int(stated["consent_odd"].sum())
            counts["unproven"] += int((given & ~refers(stated["proof"])).sum())
            for what, column, word, rows_of_word in () if calls.cells is None else calls.cells.iter_rows():
                if what == "misread":
                    self.misread[column, word] += rows_of_word
            # As small integers: a file may have millions of rows.
            yield stated.cast({name: pl.Enum(vocabulary().axes[name]) for name in ("consent", "consent_for")})
        _ = self.survey.read_columns()

    def _unread_texts(self, calls: Calls) -> pl.Series:
        """The columns with a text without a meaning, except those about the consent: these are judged there."""
        header = self.intake.header
        others = {theirs for ours, theirs in header.columns.items() if ours not in CONSENT_FACTS}
        facts = [header.names[name].replace(";", ",") for name in header.used if name not in {*header.texts, *others}]
        texts = pl.col("texts").str.split(";").list.set_difference(["", *facts])
        return calls.plans.select(texts.list.join(", ").alias("unread_texts")).to_series()[calls.plan]

    def _instants(self, calls: Calls) -> list[pl.Series]:
        """When a consent was given and withdrawn, in UTC, where the cell is an instant and not only a day.

        An hour without an offset is on the clock of the person, and of a consent the latest that it may be.
        """
        header, found, clocks = self.intake.header, list[pl.Series](), calls.facts("clocks")["clocks"]
        read = partial(latest_instant, dates=self.intake.brief.dates, now=self.intake.now)
        for ours, name in (("consent_on", "consent_at"), ("consent_withdrawn_on", "withdrawn_at")):
            if theirs := header.columns.get(ours):
                text = text_of(calls.carried[theirs])
                cells = calls.carried.select(pl.when(~text.str.contains(_PLAIN_DAY)).then(text).alias(name))
                cells = cells.with_columns(zones=clocks if ours == "consent_on" else None)
                found.append(each_distinct(cells, lambda *cell: (read(*cell),), {name: _INSTANT})[name])
            else:
                found.append(repeated(None, _INSTANT, calls.number.len()).alias(name))
        return found


def of_own_records(brief: Brief) -> Brief:
    """A brief for a file of own records: a column without a role stops it, and nothing is declared for its rows."""
    new_columns = brief.new_columns if brief.new_columns == IGNORED else None
    around = brief.around if brief.around == READ else None
    return replace(brief, facts={}, when_filled={}, when_empty={}, new_columns=new_columns, around=around)


def kept_by(brief: Brief, names: Iterable[str]) -> frozenset[str]:
    """Those of some columns that the brief does not name for one of ours."""
    named = {folded(name) for ours in brief.columns for name in brief.named(ours)}
    return frozenset(name for name in names if folded(name) not in named)


def refuse_objections(calls: Calls, rows: pl.DataFrame, path: Path, *, but: str = "") -> None:
    """Raise InputError at a row that tells an objection, a refusal or a withdrawal, which would be lost here.

    but: the one of these columns that is read. rows: of the file, one for each call.
    """
    against = calls.facts(*OR_NONE).select(pl.any_horizontal(pl.col(OR_NONE).exclude(but) != NEVER)).to_series()
    against |= rows[RAGGED].is_in(MARKED).fill_null(False)
    if against.any():
        raise InputError(localized("errors", "record_objects"), path, rows[LINE][against.arg_max() or 0])


def _certain(calls: Calls) -> Calls:
    """The same rows, without the numbers that may be mistyped."""
    doubt = calls.facts("doubt")["doubt"]
    return calls._replace(number=pl.select(pl.when(doubt.is_null()).then(calls.number).alias("number")).to_series())


def _not_understood(ragged: pl.Series, unread: pl.Series) -> list[pl.Expr]:
    """The columns about consent, of rows (Boolean) that do not fit, or have a text without a meaning, not understood.

    A withdrawal with such a text stays one.
    """
    rows = ragged | unread
    not_given = [pl.when(~rows).then(name).alias(name) for name in DECLARABLE]
    withdrawn = pl.when(ragged).then(pl.lit(NEVER)).otherwise("consent_withdrawn_on").alias("consent_withdrawn_on")
    return [*not_given, withdrawn, pl.col("consent_odd") | rows]


def _refuse_lost(stated: pl.DataFrame, calls: Calls, rows: pl.DataFrame, path: Path) -> None:
    """Raise InputError if a row that is against calls, or not understood, has a number that cannot be read.

    A row that says that no consent was given and whose number is empty is about nobody, and is allowed.
    """
    unread = calls.facts("unread")["unread"]
    about_nobody = unread == EMPTY
    firm = (stated["consent_withdrawn_on"] != NEVER) | stated["consent_odd"]
    lost = calls.number.is_null() & stated.select(is_against()).to_series() & (firm | ~about_nobody)
    if lost.any():
        first = lost.arg_max() or 0
        why = "consent_no_region" if unread[first] == "region" else "consent_lost"
        raise InputError(localized("errors", why), path, rows[LINE][first])


@cache
def is_against(prefix: str = "") -> pl.Expr:
    """Whether a statement, in columns whose names begin with a prefix, is against the call, or may be."""
    given_none = (pl.col(f"{prefix}consent") == "none").fill_null(False)
    return (pl.col(f"{prefix}consent_withdrawn_on") != NEVER) | given_none | pl.col(f"{prefix}consent_odd")


def beside_list(brief: Brief, table: Table) -> Brief:
    """The brief of a list as it is about a table of consents: without the columns that only the list has."""
    here = set(map(folded, table.columns))
    named = {ours: [name for name in brief.named(ours) if folded(name) in here] for ours in brief.columns}
    texts = {name: meant for name, meant in brief.texts.items() if folded(name) in here}
    return replace(brief, columns={ours: names for ours, names in named.items() if names}, texts=texts)


def _short_names(brief: Brief, table: Table) -> dict[str, Names]:
    """Our names → the short ones that the file has in their place."""
    ignored = set(map(folded, brief.ignore))
    there = {folded(name): name for name in table.columns if folded(name) not in ignored}
    return {ours: there[also] for ours, also in _ALSO.items() if also in there and folded(ours) not in there}


def ranked(statements: Frame) -> Frame:
    """Statements with `rank`: the newer one ranks higher; null if the row states nothing.

    It packs what decides, in this order: the minute, whether the statement is against the call, how soon the consent
    ends, and whether it is for some hours only. Where only a day is known, a statement against the call counts as made
    at its end, and one for it at its beginning.
    """
    withdrawn, against = pl.col("consent_withdrawn_on") != NEVER, is_against()
    withdrawn_on = pl.when(withdrawn & (pl.col("consent_withdrawn_on") != ALWAYS)).then("consent_withdrawn_on")
    undated = (withdrawn & withdrawn_on.is_null()) | (pl.col("consent_odd") & pl.col("consent_on").is_null())
    given, ended = _minute("consent_at", "consent_on", against), _minute("withdrawn_at", withdrawn_on, against)
    minute = pl.when(~undated).then(pl.max_horizontal(given, ended))
    rank = pl.coalesce(minute * 2 + against.cast(pl.Int64), pl.when(against).then(_NEWEST).otherwise(_OLDEST))
    end = pl.col("consent_until").to_physical().cast(pl.Int64).clip(0).fill_null(_NO_END)
    rank = (rank * (_NO_END + 1) + _NO_END - end) * 2 + pl.col("hours_agreed").is_not_null()
    is_known = against | pl.col("consent").is_not_null()
    return statements.with_columns(pl.when(is_known).then(rank).alias("rank"))


def _minute(instant: str, day: str | pl.Expr, against: pl.Expr) -> pl.Expr:
    """The minute of an instant; of a day the first, or the last if it is of a statement against.

    The day is that of the person. Minutes of one day are compared in UTC, in which it may begin and end elsewhere, so
    days are spread apart.
    """
    day = (pl.col(day) if isinstance(day, str) else day).to_physical().cast(pl.Int64)
    minute = pl.col(instant).dt.epoch("s") // 60 - day * _DAY + _DAY
    of_day = pl.coalesce(minute.clip(1, _SPREAD - 2), pl.when(against).then(_SPREAD - 1).otherwise(0))
    return day * _SPREAD + of_day


def _newest_of(batches: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """The newest statement about each number, sorted by number; of equal ones the later row."""
    kept: list[pl.DataFrame] = []
    waiting = 0
    for batch in batches:
        kept.append(batch)
        waiting += batch.height
        # Merged once as many rows wait as are kept, so that memory holds about twice what is kept.
        if waiting > kept[0].height:
            kept, waiting = [newest(pl.concat(kept))], 0
    days = dict.fromkeys(("consent_on", "consent_until", "consent_withdrawn_on"), pl.Date)
    schema: dict[str, Any] = {
        "number": pl.UInt64,
        "rank": pl.Int64,
        **days,
        "consent_at": _INSTANT,
        "proof_key": pl.UInt64,
    }
    schema |= {"hours_agreed": pl.String, **dict.fromkeys(("consent_odd", "proven"), pl.Boolean)}
    axes = {name: pl.Enum(vocabulary().axes[name]) for name in ("consent", "consent_for")}
    return newest(pl.concat(kept)) if kept else pl.DataFrame(schema={**schema, **axes})


@cache
def limited(name: str) -> pl.Expr:
    """A fact of a recorded statement (`_` in front) that counts for a call of which no other is told.

    What the list tells of the end and of the hours of a consent counts beside it; with other hours it is not known.
    """
    recorded, is_alone = pl.col(f"_{name}"), pl.col("rank").is_null()
    differ = is_alone & (pl.col("hours_agreed") != pl.col("_hours_agreed")).fill_null(value=False)
    if name == "consent_until":
        return pl.when(is_alone).then(pl.min_horizontal(name, recorded)).otherwise(recorded)
    if name == "hours_agreed":
        return pl.when(is_alone).then(pl.coalesce(name, recorded)).otherwise(recorded)
    if name == "consent":
        return pl.when(~differ).then(recorded)
    return recorded | differ if name == "consent_odd" else recorded


def is_proven(statements: pl.DataFrame) -> pl.Series:
    """Whether statements have a `proof` and a `wording`: `proven`."""
    return (refers(statements["proof"]) & refers(statements["wording"])).alias("proven")


def proof_key() -> pl.Expr:
    """A number by which equal proofs are known (UInt64), however they are written."""
    return pl.col("proof").str.strip_chars().str.to_lowercase().hash()


def refers(cells: pl.Series) -> pl.Series:
    """Whether cells name a document: a text with a digit and another sign does, of other texts the words say."""
    found = cells.str.contains(REFERENCE).fill_null(False)
    others = cells.set(found, None)
    if others.null_count() == others.len():
        return found
    may = each_distinct(others.to_frame(), lambda text: (bool(text) and may_refer(text),), {cells.name: pl.Boolean})
    return found | may[cells.name]


@cache
def moment(prefix: str = "") -> pl.Expr:
    """When ranked statements were made, to compare them: of one minute, that of one against the call is later."""
    return pl.col(f"{prefix}rank") // (2 * (_NO_END + 1))


def newest(statements: Frame) -> Frame:
    """Of ranked statements the newest about each number, sorted by number; of equal ones the last."""
    by_age = statements.sort("number", "rank", maintain_order=True)
    return by_age.filter(pl.col("number").ne_missing(pl.col("number").shift(-1)))
