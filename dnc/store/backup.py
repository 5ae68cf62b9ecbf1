"""Backup and restore of a store. A backup is itself a store, which every command reads with `--store`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain, count
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from dnc.errors import InputError, StoreError, unwritable
from dnc.files import objects
from dnc.files.atomic import HALF, move_into_place, sync_folder, write_atomically
from dnc.files.input_file import sha256_of
from dnc.files.locks import ReadLock, own_folder, remove_orphans
from dnc.messages import localized
from dnc.store import audit_log
from dnc.store.audit_log import NO_ENTRY, Entry
from dnc.store.folder import fault_of, links_in, replaceable_by_all
from dnc.store.journal import DAMAGED, HEAD, LOG, Journal
from dnc.store.state import FOLDERS, State
from dnc.store.verify import Findings, verify

_TRIES = 5


def backup(journal: Journal, destination: Path | str, *, restoring: bool = False) -> Entry:
    """Copy a store, in its state of one moment, into a new folder: completely or not at all. Loads may run meanwhile.

    The destination may also be the URL of a folder in an object store. The file `head` is written last, and nothing is
    restored without it.

    `restoring` adds a row about this to the log of the copy. Returns the last row of the log of the store.
    """
    if not journal.exists:
        raise StoreError(localized("errors", "no_store_named", store=journal.folder))
    if isinstance(destination, str):
        with TemporaryDirectory(prefix="dnc-") as folder:
            head = backup(journal, Path(folder) / "store")
            objects.upload(Path(folder) / "store", destination, HEAD)
        return head
    if destination.exists():
        raise InputError(localized("errors", "folder_exists"), destination)
    if destination.resolve().is_relative_to(journal.folder.resolve()):
        raise InputError(localized("errors", "backup", "inside", store=journal.folder), destination)
    parent = destination.absolute().parent
    if not restoring:
        _refuse_damaged(journal)
    if not restoring and (mode := replaceable_by_all(parent)):
        raise InputError(localized("errors", "backup", "open_folder", folder=parent, mode=mode), destination)
    for _ in range(_TRIES):
        try:
            return _copy(journal, destination, restoring=restoring)
        except FileNotFoundError:
            continue  # a file was forgotten meanwhile, so the log has changed too
        except OSError as error:
            raise unwritable(destination, error, localized("errors", "backup", "none_made")) from None
    raise StoreError(localized("errors", "backup", "missing", store=journal.folder))


def _refuse_damaged(journal: Journal) -> None:
    """Raise StoreError at the first fault that a restore could mend; a backup would make it look whole."""
    for fault in verify(journal).damage:
        raise StoreError(localized("errors", "backup", "of_damaged", store=journal.folder, fault=fault))


def _copy(journal: Journal, destination: Path, *, restoring: bool) -> Entry:
    parent = destination.absolute().parent
    parent.mkdir(parents=True, exist_ok=True)
    remove_orphans(parent, ".dnc-backup-")
    with own_folder(parent, ".dnc-backup-") as work:
        new = work / "store"
        for name in (LOG, *FOLDERS):
            (new / name).mkdir(parents=True, mode=0o700)
        new.chmod(0o700)
        state, _reading = _copy_log(journal, new)
        for path in sorted(state.files):
            _copy_file(journal.folder / path, new / path)
        if restoring:
            _record(Journal(new, 0), state.head, [])
        new.rename(destination)
        sync_folder(parent)
    return state.head


def _copy_log(journal: Journal, new: Path) -> tuple[State, ReadLock]:
    """Copy the log into a new folder; returns what stands by it, and a lock that keeps files from being removed."""
    for _ in range(_TRIES):
        _write_head(new, journal.noted())
        segments = journal.segments()
        for path in segments:
            shutil.copyfile(path, new / LOG / path.name)
            move_into_place(new / LOG / path.name, new / LOG / path.name)
        state = Journal(new, 0).read()
        reading = ReadLock([journal.folder / path for path in sorted(state.files)])
        if journal.segments() == segments:
            _write_head(new, state.head)
            return state, reading
        shutil.rmtree(new / LOG)
        (new / LOG).mkdir(mode=0o700)
    raise StoreError(localized("errors", "backup", "busy", store=journal.folder))


def _write_head(folder: Path, head: Entry) -> None:
    write_atomically(folder / HEAD, f"{head}\n".encode())


def _copy_file(path: Path, to: Path) -> None:
    """Copy a file that is named by its SHA-256 into a folder of a store."""
    half = to.parent.with_name(f"{HALF}{to.name}")  # in the store's folder, where the next change removes what is left
    shutil.copyfile(path, half)
    if sha256_of(half) != path.stem:
        raise StoreError(localized("errors", "backup", "damaged", file=path))
    move_into_place(half, to)


class Restored(msgspec.Struct, frozen=True):
    """What a restore did.

    Attributes:
        files: number of files restored.
        log: whether the log was replaced by that of the backup.
        before: the last row of the log that is known of. after: that of the log that stays; rows after it are lost.
        aside: folder with what was damaged, or None.
    """

    files: int
    log: bool
    before: Entry
    after: Entry
    aside: Path | None


def restore(journal: Journal, source: Path | str) -> Restored:
    """Restore from a backup what is damaged or missing, and nothing else; a missing store is restored completely.

    source: a folder, or the URL of a folder in an object store.

    Of the two logs the longest that is whole stays; what it replaces is kept in the folder `damaged`. Raises
    InputError if nothing is damaged, StoreError if the backup is damaged.
    """
    if isinstance(source, str):
        with TemporaryDirectory(prefix="dnc-") as folder:
            return restore(journal, objects.download(source, Path(folder)))
    kept = Journal(source, 0)
    good = verify(kept)
    if good.damage:
        raise StoreError(localized("errors", "backup", "source", source=source, fault=good.damage[0]))
    for fault in links_in(journal.folder):
        raise StoreError(fault)
    if not journal.exists:
        _remove_empty(journal.folder)
        after = backup(kept, journal.folder, restoring=True)
        return Restored(good.files, True, NO_ENTRY, after, None)
    findings = verify(journal)
    if not findings.damage:
        raise InputError(localized("errors", "backup", "whole"), journal.folder)
    try:
        return _put_back(journal, kept, findings, good)
    except OSError as error:
        raise unwritable(journal.folder, error, localized("errors", "backup", "again")) from None


def _remove_empty(folder: Path) -> None:
    (folder / "lock").unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()


def _put_back(journal: Journal, kept: Journal, findings: Findings, good: Findings) -> Restored:
    state, last, aside = kept.read(), findings.head, None
    with journal.writing():
        wanted = {path.name for path in findings.damaged}
        there = {path.name for path in state.files}
        noted = _noted(journal)
        # Where the store has files that it does not name, and the backup does, its log is older than they are.
        stays = findings.log_intact and there.isdisjoint(path.name for path in findings.unnamed)
        if not stays:
            _refuse_other(findings, good, noted, journal.folder, kept.folder)
            last = _whole_until(journal)
            stays = last.seq > good.head.seq and all(
                findings.hashes[entry.seq] == entry.hash for entry in (good.head, noted) if 0 < entry.seq <= last.seq
            )
            if stays:
                aside = _cut(journal, last)
                wanted = {path.name for path in journal.read().files}
            else:
                last, wanted = good.head, wanted | there
        files = list(_put_files(journal, state, kept.folder, wanted))
        if not stays:
            aside = _put_log(journal, kept, state, files)
    if still := verify(journal).damage:
        raise StoreError(localized("errors", "backup", "not_held", store=journal.folder, fault=still[0]))
    if stays:
        _record(journal, good.head, files)
    before = max(findings.head, noted, key=lambda entry: entry.seq)
    return Restored(len(files), not stays, before, last, aside)


def _noted(journal: Journal) -> Entry:
    with suppress(StoreError):
        return journal.noted()
    return NO_ENTRY


def _whole_until(journal: Journal) -> Entry:
    """The last row up to which the log is whole and ends with a change, and says what stands; else none."""
    before, last = Entry(-1, ""), NO_ENTRY
    for line in chain.from_iterable(lines for _, lines in journal.lines()):
        if line is None or any(audit_log.faults([line], before.seq + 1, before.hash)):
            break
        before = Entry(line.row.n, line.hash)
        if not line.row.more:
            last = NO_ENTRY if line.said is None else before
    return last


def _cut(journal: Journal, last: Entry) -> Path | None:
    """End the log with a row; what came after it is kept, with files that are named no more, in the folder returned."""
    path, aside = journal.segments()[-1], None
    data = path.read_bytes()
    whole = b"".join(line + b"\n" for line in audit_log.whole_lines(data)[: last.seq + 1 - int(path.stem)])
    if whole != data:
        aside = _aside(journal)
        for replaced in filter(Path.exists, (path, journal.head)):
            write_atomically(_free(aside, replaced), replaced.read_bytes())
        write_atomically(path, whole)
    _write_head(journal.folder, last)
    for strange in journal.strangers(journal.read()):
        aside = aside or _aside(journal)
        (journal.folder / strange).replace(_free(aside, strange))
    return aside


def _refuse_other(findings: Findings, good: Findings, noted: Entry, store: Path, source: Path) -> None:
    """Raise InputError if a backup is that of another store: its opt-outs would take the place of those that are lost.

    It is if no row of its log is what can still be read of the log of the store, or of its file `head`.
    """
    known = findings.hashes | ({noted.seq: noted.hash} if noted.hash else {})
    compared = [good.hashes[row] == known[row] for row in known.keys() & good.hashes.keys()]
    if compared and not any(compared):
        raise InputError(localized("errors", "backup", "other", store=store), source)


def _put_files(journal: Journal, state: State, source: Path, wanted: set[str]) -> Iterator[str]:
    for path in sorted(state.files):
        if path.name in wanted and fault_of(journal.folder / path):
            (journal.folder / path).parent.mkdir(exist_ok=True, mode=0o700)
            _copy_file(source / path, journal.folder / path)
            yield path.name


def _put_log(journal: Journal, kept: Journal, state: State, files: list[str]) -> Path:
    """Replace the log by that of the backup; in between the store is refused, as it was before.

    What it replaces, and files that the backup does not name, are kept: somebody may need to look into them.
    """
    aside = _aside(journal)
    for path in journal.files() - state.files:
        (journal.folder / path).replace(_free(aside, path))
    journal.log.mkdir(exist_ok=True, mode=0o700)
    with own_folder(journal.folder, ".dnc-restore-") as work:
        (work / LOG).mkdir(mode=0o700)
        _copy_log(kept, work)
        _record(Journal(work, 0), state.head, files)
        for path in (*journal.segments(), journal.head):
            if path.exists():
                path.replace(_free(aside, path))
        for path in sorted((work / LOG).iterdir()):
            move_into_place(path, journal.log / path.name)
        move_into_place(work / HEAD, journal.head)
    return aside


def _aside(journal: Journal) -> Path:
    aside = journal.folder / DAMAGED
    aside.mkdir(exist_ok=True, mode=0o700)
    return aside


def _free(folder: Path, path: Path) -> Path:
    """A name for a file in a folder that no other has there: what an earlier restore kept may be nowhere else."""
    numbers = chain([""], map("-{}".format, count(2)))
    return next(to for number in numbers if not (to := folder / f"{path.stem}{number}{path.suffix}").exists())


def _record(journal: Journal, head: Entry, files: list[str]) -> None:
    with journal.change() as change:
        change.log("restore", {"row": head.seq, "head": head.hash, "files": sorted(files)})
