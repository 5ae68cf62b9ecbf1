"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

HALF = ".half-"  # begins the name of a file that is being written


def put(written: Path, path: Path) -> None:
    """Move a finished file to its name: readable by its owner only, synced, renamed, the folder synced."""
    written.chmod(0o600)
    with written.open("rb+") as file:
        os.fsync(file.fileno())
    written.replace(path)
    sync_folder(path.parent)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file that appears whole or not at all. Raises OSError."""
    handle, name = tempfile.mkstemp(prefix=HALF, dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        put(Path(name), path)
    finally:
        Path(name).unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make what was renamed in a folder outlast a pulled plug; where folders cannot be synced, nothing."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
