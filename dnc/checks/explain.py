"""One call: its verdict, and the finding of every regime in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from dnc.checks.brief import Brief, must_be_column
from dnc.checks.judge import RegimeResult, explained
from dnc.checks.settings import Settings
from dnc.errors import InputError, OptionError
from dnc.files.table import RAGGED, Table
from dnc.store.store import Store


def explain_call(
    number: str, store: Store, settings: Settings, cells: Mapping[str, object]
) -> tuple[dict[str, Any], list[RegimeResult]]:
    """Decide one call; arguments, result and errors are those of `dnc.api.explain`."""
    texts = {name: str(cell) for name, cell in cells.items()}
    try:
        for name in texts:
            must_be_column(name)
    except InputError as error:
        raise OptionError(str(error)) from None
    if "number" in texts:
        raise OptionError("the number is an argument of its own")
    # A brief may name columns of its list; a single call has none of them.
    brief = (settings.brief or Brief()).without_file()
    setup = replace(settings, brief=brief).read()
    row = pl.DataFrame({"number": number, **texts}).with_columns(pl.lit(None, pl.String).alias(RAGGED))
    [calls] = setup.intake(Table(Path("the call"), "call", ["number", *texts], iter([row]))).batches()
    if calls.number.len() > 1:
        raise InputError("there are several numbers in the argument; explain them one by one")
    calls = setup.completed(calls)
    with setup.judge(store.standing()) as judge:
        return judge.verdicts(calls).rows.row(0, named=True), explained(judge, calls)
