"""Random sets of statements about one to three numbers, decided by the model and by `dnc`.

    python -m tests.statements.random 100000 [SEED]

plays that many at every door, and writes out each that the model and a door decide differently.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

from dnc import Rulebook
from tests.statements.doors import DOORS, NOW, Verdict, play
from tests.statements.model import LAW_OPEN, decide
from tests.statements.notation import NOT_DECLARED, Case, Row, Source
from tests.statements.told import Reader

TODAY = datetime.fromisoformat(NOW).date()
AT_ONCE = 4000  # sets in one store, for which there are numbers of fiction
Plays = Sequence[tuple[str, bool]]  # doors, and whether the rows of each source come in reverse order
PLAYS = [(door, reverse) for door in DOORS if door != "/v1/decisions" for reverse in (False, True)]


def declared(**facts: str) -> Source:
    """What is declared of a list."""
    return Source("declared", (), ({"number": "n1", **facts},))


NOTES = "Notes: stop=W, ne plus appeler=O, refus=R, day in Jour"
NO_OBJECTION, NO_RELATIONSHIP = {"objected_on": NOT_DECLARED}, {"relationship": NOT_DECLARED, "related": "yes"}
# What sets share that are played together: the moment of the call, what is declared, and files that say all they know.
SETTINGS: list[tuple[str, list[Source]]] = [
    ("2026-12-03T10:30", []),
    ("2026-11-10T10:30", []),
    ("2026-12-03T10:30", [declared(consent="named_caller", consent_on="2026-09-01", consent_for="live")]),
    ("2026-12-03T10:30", [declared(sector="health_insurance")]),
    ("2026-12-03T10:30", [declared(**NO_OBJECTION), Source("own list", ("2026-12-01",), ())]),
    ("2026-12-03T10:30", [declared(**NO_OBJECTION), Source("own list", ("2023-01-15",), ())]),
    ("2026-12-03T10:30", [declared(**NO_RELATIONSHIP), Source("customers", ("2026-12-01",), ())]),
    ("2026-12-03T10:30", [declared(**NO_RELATIONSHIP), Source("customers", ("2020-01-15",), ())]),
    ("2026-12-02T18:30", [declared(attempts=NOT_DECLARED), Source("calls", ("2026-11-01", "2026-12-01"), ())]),
    ("2026-12-03T10:30", [Source("brief", (), (), NOTES)]),
]
DAYS = ("2025-09-01", "2026-09-01", "2026-10-01", "2026-10-01T10:00+02:00", "2026-10-01T16:00+02:00", "2026-11-01", "")
NEAR = ("2026-11-08", "2026-11-09", "2026-11-11", "2026-11-12", "2026-11-10T09:00+01:00")  # to the call of the past
PROOFS = (
    {},
    {"proof": "page-12.pdf"},
    {"proof": "scans/Page 12.PDF"},
    {"proof": "page-13.pdf"},
    {"proof": "page-14.pdf"},
)
SCOPES = (
    {"consent_sectors": "general;health_insurance"},
    {"consent_sectors": "telecom"},
    {"consent_sectors": "telecom;health_insurance"},
    {"channel": "e-mail"},
    {"collected_by": "another company"},
    {"act": "box not ticked"},
)
RECENT = ("2026-09-01", "2026-10-01", "2026-10-01T10:00+02:00", "2026-11-01")
WORDS = ("named_caller", "written", "named_caller", "partners")
CALLS = ("live", "both", "live", "automated", "")
LIMITS = (
    {"consent_until": "2027-11-05"},
    {"hours_agreed": "09:00-12:00"},
    {"hours_agreed": "14:00-20:00"},
    {"consent_until": "2026-11-05"},
)
RESULTS = ("no_answer", "busy", "answered", "machine", "refused", "objected", "wrong_number")


class Sets:
    """Random sets of statements."""

    def __init__(self, seed: int) -> None:
        self._chance, self._is_mild = Random(seed), False

    def case(self, at: int) -> Case:
        """A set, under an id that gives it numbers of its own."""
        when, shared = SETTINGS[at % len(SETTINGS)]
        self._is_mild = self._may(0.7)
        days = DAYS + NEAR * (when < NOW[:10])
        sources = [replace(source, rows=tuple(self._known(source))) for source in shared]
        for kind, most in (("list", 3), ("file", 3), ("store", 3), ("store", 2)):
            rows = [self._row(kind, days) for _ in range(self._chance.randint(0, most))]
            if kind == "list":
                rows = [{**self._row(kind, days), "number": "n1"}, *(self._at_some_time(row) for row in rows)]
                if any(source.text for source in shared):
                    rows = [{**row, **self._note(days)} for row in rows]
            elif any("consent_for" in row for source in shared for row in source.rows):
                # What is declared completes a file of consents, and not the store.
                rows = [row | {"consent_for": row.get("consent_for") or "live"} for row in rows]
            sources.append(Source(kind, (), tuple(rows)))
        if self._may(0.3) and not any(source.kind == "calls" for source in shared):
            sources.append(Source("calls", (), tuple(self._calls())))
        if self._may(0.1) and not any(source.kind == "own list" and source.rows for source in sources):
            sources.append(Source("store", (), tuple(self._objections())))
        return Case(
            f"R{at:04}",
            "",
            tuple(source for source in sources if source.rows or source.days or source.text),
            "n1",
            when,
            0,
            "",
            "",
            "",
        )

    def _may(self, share: float) -> bool:
        return self._chance.random() < share

    def _number(self) -> str:
        return self._chance.choices(("n1", "n2", "n3"), (6, 2, 1))[0]

    def _known(self, source: Source) -> Iterator[Row]:
        """The rows of what a setting shares."""
        if source.kind == "declared":
            yield from source.rows
        elif source.kind == "calls":
            yield from self._calls()
        elif source.kind in ("own list", "customers") and self._may(0.4):
            row = {"number": self._number()}
            if source.kind == "customers":
                row |= {"relationship": "contract", "until": self._chance.choice(("", "2026-10-31", "2027-10-31"))}
            yield row

    def _calls(self) -> Iterator[Row]:
        for day in sorted(self._chance.sample(range(5, 28), self._chance.randint(0, 6))):
            yield {
                "number": self._number(),
                "result": self._one_of(RESULTS, RESULTS[:4]),
                "at": f"2026-11-{day:02}T10:15",
            }

    def _objections(self) -> Iterator[Row]:
        yield {"number": self._number(), "objected_on": self._chance.choice(("2026-01-05", "2026-06-01"))}
        if self._may(0.5):
            yield {"number": self._number(), "lift": self._chance.choice(("2026-05-01", "2026-07-01"))}

    def _at_some_time(self, row: Row) -> Row:
        """A row of the list with a moment of its own, or that of the planned call."""
        day = self._chance.choice(("", "2026-12-03", "2026-12-04T11:00", "2026-12-01T15:00"))
        return {**row, "call_at": day} if day else row

    def _note(self, days: Sequence[str]) -> Row:
        text = self._one_of(("", "stop", "ne plus appeler", "refus", "ok"), ("", "ok"))
        return {"Notes": text, "Jour": self._chance.choice(days)} if text else {}

    def _row(self, kind: str, days: Sequence[str]) -> Row:
        """A row of a list, a file of consents or the store."""
        choice, on = self._chance.choice, {"consent_on": self._one_of(days, RECENT)}
        row = {"number": self._number()}
        if self._may(0.25):
            row["person"] = choice(("C-1", "C-2", "n/a", "-", ""))
        kinds = ("consent", "none", "unread", "withdrawal", "limit", *("" for _ in range(kind == "list")))
        often = (30, 1, 1, 2, 1, 5) if self._is_mild else (12, 2, 1, 3, 1, 1)
        what = self._chance.choices(kinds, often[: len(kinds)])[0]
        if what == "consent":
            row |= {"consent": self._one_of(WORDS, WORDS[:2]), "consent_for": self._one_of(CALLS, CALLS[:2]), **on}
            if kind != "list":
                row |= choice(PROOFS) | ({"wording": "form-7"} if self._may(0.7) else {})
            if self._may(0.1):
                row |= self._one_of(LIMITS, LIMITS[:1])
            if kind == "store" and self._may(0.1):
                row |= self._one_of(SCOPES, SCOPES[:1])
        elif what in ("none", "unread"):
            row |= {"consent": "none" if what == "none" else "fax ok", **on}
        elif what == "limit":
            row |= self._one_of(LIMITS, LIMITS[:1])
        if what == "withdrawal" or (what == "consent" and self._may(0.03)):
            row["consent_withdrawn_on"] = self._one_of(
                (*days[:-1], "yes", "n/a", "?"), ("2025-09-01", "2026-09-01", "-")
            )
        return row | self._of_list(days) if kind == "list" else row

    def _one_of(self, cells: Sequence[Any], mild: Sequence[Any]) -> Any:
        """One of some cells; in a mild set nearly always one that leaves the call clear."""
        return self._chance.choice(mild if self._is_mild and self._may(0.95) else cells)

    def _of_list(self, days: Sequence[str]) -> Row:
        """What only a list tells."""
        told: dict[str, Sequence[str]] = {
            "objected_on": ("none", "n/a", "yes", *days[:-1]),
            "refused_on": ("none", "-", *days[:-1]),
            "relationship": ("contract", "NULL", "none"),
            "attempts": ("0", "2", "4"),
        }
        return {name: self._one_of(cells, cells[:2]) for name, cells in told.items() if self._may(0.07)}


def of_model(case: Case) -> Verdict:
    """What the model says of a set."""
    return Verdict(*decide(*Reader(case, TODAY).told()))


def is_same(model: Verdict, said: Verdict | str) -> bool:
    """Whether a door says the outcome of the model, and that what is missing there is missing."""
    return isinstance(said, Verdict) and model.outcome == said.outcome and model.missing - {LAW_OPEN} <= said.missing


def differing(cases: Sequence[Case], folder: Path, book: Rulebook, plays: Plays) -> Iterator[str]:
    """A line for each set and door that says something else than the model: door, model, door's verdict, set."""
    expected = {case.id: of_model(case) for case in cases}
    for at, (door, reverse) in enumerate(plays):
        said = play(cases, door, folder / str(at), book, reverse=reverse)
        for case in cases:
            if case.id in said and not is_same(expected[case.id], said[case.id]):
                order = " reversed" if reverse else ""
                yield f"{case.id}  {door}{order}  {expected[case.id]}  {said[case.id]}  {written(case)}"


def written(case: Case) -> str:
    """A set in short."""
    rows = (
        f"{source.kind}{' '.join(('', *source.days))}[{' | '.join(' '.join(f'{k}={v}' for k, v in row.items()) for row in source.rows)}]"
        for source in case.sources
    )
    return f"{case.at} {' + '.join(rows)}"


def main(count: int, seed: int) -> None:
    """Play sets, and print those that come out differently."""
    os.environ["DNC_TODAY"] = NOW
    sets, book, found = Sets(seed), Rulebook.load(), 0
    for first in range(0, count, AT_ONCE):
        cases = [sets.case(at) for at in range(min(AT_ONCE, count - first))]
        with tempfile.TemporaryDirectory(prefix="dnc-") as folder:
            for line in differing(cases, Path(folder), book, PLAYS):
                found += 1
                print(line)
    print(f"{found} of {count} sets, each played {len(PLAYS)} times", file=sys.stderr)
    sys.exit(bool(found))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1)
