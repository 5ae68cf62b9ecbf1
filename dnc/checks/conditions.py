"""Conditions on the outcomes of a list: shares of its rows, each compared with a limit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

from dnc.errors import must_be_within, must_match

_CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True)
class ConditionResult:
    """One condition, compared with a list.

    name: the condition, a field of `Conditions` or `dnc.vetting.model.Asked`. asked: the limit.
    found: the bound that is least favourable to the list, or None where there is none.
    holds: whether `found` is within the limit; never for a list without rows.
    """

    name: str
    asked: float
    found: float | None
    holds: bool


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """What somebody asks of the outcomes of a list; None is no condition.

    min_clear: smallest share of rows that are clear, 0 to 1. max_blocked, max_undecided: largest share of such rows.

    Raises OptionError where a value is out of range.
    """

    min_clear: float | None = None
    max_blocked: float | None = None
    max_undecided: float | None = None

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if value is not None and name == "currency":
                must_match(name, value, "currency", _CURRENCY)
            elif value is not None and "price" in name:
                must_be_within(name, value, "amount", 0)
            elif value is not None:
                must_be_within(name, value, "share", 0, 1)

    def compared(self, clear: float, blocked: float, undecided: float, rows: int) -> Iterator[ConditionResult]:
        """The conditions that were set, each compared with its share, 0 to 1. A list without rows meets none."""
        if (least := self.min_clear) is not None:
            yield ConditionResult("min_clear", least, clear, rows > 0 and clear >= least)
        if (most := self.max_blocked) is not None:
            yield ConditionResult("max_blocked", most, blocked, rows > 0 and blocked <= most)
        if (most := self.max_undecided) is not None:
            yield ConditionResult("max_undecided", most, undecided, rows > 0 and undecided <= most)

    def of(self, counts: Mapping[str, int]) -> list[ConditionResult]:
        """The conditions that were set, compared with calls by outcome."""
        rows = sum(counts.values())
        clear, blocked, undecided = (counts[outcome] / max(rows, 1) for outcome in ("clear", "blocked", "undecided"))
        return list(self.compared(clear, blocked, undecided, rows))
