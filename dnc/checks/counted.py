"""All that a check counts of its calls, batch by batch, in a form that can be stored and added up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self, get_args, get_type_hints

import msgspec

from dnc.checks.consent_counts import ConsentCounts
from dnc.checks.counts import Tallies
from dnc.lists.calls import Calls
from dnc.verdicts.judge import Verdicts


@dataclass
class Counted:
    """Counts of some calls.

    given: rows that were written, by outcome. elsewhere: calls for which an objection or a withdrawal in another row
    counts.
    """

    tallies: Tallies = field(default_factory=Tallies)
    consents: ConsentCounts = field(default_factory=ConsentCounts)
    given: Counter[str] = field(default_factory=Counter)
    elsewhere: int = 0

    @classmethod
    def of(cls, calls: Calls, verdicts: Verdicts, declared: Mapping[str, str | None]) -> Self:
        """The counts of a batch; declared: see `Tallies`."""
        counted = cls(Tallies(declared=declared))
        counted.tallies.add(calls, verdicts)
        counted.consents.add(calls, verdicts)
        counted.elsewhere = int((calls.plans["elsewhere"] != "")[calls.plan].sum())
        return counted

    def merge(self, other: Counted) -> None:
        """Add other counts."""
        self.tallies.merge(other.tallies)
        for mine, theirs in zip(self._others(), other._others(), strict=True):
            mine.update(theirs)
        self.elsewhere += other.elsewhere

    def _others(self) -> Iterable[Counter[Any]]:
        return self.consents.calls, self.given

    @property
    def data(self) -> dict[str, Any]:
        """As plain data for JSON."""
        # In a fixed order: equal parts are equal files.
        counters = {name: sorted(counter.items(), key=str) for name, counter, _ in self._counters()}
        plain: dict[str, Any] = msgspec.to_builtins({"elsewhere": self.elsewhere, **counters})
        return plain

    def read(self, data: Mapping[str, Any]) -> Self:
        """Add counts from `data`. Raises msgspec.ValidationError if it is nothing of the kind."""
        for name, counter, key in self._counters():
            counter.update(dict(msgspec.convert(data.get(name), list[tuple[key, int]])))  # type: ignore[valid-type]
        self.elsewhere += msgspec.convert(data.get("elsewhere"), int)
        return self

    def _counters(self) -> Iterator[tuple[str, Counter[Any], Any]]:
        """Name and type of the keys of each."""
        for part in (self.tallies, self.consents, self):
            for name, kind in get_type_hints(type(part)).items():
                if isinstance(counter := getattr(part, name), Counter):
                    yield name, counter, get_args(kind)[0]
