"""The folder for an authority at the desk: a form with the days, and the zip as a download."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import Route

from dnc.checks.inspection import Scope, inspect
from dnc.desk.forms import Form
from dnc.desk.routes import form, page
from dnc.desk.visit import Visit, download
from dnc.reports.inspection_folder import write_folder
from dnc.store import campaigns


def _form(visit: Visit, wrong: tuple[str, ...] = ()) -> Response:
    kept = {name: name for name in campaigns.in_store(visit.desk.store.ledger)}
    errors = [(name, visit.texts["inspection_day"]) for name in wrong]
    return visit.page(
        "inspection_form.html", 400 if wrong else 200, campaigns=kept, errors=errors, signer=visit.desk.signer
    )


def _make(visit: Visit, sent: Form) -> Response:
    first, last, store = sent.day("from"), sent.day("to"), visit.desk.store
    if not first or not last:
        return _form(visit, tuple(name for name in ("from", "to") if not sent.day(name)))
    found = inspect(store, Scope(first, last, sent.get("campaign") or None))
    desk, language, numbers = visit.desk, visit.session.language, bool(sent.get("annexes"))
    with store.work("inspection") as work:
        out = work / "folder.zip"
        write_folder(out, store, found, desk.book, language, numbers=numbers, signer=desk.signer)
        data = out.read_bytes()
    return download(data, "application/zip", f"dnc-inspection-{first}-{last}.zip")


ROUTES: list[Route] = [page("/log/inspection", _form), form("/log/inspection", _make)]
