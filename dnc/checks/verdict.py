"""From the findings of a call to its verdict: outcome, ids of regimes, and the sentence that says why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from dnc.checks.intake import TORN
from dnc.files.table import FEWER, MORE, QUOTED, UNEVEN, UNNAMED
from dnc.law.demands import DEMANDS
from dnc.law.findings import Finding
from dnc.law.regimes import GRADES, Regime
from dnc.messages import messages
from dnc.numbers.normalise import EMPTY, NOT_WRITTEN, SEVERAL, TOO_LONG
from dnc.numbers.reader import MAILBOX, NO_LENGTH, NO_NUMBER, TWO_WAYS, UNPLANNED

OUTCOMES = ("clear", "blocked", "undecided")


@dataclass(frozen=True)
class Policy:
    """Which findings count, and in which language the verdict is written.

    guidance: under `enforce` a regulator's recommendation counts like law, under `advise` it never decides.
    accepted: ids of regimes that no fact can decide → why the user accepts them on their own responsibility.
    language: of `dnc_why`, `en` or `fr`.
    """

    guidance: str = "enforce"
    accepted: Mapping[str, str] = field(default_factory=dict)
    language: str = "en"

    def counts(self, regime: Regime) -> bool:
        """Whether a regime counts for the outcome."""
        return regime.id not in self.accepted and (regime.force == "law" or self.guidance == "enforce")


@dataclass(frozen=True)
class Verdict:
    """The verdict on one call; the fields are columns of `dnc.law.vocabulary.VERDICT` without `dnc_`."""

    outcome: str
    blocked_by: str
    undecided_by: str
    missing: str
    applies: str
    duties: str
    advice: str
    confidence: str
    why: str


def worded(regimes: list[Regime], findings: list[Finding], missing: str, policy: Policy) -> Verdict:
    """The verdict on a call, in words.

    Args:
        regimes: those in force. findings: what each of them means for the call.
        missing: the value of `dnc_missing`.
    """
    found = list(zip(regimes, findings, strict=True))
    counted = [(regime, finding) for regime, finding in found if policy.counts(regime)]
    blocking = [regime for regime, finding in counted if finding.blocks]
    open_ = [regime for regime, finding in counted if finding.is_open]
    applying = [regime for regime, finding in found if finding.applies]
    duties = [regime for regime, finding in found if regime.demand == "duty" and finding.is_met]
    left_out = [(regime, finding) for regime, finding in found if not policy.counts(regime)]
    advice = [regime for regime, finding in left_out if finding.blocks or finding.is_open]
    outcome = outcome_of(findings, [policy.counts(regime) for regime in regimes])
    if outcome == "blocked":
        confidence = max((one.confidence for one in blocking), key=GRADES.index)
    elif outcome == "clear":
        confidence = min((one.confidence for one in applying), key=GRADES.index, default="high")
    else:
        confidence = ""
    met = [regime for regime, finding in counted if finding is Finding.MET]
    decisive = {"blocked": blocking, "undecided": open_, "clear": met}[outcome]
    why = _why(outcome, decisive, missing, len(duties), policy.language)
    return Verdict(
        outcome, _ids(blocking), _ids(open_), missing, _ids(applying), _ids(duties), _ids(advice), confidence, why
    )


def outcome_of(findings: list[Finding], counted: list[bool]) -> str:
    """The outcome of the worst finding that counts; `undecided` where no regime is in force at all."""
    counting = [finding for finding, counts in zip(findings, counted, strict=True) if counts]
    if any(finding.blocks for finding in counting):
        return "blocked"
    return "undecided" if not findings or any(finding.is_open for finding in counting) else "clear"


def _ids(regimes: Iterable[Regime]) -> str:
    return ";".join(sorted(regime.id for regime in regimes))


_REASONS = {
    "region": "region", EMPTY: "empty", SEVERAL: "several", NOT_WRITTEN: "not_written", TOO_LONG: "too_long",
    TWO_WAYS: "two_ways", NO_NUMBER: "no_number", NO_LENGTH: "no_length", UNPLANNED: "unplanned", MAILBOX: "mailbox",
    FEWER: "fewer", MORE: "more", UNEVEN: "uneven", UNNAMED: "unnamed", QUOTED: "quoted", TORN: "torn",
}  # fmt: skip


def reasons(language: str) -> dict[str, str]:
    """Why a number cannot be read or may be mistyped: the reason as the reading modules give it → in a language."""
    texts = messages("unread", language)
    return {reason: texts[key] for reason, key in _REASONS.items()}


# Of the demands that a clear call meets, name consent and registries first: they say most about it.
_RANK = sorted(DEMANDS, key=lambda name: name not in ("consent", "unlisted", "unflagged"))


def _why(outcome: str, decisive: list[Regime], missing: str, duties: int, language: str) -> str:
    """One sentence, with the citation of the regime that decides."""
    texts: dict[str, str] = messages("why", language)
    demanding = [one for one in decisive if one.demand != "duty"]
    if outcome == "undecided" and not demanding:
        return f"{texts['jurisdiction']}."
    if outcome == "clear" and not demanding:
        return texts["clear"].format(closest="", duties=duties) + "."
    if outcome == "clear":
        first = min(demanding, key=lambda one: (_RANK.index(one.demand), one.id))
    else:
        first = min(demanding, key=lambda one: (one.is_scope, -GRADES.index(one.confidence), one.id))
    says, cite = first.says[language].rstrip("."), first.cites[0].text
    if outcome == "clear":
        closest = texts["closest"].format(says=says, cite=cite)
        return texts["clear"].format(closest=closest, duties=duties) + "."
    wanted = ", ".join(_wanted(word, language) for word in missing.split(";") if word)
    named = texts["missing"].format(missing=wanted) if wanted else ""
    others = texts["others"].format(n=len(demanding) - 1) if len(demanding) > 1 else ""
    return texts[outcome].format(says=says, cite=cite, others=others, missing=named) + "."


def _wanted(word: str, language: str) -> str:
    """One word of `dnc_missing` as a person would say it."""
    return about_missing(word, messages("missing", language), language)


def about_missing(word: str, texts: Mapping[str, str], language: str) -> str:
    """What some messages say about one word of `dnc_missing`.

    texts: by word; those about any registry, by the part of the word before the colon, name it as {registry}.
    """
    kind, _, registry = word.partition(":")
    return texts[word] if word in texts else texts[kind].format(registry=registry_name(registry, language))


def registry_name(registry: str, language: str) -> str:
    """The name of a registry for people; its id where there is none."""
    return str(messages("registry", language).get(registry, registry))
