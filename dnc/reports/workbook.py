"""The extra sheets of a workbook: a summary before the rows, and after them the rules with links to their sources."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from dnc.checks.result import Check
from dnc.files.xlsx_writer import XLSX_ROWS, sheet_name
from dnc.messages import counted, messages, percent
from dnc.reports.check_summary import remarks
from dnc.reports.decision import decision, details, law_used
from dnc.reports.phrases import declared, labelled, misread, missing, needed, title
from dnc.verdicts.verdict import reasons


def annex(check: Check) -> dict[str, pl.DataFrame]:
    """Sheets by name: the summary, and one row for each citation of each rule that affected a call."""
    texts = messages("page", check.language)
    summary = pl.DataFrame(list(_summary(check)), schema=[texts["sheet_what"], texts["sheet_value"]], orient="row")
    return {texts["sheet_summary"]: summary, texts["sheet_regimes"]: _regimes(check)}


def _summary(check: Check) -> Iterator[tuple[str, str]]:
    """What the page says, in its order: the decision, what is missing, what was not understood, what was checked."""
    language = check.language
    texts, signs = messages("page", language), messages("decision", language)
    outcomes = messages("common", language)["outcomes"]
    count, share, result = counted(check.language), percent(check.language), decision(check)
    yield texts["outcome"], result.sentence
    yield from ((texts["use"], line) for line in result.facts)
    for outcome, rows in result.counts.items():
        # The column of the rows has the word of the files, in every language.
        name = outcomes[outcome] if outcomes[outcome] == outcome else f"{outcomes[outcome]} (dnc_outcome = {outcome})"
        yield name, f"{count(rows)} ({share(rows / (check.calls or 1))})"
    for block in result.blocks:
        yield from ((block.head, line.counted(language)) for line in block.lines)
    yield texts["permission_short"], signs["possible"]
    if result.approval:
        yield signs["sign_head"], result.approval
    yield from ((signs["sign"][name], value) for name, value in result.signed.items())
    for word, rows in missing(check).most_common():
        yield texts["undecided"], f"{count(rows)} {needed(word, check.language)}"
    unread = reasons(check.language)
    for reason, rows in check.tallies.unread.most_common():
        yield texts["unread"], f"{count(rows)} {unread.get(reason, reason)}"
    for cells in misread(check):
        what = labelled(cells.cell, count(cells.rows), check.language)
        yield texts["cells"], f"{what} ({cells.write})" if cells.write else what
    yield from ((texts["permission_short"], line) for line in remarks(check))
    if check.cut:
        yield texts["cut"], texts["cut_says"].format(count=count(check.cut))
    if check.calls > XLSX_ROWS:
        last = sheet_name((check.calls - 1) // XLSX_ROWS)
        yield texts["split"], texts["split_says"].format(count=count(XLSX_ROWS), last=last)
    for fact, by in declared(check):
        yield labelled(texts["fact"], fact.label, check.language), f"{fact.value} ({fact.id}; {by})"
    yield from details(check)


def _regimes(check: Check) -> pl.DataFrame:
    """One row for each citation of each rule: its name, calls by outcome, its text, confidence, source, id."""
    texts, common, language = (
        messages("page", check.language),
        messages("common", check.language),
        check.language,
    )
    tallies = check.tallies
    blocked, undecided, duties = tallies.blocking(), tallies.undecided(), tallies.duties()
    rows = [
        (title(regime, language), blocked[regime.id], undecided[regime.id], duties[regime.id], regime.says[language],
         common["grades"][regime.confidence], cite.texts[language], cite.url, regime.id)
        for regime, _ in law_used(check)
        for cite in regime.cites
    ]  # fmt: skip
    counts = [common["outcomes"]["blocked"], common["outcomes"]["undecided"], texts["sheet_duty"]]
    columns = [texts["regime"], *counts, texts["sheet_says"], texts["confidence"], texts["rests"], "URL", "id"]
    schema = {name: pl.UInt32 if name in counts else pl.String for name in columns}
    return pl.DataFrame(rows, schema=schema, orient="row")
