"""What a person has to do at the desk, in a real browser: from a dropped export of 2,000 rows to a page to sign."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page

from dnc import Store
from tests import some
from tests.browser.test_desk import WAIT, plain, serving
from tests.browser.test_pages import browser  # noqa: F401 - the fixture
from tests.exports import french_crm, people
from tests.lists.exports import EXPORTS, OBJECTS, numbers

ROWS = 2_000
MOST_NEW, MOST_KNOWN = 15, 5  # clicks, for a new list and for one of a known campaign
NOTHING, BY_PERSON = "rien sur les appels", "les appels où parle une personne"
GIVEN, NONE = "nommément désigné", "aucun consentement"
# What is true of all calls, by a part of the question: a part of the answer, or what is typed.
ALL = {
    "Qui appelle": "pour proposer des biens ou des services",
    "Comment les appels": "compose chaque numéro",
    "Quel numéro la personne": "01 62 00 00 01",
    "vient chaque numéro": "formulaire",
    "consommateur ou": "en tant que particulier",
    "est-ce qui est proposé": "autre chose",
    "demandé de ne plus": "personne sur cette liste",
    "Quel lien": "rien ne lie",
    "Combien de fois": "0",
    "vide dans la colonne Opposition": "pas opposée",
    "vide dans la colonne Consentement": "pas donné son consentement",
    "porte-t-il sur": BY_PERSON,
}
# What is said of single columns, texts and words; all others are accepted as they are proposed.
SAID: dict[str, dict[str, str]] = {
    "crm": {"Consentement le": "passés par une personne", "consommateur ou": "Qualité"},
    "pipedrive": {"Désabonné": NOTHING, "Aucun consentement": NOTHING, "tous les autres": NOTHING, "Oui": GIVEN},
    "odoo": {"Liste noire": NOTHING, "Accordé": GIVEN},
}


@dataclass
class Mouse:
    """A page that is used with the mouse.

    clicks: what was pressed or chosen; what is typed needs none.
    """

    page: Page
    clicks: int = 0
    asked: int = 0

    def press(self, pressed: str | Locator) -> None:
        """Press a link, a button or a box, and wait for what comes of it."""
        self.clicks += 1
        (self.page.locator(pressed).first if isinstance(pressed, str) else pressed).click()
        self.page.wait_for_url(lambda address: "/jobs/" not in address)

    def choose(self, select: Locator, part: str) -> None:
        """Choose the answer with this part, unless it is chosen."""
        texts = [plain(text) for text in select.locator("option").all_inner_texts()]
        fits = [text for text in texts if part and part in text and not text.endswith("(proposé)")]
        shown = plain(select.evaluate("one => one.selectedOptions[0].text")).removesuffix(" (proposé)")
        if fits and shown != min(fits, key=len):
            self.clicks += 1
            select.select_option(index=texts.index(min(fits, key=len)))

    def answer(self, said: dict[str, str]) -> None:
        """Answer what a page asks, as far as it is known."""
        page, known = self.page, {**said, **ALL}
        for at in range(page.locator('input[name="question"]').count()):
            self.asked += 1
            for row in page.locator(f'ul.asked li:has([id^="answer-{at}-"])').all():
                label = plain(row.locator("label").inner_text())
                part = next((part for text, part in known.items() if text in label), "")
                if row.locator("select").count():
                    self.choose(row.locator("select"), part)
                elif row.locator("input").input_value() == "":
                    row.locator("input").fill(part)
            if (box := page.locator(f"#answer-{at}-apart")).count():
                self.press(box)
            if page.locator(f"fieldset#answer-{at}").count():
                asked = plain(page.locator(f"#answer-{at} legend").inner_text())
                part = next((answer for text, answer in ALL.items() if text in asked), None)
                options = [plain(text) for text in page.locator(f"#answer-{at} .choice label").all_inner_texts()]
                if fits := [place for place, text in enumerate(options) if part and part in text]:
                    self.press(f"#answer-{at}-{fits[0]}")
            elif page.locator(f"input#answer-{at}").count():
                page.fill(f"#answer-{at}", "0")


@pytest.fixture
def mouse(browser: Browser, store: Store, monkeypatch) -> Iterator[Mouse]:  # noqa: F811
    """A desk on an empty store, opened in French on a working day."""
    monkeypatch.setenv("DNC_TODAY", "2026-11-27")
    with serving(store, "fr") as address:
        page = browser.new_page(locale="fr-FR")
        page.set_default_timeout(WAIT)
        page.goto(address)
        yield Mouse(page)
        page.close()


def export(name: str, folder: Path) -> tuple[Path, set[str]]:
    """An export of many rows, and the numbers of those who object."""
    if name != "crm":
        path, persons = replace(EXPORTS[name], rows=ROWS).write(folder)
        return path, {number for one in persons if one.truth == OBJECTS for number in numbers(one)}
    path = folder / "clients 2026-11.csv"
    path.write_bytes(french_crm(ROWS))
    against = [number for one in people(ROWS) if one.objected_on for number in (one.mobile, one.landline) if number]
    return path, {f"+33{''.join(filter(str.isdigit, number))[-9:]}" for number in against}


@pytest.mark.parametrize("name", some(SAID, 1))
def test_from_a_dropped_export_to_a_page_to_sign(mouse: Mouse, tmp_path: Path, name: str):
    """Few clicks; nobody who objected may be called.

    The next list of the campaign needs no question.
    """
    page, (path, against) = mouse.page, export(name, tmp_path)
    page.set_input_files("#list", path)
    mouse.clicks += 1
    mouse.press("main form:has(#list) button")
    for _ in range(5):
        if page.url.endswith("/result"):
            break
        mouse.answer(SAID[name])
        mouse.press(f'main button[name="{"accept" if page.locator("button[name=accept]").count() else "run"}"]')
    result = page.url
    mouse.press('a[href$="/report"]')
    assert page.locator(".sign").first.is_visible()
    print(f"{name}: {mouse.clicks} clicks, {mouse.asked} questions")
    assert mouse.clicks <= MOST_NEW, mouse

    desk, taken = result.partition("/checks")[0], f"{result.removesuffix('/result')}/files/clear.csv"
    job = desk + page.request.get(taken, max_redirects=0).headers["location"].removesuffix("/file")
    while not page.request.get(f"{job}/state").json()["ended"]:
        page.wait_for_timeout(100)
    text = page.request.get(f"{job}/file").text().removeprefix("\ufeff")
    rows = csv.DictReader(io.StringIO(text), delimiter=";" if ";dnc_" in text else ",")
    clear = {row["dnc_number"] for row in rows}
    assert clear and not clear & against

    page.goto(result)
    page.fill("#campaign", "automne")
    mouse.press('form[action$="/campaign"] button')
    mouse.press('nav a[href="/"]')
    mouse.clicks = 1
    page.set_input_files("#list", path)
    mouse.choose(page.locator("#base"), "automne")
    mouse.press("main form:has(#list) button")
    page.wait_for_url("**/result")
    mouse.press('a[href$="/report"]')
    assert page.locator(".sign").first.is_visible() and mouse.clicks <= MOST_KNOWN
