"""Registries at the desk: what is loaded, until when it clears calls and what is due; loading a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from dnc.checks.status import Status, status
from dnc.desk.check_pages import without_paths
from dnc.desk.desk import Desk
from dnc.desk.forms import Form, Upload
from dnc.desk.jobs import Job
from dnc.desk.progress import Shown, begin, given_before, result_of
from dnc.desk.routes import form, page
from dnc.desk.visit import Visit
from dnc.errors import DncError, InputError
from dnc.messages import registry_name
from dnc.registries import OWN
from dnc.store.snapshots import Snapshot
from dnc.store.store import Store

_OPTIONS = ("registry", "region", "campaign", "means", "dates", "shrunk", "sheet", "ignore", "accept_unread", "reason")
_COLUMNS = ("number", "since")  # fields of the form, with `_column` behind them, for their names in the file


@dataclass(frozen=True)
class Loaded:
    """A file that was loaded: its snapshot, the one before it of the same registry, and the numbers that changed."""

    snapshot: Snapshot
    before: Snapshot | None
    change: dict[str, Any] | None


def state(desk: Desk) -> Status | None:
    """The state of the store; None if nothing was ever written to it."""
    return status(desk.store, desk.book, verifying=False) if desk.store.exists else None


def registries(visit: Visit) -> dict[str, str]:
    """The names of the registries of which a file may be, by id."""
    ids = sorted({*visit.desk.book.registries(), OWN})
    return {id_: registry_name(id_, visit.session.language) for id_ in ids}


def _registries(visit: Visit) -> Response:
    return _page(visit, given_before(visit), [])


def _page(visit: Visit, given: Mapping[str, str], errors: list[tuple[str, str]]) -> Response:
    return visit.page(
        "registries.html",
        400 if errors else 200,
        status=state(visit.desk),
        registries=registries(visit),
        given=given,
        errors=errors,
    )


def _load(visit: Visit, sent: Form) -> Response:
    """Load a file, as a job."""
    given = {name: sent.get(name) for name in ("as_of", *_OPTIONS, *(f"{ours}_column" for ours in _COLUMNS))}
    upload = sent.file("file", visit)
    errors = []
    if upload is None:
        errors.append(("file", visit.texts["no_file"]))
    as_of = sent.past_day("as_of")
    if as_of is None:
        errors.append(("as_of", visit.texts["no_past_day"]))
    if not given["accept_unread"].isdecimal() and given["accept_unread"]:
        errors.append(("accept_unread", visit.texts["no_amount"]))
    if errors or upload is None or as_of is None:
        return _page(visit, given, errors)
    sent.keep()
    desk, day, file = visit.desk, as_of, upload
    options: dict[str, Any] = {name: given[name] for name in _OPTIONS if given[name]}
    options["columns"] = {ours: given[f"{ours}_column"] for ours in _COLUMNS if given[f"{ours}_column"]}
    options["ignore"] = [name for name in map(str.strip, given["ignore"].split(",")) if name]
    options["accept_unread"] = int(given["accept_unread"] or 0)

    def load(_: Job) -> Loaded:
        try:
            return loaded(desk.store, file, day, options)
        except DncError as error:
            raise InputError(without_paths(error, file)) from None
        finally:
            file.path.unlink(missing_ok=True)

    def shown(job: Job) -> Shown:
        return Shown(job, "load", file.name, f"/registries/loads/{job.id}", "/registries", given)

    return begin(visit, shown, load)


def loaded(store: Store, upload: Upload, as_of: date, options: dict[str, Any]) -> Loaded:
    """Load a file and compare it with the snapshot before it. Raises as `Store.load`."""
    snapshot = store.load(upload.path, as_of=as_of, **options)
    older = [
        old
        for old in store.snapshots()
        if old.id != snapshot.id and old.registry == snapshot.registry and old.as_of <= snapshot.as_of
    ]
    before = max(older, key=lambda old: (old.as_of, old.id), default=None)
    change = store.diff(before.id, snapshot.id).row(0, named=True) if before else None
    return Loaded(snapshot, before, change)


def _loaded(visit: Visit) -> Response:
    return visit.page("registry_loaded.html", loaded=result_of(visit, "load"))


ROUTES: list[Route] = [
    page("/registries", _registries),
    form("/registries", _load),
    page("/registries/loads/{job}", _loaded),
]
