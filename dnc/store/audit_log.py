"""The log of a store: one line of JSON for each row, linked to the row before it by a hash.

    {"n":17,"at":"2026-12-02T10:00:00Z","who":"anna","verb":"object","what":{…},"c":["…"],"prev":"…","hash":"…",
     "said":[…]}

`hash` is the SHA-256 of the bytes before `,"hash":` and of a closing brace; `prev` is the hash of the row before. What
a row adds to the store are its statements, in `said`; `c` has the SHA-256 of each. So the hash commits to every
statement without saying it, and the statements can be erased: they are `null` in all files of the log but the newest.
Each statement has 128 random bits in it, or whoever has its SHA-256 could try all numbers.

The first row of a file states all that stands at that moment (`stands`). Rows of one change follow one another; `more`
counts those that are still to come. A row that an older program must not ignore `needs` a later format.
"""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from secrets import token_hex
from typing import Any, NamedTuple

import msgspec

from dnc.messages import Words, localized

if sys.platform != "win32":
    import pwd

FORMAT = 1
_HASH = re.compile(rb',"hash":"([0-9a-f]{64})","said":')
_SEALED = b"null}"  # the end of a line whose statements are erased


class Entry(msgspec.Struct, frozen=True):
    """Number and hash of a row of the log: enough to prove later that the log up to that row was not rewritten."""

    seq: int
    hash: str

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"


NO_ENTRY = Entry(0, "")


class Statement(msgspec.Struct, frozen=True):
    """What a row adds to the store: of a kind and a name, the newest stands.

    Attributes:
        is_: the value; null ends it.
        salt: random, so that nobody finds the statement by its SHA-256.
    """

    kind: str
    name: str
    is_: Any = msgspec.field(name="is")
    salt: str = ""


class LogRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """A row, as its hash commits to it.

    Attributes:
        n: counts up. at: `YYYY-MM-DDTHH:MM:SSZ`. who: who acted. what: details, by verb. c: SHA-256 of each statement.
        prev: hash of the row before. more, stands, needs: as above.
    """

    n: int
    at: str
    who: str
    verb: str
    what: dict[str, Any]
    c: list[str]
    prev: str
    more: int = 0
    stands: bool = False
    needs: int = 0


class LogLine(NamedTuple):
    """A line of the log as it was read.

    said: None where the statements are erased. fault: what is wrong, or None.
    """

    row: LogRow
    hash: str
    said: list[msgspec.Raw] | None
    fault: Words | None


def line_of(row: LogRow, said: Sequence[bytes]) -> tuple[bytes, Entry]:
    """The line of a row with its statements, and its number and hash."""
    core = msgspec.json.encode(row)[:-1]
    digest = hashlib.sha256(core + b"}").hexdigest()
    return b'%s,"hash":"%s","said":[%s]}\n' % (core, digest.encode(), b",".join(said)), Entry(row.n, digest)


def encoded(kind: str, name: str, value: Any) -> bytes:
    """A statement, salted."""
    return msgspec.json.encode(Statement(kind, name, value, token_hex(16)))


def commitments(said: Sequence[bytes | msgspec.Raw]) -> list[str]:
    """The SHA-256 of each statement."""
    return [hashlib.sha256(one).hexdigest() for one in said]


def whole_lines(data: bytes) -> list[bytes]:
    """The lines of a file that end with a line feed; what stands after the last was cut off."""
    return data.split(b"\n")[:-1]


def read_line(text: bytes) -> LogLine | None:
    """A line without its line feed; None if it is no row."""
    with suppress(msgspec.DecodeError):
        if found := _HASH.search(text):
            core = text[: found.start()] + b"}"
            row = msgspec.json.decode(core, type=LogRow)
            said = msgspec.json.decode(text[found.end() : -1], type=list[msgspec.Raw] | None)
            own, fault = found[1].decode(), None
            if own != hashlib.sha256(core).hexdigest() or text[-1:] != b"}":
                fault = localized("fault", "changed", row=row.n)
            elif said is not None and commitments(said) != row.c:
                fault = localized("fault", "statements", row=row.n)
            return LogLine(row, own, said, fault)
    return None


def statements(line: LogLine) -> list[Statement]:
    """The statements of a row that are not erased."""
    return [msgspec.json.decode(one, type=Statement) for one in line.said or ()]


def sealed(data: bytes) -> bytes:
    """Lines without what they say."""
    ends = ((line, _HASH.search(line)) for line in whole_lines(data))
    return b"".join(line[: found.end()] + _SEALED + b"\n" for line, found in ends if found)


def is_sealed(end: bytes) -> bool:
    """Whether a file that ends like this is sealed."""
    return end.endswith(_SEALED + b"\n")


def faults(lines: Sequence[LogLine | None], first: int, previous: str) -> Iterator[Words]:
    """What is wrong with the rows of a file that follow the row before number `first`, one line each."""
    before, is_sealed = first - 1, all(line.said is None for line in lines if line)
    for line in lines:
        if line is None:
            yield localized("fault", "unreadable", before=before)
            continue
        row = line.row
        if row.n > before + 1:
            yield missing(before + 1, row.n - 1)
        elif row.n <= before:
            yield localized("fault", "order", row=row.n, before=before)
        elif row.prev != previous:
            yield localized("fault", "follows", row=row.n, before=before)
        if line.fault:
            yield line.fault
        elif line.said is None and not is_sealed:
            yield localized("fault", "statements", row=row.n)
        before, previous = max(row.n, before), line.hash


def missing(first: int, last: int) -> Words:
    """That rows are missing."""
    return localized("fault", "row" if first == last else "rows", first=first, last=last)


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
