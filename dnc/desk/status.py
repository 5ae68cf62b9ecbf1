"""What a store holds, and how old it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from dnc.clock import today
from dnc.store.store import Store


@dataclass(frozen=True)
class Loaded:
    """One snapshot. Attributes as those of `dnc.store.snapshots.Snapshot`; `age_days` is its age today."""

    id: int
    registry: str
    as_of: date
    age_days: int
    campaign: str | None
    numbers: int
    listed: int


@dataclass(frozen=True)
class Status:
    """What a store holds.

    Attributes:
        snapshots: the newest first.
        objections: how many are recorded, those that were lifted included.
        log_head: number and hash of the last row of the log, or None for an empty store.
    """

    snapshots: tuple[Loaded, ...]
    objections: int
    log_head: str | None


def status(store: Store) -> Status:
    """What a store holds today; nothing if it does not exist yet. Raises StoreError."""
    if not store.exists:
        return Status((), 0, None)
    snapshots, manifest = store.snapshots(), store.manifest()
    now = today()
    loaded = [
        Loaded(one.id, one.registry, one.as_of, (now - one.as_of).days, one.campaign, one.numbers, one.listed)
        for one in sorted(snapshots, key=lambda one: (one.as_of, one.id), reverse=True)
    ]
    return Status(tuple(loaded), manifest.objections.count, str(manifest.last))
