"""A store's folder among strangers: links that somebody planted, others who may write, and backups from anybody."""

from __future__ import annotations

import hashlib
import shutil
import sys
from datetime import date
from pathlib import Path

import pytest

from dnc import InputError, Store, StoreError
from dnc.files.atomic import HALF
from dnc.files.locks import exclusive_lock, remove_orphans
from dnc.store import journal
from dnc.store.backup import backup, restore
from dnc.store.verify import verify
from tests.store.test_durability import HEAD, LOG, as_reader
from tests.store.test_store import ANSWER

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links and modes of POSIX")
PARTS = ("lock", "log", HEAD, "snapshots", "decisions", "records", "damaged")


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder and what is in it."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def outside(tmp_path) -> Path:
    """A folder with files that are no business of a store."""
    folder = tmp_path / "outside"
    (folder / "below").mkdir(parents=True)
    for name in ("file", "below/file", f"{'0' * 64}.parquet"):
        (folder / name).write_text("keep me")
    return folder


# Links


@pytest.mark.parametrize("part", PARTS)
def test_a_planted_link_is_not_followed(dnc, screened, outside, part):
    """No verb that writes goes through it, and nothing behind it is read as ours, changed or deleted."""
    target = outside / "file" if part in ("lock", HEAD) else outside / "below"
    path, before = screened.path / part, tree(outside)
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    path.symlink_to(target)
    with pytest.raises(StoreError, match=f"{part}: is a link or a device and is not followed; remove it"):
        screened.object(["+33199000004"], date(2026, 8, 4))
    code, out, err = dnc("status", "--store", screened.path, "--lang", "en")
    assert (code, f"{path} is a link or a device and is not followed; remove it from the store\n" in out) == (4, True)
    assert err == f"dnc: {screened.path}: faults: 1; repair them with dnc restore BACKUP\n"
    assert (tree(outside), path.is_symlink()) == (before, True)


def test_a_link_among_the_snapshots_is_found_and_never_written_through(screened, outside):
    """A link with the name of a snapshot is reported, and a change touches neither it nor its target."""
    link = screened.path / "snapshots" / f"{'0' * 64}.parquet"
    link.symlink_to(outside / f"{'0' * 64}.parquet")
    before = tree(outside)
    assert "is a link or a device" in verify(screened.journal).faults[0]
    screened.object(["+33199000004"], date(2026, 8, 4))
    assert (tree(outside), link.is_symlink()) == (before, True)


def test_a_snapshot_that_was_moved_and_linked_is_not_read(dnc, store, write_file, tmp_path):
    """The content is the same, but the database may read nothing outside the store; loading the file again helps."""
    snapshot = store.load(answer := write_file("a.csv", ANSWER), as_of=date(2026, 6, 1))
    path = store.path / "snapshots" / snapshot.file
    path.rename(tmp_path / "moved")
    path.symlink_to(tmp_path / "moved")
    says = "snapshot 1 (fr-bloctel as of 2026-06-01) is not read: its file is a link; nothing is decided from it: load"
    calls = write_file("c.csv", "number\n0199000001\n")
    for verb in (["check", calls, "--region", "FR", "--at", "2026-06-05"], ["person", "+33199000001"]):
        code, _, err = dnc(*verb, "--store", store.path)
        assert (code, says in err) == (4, True), err
    assert store.load(answer, as_of=date(2026, 6, 1)).new
    assert verify(store.journal).faults == [
        f"{path} is a link or a device and is not followed; remove it from the store"
    ]
    path.unlink()
    assert (verify(store.journal).faults, (tmp_path / "moved").exists()) == ([], True)


def test_a_link_is_not_locked_though_it_comes_late(outside, tmp_path):
    """It may appear after the folder was looked at; to open it is refused by the system itself."""
    (tmp_path / "lock").symlink_to(outside / "file")
    with pytest.raises(OSError, match="Too many levels of symbolic links"), exclusive_lock(tmp_path / "lock", 0):
        pass
    assert (outside / "file").read_text() == "keep me"


def test_a_link_is_no_folder_of_a_killed_process(outside, tmp_path):
    """What lies behind a link with the name of such a folder is not cleaned away."""
    (outside / "owner.lock").touch()
    (tmp_path / ".dnc-load-x").symlink_to(outside)
    (tmp_path / ".dnc-load-y").mkdir()
    (tmp_path / ".dnc-load-y" / "owner.lock").symlink_to(outside / "owner.lock")
    before = tree(outside)
    remove_orphans(tmp_path, ".dnc-load-")
    assert tree(outside) == before


# Others who may write


@pytest.mark.parametrize("mode", [0o770, 0o777, 0o1777, 0o702])
def test_a_folder_that_others_can_write_to_is_refused(dnc, screened, write_file, mode, monkeypatch):
    """Nothing is written, a check ends before it begins, and what only reads says so."""
    monkeypatch.setenv("DNC_TODAY", "2026-09-05")
    calls, at = write_file("c.csv", "number\n0199000001\n"), ["--store", screened.path]
    screened.path.chmod(mode)
    before = tree(screened.path)
    for arguments in (
        ["record", "objection", "+33199000004", "--on", "2026-08-04"],
        ["check", calls, "--region", "FR"],
    ):
        code, _, err = dnc(*arguments, *at)
        assert (code, len(err.splitlines())) == (4, 1), err
        assert f"others can write to this folder (mode {mode:04o}), so nothing was changed in it; run chmod 700" in err
    code, out, _ = dnc("status", *at, "--lang", "en")
    assert (code, f"others can write to this folder (mode {mode:04o})" in out) == (0, True)
    assert tree(screened.path) == before
    screened.path.chmod(0o700)
    assert dnc("record", "objection", "+33199000004", "--on", "2026-08-04", *at)[0] == 0


@pytest.mark.skipif(sys.platform != "linux", reason="a root that can be bound")
def test_users_other_than_root_are_refused_alike(screened, tmp_path):
    """Not only root, who may write everywhere anyway; a link is not followed either."""
    screened.path.chmod(0o777)
    [(_, told)] = as_reader(tmp_path, ["record", "objection", "+33199000004", "--on", "2026-08-04"])
    assert "others can write to this folder (mode 0777)" in told
    screened.path.chmod(0o700)
    (screened.path / "lock").unlink()
    (screened.path / "lock").symlink_to(tmp_path / "elsewhere")
    [(_, told)] = as_reader(tmp_path, ["record", "objection", "+33199000004", "--on", "2026-08-04"])
    assert "lock: is a link or a device and is not followed" in told
    assert not (tmp_path / "elsewhere").exists()


def test_an_empty_folder_that_others_can_write_to_is_refused(tmp_path):
    """It is not ours yet: a folder inside it will be."""
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    with pytest.raises(StoreError, match="or name a new folder inside it"):
        Store(shared).object(["+33199000004"], date(2026, 8, 4))
    assert list(shared.iterdir()) == []
    assert Store(shared / "own").object(["+33199000004"], date(2026, 8, 4)) == 1
    assert (shared / "own").stat().st_mode & 0o777 == 0o700


def test_a_backup_is_not_put_where_everybody_can_replace_it(screened, tmp_path):
    """A folder as /tmp, where only the owner can, will do."""
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    with pytest.raises(InputError, match=r"everybody can replace what is in .*no backup was made"):
        backup(screened.journal, shared / "night")
    assert list(shared.iterdir()) == []
    shared.chmod(0o1777)
    backup(screened.journal, shared / "night")
    assert (shared / "night").stat().st_mode & 0o777 == 0o700


def test_a_backup_is_not_put_into_the_store(dnc, screened, tmp_path, monkeypatch):
    """Whoever loses the store would lose it too; however the place is written."""
    (tmp_path / "link").symlink_to(screened.path, target_is_directory=True)
    monkeypatch.chdir(screened.path)
    for place in (
        screened.path / "night",
        Path("night"),
        screened.path / "snapshots" / ".." / "a" / "b",
        tmp_path / "link" / "c",
    ):
        code, _, err = dnc("backup", place, "--store", screened.path)
        assert (code, "is inside the store" in err) == (4, True)
    assert verify(screened.journal).faults == []


def _linked(folder: Path) -> None:
    (folder / "snapshots").rename(folder.with_name("elsewhere"))
    (folder / "snapshots").symlink_to(folder.with_name("elsewhere"), target_is_directory=True)


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / LOG).write_text((folder / LOG).read_text().replace("2026-08-05", "2026-11-01")),
        lambda folder: next((folder / "snapshots").glob("*.parquet")).unlink(),
        lambda folder: (folder / "snapshots" / f"{'0' * 64}.parquet").write_bytes(b""),
        _linked,
    ],
    ids=["edited", "a file lost", "a file that the log does not name: it may be an older copy", "a link in it"],
)
def test_a_damaged_store_is_not_backed_up(dnc, screened, tmp_path, damage):
    """A backup of it would be taken for a good one; whatever verify calls damage is refused, in one line."""
    damage(screened.path)
    code, out, err = dnc("backup", tmp_path / "copy", "--store", screened.path)
    assert (code, out, err.count("\n")) == (4, "", 1)
    assert err.endswith("no backup was made; run dnc status\n")
    assert not (tmp_path / "copy").exists()


# Backups from strangers


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("snapshots", {"file": "../../../planted/$file"}),
        ("decisions", {"file": "../../../planted/$file"}),
        ("snapshots", {"bits": "../../../planted/$file"}),
        ("records", {"file": "/$file"}),
        ("rules", {"file": "$file\n"}),
        ("snapshots", {"file": "$file.csv"}),
    ],
)
def test_a_strangers_backup_cannot_write_outside_the_store(screened, tmp_path, kind, value, monkeypatch):
    """Names of files in its log are no paths, though all of its hashes fit."""
    theirs, ours = tmp_path / "theirs" / "backup", tmp_path / "ours" / "dnc-store"
    for folder in (tmp_path / "planted", tmp_path / "ours" / "planted", theirs.parent):
        folder.mkdir(parents=True)
    backup(screened.journal, theirs)
    snapshot = screened.snapshots()[0]
    content = (screened.path / "snapshots" / snapshot.file).read_bytes()
    file = f"{hashlib.sha256(content).hexdigest()}.parquet"
    (tmp_path / "planted" / file).write_bytes(content)
    with Store(theirs).journal.change() as change:
        evil = {key: text.replace("$file", file) for key, text in value.items()}
        change.put(kind, 1, change.state.values("snapshots")["1"] | evil)
        change.log("note", {})
    monkeypatch.setattr(journal, "_known", {})
    (screened.path / LOG).write_bytes(b"")
    before = tree(tmp_path)
    for store in (Store(ours), screened):
        with pytest.raises(StoreError, match=r"this backup is damaged: .*not in the folders of the store"):
            restore(store.journal, theirs)
    assert tree(tmp_path) == before


@pytest.mark.parametrize("part", ["lock", "log", LOG, HEAD, "snapshots", "snapshots/more"])
def test_a_link_in_a_strangers_backup_is_not_followed(screened, outside, tmp_path, part):
    """Neither to read what it points at into the store nor to write there."""
    backup(screened.journal, tmp_path / "backup")
    path = tmp_path / "backup" / part
    if path.exists():
        path.rename(tmp_path / "away")
    path.symlink_to(tmp_path / "away" if (tmp_path / "away").exists() else outside / "file")
    before = tree(outside)
    with pytest.raises(StoreError, match=r"this backup is damaged: .* is a link or a device and is not followed"):
        restore(Store(tmp_path / "new").journal, tmp_path / "backup")
    assert (tree(outside), (tmp_path / "new").exists()) == (before, False)


def test_a_restore_writes_through_no_link_that_waits_for_it(screened, outside, tmp_path):
    """Names of what it writes are known beforehand: the half of a snapshot, and what is put aside."""
    backup(screened.journal, tmp_path / "backup")
    (screened.path / "damaged").mkdir()
    snapshot = screened.path / "snapshots" / screened.snapshots()[0].file
    snapshot.unlink()
    (screened.path / LOG).write_bytes(b"")
    before = tree(outside)
    for link in (screened.path / "damaged" / "000000000000.jsonl", screened.path / f"{HALF}{snapshot.name}"):
        link.symlink_to(outside / "file")
        with pytest.raises(StoreError, match="is a link or a device and is not followed; remove it"):
            restore(screened.journal, tmp_path / "backup")
        assert (tree(outside), snapshot.exists()) == (before, False)
        link.unlink()
    restore(screened.journal, tmp_path / "backup")
    assert verify(screened.journal).faults == []
