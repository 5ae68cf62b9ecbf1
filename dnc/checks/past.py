"""Checks that were made before, as the log keeps them: what each came to, and what changed from one to another.

Single calls are compared where both checks kept their decisions (`dnc.api.check` with `keep`). A later check may then
take over that rows are alike, and their numbers. Rows are known again by fingerprints with the key of the earlier check
(`dnc.lists.known_rows`); without the key, as after `dnc forget`, by nothing. Only if all that verdicts rest on is the
same (`basis`), apart from some numbers, are they not decided one by one.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
from msgspec.structs import asdict, replace

from dnc.checks.campaign import brief_without
from dnc.checks.evidence import Digests
from dnc.checks.settings import Setup
from dnc.errors import InputError, StoreError
from dnc.lists.brief import KEYS
from dnc.lists.completion import Completion
from dnc.lists.known_rows import Fingerprints, KnownRows, versions
from dnc.messages import localized
from dnc.store import ledger_sql
from dnc.store.audit_log import canonical
from dnc.store.folder import fault_of
from dnc.store.record_kinds import CONSENTS
from dnc.store.snapshots import Snapshot, Standing
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
        names = self.detail["input"]
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
        objections: how many were recorded one by one between them. records: kinds of own records that were added to.
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
    objections: int
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
    files = {file.check: file.file for file in store.manifest().decisions}
    changed, new, left = None, None, None
    if before.id in files and after.id in files:
        was, is_now = (_decided(store, files[check.id]) for check in (before, after))
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
        now["objections"] - then["objections"],
        [kind for kind, end in now.get("records", {}).items() if end != then.get("records", {}).get(kind)],
        then["rules"] != now["rules"],
        then.get("terms") != now.get("terms"),
        changed,
        new,
        left,
    )


def _decided(store: Store, file: str) -> pl.DataFrame:
    """Kept decisions, one for each number: the strictest."""
    path = undamaged(store.path / "decisions" / file)
    kept = pl.scan_parquet(path, glob=False).select("row", "number", "call", "dnc_outcome", *_REASONS)
    strict = pl.col("dnc_outcome").replace_strict(_STRICTEST, return_dtype=pl.UInt8)
    return kept.drop_nulls("number").sort(strict, "row").unique("number", keep="first", maintain_order=True).collect()


def undamaged(decisions: Path) -> Path:
    """A file of kept decisions. Raises StoreError if it is damaged."""
    if fault := fault_of(decisions):
        raise StoreError(localized("errors", "decisions_fault", folder=decisions.parents[1], fault=fault))
    return decisions


def brief_of_past(store: Store, check: PastCheck) -> str:
    """The brief of a check (TOML), without the day of the calls. Raises StoreError if the store has it no more."""
    with store.ledger.read() as opened:
        texts = ledger_sql.texts(opened.con, "terms", [check.detail.get("terms", "")])
    if not texts:
        raise StoreError(localized("errors", "replay", "earlier", number=check.id))
    terms = json.loads(texts[0])
    meant: dict[str, dict[str, Any]] = {}
    for name, told in terms.pop("texts", {}).items():
        meant[name] = {key: told[key] for key in ("rest", "separator", "on") if told[key]}
        for text, meaning in told["meanings"].items():
            meant[name].setdefault(meaning, []).append(text)
    entries = terms | {"texts": meant}
    return brief_without({key: entries[key] for key in KEYS if entries.get(key)}, "call_at")


# What a later check takes over

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
    store: Store, since: Since | Sequence[str], setup: Setup, completion: Completion
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
    check, then = next(_meant(store, since, kept), (0, {}))
    if "basis" not in then or (key := store.hash_key(check)) is None:
        return None
    path, digests = undamaged(kept[check]), Digests(key)
    is_same = digests.of_sha256(basis(setup, completion.own.standing, then)) == then["basis"]
    changed = completion.numbers_since(then["objections"], then.get("records", {})) if is_same else None
    try:
        return check, KnownRows(path, fingerprints(setup, digests), changed)
    except FileNotFoundError:  # forgotten meanwhile
        return None


def _meant(
    store: Store, since: Since | Sequence[str], kept: Collection[int]
) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The checks that are meant, of those that kept their decisions, the newest first, with their details."""
    if isinstance(since, int):
        check_row(store, since)
    names = {Path(since).name} if isinstance(since, str | Path) else set() if isinstance(since, int) else set(since)
    for check, detail in store.log().filter(pl.col("seq").is_in(list(kept))).select("seq", "detail").reverse().rows():
        then = json.loads(detail)
        if check == since or names.intersection(then["out"]):
            yield check, then
