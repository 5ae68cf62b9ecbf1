"""The HTTP interface for diallers and CRMs, under /v1: JSON, with a key (`dnc keys add NAME`)."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from threading import Lock
from typing import Any, TypeVar

import msgspec
import polars as pl
from polars.exceptions import PanicException
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from dnc.api import check
from dnc.checks.status import Status, status
from dnc.desk.current import Current
from dnc.desk.desk import Desk, RefusedError
from dnc.desk.openapi import document
from dnc.desk.problems import problem
from dnc.desk.request_decider import RequestDecider
from dnc.desk.routes import where
from dnc.desk.schema import Calls, Objections, Recorded, as_frame, columns_in
from dnc.errors import InputError, StoreError, shortage
from dnc.files.json_reader import named_once
from dnc.law.vocabulary import VERDICT
from dnc.messages import DESK, in_language, messages
from dnc.store import keys
from dnc.store.audit_log import acting
from dnc.store.keys import Key
from dnc.store.store import read_all
from dnc.verdicts.screening import on_own_list

MOST_BODY = 4 << 20  # bytes
WRONG_KEY_SECONDS = 0.2  # each waits for those before it
_WRONG_AT_ONCE = 50
# What a message of msgspec quotes from a request.
_QUOTED = re.compile(r" ['\"].*['\"]|(?<=unknown field) .*", re.DOTALL)

T = TypeVar("T")
Answer = Callable[[Request, "Interface"], Awaitable[Response]]


class _WrongKeyError(RefusedError):
    """A request without a key that this desk knows."""


class Interface:
    """What the requests of one desk share.

    Attributes:
        desk: the desk. decider: decides calls that are not kept.
        changing: held by a request that changes the store, so that waiting requests take no threads from others.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk, self.decider, self.changing = desk, RequestDecider(desk), asyncio.Lock()
        self._keys: Current[list[Key]] = Current(desk.store, lambda: keys.in_store(desk.store.ledger))
        self._lock = Lock()
        self._slow, self._wrong = asyncio.Lock(), 0

    @property
    def texts(self) -> dict[str, Any]:
        """The messages of the desk, in its language."""
        return messages("desk", self.desk.language)

    def said(self, message: str) -> str:
        """An error in the language of the desk, without the options of commands, which no request has."""
        return in_language(message, self.desk.language + DESK)

    def holder(self, request: Request) -> str:
        """The name of the key of a request. Raises RefusedError."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        with self._lock:
            name = keys.holder(key.strip(), self._keys.get()) if scheme.lower() == "bearer" else None
        if name is None:
            raise _WrongKeyError(401, self.texts["no_key"])
        return name

    async def slow_down(self) -> None:
        """Wait before a wrong key is answered; the others wait for this one, and are refused when many do."""
        if self._wrong >= _WRONG_AT_ONCE:
            return
        self._wrong += 1
        try:
            async with self._slow:
                await asyncio.sleep(WRONG_KEY_SECONDS)
        finally:
            self._wrong -= 1

    def close(self) -> None:
        """Stop deciding."""
        self.decider.close()


async def _decisions(request: Request, interface: Interface) -> Response:
    keep = request.query_params.get("keep", "false")
    if keep not in ("true", "false"):
        raise RefusedError(422, interface.texts["bad_keep"])
    calls = (await _body(request, interface, Calls)).calls
    if keep == "true":
        async with interface.changing:
            seq, verdicts = await run_in_threadpool(_kept, interface.desk, calls)
    else:
        seq, verdicts = None, await asyncio.wrap_future(interface.decider.ask(calls))
    rows = await run_in_threadpool(verdicts.write_json)
    return _json(f'{{"check":{"null" if seq is None else seq},"decisions":{rows}}}'.encode())


def _kept(desk: Desk, calls: list[Any]) -> tuple[int, pl.DataFrame]:
    """Decide calls in a check that keeps its decisions for `dnc answer`; its row of the log, and the verdicts."""
    desk.store.must_exist()
    frame = as_frame(calls, columns_in(calls))
    done = check(frame, desk.store, keep=True, best=True, language=desk.language, rulebook=desk.book)
    assert done.verdicts is not None  # noqa: S101 - they went nowhere else
    return done.id, done.verdicts.select(VERDICT.keys())


async def _objections(request: Request, interface: Interface) -> Response:
    sent = await _body(request, interface, Objections)
    async with interface.changing:
        count = await run_in_threadpool(_recorded, interface, sent)
    return _json(msgspec.json.encode(Recorded(count)), 201)


def _recorded(interface: Interface, sent: Objections) -> int:
    """How many objections were recorded, or lifted. Raises RefusedError if there is none to lift."""
    store = interface.desk.store
    if not sent.lift:
        return store.object(sent.numbers, sent.on, region=sent.region, reason=sent.reason)
    before = on_own_list(store, set(read_all(sent.numbers, sent.region)))
    if sent.reason and not before:
        raise RefusedError(409, interface.texts["nothing_to_lift"])
    store.object(sent.numbers, sent.on, region=sent.region, reason=sent.reason, lift=True)
    return len(before - on_own_list(store, before))


async def _status(request: Request, interface: Interface) -> Response:
    return _json(msgspec.json.encode(await run_in_threadpool(_state, interface.desk)))


def _state(desk: Desk) -> Status:
    return status(desk.store, desk.book, verifying=False)


async def _openapi(request: Request) -> Response:
    return _json(msgspec.json.encode(document()))


def _json(content: bytes, code: int = 200) -> Response:
    return Response(content, code, media_type="application/json")


async def _body(request: Request, interface: Interface, kind: type[T]) -> T:
    """The JSON of a request, checked against its type. Raises RefusedError."""
    texts = interface.texts
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise RefusedError(415, texts["no_json"])
    size, body = request.headers.get("content-length", "0"), bytearray()
    if not size.isdecimal() or int(size) > MOST_BODY:
        raise RefusedError(413, texts["large_body"])
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BODY:
            raise RefusedError(413, texts["large_body"])
    try:
        sent = msgspec.json.decode(body, type=kind)
        json.loads(body, object_pairs_hook=named_once)  # of two equal keys msgspec takes the last one
    except KeyError:
        raise RefusedError(422, texts["key_twice"]) from None
    except msgspec.ValidationError as error:
        raise RefusedError(422, _unquoted(str(error))) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise RefusedError(400, texts["bad_json"]) from None
    return sent


def _unquoted(message: str) -> str:
    """A message of msgspec (`what - at place`), without the values that it quotes."""
    what, at, place = message.rpartition(" - at ")
    return f"{place.strip('`') if at else '$'}: {_QUOTED.sub('', what or message)}"


def routes(interface: Interface) -> list[Route]:
    """The routes of the interface."""

    def route(path: str, method: str, answer: Answer) -> Route:
        async def answered(request: Request) -> Response:
            try:
                # In a thread, because the keys are read again after each change of the store.
                name = await run_in_threadpool(interface.holder, request)
                with acting(f"key {name}"):
                    return await answer(request, interface)
            except RefusedError as error:
                if isinstance(error, _WrongKeyError):
                    await interface.slow_down()
                return problem(error.status, str(error))
            except InputError as error:
                return problem(422, interface.said(error.message))
            except StoreError as error:
                return problem(503, interface.said(error.message))
            except ClientDisconnect:
                return Response(status_code=400)
            except (Exception, PanicException) as error:  # the message may quote data
                short = shortage(error)
                sentence = (
                    interface.said(short.message) if short else interface.texts["internal"].format(where=where(error))
                )
                return problem(507 if short else 500, sentence)

        return Route(f"/v1/{path}", answered, methods=[method])

    return [
        route("decisions", "POST", _decisions),
        route("objections", "POST", _objections),
        route("status", "GET", _status),
        Route("/v1/openapi.json", _openapi, methods=["GET"]),
    ]
