"""What a person has to do at the desk, in a real browser: from a dropped export of 2,000 rows to a page to sign."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page

from dnc import Store
from dnc.law.vocabulary import vocabulary
from tests import some
from tests.browser.test_desk import WAIT, plain, serving
from tests.browser.test_pages import browser  # noqa: F401 - the fixture
from tests.exports import french_crm, people
from tests.lists.exports import EXPORTS, MAY, OBJECTS, UNKNOWN, Column, Export, numbers

ROWS = 2_000
MOST_NEW, MOST_KNOWN, MOST_OF_OFFICE = 15, 4, 11  # clicks: a new list, one of a known campaign, one of a known office
MOST_ASKED = 4  # questions about the list of an office whose settings are known
READ, TAGS, LEFT_OUT = "à lire", "plusieurs étiquettes", "inutile : écartée"  # what a column is for
NOTHING, BY_PERSON = "rien sur les appels", "les appels où parle une personne"
GIVEN, NONE = "nommément désigné", "aucun consentement"
# What is true of all calls, by a part of the question: a part of the answer, or what is typed.
ALL = {
    "Qui appelle": "pour proposer des biens ou des services",
    "De quel pays": "France",
    "L'avez-vous lu": "oui",
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
    "Que dit la colonne": "accepté les appels de cet appelant, passés par une personne",
}
OFFICE = {"caller": "commercial", "purpose": "sale", "sector": "general", "voice": "human", "dialler": "manual"}
OFFICE |= {"cli": "+33162000001", "region": "FR"}
# What somebody says who accepts all else as it is proposed, of single columns, texts and words.
SAID: dict[str, dict[str, str]] = {
    "crm": {"Consentement le": "passés par une personne"},
    "pipedrive": {"Désabonné": NOTHING, "Aucun consentement": NOTHING, "tous les autres": NOTHING, "Oui": GIVEN},
    "odoo": {"Liste noire": NOTHING, "Accordé": GIVEN, "Actif": LEFT_OUT},
}
NONE_OF_THEM = "Aucune ne dit qui l'on peut appeler"  # of the columns of numbers, or with the same cell in every row
MEANINGS = {
    "nothing": NOTHING,
    "objected": "a demandé à ne plus être appelé",
    "refused": "a refusé le dernier appel",
    "unread": "je ne sais pas",
}
CONSENTS = {"named_caller": GIVEN, "none": NONE}
# What is said of a row of a table, by the column that it is about, its text and the answer that is shown: parts of the
# answer, of which the first counts that there is. Without any, the row stays as it is.
Said = Callable[[str, str, str], Sequence[str]]


def accepting(said: dict[str, str]) -> Said:
    """Said by somebody who accepts what is proposed, but for some parts of texts."""
    return lambda column, text, shown: [part for known, part in said.items() if known in text][:1]


def plainer(text: str) -> str:
    """A text without markup; beside words, `#` stands for each number and day, as in the texts of an export."""
    bare = re.sub("<.*?>", "", text).strip().casefold()
    return re.sub(r"[\d#][\d#/.:-]*", "#", bare) if re.search("[^\\W\\d_]", bare) else bare


def of_text(column: Column, text: str, *, gives: bool) -> str:
    """What a text of a column means, of several the worst; or, in a column of consents, whether it `gives` one."""
    parts = text.split(column.separator.strip()) if column.separator else [text]
    for meaning in ("objected", "refused", "unread", "nothing"):
        if set(map(plainer, parts)) & set(map(plainer, column.says.get(meaning, ()))):
            return GIVEN if gives and meaning == "nothing" else MEANINGS[meaning]
    return MEANINGS["objected"]  # also of a column of yes and no, whose yes is not known to be harmless


def knowing(export: Export) -> Said:
    """Said by somebody who knows what each column of an export is for, and each text of those that are read."""
    columns, words = {one.name: one for one in export.columns}, export.campaign.get("values", {}).get("consent", {})
    ours = {theirs: name for name, theirs in export.campaign["columns"].items() if isinstance(theirs, str)}

    def of_column(name: str) -> Sequence[str]:
        if used := ours.get(name):
            return vocabulary().says(used, "fr"), READ
        harmless = columns[name].says.get("nothing", ())[:1]  # of a column of yes and no, which is answered as one
        role = READ if columns[name].role == "read" else LEFT_OUT
        return TAGS if columns[name].separator else role, *(f"{word} : {NOTHING}" for word in harmless)

    def said(column: str, text: str, shown: str) -> Sequence[str]:
        if not column and text in columns:
            return of_column(text)
        if "objected_on" in (ours.get(column), ours.get(text)):
            return (MEANINGS["objected"],)
        if ours.get(column) == "consent":
            return (CONSENTS.get(words.get(text, ""), MEANINGS["unread"]),)
        if column in ours:  # a country, say
            return (MEANINGS["nothing"],)
        return (of_text(columns[column], text, gives=NONE in shown),) if column in columns else ()

    return said


COLUMN_OF_ROW = """li => {
    const before = li.parentElement.previousElementSibling
    const name = before?.tagName === "H3" ? before.textContent : ""
    return name === "Colonnes qui répondent oui ou non" ? "" : name
}"""


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

    def choose(self, select: Locator, *parts: str) -> None:
        """Choose the answer with the first of these parts that any has, unless it is chosen, or proposed."""
        texts = [plain(text) for text in select.locator("option").all_inner_texts()]
        shown = plain(select.evaluate("one => one.selectedOptions[0].text")).removesuffix(" (proposé)")
        for part in filter(None, parts):
            if fits := [text for text in texts if part in text and not text.endswith("(proposé)")]:
                if shown != min(fits, key=len):
                    self.clicks += 1
                    select.select_option(index=texts.index(min(fits, key=len)))
                return

    def answer(self, said: Said) -> None:
        """Answer what a page asks, as far as it is known."""
        page = self.page
        for at in range(page.locator('input[name="question"]').count()):
            self.asked += 1
            kind, _, of = page.locator('input[name="question"]').nth(at).input_value().partition(":")
            for row in page.locator(f'ul.asked li:has([id^="answer-{at}-"])').all():
                label = plain(row.locator("label").text_content())
                column = plain(row.evaluate(f"li => ({COLUMN_OF_ROW})(li)")) if kind == "texts" else of
                general = [part for text, part in ALL.items() if text in label]
                select = row.locator("select")
                shown = select.evaluate("one => one.selectedOptions[0].text") if select.count() else ""
                parts = said(column, label, plain(shown)) or general
                if select.count():
                    self.choose(select, *parts)
                elif row.locator("input").input_value() == "":
                    row.locator("input").fill(parts[0])
            if (box := page.locator(f"#answer-{at}-alike")).count() and said(of, NONE_OF_THEM, ""):
                self.press(box)
            if page.locator(f"fieldset#answer-{at}").count():
                asked = plain(page.locator(f"#answer-{at} legend").inner_text())
                part = next((answer for text, answer in ALL.items() if text in asked), None)
                options = [plain(text) for text in page.locator(f"#answer-{at} .choice label").all_inner_texts()]
                if fits := [text for text in options if part and part in text]:
                    self.press(f"#answer-{at}-{options.index(min(fits, key=len))}")
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


@dataclass(frozen=True)
class Sent:
    """The file of an export, and its numbers by what is true of them."""

    path: Path
    against: set[str]
    unknown: set[str] = field(default_factory=set)
    may: set[str] = field(default_factory=set)


def export(name: str, folder: Path) -> Sent:
    """An export of many rows."""
    if name != "crm":
        path, persons = replace(EXPORTS[name], rows=ROWS).write(folder)
        against, unknown, may = (
            {number for one in persons if one.truth == truth for number in numbers(one)}
            for truth in (OBJECTS, UNKNOWN, MAY)
        )
        return Sent(path, against, unknown, may - against - unknown)
    path = folder / "clients 2026-11.csv"
    path.write_bytes(french_crm(ROWS))
    against = [number for one in people(ROWS) if one.objected_on for number in (one.mobile, one.landline) if number]
    return Sent(path, {f"+33{''.join(filter(str.isdigit, number))[-9:]}" for number in against})


def checked(mouse: Mouse, path: Path, said: Said) -> int:
    """Drop a list and answer until there is a result; how many pages of questions there were."""
    mouse.page.set_input_files("#list", path)
    mouse.clicks += 1
    mouse.press("main form:has(#list) button")
    for stops in range(6):
        if mouse.page.url.endswith("/result"):
            return stops
        mouse.answer(said)
        accept = mouse.page.locator("button[name=accept]").count()
        mouse.press(f'main button[name="{"accept" if accept else "run"}"]')
    pytest.fail("the questions do not end")


def clear_in(page: Page, result: str, file: str = "clear") -> set[str]:
    """The numbers of the calls that are possible, or of those in another file of the result."""
    desk, taken = result.partition("/checks")[0], f"{result.removesuffix('/result')}/files/{file}.csv"
    job = desk + page.request.get(taken, max_redirects=0).headers["location"].removesuffix("/file")
    while not page.request.get(f"{job}/state").json()["ended"]:
        page.wait_for_timeout(100)
    text = page.request.get(f"{job}/file").text().removeprefix("\ufeff")
    rows = csv.DictReader(io.StringIO(text), delimiter=";" if ";dnc_" in text else ",")
    return {row["dnc_number"] for row in rows}


@pytest.mark.parametrize("name", some(SAID, 1))
def test_from_a_dropped_export_to_a_page_to_sign(mouse: Mouse, tmp_path: Path, name: str):
    """Few clicks, accepting what is proposed; nobody who objected may be called.

    The next list of the campaign needs no question.
    """
    page, people_ = mouse.page, export(name, tmp_path)
    checked(mouse, people_.path, accepting(SAID[name] | {NONE_OF_THEM: LEFT_OUT}))
    result = page.url
    page.emulate_media(media="print")
    assert page.locator(".sign").first.is_visible()
    page.emulate_media(media="screen")
    print(f"{name}: {mouse.clicks} clicks, {mouse.asked} questions")
    assert mouse.clicks <= MOST_NEW, mouse
    clear = clear_in(page, result)
    assert clear and not clear & people_.against

    page.fill("#campaign", "automne")
    mouse.press('form[action$="/campaign"] button')
    mouse.press('nav a[href="/"]')
    mouse.clicks = 1
    page.set_input_files("#list", people_.path)
    mouse.choose(page.locator("#base"), "automne")
    mouse.press("main form:has(#list) button")
    page.wait_for_url("**/result")
    page.emulate_media(media="print")
    assert page.locator(".sign").first.is_visible() and mouse.clicks <= MOST_KNOWN


@pytest.mark.parametrize("name", some(SAID, 1))
def test_a_new_campaign_of_an_office(mouse: Mouse, store: Store, tmp_path: Path, name: str):
    """What the settings of the office and the own list say is not asked of another list, but shown."""
    store.set_office(OFFICE)
    own = tmp_path / "own.csv"
    own.write_text("number\n01 99 00 99 99\n")
    store.load(own, registry="own", as_of=date(2026, 11, 26), region="FR")
    people_ = export(name, tmp_path)
    checked(mouse, people_.path, accepting(SAID[name] | {NONE_OF_THEM: LEFT_OUT}))
    print(f"{name}: {mouse.clicks} clicks, {mouse.asked} questions")
    assert mouse.asked <= MOST_ASKED and mouse.clicks <= MOST_OF_OFFICE, mouse
    clear = clear_in(mouse.page, mouse.page.url)
    assert clear and not clear & people_.against


@pytest.mark.parametrize("name", some(EXPORTS, 1))
def test_an_export_of_which_everything_is_known(mouse: Mouse, tmp_path: Path, name: str):
    """Nobody may be called who objected, or of whom it is not known, and most of the others may; `pytest -s` counts."""
    sent = export(name, tmp_path)
    stops = checked(mouse, sent.path, knowing(EXPORTS[name]))
    clear, may = clear_in(mouse.page, mouse.page.url), sent.may & clear_in(mouse.page, mouse.page.url, "all")
    print(
        f"{name}: {stops} pages of questions, {mouse.asked} questions, {mouse.clicks} clicks, "
        f"clear {len(clear & may)} of {len(may)} numbers, wrongly {len(clear & (sent.against | sent.unknown))}"
    )
    assert not clear & (sent.against | sent.unknown)
    assert len(clear & may) > 0.9 * len(may)
