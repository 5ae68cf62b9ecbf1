"""The page of the rules: every regime in words, beside its sources and a place to sign."""

from __future__ import annotations

import re
from datetime import date

import pytest

from dnc import Rulebook
from dnc.messages import in_language
from dnc.reports.law_page import html

FRANCE = Rulebook.load().packs["fr"]


def text_of(page):
    """The words of a page, without markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page).replace("&#39;", "'").replace("&#34;", '"')).replace(
        "&amp;", "&"
    )


def rules(page):
    """The part of the page about each regime, by id."""
    return {part.partition('"')[0]: part for part in page.split('<article class="rule" aria-labelledby="law-')[1:]}


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_rule_is_there_in_words(language):
    """Title, sentence, each condition, demand, each citation with its address and the day it was read, and two boxes."""
    shown = rules(html({"fr": (FRANCE, FRANCE.regimes)}, language))
    assert list(shown) == [regime.id for regime in sorted(FRANCE.regimes, key=lambda one: one.is_scope)]
    for regime in FRANCE.regimes:
        part = shown[regime.id]
        words = text_of(part)
        told = [regime.title[language], regime.says[language], *(cite.texts[language] for cite in regime.cites)]
        told += [in_language(one.says, language) for one in (regime.parts if not regime.is_scope else regime.when)]
        told += [regime.note[language], regime.sanction[language]]
        assert [one for one in told if text_of(one) not in words] == [], regime.id
        for cite in regime.cites:
            assert not cite.url.startswith("http") or f'href="{cite.url}"'.replace("&", "&amp;") in part
            assert f"{cite.read:%d/%m/%Y}" in words or f"{cite.read}" in words
        assert part.count("<li>" + {"en": "agrees", "fr": "conforme"}[language]) == 1
        assert len(re.findall("<dt>(?:Unless|Sauf si)</dt>", part)) == len(regime.exceptions)


def test_the_days_stand_on_a_timeline():
    """A rule that begins in the middle of what was read begins in the middle of its bar, and ends with it."""
    shown = rules(html({"fr": (FRANCE, FRANCE.regimes)}))
    days = (FRANCE.read_until - FRANCE.read_from).days
    started = next(one for one in FRANCE.regimes if one.id == "fr-optin-2026")
    at = round(100 * (started.first - FRANCE.read_from).days / days, 2)
    assert f'x="{at}%"' in shown["fr-optin-2026"] and "from 2026-08-11" in shown["fr-optin-2026"]
    assert 'x="0.0%"' in shown["fr-scope"] and 'width="100.0%"' in shown["fr-scope"]


def test_open_questions_are_told_apart():
    """What is contested and what was not read are counted at the head, and said beside each rule."""
    page = html({"fr": (FRANCE, FRANCE.regimes)})
    contested = [one for one in FRANCE.regimes if one.demand == "unsettled" and not one.is_scope]
    unread = [one for one in FRANCE.regimes if one.demand == "not_read"]
    assert f"not read here {len(unread)}, the law is contested {len(contested)}." in text_of(page)
    for kind, some in (("the law is contested", contested), ("not read here", unread)):
        for one in some:
            assert f"({kind})" in text_of(rules(page)[one.id])


def test_the_command_writes_it(dnc, tmp_path):
    """`dnc rules [JURISDICTION] --out FILE`: one country or all; only rules in force with --on; nothing but a page."""
    one, every, then = tmp_path / "fr.html", tmp_path / "all.html", tmp_path / "then.html"
    assert dnc("rules", "fr", "--out", one, "--lang", "fr")[0] == 0
    assert '<html lang="fr">' in one.read_text(encoding="utf-8") and "<nav" not in one.read_text(encoding="utf-8")
    assert dnc("rules", "--out", every)[0] == 0
    assert len(rules(every.read_text(encoding="utf-8"))) == sum(1 for _ in Rulebook.load().regimes())
    assert 'href="#us"' in every.read_text(encoding="utf-8")
    assert dnc("rules", "fr", "--on", "2020-01-01", "--out", then)[0] == 0
    assert list(rules(then.read_text(encoding="utf-8"))) == [
        regime.id for regime in sorted(FRANCE.on(date(2020, 1, 1)), key=lambda one: one.is_scope)
    ]
    assert dnc("rules", "fr", "--out", tmp_path / "fr.pdf")[0] == 2
    assert dnc("rules", "fr", "--out", tmp_path / "none" / "fr.html")[0] == 4
