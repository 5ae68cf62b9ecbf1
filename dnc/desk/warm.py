"""Decides calls that come over HTTP, with a decider that stays open between them.

One thread decides. Requests that come while it is busy are decided together, because a batch of eight takes hardly
longer than one call.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from dnc.api import Decider
from dnc.desk.current import Current
from dnc.desk.desk import Desk, RefusedError
from dnc.desk.schema import MOST_CALLS, as_frame, tells_of_others, told
from dnc.law.vocabulary import VERDICT
from dnc.messages import messages

_MOST_WAITING = 100  # requests
_LINGER_SECONDS = 0.003


@dataclass(frozen=True)
class _Asked:
    """The calls of one request, the columns that they tell, and the verdicts to come."""

    calls: list[Any]
    columns: list[str]
    verdicts: Future[pl.DataFrame] = field(default_factory=Future)


class Warm:
    """A decider for the requests of a desk. Each answer is by what the store holds when it is worked out."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._queue: queue.Queue[_Asked | None] = queue.Queue(_MOST_WAITING)
        self._decider = Current(desk.store, self._opened, Decider.close)
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def _opened(self) -> Decider:
        # One row for each call, also where a cell holds two numbers.
        return Decider(self._desk.store, best=True, language=self._desk.language, rulebook=self._desk.book)

    def ask(self, calls: list[Any]) -> Future[pl.DataFrame]:
        """The verdicts on some calls, in their order. Raises RefusedError where too many requests wait."""
        asked = _Asked(calls, told(calls))
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="decider", daemon=True)
                self._thread.start()
        try:
            self._queue.put_nowait(asked)
        except queue.Full:
            raise RefusedError(503, messages("desk", self._desk.language)["too_many_requests"]) from None
        return asked.verdicts

    def close(self) -> None:
        """Stop when what waits has been answered."""
        if self._thread:
            self._queue.put(None)
            self._thread.join()

    def _work(self) -> None:
        waiting: list[_Asked | None] = []
        while True:
            waiting = self._waiting(busy=len(waiting) > 1)
            for together in _groups([asked for asked in waiting if asked]):
                self._answer(together)
            if None in waiting:
                return self._decider.close()

    def _waiting(self, *, busy: bool) -> list[_Asked | None]:
        """The requests to decide next, at least one.

        busy: whether several were decided together before. Their senders are about to ask again and are waited for,
            because whoever comes too late waits twice as long. The wait is not cut short when as many have come as
            last time: two groups that take turns would never join.
        """
        waiting = [self._queue.get()]
        until = time.monotonic() + (_LINGER_SECONDS if busy or not self._queue.empty() else 0)
        while True:
            try:
                waiting.append(self._queue.get(timeout=max(until - time.monotonic(), 0)))
            except queue.Empty:
                return waiting

    def _answer(self, together: list[_Asked]) -> None:
        together = [asked for asked in together if asked.verdicts.set_running_or_notify_cancel()]
        if not together:
            return
        try:
            calls = [call for asked in together for call in asked.calls]
            verdicts = self._decider.get()(as_frame(calls, together[0].columns)).select(VERDICT.keys())
        except BaseException as error:
            for asked in together:
                asked.verdicts.set_exception(error)
            return
        first = 0
        for asked in together:
            asked.verdicts.set_result(verdicts.slice(first, len(asked.calls)))
            first += len(asked.calls)


def _groups(waiting: list[_Asked]) -> Iterator[list[_Asked]]:
    """Requests that are decided together: of the same columns, and none that says something of others' numbers."""
    groups: dict[tuple[str, ...], list[_Asked]] = {}
    for asked in waiting:
        group = groups.setdefault(tuple(asked.columns), [])
        if tells_of_others(asked.calls) or sum(len(one.calls) for one in group) + len(asked.calls) > MOST_CALLS:
            yield [asked]
        else:
            group.append(asked)
    yield from filter(None, groups.values())
