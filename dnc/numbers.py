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
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

import phonenumbers
import polars as pl

from dnc.cleaning import SEVERAL, cleaned, noted, split

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
_FRENCH_PLACES = {
    "GP": "590 5987 690 691 7090 9395 9475 9760 9761",
    "MQ": "596 5989 696 697 7091 9397 9477 9766 9767",
    "GF": "594 5988 694 70930 70931 70932 70933 9396 9476 9764 9765",
    "RE": "262 263 2688 692 693 70920 70921 70922 9399 9479 9762 9763",
    "YT": "269 2689 639 70935 70936 70937 9398 9478 9769",
    "PM": "508 708",
    "FR": "63998",  # set aside for fiction in metropolitan France, inside Mayotte's 639
}
_FRENCH = {prefix: where for where, text in _FRENCH_PLACES.items() for prefix in text.split()}
_FRENCH_CODES = {"FR": "33", "GP": "590", "MQ": "596", "GF": "594", "RE": "262", "YT": "262", "PM": "508"}
FRENCH_PREFIXES = tuple(_FRENCH)
FRENCH_REGIONS = frozenset(_FRENCH_CODES) | {"MF", "BL"}
FRENCH_CODES = frozenset(_FRENCH_CODES.values())

FRENCH_NATIONAL = re.compile(r"^0[1-9]\d{8}$")
FRENCH_OVERSEAS = re.compile(
    r"^(?:(?:262|590|594|596)\d{9}|508\d{9})$"
)  # E.164 without its plus; too long to be national

phonenumbers.enable_pattern_cache()  # the metadata has more patterns than `re` remembers

_LINES = {
    phonenumbers.PhoneNumberType.FIXED_LINE: "landline",
    phonenumbers.PhoneNumberType.MOBILE: "mobile",
    phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE: None,
    phonenumbers.PhoneNumberType.UNKNOWN: None,
}


class Kind(NamedTuple):
    """What the numbering plans say of a number.

    territory: ISO 3166-1 alpha-2 of the plan that holds it, or None where no one plan does.
    line: `landline`, `mobile`, `other`, or None where the plan does not tell.
    place: ISO 3166-2 of where the plan says the number is, or None.
    zones: the `|`-joined IANA zones of the number, where its place does not say them.
    code: the calling code.
    """

    territory: str | None
    line: str | None
    place: str | None
    zones: str | None
    code: str


class Reading(NamedTuple):
    """What one cell says.

    number: E.164 digits as an integer, or None.
    unread: why there is no number (`region`: national form and no region told;
        else a short reason), or None.
    territory, line, place, zones, code: of the number, as in `Kind`.
    """

    number: int | None
    territory: str | None
    line: str | None
    unread: str | None
    place: str | None = None
    zones: str | None = None
    code: str | None = None

    @property
    def kind(self) -> Kind | None:
        """What the plans say of the number, None where there is none."""
        return Kind(self.territory, self.line, self.place, self.zones, self.code) if self.code else None


def _french_territory(national: str) -> str:
    """Where nine national digits of the French plan are."""
    return next((_FRENCH[national[:end]] for end in (5, 4, 3) if national[:end] in _FRENCH), "FR")


def _canonical(code: str, national: str) -> int:
    """French code and national digits → E.164, one identity a subscriber."""
    if len(national) != 9:
        return int(code + national)
    where = _french_territory(national)
    return int(_FRENCH_CODES[where] + (national[3:] if national.startswith("508") else national))


def _parse(text: str, region: str | None) -> phonenumbers.PhoneNumber | str:
    """The parsed number, or the reason why there is none."""
    if not region and "+" not in text:
        return "region"
    try:
        parsed = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return "not a telephone number"
    possible = phonenumbers.is_possible_number_with_reason(parsed)
    if possible == phonenumbers.ValidationResult.IS_POSSIBLE:
        return parsed
    return "impossible length"


def _international(text: str, region: str | None) -> str:
    """Text with a French number's national or bare overseas form brought to international form."""
    if region not in FRENCH_REGIONS or "+" in text:
        return text
    digits = re.sub(r"\D", "", text)
    if FRENCH_NATIONAL.match(digits):
        return f"+33{digits[1:]}"
    return f"+{digits}" if FRENCH_OVERSEAS.match(digits) else text


@lru_cache(maxsize=1 << 16)
def read_number(text: str, region: str | None) -> Reading:
    """Read one number; `region` (ISO 3166-1 alpha-2) is the plan of national forms."""
    digits, reason = cleaned(text)
    number = reason or number_of(digits, region)
    if isinstance(number, str):
        return Reading(None, None, None, number)
    kind = kind_of(number)
    return Reading(number, kind.territory, kind.line, None, kind.place, kind.zones, kind.code)


def calling_code(digits: str) -> str:
    """The calling code that digits of an E.164 number begin with; empty where there is none."""
    codes = phonenumbers.COUNTRY_CODE_TO_REGION_CODE
    return next((digits[:end] for end in (1, 2, 3) if int(digits[:end]) in codes), "")


def calling_codes(region: str) -> list[str]:
    """The calling codes of the numbers that are written in national form in a region."""
    return sorted(FRENCH_CODES) if region in FRENCH_REGIONS else [str(phonenumbers.country_code_for_region(region))]


def number_of(digits: str, region: str | None) -> int | str:
    """The number (E.164) that cleaned text says, or the reason why it says none."""
    parsed = _parse(_international(digits, region), region)
    if isinstance(parsed, str):
        return parsed
    code, national = str(parsed.country_code), phonenumbers.national_significant_number(parsed)
    return _canonical(code, national) if code in FRENCH_CODES else int(code + national)


def kind_of(number: int) -> Kind:
    """What the numbering plans say of a number (E.164)."""
    digits = str(number)
    code = calling_code(digits)
    national = digits[len(code) :]
    zeros = min(len(national) - len(national.lstrip("0")), len(national) - 1)
    parsed = phonenumbers.PhoneNumber(int(code), int(national), None, zeros > 0, zeros or None)
    line = _LINES.get(phonenumbers.number_type(parsed), "other")
    if code in FRENCH_CODES:
        own = next(where for where, french in _FRENCH_CODES.items() if french == code)
        return Kind(_french_territory(national) if len(national) == 9 else own, line, None, None, code)
    if planned := _planned(digits):
        territory, place, zones = planned
        return Kind(territory, line, place, zones, code)
    return Kind(phonenumbers.region_code_for_number(parsed) or _sole_region(int(code)), line, None, None, code)


def read_listed(text: str, region: str | None) -> list[int]:
    """All numbers of a cell of a blocklist: several, or one beside a note; empty unless every one can be read.

    A cell like this in a list of planned calls stays unread: which of the numbers is
    called, and what the note says, is not ours to tell.
    """
    digits, reason = cleaned(text)
    parts = [digits]
    if reason:
        parts = split(text) if reason == SEVERAL else noted(text)
    readings = [read_number(part, region).number for part in parts]
    return [number for number in readings if number is not None] if all(readings) else []


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


def planned_prefixes(code: str) -> list[str]:
    """The E.164 prefixes that the plan knows of a calling code."""
    return [prefix for prefix in _plan() if prefix.startswith(code)]


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
