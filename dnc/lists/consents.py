"""Files of consents, read row by row: each states that a person gave consent, gave none, or withdrew it.

A row with a day or a word that is not understood is kept as such; so is one with too many or too few cells, if its
number can be read. What such statements amount to beside all others is decided in `dnc.lists.reducers`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Self

import msgspec
import polars as pl

from dnc.clock import NEVER
from dnc.errors import InputError
from dnc.files.input_file import input_sha256
from dnc.files.open_table import open_table
from dnc.files.table import LINE, MARKED, RAGGED, Table, folded, quoted, uncut
from dnc.frames import each_distinct, repeated
from dnc.law.rulebook import Rulebook
from dnc.law.vocabulary import OR_NONE, vocabulary
from dnc.lists.brief import Brief, Names
from dnc.lists.calls import Calls
from dnc.lists.cell_facts import text_of
from dnc.lists.header import DECLARABLE, READ
from dnc.lists.intake import Intake
from dnc.lists.local_time import certain_instant
from dnc.lists.own_statements import refers
from dnc.lists.persons import LINKS
from dnc.lists.roles import Survey
from dnc.lists.statements import is_told
from dnc.messages import localized
from dnc.numbers.normalise import EMPTY
from dnc.store.record_kinds import CONSENTS, GIVEN, Kind
from dnc.store.records import empty

CONSENT_FACTS = (*DECLARABLE, "consent_withdrawn_on", "consent_odd")
_ALSO = {"consent_on": "day", "consent_for": "for", "consent_until": "until", "hours_agreed": "hours"}
_ALSO |= {"consent_withdrawn_on": "withdrawn"}
# Our columns that are facts here; what else a file says of a consent, such as its sector, has to be read by a person.
_TAKEN = frozenset(("number", "region", "place", "call", "person", *DECLARABLE, *OR_NONE))
_INSTANT = pl.Datetime("us")
_COUNTS = ("rows", "unread", "wordless", "odd", "unproven")
_PLAIN_DAY = r"^\d{4}-\d\d-\d\d$"  # a cell that is no instant


class Consents(msgspec.Struct, frozen=True):
    """A file of consents, which counts as own records of one check.

    Attributes:
        rows: what it states, with the columns of the kind `consents`.
        counts: `rows` of the file; `unread`, whose number cannot be read, or may be mistyped; `wordless`, that state
            neither a consent nor a withdrawal; `odd`, in which something was not understood; and `unproven`, consents
            without a reference to their proof.
        texts: the columns whose texts the brief reads, as it names them.
        links: which numbers are of one person (see `dnc.lists.persons`).
    """

    path: Path
    sha256: str
    rows: pl.DataFrame
    counts: Mapping[str, int]
    texts: frozenset[str]
    links: pl.DataFrame

    @property
    def record(self) -> dict[str, Any]:
        """What the log keeps: the file and counts, no numbers."""
        return {"file": self.path.name, "sha256": self.sha256, "numbers": self.rows["number"].n_unique(), **self.counts}

    def brief_of_list(self, brief: Brief, table: Table) -> Brief:
        """The brief as it is about a list: without the texts of columns that only this file has."""
        here = set(map(folded, table.columns))
        texts = {name: meant for name, meant in brief.texts.items() if name not in self.texts or folded(name) in here}
        return replace(brief, texts=texts)


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
    columns = [pl.col(name).cast(kind) for name, kind in empty(CONSENTS).drop("seq", "recorded_at").schema.items()]
    parts = [stated.filter("states").drop_nulls("number") for stated in rows.batches()]
    stated = pl.concat(
        [empty(CONSENTS), *(with_columns_of(CONSENTS, part).select(columns) for part in parts)], how="diagonal"
    )
    texts, links = frozenset(rows.intake.brief.texts), pl.concat([pl.DataFrame(schema=LINKS), *rows.links]).unique()
    return Consents(Path(path), input_sha256(Path(path)), stated, rows.counts, texts, links)


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
        by_name = {folded(name): name for name in reversed(table.columns)}
        kept = {
            ours: by_name[folded(ours)] for ours in CONSENTS.texts if ours != "person" and folded(ours) in by_name
        } | dict(texts or {})
        intake = Intake(table, of_consents, book, now=now, kept=kept_by(of_consents, kept.values()), takes=_TAKEN)
        return cls(intake, Survey(intake.header), kept, dict.fromkeys(_COUNTS, 0))

    def batches(self) -> Iterator[pl.DataFrame]:
        """Batches of rows: columns of `CONSENT_FACTS`, `states` (whether a row states anything), `row` (of the file,
        from 1), `LINE`, `texts`, the instants `consent_at` and `withdrawn_at`, and `unread_texts`, columns with a text
        without a meaning. Errors as for `read_consents`, those of columns after the last.
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
            stated = stated.with_columns(self._instants(calls)).with_columns(*carried, states=_states())
            place = pl.int_range(1, 1 + batch.height, dtype=pl.Int64, eager=True) + counts["rows"]
            stated = stated.with_columns(calls.each(place).alias("row"), rows[LINE])
            _refuse_lost(stated, calls, rows, path)
            given = stated["consent"].is_in(GIVEN).fill_null(False)
            proof = stated["proof"] if "proof" in stated.columns else repeated(None, pl.String, stated.height)
            counts["rows"] += batch.height
            counts["unread"] += calls.number.null_count()
            counts["wordless"] += int((~stated["states"]).sum())
            counts["odd"] += int(stated["consent_odd"].sum())
            counts["unproven"] += int((given & ~refers(proof)).sum())
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

        An hour without an offset is on the clock of the person.
        """
        header, found, clocks = self.intake.header, list[pl.Series](), calls.facts("clocks")["clocks"]
        read = partial(certain_instant, dates=self.intake.brief.dates, now=self.intake.now)
        for ours, name in (("consent_on", "consent_at"), ("consent_withdrawn_on", "withdrawn_at")):
            if theirs := header.columns.get(ours):
                text = text_of(calls.carried[theirs])
                cells = calls.carried.select(pl.when(~text.str.contains(_PLAIN_DAY)).then(text).alias(name))
                cells = cells.with_columns(zones=clocks)
                found.append(each_distinct(cells, lambda *cell: (read(*cell),), {name: _INSTANT})[name])
            else:
                found.append(repeated(None, _INSTANT, calls.number.len()).alias(name))
        return found


def of_own_records(brief: Brief) -> Brief:
    """A brief for a file of own records: a column without a role stops it, and nothing is declared for its rows."""
    around = brief.around if brief.around == READ else None
    return replace(brief, facts={}, when_filled={}, when_empty={}, new_columns=None, around=around)


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


def is_against() -> pl.Expr:
    """Whether a row of consents is against the call, or may be."""
    return is_told("consent_withdrawn_on") | (pl.col("consent") == "none").fill_null(False) | pl.col("consent_odd")


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


def _states() -> pl.Expr:
    """Whether a row states anything."""
    limits = pl.any_horizontal(pl.col("consent_until", "hours_agreed").is_not_null())
    return is_against() | pl.col("consent").is_not_null() | limits


def with_columns_of(kind: Kind, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with the columns of a kind that they lack, null."""
    absent = [name for name in empty(kind).columns if name not in rows.columns]
    return rows.with_columns(pl.lit(None, empty(kind).schema[name]).alias(name) for name in absent)
