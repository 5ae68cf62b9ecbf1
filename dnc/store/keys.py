"""Keys of programs that use the desk over HTTP: the store keeps a name and a hash, never the key.

A key has 256 random bits, so that its plain SHA-256 cannot be reversed by trying.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from datetime import datetime

import msgspec
from msgspec import structs

from dnc.errors import InputError
from dnc.messages import localized
from dnc.store import audit_log, ledger_sql
from dnc.store.ledger import Ledger

RIGHTS = ("decide", "record", "lift", "read")  # decide calls; record; lift objections; read what was recorded
DEFAULT = ("decide", "record")
_NAME = re.compile(r"[A-Za-z][\w.@-]{0,59}")


class Key(msgspec.Struct, frozen=True):
    """A key.

    Attributes:
        name: who uses it. sha256: of the key. added_at: in UTC, without offset.
        rights: what it may do, words of `RIGHTS` separated by commas; None for a key of an older program.
    """

    name: str
    sha256: str
    added_at: datetime
    rights: str | None = None

    def may(self, right: str) -> bool:
        """Whether it has a right."""
        return right in (DEFAULT if self.rights is None else self.rights.split(","))


def add(ledger: Ledger, name: str, rights: Iterable[str] = DEFAULT) -> str:
    """Make a key and return it; it cannot be read again.

    Raises InputError if the name is taken, or a right is not one of `RIGHTS`; StoreError.
    """
    rights = sorted(set(rights), key=RIGHTS.index) if set(rights) <= set(RIGHTS) else []
    if not rights:
        raise InputError(localized("errors", "key", "rights", known=", ".join(RIGHTS)))
    if not _NAME.fullmatch(name):
        raise InputError(localized("errors", "key", "name"))
    key = f"dnc_{secrets.token_urlsafe(32)}"
    with ledger.change() as change:
        if any(row["name"] == name for row in ledger_sql.keys(change.con)):
            raise InputError(localized("errors", "key", "exists", name=name))
        made = Key(name, _hash(key), audit_log.now(), ",".join(rights))
        ledger_sql.insert(change.con, "keys", structs.asdict(made))
        change.log("add-key", {"name": name, "may": rights})
    return key


def remove(ledger: Ledger, name: str) -> None:
    """Remove a key; from now on it is refused. Raises InputError if there is none, StoreError."""
    with ledger.change() as change:
        if not ledger_sql.remove(change.con, "keys", "name", name):
            raise InputError(localized("errors", "key", "none"))
        change.log("remove-key", {"name": name})


def in_store(ledger: Ledger) -> list[Key]:
    """All keys, the oldest first; none if there is no store. Raises StoreError."""
    return [Key(**row) for row in ledger.asked(ledger_sql.keys) or []]


def holder(key: str, keys: Iterable[Key]) -> Key | None:
    """What the store has of a key, or None. Every key is compared, each in constant time."""
    given = _hash(key)
    return next(iter([stored for stored in keys if hmac.compare_digest(stored.sha256, given)]), None)


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
