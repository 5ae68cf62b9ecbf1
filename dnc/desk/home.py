"""The home page: a list to check, a registry's file to load, what is loaded and due, and the last checks."""

from __future__ import annotations

import json
import re
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from dnc.desk.forms import Form
from dnc.desk.registry_pages import registries, state
from dnc.desk.routes import form, page
from dnc.desk.visit import Visit
from dnc.messages import LANGUAGES

_LAST = 10  # checks
_OWN_PAGE = re.compile(r"/(?![/\\])[\w\-./?&=%+:;~]*", re.ASCII)


def _home(visit: Visit) -> Response:
    checks = _last_checks(visit) if visit.desk.store.exists else []
    return visit.page("home.html", status=state(visit.desk), registries=registries(visit), checks=checks)


def _last_checks(visit: Visit) -> list[dict[str, Any]]:
    rows = visit.desk.store.log().reverse().filter(verb="check").head(_LAST)
    return [row | {"detail": json.loads(row["detail"])} for row in rows.iter_rows(named=True)]


def _language(visit: Visit, sent: Form) -> Response:
    if sent.get("language") in LANGUAGES:
        visit.session.language = sent.get("language")
    return visit.to(sent.get("then") if _OWN_PAGE.fullmatch(sent.get("then")) else "/")


def _leave(visit: Visit, sent: Form) -> Response:
    visit.desk.jobs.stop(visit.session)
    visit.desk.sessions.end(visit.session)
    return visit.page("left.html")


ROUTES: list[Route] = [page("/", _home), form("/language", _language), form("/leave", _leave)]
