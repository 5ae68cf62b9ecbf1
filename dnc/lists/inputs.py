"""What a check reads: files and folders by their paths, or a table that is in memory."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any, Protocol, TypeGuard, runtime_checkable

import msgspec
import polars as pl

from dnc.errors import DncError, InputError, OptionError, room_in
from dnc.files.dataset import FileList, Paths, file_list
from dnc.files.remote import Query, fetched, is_url
from dnc.files.table import BATCH_ROWS, Table, table_of_frame
from dnc.messages import changed, localized

_NAME = Path("frame")  # in messages and in the log


@runtime_checkable
class Batch(Protocol):
    """A table of any library with Arrow's PyCapsule interface, for instance Polars, pandas or pyarrow."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The rows as a stream of Arrow arrays."""


Rows = Sequence[Mapping[str, object]] | pl.LazyFrame
Source = Paths | Query | Batch | Rows


class FrameInput(FileList, frozen=True):
    """A table in memory, in place of files. Its checksum is that of its Arrow stream, as Polars writes it."""

    frame: pl.DataFrame = msgspec.field(default_factory=pl.DataFrame)

    @property
    def sums(self) -> list[str]:
        """The SHA-256 of the rows."""
        sha256 = hashlib.sha256()
        for rows in self.frame.iter_slices(BATCH_ROWS):
            # Of this level equal rows have equal bytes; strings of the newest one may lie in any buffer.
            sha256.update(rows.write_ipc_stream(None, compat_level=pl.CompatLevel.oldest()).getbuffer())
        return [sha256.hexdigest()]

    def digest(self, sums: Sequence[str]) -> str:
        """The one checksum."""
        return sums[0]

    def table(self) -> Table:
        """The rows."""
        return table_of_frame(_NAME, self.frame)


@contextmanager
def opened(source: Source, sheet: str | None = None) -> Iterator[FileList]:
    """The files at some paths, or a table in memory; what is not on this machine is copied for as long as the block.

    Args:
        source: paths, URLs, the query of a database, or a table.
        sheet: of spreadsheets.
    Raises:
        InputError: something cannot be read. OptionError: the argument is nothing of the kind.
    """
    if is_table(source):
        yield FrameInput((_NAME,), (), frame=as_frame(source))
        return
    paths: Any = [source] if isinstance(source, str | Path | Query) else source
    if not isinstance(paths, Sequence) or not all(isinstance(path, str | Path | Query) for path in paths):
        raise OptionError(localized("errors", "no_list_object", kind=type(source).__name__))
    if "" in paths:
        raise OptionError(localized("errors", "path_empty"))
    here = [path for path in paths if not isinstance(path, Query) and not is_url(path)]
    if len(here) == len(paths):
        yield file_list(here, sheet)
        return
    with TemporaryDirectory(prefix="dnc-") as folder:
        try:
            yield file_list([_copied(path, Path(folder, str(at))) for at, path in enumerate(paths)], sheet)
        except DncError as error:
            # A message names what the user gave, and not its copy.
            error.reword(changed(error.message, lambda text: re.sub(rf"{re.escape(folder)}/\d+/", "", text)))
            raise


def _copied(source: str | Path | Query, folder: Path) -> Path:
    if isinstance(source, Path) or not (isinstance(source, Query) or is_url(source)):
        return Path(source)
    folder.mkdir()
    with room_in(gettempdir()):
        return fetched(source, folder)


def is_table(source: object) -> TypeGuard[Batch | Rows]:
    """Whether something is a table in memory: a frame, an Arrow table, a lazy frame, a list of dictionaries."""
    return isinstance(source, Batch | pl.LazyFrame) or _is_rows(source)


def _is_rows(table: object) -> TypeGuard[list[Mapping[str, object]]]:
    return isinstance(table, list) and bool(table) and all(isinstance(row, Mapping) for row in table)


def _of_rows(rows: list[Mapping[str, object]]) -> pl.DataFrame:
    """Rows as a frame; one may lack columns that others have. Raises InputError where a column has several types."""
    names = dict.fromkeys(name for row in rows for name in row)
    try:
        # Two keys may make one name (5, "5"), which Polars refuses.
        return pl.DataFrame([pl.Series(str(name), [row.get(name) for row in rows], strict=True) for name in names])
    except (Exception, pl.exceptions.PanicException) as error:  # of a cell that Polars does not know
        raise InputError(localized("errors", "batch_unread", kind=type(error).__name__)) from None


def as_frame(table: Batch | Rows) -> pl.DataFrame:
    """A table as a frame of Polars. Raises InputError where that is not possible.

    An index of pandas is a column like any other, unless it counts rows; Polars would leave it out.
    """
    if isinstance(table, pl.LazyFrame):
        table = table.collect()
    if _is_rows(table):
        return _of_rows(table)
    if not isinstance(table, Batch):
        raise InputError(localized("errors", "no_batch", kind=type(table).__name__))
    index = getattr(table, "index", None)
    counts = set(getattr(index, "names", ())) <= {None} and getattr(index, "inferred_type", "integer") == "integer"
    try:
        return pl.DataFrame(table if counts else table.reset_index())  # type: ignore[attr-defined]
    except (Exception, pl.exceptions.PanicException) as error:  # libraries raise what they like
        raise InputError(localized("errors", "batch_unread", kind=type(error).__name__)) from None
