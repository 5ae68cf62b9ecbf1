"""The audit log: a row for each load, check, objection and purge, chained by hash to the one before.

The hash of a row is the SHA-256 of the JSON list `[previous, seq, done_at, verb,
done_by, detail]`, written in ASCII without blanks: `previous` is the hash of the
row before or empty, `done_at` is `YYYY-MM-DDTHH:MM:SS` in UTC, `detail` is the text as it stands.
Who owns the store can rewrite all of it; the last hash, the head, is therefore printed and can be kept elsewhere.
"""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import duckdb

if sys.platform != "win32":
    import pwd

_ROWS = "select seq, done_at, verb, done_by, detail::varchar, previous, hash from log order by rowid"


@dataclass(frozen=True)
class Entry:
    """A row of the log as a witness outside would keep it: number and hash."""

    seq: int
    hash: str

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"


NO_ENTRY = Entry(0, "")


def now() -> datetime:
    """This second, UTC, without offset."""
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)


def user() -> str:
    """Who runs the program, as the operating system has it and not the environment."""
    if sys.platform == "win32":
        return getpass.getuser()
    with suppress(KeyError):
        return pwd.getpwuid(os.geteuid()).pw_name
    return str(os.geteuid())


def canonical(value: Any) -> str:
    """JSON with sorted keys, no blanks and nothing but printable ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)


def digest(previous: str, row: tuple[int, datetime, str, str, str]) -> str:
    """The hash of a row of seq, done_at, verb, done_by and detail."""
    seq, done_at, *words = row
    told = [previous, seq, done_at.isoformat(timespec="seconds"), *words]
    return hashlib.sha256(canonical(told).encode()).hexdigest()


def head(con: duckdb.DuckDBPyConnection) -> Entry:
    """The last row."""
    rows = con.execute("select seq, hash from log order by seq desc limit 1").fetchall()
    return Entry(*rows[0]) if rows else NO_ENTRY


def append(con: duckdb.DuckDBPyConnection, verb: str, detail: dict[str, Any]) -> Entry:
    """Add a row; the version of the program goes into its detail."""
    last = head(con)
    text = json.dumps(detail | {"version": version("dnc-check")}, sort_keys=True, default=str)
    row = (last.seq + 1, now(), verb, user(), text)
    added = Entry(last.seq + 1, digest(last.hash, row))
    con.execute("insert into log values (?, ?, ?, ?, ?, ?, ?)", [*row, last.hash, added.hash])
    return added


def chain(con: duckdb.DuckDBPyConnection) -> None:
    """Chain rows that were written without hashes, as they stand."""
    previous = ""
    for *row, _, _ in con.execute(_ROWS).fetchall():
        current = digest(previous, tuple(row))
        con.execute("update log set previous = ?, hash = ? where seq = ?", [previous, current, row[0]])
        previous = current


def faults(con: duckdb.DuckDBPyConnection, kept: Entry = NO_ENTRY) -> Iterator[str]:
    """What is wrong with the chain, a line each: rows changed, removed, added or out of order.

    `kept` is a row that was noted elsewhere: it must stand in the chain.
    """
    before, previous = 0, ""
    seen = {}
    for *row, told, current in con.execute(_ROWS).fetchall():
        seq = row[0]
        if seq > before + 1:
            yield _missing(before + 1, seq - 1)
        elif seq <= before:
            yield f"row {seq} stands behind row {before}: rows were put in another order, or one was added"
        elif told != previous:
            yield f"row {seq} does not follow on row {before}: one of them was replaced"
        if current != digest(told, tuple(row)):
            yield f"row {seq} was changed after it was written"
        seen[seq] = current
        before, previous = max(seq, before), current
    if kept.seq > before:
        yield _missing(before + 1, kept.seq)
    elif kept.seq and seen.get(kept.seq) != kept.hash:
        yield f"row {kept.seq} is not the row that was noted elsewhere: the log was written anew"


def _missing(first: int, last: int) -> str:
    return f"row {first} is missing" if first == last else f"rows {first} to {last} are missing"
