"""The page of a check: one HTML file for people that loads nothing and runs no script.

It is made from counts and shows nothing about single rows, so no telephone number can appear on it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from dnc.checks.result import Check
from dnc.clock import today
from dnc.law.regimes import Regime
from dnc.messages import messages
from dnc.reports.check_summary import of_consents, remarks
from dnc.reports.decision import all_past, calls, decision, details, facts_for_all, law_used, made
from dnc.reports.law_changes import spans
from dnc.reports.page import rendered
from dnc.reports.phrases import (
    MOST_TEXTS,
    accepted,
    declared,
    few,
    misread,
    missing,
    needed,
    ranked,
    remedy,
    without_meaning,
)
from dnc.verdicts.verdict import OUTCOMES, missing_thing, reasons

_SECTIONS = (
    "blocked", "undecided", "misread", "duties", "dates",
    "annex", "asked", "found", "registries", "law", "method",
)  # fmt: skip
_ENDS = 6  # days on which clear calls end, on the page
_YEAR = timedelta(days=365)


def html(check: Check) -> str:
    """The page of a check, in the check's language."""
    texts = messages("page", check.language)
    shown = {name: texts[name] for name in _SECTIONS if name != "duties" or not all_past(check)}
    return rendered("check.html", check.language, shown, _values(check))


def _values(check: Check) -> dict[str, Any]:
    """The names that the template of a check uses."""
    tallies, book, language = check.tallies, check.book, check.language
    unread = reasons(language)
    days = sorted(day for day, _ in tallies.days if day) or [today()]
    window = (days[0], days[-1] + _YEAR)
    packs = [book.packs[id_] for (id_,) in sorted(tallies.by("jurisdiction")) if id_]
    snapshots = sorted(check.loaded, key=lambda snapshot: (snapshot.registry, snapshot.as_of))
    return {
        "title": messages("page", language)["title"].format(name=check.files.name),
        "made": made(check),
        "decision": decision(check),
        "blocked": ranked(book, tallies.blocking()),
        "undecided": [(regime, rows) for regime, rows in ranked(book, tallies.undecided()) if not regime.is_scope],
        "beyond": list(_beyond(check)),
        "missing": _missing(check),
        "unclear": tallies.unclear(),
        "unasked": tallies.by("outcome", "undecided_by")["undecided", ""],
        "regions": _regions(check),
        "countries": _without_rules(check),
        "unread": {unread.get(reason, reason): rows for reason, rows in tallies.unread.most_common()},
        "misread": misread(check)[:MOST_TEXTS],
        "without_meaning": without_meaning(check)[:MOST_TEXTS],
        "misread_cells": sum(tallies.misread.values()),
        "remarks": list(remarks(check)),
        "duties": ranked(book, tallies.duties()),
        "advice": ranked(book, tallies.advice()),
        "window": window,
        "changes": spans(packs, facts_for_all(check), *window, language),
        "ends": _ends(check),
        "read": {pack.read_until for pack in packs},
        "details": details(check),
        "declared": declared(check),
        "record": check.record,
        "typed": check.typed,
        "kinds": _kinds(check),
        "consents": list(of_consents(check)),
        "last": days[-1],
        "snapshots": snapshots,
        "accepted": list(accepted(snapshots, language)),
        "unloaded": sorted(word.partition(":")[2] for word in tallies.missing() if word.startswith("registry:")),
        "law": [regime for regime, _ in law_used(check)],
        "packs": packs,
        "book": book,
    }


def _missing(check: Check) -> list[dict[str, Any]]:
    """What undecided calls lack: how many there are, what to do, and where the answer goes."""
    return [
        {"rows": rows, "ask": needed(word, check.language), "remedy": remedy(word, rows, check)}
        for word, rows in missing(check).most_common()
    ]


def _ends(check: Check) -> list[tuple[date, int]]:
    """Days after which fewer calls are clear, with how many still are; a few days, including the first and the last."""
    left, ends = check.counts["clear"], []
    for end in sorted(end for end in check.tallies.ends if end):
        left -= check.tallies.ends[end]
        ends.append((end, left))
    return few(ends, _ENDS)


def _kinds(check: Check) -> list[tuple[str, str, list[int]]]:
    """Territory, line, and the rows of each outcome; most rows first."""
    counts = check.tallies.by("territory", "line", "outcome")
    kinds = {(territory, line) for territory, line, _ in counts}
    rows = [(*kind, [counts[*kind, outcome] for outcome in OUTCOMES]) for kind in kinds]
    return sorted(rows, key=lambda kind: (-sum(kind[2]), kind[0], kind[1]))


def _regions(check: Check) -> list[tuple[Regime, list[tuple[str, int]]]]:
    """Regimes that stay open because the law of a state or region was not read, each with the places concerned."""
    left = ranked(check.book, check.tallies.undecided())
    open_ = [regime for regime, _ in left if regime.demand == "not_read" and "place" in regime.words]
    return [(regime, sorted(check.tallies.places(regime.id).items())) for regime in open_]


def _beyond(check: Check) -> Iterator[str]:
    """What is not known of calls that may be others than those that a rules file was written for: a sentence a file."""
    text, language = messages("page", check.language)["beyond"], check.language
    for scope, rows in ranked(check.book, check.tallies.undecided()):
        if scope.is_scope:
            open_ = check.tallies.by("undecided_by", "missing")
            words = {word for ids, missing in open_ if scope.id in ids.split(";") for word in missing.split(";")}
            things = ", ".join(missing_thing(word, language) for word in sorted(words & scope.words))
            yield text.format(calls=calls(rows, language), missing=things)


def _without_rules(check: Check) -> list[tuple[str, int]]:
    """Territories of readable numbers that have no rules here."""
    territories: Counter[str] = Counter()
    for (territory, word), rows in check.tallies.by("territory", "missing").items():
        if word == "jurisdiction":
            territories[territory] += rows
    return territories.most_common()
