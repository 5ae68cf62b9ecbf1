"""Many at once: look-ups beside loads, purges and a backup never wait for each other and never err."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from threading import Barrier

from dnc import Store
from dnc.store.backup import backup
from dnc.store.verify import verify
from tests import size
from tests.store.test_store import ANSWER, said

LOOKUPS, TURNS = size(24, 60), size(2, 3)
WRITER = """
import sys
from datetime import date
from pathlib import Path
from dnc import Store
store, name, turns, folder = Store(sys.argv[1]), sys.argv[2], int(sys.argv[3]), Path(sys.argv[4])
for turn in range(turns):
    path = folder / f"{name}-{turn}.csv"
    path.write_text(f"Telephone;R\u00e9ponse\\n01990001{turn:02};{name}\\n0199000002;OK\\n")
    store.load(path, registry="fr-bloctel", as_of=date(2026, 9, 1 + turn))
    store.object([f"+331990001{turn:02}"], date(2026, 9, 1))
    if name == "purging":
        store.forget(date(2026, 8, 31), "fr-bloctel")
"""


def test_many_look_ups_beside_loads_are_all_right(store, write_file, tmp_path):
    """Two processes load and record, one purges, a backup is made; each look-up has the answer of its day."""
    store.load(write_file("a.csv", ANSWER), as_of=date(2026, 8, 31), registry="fr-bloctel")
    store.object(["+33199000003"], date(2026, 8, 2))
    store.load(write_file("own.csv", ""), as_of=date(2026, 8, 1), registry="own")
    store.load(write_file("old.csv", ANSWER + "0199000009;OK\n"), as_of=date(2026, 8, 30), registry="fr-bloctel")
    began_before = store.standing()
    told = [str(store.path), str(TURNS), str(tmp_path)]
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, told[0], name, *told[1:]]) for name in ("loading", "purging")
    ]
    try:
        look_up_beside(store, tmp_path)
        assert [writer.wait() for writer in writers] == [0, 0]
    finally:
        for writer in writers:
            writer.kill()
            writer.wait()
    assert verify(store.journal).faults == verify(Store(tmp_path / "copy").journal).faults == []
    assert store.log()["verb"].value_counts(sort=True).rows() == [
        ("load", 3 + 2 * TURNS),
        ("object", 1 + 2 * TURNS),
        ("forget", TURNS),
    ]
    assert [one.id for one in began_before.of("fr-bloctel")] == [1, 2]


def look_up_beside(store: Store, tmp_path: Path) -> None:
    """All look-ups at once, and a backup; each must say what it said before."""
    together = Barrier(LOOKUPS + 1)

    def look(turn: int) -> object:
        together.wait()
        number, registry = 1 + turn % 3, ("fr-bloctel", "own")[turn % 2]
        return number, registry, said(store, registry, 33199000000 + number, "2026-08-31")[0]

    with ThreadPoolExecutor(LOOKUPS) as pool:
        looking = [pool.submit(look, turn) for turn in range(LOOKUPS)]
        together.wait()
        backup(store.journal, tmp_path / "copy")
        answers = {one.result() for one in looking}
    bloctel, own = ("clear", "listed", "listed"), ("clear", "clear", "listed")
    assert answers == {(number, "fr-bloctel", bloctel[number - 1]) for number in (1, 2, 3)} | {
        (number, "own", own[number - 1]) for number in (1, 2, 3)
    }


FORGETTER = """
import sys
from datetime import date
from pathlib import Path
from dnc import Store
store, path = Store(sys.argv[1]), Path(sys.argv[2])
for turn in range(int(sys.argv[3])):
    path.write_text(f"Telephone;R\u00e9ponse\\n0199000{turn:03};OK\\n")
    store.load(path, as_of=date(2026, 9, 1 + turn), accept={"unchanged": "another file of one row"})
    store.forget_numbers([f"+33199000{turn:03}"])
    store.forget(date(2026, 9, turn or 1))
"""


def test_a_verification_beside_changes_finds_nothing(store, tmp_path):
    """Files that are moved in or removed meanwhile are neither strange nor missing."""
    store.object(["+33199000003"], date(2026, 8, 2))
    turns = size(2, 5)
    arguments = [sys.executable, "-c", FORGETTER, str(store.path), str(tmp_path / "a.csv"), str(turns)]
    with subprocess.Popen(arguments) as writer:
        while writer.poll() is None:
            assert verify(store.journal).faults == []
    assert (writer.returncode, store.log()["verb"][-1]) == (0, "forget")
