"""From the findings of a call to its verdict: outcome, ids of regimes, and the sentence that says why."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import product
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
LONGEST_WHY = 160  # characters: what a cell of a spreadsheet shows, and a person reads at a glance
_SHORT = 90


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

    short: of `why` the outcome and the citation, where a note on the row needs room.
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
    short: str
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
    why, short = _why(outcome, decisive, missing, because, policy.language)
    return Verdict(
        outcome,
        _ids(blocking),
        _ids(open_),
        missing,
        _ids(applying),
        _ids(duties),
        _ids(advice),
        confidence,
        why,
        short,
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
_RANK = sorted(DEMANDS, key=lambda name: name not in ("consent", "unlisted", "unflagged"))


def _why(
    outcome: str, decisive: list[Regime], missing: str, broken: Mapping[str, str], language: str
) -> tuple[str, str]:
    """A sentence with the citation of the regime that decides, and a short form of it.

    Of regimes that forbid a call, one that does so on any day comes before one that only this day or hour breaks.
    """
    demanding = [regime for regime in decisive if regime.demand != "duty"]
    if not demanding:
        alone = str(messages("why", language)["free" if outcome == "clear" else "jurisdiction"])
        return alone, alone
    words = missing.split(";") if missing else []
    asked = {regime.id: [word for word in words if word in regime.words] for regime in demanding}
    if outcome == "clear":
        first = min(demanding, key=lambda regime: (_RANK.index(regime.demand), regime.id))
    else:
        first = min(
            demanding,
            key=lambda regime: (
                bool(regime.demanded.limit), regime.is_scope, not asked[regime.id], -GRADES.index(regime.confidence),
                regime.id,
            ),
        )  # fmt: skip
    named = tuple(_named(asked[first.id], len(words), language))
    bodies = _bodies(first, outcome, broken.get(first.id), named, language)
    form = outcome
    if outcome == "undecided" and not named and (first.is_not_read or first.is_open):
        form = "not_read" if first.is_not_read else "contested"
    return _sentences(form, bodies, first.cites[0].texts[language], named, language)


def _bodies(
    regime: Regime, outcome: str, reason: str | None, named: tuple[str, ...], language: str
) -> tuple[tuple[str, ...], ...]:
    """What a regime says, the fullest text first: of a broken one the hours that it allows, or why it is not met.

    A text of a later group is for where none of the first fits, however short the citation.
    """
    texts, says, title = messages("why", language), regime.says[language].rstrip("."), regime.title[language]
    limit = regime.demanded.limit
    if outcome == "blocked" and limit and (hours := limit.hours(language)):
        return (texts["hours"].format(hours=hours),), (title,)
    if reason:
        because = texts["broken"][reason]
        return (tuple(texts["because"].format(reason=because, says=body) for body in (says, title)),)
    return ((texts["scope"],),) if regime.is_scope and named else ((says, title),)


@lru_cache(maxsize=4096)
def _sentences(
    form: str, bodies: tuple[tuple[str, ...], ...], cite: str, named: tuple[str, ...], language: str
) -> tuple[str, str]:
    """The fullest sentence that is short enough, and a short form; `form`: the outcome, or why no fact decides it.

    What is missing (`named`, the longest list first) is always said: it comes before the end of a long citation and
    before the text of the rule (`bodies`: its text, and its title), and the end of a citation before that text.
    """
    texts = messages("why", language)
    outcome = form if form in OUTCOMES else "undecided"
    wanting, bare = ([texts[key].replace("{missing}", words) for words in named] for key in ("wanting", "bare"))
    forms = [texts[form], texts["nearest" if outcome == "clear" else outcome]]
    exact, vague = _shortened(cite)
    told = [*product(wanting, exact), *product(wanting, vague), *product(bare, exact), *product(bare, vague)]
    ways = [*told, *product(forms, exact), *product(forms[-1:], vague)]
    filled = (way.format(says=says, cite=cited) for group in bodies for way, cited in ways for says in group)
    brief = [*product(bare, exact), *product((texts["short"][outcome],), (*exact, *vague))]
    shortest = (way.format(cite=cited) for way, cited in brief)
    return _fitting(filled, LONGEST_WHY), _fitting(shortest, _SHORT)


def _named(words: list[str], count: int, language: str) -> Iterator[str]:
    """What words say is missing, in one list, then in shorter ones, each with how many of `count` it leaves out."""
    things, more = [missing_thing(word, language) for word in words], messages("why", language)["more"]
    for left in range(len(things), 0, -1):
        listed = ", ".join(things[:left])
        yield listed if left == count else more.format(missing=listed, n=count - left)


def _shortened(cite: str) -> tuple[list[str], list[str]]:
    """A citation and its beginnings, longest first, whole parts only; and those in which no number names a place.

    A part ends at a semicolon, a comma, or a parenthesis after a blank; the citation is searched from its end.
    """
    found = [cite]
    for separator in (";", ",", r"\( "):
        beginnings = (cite[: -part.end()].rstrip() for part in re.finditer(separator, cite[::-1]))
        beginnings = (part.removesuffix(" and").removesuffix(" et").rstrip(" ,") for part in beginnings)
        found += [part for part in beginnings if part.count("(") == part.count(")")]
    exact = [part for part in found if part == cite or re.search(r"\d", part)]
    return exact, [part for part in found if part not in exact]


def _fitting(texts: Iterable[str], most: int) -> str:
    """The first text that is short enough; if none is, the last one, cut after a word."""
    text = ""
    for text in texts:
        if len(text) <= most:
            return text
    return f"{text[:most].rpartition(' ')[0]}…"


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
