"""Which rows and which columns of verdicts are written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple, Self

import polars as pl

from dnc.errors import InputError, OptionError, texts_of
from dnc.files.output_rows import OutputRows, Shared
from dnc.files.table import Table, unique_names
from dnc.frames import repeated
from dnc.law.vocabulary import AT, CHECK, CONSENT, NEXT_AT, NUMBER_FROM, OF_CHECK, VERDICT, WAS
from dnc.lists.calls import Calls
from dnc.messages import localized
from dnc.verdicts.judge import Verdicts
from dnc.verdicts.verdict import OUTCOMES

_COLUMNS = (NUMBER_FROM, *VERDICT, CONSENT, WAS, NEXT_AT, *OF_CHECK)
_PREFERENCE = ("clear", "undecided", "blocked")  # of the calls of a row


class Selection(NamedTuple):
    """Which rows and columns to write.

    Attributes:
        columns: names of those that are added to the columns of the input.
        only: outcomes; empty for all.
        changed: only calls whose outcome differs from that of the earlier check.
        best: of the calls of each row only the first that is clear, else the first undecided, else the first.
        check: the id of the check, for `dnc_check`; None where calls are decided without one.
    """

    columns: tuple[str, ...]
    only: tuple[str, ...] = ()
    changed: bool = False
    best: bool = False
    check: str | None = None

    @property
    def schema(self) -> dict[str, type[pl.DataType]]:
        """Types of the columns that are added to those of the input."""
        return {name: VERDICT.get(name, pl.String) for name in self.columns}

    def written(self, calls: Calls, verdicts: Verdicts) -> pl.Series:
        """For each call, whether it is written (Boolean)."""
        outcomes = verdicts.outcomes
        written = repeated(True, pl.Boolean, outcomes.len())
        if self.only:
            written = verdicts.cases["dnc_outcome"].is_in(self.only)[verdicts.case]
        if self.best and calls.row is not None:
            ranked = pl.DataFrame([calls.row, outcomes.cast(pl.Enum(_PREFERENCE)).to_physical().alias("rank")])
            first = pl.col("rank").arg_min() == pl.int_range(pl.len())
            written &= ranked.select(first.over(calls.row.name)).to_series()
        if self.changed and calls.was is not None:
            written &= outcomes != calls.was.fill_null("")
        return written

    def rows(self, calls: Calls, verdicts: Verdicts) -> tuple[OutputRows, pl.Series]:
        """The rows of calls and their verdicts that are written, and their outcomes."""
        outcomes, given = verdicts.outcomes, self.written(calls, verdicts)
        own = verdicts.numbers.to_frame()
        if NUMBER_FROM in self.columns:
            source = repeated("", pl.String, outcomes.len()) if calls.source is None else calls.source.fill_null("")
            own = own.with_columns(source.alias(NUMBER_FROM))
        if CONSENT in self.columns:
            own = own.with_columns(verdicts.consents)
        if CHECK in self.columns:
            own = own.with_columns(repeated(self.check, pl.String, outcomes.len()).alias(CHECK))
        if AT in self.columns:
            own = own.with_columns(_moments(calls))
        if WAS in self.columns:
            was = repeated("", pl.String, outcomes.len()) if calls.was is None else calls.was.fill_null("")
            own = own.with_columns(was.alias(WAS))
        mine = [name for name in self.columns if name in own.columns]
        shared, row = verdicts.shared
        shared = shared.select(name for name in self.columns if name not in mine)
        header = [*calls.carried.columns, *self.columns]
        together = [group for group in (calls.shared, Shared(shared, row)) if group]
        carried = calls.carried.drop(calls.shared.frame.columns if calls.shared else [])
        rows = OutputRows(header, carried.hstack(own.select(mine)), together)
        return (rows, outcomes) if given.all() else (rows.filter(given), outcomes.filter(given))


def _moments(calls: Calls) -> pl.Series:
    """For each call the moment for which it was decided (see `dnc.law.vocabulary.AT`), null where it has none."""
    clock = "%Y-%m-%dT%H:%M"
    instant, local = pl.col("instant").dt.strftime(f"{clock}+00:00"), pl.col("at_first").dt.strftime(clock)
    day = pl.col("day").dt.strftime("%Y-%m-%d")
    moments = calls.plans.select(pl.when("timed").then(pl.coalesce(instant, local, day)).otherwise(day).alias(AT))
    return moments[AT][calls.plan]


class OutputLayout(NamedTuple):
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
        names = [*(headers[name] for name in carried), *selection.columns]
        schema = dict.fromkeys(unique_names(carried), pl.String) | selection.schema
        delimiter = table.delimiter if table.kind == "csv" else ","
        return cls(names, schema, delimiter, table.bom)


def select(
    columns: Iterable[str] | None,
    only: Iterable[str] = (),
    *,
    changed: bool = False,
    best: bool = False,
    former: bool = False,
    several: bool = False,
    consents: bool = False,
    check: str | None = None,
    always: Iterable[str] = (),
) -> Selection:
    """The selection for the options of a check.

    Args:
        columns, only, changed, best: as for `dnc.api.check`.
        former: whether the list is the output of an earlier check.
        several: whether the list has several columns of numbers; `dnc_number_from` is then always written.
        consents: whether the store has consents; `dnc_consent` is then written, unless `columns` are named.
        check: see `Selection`. always: columns that are written besides those that are named.
    Raises:
        OptionError: a column or an outcome is unknown. InputError: `changed` without an earlier check.
    """
    names = [*VERDICT, *([CONSENT] if consents else [])]
    if columns is not None:
        named = (name if name.startswith("dnc_") else f"dnc_{name}" for name in texts_of("columns", columns))
        names = list(dict.fromkeys(named))  # one that is named twice is written once
    if several and NUMBER_FROM not in names:
        names.insert(0, NUMBER_FROM)
    names.extend(name for name in (*([WAS] if changed else []), *always) if name not in names)
    outcomes = texts_of("only", only)
    if strange := [name for name in names if name not in _COLUMNS]:
        raise OptionError(localized("errors", "not_verdict_column", name=strange[0], known=", ".join(_COLUMNS)))
    if strange := [name for name in outcomes if name not in OUTCOMES]:
        raise OptionError(localized("errors", "not_outcome", name=strange[0], known=", ".join(OUTCOMES)))
    if changed and not former:
        raise InputError(localized("errors", "no_earlier"))
    return Selection(tuple(names), tuple(outcomes), changed, best, check)
