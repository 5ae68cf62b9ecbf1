"""Deciding again: what changed, what a dialler gets, what the law will do; fit for cron."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import polars as pl
import pytest

from dnc import InputError, check
from dnc.cli.main import cli
from dnc.errors import OptionError
from dnc.lists.brief import Brief
from tests import SALE

CALLS = """\
number;name;recipient;consent;consent_on;consent_for;objected_on
01 99 00 04 18;A;consumer;none;;;none
01 99 00 04 19;B;consumer;named_caller;2025-09-01;both;none
02 61 91 00 01;C;consumer;named_caller;2026-08-01;both;none
hello;D;consumer;;;;none
"""
SET = [word for name, fact in SALE.items() for word in ("--set", f"{name}={fact}")]
TOLD = ["--region", "FR", "--ignore", "name", *SET]


def _rows(text: str, delimiter: str = ";") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text), delimiter=delimiter))


def _first(dnc, write_file, *more: str):
    path = write_file("calls.csv", CALLS)
    return dnc("check", path, *TOLD, "--at", "2026-08-20T10:30", "--out", "former.csv", *more)


def test_changed_gives_only_rows_that_came_out_otherwise(dnc, write_file):
    """A consent that ran out between two runs: one row, with what it was, and the code speaks of it."""
    assert _first(dnc, write_file)[0] == 1
    again = ["check", "former.csv", "--changed", *TOLD, "--at"]
    code, out, err = dnc(*again, "2026-09-21T10:30")
    [row] = _rows(out)
    assert (row["name"], row["dnc_outcome"], row["dnc_was"]) == ("B", "blocked", "clear")
    assert code == 1 and "1 of them written, the calls whose outcome changed; now 0 possible, 1 forbidden" in err
    code, out, err = dnc(*again, "2026-08-21T10:30", "--quiet")
    assert (code, _rows(out), err) == (0, [], "")


def test_a_former_output_of_any_format_is_decided_again(store, write_file, tmp_path):
    """Parquet, XLSX and JSON lines serve as former outputs as CSV does."""
    calls, at = write_file("calls.csv", CALLS), {"brief": Brief(region="FR", ignore=["name"]), "given": SALE}
    for suffix in ("parquet", "xlsx", "jsonl"):
        former = tmp_path / f"former.{suffix}"
        check(calls, store, at="2026-08-20T10:30", out=former, **at)
        again = check(former, store, at="2026-09-21T10:30", changed=True, **at)
        assert again.verdicts.select("name", "dnc_was", "dnc_outcome").rows() == [("B", "clear", "blocked")]
        assert again.counts == {"clear": 1, "blocked": 2, "undecided": 1}


def test_a_row_without_a_former_outcome_has_changed(store, write_file):
    """What was never decided is given, with nothing for what it was."""
    path = write_file("former.csv", "number,dnc_outcome,dnc_was\n01 99 00 04 18,,x\n01 99 00 04 18,undecided,x\n")
    result = check(path, store, region="FR", changed=True)
    assert result.verdicts.select("dnc_was", "dnc_outcome").rows() == [("", "undecided")]
    assert result.verdicts.columns.count("dnc_was") == 1


def test_changed_wants_a_former_output(store, write_file):
    """A list that was never decided is refused, and nothing is logged."""
    with pytest.raises(InputError, match="no column 'dnc_outcome'; --changed needs the output of an earlier check"):
        check(write_file("calls.csv", CALLS), store, region="FR", changed=True)
    assert not store.exists


def test_only_clear_is_a_diallers_file(dnc, write_file):
    """Only rows that are clear, all their columns, and code 0 for a script that goes on; the log knows."""
    code, out, err = _first(dnc, write_file, "--only", "clear")
    assert [row["name"] for row in _rows(Path("former.csv").read_text(encoding="utf-8"))] == ["B", "C"]
    assert (code, out) == (0, "") and "2 of them written: 2 possible, 0 forbidden, 0 need more information" in err
    detail = json.loads(_rows(dnc("log")[1], ",")[0]["detail"])
    assert detail["only"] == ["clear"] and detail["counts"] == {"clear": 2, "blocked": 1, "undecided": 1}


def test_only_takes_several(dnc, write_file):
    """Outcomes are named by repetition or with commas; the exit code speaks of the rows given."""
    for words in (["--only", "clear,undecided"], ["--only", "clear", "--only", "undecided"]):
        code, _, _ = _first(dnc, write_file, *words)
        assert code == 3
    assert _first(dnc, write_file, "--only", "clean")[0] == 2


def test_only_of_nothing_gives_a_header(store, write_file, tmp_path):
    """No such row is no error: every format has its columns and no row."""
    path, outs = write_file("calls.csv", "number\nhello\n"), [tmp_path / f"v.{x}" for x in ("csv", "parquet", "xlsx")]
    result = check(path, store, region="FR", only=["clear"], out=outs)
    assert pl.read_parquet(outs[1]).height == 0 and result.rows == 1 and result.given.total() == 0
    with pytest.raises(OptionError):
        check(path, store, only=["free"])


@pytest.fixture
def brief(write_file):
    """A brief for selling by telephone to French consumers who gave no consent."""
    facts = 'caller = "commercial"\nvoice = "human"\nrecipient = "consumer"\nrelationship = "none"\nconsent = "none"\nsector = "general"\n'
    return write_file("b.toml", f'region = "FR"\n[columns]\nnumber = "Tél"\n[facts]\ncall_at = "2026-01-05"\n{facts}')


def test_the_law_ahead_of_a_list(dnc, brief, monkeypatch):
    """Sixty days before 11 August 2026: the opt-in starts and blocks, Bloctel ends; the list goes from undecided to blocked."""
    monkeypatch.setenv("DNC_TODAY", "2026-07-01")
    code, out, _ = dnc("rules", "--ahead", "60", "--brief", brief)
    rows = {row["regime"]: row for row in _rows(out, ",")}
    assert code == 1
    assert {row["before"] + ">" + row["after"] for row in rows.values()} == {"undecided>blocked"}
    assert (rows["fr-optin-2026"]["change"], rows["fr-optin-2026"]["finding"]) == ("starts", "forbids the call")
    assert rows["fr-bloctel-2020"]["change"] == "ends"
    assert "fr-cpce-auto-optin" not in rows and "fr-optin-2026-automated" not in rows


def test_the_law_between_two_days(dnc, brief, monkeypatch):
    """The first day is not among the changes, the last is; the outcome of such a call is told on both sides of each."""
    monkeypatch.setenv("DNC_TODAY", "2026-12-01")
    code, out, _ = dnc("rules", "--on", "2026-08-10", "--ahead", 1, "--brief", brief)
    rows = {row["regime"]: row for row in _rows(out, ",")}
    assert code == 1 and {row["day"] for row in rows.values()} == {"2026-08-11"}
    assert (rows["fr-optin-2026"]["before"], rows["fr-optin-2026"]["after"]) == ("undecided", "blocked")
    code, out, _ = dnc("rules", "--on", "2026-08-11", "--ahead", 1, "--brief", brief)
    assert (code, _rows(out, ",")) == (0, [])
    assert "fr-optin-2026-automated" in dnc("rules", "fr", "--on", "2026-08-10", "--ahead", 1)[1]
    assert dnc("rules", "fr", "--on", "2026-08-10", "--ahead", 0)[0] == 2


def test_the_law_ahead_at_large(dnc, monkeypatch):
    """Without a brief every change is told; where nothing changes the code is 0 and no row stands there."""
    monkeypatch.setenv("DNC_TODAY", "2026-07-01")
    code, out, _ = dnc("rules", "fr", "--ahead", "60")
    assert code == 1 and "fr-optin-2026-automated" in out
    header = "day,jurisdiction,regime,change,finding,before,after,says\n"
    assert dnc("rules", "fr", "--ahead", "5") == (0, header, "nothing changes until 2026-07-06\n")
    assert dnc("rules", "--brief", "b.toml")[0] == 2


def test_the_end_of_the_law_that_was_read_is_a_change(dnc, monkeypatch):
    """The first day behind the last that was read stands among the changes."""
    monkeypatch.setenv("DNC_TODAY", "2027-12-01")
    _, out, _ = dnc("rules", "gb", "--ahead", "60")
    assert [(row["day"], row["regime"], row["change"]) for row in _rows(out, ",")] == [
        ("2028-01-01", "gb-scope", "unread")
    ]


def test_the_help_says_what_codes_mean():
    """Cron reads exit codes: check and rules say in their help what theirs mean."""
    assert "is about the rows that are written" in " ".join((cli.commands["check"].help or "").split())
    assert "exit code is 1 if the law changes" in " ".join((cli.commands["rules"].help or "").split())
