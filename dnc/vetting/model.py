"""What a list on offer comes to: every figure of a vetting, counted from its cells.

The same figures come from open cells and from those of a sealed result, where a
count is known between bounds; a sample gives bounds on the list it was drawn from.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import Any

import polars as pl

from dnc.checks.result import Check
from dnc.checks.verdict import OUTCOMES
from dnc.errors import OptionError
from dnc.law.regimes import Regime
from dnc.law.rulebook import Rulebook
from dnc.law.vocabulary import vocabulary
from dnc.vetting.cells import BANDS, between
from dnc.vetting.sample_bounds import population_bounds


@dataclass(frozen=True)
class Traded:
    """What handing the list over comes to for the seller: the worst of its rows.

    rows: by outcome. blocked_by, undecided_by: rows by regime. missing: rows by what would decide.
    In a sealed result these rows are not told, and None.
    """

    outcome: str
    rows: Mapping[str, int | None]
    blocked_by: Mapping[str, int | None]
    undecided_by: Mapping[str, int | None]
    missing: Mapping[str, int | None]


@dataclass(frozen=True)
class Offer:
    """A list on offer and the use that is planned of it.

    file, sha256, rows: of the list, or of the sample. sample_of: rows of the list that a sample was drawn from.
    confidence: of bounds. sealed: whether its cells hold ten persons or more each.
    check: number of the check in the log of the store it was vetted with.
    first, until: the period of the calls, both days included; without `until` it is the first day.
    points: days of the curve.
    told: what was told of the use: at, region, declared, brief, consents (both as sha256), guidance, accepted.
    rules: sha256 of each rules file. snapshots: registry, as_of and sha256 of each that stood. version: of dnc.
    trade: what handing the list over comes to for the seller.
    held: how many of its numbers stand in each list that the buyer holds.
    """

    file: str
    sha256: str
    rows: int
    sealed: bool
    check: int
    first: date
    until: date | None
    points: tuple[date, ...]
    told: Mapping[str, Any]
    rules: tuple[str, ...]
    snapshots: tuple[Mapping[str, Any], ...]
    version: str
    trade: Traded
    held: Mapping[str, int] = field(default_factory=dict)
    sample_of: int | None = None
    confidence: float = 0.95

    @property
    def total(self) -> int:
        """Rows of the list on offer."""
        return self.rows if self.sample_of is None else self.sample_of

    @property
    def through(self) -> dict[str, object]:
        """What a clear row has that is clear for the whole period."""
        return {"outcome": "clear"} | ({"lasts": len(self.points)} if self.until else {})


@dataclass(frozen=True)
class Share:
    """Rows, their share of the rows looked at, and the least and the most that it may be of the list.

    The bounds are wider than the share where the rows are a sample, or are counted in classes of a sealed result.
    """

    rows: int
    share: float
    low: float
    high: float


@dataclass(frozen=True)
class Cost:
    """Rows that a regime blocks alone, and rows that it blocks together with others."""

    regime: str
    alone: int
    shared: int


@dataclass(frozen=True)
class Wanted:
    """Something that would decide undecided rows, and so is to be delivered.

    word: as in `dnc_missing`. kind: `field`, `date`, `proof` (of a consent), `answer` (of a registry),
    or `rules`. by: who has it, `seller`, `buyer` or `rules`.
    regimes: ids of those that turn on it. asks: what their demands ask for.
    """

    word: str
    rows: int
    kind: str
    by: str
    regimes: tuple[str, ...]
    asks: tuple[str, ...]


@dataclass(frozen=True)
class Price:
    """The price of the whole list, and what a callable number then costs; None where there may be none."""

    asked: float
    per_clear: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Condition:
    """One condition of the gate: what was asked, what was found (the unfavourable bound), and whether it holds."""

    name: str
    asked: float
    found: float | None
    holds: bool


@dataclass(frozen=True)
class Asked:
    """What a buyer asks of a list: its price, and the conditions under which the gate opens."""

    price: float | None = None
    min_clear: float | None = None
    max_undecided: float | None = None
    max_price_per_clear: float | None = None


@dataclass(frozen=True)
class Claim:
    """What a sealed result claims of one class, held to a sample.

    column, word: as in cells. claimed: least and most share of the list. found: rows of the sample.
    bounds: share of the list by the sample, at the confidence of all classes together. holds: whether they meet.
    """

    column: str
    word: str
    claimed: tuple[float, float]
    found: int
    bounds: tuple[float, float]
    holds: bool


@dataclass(frozen=True)
class Agreement:
    """Whether a sample is consistent with a sealed result, at a confidence, and what was held against what."""

    consistent: bool
    confidence: float
    claims: tuple[Claim, ...]


@dataclass(frozen=True)
class Vetting:
    """What a list on offer comes to; everything but `offer` and `gate` is counted from `cells`.

    outcomes: by outcome, on the first day. lasting: clear for the whole period.
    curve: share that is clear on each day, on the terms of the first.
    repeated: rows whose number counts in another row. unreadable: rows without a number.
    callable: numbers that are clear for the period and not held yet.
    lines, territories: rows by word; an unreadable number has none. consents: rows by age in days.
    answers: registry → rows by age in days. costs: of regimes, the dearest first.
    wanted: what would decide the undecided. unclear: undecided rows that no fact would decide.
    duties: clear rows by the duties that go with them.
    untold, loose: rows of a sealed result by what is not told of them, and by what is told but for a few.
    regimes: what those that are named say, and their citations.
    agreement: of a sample with a sealed result, where it was held to one.
    checked: the check that it came of; None for a sealed result that was read.
    """

    offer: Offer
    outcomes: dict[str, Share]
    lasting: Share
    curve: list[tuple[date, Share]]
    repeated: Share
    unreadable: Share
    callable: Share
    lines: dict[str, int]
    territories: dict[str, int]
    consents: dict[str, int]
    answers: dict[str, dict[str, int]]
    costs: list[Cost]
    wanted: list[Wanted]
    unclear: int
    duties: dict[str, int]
    untold: dict[str, int]
    loose: dict[str, int]
    price: Price | None
    gate: list[Condition]
    regimes: dict[str, dict[str, Any]]
    cells: pl.DataFrame = field(repr=False, compare=False)
    agreement: Agreement | None = None
    checked: Check | None = field(default=None, repr=False, compare=False)

    @property
    def opens(self) -> bool:
        """Whether all conditions hold, and the sample is consistent where it was held to a claim."""
        return all(one.holds for one in self.gate) and (self.agreement is None or self.agreement.consistent)

    def as_data(self) -> dict[str, Any]:
        """Everything but the cells and the check as plain data."""
        data = asdict(replace(self, cells=pl.DataFrame(), checked=None))
        del data["cells"], data["checked"]
        return data | {"opens": self.opens}


def appraise(offer: Offer, cells: pl.DataFrame, book: Rulebook, asked: Asked) -> Vetting:
    """Count every figure of a vetting from its cells (see `dnc.vetting.cells.SCHEMA`)."""
    share = _Shares(offer, cells)
    lasting = share(**offer.through)
    undecided = share(outcome="undecided")
    callable_ = share(**offer.through, repeat=False, held=False)
    costs, wanted, duties = _costs(cells), _wanted(cells, book), _by_word(cells, "duties")
    named = {*duties, *offer.trade.blocked_by, *offer.trade.undecided_by, *(one.regime for one in costs)}
    named.update(id_ for one in wanted for id_ in one.regimes)
    price = _price(asked.price, callable_, offer.total)
    return Vetting(
        offer=offer,
        outcomes={outcome: share(outcome=outcome) for outcome in OUTCOMES},
        lasting=lasting,
        curve=[(day, share.lasting(at)) for at, day in enumerate(offer.points, 1)],
        repeated=share(repeat=True),
        unreadable=share(territory=""),
        callable=callable_,
        lines=_by(cells, "line"),
        territories=_by(cells, "territory"),
        consents=_aged(_by(cells, "consent")),
        answers=_answers(cells),
        costs=costs,
        wanted=wanted,
        unclear=_rows(cells, (pl.col("outcome") == "undecided") & (pl.col("missing") == "")),
        duties=duties,
        untold={name: rows for name in _TOLD if (rows := _rows(cells, pl.col(name).is_null()))},
        loose=_by_level(cells),
        price=price,
        gate=list(_gate(asked, lasting, undecided, price)),
        regimes={regime.id: _said(regime) for _, regime in book.regimes() if regime.id in named},
        cells=cells,
    )


_TOLD = ("outcome", "blocked_by", "undecided_by", "line", "territory", "consent", "answers", "lasts", "repeat")


class _Shares:
    """Shares of an offer's rows, with what bounds are known of them."""

    def __init__(self, offer: Offer, cells: pl.DataFrame) -> None:
        self._offer, self._cells = offer, cells

    def __call__(self, **wanted: object) -> Share:
        return self._of(*between(self._cells, **wanted))

    def lasting(self, at: int) -> Share:
        """Of rows that are clear through a point of the curve (1-based); through the first are all that are clear."""
        if at == 1:
            return self(outcome="clear")
        through = pl.when(pl.col("lasts") >= at).then(at).otherwise(pl.col("lasts")).alias("lasts")
        return self._of(*between(self._cells.with_columns(through), outcome="clear", lasts=at))

    def _of(self, least: int, most: int) -> Share:
        rows, of = self._offer.rows, self._offer.sample_of
        if not rows:
            return Share(0, 0.0, 0.0, 1.0 if of else 0.0)
        low, high = least, most
        if of is not None:
            low, _ = population_bounds(least, rows, of, self._offer.confidence)
            _, high = population_bounds(most, rows, of, self._offer.confidence)
        return Share(least, least / rows, low / self._offer.total, high / self._offer.total)


def _rows(cells: pl.DataFrame, which: pl.Expr) -> int:
    return int(cells.filter(which)["rows"].sum())


def _by(cells: pl.DataFrame, column: str) -> dict[str, int]:
    """Rows by word, most first; rows without one are left out."""
    told = cells.filter(pl.col(column) != "").group_by(column).agg(pl.col("rows").sum())
    return dict(told.sort(pl.col("rows"), pl.col(column), descending=[True, False]).iter_rows())


def _by_word(cells: pl.DataFrame, column: str) -> dict[str, int]:
    """Rows by each of the `;`-joined words of a column, most first."""
    counts: Counter[str] = Counter()
    for words, rows in _by(cells, column).items():
        counts.update(dict.fromkeys(words.split(";"), rows))
    return dict(counts.most_common())


def _by_level(cells: pl.DataFrame) -> dict[str, int]:
    """Rows by each level at which a word stands for all but a few."""
    levels = cells.select("most", "rows").explode("most").drop_nulls().group_by("most").agg(pl.col("rows").sum())
    return dict(levels.sort("most").iter_rows())


def _answers(cells: pl.DataFrame) -> dict[str, dict[str, int]]:
    ages: dict[str, dict[str, int]] = {}
    for words, rows in _by_word(cells, "answers").items():
        registry, _, age = words.partition(" ")
        ages.setdefault(registry, {})[age] = rows
    return {registry: _aged(bands) for registry, bands in sorted(ages.items())}


def _aged(bands: dict[str, int]) -> dict[str, int]:
    """Rows by age, the youngest first."""
    return dict(sorted(bands.items(), key=lambda one: BANDS.index(one[0])))


def _costs(cells: pl.DataFrame) -> list[Cost]:
    alone: Counter[str] = Counter()
    shared: Counter[str] = Counter()
    for ids, rows in _by(cells, "blocked_by").items():
        blocking = ids.split(";")
        (shared if len(blocking) > 1 else alone).update(dict.fromkeys(blocking, rows))
    costs = [Cost(id_, alone[id_], shared[id_]) for id_ in {**alone, **shared}]
    return sorted(costs, key=lambda one: (-one.alone - one.shared, -one.alone, one.regime))


def _wanted(cells: pl.DataFrame, book: Rulebook) -> list[Wanted]:
    """What would decide undecided rows, what most rows wait for first."""
    by_id = {regime.id: regime for _, regime in book.regimes()}
    waiting: Counter[str] = Counter()
    turning: dict[str, set[str]] = {}
    open_ = cells.filter((pl.col("outcome") == "undecided") & (pl.col("missing") != ""))
    for missing, undecided_by, rows in open_.select("missing", "undecided_by", "rows").iter_rows():
        for word in missing.split(";"):
            waiting[word] += rows
            turning.setdefault(word, set()).update(
                id_ for id_ in undecided_by.split(";") if id_ and _reads(by_id[id_], word)
            )
    return [
        _wish(word, rows, [by_id[id_] for id_ in sorted(turning[word])])
        for word, rows in sorted(waiting.items(), key=lambda one: (-one[1], one[0]))
    ]


_BEYOND = ("jurisdiction", "stale:law")  # what a scope asks for beyond the days that its file was read for


def _reads(regime: Regime, word: str) -> bool:
    told = {one for part in regime.parts for _, one in part.reads}
    return word in told or (regime.is_scope and word in _BEYOND)


def _wish(word: str, rows: int, regimes: list[Regime]) -> Wanted:
    asking = [one for one in regimes if word in {read for _, read in one.demanded.reads} and not one.is_scope]
    asks = dict.fromkeys(one.demanded.says for one in asking)
    column = vocabulary().columns.get(word, {})
    if word in _BEYOND:
        kind, by = "rules", "rules"
    elif not column:
        kind, by = "answer", "buyer" if word.endswith(":own") else "seller"
    else:
        is_proof = column["kind"] == "axis" and any(one.demand == "consent" for one in asking)
        kind = "proof" if is_proof else "date" if column["kind"].startswith("date") else "field"
        by = "seller" if column.get("holder") else "buyer"
    return Wanted(word, rows, kind, by, tuple(one.id for one in regimes), tuple(asks))


def _price(asked: float | None, callable_: Share, total: int) -> Price | None:
    if asked is None:
        return None
    each = [asked / (total * share) if share else None for share in (callable_.share, callable_.high, callable_.low)]
    return Price(asked, *each)


def _gate(asked: Asked, lasting: Share, undecided: Share, price: Price | None) -> Iterator[Condition]:
    """The conditions that were set, each held against the bound that speaks against the list."""
    if (least := asked.min_clear) is not None:
        yield Condition("min_clear", least, lasting.low, lasting.low >= least)
    if (most := asked.max_undecided) is not None:
        yield Condition("max_undecided", most, undecided.high, undecided.high <= most)
    if (dearest := asked.max_price_per_clear) is not None:
        if price is None:
            raise OptionError("a price for each callable number asks for the --price of the list")
        yield Condition("max_price_per_clear", dearest, price.high, price.high is not None and price.high <= dearest)


def _said(regime: Regime) -> dict[str, Any]:
    cites = [{"text": one.text, "url": one.url, "read": one.read} for one in regime.cites]
    return {"says": regime.says, "force": regime.force, "confidence": regime.confidence, "cites": cites}
