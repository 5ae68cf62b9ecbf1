"""Stores of earlier programs are read by this one, and by one that has more; and those of that one by this one."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import date

import pytest

from dnc import Rulebook, Store, StoreError, check
from dnc.lists import own_records
from dnc.store import journal, records
from dnc.store.backup import backup
from dnc.store.verify import verify
from tests.stores.write import NUMBERS, STORES

WRITTEN = sorted(path for path in STORES.iterdir() if path.is_dir() and path.name != "__pycache__")


@pytest.fixture(autouse=True)
def later(monkeypatch) -> None:
    """The day after the stores were written."""
    monkeypatch.setenv("DNC_TODAY", "2026-12-02")


@pytest.fixture(params=WRITTEN, ids=lambda path: path.name)
def kept(request, store) -> Store:
    """A copy of a store that a release wrote."""
    shutil.copytree(request.param, store.path)
    for path in [store.path, *store.path.rglob("*")]:  # git keeps no other modes
        path.chmod(0o700 if path.is_dir() else 0o600)
    return store


def newer(verb: str, store: Store, *more: object) -> str:
    """Run the program that has more."""
    command = [sys.executable, "-m", "tests.store.newer", verb, str(store.path), *map(str, more)]
    return subprocess.run(command, cwd=STORES.parents[1], check=True, capture_output=True, text=True).stdout


def heights(store: Store) -> dict[str, int]:
    """How many rows of each kind there are."""
    standing = store.standing()
    with store.journal.instance.cursor() as con:
        found = {name: kept.find(con).height for name, kept in standing.records.items()}
    return found | {"snapshots": len(standing.snapshots)}


def test_a_store_of_a_release_is_whole_and_holds_what_it_held(kept, write_file):
    """It is verified, decided from and changed."""
    held = {"consents": 2, "calls": 3, "customers": 1, "objections": 3, "snapshots": 1}
    assert (verify(kept.journal).faults, heights(kept)) == ([], held)
    path = write_file("list.csv", "\n".join(["number", *NUMBERS]))
    done = check(path, kept, region="FR", at="2026-12-02", given={"caller": "commercial"})
    assert done.tallies.counts["blocked"] == 3, "the own list, and two objections"
    kept.object([NUMBERS[5]], date(2026, 12, 1))
    assert (verify(kept.journal).faults, heights(kept)) == ([], held | {"objections": 4})


def test_a_program_that_has_more_reads_it(kept):
    """A column that it did not have is null, a kind that it did not have is empty; both are recorded from then on."""
    [first, second] = [int(number) for number in NUMBERS[1:3]]
    old = [[first, None], [second, None]]
    assert json.loads(newer("told", kept)) == {"consents": old, "gifts": [], "faults": []}
    newer("record", kept, first)
    now = {"consents": [*old, [first, "glad"]], "gifts": [[first, "a pen"]], "faults": []}
    assert json.loads(newer("told", kept)) == now


@pytest.mark.parametrize("verb", ["record", "file"])
def test_what_a_program_that_has_more_wrote_is_carried(kept, tmp_path, monkeypatch, verb):
    """In the log or in files: this program calls it whole, reads what it knows, and leaves the rest where it is."""
    number = int(NUMBERS[1])
    newer(verb, kept, number)
    before = json.loads(newer("told", kept))
    assert (before["consents"][-1], before["gifts"]) == ([number, "glad"], [[number, "a pen"]])
    assert (verify(kept.journal).faults, heights(kept)["consents"]) == ([], 3)
    monkeypatch.setattr(journal, "_MOST_BYTES", 0)  # the log begins a new file
    kept.object([NUMBERS[5]], date(2026, 12, 1))
    monkeypatch.setattr(records, "_IN_LOG", 0)  # and what it knows moves into files, or files into one
    for day in range(1, 5):
        row = {"number": NUMBERS[0], "consent_withdrawn_on": f"2026-11-0{day}"}
        own_records.record(kept, "consents", [row], Rulebook.load())
    assert len(kept.journal.segments()) > 2
    assert len(kept.journal.read().values("consents")) == (verb == "record"), "it stays in the log, where it is whole"
    after = json.loads(newer("told", kept))
    assert after == before | {"consents": before["consents"] + [[int(NUMBERS[0]), None]] * 4}
    backup(kept.journal, tmp_path / "copy")
    assert json.loads(newer("told", Store(tmp_path / "copy"))) == after


@pytest.mark.parametrize("verb", ["record", "file"])
def test_what_is_not_known_of_a_person_is_erased_with_the_person(kept, verb):
    """Of the opt-out stays what this program knows to be needed; others keep what it does not know."""
    first, second = NUMBERS[1:3]
    for number in (first, second):
        newer(verb, kept, int(number), "consents")
    kept.forget_numbers([first])
    rows = json.loads(newer("told", kept))
    withdrawn = [row for row in rows["consents"][-2:] if row]
    assert (withdrawn, rows["faults"]) == ([[int(first), None], [int(second), "glad"]], [])
    kept.forget_numbers([second])
    texts = [path.read_bytes() for path in kept.path.rglob("*.jsonl")]
    assert not any(b"glad" in text for text in texts)
    assert [row[1] for row in json.loads(newer("told", kept))["consents"]] == [None, None]


def test_a_person_is_not_erased_in_part(kept):
    """A kind that this program does not know may hold the person, too."""
    newer("record", kept, int(NUMBERS[1]), "gifts")
    with pytest.raises(StoreError, match="a newer dnc recorded gifts here"):
        kept.forget_numbers([NUMBERS[1]])
    assert heights(kept)["consents"] == 2


def test_what_this_program_must_not_ignore_is_refused_as_newer(kept, write_file):
    """The first line of a file of the log needs a later format."""
    newer("needs", kept)
    for verb in (kept.standing, lambda: verify(kept.journal), lambda: kept.object([NUMBERS[5]], date(2026, 12, 1))):
        with pytest.raises(StoreError, match=r"was written by a newer dnc \(format 2; this one reads format 1\)"):
            verb()
