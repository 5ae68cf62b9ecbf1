"""The picture in the README, docs/report.png: the page of a check of the sample files, in headless Chromium.

Run `python scripts/picture.py` again when the page has changed. It needs Chromium (`CHROMIUM=PATH` names another one)
and the development packages (`make test` installs them).
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from datetime import date
from importlib.resources import files
from pathlib import Path

from playwright.sync_api import sync_playwright

from dnc import Store, check

PICTURE = Path(__file__).parent.parent / "docs" / "report.png"
WIDTH, HEIGHT = 1000, 600
TODAY = "2026-08-10"  # the day of the planned calls, so that none is in the past


def report(folder: Path) -> Path:
    """The page of the sample calls on the last day of Bloctel."""
    for sample in files("dnc.cli").joinpath("samples").iterdir():
        (folder / sample.name).write_bytes(sample.read_bytes())
    page = folder / "report.html"
    with Store(folder / "store") as store:
        store.load(folder / "bloctel.csv", as_of=date(2026, 8, 5))
        store.load(folder / "objections.csv", registry="own", as_of=date(2026, 8, 5))
        check(folder / "shop.csv", store, region="FR", at="2026-08-10T10:30", language="en", out=page)
    return page


def main() -> None:
    """Write the picture."""
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not chromium:
        sys.exit("no Chromium found: install the package chromium, or name it with CHROMIUM=PATH")
    os.environ["DNC_TODAY"] = TODAY
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        page.goto(report(Path(name)).as_uri())
        page.screenshot(path=PICTURE)
        browser.close()


if __name__ == "__main__":
    main()
