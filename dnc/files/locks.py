"""Locks on files, and temporary folders that belong to one process.

They are locks of the operating system on open files: it releases them when a process ends, even by `kill -9`, so
nothing stays locked.
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
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)  # not on Windows


class LockHeldError(Exception):
    """Another process has a lock; `pid` is None if it is unknown."""

    def __init__(self, pid: int | None) -> None:
        self.pid = pid
        super().__init__(f"held by process {pid}")


@contextmanager
def exclusive_lock(path: Path, wait_seconds: float) -> Iterator[None]:
    """Hold the lock of a file during the block. The file is created if it does not exist, and is not removed.

    Raises LockHeldError if another process still has the lock after `wait_seconds`; OSError, for instance for a link.
    """
    deadline = time.monotonic() + wait_seconds
    handle = os.open(path, os.O_RDWR | os.O_CREAT | _NO_LINK, 0o600)
    try:
        while not _lock(handle):
            if time.monotonic() > deadline:
                os.lseek(handle, 0, os.SEEK_SET)
                pid = os.read(handle, 20).decode("ascii", "replace").strip()
                raise LockHeldError(int(pid) if pid.isdecimal() else None)
            time.sleep(_POLL_SECONDS)
        with suppress(OSError):  # the disk may be full; the lock works without the pid
            os.lseek(handle, 0, os.SEEK_SET)
            os.write(handle, f"{os.getpid():<20}".encode())
        yield
    finally:
        os.close(handle)


def _lock(handle: int, *, shared: bool = False) -> bool:
    """Try to take the lock of an open file, without waiting."""
    try:
        if sys.platform == "win32":
            # Windows locks bytes: lock one far beyond the end, so that others can still read the pid. Windows has no
            # shared locks, and needs none: an open file cannot be removed.
            if not shared:
                os.lseek(handle, 1 << 30, os.SEEK_SET)
                msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


class ReadLock:
    """A shared lock on files while they are read, so that `remove_unread` leaves them; released with the object.

    Raises FileNotFoundError if a file does not exist, or is being removed.
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
    """Raise the limit of open files of this process so that `files` fit, as far as the system allows."""
    if sys.platform != "win32":
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft < 4 * files:
            with suppress(ValueError, OSError):
                resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def remove_unread(path: Path) -> None:
    """Remove a file unless a `ReadLock` is on it."""
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


@contextmanager
def own_folder(parent: Path, prefix: str) -> Iterator[Path]:
    """A new folder, removed at the end; if the process was killed, `remove_orphans` removes it later."""
    folder, handle = _owned_folder(parent, prefix)
    try:
        yield folder
    finally:
        os.close(handle)
        _remove_tree(folder)


def _owned_folder(parent: Path, prefix: str) -> tuple[Path, int]:
    """A new folder and its lock; if another process removes it as an orphan before it is locked, tries again."""
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
    """Remove the folders of `own_folder` whose process has ended."""
    for folder in parent.glob(f"{prefix}*"):
        if folder.is_symlink():
            continue
        try:
            handle = os.open(folder / _OWNED, os.O_RDWR | _NO_LINK)
        except OSError:
            with suppress(OSError):  # fails if it is not empty
                folder.rmdir()
            continue
        orphan = _lock(handle)
        if orphan and sys.platform != "win32":
            _remove_tree(folder)  # while it is locked, so that its process cannot use it again
        os.close(handle)
        if orphan:
            _remove_tree(folder)


def _remove_tree(folder: Path) -> None:
    """Remove a folder, its lock file last: if this is interrupted, the rest is still recognised as an orphan."""
    with suppress(OSError):
        for path in folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name != _OWNED:
                path.unlink()
        (folder / _OWNED).unlink(missing_ok=True)
        folder.rmdir()
