"""Campaigns in a store: a brief under a name, so that a call over HTTP needs only what is particular to it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime

import msgspec

from dnc.errors import InputError
from dnc.messages import localized
from dnc.store import audit_log
from dnc.store.journal import Journal
from dnc.store.state import State

_NAME = re.compile(r"\w[\w.@-]{0,59}")


class Campaign(msgspec.Struct, frozen=True):
    """A campaign.

    Attributes:
        name: what requests call it. text: of its brief (TOML).
        added_at: in UTC, without offset.
        rest: of the text what stays when a person is forgotten, without the words of cells; None in stores that were
            written before it was kept, where all of it stays.
    """

    name: str
    text: str
    added_at: datetime
    rest: str | None = None

    @property
    def sha256(self) -> str:
        """That of its brief."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def add(journal: Journal, name: str, text: str, rest: str) -> None:
    """Keep the brief of a campaign, in place of the one before; `rest` is as in `Campaign`.

    Raises InputError, StoreError.
    """
    if not _NAME.fullmatch(name):
        raise InputError(localized("errors", "campaign", "name"))
    campaign = Campaign(name, text, audit_log.now(), rest)
    with journal.change() as change:
        change.put("campaigns", name, campaign)
        change.log("add-campaign", {"name": name})


def remove(journal: Journal, name: str) -> None:
    """Remove a campaign, and every byte of its brief, which may name people. Raises InputError, StoreError."""
    with journal.change(erasing=True) as change:
        existing(all_in(change.state), name)
        change.put("campaigns", name, None)
        change.log("remove-campaign", {"name": name})


def in_store(journal: Journal) -> dict[str, Campaign]:
    """The campaigns, by name. Raises StoreError."""
    return journal.asked(all_in) or {}


def current(journal: Journal, name: str) -> Campaign:
    """A campaign. Raises InputError if there is no such campaign, StoreError."""
    return existing(in_store(journal), name)


def all_in(state: State) -> dict[str, Campaign]:
    """The campaigns, by name."""
    return state.all("campaigns", Campaign)


def existing(campaigns: Mapping[str, Campaign], name: str) -> Campaign:
    """One of some campaigns. Raises InputError if it is not among them."""
    if name not in campaigns:
        raise InputError(localized("errors", "campaign", "none", known=", ".join(sorted(campaigns)) or "-"))
    return campaigns[name]
