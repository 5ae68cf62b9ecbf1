"""The journal of a store: its log, which is only ever added to, and the files that it names.

    log/000000000000.jsonl    the rows from 0 on, sealed: without what they say
    log/000000004097.jsonl    the newest rows; the first states all that stands
    head                      the last row and its hash; a log that ends before it has lost something

A change is one write at the end of the newest file of the log, and synced. It is a new file instead where statements
are erased, or where there are many: then the older file is sealed. Readers take no lock; what stands after the last
line feed is a write that was cut off, which the next change removes.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from importlib.metadata import version
from itertools import accumulate
from pathlib import Path
from secrets import token_bytes, token_hex
from typing import Any, NamedTuple, TypeVar

import duckdb
import msgspec
import polars as pl

from dnc.clock import clock, today
from dnc.database import Instance, errno_of, instance_of
from dnc.errors import StoreError, is_full, no_room, unwritable, why
from dnc.files.atomic import HALF, move_into_place, sync_folder, write_atomically
from dnc.files.input_file import sha256_of
from dnc.files.locks import LockHeldError, exclusive_lock, own_folder, remove_orphans, remove_unread
from dnc.messages import changed, localized
from dnc.store import audit_log
from dnc.store.audit_log import Entry, LogLine, LogRow
from dnc.store.folder import refuse_unsafe
from dnc.store.state import FOLDERS, GONE, State

LOG, HEAD = "log", "head"
WORDS = "words"  # details of rows that people wrote, by the number of the row
WORK = ".dnc-"  # prefix of folders that belong to one running process
DAMAGED = "damaged"  # folder in which a restore keeps what it replaced
_EARLIER = "ledger.duckdb"  # in stores of earlier programs, in the place of a log
_CHANGING = f"{WORK}change-"
_MOVED_IN = "moved-in"  # in the folder of a change: the names of the files that it moved into the store
_FOOTER_END = 8  # bytes after the footer of a Parquet file: its length, and `PAR1`
_MOST_BYTES = 4 << 20  # of a file of the log, besides its first line
_MOST_KNOWN = 16
_TRIES = 50
_OURS = re.compile(r"^[0-9a-f]{64}\.(parquet|toml)\Z")
_SEGMENT = re.compile(r"^[0-9]{12}\.jsonl\Z")
_Told = TypeVar("_Told")


class LockedError(StoreError):
    """Another process has locked the store."""


class DamageError(StoreError):
    """The store cannot be used as it is.

    Attributes:
        fault: what is wrong, without the folder and the remedy, which is a key below `remedy` in the messages.
    """

    def __init__(self, folder: Path, fault: str, remedy: str = "restore") -> None:
        self.fault = fault
        what = localized("errors", "fault", fault=fault, remedy=localized("errors", "remedy", remedy))
        super().__init__(changed(what, lambda text: f"{folder}: {text}"))


class NewerError(StoreError):
    """A newer program wrote the store, so that this one cannot tell what it says."""

    def __init__(self, folder: Path, needs: int) -> None:
        super().__init__(localized("errors", "newer", store=folder, version=needs, ours=audit_log.FORMAT))


class _SealedError(Exception):
    """A file of the log was sealed, so there is a newer one."""


class _Segment(NamedTuple):
    """The newest file of the log as it was read.

    identity: what tells it apart. size: of its whole rows, in bytes; first_bytes: of the first. first: its number.
    """

    path: Path
    identity: tuple[int, int, int]
    size: int
    first: int
    first_bytes: int
    state: State


_known: dict[Path, _Segment] = {}  # what this process read or wrote last, by the folder of the store


class Journal:
    """The journal in a store's folder.

    `wait_seconds` is how long to wait for another process that changes the store.
    """

    def __init__(self, folder: Path, wait_seconds: float) -> None:
        self.folder = folder
        self.log = folder / LOG
        self.head = folder / HEAD
        self._wait_seconds = wait_seconds

    @property
    def exists(self) -> bool:
        """Whether there is a store here; a store that lost its log counts too."""
        try:
            return any((self.folder / name).exists() for name in (LOG, HEAD, *FOLDERS))
        except OSError as error:
            raise StoreError(localized("errors", "store_unread", store=self.folder, why=why(error))) from None

    def must_exist(self) -> None:
        """Raise StoreError if there is no store."""
        if not self.exists:
            raise StoreError(localized("errors", "no_store", store=self.folder))

    @property
    def instance(self) -> Instance:
        """The DuckDB that reads the files of the store."""
        return instance_of(self.folder.absolute())

    # reading

    @property
    def version(self) -> object:
        """Something that is different after each change; None where there is no store. Costs one look at the disk."""
        try:
            path = self.segments()[-1]
            return path, _identity(path)
        except (IndexError, OSError):
            return None

    def read(self) -> State:
        """What stands now, compared with what the log commits to. Raises StoreError."""
        self.must_exist()
        if (self.folder / _EARLIER).exists():
            raise DamageError(self.folder, localized("errors", "journal", "earlier"), "its_program_or_new")
        return self._read().state

    def asked(self, query: Callable[[State], _Told]) -> _Told | None:
        """What a query gives; None if there is no store. Raises StoreError."""
        return query(self.read()) if self.exists else None

    def segments(self) -> list[Path]:
        """The files of the log, oldest first; none if it is missing. Raises OSError."""
        with suppress(FileNotFoundError):
            return sorted(path for path in self.log.iterdir() if _SEGMENT.match(path.name))
        return []

    def lines(self) -> Iterator[tuple[Path, list[LogLine | None]]]:
        """Each file of the log with its rows; None for a line that is none. Raises StoreError."""
        try:
            for path in self.segments():
                yield path, [audit_log.read_line(text) for text in audit_log.whole_lines(path.read_bytes())]
        except OSError as error:
            raise StoreError(localized("errors", "store_unread", store=self.log, why=why(error))) from None

    def sealed(self) -> bytes:
        """All rows of the log without what they say. Raises StoreError."""
        try:
            return b"".join(audit_log.sealed(path.read_bytes()) for path in self.segments())
        except OSError as error:
            raise StoreError(localized("errors", "store_unread", store=self.log, why=why(error))) from None

    def noted(self) -> Entry:
        """The last row that the file `head` names; none if there is no such file. Raises DamageError, StoreError."""
        try:
            seq, _, digest = self.head.read_text(encoding="ascii").strip().partition(":")
            return Entry(int(seq), digest)
        except FileNotFoundError:
            return audit_log.NO_ENTRY
        except ValueError:
            raise DamageError(self.folder, localized("errors", "journal", "head")) from None
        except OSError as error:
            raise StoreError(localized("errors", "store_unread", store=self.head, why=why(error))) from None

    def _read(self) -> _Segment:
        """The newest file of the log; again if another one took its place meanwhile."""
        for _ in range(_TRIES):
            noted = self.noted()  # before the log, which may get ahead of it
            try:
                return self._read_once(noted)
            except (_SealedError, FileNotFoundError):
                time.sleep(0.01)
            except OSError as error:
                raise StoreError(localized("errors", "store_unread", store=self.log, why=why(error))) from None
        raise DamageError(self.folder, localized("errors", "journal", "sealed"))

    def _read_once(self, noted: Entry) -> _Segment:
        segments = self.segments()
        if not segments:
            raise DamageError(self.folder, localized("errors", "journal", "missing"))
        path, key = segments[-1], self.folder.absolute()
        identity = _identity(path)
        known = _known.get(key)
        if known and (known.path, known.identity) == (path, identity) and known.state.head.seq >= noted.seq:
            return known
        texts = audit_log.whole_lines(path.read_bytes())
        lines = list(map(audit_log.read_line, texts))
        first, state = int(path.stem), self._stands(lines, int(path.stem))
        hashes = {line.row.n: line.hash for line in lines if line}
        if noted.seq > state.head.seq:
            raise DamageError(self.folder, audit_log.missing(state.head.seq + 1, noted.seq))
        if noted == audit_log.NO_ENTRY:
            if state.head.seq and not self.head.exists():  # otherwise the store was just made
                raise DamageError(self.folder, localized("errors", "journal", "head"))
        elif noted.seq >= first and hashes[noted.seq] != noted.hash:
            raise DamageError(self.folder, localized("fault", "rewritten", row=noted.seq))
        ends = list(accumulate(len(text) + 1 for text in texts))
        read = _Segment(path, identity, ends[state.head.seq - first], first, ends[0], state)
        if _identity(path) == identity:
            _remember(key, read)
        return read

    def _stands(self, lines: list[LogLine | None], first: int) -> State:
        """What stands after the rows of the newest file of the log."""
        there = [line for line in lines if line]
        for line in there:
            if line.row.needs > audit_log.FORMAT:
                raise NewerError(self.folder, line.row.needs)
        if there and all(line.said is None for line in there):
            raise _SealedError
        begins = lines[0].row if lines and lines[0] else None
        rows = _complete(lines)
        if begins is None or not begins.stands or not rows:
            raise DamageError(self.folder, localized("errors", "journal", "cut"))
        for fault in audit_log.faults(lines, first, begins.prev):
            raise DamageError(self.folder, fault)
        state = State()
        for line in rows:
            said: dict[str, dict[str, Any]] = {}
            for one in audit_log.statements(line):
                said.setdefault(one.kind, {})[one.name] = one.is_
            for kind, values in said.items():
                state = state.put(kind, values, line.row.n)
            state = state.at_row(Entry(line.row.n, line.hash))
        if not all(_OURS.match(path.name) and str(path.parent) in FOLDERS for path in state.files):
            raise DamageError(self.folder, localized("errors", "journal", "outside"))
        return state

    # changing

    @contextmanager
    def change(self, *, erasing: bool = False) -> Iterator[Change]:
        """A change of the store: all of it or nothing, and one at a time. Raises StoreError.

        Before, what killed loads and changes left behind is removed; afterwards, files that are no longer used. A
        change that adds no row to the log changes nothing.

        erasing: whether no byte of what the change removes may stay; refused while there is what a restore kept.
        """
        with self.writing():
            if not self.exists:
                self._create()
            read = self._mended()
            self._sweep(read.state)
            self._clean()
            if erasing:
                self._refuse_copies(read.state)
            with own_folder(self.folder, _CHANGING) as work, self.instance.cursor() as con:
                change = Change(con, self.folder, work, read.state)
                try:
                    yield change
                    if change.drafts:
                        self._commit(change, read, whole=erasing)
                finally:  # while the note on what was moved in is still there
                    self._sweep(self._read().state)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Make this the only process that changes the store. Raises LockedError naming another that does."""
        try:
            refuse_unsafe(self.folder)
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with exclusive_lock(self.folder / "lock", self._wait_seconds):
                yield
        except LockHeldError as error:
            holder = localized("errors", "locked_by", "process" if error.pid else "other", pid=error.pid)
            seconds = f"{self._wait_seconds:g}"
            raise LockedError(
                localized("errors", "locked", store=self.folder, holder=holder, seconds=seconds)
            ) from None
        except OSError as error:
            raise unwritable(self.folder, error) from None
        except duckdb.Error as error:
            if is_full(error):
                raise no_room(self.folder) from None
            raise StoreError(localized("errors", "journal", "failed", store=self.folder, why=_cause(error))) from None

    def _create(self) -> None:
        """Begin a log with row 0, which gives the store its id."""
        state = State().put("store", {"id": token_hex(32)}, 0)
        with own_folder(self.folder, f"{WORK}create-") as work:  # as a store with an empty log is a damaged one
            new = Journal(work, 0)
            new.log.mkdir(mode=0o700)
            new._write([Draft(0, "create", {})], state, None, "")
            new.log.rename(self.log)
        sync_folder(self.folder)

    def _mended(self) -> _Segment:
        """The newest file of the log, without a write that was cut off, and with all older ones sealed."""
        for name in FOLDERS:
            (self.folder / name).mkdir(exist_ok=True, mode=0o700)
        read = self._read()
        if read.path.stat().st_size > read.size:
            os.truncate(read.path, read.size)
            read = self._read()
        if not self.head.exists():
            write_atomically(self.head, f"{read.state.head}\n".encode())
        for path in self.segments()[-2:-1]:
            _seal(path)
        return read

    def _commit(self, change: Change, read: _Segment, *, whole: bool) -> None:
        """Write the rows of a change, and note which files are no longer named."""
        named = {path.name for path in change.state.files}
        left = {name: None for name in change.state.values(GONE) if name in named or not self._there(name)}
        change.put_all(GONE, left | {path.name: {} for path in read.state.files - change.state.files})
        whole = whole or change.folded or read.size - read.first_bytes > _MOST_BYTES
        said = None if whole else change.said
        change.head = self._write(change.drafts, change.state, said, read.state.head.hash, read)

    def _there(self, name: str) -> bool:
        return any((self.folder / folder / name).exists() for folder in FOLDERS)

    def _write(
        self,
        drafts: Sequence[Draft],
        state: State,
        said: Mapping[tuple[str, str], Any] | None,
        previous: str,
        read: _Segment | None = None,
    ) -> Entry:
        """Write rows, with what they say: at the end of what was `read`; without `said` into a new file, all of it."""
        stated = state.statements() if said is None else ((*key, value) for key, value in said.items())
        raw, data, first_bytes = [audit_log.encoded(*one) for one in stated], b"", 0
        for at, draft in enumerate(drafts):
            given = [] if at else raw
            row = draft.row(
                previous, audit_log.commitments(given), len(drafts) - 1 - at, stands=said is None and not at
            )
            line, head = audit_log.line_of(row, given)
            data, previous, first_bytes = data + line, head.hash, first_bytes or len(line)
        if read and said is not None:
            path, size, first_bytes = read.path, read.size + len(data), read.first_bytes
            _append(path, data, read.size)
        else:
            path, size = self.log / f"{drafts[0].n:012d}.jsonl", len(data)
            write_atomically(path, data)
            if read:
                _seal(read.path)
        with suppress(OSError):  # a head that is behind is none that lost something
            _replace(self.head, f"{head}\n")
        first = read.first if read and path == read.path else drafts[0].n
        _remember(self.folder.absolute(), _Segment(path, _identity(path), size, first, first_bytes, state.at_row(head)))
        return head

    def _clean(self) -> None:
        remove_orphans(self.folder, WORK)
        for path in (*self.folder.glob(f"{HALF}*"), *self.log.glob(f"{HALF}*")):
            path.unlink(missing_ok=True)

    # files

    def files(self) -> set[Path]:
        """Every file in the folders for files, as paths in the folder of the store."""
        files = (path for name in FOLDERS for path in (self.folder / name).glob("*"))
        return {path.relative_to(self.folder) for path in files if _OURS.match(path.name)}

    def strangers(self, state: State) -> set[Path]:
        """Files that the log does not name, and that no change moved in or left behind, as paths in the folder."""
        expected = self.moved_in().union(state.values(GONE))
        return {path for path in self.files() - state.files if path.name not in expected}

    def moved_in(self) -> set[str]:
        """Names of files that changes moved in which were not completed, or not yet."""
        names: set[str] = set()
        for note in self.folder.glob(f"{_CHANGING}*/{_MOVED_IN}"):
            with suppress(FileNotFoundError):
                names.update(note.read_text(encoding="ascii").split())
        return names

    def still_read(self) -> list[Path]:
        """Files that the store had and names no more, and that a running check keeps from being removed."""
        gone = self.read().values(GONE)
        return sorted(self.folder / path for path in self.files() if path.name in gone)

    def _refuse_copies(self, state: State) -> None:
        """Raise StoreError if files that the log does not know may hold what is to be erased."""
        if any((aside := self.folder / DAMAGED).glob("*")):
            raise StoreError(localized("errors", "journal", "aside", folder=aside))
        if strange := self.strangers(state):
            raise StoreError(localized("errors", "journal", "unnamed", store=self.folder, n=len(strange)))

    def _sweep(self, state: State) -> None:
        """Remove files that are no longer used; one that is being read is left to the next change.

        No other file is removed: if the log is an older copy, it does not name what is newer.
        """
        if unnamed := self.files() - state.files:
            for path in unnamed - self.strangers(state):
                remove_unread(self.folder / path)


class Draft(msgspec.Struct, frozen=True):
    """A row that is added at the end of a change. n: its number. what: its details."""

    n: int
    verb: str
    what: dict[str, Any]
    at: str = msgspec.field(default_factory=lambda: f"{audit_log.now().isoformat()}Z")
    who: str = msgspec.field(default_factory=audit_log.user)

    def row(self, previous: str, c: list[str], more: int, *, stands: bool) -> LogRow:
        """The row, after the one with the hash `previous`."""
        what = msgspec.to_builtins({**self.what, "version": _version()}, enc_hook=str, str_keys=True)
        needs = audit_log.FORMAT if stands else 0
        return LogRow(self.n, self.at, self.who, self.verb, what, c, previous, more, stands, needs)


class Change:
    """A change in progress.

    Attributes:
        con: a DuckDB that reads the files of the store. folder: of the store. work: folder of the change.
        state: what stands, with what was changed so far.
        said: the statements that it adds: kind and name → value.
        drafts: rows that it adds to the log.
        folded: whether statements became rows of a file, so that the log is to begin a new file without them.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, folder: Path, work: Path, state: State) -> None:
        self.con, self.folder, self.work, self.state = con, folder, work, state
        self.said = dict[tuple[str, str], Any]()
        self.drafts = list[Draft]()
        self.folded = False
        self.head = state.head  # the last row of the log; when the change is complete, the last that it added
        self._moved_in = list[str]()
        self._first = state.head.seq + 1

    def put(self, kind: str, name: object, value: Any) -> None:
        """State something of a kind and a name; None ends it. value: a struct, or what JSON can hold."""
        self.put_all(kind, {str(name): value})

    def put_all(self, kind: str, values: Mapping[str, Any]) -> None:
        """State several things of a kind, by name."""
        there = self.state.values(kind)
        plain = {name: msgspec.to_builtins(value, str_keys=True) for name, value in values.items()}
        plain = {name: value for name, value in plain.items() if value is not None or name in there}
        if plain:
            self.said.update({(kind, name): value for name, value in plain.items()})
            self.state = self.state.put(kind, plain, self._first)

    def log(self, verb: str, detail: Mapping[str, object], words: Mapping[str, object] | None = None) -> int:
        """Add a row to the log, at the end of the change; it also says if `DNC_TODAY` replaced the clock.

        detail: what stays; it has nothing that a person wrote, and no hash by which that could be guessed. words:
        details that may have; they are a statement, and erased with the first person who is forgotten.

        Returns its number.
        """
        replaced = {"clock": clock(), "today": today()} if clock() != "system" else {}
        self.drafts.append(Draft(self._first + len(self.drafts), verb, {**detail, **replaced}))
        row = self.drafts[-1].n
        if words := {name: word for name, word in (words or {}).items() if word}:
            self.put(WORDS, row, words)
        return row

    def keep(self, written: Path, folder: str) -> tuple[str, int]:
        """Move a finished Parquet file into a folder of the store, named by its checksum; returns its name and rows.

        The log keeps the name when the file is gone, so the name must not tell what was in it.
        """
        _make_unguessable(written)
        rows = rows_of(written)
        return self._move_in(written, folder), rows

    def keep_text(self, text: str, folder: str) -> str:
        """Keep a text that says nothing of a person in a file named by its SHA-256; returns that name."""
        written = self.work / "text.toml"
        written.write_bytes(text.encode())
        return self._move_in(written, folder)

    def _move_in(self, written: Path, folder: str) -> str:
        name = f"{sha256_of(written)}{written.suffix}"
        if not (path := self.folder / folder / name).exists():
            self._moved_in.append(name)
            write_atomically(self.work / _MOVED_IN, "\n".join(self._moved_in).encode())
        move_into_place(written, path)
        return name


@cache
def _version() -> str:
    return version("dnc-check")


def _identity(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


def _remember(folder: Path, read: _Segment) -> None:
    if len(_known) >= _MOST_KNOWN:
        _known.clear()
    _known[folder] = read


def _complete(lines: Sequence[LogLine | None]) -> list[LogLine]:
    """Rows without those at the end of a change of which not all were written."""
    rows = [line for line in lines if line]
    cut = next((at for at in range(len(rows), 0, -1) if rows[at - 1].row.more == 0), 0)
    return rows[:cut]


def _append(path: Path, data: bytes, size: int) -> None:
    """Write at the end of a file, whole and synced, or not at all. Raises OSError."""
    with path.open("r+b", buffering=0) as file:  # or closing it would write what a full disk refused
        try:
            file.seek(size)
            while data:
                data = data[file.write(data) :]
            os.fsync(file.fileno())
        except BaseException:
            file.truncate(size)
            raise


def _seal(path: Path) -> None:
    """Erase what the rows of a file of the log say."""
    with path.open("rb") as file:
        file.seek(-min(path.stat().st_size, 16), os.SEEK_END)
        if audit_log.is_sealed(file.read()):
            return
    write_atomically(path, audit_log.sealed(path.read_bytes()))


def _replace(path: Path, text: str) -> None:
    """Write a small file, whole; it need not survive a power cut."""
    half = path.with_name(f"{HALF}{path.name}")
    half.write_text(text, encoding="ascii")
    half.chmod(0o600)
    half.replace(path)


def _make_unguessable(path: Path) -> None:
    """Put 32 random bytes between the pages of a Parquet file and its footer, where no reader looks.

    Without them, whoever has the checksum of a file could try all numbers until one gives that checksum.
    """
    with path.open("r+b") as file:
        file.seek(-_FOOTER_END, os.SEEK_END)
        footer = int.from_bytes(file.read(4), "little") + _FOOTER_END
        file.seek(-footer, os.SEEK_END)
        end = file.read()
        file.seek(-footer, os.SEEK_END)
        file.write(token_bytes(32) + end)


def rows_of(path: Path) -> int:
    """Number of rows of a Parquet file, from its footer."""
    return int(pl.scan_parquet(path, glob=False).select(pl.len()).collect().item())


def _cause(error: duckdb.Error) -> str:
    """What went wrong, without the text of the error, which may quote data."""
    code = errno_of(error)
    return why(OSError(code, os.strerror(code))) if code else type(error).__name__
