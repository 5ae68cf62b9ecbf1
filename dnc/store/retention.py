"""Forgetting: snapshots and kept decisions by age, and what is stored about single numbers.

An opt-out is never forgotten, whether the person gave it to the caller or to a registry: without it the person would be
called again. Everything else about a number can be: registries' answers that it was not listed, and kept decisions. The
row of an answer stays, but without the answer: if it went too, a complete list of the same registry would clear the
number because it is absent, or an older answer would count again. Each purge adds a row to the log, which holds no
number.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

import duckdb
import msgspec
import polars as pl
from msgspec.structs import replace

from dnc.clock import today
from dnc.database import engine, run
from dnc.errors import InputError, LoaderError, StoreError
from dnc.messages import localized
from dnc.store import holds
from dnc.store.journal import WORDS, Change
from dnc.store.record_kinds import CONSENTS, CUSTOMERS, KINDS, OBJECTIONS, Kind
from dnc.store.records import RecordFile, recorded, records_in, used_since, with_columns_of
from dnc.store.snapshots import Snapshot, snapshots_in
from dnc.store.state import FILES, State

DECISIONS = "decisions"
HASHES = "hashes"  # of lists and verdicts of checks, by which somebody could try numbers
REQUESTS = "requests"  # see `dnc.store.requests`
# What people wrote, by kind.
_TEXTS = {
    **{"campaigns": ["text"], "wordings": ["text"], "holds": ["reason"]},
    **{"records": ["name", "accepted"], "snapshots": ["accepted"]},
}
_TAIL = 8  # digits at the end of a number by which it is found in a text
_BETWEEN = "[^0-9A-Za-z]{0,3}"  # what may stand between two of them
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


class KeptDecisions(msgspec.Struct, frozen=True):
    """The decisions that a check kept. check: its row in the log. file: in the folder `decisions`. kept_at: in UTC."""

    check: int
    file: str
    rows: int
    kept_at: datetime


class Forgotten(msgspec.Struct, frozen=True):
    """How many listings, kept decisions and own records about some numbers were deleted."""

    listings: int
    decisions: int
    records: int = 0


def check_registry(registry: str | None) -> None:
    """Raise LoaderError if nothing is kept under this name, InputError if it is the own list."""
    from dnc.store.loader_search import loaders  # every store is opened with this module

    own = {OBJECTIONS.name, OBJECTIONS.registry}
    if registry in own:
        raise InputError(localized("errors", "retain_own"))
    if registry and registry not in (known := [DECISIONS, *KINDS, *(name for name in loaders() if name not in own)]):
        raise LoaderError(localized("errors", "retain_unknown", name=registry, known=", ".join(known)))


def _erase(change: Change, *kinds: str) -> None:
    """Delete everything of some kinds."""
    for kind in kinds:
        change.put_all(kind, dict.fromkeys(change.state.values(kind)))


def forget_by_age(change: Change, before: date, registry: str | None) -> list[Snapshot]:
    """Delete snapshots as of a day before `before`, of one registry or all.

    None while anything is on hold.
    """
    if holds.in_state(change.state):
        return []
    gone = [old for old in snapshots_in(change.state) if old.as_of < before and registry in (None, old.registry)]
    change.put_all("snapshots", {str(old.id): None for old in gone})
    _erase(change, REQUESTS)
    detail = {"by": "age", "before": before, "registry": registry, "snapshots": [old.id for old in gone]}
    change.log("forget", detail)
    return gone


def forget_decisions_by_age(change: Change, before: date) -> list[int]:
    """Delete decisions kept before a day, and the hashes of their checks.

    None while anything is on hold.
    """
    if holds.in_state(change.state):
        return []
    kept = change.state.all(DECISIONS, KeptDecisions).values()
    checks = [one.check for one in kept if one.kept_at.date() < before]
    change.put_all(DECISIONS, {str(check): None for check in checks})
    _erase(change, REQUESTS)
    change.put_all(HASHES, {str(check): None for check in checks})
    change.log("forget", {"by": "age", "before": before, "decisions_of": checks})
    return checks


def forget_by_number(
    change: Change, numbers: Sequence[int], work: Path, *, restrict: bool, reason: str | None
) -> Forgotten:
    """Delete what snapshots say about numbers that are not listed, and all kept decisions.

    The reason that a person gave for an objection is deleted too; the objection stays, and so does its lift. A lift
    without an objection that is kept is deleted. So are, because any list may have had these people: what people wrote
    in all rows of the log, the words of campaigns, and the settings and hashes of all checks; while anything is on hold
    they stay.

    restrict: of own records delete those on customers only. Raises StoreError if one of the numbers is on hold.
    """
    if unknown := change.state.values("last").keys() - {*KINDS, OBJECTIONS.name, *FILES}:
        raise StoreError(localized("errors", "newer_kinds", store=change.folder, kinds=", ".join(sorted(unknown))))
    on_hold = holds.numbers_on_hold(change)
    if on_hold is None or not set(on_hold).isdisjoint(numbers):
        rows = [hold.seq for hold in holds.in_state(change.state)]
        raise StoreError(localized("errors", "hold", "held", rows=", ".join(map(str, rows))))
    if not holds.in_state(change.state):
        _erase(change, REQUESTS, HASHES, "terms", WORDS)  # no check can be repeated without its hashes
    rewriting = _Rewriting(change, _THEIRS, {"numbers": list(numbers)}, work)
    for file in sorted({snapshot.file for snapshot in snapshots_in(change.state)}):
        rewriting.write("snapshots", file, _NOT_AN_OPT_OUT, _WITHOUT_ANSWER)
    for kept in change.state.all(DECISIONS, KeptDecisions).values():
        rewriting.write("decisions", kept.file, "true", _WITHOUT_ROW)
    _forget_records(_Rewriting(change, _THEIRS, rewriting.params, work), [OBJECTIONS])
    known = records_in(change.state, change.folder, [OBJECTIONS])[OBJECTIONS.name]
    for one in known.files:
        if one.clear:  # it may have had these numbers in rows that are not kept
            change.put("records", one.id, replace(one, sha256=""))
    barred = set(known.find(change.con, f"{_THEIRS} and lifted is distinct from true", rewriting.params)["number"])
    alone = {"numbers": [number for number in numbers if number not in barred]}  # lifts of nothing that is kept
    _forget_records(_Rewriting(change, _THEIRS, alone, work), [replace(OBJECTIONS, opt_out="false")])
    _forget_records(rewriting, [CUSTOMERS] if restrict else KINDS.values())
    _forget_texts(change, numbers)
    removed = rewriting.removed
    detail = {"by": "number", "numbers": len(set(numbers)), "restricted": restrict, "files": rewriting.files}
    counts = {f"{name}_rows": rows for name, rows in removed.items()}
    change.log("forget", detail | counts, {"reason": reason})
    return Forgotten(removed["snapshots"], removed["decisions"], removed["records"])


def _forget_texts(change: Change, numbers: Collection[int]) -> None:
    """Take some numbers out of every text that a person wrote, and what cells say out of the briefs of campaigns."""
    patterns = [re.compile(_spelled(number)) for number in numbers]

    def without(said: Any) -> Any:
        if isinstance(said, list | tuple):
            return [without(one) for one in said]
        for pattern in patterns if isinstance(said, str) else ():
            for found in reversed([*pattern.finditer("".join(map(_digit, said)))]):
                said = f"{said[: found.start()]}…{said[found.end() :]}"
        return said

    campaigns = change.state.values("campaigns")
    rests = {name: {**one, "text": one["rest"]} for name, one in campaigns.items() if one.get("rest") is not None}
    change.put_all("campaigns", rests)
    for kind, fields in _TEXTS.items():
        for name, value in change.state.values(kind).items():
            if changed := {one: text for one in fields if (text := without(value.get(one))) != value.get(one)}:
                change.put(kind, name, {**value, **changed})
    for name, value in change.state.values("office").items():
        if (text := without(value)) != value:
            change.put("office", name, text)


def _spelled(number: int) -> str:
    """A regular expression: the last digits of a number, however they are grouped, with those before them."""
    code, tail = str(number)[:-_TAIL], _BETWEEN.join(str(number)[-_TAIL:])
    return f"[+(]{{0,2}}(?:[0-9]{_BETWEEN}){{0,{len(code) + len('00') + len('0')}}}{tail}"


def _digit(sign: str) -> str:
    """A sign, or the digit 0 to 9 that it is in whatever script or width."""
    return str(unicodedata.decimal(sign, sign))


def _forget_records(rewriting: _Rewriting, kinds: Iterable[Kind]) -> None:
    """Delete rows of own records; of an opt-out stays what `Kind.stays` names."""
    change = rewriting.change
    for kind in kinds:
        files = change.state.all("records", RecordFile).values()
        for file in sorted({one.file for one in files if one.kind == kind.name and one.rows}):
            own = with_columns_of(change.con, kind, [str(change.folder / "records" / file)])
            emptied = ", ".join(f'case when {{which}} then null else "{name}" end as "{name}"' for name in own.emptied)
            rows = own.rows_of("$file")
            kept = _BARE.format(emptied=emptied, rows=rows, opt_out=f"coalesce({own.opt_out}, false)")
            rewriting.write("records", file, own.erasable, kept, rows)
        rewriting.removed["records"] += _erase_recorded(rewriting, kind)


def _erase_recorded(rewriting: _Rewriting, kind: Kind) -> int:
    """Delete rows of a kind that are in the log; returns how many."""
    change = rewriting.change
    which = f"select seq, coalesce({kind.opt_out}, false) from recorded where {rewriting.which}"
    frame = recorded(change.state, kind)
    found = run(change.con, "forget", which, rewriting.params, recorded=frame) if frame.height else frame
    there = change.state.values(kind.name)
    bare = [name for name in kind.all_columns if name not in kind.emptied]
    values = dict[str, Any]()
    for seq, stays in found.iter_rows():
        row = there[str(seq)]
        values[str(seq)] = {name: row[name] for name in bare if name in row} if stays else None
    values = {seq: row for seq, row in values.items() if row != there[seq]}
    change.put_all(kind.name, values)
    return len(values)


def forget_records_by_age(change: Change, before: date, kind: Kind, work: Path, kept: Collection[int] = ()) -> int:
    """Delete rows of own records that speak of no day from `before` on; returns how many.

    A consent on which a call was made since then stays, and so does what is on hold, or about numbers that are `kept`.
    """
    on_hold = holds.numbers_on_hold(change)
    if on_hold is None or (kind.whole and holds.in_state(change.state)):
        return 0
    _erase(change, REQUESTS)
    if kind.whole:
        files = change.state.all("records", RecordFile).values()
        old = [file for file in files if file.kind == kind.name and file.as_of and file.as_of < before]
        change.put_all("records", {str(file.id): None for file in old})
        rows = sum(file.rows for file in old)
    else:
        records = records_in(change.state, change.folder)
        used = used_since(change.con, records, before).to_list() if kind is CONSENTS else []
        which = f"coalesce({kind.day} < $before, false) and seq not in (select unnest($used::bigint[]))"
        which += " and number not in (select unnest($held::ubigint[]))"
        rewriting = _Rewriting(change, which, {"before": before, "used": used, "held": [*on_hold, *kept]}, work)
        _forget_records(rewriting, [kind])
        for file in change.state.all("records", RecordFile).values():
            if file.kind == kind.name and file.oldest and file.oldest < before:
                change.put("records", file.id, replace(file, oldest=before))
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
        self._replace(folder, file, *self.change.keep(self._out, folder))
        self.removed[folder] += int(count)
        self.files.append(file)

    def _replace(self, kind: str, old: str, new: str, rows: int) -> None:
        """Name another file in the place of one; by what the file that was loaded hashes to, numbers could be tried."""
        count = "numbers" if kind == "snapshots" else "rows"
        values = {name: value for name, value in self.change.state.values(kind).items() if value["file"] == old}
        for name, value in values.items():
            erased = {key: "" for key in {"sha256", "asked"} & value.keys() if value[key]}
            self.change.put(kind, name, {**value, **erased, "file": new, count: rows})


def terms(state: State) -> list[tuple[str, int, date]]:
    """What is kept, for how many months, and the first day that is still kept."""
    months = sorted(state.values("retention").items())
    return [(kind, n, pl.select(pl.lit(today()).dt.offset_by(f"-{n}mo")).item()) for kind, n in months]


def kept_too_long(con: duckdb.DuckDBPyConnection, state: State) -> Counter[str]:
    """How many snapshots, files and own records that were recorded are older than their retention allows, by kind."""
    days: list[tuple[str, date | None]] = [(old.registry, old.as_of) for old in snapshots_in(state)]
    kept = state.all(DECISIONS, KeptDecisions).values()
    days += [(DECISIONS, one.kept_at.date()) for one in kept]
    days += [(file.kind, file.as_of or file.oldest) for file in state.all("records", RecordFile).values() if file.rows]
    firsts = {kind: first for kind, _, first in terms(state)}
    for name in firsts.keys() & KINDS.keys():
        sql = f"select {KINDS[name].day} as day from recorded where {KINDS[name].erasable}"
        found = run(con, "retention", sql, recorded=recorded(state, KINDS[name]))
        days += [(name, day) for day in found["day"]]
    return Counter(kind for kind, day in days if day and kind in firsts and day < firsts[kind])


def retain(change: Change, kind: str, months: int | None) -> None:
    """Set for how many months snapshots of a registry, or decisions, are kept; None: no limit."""
    change.put("retention", kind, months)
    change.log("retain", {"kind": kind, "months": months})
