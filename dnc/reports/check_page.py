"""The page of a check: one HTML file for people, in English or French, that loads nothing and runs no script.

It is made from counts and shows nothing of single rows, so no telephone number can appear on it.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from dnc.checks.result import Check
from dnc.checks.verdict import OUTCOMES, reasons
from dnc.clock import today
from dnc.law.regimes import Regime
from dnc.messages import counted, messages, percent
from dnc.reports.page import Bar, Chart, rendered
from dnc.reports.phrases import accepted, consents, declared, misread, planned, question, ranked, remedy
from dnc.store.audit_log import user

_SECTIONS = (
    "asked", "outcome", "blocked", "undecided", "next", "duties", "found", "unlooked", "registries", "method",
)  # fmt: skip
_IN_CHART = 8
_WORDS = 50  # that were not understood, on the page


def html(check: Check) -> str:
    """The page of a check, in the check's language."""
    w = messages("page", check.language)
    return rendered("check.html", check.language, check.calls, [(name, w[name]) for name in _SECTIONS], _values(check))


def _values(check: Check) -> dict[str, Any]:
    """The names that the template of a check uses."""
    tallies, book, language = check.tallies, check.book, check.language
    unread = reasons(language)
    days = sorted(day for day, _ in tallies.days if day)
    blocked, undecided = ranked(book, tallies.blocking()), ranked(book, tallies.undecided())
    loaded = {one.registry for one in check.snapshots}
    snapshots = sorted(check.snapshots, key=lambda one: (one.registry, one.as_of))
    return {
        "id": check.id,
        "head": check.head,
        "day": today(),
        "by": user(),
        "record": check.record,
        "files": check.files,
        "tallies": tallies,
        "counts": tallies.counts,
        "rows": tallies.rows,
        "dated": check.dated,
        "planned": planned(check),
        "last": days[-1] if days else today(),
        "declared": declared(check),
        "consents": consents(check),
        "ends": min((end for end in tallies.ends if end), default=None),
        "blocked": blocked,
        "undecided": undecided,
        "unasked": tallies.by("outcome", "undecided_by")["undecided", ""],
        "charts": {
            "outcome": _outcome_chart(check),
            **{
                outcome: _regimes_chart(outcome, regimes, language)
                for outcome, regimes in (("blocked", blocked), ("undecided", undecided))
                if regimes
            },
        },
        "questions": _questions(check),
        "duties": ranked(book, tallies.duties()),
        "advice": ranked(book, tallies.advice()),
        "kinds": _kinds(check),
        "unread": [(unread.get(reason, reason), rows) for reason, rows in tallies.unread.most_common()],
        "misread": misread(check)[:_WORDS],
        "repeated": check.repeated,
        "elsewhere": check.elsewhere,
        "unplaced": check.unplaced,
        "skipped": check.skipped,
        "ignored": check.ignored,
        "second_numbers": check.second_numbers,
        "regions": _regions(check),
        "countries": _without_rules(check),
        "snapshots": snapshots,
        "accepted": list(accepted(snapshots, language)),
        "unloaded": [id_ for id_ in _asked(check) if id_ not in loaded],
        "packs": [book.packs[id_] for (id_,) in sorted(tallies.by("jurisdiction")) if id_],
    }


def _outcome_chart(check: Check) -> Chart:
    w, outcomes = messages("page", check.language), messages("common", check.language)["outcomes"]
    counts = {outcome: counted(check.language)(rows) for outcome, rows in check.counts.items()}
    share = percent(check.language)
    bars = [
        Bar(f"{outcomes[outcome]} {counts[outcome]} ({share(rows / (check.calls or 1))})", rows, outcome)
        for outcome, rows in check.counts.items()
    ]
    says = w["chart_outcome_says"].format(**counts, rows=counted(check.language)(check.calls))
    return Chart("chart-outcome", w["chart_outcome"], says, bars)


def _regimes_chart(outcome: str, regimes: list[tuple[Regime, int]], language: str) -> Chart:
    w, count = messages("page", language), counted(language)
    bars = [Bar(f"{regime.id} {count(found)}", found, outcome) for regime, found in regimes[:_IN_CHART]]
    says = w["chart_regimes_says"].format(rows=count(bars[0].value))
    return Chart(f"chart-{outcome}", w[f"chart_{outcome}"], says, bars)


def _questions(check: Check) -> list[dict[str, str | None]]:
    """What would decide the undecided calls: how many there are, the question, and where its answer goes."""
    w, count = messages("page", check.language), counted(check.language)
    return [
        {
            "rows": w["calls_one"] if rows == 1 else w["calls"].format(count=count(rows)),
            "question": question(missing, check.language),
            "remedy": remedy(missing, check.language, check.mapped),
        }
        for missing, rows in check.tallies.missing().most_common()
    ]


def _kinds(check: Check) -> list[tuple[str, str, list[int]]]:
    """Territory, line, and the rows of each outcome; most rows first."""
    found = check.tallies.by("territory", "line", "outcome")
    kinds = {(territory, line) for territory, line, _ in found}
    rows = [(*kind, [found[*kind, outcome] for outcome in OUTCOMES]) for kind in kinds]
    return sorted(rows, key=lambda kind: (-sum(kind[2]), kind[0], kind[1]))


def _regions(check: Check) -> list[tuple[Regime, list[tuple[str, int]]]]:
    """Regimes left open because a state's or region's own law was not read, each with the places concerned."""
    open_ = [regime for regime, _ in ranked(check.book, check.tallies.undecided()) if _is_regional(regime)]
    return [(regime, sorted(check.tallies.places(regime.id).items())) for regime in open_]


def _is_regional(regime: Regime) -> bool:
    """Whether the regime represents the law of places that was not read here."""
    return regime.demand == "not_read" and any(word == "place" for part in regime.parts for _, word in part.reads)


def _without_rules(check: Check) -> list[tuple[str, int]]:
    """Territories of readable numbers that have no rules here."""
    found: Counter[str] = Counter()
    for (territory, missing), rows in check.tallies.by("territory", "missing").items():
        if missing == "jurisdiction":
            found[territory] += rows
    return found.most_common()


def _asked(check: Check) -> list[str]:
    """Registries that the law for the numbers in the list depends on."""
    packs = [check.book.packs[id_] for (id_,) in check.tallies.by("jurisdiction") if id_]
    return sorted({id_ for pack in packs for one in pack.regimes for part in one.parts for id_ in part.registries})
