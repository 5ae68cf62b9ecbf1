"""Snapshots as they stand in the ledger, and what a check sees of a store at the moment it begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import polars as pl

from dnc.errors import StoreError
from dnc.files.input_file import sha256_of
from dnc.files.locks import Reading

OBJECTIONS = {"number": pl.UInt64, "on_day": pl.Date, "lifted": pl.Boolean, "seq": pl.Int32, "recorded_at": pl.Datetime}


class Accepted(NamedTuple):
    """What a load took in all the same, because it was told to.

    what: `unread` (rows of a complete list) or `gone` (numbers that it listed before).
    rows: how many. reason: as it was told.
    """

    what: str
    rows: int
    reason: str


@dataclass(frozen=True)
class Snapshot:
    """One extract taken in whole.

    id: counts up. as_of: day the registry produced it. covers: E.164 prefixes it is
    complete for. absent: `clear` or `listed`, what it means there not to be in it.
    region: the numbering plan of its national forms, where that was told.
    listed, clear, unknown, unread: rows of the extract; they add up to its rows,
    but for numbers that stand in several rows and for those added from the question.
    numbers: rows of its file, one a number.
    accepted: what the load took in all the same.
    new: False where the same bytes stood already. notes: what a person should know of the load.
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
    accepted: tuple[Accepted, ...] = ()
    new: bool = True
    notes: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """Rows of the extract, as far as they were counted once."""
        return self.listed + self.clear + self.unknown + self.unread

    @property
    def prefixes(self) -> str:
        """`covers` as text: `*` for every number."""
        return " ".join(prefix or "*" for prefix in self.covers)


def snapshot_of(row: Sequence[Any], accepted: Sequence[Accepted] = (), notes: Sequence[str] = ()) -> Snapshot:
    """A snapshot from its row in the ledger."""
    names = [one.name for one in fields(Snapshot) if one.name not in ("accepted", "new", "notes")]
    told = dict(zip(names, row, strict=True)) | {"accepted": tuple(accepted), "notes": tuple(notes)}
    return Snapshot(**told | {"covers": tuple(told["covers"])})


def snapshots_in(con: duckdb.DuckDBPyConnection) -> tuple[Snapshot, ...]:
    """The snapshots of an open ledger, oldest load first."""
    accepted: dict[int, list[Accepted]] = {}
    if con.execute("select 1 from duckdb_tables() where table_name = 'accepted'").fetchall():
        held = "select snapshot, what, rows, reason from accepted order by snapshot, what"
        for id_, *told in con.execute(held).fetchall():
            accepted.setdefault(id_, []).append(Accepted(*told))
    rows = con.execute("select * from snapshots order by id").fetchall()
    found = map(snapshot_of, rows)
    return tuple(replace(one, accepted=tuple(accepted.get(one.id, ()))) for one in found)


@dataclass(frozen=True)
class Standing:
    """What a check sees of a store: the snapshots and objections of the moment it began.

    Its files are held open: a purge meanwhile takes them out of the store, and off the disk when this is let go of.
    bitpages: by the file of a snapshot that of its bit pages, where it has them.
    """

    folder: Path
    snapshots: tuple[Snapshot, ...] = ()
    objections: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=OBJECTIONS))
    bitpages: Mapping[str, str] = field(default_factory=dict)
    reading: Reading | None = field(default=None, repr=False, compare=False)
    _whole: set[str] = field(default_factory=set, repr=False, compare=False)

    def of(self, registry: str) -> list[Snapshot]:
        """The snapshots of one registry; raises StoreError where a file is not what its name, its checksum, says."""
        found = [snapshot for snapshot in self.snapshots if snapshot.registry == registry]
        for one in found:
            if one.file not in self._whole:
                self._verify(one)
                self._whole.add(one.file)
        return found

    def path(self, one: Snapshot) -> Path:
        """The file of a snapshot."""
        return self.folder / "snapshots" / one.file

    def bits(self, one: Snapshot) -> Path | None:
        """The bit pages of a snapshot, where it has them."""
        return self.folder / "bitpages" / self.bitpages[one.file] if one.file in self.bitpages else None

    @property
    def files(self) -> list[Path]:
        """All files, each once."""
        return sorted({path for one in self.snapshots for path in (self.path(one), self.bits(one)) if path})

    def fault(self, one: Snapshot) -> str | None:
        """What is wrong with the file of a snapshot, or with its bit pages; None where nothing is."""
        return next(filter(None, map(fault_of, filter(None, (self.path(one), self.bits(one))))), None)

    def _verify(self, one: Snapshot) -> None:
        if fault := self.fault(one):
            raise StoreError(
                f"{self.folder}: snapshot {one.id} ({one.registry} as of {one.as_of}) {fault}; nothing is decided "
                "from it: load the registry's file again with the same --as-of, or dnc restore BACKUP"
            )


def fault_of(path: Path) -> str | None:
    """What is wrong with a file that is named by its checksum, or None."""
    try:
        return None if sha256_of(path) == path.stem else "is damaged: its file was changed or cut"
    except FileNotFoundError:
        return "is missing: its file is not there"
    except OSError as error:
        return f"cannot be read: {error.strerror or error}"
