"""Requests that may come again: what one records is recorded once, and each repetition gets the same answer.

The store keeps two hashes for some days, and the answer: the hash of the key by which a request is known again (the
`Idempotency-Key` of HTTP), and of what it said. They go with each `forget`; a request that comes again after that is a
new one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta

import msgspec

from dnc.errors import InputError
from dnc.messages import localized
from dnc.store import audit_log
from dnc.store.journal import Change, Journal
from dnc.store.state import State
from dnc.store.store import Store

_KEPT = timedelta(days=31)


class _Answered(msgspec.Struct, frozen=True):
    """A request that was answered on a day. said: hash of what it asked for."""

    said: str
    answer: str
    on: date


def once(store: Store, key: str, said: bytes, record: Callable[[Store], str]) -> str:
    """The answer to a request: what `record` returns, or what it returned when the request came before.

    Args:
        key: of the request. said: what it asks for; another request must not have the same key.
        record: records it in the store that it is given, as one change; it must not erase anything.

    Raises:
        InputError: the key was that of another request. StoreError, and whatever `record` raises.
    """
    with store.journal.change() as change:
        known, same = (hashlib.sha256(part).hexdigest() for part in (key.encode(), said))
        day = audit_log.now().date()
        requests = change.state.all("requests", _Answered)
        if before := requests.get(known):
            if before.said != same:
                raise InputError(localized("errors", "key_reused"))
            return before.answer
        within = Store(store.path)
        within.journal = _JournalWithin(change)
        answer = record(within)
        old = [name for name, request in requests.items() if request.on < day - _KEPT]
        change.put_all("requests", dict.fromkeys(old) | {known: _Answered(same, answer, day)})
    return answer


class _JournalWithin(Journal):
    """The journal as a change sees it: further changes are part of it, and what is read is what it has so far."""

    def __init__(self, change: Change) -> None:
        super().__init__(change.folder, wait_seconds=0)
        self._change = change

    @contextmanager
    def change(self, *, erasing: bool = False) -> Iterator[Change]:
        yield self._change

    def read(self) -> State:
        return self._change.state
