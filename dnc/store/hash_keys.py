"""Keys of hashes: without them nobody can try all numbers against a hash in the log, so a `forget` deletes them.

Those of checks have the number of the check (`dnc.checks.evidence`); `FILE_KEY` is that of the names of files, of files
of own records and of requests.
"""

from __future__ import annotations

import hmac
from secrets import token_hex

from dnc.store import audit_log
from dnc.store.state import State

KEYS = "hash_keys"
FILE_KEY = "0"


def new_key() -> dict[str, str]:
    """A key, and the day on which it is made."""
    return {"key": token_hex(32), "on": str(audit_log.now().date())}


def keyed(state: State, data: bytes) -> str:
    """What stands for some bytes until the next `forget` deletes the key: their HMAC-SHA-256, in hexadecimal digits."""
    return hmac.digest(bytes.fromhex(state.values(KEYS)[FILE_KEY]["key"]), data, "sha256").hex()
