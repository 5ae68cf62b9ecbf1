"""Which opt-out regimes apply to a planned call, and what they say: clear, blocked or undecided."""

from dnc.checks import Check, check, write
from dnc.errors import DncError, InputError, LoaderError, RuleError, StoreError
from dnc.rulebook import Rulebook
from dnc.store import Snapshot, Store

__all__ = [
    "Check",
    "DncError",
    "InputError",
    "LoaderError",
    "RuleError",
    "Rulebook",
    "Snapshot",
    "Store",
    "StoreError",
    "check",
    "write",
]
