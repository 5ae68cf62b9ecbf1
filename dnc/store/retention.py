"""Forgetting: snapshots and kept decisions by age, and what is said of single numbers.

An opposition is never forgotten, whether it was told to the caller or to a
registry: without it the person would be called again. What else was said of a
number goes: registries' answers that it was not listed, and kept decisions. Where an
answer stood, the number stays without a word: if its row went too, a complete list of the
same registry would clear it by not holding it, and an older answer would count again.
Each purge leaves a row in the log, without a number in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import ClassVar

import duckdb

from dnc.clock import today
from dnc.database import engine, run
from dnc.errors import InputError
from dnc.store.ledger import Change
from dnc.store.loader_search import known
from dnc.store.snapshots import Snapshot, snapshot_of

DECISIONS = "decisions"
_NO_OPPOSITION = "(not listed or (listed is null and coalesce(since, until) is not null))"
_WITHOUT_A_WORD = (
    "select * replace ("
    + ", ".join(f"case when {{which}} then null else {name} end as {name}" for name in ("listed", "since", "until"))
    + ") from read_parquet($file)"
)
_WITHOUT_THE_ROW = "from read_parquet($file) where coalesce(not {which}, true)"


@dataclass(frozen=True)
class Forgotten:
    """How many words of snapshots about single numbers, and how many kept decisions, are no more."""

    listings: int
    decisions: int


def check_registry(registry: str | None) -> None:
    """Raise LoaderError where there is no such registry, InputError where it is the own list."""
    if registry:
        known(registry)
    if registry == "own":
        raise InputError("own is kept: forgetting an objection would let the person be called again")


def by_age(change: Change, before: date, registry: str | None) -> list[Snapshot]:
    """Take out snapshots as of a day before `before`, of one registry or of all."""
    sql = "delete from snapshots where as_of < $before and registry <> 'own' and coalesce(registry = $registry, true)"
    rows = change.con.execute(f"{sql} returning *", {"before": before, "registry": registry}).fetchall()
    gone = sorted(map(snapshot_of, rows), key=lambda one: one.id)
    detail = {"by": "age", "before": before, "registry": registry, "snapshots": [one.id for one in gone]}
    change.log("forget", detail)
    return gone


def decisions_by_age(change: Change, before: date) -> list[int]:
    """Take out decisions that were kept before a day."""
    rows = change.con.execute("delete from decisions where kept_at < ? returning seq", [before]).fetchall()
    checks = sorted(seq for (seq,) in rows)
    change.log("forget", {"by": "age", "before": before, "decisions_of": checks})
    return checks


def by_number(change: Change, numbers: Sequence[int], registry: str | None, work: Path) -> Forgotten:
    """Take what snapshots of one registry or of all say of numbers that are not listed, and all kept decisions.

    What a person said when they objected goes too; that they objected stays.
    """
    held = "select distinct file from snapshots where registry <> 'own' and coalesce(registry = ?, true) order by file"
    rewriting = _Rewriting(change, numbers, work)
    for (file,) in change.con.execute(held, [registry]).fetchall():
        rewriting.write("snapshots", file, _NO_OPPOSITION, _WITHOUT_A_WORD)
    if registry is None:
        for (file,) in change.con.execute("select file from decisions order by seq").fetchall():
            rewriting.write("decisions", file, "true", _WITHOUT_THE_ROW)
        held = "update objections set reason = null where number in (select unnest(?::ubigint[]))"
        change.con.execute(held, [numbers])
    taken = rewriting.taken
    detail = {"by": "number", "numbers": len(set(numbers)), "registry": registry}
    change.log("forget", detail | {f"{name}_rows": rows for name, rows in taken.items()} | {"files": rewriting.files})
    return Forgotten(taken["snapshots"], taken["decisions"])


class _Rewriting:
    """Files written anew without what some rows say of some numbers.

    taken: rows by folder. files: names that are no more.
    """

    _UPDATES: ClassVar = {
        "snapshots": "update snapshots set file = ?, numbers = ? where file = ?",
        "decisions": "update decisions set file = ?, rows = ? where file = ?",
    }

    def __init__(self, change: Change, numbers: Sequence[int], work: Path) -> None:
        self._change = change
        self._numbers = list(numbers)
        self._out = work / "kept.parquet"
        self.taken = {"snapshots": 0, "decisions": 0}
        self.files: list[str] = []

    def write(self, folder: str, file: str, those: str, kept: str) -> None:
        """Write a file as the query `kept` has it, where `which` are rows about the numbers that meet a condition."""
        path = self._change.folder / folder
        params = {"file": str(path / file), "numbers": self._numbers}
        which = f"(list_contains($numbers::ubigint[], number) and {those})"
        with engine(self._out.parent, path) as con:
            count = f"select count(*) from read_parquet($file) where {which}"
            rows = run(con, "forget", count, params).item()
            if not rows:
                return
            copy = f"copy ({kept.format(which=which)}) to $out (format parquet, compression zstd, parquet_version v2)"
            run(con, "forget", copy, params | {"out": str(self._out)})
        new = self._change.keep(self._out, folder)
        self._change.con.execute(self._UPDATES[folder], [*new, file])
        self.taken[folder] += int(rows)
        self.files.append(file)


def retain(change: Change, kind: str, months: int | None) -> None:
    """Set how long snapshots of a registry, or decisions, are kept; None: until they are forgotten by hand."""
    change.con.execute("delete from retention where kind = ?", [kind])
    if months is not None:
        change.con.execute("insert into retention values (?, ?)", [kind, months])
    change.log("retain", {"kind": kind, "months": months})


def due(con: duckdb.DuckDBPyConnection) -> list[tuple[str, int, date]]:
    """What is kept for how long: kind, months, and the first day that is still kept, as of today."""
    sql = "select kind, months, (?::date - to_months(months))::date from retention order by kind"
    return con.execute(sql, [today()]).fetchall()
