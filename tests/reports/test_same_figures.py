"""The decision in every output: page, spreadsheet, terminal, desk and `--json` say the same, and rows prove it."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Iterable
from functools import partial
from html import unescape

import openpyxl
import polars as pl
import pytest

from dnc import Rulebook, Store, check
from dnc.checks.subject_access import answer
from dnc.law.vocabulary import NEXT_AT, VERDICT
from dnc.lists.brief import read_brief
from dnc.messages import LANGUAGES, messages
from dnc.reports.check_data import as_data
from dnc.reports.check_summary import summary
from dnc.reports.decision import forbidden, heaviest
from dnc.reports.letter import letter
from tests import size
from tests.desk.conftest import running
from tests.desk.test_pages import checked, dropped

BRIEF = """region = "FR"
[facts]
call_at = "{day}"
caller = "commercial"
voice = "human"
dialler = "manual"
cli = "01 99 00 04 99"
sector = "general"
habit = "occasional"
related = "no"
objected_on = "none"
"""
DAYS = ("2026-12-01", "2026-12-06T21:00", "2026-12-25", "2026-11-03")  # a Tuesday, a Sunday, a holiday, the past
VALUES = {
    "recipient": ("consumer", "consumer", "business", ""),
    "consent": ("none", "named_caller", "named_caller", "partners", ""),
    "consent_on": ("2026-10-01", "2024-10-01", ""),
    "consent_for": ("both", "live", "automated", ""),
    "consent_withdrawn_on": ("", "", "none", "2026-11-01"),
    "objected_on": ("", "none", "none", "2026-10-05"),
    "attempts": ("0", "1", "4", "9", ""),
    "source": ("opt_in_form", "purchased", "trade_directory"),
    "relationship": ("none", "none", "contract"),
}
BOOK = Rulebook.load()
DAILY = {regime.id for regime in BOOK.by_id.values() if regime.demanded.limit}


def calls(seed: int, rows: int = 120) -> str:
    """A list of random people."""
    chance = random.Random(seed)
    lines = [",".join(["number", *VALUES])]
    for row in range(rows):
        cells = (chance.choice(values) for values in VALUES.values())
        lines.append(",".join([f"01 99 00 {row // 100:02d} {row % 100:02d}", *cells]))
    return "\n".join(lines) + "\n"


def plain(text: str) -> str:
    """Text as it is read: without markup, with ordinary blanks."""
    return " ".join(unescape(re.sub(r"<[^>]+>", "", text)).split())


def decision_of(page: str) -> list[str]:
    """The lines of the decision on a page."""
    [section] = re.findall(r'<section id="decision".*?</section>', page, flags=re.DOTALL)
    return [plain(line) for line in re.findall(r"<li>(?!<svg)(.*?)</li>", section, flags=re.DOTALL)]


def without_roles(texts: Iterable[str], language: str) -> list[str]:
    """Lines without the name of whose task each is."""
    roles = messages("decision", language)["who"].values()
    who = "|".join(re.escape(plain(f"{role}{messages('common', language)['colon']} ")) for role in roles)
    return [re.sub(who, "", text, count=1).strip() for text in texts]


def said(data: dict, language: str) -> list[str]:
    """The lines of `--json`, each behind its number."""
    count = {"en": "{:,}", "fr": "{:,}"}[language]
    lines = [line for block in data["decision"].values() for line in block]
    return [plain(f"{'' if line['calls'] is None else count.format(line['calls'])} {line['says']}") for line in lines]


@pytest.fixture(autouse=True)
def today(monkeypatch):
    """A day on which three of the four days are still to come."""
    monkeypatch.setenv("DNC_TODAY", "2026-11-29")


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_output_says_the_same(seed, language, store, write_file, tmp_path):
    """Each line with its number: on the page, in the sheet, on the terminal and in `--json`."""
    brief = read_brief(write_file("brief.toml", BRIEF.format(day=DAYS[seed])))
    outs = [tmp_path / "page.html", tmp_path / "sheet.xlsx"]
    result = check(write_file("calls.csv", calls(seed)), store, brief=brief, language=language, out=outs)
    lines = said(json.loads(json.dumps(as_data(result))), language)
    bare = partial(without_roles, language=language)
    assert bare(decision_of(outs[0].read_text(encoding="utf-8"))) == lines
    sheet, in_words = (one.iter_rows(values_only=True) for one in openpyxl.load_workbook(outs[1]).worksheets[:2])
    texts = messages("decision", language)["head"]
    heads = {
        texts["next"],
        texts["stakes"],
        *(text for key in ("when", "why", "rests") for text in texts[key].values()),
    }
    assert bare(plain(row[1]) for row in sheet if row[0] in heads) == lines
    head, *rows = in_words
    times = Counter(plain(row[head.index(texts["when"]["some"])] or "") for row in rows) if seed != 3 else {}
    grouped = [line for line in as_data(result)["decision"].get("when", []) if line["calls"]]
    assert all(times[plain(line["says"]).split(":", 1)[1].strip(" .")] == line["calls"] for line in grouped)
    terminal = bare(map(plain, summary(result)))
    numbered = [re.sub(r"^\d+\. +", "", line) for line in terminal]
    assert [line for line in lines if line not in {*terminal, *numbered, *bare(numbered)}] == []


def test_reasons_that_are_left_out_are_counted():
    """By the calls that have one of them, alone or with reasons that are shown; a call counts once."""
    calls_by = {("a", ""): 50, ("a;b", ""): 40, ("b;c;d", ""): 30, ("d", ""): 3, ("", "consent"): 20, ("", "place"): 2}
    by = {id_: sum(n for (rules, _), n in calls_by.items() if id_ in rules) for id_ in "abcd"}
    blocked = [forbidden(id_, id_, n, "en") for id_, n in by.items()]
    lines = heaviest(blocked, {"consent": 20, "place": 2}, 0, calls_by, "en")
    assert [line.rows for line in lines] == [90, 70, 20, 30 + 3 + 2] and "the report lists all" in lines[-1].text
    assert len(heaviest(blocked[:2], {"consent": 20}, 0, {("a;b", ""): 70, ("", "consent"): 20}, "en")) == 3


@pytest.mark.parametrize("seed", range(4))
def test_the_rows_prove_the_figures(seed, store, write_file):
    """Conditions, reasons of consents, what can be postponed and what rests on a declaration, counted again by row."""
    brief = read_brief(write_file("brief.toml", BRIEF.format(day=DAYS[seed])))
    result = check(write_file("calls.csv", calls(seed)), store, brief=brief, columns=[*VERDICT, NEXT_AT])
    data, rows = as_data(result)["decision"], result.verdicts
    clear = rows.filter(pl.col("dnc_outcome") == "clear")
    assert sum(line["calls"] or 0 for line in data.get("when", [])) == (clear.height if seed != 3 else 0)
    blocked = rows["dnc_blocked_by"].str.split(";")
    optin = rows.filter(blocked.list.contains("fr-optin-2026"))
    [line] = [line for line in data["why"] if "Consent before selling" in line["says"]]
    assert line["calls"] == optin.height == sum(map(int, re.findall(r"\((\d+)\)", line["says"])))
    withdrawn = optin.filter(pl.col("consent_withdrawn_on") == "2026-11-01").height
    assert f"consent was withdrawn ({withdrawn})" in line["says"]
    objected = rows.filter(blocked.list.contains("eu-gdpr-objection")).height
    assert objected == next(line["calls"] for line in data["why"] if "Opt-out from this caller" in line["says"])
    later = rows.filter([bool(ids) and DAILY.issuperset(ids.split(";")) for ids in rows["dnc_blocked_by"]])
    postponed = [int(found[1]) for line in data["next"] if (found := re.match(r"Postpone (\d+) ", line["says"]))]
    assert sum(postponed) == (later.height if seed != 3 else 0)
    times = later["dnc_next_at"].drop_nulls().sort().str.replace("T", " ")
    if seed != 3 and times.len():
        [line] = [line["says"] for line in data["next"] if line["says"].startswith("Postpone ")]
        assert f": {times.len()}." in line and times[0] in line and times[-1] in line
    because = later["dnc_why"].str.contains("calls only from|[Aa]t most four calls")
    assert (
        because.all()
        and not rows.filter(~blocked.list.eval(pl.element().is_in(DAILY)).list.all())["dnc_why"]
        .str.contains("Forbidden: calls only from")
        .any()
    )
    declared = [line for line in data.get("rests", []) if "was declared: " in line["says"]]
    empty = clear.filter(pl.col("objected_on").fill_null("") == "").height
    assert [line["calls"] for line in declared] == ([empty] if empty else [])


@pytest.mark.parametrize("seed", range(size(1, 4)))
def test_the_desk_says_the_same(seed, tmp_path, write_file, dnc):
    """The page of a result has the lines of `dnc check --json`; only what to do about a missing list may differ."""
    text, brief, language = calls(seed + 4), BRIEF.format(day=DAYS[seed]), LANGUAGES[(seed + 1) % 2]
    with running(Store(tmp_path / "desk-store"), "--lang", language) as desk:
        browser = desk.browser()
        path = dropped(browser, text, brief=brief)
        page = checked(browser, path).text
    brief = write_file("brief.toml", brief)
    words = ["--brief", brief, "--lang", language, "--json", "--out", "v.csv"]
    out = dnc("check", write_file("calls.csv", text), *words)[1]
    assert without_roles(decision_of(page), language) == said(json.loads(out), language)


@pytest.mark.parametrize(("seed", "language"), [(0, "en"), (3, "fr")])
def test_a_letter_says_what_the_row_says(seed, language, store, write_file):
    """To each person the outcome of the call that was planned, or that had been."""
    brief = read_brief(write_file("brief.toml", BRIEF.format(day=DAYS[seed])))
    rows = check(write_file("calls.csv", calls(seed, 12)), store, brief=brief, keep=True).verdicts
    told = messages("letter", language)["result" if seed == 3 else "coming"]
    for number, outcome in rows.select("dnc_number", "dnc_outcome").iter_rows():
        texts = [row[0] for part in letter(answer(store, number), BOOK, language) for row in part.rows]
        assert [key for key in told if any(told[key].partition("{")[0].strip() in text for text in texts)] == [outcome]
