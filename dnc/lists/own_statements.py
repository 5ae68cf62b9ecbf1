"""What own records and a file of consents say of some persons, as statements."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import date, timedelta
from functools import cached_property
from typing import Any, Self

import duckdb
import msgspec
import polars as pl

from dnc.clock import today
from dnc.database import instance_of, run
from dnc.files.table import folded
from dnc.frames import numbered, repeated
from dnc.lists.attempts import ATTEMPTS_DAYS
from dnc.lists.own_list import OwnList
from dnc.lists.persons import LINKS, Persons, links_of
from dnc.lists.statements import (
    CONSENT,
    ELSEWHERE,
    LIFT,
    LIMIT,
    NONE_SAID,
    OBJECTION,
    REFUSAL,
    RELATIONSHIP,
    UNREAD,
    WITHDRAWAL,
    WRONG_NUMBER,
    day_of,
    is_told,
    minute_of,
    no_statements,
    statements,
    with_own_proofs,
)
from dnc.lists.words import may_refer, proposals
from dnc.store.record_kinds import CALLS, CONSENTS, CUSTOMERS, GIVEN, NO_ATTEMPT
from dnc.store.records import Records, empty
from dnc.store.snapshots import Standing

REFERENCE = r"[\p{L}1-9].*[1-9]|[1-9].*\p{L}"  # in a text that names a document, whatever its words say
_STRENGTH = {"partners": 0, "named_caller": 1, "written": 2}  # of a consent, the weaker first
_NAMED = {"consent_sectors": "sectors", "passed_to": "recipients"}  # lists of a consent: that of its wording
_SCOPES = ("channel", "act", "collected_by")
_OF_CONSENT = ("wording", "proof", "confirmed_via", *_SCOPES, *_NAMED)
STATEMENT = ("seq", "number", *CONSENTS.columns, *_OF_CONSENT)  # what is read of a row of consents
_OF_WORDING = "_of_wording"
_LASTING = "lasting = 1 and result in ('refused', 'wrong_number', 'objected')"
# The calls made. The legs of a call have one id, begin in one hour and count once; an id may also be that of the
# person, and `n/a` and `0` are none.
_MADE = """
    with read as (
        select number, "at", case when regexp_matches(call_id, '[1-9]') then call_id end as id, seq
        from ({rows}) where "at" >= $since and result <> '{no_attempt}'
    )
    select number, max("at") as "at" from read
    group by number, "at"::date, hash(id, case when id is null then seq else hour("at") end)
"""


MADE: dict[str, Any] = {"number": pl.UInt64, "at": pl.Datetime("us")}


class OwnStatements(msgspec.Struct, dict=True):
    """The own records of a store at one moment, and those of a file of consents; a context.

    Attributes:
        standing: what the store holds. told: rows of consents that only this check has, with the columns of the kind.
        require_proof: whether a consent needs a wording that the store keeps.
    """

    standing: Standing
    told: pl.DataFrame | None = None
    require_proof: bool = False
    _stack: ExitStack = msgspec.field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @cached_property
    def _con(self) -> duckdb.DuckDBPyConnection:
        return self._stack.enter_context(instance_of(self.standing.folder.absolute()).cursor())

    @property
    def any(self) -> bool:
        """Whether the store has any."""
        return any(records.any for records in self.standing.records.values())

    def records(self, kind: str) -> Records | None:
        """The records of a kind; None where there are none."""
        records = self.standing.records.get(kind)
        return records if records and records.any else None

    @cached_property
    def people(self) -> Persons:
        """Who is one person by the ids of persons in consents and customers."""
        parts = [pl.DataFrame(schema=LINKS)]
        for kind in (CONSENTS.name, CUSTOMERS.name):
            if records := self.records(kind):
                rows = records.find(self._con, "person is not null", None, ("number", "person"))
                parts.append(links_of(pl.int_range(rows.height, eager=True), rows["number"], rows["person"]))
        return Persons(pl.concat(parts).unique())

    def about(self, people: pl.DataFrame) -> pl.DataFrame:
        """What is said of some persons.

        people: `number`, distinct, and `person`, equal for the numbers of one. Returns statements with `number`, and
        `seq`: their row in the store, null where they are of a file.
        """
        found = [no_statements(seq=pl.Int64, number=pl.UInt64)]
        rows = self.consents(people["number"])
        if rows.height:
            rows = rows.join(people, on="number", maintain_order="left")
            found.append(self._placed(stated(rows, self.standing.wordings, self.require_proof)))
        objected = no_statements(number=pl.UInt64)
        if records := self.records(CALLS.name):
            told = records.find(self._con, _LASTING, None, ("seq", "number", "at", "result"), people["number"])
            words = {"refused": REFUSAL, "wrong_number": WRONG_NUMBER, "objected": OBJECTION}
            kind = pl.col("result").replace_strict(words, return_dtype=pl.String)
            same = {"on": pl.col("at").dt.date(), "kept": pl.lit(True), "place": pl.lit("call")}
            told = statements(told, "seq", "number", kind=kind, **same)
            objected = told.filter(pl.col("kind") == OBJECTION)
            found.append(told.filter(pl.col("kind") != OBJECTION))
        if self.standing.objections.any:
            found.append(self._objections(people["number"], objected.select("number", "on")))
        if records := self.records(CUSTOMERS.name):
            found.append(self._customers(records, people["number"]))
        return pl.concat(found)

    def _placed(self, said: pl.DataFrame) -> pl.DataFrame:
        """What rows of consents say, with the places of withdrawals."""
        at = (said["kind"] == WITHDRAWAL).arg_true()
        if not at.len():
            return said
        rows, records = said.select("seq")[at], self.records(CONSENTS.name)
        name = records.names_of(rows["seq"].fill_null(0)) if records else repeated(None, pl.String, at.len())
        place = pl.coalesce(pl.concat_str(pl.lit("file\0"), pl.lit(name)), pl.lit("record"))
        told = pl.when(pl.col("seq").is_null()).then(pl.lit("told")).otherwise(place)
        return said.with_columns(said["place"].scatter(at, rows.select(told).to_series()))

    def _objections(self, numbers: pl.Series, in_calls: pl.DataFrame) -> pl.DataFrame:
        """Those that no later lift of the same number has ended; for other numbers all; and the lifts.

        in_calls: `number` and `on` of those that were made in a call.
        """
        own = OwnList(self._con, self.standing.objections)
        rows = own.rows(numbers)
        if rows.is_empty():
            return no_statements(seq=pl.Int64, number=pl.UInt64)
        is_lift, kept = pl.col("lifted").fill_null(False), pl.lit(True)
        standing = own.entries(today(), numbers, rows).with_columns(
            on=day_of("since"), is_odd=pl.col("state") != "listed"
        )
        others = rows.filter(~is_lift).with_columns(
            undated=pl.col("on_day").is_null(), is_odd=pl.col("lifted").is_null()
        )
        others = others.with_columns(on=pl.coalesce("on_day", "as_of"))
        names = ("seq", "number", "on", "until", "undated", "is_odd")
        said = pl.concat([
            standing.with_columns(until=pl.lit(None, pl.Date)).select(*names, kind=pl.lit(OBJECTION)),
            others.select(*names, kind=pl.lit(ELSEWHERE)),
        ])  # fmt: skip
        said = said.join(in_calls.unique().with_columns(in_call=True), on=["number", "on"], how="left")
        word = (
            pl.when("is_odd").then(pl.lit("odd"))
            .when("undated").then(pl.lit("listed")).otherwise(pl.lit("file"))
        )  # fmt: skip
        single = pl.when(pl.col("in_call")).then(pl.lit("call")).otherwise(pl.lit("record"))
        name = pl.lit(self.standing.objections.names_of(said["seq"]))
        place = pl.coalesce(pl.concat_str(word, name, separator="\0"), single)
        return pl.concat([
            statements(said, "seq", "number", kind="kind", on="on", until="until", kept=kept, place=place),
            statements(rows.filter(is_lift), "seq", "number", kind=pl.lit(LIFT), on="on_day", kept=kept),
        ])  # fmt: skip

    def consents(self, numbers: pl.Series) -> pl.DataFrame:
        """The rows of consents about some numbers, with the columns `STATEMENT`; those of the file have no `seq`."""
        parts = [empty(CONSENTS).select(STATEMENT)]
        if records := self.records(CONSENTS.name):
            parts.append(read_last(records.find(self._con, columns=STATEMENT, numbers=numbers), records))
        if self.told is not None:
            parts.append(self.told.filter(pl.col("number").is_in(numbers.implode())).select(STATEMENT))
        return pl.concat(parts)

    # Calls made

    def calls_made(self, numbers: pl.Series, since: date) -> pl.DataFrame:
        """The attempts to call some numbers since a day: `number`, and `at`, on the clock of the called person."""
        if not (records := self.records(CALLS.name)):
            return pl.DataFrame(schema=MADE)
        rows = records.about(numbers, _MADE)
        sql = _MADE.format(rows=rows.sql, no_attempt=NO_ATTEMPT)
        return run(self._con, CALLS.name, sql, {**rows.params, "since": since}, MADE, **rows.frames)

    def every_call(self, day: date) -> bool:
        """Whether every call of the thirty days before a day is known."""
        files = self.standing.records[CALLS.name].files if self.records(CALLS.name) else ()
        need = day - timedelta(days=ATTEMPTS_DAYS)
        for first, last in sorted((one.from_day, one.to_day) for one in files if one.from_day and one.to_day):
            if first <= need:
                need = max(need, last + timedelta(days=1))
        return need >= day

    # Customers

    def customers(self, days: pl.Series) -> pl.DataFrame:
        """The file of customers in force on some days: `day`, `customers` (its id), `customers_on` (when it was made),
        `customers_loaded_at` and `customers_stale`.
        """
        records = self.records(CUSTOMERS.name)
        rows = []
        for day in days.unique().drop_nulls() if records else ():
            if records and (file := records.whole_on(day)):
                rows.append((day, file.id, file.made, file.loaded_at, day > records.told_until(file)))
        schema: dict[str, Any] = {"day": pl.Date, "customers": pl.Int32, "customers_on": pl.Date}
        schema |= {"customers_loaded_at": pl.Datetime("us"), "customers_stale": pl.Boolean}
        return pl.DataFrame(rows, schema=schema, orient="row")

    def _customers(self, records: Records, numbers: pl.Series) -> pl.DataFrame:
        parts = [no_statements(seq=pl.Int64, number=pl.UInt64)]
        same: dict[str, Any] = {"kind": pl.lit(RELATIONSHIP), "relationship": "relationship", "until": "until"}
        same |= {"relationship_on": "relationship_on", "sectors": "related_sectors", "kept": pl.lit(True)}
        for file in records.files:
            if file.name is not None:
                of_file = Records(records.kind, records.folder, (file,), records.recorded.clear())
                rows = of_file.find(self._con, numbers=numbers)
                parts.append(statements(rows, "seq", "number", file=pl.lit(file.id), **same))
        singly = records.singly.find(self._con, numbers=numbers)
        singly = singly.with_columns(on=pl.col("recorded_at").dt.date())
        minute = minute_of("recorded_at", "on")
        return pl.concat([*parts, statements(singly, "seq", "number", on="on", minute=minute, **same)])


FACTS_OF = {  # what each kind tells of a call, by its name
    CONSENTS.name: ("consent", "consent_on", "consent_for", "consent_until", "hours_agreed", "consent_withdrawn_on"),
    CALLS.name: ("attempts", "attempts_day", "refused_on"),
    CUSTOMERS.name: ("relationship", "relationship_on", "related"),
}


def read_last(found: pl.DataFrame, records: Records) -> pl.DataFrame:
    """Rows of consents without those that were not understood and were read otherwise when their file was loaded again.

    found: all rows of `records` with some numbers.
    """
    for first, last, further in records.read_again:
        is_odd = pl.col("consent_odd") & ~is_told("consent_withdrawn_on")
        odd = found.filter(is_odd & pl.col("seq").is_between(first, last))
        again = odd.join(found.select("number", pl.col("seq") - further), on=["number", "seq"], how="semi")
        found = found.filter(~pl.col("seq").is_in(again["seq"].implode()))
    return found


def stated(rows: pl.DataFrame, wordings: pl.DataFrame, require_proof: bool = False) -> pl.DataFrame:
    """Rows of consents as statements with `number`, and `seq`, which names them in verdicts.

    Args:
        rows: columns `STATEMENT`, and `person`, equal for the numbers of one.
        wordings: what those say that the store keeps. require_proof: as in `OwnStatements`.
    """
    # What rows say besides their number, day and proof is found once for all that say the same.
    names = [name for name in STATEMENT if name not in ("seq", "number", "consent_at", "withdrawn_at", "proof")]
    row, different = numbered(rows.select(names))
    rows = rows.select("seq", "number", "person", "consent_at", "withdrawn_at", "proof").hstack(
        _worded(different, wordings, require_proof)[row]
    )
    proof = pl.lit(rows["proof"].set(~refers(rows["proof"]), None))
    rows = rows.with_columns(
        proof=proof, withdrawn=is_told("consent_withdrawn_on"), minute=minute_of("consent_at", "consent_on"),
        kept=pl.col("seq").is_not_null(), day=day_of("consent_withdrawn_on"),
    )  # fmt: skip
    limits = pl.any_horizontal(pl.col("consent_until", "hours_agreed").is_not_null())
    kind = (
        pl.when((pl.col("consent") == "none") | pl.col("no_act")).then(pl.lit(NONE_SAID))
        .when(pl.col("consent_odd")).then(pl.lit(UNREAD))
        .when(pl.col("consent").is_not_null()).then(pl.lit(CONSENT))
        .when(limits & ~pl.col("withdrawn")).then(pl.lit(LIMIT))
    )  # fmt: skip
    keys = ("seq", "number", "person", "proof", "has_wording", "withdrawn")
    same = {"consent_for": "consent_for", "until": "consent_until", "hours": "hours_agreed", "on": "consent_on"}
    same |= {name: name for name in ("consent", "minute", "confirmed_via", "wording", "lacks", "kept")}
    given = statements(
        rows.with_columns(kind=kind).drop_nulls("kind"), *keys, kind="kind", sectors="consent_sectors", **same
    )
    minute = minute_of("withdrawn_at", "day")
    ended = rows.filter("withdrawn")
    return with_own_proofs(
        given.vstack(statements(ended, *keys, kind=pl.lit(WITHDRAWAL), on="day", minute=minute, kept="kept"))
    )


def _worded(said: pl.DataFrame, wordings: pl.DataFrame, must_be_kept: bool) -> pl.DataFrame:
    """What rows of consents say, with what their wordings say where they say nothing; `has_wording`, `no_act`, and
    `lacks`: why the consent is not known.

    must_be_kept: whether a wording that the store does not keep is no wording.
    """
    said = said.with_columns(refers(said["wording"]).alias("has_wording"), *_scopes(said))
    said = _named_as_kept(said, wordings["wording"])
    said = said.join(wordings, on="wording", how="left", suffix=_OF_WORDING, maintain_order="left")
    given, is_kept = pl.col("consent").is_in(GIVEN), pl.col("wording").is_in(wordings["wording"].implode())
    term = pl.col("consent_on").dt.offset_by(pl.format("{}mo", pl.col("term_months").fill_null(0)))
    term = pl.when(pl.col("term_months").is_not_null()).then(term)
    kind, calls = pl.col(f"consent{_OF_WORDING}"), pl.col(f"consent_for{_OF_WORDING}")
    stronger = pl.col("consent").replace_strict(_STRENGTH, default=0) > kind.replace_strict(_STRENGTH, default=None)
    contradicts = [
        stronger,
        (calls != "both") & (pl.col("consent_for") != calls),
        pl.col("consent_until") > term,
        pl.col("hours_agreed") != pl.col(f"hours_agreed{_OF_WORDING}"),
        pl.col("consent_on") < pl.col("used_from"),
        pl.col("consent_on") > pl.col("used_until"),
        pl.lit(must_be_kept) & pl.col("wording").is_not_null() & ~is_kept,
        *(_names_more(ours, theirs) for ours, theirs in _NAMED.items() if said[ours].count()),
    ]
    contradicts_it = pl.any_horizontal(one.fill_null(False) for one in contradicts)
    filled = {"consent_for": calls, "consent_until": term, "hours_agreed": pl.col(f"hours_agreed{_OF_WORDING}")}
    return said.with_columns(
        *(pl.when(given).then(pl.coalesce(name, fill)).otherwise(name).alias(name) for name, fill in filled.items()),
        lacks=pl.when(given).then(pl.when(contradicts_it).then(pl.lit("wording")).otherwise("lacks")),
    )


def _scopes(rows: pl.DataFrame) -> list[pl.Series]:
    """Whether rows of consents tell of no act of consent (`no_act`), and what of theirs is not known (`lacks`).

    A consent that came by mail, or by a word that is not known, may not be for calls; one that another company
    collected may not be for this caller.
    """
    words, known = proposals()["scope"], dict[str, pl.Series]()
    for name in _SCOPES:
        texts = rows[name].unique().drop_nulls()
        known[name] = rows[name].replace_strict(texts, [folded(text) for text in texts], return_dtype=pl.String)
    no_act = known["act"].is_in(words["no_act"]).fill_null(False)
    lacks = [pl.when(~pl.lit(cells.is_in(words[name]))).then(pl.lit(name)) for name, cells in known.items()]
    return [no_act.alias("no_act"), pl.select(pl.coalesce(lacks).alias("lacks")).to_series()]


def _named_as_kept(said: pl.DataFrame, kept: pl.Series) -> pl.DataFrame:
    """Statements with the names of their wordings as the store has them; names are compared as those of columns are."""
    names, known = {folded(name): name for name in kept}, set(kept)
    others = said["wording"].unique().drop_nulls()
    meant = {name: names.get(folded(name), name) for name in others if name not in known}
    return said.with_columns(pl.col("wording").replace(meant)) if meant else said


def _names_more(ours: str, theirs: str) -> pl.Expr:
    """Whether a list, with semicolons between its names, has one that another list lacks; null if there is no other."""
    name = pl.element().str.strip_chars()
    named, known = (pl.col(column).str.to_lowercase().str.split(";").list.eval(name) for column in (ours, theirs))
    return named.list.set_difference(known).list.set_difference([""]).list.len() > 0


def refers(cells: pl.Series) -> pl.Series:
    """Whether cells name a document: a text with a digit and another sign does, of other texts the words say."""
    found = cells.str.contains(REFERENCE).fill_null(False)
    others = cells.set(found, None)
    if others.null_count() == others.len():
        return found
    different = others.unique().drop_nulls()
    may = different.filter(pl.Series([may_refer(text) for text in different], dtype=pl.Boolean))
    return found | others.is_in(may.implode()).fill_null(False)
