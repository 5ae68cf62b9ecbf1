"""What completes the calls of a list: its other rows, a file of consents, the store's own records, and the brief."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import msgspec
import polars as pl
from msgspec.structs import replace

from dnc.errors import UnreadRowsError
from dnc.files.table import Table
from dnc.lists.brief import Brief
from dnc.lists.calls import Calls
from dnc.lists.cell_facts import BY_RULE, SPOKEN, at_agreed_hour, read_declared
from dnc.lists.consents import Consents
from dnc.lists.header import DECLARABLE
from dnc.lists.intake import Intake
from dnc.lists.other_rows import Against
from dnc.lists.own_facts import OwnFacts
from dnc.lists.roles import Survey
from dnc.messages import figure, localized
from dnc.store.record_kinds import GIVEN

_MEMORY = 1 << 28  # bytes of a list that are kept in memory between its two readings


class Completion(msgspec.Struct, frozen=True):
    """What is known of the calls of a list besides what their rows say.

    Attributes:
        brief: of the list, with the consent that it declares.
        own: the store's own records.
        consents: a file of them, joined to the calls by number.
        now: the day that counts as today; None for the clock's.
        accept_unread: whether objections in the list may have a number that cannot be read.
        against: objections, refusals and withdrawals in all rows of the list; None where it was not looked at.
    """

    brief: Brief
    own: OwnFacts
    consents: Consents | None = None
    now: date | None = None
    accept_unread: bool = False
    against: Against | None = None

    def ahead(self, intake: Intake, reopen: Callable[[], Table], folder: Path) -> tuple[Intake, Completion]:
        """Look at all rows of a list for what has to be known before the first is decided.

        That is the role of every column, what stands around the tables of all files, and the objections and withdrawals
        of persons. A list in one file whose columns all have a role, and none of them for these, is not read.

        Args:
            intake: of the list.
            reopen: opens the list a second time, where it is too large to be kept in memory.
            folder: for what is collected, if it is much.
        Returns:
            An intake that starts again at the first row, and what completes its calls.
        Raises:
            RolesError: a column has no role. UnreadRowsError: an objection has a number that cannot be read.
        """

        def recorded(numbers: pl.Series) -> pl.DataFrame:
            objected = self.own.objections(numbers).rename({"on": "objected_on"})
            ended = [self.consents.withdrawn(numbers)] if self.consents else []
            return pl.concat([objected, *self.own.against(numbers), *ended], how="diagonal")

        survey, against = Survey(intake.header), Against(folder, intake.language)
        if survey.is_needed or not intake.table.is_last:
            _over(intake.table, reopen, survey.look)
        if found := survey.read_columns():
            intake = replace(intake, found=found)
        alone = intake.header.as_they_stand  # a text in one of them is about its row alone
        read = [column for column in (*intake.header.read, *intake.found) if column.column not in alone]
        reads_texts = any(column.others != "used" for column in read)
        links = [self.consents.links] if self.consents and self.consents.links.height else []
        if intake.header.against or intake.may_link or links or reads_texts or intake.begins_with_marks():
            undeclared = intake.undeclared
            _over(intake.table, reopen, lambda rows: against.read(undeclared, undeclared.fitted(rows), recorded, links))
            if against.unplaced and not self.accept_unread:
                message = localized("errors", "unplaced", n=figure(against.unplaced))
                error = UnreadRowsError(message, intake.table.path, against.line)
                error.count = against.unplaced
                raise error
        return intake, replace(self, against=against)

    @property
    def unplaced(self) -> int:
        """How many objections in the list have a number that cannot be read."""
        return self.against.unplaced if self.against else 0

    def completed(self, calls: Calls) -> Calls:
        """Calls with what other rows, the file of consents, the store's own records and the brief say of their numbers.

        A declared consent comes last (that of a rule about filled and empty cells before one for all rows): it fills
        what is still empty, but replaces nothing that was not understood; nor does one for all rows fill what a rule
        reads from a filled cell, which may say `no`.
        """
        if self.own.any or self.consents:
            told = calls
            calls = calls._replace(told=lambda at: told.facts()[at], completed=self._facts_at)
        calls = self.against.completed(calls) if self.against else calls
        calls = self.consents.completed(calls, self.own.used_proofs(calls)) if self.consents else calls
        calls = self.own.completed(calls)
        facts, fills = self._declared_consent, []
        for name in DECLARABLE:
            declared = [pl.col(BY_RULE + name)] if BY_RULE + name in calls.plans.columns else []
            spoken = pl.col(SPOKEN + name) if SPOKEN + name in calls.plans.columns else pl.lit(False)
            declared += [pl.when(~spoken).then(pl.lit(facts[name]))] if name in facts else []
            if declared:
                filled = pl.coalesce(name, *declared)
                fills.append(pl.when("consent_odd").then(name).otherwise(filled).alias(name))
        plans = self._without_unproven(calls.plans.with_columns(fills))
        return calls._replace(plans=plans.with_columns(at_agreed_hour()))

    def _facts_at(self, told: pl.DataFrame) -> pl.DataFrame:
        """Facts of calls (see `Calls.told`) at other moments than planned, completed by what is known then."""
        revived = self.own.revived  # counts those of the list
        each = pl.int_range(told.height, dtype=pl.UInt32, eager=True)
        calls = self.completed(Calls(pl.DataFrame(), told["number"], each, told.drop("number")))
        self.own.revived = revived
        return calls.facts()

    def _without_unproven(self, plans: pl.DataFrame) -> pl.DataFrame:
        """Facts in which a consent that lacks what the brief requires, or contradicts its wording, is not known."""
        if self.brief.require_proof:
            unproven = pl.col("consent").is_in(GIVEN) & ~pl.col("proven") & (pl.col("lacks") == "")
            plans = plans.with_columns(lacks=pl.when(unproven).then(pl.lit("proof")).otherwise("lacks"))
        return plans.with_columns(pl.when(pl.col("lacks") == "").then(name).alias(name) for name in DECLARABLE)

    @property
    def _declared_consent(self) -> dict[str, str | date | None]:
        facts = ((name, fact) for name, fact in self.brief.facts.items() if name in DECLARABLE)
        return {name: read_declared(name, fact, self.brief.dates, self.now) for name, fact in facts}


def _over(table: Table, reopen: Callable[[], Table], look: Callable[[Iterator[pl.DataFrame]], None]) -> None:
    """Look at all rows of a list, which then starts again at its first row."""
    read, kept, size = table.batches, list[pl.DataFrame](), 0.0

    def batches() -> Iterator[pl.DataFrame]:
        nonlocal size
        for batch in read:
            yield batch
            size += batch.estimated_size()
            kept.append(batch)
            if size > _MEMORY:
                kept.clear()

    look(batches())
    table.batches = reopen().batches if size > _MEMORY else iter(kept)
