"""What the program says to people: sentences from `catalogue.toml`, numbers and days, in every language.

It imports no other module of `dnc`, because every package uses it: `dnc_why` and the draft of a brief are worded in
`dnc.checks`, below the reports.
"""

from __future__ import annotations

import locale
import os
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import date
from functools import cache, reduce
from importlib.resources import files
from itertools import groupby
from operator import getitem
from typing import Any, Self

_OTHER = re.compile(r"([a-z]{2})\.toml")
_IN_PLACE = ("en", "fr")  # both are in the place where a text is defined; any other language is a file of words
_OTHERS = {match[1]: file for file in files("dnc.messages").iterdir() if (match := _OTHER.fullmatch(file.name))}
LANGUAGES = (*_IN_PLACE, *sorted(_OTHERS))
_WRITTEN = {
    "en": {"thousands": ",", "decimal": ".", "percent": "%", "days": "%Y-%m-%d", "name": "English"},
    "fr": {
        "thousands": "\N{NARROW NO-BREAK SPACE}",
        "decimal": ",",
        "percent": "\N{NO-BREAK SPACE}%",
        "days": "%d/%m/%Y",
        "name": "Français",
        "quotes": "«\N{NO-BREAK SPACE}{}\N{NO-BREAK SPACE}»",
    },
}
DESK = "@desk"  # behind a language: as the pages of the desk say it, which have no options
_SAID = (*LANGUAGES, *(language + DESK for language in LANGUAGES))
_UNBROKEN = re.compile(r"(?<=[«°]) | (?=[:;?!»€%])|(?<=\d) (?=\d{3}(?!\d))")
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::\d\d(?:\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?")
_LOCALE = re.compile(r"([a-z]{2,3})(?:[_-]([A-Z]{2}))?(?![a-zA-Z])", re.IGNORECASE)


def system_locale() -> tuple[str, str]:
    """The language and the country that the system is set to, such as `fr` and `FR`; "" if it does not say.

    LC_ALL, LC_MESSAGES and LANG are read in this order; Windows sets none of them.
    """
    variable = next(filter(None, map(os.environ.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), None)
    match = _LOCALE.match(variable or locale.getlocale()[0] or "")
    return (match[1].lower(), match[2] or "") if match else ("", "")


def language_name(language: str) -> str:
    """What a language calls itself; its code if its file of words does not say."""
    written = _WRITTEN.get(language) or words(language).get("written", {})
    return str(written.get("name", language))


def system_language() -> str:
    """The language of the system if it is one of `LANGUAGES`, else English."""
    language = system_locale()[0]
    return language if language in LANGUAGES else LANGUAGES[0]


@cache
def messages(section: str, language: str) -> dict[str, Any]:
    """The messages of one section in one language.

    Args:
        section: a table of `catalogue.toml`, for instance `why`.
        language: one of `LANGUAGES`.
    Returns:
        Key → text to be filled in with `str.format`; paragraphs are a list of texts, a key with parts is a dictionary.
    Raises:
        KeyError: there is no such section or language.
    """
    other = words(language).get("messages", {}).get(section, {})
    return {key: _in(language, entry, other.get(key)) for key, entry in tomllib.loads(_sections()[section]).items()}


@cache
def words(language: str) -> dict[str, Any]:
    """The file of words of a language (`dnc/messages/xx.toml`); empty for English and French, which need none.

    Tables: `messages.SECTION` as in `catalogue.toml`, without the language at the end of keys; `columns.COLUMN` as in
    the vocabulary; `regimes.ID` with `title` and `says`; `cites.JURISDICTION.KEY` with `text`; `jurisdictions` with a
    name for each; `written` with `thousands`, `decimal`, `percent`, `days` (for `strftime`), `quotes`, and
    `name`, that of the language.
    """
    if language in _IN_PLACE:
        return {}
    return tomllib.loads(_OTHERS[language].read_text(encoding="utf-8"))


@cache
def _sections() -> dict[str, str]:
    """The text of each section. A check without a page needs a third of them; parsing all adds 8 ms to every start."""
    _, *sections = files("dnc.messages").joinpath("catalogue.toml").read_text(encoding="utf-8").split("\n[")
    return {name: text for name, _, text in (section.partition("]\n") for section in sections)}


def _in(language: str, entry: dict[str, Any], other: Any) -> Any:
    """A message in a language; `other` is the one in its file of words, and English is used if there is none."""
    if LANGUAGES[0] in entry:
        text = other or entry.get(language, entry[LANGUAGES[0]])
        return (
            typeset(text, language) if isinstance(text, str) else [typeset(paragraph, language) for paragraph in text]
        )
    return {part: _in(language, below, (other or {}).get(part)) for part, below in entry.items()}


def in_languages(entry: Mapping[str, Any], key: str, *path: str) -> dict[str, str]:
    """A text of a data file (rules, vocabulary) in every language.

    Args:
        entry: a table in which `says` is English, `says_fr` French, and so on for each of `LANGUAGES`.
        key: the name without a language, such as `says`.
        path: the tables of a file of words that contain `key`, such as `regimes`, `fr-scope`.
    Returns:
        Language → text; English if a language is missing.
    Raises:
        KeyError: there is no English text.
    """
    texts = {}
    for language in LANGUAGES:
        table: Any = words(language)
        for name in path:
            table = table.get(name, {})
        texts[language] = typeset(str(table.get(key) or entry.get(f"{key}_{language}", entry[key])), language)
    return texts


def translated(key: str) -> list[str]:
    """The keys of a text of a data file in the other languages that it contains: `says_fr` for `says`."""
    return [f"{key}_{language}" for language in _IN_PLACE[1:]]


class Words(str):
    """A text in English that also has the other languages.

    texts: language → text; of errors and notes also with `DESK` behind the language.
    """

    texts: dict[str, str]

    def __new__(cls, texts: Mapping[str, str]) -> Self:  # noqa: D102
        made = super().__new__(cls, texts[LANGUAGES[0]])
        made.texts = dict(texts)
        return made

    def __getnewargs__(self) -> tuple[dict[str, str]]:  # type: ignore[override]  # a copy is made of its texts
        return (self.texts,)

    def __add__(self, other: str) -> Words:
        """Both texts in a row, in every language."""
        languages = self.texts | (other.texts if isinstance(other, Words) else {})
        return Words({language: in_language(self, language) + in_language(other, language) for language in languages})


class Count(str):
    """A count as a language writes it; in a message `{n:row|rows}` is the form that goes with `{n}`."""

    is_one: bool

    def __new__(cls, text: str, *, is_one: bool) -> Self:  # noqa: D102
        made = super().__new__(cls, text)
        made.is_one = is_one
        return made

    def __format__(self, spec: str) -> str:
        one, bar, several = spec.partition("|")
        return (one if self.is_one else several) if bar else super().__format__(spec)


NOTHING = Words(dict.fromkeys(LANGUAGES, ""))


def in_language(text: object, language: str) -> str:
    """A text in a language, with `DESK` as the desk says it, if it is a `Words`; anything else as text."""
    if not isinstance(text, Words):
        return str(text)
    return text.texts.get(language, text.texts[language.removesuffix(DESK)])


def localized(section: str, *path: str, **values: object) -> Words:
    """A message, filled in, in every language; values that are `Words` are inserted in the same language.

    Args:
        section, path: where the message is in the catalogue. Those of `errors` and `note` may have others at the desk.
    """
    wordings: dict[str, Any] = {}
    for language in LANGUAGES:
        wordings[language] = reduce(getitem, path, messages(section, language))
        if section in ("errors", "note"):
            at_desk = messages("errors_desk", language) if section == "errors" else messages("note_desk", language)
            with suppress(KeyError):
                wordings[language + DESK] = reduce(getitem, path, at_desk)
            wordings.setdefault(language + DESK, wordings[language])
    return Words(
        {
            language: text.format(**{name: in_language(value, language) for name, value in values.items()})
            for language, text in wordings.items()
        }
    )


def said(language: str, section: str, *path: str, **values: object) -> str:
    """A message in one language, filled in; counts, days and `Words` are written as the language writes them.

    Numbers that count nothing, such as those of rows of the log, are passed as text.
    """
    text: Any = reduce(getitem, path, messages(section, language))
    return str(text.format(**{name: _written_value(value, language) for name, value in values.items()}))


def _written_value(value: object, language: str) -> str:
    if isinstance(value, date):
        return dated(language)(value)
    return counted(language)(value) if isinstance(value, int) else in_language(value, language)


def semicolons(parts: Iterable[str], language: str) -> str:
    """Parts of a line, joined by semicolons."""
    return f"{messages('common', language)['semicolon']} ".join(parts)


def changed(text: str, change: Callable[[str], str]) -> str:
    """A text after a change, which is made in every language of the text."""
    if isinstance(text, Words):
        return Words({language: change(wording) for language, wording in text.texts.items()})
    return change(text)


def figure(number: float) -> Words:
    """A count as each language writes it, as a value for `localized`."""
    return Words({language: counted(language)(number) for language in LANGUAGES})


def either(names: Iterable[str]) -> Words:
    """Names to choose from, as a value for `localized`: a or b."""
    options = list(names)
    return Words(
        {
            said: f" {messages('common', said.removesuffix(DESK))['or']} ".join(
                in_language(name, said) for name in options
            )
            for said in _SAID
        }
    )


def in_quotes(*names: str) -> Words:
    """Names or words between the quotation marks of each language; control characters are written as escapes."""
    marked = {language: _written(language).get("quotes") for language in LANGUAGES}
    return Words(
        {
            language: ", ".join(marks.format(repr(name)[1:-1]) if marks else repr(name) for name in names)
            for language, marks in marked.items()
        }
    )


def duration(unit: str, n: int) -> Words:
    """A length of time, as a value for `localized`: 1 month, 2 years; unit: `day`, `month`, `quarter` and so on."""
    return localized("condition", unit, "one" if n == 1 else "many", n=n)


def calendar_day(day: date | str) -> Words:
    """A day as each language writes it, as a value for `localized`."""
    return Words({language: dated(language)(day) for language in LANGUAGES})


def registry_name(registry: str, language: str) -> str:
    """The name of a registry for people; its id if there is none."""
    return str(messages("registry", language).get(registry, registry))


def registry_words(registry: str) -> Words:
    """A registry as a value for `localized`: its id, which people may have to type, and its name at the desk."""
    names = {language + DESK: registry_name(registry, language) for language in LANGUAGES}
    return Words(dict.fromkeys(LANGUAGES, registry) | names)


def registry_named(registry: str, language: str) -> str:
    """The name of a registry with its id, for people who may have to type it."""
    name = registry_name(registry, language)
    return name if name == registry else f"{name} ({registry})"


def typeset(text: str, language: str) -> str:
    """A text with the no-break spaces of a language: in French those of `: ; ? ! « » n° € %` and of 1 000."""
    return _UNBROKEN.sub("\N{NO-BREAK SPACE}", text) if language == "fr" else text


def counted(language: str) -> Callable[[float], Count]:
    """Writes counts with separated thousands: 1,234 or, in French, 1 234."""
    write, ones = amount(language, 0), (0, 1) if language == "fr" else (1,)
    return lambda number: Count(write(number), is_one=number in ones)


def dated(language: str) -> Callable[[date | str], str]:
    """Writes days, which may be given in ISO 8601: 2026-11-25 or, in French, 25/11/2026."""
    form = _written(language)["days"]
    return lambda day: (date.fromisoformat(day[:10]) if isinstance(day, str) else day).strftime(form)


def said_day(text: str, language: str) -> str:
    """A day or a moment in ISO 8601 as `dated` writes it, with hour, minute and offset; any other text as it is."""
    if not (found := _MOMENT.fullmatch(text)):
        return text
    day, minute, offset = found.groups()
    zone = offset and f"UTC{offset}".removesuffix("+00:00").removesuffix("Z")
    try:
        return " ".join(filter(None, (dated(language)(day), minute, zone)))
    except ValueError:  # 2026-13-45
        return text


def in_runs(numbers: Iterable[int]) -> str:
    """Ascending numbers, those that follow each other as a run: 2–5, 9."""
    runs = [[n for _, n in run] for _, run in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0])]
    return ", ".join(f"{run[0]}–{run[-1]}" if run[1:] else str(run[0]) for run in runs)


def percent(language: str, digits: int = 1) -> Callable[[float], str]:
    """Writes shares (0 to 1) in per cent: 12.5% or, in French, 12,5 %."""
    sign = _written(language)["percent"]
    return lambda share: amount(language, digits)(100 * share) + sign


def amount(language: str, digits: int) -> Callable[[float], str]:
    """Writes numbers with a number of digits after the decimal point, and with separated thousands."""
    return lambda number: f"{number:,.{digits}f}".translate(_marks(language))


def _written(language: str) -> dict[str, str]:
    """How a language writes numbers and days; a file of words may leave out what is as in English."""
    return _WRITTEN.get(language) or _WRITTEN[LANGUAGES[0]] | words(language).get("written", {})


def _marks(language: str) -> dict[int, str]:
    written = _written(language)
    return {ord(","): written["thousands"], ord("."): written["decimal"]}
