"""What rows of a list say of their persons, as statements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from dnc.clock import NEVER
from dnc.files.table import MARKED
from dnc.lists.header import DECLARABLE
from dnc.lists.statements import (
    AGAINST_AS,
    ASSUMED,
    CONSENT,
    DENIED,
    LIMIT,
    MARK,
    NONE_SAID,
    RELATIONSHIP,
    TEXT,
    UNREAD,
    day_of,
    is_told,
    no_statements,
    statements,
)

MINUTES = {"consent_on": "consent_minute", "consent_withdrawn_on": "withdrawn_minute"}  # of a day with an hour


def of_rows(
    facts: pl.DataFrame,
    days: Mapping[str, Sequence[pl.Series]],
    by_rule: Sequence[pl.Series],
    ragged: pl.Series,
    against: Sequence[str],
) -> pl.DataFrame:
    """Statements with `plan`, the position of the row that makes them.

    Args:
        facts: of the rows, with `MINUTES`; `ASSUMED` with each of `DECLARABLE`; `text`, the columns of texts without a
            meaning that count for the person; and `denied`, whether it is declared that nobody objected.
        days: the days of objections, refusals and withdrawals by column: those of the cells first.
        by_rule: consents that follow from filled cells, named as columns of `DECLARABLE`.
        ragged: why rows do not fit the header, and which have a mark. against: columns of the list in which a row that
            does not fit may have anything.
    """
    rows = facts.with_columns(ragged.alias("ragged")).with_row_index("plan")
    found = [*_against(rows, days), *_unfit(rows, against), _consents(rows, by_rule)]
    found.append(statements(rows.drop_nulls("text"), "plan", kind=pl.lit(TEXT), text="text"))
    told = rows.drop_nulls("relationship")
    same = {name: pl.col(name) for name in ("relationship", "relationship_on")}
    found.append(statements(told, "plan", kind=pl.lit(RELATIONSHIP), kept=pl.lit(False), **same))
    return pl.concat([part for part in found if part.height] or [no_statements(plan=pl.UInt32)])


def _against(rows: pl.DataFrame, days: Mapping[str, Sequence[pl.Series]]) -> Iterator[pl.DataFrame]:
    """Objections, refusals and withdrawals, and that there was no objection."""
    for ours, columns in days.items():
        for at, told in enumerate(columns):
            minute = pl.col(MINUTES[ours]) if at == 0 and ours in MINUTES else pl.lit(None)
            here = rows.with_columns(told.alias("on")).filter(is_told("on"))
            if here.height:
                yield statements(here, "plan", kind=pl.lit(AGAINST_AS[ours]), on=day_of("on"), minute=minute)
    denied = rows.filter((days["objected_on"][0] == NEVER) | rows["denied"])
    yield statements(denied, "plan", kind=pl.lit(DENIED))


def _unfit(rows: pl.DataFrame, against: Sequence[str]) -> Iterator[pl.DataFrame]:
    """Of rows that do not fit the header, all that it has; and marks."""
    marked = pl.col("ragged").is_in(MARKED).fill_null(False)
    yield statements(rows.filter(marked), "plan", kind=pl.lit(MARK))
    unfit = rows.filter(pl.col("ragged").is_not_null() & ~marked)
    yield from (statements(unfit, "plan", kind=pl.lit(AGAINST_AS[ours])) for ours in against)


def _consents(rows: pl.DataFrame, by_rule: Sequence[pl.Series]) -> pl.DataFrame:
    """Consents in cells and by rules, where a row speaks of one completed by what is declared for all."""
    told = rows.with_columns(pl.coalesce(rule.name, pl.lit(rule)).alias(rule.name) for rule in by_rule)
    speaks = pl.any_horizontal(pl.col("consent", "consent_on", "consent_for").is_not_null())
    speaks &= ~pl.col("consent_odd") & pl.col("consent").ne_missing(pl.lit("none"))
    told = told.with_columns(
        pl.when(speaks).then(pl.coalesce(ours, ASSUMED + ours)).otherwise(ours).alias(ours) for ours in DECLARABLE
    )
    limits = pl.any_horizontal(pl.col("consent_until", "hours_agreed").is_not_null())
    kind = (
        pl.when(pl.col("consent") == "none").then(pl.lit(NONE_SAID))
        .when("consent_odd").then(pl.lit(UNREAD))
        .when(pl.col("consent").is_not_null()).then(pl.lit(CONSENT))
        .when(limits).then(pl.lit(LIMIT))
    )  # fmt: skip
    same = {"until": "consent_until", "hours": "hours_agreed", "on": "consent_on", "minute": "consent_minute"}
    same |= {name: name for name in ("kind", "consent", "consent_for")}
    told = told.with_columns(kind=kind).drop_nulls("kind")
    return statements(told, "plan", kept=pl.lit(False), own_proof=pl.lit(False), **same)
