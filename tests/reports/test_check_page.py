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
from dnc.lists.brief import Brief, read_brief
from dnc.reports.check_summary import summary
from dnc.reports.decision import decision

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
    """What stands in a page: its text by the last id before it, and every tag."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.sections: dict[str, str] = {"": ""}
        self._at = ""
        self.feed(text)
        self.sections = {name: " ".join(said.split()) for name, said in self.sections.items()}

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if name := dict(attrs).get("id"):
            self._at = name
            self.sections[name] = ""

    def handle_data(self, data):
        self.sections[self._at] += f" {data} "


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    """The pages that were made, by what they are about."""
    return {}


@pytest.fixture
def page(store, pages, write_file, tmp_path, monkeypatch):
    """A function that checks a list and reads its page; of two that are about the same, the second reads the first's."""
    monkeypatch.setenv("DNC_TODAY", "2026-11-25")

    def read(calls: str = CALLS, name: str = "calls.csv", **options) -> tuple[str, dict[str, str]]:
        options = {"region": "FR", "at": "2026-12-01T10:30", "given": GIVEN, **options}
        about = repr((calls, name, options, store.exists))
        if about not in pages:
            result = check(write_file(name, calls), store, out=tmp_path / "page.html", **options)
            assert result.kept is None
            pages[about] = (tmp_path / "page.html").read_text(encoding="utf-8")
        text = pages[about]
        return text, _Reader(text).sections

    return read


DECISIONS = {
    "en": "1 of 8 calls is possible, 1 is forbidden, 6 need more information.",
    "fr": "1 appel sur 8 est possible, 1 est interdit, 6 sont à compléter.",
}


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_decision_comes_first(page, language):
    """Sentence, use, reasons, next steps, until when, a place to sign; the same sentences as on the terminal."""
    text, told = page(language=language)
    assert told["decision"].startswith(DECISIONS[language])
    assert text.index(DECISIONS[language]) < text.index('id="blocked"') < text.index('id="annex"')
    for words in {
        "en": (
            "Caller: a business", "Hand only the possible calls (1)",
            "more information: the consent that was given", "Until 2027-10-01", "Signature",
            "from Monday to Friday, except on public holidays, from 10:00 to 13:00", "at most 4 calls",
            "I approve the launch of 1 call under the conditions above.", "This is not legal advice.",
        ),
        "fr": (
            "Appelant : une entreprise", "Ne confiez aux agents que les appels possibles (1)",
            "à compléter : le consentement recueilli", "Jusqu'au 01/10/2027", "Signature",
            "du lundi au vendredi, hors jours fériés, de 10 h à 13 h et de 14 h à 20 h", "4 appels ou tentatives au plus",
            "J'approuve le lancement de 1 appel aux conditions ci-dessus.", "Ceci n'est pas un avis juridique.",
        ),
    }[language]:  # fmt: skip
        assert words in told["decision"].replace("\N{NO-BREAK SPACE}", " ")


def test_the_terminal_says_what_the_page_says(store, write_file, tmp_path, monkeypatch):
    """One source of the sentences."""
    monkeypatch.setenv("DNC_TODAY", "2026-11-25")
    path = tmp_path / "page.html"
    result = check(write_file("calls.csv", CALLS), store, region="FR", at="2026-12-01T10:30", given=GIVEN, out=path)
    told, lines = _Reader(path.read_text(encoding="utf-8")).sections["decision"], list(summary(result))
    assert lines[0] == DECISIONS["en"]
    found = decision(result)
    said = [line.text for block in found.blocks for line in block.lines]
    for text in (found.sentence, *found.facts, *said):
        assert text in told and any(text in line for line in lines)
    sums = [lines.index(next(line for line in lines if text in line)) for text in said]
    assert sums == sorted(sums)


def test_a_list_whose_calls_are_all_decided(page):
    """Nothing is asked for, and nothing is said about what is missing."""
    _, told = page("".join(CALLS.splitlines(keepends=True)[:2]))
    assert told["decision"].startswith("The call is forbidden.")
    for said in (
        "Why no call is possible",
        "Do not make these calls: all of them are forbidden.",
        "These calls are forbidden",
    ):
        assert said in told["decision"]
    assert "more information:" not in told["decision"] and "No call needs more information." in told["undecided"]


@pytest.mark.parametrize(
    ("told", "outcome"),
    [
        ({"purpose": "opinion", "sector": "energy_renovation"}, "undecided"),
        ({"purpose": "information", "relationship": "none"}, "undecided"),
        ({"purpose": "information", "relationship": "contract"}, "clear"),
        ({"purpose": "opinion", "sector": "general"}, "clear"),
        ({"purpose": "opinion", "sector": "energy_renovation", "caller": "survey"}, "clear"),
    ],
)
def test_a_purpose_that_contradicts_itself_is_asked_for(store, write_file, told, outcome):
    """A business that asks for an opinion about what it sells, or informs somebody without a contract, tells another."""
    facts = {
        "caller": "commercial",
        "voice": "human",
        "dialler": "manual",
        "recipient": "consumer",
        "objected_on": "none",
    }
    facts |= {"source": "own_customers", "cli": "0199009000", "call_at": "2026-11-24T11:00"} | told
    calls = write_file("calls.csv", "number\n0199000801\n")
    checked = check(calls, store, region="FR", given=facts)
    assert checked.counts[outcome] == 1
    missing = checked.verdicts["dnc_missing"].item()
    assert missing == ("purpose" if outcome == "undecided" else "")


def test_calls_that_only_the_day_forbids_are_for_another_day(store, write_file, monkeypatch):
    """On a Saturday a consent does not help, and taking these people off the list does not either."""
    monkeypatch.setenv("DNC_TODAY", "2026-11-25")
    rows = ["number,consent,consent_on,consent_for", "0199001101,named_caller,2026-10-01,live", "0199001102,none,,"]
    given = GIVEN | {"recipient": "consumer", "relationship": "none", "source": "opt_in_form", "objected_on": "none"}
    for count, said in {
        2: (
            "Postpone 1 call and check",
            "Do not call yet.",
            "No call is possible as planned; the first is possible from 2026-11-30 10:00",
        ),
        3: (
            "possible from 2026-11-30 10:00 as far as is known: 1.",
            "Take the other forbidden calls (1) off the list.",
        ),
    }.items():
        path = write_file("calls.csv", "\n".join(rows[:count]))
        found = decision(check(path, store, region="FR", at="2026-11-28", given=given))
        text = " ".join(line.text for block in found.blocks for line in block.lines)
        assert [words for words in said if words not in text] == []


@pytest.mark.parametrize(
    ("day", "said"),
    [
        ("2027-04-05", ["calls: not on the eve or the day of a poll.", "Until 2027-04-09: after that day"]),
        ("2027-04-18", ["Postpone 2 calls and check", "possible from 2027-04-19 00:00 as far as is known: 2."]),
    ],
)
def test_polls_bound_the_days_of_political_calls(store, write_file, monkeypatch, day, said):
    """They end the result, as no dialler should go past them unasked, and what they forbid is possible afterwards."""
    monkeypatch.setenv("DNC_TODAY", "2026-11-25")
    given = {"caller": "political", "voice": "human", "dialler": "manual", "recipient": "consumer"}
    given |= {"source": "members", "cli": "0199009000", "objected_on": "none"}
    path = write_file("calls.csv", "number\n0199001101\n0199001102\n")
    found = decision(check(path, store, region="FR", at=day, given=given))
    text = " ".join(line.text for block in found.blocks for line in block.lines)
    assert [words for words in said if words not in text] == []


@pytest.mark.parametrize(("guidance", "named"), [("enforce", True), ("advise", False)])
def test_a_recommendation_that_counts_like_law_is_named_at_the_top(store, write_file, guidance, named):
    """A recorded political call without consent breaks no law, so a reader who sees `forbidden` has to know."""
    given = {"caller": "political", "voice": "recorded", "recipient": "consumer", "consent": "none"}
    given |= {"source": "directory", "cli": "0162009000", "objected_on": "none"}
    path = write_file("calls.csv", "number\n0199001101\n")
    checked = check(path, store, region="FR", at="2026-12-01T18:30", given=given, guidance=guidance)
    assert any(line.startswith("Forbidden by a recommendation") for line in decision(checked).facts) is named


def test_the_annex_tells_what_was_asked_and_by_whom(page):
    """List, checksum, day, check, and each declared fact with its origin; the caller's number is left out."""
    _, told = page()
    for said in ("calls.csv", "Rows 8", "2026-12-01", "FR", "count like law", "number 1 in the log"):
        assert said in told["asked"]
    assert re.search(r"\b[0-9a-f]{64}\b", told["asked"])
    assert re.search(r"What is offered .*? sector=general the command line", told["asked"])
    assert "declared (not repeated here) cli" in told["asked"]


def test_facts_of_a_brief_are_told_apart(page, write_file):
    """A fact from the brief names the brief's hash, one said beside it the command."""
    brief = read_brief(write_file("b.toml", '[facts]\ncaller = "commercial"\nvoice = "human"\n'))
    _, told = page(brief=brief, given={"voice": "recorded"})
    caller = "Caller a business caller=commercial"
    assert f"{caller} the brief {brief.sha256[:12]}" in told["asked"]
    assert re.search(r"voice=recorded the command line", told["asked"])


def test_rules_are_shown_with_title_sentence_and_source(page):
    """Forbidden, open and duties: the rule, its calls, its sentence; its sources as links and its grade in the annex."""
    text, told = page()
    assert re.search(
        r"1 Consent before selling by phone .*? A consumer may not be called .*? fr-optin-2026", told["blocked"]
    )
    assert "gb-tps" in told["undecided"] and "eu-gdpr-basis" in told["duties"]
    assert 'href="https://www.legifrance.gouv.fr/' in text
    assert re.search(r"Code de la consommation.* high", told["law-fr-optin-2026"])


def test_it_says_what_is_missing_and_whom_to_ask(page):
    """What to do, with its calls, and where the answer goes; law that was not read, territories without rules."""
    _, told = page()
    assert "1 Obtain the answer of the registry TPS (United Kingdom)" in told["undecided"]
    assert "dnc load FILE --registry gb-tps --as-of DAY" in told["undecided"]
    assert re.search(r"law is not included.*US-NY: 1 call", told["undecided"]) and "JP: 1 call" in told["undecided"]
    assert "gb-tps" in told["registries"].partition("Not loaded")[2]


def test_texts_without_a_meaning_are_answered_in_a_table(page, write_file):
    """A column of texts is no registry: what is offered is the table of its texts, not a load."""
    brief = read_brief(write_file("b.toml", "[texts.Note]\n"))
    _, told = page("number,Note\n0199000801,rang twice\n", "noted.csv", brief=brief)
    assert 'dnc brief LIST --texts "Note" --out texts.csv' in told["undecided"]
    assert "--registry Note" not in told["undecided"]


def test_columns_that_are_left_out_as_all_others_are_named_where_one_signs(page):
    """Nobody has read them, whether the brief names each of them or says `*`."""
    given = GIVEN | {"consent": "named_caller", "consent_on": "2026-11-01", "consent_for": "live", "attempts": "0"}
    given |= {"recipient": "consumer", "relationship": "none", "source": "opt_in_form", "objected_on": "none"}
    rows = "number,Ville,Agence\n0199000801,Paris,A1\n0199000802,Lyon,A2\n"
    for ignore in (["*"], ["Ville", "Agence"]):
        _, told = page(rows, "towns.csv", brief=Brief(ignore=ignore), given=given)
        assert "so nobody has read them: 'Ville', 'Agence'" in told["decision"], ignore


def test_in_french_a_call_with_a_text_to_be_read_is_to_be_looked_at(page, write_file):
    """Nothing has to be added to it, since the text is there."""
    brief = read_brief(write_file("b.toml", "[texts.Note]\n"))
    given = GIVEN | {"consent": "named_caller", "consent_on": "2026-11-01", "consent_for": "live", "attempts": "0"}
    given |= {"recipient": "consumer", "relationship": "none", "source": "opt_in_form", "objected_on": "none"}
    _, told = page("number,Note\n0199000801,absent deux fois\n", "noted.csv", brief=brief, language="fr", given=given)
    said = told["decision"].replace("\N{NO-BREAK SPACE}", " ")
    assert "à vérifier : le sens d'un texte de la colonne Note" in said and "à compléter : le sens" not in said


def test_it_says_when_the_law_changes_and_when_calls_end(page):
    """The rules that start or end after the calls, not those of the past, and how many are still possible after a day."""
    ahead, ends = page()[1]["dates"].split("Until when the possible calls remain possible")
    law = page(at="2026-08-03T10:30")[1]["dates"]
    assert "No rule known here" in ahead
    assert re.search(r"until 2026-08-10 Bloctel list .* from 2026-08-11 Consent before selling by phone", law)
    assert "2027-10-01 0" in ends
    early = page(at="2024-03-01T10:30")[1]["dates"]
    assert "No rule known here about consent, lists or bans changes" in early and "Bloctel" not in early


def test_a_rule_that_cannot_concern_the_calls_is_left_out_of_the_changes(page):
    """A survey is not a sale: the law on sales does not change for it."""
    _, told = page(given=GIVEN | {"caller": "survey"})
    assert "Bloctel" not in told["dates"]


def test_snapshots_are_shown_with_age_and_checksum(page, screened):
    """Every answer that stood: its day, its age on the last planned day, its checksum."""
    _, told = page()
    assert re.search(r"fr-bloctel 2026-08-05 118 3 .*[0-9a-f]{64}", told["registries"])


def test_what_the_list_holds(page):
    """Lines by territory, repeated and unreadable numbers."""
    _, told = page()
    assert "FR landline 1 1 2" in told["found"]
    assert "Numbers found more than once: 1" in told["misread"]
    assert re.search(r"cannot be read 1 not written as a number: 1", told["misread"])


@pytest.mark.parametrize("language", ["en", "fr"])
def test_it_shows_no_telephone_number(page, language):
    """None of the list's numbers, nor the caller's, in any spelling: digits stand there as counts, days and hashes."""
    text, _ = page(language=language)
    plain = re.sub(r"[0-9a-f]{64}|<style>.*?</style>|<svg.*?</svg>|href=\"[^\"]*\"", "", text, flags=re.DOTALL)
    digits = re.sub(r"(?<=\d)[\s.\-]+(?=\d)", "", plain)
    for number in ("199000418", "199000419", "199000499", "261910001", "2025550143", "7700900123", "312345678"):
        assert number not in digits


def test_a_hostile_list_stays_text(page):
    """Names and reasons of a file are text, in the page as anywhere."""
    name, column = "<img src=x onerror=alert(1)>.csv", "<script>alert()</script> tel"
    brief = Brief("FR", ignore=[column])
    text, _ = page(f"number,{column}\n01 99 00 04 18,01 99 00 04 19\n", name=name, brief=brief)
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


def test_a_screen_reader_can_read_it(page):
    """One h1, headings in order, every table with a caption and scopes, every picture named or beside its number."""
    text, _ = page()
    tags = _Reader(text).tags
    levels = [int(tag[1]) for tag, _ in tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert all(attrs.get("scope") for tag, attrs in tags if tag == "th")
    count = [tag for tag, _ in tags].count
    assert count("caption") == count("table") > 5
    pictures = [attrs for tag, attrs in tags if tag == "svg"]
    assert all(
        attrs.get("aria-hidden") == "true" or (attrs["role"] == "img" and attrs["aria-label"]) for attrs in pictures
    )
    assert [attrs["aria-label"] for attrs in pictures if "role" in attrs] == [DECISIONS["en"]]
    ids = [attrs["id"] for _, attrs in tags if "id" in attrs]
    assert len(ids) == len(set(ids))


def test_it_speaks_french(page):
    """The page of a French check is French: its language, its words, its numbers."""
    text, told = page(language="fr")
    assert '<html lang="fr">' in text
    assert "Retirez de la liste les appels interdits" in told["decision"] and "12,5\N{NO-BREAK SPACE}%" in text
    assert "consommateur" in told["blocked"]
    assert re.search("n'est pas écrit comme un numéro\\s: 1", told["misread"])


def test_bars_can_be_read_without_colour(page):
    """Each part of the bar is as long as its share, undecided calls are striped, and the key states all numbers."""
    text, told = page()
    bar = re.search(r'<svg class="bar outcomes".*?</svg>', text, flags=re.DOTALL)[0]
    parts = re.findall(r'<rect class="(\w+)" x="([\d.]+)%" y="0" width="([\d.]+)%"', bar)
    assert parts == [("clear", "0.0", "12.5"), ("blocked", "12.5", "12.5"), ("undecided", "25.0", "75.0")]
    assert bar.count('class="stripes"') == 1
    assert "1 possible (12.5%) 1 forbidden (12.5%) 6 need more information (75.0%)" in told["decision"]


def test_a_list_without_rows_has_a_page(page):
    """Nothing to show is shown as such."""
    _, told = page("number\n")
    assert told["decision"].startswith("The list contains no calls.")


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


@pytest.mark.parametrize(
    ("call_at", "more", "said"),
    [
        ("", {"at": "2026-12-01T10:30"}, "01/12/2026 10:30"),
        ("", {"given": {"call_at": "2026-12-01T20:30"}}, "01/12/2026 20:30"),
        ("", {"at": "2026-12-01"}, "01/12/2026"),
        ("2026-12-01T09:00", {"at": "2026-12-01T10:30"}, "01/12/2026"),  # not the same for all calls
    ],
)
def test_the_hour_of_all_calls_is_said(store, write_file, monkeypatch, call_at, more, said):
    """It decides, so that it stands beside the day."""
    monkeypatch.setenv("DNC_TODAY", "2026-11-25")
    path = write_file("calls.csv", f"number{',call_at' * bool(call_at)}\n0199001101{f',{call_at}' * bool(call_at)}\n")
    lines = list(summary(check(path, store, region="FR", language="fr", **more)))
    [day] = [line for line in lines if line.startswith("Date de l'appel")]
    assert day == f"Date de l'appel\N{NO-BREAK SPACE}: {said}"
    assert not any("2026-12-01T" in line for line in lines)


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
    page, err = (text.replace("\xa0", " ") for text in (html.unescape((folder / "p.html").read_text("utf-8")), err))
    rows = openpyxl.load_workbook(folder / "v.xlsx").worksheets[0].iter_rows(values_only=True)
    assert past in err and past in page and any(past in str(row[1]).replace("\xa0", " ") for row in rows)
    day = "2026-11-25" if lang == "en" else "25/11/2026"
    assert all(re.search(rf"{clock}.*? {day}", text) for text in (err, page))
    assert dnc("record", "objection", "+33199000001", "--on", "2026-01-01")[0] == 0
    told = [json.loads(one["detail"]) for one in csv.DictReader(io.StringIO(dnc("log")[1]))]
    assert [(one["clock"], one["today"]) for one in told] == [("DNC_TODAY", "2026-11-25")] * 2
    monkeypatch.delenv("DNC_TODAY")
    write_file("calls.csv", f"number,call_at\n0199000418,{date.today() + timedelta(1)}\n")
    err = dnc(*check)[2]
    page = html.unescape((folder / "p.html").read_text(encoding="utf-8"))
    assert not any(word in text for word in ("DNC_TODAY", past[:20]) for text in (err, page))
    assert json.loads(list(csv.DictReader(io.StringIO(dnc("log")[1])))[-1]["detail"])["clock"] == "system"


def test_a_number_shown_that_is_not_understood_is_asked_for_by_its_name(page):
    """It is said of all calls, and in no column of texts: without a country it may be anybody's."""
    text, _ = page("number\n0199000810\n", region=None, given=GIVEN | {"cli": "01 99 00 90 00"})
    assert "Write the number that is shown with its country code, such as +33." in text
    assert "column cli" not in text and "--texts" not in text
