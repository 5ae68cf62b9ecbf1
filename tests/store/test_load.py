"""What a load takes in and what stops it: rows that are not understood, lists that shrank, files that come again."""

from __future__ import annotations

import json
from datetime import date
from html import unescape
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from dnc import InputError, Store, check
from dnc.errors import OptionError
from dnc.messages import in_language
from dnc.reports.check_page import html
from dnc.store import load
from dnc.store.backup import backup
from dnc.store.verify import verify
from tests import some
from tests.store.test_store import said, states

AS_OF = date(2026, 8, 1)
REASON = "the shop's own typing error"
ACCEPTED = {"accept": {"unread": REASON}}
PLAIN = {"registry": "gb-tps", "covers": ["44"]}
OWN = "number,since,reason\n+33199000001,2026-01-01,x\n"


def stopped(store: Store, path: Path, **words: object) -> str:
    """What a load says that must be stopped, without the folder; the store stays as it was."""
    before = store.path.exists() and store.snapshots()
    with pytest.raises(InputError) as error:
        store.load(path, **{"as_of": AS_OF, **words})
    assert (store.path.exists() and store.snapshots()) == before
    return str(error.value).replace(f"{path.parent}/", "")


@pytest.mark.parametrize("name", ["tps_2026-06.csv", "tps-20260630.csv", "2025.12.31 tps.csv"])
def test_a_name_of_an_earlier_month_is_said(store, write_file, name):
    """A file that is taken for a later one clears numbers that have been listed since."""
    text = "number,listed\n01632 960101,yes\n"
    [note] = store.load(write_file(name, text), as_of=AS_OF, **PLAIN).notes
    assert "the name of the file says 202" in note
    for other in ("tps_2026-08.csv", "tps_2026-09-30.csv", "tps_44163296010120260612.csv", "tps.csv"):
        notes = store.load(write_file(other, text + "\n" * len(other)), as_of=AS_OF, **PLAIN).notes
        assert not [note for note in notes if "the name of the file" in note]


def test_an_own_list_that_ends_within_a_row_is_not_loaded(store, write_file):
    """Whoever objected behind it would be called. A whole list whose last row is short needs a line end."""
    cut = OWN + "+33199000002,2026"
    says = stopped(store, write_file("own.csv", cut), registry="own")
    assert says.startswith("own.csv:3: the last row has fewer cells than the header and no line end")
    store.load(write_file("own.csv", cut + "\n"), as_of=AS_OF, registry="own")
    store.load(write_file("own.csv", cut + ",x"), as_of=AS_OF, registry="own")


# Rows whose number can be read


@pytest.mark.parametrize(
    ("text", "number", "words"),
    some([
        ("number,since,reason\n+33199000001,2026-01-01,no, never\n", 33199000001, {"registry": "own"}),
        ("number,country,reason\n+33199000001,Frankreich,\n", 33199000001, {}),
        ("phone,national_dnc,litigator\n+12125550101,perhaps,N\n", 12125550101, {}),
        ("number,listed\n01632 960101,maybe\n", 441632960101, PLAIN),
        ("number,listed\n01632 960101,\n", 441632960101, {"registry": "gb-tps"}),
        ("number,listed,since\n01632 960101,no,2026-01-01,more\n", 441632960101, PLAIN),
        ("Telephone;Identifiant;Réponse\n0199000001;a;b;OK\n", 33199000001, {}),
        ("Telephone;Réponse;Note\n0199000001;OK;a;b\n", 33199000001, {}),
        ("number,listing,prospecting\n0199000001,listed,peut-être\n", 33199000001, {"covers": ["33"]}),
        ("number,listing,marketing\n01 555 0101,secret,opt_in\n", 35315550101, {"covers": ["353"]}),
        ("number;star\n044 555 01 01;none\n", 41445550101, {"covers": ["41"]}),
        ("number,date_asked,answer\n6145550117,2023-05-02,No!\n", 16145550117, {}),
    ], 6),
)  # fmt: skip
def test_a_row_whose_number_is_read_counts_against_the_call(store, write_file, text, number, words):
    """Whatever else of it is not understood: the number is listed, and the row is named."""
    one = store.load(write_file("list.csv", text), as_of=AS_OF, **words)
    assert (one.listed, one.clear, one.unread) == (1, 0, 0)
    assert said(store, one.registry, number, "2026-08-01")[0] == "listed"
    assert any(note.startswith("line 2 counts as listed: ") for note in one.notes)
    assert json.loads(store.log()["detail"][0])["odd"] == 1


@pytest.mark.parametrize("yes", [" y", "TRUE", "1", "FL", "2026-01-01"])
def test_a_yes_in_any_column_of_a_scrubbed_list_is_an_opt_out(store, write_file, yes):
    """The service may have kept the lists of its customer beside those of the registries, in flags of another kind."""
    numbers = {"+12125550101": yes, "+12125550102": "N", "+12125550103": "", "+12125550104": "0"}
    rows = "".join(f"{number},N,N,{flag},3\n" for number, flag in numbers.items())
    text = f"phone,national_dnc,litigator,internal_dnc,calls\n{rows}"
    one = store.load(write_file("own.csv", text), registry="own", as_of=AS_OF, ignore=["calls"])
    assert (one.listed, one.clear) == (1, 3)
    assert said(store, "own", 12125550101, "2026-08-01")[0] == "listed"


def test_days_of_a_row_that_shifted_end_nothing(store, write_file):
    """Its cells may be those of other columns, so no day of it is believed."""
    path = write_file("own.csv", "number,since,until,reason\n+33199000001,2020-01-01,2020-02-01,a,b\n")
    one = store.load(path, as_of=AS_OF)
    row = pl.read_parquet(store.path / "records" / one.file).select("number", "lifted", "on_day", "until").row(0)
    assert row == (33199000001, False, None, None)


def test_a_row_that_swallowed_the_next_one_lists_both(store, write_file):
    """Where a line end was lost the numbers of both rows are listed; days and other digits beside them are none."""
    text = "number,reason,since\n+33199000001,letter 12/3,2026-01-010199000002,x,2026-01-02\n+33199000003,,\n"
    one = store.load(write_file("own.csv", text), as_of=AS_OF)
    numbers = pl.read_parquet(store.path / "records" / one.file)["number"].to_list()
    assert numbers == [33199000001, 33199000002, 33199000003]
    assert not [note for note in one.notes if "repeat" in note]


def test_many_rows_that_are_not_understood_refuse_an_answer(store, write_file):
    """More than one in a hundred: then it may be another file; the own list takes each of them."""
    rows = "".join(f"0163296{place:04},{'yes' if place > 1 else 'maybe'}\n" for place in range(120))
    told = stopped(store, write_file("a.csv", f"number,listed\n{rows}"), registry="gb-tps")
    assert told.startswith("a.csv:2: 2 of 120 rows are not understood (the first: listed is not a known value)")
    rows = "".join(f"+4416329600{place:02},a,b\n" for place in range(100))
    assert store.load(write_file("own.csv", f"number,reason\n{rows}"), as_of=AS_OF).listed == 100


# Rows whose number cannot be read

UNREAD = [
    (OWN + "Dupont, Anne,+33199000002,2026-01-02\n", {}, "own.csv:3: a number cannot be read"),
    ("number,listed\n01632 960101,yes\nMiss Smith,yes\n", PLAIN, "own.csv:3: a number cannot be read"),
    ("number,listing,prospecting\n0199000001,listed,refused\n?,listed,refused\n", {"covers": ["33"]}, "own.csv:3: a n"),
    ("number,country,since\n+33199000001,FR,\n0199000002,Frankreich,\n", {}, "own.csv:3: a number cannot be read"),
]


@pytest.mark.parametrize(("text", "words", "message"), UNREAD)
def test_an_unread_row_stops_a_list_that_is_complete(store, write_file, text, words, message):
    """Who stands there would be clear by absence; it is taken in only when somebody says why."""
    path = write_file("own.csv", text)
    told = stopped(store, path, **words)
    assert told.startswith(message)
    assert told.endswith("Correct them, or load with --accept unread=REASON")
    assert "Smith" not in told
    assert "Dupont" not in told
    one = store.load(path, as_of=AS_OF, **words, **ACCEPTED)
    assert [tuple(told) for told in one.accepted] == [("unread", 1, REASON)]
    assert (*store.snapshots(), *store.standing().objections.files)[0].accepted == one.accepted
    detail = json.loads(store.log()["detail"][0])
    assert detail["accepted"] == [{"what": "unread", "rows": 1, "reason": REASON}]


def test_unread_rows_of_all_files_are_counted(store, write_file):
    """Those of a load together; nothing of it is stored before they are accepted."""
    one, two = (write_file(f"{name}.csv", OWN + "x,,\n" * 2) for name in "ab")
    with pytest.raises(InputError, match=r"a\.csv:3: .*Rows like this: 4 \(lines 3, 4 and in 1 more files\)\. "):
        store.load_all([one, two], as_of=AS_OF)
    assert not store.exists
    assert [one.unread for one in store.load_all([one, two], as_of=AS_OF, **ACCEPTED)] == [2, 2]


def test_a_row_that_cannot_be_read_names_the_columns_of_numbers(store, write_file):
    """One of several may only be named like them; it is left out by its name, and by no pattern for all others."""
    path = write_file("own.csv", "Tel,Origine du numéro\n+33199000001,Salon 2025\n+33199000002,Site\n")
    for ignore in ([], ["*"]):
        with pytest.raises(InputError, match=r"own\.csv:2: .* in one of the columns 'Tel', 'Origine du numéro'"):
            store.load(path, registry="own", as_of=AS_OF, ignore=ignore)
    assert store.load(path, registry="own", as_of=AS_OF, ignore=["Origine du numéro"]).listed == 2


def test_the_same_bytes_stand_without_being_accepted_again(store, write_file):
    """A file that was accepted once and comes again changes nothing."""
    path = write_file("own.csv", OWN + "x,,\n")
    first = store.load(path, as_of=AS_OF, **ACCEPTED)
    again = store.load(path, as_of=AS_OF)
    assert (again.id, again.new, again.accepted) == (first.id, False, first.accepted)


def test_an_answer_may_hold_unread_rows(store, write_file):
    """A number that it does not speak of is not covered, so nobody is clear by an unread row of it."""
    path = write_file("a.csv", "Telephone;Réponse\n0199000001;OK\nxx;OK\n")
    one = store.load(path, as_of=AS_OF)
    assert (one.unread, one.accepted) == (1, ())


@pytest.mark.parametrize("accept", [{"unread": " "}, {"older": "x"}, {"shrunk": ""}])
def test_what_is_accepted_is_one_of_three_and_has_a_reason(store, write_file, accept):
    """Else it is wrong usage, which names the three."""
    with pytest.raises(OptionError, match="WHAT is one of unchanged, shrunk, unread, and needs a reason"):
        store.load(write_file("own.csv", OWN), as_of=AS_OF, accept=accept)


@pytest.mark.parametrize(
    ("language", "line"),
    [
        (
            "en",
            "Snapshot 1 (own opt-out list as of 2026-08-01): rows that cannot be read were left out: 1; the list counts",
        ),
        (
            "fr",
            "Extrait 1 (liste d'opposition interne en date du 01/08/2026) : lignes illisibles laissées de côté : 1 ; la liste est",
        ),
    ],
)
def test_a_check_says_what_was_accepted(dnc, store, write_file, language, line):
    """The summary, the page and the spreadsheet name the snapshot, the rows and the reason; so does dnc status --files."""
    write_file("own.csv", OWN + "x,,\n")
    load = ["load", "own.csv", "--as-of", "2026-08-01", "--accept", f"unread={REASON}"]
    assert dnc(*load[:4])[0] == 4
    assert dnc(*load)[0] == 0
    calls, out = write_file("calls.csv", "number\n0199000009\n"), ["--out", "v.xlsx", "--out", "v.html"]
    _, _, err = dnc("check", calls, "--region", "FR", "--at", "2026-08-02", "--lang", language, *out)
    page = unescape(Path("v.html").read_text(encoding="utf-8"))
    err, page = (text.replace("\N{NO-BREAK SPACE}", " ") for text in (err, page))
    assert line in err and REASON in err and line in page
    told = pl.read_excel("v.xlsx", sheet_name={"en": "summary", "fr": "résumé"}[language])
    assert any(
        cell.replace("\N{NO-BREAK SPACE}", " ").startswith(line)
        for row in told.cast(pl.String).fill_null("").rows()
        for cell in row
    )
    assert dnc("status", "--files")[1].splitlines()[1].endswith(f",1 unread: {REASON}")


def test_what_was_accepted_goes_with_its_snapshot(store, write_file):
    """A snapshot that is forgotten leaves nothing of it; one that stays keeps it."""
    text = "number,listed\n01632 960101,yes\nMiss Smith,yes\n"
    for day in (1, 2):
        store.load(write_file(f"{day}.csv", text + "\n" * day), as_of=date(2026, 8, day), **PLAIN, **ACCEPTED)
    store.forget(date(2026, 8, 2))
    assert [bool(one["accepted"]) for one in store.journal.read().values("snapshots").values()] == [True]
    result = check(write_file("c.csv", "number\n01632960101\n"), store, region="GB", at="2026-08-03")
    assert "Miss" not in html(result)
    assert REASON.replace("'", "&#39;") in html(result)


# What a file is complete for


@pytest.mark.parametrize(
    ("text", "words", "message"),
    [
        (
            "Telephone;Réponse\n0199000001;OK\n",
            {"covers": ["33"]},
            "an answer to a question is not complete for anything",
        ),
        (
            "number,date_asked,answer\n6145550117,2023-05-02,no\n",
            {"covers": ["1"]},
            "an answer to a question is not complete for anything",
        ),
        ("0491570006\n", {"covers": ["61"], "registry": "au-dncr", "means": "listed"}, "an answer to a question is"),
        (OWN, {"covers": ["33"]}, "own is complete for every number; omit --covers"),
        (
            "number,listed\n01632960101,no\n",
            {"covers": ["33"], "registry": "gb-tps"},
            "--covers 33: gb-tps holds numbers",
        ),
        (
            "number,listed\n01632960101,no\n",
            {"covers": ["4"], "registry": "gb-tps"},
            "--covers 4: gb-tps holds numbers",
        ),
        ("number;star\n044 555 01 01;*\n", {"covers": ["41"], "asked": "list.csv"}, "an answer to a question is"),
    ],
)
def test_a_file_is_not_complete_for_more_than_it_can_be(store, write_file, text, words, message):
    """Else every number that the file does not hold would be clear in a place that it says nothing of."""
    path = write_file("list.csv", text)
    if "asked" in words:
        words = words | {"asked": path}
    with pytest.raises(OptionError, match=message):
        store.load(path, as_of=AS_OF, **words)
    assert not store.exists


def test_the_codes_of_a_registry_are_told_in_french(store, write_file):
    """The French directory holds numbers of several calling codes."""
    path = write_file("d.csv", "number;listing;prospecting\n0199000001;listed;refused\n")
    with pytest.raises(OptionError) as error:
        store.load(path, as_of=AS_OF, covers=["44"])
    assert "contient des numéros qui commencent par 262 ou 33 ou 508" in in_language(error.value.message, "fr")


def test_a_complete_list_has_all_its_sheets(store, tmp_path):
    """Who is in a sheet that is not read would be absent from a list that counts as complete."""
    path = tmp_path / "list.xlsx"
    numbers = {"old": 441632960101, "new": 441632960102}
    with xlsxwriter.Workbook(path) as book:
        for name, number in numbers.items():
            sheet = book.add_worksheet(name)
            sheet.write_column(0, 0, ["number", f"+{number}"])
            sheet.write_column(0, 1, ["listed", "yes"])
    assert "without the sheets that are not read: 'new'" in stopped(store, path, **PLAIN)
    for name in numbers:
        store.load(path, as_of=AS_OF, sheet=name, **PLAIN)
    found = [said(store, "gb-tps", number, "2026-08-01")[0] for number in numbers.values()]
    assert found == ["listed", "listed"]


def test_a_complete_list_has_numbers_of_each_prefix(store, write_file):
    """A sorted list that was cut between two lines may have lost all numbers of its last area code."""
    path = write_file("fl.csv", "number,listed\n+13055550101,yes\n")
    words = {"registry": "us-fl-dnc", "covers": ["1305", "1786"]}
    assert "holds no number that begins with +1786, and would clear every one" in stopped(store, path, **words)
    assert store.load(path, as_of=AS_OF, registry="us-fl-dnc", covers=["1305"]).covers == ("1305",)


@pytest.mark.parametrize("covers", ["'44'", "('44', '33')", "('',)", "('44.*',)"])
def test_a_loader_claims_no_more_than_its_registry(store, write_file, covers):
    """A text in place of a tuple (`covers="44"`) is its digits: the list would be complete for all of +4."""
    text = f"from registry_loaders.gb_tps import LOADERS\nfrom dataclasses import replace\nLOADER = replace(LOADERS[0], covers={covers})"
    loader, path = write_file("mine.py", text), write_file("tps.txt", "")
    path.write_bytes(b"02079460123 \r\n")
    assert "tps.txt: the loader says that the file is complete for '" in stopped(store, path, loader=loader)


def test_a_loader_knows_what_absence_means(store, write_file):
    """Any other word than the two would be found only by the checks of calls."""
    text = "from registry_loaders.gb_tps import LOADERS\nfrom dataclasses import replace\nLOADER = replace(LOADERS[0], absent='x')"
    said = stopped(store, write_file("tps.txt", "x"), loader=write_file("mine.py", text))
    assert said == "mine.py: fails when it is imported (ValueError); correct the loader"


def test_a_row_that_a_loader_does_not_understand_is_listed(store, write_file):
    """As the note on it says, and as the contract asks of loaders: a loader of one's own may forget it."""
    text = """
import polars as pl
from dnc.registries import Loader, listings

def flagged(cells):
    return cells.with_columns((pl.col("1") == "X").alias("listed"), pl.when(pl.col("1") == "?").then(pl.lit("odd")).alias("odd"))

def read(extract):
    assert extract.need("flag") == [1]
    return listings(extract, flagged)

LOADER = Loader("xx-mine", "GB", lambda extract: False, read)
"""
    path = write_file("a.csv", "number,flag\n01632 960101,?\n01632 960102,\n")
    one = store.load(path, as_of=AS_OF, loader=write_file("mine.py", text))
    assert (one.listed, one.clear) == (1, 1)


@pytest.mark.parametrize("changed", ["list.txt", "asked.txt"])
def test_a_file_that_changes_while_it_is_read_is_refused(store, write_file, changed, monkeypatch):
    """A download that is still under way is read as far as it has come, and the rest would be absent."""
    path, asked = write_file("list.txt", "0255501234\n"), write_file("asked.txt", "0255501234\n0255501235\n")
    read = load.take

    def slowly(*arguments):
        taken = read(*arguments)
        with (path.parent / changed).open("a") as file:
            file.write("0255501236\n")
        return taken

    monkeypatch.setattr(load, "take", slowly)
    said = stopped(store, path, registry="au-dncr", means="listed", asked=asked)
    assert said == f"{changed}: changed while it was read; load it again once it is complete"


def test_one_prefix_is_one_prefix(store, write_file):
    """A prefix that Python was not told as a list is not taken apart into digits."""
    path = write_file("d.csv", "number;listing;prospecting\n0199000001;listed;refused\n")
    assert store.load(path, as_of=AS_OF, covers="33199").covers == ("33199",)


# More that could clear by mistake


def test_words_that_contradict_do_not_clear(store, write_file):
    """A number of which one row says no and another that nothing is known is not clear."""
    one = store.load(
        write_file("a.csv", "number,listed\n01632 960101,no\n01632 960101,unknown\n"), as_of=AS_OF, **PLAIN
    )
    assert (one.clear, one.unknown) == (1, 1)
    assert said(store, "gb-tps", 441632960101, "2026-08-01")[0] == "uncovered"


def test_a_row_of_the_question_that_shifted_asks_nothing(store, write_file):
    """What was sent in there is not known, so no answer says nothing of it."""
    asked = write_file("asked.csv", "number;name\n0199000001;a\n0199000002;b\n0199000003;c;d\n")
    hits = write_file("hits.csv", "Telephone\n0199000001\n")
    one = store.load(hits, as_of=AS_OF, registry="fr-bloctel", means="listed", asked=asked)
    assert [said(store, "fr-bloctel", 33199000000 + n, "2026-08-01")[0] for n in (1, 2, 3)] == [
        "listed", "clear", "uncovered",
    ]  # fmt: skip
    assert "rows of asked.csv that cannot be read, whose numbers stay unknown: 1" in one.notes


def test_the_country_of_a_row_is_heard_in_plain_form(store, write_file):
    """A national number of the own list is read in the plan of its row, whichever form the list has."""
    text = "number,listed,country\n020 7946 0123,yes,GB\n+33199000001,yes,UK\n"
    one = store.load(write_file("own.csv", text), as_of=AS_OF, registry="own")
    assert [said(store, "own", number, "2026-08-01")[0] for number in (442079460123, 33199000001)] == ["listed"] * 2
    assert "line 3 counts as listed: country is not an ISO 3166-1 code" in one.notes


@pytest.mark.parametrize("suffix", [".parquet", ".jsonl", ".xlsx"])
def test_plain_form_with_types(store, tmp_path, suffix):
    """Booleans, whole numbers that lost their zero and days of a typed file mean what they say; a gap is listed."""
    rows = {
        "number": [1632960101, 1632960102, 1632960103],
        "listed": [True, False, None],
        "since": [date(2026, 1, 1), None, None],
    }
    path, frame = tmp_path / f"a{suffix}", pl.DataFrame(rows)
    {".parquet": frame.write_parquet, ".jsonl": frame.write_ndjson, ".xlsx": frame.write_excel}[suffix](path)
    store.load(path, as_of=AS_OF, registry="gb-tps")
    found = states(store, "gb-tps", [441632960100 + n for n in (1, 2, 3)], "2026-08-01")
    assert found == ["listed", "clear", "listed"]


def test_part_of_a_number_that_is_left_over(store, write_file):
    """The last digits of a second number are no number, and whoever has it objected too: the row is unread."""
    path = write_file("own.csv", "number,reason\n06 39 98 00 01/02,x\n06 39 98 00 03 / 06 39 98 00 04,x\n")
    said = stopped(store, path, registry="own")
    assert said.startswith("own.csv:2: a number cannot be read")
    one = store.load(path, registry="own", as_of=AS_OF, accept={"unread": "a test"})
    assert (one.listed, one.unread) == (1, 1)


def test_bare_numbers_need_a_meaning(store, write_file):
    """A loader of one's own for a complete list of bare numbers would else count every one as not listed."""
    text = """
from dnc.registries import Loader, bare_numbers, line_batches

def read(extract):
    for member in extract.members:
        for batch in line_batches(member):
            yield bare_numbers(batch.rename({"text": "number"}), extract, r"^0\\d+$", "41", r"^0(\\d{9})$"LISTED)

LOADER = Loader("ch-mine", "CH", lambda extract: False, read, covers=("41",))
"""
    path = write_file("a.txt", "0445550101\n")
    said = stopped(store, path, loader=write_file("mine.py", text.replace("LISTED", "")))
    assert said.startswith(
        "a.txt: use --means to say whether these numbers are listed or callable; or write it in plain"
    )
    one = store.load(path, as_of=AS_OF, loader=write_file("mine.py", text.replace("LISTED", ", listed=True")))
    assert (one.listed, one.clear) == (1, 0)


def test_words_of_plain_form(store, write_file):
    """Yes and no are known in the languages of the countries that ship; any other word is listed."""
    noes = ["non", "N", "faux", "0.0", "Nein", "nej", "nee"]
    words = ["oui", "Y", "vrai", "1.0", "sì", "sí", "ja", "listed?", "clear!", "-", "f", "nie", *noes]
    rows = "".join(f"01632 9601{at:02},{word}\n" for at, word in enumerate(words))
    one = store.load(write_file("a.csv", f"number,Listed\n{rows}"), as_of=AS_OF, **PLAIN)
    listed = pl.read_parquet(store.path / "snapshots" / one.file).sort("number")["listed"]
    assert dict(zip(words, listed, strict=True)) == {word: word not in noes for word in words}


def test_two_columns_of_one_name_refuse_plain_form(store, write_file):
    """Which of them counts is not ours to say."""
    told = stopped(store, write_file("a.csv", "number,listed,Listed\n01632 960101,no,yes\n"), **PLAIN)
    assert told == "a.csv:1: several columns are called listed; keep only the one that counts"


# Lists that shrank


def tps(count: int, first: int = 0) -> str:
    """A British list in plain form, of numbers reserved for fiction."""
    areas = ("0113", "0114", "0115", "0116", "0117")
    numbers = (f"{areas[place // 1000]}496{place % 1000:04}" for place in range(first, first + count))
    return "number,listed\n" + "".join(f"{number},yes\n" for number in numbers)


def flat(code: int, count: int) -> str:
    """A list of one area code."""
    return "".join(f"{code},555{place:04}\n" for place in range(count))


def test_a_complete_list_that_shrank_is_refused(store, write_file):
    """One row in place of five thousand would clear the others; with a reason it is taken, and that is said."""
    store.load(write_file("tps.csv", tps(5000)), as_of=date(2026, 7, 1), **PLAIN)
    short, what = write_file("short.csv", tps(1)), "5,000 numbers on 2026-07-01 (snapshot 1), 1 now, 4,999 gone"
    assert stopped(store, short, **PLAIN) == (
        f"short.csv: the list shrank by more than a tenth: {what}. "
        "Check that the file is complete; if it is, load with --accept shrunk=REASON"
    )
    one = store.load(short, as_of=AS_OF, accept={"shrunk": "the register was halved"}, **PLAIN)
    assert [tuple(each) for each in one.accepted] == [("shrunk", 4999, "the register was halved")]
    assert one.notes == (f"the list shrank: {what}",)
    assert json.loads(store.log()["detail"][-1])["accepted"] == [
        {"what": "shrunk", "rows": 4999, "reason": "the register was halved"}
    ]
    assert store.snapshots()[1].accepted == one.accepted


@pytest.mark.parametrize(
    ("first", "kept", "refused"), some([(0, 90, False), (0, 89, True), (11, 100, False), (50, 89, True)], 2)
)
def test_a_tenth_may_go(store, write_file, first, kept, refused):
    """What counts is how many numbers there are."""
    store.load(write_file("tps.csv", tps(100)), as_of=date(2026, 7, 1), **PLAIN)
    path = write_file("next.csv", tps(kept, first))
    if refused:
        assert f"100 numbers on 2026-07-01 (snapshot 1), {kept} now," in stopped(store, path, **PLAIN)
    else:
        assert store.load(path, as_of=AS_OF, **PLAIN).accepted == ()


def test_a_number_whose_state_is_no_longer_known_is_not_gone(store, write_file):
    """It is not clear by the new list, as one that is gone would be."""
    store.load(write_file("tps.csv", tps(100)), as_of=date(2026, 7, 1), **PLAIN)
    path = write_file("next.csv", tps(100).replace("yes", "unknown", 50))
    assert store.load(path, as_of=AS_OF, **PLAIN).accepted == ()


@pytest.mark.parametrize(("before", "first", "refused"), [(1000, 500, False), (1000, 501, True), (999, 999, False)])
def test_a_list_of_other_numbers_is_not_the_next_one(store, write_file, before, first, refused):
    """A file of another registry may be longer than the list and clear most of it; only short lists change that much."""
    store.load(write_file("tps.csv", tps(before)), as_of=date(2026, 7, 1), **PLAIN)
    path = write_file("other.csv", tps(1500, first))
    if refused:
        told = "lost more than half of its numbers: 1,000 numbers on 2026-07-01 (snapshot 1), 1,500 now, 501 gone."
        assert told in stopped(store, path, **PLAIN)
        store.load(path, as_of=AS_OF, accept={"shrunk": "all numbers were changed"}, **PLAIN)
    else:
        assert store.load(path, as_of=AS_OF, **PLAIN).accepted == ()


def test_a_list_of_the_same_day_clears_nobody(store, write_file):
    """Beside a longer list of its own day a short one takes nothing away, so it is not compared with that."""
    store.load(write_file("tps.csv", tps(100)), as_of=AS_OF, **PLAIN)
    store.load(write_file("short.csv", tps(1)), as_of=AS_OF, **PLAIN)
    assert said(store, "gb-tps", 441134960099, "2026-09-01")[0] == "listed"


def test_a_long_list_is_looked_at_in_part_first(store, write_file, monkeypatch):
    """What is decided of a part of its numbers is decided alike, and what is said is counted over all."""
    monkeypatch.setattr("dnc.store.load._SAMPLE_SIZE", 500)
    store.load(write_file("tps.csv", tps(5000)), as_of=date(2026, 7, 1), **PLAIN)
    assert "5,000 numbers on 2026-07-01 (snapshot 1), 4,000 now, 1,000 gone." in stopped(
        store, write_file("a.csv", tps(4000)), **PLAIN
    )
    assert store.load(write_file("b.csv", tps(4990)), as_of=AS_OF, **PLAIN).accepted == ()


def test_each_area_code_is_compared_with_its_own_list(store, write_file):
    """One file a code, or all in one: what both are complete for is compared, and nothing else."""
    words = {"as_of": date(2026, 7, 1)}
    store.load_all([write_file(f"us_{code}_.txt", flat(code, 100)) for code in (212, 310)], **words)
    store.load(write_file("us_818_.txt", flat(818, 10)), as_of=date(2026, 7, 20))
    assert store.load(write_file("us_818_a.txt", flat(818, 9)), as_of=date(2026, 7, 21)).listed == 9
    told = stopped(store, write_file("us_212_a.txt", flat(212, 50)))
    assert "100 numbers on 2026-07-01 (snapshot 1), 50 now, 50 gone." in told
    told = stopped(store, write_file("all.txt", flat(212, 100) + flat(310, 20) + flat(818, 10)))
    assert "200 numbers on 2026-07-01 (snapshot 1, 2), 120 now, 80 gone." in told
    one = store.load(write_file("all.txt", flat(212, 95) + flat(310, 95) + flat(702, 1)), as_of=date(2026, 7, 30))
    assert one.covers == ("1212", "1310", "1702")
    told = stopped(store, write_file("us_310_b.txt", flat(310, 55)))
    assert "95 numbers on 2026-07-30 (snapshot 5), 55 now, 40 gone." in told


def test_files_of_one_load_are_compared_together(store, write_file):
    """A list in two files is what both hold."""
    files = [write_file(f"{name}.csv", tps(100, first)) for name, first in (("a", 0), ("b", 100))]
    for day in (1, 20):
        store.load_all(files, as_of=date(2026, 7, day), accept={"unchanged": "a quiet month"}, **PLAIN)
    told = stopped(store, write_file("c.csv", tps(100)), **PLAIN)
    assert "200 numbers on 2026-07-20 (snapshot 3, 4), 100 now, 100 gone." in told


def test_a_list_is_compared_with_the_one_before_it(store, write_file):
    """Not with a later one, nor with one whose file is damaged; the first has nothing to be compared with."""
    store.load(write_file("july.csv", tps(100)), as_of=date(2026, 7, 1), **PLAIN)
    store.load(write_file("august.csv", tps(1000)), as_of=date(2026, 8, 1), **PLAIN)
    store.load(write_file("june.csv", tps(1)), as_of=date(2026, 6, 1), **PLAIN)
    store.load(write_file("later.csv", tps(95)), as_of=date(2026, 7, 20), **PLAIN)
    path, late = store.path / "snapshots" / store.snapshots()[1].file, write_file("late.csv", tps(50))
    assert "95 numbers on 2026-07-20 (snapshot 4), 50 now" in stopped(store, late, as_of=date(2026, 7, 31), **PLAIN)
    assert "1,000 numbers on 2026-08-01 (snapshot 2), 50 now" in stopped(store, late, as_of=date(2026, 8, 2), **PLAIN)
    path.write_bytes(path.read_bytes()[:-1])
    assert "95 numbers on 2026-07-20 (snapshot 4), 50 now" in stopped(store, late, as_of=date(2026, 8, 2), **PLAIN)


def test_what_is_no_full_blocklist_loses_nothing(store, write_file):
    """Of a directory whose absence is like a star only stars that went; of an answer, and of the own list, nothing."""
    swiss = "number;star\n" + "".join(f"044 555 {place:04};*\n" for place in range(20))
    store.load(write_file("d.csv", swiss), as_of=date(2026, 7, 1), covers=["41"])
    store.load(write_file("part.csv", swiss[:42]), as_of=date(2026, 7, 2), covers=["41"])
    store.load(write_file("d2.csv", swiss + "\n"), as_of=date(2026, 7, 3), covers=["41"])
    bare = write_file("bare.csv", swiss.replace("*", "no").replace("no", "*", 1))
    assert "20 numbers on 2026-07-03 (snapshot 3), 1 now, 19 gone." in stopped(store, bare, covers=["41"])
    answer = "Telephone;Réponse\n" + "".join(f"01990000{place:02};x\n" for place in range(20))
    for day, text in ((1, answer), (2, answer[:57])):
        store.load(write_file("a.csv", text), as_of=date(2026, 7, day))
        one = store.load(write_file("own.csv", OWN if day == 2 else OWN + "+33199000002,,\n"), as_of=date(2026, 7, day))
    assert "earlier numbers that are not in it, and stay until they are lifted: 1" in one.notes


# The same bytes again

ANSWER = "Telephone;Identifiant;Réponse\n0199000001;a;OK\n0199000002;b;inscrit\n"


def test_a_second_screening_with_the_same_answers_leaves_the_first(dnc, store, write_file):
    """A call that was blocked stays blocked, the answer of then is told, and the check is decided again alike."""
    write_file("answer.csv", ANSWER)
    calls = write_file("calls.csv", "number,call_at\n0199000002,2026-06-22T10:30\n")
    facts = ("caller=commercial", "recipient=consumer", "relationship=none", "voice=human", "sector=general")
    told = ["--region", "FR", *(word for fact in facts for word in ("--set", fact))]
    assert dnc("load", "answer.csv", "--as-of", "2026-06-20")[0] == 0
    assert dnc("check", calls, *told)[0] == 1
    accepted = ("--accept", "unchanged=screened again, the same answers")
    code, _, err = dnc("load", "answer.csv", "--as-of", "2026-07-20", *accepted)
    assert (code, "this file is also loaded as snapshot 1, as of 2026-06-20" in err) == (0, True)
    assert dnc("load", "answer.csv", "--as-of", "2026-07-20", "--campaign", "autumn", *accepted)[0] == 0
    assert [one.as_of.month for one in store.snapshots()] == [6, 7, 7]
    assert dnc("check", calls, *told)[0] == 1
    assert "Bloctel: listed, as of 2026-06-20" in dnc("person", "+33199000002", "--on", "2026-06-22")[1]
    assert dnc("replay", 2)[0] == 0
    assert ", rows: 6\n" in dnc("status")[1]


def test_the_same_file_is_no_newer_on_a_later_day(dnc, store, write_file):
    """An old file would pass for a new one; the same day, an earlier one and a reason are fine."""
    write_file("tps.csv", tps(3))
    load = ("load", "tps.csv", "--registry", "gb-tps", "--covers", "44", "--as-of")
    assert [dnc(*load, day)[0] for day in ("2026-07-20", "2026-07-20", "2026-07-10")] == [0, 0, 0]
    code, _, err = dnc(*load, "2026-08-01")
    assert (code, err.count("\n")) == (4, 1)
    assert "loaded as of 2026-07-20 (snapshot 1): as of 2026-08-01 an old file would pass for a new one" in err
    assert "--accept unchanged=REASON" in err
    assert dnc(*load, "2026-08-01", "--campaign", "c7")[0] == 4
    assert len(store.snapshots()) == 2
    assert dnc(*load, "2026-08-01", "--accept", "unchanged=the registry says so")[0] == 0
    assert [tuple(one) for one in store.snapshots()[-1].accepted] == [("unchanged", 2, "the registry says so")]
    code, _, err = dnc(*load, "2026-08-02", "--accept", "same=x")
    assert (code, "unchanged, shrunk, unread" in err) == (2, True)


def test_an_own_list_is_no_newer_on_a_later_day(store, write_file):
    """It is refused as a file of a registry is, also where its hash was erased; a reason is kept with it."""
    path = write_file("own.csv", "number,listed\n+33199000001,yes\n+33199000002,no\n")
    for day in (date(2026, 7, 1), date(2026, 7, 1), date(2026, 6, 1)):
        store.load(path, as_of=day, registry="own")
    assert "the same file was loaded as of 2026-07-01" in stopped(store, path, registry="own")
    store.forget_numbers(["+33199000002"])
    assert "the same file was loaded as of 2026-07-01" in stopped(store, path, registry="own")
    one = store.load(path, as_of=AS_OF, registry="own", accept={"unchanged": "nothing new"})
    assert [tuple(told) for told in one.accepted] == [("unchanged", 2, "nothing new")]
    assert store.standing().objections.files[-1].accepted == one.accepted


def test_a_file_that_was_loaded_twice_goes_with_each_of_its_snapshots(store, write_file, tmp_path):
    """Forgetting one leaves the other whole; forgetting a number takes it out of both."""
    path = write_file("answer.csv", ANSWER)
    for day in (1, 20):
        store.load(path, as_of=date(2026, 7, day), accept={"unchanged": "asked again"})
    assert store.forget_numbers(["+33199000001"]).listings == 2
    assert [said(store, "fr-bloctel", 33199000001, f"2026-07-{day}")[0] for day in ("02", "21")] == ["uncovered"] * 2
    backup(store.journal, tmp_path / "copy")
    assert said(Store(tmp_path / "copy"), "fr-bloctel", 33199000002, "2026-07-02")[0] == "listed"
    store.forget(date(2026, 7, 10))
    assert said(store, "fr-bloctel", 33199000002, "2026-07-21")[0] == "listed"
    assert not verify(store.journal).faults
    store.forget(date(2026, 8, 10))
    assert not list((store.path / "snapshots").iterdir())


def test_a_wrong_day_is_corrected_by_name(store, write_file):
    """The snapshot that is named goes, whatever its day and campaign; the log says so, and no other goes."""
    path = write_file("answer.csv", ANSWER)
    store.load(path, as_of=date(2026, 6, 2), campaign="spring")
    store.load(path, as_of=date(2026, 7, 20), accept={"unchanged": "asked again"})
    one = store.load(path, as_of=date(2026, 6, 20), corrects=1)
    assert [each.as_of.isoformat() for each in store.snapshots()] == ["2026-07-20", "2026-06-20"]
    assert one.notes[0].startswith(
        "snapshot 1, as of 2026-06-02, is replaced by this one because of --corrects; a check"
    )
    detail = json.loads(store.log()["detail"][-1])
    assert (detail["replaces"], detail["corrects"]) == ([1], 1)
    again = store.load(path, as_of=date(2026, 6, 20), corrects=3)
    assert (again.id, again.new) == (3, False)
    last = store.load(path, as_of=date(2026, 6, 20), corrects=2)
    assert [each.id for each in store.snapshots()] == [last.id]


@pytest.mark.parametrize(
    ("name", "corrects", "message"),
    [
        ("answer.csv", 9, "answer.csv: there is no snapshot 9; dnc status --files lists them"),
        ("other.csv", 1, "other.csv: snapshot 1 was loaded from another file; --corrects takes the same file"),
        ("own.csv", 2, "own.csv: entries of the own list are lifted (dnc record objection --lift), not corrected"),
    ],
)
def test_what_corrects_nothing_is_refused(store, write_file, name, corrects, message):
    """Another file, another registry or the own list: the store stays as it was."""
    texts = {"answer.csv": ANSWER, "own.csv": OWN, "other.csv": ANSWER + "0199000003;c;OK\n"}
    paths = {each: write_file(each, text) for each, text in texts.items()}
    store.load(paths["answer.csv"], as_of=date(2026, 6, 1))
    store.load(paths["own.csv"], as_of=date(2026, 6, 1))
    assert stopped(store, paths[name], corrects=corrects) == message
    with pytest.raises(OptionError, match="--corrects takes one file"):
        store.load_all(list(paths.values()), as_of=AS_OF, corrects=1)


def test_bytes_that_are_read_otherwise_now_are_taken_again(store, write_file):
    """A list that an earlier version read otherwise does not stand in the way of what this one reads."""
    path = write_file("answer.csv", ANSWER)
    store.load(path, as_of=AS_OF)
    with store.journal.change() as change:
        change.put("snapshots", 1, change.state.values("snapshots")["1"] | {"listed": 0, "clear": 2})
        change.log("note", {})
    one = store.load(path, as_of=AS_OF)
    assert (one.new, one.id, one.notes[0]) == (
        True, 2, "this file was already loaded with different options as snapshot 1; replaced by this one",
    )  # fmt: skip


def test_an_own_list_is_of_no_campaign(dnc, write_file):
    """An objection counts for every campaign, so `--campaign` is refused, and nothing is loaded."""
    own = write_file("own.csv", "number,objected_on\n+33199000001,2026-06-01\n")
    code, _, err = dnc("load", own, "--registry", "own", "--as-of", "2026-06-02", "--campaign", "spring")
    assert code == 2 and "load the own list without --campaign" in err
    code, _, err = dnc(
        "load", own, "--registry", "own", "--as-of", "2026-06-02", "--campaign", "spring", "--lang", "fr"
    )
    assert code == 2 and "sans --campaign" in err
    assert dnc("load", own, "--registry", "own", "--as-of", "2026-06-02")[0] == 0
