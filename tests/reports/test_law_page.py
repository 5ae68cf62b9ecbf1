"""The page of the rules: every regime in words, beside its sources and a place to sign."""

from __future__ import annotations

import re
from datetime import date

import pytest

from dnc import Rulebook
from dnc.law.demands import DEMANDS, TESTS
from dnc.law.rule_file import read_pack
from dnc.messages import in_language
from dnc.reports.law_page import html
from dnc.verdicts.verdict import Policy

FRANCE = Rulebook.load().packs["fr"]


def text_of(page):
    """The words of a page, without markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page).replace("&#39;", "'").replace("&#34;", '"')).replace(
        "&amp;", "&"
    )


def rules(page):
    """The part of the page about each regime, by id; those of every country are shown in each."""
    parts = page.split('<article class="rule" aria-labelledby="law-')[1:]
    return {part.partition('"')[0].partition(".")[2]: part for part in parts}


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_rule_is_there_in_words(language):
    """Title, sentence, each condition, demand, each citation with its address and the day it was read, and two boxes."""
    shown = rules(html([(FRANCE, FRANCE.regimes)], language))
    assert sorted(shown) == sorted(regime.id for regime in FRANCE.regimes)
    # under headings, in the order of questions: scope, consent, hours, frequency, number, machines, duties, trades, votes
    places = [*shown]
    asked = ["fr-scope", "fr-optin-2026", "fr-hours-2026", "fr-frequency-2023", "fr-no-withheld-cli"]
    asked += ["fr-cpce-auto-optin", "fr-call-identity", "fr-ban-works-2026", "fr-election-eve-2020"]
    assert sorted(asked, key=places.index) == asked
    for regime in FRANCE.regimes:
        part = shown[regime.id]
        words = text_of(part)
        told = [regime.title[language], regime.says[language], *(cite.texts[language] for cite in regime.cites)]
        told += [in_language(one.says, language) for one in (regime.parts if not regime.is_scope else regime.when)]
        told += [regime.note[language], regime.sanction[language]]
        assert [one for one in told if text_of(one) not in words] == [], regime.id
        for cite in regime.cites:
            assert (
                f'href="{cite.url}"'.replace("&", "&amp;") in part
                if cite.url
                else "address" in part or "adresse" in part
            )
            assert text_of(cite.url) in words
            assert f"{cite.read:%d/%m/%Y}" in words or f"{cite.read}" in words
        assert part.count("<li>" + {"en": "agrees", "fr": "conforme"}[language]) == 1
        assert len(re.findall("<dt>(?:Unless|Sauf si)</dt>", part)) == len(regime.exceptions)


CLAUSES = """
jurisdiction = "xx"
regions = ["FR"]
read_from = 2026-01-01
read_until = 2026-12-31
not_held = [{ text = "the law of the moon", text_fr = "le droit de la lune" }]
[places]
FR-01 = ["Europe/Paris"]
[holidays.xx]
country = "FR"
note = "the days of the source"
note_fr = "les jours de la source"
cites = ["C"]
[polls]
early = ["FR"]
days = [{ name = "Mayor", name_fr = "Maire", day = 2026-03-15, early = true, confidence = "low", note = "to be found again", note_fr = "à retrouver", cites = ["C"] }]
cites = ["D"]
[cites]
C = { text = "a text", url = "https://example.org/law", read = 2026-11-24 }
D = { text = "another text", url = "", read = 2026-11-25 }
[[regime]]
id = "xx-one"
says = "one"
cites = ["C", "D"]
when = WHEN
except = EXCEPT
DEMAND
[[regime]]
id = "xx-two"
says = "two"
cites = ["C"]
when = {}
hours = { mon-fri = "10:00-13:00", holidays = "xx" }
"""
HOURS = '{ mon-fri = "10:00-13:00 14:00-20:00", eve = "10:00-19:00", holidays = "xx", ends = "included", appointment = true }'
# A value of each key of each demand and test, and what stands on the page for it.
WRITTEN = {
    "forbidden": ("{}", ["no such call"]),
    "unlisted": ('{ registry = "fr-bloctel", max_age = { months = 7 }, grace_days = 28, for_consent = true }', ["Bloctel", "7 months", "28 days", "the day of the consent"]),
    "unlisted ": ('{ registry = "fr-bloctel", same_campaign = true }', ["for this campaign"]),
    "unlisted  ": ('{ registry = "gb-ctps", if_answered = true }', ["as far as answers are loaded"]),
    "consent": ('{ scope = "written", max_age = { years = 4 }, after_listed = "it-rpo", registry_max_age = { days = 15 } }', ["signed", "for this kind of call", "4 years", "went on the registry", "15 days", "not withdrawn", "not past its last day", "at the hours agreed"]),
    "hours": (HOURS, ["from Monday to Friday, except on public holidays, from 10:00 to 13:00 and from 14:00 to 20:00", "on the day before a public holiday from 10:00 to 19:00", "public holidays by the calendar xx", "the last minute included", "at the time of an appointment"]),
    "max_attempts": ("{ n = 4, days = 30 }", ["at most 4", "30 days"]),
    "max_attempts ": ("{ n = 3, hours = 24 }", ["at most 3", "24 hours"]),
    "pause": ('{ days = 60, after = "refused_on" }', ["60 days", "last refusal"]),
    "pause ": ('{ days = 36500, after = "refused_on" }', ["not after"]),
    "cli": ('{ allowed = ["+33162"], withheld = false }', ["+33162"]),
    "cli ": ('{ forbidden = ["+346"], withheld = false }', ["not withheld", "not with +346"]),
    "not_objected": ("{}", ["no objection"]),
    "silence": ("{}", ["the eve or the day of a poll"]),
    "duty": ('"say who you are"', ["say who you are"]),
    "unsettled": ('"two readings"', ["two readings"]),
    "not_read": ('"the law of a place"', ["the law of a place"]),
    "missing": ('"purpose"', ["purpose"]),
    "within": ('{ column = "relationship_on", working_days = 5, holidays = "xx" }', ["5 working days", "calendar xx", "last purchase"]),
    "within ": ('{ column = "relationship_on", months = 18 }', ["18 months"]),
    "later": ('{ column = "consent_on", than = "refused_on" }', ["Date of the consent after Date of the last refusal"]),
    "answered": ('{ registry = "fr-bloctel" }', ["answers for the number"]),
    "place": ('["FR-01"]', ["FR-01"]),
    "place_or_code": ('["FR-01"]', ["FR-01", "area code"]),
    "sector": ('["finance", "pensions"]', ["banking and investment or pensions"]),
}  # fmt: skip


@pytest.mark.parametrize("clause", WRITTEN)
def test_every_kind_of_clause_is_on_the_page(clause):
    """Every demand as one, every test and axis in `when` and in `except`, with each of its keys; the calendars too."""
    value, said = WRITTEN[clause]
    kind = clause.strip()
    texts = []
    if kind in DEMANDS:
        texts.append(("{}", "[]", f"{kind} = {value}"))
    if kind not in DEMANDS or kind in TESTS:
        texts.append((f"{{ {kind} = {value} }}", "[]", "forbidden = {}"))
        texts.append(("{}", f'[{{ {kind} = {value} }}, {{ caller = ["press"] }}]', "forbidden = {}"))
    for when, unless, demand in texts:
        text = CLAUSES.replace("WHEN", when).replace("EXCEPT", unless).replace("DEMAND", demand)
        pack = read_pack("xx.toml", text)
        page = html([(pack, pack.regimes)])
        words, one = text_of(page), text_of(rules(page)["xx-one"])
        assert [each for each in said if each not in one] == [], (when, unless, demand)
        told = ["https://example.org/law", "no address held", "the law of the moon", "Mayor a day earlier in FR"]
        told += ["to be found again", "2026-03-15", "2026-07-14", "the days of the source", "another text"]
        assert [one for one in told if one not in words] == [], (when, unless, demand)
    assert "le droit de la lune" in text_of(html([(pack, pack.regimes)], "fr"))


def test_no_kind_of_clause_is_left_out():
    """A demand, test or key that is added has to be tried above."""
    assert {kind.strip() for kind in WRITTEN} >= DEMANDS.keys() | TESTS.keys()
    for kind, template in (DEMANDS | TESTS).items():
        written = " ".join(value for one, (value, _) in WRITTEN.items() if one.strip() == kind)
        keys = template.keys.keys() - {"windows", "text", "days", "years"}
        assert [key for key in keys if f"{key} =" not in written] == [], kind


def test_citations_without_an_address():
    """Each citation has an address, but the scopes, which cite their own file, and four that were read elsewhere."""
    lacking = {
        cite.texts["en"]
        for regime in Rulebook.load().by_id.values()
        if not regime.is_scope
        for cite in regime.cites
        if not cite.url
    }
    assert len(lacking) == 4 and all(text[:6] in ("Public", "state ") for text in lacking), lacking


def test_the_days_stand_on_a_timeline():
    """A rule that begins in the middle of what was read begins in the middle of its bar, and ends with it."""
    shown = rules(html([(FRANCE, FRANCE.regimes)]))
    days = (FRANCE.read_until - FRANCE.read_from).days
    started = next(one for one in FRANCE.regimes if one.id == "fr-optin-2026")
    at = round(100 * (started.first - FRANCE.read_from).days / days, 2)
    assert f'x="{at}%"' in shown["fr-optin-2026"] and "from 2026-08-11" in shown["fr-optin-2026"]
    assert 'x="0.0%"' in shown["fr-scope"] and 'width="100.0%"' in shown["fr-scope"]


def test_open_questions_are_told_apart():
    """What is contested and what was not read are counted at the head, and said beside each rule."""
    page = html([(FRANCE, FRANCE.regimes)])
    contested = [one for one in FRANCE.regimes if one.demand == "unsettled" and not one.is_scope]
    unread = [one for one in FRANCE.regimes if one.demand == "not_read"]
    assert f"{len(unread)} (not read here), {len(contested)} (the law is contested)." in text_of(page)
    for kind, some in (("the law is contested", contested), ("not read here", unread)):
        for one in some:
            assert f"({kind})" in text_of(rules(page)[one.id])


def test_a_policy_of_this_program_says_so():
    """What no statute says everywhere is marked as a policy, in both languages, and counts whatever guidance does."""
    policies = [one.id for one in FRANCE.regimes if one.force == "policy"]
    assert policies == ["own-objection", "information-without-contract"]
    assert all(Policy(guidance="advise").counts(one) for one in FRANCE.regimes if one.id in policies)
    for language, mark in (("en", "policy of this program"), ("fr", "règle de prudence de ce programme")):
        shown = rules(html([(FRANCE, FRANCE.regimes)], language))
        marked = [id_ for id_, part in shown.items() if f'<span class="mark">{mark}</span>' in part]
        assert sorted(marked) == sorted(policies)


def test_the_command_writes_it(dnc, tmp_path):
    """`dnc rules [JURISDICTION] --out FILE`: one country or all; only rules in force with --on; nothing but a page."""
    one, every, then = tmp_path / "fr.html", tmp_path / "all.html", tmp_path / "then.html"
    assert dnc("rules", "fr", "--out", one, "--lang", "fr")[0] == 0
    assert '<html lang="fr">' in one.read_text(encoding="utf-8") and "<nav" not in one.read_text(encoding="utf-8")
    assert dnc("rules", "--out", every)[0] == 0
    assert every.read_text(encoding="utf-8").count("<article") == sum(
        len(pack.regimes) for pack in Rulebook.load().packs.values()
    )
    assert "Only the rules in force on 2020-01-01 are shown." not in text_of(every.read_text(encoding="utf-8"))
    assert 'href="#us"' in every.read_text(encoding="utf-8")
    assert dnc("rules", "FR", "--on", "2020-01-01", "--out", then)[0] == 0
    in_force = sorted(regime.id for regime in FRANCE.on(date(2020, 1, 1)))
    assert sorted(rules(then.read_text(encoding="utf-8"))) == in_force
    assert "Only the rules in force on 2020-01-01 are shown." in text_of(then.read_text(encoding="utf-8"))
    assert dnc("rules", "fr", "--out", tmp_path / "fr.pdf")[0] == 2
    assert dnc("rules", "fr", "--out", tmp_path / "none" / "fr.html")[0] == 4
