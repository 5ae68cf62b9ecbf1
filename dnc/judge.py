"""Judging: facts and registries' words × regimes → findings → verdicts.

The facts of a batch are brought to their distinct rows, DuckDB evaluates every
regime in force over them, and what it finds is turned into text once per
distinct finding. Row order is never touched: verdicts are joined back in place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from types import TracebackType
from typing import Self

import duckdb
import polars as pl

from dnc.demands import DEMANDS, FACTS, REGISTRY_FACTS, Part
from dnc.engine import connect, run
from dnc.regimes import GRADES, Pack, Regime, findings_sql, missing_sql
from dnc.rulebook import Rulebook
from dnc.screen import Screen
from dnc.vocabulary import vocabulary

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
OUTCOMES = ("clear", "blocked", "undecided")
_WORDS = tuple(name for name in VERDICT if name not in ("dnc_number", "dnc_jurisdiction", "dnc_valid_until"))


@dataclass(frozen=True)
class Policy:
    """How a user wants findings to be weighed.

    guidance: `enforce` treats a regulator's recommendation like law, `advise` never lets it decide.
    accepted: ids of unsettled regimes → the reason why the user takes them on himself.
    language: of `dnc_why`, `en` or `fr`.
    """

    guidance: str = "enforce"
    accepted: Mapping[str, str] = field(default_factory=dict)
    language: str = "en"

    def counts(self, regime: Regime) -> bool:
        """Whether a regime bears on the outcome."""
        return regime.id not in self.accepted and (regime.force == "law" or self.guidance == "enforce")


@dataclass(frozen=True)
class Verdict:
    """Findings of one call turned into words; fields are columns of `VERDICT` without `dnc_`."""

    outcome: str
    blocked_by: str
    undecided_by: str
    missing: str
    applies: str
    duties: str
    advice: str
    confidence: str
    why: str


def worded(regimes: list[Regime], findings: str, missing: str, policy: Policy) -> Verdict:
    """The verdict on one string of findings (see `dnc.regimes.findings_sql`)."""
    found = list(zip(regimes, findings, strict=True))
    counted = [(regime, letter) for regime, letter in found if policy.counts(regime)]
    blocking = [regime for regime, letter in counted if letter == "b"]
    open_ = [regime for regime, letter in counted if letter in "xu"]
    applying = [regime for regime, letter in found if letter in "mbx"]
    duties = [regime for regime, letter in found if regime.demand == "duty" and letter in "mp"]
    advice = [regime for regime, letter in found if not policy.counts(regime) and letter in "bxu"]
    outcome = _outcome(findings, [policy.counts(regime) for regime in regimes])
    if outcome == "blocked":
        confidence = max((one.confidence for one in blocking), key=GRADES.index)
    elif outcome == "clear":
        confidence = min((one.confidence for one in applying), key=GRADES.index, default="high")
    else:
        confidence = ""
    met = [regime for regime, letter in counted if letter == "m"]
    decisive = {"blocked": blocking, "undecided": open_, "clear": met}[outcome]
    why = _why(outcome, decisive, missing, len(duties), policy.language)
    return Verdict(
        outcome, _ids(blocking), _ids(open_), missing, _ids(applying), _ids(duties), _ids(advice), confidence, why
    )


def _outcome(findings: str, counted: list[bool]) -> str:
    """The worst of the findings that count; where no regime is in force, nothing covers the call."""
    letters = {letter for letter, counts in zip(findings, counted, strict=True) if counts}
    if "b" in letters:
        return "blocked"
    return "undecided" if letters & {"x", "u"} or not findings else "clear"


def _epochs(pack: Pack, cases: pl.DataFrame) -> list[pl.DataFrame]:
    """Cases parted by the span of days in which the same regimes are in force."""
    epoch = pl.Series("epoch", pack.changes(), dtype=pl.Date).search_sorted(cases["day"], side="right")
    parted = cases.with_columns(pl.Series("epoch", epoch)).partition_by("epoch", maintain_order=True)
    return [part.drop("epoch") for part in parted]


def _ids(regimes: Iterable[Regime]) -> str:
    return ";".join(sorted(regime.id for regime in regimes))


_WHY = {
    "en": {
        "blocked": "Blocked: {says} [{cite}]{others}",
        "undecided": "Undecided{missing}: {says} [{cite}]{others}",
        "clear": "Clear: no regime known here forbids this call{says}; duties that go with it: {duties}",
        "missing": ", for want of {missing}",
        "others": " (and {n} more)",
        "closest": "; the closest is met: {says} [{cite}]",
        "odd": " Not understood: {odd}.",
        "number": "Undecided: the number cannot be read ({reason})",
        "region": "Undecided: the number is in national form and no region was told",
        "call_at": "Undecided: the day of the call cannot be read, so the law in force is not known",
        "jurisdiction": "Undecided: no rules are held for the place this number belongs to",
    },
    "fr": {
        "blocked": "Bloqué : {says} [{cite}]{others}",
        "undecided": "Indécis{missing} : {says} [{cite}]{others}",
        "clear": "Libre : aucun régime connu ici n'interdit cet appel{says} ; obligations à remplir : {duties}",
        "missing": ", faute de {missing}",
        "others": " (et {n} autres)",
        "closest": " ; le plus proche est respecté : {says} [{cite}]",
        "odd": " Non compris : {odd}.",
        "number": "Indécis : le numéro est illisible ({reason})",
        "region": "Indécis : le numéro est sous forme nationale et aucune région n'est indiquée",
        "call_at": "Indécis : le jour de l'appel est illisible, le droit en vigueur n'est donc pas connu",
        "jurisdiction": "Indécis : aucune règle n'est tenue pour le lieu dont relève ce numéro",
    },
}


_RANK = sorted(DEMANDS, key=lambda name: name not in ("consent", "unlisted", "unflagged"))  # of what clears a call


def _why(outcome: str, decisive: list[Regime], missing: str, duties: int, language: str) -> str:
    """One sentence, with the citation of the regime that decides."""
    words = _WHY[language]
    demanding = [one for one in decisive if one.demand != "duty"]
    if outcome == "undecided" and not demanding:
        return words["jurisdiction"] + "."
    if outcome == "clear" and not demanding:
        return words["clear"].format(says="", duties=duties) + "."
    if outcome == "clear":
        first = min(demanding, key=lambda one: (_RANK.index(one.demand), one.id))
    else:
        first = min(demanding, key=lambda one: (one.is_scope, -GRADES.index(one.confidence), one.id))
    says, cite = first.says[language].rstrip("."), first.cites[0].text
    if outcome == "clear":
        closest = words["closest"].format(says=says, cite=cite)
        return words["clear"].format(says=closest, duties=duties) + "."
    told = words["missing"].format(missing=missing.replace(";", ", ")) if missing else ""
    others = words["others"].format(n=len(demanding) - 1) if len(demanding) > 1 else ""
    return words[outcome].format(says=says, cite=cite, others=others, missing=told) + "."


class Judge:
    """Gives verdicts on frames of facts; close it, or use it as a context."""

    def __init__(self, book: Rulebook, screen: Screen, policy: Policy) -> None:
        self._book = book
        self._screen = screen
        self._policy = policy
        self._stack = ExitStack()
        self._con: duckdb.DuckDBPyConnection | None = None

    def __enter__(self) -> Self:
        self._con = self._stack.enter_context(connect(":memory:"))
        for pack in self._book.packs.values():
            for name, body in pack.macros.items():
                self._con.execute(f"create macro {name}() as {body}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def verdicts(self, screened: pl.DataFrame) -> pl.DataFrame:
        """Verdicts on calls.

        Args:
            screened: a frame of `dnc.calls.Intake.facts`, as `screened` gives it back.
        Returns:
            A frame of the same height and order with the columns of `VERDICT`.
        """
        keys = ["jurisdiction", "awaited", *_fact_columns(screened)]
        # A later snapshot may speak of this very number: then the number is part of the case.
        awaits = pl.any_horizontal(pl.col("^.*_next_on$").is_not_null())
        cases = screened.with_columns(pl.when(awaits).then("number").alias("awaited")).select(keys)
        distinct = cases.unique(maintain_order=True).with_row_index("case")
        judged = pl.concat(
            [self._judged(part) for part in distinct.partition_by("jurisdiction")] or [self._judged(distinct)]
        )
        answers = distinct.join(judged, on="case", maintain_order="left")
        verdicts = cases.join(answers, on=keys, how="left", nulls_equal=True, maintain_order="left")
        return self._worded_rows(screened, verdicts)

    def screened(self, facts: pl.DataFrame) -> pl.DataFrame:
        """Facts with what the registries said beside them."""
        return facts.hstack(self._screen.columns(facts))

    def evaluate(self, expressions: list[str], screened: pl.DataFrame) -> list[bool | None]:
        """What each expression comes to on the one row of a screened frame."""
        columns = ", ".join(f"({sql})::boolean as e{at}" for at, sql in enumerate(expressions))
        return list(self._run(f"select {columns} from facts", screened).row(0))

    def evaluate_findings(self, regimes: list[Regime], screened: pl.DataFrame) -> str:
        """The letters of the findings on the one row of a screened frame."""
        return str(self._run(findings_sql(regimes), screened)["findings"][0])

    def _run(self, sql: str, screened: pl.DataFrame) -> pl.DataFrame:
        if self._con is None:
            raise RuntimeError("a judge is used as a context")
        return run(self._con, "findings", sql, facts=screened.select(_fact_columns(screened)))

    def _judged(self, cases: pl.DataFrame) -> pl.DataFrame:
        """Verdicts on distinct cases of one jurisdiction: case, the columns in words, dnc_valid_until."""
        pack = self._book.packs.get(cases["jurisdiction"][0] or "") if cases.height else None
        told = cases.filter(pl.col("day").is_not_null())
        if pack is None or not told.height:
            words = [pl.lit(None, VERDICT[name]).alias(name) for name in (*_WORDS, "dnc_valid_until")]
            return cases.select("case", *words)
        worded_parts, clear = [], []
        for part in _epochs(pack, told):
            found = self._found(pack, part)
            worded_parts.append(self._in_words(pack, part, found))
            clear.append(part.hstack(found.select("last_day")).filter(found["outcome"] == "clear"))
        valid = self._valid_until(pack, pl.concat(clear))
        judged = pl.concat(worded_parts).join(valid, on="case", how="left", maintain_order="left")
        rest = cases.select("case").join(judged, on="case", how="left", maintain_order="left")
        return rest.select("case", *_WORDS, "dnc_valid_until")

    def _found(self, pack: Pack, cases: pl.DataFrame, later: bool = False) -> pl.DataFrame:
        """What DuckDB finds for cases of one epoch, row by row: findings, outcome, last_day."""
        regimes = pack.on(cases["day"][0])
        if not regimes:
            return cases.select(findings=pl.lit(""), outcome=pl.lit("undecided"), last_day=pl.lit(None, pl.Date))
        found = self._run(findings_sql(regimes, later), cases)
        ends = [day for day in pack.changes() if day > cases["day"][0]]
        end = pl.lit(ends[0] - timedelta(days=1) if ends else None, pl.Date)
        counted = [self._policy.counts(regime) for regime in regimes]
        outcomes = {findings: _outcome(findings, counted) for findings in found["findings"].unique()}
        outcome = pl.col("findings").replace_strict(outcomes, return_dtype=pl.String)
        return found.select("findings", outcome=outcome, last_day=pl.min_horizontal("last_day", end))

    def _in_words(self, pack: Pack, cases: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
        """Findings of cases of one epoch turned into text, once per distinct finding: case, the columns in words."""
        regimes = pack.on(cases["day"][0])
        open_ = {at for findings in found["findings"].unique() for at, letter in enumerate(findings) if letter in "xu"}
        asking = [one for at, one in enumerate(regimes) if at in open_ and self._policy.counts(one)]
        if asking:
            missing = self._run(missing_sql(asking), cases)["missing"]
        else:
            missing = pl.Series("missing", ["" if regimes else "jurisdiction"]).new_from_index(0, cases.height)
        findings = found.select("findings").with_columns(missing.alias("missing"))
        distinct = findings.unique(maintain_order=True)
        verdicts = [worded(regimes, found_, untold, self._policy) for found_, untold in distinct.iter_rows()]
        words = pl.DataFrame(
            [[getattr(one, name.removeprefix("dnc_")) for name in _WORDS] for one in verdicts],
            schema={name: VERDICT[name] for name in _WORDS},
            orient="row",
        )
        answers = findings.join(distinct.hstack(words), on=["findings", "missing"], how="left", maintain_order="left")
        return answers.with_columns(cases["case"]).select("case", *_WORDS)

    def _valid_until(self, pack: Pack, clear: pl.DataFrame) -> pl.DataFrame:
        """The last day on which each clear case would still be clear: case, dnc_valid_until.

        Goes from each day on which anything dated ends to the next, and decides again there.
        """
        ended = [pl.DataFrame(schema={"case": pl.UInt32, "dnc_valid_until": pl.Date})]
        pending = clear.filter(pl.col("last_day").is_not_null())
        while pending.height:
            pending = self._screened_again(pending.with_columns(day=pl.col("last_day").dt.offset_by("1d")))
            after = pl.concat(
                part.with_columns(self._found(pack, part, later=True).select("outcome", "last_day"))
                for part in _epochs(pack, pending)
            )
            is_clear = after["outcome"] == "clear"
            over = after.filter(~is_clear)
            ended.append(over.select("case", pl.col("day").dt.offset_by("-1d").alias("dnc_valid_until")))
            pending = after.filter(is_clear & after["last_day"].is_not_null()).drop("outcome")
        return pl.concat(ended)

    def _screened_again(self, cases: pl.DataFrame) -> pl.DataFrame:
        """Cases that await a later snapshot, with what is said of their number on their new day."""
        awaiting = cases.filter(pl.col("awaited").is_not_null())
        if not awaiting.height:
            return cases
        said = self._screen.columns(awaiting.with_columns(number="awaited"))
        rest = cases.filter(pl.col("awaited").is_null())
        return pl.concat([rest, awaiting.with_columns(said.get_columns())])

    def _worded_rows(self, facts: pl.DataFrame, verdicts: pl.DataFrame) -> pl.DataFrame:
        """Verdicts of rows: what no law was asked about gets its reason, what was not understood its note."""
        words = _WHY[self._policy.language]
        unread, region = facts["unread"], facts["unread"] == "region"
        reason = (
            pl.when(region).then(pl.lit("region"))
            .when(unread.is_not_null()).then(pl.lit("number"))
            .when(facts["jurisdiction"].is_null()).then(pl.lit("jurisdiction"))
            .when(facts["day"].is_null()).then(pl.lit("call_at"))
        )  # fmt: skip
        number = pl.format(words["number"].replace("{reason}", "{}"), pl.lit(unread))
        sentence = (
            pl.when(reason == "number")
            .then(number)
            .otherwise(
                reason.replace_strict({key: words[key] for key in ("region", "jurisdiction", "call_at")}, default=None)
            )
        )
        note = pl.format(words["odd"].replace("{odd}", "{}"), pl.lit(facts["odd"]))
        note = pl.when(facts["odd"] != "").then(note).otherwise(pl.lit(""))
        why = pl.coalesce("dnc_why", sentence + pl.lit(".")) + note
        number_text = pl.lit("+") + pl.lit(facts["number"].cast(pl.String))
        asked = [name for name in _WORDS if name not in ("dnc_outcome", "dnc_missing", "dnc_why")]
        return verdicts.select(
            number_text.alias("dnc_number"),
            pl.lit(facts["jurisdiction"]).alias("dnc_jurisdiction"),
            pl.col("dnc_outcome").fill_null("undecided"),
            pl.coalesce("dnc_missing", reason).alias("dnc_missing"),
            *asked,
            "dnc_valid_until",
            why.alias("dnc_why"),
        ).select(pl.col(name).fill_null("") if kind == pl.String else name for name, kind in VERDICT.items())


def _fact_columns(frame: pl.DataFrame) -> list[str]:
    """The columns that expressions read, of those a frame has."""
    suffixes = tuple(suffix for suffix in REGISTRY_FACTS if suffix)
    screened = [name for name in frame.columns if name.endswith(suffixes)]
    states = {name.removesuffix("_as_of") for name in screened if name.endswith("_as_of")}
    wanted = {*FACTS, *vocabulary().axes, *screened, *states}
    return [name for name in frame.columns if name in wanted]


# One call, regime by regime


@dataclass(frozen=True)
class Looked:
    """One condition or demand as it came out for one call: its words, and true, false or None."""

    says: str
    value: bool | None


@dataclass(frozen=True)
class Finding:
    """What one regime came to for one call.

    letter: as in `dnc.regimes.findings_sql`. when, exceptions, demand: what was looked at.
    """

    regime: Regime
    letter: str
    when: list[Looked]
    exceptions: list[list[Looked]]
    demand: Looked


def explained(judge: Judge, book: Rulebook, screened: pl.DataFrame) -> list[Finding]:
    """Every regime in force for the one call in `screened`; none where no law can be chosen."""
    pack = book.packs.get(screened["jurisdiction"][0] or "")
    if pack is None or screened["day"][0] is None:
        return []
    regimes = pack.on(screened["day"][0])
    values = iter(judge.evaluate([part.sql for regime in regimes for part in regime.parts], screened))
    letters = judge.evaluate_findings(regimes, screened)

    def looked(parts: Iterable[Part]) -> list[Looked]:
        return [Looked(part.says, next(values)) for part in parts]

    findings = []
    for regime, letter in zip(regimes, letters, strict=True):
        when, exceptions = looked(regime.when), [looked(clause) for clause in regime.exceptions]
        findings.append(Finding(regime, letter, when, exceptions, looked([regime.demanded])[0]))
    return findings
