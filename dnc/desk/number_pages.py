"""One number at the desk: what the store knows about it, whether it may be called, and objections.

A number is never part of an address: it is sent with a form, kept in the session, and named by a random id.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from datetime import date
from functools import partial
from typing import Any, NamedTuple

import msgspec
from starlette.responses import Response
from starlette.routing import Route

from dnc.checks.campaign import brief_of_campaign
from dnc.checks.consent_ends import kept_by_law
from dnc.checks.explain import explain_call
from dnc.checks.settings import Settings
from dnc.checks.subject_access import answer, odd_objection, of_other_numbers, record_line
from dnc.clock import today
from dnc.desk.check_pages import explained
from dnc.desk.forms import Form
from dnc.desk.office import facts_of, region_of
from dnc.desk.routes import form, page
from dnc.desk.visit import Errors, Visit, download_once, meanings, whole
from dnc.errors import InputError
from dnc.law.vocabulary import vocabulary
from dnc.lists import own_records
from dnc.lists.local_time import zones_of
from dnc.lists.own_records import columns_of, record_label
from dnc.messages import messages
from dnc.reports.letter import letter
from dnc.reports.letter_file import write_letter
from dnc.reports.phrases import fact
from dnc.store import campaigns
from dnc.store.record_kinds import KINDS, Kind
from dnc.store.store import read_all

# The facts that the form asks for; the others belong in the brief of a list, and rarely matter for one call.
_FACTS = ("caller", "purpose", "recipient", "voice", "source", "relationship", "consent", "consent_on", "consent_for")
_TYPES = {"date": "date", "timestamp": "datetime-local"}  # of fields, by the type of a column
_TO_COME = ("consent_until", "until")  # days that may be in the future
_TIMED = ("consent_on", "consent_withdrawn_on")  # days of which the law may ask the hour too


class LookUp(msgspec.Struct, frozen=True):
    """A number that somebody asked about.

    Attributes:
        number: in E.164, with its plus sign.
        day: of the call. hour: on the clock of the person; empty where none is told. facts: of the call, by our column.
        id: part of the address of its page.
    """

    number: str
    day: date
    hour: str
    facts: Mapping[str, str]
    id: str = msgspec.field(default_factory=lambda: secrets.token_urlsafe(9))

    @property
    def at(self) -> str | None:
        """When the call is planned; None for now, which is meant by today without an hour."""
        if self.hour:
            return f"{self.day}T{self.hour}"
        return None if self.day == today() else str(self.day)


class RecordField(NamedTuple):
    """A field of the form for a row of own records.

    words: those that may be chosen, with how they are shown. timed: whether an hour may be given beside the day.
    more: whether two rows that differ in it alone are one.
    """

    id: str
    name: str
    label: str
    type: str
    words: Mapping[str, str]
    timed: bool
    more: bool


def _fields(kind: Kind, language: str) -> Iterator[RecordField]:
    """What makes a row another one than those about the same number, and then everything else."""
    names = columns_of(kind)[1:]
    for name in sorted(names, key=lambda name: name not in kind.same):
        type_ = _TYPES.get(kind.all_columns[name], "text")
        words = meanings("sector" if name == "related_sectors" else name, language)
        label, more = record_label(name, language), name not in kind.same
        yield RecordField(_id(kind, name), name, label, type_, words, name in _TIMED, more)


def _id(kind: Kind, name: str) -> str:
    """The name of a field; two kinds may have a column of one name."""
    return f"{kind.name}-{name}"


def _look_up_of(visit: Visit) -> LookUp:
    look_up: LookUp = visit.found("numbers", "id", "no_number")
    return look_up


def _form(visit: Visit, given: Mapping[str, str] | None = None, errors: Errors = ()) -> Response:
    region, day, count = region_of(visit.desk), str(today()), visit.request.query_params.get("recorded", "")
    given = {"region": region, "of": region, "day": day, "on": day, **(given or {})}
    return visit.page("number.html", errors=errors, given=given, recorded=whole(count), campaigns=_campaigns(visit))


def _campaigns(visit: Visit) -> dict[str, str]:
    """The names of the campaigns of the store, to choose from."""
    return {name: name for name in sorted(campaigns.in_store(visit.desk.store.journal))}


def _look_up(visit: Visit, sent: Form) -> Response:
    """Look a number up, for a call of which is known what the office or a campaign says, or what the form does."""
    given = {name: sent.get(name) for name in ("number", "region", "day", "hour", "campaign")}
    errors = []
    try:
        [number] = read_all([given["number"]], given["region"].upper() or None)
    except InputError:
        errors.append(("number", visit.texts["unread_number"]))
    day = sent.day("day")
    if day is None:
        errors.append(("day", visit.texts["no_day"]))
    if errors or day is None:
        return _form(visit, given, errors)
    facts = facts_of(visit.desk)
    if name := sent.get("campaign"):
        facts |= brief_of_campaign(visit.desk.store, name).facts
    elif sent.get("told"):
        facts |= {name: sent.get(f"fact-{name}") for name in _FACTS}
    told = {name: word for name, word in facts.items() if word and name != "call_at"}
    look_up = LookUp(f"+{number}", day, given["hour"], told)
    visit.kept("numbers")[look_up.id] = look_up
    return visit.to(f"/number/{look_up.id}")


def _stored(visit: Visit, errors: Errors = (), given: Mapping[str, str] | None = None) -> Response:
    look_up, store, language = _look_up_of(visit), visit.desk.store, visit.session.language
    settings = Settings(at=look_up.at, rulebook=visit.desk.book, language=language)
    call = explain_call(look_up.number, store, settings, look_up.facts)
    stored: dict[str, Any] | None = answer(store, look_up.number) if store.exists else None
    zones = zones_of(int(look_up.number), visit.desk.book)
    return visit.page(
        "number_known.html",
        errors=errors,
        look_up=look_up,
        facts=[fact(name, word, language) for name, word in look_up.facts.items()],
        asked=_FACTS,
        campaigns=_campaigns(visit),
        columns=vocabulary().columns,
        kinds={name: list(_fields(kind, language)) for name, kind in KINDS.items()},
        own={
            name: [row | {"line": record_line(row, language, zones)} for row in stored["own"][name]] if stored else []
            for name in KINDS
        },
        odd_objection=odd_objection,
        others=list(of_other_numbers(stored, language)) if stored else [],
        in_force=messages("answer", language)["counts"]["given"],
        rests_on=messages("answer", language)["rests_on"],
        call=explained(call, language),
        stored=stored,
        states=messages("answer", language)["states"],
        done=visit.request.query_params.get("done", ""),
        given={"on": str(today()), **(given or {})},
    )


def _object(visit: Visit, sent: Form) -> Response:
    """Record an objection, or lift the existing ones, which needs a reason."""
    look_up, lift = _look_up_of(visit), sent.get("lift") == "yes"
    at = "lift-" if lift else ""
    on, reason = sent.past_day(f"{at}on"), sent.get(f"{at}reason")
    errors = []
    if on is None:
        errors.append((f"{at}on", visit.texts["no_past_day"]))
    if lift and not reason:
        errors.append(("lift-reason", visit.texts["no_reason"]))
    if not errors and on:
        try:
            visit.desk.store.object([look_up.number], on, reason=reason or None, lift=lift)
        except InputError as error:
            errors.append((f"{at}on", error.message))
    if errors:
        return _stored(visit, errors, {name: sent.get(name) for name in (f"{at}on", f"{at}reason")})
    return visit.to(f"/number/{look_up.id}?done={'lifted' if lift else 'objected'}")


def _object_several(visit: Visit, sent: Form) -> Response:
    """Record the objections of several people, a number a line: all of them, or none."""
    given = {name: sent.get(name) for name in ("numbers", "of", "on", "reason")}
    on, numbers = sent.past_day("on"), [line.strip() for line in given["numbers"].splitlines() if line.strip()]
    errors = [] if on else [("on", visit.texts["no_past_day"])]
    if not numbers:
        errors.append(("numbers", visit.texts["unread_number"]))
    if on and numbers:
        try:
            region, reason = given["of"].upper() or None, given["reason"] or None
            visit.desk.store.object(numbers, on, region=region, reason=reason)
            return visit.to(f"/number?recorded={len(numbers)}")
        except InputError as error:
            errors.append(("numbers", error.message))
    return _form(visit, given, errors)


def _record(kind: Kind, visit: Visit, sent: Form) -> Response:
    """Record a consent or its withdrawal, a call that was made, or that the person is a customer."""
    given = {name: sent.get(_id(kind, name)) for name in columns_of(kind)[1:]}
    look_up, told = _look_up_of(visit), {name: cell for name, cell in given.items() if cell}
    days = [_id(kind, name) for name in told if kind.all_columns[name] == "date" and name not in _TO_COME]
    errors = [(id_, visit.texts["no_past_day"]) for id_ in days if sent.past_day(id_) is None]
    for of in kind.needed:
        if told.keys().isdisjoint(of):
            label = record_label(of[0], visit.session.language)
            errors.append((_id(kind, of[0]), visit.texts["to_fill_in"].format(label=label)))
    hours = {name: sent.get(f"{_id(kind, name)}-time") for name in _TIMED if name in told}
    if not errors:
        row = told | {"number": look_up.number}
        row |= {name: f"{told[name]}T{hour}" for name, hour in hours.items() if hour}
        try:
            own_records.record(visit.desk.store, kind.name, [row], visit.desk.book)
            return visit.to(f"/number/{look_up.id}?done=recorded")
        except InputError as error:
            errors.append((kind.name, error.message))
    shown = told | {f"{name}-time": hour for name, hour in hours.items()}
    return _stored(visit, errors, {_id(kind, name): cell for name, cell in shown.items()})


def _letter(visit: Visit) -> Response:
    """The letter to a person who asks what is stored about their number."""
    look_up, desk = _look_up_of(visit), visit.desk
    path = visit.session.folder(desk.store) / visit.saved_as("letter", day=today())
    language = visit.session.language
    found, kept = answer(desk.store, look_up.number), kept_by_law(desk.store, [int(look_up.number)], desk.book)
    write_letter(path, letter(found, desk.book, language, kept=kept), language)
    return download_once(path, path.name)


ROUTES: list[Route] = [
    page("/number", _form),
    form("/number", _look_up),
    form("/number/several", _object_several),
    page("/number/{id}", _stored),
    form("/number/{id}/objection", _object),
    *(form(f"/number/{{id}}/{name}", partial(_record, kind)) for name, kind in KINDS.items()),
    page("/number/{id}/letter.html", _letter),
]
