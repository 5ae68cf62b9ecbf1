"""What a vetting is: the list on offer, the use planned for it, and every figure about it.

`dnc.vetting.figures` counts the figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import msgspec
import polars as pl

from dnc.checks.result import Check, ConditionResult, Conditions

NOT_IN_JSON = ("cells", "checked")  # of a `Vetting`


@dataclass(frozen=True)
class Traded:
    """Whether the seller may hand the list over: one act for the whole file, decided by its worst row.

    outcome: of the worst row. rows: rows by outcome. blocked_by, undecided_by: rows by regime.
    missing: rows by what they lack, as in `dnc_missing`.
    """

    outcome: str
    rows: Mapping[str, int]
    blocked_by: Mapping[str, int]
    undecided_by: Mapping[str, int]
    missing: Mapping[str, int]


@dataclass(frozen=True)
class Offer:
    """A list on offer and the use that is planned for it.

    file, sha256, rows: of the file that was vetted, which is the list or a sample of it.
    check: row number of the check in the log of the store.
    first, until: the period of the calls, both days included; without `until` it is the first day alone.
    points: days of the curve, ascending.
    told: settings of the check: at, region, declared, brief, consents (both as sha256), guidance, accepted.
    rules: sha256 of each rules file. snapshots: registry, as_of and sha256 of each that was used.
    version: of this program.
    trade: whether the seller may hand the list over.
    held: for each list that the buyer already holds, how many numbers of this one are in it.
    sample_of: rows of the list from which the sample was drawn; None if the file is the list itself.
    confidence: of the bounds that a sample gives, between 0 and 1.
    """

    file: str
    sha256: str
    rows: int
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
        """Rows of the whole list."""
        return self.rows if self.sample_of is None else self.sample_of

    @property
    def through(self) -> dict[str, Any]:
        """What `dnc.vetting.figures` counts as rows that are clear for the whole period."""
        return {"outcome": "clear"} | ({"lasts": len(self.points)} if self.until else {})


@dataclass(frozen=True)
class Share:
    """Rows that have some property, and their share of the list, from 0 to 1.

    rows, share: of the file that was vetted.
    low, high: bounds of the share of the whole list, which differ from `share` if the file is a sample.
    """

    rows: int
    share: float
    low: float
    high: float


@dataclass(frozen=True)
class Cost:
    """How many rows a regime blocks alone, and how many it blocks together with other regimes."""

    regime: str
    alone: int
    shared: int


@dataclass(frozen=True)
class Wanted:
    """Something that undecided rows lack.

    word: as in `dnc_missing`. rows: rows that wait for it.
    kind: `field`, `date`, `proof` (of a consent), `answer` (of a registry) or `rules`.
    by: who can supply it: `seller`, `buyer` or `rules`.
    regimes: ids of the regimes that depend on it. asks: what they demand, in words.
    """

    word: str
    rows: int
    kind: str
    by: str
    regimes: tuple[str, ...]
    asks: tuple[str, ...]


@dataclass(frozen=True)
class Price:
    """The price of the whole list, and what a callable number then costs.

    per_clear, low, high: price of a callable number and its bounds; None if there may be no such number.
    currency: of all of them, as its code in ISO 4217; None where it was not said.
    """

    asked: float
    per_clear: float | None
    low: float | None
    high: float | None
    currency: str | None = None


@dataclass(frozen=True, kw_only=True)
class Asked(Conditions):
    """The price that a seller asks, and the conditions that a buyer sets.

    price: of the whole list. currency: of all amounts, as its code in ISO 4217; None where it is not said.
    min_clear: smallest share of rows clear for the whole period, 0 to 1.
    max_blocked, max_undecided: largest share of rows blocked or undecided on the first day, 0 to 1.
    max_price: highest price of a callable number; needs `price`.
    min_proved: smallest share of rows whose consents are proved, 0 to 1; needs the proofs of a draw.

    Raises OptionError where a value is out of range.
    """

    price: float | None = None
    currency: str | None = None
    max_price: float | None = None
    min_proved: float | None = None


@dataclass(frozen=True)
class Proved:
    """What the proofs of a draw say of the whole list.

    size: rows drawn. rows: rows of the list. proved: drawn rows whose proof holds.
    share: of the list, 0 to 1, that is proved at least; false at most as often as `confidence` says.
    missed: drawn rows whose proof does not hold, by the first of `dnc.vetting.draws.TESTS` that it fails.
    """

    size: int
    rows: int
    proved: int
    share: float
    confidence: float
    missed: Mapping[str, int]


@dataclass(frozen=True)
class Vetting:
    """Everything that is known of a list on offer; all but `offer` and `gate` is counted from `cells`.

    outcomes: rows by outcome on the first day. lasting: rows that are clear for the whole period.
    curve: for each day, the share that is clear from the first day through that day.
    repeated: rows whose number is counted in another row. unreadable: rows without a readable number.
    callable: distinct numbers that are clear for the whole period and not held by the buyer yet.
    lines, territories: rows by kind of line and by territory; rows without a readable number are left out.
    consents: rows by age of the consent in days.
    told: what rows say of consents, which is shown and not judged: rows by word for each of the columns of cells
    `given`, `proof`, `wording`, `ends` and `signs` that has any.
    answers: registry -> rows by age of its answer in days.
    costs: of regimes, the one that blocks most first.
    wanted: what undecided rows lack. unclear: undecided rows that lack no fact.
    duties: clear rows by the duties that go with them.
    price, gate: price and conditions, if any were set.
    proved: what the proofs of a draw say, if there was one.
    regimes: text and citations of the regimes named above.
    checked: the check behind the figures.
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
    told: dict[str, dict[str, int]]
    answers: dict[str, dict[str, int]]
    costs: list[Cost]
    wanted: list[Wanted]
    unclear: int
    duties: dict[str, int]
    price: Price | None
    proved: Proved | None
    gate: list[ConditionResult]
    regimes: dict[str, dict[str, Any]]
    cells: pl.DataFrame = field(repr=False, compare=False)
    checked: Check = field(repr=False, compare=False)

    @property
    def opens(self) -> bool:
        """Whether all conditions hold."""
        return all(condition.holds for condition in self.gate)

    def as_data(self) -> dict[str, Any]:
        """Everything but the cells and the check, as plain data for JSON."""
        shown = {name: value for name, value in vars(self).items() if name not in NOT_IN_JSON}
        data: dict[str, Any] = msgspec.to_builtins(shown | {"opens": self.opens}, enc_hook=str)
        return data
