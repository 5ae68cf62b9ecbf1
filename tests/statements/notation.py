"""The notation of the worked cases (`cases.csv`), read into plain data.

What is said stands in sources joined by ` + `, each `name[row | row …]`:

    list, file, store     the list of planned calls, a file of consents, own records; each `store` is a load of its own
    own list as of DAY, customers as of DAY, calls, calls complete DAY..DAY
    declared              facts of the whole list; `(not declared)` takes one out of those that are declared otherwise
    brief                 rules of the brief, as text

A row is about the number `n1`, unless it begins with `n2` or another number, and holds:

    C:kind/calls@day      a consent; `calls` and the day may be missing
    NONE@day W@day R@day  there was none; a withdrawal; a refusal
    O@day lift@day        an objection, and its end
    result@time           a call made
    key=value             the cell of a column; `id` is `person`

`@'text'` is a cell as it stands. A planned call is `n1 DAYTHOUR`, or a day alone, with its row if the list has several.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

Row = Mapping[str, str]
CASES = Path(__file__).parent / "cases.csv"
KINDS = {"named": "named_caller"}
CELLS = {"W": "consent_withdrawn_on", "O": "objected_on", "R": "refused_on", "lift": "lift"}
NOT_DECLARED = "(not declared)"
_SOURCE = re.compile(r"(\w[^\[]*)\[([^\]]*)\](?: \+ |$)")
_NEXT_CELL = re.compile(r" (?=C:|NONE|[a-zA-Z_]+[@=])")
_DAYS = re.compile(r"\d{4}-\d\d-\d\d")
_PLANNED = re.compile(r"(n\d) (\S+)(?: \(row (\d+) of \d+\))?")


@dataclass(frozen=True)
class Source:
    """One source of statements: its kind, the days in its name, and its rows, or its text where it is a brief."""

    kind: str
    days: tuple[str, ...]
    rows: tuple[Row, ...]
    text: str = ""


@dataclass(frozen=True)
class Case:
    """A worked case. `row`: the position of the planned call in the list; `missing`: what has to be told, if that is said."""

    id: str
    rule: str
    sources: tuple[Source, ...]
    number: str
    at: str
    row: int
    expected: str
    missing: str
    why: str

    def of(self, *kinds: str) -> list[Source]:
        """Its sources of some kinds, in their order."""
        return [source for source in self.sources if source.kind in kinds]

    @property
    def list(self) -> list[Row]:
        """The rows of the list: those that are said, or the planned call alone; each with its moment."""
        rows = [row for source in self.of("list") for row in source.rows]
        return [{"call_at": self.at, **row} for row in rows or [{"number": self.number}]]

    @property
    def declared(self) -> dict[str, str]:
        """What is declared of the whole list, besides what all cases declare."""
        return {
            name: cell for source in self.of("declared") for name, cell in source.rows[0].items() if name != "number"
        }


def read_cases(path: Path = CASES) -> Iterator[Case]:
    """The worked cases of a table (CSV)."""
    with path.open(encoding="utf-8", newline="") as table:
        for case in csv.DictReader(table, strict=True):
            number, at, row = _PLANNED.fullmatch(case["planned_call"]).groups(default="1")
            sources = tuple(_sources(case["statements"]))
            told = [case[name] for name in ("expected", "missing", "why")]
            yield Case(case["id"], case["rule"], sources, number, at, int(row) - 1, *told)


def _sources(text: str) -> Iterator[Source]:
    for name, rows in _SOURCE.findall(text):
        kind = re.split(r" as of| complete", name)[0]
        days = tuple(_DAYS.findall(name))
        if kind == "brief":
            yield Source(kind, days, (), rows)
        else:
            yield Source(kind, days, tuple(_row(row) for row in rows.split(" | ")) if rows else ())


def _row(text: str) -> Row:
    first, _, rest = text.partition(" ")
    number, text = (first, rest) if re.fullmatch(r"n\d|\+\d+", first) else ("n1", text)
    cells = {"number": number}
    for cell in filter(None, _NEXT_CELL.split(text)):
        cells |= _cells(cell)
    return cells


def _cells(text: str) -> Row:
    """The cells that one word of a row fills."""
    if text == "(nothing)":
        return {}
    if "=" in text and "@" not in text.partition("=")[0]:
        name, _, cell = text.partition("=")
        return {"person" if name == "id" else name: cell}
    what, _, day = text.partition("@")
    day = day.strip("'")
    on = {"consent_on": day} if day else {}
    if what == "NONE":
        return {"consent": "none", **on}
    if what.startswith("C:"):
        kind, _, calls = what.removeprefix("C:").partition("/")
        return {"consent": KINDS.get(kind, kind), **({"consent_for": calls} if calls else {}), **on}
    return {CELLS[what]: day} if what in CELLS else {"result": what, "at": day}
