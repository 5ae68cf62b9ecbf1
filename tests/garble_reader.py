"""What a damaged file says itself: the reading of the garble test, narrower than the program's and apart from it.

`EXCEPTIONS` are the ways in which a change can make a call clear, each with why that is right. A `Reader` tells which
of them a cell is.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

import phonenumbers

from dnc.law.vocabulary import vocabulary
from tests.garble_world import COLUMNS, TODAY, Source, Style

EXCEPTIONS = tomllib.loads((Path(__file__).parent / "exceptions.toml").read_text(encoding="utf-8"))
FICTION = re.compile(
    r"^(?:33(?:19900|26191|35301|46571|53649|63998)|447700900|441632960|44(?:20|28|29)\d{0,2}7946|44(?:1[1-9]1)4960|1\d{3}55501)\d*$"
)
AXES = vocabulary().axes
UNTOLD = ("n/a", "-")
NONE = (
    *("none", "no", "non", "nein", "nej", "nee", "nei", "n", "0", "0.0"),
    *("false", "faux", "falsch", "falso", "onwaar", "falsk", "falskt"),
)
EMPTY_IS = {
    "purpose": "default", "line": "default", "place": "default", "region": "default", "call_at": "default",
    "consent_withdrawn_on": "default", "refused_on": "default", "objected_on": "looked up",
}  # fmt: skip
FREE = ("ref", "city")


# What a text says, read narrowly


def plain(name: str) -> str:
    """A name without case, accents, blanks and joins."""
    text = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return re.sub(r"[\s_-]", "", text.casefold())


def exists(digits: str) -> bool:
    """Whether digits are a number (E.164) that its plan has, or one set aside for fiction."""
    if FICTION.match(digits) and len(digits) in (11, 12):
        return True
    try:
        number = phonenumbers.parse(f"+{digits}", None)
    except phonenumbers.NumberParseException:
        return False
    whole = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) == f"+{digits}"
    return whole and phonenumbers.is_valid_number(number)


@lru_cache(maxsize=1 << 16)
def number_said(text: str, region: str) -> str | None:
    """The one number (E.164 digits) that exists and that a text may stand for; None where there is none, or two."""
    text = re.sub(r"[\u00a0\u202f]", " ", text).strip()
    if not re.fullmatch(r"\(?\+?\(?\d[\d ().\-/]*", text):
        return None
    digits = re.sub(r"\D", "", text.replace("(0)", "") if text.startswith("+") else text)
    code = str(phonenumbers.country_code_for_region(region)) if region else ""
    if text.lstrip("(").startswith("+"):
        readings = {digits}
    else:
        readings = {digits[2:]} if digits.startswith("00") else set()
        readings |= {digits[3:]} if region == "US" and digits.startswith("011") else set()
        if code:
            home = digits.removeprefix("0") if code not in ("39", "1") else digits
            readings |= {code + home, code + digits} | ({digits} if digits.startswith(code) else set())
    found = {one for one in readings if exists(one)}
    return found.pop() if len(found) == 1 else None


def line_of(text: str, region: str) -> str | None:
    """The kind of line of a number, where its plan tells."""
    number = number_said(text, region)
    kind = phonenumbers.number_type(phonenumbers.parse(f"+{number}", None)) if number else None
    kinds = {phonenumbers.PhoneNumberType.FIXED_LINE: "landline", phonenumbers.PhoneNumberType.MOBILE: "mobile"}
    return kinds.get(kind)


def day_said(text: str, dmy: bool) -> date | None:
    """The day that a text names."""
    text = text.strip()
    found = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)(?:[T ]\d\d?:\d\d(?::\d\d)?)?", text)
    parts = found and found.groups()
    if not parts and dmy and (found := re.fullmatch(r"(\d\d?)([/.-])(\d\d?)\2(\d{4}|\d\d)", text)):
        year = int(found[4])
        parts = (year if year > 99 else 2000 + year, found[3], found[1])
    try:
        return date(*map(int, parts)) if parts else None
    except ValueError:
        return None


@dataclass(frozen=True)
class Reader:
    """What cells say in a list of some style; None where they say nothing that can be relied on."""

    style: Style
    region: str = "FR"

    def said(self, column: str, text: str, row: dict[str, str]) -> tuple[str, str] | None:
        """The cell in plain spelling, and which exception it is that it now says so."""
        text = text.strip()
        if not text or (column.endswith("_on") and text.lower() in UNTOLD):
            kind = EMPTY_IS.get(column) or (
                "default" if column == "dialler" and row.get("voice") in ("recorded", "ai") else None
            )
            return ("", kind) if kind else None
        if column in AXES:
            words = {plain(theirs): ours for ours, theirs in self.style.words.get(column, {}).items()}
            word = words.get(plain(text), text.lower())
            denied = column == "line" and line_of(row.get("number", ""), self._plan(row)) not in (None, word)
            return (word, "word") if word in AXES[column] and not denied else None
        return getattr(self, f"_{column}", self._day)(column, text, row)

    def _plan(self, row: dict[str, str]) -> str:
        return row.get("region", "").strip().upper() or self.region

    def _number(self, _: str, text: str, row: dict[str, str]) -> tuple[str, str] | None:
        number = number_said(text, self._plan(row))
        return (f"+{number}", "number") if number else None

    def _region(self, _: str, text: str, row: dict[str, str]) -> tuple[str, str] | None:
        return (text.upper(), "word") if text.upper() in phonenumbers.SUPPORTED_REGIONS else None

    def _cli(self, _: str, text: str, row: dict[str, str]) -> tuple[str, str] | None:
        shown = text.lower() == "withheld" or re.fullmatch(r"\+?[0-9][0-9 ().\-/]{2,}", text)
        return (text, "shown") if shown else None

    def _place(self, _: str, text: str, row: dict[str, str]) -> tuple[str, str] | None:
        return (text, "word") if re.fullmatch(r"[A-Z]{2}-[A-Z0-9]{1,3}|[A-Z]\w+/\w+", text) else None

    def _attempts(self, _: str, text: str, row: dict[str, str]) -> tuple[str, str] | None:
        return (str(int(text)), "count") if re.fullmatch(r"[0-9]{1,9}", text) else None

    def _campaign(self, _: str, text: str, row: dict[str, str]) -> tuple[str, str] | None:
        return text, "word"

    def _call_at(self, _: str, text: str, row: dict[str, str]) -> tuple[str, str] | None:
        day = day_said(text, self.style.dmy)
        clock = re.search(r"\d\d?:\d\d(?::\d\d)?$", text)
        return (f"{day}T{clock[0]:0>5}" if clock else str(day), "date") if day else None

    def _day(self, column: str, text: str, row: dict[str, str]) -> tuple[str, str] | None:
        against = column in ("objected_on", "refused_on", "consent_withdrawn_on")
        if against and text.lower() in NONE:
            return "none", "none"
        day = day_said(text, self.style.dmy)
        return (str(day), "date") if day and not (against and str(day) > TODAY) else None


def near(name: str, wanted: Iterable[str]) -> bool:
    """Whether a column's name could be one of those that are looked for, mistyped or cut; a blank one could be any."""
    name = plain(name)
    names = map(plain, wanted)
    return not name or any(one.startswith(name) or distance(name, one) <= (2 if len(one) > 6 else 1) for one in names)


def distance(one: str, other: str) -> int:
    """How many signs have to change, come or go to make one text of another."""
    row = list(range(len(other) + 1))
    for at, sign in enumerate(one, 1):
        last, row[0] = row[0], at
        for place, mark in enumerate(other, 1):
            last, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, last + (sign != mark))
    return row[-1]


# Headers and registries' files


def header_excuse(old: list[str], new: list[str], style: Style) -> str:
    """`column` where a header says itself which columns it has; else why it does not."""
    wanted = [style.names.get(one, one) for one in COLUMNS if one not in FREE]
    gone, strange = [name for name in old if name not in new], [name for name in new if name not in old]
    if len(new) != len(old) or len(set(new)) < len(new):
        return f"the header has other columns: {gone} → {strange}"
    if lost := [name for name in strange if near(name, wanted)]:
        return f"a column is not heard: {gone} → {lost}"
    return "column"


SHAPES = {
    "own": r"(\+\d+),(\d{4}-\d\d-\d\d)?,[^,\"]*",
    "fr-bloctel": r"(0\d{9});[^;\"]*;[^;\"]*",
    "gb-tps": r"(0\d{9,10}) {1,2}",
    "us-ndnc": r"([2-9]\d\d,\d{7})",
    "us-rnd": r"([2-9]\d{9}),(\d{4}-\d\d-\d\d),(yes|no|no data)",
    "be-dncm": r"(0\d{8,9});(\d{8})",
    "ch-directory": r"(0[\d ]{9,12});[^;\"]*;\*?",
    "au-dncr": r"(0\d{9})",
    "ie-ndd": r"(0[\d ]{8,10}),(listed|unlisted|ex_directory),(opt_out|opt_in)?",
}
PLAIN_FORM = r"(\+\d+),(yes|no|unknown),(\d{4}-\d\d-\d\d)?"
MARKS = ("ch-directory", "ie-ndd")


def registry_excuse(source: Source, old: list[str], new: list[str], again: bool) -> str | set[str]:
    """By which exceptions the lines of a registry's file themselves clear calls, or why they do not.

    again: whether the whole file had been loaded before.
    """
    if source.has_header and old[0] != new[0]:
        return "another header"
    shape = re.compile(SHAPES.get(source.registry, PLAIN_FORM))
    for line in new[source.has_header :]:
        found = shape.fullmatch(line)
        if not found:
            return "a line that is no row"
        number = number_said(found[1].replace(",", ""), source.registry[:2].upper().replace("OW", "FR"))
        if number is None:
            return "a number that is none"
        days = [re.sub(r"^(\d{4})(\d\d)(\d\d)$", r"\1-\2-\3", day) for day in found.groups("")[1:] if day[:1].isdigit()]
        if any(day_said(day, False) is None or day > TODAY for day in days):
            return "a day that is none"
    if again and source.complete and len(new) < 0.9 * len(old):
        return "a complete list that shrank"
    return {"row"} if len(new) < len(old) else {"number", "date", "mark" if source.registry in MARKS else "word"}
