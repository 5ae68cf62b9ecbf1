"""Files that are written completely or not at all."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from os import fsync
from pathlib import Path
from typing import IO

HALF = ".half-"  # prefix of the name of a file that is still being written
_KEPT = 1 << 26  # bytes; smaller files are left to the system


def move_into_place(written: Path, path: Path) -> None:
    """Move a finished file to its final name. Raises OSError.

    It is made readable by its owner only, and synced before it is renamed: otherwise, after a power cut, the file with
    the new name could be empty.
    """
    written.chmod(0o600)
    with written.open("rb+") as file:
        fsync(file.fileno())
    written.replace(path)
    sync_folder(path.parent)


def write_back(file: IO[bytes]) -> None:
    """Start to store what was written to a large file, and release the memory of what is stored already.

    A file that is synced at its end has to be stored anyway. The memory that this releases is used again for what is
    written next; getting new memory takes several times as long, especially in a virtual machine. Does nothing on
    systems that do not offer this (macOS, Windows).
    """
    file.flush()
    if hasattr(os, "posix_fadvise") and file.seekable() and file.tell() > _KEPT:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file completely or not at all. Raises OSError."""
    handle, name = tempfile.mkstemp(prefix=HALF, dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        move_into_place(Path(name), path)
    finally:
        Path(name).unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make renames in a folder survive a power cut; does nothing if folders cannot be synced (Windows)."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            fsync(handle)
        finally:
            os.close(handle)
