"""A program that edits a store behind its back, and covers it up: each edit is an attack that has to be found.

It writes into the ledger with DuckDB, or puts older files back, and then rewrites the manifest, so that ledger and
manifest match again. `tests/store/test_state.py` makes every edit and looks whether it is found.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import struct
from collections.abc import Callable
from functools import reduce
from pathlib import Path

import duckdb
from msgspec.structs import replace

from dnc.store import audit_log, ledger_sql, state
from dnc.store.ledger import Ledger
from dnc.store.manifest import FOLDERS, NAME, Manifest

LEDGER = "ledger.duckdb"

# What is done → the statement, and what is said of it. `{row}` is the last row of the log.
EDITS = {
    "an objection deleted": (
        "delete from objections where seq = 1",
        "objections: 1 in the ledger, 2 when row {row} was written",
    ),
    "an objection deleted, another made twice": (
        "update objections set number = (select max(number) from objections)",
        "objections: 2 in the ledger, as when row {row} was written, but not the same",
    ),
    "a lift inserted": (
        "insert into objections select seq + 2, number, on_day, true, 'as asked', recorded_at from objections limit 1",
        "objections: 3 in the ledger, 2 when row {row} was written",
    ),
    "an objection dated later": (
        "update objections set on_day = date '2030-01-01' where seq = 1",
        "objections: 2 in the ledger, as when row {row} was written, but not the same",
    ),
    "a snapshot pointed at the file of another": (
        "update snapshots set file = other.file, numbers = other.numbers from snapshots other where other.id = 2",
        "snapshots: 2 in the ledger, as when row {row} was written, but not the same",
    ),
    "a snapshot made complete": (
        "update snapshots set covers = ['33'] where id = 1",
        "snapshots: 2 in the ledger, as when row {row} was written, but not the same",
    ),
    "a snapshot made newer": (
        "update snapshots set as_of = date '2026-11-01' where id = 1",
        "snapshots: 2 in the ledger, as when row {row} was written, but not the same",
    ),
    "an answer made that of any campaign": (
        "update snapshots set campaign = null where id = 1",
        "snapshots: 2 in the ledger, as when row {row} was written, but not the same",
    ),
    "an objection changed, and a function put in the way of its verification": (
        "update objections set number = number + 1 where seq = 1; create macro sha256(x) as system.main.sha256('x')",
        "ledger.duckdb does not have the form that this program gives it (sha256)",
    ),
    "an objection changed, and a function put in the way of the search for functions": (
        "update objections set number = number + 1 where seq = 1; create macro duckdb_functions() as table "
        "select '' as function_name, '' as database_name, true as internal",
        "ledger.duckdb does not have the form that this program gives it (duckdb_functions)",
    ),
    "an objection changed, and the database called otherwise": (
        "update objections set number = number + 1 where seq = 1; create macro current_database() as 'x'",
        "ledger.duckdb does not have the form that this program gives it (current_database)",
    ),
    "objections in another type, far apart": (
        "alter table objections alter seq type bigint; update objections set seq = 4611686018427387904 where seq = 2",
        "ledger.duckdb does not have the form that this program gives it (objections)",
    ),
    "kept decisions removed": ("delete from decisions", "decisions: 0 in the ledger, 1 when row {row} was written"),
    "the reason of a load changed": (
        "update accepted set reason = 'checked by hand'",
        "accepted: 1 in the ledger, as when row {row} was written, but not the same",
    ),
    "a text of rules changed": (
        "update rules set text = replace(text, 'date', 'Date')",
        "rules: texts that are not those of their SHA-256: ",
    ),
    "a text of rules replaced": (
        "update rules set (sha256, text) = (sha256('x'), 'x') where sha256 = (select min(sha256) from rules)",
        " in the ledger, as when row {row} was written, but not the same",
    ),
    "settings of a check changed": (
        "update terms set text = '{{}}'",
        "terms: texts that are not those of their SHA-256",
    ),
    "a key added": (
        "insert into keys (name, sha256, added_at) values ('x', sha256('x'), timestamp '2026-01-01')",
        "keys: 1 in the ledger, 0 when row {row} was written",
    ),
    "nothing kept for long": (
        "insert into retention values ('decisions', 1)",
        "retention: 1 in the ledger, 0 when row {row} was written",
    ),
    "a table removed": (
        "drop table accepted",
        "ledger.duckdb does not have the form that this program gives it (accepted)",
    ),
    "a column removed, without which no check runs": (
        "alter table snapshots drop column layout",
        "ledger.duckdb does not have the form that this program gives it (snapshots)",
    ),
    "a day that is computed: one for the verification, another for the decision": (
        "create table forged (seq integer, number ubigint, day date, lifted boolean, reason varchar, "
        "recorded_at timestamp, on_day date generated always as (case when current_query() like "
        "'%json_merge%' then day else date '2030-01-01' end)); insert into forged select seq, number, "
        "on_day, lifted, reason, recorded_at from objections; drop table objections; "
        "alter table forged rename to objections",
        "ledger.duckdb does not have the form that this program gives it (objections)",
    ),
    "an operator put in the place of that which compares": (
        "create macro \"||\"(a, b) as 'x'; create view v as select 1",
        "ledger.duckdb does not have the form that this program gives it (v, ||)",
    ),
    "an index that may lack rows": (
        "create index numbers on objections (number)",
        "ledger.duckdb does not have the form that this program gives it (numbers)",
    ),
    "the log emptied": ("delete from log", "the log is empty, although the ledger holds something (accepted, "),
    "nulls in the log": (
        "insert into log values (null, null, null, null, null, null, null)",
        "log: rows that lack something: 1",
    ),
}


def cover_up(folder: Path) -> None:
    """Rewrite the manifest so that it matches the ledger."""
    digest = hashlib.sha256((folder / LEDGER).read_bytes()).hexdigest()
    with Ledger(folder, 0).instance.attached(folder / LEDGER, "read_only") as con:
        heads = [audit_log.Entry(row["seq"], row["hash"]) for row in ledger_sql.log_as_written(con) if row["hash"]]
        last = heads[-1] if heads else audit_log.NO_ENTRY
        replace(Manifest.of(con, digest, last), tables=state.read(con).rows).write(folder)


def edit(folder: Path, statement: str) -> None:
    """Run a statement in the ledger, and cover it up."""
    with duckdb.connect(folder / LEDGER) as con:
        con.execute(statement)
    cover_up(folder)


def edit_digests_too(folder: Path, statement: str) -> None:
    """As `edit`, and calculate anew what the ledger keeps about its tables."""
    with duckdb.connect(folder / LEDGER) as con:
        con.execute(statement)
        con.execute("delete from digests")
        con.execute("insert into digests values ('objections', 0, 1, sha256(''))")
    cover_up(folder)


def deny_objections(folder: Path, number: int) -> None:
    """Let the statistics in the ledger's file say that all numbers of objections are null; one is their smallest.

    DuckDB believes them and reads no row where a condition asks for more.
    """
    data = bytearray((folder / LEDGER).read_bytes())
    smallest = bytes((number >> 7 * at & 127) | 128 * (at < 4) for at in range(5))
    for found in re.finditer(re.escape(smallest), bytes(data)):
        has_no_null = data.rindex(b"\x64\0\0\x65\0\1\x66\0", 0, found.start())
        data[has_no_null + 2], data[has_no_null + 5] = 1, 0
    _put_back_bytes(folder, data)


def shorten(folder: Path, text: str) -> None:
    """Let the statistics in the ledger's file say that a column with only this text, of eight letters or more, is empty.

    DuckDB believes them when it sorts rows, and keeps only the first letter.
    """
    longest = re.compile(rb"\xcc\0.(?=\xcd\0\x18" + text.encode()[:8] + b")", re.DOTALL)
    _put_back_bytes(folder, bytearray(longest.sub(b"\xcc\0\0", (folder / LEDGER).read_bytes())))


def _put_back_bytes(folder: Path, data: bytearray) -> None:
    """Write the ledger's file with checksums of its blocks that fit, and cover it up."""
    start, size = 3 * 4096, 1 << 14
    for at in range(start, len(data), size):
        words = struct.iter_unpack("<Q", data[at + 8 : at + size])
        checksum = reduce(lambda sum_, word: sum_ ^ word[0] * 0xBF58476D1CE4E5B9 % (1 << 64), words, 5381)
        data[at : at + 8] = struct.pack("<Q", checksum)
    (folder / LEDGER).write_bytes(data)
    cover_up(folder)


def rewrite(folder: Path, changed: Callable[[dict[str, object]], None]) -> None:
    """Change the details of the rows of the log, give all of them new hashes, and cover it up."""
    with duckdb.connect(folder / LEDGER) as con:
        for row in con.execute("select seq, detail::varchar from log order by seq").fetchall():
            detail = json.loads(row[1])
            changed(detail)
            con.execute("update log set detail = ? where seq = ?", [json.dumps(detail, sort_keys=True), row[0]])
        con.execute("checkpoint")
    with Ledger(folder, 0).instance.attached(folder / LEDGER, "recovery_mode no_wal_writes") as con:
        previous = ""
        for row, _, _ in audit_log._as_written(con):
            own = audit_log.digest(previous, row)
            con.execute("update log set previous = ?, hash = ? where seq = ?", [previous, own, row.seq])
            previous = own
    cover_up(folder)


def put_back(folder: Path, older: Path, *, files: bool) -> None:
    """Put ledger and manifest of an older copy in place; with `files`, remove the files that it does not have."""
    for name in (LEDGER, NAME):
        shutil.copyfile(older / name, folder / name)
    kept = {path.relative_to(older) for path in older.rglob("*.parquet")}
    for path in (path for name in FOLDERS for path in (folder / name).iterdir()):
        if files and path.relative_to(folder) not in kept:
            path.unlink()
