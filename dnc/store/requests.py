"""Requests that may come again: what one records is recorded once, and each repetition gets the same answer.

The last row that it added to the log has the answer, and two hashes: of the key by which a request is known again (the
`Idempotency-Key` of HTTP), and of what it said. They are keyed (`ledger_sql.keyed`), so
they tell nothing once `dnc forget` has deleted that key; a request that comes again after that is a new one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dnc.errors import InputError
from dnc.messages import localized
from dnc.store import ledger_sql
from dnc.store.ledger import Change, Ledger, Opened
from dnc.store.manifest import EMPTY
from dnc.store.store import Store


def once(store: Store, key: str, said: bytes, record: Callable[[Store], str]) -> str:
    """The answer to a request: what `record` returns, or what it returned when the request came before.

    Args:
        key: of the request. said: what it asks for; another request must not have the same key.
        record: records it in the store that it is given, as one change; it must not erase anything.

    Raises:
        InputError: the key was that of another request. StoreError, and whatever `record` raises.
    """
    with store.ledger.change() as change:
        known, same = (ledger_sql.keyed(change.con, part) for part in (key.encode(), said))
        if before := ledger_sql.request(change.con, known):
            if before.said != same:
                raise InputError(localized("errors", "key_reused"))
            return before.answer
        within = Store(store.path)
        within.ledger = _LedgerWithin(change)
        answer = record(within)
        change.drafts[-1].detail["request"] = {"key": known, "said": same, "answer": answer}
    return answer


class _LedgerWithin(Ledger):
    """The ledger as a change sees it: further changes are part of it, and what is read is what it has so far."""

    def __init__(self, change: Change) -> None:
        super().__init__(change.folder, wait_seconds=0)
        self._change = change

    @contextmanager
    def change(self, *, erasing: bool = False) -> Iterator[Change]:
        yield self._change

    @contextmanager
    def read(self, *, edited: bool = False) -> Iterator[Opened]:
        yield Opened(self._change.con, EMPTY, "", ahead=False)
