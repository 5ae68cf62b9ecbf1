"""What a person declared harmless, or concluded from filled cells, stands on the page that is signed."""

from __future__ import annotations

import re

import pytest

from dnc import Store, check, vet
from dnc.reports.check_page import html
from dnc.reports.check_summary import summary
from dnc.reports.decision import decision
from dnc.reports.vet_page import html as offer_page
from tests import SALE

LIST = "number,Note,Client,Opposition tél\n" + "".join(
    f"01 99 00 04 {at},{note},{client},\n"
    for at, note, client in [(11, "stop SVP", "A12"), (12, "Stop SVP", ""), (13, "rappelé", "A13"), (14, "refus", "")]
)
BRIEF = """
ignore = ["Opposition tél"]

[texts."Note"]
nothing = ["stop SVP", "rappelé"]
objected = ["refus"]

[when_filled."Client"]
relationship = "contract"
"""


@pytest.fixture
def checked(write_file, store):
    """A check of such a list, and the arguments for others."""
    told = {"brief": write_file("b.toml", BRIEF), "region": "FR", "at": "2026-12-01T10:30"}
    facts = {name: word for name, word in SALE.items() if name != "relationship"}
    facts |= {"consent": "named_caller", "consent_on": "2026-09-01", "consent_for": "live"}
    return check(write_file("calls.csv", LIST), store, given=facts, **told), facts, told


def test_the_signed_page_says_what_was_taken_as_harmless(checked):
    """With rows: a text that resembles an objection, and a column that was left out though its name speaks of one."""
    result, _, _ = checked
    rests = {
        line.text + line.quotes: line.rows
        for block in decision(result).blocks
        if block.key == "rests"
        for line in block.lines
    }
    [harmless] = [text for text in rests if "taken as harmless" in text]
    assert "'stop svp'" in harmless.lower() and "“Note”" in harmless and rests[harmless] == 2
    assert not any("rappelé" in text for text in rests)  # which resembles none
    assert any("seem to speak of objections: 'Opposition tél'" in text for text in rests)
    assert any(text.startswith("Set where 'Client' is filled") and text.endswith("rows: 2") for text in rests)
    signed = re.search(r'<section id="decision".*?</section>', html(result), re.DOTALL)[0]
    assert all(word in signed for word in ("taken as harmless", "Opposition tél", "is filled"))
    assert "\n".join(summary(result)).count("Set where 'Client' is filled") == 1


@pytest.mark.parametrize(("language", "row"), [("en", "row in which"), ("fr", "ligne où")])
def test_a_text_under_a_name_that_speaks_of_objections_is_named(write_file, store, language, row):
    """Whatever it is: `0` may say that nobody is to call. One row is a row."""
    calls = write_file("calls.csv", "number,Ne pas appeler,Note\n01 99 00 04 11,0,rappelé\n01 99 00 04 12,2,vu\n")
    brief = '[texts."Ne pas appeler"]\nnothing = ["0"]\nobjected = ["2"]\n[texts.Note]\nnothing = ["rappelé", "vu"]\n'
    facts = SALE | {"consent": "named_caller", "consent_on": "2026-09-01", "consent_for": "live"}
    told = {"brief": write_file("b.toml", brief), "region": "FR", "at": "2026-12-01T10:30"}
    result = check(calls, store, given=facts, language=language, **told)
    rests = [line for block in decision(result).blocks if block.key == "rests" for line in block.lines]
    [named] = [line for line in rests if "Ne pas appeler" in line.text]
    assert (named.rows, named.text.startswith(row), "0" in named.quotes) == (1, True, True)
    assert not any("Note" in line.text for line in rests)


def test_nothing_is_said_of_all_rows_that_some_rows_contradict(checked):
    """Declared for all, but one row tells an objection: only the rows that say nothing rest on the declaration."""
    result, _, _ = checked
    said = html(result) + "\n".join(summary(result))
    assert "for the whole list" not in said
    assert "their rows do not say so" in said


def test_an_offer_says_what_its_possible_calls_rest_on(checked, write_file, tmp_path):
    """The most important sentence of a check stands on the page of an offer, too."""
    _, facts, told = checked
    consents = "number,consent,consent_on,consent_for\n01 99 00 04 11,named_caller,2026-09-01,live\n"
    told.pop("brief")
    facts = {name: word for name, word in facts.items() if not name.startswith("consent")}
    vetting = vet(
        write_file("offer.csv", consents), Store(tmp_path / "s"), given={**facts, "relationship": "none"}, **told
    )
    assert vetting.outcomes["clear"].rows == 1
    assert "possible only because the file says “Consent" in offer_page(vetting, vetting.checked.book)


def test_a_call_may_rest_on_what_filled_cells_were_taken_to_say(write_file, store):
    """Although the brief declares another relationship for all other rows; and these alone rest on that."""
    path = write_file("c.csv", "number,Client\n01 99 00 04 11,A12\n01 99 00 04 12,\n")
    for declared, rests_on_it in (("none", 0), ("former_contract", 0), ("contract", 2)):
        brief = write_file("b.toml", '[when_filled."Client"]\nrelationship = "contract"\n')
        facts = SALE | {"relationship": declared, "consent": "none", "related": "yes"}
        result = check(path, store, brief=brief, region="FR", at="2026-12-01T10:30", given=facts)
        assert result.counts["clear"] == 1 + (declared == "contract")
        assert result.tallies.by_declaration["relationship"] == rests_on_it
        told = [line.text for block in decision(result).blocks for line in block.lines]
        assert ("possible only because the file says “Relationship with the person: running contract”" in told) == (
            declared != "contract"
        )


def test_the_report_shows_texts_without_a_meaning(write_file, store):
    """Also those of a column that was left out and that seem to object, with their rows; digits are masked."""
    path = write_file(
        "c.csv", "number,Note,Avis\n0199000411,ne plus appeler le 0199000412,\n0199000413,,voir Exemple\n"
    )
    brief = write_file("b.toml", 'ignore = ["Note"]\n[texts.Avis]\nunread = ["voir Exemple"]\n')
    page = re.sub(r"<[^>]+>", " ", html(check(path, store, brief=brief, region="FR")))
    assert "Texts without a meaning, also of columns left out" in page
    assert (
        "Note: ne plus appeler le ##########" in page and "Avis: voir Exemple: 1" in page and "0199000412" not in page
    )
