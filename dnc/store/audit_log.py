"""The audit log: a row for each load, check, objection and purge, linked to the row before it by a hash.

The hash of a row is the SHA-256 of the JSON list `[previous, seq, done_at, verb, done_by, detail]`, written in ASCII
without blanks: `previous` is the hash of the row before or empty, `done_at` is `YYYY-MM-DDTHH:MM:SS` in UTC, `detail`
is the text as stored; in the last row of a change it includes the state of the ledger (`dnc.store.state`). The owner of
the store can rewrite all of it, so the last hash, the head, is printed, to be kept elsewhere.
"""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from itertools import pairwise
from typing import Any, NamedTuple

import duckdb
import msgspec

from dnc.messages import localized
from dnc.store import ledger_sql

if sys.platform != "win32":
    import pwd


class Entry(msgspec.Struct, frozen=True):
    """Number and hash of a row of the log: enough to prove later that the log up to that row was not rewritten."""

    seq: int
    hash: str

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"


NO_ENTRY = Entry(0, "")


class LogRow(NamedTuple):
    """What the hash of a row is computed from, besides the hash of the row before it; `detail` is JSON text."""

    seq: int
    done_at: datetime
    verb: str
    done_by: str
    detail: str


class Draft(msgspec.Struct, frozen=True):
    """A row that is added at the end of a change, because it records what the ledger then holds."""

    seq: int
    done_at: datetime
    verb: str
    done_by: str
    detail: dict[str, Any]


def now() -> datetime:
    """The current second, in UTC, without offset."""
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)


_acting: ContextVar[str | None] = ContextVar("acting", default=None)


@contextmanager
def acting(name: str | None) -> Iterator[None]:
    """Put another name into the log than that of the user who runs the program: a desk acts for who is signed in."""
    token = _acting.set(name)
    try:
        yield
    finally:
        _acting.reset(token)


def user() -> str:
    """Who acts: the name given to `acting`, otherwise the user of the operating system who runs the program.

    Environment variables are not used, because they are easily set.
    """
    if named := _acting.get():
        return named
    if sys.platform == "win32":
        return getpass.getuser()
    with suppress(KeyError):
        return pwd.getpwuid(os.geteuid()).pw_name
    return str(os.geteuid())


def canonical(value: Any) -> str:
    """JSON with sorted keys, no blanks and only printable ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)


def digest(previous: str, row: LogRow) -> str:
    """The hash of a row that follows the row with the hash `previous`."""
    fields = [previous, *row._replace(done_at=str(row.done_at).replace(" ", "T"))]  # type: ignore[arg-type]
    return hashlib.sha256(canonical(fields).encode()).hexdigest()


@cache
def _version() -> str:
    return version("dnc-check")


def head(con: duckdb.DuckDBPyConnection) -> Entry:
    """The last row."""
    row = ledger_sql.last_log_row(con)
    return Entry(**row) if row else NO_ENTRY


def draft(seq: int, verb: str, detail: dict[str, Any]) -> Draft:
    """A row with the current time; the version of the program is added to its detail."""
    return Draft(seq, now(), verb, user(), detail | {"version": _version()})


def append(con: duckdb.DuckDBPyConnection, last: Entry, drafts: Iterable[Draft]) -> Entry:
    """Add rows after the `last`; returns the new last one."""
    for draft in drafts:
        text = json.dumps(draft.detail, sort_keys=True, default=str)
        row = LogRow(draft.seq, draft.done_at, draft.verb, draft.done_by, text)
        added = Entry(row.seq, digest(last.hash, row))
        ledger_sql.insert(con, "log", row._asdict() | {"previous": last.hash, "hash": added.hash})
        last = added
    return last


def _as_written(con: duckdb.DuckDBPyConnection) -> Iterator[tuple[LogRow, str, str]]:
    """Each row that has a number, the hash that it states for the row before it, and its own hash."""
    for row in ledger_sql.log_as_written(con):
        if row["seq"] is not None:  # `dnc.store.state` names the others
            stated, own = row.pop("previous"), row.pop("hash")
            yield LogRow(**row), stated, own


def faults(con: duckdb.DuckDBPyConnection, kept: Entry = NO_ENTRY) -> Iterator[str]:
    """What is wrong with the log, one line each: rows changed, removed, added or out of order.

    `kept` is a row that was noted outside the store; it has to be in the log.
    """
    before, previous = 0, ""
    hashes = {}
    for row, stated, own in _as_written(con):
        if row.seq > before + 1:
            yield _missing(before + 1, row.seq - 1)
        elif row.seq <= before:
            yield localized("fault", "order", row=row.seq, before=before)
        elif stated != previous:
            yield localized("fault", "follows", row=row.seq, before=before)
        if own != digest(stated, row):
            yield localized("fault", "changed", row=row.seq)
        hashes[row.seq] = own
        before, previous = max(row.seq, before), own
    if kept.seq > before:
        yield _missing(before + 1, kept.seq)
    elif kept.seq and hashes.get(kept.seq) != kept.hash:
        yield localized("fault", "rewritten", row=kept.seq)


def set_back(con: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """Rows with an earlier time than the row before them, one line each: a clock was set back, or a row backdated."""
    rows = (row for row, _, _ in _as_written(con))
    for before, row in pairwise(rows):
        if str(row.done_at) < str(before.done_at):  # DuckDB gives years before 1 as texts
            values = {"row": row.seq, "at": row.done_at, "before": before.seq, "then": before.done_at}
            yield localized("fault", "set_back", **values)


def _missing(first: int, last: int) -> str:
    return localized("fault", "row" if first == last else "rows", first=first, last=last)
