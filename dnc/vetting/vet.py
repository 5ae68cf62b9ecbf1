"""Vetting: checks a list on offer for a planned use, before it is bought, and counts what the check finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from types import NoneType
from typing import Any, Unpack

import polars as pl

from dnc.checks.outputs import Outputs
from dnc.checks.result import Check
from dnc.checks.run import run
from dnc.checks.settings import Settings, SettingsOptions
from dnc.clock import NEVER, today
from dnc.errors import OptionError, must_be, must_be_within
from dnc.files.dataset import FileList
from dnc.law.demands import FACTS
from dnc.law.rulebook import Rulebook
from dnc.law.vocabulary import VERDICT, vocabulary
from dnc.lists.brief import Brief
from dnc.lists.calls import Calls
from dnc.lists.inputs import Source, opened
from dnc.lists.intake import Intake
from dnc.messages import localized
from dnc.store.store import Standing, Store
from dnc.verdicts.judge import Judge, Verdicts
from dnc.verdicts.screening import Screen
from dnc.verdicts.verdict import OUTCOMES, Policy
from dnc.vetting.cells import Cells
from dnc.vetting.draws import OfferedRows, compared
from dnc.vetting.figures import appraise
from dnc.vetting.model import Asked, Offer, Traded, Vetting

CURVE_WEEKS = 12  # length of the curve if the period has no end
MOST_DAYS = 3660  # of the period of the calls


def vet(
    path: Source,
    store: Store,
    *,
    until: date | None = None,
    against: Sequence[Source] = (),
    asked: Asked | None = None,
    sample_of: int | None = None,
    confidence: float = 0.95,
    proofs: str | Path | None = None,
    progress: Callable[[int], None] | None = None,
    settings: Settings | None = None,
    **options: Unpack[SettingsOptions],
) -> Vetting:
    """Vet a list on offer for a planned use.

    Args:
        path: the list, or a random sample of its rows; a file, several, a folder or a frame, as for `dnc.check`.
        store: where the snapshots of registries are; need not exist.
        until: last day of the period in which the calls are planned, which begins on the day of the first call.
        against: lists that the buyer already holds.
        asked: price, and conditions that the buyer sets.
        sample_of: rows of the list, where the file is a random sample of them.
        confidence: how often, at least, the bounds from a sample contain the true value; 0.5 to 0.9999.
        proofs: table of a draw of the list (`dnc.vetting.draws`) with the answers of the seller.
        progress: called after each batch with the number of its rows.
        settings, options: how calls are decided, see `dnc.checks.settings.Settings`.
    Raises:
        InputError: a file or an option is wrong. StoreError: the store cannot be used.
    """
    must_be("store", store, "store", Store)
    must_be("until", until, "day", date, NoneType)
    must_be("against", against, "lists", list, tuple)
    must_be("asked", asked, "asked", Asked, NoneType)
    must_be("sample_of", sample_of, "number", int, NoneType)
    must_be_within("sample_of", sample_of or 1, "rows", 1, _MOST_ROWS)
    must_be("proofs", proofs, "path", str, Path, NoneType)
    must_be_within("confidence", confidence, "confidence", 0.5, 0.9999)
    if proofs and sample_of is not None:
        raise OptionError(localized("errors", "draw", "whole"))
    chosen = Settings.of(settings, options)
    book = chosen.rulebook or Rulebook.load()
    brief = chosen.campaign.but(chosen.region and chosen.region.upper(), facts=chosen.given)
    chosen = replace(chosen, rulebook=book, brief=brief, region=None, given=None)
    standing = store.standing()
    trade = Trade(book, standing, chosen.policy(book, brief))
    with Cells(brief) as cells:
        observers = [cells.add, trade.add]
        result = run(path, store, chosen, Outputs(keep=False), progress=progress, observers=observers, offered=True)
        for held in against:
            with opened(held) as files:
                cells.hold(files.name, _numbers(files, brief, book))
        points = _points(cells.first or today(), until)
        if sample_of is not None and sample_of < result.rows:
            raise OptionError(localized("errors", "sample_small", of=sample_of, rows=result.rows))
        counted = cells.counted(points)
        offer = Offer(
            **_checked(result, standing),
            first=points[0],
            until=until,
            points=points,
            trade=_traded(trade.verdicts()),
            held=dict(cells.overlaps),
            sample_of=sample_of,
            confidence=confidence,
        )
        proved = compared(Path(proofs), offer, OfferedRows(path, brief, book)) if proofs else None
    return appraise(result, offer, counted, asked or Asked(), proved)


def _points(first: date, until: date | None) -> tuple[date, ...]:
    """Days of the curve: every week from the first call to the end of the period, and its end.

    Raises OptionError if the period ends before its first day, or is too long.
    """
    if until and until < first:
        raise OptionError(localized("errors", "until_early", until=until, first=first))
    if until and (until - first).days > MOST_DAYS:
        raise OptionError(localized("errors", "until_late", until=until, most=MOST_DAYS, first=first))
    last = until or first + timedelta(weeks=min(CURVE_WEEKS, (date.max - first).days // 7))
    weekly = [first + timedelta(days=days) for days in range(0, (last - first).days + 1, 7)]
    return tuple(weekly if weekly[-1] == last else [*weekly, last])


def _checked(result: Check, standing: Standing) -> dict[str, Any]:
    """The fields of `Offer` that say what was checked and how."""
    return {
        "file": result.files.name,
        "sha256": result.record["sha256"],
        "rows": result.calls,
        "check": result.id,
        "told": _settings(result),
        "rules": tuple(result.record["rules"]),
        "snapshots": tuple(_snapshots(result, standing)),
        "version": result.record["version"],
    }


def _settings(result: Check) -> dict[str, Any]:
    """The settings of the check, for `Offer.told`, without the number that the called person sees."""
    settings = {name: result.record[name] for name in ("at", "region", "declared", "brief", "guidance", "accepted")}
    consents = result.record["consents"] and result.record["consents"]["sha256"]
    declared = dict(settings["declared"])
    if declared.get("cli", "withheld") != "withheld":
        declared["cli"] = "shown"
    at = settings["at"] or (None if result.dated else today().isoformat())
    return settings | {"declared": declared, "at": at, "consents": consents}


def _snapshots(result: Check, standing: Standing) -> Iterator[dict[str, Any]]:
    used = set(result.record["snapshots"])
    for snapshot in standing.snapshots:
        if snapshot.id in used:
            yield {"registry": snapshot.registry, "as_of": snapshot.as_of, "sha256": snapshot.sha256}


def _traded(verdicts: pl.DataFrame) -> Traded:
    """Whether the seller may hand the list over, from the verdict of each case; the worst row decides for the file."""
    rows = {outcome: int(verdicts.filter(dnc_outcome=outcome)["rows"].sum()) for outcome in OUTCOMES}
    worst = next((outcome for outcome in ("blocked", "undecided") if rows[outcome]), "clear")

    def counts(column: str) -> dict[str, int]:
        parted = verdicts.select(pl.col(column).str.split(";"), "rows").explode(column)
        totals = parted.filter(pl.col(column) != "").group_by(column).agg(pl.col("rows").sum()).sort(column)
        return dict(totals.sort("rows", descending=True, maintain_order=True).iter_rows())

    return Traded(worst, rows, counts("dnc_blocked_by"), counts("dnc_undecided_by"), counts("dnc_missing"))


def _numbers(files: FileList, brief: Brief, book: Rulebook) -> Iterator[pl.Series]:
    """The numbers of a list that the buyer holds, which may call its column as the brief does, or `number`."""
    table = files.table()
    names = [name for name in brief.named("number") if name in table.columns]
    intake = Intake(table, Brief(region=brief.region, columns={"number": names} if names else {}), book)
    for calls in intake.batches():
        yield calls.number


_LIST_FACTS: tuple[str, ...] = ("recipient", "line", "source", "sector", "place", "plan_place", "polls", "day")
_LIST_FACTS += ("territory", "jurisdiction", "unread", "doubt", "texts")
_MOST_ROWS = 10**12  # of a list of which a sample is assessed
_ACT = {
    "caller": "list_seller",
    "purpose": "list_trade",
    "timed": False,
    "odd": "",
    "noted": "",
    "lacks": "",
    "customers_stale": False,
}
_ACT |= dict.fromkeys(("consent_withdrawn_on", "refused_on"), NEVER)


class Trade:
    """Whether the seller may hand the list over, decided by the same rules as calls.

    It is one act for the whole file: one row that may not be handed over forbids it, so the outcome of the file is that
    of its worst row. How the buyer would call (voice, hours, consents) does not matter, and neither do objections that
    the buyer received: only the seller can say who objected to the seller. The distinct cases of the rows are collected
    while the check runs.
    """

    def __init__(self, book: Rulebook, standing: Standing, policy: Policy) -> None:
        self._book, self._policy, self._standing = book, policy, replace(standing, records={})
        self._registries = [id_.replace("-", "_") for id_ in book.registries() if self._standing.of(id_)]
        self._cases: pl.DataFrame | None = None
        self._schema = pl.Schema()

    def add(self, calls: Calls, verdicts: Verdicts) -> None:
        """Add a batch of a check."""
        answers = [f"{registry}{suffix}" for registry in self._registries for suffix in ("", "_as_of")]
        keys = [*_LIST_FACTS, *answers]
        case, cases = verdicts.facts.rows(keys)
        met = (
            pl.select(case=case[verdicts.fact], number=calls.number)
            .group_by("case", maintain_order=True)
            .agg(pl.col("number").first(), rows=pl.len().cast(pl.Int64))
        )
        new = cases.select(keys)[met["case"]].hstack(met.select("number", "rows"))
        cases = new if self._cases is None else pl.concat([self._cases, new])
        # One number is kept for each case. Any will do: what the registries say of it is part of the case.
        self._cases = cases.group_by(keys, maintain_order=True).agg(pl.col("number").first(), pl.col("rows").sum())
        self._schema = calls.plans.schema

    def verdicts(self) -> pl.DataFrame:
        """The verdict of each case.

        Returns:
            The columns of `dnc.law.vocabulary.VERDICT`, and `rows`, how many have it.
        """
        if self._cases is None:
            return pl.DataFrame(schema=VERDICT | {"rows": pl.Int64})
        registries = self._book.registries()
        with Screen(self._standing, registries) as screen, Judge(self._book, screen, self._policy) as judge:
            return judge.verdicts(self._acts(self._cases)).rows.with_columns(self._cases["rows"])

    def _acts(self, cases: pl.DataFrame) -> Calls:
        """Each case as a call planned by the seller: the facts of the list, and nothing of the calls of the buyer."""
        wanted = (*_LIST_FACTS, *FACTS, *vocabulary().axes, "odd", "noted", "lacks", "customers_stale")
        plans = cases.select(
            name if name in _LIST_FACTS else pl.lit(_ACT.get(name), self._schema[name]).alias(name)
            for name in dict.fromkeys(wanted)
        )
        return Calls(cases.clear(), cases["number"], pl.arange(0, cases.height, dtype=pl.UInt32, eager=True), plans)
