"""A list for sale is hostile until shown otherwise: archives, spreadsheets, columns and names that mean harm."""

from __future__ import annotations

import ctypes
import gc
import gzip
import io
import os
import re
import socket
import stat
import subprocess
import sys
import warnings
import zipfile
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import NamedTuple

import duckdb
import polars as pl
import pytest
import xlsxwriter

from dnc import InputError, Store, check
from dnc.database import engine
from dnc.files import sandbox
from dnc.files.archive import members
from dnc.files.open_table import open_table
from dnc.files.sheet_xml import Mark, marks_of
from dnc.files.spreadsheet import _is_special
from dnc.lists.brief import Brief
from tests.store.test_store import ANSWER

NAME = "x'); drop table log; --"
ESCAPE = "a\x1b]0;owned\x07\x1b[31mred\u202egnp\x9b2J"


def zipped(path: Path, members: dict[str, bytes], change=lambda info: info) -> Path:
    """A zip of members whose entries were changed."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(change(zipfile.ZipInfo(name)), data, zipfile.ZIP_DEFLATED)
    return path


def as_link(info: zipfile.ZipInfo) -> zipfile.ZipInfo:
    """An entry that is a symbolic link."""
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


def rows(path: Path) -> int:
    """Rows of a table that was read to its end."""
    return sum(batch.height for batch in open_table(path).batches)


NUMBERS = b"number\n0199000001\n"
INNER = io.BytesIO()
with zipfile.ZipFile(INNER, "w") as _archive:
    _archive.writestr("a.csv", NUMBERS)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda p: zipped(p, {"a.csv": b"0" * 30_000_000}), "unpacks to more than 20 GB or 200 times its size"),
        (lambda p: zipped(p, {"../../a.csv": NUMBERS}), "paths outside of it"),
        (lambda p: zipped(p, {"/etc/cron.d/a": NUMBERS}), "paths outside of it"),
        (lambda p: zipped(p, {"C:\\a.csv": NUMBERS}), "paths outside of it"),
        (lambda p: zipped(p, {"a.csv": b"/etc/passwd"}, as_link), "contains a link"),
        (lambda p: zipped(p, {"inner.zip": INNER.getvalue()}), "an archive inside an archive"),
        (lambda p: zipped(p, {"a.gz": gzip.compress(NUMBERS)}), "an archive inside an archive"),
        (lambda p: zipped(p, {f"{n}.csv": b"1" for n in range(10_001)}), "more than 10,000 files"),
        (lambda p: zipped(p, {}), "the archive is empty"),
    ],
)
def test_an_archive_that_means_harm_is_refused(tmp_path, make, says):
    """Ratio, paths, links, depth and count have bounds; nothing of it is unpacked anywhere."""
    path = make(tmp_path / "list.zip")
    with pytest.raises(InputError, match=says):
        rows(path)
    assert [one.name for one in tmp_path.iterdir()] == ["list.zip"]


def test_an_archive_is_closed_in_whatever_order_its_parts_are_collected(tmp_path):
    """Members keep a zip open. An error that holds them may go at any time, and must not warn in the test of another."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", "number\n")
    found = members(path)
    [file] = [
        one for one in gc.get_objects() if isinstance(one, io.BufferedReader) and getattr(one, "name", "") == str(path)
    ]
    cycle = [file, found]  # the file before the archive: garbage is finalized in the order in which it was last reached
    cycle.append(cycle)
    gc.collect()
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        del file, found, cycle
        gc.collect()
    assert not [one for one in warned if issubclass(one.category, ResourceWarning)]
    assert not [
        one for one in gc.get_objects() if isinstance(one, io.BufferedReader) and getattr(one, "name", "") == str(path)
    ]


def test_an_archive_that_lies_about_its_size_is_stopped_while_it_is_read(tmp_path):
    """The declared size is not believed: the bytes are counted, and their checksum is verified."""
    path = zipped(tmp_path / "list.zip", {"a.csv": NUMBERS * 1000})
    data = path.read_bytes()
    size = len(NUMBERS * 1000).to_bytes(4, "little")
    path.write_bytes(data.replace(size, (100).to_bytes(4, "little")))
    with pytest.raises(InputError, match="truncated or damaged"):
        rows(path)


def test_a_gzip_that_swells_is_stopped(tmp_path):
    """A megabyte that would become a gigabyte is left at 200 times its size."""
    path = tmp_path / "list.csv.gz"
    with gzip.open(path, "wb", 9) as file:
        for _ in range(60):
            file.write(b"number\n" + b"0" * 1_000_000 + b"\n")
    with pytest.raises(InputError, match="unpacks to more than"):
        rows(path)


# Parsers that are not ours


def shared_strings(path: Path, cells: int) -> Path:
    """A small spreadsheet of one long text that stands in many cells."""
    with xlsxwriter.Workbook(path, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for row in range(cells):
            sheet.write_string(row, 0, "number" if not row else "0" * 32_000)
    return path


def test_a_spreadsheet_that_swells_in_memory_is_stopped(tmp_path, monkeypatch):
    """One long text in many cells is small on disk: the process that reads it has a bound, and this one goes on."""
    path = shared_strings(tmp_path / "list.xlsx", 20_000)
    assert path.stat().st_size < 1_000_000
    monkeypatch.setattr("dnc.files.sandbox.MEMORY_BYTES", 300 << 20)
    with pytest.raises(InputError, match="takes more than 300 MB or 900 s to read; export it as CSV"):
        rows(path)


def test_a_spreadsheet_that_swells_on_unpacking_is_not_even_parsed(tmp_path):
    """The same bounds as for an archive hold for the archive that a spreadsheet is."""
    parts = {"[Content_Types].xml": b"<Types/>", "xl/worksheets/sheet1.xml": b" " * 30_000_000}
    with pytest.raises(InputError, match="unpacks to more than 20 GB or 200 times its size"):
        rows(zipped(tmp_path / "list.xlsx", parts))


def test_entities_of_a_spreadsheet_are_not_expanded(tmp_path):
    """A document type in a part is no licence to swell."""
    path = shared_strings(tmp_path / "list.xlsx", 3)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    bomb = b'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY a "aaaaaaaaaa">'
    bomb += b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9)) + b"]>"
    parts["xl/sharedStrings.xml"] = bomb + b"<sst><si><t>number&j;</t></si><si><t>&j;</t></si></sst>"
    try:
        assert rows(zipped(tmp_path / "bomb.xlsx", parts)) < 10
    except InputError as error:
        assert "bomb.xlsx" in str(error)


FAILED = b'<c r="A2" t="e"><f>A1</f><v>#N/A</v></c>'


def sheet_with(path: Path, old: bytes, new: bytes) -> Path:
    """A spreadsheet of three rows with a failed cell in the second, one piece of whose XML is replaced."""
    with zipfile.ZipFile(shared_strings(path, 3)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"].replace(b'<c r="A2" t="s"><v>1</v></c>', FAILED)
    assert FAILED in sheet and old in sheet
    parts["xl/worksheets/sheet1.xml"] = sheet.replace(old, new)
    return zipped(path, parts)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (b"<worksheet", b'<!DOCTYPE worksheet [<!ENTITY e "#N/A">]><worksheet', "has a document type"),
        (b"</sheetData>", b"<a>" * 300 + b"</a>" * 300 + b"</sheetData>", "nested too deeply"),
        (b"</sheetData>", b"</sheetdata>", "cannot be read as a spreadsheet"),
        (b"</sheetData>", b'</sheetData><a b="' + b"0 1" * 8_000_000 + b'"/>', "tags too long"),
    ],
    ids=["entities", "nesting", "ends", "a long tag"],
)
def test_xml_that_would_swell_or_break_is_refused(old, new, says, tmp_path, monkeypatch):
    """Entities, deep nesting, long tags and broken XML are refused."""
    monkeypatch.setattr("dnc.files.archive._MOST_TIMES", 1 << 20)
    with pytest.raises(InputError, match=f"list.xlsx.*{says}"):
        rows(sheet_with(tmp_path / "list.xlsx", old, new))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("prefix", ["", "x:"])
def test_failed_cells_are_found_in_any_form_of_xml(prefix, encoding, tmp_path):
    """Prefixed names and UTF-16 are XML too."""
    path = tmp_path / "list.xlsx"
    with zipfile.ZipFile(sheet_with(path, b"<worksheet", b"<worksheet")) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"].decode()
    sheet = re.sub(r"<(/?)(?=[a-zA-Z])", rf"<\1{prefix}", sheet).replace("xmlns=", "xmlns:x=" if prefix else "xmlns=")
    part = Part(sheet.replace("UTF-8", encoding).encode(encoding))
    assert _is_special(part, path, frozenset())
    assert marks_of(part) == [Mark("failed", 0, 2, "#N/A")]


class Part(NamedTuple):
    """The part of a spreadsheet, in memory."""

    data: bytes
    where: Path = Path("sheet1.xml")

    def head(self) -> bytes:
        """The first bytes."""
        return self.data[:100]

    def blocks(self, _size: int = 0) -> list[bytes]:
        """The bytes in small blocks."""
        return [self.data[at : at + 50] for at in range(0, len(self.data), 50)]


def test_a_parser_that_hangs_is_given_up(tmp_path, monkeypatch):
    """No row within the time: the process is ended, and the message says what to do."""
    path = tmp_path / "list.parquet"
    pl.DataFrame({"number": ["0199000001"]}).write_parquet(path)
    monkeypatch.setattr("dnc.files.sandbox._START", "import threading; threading.Event().wait()")
    monkeypatch.setattr("dnc.files.sandbox.SILENT_SECONDS", 0.3)
    with pytest.raises(InputError, match=r"no row could be read in 0\.3 s; export it as CSV"):
        rows(path)


def test_the_process_of_a_parser_uses_the_same_package(tmp_path, monkeypatch):
    """Another version may be installed."""
    path = tmp_path / "list.parquet"
    pl.DataFrame({"number": ["0199000001"]}).write_parquet(path)
    (tmp_path / "other" / "dnc").mkdir(parents=True)
    (tmp_path / "other" / "dnc" / "__init__.py").write_text("raise SystemExit('another version')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "other"))
    assert rows(path) == 1


def test_no_descriptor_is_left_open_for_each_file(tmp_path):
    """A desk reads thousands of files in one process."""
    path = tmp_path / "a.parquet"
    pl.DataFrame({"number": ["0199000001"]}).write_parquet(path)
    counts = []
    for _ in range(3):
        assert list(sandbox.frames("parquet", path, 10))
        counts.append(len(list(Path("/proc/self/fd").iterdir())))
    assert counts[0] == counts[2]


def test_a_parser_that_crashes_harms_nobody(tmp_path, monkeypatch, write_file, store):
    """A crash in foreign code is an error of that file; the store stays as it was."""
    store.load(write_file("a.csv", ANSWER), as_of=date(2026, 6, 1))
    path = tmp_path / "list.parquet"
    pl.DataFrame({"number": ["0199000001"]}).write_parquet(path)
    monkeypatch.setattr("dnc.files.sandbox._START", "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    with pytest.raises(InputError, match=r"list.parquet: takes more than|cannot be read"):
        check(path, store, region="FR")
    assert store.log().height == 1


@pytest.mark.parametrize(
    ("deed", "says"),
    [
        ("open('written', 'wb', buffering=0).write(b'x'); print('done', flush=True)", "cannot be read"),
        ("while True: pass", "takes more than .* MB or 1 s to read"),
        ("kept = bytearray(1 << 30)", "takes more than 256 MB"),
        ("os.write(2, b'Traceback:\\nMemoryError\\nlast words\\n'); os._exit(1)", "takes more than 256 MB"),
        ("os.write(2, b'mmap: Cannot allocate memory\\n'); os._exit(1)", "takes more than 256 MB"),
    ],
    ids=["writes", "computes", "allocates", "fails early", "is refused memory"],
)
def test_a_parser_is_held_within_its_bounds(deed, says, tmp_path, monkeypatch):
    """The process of a parser writes no file, computes no longer and takes no more memory than it may."""
    path = tmp_path / "list.parquet"
    pl.DataFrame({"number": ["0199000001"]}).write_parquet(path)
    start = (
        "import os, signal, sys; sys.path.append(sys.argv.pop(1))\n"
        "from dnc.files.sandbox_worker import bound\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"bound(int(sys.argv[5]), int(sys.argv[6])); os.chdir({str(tmp_path)!r})\n"
        f"try:\n {deed}\nexcept BaseException as error:\n os.write(2, type(error).__name__.encode()); os._exit(1)\n"
    )
    monkeypatch.setattr("dnc.files.sandbox._START", start)
    monkeypatch.setattr("dnc.files.sandbox.CPU_SECONDS", 1)
    monkeypatch.setattr("dnc.files.sandbox.MEMORY_BYTES", 256 << 20)
    with pytest.raises(InputError, match=says):
        rows(path)
    assert [file.stat().st_size for file in tmp_path.glob("written")] == [0] * deed.startswith("open")


DEEDS = {
    "reads another file": "open('victim').read()",
    "lists a folder": "os.listdir('.')",
    "truncates": "os.truncate('victim', 0)",
    "removes": "os.unlink('victim')",
    "renames": "os.rename('victim', 'other')",
    "links": "os.symlink('victim', 'other')",
    "makes a folder": "os.mkdir('other')",
    "makes a file": "os.open('other', os.O_CREAT)",
    "connects": "socket.create_connection(('127.0.0.1', PORT), 5)",
    "runs a program": "os.execv('/bin/true', ['true'])",
}


def has_landlock() -> bool:
    """Whether this system has Landlock, in a version that knows of connections."""
    return sys.platform == "linux" and ctypes.CDLL(None).syscall(444, None, 0, 1) >= 4


@pytest.mark.skipif(not has_landlock(), reason="this kernel has no Landlock, or an old one")
@pytest.mark.parametrize("deed", DEEDS)
def test_a_parser_that_is_taken_over_reaches_nothing(deed, tmp_path):
    """Each is tried in a process without the wall, where it succeeds or fails in its own way, and behind it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        script = (
            "import os, socket, sys\nfrom dnc.files.sandbox_worker import confine\n"
            f"PORT = {server.getsockname()[1]}\n"
            "if sys.argv[1] == 'confined': confine()\n"
            f"try:\n    {DEEDS[deed]}\nexcept PermissionError:\n    os._exit(77)\n"
        )
        codes = []
        for how in ("free", "confined"):
            (tmp_path / how).mkdir()
            (tmp_path / how / "victim").write_text("keep me")
            command = [sys.executable, "-c", script, how]
            env = os.environ | {"PYTHONPATH": str(Path(sandbox.__file__).parents[2])}
            done = subprocess.run(command, cwd=tmp_path / how, env=env, stderr=subprocess.PIPE, check=False)
            codes.append(done.returncode)
        assert (codes[0] == 77, codes[1]) == (False, 77), codes
    assert [path.name for path in (tmp_path / "confined").iterdir()] == ["victim"]
    assert (tmp_path / "confined" / "victim").read_text() == "keep me"


def test_the_wall_stands_before_the_file_is_read(tmp_path, monkeypatch):
    """Of both kinds of file, and it is not left out where the file is strange."""
    for name, text in (("a.parquet", b"PAR1junk"), ("a.xlsx", b"PKjunk")):
        (tmp_path / name).write_bytes(text)
        raised = "import dnc.files.sandbox_worker as w\ndef end(): raise KeyError\nw.confine = end\n"
        monkeypatch.setattr(sandbox, "_START", sandbox._START.replace("main(*", f"{raised}main(*"))
        kind = "parquet" if name.endswith("parquet") else "spreadsheet"
        with monkeypatch.context() as here:
            here.setattr(sandbox, "unpacked_bytes", lambda _: 0)
            with pytest.raises(InputError, match="KeyError"):
                list(sandbox.frames(kind, tmp_path / name, 10))


def test_more_rows_than_the_process_of_a_parser_may_send(tmp_path, monkeypatch):
    """What is received is counted, whatever the process has let pass."""
    path = tmp_path / "list.parquet"
    pl.DataFrame({"number": [f"01990{n:05}" for n in range(10_000)]}).write_parquet(path)
    monkeypatch.setitem(sandbox._MOST_BYTES, "parquet", 10_000)
    with pytest.raises(InputError, match="unpacks to more than 0 GB; extract the part that you need"):
        rows(path)


@pytest.mark.parametrize("suffix", ["parquet", "xlsx"])
def test_a_damaged_file_is_an_error_of_that_file(tmp_path, suffix):
    """Cut off, it is refused by its name; with a bit flipped too, or all its rows are read."""
    whole = tmp_path / f"whole.{suffix}"
    frame = pl.DataFrame({"number": [f"01990000{n:02}" for n in range(50)]})
    frame.write_parquet(whole) if suffix == "parquet" else frame.write_excel(whole)
    data = whole.read_bytes()
    path = tmp_path / f"list.{suffix}"
    for at in range(5, len(data), len(data) // 5):
        path.write_bytes(data[:at])
        with pytest.raises(InputError, match=f"list.{suffix}"):
            rows(path)
        path.write_bytes(data[:at] + bytes([data[at] ^ 0x40]) + data[at + 1 :])
        try:
            assert rows(path) == 50
        except InputError as error:
            assert f"list.{suffix}" in str(error)


def test_json_that_is_nested_without_end_is_an_error_of_its_line(write_file):
    """Depth is no way to crash the reader."""
    with pytest.raises(InputError, match=r"deep.jsonl:1: has objects nested more than"):
        rows(write_file("deep.jsonl", '{"number": ' + "[" * 200_000))


# The engine


def test_the_engine_reaches_no_file_but_those_named(tmp_path):
    """No path, link, attachment, extension or setting leads out of the folders that were named."""
    inside, outside = tmp_path / "in", tmp_path / "out"
    for folder in (inside, outside):
        folder.mkdir()
        pl.DataFrame({"a": [1]}).write_parquet(folder / "a.parquet")
    (inside / "link.parquet").symlink_to(outside / "a.parquet")
    with engine(tmp_path / "spill", inside) as con:
        assert con.execute("select count(*) from read_parquet(?)", [str(inside / "a.parquet")]).fetchall() == [(1,)]
        for path in (outside / "a.parquet", inside / ".." / "out" / "a.parquet", inside / "link.parquet"):
            with pytest.raises(duckdb.PermissionException):
                con.execute("from read_parquet(?)", [str(path)])
        for sql in (
            f"attach '{outside}/x.duckdb'",
            f"copy (select 1) to '{outside}/x.csv'",
            "install httpfs",
            "from read_text('/etc/passwd')",
            "set enable_external_access = true",
            "set memory_limit = '1TB'",
            "set allowed_directories = ['/']",
        ):
            with pytest.raises(duckdb.Error):
                con.execute(sql)
    assert sorted(path.name for path in outside.iterdir()) == ["a.parquet"]


# Names


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes")
def test_names_that_are_not_utf_8_are_refused_before_any_row_is_printed(dnc, write_file, tmp_path, monkeypatch):
    """Of a folder, a list, a value, or where the store is: verdicts that the log cannot record are not given."""
    odd = os.fsdecode(b"x\xff")
    write_file("c.csv", "number\n0199000001\n")
    write_file(f"{odd}.csv", "number\n0199000001\n")
    (tmp_path / odd).mkdir()
    use = ["check", "c.csv", "--region", "FR"]
    for words in (
        [*use, "--store", odd],
        [*use, "--set", f"campaign={odd}"],
        [*use, "--out", f"{odd}.parquet"],
        ["check", f"{odd}.csv", "--region", "FR"],
        ["explain", odd],
        ["record", "objection", "+33199000001", "--on", "2026-08-01", "--reason", odd],
    ):
        code, out, err = dnc(*words)
        assert (code, out, len(err.splitlines()), "not valid UTF-8" in err) == (4, "", 1, True), (words, out, err)
    assert not [path for path in tmp_path.iterdir() if path.name == "dnc-store"]
    with pytest.raises(InputError, match="not valid UTF-8"):
        check(tmp_path / f"{odd}.csv", Store(tmp_path / "store"), region="FR")
    monkeypatch.chdir(tmp_path / odd)
    code, out, err = dnc("check", tmp_path / "c.csv", "--region", "FR")
    assert (code, out, "not valid UTF-8" in err) == (4, "", True)


def test_names_never_reach_sql_as_text(store, write_file, tmp_path):
    """Columns, values, file names, campaigns, folders: each may be called what it likes."""
    odd = Store(tmp_path / NAME / "store")
    odd.load(write_file(f"{NAME}.csv", ANSWER), as_of=date(2026, 6, 1), campaign=NAME)
    calls = f'number;"{NAME}";campaign;sector\n0199000002;"{NAME}";"{NAME}";"{NAME}"\n'
    brief = Brief(region="FR", ignore=[NAME])
    result = check(write_file("c.csv", calls), odd, brief=brief, at="2026-06-05", keep=True)
    assert (result.rows, result.verdicts[NAME].to_list()) == (1, [NAME])
    odd.forget_numbers(["+33199000002"])
    assert odd.log()["verb"].to_list() == ["load", "check", "forget"]
    with pytest.raises(InputError, match="unknown registry"):
        odd.load(write_file("b.csv", ANSWER), as_of=date(2026, 6, 1), registry=NAME)
    with pytest.raises(InputError, match="nothing is kept under the name"):
        odd.forget(date(2026, 1, 1), NAME)


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals")
def test_the_cells_of_a_list_do_not_reach_the_terminal_as_escapes(tmp_path, write_file):
    """They would clear the screen, or show another row; a pipe and a file get the cells as they are."""
    import pty

    cell = "\x1b[2Jall clear\x9b1A\x7f\u202e"
    path = write_file("c.csv", f"number;note\n0199000001;{cell}\n")
    command = [sys.executable, "-m", "dnc", "check", str(path), "--region", "FR", "--ignore", "note", "--quiet"]
    piped = subprocess.run(command, stdout=subprocess.PIPE, check=False).stdout.decode()
    assert cell in piped
    ours, theirs = pty.openpty()
    with subprocess.Popen(command, stdout=theirs) as child:
        os.close(theirs)
        data = b""
        with suppress(OSError):  # at the end of a terminal
            while block := os.read(ours, 1 << 16):
                data += block
    os.close(ours)
    shown = data.decode().replace("\r\n", "\n")
    assert child.returncode == 3
    assert shown == piped.replace("\r\n", "\n").replace(cell, "\u241b[2Jall clear\u24261A\u2421\u2426")


def test_what_a_terminal_would_obey_is_shown_and_not_obeyed(dnc, write_file):
    """Escapes in names of files, columns and registries come out as question marks."""
    write_file(f"{ESCAPE}.csv".replace("/", ""), f"{ESCAPE},b\n1,2\n")
    for arguments in (
        ["check", f"{ESCAPE}.csv"],
        ["load", f"{ESCAPE}.csv", "--as-of", "2026-01-01", "--registry", ESCAPE],
        ["load", f"{ESCAPE}.csv", "--as-of", "2026-01-01"],
        ["check", "none.csv", "--set", f"{ESCAPE}=1"],
        ["retention", ESCAPE, "--months", "1"],
        ["status", "--files", "--store", ESCAPE],
        [ESCAPE],
    ):
        code, out, err = dnc(*arguments)
        assert (code in (2, 4), out) == (True, "")
        assert not set(err) & {"\x1b", "\x07", "\x9b", "\u202e"}, arguments
        assert len(err.splitlines()) == 1
