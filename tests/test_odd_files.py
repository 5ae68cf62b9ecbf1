"""Files that other readers lose rows of, crash over or hang on: rows, or one sentence, and within bounds."""

from __future__ import annotations

import base64
import json
import os
import threading
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from dnc import InputError, Store, check
from dnc.tabular import open_table

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
    """Each of the places where a file tells its rows is compared: one changed byte loses none of them silently."""
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
    assert len(damaged) >= 4  # of the page, the column, the row group and the file
    path.write_bytes(data[: places[-1]] + varint(ROWS - 1) + data[places[-1] + len(told) :])
    for read in (
        lambda: store.load(path, registry="own", as_of=date(2026, 1, 1)),
        lambda: check([path], store, region="FR"),
        lambda: check(tmp_path, store, region="FR"),
    ):
        with pytest.raises(InputError, match=r"own\.parquet: is damaged: its counts"):
            read()
    assert not store.exists


def test_parquet_whose_nulls_disagree(tmp_path):
    """A number that became an empty cell is noticed, since the file says how many are empty."""
    path = tmp_path / "own.parquet"
    numbers = ["0199000418", None, "0199000419", None, *["0199000420"] * 60]
    pl.DataFrame({"number": numbers}).write_parquet(path, compression="uncompressed")
    data = path.read_bytes()
    at = data.index(b"\x03\xf5")  # which of the first eight rows are there: 1, 0, 1, 0, 1, 1, 1, 1
    path.write_bytes(data[: at + 1] + b"\xd5" + data[at + 2 :])
    with pytest.raises(InputError, match="is damaged"):
        opened(path)


# Two numbers, written by pyarrow with the checksum of their page
CHECKSUM = base64.b64decode(
    "UEFSMRUAFUQVRBXIptxWHBUEFQAVBhUGHAAAAAIAAAAEAQoAAAAwMTk5MDAwNDE4CgAAADAxOTkwMDA0MTkVBBksNQAYBnNjaGVtYRUCABUM"
    "JQIYBm51bWJlciUATBwAAAAWBBkcGRwmABwVDBklBgAZGAZudW1iZXIVABYEFnQWdCYISRwVABUAFQIAPBYoGQYZJgAEAAAAFnQWBCYIFnQA"
    "KCBwYXJxdWV0LWNwcC1hcnJvdyB2ZXJzaW9uIDI2LjAuMRkcHAAAAIwAAABQQVIx"
)


def test_parquet_with_a_checksum(tmp_path):
    """Where a page has a checksum a digit that changed is noticed; where it has none it cannot be."""
    path = tmp_path / "own.parquet"
    path.write_bytes(CHECKSUM)
    assert opened(path)["number"].to_list() == ["0199000418", "0199000419"]
    path.write_bytes(CHECKSUM.replace(b"0199000419", b"0199000410"))
    with pytest.raises(InputError, match="its counts of rows, or its checksums, contradict each other"):
        opened(path)


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
    "array": pl.Series([[1, 2], [3, 4]], dtype=pl.Array(pl.Int64, 2)),
    "nested": [[{"a": [{"b": [{"c": 1}]}]}], None],
    "field with NUL": [{"a\0b": 1}, None],
    "controls": ["a\0\x01\x1b\x85\u2028\ufffe", "\r\n"],
}


def test_parquet_of_every_type(tmp_path, dnc):
    """Cells of every type come out in every format, as a fact and as a number they are read or not understood."""
    frame = pl.DataFrame({"number": ["0199000418", "0199000419"]} | CELLS)
    frame.write_parquet(tmp_path / "calls.parquet")
    for kind, cells in CELLS.items():
        told = dict.fromkeys(("number", "consent", "objected_on", "attempts", "call_at", "region", "place"), cells)
        pl.DataFrame(told).write_parquet(tmp_path / f"{kind}.parquet")
        result = check(tmp_path / f"{kind}.parquet", Store(tmp_path / "store"), region="FR")
        assert result.rows == 2 and not result.counts["clear"], kind
    outs = [part for suffix in OUTS for part in ("--out", f"v.{suffix}")]
    assert dnc("check", "calls.parquet", "--region", "FR", "--quiet", *outs)[0] == 3
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
    code, _, err = dnc("check", f"calls.{kind}", "--region", "FR", "--quiet", "--ignore", "DNC_Outcome", *outs)
    assert (code, err) == (3, "")
    row = pl.read_parquet(tmp_path / "v.parquet").row(0)
    own = [name for name in NAMES if name != "dnc_outcome"]
    assert list(row[1 : 1 + len(own)]) == [str(NAMES.index(name)) for name in own]
    assert dnc("brief", f"calls.{kind}")[0] == 0


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_a_name_with_a_nul_is_refused(kind, tmp_path):
    """It ended the process when a spreadsheet was written."""
    frame = pl.DataFrame({"number": ["0199000418"], "a\0b": [1]})
    frame.write_parquet(tmp_path / "calls.parquet") if kind == "parquet" else frame.write_ndjson(
        tmp_path / "calls.jsonl"
    )
    with pytest.raises(InputError, match="the name of column 2 holds a NUL character; rename it"):
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
    [
        ["check", "PIPE", "--region", "FR", "--quiet"],
        ["check", "calls.csv", "--region", "FR", "--consents", "PIPE"],
        ["check", "calls.csv", "--region", "FR", "--brief", "PIPE"],
        ["vet", "PIPE", "--region", "FR"],
        ["vet", "calls.csv", "--region", "FR", "--against", "PIPE"],
        ["brief", "PIPE"],
        ["read", "PIPE", "--registry", "own"],
        ["load", "PIPE", "--registry", "own", "--as-of", "2026-01-01"],
        ["load", "calls.csv", "--registry", "own", "--as-of", "2026-01-01"],
    ],
    ids=" ".join,
)
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
    assert not list((tmp_path / "aside").iterdir())
    plain = [part.replace("as-a-file", "pipe") if isinstance(part, str) else part for part in expected]
    assert (found[0], found[1]) == (plain[0], plain[1])
    assert [line for line in found[2].splitlines() if "head" not in line] == [
        line for line in plain[2].splitlines() if "head" not in line
    ]


def test_a_pipe_that_gives_nothing_is_refused(pipe, dnc):
    """The command before it failed: an own list without a row would say that nobody objected."""
    code, _, err = dnc("load", pipe("pipe", ""), "--registry", "own", "--as-of", "2026-01-01")
    assert code == 4 and err.endswith("pipe: gives nothing; did the command before it fail?\n")


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
def test_a_program_that_hands_over_a_pipe_is_told(read: Callable[[Path, Store], object], tmp_path, store, write_file):
    """A list is read several times, a pipe once: refused at once, and never waited for."""
    write_file("calls.csv", OWN)
    write_file("wash.csv", "0255500000\n")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="pipe: is a pipe or a device"):
        read(tmp_path / "pipe", store)


# Faults


def test_a_panic_is_said_like_any_fault(dnc, write_file, monkeypatch):
    """What Rust calls a panic is no Exception of Python; its exit code is never that of blocked calls."""

    def panic(*_: object) -> None:
        raise pl.exceptions.PanicException("0199000418")

    monkeypatch.setattr("dnc.draft.open_table", panic)
    code, out, err = dnc("brief", write_file("calls.csv", OWN))
    assert (code, out) == (4, "")
    assert err.startswith("dnc: a fault in the program (PanicException at") and "Traceback" not in err


# Bounds


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("c.csv", "number" + ",x" * (1 << 14) + "\n", "has more than 16,384 columns"),
        ("c.csv", "number," + "x" * 10_001 + "\n1,2\n", "the name of column 2 has more than 10,000 characters"),
        (
            "c.jsonl",
            "".join(f'{{"k{n}":1}}\n' for n in range(2_049)),
            "c.jsonl:2049: .* more than 2,048 different names",
        ),
        (
            "c.jsonl",
            '{"n":' + "[" * 32 + "]" * 32 + "}",
            r"c.jsonl:1: holds objects too deep in each other \(more than 32\)",
        ),
    ],
    ids=["columns", "name", "keys", "depth"],
)
def test_what_swells_is_refused(name, text, says, write_file):
    """More columns, names or depth than a list has are refused with the bound, before they fill the memory."""
    with pytest.raises(InputError, match=says):
        opened(write_file(name, text))


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
