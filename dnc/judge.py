"""Judging: facts and registries' words × regimes → findings → verdicts.

The facts of a batch are brought to their distinct rows, DuckDB evaluates every
regime in force over those not seen before, and what it finds is turned into
text once per distinct finding. Rows keep their order: verdicts are laid beside
them by position.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Any, NamedTuple, Self

import duckdb
import polars as pl

from dnc.calls import Calls
from dnc.demands import FACTS, REGISTRY_FACTS, Part
from dnc.engine import run
from dnc.findings import Inquiry, Truth, ends, finding, inquiry, untold
from dnc.regimes import Pack, Regime
from dnc.rulebook import Rulebook
from dnc.screen import Screen
from dnc.tabular import numbered
from dnc.vocabulary import vocabulary
from dnc.wording import WHY, Policy, Verdict, outcome_of, worded

VERDICT = {
    "dnc_number": pl.String,
    "dnc_jurisdiction": pl.String,
    "dnc_outcome": pl.String,
    "dnc_blocked_by": pl.String,
    "dnc_undecided_by": pl.String,
    "dnc_missing": pl.String,
    "dnc_applies": pl.String,
    "dnc_duties": pl.String,
    "dnc_advice": pl.String,
    "dnc_valid_until": pl.Date,
    "dnc_confidence": pl.String,
    "dnc_why": pl.String,
}
_WORDS = tuple(name for name in VERDICT if name not in ("dnc_number", "dnc_jurisdiction", "dnc_valid_until"))
_JUDGED = {**{name: VERDICT[name] for name in _WORDS}, "dnc_valid_until": pl.Date, "last_day": pl.Date}
_LATER = {"clear": pl.Boolean, "last_day": pl.Date}
_REMEMBERED = 500_000  # distinct cells that conditions were asked about, and …
_KNOWN = 20_000  # … distinct facts that were decided, at most; more are asked about in parts

_Decide = Callable[[Pack, pl.DataFrame], pl.DataFrame]


class Verdicts(NamedTuple):
    """Verdicts on calls.

    own: what differs from number to number, `dnc_number` and `dnc_valid_until`, a row a call.
    case: for each call the row of `cases` and of `facts`. cases: distinct verdicts, the other columns of `VERDICT`.
    facts: what they were made from, the registries' words included. plan: the rows of `Calls.plans` that these
    facts are of.
    """

    own: pl.DataFrame
    case: pl.Series
    cases: pl.DataFrame
    facts: pl.DataFrame
    plan: pl.Series

    @property
    def rows(self) -> pl.DataFrame:
        """The columns of `VERDICT`, a row a call."""
        return self.cases[self.case].with_columns(self.own).select(VERDICT.keys())

    @property
    def outcomes(self) -> pl.Series:
        """The outcome of each call."""
        return self.cases["dnc_outcome"][self.case]

    def counts(self, *columns: str) -> Iterator[tuple[Any, ...]]:
        """Distinct values of columns of `cases`, each row with the number of calls at its end."""
        calls = self.case.value_counts(name="calls")
        counted = self.cases[calls[self.case.name]].with_columns(calls["calls"])
        yield from counted.group_by(columns).agg(pl.col("calls").sum()).iter_rows()


@dataclass(frozen=True)
class Found:
    """What DuckDB says of facts of one epoch.

    regimes: those in force. truths: distinct truths of their conditions. truth: for each row its place in `truths`.
    ends: SQL of an end → its day in each row (Date).
    """

    regimes: list[Regime]
    truths: Sequence[Truth]
    truth: pl.Series
    ends: dict[str, pl.Series]


class _Memory:
    """Decides the same facts once: remembers what they came to, of so many at most."""

    def __init__(self, decide: Callable[[pl.DataFrame], pl.DataFrame], most: int) -> None:
        self._decide = decide
        self._most = most
        self._facts = pl.DataFrame()
        self._answers: pl.DataFrame | None = None

    def __call__(self, facts: pl.DataFrame) -> pl.DataFrame:
        """What each row of facts comes to, as `decide` would say; same height and order."""
        if facts.height > self._most:
            return self._decide(facts)
        if not 0 < self._facts.height <= self._most - facts.height:
            self._facts, self._answers = facts.clear(), None
        known = self._facts.height
        number, self._facts = numbered(pl.concat([self._facts, facts]))  # those known keep their numbers
        if self._answers is None or self._facts.height > known:
            new = self._decide(self._facts.slice(known))
            self._answers = new if self._answers is None else pl.concat([self._answers, new])
        return self._answers[number.slice(known)]


class _Asked(NamedTuple):
    """What is asked about some columns, and who answers."""

    columns: list[str]
    inquiry: Inquiry
    answers: Callable[[pl.DataFrame], pl.DataFrame]


def _epochs(pack: Pack, cases: pl.DataFrame) -> list[pl.DataFrame]:
    """Cases parted by the span of days in which the same regimes are in force."""
    epoch = pl.Series("epoch", pack.changes(), dtype=pl.Date).search_sorted(cases["day"], side="right")
    parted = cases.with_columns(pl.Series("epoch", epoch)).partition_by("epoch", maintain_order=True)
    return [part.drop("epoch") for part in parted]


class Judge:
    """Gives verdicts on calls; close it, or use it as a context."""

    def __init__(self, book: Rulebook, screen: Screen, policy: Policy) -> None:
        self._book = book
        self._screen = screen
        self._policy = policy
        self._stack = ExitStack()
        self._con: duckdb.DuckDBPyConnection | None = None
        self._now = _Memory(lambda facts: self._parted(facts, self._judged, _JUDGED), _KNOWN)
        self._later = _Memory(lambda facts: self._parted(facts, self._found_later, _LATER), _KNOWN)
        self._asked: dict[Inquiry, list[_Asked]] = {}
        self._registry_facts = {
            registry.replace("-", "_") + suffix: kind
            for registry in sorted(book.registries())
            for suffix, kind in REGISTRY_FACTS.items()
        }

    def __enter__(self) -> Self:
        self._con = self._stack.enter_context(self._book.evaluator.cursor())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def verdicts(self, calls: Calls) -> Verdicts:
        """Verdicts on calls, in their order."""
        asked = calls.facts("day", "campaign")
        case, cases = numbered(self._screen.codes(asked).with_columns(calls.plan.alias("plan")))
        facts = self._facts(calls.plans, cases)
        judged = self._now(facts)
        verdicts = self._in_full(calls.plans[cases["plan"]], judged)
        last_days = judged["last_day"][case]
        waiting = last_days.is_not_null().arg_true()
        until = self._valid_until(last_days[waiting], self._screened_again(calls, asked[waiting], calls.plan[waiting]))
        valid_until = verdicts["dnc_valid_until"][case].scatter(waiting, until)
        number = pl.select((pl.lit("+") + pl.lit(calls.number.cast(pl.String))).fill_null("")).to_series()
        own = pl.DataFrame([number.alias("dnc_number"), valid_until])
        return Verdicts(own, case, verdicts, facts, cases["plan"])

    def facts(self, calls: Calls) -> pl.DataFrame:
        """All facts of each call, what the registries said beside what was told."""
        said = self._screen.codes(calls.facts("day", "campaign"))
        return self._facts(calls.plans, said.with_columns(calls.plan.alias("plan")))

    def _facts(self, plans: pl.DataFrame, cases: pl.DataFrame) -> pl.DataFrame:
        """The facts that regimes read, of plans and what the registries said: `plan`, and codes of the screen."""
        told = plans.select("jurisdiction", *FACTS, *vocabulary().axes)
        return told[cases["plan"]].hstack(self._screen.words(cases))

    def _run(self, sql: str, facts: pl.DataFrame) -> pl.DataFrame:
        """Run a query over `facts`; registries of which nothing is known have columns of NULL."""
        if self._con is None:
            raise RuntimeError("a judge is used as a context")
        unknown = [
            f"null::{kind} as {name}" for name, kind in self._registry_facts.items() if name not in facts.columns
        ]
        columns = ", ".join(["*", *unknown])
        return run(self._con, "findings", f"with facts as (select {columns} from told) {sql}", told=facts)

    def _parted(self, facts: pl.DataFrame, decide: _Decide, schema: dict[str, Any]) -> pl.DataFrame:
        """What `decide` says of facts of one pack and one epoch at a time; null where there is no law, or no day."""
        keyed = facts.with_row_index("case")
        answers = [pl.DataFrame(schema={"case": pl.UInt32, **schema})]
        for part in keyed.filter(pl.col("day").is_not_null()).partition_by("jurisdiction"):
            if pack := self._book.packs.get(part["jurisdiction"][0] or ""):
                answers += [decide(pack, one.drop("case")).with_columns(one["case"]) for one in _epochs(pack, part)]
        return (
            keyed.select("case")
            .join(pl.concat(answers, how="diagonal"), on="case", how="left", maintain_order="left")
            .drop("case")
        )

    def _judged(self, pack: Pack, facts: pl.DataFrame) -> pl.DataFrame:
        """Facts of one epoch in words, with `dnc_valid_until`; `last_day` where later snapshots are asked first."""
        found = self.found(pack, facts)
        verdicts = [self._verdict(found.regimes, truth) for truth in found.truths]
        words = [[getattr(one, name.removeprefix("dnc_")) for name in _WORDS] for one in verdicts]
        worded_ = pl.DataFrame(words, schema={name: VERDICT[name] for name in _WORDS}, orient="row")[found.truth]
        last_day = self._last_day(pack, facts, found)
        ending = (worded_["dnc_outcome"] == "clear") & last_day.is_not_null()
        awaits = facts.select(pl.any_horizontal(pl.lit(False), pl.col("^.*_next_on$").is_not_null())).to_series()
        alone = (ending & ~awaits).arg_true()

        def on_day(pending: pl.DataFrame) -> pl.DataFrame:
            return self._later(facts[alone[pending["at"]]].with_columns(pending["day"]))

        until = pl.Series([None], dtype=pl.Date).new_from_index(0, facts.height)
        until = until.scatter(alone, self._valid_until(last_day[alone], on_day))
        waiting = pl.select(pl.when(ending & awaits).then(last_day)).to_series()
        return worded_.with_columns(until.alias("dnc_valid_until"), waiting.alias("last_day"))

    def _verdict(self, regimes: list[Regime], truth: Truth) -> Verdict:
        findings = "".join(finding(regime, truth) for regime in regimes)
        open_ = [
            one for one, letter in zip(regimes, findings, strict=True) if letter in "xu" and self._policy.counts(one)
        ]
        missing = {word for regime in open_ for word in untold(regime, truth)} if regimes else {"jurisdiction"}
        return worded(regimes, findings, ";".join(sorted(missing)), self._policy)

    def _found_later(self, pack: Pack, facts: pl.DataFrame) -> pl.DataFrame:
        """Whether facts of one epoch are clear but for what is judged day by day, and until when that is certain."""
        found = self.found(pack, facts)
        counted = [self._policy.counts(regime) for regime in found.regimes]
        findings = ["".join(finding(regime, truth, later=True) for regime in found.regimes) for truth in found.truths]
        clear = pl.Series("clear", [outcome_of(one, counted) == "clear" for one in findings], dtype=pl.Boolean)
        return pl.DataFrame([clear[found.truth], self._last_day(pack, facts, found).alias("last_day")])

    def found(self, pack: Pack, facts: pl.DataFrame) -> Found:
        """What DuckDB says of facts of one epoch."""
        regimes = pack.on(facts["day"][0])
        whole = inquiry(regimes)
        if facts.height > _KNOWN and whole not in self._asked:
            self._asked[whole] = [self._part(*part) for part in whole.apart(facts.columns, vocabulary().axes)]
        asked = self._asked.get(whole) or [_Asked(facts.columns, whole, lambda cells: self._run(whole.sql, cells))]
        codes: list[pl.Series] = []
        spans: list[tuple[Inquiry, slice]] = []
        ends: dict[str, pl.Series] = {}
        for one in asked if regimes else []:
            answers = one.answers(facts.select(one.columns))
            mine = [answers[f"c{at}"] for at in range(one.inquiry.codes)]
            spans.append((one.inquiry, slice(len(codes), len(codes) + len(mine))))
            codes += mine
            ends |= {end: answers[f"e{at}"] for at, end in enumerate(one.inquiry.ends)}
        named = [code.alias(str(at)) for at, code in enumerate(codes)]
        truth, distinct = numbered(pl.DataFrame(named) if named else pl.DataFrame(height=facts.height))
        truths = [
            {sql: value for part, span in spans for sql, value in part.truth(row[span]).items()}
            for row in distinct.iter_rows()
        ]
        return Found(regimes, truths, truth, ends)

    def _part(self, columns: list[str], inquiry: Inquiry) -> _Asked:
        told = ["jurisdiction", *(name for name in columns if name != "jurisdiction")]
        return _Asked(told, inquiry, _Memory(lambda cells: self._run(inquiry.sql, cells), _REMEMBERED))

    def _last_day(self, pack: Pack, facts: pl.DataFrame, found: Found) -> pl.Series:
        """The last day before anything dated changes that facts of one epoch rest on; null where nothing does."""
        day = facts["day"]
        next_law = next((change for change in pack.changes() if change > day[0]), None)
        last_days = [pl.lit(next_law and next_law - timedelta(days=1), pl.Date)]
        counting = [ends(found.regimes, truth) for truth in found.truths]
        for end, on in found.ends.items():
            counts = pl.Series([end in one for one in counting], dtype=pl.Boolean)[found.truth]
            last_days.append(pl.when(counts & (on >= day)).then(on))
        return facts.select(pl.min_horizontal(last_days)).to_series()

    def _valid_until(self, last_days: pl.Series, decide: Callable[[pl.DataFrame], pl.DataFrame]) -> pl.Series:
        """The last day on which each clear call would still be clear; null where nothing ends that.

        Goes from each day on which anything dated ends to the next, and decides again there.

        Args:
            last_days: Date, without nulls: the last day on which all is as it was.
            decide: takes columns `at` (position in `last_days`) and `day`, gives `clear` and `last_day`.
        """
        until = pl.Series([None], dtype=pl.Date).new_from_index(0, last_days.len())
        pending = pl.DataFrame({"at": pl.arange(0, last_days.len(), eager=True), "last_day": last_days})
        while pending.height:
            pending = pending.select("at", pl.col("last_day").dt.offset_by("1d").alias("day"))
            pending = pending.hstack(decide(pending))
            over = pending.filter(~pl.col("clear"))
            until = until.scatter(over["at"], over["day"].dt.offset_by("-1d"))
            pending = pending.filter(pl.col("clear") & pl.col("last_day").is_not_null())
        return until

    def _screened_again(
        self, calls: Calls, asked: pl.DataFrame, plan: pl.Series
    ) -> Callable[[pl.DataFrame], pl.DataFrame]:
        """Decides calls on later days, each by what is said of its number there."""

        def on_day(pending: pl.DataFrame) -> pl.DataFrame:
            at = pending["at"]
            codes = self._screen.codes(asked[at].with_columns(pending["day"]))
            case, cases = numbered(codes.with_columns(plan[at].alias("plan"), pending["day"]))
            return self._later(self._facts(calls.plans, cases).with_columns(cases["day"]))[case]

        return on_day

    def _in_full(self, plans: pl.DataFrame, judged: pl.DataFrame) -> pl.DataFrame:
        """Verdicts without numbers: what no law was asked about gets its reason, what was not understood its note."""
        words = WHY[self._policy.language]
        unread, region = plans["unread"], plans["unread"] == "region"
        reason = (
            pl.when(region).then(pl.lit("region"))
            .when(unread.is_not_null()).then(pl.lit("number"))
            .when(plans["jurisdiction"].is_null()).then(pl.lit("jurisdiction"))
            .when(plans["day"].is_null()).then(pl.lit("call_at"))
        )  # fmt: skip
        number = pl.format(words["number"].replace("{reason}", "{}"), pl.lit(unread))
        sentence = (
            pl.when(reason == "number")
            .then(number)
            .otherwise(
                reason.replace_strict({key: words[key] for key in ("region", "jurisdiction", "call_at")}, default=None)
            )
        )
        note = pl.format(words["odd"].replace("{odd}", "{}"), pl.lit(plans["odd"]))
        note = pl.when(plans["odd"] != "").then(note).otherwise(pl.lit(""))
        why = pl.coalesce("dnc_why", sentence + pl.lit(".")) + note
        asked = [name for name in _WORDS if name not in ("dnc_outcome", "dnc_missing", "dnc_why")]
        return judged.select(
            pl.lit(plans["jurisdiction"]).alias("dnc_jurisdiction"),
            pl.col("dnc_outcome").fill_null("undecided"),
            pl.coalesce("dnc_missing", reason).alias("dnc_missing"),
            *asked,
            why.alias("dnc_why"),
        ).select(pl.all().fill_null(""), judged["dnc_valid_until"])


# One call, regime by regime


@dataclass(frozen=True)
class Looked:
    """One condition or demand as it came out for one call: its words, and true, false or None."""

    says: str
    value: bool | None


@dataclass(frozen=True)
class Finding:
    """What one regime came to for one call.

    letter: as `dnc.findings.finding` gives it. when, exceptions, demand: what was looked at.
    """

    regime: Regime
    letter: str
    when: list[Looked]
    exceptions: list[list[Looked]]
    demand: Looked


def explained(judge: Judge, book: Rulebook, calls: Calls) -> list[Finding]:
    """Every regime in force for the one call in `calls`; none where no law can be chosen."""
    facts = judge.facts(calls)
    pack = book.packs.get(facts["jurisdiction"][0] or "")
    if pack is None or facts["day"][0] is None:
        return []
    found = judge.found(pack, facts)
    [truth] = found.truths

    def looked(parts: Iterable[Part]) -> list[Looked]:
        return [Looked(part.says, truth[part.sql]) for part in parts]

    return [
        Finding(
            regime,
            finding(regime, truth),
            looked(regime.when),
            [looked(clause) for clause in regime.exceptions],
            *looked([regime.demanded]),
        )
        for regime in found.regimes
    ]
