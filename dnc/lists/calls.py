"""Planned calls, as intake hands them on: a row a call, in the order of the list."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar

import polars as pl

from dnc.files.output_rows import Shared
from dnc.frames import taken
from dnc.lists.statements import no_statements

_Rows = TypeVar("_Rows", pl.Series, pl.DataFrame)


class Calls(NamedTuple):
    """Planned calls.

    Attributes:
        carried: the columns of the list, untouched, a row a call; a row of the list with several numbers is repeated.
        number: E.164 digits (UInt64), null where unread.
        plan: row of `plans` (UInt32).
        plans: facts, each distinct combination once: the columns of `dnc.law.demands.FACTS`, the axes, `territory`,
            `jurisdiction`, `hours_agreed`, and
            `clocks` (IANA time zones where the person may be, joined by `|`, null where none is known),
            `instant` and `zones` (of a call planned with an offset, see `dnc.lists.local_time.Moment`; else null),
            `unread` (why there is no number),
            `doubt` (why the number may be mistyped),
            `odd` (what was not understood, or empty),
            `consent_odd` (whether anything in the columns of a consent was not understood),
            `texts` (names of the columns with a text that has no meaning, `;` between them, or empty),
            `noted` (what decides and the row of the call does not say, or empty), `elsewhere` (whether any of it is of
            another row or number),
            `proven` (whether the consent has a proof and a wording), `wording` (its name),
            `lacks` (why a consent does not count: `proof`, or `wording`, which it contradicts; or empty).
        was: the outcome of an earlier check; None where the list is not the output of one.
        shared: text columns of `carried` whose cells repeat in many rows, where that is known.
        row: for each call, the position of its row in the batch of the list (UInt32, ascending); None where each row is
            one call.
        cells: counts of cells that were not understood or that the brief filled; None where there are none:
            `what` (`misread`; `unread`, a text without a meaning, or a filled cell that contradicts what a rule says of
            it; `rest`, texts that need none; `when_filled`, `when_empty`), `column` (ours if misread, else that of the
            file), `word` (the cell, masked; for a rule what it was filled with), `rows` (of the list).
        source: for each call, the name of the column with its number, null where the row has none (String); None where
            the list has one such column.
        statement: for each call, the row of `consents` in the store that its consent rests on, null where none (Int64);
            None where the store has no consents.
        text: for each call, what the list has in place of its number (String); None where they are of no list.
        stated: what plans say of persons, see `dnc.lists.statements`; `plan` is a row of `plans`.
        first: position in the list of the first row of the batch.
        told: for each call its facts before they were completed, and `number`; and `completed`: completes such facts
            anew, at other moments. None where what completes them is the same at all moments.
    """

    carried: pl.DataFrame
    number: pl.Series
    plan: pl.Series
    plans: pl.DataFrame
    was: pl.Series | None = None
    shared: Shared | None = None
    row: pl.Series | None = None
    cells: pl.DataFrame | None = None
    source: pl.Series | None = None
    statement: pl.Series | None = None
    text: pl.Series | None = None
    stated: pl.DataFrame = no_statements(plan=pl.UInt32)
    first: int = 0
    told: Callable[[pl.Series], pl.DataFrame] | None = None
    completed: Callable[[pl.DataFrame], pl.DataFrame] | None = None

    @property
    def height(self) -> int:
        """The number of rows of the list."""
        return self.number.len() if self.row is None else int(self.row[-1]) + 1

    def each(self, rows: _Rows) -> _Rows:
        """Rows of the batch of the list, repeated for each of their calls."""
        return rows if self.row is None else rows[self.row]

    def facts(self, *columns: str) -> pl.DataFrame:
        """Columns of the facts, by default all, a row a call, with `number`."""
        plans = self.plans[list(columns)] if columns else self.plans
        return taken(plans, self.plan).hstack([self.number.alias("number")])
