"""Snapshots of registries' files, and what a check sees of a store at the moment it begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from dnc.errors import StoreError
from dnc.files.locks import ReadLock
from dnc.messages import calendar_day, localized
from dnc.store.folder import fault_of, known_fault
from dnc.store.record_kinds import CONSENTS, OBJECTIONS
from dnc.store.records import Accepted, Records
from dnc.store.state import State
from dnc.store.wordings import NONE_KEPT

_NOT_STATED = ("new", "notes")  # attributes of a snapshot that the store does not keep


@dataclass(frozen=True)
class Snapshot:
    """One registry file, loaded completely.

    Attributes:
        id: counts up.
        registry: id of the registry.
        as_of: day the registry produced the file.
        covers: E.164 prefixes it is complete for.
        absent: what it means in `covers` that a number is not in it, `clear` or `listed`.
        campaign: the campaign an answer was obtained for, or None.
        means, asked, region: options of the load (`Store.load`); `asked` is the SHA-256 of that file.
        sha256: of the registry's file.
        file: name of the file in the folder `snapshots`. bits: of that of its bit pages in `bitpages`, or None.
        listed, clear, unknown, unread: rows of the registry's file by what they say. They add up to its rows, except
            that rows about one number are counted once, and that numbers of `asked` without an answer are added.
        numbers: rows of `file`, one per number.
        loaded_at: in UTC, without offset.
        layout: what was said about the columns and words of the file (`Layout.text`), or None.
        accepted: what the load accepted although it would normally be refused.
        new: False if the same file was already loaded in the same way.
        notes: what a person should know about the load.
    """

    id: int
    registry: str
    as_of: date
    covers: tuple[str, ...]
    absent: str
    campaign: str | None
    means: str | None
    asked: str | None
    region: str | None
    sha256: str
    file: str
    listed: int
    clear: int
    unknown: int
    unread: int
    numbers: int
    loaded_at: datetime
    layout: str | None = None
    bits: str | None = None
    accepted: tuple[Accepted, ...] = ()
    new: bool = True
    notes: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """Rows of the registry's file (see above for how they are counted)."""
        return self.listed + self.clear + self.unknown + self.unread

    @property
    def stated(self) -> dict[str, Any]:
        """What the store keeps of it."""
        names = [column.name for column in fields(self) if column.name not in _NOT_STATED]
        return {name: getattr(self, name) for name in names}


def snapshots_in(state: State) -> tuple[Snapshot, ...]:
    """The snapshots of a store, oldest load first."""
    return tuple(sorted(state.all("snapshots", Snapshot).values(), key=lambda snapshot: snapshot.id))


@dataclass(frozen=True)
class Standing:
    """What a check sees of a store: the snapshots and own records at the moment when it began.

    Its files are held open: one that is forgotten meanwhile is deleted only when this object is gone.

    Attributes:
        folder: of the store.
        records: what the controller itself knows, by kind. wordings: of its consents, as `wordings.facts_of`.
    """

    folder: Path
    snapshots: tuple[Snapshot, ...] = ()
    records: Mapping[str, Records] = field(default_factory=dict)
    wordings: pl.DataFrame = field(default_factory=lambda: NONE_KEPT)
    reading: ReadLock | None = field(default=None, repr=False, compare=False)

    @property
    def has_consents(self) -> bool:
        """Whether the own records have any consent or withdrawal."""
        return CONSENTS.name in self.records and self.records[CONSENTS.name].any

    @property
    def objections(self) -> Records:
        """The own list."""
        return self.records.get(OBJECTIONS.name) or Records(OBJECTIONS, self.folder)

    @property
    def records_in_log(self) -> dict[str, Any]:
        """How far the own records of each kind go, for the log; nothing where there are none."""
        known = {name: records for name, records in self.records.items() if records.any}
        ends = {name: records.end for name, records in known.items()}
        days = {name: records.valid_days for name, records in known.items() if records.kind.whole}
        return {"records": ends, "valid_days": days, "wordings": self.wordings.height} if ends else {}

    def of(self, registry: str) -> list[Snapshot]:
        """The snapshots of one registry; raises StoreError if the checksum of a file is not its name."""
        snapshots = [snapshot for snapshot in self.snapshots if snapshot.registry == registry]
        for snapshot in snapshots:
            for fault in filter(None, map(known_fault, self._files_of(snapshot))):
                about = {"id": snapshot.id, "registry": snapshot.registry, "day": calendar_day(snapshot.as_of)}
                raise StoreError(localized("errors", "snapshot_fault", store=self.folder, fault=fault, **about))
        return snapshots

    def path(self, snapshot: Snapshot) -> Path:
        """The file of a snapshot."""
        return self.folder / "snapshots" / snapshot.file

    def bits(self, snapshot: Snapshot) -> Path | None:
        """The file of a snapshot's bit pages, or None if it has none."""
        return self.folder / "bitpages" / snapshot.bits if snapshot.bits else None

    @property
    def files(self) -> list[Path]:
        """All files, each once."""
        of_records = {records.path(file) for records in self.records.values() for file in records.files if file.rows}
        return sorted(of_records.union(*map(self._files_of, self.snapshots)))

    def _files_of(self, snapshot: Snapshot) -> list[Path]:
        bits = self.bits(snapshot)
        return [self.path(snapshot), bits] if bits else [self.path(snapshot)]

    def fault(self, snapshot: Snapshot) -> str | None:
        """What is wrong with the file of a snapshot, or with its bit pages; None if nothing is."""
        return next(filter(None, map(fault_of, self._files_of(snapshot))), None)
