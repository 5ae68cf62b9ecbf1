"""The result of a check for the person who decides, in the words that terminal, page and spreadsheet share.

They say, in this order, how many calls are possible, why the others are not, what to do next, and how long that holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from dnc.checks.result import Check
from dnc.clock import today
from dnc.law.regimes import Regime
from dnc.law.vocabulary import vocabulary
from dnc.messages import counted, dated, messages
from dnc.reports.phrases import consents, labelled, missing, needed, planned, ranked, remedy, rows_left, title
from dnc.store.audit_log import user
from dnc.verdicts.verdict import missing_thing

_REASONS = 3
_STEPS = 2  # about what is missing


class Reason(NamedTuple):
    """Why some calls are not possible. outcome: `blocked` or `undecided`. text: in words, after the number."""

    rows: int
    outcome: str
    text: str


class Step(NamedTuple):
    """Something to do, in one sentence. how: the command or the line of the brief that does it, or None."""

    text: str
    how: str | None = None


class Decision(NamedTuple):
    """What a person decides on.

    sentence: the result, with its three numbers. facts: lines about the use and the day. counts: rows by outcome.
    why: the heading of the reasons. reasons: those of most rows, most first. steps: what to do, in this order.
    holds: until when the result holds.
    """

    sentence: str
    facts: Sequence[str]
    counts: Mapping[str, int]
    why: str
    reasons: Sequence[Reason]
    steps: Sequence[Step]
    holds: str


def decision(check: Check) -> Decision:
    """The decision that a check asks for, in its language."""
    tallies, language = check.tallies, check.language
    facts = [*_persons(check), *_beside_sale(check), use(facts_for_all(check), planned(check), language)]
    if not check.calls:
        return Decision(messages("decision", language)["no_rows"], facts, check.counts, "", [], [], "")
    blocked = [(title(regime, language), rows) for regime, rows in ranked(check.book, tallies.blocking())]
    return Decision(
        sentence=sentence(check.counts, language),
        facts=facts,
        counts=check.counts,
        why=why(check.counts, language),
        reasons=heaviest(blocked, missing(check), tallies.unclear(), language, sum(rows_left(check).values())),
        steps=_steps(check),
        holds=_holds(check),
    )


def _persons(check: Check) -> Iterator[str]:
    count = counted(check.language)
    if check.persons is not None:
        text = messages("summary", check.language)["persons"]
        yield text.format(calls=count(check.calls), persons=count(check.persons))


def _beside_sale(check: Check) -> Iterator[str]:
    """A warning of possible calls for an opinion or information about what the business sells."""
    if n := check.tallies.duties()["survey-beside-sale"]:
        yield messages("decision", check.language)["beside_sale"].format(n=counted(check.language)(n))


def sentence(counts: Mapping[str, int], language: str) -> str:
    """The three numbers of a result in one sentence."""
    texts, count, rows = messages("decision", language)["outcome"], counted(language), sum(counts.values())
    forms = {0: "none", 1: "one"}
    parts = [
        texts[outcome][forms.get(n, "many")].format(count=count(n), rows=count(rows)) for outcome, n in counts.items()
    ]
    return ", ".join(parts) + "."


def why(counts: Mapping[str, int], language: str) -> str:
    """The heading of the reasons why calls are not possible."""
    return str(messages("decision", language)["why"]["others" if counts["clear"] else "none"])


def use(facts: Mapping[str, str], days: str, language: str) -> str:
    """One line: who calls, for what purpose and with what voice if these are not the usual ones, and when."""
    vocab = vocabulary()
    assumed = {"purpose": vocab.purposes.get(facts.get("caller", "")), "voice": "human"}
    parts = []
    for fact in ("caller", "purpose", "voice"):
        value = facts.get(fact)
        if value in vocab.axes[fact] and value != assumed.get(fact):
            parts.append(labelled(vocab.label(fact, language), vocab.value(fact, value, language), language))
    return " · ".join([*parts, labelled(vocab.label("call_at", language), days, language)])


def heaviest(
    blocked: Sequence[tuple[str, int]], missing: Mapping[str, int], unclear: int, language: str, rows_left: int = 0
) -> list[Reason]:
    """The reasons why most calls are not possible, at least one for each outcome that occurs.

    Args:
        blocked: titles of regimes that forbid calls, with the calls. missing: calls by word of `dnc_missing`.
        unclear: calls that no fact can decide. rows_left: calls whose rows are written so that they are not decided.
    """
    texts = messages("decision", language)["reason"]
    reasons = [
        *(
            Reason(n, "blocked", texts["blocked"]["one" if n == 1 else "many"].format(title=name))
            for name, n in blocked
        ),
        *(
            Reason(n, "undecided", texts["missing"].format(missing=missing_thing(word, language)))
            for word, n in missing.items()
        ),
        Reason(unclear, "undecided", texts["unclear"]),
        Reason(rows_left, "undecided", texts["row"]),
    ]
    reasons = sorted((reason for reason in reasons if reason.rows), key=lambda reason: -reason.rows)
    first, others = reasons[: _REASONS - 1], reasons[_REASONS - 1 :]
    shown = {reason.outcome for reason in first}
    last = next((reason for reason in others if len(shown) == 1 and reason.outcome not in shown), None)
    return sorted([*first, *([last] if last else others[:1])], key=lambda reason: -reason.rows)


def _steps(check: Check) -> list[Step]:
    texts, count, counts = messages("decision", check.language)["step"], counted(check.language), check.counts
    later = _another_day(check)
    if all_forbidden(counts) and not later:
        return [Step(texts["forbidden"])]
    steps = [Step(texts["clear" if counts["clear"] else "none"].format(count=count(counts["clear"])))]
    if later:
        steps.append(Step(texts["later"].format(calls=calls(later, check.language))))
    if others := counts["blocked"] - later:
        steps.append(Step(texts["others" if later else "blocked"].format(count=count(others))))
    how = texts["row_how"] if check.typed else {}
    steps += [Step(texts["row"][key].format(n=count(n)), how.get(key)) for key, n in rows_left(check).items()]
    for word, n in missing(check).most_common(_STEPS):
        ask = needed(word, check.language).rstrip(".")
        text = texts["missing"].format(ask=ask, calls=calls(n, check.language))
        steps.append(Step(text, remedy(word, n, check)))
    if unclear := check.tallies.unclear():
        steps.append(Step(texts["unclear"].format(calls=calls(unclear, check.language))))
    return steps


def _another_day(check: Check) -> int:
    """Calls that only rules forbid which are judged day by day, such as those about hours."""
    daily = {regime.id for regime, _ in ranked(check.book, check.tallies.blocking()) if regime.demanded.daily}
    blocked = check.tallies.by("blocked_by").items()
    return sum(rows for (ids,), rows in blocked if ids and daily.issuperset(ids.split(";")))


def _holds(check: Check) -> str:
    texts = messages("decision", check.language)["holds"]
    if not check.counts["clear"]:
        forbidden = "later" if _another_day(check) else "forbidden"
        return str(texts[forbidden if all_forbidden(check.counts) else "none"])
    end = first_end(check)
    return str(texts["until"].format(day=dated(check.language)(end)) if end else texts["open"])


def all_forbidden(counts: Mapping[str, int]) -> bool:
    """Whether every call is forbidden, so that nothing is left to find out."""
    return counts["blocked"] == sum(counts.values())


def first_end(check: Check) -> date | None:
    """The day after which the first of the clear calls is no longer clear; None if they stay clear."""
    return min((end for end in check.tallies.ends if end), default=None)


def calls(count: int, language: str) -> str:
    """A number of calls in words: 1 call, 1,000 calls."""
    texts = messages("page", language)
    return str(texts["calls_one"] if count == 1 else texts["calls"].format(count=counted(language)(count)))


def facts_for_all(check: Check) -> dict[str, str]:
    """The facts that hold for every call: the declared ones for which the list has no column."""
    mapped = check.header.columns
    facts = {name: value for name, value in check.brief.facts.items() if name not in mapped}
    purpose = vocabulary().purposes.get(facts.get("caller", ""))
    return ({"purpose": purpose} if purpose and "purpose" not in mapped else {}) | facts


def law_used(check: Check) -> list[tuple[Regime, int]]:
    """Every regime that is named in the reports of a check, those of most calls first."""
    tallies = check.tallies
    return ranked(check.book, tallies.blocking() + tallies.undecided() + tallies.duties() + tallies.advice())


def details(check: Check) -> list[tuple[str, str]]:
    """What was checked, how and by whom, with the checksums that prove it: a label and a value each."""
    texts, record = messages("page", check.language), check.record
    rows = [
        (texts["list"], check.files.name),
        (texts["list_rows"], counted(check.language)(check.rows)),
        (texts["checksum"], str(record["sha256"])),
        (texts["planned"], planned(check)),
        (texts["region"], record["region"] or messages("common", check.language)["none"]),
        (texts["guidance"], texts["guidance_means"][record["guidance"]]),
        (texts["check"], made(check)),
        (texts["head"], f"{check.head} ({texts['head_says' if check.typed else 'head_kept']})"),
        (texts["program"], f"dnc {record['version']}"),
    ]
    if counts := consents(check.record["consents"], check.language):
        rows.insert(4, (texts["consents"], f"{counts} {record['consents']['sha256']}"))
    return rows


def made(check: Check) -> str:
    """The number of a check, and when and by whom it was made."""
    texts = messages("page", check.language)
    return str(texts["check_value"].format(id=check.id, day=dated(check.language)(today()), by=user()))
