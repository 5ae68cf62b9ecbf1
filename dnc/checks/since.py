"""What a check may take over from an earlier one that kept its decisions: that rows are alike, and their numbers.

Rows are known again by fingerprints with the key of that check (`dnc.lists.known_rows`); without the key, as after `dnc
forget`, by nothing. Only if all that verdicts rest on is the same (`basis`), apart from some numbers, are they not
decided one by one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import polars as pl

from dnc.checks.evidence import Digests
from dnc.checks.settings import Setup
from dnc.errors import InputError, StoreError
from dnc.lists.known_rows import Fingerprints, KnownRows, versions
from dnc.lists.other_rows import Against
from dnc.lists.own_facts import OwnFacts
from dnc.messages import localized
from dnc.store.audit_log import canonical
from dnc.store.folder import fault_of
from dnc.store.record_kinds import CONSENTS
from dnc.store.snapshots import Standing
from dnc.store.store import Store

Since = int | str | Path


def check_row(store: Store, number: int) -> dict[str, Any]:
    """The row of a check in the log. Raises InputError if that row is not a check."""
    rows = store.log().filter(pl.col("seq") == number)
    if rows.is_empty() or rows["verb"].item() != "check":
        raise InputError(localized("errors", "replay", "no_check", number=number))
    return rows.row(0, named=True)


def fingerprints(setup: Setup, digests: Digests) -> Fingerprints:
    """Those of a check: they are the same on all days."""
    return Fingerprints(digests.key or "", replace(setup, at=None).text)


def basis(setup: Setup, standing: Standing, ends: Mapping[str, Any]) -> str:
    """All that verdicts rest on besides the rows of a list, but for what some numbers have of their own since then.

    ends: how far that goes: `objections` and `records` of a check in the log.
    """
    objections = standing.objections.filter(pl.col("seq") <= ends["objections"])
    records = {}
    for name, now in standing.records.items():
        then = now.until(*ends.get("records", {}).get(name, ()))
        # A new file of consents is about its numbers; one of calls or customers may be about all.
        files = then.files if name == CONSENTS.name else now.files
        if files or then.recorded.height:
            records[name] = [*map(asdict, files), _sum(then.recorded)]
    return canonical(
        {
            "settings": setup.text,
            "language": setup.policy.language,
            "today": setup.now,
            "rules": sorted(setup.book.texts),
            "consents": setup.consents.record if setup.consents else None,
            "snapshots": [snapshot.row for snapshot in standing.snapshots],
            "objections": [standing.objections.height > 0, _sum(objections)],
            "records": records,
            "wordings": _sum(standing.wordings),
            "versions": versions(),
        }
    )


def _sum(rows: pl.DataFrame) -> list[int]:
    """Two figures that differ if some rows do."""
    return [rows.height, int(rows.hash_rows().sum()) if rows.width else 0]


def known_rows(
    store: Store, since: Since | Sequence[str], setup: Setup, own: OwnFacts, against: Against
) -> tuple[int, KnownRows] | None:
    """The number of the check and its calls; None where that check kept no decisions, or its key is gone.

    since: the number of a check, or an output (if several, one of them), which stands for the last check that kept its
        decisions and wrote a file of that name.
    Raises:
        InputError: there is no check of that number. StoreError: its decisions are damaged.
    """
    if not store.exists:
        return None
    kept = store.kept_decisions()
    if isinstance(since, int):
        check_row(store, since)
    names = {Path(since).name} if isinstance(since, str | Path) else set() if isinstance(since, int) else set(since)
    for check, detail in store.log().filter(pl.col("seq").is_in(list(kept))).select("seq", "detail").reverse().rows():
        then = json.loads(detail)
        if check == since or names.intersection(then["out"]):
            break
    else:
        return None
    if "basis" not in then or (key := store.hash_key(check)) is None:
        return None
    path, digests = kept[check], Digests(key)
    if fault := fault_of(path):
        raise StoreError(localized("errors", "decisions_fault", folder=store.path, fault=fault))
    is_same = digests.of_sha256(basis(setup, own.standing, then)) == then["basis"]
    changed = _changed(then, own, against) if is_same else None
    try:
        return check, KnownRows(path, fingerprints(setup, digests), changed)
    except FileNotFoundError:  # forgotten meanwhile
        return None


def _changed(then: Mapping[str, Any], own: OwnFacts, against: Against) -> pl.Series:
    """The numbers of which more may be known than then, in the store or in other rows of the list."""
    objected = own.standing.objections.filter(pl.col("seq") > then["objections"])["number"]
    return pl.concat([objected, own.numbers_since(then.get("records", {})), against.numbers]).unique()
