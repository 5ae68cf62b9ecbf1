"""The catalogue of messages: two languages that say the same, with nothing missing and nothing left over."""

from __future__ import annotations

import ast
import pickle
import re
import tomllib
from copy import deepcopy
from datetime import date
from functools import reduce
from operator import getitem
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

from dnc.law.demands import LACKS
from dnc.messages import (
    DESK,
    LANGUAGES,
    amount,
    counted,
    dated,
    figure,
    in_language,
    in_languages,
    in_runs,
    localized,
    messages,
    percent,
    said,
    said_day,
    typeset,
)
from dnc.store.loader_search import loaders

DNC = Path(__file__).parent.parent / "dnc"
CATALOGUE = tomllib.loads((DNC / "messages" / "catalogue.toml").read_text(encoding="utf-8"))
_COMPOSED = ("chart_",)  # keys that the code puts together
# Sections whose keys are columns, words of `dnc_missing`, verbs and options, or found by the English.
_NAMED_BY_DATA = ("missing", "question", "ask", "registry", "condition", "odd", "help")


def _entries(table, path=()):
    """Every message as (path, {language: text})."""
    for key, below in table.items():
        if any(isinstance(text, dict) for text in below.values()):
            yield from _entries(below, (*path, key))
        else:
            yield (*path, key), below


def test_both_languages_have_a_text_with_the_same_placeholders():
    """English first, then French; each names all that the program fills in, and numbers come as text."""
    for path, entry in _entries(CATALOGUE):
        assert list(entry) == list(LANGUAGES), path
        en, fr = ([text] if isinstance(text, str) else text for text in entry.values())
        assert len(en) == len(fr) and all([*en, *fr]), path
        for english, french in zip(en, fr, strict=True):
            assert _placeholders(english) == _placeholders(french), path


def _placeholders(text: str) -> set[str]:
    """The names in braces; of a count behind its name only `:one|several`, since numbers come as text."""
    found = [(name, spec, conversion) for _, name, spec, conversion in Formatter().parse(text) if name is not None]
    for name, spec, conversion in found:
        assert re.fullmatch("[a-z_]+", name) and not conversion and spec.count("|") == bool(spec), text
    return {name for name, _, _ in found}.union(*(_placeholders(spec) for _, spec, _ in found if spec))


@pytest.mark.parametrize(
    ("language", "n", "says"),
    [
        ("en", 0, "0 calls"),
        ("en", 1, "1 call"),
        ("en", 2, "2 calls"),
        ("fr", 0, "0 appel"),
        ("fr", 1, "1 appel"),
        ("fr", 2, "2 appels"),
    ],
)
def test_a_count_has_the_form_that_goes_with_it(language, n, says):
    """By one rule, wherever a message counts; also in an error, which is filled in before its language is known."""
    assert said(language, "page", "calls", count=n) == says
    assert in_language(localized("page", "calls", count=figure(n)), language) == says


def test_every_message_is_used():
    """Its section is asked for, and its key is in the code or a template; composed keys by their first part."""
    files = [*DNC.rglob("*.py"), *DNC.rglob("*.html"), *DNC.with_name("registry_loaders").glob("*.py")]
    code = "".join(file.read_text(encoding="utf-8") for file in files)
    used = set(re.findall(r"[\"'.](\w+)", code))
    for section, table in CATALOGUE.items():
        assert re.search(rf'\b(messages\(|localized\(|tell\(|(said|about_missing)\b[^"\n]*)"{section}"', code), section
        for key in table if section not in _NAMED_BY_DATA else ():
            assert key in used or key.startswith(_COMPOSED), (section, key)


@pytest.mark.parametrize("section", ["errors", "note"])
def test_errors_and_notes_at_the_desk_name_no_options(section):
    """Each has the place of one of a command and other words, with no more to fill in."""
    for path, entry in _entries(CATALOGUE[f"{section}_desk"]):
        usual = reduce(getitem, path, CATALOGUE[section])
        for language, text in entry.items():
            assert text != usual[language] and _placeholders(text) <= _placeholders(usual[language]), path
            assert "--" not in text, path
    both = localized("errors", "means_or_plain")
    assert "--means" in both and "More options" in in_language(both + "!", f"en{DESK}")


def test_every_text_that_the_code_asks_for_is_there():
    """Each call of `localized` whose keys are written out."""
    files, missing = [*DNC.rglob("*.py"), *DNC.with_name("registry_loaders").glob("*.py")], []
    for file in files:
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "localized":
                keys = [key.value for key in call.args if isinstance(key, ast.Constant)]
                if len(keys) == len(call.args) and not _is_text(CATALOGUE, keys):
                    missing.append((file.name, call.lineno, *keys))
    assert missing == []


def _is_text(table: dict[str, Any], keys: list[str]) -> bool:
    for key in keys:
        table = table.get(key, {})
    return set(table) == set(LANGUAGES)


def test_everything_that_may_be_missing_has_a_name_and_a_question():
    """Each word of `dnc_missing` that is not a column; no more is there."""
    other = {
        "jurisdiction",
        "stale:law",
        "registry:own",
        "registry",
        "uncovered",
        "stale",
        "text",
        "text:cli",
        "text:around",
        *LACKS,
        "stale:own",
        "stale:customers",
        "stale:consent",
    } - {"sector", "hours_agreed"}
    for section in ("missing", "ask"):
        assert set(CATALOGUE[section]) == other, section
    forms = {"number", "day_form", "empty", "in_brief", "in_list", "in_store", "in_texts"}
    forms |= {"no_country", "one_of", "same", "theirs"}
    assert set(CATALOGUE["question"]) == other | forms


def test_a_section_is_read_as_the_whole_file_has_it():
    """Sections are parsed one by one to save time; together they are the file."""
    for section, table in CATALOGUE.items():
        for language in LANGUAGES:
            told = messages(section, language)
            assert list(told) == list(table)
            for path, entry in _entries(table):
                text = told
                for key in path:
                    text = text[key]
                assert _joined(text) == _joined(entry[language])


def test_every_registry_has_a_name():
    """Forms and reports name a registry in words, and not by its id alone."""
    assert set(loaders()) <= set(messages("registry", "en"))


def test_words_keep_their_languages():
    """Filled in, added and copied, a text is known in every language; to a program it is English."""
    both = localized("condition", "unlisted", registry="X") + localized("condition", "for_campaign")
    assert both == "not on the registry X, by an answer for this campaign"
    for one in (both, deepcopy(both), pickle.loads(pickle.dumps(both))):
        assert in_language(one, "fr") == "absent du registre X, d'après une réponse pour cette campagne"
    assert in_language("plain", "fr") == "plain"


def _joined(text) -> str:
    """Paragraphs as one text, with plain spaces."""
    return "\n".join([text] if isinstance(text, str) else text).replace("\N{NO-BREAK SPACE}", " ")


def test_french_does_not_break_before_its_double_signs():
    """No catalogue or rule has to be typed with such spaces."""
    hard = "\N{NO-BREAK SPACE}"
    assert typeset("« Oui » : non ; et ? si !", "fr") == f"«{hard}Oui{hard}»{hard}: non{hard}; et{hard}? si{hard}!"
    assert (
        typeset("n° 2, 1 000 lignes, 375 000 €, 06 39 98", "fr")
        == f"n°{hard}2, 1{hard}000 lignes, 375{hard}000{hard}€, 06 39 98"
    )
    assert typeset("Yes : no", "en") == "Yes : no"
    assert in_languages({"says": "a", "says_fr": "b ?"}, "says") == {"en": "a", "fr": f"b{hard}?"}
    assert in_languages({"says": "a"}, "says") == {"en": "a", "fr": "a"}


def test_numbers_are_written_as_the_language_does():
    """Thousands, decimals and per cent."""
    assert (counted("en")(1234), percent("en")(0.125), amount("en", 2)(1234.5)) == ("1,234", "12.5%", "1,234.50")
    assert (dated("en")("2026-11-25 06:00"), dated("fr")(date(2026, 11, 25))) == ("2026-11-25", "25/11/2026")
    assert (in_runs([2, 3, 4, 9]), in_runs([])) == ("2–4, 9", "")
    assert (said_day("2026-11-25T06:00Z", "fr"), said_day("2026-13-45", "fr")) == ("25/11/2026 06:00 UTC", "2026-13-45")
    thin, hard = "\N{NARROW NO-BREAK SPACE}", "\N{NO-BREAK SPACE}"
    french = (counted("fr")(1234), percent("fr")(0.125), amount("fr", 2)(1234.5))
    assert french == (f"1{thin}234", f"12,5{hard}%", f"1{thin}234,50")
