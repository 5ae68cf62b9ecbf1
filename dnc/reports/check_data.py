"""A check as data, for programs: what `dnc check --json` prints. It holds no telephone number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Any, TypedDict

import msgspec

from dnc.checks.result import Check, ConditionResult
from dnc.reports.decision import another_day, decision
from dnc.reports.phrases import misread

_Counts = dict[str, int]


class LoadedSnapshot(TypedDict):
    """A snapshot in the store, and its age on the day of the check."""

    id: int
    registry: str
    as_of: date
    age_days: int


class CheckOutput(msgspec.Struct, forbid_unknown_fields=True):
    """The result of a check.

    check, log_head: its row of the log, and that row as `ROW:HASH`; 0 and empty for a share. today: its day.
    rows, calls: of the list; more calls than rows if rows have several numbers.
    days: first and last day of the calls, or null. day_alone: calls that only rules forbid which are judged day by day
        (hours, attempts, polls).
    counts: calls by outcome. written: rows that were written, by outcome.
    conditions: those that were set, each with what was found.
    blocked_by, undecided_by: calls by regime.
    decision: what people read, in the language of the check: lines (`calls`, `says`) by block (`when`, `why`, `next`,
        `rests`, `stakes`).
    missing: undecided calls by word of `dnc_missing`. unread: calls whose number cannot be read, by reason.
    not_understood: `column` (ours), `word` (digits masked), `cells`, and `write`, the line for the brief or null.
    texts: `column`, `word` (digits masked) and `rows` of texts without a meaning. unread_texts: rows by column of texts
        that the brief leaves unread.
    valid_until: the last day on which all clear calls are still clear, or null.
    snapshots: those in the store. rules: SHA-256 of each rules file.
    consents: those that calls rest on (see `dnc.checks.counts`), with `not_renewed`, the consents in the store that
        follow a withdrawal without their own proof and wording; null where there are none.
    sha256: of the list.
    """

    check: int
    log_head: str
    today: date
    rows: int
    calls: int
    days: tuple[date, date] | None
    day_alone: int
    counts: _Counts
    written: _Counts
    conditions: list[ConditionResult]
    blocked_by: _Counts
    undecided_by: _Counts
    decision: dict[str, list[dict[str, Any]]]
    missing: _Counts
    unread: _Counts
    not_understood: list[dict[str, Any]]
    texts: list[dict[str, Any]]
    unread_texts: _Counts
    valid_until: date | None
    snapshots: list[LoadedSnapshot]
    rules: list[str]
    consents: dict[str, Any] | None
    sha256: str


def as_data(check: Check, compared: Iterable[ConditionResult] = ()) -> dict[str, Any]:
    """The result of a check as `CheckOutput`, for JSON; `compared`: the conditions that were set."""
    today, tallies = date.fromisoformat(str(check.record["today"])), check.tallies
    days = [day for day, _ in tallies.days if day]
    output = CheckOutput(
        check=check.id,
        log_head=check.head,
        today=today,
        rows=check.rows,
        calls=check.calls,
        days=(min(days), max(days)) if days else None,
        day_alone=another_day(check).total(),
        counts=check.counts,
        written={outcome: check.given[outcome] for outcome in check.counts},
        conditions=list(compared),
        blocked_by=_sorted(tallies.blocking()),
        undecided_by=_sorted(tallies.undecided()),
        decision=decision(check).data,
        missing=_sorted(tallies.missing()),
        unread=_sorted(tallies.unread),
        not_understood=[
            {"column": cells.column, "word": cells.word, "cells": cells.rows, "write": cells.write}
            for cells in misread(check)
        ],
        texts=[{"column": column, "word": word, "rows": rows} for (column, word), rows in tallies.texts.most_common()],
        unread_texts=dict(tallies.rest),
        valid_until=min(filter(None, tallies.ends), default=None),
        snapshots=[
            LoadedSnapshot(
                id=snapshot.id,
                registry=snapshot.registry,
                as_of=snapshot.as_of or today,
                age_days=(today - (snapshot.as_of or today)).days,
            )
            for snapshot in check.loaded
        ],
        rules=check.record["rules"],
        consents=check.consents,
        sha256=check.record["sha256"],
    )
    plain: dict[str, Any] = msgspec.to_builtins(output)
    return plain


def _sorted(counts: Counter[str]) -> _Counts:
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
