"""Sealed results: what a seller gives to a buyer instead of the list, and how the buyer compares a sample with it.

A sealed result is JSON. It says what was vetted and how (checksums of the list, of
each rules file and of each registry's answer, the facts that were declared, the
version of this program), and has cells of ten persons or more (`dnc.vetting.cells`).
It holds no telephone number and no hash of one: all numbers of a country can be
hashed within minutes, so hashes would hide nothing. Its checksum detects damage; it
does not prove who made it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import msgspec
import polars as pl
from msgspec import Meta, Struct

from dnc.checks.verdict import OUTCOMES
from dnc.errors import InputError, OptionError
from dnc.files.input_file import open_input
from dnc.law.rulebook import Rulebook
from dnc.vetting.cells import BANDS, FEW, LEVELS, SCHEMA, between
from dnc.vetting.figures import appraise
from dnc.vetting.model import Agreement, Asked, Claim, Offer, Traded, Vetting
from dnc.vetting.sample_bounds import population_bounds

FORMAT = 1
COMPARED = ("outcome", "blocked_by", "undecided_by", "line", "territory", "consent")
_MARK = "dnc_sealed"
_LONGEST = 64_000_000  # bytes
_SAME_USE = ("at", "region", "declared", "guidance", "accepted")


# The format. A buyer reads files of strangers: nothing is accepted that this program would not write.


class _Text(str):
    """Text that a terminal and a page can show: `_text` refuses control characters."""


def _text(kind: type, value: object) -> _Text:
    """Called by msgspec for each `_Text`."""
    if kind is _Text and isinstance(value, str) and value.isprintable():
        return _Text(value)
    raise ValueError


def _only(pattern: str) -> Meta:
    return Meta(pattern=rf"\A(?:{pattern})\Z")


_AGED = "[a-z-]+ (?:" + "|".join(BANDS) + ")"
_Count = Annotated[int, Meta(ge=0, le=10**15)]
_Outcome = Annotated[str, _only("|".join(OUTCOMES))]
_Ids = Annotated[str, _only("[a-z0-9:;_-]*")]


class _Strict(Struct, forbid_unknown_fields=True):
    pass


class _Settings(_Strict):
    at: _Text | None
    region: _Text | None
    declared: dict[_Ids, _Text]
    brief: _Text | None
    guidance: Annotated[str, _only("enforce|advise")]
    accepted: dict[_Ids, _Text]
    consents: _Text | None


class _Snapshot(_Strict):
    registry: _Text
    as_of: date
    sha256: _Text


class _Trade(_Strict):
    outcome: _Outcome
    rows: dict[_Outcome, None]
    blocked_by: dict[_Ids, None]
    undecided_by: dict[_Ids, None]
    missing: dict[_Ids, None]


class _Offer(_Strict):
    file: _Text
    sha256: _Text
    rows: _Count
    check: _Count
    first: date
    until: date | None
    points: Annotated[tuple[date, ...], Meta(min_length=1)]
    told: _Settings
    rules: tuple[_Text, ...]
    snapshots: tuple[_Snapshot, ...]
    version: _Text
    trade: _Trade


class _Cell(_Strict):
    outcome: _Outcome | None
    blocked_by: _Ids | None
    undecided_by: _Ids | None
    missing: _Ids | None
    duties: _Ids | None
    line: Annotated[str, _only("[a-z]*")] | None
    territory: Annotated[str, _only("[A-Z]{2}|unknown|")] | None
    consent: Annotated[str, _only("|".join((*BANDS, "")))] | None
    answers: Annotated[str, _only(f"{_AGED}(?:;{_AGED})*|")] | None
    lasts: _Count | None
    repeat: bool | None
    most: list[Annotated[str, _only("|".join(LEVELS))]]
    rows: _Count


class _Sealed(_Strict):
    dnc_sealed: int
    offer: _Offer
    cells: Annotated[list[_Cell], Meta(min_length=1)]


# Writing, reading, comparing


def is_sealed(path: str | Path) -> bool:
    """Whether a file is a sealed result, by its content and not by its name. Raises InputError."""
    return isinstance(_json(Path(path)), dict)


def write_sealed(vetting: Vetting) -> str:
    """The text of a sealed result; `vetting` must come from `vet(..., seal=True)`."""
    offer = asdict(vetting.offer)
    content = {
        _MARK: FORMAT,
        "offer": {name: offer[name] for name in _Offer.__struct_fields__},
        "cells": vetting.cells.select(_Cell.__struct_fields__).to_dicts(),
    }
    content = json.loads(json.dumps(content, default=str))
    return json.dumps(content | {"checksum": _checksum(content)}, ensure_ascii=False, indent=1) + "\n"


def read_sealed(path: str | Path, book: Rulebook, asked: Asked | None = None) -> Vetting:
    """Read a sealed result as its buyer.

    Args:
        path: the file. book: the rules of the buyer, which must be those that decided the list.
        asked: price and conditions of the buyer.
    Raises:
        InputError: the file is not a sealed result, is damaged, has something that this program would not write, or
            was decided by other rules.
    """
    content = _json(Path(path))
    if content is None:
        raise InputError("is not a sealed result; make one with dnc vet LIST --seal", path)
    mark = content[_MARK]
    if mark != FORMAT or type(mark) is not int:
        found = mark if isinstance(mark, int) else "unknown"
        raise InputError(f"has format {found}, this program reads {FORMAT}; use the version that made it", path)
    if content.pop("checksum", None) != _checksum(content):
        raise InputError("does not match its checksum: it was cut or changed; ask for it again", path)
    try:
        offer, cells = _checked(content, book)
    except ValueError as error:
        raise InputError(f"cannot be read as a sealed result: {error}", path) from None
    return appraise(offer, cells, book, asked or Asked())


def held_to(claim: Vetting, sample: Vetting) -> Vetting:
    """Compare a vetted sample with a sealed result; returns the vetting of the sample, with its `agreement`.

    For every word in the columns COMPARED, the share that is claimed is compared with exact bounds from the sample.
    All bounds together are right as often as the confidence of the sample says (Bonferroni), so that a random sample
    of the very list is called inconsistent no more often than that.

    Raises OptionError if the sample was vetted for another use than the list.
    """
    _comparable(claim.offer, sample.offer)
    classes = list(_classes(claim.cells, sample.cells))
    each = 1 - (1 - sample.offer.confidence) / max(1, len(classes))
    claims = [_claim(column, word, claim, sample, each) for column, word in classes]
    agreement = Agreement(all(part.holds for part in claims), sample.offer.confidence, tuple(claims))
    return replace(sample, agreement=agreement)


def _classes(claimed: pl.DataFrame, sampled: pl.DataFrame) -> Iterator[tuple[str, str]]:
    for column in COMPARED:
        words = pl.concat([claimed[column], sampled[column]]).drop_nulls().unique().sort()
        yield from ((column, word) for word in words)


def _claim(column: str, word: str, claim: Vetting, sample: Vetting, confidence: float) -> Claim:
    total = claim.offer.rows
    least, most = between(claim.cells, **{column: word})
    found, _ = between(sample.cells, **{column: word})
    low, high = population_bounds(found, sample.offer.rows, total, confidence)
    claimed, bounds = (least / total, most / total), (low / total, high / total)
    return Claim(column, word, claimed, found, bounds, low <= most and high >= least)


def _comparable(claim: Offer, sample: Offer) -> None:
    """Raise OptionError if a sample was not vetted as the list was."""
    if sample.rows > claim.rows:
        raise OptionError(f"the sample has {sample.rows} rows, more than the list that was sealed")
    different = [name for name in _SAME_USE if claim.told[name] != sample.told[name]]
    if claim.until != sample.until:
        different.append("until")
    if different:
        names = ", ".join(different)
        raise OptionError(
            f"the sample was vetted with other settings than the list: {names} differ; use the same brief"
        )
    loaded = {snapshot["registry"] for snapshot in sample.snapshots}
    if lacking := sorted({snapshot["registry"] for snapshot in claim.snapshots} - loaded):
        raise OptionError(f"the sealed result relies on {lacking[0]}; load its answer about the sample first")


def _json(path: Path) -> dict[str, Any] | None:
    """The JSON object in a sealed result, or None if the file is something else."""
    with open_input(path) as file:
        if not file.read(16).lstrip().startswith(b"{"):
            return None
        file.seek(0)
        data = file.read(_LONGEST)
    try:
        content = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError):
        return None
    return content if isinstance(content, dict) and _MARK in content else None


def _checksum(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _checked(content: dict[str, Any], book: Rulebook) -> tuple[Offer, pl.DataFrame]:
    """What was vetted, and its cells. Raises ValueError if this program would not have written them."""
    try:
        sealed = msgspec.convert(content, _Sealed, dec_hook=_text)
    except msgspec.ValidationError as error:
        raise ValueError(_problem(str(error))) from None
    offer, cells = _offer(sealed.offer), sealed.cells
    if set(offer.rules) != set(book.texts):
        raise ValueError(f"it was decided by other rules than those in use; dnc {offer.version} has them")
    if any(cell.rows < FEW for cell in cells):
        raise ValueError(f"a cell has fewer than {FEW} rows")
    if sum(cell.rows for cell in cells) != offer.rows:
        raise ValueError("the rows of its cells do not add up to the rows of the list")
    if any(cell.lasts is not None and cell.lasts > len(offer.points) for cell in cells):
        raise ValueError("a cell lasts longer than the curve")
    _known(offer, cells, book)
    return offer, pl.DataFrame([cell | {"held": False} for cell in content["cells"]], schema=SCHEMA)


def _problem(message: str) -> str:
    """What is wrong with a part of a sealed result; not in the words of msgspec, which quote what the file holds."""
    found = re.search(r"`\$\.?([^`$]*)`\Z", message)
    place = re.sub(r"\[[^]]*\]", "", found[1]) if found else "the file"
    return f"{place} has missing or unknown parts" if message.startswith("Object ") else f"{place} is not valid"


def _offer(read: _Offer) -> Offer:
    points = list(read.points)
    if points != sorted(points) or (read.first, read.until or points[-1]) != (points[0], points[-1]):
        raise ValueError("the days of its curve do not match its period")
    fields = msgspec.structs.asdict(read) | {
        "told": msgspec.structs.asdict(read.told),
        "snapshots": tuple(msgspec.structs.asdict(snapshot) for snapshot in read.snapshots),
        "trade": Traded(**msgspec.structs.asdict(read.trade)),
    }
    return Offer(**fields, sealed=True)


def _known(offer: Offer, cells: list[_Cell], book: Rulebook) -> None:
    """Raise ValueError for regimes that are in none of the rules, and for facts that none of them reads."""
    regimes = [regime for _, regime in book.regimes()]
    ids = {regime.id for regime in regimes}
    facts = {fact for regime in regimes for part in regime.parts for _, fact in part.reads}
    facts |= {"number", "region", "call_at", "jurisdiction", "stale:law"}
    trade = offer.trade
    for column, in_trade, known in (
        ("blocked_by", trade.blocked_by, ids),
        ("undecided_by", trade.undecided_by, ids),
        ("missing", trade.missing, facts),
        ("duties", {}, ids),
    ):
        texts = {getattr(cell, column) or "" for cell in cells}
        if {*in_trade, *(word for text in texts for word in text.split(";") if word)} - known:
            raise ValueError(f"{column} has a name that is in no rule")
