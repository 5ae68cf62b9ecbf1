"""A check that takes over from an earlier one which rows are alike: the same result as without it, for less."""

from __future__ import annotations

import random
from datetime import date
from itertools import count
from pathlib import Path

import polars as pl
import pytest

from dnc import Rulebook, Store, check
from dnc.lists import own_records
from dnc.lists.brief import Brief
from dnc.lists.known_rows import Fingerprints, KnownRows
from dnc.lists.own_records import RecordReading
from dnc.reports.check_data import as_data
from dnc.store import rule_packs, wordings
from tests import SALE, size

NUMBERS = [f"+3319900{n:04}" for n in range(60)] + [f"+4477009001{n:02}" for n in range(20)]
CELLS = {
    "name": ["Ann", "Bob", ""],
    "tel": [*NUMBERS, *(f"0{number[3:5]} {number[5:8]} {number[8:]}" for number in NUMBERS[:60]), "hello", ""],
    "recipient": ["consumer"] * 20 + ["business", ""],
    "consent": ["none"] * 20 + ["named_caller", "perhaps"],
    "consent_on": [""] * 20 + ["2026-08-12", "12/08/26"],
}
MORE = {
    "objected_on": ["none"] * 20 + ["2026-08-30", "yes"],
    "note": [""] * 20 + ["dead line", "never again"],
    "mobile": [""] * 9 + NUMBERS[:2],
    "person": [*map(str, range(60))],
    "call_at": ["2026-09-01T10:30"] * 9 + ["2026-10-05T11:00+02:00", ""],
}
TEXTS = {"columns": {"number": "tel"}, "ignore": ["name"], "new_columns": "undecided"}
UNSIGNED = {"number": pl.UInt64, "kind": pl.UInt64}
OWN = {name: fact for name, fact in SALE.items() if name not in CELLS and name != "objected_on"}


class World:
    """A store and a list that change at random."""

    def __init__(self, folder, seed: int) -> None:
        self.chance, self.folder, self.turn = random.Random(seed), folder, count()
        self.store = Store(folder / "store")
        self.cells = CELLS | {name: cells for name, cells in MORE.items() if self.chance.random() < 0.3}
        self.given = OWN if "objected_on" in self.cells else OWN | {"objected_on": "none"}
        self.rows = [self._row() for _ in range(60)]
        self.settings = {"at": "2026-09-01T10:30", "now": date(2026, 9, 1), "guidance": "enforce", "language": "en"}
        self.brief = Brief(region="FR", **TEXTS)
        self.changes = [self._nothing, self._edit, self._insert, self._remove, self._swap, self._objection, self._lift]
        self.changes += [self._consent, self._withdrawal, self._call, self._calls, self._customers, self._wording]
        self.changes += [
            self._snapshot,
            self._own_list,
            self._day,
            self._setting,
            self._told,
            self._rules,
            self._forget,
        ]

    def _row(self) -> dict[str, str]:
        return {name: self.chance.choice(cells) for name, cells in self.cells.items()}

    def _numbers(self, least: int = 1, most: int = 5) -> list[str]:
        return self.chance.sample(NUMBERS, self.chance.randint(least, most))

    def _record(self, kind: str, **cells: str) -> None:
        rows = [{"number": number} | cells for number in self._numbers()]
        own_records.record(self.store, kind, rows, Rulebook.load())

    def _file(self, text: str):
        path = self.folder / f"{next(self.turn)}.csv"
        path.write_bytes(text.encode())
        return path

    # changes

    def _nothing(self) -> None:
        """Change nothing."""

    def _edit(self) -> None:
        for row in self.chance.sample(self.rows, min(len(self.rows), self.chance.randint(1, 4))):
            name = self.chance.choice(list(row))
            row[name] = self.chance.choice(self.cells[name])
            if self.chance.random() < 0.2:
                row["tel"] = " / ".join(self._numbers(2, 2))

    def _insert(self) -> None:
        at = self.chance.randint(0, len(self.rows))
        self.rows[at:at] = [self._row() for _ in range(self.chance.choice([1, 3, 30]))]

    def _remove(self) -> None:
        at = self.chance.randint(0, len(self.rows))
        del self.rows[at : at + self.chance.choice([1, 3, 30])]

    def _swap(self) -> None:
        self.chance.shuffle(self.rows)

    def _objection(self) -> None:
        self.store.object(self._numbers(), date(2026, 8, 30))

    def _lift(self) -> None:
        self.store.object(self._numbers(), date(2026, 8, 30), reason="asked", lift=True)

    def _consent(self) -> None:
        proof = self.chance.choice([{}, {"wording": "form", "proof": "page 1"}])
        self._record("consents", consent="named_caller", consent_on="2026-08-15", consent_for="both", **proof)

    def _withdrawal(self) -> None:
        self._record("consents", consent_withdrawn_on="2026-08-20")

    def _call(self) -> None:
        self._record("calls", at="2026-08-28T10:00", result=self.chance.choice(["busy", "refused"]))

    def _calls(self) -> None:
        covers = date(2026, 7, self.chance.randint(1, 31)), date(2026, 9, self.chance.randint(1, 5))
        lines = (f"{number},2026-08-27T10:00,busy" for number in self._numbers())
        path = self._file("\n".join(["number,at,result", *lines]))
        own_records.load(self.store, "calls", [path], Rulebook.load(), RecordReading(covers_days=covers))

    def _customers(self) -> None:
        lines = (f"{number},contract" for number in self._numbers())
        path = self._file("\n".join(["number,relationship", *lines]))
        day = date(2026, 8, self.chance.randint(1, 31))
        own_records.load(self.store, "customers", [path], Rulebook.load(), RecordReading(as_of=day))

    def _snapshot(self) -> None:
        listed = sorted(number for number in NUMBERS if number.startswith("+44") and self.chance.random() < 0.5)
        path = self._file("".join(f"0{number[3:7]} {number[7:]}\r\n" for number in listed))
        day = date(2026, 8, self.chance.randint(1, 31))
        self.store.load(path, as_of=day, registry="gb-tps", accept={"shrunk": "a test"})

    def _own_list(self) -> None:
        path = self._file("number\n" + "\n".join(self._numbers()))
        self.store.load(path, as_of=date(2026, 8, 30), registry="own")

    def _day(self) -> None:
        self.settings["now"] = date(2026, 9, self.chance.randint(1, 4))
        self.settings["at"] = self.chance.choice([None, "2026-09-01T10:30", "2026-09-06", "2026-10-20T12:00"])

    def _setting(self) -> None:
        self.settings["guidance"] = self.chance.choice(["enforce", "advise"])
        self.settings["language"] = self.chance.choice(["en", "fr"])

    def _told(self) -> None:
        self.brief = Brief(region=self.chance.choice(["FR", "GB"]), **TEXTS, require_proof=self.chance.random() < 0.3)

    def _wording(self) -> None:
        wordings.add(self.store.ledger, f"form-{next(self.turn)}", "Yes, call me.")

    def _rules(self) -> None:
        months = self.chance.choice([1, 2])
        text = next(text for text in Rulebook.load().texts.values() if 'jurisdiction = "gb"' in text)
        changed = {"gb.toml": text.replace("max_age = { days = 28 }", f"max_age = {{ days = {28 * months} }}")}
        pack = str(next(self.turn)), "0" * 64, "a" * 64
        rule_packs.install(self.store.ledger, pack, changed, {"gb.toml": text}, lambda _: None, trust=True)

    def _forget(self) -> None:
        self.store.forget_numbers(self._numbers())

    # checks

    def check(self, name: str, **options):
        """A check of the list as it is, kept: its result, and all that was written."""
        frame = pl.DataFrame(self.rows, schema=dict.fromkeys(self.cells, pl.String))
        path = self.folder / "calls.csv"
        frame.write_csv(path)
        outputs = [self.folder / f"{name}.{suffix}" for suffix in ("csv", "parquet", "jsonl")]
        unread = {"accept_unread": 1000, "reason": "a test"}
        result = check(
            path,
            self.store,
            brief=self.brief,
            given=self.given,
            out=outputs,
            keep=True,
            **unread,
            **self.settings,
            **options,
        )
        kept = pl.read_parquet(self.store.kept_decisions()[result.id]).drop("fingerprint", "kind")
        figures = [result.tallies, result.repeated, result.persons, result.elsewhere, result.unplaced, result.consents]
        figures += [result.revived, result.given, result.second_numbers]
        told = {key: said for key, said in as_data(result).items() if key not in ("check", "log_head")}
        return result, ([path.read_bytes() for path in outputs], figures, told, kept.to_dicts())


@pytest.mark.parametrize("seed", range(21, size(22, 41)))
def test_a_check_since_another_is_a_full_check(tmp_path, monkeypatch, seed):
    """After each of some random changes: outputs, figures, decisions; also in batches."""
    monkeypatch.setenv("DNC_TODAY", "2026-09-05")
    if seed % 4 == 0:
        monkeypatch.setattr("dnc.files.table.FIRST_ROWS", 30)
        monkeypatch.setattr("dnc.files.table.BATCH_ROWS", 60)
    world = World(tmp_path, seed)
    checks, known = [world.check("first")[0].id], 0
    for turn in range(size(1, 10)):
        for change in world.chance.choices(world.changes, k=world.chance.choice([1, 1, 2])):
            change()
        since, found = world.check("since", since=world.chance.choice(checks[-2:]))
        _, full = world.check("full")
        assert found == full, (turn, change.__name__)
        checks.append(since.id)
        known += since.known
    assert known > 0


def test_known_rows_are_found_where_others_came_and_went(tmp_path, monkeypatch):
    """In batches, with insertions and removals up to the margin: each unchanged row that has another like it."""
    monkeypatch.setattr("dnc.lists.known_rows._MARGIN", 60)
    chance, marks = random.Random(1), Fingerprints("0" * 64, "")
    names = [str(at) for at in range(1000)]
    calls = pl.DataFrame({"number": range(1000), "kind": [at % 7 for at in range(1000)]}, schema_overrides=UNSIGNED)
    calls.with_columns(marks.of(pl.DataFrame({"name": names}))).write_parquet(tmp_path / "calls.parquet")
    for _ in range(size(2, 30)):
        now = list(names)
        for at in chance.sample(range(len(now) - 60), 6):
            now[at : at + chance.randint(0, 25)] = [f"new {at} {n}" for n in range(chance.randint(0, 25))]
        known, start = KnownRows(tmp_path / "calls.parquet", marks, pl.Series([5], dtype=pl.UInt64)), 0
        while start < len(now):
            rows = now[start : (start := start + chance.randint(100, 200))]
            alike = known.likeness(pl.DataFrame({"name": rows}))
            if alike is None:  # all are read, which the last few rows of a list may be
                assert start >= len(now)
                continue
            at, like, number = alike
            read = {rows[place] for place in at}
            old = [row for row in rows if row.isdecimal() and row != "5"]
            first = {int(row) % 7: row for row in reversed(old)}
            assert read == {row for row in rows if row not in old} | set(first.values())
            for row, place, found in zip(rows, like, number, strict=True):
                stands = rows[at[place]]
                assert found == (None if row in read else int(row))
                assert stands == row if row in read else int(stands) % 7 == int(row) % 7


def test_it_is_said_how_many_rows_were_not_read(dnc, write_file):
    """By output, by itself with --changed; after a forget every row is read; a wrong number is said."""
    write_file("calls.csv", "number\n" + "\n".join(f"01 99 00 00 {n}" for n in range(10, 30)))
    told = ["--region", "FR", "--at", "2026-08-20T10:30", *(f"--set={name}={fact}" for name, fact in SALE.items())]
    told += ["--exit-zero", "--out"]
    first = dnc("check", "calls.csv", *told, "a.csv", "--keep")
    assert first[0] == 0 and "not read again" not in first[2]
    assert "not read again: 19" in dnc("check", "calls.csv", *told, "b.csv", "--since", "a.csv")[2]
    assert Path("a.csv").read_bytes() == Path("b.csv").read_bytes()
    assert "not read again: 19" in dnc("check", "a.csv", "--changed", *told, "c.csv")[2]
    assert dnc("forget", "--number", "01 99 00 00 10", "--region", "FR")[0] == 0
    assert "not read again: 0" in dnc("check", "calls.csv", *told, "b.csv", "--since", "a.csv")[2]
    code, _, err = dnc("check", "calls.csv", *told, "b.csv", "--since", "99")
    assert code == 4 and "row 99 of the log is not a check" in err
