"""Counts of the rows of a run, for its summary, its page and a vetting; they hold no row and no number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple, Self

import msgspec
import polars as pl

from dnc.clock import NEVER, NONE
from dnc.files.cell_texts import text_cells
from dnc.files.table import MARKED
from dnc.frames import numbered
from dnc.law.vocabulary import OR_NONE, vocabulary
from dnc.lists.calls import Calls
from dnc.lists.cell_facts import text_of
from dnc.lists.persons import IDS, links_of, persons
from dnc.registries.external_sort import Sorting
from dnc.store.record_kinds import GIVEN
from dnc.verdicts.judge import BASIS, Verdicts
from dnc.verdicts.verdict import GROUNDS, OUTCOMES


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


class Tallies(msgspec.Struct):
    """Counts of rows.

    cells: by `Cell`. days: by day of the call and outcome. ends: of clear rows, by the last day on which they are
    clear; None if nothing ends that. unread: of undecided rows that do not count as they stand, by reason. misread: of
    cells that were not understood, by our column and masked word; "" stands for further words of a column with many.
    texts: of texts without a meaning, by column of the file and masked word; "" stands for further texts of a column.
    rest: of texts that were not named in a column whose other texts need no meaning, by column.
    harmless: of texts that a person declared to mean nothing although the net marks them or their column, as `texts`.
    filled: of cells that rules of the brief filled, by `when_filled` or `when_empty`, column of the file, and fact.
    grounds: of clear rows that would not be clear without a fact, by its column and value.
    declared: columns in which the brief declares a person's fact for all rows → that of the file, None if it has none,
    and the fact.
    by_declaration: of clear rows that hold such a fact only because it is declared, by column.
    later: of blocked rows that another time makes clear, by what blocks them and the first such minute, in local time.
    """

    cells: Counter[Cell] = msgspec.field(default_factory=Counter)
    days: Counter[tuple[date | None, str]] = msgspec.field(default_factory=Counter)
    ends: Counter[date | None] = msgspec.field(default_factory=Counter)
    unread: Counter[str] = msgspec.field(default_factory=Counter)
    misread: Counter[tuple[str, str]] = msgspec.field(default_factory=Counter)
    texts: Counter[tuple[str, str]] = msgspec.field(default_factory=Counter)
    rest: Counter[str] = msgspec.field(default_factory=Counter)
    harmless: Counter[tuple[str, str]] = msgspec.field(default_factory=Counter)
    filled: Counter[tuple[str, str, str]] = msgspec.field(default_factory=Counter)
    grounds: Counter[tuple[str, str]] = msgspec.field(default_factory=Counter)
    declared: Mapping[str, tuple[str | None, str]] = {}
    by_declaration: Counter[str] = msgspec.field(default_factory=Counter)
    later: Counter[tuple[str, str]] = msgspec.field(default_factory=Counter)

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
        counters = {"misread": self.misread, "unread": self.texts, "harmless": self.harmless}
        for what, column, word, count in () if calls.cells is None else calls.cells.sort(pl.all()).iter_rows():
            if what == "rest":
                self.rest[column] += count
            elif what in counters:
                _add_word(counters[what], column, word, count)
            else:
                self.filled[what, column, word] += count

    def _add_basis(self, calls: Calls, verdicts: Verdicts, met: pl.DataFrame) -> None:
        """Count what clear calls rest on; `met`: distinct facts and places, with their case and number of calls."""
        is_clear = verdicts.cases["dnc_outcome"] == "clear"
        rests = verdicts.cases.select(
            (is_clear & pl.col("rests_on").str.split(";").list.contains(column)).alias(column) for column in GROUNDS
        )
        for column in (column for column in rests if column.any()):
            for word, count in _counted(met.filter(column[met["case"]]).select(column.name, "calls")):
                self.grounds[column.name, word or ""] += count
        for ours, (theirs, word) in self.declared.items():
            here = is_clear[verdicts.case]
            is_none = ours in OR_NONE and word.lower() in NONE
            if is_none or ours in vocabulary().axes:  # what a rule, a text or a record says instead is not declared
                here &= (calls.plans[ours] == (NEVER if is_none else word)).fill_null(value=False)[calls.plan]
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
        return self._by_word("missing")

    def duties(self) -> Counter[str]:
        """Clear rows that have each duty."""
        return self._by_word("duties", "clear")

    def met(self) -> Counter[str]:
        """Clear rows that each regime applies to and asks more for than a duty."""
        return self._by_word("applies", "clear") - self.duties()

    def limits(self) -> Counter[tuple[str, ...]]:
        """Clear rows by what bounds them day by day (see `dnc.verdicts.verdict.limiting`)."""
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
        """Undecided rows that lack no fact."""
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


_AGES = (90, 180, 365)  # days
_BY: dict[str, type[pl.DataType]] = {
    "wording": pl.String,
    "proven": pl.Boolean,
    "age": pl.Int8,
    "consent_until": pl.Date,
    "outcome": pl.String,
}
_OF_CONSENTS = ("consent", "lacks", "proven", "wording", "consent_on", "consent_until", "day")


class ConsentCounts(msgspec.Struct):
    """The consents that calls rest on, counted while a check runs: by wording, age, end and proof."""

    # By `_BY`.
    calls: Counter[tuple[str | None, bool, int | None, date | None, str]] = msgspec.field(default_factory=Counter)

    def add(self, calls: Calls, verdicts: Verdicts) -> None:
        """Take note of a batch; where the store has no consents nothing is counted."""
        if calls.statement is None:
            return
        facts = calls.facts(*_OF_CONSENTS).with_columns(verdicts.outcomes.alias("outcome"))
        given = facts.filter(pl.col("consent").is_in(GIVEN) | (pl.col("lacks") != ""))
        age = (pl.col("day") - pl.col("consent_on")).dt.total_days()
        of_age = pl.sum_horizontal((age > days).cast(pl.Int8) for days in _AGES)
        aged = given.with_columns(age=pl.when(age.is_not_null()).then(of_age))
        for *key, count in aged.group_by(_BY.keys()).len().sort(_BY.keys()).iter_rows():
            self.calls[tuple(key)] += count

    @property
    def data(self) -> dict[str, Any] | None:
        """The counts, as JSON has them; None where no call has a consent.

        calls; unproven: those whose consent has no proof or no wording. wordings: name (null for none), calls, and of
        these `clear`. ages: calls by the age of their consent on the day of the call, `to_90`, `to_180`, `to_365`,
        `more`, `unknown`. ends: calls by the last day of their consent, where it has one, earliest first.
        """
        if not self.calls:
            return None
        counts = [(*key, count) for key, count in self.calls.items()]
        rows = pl.DataFrame(counts, schema=_BY | {"calls": pl.UInt64}, orient="row")
        clear = pl.col("calls").filter(pl.col("outcome") == "clear").sum()
        wordings = (
            rows.group_by("wording")
            .agg(pl.col("calls").sum(), clear=clear)
            .sort(["calls", "wording"], descending=[True, False], nulls_last=True)
        )
        names: dict[int | None, str] = {
            None: "unknown",
            **{at: f"to_{days}" for at, days in enumerate(_AGES)},
            len(_AGES): "more",
        }
        ages = rows.group_by("age").agg(pl.col("calls").sum()).sort("age")
        ends = (
            rows.drop_nulls("consent_until").group_by("consent_until").agg(pl.col("calls").sum()).sort("consent_until")
        )
        return {
            "calls": int(rows["calls"].sum()),
            "unproven": int(rows.filter(~pl.col("proven"))["calls"].sum()),
            "wordings": wordings.rename({"wording": "name"}).to_dicts(),
            "ages": {names[age]: count for age, count in ages.iter_rows()},
            "ends": {day.isoformat(): count for day, count in ends.iter_rows()},
        }


class Counted(msgspec.Struct):
    """All counts of some calls, in a form that can be added up.

    given: rows that were written, by outcome. elsewhere: calls for which an objection or a withdrawal in another row
    or under another number counts.
    """

    tallies: Tallies = msgspec.field(default_factory=Tallies)
    consents: ConsentCounts = msgspec.field(default_factory=ConsentCounts)
    given: Counter[str] = msgspec.field(default_factory=Counter)
    elsewhere: int = 0

    @classmethod
    def of(cls, calls: Calls, verdicts: Verdicts, declared: Mapping[str, tuple[str | None, str]]) -> Self:
        """The counts of a batch; declared: see `Tallies`."""
        counted = cls(Tallies(declared=declared))
        counted.tallies.add(calls, verdicts)
        counted.consents.add(calls, verdicts)
        counted.elsewhere = int(calls.plans["elsewhere"][calls.plan].sum())
        return counted

    def merge(self, other: Counted) -> None:
        """Add other counts."""
        for (name, mine), (_, theirs) in zip(self._counters(), other._counters(), strict=True):
            if name in ("misread", "texts", "harmless"):
                for (column, word), count in theirs.items():
                    _add_word(mine, column, word, count)
            else:
                mine.update(theirs)
        self.elsewhere += other.elsewhere

    def _counters(self) -> Iterator[tuple[str, Counter[Any]]]:
        """Each counter, by its name."""
        for part in (self.tallies, self.consents, self):
            found = ((name, getattr(part, name)) for name in part.__struct_fields__)
            yield from ((name, counter) for name, counter in found if isinstance(counter, Counter))


_MOST_LINKS = 12_000_000  # that are held in memory, 16 bytes each


class People:
    """Counts people and numbers (see `dnc.lists.persons`) while a check runs, in bounded memory.

    folder: for numbers that do not fit into memory. ids: the column with the user's ids of persons; None to count by
    number alone.
    """

    def __init__(self, folder: Path, ids: str | None) -> None:
        self._numbers = Sorting(folder, {"number": pl.UInt64})
        self._ids = ids
        self._without = 0  # rows without number and id
        self._links: list[pl.DataFrame] | None = []
        self._several = ids is not None

    def add(self, calls: Calls, verdicts: Verdicts) -> None:
        """Take note of the numbers of a batch."""
        self._numbers.add(calls.number.to_frame("number"))
        self._several = self._several or calls.row is not None
        if self._ids is None and calls.row is None:
            self._without += calls.number.null_count()
        elif self._links is not None:
            self._link(calls)

    def _link(self, calls: Calls) -> None:
        row = calls.each(pl.int_range(calls.height, dtype=pl.UInt32, eager=True))
        ids = calls.carried[self._ids] if self._ids else None
        known = (
            calls.number.is_not_null() if ids is None else calls.number.is_not_null() | text_cells(ids).is_not_null()
        )
        self._without += calls.height - row.filter(known).n_unique()
        self._links = [*(self._links or []), links_of(row, calls.number, ids)]
        if sum(frame.height for frame in self._links) > _MOST_LINKS:
            self._links = None

    def count(self) -> tuple[int, int | None]:
        """How many numbers were seen more than once, and how many people there are.

        People are None where rows have neither ids nor several numbers, and where there are too many links.
        """
        repeated = points = 0
        for part in self._numbers.parts():
            again = part["number"].slice(1) == part["number"].head(-1)
            repeated += int((again & ~again.shift(1, fill_value=False)).sum())
            points += part.height - int(again.sum())
        if not self._several or self._links is None:
            return repeated, None
        parts = persons(pl.concat(self._links))
        linked = parts.filter(pl.col("point") < IDS).height  # of the numbers; each part is one person
        return repeated, self._without + points - linked + parts["person"].n_unique()
