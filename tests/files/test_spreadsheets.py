"""What a workbook says besides the values of its cells."""

from __future__ import annotations

import zipfile
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from dnc import InputError
from dnc.files.open_table import open_table
from dnc.files.table import LINE, NOTED, RAGGED, STRUCK

ROWS = [["number", "objected_on"], ["0199000001", ""], ["0261910002", "#N/A"], ["", ""], ["#REF!", ""]]


def test_failed_and_merged_cells(tmp_path):
    """A failed formula stands as its error, so that no row is lost; cells that are merged below the header are refused."""
    for name in ("calls", "merged"):
        with xlsxwriter.Workbook(tmp_path / f"{name}.xlsx") as book:
            sheet = book.add_worksheet()
            for row, texts in enumerate(ROWS):
                for column, text in enumerate(texts):
                    sheet.write_formula(row, column, "=x", None, text) if text[:1] == "#" else sheet.write(
                        row, column, text
                    )
            if name == "merged":
                sheet.merge_range("A2:A3", "0199000001")
    table = open_table(tmp_path / "calls.xlsx")
    rows = pl.concat(table.batches)
    assert rows["number"].to_list() == ["0199000001", "0261910002", "#REF!"]
    assert rows["objected_on"].to_list() == [None, "#N/A", None]
    assert rows[LINE].to_list() == [2, 3, 5]
    with pytest.raises(InputError, match=r"merged\.xlsx:3: cells are merged here"):
        open_table(tmp_path / "merged.xlsx")


def xlsx(path: Path, marked: bool = False, hidden: bool = False) -> Path:
    """As Excel writes it."""
    with xlsxwriter.Workbook(path) as book:
        sheet, struck = book.add_worksheet(), book.add_format({"font_strikeout": marked})
        for row, texts in enumerate(ROWS[:3]):
            sheet.write_row(row, 0, texts, struck if row == 1 else None)
        if hidden:
            sheet.set_row(1, None, None, {"hidden": True})
        if marked:
            sheet.write_comment("A3", "Marie:\nNe plus appeler")
    return path


def part_struck(path: Path, *, inline: bool) -> Path:
    """As Excel writes a sheet in whose second and third row only selected text is struck through, or was."""
    with xlsxwriter.Workbook(path, {"in_memory": not inline, "constant_memory": inline}) as book:
        sheet, struck, bold = (
            book.add_worksheet(),
            book.add_format({"font_strikeout": True}),
            book.add_format({"bold": 1}),
        )
        sheet.write_row(0, 0, ["number", "name"])
        for row, style in enumerate((bold, struck, bold), 1):
            sheet.write_string(row, 0, f"019900000{row}")
            sheet.write_rich_string(row, 1, style, "Marie ", bold, "Curie")
    return path


@pytest.mark.parametrize("kind", ["xlsx", "inline.xlsx"])
def test_rows_with_text_that_is_struck_through_in_part_are_marked(kind, tmp_path):
    """Who selects the text of a cell and crosses it out changes the style of the text, and not that of the cell."""
    path = tmp_path / f"calls.{kind}"
    table = open_table(part_struck(path, inline=kind != "xlsx"))
    rows = pl.concat(table.batches)
    assert rows[RAGGED].to_list() == [None, STRUCK, None]
    assert rows["name"].to_list() == ["Marie Curie"] * 3


def test_rows_that_are_struck_through_or_noted_are_marked(tmp_path):
    """Offices strike through the rows of people who are not to be called, or write it into a note on a cell."""
    marked, plain = (pl.concat(open_table(xlsx(tmp_path / f"{at}.xlsx", marked=at)).batches) for at in (True, False))
    assert marked[RAGGED].to_list()[:2] == [STRUCK, NOTED]
    assert plain[RAGGED].null_count() == plain.height


def test_a_sheet_that_is_not_there_is_refused(tmp_path):
    """What its cells say besides their values would be unknown."""
    with xlsxwriter.Workbook(whole := tmp_path / "whole.xlsx") as book:
        book.add_worksheet().write_column(0, 0, ["number", "0199000001"])
    with zipfile.ZipFile(whole) as archive, zipfile.ZipFile(tmp_path / "calls.xlsx", "w") as moved:
        for name in archive.namelist():
            content = archive.read(name).replace(b"worksheets/sheet1.xml", b"sheets/sheet1.xml")
            moved.writestr(name.replace("worksheets/sheet1.xml", "sheets/sheet1.xml"), content)
    with pytest.raises(InputError, match="names a sheet that is not in it; open it and save it again"):
        open_table(tmp_path / "calls.xlsx")


def test_what_is_not_looked_at_marks_nothing(tmp_path):
    """Colours, borders, formats of numbers, formatting by rules, text boxes, hints, printed headers, names, properties."""
    with xlsxwriter.Workbook(tmp_path / "calls.xlsx") as book:
        sheet = book.add_worksheet("Calls")
        sheet.add_table("A1:A3", {"name": "Oppositions", "columns": [{"header": "number"}]})
        formats = ({"bg_color": "red"}, {"diag_type": 1, "num_format": '"DNC "0'})
        for row, format_ in enumerate(formats, 1):
            sheet.write(row, 0, f"019900000{row}", book.add_format(format_))
        rule = {"type": "no_blanks", "format": book.add_format({"font_strikeout": True})}
        sheet.conditional_format("A2:A3", rule)
        sheet.insert_textbox("C2", "Ne pas appeler", {"description": "Ne pas appeler"})
        sheet.data_validation("B2", {"validate": "list", "source": ["O"], "input_message": "O = ne pas appeler"})
        sheet.set_footer("&CNe pas appeler")
        book.define_name("NePasAppeler", "=Calls!$A$2")
        book.set_properties({"title": "Liste d'opposition"})
    table = open_table(tmp_path / "calls.xlsx")
    rows = pl.concat(table.batches)
    assert (table.titles, rows[RAGGED].to_list()) == ([], [None, None])


def test_hidden_rows_are_read_and_counted(tmp_path):
    """Who filters a sheet before it is saved sees only some of its rows; a program sees all."""
    tables = [open_table(xlsx(tmp_path / f"{at}.xlsx", hidden=at)) for at in (True, False)]
    assert [table.hidden for table in tables] == [1, 0]
    one, other = (pl.concat(table.batches) for table in tables)
    assert one.equals(other)
