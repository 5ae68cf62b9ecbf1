"""Counts of the rows of a run, for its summary, its page and a vetting; they hold no row and no number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any, NamedTuple

import polars as pl

from dnc.files.table import MARKED
from dnc.frames import numbered
from dnc.lists.calls import Calls
from dnc.lists.cell_facts import text_of
from dnc.verdicts.basis import GROUNDS
from dnc.verdicts.judge import BASIS, Verdicts
from dnc.verdicts.verdict import OUTCOMES


class Cell(NamedTuple):
    """What rows that are counted together have in common; lists are joined with `;`, an unknown value is "".

    jurisdiction: whose law was applied. territory, place, line: of the number (see `dnc.lists.intake`).
    limits, broken: as in `dnc.verdicts.verdict.Verdict`. The others are columns of `dnc.law.vocabulary.VERDICT` without
    `dnc_`.
    """

    jurisdiction: str
    territory: str
    place: str
    line: str
    outcome: str
    blocked_by: str
    undecided_by: str
    missing: str
    applies: str
    duties: str
    advice: str
    limits: str
    broken: str


_MOST_WORDS = 1_000  # that are counted apart
_FACTS = ("territory", "place", "line")
_COLUMNS = [name if name in (*_FACTS, *BASIS) else f"dnc_{name}" for name in Cell._fields]


@dataclass
class Tallies:
    """Counts of rows.

    cells: by `Cell`. days: by day of the call and outcome. ends: of clear rows, by the last day on which they are
    clear; None if nothing ends that. unread: of undecided rows that do not count as they stand, by reason. misread: of
    cells that were not understood, by our column and masked word; "" stands for further words of a column with many.
    texts: of texts without a meaning, by column of the file and masked word; "" stands for further texts of a column.
    rest: of texts that were not named in a column whose other texts need no meaning, by column.
    filled: of cells that rules of the brief filled, by `when_filled` or `when_empty`, column of the file, and fact.
    grounds: of clear rows that would not be clear without a fact, by its column and value.
    declared: columns in which the brief declares a person's fact for all rows → that of the file, None if it has none.
    by_declaration: of clear rows that hold such a fact only because it is declared, by column.
    later: of blocked rows that another time makes clear, by what blocks them and the first such minute, in local time.
    """

    cells: Counter[Cell] = field(default_factory=Counter)
    days: Counter[tuple[date | None, str]] = field(default_factory=Counter)
    ends: Counter[date | None] = field(default_factory=Counter)
    unread: Counter[str] = field(default_factory=Counter)
    misread: Counter[tuple[str, str]] = field(default_factory=Counter)
    texts: Counter[tuple[str, str]] = field(default_factory=Counter)
    rest: Counter[str] = field(default_factory=Counter)
    filled: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    grounds: Counter[tuple[str, str]] = field(default_factory=Counter)
    declared: Mapping[str, str | None] = field(default_factory=dict)
    by_declaration: Counter[str] = field(default_factory=Counter)
    later: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, calls: Calls, verdicts: Verdicts) -> None:
        """Count the verdicts on calls."""
        where, places = numbered(calls.plans.select(_FACTS))  # `where`: for each plan, its row of `places`
        mark = pl.when(pl.col("doubt").is_in(MARKED)).then("doubt")
        told = calls.plans.select("day", pl.coalesce("unread", mark), where.alias("where"), *GROUNDS)
        plans = told[verdicts.facts.cases["plan"]]
        calls_of = verdicts.fact.value_counts(name="calls").sort(verdicts.fact.name)["calls"]
        met = plans.with_columns(verdicts.verdict.alias("case"), calls_of)
        cells = met.group_by("case", "where").agg(pl.col("calls").sum())
        words = verdicts.cases[cells["case"]].hstack(places[cells["where"]]).with_columns(cells["calls"])
        text = pl.selectors.string().fill_null("")
        for *cell, count in _counted(words.select(*_COLUMNS, "calls").with_columns(text)):
            self.cells[Cell(*cell)] += count
        outcome = verdicts.cases["dnc_outcome"]
        for day, case, count in _counted(met.select("day", "case", "calls")):
            self.days[day, outcome[case]] += count
        left = met.filter(outcome[met["case"]] == "undecided")
        for reason, count in _counted(left.select("unread", "calls").drop_nulls()):
            self.unread[reason] += count
        self._add_basis(calls, verdicts, met)
        ends = verdicts.until.filter(verdicts.outcomes == "clear")
        for end, count in ends.value_counts().iter_rows():
            self.ends[end] += count
        blocked_by = verdicts.cases["dnc_blocked_by"][verdicts.case].alias("by")
        waiting = pl.DataFrame([blocked_by, verdicts.next_at.str.head(16).alias("at")]).drop_nulls("at")
        for by, at, count in _counted(waiting.with_columns(calls=1)):
            self.later[by, at] += count
        for what, column, word, count in () if calls.cells is None else calls.cells.sort(pl.all()).iter_rows():
            if what == "rest":
                self.rest[column] += count
            elif what in ("misread", "unread"):
                _add_word(self.misread if what == "misread" else self.texts, column, word, count)
            else:
                self.filled[what, column, word] += count

    def merge(self, other: Tallies) -> None:
        """Add other counts."""
        for name in {one.name for one in fields(self)} - {"declared"}:
            mine, theirs = getattr(self, name), getattr(other, name)
            if name in ("misread", "texts"):
                for (column, word), count in theirs.items():
                    _add_word(mine, column, word, count)
            else:
                mine.update(theirs)

    def _add_basis(self, calls: Calls, verdicts: Verdicts, met: pl.DataFrame) -> None:
        """Count what clear calls rest on; `met`: distinct facts and places, with their case and number of calls."""
        is_clear = verdicts.cases["dnc_outcome"] == "clear"
        for column in GROUNDS:
            rests = (is_clear & verdicts.cases["rests_on"].str.split(";").list.contains(column))[met["case"]]
            for word, count in _counted(met.filter(rests).select(column, "calls")):
                self.grounds[column, word or ""] += count
        for ours, theirs in self.declared.items():
            here = is_clear[verdicts.case]
            if theirs is not None:
                here &= pl.select(text_of(calls.carried[theirs]).is_null()).to_series()
            self.by_declaration[ours] += int(here.sum())

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return sum(self.cells.values())

    @property
    def counts(self) -> dict[str, int]:
        """Rows by outcome; has every outcome, also with 0 rows."""
        return dict.fromkeys(OUTCOMES, 0) | {outcome: rows for (outcome,), rows in self.by("outcome").items()}

    def before(self, day: date) -> int:
        """Rows of calls that are planned before a day."""
        return sum(rows for (planned, _), rows in self.days.items() if planned and planned < day)

    def by(self, *fields: str) -> Counter[tuple[str, ...]]:
        """Rows by some fields of `Cell`."""
        at = [Cell._fields.index(name) for name in fields]
        found: Counter[tuple[str, ...]] = Counter()
        for cell, rows in self.cells.items():
            found[tuple(cell[field] for field in at)] += rows
        return found

    def blocking(self) -> Counter[str]:
        """Rows that each regime blocks."""
        return self._by_word("blocked_by")

    def undecided(self) -> Counter[str]:
        """Undecided rows that each regime leaves open."""
        return self._by_word("undecided_by", "undecided")

    def missing(self) -> Counter[str]:
        """Undecided rows that have each word of `dnc_missing`."""
        return self._by_word("missing", "undecided")

    def duties(self) -> Counter[str]:
        """Clear rows that have each duty."""
        return self._by_word("duties", "clear")

    def met(self) -> Counter[str]:
        """Clear rows that each regime applies to and asks more for than a duty."""
        return self._by_word("applies", "clear") - self.duties()

    def limits(self) -> Counter[tuple[str, ...]]:
        """Clear rows by what bounds them day by day (see `dnc.verdicts.basis.limiting`)."""
        found: Counter[tuple[str, ...]] = Counter()
        for (outcome, ids), rows in self.by("outcome", "limits").items():
            if outcome == "clear":
                found[tuple(filter(None, ids.split(";")))] += rows
        return found

    def broken(self) -> Counter[str]:
        """Rows that each regime blocks for a reason that is told apart: `regime:reason`."""
        return self._by_word("broken")

    def advice(self) -> Counter[str]:
        """Rows that have each regime in `dnc_advice`."""
        return self._by_word("advice")

    def unclear(self) -> int:
        """Undecided rows that no fact can decide."""
        return self.by("outcome", "missing")["undecided", ""]

    def places(self, regime: str) -> Counter[str]:
        """Undecided rows that a regime leaves open, by place; "" for an unknown place."""
        found: Counter[str] = Counter()
        for (place, outcome, open_), rows in self.by("place", "outcome", "undecided_by").items():
            if outcome == "undecided" and regime in open_.split(";"):
                found[place] += rows
        return found

    def _by_word(self, name: str, outcome: str | None = None) -> Counter[str]:
        words: Counter[str] = Counter()
        for (joined, found), rows in self.by(name, "outcome").items():
            if outcome in (None, found):
                words.update(dict.fromkeys(filter(None, joined.split(";")), rows))
        return words


def _add_word(words: Counter[tuple[str, str]], column: str, word: str, count: int) -> None:
    is_apart = (column, word) in words or len(words) < _MOST_WORDS
    words[column, word if is_apart else ""] += count


def _counted(rows: pl.DataFrame) -> Iterator[tuple[Any, ...]]:
    """Distinct rows, each with the sum of its `calls` at its end; sorted, so that equal counts have a fixed order."""
    return rows.group_by(pl.exclude("calls")).agg(pl.col("calls").sum()).sort(pl.exclude("calls")).iter_rows()
