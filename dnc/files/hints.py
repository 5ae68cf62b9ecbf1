"""What names of columns, cells and titles say about objections and consents, by the words of `hints.toml`."""

from __future__ import annotations

import itertools
import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import cache, lru_cache
from html import unescape
from typing import Any

from dnc.cache import shipped_toml
from dnc.clock import NO_DAYS, NONE, YES, read_day
from dnc.files.table import folded

_BETWEEN_ITEMS = re.compile(r"[;|,/+#·•\n()\[\]]|:::|\s[-–]\s")
_MOST_WORDS = 8  # of an item that records an objection
# A text in JSON, or in single quotes as Python writes it, and whether it is a key.
_TEXT = re.compile(
    "|".join(rf"{quote}([^{quote}\\]*(?:\\.?[^{quote}\\]*)*)(?:{quote}(\s*:)?|\Z)" for quote in "\"'"), re.DOTALL
)
_MARKS = re.compile(r"[.,;:!?()\n]")  # between parts of a text
_LONGEST = 64  # characters of such a text
_BETWEEN_VALUES = re.compile(r"[;,|/\n{}]")
_FAILED = re.compile(r"""#[A-Z/0#]*[!?]?|Err:\d+|=(?!").*""", re.DOTALL)  # formulas without a result
_JOINTS = re.compile(r"['’]|(?<=\b[^\W\d])\.(?=[^\W\d]\b)")  # inside of words: don't, D.N.C.
# Compounds of German are read as their parts: "Telefonwerbesperre" is three words.
_COMPOUNDS = re.compile(
    r"(?<=telefon|kontakt)(?=werb|sperr|verbot|widerspr|widerruf|stopp|kontakt|erlaubnis|einwilligung)"
    r"|(?<=anruf|werbe)(?=anruf|sperr|verbot|widerspr|widerruf|stopp|erlaubnis|einwilligung)"
)
_REMEMBERED = 1_000  # names whose meaning is kept: keys of JSON are the same in every row


@cache
def hints() -> dict[str, Any]:
    """`hints.toml`: words in headers and cells by which columns can be recognised."""
    return shipped_toml("dnc.files", "hints.toml")


@cache
def noes() -> frozenset[str]:
    """Words that say no, in lower case: `no`, `nein`, `0` …"""
    return frozenset((*NONE, *hints()["values"]["objected_on"]["none"]))


@cache
def _objections() -> frozenset[str]:
    """The phrases that record an objection if a cell has nothing else; those with blanks also written together."""
    against = hints()["against"]
    phrases = {*against["words"], *against["cells"], *against["wishes"]}.difference(against["not"])
    return frozenset(phrases.union(phrase.replace(" ", "") for phrase in phrases))


@cache
def _words_of_objections() -> frozenset[str]:
    return frozenset(word for phrase in _objections() for word in phrase.split())


@lru_cache(_REMEMBERED)
def may_object(name: str) -> bool:
    """Whether a text has a word by which files record objections."""
    return _has_one(name, hints()["against"]["words"])


@lru_cache(_REMEMBERED)
def may_object_to_calls(name: str) -> bool:
    """The same of the name of a column, unless all of its words are about something else, such as e-mails or an order.

    A name may also be what people write into a cell ("Nicht mehr anrufen").
    """
    others, against = hints()["others"], hints()["against"]
    locked = {" ".join(phrase.split()[:2]) for phrase in others["locked"] if _has_one(name, [phrase])}
    told = {word for word in _phrase(name).split() if not word.isdigit()}
    passed = _passed(name, "left", "named") if told <= _words_of_others() else frozenset()
    return _has_one(name, {*against["words"], *against["cells"]} - locked - passed)


@cache
def _words_of_others() -> frozenset[str]:
    """The words of names that are about something else than calls."""
    keys = ("subjects", "channels", "states", "left", "named", "beside")
    phrases = itertools.chain.from_iterable(hints()["others"][key] for key in keys)
    return frozenset(word for phrase in phrases for word in (*phrase.split(), phrase.replace(" ", "")))


@lru_cache(_REMEMBERED)
def is_of_others(name: str, what: str) -> bool:
    """Whether a name of a column has a word for something else (`subjects` or `channels`), and none for calls."""
    others, permission = hints()["others"], hints()["permission"]
    calls = (*others["more"], *permission["call"], *(permission["approach"] if what == "subjects" else ()))
    of_consent = what == "subjects" and named_like(name, "consent")
    return _has_one(name, others[what]) and not of_consent and not _has_one(name, calls)


@lru_cache(_REMEMBERED)
def _passed(name: str, *of_channels: str) -> frozenset[str]:
    """The words by which a column with a name records no objection, as it is about something else.

    of_channels: keys of those of a column about other channels, beside `states`.
    """
    others = hints()["others"]
    if is_of_others(name, "channels"):
        keys: tuple[str, ...] = ("states", *of_channels)
    elif is_of_others(name, "subjects"):
        keys = ("states",)
    else:
        keys = ("surnames",) if _phrase(name) in others["persons"] else ()
    return frozenset(itertools.chain.from_iterable(others[key] for key in keys))


@lru_cache(_REMEMBERED)
def permits(name: str) -> bool:
    """Whether a name of a column says whom one may call, so that a no in it is an objection."""
    words = hints()["permission"]
    approach = _has_one(name, words["approach"]) and not _has_one(name, words["flags"])
    of_calls = _has_one(name, words["call"]) and (approach or _has_one(name, words["may"]))
    return (_has_one(name, words["alone"]) or of_calls) and not may_object(name)


def says_no(cell: str) -> bool:
    """Whether a cell is a word that says no, or denies a permission."""
    return cell.lower() in noes() or _phrase(cell) in hints()["permission"]["no"]


def marked_by(name: str) -> str | None:
    """The registry of the directory whose marks a column with a name has; None if it has none."""
    return next((registry for registry, words in hints()["marks"].items() if _has_one(name, words)), None)


def names_others(cell: str) -> bool:
    """Whether a cell names nothing but channels other than the telephone."""
    words, permission = set(_phrase(cell).split()), hints()["permission"]
    others = words.intersection(permission["channels"])
    return bool(others) and words.issubset({*others, *permission["between"], *permission["only"]})


def names_only_others(cell: str) -> bool:
    """Whether a cell names nothing but such channels, and says that there are no others (`mail uniquement`)."""
    return names_others(cell) and not set(_phrase(cell).split()).isdisjoint(hints()["permission"]["only"])


@lru_cache(_REMEMBERED)
def names_channels(name: str) -> bool:
    """Whether a name of a column says by which channels people consented, or may be reached."""
    may_be_reached = named_like(name, "consent_for") and _has_one(name, hints()["permission"]["may"])
    of_origin = named_like(name, "source") or _has_one(name, hints()["permission"]["obtained"])
    return (named_like(name, "consent") or may_be_reached) and not of_origin


@lru_cache(_REMEMBERED)
def is_of_consent(name: str) -> bool:
    """Whether a name of a column is about consents, so that a no in it denies one; not one to e-mails or messages."""
    permission = hints()["permission"]
    of_others = _has_one(name, permission["channels"]) and not _has_one(name, permission["call"])
    return named_like(name, "consent") and not of_others and not may_object(name)


def is_the_phone(name: str) -> bool:
    """Whether a name of a column has nothing but words for telephone calls."""
    words = set(_phrase(name).split())
    return bool(words) and words.issubset(hints()["permission"]["call"])


def denies(name: str, cell: str) -> bool:
    """Whether a cell of JSON, or of items such as `phone=no`, tells by one of its values that one may not call.

    The name of a value is that of the column with the keys before it.
    """
    return any(
        len(value) <= _LONGEST and any(is_meant(value) for is_meant in _denials(name, keys))
        for keys, value in _told(cell)
    )


@lru_cache(_REMEMBERED)
def _denials(name: str, keys: str) -> list[Callable[[str], bool]]:
    """What a value of a column with some keys must be to tell that one may not call."""
    call, may, flags = (hints()["permission"][key] for key in ("call", "may", "flags"))
    whole = f"{name}.{keys}"
    is_phone = is_the_phone(keys.rpartition(".")[2]) and not _has_one(whole, flags)
    denied = is_phone or permits(keys) or (_has_one(keys, call) and _has_one(name, may))
    says = {says_no: denied and not may_object(whole), names_others: names_channels(whole)}
    return [is_meant for is_meant, does in says.items() if does]


def _told(cell: str) -> Iterator[tuple[str, str]]:
    """The keys and the text of each value that a cell tells."""
    with suppress(ValueError, RecursionError):
        yield from _leaves("", json.loads(cell))
        return
    for item in _BETWEEN_VALUES.split(cell):
        key, _, value = item.replace("=", ":").partition(":")
        yield key, value.strip()


def _leaves(keys: str, value: object) -> Iterator[tuple[str, str]]:
    """The same of a value in JSON; in `{"channel": "phone", "granted": false}` the text counts as a key too."""
    if isinstance(value, dict):
        texts = (text[:_LONGEST] for text in value.values() if isinstance(text, str))
        named = "".join(f" {text}" for text in filter(is_the_phone, texts))
        for key, inside in value.items():
            yield from _leaves(f"{keys}.{key}{named}", inside)
    elif isinstance(value, list) and not all(isinstance(inside, str) for inside in value):
        for inside in value:
            yield from _leaves(keys, inside)
    elif value is not None:
        yield keys, " ".join(value) if isinstance(value, list) else str(value)


def says_yes(cell: str) -> bool:
    """Whether a cell is a word that says yes, or grants a permission."""
    return cell.lower() in YES or _phrase(cell) in hints()["permission"]["yes"]


def may_end(name: str) -> bool:
    """Whether a name of a column has a word for consents that hold, or that no longer do."""
    return any(_has_one(name, words) for words in hints()["consents"].values())


def is_ended(cell: str) -> bool:
    """Whether a cell is a word for a consent that no longer holds."""
    return _phrase(cell) in hints()["consents"]["ended"]


def is_no_consent(cell: str) -> bool:
    """Whether a cell of a column about consents says that there is none, or none any more."""
    return says_no(cell) or is_ended(cell)


def is_objection(cell: str, name: str = "") -> bool:
    """Whether a cell, or an item of one that is a list, has a word by which files record objections, and little else.

    Beside it there may be figures, such as a date, and words that change nothing (`Refus définitif`). With the name of
    its column a word that speaks of something else does not count (`statut_devis`: `Refusé`).
    """
    items = [part for item in _BETWEEN_ITEMS.split(unescape(cell)) for part in {item, item.rpartition(":")[2]}]
    passed = _passed(name, "left")
    return any(_is_objection(words.split(), passed) for item in items for words in _readings(item))


def _is_objection(words: list[str], passed: frozenset[str]) -> bool:
    told = [word for word in words if not word.isdigit()]
    if len(told) > _MOST_WORDS or _words_of_objections().isdisjoint(told):
        return False
    spans = itertools.combinations(range(len(told) + 1), 2)
    beside = hints()["against"]["beside"]
    return any(
        (said := " ".join(told[at:end])) in _objections()
        and said not in passed
        and all(word in beside for word in told[:at] + told[end:])
        for at, end in spans
    )


def has_objection_in_json(cell: str) -> bool:
    """Whether a cell of JSON has a key by which files record objections, or a text that is one."""
    name = ""
    for double, key, single, other_key in _TEXT.findall(cell):
        text = double or single
        if key or other_key:
            name = text
        if len(text) <= _LONGEST and (may_object_to_calls(text) if key or other_key else is_objection(text, name)):
            return True
    return False


def has_objection(cell: str) -> bool:
    """Whether somebody wrote into a cell that a person does not want to be called."""
    words = _words(cell)

    def has(table: str, key: str) -> bool:
        return bool(_one_of(table, key).search(words))

    if has("against", "cells"):
        return True
    if has("against", "wishes"):
        is_about_calls = has("against", "close") or has("permission", "call")
        if is_about_calls or not has("against", "other"):
            return True
    # Without marks the words of two sentences run together.
    return bool(_sentences().search(words)) and any(_sentences().search(_words(part)) for part in _MARKS.split(cell))


@cache
def _one_of(table: str, key: str) -> re.Pattern[str]:
    return re.compile(f" (?:{'|'.join(hints()[table][key])}) ")


@cache
def _sentences() -> re.Pattern[str]:
    pairs = ("(?:{}) (?:[^ |]+ ){{0,3}}(?:{})".format(*map("|".join, pair.values())) for pair in hints()["sentences"])
    return re.compile(rf" (?:{'|'.join(pairs)}) ")


def says_not_to_call(text: str, name: str = "") -> bool:
    """Whether a text, in a column with a name, is or has a phrase by which people are not to be called."""
    return is_objection(text, name) or has_objection(text)


def of_the_rows(title: str) -> str:
    """The words of a title other than those about people whom the list is without (`hors liste rouge`)."""
    return _without_others().sub(" ", _words(title))


@cache
def _without_others() -> re.Pattern[str]:
    without, and_ = ("|".join(hints()["against"][name]) for name in ("without", "and"))
    other = f"(?:{'|'.join(sorted(_objections(), key=len, reverse=True))})"
    return re.compile(rf" (?:{without}) {other}(?: (?:{and_}) {other})*(?= )")


def says_nothing(cell: str) -> bool:
    """Whether a cell tells no more than an empty one.

    It has only signs and zeros, is a failed formula, a word such as `NULL` or a date that programs write for "no date",
    or begins with a word that denies (`aucun`, `ohne …`).
    """
    nothing, words = hints()["nothing"], _phrase(cell)
    if not words.strip("0 ") or words in nothing["words"] or _FAILED.fullmatch(cell):
        return True
    day = read_day(cell, "dmy")
    return words.split()[0] in nothing["denies"] or (day is not None and day <= NO_DAYS)


def named_like(name: str, ours: str) -> bool:
    """Whether a name of a column has a word that files use for one of our columns."""
    plain = folded(_JOINTS.sub("", name))
    return any(word in plain for word in hints()["columns"][ours])


def _has_one(name: str, wanted: Iterable[str]) -> bool:
    """Whether a name has one of some words; those with blanks may also be written together."""
    words = _words(name)
    return any(f" {word} " in words or f" {word.replace(' ', '')} " in words for word in wanted)


def _phrase(cell: str) -> str:
    """The words of a cell with blanks between them; d'or is two."""
    return _readings(cell)[0]


def _readings(cell: str) -> list[str]:
    """The words of a cell with blanks between them, as `_words` reads them: d'or is two words, and then one."""
    return [reading.strip() for reading in _words(cell).split("|")]


def _words(name: str) -> str:
    """The words of a name between blanks, without case and accents; fooBar is two words.

    d'or and D.N.C. are read as several words and, after a bar, as one. Entities of HTML, and UTF-8 that was read as
    Windows-1252 (`DÃ©sinscrit`), are undone.
    """
    name = unescape(name)
    with suppress(UnicodeError):
        name = name.encode("cp1252").decode()
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    plain = "".join(c for c in unicodedata.normalize("NFKD", apart) if unicodedata.category(c) not in ("Mn", "Cf"))
    joined = _JOINTS.sub("", plain)
    words = re.findall(r"[^\W_]+|[|]", _COMPOUNDS.sub(" ", f"{plain}|{joined}".casefold()))
    return f" {' '.join(words)} "
