"""The store outlasts what hurts it: lost writes, cuts, flipped bits, a purge beside a check, another writer."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from dnc import InputError, Store, StoreError, check
from dnc.files.locks import own_folder
from dnc.store import journal
from dnc.store.backup import backup, restore
from dnc.store.verify import verify
from dnc.verdicts.screening import Screen
from tests import size
from tests.store.test_store import ANSWER, said

LOG, HEAD = "log/000000000000.jsonl", "head"


def names(store: Store) -> set[str]:
    """Every file of a store."""
    return {str(path.relative_to(store.path)) for path in store.path.rglob("*") if path.is_file()}


def test_a_change_leaves_nothing_beside_the_store(loaded):
    """After each change there is a log, its head and files, readable by their owner only."""
    assert {name.partition("/")[0] for name in names(loaded)} == {"log", HEAD, "lock", "snapshots"}
    assert all(path.stat().st_mode & 0o077 == 0 for path in [loaded.path, *loaded.path.rglob("*")])
    assert not verify(loaded.journal).faults


def test_a_head_one_change_behind_is_a_kill_and_is_healed(loaded):
    """Nothing is lost, readers go on, and the next change notes the last row again."""
    behind = (loaded.path / HEAD).read_bytes()
    loaded.object(["+33199000004"], date(2026, 8, 3))
    (loaded.path / HEAD).write_bytes(behind)
    assert said(loaded, "own", 33199000004, "2026-08-04")[0] == "listed"
    assert (verify(loaded.journal).faults, verify(loaded.journal).head.seq) == ([], 4)
    loaded.object(["+33199000005"], date(2026, 8, 4))
    assert loaded.journal.noted() == verify(loaded.journal).head


def test_a_log_that_lost_rows_is_refused_and_they_are_named(loaded):
    """An older log put back, also by one change only: nothing is decided, and verify counts what is missing."""
    log = loaded.path / LOG
    earlier = log.read_bytes()
    for day, missing in ((3, "row 4 is missing"), (4, "rows 4 to 5 are missing")):
        loaded.object([f"+3319900000{day}"], date(2026, 8, day))
        good = log.read_bytes()
        log.write_bytes(earlier)
        with pytest.raises(StoreError, match=rf"{missing}; nothing is decided .* run dnc status, then dnc restore"):
            loaded.standing()
        with pytest.raises(StoreError, match=missing):
            loaded.object(["+33199000009"], date(2026, 8, 9))
        assert missing in verify(loaded.journal).faults
        log.write_bytes(good)
    assert not verify(loaded.journal).faults


@pytest.mark.parametrize("lost", [[LOG], ["log"], [HEAD], ["log", HEAD]])
def test_a_store_that_lost_a_file_is_never_taken_for_an_empty_one(loaded, write_file, lost):
    """What is left of a store is a damaged store; nothing is decided from it, and nothing of it is swept away."""
    for path in (loaded.path / name for name in lost):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    before = names(loaded)
    with pytest.raises(StoreError, match=r"is missing.*; nothing is decided"):
        check(write_file("c.csv", "number\n0199000001\n"), loaded, region="FR")
    with pytest.raises(StoreError, match="is missing"):
        loaded.load(write_file("d.csv", ANSWER), as_of=date(2026, 8, 3))
    assert verify(loaded.journal).faults
    assert names(loaded) == before | {"lock"}


def test_a_store_of_opt_outs_alone_is_not_taken_for_an_empty_one_either(store, write_file, tmp_path):
    """No file is left of it but the lock: its folders say that there was a log."""
    store.object(["+33199000001"], date(2026, 8, 1))
    backup(store.journal, tmp_path / "kept")
    for name in (LOG, HEAD):
        (store.path / name).unlink()
    assert names(store) == {"lock"}
    with pytest.raises(StoreError, match="is missing; nothing is decided"):
        check(write_file("c.csv", "number\n0199000001\n"), store, region="FR")
    with pytest.raises(StoreError, match="is missing"):
        store.object(["+33199000002"], date(2026, 8, 2))
    restore(store.journal, tmp_path / "kept")
    assert (store.standing().objections.recorded.height, verify(store.journal).faults) == (1, [])


def test_a_store_that_was_just_made_needs_no_head(store, monkeypatch):
    """Its maker was killed in between; the next change notes the row."""
    with store.journal.writing():
        store.journal._create()
    monkeypatch.setattr(journal, "_known", {})
    assert (store.standing().objections.recorded.height, verify(store.journal).faults) == (0, [])
    store.object(["+33199000001"], date(2026, 8, 1))
    assert store.journal.noted().seq == 1


def test_a_log_cut_anywhere_is_refused(loaded):
    """Cut at many places, from its first byte to its last, it never opens."""
    log = loaded.path / LOG
    whole, places = log.read_bytes(), size(10, 100)
    for place in range(places):
        log.write_bytes(whole[: len(whole) * place // places])
        with pytest.raises(StoreError, match="nothing is decided from this store"):
            loaded.standing()
    log.write_bytes(whole)
    assert loaded.standing().objections.recorded.height == 1


@pytest.mark.parametrize("name", [LOG, HEAD, "snapshots"])
def test_a_flipped_bit_is_never_decided_from(loaded, name, monkeypatch):
    """One bit of log, head or a snapshot, at many places: the look-up is refused with a word, never answered."""
    path = loaded.path / name
    path = next(path.glob("*")) if path.is_dir() else path
    whole, places = path.read_bytes(), size(5, 40)
    for place in range(places):
        monkeypatch.setattr(journal, "_known", {})
        at = len(whole) * place // places
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << place % 8]) + whole[at + 1 :])
        with pytest.raises(StoreError, match="nothing is decided"):
            said(loaded, "fr-bloctel", 33199000001, "2026-08-02")
    path.write_bytes(whole)
    assert said(loaded, "fr-bloctel", 33199000001, "2026-08-02")[0] == "listed"


def test_a_damaged_snapshot_comes_back_by_loading_it_again(loaded, write_file):
    """The same bytes stand already unless their file is damaged; then the load replaces it and says so."""
    path = loaded.path / "snapshots" / loaded.snapshots()[0].file
    path.write_bytes(path.read_bytes()[:-1])
    assert [fault.partition(")")[0] for fault in verify(loaded.journal).faults] == [
        "snapshot 1 (fr-bloctel as of 2026-06-01"
    ]
    again = loaded.load(write_file("a.csv", ANSWER), as_of=date(2026, 6, 1))
    assert (again.id, again.notes[0]) == (3, "a file of snapshot 1 was damaged; this one replaces it")
    assert not verify(loaded.journal).faults


# Leftovers


def test_leftovers_of_the_dead_go_with_the_next_change_and_those_of_the_living_stay(loaded):
    """A reader removes nothing; a writer removes what killed loads and changes left, and no running load's folder."""
    before = set((loaded.path / "snapshots").iterdir())
    moved_in = loaded.path.parent / "moved-in.parquet"
    pl.DataFrame({"number": [1]}).write_parquet(moved_in)
    dead = "import os, sys; from pathlib import Path; from dnc import Store\n"
    dead += "with Store(sys.argv[1]).journal.change() as change:\n"
    dead += "    change.keep(Path(sys.argv[2]), 'snapshots'); os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", dead, str(loaded.path), str(moved_in)], check=False)
    [orphan] = set((loaded.path / "snapshots").iterdir()) - before
    dead = "import os, sys; from pathlib import Path; from dnc.files.locks import own_folder\n"
    dead += "with own_folder(Path(sys.argv[1]), '.dnc-load-') as work: (work / 'x').touch(); os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", dead, str(loaded.path)], check=False)
    (loaded.path / ".half-head").touch()
    assert len(list(loaded.path.glob(".dnc-load-*"))) == 1
    with own_folder(loaded.path, ".dnc-load-") as living:
        loaded.standing()
        assert orphan.exists()
        assert not verify(loaded.journal).faults
        loaded.object(["+33199000004"], date(2026, 8, 3))
        assert {path.name for path in loaded.path.glob(".*")} == {living.name}
        assert set((loaded.path / "snapshots").iterdir()) == before


def test_the_half_that_a_killed_restore_left_goes_with_the_next_change(loaded, tmp_path):
    """Also if the damage is then repaired in another way: nobody would look for numbers in it."""
    backup(loaded.journal, tmp_path / "kept")
    snapshot = loaded.path / "snapshots" / loaded.snapshots()[0].file
    content = snapshot.read_bytes()
    snapshot.write_bytes(b"")
    dead = "import os, sys; from pathlib import Path; from dnc import Store; from dnc.store import backup\n"
    dead += "backup.sha256_of = lambda path: os.kill(os.getpid(), 9)\n"
    dead += "backup.restore(Store(sys.argv[1]).journal, Path(sys.argv[2]))"
    subprocess.run([sys.executable, "-c", dead, str(loaded.path), str(tmp_path / "kept")], check=False)
    snapshot.write_bytes(content)
    assert any("half" in path.name for path in loaded.path.rglob("*"))
    loaded.object(["+33199000004"], date(2026, 8, 3))
    assert not any("half" in path.name for path in loaded.path.rglob("*"))


def test_what_a_purge_deletes_stays_for_a_check_that_reads_it(loaded):
    """A check goes on with the snapshots that stood when it began; the file goes with the change after it ended."""
    standing = loaded.standing()
    gone = loaded.forget(date(2026, 7, 1))
    assert ([one.id for one in gone], len(list((loaded.path / "snapshots").iterdir()))) == ([1], 2)
    assert len(standing.of("fr-bloctel")) == 2
    with Screen(standing, ["fr-bloctel"]):
        pass
    del standing
    loaded.object(["+33199000004"], date(2026, 8, 3))
    assert len(list((loaded.path / "snapshots").iterdir())) == 1


def test_a_second_writer_waits_and_then_names_the_first(dnc, loaded, write_file, monkeypatch):
    """The wait is the stated one; who holds the store is told by the number of its process; readers do not wait."""
    calls = write_file("c.csv", "number\n0199000001\n")
    monkeypatch.setattr("dnc.store.store.LOCK_WAIT_SECONDS", 0.2)
    hold = "import sys; from dnc import Store\n"
    hold += "with Store(sys.argv[1]).journal.change(): print('held', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", hold, str(loaded.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        try:
            holder.stdout.readline()
            code, _, err = dnc("check", calls, "--region", "FR", "--store", loaded.path)
            assert (code, f"still locked by process {holder.pid} after 0.2 s" in err) == (4, True)
            assert loaded.standing().objections.recorded.height == 1
        finally:
            holder.kill()
    assert loaded.object(["+33199000004"], date(2026, 8, 3)) == 1


# Where it cannot be written


# Even root is then held to the modes of files (prctl(2): PR_CAPBSET_DROP of CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH).
BOUND_BY_MODES = """
import ctypes, os, sys
for capability in (1, 2):
    ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
IN_TURN = """
import json, subprocess, sys
from dnc.cli.main import main
for arguments in json.loads(sys.argv[1]):
    try:
        main(arguments)
    except SystemExit as stopped:
        print(json.dumps([stopped.code, *arguments]), file=sys.stderr)
"""


def as_reader(folder: Path, *calls: list[str]) -> list[tuple[int, str]]:
    """The command line called several times by a user who is held to the modes of files: (exit code, stderr) of each."""
    bound = ["-c", BOUND_BY_MODES] if os.geteuid() == 0 else []
    command = [sys.executable, *bound, "-c", IN_TURN, json.dumps(calls)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    found, said = [], []
    for line in done.stderr.splitlines(keepends=True):
        if line.startswith("["):
            found.append((json.loads(line)[0], "".join(said)))
            said = []
        else:
            said.append(line)
    assert len(found) == len(calls), done.stderr
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="users and modes of POSIX, and a root that can be bound")
def test_a_store_that_cannot_be_written_is_read_and_says_so_plainly(loaded, write_file, tmp_path):
    """What only reads works on it; what must be recorded is refused before any work, and damage is not spoken of."""
    write_file("c.csv", "number\n0199000001\n")
    for path in [*loaded.path.rglob("*"), loaded.path]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    reading = [["status", "--files"], ["status"], ["explain", "+33199000001"]]
    writing = [["check", "c.csv"], ["record", "objection", "+33199000001", "--on", "2026-01-01"]]
    found = as_reader(tmp_path, *reading, *writing)
    for code, err in found[:3]:
        assert code in (0, 3), err
    for code, err in found[3:]:
        assert code == 4
        assert "cannot be written: Permission denied" in err
        assert (len(err.splitlines()), "damaged" in err) == (1, False)
    (loaded.path / LOG).chmod(0)
    assert "cannot be read: Permission denied" in as_reader(tmp_path, ["status", "--files"])[0][1]
    for path in [loaded.path, *loaded.path.rglob("*")]:
        path.chmod(0o700)


# Backup and restore


def test_a_backup_is_a_store_and_comes_back(loaded, tmp_path):
    """A backup verifies, decides alike, and restores a store that is gone."""
    head = backup(loaded.journal, tmp_path / "backup")
    copy = Store(tmp_path / "backup")
    assert (verify(copy.journal).faults, verify(copy.journal).head) == ([], head)
    shutil.rmtree(loaded.path)
    assert restore(loaded.journal, copy.path).after == head
    assert said(loaded, "own", 33199000003, "2026-08-05")[0] == "listed"
    assert loaded.log()["verb"][-1] == "restore"


def test_a_restore_puts_back_what_is_damaged_and_nothing_else(loaded, tmp_path, write_file):
    """A damaged snapshot comes back without taking the log back to the day of the backup."""
    backup(loaded.journal, tmp_path / "backup")
    loaded.object(["+33199000004"], date(2026, 8, 3))
    (loaded.path / "snapshots" / loaded.snapshots()[0].file).unlink()
    done = restore(loaded.journal, tmp_path / "backup")
    assert (done.files, done.log) == (1, False)
    assert (loaded.standing().objections.recorded.height, verify(loaded.journal).faults) == (2, [])


def test_a_restored_log_says_what_came_after_it(loaded, tmp_path):
    """What was damaged is kept aside, with snapshots that the backup does not know; lost rows are counted."""
    backup(loaded.journal, tmp_path / "backup")
    loaded.object(["+33199000004"], date(2026, 8, 3))
    log = loaded.path / LOG
    log.write_bytes(log.read_bytes().replace(b'"lifted":false', b'"lifted":true'))
    done = restore(loaded.journal, tmp_path / "backup")
    assert (done.before.seq, done.after.seq, done.log) == (4, 3, True)
    assert {path.name for path in done.aside.iterdir()} == {log.name, HEAD}
    assert (loaded.log().height, verify(loaded.journal).faults) == (4, [])


def test_a_longer_log_that_is_whole_stays(dnc, loaded, tmp_path):
    """Its `head` is lost or names rows that are gone: what came after the backup is kept, and rows that are gone named."""
    backup(loaded.journal, tmp_path / "backup")
    for day in (3, 4, 5):
        loaded.object([f"+3319900000{day}"], date(2026, 8, day))
    (loaded.path / "snapshots" / loaded.snapshots()[0].file).unlink()
    (loaded.path / HEAD).unlink()
    done = restore(loaded.journal, tmp_path / "backup")
    assert (done.files, done.log, done.before.seq, done.after.seq) == (1, False, 6, 6)
    assert (loaded.standing().objections.recorded.height, verify(loaded.journal).faults) == (4, [])
    *rows, torn, _ = (loaded.path / LOG).read_bytes().split(b"\n")
    (loaded.path / LOG).write_bytes(b"\n".join([*rows, torn[:50]]))
    code, _, err = dnc("restore", tmp_path / "backup", "--store", loaded.path)
    assert (code, "log rows 7 to 7 are lost" in err) == (0, True)
    assert (loaded.log()["verb"].to_list()[-2:], verify(loaded.journal).faults) == (["object", "restore"], [])


def test_a_log_that_was_edited_stays_up_to_the_row_before(loaded, tmp_path):
    """What it named after that is put aside with it; a change of several rows is left whole or not at all."""
    backup(loaded.journal, tmp_path / "backup")
    loaded.object(["+33199000003"], date(2026, 8, 3))
    own = tmp_path / "own.csv"
    own.write_text("number\n+33199000005\n")
    loaded.load(own, registry="own", as_of=date(2026, 8, 4))
    loaded.object(["+33199000004"], date(2026, 8, 5))
    log, file = loaded.path / LOG, loaded.standing().objections.files[-1].file
    log.write_bytes(log.read_bytes().replace(b'"as_of":"2026-08-04"', b'"as_of":"2026-08-05"'))
    done = restore(loaded.journal, tmp_path / "backup")
    assert (done.log, done.before.seq, done.after.seq) == (False, 6, 4)
    assert {path.name for path in done.aside.iterdir()} == {log.name, HEAD, file}
    assert (loaded.standing().objections.recorded.height, verify(loaded.journal).faults) == (2, [])


def test_a_longer_log_that_its_head_contradicts_is_not_kept(loaded, tmp_path):
    """Somebody wrote its end anew, so that each hash fits."""
    shutil.copytree(loaded.path, tmp_path / "other")
    backup(loaded.journal, tmp_path / "backup")
    other = Store(tmp_path / "other")
    for store, number in ((loaded, 3), (other, 4)):
        store.object([f"+3319900000{number}"], date(2026, 8, 3))
    shutil.copy(tmp_path / "other" / LOG, loaded.path / LOG)
    assert restore(loaded.journal, tmp_path / "backup").log
    assert loaded.standing().objections.recorded.height == 1


def test_a_restore_of_files_loses_no_rows_and_says_so(dnc, loaded, tmp_path):
    """The log is newer than the backup and stays."""
    backup(loaded.journal, tmp_path / "backup")
    loaded.object(["+33199000004"], date(2026, 8, 3))
    (loaded.path / "snapshots" / loaded.snapshots()[0].file).unlink()
    code, _, err = dnc("restore", tmp_path / "backup", "--store", loaded.path)
    assert (code, "files restored: 1" in err, "lost" in err) == (0, True, False)


@pytest.mark.parametrize("lost", [LOG, HEAD])
def test_the_backup_of_another_store_is_not_restored(loaded, tmp_path, lost):
    """The opt-outs of one client would take the place of those of another; where the folder is gone it may be meant."""
    other = Store(tmp_path / "other")
    for day in (1, 2, 3, 4):
        other.object(["+33199000008"], date(2026, 8, day))
    backup(other.journal, tmp_path / "kept")
    backup(loaded.journal, tmp_path / "own")
    cut = (loaded.path / lost).read_bytes()[:-20]
    (loaded.path / lost).write_bytes(cut)
    with pytest.raises(InputError, match=r"kept: this is the backup of another store: .* move that folder away first"):
        restore(loaded.journal, tmp_path / "kept")
    assert ((loaded.path / lost).read_bytes(), (loaded.path / "damaged").exists()) == (cut, False)
    assert restore(loaded.journal, tmp_path / "own").log
    loaded.path.rename(tmp_path / "away")
    assert restore(loaded.journal, tmp_path / "kept").log


def test_a_second_restore_keeps_what_the_first_put_aside(loaded, tmp_path):
    """Each damaged log may have opt-outs that are nowhere else; they are for nobody else to read."""
    backup(loaded.journal, tmp_path / "kept")
    cut = []
    for day in (3, 4):
        loaded.object(["+33199000004"], date(2026, 8, day))
        cut.append((loaded.path / LOG).read_bytes()[:-100])
        (loaded.path / LOG).write_bytes(cut[-1])
        aside = restore(loaded.journal, tmp_path / "kept").aside
    assert [(aside / name).read_bytes() for name in ("000000000000.jsonl", "000000000000-2.jsonl")] == cut
    if sys.platform != "win32":
        assert {path.stat().st_mode & 0o777 for path in aside.iterdir()} == {0o600}


def test_a_restore_from_a_damaged_backup_changes_nothing(loaded, tmp_path):
    """The backup is verified first."""
    backup(loaded.journal, tmp_path / "backup")
    next((tmp_path / "backup" / "snapshots").iterdir()).unlink()
    (loaded.path / HEAD).unlink()
    before = names(loaded)
    with pytest.raises(StoreError, match="this backup is damaged"):
        restore(loaded.journal, tmp_path / "backup")
    assert names(loaded) == before


def test_backup_and_restore_on_the_command_line(dnc, loaded, tmp_path):
    """The verbs say what they did, refuse what would lose something, and verify names what is damaged."""
    at = ["--store", loaded.path]
    assert dnc("backup", "copy", *at)[0] == 0
    assert "already exists" in dnc("backup", "copy", *at)[2]
    assert "is not damaged, so nothing was restored" in dnc("restore", "copy", *at)[2]
    for text in ("[" * 100_000, "{}"):
        (loaded.path / HEAD).write_text(text)
        code, out, err = dnc("status", *at)
        assert (code, "DUE  the file head is missing or damaged\n" in out, "dnc restore BACKUP" in err) == (
            4,
            True,
            True,
        )
    assert dnc("restore", "copy", *at)[0] == 0
    code, out, _ = dnc("status", *at)
    assert (code, "files verified: 2" in out) == (0, True)


def test_an_interrupted_change_never_was(loaded):
    """Ctrl-C in the middle of a change leaves the store as it was, and nothing beside it."""
    before = names(loaded)
    with pytest.raises(KeyboardInterrupt), loaded.journal.change() as change:
        change.log("note", {})
        raise KeyboardInterrupt
    assert (names(loaded), loaded.log().height, verify(loaded.journal).faults) == (before, 3, [])


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
def test_a_store_of_many_snapshots_is_read_within_few_open_files(tmp_path):
    """Every snapshot is held open by a reader: the process allows itself that many."""
    paths = [tmp_path / str(number) for number in range(100)]
    for path in paths:
        path.touch()
    code = "import resource, sys; from pathlib import Path; from dnc.files.locks import ReadLock\n"
    code += (
        "hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]; resource.setrlimit(resource.RLIMIT_NOFILE, (50, hard))\n"
    )
    code += "ReadLock([Path(one) for one in sys.argv[1:]])"
    subprocess.run([sys.executable, "-c", code, *map(str, paths)], check=True)
