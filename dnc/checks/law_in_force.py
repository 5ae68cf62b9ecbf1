"""The law that the checks of a store use: the rules that ship, those of the rules pack in it, and those of the user."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from dnc.errors import StoreError
from dnc.law.rulebook import PackId, Rulebook, shipped
from dnc.messages import localized
from dnc.store import rule_packs
from dnc.store.store import Store


def law_of(store: Store, extra: str | Path | None = None) -> Rulebook:
    """The rulebook of a store, which need not exist.

    Args:
        extra: a folder of more rules files, as for `Rulebook.load`.
    Raises:
        StoreError: the store cannot be read, or the program has other rules than those that its rules pack replaced:
            nobody can know then which of the two are newer. RuleError: a rules file is wrong.
    """
    found = rule_packs.installed(store.ledger)
    if found is None:
        return Rulebook.load(extra)
    pack, texts = found
    own = shipped()
    for name, (brought, over) in pack.files.items():
        now = hashlib.sha256(own[name].encode()).hexdigest() if name in own else None
        if now not in (over, brought):
            raise StoreError(localized("errors", "rules_changed", store=store.path, name=name, version=pack.version))
    return _loaded(extra, pack, texts)


def law_used(store: Store) -> Rulebook:
    """The rulebook of a store without folders of the user, even where the program's rules have changed since."""
    found = rule_packs.installed(store.ledger)
    return Rulebook.load() if found is None else _loaded(None, *found)


def _loaded(extra: str | Path | None, pack: rule_packs.InstalledPack, texts: Mapping[str, str]) -> Rulebook:
    return Rulebook.load(extra, texts, PackId(pack.version, pack.sha256, pack.signer))
