"""The brief of a campaign that a store keeps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from dnc.lists.brief import Brief, brief_of_text
from dnc.store import campaigns
from dnc.store.campaigns import Campaign
from dnc.store.store import Store


def brief_of_campaign(store: Store, name: str) -> Brief:
    """The newest brief of a campaign, without what it says of the columns of a file; its calls have its name.

    Raises InputError if there is no such campaign, or this version of the program does not understand its brief.
    """
    return brief_of(campaigns.current(store.ledger, name))


def brief_of(found: Campaign) -> Brief:
    """The brief of a campaign, see `brief_of_campaign`. Raises InputError."""
    name = found.name
    brief = brief_of_text(found.text or "", found.sha256 or "", Path(name)).without_file()
    return replace(brief, facts={"campaign": name, **brief.facts}, campaign=f"{name} {found.version}")
