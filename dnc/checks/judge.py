"""Judging: facts and registries' words × regimes → findings → verdicts.

The facts of a batch are brought to their distinct cases, the evaluator says what
regimes come to for each, and what it finds is turned into text once per distinct
finding. Rows keep their order: verdicts are laid beside them by position.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from types import TracebackType
from typing import Self

import polars as pl

from dnc.checks.calls import Calls
from dnc.checks.cases import Distinct, Facts
from dnc.checks.evaluator import Evaluator, Found
from dnc.checks.screening import Screen
from dnc.checks.verdict import Policy, Verdict, doubts, outcome_of, worded
from dnc.frames import numbered
from dnc.law.demands import Condition
from dnc.law.findings import Finding, Truth, finding_of, unknown_facts
from dnc.law.regimes import Pack, Regime
from dnc.law.rulebook import Rulebook
from dnc.law.vocabulary import VERDICT
from dnc.messages import messages

_WORDS = tuple(name for name in VERDICT if name not in ("dnc_number", "dnc_jurisdiction", "dnc_valid_until"))


@dataclass(frozen=True)
class Verdicts:
    """Verdicts on calls.

    number: of each call, as `Calls.number`. until: of each call, the last day on which it is clear (Date).
    fact: for each call its case in `facts`. facts: what verdicts were made from; what was told are `Calls.plans`.
    verdict: for each case its row of `cases`. cases: distinct verdicts, the other columns of `VERDICT`.
    """

    number: pl.Series
    until: pl.Series
    fact: pl.Series
    facts: Facts
    verdict: pl.Series
    cases: pl.DataFrame

    @cached_property
    def own(self) -> pl.DataFrame:
        """What differs from number to number, a row a call: the columns `dnc_number` and `dnc_valid_until`."""
        number = pl.select((pl.lit("+") + pl.lit(self.number.cast(pl.String))).fill_null("")).to_series()
        return pl.DataFrame([number.alias("dnc_number"), self.until.alias("dnc_valid_until")])

    @cached_property
    def case(self) -> pl.Series:
        """For each call its row of `cases`."""
        return self.verdict[self.fact]

    @property
    def rows(self) -> pl.DataFrame:
        """The columns of `VERDICT`, a row a call."""
        return self.cases[self.case].with_columns(self.own).select(VERDICT.keys())

    @property
    def outcomes(self) -> pl.Series:
        """The outcome of each call."""
        return self.cases["dnc_outcome"][self.case]


class Judge:
    """Gives verdicts on calls; a context."""

    def __init__(self, book: Rulebook, screen: Screen, policy: Policy) -> None:
        self._book = book
        self._screen = screen
        self._policy = policy
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @cached_property
    def _evaluator(self) -> Evaluator:
        return Evaluator(self._book, self._stack.enter_context(self._book.evaluator.cursor()))

    def verdicts(self, calls: Calls) -> Verdicts:
        """Verdicts on calls, in their order."""
        told, asked = Distinct(calls.plans), calls.facts("day", "campaign")
        fact, facts, codes = self._facts(told, calls.plan, asked["day"], self._screen.codes(asked))
        spoken, said, last_day = self._judged(facts)
        verdict, cases = self._in_full(facts, spoken, said)
        # Cases of whose numbers no snapshot speaks again come to the same; the others are asked number by number.
        again = _spoken_of_again(facts)
        alone, call = (last_day.is_not_null() & ~again).arg_true(), (last_day.is_not_null() & again)[fact].arg_true()
        plan = pl.concat([facts.cases["told"][alone], calls.plan[call]])
        decide = self._later_on(told, plan, codes[facts.cases["said"][alone]], asked[call])
        ends = self._valid_until(pl.concat([last_day[alone], last_day[fact[call]]]), decide)
        until = _nothing(pl.Date, facts).scatter(alone, ends.head(alone.len()))[fact]
        until = until.scatter(call, ends.tail(call.len()))
        return Verdicts(calls.number, until, fact, facts, verdict, cases)

    def found(self, calls: Calls) -> Found | None:
        """What the conditions of one call come to; None where no law can be chosen."""
        asked = calls.facts("day", "campaign")
        _, facts, _ = self._facts(Distinct(calls.plans), calls.plan, asked["day"], self._screen.codes(asked))
        return next((self._evaluator.found(pack, mine) for pack, _, mine in self._in_force(facts)), None)

    def _facts(
        self, told: Distinct, of_told: pl.Series, days: pl.Series, codes: pl.DataFrame
    ) -> tuple[pl.Series, Facts, pl.DataFrame]:
        """Rows of what was told, days, and codes of the screen, as facts.

        Returns for each row its case, the distinct cases, and the code of each row of `Facts.said`.
        """
        of_said, said = numbered(codes)
        case, cases = numbered(pl.DataFrame([of_told.alias("told"), of_said.alias("said"), days.alias("day")]))
        return case, Facts(told, Distinct(self._screen.words(said)), cases), said

    def _in_force(self, facts: Facts) -> Iterator[tuple[Pack, pl.Series, Facts]]:
        """Cases parted by the law they stand under: its pack, their places, and they; those without law or day by none.

        All days of a part lie in one span in which the same regimes are in force.
        """
        of_case, met = facts.numbered(["jurisdiction", "day"])
        law, laws = pl.Series([None], dtype=pl.UInt32).new_from_index(0, met.height), list[Pack]()
        for mine in met.with_row_index("at").drop_nulls().partition_by("jurisdiction"):
            if pack := self._book.packs.get(mine["jurisdiction"][0]):
                changes = pl.Series("day", pack.changes(), dtype=pl.Date)
                law = law.scatter(mine["at"], changes.search_sorted(mine["day"], side="right") + len(laws))
                laws += [pack] * (changes.len() + 1)
        for one in law.unique().drop_nulls().sort():
            at = (law == one).fill_null(False)[of_case].arg_true()
            yield laws[one], at, facts.take(at)

    def _judged(self, facts: Facts) -> tuple[list[Verdict], pl.Series, pl.Series]:
        """Cases in words: distinct verdicts, for each case its place there, and until when all is as it is if clear.

        The place is null where no law, or no day, is known; the day is null where nothing dated is rested on.
        """
        spoken: list[Verdict] = []
        said = _nothing(pl.UInt32, facts)
        last_day = _nothing(pl.Date, facts)
        doubts = facts.told.frame["doubt"]
        for pack, at, mine in self._in_force(facts):
            found = self._evaluator.found(pack, mine)
            verdicts = [self._verdict(found.regimes, truth) for truth in found.truths]
            clear = pl.Series([one.outcome == "clear" for one in verdicts], dtype=pl.Boolean)[found.truth]
            if doubts.null_count() < doubts.len():
                clear &= doubts.is_null()[mine.cases["told"]]
            said = said.scatter(at, found.truth + len(spoken))
            last_day = last_day.scatter(at, pl.select(pl.when(clear).then(found.last_day)).to_series())
            spoken += verdicts
        return spoken, said, last_day

    def _verdict(self, regimes: list[Regime], truth: Truth) -> Verdict:
        findings = [finding_of(regime, truth) for regime in regimes]
        open_ = [
            one for one, found in zip(regimes, findings, strict=True) if found.is_open and self._policy.counts(one)
        ]
        missing = {word for regime in open_ for word in unknown_facts(regime, truth)} if regimes else {"jurisdiction"}
        return worded(regimes, findings, ";".join(sorted(missing)), self._policy)

    def _later(self, facts: Facts) -> pl.DataFrame:
        """Whether cases are clear but for what is judged day by day (`clear`), and until when that is certain."""
        clear = pl.repeat(False, facts.cases.height, eager=True)
        last_day = _nothing(pl.Date, facts)
        for pack, at, mine in self._in_force(facts):
            found = self._evaluator.found(pack, mine, skip_daily=True)
            is_clear = pl.Series([self._is_clear(found, truth) for truth in found.truths], dtype=pl.Boolean)
            clear = clear.scatter(at, is_clear[found.truth])
            last_day = last_day.scatter(at, found.last_day)
        return pl.DataFrame([clear.alias("clear"), last_day.alias("last_day")])

    def _is_clear(self, found: Found, truth: Truth) -> bool:
        counted = [self._policy.counts(regime) for regime in found.regimes]
        findings = [finding_of(regime, truth, skip_daily=True) for regime in found.regimes]
        return outcome_of(findings, counted) == "clear"

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

    def _later_on(
        self, told: Distinct, plan: pl.Series, codes: pl.DataFrame, asked: pl.DataFrame
    ) -> Callable[[pl.DataFrame], pl.DataFrame]:
        """Decides on later days: first cases whose codes stay, then calls, each by what is said of its number there.

        Args:
            plan: of each its row of `told`. codes: of the cases. asked: of the calls, as `Screen.codes` takes them.
        """

        def decide(pending: pl.DataFrame) -> pl.DataFrame:
            at, days = pending["at"], pending["day"]
            stay = at < codes.height
            said = codes[at.filter(stay)]
            if not stay.all():
                anew = self._screen.codes(asked[at.filter(~stay) - codes.height].with_columns(days.filter(~stay)))
                said = pl.concat([said, anew], how="diagonal")
            case, facts, _ = self._facts(told, plan[at], days, said)
            return self._later(facts)[case]

        return decide

    def _in_full(self, facts: Facts, spoken: list[Verdict], said: pl.Series) -> tuple[pl.Series, pl.DataFrame]:
        """For each case its row of the distinct verdicts, and these, without numbers.

        What no law was asked about gets its reason, what was not understood its note. A number that may be mistyped
        is never clear.
        """
        undated = pl.col("day").is_null().alias("undated")
        untold, plans = numbered(
            facts.told.frame.select("jurisdiction", "unread", "doubt", "odd", "elsewhere", undated)
        )
        verdict, met = numbered(pl.DataFrame([said.alias("said"), untold[facts.cases["told"]].alias("untold")]))
        rows = [[getattr(one, name.removeprefix("dnc_")) for name in _WORDS] for one in spoken]
        judged = pl.DataFrame(rows, schema={name: VERDICT[name] for name in _WORDS}, orient="row")
        judged, plans = judged.select(pl.all().gather(met["said"])), plans[met["untold"]]
        words = messages("why", self._policy.language)
        unread, region = plans["unread"], plans["unread"] == "region"
        reason = (
            pl.when(region).then(pl.lit("region"))
            .when(unread.is_not_null()).then(pl.lit("number"))
            .when(plans["jurisdiction"].is_null()).then(pl.lit("jurisdiction"))
            .when(plans["undated"]).then(pl.lit("call_at"))
        )  # fmt: skip
        number = pl.format(words["number"].replace("{reason}", "{}"), pl.lit(unread))
        sentence = (
            pl.when(reason == "number")
            .then(number)
            .otherwise(
                reason.replace_strict({key: words[key] for key in ("region", "jurisdiction", "call_at")}, default=None)
            )
        )
        why = pl.coalesce("dnc_why", sentence + pl.lit("."))
        for name in ("odd", "elsewhere"):
            note = pl.format(words[name].replace(f"{{{name}}}", "{}"), pl.lit(plans[name]))
            why += pl.when(plans[name] != "").then(note).otherwise(pl.lit(""))
        asked = [name for name in _WORDS if name not in ("dnc_outcome", "dnc_missing", "dnc_why")]
        cases = judged.select(
            pl.lit(plans["jurisdiction"]).alias("dnc_jurisdiction"),
            pl.col("dnc_outcome").fill_null("undecided"),
            pl.coalesce("dnc_missing", reason).alias("dnc_missing"),
            *asked,
            why.alias("dnc_why"),
        )
        return verdict, _doubted(cases, plans["doubt"], self._policy.language).select(pl.all().fill_null(""))


def _doubted(cases: pl.DataFrame, doubt: pl.Series, language: str) -> pl.DataFrame:
    """Cases, undecided instead of clear where a number may be mistyped; and the reason in words."""
    reason = pl.lit(doubt).replace(doubts(language))
    told = pl.format(messages("why", language)["doubt"].replace("{reason}", "{}"), reason) + pl.lit(".")
    is_clear = pl.col("dnc_outcome") == "clear"
    missing = pl.concat_list(pl.col("dnc_missing").str.split(";"), pl.lit(["number"])).list.set_difference([""])
    changed = {
        "dnc_outcome": pl.lit("undecided"),
        "dnc_missing": missing.list.sort().list.join(";"),
        "dnc_confidence": pl.lit(""),
        "dnc_why": pl.when(is_clear).then(told).otherwise(pl.concat_str("dnc_why", told, separator=" ")),
    }
    here = pl.lit(doubt.is_not_null()) & (pl.col("dnc_outcome") != "blocked")
    return cases.with_columns(pl.when(here).then(new).otherwise(name).alias(name) for name, new in changed.items())


def _spoken_of_again(facts: Facts) -> pl.Series:
    """Whether another snapshot will speak of the number of each case."""
    spoken_of = pl.any_horizontal(pl.lit(False), pl.col("^.*_next_on$").is_not_null())
    return facts.said.frame.select(pl.repeat(True, pl.len()) & spoken_of).to_series()[facts.cases["said"]]


def _nothing(kind: type[pl.DataType], facts: Facts) -> pl.Series:
    """As many nulls as there are cases."""
    return pl.Series([None], dtype=kind).new_from_index(0, facts.cases.height)


# One call, regime by regime


@dataclass(frozen=True)
class Looked:
    """One condition or demand as it came out for one call: its words, and true, false or None."""

    says: str
    value: bool | None


@dataclass(frozen=True)
class RegimeResult:
    """What one regime means for one call, and the values of its conditions.

    when, exceptions, demand: its conditions, as in `dnc.law.regimes.Regime`.
    """

    regime: Regime
    finding: Finding
    when: list[Looked]
    exceptions: list[list[Looked]]
    demand: Looked


def explained(judge: Judge, calls: Calls) -> list[RegimeResult]:
    """Every regime in force for the one call in `calls`; none where no law can be chosen."""
    found = judge.found(calls)
    if found is None:
        return []
    [truth] = found.truths

    def looked(parts: Iterable[Condition]) -> list[Looked]:
        return [Looked(part.says, truth[part.sql]) for part in parts]

    return [
        RegimeResult(
            regime,
            finding_of(regime, truth),
            looked(regime.when),
            [looked(clause) for clause in regime.exceptions],
            *looked([regime.demanded]),
        )
        for regime in found.regimes
    ]
