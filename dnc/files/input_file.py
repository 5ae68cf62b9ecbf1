"""Files that we were given: open for reading, and their SHA-256."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from dnc.errors import InputError


@contextmanager
def handed(path: Path) -> Iterator[BinaryIO]:
    """A file that we were handed, open for reading; what the system says against it is an InputError.

    A pipe or a device is refused: what is read here is read several times, and they give their bytes once.
    """
    try:
        mode = path.stat().st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise InputError("is a pipe or a device, which can be read only once; write it into a file first", path)
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", path) from None


def fingerprint(path: Path) -> str:
    """SHA-256 of a file that we were handed, as hex. Raises InputError."""
    with handed(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, as hex. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
