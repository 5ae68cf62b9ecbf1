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

from dnc.errors import InputError
from dnc.messages import localized
from dnc.store import audit_log
from dnc.store.journal import Journal
from dnc.store.state import State

RIGHTS = ("decide", "record", "lift", "read")  # decide calls; record; lift objections; read what was recorded
DEFAULT = ("decide", "record")
_NAME = re.compile(r"[A-Za-z][\w.@-]{0,59}")


class Key(msgspec.Struct, frozen=True):
    """A key.

    Attributes:
        name: who uses it. sha256: of the key. added_at: in UTC, without offset.
        rights: what it may do, words of `RIGHTS` separated by commas.
    """

    name: str
    sha256: str
    added_at: datetime
    rights: str

    def may(self, right: str) -> bool:
        """Whether it has a right."""
        return right in self.rights.split(",")


def add(journal: Journal, name: str, rights: Iterable[str] = DEFAULT) -> str:
    """Make a key and return it; it cannot be read again.

    Raises InputError if the name is taken, or a right is not one of `RIGHTS`; StoreError.
    """
    rights = sorted(set(rights), key=RIGHTS.index) if set(rights) <= set(RIGHTS) else []
    if not rights:
        raise InputError(localized("errors", "key", "rights", known=", ".join(RIGHTS)))
    if not _NAME.fullmatch(name):
        raise InputError(localized("errors", "key", "name"))
    key = f"dnc_{secrets.token_urlsafe(32)}"
    with journal.change() as change:
        if name in change.state.values("keys"):
            raise InputError(localized("errors", "key", "exists", name=name))
        change.put("keys", name, Key(name, _hash(key), audit_log.now(), ",".join(rights)))
        change.log("add-key", {"name": name, "may": rights})
    return key


def remove(journal: Journal, name: str) -> None:
    """Remove a key; from now on it is refused. Raises InputError if there is none, StoreError."""
    with journal.change() as change:
        if name not in change.state.values("keys"):
            raise InputError(localized("errors", "key", "none"))
        change.put("keys", name, None)
        change.log("remove-key", {"name": name})


def in_store(journal: Journal) -> list[Key]:
    """All keys, the oldest first; none if there is no store. Raises StoreError."""
    return journal.asked(_all) or []


def _all(state: State) -> list[Key]:
    return sorted(state.all("keys", Key).values(), key=lambda key: (key.added_at, key.name))


def holder(key: str, keys: Iterable[Key]) -> Key | None:
    """What the store has of a key, or None. Every key is compared, each in constant time."""
    given = _hash(key)
    return next(iter([stored for stored in keys if hmac.compare_digest(stored.sha256, given)]), None)


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
