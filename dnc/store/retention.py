"""Forgetting: snapshots and kept decisions by age, and what is stored about single numbers.

An opt-out is never forgotten, whether the person gave it to the caller or to a registry: without it the person would be
called again. Everything else about a number can be: registries' answers that it was not listed, and kept decisions. The
row of an answer stays, but without the answer: if it went too, a complete list of the same registry would clear the
number because it is absent, or an older answer would count again. Each purge adds a row to the log, which holds no
number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from dnc.database import engine, run
from dnc.errors import InputError
from dnc.messages import localized
from dnc.store import ledger_sql
from dnc.store.ledger import Change
from dnc.store.snapshots import Snapshot, snapshot_of

DECISIONS = "decisions"
_THEIRS = "list_contains($numbers::ubigint[], number)"
_NOT_AN_OPT_OUT = "(not listed or (listed is null and coalesce(since, until) is not null))"
_WITHOUT_ANSWER = (
    "select * replace ("
    + ", ".join(f"case when {{which}} then null else {name} end as {name}" for name in ("listed", "since", "until"))
    + ") from read_parquet($file)"
)
_WITHOUT_ROW = "from read_parquet($file) where coalesce(not {which}, true)"


@dataclass(frozen=True)
class Forgotten:
    """How many listings and kept decisions about some numbers were deleted."""

    listings: int
    decisions: int


def check_registry(registry: str | None) -> None:
    """Raise LoaderError if there is no such registry, InputError if it is the own list."""
    from dnc.store.loader_search import loader_of  # every store is opened with this module

    if registry and loader_of(registry).cumulative:
        raise InputError(localized("errors", "retain_own"))


def forget_by_age(change: Change, before: date, registry: str | None) -> list[Snapshot]:
    """Delete snapshots as of a day before `before`, of one registry or all, and the key in the names of their files."""
    gone = list(map(snapshot_of, ledger_sql.remove_snapshots_before(change.con, before, registry)))
    ledger_sql.remove_hash_keys(change.con, date.min)
    detail = {"by": "age", "before": before, "registry": registry, "snapshots": [old.id for old in gone]}
    change.log("forget", detail)
    return gone


def forget_decisions_by_age(change: Change, before: date) -> list[int]:
    """Delete decisions kept before a day, and the keys of the hashes in older rows of the log."""
    checks = ledger_sql.remove_decisions_before(change.con, before)
    ledger_sql.remove_hash_keys(change.con, before)
    change.log("forget", {"by": "age", "before": before, "decisions_of": checks})
    return checks


def forget_by_number(change: Change, numbers: Sequence[int], registry: str | None, work: Path) -> Forgotten:
    """Delete what snapshots of one registry or all say about numbers that are not listed, and all kept decisions.

    The reason that a person gave for an objection is deleted too; the objection stays, and so does its lift. A lift
    without an objection that is kept is deleted. So are the keys of all hashes in the log, because any list may have
    had these numbers.
    """
    ledger_sql.remove_hash_keys(change.con, date.min if registry else date.max)
    rewriting = _Rewriting(change, numbers, work)
    for file in ledger_sql.snapshot_files(change.con, registry):
        rewriting.write("snapshots", file, _NOT_AN_OPT_OUT, _WITHOUT_ANSWER)
    if registry is None:
        for row in ledger_sql.decisions(change.con):
            rewriting.write("decisions", row["file"], "true", _WITHOUT_ROW)
        change.objections += ledger_sql.remove_reasons(change.con, numbers)
        barred: set[int] = set()
        for file in ledger_sql.own_files(change.con):
            barred.update(rewriting.opted_out(file))
            rewriting.write("snapshots", file, "not listed", _WITHOUT_ROW)
        change.objections += ledger_sql.remove_lifts(change.con, [number for number in numbers if number not in barred])
    removed = rewriting.removed
    detail = {"by": "number", "numbers": len(set(numbers)), "registry": registry}
    change.log("forget", detail | {f"{name}_rows": rows for name, rows in removed.items()} | {"files": rewriting.files})
    return Forgotten(removed["snapshots"], removed["decisions"])


class _Rewriting:
    """Rewrites files without what some of their rows say about some numbers.

    Attributes:
        removed: number of rows by folder.
        files: names of the files that were replaced.
    """

    def __init__(self, change: Change, numbers: Sequence[int], work: Path) -> None:
        self._change = change
        self._numbers = list(numbers)
        self._out = work / "kept.parquet"
        self.removed = {"snapshots": 0, "decisions": 0}
        self.files: list[str] = []

    def opted_out(self, file: str) -> list[int]:
        """The numbers that opted out according to the file of a snapshot."""
        path = self._change.folder / "snapshots"
        sql = f"select number from read_parquet($file) where {_THEIRS} and listed is distinct from false"
        with engine(self._out.parent, path) as con:
            return run(con, "forget", sql, {"file": str(path / file), "numbers": self._numbers})["number"].to_list()

    def write(self, folder: Literal["snapshots", "decisions"], file: str, those: str, kept: str) -> None:
        """Rewrite a file with the query `kept`, where `which` selects the rows about the numbers that meet `those`."""
        path = self._change.folder / folder
        params = {"file": str(path / file), "numbers": self._numbers}
        which = f"({_THEIRS} and {those})"
        with engine(self._out.parent, path) as con:
            count = f"select count(*) from read_parquet($file) where {which}"
            rows = run(con, "forget", count, params).item()
            if not rows:
                return
            copy = f"copy ({kept.format(which=which)}) to $out (format parquet, compression zstd, parquet_version v2)"
            run(con, "forget", copy, params | {"out": str(self._out)})
        ledger_sql.replace_file(self._change.con, folder, file, *self._change.keep(self._out, folder))
        self.removed[folder] += int(rows)
        self.files.append(file)


def retain(change: Change, kind: str, months: int | None) -> None:
    """Set for how many months snapshots of a registry, or decisions, are kept; None: no limit."""
    ledger_sql.set_retention(change.con, kind, months)
    change.log("retain", {"kind": kind, "months": months})
