"""What own records say of planned calls: their facts are completed from the consents, calls and customers of a store.

Where a list and the records differ, the one that forbids the call counts:

* A withdrawal in the records counts, whatever the list says and whatever was loaded since, unless a consent of a later
  moment comes with its own proof and wording. Of other statements the newest counts, as in `dnc.lists.consents`. A
  call in the past is judged by what had been stated then.
* Of two consents, one told and one recorded, counts what both say: the weaker kind, the calls that both are for, the
  earlier day, the earlier end. Where the hours that were agreed differ, it is not known.
* Attempts are counted in the records. They are known only if files that have every call of their days cover the thirty
  days before the call, and never fewer than the list says.
* Who is not among the customers of the newest day has no relationship. What was recorded of one since then counts in
  the place of what the file says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import date, timedelta
from functools import cache, cached_property
from typing import NamedTuple, Self

import duckdb
import msgspec
import polars as pl

from dnc.clock import NEVER, today
from dnc.database import instance_of, run
from dnc.files.table import folded
from dnc.frames import numbered, repeated, taken
from dnc.lists.calls import Calls
from dnc.lists.cell_facts import last_refusal
from dnc.lists.consents import (
    CONSENT_FACTS,
    NO_INSTANTS,
    is_against,
    is_proven,
    limited,
    moment,
    newest,
    proof_key,
    ranked,
)
from dnc.lists.local_time import WHEN, given_later
from dnc.lists.own_list import OwnList
from dnc.store.record_kinds import CALLS, CONSENTS, CUSTOMERS, GIVEN, NO_ATTEMPT
from dnc.store.records import RecordFile, Records
from dnc.store.snapshots import Standing

ATTEMPTS_DAYS = 30
_REFUSED = "lasting = 1 and result = 'refused'"
# For each call the attempts and the last refusal before it. The legs of a call have one id, begin in one hour and count
# once; an id may also be that of the person, and `n/a` and `0` are none. Days are counted whole, as a call and its plan
# may be told on clocks of different zones.
_COUNTED = """
    with read as (
        select * from ({rows}) where "at" >= $since
        union all  -- and no `or`, for which all parts of files would be read
        select * from ({rows}) where "at" < $since and {refused}
    ), made as (
        select number, "at", "at"::date as "on", {refused} as refused, result <> '{no_attempt}' as is_attempt,
               case when regexp_matches(call_id, '[1-9]') then call_id end as id,
               hash(id, case when id is null then seq else hour("at") end) as leg
        from read
    ), once as (
        select number, "on", max("at") filter (is_attempt) as "at", bool_or(refused) as refused
        from made group by number, "on", leg
    )
    select key, (count("at") filter ("on" >= day - {days}))::integer as _attempts,
           (count("at") filter (case when timed and at_first is not null then "at" >= at_first - interval 24 hours
                                     else "on" >= day - 1 end))::integer as _attempts_day,
           max("on") filter (refused) as _refused_on
    from calls join once on calls.number = once.number and "on" <= day group by key
"""
_COUNTS = {"_attempts": pl.Int32, "_attempts_day": pl.Int32, "_refused_on": pl.Date}
_OF_WORDING = "_of_wording"
_STRENGTH = {"partners": 0, "named_caller": 1, "written": 2}  # of a consent, the weaker first
FACTS_OF = {  # what each kind tells of a call, by its name
    CONSENTS.name: CONSENT_FACTS,
    CALLS.name: ("attempts", "attempts_day", "refused_on"),
    CUSTOMERS.name: ("relationship", "relationship_on", "related"),
}
_TOLD = (*CONSENT_FACTS, "proven", "lacks", "wording")
_FACTS = (*_TOLD, *FACTS_OF[CALLS.name], *FACTS_OF[CUSTOMERS.name])
_OF_STATEMENT = (*_TOLD, "rank", "consent_at", "confirmed_via")
_NAMED = {"consent_sectors": "sectors", "passed_to": "recipients"}  # lists of a statement: that of its wording
STATEMENT = ("seq", "number", *CONSENTS.columns, "wording", "proof", "confirmed_via", *_NAMED)  # what is read of one
_READ = (*_FACTS, *WHEN, "sector", "jurisdiction")


class OwnFacts(msgspec.Struct, dict=True):
    """The own records of a store at one moment, asked about calls; a context.

    Attributes:
        require_proof: whether a consent needs a wording that the store keeps.
        confirmed_by: jurisdiction → the ways of confirmation that prove a number there, where its law names some.
        revived: consents that were recorded after a withdrawal and do not count, since they lack proof or wording.
    """

    standing: Standing
    require_proof: bool = False
    confirmed_by: Mapping[str, Sequence[str]] = {}
    revived: int = 0
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
        """Whether there are any records."""
        return any(self._records(kind) for kind in FACTS_OF)

    def _records(self, kind: str) -> Records | None:
        """The records of a kind; None where there are none."""
        records = self.standing.records.get(kind)
        return records if records and records.any else None

    def objections(self, numbers: pl.Series) -> pl.DataFrame:
        """Those of some numbers that are on the own list today: `number`, and since when (`on`, Date)."""
        return OwnList(self._con, self.standing.objections).entries(today(), numbers).select("number", on="since")

    def against(self, numbers: pl.Series) -> Iterator[pl.DataFrame]:
        """The withdrawals that no later consent has replaced, and the refusals, of some numbers.

        Frames with `number`, and `consent_withdrawn_on` or `refused_on` (Date).
        """
        if records := self._records(CONSENTS.name):
            found = records.find(self._con, columns=STATEMENT, numbers=numbers)
            ended = in_force(read_last(found, records)).frame.filter(is_against())["number"]
            is_one = (pl.col("consent_withdrawn_on") != NEVER) & pl.col("number").is_in(ended.implode())
            yield found.filter(is_one).select("number", "consent_withdrawn_on")
        if records := self._records(CALLS.name):
            refused = records.find(self._con, _REFUSED, None, ("number", "at"), numbers)
            yield refused.select("number", refused_on=pl.col("at").dt.date())

    def used_proofs(self, calls: Calls) -> pl.DataFrame:
        """The proofs that people had given who withdrew: `number` and `proof_key`."""
        if not (records := self._records(CONSENTS.name)):
            return pl.DataFrame(schema={"number": pl.UInt64, "proof_key": pl.UInt64})
        columns = ("number", "proof", "consent_withdrawn_on")
        found = records.find(self._con, columns=columns, numbers=_numbers(calls))
        ended = found.filter(pl.col("consent_withdrawn_on") != NEVER)["number"]
        theirs = found.filter(pl.col("number").is_in(ended.implode())).drop_nulls("proof")
        return theirs.select("number", proof_key=proof_key())

    def completed(self, calls: Calls) -> Calls:
        """The same calls, with what the records say of their numbers, and the consents that count for them."""
        kinds = {CONSENTS.name: self._consents, CALLS.name: self._calls, CUSTOMERS.name: self._customers}
        asked = {name: add for name, add in kinds.items() if self._records(name)}
        if not asked or not calls.number.len():
            return calls
        if self.standing.has_consents:
            calls = calls._replace(statement=repeated(None, pl.Int64, calls.number.len()))
        for name, add in asked.items():
            calls = add(calls, self.standing.records[name])
        return calls

    # Consents

    def _consents(self, calls: Calls, records: Records) -> Calls:
        found = records.find(self._con, columns=STATEMENT, numbers=_numbers(calls))
        if not found.height:
            return calls
        numbers = calls.number.alias("number").to_frame()
        numbers, found, ends = _known_then(numbers.with_columns(calls.facts("day")), read_last(found, records))
        known = worded(in_force(found), self.standing.wordings, self.require_proof)
        self.revived += known.revived
        rows = numbers.join(known.rows, "number", how="left", maintain_order="left")
        row, said = rows["said"], known.said.select(pl.col(_OF_STATEMENT).name.prefix("_"), _end=pl.lit(None, pl.Date))
        if ends.height:
            row, pairs = numbered(rows.join(ends, "number", how="left", maintain_order="left").select("said", "end"))
            said = said[pairs["said"]].with_columns(pairs["end"].alias("_end"))
        joined = _Joined.of(calls, row, said)
        given = given_later(joined.facts["_consent_on"], joined.facts["_consent_at"], joined.facts)
        proven = [pl.col("_proven") & self._is_confirmed] if known.said["confirmed_via"].count() else []
        joined = joined._replace(facts=joined.facts.with_columns(given).with_columns(proven))
        both = pl.col("rank").is_not_null() & pl.col("_rank").is_not_null() & ~is_against() & ~is_against("_")
        told = ranked(joined.facts.lazy().with_columns(NO_INSTANTS))
        completed = told.with_columns(_counts=_told_counts(), _both=both).with_columns(_completed())
        ended = pl.when(pl.col("consent").is_in(GIVEN)).then(pl.min_horizontal("consent_until", "_end"))
        completed = completed.with_columns(ended.otherwise("consent_until").alias("consent_until"))
        # One query: each step of its own takes longer than what it does to a call. The engine for more rows than memory
        # holds takes three times as long.
        facts = completed.select(*_FACTS, "_rests").collect(engine="in-memory")
        statement = pl.when(pl.lit(facts["_rests"][joined.pair])).then(pl.lit(rows["seq"])).alias("statement")
        return joined.completed(facts)._replace(statement=pl.select(statement).to_series())

    @property
    def _is_confirmed(self) -> pl.Expr:
        """Whether the number of a recorded consent was confirmed in no way, or in one that proves it under the law."""
        way = pl.col("_confirmed_via").str.strip_chars().str.to_lowercase()
        others = ((pl.col("jurisdiction") == name) & ~way.is_in(list(ways)) for name, ways in self.confirmed_by.items())
        return ~pl.any_horizontal(pl.lit(False), *others).fill_null(False)

    # Calls made

    def _calls(self, calls: Calls, records: Records) -> Calls:
        asked = calls.facts("day", "at_first", "timed").with_row_index("key")
        first = asked["day"].min()
        if not isinstance(first, date):
            return calls
        since = first - timedelta(days=ATTEMPTS_DAYS)
        joined = _Joined.of(calls, *numbered(_counted(self._con, records, asked, since)))
        covered = _covered(records.files)
        complete = {day: covered(day) for day in joined.facts["day"].unique() if day}
        is_complete = pl.col("day").replace_strict(complete, default=False, return_dtype=pl.Boolean)
        told_on = pl.when(pl.col("refused_on") != NEVER).then("refused_on")
        return joined.completed(
            joined.facts.with_columns(
                *(
                    pl.when(pl.col(name).is_not_null())
                    .then(pl.max_horizontal(name, f"_{name}"))
                    .when(is_complete)
                    .then(f"_{name}")
                    .alias(name)
                    for name in ("attempts", "attempts_day")
                ),
                pl.coalesce(last_refusal(told_on, pl.col("_refused_on")), "refused_on").alias("refused_on"),
            )
        )

    # Customers

    def _customers(self, calls: Calls, records: Records) -> Calls:
        days, numbers = [day for day in calls.plans["day"].unique() if day], _numbers(calls)
        newest = {day: file for day in days if (file := customers_on(records.files, day))}
        singly = records.singly.find(self._con, numbers=numbers)
        if not newest and not singly.height:
            return calls
        parts = [singly.with_columns(file=pl.lit(None, pl.Int32))]
        for file in {file.id: file for file in newest.values()}.values():
            of_file = Records(records.kind, records.folder, (file,), records.recorded.clear())
            parts.append(
                of_file.find(self._con, numbers=numbers).sort("seq").with_columns(file=pl.lit(file.id, pl.Int32))
            )
        files = pl.DataFrame(
            [(day, file.id, file.as_of, file.loaded_at) for day, file in newest.items()],
            schema={"day": pl.Date, "file": pl.Int32, "as_of": pl.Date, "loaded_at": pl.Datetime("us")},
            orient="row",
        )
        asked = calls.facts("day", "sector").with_row_index("key")
        asked = asked.join(files, on="day", how="left", maintain_order="left")
        later = asked.join(singly, on="number").filter(pl.col("recorded_at").dt.date() <= pl.col("day"))
        later = later.filter(recorded_later(pl.col("as_of"), pl.col("loaded_at")))
        later = later.sort("seq").unique("key", keep="last")
        of_files = asked.join(later, on="key", how="anti").join(pl.concat(parts), on=["number", "file"], how="left")
        known = _relationship(pl.concat([of_files, later], how="diagonal"))
        known = asked.select("key", "file").join(known, on="key", how="left", maintain_order="left")
        none = pl.when(pl.col("file").is_not_null()).then(pl.lit("none"))
        known = known.with_columns(pl.coalesce("relationship", none).alias("relationship")).drop("key", "file")
        joined = _Joined.of(calls, *numbered(known.rename(lambda name: f"_{name}")))
        return joined.completed(joined.facts.with_columns(_related()))


class _Joined(NamedTuple):
    """Calls beside what was found for them.

    pair: for each call the row of `facts` (UInt32). plan: of each row of `facts` (UInt32).
    facts: what calls say, and in columns that begin with `_` what was found, each distinct pair once.
    """

    calls: Calls
    pair: pl.Series
    plan: pl.Series
    facts: pl.DataFrame

    @classmethod
    def of(cls, calls: Calls, row: pl.Series, found: pl.DataFrame) -> Self:
        """found: rows with columns that begin with `_`. row: for each call one of them; null where none."""
        pair, pairs = numbered(pl.DataFrame([calls.plan.alias("plan"), row.alias("row")]))
        facts = calls.plans.select(_READ)[pairs["plan"]].hstack(found.select(pl.all().gather(pairs["row"])))
        return cls(calls, pair, pairs["plan"], facts)

    def completed(self, facts: pl.DataFrame) -> Calls:
        """The calls with other `facts`."""
        plan, plans = numbered(facts.select(_FACTS).with_columns(self.plan))
        completed = self.calls.plans[plans["plan"]].with_columns(plans.drop("plan"))
        return self.calls._replace(plan=plan[self.pair], plans=completed)


def recorded_later(as_of: pl.Expr, loaded_at: pl.Expr) -> pl.Expr:
    """Whether a customer was recorded after a file of customers was made, or on its day after it was loaded."""
    day = pl.col("recorded_at").dt.date()
    return ((day > as_of) | ((day == as_of) & (pl.col("recorded_at") >= loaded_at))).fill_null(True)


def _numbers(calls: Calls) -> pl.Series:
    return calls.number.drop_nulls().unique()


class Statements(NamedTuple):
    """Statements about consent, at most one of each number.

    rows: `number`, `seq`, and `said`, a row of the other frame (UInt32). said: what they say, which many share.
    revived: how many consents of these numbers do not count as they follow a withdrawal and lack a proof or a wording.
    """

    rows: pl.DataFrame
    said: pl.DataFrame
    revived: int

    @property
    def frame(self) -> pl.DataFrame:
        """All columns, a row a number."""
        return self.rows.drop("said").hstack(self.said[self.rows["said"]])


def _known_then(asked: pl.DataFrame, found: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """What had been stated on the day of each call; what is against calls counts from the day before its own.

    Args:
        asked: `number` and `day` of calls. found: statements of any day.
    Returns:
        The `number` of each call, or where statements are of a later day one that stands for its number and day; the
        statements with these numbers; and of some the `end`, the last day before the next statement counts.
    """
    withdrawn_on, given_on = pl.col("consent_withdrawn_on"), pl.col("consent_on")
    last = found.select(pl.max_horizontal(given_on.max(), withdrawn_on.replace(NEVER, None).max())).item()
    first = asked["day"].min()
    if first is None or last is None or first >= last:
        return asked, found, pl.DataFrame(schema={"number": pl.UInt64, "end": pl.Date})
    key, pairs = numbered(asked)
    key = key.cast(pl.UInt64).alias("number")
    found = pairs.with_columns(key=pl.int_range(pl.len(), dtype=pl.UInt64)).join(found, on="number")
    found = found.drop("number").rename({"key": "number"})
    is_later = ((withdrawn_on != NEVER) & (withdrawn_on.dt.offset_by("-1d") > pl.col("day"))).fill_null(False)
    found = found.with_columns(
        pl.when(is_later).then(pl.lit(NEVER)).otherwise(withdrawn_on).alias("consent_withdrawn_on"),
        pl.when(~is_later).then("withdrawn_at").alias("withdrawn_at"),
        end=pl.when(is_later).then(withdrawn_on.dt.offset_by("-2d")),
    )
    before = pl.when(is_against()).then(given_on.dt.offset_by("-2d")).otherwise(given_on.dt.offset_by("-1d"))
    is_later = ((before >= pl.col("day")) & (withdrawn_on == NEVER)).fill_null(False)
    found = found.with_columns(pl.min_horizontal("end", pl.when(is_later).then(before)), is_later=is_later)
    ends = found.group_by("number").agg(pl.col("end").min())
    return key.to_frame(), found.filter(~pl.col("is_later")), ends


def read_last(found: pl.DataFrame, records: Records) -> pl.DataFrame:
    """Rows of consents without those that were not understood and were read otherwise when their file was loaded again.

    found: all rows of `records` with some numbers.
    """
    for first, last, further in records.read_again:
        is_odd = pl.col("consent_odd") & (pl.col("consent_withdrawn_on") == NEVER)
        odd = found.filter(is_odd & pl.col("seq").is_between(first, last))
        again = odd.join(found.select("number", pl.col("seq") - further), on=["number", "seq"], how="semi")
        found = found.filter(~pl.col("seq").is_in(again["seq"].implode()))
    return found


def in_force(found: pl.DataFrame) -> Statements:
    """The statement of each number that counts, out of rows of consents, with `rank` and `proven`.

    After a withdrawal only a consent of a later moment with its own proof and wording counts; a proof of a statement up
    to then proves no later one.

    found: all rows with some numbers (see `read_last`); at least the columns of `STATEMENT`.
    """
    # How a statement ranks is found once for all that say the same.
    row, said = numbered(found.select(*CONSENTS.columns, "wording", "confirmed_via", *_NAMED, is_proven(found)))
    withdrawn = pl.when(pl.col("consent_withdrawn_on") != NEVER).then(moment())
    said = ranked(said.lazy()).with_columns(made=moment(), against=is_against(), ended=withdrawn).collect()
    ranks = taken(said.select("rank", "proven", "made", "against", "ended"), row)
    rows = found.select("number", "seq", "proof", row.alias("said")).hstack(ranks).lazy().drop_nulls("rank")
    rows = rows.sort("number", "rank", "seq").with_columns(pl.col("ended").max().over("number"))
    later = pl.col("made") > pl.col("ended")
    is_own = ~(~later & pl.col("proof").is_not_null()).any().over("number", proof_key())
    ended = rows.filter(pl.col("ended").is_not_null())
    ended = ended.with_columns(renewed=pl.col("against") | (later & pl.col("proven") & is_own))
    ended = ended.with_columns(revived=(later & ~pl.col("renewed")).sum()).filter("renewed")
    counting = newest(pl.concat([rows.filter(pl.col("ended").is_null()), ended], how="diagonal"))
    known = counting.select("number", "seq", "said", "revived").collect(engine="in-memory")
    return Statements(known.drop("revived"), said, int(known["revived"].max() or 0))  # type: ignore[arg-type]


def worded(known: Statements, wordings: pl.DataFrame, must_be_kept: bool = False) -> Statements:
    """Statements with what their wordings say where they say nothing, and `lacks`: whether they contradict it.

    must_be_kept: whether a wording that the store does not keep is no wording.
    """
    said = _named_as_kept(known.said, wordings["wording"])
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
    lacks = given & pl.any_horizontal(one.fill_null(False) for one in contradicts)
    filled = {"consent_for": calls, "consent_until": term, "hours_agreed": pl.col(f"hours_agreed{_OF_WORDING}")}
    said = said.with_columns(
        *(pl.when(given).then(pl.coalesce(name, fill)).otherwise(name).alias(name) for name, fill in filled.items()),
        lacks=pl.when(lacks).then(pl.lit("wording")).otherwise(pl.lit("")),
    )
    return known._replace(said=said)


def _named_as_kept(said: pl.DataFrame, kept: pl.Series) -> pl.DataFrame:
    """Statements with the names of their wordings as the store has them; names are compared as those of columns are."""
    names, known = {folded(name): name for name in kept}, set(kept)
    others = said["wording"].unique().drop_nulls()
    meant = {name: names.get(folded(name), name) for name in others if name not in known}
    return said.with_columns(pl.col("wording").replace(meant))


def _names_more(ours: str, theirs: str) -> pl.Expr:
    """Whether a list, with semicolons between its names, has one that another list lacks; null if there is no other."""
    name = pl.element().str.strip_chars()
    named, known = (pl.col(column).str.to_lowercase().str.split(";").list.eval(name) for column in (ours, theirs))
    return named.list.set_difference(known).list.set_difference([""]).list.len() > 0


@cache
def _told_counts() -> pl.Expr:
    """Whether what the list tells counts, and not the records.

    A told consent counts after a recorded withdrawal only as a recorded one would; what is told against the call counts
    unless a later consent with its own proof and wording is recorded.
    """
    none_recorded, none_told = pl.col("_rank").is_null(), pl.col("rank").is_null()
    told_later = moment() > moment("_")
    is_withdrawn = pl.col("consent_withdrawn_on") != NEVER
    told_against = is_against() & ~(is_withdrawn & ~told_later & pl.col("_proven") & ~is_against("_"))
    told_renews = ~is_against() & is_against("_") & told_later & pl.col("proven")
    return none_recorded | (~none_told & (told_against | told_renews)).fill_null(False)


@cache
def _completed() -> list[pl.Expr]:
    """The facts of a call, of what is told, or what is recorded, and whether it `_rests` on what is recorded."""
    both, counts, met = pl.col("_both"), pl.col("_counts"), _met()
    values = {
        name: pl.when(both).then(met.get(name, name)).when(counts).then(name).otherwise(limited(name)) for name in _TOLD
    }
    values["_rests"] = pl.col("_rank").is_not_null() & (both | ~counts)
    return [value.alias(name) for name, value in values.items()]


def _met() -> dict[str, pl.Expr]:
    """What two consents both say, by fact; for no call that both are for there is none."""
    rank, other_rank = (pl.col(name).replace_strict(_STRENGTH, default=0) for name in ("consent", "_consent"))
    calls, others = pl.col("consent_for"), pl.col("_consent_for")
    hours, other_hours = pl.col("hours_agreed"), pl.col("_hours_agreed")
    differ = (calls != others) & (calls != "both") & (others != "both")
    known = pl.when(rank <= other_rank).then("consent").otherwise("_consent")
    return {
        "consent": pl.when(differ).then(pl.lit("none")).when((hours == other_hours).fill_null(True)).then(known),
        "consent_on": pl.min_horizontal("consent_on", "_consent_on"),
        "consent_for": pl.when(calls.is_null() | (calls == "both")).then(others).otherwise(calls),
        "consent_until": pl.min_horizontal("consent_until", "_consent_until"),
        "hours_agreed": pl.coalesce(hours, other_hours),
        "consent_odd": (hours != other_hours).fill_null(False),
        "proven": pl.col("_proven"),
        "lacks": pl.col("_lacks"),
        "wording": pl.col("_wording"),
    }


def _counted(con: duckdb.DuckDBPyConnection, records: Records, calls: pl.DataFrame, since: date) -> pl.DataFrame:
    """For each call (columns key, number, day, at_first, timed) what was recorded up to its day.

    The columns `_attempts` and `_attempts_day` are the attempts, `_refused_on` the last day on which the person refused
    a call. since: the first day on which attempts count for any of the calls.
    """
    rows = records.about(calls["number"].drop_nulls().unique(), _COUNTED)
    sql = _COUNTED.format(rows=rows.sql, days=ATTEMPTS_DAYS, no_attempt=NO_ATTEMPT, refused=_REFUSED)
    params = {**rows.params, "since": since}
    found = run(con, CALLS.name, sql, params, {"key": pl.UInt32, **_COUNTS}, calls=calls, **rows.frames)
    found = calls.select("key").join(found, on="key", how="left", maintain_order="left")
    return found.select(pl.col("_attempts", "_attempts_day").fill_null(0), "_refused_on")


def _covered(files: tuple[RecordFile, ...]) -> Callable[[date], bool]:
    """A function that says whether every call of the thirty days before a day is known."""
    spans = [(file.from_day, file.to_day) for file in files if file.from_day and file.to_day]

    def covers(day: date) -> bool:
        need = day - timedelta(days=ATTEMPTS_DAYS)
        for first, last in sorted(spans):
            if first <= need:
                need = max(need, last + timedelta(days=1))
        return need >= day

    return covers


def customers_on(files: tuple[RecordFile, ...], day: date) -> RecordFile | None:
    """The newest file of customers on a day."""
    until = [(file.as_of, file.id, file) for file in files if file.as_of and file.as_of <= day]
    return max(until)[-1] if until else None


def _relationship(rows: pl.DataFrame) -> pl.DataFrame:
    """What the rows of customers say of each call (`key`): of several, one without a relationship, else a running
    contract, else the newest.

    A contract that has ended by the day of the call is a former one.
    """
    ended = (pl.col("relationship") == "contract") & (pl.col("until") < pl.col("day"))
    rows = rows.with_columns(
        pl.when(ended).then(pl.lit("former_contract")).otherwise("relationship").alias("relationship"),
        pl.when(ended).then("until").otherwise("relationship_on").alias("relationship_on"),
    )
    named = pl.col("related_sectors").str.replace_all(r"\s", "").str.replace_all(r"[,|/]", ";").str.split(";")
    related = pl.when(pl.col("sector").is_not_null() & pl.col("related_sectors").is_not_null()).then(
        named.list.contains(pl.col("sector"))
    )
    rows = rows.with_columns(related=pl.when(related).then(pl.lit("yes")).when(~related).then(pl.lit("no")))
    first = [(pl.col("relationship") == word).fill_null(False) for word in ("none", "contract")]
    first.append(pl.col("relationship_on").fill_null(date.min))
    by_strength = rows.sort("key", *first, maintain_order=True)
    return by_strength.group_by("key", maintain_order=True).last().select("key", *FACTS_OF[CUSTOMERS.name])


def _related() -> list[pl.Expr]:
    """Told and recorded relationships as one: where they differ there is none, or it is not known."""
    told, known = pl.col("relationship"), pl.col("_relationship")
    both = pl.when(told == known).then(told).when((told == "none") | (known == "none")).then(pl.lit("none"))
    related, also = pl.col("related"), pl.col("_related")
    no = (related == "no").fill_null(False) | (also == "no").fill_null(False)
    return [
        pl.when(told.is_null()).then(known).when(known.is_null()).then(told).otherwise(both).alias("relationship"),
        pl.min_horizontal("relationship_on", "_relationship_on").alias("relationship_on"),
        pl.when(no).then(pl.lit("no")).otherwise(pl.coalesce(related, also)).alias("related"),
    ]
