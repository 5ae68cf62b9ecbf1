"""The log commits to everything that the ledger holds: whoever edits the ledger is found, whatever they cover up."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest
from msgspec.structs import replace

from dnc import Decider, Store, StoreError, check
from dnc.checks.subject_access import answer
from dnc.store import audit_log, ledger_sql, state, wordings
from dnc.store.backup import backup, restore
from dnc.store.verify import verify, verify_log
from tests import edits, some
from tests.store.test_store import ANSWER

CALLS = "call;number\n7;01 99 00 00 01\n8;01 99 00 00 02\n"


@pytest.fixture(scope="module")
def template(tmp_path_factory) -> Path:
    """The folder of a store with two snapshots, two objections, and a check that kept its decisions; five rows."""
    folder = tmp_path_factory.mktemp("held")
    files = {"a.csv": ANSWER, "own.csv": "number,listed\n+33199000008,yes\nx,yes\n", "c.csv": CALLS}
    for name, text in files.items():
        (folder / name).write_text(text)
    store = Store(folder / "dnc-store")
    store.load(folder / "a.csv", as_of=date(2026, 6, 1), campaign="c7")
    unread = {"accept": {"unread": "a line of text"}}
    store.load(folder / "own.csv", as_of=date(2026, 6, 1), registry="own", **unread)
    store.object(["+33199000003"], date(2026, 8, 2), reason="on the telephone")
    store.object(["+33199000004"], date(2026, 8, 3))
    check(folder / "c.csv", store, region="FR", at="2026-08-05", keep=True)
    assert not [*verify(store.ledger).faults, *verify_log(store.ledger).faults]
    return store.path


@pytest.fixture
def held(template, store) -> Store:
    """A copy of that store."""
    shutil.copytree(template, store.path)
    return store


@pytest.mark.parametrize("name", some(edits.EDITS, 11))
def test_an_edit_that_is_covered_up_is_found_and_named(held, name):
    """Ledger and manifest match, and the chain of the log is whole: its last row says what the ledger held."""
    statement, says = edits.EDITS[name]
    edits.edit(held.path, statement)
    whole = verify(held.ledger)
    for found in (whole, verify_log(held.ledger)):
        assert any(says.format(row=5) in fault for fault in found.faults), found.faults
    assert len(whole.faults) == 1


def test_a_function_in_a_ledger_takes_no_place_of_one_of_duckdb(held):
    """A macro of every name, at least, under which DuckDB has a function that takes one or two values."""
    calls = pl.DataFrame({"call": ["7", "8"], "number": ["01 99 00 00 01", "01 99 00 00 03"]})
    before = check(calls, held, region="FR", at="2026-08-05")
    with duckdb.connect(":memory:") as con:
        own = "select function_name, min(len(parameters)) from duckdb_functions() where len(parameters) in (1, 2) group by 1"
        functions = con.execute(own).fetchall()
    macros = [f'create macro "{name}"({"a, b" if n == 2 else "a"}) as null' for name, n in functions]
    edits.edit(held.path, "; ".join(macros))
    after = check(calls, Store(held.path), region="FR", at="2026-08-05")
    assert len(macros) > 500
    assert after.verdicts.equals(before.verdicts)
    assert after.counts == before.counts
    for found in (verify(held.ledger), verify_log(held.ledger)):
        assert "does not have the form that this program gives it" in found.faults[0]


@pytest.mark.parametrize("name", some(edits.EDITS, 7))
def test_no_change_is_built_on_an_edit(held, name):
    """It would state the edited tables as if it had written them. What only `verify` reads stays there to be found."""
    edits.edit(held.path, edits.EDITS[name][0])
    if "texts" in edits.EDITS[name][1]:
        held.object(["+33199000005"], date(2026, 8, 6))
    else:
        with pytest.raises(StoreError, match=r"ledger\.duckdb was edited: .*; nothing is decided from this store"):
            held.object(["+33199000005"], date(2026, 8, 6))
    assert verify(held.ledger).faults


@pytest.mark.parametrize("function", ['"->>"', "json_extract_string"])
def test_a_function_in_the_ledger_does_not_deceive_a_change(held, function):
    """It gives what was edited the hash that it has now; the next change would make that look right."""
    edits.edit(held.path, "update objections set on_day = date '2030-01-01'")
    with duckdb.connect(held.path / edits.LEDGER, read_only=True) as con:
        now = state.read(con).sha256
    then = "system.main.json_extract_string(a, b) end; create macro max(a) as system.main.min(a)"
    edits.edit(held.path, f"create macro {function}(a, b) as case b when '$.state.sha256' then '{now}' else {then}")
    for use in (lambda: held.object(["+33199000005"], date(2026, 8, 6)), held.standing):
        with pytest.raises(StoreError, match="was edited"):
            use()


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("update log set done_at = '0044-03-15 (BC) 12:00:00' where seq = 2", "row 2 was changed after it was written"),
        ("update about set version = null", "ledger.duckdb is not a store of this program"),
        ("insert into digests values (null, null, null, null); delete from objections", "objections: 0 in the ledger"),
    ],
)
def test_what_no_program_writes_is_a_fault_and_no_crash(dnc, held, statement, says):
    """A moment before the year 1, a version that is missing, nulls in what the ledger keeps about its tables."""
    with duckdb.connect(held.path / edits.LEDGER) as con:
        con.execute(statement)
    with suppress(StoreError):
        edits.cover_up(held.path)
    code, out, err = dnc("status", "--store", held.path, "--lang", "en")
    assert (code, says in out) == (4, True), out + err


def test_objections_count_although_statistics_in_the_file_deny_them(held):
    """What is verified and what decides are the same rows: neither is asked for by a condition."""
    edits.deny_objections(held.path, 33199000003)
    with duckdb.connect(held.path / edits.LEDGER, read_only=True) as con:
        assert con.execute("select count(*) from objections where number is not null").fetchone() == (0,)
    assert held.standing().objections["number"].to_list() == [33199000003, 33199000004]
    assert [one["on"] for one in answer(held, "+33199000003")["objections"]] == [date(2026, 8, 2)]


def test_statistics_in_the_file_do_not_rename_the_registry_of_a_snapshot(store, write_file):
    """To sort rows, DuckDB would cut texts to the length of the longest; a list of opt-outs would be of no registry."""
    store.load(write_file("a.csv", ANSWER), as_of=date(2026, 6, 1))
    edits.shorten(store.path, "fr-bloctel")
    with duckdb.connect(store.path / edits.LEDGER, read_only=True) as con:
        assert con.execute("select registry from snapshots order by id").fetchall() != [("fr-bloctel",)]
    assert [snapshot.registry for snapshot in store.standing().snapshots] == ["fr-bloctel"]


def test_a_null_that_the_log_does_not_see_in_json_stops_no_check(dnc, held, write_file):
    """The state is that of JSON without nulls, so it is read without them: every check would crash on an unknown key."""
    wordings.add(held.ledger, "form", "I agree.", {"consent": "partners"})
    edits.edit(held.path, """update wordings set facts = '{"consent": "partners", "x": null}'""")
    assert not verify(held.ledger).faults
    assert dnc("check", write_file("c.csv", CALLS), "--region", "FR", "--store", held.path)[0] == 3


def test_a_manifest_that_names_another_store_is_a_fault(held):
    """A backup of that store would be restored over this one."""
    replace(held.manifest(), store="a" * 64).write(held.path)
    assert verify(held.ledger).faults == ["not as in the manifest: store"]


def test_objections_that_no_condition_finds_are_a_fault(held, monkeypatch):
    """Of very many objections some are read at a time, by their numbers."""
    extent = ledger_sql.objections_extent
    monkeypatch.setattr(ledger_sql, "objections_extent", lambda con: (extent(con)[0] + 1, extent(con)[1]))
    assert verify(held.ledger).faults == ["objections: 3 in the ledger, 2 when row 5 was written"]


def test_an_edit_is_found_if_the_digests_in_the_ledger_are_edited_too(held):
    """They are never trusted; without them it cannot be said which table was edited."""
    statement, _ = edits.EDITS["a snapshot made complete"]
    edits.edit_digests_too(held.path, statement)
    assert verify(held.ledger).faults == ["the ledger holds something else than when row 5 was written"]
    with pytest.raises(StoreError, match="was edited"):
        held.object(["+33199000005"], date(2026, 8, 6))


@pytest.fixture(scope="module")
def many(tmp_path_factory) -> Path:
    """The folder of a store with three blocks of objections, written by one change."""
    store = Store(tmp_path_factory.mktemp("many") / "dnc-store")
    with store.ledger.change() as change:
        for block in range(3):
            numbers = [33199000000 + number % 100 for number in range(4096)]
            words = {"lifted": False, "reason": None, "recorded_at": datetime(2026, 8, 1)}
            ledger_sql.add_objections(change.con, numbers, date(2026, 8, 1 + block), **words)
        change.log("object", {"count": 3 * 4096})
    assert not verify(store.ledger).faults
    return store.path


def test_objections_are_counted_by_every_change_and_decision(many, store):
    """One that is gone is noticed, however many were recorded after it."""
    shutil.copytree(many, store.path)
    edits.edit(store.path, "delete from objections where seq = 5000")
    says = "was edited: objections: 12,287 in the ledger, 12,288 when row 1 was written"
    for use in (lambda: store.object(["+33199000005"], date(2026, 8, 6)), store.standing):
        with pytest.raises(StoreError, match=says):
            use()


def test_an_edit_among_many_objections_is_found_after_later_changes(many, store):
    """A change reads the last block only; what it does not read, it does not state anew either."""
    shutil.copytree(many, store.path)
    edits.edit(store.path, "update objections set on_day = date '2030-01-01' where seq = 5000")
    store.object(["+33199000005"], date(2026, 8, 6))
    says = "objections: 12,289 in the ledger, as when row 2 was written, but not the same"
    assert verify(store.ledger).faults == [says]
    with pytest.raises(StoreError, match="was edited: objections"):
        store.forget(date(2026, 1, 1))


def test_a_change_of_some_objections_states_what_all_are(many, store):
    """Only their blocks are read again, or all where they are in many."""
    shutil.copytree(many, store.path)
    with store.ledger.change() as change:
        change.con.execute("update objections set reason = 'x' where seq in (1, 5000, 12288)")
        change.objections += [1, 5000, 12288]
        change.log("object", {"count": 0})
    assert not verify(store.ledger).faults
    store.forget_numbers([f"+{number}" for number in range(33199000000, 33199000100)])
    assert not verify(store.ledger).faults
    with store.ledger.read() as opened:
        assert state.kept(opened.con) == state.read(opened.con)


@pytest.mark.parametrize("name", some([name for name, (_, says) in edits.EDITS.items() if "texts" not in says], 6))
def test_nothing_is_decided_from_an_edited_ledger(dnc, held, write_file, name):
    """By whatever way: a check, a single call, an answer to a person. Nor is it shown as evidence, or backed up."""
    edits.edit(held.path, edits.EDITS[name][0])
    for verb in (
        *(("export", "wordings"), ("campaign", "list"), ("key", "list"), ("retention",)),
        ("explain", "+33199000003", "--at", "2026-08-05"),
        ("check", write_file("c.csv", CALLS), "--region", "FR"),
        ("person", "+33199000003"),
        ("export", "own"),
    ):
        code, out, err = dnc(*verb, "--store", held.path)
        assert (code, out, "ledger.duckdb was edited" in err) == (4, "", True), err
    with pytest.raises(StoreError, match="was edited"):
        Decider(held)
    with pytest.raises(StoreError, match=r"was edited|no backup was made"):
        backup(held.ledger, held.path.with_name("b"))


def test_a_row_that_was_added_without_a_state_is_found(held):
    """Rows of older programs have none; after one that has, every change has one."""
    edits.edit(held.path, "delete from objections")
    with duckdb.connect(held.path / edits.LEDGER) as con:
        con.execute("insert into log by name select * replace (6 as seq, '{}' as detail) from log where seq = 5")
    edits.rewrite(held.path, lambda detail: None)
    assert verify(held.ledger).faults == [
        "row 6 does not say what the ledger holds, as rows before it do: another program added it"
    ]


def test_a_chain_that_was_rewritten_is_found_by_a_head_kept_elsewhere(dnc, held):
    """Whoever makes an older store of it, or states the edited tables in a new chain, is found by the head alone."""
    head = str(verify(held.ledger).head)
    whole = held.path.parent / "whole"
    shutil.copytree(held.path, whole)
    edits.edit(held.path, "delete from objections where seq = 1")
    edits.rewrite(held.path, lambda detail: detail.pop("state", None))
    assert not verify(held.ledger).faults
    code, out, _ = dnc("log", "--verify", "--head", head, "--store", held.path)
    assert (code, out) == (4, "row 5 is not the row noted outside the store: the log was rewritten\n")
    assert dnc("log", "--verify", "--head", head, "--store", whole)[0] == 0


def test_an_older_copy_is_found_by_the_files_that_it_does_not_name(dnc, held, write_file, tmp_path):
    """They stay, whatever is done next, until somebody has looked; a backup that has them puts the ledger right."""
    older = tmp_path / "older"
    shutil.copytree(held.path, older)
    newer = held.load(write_file("d.csv", "Telephone;Réponse\n0199000007;x\n"), as_of=date(2026, 8, 9)).file
    head = verify(held.ledger).head
    backup(held.ledger, tmp_path / "kept")
    edits.put_back(held.path, older, files=False)
    says = f"files that the ledger does not name: 1 (snapshots/{newer})"
    code, out, _ = dnc("status", "--store", held.path)
    assert (code, f"DUE  {says}" in out, "older copy" in out) == (4, True, True)
    held.object(["+33199000005"], date(2026, 8, 6))
    with pytest.raises(StoreError, match="1 files that the ledger does not name may hold what is to be erased"):
        held.forget_numbers(["+33199000001"])
    assert (held.path / "snapshots" / newer).exists()
    edits.put_back(held.path, older, files=False)
    assert restore(held.ledger, tmp_path / "kept").ledger
    assert (verify(held.ledger).faults, held.log().height) == ([], head.seq + 1)
    edits.put_back(held.path, older, files=True)
    assert not verify(held.ledger).faults
    code, out, _ = dnc("log", "--verify", "--head", head, "--store", held.path)
    assert (code, out) == (4, "row 6 is missing\n")


def test_a_file_that_came_back_is_not_taken_for_one_that_was_removed(held, tmp_path):
    """The older ledger's log knows its name; but the file is newer than the last word about it."""
    file = held.path / "snapshots" / held.snapshots()[0].file
    shutil.copyfile(file, tmp_path / "kept")
    held.forget(date(2026, 7, 1), "fr-bloctel")
    assert not file.exists()
    shutil.copyfile(tmp_path / "kept", file)
    later = file.stat().st_mtime + 5
    os.utime(file, (later, later))  # of the next second at least
    assert verify(held.ledger).unnamed == [file]
    held.object(["+33199000005"], date(2026, 8, 6))
    assert file.exists()
    with pytest.raises(StoreError, match="1 files that the ledger does not name"):
        held.forget(date(2026, 1, 1))


def test_a_file_of_somebody_else_is_reported_and_stays(held, tmp_path):
    """Also a backup without it cannot make it right; moved out of the store, it is gone."""
    backup(held.ledger, tmp_path / "kept")
    strange = held.path / "decisions" / f"{'0' * 64}.parquet"
    strange.touch()
    assert len(verify(held.ledger).faults) == 1
    with pytest.raises(StoreError, match="no backup was made"):
        backup(held.ledger, tmp_path / "later")
    with pytest.raises(StoreError, match="files that the ledger does not name"):
        restore(held.ledger, tmp_path / "kept")
    held.object(["+33199000005"], date(2026, 8, 6))
    strange.rename(tmp_path / "strange")
    assert not verify(held.ledger).faults


def test_the_state_can_be_calculated_by_others(held):
    """As `dnc.store.state` says, with nothing but DuckDB and SHA-256."""
    stated = json.loads(held.log()["detail"][-1])["state"]
    lines = []
    with duckdb.connect(held.path / edits.LEDGER, read_only=True) as con:
        tables = [name for (name,) in con.execute("select table_name from duckdb_tables()").fetchall()]
        for name in sorted(set(tables) - {"log", "about", "digests"}):
            text = "sha256" if name in ("rules", "terms") else "json_merge_patch('{}', to_json(t))::varchar"
            rows = sorted(text.encode() for (text,) in con.execute(f"select {text} from {name} t").fetchall())
            if rows:
                sha256 = hashlib.sha256(b"\n".join(rows)).hexdigest()
                lines.append(f"{name} 0 {len(rows)} {sha256}")
                assert stated["rows"][name] == len(rows)
    assert stated["sha256"] == hashlib.sha256("\n".join(lines).encode()).hexdigest()


def test_every_table_but_the_log_is_in_the_state(held):
    """A table that is added later has to be."""
    with held.ledger.read() as opened:
        tables = {name for (name,) in opened.con.execute("select table_name from duckdb_tables()").fetchall()}
    with duckdb.connect(held.path / edits.LEDGER) as con:
        for table in tables - {"log", "about", "digests"}:
            before = state.read(con)
            nulls = ", ".join("null" for _ in con.execute(f"describe {table}").fetchall())
            con.execute(f"insert into {table} values ({nulls})")
            assert state.read(con).rows[table] == before.rows.get(table, 0) + 1


def test_a_change_without_a_row_in_the_log_changes_nothing(held):
    """What the log does not say has not happened."""
    before = (held.path / edits.LEDGER).read_bytes()
    with held.ledger.change() as change:
        change.con.execute("delete from objections")
    held.forget_due()
    assert (held.path / edits.LEDGER).read_bytes() == before


def test_a_change_tells_the_files_that_it_removes(held):
    """So a file that the log speaks of is known to be of this store."""
    file = held.snapshots()[0].file
    held.forget(date(2026, 7, 1), "fr-bloctel")
    assert json.loads(held.log()["detail"][-1])["removed"] == [file]


def test_several_rows_of_one_change_have_one_state(store, write_file):
    """The last row tells it; the rows before it are in its hash."""
    paths = [write_file(f"{n}.csv", f"Telephone;Réponse\n019900000{n};x\n") for n in (1, 2)]
    loaded = store.load_all(paths, as_of=date(2026, 6, 1))
    assert [one.id for one in loaded] == [1, 2]
    assert ["state" in json.loads(detail) for detail in store.log()["detail"]] == [False, True]
    assert not verify(store.ledger).faults


def test_what_is_kept_about_the_tables_is_what_they_hold(held):
    """What a change adds up is the same as what is read at once."""
    with held.ledger.read() as opened:
        assert state.kept(opened.con) == state.read(opened.con)


def test_a_ledger_that_says_it_is_one_change_ahead_is_found(held):
    """Whoever edits the ledger so that it looks like the work of a killed change need not touch the manifest."""
    with held.ledger.read() as opened:
        digest = opened.digest
    with duckdb.connect(held.path / edits.LEDGER) as con:
        con.execute("delete from objections")
        con.execute("update about set previous = ?", [digest])
    assert "objections: 0 in the ledger, 2 when row 5 was written" in verify(held.ledger).faults
    with pytest.raises(StoreError, match="was edited: objections"):
        held.object(["+33199000005"], date(2026, 8, 6))


@pytest.mark.parametrize("statement", ["drop table snapshots", "drop table log", "alter table objections drop seq"])
def test_a_ledger_without_a_table_or_column_is_damaged(held, statement):
    """It is said, also where nothing else can be."""
    with duckdb.connect(held.path / edits.LEDGER) as con:
        con.execute(statement)
    manifest = json.loads((held.path / "manifest.json").read_bytes())
    del manifest["sha256"]
    manifest["ledger"] = hashlib.sha256((held.path / edits.LEDGER).read_bytes()).hexdigest()
    manifest["sha256"] = hashlib.sha256(audit_log.canonical(manifest).encode()).hexdigest()
    (held.path / "manifest.json").write_text(json.dumps(manifest))
    assert "ledger.duckdb does not have the form that this program gives it" in " ".join(verify(held.ledger).faults)
    with pytest.raises(StoreError):
        held.object(["+33199000005"], date(2026, 8, 6))


def test_no_check_is_recorded_on_an_edited_ledger(dnc, held, write_file):
    """It cannot be added to the log, so it has no output."""
    edits.edit(held.path, "update snapshots set covers = ['33']")
    path = write_file("calls.csv", CALLS)
    code, _, err = dnc("check", path, "--region", "FR", "--out", "verdicts.csv", "--store", held.path)
    assert (code, "ledger.duckdb was edited: snapshots" in err) == (4, True)
    assert not path.with_name("verdicts.csv").exists()


def test_a_restore_takes_the_ledger_back_to_before_the_edit(held, tmp_path):
    """What was edited is kept aside, as anything damaged is."""
    head = backup(held.ledger, tmp_path / "kept")
    edits.edit(held.path, "delete from objections")
    done = restore(held.ledger, tmp_path / "kept")
    assert (done.ledger, done.after, verify(held.ledger).faults) == (True, head, [])
    assert held.standing().objections.height == 2
    assert {path.name for path in done.aside.iterdir()} == {edits.LEDGER, "manifest.json"}


def state_of(store: Store) -> dict[str, object]:
    """The state in the last row of the log."""
    return json.loads(store.log()["detail"][-1])["state"]


@pytest.mark.parametrize(
    "statement",
    [
        "insert into holds select 1, null, null, 'x'",
        "  with x as (select 1 as seq) insert into holds (seq) select seq from x",
        "create or replace table ledger.main.holds as select 1 as seq, null::ubigint as number, 'a' as campaign, 'b' as reason",
    ],
)
def test_whatever_a_change_writes_is_stated(held, statement):
    """What it does not write is not read again; a statement that is not recognised may have written anything."""
    with held.ledger.change() as change:
        change.con.execute(statement)
        change.log("hold", {})
    with held.ledger.read() as opened:
        assert state.read(opened.con).rows["holds"] == 1
    assert not verify(held.ledger).faults
