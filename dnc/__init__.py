"""Which opt-out regimes apply to a planned call, and what they say: clear, blocked or undecided."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dnc.checks.arrow import Decider, decide
    from dnc.checks.result import Check
    from dnc.checks.run import check, write
    from dnc.errors import DncError, InputError, LoaderError, RuleError, StoreError
    from dnc.law.rulebook import Rulebook
    from dnc.store.store import Snapshot, Store
    from dnc.vetting.model import Asked, Vetting
    from dnc.vetting.vet import vet

_HOMES = {
    "dnc.vetting.model": ("Asked", "Vetting"),
    "dnc.checks.arrow": ("Decider", "decide"),
    "dnc.checks.run": ("check", "write"),
    "dnc.errors": ("DncError", "InputError", "LoaderError", "RuleError", "StoreError"),
    "dnc.checks.result": ("Check",),
    "dnc.law.rulebook": ("Rulebook",),
    "dnc.store.store": ("Snapshot", "Store"),
    "dnc.vetting.vet": ("vet",),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "Asked",
    "Check",
    "Decider",
    "DncError",
    "InputError",
    "LoaderError",
    "RuleError",
    "Rulebook",
    "Snapshot",
    "Store",
    "StoreError",
    "Vetting",
    "check",
    "decide",
    "vet",
    "write",
]


def __getattr__(name: str) -> Any:
    """Public names are fetched when they are first used, so that `dnc --help` waits for no engine."""
    if name not in _HOME:
        raise AttributeError(name)
    return getattr(import_module(_HOME[name]), name)
