"""The settings of a check: everything a check is given apart from the list itself and the store.

`Settings` is what a caller passes; `Setup` is the same, read and checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, TypedDict

import msgspec
import polars as pl

from dnc.clock import today
from dnc.database import refuse_fork
from dnc.errors import OptionError, declared, must_be
from dnc.files.table import Table
from dnc.law.rulebook import Rulebook
from dnc.law.vocabulary import vocabulary
from dnc.lists.brief import CONSENT_MONTHS, KEYS, Brief, read_brief
from dnc.lists.completion import Completion
from dnc.lists.consents import Consents, read_consents
from dnc.lists.header import Header, NoNumberError
from dnc.lists.intake import Intake
from dnc.lists.own_statements import OwnStatements
from dnc.lists.persons import LINKS
from dnc.lists.roles import Survey
from dnc.messages import LANGUAGES, either, localized
from dnc.store.audit_log import canonical
from dnc.store.record_kinds import GIVEN
from dnc.store.snapshots import Standing
from dnc.store.store import Store
from dnc.verdicts.judge import Judge
from dnc.verdicts.screening import Screen
from dnc.verdicts.verdict import Policy


class SettingsOptions(TypedDict, total=False):
    """The fields of `Settings`, as keywords; see `dnc.errors.declared`."""

    region: Annotated[str | None, "text"]
    given: Annotated[Mapping[str, object] | None, "facts"]
    at: Annotated[str | date | datetime | None, "day"]
    guidance: Annotated[str | None, "text"]
    brief: Annotated[Brief | str | Path | None, "brief"]
    consents: Annotated[str | Path | None, "path"]
    rulebook: Annotated[Rulebook | None, "rulebook"]
    accept: Annotated[Mapping[str, str] | None, "reasons"]
    language: Annotated[str, "text"]
    now: Annotated[date | None, "day"]


_DECLARED = declared(SettingsOptions)
UNREAD = "unread"  # what may be accepted besides regimes


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a list, a batch or a single call is decided.

    Every function of `dnc.api` takes these fields as keywords, or a `Settings` as `settings=`, or both: a keyword
    then replaces the field.

    Attributes:
        region: numbering plan of numbers in national format (ISO 3166-1 alpha-2).
        given: facts declared for all calls; they fill empty cells.
        at: when calls are planned that have no `call_at` (ISO 8601, a date or a datetime), in place of what the brief
            says; else today, and at a gate (see `Setup`) the present minute.
        guidance: `enforce` (a regulator's recommendation counts like law) or `advise`, in place of what the brief says.
        brief: how the columns and words of the list map to those of `dnc`, or the path of its file; `region` and
            `given` are added to it.
        consents: a file of consents, joined to the calls by number (see `dnc.lists.consents`).
        rulebook: the law; by default that of the store: the rules that ship, with those of its rules pack.
        accept: regimes that no fact can decide, taken out of the outcome, and `unread` (rows with an objection, a
            refusal or a withdrawal whose number cannot be read), each with the reason; logged.
        language: of `dnc_why` and of reports, one of `dnc.messages.LANGUAGES`.
        now: the day that counts as today, to decide a check again; by default the clock's, read for each batch.
    """

    region: str | None = None
    given: Mapping[str, object] | None = None
    at: str | date | None = None
    guidance: str | None = None
    brief: Brief | str | Path | None = None
    consents: str | Path | None = None
    rulebook: Rulebook | None = None
    accept: Mapping[str, str] | None = None
    language: str = "en"
    now: date | None = None

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

    def policy(self, book: Rulebook, brief: Brief) -> Policy:
        """How guidance and what is accepted count, by these settings and a brief. Raises OptionError."""
        guidance, accept = self.guidance or brief.guidance or "enforce", self.accept or {}
        if guidance not in ("enforce", "advise"):
            raise OptionError(localized("errors", "guidance", guidance=guidance))
        if self.language not in LANGUAGES:
            raise OptionError(localized("errors", "language", language=self.language, known=either(LANGUAGES)))
        acceptable = {UNREAD, *(id_ for id_, regime in book.by_id.items() if regime.is_open)} if accept else set()
        for id_, reason in accept.items():
            if id_ not in acceptable:
                raise OptionError(localized("errors", "not_acceptable", id=id_))
            if not reason.strip():
                raise OptionError(localized("errors", "accept_reason", id=id_))
        return Policy(guidance, dict(accept), self.language)

    def read(self, store: Store, *, at_gate: bool = False) -> Setup:
        """Read the consents and check every field; the law is that of the store, unless another is given.

        at_gate: see `Setup`.

        Raises InputError and OptionError where a value is wrong or the process was forked, StoreError where the store
        cannot be read.
        """
        refuse_fork()
        book = self.rulebook or Rulebook.load()
        brief = self.campaign
        if self.at is not None and "call_at" not in brief.by_options:
            brief = brief.without(["call_at"])
        brief = brief.but(self.region and self.region.upper(), facts=self.given)
        policy = self.policy(book, brief)
        consents = read_consents(self.consents, brief, book, self.now) if self.consents else None
        at = None if self.at is None else str(self.at)
        return Setup(book, brief, at, policy, consents, self.now, at_gate)


class Setup(msgspec.Struct, frozen=True):
    """Settings that were read and checked.

    Attributes:
        book: the law.
        brief: of the list, with the region and the facts that were given beside it.
        at: when calls are planned that have no `call_at`.
        policy: how guidance and accepted regimes count.
        consents: joined to the calls of the list.
        now: the day that counts as today; None for the clock's.
        at_gate: whether calls are about to be made, and not rows of a list: without a `call_at` they are made now, to
            the minute, and a day alone leaves the hour open.
    """

    book: Rulebook
    brief: Brief
    at: str | None
    policy: Policy
    consents: Consents | None
    now: date | None = None
    at_gate: bool = False

    @property
    def text(self) -> str:
        """All of it but the law and the consents, as canonical JSON; `dnc replay` reads it."""
        usual = {"require_proof": False, "consent_months": CONSENT_MONTHS}
        names = (name for name in KEYS if name not in usual or getattr(self.brief, name) != usual[name])
        settings: dict[str, Any] = {name: getattr(self.brief, name) for name in names}
        settings["texts"] = {name: asdict(texts) for name, texts in self.brief.texts.items()}
        settings |= {"at": self.at, "guidance": self.policy.guidance, "accept": self.policy.accepted}
        return canonical(settings)

    def intake(self, table: Table) -> Intake:
        """The intake of a table of planned calls.

        Raises InputError; OptionError where `at` is not a date, RolesError where no column is that of the numbers.
        """
        brief = self.consents.brief_of_list(self.brief, table) if self.consents else self.brief
        intake = Intake(table, brief, self.book, self.at, self.now, self.policy.language, at_gate=self.at_gate)
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

    @contextmanager
    def judge(self, standing: Standing) -> Iterator[tuple[Judge, Completion]]:
        """A judge of such calls, by the snapshots of a store, and what completes them from its own records."""
        with (
            OwnStatements(standing, self._told, self.brief.require_proof) as own,
            Screen(standing, self.book.registries()) as screen,
            Judge(self.book, screen, self.policy) as judge,
        ):
            links = self.consents.links if self.consents else pl.DataFrame(schema=LINKS)
            yield (
                judge,
                Completion(
                    self.brief,
                    own,
                    links,
                    self._confirmed_by,
                    self.now,
                    accept_unread=UNREAD in self.policy.accepted,
                    language=self.policy.language,
                    at_gate=self.at_gate,
                ),
            )

    @property
    def _told(self) -> pl.DataFrame | None:
        """The rows of the file of consents; a consent that does not tell for which calls is for those declared."""
        declared = self.brief.facts.get("consent_for")
        if not self.consents or declared not in vocabulary().axes["consent_for"]:
            return self.consents.rows if self.consents else None
        calls = pl.when(pl.col("consent").is_in(GIVEN)).then(pl.col("consent_for").fill_null(declared))
        return self.consents.rows.with_columns(calls.otherwise("consent_for").alias("consent_for"))

    @property
    def _confirmed_by(self) -> dict[str, tuple[str, ...]]:
        """Jurisdiction → the ways of confirmation that prove a number there, where the law in force names some."""
        regimes = ((name, regime) for name, pack in self.book.packs.items() for regime in pack.on(today()))
        return {name: regime.confirmed_by for name, regime in regimes if regime.confirmed_by}
