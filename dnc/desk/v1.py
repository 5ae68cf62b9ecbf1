"""The HTTP interface for diallers and CRMs, under /v1: JSON, with a key (`dnc key add NAME`)."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from functools import partial
from threading import Lock
from typing import Any, TypeVar

import msgspec
import polars as pl
from msgspec import Struct
from polars.exceptions import PanicException
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dnc.api import check
from dnc.checks.campaign import brief_of
from dnc.checks.status import Status, status
from dnc.desk.desk import Desk, RefusedError, problem
from dnc.desk.forms import received
from dnc.desk.request_decider import Current, RequestDecider
from dnc.desk.routes import fault
from dnc.desk.schema import (
    ANSWERED,
    MOST_CHANGES,
    OWN_RECORDS,
    CallBatch,
    Changes,
    ObjectionChange,
    Objections,
    Recorded,
    RecordedRows,
    as_frame,
    columns_in,
    document,
    odd_date,
    said_of,
)
from dnc.errors import InputError, StoreError
from dnc.files.json_reader import named_once
from dnc.lists import own_records
from dnc.lists.brief import Brief
from dnc.lists.own_list import on_own_list
from dnc.messages import DESK, in_language, messages
from dnc.reports.status_lines import as_metrics
from dnc.store import campaigns, keys
from dnc.store.audit_log import acting
from dnc.store.keys import Key
from dnc.store.requests import once
from dnc.store.store import Store, read_all

MOST_BODY = 4 << 20  # bytes
_DIGITS = 18  # of the number of an objection

T = TypeVar("T")
Answer = Callable[[Request, "Interface"], Awaitable[Response]]


class Interface:
    """What the requests of one desk share.

    Attributes:
        desk: the desk. decider: decides calls that are not kept.
        changing: held by a request that changes the store, so that waiting requests take no threads from others.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk, self.decider, self.changing = desk, RequestDecider(desk), asyncio.Lock()
        self._keys: Current[list[Key]] = Current(desk.store, lambda: keys.in_store(desk.store.journal), "keys")
        self._campaigns = Current(desk.store, lambda: campaigns.in_store(desk.store.journal), "campaigns")
        self._lock = Lock()

    @property
    def texts(self) -> dict[str, Any]:
        """The messages of the desk, in its language."""
        return messages("desk", self.desk.language)

    def said(self, message: str) -> str:
        """An error in the language of the desk, without the options of commands, which no request has."""
        return in_language(message, self.desk.language + DESK)

    def holder(self, request: Request) -> Key:
        """The key of a request. Raises RefusedError."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        with self._lock:
            found = keys.holder(key.strip(), self._keys.get()) if scheme.lower() == "bearer" else None
        if found is None:
            raise RefusedError(401, self.texts["no_key"])
        return found

    def brief(self, campaign: str) -> Brief:
        """The brief of a campaign. Raises InputError if there is no such campaign, or its brief is not understood."""
        with self._lock:
            found = self._campaigns.get()
        return brief_of(campaigns.existing(found, campaign))

    def must_have(self, right: str, request: Request) -> None:
        """Raise RefusedError if the key of a request lacks a right (see `dnc.store.keys.RIGHTS`)."""
        key: Key = request.state.key
        if not key.may(right):
            raise RefusedError(403, self.texts["no_right"].format(right=right))

    def close(self) -> None:
        """Stop deciding."""
        self.decider.close()


async def _decisions(request: Request, interface: Interface) -> Response:
    keep = request.query_params.get("keep", "false")
    if keep not in ("true", "false"):
        raise RefusedError(422, interface.texts["bad_keep"])
    sent = await _body(request, interface, CallBatch)
    brief = await run_in_threadpool(interface.brief, sent.campaign) if sent.campaign else Brief()
    _refuse_odd_date(interface, sent, brief.dates)
    if keep == "true":
        async with interface.changing:
            seq, verdicts = await run_in_threadpool(_kept, interface.desk, sent.calls, brief)
    else:
        seq, verdicts = None, await asyncio.wrap_future(interface.decider.ask(sent.calls, sent.campaign))
    rows = await run_in_threadpool(verdicts.write_json)
    return _json(f'{{"check":{"null" if seq is None else seq},"decisions":{rows}}}'.encode())


def _kept(desk: Desk, calls: list[Any], brief: Brief) -> tuple[int, pl.DataFrame]:
    """Decide calls in a check that keeps its decisions for `dnc person`; its row of the log, and the verdicts."""
    desk.store.must_exist()
    frame = as_frame(calls, columns_in(calls))
    done = check(
        frame,
        desk.store,
        columns=ANSWERED,
        keep=True,
        best=True,
        brief=brief,
        language=desk.language,
        rulebook=desk.book,
    )
    return done.id, done.verdicts.select(ANSWERED)


async def _objections(request: Request, interface: Interface) -> Response:
    sent = await _body(request, interface, Objections)
    if sent.lift:
        interface.must_have("lift", request)
    return await _recorded(request, interface, sent, _object)


def _object(interface: Interface, sent: Objections, store: Store) -> Recorded:
    """Record objections, or lift them. Raises RefusedError if there is none to lift."""
    if not sent.lift:
        return Recorded(store.object(sent.numbers, sent.on, region=sent.region, reason=sent.reason))
    before = on_own_list(store, set(read_all(sent.numbers, sent.region)))
    if sent.reason and not before:
        raise RefusedError(409, interface.texts["nothing_to_lift"])
    store.object(sent.numbers, sent.on, region=sent.region, reason=sent.reason, lift=True)
    return Recorded(len(before - on_own_list(store, before)))


async def _own_records(request: Request, interface: Interface, kind: str) -> Response:
    sent = await _body(request, interface, OWN_RECORDS[kind])
    _refuse_odd_date(interface, sent, "iso")
    return await _recorded(request, interface, sent, partial(_record, kind))


def _record(kind: str, interface: Interface, sent: Any, store: Store) -> RecordedRows:
    """Record rows of a kind, all or none. Raises InputError, which names the place as `said_of` does."""
    rows = [msgspec.structs.asdict(row) for row in getattr(sent, kind)]
    try:
        added = own_records.record(store, kind, rows, interface.desk.book, sent.region)
    except InputError as error:
        if isinstance(error.at, int):
            raise InputError(error.reason, None, f"$.{kind}[{error.at - 1}]") from None
        raise
    return RecordedRows(added.rows, added.known, added.first, added.last)


async def _recorded(
    request: Request, interface: Interface, sent: T, record: Callable[[Interface, T, Store], Struct]
) -> Response:
    """Record what a request sent; one with an `Idempotency-Key` that was recorded before gets the same answer."""
    key, store = request.headers.get("idempotency-key"), interface.desk.store

    def recorded(store: Store) -> str:
        return msgspec.json.encode(record(interface, sent, store)).decode()

    def answer() -> str:
        if key is None:
            return recorded(store)
        said = msgspec.json.encode([request.url.path, sent])
        return once(store, f"{request.state.key.name} {key}", said, recorded)

    async with interface.changing:
        return _json((await run_in_threadpool(answer)).encode(), 201)


def _refuse_odd_date(interface: Interface, sent: object, order: str) -> None:
    if place := odd_date(sent, order):
        raise RefusedError(422, interface.texts["bad_date"].format(place=place))


async def _changes(request: Request, interface: Interface) -> Response:
    since = request.query_params.get("since", "0")
    if not (since.isascii() and since.isdecimal() and len(since) <= _DIGITS):
        raise RefusedError(422, interface.texts["bad_since"])
    changes = await run_in_threadpool(_after, interface.desk, int(since))
    return _json(msgspec.json.encode(changes))


def _after(desk: Desk, since: int) -> Changes:
    """The objections and lifts after one of them, in the order in which they were recorded, up to `MOST_CHANGES`."""
    recorded, columns = desk.store.standing().objections.singly, ["seq", "number", "on_day", "lifted"]
    with desk.store.journal.instance.cursor() as con:
        found = recorded.find(con, "seq > $since", {"since": since}, columns).sort("seq").head(MOST_CHANGES)
    rows = found.select("seq", pl.format("+{}", "number"), "on_day", "lifted").iter_rows()
    changes = [ObjectionChange(*row) for row in rows]
    return Changes(changes[-1].seq if changes else since, changes)


async def _status(request: Request, interface: Interface) -> Response:
    return _json(msgspec.json.encode(await run_in_threadpool(_state, interface.desk)))


async def _metrics(request: Request, interface: Interface) -> Response:
    text = as_metrics(await run_in_threadpool(_state, interface.desk), time.time())
    return Response(text, media_type="application/openmetrics-text; version=1.0.0; charset=utf-8")


def _state(desk: Desk) -> Status:
    return status(desk.store, desk.book)


async def _openapi(request: Request) -> Response:
    return _json(msgspec.json.encode(document()))


def _json(content: bytes, code: int = 200) -> Response:
    return Response(content, code, media_type="application/json")


async def _body(request: Request, interface: Interface, kind: type[T]) -> T:
    """The JSON of a request, checked against its type. Raises RefusedError, also if its key was removed meanwhile."""
    texts = interface.texts
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise RefusedError(415, texts["no_json"])
    body = b"".join([chunk async for chunk in received(request, MOST_BODY, texts, "large_body")])
    await run_in_threadpool(interface.holder, request)
    try:
        sent = msgspec.json.decode(body, type=kind)
        json.loads(body, object_pairs_hook=named_once)  # of two equal keys msgspec takes the last one
    except KeyError:
        raise RefusedError(422, texts["key_twice"]) from None
    except msgspec.ValidationError as error:
        raise RefusedError(422, said_of(error, kind, texts)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise RefusedError(400, texts["bad_json"]) from None
    return sent


def routes(interface: Interface) -> list[Route]:
    """The routes of the interface."""

    def route(path: str, method: str, answer: Answer, right: str | None) -> Route:
        async def answered(request: Request) -> Response:
            try:
                # In a thread, because the keys are read again after each change of the store.
                request.state.key = await run_in_threadpool(interface.holder, request)
                if right:
                    interface.must_have(right, request)
                with acting(f"key {request.state.key.name}"):
                    return await answer(request, interface)
            except RefusedError as error:
                return problem(error.status, str(error))
            except InputError as error:
                return problem(422, interface.said(error.message))
            except StoreError as error:
                return problem(503, interface.said(error.message))
            except (Exception, PanicException) as error:
                status, sentence = fault(error, interface.texts)
                return problem(status, interface.said(sentence))

        return Route(path, answered, methods=[method])

    return [
        route("/v1/decisions", "POST", _decisions, "decide"),
        route("/v1/objections", "POST", _objections, "record"),
        route("/v1/objections", "GET", _changes, "read"),
        *(route(f"/v1/{kind}", "POST", partial(_own_records, kind=kind), "record") for kind in OWN_RECORDS),
        route("/v1/status", "GET", _status, None),
        route("/metrics", "GET", _metrics, "read"),
        Route("/v1/openapi.json", _openapi, methods=["GET"]),
    ]
