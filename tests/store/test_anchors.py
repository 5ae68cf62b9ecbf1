"""Anchors of the log: written, compared, lost; and what they find that the store alone cannot."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from contextlib import contextmanager
from datetime import date

import pytest

from dnc import InputError, Store
from dnc.checks.status import status
from dnc.law.rulebook import Rulebook
from dnc.store import anchors
from dnc.store.backup import backup, restore
from dnc.store.ledger import Ledger
from dnc.store.verify import verify, verify_log
from tests import some
from tests.store.test_durability import LEDGER, MANIFEST, names
from tests.store.test_stamps import logged, two_rows  # noqa: F401 (fixtures)


@pytest.fixture
def anchored(dnc, logged, tmp_path):  # noqa: F811
    """A store that is anchored at row 2 in the file `anchors.txt`."""
    assert dnc("log", "--anchor", "anchors.txt", "--store", logged.path)[0] == 0
    return logged


def pair(store: Store) -> dict[str, bytes]:
    """The ledger and its manifest."""
    return {name: (store.path / name).read_bytes() for name in (LEDGER, MANIFEST)}


def put_back(store: Store, older: dict[str, bytes]) -> None:
    """Replace them."""
    for name, data in older.items():
        (store.path / name).write_bytes(data)


def object_on(store: Store, day: int) -> None:
    """One more row of the log."""
    store.object([f"+3319900000{day}"], date(2026, 8, day))


def test_an_anchor_is_a_line_with_day_store_row_and_path(anchored, tmp_path):
    """Each anchor is one more line; the store remembers where, and verifying counts what holds."""
    last, id_ = anchored.log()["hash"][-1], anchored.manifest().store
    line = rf"\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\dZ {id_} 2:{last} {re.escape(str(anchored.path))}\n"
    assert re.fullmatch(line, (tmp_path / "anchors.txt").read_text())
    assert json.loads((anchored.path / anchors.NAME).read_text()) == [str(tmp_path / "anchors.txt")]
    [note] = verify(anchored.ledger).notes
    assert "the log holds every row anchored there: 1, the last one row 2" in note


def test_an_older_pair_put_back_is_found_everywhere(dnc, anchored):
    """Ledger and manifest of an earlier day are a store without fault, but for the anchor."""
    at = ["--store", anchored.path, "--lang", "en"]
    older = pair(anchored)
    object_on(anchored, 3)
    assert dnc("log", "--anchor", "anchors.txt", *at)[0] == 0
    put_back(anchored, older)
    says = "row 3, anchored "
    for verb in (["verify"], ["log", "--verify"], ["log", "--anchor", "anchors.txt"], ["log", "--anchor", "-"]):
        code, out, err = dnc(*verb, *at)
        assert (code, says in out, len(out.splitlines())) == (4, True, 1), (verb, out, err)
        assert "dnc restore BACKUP" in err
    code, out, _ = dnc("status", *at)
    assert (code, f"DUE  {anchored.path.parent / 'anchors.txt'}: {says}" in out) == (1, True)
    assert len((anchored.path.parent / "anchors.txt").read_text().splitlines()) == 2


def test_a_log_written_anew_is_found_though_its_first_row_is_another(anchored, tmp_path):
    """Who rewrites all of it gives it another first row; the path still says whose anchors these are."""
    other = Store(tmp_path / "other")
    for day in (4, 5, 6):
        object_on(other, day)
    put_back(anchored, pair(other))
    assert ["row 2, anchored" in fault for fault in verify(anchored.ledger).faults] == [True]


def test_a_store_that_was_moved_keeps_its_anchors(anchored, tmp_path):
    """By its first row."""
    older = pair(anchored)
    anchored.path.rename(tmp_path / "moved")
    moved = Store(tmp_path / "moved")
    assert (len(verify(moved.ledger).notes), verify(moved.ledger).faults) == (1, [])
    (tmp_path / "anchors.txt").write_text((tmp_path / "anchors.txt").read_text().replace(" 2:", " 3:"))
    put_back(moved, older)
    assert len(verify(moved.ledger).faults) == 1


def test_one_file_serves_several_stores(dnc, anchored, tmp_path):
    """The lines of others are passed over."""
    other = Store(tmp_path / "other")
    object_on(other, 7)
    assert dnc("log", "--anchor", "anchors.txt", "--store", other.path)[0] == 0
    for store in (anchored, other):
        [note] = verify(store.ledger).notes
        assert "anchored there: 1, " in note


def test_without_its_memory_the_file_that_is_named_is_compared(dnc, anchored, tmp_path):
    """A whole folder of an earlier day lacks `anchors.json` perhaps; the job that anchors names the file."""
    shutil.copytree(anchored.path, tmp_path / "copy")
    object_on(anchored, 3)
    dnc("log", "--anchor", "anchors.txt", "--store", anchored.path)
    shutil.rmtree(anchored.path)
    (tmp_path / "copy").rename(anchored.path)
    (anchored.path / anchors.NAME).unlink()
    assert verify(anchored.ledger).faults == []
    before = names(anchored)
    code, out, _ = dnc("log", "--anchor", "anchors.txt", "--store", anchored.path, "--lang", "en")
    assert (code, "row 3, anchored" in out, names(anchored)) == (4, True, before)


@pytest.mark.parametrize(
    ("content", "says"),
    [(None, "this file of anchors is missing"), (Store, "cannot be read: Is a directory")],
)
def test_anchors_that_cannot_be_compared_are_named(dnc, anchored, tmp_path, content, says):
    """A note in `verify`, `log --verify` and `status`, and no fault: the witness may be away."""
    file = tmp_path / "anchors.txt"
    file.unlink()
    if content is Store:
        file.mkdir()
    for verb in (["verify"], ["log", "--verify"]):
        code, out, err = dnc(*verb, "--store", anchored.path, "--lang", "en")
        assert (code, out, says in err) == (0, "", True), err
    found = status(anchored, Rulebook.load())
    assert (found.faults, any(says in note for note in found.notes)) == ((), True)


@pytest.mark.parametrize("content", ["", "# by hand\n\nhello\n", "another"])
def test_a_file_in_which_the_store_is_no_longer_anchored_is_a_fault(dnc, anchored, tmp_path, content):
    """The store says that it is anchored there: emptied, or with the anchors of others only, it was made to fit."""
    other = Store(tmp_path / "other")
    object_on(other, 7)
    text = f"{anchors.last_anchor(other.ledger)}\n" if content == "another" else content
    (tmp_path / "anchors.txt").write_text(text)
    for verb in (["verify"], ["log", "--verify"], ["log", "--anchor", "anchors.txt"]):
        code, out, _ = dnc(*verb, "--store", anchored.path, "--lang", "en")
        assert (code, "no anchor of this store is in it" in out) == (4, True)
    assert (tmp_path / "anchors.txt").read_text() == text


@pytest.mark.parametrize("remembered", [True, False])
@pytest.mark.parametrize("name", ["dnc-store", "."])
def test_a_store_moved_behind_a_link_whose_log_was_written_anew_is_found(
    dnc, anchored, tmp_path, monkeypatch, remembered, name
):
    """Anchors with its path stay its own wherever the path leads; the nightly job adds no anchor that would fit."""
    forged = Store(tmp_path / "forged")
    for day in (4, 5, 6):
        object_on(forged, day)
    (anchored.path / anchors.NAME).rename(forged.path / anchors.NAME)
    if not remembered:
        (forged.path / anchors.NAME).unlink()
    anchored.path.rename(tmp_path / "away")
    anchored.path.symlink_to(forged.path)
    if name == ".":
        monkeypatch.chdir(anchored.path)
    before = (tmp_path / "anchors.txt").read_text()
    verbs = [["log", "--anchor", tmp_path / "anchors.txt"], ["verify"], ["log", "--verify"]]
    for verb in verbs[: 3 if remembered else 1]:
        code, out, err = dnc(*verb, "--store", name, "--lang", "en")
        assert (code, "row 2, anchored " in out) == (4, True), out + err
    assert (tmp_path / "anchors.txt").read_text() == before


def test_the_id_of_a_store_never_changes(anchored, tmp_path):
    """It is in anchors, backups, and what is restored from them; another store has another."""
    id_ = anchored.manifest().store
    object_on(anchored, 3)
    backup(anchored.ledger, tmp_path / "kept")
    other = Store(tmp_path / "other")
    object_on(other, 3)
    (anchored.path / LEDGER).write_bytes(b"")
    restore(anchored.ledger, tmp_path / "kept")
    ids = [anchors.last_anchor(store.ledger).store for store in (anchored, Store(tmp_path / "kept"), other)]
    assert ([id_ == each for each in ids], len(id_)) == ([True, True, False], 64)


def test_the_backup_of_another_store_is_refused_by_its_id(anchored, tmp_path):
    """Though no row of its log can be compared with the one that was lost."""
    other = Store(tmp_path / "other")
    object_on(other, 3)
    backup(other.ledger, tmp_path / "kept")
    (anchored.path / LEDGER).write_bytes(b"")
    with pytest.raises(InputError, match="another store"):
        restore(anchored.ledger, tmp_path / "kept")


def test_a_file_of_anchors_that_outgrew_its_limit_is_a_fault(dnc, anchored, tmp_path):
    """Else nothing would be compared from that day on, without a word in the nightly job."""
    (tmp_path / "anchors.txt").write_bytes(b"\xff" * (17 << 20))
    assert "larger than 16 MiB" in verify(anchored.ledger).faults[0]
    code, out, _ = dnc("log", "--anchor", "anchors.txt", "--store", anchored.path)
    assert (code, "larger than 16 MiB" in out) == (4, True)


def test_a_pipe_in_place_of_the_anchors_is_not_waited_for(anchored, tmp_path):
    """It would never end."""
    (tmp_path / "anchors.txt").unlink()
    os.mkfifo(tmp_path / "anchors.txt")
    assert "is a pipe or a device" in verify(anchored.ledger).notes[0]


@pytest.mark.parametrize("content", some(["", "{}", "[1]", '["a', "[" * 100_000], 3))
def test_a_damaged_memory_is_a_fault(dnc, anchored, content):
    """What cannot be read may have named a file; it is removed by hand, and anchoring remembers anew."""
    (anchored.path / anchors.NAME).write_text(content)
    code, out, _ = dnc("verify", "--store", anchored.path, "--lang", "en")
    assert (code, f"{anchors.NAME} is damaged" in out) == (4, True)
    assert dnc("log", "--anchor", "anchors.txt", "--store", anchored.path)[0] == 4
    (anchored.path / anchors.NAME).unlink()
    assert dnc("log", "--anchor", "anchors.txt", "--store", anchored.path)[0] == 0


def test_a_line_that_was_cut_off_does_not_spoil_the_next(dnc, anchored, tmp_path):
    """A full disk may leave half a line."""
    with (tmp_path / "anchors.txt").open("a") as file:
        file.write("2026-01-01T0")
    assert dnc("log", "--anchor", "anchors.txt", "--store", anchored.path)[0] == 0
    notes = verify(anchored.ledger).notes
    assert ["anchored there: 2" in notes[0], "lines that are not anchors: 1" in notes[1]] == [True, True]


@pytest.mark.parametrize(
    "where", ["dnc-store/anchors.txt", "dnc-store/decisions/a", "no/such/folder", ".", "a\nb", os.fsdecode(b"\xff")]
)
def test_an_anchor_that_cannot_be_written_changes_nothing(dnc, logged, tmp_path, where):  # noqa: F811
    """It belongs outside the store; the store remembers no file that was not written."""
    (logged.path / "decisions").mkdir(exist_ok=True)
    before = names(logged)
    code, _, err = dnc("log", "--anchor", tmp_path / where, "--store", logged.path)
    assert (code, len(err.splitlines()), names(logged)) == (4, 1, before), err


def test_a_log_that_is_broken_is_not_anchored(dnc, anchored, tmp_path):
    """An anchor of it would be worth nothing."""
    before = (tmp_path / "anchors.txt").read_text()
    put_back(anchored, {LEDGER: b""})
    assert dnc("log", "--anchor", "anchors.txt", "--store", anchored.path)[0] == 4
    assert (tmp_path / "anchors.txt").read_text() == before
    assert dnc("log", "--anchor", "anchors.txt", "--store", tmp_path / "none")[0] == 4


def test_rows_that_are_anchored_while_the_log_is_read_are_no_fault(dnc, anchored, monkeypatch):
    """A store goes on while it is verified."""
    read = Ledger.read

    @contextmanager
    def meanwhile(self, **options):
        with read(self, **options) as opened:
            monkeypatch.setattr(Ledger, "read", read)
            object_on(anchored, 3)
            assert dnc("log", "--anchor", "anchors.txt", "--store", anchored.path)[0] == 0
            yield opened

    monkeypatch.setattr(Ledger, "read", meanwhile)
    assert verify(anchored.ledger).faults == []


# Other places


def test_a_command_gets_the_line(dnc, logged, tmp_path):  # noqa: F811
    """What it prints is no data of ours; what it may need of a shell is its own business."""
    keep = "import sys; open('kept', 'w').write(sys.stdin.read()); print('thanks')"
    command = f'{sys.executable} -c "{keep}"'
    code, out, err = dnc("log", "--anchor-command", command, "--store", logged.path, "--lang", "en")
    assert (code, out, "thanks\n" in err, "handed to the command: 2:" in err) == (0, "", True, True)
    assert anchors.Anchor.read((tmp_path / "kept").read_text().strip()).entry == verify(logged.ledger).head


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (f'{sys.executable} -c "raise SystemExit(3)"', "the command failed (exit code 3)"),
        ("no-such-program", "the command cannot be run (No such file or directory)"),
        ('"', "the command cannot be run (No closing quotation)"),
        (" ", "the command cannot be run"),
        (f'{sys.executable} -c "import threading; threading.Event().wait()"', "did not end within 0.2 s"),
    ],
)
def test_a_command_that_fails_is_named(dnc, logged, monkeypatch, command, says):  # noqa: F811
    """One sentence, exit code 4."""
    monkeypatch.setattr(anchors, "_COMMAND_SECONDS", 0.2 if "wait" in command else None)
    code, _, err = dnc("log", "--anchor-command", command, "--store", logged.path)
    assert (code, says in err, len(err.splitlines())) == (4, True, 1), err


@pytest.mark.parametrize(
    ("lang", "says"), [("en", "Please keep this message."), ("fr", "Merci de conserver ce message.")]
)
def test_a_text_to_send_is_printed(dnc, logged, lang, says):  # noqa: F811
    """In the language of the user: what it is, the line, and the command that looks for it later."""
    code, out, err = dnc("log", "--anchor", "-", "--store", logged.path, "--lang", lang)
    head = verify(logged.ledger).head
    assert (code, err, says in out) == (0, "", True)
    assert [anchors.Anchor.read(line).entry for line in out.splitlines() if anchors.Anchor.read(line)] == [head]
    assert f"dnc log --verify --head {head} --store {logged.path}" in out


def test_where_to_may_come_from_the_environment(dnc, logged, tmp_path, monkeypatch):  # noqa: F811
    """As every option; verifying then anchors too."""
    monkeypatch.setenv("DNC_LOG_ANCHOR", "anchors.txt")
    for arguments in ([], ["--verify"]):
        assert dnc("log", *arguments, "--store", logged.path)[0] == 0
    assert len((tmp_path / "anchors.txt").read_text().splitlines()) == 2


# Backups


def test_a_backup_is_not_held_to_anchors_of_later_rows(dnc, anchored, tmp_path):
    """It is older by right; a store restored from it is found by the job that anchors."""
    backup(anchored.ledger, tmp_path / "backup")
    object_on(anchored, 3)
    dnc("log", "--anchor", "anchors.txt", "--store", anchored.path)
    assert not (tmp_path / "backup" / anchors.NAME).exists()
    assert verify(Store(tmp_path / "backup").ledger).faults == []
    (anchored.path / LEDGER).write_bytes(b"")
    assert restore(anchored.ledger, tmp_path / "backup").ledger
    assert ["row 3, anchored" in fault for fault in verify(anchored.ledger).faults] == [True]
    (tmp_path / "anchors.txt").rename(tmp_path / "until-restore.txt")  # as docs/security.md says
    assert dnc("log", "--anchor", "anchors.txt", "--store", anchored.path)[0] == 0
    assert verify(anchored.ledger).faults == []


def test_a_copy_made_by_hand_is_a_backup_too(dnc, anchored, tmp_path):
    """It has `anchors.json`, and is older than the anchors all the same."""
    shutil.copytree(anchored.path, tmp_path / "copy")
    object_on(anchored, 3)
    dnc("log", "--anchor", "anchors.txt", "--store", anchored.path)
    (anchored.path / LEDGER).write_bytes(b"")
    assert restore(anchored.ledger, tmp_path / "copy").ledger
    shutil.rmtree(anchored.path)
    restore(anchored.ledger, tmp_path / "copy")
    assert (anchored.log().height, (anchored.path / anchors.NAME).exists()) == (3, False)


def test_what_tells_of_a_lost_log_outlives_a_restore(dnc, anchored, tmp_path):
    """The ledger is gone, the list of anchors is not; afterwards the anchors are compared again."""
    dnc("log", "--anchor", "anchors.txt", "--store", anchored.path)
    backup(anchored.ledger, tmp_path / "copy")
    for name in (LEDGER, "manifest.json"):
        (anchored.path / name).unlink()
    restore(anchored.ledger, tmp_path / "copy")
    assert (anchored.path / anchors.NAME).exists()
    assert verify(anchored.ledger).faults == []
    assert sorted(path.name for path in tmp_path.glob(".dnc-*")) == []


def test_a_store_taken_back_is_restored_from_a_backup_that_reaches_further(dnc, anchored, tmp_path):
    """Its older pair is without fault and is replaced all the same; a backup that is as old is refused."""
    older = pair(anchored)
    backup(anchored.ledger, tmp_path / "early")
    object_on(anchored, 3)
    dnc("log", "--anchor", "anchors.txt", "--store", anchored.path)
    backup(anchored.ledger, tmp_path / "late")
    put_back(anchored, older)
    with pytest.raises(InputError, match="lacks rows that were anchored or stamped, and so does this backup"):
        restore(anchored.ledger, tmp_path / "early")
    assert pair(anchored) == older
    assert restore(anchored.ledger, tmp_path / "late").ledger
    assert (verify(anchored.ledger).faults, verify_log(anchored.ledger).faults) == ([], [])
    assert anchored.standing().objections.height == 3
