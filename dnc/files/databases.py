"""Queries and tables of a database, as Arrow batches through ADBC: PostgreSQL and SQLite; DuckDB files are only read.

A query runs in a transaction that can change nothing, and its rows are copied to a Parquet file batch by batch. A table
is written in one transaction. Memory grows with neither.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import duckdb

from dnc.database import engine
from dnc.errors import InputError, OptionError, is_full, missing_extra
from dnc.messages import changed, said

if TYPE_CHECKING:
    import pyarrow as pa

_OURS = "dnc_outcome"  # a table with this column was written by a check, and may be replaced
_BATCH_ROWS = 1 << 16
_NAME = re.compile(r"(?:(?P<schema>[^.]+)\.)?(?P<table>[^.]+)")
_SQLSTATE = re.compile(r"SQLSTATE: ([0-9A-Z]{5})")
_REFUSED = re.compile(r"FATAL: +([^\n]+)")
_WHY = {
    "08": "lost",
    "28": "login",
    "3D": "database",
    "3F": "schema",
    "42": "statement",
    "25": "read_only",
    "53": "short",
    "57": "stopped",
}


def fetched(url: str, sql: str, name: str, folder: Path) -> Path:
    """Copy the rows of a query into a Parquet file; see `dnc.files.remote.fetched`. name: of the database."""
    file = folder / (name.rpartition("/")[2] or "query")
    if urlsplit(url).scheme == "duckdb":
        _from_duckdb(_path(url), sql, name, file)
        return file
    with _told(name, "unread"), closing(_connected(url, read_only=True)) as con, closing(con.cursor()) as cursor:
        if urlsplit(url).scheme != "sqlite":
            cursor.execute("set transaction read only")
        cursor.execute(sql)
        rows = cursor.fetch_record_batch()
        if not rows.schema.names:
            raise InputError(said("errors", "no_select", name=name))
        _write(rows, file)
    return file


def _from_duckdb(path: Path, sql: str, name: str, file: Path) -> None:
    if not path.is_file():
        raise InputError(said("errors", "no_file"), path)
    try:
        with engine(file.parent, path.parent) as con:
            con.execute("attach ? as source (read_only)", [str(path)])
            con.execute("use source")
            con.sql(sql).write_parquet(str(file))
    except duckdb.Error as error:
        if is_full(error):
            raise
        raise InputError(said("errors", "database_unread", name=name, kind=type(error).__name__)) from None


class Into:
    """A table that is written in the transaction of a connection."""

    def __init__(self, con: Any, name: str, schema: str | None, table: str) -> None:
        self._con, self._name, self._schema, self._table = con, name, schema, table

    def write(self, file: Path) -> None:
        """Write the rows of a Parquet file as the table, and commit."""
        import pyarrow.parquet as pq

        with _told(self._name, "unwritten"), pq.ParquetFile(file) as rows, closing(self._con.cursor()) as cursor:
            reader = _reader(rows)
            cursor.adbc_ingest(self._table, reader, mode="replace", db_schema_name=self._schema)
            self._con.commit()


@contextmanager
def table(url: str) -> Iterator[Into]:
    """A table of a database, named behind `#` in its URL, that can be written.

    Raises InputError if it cannot be reached, or has such a table that no check has written.
    """
    whole, _, target = url.partition("#")
    found = _NAME.fullmatch(unquote(target))
    name = f"{urlsplit(whole).hostname or ''}{urlsplit(whole).path}"
    if not found or urlsplit(whole).scheme == "duckdb":
        raise OptionError(said("errors", "which_table"))
    with _told(name, "unwritten"):
        con = _connected(whole)
    with closing(con):
        with _told(name, "unwritten"):
            _refuse_foreign(con, name, found["schema"], found["table"])
        yield Into(con, name, found["schema"], found["table"])


def _refuse_foreign(con: Any, name: str, schema: str | None, table: str) -> None:
    try:
        columns = con.adbc_get_table_schema(table, db_schema_filter=schema).names
    except Exception as error:  # a driver raises errors of its own where there is no such table
        if _state(error) not in ("42P01", "") and "NOT_FOUND" not in str(error):
            raise
        con.rollback()
        return
    con.rollback()
    if _OURS not in columns:
        raise InputError(said("errors", "foreign_table", name=name, table=table))


def _connected(url: str, *, read_only: bool = False) -> Any:
    try:
        if urlsplit(url).scheme == "sqlite":
            from adbc_driver_sqlite import dbapi as sqlite

            path = _path(url)
            return sqlite.connect(f"file:{path}?mode=ro" if read_only else f"file:{path}")
        from adbc_driver_postgresql import dbapi as postgresql

        return postgresql.connect(url)
    except ImportError as error:
        raise missing_extra("databases", error) from None


def _path(url: str) -> Path:
    return Path(unquote(urlsplit(url).path.removeprefix("/")))


def _write(rows: pa.RecordBatchReader, file: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([pa.field(one.name, _plain(one.type)) for one in rows.schema])
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for batch in rows:
            columns = [getattr(column, "storage", column) for column in batch.columns]
            writer.write_batch(pa.record_batch(columns, schema=schema))


def _plain(kind: pa.DataType) -> pa.DataType:
    """The type behind one that only the driver knows, such as text for `numeric`."""
    return getattr(kind, "storage_type", kind)


def _reader(rows: Any) -> pa.RecordBatchReader:
    import pyarrow as pa

    return pa.RecordBatchReader.from_batches(rows.schema_arrow, rows.iter_batches(_BATCH_ROWS))


@contextmanager
def _told(name: str, what: str) -> Iterator[None]:
    """Errors of a driver as one sentence, without the text of the server, which may quote rows and passwords."""
    from adbc_driver_manager import Error
    from pyarrow import ArrowException

    try:
        yield
    except (Error, ArrowException, OSError) as error:
        if is_full(error) and not isinstance(error, Error):
            raise  # of this machine, not of the server
        state = _state(error)
        why = said("errors", "sql", _WHY.get(state[:2], "refused")) if state else _without_state(str(error))
        code = f" (SQLSTATE {state})" if state else ""
        raise InputError(changed(said("errors", what, why=why), lambda text: f"{name}: {text}{code}")) from None


def _without_state(text: str) -> str:
    """What an error without a code is about: a connection that failed, whose text names only user and database."""
    refused = _REFUSED.search(text)
    if "connect" in text:
        return refused[1] if refused else said("errors", "sql", "unreached")
    return said("errors", "sql", "broken")


def _state(error: Exception) -> str:
    state = str(getattr(error, "sqlstate", None) or "")
    if state.strip("\0"):
        return state
    found = _SQLSTATE.search(str(error))
    return found[1] if found else ""
