"""The header of a list, and what stands around its rows: what is used of it, and what leaves a row undecided."""

from __future__ import annotations

import csv
import io
from datetime import date

import polars as pl
import pytest
import xlsxwriter

from dnc import Brief, Decider, check, decide
from dnc.law.vocabulary import vocabulary
from dnc.lists.texts import TextMeanings
from tests import some
from tests.lists.briefs import pasted

FREE = ("number", "region", "call", "call_at", "campaign", "person", "consent_until")


@pytest.mark.parametrize(
    "column", some(["Contact par téléphone", "Phone permission", "Peut être contacté", "mobile_opt_in"], 2)
)
def test_what_a_stop_says_to_paste_calls_no_column_of_objections(dnc, write_file, column):
    """Although their names speak of telephones; its cells would be numbers that cannot be read."""
    path = write_file("calls.csv", f"Tel,{column},Phone blacklisted\n+33199000001,Oui,no\n")
    code, _, err = dnc("check", path)
    assert code == 2 and pasted(err)["columns"] == {"number": "Tel"}
    assert pasted(err)["texts"].keys() == {column, "Phone blacklisted"}


@pytest.mark.parametrize("column", some(["Contact par téléphone", "Phone permission", "Peut être contacté"], 2))
def test_a_column_that_says_whom_one_may_call(dnc, write_file, column):
    """Mapped as it is, its noes would be read as "no objection"; a no that is given no meaning stays an objection."""
    path = write_file("calls.csv", f"number,{column}\n+33199000001,Oui\n+33199000002,Non\n+33199000003,no\n")
    sale = ("--set", "caller=commercial", "--set", "purpose=sale")
    for words, blocked in (
        ("", [True, True, True]),
        ('Oui = "none"\nNon = "yes"\n', [False, True, True]),
        ('Oui = "none"\n', [False, True, True]),
        ('Oui = "none"\nno = "none"\n', [False, True, False]),
    ):
        brief = write_file("b.toml", f'[columns]\nobjected_on = "{column}"\n[values.objected_on]\n{words}')
        _, out, _ = dnc("check", path, "--brief", brief, *sale, "--columns", "outcome")
        assert ["blocked" in line for line in out.splitlines()[1:]] == blocked


@pytest.mark.parametrize("column", [name for name in vocabulary().columns if name not in FREE])
def test_an_objection_in_a_column_that_is_read_as_something_else_is_no_fact(empty, column):
    """What it is read as may not matter for the call: to a charity it is all the same who is a customer."""
    given = {"caller": "charity", "voice": "human", "dialler": "manual", "recipient": "consumer", "source": "donors"}
    given |= {"objected_on": "none"}
    calls = pl.DataFrame({"number": ["+33199000001", "+33199000002"], "Statut": ["ne plus appeler svp", ""]})
    with Decider(empty, brief=Brief(columns={column: "Statut"}), given=given, at="2026-12-01") as decider:
        first, other = decider(calls).iter_rows(named=True)
    assert first["dnc_outcome"] == ("blocked" if column == "objected_on" else "undecided")
    assert ("text:Statut" in first["dnc_missing"].split(";")) is (column != "objected_on")
    assert other["dnc_outcome"] == "clear"


@pytest.mark.parametrize(
    ("row", "stops"),
    [
        ("NE PLUS APPELER;", True),
        (";Ne pas appeler :", True),
        ("Opposition", True),
        ("Ne pas appeler;Ne pas appeler", True),
        (";Dupont", False),
        ("inconnu;", False),
        ("Ne pas appeler;Dupont", True),
    ],
)
def test_a_heading_about_objections_stops_the_check(dnc, write_file, row, stops):
    """The rows below it look like any others."""
    names = "".join(f"+331990000{at};Nom {at}\n" for at in range(10, 40))
    path = write_file("calls.csv", f"number;nom\n{names}{row}\n+33199000041;Martin\n")
    told = ("check", path, "--region", "FR", "--ignore", "nom", "--accept", "unread=seen")
    code, _, err = dnc(*told)
    assert (code, "calls.csv:32: has text but no number" in err) == ((4, True) if stops else (3, False))
    assert dnc(*told[:-2])[0] == (4 if "ne p" in row.lower() else code)  # in place of a number, whoever it is


@pytest.mark.parametrize("row", some(["Partis sans laisser d'adresse", "Zone Nord;Zone Nord", '"Zone à éviter ;";'], 2))
def test_a_text_in_the_place_of_a_number_is_read_by_a_person(dnc, write_file, row):
    """The rows below it may be those that it names; a draft says so first."""
    path = write_file("calls.csv", f"number;nom\n+33199000010;Exemple\n{row}\n+33199000041;Martin\n")
    told = ("check", path, "--region", "FR", "--ignore", "nom")
    code, _, err = dnc(*told)
    assert (code, "calls.csv:3: has text but no number" in err) == (4, True)
    assert dnc(*told, "--around", "read")[0] == 3
    assert "# around = " in dnc("brief", path)[1]


def _sheet(folder, suffix, cells):
    """A list with more cells: (row, column) → text."""
    rows = [["number", "nom"], *([f"+331990000{at}", f"Nom {at}"] for at in range(10, 18))]
    height, width = (max(at[axis] for at in cells) + 1 for axis in (0, 1))
    grid = [[*row, *[""] * width] for row in rows] + [[""] * (width + 2) for _ in range(height)]
    for (row, column), text in cells.items():
        grid[row][column] = text
    path = folder / f"calls{suffix}"
    if suffix == ".csv":
        path.write_text("".join(";".join(row[: max(2, width)]) + "\n" for row in grid[: max(height, len(rows))]))
    else:
        with xlsxwriter.Workbook(path) as book:
            sheet = book.add_worksheet()
            for at, row in enumerate(grid):
                sheet.write_row(at, 0, row)
    return path


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
@pytest.mark.parametrize(
    ("cells", "texts"),
    [
        ({(1, 2): "rouge = ne plus appeler"}, ["rouge = ne plus appeler"]),
        ({(1, 4): "Rouge", (2, 4): "voir la note"}, ["Rouge", "voir la note"]),
        ({(0, 4): "Légende", (3, 4): "gris : voir Julie"}, ["Légende", "gris : voir Julie"]),
        ({(0, 4): "rouge = ne plus appeler"}, ["rouge = ne plus appeler"]),
    ],
)
def test_what_stands_beside_the_table_is_read_by_a_person(dnc, tmp_path, suffix, cells, texts):
    """Whether or not its column has a role: a legend is not about the row that it is on."""
    path = _sheet(tmp_path, suffix, cells)
    told = (
        "check",
        path,
        "--region",
        "FR",
        "--ignore",
        "nom",
        "--ignore",
        "column 3",
        "--ignore",
        "column 5",
        "--ignore",
        "Légende",
    )
    code, _, err = dnc(*told)
    assert (code, f"(texts: {len(texts)}; dnc brief {path.name} shows them)" in err) == (2, True)
    assert not any(text in err for text in texts)
    assert 'around = "read"' in err and dnc(*told, "--around", "read")[0] == 3
    assert all(text in dnc("brief", path)[1].partition("around = ")[2].partition("\n")[0] for text in texts)


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
@pytest.mark.parametrize(
    ("cells", "stops"),
    [
        ({(10, 0): "voir la note"}, True),
        ({(10, 1): "Ne plus appeler"}, True),
        ({(9, 0): "Voir la note", (9, 1): ""}, True),
        ({(9, 1): "Anne Exemple", (7, 0): "", (7, 1): "Jean Fictif"}, False),
        ({(9, 0): "", (9, 1): "Exemple"}, False),
        ({(10, 0): "Total"}, False),
        ({(9, 0): "inconnu", (9, 1): "Anne Exemple"}, False),
    ],
)
def test_what_stands_below_the_table_is_read_by_a_person(dnc, tmp_path, suffix, cells, stops):
    """As the only text of its row; check and draft agree."""
    path = _sheet(tmp_path, suffix, cells)
    told = ("check", path, "--region", "FR", "--ignore", "nom")
    code, _, err = dnc(*told)
    assert (code, "has text but no number" in err) == ((4, True) if stops else (3, False))
    assert dnc(*told, "--around", "read")[0] == 3
    assert ("around = " in dnc("brief", path)[1]) == stops


def test_marks_of_a_directory_are_loaded_as_its_registry(dnc, write_file):
    """With the file loaded, the list is checked without its marks, and they count."""
    path = write_file("calls.csv", "Téléphone;Liste rouge;Liste orange\n01 99 00 04 18;non;oui\n")
    code, _, err = dnc("check", path, "--map", "number=Téléphone")
    assert code == 2 and "\n  Liste rouge: " in err and "\n  Liste orange: " in err
    assert dnc("load", path, "--registry", "fr-directory", "--as-of", "2026-08-01")[0] == 0
    facts = ("caller=commercial", "source=directory", "objected_on=none", "recipient=consumer", "relationship=none")
    options = [part for fact in facts for part in ("--set", fact)]
    ignored = ("--ignore", "Liste rouge", "--ignore", "Liste orange", "--region", "FR", "--at", "2026-08-05")
    code, out, _ = dnc("check", path, "--map", "number=Téléphone", *ignored, *options)
    assert code == 1 and ";blocked;fr-dir-liste-orange;" in out


@pytest.mark.parametrize("title", ["Liste des personnes à ne pas appeler;", "Export du 05/10/2026", "S9 = opposé"])
def test_a_title_of_any_file_is_read_by_a_person(dnc, write_file, title):
    """The people below it may be those not to be called, also if the file is one of several."""
    rows = "number;Fax\n+33199000001;\n"
    path = write_file("titled.csv", f"{title}\n\n{rows}")
    plain = write_file("plain.csv", rows)
    for paths in ([path], [plain, path], [path, plain]):
        code, _, err = dnc("check", *paths)
        assert (code, "there is text around the table" in err) == (2, True)
        assert dnc("check", *paths, "--around", "read")[0] == 3


def test_a_further_sheet_of_any_file_is_read_by_a_person(dnc, tmp_path):
    """It may hold what belongs to the rows of the one that is read."""
    for file, names in {"a": ["Appels", "STOP"], "b": ["Appels"]}.items():
        with xlsxwriter.Workbook(tmp_path / f"{file}.xlsx") as book:
            for name in names:
                book.add_worksheet(name).write_column(0, 0, ["number", "+33199000001"])
    for paths in ([tmp_path / "a.xlsx"], [tmp_path / "b.xlsx", tmp_path / "a.xlsx"]):
        found, _, err = dnc("check", *paths)
        assert (found, "'STOP'" in err.partition("names among them: ")[2]) == (2, True), err
        assert dnc("check", *paths, "--around", "read")[0] == 3


def test_rows_that_are_struck_through_or_have_a_note_are_undecided(dnc, tmp_path):
    """Until somebody has read the notes; a row that is struck through stays so."""
    with xlsxwriter.Workbook(path := tmp_path / "calls.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write_column(0, 0, ["number", "+33199000001"])
        sheet.write_row(2, 0, ["+33199000002"], book.add_format({"font_strikeout": True}))
        sheet.write_column(3, 0, ["+33199000003", "+33199000004"])
        for cell, note in (("A2", "Rappeler mardi"), ("A4", "Marie:\nne plus appeler")):
            sheet.write_comment(cell, note)
    for options, marked in (((), [True, True, True, False]), (("--around", "read"), [False, True, False, False])):
        code, out, err = dnc("check", path, "--columns", "missing", *options)
        assert code == 3
        assert [line.endswith(",objected_on") for line in out.splitlines()[1:]] == marked
        assert "Rows with cells that are struck through, left open: 1" in err
        assert ("a note on it" in err) is not options


def test_a_row_with_a_text_that_says_not_to_call_is_undecided(dnc, write_file):
    """In a column that is left out; so are other rows with its number, and no others."""
    rows = '+33199000001,"Mme X., ne veut plus être appelée",none\n+33199000002,,none\n+33199000001,rappeler,none\n'
    path = write_file("calls.csv", f"number,Commentaire,objected_on\n{rows}")
    told = ("--set", "caller=charity", "--set", "source=donors", "--set", "recipient=consumer", "--set", "voice=human")
    told += ("--set", "dialler=manual", "--at", "2026-12-01", "--ignore", "Commentaire")
    code, out, err = dnc("check", path, *told)
    noted, other, same = csv.DictReader(io.StringIO(out))
    assert code == 3 and [row["dnc_outcome"] for row in (noted, other, same)] == ["undecided", "clear", "undecided"]
    assert noted["dnc_why"] == "Incomplete: nobody has said what a text in Commentaire means."
    assert noted["dnc_missing"] == same["dnc_missing"] == "text:Commentaire"
    assert "row 1" in same["dnc_why"] and "Commentaire" in err


def test_a_struck_row_is_an_objection_of_its_number_in_a_list_without_columns_for_them(store, tmp_path):
    """Another row with the number is blocked; a text that was not read leaves it undecided, in a batch too."""
    numbers = ["+33199000001", "+33199000001", "+33199000002"]
    rows = pl.DataFrame({"number": numbers, "Commentaire": ["", "ne veut plus être appelée", ""]})
    with xlsxwriter.Workbook(path := tmp_path / "calls.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write_column(0, 0, ["number", *numbers])
        sheet.write_string(2, 0, numbers[0], book.add_format({"font_strikeout": True}))
    given, brief = {"caller": "charity"}, Brief(ignore=["Commentaire"])
    assert check(path, store, given=given).verdicts["dnc_outcome"].to_list() == ["blocked", "undecided", "undecided"]
    for found in (
        check(rows, store, given=given, brief=brief).verdicts,
        *decide(rows, store, given=given, brief=brief),
    ):
        assert found["dnc_missing"].str.contains("text:Commentaire").to_list() == [True, True, False]


@pytest.mark.parametrize("kind", [pl.Categorical, pl.Enum, pl.List, pl.Array, pl.Struct])
def test_such_a_text_counts_in_columns_of_other_types(store, tmp_path, kind):
    """As pandas and databases keep texts of few words, and JSON lists and objects of them."""
    texts = pl.Series("note", [f"note {at}" for at in range(30)])
    texts[7] = "Mme X., ne veut plus être appelée"
    cells = {
        pl.Enum: lambda: texts.cast(pl.Enum(texts)),
        pl.List: lambda: pl.Series("note", [[text, "b"] for text in texts]),
        pl.Array: lambda: pl.Series("note", [[text] for text in texts], dtype=pl.Array(pl.String, 1)),
        pl.Struct: lambda: texts.to_frame("a").to_struct("note"),
    }.get(kind, lambda: texts.cast(kind))()
    frame = pl.DataFrame({"number": [f"+331990000{at:02}" for at in range(30)], "note": cells})
    frame.write_parquet(tmp_path / "calls.parquet")
    for source in (frame, tmp_path / "calls.parquet"):
        missing = check(source, store, brief=Brief(ignore=["note"])).verdicts["dnc_missing"]
        assert missing.str.contains("text:note").arg_true().to_list() == [7]


def test_such_a_text_hides_no_rule_that_blocks(dnc, write_file):
    """A row with an objection of its own, or of the own list, is blocked, whatever a note says of it."""
    dnc("load", write_file("own.csv", "number\n+33199000003\n"), "--registry", "own", "--as-of", "2026-01-01")
    texts = ["a demandé à ne plus être appelée", "", "ne plus appeler svp", "ne plus appeler svp"]
    objections = ["2026-01-01", "2026-01-01", "", ""]
    rows = "".join(f"+3319900000{at},{objections[at]},{text}\n" for at, text in enumerate(texts, 0))
    rows += "".join(f"+331990001{at},,{at}\n" for at in range(10, 40))
    path = write_file("calls.csv", f"number,objected_on,Note\n{rows}")
    told = ("--columns", "number,outcome", "--set", "caller=political", "--ignore", "Note")
    found = [line.split(",")[-2:] for line in dnc("check", path, *told)[1].splitlines()[1:5]]
    assert found == [
        [f"+3319900000{at}", outcome] for at, outcome in enumerate(["blocked", "blocked", "undecided", "blocked"])
    ]


def test_such_a_text_counts_in_a_column_with_a_rule(store):
    """It fills in no consent, and its row is undecided; where filled cells tell an objection it is one."""
    rows = pl.DataFrame(
        {"number": ["+33199000001", "+33199000002"], "Note": ["le 1er mai 2016", "ne veut plus être appelée"]}
    )
    filled, rest = {"Note": {"consent": "named_caller"}}, {"Note": TextMeanings(rest="nothing")}
    brief = Brief(when_filled=filled, texts=rest, facts={"caller": "charity"})
    found = check(rows, store, brief=brief).verdicts["dnc_missing"]
    assert found.str.contains("text:Note").to_list() == [False, True]
    brief = Brief(when_filled={"Note": {"objected_on": "yes"}}, facts={"caller": "charity"})
    assert check(rows, store, brief=brief).verdicts["dnc_outcome"].to_list() == ["blocked", "blocked"]


@pytest.mark.parametrize("size", [2, 100])
def test_columns_left_out_are_searched_in_later_rows_where_the_first_ones_have_such_a_text(
    dnc, write_file, monkeypatch, size
):
    """In millions of rows only those columns, since to search names and addresses takes time; whatever the batches."""
    monkeypatch.setattr("dnc.lists.texts.LOOKED_AT", 2)
    monkeypatch.setattr("dnc.files.table.FIRST_ROWS", size)
    monkeypatch.setattr("dnc.files.table.BATCH_ROWS", size)
    texts = ["rappeler", "ne plus appeler svp", "ne plus appeler merci", ""]
    rows = "".join(f"+3319900000{at},{text},{'ne plus appeler' if at == 3 else ''}\n" for at, text in enumerate(texts))
    path = write_file("calls.csv", f"number,Commentaire,Suivi\n{rows}")
    out = dnc("check", path, "--columns", "missing", "--ignore", "Commentaire", "--ignore", "Suivi")[1]
    assert ["text:" in line for line in out.splitlines()[1:]] == [False, True, True, False]


def test_columns_left_out_are_searched_in_the_first_rows_of_every_list(dnc, write_file, store, monkeypatch):
    """However often they are read: ahead for persons with a text in another column, and batch by batch in memory."""
    monkeypatch.setattr("dnc.lists.texts.LOOKED_AT", 3)
    monkeypatch.setattr("dnc.files.table.FIRST_ROWS", 2)
    rows = "".join(
        f"+3319900000{at},{text},{note}\n" for at, text, note in ((1, "a", ""), (2, "b", ""), (3, "", "STOP"))
    )
    path = write_file("calls.csv", f"number,Statut,Suivi\n{rows}")
    brief = write_file("b.toml", 'ignore = ["Suivi"]\n[texts."Statut"]\n')
    out = dnc("check", path, "--brief", brief, "--columns", "missing")[1]
    assert ["text:" in line for line in out.splitlines()[1:]] == [True, True, True]
    store.object(["+33199000009"], date(2026, 11, 1))
    with Decider(store, brief=Brief()) as decider:
        calls = [{"number": f"+3319900000{at}", "campaign": "spring"} for at in range(3)]
        assert not decider(calls)["dnc_missing"].str.contains("text:").any()
        late = decider([*calls[:2], calls[2] | {"campaign": "do not call"}])["dnc_missing"]
        assert late.str.contains("text:campaign").to_list() == [False, False, True]


def test_a_text_beside_a_number_counts_in_later_rows_too(dnc, write_file, monkeypatch):
    """In place of another number, or beside one."""
    monkeypatch.setattr("dnc.files.table.FIRST_ROWS", 2)
    rows = "".join(f"+3319900000{at},\n" for at in range(4))
    brief = write_file("b.toml", '[columns]\nnumber = ["number", "mobile"]\n')
    for late in ("+33199000005,ne pas appeler", "+33199000005 ne pas appeler,"):
        path = write_file("calls.csv", f"number,mobile\n{rows}{late}\n")
        out = dnc("check", path, "--brief", brief, "--columns", "number,outcome,why")[1]
        [found] = (line for line in out.splitlines() if "+33199000005," in line.replace(late, ""))
        assert "says not to call" in found


def test_a_column_of_regions_that_names_no_countries_may_be_left_out(dnc, write_file):
    """The advice says how; the country that is declared then counts."""
    path = write_file("calls.csv", "number,Région\n01 99 00 00 01,Bretagne\n")
    err = dnc("check", path, "--region", "FR")[2]
    assert 'values.region."…" = "…"  # or ignore = ["Région"], if the column does not name countries' in err
    assert "country of the number" not in dnc("check", path, "--region", "FR", "--ignore", "Région")[2]


@pytest.mark.parametrize("mark", ["''", "-", "__", '"', "…", " "])
def test_a_name_of_nothing_but_marks_is_no_role(dnc, write_file, mark):
    """What is left of a damaged name could have told a withdrawal: text below it stops the check, anywhere."""
    quoted = mark.replace('"', '""')
    for header, row in (
        (f'number,"{quoted}",Fax', "+33199000001,2026-01-01,"),
        (f'number,"{quoted}"', "+33199000001,x"),
    ):
        code, _, err = dnc("check", write_file("calls.csv", f"{header}\n{row}\n"), "--quiet")
        assert (code, "columns of which nobody said what they mean" in err) == (2, True)
