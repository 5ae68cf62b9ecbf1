"""The pages in a real browser: `make pages`. Not part of `make test`, since it wants Chromium on the machine."""

from __future__ import annotations

import os
import shutil
from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright
from pypdf import PdfReader

from dnc import Asked, Rulebook, Store, check, vet
from dnc.checks.brief import read_brief
from dnc.reports.vet_page import html
from dnc.vetting.sealed import held_to, read_sealed, write_sealed
from tests import offers
from tests.reports.test_check_page import CALLS, GIVEN

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"]
SIZES = {"desktop": (1280, 900), "narrow": (360, 740)}
A4_POINTS = (595, 842)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]


@pytest.fixture(scope="module")
def browser():
    """Chromium of this machine, or of $CHROMIUM."""
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not chromium:
        pytest.fail("no Chromium here: install the package chromium, or name one with CHROMIUM=PATH", pytrace=False)
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=chromium, args=FLAGS)


def checked(language: str, store: Store, write_file) -> Path:
    """The page of a check; many rows, so that there is something to print."""
    rows = CALLS + "".join(f"06 39 98 00 {at:02d},consumer,,,,,purchased,,\n" for at in range(100))
    path = write_file("calls.csv", rows)
    out = path.with_name("check.html")
    check(path, store, region="FR", given=GIVEN, language=language, out=out)
    return out


def vetted(language: str, store: Store, write_file) -> Path:
    """The page of a vetting, of a sample held to a sealed result, with price and gate."""
    made = offers.rows(3, 300)
    path, brief = write_file("list.csv", offers.as_csv(made)), read_brief(write_file("buyer.toml", offers.BRIEF))
    use = {"brief": brief, "at": "2026-12-01", "until": date(2027, 3, 15)}
    sealed = write_file("offer.json", write_sealed(vet(path, store, seal=True, **use)))
    claim = read_sealed(sealed, Rulebook.load())
    asked = Asked(price=100, min_clear=0.1, max_undecided=0.1)
    sample = vet(write_file("sample.csv", offers.as_csv(made[:60])), store, sample_of=300, asked=asked, **use)
    out = path.with_name("vet.html")
    out.write_text(html(held_to(claim, sample), Rulebook.load(), language), encoding="utf-8")
    return out


@pytest.fixture(
    params=[(page, language) for page in (checked, vetted) for language in ("en", "fr")],
    ids=lambda one: f"{one[0].__name__}-{one[1]}",
)
def path(request, store, write_file) -> Path:
    """A page in one language."""
    write, language = request.param
    return write(language, store, write_file)


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


def test_the_charts_are_seen(page: Page, path: Path):
    """Each chart has a size, its bars a width, and its labels fit into it."""
    charts = page.locator("figure svg").all()
    assert len(charts) == {"check": 3, "vet": 2}[path.stem]
    for chart in charts:
        frame = chart.bounding_box()
        assert frame["width"] > 300 and frame["height"] > 15 * chart.locator("rect").count()
        for text in chart.locator("text").all():
            box = text.bounding_box()
            over = (frame["x"] - box["x"], box["x"] + box["width"] - frame["x"] - frame["width"])
            assert max(over) <= 1, text.text_content()
        bars = [bar.bounding_box()["width"] for bar in chart.locator("rect").all()]
        assert max(bars) > 50


def test_it_fits_the_window(page: Page):
    """Nothing makes the page scroll sideways; wide tables scroll in their own frame, by keyboard too."""
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    stuck = (
        "[...document.querySelectorAll('.wide')].filter(e => e.scrollWidth > e.clientWidth && e.tabIndex < 0).length"
    )
    assert page.evaluate(stuck) == 0


def test_it_is_accessible(page: Page):
    """No finding of axe, neither of WCAG 2.1 AA nor of good practice."""
    found = Axe().run(page, options={"runOnly": RULES}).response["violations"]
    assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in found] == []


def test_the_keyboard_reaches_all_in_order(page: Page):
    """Tab goes down the page, link by link, and shows where it is."""
    page.evaluate("window.before = document.body")
    later = "before.compareDocumentPosition(document.activeElement) & Node.DOCUMENT_POSITION_FOLLOWING"
    for _ in range(20):
        page.keyboard.press("Tab")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
        assert page.evaluate(
            f"(() => {{ const goes_on = {later}; before = document.activeElement; return goes_on }})()"
        )


def test_it_prints(page: Page):
    """A few A4 pages, each with words on it; addresses of sources in full, no navigation."""
    pdf = PdfReader(BytesIO(page.pdf(prefer_css_page_size=True)))
    texts = [sheet.extract_text() for sheet in pdf.pages]
    assert 3 <= len(texts) <= 14
    assert all(len(text.split()) > 80 for text in texts[:-1]) and texts[-1].split()
    assert {(round(float(s.mediabox.width)), round(float(s.mediabox.height))) for s in pdf.pages} == {A4_POINTS}
    whole = "".join("".join(texts).split())
    assert "https://www.legifrance.gouv.fr/" in whole
    assert "Onthispage" not in whole and "Surcettepage" not in whole
