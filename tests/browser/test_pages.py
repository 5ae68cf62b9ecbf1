"""The pages in a real browser: `make pages`. Not part of `make test`, since it wants Chromium on the machine."""

from __future__ import annotations

import os
import re
import shutil
import zipfile
from datetime import date, timedelta
from io import BytesIO
from itertools import combinations
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright
from pypdf import PdfReader

from dnc import Asked, Rulebook, Store, check, vet
from dnc.checks.inspection import Scope, inspect
from dnc.lists.brief import read_brief
from dnc.reports.inspection_folder import write_folder
from dnc.reports.law_page import html as law_html
from dnc.reports.vet_page import html
from tests import offers
from tests.exports import french_crm
from tests.reports.test_check_page import CALLS, GIVEN

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"]
SIZES = {"desktop": (1280, 900), "telephone": (390, 844), "narrow": (360, 740)}
FIRST_SCREEN = 700  # pixels
CRM = """\
region = "FR"
ignore = ["*"]
dates = "dmy"

[columns]
number = ["Tél. mobile", "Tél. fixe"]
objected_on = "Opposition"
recipient = "Qualité"
consent_on = "Consentement le"

[facts]
caller = "commercial"
call_at = "2026-12-01"
voice = "human"
dialler = "manual"
source = "opt_in_form"
relationship = "none"
cli = "01 99 00 90 00"
sector = "general"

[when_empty]
Opposition.objected_on = "none"
"Consentement le".consent = "none"

[when_filled."Consentement le"]
consent = "named_caller"
consent_for = "live"

[values.recipient]
Particulier = "consumer"
Professionnel = "business"
"""
DECIDES = {  # what a person has to find at once: the result, when to call, why not all, what to do, and where to sign
    "en": ("need more information", "When you may call", "Why not the others", "What to do next", "Signature"),
    "fr": ("à compléter", "Quand appeler", "Pourquoi pas les autres", "Que faire maintenant", "Signature"),
}
A4_POINTS = (595, 842)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]


@pytest.fixture(autouse=True, scope="module")
def working_day():
    """The clock at a working day: on Saturdays and Sundays sales calls are forbidden, and the pages say so instead."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DNC_TODAY", "2026-11-27")
        yield


@pytest.fixture(scope="module")
def browser():
    """Chromium of this machine, or of $CHROMIUM."""
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not chromium:
        pytest.fail("no Chromium here: install the package chromium, or name one with CHROMIUM=PATH", pytrace=False)
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=chromium, args=FLAGS)


def checked(language: str, store: Store, folder: Path) -> Path:
    """The page of a check; many rows, so that there is something to print."""
    rows = CALLS + "".join(f"06 39 98 00 {at:02d},consumer,,,,,purchased,,\n" for at in range(100))
    path, out = _written(folder / "calls.csv", rows), folder / "check.html"
    check(path, store, region="FR", given=GIVEN, language=language, out=out)
    return out


def exported(language: str, store: Store, folder: Path) -> Path:
    """The page of a check of a CRM export of 5,000 rows."""
    path, out = folder / "export.csv", folder / "crm.html"
    path.write_bytes(french_crm())
    check(path, store, brief=read_brief(_written(folder / "crm.toml", CRM)), language=language, out=out)
    return out


def vetted(language: str, store: Store, folder: Path) -> Path:
    """The page of a vetting, of a sample, with price and gate."""
    made = offers.rows(3, 60)
    path, brief = _written(folder / "sample.csv", offers.as_csv(made)), _written(folder / "buyer.toml", offers.BRIEF)
    use = {"brief": read_brief(brief), "at": "2026-12-01", "until": date(2027, 3, 15)}
    asked = Asked(price=100, min_clear=0.1, max_undecided=0.1)
    sample = vet(path, store, sample_of=300, asked=asked, **use)
    return _written(folder / "vet.html", html(sample, Rulebook.load(), language))


def ruled(language: str, store: Store, folder: Path) -> Path:
    """The page of the rules of France."""
    pack = Rulebook.load().packs["fr"]
    return _written(folder / "law.html", law_html([(pack, pack.regimes)], language))


def inspected(language: str, store: Store, folder: Path) -> Path:
    """The page of a folder for an authority."""
    check(_written(folder / "calls.csv", CALLS), store, region="FR", given=GIVEN)
    found = inspect(store, Scope(date.today() - timedelta(days=1), date.today()))
    write_folder(folder / "folder.zip", found, Rulebook.load(), language, numbers=False)
    with zipfile.ZipFile(folder / "folder.zip") as made:
        return Path(made.extract("index.html", folder))


DECIDING = [(page, language) for page in (checked, exported, vetted) for language in ("en", "fr")]
RULED = [(ruled, language) for language in ("en", "fr")]
CERTIFIED = [(page, language) for page in (inspected,) for language in ("en", "fr")]


def _name(one: object) -> str:
    return f"{one[0].__name__}-{one[1]}" if isinstance(one, tuple) else str(one)


def _written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module", params=DECIDING + RULED + CERTIFIED, ids=_name)
def path(request, tmp_path_factory) -> Path:
    """A page in one language."""
    write, language = request.param
    folder = tmp_path_factory.mktemp("page")
    return write(language, Store(folder / "store"), folder)


@pytest.fixture(params=list(SIZES))
def page(request, browser: Browser, path: Path):
    """The page, opened; what it asked for and complained of is kept on it."""
    width, height = SIZES[request.param]
    opened = browser.new_page(viewport={"width": width, "height": height})
    opened.asked, opened.said = [], []
    opened.on("request", lambda one: opened.asked.append(one.url))
    opened.on("console", lambda one: opened.said.append(one.text))
    opened.on("pageerror", lambda one: opened.said.append(str(one)))
    opened.goto(path.as_uri())
    opened.wait_for_load_state("networkidle")
    yield opened
    opened.close()


def test_it_loads_in_silence(page: Page, path: Path):
    """One request, for the file itself; nothing in the console."""
    assert [url for url in page.asked if not url.startswith("data:")] == [path.as_uri()]
    assert page.said == []


@pytest.mark.parametrize("path", DECIDING, ids=_name, indirect=True)
@pytest.mark.parametrize("page", ["desktop", "telephone"], indirect=True)
def test_the_first_screen_holds_the_decision(page: Page, path: Path):
    """Sentence, use, conditions until when, and the bar; in a wide window also why, and what to do next."""
    language = page.locator("html").get_attribute("lang")
    last = page.locator("#decision .when li").last.bounding_box()
    assert last["y"] + last["height"] <= FIRST_SCREEN
    found = DECIDES[language][:-1] if page.viewport_size["width"] > 1000 else DECIDES[language][:2]
    above = page.evaluate(
        f"[...document.querySelectorAll('#decision *')].filter(e => e.getBoundingClientRect().bottom <= {FIRST_SCREEN})"
        ".map(e => e.textContent).join(' ')"
    )
    assert [words for words in found if words not in above.replace("\xa0", " ")] == []
    assert page.locator("#decision ol li").count() >= 2


@pytest.mark.parametrize("path", DECIDING, ids=_name, indirect=True)
def test_the_bars_are_seen(page: Page):
    """The bar of outcomes is as wide as its frame, has a text instead, and its parts are told apart in grey."""
    bar = page.get_by_role("img")
    assert bar.count() == 1 and re.search(r"\d", bar.get_attribute("aria-label"))
    frame, parts = bar.bounding_box(), [one.bounding_box() for one in bar.locator("rect").all()]
    assert frame["width"] > 300 and sum(one["width"] for one in parts) == pytest.approx(frame["width"], abs=5)
    fills = [one.evaluate("e => getComputedStyle(e).fill") for one in bar.locator("rect").all()]
    greys = [sum(map(int, re.findall(r"\d+", fill)[:3])) / 3 for fill in fills]
    assert all(abs(one - other) > 40 for one, other in combinations(greys, 2)), fills


def test_it_fits_the_window(page: Page):
    """Nothing makes the page scroll sideways; wide tables scroll in their own frame, by keyboard too."""
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    stuck = (
        "[...document.querySelectorAll('.wide')].filter(e => e.scrollWidth > e.clientWidth && e.tabIndex < 0).length"
    )
    assert page.evaluate(stuck) == 0


@pytest.mark.parametrize(
    "page", ["desktop", "narrow"], indirect=True
)  # a telephone is hardly wider than the narrow one
def test_it_is_accessible(page: Page):
    """No finding of axe, neither of WCAG 2.1 AA nor of good practice."""
    found = Axe().run(page, options={"runOnly": RULES}).response["violations"]
    assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in found] == []


def test_the_keyboard_reaches_all_in_order(page: Page):
    """Tab goes down the page, link by link, and shows where it is."""
    page.evaluate("window.before = document.body")
    later = "before.compareDocumentPosition(document.activeElement) & Node.DOCUMENT_POSITION_FOLLOWING"
    stops = page.locator("a[href], [tabindex='0']").count()
    assert stops > 5
    for _ in range(min(20, stops)):
        page.keyboard.press("Tab")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
        assert page.evaluate(
            f"(() => {{ const goes_on = {later}; before = document.activeElement; return goes_on }})()"
        )


@pytest.mark.parametrize("path", DECIDING, ids=_name, indirect=True)
def test_it_prints(page: Page, path: Path):
    """A4 pages with words on each: the decision on the first, few before the annex (three for a CRM export), sources in full."""
    pdf = PdfReader(BytesIO(page.pdf(prefer_css_page_size=True)))
    texts = [" ".join(sheet.extract_text().split()) for sheet in pdf.pages]
    assert {(round(float(s.mediabox.width)), round(float(s.mediabox.height))) for s in pdf.pages} == {A4_POINTS}
    language = page.locator("html").get_attribute("lang")
    assert [words for words in DECIDES[language] if words not in texts[0]] == []
    annex = next(at for at, text in enumerate(texts) if text.startswith("Annex"))
    assert annex <= (3 if path.stem == "crm" else 4)
    ends = (annex - 1, len(texts) - 1)  # the last page of a part may be short
    assert all(len(text.split()) > (5 if at in ends else 30) for at, text in enumerate(texts))
    whole = "".join("".join(texts).split())
    assert "https://www.legifrance.gouv.fr/" in whole
    assert "Onthispage" not in whole and "Surcettepage" not in whole


@pytest.mark.parametrize("path", RULED, ids=_name, indirect=True)
@pytest.mark.parametrize("page", ["desktop"], indirect=True)
def test_the_rules_print(page: Page):
    """A4 pages; no rule is cut in two that fits on one, and each has its sources in full and a place to sign on it."""
    pdf = PdfReader(BytesIO(page.pdf(prefer_css_page_size=True)))
    texts = [" ".join(sheet.extract_text().split()) for sheet in pdf.pages]
    assert {(round(float(s.mediabox.width)), round(float(s.mediabox.height))) for s in pdf.pages} == {A4_POINTS}
    boxes = {"en": "agrees", "fr": "conforme"}[page.locator("html").get_attribute("lang")]
    on = [text for text in texts if "fr-optin-2026 " in text]
    assert len(on) == 1 and boxes in on[0] and "https://www.legifrance.gouv.fr/" in on[0]
