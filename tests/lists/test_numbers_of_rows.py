"""Rows with several numbers: each number is a call of its own, in any number of columns and cells."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnc import Decider, api, check, vet
from dnc.errors import InputError, OptionError
from dnc.lists.brief import Brief, read_brief
from dnc.numbers.reader import split_cell
from tests import size

FACTS = {"caller": "charity", "voice": "human", "dialler": "manual", "recipient": "consumer", "source": "donors"}
TWO = Brief(region="FR", columns={"number": ["Tél. mobile", "Tél. fixe"]}, ignore=["nom"])
NAMED = Brief(region="FR", ignore=["nom", "x"])
LIST = (
    "nom;Tél. mobile;Tél. fixe;objected_on\n"
    "a;06 39 98 00 01;01 99 00 00 02;none\n"
    "b;;;none\n"
    "c;0639980003 / 0639980004;-;2026-01-01\n"
    "d;;0199000002 (domicile);none\n"
    "e;0639980003;06.,;none\n"
)
CALLS = [
    ("a", "Tél. mobile", "+33639980001", "clear"),
    ("a", "Tél. fixe", "+33199000002", "clear"),
    ("b", "", "", "undecided"),
    ("c", "Tél. mobile", "+33639980003", "blocked"),
    ("c", "Tél. mobile", "+33639980004", "blocked"),
    ("d", "Tél. fixe", "+33199000002", "clear"),
    ("e", "Tél. mobile", "+33639980003", "blocked"),
    ("e", "Tél. fixe", "", "undecided"),
]
SHOWN = ("nom", "dnc_number_from", "dnc_number", "dnc_outcome")


def decided(path, store, **options):
    """Rows of a check: name, column, number, outcome."""
    return check(path, store, brief=TWO, given=FACTS, at="2026-10-05", **options).verdicts.select(SHOWN).rows()


def test_each_number_is_a_call(empty, write_file):
    """One row a number, in the order of the columns; an objection counts for all numbers of its row."""
    path = write_file("calls.csv", LIST)
    result = check(path, empty, brief=TWO, given=FACTS, at="2026-10-05")
    assert result.verdicts.select(SHOWN).rows() == CALLS
    assert result.verdicts.columns[:5] == ["nom", "Tél. mobile", "Tél. fixe", "objected_on", "dnc_number_from"]
    assert (result.rows, result.calls, result.record["rows"]) == (5, 8, 5)
    named = check(path, empty, brief=TWO, given=FACTS, at="2026-10-05", columns=["outcome", "number_from"]).verdicts
    assert named.columns[4:] == ["dnc_outcome", "dnc_number_from"]
    assert api.replay(empty, result.id, path).same


@pytest.mark.parametrize("text", ["Ne plus appeler", "STOP", "opt-out"])
def test_a_text_about_objections_in_place_of_a_number_counts_for_the_row(empty, write_file, text):
    """The other number of the row is undecided, which is clear where the cell is empty or says something else."""
    rows = "nom;Tél. mobile;Tél. fixe;objected_on\nAnne;{};+33199000412;none\nZoé;+33639980002;+33199000413;none\n"
    for cell, outcomes in {text: ["undecided"] * 2, "à demander": ["undecided", "clear"], "": ["clear"]}.items():
        calls = decided(write_file("calls.csv", rows.format(cell)), empty)
        assert [call[3] for call in calls] == [*outcomes, "clear", "clear"]


def test_best_gives_one_row_for_each_row(empty, write_file):
    """The first clear call, else the first undecided one, else the first; conditions on rows come after that."""
    path = write_file("calls.csv", LIST)
    best = [CALLS[0], CALLS[2], CALLS[3], CALLS[5], CALLS[7]]
    assert decided(path, empty, best=True) == best
    assert decided(path, empty, best=True, only=["undecided"]) == [CALLS[2], CALLS[7]]


def test_an_output_is_checked_again_number_by_number(empty, write_file, tmp_path):
    """A row of an earlier output is about the one number that it names, and no number is checked twice."""
    out = tmp_path / "out.csv"
    check(write_file("calls.csv", LIST), empty, brief=TWO, given=FACTS, at="2026-10-05", out=out)
    assert decided(out, empty) == CALLS
    assert check(out, empty, brief=TWO, given=FACTS, at="2026-10-05", changed=True).verdicts.is_empty()
    empty_then = out.read_text(encoding="utf-8-sig").replace("clear", "blocked")
    again = check(write_file("again.csv", empty_then), empty, brief=TWO, given=FACTS, at="2026-10-05", changed=True)
    assert again.verdicts.select(SHOWN).rows() == [one for one in CALLS if one[3] == "clear"]


def test_batches_are_decided_as_lists_are(empty, write_file):
    """A Decider repeats the rows of a batch as a check does."""
    frame = pl.read_csv(write_file("calls.csv", LIST), separator=";", infer_schema=False)
    options = {"brief": TWO, "given": FACTS, "at": "2026-10-05"}
    with Decider(empty, **options) as every, Decider(empty, best=True, **options) as best:
        assert every(frame).select(SHOWN).rows() == CALLS
        assert best(frame)["nom"].to_list() == list("abcde")


def test_one_column_has_its_columns_as_before(empty, write_file):
    """Two numbers in a cell of the only column are two rows; where a number comes from is said on request."""
    path = write_file("calls.csv", "number,objected_on\n0639980001 ou 0199000002,none\n0639980003,none\n")
    verdicts = check(path, empty, region="FR", given=FACTS, at="2026-10-05").verdicts
    assert verdicts["dnc_number"].to_list() == ["+33639980001", "+33199000002", "+33639980003"]
    assert "dnc_number_from" not in verdicts.columns
    named = check(path, empty, region="FR", columns=["number", "number_from"]).verdicts
    assert named["dnc_number_from"].to_list() == [""] * 3


NUMBERS = [f"06399800{at:02}" for at in range(20)]


@settings(max_examples=size(10, 40), deadline=None)
@given(st.lists(st.lists(st.sampled_from(NUMBERS), max_size=3, unique=True), min_size=1, max_size=4), st.data())
def test_the_set_of_calls_does_not_depend_on_columns_and_cells(empty, rows, data):
    """However the numbers of a row are split over columns and cells, the same numbers are called."""
    separator = st.sampled_from([" / ", "/", " ou ", "; ", ", ", "\n", " - ", " und ", " & ", " (bureau) / "])
    cells = []
    for numbers in rows:
        row = ["", "", ""]
        for number in numbers:
            column = data.draw(st.integers(0, 2))
            glue = data.draw(separator) if row[column] else ""
            row[column] += glue + data.draw(st.sampled_from([number, f"+33{number[1:]}", f"{number} (domicile)"]))
        cells.append(row)
    frame = pl.DataFrame(cells, schema=["a", "b", "c"], orient="row")
    with Decider(empty, brief=Brief(region="FR", columns={"number": ["a", "b", "c"]}), columns=["number"]) as decider:
        found = decider(frame)
    assert {one for one in found["dnc_number"] if one} == {f"+33{one[1:]}" for row in rows for one in row}
    assert found.height == sum(max(1, len(row)) for row in rows)


@pytest.mark.parametrize(
    ("cell", "region"),
    [
        ("06 39 98 00 01 / 02", "FR"),  # another ending
        ("0639980001 / ne pas appeler / 0199000002", "FR"),
        ("030 23125000 / 7654321", "DE"),  # no area code
        ("020 7946 0018 / 7946 0019", "GB"),
        ("0049301/234567", "DE"),
        ("04/66/96/90/01", "FR"),
        ("0639980001 / 0199000002", None),
    ],
)
def test_a_cell_is_split_only_into_whole_numbers(cell, region):
    """What is no whole number in a cell leaves the cell as it is."""
    assert split_cell(cell, region) == []


def test_several_columns_are_named_in_a_brief(write_file):
    """A list of columns for number only, each once; --map adds up in its own place."""
    path = write_file("b.toml", '[columns]\nnumber = ["A", "B"]\n')
    assert read_brief(path).named("number") == ["A", "B"]
    assert read_brief(path).but(columns={"number": "C"}).named("number") == ["C"]
    for text, says in (
        ("number = []", "no column is named for number"),
        ("number = [1]", "columns.number: must be a text or a list of texts"),
        ('recipient = ["A", "B"]', "columns.recipient: must be a text"),
    ):
        with pytest.raises(InputError, match=says):
            read_brief(write_file("b.toml", f"[columns]\n{text}\n"))
    with pytest.raises(InputError, match="recipient can be read from one column only"):
        Brief(columns={"recipient": ["A", "B"]})


@pytest.mark.parametrize("columns", [["A", "A"], ["A", "a"]])
def test_a_column_is_named_once(empty, write_file, columns):
    """The same column twice is a mistake."""
    with pytest.raises(InputError, match="named twice for number"):
        check(write_file("c.csv", "A,B\n1,2\n"), empty, brief=Brief(columns={"number": columns}))


def test_other_functions_agree(empty, write_file):
    """A vetting counts calls; a single call has one number; consents count for all numbers of their row."""
    path = write_file("calls.csv", LIST)
    assert vet(path, empty, brief=TWO, given=FACTS, at="2026-10-05").offer.rows == len(CALLS)
    with pytest.raises(InputError, match="several numbers where one is needed"):
        api.explain("0639980001 / 0199000002", empty, region="FR")
    assert "number" in api.explain("none", empty, region="FR", given=FACTS)[0]["dnc_missing"].split(";")
    consents = write_file("consents.csv", "Tél. mobile;Tél. fixe;consent;day\n0639980001;0199000002;none;2026-01-01\n")
    found = check(path, empty, brief=TWO, given=FACTS, at=date(2026, 10, 5), consents=consents)
    told = found.record["consents"]
    assert (told["rows"], told["numbers"]) == (1, 2)
    with pytest.raises(OptionError, match="is not a column of verdicts"):
        check(path, empty, brief=TWO, columns=["number_form"])


def test_columns_of_numbers_that_are_not_called_are_named(empty):
    """By their name where a number is read in them, and by their cells; a count of rows, plain ids and an empty column are neither."""
    rows = {
        "Numéro": ["1", "2"],
        "Téléphone": ["06 39 98 00 01", "+33 6 39 98 00 02"],
        "Fixe": ["", ""],
        "Portable 2": ["aucun", "06 39 98 00 03"],
        "Contact": ["06 39 98 00 04", "01.99.00.00.01"],
        "Client": ["123456782", "523456781"],
        "Le": ["05.03.2026", "06.03.2026"],
        "Note": ["06 39 98 00 05", "rien"],
    }
    brief = Brief(region="FR", columns={"number": "Téléphone"}, ignore=["*"])
    assert check(pl.DataFrame(rows), empty, brief=brief).second_numbers == ["Portable 2", "Contact"]


def test_python_objects_in_a_frame_are_refused(empty):
    """They are named, and nothing is read of them."""
    frame = pl.DataFrame({"number": ["0639980001"], "x": pl.Series([object()], dtype=pl.Object)})
    with pytest.raises(InputError, match="columns have types that are not read: 'x'; cast them to text"):
        check(frame, empty, region="FR")


def test_a_parquet_file_with_an_extension_type_is_refused(empty, tmp_path):
    """As a frame is: Polars makes no text of such a cell (Arrow's JSON, for instance)."""
    cells = pl.Series("x", ["KO"]).ext.to(pl.Extension("fictional", pl.String()))
    pl.DataFrame([pl.Series("number", ["0639980001"]), cells]).write_parquet(tmp_path / "l.parquet")
    with pytest.raises(InputError, match="columns have types that are not read: 'x'; cast them to text"):
        check(tmp_path / "l.parquet", empty, region="FR")


def test_two_keys_of_a_dictionary_with_one_name_are_refused(empty):
    """One of them would replace the other."""
    with pytest.raises(InputError, match="give each column a name of its own"):
        check([{"number": "0639980001", 5: "KO", "5": None}], empty, region="FR")


@pytest.mark.parametrize("second", ["number;ville;", "NUMBER;objected_on;nom"])
def test_another_header_with_new_columns_is_refused(empty, write_file, second):
    """Rows below it would be read under the names of the first one; a header that is repeated is only a row."""
    text = "number;nom;x\n0639980001;A;\n{}\n0639980002;B;\n"
    with pytest.raises(InputError, match="this looks like a second header"):
        check(write_file("c.csv", text.format(second)), empty, brief=NAMED)
    assert check(write_file("d.csv", text.format("number;nom;x")), empty, brief=NAMED).counts["undecided"]
