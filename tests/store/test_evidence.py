"""What the store keeps as evidence and as personal data: the log's chain, replays, answers, forgetting."""

from __future__ import annotations

import hashlib
import json
import os
import pwd
import re
import shutil
import sys
from datetime import date, datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest

from dnc import InputError, Rulebook, Store, StoreError, check
from dnc.api import replay
from dnc.checks.campaign import keep_campaign
from dnc.checks.subject_access import answer
from dnc.lists import own_records
from dnc.lists.brief import Brief
from dnc.lists.completion import Completion
from dnc.store import audit_log, campaigns
from dnc.store.backup import backup, restore
from dnc.store.verify import verify, verify_log
from tests import edits
from tests.conftest import SAMPLES
from tests.store.test_store import ANSWER, said

CALLS = "call;number;cli\n7;01 99 00 00 01;01 99 00 00 77\n8;01 99 00 00 02;withheld\n9;0199000003;\n10;nobody;\n"
TOLD = {"caller": "commercial", "voice": "human", "recipient": "consumer", "cli": "+33199000099"}


@pytest.fixture(scope="module")
def checked_once(loaded_once, tmp_path_factory) -> Path:
    """The folder of a store in which check 4 kept its decisions, to be copied."""
    folder = tmp_path_factory.mktemp("checked")
    store = Store(shutil.copytree(loaded_once, folder / "dnc-store"))
    (folder / "c.csv").write_text(CALLS)
    check(folder / "c.csv", store, region="FR", at="2026-08-05T10:30", given=TOLD, keep=True)
    return store.path


@pytest.fixture
def checked(checked_once, store, write_file) -> Store:
    """A store in which check 4, of `c.csv`, kept its decisions."""
    write_file("c.csv", CALLS)
    shutil.copytree(checked_once, store.path)
    return store


# The log


def test_every_row_is_chained_and_says_who_did_what_with_which_version(checked):
    """The chain can be followed from the lines of the log alone, as docs/security.md says."""
    previous = ""
    for line in edits.lines(checked.path):
        row = json.loads(line)
        core = line.split(',"hash":')[0] + "}"
        assert (row["prev"], row["hash"]) == (previous, hashlib.sha256(core.encode()).hexdigest())
        assert "version" in row["what"] and row["who"]
        previous = row["hash"]
    assert str(verify_log(checked.journal).head) == f"4:{previous}"


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX knows users by number")
def test_who_did_it_is_not_what_the_environment_says(store, monkeypatch):
    """The operating system knows who runs a program; LOGNAME is anybody's word."""
    monkeypatch.setenv("LOGNAME", "somebody")
    monkeypatch.setenv("USER", "somebody")
    store.object(["+33199000001"], date(2026, 8, 1))
    assert store.log()["done_by"].item() == pwd.getpwuid(os.geteuid()).pw_name


def test_a_log_that_goes_back_in_time_is_named(dnc, loaded, monkeypatch, tmp_path):
    """A row dated before the one before it was backdated, or a clock was set back; nothing is damaged, though."""
    monkeypatch.setattr(audit_log, "now", lambda: datetime(2026, 6, 1, 9))
    loaded.object(["+33199000004"], date(2026, 6, 1))
    monkeypatch.undo()
    loaded.object(["+33199000005"], date(2026, 8, 3))
    for verb in (("status",), ("log", "--verify")):
        code, out, err = dnc(*verb, "--store", loaded.path)
        assert (code, err.count("goes back in time"), "restore" in err) == (4, 1, False)
        assert re.search(r"row 4 is dated 2026-06-01T09:00:00Z \(UTC\), before row 3 of 20\d\d-.*backdated\n", out)
    days = ("--from", "2026-06-01", "--to", "2026-06-30", "--out", tmp_path / "folder.zip")
    code, out, _ = dnc("evidence", *days, "--store", loaded.path)
    assert (code, "row 4 is dated 2026-06-01" in out) == (0, True)
    assert loaded.standing().objections.recorded.height  # a past mistake stops no later decision
    assert dnc("explain", "+33199000003", "--at", "2026-08-05", "--store", loaded.path)[0] == 3
    backup(loaded.journal, tmp_path / "copy")
    assert verify(Store(tmp_path / "copy").journal).faults == verify(loaded.journal).faults != []
    with pytest.raises(InputError, match="is not damaged"):
        restore(loaded.journal, tmp_path / "copy")


def test_a_clock_that_was_set_back_can_be_accepted(dnc, loaded, monkeypatch):
    """With a reason in a row of the log that names the row: both are named from then on, and nothing is due; until next time."""

    def back(day: int) -> None:
        monkeypatch.setattr(audit_log, "now", lambda: datetime(2026, 6, day, 9))
        loaded.object([f"+3319900001{day}"], date(2026, 6, 1))
        monkeypatch.undo()
        loaded.object([f"+3319900002{day}"], date(2026, 8, 3))

    monkeypatch.setenv("DNC_TODAY", "2026-08-03")
    back(1)
    before = loaded.log().height
    for wrong in ("clock=", "row=set by hand"):
        assert dnc("status", "--accept", wrong, "--store", loaded.path)[0] == 2
    for _ in range(2):
        code, out, err = dnc("status", "--accept", "clock=set by hand", "--store", loaded.path)
        assert (code, err) == (0, "")
        assert re.search("row 4 is dated 2026-06-01.*; accepted in row 6 by .*: set by hand", out)
    row = loaded.log().row(-1, named=True)
    assert (loaded.log().height, row["verb"]) == (before + 1, "accept")
    assert json.loads(row["detail"])["rows"] == [4]
    code, out, _ = dnc("status", "--json", "--store", loaded.path)
    told = json.loads(out)
    assert (code, told["due"], told["faults"], told["verified"]) == (0, False, [], True)
    assert "accepted in row 6" in told["notes"][0]
    code, out, _ = dnc("log", "--verify", "--store", loaded.path)
    assert (code, "accepted in row 6" in out) == (4, True)
    assert "accepted in row 6" in verify(loaded.journal).faults[0]
    back(2)
    code, out, _ = dnc("status", "--store", loaded.path)
    assert (code, out.count("accepted in row 6"), out.count("is dated")) == (4, 1, 2)


def test_a_log_that_was_written_anew_is_found_by_a_head_kept_elsewhere(dnc, checked):
    """The owner of the store can rewrite the whole chain; a head on an earlier report then does not stand in it."""
    head = str(verify_log(checked.journal).head)
    assert dnc("log", "--verify", "--head", head, "--store", checked.path)[0] == 0
    other = Store(checked.path.parent / "other")
    for day in range(1, 6):
        other.object(["+33199000009"], date(2026, 8, day))
    code, out, _ = dnc("log", "--verify", "--head", head, "--store", other.path)
    assert (code, out) == (4, "row 4 is not the row noted outside the store: the log was rewritten\n")
    assert dnc("log", "--verify", "--head", f"9:{'0' * 64}", "--store", other.path)[1] == "rows 6 to 9 are missing\n"
    assert dnc("log", "--verify", "--head", "soon", "--store", other.path)[0] == 2
    assert dnc("log", "--verify", "--head", head[:-1], "--store", checked.path)[0] == 2  # cut off when it was copied


def test_the_head_is_printed_with_every_check(dnc, checked):
    """The summary ends with what a witness outside would keep."""
    _, _, err = dnc("check", SAMPLES / "shop.csv", "--region", "FR", "--at", "2026-08-05", "--store", checked.path)
    assert f"Log fingerprint {verify(checked.journal).head}" in err


# Replays


def test_a_check_decided_again_comes_out_the_same(dnc, checked, write_file):
    """Later loads, objections and rules change nothing of what was decided then."""
    checked.load(write_file("new.csv", "Telephone;Réponse\n0199000002;OK\n"), as_of=date(2026, 8, 4))
    checked.object(["+33199000002"], date(2026, 8, 4))
    before = checked.log().height
    assert replay(checked, 4, write_file("moved.csv", CALLS)).same
    code, _, err = dnc("replay", "4", "--out", "again.csv", "--store", checked.path)
    assert (code, "every verdict is the same" in err) == (0, True)
    assert pl.read_csv("again.csv", separator=";")["dnc_outcome"].to_list()[2:] == ["blocked", "undecided"]
    assert checked.log().height == before


def test_the_rows_of_a_query_are_decided_again(dnc, store, tmp_path):
    """The same rows in the same order, or it is not the list of that check; a list that is not here is asked for."""
    (folder := tmp_path / "crm").mkdir()
    with duckdb.connect(folder / "crm.duckdb") as other:
        other.execute("create table calls as select '+3319900000' || i as number from range(10) t(i)")
    url, query = f"duckdb:///{folder}/crm.duckdb", ["--query", "from calls order by number"]
    dnc("check", url, *query, "--out", "v.csv", "--store", store.path)
    again = ["--store", store.path, "--lang", "en"]
    code, _, err = dnc("replay", "1", url, *query, *again)
    assert (code, "every verdict is the same" in err) == (0, True)
    code, _, err = dnc("replay", "1", url, "--query", "from calls order by number desc", *again)
    assert (code, "crm.duckdb: is not the file of check 1" in err) == (4, True)
    code, _, err = dnc("replay", "1", *again)
    assert (code, "crm.duckdb: is not here; name the list of check 1" in err) == (4, True)


def test_a_check_of_today_is_decided_again_as_of_its_day(checked, write_file, monkeypatch):
    """A day that was not told is that of the check and not that of the replay."""
    monkeypatch.setenv("DNC_TODAY", "2026-08-10")
    path = write_file("c.csv", CALLS)
    result = check(path, checked, region="FR", given=TOLD)
    monkeypatch.setenv("DNC_TODAY", "2026-08-12")
    assert replay(checked, result.id, path).same
    check(path, checked, region="FR", given=TOLD)
    assert len({checked.hashes(row)["verdicts"] for row in checked.log()["seq"][-2:]}) == 2


def test_what_had_not_come_then_has_not_come_in_a_replay(checked, write_file, monkeypatch):
    """Days that lay ahead of the check count as they did then; a column left out on purpose is left out again."""
    monkeypatch.setenv("DNC_TODAY", "2026-11-25")
    path = write_file("c.csv", "number,objected_on,STOP\n0199000005,2026-12-24,x\n")
    brief = Brief(region="FR", ignore=["STOP"])
    result = check(path, checked, brief=brief, given=TOLD, at="2026-11-26")
    assert result.counts["blocked"] == 1
    monkeypatch.setenv("DNC_TODAY", "2026-12-26")
    assert replay(checked, result.id, path).same


def test_a_verdict_that_is_not_the_same_is_told(dnc, checked, monkeypatch):
    """Another outcome of one row is seen: the exit code is 1."""
    monkeypatch.setattr("dnc.checks.replay._standing", lambda store, *_: Store("nowhere").standing())
    code, _, err = dnc("replay", "4", "--store", checked.path)
    assert (code, "the verdicts are NOT the same" in err) == (1, True)


def test_a_check_whose_row_of_the_log_was_changed_is_not_decided_again(dnc, checked):
    """Other counts would be printed beside "every verdict is the same"."""
    edits.write(checked.path, [text.replace('"undecided":', '"undecided":9') for text in edits.lines(checked.path)])
    code, _, err = dnc("replay", "4", "--store", checked.path, "--lang", "en")
    assert (code, "row 4 was changed after it was written" in err) == (4, True)


def test_what_cannot_be_decided_again_says_why(checked, write_file):
    """Another file, another row, a forgotten snapshot, forgotten numbers: each has its words."""
    path = write_file("c.csv", CALLS)
    with pytest.raises(InputError, match="is not the file of check 4"):
        replay(checked, 4, write_file("other.csv", CALLS + "x;x;\n"))
    with pytest.raises(InputError, match="row 2 of the log is not a check"):
        replay(checked, 2, path)
    hold = checked.hold("a complaint", number="+33199000009")
    checked.forget_numbers(["+33199000001"])
    with pytest.raises(StoreError, match="numbers were forgotten in its snapshots since"):
        replay(checked, 4, path)
    checked.lift_hold(hold.seq)
    checked.forget(date(2026, 7, 1))
    with pytest.raises(StoreError, match="its snapshots 1 were forgotten or replaced"):
        replay(checked, 4, path)
    checked.forget_numbers(["+33199000001"])
    with pytest.raises(StoreError, match="its settings and hashes were erased"):
        replay(checked, 4, path)


def test_a_file_that_changes_while_it_is_read_is_refused(store, write_file, monkeypatch):
    """The hash in the log is that of what was decided."""
    path = write_file("c.csv", CALLS)
    with pytest.raises(InputError, match="changed while it was read"):
        check(path, store, region="FR", progress=lambda _: write_file("c.csv", CALLS + "x;x;\n"))
    assert not store.exists


def test_a_file_that_changes_when_its_objections_were_read_is_refused(store, write_file, monkeypatch):
    """They are read first, and the rows are kept in memory: the file has others by the time it is hashed."""
    path, read = write_file("c.csv", CALLS), Completion.read

    def meanwhile(*arguments):
        done = read(*arguments)
        write_file("c.csv", CALLS + "x;x;\n")
        return done

    monkeypatch.setattr(Completion, "read", meanwhile)
    with pytest.raises(InputError, match="changed while it was read"):
        check(path, store, region="FR")
    assert not store.exists


# Answers


def test_an_answer_says_what_was_said_when_and_what_was_decided(checked):
    """Every snapshot that speaks of a number, the objections, and the decisions that were kept."""
    checked.object(["+33199000003"], date(2026, 8, 10), lift=True, reason="asked for it")
    told = answer(checked, "01 99 00 00 03", region="FR")
    assert [(one["as_of"], one["says"]) for one in told["snapshots"]] == [(date(2026, 6, 1), "listed")]
    assert [(one["on"], one["lifted"]) for one in told["objections"]] == [
        (date(2026, 8, 2), False),
        (date(2026, 8, 10), True),
    ]
    [decision] = told["decisions"]
    assert (decision["check"], decision["row"], decision["call"], decision["outcome"]) == (4, 3, "9", "blocked")
    assert told["silent"] == [2]
    then = answer(checked, "+33199000003", on=date(2026, 8, 4))
    assert [one["state"] for one in then["registries"]] == ["listed", "listed"]
    assert (len(then["objections"]), then["decisions"]) == (1, [])


def test_a_list_that_does_not_hold_a_number_speaks_of_it_where_it_is_complete(loaded, write_file):
    """Absent and covered is an answer; absent and not covered is silence."""
    path = write_file("d.csv", "number;listing;prospecting\n0199000001;listed;refused\n")
    loaded.load(path, as_of=date(2026, 8, 1), covers=["33199"])
    told = answer(loaded, "+33199000002")["snapshots"]
    assert told[-1]["says"] == "not in it, which means not listed"
    assert answer(loaded, "+33261910002")["silent"] == [1, 2, 3]


def test_an_answer_without_its_decisions_is_refused(dnc, checked):
    """A file of decisions that is lost is named as such."""
    next((checked.path / "decisions").iterdir()).unlink()
    code, _, err = dnc("person", "+33199000002", "--store", checked.path)
    assert (code, "a file of decisions is missing: its file does not exist; see dnc status" in err) == (4, True)
    with pytest.raises(StoreError):
        answer(checked, "+33199000002")


def test_an_answer_on_the_command_line(dnc, checked):
    """A person reads lines, a program reads JSON, and checks without decisions are named."""
    check(SAMPLES / "shop.csv", checked, region="FR", at="2026-08-05")
    code, out, _ = dnc("person", "+33199000003", "--store", checked.path)
    assert (code, "2026-06-01 Bloctel: listed" in out, "row 3" in out) == (0, True, True)
    assert "Checks that kept no decisions, by row of the log (look in their output files): 5" in out
    assert json.loads(dnc("person", "+33199000003", "--json", "--store", checked.path)[1])["not_kept"] == [5]
    assert "number 1 cannot be read" in dnc("person", "12", "--store", checked.path)[2]


# Forgetting


def test_forgetting_a_number_keeps_every_opposition_to_calls(checked):
    """What cleared it and what was decided goes; who is listed or objected stays so; the record names no number."""
    before = {n: said(checked, "fr-bloctel", 33199000000 + n, "2026-07-01")[0] for n in (1, 2, 3)}
    assert before == {1: "clear", 2: "listed", 3: "listed"}
    gone = checked.forget_numbers(["+33199000001", "+33199000002", "+33199000003"])
    assert (gone.listings, gone.decisions) == (1, 3)
    after = {n: said(checked, "fr-bloctel", 33199000000 + n, "2026-07-01")[0] for n in (1, 2, 3)}
    assert after == {1: "uncovered", 2: "listed", 3: "listed"}
    assert said(checked, "own", 33199000003, "2026-08-05")[0] == "listed"
    assert answer(checked, "+33199000001")["decisions"] == []
    assert checked.standing().objections.recorded.height == 1
    assert "19900000" not in checked.log()["detail"][-1]
    assert not verify(checked.journal).faults


def test_a_reason_goes_with_the_number_and_never_into_the_log(loaded):
    """What a person said is kept with the objection, not in the log, and goes when the number is forgotten."""
    loaded.object(["+33199000007"], date(2026, 8, 2), reason="said by Jeanne")
    assert "Jeanne" not in loaded.log()["detail"].str.join().item()
    loaded.forget_numbers(["+33199000007"])
    [row] = answer(loaded, "+33199000007")["objections"]
    assert (row["reason"], row["lifted"]) == (None, False)


def test_decisions_are_forgotten_by_age(checked):
    """Their files go, the row of the check stays."""
    assert checked.forget_decisions(date(2000, 1, 1)) == []
    assert checked.forget_decisions(date(2100, 1, 1)) == [4]
    assert (list((checked.path / "decisions").iterdir()), checked.log()["verb"][3]) == ([], "check")
    assert answer(checked, "+33199000003")["decisions"] == []


def test_retention_is_kept_with_the_store(dnc, checked, monkeypatch):
    """Each registry and the decisions have their own time; the own list has none; what is due goes at a word."""
    at = ["--store", checked.path]
    monkeypatch.setenv("DNC_TODAY", "2026-11-25")
    assert dnc("retention", "fr-bloctel", "--months", "1", *at)[2] == "fr-bloctel: kept for 1 month\n"
    assert dnc("retention", "fr-bloctel", "--months", "5", *at)[2] == "fr-bloctel: kept for 5 months\n"
    assert dnc("retention", "decisions", "--months", "6", *at)[0] == 0
    assert "own is always kept" in dnc("retention", "own", "--months", "6", *at)[2]
    assert "nothing is kept under the name 'xx'" in dnc("retention", "xx", "--months", "6", *at)[2]
    assert dnc("retention", "fr-bloctel", *at)[0] == 2
    assert dnc("retention", *at)[1].splitlines()[1:] == ["decisions,6,2026-05-25", "fr-bloctel,5,2026-06-25"]
    assert "deleted snapshot 1: Bloctel (fr-bloctel) as of 2026-06-01" in dnc("retention", "--apply", *at)[2]
    assert dnc("retention", "fr-bloctel", "--for-ever", *at)[0] == 0
    assert dnc("retention", "--apply", *at)[2] == "snapshots deleted: 0\n"
    assert [one.id for one in checked.snapshots()] == [2]


@pytest.mark.parametrize(
    "arguments",
    [["forget"], ["retention", "--apply", "--before", "2026-01-01"], ["retention", "decisions", "--apply"]],
)
def test_forget_asks_for_one_thing(dnc, checked, arguments):
    """What goes is said without doubt."""
    assert dnc(*arguments, "--store", checked.path)[0] == 2


@pytest.mark.parametrize("day", [1, 2])
def test_a_forgotten_number_does_not_come_back_with_the_same_file(checked, write_file, day):
    """Nothing is left that its bytes hash to; a file that may be the same is refused, as an old one would pass for new."""
    small, answer_ = checked.snapshots()[0].sha256, write_file("a.csv", ANSWER)
    checked.forget_numbers(["+33199000001"])
    assert small not in "".join(edits.lines(checked.path))
    with pytest.raises(InputError, match="unchanged"):
        checked.load(answer_, as_of=date(2026, 6, day))
    assert said(checked, "fr-bloctel", 33199000001, "2026-07-01")[0] == "uncovered"
    assert checked.load(answer_, as_of=date(2026, 6, day), accept={"unchanged": "asked again"}).new


def test_a_number_is_taken_out_of_texts_and_of_nothing_else(checked, write_file):
    """However it is grouped and in whatever digits; what else stands in them stays."""
    spelled = ["01 99 00 04 18", "+33 (0)1.99.00.04.18", "01\u00a099\u00a000\u00a004\u00a018", "01–99–00–04–18"]
    spelled += ["0033_1_99_00_04_18", "０１９９０００４１８", "0199000418"]
    checked.set_office({"imprint": f"Mme X {' and '.join(spelled)}, 01.10.2026 18h, ref 199000419"})
    checked.hold("claim of 0199000418", number="+33199000419")
    other, book = "number,relationship\n+33199000419,buyer\n", Rulebook.load()
    of_day = own_records.RecordReading(as_of=date(2026, 8, 1))
    own_records.load(checked, "customers", [write_file("with 01 99 00 04 18.csv", other)], book, of_day)
    accepted = {"unchanged": "asked 0199000418 again"}
    checked.load(write_file("again.csv", ANSWER), as_of=date(2026, 8, 2), accept=accepted)
    checked.forget_numbers(["+33199000418"])
    assert [file["name"] for file in checked.journal.read().values("records").values()] == ["with ….csv"]
    assert checked.snapshots()[-1].accepted[0].reason == "asked … again"
    assert checked.office() == {"imprint": f"Mme X {' and '.join('…' for _ in spelled)}, 01.10.2026 18h, ref 199000419"}
    assert [one.reason for one in checked.holds()] == ["claim of …"]


def test_what_cells_of_a_campaign_say_is_forgotten_with_a_person(checked):
    """Whoever it was: nobody knows who is meant. What the campaign is about stays."""
    brief = 'caller = "political"\n\n[texts."Notes"]\nnothing = ["Mme Petit is on holiday"]\n'
    keep_campaign(checked, "autumn", brief)
    assert campaigns.in_store(checked.journal)["autumn"].text == brief
    checked.forget_numbers(["+33199000418"])
    assert campaigns.in_store(checked.journal)["autumn"].text == 'caller = "political"\n'
