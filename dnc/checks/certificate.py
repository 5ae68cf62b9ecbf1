"""A certificate of a check: what the log says of it, signed, so that others can rely on it without the store.

It has the check's settings, counts and checksums, the rules by jurisdiction, and the registries with their days. It has
no telephone number and no row of the list; the list is named by its SHA-256. What is signed is the certificate in
canonical JSON (`dnc.store.audit_log.canonical`).
"""

from __future__ import annotations

import json
import tomllib
from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from dnc.checks.past import check_row
from dnc.errors import OptionError, StoreError
from dnc.files.signing import Signature, Signer
from dnc.files.strict_json import Sha256, Strict, Text, converted, only, shown
from dnc.messages import localized
from dnc.store import audit_log, ledger_sql
from dnc.store.anchors import About
from dnc.store.audit_log import canonical
from dnc.store.stamps import MOST_BYTES, StampError, content_of, last_stamp, look_at
from dnc.store.store import Store
from dnc.store.verify import verify_log
from dnc.verdicts.verdict import OUTCOMES

FORMAT = 1
_CONTEXT = b"dnc certificate 1\n"
_MOST = 10_000  # of anything that is listed

_Row = Annotated[str, only("[0-9]{1,18}:[0-9a-f]{64}")]
_Count = Annotated[int, Meta(ge=0, le=10**15)]
_Facts = Annotated[dict[Text, Text], Meta(max_length=_MOST)]
_Filled = Annotated[dict[Text, _Facts], Meta(max_length=_MOST)]


class CheckedList(Strict):
    """The list: the names of its files, its SHA-256 (as in the log) and its rows."""

    files: Annotated[list[Text], Meta(max_length=_MOST)]
    sha256: Sha256
    rows: _Count


class Use(Strict):
    """How the calls were planned: `at`, region, what was declared, and what of unclear law was accepted and why.

    brief, consents: SHA-256 of these files, or null. terms: SHA-256 of all settings, as the store keeps them.
    """

    at: Text | None
    region: Text | None
    declared: _Facts
    when_filled: _Filled
    when_empty: _Filled
    guidance: Text
    accepted: _Facts
    brief: Sha256 | None
    consents: Sha256 | None
    terms: Sha256


class Counts(Strict):
    """Calls by outcome."""

    clear: _Count
    blocked: _Count
    undecided: _Count


class CertifiedRules(Strict):
    """A rules file: its jurisdiction, the last day for which its law was read, and its SHA-256."""

    jurisdiction: Text
    read_until: date
    sha256: Sha256


class RulesPack(Strict):
    """The rules pack that some of the rules came with, as in `dnc.law.rulebook.PackId`."""

    version: Text
    sha256: Sha256
    signer: Sha256


class CertifiedExtract(Strict):
    """A registry's answer: the day on which the registry made it, and the SHA-256 of its file."""

    registry: Text
    as_of: date
    sha256: Sha256
    campaign: Text | None


class CertifiedStamp(Strict):
    """A time stamp (RFC 3161): what was stamped, and the answer of the authority in base64.

    head: the row of the log. store: id of the store, or None for a stamp by an earlier version.
    """

    head: _Row
    token: Annotated[str, only("[A-Za-z0-9+/]+={0,2}"), Meta(max_length=4 * MOST_BYTES // 3 + 4)]
    store: Sha256 | None = None

    @property
    def about(self) -> About:
        """What was stamped."""
        row, own = self.head.split(":")
        return About(self.store, audit_log.Entry(int(row), own))


class Certificate(Strict):
    """What is certified.

    store: id of the store; None in certificates of earlier versions. check: its row of the log, `ROW:HASH`. checked_at,
    checked_by: when (UTC) and by whom. today: the day that counted as today, by `clock`. version: of the program that
    checked. verdicts: SHA-256 of all verdicts, as `dnc replay` compares it. objections: number of the last objection
    that was known.
    head: the last row of the log when the certificate was made. stamp: the last time stamp of the log, if it has one.
    made_at, made_by, made_with: when (UTC), by whom and with which version the certificate was made.
    """

    check: _Row
    checked_at: datetime
    checked_by: Text
    today: date
    clock: Text
    version: Text
    input: CheckedList
    use: Use
    counts: Counts
    verdicts: Sha256
    rules: Annotated[list[CertifiedRules], Meta(max_length=_MOST)]
    pack: RulesPack | None
    registries: Annotated[list[CertifiedExtract], Meta(max_length=_MOST)]
    objections: _Count
    head: _Row
    stamp: CertifiedStamp | None
    made_at: datetime
    made_by: Text
    made_with: Text
    store: Sha256 | None = None


class Signed(Strict):
    """A certificate in a file, with the key and the signature."""

    dnc_certificate: int
    certificate: Certificate
    signature: Signature


_OF_EXTRACT = CertifiedExtract.__struct_fields__


def certify(store: Store, check: int, signer: Signer) -> dict[str, Any]:
    """A signed certificate of a check, as plain data for JSON.

    Args:
        check: its row of the log.
    Raises:
        InputError: the row is not a check. StoreError: the store cannot be read, its log was changed, or the check is
            of an earlier version that noted too little.
    """
    row = check_row(store, check)
    then = json.loads(row["detail"])
    if lacking := {"terms", "verdicts", "today", "sha256"} - then.keys():
        raise StoreError(localized("errors", "certificate", "old", check=check, lacking=min(lacking)))
    with store.ledger.read(edited=True) as opened:
        texts = {sha256: text for sha256 in then["rules"] for text in ledger_sql.texts(opened.con, "rules", [sha256])}
        rows = [row["detail"] for row in ledger_sql.log_as_written(opened.con) if row["verb"] == "load"]
        head, id_ = audit_log.head(opened.con), ledger_sql.store_id(opened.con)
    if lacking := set(then["rules"]) - texts.keys():
        raise StoreError(localized("errors", "certificate", "rules", check=check, digest=min(lacking)))
    if faults := verify_log(store.ledger).faults:
        raise StoreError(localized("errors", "certificate", "log", store=store.path, fault=faults[0]))
    loads = {load["snapshot"]: load for load in map(json.loads, rows) if "snapshot" in load}  # others: own records
    if unknown := set(then["snapshots"]) - loads.keys():
        raise StoreError(localized("errors", "certificate", "load", check=check, snapshot=min(unknown)))
    certificate = {
        "store": id_,
        "check": f"{check}:{row['hash']}",
        "checked_at": row["done_at"].isoformat(timespec="seconds"),
        "checked_by": row["done_by"],
        "today": then["today"],
        "clock": then.get("clock", "system"),
        "version": then["version"],
        "input": _input(then),
        "use": _use(then),
        "counts": {outcome: then["counts"][outcome] for outcome in OUTCOMES},
        "verdicts": then["verdicts"],
        "rules": sorted(map(_rules_file, texts, texts.values()), key=lambda file: str(file["jurisdiction"])),
        "pack": then.get("pack"),
        # The log has them also after a snapshot was deleted.
        "registries": [{name: loads[id_].get(name) for name in _OF_EXTRACT} for id_ in then["snapshots"]],
        "objections": then["objections"],
        "head": str(head),
        "stamp": _last_stamp(store),
        "made_at": audit_log.now().isoformat(timespec="seconds"),
        "made_by": audit_log.user(),
        "made_with": version("dnc-check"),
    }
    certificate = shown(certificate)
    signature = Signature.by(signer, _CONTEXT, canonical(certificate).encode())
    signed = {"dnc_certificate": FORMAT, "certificate": certificate, "signature": msgspec.to_builtins(signature)}
    try:
        read_certificate(signed)
    except ValueError as error:
        raise StoreError(localized("errors", "certificate", "odd", check=check, error=error.args[0])) from None
    return signed


def read_certificate(content: Mapping[str, Any], path: Path | None = None) -> tuple[Certificate, str]:
    """A certificate (decoded JSON) whose signature holds, and the fingerprint of the key. The path is for errors.

    Raises:
        ValueError: it has something that this program would not write. InputError: its signature does not hold.
        OptionError: the extra is missing.
    """
    mark = content.get("dnc_certificate")
    if mark != FORMAT or type(mark) is not int:
        raise ValueError(localized("errors", "certificate", "format"))
    signed = converted(content, Signed)
    return signed.certificate, signed.signature.verified(_CONTEXT, canonical(content["certificate"]).encode(), path)


def _input(then: Mapping[str, Any]) -> dict[str, Any]:
    files = then["input"]
    return {"files": files if isinstance(files, list) else [files], "sha256": then["sha256"], "rows": then["rows"]}


def _use(then: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a check, as the log has them."""
    settings = {name: then[name] for name in ("at", "region", "declared", "guidance", "accepted", "brief", "terms")}
    settings |= {name: then.get(name) or {} for name in ("when_filled", "when_empty")}
    consents = then.get("consents")
    return settings | {"consents": consents and consents["sha256"]}


def _rules_file(sha256: str, text: str) -> dict[str, Any]:
    rules = tomllib.loads(text)
    return {"jurisdiction": rules["jurisdiction"], "read_until": f"{rules['read_until']}", "sha256": sha256}


def _last_stamp(store: Store) -> dict[str, str | None] | None:
    """The last time stamp of the log of a store, as a `CertifiedStamp`; None where it has none.

    Raises StampError where it is not one of its row; without the extra that reads it, it is not looked at.
    """
    stamp = last_stamp(store.path)
    if stamp is None:
        return None
    try:
        data = content_of(stamp)
        with suppress(OptionError):
            look_at(data, stamp.about)
    except StampError as error:
        raise StampError(
            localized("anchor", "stamp_wrong", path=stamp.path, why=error.why, row=stamp.head.seq)
        ) from None
    return {"head": str(stamp.head), "token": b64encode(data).decode(), "store": stamp.about.store}
