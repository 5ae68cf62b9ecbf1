"""What an officer does month after month: past checks, campaigns, the settings of the office, and the first steps."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest

from dnc import Store
from dnc.checks.past import brief_of_past, past_checks
from dnc.lists.brief import read_brief
from tests.desk.conftest import Browser, running
from tests.desk.test_pages import dropped, ended, questions, rows_of, text_of

BRIEF = """\
region = "FR"
[columns]
number = "Téléphone"
call = "ref"
consent = "Accord"
consent_on = "Le"
[values.consent]
oui = "named_caller"
[texts.Statut]
nothing = ["Actif"]
objected = ["Stop"]
[facts]
caller = "charity"
purpose = "donation"
voice = "human"
dialler = "manual"
source = "donors"
recipient = "consumer"
relationship = "donor"
attempts = "0"
cli = "01 62 00 00 01"
call_at = "2026-11-30T11:00"
"""
HEADER = "ref;Téléphone;Accord;Le;Statut\n"
MARCH = "A1;01 99 00 12 34;oui;2026-10-01;Actif\nA2;01 99 00 12 35;oui;2026-10-01;Actif\nA3;01 99 00 12 36;;;Actif\n"
APRIL = "A1;01 99 00 12 34;oui;2026-10-01;Stop\nA2;01 99 00 12 35;oui;2026-10-01;Actif\nA4;01 99 00 12 37;;;Actif\n"
OBJECTED = "Opt-out from this caller's calls (GDPR)"  # a law; the policy of the program beside it is not named, too
OFFICE = {"caller": "charity", "purpose": "donation", "voice": "human", "dialler": "manual", "cli": "+33 1 62 00 00 01"}


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """Somebody at a desk on an empty store, for all tests of this module."""
    with running(Store(tmp_path_factory.mktemp("past") / "dnc-store")) as desk:
        yield desk.browser()


def ids(page: str) -> list[str]:
    """The questions on a page."""
    return re.findall(r'name="question" value="([^"]+)"', page)


def an_empty_store_leads_through_three_steps(browser: Browser, tmp_path: Path) -> None:
    """Own list, registries, first list; the samples take the first and the last step, and the steps are gone."""
    steps = text_of(browser.client.get("/"))
    assert "Three steps to begin with" in steps and "done" not in steps
    sent = {"file": ("opposition.csv", browser.client.get("/samples/opposition.csv").content)}
    done = ended(browser, browser.post("/registries", {"as_of": "2026-11-20", "registry": "own"}, files=sent))
    assert "The file is loaded" in done.text
    assert "done" in text_of(browser.client.get("/"))
    path = dropped(browser, browser.client.get("/samples/clients.csv").content.decode())
    ended(browser, browser.post(f"{path}/run"))
    assert len(rows_of(browser, path)) > 60
    assert "Three steps" not in browser.client.get("/").text


def what_the_office_says_is_not_asked(browser: Browser, tmp_path: Path) -> None:
    """It is in the brief of a new list, in whatever language, and is changed for that list alone."""
    path = dropped(browser, HEADER + MARCH)
    page = questions(browser, path).text
    assert "caller" in ids(page)
    charity = re.search(r'for="answer-0-(\d+)">a charity, to ask for a donation', page)[1]
    browser.post(f"{path}/answers", {"question": "caller", "answer-0": charity})
    asked = questions(browser, path).text
    assert "campaign" in ids(asked) and "How are the calls made?" in asked
    wrong = browser.post("/office", OFFICE | {"cli": "12", "own_valid_days": "soon", "region": "XX"})
    assert re.findall(r'<a href="#(\w+)">', wrong.text) == ["region", "cli", "own_valid_days"]
    assert "Type the two letters of a country" in text_of(wrong)
    assert "<title>Please correct this: Settings of the office" in wrong.text
    odd = {"sector": "no such word", "language": "no such language"}
    saved = browser.post("/office", OFFICE | {"own_valid_days": "5", "keep": "yes", "region": "ch"} | odd)
    assert saved.status_code == 303
    store = browser.desk.store
    assert store.office() == OFFICE | {"cli": "+33162000001", "own_valid_days": "5", "keep": "yes", "region": "CH"}
    assert browser.client.get("/number").text.count('value="CH"') == 2
    assert "162000001" not in str(store.log().rows())
    assert "Load a newer list, or say that nothing is new" in text_of(browser.client.get("/"))
    path = dropped(browser, HEADER + MARCH)
    page = questions(browser, path)
    assert "caller" not in ids(page.text) and "Caller: a charity" in text_of(page)
    assert "How are the calls made?" not in page.text
    browser.post(f"{path}/before", {"caller": "press", "voice": "human"})
    brief = browser.client.get(f"{path}/files/brief.toml").text
    assert 'caller = "press"' in brief and 'voice = "human"' in brief
    assert store.office()["caller"] == "charity"


def a_list_is_compared_with_the_one_before_and_checked_again(browser: Browser, tmp_path: Path) -> None:
    """Which calls changed, and why; the numbers are in a file alone; the brief of then decides the next list at once."""
    store = browser.desk.store
    path = dropped(browser, HEADER + MARCH, "dons 2026-03.csv", brief=BRIEF)
    ended(browser, browser.post(f"{path}/run"))
    first = past_checks(store)[0]
    (tmp_path / "then.toml").write_text(brief_of_past(store, first))
    (tmp_path / "brief.toml").write_text(BRIEF)
    then, brief = read_brief(tmp_path / "then.toml"), read_brief(tmp_path / "brief.toml")
    assert (then.texts, then.columns, then.values) == (brief.texts, brief.columns, brief.values)
    assert then.facts == {name: fact for name, fact in brief.facts.items() if name != "call_at"}
    assert browser.post(f"{path}/campaign", {"campaign": "dons"}).status_code == 303

    number = browser.post("/number", {"number": "+33199001299", "day": "2026-11-26"}).headers["location"]
    browser.post(f"{number}/calls", {"calls-at": "2026-11-20T10:15", "calls-result": "busy"})
    assert "records: calls made; rows: 1" in text_of(browser.client.get("/log?verb=record"))
    again = {"past": str(first.id), "call_at": "2026-11-30"}
    result = ended(
        browser, browser.post("/checks", again, files={"list": ("dons 2026-04.csv", (HEADER + APRIL).encode())})
    )
    assert result.url.path.endswith("/result")
    last = past_checks(store)[0]
    assert (last.series, last.id > first.id) == (first.series, True)
    page = browser.client.get(f"/past/{last.id}")
    said = text_of(page)
    assert f"Compared with check {first.id}" in said
    assert f"{OBJECTED}: 1 more among the calls" in said and "This person told you not to call" not in said
    assert "Your own records have changed: calls made" in said
    assert "Numbers that are new: 1; that are gone: 1." in said and "1234" not in said
    assert re.search(r"•34 A1 (possible|needs more information) forbidden", said)
    changed = browser.client.get(f"/past/{last.id}/changed.csv?with={first.id}").text
    rows = list(csv.DictReader(io.StringIO(changed)))
    assert [(row["number"], row["outcome"]) for row in rows] == [("+33199001234", "blocked")]
    trend = browser.client.get("/past", params={"list": first.series}).text
    assert trend.count('<rect class="clear"') == 3 and f"+1 {OBJECTED}" in text_of(
        browser.client.get("/past", params={"list": first.series})
    )
    assert "<rect" not in browser.client.get("/past").text
    assert browser.client.get("/past/1").status_code == 400 and browser.client.get("/past/x").status_code == 404


def a_known_campaign_is_checked_at_once_and_its_columns_serve_another(browser: Browser, tmp_path: Path) -> None:
    """No question for the one; for the other only what the columns and the office do not say."""
    files = {"list": ("dons 2026-05.csv", (HEADER + APRIL).encode())}
    assert 'value="dons"' in browser.client.get("/").text
    result = ended(browser, browser.post("/checks", {"base": "dons", "call_at": "2026-11-30"}, files=files))
    assert result.url.path.endswith("/result")
    assert past_checks(browser.desk.store)[0].detail["declared"]["campaign"] == "dons"
    other = ended(browser, browser.post("/checks", {"base": "columns of dons", "call_at": "2026-11-30"}, files=files))
    asked = ids(other.text)
    assert 0 < len(asked) <= 4 and not {"columns", "texts", "caller", "call_at"} & {*asked}
    rows = "".join(f"B{at};01 99 00 13 {at};oui;2026-10-01;{'Stop' if at < 12 else 'Actif'}\n" for at in range(10, 20))
    more = {"list": ("dons 2026-06.csv", (HEADER + rows).encode())}
    _ = ended(browser, browser.post("/checks", {"base": "dons", "call_at": "2026-11-30"}, files=more))
    trend = text_of(browser.client.get("/past", params={"list": "dons"}))
    assert trend.count(f"+1 {OBJECTED}") == 1  # of more calls a larger share is possible
    unknown = browser.post("/checks", {"base": "nothing"}, files=files)
    assert unknown.status_code == 400 and "no campaign of that name" in text_of(unknown)


def a_registry_file_is_sent_once(browser: Browser, tmp_path: Path) -> None:
    """It is looked at, its columns get roles, rows that cannot be read are accepted in place, and it is loaded."""
    content = "Téléphone,Le,Reçu\n01 99 00 12 99,12/03/2026,x\n12,13/03/2026,x\n".encode()
    seen = ended(
        browser, browser.post("/registries", {"registry": "own", "look": "1"}, files={"file": ("own.csv", content)})
    )
    assert "•• •• •• •• 99 · •2" in text_of(seen) or "99" in text_of(seen)
    assert "01 99 00" not in seen.text
    kept = {"kept": re.search(r'name="kept" value="([^"]+)"', seen.text)[1], "registry": "own", "as_of": "2026-11-20"}
    kept |= {"role-0": "number_column", "role-1": "since_column", "dates": "dmy", "region": "FR"}
    refused = ended(browser, browser.post("/registries", kept))
    assert refused.status_code == 400 and '<input id="unread"' in refused.text
    assert '<option value="since_column" selected>' in refused.text
    done = ended(browser, browser.post("/registries", kept | {"unread": "an extension"}))
    assert "The file is loaded" in done.text and "Since the previous file" in done.text
    assert browser.client.get(f"/registries/files/{kept['kept']}").status_code == 404


STEPS = (
    an_empty_store_leads_through_three_steps,
    what_the_office_says_is_not_asked,
    a_list_is_compared_with_the_one_before_and_checked_again,
    a_known_campaign_is_checked_at_once_and_its_columns_serve_another,
    a_registry_file_is_sent_once,
)


@pytest.mark.large
def test_the_months_of_an_office(browser: Browser, tmp_path):
    """One after the other: each finds what those before it left in the store."""
    for step in STEPS:
        step(browser, tmp_path)
