"""Campaigns in a store: a brief under a name, so that a call over HTTP needs only what is particular to it.

A version is never changed. A campaign that was removed has a version without a brief, and its next one follows it.
"""

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
from dnc.store.ledger import Change, Ledger

_NAME = re.compile(r"\w[\w.@-]{0,59}")


class Campaign(msgspec.Struct, frozen=True):
    """One version of a campaign.

    Attributes:
        name: what requests call it. version: from 1. sha256, text: of its brief (TOML); None if it was removed.
        added_at: in UTC, without offset.
    """

    name: str
    version: int
    sha256: str | None
    text: str | None
    added_at: datetime


def add(ledger: Ledger, name: str, text: str) -> int:
    """Keep a brief as the next version of a campaign; returns the number of the version. Raises InputError, StoreError.

    A brief that is already the newest version is not kept again.
    """
    if not _NAME.fullmatch(name):
        raise InputError(localized("errors", "campaign", "name"))
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    with ledger.change() as change:
        last = _newest(change.con).get(name)
        if last and last.sha256 == sha256:
            return last.version
        return _append(change, Campaign(name, last.version + 1 if last else 1, sha256, text, audit_log.now()))


def remove(ledger: Ledger, name: str) -> None:
    """Remove a campaign; its versions stay, for the checks that they decided. Raises InputError, StoreError."""
    with ledger.change() as change:
        last = existing(_newest(change.con), name)
        _append(change, Campaign(name, last.version + 1, None, None, audit_log.now()))


def in_store(ledger: Ledger) -> dict[str, Campaign]:
    """The newest version of each campaign that is there, by name. Raises StoreError."""
    newest = ledger.asked(_newest) or {}
    return {name: campaign for name, campaign in newest.items() if campaign.text is not None}


def current(ledger: Ledger, name: str) -> Campaign:
    """The newest version of a campaign. Raises InputError if there is no such campaign, StoreError."""
    return existing(in_store(ledger), name)


def _newest(con: ledger_sql.Connection) -> dict[str, Campaign]:
    return {row["name"]: Campaign(**row) for row in ledger_sql.campaigns(con)}


def existing(newest: Mapping[str, Campaign], name: str) -> Campaign:
    """One of some campaigns. Raises InputError if it is not among them, or was removed."""
    if name in newest and newest[name].text is not None:
        return newest[name]
    known = sorted(other for other, campaign in newest.items() if campaign.text is not None)
    raise InputError(localized("errors", "campaign", "none", known=", ".join(known) or "-"))


def _append(change: Change, campaign: Campaign) -> int:
    ledger_sql.insert(change.con, "campaigns", structs.asdict(campaign))
    detail = {"name": campaign.name, "version": campaign.version, "brief": campaign.sha256}
    change.log("remove-campaign" if campaign.text is None else "add-campaign", detail)
    return campaign.version
