"""Which rows and which columns of verdicts are given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

import polars as pl

from dnc.checks.calls import Calls
from dnc.checks.judge import Verdicts
from dnc.checks.verdict import OUTCOMES
from dnc.errors import InputError, OptionError
from dnc.files.output_rows import Rows, Shared
from dnc.files.table import Table, unique_names
from dnc.law.vocabulary import VERDICT, WAS


@dataclass(frozen=True)
class Selection:
    """What of the verdicts is given.

    columns: of `dnc.law.vocabulary.VERDICT`. only: outcomes; all, where none is named.
    changed: only rows whose outcome is not that of the former run, with that as `dnc_was`.
    """

    columns: tuple[str, ...]
    only: tuple[str, ...] = ()
    changed: bool = False

    @property
    def header(self) -> list[str]:
        """Names of the columns behind those of the input."""
        return [*self.columns, *([WAS] if self.changed else [])]

    @property
    def schema(self) -> dict[str, type[pl.DataType]]:
        """Types of the columns behind those of the input."""
        return {name: VERDICT.get(name, pl.String) for name in self.header}

    def rows(self, calls: Calls, verdicts: Verdicts) -> tuple[Rows, pl.Series]:
        """The rows of calls and their verdicts that are given, and their outcomes."""
        outcomes, own = verdicts.outcomes, verdicts.own
        given = outcomes.is_in(self.only or OUTCOMES)
        if self.changed and calls.was is not None:
            was = calls.was.fill_null("").alias(WAS)
            own = own.with_columns(was)
            given &= outcomes != was
        mine = [name for name in self.header if name in own.columns]
        shared = verdicts.cases.select(name for name in self.header if name not in mine)
        header = [*calls.carried.columns, *self.header]
        together = [one for one in (calls.shared, Shared(shared, verdicts.case)) if one]
        carried = calls.carried.drop(calls.shared.frame.columns if calls.shared else [])
        rows = Rows(header, carried.hstack(own.select(mine)), together)
        return (rows, outcomes) if given.all() else (rows.filter(given), outcomes.filter(given))


@dataclass(frozen=True)
class Layout:
    """The columns of the output and how its CSV is written.

    Attributes:
        names: headers of the input's columns, which may repeat, and those of the verdicts.
        schema: the same columns with unique names and their types, for an output without rows.
        delimiter, bom: of CSV, as in the input.
    """

    names: list[str]
    schema: Mapping[str, type[pl.DataType]]
    delimiter: str
    bom: bool

    @classmethod
    def of(cls, table: Table, carried: list[str], selection: Selection) -> Self:
        """The layout of a list whose columns `carried` are written before the selected verdicts."""
        headers = dict(zip(table.columns, table.header, strict=True))
        names = [*(headers[name] for name in carried), *selection.header]
        schema = dict.fromkeys(unique_names(carried), pl.String) | selection.schema
        return cls(names, schema, table.delimiter if table.kind == "csv" else ",", table.bom)


def select(columns: Iterable[str] | None, only: Iterable[str], changed: bool, former: bool) -> Selection:
    """A selection as it is asked for; `former` says whether the input holds outcomes of a former run.

    Raises OptionError for a column or outcome that is none, InputError where there is no former run.
    """
    told = (
        list(VERDICT) if columns is None else [name if name.startswith("dnc_") else f"dnc_{name}" for name in columns]
    )
    if strange := [name for name in told if name not in VERDICT]:
        raise OptionError(f"{strange[0]!r} is no column of verdicts; known are {', '.join(VERDICT)}")
    if strange := [name for name in only if name not in OUTCOMES]:
        raise OptionError(f"{strange[0]!r} is no outcome; known are {', '.join(OUTCOMES)}")
    if changed and not former:
        raise InputError("no column 'dnc_outcome'; --changed decides a former output again")
    return Selection(tuple(told), tuple(only), changed)
