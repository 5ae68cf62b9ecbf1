"""What a registry's file says. The names below are all that a loader needs; see CONTRIBUTING, "A registry"."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dnc.clock import today
    from dnc.files.archive import Member
    from dnc.files.table import PHONE_WORDS
    from dnc.messages import figure, localized
    from dnc.registries.contract import LISTING, OPTIONAL, Extract, Layout, Loader
    from dnc.registries.listing_frames import NO_COUNTRY, bare_numbers, booleans, country, days, line_batches, listings

OWN = "own"  # id of the list of those who objected to this caller; everything else comes from a registry
_MODULES = {
    "dnc.clock": ("today",),
    "dnc.messages": ("figure", "localized"),
    "dnc.files.archive": ("Member",),
    "dnc.files.table": ("PHONE_WORDS",),
    "dnc.registries.contract": ("LISTING", "OPTIONAL", "Extract", "Layout", "Loader"),
    "dnc.registries.listing_frames": (
        "NO_COUNTRY",
        "bare_numbers",
        "booleans",
        "country",
        "days",
        "line_batches",
        "listings",
    ),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "LISTING",
    "NO_COUNTRY",
    "OPTIONAL",
    "OWN",
    "PHONE_WORDS",
    "Extract",
    "Layout",
    "Loader",
    "Member",
    "bare_numbers",
    "booleans",
    "country",
    "days",
    "figure",
    "line_batches",
    "listings",
    "localized",
    "today",
]


def __getattr__(name: str) -> Any:
    """Fetch a name on first use: `dnc check` imports `dnc.registries.bit_pages`, and needs no reader of files yet."""
    if name not in _MODULE_OF:
        raise AttributeError(name)
    return getattr(import_module(_MODULE_OF[name]), name)
