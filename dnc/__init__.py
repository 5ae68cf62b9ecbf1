"""Checks planned telephone calls against do-not-call law: each call is clear, blocked or undecided."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dnc.api import Decider, Settings, check, decide, explain, replay, write
    from dnc.checks.result import Check
    from dnc.errors import DncError, InputError, LoaderError, OptionError, RuleError, StoreError
    from dnc.files.remote import Query
    from dnc.law.rulebook import Rulebook
    from dnc.lists.brief import Brief, read_brief
    from dnc.store.store import Snapshot, Store
    from dnc.vetting.model import Asked, Vetting
    from dnc.vetting.vet import vet

_MODULES = {
    "dnc.api": ("Decider", "Settings", "check", "decide", "explain", "replay", "write"),
    "dnc.lists.brief": ("Brief", "read_brief"),
    "dnc.checks.result": ("Check",),
    "dnc.errors": ("DncError", "InputError", "LoaderError", "OptionError", "RuleError", "StoreError"),
    "dnc.files.remote": ("Query",),
    "dnc.law.rulebook": ("Rulebook",),
    "dnc.store.store": ("Snapshot", "Store"),
    "dnc.vetting.model": ("Asked", "Vetting"),
    "dnc.vetting.vet": ("vet",),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "Asked",
    "Brief",
    "Check",
    "Decider",
    "DncError",
    "InputError",
    "LoaderError",
    "OptionError",
    "Query",
    "RuleError",
    "Rulebook",
    "Settings",
    "Snapshot",
    "Store",
    "StoreError",
    "Vetting",
    "check",
    "decide",
    "explain",
    "read_brief",
    "replay",
    "vet",
    "write",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that `dnc --help` imports no engine."""
    if name not in _MODULE_OF:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message, name=name, obj=sys.modules[__name__])  # Python then proposes a similar name
    return getattr(import_module(_MODULE_OF[name]), name)


def __dir__() -> list[str]:
    """The public names, so that completion in a shell shows them."""
    return sorted([*globals(), *__all__])
