"""Decides calls that come over HTTP, with a decider that stays open between them.

One thread decides. Requests that come while it is busy are decided together, because a batch of eight takes hardly
longer than one call.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec
import polars as pl

from dnc.api import Decider
from dnc.checks.campaign import brief_of_campaign
from dnc.desk.desk import Desk, RefusedError
from dnc.desk.schema import ANSWERED, as_frame, columns_in
from dnc.law.rulebook import Rulebook
from dnc.lists.brief import Brief
from dnc.messages import messages
from dnc.store.store import Store

T = TypeVar("T")


class Current(Generic[T]):
    """A value made from what a store says of a kind, and made again after that changed. For one thread."""

    def __init__(self, store: Store, make: Callable[[], T], kind: str) -> None:
        self._store, self._make, self._kind = store, make, kind
        self._made: tuple[object, T] | None = None

    def get(self) -> T:
        """The value for the present state of the store. Raises whatever `make` raises."""
        # Before it is made, so that a change meanwhile shows.
        state = self._store.journal.asked(lambda state: state.since(self._kind))
        if self._made is None or self._made[0] != state:
            self._made = state, self._make()
        return self._made[1]


_MOST_WAITING = 100  # requests
_LINGER_SECONDS = 0.003
IDLE_SECONDS = 5.0


class _Request(msgspec.Struct, frozen=True):
    """The calls of one request, the columns that have values in them, their campaign, and the verdicts to come."""

    calls: list[Any]
    columns: list[str]
    campaign: str | None = None
    verdicts: Future[pl.DataFrame] = msgspec.field(default_factory=Future)


class _MadeDecider(NamedTuple):
    """A decider, and the brief and the law that it was made with."""

    decider: Decider
    brief: Brief | None
    book: Rulebook


class RequestDecider:
    """A decider for the requests of a desk. Each answer follows the state of the store when it is worked out."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._queue: queue.Queue[_Request | None] = queue.Queue(_MOST_WAITING)
        self._opened = dict[str | None, _MadeDecider]()  # by campaign
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def _decider(self, campaign: str | None) -> Decider:
        """A decider for the calls of a campaign, up to date. Raises InputError if there is no such campaign."""
        desk, opened = self._desk, self._opened.get(campaign)
        if opened and not opened.decider.is_stale():
            return opened.decider
        brief, book = brief_of_campaign(desk.store, campaign) if campaign else None, desk.book
        if opened and opened.brief == brief and opened.book is book:
            opened.decider.refresh()
            return opened.decider
        self._drop(campaign)
        # One row for each call, also where a cell holds two numbers.
        decider = Decider(desk.store, columns=ANSWERED, best=True, brief=brief, language=desk.language, rulebook=book)
        self._opened[campaign] = _MadeDecider(decider, brief, book)
        return decider

    def _drop(self, campaign: str | None) -> None:
        """Close the decider of a campaign, if there is one."""
        if opened := self._opened.pop(campaign, None):
            opened.decider.close()

    def ask(self, calls: list[Any], campaign: str | None = None) -> Future[pl.DataFrame]:
        """The verdicts on some calls, in their order. Raises RefusedError if too many requests wait.

        campaign: one that exists, or None.
        """
        request = _Request(calls, columns_in(calls), campaign)
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="decider", daemon=True)
                self._thread.start()
        try:
            self._queue.put_nowait(request)
        except queue.Full:
            raise RefusedError(503, messages("desk", self._desk.language)["too_many_requests"]) from None
        return request.verdicts

    def close(self) -> None:
        """Stop when all waiting requests have been answered."""
        if self._thread:
            self._queue.put(None)
            self._thread.join()

    def _work(self) -> None:
        waiting: list[_Request | None] = []
        while True:
            waiting = self._waiting(busy=len(waiting) > 1)
            for together in _groups([request for request in waiting if request]):
                self._answer(together)
            if None in waiting:
                for campaign in list(self._opened):
                    self._drop(campaign)
                return

    def _waiting(self, *, busy: bool) -> list[_Request | None]:
        """The requests to decide next, at least one.

        busy: whether several were decided together before. Their senders are about to ask again and are waited for,
            because a request that comes too late waits twice as long. The wait is not cut short when as many have come
            as last time: two groups that take turns would never join.
        """
        waiting = [self._next()]
        until = time.monotonic() + (_LINGER_SECONDS if busy or not self._queue.empty() else 0)
        while True:
            try:
                waiting.append(self._queue.get(timeout=max(until - time.monotonic(), 0)))
            except queue.Empty:
                return waiting

    def _next(self) -> _Request | None:
        """The next request; while none waits, deciders are brought up to date, one at a time.

        So the first request after a change does not wait for that, and files that are to be forgotten are let go.
        """
        while True:
            stale = [campaign for campaign, opened in self._opened.items() if opened.decider.is_stale()]
            with suppress(queue.Empty):
                return self._queue.get(timeout=0 if stale else IDLE_SECONDS)
            for campaign in stale[:1]:
                try:
                    _ = self._decider(campaign)
                except BaseException:  # a panic in Polars is one; the next request that needs it is told
                    self._drop(campaign)

    def _answer(self, together: list[_Request]) -> None:
        together = [request for request in together if request.verdicts.set_running_or_notify_cancel()]
        if not together:
            return
        try:
            calls = [call for request in together for call in request.calls]
            decider, frame = self._decider(together[0].campaign), as_frame(calls, together[0].columns)
            verdicts = (decider.each if len(together) > 1 else decider)(frame).select(ANSWERED)
        except BaseException as error:
            for request in together:
                request.verdicts.set_exception(error)
            return
        first = 0
        for request in together:
            request.verdicts.set_result(verdicts.slice(first, len(request.calls)))
            first += len(request.calls)


def _groups(waiting: list[_Request]) -> Iterator[list[_Request]]:
    """Requests that are decided together: of one call each, with the same columns and campaign."""
    groups: dict[tuple[str | None, ...], list[_Request]] = {}
    for request in waiting:
        if len(request.calls) == 1:
            groups.setdefault((request.campaign, *request.columns), []).append(request)
        else:
            yield [request]
    yield from groups.values()
