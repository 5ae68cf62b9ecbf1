"""Campaigns in a store: a brief under a name, so that a call over HTTP needs only what is particular to it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime

import msgspec
from msgspec import structs

from dnc.errors import InputError
from dnc.messages import localized
from dnc.store import audit_log, ledger_sql
from dnc.store.ledger import Ledger

_NAME = re.compile(r"\w[\w.@-]{0,59}")


class Campaign(msgspec.Struct, frozen=True):
    """A campaign.

    Attributes:
        name: what requests call it. sha256, text: of its brief (TOML). added_at: in UTC, without offset.
    """

    name: str
    sha256: str
    text: str
    added_at: datetime


def add(ledger: Ledger, name: str, text: str) -> None:
    """Keep the brief of a campaign, in place of the one before. Raises InputError, StoreError."""
    if not _NAME.fullmatch(name):
        raise InputError(localized("errors", "campaign", "name"))
    campaign = Campaign(name, hashlib.sha256(text.encode()).hexdigest(), text, audit_log.now())
    with ledger.change() as change:
        ledger_sql.remove(change.con, "campaigns", "name", name)
        ledger_sql.insert(change.con, "campaigns", structs.asdict(campaign))
        change.log("add-campaign", {"name": name, "brief": campaign.sha256})


def remove(ledger: Ledger, name: str) -> None:
    """Remove a campaign. Raises InputError, StoreError."""
    with ledger.change() as change:
        existing(_all(change.con), name)
        ledger_sql.remove(change.con, "campaigns", "name", name)
        change.log("remove-campaign", {"name": name})


def in_store(ledger: Ledger) -> dict[str, Campaign]:
    """The campaigns, by name. Raises StoreError."""
    return ledger.asked(_all) or {}


def current(ledger: Ledger, name: str) -> Campaign:
    """A campaign. Raises InputError if there is no such campaign, StoreError."""
    return existing(in_store(ledger), name)


def _all(con: ledger_sql.Connection) -> dict[str, Campaign]:
    return {row["name"]: Campaign(**row) for row in ledger_sql.campaigns(con)}


def existing(campaigns: Mapping[str, Campaign], name: str) -> Campaign:
    """One of some campaigns. Raises InputError if it is not among them."""
    if name not in campaigns:
        raise InputError(localized("errors", "campaign", "none", known=", ".join(sorted(campaigns)) or "-"))
    return campaigns[name]
