"""The extra sheets of a workbook, after the rows: a summary, and the regimes with links to their sources."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from dnc.checks.result import Check
from dnc.clock import today
from dnc.files.writers import XLSX_ROWS, sheet_name
from dnc.messages import counted, messages, percent
from dnc.reports.phrases import accepted, declared, misread, planned, ranked
from dnc.store.audit_log import user


def annex(check: Check) -> dict[str, pl.DataFrame]:
    """Sheets by name: the summary, and one row for each citation of each regime that affected a call."""
    w = messages("page", check.language)
    summary = pl.DataFrame(list(_summary(check)), schema=["what", "value"], orient="row")
    return {w["sheet_summary"]: summary, w["sheet_regimes"]: _regimes(check)}


def _summary(check: Check) -> Iterator[tuple[str, str]]:
    w, common = messages("page", check.language), messages("common", check.language)
    count, share = counted(check.language), percent(check.language)
    yield w["list"], check.files.name
    yield w["checksum"], str(check.record["sha256"])
    yield w["rows"], count(check.rows)
    for outcome, rows in check.counts.items():
        yield common["outcomes"][outcome], f"{count(rows)} ({share(rows / (check.calls or 1))})"
    yield w["permission_short"], w["permission"]
    yield w["planned"], planned(check)
    for fact in declared(check):
        yield f"{w['fact']}: {fact['name']}", f"{fact['value']} ({fact['by']})"
    yield w["repeated"], count(check.repeated)
    yield w["unread"], count(check.tallies.unread.total())
    for one in misread(check):
        what = f"{one.column} {one.word!r}: {count(one.rows)}"
        yield w["misread"], f"{what} ({one.write})" if one.write else what
    yield from ((w["registries"], line) for line in accepted(check.snapshots, check.language))
    yield w["check"], w["check_value"].format(id=check.id, day=today(), by=user())
    yield w["head"], f"{check.head} ({w['head_says']})"
    yield w["program"], f"dnc {check.record['version']}"
    if check.cut:
        yield w["cut"], w["cut_says"].format(count=count(check.cut))
    if check.calls > XLSX_ROWS:
        last = sheet_name((check.calls - 1) // XLSX_ROWS)
        yield w["split"], w["split_says"].format(count=count(XLSX_ROWS), last=last)


def _regimes(check: Check) -> pl.DataFrame:
    """Columns regime, blocked, undecided, duty (rows), says, confidence, cite, url."""
    grades, tallies = messages("common", check.language)["grades"], check.tallies
    blocked, undecided, duties = tallies.blocking(), tallies.undecided(), tallies.duties()
    rows = [
        (one.id, blocked[one.id], undecided[one.id], duties[one.id], one.says[check.language],
         grades[one.confidence], cite.text, cite.url)
        for one, _ in ranked(check.book, blocked + undecided + duties)
        for cite in one.cites
    ]  # fmt: skip
    columns = ["regime", "blocked", "undecided", "duty", "says", "confidence", "cite", "url"]
    schema = {name: pl.UInt32 if name in columns[1:4] else pl.String for name in columns}
    return pl.DataFrame(rows, schema=schema, orient="row")
