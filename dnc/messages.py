"""What the program says to people, in English and French: sentences from `messages.toml`, and numbers as text.

It imports no other module of this package, because `dnc_why` and the draft of a brief are
worded in `dnc.checks`, below the reports.
"""

from __future__ import annotations

import locale
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, Self

LANGUAGES = ("en", "fr")
_MARKS: dict[str, dict[int, str]] = {"en": {}, "fr": {ord(","): "\N{NARROW NO-BREAK SPACE}", ord("."): ","}}
_DAYS = {"en": "%Y-%m-%d", "fr": "%d/%m/%Y"}
_UNBROKEN = re.compile(r"(?<=«) | (?=[:;?!»])")
_LOCALE = re.compile(r"([a-z]{2,3})(?:[_-]([A-Z]{2}))?(?![a-zA-Z])", re.IGNORECASE)
_SECTION = re.compile(r"^\[(\w+)\]\n(.*?)(?=^\[|\Z)", re.MULTILINE | re.DOTALL)


def system_locale() -> tuple[str, str]:
    """The language and the country that the system is set to, such as `fr` and `FR`; "" where it does not say.

    LC_ALL, LC_MESSAGES and LANG are asked in this order; Windows sets none of them.
    """
    named = next(filter(None, map(os.environ.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), None)
    found = _LOCALE.match(named or locale.getlocale()[0] or "")
    return (found[1].lower(), found[2] or "") if found else ("", "")


def system_language() -> str:
    """The language of the system where it is one of ours, else English."""
    language = system_locale()[0]
    return language if language in LANGUAGES else LANGUAGES[0]


@cache
def messages(section: str, language: str) -> dict[str, Any]:
    """The messages of one section in one language.

    Args:
        section: a table of `messages.toml`, for instance `why`.
        language: `en` or `fr`.
    Returns:
        Key → text to be filled in with `str.format`; a list of texts for paragraphs, a dictionary for a key with parts.
    Raises:
        KeyError: there is no such section or language.
    """
    return {key: _in(language, entry) for key, entry in tomllib.loads(_sections()[section]).items()}


@cache
def _sections() -> dict[str, str]:
    """The text of each section. A check without a page needs a third; parsing all would add 8 ms to every start."""
    return dict(_SECTION.findall(files("dnc").joinpath("messages.toml").read_text(encoding="utf-8")))


def _in(language: str, entry: dict[str, Any]) -> Any:
    if LANGUAGES[0] in entry:
        text = entry[language]
        return typeset(text, language) if isinstance(text, str) else [typeset(one, language) for one in text]
    return {part: _in(language, below) for part, below in entry.items()}


def in_languages(entry: Mapping[str, Any], key: str) -> dict[str, str]:
    """A text of a data file (rules, vocabulary) in every language.

    Args:
        entry: a table in which `says` is English, `says_fr` French, and so on for each of `LANGUAGES`.
        key: the name without a language, such as `says`.
    Returns:
        Language → text; English stands in for a language that is missing.
    Raises:
        KeyError: there is no English text.
    """
    return {language: typeset(str(entry.get(f"{key}_{language}", entry[key])), language) for language in LANGUAGES}


def translated(key: str) -> list[str]:
    """The keys of a text of a data file in the languages other than English: `says_fr` for `says`."""
    return [f"{key}_{language}" for language in LANGUAGES[1:]]


class Words(str):
    """A text in English that is also known in the other languages.

    texts: language → text.
    """

    texts: dict[str, str]

    def __new__(cls, texts: Mapping[str, str]) -> Self:  # noqa: D102
        made = super().__new__(cls, texts[LANGUAGES[0]])
        made.texts = dict(texts)
        return made

    def __add__(self, other: str) -> Words:
        """Both texts in a row, in every language."""
        return Words({language: text + in_language(other, language) for language, text in self.texts.items()})


def in_language(text: object, language: str) -> str:
    """A text in a language, where it is known in it; anything else as text."""
    return text.texts[language] if isinstance(text, Words) else str(text)


def said(section: str, *path: str, **values: object) -> Words:
    """A message filled in, in every language; values that are `Words` are filled in in the same language.

    Args:
        section, path: where the message is in the catalogue.
    """
    texts = {}
    for language in LANGUAGES:
        text: Any = messages(section, language)
        for key in path:
            text = text[key]
        texts[language] = text.format(**{name: in_language(value, language) for name, value in values.items()})
    return Words(texts)


def registry_name(registry: str, language: str) -> str:
    """The name of a registry for people; its id where there is none."""
    return str(messages("registry", language).get(registry, registry))


def typeset(text: str, language: str) -> str:
    """A text with the spaces that a language does not break: in French those of `: ; ? ! « »`."""
    return _UNBROKEN.sub("\N{NO-BREAK SPACE}", text) if language == "fr" else text


def counted(language: str) -> Callable[[float], str]:
    """Writes counts with separated thousands: 1,234 or, in French, 1 234."""
    return amount(language, 0)


def dated(language: str) -> Callable[[date | str], str]:
    """Writes days, which may be given in ISO 8601: 2026-11-25 or, in French, 25/11/2026."""
    return lambda day: (date.fromisoformat(day[:10]) if isinstance(day, str) else day).strftime(_DAYS[language])


def percent(language: str, digits: int = 1) -> Callable[[float], str]:
    """Writes shares (0 to 1) in per cent: 12.5% or, in French, 12,5 %."""
    sign = "%" if language == "en" else "\N{NO-BREAK SPACE}%"
    return lambda share: amount(language, digits)(100 * share) + sign


def amount(language: str, digits: int) -> Callable[[float], str]:
    """Writes numbers with so many digits behind the decimal point and with separated thousands."""
    return lambda number: f"{number:,.{digits}f}".translate(_MARKS[language])


def significant(language: str, digits: int) -> Callable[[float], str]:
    """Writes numbers with at most so many significant digits."""
    return lambda number: f"{number:.{digits}g}".translate(_MARKS[language])
