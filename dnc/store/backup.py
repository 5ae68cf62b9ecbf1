"""Backup and restore of a store. A backup is itself a store, which every command reads with `--store`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain, count
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import msgspec

from dnc.errors import InputError, StoreError, unwritable
from dnc.files import objects
from dnc.files.atomic import HALF, move_into_place, sync_folder
from dnc.files.input_file import sha256_of
from dnc.files.locks import ReadLock, own_folder, remove_orphans
from dnc.messages import localized
from dnc.store import audit_log, ledger_sql
from dnc.store.folder import fault_of, links_in, replaceable_by_all
from dnc.store.ledger import DAMAGED, LEDGER, Ledger, Opened
from dnc.store.manifest import FOLDERS, NAME, Manifest
from dnc.store.verify import Findings, verify

_TRIES = 5


def backup(ledger: Ledger, destination: Path | str, *, restoring: bool = False) -> audit_log.Entry:
    """Copy a store, in its state of one moment, into a new folder: completely or not at all. Loads may run meanwhile.

    The destination may also be the URL of a folder in an object store. The manifest is written last, and nothing is
    restored without it.

    `restoring` adds a row about this to the log of the copy. Returns the last row of the log of the store.
    """
    if not ledger.exists:
        raise StoreError(localized("errors", "no_store_named", store=ledger.folder))
    if isinstance(destination, str):
        with TemporaryDirectory(prefix="dnc-") as folder:
            head = backup(ledger, Path(folder) / "store")
            objects.upload(Path(folder) / "store", destination, NAME)
        return head
    if destination.exists():
        raise InputError(localized("errors", "folder_exists"), destination)
    if destination.resolve().is_relative_to(ledger.folder.resolve()):
        raise InputError(localized("errors", "backup", "inside", store=ledger.folder), destination)
    parent = destination.absolute().parent
    if not restoring:
        _refuse_damaged(ledger)
    if not restoring and (mode := replaceable_by_all(parent)):
        raise InputError(localized("errors", "backup", "open_folder", folder=parent, mode=mode), destination)
    for _ in range(_TRIES):
        try:
            return _copy(ledger, destination, restoring=restoring)
        except FileNotFoundError:
            continue  # a file was forgotten meanwhile, so the ledger has changed too
        except OSError as error:
            raise unwritable(destination, error, localized("errors", "backup", "none_made")) from None
    raise StoreError(localized("errors", "backup", "missing", store=ledger.folder))


def _refuse_damaged(ledger: Ledger) -> None:
    """Raise StoreError at the first fault that a restore could mend; a backup would make it look whole."""
    for fault in verify(ledger).damage:
        raise StoreError(localized("errors", "backup", "of_damaged", store=ledger.folder, fault=fault))


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
            _copy_file(ledger.folder / path, new / path, path.stem)
        manifest.write(new)
        if restoring:
            _record(Ledger(new, 0), manifest.last, [])
        new.rename(destination)
        sync_folder(parent)
    return manifest.last


def _copy_ledger(ledger: Ledger, new: Path) -> tuple[Manifest, ReadLock]:
    """Copy the ledger; returns its manifest, and a lock that keeps the files it names from being removed."""
    for _ in range(_TRIES):
        with ledger.read() as opened:
            manifest = opened.manifest
            reading = ReadLock([ledger.folder / path for path in manifest.files()])
        shutil.copyfile(ledger.path, new / LEDGER)
        if sha256_of(new / LEDGER) == manifest.ledger:
            move_into_place(new / LEDGER, new / LEDGER)
            return manifest, reading
    raise StoreError(localized("errors", "backup", "busy", store=ledger.folder))


def _copy_file(path: Path, to: Path, checksum: str) -> None:
    """Copy a file whose SHA-256 begins with `checksum` into a folder of a store."""
    half = to.parent.with_name(f"{HALF}{to.name}")  # in the store's folder, where the next change removes what is left
    shutil.copyfile(path, half)
    if not sha256_of(half).startswith(checksum):
        raise StoreError(localized("errors", "backup", "damaged", file=path))
    move_into_place(half, to)


class Restored(msgspec.Struct, frozen=True):
    """What a restore did.

    Attributes:
        files: number of files restored.
        ledger: whether the ledger was restored too.
        before, after: the last row of the log.
        aside: folder with what was damaged, or None.
    """

    files: int
    ledger: bool
    before: audit_log.Entry
    after: audit_log.Entry
    aside: Path | None


def restore(ledger: Ledger, source: Path | str) -> Restored:
    """Restore from a backup what is damaged or missing, and nothing else; a missing store is restored completely.

    source: a folder, or the URL of a folder in an object store.

    A damaged ledger is kept in the folder `damaged`. Raises InputError if nothing is damaged, StoreError if the
    backup is damaged.
    """
    if isinstance(source, str):
        with TemporaryDirectory(prefix="dnc-") as folder:
            return restore(ledger, objects.download(source, Path(folder)))
    kept = Ledger(source, 0)
    good = verify(kept)
    if good.damage:
        raise StoreError(localized("errors", "backup", "source", source=source, fault=good.damage[0]))
    for fault in links_in(ledger.folder):
        raise StoreError(fault)
    if not ledger.exists:
        _remove_empty(ledger.folder)
        after = backup(kept, ledger.folder, restoring=True)
        return Restored(good.files, True, audit_log.NO_ENTRY, after, None)
    findings = verify(ledger)
    if not findings.damage:
        raise InputError(localized("errors", "backup", "whole"), ledger.folder)
    try:
        return _put_back(ledger, kept, findings, good)
    except OSError as error:
        raise unwritable(ledger.folder, error, localized("errors", "backup", "again")) from None


def _remove_empty(folder: Path) -> None:
    (folder / "lock").unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()


def _put_back(ledger: Ledger, kept: Ledger, findings: Findings, good: Findings) -> Restored:
    with ledger.writing(), kept.read() as opened:
        wanted = {path.name for path in findings.damaged}
        if {path.name for path in findings.unnamed} & {path.name for path in opened.manifest.files()}:
            findings.ledger_intact = False  # it is older than its files, which the backup has
        if not findings.ledger_intact:
            _refuse_other(ledger, findings, kept.folder, opened.con)
            wanted |= {path.name for path in opened.manifest.files()}
        files = list(_put_files(ledger, opened.manifest, kept.folder, wanted))
        aside = None if findings.ledger_intact else _put_ledger(ledger, kept, opened, files)
    if still := verify(ledger).damage:
        raise StoreError(localized("errors", "backup", "not_held", store=ledger.folder, fault=still[0]))
    if findings.ledger_intact:
        _record(ledger, good.head, files)
    return Restored(len(files), not findings.ledger_intact, findings.head, good.head, aside)


def _refuse_other(ledger: Ledger, findings: Findings, source: Path, con: duckdb.DuckDBPyConnection) -> None:
    """Raise InputError if a backup is that of another store: its opt-outs would take the place of those that are lost.

    It is if it has another id, or no row of its log is what is still known of the log of the store: its last row, by
    the manifest, and the rows of a damaged ledger that can be read. con: of the ledger of the backup.
    """
    known, log = {findings.head.seq: findings.head.hash}, _hashes(con)
    with suppress(duckdb.Error), ledger.instance.attached(ledger.path, "read_only") as damaged:
        known |= _hashes(damaged)
    compared = [log[row] == known[row] for row in known.keys() & log.keys()]
    if findings.store not in ("", ledger_sql.store_id(con)) or (compared and not any(compared)):
        raise InputError(localized("errors", "backup", "other", store=ledger.folder), source)


def _hashes(con: duckdb.DuckDBPyConnection) -> dict[int, str]:
    """The hash of each row of a log."""
    return {row["seq"]: row["hash"] for row in ledger_sql.log_as_written(con)}


def _put_files(ledger: Ledger, manifest: Manifest, source: Path, wanted: set[str]) -> Iterator[str]:
    for path in manifest.files():
        if path.name in wanted and fault_of(ledger.folder / path):
            _copy_file(source / path, ledger.folder / path, path.stem)
            yield path.name


def _put_ledger(ledger: Ledger, kept: Ledger, opened: Opened, files: list[str]) -> Path:
    """Replace ledger and manifest by those of the backup; in between the store is refused, as it was before.

    What they replace, and files that the backup does not name, are kept: somebody may need to look into them.
    """
    aside = ledger.folder / DAMAGED
    aside.mkdir(exist_ok=True, mode=0o700)
    named = {ledger.folder / path for path in opened.manifest.files()}
    for path in ledger.folder.glob("*/*.parquet"):
        if path not in named and path.parent != aside:
            path.replace(_free(aside, path))
    for path in (ledger.path, ledger.wal, ledger.folder / NAME):
        if path.exists():
            shutil.copy(path, _free(aside, path))
    ledger.wal.unlink(missing_ok=True)
    with own_folder(ledger.folder, ".dnc-restore-") as work:
        shutil.copyfile(kept.path, work / LEDGER)
        if sha256_of(work / LEDGER) != opened.digest:
            raise StoreError(localized("errors", "backup", "changed", store=kept.folder))
        opened.manifest.write(work)
        _record(Ledger(work, 0), opened.manifest.last, files)
        move_into_place(work / LEDGER, ledger.path)
        move_into_place(work / NAME, ledger.folder / NAME)
    return aside


def _free(folder: Path, path: Path) -> Path:
    """A name for a file in a folder that no other has there: what an earlier restore kept may be nowhere else."""
    numbers = chain([""], map("-{}".format, count(2)))
    return next(to for number in numbers if not (to := folder / f"{path.stem}{number}{path.suffix}").exists())


def _record(ledger: Ledger, head: audit_log.Entry, files: list[str]) -> None:
    with ledger.change() as change:
        change.log("restore", {"row": head.seq, "head": head.hash, "files": sorted(files)})
