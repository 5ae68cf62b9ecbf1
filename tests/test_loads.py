"""What a load takes in and what stops it: rows that are not understood, lists that shrank, files that come again."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from dnc import InputError, Store, check
from dnc.errors import OptionError
from dnc.page import html
from tests.test_store import said

AS_OF = date(2026, 8, 1)
ACCEPTED = {"accept_unread": 1, "reason": "the shop's own typing error"}
PLAIN = {"registry": "gb-tps", "covers": ["44"]}
OWN = "number,since,reason\n+33199000001,2026-01-01,x\n"


def stopped(store: Store, path: Path, **words: object) -> str:
    """What a load says that must be stopped, without the folder; the store stays as it was."""
    before = store.path.exists() and store.snapshots()
    with pytest.raises(InputError) as error:
        store.load(path, **{"as_of": AS_OF, **words})
    assert (store.path.exists() and store.snapshots()) == before
    return str(error.value).replace(f"{path.parent}/", "")


# Rows whose number can be read


@pytest.mark.parametrize(
    ("text", "number", "words"),
    [
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
    ],
)
def test_a_row_whose_number_is_read_counts_against_the_call(store, write_file, text, number, words):
    """Whatever else of it is not understood: the number is listed, and the row is named."""
    one = store.load(write_file("list.csv", text), as_of=AS_OF, **words)
    assert (one.listed, one.clear, one.unread) == (1, 0, 0)
    assert said(store, one.registry, number, "2026-08-01")[0] == "listed"
    assert any(note.startswith("line 2 counts as listed: ") for note in one.notes)
    assert json.loads(store.log()["detail"][0])["odd"] == 1


def test_days_of_a_row_that_shifted_end_nothing(store, write_file):
    """Its cells may be those of other columns, so no day of it is believed."""
    path = write_file("own.csv", "number,since,until,reason\n+33199000001,2020-01-01,2020-02-01,a,b\n")
    one = store.load(path, as_of=AS_OF)
    assert pl.read_parquet(store.path / "snapshots" / one.file).row(0) == (33199000001, True, None, None)


def test_many_rows_that_are_not_understood_refuse_an_answer(store, write_file):
    """More than one in a hundred: then it may be another file; the own list takes each of them."""
    rows = "".join(f"0163296{place:04},{'yes' if place > 1 else 'maybe'}\n" for place in range(120))
    told = stopped(store, write_file("a.csv", f"number,listed\n{rows}"), registry="gb-tps")
    assert told.startswith("a.csv:2: 2 of 120 rows are not understood (the first: listed is no word of plain form)")
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
    assert told.endswith("Put them right, or load with --accept-unread 1 --reason TEXT")
    assert "Smith" not in told
    assert "Dupont" not in told
    one = store.load(path, as_of=AS_OF, **words, **ACCEPTED)
    assert [tuple(told) for told in one.accepted] == [("unread", 1, ACCEPTED["reason"])]
    assert store.snapshots()[0].accepted == one.accepted
    detail = json.loads(store.log()["detail"][0])
    assert detail["accepted"] == [{"what": "unread", "rows": 1, "reason": ACCEPTED["reason"]}]


def test_no_more_rows_are_accepted_than_were_told(store, write_file):
    """The count is a bound, of all files of a load together; the message says what was found."""
    one, two = (write_file(f"{name}.csv", OWN + "x,,\n" * 2) for name in "ab")
    told = stopped(store, one, **ACCEPTED)
    assert "Rows like this: 2 (lines 3, 4); 1 were accepted. " in told
    words = {"as_of": AS_OF, "reason": "they are old"}
    with pytest.raises(InputError, match=r"a\.csv:3: .*Rows like this: 4 \(lines 3, 4 and in 1 more files\); 3 were"):
        store.load_all([one, two], accept_unread=3, **words)
    assert not store.exists
    assert [one.unread for one in store.load_all([one, two], accept_unread=9, **words)] == [2, 2]


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


@pytest.mark.parametrize(
    "words",
    [{"accept_unread": 1}, {"reason": "x"}, {"accept_unread": 1, "reason": " "}, {"accept_unread": -1, "reason": "x"}],
)
def test_a_count_and_a_reason_go_together(store, write_file, words):
    """One without the other is wrong usage."""
    with pytest.raises(OptionError, match="--accept-unread, a number of rows, and --reason go together"):
        store.load(write_file("own.csv", OWN), as_of=AS_OF, **words)


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("en", "Snapshot 1 (own as of 2026-08-01): 1 rows that cannot be read are left out, and who stands there"),
        ("fr", "Extrait 1 (own en date du 2026-08-01) : 1 lignes illisibles sont laissées de côté, et qui y figure"),
    ],
)
def test_a_check_says_what_was_accepted(dnc, store, write_file, language, line):
    """The summary, the page and the spreadsheet name the snapshot, the rows and the reason; so does dnc snapshots."""
    write_file("own.csv", OWN + "x,,\n")
    load = ["load", "own.csv", "--as-of", "2026-08-01", "--accept-unread", 1, "--reason", ACCEPTED["reason"]]
    assert dnc(*load[:4])[0] == 4
    assert dnc(*load)[0] == 0
    calls, out = write_file("calls.csv", "number\n0199000009\n"), ["--out", "v.xlsx", "--out", "v.html"]
    _, _, err = dnc("check", calls, "--region", "FR", "--at", "2026-08-02", "--lang", language, *out)
    assert line in err
    assert ACCEPTED["reason"] in err
    assert line in Path("v.html").read_text(encoding="utf-8")
    told = pl.read_excel("v.xlsx", sheet_name={"en": "summary", "fr": "résumé"}[language])["value"]
    assert told.str.starts_with(line).any()
    assert dnc("snapshots")[1].splitlines()[1].endswith(f",1 unread: {ACCEPTED['reason']}")


def test_what_was_accepted_goes_with_its_snapshot(store, write_file):
    """A snapshot that is forgotten leaves nothing of it; one that stays keeps it."""
    text = "number,listed\n01632 960101,yes\nMiss Smith,yes\n"
    for day in (1, 2):
        store.load(write_file(f"{day}.csv", text + "\n" * day), as_of=date(2026, 8, day), **PLAIN, **ACCEPTED)
    store.forget(date(2026, 8, 2))
    with store.ledger.read() as opened:
        assert opened.con.execute("select snapshot from accepted").fetchall() == [(2,)]
    result = check(write_file("c.csv", "number\n01632960101\n"), store, region="GB", at="2026-08-03")
    assert "Miss" not in html(result)
    assert ACCEPTED["reason"].replace("'", "&#39;") in html(result)


# What a file is complete for


@pytest.mark.parametrize(
    ("text", "words", "message"),
    [
        ("Telephone;Réponse\n0199000001;OK\n", {"covers": ["33"]}, "an answer to a question is complete for nothing"),
        (
            "number,date_asked,answer\n6145550117,2023-05-02,no\n",
            {"covers": ["1"]},
            "an answer to a question is complete for nothing",
        ),
        (OWN, {"covers": ["33"]}, "own is complete for every number; leave --covers out"),
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
    assert "1 rows of asked.csv cannot be read; nothing is known of them" in one.notes


def test_the_country_of_a_row_is_heard_in_plain_form(store, write_file):
    """A national number of the own list is read in the plan of its row, whichever form the list has."""
    text = "number,listed,country\n020 7946 0123,yes,GB\n+33199000001,yes,UK\n"
    one = store.load(write_file("own.csv", text), as_of=AS_OF, registry="own")
    assert [said(store, "own", number, "2026-08-01")[0] for number in (442079460123, 33199000001)] == ["listed"] * 2
    assert "line 3 counts as listed: country is no ISO 3166-1 code" in one.notes


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
    found = [said(store, "gb-tps", 441632960100 + n, "2026-08-01")[0] for n in (1, 2, 3)]
    assert found == ["listed", "clear", "listed"]


@pytest.mark.parametrize("word", ["oui", "Y", "vrai", "1.0", "listed?", "ja", "non", "N", "faux", "0.0", "clear!", "-"])
def test_words_of_plain_form_that_are_none(store, write_file, word):
    """A word that plain form does not have is listed, whatever it may mean in the language it is of."""
    store.load(write_file("a.csv", f"number,Listed\n01632 960101,{word}\n"), as_of=AS_OF, **PLAIN)
    assert said(store, "gb-tps", 441632960101, "2026-08-01")[0] == "listed"


def test_two_columns_of_one_name_refuse_plain_form(store, write_file):
    """Which of them counts is not ours to say."""
    told = stopped(store, write_file("a.csv", "number,listed,Listed\n01632 960101,no,yes\n"), **PLAIN)
    assert told == "a.csv:1: several columns are called listed; which one counts? keep that one"
