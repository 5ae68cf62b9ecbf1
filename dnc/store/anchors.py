"""Anchors: the last row of the log, written to a place that somebody who can change the store cannot change.

A file of anchors outside the store has one line for each anchor; it may serve several stores:

    2026-11-26T09:00:00Z STORE ROW:HASH PATH

`STORE` is the id of the store, `PATH` its folder. An anchor is one of a store if it has its id or names its folder,
through whatever links: somebody who writes the log anew can give the store another id, but not another folder, or
nobody would find it. `anchors.json` in the store names the files in which it is anchored. It is part of neither the
ledger nor a backup: restoring an older ledger leaves it as it is, and a backup may be older than the anchors.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import duckdb
import msgspec

from dnc.errors import InputError, why
from dnc.files.atomic import write_atomically
from dnc.files.input_file import read_bounded
from dnc.messages import Words, localized
from dnc.store import audit_log, ledger_sql
from dnc.store.audit_log import Entry
from dnc.store.ledger import ANCHORS, Ledger

NAME = ANCHORS
_MOST_BYTES = 16 << 20  # of a file of anchors: one an hour for fifteen years
_COMMAND_SECONDS = 60
_STDERR = 2
_LINE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ) ([0-9a-f]{64}) (\d{1,18}):([0-9a-f]{64}) ([^\n\0]+)")


class Log(msgspec.Struct, frozen=True):
    """The log of a store, to be compared with evidence of it.

    Attributes:
        store: id of the store; empty if nothing was written to it.
        rows: the number of each row → its hash.
    """

    store: str
    rows: Mapping[int, str]

    def has(self, entry: Entry, store: str | None = None) -> bool:
        """Whether a row is in it, and the store is that one, if it is named."""
        return self.rows.get(entry.seq) == entry.hash and store in (None, self.store)


class About(NamedTuple):
    """What is stamped: a row of the log of a store, which is named by its id (None: by an earlier program)."""

    store: str | None
    head: Entry

    @property
    def text(self) -> bytes:
        """What the authority hashes."""
        return " ".join(filter(None, (self.store, str(self.head)))).encode()


class Anchor(msgspec.Struct, frozen=True):
    """The last row of the log of a store at a moment.

    Attributes:
        at: when it was written, `YYYY-MM-DDTHH:MM:SSZ`.
        store: its id. folder: of the store then.
    """

    at: str
    store: str
    entry: Entry
    folder: str

    @property
    def about(self) -> About:
        """What may be stamped of it."""
        return About(self.store, self.entry)

    def __str__(self) -> str:
        return f"{self.at} {self.store} {self.entry} {self.folder}"

    @classmethod
    def read(cls, line: str) -> Anchor | None:
        """The anchor in a line, or None."""
        if not (match := _LINE.fullmatch(line)):
            return None
        at, store, seq, own, folder = match.groups()
        return cls(at, store, Entry(int(seq), own), folder)


def last_anchor(ledger: Ledger) -> Anchor:
    """The anchor of the last row of a store's log. Raises InputError if the log has no row, StoreError."""
    with ledger.read() as opened:
        log = log_of(opened.con)
    if not log.rows:
        raise InputError(localized("errors", "anchors", "no_row"), ledger.folder)
    last = max(log.rows)
    at = f"{audit_log.now().isoformat(timespec='seconds')}Z"
    return Anchor(at, log.store, Entry(last, log.rows[last]), _path_of(ledger.folder))


def log_of(con: duckdb.DuckDBPyConnection) -> Log:
    """The log of an open ledger."""
    rows = {row["seq"]: row["hash"] for row in ledger_sql.log_as_written(con)}
    return Log(ledger_sql.store_id(con), rows)


class Files(msgspec.Struct, frozen=True):
    """The files in which a store is anchored, as they were read.

    Attributes:
        folder: of the store.
        lines: of each file that could be read.
        remembered: the files that the store says it is anchored in.
        faults, notes: about those that could not, one line each.
    """

    folder: Path
    lines: dict[Path, list[str]] = {}
    remembered: list[Path] = []
    faults: list[Words] = []
    notes: list[Words] = []


def read_files(folder: Path, also: Iterable[Path] = ()) -> Files:
    """Read the files in which a store is anchored.

    also: more files to read, if they exist.
    """
    result = Files(folder)
    try:
        result.remembered.extend(_remembered(folder))
    except (InputError, msgspec.MsgspecError):
        result.faults.append(localized("anchor", "damaged", path=folder / NAME))
    for file in dict.fromkeys([*result.remembered, *(file.absolute() for file in also if file.exists())]):
        try:
            result.lines[file] = _lines(file)
        except FileNotFoundError:
            result.notes.append(localized("anchor", "missing", file=file))
        except InputError as error:
            # A file that has outgrown the limit is a fault: nobody would notice that it is no longer compared.
            is_large = file.is_file() and file.stat().st_size > _MOST_BYTES
            (result.faults if is_large else result.notes).append(localized("anchor", "unread", why=error.message))
    return result


def compare(files: Files, log: Log) -> tuple[list[Words], list[Words]]:
    """Compare the anchors of a store, read from files, with its log; returns faults and notes, one line each.

    Files in which the store says that it is anchored must have an anchor of it. In others, which a user names, it may
    be the first one.
    """
    faults, notes = [*files.faults], [*files.notes]
    for file, lines in files.lines.items():
        anchors = [anchor for line in lines if (anchor := Anchor.read(line))]
        here = _names_of(files.folder, anchors)
        own = [anchor for anchor in anchors if anchor.store == log.store or anchor.folder in here]
        wrong = [anchor for anchor in own if not log.has(anchor.entry)]
        if wrong:
            about = {"row": wrong[0].entry.seq, "at": wrong[0].at, "wrong": len(wrong), "all": len(own)}
            faults.append(localized("anchor", "refuted", file=file, **about))
        elif own:
            notes.append(localized("anchor", "held", file=file, n=len(own), row=own[-1].entry.seq, at=own[-1].at))
        else:
            (faults if file in files.remembered else notes).append(localized("anchor", "none", file=file))
        if strange := len(lines) - len(anchors):
            notes.append(localized("anchor", "strange", file=file, n=strange))
    return faults, notes


def _names_of(folder: Path, anchors: Sequence[Anchor]) -> set[str]:
    """Which of the folders in anchors are that of the store, now or before it was replaced by a link."""
    resolved, named = _path_of(folder), _printable(str(folder.absolute()))
    folders = {anchor.folder for anchor in anchors}
    return {each for each in folders if each == named or _printable(os.path.realpath(each)) == resolved}


def _remembered(folder: Path) -> list[Path]:
    """The files in which a store is anchored. Raises InputError, msgspec.MsgspecError."""
    try:
        return [Path(file) for file in msgspec.json.decode(_content(folder / NAME), type=list[str])]
    except FileNotFoundError:
        return []


def _lines(file: Path) -> list[str]:
    """The lines of a file of anchors, without empty ones and comments (#). Raises FileNotFoundError, InputError."""
    lines = (line.strip() for line in _content(file).decode("utf-8", "replace").split("\n"))
    return [line for line in lines if line and not line.startswith("#")]


def _content(file: Path) -> bytes:
    """What is in a file. Raises FileNotFoundError, InputError."""
    file.lstat()
    data = read_bounded(file, _MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise InputError(localized("errors", "anchors", "large", most=_MOST_BYTES >> 20), file)
    return data


def write(ledger: Ledger, anchor: Anchor, file: Path) -> None:
    """Append an anchor to a file outside the store, and let the store remember that file.

    Raises InputError if the file cannot be written, StoreError if the store cannot.
    """
    file = file.absolute()
    if file.resolve().is_relative_to(ledger.folder.resolve()):
        raise InputError(localized("errors", "anchors", "inside"), file)
    if not str(file).isprintable():
        raise InputError(localized("errors", "anchors", "name"), file)
    _append(file, str(anchor))
    if file not in _remembered(ledger.folder):
        with ledger.writing():
            files = [*_remembered(ledger.folder), file]
            write_atomically(ledger.folder / NAME, msgspec.json.encode([*map(str, files)]))


def _append(file: Path, line: str) -> None:
    try:
        with file.open("ab+") as stream:
            if stream.tell():
                stream.seek(-1, os.SEEK_END)
                line = line if stream.read() == b"\n" else f"\n{line}"  # a line may have been cut off
            stream.write(f"{line}\n".encode())
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        raise InputError(localized("errors", "anchors", "unwritten", why=why(error)), file) from None


def hand_over(anchor: Anchor, command: str) -> None:
    """Run a command with the anchor as a line on its stdin; what it prints goes to stderr.

    command: a program and its arguments, with quotation marks as in a shell, but run without one.

    Raises InputError if it cannot be run, fails, or takes longer than a minute.
    """
    unknown = localized("errors", "anchors", "unknown")
    try:
        arguments = command if sys.platform == "win32" else shlex.split(command)
        done = subprocess.run(  # noqa: S603 (the user's own command)
            arguments, input=f"{anchor}\n".encode(), stdout=_STDERR, timeout=_COMMAND_SECONDS, check=False
        )
    except (OSError, ValueError, IndexError) as error:
        reason = why(error) if isinstance(error, OSError) else error
        raise InputError(localized("errors", "anchors", "no_command", why=reason)) from None
    except subprocess.TimeoutExpired:
        raise InputError(localized("errors", "anchors", "slow", seconds=_COMMAND_SECONDS, unknown=unknown)) from None
    if done.returncode:
        raise InputError(localized("errors", "anchors", "failed", code=done.returncode, unknown=unknown))


def _path_of(folder: Path) -> str:
    return _printable(str(folder.resolve()))


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)
