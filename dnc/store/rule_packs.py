"""Rules packs in a store: which keys it trusts, which pack it uses, and the packs that it used before.

Packs are not read or judged here: before one is installed, its signature was verified and its rules were tried. The
texts of its rules are kept with those of the rules of checks, so that they are never lost.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from dnc.errors import InputError
from dnc.messages import localized
from dnc.store import audit_log, ledger_sql
from dnc.store.ledger import Ledger
from dnc.store.manifest import DamageError


class InstalledPack(msgspec.Struct, frozen=True):
    """A rules pack in a store.

    Attributes:
        version, sha256, signer: of the pack, as in `dnc.law.rulebook.PackId`.
        files: name of each rules file → its SHA-256, and that of the program's own file that it replaced when it was
            installed, or None if there was none.
    """

    version: str
    sha256: str
    signer: str
    files: Mapping[str, tuple[str, str | None]]

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> InstalledPack:
        """The pack in a row of the ledger."""
        files = {name: (own, over) for name, (own, over) in json.loads(row["files"]).items()}
        return cls(row["version"], row["sha256"], row["signer"], files)


def installed(ledger: Ledger) -> tuple[InstalledPack, dict[str, str]] | None:
    """The pack in use, and the texts of its rules files by name; None if there is none. Raises StoreError."""
    return _installed(ledger, ledger.state_of("rule_packs")) if ledger.exists else None


@lru_cache(maxsize=2)
def _installed(ledger: Ledger, _: object) -> tuple[InstalledPack, dict[str, str]] | None:
    with ledger.read(edited=True) as opened:  # `status` and `verify` say what was edited
        rows = ledger_sql.rule_packs(opened.con)
        if not rows:
            return None
        pack = InstalledPack.of(rows[-1])
        texts = ledger_sql.texts(opened.con, "rules", [own for own, _ in pack.files.values()])
    by_hash = {_hash(text): text for text in texts}
    if lacking := {own for own, _ in pack.files.values()} - by_hash.keys():
        raise DamageError(ledger.folder, localized("fault", "texts", table="rules", n=len(lacking)))
    return pack, {name: by_hash[own] for name, (own, _) in pack.files.items()}


def signers(ledger: Ledger) -> list[str]:
    """The fingerprints of the keys that are trusted; none if there is no store. Raises StoreError."""
    return ledger.asked(ledger_sql.signers) or []


def install(
    ledger: Ledger,
    pack: tuple[str, str, str],
    rules: Mapping[str, str],
    shipped: Mapping[str, str],
    allowed: Callable[[InstalledPack | None], None],
    *,
    trust: bool = False,
) -> None:
    """Use the rules of a pack from now on, in one change of the store.

    Args:
        pack: its version, SHA-256, and the fingerprint of its signer.
        rules: name → text of its rules files. shipped: those of the program, to know which it replaces.
        allowed: raises InputError if it may not follow the pack in use; called while no other change can be made.
        trust: whether its signer is trusted from now on.
    Raises:
        InputError: its signer is not trusted, or it is not `allowed`. StoreError: the store cannot be written.
    """
    version, sha256, signer = pack
    files = {name: (_hash(text), _hash(shipped[name]) if name in shipped else None) for name, text in rules.items()}
    with ledger.change() as change:
        rows = ledger_sql.rule_packs(change.con)
        last = rows[-1] if rows else None
        allowed(InstalledPack.of(last) if last else None)
        is_trusted = signer in ledger_sql.signers(change.con)
        if not is_trusted and not trust:
            raise InputError(localized("errors", "distrust", signer=signer))
        if not is_trusted:
            ledger_sql.insert(change.con, "signers", {"fingerprint": signer, "added_at": audit_log.now()})
            change.log("trust-key", {"key": signer})
        if last and last["sha256"] == sha256:
            # The same pack, over other files of the program.
            ledger_sql.remove(change.con, "rule_packs", "seq", last["seq"])
        ledger_sql.add_texts(change.con, "rules", {_hash(text): text for text in rules.values()})
        row = {"version": version, "sha256": sha256, "signer": signer, "files": json.dumps(files)}
        seq = 1 + (last["seq"] if last else 0)
        ledger_sql.insert(change.con, "rule_packs", {"seq": seq, **row, "installed_at": audit_log.now()})
        own = {name: own for name, (own, _) in files.items()}
        change.log("install-rules", {"pack": sha256, "pack_version": version, "key": signer, "files": own})


def undo(ledger: Ledger) -> tuple[InstalledPack, InstalledPack | None]:
    """Go back to the previous pack, or to the rules of the program; returns what was in use, and what is now.

    Raises InputError if no pack is installed, StoreError.
    """
    if not ledger.exists:
        raise InputError(localized("errors", "no_pack"))
    with ledger.change() as change:
        rows = ledger_sql.rule_packs(change.con)
        if not rows:
            raise InputError(localized("errors", "no_pack"))
        ledger_sql.remove(change.con, "rule_packs", "seq", rows[-1]["seq"])
        packs = [InstalledPack.of(row) for row in rows]
        now = packs[-2] if len(packs) > 1 else None
        detail = {"pack": packs[-1].sha256, "pack_version": packs[-1].version}
        change.log("undo-rules", detail | {"back_to": now and now.sha256})
    return packs[-1], now


def distrust(ledger: Ledger, fingerprint: str) -> None:
    """Install no more packs of a key; a pack in use stays. Raises InputError if it is not trusted, StoreError."""
    message = localized("errors", "distrust", signer=fingerprint)
    if not ledger.exists:
        raise InputError(message)
    with ledger.change() as change:
        if not ledger_sql.remove(change.con, "signers", "fingerprint", fingerprint):
            raise InputError(message)
        change.log("distrust-key", {"key": fingerprint})


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
