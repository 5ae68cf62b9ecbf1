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
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import polars as pl

from dnc.api import Decider
from dnc.checks.campaign import brief_of_campaign
from dnc.desk.desk import Desk, RefusedError
from dnc.desk.schema import ANSWERED, MOST_CALLS, affects_others, as_frame, columns_in
from dnc.messages import messages
from dnc.store.store import Store

T = TypeVar("T")


class Current(Generic[T]):
    """A value made from a store, and made again after each change of the store. For one thread.

    Args:
        store: the store.
        make: makes the value. drop: closes a value that is out of date.
        table: of the ledger, that it is made from; None if it is made from more.
    """

    def __init__(
        self,
        store: Store,
        make: Callable[[], T],
        drop: Callable[[T], object] = lambda _: None,
        table: str | None = None,
    ) -> None:
        self._store, self._make, self._drop, self._table = store, make, drop, table
        self._made: tuple[object, T] | None = None

    def get(self) -> T:
        """The value for the present state of the store. Raises whatever `make` raises."""
        self.drop_old()
        if self._made is None:
            # Read before the value is made, so that a change meanwhile makes it anew the next time.
            self._made = self._state, self._make()
        return self._made[1]

    def drop_old(self) -> None:
        """Close the value if it is out of date: it may keep a file open that is to be forgotten."""
        if self._made and self._made[0] != self._state:
            self.close()

    @property
    def _state(self) -> object:
        ledger = self._store.ledger
        return ledger.state_of(self._table) if self._table else ledger.state

    def close(self) -> None:
        """Close the value."""
        if self._made:
            self._drop(self._made[1])
            self._made = None


_MOST_WAITING = 100  # requests
_LINGER_SECONDS = 0.003
IDLE_SECONDS = 5.0


@dataclass(frozen=True)
class _Request:
    """The calls of one request, the columns that have values in them, their campaign, and the verdicts to come."""

    calls: list[Any]
    columns: list[str]
    campaign: str | None = None
    verdicts: Future[pl.DataFrame] = field(default_factory=Future)


class RequestDecider:
    """A decider for the requests of a desk. Each answer follows the state of the store when it is worked out."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._queue: queue.Queue[_Request | None] = queue.Queue(_MOST_WAITING)
        self._deciders = dict[str | None, Current[Decider]]()  # by campaign
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def _decider(self, campaign: str | None) -> Decider:
        """A decider for the calls of a campaign. Raises InputError if there is no such campaign."""
        desk = self._desk

        def opened() -> Decider:
            brief = brief_of_campaign(desk.store, campaign) if campaign else None
            # One row for each call, also where a cell holds two numbers.
            return Decider(
                desk.store, columns=ANSWERED, best=True, brief=brief, language=desk.language, rulebook=desk.book
            )

        if campaign not in self._deciders:
            self._deciders[campaign] = Current(desk.store, opened, Decider.close)
        return self._deciders[campaign].get()

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
                for current in self._deciders.values():
                    current.close()
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
        """The next request; until it comes, no decider of an older state of the store stays open for long."""
        while True:
            for current in self._deciders.values():
                current.drop_old()
            with suppress(queue.Empty):
                return self._queue.get(timeout=IDLE_SECONDS)

    def _answer(self, together: list[_Request]) -> None:
        together = [request for request in together if request.verdicts.set_running_or_notify_cancel()]
        if not together:
            return
        try:
            calls = [call for request in together for call in request.calls]
            verdicts = self._decider(together[0].campaign)(as_frame(calls, together[0].columns)).select(ANSWERED)
        except BaseException as error:
            for request in together:
                request.verdicts.set_exception(error)
            return
        first = 0
        for request in together:
            request.verdicts.set_result(verdicts.slice(first, len(request.calls)))
            first += len(request.calls)


def _groups(waiting: list[_Request]) -> Iterator[list[_Request]]:
    """Requests that are decided together: with the same columns and campaign, and no objections that affect others."""
    groups: dict[tuple[str | None, ...], list[_Request]] = {}
    for request in waiting:
        group = groups.setdefault((request.campaign, *request.columns), [])
        if affects_others(request.calls) or sum(len(other.calls) for other in group) + len(request.calls) > MOST_CALLS:
            yield [request]
        else:
            group.append(request)
    yield from filter(None, groups.values())
