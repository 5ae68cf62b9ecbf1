"""The numbering plans: how the numbers of a country are written, which are valid, and what kind of number each is.

They come from the metadata of `phonenumbers`. A number that is possible but not valid has a doubt: it may belong to a
range that is newer than the metadata, or a digit may be missing. Ranges that regulators reserve for fiction
(`fiction.csv`) are valid, and so are area codes of +1 that `plan.csv` assigns to a country and that the metadata does
not contain yet.

A French number is the same number whatever calling code it was written with (official French numbering plan of 2026;
territories are ISO 3166-1).

If several laws or time zones apply under one calling code, `plan.csv` decides and not the metadata, which is unreliable
for such codes: E.164 prefix → place (ISO 3166-2, else 3166-1 alpha-2, empty = no country) and IANA zones (`|`-joined,
empty = those of the place); the longest prefix counts. Source: the published plans of 2026 of +1 (area codes by state
and province), +44, +39, +34 and +61.
"""

from __future__ import annotations

import csv
import re
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

import phonenumbers
from phonenumbers import PhoneMetadata

# National prefix (without the 0) → territory; the longest prefix decides, everything else is FR.
_FRENCH_PLACES = {
    "GP": "590 5987 690 691 7090 9395 9475 9760 9761",
    "MQ": "596 5989 696 697 7091 9397 9477 9766 9767",
    "GF": "594 5988 694 70930 70931 70932 70933 9396 9476 9764 9765",
    "RE": "262 263 2688 692 693 70920 70921 70922 9399 9479 9762 9763",
    "YT": "269 2689 639 70935 70936 70937 9398 9478 9769",
    "PM": "508 708",
    "FR": "63998",  # reserved for fiction in metropolitan France, within Mayotte's 639
}
_FRENCH = {prefix: territory for territory, text in _FRENCH_PLACES.items() for prefix in text.split()}
_FRENCH_CODES = {"FR": "33", "GP": "590", "MQ": "596", "GF": "594", "RE": "262", "YT": "262", "PM": "508"}
FRENCH_PREFIXES = tuple(_FRENCH)
FRENCH_REGIONS = frozenset(_FRENCH_CODES) | {"MF", "BL"}
FRENCH_CODES = frozenset(_FRENCH_CODES.values())

CALLING_CODES = frozenset(map(str, phonenumbers.COUNTRY_CODE_TO_REGION_CODE))
_NUMBERS = (  # kinds of numbers for calling somebody; a voicemail number is one of these with digits inserted
    "fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost", "personal_number", "voip", "pager", "uan",
)  # fmt: skip
_FEW = 3  # lengths of landline numbers
LONGEST = 15  # digits of an E.164 number, its calling code included

UNPLANNED = "its numbering plan has no such number; is a digit missing or wrong?"
MAILBOX = "it is the number of a mailbox; are there digits too many?"

phonenumbers.enable_pattern_cache()  # the metadata has more patterns than `re` remembers
_LINES = {
    phonenumbers.PhoneNumberType.FIXED_LINE: "landline",
    phonenumbers.PhoneNumberType.MOBILE: "mobile",
    phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE: None,
    phonenumbers.PhoneNumberType.UNKNOWN: None,
}


class NumberKind(NamedTuple):
    """What the numbering plans say about a number.

    territory: ISO 3166-1 alpha-2 of the plan that contains it, or None if no single plan does.
    line: `landline`, `mobile`, `other`, or None if the plan does not say.
    place: ISO 3166-2 of the place that the plan gives for the number, or None.
    zones: the `|`-joined IANA zones of the number, if they do not follow from its place.
    code: the calling code.
    doubt: why the number may be mistyped, or None if it is a valid number of its plan.
    """

    territory: str | None
    line: str | None
    place: str | None
    zones: str | None
    code: str
    doubt: str | None


class Dialling(NamedTuple):
    """How the numbers of a plan are written, from the metadata of `phonenumbers`.

    trunk: what is dialled before a national number; matches nothing if there is no such prefix.
    rewrite: what a match of `trunk` becomes if its last group matched; None if it is just removed.
    abroad: what is dialled before an international number. whole: all national numbers.
    lengths: of national numbers. usual: the length of the longest mobile number; longer landline numbers are rare.
    certain: if landline numbers have many different lengths, nearly any digits are a number of the plan; then only
        numbers that match this are unlikely to be foreign ones without their plus. None if that applies to all numbers.
    """

    trunk: re.Pattern[str]
    rewrite: str | None
    abroad: re.Pattern[str]
    whole: re.Pattern[str]
    lengths: frozenset[int]
    usual: int
    certain: re.Pattern[str] | None

    def without_trunk(self, digits: str) -> str | None:
        """Digits without the trunk prefix; None if they do not begin with one."""
        match = self.trunk.match(digits)
        if not match or not match[0]:
            return None
        replacement = match.expand(self.rewrite) if self.rewrite and self._rewrites(match) else ""
        return replacement + digits[match.end() :]

    def begins_trunked(self, digits: str) -> bool:
        """Whether digits begin with a trunk prefix that is just removed."""
        match = self.trunk.match(digits)
        return match is not None and match[0] != "" and not self._rewrites(match)

    def is_certain(self, digits: str) -> bool:
        """Whether digits that are a valid number here are unlikely to be a foreign one."""
        return self.certain is None or self.certain.fullmatch(digits) is not None

    def _rewrites(self, match: re.Match[str]) -> bool:
        return self.rewrite is not None and match[self.trunk.groups] is not None


def _french_territory(national: str) -> str:
    """The territory of nine national digits of the French plan."""
    return next((_FRENCH[national[:end]] for end in (5, 4, 3) if national[:end] in _FRENCH), "FR")


def french_number(code: str, national: str) -> int:
    """French calling code and national digits → E.164, one number per subscriber."""
    if len(national) != 9:
        return int(code + national)
    return int(_FRENCH_CODES[_french_territory(national)] + national)


def calling_code(digits: str) -> str:
    """The calling code that digits of an E.164 number begin with; empty if there is none."""
    for end in (1, 2, 3):
        if digits[:end] in CALLING_CODES:
            return digits[:end]
    return ""


@cache
def calling_codes(region: str) -> tuple[str, ...]:
    """The calling codes of the numbers that are written in national form in a region."""
    return tuple(sorted(FRENCH_CODES)) if region in FRENCH_REGIONS else (own_code(region),)


@cache
def own_code(region: str) -> str:
    """The calling code of a region."""
    return str(phonenumbers.country_code_for_region(region))


def metadata(code: str, region: str = "") -> Any:
    """The metadata of `phonenumbers` for a region, or for the main one of a calling code."""
    region = region or phonenumbers.region_code_for_country_code(int(code))
    return PhoneMetadata.metadata_for_region_or_calling_code(int(code), region)


@cache
def dialling(code: str, region: str = "") -> Dialling:
    """How numbers are written in a region, or the main one of its calling code, which also gives the lengths."""
    own, main = metadata(code, region), metadata(code)
    many = own.national_prefix_for_parsing and len(own.fixed_line.possible_length) > _FEW
    return Dialling(
        re.compile(own.national_prefix_for_parsing or ""),
        own.national_prefix_transform_rule,
        re.compile(own.international_prefix or ""),
        re.compile(main.general_desc.national_number_pattern or ""),
        frozenset(main.general_desc.possible_length),
        max(main.mobile.possible_length if main.mobile else (), default=LONGEST),
        re.compile(own.mobile.national_number_pattern) if many else None,
    )


def is_valid(number: int) -> bool:
    """Whether a number (E.164) is valid in its plan."""
    digits = str(number)
    code = calling_code(digits)
    return all(pattern.fullmatch(digits[len(code) :]) for pattern in valid(code))


@cache
def valid(code: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Patterns that all valid national numbers of a calling code match: those of its plans, and those of their kinds.

    These are the numbers in the metadata, in ranges reserved for fiction, in French overseas ranges, and in the area
    codes of +1 that `plan.csv` assigns to a country.
    """
    more = [numbers[len(code) :].replace("x", r"\d") for numbers in _fiction() if numbers.startswith(code)]
    # The 508 before six digits is not part of a number in E.164.
    overseas = [
        prefix
        for prefix, territory in _FRENCH.items()
        if territory != "FR" and _FRENCH_CODES[territory] == code and prefix != "508"
    ]
    more += [rf"{prefix}\d{{{9 - len(prefix)}}}" for prefix in overseas]
    if code == "1":
        placed = [prefix[1:] for prefix, (country, *_) in _plan().items() if country and len(prefix) == 4]
        more += [rf"{area}[2-9]\d{{6}}" for area in placed]
    plans = [metadata(code, region) for region in phonenumbers.region_codes_for_country_code(int(code))]
    kinds = [line for plan in plans for name in _NUMBERS if (line := getattr(plan, name))]
    return _any_of([plan.general_desc for plan in plans], more), _any_of(kinds, more)


def _any_of(described: list[Any], more: list[str]) -> re.Pattern[str]:
    patterns = [numbers.national_number_pattern for numbers in described if numbers.national_number_pattern]
    return re.compile("|".join(f"(?:{pattern})" for pattern in dict.fromkeys(patterns + more)))


def kind_of(number: int) -> NumberKind:
    """What the numbering plans say about a number (E.164)."""
    digits = str(number)
    code = calling_code(digits)
    national = digits[len(code) :]
    zeros = min(len(national) - len(national.lstrip("0")), len(national) - 1)
    parsed = phonenumbers.PhoneNumber(int(code), int(national), None, zeros > 0, zeros or None)
    kind = phonenumbers.number_type(parsed)
    line = _LINES.get(kind, "other")
    doubt = None
    if not is_valid(number):
        doubt = MAILBOX if kind == phonenumbers.PhoneNumberType.VOICEMAIL else UNPLANNED
    if code in FRENCH_CODES:
        own = next(territory for territory, french in _FRENCH_CODES.items() if french == code)
        return NumberKind(_french_territory(national) if len(national) == 9 else own, line, None, None, code, doubt)
    if planned := _planned(digits):
        territory, place, zones = planned
        return NumberKind(territory, line, place, zones, code, doubt)
    [sole, *others] = phonenumbers.region_codes_for_country_code(int(code)) or (None,)
    region = phonenumbers.region_code_for_number(parsed) or (None if others else sole)
    return NumberKind(region, line, None, None, code, doubt)


@lru_cache(maxsize=1)
def _plan() -> dict[str, tuple[str | None, str | None, str | None]]:
    """Prefix → territory, place, zones."""
    text = files("dnc.numbers").joinpath("plan.csv").read_text(encoding="utf-8")
    return {
        row["prefix"]: (row["place"][:2] or None, row["place"] if "-" in row["place"] else None, row["zones"] or None)
        for row in csv.DictReader(text.splitlines())
    }


def _fiction() -> list[str]:
    """The ranges of E.164 numbers that regulators reserve for fiction; `x` means any digit."""
    text = files("dnc.numbers").joinpath("fiction.csv").read_text(encoding="utf-8")
    return [row["numbers"] for row in csv.DictReader(text.splitlines())]


def _planned(digits: str) -> tuple[str | None, str | None, str | None] | None:
    """The entry in `plan.csv` for the longest prefix of a number, or None."""
    plan = _plan()
    return next((plan[digits[:end]] for end in range(7, 0, -1) if digits[:end] in plan), None)


def planned_prefixes(code: str) -> list[str]:
    """The E.164 prefixes in `plan.csv` that begin with a calling code."""
    return [prefix for prefix in _plan() if prefix.startswith(code)]


def country_of_prefix(digits: str) -> str | None:
    """The country (ISO 3166-1 alpha-2) of exactly this E.164 prefix in `plan.csv`, or None."""
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
