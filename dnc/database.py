"""DuckDB with limits on memory and disk, without network access, and with errors that do not quote data."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any
from weakref import finalize

import duckdb
import polars as pl

from dnc.errors import OptionError, StoreError
from dnc.messages import localized

_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "memory_limit": "1500MB",
    "max_temp_directory_size": "100GB",
    "errors_as_json": True,  # the only way to get the errno of a failed system call
}
_FEW = 64  # numbers that a statement names one by one
_ASKED = "asked"  # the frame of more


class ArrowStream:
    """A Polars frame that offers only the Arrow stream protocol, so that DuckDB reads it that way."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame = frame

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._frame.__arrow_c_stream__(requested_schema)


def statement(package: str | None, name: str) -> str:
    """The text of a fixed SQL statement, a file `NAME.sql` in the folder of a package."""
    return files(package or "dnc").joinpath(f"{name}.sql").read_text(encoding="utf-8")


@cache
def first_process() -> int:
    """The process that used the engines first; one that is forked from it lacks their threads, and would hang."""
    return os.getpid()


def refuse_fork() -> None:
    """Raise OptionError in a forked process."""
    if os.getpid() != first_process():
        raise OptionError(localized("errors", "forked"))


def connect(database: str | Path, *folders: str | Path, **settings: Any) -> duckdb.DuckDBPyConnection:
    """Connect to a database that can access only its own files and those in `folders`, and cannot load extensions.

    The configuration is locked, so no statement can change that. Memory and disk are limited, and no progress bar is
    written to stdout. Raises OptionError in a forked process.
    """
    refuse_fork()
    con = duckdb.connect(database, config=_SETTINGS)
    try:
        # Not as part of the configuration, in which `disabled_compression_methods` has no effect.
        for name, value in settings.items():
            con.execute(f"set {name} = ?", [value])
        allowed = [Path(folder).absolute() for folder in folders]
        if database != ":memory:":
            allowed.append(Path(database).absolute().parent)
        con.execute("set enable_progress_bar = false")
        con.execute("set allowed_directories = ?", [[str(folder) for folder in allowed]])
        con.execute("set enable_external_access = false")
        con.execute("set lock_configuration = true")
    except BaseException:
        con.close()
        raise
    return con


class Instance:
    """A DuckDB in memory that can access one folder, for the files in it.

    Starting DuckDB takes 15 ms; `instance_of` returns the same object for the same folder.

    Attributes:
        spill: a folder for temporary files, which it can access too.
    """

    def __init__(self, folder: Path) -> None:
        spill = tempfile.TemporaryDirectory(prefix="dnc-", ignore_cleanup_errors=True)
        finalize(self, spill.cleanup)
        self.spill = Path(spill.name)
        self._con = engine(self.spill, folder)

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection to it."""
        return self._con.cursor()


@lru_cache(maxsize=2)
def instance_of(folder: Path) -> Instance:
    """The instance for an absolute folder."""
    return Instance(folder)


def errno_of(error: duckdb.Error) -> int | None:
    """The errno of the system call that failed, such as `errno.EAGAIN` for a file locked elsewhere, or None."""
    _, brace, content = str(error).partition("{")
    with suppress(ValueError, KeyError):
        return int(json.loads(brace + content)["errno"])
    return None


def engine(spill: str | Path, *folders: str | Path, **settings: Any) -> duckdb.DuckDBPyConnection:
    """Connect to an in-memory database that spills to a folder, and can access only it and `folders`."""
    return connect(":memory:", spill, *folders, temp_directory=str(spill), **settings)


def one_of(numbers: pl.Series) -> tuple[str, dict[str, pl.DataFrame]]:
    """A condition in SQL, that `number` is one of some numbers, and the frames that it reads.

    A few are named one by one, so that only the parts of files are read that may have them.
    """
    if numbers.len() <= _FEW:
        return f"number in ({', '.join(map(str, numbers.drop_nulls())) or 'null'})", {}
    return f"number in (select number from {_ASKED})", {_ASKED: numbers.alias("number").to_frame()}


def run(
    con: duckdb.DuckDBPyConnection,
    name: str,
    sql: str | duckdb.Statement,
    params: object = None,
    schema: Mapping[str, Any] | None = None,
    /,
    **frames: pl.DataFrame,
) -> pl.DataFrame:
    """Run one statement over named frames. Raises StoreError, which names the statement and does not quote data.

    sql: as text, or of `parsed`. schema: of the result, if it has few rows: then it costs a third to a half less. It is
    not used where the numbers that the statement is about are a table (`one_of`): the result may have many rows.
    """
    with _over(con, name, frames):
        if schema is not None and _ASKED not in frames:
            return pl.DataFrame(con.execute(sql, params).fetchall(), schema=schema, orient="row")
        relation = con.sql(sql, params=params)
        return pl.DataFrame() if relation is None else pl.DataFrame(relation)


def parsed(con: duckdb.DuckDBPyConnection, name: str, sql: str) -> duckdb.Statement:
    """One statement for `run`, which then need not parse it each time. Raises StoreError, as `run`."""
    with _over(con, name, {}):
        [one] = con.extract_statements(sql)
        return one


@contextmanager
def _over(con: duckdb.DuckDBPyConnection, name: str, frames: Mapping[str, pl.DataFrame]) -> Iterator[None]:
    """Register frames as tables of a connection until the end of the block."""
    try:
        for table, frame in frames.items():
            con.register(table, ArrowStream(frame))
        yield
    except duckdb.Error as error:
        raise StoreError(localized("errors", "statement", name=name, kind=type(error).__name__)) from None
    finally:
        for table in frames:
            with suppress(duckdb.Error):
                con.unregister(table)
