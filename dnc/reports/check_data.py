"""A check as data, for programs: what `dnc check --json` prints. It holds no telephone number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from datetime import date
from typing import Any

from dnc.checks.result import Check, ConditionResult
from dnc.reports.decision import another_day, decision
from dnc.reports.phrases import misread


def as_data(check: Check, compared: Iterable[ConditionResult] = ()) -> dict[str, Any]:
    """The result of a check, for JSON; `compared`: the conditions that were set.

    Returns:
        check, log_head: its row of the log, and that row as `ROW:HASH`; 0 and empty for a share. today: its day.
        rows, calls: of the list; more calls than rows if rows have several numbers.
        days: first and last day of the calls, or null. day_alone: calls that only rules forbid which are judged day by
            day (hours, attempts, polls).
        counts: calls by outcome. written: rows that were written, by outcome.
        conditions: `name`, `asked`, `found` and `holds` of each condition.
        decision: what people read, in the language of the check: lines (`calls`, `says`) by block (`when`, `why`,
            `next`, `rests`, `stakes`).
        blocked_by, undecided_by: calls by regime. missing: undecided calls by word of `dnc_missing`.
        unread: calls whose number cannot be read, by reason.
        not_understood: `column` (ours), `word` (digits masked), `cells`, and `write`, the line for the brief or null.
        texts: `column`, `word` (digits masked) and `rows` of texts without a meaning. unread_texts: rows by column of
            texts that the brief leaves unread.
        valid_until: the last day on which all clear calls are still clear, or null.
        snapshots: id, registry, as_of, age_days of each snapshot in the store.
        rules: SHA-256 of each rules file. rules_pack: version, sha256 and signer (fingerprint of the key) of the rules
            pack that some of them came with, or null.
        consents: those that calls rest on (see `dnc.checks.counts`), with `not_renewed`, the consents in the
            store that follow a withdrawal without their own proof and wording; null where there are none.
        sha256: of the list.
    """
    today = date.fromisoformat(str(check.record["today"]))
    tallies = check.tallies
    days = [day.isoformat() for day, _ in tallies.days if day]
    return {
        "check": check.id,
        "log_head": check.head,
        "today": today.isoformat(),
        "rows": check.rows,
        "calls": check.calls,
        "days": [min(days), max(days)] if days else None,
        "day_alone": another_day(check).total(),
        "counts": check.counts,
        "written": {outcome: check.given[outcome] for outcome in check.counts},
        "conditions": [asdict(one) for one in compared],
        "blocked_by": _sorted(tallies.blocking()),
        "undecided_by": _sorted(tallies.undecided()),
        "decision": decision(check).data,
        "missing": _sorted(tallies.missing()),
        "unread": _sorted(tallies.unread),
        "not_understood": [
            {"column": cells.column, "word": cells.word, "cells": cells.rows, "write": cells.write}
            for cells in misread(check)
        ],
        "texts": [
            {"column": column, "word": word, "rows": rows} for (column, word), rows in tallies.texts.most_common()
        ],
        "unread_texts": dict(tallies.rest),
        "valid_until": min((end.isoformat() for end in tallies.ends if end), default=None),
        "snapshots": [
            {
                "id": snapshot.id,
                "registry": snapshot.registry,
                "as_of": snapshot.as_of.isoformat(),
                "age_days": (today - snapshot.as_of).days,
            }
            for snapshot in check.snapshots
        ],
        "rules": check.record["rules"],
        "rules_pack": check.record["pack"],
        "consents": check.consents and check.consents | {"not_renewed": check.revived},
        "sha256": check.record["sha256"],
    }


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
