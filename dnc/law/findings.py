"""From the values of single conditions to what each regime means for a call.

DuckDB evaluates every condition once (`Inquiry`), grouped by the columns that they
read. It returns few distinct combinations of values (true, false, or None for *not
known*); this module combines them by the three-valued rule of `dnc.law.regimes`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from functools import cached_property
from itertools import chain

import msgspec

from dnc.law.condition import Sql
from dnc.law.regimes import Regime

Truth = Mapping[str, bool | None]  # expression → its value
_VALUES = (False, True, None)
_IN_A_CODE = 40  # conditions with three values each that fit into 64 bits: 3**40 < 2**64 < 3**41


class Finding(Enum):
    """What one regime means for one call; the worst finding comes first.

    applies: the regime is known to apply. blocks: it applies and is broken. is_open: it may be broken, but a fact is
    missing. is_met: its demand is met, whether or not it applies. key: the name of the finding in tables of messages.
    """

    BROKEN = (True, False)
    OPEN = (True, None)
    MAYBE_OPEN = (None, None)
    MET = (True, True)
    MAYBE_MET = (None, True)
    NOT_APPLICABLE = (False, None)

    def __init__(self, applies: bool | None, met: bool | None) -> None:
        self.key = self.name.lower()
        self.applies = applies is True
        self.blocks = applies is True and met is False
        self.is_open = applies is not False and met is None
        self.is_met = applies is not False and met is True


class Inquiry(msgspec.Struct, frozen=True, dict=True):
    """What is evaluated for every call: the conditions of regimes, and the last days of their values."""

    conditions: tuple[Sql, ...]
    ends: tuple[Sql, ...]

    @property
    def codes(self) -> int:
        """How many integers are needed for the values of all conditions of one call."""
        return -(-len(self.conditions) // _IN_A_CODE)

    @property
    def sql(self) -> str:
        """The query: a row of `facts` in, a row of `c0` … (UBIGINT) and `e0` … (Date) out, in the same order."""
        starts = range(0, len(self.conditions), _IN_A_CODE)
        codes = [f"{_code(self.conditions[at : at + _IN_A_CODE])} as c{at // _IN_A_CODE}" for at in starts]
        ends = [f"({sql})::date as e{at}" for at, sql in enumerate(self.ends)]
        return f"select {', '.join(codes + ends)} from facts"

    def truth(self, codes: Sequence[int]) -> dict[str, bool | None]:
        """The value of each condition, from the integers of one call."""
        return {
            sql: _VALUES[codes[at // _IN_A_CODE] // len(_VALUES) ** (at % _IN_A_CODE) % len(_VALUES)]
            for at, sql in enumerate(self.conditions)
        }

    @cached_property
    def expressions(self) -> frozenset[Sql]:
        """The conditions and the ends."""
        return frozenset(self.conditions + self.ends)

    @cached_property
    def columns(self) -> frozenset[str]:
        """All columns that it reads."""
        return frozenset[str]().union(*(sql.columns for sql in self.expressions))

    def grouped(self, columns: Sequence[str], few: Collection[str]) -> list[tuple[list[str], Inquiry]]:
        """The same inquiry in parts, each with those of `columns` that it reads.

        An expression is added to the part of another one that reads at least the same columns; all expressions that
        read only columns of `few` distinct values form one part.
        """
        read = {sql: sql.columns.intersection(columns) for sql in (*self.conditions, *self.ends)}
        widest = sorted({frozenset(few), *read.values()}, key=lambda names: (-len(names), sorted(names)))
        parts: dict[frozenset[str], tuple[list[Sql], list[Sql]]] = defaultdict(lambda: ([], []))
        for kind, expressions in enumerate((self.conditions, self.ends)):
            for sql in expressions:
                parts[next(names for names in widest if read[sql] <= names)][kind].append(sql)
        return [([name for name in columns if name in names], Inquiry(*map(tuple, parts[names]))) for names in parts]


def _code(conditions: Sequence[Sql]) -> str:
    """SQL for the values of conditions as the digits of an integer, the first one last.

    It is a list because `*` and `+` take three times as long to bind.
    """
    values = ", ".join(f"({sql})::boolean" for sql in reversed(conditions))
    digits = f"lambda code, value: code * {len(_VALUES)} + coalesce(value::utinyint, 2)"
    return f"list_reduce([{values}], {digits}, 0::ubigint)"


def inquiry(regimes: Iterable[Regime]) -> Inquiry:
    """Everything that has to be evaluated to decide regimes."""
    regimes = list(regimes)
    parts = [part for regime in regimes for part in regime.parts]
    conditions = [part.sql for part in parts]
    conditions += [sql for part in parts for sql in (*(unknown for unknown, _ in part.reads), part.waits)]
    conditions += [sql for regime in regimes for sql, _ in regime.demanded.broken]
    return Inquiry(tuple(dict.fromkeys(conditions)), tuple(dict.fromkeys(end for part in parts for end in part.ends)))


def all_of(values: Iterable[bool | None]) -> bool | None:
    """Three-valued AND; it asks for no value after one that is false."""
    result: bool | None = True
    for value in values:
        if value is False:
            return False
        if value is None:
            result = None
    return result


def negated(value: bool | None) -> bool | None:
    """Three-valued NOT."""
    return None if value is None else not value


def finding_of(regime: Regime, truth: Truth) -> Finding:
    """What a regime means for a call whose conditions have these values."""
    applies, met = _applies(regime, truth), truth[regime.demanded.sql]
    if applies is False:
        return Finding.NOT_APPLICABLE
    if applies is None:
        return Finding.MAYBE_MET if met else Finding.MAYBE_OPEN
    return Finding.OPEN if met is None else Finding.MET if met else Finding.BROKEN


def at_any_hour(regimes: Iterable[Regime], truth: Truth) -> list[Regime]:
    """The regimes without those that may apply at some moments only, because of a condition of `when` that waits."""
    return [regime for regime in regimes if not any(truth[part.waits] for part in regime.when)]


def after_waiting(regimes: Iterable[Regime], truth: Truth) -> Truth:
    """The values at the most favourable later moment: what may hold after waiting does."""
    return {**truth, **{part.sql: True for regime in regimes for part in regime.parts if truth[part.waits]}}


def unknown_facts(regime: Regime, truth: Truth) -> Iterator[str]:
    """Words of `dnc_missing` for the unknown facts because of which an undecided regime is so."""
    applies, met = _applies(regime, truth), truth[regime.demanded.sql]
    conditions = list(regime.when)
    for clause in regime.exceptions:
        if all_of(truth[part.sql] for part in clause) is None:
            conditions += clause
    # A file says nothing about calls outside its scope. While it is not known whether a call is outside, ask for the
    # facts that decide that, and not for another jurisdiction.
    if met is None and (applies or not regime.is_scope):
        conditions.append(regime.demanded)
    yield from (word for condition in conditions for unknown, word in condition.reads if truth[unknown])


def counting_ends(regimes: Iterable[Regime], truth: Truth) -> set[str]:
    """The ends that limit the validity: those of regimes that may apply, judging by their conditions without ends."""
    return {
        end
        for regime in regimes
        if all_of(truth[part.sql] for part in regime.when if not part.ends) is not False
        for part in regime.parts
        for end in part.ends
    }


def _applies(regime: Regime, truth: Truth) -> bool | None:
    clauses = (negated(all_of(truth[part.sql] for part in clause)) for clause in regime.exceptions)
    return all_of(chain((truth[part.sql] for part in regime.when), clauses))
