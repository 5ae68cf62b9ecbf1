"""Repeats an earlier check: the same file, with the rules, snapshots, objections and settings it had."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
from msgspec import structs

from dnc.checks.outputs import Outputs
from dnc.checks.past import PastCheck, past_check
from dnc.checks.run import run
from dnc.checks.settings import Settings
from dnc.errors import InputError, StoreError
from dnc.law.rulebook import Rulebook
from dnc.lists.brief import KEYS, Brief
from dnc.lists.inputs import Source, opened
from dnc.lists.texts import TextMeanings
from dnc.messages import localized
from dnc.store.audit_log import Entry
from dnc.store.journal import DamageError
from dnc.store.record_kinds import VALID_DAYS
from dnc.store.snapshots import Standing
from dnc.store.store import Store
from dnc.store.verify import verify_log


class Replay(msgspec.Struct, frozen=True):
    """What a repeated check came to.

    Attributes:
        check: row of the log.
        same: whether all verdicts are the same, by their hash and their counts.
        then, now: rows by outcome.
        versions: of the program, then and now.
    """

    check: int
    same: bool
    then: dict[str, int]
    now: dict[str, int]
    versions: tuple[str, str]


class _Past(Store):
    """A store as an earlier check found it. Nothing is written; the hashes of what came out are `noted`."""

    def __init__(self, path: Path, standing: Standing) -> None:
        super().__init__(path)
        self._standing = standing
        self.noted: Mapping[str, Any] = {}

    def must_be_writable(self) -> None:
        """Allow a check in a store that is read-only: nothing is written."""

    def standing(self) -> Standing:
        """The snapshots and own records of that check."""
        return self._standing

    def record(self, verb: str, detail: dict[str, Any], words: Mapping[str, Any], **more: Any) -> Entry:
        """Keep the hashes."""
        self.noted = more["hashes"]
        return Entry(0, "")


def replay_check(
    store: Store, number: int, path: Source | None, outputs: Outputs, *, consents: str | Path | None = None
) -> Replay:
    """Repeat a check; arguments, result and errors are those of `dnc.api.replay`."""
    store.must_exist()
    for fault in verify_log(store.journal).damage:
        raise DamageError(store.path, fault)
    check = past_check(store, number)
    then = check.detail
    hashes = store.hashes(number)
    path = _logged(check) if path is None else path
    past = _Past(store.path, _standing(store, number, then))
    _must_be_same(path, hashes["sha256"], number)
    consents_file = None
    if then.get("consents"):
        consents_file = consents or then["consents"]["file"]
        _must_be_same(consents_file, hashes["consents"], number)
    terms, texts = _texts(store, then)
    rulebook = Rulebook.of(texts)
    brief = brief_of(terms)
    settings = Settings(
        brief=brief,
        consents=consents_file,
        at=terms["at"],
        now=date.fromisoformat(then["today"]),
        guidance=terms["guidance"],
        accept=terms["accept"],
        rulebook=rulebook,
    )
    columns = None if outputs.targets else ["outcome"]
    result = run(path, past, settings, outputs, columns=columns)
    counts = {outcome: then["counts"][outcome] for outcome in result.counts}
    same = past.noted["verdicts"] == hashes["verdicts"] and counts == result.counts
    return Replay(number, same, counts, result.counts, (then["version"], version("dnc-check")))


def brief_of(terms: Mapping[str, Any]) -> Brief:
    """The brief in the settings of a check, as the log keeps them (`dnc.checks.settings.Setup.text`)."""
    fields = {name: terms[name] for name in KEYS if name in terms}
    texts = {name: TextMeanings(**texts) for name, texts in terms["texts"].items()}
    return Brief(**fields | {"texts": texts})


def _logged(check: PastCheck) -> list[str]:
    """The files that the log names. Raises InputError if one is not in this directory."""
    for path in check.files:
        if not Path(path).exists():
            raise InputError(localized("errors", "replay", "not_here", number=check.id), path)
    return check.files


def _must_be_same(path: Source, sha256: str, number: int) -> None:
    """Raise InputError if a file or list is not the one of that check."""
    with opened(path) as files:
        if files.digest(files.sums) != sha256:
            raise InputError(localized("errors", "replay", "other_file", number=number), files.name)


def _texts(store: Store, then: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The settings of a check and the text of its rules."""
    [terms] = store.texts("terms", [then["terms"]])
    return json.loads(terms), store.texts("rules", then["rules"])


def _standing(store: Store, number: int, then: Mapping[str, Any]) -> Standing:
    """The snapshots and own records of a check. Raises StoreError if some are gone."""
    now = store.standing()
    snapshots = [snapshot for snapshot in now.snapshots if snapshot.id in then["snapshots"]]
    gone = sorted(set(then["snapshots"]) - {snapshot.id for snapshot in snapshots})
    if gone:
        what = ", ".join(map(str, gone))
        raise StoreError(localized("errors", "replay", "gone", number=number, what=what))
    if sorted({snapshot.file for snapshot in snapshots}) != then["files"]:
        raise StoreError(localized("errors", "replay", "forgotten", number=number))
    ends, days = then.get("records", {}), then.get("valid_days", {})
    records = {
        name: structs.replace(known.until(*ends.get(name, ())), valid_days=days.get(name, VALID_DAYS))
        for name, known in now.records.items()
    }
    wordings = now.wordings.head(then.get("wordings", 0))
    return replace(now, snapshots=tuple(snapshots), records=records, wordings=wordings)
