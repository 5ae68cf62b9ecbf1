"""Locks that die with their holder, and folders that are one process's own.

A lock is the operating system's, on an open file: `kill -9` frees it, so nothing is ever left locked.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl
    import resource

_POLL_SECONDS = 0.05
_OWNED = "owner.lock"


class HeldError(Exception):
    """A lock is held by a process; `pid` is None where it could not be told."""

    def __init__(self, pid: int | None) -> None:
        self.pid = pid
        super().__init__(f"held by process {pid}")


@contextmanager
def alone(path: Path, wait_seconds: float) -> Iterator[None]:
    """Hold the lock of a file that is made if need be and stays. Raises HeldError after the wait, and OSError."""
    deadline = time.monotonic() + wait_seconds
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        while not _lock(handle):
            if time.monotonic() > deadline:
                os.lseek(handle, 0, os.SEEK_SET)
                told = os.read(handle, 20).decode("ascii", "replace").strip()
                raise HeldError(int(told) if told.isdecimal() else None)
            time.sleep(_POLL_SECONDS)
        with suppress(OSError):  # of a full disk; the lock holds without a name
            os.lseek(handle, 0, os.SEEK_SET)
            os.write(handle, f"{os.getpid():<20}".encode())
        yield
    finally:
        os.close(handle)


def _lock(handle: int, *, shared: bool = False) -> bool:
    """Take the lock of an open file if it is free."""
    try:
        if sys.platform == "win32":
            # Far behind the end, so that the pid can still be read. There are no shared ones, and none
            # are needed: a file that is open cannot be removed.
            if not shared:
                os.lseek(handle, 1 << 30, os.SEEK_SET)
                msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


class Reading:
    """Files held open by a reader: whoever would remove one sees that it is read. Let go of with the object.

    Raises FileNotFoundError where one is not there or just being removed.
    """

    def __init__(self, paths: Collection[Path]) -> None:
        self._handles: list[int] = []
        _make_room(len(paths))
        for path in paths:
            handle = os.open(path, os.O_RDONLY)
            self._handles.append(handle)
            if not (_lock(handle, shared=True) and os.fstat(handle).st_nlink):
                raise FileNotFoundError(path)

    def __del__(self) -> None:
        for handle in self._handles:
            os.close(handle)


def _make_room(files: int) -> None:
    """Let this process hold that many files open, as far as the system allows it to allow itself."""
    if sys.platform != "win32":
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft < 4 * files:
            with suppress(ValueError, OSError):
                resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def remove_unread(path: Path) -> bool:
    """Remove a file unless a reader holds it; whether it is gone."""
    with suppress(OSError):
        if sys.platform == "win32":
            path.unlink()
        else:
            handle = os.open(path, os.O_RDWR)
            try:
                if _lock(handle):
                    path.unlink()
            finally:
                os.close(handle)
    return not path.exists()


@contextmanager
def own_folder(parent: Path, prefix: str) -> Iterator[Path]:
    """A new folder that goes at the end; `remove_orphans` takes it where its process was killed."""
    folder, handle = _owned_folder(parent, prefix)
    try:
        yield folder
    finally:
        os.close(handle)
        _remove_tree(folder)


def _owned_folder(parent: Path, prefix: str) -> tuple[Path, int]:
    """A new folder and its lock; another one where it was taken for an orphan before it was locked."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        try:
            handle = os.open(folder / _OWNED, os.O_RDWR | os.O_CREAT, 0o600)
        except FileNotFoundError:
            continue
        if _lock(handle) and os.fstat(handle).st_nlink:
            return folder, handle
        os.close(handle)


def remove_orphans(parent: Path, prefix: str) -> None:
    """Remove folders of `own_folder` whose process is no more."""
    for folder in parent.glob(f"{prefix}*"):
        try:
            handle = os.open(folder / _OWNED, os.O_RDWR)
        except OSError:
            with suppress(OSError):  # of one that is not empty
                folder.rmdir()
            continue
        orphan = _lock(handle)
        if orphan and sys.platform != "win32":
            _remove_tree(folder)  # while it is locked, so that nobody takes it for its own
        os.close(handle)
        if orphan:
            _remove_tree(folder)


def _remove_tree(folder: Path) -> None:
    """Remove a folder, its lock last: whatever is left of it when this is ended is known for an orphan."""
    with suppress(OSError):
        for path in folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name != _OWNED:
                path.unlink()
        (folder / _OWNED).unlink(missing_ok=True)
        folder.rmdir()
