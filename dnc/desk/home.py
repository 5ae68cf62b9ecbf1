"""The home page: a list to check, a registry's file to load, what is loaded and due, and the last checks.

The first minute at a desk, too: three steps on an empty store, sample files to try them with, and a warm start.
"""

from __future__ import annotations

import re
from contextlib import suppress
from importlib.resources import as_file, files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from starlette.responses import Response
from starlette.routing import Route

from dnc.checks.interview import Interview
from dnc.checks.past import past_checks
from dnc.checks.status import Status
from dnc.clock import today
from dnc.desk.check_pages import beginning
from dnc.desk.desk import Desk, RefusedError
from dnc.desk.forms import Form
from dnc.desk.office import region_of
from dnc.desk.registry_pages import registries, state
from dnc.desk.routes import form, page
from dnc.desk.visit import Visit, download
from dnc.errors import DncError
from dnc.messages import LANGUAGES
from dnc.registries import OWN
from dnc.store.store import Store

_LAST = 10  # checks
_OWN_PAGE = re.compile(r"/(?![/\\])[\w\-./?&=%+:;~]*", re.ASCII)
_FOLDER = files("dnc.desk") / "samples"
SAMPLES = ("clients.csv", "opposition.csv")


class Steps(NamedTuple):
    """What is done of the three steps: the own list, the registries that the law asks for, and a list.

    country: whose law, by its name; "" if it is not known. asked: its registries → whether they are loaded.
    """

    own: bool
    country: str
    asked: dict[str, bool]
    checked: bool


def steps(desk: Desk, language: str, status: Status | None, *, checked: bool) -> Steps | None:
    """The three steps; None once a list was checked with an own list in the store."""
    loaded = {row.registry for row in status.registries} if status else set()
    own = OWN in loaded or bool(status and status.own_numbers)
    if own and checked:
        return None
    pack = desk.book.packs.get(region_of(desk).lower())
    parts = [part for regime in pack.on(today()) for part in regime.parts] if pack else []
    asked = sorted({registry for part in parts for registry in part.registries} - {OWN})
    country = pack.name[language] if pack else ""
    return Steps(own, country, {registry: registry in loaded for registry in asked}, checked)


def warm(desk: Desk) -> None:
    """Read and decide a sample list, so that what the first list needs is there: modules, patterns, caches."""
    with (
        TemporaryDirectory(prefix="dnc-") as folder,
        as_file(_FOLDER / SAMPLES[0]) as path,
        suppress(DncError, OSError),
    ):
        brief, nowhere = Path(folder) / "brief.toml", Store(Path(folder) / "store")
        _ = Interview(path, brief, nowhere, desk.book, desk.language).next()


def _download(visit: Visit) -> Response:
    name = visit.request.path_params["name"]
    if name not in SAMPLES:
        raise RefusedError(404, visit.texts["not_found"])
    return download((_FOLDER / name).read_bytes(), "text/csv", name)


def _home(visit: Visit) -> Response:
    checks, now = past_checks(visit.desk.store, _LAST), state(visit.desk)
    return visit.page(
        "home.html",
        status=now,
        steps=steps(visit.desk, visit.session.language, now, checked=bool(checks)),
        registries=registries(visit),
        given={},
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


ROUTES: list[Route] = [
    page("/", _home),
    form("/language", _language),
    form("/leave", _leave),
    page("/samples/{name}", _download),
]
