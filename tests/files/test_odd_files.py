"""Files that other readers lose rows of, crash over or hang on: rows, or one sentence, and within bounds."""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import tarfile
import threading
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from dnc import Brief, InputError, Store, check
from dnc.files.open_table import open_table
from tests import size, some

ROWS = 12_345
OUTS = ("csv", "parquet", "xlsx", "jsonl")


def opened(path: Path) -> pl.DataFrame:
    """All rows of a table."""
    return pl.concat(open_table(path).batches)


def varint(value: int) -> bytes:
    """A number as Thrift writes it."""
    value <<= 1
    parts = []
    while value >= 0x80:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])


# Parquet


def test_parquet_whose_counts_disagree(tmp_path, store):
    """Wherever a file tells its rows, a changed count loses none of them silently."""
    path = tmp_path / "own.parquet"
    pl.DataFrame({"number": [f"0199{n:06}" for n in range(ROWS)]}).write_parquet(path)
    data, told = path.read_bytes(), varint(ROWS)
    places = [at for at in range(len(data)) if data.startswith(told, at)]
    whole, damaged = opened(path), set()
    for at in places:
        for other in (ROWS - 1, ROWS - 5_000):
            path.write_bytes(data[:at] + varint(other) + data[at + len(told) :])
            try:
                assert opened(path).equals(whole)
            except InputError as error:
                damaged.add(at)
                assert "is damaged" in str(error)
    assert len(damaged) >= 2  # of the file and of its row group
    path.write_bytes(data[: places[-1]] + varint(ROWS - 1) + data[places[-1] + len(told) :])
    for read in (
        lambda: store.load(path, registry="own", as_of=date(2026, 1, 1)),
        lambda: check([path], store, region="FR"),
        lambda: check(tmp_path, store, region="FR"),
    ):
        with pytest.raises(InputError, match=r"own\.parquet: is damaged: its row counts"):
            read()
    assert not store.exists


CELLS = {
    "binary": [b"0199000418", b"\xff"],
    "list of binary": [[b"0199"], [b"\xff"]],
    "struct of binary": [{"a": b"\xff"}, None],
    "decimal": [Decimal("1.50"), None],
    "duration": [timedelta(days=1, microseconds=5), None],
    "list of durations": [[timedelta(1)], None],
    "time": [time(1, 2, 3), None],
    "null": [None, None],
    "list of nulls": [[None], None],
    "large": pl.Series([2**64 - 1, 0], dtype=pl.UInt64),
    "huge": pl.Series([2**100, -5], dtype=pl.Int128),
    "category": pl.Series(["a", "b"], dtype=pl.Categorical),
    "enum": pl.Series(["a", "b"], dtype=pl.Enum(["a", "b"])),
    "no number": [float("nan"), float("inf")],
    "far day": pl.Series([2**31 - 1, 1], dtype=pl.Int32).cast(pl.Date),
    "year 10000": pl.Series([2_932_897, 1], dtype=pl.Int32).cast(pl.Date),
    "infinity": pl.Series([2**63 - 1, 0], dtype=pl.Int64).cast(pl.Datetime("us", "Europe/Paris")),
    "list of far days": pl.Series([[2**31 - 1], [1]], dtype=pl.List(pl.Int32)).cast(pl.List(pl.Date)),
    "long span": pl.Series([2**63 - 1, 1], dtype=pl.Int64).cast(pl.Duration("ms")),
    "nanoseconds": pl.Series([datetime(2026, 1, 1), None]).cast(pl.Datetime("ns", "UTC")),
    "map of numbers": pl.Series([{1: 2}, {}], dtype=pl.Map(pl.Int64(), pl.Int64())),
    "map of maps": pl.Series([{"a": {1: 2}}, {"b": {}}], dtype=pl.Map(pl.String(), pl.Map(pl.Int64(), pl.Int64()))),
    "array": pl.Series([[1, 2], [3, 4]], dtype=pl.Array(pl.Int64, 2)),
    "nested": [[{"a": [{"b": [{"c": 1}]}]}], None],
    "field with NUL": [{"a\0b": 1}, None],
    "controls": ["a\0\x01\x1b\x85\u2028\ufffe", "\r\n"],
}


def test_parquet_of_every_type(tmp_path, dnc):
    """Cells of every type come out in every format, as a fact and as a number they are read or not understood."""
    frame = pl.DataFrame({"number": ["0199000418", "0199000419"]} | CELLS)
    frame.write_parquet(tmp_path / "calls.parquet")
    for kind, cells in list(CELLS.items())[:: size(8, 1)]:
        told = dict.fromkeys(("number", "consent", "objected_on", "attempts", "call_at", "region", "place"), cells)
        pl.DataFrame(told).write_parquet(tmp_path / f"{kind}.parquet")
        path, read = tmp_path / f"{kind}.parquet", Brief(region="FR", around="read")
        result = check(path, Store(tmp_path / "store"), brief=read, accept={"unread": "odd"})
        assert result.rows == 2 and not result.counts["clear"], kind
    outs = [part for suffix in OUTS for part in ("--out", f"v.{suffix}")]
    ignored = [part for kind in CELLS for part in ("--ignore", kind)]
    assert dnc("check", "calls.parquet", "--region", "FR", "--quiet", *ignored, *outs)[0] == 3
    rows = pl.read_ndjson(tmp_path / "v.jsonl", infer_schema_length=None).rows(named=True)
    assert rows[0]["binary"] == "0199000418" and rows[1]["binary"] == "b'\\xff'"
    assert rows[0]["list of binary"] == '["0199"]' and rows[0]["map of numbers"] == '{"1": 2}'
    assert (rows[0]["far day"], rows[1]["far day"]) == ("2147483647", "1970-01-02")
    assert rows[0]["infinity"] == str(2**63 - 1) and rows[1]["infinity"].startswith("1970-01-01 01:00")
    assert dnc("brief", "calls.parquet")[0] == 0


NAMES = ["*", "^.*$", "^n.*r$", "", " ", "n" * 9_000, "dnc_outcome", "DNC_Outcome", "a\"b'c;,\n\t", "\x1b[31m", "value"]


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_names_of_columns_that_mean_something_to_others(kind, tmp_path, dnc):
    """No name of a column is a pattern, a command, or the name of a column of ours."""
    frame = pl.DataFrame({"number": ["0199000418"]} | {name: [f"{at}"] for at, name in enumerate(NAMES)})
    frame.write_parquet(tmp_path / "calls.parquet") if kind == "parquet" else frame.write_ndjson(
        tmp_path / "calls.jsonl"
    )
    outs = [part for suffix in OUTS for part in ("--out", f"v.{suffix}")]
    own = [name for name in NAMES if name != "dnc_outcome"]
    ignored = [part for name in own for part in ("--ignore", name or "column 5")]
    code, _, err = dnc("check", f"calls.{kind}", "--region", "FR", "--quiet", *ignored, *outs)
    assert (code, err) == (3, "")
    row = pl.read_parquet(tmp_path / "v.parquet").row(0)
    assert list(row[1 : 1 + len(own)]) == [str(NAMES.index(name)) for name in own]
    assert dnc("brief", f"calls.{kind}")[0] == 0


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_a_name_with_a_nul_is_refused(kind, tmp_path):
    """It ended the process when a spreadsheet was written."""
    frame = pl.DataFrame({"number": ["0199000418"], "a\0b": [1]})
    frame.write_parquet(tmp_path / "calls.parquet") if kind == "parquet" else frame.write_ndjson(
        tmp_path / "calls.jsonl"
    )
    with pytest.raises(InputError, match="the name of column 2 contains a NUL character; rename it"):
        open_table(tmp_path / f"calls.{kind}")


# JSON


@pytest.mark.parametrize(
    "values",
    [
        [{"a": {"a": 1}}, {"a": 5}],
        [[[1]], ["x"]],
        [10**40, 1],
        [{"a": 10**40}, None],
        [True, 1],
        [2**53 + 1, 0.5],
        [{"a": {}}, {"a": {"b": 1}}],
        [{f"k{n}": n} for n in range(1_000)],
        [[[[[[[[1]]]]]]]],
    ],
)
def test_no_value_of_json_is_lost(values, tmp_path):
    """A value that fits no type of all values is text, and says what the file says."""
    (tmp_path / "c.json").write_text(json.dumps([{"x": value} for value in values]))
    cells = opened(tmp_path / "c.json")["x"]
    assert [cell if cell is None else json.loads(cell) for cell in cells] == values
    assert cells.dtype == pl.String


# Pipes


@pytest.fixture
def pipe(tmp_path):
    """A function that makes a pipe from which some text comes, once."""

    def made(name: str, text: str) -> Path:
        os.mkfifo(tmp_path / name)
        threading.Thread(target=(tmp_path / name).write_text, args=[text], daemon=True).start()
        return tmp_path / name

    return made


OWN = "number\n0199000418\n0199000419\n"


@pytest.mark.parametrize(
    "arguments",
    some([
        ["check", "PIPE", "--region", "FR", "--quiet"],
        ["check", "calls.csv", "--region", "FR", "--consents", "PIPE"],
        ["check", "calls.csv", "--region", "FR", "--brief", "PIPE"],
        ["vet", "PIPE", "--region", "FR"],
        ["vet", "calls.csv", "--region", "FR", "--against", "PIPE"],
        ["brief", "PIPE"],
        ["load", "--preview", "PIPE", "--registry", "own"],
        ["load", "PIPE", "--registry", "own", "--as-of", "2026-01-01"],
        ["load", "calls.csv", "--registry", "own", "--as-of", "2026-01-01"],
    ], 5),
    ids=" ".join,
)  # fmt: skip
def test_a_pipe_is_read_as_the_file_it_gives(arguments, pipe, dnc, write_file, monkeypatch, tmp_path):
    """What a pipe gives is put aside, read as often as need be, and gone afterwards; it is called as it was typed."""
    text = "number,consent\n0199000418,none\n" if "--consents" in arguments else OWN
    text = 'dates = "dmy"' if "--brief" in arguments else text
    write_file("calls.csv", OWN)
    write_file("as-a-file", text)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "aside"))
    monkeypatch.setattr("tempfile.tempdir", None)
    (tmp_path / "aside").mkdir()
    expected = dnc(*(str(tmp_path / "as-a-file") if one == "PIPE" else one for one in arguments), "--store", "a")
    made = pipe("pipe", text)
    found = dnc(*(str(made) if one == "PIPE" else one for one in arguments), "--store", "b")
    assert not [one for one in (tmp_path / "aside").rglob("*") if one.is_file()]
    plain = [part.replace("as-a-file", "pipe") if isinstance(part, str) else part for part in expected]
    assert (found[0], found[1]) == (plain[0], plain[1])
    assert [line for line in found[2].splitlines() if "head" not in line] == [
        line for line in plain[2].splitlines() if "head" not in line
    ]


def test_a_pipe_that_gives_nothing_is_refused(pipe, dnc):
    """The command before it failed: an own list without a row would say that nobody objected."""
    code, _, err = dnc("load", pipe("pipe", ""), "--registry", "own", "--as-of", "2026-01-01")
    assert code == 4 and err.endswith("pipe: the pipe is empty; did the command before it fail?\n")


@pytest.mark.parametrize(
    "read",
    [
        lambda path, _: open_table(path),
        check,
        lambda path, store: check(path.with_name("calls.csv"), store, region="FR", consents=path),
        lambda path, store: store.load(path, registry="own", as_of=date(2026, 1, 1)),
        lambda path, store: store.load(
            path.with_name("wash.csv"), registry="au-dncr", means="listed", as_of=date(2026, 1, 1), asked=path
        ),
    ],
)
def test_a_pipe_from_a_program_is_refused(read: Callable[[Path, Store], object], tmp_path, store, write_file):
    """A list is read several times, a pipe once: refused at once, and never waited for."""
    write_file("calls.csv", OWN)
    write_file("wash.csv", "0255500000\n")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="pipe: is a pipe or a device"):
        read(tmp_path / "pipe", store)


# Faults


def test_a_panic_is_said_like_any_fault(dnc, write_file, monkeypatch):
    """What Rust calls a panic is no Exception of Python; its exit code is never that of blocked calls."""

    def panic(*_: object, **__: object) -> None:
        raise pl.exceptions.PanicException("0199000418")

    monkeypatch.setattr("dnc.lists.guesses.open_table", panic)
    code, out, err = dnc("brief", write_file("calls.csv", OWN))
    assert (code, out) == (4, "")
    assert err.startswith("dnc: internal error (PanicException at") and "Traceback" not in err


# Bounds


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("c.csv", "number" + ",x" * (1 << 14) + "\n", "has more than 16,384 columns"),
        ("c.csv", "number," + "x" * 10_001 + "\n1,2\n", "the name of column 2 has more than 10,000 characters"),
        (
            "c.jsonl",
            "".join(f'{{"k{n}":1}}\n' for n in range(2_049)),
            "c.jsonl:2049: .* more than 2,048 different keys",
        ),
        (
            "c.jsonl",
            '{"n":' + "[" * 32 + "]" * 32 + "}",
            r"c.jsonl:1: has objects nested more than 32 deep",
        ),
    ],
    ids=["columns", "name", "keys", "depth"],
)
def test_what_swells_is_refused(name, text, says, write_file):
    """More columns, names or depth than a list has are refused with the bound, before they fill the memory."""
    with pytest.raises(InputError, match=says):
        opened(write_file(name, text))


def test_parquet_of_many_columns(tmp_path):
    """Every row and column of a list of more than a thousand columns is read."""
    frame = pl.DataFrame({"number": ["0199000418", "0199000419"]} | {f"c{n}": [n, None] for n in range(2_500)})
    frame.write_parquet(tmp_path / "c.parquet")
    assert opened(tmp_path / "c.parquet").select(frame.columns).equals(frame)


def test_parquet_that_swells_is_refused(tmp_path):
    """One long cell, and one of a megabyte that stands in many rows, which a dictionary makes small."""
    path = tmp_path / "c.parquet"
    pl.DataFrame({"number": ["0" * ((1 << 20) + 1)]}).write_parquet(path)
    with pytest.raises(InputError, match="a cell of more than 1,048,576 bytes"):
        opened(path)
    pl.DataFrame({"number": pl.Series(["0" * 1_000_000]).gather([0] * 1_000)}).write_parquet(path)
    assert path.stat().st_size < 100_000
    assert max(batch.height for batch in open_table(path).batches) < 300
    pl.DataFrame({f"c{n}": [1] for n in range((1 << 14) + 1)}).write_parquet(path)
    with pytest.raises(InputError, match="has more than 16,384 columns"):
        opened(path)


# No list at all


def packed(**names: bytes) -> bytes:
    """A zip of files."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in names.items():
            archive.writestr(name, content)
    return data.getvalue()


def tarred() -> bytes:
    """A tar with a list in it."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("own.csv"), io.BytesIO())
    return data.getvalue()


KINDS = {
    "a.xls": (b"<table><tr><td>number</td></tr></table>", "is a web page; log in and download again"),
    "b.xls": (b"\xef\xbb\xbf\n<!-- x --><html>", "is a web page"),
    "c.xls": (b"MIME-Version: 1.0\n", "is a web archive or an e-mail"),
    "d.xls": (
        b'<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>',
        "an XML spreadsheet of 2003; open it",
    ),
    "e.csv": ("<html>".encode("utf-16"), "named .csv but is a web page"),
    "a.rtf": (b"{\\rtf1\\ansi 0199000418}", r"is a text document \(RTF\); open it, and save the table"),
    "a.ics": (b"BEGIN:VCALENDAR\n", "is a calendar"),
    "a.pdf": (b"%PDF-1.7", "is a PDF; ask for the file as CSV"),
    "a.png": (b"\x89PNG\r\n", "is a picture"),
    "a.tar": (tarred(), "is a tar archive; unpack it"),
    "a.tgz": (gzip.compress(tarred()), "is a tar archive; unpack it"),
    "a.7z": (b"7z\xbc\xaf\x27\x1c\0\4", "is a 7-Zip archive"),
    "a.rar": (b"Rar!\x1a\7\1\0", "is a RAR archive"),
    "a.xz": (b"\xfd7zXZ\0\0", "is an xz archive"),
    "a.bz2": (b"BZh91AY&SY\0", "is a bzip2 archive"),
    "a.zst": (b"\x28\xb5\x2f\xfd\x24", "is a Zstandard archive"),
    "a.db": (b"SQLite format 3\0", "is an SQLite database; export the table as CSV"),
    "a.duckdb": (bytes(8) + b"DUCK" + bytes(8), "is a DuckDB database"),
    "a.pkl": (pickle.dumps([1]), "is a Python pickle"),
    "a.feather": (b"ARROW1\0\0", "is an Arrow"),
    "a.parquet": (b"PARE\x20\0\0\0", "named .parquet but is an encrypted Parquet file; decrypt it first"),
    "a.pgp": (b"-----BEGIN PGP MESSAGE-----", "is an encrypted message"),
    "b.csv": (b"version https://git-lfs.github.com/spec/v1\n", "is a Git LFS pointer, not the file"),
    "d.xlsx": (
        bytes.fromhex("d0cf11e0a1b11ae1") + bytes(512),
        "is a file of Office 97 to 2003 .* or a workbook with a password",
    ),
    "e.xls": (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(512), "and save the table as .xlsx or CSV, without a password"),
    "a.xlsb": (
        packed(**{"[Content_Types].xml": b"", "xl/workbook.bin": b""}),
        r"is a binary workbook \(.xlsb\); open it, and save it as .xlsx or CSV",
    ),
    "a.vcf": (b"BEGIN:VCARD\r\nTEL:0199000418\r\nEND:VCARD\r\n", "is a file of contact cards .* as CSV"),
    "a.docx": (packed(**{"[Content_Types].xml": b"", "word/document.xml": b""}), "is a Word document"),
    "a.odt": (
        packed(mimetype=b"application/vnd.oasis.opendocument.text", **{"META-INF/manifest.xml": b""}),
        r"is an OpenDocument file \(.ods, .odt\); open it, and save the table as .xlsx or CSV",
    ),
    "a.numbers": (packed(**{"Index/Document.iwa": b""}), "is an Apple Numbers or Pages document; export it as CSV"),
    "b.xlsx.gz": (gzip.compress(b"PAR1"), "a Parquet file or a spreadsheet inside an archive; unpack it"),
}


@pytest.mark.parametrize("name", KINDS)
def test_what_is_no_list_is_named_as_what_it_is(name, write_file, store):
    """Neither a check nor a load takes it for an empty list; one sentence says what it is, and what to do."""
    content, says = KINDS[name]
    path = write_file(name, content)
    with pytest.raises(InputError, match=says):
        check(path, store, region="FR")
    with pytest.raises(InputError, match=says):
        store.load(path, registry="own", as_of=date(2026, 1, 1))


@pytest.mark.parametrize(
    "header", ["PARENT", "GIF8", "BZh", "FEA1", "MSCF", "ARROW1", "abcdftyp", "DUCKDUCKDUCK", "ID;P"]
)
def test_a_header_that_begins_like_something_else_is_a_header(header, write_file):
    """A word at the beginning of a text is no mark of a binary file."""
    assert opened(write_file("calls.csv", f"{header},number\n1,0199000418\n")).height == 1


# Digits of other scripts


def test_digits_of_other_scripts(dnc, write_file):
    """What counts as a digit for a pattern is not always one for a number: not understood, or read, and no fault."""
    write_file("calls.csv", "number,attempts\n0199000418,１２３\n0199000419,٣\n")
    code, out, _ = dnc("check", "calls.csv", "--region", "FR", "--columns", "outcome,why")
    assert code == 3 and out.count("Not understood: Calls in the last 30 days '") == 2
    write_file("dates.csv", "number,call_at\n" + "".join(f"01990004{n},٠١/٠٢/٢٠٢٦\n" for n in range(10, 20)))
    assert dnc("brief", "dates.csv")[0] == 0
    write_file("wash.csv", "0255500000\n0２５５５00001\n61٢٥٥٥٠٠٠٠٢\n")
    code, out, _ = dnc("load", "--preview", "wash.csv", "--registry", "au-dncr", "--means", "listed")
    assert code == 0 and [line[:12] for line in out.splitlines()[1:]] == [
        "+61255500000",
        "+61255500001",
        "+61255500002",
    ]
    write_file("own.csv", "Phone Number,Contact Group Id,Days To Expiry\n0199000418,1,٣\n")
    assert dnc("load", "--preview", "own.csv", "--registry", "own")[0] == 0


# Spreadsheets


def test_cells_that_a_spreadsheet_cuts_are_said(dnc, write_file):
    """Said where it is cut, and where a cell that is read is as long as one can be."""
    write_file("calls.csv", "number,note\n0199000418," + "x" * 40_000 + "\n0199000419,y\n")
    told = ("--region", "FR", "--ignore", "note", "--out")
    _, _, err = dnc("check", "calls.csv", *told, "v.xlsx", "--out", "v.csv")
    assert (
        "Cells cut off in the spreadsheet, which holds at most 32,767 characters: 1; .csv and .parquet have them in full"
        in err
    )
    sheet = openpyxl.load_workbook("v.xlsx")["summary"]
    assert {row[0].value: row[1].value for row in sheet}["Cells cut off"].startswith("1, with more than")
    _, _, err = dnc("check", "v.xlsx", *told, "w.csv")
    assert (
        "Cells with exactly 32,767 characters, the most a spreadsheet can hold, which may have been cut off earlier: 1"
        in err
    )
    assert "may have been cut" not in dnc("check", "v.csv", *told, "w.csv")[2]


def test_a_sheet_that_is_full_is_refused(tmp_path, monkeypatch):
    """Excel opens a longer list and saves its first 1,048,576 rows: what is not in them would be absent."""
    pl.DataFrame({"number": [f"019900{n:04}" for n in range(20)]}).write_excel(tmp_path / "own.xlsx")
    assert opened(tmp_path / "own.xlsx").height == 20
    monkeypatch.setattr("dnc.files.spreadsheet.MOST_ROWS", 21)
    with pytest.raises(
        InputError, match=r"its sheet is full \(21 rows\), so further rows may be missing; export it as CSV"
    ):
        opened(tmp_path / "own.xlsx")


def test_more_columns_than_a_spreadsheet_has(dnc, write_file):
    """A list that fills all columns leaves no place for verdicts: said before the rows are decided."""
    write_file("calls.csv", "number" + "".join(f",c{n}" for n in range(16_380)) + "\n")
    code, _, err = dnc("check", "calls.csv", "--region", "FR", "--out", "v.xlsx")
    assert code == 4 and "a spreadsheet has at most 16,384 columns; write .csv or .parquet" in err


@pytest.mark.parametrize(
    "text",
    [
        b'<c r="A1">' * 200_000,
        b"<c " * 700_000,
        b"<sheet " * 300_000,
        b'<c r="A1"><f>' * 150_000 + b"<row",
        b"x" * 20_000_000,
        b'<c r="A0"><f>1</f></c><c r="A9999999"><f>1</f></c>',
    ],
    ids=["cells", "begun cells", "sheets", "formulas", "no cell", "rows that no sheet has"],
)
def test_parts_of_a_spreadsheet_that_do_not_end(text, tmp_path):
    """What looks for cells that failed takes time in proportion to the part, whatever it holds."""
    pl.DataFrame({"number": ["0199000418"]}).write_excel(tmp_path / "whole.xlsx")
    with zipfile.ZipFile(tmp_path / "whole.xlsx") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"]
    parts["xl/worksheets/sheet1.xml"] = sheet.replace(b"</sheetData>", b"</sheetData><!--" + text + b"-->")
    parts["xl/workbook.xml"] += b"<!--" + text[:2_000_000] + b"-->"
    with zipfile.ZipFile(tmp_path / "own.xlsx", "w") as archive:  # stored, so that it does not swell
        for name, content in parts.items():
            archive.writestr(name, content)
    try:
        assert opened(tmp_path / "own.xlsx").height == 1
    except InputError as error:
        assert "own.xlsx" in str(error)
