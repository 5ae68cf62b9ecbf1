"""Past checks at the desk: what each came to and rested on, how a list went over time, and what changed between two."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import polars as pl
from starlette.responses import Response
from starlette.routing import Route

from dnc.checks.past import Difference, PastCheck, brief_of_past, difference, less_by, past_check, past_checks
from dnc.checks.questions import masked
from dnc.clock import today
from dnc.desk.desk import RefusedError
from dnc.desk.routes import page
from dnc.desk.visit import Visit, download, whole
from dnc.files.writers import csv_of
from dnc.law.rulebook import Rulebook
from dnc.reports.phrases import fact
from dnc.verdicts.verdict import missing_thing

_PAGE_ROWS = 20
_TREND = 24  # checks in a chart
_MOST = 200  # checks to compare with
_WHY = 3  # reasons that are named


def _all(visit: Visit) -> Response:
    checks, series = past_checks(visit.desk.store), visit.request.query_params.get("list", "")
    of_list = [check for check in checks if check.series == series]
    at, pages = visit.part_of(len(of_list or checks), _PAGE_ROWS)
    trend = of_list[:_TREND][::-1]
    why = partial(in_words, visit.desk.book, visit.session.language)
    return visit.page(
        "past.html",
        series=series if of_list else "",
        checks=(of_list or checks)[(at - 1) * _PAGE_ROWS : at * _PAGE_ROWS],
        trend=trend,
        less={
            now.id: [reason for reason in why(dict(less_by(then, now))) if reason.rows > 0][:_WHY]
            for then, now in pairwise(trend)
            if now.counts["clear"] * then.calls < then.counts["clear"] * now.calls
        },
        page=at,
        pages=pages,
        address=visit.address("list"),
    )


class Why(NamedTuple):
    """A reason for which some calls are not possible: its word, in words, and how many calls, or how many more."""

    word: str
    text: str
    rows: int


def in_words(book: Rulebook, language: str, reasons: Mapping[str, int]) -> list[Why]:
    """Reasons by word: regimes, and words of `dnc_missing`; one that this version does not know keeps its word.

    A policy of this program is left out beside a law that demands the same and has as many calls.
    """
    rules = {word: book.by_id[word] for word in reasons if word in book.by_id}
    laws = {(rule.demand, reasons[word]) for word, rule in rules.items() if rule.force == "law"}
    said = {word for word, rule in rules.items() if rule.force == "policy" and (rule.demand, reasons[word]) in laws}

    def named(word: str) -> str:
        with suppress(KeyError):
            return rules[word].title[language] if word in rules else missing_thing(word, language)
        return word

    return [Why(word, named(word), rows) for word, rows in reasons.items() if word not in said]


def _asked(visit: Visit) -> PastCheck:
    """The check that the address names."""
    if (number := whole(visit.request.path_params["check"])) is None:
        raise RefusedError(404, visit.texts["not_found"])
    return past_check(visit.desk.store, number)


def _compared(visit: Visit) -> tuple[PastCheck, list[PastCheck], Difference | None]:
    """The check that the address names, those before it, and what changed since one of them.

    That is the one that the address asks for, by default the one before of the same list.
    """
    check, asked = _asked(visit), visit.request.query_params.get("with", "")
    others = [one for one in past_checks(visit.desk.store) if one.id < check.id]
    before = [one for one in others if str(one.id) == asked or (not asked and one.series == check.series)]
    return check, others, difference(visit.desk.store, before[0], check) if before else None


def _one(visit: Visit) -> Response:
    store, language = visit.desk.store, visit.session.language
    (check, others, since), why = _compared(visit), partial(in_words, visit.desk.book, language)
    changed = since.calls if since is not None and since.calls is not None else pl.DataFrame()
    at, pages = visit.part_of(changed.height, _PAGE_ROWS)
    used = [one for one in store.snapshots() if one.id in check.detail["snapshots"]]
    return visit.page(
        "past_check.html",
        check=check,
        used=used,
        declared=[fact(name, word, language) for name, word in check.detail["declared"].items()],
        reasons=sorted(why(check.reasons), key=lambda reason: -reason.rows),
        others=others[:_MOST],
        since=since,
        changes=why(since.reasons if since else {}),
        rows=[_row(visit, row) for row in changed[(at - 1) * _PAGE_ROWS : at * _PAGE_ROWS].iter_rows(named=True)],
        here=[one for one in visit.kept("lists").values() if one.result and one.result.id == check.id],
        today=str(today()),
        page=at,
        pages=pages,
        address=visit.address("with"),
    )


def of_call(book: Rulebook, language: str, words: str) -> str:
    """The reasons of one call, of which the words are joined with `;`."""
    return ", ".join(why.text for why in in_words(book, language, dict.fromkeys(filter(None, words.split(";")), 1)))


def _row(visit: Visit, row: dict[str, Any]) -> dict[str, Any]:
    """A call that changed, as the table shows it."""
    words = next((text for name, text in row.items() if name.startswith("dnc_") and text), "")
    reason = of_call(visit.desk.book, visit.session.language, words)
    return row | {"number": masked(f"+{row['number']}"), "call": masked(row["call"] or ""), "reason": reason}


def _changed(visit: Visit) -> Response:
    """The calls that changed, as CSV."""
    check, _, since = _compared(visit)
    if since is None or since.calls is None:
        raise RefusedError(404, visit.texts["not_found"])
    rows = since.calls.with_columns(pl.concat_str(pl.lit("+"), "number").alias("number"))
    return download(csv_of(rows), "text/csv", visit.saved_as("changed", before=since.before.id, check=check.id))


def _brief(visit: Visit) -> Response:
    check = _asked(visit)
    text = brief_of_past(visit.desk.store, check)
    return download(text, "application/toml", visit.saved_as("check", check=check.id))


ROUTES: list[Route] = [
    page("/past", _all),
    page("/past/{check}", _one),
    page("/past/{check}/changed.csv", _changed),
    page("/past/{check}/brief.toml", _brief),
]
