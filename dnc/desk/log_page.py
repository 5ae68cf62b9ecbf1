"""The log at the desk: who did what, filtered; verified, and downloaded; and the folder for an authority."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
from starlette.responses import Response
from starlette.routing import Route

from dnc.checks.inspection import Scope, inspect
from dnc.desk.forms import Form
from dnc.desk.progress import begin, begin_file, result_of
from dnc.desk.routes import form, page
from dnc.desk.visit import Errors, Visit, download
from dnc.files.writers import csv_of
from dnc.messages import counted, dated, messages, registry_name, semicolons
from dnc.reports.inspection_folder import write_folder
from dnc.store import campaigns
from dnc.store.record_kinds import OWN_VALID_DAYS
from dnc.store.verify import Findings, verify_log
from dnc.verdicts.verdict import OUTCOMES

_PAGE_ROWS = 50
_FILTERS = {"verb": "verb", "by": "done_by"}  # parameters of the address, and the columns that they choose by
# Of the details of a row.
_SHOWN = ("input", "offered", "registry", "name", "as_of", "count", "counts", "on", "records", "rows", OWN_VALID_DAYS)


def _verify(visit: Visit, sent: Form) -> Response:
    journal = visit.desk.store.journal
    return begin(visit, lambda _: verify_log(journal), "verify", onward="/log/verified/{job}", back="/log")


def _log(visit: Visit) -> Response:
    """The log, with what its verification found where the address names one."""
    store, query = visit.desk.store, visit.request.query_params
    findings: Findings | None = result_of(visit, "verify") if visit.request.path_params else None
    rows = store.log() if store.exists else None
    if rows is None:
        return visit.page("log.html", verbs={}, findings=None)
    filters = {name: query[name] for name in _FILTERS if query.get(name)}
    chosen = rows.filter(*(pl.col(_FILTERS[name]) == word for name, word in filters.items()))
    at, pages = visit.part_of(chosen.height, _PAGE_ROWS)
    part = chosen.reverse().slice((at - 1) * _PAGE_ROWS, _PAGE_ROWS)
    return visit.page(
        "log.html",
        rows=[row | {"detail": _detail(row["detail"], visit.session.language)} for row in part.iter_rows(named=True)],
        verbs={verb: visit.texts["verbs"].get(verb, verb) for verb in sorted(rows["verb"].unique())},
        names={name: name for name in sorted(rows["done_by"].unique())},
        filters=filters,
        findings=findings,
        page=at,
        pages=pages,
        address=visit.address(*_FILTERS),
    )


def _detail(text: str, language: str) -> str:
    """The most important details of a row of the log, in one line."""
    detail: dict[str, Any] = json.loads(text)
    labels, colon = messages("desk", language)["log_detail"], messages("common", language)["colon"]
    shown = {name: detail[name] for name in _SHOWN if detail.get(name) not in (None, "", [], {})}
    return semicolons(
        (f"{labels[name]}{colon} {_text(name, value, language)}" for name, value in shown.items()), language
    )


def _text(name: str, value: Any, language: str) -> str:
    if name == "registry":
        return registry_name(value, language)
    if name == "records":
        kinds = messages("records", language)["kinds"]
        return ", ".join(kinds[kind] for kind in ([value] if isinstance(value, str) else value))
    if name == "offered":
        return str(messages("common", language)["yes"])
    if name in ("as_of", "on"):
        return dated(language)(value)
    if name == "counts":
        common, count = messages("common", language), counted(language)
        one_or_many = [("outcome" if value[outcome] < 2 else "outcomes", outcome) for outcome in OUTCOMES]
        return ", ".join(f"{count(value[outcome])} {common[number][outcome]}" for number, outcome in one_or_many)
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _download(visit: Visit) -> Response:
    return download(csv_of(visit.desk.store.log()), "text/csv", visit.saved_as("log"))


def _inspection(visit: Visit, errors: Errors = ()) -> Response:
    kept = {name: name for name in campaigns.in_store(visit.desk.store.journal)}
    return visit.page("inspection_form.html", errors=errors, campaigns=kept, signer=visit.desk.signer)


def _folder(visit: Visit, sent: Form) -> Response:
    first, last, store = sent.day("from"), sent.day("to"), visit.desk.store
    if not first or not last:
        return _inspection(
            visit, [(name, visit.texts["inspection_day"]) for name in ("from", "to") if not sent.day(name)]
        )
    scope = Scope(first, last, sent.get("campaign") or None)
    desk, language, numbers = visit.desk, visit.session.language, bool(sent.get("numbers"))

    def make(folder: Path) -> Path:
        out = folder / visit.saved_as("folder", first=first, last=last)
        write_folder(out, inspect(store, scope), desk.book, language, numbers=numbers, signer=desk.signer)
        return out

    return begin_file(visit, "/log/inspection", make)


ROUTES: list[Route] = [
    page("/log", _log),
    form("/log/verify", _verify),
    page("/log/verified/{job}", _log),
    page("/log/log.csv", _download),
    page("/log/inspection", _inspection),
    form("/log/inspection", _folder),
]
