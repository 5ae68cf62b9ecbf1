"""The log commits to everything that it says: whoever edits it is found, and nothing is decided from it."""

from __future__ import annotations

import json
import re
import shutil
from datetime import date, datetime
from pathlib import Path

import pytest

from dnc import Store, StoreError, check
from dnc.law.rulebook import Rulebook
from dnc.lists import own_records
from dnc.store import audit_log, journal, records
from dnc.store.verify import verify, verify_log
from tests import edits
from tests.store.test_store import ANSWER, objections, said

OBJECTED = 33199000003


@pytest.fixture(scope="module")
def template(tmp_path_factory) -> Path:
    """The folder of a store with two snapshots, two objections, a consent, and a check that kept its decisions."""
    folder = tmp_path_factory.mktemp("held")
    files = {"a.csv": ANSWER, "own.csv": "number,listed\n+33199000008,yes\n", "c.csv": "number\n01 99 00 00 01\n"}
    for name, text in files.items():
        (folder / name).write_text(text)
    store = Store(folder / "dnc-store")
    store.load(folder / "a.csv", as_of=date(2026, 6, 1), campaign="c7")
    store.load(folder / "own.csv", as_of=date(2026, 6, 1), registry="own")
    store.object([f"+{OBJECTED}"], date(2026, 8, 2), reason="on the telephone")
    store.object(["+33199000004"], date(2026, 8, 3))
    own_records.record(store, "consents", [{"number": "+33199000005", "consent": "written"}], Rulebook.load())
    check(folder / "c.csv", store, region="FR", at="2026-08-05", keep=True)
    assert not verify(store.journal).faults
    return store.path


@pytest.fixture
def held(template, store) -> Store:
    """A copy of that store."""
    shutil.copytree(template, store.path)
    return store


def _objection(rows: list[edits.Row]) -> None:
    edits.stated(rows, "objections")[0]["is"]["on_day"] = "2030-01-01"


# What is done to the lines of the log, and what is said of it.
CLUMSY = {
    "an objection dated later": (lambda texts: [text.replace("2026-08-02", "2030-01-01") for text in texts], "row 3"),
    "a statement removed": (
        lambda texts: [re.sub(r'(,"said":\[).*', r"\1]}", text) for text in texts],
        "what row 0 says",
    ),
    "a statement erased": (
        lambda texts: [*texts[:3], re.sub(r'(,"said":).*', r"\1null}", texts[3]), *texts[4:]],
        "what row 3 says",
    ),
    "who did it": (lambda texts: [text.replace('"who":"', '"who":"x') for text in texts], "row 0 was changed"),
    "a line removed": (lambda texts: [*texts[:3], *texts[4:]], "row 3 is missing"),
    "the end cut": (lambda texts: texts[:-2], "rows 5 to 6 are missing"),
    "the beginning cut": (lambda texts: texts[1:], "does not begin with all that stands"),
    "lines in another order": (lambda texts: [*texts[:2], texts[3], texts[2], *texts[4:]], "row 2 comes after row 3"),
    "a line twice": (lambda texts: [*texts, texts[-1]], "row 6 comes after row 6"),
    "a line that is none": (lambda texts: [*texts, "{}"], "the line after row 6 cannot be read"),
    "all of it": (lambda _: [], "does not begin with all that stands"),
}


@pytest.mark.parametrize("name", CLUMSY)
def test_a_line_that_was_edited_is_found_and_named(dnc, held, name):
    """By a check, a change and a verification alike."""
    change, says = CLUMSY[name]
    edits.write(held.path, change(edits.lines(held.path)))
    for found in (verify(held.journal), verify_log(held.journal)):
        assert any(says in fault for fault in found.faults), found.faults
        assert not found.log_intact
    with pytest.raises(StoreError, match="nothing is decided from this store"):
        held.standing()
    with pytest.raises(StoreError, match="nothing is decided from this store"):
        held.object(["+33199000009"], date(2026, 8, 4))
    for verb in (["status"], ["log", "--verify"], ["explain", f"+{OBJECTED}", "--at", "2026-09-01T10:00"]):
        assert dnc(*verb, "--store", held.path)[0] == 4


def test_a_row_whose_hash_was_made_to_fit_no_longer_fits_the_next(held):
    """Nor, if it is the last one, the file `head`."""
    edits.edit(held.path, _objection)
    assert "row 4 does not follow row 3: one of them was replaced" in verify(held.journal).faults
    with pytest.raises(StoreError, match="row 4 does not follow row 3"):
        held.standing()


def test_a_chain_that_was_made_to_fit_no_longer_fits_the_head(held):
    """As long as nobody rewrites that too."""
    edits.edit(held.path, _objection, chain=True)
    with pytest.raises(StoreError, match="row 6 is not the row noted outside the store"):
        held.standing()


def test_a_log_that_was_written_anew_is_found_by_the_head_on_an_earlier_page(dnc, held):
    """Everything fits, and only what was noted elsewhere says that it is another log."""
    head = str(verify(held.journal).head)
    edits.edit(held.path, _objection, chain=True, head=True)
    assert not verify(held.journal).faults
    assert dnc("log", "--verify", "--store", held.path)[0] == 0
    code, out, _ = dnc("log", "--verify", "--head", head, "--store", held.path)
    assert (code, "row 6 is not the row noted outside the store" in out) == (4, True)


def test_a_row_that_was_dated_back_is_named_and_stops_nothing(dnc, held, monkeypatch):
    """The clock was set back, or somebody wants a check to be older than it is."""
    monkeypatch.setattr(audit_log, "now", lambda: datetime(2026, 6, 1, 9))
    held.object(["+33199000009"], date(2026, 6, 1))
    monkeypatch.undo()
    for verb in (["status"], ["log", "--verify"]):
        code, out, err = dnc(*verb, "--store", held.path)
        assert (code, "row 7 is dated 2026-06-01T09:00:00Z" in out, "goes back in time" in err) == (4, True, True)
    assert said(held, "own", 33199000009, "2026-09-01")[0] == "listed"


def test_a_write_that_was_cut_off_never_was(held):
    """A part of a line, or some rows of a change that has more: readers leave it out, the next change removes it."""
    whole = edits.newest(held.path).read_bytes()
    last = json.loads(edits.lines(held.path)[-1])
    begun = edits.fitted(last | {"n": 7, "prev": last["hash"], "more": 1, "said": []})
    for cut in (whole.splitlines()[-1][:-30], f"{begun}\n".encode(), f"{begun}\n{begun[:50]}".encode()):
        edits.newest(held.path).write_bytes(whole + cut)
        held.standing()
        assert not verify(held.journal).faults
        assert verify(held.journal).head.seq == 6
    held.object(["+33199000009"], date(2026, 8, 4))
    assert (verify(held.journal).head.seq, verify(held.journal).faults) == (7, [])


def test_a_log_of_which_no_change_is_complete_is_refused(store):
    """Its first row says that another is to come, which no program leaves."""
    store.retain("decisions", 3)
    edits.write(store.path, edits.lines(store.path)[:1])
    (store.path / "head").unlink()
    edits.edit(store.path, lambda rows: rows[0].update(more=1))
    with pytest.raises(StoreError, match="nothing is decided from this store"):
        store.standing()


def test_a_write_that_was_cut_off_is_no_row_of_the_log_for_an_authority(held):
    """Nor is it erased into one."""
    before = held.journal.sealed()
    newest = edits.newest(held.path)
    newest.write_bytes(newest.read_bytes() + newest.read_bytes().splitlines()[-1])
    assert held.journal.sealed() == before


def test_what_a_newer_program_wrote_is_called_newer(dnc, held):
    """Not damaged, and nobody is told to restore."""
    last = json.loads(edits.lines(held.path)[-1])
    edits.write(held.path, [*edits.lines(held.path), edits.fitted(last | {"n": 7, "prev": last["hash"], "needs": 9})])
    for verb in (["status"], ["log", "--verify"], ["export", "own"], ["record", "objection", "+33199000004"]):
        code, out, err = (
            dnc(*verb, "--on", "2026-08-03", "--store", held.path)
            if verb[0] == "record"
            else dnc(*verb, "--store", held.path)
        )
        assert (code, out) == (4, "")
        assert "was written by a newer dnc (format 9; this one reads format 1); update dnc\n" in err
        assert "restore" not in err


def test_kinds_and_columns_that_are_not_known_stay(held, monkeypatch):
    """A program that has them finds them again, also after the log has begun a new file."""
    with held.journal.change() as change:
        change.put("habits", "x", {"of": "a newer program"})
        change.log("note", {})
    edits.edit(
        held.path, lambda rows: edits.stated(rows, "consents")[0]["is"].update(mood="good"), chain=True, head=True
    )
    monkeypatch.setattr(journal, "_MOST_BYTES", 0)
    held.object(["+33199000009"], date(2026, 8, 4))
    assert len(held.journal.segments()) == 2
    state = held.journal.read()
    assert state.values("habits") == {"x": {"of": "a newer program"}}
    assert state.values("consents")["1"]["mood"] == "good"
    assert held.standing().records["consents"].recorded["consent"].to_list() == ["written"]


def test_a_new_file_of_the_log_has_all_that_stands_and_the_older_one_says_nothing(held, monkeypatch):
    """Every row stays in the chain, and what is decided is the same."""
    before, log = held.standing(), held.log()
    monkeypatch.setattr(journal, "_MOST_BYTES", 0)
    held.retain("decisions", 3)
    old, new = held.journal.segments()
    assert all(json.loads(text)["said"] is None for text in old.read_text().splitlines())
    assert [json.loads(text)["stands"] for text in new.read_text().splitlines()] == [True]
    after = held.standing()
    assert after.objections.recorded.equals(before.objections.recorded) and after.snapshots == before.snapshots
    assert (held.log()[:-1].equals(log), verify(held.journal).faults) == (True, [])
    edits.write(held.path, [text.replace('"who":"', '"who":"x', 1) for text in edits.lines(held.path)])
    assert "row 7 was changed after it was written" in verify(held.journal).faults


def test_an_older_file_of_the_log_is_verified_too(held, monkeypatch):
    """Decisions need the newest only; a row that was removed before it is found by a verification."""
    monkeypatch.setattr(journal, "_MOST_BYTES", 0)
    held.retain("decisions", 3)
    old, _ = held.journal.segments()
    old.write_text("".join(f"{text}\n" for at, text in enumerate(old.read_text().splitlines()) if at != 3))
    assert held.standing().objections.recorded.height == 2
    assert verify_log(held.journal).faults == ["row 3 is missing"]


def test_many_records_move_into_a_file_and_count_as_before(held, monkeypatch):
    """They leave the log, and what stands is the same."""
    monkeypatch.setattr(records, "_IN_LOG", 3)
    before = objections(held)
    held.object(["+33199000006", "+33199000007"], date(2026, 8, 4))
    assert not held.journal.read().values("objections")
    assert objections(held)[:3].equals(before)
    assert said(held, "own", OBJECTED, "2026-09-01")[0] == said(held, "own", 33199000007, "2026-09-01")[0] == "listed"
    held.object([f"+{OBJECTED}"], date(2026, 8, 5), lift=True, reason="as asked")
    assert said(held, "own", OBJECTED, "2026-09-01")[0] == "clear"
    assert objections(held)["seq"].to_list() == [1, 2, 3, 4, 5, 6]


def test_a_store_of_an_earlier_program_says_how_to_go_on(dnc, tmp_path):
    """Its folder has a ledger in the place of a log."""
    (tmp_path / "old" / "snapshots").mkdir(parents=True)
    (tmp_path / "old" / "ledger.duckdb").write_bytes(b"DUCK")
    code, _, err = dnc("status", "--files", "--store", tmp_path / "old")
    assert (code, "has the format of an earlier dnc; export it with the dnc that wrote it" in err) == (4, True)
