"""What the store says to a person, or an inspector, about consents, calls and customers."""

from __future__ import annotations

import json
from datetime import date
from html import unescape

import pytest

from dnc import Rulebook
from dnc.lists import own_records
from dnc.lists.own_answer import own_answer
from dnc.lists.own_records import RecordReading
from dnc.store import wordings

NUMBER = "+33199000001"


@pytest.fixture
def held(store, write_file):
    """A store with a consent, its wording, a call that it was passed on for, and a withdrawal."""
    book = Rulebook.load()
    wordings.add(store.journal, "form-7", "Yes, X may call me\nabout windows.")
    told = {"number": NUMBER, "consent": "named_caller", "consent_on": "2026-08-05T10:12+02:00", "consent_for": "both"}
    own_records.record(store, "consents", [told | {"wording": "form-7", "proof": "page 12", "channel": "web"}], book)
    own_records.record(store, "calls", [{"number": NUMBER, "at": "2026-11-03T10:00", "result": "busy"}], book)
    own_records.export(store, "consents", "Partner GmbH")
    path = write_file("k.csv", f"number,relationship,person\n{NUMBER},buyer,P7\n+33199000002,member,\n")
    own_records.load(store, "customers", [path], book, RecordReading(as_of=date(2026, 11, 1)))
    own_records.record(store, "consents", [{"number": NUMBER, "consent_withdrawn_on": "2026-11-20"}], book)
    return store


def test_an_answer_has_every_row_and_its_wording(dnc, held):
    """The day, the hour, the channel, the proof, the wording, to whom it was passed on; and which statement counts."""
    own = json.loads(dnc("person", NUMBER, "--json")[1])["own"]
    given, withdrawn = own["consents"]
    assert (given["statement"], given["counts"], withdrawn["counts"]) == ("consents:1", False, True)
    assert {"consent_on", "wording", "proof", "channel", "recorded_at"} <= given.keys() and "person" not in given
    assert given["consent_on"] == "2026-08-05T08:12:00+00:00"
    assert [row["person"] for row in own["customers"]] == ["P7"] and [row["result"] for row in own["calls"]] == ["busy"]
    assert [row["text"] for row in own["wordings"]] == ["Yes, X may call me\nabout windows."]
    assert [row["to"] for row in own["passed_on"]] == ["Partner GmbH"]
    other = json.loads(dnc("person", "+33199000003", "--json")[1])["own"]
    assert not any(other.values())


@pytest.mark.parametrize(
    ("lang", "says"),
    [
        (
            "en",
            [
                "Your consents",
                "page 12",
                "about windows.",
                "Partner GmbH",
                "busy",
                "P7",
                "in force",
                "until 2029-11-03",
            ],
        ),
        (
            "fr",
            [
                "Vos consentements",
                "page 12",
                "about windows.",
                "Partner GmbH",
                "occupé",
                "P7",
                "en vigueur",
                "jusqu'au 03/11/2029",
            ],
        ),
    ],
)
def test_the_letter_is_the_copy_for_the_person(dnc, held, tmp_path, lang, says):
    """In both languages; on the terminal the same rows are named as in verdicts."""
    assert dnc("person", NUMBER, "--out", tmp_path / "letter.html", "--lang", lang)[0] == 0
    letter = unescape((tmp_path / "letter.html").read_text(encoding="utf-8"))
    assert [word for word in says if word not in letter] == [] and "consents:1" not in letter
    assert " 10:12 (Europe/Paris)" in letter and "UTC" not in letter
    code, text, _ = dnc("person", NUMBER, "--lang", lang)
    assert ("by consents:1" if lang == "en" else "d'après consents:1") in text
    assert code == 0 and " 10:12 (Europe/Paris)" in text and "consents:1" in text and says[1] in text


def test_an_hour_that_nobody_told_is_not_in_the_letter(dnc, write_file, tmp_path):
    """Of calls recorded by their day alone the letter, the terminal and programs have the day."""
    calls = write_file("calls.csv", f"number,at,result\n{NUMBER},2026-11-11,busy\n{NUMBER},2026-11-11,busy\n")
    assert dnc("load", calls, "--registry", "calls")[0] == 0
    assert dnc("person", NUMBER, "--out", tmp_path / "letter.html")[0] == 0
    for text in (unescape((tmp_path / "letter.html").read_text(encoding="utf-8")), dnc("person", NUMBER)[1]):
        assert text.count("2026-11-11") == 2 and "23:59" not in text
    assert [row["at"] for row in json.loads(dnc("person", NUMBER, "--json")[1])["own"]["calls"]] == ["2026-11-11"] * 2


def test_a_consent_that_was_withdrawn_is_not_called_one_in_force(dnc):
    """One row may tell both; what is in force then is the withdrawal."""
    assert dnc("record", "consent", NUMBER, "--on", "2026-08-05T10:12+02:00", "--withdrawn-on", "2026-09-01")[0] == 0
    text = dnc("person", NUMBER)[1]
    assert "(withdrawal in force)" in text and "(in force)" not in text


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("+33199000001", ["2026-11-05 09:12 (Europe/Paris)", "2026-11-05 09:13 (Europe/Paris)"]),
        ("+12125550101", ["2026-11-05 03:12 (America/New_York)", "2026-11-05 03:13 (America/New_York)"]),
        ("+18005550101", ["2026-11-05 08:12 UTC;", "2026-11-05 10:13 UTC+02:00"]),
    ],
)
def test_hours_are_on_the_clock_of_the_person(dnc, number, shown):
    """With the name of its zone; where that is not known, as they are kept."""
    told = ("--on", "2026-11-05T10:12+02:00", "--set", "received_at=2026-11-05T10:13+02:00")
    assert dnc("record", "consent", number, *told)[0] == 0
    for text in (dnc("person", number)[1], dnc("explain", number, "--set", "caller=commercial")[1]):
        assert [hour for hour in shown if hour not in text] == []


def test_what_was_recorded_later_is_left_out(dnc, held):
    """On a day before the first record there was nothing."""
    own = json.loads(dnc("person", NUMBER, "--json", "--on", "2020-01-01")[1])["own"]
    assert not any(own.values())


def test_an_explanation_shows_which_record_told_what(dnc, held):
    """Below the verdict, every row about the number."""
    text = dnc("explain", NUMBER, "--at", "2026-11-25", "--set", "caller=commercial")[1]
    assert "consents:1, " in text and "consents:2, " in text and "calls:1, " in text
    assert "page 12" in text and "form-7" in text
    assert "(withdrawal in force)" in text and "(in force)" not in text
    before = dnc("explain", NUMBER, "--at", "2026-11-10", "--set", "caller=commercial")[1]
    assert "(in force)" in before and "(withdrawal in force)" not in before
    assert "consents:1, recorded on " in text and "customers:1, from k.csv, loaded on " in text


def test_a_decision_that_was_kept_names_the_consent_that_it_rests_on(dnc, write_file, tmp_path):
    """From the question why somebody was called to the proof."""
    assert dnc("record", "consent", NUMBER, "--on", "2026-08-05", "--for", "live", "--set", "proof=page 12")[0] == 0
    calls = write_file("calls.csv", f"number\n{NUMBER}\n")
    dnc("check", calls, "--at", "2026-09-21", "--set", "caller=commercial", "--keep", "--out", tmp_path / "v.csv")
    assert (
        "by consents:1" in dnc("person", NUMBER)[1] and "d'après consents:1" in dnc("person", NUMBER, "--lang", "fr")[1]
    )


@pytest.mark.parametrize(("at", "rests"), [("2026-10-25T01:00", False), ("2026-10-25T01:30", True)])
def test_a_call_in_the_night_of_a_clock_change_is_compared_by_its_minute(store, at, rests):
    """The clock goes back two hours later, so that noon of this day has another offset."""
    consent = {"consent": "named_caller", "consent_on": "2026-10-25T01:20+02:00", "consent_for": "both"}
    for kind, row in (("consents", consent), ("calls", {"at": at, "result": "busy"})):
        own_records.record(store, kind, [{"number": NUMBER, **row}], Rulebook.load())
    [told] = own_answer(store, int(NUMBER.removeprefix("+")), date.max)["calls"]
    assert ("rests_on" in told) == rests


@pytest.mark.parametrize("against", [{"consent_withdrawn_on": "2026-08-01"}, {"consent_withdrawn_on": "yes"}])
@pytest.mark.parametrize("given", ["2026-08-01", "2026-08-01T10:00+02:00"])
@pytest.mark.parametrize("order", [1, -1])
def test_no_call_rests_on_a_consent_that_was_withdrawn(store, against, given, order):
    """On the day of the consent, or on no known day; whichever of them was recorded first."""
    book, consent = Rulebook.load(), {"consent": "named_caller", "consent_on": given, "consent_for": "both"}
    call = {"at": "2026-08-20T10:00", "result": "busy"}
    for kind, row in [("consents", consent), ("consents", against), ("calls", call)][::order]:
        own_records.record(store, kind, [{"number": NUMBER, **row}], book)
    [told] = own_answer(store, int(NUMBER.removeprefix("+")), date.max)["calls"]
    assert "rests_on" not in told


@pytest.mark.parametrize("consents_first", [True, False])
def test_a_call_rests_on_the_consent_that_was_given_before_it(store, write_file, dnc, consents_first):
    """On the clock of the person, to the minute, and whichever of the two was loaded first."""
    given = ("2026-11-03T10:00+01:00", "2026-11-02", "2020-02-29", "2026-11-03T10:00-05:00")
    numbers = (NUMBER, "+33199000002", "+493023125001", "+12125550101")
    consents = "".join(f"{number},written,{day}\n" for number, day in zip(numbers, given, strict=True))
    calls = "".join(
        f"{number},{day},busy,{day}\n"
        for number in numbers
        for day in ("2021-06-01T09:00", "2026-11-03T09:59", "2026-11-03T10:00", "2026-11-04T08:00")
    )
    files = [("consents", f"number,consent,consent_on\n{consents}"), ("calls", f"number,at,result,call_id\n{calls}")]
    for kind, text in files if consents_first else files[::-1]:
        own_records.load(store, kind, [write_file(f"{kind}.csv", text)], Rulebook.load())
    own = [json.loads(dnc("person", number, "--json")[1])["own"] for number in numbers]
    rests = [[call["call_id"][5:] for call in one["calls"] if "rests_on" in call] for one in own]
    moments = ["11-03T10:00"] if consents_first else []  # of a later load only the days are sure
    assert rests == [
        [*moments, "11-04T08:00"],
        ["11-03T09:59", "11-03T10:00", "11-04T08:00"],
        ["06-01T09:00", "11-03T09:59", "11-03T10:00", "11-04T08:00"],
        [*moments, "11-04T08:00"],
    ]
    assert "2031-11-04" in dnc("forget", "+493023125001")[2]  # five years from the last use
