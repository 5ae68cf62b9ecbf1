"""What a store knows of one number: what registries and lists said of it and when, objections, and decisions."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from dnc.checks.screening import Screen
from dnc.clock import today
from dnc.database import engine, run
from dnc.errors import StoreError
from dnc.files.locks import Reading
from dnc.store.snapshots import Snapshot, Standing, fault_of
from dnc.store.store import Store, read_all

_HITS = "select parse_filename(filename) as file, * exclude (filename) from read_parquet($files, filename = true)"
_OBJECTED = "select on_day, lifted, reason, recorded_at from objections where number = ? and on_day <= ? order by seq"
_CHECKED = "select seq, done_at, done_by from log where verb = 'check' order by seq"
_OBJECTION = ("on", "lifted", "reason", "recorded_at")
_SAID = {True: "listed", False: "not listed", None: "not known"}


def answer(store: Store, number: str, *, region: str | None = None, on: date | None = None) -> dict[str, Any]:
    """All that a complaint or an access request asks about one number.

    Args:
        store: it must exist.
        number: as a person writes it. region: numbering plan of a national form.
        on: the day asked about: what was told later, and decisions on later calls, are left out. All, unless told.
    Returns:
        `number`; `day`; `registries` (what counts on that day: state, as_of); `snapshots` (each that
        speaks of the number, and what it says); `silent` (ids of those that do not); `objections`;
        `decisions` (those kept); `not_kept` (checks that kept none, so nothing is known of them here).
    Raises:
        InputError: the number cannot be read. StoreError: the store cannot be used.
    """
    store.must_exist()
    [e164] = read_all([number], region)
    until = on or date.max
    standing = store.standing()
    spoken = list(_spoken(standing, e164, until))
    speaking = {row["id"] for row in spoken}
    silent = [one.id for one in standing.snapshots if one.as_of <= until and one.id not in speaking]
    with store.ledger.read() as opened:
        objections = opened.con.execute(_OBJECTED, [e164, until]).fetchall()
        checks = opened.con.execute(_CHECKED).fetchall()
        files = dict(opened.con.execute("select seq, file from decisions order by seq").fetchall())
        reading = Reading([store.path / "decisions" / file for file in files.values()])
    made = {seq: {"check": seq, "done_at": done_at, "done_by": done_by} for seq, done_at, done_by in checks}
    decisions = [made[seq] | row for seq, file in files.items() for row in _decided(store.path, file, e164, until)]
    del reading
    day = on or today()
    return {
        "number": f"+{e164}",
        "day": day,
        "registries": list(_counting(standing, e164, day)),
        "snapshots": spoken,
        "silent": silent,
        "objections": [dict(zip(_OBJECTION, row, strict=True)) for row in objections],
        "decisions": decisions,
        "not_kept": [seq for seq in made if seq not in files],
    }


def as_text(told: dict[str, Any]) -> Iterator[str]:
    """An answer in lines for a person to read."""
    yield f"{told['number']}, on {told['day']}"
    for row in told["registries"]:
        yield f"  {row['registry']}: {row['state']}" + (f", as of {row['as_of']}" if row["as_of"] else "")
    yield "Snapshots that speak of it:" if told["snapshots"] else "No snapshot speaks of it."
    for row in told["snapshots"]:
        since = "".join(f", {word} {row[word]}" for word in ("since", "until") if row[word])
        campaign = f", for campaign {row['campaign']}" if row["campaign"] else ""
        loaded = f"snapshot {row['id']}, loaded {row['loaded_at']:%Y-%m-%d}"
        yield f"  {row['as_of']} {row['registry']}: {row['says']}{since}{campaign} ({loaded})"
    if told["silent"]:
        yield f"  Silent about it: snapshots {', '.join(map(str, told['silent']))}"
    yield "Objections to this caller:" if told["objections"] else "No objection was recorded by dnc object."
    for row in told["objections"]:
        what, reason = "lifted" if row["lifted"] else "objected", f": {row['reason']}" if row["reason"] else ""
        yield f"  {row['on']} {what}{reason} (recorded {row['recorded_at']:%Y-%m-%d})"
    yield "Decisions that were kept:" if told["decisions"] else "No decision about it was kept."
    for row in told["decisions"]:
        made = f"check {row['check']} of {row['done_at']:%Y-%m-%d} by {row['done_by']}, row {row['row']}"
        yield f"  call on {row['day'] or 'no known day'}: {row['outcome']} ({made})"
        yield f"    {row['why']}"
    if told["not_kept"]:
        yield f"Checks that kept no decisions (look into their files): {', '.join(map(str, told['not_kept']))}"


def _spoken(standing: Standing, number: int, until: date) -> Iterator[dict[str, Any]]:
    """What each snapshot that speaks of the number says of it, oldest first."""
    for registry in dict.fromkeys(one.registry for one in standing.snapshots):
        snapshots = standing.of(registry)
        hits = _rows({standing.path(one) for one in snapshots}, number)
        for one in sorted(snapshots, key=lambda one: (one.as_of, one.id)):
            if one.as_of <= until and (said := _says(one, hits.get(one.file), number)):
                told = {name: getattr(one, name) for name in ("id", "registry", "as_of", "loaded_at", "campaign")}
                yield told | said


def _says(one: Snapshot, hit: dict[str, Any] | None, number: int) -> dict[str, Any] | None:
    if hit:
        return {"says": _SAID[hit["listed"]], "since": hit["since"], "until": hit["until"]}
    if str(number).startswith(one.covers or ("-",)):
        return {"says": f"not in it, which means {_SAID[one.absent == 'listed']}", "since": None, "until": None}
    return None


def _rows(files: set[Path], number: int) -> dict[str, dict[str, Any]]:
    """The rows about a number, by the name of the file."""
    params = {"files": sorted(map(str, files)), "number": number}
    with tempfile.TemporaryDirectory(prefix="dnc-") as spill, engine(spill, *{file.parent for file in files}) as con:
        found = run(con, "answer", f"{_HITS} where number = $number", params)
    return {row["file"]: row for row in found.iter_rows(named=True)}


def _decided(folder: Path, file: str, number: int, until: date) -> list[dict[str, Any]]:
    path = folder / "decisions" / file
    if fault := fault_of(path):
        raise StoreError(f"{folder}: a file of decisions {fault}; see dnc verify")
    kept = pl.scan_parquet(path, glob=False).filter(pl.col("number") == number)
    rows = kept.filter((pl.col("day") <= until).fill_null(True)).drop("number").collect()
    return rows.rename(lambda name: name.removeprefix("dnc_")).to_dicts()


def _counting(standing: Standing, number: int, day: date) -> Iterator[dict[str, Any]]:
    """What counts on a day: the word of each registry that was ever loaded."""
    schema = {"number": pl.UInt64, "day": pl.Date, "campaign": pl.String}
    call = pl.DataFrame({"number": [number], "day": [day], "campaign": [None]}, schema=schema)
    registries = {one.registry for one in standing.snapshots} | ({"own"} if standing.objections.height else set())
    with Screen(standing, registries) as screen:
        row = screen.words(screen.codes(call)).row(0, named=True)
    for registry in sorted(registries):
        prefix = registry.replace("-", "_")
        state = row[prefix]
        yield {
            "registry": registry,
            "state": state or "nothing stood",
            "as_of": row[f"{prefix}_as_of"] if state else None,
        }
