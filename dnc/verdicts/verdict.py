"""From the findings of a call to its verdict: outcome, ids of regimes, and the sentence that says why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from dnc.law.condition import Condition
from dnc.law.demands import DEMANDS
from dnc.law.findings import Finding, Truth, all_of, finding_of
from dnc.law.regimes import GRADES, Regime
from dnc.law.vocabulary import vocabulary
from dnc.lists.intake import ROW_REASONS
from dnc.messages import messages, registry_name
from dnc.registries.reasons import REASONS

OUTCOMES = ("clear", "blocked", "undecided")


class Policy(msgspec.Struct, frozen=True):
    """Which findings count, and in which language the verdict is written.

    guidance: under `enforce` a regulator's recommendation counts like law, under `advise` it never decides.
    accepted: ids of regimes that no fact can decide → why the user accepts them on their own responsibility.
    language: of `dnc_why`, one of `dnc.messages.LANGUAGES`.
    """

    guidance: str = "enforce"
    accepted: Mapping[str, str] = {}
    language: str = "en"

    def counts(self, regime: Regime) -> bool:
        """Whether a regime counts for the outcome."""
        return regime.id not in self.accepted and (regime.force != "guidance" or self.guidance == "enforce")


class Verdict(NamedTuple):
    """The verdict on one call; the fields are columns of `dnc.law.vocabulary.VERDICT` without `dnc_`.

    limits, rests_on, broken: see `dnc.verdicts.verdict`, joined with `;`: the first two of a clear call, the third of a
    blocked one.
    """

    outcome: str
    blocked_by: str
    undecided_by: str
    missing: str
    applies: str
    duties: str
    advice: str
    confidence: str
    why: str
    limits: str = ""
    rests_on: str = ""
    broken: str = ""


def worded(
    regimes: list[Regime],
    findings: list[Finding],
    missing: str,
    policy: Policy,
    broken: Mapping[str, str] | None = None,
) -> Verdict:
    """The verdict on a call, in words.

    Args:
        regimes: those in force. findings: what each of them means for the call.
        missing: the facts that those which are open lack, joined with `;`; the verdict on a blocked call names none.
        broken: why demands are not met, by regime (see `dnc.verdicts.verdict.broken_by`).
    """
    found = list(zip(regimes, findings, strict=True))
    counted = [(regime, finding) for regime, finding in found if policy.counts(regime)]
    blocking = [regime for regime, finding in counted if finding.blocks]
    open_ = [regime for regime, finding in counted if finding.is_open]
    applying = [regime for regime, finding in found if finding.applies]
    duties = [regime for regime, finding in found if regime.demand == "duty" and finding.is_met]
    left_out = [(regime, finding) for regime, finding in found if not policy.counts(regime)]
    advice = [regime for regime, finding in left_out if finding.blocks or finding.is_open]
    outcome = outcome_of(regimes, findings, policy)
    missing = missing if outcome == "undecided" else ""
    if outcome == "blocked":
        confidence = max((regime.confidence for regime in blocking), key=GRADES.index)
    elif outcome == "clear":
        confidence = min((regime.confidence for regime in applying), key=GRADES.index, default="high")
    else:
        confidence = ""
    met = [regime for regime, finding in counted if finding is Finding.MET]
    known = [regime for regime, finding in counted if finding is Finding.OPEN and not regime.is_scope]
    decisive = {"blocked": blocking, "undecided": known or open_, "clear": met}[outcome]
    because = {regime.id: broken[regime.id] for regime in blocking if regime.id in broken} if broken else {}
    return Verdict(
        outcome,
        _ids(blocking),
        _ids(open_),
        missing,
        _ids(applying),
        _ids(duties),
        _ids(advice),
        confidence,
        _why(outcome, decisive, missing, because, policy.language),
        broken=";".join(f"{id_}:{reason}" for id_, reason in sorted(because.items())),
    )


def outcome_of(regimes: list[Regime], findings: list[Finding], policy: Policy) -> str:
    """The outcome of the worst finding that counts; `undecided` where no regime is in force at all."""
    counting = [finding for regime, finding in zip(regimes, findings, strict=True) if policy.counts(regime)]
    if any(finding.blocks for finding in counting):
        return "blocked"
    return "undecided" if not regimes or any(finding.is_open for finding in counting) else "clear"


def _ids(regimes: Iterable[Regime]) -> str:
    return ";".join(sorted(regime.id for regime in regimes))


def reasons(language: str) -> dict[str, str]:
    """Why a number cannot be read or may be mistyped: the reason as the reading modules give it → in a language."""
    texts = messages("unread", language)
    return {reason: texts[key] for reason, key in (REASONS | ROW_REASONS).items()}


# Of the demands that a clear call meets, name consent and registries first: they say most about it.
_RANK = sorted(DEMANDS, key=lambda name: name not in ("consent", "unlisted"))


def _why(outcome: str, decisive: list[Regime], missing: str, broken: Mapping[str, str], language: str) -> str:
    """One sentence with all that is missing and the citation of the regime that decides.

    Of regimes that forbid a call, one that does so on any day comes before one that only this day or hour breaks.
    """
    texts = messages("why", language)
    demanding = [regime for regime in decisive if regime.demand != "duty"]
    if not demanding:
        return str(texts["free" if outcome == "clear" else "jurisdiction"])
    words = missing.split(";") if missing else []
    asking = {regime.id for regime in demanding if not regime.words.isdisjoint(words)}
    if outcome == "clear":
        first = min(demanding, key=lambda regime: (_RANK.index(regime.demand), regime.id))
    else:
        first = min(
            demanding,
            key=lambda regime: (
                bool(regime.demanded.limit), regime.is_scope, regime.id not in asking,
                -GRADES.index(regime.confidence), regime.id,
            ),
        )  # fmt: skip
    form, says = outcome, _says(first, broken.get(first.id), outcome, language)
    if first.id in asking:
        form = "wanting"
        says = texts["scope"] if first.is_scope else says
    elif outcome == "undecided" and (first.is_not_read or first.is_open):
        form = "not_read" if first.is_not_read else "contested"
    # What that regime asks comes first.
    named = ", ".join(missing_thing(word, language) for word in sorted(words, key=lambda word: word not in first.words))
    return str(texts[form].format(missing=named, says=says, cite=first.cites[0].texts[language]))


def _says(regime: Regime, reason: str | None, outcome: str, language: str) -> str:
    """What a regime says: of a broken one the hours that it allows, or why it is not met."""
    texts, says, limit = messages("why", language), regime.says[language].rstrip("."), regime.demanded.limit
    if outcome == "blocked" and limit and (hours := limit.hours(language)):
        return str(texts["hours"].format(hours=hours))
    return str(texts["because"].format(reason=texts["broken"][reason], says=says)) if reason else says


def missing_thing(word: str, language: str) -> str:
    """What one word of `dnc_missing` says is missing, as a noun."""
    return about_missing(word, "missing", language)


def about_missing(word: str, key: str, language: str) -> str:
    """The text about one word of `dnc_missing` that columns have under a key, and other words in that section.

    Texts about any registry are found by the part of the word before the colon, and name it as {registry}.
    """
    if word in vocabulary().columns:
        return vocabulary().text(word, key, language)
    texts, (kind, _, registry) = messages(key, language), word.partition(":")
    return str(texts.get(word) or texts[kind].format(registry=registry_name(registry, language)))


# What a verdict rests on

# What is said of a person that can make a call lawful; what belongs to it, such as the day of a consent, goes with it.
GROUNDS = ("recipient", "relationship", "consent")


def limiting(regimes: Iterable[Regime], truth: Truth) -> Iterator[tuple[str, Condition]]:
    """What bounds a lawful call day by day: `regime`, or `regime/part` for a part of its exceptions, and the condition.

    A regime that may apply counts like one that does. One with a lasting exception does not.
    """
    for regime in regimes:
        if all_of(truth[part.sql] for part in regime.when) is False:
            continue
        clauses = [clause for clause in regime.exceptions if all_of(truth[part.sql] for part in clause)]
        daily = [part for clause in clauses for part in clause if part.limit]
        if clauses and not daily:
            continue
        if regime.demanded.limit:
            yield regime.id, regime.demanded
        elif not truth[regime.demanded.sql]:
            parts = list(regime.parts)
            yield from ((f"{regime.id}/{parts.index(part)}", part) for part in daily)


def limit_of(id_: str, regime: Regime) -> Condition:
    """The condition that `limiting` named."""
    _, _, part = id_.partition("/")
    return list(regime.parts)[int(part)] if part else regime.demanded


def resting_on(regimes: Sequence[Regime], truth: Truth) -> Iterator[str]:
    """The columns of `GROUNDS` without which a clear call would not be clear.

    regimes: those that count for the outcome.
    """
    for column in GROUNDS:
        reading = [regime for regime in regimes if _reads(regime, column)]
        parts = (part.sql for regime in reading for part in regime.parts if column in part.sql.columns)
        unknown: dict[str, bool | None] = dict.fromkeys(parts)
        without = {**truth, **unknown}
        findings = (finding_of(regime, without) for regime in reading)
        if any(finding.blocks or finding.is_open for finding in findings):
            yield column


def _reads(regime: Regime, column: str) -> bool:
    return any(column in part.sql.columns for part in regime.parts)


def broken_by(regimes: Iterable[Regime], truth: Truth) -> Iterator[str]:
    """Why the demands of regimes are not met, where that is told apart: `regime:reason` of each."""
    for regime in regimes:
        reason = next((word for sql, word in regime.demanded.broken if truth[sql]), None)
        if reason:
            yield f"{regime.id}:{reason}"
