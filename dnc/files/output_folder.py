"""A folder of output files, on this machine or in an object store; each file is written completely or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dnc.errors import InputError, why
from dnc.files.output_file import UNFINISHED, atomic_path
from dnc.files.remote import is_url
from dnc.messages import localized


class OutputFolder:
    """A folder; `at` is its path, or its URL."""

    def __init__(self, at: str | Path) -> None:
        self.at = str(at).rstrip("/") if is_url(at) else Path(at)

    @contextmanager
    def new(self, name: str) -> Iterator[Path]:
        """Write a file in it: yields a temporary path to write to, see `atomic_path`. Raises InputError."""
        if isinstance(self.at, Path):
            path = self.at / name
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise InputError(localized("errors", "unwritten", why=why(error)), path) from None
        with atomic_path(f"{self.at}/{name}") as unfinished:
            yield unfinished

    def sizes(self) -> dict[str, int]:
        """Bytes of all files in it, by their names, without those that were never finished. Raises InputError."""
        if isinstance(self.at, str):
            from dnc.files import objects

            return objects.sizes(self.at)
        files = {path.relative_to(self.at): path for path in self.at.rglob("*") if path.is_file()}
        return {
            name.as_posix(): path.stat().st_size
            for name, path in files.items()
            if not any(part.startswith(UNFINISHED) for part in name.parts)
        }

    def read(self, name: str) -> bytes:
        """The bytes of a file in it. Raises InputError."""
        if isinstance(self.at, str):
            from dnc.files import objects

            return objects.content(f"{self.at}/{name}")
        try:
            return (self.at / name).read_bytes()
        except OSError as error:
            raise InputError(localized("errors", "unread", why=why(error)), self.at / name) from None

    def sweep(self) -> None:
        """Remove what a killed process left unfinished, while nobody else writes into the folder."""
        if isinstance(self.at, Path):
            for path in self.at.rglob(f"{UNFINISHED}*"):
                with suppress(OSError):
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
