"""Registries at the desk: what is loaded, until when it clears calls and what is due; loading a file.

The office's own records are loaded in the same way: a file of consents, of calls made or of customers.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from functools import cached_property
from secrets import token_urlsafe
from typing import Any

import msgspec
import polars as pl
from starlette.responses import Response
from starlette.routing import Route

from dnc.checks.questions import masked
from dnc.checks.status import Status, status
from dnc.clock import read_day, today
from dnc.desk.check_pages import without_paths
from dnc.desk.desk import Desk
from dnc.desk.forms import Form, Upload
from dnc.desk.jobs import Job
from dnc.desk.office import region_of
from dnc.desk.progress import begin, result_of
from dnc.desk.routes import form, page
from dnc.desk.visit import Errors, Visit, meanings
from dnc.errors import DncError, InputError, RolesError, UnacceptedError
from dnc.files.open_table import open_table
from dnc.files.table import folded
from dnc.frames import as_text
from dnc.lists import own_records
from dnc.lists.guesses import MOST_WORDS, Guesses, filled
from dnc.lists.own_records import RecordReading, columns_of, likely_columns, record_label
from dnc.lists.words import meaning
from dnc.messages import in_language, localized, messages, registry_name
from dnc.registries import OWN
from dnc.registries.contract import Layout
from dnc.registries.ingest import show
from dnc.registries.reasons import in_words
from dnc.store.load import ACCEPTABLE
from dnc.store.loader_search import loader_for
from dnc.store.record_kinds import CALLS, KINDS, Kind
from dnc.store.records import Added, RecordFile
from dnc.store.snapshots import Snapshot
from dnc.store.store import Store

_OPTIONS = ("registry", "region", "campaign", "means", "dates", "sheet")
_COVERS = ("from_day", "to_day")  # of calls made: days of which the file has them all
_FILES = "registry_files"  # what of a session they are kept under
_FIRST_ROWS = 5
_OF_COLUMN, _IGNORED = "_column", "ignore"  # what a column is: behind our name of it, or that it is left out
_ROLE = "role-"  # before the place of a column: a field of the form with what it is
_WORD = "word-"  # before our name of a column and the place of a word in it: a field of the form with its meaning


class Loaded(msgspec.Struct, frozen=True):
    """A file that was loaded: its snapshot, the one before it of the same registry, and the numbers that changed."""

    snapshot: Snapshot | RecordFile
    before: Snapshot | None
    change: dict[str, Any] | None


class RecordsLoaded(msgspec.Struct, frozen=True):
    """A file of own records that was loaded: its kind, and what was added."""

    kind: str
    added: Added


def roles(registry: str, language: str) -> dict[str, str]:
    """What a column of a file may be, by the word for it: columns of a registry, or of a kind of own records."""
    texts = messages("desk", language)["registry_roles"]
    if kind := KINDS.get(registry):
        number, *names = columns_of(kind)
        known = {f"{name}{_OF_COLUMN}": record_label(name, language) for name in names}
        return {name: texts.get(name) or known[name] for name in (f"{number}{_OF_COLUMN}", *known, _IGNORED)}
    return dict(texts)


class RegistryFile(msgspec.Struct, dict=True):
    """A file that was sent and is not loaded yet.

    Attributes:
        upload: the file. given: the texts of its form. roles: what that says of columns, by their names in the file.
        error: why it was not loaded, and `refused`: what of it may be accepted with a reason, if that is why.
        id: part of the address of its page.
    """

    upload: Upload
    given: Mapping[str, str] = {}
    roles: Mapping[str, str] = {}
    error: str = ""
    refused: str = ""
    id: str = msgspec.field(default_factory=lambda: token_urlsafe(9))

    @cached_property
    def rows(self) -> pl.DataFrame:
        """Its first rows as text; without columns if it is no table, which its registry may be able to read."""
        for header in (True, False):
            with suppress(InputError):
                table = open_table(self.upload.path, header, sheet=self.given.get("sheet") or None)
                none = pl.DataFrame(schema=dict.fromkeys(table.columns, pl.String))
                first = next(iter(table.batches), none).head(_FIRST_ROWS)
                return pl.DataFrame([as_text(first[name]) for name in table.columns])
        return pl.DataFrame()

    @property
    def kind(self) -> Kind | None:
        """The kind of own records that its form says it has."""
        return KINDS.get(self.given.get("registry", ""))

    @property
    def columns(self) -> dict[str, str]:
        """What its form says of columns: ours → theirs."""
        return {role.removesuffix(_OF_COLUMN): name for name, role in self.roles.items() if role not in ("", _IGNORED)}

    @property
    def ignored(self) -> list[str]:
        """The columns that its form leaves out."""
        return [name for name, role in self.roles.items() if role == _IGNORED]

    def proposed(self, desk: Desk) -> tuple[dict[str, str], dict[str, str]]:
        """What to propose in its form: as `given`, such as the order of its days, and the `roles` of columns.

        A column of days that may be the one that is asked for has a role without a word.
        """
        with suppress(InputError):
            guesses = Guesses(self.upload.path, desk.book, self.given.get("sheet") or None, here := region_of(desk))
            days, found = guesses.days, {"dates": guesses.days.order or ""}
            if days.digits and not (days.dmy or days.mdy):  # either order reads them
                found["dates"] = "mdy" if here == "US" else "dmy"
            if self.kind:
                found["region"] = guesses.regions[0] if len(guesses.regions) == 1 else ""  # of several a person chooses
                return found, {name: ours + _OF_COLUMN for ours, name in likely_columns(self.kind, guesses).items()}
            columns = [name for name in guesses.rows.columns if guesses.has_days(name)]
            if columns and self.is_undated:
                return found, dict.fromkeys(columns, f"since{_OF_COLUMN}" if len(columns) == 1 else "")
            return found, {}
        return {}, {}

    @property
    def words(self) -> dict[str, list[str]]:
        """The words of its columns of words, of which a person says what each means: our column → theirs.

        Cells of a column with many different ones are no such words.
        """
        there, found = {folded(name): name for name in self.rows.columns}, dict[str, list[str]]()
        for ours in self.kind.all_columns if self.kind else ():
            theirs = self.columns.get(ours) or there.get(folded(ours))
            if theirs in self.rows.columns and meanings(ours, "en"):
                table = open_table(self.upload.path, sheet=self.given.get("sheet") or None)
                cells = filled(as_text(next(iter(table.batches))[theirs])).unique().sort()
                if cells.len() <= MOST_WORDS:
                    found[ours] = cells.to_list()
        return found

    @property
    def without_role(self) -> list[str]:
        """The columns of own records of which neither their name nor the form says what they are."""
        known = set(map(folded, columns_of(self.kind))) if self.kind else set[str]()
        return [name for name in self.rows.columns if not self.roles.get(name) and folded(name) not in known]

    @property
    def values(self) -> dict[str, dict[str, str]]:
        """What its form says of these words."""
        return {
            ours: {word: said for at, word in enumerate(words) if (said := self.given.get(f"{_WORD}{ours}-{at}"))}
            for ours, words in self.words.items()
        }

    @property
    def is_undated(self) -> bool:
        """Whether it is an own list that would be loaded without the days of its entries."""
        with suppress(DncError):
            return self.given.get("registry") in ("", OWN) and self.as_loaded()[2]
        return False

    def as_loaded(self) -> tuple[pl.DataFrame, str, bool]:
        """Its first rows as they would be loaded, what to know of them, and `is_undated`. Raises DncError.

        Of a file of one batch that is also why the load would refuse it. Own records are not shown.
        """
        if self.kind:
            return pl.DataFrame(), "", False
        given: dict[str, Any] = {
            name: self.given.get(name) or None for name in ("registry", "means", "region", "sheet")
        }
        layout = Layout(self.columns, self.given.get("dates") or "iso", ignore=tuple(self.ignored))
        as_of = read_day(self.given.get("as_of", ""), "iso")
        loader, extract = loader_for(self.upload.path, layout=layout, as_of=as_of, **given)
        frames = show(loader, extract)
        rows = next(frames, pl.DataFrame())
        undated = loader.cumulative and 0 < rows.height == rows["since"].null_count()
        note = localized("note", "undated_list") if undated else ""
        try:
            next(frames, None)
        except DncError as error:
            note = without_paths(error, self.upload)
        return rows.head(_FIRST_ROWS), note, undated


def state(desk: Desk) -> Status | None:
    """The state of the store; None if nothing was ever written to it."""
    return status(desk.store, desk.book) if desk.store.exists else None


def registries(visit: Visit) -> dict[str, str]:
    """What a file may be of, by id: the names of registries, and of the kinds of own records."""
    language = visit.session.language
    kinds = {name: text for name, text in messages("records", language)["kinds"].items() if name in KINDS}
    ids = sorted({*visit.desk.book.registries(), OWN})
    return {id_: registry_name(id_, language) for id_ in ids} | kinds


def _registries(visit: Visit, given: Mapping[str, str] | None = None, errors: Errors = ()) -> Response:
    given = given or {"registry": visit.request.query_params.get("registry", "")}
    now, known = state(visit.desk), registries(visit)
    return visit.page("registries.html", errors=errors, status=now, registries=known, given=given)


def _unchanged(visit: Visit, sent: Form) -> Response:
    """Record that nothing is new today in the own list, or among customers."""
    visit.desk.store.confirm(sent.get("registry"), today(), visit.texts["unchanged_reason"])
    return visit.to("/registries#loaded")


def _load(visit: Visit, sent: Form) -> Response:
    """Load a file, as a job, or show it first; one that is not loaded is kept for the next try."""
    words = [name for name, _ in sent.fields if name.startswith(_WORD)]
    given = {name: sent.get(name) for name in ("as_of", *_OPTIONS, *ACCEPTABLE, *_COVERS, *words)}
    file: RegistryFile | None = visit.kept(_FILES).get(sent.get("kept"))
    if file is None:
        if (upload := sent.file("file", visit)) is None:
            return _registries(visit, given, [("file", visit.texts["no_file"])])
        sent.keep()
        file = RegistryFile(upload)
        visit.kept(_FILES)[file.id] = file
    said = [name for name, _ in sent.fields if name.startswith(_ROLE)]  # a form shows all or none
    file.roles = {name: sent.get(f"{_ROLE}{at}") for at, name in enumerate(file.rows.columns if said else ())}
    if given["sheet"] != file.given.get("sheet", ""):
        file.__dict__.pop("rows", None)
    file.given, file.error, file.refused = given, "", ""
    is_new = not sent.get("kept") and (sent.get("look") or file.kind or file.is_undated)
    proposed, roles_ = file.proposed(visit.desk) if is_new else ({}, {})
    if sent.get("look") or (roles_ and not said):  # what is proposed is shown first
        file.given = proposed | {name: text for name, text in file.given.items() if text or name not in proposed}
        file.roles = {**roles_, **file.roles}
        return visit.to(f"/registries/files/{file.id}")
    needed = () if file.kind and not file.kind.whole else ("as_of",)
    days = {name: sent.past_day(name) for name in ("as_of", *_COVERS)}
    wrong = [name for name, day in days.items() if day is None and (name in needed or given[name])]
    errors = [(name, visit.texts["no_past_day"]) for name in wrong]
    chosen = list(file.roles.values())
    twice = [at for at, role in enumerate(chosen) if role not in ("", _IGNORED) and role in chosen[:at]]
    errors += [(f"{_ROLE}{at}", visit.texts["role_twice"]) for at in twice]
    if file.kind is CALLS and (days["from_day"] is None) != (days["to_day"] is None):
        errors.append(("to_day", visit.texts["both_days"]))
    return _file_page(visit, file, errors) if errors else _begin(visit, file, days)


def _begin(visit: Visit, file: RegistryFile, days: Mapping[str, date | None]) -> Response:
    desk, given = visit.desk, file.given
    options: dict[str, Any] = {name: given[name] for name in _OPTIONS if given[name]}
    options |= {"columns": file.columns, "ignore": file.ignored}
    options |= {"accept": {what: given[what] for what in ACCEPTABLE if given[what]}}
    options |= {"values": file.values} if file.kind else {}

    def load(_: Job) -> Loaded | RecordsLoaded:
        try:
            done: Loaded | RecordsLoaded
            if file.kind:
                done = records_loaded(desk, file, file.kind, days, options)
            elif as_of := days["as_of"]:
                done = loaded(desk.store, file.upload, as_of, options)
        except DncError as error:
            if isinstance(error, RolesError):
                file.error = visit.texts["no_role"].format(names=", ".join(file.without_role))
            else:
                file.error = without_paths(error, file.upload)
            file.refused = error.what if isinstance(error, UnacceptedError) else ""
            raise InputError(file.error) from None
        visit.kept(_FILES).pop(file.id, None)
        file.upload.path.unlink(missing_ok=True)
        return done

    def failed(later: Visit, _: str) -> Response:
        return _file_page(later, file)

    onward, back = "/registries/loads/{job}", f"/registries/files/{file.id}"
    return begin(visit, load, "load", onward=onward, back=back, name=file.upload.name, failed=failed)


def _file(visit: Visit) -> Response:
    return _file_page(visit, visit.found(_FILES, "file", "no_list"))


def _file_page(visit: Visit, file: RegistryFile, errors: Errors = ()) -> Response:
    """A file that is not loaded yet: its first rows, and what may be said of it."""
    rows, first, note = file.rows, pl.DataFrame(), ""
    try:
        first, note, _ = file.as_loaded()
    except DncError as error:
        note = "" if file.error else without_paths(error, file.upload)
    return visit.page(
        "registry_file.html",
        400 if file.error else None,
        errors,
        file=file,
        given=file.given,
        registries=registries(visit),
        kind=file.kind,
        roles=roles(file.given.get("registry", ""), visit.session.language),
        words=[
            (f"{_WORD}{ours}-{at}", masked(word), meanings(ours, visit.session.language), meaning(ours, word))
            for ours, words in file.words.items()
            for at, word in enumerate(words)
        ],
        columns=[(name, file.roles.get(name), [masked(cell or "") for cell in rows[name]]) for name in rows.columns],
        first=[_as_loaded(row, visit.session.language) for row in first.iter_rows(named=True)],
        note=note,
    )


def _as_loaded(row: Mapping[str, Any], language: str) -> dict[str, Any]:
    """A row as it would be loaded, for the page: why it is not read, or not as it stands, is in `but`."""
    said, states = messages("store", language)["row"], messages("answer", language)["states"]
    but = [
        said[name].format(reason=in_language(in_words(row[name]), language))
        for name in ("unread", "odd", "undated")
        if row[name]
    ]
    listed = {True: states["listed"], False: states["not listed"], None: states["not known"]}[row["listed"]]
    return {
        "number": masked(f"+{row['number']}") if row["number"] else "",
        "says": listed,
        "since": row["since"],
        "but": "; ".join(but),
    }


def loaded(store: Store, upload: Upload, as_of: date, options: dict[str, Any]) -> Loaded:
    """Load a file and compare it with the snapshot before it. Raises as `Store.load`."""
    snapshot = store.load(upload.path, as_of=as_of, **options)
    if isinstance(snapshot, RecordFile):  # nothing that the own list says is replaced
        return Loaded(snapshot, None, None)
    older = [
        old
        for old in store.snapshots()
        if old.id != snapshot.id and old.registry == snapshot.registry and old.as_of <= snapshot.as_of
    ]
    before = max(older, key=lambda old: (old.as_of, old.id), default=None)
    change = store.diff(before.id, snapshot.id).row(0, named=True) if before else None
    return Loaded(snapshot, before, change)


def records_loaded(
    desk: Desk, file: RegistryFile, kind: Kind, days: Mapping[str, date | None], options: Mapping[str, Any]
) -> RecordsLoaded:
    """Load a file of own records. Raises as `own_records.load`."""
    first, last = days["from_day"], days["to_day"]
    names = ("region", "columns", "dates", "values", "ignore", "sheet", "accept")
    reading = RecordReading(
        **{name: options[name] for name in names if name in options},
        as_of=days["as_of"] if kind.whole else None,
        covers_days=(first, last) if kind is CALLS and first and last else None,
    )
    [added] = own_records.load(desk.store, kind.name, [file.upload.path], desk.book, reading)
    return RecordsLoaded(kind.name, added)


def _loaded(visit: Visit) -> Response:
    done = result_of(visit, "load")
    name = "records_loaded.html" if isinstance(done, RecordsLoaded) else "registry_loaded.html"
    return visit.page(name, loaded=done)


ROUTES: list[Route] = [
    page("/registries", _registries),
    form("/registries", _load),
    form("/registries/unchanged", _unchanged),
    page("/registries/files/{file}", _file),
    page("/registries/loads/{job}", _loaded),
]
