"""A sealed result: what a seller hands to a buyer instead of the list, and how the buyer holds it to a sample.

It is JSON: what was vetted and how (checksum of the list, of each rules file and
of each registry's answer, the facts that were told, the version of the program),
and cells of ten persons or more each (see `dnc.vetting.cells`). There is no number in it,
nor a hash of one: all numbers of a country are hashed within minutes, so that
hashes of numbers would hide nothing. Its checksum shows damage, not who made it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from dnc.checks.verdict import OUTCOMES
from dnc.errors import InputError, OptionError
from dnc.files.input_file import open_input
from dnc.law.rulebook import Rulebook
from dnc.vetting.cells import BANDS, FEW, LEVELS, SCHEMA, between
from dnc.vetting.figures import appraise
from dnc.vetting.model import Agreement, Asked, Claim, Offer, Traded, Vetting
from dnc.vetting.sample_bounds import population_bounds

FORMAT = 1
_MARK = "dnc_sealed"
_LONGEST = 64_000_000  # bytes
_DAY, _TEXT = re.compile(r"\d{4}-\d\d-\d\d"), (str, None)
_OFFER = {
    "file": str,
    "sha256": str,
    "rows": int,
    "check": int,
    "first": _DAY,
    "until": (_DAY, None),
    "points": [_DAY],
    "told": {
        **dict.fromkeys(("at", "region", "brief", "consents"), _TEXT),
        "declared": {...: str},
        "accepted": {...: str},
        "guidance": frozenset(("enforce", "advise")),
    },
    "rules": [str],
    "snapshots": [{"registry": str, "as_of": _DAY, "sha256": str}],
    "version": str,
    "trade": {
        "outcome": frozenset(OUTCOMES),
        **{name: {...: None} for name in ("rows", "blocked_by", "undecided_by", "missing")},
    },
}
_IDS = (re.compile(r"[a-z0-9:;_-]*"), None)
_AGED = "(?:[a-z-]+ (?:" + "|".join(BANDS) + "))"
_CELL = {
    "outcome": (frozenset(OUTCOMES), None),
    **dict.fromkeys(("blocked_by", "undecided_by", "missing", "duties"), _IDS),
    "line": (re.compile("[a-z]*"), None),
    "territory": (re.compile("[A-Z]{2}|unknown|"), None),
    "consent": (frozenset((*BANDS, "")), None),
    "answers": (re.compile(f"{_AGED}(?:;{_AGED})*|"), None),
    "lasts": (int, None),
    "repeat": (bool, None),
    "most": [frozenset(LEVELS)],
    "rows": int,
}
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
        "cells": vetting.cells.select(*_CELL).to_dicts(),
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
    with open_input(path) as file:
        if not file.read(16).lstrip().startswith(b"{"):
            return None
        file.seek(0)
        data = file.read(_LONGEST)
    try:
        told = json.loads(data)
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
    _shaped("offer", told["offer"], _OFFER)
    offer = _offer(told["offer"])
    if set(offer.rules) != set(book.texts):
        raise ValueError(f"the rules are not those it was judged by; dnc {offer.version} has them")
    _shaped("cells", told["cells"], [_CELL])
    cells = pl.DataFrame([cell | {"held": False} for cell in told["cells"]], schema=SCHEMA)
    if cells["rows"].min() < FEW:  # type: ignore[operator]
        raise ValueError(f"a cell holds fewer than {FEW}")
    if cells["rows"].sum() != offer.rows:
        raise ValueError("its cells do not add up to the rows of the list")
    if not cells["lasts"].drop_nulls().is_between(0, len(offer.points)).all():
        raise ValueError("a cell lasts longer than the curve")
    _known(offer, cells, book)
    return offer, cells


def _shaped(where: str, value: object, shape: Any) -> None:
    """Refuses a value of another shape, or with a text that is not fit to be shown.

    A shape is a type, None, a pattern of a text, a set of values, a list of one shape, a dictionary
    of shapes by key (`...` for any), or a tuple of shapes of which one is met.
    """
    if isinstance(shape, tuple):
        shape = next((one for one in shape if (one is None) == (value is None)), shape[0])
    if isinstance(shape, dict) and isinstance(value, dict):
        if ... not in shape and value.keys() != shape.keys():
            raise ValueError(f"{where} has other parts")
        for key, one in value.items():
            _shaped(where, key, str)
            _shaped(f"{where}.{key}" if key in shape else where, one, shape.get(key, shape.get(...)))
    elif isinstance(shape, list) and isinstance(value, list):
        for one in value:
            _shaped(where, one, shape[0])
    elif not _is(value, shape):
        raise ValueError(f"{where} is not what this program writes")


def _is(value: object, shape: Any) -> bool:
    if isinstance(shape, re.Pattern):
        return isinstance(value, str) and shape.fullmatch(value) is not None
    if isinstance(shape, frozenset):
        return isinstance(value, str) and value in shape
    if shape is str:
        return isinstance(value, str) and value.isprintable()
    return value is None if shape is None else type(value) is shape


def _offer(told: dict[str, Any]) -> Offer:
    points = tuple(map(date.fromisoformat, told["points"]))
    first, until = date.fromisoformat(told["first"]), told["until"] and date.fromisoformat(told["until"])
    if not points or list(points) != sorted(points) or (first, until or points[-1]) != (points[0], points[-1]):
        raise ValueError("its curve is not that of its period")
    fixed = {"rules": tuple(told["rules"]), "snapshots": tuple(told["snapshots"]), "trade": Traded(**told["trade"])}
    return Offer(**told | fixed | {"sealed": True, "first": first, "until": until, "points": points})


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
