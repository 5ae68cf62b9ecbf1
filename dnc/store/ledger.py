"""The ledger of a store: one small DuckDB file that is replaced whole at each change, and its manifest.

A change works on a copy that nobody else sees: checkpointed, closed, synced, it is renamed
over the ledger, and that is the commit; then its manifest, written before, is renamed
too. There is never a write-ahead log that could be cut, and a reader holds no lock.

Each ledger names the file it was copied from. So a reader tells the one state that a
kill can leave (the ledger one change ahead of its manifest: all is there) from
every other (the ledger is not the manifest's: something was lost, and nothing is decided).
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import polars as pl

from dnc.clock import clock, today
from dnc.database import attached, connect, run, statement
from dnc.errors import StoreError
from dnc.files.atomic import HALF, put
from dnc.files.input_file import sha256_of
from dnc.files.locks import HeldError, alone, own_folder, remove_orphans, remove_unread
from dnc.store import audit_log
from dnc.store.manifest import FOLDERS, NAME, REMEDY, Manifest, read_manifest

VERSION = 3
_OLD = (1, 2)  # versions whose ledger was written in place and had no manifest
WORK = ".dnc-"  # begins the names of folders that belong to one running process
_BLOCK_BYTES = "16384"
_OURS = re.compile(r"^[0-9a-f]{64}\.parquet$")


@dataclass(frozen=True)
class Opened:
    """A ledger that was opened for reading and compared with its manifest.

    digest: SHA-256 of its file. ahead: whether the program ended before the manifest of the last change.
    """

    con: duckdb.DuckDBPyConnection
    manifest: Manifest
    digest: str
    ahead: bool


class LockedError(StoreError):
    """Another process holds the ledger."""


class _OldError(Exception):
    """The ledger is of an earlier version."""


class Ledger:
    """The ledger of a store's folder; opened for moments only."""

    def __init__(self, folder: Path, wait_seconds: float) -> None:
        self.folder = folder
        self.path = folder / "ledger.duckdb"
        self._wait_seconds = wait_seconds

    @property
    def exists(self) -> bool:
        """Whether anything was ever committed here; what is left of a store counts too."""
        left = (self.folder / name for name in FOLDERS)
        try:
            told = self.path.exists() or (self.folder / NAME).exists()
            return told or any(any(one.glob("*.parquet")) for one in left)
        except OSError as error:
            raise StoreError(f"{self.folder}: cannot be read: {error.strerror or error}") from None

    # reading

    @contextmanager
    def read(self) -> Iterator[Opened]:
        """The ledger, read-only, after it was compared with its manifest. Raises StoreError."""
        try:
            opened = self._opened()
        except _OldError:
            if not os.access(self.folder, os.W_OK):
                raise StoreError(
                    f"{self.folder}: a store of an earlier version, brought up when it is first used, "
                    "but it cannot be written here; use it once where it can, or a copy"
                ) from None
            self.upgrade()
            opened = self._opened()
        try:
            yield opened
        finally:
            opened.con.close()

    def _opened(self) -> Opened:
        """Open and compare; again where a writer came between, which is seen by another file under the name."""
        last: object = ()
        while True:
            looked_at = None
            try:
                if opened := self._opened_once():
                    return opened
                looked_at = self._identity()
            except FileNotFoundError:
                pass
            except OSError as error:
                raise StoreError(f"{self.path}: cannot be read: {error.strerror or error}") from None
            if looked_at == last:
                break
            last = looked_at
            time.sleep(0.02)
        if not self.path.exists():
            raise StoreError(f"{self.folder}: ledger.duckdb is missing; {REMEDY}")
        if not (self.folder / NAME).exists():
            raise StoreError(f"{self.folder}: {NAME} is missing; {REMEDY}")
        what = "ledger.duckdb is not the one its manifest tells of: it was changed, cut or put back"
        raise StoreError(f"{self.folder}: {what}; {REMEDY}")

    def _opened_once(self) -> Opened | None:
        before = self._identity()
        manifest = read_manifest(self.folder)
        digest = sha256_of(self.path)
        con = self._connected(intact=bool(manifest and manifest.ledger == digest))
        opened = None
        try:
            if (found := self._compared(con, manifest, digest)) and self._identity() == before:
                opened = found
        finally:
            if opened is None:
                con.close()
        return opened

    def _identity(self) -> tuple[int, int, int]:
        status = self.path.stat()
        return status.st_ino, status.st_size, status.st_mtime_ns

    def _connected(self, intact: bool) -> duckdb.DuckDBPyConnection:
        deadline = time.monotonic() + self._wait_seconds
        while True:
            try:
                return attached(self.path)
            except duckdb.Error as error:
                if not self.path.exists():
                    raise FileNotFoundError from None
                locked = "set lock" in str(error) or "onflicting lock" in str(error)
                if not locked or time.monotonic() > deadline:
                    raise self._refusal(str(error), locked, intact) from None
                time.sleep(0.1)

    def _refusal(self, message: str, locked: bool, intact: bool) -> StoreError:
        if locked:
            holder = re.search(r"PID (\d+)", message)
            return self._held(int(holder[1]) if holder else None)
        if "newer" in message or "version number" in message:
            what = "written by another version of DuckDB; use the program that wrote it"
        elif intact:
            what = "ledger.duckdb is whole but cannot be opened; may this user read it?"
        else:
            what = f"ledger.duckdb cannot be opened; it is damaged or no store of this program; {REMEDY}"
        return StoreError(f"{self.folder}: {what}")

    def _held(self, pid: int | None) -> LockedError:
        who = f"process {pid}" if pid else "another process"
        waited = f"locked by {who}, still after {self._wait_seconds:g} s"
        return LockedError(f"{self.folder}: {waited}; wait for it or end it, then try again")

    def _compared(self, con: duckdb.DuckDBPyConnection, manifest: Manifest | None, digest: str) -> Opened | None:
        """What was opened; None where ledger and manifest are not of one change or of two that follow."""
        try:
            self._refuse_strange(con, bare=manifest is None)
            if manifest and manifest.ledger == digest:
                return Opened(con, manifest, digest, ahead=False)
            [(previous,)] = con.execute("select previous from about").fetchall()
            if previous == (manifest.ledger if manifest else ""):
                return Opened(con, Manifest.of(con, digest), digest, ahead=True)
        except duckdb.Error as error:
            raise StoreError(f"{self.folder}: ledger.duckdb is damaged ({type(error).__name__}); {REMEDY}") from None
        return None

    def _refuse_strange(self, con: duckdb.DuckDBPyConnection, *, bare: bool) -> None:
        """Raise where it is no ledger of this version; `bare`: it has no manifest."""
        log = self.path.with_name("ledger.duckdb.wal")
        tables = {name for (name,) in con.execute("select table_name from duckdb_tables()").fetchall()}
        if "about" not in tables:
            if bare and log.exists():
                raise _OldError  # all of it may be in there
            raise StoreError(f"{self.folder}: ledger.duckdb is no store of this program")
        [(version,)] = con.execute("select version from about").fetchall()
        if version in _OLD and bare:
            raise _OldError
        if version != VERSION:
            raise StoreError(
                f"{self.folder}: a store of version {version}, this program reads {VERSION}; "
                "use the program that wrote it, or load into a new store"
            )
        if log.exists():
            raise StoreError(f"{log}: left by another program, this one leaves none; move it away, then dnc verify")

    # changing

    @contextmanager
    def change(self) -> Iterator[Change]:
        """A change of the ledger, whole or absent; one at a time. Raises StoreError.

        What killed changes and loads left is removed before, files that nothing names any more after.
        """
        with self.writing():
            self._clean()
            if not self.exists:
                with self._copied(None, "") as new:
                    new.con.execute(statement(__package__, "schema"))
                    new.con.execute("insert into about values (?, '')", [VERSION])
            manifest = self._healed()
            try:
                with self._copied(self.path, manifest.ledger) as change:
                    change.con.execute("update about set previous = ?", [manifest.ledger])
                    for table in ("bitpages", "accepted"):
                        change.con.execute(statement(__package__, table))
                    yield change
                    change.con.execute("delete from bitpages where of not in (select file from snapshots)")
                    change.con.execute("delete from accepted where snapshot not in (select id from snapshots)")
            except BaseException:
                self._sweep(read_manifest(self.folder))
                raise
            self._sweep(read_manifest(self.folder))

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Be the one process that writes here. Raises StoreError naming another one that does."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            for name in FOLDERS:
                (self.folder / name).mkdir(exist_ok=True, mode=0o700)
            with alone(self.folder / "lock", self._wait_seconds):
                yield
        except HeldError as error:
            raise self._held(error.pid) from None
        except OSError as error:
            raise StoreError(f"{self.folder}: cannot be written: {error.strerror or error}") from None
        except duckdb.Error as error:
            raise StoreError(f"{self.folder}: the change failed ({_words(error)}); nothing of it is kept") from None

    @contextmanager
    def _copied(self, source: Path | None, digest: str) -> Iterator[Change]:
        """A copy of the ledger to change; when done it takes the ledger's place."""
        with own_folder(self.folder, f"{WORK}change-") as work:
            copy = work / self.path.name
            if source:
                shutil.copyfile(source, copy)
                if sha256_of(copy) != digest:
                    raise StoreError(f"{self.folder}: ledger.duckdb changed while it was copied; try again")
            con = connect(copy, default_block_size=_BLOCK_BYTES, temp_directory=str(work / "spill"))
            try:
                con.begin()
                yield Change(con, self.folder)
                con.commit()
                con.execute("checkpoint")
                manifest = Manifest.of(con, "")
            finally:
                con.close()
            replace(manifest, ledger=sha256_of(copy)).write(work)
            self._replace(copy, self.path)
            self._replace(work / NAME, self.folder / NAME)

    def _replace(self, written: Path, path: Path) -> None:
        """Take a name; where a system does not rename over a file that is being read, wait for it."""
        deadline = time.monotonic() + self._wait_seconds
        while True:
            try:
                return put(written, path)
            except PermissionError:
                if os.name != "nt" or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def _healed(self) -> Manifest:
        """The manifest of the ledger as it stands; written now where a killed change left it behind."""
        try:
            opened = self._opened()
        except _OldError:
            self._upgrade()
            opened = self._opened()
        opened.con.close()
        if opened.ahead:
            opened.manifest.write(self.folder)
        return opened.manifest

    def _clean(self) -> None:
        remove_orphans(self.folder, WORK)
        for path in self.folder.glob(f"{HALF}*"):
            path.unlink(missing_ok=True)

    def _sweep(self, manifest: Manifest | None) -> None:
        """Remove files that nothing names any more; one that is being read goes with the next change."""
        if manifest is None or manifest.ledger != sha256_of(self.path):
            return
        named = {self.folder / path for path in manifest.files()}
        for path in (path for name in FOLDERS for path in (self.folder / name).iterdir()):
            if _OURS.match(path.name) and path not in named:
                remove_unread(path)

    # versions

    def upgrade(self) -> None:
        """Bring a store of an earlier version to this one: whole or absent. Raises StoreError."""
        with self.writing():
            self._clean()
            self._healed()

    def _upgrade(self) -> None:
        if self.path.with_name("ledger.duckdb.wal").exists():
            with connect(self.path) as con:
                con.execute("checkpoint")
        with attached(self.path) as old:
            tables = ("snapshots", "objections", "rules", "log")
            [(version,)] = old.execute("select version from about").fetchall()
            frames = {name: pl.DataFrame(old.sql(f"from {name}")) for name in tables}
        snapshots = frames["snapshots"]
        numbers = [self._rows("snapshots", file) for file in snapshots["file"]]
        frames["snapshots"] = snapshots.with_columns(pl.Series("numbers", numbers, pl.Int64))
        for folder in (self.folder, *(self.folder / name for name in FOLDERS)):
            folder.chmod(0o700)
        with self._copied(None, "") as new:
            new.con.execute(statement(__package__, "schema"))
            new.con.execute("insert into about values (?, '')", [VERSION])
            for name, frame in frames.items():
                run(new.con, "upgrade", f"insert into {name} by name from old", old=frame)
            audit_log.chain(new.con)
            audit_log.append(new.con, "upgrade", {"from": version, "to": VERSION})

    def _rows(self, folder: str, file: str) -> int:
        """Rows of a file that must be there and whole."""
        path = self.folder / folder / file
        try:
            if sha256_of(path) == path.stem:
                return rows_of(path)
        except OSError:
            pass
        raise StoreError(f"{path}: missing or damaged, so the store is not upgraded; put it back from a copy")


@dataclass(frozen=True)
class Change:
    """A change under way: the ledger's copy in a transaction, and where its files belong."""

    con: duckdb.DuckDBPyConnection
    folder: Path

    def keep(self, written: Path, folder: str) -> tuple[str, int]:
        """Move a finished Parquet file in, under its checksum: its name and its rows."""
        rows, name = rows_of(written), f"{sha256_of(written)}.parquet"
        put(written, self.folder / folder / name)
        return name, rows

    def log(self, verb: str, detail: dict[str, object]) -> audit_log.Entry:
        """Add a row to the log, which also says where another day was taken for today."""
        replaced = {"clock": clock(), "today": today()} if clock() != "system" else {}
        return audit_log.append(self.con, verb, detail | replaced)


def rows_of(path: Path) -> int:
    """Rows of a Parquet file of ours, as its end says."""
    return int(pl.scan_parquet(path, glob=False).select(pl.len()).collect().item())


def _words(error: duckdb.Error) -> str:
    """What went wrong, without the data that a message may quote."""
    known = ("No space left on device", "File too large", "Out of Memory", "Input/output error")
    return next((words for words in known if words.lower() in str(error).lower()), type(error).__name__)
