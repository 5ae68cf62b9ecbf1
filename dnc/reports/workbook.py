"""The extra sheets of a workbook: a summary before the rows, and behind them the rules with links to their sources."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from dnc.checks.result import Check
from dnc.checks.verdict import reasons
from dnc.files.xlsx_writer import XLSX_ROWS, sheet_name
from dnc.messages import counted, messages, percent
from dnc.reports.check_summary import remarks
from dnc.reports.decision import asked, decision, law_used
from dnc.reports.phrases import declared, labelled, misread, needed, title


def annex(check: Check) -> dict[str, pl.DataFrame]:
    """Sheets by name: the summary, and one row for each citation of each rule that affected a call."""
    w = messages("page", check.language)
    summary = pl.DataFrame(list(_summary(check)), schema=[w["sheet_what"], w["sheet_value"]], orient="row")
    return {w["sheet_summary"]: summary, w["sheet_regimes"]: _regimes(check)}


def _summary(check: Check) -> Iterator[tuple[str, str]]:
    """What the page says, in its order: the decision, what is missing, what was not understood, what was checked."""
    w, d, outcomes = (
        messages("page", check.language),
        messages("decision", check.language),
        messages("common", check.language)["outcomes"],
    )
    count, share, found = counted(check.language), percent(check.language), decision(check)
    yield w["outcome"], found.sentence
    yield from ((w["use"], line) for line in found.facts)
    for outcome, rows in found.counts.items():
        yield outcomes[outcome], f"{count(rows)} ({share(rows / (check.calls or 1))})"
    yield from ((found.why, f"{count(one.rows)} {one.text}") for one in found.reasons)
    yield from ((d["next"], step.text) for step in found.steps)
    if found.holds:
        yield d["holds_head"], found.holds
    yield from ((d[name], "") for name in ("sign_name", "sign_day", "sign_here"))
    yield w["permission_short"], w["permission"]
    for word, rows in check.tallies.missing().most_common():
        yield w["undecided"], f"{count(rows)} {needed(word, check.language)}"
    unread = reasons(check.language)
    for reason, rows in check.tallies.unread.most_common():
        yield w["unread"], f"{count(rows)} {unread.get(reason, reason)}"
    for one in misread(check):
        what = labelled(one.cell, count(one.rows), check.language)
        yield w["cells"], f"{what} ({one.write})" if one.write else what
    yield from ((w["permission_short"], line) for line in remarks(check))
    if check.cut:
        yield w["cut"], w["cut_says"].format(count=count(check.cut))
    if check.calls > XLSX_ROWS:
        last = sheet_name((check.calls - 1) // XLSX_ROWS)
        yield w["split"], w["split_says"].format(count=count(XLSX_ROWS), last=last)
    for fact, by in declared(check):
        yield labelled(w["fact"], fact.label, check.language), f"{fact.value} ({fact.id}; {by})"
    yield from asked(check)


def _regimes(check: Check) -> pl.DataFrame:
    """One row for each citation of each rule: its name, calls of each outcome, its text, confidence, source, id."""
    w, common, language = (
        messages("page", check.language),
        messages("common", check.language),
        check.language,
    )
    tallies = check.tallies
    blocked, undecided, duties = tallies.blocking(), tallies.undecided(), tallies.duties()
    rows = [
        (title(one, language), blocked[one.id], undecided[one.id], duties[one.id], one.says[language],
         common["grades"][one.confidence], cite.texts[language], cite.url, one.id)
        for one, _ in law_used(check)
        for cite in one.cites
    ]  # fmt: skip
    counts = [common["outcomes"]["blocked"], common["outcomes"]["undecided"], w["sheet_duty"]]
    columns = [w["regime"], *counts, w["sheet_says"], w["confidence"], w["rests"], "URL", "id"]
    schema = {name: pl.UInt32 if name in counts else pl.String for name in columns}
    return pl.DataFrame(rows, schema=schema, orient="row")
