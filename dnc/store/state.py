"""The state of a ledger: what all of its tables but the log hold, as one SHA-256 that is part of the log.

The last row of the log of each change has `state` in its detail: `rows`, the number of rows by table, and `sha256`. So
the hash of that row commits to every row of the ledger, and, because files are named by their checksums, to every file.

The SHA-256 is that of a text with a line `TABLE BLOCK ROWS SHA256` for each block of each table that has rows, in the
order of tables and blocks. A block of objections has those whose `seq` is 4096 × BLOCK + 1 to 4096 × (BLOCK + 1); other
tables are one block, 0. The SHA-256 of a block is that of its rows, one a line, sorted as bytes: each row as JSON,
without columns that are null, and in `rules` and `terms` only the SHA-256 of the text. Lines end with a line feed, but
the last.

The table `digests` has these lines as of the last change. A change, and whatever decides calls, first counts the
objections and reads their last block and the other tables; a verification, and a change that erases, reads everything.
At its end a change reads again what it wrote to.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple

import duckdb
import msgspec

from dnc.messages import Words, figure, localized
from dnc.store import ledger_sql

_NAMED = 3  # things in a message


class TableBlock(NamedTuple):
    """A block of a table: how many rows it has, and their SHA-256."""

    name: str
    block: int
    rows: int
    sha256: str


class State(msgspec.Struct, frozen=True):
    """What the tables of a ledger hold."""

    parts: frozenset[TableBlock]

    @property
    def sha256(self) -> str:
        """Of all parts."""
        text = "\n".join(" ".join(map(str, part)) for part in sorted(self.parts))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def rows(self) -> dict[str, int]:
        """How many rows each table has; tables without rows are left out."""
        rows: Counter[str] = Counter()
        for part in sorted(self.parts):
            rows[part.name] += part.rows
        return dict(rows)

    @property
    def as_logged(self) -> dict[str, Any]:
        """As the log has it."""
        return {"rows": self.rows, "sha256": self.sha256}


def kept(con: duckdb.DuckDBPyConnection) -> State:
    """The state as of the last change, as the ledger keeps it."""
    return State(frozenset(TableBlock(**row) for row in ledger_sql.digests(con)))


def read(
    con: duckdb.DuckDBPyConnection,
    known: State | None = None,
    changed: Iterable[int] = (),
    tables: Collection[str] | None = None,
) -> State:
    """The state, read from the tables; from some `tables` only, where the others are as they are `known`.

    Of the blocks of objections that are `known`, only the last and those with objections that were `changed` (by their
    `seq`) are read again. All are if these are many, or there is another number of objections than that comes to.
    """
    same = {part for part in known.parts if tables is not None and part.name not in tables} if known else set()
    parts = known.parts - same if known else ()
    blocks = {part.block: part for part in parts if part.name == "objections"}
    count, top = ledger_sql.objections_extent(con)
    last, stale = max(blocks, default=0), {(seq - 1) // ledger_sql.BLOCK_ROWS for seq in changed}
    if last and len(stale) <= ledger_sql.READ_BLOCKS:
        rows = [
            *ledger_sql.read_digests(con, top, last, tables),
            *ledger_sql.read_blocks(con, [block for block in stale if block < last]),
        ]
        full = {part for block, part in blocks.items() if block < last and block not in stale}
        found = State(frozenset(same.union(full, (TableBlock(**row) for row in rows))))
        if found.rows["objections"] == count:
            return found
    whole = State(frozenset(same.union(TableBlock(**row) for row in ledger_sql.read_digests(con, top, tables=tables))))
    hidden = count - whole.rows.get("objections", 0)  # from the conditions of blocks
    return State(whole.parts | {TableBlock("objections", -2, hidden, "")}) if hidden else whole


def keep(con: duckdb.DuckDBPyConnection, before: State, now: State) -> None:
    """Keep a state in the ledger, which has the one `before`."""
    ledger_sql.replace_digests(con, before.parts - now.parts, now.parts - before.parts)


def deception(con: duckdb.DuckDBPyConnection, *, whole: bool = False) -> Words | None:
    """A fault if a ledger has something that may deceive a verification or a decision; read nothing else of it then.

    whole: whether functions that nothing calls are found too.
    """
    if names := ledger_sql.strange(con, functions=whole):
        return localized("fault", "strange", names=", ".join(names[:_NAMED]))
    nulls = ledger_sql.log_rows_with_nulls(con)
    return localized("fault", "nulls", n=nulls) if nulls else None


def faults(con: duckdb.DuckDBPyConnection, contents: State) -> Iterator[str]:
    """What differs between the ledger, whose state is `held`, and its log, a line each.

    Nothing if the log does not say it yet, because no change was made since an older program wrote the store.
    """
    last = ledger_sql.last_state(con)
    if last is None:
        if contents.parts:
            yield localized("fault", "no_log", names=", ".join(contents.rows))
        return
    row, logged = last
    rows, sha256 = logged.rows, logged.sha256
    if sha256 is None:
        if ledger_sql.states_in_log(con):
            yield localized("fault", "silent", row=row)
        return
    if contents.sha256 == sha256:
        return
    other = {name for name, *_ in kept(con).parts ^ contents.parts} if kept(con).sha256 == sha256 else set()
    for name in sorted(contents.rows.keys() | rows.keys()):
        now, then = contents.rows.get(name, 0), rows.get(name, 0)
        if now != then:
            yield localized("fault", "other_count", name=name, now=figure(now), then=figure(then), row=row)
        elif name in other:
            yield localized("fault", "other_rows", name=name, now=figure(now), row=row)
    if contents.rows == rows and not other:
        yield localized("fault", "something_else", row=row)
