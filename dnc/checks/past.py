"""Checks that were made before, as the log keeps them: what each came to, and what changed from one to another.

Single calls are compared where both checks kept their decisions (`dnc.api.check` with `keep`).
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from dnc.checks.campaign import brief_without
from dnc.errors import InputError, StoreError
from dnc.lists.brief import KEYS
from dnc.messages import localized
from dnc.store.folder import fault_of
from dnc.store.snapshots import Snapshot
from dnc.store.store import Store
from dnc.verdicts.verdict import OUTCOMES

_REASONS = ("dnc_blocked_by", "dnc_missing", "dnc_undecided_by")  # the first that says something is shown
_STRICTEST = {outcome: at for at, outcome in enumerate(("blocked", "undecided", "clear"))}


class PastCheck(NamedTuple):
    """A check in the log.

    Attributes:
        id: its row. done_at: in UTC, without offset. done_by: who.
        detail: what the log says of it.
    """

    id: int
    done_at: datetime
    done_by: str
    detail: Mapping[str, Any]

    @property
    def files(self) -> list[str]:
        """The names of the files of its list."""
        names = self.detail.get("input", "…")
        return [names] if isinstance(names, str) else list(names)

    @property
    def counts(self) -> dict[str, int]:
        """Calls by outcome."""
        return {outcome: self.detail["counts"][outcome] for outcome in OUTCOMES}

    @property
    def calls(self) -> int:
        """All calls."""
        return sum(self.counts.values())

    @property
    def reasons(self) -> dict[str, int]:
        """Calls by the regime that blocks them, and by what is missing (`dnc_missing`); earlier versions noted none."""
        return {**self.detail.get("blocked_by", {}), **self.detail.get("missing", {})}

    @property
    def series(self) -> str:
        """What checks of the same list at other times have in common: its name without digits and its suffix."""
        names = {re.sub(r"[\W\d_]+", " ", Path(name).stem).strip() for name in self.files}
        return ", ".join(sorted(filter(None, names))) or self.files[0]


class Difference(NamedTuple):
    """What differs between two checks, `before` and `after`.

    Attributes:
        reasons: of the later one → how many calls more it has than the earlier one, largest change first.
        loaded, gone: snapshots that only the later, or only the earlier one used.
        records: kinds of own records that were added to.
        rules, settings: whether the law, or what was said of the list, was another.
        calls: those of one number that both have, where the outcome changed (number, call, was, outcome, and the
            reasons `dnc_blocked_by`, `dnc_missing`, `dnc_undecided_by`); None unless both kept their decisions.
        new, left: numbers that only the later, or only the earlier one has; None as `calls`.
    """

    before: PastCheck
    after: PastCheck
    reasons: dict[str, int]
    loaded: list[Snapshot]
    gone: list[Snapshot]
    records: list[str]
    rules: bool
    settings: bool
    calls: pl.DataFrame | None
    new: int | None
    left: int | None


def past_checks(store: Store, most: int | None = None) -> list[PastCheck]:
    """The checks of a store but those of offers, the newest first, by default all. Raises StoreError."""
    if not store.exists:
        return []
    rows = store.log().filter(verb="check").reverse().select("seq", "done_at", "done_by", "detail").iter_rows()
    checks = (PastCheck(seq, at, by, json.loads(detail)) for seq, at, by, detail in rows)
    return list(itertools.islice((check for check in checks if not check.detail.get("offered")), most))


def past_check(store: Store, number: int) -> PastCheck:
    """A check by its row in the log. Raises InputError if there is none, StoreError."""
    row = check_row(store, number)
    return PastCheck(number, row["done_at"], row["done_by"], json.loads(row["detail"]))


def less_by(before: PastCheck, after: PastCheck) -> Iterator[tuple[str, int]]:
    """The reasons for which a later check has more calls that are not clear, the most calls first, and how many."""
    change = {word: after.reasons.get(word, 0) - n for word, n in before.reasons.items()}
    change |= {word: n for word, n in after.reasons.items() if word not in before.reasons}
    yield from sorted(((word, n) for word, n in change.items() if n), key=lambda pair: -pair[1])


def difference(store: Store, before: PastCheck, after: PastCheck) -> Difference:
    """What changed from one check to another. Raises StoreError, also where kept decisions are damaged."""
    then, now = before.detail, after.detail
    snapshots = {snapshot.id: snapshot for snapshot in store.snapshots()}
    loaded, gone = (
        [snapshots[id_] for id_ in these["snapshots"] if id_ in snapshots and id_ not in others["snapshots"]]
        for these, others in ((now, then), (then, now))
    )
    files = store.decisions()
    changed, new, left = None, None, None
    if before.id in files and after.id in files:
        was, is_now = (_decided(files[check.id]) for check in (before, after))
        both = was.rename({"dnc_outcome": "was"}).select("number", "was").join(is_now, on="number")
        changed = both.filter(pl.col("was") != pl.col("dnc_outcome")).rename({"dnc_outcome": "outcome"})
        changed = changed.sort("row").drop("row")
        new, left = is_now.height - both.height, was.height - both.height
    return Difference(
        before,
        after,
        dict(less_by(before, after)),
        loaded,
        gone,
        [kind for kind, end in now.get("records", {}).items() if end != then.get("records", {}).get(kind)],
        then["rules"] != now["rules"],
        then.get("terms") != now.get("terms"),
        changed,
        new,
        left,
    )


def _decided(file: Path) -> pl.DataFrame:
    """Kept decisions, one for each number: the strictest."""
    kept = pl.scan_parquet(undamaged(file), glob=False).select("row", "number", "call", "dnc_outcome", *_REASONS)
    strict = pl.col("dnc_outcome").replace_strict(_STRICTEST, return_dtype=pl.UInt8)
    return kept.drop_nulls("number").sort(strict, "row").unique("number", keep="first", maintain_order=True).collect()


def undamaged(decisions: Path) -> Path:
    """A file of kept decisions. Raises StoreError if it is damaged."""
    if fault := fault_of(decisions):
        raise StoreError(localized("errors", "decisions_fault", folder=decisions.parents[1], fault=fault))
    return decisions


def brief_of_past(store: Store, check: PastCheck) -> str:
    """The brief of a check (TOML), without the day of the calls. Raises StoreError if the store has it no more."""
    texts = store.texts("terms", [check.detail.get("terms", "")])
    if not texts:
        raise StoreError(localized("errors", "replay", "no_hashes", number=check.id))
    terms = json.loads(texts[0])
    meant: dict[str, dict[str, Any]] = {}
    for name, told in terms.pop("texts", {}).items():
        meant[name] = {key: told[key] for key in ("rest", "separator", "on") if told[key]}
        for text, meaning in told["meanings"].items():
            meant[name].setdefault(meaning, []).append(text)
    entries = terms | {"texts": meant}
    return brief_without({key: entries[key] for key in KEYS if entries.get(key)}, "call_at")


def check_row(store: Store, number: int) -> dict[str, Any]:
    """The row of a check in the log. Raises InputError if that row is not a check."""
    rows = store.log().filter(pl.col("seq") == number)
    if rows.is_empty() or rows["verb"].item() != "check":
        raise InputError(localized("errors", "replay", "no_check", number=number))
    return rows.row(0, named=True)
