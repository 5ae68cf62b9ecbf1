"""What completes the calls of a list: what its other rows, a file of consents and own records say of their persons."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, timedelta
from functools import cached_property, partial
from itertools import chain, islice
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec
import polars as pl
from msgspec.structs import replace

from dnc.clock import NEVER, present, today
from dnc.errors import UnreadRowsError
from dnc.files.table import MARKED, RAGGED, Table
from dnc.frames import Remembered, each_distinct, keys, numbered, repeated, taken
from dnc.lists.attempts import ATTEMPTS_DAYS, COUNTS, Attempts, spans
from dnc.lists.brief import Brief
from dnc.lists.calls import Calls
from dnc.lists.cell_facts import at_agreed_hour
from dnc.lists.intake import Intake
from dnc.lists.local_time import latest_local
from dnc.lists.other_rows import PLANNED, OtherRows
from dnc.lists.own_statements import MADE, OwnStatements
from dnc.lists.persons import Persons
from dnc.lists.reducers import CALL, CONSENT_FACTS, SOURCE, deciding, reduced
from dnc.lists.roles import Survey
from dnc.lists.statements import (
    ASSUMED,
    CONSENT,
    OF_CONSENTS,
    OF_PERSON,
    SAID,
    earliest,
    in_words,
    no_statements,
)
from dnc.messages import figure, localized, messages, semicolons
from dnc.store.record_kinds import GIVEN

_T = TypeVar("_T", pl.DataFrame, Calls)
_REMEMBERED = 1_000  # facts of calls
_MEMORY = 1 << 28  # bytes of a list that are kept in memory between its two readings
_LONG_AGO = date(1, 1, 1)
_MOST_NUMBERS = 20  # of a person that are looked at one by one
_ATTEMPTS = {"attempts": ("least", "most"), "attempts_day": ("least_day", "most_day")}


class Completion(msgspec.Struct, frozen=True, dict=True):
    """What is known of the persons of a list besides what the row of a call says.

    Attributes:
        brief: of the list.
        own: the store's own records, and a file of consents.
        links: which numbers the file of consents says to be of one person.
        confirmed_by: jurisdiction → the ways of confirmation that prove a number there, where its law names some.
        now: the day that counts as today; None for the clock's.
        accept_unread: whether objections in the list may have a number that cannot be read.
        language: of notes. at_gate: see `dnc.checks.settings.Setup`.
        others: what the rows of the list say; None where no two are of one person, or it was not looked at.
        people: who is one person.
    """

    brief: Brief
    own: OwnStatements
    links: pl.DataFrame
    confirmed_by: Mapping[str, Sequence[str]]
    now: date | None = None
    accept_unread: bool = False
    language: str = "en"
    at_gate: bool = False
    others: OtherRows | None = None
    people: Persons | None = None
    _remembered: Remembered = msgspec.field(default_factory=lambda: Remembered(_REMEMBERED))

    def surveyed(self, intake: Intake, reopen: Callable[[], Table]) -> Intake:
        """An intake that starts again at the first row, once the role of every column is known.

        Looked at are also what stands around the tables of all files. reopen: opens the list a second time, where it is
        too large to be kept in memory. Raises RolesError where a column has no role.
        """
        survey = Survey(intake.header)
        if survey.is_needed or not intake.table.is_last:
            rows = _Batches(intake.table.batches)
            survey.look(iter(rows))
            intake.table.batches = reopen().batches if rows.kept is None else iter(rows.kept)
        found = survey.read_columns()
        return replace(intake, found=found) if found else intake

    def read(self, intake: Intake, table: Table, reopen: Callable[[], Table]) -> tuple[Iterator[Calls], Completion]:
        """Read a list once for what its rows say of each other's persons.

        table: its rows. intake, reopen: as `surveyed` has them. Returns its calls, and what completes them.

        Raises UnreadRowsError: an objection has a number that cannot be read.
        """
        batches = ((batch, intake.calls(batch)) for batch in intake.fitted(table.batches))
        start = list(islice(batches, 2))
        table.batches = iter(())
        if len(start) == 1 and self.are_separate(intake, *start[0]):
            calls = start[0][1]
            if not self._people.of(calls.number).is_duplicated().any():
                return iter([calls]), self
        others = OtherRows()
        kept = _Batches(others.read(intake, chain(start, batches)))
        del start
        for _ in kept:
            pass
        if others.unplaced and not self.accept_unread:
            message = localized("errors", "unplaced", n=figure(others.unplaced))
            error = UnreadRowsError(message, table.path, others.line)
            error.count = others.unplaced
            raise error
        people = Persons(pl.concat([*others.links, self.links]), self.own.people)
        others.settle(people)
        again = iter(kept.kept) if kept.kept is not None else map(intake.calls, intake.fitted(reopen().batches))
        return again, replace(self, others=others, people=people)

    @cached_property
    def _people(self) -> Persons:
        """Who is one person, but for what the list says."""
        return Persons(self.links, self.own.people)

    def are_separate(self, intake: Intake, batch: pl.DataFrame, calls: Calls) -> bool:
        """Whether each row of a batch has one number that can be read, and nothing links rows."""
        is_one = calls.row is None and not calls.number.null_count()
        return is_one and not intake.may_link and not batch[RAGGED].count()

    @property
    def unplaced(self) -> int:
        """How many objections in the list have a number that cannot be read."""
        return self.others.unplaced if self.others else 0

    def completed(self, calls: Calls) -> Calls:
        """Calls with the facts that everything said of their persons amounts to."""
        known = self._known(calls)
        planned = spans(calls.plans) if self.others else spans(calls.plans.clear()).clear(calls.plans.height)
        who = taken(planned, calls.plan).with_columns(calls.number.alias("number"))
        facts, row = self._facts(calls.plans, calls.plan, who, calls.stated, known)
        completed = calls._replace(plans=facts.drop("rests"), plan=row)
        if self.own.standing.has_consents:
            rests = facts["rests"][row]
            completed = completed._replace(statement=known.newest(calls.number, calls.facts("day")["day"], rests))
        if not known.is_empty:

            def told(at: pl.Series) -> pl.DataFrame:
                plan = calls.plan[at]
                return taken(calls.plans, plan).hstack(who[at]).with_columns(plan.alias("\0plan"))

            completed = completed._replace(told=told, completed=partial(self._at_other_moments, calls, known))
        return completed

    def _at_other_moments(self, calls: Calls, known: _Knowledge, told: pl.DataFrame) -> pl.DataFrame:
        """Facts of calls (see `Calls.told`) at other moments than planned, completed by what is known then."""
        at = pl.int_range(told.height, dtype=pl.UInt32, eager=True)
        stated = told.select(at.alias("at"), plan="\0plan").join(calls.stated, on="plan").drop("plan")
        who = told.select("own_start", "own_end", "number")
        facts, row = self._facts(told.drop(*who.columns, "\0plan"), at, who, stated.rename({"at": "plan"}), known)
        return taken(facts, row).hstack(who).with_columns(told["\0plan"])

    def _known(self, calls: Calls) -> _Knowledge:
        """What is said of the persons of some calls, but by the rows of the calls."""
        asked = calls.number.drop_nulls().unique()
        people = self.people or self._people
        person = people.of(asked)
        members = people.members(person.unique()).select("number", "person")
        said = [no_statements(seq=pl.Int64, number=pl.UInt64), self.own.about(members)]
        if self.others:
            said.append(self.others.about(members).select(pl.lit(None, pl.Int64).alias("seq"), "number", *SAID))
        planned = self.others.planned(members) if self.others else pl.DataFrame(schema=PLANNED)
        days = calls.plans["day"].drop_nulls()
        made = pl.DataFrame(schema=MADE)
        if days.len() and isinstance(first := days.min(), date):
            days_back = max(ATTEMPTS_DAYS, 31 * self.brief.consent_months)
            made = self.own.calls_made(members["number"], first - timedelta(days=days_back))
        attempts = Attempts.of(made.join(members, on="number"), planned)
        return _Knowledge.of(pl.DataFrame([asked.alias("asked"), person]), members, pl.concat(said), attempts)

    def _facts(
        self, plans: pl.DataFrame, plan: pl.Series, who: pl.DataFrame, stated: pl.DataFrame, known: _Knowledge
    ) -> tuple[pl.DataFrame, pl.Series]:
        """Distinct facts of calls, completed, and for each call its row of them.

        Args:
            plans: facts. plan: for each call its row there. who: the `number` of each call, and its `spans`.
            stated: what the rows of plans say. known: what else is said.
        """
        # Rows that do not count as they stand are judged by themselves.
        is_certain = plans["unread"].is_null() & ~plans["doubt"].is_in(MARKED).fill_null(False)
        about = known.about(who["number"].set(~is_certain[plan], None))
        key, different = numbered(about.select("of_person", "of_number").with_columns(plan.alias("plan")))
        calls, asked, found = self._asked(plans, different, stated, known)
        facts = self._remembered(asked.height, self._keys(asked, found), partial(self._reduced, asked, found))
        same = [name for name in facts.columns if name in calls.columns]
        completed = self._without_unproven(calls.drop(same, pl.selectors.starts_with(ASSUMED)).hstack(facts))
        when = taken(plans.select("day", "at_first", "at_last", "timed"), plan)
        counts = known.attempts.before(when.hstack(who.drop("number")).with_columns(about["person"]))
        row, rows = numbered(counts.with_columns(key.alias("key")))
        completed = taken(completed, rows["key"]).hstack(rows.drop("key"))
        completed = completed.with_columns(*_counted(completed, self.own.every_call), self._fresh()).drop(COUNTS)
        return completed.with_columns(at_agreed_hour()), row

    def _fresh(self) -> pl.Expr:
        """`consent_fresh`: the last day of the months of the brief, from the day of a consent or of the last call."""
        last = pl.max_horizontal("consent_on", pl.col("used").cast(pl.Int32).cast(pl.Date))
        fresh = last.dt.offset_by(f"{self.brief.consent_months}mo")
        return pl.when(pl.col("consent_on").is_not_null()).then(fresh).alias("consent_fresh")

    def _keys(self, asked: pl.DataFrame, found: pl.DataFrame) -> Iterator[tuple[object, ...]]:
        """For each call all that its facts depend on."""
        day, said = self.now or today(), defaultdict[int, list[tuple[object, ...]]](list)
        for call, *cells in keys(found):
            said[call].append(tuple(cells))
        for call, row in enumerate(keys(asked)):
            yield day, row, tuple(said[call])

    def _reduced(self, asked: pl.DataFrame, found: pl.DataFrame, at: pl.Series) -> pl.DataFrame:
        """The facts of the calls at some positions, with what is noted of them; see `reduced`."""
        if at.len() < asked.height:
            place = repeated(None, pl.UInt32, asked.height).scatter(
                at, pl.int_range(at.len(), dtype=pl.UInt32, eager=True)
            )
            asked, found = taken(asked, at), found.with_columns(place[found["call"]].alias("call")).drop_nulls("call")
        facts = reduced(asked, found, today=self.now or today(), confirmed_by=self.confirmed_by)
        return facts.hstack(self._noted(facts)).drop(pl.selectors.starts_with(SOURCE))

    def deciding(self, calls: Calls) -> pl.DataFrame:
        """What is said of the person of one call and decides about it: statements."""
        known = self._known(calls)
        about = known.about(calls.number).select("of_person", "of_number", plan=pl.lit(calls.plan))
        _, asked, found = self._asked(calls.plans, about, calls.stated, known)
        return deciding(asked, found, today=self.now or today(), confirmed_by=self.confirmed_by)

    def _asked(
        self, plans: pl.DataFrame, about: pl.DataFrame, stated: pl.DataFrame, known: _Knowledge
    ) -> tuple[pl.DataFrame, ...]:
        """The plans of calls, and what `reduced` is told of them: their facts, and what is said; about: a row each."""
        calls = taken(plans, about["plan"])
        days = self.own.customers(calls["day"])
        of_day = calls.select("day").join(days, on="day", how="left", maintain_order="left").drop("day")
        asked = calls.select(*CALL, "texts", "related", *(ASSUMED + name for name in CONSENT_FACTS)).hstack(of_day)
        asked = asked.with_columns(self._begun(asked))
        each = about.with_row_index("call")
        others = (each.join(known.sets, left_on=name, right_on="set") for name in ("of_person", "of_number"))
        parts = (part.select("call", *SAID) for part in (each.join(stated, on="plan"), *others))
        return calls, asked, pl.concat(list(parts)).sort("call")

    def _begun(self, calls: pl.DataFrame) -> pl.Series:
        """`begun`: whether calls are about to be made, at a gate whose clock has reached their minute."""
        if not self.at_gate or self.now:
            return repeated(False, pl.Boolean, calls.height).alias("begun")
        now = repeated(present().astimezone(UTC).replace(tzinfo=None), pl.Datetime("us"), calls.height)
        return (calls["at_first"] <= latest_local(now, calls["clocks"])).alias("begun")

    def _noted(self, facts: pl.DataFrame) -> pl.DataFrame:
        """What decides and is not of the row of the call itself.

        `noted`: as a sentence; `elsewhere`: whether any of it is of another row or number.
        """
        names = [name for name in facts.columns if name.startswith(SOURCE)]
        text = messages("why", self.language)

        def note(*cells: Any) -> tuple[str, bool]:
            found, is_other = list[str](), False
            for source, on in zip(cells[: len(names)], cells[len(names) :], strict=True):
                if source and on != NEVER:
                    kind, other, place = source.split("\0", 2)
                    found.append(in_words(kind, place, on, self.language) + (text["of_number"] if other else ""))
                    is_other |= bool(other) or place.startswith("row\0")
            told = semicolons(found, self.language)
            return text["noted"].format(noted=told) if found else "", is_other

        days = [
            pl.when(pl.col(name).is_not_null()).then(pl.col(ours) if ours != "texts" else None).alias(f"{name}_on")
            for name, ours in ((name, name.removeprefix(SOURCE)) for name in names)
        ]
        return each_distinct(facts.select(*names, *days), note, {"noted": pl.String, "elsewhere": pl.Boolean})

    def _without_unproven(self, facts: pl.DataFrame) -> pl.DataFrame:
        """Facts in which a consent does not count that lacks what the brief requires."""
        if self.brief.require_proof:
            unproven = pl.col("consent").is_in(GIVEN) & ~pl.col("proven") & (pl.col("lacks") == "")
            facts = facts.with_columns(lacks=pl.when(unproven).then(pl.lit("proof")).otherwise("lacks"))
        return facts


class _Knowledge(NamedTuple):
    """What is known of the persons of some calls.

    asked: numbers (sorted), each with its `person`, and `of_number` and `of_person`: rows of `sets`, null where nothing
    is said. sets: statements, with `set`: numbers of which the same is said have one. kept: statements in the store:
    `number`, `kind`, `on`, `seq`, in their order. attempts: calls of the persons, made and planned.
    """

    asked: pl.DataFrame
    sets: pl.DataFrame
    kept: pl.DataFrame
    attempts: Attempts

    @classmethod
    def of(cls, asked: pl.DataFrame, members: pl.DataFrame, said: pl.DataFrame, attempts: Attempts) -> _Knowledge:
        """asked: numbers and their `person`. members: `number` and `person`. said: statements with `number`, and `seq`
        where they are in the store.

        What counts for a person is laid beside each number, which notes can name; of a person with many numbers, as of
        a switchboard, once for all.
        """
        if said.is_empty():
            nothing = repeated(None, pl.UInt32, asked.height)
            asked = asked.hstack([nothing.alias("of_person"), nothing.alias("of_number")]).sort("asked")
            return cls(asked, no_statements(set=pl.UInt32), said.select("number", "kind", "on", "seq"), attempts)
        kept = said.filter(pl.col("seq").is_not_null() & pl.col("kind").is_in(OF_CONSENTS))
        kept = kept.sort(earliest(), "seq").select("number", "kind", "on", "seq")
        of_person = said.drop("here").filter(pl.col("kind").is_in(OF_PERSON)).join(members, on="number")
        is_large = pl.col("person").is_in(_large(members).implode())
        whose = pl.when(is_large).then("person").otherwise("asked").alias("whose")
        each = (
            asked.filter(~is_large).join(of_person, on="person").with_columns(here=pl.col("asked") == pl.col("number"))
        )
        once = of_person.filter(is_large).with_columns(asked="person", here=pl.lit(False))
        once = once.unique(["person", *(name for name in SAID if name != "place")], keep="any")
        alone = said.filter(~pl.col("kind").is_in(OF_PERSON)).with_columns(asked="number", here=pl.lit(True))
        rows = [part.select("asked", *SAID) for part in (each, once, alone)]
        (of_whom, in_all), sets = _as_sets(rows[0].vstack(rows[1]), rows[2])
        asked = asked.with_columns(whose).join(
            of_whom.rename({"set": "of_person"}), left_on="whose", right_on="asked", how="left"
        )
        asked = asked.join(in_all.rename({"set": "of_number"}), on="asked", how="left").sort("asked")
        return cls(asked.select("asked", "person", "of_person", "of_number"), sets, kept, attempts)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is said."""
        return self.sets.is_empty() and self.attempts.persons.is_empty()

    def about(self, number: pl.Series) -> pl.DataFrame:
        """For each number what `asked` has; null where it is unread."""
        names = ("person", "of_person", "of_number")
        if self.asked.is_empty():
            return pl.DataFrame([repeated(None, self.asked.schema[name], number.len()).alias(name) for name in names])
        place = self.asked["asked"].search_sorted(number.fill_null(0)).clip(0, self.asked.height - 1).cast(pl.UInt32)
        place = place.set((self.asked["asked"][place] != number).fill_null(True), None)
        return taken(self.asked.select(names), place)

    def newest(self, number: pl.Series, day: pl.Series, rests: pl.Series) -> pl.Series:
        """For each call the newest statement of the store about its number on its day; `rests`: of that kind."""
        nothing = repeated(None, pl.Int64, number.len())
        at = rests.is_not_null().arg_true()
        if not at.len():
            return nothing
        calls = pl.DataFrame(
            [at.alias("at"), number[at].alias("number"), day[at].alias("day"), rests[at].alias("kind")]
        )
        kept = self.kept.with_columns(pl.col("on").fill_null(_LONG_AGO)).sort("on", maintain_order=True)
        against = pl.when(pl.col("kind") != CONSENT).then(pl.duration(days=1)).otherwise(pl.duration(days=0))
        found = (
            calls.with_columns(pl.col("day") + against)
            .sort("day")
            .join_asof(kept, left_on="day", right_on="on", by=["number", "kind"], check_sortedness=False)
        )
        return nothing.scatter(found["at"], found["seq"])


def _large(members: pl.DataFrame) -> pl.Series:
    """The persons with many numbers."""
    return members.filter(pl.len().over("person") > _MOST_NUMBERS)["person"].unique()


def _as_sets(*parts: pl.DataFrame) -> tuple[list[pl.DataFrame], pl.DataFrame]:
    """Statements about `asked` as sets: for each part `asked` and `set`, and the statements of each `set`."""
    found, sets, first = list[pl.DataFrame](), [no_statements(set=pl.UInt32)], 0
    for part in parts:
        said, different = numbered(part.select(SAID.keys()))
        each = pl.DataFrame([part["asked"], said.alias("said")]).unique().sort("asked", "said")
        of_asked = each.group_by("asked", maintain_order=True).agg("said")
        set_, _ = numbered(of_asked.select(pl.col("said").cast(pl.List(pl.String)).list.join(" ")))
        set_ = (set_ + first).alias("set")
        found.append(pl.DataFrame([of_asked["asked"], set_]))
        members = (
            of_asked.with_columns(set_)[set_.arg_unique()].explode("said") if of_asked.height else of_asked.clear()
        )
        if members.height:
            sets.append(members.select("set").hstack(taken(different, members["said"])))
            first += set_.n_unique()
    return found, pl.concat(sets)


def _counted(counts: pl.DataFrame, every_call: Callable[[date], bool]) -> list[pl.Expr]:
    """The attempts of calls: how many are known, and how many they may be; null where that is not known.

    counts: columns of `COUNTS` beside the facts. What a list declares never lowers what is known.
    """
    complete = {day: every_call(day) for day in counts["day"].unique() if day}
    is_complete = pl.col("day").replace_strict(complete, default=False, return_dtype=pl.Boolean)
    exprs = []
    for name, (least, most) in _ATTEMPTS.items():
        known = pl.col(name).is_not_null() | is_complete
        exprs.append(pl.max_horizontal(name, least).alias(name))
        exprs.append(pl.when(known).then(pl.max_horizontal(name, most)).alias(f"{name}_most"))
    return exprs


class _Batches(Generic[_T]):
    """Batches that are gone through once, and `kept` for a second time if they fit into memory; else None."""

    def __init__(self, batches: Iterable[_T]) -> None:
        self._batches: Iterable[_T] = batches
        self._size = 0.0
        self.kept: list[_T] | None = []

    def __iter__(self) -> Iterator[_T]:
        for batch in self._batches:
            yield batch
            self._size += (batch.carried if isinstance(batch, Calls) else batch).estimated_size()
            if self._size > _MEMORY:
                self.kept = None
            elif self.kept is not None:
                self.kept.append(batch)
