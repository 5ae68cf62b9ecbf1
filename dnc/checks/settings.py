"""The settings of a check: everything a check is given apart from the list itself and the store.

`Settings` is what a caller passes; `Setup` is the same, read and checked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, TypedDict

import msgspec
import polars as pl
from msgspec import structs

from dnc.checks.law_in_force import law_of
from dnc.clock import today
from dnc.database import refuse_fork
from dnc.errors import OptionError, UnreadRowsError, declared, must_be
from dnc.files.table import Table
from dnc.law.rulebook import Rulebook
from dnc.law.vocabulary import vocabulary
from dnc.lists.brief import KEYS, Brief, read_brief
from dnc.lists.calls import Calls
from dnc.lists.cell_facts import BY_RULE, SPOKEN, at_agreed_hour, read_declared
from dnc.lists.consents import Consents, read_consents
from dnc.lists.header import DECLARABLE, Header, NoNumberError
from dnc.lists.intake import Intake
from dnc.lists.other_rows import Against
from dnc.lists.own_facts import OwnFacts
from dnc.lists.roles import Survey
from dnc.messages import LANGUAGES, either, figure, localized
from dnc.store.audit_log import canonical
from dnc.store.record_kinds import GIVEN
from dnc.store.snapshots import Standing
from dnc.store.store import Store
from dnc.verdicts.judge import Judge
from dnc.verdicts.screening import Screen
from dnc.verdicts.verdict import Policy

_MEMORY = 1 << 28  # bytes of a list that are kept in memory between its two readings


class SettingsOptions(TypedDict, total=False):
    """The fields of `Settings`, as keywords; see `dnc.errors.declared`."""

    region: Annotated[str | None, "text"]
    given: Annotated[Mapping[str, object] | None, "facts"]
    at: Annotated[str | date | datetime | None, "day"]
    guidance: Annotated[str, "text"]
    brief: Annotated[Brief | str | Path | None, "brief"]
    consents: Annotated[str | Path | None, "path"]
    rulebook: Annotated[Rulebook | None, "rulebook"]
    accept: Annotated[Mapping[str, str] | None, "reasons"]
    language: Annotated[str, "text"]
    now: Annotated[date | None, "day"]
    accept_unread: Annotated[int | None, "number"]
    reason: Annotated[str | None, "text"]


_DECLARED = declared(SettingsOptions)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a list, a batch or a single call is decided.

    Every function of `dnc.api` takes these fields as keywords, or a `Settings` as `settings=`, or both: a keyword
    then replaces the field.

    Attributes:
        region: numbering plan of numbers in national format (ISO 3166-1 alpha-2).
        given: facts declared for all calls; they fill empty cells.
        at: when calls are planned that have no `call_at` (ISO 8601, a date or a datetime), in place of what the brief
            says; else today.
        guidance: `enforce` (a regulator's recommendation counts like law) or `advise`.
        brief: how the columns and words of the list map to those of `dnc`, or the path of its file; `region` and
            `given` are added to it.
        consents: a file of consents, joined to the calls by number (see `dnc.lists.consents`).
        rulebook: the law; by default that of the store: the rules that ship, with those of its rules pack.
        accept: regimes that no fact can decide, taken out of the outcome, each with the reason.
        language: of `dnc_why` and of reports, one of `dnc.messages.LANGUAGES`.
        now: the day that counts as today, to decide a check again; by default the clock's, read for each batch.
        accept_unread: how many rows with an objection, a refusal or a withdrawal may have a number that cannot be read.
        reason: why these are accepted; logged.
    """

    region: str | None = None
    given: Mapping[str, object] | None = None
    at: str | date | None = None
    guidance: str = "enforce"
    brief: Brief | str | Path | None = None
    consents: str | Path | None = None
    rulebook: Rulebook | None = None
    accept: Mapping[str, str] | None = None
    language: str = "en"
    now: date | None = None
    accept_unread: int | None = None
    reason: str | None = None

    @classmethod
    def of(cls, settings: Settings | None, options: SettingsOptions) -> Settings:
        """Settings with some fields replaced. Raises OptionError for a keyword that is not a field."""
        if settings is not None:
            must_be("settings", settings, "settings", cls)
        if unknown := [name for name in options if name not in _DECLARED]:
            if unknown[0] in vocabulary().columns:
                raise OptionError(localized("errors", "fact_argument", name=unknown[0]))
            raise OptionError(localized("errors", "no_argument", name=unknown[0], known=", ".join(_DECLARED)))
        return replace(settings or cls(), **options)

    def __post_init__(self) -> None:
        for name, (wanted, *kinds) in _DECLARED.items():
            must_be(name, value := getattr(self, name), wanted, *kinds)
            for key in value if isinstance(value, Mapping) else ():
                must_be(name, key, wanted, str)
        for reason in (self.accept or {}).values():
            must_be("accept", reason, "reasons", str)

    @property
    def campaign(self) -> Brief:
        """The brief, read where it is a path; an empty one where there is none. Raises InputError."""
        return read_brief(self.brief) if isinstance(self.brief, str | Path) else self.brief or Brief()

    def read(self, store: Store) -> Setup:
        """Read the consents and check every field; the law is that of the store, unless another is given.

        Raises InputError and OptionError where a value is wrong or the process was forked, StoreError where the store
        cannot be read.
        """
        refuse_fork()
        book = self.rulebook or law_of(store)
        brief = self.campaign
        if self.at is not None and "call_at" not in brief.by_options:
            brief = brief.without(["call_at"])
        brief = brief.but(self.region and self.region.upper(), facts=self.given)
        policy = _policy(book, self.guidance, self.accept or {}, self.language)
        consents = read_consents(self.consents, brief, book, self.now) if self.consents else None
        if self.accept_unread and not (self.reason or "").strip():
            raise OptionError(localized("errors", "accept_unread_reason"))
        at = None if self.at is None else str(self.at)
        return Setup(book, brief, at, policy, consents, self.now, self.accept_unread or 0, self.reason)


class Setup(msgspec.Struct, frozen=True):
    """Settings that were read and checked.

    Attributes:
        book: the law.
        brief: of the list, with the region and the facts that were given beside it.
        at: when calls are planned that have no `call_at`.
        policy: how guidance and accepted regimes count.
        consents: joined to the calls of the list.
        now: the day that counts as today; None for the clock's.
        accept_unread, reason: see `Settings`.
    """

    book: Rulebook
    brief: Brief
    at: str | None
    policy: Policy
    consents: Consents | None
    now: date | None = None
    accept_unread: int = 0
    reason: str | None = None

    @property
    def text(self) -> str:
        """All of it but the law and the consents, as canonical JSON; `dnc replay` reads it."""
        names = (name for name in KEYS if name != "require_proof" or self.brief.require_proof)
        settings: dict[str, Any] = {name: getattr(self.brief, name) for name in names}
        settings["texts"] = {name: asdict(texts) for name, texts in self.brief.texts.items()}
        settings |= {"accept_unread": self.accept_unread, "at": self.at}
        settings |= {"guidance": self.policy.guidance, "accept": self.policy.accepted}
        return canonical(settings)

    def intake(self, table: Table) -> Intake:
        """The intake of a table of planned calls.

        Raises InputError; OptionError where `at` is not a date, RolesError where no column is that of the numbers.
        """
        brief = self.brief.without(DECLARABLE)
        brief = self.consents.brief_of_list(brief, table) if self.consents else brief
        intake = Intake(table, brief, self.book, self.at, self.now, self.policy.language)
        try:
            _ = intake.header.columns
        except NoNumberError as error:
            if not error.likely:
                raise
            header = Header(table, self.brief.but(columns={"number": error.likely[0]}))
            survey = Survey(header)
            survey.look(table.batches)
            survey.refuse_without_number(error)
        return intake

    def read_ahead(
        self, intake: Intake, reopen: Callable[[], Table], folder: Path, judge: Judge, own: OwnFacts
    ) -> tuple[Intake, Against]:
        """Look at all rows of a list for what has to be known before the first is decided.

        That is the role of every column, what stands around the tables of all files, and the objections and withdrawals
        of persons. A list in one file whose columns all have a role, and none of them for these, is not read.

        Args:
            intake: of the list.
            reopen: opens the list a second time, where it is too large to be kept in memory.
            folder: for what is collected, if it is much.
            judge, own: know the objections, withdrawals and refusals in the store.
        Returns:
            An intake that starts again at the first row, and what was collected.
        Raises:
            RolesError: a column has no role. InputError: an objection has a number that cannot be read.
        """

        def recorded(numbers: pl.Series) -> pl.DataFrame:
            objected = judge.objections(numbers).rename({"on": "objected_on"})
            ended = [self.consents.withdrawn(numbers)] if self.consents else []
            return pl.concat([objected, *own.against(numbers), *ended], how="diagonal")

        survey, against = Survey(intake.header), Against(folder, self.policy.language)
        if survey.is_needed or not intake.table.is_last:
            self._over(intake.table, reopen, survey.look)
        if found := survey.read_columns():
            intake = structs.replace(intake, found=found)
        alone = intake.header.as_they_stand  # a text in one of them is about its row alone
        read = [column for column in (*intake.header.read, *intake.found) if column.column not in alone]
        reads_texts = any(column.others != "used" for column in read)
        links = [self.consents.links] if self.consents and self.consents.links.height else []
        if intake.header.against or intake.may_link or links or reads_texts or intake.begins_with_marks():
            undeclared = intake.undeclared
            self._over(
                intake.table, reopen, lambda rows: against.read(undeclared, undeclared.fitted(rows), recorded, links)
            )
            self._refuse_unplaced(intake, against)
        return intake, against

    @staticmethod
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

    def _refuse_unplaced(self, intake: Intake, against: Against) -> None:
        """Raise UnreadRowsError where more objections than were accepted have a number that cannot be read."""
        if against.unplaced > self.accept_unread:
            message = localized("errors", "unplaced", n=figure(against.unplaced), count=against.unplaced)
            error = UnreadRowsError(message, intake.table.path, against.line)
            error.count = against.unplaced
            raise error

    def completed(self, calls: Calls, own: OwnFacts, against: Against | None = None) -> Calls:
        """Calls with what other rows, the file of consents, the store's own records and the brief say of their numbers.

        A declared consent comes last (that of a rule about filled and empty cells before one for all rows): it fills
        what is still empty, but replaces nothing that was not understood; nor does one for all rows fill what a rule
        reads from a filled cell, which may say `no`.
        """
        calls = against.completed(calls) if against else calls
        calls = self.consents.completed(calls) if self.consents else calls
        calls = own.completed(calls)
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

    def _without_unproven(self, plans: pl.DataFrame) -> pl.DataFrame:
        """Facts in which a consent that lacks what the brief requires, or contradicts its wording, is not known."""
        if self.brief.require_proof:
            unproven = pl.col("consent").is_in(GIVEN) & ~pl.col("proven") & (pl.col("lacks") == "")
            plans = plans.with_columns(lacks=pl.when(unproven).then(pl.lit("proof")).otherwise("lacks"))
        return plans.with_columns(pl.when(pl.col("lacks") == "").then(name).alias(name) for name in DECLARABLE)

    @property
    def _declared_consent(self) -> dict[str, str | date | None]:
        dates, now = self.brief.dates, self.now
        facts = ((name, fact) for name, fact in self.brief.facts.items() if name in DECLARABLE)
        return {name: read_declared(name, fact, dates, now) for name, fact in facts}

    @contextmanager
    def judge(self, standing: Standing) -> Iterator[tuple[Judge, OwnFacts]]:
        """A judge of such calls, by the snapshots of a store, and what its own records say of them."""
        with (
            OwnFacts(standing, self.brief.require_proof, self._confirmed_by) as own,
            Screen(standing, self.book.registries()) as screen,
            Judge(self.book, screen, self.policy) as judge,
        ):
            yield judge, own

    @property
    def _confirmed_by(self) -> dict[str, tuple[str, ...]]:
        """Jurisdiction → the ways of confirmation that prove a number there, where the law in force names some."""
        regimes = ((name, regime) for name, pack in self.book.packs.items() for regime in pack.on(today()))
        return {name: regime.confirmed_by for name, regime in regimes if regime.confirmed_by}


def _policy(book: Rulebook, guidance: str, accept: Mapping[str, str], language: str) -> Policy:
    if guidance not in ("enforce", "advise"):
        raise OptionError(localized("errors", "guidance", guidance=guidance))
    if language not in LANGUAGES:
        raise OptionError(localized("errors", "language", language=language, known=either(LANGUAGES)))
    open_ = {id_ for id_, regime in book.by_id.items() if regime.is_open} if accept else set()
    for id_, reason in accept.items():
        if id_ not in open_:
            raise OptionError(localized("errors", "not_acceptable", id=id_))
        if not reason.strip():
            raise OptionError(localized("errors", "accept_reason", id=id_))
    return Policy(guidance, dict(accept), language)
