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
from dnc.clock import today
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


def counting(person: Person, day: date) -> list[tuple] | None:
    """The consents that stand on a day, or None after a withdrawal: read from the rule, not from the program.

    A consent replaces older ones if it names a wording and a proof that no other one of its day or before names. After
    a withdrawal, or a call that found somebody else, only such a consent of a later day counts; either counts from the
    day before its own.
    """
    given = [row for row in person.consents if row[0] <= day]

    def own_proof(row: tuple) -> bool:
        others = (one for one in given if one != row and one[0] <= row[0])
        return bool(row[3] and row[4]) and all(one[4] != row[4] for one in others)

    ended = [*person.withdrawals, *(one[0] for one in person.calls if one[1] == "wrong_number")]
    last = max((one for one in ended if one <= day + timedelta(days=1)), default=None)
    renewed = max((row[0] for row in given if own_proof(row)), default=date.min)
    if last and renewed <= last:
        return None
    return [row for row in given if row[0] >= renewed]


def months_later(day: date, months: int) -> date:
    """The same day of a later month, or its last."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in range(day.day, 27, -1):
        try:
            return date(year, month + 1, last)
        except ValueError:
            continue
    return date(year, month + 1, day.day)


def expected(person: Person, day: date, told: str, covered: bool, require_proof: bool, is_past: bool) -> tuple:
    """Facts of a planned call: of the consent its kind, day, calls and end, and what it lacks; when consents ended;
    attempts, known and possible; the last refusal; the relationship.

    Whether a consent of the day of a past call was given before it, nobody knows.
    """
    rows = counting(person, day)
    consent: tuple = (None, None, None, None, "")
    if rows:
        lacking = "wording" if any(row[3] and row[3] not in KEPT for row in rows) else "proof"
        lacks = require_proof and not all(row[4] and row[3] in KEPT for row in rows)
        later = [one[0] - timedelta(days=1) for one in person.consents if one[0] > day]
        ends = later + [months_later(row[0], KEPT[row[3]]) for row in rows if row[3] in KEPT]
        calls = "live" if any(row[2] == "live" for row in rows) else "both"
        kind = min((row[1] for row in rows), key=_RANK.__getitem__)
        on = None if is_past and any(row[0] == day for row in rows) else min(row[0] for row in rows)
        consent = (kind, on, calls, min(ends, default=None), lacking if lacks else "")
    ended = [*person.withdrawals, *(one[0] for one in person.calls if one[1] == "wrong_number")]
    counts = [one for one in ended if (one <= day + timedelta(days=1)) == (rows is None)]
    withdrawn = min(counts, default=None)
    window = [one for one in person.calls if day - timedelta(days=30) <= one[0] <= day and one[1] != "wrong_number"]
    attempts = max(int(told or 0), len(window))
    refusals = [one[0] for one in person.calls if one[1] == "refused"]
    refused = max((one for one in refusals if one <= day + timedelta(days=1)), default=min(refusals, default=None))
    snapshots = [one for one in person.customer if one[0] <= day]
    relationship = max(snapshots)[1] if snapshots else None
    return (*consent, withdrawn, attempts, attempts if told or covered else None, refused, relationship)


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
            "lacks",
            "consent_withdrawn_on",
            "attempts",
            "attempts_most",
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
            assert found == expected(person, day, count, covered, require_proof, day < today()), (person, day)


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
