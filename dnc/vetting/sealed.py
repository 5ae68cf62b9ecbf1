"""Sealed results: what a seller gives to a buyer instead of the list, and how the buyer compares a sample with it.

A sealed result is JSON. It says what was vetted and how (the checksum of each rules file, the registries with the days
of their answers, the facts that were declared, the version of this program), and has cells of ten persons or more
(`dnc.vetting.cells`). It holds no telephone number and no hash of one: all numbers of a country can be hashed within
minutes, so hashes would hide nothing. For the same reason the list is identified by a commitment, and only somebody who
has its salt can compare a list with it (`dnc.vetting.sealing`). The checksum detects damage; a signature proves who
made the file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import msgspec
import polars as pl
from msgspec import Meta

from dnc.errors import InputError, OptionError
from dnc.files.input_file import read_bounded
from dnc.files.signing import Signature, Signer
from dnc.files.strict_json import Sha256, Strict, Text, converted, decoded, only, shown
from dnc.law.rulebook import Rulebook
from dnc.lists.inputs import Source, opened
from dnc.messages import localized
from dnc.store.audit_log import canonical
from dnc.store.record_kinds import GIVEN
from dnc.verdicts.verdict import OUTCOMES
from dnc.vetting.cells import BANDS, FEW, MOST_CELLS, SCHEMA, between, with_loose
from dnc.vetting.figures import appraise
from dnc.vetting.model import Agreement, Asked, Claim, Offer, Traded, Vetting
from dnc.vetting.sample_bounds import population_bounds
from dnc.vetting.sealing import commitment
from dnc.vetting.vet import MOST_DAYS

FORMAT = 2
COMPARED = (
    *("outcome", "blocked_by", "undecided_by", "line", "territory", "consent"),
    *("given", "proof", "wording", "ends"),
)
_FIGURES: dict[str, dict[str, object]] = {"lasting": {}, "repeated": {"repeat": True}}  # of conditions and prices
_CONTEXT = b"dnc sealed result 2\n"
_MARK = "dnc_sealed"
_LONGEST = 16_000_000  # bytes
_MOST = 1000  # entries of any other collection
_MOST_CLASSES = 100  # of each column, compared with a sample; a list has far fewer
_SAME_USE = ("at", "region", "declared", "guidance", "accepted")


# The format. A buyer reads files from strangers, so nothing is accepted that this program would not write.


_AGED = "[a-z-]+ (?:" + "|".join(BANDS) + ")"
_Count = Annotated[int, Meta(ge=0, le=10**10)]
_Outcome = Annotated[str, only("|".join(OUTCOMES))]
_Ids = Annotated[str, only("[a-z0-9:;_-]*"), Meta(max_length=10_000)]
_Name = Annotated[str, only("[a-z0-9:_-]{1,200}")]
_Facts = Annotated[dict[_Name, Text], Meta(max_length=_MOST)]
_Named = Annotated[dict[_Name, None], Meta(max_length=_MOST)]


class _SealedSettings(Strict):
    at: Text | None
    region: Text | None
    declared: _Facts
    brief: Text | None
    guidance: Annotated[str, only("enforce|advise")]
    accepted: _Facts
    consents: bool


class _SealedSnapshot(Strict):
    registry: Text
    as_of: date


class _SealedTrade(Strict):
    outcome: Annotated[str, only("blocked|undecided")]
    rows: dict[_Outcome, None]
    blocked_by: _Named
    undecided_by: _Named
    missing: _Named


class _SealedOffer(Strict):
    file: Text
    commitment: Sha256
    rows: _Count
    check: _Count
    first: date
    until: date | None
    points: Annotated[tuple[date, ...], Meta(min_length=1, max_length=MOST_DAYS // 7 + 2)]
    told: _SealedSettings
    rules: Annotated[tuple[Sha256, ...], Meta(max_length=_MOST)]
    snapshots: Annotated[tuple[_SealedSnapshot, ...], Meta(max_length=_MOST)]
    version: Text
    trade: _SealedTrade


class _SealedCell(Strict):
    outcome: _Outcome | None
    blocked_by: _Ids | None
    undecided_by: _Ids | None
    missing: _Ids | None
    duties: _Ids | None
    line: Annotated[str, only("[a-z]*"), Meta(max_length=100)] | None
    territory: Annotated[str, only("[A-Z]{2}|unknown|")] | None
    consent: Annotated[str, only("|".join((*BANDS, "")))] | None
    given: Annotated[str, only("|".join((*GIVEN, "")))] | None
    ends: Annotated[str, only("|".join((*BANDS, "")))] | None
    proof: Annotated[str, only("with|without|")] | None
    wording: Text | None
    signs: Annotated[str, only("(?:proof|origin|night|burst)?(?:;(?:origin|night|burst)){0,3}|")] | None
    answers: Annotated[str, only(f"{_AGED}(?:;{_AGED})*|"), Meta(max_length=10_000)] | None
    lasts: _Count | None
    repeat: bool | None
    rows: _Count


_NOT_COMPARED = tuple(name for name in _SealedCell.__struct_fields__ if name not in (*COMPARED, "rows"))


class _Sealed(Strict):
    dnc_sealed: int
    offer: _SealedOffer
    cells: Annotated[list[_SealedCell], Meta(min_length=1, max_length=MOST_CELLS)]
    checksum: Sha256
    signature: Signature | None = None


# Writing, reading, comparing


def is_sealed(path: str | Path) -> bool:
    """Whether a file is a sealed result, by its content and not by its name. Raises InputError."""
    return _json(Path(path)) is not None


def write_sealed(vetting: Vetting, signer: Signer | None = None) -> str:
    """The text of a sealed result; `vetting` must come from `vet(..., seal=True)`. signer: the key that signs it."""
    offer = asdict(vetting.offer)
    content = {
        _MARK: FORMAT,
        "offer": {name: offer[name] for name in _SealedOffer.__struct_fields__},
        "cells": vetting.cells.select(_SealedCell.__struct_fields__).to_dicts(),
    }
    content = shown(json.loads(json.dumps(content, default=str)))
    data = canonical(content).encode()
    signature = {"signature": msgspec.to_builtins(Signature.by(signer, _CONTEXT, data))} if signer else {}
    sealed = content | {"checksum": hashlib.sha256(data).hexdigest()} | signature
    return json.dumps(sealed, ensure_ascii=False, indent=1) + "\n"


def read_sealed(path: str | Path, book: Rulebook, asked: Asked | None = None, signer: str | None = None) -> Vetting:
    """Read a sealed result as its buyer.

    Args:
        path: the file. book: the rules of the buyer, which must be those that decided the list.
        asked: price and conditions of the buyer. signer: fingerprint of the key that must have signed it.
    Raises:
        InputError: the file is not a sealed result, is damaged, has something that this program would not write, was
            decided by other rules, was signed by another key or by nobody, or its signature does not match.
    """
    sealed, fingerprint = _read(Path(path), signer)
    try:
        offer, cells = _checked(sealed, book)
    except ValueError as error:
        raise _unreadable(error, path) from None
    return replace(appraise(offer, cells, book, asked or Asked()), signer=fingerprint)


def is_sealed_list(path: str | Path, source: Source, salt: str, signer: str | None = None) -> bool:
    """Whether a list that was delivered is the one that was sealed, given the salt (hex) of the commitment.

    Raises InputError as `read_sealed` does, except for the rules.
    """
    sealed, _ = _read(Path(path), signer)
    with opened(source) as files:
        return commitment(files.digest(files.sums), salt) == sealed.offer.commitment


def _read(path: Path, signer: str | None) -> tuple[_Sealed, str | None]:
    """A sealed result whose checksum and signature match, and the fingerprint of the key that signed it."""
    content = _json(path)
    if content is None:
        raise InputError(localized("errors", "seal", "not_sealed"), path)
    mark = content[_MARK]
    if mark != FORMAT or type(mark) is not int:
        version = mark if isinstance(mark, int) else localized("errors", "seal", "unknown")
        raise InputError(localized("errors", "seal", "version", found=version, format=FORMAT), path)
    try:
        sealed = converted(content, _Sealed)
    except ValueError as error:
        raise _unreadable(error, path) from None
    data = canonical({name: content[name] for name in (_MARK, "offer", "cells")}).encode()
    if sealed.checksum != hashlib.sha256(data).hexdigest():
        raise InputError(localized("errors", "seal", "checksum"), path)
    by = sealed.signature.verified(_CONTEXT, data, path) if sealed.signature else None
    if signer is not None and by != signer:
        raise InputError(localized("errors", "other_signer" if by else "unsigned", signer=by), path)
    return sealed, by


def _unreadable(error: ValueError, path: str | Path) -> InputError:
    return InputError(localized("errors", "seal", "unread", error=error.args[0]), path)


def held_to(claim: Vetting, sample: Vetting) -> Vetting:
    """Compare a vetted sample with a sealed result; returns the vetting of the sample, with its `agreement`.

    For every word in the columns COMPARED (the most frequent words, if there are very many), and for what conditions
    and prices are about, the share that is claimed is compared with exact bounds from the
    sample. All bounds together are right as often as the confidence of the sample says (Bonferroni), so that a random
    sample of the list itself is called inconsistent no more often than that.

    Raises OptionError if the sample was vetted for another use than the list.
    """
    _comparable(claim.offer, sample.offer)
    both = [claim.cells, sample.cells]
    classes = sum(pl.concat(cells[column] for cells in both).drop_nulls().n_unique() for column in COMPARED)
    confidence = 1 - (1 - sample.offer.confidence) / (classes + len(_FIGURES))
    claims = list(_claims(claim, sample, confidence))
    consistent = all(part.holds for part in claims)
    agreement = Agreement(consistent, sample.offer.confidence, tuple(claims), _NOT_COMPARED)
    return replace(sample, agreement=agreement, signer=claim.signer)


def _frequent(cells: pl.DataFrame, column: str) -> pl.Series:
    rows = cells.drop_nulls(column).group_by(column).agg(pl.col("rows").sum())
    return rows.sort(pl.col("rows"), column, descending=[True, False]).head(_MOST_CLASSES)[column]


def _claims(claim: Vetting, sample: Vetting, confidence: float) -> Iterator[Claim]:
    total = claim.offer.rows
    for column, word, of_claim, of_sample in _compared(claim, sample):
        least, most = between(claim.cells, **of_claim)
        rows, _ = between(sample.cells, **of_sample)
        low, high = population_bounds(rows, sample.offer.rows, total, confidence)
        if column == "repeated":  # of two rows with one number, seldom both are drawn: the list has more of them
            high = total
        claimed, bounds = (least / total, most / total), (low / total, high / total)
        yield Claim(column, word, claimed, rows, bounds, low <= most and high >= least)


def _compared(claim: Vetting, sample: Vetting) -> Iterator[tuple[str, str, dict[str, object], dict[str, object]]]:
    """What is compared: column, word, and the columns of cells with their values, in the claim and in the sample."""
    for column in COMPARED:
        words = pl.concat([_frequent(cells, column) for cells in (claim.cells, sample.cells)]).unique().sort()
        yield from ((column, word, {column: word}, {column: word}) for word in words)
    for name, more in _FIGURES.items():
        yield name, "", claim.offer.through | more, sample.offer.through | more


def _comparable(claim: Offer, sample: Offer) -> None:
    """Raise OptionError if a sample was not vetted as the list was."""
    if sample.rows > claim.rows:
        raise OptionError(localized("errors", "seal", "more_rows", rows=sample.rows))
    different = [name for name in _SAME_USE if claim.told[name] != sample.told[name]]
    if claim.until != sample.until:
        different.append("until")
    if different:
        names = ", ".join(different)
        raise OptionError(localized("errors", "seal", "settings", names=names))
    loaded = {snapshot["registry"] for snapshot in sample.snapshots}
    if lacking := sorted({snapshot["registry"] for snapshot in claim.snapshots} - loaded):
        raise OptionError(localized("errors", "seal", "registry", registry=lacking[0]))


def _json(path: Path) -> dict[str, Any] | None:
    """The JSON object in a sealed result, or None if the file is something else."""
    if not read_bounded(path, 16).lstrip().startswith(b"{"):
        return None
    return decoded(read_bounded(path, _LONGEST), _MARK)


def _checked(sealed: _Sealed, book: Rulebook) -> tuple[Offer, pl.DataFrame]:
    """What was vetted, and its cells. Raises ValueError if this program would not have written them."""
    offer, cells = _offer(sealed.offer), sealed.cells
    if set(offer.rules) != set(book.texts):
        raise ValueError(localized("errors", "seal", "rules", version=offer.version))
    if any(cell.rows < FEW for cell in cells):
        raise ValueError(localized("errors", "seal", "small_cell", few=FEW))
    if sum(cell.rows for cell in cells) != offer.rows:
        raise ValueError(localized("errors", "seal", "sum"))
    if any(cell.lasts is not None and cell.lasts > len(offer.points) for cell in cells):
        raise ValueError(localized("errors", "seal", "lasts"))
    _refuse_unknown(offer, cells, book)
    rows = [msgspec.structs.asdict(cell) | {"held": False, "loose": []} for cell in cells]
    return offer, with_loose(pl.DataFrame(rows, schema=SCHEMA))


def _offer(read: _SealedOffer) -> Offer:
    points = list(read.points)
    if points != sorted(points) or (read.first, read.until or points[-1]) != (points[0], points[-1]):
        raise ValueError(localized("errors", "seal", "curve"))
    fields = msgspec.structs.asdict(read) | {
        "told": msgspec.structs.asdict(read.told),
        "snapshots": tuple(msgspec.structs.asdict(snapshot) for snapshot in read.snapshots),
        "trade": Traded(**msgspec.structs.asdict(read.trade)),
    }
    return Offer(**fields, sha256=None, sealed=True)


def _refuse_unknown(offer: Offer, cells: list[_SealedCell], book: Rulebook) -> None:
    """Raise ValueError for regimes that are not in the rules, and for facts that no regime reads."""
    trade, ids, facts = offer.trade, book.by_id.keys(), {"number", "region", "call_at", "jurisdiction", "stale:law"}
    facts = facts.union(*(regime.words for regime in book.by_id.values()))
    for column, in_trade, allowed in (
        ("blocked_by", trade.blocked_by, ids),
        ("undecided_by", trade.undecided_by, ids),
        ("missing", trade.missing, facts),
        ("duties", {}, ids),
    ):
        texts = {getattr(cell, column) or "" for cell in cells}
        if {*in_trade, *(word for text in texts for word in text.split(";") if word)} - allowed:
            raise ValueError(localized("errors", "seal", "no_rule", column=column))
