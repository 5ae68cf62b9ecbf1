"""All SQL of the ledger. Its tables are read and written here and nowhere else, every column by its name.

Functions get an open connection, which finds DuckDB's functions before any in the ledger (`Instance.attached`). Those
that read return rows as dictionaries, or frames; those that write run inside the transaction of a change
(`dnc.store.ledger`).
"""

from __future__ import annotations

import hmac
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from pathlib import Path
from secrets import token_hex
from typing import Any, Literal

import duckdb
import msgspec
import polars as pl

from dnc.cache import kept
from dnc.database import BUILT_IN_FIRST, run, statement
from dnc.store.record_kinds import KINDS, Kind

Row = dict[str, Any]
Connection = duckdb.DuckDBPyConnection
OBJECTIONS = {"number": pl.UInt64, "on_day": pl.Date, "lifted": pl.Boolean, "seq": pl.Int32, "recorded_at": pl.Datetime}
# The files with the statements that make a ledger.
_STATEMENTS = (
    *("schema", "bitpages", "accepted", "layout", "keys", "digests"),
    *("identity", "hash_keys", "campaigns", "records", "holds", "office"),
)
BLOCK_ROWS = 4096  # objections that are hashed together
READ_BLOCKS = 64  # of them are read at once
_NEWEST_ROWS = 64  # of the log are looked at first
# A row of a table, without nulls. JSON is read without nulls too, as it is hashed.
_NO_NULLS = "json_merge_patch('{{}}', {})::varchar".format
_AS_JSON = _NO_NULLS("to_json(t)")
_UNDIGESTED = {"about", "digests", "log"}  # tables that are not part of the state; every other is
_AS_TEXT = {"rules": "sha256", "terms": "sha256"}  # tables of long texts: of a row, this column is hashed
_DIGESTS = "select name, block, count(*) as rows, sha256(string_agg(text, chr(10) order by text)) as sha256"
# Everything in a ledger but functions: its name, its schema, and for a table its definition, which shows generated
# columns too.
_CATALOGUE = " union all ".join(
    f"select {kind}_name, schema_name, {text} from duckdb_{kinds}() where database_name = 'ledger' {own}"
    for kind, kinds, text, own in (
        ("table", "tables", "sql", ""),
        ("view", "views", "'view'", "and not internal"),
        ("type", "types", "'type'", "and not internal"),
        ("schema", "schemas", "'schema'", "and not internal"),
        ("index", "indexes", "'index'", ""),
        ("sequence", "sequences", "'sequence'", ""),
        ("trigger", "triggers", "'trigger'", ""),
    )
)
_FUNCTIONS = (
    "select distinct function_name as name from duckdb_functions() "
    "where database_name = 'ledger' and not internal order by all"
)
_LOG_COLUMNS = ("seq", "done_at", "verb", "done_by", "detail", "previous", "hash")
_LOG = ", ".join(_LOG_COLUMNS).replace("detail", "detail::varchar as detail")
_QUERY, _WRITE = re.compile(r"select |from |copy \("), re.compile(r"(?:insert into|update|delete from) (\w+) ")
Catalogue = set[tuple[str, str, str]]
_ADD_OBJECTIONS = """insert into objections (seq, number, on_day, lifted, reason, recorded_at)
    select (select coalesce(max(seq), 0) from objections) + generate_subscripts($numbers, 1),
           unnest($numbers::ubigint[]), unnest($days::date[]), $lifted, $reason, $at
"""


class Watched:
    """A connection that notes to which tables it writes.

    Attributes:
        written: their names; None once a statement was something else than a query or a change of one table.
    """

    def __init__(self, con: Connection) -> None:
        self._con = con
        self.written: set[str] | None = set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._con, name)

    def execute(self, sql: str, params: object = None) -> Connection:
        """As a connection does."""
        return self._con.execute(self._noted(sql), params)

    def sql(self, sql: str, params: object = None) -> Any:
        """As a connection does."""
        return self._con.sql(self._noted(sql), params=params)

    def _noted(self, sql: str) -> str:
        if self.written is not None and not _QUERY.match(sql):
            changes = _WRITE.match(sql)
            self.written = self.written | {changes[1]} if changes else None
        return sql


def _rows(con: Connection, sql: str, params: object = None) -> list[Row]:
    cursor = con.execute(sql, params)
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _column(con: Connection, sql: str, params: object = None) -> list[Any]:
    """The values of the first column of a result."""
    return [row[0] for row in con.execute(sql, params).fetchall()]


def insert(con: Connection, table: str, row: Mapping[str, Any]) -> None:
    """Add a row to a table."""
    columns, values = ", ".join(f'"{name}"' for name in row), ", ".join(f"${name}" for name in row)
    con.execute(f"insert into {table} ({columns}) values ({values})", dict(row))


def remove(con: Connection, table: str, column: str, value: object) -> bool:
    """Remove the rows of a table that have a value in a column; returns whether there were any."""
    return bool(_column(con, f"delete from {table} where {column} = ? returning {column}", [value]))


# The ledger itself


def create(con: Connection, version: int) -> None:
    """Make the tables of a new ledger."""
    _create(con, *_STATEMENTS)
    insert(con, "about", {"version": version, "previous": ""})


def identify(con: Connection) -> None:
    """Give a store its id and the key of names, if it has none."""
    if not store_id(con):
        insert(con, "identity", {"id": token_hex(32)})
    if not _rows(con, "select seq from hash_keys where seq = 0"):
        _make_file_key(con)


def _create(con: Connection, *names: str) -> None:
    """Add what some files define to a ledger: where new things go is where DuckDB looks first."""
    con.execute(";\n".join(["use ledger", *map(_form, names), BUILT_IN_FIRST]))


def _form(name: str) -> str:
    """The statement that adds something to a ledger; with the files of own records come the tables of their kinds."""
    own = [kind.schema for kind in KINDS.values()] if name == "records" else []
    return ";\n".join([*own, statement(__package__, name)])


def _tables(con: Connection) -> list[str]:
    mine = "database_name = 'ledger' and schema_name = 'main'"
    return _column(con, f"select table_name from duckdb_tables() where {mine}")


def strange(con: Connection, *, functions: bool) -> list[str]:
    """What a ledger has otherwise than this program makes it: names of tables, views, types …

    They may deceive it: a generated column can show one thing to a verification and another to a decision.

    functions: whether those are looked for too, which takes 20 ms, as DuckDB lists its own; nothing calls them.
    """
    own = _rows(con, _FUNCTIONS) if functions else []
    return sorted({name for name, *_ in _catalogue(con) ^ _ours()}) + [row["name"] for row in own]


def added(con: Connection) -> list[str]:
    """The tables that a ledger has besides those of this program, or with more columns at their end.

    None if it lacks something that this program makes, or has something else than tables besides.
    """
    there, ours = _catalogue(con), _ours()
    more = {name: text for name, _, text in there - ours}
    grown = (more.get(name, "").startswith(f"{text.removesuffix(');')}, ") for name, _, text in ours - there)
    return sorted(more) if all(text.startswith("CREATE TABLE") for text in more.values()) and all(grown) else []


def _catalogue(con: Connection) -> Catalogue:
    return set(con.execute(_CATALOGUE).fetchall())


@cache
def _ours() -> Catalogue:
    """What is in a new ledger; kept, since to make one takes 25 ms."""
    texts = [_form(name) for name in _STATEMENTS]
    return kept("ledger", (texts, _CATALOGUE, duckdb.__version__), Catalogue, lambda: _made(texts))


def _made(texts: Sequence[str]) -> Catalogue:
    with duckdb.connect(":memory:") as con:
        con.execute("attach ':memory:' as ledger")
        con.execute("use ledger")
        for text in texts:
            con.execute(text)
        return _catalogue(con)


def version(con: Connection) -> int | None:
    """The version of the store's format; None if the file is not a ledger."""
    try:
        return next(iter(_column(con, "select version from about")), None)
    except duckdb.CatalogException:
        return None


def previous(con: Connection) -> str:
    """SHA-256 of the ledger's file before its last change; empty before its first."""
    return str(_column(con, "select previous from about")[0])


def set_previous(con: Connection, digest: str) -> None:
    """Note the SHA-256 of the ledger that is changed."""
    con.execute("update about set previous = ?", [digest])


def store_id(con: Connection) -> str:
    """What a store is called for ever: 64 hexadecimal digits; empty if nothing was written to it."""
    return str(next(iter(_column(con, "select id from identity")), ""))


def remove_unused(con: Connection) -> None:
    """Remove rows about snapshots that there are no more."""
    con.execute("delete from bitpages where of not in (select file from snapshots)")
    con.execute("delete from accepted where snapshot not in (select id from snapshots)")


def read_digests(con: Connection, last: int, first_block: int = 0, tables: Collection[str] | None = None) -> list[Row]:
    """What every table holds but the log, in blocks: name, block, rows, sha256; those without rows are left out.

    last: the highest `seq` of objections. first_block: of objections; earlier ones are left out.
    tables: only these. A table that is not there has no rows.
    """
    sources = {name: _texts_of(name) for name in _filled(con, tables) if name not in _UNDIGESTED}
    found, low = [], first_block * BLOCK_ROWS
    while sources:  # some objections at a time, to save memory
        high = low + READ_BLOCKS * BLOCK_ROWS
        late = f"where {f'seq > {low} and' if low else 'seq is null or'} seq <= {high}"
        rows = " union all ".join(f"{sql} {late if name == 'objections' else ''}" for name, sql in sources.items())
        found += _rows(con, f"{_DIGESTS} from ({rows}) group by all")
        sources = {"objections": sources["objections"]} if high < last else {}
        if sources:
            [low] = _column(con, f"select min(seq) - 1 from objections where seq > {high}")
            low = low // BLOCK_ROWS * BLOCK_ROWS
    return found


def _filled(con: Connection, tables: Collection[str] | None) -> Collection[str]:
    """Some tables, or all that have rows: most have none, and to hash those takes as long again."""
    if tables is None:
        tables = _column(con, " union all ".join(f"(select '{name}' from {name} limit 1)" for name in _tables(con)))
    return tables


def read_blocks(con: Connection, blocks: Collection[int]) -> list[Row]:
    """What some blocks of objections hold, as in `read_digests`; at most `READ_BLOCKS`."""
    if not blocks:
        return []
    rows = f"{_texts_of('objections')} where list_contains(?::integer[], ((seq - 1) // {BLOCK_ROWS})::integer)"
    return _rows(con, f"{_DIGESTS} from ({rows}) group by all", [list(blocks)])


def _texts_of(table: str) -> str:
    """The query for the text of each row of a table, with the name of the table and the block of the row."""
    block = f"coalesce((seq - 1) // {BLOCK_ROWS}, -1)" if table == "objections" else 0
    return f"select '{table}' as name, {block} as block, {_AS_TEXT.get(table, _AS_JSON)} as text from {table} t"


def digests(con: Connection) -> list[Row]:
    """What `read_digests` gave at the end of the last change; none in older ledgers."""
    whole = "name is not null and block is not null and rows is not null and sha256 is not null"
    return _rows(con, f"select name, block, rows, sha256 from digests where {whole}")


def replace_digests(con: Connection, old: Collection[Sequence[Any]], new: Collection[Sequence[Any]]) -> None:
    """Put new rows of `digests` in the place of old ones; a row is name, block, rows, sha256."""
    there, here = ({(name, block) for name, block, *_ in rows} for rows in (old, new))
    for block in there - here:
        con.execute("delete from digests where name = ? and block = ?", block)
    for name, block, rows, sha256 in new:
        put = "update digests set rows = $3, sha256 = $4 where name = $1 and block = $2"
        if (name, block) not in there:
            put = "insert into digests (name, block, rows, sha256) values ($1, $2, $3, $4)"
        con.execute(put, [name, block, rows, sha256])


def rebuild(con: Connection, path: Path, options: str) -> None:
    """Write all tables into a new database file; what was deleted is not in it. `options` are those of `attach`."""
    try:
        con.execute(f"attach ? as rebuilt ({options})", [str(path)])
        con.execute("copy from database ledger to rebuilt")
        con.execute("checkpoint rebuilt")
    finally:
        con.execute("detach database if exists rebuilt")


# Snapshots


def snapshots(con: Connection) -> list[Row]:
    """The snapshots, oldest load first."""
    return _rows(con, "select * from snapshots order by id")


def remove_snapshots(con: Connection, ids: Collection[int]) -> None:
    """Remove snapshots by id."""
    con.execute("delete from snapshots where id in (select unnest(?::integer[]))", [list(ids)])


def remove_snapshots_before(con: Connection, before: date, registry: str | None) -> list[Row]:
    """Remove snapshots as of a day before `before`, of one registry or all but `own`; returns those removed."""
    theirs = "registry <> 'own' and coalesce(registry = $registry, true)"
    sql = f"delete from snapshots where as_of < $before and {theirs} returning *"
    return sorted(_rows(con, sql, {"before": before, "registry": registry}), key=lambda row: int(row["id"]))


def last_snapshot_id(con: Connection) -> int:
    """The highest id ever given, also to a snapshot that has been forgotten; 0 if there was none."""
    logged = "select (detail ->> 'snapshot')::integer as id from log where verb = 'load'"
    [given] = _column(con, f"select max(id) from (select id from snapshots union all {logged})")
    return given or 0


def snapshot_files(con: Connection) -> list[str]:
    """Files of the snapshots of all registries but `own`."""
    return _column(con, "select distinct file from snapshots where registry <> 'own' order by file")


def own_files(con: Connection) -> list[str]:
    """Files of the snapshots of the own list."""
    return _column(con, "select distinct file from snapshots where registry = 'own' order by file")


def accepted(con: Connection) -> list[Row]:
    """What loads took in on request: snapshot, what, rows, reason."""
    return _rows(con, "select * from accepted order by snapshot, what")


def bitpages(con: Connection) -> list[Row]:
    """Files of bit pages: the file of the snapshot (`of`), `file`, `rows`."""
    return _rows(con, "select of, file, rows from bitpages order by of")


def add_bitpages(con: Connection, of: str, file: str, rows: int) -> None:
    """Note the file of bit pages that belongs to the file of a snapshot."""
    con.execute("delete from bitpages where of = ?", [of])
    insert(con, "bitpages", {"of": of, "file": file, "rows": rows})


# Objections


# What decides calls is read whole, and filtered afterwards: DuckDB answers a condition from statistics in the file, and
# who edits the file can write there that it has no such row.


def objections(con: Connection, *also: str) -> pl.DataFrame:
    """All objections, with the columns of `OBJECTIONS`; `also` others."""
    rows = pl.DataFrame(con.sql(f"select {', '.join([*OBJECTIONS, *also])} from objections"))
    return rows.filter(pl.col("number").is_not_null())


def objections_extent(con: Connection) -> tuple[int, int]:
    """How many objections there are, and lifts of them, and the highest `seq` of one; 0 if there is none."""
    count, last = con.execute("select count(*), coalesce(max(seq), 0) from objections").fetchall()[0]
    return count, last


def objections_to(con: Connection, number: int, until: date) -> list[Row]:
    """Objections of one number up to a day: on, lifted, reason, recorded_at."""
    theirs = objections(con, "reason").filter(pl.col("number") == number, pl.col("on_day") <= until).sort("seq")
    return theirs.select(pl.col("on_day").alias("on"), "lifted", "reason", "recorded_at").to_dicts()


def add_objections(
    con: Connection,
    numbers: Sequence[int],
    on: date | Sequence[date],
    *,
    lifted: bool = False,
    reason: str | None = None,
    recorded_at: datetime,
) -> None:
    """Record an objection of each number, or that it is lifted. on: the day, or that of each."""
    days = [on] * len(numbers) if isinstance(on, date) else list(on)
    params = {"numbers": list(numbers), "days": days, "lifted": lifted, "reason": reason, "at": recorded_at}
    con.execute(_ADD_OBJECTIONS, params)


def remove_reasons(con: Connection, numbers: Sequence[int]) -> list[int]:
    """Remove the reasons given with the objections of some numbers; returns the `seq` of these objections."""
    theirs = "number in (select unnest(?::ubigint[])) and reason is not null"
    return _column(con, f"update objections set reason = null where {theirs} returning seq", [list(numbers)])


def remove_lifts(con: Connection, numbers: Sequence[int]) -> list[int]:
    """Remove the numbers of lifts of which there is no objection; the rows stay, since checks count them.

    Returns the `seq` of these lifts.
    """
    alone = "number in (select unnest(?::ubigint[])) and number not in (select number from objections where not lifted)"
    return _column(con, f"update objections set number = null where {alone} returning seq", [list(numbers)])


# Own records


def records(con: Connection) -> list[Row]:
    """The files of own records, oldest first."""
    return _rows(con, "select * from records order by id")


def add_records(con: Connection, row: Mapping[str, Any]) -> None:
    """Add a file of own records; its id is the next one."""
    [last] = _column(con, "select coalesce(max(id), 0) from records")
    insert(con, "records", {"id": last + 1, **row})


def remove_records(con: Connection, ids: Collection[int]) -> None:
    """Remove files of own records by id."""
    con.execute("delete from records where id in (select unnest(?::integer[]))", [list(ids)])


def recorded(con: Connection, kind: Kind) -> pl.DataFrame:
    """The rows of a kind that are in no file yet, with its columns."""
    try:
        return pl.DataFrame(con.sql(f"from {kind.name}"))
    except duckdb.CatalogException:  # an older ledger
        return pl.DataFrame(con.sql(kind.no_rows()))


def add_recorded(con: Connection, kind: Kind, rows: pl.DataFrame) -> None:
    """Add rows of a kind."""
    run(con, "records", f"insert into {kind.name} by name from new", new=rows)


def clear_recorded(con: Connection, kind: Kind) -> None:
    """Remove all rows of a kind from the ledger, because a file has them."""
    con.execute(f"delete from {kind.name} where true")


def set_oldest(con: Connection, kind: Kind, day: date) -> None:
    """Note that files of own records have nothing from before a day any more."""
    con.execute(
        "update records set oldest = $day where kind = $kind and oldest < $day", {"kind": kind.name, "day": day}
    )


def erase_recorded(con: Connection, kind: Kind, which: str, params: Mapping[str, Any], *, bare: bool) -> int:
    """Remove the rows of a kind for which `which` holds; returns how many. bare: whether opt-outs stay, emptied."""
    if not bare:
        return len(_column(con, f"delete from {kind.name} where {which} returning seq", dict(params)))
    opt_out, emptied = f"coalesce({kind.opt_out}, false)", ", ".join(f'"{name}" = null' for name in kind.emptied)
    kept = f"update {kind.name} set {emptied} where {which} and {opt_out} and {kind.erasable} returning seq"
    removed = f"delete from {kind.name} where {which} and not {opt_out} returning seq"
    return sum(len(_column(con, sql, dict(params))) for sql in (kept, removed))


def last_of(con: Connection, kind: Kind) -> int:
    """The highest `seq` of a kind ever given, also to rows that were erased: those are in the log."""
    filed = f"select last from records where kind = '{kind.name}' union all select max(seq) from {kind.name}"
    there = _rows(con, f"select coalesce(max(last), 0) as last from ({filed})")
    return max([*(int(row["last"]) for row in there), _last_in_log(con, kind)])


def _last_in_log(con: Connection, kind: Kind) -> int:
    """The highest `seq` of a kind in the log, which the newest row about it has."""
    logged = "detail ->> 'records' = $kind and detail ->> 'last' is not null"
    newest = f"select (detail ->> 'last')::bigint from log where seq > $low and seq <= $high and {logged}"
    [high] = _column(con, "select coalesce(max(seq), 0) from log")
    rows = _NEWEST_ROWS
    while high > 0:
        low = high - rows
        found = _column(con, f"{newest} order by seq desc limit 1", {"kind": kind.name, "low": low, "high": high})
        if found:
            return int(found[0])
        high, rows = low, rows * _NEWEST_ROWS
    return 0


def wordings(con: Connection) -> list[Row]:
    """The wordings of consents, in the order in which they were added: name, sha256, text, facts (JSON), added_at."""
    return _rows(con, f"select * replace ({_NO_NULLS('facts')} as facts) from wordings order by rowid")


# Keys


def keys(con: Connection) -> list[Row]:
    """The keys: name, sha256, added_at, rights (null for those of older programs)."""
    try:
        return _rows(con, "select name, sha256, added_at, rights from keys order by added_at, name")
    except duckdb.BinderException:  # no key was added since this column is there
        return [
            row | {"rights": None}
            for row in _rows(con, "select name, sha256, added_at from keys order by added_at, name")
        ]


# Campaigns


def campaigns(con: Connection) -> list[Row]:
    """The campaigns, in the order in which they were added: name, sha256, text, added_at."""
    return _rows(con, "select name, sha256, text, added_at from campaigns order by added_at, rowid")


# Texts and decisions of checks


def add_texts(con: Connection, table: Literal["rules", "terms"], texts: Mapping[str, str]) -> None:
    """Keep texts under their SHA-256, each once."""
    known = set(text_hashes(con, table))
    if new := [column for row in texts.items() if row[0] not in known for column in row]:
        values = ", ".join(["(?, ?)"] * (len(new) // 2))
        con.execute(f"insert into {table} (sha256, text) values {values}", new)


def text_hashes(con: Connection, table: Literal["rules", "terms"]) -> list[str]:
    """The SHA-256 of every text."""
    return _column(con, f"select sha256 from {table} order by sha256")


def texts(con: Connection, table: Literal["rules", "terms"], hashes: Sequence[str]) -> list[str]:
    """Texts by their SHA-256."""
    return _column(con, f"select text from {table} where list_contains(?::varchar[], sha256)", [list(hashes)])


def decisions(con: Connection) -> list[Row]:
    """Kept decisions: the check (its row in the log), `file`, `rows`."""
    return _rows(con, 'select seq as "check", file, rows from decisions order by seq')


def remove_decisions_before(con: Connection, before: date) -> list[int]:
    """Remove decisions kept before a day; returns the checks they belong to."""
    return sorted(_column(con, "delete from decisions where kept_at < ? returning seq", [before]))


def replace_file(
    con: Connection, folder: Literal["snapshots", "decisions", "records"], old: str, new: str, rows: int
) -> None:
    """Put another file into a folder in place of one."""
    count = {"snapshots": "numbers", "decisions": "rows", "records": "rows"}[folder]
    con.execute(f"update {folder} set file = ?, {count} = ? where file = ?", [new, rows, old])


def hash_keys(con: Connection) -> dict[int, str]:
    """The keys of the hashes in rows of the log, by row."""
    return {row["seq"]: row["key"] for row in _rows(con, "select seq, key from hash_keys")}


def _make_file_key(con: Connection) -> None:
    insert(con, "hash_keys", {"seq": 0, "key": token_hex(32)})


def keyed(con: Connection, data: bytes) -> str:
    """What stands for some bytes until the next `forget` deletes the key: their HMAC-SHA-256, in hexadecimal digits."""
    [key] = _column(con, "select key from hash_keys where seq = 0")
    return hmac.digest(bytes.fromhex(key), data, "sha256").hex()


def remove_hash_keys(con: Connection, before: date = date.max) -> None:
    """Remove the keys of hashes in rows of the log written before a day; that of names and requests is replaced."""
    con.execute("delete from hash_keys where seq = 0 or seq in (select seq from log where done_at < ?)", [before])
    _make_file_key(con)


def texts_misnamed(con: Connection, table: Literal["rules", "terms"]) -> int:
    """How many texts do not have the SHA-256 under which they are kept."""
    counted = _rows(con, f"select count(*) as n from {table} where sha256(text) is distinct from sha256")
    return sum(row["n"] for row in counted)


# Retention


def holds(con: Connection) -> list[Row]:
    """What must not be erased, oldest first: seq, number, campaign, reason."""
    return _rows(con, "select seq, number, campaign, reason from holds order by seq")


def office(con: Connection) -> dict[str, str]:
    """The settings of the office: value by name."""
    return {row["name"]: row["value"] for row in _rows(con, "select name, value from office order by name")}


def set_office(con: Connection, settings: Mapping[str, str]) -> None:
    """Replace the settings of the office."""
    con.execute("delete from office")
    for name, value in settings.items():
        insert(con, "office", {"name": name, "value": value})


def set_retention(con: Connection, kind: str, months: int | None) -> None:
    """Set for how many months a kind of file is kept; None: no limit."""
    con.execute("delete from retention where kind = ?", [kind])
    if months is not None:
        insert(con, "retention", {"kind": kind, "months": months})


def retention(con: Connection, today: date) -> list[Row]:
    """What is kept for how long: kind, months, and `first`, the first day still kept."""
    sql = "select kind, months, ($today::date - to_months(months))::date as first from retention order by kind"
    return _rows(con, sql, {"today": today})


def kept_too_long(con: Connection, today: date) -> Counter[str]:
    """How many snapshots, files and own records that were recorded are older than their retention allows, by kind."""
    dated = [
        "select registry as kind, as_of as kept from snapshots",
        "select 'decisions' as kind, kept_at::date as kept from decisions",
        "select kind, coalesce(as_of, oldest) as kept from records where rows > 0",
        *(
            f"select '{kind.name}' as kind, {kind.day} as kept from {kind.name} where {kind.erasable}"
            for kind in KINDS.values()
        ),
    ]
    late = f"kept < date '{today}' - to_months(months)"
    found = Counter[str]()
    for rows in dated:
        counted = f"select kind, count(*) as n from ({rows}) join retention using (kind) where {late} group by kind"
        found.update({row["kind"]: row["n"] for row in _rows(con, counted)})
    return found


# The log


def log(con: Connection) -> pl.DataFrame:
    """The log, oldest first, for people to read."""
    return pl.DataFrame(con.sql(f"select {_LOG} from log order by seq"))


def log_as_written(con: Connection) -> list[Row]:
    """The rows of the log in the order they were written, so that reordered rows are noticed."""
    return _rows(con, f"select {_LOG} from log order by rowid")


def last_log_row(con: Connection) -> Row | None:
    """Number and hash of the last row of the log."""
    return next(iter(_rows(con, "select seq, hash from log order by rowid desc limit 1")), None)


class StateInLog(msgspec.Struct, frozen=True):
    """The state that a row of the log records: how many rows each table has, and a SHA-256; none in older rows."""

    rows: dict[str, int] = {}
    sha256: str | None = None


class _Detail(msgspec.Struct):
    state: StateInLog = StateInLog()


def last_state(con: Connection) -> tuple[int, StateInLog] | None:
    """Number and state of the last row of the log."""
    last = _rows(con, "select seq, detail::varchar as detail from log order by rowid desc limit 1")
    return (last[0]["seq"], _state(last[0]["detail"])) if last else None


def states_in_log(con: Connection) -> int:
    """How many rows of the log record a state."""
    return sum(_state(detail).sha256 is not None for detail in _column(con, "select detail::varchar from log"))


def _state(detail: str) -> StateInLog:
    """The state in a detail; not by a function of the database, in whose place the ledger may have another."""
    try:
        return msgspec.json.decode(detail, type=_Detail).state
    except msgspec.DecodeError:
        return StateInLog()


class RequestInLog(msgspec.Struct, frozen=True):
    """A request whose last row of the log this is, as in `dnc.store.requests`: two hashes, and its answer."""

    key: str
    said: str
    answer: str


def request(con: Connection, key: str) -> RequestInLog | None:
    """The request with the hash of a key, if the log has it."""
    found = _column(con, "select detail ->> 'request' from log where contains(detail::varchar, ?)", [key])
    return msgspec.json.decode(found[0], type=RequestInLog) if found else None


def log_rows_with_nulls(con: Connection) -> int:
    """How many rows of the log lack something; no program writes such rows."""
    nulls = " or ".join(f"{name} is null" for name in _LOG_COLUMNS)
    return int(_column(con, f"select count(*) from log where {nulls}")[0])


def files_in_log(con: Connection) -> dict[str, datetime]:
    """The name of every file that the log mentions, and when it last did (UTC)."""
    found = "unnest(regexp_extract_all(detail::varchar, '[0-9a-f]{64}[.]parquet')) as file"
    rows = _rows(con, f"select file, max(done_at) as at from (select done_at, {found} from log) group by file")
    return {row["file"]: row["at"] for row in rows}


def checks(con: Connection) -> list[Row]:
    """Every check: its row in the log (`check`), done_at, done_by."""
    return _rows(con, "select seq as \"check\", done_at, done_by from log where verb = 'check' order by seq")
