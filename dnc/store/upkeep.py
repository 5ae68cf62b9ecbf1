"""The upkeep of a store: is it what its manifest says, a copy of it, and the way back from one.

A backup is a store of its own: any verb reads it with `--store`.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from dnc.database import attached
from dnc.errors import InputError, StoreError
from dnc.files.atomic import put, sync_folder
from dnc.files.input_file import sha256_of
from dnc.files.locks import Reading, own_folder, remove_orphans
from dnc.store import audit_log
from dnc.store.ledger import Ledger, LockedError, Opened, rows_of
from dnc.store.manifest import FOLDERS, NAME, Manifest, read_manifest
from dnc.store.snapshots import fault_of

_TRIES = 5
_LEDGER = "ledger.duckdb"


@dataclass
class Findings:
    """What a verification found.

    faults: what is wrong, a line each. notes: what is worth knowing and not wrong. damaged: files, by folder.
    head: the last row of the log. files: that were read in whole; rows: of snapshots and decisions among them.
    ledger_whole: whether ledger and manifest agree.
    """

    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    damaged: list[Path] = field(default_factory=list)
    head: audit_log.Entry = audit_log.NO_ENTRY
    files: int = 0
    rows: int = 0
    ledger_whole: bool = True


def verify(ledger: Ledger) -> Findings:
    """Read all of a store and compare it with its manifest. Raises StoreError where there is none or it is locked."""
    if not ledger.exists:
        raise StoreError(f"{ledger.folder}: no store here")
    found = Findings()
    manifest = None
    try:
        with ledger.read() as opened:
            manifest = opened.manifest
            if opened.ahead:
                found.notes.append("the last change is whole; its manifest will be written by the next change")
            found.faults += audit_log.faults(opened.con, manifest.last)
            found.faults += _unlike(opened.con, manifest)
    except LockedError:
        raise
    except StoreError as error:
        found.ledger_whole = False
        found.faults.append(str(error).partition(": ")[2].partition("; nothing is decided")[0])
        with suppress(StoreError):
            manifest = read_manifest(ledger.folder)
        found.faults += _lost(ledger, manifest)
    if manifest:
        found.head = manifest.last
        _verify_files(ledger.folder, manifest, found)
    return found


def verify_log(ledger: Ledger, noted: audit_log.Entry = audit_log.NO_ENTRY) -> Findings:
    """Follow the chain of the log, to a head that was noted elsewhere too. Raises StoreError if it cannot be read."""
    if not ledger.exists:
        raise StoreError(f"{ledger.folder}: no store here")
    found = Findings()
    with suppress(StoreError):
        manifest = read_manifest(ledger.folder)
        found.head = manifest.last if manifest else found.head
    try:
        with attached(ledger.path) as con:
            found.faults += dict.fromkeys(fault for one in (found.head, noted) for fault in audit_log.faults(con, one))
            found.head = audit_log.head(con)
    except duckdb.Error as error:
        what = f"ledger.duckdb cannot be read ({type(error).__name__})"
        raise StoreError(f"{ledger.folder}: {what}; see dnc verify") from None
    return found


def _lost(ledger: Ledger, manifest: Manifest | None) -> Iterator[str]:
    """What a ledger lacks that is not its manifest's, as far as it can be opened."""
    try:
        with attached(ledger.path) as con:
            yield from audit_log.faults(con, manifest.last if manifest else audit_log.NO_ENTRY)
            if manifest:
                yield from _unlike(con, manifest)
    except duckdb.Error:
        return


def _unlike(con: duckdb.DuckDBPyConnection, manifest: Manifest) -> Iterator[str]:
    """What the ledger holds otherwise than the manifest says."""
    held = Manifest.of(con, manifest.ledger)
    if held.objections != manifest.objections:
        yield f"{held.objections['count']:,} objections in the ledger, {manifest.objections['count']:,} in the manifest"
    for name in (*FOLDERS, "rules"):
        if getattr(held, name) != getattr(manifest, name):
            counts = f"{len(getattr(held, name))} in the ledger, {len(getattr(manifest, name))} in the manifest"
            yield f"{name} differ: {counts}"


def _verify_files(folder: Path, manifest: Manifest, found: Findings) -> None:
    whole: dict[Path, int] = {}  # two snapshots may have one file
    for name in FOLDERS:
        for row in getattr(manifest, name):
            path = folder / name / row["file"]
            fault = fault_of(path)
            if not fault and (rows := rows_of(path)) != row["rows"]:
                fault = f"holds {rows:,} rows and not {row['rows']:,}"
            if fault:
                found.damaged.append(path)
                found.faults.append(f"{_what(row)} {fault}")
            else:
                whole[path] = 0 if "of" in row else row["rows"]
    found.files, found.rows = len(whole), sum(whole.values())


def _what(row: dict[str, Any]) -> str:
    """What a file is, by its row in the manifest."""
    if "id" in row:
        return f"snapshot {row['id']} ({row['registry']} as of {row['as_of']})"
    return f"the file of bit pages of {row['of']}" if "of" in row else f"the file of decisions of check {row['check']}"


def backup(ledger: Ledger, destination: Path, *, restoring: bool = False) -> audit_log.Entry:
    """Copy a store, as it stands at one moment, into a new folder; whole or absent. Loads may go on meanwhile.

    `restoring` puts a row about it into the copy's log. Returns the last row of the store's.
    """
    if not ledger.exists:
        raise StoreError(f"{ledger.folder}: no store here")
    if destination.exists():
        raise InputError("exists already; name a new folder", destination)
    for _ in range(_TRIES):
        try:
            return _copy(ledger, destination, restoring=restoring)
        except FileNotFoundError:
            continue  # something was forgotten meanwhile: then the ledger is another now
        except OSError as error:
            raise StoreError(f"{destination}: cannot be written: {error.strerror or error}; nothing is kept") from None
    raise StoreError(f"{ledger.folder}: a file of the store is missing; see dnc verify")


def _copy(ledger: Ledger, destination: Path, *, restoring: bool) -> audit_log.Entry:
    parent = destination.absolute().parent
    parent.mkdir(parents=True, exist_ok=True)
    remove_orphans(parent, ".dnc-backup-")
    with own_folder(parent, ".dnc-backup-") as work:
        new = work / "store"
        for name in FOLDERS:
            (new / name).mkdir(parents=True, mode=0o700)
        new.chmod(0o700)
        manifest, _reading = _copy_ledger(ledger, new)
        for path in manifest.files():
            _copy_file(ledger.folder / path, new / path)
        manifest.write(new)
        if restoring:
            _record(Ledger(new, 0), manifest.last, [])
        new.rename(destination)
        sync_folder(parent)
    return manifest.last


def _copy_ledger(ledger: Ledger, new: Path) -> tuple[Manifest, Reading]:
    """The ledger of one moment, and a hold on the files that it names."""
    for _ in range(_TRIES):
        with ledger.read() as opened:
            manifest = opened.manifest
            reading = Reading([ledger.folder / path for path in manifest.files()])
        shutil.copyfile(ledger.path, new / _LEDGER)
        if sha256_of(new / _LEDGER) == manifest.ledger:
            put(new / _LEDGER, new / _LEDGER)
            return manifest, reading
    raise StoreError(f"{ledger.folder}: changes faster than it can be copied; try again")


def _copy_file(path: Path, to: Path) -> None:
    half = to.with_suffix(".half")
    shutil.copyfile(path, half)
    if sha256_of(half) != path.stem:
        raise StoreError(f"{path}: is damaged, so nothing is copied; see dnc verify")
    put(half, to)


@dataclass(frozen=True)
class Restored:
    """What a restore did: files put back, the last row of the log before and after, where what was damaged lies."""

    files: int
    ledger: bool
    before: audit_log.Entry
    after: audit_log.Entry
    aside: Path | None


def restore(ledger: Ledger, source: Path) -> Restored:
    """Put back, from a backup, what is damaged here, and nothing else; a store that is not there comes back whole.

    A ledger that is damaged is kept aside. Raises InputError where nothing is damaged, StoreError where the backup is.
    """
    kept = Ledger(source, 0)
    good = verify(kept)
    if good.faults:
        raise StoreError(f"{source}: this backup is damaged itself: {good.faults[0]}; nothing was changed")
    if not ledger.exists:
        if ledger.folder.is_dir():
            _remove_empty(ledger.folder)
        after = backup(kept, ledger.folder, restoring=True)
        return Restored(good.files, True, audit_log.NO_ENTRY, after, None)
    found = verify(ledger)
    if not found.faults:
        raise InputError("is whole; nothing is put back over it. Name another folder with --store", ledger.folder)
    try:
        return _put_back(ledger, kept, found, good)
    except OSError as error:
        raise StoreError(f"{ledger.folder}: cannot be written: {error.strerror or error}; do it again") from None


def _remove_empty(folder: Path) -> None:
    for name in (*FOLDERS, "."):
        with suppress(OSError):
            (folder / name).rmdir()
    (folder / "lock").unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()


def _put_back(ledger: Ledger, kept: Ledger, found: Findings, good: Findings) -> Restored:
    with ledger.writing(), kept.read() as opened:
        wanted = {path.name for path in found.damaged}
        if not found.ledger_whole:
            wanted |= {path.name for path in opened.manifest.files()}
        files = list(_put_files(ledger, opened.manifest, kept.folder, wanted))
        aside = None if found.ledger_whole else _put_ledger(ledger, kept, opened, files)
    if still := verify(ledger).faults:
        raise StoreError(f"{ledger.folder}: the backup does not hold what is damaged: {still[0]}")
    if found.ledger_whole:
        _record(ledger, good.head, files)
    return Restored(len(files), not found.ledger_whole, found.head, good.head, aside)


def _put_files(ledger: Ledger, manifest: Manifest, source: Path, wanted: set[str]) -> Iterator[str]:
    for path in manifest.files():
        if path.name in wanted and fault_of(ledger.folder / path):
            _copy_file(source / path, ledger.folder / path)
            yield path.name


def _put_ledger(ledger: Ledger, kept: Ledger, opened: Opened, files: list[str]) -> Path:
    """The backup's ledger and manifest in place of these; between the two the store is refused as it was before.

    What they replace, and files that the backup does not name, go aside: someone may still read in them.
    """
    aside = ledger.folder / "damaged"
    aside.mkdir(exist_ok=True, mode=0o700)
    named = {ledger.folder / path for path in opened.manifest.files()}
    for path in ledger.folder.glob("*/*.parquet"):
        if path not in named and path.parent != aside:
            path.replace(aside / path.name)
    for path in (ledger.path, ledger.path.with_name(f"{_LEDGER}.wal"), ledger.folder / NAME):
        if path.exists():
            shutil.copyfile(path, aside / path.name)
    (ledger.folder / f"{_LEDGER}.wal").unlink(missing_ok=True)
    with own_folder(ledger.folder, ".dnc-restore-") as work:
        shutil.copyfile(kept.path, work / _LEDGER)
        if sha256_of(work / _LEDGER) != opened.digest:
            raise StoreError(f"{kept.folder}: changed while it was copied; try again")
        opened.manifest.write(work)
        _record(Ledger(work, 0), opened.manifest.last, files)
        put(work / _LEDGER, ledger.path)
        put(work / NAME, ledger.folder / NAME)
    return aside


def _record(ledger: Ledger, head: audit_log.Entry, files: list[str]) -> None:
    with ledger.change() as change:
        change.log("restore", {"row": head.seq, "head": head.hash, "files": sorted(files)})
