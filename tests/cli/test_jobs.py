"""What batch jobs use: JSON on stdout, stdin and stdout as `-`, environment variables, the state of a store, exports."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from datetime import date

import click
import polars as pl
import pytest
from click.core import ParameterSource

from dnc import Store, check
from dnc.checks.status import status
from dnc.cli.main import cli
from dnc.errors import OptionError
from dnc.law.rulebook import Rulebook
from tests import some

CALLS = "number,relationship,objected_on\n0199000007,none,none\n0199000008,x,2026-11-01\nabc,none,none\n"
TOLD = ("--region", "FR", "--set", "caller=commercial")


def test_counts_as_json_when_rows_go_to_a_file(dnc, store, write_file, monkeypatch):
    """The counts are those of the rows; nothing in it is a number; without a file for the rows it is wrong usage."""
    monkeypatch.setenv("DNC_TODAY", "2026-11-26")
    path = write_file("calls.csv", CALLS)
    code, out, _ = dnc("check", path, *TOLD, "--store", store.path, "--out", "rows.csv", "--json")
    told = json.loads(out)
    assert code == 1
    assert told["counts"] == {"clear": 0, "blocked": 1, "undecided": 2} == told["written"]
    assert (told["rows"], told["calls"], told["check"], sum(told["unread"].values())) == (3, 3, 1, 1)
    assert told["not_understood"][0] | {"write": None} == {
        "column": "relationship", "word": "x", "cells": 1, "write": None,
    }  # fmt: skip
    assert told["blocked_by"] and told["missing"]["number"] == 1 and told["valid_until"] is None
    assert "199000007" not in out and "199000008" not in out
    for outs in ((), ("--out", "-")):
        assert dnc("check", path, *TOLD, "--store", store.path, "--json", *outs)[0] == 2


def test_columns_are_named_with_or_without_blanks_and_once(dnc, store, write_file):
    """One that is named twice is written once."""
    path = write_file("calls.csv", CALLS)
    chosen = ("--columns", "outcome, dnc_number,dnc_outcome")
    _, out, _ = dnc("check", path, *TOLD, *chosen, "--store", store.path)
    assert out.splitlines()[0] == "number,relationship,objected_on,dnc_outcome,dnc_number"


def test_the_earliest_day_that_ends_a_clear_call(dnc, screened, write_file, monkeypatch):
    """`valid_until` is the first day on which one of the clear calls stops being clear."""
    monkeypatch.setenv("DNC_TODAY", "2026-08-05")
    path = write_file("calls.csv", "number\n06 39 98 81 05\n")
    result = check(path, screened, region="FR", given={"caller": "survey"})
    told = json.loads(
        dnc(
            "check", path, "--region", "FR", "--set", "caller=survey", "--out", "o.csv", "--json",
            "--store", screened.path,
        )[1]
    )  # fmt: skip
    ends = [str(end) for end in result.verdicts["dnc_valid_until"].drop_nulls()]
    assert told["valid_until"] == min(ends, default=None)
    assert {one["registry"]: one["age_days"] for one in told["snapshots"]}["fr-bloctel"] == 0


@pytest.mark.parametrize(
    ("form", "read"), some([("csv", pl.read_csv), ("jsonl", pl.read_ndjson), ("parquet", pl.read_parquet)], 2)
)
def test_a_list_from_stdin_and_rows_to_stdout(tmp_path, form, read):
    """`-` is stdin and stdout; the rows are those of the file."""
    store = tmp_path / "s"
    done = subprocess.run(
        [sys.executable, "-m", "dnc", "check", "-", *TOLD, "--store", store, "--out", "-", "--format", form, "--quiet"],
        input=CALLS.encode(), capture_output=True, check=False, env=os.environ | {"DNC_TODAY": "2026-11-26"},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (1, b"")
    assert read(io.BytesIO(done.stdout))["dnc_outcome"].to_list() == ["undecided", "blocked", "undecided"]


def test_a_stdin_that_cannot_be_opened_again_is_read(tmp_path):
    """As is the pipe of another user, such as that of root for a container that runs as nobody; here, a socket."""
    here, there = socket.socketpair()
    with here, there:
        here.sendall(CALLS.encode())
        here.shutdown(socket.SHUT_WR)
        command = [sys.executable, "-m", "dnc", "check", "-", *TOLD, "--store", tmp_path / "s", "--quiet"]
        done = subprocess.run(command, check=False, stdin=there, capture_output=True)
    assert (done.returncode, done.stderr) == (1, b"")
    assert done.stdout.count(b"\n") == 4


def test_every_option_has_the_variable_of_its_name(monkeypatch):
    """That of its verb and of what is typed, whatever the program calls it; a line of it is one of several values."""
    seen = set()
    for command in (cli, *map(cli.commands.__getitem__, cli.commands)):
        for option in (param for param in command.params if isinstance(param, click.Option)):
            before = "DNC" if command is cli else f"DNC_{command.name.upper()}"
            variable = f"{before}_{max(option.opts, key=len).lstrip('-').replace('-', '_').upper()}"
            monkeypatch.setenv(variable, said := "one or\ntwo")
            value, source = option.consume_value(click.Context(command), {})
            assert (variable, source) == (variable, ParameterSource.ENVIRONMENT)
            assert value == (said.splitlines() if option.multiple else said.split() if option.nargs > 1 else said)
            assert variable not in seen
            seen.add(variable)
    assert len(seen) > 200


def test_options_from_the_environment(dnc, store, write_file, monkeypatch):
    """Every option has a variable; several values are separated by line breaks, so that they may hold blanks."""
    path = write_file("calls.csv", "number\n0199000007\n")
    monkeypatch.setenv("DNC_CHECK_REGION", "FR")
    monkeypatch.setenv("DNC_CHECK_SET", "caller=commercial\nconsent=none")
    monkeypatch.setenv("DNC_CHECK_ACCEPT", "fr-hours-callback-2026=asked our counsel")
    monkeypatch.setenv("DNC_CHECK_STORE", "ignored")
    assert dnc("check", path, "--store", store.path, "--quiet")[0] in (1, 3)
    assert json.loads(store.log()["detail"][0])["declared"] == {"caller": "commercial", "consent": "none"}
    monkeypatch.setenv("DNC_RECORD_CONSENT_ON", "2026-08-01")
    monkeypatch.setenv("DNC_RECORD_CONSENT_SET", "consent_until=2027-01-01\nhours_agreed=09:00-12:00")
    assert dnc("record", "consent", "+33199000001", "--store", store.path)[0] == 0
    assert "2026-08-01,,2027-01-01,09:00-12:00" in dnc("export", "consents", "--store", store.path)[1]


def test_status_says_what_is_due(dnc, screened, write_file, monkeypatch):
    """An answer that clears nobody any more, one older than wished, one not loaded, law to be read again, damage."""
    monkeypatch.setenv("DNC_TODAY", "2026-11-26")
    screened.load(write_file("t.csv", "number,listed\n+447700900001,no\n"), as_of=date(2026, 11, 20), registry="gb-tps")
    screened.confirm("own", date(2026, 11, 20), "asked everybody")
    code, out, _ = dnc("status", "--store", screened.path, "--json")
    told = json.loads(out)
    by_registry = {one["registry"]: one for one in told["registries"]}
    assert (code, told["due"], told["verified"]) == (0, False, True)
    tps, bloctel = by_registry["gb-tps"], by_registry["fr-bloctel"]
    assert (tps["age_days"], tps["clears_until"], tps["used"]) == (6, "2026-12-18", True)
    assert (bloctel["used"], bloctel["clears_until"]) == (False, None)  # Bloctel ended on 11 August 2026
    assert by_registry["own"]["used"] and by_registry["own"]["clears_until"] == "2026-12-21"
    for late in ("gb-tps=5", "au-dncr=30"):
        assert dnc("status", "--store", screened.path, "--max-age", late)[0] == 1
    assert dnc("status", "--store", screened.path, "--max-age", "gb-tps=6")[0] == 0
    monkeypatch.setenv("DNC_TODAY", "2026-12-19")
    code, out, _ = dnc("status", "--store", screened.path)
    assert code == 1 and "DUE  TPS (United Kingdom) (gb-tps)" in out
    monkeypatch.setenv("DNC_TODAY", "2028-01-01")
    assert "À FAIRE  droit vérifié jusqu'au" in dnc("status", "--store", screened.path, "--lang", "fr")[1]


def test_status_finds_damage_and_what_is_kept_too_long(dnc, screened, monkeypatch):
    """A changed file and snapshots beyond their retention are due."""
    monkeypatch.setenv("DNC_TODAY", "2026-11-26")
    screened.confirm("own", date(2026, 11, 26), "asked everybody")
    assert dnc("status", "--store", screened.path)[0] == 0
    screened.retain("fr-directory", 12)
    assert dnc("status", "--store", screened.path)[0] == 1
    screened.retain("fr-directory", None)
    file = next((screened.path / "snapshots").glob("*.parquet"))
    file.chmod(0o600)
    file.write_bytes(file.read_bytes() + b"x")
    code, out, _ = dnc("status", "--store", screened.path, "--json")
    told = json.loads(out)
    assert (code, told["verified"], len(told["faults"])) == (4, False, 1)
    log = screened.journal.segments()[-1]
    log.write_bytes(log.read_bytes()[:-1])
    code, out, _ = dnc("status", "--store", screened.path)
    assert code == 4 and "DUE  row 7 is missing" in out


def test_status_counts_the_whole_own_list(dnc, tmp_path):
    """What earlier files and records say stays, as `dnc export own` shows; a newer file may be shorter."""
    store = Store(tmp_path / "own")
    for day, numbers in ((1, "+33199000001\n+33199000002\n"), (2, "+33199000003\n")):
        (tmp_path / "own.csv").write_text(numbers)
        store.load(tmp_path / "own.csv", registry="own", as_of=date(2026, 8, day))
    store.object(["+33639980001"], date(2026, 8, 3))
    exported = dnc("export", "own", "--store", store.path)[1].splitlines()[1:]
    told = json.loads(dnc("status", "--store", store.path, "--json")[1])
    assert len(exported) == told["own_numbers"] == told["registries"][0]["numbers"] == 4
    assert "numbers on your own opt-out list today: 4" in dnc("status", "--store", store.path)[1]


def test_status_names_own_records(dnc, write_file, tmp_path):
    """Each kind with its number of rows and the last day that is complete; of customers those of the newest file."""
    store = ("--store", tmp_path / "own")
    calls = write_file("calls.csv", "number,at,result\n+33199000001,2026-08-03T10:00,no_answer\n")
    days = ("--covers", "2026-08-01..2026-08-03", "--brief", write_file("b.toml", 'zone = "Europe/Paris"'))
    assert dnc("load", calls, "--registry", "calls", *days, *store)[0] == 0
    for day, names in (("01", "+33199000001,customer\n+33199000002,customer\n"), ("02", "+33199000001,customer\n")):
        file = write_file("customers.csv", "number,relationship\n" + names.replace("customer", "contract"))
        assert dnc("load", file, "--registry", "customers", "--as-of", f"2026-08-{day}", *store)[0] == 0
    assert dnc("record", "call", "+33199000003", "--at", "2026-08-09T10:00+02:00", "--result", "busy", *store)[0] == 0
    told = {one.pop("kind"): one for one in json.loads(dnc("status", *store, "--json")[1])["records"]}
    assert {kind: (one["rows"], one["complete_until"]) for kind, one in told.items()} == {
        "calls": (2, "2026-08-03"),
        "customers": (1, "2026-08-02"),
    }
    out = dnc("status", *store)[1]
    assert "calls made: 2, last added on" in out and "complete up to 2026-08-03" in out
    assert "nothing is loaded" not in out


def test_status_counts_the_proofs_that_are_not_kept_much_longer(dnc, write_file, tmp_path, monkeypatch):
    """Until the thirtieth day from today; those of earlier days are gone already."""
    monkeypatch.setenv("DNC_TODAY", "2026-11-29")
    ends = ("2026-11-28", "2026-11-29", "29/12/2026", "2026-12-30", "unknown", "")
    rows = (f"+3319900000{at},named_caller,2026-09-01,{end}\n" for at, end in enumerate(ends))
    file = write_file("consents.csv", "number,consent,consent_on,proof_until\n" + "".join(rows))
    store = ("--store", tmp_path / "own")
    assert dnc("load", file, "--registry", "consents", *store)[0] == 0
    assert "proofs kept for at most 30 more days: 2" in dnc("status", *store)[1]
    assert json.loads(dnc("status", *store, "--json")[1])["records"][0]["proofs_ending"] == 2


def test_status_refuses_what_it_cannot_answer(dnc, screened):
    """No store, no such registry, no number of days."""
    with pytest.raises(OptionError, match="no rule looks up"):
        status(screened, Rulebook.load(), {"gb-tsp": 5})
    assert dnc("status", "--store", screened.path, "--max-age", "gb-tps=soon")[0] == 2
    assert dnc("status", "--store", "nowhere")[0] == 4


def test_the_own_list_goes_out_and_comes_back(dnc, store, write_file, monkeypatch):
    """What is exported and loaded again decides every number as before; what was lifted or has expired is left out."""
    monkeypatch.setenv("DNC_TODAY", "2026-11-26")
    rows = (
        "number,since,until\n+33199000001,2026-01-02,\n+33199000002,2026-01-02,2026-03-01\n+33199000003,,2027-01-01\n"
    )
    store.load(write_file("own.csv", rows), as_of=date(2026, 2, 1), registry="own")
    store.object(["+33199000004", "+33199000005"], date(2026, 5, 5))
    store.object(["+33199000005"], date(2026, 6, 6), lift=True, reason="asked to be called again")
    code, out, _ = dnc("export", "own", "--store", store.path, "--out", "own-out.csv")
    assert (code, out) == (0, "")
    kept = pl.read_csv("own-out.csv", schema_overrides={"number": pl.String})
    assert kept.rows() == [
        ("+33199000001", "2026-01-02", None),
        ("+33199000003", "2026-02-01", "2027-01-01"),
        ("+33199000004", "2026-05-05", None),
    ]
    other = Store(store.path.parent / "other")
    other.load("own-out.csv", as_of=date(2026, 11, 26), registry="own")
    calls = write_file("calls.csv", "number\n" + "".join(f"+3319900000{n}\n" for n in range(1, 7)))
    said = [check(calls, one, given={"caller": "commercial"}).verdicts["dnc_blocked_by"] for one in (store, other)]
    assert said[0].to_list() == said[1].to_list() and "objection" in "".join(said[0])
    assert dnc("export", "own", "--store", "nowhere")[0] == 4


def test_no_change_of_the_law_is_said(dnc, monkeypatch):
    """Nothing ahead: a line for the person, no rows, exit code 0."""
    monkeypatch.setenv("DNC_TODAY", "2026-11-26")
    code, _, err = dnc("rules", "fr", "--ahead", "1")
    assert (code, err) == (0, "nothing changes until 2026-11-27\n")


@pytest.mark.skipif(sys.platform == "win32", reason="its pipes hold more")
@pytest.mark.parametrize(
    "verb", [("check", "--columns", "outcome", "--quiet"), ("load", "--preview", "--registry", "own")]
)
def test_a_reader_that_goes_away_is_no_fault_of_the_program(tmp_path, verb):
    """As `| head` does: nothing is printed about it, whether Python or Polars notices."""
    path = tmp_path / "calls.csv"
    path.write_text("number\n" + "".join(f"06 39 98 {at // 100:02} {at % 100:02}\n" for at in range(10_000)))
    command = [sys.executable, "-m", "dnc", "--store", str(tmp_path / "store")]
    command += [verb[0], str(path), "--region", "FR", *verb[1:]]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.read(6) == b"number"
        process.stdout.close()
        assert (process.stderr.read(), process.wait()) == (b"", 141)


JOB = (sys.executable, "-m", "dnc", "check")
# Signals are ignored where the tests run under nohup.
HEARING = """
import os, signal, sys
signal.signal(int(sys.argv[1]), signal.SIG_DFL)
os.execv(sys.argv[2], sys.argv[2:])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_job_that_is_asked_to_end_leaves_no_copy_of_its_list(store, tmp_path, number):
    """The copy of stdin holds telephone numbers; the exit code is that of the signal."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", HEARING, str(number), *JOB, "-", *TOLD, "--store", store.path],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        env=os.environ | {"TMPDIR": str(temporary)},
    ) as job:  # fmt: skip
        job.stdin.write(CALLS.encode())
        job.stdin.flush()
        while not list(temporary.glob("*/*")) and job.poll() is None:
            time.sleep(0.01)
        job.send_signal(number)
        assert job.wait() == 128 + number
        assert job.stderr.read().split() == [b"dnc:", b"interrupted"]
    assert list(temporary.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="descriptors of Unix")
@pytest.mark.parametrize(
    ("closed", "code"), [("2>&-", 1), ("<&- 2>&-", 1), (">&- --out rows.csv", 1), (">&-", 141), ("", 141)]
)
def test_streams_that_are_closed(store, write_file, closed, code):
    """Rows that nobody can read are an error; messages that nobody can read are none."""
    path = write_file("calls.csv", CALLS)
    words = " ".join([*JOB, str(path), *TOLD, "--store", str(store.path)])
    reader, unread = os.pipe()
    os.close(reader)
    stdout = subprocess.PIPE if closed else unread
    done = subprocess.run(
        ["sh", "-c", f"{words} {closed}"],
        check=False,
        cwd=path.parent,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(unread)
    assert done.returncode == code
    assert "internal" not in done.stderr and "ignored" not in done.stderr


FRENCH = {
    "caller": "commercial", "voice": "human", "dialler": "manual", "cli": "+33199000499", "related": "no",
    "sector": "general", "habit": "occasional", "attempts": 0, "recipient": "consumer", "relationship": "none",
    "source": "opt_in_form", "objected_on": "none", "consent": "named_caller", "consent_on": "2026-10-01",
    "consent_for": "live",
}  # fmt: skip
WEEKDAY, SATURDAY, HOLIDAY = "2026-11-24T10:30", "2026-11-28T10:30", "2026-12-25T10:30"


@pytest.fixture
def campaign(write_file, monkeypatch):
    """A list of ten calls to France that may be made at some hours, and a brief with their facts."""
    monkeypatch.setenv("DNC_TODAY", "2026-11-24")
    path = write_file("calls.csv", "\n".join(["number", *(f"019900110{n}" for n in range(10))]))
    facts = "".join(f'{name} = "{fact}"\n' for name, fact in FRENCH.items())
    return path, write_file("campaign.toml", f'region = "FR"\n[facts]\n{facts}')


@pytest.mark.parametrize(
    ("at", "conditions", "code"),
    [
        (WEEKDAY, ("--require", "clear>=1", "--require", "blocked<=0", "--require", "undecided<=0"), 0),
        (SATURDAY, ("--require", "clear>=0.1"), 1),
        (SATURDAY, ("--require", "blocked<=0.99"), 1),
        (HOLIDAY, ("--require", "undecided<=0"), 0),
        (HOLIDAY, ("--require", "blocked<=1"), 0),
        (WEEKDAY, ("--require", "clear>=60"), 2),
    ],
)
def test_conditions_alone_decide_the_exit_code_of_a_check(dnc, store, campaign, at, conditions, code):
    """0 if all are met, 1 if not, whatever the outcomes; the rows are written either way."""
    path, brief = campaign
    words = ("--brief", brief, "--at", at, "--store", store.path, "--json", "--out", "rows.csv", *conditions)
    found, out, err = dnc("check", path, *words)
    assert found == code
    if code != 2:
        told = json.loads(out)
        assert pl.read_csv("rows.csv").height == 10
        holds = [condition["holds"] for condition in told["conditions"]]
        assert all(holds) is (code == 0)
        assert ("Conditions that are not met" in err) is not all(holds)


def test_a_list_without_rows_meets_conditions_on_shares(dnc, store, write_file):
    """No row is against them: a night without rows is a good one."""
    path = write_file("calls.csv", "number\n")
    for condition in ("clear>=1", "blocked<=0", "undecided<=0"):
        assert dnc("check", path, "--require", condition, "--store", store.path)[0] == 0


def test_what_is_not_written_counts_for_conditions_too(dnc, store, campaign):
    """They are about the list, and not about the rows that --only leaves."""
    path, brief = campaign
    words = ("check", path, "--brief", brief, "--at", SATURDAY, "--store", store.path, "--only", "clear")
    assert dnc(*words)[0] == 0
    assert dnc(*words, "--require", "clear>=0.1")[0] == 1


def test_a_list_that_only_its_day_forbids_is_warned_about(dnc, store, campaign):
    """On a Saturday and on a holiday, with the day that was judged; not on a weekday, and not for another reason."""
    path, brief = campaign
    words = ("check", path, "--brief", brief, "--store", store.path, "--out", "rows.csv", "--json", "--at")
    for at, said in ((SATURDAY, "10 of 10; judged for 2026-11-28"), (HOLIDAY, "10 of 10; judged for 2026-12-25")):
        _, out, err = dnc(*words, at)
        assert (json.loads(out)["day_alone"], json.loads(out)["days"]) == (10, [at[:10], at[:10]])
        assert said in err and "--at is the day of the calls" in err
    for more in ((WEEKDAY,), (SATURDAY, "--set", "objected_on=2026-11-01")):
        _, out, err = dnc(*words, *more)
        assert (json.loads(out)["day_alone"], "judged for" in err) == (0, False)


def test_a_brief_whose_day_has_passed_is_warned_about_once(dnc, store, campaign):
    """The desk writes the day of the calls; weeks later nothing else would say that calls are judged for it."""
    path, brief = campaign
    brief.write_text(brief.read_text() + 'call_at = "2026-11-20T10:30"\n')
    words = ("check", path, "--brief", brief, "--store", store.path, "--out", "rows.csv", "--json")
    err = dnc(*words)[2]
    assert err.count("plans the calls for 2026-11-20, which has passed") == 1
    _, out, err = dnc(*words, "--at", WEEKDAY)
    assert (json.loads(out)["days"], "which has passed" in err) == ([WEEKDAY[:10]] * 2, False)
    assert "which has passed" not in dnc(*words, "--set", "call_at=2026-11-20")[2]
