"""An output of rows: a file whose suffix names the format, an object in an object store, a table, or stdout.

A file is written completely or not at all: under a temporary name in the same folder, then synced and renamed. It is
readable by its owner only. Rows of text go to stdout as they come: `-` is CSV, `-.jsonl` another format.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Any

from dnc.errors import InputError, OptionError, is_full, no_room, room_in, why
from dnc.files.atomic import move_into_place
from dnc.files.remote import delivered, is_database, is_url
from dnc.files.writers import Csv, JsonLines, Parquet, Writer
from dnc.files.xlsx_writer import Xlsx
from dnc.messages import localized

FORMATS: dict[str, Callable[..., Any]] = {".csv": Csv, ".parquet": Parquet, ".xlsx": Xlsx, ".jsonl": JsonLines}
_TEXTS = (".csv", ".jsonl")  # formats that are written row by row
PAGE = ".html"
STDOUT = "-"
UNFINISHED = ".dnc-"  # prefix of the name of a file that is still being written


def _is_stdout(path: str | Path) -> bool:
    return (Path(path).parent, Path(path).stem) == (Path(), STDOUT)


def is_page(path: str | Path) -> bool:
    """Whether an output is the HTML page about a check, not a table of its rows."""
    return _suffix(path) == PAGE


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Write a file completely or not at all: yields a temporary path to write to.

    For a path on this machine it is in the same folder; for a URL see `dnc.files.remote.delivered`. For stdout it is
    printed when the block ends without an error.

    Raises InputError if it cannot be written to.
    """
    if is_url(path):
        with delivered(str(path)) as file:
            yield file
        return
    path = Path(path)
    if _is_stdout(path):
        with tempfile.TemporaryDirectory(prefix="dnc-") as folder, room_in(tempfile.gettempdir()):
            file = Path(folder) / path
            yield file
            with file.open("rb") as written:
                shutil.copyfileobj(written, sys.stdout.buffer)
        return
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
    return "" if is_database(path) else ".csv" if str(path) == STDOUT else Path(path).suffix.lower()


@contextmanager
def output(
    path: str | Path, header: list[str], delimiter: str = ",", bom: bool = False, *, append: bool = False
) -> Iterator[Writer]:
    """The writer of a file or a table that is written completely, when the block ends, or not at all; or of stdout.

    append: see `dnc.files.databases.table`.

    Raises OptionError for an unknown suffix, and InputError.
    """
    if is_database(path):
        from dnc.files.databases import table

        with table(str(path), append=append) as rows:
            yield rows
        return
    suffix = _suffix(path)
    if suffix not in FORMATS:
        known = ", ".join((*FORMATS, PAGE))
        message = localized("errors", "format" if suffix else "no_suffix", suffix=suffix, known=known)
        raise OptionError(message, path)
    if suffix in _TEXTS:
        with _text_file(path) as (file, folder):
            writer = FORMATS[suffix](file, header, delimiter, bom)
            writer.folder = folder
            yield writer
            writer.close()
        return
    with atomic_path(path) as unfinished, closing(FORMATS[suffix](unfinished, header, delimiter, bom)) as writer:
        writer.folder = unfinished.parent
        yield writer


@contextmanager
def _text_file(path: str | Path) -> Iterator[tuple[IO[bytes], Path | None]]:
    """A file that is open for writing, and the folder where it is; none of stdout."""
    if _is_stdout(path):
        yield sys.stdout.buffer, None
        sys.stdout.buffer.flush()
    else:
        with atomic_path(path) as unfinished, unfinished.open("wb") as file:
            yield file, unfinished.parent
