"""The result of a check: everything that is known about it besides its rows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from dnc.checks.counts import Tallies
from dnc.checks.selection import OutputLayout
from dnc.errors import must_be_within, must_match
from dnc.files.dataset import FileList
from dnc.law.rulebook import Rulebook
from dnc.lists.brief import Brief
from dnc.lists.header import Header
from dnc.store.records import RecordFile, Records
from dnc.store.snapshots import Snapshot


@dataclass(frozen=True, kw_only=True)
class Check:
    """The result of a check.

    Attributes:
        files: of the list.
        header: its columns, as they were read.
        brief: what was said of them, with the facts that were declared for the whole list.
        layout: columns of the output.
        book: the law that was applied.
        language: of reports, one of `dnc.messages.LANGUAGES`.
        kept: the rows, or None where they went to a file.
        id: number of its row in the log.
        head: that row as `ROW:HASH`.
        record: the details of that row, with hashes that have no key.
        tallies: rows, counted by what they have in common.
        given: rows that were written, by outcome; fewer than all with `only` or `changed`.
        repeated: numbers that are in several rows.
        persons: people that the list is about, where rows have several numbers (see `dnc.checks.counts`); else None.
        elsewhere: calls to which an objection or a withdrawal of another row applies.
        unplaced: rows with an objection or a withdrawal whose number cannot be read.
        second_numbers: columns that look like telephone numbers and were not used.
        dated: whether the list or the settings say when calls are planned.
        cut: cells that are too long for a spreadsheet that was written.
        consents: those that calls rest on, counted (see `ConsentCounts.data`); None where there are none.
        snapshots, own_list: what the store held.
        typed: whether reports name options, commands and lines of a brief; not for people at the desk, who type none.
    """

    files: FileList
    header: Header
    brief: Brief
    layout: OutputLayout
    book: Rulebook
    language: str
    kept: pl.DataFrame | None
    id: int
    head: str
    record: Mapping[str, Any]
    tallies: Tallies
    given: Counter[str]
    repeated: int | None
    persons: int | None
    elsewhere: int
    unplaced: int
    second_numbers: Sequence[str]
    dated: bool
    cut: int
    consents: dict[str, Any] | None
    snapshots: tuple[Snapshot, ...]
    own_list: Records
    typed: bool = True

    @property
    def loaded(self) -> list[Snapshot | RecordFile]:
        """The snapshots, and the files of the own list."""
        return [*self.snapshots, *(file for file in self.own_list.files if file.as_of)]

    def __repr__(self) -> str:
        """One line; the fields fill pages, and have telephone numbers in them."""
        return f"<Check {self.id}: {self.counts}>"

    @property
    def verdicts(self) -> pl.DataFrame:
        """The rows, with the columns of `dnc.law.vocabulary.VERDICT`; None where they went to a file.

        The type leaves None out, so that those who asked for no file need not test for it.
        """
        return self.kept  # type: ignore[return-value]

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


# Conditions on the outcomes of a list: shares of its rows, each compared with a limit

_CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True)
class ConditionResult:
    """One condition, compared with a list.

    name: the condition, a field of `Conditions` or `dnc.vetting.model.Asked`. asked: the limit.
    found: the bound that is least favourable to the list, or None where there is none.
    holds: whether `found` is within the limit, or there is no row that could be beyond it.
    """

    name: str
    asked: float
    found: float | None
    holds: bool


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """What somebody asks of the outcomes of a list; None is no condition.

    A field is named `min_` for `>=` or `max_` for `<=`, and what is compared: on the command line `clear>=0.9` is
    `min_clear`.

    min_clear: smallest share of rows that are clear, 0 to 1. max_blocked, max_undecided: largest share of such rows.

    Raises OptionError where a value is out of range.
    """

    min_clear: float | None = None
    max_blocked: float | None = None
    max_undecided: float | None = None

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if value is not None and name == "currency":
                must_match(name, value, "currency", _CURRENCY)
            elif value is not None and "price" in name:
                must_be_within(name, value, "amount", 0)
            elif value is not None:
                must_be_within(name, value, "share", 0, 1)

    def compared(self, found: Mapping[str, float | None], rows: int) -> Iterator[ConditionResult]:
        """The conditions that were set, each compared with what was found for it.

        A list without rows has no shares and meets conditions on them, as no row is against one; that on a price it
        cannot meet.
        """
        for name, bound in found.items():
            if (asked := getattr(self, name)) is not None:
                within = bound is not None and (bound >= asked if name.startswith("min_") else bound <= asked)
                is_of_nothing = rows == 0 and bound is not None
                yield ConditionResult(name, asked, bound if rows else None, within or is_of_nothing)

    def of(self, counts: Mapping[str, int]) -> list[ConditionResult]:
        """The conditions that were set, compared with calls by outcome."""
        rows = sum(counts.values())
        bounds = {"min_clear": "clear", "max_blocked": "blocked", "max_undecided": "undecided"}
        return list(self.compared({name: counts[outcome] / max(rows, 1) for name, outcome in bounds.items()}, rows))
