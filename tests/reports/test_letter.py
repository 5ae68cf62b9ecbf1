"""The letter to a person who asks what is held about their number: what it says, in which words, and what it leaves out."""

from __future__ import annotations

import re
import shutil
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest
from docx import Document

from dnc import Rulebook, Store, check
from dnc.checks.subject_access import answer
from dnc.errors import OptionError
from dnc.law.vocabulary import vocabulary
from dnc.messages import LANGUAGES, duration, in_language, messages
from dnc.reports.letter import letter
from dnc.reports.letter_file import write_letter
from tests.conftest import SAMPLES

BOOK = Rulebook.load()
IDS = {*BOOK.by_id} | (set(BOOK.registries()) - {"own"})
WORDS = {*IDS, *(name for name in vocabulary().columns if "_" in name), "registry:", "undecided", "blocked", "dnc"}
LISTED, OPEN, UNKNOWN = "+33261910810", "+33353010810", "+33536490001"


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags, self.texts = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.texts.append(data)


@pytest.fixture(scope="module")
def template(samples, tmp_path_factory) -> Path:
    """The folder of a store after a check whose decisions were kept, with an objection and its reason."""
    store = Store(shutil.copytree(samples, tmp_path_factory.mktemp("letters") / "dnc-store"))
    store.object([OPEN], date(2026, 8, 1), reason="said so <b>twice</b>")
    check(SAMPLES / "shop.csv", store, region="FR", at="2026-08-10T10:30", keep=True)
    store.retain("decisions", 6)
    return store.path


@pytest.fixture
def found(template, store):
    """What is held about a number in a copy of that store."""
    shutil.copytree(template, store.path)
    return lambda number: answer(store, number, on=date(2026, 11, 25))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("number", [LISTED, OPEN, UNKNOWN])
def test_the_letter_is_in_plain_words(found, tmp_path, number, language):
    """It has no id and no column name, loads and runs nothing, and escapes what was noted."""
    path = tmp_path / "letter.html"
    write_letter(path, letter(found(number), BOOK, language), language)
    page = _Text()
    page.feed(path.read_text(encoding="utf-8").partition("</style>")[2])
    text = " ".join(page.texts)
    assert [word for word in WORDS if re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text)] == []
    assert not {"script", "img", "b"} & set(page.tags)
    assert number in text
    assert "article 15" in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_letter_says_all_that_is_held(found, language):
    """The registry's answer with its days, the objection with its note, the decision with its law, how long."""
    texts = messages("letter", language)
    listed, opted_out, unknown = ("\n".join(_lines(found(number), language)) for number in (LISTED, OPEN, UNKNOWN))
    regime = BOOK.by_id["fr-bloctel-2020"]
    day = {"en": "2026-08-05", "fr": "05/08/2026"}[language]
    assert f"Bloctel | {texts['states']['listed']} | {day}" in listed
    assert texts["you"]["unlisted"].format(registry="Bloctel") in listed and regime.says[language] not in listed
    assert regime.cites[0].texts[language] in listed
    assert in_language(duration("month", 6), language) in listed
    assert texts["shared"].format(registries="Bloctel") in listed
    assert "said so <b>twice</b>" in opted_out
    assert texts["held_none"] in unknown
    assert texts["decisions_none"] in unknown
    assert texts["objections_none"] in unknown
    assert "(+33261910810)" in listed and "02 61 91 08 10" in listed
    for name, blank in texts["blank"].items():
        assert (blank in listed) == (name != "results")


def test_the_letter_does_not_contradict_itself(store, write_file, monkeypatch):
    """The day of an objection is that of the file; checks without kept results are named; a call to come is to come."""
    monkeypatch.setenv("DNC_TODAY", "2026-11-25")
    store.load(
        write_file("own.csv", f"number,listed,since\n{OPEN},yes,2026-09-03\n"), as_of=date(2026, 11, 1), registry="own"
    )
    calls = write_file("calls.csv", f"number,call_at\n{OPEN},2026-12-01\n")
    given = {"caller": "commercial", "voice": "human", "recipient": "consumer", "source": "own_customers"}
    check(calls, store, given=given)
    check(calls, store, given=given, keep=True)
    text = "\n".join(_lines(answer(store, OPEN), "en"))
    assert (
        "On 2026-09-03 you asked us not to call you any more, according to our own list as it stood on 2026-11-01"
        in text
    )
    assert "None of the registries and directories of others" in text and "says anything about your number" not in text
    assert "checks 2 of our log" in text and "We have kept no result" not in text
    assert "for a call planned on 2026-12-01: the call is forbidden and will not be made. You asked" in text


def _lines(found, language):
    for part in letter(found, BOOK, language):
        yield part.text
        yield from map(" | ".join, part.rows)


def test_no_number_was_sent_to_a_directory(store, write_file):
    """Nor to the own list: only what answers a question says that somebody asked about the number."""
    path = write_file("listed.csv", f"number,listed\n{UNKNOWN},yes\n")
    for registry in ("ch-directory", "fr-bloctel", "fr-directory", "ie-ndd", "own"):
        store.load(path, as_of=date(2026, 8, 5), registry=registry)
    asked = {row["registry"]: row["asked"] for row in answer(store, UNKNOWN)["snapshots"]}
    assert [registry for registry, is_asked in asked.items() if is_asked] == ["fr-bloctel"]
    assert len(asked) == 4


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_letter_in_word_says_the_same(found, tmp_path, language):
    """Paragraphs and tables hold every text of the letter, in the same order."""
    path = tmp_path / "letter.docx"
    write_letter(path, letter(found(LISTED), BOOK, language), language)
    document = Document(path)
    paragraphs = [paragraph.text for paragraph in document.paragraphs]
    cells = [[cell.text for cell in row.cells] for table in document.tables for row in table.rows]
    expected = []
    for part in letter(found(LISTED), BOOK, language):
        if part.kind == "table":
            assert cells == list(map(list, part.rows))
        elif part.kind == "list":
            expected += [point for (point,) in part.rows]
        else:
            expected.append(f"[{part.text}]" if part.kind == "blank" else part.text)
    assert paragraphs == expected


def test_a_letter_is_written_by_the_verb(dnc, found):
    """In the language that is asked for; another suffix is wrong usage, and nothing is written."""
    code, out, err = dnc("person", OPEN, "--lang", "fr", "--out", "letter.html")
    assert (code, out, err) == (0, "", "")
    with pytest.raises(OptionError, match=r"must end in \.html or \.docx"):
        write_letter(SAMPLES / "letter.pdf", letter(found(OPEN), BOOK))
    assert not (SAMPLES / "letter.pdf").exists()
