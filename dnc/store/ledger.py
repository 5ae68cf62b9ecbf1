"""The ledger of a store: one small DuckDB file that is replaced as a whole by each change, and its manifest.

A change works on a copy in a folder of its own. The copy is checkpointed, closed, synced and then renamed over the
ledger: that rename is the commit. The manifest, written before, is renamed next. So there is never a write-ahead log
that could be cut off, and readers need no lock.

Each ledger holds the hash of the file it was copied from. That is how a reader recognises the one state that a killed
program can leave behind (the ledger is one change ahead of its manifest, and everything is there). In every other
state in which the two do not match something was lost, and the store is refused.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar, cast

import duckdb
import msgspec
import polars as pl
from msgspec.structs import replace

from dnc.clock import clock, today
from dnc.database import Instance, errno_of, instance_of
from dnc.errors import StoreError, is_full, no_room, unwritable, why
from dnc.files.atomic import HALF, move_into_place, write_atomically
from dnc.files.input_file import sha256_of
from dnc.files.locks import LockHeldError, exclusive_lock, own_folder, remove_orphans, remove_unread
from dnc.messages import localized
from dnc.store import audit_log, ledger_sql, state
from dnc.store.folder import refuse_unsafe
from dnc.store.manifest import EMPTY, FOLDERS, NAME, NAMED, DamageError, Manifest, NewerError, read_manifest
from dnc.store.state import State

VERSION = 4
LEDGER = "ledger.duckdb"  # name of its file
WORK = ".dnc-"  # prefix of folders that belong to one running process
_BLOCK_BYTES = 16_384  # DuckDB's smallest: the ledger is copied by every change
_CHANGING = f"{WORK}change-"
_MOVED_IN = "moved-in"  # in the folder of a change: the names of the files that it moved into the store
DAMAGED = "damaged"  # folder in which a restore keeps what it replaced
_FOOTER_END = 8  # bytes after the footer of a Parquet file: its length, and `PAR1`
_MOST_UNEDITED = 16
# What ledgers hold that this process wrote, or compared with their logs; by the SHA-256 of their files.
_unedited: dict[str, _Contents] = {}
_OURS = re.compile(r"^[0-9a-f]{64}\.parquet$")
_Told = TypeVar("_Told")


class Opened(msgspec.Struct, frozen=True):
    """A ledger opened for reading, after it was compared with its manifest.

    Attributes:
        digest: SHA-256 of its file.
        ahead: whether the program was killed before it wrote the manifest of the last change.
    """

    con: duckdb.DuckDBPyConnection
    manifest: Manifest
    digest: str
    ahead: bool


class _Contents(msgspec.Struct, frozen=True):
    """What a ledger holds, and the last row of its log if this program wrote it last."""

    state: State
    head: audit_log.Entry | None = None


class LockedError(StoreError):
    """Another process has locked the store."""


class Ledger:
    """The ledger in a store's folder; it is opened for moments only.

    `wait_seconds` is how long to wait for another process that changes the store.
    """

    def __init__(self, folder: Path, wait_seconds: float) -> None:
        self.folder = folder
        self.path = folder / LEDGER
        self.wal = folder / f"{LEDGER}.wal"  # write-ahead log of DuckDB; changes leave none
        self._wait_seconds = wait_seconds
        self._written: tuple[object, str] | None = None  # the file that was written last, and its SHA-256

    @property
    def exists(self) -> bool:
        """Whether there is a store here; a store that lost its ledger and manifest counts too."""
        try:
            return any((self.folder / name).exists() for name in (LEDGER, NAME, *FOLDERS))
        except OSError as error:
            raise StoreError(localized("errors", "store_unread", store=self.folder, why=why(error))) from None

    def must_exist(self) -> None:
        """Raise StoreError if there is no store."""
        if not self.exists:
            raise StoreError(localized("errors", "no_store", store=self.folder))

    # reading

    @property
    def state(self) -> object:
        """Something that is different after each change; None where there is no store. Costs one look at the disk."""
        try:
            return self._identity()
        except OSError:
            return None

    def state_of(self, *tables: str) -> object:
        """Something that is different after each change of some tables; it may be after a change of others too.

        Costs one look at the disk: what this object wrote, and nobody changed since, need not be read again.
        """
        written, now = self._written, self.state
        if written and written[0] == now and (contents := _unedited.get(written[1])):
            return frozenset(part for part in contents.state.parts if part.name in tables)
        return now

    @contextmanager
    def read(self, *, edited: bool = False) -> Iterator[Opened]:
        """Open the ledger read-only and compare it with its manifest and its log. Raises StoreError.

        edited: whether one that is not what its log says is opened too, so that somebody can look at it.
        """
        self.must_exist()
        with ExitStack() as stack:
            opened = self._opened(stack)
            if not edited:
                self.refuse_edited(opened.con, opened.digest)
            yield opened

    def asked(self, query: Callable[[duckdb.DuckDBPyConnection], _Told]) -> _Told | None:
        """What a query gives; None if there is no store. Raises StoreError."""
        if not self.exists:
            return None
        with self.read() as opened:
            return query(opened.con)

    def _opened(self, stack: ExitStack) -> Opened:
        """Open and compare; again if a change was made meanwhile, which gives the name to another file.

        stack: closes what was opened.
        """
        last: object = ()
        while True:
            looked_at = None
            try:
                with ExitStack() as attempt:
                    if opened := self._opened_once(attempt):
                        stack.push(attempt.pop_all())
                        return opened
                looked_at = self._identity()
            except FileNotFoundError:
                pass
            except OSError as error:
                raise StoreError(localized("errors", "store_unread", store=self.path, why=why(error))) from None
            if looked_at == last:
                break
            last = looked_at
            time.sleep(0.02)
        if not self.path.exists():
            raise DamageError(self.folder, localized("errors", "ledger", "missing"))
        if not (self.folder / NAME).exists():
            raise DamageError(self.folder, localized("errors", "ledger", "no_manifest", name=NAME))
        fault = localized("errors", "ledger", "mismatch")
        raise DamageError(self.folder, fault)

    def _opened_once(self, stack: ExitStack) -> Opened | None:
        before = self._identity()
        manifest = read_manifest(self.folder)
        digest = sha256_of(self.path)
        con = self._connected(stack, before, intact=bool(manifest and manifest.ledger == digest))
        opened = self._compared(con, manifest, digest) if con else None
        return opened if self._identity() == before else None

    def _identity(self) -> tuple[int, int, int]:
        status = self.path.stat()
        return status.st_ino, status.st_size, status.st_mtime_ns

    @property
    def instance(self) -> Instance:
        """The DuckDB to which the ledger, or a copy of it, is attached."""
        return instance_of(self.folder.absolute())

    def _connected(self, stack: ExitStack, before: object, *, intact: bool) -> duckdb.DuckDBPyConnection | None:
        """A connection to the ledger; None if it cannot be opened and is no more the file that it was `before`."""
        deadline = time.monotonic() + self._wait_seconds
        while True:
            try:
                return stack.enter_context(self.instance.attached(self.path, "read_only"))
            except duckdb.Error as error:
                if self._identity() != before:
                    return None
                if errno_of(error) == errno.EAGAIN and time.monotonic() <= deadline:
                    time.sleep(0.1)
                    continue
                raise self._refusal(error, intact) from None

    def _refusal(self, error: duckdb.Error, intact: bool) -> StoreError:
        if errno_of(error) == errno.EAGAIN:
            holder = re.search(r"PID (\d+)", str(error))
            return self._locked(int(holder[1]) if holder else None)
        # DuckDB has neither a type nor a code for this: a file that was cut is an IOException without errno as well.
        if "version number" in str(error):
            return DamageError(self.folder, localized("errors", "ledger", "duckdb"), "its_program")
        if intact:
            return DamageError(self.folder, localized("errors", "ledger", "closed", why=_cause(error)), "permissions")
        return DamageError(self.folder, localized("errors", "ledger", "unopened"))

    def _locked(self, pid: int | None) -> LockedError:
        holder = localized("errors", "locked_by", "process" if pid else "other", pid=pid)
        return LockedError(
            localized("errors", "locked", store=self.folder, holder=holder, seconds=f"{self._wait_seconds:g}")
        )

    def _compared(self, con: duckdb.DuckDBPyConnection, manifest: Manifest | None, digest: str) -> Opened | None:
        """What was opened; None if ledger and manifest belong neither to one change nor to two in a row."""
        try:
            self._refuse_strange(con)
            if manifest and manifest.ledger == digest:
                return Opened(con, manifest, digest, ahead=False)
            if ledger_sql.previous(con) == (manifest.ledger if manifest else ""):
                return Opened(
                    con, Manifest.of(con, digest, audit_log.head(con)).checked(self.folder), digest, ahead=True
                )
        except duckdb.Error as error:
            raise DamageError(
                self.folder, localized("errors", "ledger", "damaged", kind=type(error).__name__)
            ) from None
        return None

    def _refuse_strange(self, con: duckdb.DuckDBPyConnection) -> None:
        """Raise unless it is a ledger of this version."""
        version = ledger_sql.version(con)
        if version is None:
            raise DamageError(self.folder, localized("errors", "ledger", "strange"), "other_folder")
        if version != VERSION:
            self.refuse_newer(con)
            fault = localized("errors", "ledger", "version", version=version, ours=VERSION)
            raise DamageError(self.folder, fault, "its_program_or_new")
        if self.wal.exists():
            raise DamageError(self.wal, localized("errors", "ledger", "left"), "move_out")

    # changing

    @contextmanager
    def change(self, *, erasing: bool = False) -> Iterator[Change]:
        """A change of the ledger: all of it or nothing, and one at a time. Raises StoreError.

        Before, what killed loads and changes left behind is removed; afterwards, files that are no longer used. A
        change that adds no row to the log changes nothing.

        erasing: whether no byte of what the change removes may stay, in the ledger's file either; refused while there
            is what a restore kept. Other changes may add objections, but not change any.
        """
        with self.writing():
            if not self.exists:
                with self._copied(None):
                    pass  # an empty store first: files that a change brings are moved in before its ledger is
                self._make_folders()
            manifest = self._healed()
            self._sweep(manifest)
            self._clean()
            if erasing:
                self._refuse_copies(manifest)
            with self._copied(manifest, erasing=erasing) as change:
                yield change

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Make this the only process that changes the store. Raises LockedError naming another that does."""
        try:
            refuse_unsafe(self.folder)
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with exclusive_lock(self.folder / "lock", self._wait_seconds):
                if self.exists:
                    self._make_folders()
                yield
        except LockHeldError as error:
            raise self._locked(error.pid) from None
        except OSError as error:
            raise unwritable(self.folder, error) from None
        except duckdb.Error as error:
            if is_full(error):
                raise no_room(self.folder) from None
            raise StoreError(localized("errors", "ledger", "failed", store=self.folder, why=_cause(error))) from None

    def _make_folders(self) -> None:
        """Make the folders for files, never before the ledger: without one, they say that it was lost."""
        for name in FOLDERS:
            (self.folder / name).mkdir(exist_ok=True, mode=0o700)

    @contextmanager
    def _copied(self, before: Manifest | None, *, erasing: bool = False) -> Iterator[Change]:
        """A copy of the ledger to change; afterwards it takes the ledger's place.

        before: what the store holds; None for a new ledger.
        """
        with own_folder(self.folder, _CHANGING) as work:
            try:
                yield from self._changed(work, before, erasing=erasing)
            finally:  # while the notes on what was moved in are still there
                if (manifest := read_manifest(self.folder)) and manifest.ledger == self._digest():
                    self._sweep(manifest)

    def _changed(self, work: Path, before: Manifest | None, *, erasing: bool) -> Iterator[Change]:
        copy, rebuilt = work / self.path.name, work / f"rebuilt-{self.path.name}"
        if before:
            shutil.copyfile(self.path, copy)
            if sha256_of(copy) != before.ledger:
                raise StoreError(localized("errors", "ledger", "changed", store=self.folder))
        # Nobody reads the copy before it is renamed, so no write-ahead log is needed.
        options = f"block_size {_BLOCK_BYTES}, recovery_mode no_wal_writes"
        with self.instance.attached(copy, options) as con:
            con.begin()
            watched = ledger_sql.Watched(con)
            to = cast("duckdb.DuckDBPyConnection", watched)
            if before:
                contents = self._begin(to, before, whole=erasing)
            else:
                ledger_sql.create(to, VERSION)
                contents = _Contents(State(frozenset()))
            change = Change(to, self.folder, work, contents.head or audit_log.head(con), contents.state)
            yield change
            if before and not change.drafts:
                return
            manifest = change.finished(before, watched).checked(self.folder) if change.drafts else EMPTY
            con.commit()
            con.execute("checkpoint ledger")
            if erasing:
                ledger_sql.rebuild(con, rebuilt, options)
        if erasing:
            rebuilt.replace(copy)
        digest = sha256_of(copy)
        (work / NAME).write_text(replace(manifest, ledger=digest).text, encoding="utf-8")
        self._replace(copy, self.path)
        self._replace(work / NAME, self.folder / NAME)
        self._written = self._identity(), digest
        _keep_unedited(digest, _Contents(change.holds, change.head if change.drafts else None))

    def _begin(self, con: duckdb.DuckDBPyConnection, before: Manifest, *, whole: bool) -> _Contents:
        """Begin a change unless the ledger was edited: the change would make that look right. Returns what it holds."""
        contents = _unedited.get(before.ledger)
        if whole or not (contents and contents.head):
            self._refuse_strange(con)
            held = self.refuse_edited(con, before.ledger, whole=whole)
            ledger_sql.identify(con)
            state.keep(con, state.kept(con), held)
            contents = _Contents(held, audit_log.head(con))
        ledger_sql.set_previous(con, before.ledger)
        return contents

    def refuse_edited(self, con: duckdb.DuckDBPyConnection, digest: str, *, whole: bool = False) -> State:
        """Raise DamageError where the open ledger is not what its log says; returns what it holds.

        digest: SHA-256 of its file; the same bytes are not compared twice.
        whole: whether all objections are read; otherwise they are counted, and the last of them read.
        """
        if (known := _unedited.get(digest)) and not whole:
            return known.state
        self.refuse_newer(con)
        if fault := state.deception(con):
            raise DamageError(self.folder, localized("errors", "ledger", "edited", fault=fault))
        contents = state.read(con, None if whole else state.kept(con))
        for edit in state.faults(con, contents):
            raise DamageError(self.folder, localized("errors", "ledger", "edited", fault=edit))
        _keep_unedited(digest, _Contents(contents))
        return contents

    def refuse_newer(self, con: duckdb.DuckDBPyConnection) -> None:
        """Raise NewerError where the open ledger has a later format, or more than this program knows."""
        if (version := ledger_sql.version(con) or 0) > VERSION:
            raise NewerError(self.folder, "format", version=version, ours=VERSION)
        if names := ledger_sql.added(con):
            raise NewerError(self.folder, "unknown", names=", ".join(names))

    def _replace(self, written: Path, path: Path) -> None:
        """Rename over a file; Windows does not do that while the file is being read, so wait there."""
        deadline = time.monotonic() + self._wait_seconds
        while True:
            try:
                return move_into_place(written, path)
            except PermissionError:
                if os.name != "nt" or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def _digest(self) -> str:
        """The SHA-256 of the ledger; a file that this object wrote, and that did not change since, is not read again.

        A change compares the copy that it works on.
        """
        written = self._written
        return written[1] if written and written[0] == self._identity() else sha256_of(self.path)

    def _healed(self) -> Manifest:
        """The manifest of the ledger; written now if a killed change had not got that far.

        A ledger with the hash in its manifest need not be opened for that: nothing changed it since.
        """
        with suppress(FileNotFoundError):
            if (manifest := read_manifest(self.folder)) and manifest.ledger == self._digest():
                return manifest
        with ExitStack() as stack:
            opened = self._opened(stack)
        if opened.ahead:
            opened.manifest.write(self.folder)
        return opened.manifest

    def _clean(self) -> None:
        remove_orphans(self.folder, WORK)
        for path in self.folder.glob(f"{HALF}*"):
            path.unlink(missing_ok=True)

    def _refuse_copies(self, manifest: Manifest) -> None:
        """Raise StoreError if files that the ledger does not know may hold what is to be erased."""
        if any((aside := self.folder / DAMAGED).glob("*")):
            raise StoreError(localized("errors", "ledger", "aside", folder=aside))
        if unnamed := self.files() - self.named(manifest):
            with self.instance.attached(self.path, "read_only") as con:
                strange = unnamed - self.done_with(con, unnamed)
            if strange:
                raise StoreError(localized("errors", "ledger", "unnamed", store=self.folder, n=len(strange)))

    def _sweep(self, manifest: Manifest) -> None:
        """Remove files that are no longer used; one that is being read is left to the next change.

        No other file is removed: if the ledger is an older copy, it does not name what is newer.
        """
        if unnamed := self.files() - self.named(manifest):
            moved_in = self.moved_in()
            with self.instance.attached(self.path, "read_only") as con:
                gone = self.done_with(con, unnamed)
            for path in unnamed:
                if path in gone or path.name in moved_in:
                    remove_unread(path)

    def done_with(self, con: duckdb.DuckDBPyConnection, unnamed: Iterable[Path]) -> set[Path]:
        """Which of the files that the ledger does not name it had, and has no more.

        The log names them, the last time when they were removed. A file that is newer than that came back: the
        ledger is an older copy, from before it did.
        """
        logged = ledger_sql.files_in_log(con)
        gone = set()
        for path in unnamed:
            with suppress(FileNotFoundError):
                if (at := logged.get(path.name)) and int(path.stat().st_mtime) <= at.replace(tzinfo=UTC).timestamp():
                    gone.add(path)
        return gone

    def files(self) -> set[Path]:
        """Every file in the folders of snapshots, decisions and bit pages."""
        files = (path for name in FOLDERS for path in (self.folder / name).glob("*"))
        return {path for path in files if _OURS.match(path.name)}

    def named(self, manifest: Manifest) -> set[Path]:
        """Every file that a manifest names."""
        return {self.folder / path for path in manifest.files()}

    def moved_in(self) -> set[str]:
        """Names of files that changes moved in which were not completed, or not yet."""
        names: set[str] = set()
        for note in self.folder.glob(f"{_CHANGING}*/{_MOVED_IN}"):
            with suppress(FileNotFoundError):
                names.update(note.read_text(encoding="ascii").split())
        return names

    def still_read(self) -> list[Path]:
        """Files that the ledger had and names no more, and that a running check keeps from being removed."""
        with self.read() as opened:
            return sorted(self.done_with(opened.con, self.files() - self.named(opened.manifest)))


class Change(msgspec.Struct):
    """A change in progress: the copy of the ledger in a transaction, and the folder of the store.

    Attributes:
        work: folder of the change.
        head: the last row of the log; when the change is complete, the last that it added.
        holds: what the ledger held before; when the change is complete, what it holds.
        objections: the `seq` of objections that it changes; what it adds is not among them.
        drafts: rows that it adds to the log.
    """

    con: duckdb.DuckDBPyConnection
    folder: Path
    work: Path
    head: audit_log.Entry
    holds: State
    objections: list[int] = []
    drafts: list[audit_log.Draft] = []
    _moved_in: list[str] = []

    def keep(self, written: Path, folder: str) -> tuple[str, int]:
        """Move a finished Parquet file into a folder of the store, named by its checksum; returns its name and rows.

        The log keeps the name when the file is gone, so the name must not tell what was in it.
        """
        _make_unguessable(written, bytes.fromhex(ledger_sql.keyed(self.con, sha256_of(written).encode())))
        rows, name = rows_of(written), f"{sha256_of(written)}.parquet"
        path = self.folder / folder / name
        if not path.exists():
            self._moved_in.append(name)
            write_atomically(self.work / _MOVED_IN, "\n".join(self._moved_in).encode())
        move_into_place(written, path)
        return name, rows

    def log(self, verb: str, detail: dict[str, object]) -> int:
        """Add a row to the log, at the end of the change; it also says if `DNC_TODAY` replaced the clock.

        Returns its number.
        """
        replaced = {"clock": clock(), "today": today()} if clock() != "system" else {}
        seq = self.head.seq + len(self.drafts) + 1
        self.drafts.append(audit_log.draft(seq, verb, detail | replaced))
        return seq

    def finished(self, before: Manifest | None, watched: ledger_sql.Watched) -> Manifest:
        """Finish the tables: the last row of the log gets the state, and the names of files that are no longer used.

        Returns the manifest, without the ledger's SHA-256.
        """
        if watched.written is None or "snapshots" in watched.written:
            ledger_sql.remove_unused(self.con)
        held, written = self.holds, watched.written
        self.holds = state.read(self.con, held, self.objections, written)
        state.keep(self.con, held, self.holds)
        addition: dict[str, Any] = {"state": self.holds.as_logged}
        if before and before.store and written is not None and written.isdisjoint(NAMED):
            manifest = replace(before, tables=self.holds.rows)
        else:
            manifest = Manifest.of(self.con, "", self.head)
        if gone := set(before.files() if before else ()).difference(manifest.files()):
            addition["removed"] = sorted(path.name for path in gone)
        if self.drafts:
            self.drafts[-1].detail.update(addition)
            self._make_older(gone, self.drafts[-1].done_at)
        self.head = audit_log.append(self.con, self.head, self.drafts)
        return replace(manifest, seq=self.head.seq, head=self.head.hash)

    def _make_older(self, gone: Iterable[Path], than: datetime) -> None:
        """Make no file newer than the row of the log that removes it, or it would count as one that came back.

        It may be: the clock was set back, or that of a file server is ahead.
        """
        at = than.replace(tzinfo=UTC).timestamp()
        for path in gone:
            with suppress(OSError):  # a file that is lost
                os.utime(self.folder / path, (at, at))


def _keep_unedited(digest: str, contents: _Contents) -> None:
    if len(_unedited) >= _MOST_UNEDITED:
        _unedited.clear()
    _unedited[digest] = contents


def _make_unguessable(path: Path, mark: bytes) -> None:
    """Put a keyed hash of a Parquet file, `mark`, between its pages and its footer, where no reader looks.

    Without it, whoever has the checksum of a file could try all numbers until one gives that checksum. A `forget`
    deletes the key; the same content has the same name until then.
    """
    with path.open("r+b") as file:
        file.seek(-_FOOTER_END, os.SEEK_END)
        footer = int.from_bytes(file.read(4), "little") + _FOOTER_END
        file.seek(-footer, os.SEEK_END)
        end = file.read()
        file.seek(-footer, os.SEEK_END)
        file.write(mark + end)


def rows_of(path: Path) -> int:
    """Number of rows of a Parquet file, from its footer."""
    return int(pl.scan_parquet(path, glob=False).select(pl.len()).collect().item())


def _cause(error: duckdb.Error) -> str:
    """What went wrong, without the text of the error, which may quote data."""
    code = errno_of(error)
    return why(OSError(code, os.strerror(code))) if code else type(error).__name__
