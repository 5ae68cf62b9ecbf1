"""Input files: opening them for reading, and their SHA-256."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from dnc.errors import InputError, why
from dnc.messages import localized


@contextmanager
def open_input(path: Path) -> Iterator[BinaryIO]:
    """Open an input file for reading. Raises InputError if it cannot be read, even later within the context.

    A pipe or a device is refused: inputs are read several times, and these give their bytes only once.
    """
    try:
        mode = path.stat().st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise InputError(localized("errors", "pipe"), path)
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise InputError(localized("errors", "unread", why=why(error)), path) from None


def input_sha256(path: Path) -> str:
    """SHA-256 of an input file, as hex. Raises InputError."""
    with open_input(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]


def input_state(path: Path) -> tuple[int, int, int]:
    """Inode, size and time of change of an input file, to notice when it is replaced. Raises InputError."""
    with open_input(path) as file:
        status = os.fstat(file.fileno())
    return status.st_ino, status.st_size, status.st_mtime_ns


def sha256_of(path: Path) -> str:
    """SHA-256 of one of our own files, as hex. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_bounded(path: Path, longest: int) -> bytes:
    """The content of a file, or its first `longest` bytes. Raises InputError if it cannot be read."""
    with open_input(path) as file:
        return file.read(longest)
