"""What regimes come to for a call, from what each of their conditions comes to.

DuckDB is asked for every condition once (`Inquiry`), those that read the same columns
together; its answers, true, false or None for *not told*, are few once they are
distinct, and are put together here by the three-valued rule of `dnc.law.regimes`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from dnc.law.demands import Part
from dnc.law.regimes import Regime

Truth = Mapping[str, bool | None]
_VALUES = (False, True, None)
_IN_A_CODE = 40  # conditions, three values each, that 64 bits hold


@dataclass(frozen=True)
class Inquiry:
    """What is asked about every call, as SQL: each condition that regimes turn on, and each day on which one ends."""

    conditions: tuple[str, ...]
    ends: tuple[str, ...]

    @property
    def codes(self) -> int:
        """How many codes say what the conditions came to."""
        return -(-len(self.conditions) // _IN_A_CODE)

    @property
    def sql(self) -> str:
        """The query: a row of `facts` in, a row of `c0` … (UBIGINT) and `e0` … (Date) out, in the same order."""
        digits = [
            f"coalesce(({sql})::boolean::utinyint, 2)::ubigint * {len(_VALUES) ** (at % _IN_A_CODE)}"
            for at, sql in enumerate(self.conditions)
        ]
        starts = range(0, len(digits), _IN_A_CODE)
        codes = [f"{' + '.join(digits[at : at + _IN_A_CODE])} as c{at // _IN_A_CODE}" for at in starts]
        ends = [f"({sql})::date as e{at}" for at, sql in enumerate(self.ends)]
        return f"select {', '.join(codes + ends)} from facts"

    def truth(self, codes: Sequence[int]) -> dict[str, bool | None]:
        """What each condition came to, by its codes."""
        return {
            sql: _VALUES[codes[at // _IN_A_CODE] // len(_VALUES) ** (at % _IN_A_CODE) % len(_VALUES)]
            for at, sql in enumerate(self.conditions)
        }

    def reads(self, columns: Sequence[str]) -> list[str]:
        """Those of some columns that anything in it reads."""
        named = frozenset().union(*map(_names, (*self.conditions, *self.ends)))
        return [name for name in columns if name in named]

    def apart(self, columns: Sequence[str], few: Collection[str]) -> list[tuple[list[str], Inquiry]]:
        """The same in parts, each with those of some columns that it reads.

        What reads no more columns than another condition goes with it, and what reads none but those of `few`
        words is one part.
        """
        read = {sql: _names(sql).intersection(columns) for sql in (*self.conditions, *self.ends)}
        widest = sorted({frozenset(few), *read.values()}, key=lambda names: (-len(names), sorted(names)))
        parts: dict[frozenset[str], tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
        for kind, sqls in enumerate((self.conditions, self.ends)):
            for sql in sqls:
                parts[next(names for names in widest if read[sql] <= names)][kind].append(sql)
        return [
            ([name for name in columns if name in names], Inquiry(*map(tuple, asked))) for names, asked in parts.items()
        ]


@cache
def _names(sql: str) -> frozenset[str]:
    """All words of a condition, the columns that it reads among them."""
    return frozenset(re.findall(r"\w+", sql))


def inquiry(regimes: Iterable[Regime], later: bool = False) -> Inquiry:
    """All that regimes turn on; `later`, as `finding` reads it, without what only `untold` asks."""
    parts = [part for one in regimes for part in one.parts if part in one.when or not (later and part.daily)]
    conditions = [sql for part in parts for sql in (part.sql, *(untold for untold, _ in part.reads if not later))]
    return Inquiry(tuple(dict.fromkeys(conditions)), tuple(dict.fromkeys(end for part in parts for end in part.ends)))


def every(values: Iterable[bool | None]) -> bool | None:
    """Three-valued AND."""
    values = set(values)
    return False if False in values else None if None in values else True


def negated(value: bool | None) -> bool | None:
    """Three-valued NOT."""
    return None if value is None else not value


def some(values: Iterable[bool | None]) -> bool | None:
    """Three-valued OR."""
    return negated(every(map(negated, values)))


def finding(regime: Regime, truth: Truth, later: bool = False) -> str:
    """What a regime comes to, as one letter.

    `m` applies and is met, `b` applies and is broken, `x` applies and is not known to be met;
    `-` does not apply; `p` may apply and is met, `u` may apply and is not known to be met.
    later: take what is judged day by day (hours, attempts) as met.
    """
    applies, met = _applies(regime, truth, later), _value(regime.demanded, truth, later)
    if applies is False:
        return "-"
    if applies is None:
        return "p" if met else "u"
    return "x" if met is None else "m" if met else "b"


def untold(regime: Regime, truth: Truth) -> Iterator[str]:
    """Words of `dnc_missing`: what a regime that could not be decided turns on and was not told."""
    applies, met = _applies(regime, truth), truth[regime.demanded.sql]
    if some((negated(applies), met)) is not None:
        return
    asked = list(regime.when)
    for clause in regime.exceptions:
        if every(truth[part.sql] for part in clause) is None:
            asked += clause
    # Beyond its scope a file does not answer; as long as that is not known, the facts are asked for.
    if met is None and (applies or not regime.is_scope):
        asked.append(regime.demanded)
    yield from (word for part in asked for condition, word in part.reads if truth[condition])


def ends(regimes: Iterable[Regime], truth: Truth) -> set[str]:
    """The ends that count: those of regimes whose undated conditions may be given."""
    return {
        end
        for regime in regimes
        if every(truth[part.sql] for part in regime.when if not part.ends) is not False
        for part in regime.parts
        for end in part.ends
    }


def _value(part: Part, truth: Truth, later: bool) -> bool | None:
    return True if later and part.daily else truth[part.sql]


def _applies(regime: Regime, truth: Truth, later: bool = False) -> bool | None:
    lifted = some(every(_value(part, truth, later) for part in clause) for clause in regime.exceptions)
    return every([*(truth[part.sql] for part in regime.when), negated(lifted)])
