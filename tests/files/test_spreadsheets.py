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


@pytest.mark.parametrize(
    ("code", "value", "is_marked"),
    [
        (';;;"ne pas appeler"', "Actif", True),
        ('"oui";"non";"non"', 0, True),
        ('[=1]"oui";"non"', 1, True),
        (r"\n\o\n", 1, True),
        ('"DNC "0', 199000001, True),
        ('@" (ne pas appeler)"', "Actif", True),
        ('00" "00" "00" "00" "00', 199000001, False),
        ('# ##0.00" euros"', 5, False),
        ('[$-40C]d mmmm yyyy" à "hh:mm;@', 46000, False),
        (r'_-* #,##0.00\ "€"_-;-* #,##0.00\ "€"_-;_-* "-"??\ "€"_-;_-@_-', 5, False),
    ],
)
def test_rows_with_a_number_format_that_shows_words_are_marked(code, value, is_marked, tmp_path):
    """A person sees the words, and not the value; beside the value only words that say not to call count."""
    with xlsxwriter.Workbook(tmp_path / "calls.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["number", "status"])
        sheet.write_row(1, 0, ["0199000001", value])
        sheet.write(1, 1, value, book.add_format({"num_format": code}))
        sheet.write_row(2, 0, ["0199000002", value])
    rows = pl.concat(open_table(tmp_path / "calls.xlsx").batches)
    assert rows[RAGGED].to_list() == [STRUCK if is_marked else None, None]


def with_parts(path: Path, edits: dict[str, tuple[bytes, bytes]], **added: str) -> Path:
    """A workbook of two rows in which some parts were edited, or added."""
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet().write_column(0, 0, ["number", "0199000001", "0199000002"])
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for name, (old, new) in edits.items():
        parts[name] = parts[name].replace(old, new)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (parts | added).items():
            archive.writestr(name, content)
    return path


def test_what_is_shown_above_a_text_marks_its_row(tmp_path):
    """A phonetic text stands above the cell, and is no part of its value."""
    phonetic = b'<t>0199000002</t><rPh sb="0" eb="1"><t>ne pas appeler</t></rPh>'
    shared = {"xl/sharedStrings.xml": (b"<t>0199000002</t>", phonetic)}
    rows = pl.concat(open_table(with_parts(tmp_path / "calls.xlsx", shared)).batches)
    assert rows["number"].to_list() == ["0199000001", "0199000002"]
    assert rows[RAGGED].to_list() == [None, STRUCK]


def test_comments_in_threads_are_notes(tmp_path):
    """Excel writes a note beside each, other programs do not."""
    kind = "http://schemas.microsoft.com/office/2017/10/relationships/threadedComment"
    threads = (
        '<ThreadedComments><threadedComment ref="A3"><text>ne plus appeler</text></threadedComment></ThreadedComments>'
    )
    parts = {
        "xl/threadedComments/threadedComment1.xml": threads,
        "xl/worksheets/_rels/sheet1.xml.rels": f'<Relationships><Relationship Id="r1" Type="{kind}" '
        'Target="../threadedComments/threadedComment1.xml"/></Relationships>',
    }
    rows = pl.concat(open_table(with_parts(tmp_path / "calls.xlsx", {}, **parts)).batches)
    assert rows[RAGGED].to_list() == [None, NOTED]


@pytest.mark.parametrize(
    ("printed", "hint", "titles"),
    [
        ('&L&"Arial,Bold"&14Liste rouge&C&P/&N', "", ["Liste rouge  /"]),
        ("&RConfidentiel &D", "", ["Confidentiel"]),
        ("&CPage &P sur &N", "Choisissez", []),
        ("&C&A", "O = ne pas appeler", ["O = ne pas appeler"]),
        ("&CNe pas appeler - &P", "", ["Ne pas appeler -"]),
    ],
)
@pytest.mark.parametrize("shown", ["input_message", "error_message"])
def test_headers_of_pages_and_hints_are_texts_around_the_table(printed, hint, titles, shown, tmp_path):
    """But for the number of the page, and for hints that do not say not to call."""
    with xlsxwriter.Workbook(tmp_path / "calls.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write_column(0, 0, ["number", "0199000001"])
        sheet.set_footer(printed)
        sheet.data_validation("B2", {"validate": "list", "source": ["O", "N"], shown: hint})
    assert open_table(tmp_path / "calls.xlsx").titles == titles


def test_names_and_properties_are_texts_around_the_table(tmp_path):
    """Of ranges, of a table, and of the file, if they say not to call; and so is the description of what lies over the cells."""
    with xlsxwriter.Workbook(tmp_path / "calls.xlsx") as book:
        sheet = book.add_worksheet("Calls")
        sheet.add_table("A1:A2", {"name": "Oppositions", "columns": [{"header": "number"}]})
        sheet.write_column(0, 0, ["number", "0199000001"])
        for text in ("Ne pas appeler ceux qui sont cochés", "Le logo"):
            sheet.insert_textbox("C2", "", {"description": text})
        book.define_name("NePasAppeler", "=Calls!$A$2")
        book.define_name("Printemps", "=Calls!$A$2")
        book.set_properties({"title": "Liste d'opposition", "author": "Exemple", "keywords": "stop"})
        book.set_custom_property("Usage", "Do not call")
        book.set_custom_property("Service", "Ventes")
    says_so = {"NePasAppeler", "Liste d'opposition", "stop", "Oppositions", "Do not call"}
    assert set(open_table(tmp_path / "calls.xlsx").titles) == says_so | {"Ne pas appeler ceux qui sont cochés"}


@pytest.mark.parametrize("lines", [1, 2, 3])
def test_rows_that_are_crossed_out_are_marked(lines, tmp_path):
    """By a diagonal border of a cell, or by two."""
    with xlsxwriter.Workbook(tmp_path / "calls.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write_column(0, 0, ["number", "0199000001", "0199000002"])
        sheet.write(1, 0, "0199000001", book.add_format({"diag_type": lines}))
        sheet.write(2, 0, "0199000002", book.add_format({"border": 1}))
    rows = pl.concat(open_table(tmp_path / "calls.xlsx").batches)
    assert rows[RAGGED].to_list() == [STRUCK, None]


def test_text_boxes_are_texts_around_the_table(tmp_path):
    """They lie over the cells, so a person sees them first."""
    with xlsxwriter.Workbook(tmp_path / "calls.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write_column(0, 0, ["number", "0199000001"])
        sheet.insert_textbox("C2", "Ne pas appeler\navant accord")
        sheet.insert_textbox("C9", "")
    assert open_table(tmp_path / "calls.xlsx").titles == ["Ne pas appeler avant accord"]


@pytest.mark.parametrize("elsewhere", [False, True])
@pytest.mark.parametrize(("text", "count"), [("En rouge : ne plus appeler", 3), ("Liste du 3 mai", 0)])
def test_coloured_cells_are_counted_where_a_text_names_a_colour(text, count, elsewhere, tmp_path):
    """A legend around the table, or in another sheet, may be about the colour of rows, which is not read."""
    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
        sheet, red, bold = book.add_worksheet(), book.add_format({"bg_color": "red"}), book.add_format({"bold": True})
        sheet.write_row(2, 0, ["number", "name"], red)
        sheet.write_row(3, 0, ["0199000001", "Marie"], red)
        sheet.write_row(4, 0, ["0199000002", "Paul"], bold)
        sheet.write(5, 0, "0199000003", book.add_format({"font_color": "red"}))
        book.add_worksheet().write(0, 0, text if elsewhere else "Merci")
    [counted] = open_table(tmp_path / "a.xlsx").colours
    assert counted(["Clients", "" if elsewhere else text]) == count


def test_hidden_rows_are_read_and_counted(tmp_path):
    """Who filters a sheet before it is saved sees only some of its rows; a program sees all."""
    tables = [open_table(xlsx(tmp_path / f"{at}.xlsx", hidden=at)) for at in (True, False)]
    assert [table.hidden for table in tables] == [1, 0]
    one, other = (pl.concat(table.batches) for table in tables)
    assert one.equals(other)
