"""A list in one file or in several, checked as one, in the order in which the files are given.

A folder is a partitioned data set: all its `**/*.parquet`, sorted by path. Names that begin with `_` or `.` belong to
the program that wrote it and are skipped. The name `key=value` of a folder inside it becomes a text column of its
files. If they have a column of that name, a cell that says something else than the folder says both.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from pathlib import Path
from urllib.parse import unquote

import msgspec
import polars as pl

from dnc.errors import InputError, must_be_unicode, printable, why
from dnc.files.cell_texts import compared, text_cells
from dnc.files.input_file import input_sha256, input_state
from dnc.files.open_table import open_table
from dnc.files.table import Table
from dnc.messages import localized

Paths = str | Path | Sequence[str | Path]
NULL = "__HIVE_DEFAULT_PARTITION__"  # in the name of a folder, as other programs write it
_SHOWN = 2  # names in a message
# Attributes of a table that add up over the files of a list: what is counted or listed.
_COUNTED = [one.name for one in fields(Table) if type(one.default) is int or one.default_factory is list]


class File(msgspec.Struct, frozen=True):
    """One file of a list. name: its path inside the folder that was given, or its file name."""

    path: Path
    name: str

    @property
    def keys(self) -> dict[str, str | None]:
        """The columns in the names of its folders."""
        parts = (folder.partition("=") for folder in self.name.split("/")[:-1])
        return {unquote(key): None if value == NULL else unquote(value) for key, is_key, value in parts if is_key}

    def table(self, sheet: str | None) -> Table:
        """Open the file. Raises InputError."""
        table = open_table(self.path, sheet=sheet)
        table.paths += [Path(folder) for folder in self.name.split("/")[:-1] if "=" not in folder]
        new = [key for key in self.keys if key not in table.columns]
        batches = (batch.with_columns(_of_folder(batch, *key) for key in self.keys.items()) for batch in table.batches)
        return replace(table, header=[*table.header, *new], batches=batches) if self.keys else table


class FileList(msgspec.Struct, frozen=True):
    """The files of a list, in order.

    named: the files and folders that were given. sheet: which one to read, if they are spreadsheets.
    """

    named: tuple[Path, ...]
    files: tuple[File, ...]
    sheet: str | None = None

    @property
    def name(self) -> str:
        """The names of the given files and folders, for people; if there are many, only the first ones."""
        names = [printable(path.name) for path in self.named]
        return " ".join(names[:_SHOWN] + ["…"] * (len(names) > _SHOWN))

    @property
    def names(self) -> str | list[str]:
        """The names of the given files and folders, for the log: one name, or a list."""
        names = [path.name for path in self.named]
        return names if len(names) > 1 else names[0]

    @property
    def state(self) -> list[tuple[int, int, int]]:
        """Inode, size and time of change of each file, to notice when one is replaced. Raises InputError."""
        return [input_state(file.path) for file in self.files]

    @property
    def sums(self) -> list[str]:
        """The SHA-256 of each file. Raises InputError."""
        return [input_sha256(file.path) for file in self.files]

    def digest(self, sums: Sequence[str]) -> str:
        """The SHA-256 of a single file; else that of what `sha256sum` prints for all files, in order."""
        if self.named == (self.files[0].path,):
            return sums[0]
        lines = (f"{sum_}  {file.name}\n" for sum_, file in zip(sums, self.files, strict=True))
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    def table(self) -> Table:
        """All files as one table, each opened when its turn comes. Raises InputError if the columns differ."""
        tables = (file.table(self.sheet) for file in self.files)
        return _chained(tables) if len(self.files) > 1 else next(tables)


def file_list(paths: Paths, sheet: str | None = None) -> FileList:
    """The list in a file, in a folder, or in several of them, in this order. Raises InputError if none is given."""
    named = tuple(map(Path, [paths] if isinstance(paths, str | Path) else paths))
    for path in named:
        must_be_unicode(path)
    files = tuple(file for path in named for file in (_within(path) if path.is_dir() else [File(path, path.name)]))
    if not files:
        raise InputError(localized("errors", "no_list"))
    return FileList(named, files, sheet)


def _of_folder(batch: pl.DataFrame, key: str, value: str | None) -> pl.Series:
    """The column of a key in the name of a folder: what the cells of that name say, and the folder."""
    folder = pl.Series(key, [value], pl.String)
    if key not in batch.columns:
        return folder.new_from_index(0, batch.height)
    cells, both = batch[key], text_cells(batch[key]) + f" / {value}"
    same = compared(cells).eq_missing(compared(folder))
    if value is None or same.all():
        return cells
    return pl.select(pl.when(same).then(text_cells(cells)).otherwise(both.fill_null(value)).alias(key)).to_series()


def _within(folder: Path) -> list[File]:
    def refuse(error: OSError) -> None:
        raise InputError(localized("errors", "unread", why=why(error)), error.filename)

    paths = (Path(at, name).relative_to(folder) for at, _, names in os.walk(folder, onerror=refuse) for name in names)
    parquet = (path for path in paths if path.suffix.lower() == ".parquet")
    names = sorted(
        path for path in parquet if not any(part.startswith((".", "_")) and "=" not in part for part in path.parts)
    )
    for name in names:
        must_be_unicode(name)
    if not names:
        raise InputError(localized("errors", "no_parquet"), folder)
    return [File(folder / name, name.as_posix()) for name in names]


def _chained(tables: Iterator[Table]) -> Table:
    first = next(tables)
    whole = replace(first, is_last=False)

    def batches() -> Iterator[pl.DataFrame]:
        yield from first.batches
        for table in tables:
            if table.header != whole.header:
                raise InputError(localized("errors", "other_columns", name=whole.path.name), table.path, 1)
            for name in _COUNTED:
                setattr(whole, name, getattr(whole, name) + getattr(table, name))
            whole.dates &= table.dates
            yield from table.batches

    whole.batches = batches()
    return whole
