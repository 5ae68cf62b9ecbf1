"""The home page: a list to check, a registry's file to load, what is loaded and due, and the last checks."""

from __future__ import annotations

import re

from starlette.responses import Response
from starlette.routing import Route

from dnc.checks.past import past_checks
from dnc.desk.check_pages import beginning
from dnc.desk.first_steps import steps
from dnc.desk.forms import Form
from dnc.desk.registry_pages import registries, state
from dnc.desk.routes import form, page
from dnc.desk.visit import Visit
from dnc.messages import LANGUAGES

_LAST = 10  # checks
_OWN_PAGE = re.compile(r"/(?![/\\])[\w\-./?&=%+:;~]*", re.ASCII)


def _home(visit: Visit) -> Response:
    checks, now = past_checks(visit.desk.store, _LAST), state(visit.desk)
    return visit.page(
        "home.html",
        status=now,
        steps=steps(visit.desk, visit.session.language, now, checked=bool(checks)),
        registries=registries(visit),
        checks=checks,
        **beginning(visit),
    )


def _language(visit: Visit, sent: Form) -> Response:
    if sent.get("language") in LANGUAGES:
        visit.session.language = sent.get("language")
    return visit.to(sent.get("then") if _OWN_PAGE.fullmatch(sent.get("then")) else "/")


def _leave(visit: Visit, sent: Form) -> Response:
    visit.desk.jobs.stop(visit.session)
    visit.desk.sessions.end(visit.session)
    return visit.page("left.html")


ROUTES: list[Route] = [page("/", _home), form("/language", _language), form("/leave", _leave)]
