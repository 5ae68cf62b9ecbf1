"""The terms of a check: all that it is told beside its list, understood."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from dnc.checks.brief import Brief
from dnc.checks.consents import DECLARABLE, Consents, read_consents
from dnc.checks.intake import Calls, Intake
from dnc.checks.judge import Judge
from dnc.checks.other_rows import Against
from dnc.checks.screening import Screen
from dnc.checks.verdict import Policy
from dnc.clock import read_day
from dnc.errors import OptionError
from dnc.files.tabular import Table
from dnc.law.rulebook import Rulebook
from dnc.law.vocabulary import AGAINST
from dnc.store.audit_log import canonical
from dnc.store.snapshots import Standing

_HELD = 1 << 28  # bytes of a list that are held while it is read ahead


@dataclass(frozen=True)
class Terms:
    """What a check is told; arguments of `terms_of` of the same names are as of `dnc.checks.run.check`.

    brief: what is declared, by a brief and beside it. consents: laid beside the calls of the list.
    now: the day that counts as today; the clock's, asked for each batch of calls, unless told.
    """

    book: Rulebook
    brief: Brief
    at: str | None
    policy: Policy
    consents: Consents | None
    now: date | None = None

    @property
    def text(self) -> str:
        """All of it but the law and the consents, as canonical JSON; `dnc replay` reads it."""
        brief, policy = self.brief, self.policy
        told: dict[str, Any] = {
            "region": brief.region,
            "dates": brief.dates,
            "columns": brief.columns,
            "values": brief.values,
        }
        told |= {
            "short_rows": brief.short_rows,
            "ignore": list(brief.ignore),
            "facts": brief.facts,
            "at": self.at,
            "guidance": policy.guidance,
            "accept": policy.accepted,
        }
        return canonical(told)

    def intake(self, table: Table) -> Intake:
        """A table of planned calls, understood.

        Raises InputError; OptionError where `at` is no day, or a column that may tell objections is not used.
        """
        intake = Intake(table, self.brief.without(DECLARABLE), self.book, self.at, self.now)
        intake.refuse_unheard()
        return intake

    def read_ahead(self, intake: Intake, again: Callable[[], Table], folder: Path) -> tuple[Intake, Against]:
        """What the rows of a list tell against its numbers, and the intake of all its rows.

        Where the list has no columns for such words, nothing is read.

        Args:
            intake: of the list. again: opens the list once more, where it is too large to be held.
            folder: where words are kept if there are many.
        """
        against = Against(folder, self.policy.language)
        if not intake.against:
            return intake, against
        held, size = list[pl.DataFrame](), 0.0

        def batches() -> Iterator[pl.DataFrame]:
            nonlocal size
            for batch in intake.table.batches:
                yield batch
                size += batch.estimated_size()
                held.append(batch)
                if size > _HELD:
                    held.clear()

        against.read(replace(intake, brief=intake.brief.without(AGAINST)), intake.fitted(batches()))
        table = again() if size > _HELD else replace(intake.table, batches=iter(held))
        return replace(intake, table=table), against

    def laid(self, calls: Calls, against: Against | None = None) -> Calls:
        """Calls of such an intake with all that is told of their numbers elsewhere.

        Other rows, the file of consents, and then what is declared of consents: this is no word about a number, and
        fills what is still untold but nothing that was told and not understood.
        """
        calls = against.beside(calls) if against else calls
        calls = self.consents.beside(calls) if self.consents else calls
        fills = [
            pl.when("consent_odd").then(name).otherwise(pl.col(name).fill_null(pl.lit(fact))).alias(name)
            for name, fact in self._declared.items()
        ]
        return calls._replace(plans=calls.plans.with_columns(fills)) if fills else calls

    @property
    def _declared(self) -> dict[str, str | date | None]:
        """What is declared of consents."""
        facts: dict[str, str | date | None] = {
            name: fact for name, fact in self.brief.facts.items() if name in DECLARABLE
        }
        if "consent_on" in facts:
            facts["consent_on"] = read_day(self.brief.facts["consent_on"], self.brief.dates)
        return facts

    @contextmanager
    def judge(self, standing: Standing) -> Iterator[Judge]:
        """A judge of such calls, by what stands in a store."""
        with Screen(standing, self.book.registries()) as screen, Judge(self.book, screen, self.policy) as judge:
            yield judge


def terms_of(
    *,
    region: str | None = None,
    given: Mapping[str, object] | None = None,
    at: str | date | None = None,
    guidance: str = "enforce",
    brief: Brief | None = None,
    consents: str | Path | None = None,
    rulebook: Rulebook | None = None,
    accept: Mapping[str, str] | None = None,
    language: str = "en",
    now: date | None = None,
) -> Terms:
    """Terms as they are told. Raises InputError and OptionError where they are wrong."""
    book = rulebook or Rulebook.load()
    told = (brief or Brief()).but(region and region.upper(), facts=given)
    policy = _policy(book, guidance, accept or {}, language)
    words = read_consents(consents, told, book, now) if consents else None
    return Terms(book, told, None if at is None else str(at), policy, words, now)


def _policy(book: Rulebook, guidance: str, accept: Mapping[str, str], language: str) -> Policy:
    if guidance not in ("enforce", "advise"):
        raise OptionError(f"guidance {guidance!r} is none of enforce, advise")
    if language not in ("en", "fr"):
        raise OptionError(f"language {language!r} is none of en, fr")
    open_ = {regime.id for _, regime in book.regimes() if regime.is_open}
    for id_, reason in accept.items():
        if id_ not in open_:
            raise OptionError(
                f"{id_!r} cannot be accepted: only law that is contested or was not read here can (see dnc rules)"
            )
        if not reason:
            raise OptionError(f"accepting {id_} asks for a reason")
    return Policy(guidance, dict(accept), language)
