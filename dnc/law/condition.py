"""SQL expressions that know what they read, and the conditions that are compiled to them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

import msgspec

from dnc.law.limits import Limit
from dnc.messages import NOTHING, Words


class Sql(str):
    """An SQL expression over `facts` that knows which columns it reads.

    A condition is evaluated once for each distinct combination of the columns that it
    reads, so a column too many costs time, and a column too few is a binder error.
    Formatting gives a plain `str`: write `Sql(f"…", part, "column")` to combine.

    Args:
        text: the expression.
        read: what it reads: names of columns, or expressions whose columns it reads too.
    """

    columns: frozenset[str]

    def __new__(cls, text: str, *read: str) -> Self:  # noqa: D102
        made = super().__new__(cls, text)
        made.columns = frozenset[str]().union(*(part.columns if isinstance(part, Sql) else {part} for part in read))
        return made


NEVER, ALWAYS = Sql("false"), Sql("true")


class Condition(msgspec.Struct, frozen=True, omit_defaults=True):
    """One condition or demand, compiled.

    sql: a three-valued expression over `facts`.
    reads: pairs of (expression that is true if a fact is unknown, word of `dnc_missing` for this fact).
    ends: expressions for dates, each the last day on which `sql` keeps its value, or NULL.
    says: the same in words, for `dnc explain`.
    registries: ids of the registries that it looks up.
    compares: pairs of a column and the words, or prefixes, of the closed list that it is compared with.
    waits: an expression that is true if the condition may hold at a later moment just as it is: it turns on the hour,
        the weekday, polls, a pause or attempts, and not on a fact about the person.
    clocks: times of day (HH:MM) at which its value may change.
    axis: whether it only checks that a column is one of the words of such a list.
    calendars: names of the macros that it calls.
    limit: what it allows, where it is judged day by day (hours, attempts, polls).
    broken: pairs of (expression that is true if this is why it is not met, word for the reason); the first one counts.
    """

    sql: Sql
    reads: tuple[tuple[Sql, str], ...] = ()
    ends: tuple[Sql, ...] = ()
    says: Words = NOTHING
    registries: tuple[str, ...] = ()
    waits: Sql = NEVER
    clocks: tuple[str, ...] = ()
    compares: tuple[tuple[str, tuple[str, ...]], ...] = ()
    axis: bool = False
    calendars: tuple[str, ...] = ()
    limit: Limit | None = None
    broken: tuple[tuple[Sql, str], ...] = ()

    @property
    def daily(self) -> bool:
        """Whether it is judged day by day, without a last day of validity."""
        return self.limit is not None and not self.ends

    @property
    def columns(self) -> frozenset[str]:
        """The columns that its value and its ends depend on."""
        return self.sql.columns.union(*(end.columns for end in self.ends))


def all_sql(conditions: Iterable[str]) -> Sql:
    """The conjunction of some expressions."""
    conditions = list(conditions)
    return Sql(
        " and ".join(f"({sql})" for sql in conditions) or "true", *(sql for sql in conditions if isinstance(sql, Sql))
    )


def one_of(column: str, words: Iterable[str]) -> Sql:
    """Whether a column is one of the words of a closed list."""
    literals = ", ".join(f"'{word}'" for word in words)
    return Sql(f"{column} in ({literals})", column)


def is_unknown(column: str) -> Sql:
    """Whether a column is NULL."""
    return Sql(f"{column} is null", column)
