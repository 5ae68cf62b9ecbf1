"""The page of a check: one file for people, in English or French, that fetches nothing and runs nothing.

It is made of counts: of a row it shows nothing, so no telephone number can stand on it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from dnc.checks.result import Check
from dnc.checks.verdict import OUTCOMES
from dnc.clock import today
from dnc.law.regimes import Regime
from dnc.reports.charts import Bar, bars
from dnc.reports.check_summary import accepted, question, remedy
from dnc.reports.messages import counted, declared, percent, planned, ranked, share_of, words
from dnc.store.audit_log import user

COLOURS = {"clear": "#0b6e4f", "blocked": "#b3261e", "undecided": "#7a5c00"}  # as in page.css; all AA on white
_SECTIONS = (
    "asked", "outcome", "blocked", "undecided", "next", "duties", "found", "unlooked", "registries", "method",
)  # fmt: skip
_IN_CHART = 8


def html(check: Check) -> str:
    """The page of a check, in the check's language."""
    w = words(check.language)
    return rendered("check.html", check.language, check.rows, [(name, w[name]) for name in _SECTIONS], _shown(check))


def rendered(
    template: str, language: str, rows: int, sections: Iterable[tuple[str, str]], shown: dict[str, Any]
) -> str:
    """A template of `dnc/reports/templates` filled in.

    Args:
        template: its name. language: `en` or `fr`.
        rows: all rows of the run, of which the filter `share` tells the share.
        sections: the id and the heading of each section.
        shown: what the template names.
    """
    environment = Environment(
        loader=PackageLoader("dnc.reports", "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["count"] = counted(language)
    environment.filters["share"] = share_of(rows, language)
    environment.filters["percent"] = percent(language)
    told = {"w": words(language), "language": language, "sections": list(sections)}
    text = environment.get_template(template).render(**told, **shown)
    return text.lstrip()


def _shown(check: Check) -> dict[str, Any]:
    """What the template of a check names."""
    tallies, book, language = check.tallies, check.book, check.language
    w = words(language)
    days = sorted(day for day, _ in tallies.days if day)
    blocked, undecided = ranked(book, tallies.blocking()), ranked(book, tallies.undecided())
    stood = {one.registry for one in check.snapshots}
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
        "ends": min((end for end in tallies.ends if end), default=None),
        "blocked": blocked,
        "undecided": undecided,
        "unasked": tallies.by("outcome", "undecided_by")["undecided", ""],
        "charts": {
            "outcome": _outcome_chart(check, w),
            **{
                outcome: _regimes_chart(outcome, regimes, language, w)
                for outcome, regimes in (("blocked", blocked), ("undecided", undecided))
                if regimes
            },
        },
        "questions": _questions(check, w),
        "duties": ranked(book, tallies.duties()),
        "advice": ranked(book, tallies.advice()),
        "kinds": _kinds(check),
        "unread": [(w.get(f"unread_{reason}", reason), rows) for reason, rows in tallies.unread.most_common()],
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
        "unloaded": [id_ for id_ in _asked(check) if id_ not in stood],
        "packs": [book.packs[id_] for (id_,) in sorted(tallies.by("jurisdiction")) if id_],
    }


def _outcome_chart(check: Check, w: dict[str, Any]) -> Markup:
    count, share = counted(check.language), share_of(check.rows, check.language)
    counts = check.counts
    rows = [
        Bar(f"{w['outcomes'][one]} {count(counts[one])} ({share(counts[one])})", counts[one], COLOURS[one])
        for one in OUTCOMES
    ]
    told = {one: count(rows) for one, rows in counts.items()} | {"rows": count(check.rows)}
    return Markup(bars("chart-outcome", w["chart_outcome"], w["chart_outcome_says"].format(**told), rows, count))  # noqa: S704 (made by us, names escaped)


def _regimes_chart(outcome: str, regimes: list[tuple[Regime, int]], language: str, w: dict[str, Any]) -> Markup:
    count = counted(language)
    rows = [Bar(f"{regime.id} {count(found)}", found, COLOURS[outcome]) for regime, found in regimes[:_IN_CHART]]
    says = w["chart_regimes_says"].format(rows=count(rows[0].value))
    return Markup(bars(f"chart-{outcome}", w[f"chart_{outcome}"], says, rows, count))  # noqa: S704 (ids of regimes and our own words)


def _questions(check: Check, w: dict[str, Any]) -> list[dict[str, str | None]]:
    """What would decide the undecided calls: how many wait, the question, and where its answer goes."""
    count = counted(check.language)
    return [
        {
            "rows": w["wait_one"] if rows == 1 else w["wait"].format(count=count(rows)),
            "question": question(word, check.language),
            "remedy": remedy(word, check.language),
        }
        for word, rows in check.tallies.missing().most_common()
    ]


def _kinds(check: Check) -> list[tuple[str, str, list[int]]]:
    """Rows by territory and line: of each outcome, the largest kind first."""
    found = check.tallies.by("territory", "line", "outcome")
    kinds = {(territory, line) for territory, line, _ in found}
    counted = [(*kind, [found[*kind, outcome] for outcome in OUTCOMES]) for kind in kinds]
    return sorted(counted, key=lambda one: (-sum(one[2]), one[0], one[1]))


def _regions(check: Check) -> list[tuple[Regime, list[tuple[str, int]]]]:
    """Regimes that stand open for want of a state's or region's own law, each with the places it is wanted for."""
    open_ = [regime for regime, _ in ranked(check.book, check.tallies.undecided()) if _is_regional(regime)]
    return [(regime, sorted(check.tallies.places(regime.id).items())) for regime in open_]


def _is_regional(regime: Regime) -> bool:
    """Whether the regime stands for the law of places that was not read here."""
    return regime.demand == "not_read" and any(word == "place" for part in regime.parts for _, word in part.reads)


def _without_rules(check: Check) -> list[tuple[str, int]]:
    """Territories of numbers that were read and stand under no rules here."""
    found: Counter[str] = Counter()
    for (territory, missing), rows in check.tallies.by("territory", "missing").items():
        if missing == "jurisdiction":
            found[territory] += rows
    return found.most_common()


def _asked(check: Check) -> list[str]:
    """Registries that the law of the numbers in the list asks about."""
    packs = [check.book.packs[id_] for (id_,) in check.tallies.by("jurisdiction") if id_]
    return sorted({id_ for pack in packs for one in pack.regimes for part in one.parts for id_ in part.registries})
