"""The wordings of consents: the text that people saw, kept once under its SHA-256, and what it says in facts."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime
from typing import Annotated, Any

import msgspec
import polars as pl
from msgspec.structs import asdict, replace

from dnc.clock import read_hours
from dnc.errors import InputError, OptionError
from dnc.files.table import folded
from dnc.messages import localized
from dnc.store import audit_log
from dnc.store.journal import Journal
from dnc.store.record_kinds import GIVEN
from dnc.store.state import State

_NAME = re.compile(r"\S.{0,99}")


class WordingFacts(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a wording says: a consent that says something else contradicts it, and takes from it what it leaves out.

    Attributes:
        consent, consent_for, hours_agreed: as in a list of planned calls.
        term_months: after how many months a consent ends.
        used_from, used_until: the days on which the form with this wording was in use.
        names: who is named as the caller. sectors: what is offered. recipients: to whom consents are passed on.
        lang: its language. shot: SHA-256 of a picture of the form.
    """

    consent: str | None = None
    consent_for: str | None = None
    hours_agreed: str | None = None
    term_months: Annotated[int, msgspec.Meta(ge=1, le=1200)] | None = None
    used_from: date | None = None
    used_until: date | None = None
    names: str | None = None
    sectors: str | None = None
    recipients: str | None = None
    lang: str | None = None
    shot: str | None = None

    def __post_init__(self) -> None:
        allowed = {"consent": GIVEN, "consent_for": ("live", "automated", "both")}
        for name, words in allowed.items():
            if (word := getattr(self, name)) is not None and word not in words:
                raise ValueError(name)


_DAYS = dict.fromkeys(("used_from", "used_until"), pl.Date)
_SAYS: dict[str, Any] = dict.fromkeys(WordingFacts.__struct_fields__, pl.String) | _DAYS | {"term_months": pl.Int64}
NONE_KEPT = pl.DataFrame(schema={"wording": pl.String, **_SAYS})


class Wording(msgspec.Struct, frozen=True):
    """A wording. sha256: of its text. added_at: in UTC, without offset."""

    name: str
    sha256: str
    text: str
    facts: WordingFacts
    added_at: datetime


def add(journal: Journal, name: str, text: str, facts: Mapping[str, str] | None = None) -> Wording:
    """Keep a wording under a name, which statements then name.

    Names are compared as those of columns are; the wording of a name that is kept is returned as it is.

    Raises InputError where the name has another text or other facts, OptionError for a fact that is wrong; StoreError.
    """
    if not (_NAME.fullmatch(name) and name.isprintable() and text.strip()):
        raise InputError(localized("errors", "wording", "empty"))
    read = _read(dict(facts or {}))
    new = Wording(name, hashlib.sha256(text.encode()).hexdigest(), text, read, audit_log.now())
    with journal.change() as change:
        for was in change.state.all("wordings", Wording).values():
            if folded(was.name) == folded(name):
                if (was.sha256, was.facts) != (new.sha256, new.facts):
                    raise InputError(localized("errors", "wording", "exists", name=name))
                return was
        change.put("wordings", name, new)
        change.log("add-wording", {"name": name})
    return new


def _read(facts: dict[str, str]) -> WordingFacts:
    """Facts as somebody told them. Raises OptionError."""
    with suppress(msgspec.ValidationError, ValueError):
        read = msgspec.convert(facts, WordingFacts, strict=False)
        hours = read_hours(read.hours_agreed or "")
        if hours or read.hours_agreed is None:
            return replace(read, hours_agreed=hours)
    known = ", ".join(WordingFacts.__struct_fields__)
    raise OptionError(localized("errors", "wording", "facts", known=known))


def facts_of(state: State) -> pl.DataFrame:
    """What each wording says: `wording` (its name), and the fields of `WordingFacts`."""
    rows = state.all("wordings", Wording).values()
    cells = [{"wording": row.name, **{name: getattr(row.facts, name) for name in _SAYS}} for row in rows]
    return pl.DataFrame(cells, schema={"wording": pl.String, **_SAYS})


def in_store(journal: Journal) -> list[Wording]:
    """All wordings, oldest first; none if there is no store. Raises StoreError."""
    return journal.asked(lambda state: list(state.all("wordings", Wording).values())) or []


def table(journal: Journal) -> pl.DataFrame:
    """All wordings as rows: `name`, `sha256`, `added_at`, `facts` (JSON), `text`. Raises StoreError."""
    columns = {"name": pl.String, "sha256": pl.String, "added_at": pl.Datetime, "facts": pl.String, "text": pl.String}
    rows = (asdict(one) | {"facts": msgspec.json.encode(one.facts).decode()} for one in in_store(journal))
    return pl.DataFrame(list(rows), schema=columns)
