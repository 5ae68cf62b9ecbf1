"""The pages of the desk, asked as a browser asks: lists, numbers, registries, offers and the log."""

from __future__ import annotations

import csv
import gc
import io
import os
import re
import tomllib
import weakref
import zipfile
from contextlib import suppress
from html import escape, unescape
from pathlib import Path

import httpx
import openpyxl
import pytest

import dnc
from dnc import Store
from dnc.checks.campaign import keep_campaign
from dnc.desk.jobs import StoppedError
from dnc.lists.guesses import Guesses
from dnc.messages import messages
from dnc.store.verify import verify
from tests import new_key, offers
from tests.conftest import SAMPLES
from tests.desk.conftest import Browser, running, said, until

NUMBER = "+33199001234"
LIST = "ref;Téléphone;caller;purpose;recipient;objected_on\nA1;01 99 00 12 34;charity;donation;consumer;\n"
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """Somebody at a desk with a key on an empty store, for all tests of this module."""
    folder = tmp_path_factory.mktemp("pages")
    new_key(folder / "key.pem")
    with running(Store(folder / "dnc-store"), "--key", folder / "key.pem") as desk:
        yield desk.browser()


def text_of(answer: httpx.Response) -> str:
    """A page as it is read, without markup."""
    return unescape(re.sub(r"\s+", " ", re.sub(r"<style.*?</style>|<[^>]+>", " ", answer.text, flags=re.DOTALL)))


def dropped(browser: Browser, content: str, name: str = "list.csv", **files: str) -> str:
    """Send a list, with a brief if there is one; the address of its page."""
    sent = {"list": (name, content.encode()), **{key: (f"{key}.toml", text.encode()) for key, text in files.items()}}
    return str(ended(browser, browser.post("/checks", files=sent)).url.path).removesuffix("/questions")


def ended(browser: Browser, answer: httpx.Response) -> httpx.Response:
    """The page to which a form and its job lead, or that of the job where it failed late or was stopped."""
    if answer.status_code != 303:
        return answer
    if (job := answer.headers["location"]).startswith("/jobs/"):
        until(lambda: browser.client.get(f"{job}/state").json()["ended"])
    page = browser.client.get(job, follow_redirects=True)
    assert page.status_code < 500, text_of(page)
    return page


def questions(browser: Browser, path: str, query: str = "") -> httpx.Response:
    """The questions about a list."""
    return ended(browser, browser.client.get(f"{path}/questions{query}"))


def checked(browser: Browser, path: str) -> httpx.Response:
    """The result of a check."""
    return ended(browser, browser.post(f"{path}/run"))


def saved(browser: Browser, answer: httpx.Response) -> httpx.Response:
    """The file that a job makes."""
    job = answer.headers["location"].removesuffix("/file")
    until(lambda: browser.client.get(f"{job}/state").json()["ended"])
    return browser.client.get(f"{job}/file")


def file_of(browser: Browser, path: str, name: str) -> bytes:
    """A file of a result."""
    return saved(browser, browser.client.get(f"{path}/files/{name}")).content


def rows_of(browser: Browser, path: str, name: str = "all.csv") -> list[dict[str, str]]:
    """The rows of a file of a result."""
    content = file_of(browser, path, name).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(content), delimiter=";"))


def test_of_all_lists_of_a_session_only_the_last_is_in_memory(serve, store, monkeypatch):
    """The rows of each that was checked stayed until the session ended; a page of an earlier list reads them again."""
    read = list[weakref.ref]()

    class Noted(Guesses):
        def __init__(self, *arguments) -> None:
            super().__init__(*arguments)
            read.append(weakref.ref(self))

    monkeypatch.setattr("dnc.checks.interview.Guesses", Noted)
    browser = serve(store).browser()
    paths = [dropped(browser, LIST.replace("A1", f"A{n}"), f"{n}.csv") for n in range(3)]
    gc.collect()
    assert sum(one() is not None for one in read) == 1
    assert "A0" in browser.client.get(paths[0]).text


# Every page


@pytest.mark.parametrize("path", ["/", "/checks", "/past", "/number", "/registries", "/offer", "/log"])
def test_each_page_says_where_it_is_in_both_languages(browser, path):
    """One heading, one entry of the menu; no script, no style, no text that is missing."""
    for language in ("fr", "en"):
        browser.post("/language", {"language": language})
        page = browser.client.get(path)
        assert page.status_code == 200 and f'<html lang="{language}">' in page.text
        assert page.text.count("<h1>") == 1
        assert re.findall(r'<a href="([^"]+)" aria-current="page">', page.text) == [path]
        assert "<script" not in page.text and "script-src" not in page.headers["Content-Security-Policy"]


def test_another_language_leaves_one_where_one_is(browser):
    """Also with a filter; only on pages of the desk."""
    for page in ("/log?verb=check", "/number"):
        assert f'name="then" value="{page}"' in browser.client.get(page).text
        assert browser.post("/language", {"language": "fr", "then": page}).headers["location"] == page
    for page in ("//evil.example", "/\\evil.example", "https://evil.example", "/a\nb", ""):
        assert browser.post("/language", {"language": "en", "then": page}).headers["location"] == "/"


# A list


def test_a_list_is_shown_as_read_and_masked_until_asked(browser):
    """Each column says what it is taken for; numbers keep their last two digits."""
    path = dropped(browser, LIST)
    page = text_of(browser.client.get(path))
    assert "•• •• •• •• 34" in page and "01 99 00" not in page
    assert "the telephone number as it stands in the file" in page and "objected_on is found by its own name" in page
    answer = browser.post(f"{path}/show", {"show": "yes", "then": path})
    assert answer.headers["location"] == path
    assert "01 99 00 12 34" in text_of(browser.client.get(path))
    away = browser.post(f"{path}/show", {"show": "no", "then": "//evil.example"})
    assert away.headers["location"] == path


def test_the_country_of_the_numbers_can_be_corrected(browser):
    """It is asked where a German header leaves it open, and the answer is not final."""
    rows = "".join(f"Muster;044 555 {at:02d} 00\n" for at in range(30))
    path = dropped(browser, f"Nachname;Telefon\n{rows}")
    assert 'id="country"' not in browser.client.get(path).text
    page = questions(browser, path, "?all=1").text
    assert {"Germany (DE)", "Switzerland (CH)"} <= set(re.findall(r'<label for="answer-\d+-\d+">([^<]*)</label>', page))
    path = dropped(browser, f"Nachname;Telefon\n{rows}", brief='region = "DE"\n')
    page = browser.client.get(path).text
    at = re.search(r'<option value="(\d+)">Switzerland \(CH\)', page)[1]
    assert browser.post(f"{path}/country", {"country": at}).headers["location"] == path
    page = browser.client.get(path).text
    assert "Germany (DE)" in page and f'<option value="{at}" selected>' in page
    checked(browser, path)
    assert {row["dnc_jurisdiction"] for row in rows_of(browser, path)} == {"ch"}
    assert browser.post(f"{path}/country", {"country": "99"}).status_code == 400


def test_what_was_not_read_of_a_file_is_said(browser, tmp_path):
    """Other sheets, lines above the header, and an encoding that was guessed."""
    book = openpyxl.Workbook()
    for row in (["Contacts, été 2026"], ["Nom", "Téléphone"], ["A", "01 99 00 12 34"], ["B", "01 99 00 12 35"]):
        book.active.append(row)
    book.create_sheet("Autres").append(["Téléphone"])
    book.save(tmp_path / "list.xlsx")
    page = text_of(
        ended(browser, browser.post("/checks", files={"list": ("list.xlsx", (tmp_path / "list.xlsx").read_bytes())}))
    )
    assert "Not read: 'Autres'." in page and "Lines skipped before the header: 1" in page
    answer = browser.post("/checks", files={"list": ("été.csv", f"{LIST}É;\n".encode("cp1252"))})
    assert "was read as Windows-1252" in text_of(ended(browser, answer))


def test_what_a_file_holds_is_never_markup(browser):
    """Neither its name, nor its header, nor its cells, on any page."""
    content = LIST.replace("ref;", f"ref;{HOSTILE};").replace("A1;", f"A1;{HOSTILE};")
    path = dropped(browser, content, f"{HOSTILE}.csv")
    pages = [browser.client.get(path), questions(browser, path), checked(browser, path)]
    pages += [browser.client.get(f"{path}/{page}") for page in ("rows/1", "report")] + [browser.client.get("/checks")]
    for page in pages:
        assert page.status_code == 200 and "<img" not in page.text
    assert pages[0].text.count("&lt;img") == 4  # the name of the file, the header twice, and the cell


def test_a_brief_fits_a_list_whose_column_of_numbers_is_not_known_yet(browser):
    """That is asked first."""
    rows = "Nom;Contact 1;Contact 2\nA;01 99 00 12 34;01 99 00 12 36\nB;01 99 00 12 35;01 99 00 12 37\n"
    brief = ("b.toml", b'region = "FR"\n[facts]\ncaller = "charity"\n')
    answer = browser.post("/checks", files={"list": ("a.csv", rows.encode()), "brief": brief})
    assert answer.status_code < 400


@pytest.mark.parametrize(
    ("files", "field", "sentence"),
    [
        ({}, "list", "Choose a file"),
        ({"list": ("a.csv", b"01 99 00 12 34\n01 99 00 12 35\n")}, "list", "a.csv:1"),
        ({"list": ("a.pdf", b"%PDF-1.7")}, "list", "a.pdf"),
        ({"list": ("a.csv", LIST.encode()), "brief": ("b.toml", b"nonsense = 1")}, "brief", "b.toml:nonsense"),
        (
            {"list": ("a.csv", LIST.encode()), "brief": ("b.toml", b'[columns]\nnumber = "Portable"')},
            "brief",
            "b.toml: does not fit this list (a.csv:1: no column 'Portable'",
        ),
    ],
)
def test_what_cannot_be_read_is_said_at_its_field(browser, files, field, sentence):
    """At the top, with a link to the field and the name of the file as it was sent; nothing of it stays."""
    before = sorted(browser.desk.store.path.rglob("*.csv"))
    answer = ended(browser, browser.post("/checks", files=files or {"list": ("", b"")}))
    assert answer.status_code == 400
    [(at, text)] = re.findall(r'<li><a href="#(\w+)">([^<]*)<', answer.text)
    assert (at, sentence in unescape(text)) == (field, True)
    assert str(browser.desk.store.path) not in text
    assert sorted(browser.desk.store.path.rglob("*.csv")) == before


def test_answers_make_a_brief_that_is_used_again(browser):
    """Each question says how many calls it decides; a last answer is undone; the brief asks no more what it answers."""
    path = dropped(browser, "ref;Téléphone\nA1;01 99 00 12 34\n")

    def asked() -> tuple[str, str, str]:
        page = questions(browser, path).text
        id_ = re.search(r'name="question" value="([^"]+)"', page)[1]
        return id_, page, text_of(questions(browser, path))

    first, page, said = asked()
    assert "(calls affected: 1 of 1)" in said and "Of 1 call:" in said
    refused = browser.post(f"{path}/answers", {"question": first})
    assert refused.status_code == 400 and 'href="#answer-0"' in refused.text
    browser.post(f"{path}/answers", {"question": first, "answer-0": "0"})
    second = asked()[0]
    assert second != first
    browser.post(f"{path}/again", {"answered": first})
    assert asked()[0] == first
    browser.post(f"{path}/answers", {"question": first, "answer-0": "0"})
    assert second == "columns"
    browser.post(f"{path}/answers", {"question": second, "answer-0-0": "0"})
    id_, page, _ = asked()
    browser.post(f"{path}/answers", {"question": id_, **filled(page, "2026-11-30")})
    brief = browser.client.get(f"{path}/files/brief.toml").text
    assert 'caller = "commercial"' in brief and 'call_at = "2026-11-30"' in brief
    again = dropped(browser, "ref;Téléphone\nA1;01 99 00 12 34\n", brief=brief)
    page = questions(browser, again, "?all=1").text
    ids = re.findall(r'name="question" value="([^"]+)"', page)
    answered_ = ("When will the calls be made?", "How are the calls made?", "Where did each number come from?")
    assert ids and not {first, second} & set(ids) and not [text for text in answered_ if text in page]


def filled(page: str, day: str) -> dict[str, str]:
    """What is sent of a form: a day, the first choices, and no texts."""
    fields = re.findall(r'<(input|select) id="(answer-0-\d+)" name="[^"]+"(?: type="(\w+)")?', page)
    return {id_: "0" if tag == "select" else day if kind == "date" else "" for tag, id_, kind in fields}


def test_a_file_of_consents_is_joined_until_it_is_taken_away(browser):
    """The questions, the check and each row count it; one that cannot be read is refused at its field."""
    brief = (
        'region = "FR"\nignore = ["ref"]\n[facts]\ncaller = "commercial"\npurpose = "sale"\nsector = "general"\nvoice = "human"\n'
        'dialler = "manual"\nrecipient = "consumer"\nobjected_on = "none"\nattempts = "0"\ncli = "0199009000"\n'
        'source = "purchased"\nrelationship = "none"\ncall_at = "2026-11-30T10:30"\n'
    )
    path = dropped(browser, "ref;Téléphone\nA1;01 99 00 12 34\nA2;01 99 00 12 35\n", brief=brief)
    given = b"number,consent,consent_on,consent_for\n0199001234,named_caller,2026-11-02,live\n0199001235,none,,\n"

    def sent(content: bytes, **data: str) -> httpx.Response:
        files = {"consents": ("consents.csv", content)} if content else None
        return browser.post(f"{path}/consents", data, files=files)

    def outcomes() -> list[str]:
        checked(browser, path)
        return [row["dnc_outcome"] for row in rows_of(browser, path)]

    assert outcomes() == ["undecided", "undecided"]
    unknown = dropped(browser, "Mobile\n0639980001\n0639980002\n")  # of which country is asked first
    assert 'id="consents"' not in questions(browser, unknown).text
    for content, sentence in ((b"", "Choose a file"), (b"number,consent\n01990,none\n", "consents.csv")):
        refused = sent(content)
        assert refused.status_code == 400 and 'href="#consents"' in refused.text and sentence in text_of(refused)
    assert outcomes() == ["undecided", "undecided"]
    assert sent(given).headers["location"] == f"{path}/questions"
    page = questions(browser, path, "?all=1").text
    assert "consents.csv: 2 numbers from 2 rows" in page
    assert not [id_ for id_ in re.findall(r'name="question" value="([^"]+)"', page) if id_.startswith("consent")]
    assert outcomes() == ["clear", "blocked"]
    assert "consents.csv: 2 numbers" in text_of(browser.client.get(f"{path}/report"))
    sent(b"", none="1")
    assert outcomes() == ["undecided", "undecided"]


def test_the_country_of_consents_is_asked_if_the_list_does_not_tell_it(browser):
    """Its numbers have their country code, and those of the file have none; that of the list is proposed."""
    path = dropped(browser, "Mobile\n+33639980001\n+33639980002\n", brief='[facts]\ncaller = "commercial"\n')
    asks = "Which country do numbers without a country code belong to?"
    assert asks not in questions(browser, path).text
    given = b"number,consent\n0639980001,named_caller\n0639980002,none\n"
    assert browser.post(f"{path}/consents", {}, files={"consents": ("c.csv", given)}).status_code == 303
    page = questions(browser, path, "?all=1").text
    assert "c.csv: 2 numbers from 2 rows" in page and "France (FR)" in page.partition(asks)[2]


def test_a_day_is_answered_and_shown_in_words(browser):
    """The field shows how it is entered, so the question does not; the answer is listed as the language writes days."""
    browser.post("/language", {"language": "fr"})
    path = dropped(browser, "ref;Téléphone\nA1;01 99 00 12 34\n")
    browser.post(f"{path}/answers", {"question": "caller", "answer-0": "0"})
    browser.post(f"{path}/answers", {"question": "columns", "answer-0-0": "0"})
    page = questions(browser, path)
    browser.post(f"{path}/answers", {"question": "campaign", **filled(page.text, "2026-11-30")})
    answered = text_of(questions(browser, path))
    browser.post("/language", {"language": "en"})
    assert "Quand les appels auront-ils lieu ?" in text_of(page) and "AAAA" not in text_of(page)
    assert "Quand les appels auront-ils lieu ? → 30/11/2026" in answered


SURVEY = (
    'region = "FR"\n[facts]\ncaller = "survey"\npurpose = "opinion"\nvoice = "human"\ndialler = "manual"\n'
    'recipient = "consumer"\nobjected_on = "none"\nattempts = "0"\ncli = "0199009000"\nsource = "own_customers"\n'
    'relationship = "none"\ncall_at = "2026-11-30T10:30"\n'
)
NOTED = (
    "Téléphone;Statut;Remarque\n01 99 00 12 34;Client;ne plus appeler\n01 99 00 12 35;Client;rappelée lundi\n"
    "01 99 00 12 36;Ancien;\n"
)


def fields_of(page: str) -> dict[str, tuple[str, dict[str, str], str]]:
    """The rows of a question that is a table: their texts, what each answer sends, and the chosen one, by field."""
    found = {}
    for id_, label in re.findall(r'<label for="(answer-\d+-\d+)">([^<]*)</label>', page):
        options = re.search(rf'<select id="{id_}".*?</select>', page, re.DOTALL)[0]
        answers = re.findall(r'<option value="(\d*)"( selected)?>([^<]*)', options)
        texts = {unescape(text).removesuffix(" (proposed)"): value for value, _, text in answers}
        texts[""], _, chosen = next((answer for answer in answers if answer[1]), answers[0])
        found[id_] = (unescape(label), texts, unescape(chosen).removesuffix(" (proposed)"))
    return found


def answered(browser: Browser, path: str, id_: str, **chosen: str) -> None:
    """Answer a question that is a table: the beginning of the answer of some rows, by the beginning of their text."""
    page = questions(browser, path, f"?ask={id_}").text
    assert re.findall(r'name="question" value="([^"]+)"', page)[0] == id_
    sent = {"question": id_, "decline": "1"}
    for field, (label, options, _) in fields_of(page).items():
        wanted = next((text for start, text in chosen.items() if label.startswith(start)), None)
        sent[field] = next(value for text, value in options.items() if (wanted and text.startswith(wanted)) or not text)
    assert browser.post(f"{path}/answers", sent).status_code == 303


def test_a_column_that_nobody_has_spoken_of_leaves_its_rows_undecided(browser):
    """The list is checked all the same, and the question about its columns stays open."""
    path = dropped(browser, NOTED, brief=SURVEY)
    checked(browser, path)
    rows = rows_of(browser, path)
    assert {row["dnc_outcome"] for row in rows} == {"undecided"}
    assert [row["dnc_missing"] for row in rows] == ["text:Remarque;text:Statut"] * 2 + ["text:Statut"]
    assert questions(browser, path, "?ask=columns").text.count('value="columns"') == 1


def test_columns_and_texts_are_answered_in_a_table_each(browser):
    """What may say not to call comes first and is marked; what each row says then decides its call."""
    path = dropped(browser, NOTED, brief=SURVEY)
    page = questions(browser, path, "?ask=columns").text
    assert [label for label, *_ in fields_of(page).values()] == ["Remarque", "Statut"]
    assert page.count('class="mark"') == 1
    answered(browser, path, "columns", Statut="not needed", Remarque="read")
    page = questions(browser, path, "?ask=texts").text
    assert [label for label, *_ in fields_of(page).values()] == ["ne plus appeler", "rappelée lundi"]
    answered(browser, path, "texts", **{"ne plus": "asked not", "rappel": "nothing"})
    checked(browser, path)
    assert [row["dnc_outcome"] for row in rows_of(browser, path)] == ["blocked", "clear", "clear"]
    assert [row["dnc_outcome"] for row in rows_of(browser, path, "clear.csv")] == ["clear", "clear"]
    result = browser.client.get(f"{path}/result").text
    assert "files/clear.csv" in result and ">Missing</th>" not in result, "a column for what no call lacks"


PROPOSED = {  # texts of two columns, of which the first two have a proposal, and two columns that say yes or no
    **dict.fromkeys(("stop", "ne plus appeler", "rappelée lundi", "Client", "Ancien", "Autre", "Nouveau")),
    **dict.fromkeys(("Actif", "Société")),
}
CHOSEN = {  # what nothing is proposed for: nothing about calls, not known, an objection
    **{"answer-0-2": "4", "answer-0-3": "4", "answer-0-6": "4"},
    **{"answer-0-4": "0", "answer-0-5": "1"},
}


def proposed(browser: Browser) -> tuple[str, dict[str, str]]:
    """A list with texts for some of which an answer is proposed: its address, and an empty form."""
    rows = "01 99 00 12 37;Autre;stop\n01 99 00 12 38;Nouveau;stop\n"
    lines = [*zip((NOTED + rows).splitlines(), ["Actif;Société", *["oui;non", "non;non"] * 3], strict=False)]
    text = "\n".join(f"{line};{more}" for line, more in lines)
    names = ("Statut", "Remarque", "Actif", "Société")
    path = dropped(browser, text, brief=SURVEY + "".join(f'[texts."{name}"]\n' for name in names))
    fields = fields_of(questions(browser, path, "?ask=texts").text)
    assert [label for label, *_ in fields.values()] == [*PROPOSED]
    return path, dict.fromkeys(fields, "") | {"answer-0-7": "0", "answer-0-8": "0", "question": "texts"}


NO_TO_BOTH = {"answer-0-7": "3", "answer-0-8": "3"}  # both columns of yes and no say nothing about calls


@pytest.mark.parametrize(
    ("pressed", "outcomes"),
    [
        ({"decline": "1"}, ["undecided"] * 3 + ["blocked", "undecided"]),
        ({"accept": "1"}, ["blocked", "undecided", "undecided", "blocked", "blocked"]),
        ({"accept": "1", "answer-0-7": "3"}, ["blocked", "undecided", "undecided", "blocked", "blocked"]),
        ({"accept": "1"} | NO_TO_BOTH, ["blocked", "clear", "undecided", "blocked", "blocked"]),
    ],
)
def test_what_is_proposed_counts_only_if_it_is_accepted(browser, pressed, outcomes):
    """An answer of their own stays, also that it is not known; each column that says yes or no takes its own."""
    path, sent = proposed(browser)
    answer = browser.post(f"{path}/answers", sent | CHOSEN | pressed)
    result = ended(browser, answer) if "accept" in pressed else checked(browser, path)
    assert result.url.path == f"{path}/result"  # nothing is left to ask
    assert [row["dnc_outcome"] for row in rows_of(browser, path)] == outcomes


def test_what_is_proposed_is_neither_kept_nor_dropped_unsaid(browser):
    """A form that says neither comes back with what was chosen; its buttons say which, and Enter presses none."""
    path, sent = proposed(browser)
    page = questions(browser, path, "?ask=texts").text
    assert re.findall(r'<button[^>]*(?:name="(?:accept|decline)"|hidden disabled)', page)[0].endswith("hidden disabled")
    assert ">Continue<" not in page and 'name="run"' not in page
    heads = re.findall(r'<h3 class="asked">([^<]+)</h3>|<label for="answer-0-(\d+)">', page)
    assert [head for head, _ in heads if head] == ["Remarque", "Statut", "Columns that say yes or no"]
    assert heads.index(("", "7")) == heads.index(("Columns that say yes or no", "")) + 1
    refused = browser.post(f"{path}/answers", sent | CHOSEN)
    assert refused.status_code == 400 and 'href="#answer-0"' in refused.text
    rows = [chosen for _, _, chosen in fields_of(refused.text).values()]
    assert rows[2:6] == [
        "nothing about calls",
        "nothing about calls",
        "I do not know: these rows stay undecided",
        "asked not to be called again",
    ]
    assert "answers given" not in text_of(questions(browser, path))


@pytest.mark.parametrize(
    ("sent", "left_out", "read"),
    [
        ({}, [], ["Lots", "Société"]),
        ({"answer-0-alike": "yes"}, ["Lots", "Société"], []),
        ({"answer-0-alike": "yes", "answer-0-1": "1"}, ["Lots"], ["Société"]),
        ({"answer-0-0": "0"}, ["Lots"], ["Société"]),
    ],
)
def test_one_tick_leaves_out_the_columns_that_tell_nobody_apart(browser, sent, left_out, read):
    """Only if somebody ticks it, whatever they accept; an answer of its own for one of them counts."""
    rows = "".join(f"01 99 00 12 0{at};{at % 3};Faux\n" for at in range(7))
    path = dropped(browser, f"Téléphone;Lots;Société\n{rows}", brief=SURVEY)
    fields = fields_of(questions(browser, path, "?ask=columns").text)
    assert [(label, chosen) for label, _, chosen in fields.values()] == [
        ("Lots", "left out if you tick this box, else read"),
        ("Société", "left out if you tick this box, else read"),
    ]
    empty = dict.fromkeys(fields, "") | {"question": "columns", "accept": "1"}
    ended(browser, browser.post(f"{path}/answers", empty | sent))
    brief = tomllib.loads(browser.client.get(f"{path}/files/brief.toml").text)
    assert (brief.get("ignore", []), [*brief.get("texts", {})]) == (left_out, read)


def test_what_is_no_number_is_none_of_any_length(browser):
    """Neither in an address nor in a field: Python reads none of more than 4,300 digits."""
    many = "9" * 5000
    assert browser.client.get(f"/past/{many}").status_code == 404
    assert browser.post("/office", {"own_valid_days": many}).status_code == 400
    path = dropped(browser, LIST)
    question = re.search(r'name="question" value="([^"]+)"', questions(browser, path).text)[1]
    asked = {"question": question, "answer-0": many, "answer-0-0": many}
    assert browser.post(f"{path}/answers", asked).status_code == 400
    assert browser.client.get(f"{path}/rows/{many}").status_code == 404
    for past in (many, "0", "x"):
        again = browser.post("/checks", {"past": past}, files={"list": ("list.csv", LIST.encode())})
        assert again.status_code == 400


def test_an_answer_that_is_not_understood_stays_beside_its_question(browser):
    """Also where others on the page are taken, and it moves up."""
    known = 'region = "FR"\n[facts]\ncaller = "commercial"\npurpose = "sale"\n'
    path = dropped(browser, "Téléphone;Remarque\n01 99 00 12 34;Absent\n", brief=known)
    page = questions(browser, path).text
    [cli] = re.findall(r'<label for="(answer-1-\d+)">Which number', page)
    every = dict.fromkeys(re.findall(r'<(?:select|input) id="(answer-1-\d+)"', page), "0")
    sent = every | {"question": ["columns", "campaign"], "answer-0-0": "0", cli: "nobody's"}
    refused = browser.post(f"{path}/answers", sent)
    assert refused.status_code == 400 and 'href="#answer-0"' in refused.text
    assert re.search(r'value="([^"]+)">\s*<h2 id="answer-0"', refused.text)[1] == "campaign"
    assert f'id="{cli.replace("-1-", "-0-")}"' in refused.text and 'value="nobody&#39;s"' in refused.text


def test_objections_without_a_number_are_left_out_with_a_reason(browser):
    """A check stops at them, says so beside what to do, and goes on once a person has said why."""
    text = "Téléphone;caller;purpose;recipient;objected_on\n01 99 00 12 34;charity;donation;consumer;\n;;;;2026-05-01\n"
    path = dropped(browser, text)
    stopped = checked(browser, path)
    assert "Rows that tell of an objection" in text_of(stopped) and 'href="#reason"' in stopped.text
    refused = browser.post(f"{path}/run", {"leave_out": "1"})
    assert refused.status_code == 400 and 'id="reason-wrong"' in refused.text
    done = ended(browser, browser.post(f"{path}/run", {"leave_out": "1", "reason": "Mrs Exemple is on the own list"}))
    assert done.url.path == f"{path}/result"
    assert "Mrs Exemple" in browser.client.get("/log/log.csv").text
    assert "Rows that tell of" not in text_of(questions(browser, path))


def test_a_result_that_lacks_an_answer_says_so_and_leads_to_the_questions(browser):
    """It stays, and is left for the questions until the list is checked with all answers."""
    path = dropped(browser, NOTED, brief=SURVEY)
    answered(browser, path, "columns", Statut="not needed", Remarque="read")
    changed = "Answers were changed after this check"
    assert changed not in text_of(checked(browser, path))
    assert browser.client.get(f"{path}/next").headers["location"] == f"{path}/result"
    _ = browser.post(f"{path}/again", {"answered": "columns"})
    assert changed in text_of(browser.client.get(f"{path}/result"))
    assert f'href="{path}/next"' in browser.client.get("/checks").text
    assert browser.client.get(f"{path}/next").headers["location"] == f"{path}/questions"
    assert changed not in text_of(checked(browser, path))


def test_any_answer_is_changed_also_in_another_language(browser):
    """The question is asked again with its answer chosen; the other answers stay, and are read in both languages."""
    path = dropped(browser, NOTED, brief=SURVEY)
    answered(browser, path, "columns", Statut="not needed", Remarque="read")
    answered(browser, path, "texts", **{"ne plus": "asked not", "rappel": "nothing"})
    browser.post("/language", {"language": "fr"})
    page = text_of(questions(browser, path))
    assert "À quoi sert chacune de ces colonnes ?" in page and "ne plus appeler → a demandé" in page
    again = browser.post(f"{path}/again", {"answered": "columns"}).headers["location"]
    rows = {label: chosen for label, _, chosen in fields_of(ended(browser, browser.client.get(again)).text).values()}
    browser.post("/language", {"language": "en"})
    assert rows == {"Remarque": "à lire\xa0: chaque texte reçoit un sens", "Statut": "inutile\xa0: écartée"}
    answered(browser, path, "columns", Statut="read")
    page = questions(browser, path, "?ask=texts").text
    assert {label: chosen for label, _, chosen in fields_of(page).values()} == {
        "ne plus appeler": "asked not to be called again",
        "rappelée lundi": "nothing about calls",
        "Client": "I do not know: these rows stay undecided",
        "Ancien": "I do not know: these rows stay undecided",
    }
    answered(browser, path, "texts")
    assert "ne plus appeler → asked not to be called again" in text_of(questions(browser, path))
    checked(browser, path)
    browser.post("/language", {"language": "fr"})
    assert 'lang="fr"' in browser.client.get(f"{path}/report").text
    browser.post("/language", {"language": "en"})
    assert [row["dnc_outcome"] for row in rows_of(browser, path)] == ["blocked", "undecided", "undecided"]


def test_the_questions_count_what_the_check_counts(browser):
    """An objection in another row of a person, and columns that nobody has spoken of, too."""
    survey = SURVEY.replace('objected_on = "none"\n', "")
    rows = "".join(f"01 99 00 12 {at % 40:02d};{'yes' if at == 41 else 'none'};x\n" for at in range(60))
    for ignored in ("", 'ignore = ["Remarque"]\n'):
        path = dropped(browser, f"Téléphone;objected_on;Remarque\n{rows}", brief=ignored + survey)
        counts = re.findall(r"<strong>(\d+)</strong>", questions(browser, path).text)
        checked(browser, path)
        outcomes = [row["dnc_outcome"] for row in rows_of(browser, path)]
        assert counts == [str(outcomes.count(outcome)) for outcome in ("clear", "blocked", "undecided")]
        assert (outcomes.count("blocked"), outcomes.count("clear")) == (2, 58 if ignored else 0)


def test_the_column_of_numbers_is_asked_where_the_file_does_not_show_it(browser):
    """Before everything else, and a check waits for the answer; a list without such a column is refused.

    Where it is not known, each column that may be it is called.
    """
    path = dropped(browser, "id;Truc\n1;06 39 98 08 40\n2;06 39 98 08 41\n")
    assert browser.post(f"{path}/run").headers["location"] == f"{path}/questions"
    page = questions(browser, path)
    assert re.findall(r'name="question" value="([^"]+)"', page.text) == ["number"]
    assert "Which column contains the number to call?" in text_of(page) and "answers so far" not in text_of(page)
    browser.post(f"{path}/answers", {"question": "number", "answer-0": "unknown"})
    assert "Who calls, and what for?" in text_of(questions(browser, path))
    assert "Outcome of 2 calls" in text_of(checked(browser, path))
    path = dropped(browser, "Nom;Ville\nA;B\n")
    without = questions(browser, path)
    assert without.status_code == 400 and said(without).startswith("list.csv: no column of telephone numbers")


# A result


def test_a_result_is_filtered_explained_and_downloaded(browser):
    """By outcome and reason; each row rule by rule; all rows."""
    lines = "".join(f"B{at};01 99 00 00 {at:02d};charity;donation;consumer;2026-01-01\n" for at in range(30))
    path = dropped(browser, LIST + lines)
    page = checked(browser, path)
    assert "Outcome of 31 calls" in text_of(page) and "page 1 of 2" in text_of(page)
    result = f"{path}/result"
    shown = browser.client.get(f"{result}?outcome=blocked&reason=eu-gdpr-objection&page=2").text
    assert "Calls found: 30; page 2 of 2" in shown and shown.count(f'href="{path}/rows/') == 10
    why = re.findall(rf'href="{path}/rows/[^>]*>([^<]+?) <span', shown)
    assert len(why) == 10 and not [one for one in why if ", " in one], "a law and our policy on the same say it once"
    for page in ("x", "²", "0", "9" * 5_000):
        assert "Calls found: 31" in browser.client.get(f"{result}?outcome=nonsense&reason=x&page={page}").text
        assert browser.client.get(f"/log?page={page}").status_code == 200
    row = text_of(browser.client.get(f"{path}/rows/2"))
    assert "forbids the call" in row and "eu-gdpr-objection" in row
    assert "Regulation (EU) 2016/679" in row and "01990000" not in row
    beyond = browser.client.get(f"{path}/rows/32")
    assert (beyond.status_code, said(beyond)) == (400, "list.csv has no row 32; its last one is 31")
    assert browser.client.get(f"{path}/rows/{'9' * 5_000}").status_code == 404
    rows = rows_of(browser, path)
    assert [row["dnc_outcome"] for row in rows].count("blocked") == 30 and len(rows) == 31
    for name in ("all.xlsx", "clear.xlsx"):
        assert file_of(browser, path, name)[:2] == b"PK"
    report = browser.client.get(f"{path}/report")
    assert (
        "sha256-" in report.headers["Content-Security-Policy"]
        and "unsafe" not in report.headers["Content-Security-Policy"]
    )
    assert file_of(browser, path, "report.html").startswith(b"<!doctype html>")
    assert browser.client.get(f"{path}/files/other.csv").status_code == 404


def test_a_result_is_searched_and_counted_by_what_its_calls_have(browser):
    """By number, name or id, which no address names; counts go with what is chosen, and rows are those of the file."""
    lines = "".join(
        f'C{at};{"M." if at % 3 else "Mme"};Exemple {at};Lou {at};"deux\nlignes";01 99 00 01 {at:02d};2026-01-0{1 + at % 2}\n'
        for at in range(30)
    )
    brief = SURVEY.replace('objected_on = "none"\n', "") + '[texts.Adresse]\nnothing = ["deux lignes"]\n'
    path = dropped(browser, f"Réf.;Civilité;Nom;Prénom;Adresse;Téléphone;objected_on\n{lines}", brief=brief)
    checked(browser, path)
    result = f"{path}/result"

    def found(text: str, then: str = result) -> list[str]:
        answer = browser.post(f"{path}/search", {"search": text, "then": then})
        assert answer.headers["location"] == f"{then}#rows"
        page = browser.client.get(then).text
        return re.findall(r"<td class=\"short\">(C\d+)</td>", page)

    assert found("exemple 7") == ["C7"] and found("c28") == ["C28"]
    assert found("01 99 00 01 12") == found("+33 1 99 00 01 12") == ["C12"] and found("12 ?") == []
    assert 'value="12 ?"' in browser.client.get(result).text and found("", f"{result}?outcome=clear") == []
    page = browser.client.get(f"{result}?outcome=blocked&page=2").text
    assert (
        "all (30)" in page
        and "forbidden (30)" in page
        and "possible (" not in text_of(browser.client.get(result)).split("one by one")[1]
    )
    rows = re.findall(rf'href="{path}/rows/(\d+)\?outcome=blocked&amp;page=2"', page)
    assert rows == [str(row) for row in range(21, 31)]
    assert re.findall(r'<th scope="row" class="n">(\d+)</th>', page) == [str(row) for row in range(22, 32)]
    row = browser.client.get(f"{path}/rows/21?outcome=blocked&page=2").text
    assert f'href="{result}?outcome=blocked&amp;page=2#rows"' in row and "Row 22" in row
    page = browser.client.get(f"{result}?outcome=blocked&column=1&value=1").text
    select = re.search(r'<select id="column".*?</select>', page, re.DOTALL)[0]
    assert re.findall(r'<option value="\d+"( selected)?>([^<]*)', select) == [
        ("", "Civilité"),
        (" selected", "objected_on"),
    ]
    assert [name for name in ("Réf.", "Civilité", "Nom", "Prénom") if f'<th scope="col">{name}</th>' in page] == [
        "Réf.",
        "Nom",
        "Prénom",
    ]
    assert "Calls found: 15" in page
    assert {"2026-01-01 (15)", "2026-01-02 (15)"} <= set(re.findall(r'value=\d#rows"[^>]*>([^<]*)', page))
    for nowhere in ("column=9&value=0", "column=1&value=9", "column=x&value=x"):
        assert "Calls found: 30" in browser.client.get(f"{result}?{nowhere}").text


def test_what_is_not_good_enough_to_sign_is_said_on_top(store):
    """No own opt-out list, and texts that nobody has read; on the page of the result and in the report."""
    brief = SURVEY + '[texts.Remarque]\nrest = "nothing"\n[texts.Statut]\nnothing = ["Client", "Ancien"]\n'
    with running(store) as desk:
        own = desk.browser()
        path = dropped(own, NOTED, brief=brief)
        page = checked(own, path)
        for shown in (page, own.client.get(f"{path}/report")):
            assert (
                "Before you sign: your own opt-out list is not loaded for the days of these calls; nobody has read"
                in text_of(shown)
            )
        loaded = {"file": ("own.csv", b"number\n+33199001299\n")}
        ended(own, own.post("/registries", {"as_of": "2026-11-20", "registry": "own"}, files=loaded))
        text = text_of(checked(own, path))
    assert "Before you sign: nobody has read the texts of some columns (rows: 1)." in text
    assert "Your own opt-out list was used: as of 2026-11-20" in text


def test_a_row_with_two_numbers_is_two_calls_of_one_row(browser):
    """Rows keep the numbers that they have in the list."""
    path = dropped(
        browser,
        "a;Téléphone;Tél. mobile\n1;01 99 00 12 34;06 39 98 00 01\n2;;06 39 98 00 02\n",
        brief='region = "FR"\n[columns]\nnumber = ["Téléphone", "Tél. mobile"]\n',
    )
    page = checked(browser, path).text
    assert re.findall(rf'href="{path}/rows/(\d+)"', page) == ["1", "1", "2"]
    assert "Number 2 of 2 in this row" in browser.client.get(f"{path}/rows/1").text


def test_a_list_without_rows_has_a_result(browser):
    """No calls, and nothing to show; a file of possible calls is offered only where there are some."""
    path = dropped(browser, LIST.splitlines()[0].replace("Téléphone", "number"))
    page = checked(browser, path)
    assert "Outcome of 0 calls" in text_of(page) and "files/all.csv" in page.text and "files/clear." not in page.text


def test_one_call_is_counted_as_one(browser):
    """In the headings and in the counts, also in French."""
    browser.post("/language", {"language": "fr"})
    path = dropped(browser, LIST)
    assert "Sur 1 appel\N{NO-BREAK SPACE}:" in questions(browser, path).text
    page = text_of(checked(browser, path))
    browser.post("/language", {"language": "en"})
    assert "Résultat pour 1 appel " in page and re.search(r" 1 (interdit|à compléter) \(", page)
    assert "0 appel" not in page.partition("Pourquoi")[0], "the key of the bar has what there is"


def test_an_objection_changes_exactly_its_row(browser):
    """Recorded on the page of the number, counted by the next check; lifted with a reason; no address or log says it."""
    path = dropped(browser, LIST + "A2;01 99 00 12 35;charity;donation;consumer;\n")
    checked(browser, path)
    before = rows_of(browser, path)
    answer = browser.post("/number", {"number": "01 99 00 12 34", "region": "fr", "day": "2026-11-26"})
    number = answer.headers["location"]
    assert re.fullmatch(r"/number/[\w-]+", number) and "199001234" not in number
    page = browser.client.get(number)
    assert NUMBER in page.text and page.headers["Cache-Control"] == "no-store"
    assert "199001234" not in re.search("<title>.*?</title>", page.text, re.DOTALL)[0]
    late = browser.post(f"{number}/objection", {"on": "2999-01-01"})
    assert late.status_code == 400 and 'href="#on"' in late.text
    browser.post(f"{number}/objection", {"on": "2026-11-20", "reason": HOSTILE})
    letter = browser.client.get(f"{number}/letter.html")
    assert "attachment" in letter.headers["Content-Disposition"] and "article 15" in letter.text
    known = browser.client.get(number).text
    assert "&lt;img" in known and "<img" not in known
    again = checked(browser, path)
    assert "changed since the previous check: 1." in text_of(again)
    after = rows_of(browser, path)
    assert [was["ref"] for was, now in zip(before, after, strict=True) if was != now] == ["A1"]
    assert after[0]["dnc_outcome"] == "blocked"
    unsaid = browser.post(f"{number}/objection", {"lift": "yes", "lift-on": "2026-11-21"})
    assert unsaid.status_code == 400 and 'href="#lift-reason"' in unsaid.text
    lifted = browser.post(f"{number}/objection", {"lift": "yes", "lift-on": "2026-11-21", "lift-reason": "asked"})
    assert lifted.headers["location"].endswith("?done=lifted")
    assert browser.client.get(f"{number}?done=<b>").status_code == 200
    checked(browser, path)
    assert rows_of(browser, path) == before
    assert "199001234" not in str(browser.desk.store.log().rows())


@pytest.mark.parametrize(("field", "given"), [("number", {"number": "12"}), ("day", {"number": NUMBER, "day": "soon"})])
def test_a_number_that_is_not_understood_is_said_at_its_field(browser, field, given):
    """The number typed is not repeated in the sentence."""
    answer = browser.post("/number", {"region": "FR", "day": "2026-11-26"} | given)
    assert answer.status_code == 400 and f'<a href="#{field}">' in answer.text


# Registries, offers, the log


def test_a_registry_is_loaded_and_compared_with_the_one_before(browser):
    """What was recognised, what is new and gone; the day is asked for; what a file lacks is said."""
    bloctel = (SAMPLES / "bloctel.csv").read_bytes()
    without = browser.post("/registries", {"as_of": ""}, files={"file": ("bloctel.csv", bloctel)})
    assert without.status_code == 400 and 'href="#as_of"' in without.text
    assert re.search(
        r'<input id="as_of"[^>]* aria-describedby="as_of-hint as_of-wrong" aria-invalid="true"', without.text
    )
    again = browser.post("/registries", {"as_of": "2026-08-01"}, files={"file": ("", b"")})
    assert 'value="2026-08-01"' in again.text
    one = ended(browser, browser.post("/registries", {"as_of": "2026-08-01"}, files={"file": ("bloctel.csv", bloctel)}))
    assert "Bloctel" in one.text and "first file of this registry" in one.text
    lines = bloctel.splitlines(keepends=True)
    two = ended(
        browser,
        browser.post("/registries", {"as_of": "2026-08-05"}, files={"file": ("b.csv", b"".join(lines[:-1]))}),
    )
    assert "The previous file was made on 2026-08-01" in text_of(two)
    failed = ended(
        browser, browser.post("/registries", {"as_of": "2026-08-05"}, files={"file": ("x.csv", b"a;b\n1;2\n")})
    )
    assert re.search(r'role="alert">x\.csv', failed.text)
    page = text_of(browser.client.get("/registries"))
    assert "bloctel" in page.lower() and "What is due" in page
    assert "bloctel" in text_of(browser.client.get("/")).lower()


def test_the_own_list_is_loaded_on_the_first_page(browser):
    """It is a list of bare numbers, so that the form has to say what it is."""
    home = text_of(browser.client.get("/"))
    assert "choose: own opt-out list" in home
    sent = {"file": ("people.csv", b"number\n+33199001299\n")}
    done = ended(browser, browser.post("/registries", {"as_of": "2026-11-20", "registry": "own"}, files=sent))
    assert "Registry Own opt-out list" in text_of(done) and "Complete for all numbers" in text_of(done)
    assert "Since the previous file" not in text_of(done), "its entries stay, so that no file replaces another"
    sent = {"file": ("people.csv", b"number\n+33199001298\n")}
    again = ended(browser, browser.post("/registries", {"as_of": "2026-11-21", "registry": "own"}, files=sent))
    assert "earlier numbers that are not in it, and stay until they are lifted: 1" in text_of(again).lower()


CONSENTS = (
    "Tél;Accord;Donné le;Pour;Formulaire;Preuve;Remarque\n"
    "01 99 00 21 01;named_caller;12/03/2026;live;form-7;scan-1.pdf;x\n"
    "01 99 00 21 02;peut-être;13/03/2026;live;form-7;scan-2.pdf;y\n"
)
CALLS_MADE = "number,at,result\n+33199002101,2026-11-02T10:00,answered\n+33199002102,2026-11-03T10:00,objected\n"


def loads(browser: Browser, kind: str, content: str, **given: str) -> httpx.Response:
    """Send a file of own records."""
    return ended(browser, browser.post("/registries", {"registry": kind} | given, files={"file": ("f.csv", content)}))


def test_own_records_are_loaded_as_registries_are(browser):
    """All kinds by the same form: their columns get roles, and the number page then shows what was loaded."""
    page = loads(browser, "consents", CONSENTS, look="1")
    assert page.url.path.startswith("/registries/files/") and 'name="as_of"' not in page.text
    kept = page.url.path.rpartition("/")[2]
    ours = ("number", "consent", "consent_on", "consent_for", "wording", "proof")
    roles = {f"role-{at}": name for at, name in enumerate((*(f"{name}_column" for name in ours), "ignore"))}
    use = {"registry": "consents", "kept": kept, "region": "FR", "dates": "dmy"}
    done = text_of(ended(browser, browser.post("/registries", use | roles)))
    assert "Rows added 2" in done and "on which no call can rest 1" in done and "peut-être" in done
    again = text_of(loads(browser, "calls", CALLS_MADE, from_day="2026-11-01", to_day="2026-11-05"))
    assert "Rows added 2" in again and "calls made" in again
    assert "Rows known already 2" in text_of(loads(browser, "calls", CALLS_MADE))
    customers = "number,relationship\n+33199002101,contract\n"
    assert loads(browser, "customers", customers).status_code == 400  # of which day?
    assert "Rows added 1" in text_of(loads(browser, "customers", customers, as_of="2026-11-20"))
    number = browser.post("/number", {"number": "+33199002101", "day": "2026-11-27"})
    known = text_of(browser.client.get(number.headers["location"]))
    assert "form-7" in known and "answered" in known and "contract" in known


def test_the_country_of_the_last_check_is_proposed_for_a_number(serve, store, monkeypatch):
    """Where the office has none: who checks French lists should not have to say so again."""
    browser = serve(store).browser()
    path = dropped(browser, "Téléphone\n02 555 01 01\n", brief='region = "BE"\n[facts]\ncaller = "charity"\n')
    checked(browser, path)
    assert browser.client.get("/number").text.count('value="BE"') == 2
    browser.post("/office", {"region": "fr"})
    assert browser.client.get("/number").text.count('value="FR"') == 2


def test_it_is_said_that_decisions_are_not_kept(serve, store):
    """With the result and beside a number, since a complaint comes when it is too late to keep them."""
    browser = serve(store).browser()
    path, number = dropped(browser, LIST), {"number": NUMBER, "day": "2026-11-27"}
    said = ("Decisions are not kept by number", "Checks that kept no decisions: 1")
    for keeps in (False, True):
        if keeps:  # one click, where it is said
            ended(browser, browser.post(f"{path}/run", {"keep": "yes"}))
        result = text_of(browser.client.get(f"{path}/result") if keeps else checked(browser, path))
        known = text_of(browser.client.get(browser.post("/number", number).headers["location"]))
        assert (said[0] in result, said[1] in known) == (not keeps, True)
    assert store.office()["keep"] == "yes" and 'name="keep" value="yes" checked' in browser.client.get("/office").text
    assert re.search(r"Check \d+, call on", known)


def test_a_file_of_own_records_that_cannot_be_loaded_says_why(browser):
    """In the words of the desk; it is kept for the next try, in which what cannot be read may be left out."""
    lost = loads(browser, "calls", CALLS_MADE + "12,2026-11-03T11:00,busy\n")
    assert lost.status_code == 400 and "Why rows that cannot be read may be left out" in text_of(lost)
    kept = re.search(r'name="kept" value="([^"]+)"', lost.text)[1]
    use = {"registry": "calls", "kept": kept, "unread": "an extension"}
    assert "The file is loaded" in ended(browser, browser.post("/registries", use)).text
    for days in ({"from_day": "2026-11-01"}, {"from_day": "2026-11-05", "to_day": "2026-11-01"}, {"to_day": "x"}):
        refused = loads(browser, "calls", CALLS_MADE, **days)
        assert refused.status_code == 400 and not TYPED.search(text_of(refused))
    bare = loads(browser, "calls", "number,at\n+33199002101,2026-11-02T10:00\n")
    assert "the day and the result of each call are needed" in said(bare)


def test_an_export_of_calls_as_a_dialler_has_it_is_loaded_with_a_few_answers(browser):
    """Its columns and days are proposed; what its words mean is asked, and columns that say nothing are named."""
    calls = "Date d'appel;Numéro appelé;Résultat;Agent\n14/11/2026 10:15;01 99 00 21 01;NRP;Luc\n"
    first = loads(browser, "calls", calls + "15/11/2026 11:00;01 99 00 21 02;Refus;Luc\n")
    assert first.url.path.startswith("/registries/files/"), "shown before it is loaded"
    kept = first.url.path.rpartition("/")[2]
    chosen = re.findall(r'name="role-(\d)".*?<option value="(\w+)" selected', first.text)
    assert chosen == [("0", "at_column"), ("1", "number_column"), ("2", "result_column")]
    assert re.findall(r'<label for="word-result-\d">(\w+)', first.text) == ["NRP", "Refus"]
    assert "14/11/2026 10:15" in text_of(first), "a moment is no number to be masked"
    assert not re.search(r'name="region"[^>]* value="(?!FR)', first.text), "of several countries none is proposed"
    use = {"registry": "calls", "kept": kept, "region": "FR", "dates": "dmy"} | {
        f"role-{at}": name for at, name in chosen
    }
    words = {"word-result-0": "no_answer", "word-result-1": "refused"}
    for more, why in (({}, "result of this call is not understood"), (words, "leave it out”: Agent")):
        use |= more
        assert why in said(ended(browser, browser.post("/registries", use)))
    assert "Rows added 2" in text_of(ended(browser, browser.post("/registries", use | {"role-3": "ignore"})))
    number = browser.post("/number", {"number": "+33199002102", "day": "2026-11-27"})
    assert "result: refused" in text_of(browser.client.get(number.headers["location"]))


OWN_FILE = "Téléphone,Le,Reçu\n01 99 00 12 99,12/03/2026,x\n12,13/03/2026,x\n"


def test_an_error_says_what_to_choose_at_the_desk(browser):
    """No option of a command, which nobody can type there."""
    bare, own = {"file": ("liste.csv", b"0199001234\n0199001235\n")}, {"file": ("own.csv", OWN_FILE.encode())}
    day = {"as_of": "2026-11-20"}
    for language, choose, enter, own_list in (
        ("fr", "indiquez le registre", "dites pourquoi elles peuvent", "liste d'opposition interne ou"),
        ("en", "name the registry", "say why they may", "own opt-out list or"),
    ):
        browser.post("/language", {"language": language})
        said = text_of(ended(browser, browser.post("/registries", day, files=bare)))
        assert choose in said and "--" not in said
        assert own_list in said and "fr-bloctel" not in said, "the names to choose from are those of the page"
        use = {**day, "registry": "own", "dates": "dmy", "role-1": "since_column"}
        said = text_of(ended(browser, browser.post("/registries", use, files=own)))
        assert enter in said and "--" not in said


TYPED = re.compile(r"--\w|\bdnc [a-z]|\[(?:columns|facts|values|when_\w+)\]|[a-z] = [\"\[]|\bignore\b")


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_result_names_nothing_that_is_typed(browser, tmp_path, language):
    """No option, command or line of a brief, on any page or in a file: people at the desk have none of these."""
    book = openpyxl.Workbook()
    for row in (
        ["Téléphone", "Portable 2", "caller", "recipient", "Remarque"],
        ["01 99 00 12 34", "06 39 98 00 01", "charity", "consumer", "ne veut plus être appelée"],
        ["01 99 00 12 35", "06 39 98 00 02", "commercial", "consumer", "rappelée lundi"],
        ["01 99 00 12 36", "06 39 98 00 03", "commercial", "perhaps", ""],
    ):
        book.active.append(row)
    book.create_sheet("Autres").append(["Téléphone"])
    book.save(tmp_path / "list.xlsx")
    browser.post("/language", {"language": language})
    brief = 'region = "FR"\naround = "read"\n[columns]\nnumber = "Téléphone"\n'
    files = {"list": ("list.xlsx", (tmp_path / "list.xlsx").read_bytes()), "brief": ("b.toml", brief.encode())}
    path = ended(browser, browser.post("/checks", files=files)).url.path.removesuffix("/questions")
    checked(browser, path)
    shown = ("", "/questions?all=1", "/result", "/report", "/rows/1", "/rows/3")
    texts = {page: text_of(browser.client.get(f"{path}{page}")) for page in shown}
    content = file_of(browser, path, "all.xlsx")
    for sheet in openpyxl.load_workbook(io.BytesIO(content)):
        texts[sheet.title] = " ".join(str(cell) for row in sheet.iter_rows(values_only=True) for cell in row)
    browser.post("/language", {"language": "en"})
    assert all(word in texts["/report"] for word in ("Autres", "Portable 2", "perhaps"))
    assert {name: TYPED.findall(text) for name, text in texts.items() if TYPED.search(text)} == {}


def test_the_desk_speaks_of_no_options():
    """Nor do the words of its own pages and errors, apart from those of the interface for programs."""
    for section, but in (("desk", {"no_key", "no_right"}), ("errors_desk", set()), ("note_desk", set())):
        for language in ("en", "fr"):
            texts = {key: text for key, text in messages(section, language).items() if key not in but}
            assert not re.findall(r".{20}--\w.{20}|.{20}\bdnc [a-z].{20}", str(texts)), (section, language)


@pytest.mark.parametrize(
    ("path", "given", "file"),
    [
        ("/registries", {"as_of": "2026-11-20", "registry": "own", "region": "CH", "campaign": "Winter & <b>"}, "file"),
        ("/offer", {"caller": "survey", "at": "2026-11-20", "price": "1200"}, "offer"),
    ],
)
def test_a_form_keeps_its_texts_where_its_file_is_refused(browser, path, given, file):
    """The page with the reason does, or its link back: for an offer only its file has to be chosen again."""
    failed = ended(browser, browser.post(path, given, files={file: ("a.pdf", b"%PDF-1.7")}))
    back = re.search(rf'<a href="({path}[^"]*)">Go back', failed.text)
    page = browser.client.get(back[1]).text if back else failed.text
    for name, text in given.items():
        field = re.search(rf'<(?:input|select) id="{name}"[^>]*>(?:(?!</select).)*', page, re.DOTALL)[0]
        assert f'value="{escape(text)}"' in field if "<input" in field else f'value="{text}" selected' in field
    assert "Winter" not in browser.client.get(path).text


def test_objections_of_several_people_are_recorded_together(browser):
    """All of them, or none if a number cannot be read; the page keeps what was typed."""
    sent = {"numbers": "01 99 00 55 01\n01 99 00 55\n", "of": "fr", "on": "2026-11-20", "reason": "by post"}
    refused = browser.post("/number/several", sent)
    assert refused.status_code == 400 and 'href="#numbers"' in refused.text and "01 99 00 55 01" in refused.text
    done = browser.post("/number/several", sent | {"numbers": "01 99 00 55 01\n\n+33 6 39 98 55 02\n"})
    assert "Objections recorded: 2." in text_of(browser.client.get(done.headers["location"]))
    number = browser.post("/number", {"number": "+33639985502", "day": "2026-11-26"}).headers["location"]
    known = text_of(browser.client.get(number))
    assert "2026-11-20: by post" in known and "This person asked you not to call" in known


def test_a_number_is_decided_by_what_is_known_of_the_call(browser):
    """By the settings of the office, what is chosen on its page, or a campaign, whose day is another."""
    number = {"number": "+33639985504", "day": "2026-11-26"}
    page = browser.post("/number", number).headers["location"]
    unsaid, first = "Nothing is known yet of the call itself", text_of(browser.client.get(page))
    assert "Say what is known about the call" in first and unsaid in first
    page = browser.post("/number", number | {"told": "1", "fact-caller": "charity"}).headers["location"]
    assert "Caller: a charity" in (said := text_of(browser.client.get(page))) and unsaid not in said
    facts = '[facts]\ncaller = "survey"\npurpose = "opinion"\ncall_at = "2026-03-02"\n'
    assert "Campaign" not in text_of(browser.client.get("/number"))
    keep_campaign(browser.desk.store, "panel", facts)
    assert "Campaign none panel" in text_of(browser.client.get("/number"))
    page = browser.post("/number", number | {"campaign": "panel"}).headers["location"]
    shown = text_of(browser.client.get(page))
    assert "on 2026-11-26?" in shown and "Caller: a polling institute" in shown and "2026-03-02" not in shown
    assert browser.post("/number", number | {"campaign": "no such"}).status_code == 400


def named(kind: str, row: dict[str, str]) -> dict[str, str]:
    """A row of own records as the form of its kind names its fields."""
    return {f"{kind}-{name}": cell for name, cell in row.items()}


def test_own_records_are_recorded_and_count(browser):
    """A consent with its proof, its withdrawal, a call that was made and a customer; what is wrong is said at its form."""
    number = browser.post("/number", {"number": "+33639985503", "day": "2026-11-26"}).headers["location"]
    consent = {"consent": "named_caller", "consent_on": "2026-11-01", "consent_for": "live", "proof": "box 3"}
    consent |= {"channel": "telephone", "consent_on-time": "10:12"}
    call = {"at": "2026-11-20T10:15", "result": "refused", "call_id": "c-1"}
    customer = {"relationship": "contract", "relationship_on": "2026-01-05", "until": "2999-01-01"}
    for kind, sent, place in (
        ("consents", consent | {"consent": ""}, "consent"),
        ("consents", consent | {"consent_on": "2999-01-01"}, "consent_on"),
        ("consents", consent | {"hours_agreed": "evenings"}, "consents"),
        ("calls", call | {"result": ""}, "result"),
        ("calls", call | {"at": "2999-01-01T10:15"}, "calls"),
        ("customers", customer | {"relationship": ""}, "relationship"),
    ):
        at = place if place == kind else f"{kind}-{place}"
        refused = browser.post(f"{number}/{kind}", named(kind, sent))
        assert refused.status_code == 400 and f'href="#{at}"' in refused.text, sent
        assert f'id="{at}"' in refused.text and "what was told" not in text_of(refused)
    told = (("consents", consent), ("consents", {"consent_withdrawn_on": "2026-11-20"}), ("calls", call))
    for kind, sent in (*told, ("customers", customer)):
        assert browser.post(f"{number}/{kind}", named(kind, sent)).headers["location"] == f"{number}?done=recorded"
    page = text_of(browser.client.get(number))
    assert (
        "proof: box 3" in page
        and "channel: telephone" in page
        and "Date on which the consent was withdrawn: 2026-11-20" in page
    )
    assert "result: refused" in page and "contract until: 2999-01-01" in page
    [given] = re.findall(r"(consents:\d+)\W+Consent: to this caller by name", page)
    earlier = named("calls", call | {"at": "2026-11-19T10:15", "call_id": "c-2"})
    assert browser.post(f"{number}/calls", earlier).headers["location"] == f"{number}?done=recorded"
    assert text_of(browser.client.get(number)).count(f"(by {given})") == page.count(f"(by {given})") + 1


def test_the_first_rows_of_a_registry_are_shown_as_they_would_be_loaded(browser):
    """Also that no date of an own list would be read, and what is not understood of a row, before it is loaded.

    A column of days that its name does not tell is proposed first, even if nobody asks to look at the file.
    """
    use = {"as_of": "2026-11-20", "registry": "own", "region": "FR"}
    first = browser.post("/registries", use, files={"file": ("own.csv", OWN_FILE.encode())})
    page = browser.client.get(first.headers["location"])
    kept = re.search(r'name="kept" value="([^"]+)"', page.text)[1]
    assert "+•••••••••99 listed 2026-03-12" in text_of(page)
    use["look"] = "1"
    page = browser.client.get(browser.post("/registries", use | {"kept": kept}).headers["location"])
    assert "No date was read" in text_of(page) and "+•••••••••99 listed" in text_of(page)
    roles = {f"role-{at}": role for at, role in enumerate(("number_column", "since_column", "ignore"))}
    for dates, reads in (("mdy", "counts without its date"), ("dmy", "listed 2026-03-12")):
        page = browser.post("/registries", use | {"kept": kept, "dates": dates} | roles).headers["location"]
        shown = text_of(browser.client.get(page)).partition("as they would be loaded")[2]
        assert reads in shown and ("No date was read" in shown) == (dates == "mdy")
    odd = browser.post("/registries", use | {"registry": "fr-bloctel"}, files={"file": ("own.csv", b"a,b\n1,2\n")})
    assert "own.csv" in text_of(browser.client.get(odd.headers["location"])).partition("as they would be loaded")[2]


def test_what_a_column_is_stays_whatever_its_name(browser):
    """Also with a comma in it; the page then shows what was chosen, and the file is loaded with it."""
    content = 'number;"Nom, prénom";"Le, jour"\n+33199001299;A;2026-03-12\n'
    use = {"as_of": "2026-11-20", "registry": "own"}
    first = ended(browser, browser.post("/registries", use, files={"file": ("own.csv", content.encode())}))
    use |= {"kept": re.search(r'name="kept" value="([^"]+)"', first.text)[1]}
    use |= {f"role-{at}": role for at, role in enumerate(("number_column", "ignore", "since_column"))}
    page = ended(browser, browser.post("/registries", use | {"look": "1"}))
    assert re.findall(r'name="role-\d".*?<option value="(\w+)" selected', page.text) == [*use.values()][-3:]
    twice = browser.post("/registries", use | {"role-1": "since_column"})
    assert twice.status_code == 400 and 'href="#role-2"' in twice.text
    assert "The file is loaded" in ended(browser, browser.post("/registries", use)).text


def test_an_own_list_is_loaded_with_the_names_of_its_columns(browser):
    """The day on which people objected, and why rows may be left out; its entries can be lifted."""
    use = {"as_of": "2026-11-20", "registry": "own", "region": "FR", "dates": "dmy", "role-0": "number_column"}
    use |= {"role-1": "since_column", "unread": " "}
    sent = {"file": ("own.csv", OWN_FILE.encode())}
    wrong = browser.post("/registries", use, files=sent)
    assert ended(browser, wrong).status_code == 400 and '<input id="unread"' in ended(browser, wrong).text
    _ = ended(browser, browser.post("/registries", use | {"unread": "extensions of our own"}, files=sent))
    number = browser.post("/number", {"number": "+33 1 99 00 12 99", "day": "2026-11-26"}).headers["location"]
    assert "2026-03-12" in text_of(browser.client.get(number))
    lift = {"lift": "yes", "lift-on": "2026-11-24", "lift-reason": "asked for a call"}
    assert 'name="lift"' in browser.client.get(number).text
    lifted = browser.post(f"{number}/objection", lift)
    page = browser.client.get(lifted.headers["location"])
    assert "Lifted on 2026-11-24" in text_of(page) and 'name="lift"' not in page.text


def test_an_offer_whose_assessment_is_stopped_is_not_one_that_failed(serve, store, monkeypatch):
    """It is no fault of the offer."""

    def vet(*_, **options) -> None:
        raise StoppedError

    monkeypatch.setattr("dnc.vet", vet)
    browser = serve(store).browser()
    page = ended(browser, browser.post("/offer", files={"offer": ("offer.csv", LIST.encode())}))
    assert "Stopped; nothing was kept of it." in text_of(page) and 'role="alert"' not in page.text


def test_offers_are_assessed_with_price_and_conditions(browser):
    """The pages of the session's offers lead to each other."""
    made = offers.as_csv(offers.rows(3, 60)).encode()
    use = {"at": "2026-12-01", "until": "2027-03-15", "price": "100", "min_clear": "101"}
    files = {"offer": ("offer.csv", made), "brief": ("buyer.toml", offers.BRIEF.encode())}
    wrong = browser.post("/offer", use, files=files)
    assert wrong.status_code == 400 and 'href="#min_clear"' in wrong.text
    shut = ended(browser, browser.post("/offer", use | {"min_clear": "100"}, files=files))
    assert "does not meet your conditions" in shut.text and "offer.csv" in shut.text
    assert "list: offer.csv; assessed as an offer: yes" in text_of(browser.client.get("/log"))
    assert browser.client.get(f"{shut.url.path}/report.html").text.startswith("<!doctype html>")
    assert "sha256-" in browser.client.get(f"{shut.url.path}/report").headers["Content-Security-Policy"]
    other = ended(browser, browser.post("/offer", use | {"min_clear": ""}, files=files))
    assert all(f'href="{shut.url.path}"' in page for page in (other.text, browser.client.get("/offer").text))


def test_an_offer_is_assessed_for_the_calls_of_the_office(browser):
    """What neither form nor brief says is as the office has it, and the form shows it."""
    made, use = offers.as_csv(offers.rows(3, 60)).encode(), {"at": "2026-12-01", "until": "2027-03-15"}
    rest = "".join(
        line for line in offers.BRIEF.splitlines(keepends=True) if not line.startswith(("region", "caller", "cli"))
    )

    def assessed(brief: str) -> str:
        files = {"offer": ("offer.csv", made), "brief": ("buyer.toml", brief.encode())}
        return text_of(ended(browser, browser.post("/offer", use, files=files)))

    possible = "List: offer.csv 11 of 60 calls are possible"
    assert possible in assessed(offers.BRIEF) and possible not in assessed(rest)
    browser.desk.store.set_office({"region": "FR", "caller": "commercial", "cli": "+33199009000", "voice": "ai"})
    form = text_of(browser.client.get("/offer"))
    assert "Caller: a business" in form and "Country of the number: FR" in form
    assert possible in assessed(rest)


def test_an_offer_is_drawn_from_and_its_proofs_are_compared(browser):
    """The draw gives a table for the seller; the answers prove a share."""
    made = offers.as_csv(offers.rows(3, 60)).encode()
    files = {"offer": ("offer.csv", made), "brief": ("buyer.toml", offers.BRIEF.encode())}
    use = {"at": "2026-12-01", "price": "100", "currency": "eur"}
    assert 'href="#currency"' in browser.post("/offer", use | {"currency": "€"}, files=files).text
    offer = ended(browser, browser.post("/offer", use, files=files))
    assert "100.00 EUR for the list, divided by" in text_of(offer)
    at = f"{offer.url.path}/draw"
    assert browser.post(at, {"size": "61"}).status_code == browser.post(at, {"size": "-"}).status_code == 400
    assert browser.client.get(f"{at}.xlsx").status_code == 404
    assert "Rows drawn: 60 of 60" in text_of(browser.client.get(browser.post(at, {"size": "60"}).headers["location"]))
    drawn = browser.client.get(f"{at}.xlsx").content
    header, *rows = openpyxl.load_workbook(io.BytesIO(drawn)).active.iter_rows(values_only=True)
    assert {"row", "number", "proof", "confirmed_on"} <= {*header} and len(rows) == 60
    answers = {"proofs": ("draw.xlsx", drawn)}  # none
    proved = browser.post("/offer", use | {"min_proved": "90"}, files=files | answers)
    page = text_of(ended(browser, proved))
    assert "at least 0% of the list is proved" in page and "does not meet your conditions" in page
    for language, says in {"en": "Questions", "fr": "Questionnaire"}.items():
        letter = browser.client.get(f"{offer.url.path}/letter.{language}.html").text
        assert f"<h2>{says}</h2>" in letter


def test_a_list_is_assessed_as_its_questions_were_answered(browser):
    """It needs no second upload and no brief, and may be chosen from its questions."""
    path = dropped(browser, offers.as_csv(offers.rows(3, 60)), brief=offers.BRIEF)
    link = f"/offer?list={path.rpartition('/')[2]}"
    assert f'href="{link}"' in questions(browser, path).text
    assert f'value="{path.rpartition("/")[2]}" selected' in browser.client.get(link).text
    offer = ended(browser, browser.post("/offer", {"list": path.rpartition("/")[2], "at": "2026-12-01"}))
    assert re.search(r"\d+ of 60 calls are possible", text_of(offer))
    again = ended(browser, browser.post("/offer", {"list": path.rpartition("/")[2], "at": "2026-12-01"}))
    assert re.search(r"\d+ of 60 calls are possible", text_of(again)), "the list is kept"


@pytest.mark.parametrize(("path", "field"), [("/checks", "list"), ("/registries", "file"), ("/offer", "offer")])
def test_a_field_takes_one_file(browser, path, field):
    """A second file would be left out without a word."""
    files = [(field, (name, f"number\n{NUMBER}\n".encode())) for name in ("a.csv", "b.csv")]
    refused = browser.post(path, {"as_of": "2026-08-01"}, files=files)
    assert (refused.status_code, said(refused)) == (400, "Choose one file only")


def test_the_log_is_filtered_verified_and_downloaded(browser):
    """Who did what; a changed row would show."""
    number = browser.post("/number", {"number": NUMBER, "day": "2026-11-26"}).headers["location"]
    browser.post(f"{number}/objection", {"on": "2026-11-20"})
    assert "numbers: 1; said on: 2026-11-20" in text_of(browser.client.get("/log?verb=object"))
    page = text_of(browser.client.get("/log?verb=check"))
    assert "numbers: 1" not in page
    assert "The log is empty" not in page and "Filter" in page
    assert "No row was changed" in text_of(ended(browser, browser.post("/log/verify")))
    rows = list(csv.DictReader(io.StringIO(browser.client.get("/log/log.csv").text)))
    assert [row["verb"] for row in rows] == browser.desk.store.log()["verb"].to_list()


def test_a_folder_for_an_authority_is_downloaded(browser):
    """Signed, with numbers and the log only if they are asked for; without its days the form says what is missing."""
    assert "Give a day." in text_of(browser.post("/log/inspection", data={"from": "2026-11-01"}))
    browser.desk.store.retain("decisions", 12)  # the store may be empty
    days = {"from": "2026-11-01", "to": "2026-11-30"}
    for more, has_numbers in (({}, False), ({"numbers": "yes"}, True)):
        answer = saved(browser, browser.post("/log/inspection", data=days | more))
        with zipfile.ZipFile(io.BytesIO(answer.content)) as folder:
            assert {"index.html", "SHA256SUMS.sig"} <= {*folder.namelist()}
            assert ("log.jsonl" in folder.namelist()) == has_numbers
    assert 'href="/log/inspection"' in browser.client.get("/log").text
    assert "Make the folder" in text_of(browser.client.get("/log/inspection"))


def test_the_log_is_in_the_language_of_the_session(browser):
    """What was done and its details are in words, and days as they are written there."""
    checked(browser, dropped(browser, LIST))
    own = {"as_of": "2026-08-01", "registry": "own"}
    shown = browser.post("/registries", own | {"look": "1"}, files={"file": ("own.csv", b"number\n")})
    assert browser.client.get(shown.headers["location"]).status_code == 200
    ended(browser, browser.post("/registries", own, files={"file": ("own.csv", b"number\n")}))
    browser.post("/language", {"language": "fr"})
    page, log = text_of(browser.client.get("/log")), browser.client.get("/log/log.csv")
    browser.post("/language", {"language": "en"})
    assert 'filename="journal.csv"' in log.headers["Content-Disposition"]
    assert "liste : list.csv ; résultat : 0 appel possible, " in page
    assert "registre : liste d'opposition interne ; établi le : 01/08/2026" in page
    assert "fichier chargé" in page
    assert not re.search(r"\b(load|check|object|counts|blocked|as_of)\b|\.parquet|\d{4}-\d\d-\d\d", page)


def test_every_action_in_the_log_has_a_name():
    """As the code logs them."""
    code = "".join(file.read_text(encoding="utf-8") for file in Path(dnc.__file__).parent.rglob("*.py"))
    logged = re.findall(r"(?:\.log|\.record)\(\s*\"([\w-]+)\"", code)
    assert len(logged) > 10
    assert set(logged) <= set(messages("desk", "fr")["verbs"])


# The end


def tables_of(store: Store) -> list[Path]:
    """Lists, briefs and tables in the folder of a store; folders that vanish while it is walked are passed over."""
    files = (Path(folder, name) for folder, _, names in os.walk(store.path) for name in names)
    return [file for file in files if file.suffix in (".csv", ".parquet", ".toml", ".xlsx")]


def test_nothing_is_left_when_a_session_ends(store):
    """Lists, briefs, rows and downloads go; a list of another session is not shown; the store is whole."""
    with running(store) as desk:
        browser, other = desk.browser(), desk.browser()
        path = dropped(browser, LIST)
        checked(browser, path)
        rows_of(browser, path)
        modes = []
        for file in tables_of(store):
            with suppress(FileNotFoundError):  # the check that has just ended removes its own
                modes.append(file.stat().st_mode)
        assert modes and all(mode & 0o077 == 0 for mode in modes)
        assert other.client.get(path).status_code == 404
        assert other.client.get(f"{path}/files/all.csv").status_code == 404
        browser.post("/leave")
        # What is left are the texts of the rules that the check used.
        assert {file.parent.name for file in tables_of(store)} == {"rules"}
    assert verify(store.journal).faults == []


def test_a_check_is_stopped(store):
    """What it wrote is removed, nothing is logged, and the next check of the list works."""
    lines = "".join(f"{at};01 99 00 {at % 10000:04d};;\n" for at in range(500_000))
    with running(store) as desk:
        browser = desk.browser()
        path = dropped(browser, "ref;Téléphone;caller;objected_on\n" + lines)
        answer = browser.post(f"{path}/run")
        job = answer.headers["location"]
        assert browser.post(f"{path}/run").headers["location"] == job
        browser.post(f"{job}/stop")
        page = ended(browser, answer)
        assert "Stopped; nothing was kept" in text_of(page)
        assert not store.exists or store.log().filter(verb="check").is_empty()
        assert list(store.path.rglob("*.parquet")) == []


def test_a_desk_that_was_started_with_a_list_begins_with_its_questions(start, store, write_file):
    """The address that is printed leads there, and the file itself stays as it is."""
    path = write_file("calls.csv", "number\n01 99 00 04 18\n")
    desk = start(store, path)
    client = desk.client()
    assert desk.opening.startswith(f"{desk.base}checks/given?token=")
    shown = client.get(desk.opening, follow_redirects=True).url
    until(lambda: str(client.get(shown, follow_redirects=True).url).endswith("/questions"), desk)
    assert "List: calls.csv" in client.get(shown, follow_redirects=True).text
    assert path.read_text() == "number\n01 99 00 04 18\n"


def test_a_list_is_given_to_a_desk_of_ones_own(dnc, browser, write_file):
    """Not to one behind a proxy, where nobody knows whose it is."""
    path = write_file("calls.csv", "number\n01 99 00 04 18\n")
    assert dnc("desk", path, "--listen", "127.0.0.1", "--user-header", "X-User")[0] == 2
    assert dnc("desk", "missing.csv")[0] == 4
    assert browser.client.get("/checks/given").status_code == 404
