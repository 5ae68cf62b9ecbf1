"""A sealed result: what a seller hands to a buyer instead of the list, and how the buyer holds it to a sample.

It is JSON: what was vetted and how (checksum of the list, of each rules file and
of each registry's answer, the facts that were told, the version of the program),
and cells of ten persons or more each (see `dnc.cells`). There is no number in it,
nor a hash of one: all numbers of a country are hashed in a minute, so that
hashes of numbers would hide nothing. Its checksum shows damage, not who made it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields, replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from dnc.appraisal import Agreement, Asked, Claim, Offer, Traded, Vetting, appraise
from dnc.bounds import population_bounds
from dnc.cells import FEW, LEVELS, SCHEMA, between
from dnc.errors import InputError, OptionError
from dnc.rulebook import Rulebook
from dnc.wording import OUTCOMES

FORMAT = 1
_MARK = "dnc_sealed"
_LONGEST = 64_000_000  # bytes
_KEYS = {_MARK, "offer", "cells", "checksum"}
_OFFER = [one.name for one in fields(Offer) if one.name not in ("sealed", "held", "sample_of", "confidence")]
_CELL = [name for name in SCHEMA if name != "held"]
_KINDS = {pl.String: str, pl.Int32: int, pl.Int64: int, pl.Boolean: bool}
_WORDS = re.compile(r"[A-Za-z0-9:;_ -]*")
COMPARED = ("outcome", "blocked_by", "undecided_by", "line", "territory", "consent")
_USE = ("at", "region", "declared", "guidance", "accepted")


def is_sealed(path: str | Path) -> bool:
    """Whether a file is a sealed result, by its own content and not by its name."""
    return isinstance(_json(Path(path)), dict)


def write_sealed(vetting: Vetting) -> str:
    """A sealed vetting as text."""
    offer = asdict(vetting.offer)
    told = {
        _MARK: FORMAT,
        "offer": {name: offer[name] for name in _OFFER},
        "cells": vetting.cells.select(_CELL).to_dicts(),
    }
    told = json.loads(json.dumps(told, default=str))
    return json.dumps(told | {"checksum": _checksum(told)}, ensure_ascii=False, indent=1) + "\n"


def read_sealed(path: str | Path, book: Rulebook, asked: Asked | None = None) -> Vetting:
    """A sealed result as its buyer reads it.

    Raises InputError where it is none, is damaged, holds a cell that none of this program's
    would hold, or was judged by other rules than those of `book`.
    """
    told = _json(Path(path))
    if told is None:
        raise InputError("is no sealed result; make one with dnc vet LIST --seal", path)
    if told[_MARK] != FORMAT:
        raise InputError(
            f"is of format {told[_MARK]!r}, this program reads {FORMAT}; use the version that made it", path
        )
    checksum = told.pop("checksum", None)
    if checksum != _checksum(told):
        raise InputError("does not have the checksum it names: it was cut or changed; ask for it again", path)
    try:
        offer, cells = _understood(told, book)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"cannot be read as a sealed result: {_reason(error)}", path) from None
    return appraise(offer, cells, book, asked or Asked())


def held_to(claim: Vetting, sample: Vetting) -> Vetting:
    """A vetted sample with its agreement: whether the list of a sealed result could well give it.

    Every class of the words of COMPARED is held against exact bounds from the sample. The bounds of
    all classes together hold the truth as often as the confidence says (Bonferroni), so that a
    sample of the very list is called inconsistent no more often than that.

    Raises OptionError where the sample was not vetted as the list was.
    """
    _comparable(claim.offer, sample.offer)
    classes = list(_classes(claim.cells, sample.cells))
    each = 1 - (1 - sample.offer.confidence) / max(1, len(classes))
    claims = [_claim(column, word, claim, sample, each) for column, word in classes]
    agreement = Agreement(all(one.holds for one in claims), sample.offer.confidence, tuple(claims))
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
    if sample.rows > claim.rows:
        raise OptionError(f"the sample has {sample.rows} rows, more than the list that was sealed")
    other = [name for name in _USE if claim.told[name] != sample.told[name]]
    if claim.until != sample.until:
        other.append("until")
    if other:
        raise OptionError(f"the sample is not vetted as the list was: {', '.join(other)} differ; use the same brief")
    loaded = {one["registry"] for one in sample.snapshots}
    if lacking := sorted({one["registry"] for one in claim.snapshots} - loaded):
        raise OptionError(f"the claim rests on {lacking[0]}; load its answer about the sample first")


# Reading


def _json(path: Path) -> dict[str, Any] | None:
    """The object that a sealed result is, or None where a file is something else."""
    try:
        with path.open("rb") as file:
            if not file.read(16).lstrip().startswith(b"{"):
                return None
            file.seek(0)
            told = json.loads(file.read(_LONGEST))
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path) from None
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) and _MARK in told else None


def _checksum(told: Mapping[str, Any]) -> str:
    text = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _reason(error: Exception) -> str:
    return str(error) if type(error) is ValueError else "it lacks a part, or a part is of another kind"


def _understood(told: dict[str, Any], book: Rulebook) -> tuple[Offer, pl.DataFrame]:
    """What was vetted, and its cells; raises ValueError where they are not what this program would write."""
    offer = _offer(told["offer"])
    if set(offer.rules) != set(book.texts):
        raise ValueError(f"the rules are not those it was judged by; dnc {offer.version} has them")
    cells = _cells(told["cells"], offer)
    _known(offer, cells, book)
    return offer, cells


def _offer(told: dict[str, Any]) -> Offer:
    """What was vetted and how, every text of it fit to be shown."""
    if set(told) != set(_OFFER):
        raise ValueError("its parts are not those of a sealed result")
    _printable(told)
    traded = Traded(**told["trade"])
    if traded.outcome not in OUTCOMES:
        raise ValueError("its trade has no outcome")
    if set(_USE) - set(told["told"]):
        raise ValueError("it does not tell how the list was vetted")
    return Offer(
        **told
        | {
            "sealed": True,
            "first": date.fromisoformat(told["first"]),
            "until": told["until"] and date.fromisoformat(told["until"]),
            "points": tuple(map(date.fromisoformat, told["points"])),
            "rules": tuple(told["rules"]),
            "snapshots": tuple(told["snapshots"]),
            "trade": traded,
        }
    )


def _printable(value: object) -> None:
    if isinstance(value, Mapping):
        for key, one in value.items():
            _printable(key)
            _printable(one)
    elif isinstance(value, list):
        for one in value:
            _printable(one)
    elif isinstance(value, str) and not value.isprintable():
        raise ValueError("a text of it cannot be printed")


def _cells(told: list[dict[str, Any]], offer: Offer) -> pl.DataFrame:
    for cell in told:
        if set(cell) != set(_CELL):
            raise ValueError("a cell has other columns")
        _fit(cell)
    cells = pl.DataFrame([cell | {"held": False} for cell in told], schema=SCHEMA)
    if cells["rows"].sum() != offer.rows:
        raise ValueError("its cells do not add up to the rows of the list")
    return cells


def _known(offer: Offer, cells: pl.DataFrame, book: Rulebook) -> None:
    """Refuses regimes that are in none of the rules, and words that none of them asks for."""
    regimes = [regime for _, regime in book.regimes()]
    ids = {regime.id for regime in regimes}
    words = {word for regime in regimes for part in regime.parts for _, word in part.reads}
    words |= {"number", "region", "call_at", "jurisdiction", "stale:law"}
    traded = offer.trade
    for column, trade, known in (
        ("blocked_by", traded.blocked_by, ids),
        ("undecided_by", traded.undecided_by, ids),
        ("missing", traded.missing, words),
        ("duties", {}, ids),
    ):
        told = {*trade, *(one for text in cells[column].drop_nulls().unique() for one in text.split(";") if one)}
        if told - known:
            raise ValueError(f"its {column} name what no rule knows")


def _fit(cell: dict[str, Any]) -> None:
    for name in _CELL:
        value, kind = cell[name], _KINDS.get(SCHEMA[name])
        if kind and value is not None and type(value) is not kind:
            raise ValueError(f"a cell's {name} is of another kind")
        if isinstance(value, str) and not _WORDS.fullmatch(value):
            raise ValueError(f"a cell's {name} holds what is no word")
    if cell["rows"] < FEW:
        raise ValueError(f"a cell holds fewer than {FEW}")
    if cell["outcome"] not in (*OUTCOMES, None) or set(cell["most"]) - set(LEVELS):
        raise ValueError("a cell has an unknown word")
