"""Telephone numbers: text as people write it → one E.164 integer for one subscriber.

The reference reading is `phonenumbers` after spreadsheet damage is undone or
refused, with French overseas numbers brought to one identity (official French
numbering plan of 2026; territories are ISO 3166-1). A number is kept when it is
*possible*, not only when it is *valid*: plans grow faster than metadata, and a
listed number that is thrown away is a call that gets through.

Where one calling code holds several laws or zones, `plan.csv` decides and not
the library, which answers such codes unreliably: E.164 prefix → place (ISO
3166-2, else 3166-1 alpha-2, empty = no country) and IANA zones (`|`-joined,
empty = those of the place); the longest prefix counts. Source: the published
plans of 2026 of +1 (area codes by state and province), +44, +39, +34 and +61.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

import phonenumbers
import polars as pl

from dnc.tabular import each_distinct

SCHEMA = {
    "number": pl.UInt64,
    "territory": pl.String,
    "line": pl.String,
    "unread": pl.String,
    "place": pl.String,
    "zones": pl.String,
    "code": pl.String,
}

# National prefix (without the 0) → territory; the longest one decides, all else is FR.
_FRENCH_PREFIXES = {
    "GP": "590 5987 690 691 7090 9395 9475 9760 9761",
    "MQ": "596 5989 696 697 7091 9397 9477 9766 9767",
    "GF": "594 5988 694 70930 70931 70932 70933 9396 9476 9764 9765",
    "RE": "262 263 2688 692 693 70920 70921 70922 9399 9479 9762 9763",
    "YT": "269 2689 639 70935 70936 70937 9398 9478 9769",
    "PM": "508 708",
    "FR": "63998",  # set aside for fiction in metropolitan France, inside Mayotte's 639
}
_FRENCH = {prefix: where for where, text in _FRENCH_PREFIXES.items() for prefix in text.split()}
_FRENCH_CODES = {"FR": "33", "GP": "590", "MQ": "596", "GF": "594", "RE": "262", "YT": "262", "PM": "508"}
_FRENCH_REGIONS = frozenset(_FRENCH_CODES) | {"MF", "BL"}

_GUARD = re.compile(r"""^(?:="(.*)"|'(.*))$""", re.DOTALL)
_FLOAT_TAIL = re.compile(r"^(\+?\d+)[.,]0+$")
_EXTENSION = re.compile(r"(?i)[\s,;]*(?:poste|post|ext(?:ension)?|x)[\s.:=]*\d{1,6}$")
_LABEL = (
    r"t[ée]l(?:[ée]phone)?|phone|portable|mobile|mob|fixe|gsm|cell|bureau|domicile|maison|perso|pro|home|work|office"
)
_LABELLED = re.compile(rf"(?i)^(?:(?:{_LABEL})\b[\s.:]*(.*)|(.*\d)[\s(]+(?:{_LABEL})\.?\)?)$", re.DOTALL)
_NOTED = re.compile(r"(?<![\w+])\+?\(?\d[\d\s().\-/]{5,}\d(?!\w)")
_RETYPED = re.compile(r"^[oOlI]+$")  # letters that stand for 0 and 1
_SEVERAL = re.compile(r"(?i)[/;|,\n]|\bou\b|\bor\b|\bet\b|\band\b|&")
_WRITTEN = re.compile(r"^\(?\+?[\d\s().\-/]+$")
_OVERSEAS = re.compile(r"^(?:(?:262|590|594|596)\d{9}|508\d{9})$")  # E.164 without its plus; too long to be national

_LINES = {
    phonenumbers.PhoneNumberType.FIXED_LINE: "landline",
    phonenumbers.PhoneNumberType.MOBILE: "mobile",
    phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE: None,
    phonenumbers.PhoneNumberType.UNKNOWN: None,
}


class Reading(NamedTuple):
    """What one cell says.

    number: E.164 digits as an integer, or None.
    territory: ISO 3166-1 alpha-2 of the numbering plan, or None where no one plan holds it.
    line: `landline`, `mobile`, `other`, or None where the plan does not tell.
    unread: why there is no number (`region`: national form and no region told;
        else a short reason), or None.
    place: ISO 3166-2 of where the plan says the number is, or None.
    zones: the `|`-joined IANA zones of the number, where its place does not say them.
    code: the calling code.
    """

    number: int | None
    territory: str | None
    line: str | None
    unread: str | None
    place: str | None = None
    zones: str | None = None
    code: str | None = None


def _refused(reason: str) -> Reading:
    return Reading(None, None, None, reason)


def _plain(char: str) -> str:
    if char.isdecimal():
        return str(unicodedata.decimal(char))
    kind = unicodedata.category(char)
    if kind == "Cf":
        return ""
    if kind == "Zs":
        return " "
    if kind == "Pd" or char == "\N{MINUS SIGN}":
        return "-"
    return unicodedata.normalize("NFKC", char) if "\uff01" <= char <= "\uff5e" else char


def cleaned(text: str) -> tuple[str, str | None]:
    """Undo what typing and spreadsheets do to a number.

    Returns (text to parse, None), or ("", reason) where the digits are gone or
    the cell holds no single number. Nothing is ever expanded or guessed.
    """
    if not text.isascii():
        text = "".join(map(_plain, text))
    text = text.strip()
    if guard := _GUARD.match(text):
        text = (guard[1] if guard[1] is not None else guard[2]).strip()
    if text.lower().startswith("tel:"):
        text = text[4:]
    if not _WRITTEN.match(text) and (label := _LABELLED.match(text)):
        text = (label[1] if label[1] is not None else label[2]).strip()
    if tail := _FLOAT_TAIL.match(text):
        text = tail[1]
    text = _EXTENSION.sub("", text)
    if not text:
        return "", "empty"
    if not _WRITTEN.match(text):
        parts = [part for part in _SEVERAL.split(text) if sum(map(str.isdigit, part)) >= 6]
        return "", "two numbers in one cell" if len(parts) > 1 else "not written as a number"
    if sum(sum(map(str.isdigit, part)) >= 6 for part in text.split("/")) > 1:
        return "", "two numbers in one cell"
    return text, None


def _canonical(code: str, national: str) -> tuple[int, str]:
    """French code and national digits → (E.164, territory), one identity a subscriber."""
    if len(national) != 9:
        return int(code + national), next(where for where, c in _FRENCH_CODES.items() if c == code)
    for length in (5, 4, 3):
        if where := _FRENCH.get(national[:length]):
            break
    else:
        where = "FR"
    if where == "PM" and national.startswith("508"):
        national = national[3:]
    return int(_FRENCH_CODES[where] + national), where


def _parse(text: str, region: str | None) -> phonenumbers.PhoneNumber | str:
    """The parsed number, or the reason why there is none."""
    if not region and not text.startswith("+"):
        return "region"
    try:
        parsed = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return "not a telephone number"
    possible = phonenumbers.is_possible_number_with_reason(parsed)
    if possible == phonenumbers.ValidationResult.IS_POSSIBLE:
        return parsed
    return "impossible length"


def _french_national(text: str, region: str | None) -> str | None:
    """The nine digits of a number written in French national form, else None."""
    if region not in _FRENCH_REGIONS:
        return None
    digits = re.sub(r"\D", "", text)
    return digits[1:] if re.fullmatch(r"0[1-9]\d{8}", digits) and "+" not in text else None


@lru_cache(maxsize=1 << 16)
def read_number(text: str, region: str | None) -> Reading:
    """Read one number; `region` (ISO 3166-1 alpha-2) is the plan of national forms."""
    digits, reason = cleaned(text)
    if reason:
        return _refused(reason)
    if national := _french_national(digits, region):
        digits = f"+33{national}"
    elif region in _FRENCH_REGIONS and _OVERSEAS.match(bare := re.sub(r"[^\d+]", "", digits)):
        digits = f"+{bare}"
    parsed = _parse(digits, region)
    if isinstance(parsed, str):
        return _refused(parsed)
    code = str(parsed.country_code)
    territory: str | None
    place = zones = None
    if code in _FRENCH_CODES.values():
        number, territory = _canonical(code, phonenumbers.national_significant_number(parsed))
        parsed = phonenumbers.parse(f"+{number}")
    else:
        number = int(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)[1:])
        if planned := _planned(str(number)):
            territory, place, zones = planned
        else:
            territory = phonenumbers.region_code_for_number(parsed) or _sole_region(int(code))
    line = _LINES.get(phonenumbers.number_type(parsed), "other")
    return Reading(number, territory, line, None, place, zones, code)


def read_listed(text: str, region: str | None) -> list[int]:
    """All numbers of a cell of a blocklist: several, or one beside a note; empty unless every one can be read.

    A cell like this in a list of planned calls stays unread: which of the numbers is
    called, and what the note says, is not ours to tell.
    """
    digits, reason = cleaned(text)
    if reason == "two numbers in one cell":
        parts = _split(text)
    elif reason and _only_noted(text):
        parts = _NOTED.findall(text)
    else:
        parts = [digits]
    readings = [read_number(part, region).number for part in parts]
    return [number for number in readings if number is not None] if all(readings) else []


def _split(text: str) -> list[str]:
    return [part for part in _SEVERAL.split(text) if sum(map(str.isdigit, part)) >= 6]


def _only_noted(text: str) -> bool:
    """Whether a cell holds one number apart from words, none of which could be digits retyped."""
    rest = _NOTED.sub(" ", text)
    words = re.findall(r"\w+", rest)
    return (
        len(_NOTED.findall(text)) == 1
        and not any(map(str.isdigit, rest))
        and all(len(word) > 1 and not _RETYPED.match(word) for word in words)
    )


def _sole_region(code: int) -> str | None:
    regions = phonenumbers.region_codes_for_country_code(code)
    return regions[0] if len(regions) == 1 else None


@lru_cache(maxsize=1)
def _plan() -> dict[str, tuple[str | None, str | None, str | None]]:
    """Prefix → territory, place, zones."""
    text = files("dnc").joinpath("plan.csv").read_text(encoding="utf-8")
    return {
        row["prefix"]: (row["place"][:2] or None, row["place"] if "-" in row["place"] else None, row["zones"] or None)
        for row in csv.DictReader(text.splitlines())
    }


def _planned(digits: str) -> tuple[str | None, str | None, str | None] | None:
    """What the plan says of the longest prefix that it knows of a number, or None."""
    plan = _plan()
    return next((plan[digits[:end]] for end in range(7, 0, -1) if digits[:end] in plan), None)


def country_of_prefix(digits: str) -> str | None:
    """The country (ISO 3166-1 alpha-2) that the plan gives to an E.164 prefix of its own, or None."""
    return _plan().get(digits, (None, None, None))[0]


def shares_code(code: str, country: str) -> bool:
    """Whether a country (ISO 3166-1 alpha-2) is among those that share a calling code."""
    return country in phonenumbers.region_codes_for_country_code(int(code))


def known_region(region: str) -> bool:
    """Whether `region` (upper case) is a numbering plan we can read national forms of."""
    return region in phonenumbers.SUPPORTED_REGIONS


def known_regions() -> list[str]:
    """All numbering plans whose national forms we can read, ISO 3166-1 alpha-2."""
    return sorted(phonenumbers.SUPPORTED_REGIONS)


def read_numbers(cells: pl.DataFrame) -> pl.DataFrame:
    """Read a column of numbers.

    Args:
        cells: columns `text` (String) and `region` (String, null where not told).
    Returns:
        A frame of the same height and order, columns as in `SCHEMA`; `unread` is
        the reason where `number` is null (`empty` for an empty cell).
    """
    return each_distinct(cells.select("text", "region"), _read_cell, SCHEMA)


def _read_cell(text: str | None, region: str | None) -> Reading:
    return read_number(text, region) if text else _refused("empty")
