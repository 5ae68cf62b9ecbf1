"""One call, or one row of a list: the verdict, and the finding of every regime in force."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from dnc.checks.settings import Settings
from dnc.clock import today
from dnc.errors import InputError, OptionError, must_be
from dnc.files.table import RAGGED, Table
from dnc.lists.brief import as_cell, must_be_column
from dnc.lists.calls import Calls
from dnc.lists.completion import Completion
from dnc.lists.inputs import Source, opened
from dnc.lists.own_answer import own_answer
from dnc.messages import localized
from dnc.store.record_kinds import CONSENTS
from dnc.store.store import Store
from dnc.verdicts.judge import Judge, RegimeResult


class Explanation(NamedTuple):
    """One call explained.

    verdict: the columns of `dnc.law.vocabulary.VERDICT` and `dnc_next_at`. findings: of every regime in force.
    not_understood: the cells that were not understood; empty where there are none.
    own: what own records say of the number, as `dnc.lists.own_answer` gives it, but the consent that `counts` is the
        one that the verdict rests on; empty where the store has none.
    zones: IANA time zones in which the person may be. past: whether the call was planned for a day before today.
    """

    verdict: dict[str, Any]
    findings: list[RegimeResult]
    not_understood: str
    own: Mapping[str, Any] = {}
    zones: Sequence[str] = ()
    past: bool = False


def explain_call(number: str, store: Store, settings: Settings, cells: Mapping[str, object]) -> Explanation:
    """Decide one call; arguments, result and errors are those of `dnc.api.explain`."""
    must_be("number", number, "text", str)
    must_be("store", store, "store", Store)
    must_be("cells", cells, "facts", Mapping)
    for name in cells:
        must_be("cells", name, "facts", str)
    texts = {name: as_cell(cell) for name, cell in cells.items()}
    try:
        for name in texts:
            must_be_column(name)
    except InputError as error:
        raise OptionError(error.message) from None
    if "number" in texts:
        raise OptionError(localized("errors", "number_apart"))
    # A brief may name columns of its list; a single call has none of them.
    brief = settings.campaign.without_file()
    setup = replace(settings, brief=brief).read(store, at_gate=True)
    row = pl.DataFrame({"number": number, **texts}).with_columns(pl.lit(None, pl.String).alias(RAGGED))
    [calls] = setup.intake(Table(Path("the call"), "call", ["number", *texts], iter([row]))).batches()
    if calls.number.len() > 1:
        raise InputError(localized("errors", "several_numbers"))
    with setup.judge(store.standing()) as (judge, completion):
        [explanation] = _explanations(judge, store, completion, calls)
    return explanation


def explain_row(path: Source, row: int, store: Store, settings: Settings) -> list[Explanation]:
    """Decide one row (from 1, the header not counted) as a check does: an explanation of each of its calls.

    Contradictions in other rows do not stop it.

    Raises:
        InputError, StoreError: as `dnc.api.check`. OptionError: there is no such row.
    """
    setup = settings.read(store)
    with (
        opened(path, setup.brief.sheet) as files,
        setup.judge(store.standing()) as (judge, known),
    ):
        # An objection in any row counts for all rows of its person.
        intake = known.surveyed(setup.intake(files.table()), files.table)
        _, completion = known.read(intake, intake.table, files.table)
        before = 0
        for batch in intake.fitted(files.table().batches):
            if 0 < row - before <= batch.height:
                calls = intake.calls(batch.slice(row - before - 1, 1))._replace(first=row - 1)
                return _explanations(judge, store, completion, calls)
            before += batch.height
        raise OptionError(localized("errors", "no_row_of", row=row, name=files.name, rows=before))


def _explanations(judge: Judge, store: Store, completion: Completion, calls: Calls) -> list[Explanation]:
    calls = completion.completed(calls)
    facts = calls.facts("odd", "clocks", "day")
    verdicts, results = judge.explained(calls)
    records = [own_answer(store, number, date.max) if number and completion.own.any else {} for number in calls.number]
    rows = list(verdicts.rows.iter_rows(named=True))
    for verdict, known in zip(rows, records, strict=True):
        for row in known.get(CONSENTS.name, ()):
            row["counts"] = row["statement"] == verdict["dnc_consent"]
    zones = facts["clocks"].fill_null("").str.split("|").list.set_difference([""])
    past = (facts["day"] < today()).fill_null(value=False)
    return list(map(Explanation, rows, results, facts["odd"], records, zones.to_list(), past))
