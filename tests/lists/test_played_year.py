"""A year of an office, played by a script: at each day the verdicts equal those of a small independent model.

Persons consent on forms and by telephone, withdraw, are called, refuse and object, and become customers; files come
late, twice and out of order. The model below keeps plain lists of what happened and reads them for each call.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from random import Random

import polars as pl
import pytest

from dnc import Brief, Rulebook, Settings, Store
from dnc.files.open_table import open_table
from dnc.lists import own_records
from dnc.lists.own_records import RecordReading
from dnc.store import wordings
from dnc.store.verify import verify
from tests import size

FIRST = date(2025, 12, 1)
KEPT = {"form-1": 12, "form-2": 6}  # wordings and their terms in months
_RANK = {"partners": 0, "named_caller": 1, "written": 2}


@dataclass
class Person:
    """What happened to one person, as the model remembers it: each entry begins with its day."""

    number: str
    consents: list[tuple] = field(default_factory=list)  # day, kind, calls, wording, proof
    withdrawals: list[date] = field(default_factory=list)
    calls: list[tuple] = field(default_factory=list)  # day, result
    customer: list[tuple] = field(default_factory=list)  # as of, relationship


def counting(person: Person, day: date) -> tuple | None:
    """The consent that counts on a day, or `withdrawn`, or None: read from the rule, not from the program.

    The newest statement by then; after a withdrawal only a consent of a later day with a wording and a proof that no
    earlier one has. Of one day the withdrawal, and of several consents the one that ends first, else the later one. A
    withdrawal counts from the day before its own.
    """
    last = max((one for one in person.withdrawals if one <= day + timedelta(days=1)), default=None)
    given = [row for row in person.consents if row[0] <= day]
    used = {row[4] for row in given if last and row[0] <= last}
    rows = [row for row in given if last is None or (row[0] > last and row[3] and row[4] and row[4] not in used)]
    if not rows:
        return ("withdrawn",) if last else None
    day = max(row[0] for row in rows)
    return [row for row in rows if row[0] == day][-1]


def months_later(day: date, months: int) -> date:
    """The same day of a later month, or its last."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in range(day.day, 27, -1):
        try:
            return date(year, month + 1, last)
        except ValueError:
            continue
    return date(year, month + 1, day.day)


def expected(person: Person, day: date, told: str, covered: bool, require_proof: bool) -> tuple:
    """Facts of a planned call: consent, its day and calls, its end, attempts, last refusal, relationship."""
    row = counting(person, day)
    consent: tuple = (None, None, None, None)
    if row and row[0] != "withdrawn":
        on, kind, calls, wording, proof = row
        ends = [one - timedelta(days=2) for one in person.withdrawals] + [
            one[0] - timedelta(days=1) for one in person.consents
        ]
        ends = [end for end in ends if end >= day] + ([months_later(on, KEPT[wording])] if wording in KEPT else [])
        until = min(ends, default=None)
        lacking = require_proof and not (proof and wording in KEPT)
        consent = (None, None, None, None) if lacking else (kind, on, calls, until)
    withdrawn = (
        max(one for one in person.withdrawals if one <= day + timedelta(days=1)) if row == ("withdrawn",) else None
    )
    window = [one for one in person.calls if day - timedelta(days=30) <= one[0] <= day and one[1] != "wrong_number"]
    attempts = len(window) if covered else None
    if told:
        attempts = max(int(told), len(window))
    refused = max((one[0] for one in person.calls if one[1] == "refused" and one[0] <= day), default=None)
    snapshots = [one for one in person.customer if one[0] <= day]
    return (*consent, withdrawn, attempts, refused, max(snapshots)[1] if snapshots else None)


class Office:
    """The store of an office, its people, and what the model knows of them."""

    def __init__(self, folder: Path, seed: int, people: int) -> None:
        self.random = Random(seed)
        self.people = [Person(f"+3363998{at:04}") for at in range(people)]
        self.folder, self.book = folder, Rulebook.load()
        self.store = Store(folder / f"store-{seed}")
        for name, months in KEPT.items():
            wordings.add(self.store.journal, name, f"X may call me ({name}).", {"term_months": str(months)})
        self.sent = list[tuple[str, str]]()  # files that were loaded, which may come again
        self.covered: date | None = None

    def some(self, share: float) -> list[Person]:
        """A random share of the people."""
        return [person for person in self.people if self.random.random() < share]

    def load(self, kind: str, lines: list[str], header: str, **said: object) -> None:
        """Load lines as a file."""
        path = self.folder / f"{kind}-{len(self.sent)}.csv"
        path.write_text("\n".join([header, *lines]) + "\n")
        self.sent.append((kind, str(path)))
        own_records.load(self.store, kind, [path], self.book, RecordReading(**said))

    def month(self, first: date, last: date) -> None:
        """What happens in a month, and the files about it."""
        forms, withdrawals, calls = [], [], []
        for person in self.some(0.3):
            day = first + timedelta(days=self.random.randrange((last - first).days + 1))
            wording = self.random.choice(["form-1", "form-2", "old form", ""])
            proof = self.random.choice(["page 1", "page 2", f"page {len(person.consents) + 3}", ""])
            kind, for_ = self.random.choice(list(_RANK)), self.random.choice(["live", "both"])
            forms.append(f"{person.number},{kind},{day},{for_},{wording},{proof},")
            if (day, kind, for_, wording, proof) not in person.consents:
                person.consents.append((day, kind, for_, wording, proof))
        for person in self.some(0.05):
            day = first + timedelta(days=self.random.randrange((last - first).days + 1))
            withdrawals.append(f"{person.number},,,,,,{day}")
            person.withdrawals.append(day)
        results = ["answered", "no_answer", "busy", "machine", "refused", "wrong_number"]
        for at, person in enumerate(self.some(0.4)):
            for turn in range(self.random.randrange(1, 4)):
                day = first + timedelta(days=self.random.randrange((last - first).days + 1))
                calls.append(f"{first}-{at}-{turn},{person.number},{day}T10:{turn:02},{self.random.choice(results)}")
                person.calls.append((day, calls[-1].rpartition(",")[2]))
        header = "number,consent,consent_on,consent_for,wording,proof,consent_withdrawn_on"
        self.random.shuffle(withdrawals)
        self.load("consents", [*withdrawals, *forms], header)
        self.load("calls", calls, "call_id,number,at,result", covers_days=(first, last))
        self.covered = last
        kept = [(person, self.random.choice(["contract", "buyer"])) for person in self.some(0.2)]
        self.load("customers", [f"{person.number},{word}" for person, word in kept], "number,relationship", as_of=last)
        known = {person.number: word for person, word in kept}
        for person in self.people:
            person.customer.append((last, known.get(person.number, "none")))
        told = self.some(0.02)  # on the telephone
        rows = [{"number": person.number, "consent_withdrawn_on": str(last)} for person in told]
        own_records.record(self.store, "consents", rows, self.book)
        for person in told:
            person.withdrawals.append(last)
        kind, path = self.random.choice([sent for sent in self.sent if sent[0] != "customers"])
        [again] = own_records.load(self.store, kind, [path], self.book)  # somebody loads an old export again
        assert again.rows == 0

    def compare(self, day: date, require_proof: bool) -> None:
        """Decide a list of some of the people for a day, and compare each fact with the model."""
        asked = self.some(0.5)
        told = [self.random.choice(["", "", "3"]) for _ in asked]
        path = self.folder / "list.csv"
        pl.DataFrame({"number": [person.number for person in asked], "attempts": told}).write_csv(path)
        seen = list[pl.DataFrame]()
        names = (
            "consent",
            "consent_on",
            "consent_for",
            "consent_until",
            "consent_withdrawn_on",
            "attempts",
            "refused_on",
            "relationship",
        )
        settings = Settings(brief=Brief(require_proof=require_proof), at=f"{day}", given={"caller": "commercial"})
        setup = settings.read(self.store)
        with setup.judge(self.store.standing()) as (_, completion):
            for calls in setup.intake(open_table(path)).batches():
                seen.append(completion.completed(calls).facts(*names))
        covered = (
            self.covered is not None and day - timedelta(days=30) >= FIRST and day <= self.covered + timedelta(days=1)
        )
        never = date(9999, 12, 31)
        for row, person, count in zip(pl.concat(seen).iter_rows(named=True), asked, told, strict=True):
            found = tuple(None if row[name] == never else row[name] for name in names)
            if found[4]:  # withdrawn: what it was given for does not matter
                found = (None, None, None, None, *found[4:])
            assert found == expected(person, day, count, covered, require_proof), (person, day)


@pytest.mark.parametrize("seed", range(size(1, 6)))
def test_a_year_of_an_office(tmp_path, monkeypatch, seed):
    """Twelve months, three campaigns a month with and without proof required; at the end the store verifies."""
    office = Office(tmp_path, seed, size(400, 10_000))
    first = FIRST
    for _ in range(12):
        after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
        monkeypatch.setenv("DNC_TODAY", str(after))
        office.month(first, after - timedelta(days=1))
        for day in (after, after + timedelta(days=3), after - timedelta(days=5)):
            monkeypatch.setenv("DNC_TODAY", str(max(day, after)))
            office.compare(day, require_proof=office.random.random() < 0.3)
        first = after
    assert verify(office.store.journal).faults == []
