"""What is wrong with a store's folder: links, others who can write to it, and damaged files."""

from __future__ import annotations

import stat
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from dnc.errors import StoreError, must_be_unicode, why
from dnc.files.input_file import sha256_of
from dnc.messages import Words, localized


def refuse_unsafe(folder: Path) -> None:
    """Raise StoreError if a store's folder is not safe to write to: others can write to it, or it contains a link.

    A link could lead a change, or what it deletes, out of the folder. Does nothing if there is no folder yet.
    """
    must_be_unicode(folder.absolute())
    if mode := written_by_others(folder):
        raise StoreError(localized("errors", "folder", "open", folder=folder, mode=mode))
    for path in strange_in(folder):
        raise StoreError(localized("errors", "folder", "link", file=path))


def written_by_others(folder: Path) -> str | None:
    """The mode of a folder that its group or everybody can write to, such as `0775`; None if they cannot."""
    mode = _mode(folder)
    return f"{mode:04o}" if mode & (stat.S_IWGRP | stat.S_IWOTH) else None


def replaceable_by_all(folder: Path) -> str | None:
    """The mode of a folder in which everybody can replace what others put there; None if they cannot."""
    mode = _mode(folder)
    return f"{mode:04o}" if mode & stat.S_IWOTH and not mode & stat.S_ISVTX else None


def _mode(folder: Path) -> int:
    """The mode of a folder; 0 if there is none, and on Windows, where it says nothing about others."""
    return stat.S_IMODE(folder.stat().st_mode) if sys.platform != "win32" and folder.exists() else 0


def strange_in(folder: Path) -> Iterator[Path]:
    """Everything in a folder that is neither a file nor a folder: links, pipes and devices. Raises StoreError."""
    for path in below(folder):
        with suppress(FileNotFoundError):  # another process may have just removed it
            mode = path.lstat().st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
                yield path


def below(folder: Path) -> list[Path]:
    """Everything in a folder, by name; nothing if there is no folder. Raises StoreError."""
    try:
        return sorted(folder.iterdir()) if folder.is_dir() else []
    except OSError as error:
        raise StoreError(localized("errors", "store_unread", store=folder, why=why(error))) from None


def links_in(folder: Path) -> Iterator[Words]:
    """Links and devices in a store's folder and its subfolders, one line each. Raises StoreError."""
    for place in (folder, *(path for path in below(folder) if not path.is_symlink())):
        for path in strange_in(place):
            yield localized("fault", "link", path=path)


def open_to_others(folder: Path) -> Words | None:
    """A line about a store's folder if others than its owner can write to it; otherwise None."""
    mode = written_by_others(folder)
    return localized("fault", "open_to_others", folder=folder, mode=mode) if mode else None


def fault_of(path: Path) -> str | None:
    """What is wrong with a file that is named by its checksum, or None if nothing is."""
    try:
        if path.is_symlink():
            return localized("errors", "file_fault", "link")
        return None if sha256_of(path) == path.stem else localized("errors", "file_fault", "damaged")
    except FileNotFoundError:
        return localized("errors", "file_fault", "missing")
    except OSError as error:
        return localized("errors", "unread", why=why(error))


def known_fault(path: Path) -> str | None:
    """As `fault_of`, but a file that did not change since it was read is not read again."""
    try:
        status = path.stat(follow_symlinks=False)
    except OSError:
        return fault_of(path)
    return _fault_of(path, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


@lru_cache(maxsize=4096)
def _fault_of(path: Path, *_: int) -> str | None:
    return fault_of(path)
