"""An output of rows: a file whose suffix names the format, an object in an object store, or a table of a database.

A file is written completely or not at all: under a temporary name in the same folder, then synced and renamed. It is
readable by its owner only. A folder of such files may be in an object store, too.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from dnc.errors import InputError, OptionError, is_full, no_room, room_in, why
from dnc.files.atomic import move_into_place
from dnc.files.remote import delivered, is_database, is_url
from dnc.files.writers import Csv, JsonLines, Parquet, TableMode, Writer
from dnc.files.xlsx_writer import Xlsx
from dnc.messages import localized

FORMATS: dict[str, Callable[..., Any]] = {".csv": Csv, ".parquet": Parquet, ".xlsx": Xlsx, ".jsonl": JsonLines}
PAGE = ".html"
UNFINISHED = ".dnc-"  # prefix of the name of a file that is still being written


def is_page(path: str | Path) -> bool:
    """Whether an output is the HTML page about a check, not a table of its rows."""
    return _suffix(path) == PAGE


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Write a file completely or not at all: yields a temporary path to write to.

    For a path on this machine it is in the same folder; for a URL see `dnc.files.remote.delivered`.

    Raises InputError if it cannot be written to.
    """
    if is_url(path):
        with delivered(str(path)) as file:
            yield file
        return
    path = Path(path)
    try:
        handle, name = tempfile.mkstemp(prefix=UNFINISHED, suffix=path.suffix.lower(), dir=path.parent)
    except OSError as error:
        if is_full(error):
            raise no_room(path.parent) from None
        raise InputError(localized("errors", "unwritten", why=why(error)), path) from None
    os.close(handle)
    unfinished = Path(name)
    try:
        with room_in(path.parent):
            yield unfinished
            try:
                move_into_place(unfinished, path)
            except IsADirectoryError as error:
                raise InputError(localized("errors", "unwritten", why=why(error)), path) from None
    finally:
        unfinished.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Write a text as a file, see `atomic_path`. Raises InputError."""
    with atomic_path(path) as unfinished:
        unfinished.write_bytes(text.encode())


def _suffix(path: str | Path) -> str:
    return "" if is_database(path) else Path(path).suffix.lower()


@contextmanager
def output(
    path: str | Path, header: list[str], delimiter: str = ",", bom: bool = False, mode: TableMode | None = None
) -> Iterator[Writer]:
    """The writer of a file or a table that is written completely, when the block ends, or not at all.

    Raises OptionError for an unknown suffix, and InputError.
    """
    if is_database(path):
        from dnc.files.databases import table

        with table(str(path), mode) as rows:
            yield rows
        return
    suffix = _suffix(path)
    if suffix not in FORMATS:
        known = ", ".join((*FORMATS, PAGE))
        message = localized("errors", "format" if suffix else "no_suffix", suffix=suffix, known=known)
        raise OptionError(message, path)
    with atomic_path(path) as unfinished, closing(FORMATS[suffix](unfinished, header, delimiter, bom)) as writer:
        writer.folder = unfinished.parent
        yield writer
