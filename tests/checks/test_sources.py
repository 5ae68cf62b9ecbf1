"""What decided about a call is named: the day, the way and the place it was said, and never another number."""

from __future__ import annotations

import json
import re
from datetime import date
from html import unescape

import pytest

from dnc import Rulebook, Store, check, explain
from dnc.lists import own_records
from tests import SALE
from tests.desk.conftest import serving

ASKED, OTHER = "+33199000001", "+33199000002"
CONSENTS = "number,person,consent,consent_on,consent_for,wording,proof\n{},C1,named_caller,2026-02-01,both,f-7,page 1\n"
FACTS = {"told": "1", "fact-caller": "commercial", "fact-purpose": "sale", "fact-recipient": "consumer"}
GIVEN = {name: cell for name, cell in SALE.items() if name != "objected_on"}


@pytest.fixture
def told(store, write_file, monkeypatch):
    """A store with an own list and a person of two numbers, each with a consent; and a function that records calls."""
    monkeypatch.setenv("DNC_TODAY", "2026-11-25")
    store.load(write_file("own.csv", "number\n+33199000009\n"), as_of=date(2026, 11, 24), registry="own")
    rows = CONSENTS.format(ASKED) + CONSENTS.format(OTHER).partition("\n")[2].replace("page 1", "page 2")
    own_records.load(store, "consents", [write_file("consents.csv", rows)], Rulebook.load())
    return store


def called(store: Store, number: str, result: str, on: str = "2026-03-12") -> None:
    """Record a call that was made."""
    own_records.record(store, "calls", [{"number": number, "at": f"{on}T10:00", "result": result}], Rulebook.load())


def object_by_file(store: Store, write_file, number: str, since: str = "2026-03-12", listed: str = "yes") -> None:
    """Load an own list with an objection."""
    path = write_file("opt-outs.csv", f"number,listed,since\n{number},{listed},{since}\n+33199000009,yes,\n")
    store.load(path, as_of=date(2026, 11, 25), registry="own")


SAID = {
    "recorded": (
        lambda store, write, number: store.object([number], date(2026, 3, 12)),
        "objected on 2026-03-12", "opposition le 12/03/2026",
    ),
    "in a call": (
        lambda store, write, number: called(store, number, "objected"),
        "objected on 2026-03-12 by telephone", "opposition le 12/03/2026 par téléphone",
    ),
    "in a file": (
        object_by_file,
        "objected on 2026-03-12 (opt-outs.csv)", "opposition le 12/03/2026 (opt-outs.csv)",
    ),
    "in a file without days": (
        lambda store, write, number: object_by_file(store, write, number, ""),
        "objected (opt-outs.csv as of 2026-11-25)", "opposition (opt-outs.csv, en date du 25/11/2026)",
    ),
    "in a row that was not understood": (
        lambda store, write, number: object_by_file(store, write, number, "", "unknown"),
        "objected, as far as is known (a row of opt-outs.csv as of 2026-11-25 that was not understood)",
        "opposition, à ce que l'on sait (une ligne non comprise de opt-outs.csv, en date du 25/11/2026)",
    ),
    "a refusal": (
        lambda store, write, number: called(store, number, "refused", "2026-11-12"),
        "refused on 2026-11-12 by telephone", "refus le 12/11/2026 par téléphone",
    ),
    "a withdrawal": (
        lambda store, write, number: own_records.record(
            store, "consents", [{"number": number, "consent_withdrawn_on": "2026-03-12"}], Rulebook.load()
        ),
        "withdrew consent on 2026-03-12", "retrait du consentement le 12/03/2026",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", SAID)
def test_it_is_named_wherever_it_was_said(told, write_file, case):
    """Under the number itself, and under another one of the person; in a check as in one decision."""
    say, *texts = SAID[case]
    say(told, write_file, OTHER)
    path = write_file("calls.csv", f"number\n{ASKED}\n{OTHER}\n")
    under = (", under another number of this person", ", sous un autre numéro de cette personne")
    for language, lead, text, more in zip(
        ("en", "fr"), ("What was said", "Ce qui a été dit\N{NO-BREAK SPACE}"), texts, under, strict=True
    ):
        options = {"given": GIVEN, "at": "2026-11-26T10:30", "language": language}
        result = check(path, told, **options)
        whys = result.verdicts["dnc_why"]
        assert [why.partition(f" {lead}: ")[2] for why in whys] == [f"{text}{more}.", f"{text}."]
        assert OTHER[-6:] not in whys[0] and result.elsewhere == 1
        assert explain(ASKED, told, **options)[0]["dnc_why"] == whys[0]


def test_all_that_was_said_is_named(told, write_file):
    """One after the other, each with its place."""
    called(told, OTHER, "objected")
    called(told, ASKED, "refused", "2026-11-12")
    path = write_file("calls.csv", f"number\n{ASKED}\n")
    for language, says in (
        (
            "en",
            "objected on 2026-03-12 by telephone, under another number of this person; "
            "refused on 2026-11-12 by telephone.",
        ),
        (
            "fr",
            "opposition le 12/03/2026 par téléphone, sous un autre numéro de cette personne\N{NO-BREAK SPACE}; "
            "refus le 12/11/2026 par téléphone.",
        ),
    ):
        result = check(path, told, given=GIVEN, at="2026-11-26T10:30", language=language)
        assert result.verdicts["dnc_why"][0].endswith(says)


def test_the_reason_and_the_number_of_another_person_are_not_shown(told, dnc):
    """A landline may be shared."""
    told.object([OTHER], date(2026, 3, 12), reason="ill, said her son")
    code, text, _ = dnc("person", ASKED, "--store", told.path)
    assert (code, OTHER in text, "ill" in text) == (0, False, False)
    assert "Another number of this person: objected on 2026-03-12. This counts for this number too." in text
    text = dnc("person", ASKED, "--lang", "fr", "--store", told.path)[1]
    assert (
        "Un autre numéro de cette personne\N{NO-BREAK SPACE}: opposition le 12/03/2026. "
        "Cela compte aussi pour ce numéro-ci." in text
    )
    found = json.loads(dnc("person", ASKED, "--json", "--store", told.path)[1])
    assert found["of_other_numbers"] == [{"said": "objection", "on": "2026-03-12", "place": "record"}]
    assert "Another number" not in dnc("person", OTHER, "--store", told.path)[1]


def test_the_letter_says_nothing_of_another_number(told, dnc, tmp_path):
    """It may be somebody else who reads it."""
    told.object([OTHER], date(2026, 3, 12))
    assert dnc("person", ASKED, "--out", tmp_path / "letter.html", "--store", told.path)[0] == 0
    letter = unescape((tmp_path / "letter.html").read_text(encoding="utf-8"))
    assert not [word for word in ("nother number", "2026-03-12", OTHER) if word in letter]


def test_a_person_is_shown_with_what_counts_today(told, dnc):
    """All that stands, of every kind, and not what was lifted, replaced or followed."""
    for day, lift in ((1, False), (5, True), (8, False), (9, False)):
        told.object([ASKED], date(2026, 5, day), lift=lift, reason="asked for it")
    called(told, ASKED, "refused", "2026-11-02")
    called(told, ASKED, "busy", "2026-11-03")
    found = json.loads(dnc("person", ASKED, "--json", "--store", told.path)[1])
    assert [row["counts"] for row in found["objections"]] == [False, False, True, True]
    assert [row["counts"] for row in found["own"]["calls"]] == [True, False]
    assert [row["counts"] for row in found["own"]["consents"]] == [True]
    text = dnc("person", ASKED, "--store", told.path)[1]
    assert re.search(r"2026-05-08 objected: asked for it \(recorded \d{4}-\d\d-\d\d\) \(in force\)", text)


def test_all_consents_that_count_together_are_marked(told, dnc):
    """Of several that stand counts what all say; one that replaces the others counts alone."""
    row = {"number": ASKED, "consent": "partners", "consent_on": "2026-03-01", "consent_for": "live"}
    own_records.record(told, "consents", [row], Rulebook.load())

    def marks() -> list[bool]:
        found = json.loads(dnc("person", ASKED, "--json", "--store", told.path)[1])
        return [row["counts"] for row in found["own"]["consents"]]

    assert marks() == [True, True]
    own_records.record(
        told, "consents", [row | {"consent_on": "2026-04-01", "wording": "f-7", "proof": "page 9"}], Rulebook.load()
    )
    assert marks() == [False, False, True]


ODD = {
    "en": "A row of opt-outs.csv as of 2026-11-25 was not understood; it counts as an objection on an unknown day",
    "fr": (
        "Une ligne de opt-outs.csv, en date du 25/11/2026, n'a pas été comprise\N{NO-BREAK SPACE}; "
        "elle compte comme une opposition à une date inconnue"
    ),
}


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_row_that_was_not_understood_is_told_alike(told, write_file, dnc, tmp_path, language):
    """On the terminal, in the letter and at the desk."""
    object_by_file(told, write_file, ASKED, "", "unknown")
    letter = ("--out", tmp_path / "letter.html")
    dnc("person", ASKED, *letter, "--lang", language, "--store", told.path)
    texts = [
        dnc("person", ASKED, "--lang", language, "--store", told.path)[1],
        unescape((tmp_path / "letter.html").read_text(encoding="utf-8")),
        page_of(told, ASKED, language),
    ]
    assert [ODD[language] in text for text in texts] == [True] * 3
    assert not [
        word for text in texts for word in ("you asked us not", "vous nous avez demandé de ne plus") if word in text
    ]


def page_of(store: Store, number: str, language: str = "en") -> str:
    """The page of a number at the desk."""
    with serving(store) as desk:
        browser = desk.browser()
        browser.post("/language", {"language": language})
        address = browser.post("/number", {"number": number, "day": "2026-11-25"} | FACTS).headers["location"]
        return unescape(browser.client.get(address).text)


def test_the_page_of_a_number_says_where_another_number_decides(told):
    """In the verdict and beside what is known of the number, which is marked as on the terminal."""
    called(told, OTHER, "objected")
    page = page_of(told, ASKED)
    assert OTHER not in page and "page 2" not in page
    assert "objected on 2026-03-12 by telephone, under another number of this person" in page
    assert (
        "Another number of this person: objected on 2026-03-12 by telephone. This counts for this number too." in page
    )
    assert "(in force)" in page
