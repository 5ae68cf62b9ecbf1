"""A check from Python: formats in and out, order, streams, and how long a clear call stays clear."""

from __future__ import annotations

import csv
import itertools
import json
import random
from contextlib import suppress
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import openpyxl
import polars as pl
import pytest
import xlsxwriter

from dnc import DncError, InputError, Store, StoreError, check, write
from dnc.api import replay
from dnc.checks.outputs import Outputs
from dnc.checks.run import run
from dnc.checks.settings import Settings
from dnc.errors import OptionError
from dnc.files.output_file import FORMATS
from dnc.frames import Remembered
from dnc.law.findings import Inquiry
from dnc.law.vocabulary import VERDICT
from dnc.lists import cell_facts
from dnc.lists.brief import Brief
from dnc.verdicts import evaluator, judge
from tests import SALE, size, some

GOLDEN = Path(__file__).parent.parent / "golden"
FACTS = {"caller": "charity", "voice": "human", "dialler": "manual", "recipient": "consumer", "source": "donors"}
FACTS |= {"objected_on": "none", "call_at": "2024-03-12T20:30"}
TOLD = {"brief": Brief(region="FR", ignore=["*"]), "given": FACTS}
CALLS = (
    'number;name;=note\n01 99 00 00 01;Éric;=1+1\n+33 6 39 98 00 02;"O\'Neil; J";@SUM(A1)\n'
    "01 99 00 2;;-5\n06 39 98 00 03;two\nlines;+33639980003\n"
)


@pytest.mark.parametrize("out", ["calls.csv", "../{folder}/calls.csv", "link.csv"])
def test_a_list_is_not_replaced_by_its_verdicts(store, write_file, tmp_path, monkeypatch, out):
    """Whatever its name is written like: with `only`, rows would be lost."""
    path = write_file("calls.csv", CALLS)
    (tmp_path / "link.csv").symlink_to(path)
    before = path.read_bytes()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OptionError, match="is read by the check"):
        check([path], store, **TOLD, only=["clear"], out=["v.csv", out.format(folder=tmp_path.name)])
    assert path.read_bytes() == before
    assert not (tmp_path / "v.csv").exists()


def test_the_file_of_consents_is_not_replaced_either(store, write_file):
    """It is read as the list is."""
    path = write_file("calls.csv", CALLS)
    consents = write_file("consents.csv", "number,consent\n+33199000001,none\n")
    with pytest.raises(OptionError, match="is read by the check"):
        check(path, store, **TOLD, consents=str(consents), out=consents)
    assert consents.read_text().startswith("number,consent\n")


def test_an_output_named_like_a_folder_says_so(store, write_file, tmp_path):
    """The message has the name that was given, and not that of the temporary file."""
    (tmp_path / "v.csv").mkdir()
    with pytest.raises(InputError, match=r"/v\.csv: cannot be written"):
        check(write_file("calls.csv", CALLS), store, **TOLD, out=tmp_path / "v.csv")


def test_an_empty_name_is_not_the_working_folder(dnc, store, write_file):
    """A job whose variable is not set would check, or create, whatever is there."""
    path = write_file("calls.csv", CALLS)
    told = ("--region", "FR", "--quiet")
    for words in (
        ("check", "", *told),
        ("check", path, *told, "--store", ""),
        ("check", path, *told, "--consents", ""),
    ):
        code, out, err = dnc(*words)
        assert (code, out, "is empty" in err) == (2, "", True)
    for list_, folder in (("", store.path), ([path, ""], store.path), (path, "")):
        with pytest.raises(OptionError, match="is empty"):
            check(list_, Store(folder), region="FR")


@pytest.mark.parametrize("suffix", [suffix[1:] for suffix in FORMATS if suffix not in (".parquet", ".xlsx")])
def test_golden_output(store, write_file, tmp_path, suffix):
    """The bytes of each text format are a promise; a change to a golden file is a change to it."""
    text = CALLS.replace("two\nlines", '"two\nlines"')
    check(write_file("calls.csv", text), store, **TOLD, out=tmp_path / f"v.{suffix}")
    assert (tmp_path / f"v.{suffix}").read_bytes() == (GOLDEN / f"verdicts.{suffix}").read_bytes()


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_a_large_output_is_stored_while_it_is_written(store, write_file, tmp_path, monkeypatch, suffix):
    """Text that is written in parts, and stored before its end, has the same bytes."""
    monkeypatch.setattr("dnc.files.writers._AT_ONCE", 1)
    monkeypatch.setattr("dnc.files.atomic._KEPT", 0)
    text = CALLS.replace("two\nlines", '"two\nlines"')
    check(write_file("calls.csv", text), store, **TOLD, out=tmp_path / f"v.{suffix}")
    assert (tmp_path / f"v.{suffix}").read_bytes() == (GOLDEN / f"verdicts.{suffix}").read_bytes()


def test_every_format_says_the_same(store, write_file, tmp_path):
    """CSV, Parquet, XLSX and JSON lines come from one check and hold the same verdicts."""
    outs = [tmp_path / f"v.{suffix}" for suffix in ("csv", "parquet", "xlsx", "jsonl")]
    assert {path.suffix for path in outs} == set(FORMATS)
    result = check(write_file("calls.csv", CALLS), store, **TOLD, out=outs)
    assert result.verdicts is None
    with pytest.raises(InputError, match="went to a file"):
        write(result, tmp_path / "again.csv")
    with outs[0].open(encoding="utf-8", newline="") as file:
        expected = [(row["dnc_number"], row["dnc_outcome"]) for row in csv.DictReader(file, delimiter=";")]
    assert pl.read_parquet(outs[1]).select("dnc_number", "dnc_outcome").rows() == expected
    sheet = openpyxl.load_workbook(outs[2])["verdicts"]
    header, *rows = sheet.iter_rows(values_only=True)
    at = [header.index(name) for name in ("dnc_number", "dnc_outcome")]
    assert [tuple(row[n] or "" for n in at) for row in rows] == expected
    assert sheet.cell(2, 3).value == "'=1+1"
    told = [json.loads(line) for line in outs[3].read_text().splitlines()]
    assert [(row["dnc_number"], row["dnc_outcome"]) for row in told] == expected
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in outs)


NIGHTS = """number;note;call_at;attempts
0639980001;"a
b; ""c"", ";2026-10-05T11:00;0
0639980002;;2026-10-05T11:30;9
0639980003;";
";2026-10-05T23:00;0
0639980004;d;2026-10-05T11:00;0
"""


NIGHT = {name: fact for name, fact in SALE.items() if name != "attempts"}
NIGHT |= {"consent": "named_caller", "consent_for": "live", "consent_on": "2026-09-01"}


@pytest.mark.parametrize("rows", some([1, 2, 100], 2))
def test_when_a_call_is_next_possible_is_written_where_it_is_named(store, write_file, tmp_path, monkeypatch, rows):
    """In every format and whatever row is the first with such a moment; without its name no format has the column."""
    monkeypatch.setattr("dnc.files.table.BATCH_ROWS", rows)
    told = {"brief": Brief(region="FR", ignore=["note"]), "given": NIGHT}
    path = write_file("calls.csv", NIGHTS)
    plain, named = ([tmp_path / f"{name}.{suffix[1:]}" for suffix in FORMATS] for name in ("plain", "named"))
    check(path, store, out=plain, **told)
    check(path, store, out=named, columns=["outcome", "next_at"], **told)
    kept = check(path, store, columns=["outcome", "next_at"], **told).verdicts
    moments = [None, None, "2026-10-06T10:00", None]
    read = (
        partial(pl.read_csv, separator=";"),
        pl.read_parquet,
        partial(pl.read_excel, sheet_name="verdicts"),
        pl.read_ndjson,
    )
    frames = [kept, *(read_one(out) for read_one, out in zip(read, named, strict=True))]
    assert [frame["dnc_next_at"].to_list() for frame in frames] == [moments] * 5
    assert check(path, store, **told).verdicts.columns[-1] == "dnc_why"
    assert [read_one(out).columns[-1] for read_one, out in zip(read, plain, strict=True)] == ["dnc_why"] * 4


def test_the_hash_of_verdicts_covers_the_next_moment(store, write_file):
    """Two checks that differ only in when a call would be possible have other hashes."""
    days = ("2026-10-10T11:00", "2026-10-17T11:00")  # Saturdays
    columns = [*VERDICT, "dnc_next_at"]
    told, hashes = {"brief": Brief(region="FR"), "given": NIGHT | {"attempts": "0"}}, set()
    path, rows = write_file("calls.csv", "number\n0639980001"), []
    for at in days:
        result = run(path, store, Settings(at=at, **told), Outputs(), columns=columns)
        hashes.add(result.record["verdicts"])
        rows.append(result.verdicts)
    assert rows[0].drop("dnc_next_at").equals(rows[1].drop("dnc_next_at"))
    assert rows[0]["dnc_next_at"].to_list() == ["2026-10-12T10:00"] and len(hashes) == 2
    assert replay(store, result.id, path).same


def test_a_row_that_stays_clear_until_no_day_keeps_its_other_columns(screened, write_file, tmp_path):
    """In CSV too: what stands before and behind an empty `dnc_valid_until` is that of the verdict."""
    path = write_file("c.csv", "number\n0199000418\n0199000419\n0639980001\nunknown\n")
    told = {"region": "FR", "given": FACTS}
    verdicts = check(path, screened, **told).verdicts.select(VERDICT.keys())
    check(path, screened, **told, out=tmp_path / "v.csv")
    with (tmp_path / "v.csv").open(encoding="utf-8", newline="") as file:
        rows = [[row[name] for name in VERDICT] for row in csv.DictReader(file)]
    assert rows == [["" if cell is None else str(cell) for cell in row] for row in verdicts.iter_rows()]
    assert set(verdicts["dnc_valid_until"].is_null()) == {True, False}


def test_formulas_are_defused_and_numbers_are_not(store, write_file, tmp_path):
    """What a spreadsheet would run gets an apostrophe; a telephone number stays one."""
    cells = ["=1+1", "+33639980001", "+33 6 39 98 00 01", "-5", "-5+cmd|' /C calc'!A0", "@x", "\tx", "＝1", "plain"]
    text = "number,=cell\n" + "".join(f'0199000001,"{cell}"\n' for cell in cells)
    check(
        write_file("calls.csv", text),
        store,
        brief=Brief(region="FR", ignore=["=cell"]),
        out=tmp_path / "v.csv",
        columns=["outcome"],
    )
    with (tmp_path / "v.csv").open(encoding="utf-8", newline="") as file:
        found = [row["'=cell"] for row in csv.DictReader(file)]
    guarded = {"=1+1", "-5+cmd|' /C calc'!A0", "@x", "\tx", "＝1"}
    assert found == [f"'{cell}" if cell in guarded else cell for cell in cells]


@pytest.mark.parametrize("name", ["dnc_note", "dnc_WHY", "dnc_", "=dnc_x", "dnc_was "])
def test_a_foreign_column_is_defused_whatever_its_name(store, write_file, tmp_path, name):
    """One that is called like a column of verdicts is no verdict."""
    text = f'number,"{name}"\n0199000001,=1+1\n0199000002,plain\n'
    told = {"brief": Brief(region="FR", ignore=[name]), "columns": ["outcome"]}
    check(write_file("calls.csv", text), store, **told, out=tmp_path / "v.csv")
    with (tmp_path / "v.csv").open(encoding="utf-8", newline="") as file:
        assert [row[1] for row in csv.reader(file)][1:] == ["'=1+1", "plain"]


def test_a_former_outcome_is_defused(store, write_file, tmp_path):
    """`dnc_was` comes from the file, and so may be a formula."""
    path = write_file("former.csv", "number,dnc_outcome\n0199000001,=1+1\n")
    check(path, store, region="FR", changed=True, out=tmp_path / "v.csv", columns=["outcome"])
    assert "=1+1" not in (tmp_path / "v.csv").read_text().replace("'=1+1", "")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_every_list_separator_within_a_cell_is_quoted(store, write_file, tmp_path, delimiter):
    """A spreadsheet may be set to another separator than that of the file; names of columns are cells too."""
    cells = [f"x{separator}=1+1" for separator in ",;\t|"] + ["plain"]
    rows = [["number", "a,b;c\td|e"], *(["0199000001", cell] for cell in cells)]
    text = "".join(delimiter.join(f'"{cell}"' for cell in row) + "\n" for row in rows)
    told = {"brief": Brief(region="FR", ignore=[rows[0][1]]), "columns": ["outcome"]}
    check(write_file("calls.csv", text), store, **told, out=tmp_path / "v.csv")
    lines = (tmp_path / "v.csv").read_text().splitlines()
    assert all(f'{delimiter}"{cell}"{delimiter}' in line for (_, cell), line in zip(rows[:-1], lines, strict=False))
    assert f"{delimiter}plain{delimiter}" in lines[-1]


@pytest.mark.parametrize("kind", ["csv", "xlsx", "parquet", "jsonl"])
def test_every_format_is_read(store, tmp_path, kind):
    """The same calls give the same verdicts from each format; a spreadsheet's midnight is a day."""
    rows = [("0199000001", "2024-03-12", 1), ("0639980002", "2024-03-16", 2)]
    path = tmp_path / f"calls.{kind}"
    frame = pl.DataFrame(rows, schema=["number", "call_at", "n"], orient="row")
    if kind == "csv":
        frame.write_csv(path)
    elif kind == "parquet":
        frame.with_columns(pl.col("call_at").str.to_date()).write_parquet(path)
    elif kind == "jsonl":
        frame.write_ndjson(path)
    else:
        with xlsxwriter.Workbook(path) as book:
            sheet = book.add_worksheet()
            sheet.write_row(0, 0, frame.columns)
            as_day = book.add_format({"num_format": "dd/mm/yyyy"})
            for at, (number, day, n) in enumerate(rows, 1):
                sheet.write_number(at, 0, int(number))
                sheet.write_datetime(at, 1, date.fromisoformat(day), as_day)
                sheet.write_number(at, 2, n)
    given = {**FACTS, "caller": "commercial", "sector": "general", "relationship": "none", "consent": "none"}
    given |= {"attempts": "1", "cli": "01 99 00 90 00", "habit": "habitual"}
    del given["call_at"]
    found = check(path, store, brief=Brief(region="FR", ignore=["n"]), given=given).verdicts
    assert found["dnc_number"].to_list() == ["+33199000001", "+33639980002"]
    assert found["dnc_blocked_by"].to_list() == ["", "fr-hours-2023"]  # a Tuesday and a Saturday
    assert found.columns == ["number", "call_at", "n", *VERDICT]
    if kind in ("parquet", "jsonl"):
        assert found["n"].to_list() == [1, 2]


def test_json_is_carried_as_it_is(store, write_file, tmp_path):
    """Nested cells stand as JSON in flat formats, null as nothing; a truth value is yes or no."""
    text = '{"number":"0199000001","x":{"a":1},"y":[1,2],"related":true}\n{"number":"0199000002"}\n'
    told = {"brief": Brief(region="FR", ignore=["x", "y"]), "columns": ["outcome", "why"]}
    result = check(write_file("c.jsonl", text), store, **told, out=tmp_path / "v.csv")
    assert result.rows == 2
    with (tmp_path / "v.csv").open(encoding="utf-8", newline="") as file:
        first, second = csv.DictReader(file)
    assert (first["x"], first["y"], second["x"], second["y"]) == ('{"a":1}', "[1,2]", "", "")
    assert "related" not in first["dnc_why"].partition("Not understood")[2]


def test_all_rows_in_order_whatever_the_batches(store, write_file, monkeypatch):
    """Order, columns and counts do not depend on how rows are batched."""
    brief = Brief(region="FR", ignore=["id"])
    numbers = [f"01990{n:05d}" if n % 7 else "broken" for n in range(1000)]
    path = write_file("calls.csv", "id,number\n" + "".join(f"{n},{text}\n" for n, text in enumerate(numbers)))
    whole = check(path, store, brief=brief, given=FACTS).verdicts
    monkeypatch.setattr("dnc.files.table.BATCH_ROWS", 64)
    parts = check(path, store, brief=brief, given=FACTS)
    assert parts.verdicts.equals(whole)
    assert whole["id"].to_list() == [str(n) for n in range(1000)]
    assert parts.counts == {"clear": 857, "blocked": 0, "undecided": 143}


def test_a_former_run_is_replaced(store, write_file, tmp_path):
    """Columns of a former run are not carried but written anew."""
    first, told = tmp_path / "first.csv", {"brief": Brief(region="FR", ignore=["x"]), "given": FACTS}
    check(write_file("calls.csv", "number,x\n0199000001,1\n"), store, **told, out=first)
    check(first, store, **told, out=tmp_path / "second.csv")
    assert first.read_bytes() == (tmp_path / "second.csv").read_bytes()


def test_check_and_write_from_python(store, write_file, tmp_path):
    """check, counts, verdicts and write are as the documentation says; bad use raises DncError."""
    path = write_file("calls.csv", "number\n0199000001\n")
    with store as opened:
        result = check(path, opened, region="FR", given=FACTS)
    assert result.counts == {"clear": 1, "blocked": 0, "undecided": 0}
    write(result, tmp_path / "v.parquet")
    assert pl.read_parquet(tmp_path / "v.parquet").equals(result.verdicts)
    with pytest.raises(InputError, match="colour"):
        check(path, store, given={"colour": "red"})
    with pytest.raises(DncError, match="guidance"):
        check(path, store, guidance="ignore")


def test_no_half_written_file(store, write_file, tmp_path, monkeypatch):
    """A check that fails leaves the former output as it was, and nothing beside it."""
    out = write_file("v.csv", "the former output")
    monkeypatch.setattr("dnc.verdicts.judge.worded", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        check(write_file("calls.csv", "number\n0199000001\n"), store, region="FR", out=out)
    assert out.read_text() == "the former output"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["calls.csv", "v.csv"]


def test_declared_facts_fill_only_empty_cells(store, write_file):
    """A told fact is never overridden by one that was declared for the file."""
    path = write_file("calls.csv", "number,recipient\n0199000001,business\n0199000001,\n")
    given = {"caller": "commercial", "voice": "human", "recipient": "consumer", "call_at": "2026-10-05"}
    found = check(path, store, region="FR", given=given).verdicts
    assert ["fr-optin-2026" in row.split(";") for row in found["dnc_undecided_by"]] == [False, True]


@pytest.mark.parametrize(
    ("facts", "until"),
    some([
        ({"call_at": "2024-03-12"}, "2027-12-31"),  # read_until
        ({"call_at": "2024-03-12", "objected_on": "2025-06-01"}, "2025-05-30"),
        ({"caller": "political", "call_at": "2024-03-12", "source": "members"}, "2024-06-07"),  # eve of the European poll
        ({"caller": "political", "call_at": "2024-03-12", "place": "FR-971"}, "2024-06-06"),
        ({"purpose": "sale", "call_at": "2026-10-05", "consent_on": "2026-09-01"}, "2027-09-01"),
        ({"purpose": "sale", "call_at": "2026-10-05", "consent_on": "2026-09-01", "consent_withdrawn_on": "2026-11-20"}, "2026-11-18"),
        ({"purpose": "sale", "call_at": "2016-05-20"}, "2016-05-31"),  # the day before Bloctel
        ({"purpose": "sale", "call_at": "2026-10-05", "relationship": "callback", "relationship_on": "2026-10-02", "consent": "none"}, "2026-10-08"),
        ({"purpose": "sale", "call_at": "2026-10-05", "relationship": "contract", "related": "yes", "consent": "none"}, "2027-12-31"),
    ], 5),
)  # fmt: skip
def test_valid_until_is_the_last_clear_day(store, write_file, facts, until):
    """The same call is clear on that day and is not on the next."""
    sale = {
        "sector": "general",
        "relationship": "none",
        "attempts": "1",
        "cli": "0199009000",
        "consent": "named_caller",
    }
    last = date.fromisoformat(until)
    after = last
    while after.isoweekday() > 5:
        after -= timedelta(days=1)  # hours are judged per day and are not counted
    days = [facts["call_at"], str(after), str(last + timedelta(days=1))]
    path = write_file("calls.csv", "\n".join(["number,call_at", *(f"0199000001,{day}" for day in days), ""]))
    given = {**FACTS, **sale, "consent_for": "live", "consent_on": "2026-09-01", **facts}
    verdicts = check(path, store, region="FR", given=given).verdicts
    first, on_last, next_day = verdicts["dnc_outcome"]
    assert (first, str(verdicts["dnc_valid_until"][0])) == ("clear", until)
    assert on_last == "clear"
    assert next_day != "clear"


@pytest.mark.parametrize(
    ("told", "outcome"),
    [("1", "clear"), ("1.0", "clear"), ("1,00", "clear"), ("1.000", "undecided"), ("1,000", "undecided"), ("1'000", "undecided")],
)  # fmt: skip
def test_a_thousand_attempts_are_not_one(store, write_file, told, outcome):
    """What a spreadsheet puts behind a count is left out; three zeros may be a thousand, and are not understood."""
    path = write_file("calls.csv", f'number;attempts\n0199000001;"{told}"\n')
    given = {**FACTS, "caller": "commercial", "call_at": "2026-10-05", "relationship": "contract", "related": "yes"}
    given |= {"sector": "general", "consent": "none", "cli": "0199009000"}
    row = check(path, store, region="FR", given=given).verdicts.row(0, named=True)
    assert row["dnc_outcome"] == outcome, row["dnc_why"]
    assert ("attempts" in row["dnc_missing"]) == (outcome != "clear")


def test_valid_until_knows_what_is_loaded(store, write_file):
    """An answer ends with its month, and a later answer that lists the number ends it on its day."""
    path = write_file("calls.csv", "number\n0199000001\n")
    given = {**FACTS, "caller": "commercial", "call_at": "2024-03-12", "relationship": "none", "sector": "general"}
    given |= {"attempts": "1", "cli": "0199009000", "habit": "habitual", "consent": "none"}
    store.load(write_file("a.csv", "Telephone;Réponse\n0199000001;OK\n"), as_of=date(2024, 3, 1))
    assert str(check(path, store, region="FR", given=given).verdicts["dnc_valid_until"][0]) == "2024-04-01"
    store.load(write_file("b.csv", "Telephone;Réponse\n0199000001;inscrit\n"), as_of=date(2024, 3, 20))
    assert str(check(path, store, region="FR", given=given).verdicts["dnc_valid_until"][0]) == "2024-03-19"
    store.load(write_file("c.csv", "Telephone;Réponse\n0199000001;OK\n0199000002;OK\n"), as_of=date(2024, 3, 19))
    assert str(check(path, store, region="FR", given=given).verdicts["dnc_valid_until"][0]) == "2024-03-19"


def test_the_same_inputs_give_the_same_bytes(screened, write_file, tmp_path):
    """Nothing in an output depends on chance."""
    shuffled = [f"01990{n % 500:05d},{random.Random(n).choice(['human', 'ai', ''])}" for n in range(3000)]
    path = write_file("calls.csv", "number,voice\n" + "\n".join(shuffled) + "\n")
    outs = [tmp_path / "a.csv", tmp_path / "b.csv"]
    for out in outs:
        check(path, screened, region="FR", given={"caller": "commercial", "call_at": "2026-08-10"}, out=out)
    assert outs[0].read_bytes() == outs[1].read_bytes()


def test_a_loaded_own_list_answers_for_every_row_of_a_day(store, write_file):
    """Rows that differ in nothing but their number are each looked up."""
    store.load(write_file("own.csv", "number\n+33199000002\n"), as_of=date(2026, 6, 1), registry="own")
    calls = write_file("c.csv", "number\n0199000001\n0199000002\n0199000003\n")
    verdicts = check(calls, store, region="FR", at="2026-06-05T10:30", given={"caller": "charity"}).verdicts
    assert verdicts["dnc_blocked_by"].to_list() == ["", "eu-gdpr-objection;own-objection", ""]


def test_conditions_asked_in_parts_give_the_same_verdicts(screened, write_file, monkeypatch):
    """Conditions that are asked in parts, by the columns that they read, give the verdicts of those asked at once."""
    numbers = ("0199000810", "0261910810", "0353010418", "0639980001", "+442079460123", "no number")
    callers = ("commercial,human", "political,recorded", "charity,human", ",")
    days = ("2017-04-18T11:00", "2026-08-07", "2026-08-08T10:30", "2026-09-01T21:00", "2031-01-01")
    consents = ("none,", "named_caller,2026-07-20", "named_caller,2021-01-01", ",")
    every = size(3, 1)
    rows = [",".join(row) for row in itertools.product(numbers[:: size(3, 1)], callers, days[::every], consents)]
    header = "number,caller,voice,call_at,consent,consent_on"
    path = write_file("c.csv", "\n".join([header, *rows]) + "\n")
    told = {
        "dialler": "manual",
        "recipient": "consumer",
        "source": "donors",
        "relationship": "none",
        "cli": "0199009000",
    }
    told |= {"objected_on": "none", "attempts": "0", "sector": "general", "habit": "habitual"}
    in_parts = check(path, screened, region="FR", given=told).verdicts
    for module in (evaluator, judge, cell_facts):
        monkeypatch.setattr(module, "_REMEMBERED", 1)
    evaluator._free.cache_clear()
    forgotten = check(path, screened, region="FR", given=told).verdicts
    monkeypatch.setattr(Inquiry, "grouped", lambda whole, columns, _: [(list(columns), whole)])
    evaluator._free.cache_clear()
    at_once = check(path, screened, region="FR", given=told).verdicts
    assert at_once.equals(in_parts)
    assert forgotten.equals(in_parts)
    assert in_parts["dnc_outcome"].n_unique() == 3


def test_one_column_may_tell_several_facts(screened, write_file):
    """A column that two facts are mapped to is read for each of them."""
    columns = {"objected_on": "since", "refused_on": "since"}
    brief = Brief(region="FR", columns=columns, facts={"caller": "commercial", "voice": "human"})
    path = write_file("c.csv", "number,since\n0199000418,2026-01-05\n0199000419,\n")
    verdicts = check(path, screened, brief=brief, at="2026-10-05T10:00").verdicts
    assert verdicts["since"].to_list() == ["2026-01-05", ""]
    assert verdicts["dnc_outcome"].to_list() == ["blocked", "undecided"]


def test_an_answer_that_failed_is_not_remembered():
    """After a question that could not be answered, the same cells and others are answered as they are."""
    memory = Remembered(4)
    asked: list[int] = []

    def results(cells: list[int], fails: bool) -> list[int]:
        def compute(at: pl.Series) -> pl.DataFrame:
            if fails:
                raise StoreError("no space left")
            asked.extend(cells[place] for place in at)
            return pl.DataFrame({"result": [10 * cells[place] for place in at]})

        return memory(len(cells), iter(cells), compute)["result"].to_list()

    for cells in ([1, 2], [3, 4], [2, 3, 2], [3, 1], [6, 7, 8, 9, 6], [5, 1, 4, 5], [5, 6]):
        fails = cells == [3, 4]
        with suppress(StoreError):
            assert results(cells, fails) == [10 * cell for cell in cells]
    assert asked == [1, 2, 2, 3, 1, 6, 7, 8, 9, 6, 5, 4, 5, 6], "kept, but not after a failure or beyond four"
