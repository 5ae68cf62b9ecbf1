"""What came of a check: everything that is told of it beside its rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from dnc.checks.counts import Tallies
from dnc.files.dataset import FileList
from dnc.files.encoding import Misfit
from dnc.law.rulebook import Rulebook
from dnc.store.snapshots import Snapshot


@dataclass
class Check:
    """What came of a check.

    files: of the list. verdicts: a frame of the input's columns and those of
    `dnc.law.vocabulary.VERDICT`, or None where they went to a file.
    id: number of its row in the log. head: that row as `ROW:HASH`.
    repeated: numbers that stand in several rows. elsewhere: calls for which an objection or a withdrawal
    in another row counts. unplaced: rows that tell one and whose number cannot be read.
    ignored: columns that were left out on purpose.
    second_numbers: columns that look like telephone numbers and were not looked at. dated: whether the file tells days.
    skipped: lines before the header that were left out. sheets: those of a
    spreadsheet that were not read. full: cells of it that may have been cut before. cut: cells that a spreadsheet
    does not hold whole. misfits: why files were not read as UTF-8. declared: facts told for the whole file.
    consents: `dnc.checks.consents.Consents.record` of the file of consents, if there was one.
    beside: those of them that were said with the command and not by a brief.
    book, language: the law and the language it was told in. snapshots: those that stood.
    record: what the log keeps of it. given: rows that were given, by outcome.
    """

    files: FileList
    header: list[str]
    delimiter: str
    bom: bool
    book: Rulebook = field(repr=False)
    language: str = "en"
    verdicts: pl.DataFrame | None = None
    tallies: Tallies = field(default_factory=Tallies)
    repeated: int = 0
    elsewhere: int = 0
    unplaced: int = 0
    ignored: list[str] = field(default_factory=list)
    second_numbers: list[str] = field(default_factory=list)
    dated: bool = True
    skipped: int = 0
    sheets: int = 0
    full: int = 0
    cut: int = 0
    misfits: Sequence[Misfit] = ()
    consents: Mapping[str, Any] | None = None
    declared: Mapping[str, str] = field(default_factory=dict)
    beside: frozenset[str] = frozenset()
    snapshots: tuple[Snapshot, ...] = ()
    record: Mapping[str, Any] = field(default_factory=dict)
    given: Counter[str] = field(default_factory=Counter)
    id: int = 0
    head: str = ""

    @property
    def counts(self) -> dict[str, int]:
        """Rows by outcome."""
        return self.tallies.counts

    @property
    def past(self) -> int:
        """Calls of days before that of the check."""
        return self.tallies.before(self.record["today"])

    @property
    def rows(self) -> int:
        """All rows of the list."""
        return self.tallies.rows
