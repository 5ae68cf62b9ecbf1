"""How the figures of a vetting are counted from its cells (`dnc.vetting.cells`).

One way of counting serves both: a list, where every count is exact, and a sample, which gives bounds for the list from
which it was drawn.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import Any

import polars as pl

from dnc.checks.result import Check
from dnc.errors import OptionError
from dnc.law.regimes import Regime
from dnc.law.rulebook import Rulebook
from dnc.law.vocabulary import vocabulary
from dnc.messages import localized
from dnc.verdicts.verdict import OUTCOMES
from dnc.vetting.cells import BANDS
from dnc.vetting.model import Asked, Cost, Offer, Price, Proved, Share, Vetting, Wanted
from dnc.vetting.sample_bounds import population_bounds

OF_CONSENTS = ("given", "proof", "wording", "ends", "signs")  # columns of cells that say more of consents
_NO_RULES = ("jurisdiction", "stale:law")  # in `dnc_missing`: only a newer or wider rules file decides these


def appraise(checked: Check, offer: Offer, cells: pl.DataFrame, asked: Asked, proved: Proved | None) -> Vetting:
    """Count every figure of a vetting from its cells (`dnc.vetting.cells.SCHEMA`), decided by the rules of its check.

    Raises OptionError if a condition is about the price of the list or about proofs, and there is none.
    """
    share, book = partial(_share, offer, cells), checked.book
    lasting = share(**offer.through)
    outcomes = {outcome: share(outcome=outcome) for outcome in OUTCOMES}
    callable_ = share(**offer.through, repeat=False, held=False)
    costs, wanted, duties = _costs(cells), _wanted(cells, book), _by_word(cells, "duties")
    named = {*duties, *offer.trade.blocked_by, *offer.trade.undecided_by, *(cost.regime for cost in costs)}
    named.update(id_ for item in wanted for id_ in item.regimes)
    price = _price(asked, callable_, offer.total)
    return Vetting(
        offer=offer,
        outcomes=outcomes,
        lasting=lasting,
        curve=[(day, share(outcome="clear", lasts=at)) for at, day in enumerate(offer.points, 1)],
        repeated=share(repeat=True),
        unreadable=share(territory=""),
        callable=callable_,
        lines=_by(cells, "line"),
        territories=_by(cells, "territory"),
        consents=_by_age(_by(cells, "consent")),
        told={name: told for name in OF_CONSENTS if (told := _by_age(_by_word(cells, name)))},
        answers=_answers(cells),
        costs=costs,
        wanted=wanted,
        unclear=_rows(cells, (pl.col("outcome") == "undecided") & (pl.col("missing") == "")),
        duties=duties,
        price=price,
        proved=proved,
        gate=list(asked.compared(_least_favourable(asked, lasting, outcomes, price, proved), offer.total)),
        regimes={id_: _described(regime) for id_, regime in book.by_id.items() if id_ in named},
        cells=cells,
        checked=checked,
    )


def _share(offer: Offer, cells: pl.DataFrame, *, lasts: int = 0, **wanted: object) -> Share:
    """The share of the rows of an offer that have some values in the columns of cells, with its bounds.

    lasts: at how many points of the curve, at least, the rows are still clear.
    """
    rows, of = offer.rows, offer.sample_of
    hits = _rows(cells, pl.all_horizontal(pl.col("lasts") >= lasts, *(pl.col(n) == word for n, word in wanted.items())))
    if not rows:
        return Share(0, 0.0, 0.0, 1.0 if of else 0.0)
    low, high = (hits, hits) if of is None else population_bounds(hits, rows, of, offer.confidence)
    return Share(hits, hits / rows, low / offer.total, high / offer.total)


def _rows(cells: pl.DataFrame, which: pl.Expr) -> int:
    return int(cells.filter(which)["rows"].sum())


def _by(cells: pl.DataFrame, column: str) -> dict[str, int]:
    """Rows by the word in a column, the most frequent first; rows without a word are left out."""
    counts = cells.filter(pl.col(column) != "").group_by(column).agg(pl.col("rows").sum())
    return dict(counts.sort(pl.col("rows"), pl.col(column), descending=[True, False]).iter_rows())


def _by_word(cells: pl.DataFrame, column: str) -> dict[str, int]:
    """Rows by each of the `;`-joined words in a column, the most frequent first."""
    counts: Counter[str] = Counter()
    for joined, rows in _by(cells, column).items():
        counts.update(dict.fromkeys(joined.split(";"), rows))
    return dict(counts.most_common())


def _answers(cells: pl.DataFrame) -> dict[str, dict[str, int]]:
    ages: dict[str, dict[str, int]] = {}
    for answer, rows in _by_word(cells, "answers").items():
        registry, _, age = answer.partition(" ")
        ages.setdefault(registry, {})[age] = rows
    return {registry: _by_age(bands) for registry, bands in sorted(ages.items())}


def _by_age(bands: dict[str, int]) -> dict[str, int]:
    """Rows by age, the youngest first; what is no age stays as it is."""
    return dict(sorted(bands.items(), key=lambda item: BANDS.index(item[0]) if item[0] in BANDS else 0))


def _costs(cells: pl.DataFrame) -> list[Cost]:
    alone: Counter[str] = Counter()
    shared: Counter[str] = Counter()
    for ids, rows in _by(cells, "blocked_by").items():
        blocking = ids.split(";")
        (shared if len(blocking) > 1 else alone).update(dict.fromkeys(blocking, rows))
    costs = [Cost(id_, alone[id_], shared[id_]) for id_ in {**alone, **shared}]
    return sorted(costs, key=lambda cost: (-cost.alone - cost.shared, -cost.alone, cost.regime))


def _wanted(cells: pl.DataFrame, book: Rulebook) -> list[Wanted]:
    """What undecided rows lack, first what most rows wait for."""
    read = {id_: _read(regime) for id_, regime in book.by_id.items()}
    waiting: Counter[str] = Counter()
    depending: dict[str, set[str]] = {}
    undecided = cells.filter((pl.col("outcome") == "undecided") & (pl.col("missing") != ""))
    for missing, undecided_by, rows in undecided.select("missing", "undecided_by", "rows").iter_rows():
        regimes = [id_ for id_ in undecided_by.split(";") if id_]
        for word in missing.split(";"):
            waiting[word] += rows
            depending.setdefault(word, set()).update(id_ for id_ in regimes if word in read[id_])
    return [
        _wish(word, rows, [book.by_id[id_] for id_ in sorted(depending[word])])
        for word, rows in sorted(waiting.items(), key=lambda item: (-item[1], item[0]))
    ]


def _read(regime: Regime) -> set[str]:
    """The words of `dnc_missing` that a regime depends on; only a scope depends on whether there are rules at all."""
    return regime.words.union(_NO_RULES if regime.is_scope else ())


def _wish(word: str, rows: int, regimes: list[Regime]) -> Wanted:
    asking = [
        regime for regime in regimes if word in {read for _, read in regime.demanded.reads} and not regime.is_scope
    ]
    asks = dict.fromkeys(regime.demanded.says for regime in asking)
    column = vocabulary().columns.get(word, {})
    if word in _NO_RULES:
        kind, by = "rules", "rules"
    elif not column:  # `registry:ID`, `stale:ID` or `uncovered:ID`
        kind, by = "answer", "buyer" if word.endswith(":own") else "seller"
    else:
        is_proof = column["kind"] == "axis" and any(regime.demand == "consent" for regime in asking)
        kind = "proof" if is_proof else "date" if column["kind"].startswith("date") else "field"
        by = "seller" if column.get("holder") else "buyer"
    return Wanted(word, rows, kind, by, tuple(regime.id for regime in regimes), tuple(asks))


def _price(asked: Asked, callable_: Share, total: int) -> Price | None:
    if (price := asked.price) is None:
        return None
    numbers = [total * share for share in (callable_.share, callable_.high, callable_.low)]
    each, low, high = (price / n if n else None for n in numbers)
    return Price(price, each, low, high, asked.currency)


def _least_favourable(
    asked: Asked, lasting: Share, outcomes: Mapping[str, Share], price: Price | None, proved: Proved | None
) -> dict[str, float | None]:
    """What each condition is compared with: the bound that is least favourable to the list."""
    if asked.max_price is not None and price is None:
        raise OptionError(localized("errors", "price_needed"))
    if asked.min_proved is not None and proved is None:
        raise OptionError(localized("errors", "draw", "proofs_needed"))
    return {
        "min_clear": lasting.low,
        "max_blocked": outcomes["blocked"].high,
        "max_undecided": outcomes["undecided"].high,
        "max_price": price.high if price else None,
        "min_proved": proved.share if proved else None,
    }


def _described(regime: Regime) -> dict[str, Any]:
    cites = [{"text": cite.texts["en"], **asdict(cite)} for cite in regime.cites]
    texts = {"title": regime.title, "says": regime.says}
    return texts | {"force": regime.force, "confidence": regime.confidence, "cites": cites}
