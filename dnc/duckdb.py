"""Verdicts inside a DuckDB of one's own: `select * from dnc_check('calls')`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import polars as pl
from duckdb import sqltype
from duckdb.func import SPECIAL
from duckdb.sqltypes import FLOAT

from dnc.checks.arrow import Decider
from dnc.errors import extra
from dnc.law.vocabulary import VERDICT
from dnc.lists.inputs import as_frame

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from dnc.checks.settings import Settings, SettingsOptions
    from dnc.store.store import Store

# All rows are one value: what one row says of a number holds for the others. `dnc_row` is a row as a struct, whatever
# columns it has; `v` is its verdict.
_MACRO = """
create or replace temp macro {name}(calls) as table
with listed as materialized (select list(dnc_row) as rows from query_table(calls) dnc_row),
decided as materialized (
    select rows, {name}_rows(list_transform(rows, lambda t: to_json(t)::varchar), typeof(rows)) as verdicts from listed
),
beside as (select unnest(rows) as dnc_row, unnest(verdicts) as v from decided),
wide as (select dnc_row.*, v as dnc_verdict from beside)
select columns(lambda c: not starts_with(c, 'dnc_')), dnc_verdict.* from wide
"""


class _TableDecider(Decider):
    """Decides the rows of a table, which is a list: a day alone means a lawful hour of it."""

    _at_gate = False


def register(
    connection: DuckDBPyConnection,
    store: Store | str | Path,
    *,
    name: str = "dnc_check",
    settings: Settings | None = None,
    **options: Unpack[SettingsOptions],
) -> Decider:
    """Add a table function to a connection of DuckDB: `select * from dnc_check('calls')` gives a table with verdicts.

    Its rows are those of the table or view, with the columns of verdicts behind their own; columns of a former run
    (`dnc_*`) are left out. If a row has several numbers, its verdict is the best of them. The verdicts follow the store
    as it is when the query runs. Nothing is logged. All rows are held in memory at once.

    DuckDB calls functions of Python only where numpy is installed.

    Args:
        connection: the connection; the function ends with it.
        store: the store, or its folder, which must exist.
        name: of the function.
        settings, options: see `dnc.checks.settings.Settings`.
    Returns:
        The decider behind it; close it when the connection is closed.
    Raises:
        OptionError: an option is wrong, or numpy is not installed. StoreError: the store cannot be read.
        In a query, errors come as `duckdb.InvalidInputException`, with their sentence in it.
    """
    with extra("duckdb"):
        import numpy as np  # noqa: F401 - DuckDB imports it for functions of Python
    decider = _TableDecider(store, best=True, settings=settings, **options)

    def verdicts(rows: list[str] | None, kind: str) -> list[dict[str, object]]:
        if not rows:
            return []
        if decider.is_stale():
            decider.refresh()
        # JSON does not say which numbers are rounded to 32 bits; one that was a telephone number is nobody's.
        rounded = [column for column, of_column in sqltype(kind).child.children if of_column == FLOAT]
        calls = as_frame([json.loads(row) for row in rows]).with_columns(pl.col(rounded).cast(pl.Float32))
        decided: pl.DataFrame = decider(calls)
        return decided.select(VERDICT.keys()).to_dicts()

    fields = ", ".join(f"{column} {'DATE' if str(kind) == 'Date' else 'VARCHAR'}" for column, kind in VERDICT.items())
    connection.create_function(
        f"{name}_rows",
        verdicts,
        ["VARCHAR[]", "VARCHAR"],
        f"STRUCT({fields})[]",
        null_handling=SPECIAL,
        side_effects=True,
    )
    connection.execute(_MACRO.format(name=name))
    return decider
