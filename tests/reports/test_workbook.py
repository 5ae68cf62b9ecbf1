"""The spreadsheet, opened by another library: what a data officer finds in it."""

from __future__ import annotations

import openpyxl
import polars as pl
import pytest

from dnc import InputError, check, write
from dnc.files import xlsx_writer
from dnc.lists.brief import Brief
from dnc.store.store import Store
from tests.reports.test_check_page import CALLS, GIVEN


@pytest.fixture
def book(store: Store, write_file, tmp_path, monkeypatch):
    """A function that checks a list and opens its workbook."""
    monkeypatch.setenv("DNC_TODAY", "2026-11-25")

    def made(calls: str | bytes = CALLS, name: str = "calls.csv", **options) -> openpyxl.Workbook:
        options = {"region": "FR", "at": "2026-12-01T10:30", "given": GIVEN, **options}
        check(write_file(name, calls), store, out=tmp_path / "v.xlsx", **options)
        return openpyxl.load_workbook(tmp_path / "v.xlsx")

    return made


def _rows(sheet) -> list[dict[str, object]]:
    header, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(header, row, strict=True)) for row in rows]


def test_every_sheet_has_a_frozen_header_and_filters(book):
    """Header frozen and bold, filters over all columns; summary, rows, law, and the summary is opened first."""
    made = book()
    assert made.sheetnames == ["summary", "calls", "verdicts", "law"] and made.active.title == "summary"
    for sheet in made:
        assert sheet.freeze_panes == "A2"
        assert sheet.auto_filter.ref == sheet.dimensions
        assert all(cell.font.bold for cell in sheet[1])


def test_outcomes_are_coloured(book):
    """One rule an outcome, over the column of outcomes, each with a ground of its own."""
    sheet = book()["verdicts"]
    column = [cell.value for cell in sheet[1]].index("dnc_outcome") + 1
    [(where, rules)] = [(one.sqref, one.rules) for one in sheet.conditional_formatting]
    [cells] = where.ranges
    assert (cells.min_col, cells.min_row, cells.max_row) == (column, 2, sheet.max_row)
    assert [rule.text for rule in rules] == ["clear", "blocked", "undecided"]
    assert len({rule.dxf.fill.bgColor.rgb for rule in rules}) == 3


def test_numbers_are_text_and_days_are_days(book):
    """No telephone number becomes a quantity; a day can be sorted as one, and comes back as it was."""
    rows = _rows(book()["verdicts"])
    assert rows[0]["number"] == "01 99 00 04 18" and rows[0]["dnc_number"] == "+33199000418"
    [day] = {row["dnc_valid_until"] for row in rows} - {None}
    assert f"{day:%Y-%m-%d}" == "2027-10-01"


def test_long_integers_are_text(store, tmp_path):
    """A number of twelve digits or more keeps them; a count stays a count."""
    pl.DataFrame({"number": [33639980001], "id": [123456789012345678], "n": [7]}).write_parquet(tmp_path / "c.parquet")
    check(tmp_path / "c.parquet", store, brief=Brief(ignore=["id", "n"]), out=tmp_path / "v.xlsx")
    [row] = _rows(openpyxl.load_workbook(tmp_path / "v.xlsx")["verdicts"])
    assert (row["id"], row["n"]) == ("123456789012345678", 7)


def test_the_summary_says_what_the_page_says(book):
    """The decision in the order of the page, then list, checksum and declared facts; the caller's number is left out."""
    rows = _rows(book()["summary"])
    told = {row["What"]: row["Result"] for row in rows}
    order = [
        "Outcome",
        "Use",
        "possible",
        "forbidden",
        "need more information",
        "When you may call",
        "Why not the others",
    ]
    assert [what.partition(" (")[0] for what in dict.fromkeys(row["What"] for row in rows)][: len(order)] == order
    assert told["Outcome"] == "1 of 8 calls is possible, 1 is forbidden, 6 need more information."
    assert told["List"] == "calls.csv" and told["Rows"] == "8" and told["possible (dnc_outcome = clear)"] == "1 (12.5%)"
    assert told["Fact: Caller"] == "a business (the command line)" and "33199000499" not in str(told)


def test_rules_have_links(book):
    """Each rule the calls turned on, with its calls, its sentence, and its sources to click."""
    sheet = book()["law"]
    rows = _rows(sheet)
    optin = [row for row in rows if row["id"] == "fr-optin-2026"]
    assert {(row["forbidden"], row["How sure the reading is"]) for row in optin} == {(1, "high")} and len(optin) > 1
    assert optin[0]["Rule"] == "Consent before selling by phone (since 11 Aug 2026)"
    column = [cell.value for cell in sheet[1]].index("URL")
    cells = [row[column] for row in sheet.iter_rows(min_row=2) if row[column].value]
    assert cells and all(cell.hyperlink.target == cell.value for cell in cells)


def test_it_speaks_french(book):
    """The sheets of a French check are French."""
    made = book(language="fr")
    assert made.sheetnames == ["résumé", "appels", "verdicts", "droit"]
    words, machine = _rows(made["appels"]), _rows(made["verdicts"])
    assert [row["number"] for row in words] == [row["number"] for row in machine]
    assert [row["Résultat"] for row in words][:3] == ["interdit", "appel possible", "à compléter"]
    assert words[0]["Interdit par"] == "Consentement avant de démarcher (depuis le 11 août 2026)"
    assert not any("dnc_" in name or "fr-" in str(cell) for row in words for name, cell in row.items())
    assert [cell.value for cell in made["droit"][1]][:4] == ["Règle", "interdits", "à compléter", "obligations"]
    assert "interdits (dnc_outcome = blocked)" in {row["Quoi"] for row in _rows(made["résumé"])}


def test_more_rows_than_a_sheet_holds(book, monkeypatch):
    """Rows go on to further sheets, none lost, in order, and the summary says so."""
    monkeypatch.setattr(xlsx_writer, "XLSX_ROWS", 3)
    monkeypatch.setattr("dnc.reports.workbook.XLSX_ROWS", 3)
    made = book()
    assert made.sheetnames[:4] == ["summary", "calls", "calls 2", "calls 3"]
    numbers = [row["number"] for name in made.sheetnames[4:7] for row in _rows(made[name])]
    assert numbers == [line.split(",")[0] for line in CALLS.splitlines()[1:]]
    assert made["verdicts 2"].freeze_panes == "A2"
    told = {row["What"]: row["Result"] for row in _rows(made["summary"])}
    assert told["Sheets"] == "A sheet holds 3 rows; the calls continue up to the sheet verdicts 3."


def test_more_rows_than_a_workbook_is_good_for(book, monkeypatch, tmp_path):
    """Beyond its cap a spreadsheet is refused with a word, and nothing is left behind."""
    monkeypatch.setattr(xlsx_writer, "XLSX_ROWS", 1)
    with pytest.raises(InputError, match=r"a spreadsheet has at most 5 rows; write .csv or .parquet"):
        book()
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith((".dnc", "parts", "v."))] == []


def test_what_no_cell_holds_is_cut(book):
    """A text longer than a cell holds is cut, not lost and not an error."""
    told = {"brief": Brief("FR", ignore=["note"])}
    [row] = _rows(book("number,note\n01 99 00 04 18," + "x" * 40_000 + "\n", **told)["verdicts"])
    assert row["note"] == "x" * 32_767


def test_a_list_without_rows(book):
    """A header alone makes a workbook with a header."""
    sheet = book("number,note\n")["verdicts"]
    assert [cell.value for cell in sheet[1]][:3] == ["number", "note", "dnc_number"] and sheet.max_row == 1


def test_headers_that_would_run_or_repeat(book):
    """Names of columns are defused, and told apart where they repeat."""
    sheet = book("number,=1+1,=1+1\n01 99 00 04 18,a,b\n", brief=Brief("FR", ignore=["=1+1", "=1+1 (2)"]))["verdicts"]
    assert [cell.value for cell in sheet[1]][:3] == ["number", "'=1+1", "'=1+1 (2)"]


def test_it_is_written_afterwards_and_read_again(store, write_file, tmp_path):
    """`write` makes the same workbook, and a check reads it like the list it came from."""
    result = check(write_file("calls.csv", CALLS), store, region="FR", given=GIVEN, at="2026-12-01T10:30")
    write(result, tmp_path / "v.xlsx")
    again = check(tmp_path / "v.xlsx", store, region="FR", given=GIVEN, at="2026-12-01T10:30")
    names = [name for name in again.verdicts.columns if name.startswith("dnc_")]
    assert again.verdicts.select(names).equals(result.verdicts.select(names))
