"""Cells that were not understood are counted by column and word, and said with what to write in the brief."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dnc import Store, check
from dnc.clock import today
from dnc.lists.brief import Brief
from dnc.reports.check_page import html
from dnc.reports.check_summary import summary
from dnc.reports.phrases import misread, remedy
from dnc.reports.workbook import annex

ROWS = [
    ("0639980001", "Part.", "03/04/2026"),
    ("0639980002", "Part.", "bientôt"),
    ("0639980003", "", "a.b@example.org"),
    ("0639980004", "0639980009 x", ""),
]


@pytest.fixture
def result(tmp_path, write_file):
    """A check of a list with such cells."""
    text = "number;Qualité;consent_on\n" + "".join(f"{';'.join(row)}\n" for row in ROWS)
    brief = Brief(region="FR", columns={"recipient": "Qualité"})
    return check(write_file("calls.csv", text), Store(tmp_path / "store"), brief=brief, given={"caller": "commercial"})


def test_cells_are_counted_and_masked(result):
    """Most frequent first; no digit of a number and no address is repeated."""
    assert [one[:4] for one in misread(result)] == [
        ("recipient", "Part.", 2, 'values.recipient."Part." = "consumer"'),
        ("consent_on", "##/##/####", 1, 'dates = "dmy"'),
        ("consent_on", "bientôt", 1, 'values.consent_on."bientôt" = "YYYY-MM-DD"'),
        ("consent_on", "…@…", 1, None),
        ("recipient", "########## x", 1, None),
    ]


def test_reports_show_them(result):
    """Page and spreadsheet; the terminal counts them, and no report advises to map a column that is mapped."""
    lines = "\n".join(summary(result))
    sheet = "\n".join(map(str, next(iter(annex(result).values())).rows()))
    page = html(result)
    assert "3  Consumer or business" in lines and "Part." not in lines
    for report in (lines, sheet, page):
        assert "Part." in report or report is lines
        assert "example.org" not in report
        assert "063998" not in report
    line = "in the list, row by row: the empty cells of 'Qualité'"
    assert remedy("recipient", 4, result) == line
    assert "columns.recipient" not in lines


def test_where_no_cell_is_empty_their_meaning_is_asked_for(tmp_path, write_file):
    """A value for empty cells would decide nothing there."""
    rows = "".join(f"019900000{at},{word}\n" for at, word in enumerate(["Part.", "Part.", "Pro", "consumer"]))
    path = write_file("calls.csv", f"number,recipient\n{rows}")
    result = check(path, Store(tmp_path / "store"), region="FR")
    assert remedy("recipient", 3, result) == 'in the brief: values.recipient."…" = "consumer"'


def test_one_number_shown_can_be_set_for_all_rows(result):
    """A text may be the same for all calls; counts and days differ from person to person, and are columns."""
    line = 'in the brief: facts.cli = "…"  # the same for all rows; or columns.cli = "your column"'
    assert remedy("cli", 1, result) == line
    days = f"{today() - timedelta(days=30)}..{today() - timedelta(days=1)}"
    load = f"dnc load FILE --registry calls --covers {days}"
    assert (
        remedy("attempts", 1, result)
        == f'in the brief: columns.attempts = "your column"; or load the calls made: {load}'
    )
    assert remedy("relationship", 1, result).endswith("dnc load FILE --registry customers --as-of DAY")


@pytest.mark.parametrize(
    ("dates", "written", "warns"),
    [
        ("iso", {"##/##/####": 'dates = "dmy"', "##/##/#### (mdy)": 'dates = "mdy"'}, False),
        ("dmy", {"##/##/#### (mdy)": None}, True),
        ("mdy", {"##/##/####": None}, False),
    ],
)
def test_a_date_of_another_order_is_said(store, write_file, dates, written, warns):
    """A day that no declared order, or the other one, explains; one in the future is of the declared order."""
    days = ["07/20/2026", "05/08/2026"] + ["12/30/2099"] * (dates == "mdy")
    rows = "".join(f"+3319900000{at},{day}\n" for at, day in enumerate(days))
    result = check(write_file("calls.csv", f"number,consent_on\n{rows}"), store, brief=Brief(dates=dates))
    assert {one.word: one.write for one in misread(result)} == written
    assert ("contradict the order" in "\n".join(summary(result))) == warns
