"""Read a telephone number as people write it, into one E.164 integer per subscriber.

A text may be read in several ways: as a national number, with or without the digit that is dialled before it; with a
calling code that lost its plus or its 00 in a spreadsheet; with a zero after the calling code that does not belong
there. All readings of a possible length are tried, and the one that is valid in its numbering plan
(`dnc.numbers.numbering_plans`) is the number. If two different ones are valid the text is unread: nothing is
guessed.

A number that is possible but not valid is kept, with a doubt: it is looked up and may block a call, but never clears
one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import phonenumbers

from dnc.numbers.normalise import SEVERAL, cleaned, noted, parts_of
from dnc.numbers.numbering_plans import (
    FRENCH_CODES,
    LONGEST,
    Dialling,
    NumberKind,
    calling_code,
    calling_codes,
    dialling,
    french_number,
    is_valid,
    kind_of,
    known_region,
    own_code,
)

INTERNATIONAL = "00"  # the international prefix that people write in every country

TWO_WAYS = "could be read as two different numbers"
NO_NUMBER = "not a telephone number"
NO_LENGTH = "impossible length"


class Reading(NamedTuple):
    """The number in one cell.

    number: E.164 digits as an integer, or None.
    kind: what the numbering plans say about it; None if there is no number.
    unread: why there is none (`region`: national form, but no known region; else a short reason), or None.
    """

    number: int | None
    kind: NumberKind | None
    unread: str | None

    @property
    def doubt(self) -> str | None:
        """Why the number may be mistyped, or None."""
        return self.kind.doubt if self.kind else None


@lru_cache(maxsize=1 << 16)
def read_number(text: str, region: str | None) -> Reading:
    """Read one number; national forms are read in the plan of `region` (ISO 3166-1 alpha-2)."""
    digits, reason = cleaned(text)
    number = reason or number_of(digits, region)
    return Reading(None, None, number) if isinstance(number, str) else Reading(number, kind_of(number), None)


class Candidate(NamedTuple):
    """One way to read digits: a national number of a calling code.

    clean: whether it was read without removing a zero that numbers of this plan do not have.
    trunked: whether it begins with a trunk prefix, so that it is unlikely to be a whole number.
    """

    code: str
    national: str
    clean: bool
    trunked: bool

    @property
    def possible(self) -> bool:
        """Whether the number could be one of its plan, judging by its length and its first digits."""
        plan, size = dialling(self.code), len(self.national)
        fits = size in plan.lengths and size + len(self.code) <= LONGEST
        return fits and not (self.trunked and not plan.whole.fullmatch(self.national))

    @property
    def number(self) -> int:
        """The number in E.164, one per subscriber."""
        french = self.code in FRENCH_CODES
        return french_number(self.code, self.national) if french else int(self.code + self.national)

    @property
    def weight(self) -> int:
        """How likely this reading is, if another one is valid too."""
        return self.clean + (len(self.national) <= dialling(self.code).usual)


def after_plus(digits: str) -> list[Candidate]:
    """The ways to read digits that begin with a calling code."""
    code = calling_code(digits)
    return _coded(code, digits[len(code) :]) if code else []


def at_home(digits: str, region: str) -> list[Candidate]:
    """The ways to read digits as a number of the region they were written in, with or without its calling code."""
    own = own_code(region)
    plan = dialling(own, region)
    candidates = list(_with_and_without(own, digits, plan, zero=len(digits) in plan.lengths))
    for code in calling_codes(region):
        if digits.startswith(code):
            candidates += _coded(code, digits[len(code) :])
    return candidates


def abroad(digits: str, region: str) -> list[int]:
    """The possible ends of an international prefix at the start of digits."""
    match = dialling(own_code(region), region).abroad.match(digits)
    ends = {match.end()} if match and match[0] else set()
    return sorted(ends | ({len(INTERNATIONAL)} if digits.startswith(INTERNATIONAL) else set()))


def _coded(code: str, national: str) -> list[Candidate]:
    """The ways to read the digits after a calling code."""
    return list(_with_and_without(code, national, dialling(code), zero=True))


def _with_and_without(code: str, digits: str, plan: Dialling, *, zero: bool) -> Iterator[Candidate]:
    """Digits as they are, and without the trunk prefix, or without a zero that does not belong there.

    There are such zeros in Italy: they are part of landline numbers, and until 2001 mobile numbers had them too.
    """
    yield _candidate(code, digits, plan)
    if (bare := plan.without_trunk(digits)) is not None:
        yield _candidate(code, bare, plan)
    elif zero and digits.startswith("0"):
        yield _candidate(code, digits[1:], plan, clean=False)


def _candidate(code: str, national: str, plan: Dialling, *, clean: bool = True) -> Candidate:
    if code in FRENCH_CODES and national.startswith("508") and len(national) == 9:  # 508 is no part of its numbers
        code, national, plan = "508", national[3:], dialling("508")
    return Candidate(code, national, clean, plan.begins_trunked(national))


def number_of(digits: str, region: str | None) -> int | str:
    """The number (E.164) in a cleaned text, or the reason why there is none."""
    plus = "+" in digits
    digits = re.sub(r"\D", "", digits)
    if plus:
        return _chosen(after_plus(digits))
    if not region or not known_region(region):
        return "region"
    number = domestic_number(digits, region)
    return TWO_WAYS if isinstance(number, int) and _is_rivalled(number, digits, region) else number


def domestic_number(digits: str, region: str) -> int | str:
    """The number that digits mean in a region, or why they mean none; foreign numbers without a plus do not count."""
    international = [candidate for end in abroad(digits, region) for candidate in after_plus(digits[end:])]
    return _chosen(at_home(digits, region) + international)


def _is_rivalled(number: int, digits: str, region: str) -> bool:
    """Whether digits that were read as a number could also be a foreign number that lost its plus."""
    code = calling_code(digits)
    if not code or code in calling_codes(region):
        return False
    plan = dialling(own_code(region), region)
    as_is = number == _candidate(own_code(region), digits, plan).number
    if is_valid(number) and (not as_is or plan.is_certain(digits)):
        return False
    return any(candidate.possible and is_valid(candidate.number) for candidate in after_plus(digits))


def _chosen(candidates: list[Candidate]) -> int | str:
    """Choose the number among several ways to read a text; returns the reason if none is chosen.

    If several are valid, it is the most likely one (`weight`); if none is valid, the only possible one.
    """
    if not candidates:
        return NO_NUMBER
    possible = [candidate for candidate in candidates if candidate.possible]
    if len(possible) == 1 and not possible[0].trunked:
        return possible[0].number
    valid = [candidate for candidate in possible if is_valid(candidate.number)]
    kept = valid or [candidate for candidate in possible if not candidate.trunked]
    most = max((candidate.weight for candidate in kept), default=0)
    numbers = {candidate.number for candidate in kept if candidate.weight == most}
    if not numbers:
        return NO_LENGTH
    return numbers.pop() if len(numbers) == 1 else TWO_WAYS


def national(number: str) -> str:
    """A number in E.164 as people in its country write it, such as 01 99 00 04 18; unchanged without a plan."""
    try:
        return phonenumbers.format_number(phonenumbers.parse(number), phonenumbers.PhoneNumberFormat.NATIONAL)
    except phonenumbers.NumberParseException:
        return number


def read_listed(text: str, region: str | None) -> list[int]:
    """All numbers of a cell of a blocklist: several, or one with a note; empty unless every part with a digit is one.

    In a list of planned calls such a cell has to meet stricter conditions (see `split_cell`): its numbers are called.
    """
    digits, reason = cleaned(text)
    parts = [digits]
    if reason:
        parts = [part for part in parts_of(text) if re.search(r"\d", part)] if reason == SEVERAL else noted(text)
    readings = [read_number(part, region).number for part in parts]
    return [number for number in readings if number is not None] if all(readings) else []


def split_cell(text: str, region: str | None) -> list[str]:
    """The texts of the different numbers in a cell of planned calls; empty unless it has two or more whole numbers.

    Each part of the cell must be a valid number that is written in full, so that neither other last digits of the first
    number (`06 12 34 56 78/79`) nor a number without its area code (`030 1234567 / 7654321`) are taken for a number.
    """
    parts = parts_of(text)
    if len(parts) < 2:
        return []
    texts: dict[int, str] = {}
    for part in parts:
        number = _whole_number(part, region)
        if number is None:
            return []
        texts.setdefault(number, part)
    # Signs that separate numbers also separate the groups of one: 0049301/234567.
    joined = read_number("".join(char for char in text if char.isdecimal() or char == "+"), region)
    return [] if len(texts) > 1 and joined.number else list(texts.values())


def _whole_number(text: str, region: str | None) -> int | None:
    """The number in a text, or None unless it is valid and written with all its digits.

    It has all of them if it begins with a plus, 00 or a trunk prefix, or if no number of its plan lacks an area code.
    """
    reading = read_number(text, region)
    if reading.number is None or reading.doubt:
        return None
    digits, _ = cleaned(text)
    bare = re.sub(r"\D", "", digits)
    if "+" in digits or bare.startswith(INTERNATIONAL) or not region:
        return reading.number
    plan = dialling(own_code(region), region)
    return reading.number if plan.begins_trunked(bare) or plan.is_certain(bare) else None
