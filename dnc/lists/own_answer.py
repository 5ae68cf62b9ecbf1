"""What own records say about one person: every row, the wordings that they name, and to whom they were passed on."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import polars as pl

from dnc.database import instance_of, run
from dnc.files.table import folded
from dnc.lists.own_records import as_in_file
from dnc.store import wordings
from dnc.store.record_kinds import CALLS, CONSENTS, KINDS
from dnc.store.records import uses
from dnc.store.store import Store

_THEIRS = "number = $number and recorded_at < $after"


def own_answer(store: Store, number: int, until: date) -> dict[str, Any]:
    """What the own records of a store say about a number (E.164 digits), without what was recorded after a day.

    Returns `consents`, `calls`, `customers`: rows as they would stand in a file, without empty cells, each with
    `statement` (its name in verdicts), `recorded_at` and the `file` that it was loaded from, if it was; and a
    call `rests_on` the consent that it was made on. `wordings`: the name, the text
    and the SHA-256 of those that the consents name. `passed_on`: to whom consents were exported, and when.
    """
    after = date.max if until == date.max else date.fromordinal(until.toordinal() + 1)
    given, found = {"number": number, "after": after}, dict[str, Any]()
    standing = store.standing()
    with instance_of(store.path.absolute()).cursor() as con:
        for name, kind in KINDS.items():
            records = standing.records[name]
            rows = records.find(con, _THEIRS, given).sort("seq")
            cells = rows.select(as_in_file(kind)).with_columns(file=records.names_of(rows["seq"]))
            if kind is CALLS:
                made = uses(standing.records, pl.Series("number", [number], pl.UInt64))
                sql = f"select seq, 'consents:' || consent as rests_on {made.sql}"
                on = run(con, name, sql, made.params, **made.frames)
                cells = cells.hstack(rows.select("seq").join(on, "seq", "left", maintain_order="left").drop("seq"))
            found[name] = [_filled(row) for row in cells.iter_rows(named=True)]
    told = {row["statement"] for row in found[CONSENTS.name]}
    for row in found[CALLS.name]:
        if row.get("rests_on") not in told:
            row.pop("rests_on", None)
    named = {folded(row["wording"]) for row in found[CONSENTS.name] if "wording" in row}
    kept = [one for one in wordings.in_store(store.journal) if folded(one.name) in named]
    found["wordings"] = [{"name": one.name, "text": one.text, "sha256": one.sha256} for one in kept]
    first = min((int(row["statement"].partition(":")[2]) for row in found[CONSENTS.name]), default=None)
    exports = store.log().filter(pl.col("verb") == "export").iter_rows(named=True) if first else ()
    passed = ((json.loads(row["detail"]), row["done_at"]) for row in exports)
    found["passed_on"] = [
        {"to": detail.get("to"), "on": done_at} for detail, done_at in passed if first and detail["until"] >= first
    ]
    return found


def _filled(row: dict[str, Any]) -> dict[str, Any]:
    return {name: cell for name, cell in row.items() if cell is not None and name != "number"}
