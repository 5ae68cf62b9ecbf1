"""The doors through which cases come: many of them in one list, one store and one file of consents.

Cases that agree in what is declared, in the brief, and in the days of own list, customers and calls are one `World`.
Each has numbers of its own, so that none of them hears of another.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from dnc import Decider, DncError, Store, check
from dnc.checks.campaign import keep_campaign
from dnc.law.rulebook import Rulebook
from dnc.lists import own_records
from dnc.lists.own_records import RecordReading
from dnc.store import keys
from tests import SALE
from tests.desk.conftest import serving
from tests.statements.notation import NOT_DECLARED, Case, Row, Source

NOW = "2026-12-02T12:00+01:00"
RANGES = ("3319900", "3326191", "3335301", "3346571", "3353649")  # of fiction, with four digits more
ELSEWHERE = "+33639980000"  # somebody of whom nothing else is said, so that no file is empty
ALSO = {"channel", "act", "collected_by", "consent_sectors"}  # of consents; a file that has them stands for itself
STORED = ("objected_on", "lift")  # what `dnc record objection` takes, and no file of consents
FACTS = {**SALE, "purpose": "sale", "attempts_day": "0"}
BRIEFS = {
    "Notes: stop=W, ne plus appeler=O, refus=R, day in Jour": """
[texts.Notes]
withdrawn = ["stop"]
objected = ["ne plus appeler"]
refused = ["refus"]
nothing = ["ok"]
on = "Jour"
""",
    "when_filled Le: C:named/live": """
[columns]
consent_on = "Le"
[when_filled.Le]
consent = "named_caller"
consent_for = "live"
""",
    "when_empty Le: none; when_filled Le: C:named/live": """
[columns]
consent_on = "Le"
[when_empty.Le]
consent = "none"
[when_filled.Le]
consent = "named_caller"
consent_for = "live"
""",
}


class Verdict(NamedTuple):
    """What a door said of a planned call: its outcome, and what is missing; `(law open)` where nothing is."""

    outcome: str
    missing: frozenset[str]

    def agrees(self, case: Case) -> bool:
        """Whether this is what the case expects."""
        return self.outcome == case.expected and {case.missing} - {""} <= self.missing

    def __str__(self) -> str:
        return " ".join((self.outcome, *sorted(self.missing)))


Verdicts = dict[str, Verdict]  # by the id of the case


@dataclass
class World:
    """Cases that can be played together. `reverse`: whether rows and loads of each source come in reverse order."""

    cases: Sequence[Case]
    folder: Path
    book: Rulebook
    reverse: bool = False
    rows: list[tuple[str, Row]] = field(init=False)  # the list, each row with the case whose planned call it is, or ""

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        rows = [
            (case.id if at == case.row else "", _numbered(case, row))
            for case in self.cases
            for at, row in enumerate(case.list)
        ]
        self.rows = self._in_order(rows)

    def _in_order(self, rows: Iterable[Any]) -> list[Any]:
        return list(rows)[:: -1 if self.reverse else 1]

    def _of(self, *kinds: str) -> list[Row]:
        """The rows of some sources of all cases."""
        told = ((case, row) for case in self.cases for source in case.of(*kinds) for row in source.rows)
        return self._in_order(_numbered(case, row) for case, row in told)

    def _days(self, kind: str) -> list[date] | None:
        """The days in the name of a source, which all cases share; None where they have no such source."""
        days = [source.days for source in self.cases[0].of(kind)]
        return [date.fromisoformat(day) for day in days[0]] if days else None

    def table(self, name: str, rows: Sequence[Row]) -> Path:
        """A file (CSV) with these rows."""
        path = self.folder / f"{name}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, dict.fromkeys(name for row in rows for name in row), restval="")
            table.writeheader()
            table.writerows(rows)
        return path

    @property
    def facts(self) -> dict[str, str]:
        """What is declared of the whole list."""
        declared = FACTS | self.cases[0].declared
        return {name: cell for name, cell in declared.items() if cell != NOT_DECLARED}

    @property
    def brief(self) -> str:
        """The brief, with what is declared (TOML)."""
        facts = "".join(f'{name} = "{cell}"\n' for name, cell in self.facts.items())
        return f"[facts]\n{facts}" + "".join(BRIEFS[source.text] for source in self.cases[0].of("brief"))

    def stored(self) -> Store:
        """A store with everything that the cases have in one."""
        store = Store(self.folder / "store")
        own_records.record(store, "consents", [{"number": ELSEWHERE, "consent": "none"}], self.book)
        loads = max((len(case.of("store")) for case in self.cases), default=0)
        for at in self._in_order(range(loads)):
            self._load_consents(store, at)
        for row in self._of("store"):
            for name in {*STORED} & row.keys():
                on, lift = date.fromisoformat(row[name]), name == "lift"
                store.object([row["number"]], on, lift=lift, reason="asked to be called" if lift else None)
        calls, covers = self._of("calls"), self._days("calls")
        if calls or covers:
            reading = RecordReading(covers_days=(covers[0], covers[1]) if covers else None)
            path = self.table("calls", [*calls, {"number": ELSEWHERE, "at": "2026-11-20T10:15", "result": "busy"}])
            own_records.load(store, "calls", [path], self.book, reading)
        for kind in ("own list", "customers"):
            if as_of := self._days(kind):
                self._load_whole(store, kind, as_of[0])
        return store

    def _load_consents(self, store: Store, at: int) -> None:
        """Load what stands in the source `at` of its case among those of the store."""
        told = ((case, source) for case in self.cases for source in case.of("store")[at : at + 1])
        rows = [_numbered(case, row) for case, source in told for row in source.rows if not row.keys() & {*STORED}]
        if rows:
            path = self.table(f"consents-{at}", self._in_order(rows))
            own_records.load(store, "consents", [path], self.book)

    def _load_whole(self, store: Store, kind: str, as_of: date) -> None:
        """Load a file that says all that is known on its day."""
        rows = self._of(kind)
        if kind == "own list":
            path = self.table("own", [*rows, {"number": ELSEWHERE}])
            store.load(path, as_of=as_of, registry="own")
        else:
            path = self.table("customers", [*rows, {"number": ELSEWHERE, "relationship": "none"}])
            own_records.load(store, "customers", [path], self.book, RecordReading(as_of=as_of))

    def _written(self) -> Path:
        path = self.folder / "brief.toml"
        path.write_text(self.brief, encoding="utf-8")
        return path

    def _by_case(self, rows: Iterable[Mapping[str, Any]]) -> Verdicts:
        """The verdicts on the planned calls, by case; rows: those on each row of the list."""
        told = zip(self.rows, rows, strict=True)
        return {id_: verdict(row["dnc_outcome"], row["dnc_missing"]) for (id_, _), row in told if id_}

    def check(self) -> Verdicts:
        """`dnc check` of the list, beside the file of consents if there is one."""
        list_ = self.table("list", [row for _, row in self.rows])
        consents = self._of("file")
        told = self.table("consents", consents) if consents else None
        options: dict[str, Any] = {"brief": self._written(), "rulebook": self.book, "consents": told}
        return self._by_case(check(list_, self.stored(), **options).verdicts.iter_rows(named=True))

    def decider(self) -> Verdicts:
        """`Decider`, given the rows of the list in one batch."""
        names = dict.fromkeys(name for _, row in self.rows for name in row)
        rows = pl.DataFrame([row for _, row in self.rows], schema=dict.fromkeys(names, pl.String))
        with Decider(self.stored(), brief=self._written(), rulebook=self.book) as decide:
            return self._by_case(decide(rows).iter_rows(named=True))

    def http(self) -> Verdicts:
        """`/v1/decisions` of a desk, with the rows of the list in one request."""
        store = self.stored()
        keep_campaign(store, "cases", self.brief)
        key = keys.add(store.journal, "dialler", keys.RIGHTS)
        sent = {"calls": [row for _, row in self.rows], "campaign": "cases"}
        with serving(store) as desk:
            answer = desk.client().post("/v1/decisions", headers={"Authorization": f"Bearer {key}"}, json=sent)
        assert answer.status_code == 200, answer.text
        return self._by_case(answer.json()["decisions"])


def verdict(outcome: str, missing: str | Sequence[str] | None) -> Verdict:
    """A verdict of the columns of a check, or of JSON."""
    lacks = frozenset(missing.split(";") if isinstance(missing, str) else missing or ()) - {""}
    return Verdict(outcome, lacks or (frozenset({"(law open)"}) if outcome == "undecided" else lacks))


def _numbered(case: Case, row: Row) -> dict[str, str]:
    """A row with a number and an id of its case; a case has ten numbers."""
    said = row["number"]
    at = 10 * int(case.id[1:]) + (int(said[1:]) if said.startswith("n") else 9)
    told = {**row, "number": f"+{RANGES[at // 10_000]}{at % 10_000:04}"}
    if row.get("person", "").startswith("C-"):
        told["person"] = f"{case.id}-{row['person']}"
    return told


def in_store(case: Case) -> Case | None:
    """The case with its file of consents loaded into the store; None if it has none."""
    moved = [replace(source, kind="store") if source.kind == "file" else source for source in case.sources]
    return replace(case, sources=tuple(moved)) if case.of("file") else None


def in_file(case: Case) -> Case | None:
    """The case with the consents of its store in a file of consents; None if it has none."""
    sources = list[Source]()
    for source in case.sources:
        objections = tuple(row for row in source.rows if row.keys() & {*STORED})
        if source.kind != "store" or objections:
            sources.append(source)
        else:
            sources.append(replace(source, kind="file"))
    return replace(case, sources=tuple(sources)) if sources != list(case.sources) else None


def at_gate(case: Case) -> Case:
    """The case as a program can tell it, which has no file beside its store."""
    return in_store(case) or case


def over_http(case: Case) -> Case | None:
    """The case as a program can tell it in JSON, which has our columns alone, and no cells but our words and days."""
    spelled = case.rule.startswith("E") and any({"recipient", "objected_on"} & row.keys() for row in case.list)
    return None if spelled or case.of("brief") else at_gate(case)


DOORS: dict[str, tuple[Callable[[Case], Case | None], Callable[[World], Verdicts]]] = {
    "check": (lambda case: case, World.check),
    "check, all in the store": (in_store, World.check),
    "check, all in the file": (in_file, World.check),
    "Decider": (at_gate, World.decider),
    "/v1/decisions": (over_http, World.http),
}


def play(
    cases: Iterable[Case], door: str, folder: Path, book: Rulebook, *, reverse: bool = False
) -> dict[str, Verdict | str]:
    """What a door says of each case that can be told it: a verdict, or the error that stopped it."""
    told, ask = DOORS[door]
    found: dict[str, Verdict | str] = {}
    for at, together in enumerate(_together(filter(None, map(told, cases)))):
        try:
            found |= ask(World(together, folder / str(at), book, reverse))
        except (DncError, AssertionError) as error:
            found |= dict.fromkeys(
                (case.id for case in together), re.sub(r"\s+", " ", f"{type(error).__name__}: {error}")
            )
    return found


def _together(cases: Iterable[Case]) -> Iterator[list[Case]]:
    """Cases in groups that can be one world."""
    groups: dict[object, list[Case]] = {}
    for case in cases:
        days = [(source.kind, source.days, source.text) for source in case.sources if source.days or source.text]
        also = {name for source in case.of("file") for row in source.rows for name in row} & ALSO
        groups.setdefault((tuple(sorted(case.declared.items())), tuple(sorted(days)), bool(also)), []).append(case)
    yield from groups.values()
