"""The desk in a real browser, by keyboard alone: from a list to its result, and an objection that changes one row."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Download, Page, expect

from dnc import Store
from tests import offers
from tests.browser.test_pages import RULES, browser  # noqa: F401 - the fixture
from tests.exports import french_crm

SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
TARGET = 44  # pixels of what is pressed
PAPER = 718  # pixels between the margins of A4
TABS = 400  # from the top of a page to anything on it
WAIT = 240_000  # milliseconds, on a machine that is busy


class Keyboard:
    """A page that is used with the keys of the keyboard, and looked over at each step."""

    def __init__(self, page: Page, shots: Path) -> None:
        self.page, self._shots, self._steps = page, shots, 0
        self.addresses, self._downloads = list[str](), list[Download]()
        page.on("download", lambda one: self._downloads.extend([one]))  # a method of a list cannot be given
        page.on("framenavigated", lambda frame: self.addresses.append(frame.url))
        page.on("filechooser", lambda _: None)  # from now on: a dialogue that opens while this is switched on is lost

    def reach(self, selector: str) -> None:
        """Press Tab until the focus is on an element, and see that it shows."""
        wanted = self.page.locator(selector).first
        expect(wanted).to_be_attached()
        for _ in range(TABS):
            if wanted.evaluate("one => one === document.activeElement"):
                break
            self.page.keyboard.press("Tab")
        else:
            pytest.fail(f"Tab does not reach {selector}")
        assert self.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none", selector

    def press(self, selector: str) -> None:
        """Press Enter on a link or a button, and wait for its page."""
        self.reach(selector)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def choose(self, selector: str) -> None:
        """Choose one of several: Tab goes to the one that is chosen or to the first, the arrows to the others."""
        name, wanted = self.page.locator(selector).get_attribute("name"), self.page.locator(selector)
        chosen = f'input[name="{name}"]:checked'
        self.reach(chosen if self.page.locator(chosen).count() else f'input[name="{name}"]')
        self.page.keyboard.press("Space")
        for _ in range(TABS):
            if wanted.evaluate("one => one === document.activeElement"):
                break
            self.page.keyboard.press("ArrowDown")
        expect(wanted).to_be_checked()

    def file(self, selector: str, path: Path) -> None:
        """Choose a file, as the dialogue of the system would."""
        self.reach(selector)
        with self.page.expect_file_chooser() as chooser:
            self.page.keyboard.press("Space")
        chooser.value.set_files(path)

    def save(self, selector: str) -> Download:
        """Press what gives a file, which comes at once, or by a link where it takes longer to make."""
        page, before = self.page, len(self._downloads)
        self.reach(selector)
        page.keyboard.press("Enter")
        while len(self._downloads) == before:
            if page.locator('main a[href$="/file"]').count():
                with page.expect_download():
                    self.reach('main a[href$="/file"]')
                    page.keyboard.press("Enter")
                self.press("main a:not(.button)")
            page.wait_for_timeout(100)
        return self._downloads[-1]

    def seen(self, name: str) -> None:
        """Look over a page: axe finds nothing, it fits the window, and what is pressed is large enough.

        Light and dark; it stays in the one that it had not before, so that the focus is seen in both.
        """
        self._steps += 1
        for scheme in ("dark", "light") if self._steps % 2 else ("light", "dark"):
            self.page.emulate_media(color_scheme=scheme)
            shot = self._shots / f"{self._steps:02d}-{name}-{scheme}.png"
            self.page.screenshot(path=shot, full_page=True)
            found = Axe().run(self.page, options={"runOnly": [*RULES, "wcag22aa"]}).response["violations"]
            assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in found] == [], shot.stem
        assert self.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name
        small = self.page.evaluate(
            "least => [...document.querySelectorAll('button, select, .button, input:not([type=hidden],[type=radio],"
            "[type=checkbox]), .choice, .menu a')].filter(one => one.offsetHeight && one.offsetHeight < least)"
            ".map(one => one.outerHTML)",
            TARGET,
        )
        assert small == [], name
        self._printed(name)

    def _printed(self, name: str) -> None:
        """See that nothing is wider than the paper: a browser would print all of the page smaller."""
        screen = self.page.viewport_size
        self.page.emulate_media(media="print")
        self.page.set_viewport_size({"width": PAPER, "height": screen["height"]})
        assert self.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"{name}, printed"
        self.page.set_viewport_size(screen)
        self.page.emulate_media(media="screen")


@contextlib.contextmanager
def serving(store: Store, language: str) -> Iterator[str]:
    """A desk in a process of its own; gives the address that it prints."""
    command = [sys.executable, "-m", "dnc", "desk", "--no-browser", "--port", "0", "--lang", language]
    process = subprocess.Popen(
        [*command, "--store", str(store.path)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


@pytest.fixture(params=list(SIZES))
def keyboard(request, browser: Browser, store: Store, tmp_path: Path) -> Iterator[Keyboard]:  # noqa: F811
    """A desk on an empty store, opened in French."""
    width, height = SIZES[request.param]
    with serving(store, "fr") as address:
        page = browser.new_page(viewport={"width": width, "height": height}, locale="fr-FR")
        page.set_default_timeout(WAIT)
        said: list[str] = []
        page.on("console", lambda one: said.append(one.text))
        page.on("pageerror", lambda one: said.append(str(one)))
        page.goto(address)
        yield Keyboard(page, tmp_path)
        page.close()
        assert said == []


# What is answered to each question, by a part of its text: a part of the option, or what is typed; else not known.
ANSWERS = {
    "Qui appelle": "pour proposer des biens ou des services",
    "La colonne Opposition": "si la cellule est vide",
    "consommateur ou": "Qualité",
    "La colonne Consentement le": "La colonne",
    "Que dit la colonne Consentement le": "passés par une personne",
    "cellule vide dans la colonne Consentement": "pas donné",
    "appels sont-ils passés": "compose chaque numéro",
    "vient chaque numéro": "clients",
    "pour l'appelant": "rien ne lie",
    "est-ce qui est proposé": "général",
}


def plain(text: str) -> str:
    """A text with plain spaces where French has its own."""
    return re.sub(r"\s", " ", text)


def answered(keyboard: Keyboard) -> int:
    """Answer the questions of one page after the other; how many there were."""
    page, count = keyboard.page, 0
    for _ in range(40):
        questions = page.locator('input[name="question"]')
        if not questions.count():
            return count
        keyboard.seen("-".join(question.get_attribute("value") for question in questions.all()))
        for choices in page.locator("main fieldset").all():
            asked = plain(choices.locator("legend").inner_text())
            wanted = next((part for text, part in ANSWERS.items() if text in asked), None)
            labels = choices.locator(".choice label")
            texts = [plain(text) for text in labels.all_inner_texts()]
            at = next((at for at, text in enumerate(texts) if wanted and wanted in text), len(texts) - 1)
            keyboard.choose(f"#{labels.nth(at).get_attribute('for')}")
        count += questions.count()
        proposes = page.locator('button[name="decline"]').count()
        keyboard.press('button[name="decline"]' if proposes else "main button.first")
        page.wait_for_url(lambda address: "/jobs/" not in address)
    pytest.fail("the questions do not end")


def outcomes(path: Path) -> list[tuple]:
    """Reference, number and outcome of each call in a workbook."""
    with contextlib.closing(openpyxl.load_workbook(path, read_only=True)) as book:
        header, *rows = book["verdicts"].iter_rows(values_only=True)
    at = [header.index(name) for name in ("Réf.", "dnc_number", "dnc_outcome")]
    return [tuple(row[place] for place in at) for row in rows]


def downloaded(keyboard: Keyboard, name: str, folder: Path) -> Path:
    """Download a file of the result."""
    path = folder / f"{len(list(folder.iterdir()))}-{name}"
    keyboard.save(f'a[href$="/files/{name}"]').save_as(path)
    return path


def checked(keyboard: Keyboard, selector: str) -> None:
    """Start a check, and wait for its result."""
    keyboard.press(selector)
    keyboard.page.wait_for_url("**/result")


def test_from_a_list_to_an_objection(keyboard: Keyboard, store: Store, tmp_path: Path):
    """A data officer checks an export, reads why, takes the workbook, records an objection: exactly that row changes."""
    page = keyboard.page
    path = tmp_path / "clients.csv"
    path.write_bytes(french_crm(300))
    keyboard.seen("home")
    keyboard.file("#list", path)
    keyboard.press("main form:has(#list) button")
    expect(page.locator("h1")).to_have_text("Questions sur la liste", timeout=WAIT)
    keyboard.seen("questions")
    keyboard.press('main a[href^="/checks/"]')
    keyboard.seen("list")
    assert not re.search(r"01 ?99|06 ?39", page.content())
    keyboard.press("a.button")
    assert answered(keyboard) > 5
    keyboard.seen("answered")
    checked(keyboard, 'form[action$="/run"] button')
    keyboard.seen("result")
    result = page.url
    page.goto(f"{result}?outcome=blocked")
    keyboard.seen("blocked")
    outcome = page.locator("table.rows td.outcome").first.bounding_box()
    assert outcome["x"] + outcome["width"] <= page.viewport_size["width"], "a phone shows it without scrolling"
    keyboard.press("table.rows tbody a")
    expect(page.locator("main")).to_contain_text("interdit l'appel")
    assert page.locator('.cites a[href^="https://"]').count()
    keyboard.seen("why")

    keyboard.press('main a[href*="/result"]')
    assert page.url == f"{result}?outcome=blocked#rows", "back to what was chosen"
    before = outcomes(downloaded(keyboard, "all.xlsx", tmp_path))
    assert {outcome for _, _, outcome in before} >= {"blocked"}
    number = next(number for _, number, outcome in before if outcome != "blocked")

    keyboard.press('nav a[href="/number"]')
    keyboard.seen("number")
    keyboard.reach("#number")
    page.keyboard.type(number)
    keyboard.press("main button.first")
    keyboard.seen("known")
    keyboard.press("form:has(#on) button")
    expect(page.locator(".done")).to_be_visible()
    keyboard.seen("objected")

    keyboard.press('nav a[href="/checks"]')
    keyboard.press('main a[href$="/next"]')
    checked(keyboard, 'form[action$="/run"] button')
    keyboard.seen("again")
    after = outcomes(downloaded(keyboard, "all.xlsx", tmp_path))
    changed = [now for was, now in zip(before, after, strict=True) if was != now]
    assert changed
    assert {(one[1], one[2]) for one in changed} == {(number, "blocked")}
    assert len(changed) == sum(one[1] == number for one in before)
    keyboard.press('a[href="?changed=1#rows"]')
    expect(page.locator("table.rows tbody tr")).to_have_count(len(changed))
    keyboard.seen("changed")
    for name, link in {"registries": "/registries", "offer": "/offer", "log": "/log"}.items():
        keyboard.press(f'nav a[href="{link}"]')
        keyboard.seen(name)
    keyboard.press('main a[href="/log/inspection"]')
    keyboard.seen("inspection")
    keyboard.press('nav a[href="/past"]')
    keyboard.press('table a[href^="/past/"]')
    keyboard.seen("past-check")
    keyboard.press('a[href^="/past?list="]')
    expect(page.locator("td.track svg").first).to_be_visible()
    keyboard.seen("trend")
    keyboard.press('footer a[href="/office"]')
    keyboard.seen("office")

    digits = number.removeprefix("+33")
    assert all(digits not in address for address in keyboard.addresses)
    assert digits not in "".join(map(str, store.log().rows()))


def test_an_offer_and_its_draw(keyboard: Keyboard, tmp_path: Path):
    """A buyer reads what a list is worth, and draws; the letters are there to take."""
    page = keyboard.page
    (tmp_path / "offre.csv").write_text(offers.as_csv(offers.rows(3, 120)), encoding="utf-8")
    (tmp_path / "achat.toml").write_text(offers.BRIEF, encoding="utf-8")
    keyboard.press('nav a[href="/offer"]')
    keyboard.file("#offer", tmp_path / "offre.csv")
    keyboard.file("#brief", tmp_path / "achat.toml")
    for field, text in {"at": "2026-12-01", "until": "2027-01-31", "price": "60", "currency": "EUR"}.items():
        page.fill(f"#{field}", text)
    keyboard.press("main button.first")
    page.wait_for_url(re.compile(r"/offer/[\w-]+$"), timeout=WAIT)
    assert "EUR pour le fichier" in plain(page.locator("#decision").inner_text())
    keyboard.seen("offer-result")
    letters = [one.get_attribute("href") for one in page.locator('a[href*="/letter."]').all()]
    assert [letter.rpartition("/")[2] for letter in letters] == ["letter.fr.html", "letter.en.html"]
    keyboard.press('form[action$="/draw"] button')
    expect(page.locator('a[href$="/draw.xlsx"]')).to_be_visible()
    keyboard.seen("offer-drawn")


def test_a_registry_and_a_folder_for_an_authority(keyboard: Keyboard, tmp_path: Path):
    """An own list is looked at and loaded, and what the desk did is handed over; then the session is closed."""
    page = keyboard.page
    (tmp_path / "own.csv").write_text("Téléphone\n+33 1 99 00 12 99\n+33 6 39 98 00 01\n", encoding="utf-8")
    keyboard.press('a[href="/registries?registry=own"]')
    page.fill("#as_of", "2026-11-20")
    keyboard.file("#file", tmp_path / "own.csv")
    keyboard.press('button[name="look"]')
    keyboard.seen("registry-file")
    keyboard.press("main button.first")
    page.wait_for_url("**/registries/loads/*")
    keyboard.seen("registry-loaded")
    keyboard.press('nav a[href="/log"]')
    keyboard.press('form[action="/log/verify"] button')
    expect(page.locator(".done")).to_be_visible()
    keyboard.seen("verified")
    keyboard.press('main a[href="/log/inspection"]')
    for field in ("from", "to"):
        page.fill(f"#{field}", "2026-11-29")
    assert keyboard.save("main button.first").suggested_filename.endswith(".zip")
    keyboard.press('form[action="/leave"] button')
    keyboard.seen("left")
