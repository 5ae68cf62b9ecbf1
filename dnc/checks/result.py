"""The result of a check: everything that is known about it besides its rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from dnc.checks.counts import Tallies
from dnc.checks.header import Rule
from dnc.checks.selection import Layout
from dnc.files.dataset import FileList
from dnc.files.encoding import Misfit
from dnc.law.rulebook import Rulebook
from dnc.store.snapshots import Snapshot


@dataclass(frozen=True, kw_only=True)
class Check:
    """The result of a check.

    Attributes:
        files: of the list.
        layout: columns of the output.
        book: the law that was applied.
        language: of reports, one of `dnc.messages.LANGUAGES`.
        verdicts: a frame of the input's columns and those of `dnc.law.vocabulary.VERDICT`, or None where they went
            to a file or a stream.
        id: number of its row in the log.
        head: that row as `ROW:HASH`.
        record: the details of that row.
        tallies: rows, counted by what they have in common.
        given: rows that were written, by outcome; fewer than all with `only` or `changed`.
        repeated: numbers that are in several rows.
        persons: people that the list is about, where rows have several numbers (see `dnc.checks.people`); else None.
        elsewhere: calls to which an objection or a withdrawal of another row applies.
        unplaced: rows with an objection or a withdrawal whose number cannot be read.
        ignored: columns that were left out on purpose.
        second_numbers: columns that look like telephone numbers and were not used.
        unused_objections: columns with texts that mention objections and were not used.
        dated: whether the list or the settings say when calls are planned.
        skipped: lines before the header that were left out.
        sheets: sheets of a spreadsheet that were not read.
        full: cells of it that its program may have cut.
        cut: cells that are too long for a spreadsheet that was written.
        misfits: why files were not read as UTF-8.
        declared: facts declared for the whole list.
        mapped: our columns → name of the column of the file that they are read from.
        dates: how days are written, as in the brief.
        rules: of the brief, about filled and empty cells.
        beside: names of those that came as options and not from the brief.
        consents: what the log keeps of the file of consents, if there was one (`Consents.record`).
        snapshots: what the store held.
    """

    files: FileList
    layout: Layout
    book: Rulebook
    language: str
    verdicts: pl.DataFrame | None
    id: int
    head: str
    record: Mapping[str, Any]
    tallies: Tallies
    given: Counter[str]
    repeated: int
    persons: int | None
    elsewhere: int
    unplaced: int
    ignored: Sequence[str]
    second_numbers: Sequence[str]
    unused_objections: Sequence[str]
    dated: bool
    skipped: int
    sheets: Sequence[str]
    full: int
    cut: int
    misfits: Sequence[Misfit]
    declared: Mapping[str, str]
    mapped: Mapping[str, str]
    dates: str
    rules: Sequence[Rule]
    beside: frozenset[str]
    consents: Mapping[str, Any] | None
    snapshots: tuple[Snapshot, ...]

    def __repr__(self) -> str:
        """One line; the fields fill pages, and have telephone numbers in them."""
        return f"<Check {self.id}: {self.counts}>"

    @property
    def counts(self) -> dict[str, int]:
        """Calls by outcome."""
        return self.tallies.counts

    @property
    def past(self) -> int:
        """Calls of days before that of the check."""
        return self.tallies.before(self.record["today"])

    @property
    def rows(self) -> int:
        """All rows of the list."""
        return int(self.record["rows"])

    @property
    def calls(self) -> int:
        """All calls; more than rows where rows have several numbers."""
        return self.tallies.rows
