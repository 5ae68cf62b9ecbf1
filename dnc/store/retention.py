"""Forgetting: snapshots and kept decisions by age, and what is stored about single numbers.

An opt-out is never forgotten, whether the person gave it to the caller or to a registry: without it the person would be
called again. Everything else about a number can be: registries' answers that it was not listed, and kept decisions. The
row of an answer stays, but without the answer: if it went too, a complete list of the same registry would clear the
number because it is absent, or an older answer would count again. Each purge adds a row to the log, which holds no
number.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Literal

import msgspec

from dnc.database import engine, run
from dnc.errors import InputError, StoreError
from dnc.messages import localized
from dnc.store import holds, ledger_sql
from dnc.store.ledger import Change
from dnc.store.record_kinds import CONSENTS, KINDS, Kind
from dnc.store.records import records_in, used_since
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


# Of the rows of own records about a person an opt-out stays, with nothing but its day.
_BARE = "select * replace ({emptied}) from ({rows}) where coalesce(not {{which}} or {opt_out}, true)"


class Forgotten(msgspec.Struct, frozen=True):
    """How many listings, kept decisions and own records about some numbers were deleted."""

    listings: int
    decisions: int
    records: int = 0


def check_registry(registry: str | None) -> None:
    """Raise LoaderError if there is no such registry, InputError if it is the own list."""
    if registry in KINDS:
        return
    from dnc.store.loader_search import loader_of  # every store is opened with this module

    if registry and loader_of(registry).cumulative:
        raise InputError(localized("errors", "retain_own"))


def forget_by_age(change: Change, before: date, registry: str | None) -> list[Snapshot]:
    """Delete snapshots as of a day before `before`, of one registry or all, and the key in the names of their files.

    None while anything is on hold.
    """
    if holds.in_ledger(change.con):
        return []
    gone = list(map(snapshot_of, ledger_sql.remove_snapshots_before(change.con, before, registry)))
    ledger_sql.remove_hash_keys(change.con, date.min)
    detail = {"by": "age", "before": before, "registry": registry, "snapshots": [old.id for old in gone]}
    change.log("forget", detail)
    return gone


def forget_decisions_by_age(change: Change, before: date) -> list[int]:
    """Delete decisions kept before a day, and the keys of the hashes in older rows of the log.

    None while anything is on hold.
    """
    if holds.in_ledger(change.con):
        return []
    checks = ledger_sql.remove_decisions_before(change.con, before)
    ledger_sql.remove_hash_keys(change.con, before)
    change.log("forget", {"by": "age", "before": before, "decisions_of": checks})
    return checks


def forget_by_number(
    change: Change, numbers: Sequence[int], work: Path, kinds: Iterable[Kind] = KINDS.values()
) -> Forgotten:
    """Delete what snapshots say about numbers that are not listed, and all kept decisions.

    The reason that a person gave for an objection is deleted too; the objection stays, and so does its lift. A lift
    without an objection that is kept is deleted. So are the keys of all hashes in the log, because any list may have
    had these numbers; while anything is on hold they stay.

    kinds: of own records that are deleted. Raises StoreError if one of the numbers is on hold.
    """
    on_hold = holds.numbers_on_hold(change.con, change.folder)
    if on_hold is None or not set(on_hold).isdisjoint(numbers):
        rows = [hold.seq for hold in holds.in_ledger(change.con)]
        raise StoreError(localized("errors", "hold", "held", rows=", ".join(map(str, rows))))
    if not holds.in_ledger(change.con):
        ledger_sql.remove_hash_keys(change.con)
    rewriting = _Rewriting(change, _THEIRS, {"numbers": list(numbers)}, work)
    for file in ledger_sql.snapshot_files(change.con):
        rewriting.write("snapshots", file, _NOT_AN_OPT_OUT, _WITHOUT_ANSWER)
    for row in ledger_sql.decisions(change.con):
        rewriting.write("decisions", row["file"], "true", _WITHOUT_ROW)
    change.objections += ledger_sql.remove_reasons(change.con, numbers)
    barred: set[int] = set()
    for file in ledger_sql.own_files(change.con):
        barred.update(rewriting.opted_out(file))
        rewriting.write("snapshots", file, "not listed", _WITHOUT_ROW)
    change.objections += ledger_sql.remove_lifts(change.con, [number for number in numbers if number not in barred])
    _forget_records(rewriting, kinds)
    removed = rewriting.removed
    detail = {"by": "number", "numbers": len(set(numbers))}
    change.log("forget", detail | {f"{name}_rows": rows for name, rows in removed.items()} | {"files": rewriting.files})
    return Forgotten(removed["snapshots"], removed["decisions"], removed["records"])


def _forget_records(rewriting: _Rewriting, kinds: Iterable[Kind]) -> None:
    """Delete rows of own records; of who withdrew a consent the day stays."""
    con = rewriting.change.con
    for kind in kinds:
        emptied = ", ".join(f'case when {{which}} then null else "{name}" end as "{name}"' for name in kind.emptied)
        rows = kind.rows_of("$file")
        kept = _BARE.format(emptied=emptied, rows=rows, opt_out=f"coalesce({kind.opt_out}, false)")
        for file in ledger_sql.records(con):
            if file["kind"] == kind.name and file["rows"]:
                rewriting.write("records", file["file"], kind.erasable, kept, rows)
        erased = ledger_sql.erase_recorded(con, kind, rewriting.which, rewriting.params, bare=True)
        rewriting.removed["records"] += erased


def forget_records_by_age(change: Change, before: date, kind: Kind, work: Path, kept: Collection[int] = ()) -> int:
    """Delete rows of own records that speak of no day from `before` on; returns how many.

    A consent on which a call was made since then stays, and so does what is on hold, or about numbers that are `kept`.
    """
    on_hold = holds.numbers_on_hold(change.con, change.folder)
    if on_hold is None or (kind.whole and holds.in_ledger(change.con)):
        return 0
    if not holds.in_ledger(change.con):
        ledger_sql.remove_hash_keys(change.con, date.min)
    if kind.whole:
        old = [row for row in ledger_sql.records(change.con) if row["kind"] == kind.name and row["as_of"] < before]
        ledger_sql.remove_records(change.con, [row["id"] for row in old])
        rows = sum(int(row["rows"]) for row in old)
    else:
        records = records_in(change.con, change.folder)
        used = used_since(change.con, records, before).to_list() if kind is CONSENTS else []
        which = f"coalesce({kind.day} < $before, false) and seq not in (select unnest($used::bigint[]))"
        which += " and number not in (select unnest($held::ubigint[]))"
        rewriting = _Rewriting(change, which, {"before": before, "used": used, "held": [*on_hold, *kept]}, work)
        _forget_records(rewriting, [kind])
        ledger_sql.set_oldest(change.con, kind, before)
        rows = rewriting.removed["records"]
    change.log("forget", {"by": "age", "before": before, "kind": kind.name, "rows": rows})
    return rows


class _Rewriting:
    """Rewrites files without what some of their rows say.

    Attributes:
        change: in which that is done.
        which, params: SQL, those rows; a file may have further conditions.
        removed: number of rows by folder.
        files: names of the files that were replaced.
    """

    def __init__(self, change: Change, which: str, params: dict[str, Any], work: Path) -> None:
        self.change = change
        self.which, self.params = which, params
        self._out = work / "kept.parquet"
        self.removed = {"snapshots": 0, "decisions": 0, "records": 0}
        self.files: list[str] = []

    def opted_out(self, file: str) -> list[int]:
        """The numbers that opted out according to the file of a snapshot."""
        path = self.change.folder / "snapshots"
        sql = f"select number from read_parquet($file) where {self.which} and listed is distinct from false"
        with engine(self._out.parent, path) as con:
            return run(con, "forget", sql, {"file": str(path / file), **self.params})["number"].to_list()

    def write(
        self,
        folder: Literal["snapshots", "decisions", "records"],
        file: str,
        those: str,
        kept: str,
        rows: str = "from read_parquet($file)",
    ) -> None:
        """Rewrite a file with the query `kept`, where `which` selects those of its `rows` that meet `those` too."""
        path = self.change.folder / folder
        params = {"file": str(path / file), **self.params}
        which = f"({self.which} and {those})"
        with engine(self._out.parent, path) as con:
            count = run(con, "forget", f"select count(*) from ({rows}) where {which}", params).item()
            if not count:
                return
            copy = f"copy ({kept.format(which=which)}) to $out (format parquet, compression zstd, parquet_version v2)"
            run(con, "forget", copy, params | {"out": str(self._out)})
        ledger_sql.replace_file(self.change.con, folder, file, *self.change.keep(self._out, folder))
        self.removed[folder] += int(count)
        self.files.append(file)


def retain(change: Change, kind: str, months: int | None) -> None:
    """Set for how many months snapshots of a registry, or decisions, are kept; None: no limit."""
    ledger_sql.set_retention(change.con, kind, months)
    change.log("retain", {"kind": kind, "months": months})
