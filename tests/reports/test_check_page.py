"""The page of a check: what it tells, what it never shows, and in which languages."""

from __future__ import annotations

import csv
import html
import io
import json
import re
import subprocess
import sys
from datetime import date, timedelta
from html.parser import HTMLParser
from itertools import pairwise

import openpyxl
import pytest

from dnc import check, write
from dnc.checks.counts import Tallies

CALLS = """\
number,recipient,consent,consent_on,consent_for,objected_on,source,relationship,place
01 99 00 04 18,consumer,none,,,none,purchased,none,
01 99 00 04 19,consumer,named_caller,2026-10-01,both,none,opt_in_form,none,
02 61 91 00 01,business,,,,none,directory,none,
02 61 91 00 01,consumer,,,,,purchased,none,
+1 202 555 0143,consumer,,,,none,purchased,none,US-NY
+44 7700 900123,consumer,,,,none,purchased,none,
+81 3 1234 5678,consumer,none,,,none,purchased,none,
hello,consumer,,,,none,purchased,none,
"""
GIVEN = {
    "caller": "commercial", "voice": "human", "dialler": "manual", "cli": "+33199000499", "related": "no",
    "sector": "general", "habit": "occasional", "attempts": 0,
}  # fmt: skip


class _Reader(HTMLParser):
    """What stands in a page: its text by id of the section it stands under, and every tag."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.sections: dict[str, str] = {"": ""}
        self._at = ""
        self.feed(text)
        self.sections = {name: " ".join(said.split()) for name, said in self.sections.items()}

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag == "h2":
            self._at = dict(attrs)["id"]
            self.sections[self._at] = ""

    def handle_data(self, data):
        self.sections[self._at] += f" {data} "


@pytest.fixture
def page(store, write_file, tmp_path, monkeypatch):
    """A function that checks a list and reads its page."""
    monkeypatch.setenv("DNC_TODAY", "2026-11-25")

    def read(calls: str = CALLS, name: str = "calls.csv", **options) -> tuple[str, dict[str, str]]:
        options = {"region": "FR", "at": "2026-12-01T10:30", "given": GIVEN, **options}
        result = check(write_file(name, calls), store, out=tmp_path / "page.html", **options)
        assert result.verdicts is None
        text = (tmp_path / "page.html").read_text(encoding="utf-8")
        return text, _Reader(text).sections

    return read


def test_it_tells_what_was_asked_and_by_whom(page):
    """List, checksum, day, check, and each declared fact with its origin; the caller's number is left out."""
    _, told = page()
    for said in ("calls.csv", "Calls 8", "2026-12-01", "FR", "count like law", "number 1 in the store's log"):
        assert said in told["asked"]
    assert re.search(r"\b[0-9a-f]{64}\b", told["asked"])
    assert re.search(r"sector general what is offered.*? \w+, on the command line", told["asked"])
    assert "cli set, not shown here" in told["asked"]


def test_facts_of_a_brief_are_told_apart(page, write_file):
    """A fact from the brief names the brief's hash, one said beside it the command."""
    from dnc.checks.brief import read_brief

    brief = read_brief(write_file("b.toml", '[facts]\ncaller = "commercial"\nvoice = "human"\n'))
    _, told = page(brief=brief, given={"voice": "recorded"})
    assert f"commercial who the call is made for the brief {brief.sha256[:12]}" in told["asked"]
    assert re.search(r"voice recorded .*?, on the command line", told["asked"])


def test_regimes_stand_with_sentence_and_citation(page):
    """Blocked, undecided and duties: the regime, its rows, its sentence, its source as a link, its grade."""
    text, told = page()
    assert re.search(r"fr-optin-2026 1 A consumer may not be rung .*? Code de la consommation.* high", told["blocked"])
    assert "gb-tps" in told["undecided"] and "eu-gdpr-basis" in told["duties"]
    assert 'href="https://www.legifrance.gouv.fr/' in text


def test_it_says_what_to_do_next(page):
    """Each question with its rows and where the answer goes."""
    _, told = page()
    assert "Do not make the blocked calls: 1." in told["next"]
    assert "1 call : gb-tps: what does this registry say?" in told["next"]
    assert "dnc load FILE --registry gb-tps --as-of DAY" in told["next"]


def test_it_says_what_was_not_looked_at(page, screened):
    """States whose law is not loaded, territories without rules, registries that are missing."""
    _, told = page()
    assert re.search(r"us-state .*US-NY 1", told["unlooked"])
    assert "JP 1" in told["unlooked"]
    assert "gb-tps" in told["registries"].partition("Not in the store")[2]


def test_snapshots_stand_with_age_and_checksum(page, screened):
    """Every answer that stood: its day, its age on the last planned day, its checksum."""
    _, told = page()
    assert re.search(r"fr-bloctel 2026-08-05 118 3 .*[0-9a-f]{64}", told["registries"])


def test_what_the_list_holds(page):
    """Lines by territory, repeated and unreadable numbers."""
    _, told = page()
    assert "FR landline 1 1 2" in told["found"]
    assert "found more than once 1" in told["found"] and "cannot be read 1" in told["found"]


@pytest.mark.parametrize("language", ["en", "fr"])
def test_no_telephone_number_stands_in_it(page, language):
    """None of the list's numbers, nor the caller's, in any spelling: digits stand there as counts, days and hashes."""
    text, _ = page(language=language)
    plain = re.sub(r"[0-9a-f]{64}|<style>.*?</style>|<svg.*?</svg>|href=\"[^\"]*\"", "", text, flags=re.DOTALL)
    digits = re.sub(r"(?<=\d)[\s.\-]+(?=\d)", "", plain)
    for number in ("199000418", "199000419", "199000499", "261910001", "2025550143", "7700900123", "312345678"):
        assert number not in digits


def test_a_hostile_list_stays_text(page):
    """Names and reasons of a file are text, in the page as anywhere."""
    name, column = "<img src=x onerror=alert(1)>.csv", "<script>alert(1)</script> tel"
    text, _ = page(f"number,{column}\n01 99 00 04 18,x\n", name=name)
    tags = {tag for tag, _ in _Reader(text).tags}
    assert not tags & {"script", "img", "iframe", "object", "form"}
    assert "&lt;img src=x" in text and "&lt;script&gt;" in text


def test_nothing_is_fetched(page):
    """No address but those of links, and a policy that forbids all else."""
    text, _ = page()
    loads = [
        attrs
        for tag, attrs in _Reader(text).tags
        if attrs.get("src") or (tag == "link" and "data:" not in attrs["href"])
    ]
    assert loads == [] and "url(" not in text and "@import" not in text
    assert "default-src 'none'" in text


def test_it_reads_without_sight(page):
    """One h1, headings in order, every table with a caption and scopes, every picture with a title and a description."""
    text, _ = page()
    tags = _Reader(text).tags
    levels = [int(tag[1]) for tag, _ in tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert all(attrs.get("scope") for tag, attrs in tags if tag == "th")
    count = [tag for tag, _ in tags].count
    assert count("caption") == count("table") > 5
    assert count("svg") == count("title") - 1 == count("desc") == 3
    ids = [attrs["id"] for _, attrs in tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert all(attrs["role"] == "img" for tag, attrs in tags if tag == "svg")


def test_it_speaks_french(page):
    """The page of a French check is French: its language, its words, its numbers."""
    text, told = page(language="fr")
    assert '<html lang="fr">' in text
    assert "Ne pas passer les appels interdits" in told["next"] and "12,5\N{NO-BREAK SPACE}%" in text
    assert "consommateur" in told["blocked"]
    assert "n'est pas écrit comme un numéro : 1" in told["found"]


def test_charts_can_be_read_without_colour(page):
    """Each bar has a label that states outcome or rule and count, and is as long as its share of the longest."""
    text, _ = page()
    [outcome, *_] = re.findall(r"<svg.*?</svg>", text, flags=re.DOTALL)
    labels = re.findall(r"<text[^>]*>(.*?)</text>", outcome)
    assert labels == ["clear 1 (12.5%)", "blocked 1 (12.5%)", "undecided 6 (75.0%)"]
    bars = re.findall(r'<rect class="(\w+)".*? width="([\d.]+)"', outcome)
    assert [name for name, _ in bars] == ["clear", "blocked", "undecided"]
    assert float(bars[2][1]) == pytest.approx(6 * float(bars[0][1]), abs=1)
    assert "Calls by outcome" in outcome and "1 clear, 1 blocked, 6 undecided, of 8." in outcome


def test_a_list_without_rows_has_a_page(page):
    """Nothing to show is shown as such."""
    _, told = page("number\n")
    assert "The list contains no calls." in told["outcome"]


def test_a_page_is_written_beside_tables_and_afterwards(store, write_file, tmp_path):
    """`out` takes a page among other files, and `write` makes one of a check that holds its verdicts."""
    outs = [tmp_path / "a.html", tmp_path / "a.csv"]
    calls = write_file("calls.csv", CALLS)
    check(calls, store, region="FR", given=GIVEN, out=outs)
    assert all(one.exists() and one.stat().st_mode & 0o777 == 0o600 for one in outs)
    result = check(calls, store, region="FR", given=GIVEN)
    write(result, tmp_path / "b.HTML")
    assert "</html>" in (tmp_path / "b.HTML").read_text()


def test_only_a_page_pays_for_pages(store, write_file):
    """A check without a page does not import the template engine."""
    code = "import sys; from dnc import Store, check; check(sys.argv[1], Store(sys.argv[2]), region='FR')\n"
    code += "print({'jinja2', 'dnc.reports.check_page'} & set(sys.modules))"
    calls = write_file("calls.csv", CALLS)
    done = subprocess.run([sys.executable, "-c", code, calls, store.path], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_tallies_are_sums_of_rows(store, write_file):
    """Every way of counting counts every row."""
    result = check(write_file("calls.csv", CALLS), store, region="FR", given=GIVEN, at="2026-12-01T10:30")
    tallies: Tallies = result.tallies
    assert tallies.rows == sum(tallies.counts.values()) == sum(tallies.days.values()) == 8
    assert sum(tallies.ends.values()) == tallies.counts["clear"] == 1
    verdicts = result.verdicts
    assert tallies.counts == {
        outcome: int((verdicts["dnc_outcome"] == outcome).sum()) for outcome in ("clear", "blocked", "undecided")
    }
    assert tallies.ends == {date(2027, 10, 1): 1}


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_calls_in_the_past_and_a_clock_that_is_replaced_are_said(dnc, write_file, monkeypatch, lang):
    """In the summary, on the page, in the spreadsheet and in the log; where there are none nothing is said."""
    write_file("calls.csv", "number,call_at\n0199000418,2026-11-24\n0199000419,2026-11-25\n0199000419,2006-11-30\n")
    check = ("check", "calls.csv", "--region", "FR", "--lang", lang, "--out", "p.html", "--out", "v.xlsx")
    past = "judged by what was known on their day: 2" if lang == "en" else "d'après ce qui était connu ce jour-là : 2"
    clock = "DNC_TODAY replaces" if lang == "en" else "DNC_TODAY (?:la )?remplace"
    monkeypatch.setenv("DNC_TODAY", "2026-11-25")
    err = dnc(*check)[2]
    folder = write_file("x", "").parent
    page = html.unescape((folder / "p.html").read_text(encoding="utf-8"))
    rows = openpyxl.load_workbook(folder / "v.xlsx").worksheets[1].iter_rows(values_only=True)
    assert past in err and past in page and any(past in str(row) for row in rows)
    assert re.search(f"{clock}.* 2026-11-25", err) and re.search(rf"{clock}.*?2026-11-25", page)
    assert dnc("object", "+33199000001", "--on", "2026-01-01")[0] == 0
    told = [json.loads(one["detail"]) for one in csv.DictReader(io.StringIO(dnc("log")[1]))]
    assert [(one["clock"], one["today"]) for one in told] == [("DNC_TODAY", "2026-11-25")] * 2
    monkeypatch.delenv("DNC_TODAY")
    write_file("calls.csv", f"number,call_at\n0199000418,{date.today() + timedelta(1)}\n")
    err = dnc(*check)[2]
    page = html.unescape((folder / "p.html").read_text(encoding="utf-8"))
    assert not any(word in text for word in ("DNC_TODAY", past[:20]) for text in (err, page))
    assert json.loads(list(csv.DictReader(io.StringIO(dnc("log")[1])))[-1]["detail"])["clock"] == "system"
