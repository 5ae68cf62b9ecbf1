"""Spreadsheets of other programs (.ods, .xls, .xlsb), written by hand as far as a reader needs them."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from dnc import InputError
from dnc.files.open_table import open_table
from dnc.files.table import LINE, NOTED, RAGGED, STRUCK

ROWS = [["number", "objected_on"], ["0199000001", ""], ["0261910002", "#N/A"], ["", ""], ["#REF!", ""]]
ERRORS = {"#N/A": 42, "#REF!": 23}


def ods(path: Path, merged: bool = False, marked: bool = False, hidden: bool = False) -> Path:
    """As LibreOffice writes it: two sheets, the first one of them empty.

    marked: the second row is struck through, and there is a note on the third. hidden: the second row is.
    """

    def cell(text: str, row: int) -> str:
        span = ' table:number-rows-spanned="2" table:number-columns-spanned="1"' if merged and row == 1 else ""
        if text in ERRORS:
            error = 'table:formula="of:=x" office:value-type="string" office:string-value="" calcext:value-type="error"'
            return f"<table:table-cell {error}><text:p>{text}</text:p></table:table-cell>"
        note = "<office:annotation><text:p>Ne plus appeler</text:p></office:annotation>" if marked and row == 2 else ""
        style = f' table:style-name="ce{row}"' if marked else ""
        told = f' office:value-type="string">{note}<text:p>{text}</text:p></table:table-cell>' if text else "/>"
        return f"<table:table-cell{span}{style}{told}"

    visible = ["", ' table:visibility="filter"' if hidden else "", *[""] * (len(ROWS) - 2)]
    rows = "".join(
        f"<table:table-row{visible[n]}>{''.join(cell(text, n) for text in row)}</table:table-row>"
        for n, row in enumerate(ROWS)
    )
    names = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "style", "table", "text")
    )
    sheets = f'<table:table table:name="a"/><table:table table:name="b">{rows}</table:table>'
    styles = "".join(
        f'<style:style style:name="ce{row}"><style:text-properties style:text-line-through-style="{line}"/></style:style>'
        for row, line in enumerate(("none", "solid", "none"))
    )
    content = (
        f'<?xml version="1.0"?><office:document-content {names} xmlns:calcext="urn:calcext">'
        f"<office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:spreadsheet>{sheets}</office:spreadsheet></office:body></office:document-content>"
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
        archive.writestr("content.xml", content)
    return path


def record(kind: int, content: bytes = b"") -> bytes:
    """A record of Excel 97."""
    return struct.pack("<HH", kind, len(content)) + content


def xls(path: Path, merged: bool = False, hidden: bool = False, small: bool = False, loop: bool = False) -> Path:
    """As Excel 97 writes it: a workbook of one sheet in an OLE file.

    small: the workbook is in sectors of 64 bytes, as those of less than 4,096 are. loop: its last sector is followed by
    its first.
    """
    cells = b""
    for row, texts in enumerate(ROWS):
        cells += record(
            0x208, struct.pack("<6H", row, 0, 2, 0xFF, 0, 0) + bytes([0x20 * (hidden and row == 1), 1, 15, 0])
        )
        for column, text in enumerate(texts):
            at = struct.pack("<HHH", row, column, 0)
            if text in ERRORS:
                cells += record(0x205, at + bytes([ERRORS[text], 1]))
            elif text:
                cells += record(0x204, at + struct.pack("<HB", len(text), 0) + text.encode())
    if merged:
        cells += record(0xE5, struct.pack("<5H", 1, 1, 2, 0, 0))
    begin = struct.pack("<4H2I", 0x600, 5, 0, 0, 0, 0), struct.pack("<4H2I", 0x600, 0x10, 0, 0, 0, 0)
    sheet = record(0x809, begin[1]) + record(0x200, struct.pack("<IIHHH", 0, len(ROWS), 0, 2, 0)) + cells + record(0x0A)
    where = len(record(0x809, begin[0]) + record(0x85, bytes(9)) + record(0x0A))
    bound = record(0x85, struct.pack("<IBBBB", where, 0, 0, 1, 0) + b"a")
    book = record(0x809, begin[0]) + bound + record(0x0A) + sheet
    length = len(book) if small else 4096
    book = book.ljust(4096, b"\0")

    def entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
        text = name.encode("utf-16-le")
        head = text.ljust(64, b"\0") + struct.pack("<HBB3I", len(text) + 2, kind, 1, 0xFFFFFFFF, 0xFFFFFFFF, child)
        return head.ljust(116, b"\0") + struct.pack("<IQ", start, size)

    sectors = len(book) // 512
    table = [0xFFFFFFFD, 0xFFFFFFFE, *range(3, 2 + sectors), 2 if loop else 0xFFFFFFFE, 0xFFFFFFFE]
    fat = struct.pack("<128I", *table, *[0xFFFFFFFF] * (128 - len(table)))
    of_small = struct.pack("<128I", *range(1, 64), 0xFFFFFFFE, *[0xFFFFFFFF] * 64)
    root = entry("Root Entry", 5, 1, *((2, len(book)) if small else (0xFFFFFFFE, 0)))
    folder = root + entry("Workbook", 2, 0xFFFFFFFF, 0 if small else 2, length)
    head = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16) + struct.pack("<5H", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    head += struct.pack("<9I", 0, 1, 1, 0, 4096, *((2 + sectors, 1) if small else (0xFFFFFFFE, 0)), 0xFFFFFFFE, 0)
    head += struct.pack("<109I", 0, *[0xFFFFFFFF] * 108)
    path.write_bytes(head + fat + folder.ljust(512, b"\0") + book + of_small)
    return path


def binary(kind: int, content: bytes = b"") -> bytes:
    """A record of an XLSB."""
    numbers = [kind] if kind < 128 else [kind & 127 | 128, kind >> 7]
    return bytes([*numbers, len(content)]) + content


def xlsb(path: Path, merged: bool = False, hidden: bool = False) -> Path:
    """As Excel writes it: a workbook of one sheet."""

    def text(value: str) -> bytes:
        return struct.pack("<I", len(value)) + value.encode("utf-16-le")

    rows = b""
    for row, texts in enumerate(ROWS):
        rows += binary(0, struct.pack("<I", row) + bytes([*[0] * 7, 0x10 * (hidden and row == 1), *[0] * 5]))
        for column, value in enumerate(texts):
            at = struct.pack("<II", column, 0)
            if value in ERRORS:
                rows += binary(3, at + bytes([ERRORS[value]]))
            elif value:
                rows += binary(6, at + text(value))
    merges = binary(177, struct.pack("<I", 1)) + binary(176, struct.pack("<4I", 1, 2, 0, 0)) + binary(178)
    sheet = binary(129) + binary(148, struct.pack("<4I", 0, len(ROWS) - 1, 0, 1)) + binary(145) + rows + binary(146)
    book = binary(131) + binary(143) + binary(156, struct.pack("<II", 0, 1) + text("rId1") + text("a")) + binary(144)
    relation = '<Relationship Id="rId1" Target="worksheets/sheet1.bin"/>'
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.bin", book + binary(132))
        archive.writestr("xl/_rels/workbook.bin.rels", f"<Relationships>{relation}</Relationships>")
        archive.writestr("xl/worksheets/sheet1.bin", sheet + (merges if merged else b"") + binary(130))
    return path


def small_xls(path: Path, merged: bool = False) -> Path:
    """As Excel 97 writes a workbook of a few cells."""
    return xls(path.with_suffix(".xls"), merged=merged, small=True)


def test_sectors_that_form_a_loop(tmp_path):
    """Neither the parser nor the reader of marks goes round and round."""
    with pytest.raises(InputError):
        open_table(xls(tmp_path / "calls.xls", loop=True))


@pytest.mark.parametrize("write", [ods, xls, small_xls, xlsb])
def test_failed_and_merged_cells_of_every_kind(write, tmp_path):
    """A failed formula stands as its error, so that no row is lost; cells that are merged below the header are refused."""
    table = open_table(write(tmp_path / f"calls.{write.__name__}"))
    rows = pl.concat(table.batches)
    assert rows["number"].to_list() == ["0199000001", "0261910002", "#REF!"]
    assert rows["objected_on"].to_list() == [None, "#N/A", None]
    assert rows[LINE].to_list() == [2, 3, 5]
    with pytest.raises(InputError, match=r"merged\.\w+:3: cells are merged here"):
        open_table(write(tmp_path / f"merged.{write.__name__}", merged=True))


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


def test_notes_of_an_ods_are_no_text_of_their_cell(tmp_path):
    """They are not read; a person is asked to."""
    marked, plain = (open_table(ods(tmp_path / f"{at}.ods", marked=at)) for at in (True, False))
    assert marked.unmarked == [tmp_path / "True.ods"]
    assert pl.concat(marked.batches).equals(pl.concat(plain.batches))


@pytest.mark.parametrize(
    ("cell", "reads"),
    [
        ("><text:p>Opposition</text:p>", "Opposition"),
        (' office:value-type="void"><text:p>Opposition</text:p>', "Opposition"),
        (' office:value-type="float"><text:p>1</text:p>', "1"),
        (' office:value-type="string" office:string-value=""><text:p>Opposition</text:p>', "Opposition"),
        (' office:value-type="time" office:time-value="PT14H30M00S"><text:p>14:30</text:p>', "14:30"),
        (' table:formula="of:=x" office:value-type="float" office:value="0"><text:p>Err:502</text:p>', "Err:502"),
    ],
)
def test_a_cell_of_an_ods_says_what_its_reader_sees(cell, reads, tmp_path):
    """Not every program writes the type of a cell; a failed formula may have 0 as its value, which would say no."""
    path = ods(tmp_path / "typed.ods")
    with zipfile.ZipFile(path) as archive:
        content = archive.read("content.xml").decode()
    typed = ' office:value-type="string"><text:p>0199000001</text:p></table:table-cell><table:table-cell'
    with zipfile.ZipFile(tmp_path / "calls.ods", "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
        archive.writestr("content.xml", content.replace(f"{typed}/>", f"{typed}{cell}</table:table-cell>"))
    rows = pl.concat(open_table(tmp_path / "calls.ods").batches)
    assert rows["objected_on"].to_list() == [reads, "#N/A", None]


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


@pytest.mark.parametrize("write", [ods, xls, xlsb, xlsx])
def test_hidden_rows_are_read_and_counted(write, tmp_path):
    """Who filters a sheet before it is saved sees only some of its rows; a program sees all."""
    tables = [open_table(write(tmp_path / f"{at}.{write.__name__}", hidden=at)) for at in (True, False)]
    assert [table.hidden for table in tables] == [1, 0]
    one, other = (pl.concat(table.batches) for table in tables)
    assert one.equals(other)
