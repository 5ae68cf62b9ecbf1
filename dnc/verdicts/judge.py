"""Judging: from the facts of calls and the answers of registries to verdicts.

Calls are factored into distinct cases (`dnc.verdicts.cases`), the conditions of the law are
evaluated for each (`dnc.verdicts.evaluator`), and each distinct combination of their values is
turned into text once. Then other days are searched (`dnc.verdicts.next_time`): until when clear
calls stay clear, and when blocked ones would first be clear.
Rows keep their order, and verdicts refer to them by position.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import cached_property, partial
from typing import NamedTuple

import msgspec
import polars as pl

from dnc.files.output_rows import Shared
from dnc.files.table import MARKED
from dnc.frames import Remembered, numbered, repeated, taken
from dnc.law.condition import Condition
from dnc.law.findings import Finding, Truth, finding_of, unknown_facts
from dnc.law.regimes import Regime
from dnc.law.rulebook import Rulebook
from dnc.law.vocabulary import CONSENT, NEXT_AT, VERDICT
from dnc.lists.calls import Calls
from dnc.lists.intake import ROW_REASONS
from dnc.lists.texts import AROUND
from dnc.messages import messages
from dnc.store.snapshots import Standing
from dnc.verdicts.cases import Distinct, Factored, Facts, factored
from dnc.verdicts.evaluator import Evaluation, Evaluator, evaluator_of
from dnc.verdicts.next_time import Codes, OtherDays, answered_again
from dnc.verdicts.screening import Screen
from dnc.verdicts.verdict import Policy, Verdict, broken_by, limiting, reasons, resting_on, worded

_REMEMBERED = 20_000  # cases after which their verdicts are dropped
_TEXTS = tuple(name for name in VERDICT if name not in ("dnc_number", "dnc_jurisdiction", "dnc_valid_until"))
BASIS = ("limits", "rests_on", "broken")  # of a verdict, for reports


class Verdicts(msgspec.Struct, frozen=True, dict=True):
    """Verdicts on calls.

    number: of each call, as `Calls.number`. until: for each call, the last day on which it is clear (Date).
    next_at: for each call that is blocked by its time only, when it would first be clear (String), see `OtherDays`.
    fact: for each call its case in `facts`. facts: the cases; `facts.plans` are `Calls.plans`.
    verdict: for each case its row of `cases`. cases: distinct verdicts, the other columns of `VERDICT` and `BASIS`.
    statement: of each call, as `Calls.statement`.
    """

    number: pl.Series
    until: pl.Series
    next_at: pl.Series
    fact: pl.Series
    facts: Facts
    verdict: pl.Series
    cases: pl.DataFrame
    statement: pl.Series | None = None

    @property
    def consents(self) -> pl.Series:
        """The column `dnc_consent`; empty where a consent rests on no statement of the store."""
        of_call = repeated(None, pl.Int64, self.number.len()) if self.statement is None else self.statement
        return (
            of_call.to_frame(CONSENT).select(pl.format("consents:{}", CONSENT).fill_null("")).to_series().alias(CONSENT)
        )

    @property
    def numbers(self) -> pl.Series:
        """The column `dnc_number`."""
        return self.number.to_frame("dnc_number").select(pl.format("+{}", "dnc_number").fill_null("")).to_series()

    @cached_property
    def case(self) -> pl.Series:
        """For each call its row of `cases`."""
        return self.verdict[self.fact]

    @cached_property
    def shared(self) -> Shared:
        """All columns but `dnc_number`: many calls share them, also `dnc_valid_until` and `dnc_next_at`."""
        days = self.until.alias("dnc_valid_until"), self.next_at.alias(NEXT_AT)
        row, distinct = numbered(pl.DataFrame([self.case.alias("case"), *days]))
        return Shared(taken(self.cases, distinct["case"]).hstack(distinct.drop("case")), row)

    @property
    def rows(self) -> pl.DataFrame:
        """The columns of `VERDICT` and `dnc_next_at`, a row a call; and `dnc_consent` where the store has consents."""
        frame, row = self.shared
        rows = frame[row].with_columns(self.numbers).select(*VERDICT, NEXT_AT)
        return rows if self.statement is None else rows.with_columns(self.consents)

    @property
    def outcomes(self) -> pl.Series:
        """The outcome of each call."""
        return self.cases["dnc_outcome"][self.case]


# Rows of plans, positions of their cases, what calls that are moved together have in common, and `Codes` → what a
# search on other days finds for each.
_Find = Callable[[pl.Series, pl.Series, pl.DataFrame, Codes], pl.Series]


class Judge(ExitStack[bool | None]):
    """Gives verdicts on calls; a context."""

    def __init__(self, book: Rulebook, screen: Screen, policy: Policy) -> None:
        super().__init__()
        self._book = book
        self._screen = screen
        self._policy = policy
        self._cases = 0  # judged so far
        self._forget()

    def _forget(self) -> None:
        self._plans = dict[Hashable, int]()  # numbered, for the keys of `_known`
        self._known = Remembered(_REMEMBERED)
        self._ends, self._next = Remembered(_REMEMBERED), Remembered(_REMEMBERED)  # by `case`
        self._full = Remembered(_REMEMBERED)  # texts by verdict and note
        self._verdicts = pl.DataFrame()  # those of known cases and of the cases judged last

    def follow(self, standing: Standing) -> bool:
        """Judge by what the store holds now, if what is remembered holds then, too; see `Screen.follow`."""
        return self._screen.follow(standing)

    @cached_property
    def _evaluator(self) -> Evaluator:
        return self.enter_context(evaluator_of(self._book))

    @cached_property
    def _other_days(self) -> OtherDays:
        return OtherDays(self._book, self._screen, self._evaluator, self._policy)

    def verdicts(self, calls: Calls) -> Verdicts:
        """Verdicts on calls, in their order."""
        if max(self._verdicts.height, len(self._plans)) > _REMEMBERED:
            self._forget()
        rows = self._factored(calls)
        facts = rows.facts

        def judged(at: pl.Series) -> pl.DataFrame:
            new = facts.take(at)
            return self._judged(new, self._evaluator.evaluated(new))

        return self._of_calls(calls, rows, self._known(facts.cases.height, rows.keys(self._plans), judged))

    def explained(self, calls: Calls) -> tuple[Verdicts, list[list[RegimeResult]]]:
        """Verdicts on a few calls, and for each what every regime in force means; empty where no law can be chosen."""
        rows = self._factored(calls)
        evaluated = list(self._evaluator.evaluated(rows.facts))
        results = {
            case: _results(evaluation.regimes, evaluation.truths[truth])
            for at, _, evaluation in evaluated
            for case, truth in zip(at, evaluation.truth, strict=True)
        }
        verdicts = self._of_calls(calls, rows, self._judged(rows.facts, evaluated))
        return verdicts, [results.get(case, []) for case in rows.case]

    def _factored(self, calls: Calls) -> Factored:
        asked = calls.facts("day", "campaign")
        codes = self._screen.codes(asked)
        return factored(Distinct(lambda: calls.plans), calls.plan, asked["day"], codes, self._screen.decoded)

    def _of_calls(self, calls: Calls, rows: Factored, cases: pl.DataFrame) -> Verdicts:
        """Verdicts on calls; `rows`: the same, factored. `cases`: theirs, judged."""
        facts, steady = rows.facts, cases["steady"]
        plans, days = facts.plans, facts.cases["day"]

        def last_day(plan: pl.Series, at: pl.Series, same: pl.DataFrame, codes: Codes) -> pl.Series:
            return self._other_days.last_days(plans, plan, steady[at], codes)

        def next_at(plan: pl.Series, at: pl.Series, same: pl.DataFrame, codes: Codes) -> pl.Series:
            return self._other_days.first_clear(taken(plans.frame, plan), days[at], same, codes)

        searched = partial(self._searched, calls, rows, cases)
        until = searched(last_day, pl.Date, wanted=steady.is_not_null(), known=self._ends)
        if calls.completed:
            later = self._next_of_each(calls, cases["waits"][rows.case].arg_true())
        else:
            later = searched(next_at, pl.String, wanted=cases["waits"], known=self._next)
        verdict, distinct = numbered(cases[["verdict"]])
        texts = taken(self._verdicts, distinct["verdict"])
        return Verdicts(calls.number, until, later, rows.case, facts, verdict, texts, calls.statement)

    def _next_of_each(self, calls: Calls, at: pl.Series) -> pl.Series:
        """When calls would first be clear, of those at some positions: each by what is known of its number then."""
        nothing = repeated(None, pl.String, calls.number.len())
        if not at.len() or not calls.told:
            return nothing
        asked, told = calls.facts("day", "campaign")[at], calls.told(at)
        codes = self._codes_on(asked)
        found = self._other_days.first_clear(told, asked["day"], told.select(), codes, calls.completed)
        return nothing.scatter(at, found)

    def _codes_on(self, asked: pl.DataFrame) -> Codes:
        """Asks the registries about calls (`number`, `campaign`) on other days."""
        return lambda some, days: self._screen.codes(asked[some].with_columns(days.alias("day")))

    def _searched(
        self,
        calls: Calls,
        rows: Factored,
        cases: pl.DataFrame,
        find: _Find,
        kind: type[pl.DataType],
        *,
        wanted: pl.Series,
        known: Remembered,
    ) -> pl.Series:
        """For each call what a search on other days finds, of a type; null where its case is not `wanted`.

        It is made for each case, but for each call if a later snapshot covers the number, since it may answer
        differently about numbers of one case. known: what was found for earlier cases.
        """
        nothing = repeated(None, kind, cases.height)
        if not wanted.any():
            return nothing[rows.case]
        again = cases["again"]

        def of_cases(new: pl.Series) -> pl.DataFrame:
            is_asked = wanted[new] & ~again[new]
            at = new.filter(is_asked)
            of_case = rows.facts.cases[["answer"]][at]
            codes = rows.codes[of_case["answer"]]
            found = find(rows.facts.cases["plan"][at], at, of_case, lambda some, _: codes[some])
            return nothing.head(new.len()).scatter(is_asked.arg_true(), found).alias("found").to_frame()

        result = known(cases.height, cases["case"], of_cases)["found"][rows.case]
        at = (wanted & again)[rows.case].arg_true()
        if not at.len():
            return result
        asked = calls.facts("day", "campaign")[at]
        return result.scatter(at, find(calls.plan[at], rows.case[at], asked[["number"]], self._codes_on(asked)))

    def _judged(self, facts: Facts, evaluated: Iterable[tuple[pl.Series, Facts, Evaluation]]) -> pl.DataFrame:
        """Cases, judged; their verdicts are added to `_verdicts`.

        Args:
            facts: the cases. evaluated: the same, as `Evaluator.evaluated` returns them.
        Returns:
            A row for each case: `case`, a number that no other case has; `verdict` (row of `_verdicts`); `steady`, the
            last day on which nothing has changed (Date), null where it is not clear or nothing will change; `waits`,
            whether it is blocked and may be clear at another time; `again`, whether a later snapshot covers its number.
        """
        verdicts: list[Verdict] = []
        verdict = repeated(None, pl.UInt32, facts.cases.height)
        steady = repeated(None, pl.Date, facts.cases.height)
        waits = repeated(False, pl.Boolean, facts.cases.height)
        plans = facts.plans.frame
        certain = plans["doubt"].is_null() & (plans["texts"] == "")
        for at, here, evaluation in evaluated:
            new = [self._verdict(evaluation.regimes, truth) for truth in evaluation.truths]
            outcome = pl.Series([one.outcome for one in new], dtype=pl.String)[evaluation.truth]
            clear, blocked = outcome == "clear", outcome == "blocked"
            if not certain.all():
                is_certain = certain[here.cases["plan"]]
                clear, blocked = clear & is_certain, blocked & is_certain
            if blocked.any():
                waits = waits.scatter(at, blocked & self._other_days.may_come(evaluation, here.cases["day"]))
            verdict = verdict.scatter(at, evaluation.truth + len(verdicts))
            steady = steady.scatter(at, pl.select(pl.when(clear).then(evaluation.last_day)).to_series())
            verdicts += new
        row, texts = self._in_full(facts, verdicts, verdict)
        row += self._verdicts.height
        self._verdicts = pl.concat([self._verdicts, texts]) if self._verdicts.height else texts
        again = answered_again(facts).alias("again")
        cases = pl.DataFrame([row.alias("verdict"), steady.alias("steady"), waits.alias("waits"), again])
        self._cases += cases.height
        return cases.with_row_index("case", self._cases - cases.height)

    def _verdict(self, regimes: list[Regime], truth: Truth) -> Verdict:
        findings = [finding_of(regime, truth) for regime in regimes]
        found = zip(regimes, findings, strict=True)
        open_ = (regime for regime, finding in found if finding.is_open and self._policy.counts(regime))
        missing = {word for regime in open_ for word in unknown_facts(regime, truth)} if regimes else {"jurisdiction"}
        broken = dict(reason.split(":") for reason in broken_by(regimes, truth))
        verdict = worded(regimes, findings, ";".join(sorted(missing)), self._policy, broken)
        if verdict.outcome != "clear":
            return verdict
        counting = [regime for regime in regimes if self._policy.counts(regime)]
        limits, grounds = (id_ for id_, _ in limiting(counting, truth)), resting_on(counting, truth)
        return verdict._replace(limits=";".join(limits), rests_on=";".join(grounds))

    def _in_full(self, facts: Facts, verdicts: list[Verdict], verdict: pl.Series) -> tuple[pl.Series, pl.DataFrame]:
        """For each case its row of the distinct verdicts, and these: the columns of `VERDICT` that many calls share.

        verdict: for each case its position in `verdicts`; null where no law or no day is known.

        A case to which no law was applied gets the reason, cells that were not understood are added to `dnc_why`, and
        neither a number that may be mistyped nor a text without a meaning is ever clear.
        """
        undated = pl.col("day").is_null().alias("undated")
        of_plan, plans = numbered(
            facts.plans.frame.select(
                "jurisdiction", "unread", "doubt", "odd", "texts", "noted", "lacks", "customers_stale", undated
            )
        )
        note = of_plan[facts.cases["plan"]]
        row, distinct = numbered(pl.DataFrame([verdict.alias("verdict"), note.alias("note")]))
        found = [None if at is None else verdicts[at] for at in distinct["verdict"]]

        def keys() -> Iterator[Hashable]:
            notes = plans.rows()
            yield from zip(found, (notes[at] for at in distinct["note"]), strict=True)

        def texts(new: pl.Series) -> pl.DataFrame:
            return self._texts([found[at] for at in new], taken(plans, distinct["note"][new]))

        return row, self._full(distinct.height, keys(), texts)

    def _texts(self, verdicts: Sequence[Verdict | None], plans: pl.DataFrame) -> pl.DataFrame:
        """Verdicts in words, each with the notes on its row of `plans`; see `_in_full`."""
        names = (*_TEXTS, *BASIS)
        rows = [[one and getattr(one, name.removeprefix("dnc_")) for name in names] for one in verdicts]
        texts = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")
        words = messages("why", self._policy.language)
        reason, sentence = _no_law(plans, self._policy.language)
        others = [name for name in names if name not in ("dnc_outcome", "dnc_missing", "dnc_why")]
        cases = texts.select(
            pl.lit(plans["jurisdiction"]).alias("dnc_jurisdiction"),
            pl.col("dnc_outcome").fill_null("undecided"),
            pl.coalesce("dnc_missing", reason).alias("dnc_missing"),
            *others,
            pl.coalesce("dnc_why", sentence),
        )
        cases = cases.with_columns(_stale_customers(plans["customers_stale"]))
        undecided = pl.lit(cases["dnc_outcome"] == "undecided")
        lacks = pl.lit(plans["lacks"]).replace(words["lacks"])
        of_texts = pl.when(undecided).then(_note(plans, words, "texts")).otherwise(pl.lit(""))
        notes = [_note(plans, words, "odd"), pl.lit(plans["noted"]), lacks, of_texts]
        cases = _with_unread(cases, plans["texts"], self._policy.language)
        cases = _doubted(cases, plans["doubt"], self._policy.language)
        return cases.with_columns(pl.concat_str("dnc_why", *notes)).select(pl.all().fill_null(""))


def _no_law(plans: pl.DataFrame, language: str) -> tuple[pl.Expr, pl.Expr]:
    """Why no law was applied to plans: as a word of `dnc_missing`, and in a sentence; null where nothing is missing."""
    words, unread = messages("why", language), plans["unread"]
    reason = (
        pl.when(unread == "region").then(pl.lit("region"))
        .when(unread.is_not_null()).then(pl.lit("number"))
        .when(plans["jurisdiction"].is_null()).then(pl.lit("jurisdiction"))
        .when(plans["undated"]).then(pl.lit("call_at"))
    )  # fmt: skip
    sentences = {
        reason: words["row" if reason in ROW_REASONS else "number"].format(reason=text)
        for reason, text in reasons(language).items()
    }
    number = pl.lit(unread).replace(sentences)
    others = reason.replace_strict({key: words[key] for key in ("region", "jurisdiction", "call_at")}, default=None)
    return reason, pl.when(reason == "number").then(number).otherwise(others)


def _stale_customers(stale: pl.Series) -> pl.Expr:
    """`dnc_missing`, in which a relationship that is not known as customers were not kept up has the name of that."""
    words = pl.col("dnc_missing").str.split(";")
    named = words.list.set_difference(["relationship"]).list.concat(pl.lit("stale:customers"))
    without = pl.lit(stale) & words.list.contains("relationship")
    return pl.when(without).then(named.list.sort().list.join(";")).otherwise("dnc_missing").alias("dnc_missing")


def _note(plans: pl.DataFrame, words: Mapping[str, str], name: str) -> pl.Expr:
    """What a column of the plans says of a row, as a sentence; empty where it says nothing."""
    said = _listed(plans[name], words)
    sentence = pl.format(words[name].replace(f"{{{name}}}", "{}"), said)
    return pl.when(said != "").then(sentence).otherwise(pl.lit(""))


def _listed(names: pl.Series, words: Mapping[str, str]) -> pl.Expr:
    """Names with `;` between them as a sentence lists them."""
    named = pl.lit(names).str.replace(rf"^{AROUND.name}(;|$)", words[AROUND.name] + "$1")
    return named.str.replace_all(";", ", ")


def _with_unread(cases: pl.DataFrame, texts: pl.Series, language: str) -> pl.DataFrame:
    """Cases, with `undecided` in place of `clear` where a text has no meaning (columns of `Calls.plans.texts`)."""
    if not (texts != "").any():
        return cases
    words = messages("why", language)
    sentence = words["unread"].replace("{texts}", "{}")
    named = pl.lit(texts).str.split(";").list.eval(pl.lit("text:") + pl.element())
    clear = pl.when(pl.col("dnc_outcome") == "clear")
    said = clear.then(pl.format(sentence, _listed(texts, words))).otherwise("dnc_why")
    return _undecided(cases, texts != "", _missing_too(named), said)


def _doubted(cases: pl.DataFrame, doubt: pl.Series, language: str) -> pl.DataFrame:
    """Cases, with `undecided` in place of `clear` where a number may be mistyped or a row is marked, and a note on it.

    Of a marked row that is not blocked nothing else is said, and an objection is missing unless no law was applied.
    """
    words = messages("why", language)
    is_clear, is_marked = pl.col("dnc_outcome") == "clear", pl.lit(doubt.is_in(MARKED))
    texts = reasons(language).items()
    says = {reason: words["row" if reason in MARKED else "doubt"].format(reason=text) for reason, text in texts}
    missing = (
        pl.when(~is_marked).then(_missing_too(pl.lit(["number"])))
        .when(pl.col("dnc_applies").is_null()).then("dnc_missing")
        .otherwise(pl.lit("objected_on"))
    )  # fmt: skip
    said = pl.when(is_clear | is_marked).then(pl.lit(doubt).replace(says))
    return _undecided(cases, doubt.is_not_null(), missing, said.otherwise(pl.col("dnc_why") + words["mistyped"]))


def _undecided(cases: pl.DataFrame, here: pl.Series, missing: pl.Expr, why: pl.Expr) -> pl.DataFrame:
    """Cases, of which those `here` that are not blocked are undecided, for want of `missing`; why: `dnc_why` then."""
    changed = {"dnc_outcome": pl.lit("undecided"), "dnc_missing": missing}
    changed |= {"dnc_confidence": pl.lit(""), "dnc_why": why}
    change = pl.when(pl.lit(here) & (pl.col("dnc_outcome") != "blocked"))
    return cases.with_columns(change.then(new).otherwise(name).alias(name) for name, new in changed.items())


def _missing_too(named: pl.Expr) -> pl.Expr:
    """`dnc_missing` with more words."""
    words = pl.concat_list(pl.col("dnc_missing").fill_null("").str.split(";"), named)
    return words.list.set_difference([""]).list.unique().list.sort().list.join(";")


# One call, regime by regime


class ConditionValue(NamedTuple):
    """One condition or demand in words, and its value for one call: true, false or None (not known)."""

    says: str
    value: bool | None


class RegimeResult(NamedTuple):
    """What one regime means for one call, and the values of its conditions.

    when, exceptions, demand: its conditions, as in `dnc.law.regimes.Regime`.
    """

    regime: Regime
    finding: Finding
    when: list[ConditionValue]
    exceptions: list[list[ConditionValue]]
    demand: ConditionValue


def _results(regimes: list[Regime], truth: Truth) -> list[RegimeResult]:
    """What each of some regimes means for a call with these values of its conditions."""

    def with_values(parts: Iterable[Condition]) -> list[ConditionValue]:
        return [ConditionValue(part.says, truth[part.sql]) for part in parts]

    return [
        RegimeResult(
            regime,
            finding_of(regime, truth),
            with_values(regime.when),
            [with_values(clause) for clause in regime.exceptions],
            *with_values([regime.demanded]),
        )
        for regime in regimes
    ]
