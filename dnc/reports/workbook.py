"""The extra sheets of a workbook: a summary before the rows, and after them the rules with links to their sources."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import polars as pl

from dnc.checks.result import Check
from dnc.files.writers import Sheet
from dnc.files.xlsx_writer import XLSX_ROWS, sheet_name
from dnc.law.limits import Limit
from dnc.messages import counted, messages, percent, semicolons
from dnc.reports.check_summary import remarks
from dnc.reports.decision import all_past, decision, details, law_used, limit_by, when
from dnc.reports.phrases import declared, labelled, misread, missing, needed
from dnc.verdicts.verdict import missing_thing, reasons


def annex(check: Check) -> dict[str, Sheet]:
    """Sheets by name: the summary, the calls in words, and a row for each citation of the rules that affected calls."""
    texts = messages("page", check.language)
    summary = pl.DataFrame(list(_summary(check)), schema=[texts["sheet_what"], texts["sheet_value"]], orient="row")
    return {
        texts["sheet_summary"]: summary,
        texts["sheet_calls"]: partial(_in_words, check),
        texts["sheet_regimes"]: _regimes(check),
    }


def _in_words(check: Check, rows: pl.LazyFrame) -> pl.LazyFrame:
    """The rows with words for people in place of ids: the result, when to call, why not, what is missing."""
    language, texts, cells = check.language, messages("page", check.language), check.tallies.cells
    names = rows.collect_schema().names()

    def words(field: str, of_one: Callable[[str], str]) -> dict[str, str]:
        joined = {getattr(cell, field) for cell in cells}
        return {ids: semicolons(map(of_one, ids.split(";")), language) for ids in joined if ids}

    outcomes = messages("common", language)["outcome_past" if all_past(check) else "outcome"]
    in_words: dict[str, dict[str, str]] = {
        "outcome": outcomes,
        "blocked_by": words("blocked_by", lambda id_: check.book.regime(id_).title[language]),
        "missing": words("missing", lambda word: missing_thing(word, language)),
        **{key: {} for key in ("valid_until", "next_at", "why") if key == "why" or not all_past(check)},
    }
    columns = [
        pl.col(f"dnc_{name}").replace(replaced).alias(_free(texts["sheet_columns"][name], names))
        for name, replaced in in_words.items()
        if f"dnc_{name}" in names
    ]
    if {"dnc_outcome", "dnc_duties"} <= {*names} and not all_past(check):
        times = _times(check)
        duties = pl.col("dnc_duties").replace_strict([*times], [*times.values()], default="", return_dtype=pl.String)
        clear = pl.when(pl.col("dnc_outcome") == "clear").then(duties).otherwise(pl.lit(""))
        head = messages("decision", language)["head"]["when"]["some"]
        columns.insert(1, clear.alias(_free(head, names)))
    rows = rows.with_columns(pl.col("^dnc_next_at$").str.replace("T", " "))
    return rows.select(*(name for name in names if not name.startswith("dnc_")), *columns)


def _times(check: Check) -> dict[str, str]:
    """When possible calls may be made, by their duties; where these allow several times, what all of them allow."""
    limits: dict[str, Limit] = {}
    for cell in check.tallies.cells:
        if cell.outcome == "clear":
            limit = limit_by(check, filter(None, cell.limits.split(";")))
            limits[cell.duties] = limits.get(cell.duties, Limit()) & limit
    return {duties: when(check, limit) for duties, limit in limits.items()}


def _free(name: str, taken: Sequence[str]) -> str:
    """A name for a column that no other has."""
    return name if name not in taken else _free(f"{name} (dnc)", taken)


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
        name = f"{outcomes[outcome]} (dnc_outcome = {outcome})"
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
        yield labelled(texts["fact"], fact.label, check.language), f"{fact.value} ({by})"
    yield from details(check)


def _regimes(check: Check) -> pl.DataFrame:
    """One row for each citation of each rule: its name, calls by outcome, its text, confidence, source, id."""
    language = check.language
    texts, common = messages("page", language), messages("common", language)
    tallies = check.tallies
    blocked, undecided, duties = tallies.blocking(), tallies.undecided(), tallies.duties()
    rows = [
        (regime.title[language], blocked[regime.id], undecided[regime.id], duties[regime.id], regime.says[language],
         common["grades"][regime.confidence], cite.texts[language], cite.url, regime.id)
        for regime, _ in law_used(check)
        for cite in regime.cites
    ]  # fmt: skip
    counts = [common["outcomes"]["blocked"], common["outcomes"]["undecided"], texts["sheet_duty"]]
    columns = [texts["regime"], *counts, texts["sheet_says"], texts["confidence"], texts["rests"], "URL", "id"]
    schema = {name: pl.UInt32 if name in counts else pl.String for name in columns}
    return pl.DataFrame(rows, schema=schema, orient="row")
