"""Files as people have them: odd shapes are read where they can be proved, else refused or marked; no row is lost."""

from __future__ import annotations

import gzip
import json
import re
import zipfile
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from dnc import InputError, Store, check
from dnc.api import replay
from dnc.errors import RolesError
from dnc.files import csv_reader, table
from dnc.files.open_table import open_table
from dnc.files.table import FEWER, LINE, MORE, QUOTED, RAGGED, UNNAMED, unique_names
from dnc.frames import numbered
from dnc.lists.brief import Brief, read_brief
from dnc.numbers.reader import read_listed, read_number
from tests import size, some

HEADER = "Téléphone;Nom"
ROWS = "01 99 00 00 01;Une\n02 61 91 00 02;Deux\n"


def opened(path: Path, **words: bool) -> tuple[list[str], pl.DataFrame]:
    """Header and rows of a file."""
    table = open_table(path, **words)
    return table.header, pl.concat([*table.batches])


def written(folder: Path, content: str | bytes, name: str = "calls.csv", encoding: str = "utf-8") -> Path:
    """A file with some content."""
    path = folder / name
    path.write_bytes(content.encode(encoding) if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_encodings_ends_and_delimiters(encoding, end, delimiter, tmp_path):
    """Every encoding, line end and delimiter gives the same rows, with the lines where they stand."""
    text = f"{HEADER}\n{ROWS}".replace(";", delimiter).replace("\n", end)
    header, rows = opened(written(tmp_path, text, encoding=encoding), strict=True)
    assert header == ["Téléphone", "Nom"]
    assert rows["Téléphone"].to_list() == ["01 99 00 00 01", "02 61 91 00 02"]
    assert rows[LINE].to_list() == [2, 3]


@pytest.mark.parametrize(
    "before",
    [
        "Export du 03/08/2026\n\n",
        "Export du 03/08/2026;\n;\n",
        "sep=;\n",
        "Société Exemple\nListe des numéros de téléphone\n",
        "\n\n",
    ],
)
def test_lines_before_the_header(before, tmp_path):
    """A title, the day of an export and blank lines before the header are no rows."""
    header, rows = opened(written(tmp_path, before + HEADER + "\n" + ROWS))
    assert header == ["Téléphone", "Nom"]
    assert rows.height == 2
    assert rows[LINE].to_list() == [before.count("\n") + 2, before.count("\n") + 3]


@pytest.mark.parametrize(
    "text",
    [
        "0199000001;Une\n0261910002;Portable\n",  # data from the first line
        "Contact;Genre\n0199000001;Portable\n",  # a header without a telephone word
        "Nom;Contact;Genre\nUne;;Portable\n",
        "Contact\n0199000001\n",
    ],
)
def test_first_line_is_never_lost(text, tmp_path):
    """A line is taken for a title only where a wider header below it says so; else the first one is the header."""
    header, rows = opened(written(tmp_path, text))
    lines = text.splitlines()
    assert header == lines[0].split(";")
    assert rows.height == len(lines) - 1


def test_footer_is_a_row(tmp_path):
    """A line below the rows is a row: it is counted, and unread."""
    path = written(tmp_path, "Telephone;Identifiant;Réponse\n0199000001;a;OK\nTotal : 1;;\n")
    one = Store(tmp_path / "store").load(path, as_of=date(2026, 8, 3))
    assert (one.clear, one.unread) == (1, 1)
    assert one.notes == ("line 3 could not be read: not written as a number",)


def test_odd_headers(tmp_path):
    """Duplicate and blank names are kept apart; rows with more cells or fewer are kept whole, and marked."""
    header, rows = opened(written(tmp_path, "number,note,,note\n1,a,b,c\n2,a,b,c,d\n3\n"))
    assert header == ["number", "note", "", "note"]
    assert [name for name in rows.columns if "\0" not in name] == ["number", "note", "column 3", "note (2)"]
    assert rows[RAGGED].to_list() == [None, MORE, FEWER]
    assert rows["note (2)"].to_list() == ["c", "c,d", ""]


def test_many_names_alike():
    """Names are made unique in one pass, however many are alike."""
    names = unique_names(["", "x (2)", "x"] + ["x"] * 100_000)
    assert len(set(names)) == 100_003
    assert names[:5] == ["column 1", "x (2)", "x", "x (3)", "x (4)"]


@pytest.mark.parametrize("name", ["\ufeffnumber", "\u200bnumber", "num\u00adber", "number\u00a0", "NUMBER ", "Nùmbér"])
def test_marks_that_do_not_show(name, tmp_path):
    """A column is known by its name whatever does not show in it, a second byte-order mark among it."""
    path = written(tmp_path, f"\ufeff{name}\n0199000001\n")
    assert check(path, Store(tmp_path / "store"), region="FR").verdicts["dnc_number"].to_list() == ["+33199000001"]


@pytest.mark.parametrize(
    ("header", "columns", "name"),
    [
        ("number;number;nom", {}, "number"),
        ("Tel;Tel;nom", {"number": "Tel"}, "Tel"),
        ("Tel;TEL;nom", {"number": "Tel"}, "Tel"),
        ("Tel;Tel;nom", {"number": "Tel (2)"}, "Tel (2)"),
        ("number;objected_on;objected_on", {}, "objected_on"),
        ("number;Opposition;opposition", {"objected_on": "Opposition"}, "Opposition"),
    ],
)
def test_two_columns_of_one_name(header, columns, name, tmp_path):
    """Of two columns of one name none is taken, mapped or not: the other one would not be heard."""
    path = written(tmp_path, f"{header}\n0199000001;0261910002;2026-08-01\n")
    with pytest.raises(InputError, match=re.escape(f"several columns are called '{name}'; rename all but one")):
        check(path, Store(tmp_path / "store"), region="FR", brief=Brief(columns=columns))


def test_a_column_without_a_name_can_be_mapped(tmp_path):
    """Columns without a name are known by their position, and no two of them bear one name."""
    path = written(tmp_path, ";nom;\n0199000001;Une;\n")
    brief = Brief("FR", columns={"number": "column 1"}, ignore=["nom"])
    result = check(path, Store(tmp_path / "store"), brief=brief)
    assert result.verdicts["dnc_number"].to_list() == ["+33199000001"]


SPELLED = [
    "0199000001", "01 99 00 00 01", "01.99.00.00.01", "(0)1 99-00-00-01", "01–99–00–00–01", "01_99_00_00_01",
    "+33199000001", "0033 1 99 00 00 01", "33199000001.0", "01\u202f99\xa000\u200b00\u200e 01", "'0199000001",
    '="0199000001"', "\uff10\uff11\uff19\uff19\uff10\uff10\uff10\uff10\uff10\uff11", "٠١٩٩٠٠٠٠٠١", "O199000001",
    "07700 900123", "+44 (0)1632 960123", "01632 960123", "(202) 555-0123", "1 202 555 0123", "12345678",
    "1,99E+08", "6E+08", "0199000001 / 0261910002",
]  # fmt: skip
NAMES = [
    "Column 2024-2025", "q1 2026", "tel 1", "Téléphone", "phone2", "25-34 ans", "2026-01-01", "Année 2025/2026",
    "Période 01/12/2025 – 31/12/2025", "Export 20251125", "du 01/12/25 au 31/12/25", "2024/2025/2026", "12/2025",
]  # fmt: skip


@pytest.mark.parametrize("note", ["{}", "tel: {}", "Tél. : {} (bureau)", "Mme Test {} le 3"])
@pytest.mark.parametrize("spelling", SPELLED)
def test_a_row_is_not_taken_for_a_header(spelling, note, tmp_path):
    """However a number of the first row is written, in whatever country, the row is no header; nothing of it is said."""
    path = written(tmp_path, f"Dupont;{note.format(spelling)};x\nDurand;01 99 00 00 02;y\n")
    for region in ("FR", None):
        with pytest.raises(InputError, match=r"calls\.csv:1: the first row holds numbers, not names") as refused:
            check(path, Store(tmp_path / "store"), region=region, brief=Brief(columns={"number": "x"}))
        assert "Dupont" not in str(refused.value)


@pytest.mark.parametrize("name", some(NAMES, 5))
def test_a_name_with_digits_is_a_name(name, tmp_path):
    """Years, days and counts in the name of a column make no row of a header."""
    path = written(tmp_path, f"number;{name}\n0199000001;x\n")
    assert check(path, Store(tmp_path / "store"), brief=Brief("FR", ignore=[name])).rows == 1


@pytest.mark.parametrize(
    "header", ["Dupont;44000 Nantes;x", "Dupont;jean@exemple;x", "Dupont;jean.dupont@exemple.fr;x"]
)
def test_no_data_in_messages(header, tmp_path):
    """Where one name of a header may be data, no message shows any of them."""
    path = written(tmp_path, f"{header}\nDurand;01 99 00 00 02;y\n")
    with pytest.raises(InputError) as refused:
        check(path, Store(tmp_path / "store"), region="FR")
    assert not any(word in str(refused.value) for word in ("Dupont", "Nantes", "44000", "jean"))


@pytest.mark.parametrize(
    "row",
    [
        "28/01/2018;00:15;Une",
        "28/01/2018;x;1.5",
        "$74.69;00:15:20;x",
        "399.1989;74.37753",
        "22;19;20",
        "0;0",
        "1.5e+3;-2",
    ],
)
def test_a_row_of_values_is_not_taken_for_a_header(row, dnc, tmp_path):
    """Dates beside times or fractions, and cells without a letter, are no names: refused, or a row would be lost."""
    name = written(tmp_path, f"{row};\n{row};0199000001\n").name
    for verb in (["brief"], ["check", "--region", "FR", "--map", "number=column 3"], ["vet", "--region", "FR"]):
        code, _, err = dnc(verb[0], name, *verb[1:])
        assert code == 4
        assert f"{name}:1: the first row holds dates, times or figures, not names" in err


@pytest.mark.parametrize("header", ["0,1,2", "1,2,3", "T0,0.5,1.0", "番号,2025,2026", ",,"])
def test_columns_that_are_counted(header, tmp_path):
    """Columns that bear their positions, or one kind of value beside a word, have names."""
    path = written(tmp_path, f"{header}\n0199000001,x,y\n")
    number, *others = [name or f"column {at}" for at, name in enumerate(header.split(","), 1)]
    brief = Brief("FR", columns={"number": number}, ignore=others)
    assert check(path, Store(tmp_path / "store"), brief=brief).rows == 1


def test_a_number_that_could_be_a_day(tmp_path):
    """Eight digits alone are a number in some countries: a row, and not the day of an export."""
    path = written(tmp_path, "Hansen;20251125;x\nJensen;20251126;y\n")
    with pytest.raises(InputError, match="the first row holds numbers"):
        check(path, Store(tmp_path / "store"), region="DK", brief=Brief(columns={"number": "20251125"}))


def test_a_row_above_a_header_is_not_left_out(tmp_path):
    """A line with a number in it, whatever stands beside it, is no title."""
    path = written(tmp_path, "Dupont;tel: 01 99 00 00 01\nHotel;mobile;nom\n")
    with pytest.raises(InputError, match="the first row holds numbers"):
        check(path, Store(tmp_path / "store"), region="FR", brief=Brief(columns={"number": "mobile"}))


def test_stray_quotes_swallow_nothing(tmp_path):
    """A quote that was opened and never closed costs no row, and lines are still counted right."""
    _, rows = opened(written(tmp_path, 'number,name\n1,"A\n2,B\n3,"two\nlines"\n4,D\n'))
    assert rows["number"].to_list() == ["1", "2", "3", "4"]
    assert rows[LINE].to_list() == [2, 3, 4, 6]


def test_lines_inside_quotes_are_not_mixed_ends(tmp_path):
    """A line feed inside a quoted cell of a file with CR LF is no mixed line end."""
    content = 'number,since,reason\r\n+33199000001,,"said\nso"\r\n+33199000002,,x\r\n'
    assert Store(tmp_path / "store").load(written(tmp_path, content), as_of=date(2026, 8, 3)).listed == 2


def sheet(path: Path, rows: list[list[object]]) -> Path:
    """A spreadsheet."""
    book = xlsxwriter.Workbook(str(path))
    page = book.add_worksheet()
    for at, row in enumerate(rows):
        for column, cell in enumerate(row):
            page.write(at, column, cell)
    book.close()
    return path


def test_spreadsheet(tmp_path):
    """Numbers stored as numbers are read; a title above the header is none of them; lines are those of the sheet."""
    rows = [
        ["Export du 3 août"],
        [],
        ["Téléphone", "Nom"],
        [33199000001, "Une"],
        [199000002.0, "Deux"],
        ["1,99E+08", ""],
    ]
    header, frame = opened(sheet(tmp_path / "calls.xlsx", rows))
    assert header == ["Téléphone", "Nom"]
    assert [read_number(cell, "FR").number for cell in frame["Téléphone"]] == [33199000001, 33199000002, None]
    assert frame[LINE].to_list() == [4, 5, 6]


def book(path: Path, **sheets: list[list[object]]) -> Path:
    """A spreadsheet of several sheets; those whose name begins with `hidden` do not show."""
    made = openpyxl.Workbook()
    made.remove(made.active)
    for name, rows in sheets.items():
        page = made.create_sheet(name)
        page.sheet_state = "hidden" if name.startswith("hidden") else "visible"
        for row in rows:
            page.append(row)
    made.save(path)
    return path


def test_the_header_of_a_sheet_has_the_number_of_its_row(tmp_path, store):
    """As the spreadsheet shows it: empty rows above it count, as in a CSV."""
    book = openpyxl.Workbook()
    book.active["A1"], book.active["A3"], book.active["A4"] = "Contacts", "Tel", "01 99 00 00 01"
    book.save(tmp_path / "calls.xlsx")
    assert open_table(tmp_path / "calls.xlsx").skipped == 2
    with pytest.raises(InputError, match=r"calls\.xlsx:3: no column is called 'number'"):
        check(tmp_path / "calls.xlsx", store)


def test_sheets(tmp_path):
    """The first sheet that shows and holds anything is read, hidden rows and all; a load names the others."""
    rows = [["number", "reason"], ["0199000001", "x"], ["0261910002", "y"]]
    path = book(tmp_path / "own.xlsx", hidden=[["a"]], empty=[], calls=rows, more=[["note"], ["x"]])
    made = openpyxl.load_workbook(path)
    made["calls"].row_dimensions[2].hidden = True
    made["calls"].row_dimensions[3].height = 0.5
    made.save(path)
    assert open_table(path).hidden == 2
    assert opened(path)[1]["number"].to_list() == ["0199000001", "0261910002"]
    notes = Store(tmp_path / "store").load(path, as_of=date(2026, 8, 3)).notes
    assert "sheets not read: 'hidden', 'more'" in notes
    brief = Brief("FR", ignore=["reason"])
    with pytest.raises(RolesError, match=r"text around the table.*\(texts: 2;"):
        check(path, Store(tmp_path / "store"), brief=brief)
    assert check(path, Store(tmp_path / "store"), brief=brief.but(around="read")).header.table.others == [
        "hidden",
        "more",
    ]
    with pytest.raises(InputError, match="no visible sheet holds anything"):
        open_table(book(path, empty=[], hidden=rows))


def test_the_sheet_that_is_named(dnc, write_file, tmp_path):
    """`sheet` in the brief, or `--sheet`, takes any sheet, hidden ones too, by every verb that reads a table."""
    first, second = [["number"], ["0199000001"]], [["number"], ["0261910002"]]
    path = book(tmp_path / "calls.xlsx", calls=first, hidden=second, empty=[])
    brief, named = write_file("h.toml", 'sheet = "hidden"\naround = "read"\n'), ["--sheet", "hidden"]
    for read in (
        ["check", "--around", "read", *named],
        ["check", "--brief", brief],
        ["vet", "--json", "--brief", brief],
        ["load", "--registry", "own", "--as-of", "2026-08-03", *named],
    ):
        code, _, err = dnc(*read, path, "--region", "FR")
        assert code in (0, 3)
        assert "not read: 'calls'" in err
    assert (
        dnc("load", "--preview", path, "--registry", "own", "--region", "FR", "--sheet", "hidden")[1].splitlines()[1]
        == "+33261910002,yes,"
    )
    assert 'sheet = "hidden"' in dnc("brief", path, "--sheet", "hidden")[1]
    brief = write_file("a.toml", 'region = "FR"\nsheet = "hidden"\naround = "read"\n')
    assert "+33261910002" in dnc("check", path, "--brief", brief)[1]
    assert "+33199000001" in dnc("check", path, "--brief", brief, "--sheet", "calls")[1]
    assert dnc("check", path, "--sheet", "empty")[0::2] == (4, f"dnc: {path}: sheet 'empty' is empty\n")
    assert "has no sheet 'Calls'; use 'calls', 'hidden', 'empty'" in dnc("check", path, "--sheet", "Calls")[2]
    for verb in (["check"], ["load", "--registry", "own", "--as-of", "2026-08-03"]):
        assert (
            "is not a spreadsheet and has no sheets" in dnc(*verb, write_file("a.csv", "number\n"), "--sheet", "a")[2]
        )


def test_two_sheets_are_two_lists(tmp_path, store):
    """A sheet never counts as loaded because of another of the same file, nor takes its place; a replay reads it."""
    rows = [["number"], ["0199000001"]], [["number"], ["0261910002"]]
    path = book(tmp_path / "own.xlsx", a=rows[0], b=rows[1])
    words = {"registry": "own", "as_of": date(2026, 8, 3), "region": "FR"}
    first, second = store.load(path, **words, sheet="a"), store.load(path, **words, sheet="b")
    assert second.new and second.listed == 1
    assert [one.id for one in store.standing().objections.files] == [first.id, second.id]
    assert not store.load(path, **words, sheet="b").new
    done = check(path, store, brief=Brief(region="FR", sheet="b", around="read"))
    assert done.verdicts["dnc_number"].to_list() == ["+33261910002"]
    assert replay(store, done.id, path).same


def test_failed_formulas_lose_no_row(tmp_path):
    """An error, and a formula whose result was never stored, stand as they are; rows are those of the sheet."""
    page = [[None], [None, "number"], [None, "0199000001"], [None, "#VALUE!"], [], [None, '=CONCATENATE("01","99")']]
    header, rows = opened(book(tmp_path / "own.xlsx", own=page))
    assert (header, rows["number"].to_list()) == (["number"], ["0199000001", "#VALUE!", '=CONCATENATE("01","99")'])
    assert rows[LINE].to_list() == [3, 4, 6]
    words = {"registry": "own", "as_of": date(2026, 8, 3)}
    with pytest.raises(InputError, match=r"own\.xlsx:4: a number cannot be read .* Rows like this: 2 \(lines 4, 6\)"):
        Store(tmp_path / "store").load(tmp_path / "own.xlsx", **words)
    one = Store(tmp_path / "store").load(tmp_path / "own.xlsx", **words, accept={"unread": "a test"})
    assert (one.listed, one.unread) == (1, 2)


def test_hostile_spreadsheets(tmp_path):
    """A spreadsheet that would swell, or ask for a whole field of cells, is refused before it is read."""
    path = book(tmp_path / "calls.xlsx", calls=[["number"], ["0199000001"]])
    made = openpyxl.load_workbook(path)
    made["calls"].cell(1_048_576, 16_384, "x")
    made.save(tmp_path / "far.xlsx")
    with pytest.raises(InputError, match="a cell is far away from all others"):
        open_table(tmp_path / "far.xlsx")
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet2.xml", b" " * 20_000_000)
    with pytest.raises(InputError, match="unpacks to more than 20 GB or 200 times its size"):
        open_table(path)


def test_merged_cells_below_the_header_are_refused(tmp_path, store):
    """A day that is merged over three persons stands in the row of the first alone; a merged title harms nobody."""
    path = tmp_path / "merged.xlsx"

    def written_with(*merged: tuple[int, int, int, int]) -> Path:
        with xlsxwriter.Workbook(path) as book:
            sheet = book.add_worksheet()
            for row, cells in enumerate(
                [["Export"], ["number", "objected_on"], *[[f"019900000{n}"] for n in (1, 2, 3)]]
            ):
                sheet.write_row(row, 0, cells)
            for where in merged:
                sheet.merge_range(*where, "2026-03-05")
        return path

    with pytest.raises(InputError, match=r"merged.xlsx:5: cells are merged here"):
        check(written_with((2, 1, 4, 1)), store, brief=Brief("FR", around="read"))
    with pytest.raises(InputError, match=r"merged.xlsx:3: cells are merged here"):
        check(written_with((0, 0, 0, 1), (2, 0, 2, 1)), store, brief=Brief("FR", around="read"))
    assert check(written_with((0, 0, 0, 1)), store, brief=Brief("FR", around="read")).rows == 3


def test_spreadsheet_under_a_wrong_name(tmp_path):
    """A planned-calls file is read for what it is; a registry's file must be what its name says."""
    path = sheet(tmp_path / "x.xlsx", [["number", "listed"], ["0199000001", "yes"]]).rename(tmp_path / "calls.csv")
    found = check(path, Store(tmp_path / "store"), brief=Brief("FR", ignore=["listed"])).verdicts
    assert found["dnc_number"].to_list() == ["+33199000001"]
    with pytest.raises(InputError, match=r"named \.csv but is a spreadsheet"):
        Store(tmp_path / "store").load(path, registry="fr-bloctel", as_of=date(2026, 8, 3))


def test_packed_tables(tmp_path):
    """A gzip, and a zip with one table in it, are read as what they pack; several tables are refused."""
    text = f"{HEADER}\n{ROWS}".encode()
    packed = written(tmp_path, gzip.compress(text), "calls.csv.gz")
    assert opened(packed)[1].height == 2
    systems = ["list/calls.csv", "list/.DS_Store", "Thumbs.db", "__MACOSX/list/._calls.csv"]
    for names in (["calls.csv"], systems, ["a.csv", "b.csv"], ["a.csv", "a.zip"]):
        path = tmp_path / "calls.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name in names:
                archive.writestr(name, b"PK\3\4" if name.endswith(".zip") else text)
        if names[-1] in ("b.csv", "a.zip"):
            with pytest.raises(InputError, match=r"contains 2 files|inside an archive"):
                open_table(path)
        else:
            assert opened(path)[1].height == 2
    packed = written(tmp_path, gzip.compress(b"number\n0199000001\n"), "calls.csv.gz")
    assert check(packed, Store(tmp_path / "store"), region="FR").counts["undecided"] == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"number\n0199000001\0\n", "a NUL byte at byte 17"),
        ("number\n0199000001\n".encode("utf-16")[2:], "a NUL byte at byte 1"),
        (b"\xff\xfen\0u\0m", "is not UTF-16"),
        ("number\nĀĀ\0\n".encode("utf-16"), "a NUL byte at byte 20"),
        ("number\n".encode("utf-32"), "a NUL byte at byte 2"),
        (b"\xef\xbb\xbfnumber\n\xff\n", "byte 10 is not UTF-8"),
        (b"", "the file is empty"),
        (b"<!DOCTYPE html>\n<p>", "named .csv but is a web page; log in and download again"),
        (b"number\n" + b"1" * 2_000_000, "a line of more than 1,048,576 bytes begins at byte 7"),
    ],
)
def test_refused(content, message, tmp_path):
    """What is no table, or no text, is refused with the byte where it shows."""
    with pytest.raises(InputError, match=message):
        opened(written(tmp_path, content))


ODD_CELLS = {
    "list": [["0199000001"], []],
    "struct": [{"a": 1}, None],
    "binary": [b"0199000001", b"\xff"],
    "duration": [timedelta(1), None],
    "time": [time(1), None],
    "null": [None, None],
}


@pytest.mark.parametrize("kind", some(ODD_CELLS, 3))
def test_parquet_of_any_kind(kind, tmp_path):
    """Cells of any kind that Parquet knows are carried to every output, and are no number unless they are one."""
    path = tmp_path / "calls.parquet"
    pl.DataFrame({"number": ODD_CELLS[kind], "x": ODD_CELLS[kind]}).write_parquet(path)
    outs = [tmp_path / f"v.{suffix}" for suffix in ("csv", "xlsx", "parquet", "jsonl")]
    brief = Brief("FR", ignore=["x"])
    assert check(path, Store(tmp_path / "store"), brief=brief, out=outs).counts["undecided"] == 2


def test_numbers_that_a_short_float_has_rounded_are_not_read(tmp_path):
    """0199000811 becomes 199000820.0 in 32 bits, the number of somebody else; only a wider float is a number."""
    path = tmp_path / "numbers.parquet"
    numbers = pl.DataFrame({"number": [199000811.0, 199000822.0, None]})
    numbers.cast(pl.Float32).write_parquet(path)
    store = Store(tmp_path / "store")
    rounded = check(path, store, region="FR").verdicts
    assert rounded["dnc_number"].to_list() == [""] * 3
    with pytest.raises(InputError, match="not written as a number"):
        store.load(path, registry="own", as_of=date(2026, 8, 3))
    exact = check(numbers, store, region="FR").verdicts
    assert exact["dnc_number"].to_list() == ["+33199000811", "+33199000822", ""]


def test_damaged_parquet(tmp_path):
    """A page that is damaged is said in one line, also where the file's description of itself is whole."""
    path = tmp_path / "calls.parquet"
    pl.DataFrame({"number": [f"0199{n * 7919 % 10**6:06d}" for n in range(50_000)]}).write_parquet(path)
    data = bytearray(path.read_bytes())
    data[4:2_000] = bytes(1_996)
    path.write_bytes(data)
    with pytest.raises(InputError, match="cannot be read as Parquet; it is damaged"):
        opened(path)


JSON = [{"number": "0199000001", "n": 1, "more": {"a": [1]}}, {"number": "0261910002", "é": None}]


@pytest.mark.parametrize("name", ["calls.jsonl", "calls.json", "calls.txt"])
@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("\n".join(map(json.dumps, JSON)) + "\n", [1, 2]),
        (json.dumps(JSON), [1, 1]),
        (json.dumps(JSON, indent=2, ensure_ascii=False), [2, 11]),
        ("\ufeff\n" + "\n\n".join(json.dumps(one, indent=1) for one in JSON), [2, 12]),
    ],
    ids=["lines", "array", "pretty array", "one behind the other"],
)
def test_json(name, text, lines, tmp_path):
    """Objects of JSON are rows, in lines or in one array, told by the first bytes whatever the name says."""
    header, rows = opened(written(tmp_path, text, name))
    assert header == ["number", "n", "more", "é"]
    assert rows["number"].to_list() == ["0199000001", "0261910002"]
    assert rows["more"].to_list() == [{"a": [1]}, None]
    assert rows[LINE].to_list() == lines


@pytest.mark.parametrize(
    ("values", "cells"),
    [
        ([{"a": 1}, False, None], ['{"a": 1}', "false", None]),
        ([{"a": 1}, "x", 7], ['{"a": 1}', "x", "7"]),
        ([[1], ["é"]], ["[1]", '["é"]']),
        ([{"a": [1]}, {"a": {"b": 1}}], ['{"a": [1]}', '{"a": {"b": 1}}']),
        ([639980001, "0639980001"], ["639980001", "0639980001"]),
    ],
)
def test_json_of_several_kinds(values, cells, tmp_path):
    """A column that holds values of several kinds is text; nested ones stand in it as JSON."""
    _, rows = opened(written(tmp_path, json.dumps([{"n": value} for value in values]), "calls.json"))
    assert rows["n"].to_list() == cells


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"n":1},\n{"n":2}', "2: ends inside its array; it is truncated"),
        ('[{"n":1},\n{"n":2}]\n]', "3: continues after the end of its array"),
        ('[{"n":1},\n]', "2: is not a JSON object"),
        ('[{"n":1}\n{"n":2}]', "2: is not JSON"),
        ("[1, 2]", "1: is not a JSON object"),
        ('{"n":1}\n{"n":', "2: is not JSON"),
        ('{"n":1,"n":2}', "1: has the same key twice"),
        ('{"n":"\\ud800"}', "1: contains half a character"),
        ('{"n":' * 100_000, "1: has objects nested more than 32 deep"),
        ('{"n":"' + "x" * (1 << 20) + '"}', "1: is not JSON, or an object of more than 1,048,576 characters"),
    ],
)
def test_json_refused(text, message, tmp_path):
    """An array that is cut, and anything but objects that say each name once, is refused with its line."""
    with pytest.raises(InputError, match=message):
        opened(written(tmp_path, text, "calls.json"))


READ = [
    ("'0199000001", 33199000001),
    ('="0199000001"', 33199000001),
    ("33199000001.0", 33199000001),
    ("199000001", 33199000001),
    ("199000001,0", 33199000001),
    ("01\u202f99\xa000\u200b00\u200e 01", 33199000001),
    ("\uff10\uff11\uff19\uff19\uff10\uff10\uff10\uff10\uff10\uff11", 33199000001),
    ("0199000001 poste 12", 33199000001),
    ("0199000001 x12", 33199000001),
    ("0199000001 ext. 4", 33199000001),
    ("Tél. : 01 99 00 00 01", 33199000001),
    ("0199000001 (bureau)", 33199000001),
    ("6.12E+08", None),
    ("3,36E+10", None),
    ("#NAME?", None),
    ("#VALUE!", None),
    ("O199000001", None),
    ("019900000l", None),
    ("0199000001 / 0261910002", None),
    ("0199000001 ou 0261910002", None),
    ("0199000001 ne pas appeler", None),
    ("", None),
]


@pytest.mark.parametrize(("text", "number"), READ)
def test_numbers_in_planned_calls(text, number):
    """A number is read where what was added can be told from it; two numbers, or a note, leave a call unread."""
    assert read_number(text, "FR").number == number


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("0199000001 / 0261910002", [33199000001, 33261910002]),
        ("0199000001 ou 02 61 91 00 02", [33199000001, 33261910002]),
        ("0199000001;0261910002", [33199000001, 33261910002]),
        ("0199000001 ne pas appeler", [33199000001]),
        ("Mme Test 01 99 00 00 01", [33199000001]),
        ("0199000001 / 12345678901234567", []),
        ("019900000 OO", []),
        ("01990000 O1", []),
        ("O199000001", []),
        ("0199000001 le 3", []),
        ("6.12E+08", []),
    ],
)
def test_numbers_in_a_blocklist(text, numbers):
    """In a list of people who must not be called, all numbers of a cell count, and a note does not hide one."""
    assert read_listed(text, "FR") == numbers


def test_rows_of_a_blocklist_are_counted_once(tmp_path):
    """A cell with two numbers is one row and two listings; damage that was undone is counted; blank rows are none."""
    content = "number;reason\n0199000001 / 0261910002;\n33353010003.0;\n;\n;\n"
    path = written(tmp_path, content)
    store = Store(tmp_path / "store")
    one = store.load(path, as_of=date(2026, 8, 3))
    kept = pl.read_parquet(tmp_path / "store" / "records" / one.file)["number"].to_list()
    assert kept == [33199000001, 33261910002, 33353010003]
    assert (one.listed, one.unread) == (2, 0)
    assert "numbers cleaned of characters that a spreadsheet or a typist had added: 1" in one.notes


CELLS = st.text(st.sampled_from("a1é \",;'\t\u2028"), max_size=4) | st.sampled_from(['"a"', '"a,""b"', '""', '"a\nb"'])
LINES = st.lists(st.lists(CELLS, max_size=4).map(",".join), max_size=6)


@settings(deadline=None)
@given(lines=LINES, end=st.sampled_from(["\n", "\r\n", "\r"]), ended=st.booleans(), size=st.integers(8, 60))
def test_plain_blocks_are_read_as_with_care(lines, end, ended, size, tmp_path_factory):
    """Splitting whole blocks gives what careful reading gives, cell by cell and line by line."""
    path = written(tmp_path_factory.mktemp("csv"), end.join(["x,y", *lines]) + end * ended)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_reader, "_BLOCK", size)
        split = told(path)
        patch.setattr(csv_reader._CsvReader, "_split", lambda *_: None)
        careful = told(path)
    assert split == careful


def told(path: Path) -> list | str:
    """The rows of a file, or why it is refused."""
    try:
        return [batch.rows() for batch in open_table(path).batches]
    except InputError as error:
        return str(error)


def test_plain_blocks_are_split(tmp_path, monkeypatch):
    """A file without doubtful lines is never read with care."""
    monkeypatch.delattr(csv_reader._CsvReader, "_read_records")
    text = 'Téléphone,Nom\n0199000001,"Une, et ""demie"""\n0261910002,\n'
    _, rows = opened(written(tmp_path, text))
    assert rows["Nom"].to_list() == ['Une, et "demie"', ""]


CELLS_OF = {
    pl.Int8: st.integers(-128, 127),
    pl.UInt64: st.sampled_from([0, 1, 2, 2**64 - 1]),
    pl.Int64: st.integers(-3, 3),
    pl.Boolean: st.booleans(),
    pl.Date: st.dates(date(1, 1, 1), date(9999, 12, 31)),
    pl.String: st.sampled_from(["", "a", "b"]),
}


@settings(max_examples=size(60, 200), deadline=None)
@given(st.data())
def test_distinct_rows_are_numbered_as_they_appear(data):
    """Whatever the columns hold, narrow or wide: each row gets the number of the first one that is like it."""
    kinds = data.draw(st.lists(st.sampled_from(list(CELLS_OF)), min_size=1, max_size=3))
    cells = st.tuples(*(st.none() | CELLS_OF[kind] for kind in kinds))
    distinct = data.draw(st.lists(cells, min_size=1, max_size=8))
    rows = data.draw(st.lists(st.sampled_from(distinct), max_size=200))
    frame = pl.DataFrame(rows, schema={str(at): kind for at, kind in enumerate(kinds)}, orient="row")
    number, first = numbered(frame)
    met: dict[tuple, int] = {}
    assert number.to_list() == [met.setdefault(row, len(met)) for row in rows]
    assert first.rows() == list(met)


# Rows that do not fit

FACTS = {
    "caller": "political", "voice": "human", "dialler": "manual", "cli": "01 99 00 90 00", "recipient": "consumer",
    "source": "members", "relationship": "member", "objected_on": "none",
}  # fmt: skip
SHIFTED = "ref,number,city,objected_on"


IGNORED = ("ref", "city")


def decided(path: Path, ignore: tuple[str, ...] = (), **words: Any) -> list[tuple[str, ...]]:
    """The outcome, what is missing and the reason of each call of a list, whose calls are clear unless objected to.

    The store, into which nothing is loaded, is the same for all tests. words: of the brief.
    """
    brief = Brief("FR", facts=FACTS, ignore=(*IGNORED, *ignore), **words)
    told = {"at": "2022-04-08T19:00", "accept": {"unread": "shifted"}}
    result = check(path, Store(path.parents[1] / "tables-store"), brief=brief, **told)
    return result.verdicts.select("dnc_outcome", "dnc_missing", "dnc_why").rows()


def outcomes(path: Path, **words: Any) -> list[str]:
    """The outcomes alone."""
    return [outcome for outcome, _, _ in decided(path, **words)]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("4,01 99 00 04 21,2026-11-01", FEWER),  # a cell is missing: the objection stands under `city`
        ("4,01 99 00 04 21", FEWER),
        ("4,01 99 00 04 21,Paris,Nord,2022-04-01", MORE),
        ("4,01 99 00 04 21,,2022-04-01,", MORE),  # one separator too many, and nothing behind it
        ("4,01 99 00 04 21,Paris,,", MORE),
        ("4,01 99 00 04 21,Paris,, ", MORE),
        ('4,01 99 00 04 21,"Paris,,', QUOTED),
        ('4,01 99 00 04 21"Paris, Nord",', QUOTED),  # a separator is gone, and one inside the text parts it
    ],
)
@pytest.mark.parametrize("quoted", some([True, False], 1))
def test_rows_that_shifted(row, reason, quoted, tmp_path):
    """A row with more cells than the header, or fewer, is undecided, says why, and loses no text; others are decided."""
    name = '"Nantes, Erdre"' if quoted else "Nantes"
    lines = [SHIFTED, f"1,01 99 00 04 18,{name},", row, "5,01 99 00 04 22,Lille,2022-04-01"]
    path = written(tmp_path, "\n".join(lines) + "\n")
    whole, shifted, objected = decided(path)
    assert (whole[0], objected[0]) == ("clear", "blocked")
    assert shifted[:2] == ("undecided", "number")
    assert reason in shifted[2]
    cells = opened(path)[1].select(SHIFTED.split(",")).row(1)
    assert re.sub('[", ]', "", "".join(cells)) == re.sub('[", ]', "", row)


def test_a_header_that_shifted(tmp_path):
    """Where the header has a cell too many or too few, no row fits."""
    rows = "1,01 99 00 04 18,Nantes,2022-04-01\n2,01 99 00 04 19,Lille,2022-04-01\n"
    for header in ("ref,number,cityobjected_on", "ref,number,city,,objected_on", "ref,,number,city,objected_on"):
        others = ("cityobjected_on", "column 2", "column 4")
        assert outcomes(written(tmp_path, f"{header}\n{rows}"), ignore=others) == ["undecided"] * 2, header


FITTING = [f"{n},01 99 00 04 2{n},Nantes,2022-04-0{n}" for n in range(1, 6)]


@pytest.mark.parametrize(
    ("header", "rows", "said"),
    [
        ("ref,number,cityobjected_on", FITTING, "most rows have more cells than this header"),
        ("ref number city objected_on", FITTING, "most rows have more cells than this header"),
        ("Clients of March", FITTING, "most rows have more cells than this header"),
        ("ref number city note", [f'{n} 0199000001 "A, b" "c, d"' for n in range(5)], "most rows have more cells"),
        ("ref,number,city", ["1,01 99 00 04 21,Lille", *FITTING], "most rows have more cells than this header"),
        ("ref,number,city,,objected_on", FITTING, "this header has more cells than the rows below it"),
        (",ref,number,city,objected_on", FITTING, "this header has more cells than the rows below it"),
        ('ref,number,""city",objected_on', FITTING, "a quotation mark in the header is not closed in its cell"),
        ('ref,number,"city"objected_on', [f"{row}," for row in FITTING], "a quotation mark in the header is not"),
    ],
)
def test_a_header_that_no_row_fits(header, rows, said, tmp_path):
    """Refused where three rows or more show that it lost a separator, has one too many or others, or is a title."""
    text = "\n".join([header, *rows])
    with pytest.raises(InputError, match=r"calls\.csv:1: " + said):
        open_table(written(tmp_path, text))


@pytest.mark.parametrize("sign", [",", "|", "\t"])
def test_blanks_after_the_quotes_of_a_header(sign, tmp_path):
    """They stand outside the quotes and leave no doubt where a name ends."""
    header = sign.join(['"ref" ', '"the ""number"""  ', "name", '"city" '])
    names = opened(written(tmp_path, f"{header}\n{sign.join('1234')}\n"))[0]
    assert [name.rstrip() for name in names] == ["ref", 'the "number"', "name", "city"]


def test_an_opposition_list_whose_header_no_row_fits(tmp_path, store):
    """All its numbers are listed, since only a list of calls loses nothing by being refused."""
    path = written(tmp_path, "\n".join(["ref,number,city", *FITTING]), "own.csv")
    assert store.load(path, registry="own", as_of=date(2026, 8, 3)).listed == len(FITTING)


@pytest.mark.parametrize(
    ("header", "rows", "unfit"),
    [
        (SHIFTED, [f"{row},x" for row in FITTING[:2]] + FITTING[2:], 2),  # text without quotes in some rows
        (f",{SHIFTED}", [f"{at},{row}" for at, row in enumerate(FITTING)], 0),  # an index
        (f"{SHIFTED},,", FITTING, 0),
        (f"{SHIFTED},", [f"{row},x" for row in FITTING], 5),  # the last column has no name, but may be mapped
        (f"{SHIFTED},note", FITTING, 5),  # empty cells at the end may be left out: `short_rows`
        (f"{SHIFTED},", [f"{row}," for row in FITTING], 0),
    ],
)
def test_a_header_that_rows_fit(header, rows, unfit, tmp_path):
    """Some odd rows, an index, separators at the end and cells left out at the end are no reason to refuse a list."""
    frame = opened(written(tmp_path, "\n".join([header, *rows])))[1]
    assert frame.height - frame[RAGGED].null_count() == unfit
    assert frame["number"].to_list() == [row.split(",")[1] for row in FITTING]


@pytest.mark.parametrize(
    ("ending", "rows"),
    some([
        (",", ["1,01 99 00 04 18,Nantes,"]),
        (",", ["1,01 99 00 04 18,Nantes,", "2,01 99 00 04 19,Lille,2022-04-01"]),
        (",,,", ["1,01 99 00 04 18,Nantes,", "2,01 99 00 04 19,Lille,2022-04-01"]),
        (",", ['1,01 99 00 04 18,"Nantes",', '2,01 99 00 04 19,"Lille\nSud",2022-04-01']),
    ], 3),
)  # fmt: skip
def test_cells_that_the_header_does_not_have(ending, rows, dnc, tmp_path):
    """Where all rows end with more empty cells than the header, two names may have run together: a list is refused.

    A list of objections counts, and a note says so. Where the header ends alike, all rows fit.
    """
    path = written(tmp_path, "\n".join([SHIFTED, *(row + ending for row in rows)]) + "\n")
    told = {"en": f"empty in every row: {len(ending)};", "fr": f"vides dans chaque ligne : {len(ending)} ;"}
    for language, words in told.items():
        code, _, err = dnc("check", path.name, "--region", "FR", "--lang", language)
        assert code == 4
        assert words in err.replace("\N{NO-BREAK SPACE}", " ")
    notes = Store(tmp_path / "own").load(path, registry="own", as_of=date(2026, 8, 3)).notes
    assert any(told["en"] in note for note in notes)
    alike = written(tmp_path, path.read_text().replace(SHIFTED, SHIFTED + ending), "alike.csv")
    assert outcomes(alike) == ["clear", "blocked"][: len(rows)]


@pytest.mark.parametrize(
    ("text", "found"),
    some([
        # the header, and no other row
        (f"{SHIFTED},\n1,01 99 00 04 18,Nantes,\n2,01 99 00 04 19,Lille,2022-04-01\n", ["clear", "blocked"]),
        (f"{SHIFTED},\n1,01 99 00 04 18,Nantes,,\n2,01 99 00 04 19,Lille,2022-04-01,\n", ["clear", "blocked"]),
        # the file does not keep to it: no row that does not fit the header is believed
        (f"{SHIFTED}\n1,01 99 00 04 18,Nantes,,\n2,01 99 00 04 19,x,Lille,2022-04-01\n", ["undecided"] * 2),
        (f"{SHIFTED}\n1,01 99 00 04 18,Nantes,,\n2,01 99 00 04 19,Lille,\n", ["undecided", "clear"]),
        (f"{SHIFTED}\n1,01 99 00 04 18,Nantes,,\n2,01 99 00 04 19\n", ["undecided"] * 2),
        (f"{SHIFTED},\n1,01 99 00 04 18,Nantes,\n2,01 99 00 04 19,x,Lille,2022-04-01\n", ["undecided"] * 2),
    ], 5),
)  # fmt: skip
def test_a_separator_at_the_end_of_every_row(text, found, tmp_path):
    """Where a separator ends the header, alone or with every row, all rows fit; the whole file must keep to that."""
    assert outcomes(written(tmp_path, text), ignore=("*",)) == found


@pytest.mark.parametrize(
    ("header", "ending", "odd"),
    some([
        (SHIFTED, ",", "7,01 99 00 04 27,Lille2022-04-01,"),  # lost a separator: as wide as the header
        (SHIFTED, ",", "7,01 99 00 04 27,x,Lille,2022-04-01"),
        (f"{SHIFTED},", "", "7,01 99 00 04 27,Lille,,2022-04-01"),
        (f"{SHIFTED},,", "", "7,01 99 00 04 27,x,Lille,2022-04-01,"),
        (f"{SHIFTED},x,", "", "7,01 99 00 04 27,x,Lille,2022-04-01,,"),
    ], 3),
)  # fmt: skip
def test_a_row_that_is_as_wide_as_the_header_by_chance(header, ending, odd, tmp_path):
    """Where most rows are wider or narrower than the header, one that is not may be one of them that shifted."""
    ending += "," * header.endswith(",x,")
    rows = [f"{n},01 99 00 04 2{n},Nantes,{ending}" for n in range(1, 6)]
    for at in (0, 3, 5):
        path = written(tmp_path, "\n".join([header, *rows[:at], odd, *rows[at:]]) + "\n")
        assert outcomes(path, ignore=("*",))[at] == "undecided"


def test_what_the_whole_file_holds_is_known_before_its_first_row(tmp_path, monkeypatch):
    """A row far behind the first block that breaks with the others is seen before one of them is given out."""
    monkeypatch.setattr(csv_reader, "_BLOCK", 4_000)
    rows = [f"{n},01 99 00 {n // 100:02d} {n % 100:02d},Nantes,," for n in range(1_000)]
    text = "\n".join([SHIFTED, *rows])
    with pytest.raises(InputError, match="empty in every row: 1;"):
        opened(written(tmp_path, text))
    assert opened(written(tmp_path, text + "\n1,01 99 00 04 18,x,Nantes,2022-04-01"))[1][RAGGED].null_count() == 0


def test_a_mixed_file_is_marked_row_by_row(tmp_path):
    """Short rows are found among a block of whole ones, quoted or not, and stand where they stood."""
    rows = [f'{n},"Du, pont",' if n % 3 else f"{n},Durand" for n in range(1_000)]
    _, frame = opened(written(tmp_path, "\n".join(["a,b,c", *rows, ""])))
    assert frame["a"].to_list() == [str(n) for n in range(1_000)]
    assert frame[RAGGED].to_list() == [None if n % 3 else FEWER for n in range(1_000)]


def test_short_rows(tmp_path):
    """Where the brief says that empty cells at the end of rows were left out, such rows are read, and no others."""
    rows = "1,01 99 00 04 18\n2,01 99 00 04 19,Lille\n3,01 99 00 04 20,Lille,2022-04-01\n4,01 99 00 04 21,x,Lille,\n"
    path = written(tmp_path, f"{SHIFTED}\n{rows}")
    assert outcomes(path) == ["undecided", "undecided", "blocked", "undecided"]
    assert outcomes(path, short_rows="trailing") == ["clear", "clear", "blocked", "undecided"]
    brief = written(tmp_path, 'short_rows = "trailing"\n', "brief.toml")
    assert read_brief(brief).short_rows == "trailing"
    for word in ('"leading"', '""', "1", "true"):
        with pytest.raises(InputError, match=r"brief\.toml:short_rows: .* is not known"):
            read_brief(written(tmp_path, f"short_rows = {word}\n", "brief.toml"))


@pytest.mark.parametrize("size", some([1, 2, 100], 2))
def test_a_row_broken_in_two(size, tmp_path, monkeypatch):
    """A line break in a text without quotes makes two rows: neither is clear, where short rows are read neither."""
    monkeypatch.setattr(table, "BATCH_ROWS", size)
    torn = "4,01 99 00 04 21,call\nagain,2026-11-01\n"
    path = written(tmp_path, f"{SHIFTED}\n1,01 99 00 04 18,Nantes,\n{torn}5,01 99 00 04 22,Lille,\n")
    assert outcomes(path) == ["clear", "undecided", "undecided", "clear"]
    assert outcomes(path, short_rows="trailing") == ["clear", "undecided", "undecided", "clear"]
    path = written(tmp_path, f"{SHIFTED}\n1,01 99 00 04 18\n2,01 99 00 04 19,Lille\n{torn}5,01 99 00 04 22,\n")
    assert outcomes(path, short_rows="trailing") == ["clear", "clear", "undecided", "undecided", "undecided"]


def test_only_the_first_batch_is_small(tmp_path, monkeypatch):
    """However many rows are read at once: each batch costs something, also where its rows are few."""
    monkeypatch.setattr(table, "FIRST_ROWS", 2)
    path = written(tmp_path, "number\n" + "".join(f"01 99 00 00 0{at}\n" for at in range(8)))
    assert [batch.height for batch in open_table(path).batches] == [2, 6]


@pytest.mark.parametrize(
    "header",
    [
        "ref,number,ci\nty,objected_on", "ref,number,city,objected\n_on", "re\nf,number,city\n,objected_on",
        "ref,number,city\n (of living)\n,objected_on",
    ],
)  # fmt: skip
def test_a_line_break_in_a_header(header, tmp_path):
    """A header that is broken over lines is refused, since no column below it is what it is called."""
    path = written(tmp_path, f"{header}\n1,01 99 00 04 18,Nantes,2022-04-01\n2,01 99 00 04 19,Lille,2022-04-01\n")
    with pytest.raises(InputError, match=r"calls\.csv:\d: this line seems to belong to the header"):
        outcomes(path)


def test_a_quoted_line_break_in_a_header(tmp_path):
    """In quotes it is a blank like any other."""
    path = written(tmp_path, 'ref,number,city,"objected\n_on"\n1,01 99 00 04 18,Nantes,2022-04-01\n')
    assert outcomes(path) == ["blocked"]


def test_a_second_header(tmp_path):
    """A header that comes again is a row without a number; one in another order ends the check, with its line."""
    rows = "1,01 99 00 04 18,Nantes,\n"
    assert outcomes(written(tmp_path, f"{SHIFTED}\n{rows}{SHIFTED}\n{rows}")) == ["clear", "undecided", "clear"]
    for other in ("ref,number,objected_on,city", "ref,city,number,objected_on", "Number,Ref,x,y"):
        with pytest.raises(InputError, match=r"calls\.csv:3: this looks like a second header"):
            outcomes(written(tmp_path, f"{SHIFTED}\n{rows}{other}\n{rows}"))
    for other in ("client,Tél.,stop,ville", "id,Numéro de téléphone,arrêt,x", "a,mobile phone,b,"):
        with pytest.raises(InputError, match=r"calls\.csv:3: this looks like a second header"):
            outcomes(written(tmp_path, f"{SHIFTED}\n{rows}{other}\n2,01 99 00 04 19,2022-04-01,\n"))
    for row in ("2,pas de téléphone,Lille,", "2,mobile,Lille,", ",,Lille,", ",number,,"):
        assert outcomes(written(tmp_path, f"{SHIFTED}\n{rows}{row}\n")) == ["clear", "undecided"]
    cells = [["1", "01 99 00 04 18", "Nantes", None], ["a", "mobile phone", "b", None]]  # no cell, and not an empty one
    schema = dict.fromkeys(SHIFTED.split(","), pl.String)
    pl.DataFrame(cells, schema, orient="row").write_parquet(tmp_path / "calls.parquet")
    with pytest.raises(InputError, match=r"calls\.parquet:2: this looks like a second header"):
        outcomes(tmp_path / "calls.parquet")


@pytest.mark.parametrize(
    "lines",
    some([
        # two stray quotes in one column, some rows apart
        ['1,01 99 00 04 18,"Nantes,2022-04-01', "2,01 99 00 04 19,Lille,", '3,01 99 00 04 20,Lyon",'],
        ['1,01 99 00 04 18,"Nantes,2022-04-01', '2,01 99 00 04 19,Lille",'],
        ['1,01 99 00 04 18,"Nantes,2022-04-01', '2,,Lille",'],  # no number is swallowed, but a row is
        ['1,01 99 00 04 18,"Nantes', '2,tel: 01 99 00 04 19,Lille",'],
        ['"1,01 99 00 04 18,Nantes,2022-04-01', '2",01 99 00 04 19,Lille,'],
        ['1,01 99 00 04 18,Nantes,"2022-04-01', '2,01 99 00 04 19,Lille,"'],
        # in two columns: the record is too wide, or too narrow
        ['1,01 99 00 04 18,"Nantes,2022-04-01', '2,"01 99 00 04 19,Lille,'],
        ['1,"01 99 00 04 18,Nantes,2022-04-01', '2,01 99 00 04 19,Lille",'],
        # never closed
        ['1,01 99 00 04 18,"Nantes,2022-04-01', "2,01 99 00 04 19,Lille,"],
    ], 5),
)  # fmt: skip
def test_stray_quotes_clear_nothing(lines, tmp_path):
    """Rows between two quotes that were not meant come back, each, and the rows where the quotes are stay undecided."""
    path = written(tmp_path, "\n".join([SHIFTED, *lines, "9,01 99 00 04 22,Lille,"]) + "\n")
    frame = opened(path)[1]
    assert frame["ref"].str.strip_chars('"').to_list() == [line.strip('"')[0] for line in lines] + ["9"]
    found = outcomes(path)
    odd = ['"' in line for line in lines]
    assert [outcome for outcome, is_odd in zip(found, odd, strict=False) if is_odd] == ["undecided"] * sum(odd)
    assert found[-1] == "clear"


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_quote_that_the_end_of_the_file_leaves_open(end, tmp_path):
    """A file that was cut in a quoted cell has the beginning of that cell; its last row is undecided."""
    path = written(tmp_path, f'{SHIFTED}\n1,01 99 00 04 18,Lille,\n2,01 99 00 04 19,Lille,"{end}')
    assert outcomes(path) == ["clear", "undecided"]


@pytest.mark.parametrize(
    ("row", "city"),
    [
        ('1,01 99 00 04 18,"12, rue Basse\nNantes",', "12, rue Basse\nNantes"),
        ('1,01 99 00 04 18,"called, busy\nlater\ncalled, no answer",', "called, busy\nlater\ncalled, no answer"),
        ('1,01 99 00 04 18,"says: ""call\n01 99 00 04 19""",', 'says: "call\n01 99 00 04 19"'),
        ('1,01 99 00 04 18,5" by 6,', '5" by 6'),
        ('1,01 99 00 04 18,Jean "Jojo" Dupont,', 'Jean "Jojo" Dupont'),
    ],
)
def test_quotes_that_are_meant(row, city, tmp_path):
    """Lines and separators in a quoted text, and a quote in a text that is none, leave a row whole."""
    path = written(tmp_path, f"{SHIFTED}\n{row}\n2,01 99 00 04 19,Lille,\n")
    assert opened(path)[1]["city"].to_list() == [city, "Lille"]
    assert outcomes(path) == ["clear", "clear"]


def test_a_row_out_of_bounds_comes_back_whole(tmp_path):
    """What does not fit is written as it stood, as far as CSV allows: surplus text stands in the last cell."""
    path = written(tmp_path, f"{SHIFTED}\n1,01 99 00 04 18,x,Nantes,2022-04-01\n2,01 99 00 04 19,Lille\n")
    told = {"brief": Brief("FR", ignore=IGNORED), "accept": {"unread": "shifted"}}
    check(path, Store(tmp_path / "store"), **told, out=tmp_path / "out.csv", columns=["outcome"])
    assert (tmp_path / "out.csv").read_text().splitlines() == [
        f"{SHIFTED},dnc_outcome",
        '1,01 99 00 04 18,x,"Nantes,2022-04-01",undecided',
        "2,01 99 00 04 19,Lille,,undecided",
    ]


def test_text_behind_the_last_name(tmp_path):
    """Text under no name, behind all names, marks its row in a CSV and in a spreadsheet, unless the column is named."""
    rows = [["number", "city", None], ["0199000418", "Nantes", None], ["0199000419", "Lille", "2022-04-01"]]
    for path in (
        sheet(tmp_path / "calls.xlsx", rows),
        written(tmp_path, "\n".join(",".join(cell or "" for cell in row) for row in rows)),
    ):
        assert opened(path)[1][RAGGED].to_list() == [None, UNNAMED]
        with pytest.raises(RolesError, match="column 3: 1 text"):
            outcomes(path)
        assert outcomes(path, ignore=("*",)) == ["clear", "undecided"]
        assert outcomes(path, ignore=("column 3",)) == ["clear", "clear"]
        assert outcomes(path, columns={"objected_on": "column 3"}) == ["clear", "blocked"]


def test_an_object_without_a_number(tmp_path):
    """Objects of JSON lack what they do not say: a number that is not told is not clear."""
    rows = [{"ref": 1, "number": "0199000418"}, {"ref": 2}, {"ref": 3, "number": None}, {"ref": 4, "Number": "x"}]
    assert outcomes(written(tmp_path, json.dumps(rows[:3]), "calls.json")) == ["clear", "undecided", "undecided"]
    with pytest.raises(InputError, match="several columns are called 'number'"):
        outcomes(written(tmp_path, json.dumps(rows), "calls.json"))


@pytest.mark.parametrize("sign", ["^", "~", "\x01", "\x1f"])
def test_rare_separators(sign, tmp_path):
    """Signs that no text has are separators where a header has no usual one; elsewhere they are text."""
    path = written(
        tmp_path, f"ref{sign}number{sign}city\n1{sign}01 99 00 04 18{sign}Nantes, Loire\n2{sign}01 99 00 04 19\n"
    )
    assert outcomes(path) == ["clear", "undecided"]
    told = {"brief": Brief("FR", ignore=IGNORED), "accept": {"unread": "shifted"}}
    check(path, Store(tmp_path / "store"), **told, out=tmp_path / "out.csv", columns=["outcome"])
    assert (tmp_path / "out.csv").read_text().startswith(f"ref{sign}number{sign}city{sign}dnc_outcome\n")
    assert opened(written(tmp_path, f"ref,num{sign}ber\n1,2\n"))[0] == ["ref", f"num{sign}ber"]


def test_a_separator_of_any_sign(tmp_path):
    """A first line may name a separator that no CSV reader knows; it is read with care."""
    path = written(tmp_path, "sep=§\nref§number§city\n1§01 99 00 04 18§Nantes\n2§01 99 00 04 19\n")
    assert outcomes(path) == ["clear", "undecided"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            "number;ville\n0199000001;Orléans\n0199000002;Nîm".encode() + b"\xe9s\n",
            "line 3 and was read as Windows-1252",
        ),
        ("téléphone;ville\n0199000001;Nîmes\n".encode("cp1252"), "line 1 and was read as Windows-1252"),
        (b"number;ville\r0199000001;N\x81mes\r", "line 2 and was read as Latin-1"),
        ("number;ville\n0199000001;Orléans\n".encode(), None),
        ("number;ville\n0199000001;Orléans\n".encode("utf-16"), None),
        ('[{"number": "0199000001",\n"ville": "Nîmes"}]'.encode("cp1252"), "line 2 and was read as Windows-1252"),
    ],
)
def test_a_byte_that_decides_the_encoding_is_said(content, said, dnc, tmp_path):
    """Where one byte makes a file another than UTF-8, its line is told, and how the file was read."""
    name = written(tmp_path, content, "calls.json" if content.startswith(b"[") else "calls.csv").name
    column = "téléphone" if content.startswith(b"t") else "number"
    for language, words in (("en", "is not UTF-8 in"), ("fr", "n'est pas en UTF-8 à la")):
        words_of_list = ("--region", "FR", "--map", f"number={column}", "--ignore", "ville")
        told = dnc("check", name, *words_of_list, "--lang", language)[2]
        assert (words in told) == (said is not None)
        assert said is None or language == "fr" or f"{name} is not UTF-8 in {said}" in told


def test_a_load_says_how_it_was_read(tmp_path):
    """So does a load, in its notes."""
    path = written(tmp_path, "number,reason\n0199000001,décédé\n".encode("cp1252"))
    notes = Store(tmp_path / "store").load(path, registry="own", as_of=date(2026, 8, 3)).notes
    assert "line 2 is not UTF-8; it was read as Windows-1252" in notes


def test_files_of_one_list_are_named(tmp_path):
    """Of several files the one that is not UTF-8 is named."""
    paths = [written(tmp_path, "number,city\n0199000001,Nîmes\n", f"{at}.csv", at) for at in ("utf-8", "cp1252")]
    misfits = check(paths, Store(tmp_path / "store"), brief=Brief("FR", ignore=["city"])).header.table.misfits
    assert [(one.file, one.line) for one in misfits] == [("cp1252.csv", 2)]


def test_rows_that_do_not_fit_are_counted(dnc, tmp_path):
    """The summary counts them by what is wrong with them, and says what to do."""
    rows = '1,0199000001\n2,0199000001,x,y,z\n3,0199000001,"x,y\n4,0199000001,x,y'
    written(tmp_path, f"{SHIFTED}\n{rows}\n")
    for language, words in {
        "en": ["fewer cells than the header, left open: 1;", "more cells", "not closed in its cell"],
        "fr": ["moins de cellules que l'en-tête, laissées à compléter : 1 ;", "plus de cellules", "n'est pas fermé"],
    }.items():
        ignored = (word for name in IGNORED for word in ("--ignore", name))
        accepted = ("--accept", "unread=shifted")
        _, _, told = dnc("check", "calls.csv", "--region", "FR", "--lang", language, *ignored, *accepted)
        told = told.replace("\N{NO-BREAK SPACE}", " ")
        assert all(word in told for word in [*words, 'short_rows = "trailing"'])


def test_advice_fits_the_rows(dnc, tmp_path):
    """Only a number that cannot be read is to be corrected: steps, reasons, page and spreadsheet tell it from rows."""
    rows = "0199000001,,\n0199000002 ne veut plus être appelée,,\n0199000003\nabc,,\n"
    written(tmp_path, f"number,name,note\n{rows}")
    steps = dnc("check", "calls.csv", "--region", "FR", "--out", "r.html", "--out", "v.xlsx")[2]
    assert "left open because of the way the row is written" in steps
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    overview = pl.read_excel(tmp_path / "v.xlsx", sheet_id=1, has_header=False)
    for told in (steps, page, str(overview.rows())):
        assert "or a note on it, says not to call: 1; if" in told
        assert "there is no such number (1 call)" in told and "(3 calls)" not in told


@pytest.mark.parametrize(
    ("rows", "names", "line"),
    [
        ([["Nom", "Téléphone", "", "Ville"], ["", "fixe", "mobile", ""]],
         ["Nom", "Téléphone / fixe", "Téléphone / mobile", "Ville"], 3),
        ([["Name", "Phone", ""], ["", "home", "work"]], ["Name", "Phone / home", "Phone / work"], 3),
        ([["Liste", "", "", ""], ["Contact", "", "Téléphone", ""], ["Nom", "Prénom", "fixe", "mobile"]],
         ["Contact / Nom", "Contact / Prénom", "Téléphone / fixe", "Téléphone / mobile"], 4),
        ([["Société X", "Lyon", "", ""], ["Nom", "Tel", "Ville", "Pays"]], ["Nom", "Tel", "Ville", "Pays"], 3),
        ([["Mes contacts", "", ""], ["", "", ""], ["Nom", "Contact", "Ville"]], ["Nom", "Contact", "Ville"], 4),
        ([["Nom", "Tel", "Ville"], ["Nom", "Tel", "Ville"]], ["Nom", "Tel", "Ville"], 3),
        ([["Nom", "Contact", "Genre"], ["Une", "", "Portable"]], ["Nom", "Contact", "Genre"], 2),
    ],
)  # fmt: skip
@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_titles_and_headers_of_two_rows(suffix, rows, names, line, tmp_path):
    """A title is left out, two rows of names are joined, and no row of data is lost."""
    data = ["Dupont", "0199000001", "Rouen", "FR"][: len(rows[0])]
    path = tmp_path / f"calls{suffix}"
    if suffix == ".csv":
        path.write_text("".join(";".join(row) + "\n" for row in [*rows, data]), encoding="utf-8")
    else:
        sheet(path, [[cell or None for cell in row] for row in [*rows, data]])
    header, frame = opened(path)
    assert header == names
    assert frame[LINE].to_list()[0] == line
    assert frame.row(-1)[: len(data)] == tuple(data)
    assert frame[RAGGED].null_count() == frame.height


def test_a_header_with_a_line_break_in_quotes(tmp_path):
    """A line inside a quoted cell is never taken for the header."""
    text = 'Export\n"Staff\n(numbers)";"Payroll\nNom;Contact;Ville\ncosts";Total\n1;2;3\n'
    assert opened(written(tmp_path, text))[0] == ["Export"]


def test_headers_in_doubt_are_refused(tmp_path):
    """Where a second row may be names or data, where names are in single quotes, where a second table begins: refused."""
    doubtful = [["Nom", "Téléphone", ""], ["Dupont", "inconnu", "Paris"], ["Une", "0199000001", "x"]]
    for path in (
        sheet(tmp_path / "a.xlsx", [[cell or None for cell in row] for row in doubtful]),
        written(tmp_path, "".join(";".join(row) + "\n" for row in doubtful), "a.csv"),
    ):
        with pytest.raises(InputError, match=r"a\.(xlsx|csv):2: this row may be data, or a second row of column names"):
            open_table(path)
    with pytest.raises(InputError, match=r"calls\.csv:1: column names are in single quotes"):
        open_table(written(tmp_path, "'number','name'\n'0199000001','Une, Deux'\n"))
    with pytest.raises(InputError, match=r"calls\.csv:2: the cells of a column are in single quotes"):
        open_table(written(tmp_path, "number,name\n0199000001,'Une'\n0199000002,\n0199000003,'Deux'\n"))
    assert opened(written(tmp_path, "number,name\n'0199000001,'Une'\n'0199000002,Deux\n"))[1].height == 2
    for blank in ("\n", ";\n"):
        table = open_table(written(tmp_path, f"number;since\n0199000001;x\n{blank}Nom;Téléphone\nUne;0261910002\n"))
        with pytest.raises(InputError, match=r"calls\.csv:4: another table seems to begin here"):
            list(table.batches)
    same = opened(written(tmp_path, "number;since\n0199000001;x\n\nnumber;since\n0261910002;x\n"))[1]
    assert same["number"].to_list() == ["0199000001", "number", "0261910002"]


@pytest.mark.parametrize(
    ("header", "numbers"),
    [
        ("First Name,Phonetic First Name,Phone 1 - Label,Phone 1 - Value,Phone 2 - Type,Phone 2 - Value,E-mail 1 - Value",
         ["Phone 1 - Value", "Phone 2 - Value"]),
        ("Title,First Name,Business Fax,Business Phone,Home Phone,Mobile Phone,Primary Phone,Pager,E-mail Address",
         ["Business Phone", "Home Phone", "Mobile Phone", "Primary Phone"]),
        ("Salutation,First Name,Phone,Mobile,Fax,Do Not Call,Lead Source,Rating", ["Phone", "Mobile"]),
        ("Prénom,Téléphone (bureau),Téléphone (domicile),Tél. mobile,Ville", ["Téléphone (bureau)", "Téléphone (domicile)", "Tél. mobile"]),
        ("Kundennr.,Rufnummer,Mobil,Handy privat,Immobilie,Mobilität", ["Rufnummer", "Mobil", "Handy privat"]),
        ("Código,Móvil,Fijo,Prefijo", ["Móvil", "Fijo"]),
        ("Cliente,Cellulare,Cell. 2,Cellula", ["Cellulare", "Cell. 2"]),
        ("ID,SMS,WHATSAPP,Abonné SMS,SMS_OPT_IN", ["SMS", "WHATSAPP"]),
        ("phone_code,phone_number,alt_phone", ["phone_number", "alt_phone"]),
        ("mobile_number,is_mobile_bad,has_phone", ["mobile_number"]),
    ],
)  # fmt: skip
def test_columns_of_address_books(header, numbers, tmp_path):
    """In exports of address books, CRMs and diallers the columns of numbers are known by their names."""
    assert (
        list(filter(table.looks_like_phone, opened(written(tmp_path, f"{header}\n{',' * header.count(',')}\n"))[0]))
        == numbers
    )


@pytest.mark.parametrize("size", [8, 1 << 22])
@pytest.mark.parametrize("ended", ["", ","])
def test_blanks_before_quotes(size, ended, tmp_path, monkeypatch):
    """Quotes after a blank are quotes: what they hold is one cell, with its separators and line breaks, without them."""
    monkeypatch.setattr(csv_reader, "_BLOCK", size)
    rows = ['"0199000001", "Une, Deux", "a ""b"""', '0199000002,  "two\nlines",x', "0199000003, Trois, y"]
    header, frame = opened(
        written(tmp_path, "\n".join([f'number, "name", note{ended}', *(row + ended for row in rows)]))
    )
    assert header[:3] == ["number", "name", "note"]
    assert frame["name"].to_list() == ["Une, Deux", "two\nlines", "Trois"]
    assert frame["note"].to_list() == ['a "b"', "x", "y"]
    assert frame[LINE].to_list() == [2, 3, 5]
    assert frame[RAGGED].null_count() == 3


@pytest.mark.parametrize(
    "header",
    ['ref,"number,"city","objected_on"', '"ref,number,"city",objected_on', 'ref,number,"city,objected_on'],
)
def test_a_stray_quote_in_a_header(header, tmp_path):
    """Names that a quote joined would stand over cells of others: refused, however many cells the rows have."""
    for row in ("1,0199000001,x,", "1,0199000001,2022-04-01", "1,0199000001"):
        with pytest.raises(InputError, match=r"calls\.csv:1: a quotation mark in the header is not closed in its cell"):
            open_table(written(tmp_path, f"{header}\n{row}\n"))
    for whole in ('"ref, no","number ""home""",city', 'ref no,number "home",5" city'):
        assert len(opened(written(tmp_path, f"{whole}\n1,0199000001,y\n"))[0]) == 3
