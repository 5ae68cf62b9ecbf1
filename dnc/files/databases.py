"""Queries and tables of a database, as Arrow batches through ADBC: PostgreSQL and SQLite; DuckDB files are only read.

A query runs in a read-only transaction, and its rows are copied to a Parquet file batch by batch. A table is written in
one transaction, each batch while the next one is decided. Memory does not grow with the number of rows.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import duckdb
import polars as pl

from dnc.database import engine
from dnc.errors import InputError, OptionError, ShortageError, extra, is_full
from dnc.files.output_rows import OutputRows
from dnc.files.table import quoted
from dnc.files.writers import Writer
from dnc.frames import as_text, repeated
from dnc.messages import changed, localized

if TYPE_CHECKING:
    import pyarrow as pa

_OURS = "dnc_check"  # a table with this column was written by a check, and may be replaced
_TEXT = ("text", "character varying", "character")  # types into which everything fits
_COLUMNS_OF_POSTGRESQL = """
select attname::text, format_type(atttypid, null)
from pg_attribute where attrelid = to_regclass($1) and attnum > 0 and not attisdropped order by attnum
"""
_COLUMNS_OF_SQLITE = "select name, type from pragma_table_info(?)"
_COPY_ROWS = 1 << 15  # sent at once; more rows need more memory and are not faster
_TYPED_ROWS = 1 << 18  # of SQLite, read at once: the driver takes the type of a column from the first of them
_INTEGERS = (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64)
_TYPES = (pl.String, pl.Boolean, *_INTEGERS, pl.Float32, pl.Float64, pl.Date, pl.Datetime, pl.Binary)
_TYPES_OF_POSTGRESQL = (*_TYPES, pl.Time, pl.Duration, pl.Decimal)
_NAME = re.compile(r"(?:(?P<schema>[^.]+)\.)?(?P<table>[^.]+)")
# Types of DuckDB that Parquet has not, or not as exact.
_NO_PARQUET = re.compile(r"\b(?:INTERVAL|U?HUGEINT|BIGNUM|UUID|TIME WITH TIME ZONE)\b")
_OF_POSTGRESQL = b"POSTGRESQL:type"  # in the metadata of a column: its type there
_TEXT_TYPES = "select typname::text from pg_type where typcategory in ('S', 'E')"  # of strings, and enumerations
_SQLSTATE = re.compile(r"SQLSTATE: ([0-9A-Z]{5})")
_REFUSED = re.compile(r"FATAL: +([^\n]+)")
_WHY = {
    "08": "lost",
    "23": "constraint",
    "28": "login",
    "3D": "database",
    "3F": "schema",
    "42": "statement",
    "25": "read_only",
    "55": "locked",
    "57": "stopped",
}
_WHY_OF_SQLITE = {"prepare": "statement", "readonly": "read_only"}  # by a part of the error, which has no code


def fetched(url: str, sql: str, name: str, folder: Path) -> Path:
    """Copy the rows of a query to a Parquet file; see `dnc.files.remote.fetched`. name: name of the database."""
    file = folder / (name.rpartition("/")[2] or "query")
    if urlsplit(url).scheme in ("duckdb", "sqlite") and not _path(url).is_file():
        raise InputError(localized("errors", "no_file"), _path(url))
    if urlsplit(url).scheme == "duckdb":
        _from_duckdb(_path(url), sql, name, file)
        return file
    with (
        _driver_errors(name, "unread"),
        closing(_connected(url, read_only=True)) as con,
        closing(con.cursor()) as cursor,
    ):
        texts = set[str]()
        if urlsplit(url).scheme == "sqlite":
            cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": _TYPED_ROWS})
        else:
            cursor.execute("set transaction read only")
            cursor.execute(_TEXT_TYPES)
            texts = {kind for (kind,) in cursor.fetchall()}
        cursor.execute(sql)
        rows = cursor.fetch_record_batch()
        if not rows.schema.names:
            raise InputError(localized("errors", "no_select", name=name))
        if stored := [field.name for field in rows.schema if _is_as_stored(field, texts)]:
            sentence = localized("errors", "column_types", names=quoted(stored))
            raise InputError(changed(sentence, lambda text: f"{name}: {text}"))
        _write(rows, file)
    return file


def _from_duckdb(path: Path, sql: str, name: str, file: Path) -> None:
    try:
        with engine(file.parent, path.parent) as con:
            con.execute("attach ? as source (read_only)", [str(path)])
            con.execute("use source")
            rows = con.sql(sql)
            if rows is None:
                raise InputError(localized("errors", "no_select", name=name))
            texts = [name for name, kind in zip(rows.columns, rows.types, strict=True) if _NO_PARQUET.search(str(kind))]
            casts = ", ".join(f"{name}::varchar as {name}" for name in map(_identifier, texts))
            (rows.project(f"* replace ({casts})") if texts else rows).write_parquet(str(file))
    except duckdb.Error as error:
        if is_full(error):
            raise
        is_mistake = isinstance(error, duckdb.ProgrammingError)
        kind = localized("errors", "sql", "statement") if is_mistake else type(error).__name__
        raise InputError(localized("errors", "database_unread", name=name, kind=kind)) from None


class _TableWriter(Writer):
    """Writes a table in the transaction of a connection; the caller's threads decide the next rows meanwhile.

    The rows go to a table with a temporary name, and at the end from there to the table of the former verdicts: it
    stays the same table, with its indexes, rights, comments and views. Its readers wait only for this last step.
    """

    def __init__(self, con: Any, name: str, schema: str | None, table: str, append: bool) -> None:
        self._con, self._name, self._schema, self._table, self._append = con, name, schema, table, append
        self._is_postgresql = con.adbc_get_info()["vendor_name"] == "PostgreSQL"
        self._refuse_schema()
        self._unfinished = f"dnc_{secrets.token_hex(8)}"
        self._types: pl.Schema | None = None
        self._is_filled = False
        self._former = self._columns(table)
        con.rollback()
        if self._former and _OURS not in self._former:
            raise InputError(localized("errors", "foreign_table", name=name, table=table))
        self._supported = _TYPES_OF_POSTGRESQL if self._is_postgresql else _TYPES

    def laid_out(self, rows: OutputRows) -> pl.DataFrame:
        """Rows with types that the database has; other cells become text, nested ones JSON."""
        frame = rows.frame
        return frame.with_columns(as_text(cells) for cells in frame if not self._has(cells.dtype))

    def _has(self, kind: pl.DataType) -> bool:
        return kind in self._supported or (
            self._is_postgresql and isinstance(kind, pl.List) and kind.inner in self._supported
        )

    def write(self, frame: pl.DataFrame) -> None:
        """Send rows. Raises InputError."""
        if self._types is None:
            self._types = frame.schema
            self._send(frame.clear(), "create")
            self._compare()
        if frame.height and not self._is_filled:
            self._is_filled = True
            self._compare()
        frame = frame.select(_fitted(frame[name], kind) for name, kind in self._types.items())
        for rows in frame.iter_slices(_COPY_ROWS):
            self._send(rows, "append")

    def _named(self, table: str) -> str:
        return ".".join(map(_identifier, filter(None, (self._schema, table))))

    def _send(self, rows: pl.DataFrame, mode: str) -> None:
        with _driver_errors(self._name, "unwritten"), closing(self._con.cursor()) as cursor:
            cursor.adbc_ingest(self._unfinished, rows, mode=mode, db_schema_name=self._schema)

    def commit(self) -> None:
        """Put the table in the place of the former one. Raises InputError."""
        with _driver_errors(self._name, "unwritten"), closing(self._con.cursor()) as cursor:
            for statement in self._replacement():
                cursor.execute(statement)
            self._con.commit()

    def _columns(self, table: str) -> dict[str, str]:
        """The types of a table by its columns, in their order, as its database calls them; empty if there is none."""
        sql, place = (
            (_COLUMNS_OF_POSTGRESQL, self._named(table)) if self._is_postgresql else (_COLUMNS_OF_SQLITE, table)
        )
        with _driver_errors(self._name, "unwritten"), closing(self._con.cursor()) as cursor:
            cursor.execute(sql, [place])
            return dict(cursor.fetchall())

    def _compare(self) -> None:
        """Raise InputError, which names the columns, where the former table has others, or others of their types.

        The types of a list without a row say nothing: a file of text that is empty has no other than text.
        """
        if not self._former:
            return
        kinds, former = self._columns(self._unfinished), self._former
        differ = [name for name in kinds if kinds[name] != former.get(name, kinds[name])]
        retyped = [name for name in differ if self._is_filled and self._is_postgresql and former[name] not in _TEXT]
        found = {
            "gone": [name for name in former if name not in kinds],
            "further": [name for name in kinds if name not in former],
            "retyped": retyped,
        }
        for key, names in found.items():
            if names:
                types = "; ".join(f"{former[name]}, {kinds[name]}" for name in retyped)
                raise self._error(key, names, types=types)

    def _replacement(self) -> Iterator[str]:
        new, former = self._named(self._unfinished), self._named(self._table)
        if not self._former:
            yield f"alter table {new} rename to {_identifier(self._table)}"
            return
        if not self._append:
            yield f"truncate {former}" if self._is_postgresql else f"delete from {former}"
        columns = [*(self._types or ())]
        if self._is_filled:
            names = ", ".join(map(_identifier, columns))
            cells = ", ".join(map(self._cell, columns))
            yield f"insert into {former} ({names}) select {cells} from {new}"
        yield f"drop table {new}"

    def _cell(self, name: str) -> str:
        """A column of the new rows; as text where the former table has text, into which everything fits."""
        is_text = self._former.get(name) in _TEXT
        return f"cast({_identifier(name)} as text)" if is_text else _identifier(name)

    def _refuse_schema(self) -> None:
        """Raise InputError where the schema of the table is not there; the driver does not say so."""
        if self._schema is None or not self._is_postgresql:
            return
        with _driver_errors(self._name, "unwritten"), closing(self._con.cursor()) as cursor:
            cursor.execute("select count(*) from pg_namespace where nspname = $1", [self._schema])
            if not cursor.fetchone()[0]:
                raise self._error("no_schema", [self._schema])

    def _error(self, key: str, names: list[str], **more: str) -> InputError:
        sentence = localized("errors", "table", key, table=self._table, names=quoted(names), **more)
        return InputError(changed(sentence, lambda text: f"{self._name}: {text}"))


def _fitted(cells: pl.Series, kind: pl.DataType) -> pl.Series:
    """Cells with the type of the table's column; the bits of another type would be misread. Raises InputError."""
    if cells.dtype == kind:
        return cells
    if kind == pl.String:
        return as_text(cells)
    if cells.null_count() < cells.len():
        raise InputError(localized("errors", "other_type", name=quoted([cells.name])))
    return repeated(None, kind, cells.len()).alias(cells.name)


@contextmanager
def table(url: str, *, append: bool = False) -> Iterator[Writer]:
    """The writer of the table that is named after `#` in the URL of its database; it exists when the block ends.

    append: whether the rows that it has already stay; by default all are replaced.
    Raises InputError if it cannot be reached or written, or if there is such a table that no check has written.
    """
    whole, _, target = url.partition("#")
    match = _NAME.fullmatch(unquote(target))
    name = f"{urlsplit(whole).hostname or ''}{urlsplit(whole).path}"
    if not match or urlsplit(whole).scheme == "duckdb":
        raise OptionError(localized("errors", "which_table"))
    with _driver_errors(name, "unwritten"):
        con = _connected(whole)
    with closing(con):
        writer = _TableWriter(con, name, match["schema"], match["table"], append)
        yield writer
        writer.commit()


def _identifier(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def _connected(url: str, *, read_only: bool = False) -> Any:
    with extra("databases"):
        if urlsplit(url).scheme != "sqlite":
            from adbc_driver_postgresql import dbapi as postgresql

            return postgresql.connect(url)
        from adbc_driver_sqlite import dbapi as sqlite
    path = _path(url)
    return sqlite.connect(f"file:{path}?mode=ro" if read_only else f"file:{path}")


def _path(url: str) -> Path:
    return Path(unquote(urlsplit(url).path.removeprefix("/")))


def _write(rows: pa.RecordBatchReader, file: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([pa.field(field.name, _plain(field.type)) for field in rows.schema])
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for batch in rows:
            columns = [getattr(column, "storage", column) for column in batch.columns]
            writer.write_batch(pa.record_batch(columns, schema=schema))


def _is_as_stored(field: pa.Field, texts: set[str]) -> bool:
    """Whether the driver gives cells of PostgreSQL as the server stores them: bytes, cents or parts, and no text.

    texts: types whose bytes are their text.
    """
    from pyarrow import types

    name = (field.metadata or {}).get(_OF_POSTGRESQL, b"").decode().removeprefix("_")
    kind = field.type.value_type if types.is_list(field.type) else field.type
    is_bytes = types.is_binary(_plain(kind)) or types.is_fixed_size_binary(_plain(kind))
    parts = types.is_interval(kind) or types.is_struct(kind)
    return bool(name) and (name == "money" or parts or (is_bytes and name not in ("bytea", *texts)))


def _plain(kind: pa.DataType) -> pa.DataType:
    """The stored type of one that only the driver knows, such as text for `numeric`."""
    return getattr(kind, "storage_type", kind)


@contextmanager
def _driver_errors(name: str, what: str) -> Iterator[None]:
    """Turn errors of a driver into one sentence, without the server's text, which may quote rows and passwords."""
    with extra("databases"):
        from adbc_driver_manager import Error
        from pyarrow import ArrowException

    try:
        yield
    except (Error, ArrowException, OSError) as error:
        if is_full(error) and not isinstance(error, Error):
            raise  # of this machine, not of the server
        state = _state(error)
        short = state[:2] == "53" or is_full(error)
        reason = "short" if short else _WHY.get(state[:2], "refused")
        why = localized("errors", "sql", reason) if state or short else _without_state(str(error))
        code = f" (SQLSTATE {state})" if state else ""
        kind = ShortageError if short else InputError
        raise kind(changed(localized("errors", what, why=why), lambda text: f"{name}: {text}{code}")) from None


def _without_state(text: str) -> str:
    """The reason of an error without a code: of a failed connection, whose text names only user and database."""
    refused = _REFUSED.search(text)
    if "connect" in text:
        return refused[1] if refused else localized("errors", "sql", "unreached")
    return localized("errors", "sql", next((why for part, why in _WHY_OF_SQLITE.items() if part in text), "broken"))


def _state(error: Exception) -> str:
    state = str(getattr(error, "sqlstate", None) or "")
    if state.strip("\0"):
        return state
    match = _SQLSTATE.search(str(error))
    return match[1] if match else ""
