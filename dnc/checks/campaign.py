"""The brief of a campaign that a store keeps, and briefs that are made from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from dnc.files.toml_reader import toml_of
from dnc.lists.brief import Brief, brief_of_text
from dnc.lists.brief_text import brief_text
from dnc.store import campaigns
from dnc.store.campaigns import Campaign
from dnc.store.store import Store

_OF_CELLS = ("texts", "values")  # keys of a brief: what the words of cells mean, which may name people


def keep_campaign(store: Store, name: str, text: str) -> None:
    """Keep a brief (TOML) under a name, in place of the one before. Raises InputError, StoreError."""
    rest = {key: entry for key, entry in toml_of(text).items() if key not in _OF_CELLS}
    campaigns.add(store.journal, name, text, brief_text(rest))


def brief_of_campaign(store: Store, name: str) -> Brief:
    """The brief of a campaign, without what it says of the columns of a file; its calls have its name.

    Raises InputError if there is no such campaign, or this version of the program does not understand its brief.
    """
    return brief_of(campaigns.current(store.journal, name))


def brief_of(found: Campaign) -> Brief:
    """The brief of a campaign, see `brief_of_campaign`. Raises InputError."""
    name = found.name
    brief = brief_of_text(found.text, found.sha256, Path(name)).without_file()
    return replace(brief, facts={"campaign": name, **brief.facts}, campaign=name)


def brief_for_list(store: Store, name: str, facts: Mapping[str, str] | None = None) -> str:
    """The brief of a campaign (TOML) for one of its lists; its calls have its name. Raises InputError.

    facts: in place of its own; what is left is what it says of columns, for another campaign with such a file.
    """
    brief = toml_of(campaigns.current(store.journal, name).text)
    return brief_text({**brief, "facts": {"campaign": name, **brief.get("facts", {})} if facts is None else facts})


def brief_without(brief: Mapping[str, Any], *facts: str) -> str:
    """A brief (TOML) without some of its facts."""
    left = {name: fact for name, fact in brief.get("facts", {}).items() if name not in facts}
    return brief_text({**brief, "facts": left})
