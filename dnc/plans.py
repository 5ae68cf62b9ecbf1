"""Numbering plans as ranges: compiled out of the metadata of `phonenumbers`, and read by the reference.

What the reference makes of a string of digits depends on patterns of the metadata
(calling code, prefixes, the general description of a plan, the ranges of its lines) and on
its length. Strings that no pattern tells apart are read alike. So the patterns of a plan are
spread out into the digits they allow at each place, the digits are followed only as far as
a pattern is undecided, and the first and the last number of each range that results are
read by the reference: the range is kept where both are read alike, and parted further
where not. Nothing of a plan is written here by hand.

A range is a run of keys. The key of a string is its length and its digits as one integer
(`key`); a plus sign makes it longer by `PLUS`. Within a range, number minus key is a constant.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import chain
from typing import Any, NamedTuple, TypeVar

import phonenumbers
from phonenumbers import PhoneMetadata

from dnc.numbers import (
    FRENCH_CODES,
    FRENCH_NATIONAL,
    FRENCH_OVERSEAS,
    FRENCH_PREFIXES,
    FRENCH_REGIONS,
    Kind,
    Reading,
    calling_codes,
    kind_of,
    planned_prefixes,
    read_number,
)

BASE = 10**17  # more than any number that is read by the million
LENGTHS = range(3, 18)  # digits of a string that has a key
PLUS = 20

Path = tuple[str, ...]  # the digits allowed at each place
Test = list[Path]  # whether a string goes along one of the paths
_ANY = "0123456789"
_TOKEN = re.compile(r"\\d|\[[\d-]+\]|\{(\d+)(?:,(\d+))?\}|\(\?:|.")
_LINES = (
    "general_desc", "fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost", "personal_number", "voip",
    "pager", "uan", "voicemail",
)  # fmt: skip


T = TypeVar("T")


class _Plan(NamedTuple):
    """What the metadata says of a region, as patterns; empty where it says nothing.

    prefix: before a national number; `rewrites` where it may ask for more than to be taken away.
    abroad: before an international number. whole: all national numbers, of one of the `lengths`.
    leading: by which the region is told from others of its calling code. lines: patterns and lengths of each kind.
    """

    prefix: str
    rewrites: bool
    abroad: str
    whole: str
    lengths: tuple[int, ...]
    leading: str
    lines: tuple[tuple[str, tuple[int, ...]], ...]


class Verdict(NamedTuple):
    """What the keys of a range are: a number after `shift` is added, or unread; neither where the reference is asked.

    A shift that leads to a key with `PLUS` says that the digits behind an international prefix are to be looked up.
    """

    shift: int | None
    unread: str | None


ASK = Verdict(None, None)


# Patterns


@cache
def paths(pattern: str) -> tuple[Path, ...]:
    """All ways through a pattern of the metadata; the end of the text is a place where no digit is allowed."""
    tokens = list(_TOKEN.finditer(pattern.removeprefix("^")))[::-1]

    def alternatives() -> list[Path]:
        found: list[Path] = []
        ways: list[Path] = [()]
        while tokens and (sign := tokens.pop()[0]) != ")":
            if sign == "|":
                found, ways = found + ways, [()]
                continue
            atom: list[Path] = alternatives() if sign[0] == "(" else [_place(sign)]
            low, high = _times(tokens)
            ways = [way + more for way in ways for times in range(low, high + 1) for more in _repeated(atom, times)]
        return found + ways

    return tuple(dict.fromkeys(alternatives()))


def _place(sign: str) -> Path:
    return ("".join(digit for digit in _ANY if re.match(sign, digit)),)


def _times(tokens: list[re.Match[str]]) -> tuple[int, int]:
    """How often what stands before may be repeated."""
    if tokens and tokens[-1][0] == "?":
        tokens.pop()
        return 0, 1
    if tokens and tokens[-1][1]:
        low, high = tokens.pop().groups()
        return int(low), int(high or low)
    return 1, 1


def _repeated(atom: Iterable[Path], times: int) -> list[Path]:
    ways: list[Path] = [()]
    for _ in range(times):
        ways = [way + more for way in ways for more in atom]
    return ways


# Ranges


def _begins(heads: Iterable[Path], pattern: str, length: int) -> list[Test]:
    """One test for each way in which a pattern may match behind a head: together they tell where it ends."""
    ways = (head + path for head in heads for path in paths(pattern))
    ways = (way[:-1] if way and len(way) == length + 1 and not way[-1] else way for way in ways)
    return [[_trimmed(way)] for way in ways if len(way) <= length and "" not in way]


def _fits(heads: Iterable[Path], pattern: str, length: int) -> list[Test]:
    """For each head, the test whether a pattern matches all behind it."""
    return [[_trimmed(head + path) for path in paths(pattern) if len(head + path) == length] for head in heads]


def _trimmed(path: Path) -> Path:
    while path and path[-1] == _ANY:
        path = path[:-1]
    return path


def _open(tests: Iterable[Test], at: int) -> list[Test]:
    """The tests that the first digits of a string leave undecided."""
    return [test for test in tests if test and all(len(path) > at for path in test)]


def _after(tests: list[Test], at: int, digit: str) -> list[Test]:
    """The tests that one more digit leaves undecided."""
    return _open(([path for path in test if digit in path[at]] for test in tests), at + 1)


def _parted(
    tests: list[Test], length: int, verdict: Callable[[str, str], T | None], prefix: str = ""
) -> Iterator[tuple[str, T]]:
    """Ranges of the strings of a length: the first of each, and its verdict; in order.

    `verdict` gets the first and the last of a range, and gives None where they differ.
    """
    rest = length - len(prefix)
    if not tests and (found := verdict(prefix + "0" * rest, prefix + "9" * rest)) is not None:
        yield prefix + "0" * rest, found
        return
    for digit in _ANY:
        yield from _parted(_after(tests, len(prefix), digit), length, verdict, prefix + digit)


def _parted_from(
    prefix: str, tests: Iterable[Test], length: int, verdict: Callable[[str, str], T | None]
) -> Iterator[tuple[str, T]]:
    undecided = _open(map(list, dict.fromkeys(map(tuple, tests))), 0)
    for at, digit in enumerate(prefix):
        undecided = _after(undecided, at, digit)
    return _parted(undecided, length, verdict, prefix)


# Plans


@cache
def _plan(code: str, region: str = "") -> _Plan:
    """The plan of a region, or of the main one of its calling code: its lengths and prefixes count for all of them."""
    region = region or phonenumbers.region_code_for_country_code(int(code))
    said: Any = PhoneMetadata.metadata_for_region_or_calling_code(int(code), region)
    lines = [line for line in (getattr(said, name) for name in _LINES) if line and line.national_number_pattern]
    return _Plan(
        said.national_prefix_for_parsing or "",
        bool(said.national_prefix_transform_rule),
        said.international_prefix or "",
        said.general_desc.national_number_pattern or "",
        said.general_desc.possible_length,
        said.leading_digits or "",
        tuple((line.national_number_pattern, line.possible_length) for line in lines),
    )


def _heads(plans: Iterable[_Plan], codes: Iterable[str]) -> list[Path]:
    """What may stand before a national number: a calling code, and a national prefix taken away once or twice."""
    prefixes = {path for plan in plans for path in paths(plan.prefix) if "" not in path}
    heads = [tuple(code) for code in codes]
    for _ in range(2):
        heads += [head + path for head in heads for path in prefixes]
    return list(dict.fromkeys(heads))


def _stripping(plans: Iterable[_Plan], codes: list[str], length: int) -> Iterator[Test]:
    """What the reference may ask of strings with one of some calling codes, or none, to find the national number."""
    plans = set(plans)
    heads = _heads(plans, codes)
    for plan in plans:
        yield from _begins(heads, plan.prefix, length)
        yield from _fits(heads, plan.whole, length)
    if FRENCH_CODES.intersection(codes):
        national = [head for head in heads if len(head) == length - 9]
        yield from (test for prefix in FRENCH_PREFIXES for test in _begins(national, prefix, length))


def domestic(region: str) -> Iterator[tuple[int, Verdict]]:
    """Ranges of the strings without a plus, read in a region."""
    codes = calling_codes(region)
    own = phonenumbers.country_code_for_region(region)
    plan = _plan(str(own), region)
    prefix, abroad = re.compile(plan.prefix), re.compile(plan.abroad)

    def verdict(low: str, high: str) -> Verdict | None:
        if (match := abroad.match(low)) and low[match.end() :][:1] not in ("", "0"):
            return _behind(low, high, match.end())
        if plan.rewrites and any(_rewrites(prefix, low, at) for at in range(len(low))):
            return ASK
        return _alike(low, high, len(low), read_number(low, region), read_number(high, region))

    for length in LENGTHS:
        tests = [*_stripping([plan, *map(_plan, codes)], ["", *codes], length)]
        tests += _begins([()], plan.abroad, length)
        tests += _begins([()], f"(?:{plan.abroad})[1-9]", length)
        if region in FRENCH_REGIONS:
            tests += [*_begins([()], FRENCH_NATIONAL.pattern, length), *_begins([()], FRENCH_OVERSEAS.pattern, length)]
        for first, found in _parted_from("", tests, length, verdict):
            yield length * BASE + int(first), found


def international(code: str) -> Iterator[tuple[int, Verdict]]:
    """Ranges of the strings behind a plus that begin with a calling code."""

    def verdict(low: str, high: str) -> Verdict | None:
        return _alike(low, high, PLUS + len(low), read_number(f"+{low}", None), read_number(f"+{high}", None))

    for length in LENGTHS:
        tests = _stripping([_plan(code)], [code], length)
        for first, found in _parted_from(code, tests, length, verdict):
            yield (PLUS + length) * BASE + int(first), found
        yield (PLUS + length) * BASE + (int(code) + 1) * 10 ** (length - len(code)), ASK


def kinds(code: str) -> Iterator[tuple[int, Kind | None]]:
    """Ranges of the numbers (E.164) of a calling code."""
    plans = [_plan(code, region) for region in phonenumbers.region_codes_for_country_code(int(code))]
    head = [tuple(code)]

    def verdict(low: str, high: str) -> Kind | None:
        kind = kind_of(int(low))
        return kind if kind == kind_of(int(high)) else None

    for digits in _plan(code).lengths:
        length = len(code) + digits
        tests = [test for prefix in planned_prefixes(code) for test in _begins([()], prefix, length)]
        for plan in plans:
            tests += [list(chain(*_begins(head, plan.leading, length)))] if plan.leading else []
            for pattern, lengths in plan.lines:
                tests += _fits(head, pattern, length) if digits in (lengths or (digits,)) else []
        if code in FRENCH_CODES and digits == 9:
            tests += [test for prefix in FRENCH_PREFIXES for test in _begins(head, prefix, length)]
        for first, found in _parted_from(code, tests, length, verdict):
            yield int(first), found
        yield (int(code) + 1) * 10**digits, None


def _alike(low: str, high: str, size: int, first: Reading, last: Reading) -> Verdict | None:
    """What both ends of a range are, None where they differ."""
    if first.number is None or last.number is None:
        return Verdict(None, first.unread) if first.unread == last.unread else None
    if last.number - first.number != int(high) - int(low):
        return None
    return Verdict(first.number - size * BASE - int(low), None) if last.number < BASE else ASK


def _behind(low: str, high: str, end: int) -> Verdict | None:
    """Digits behind an international prefix, to be looked up as behind a plus."""
    rest = len(low) - end
    if low[:end] != high[:end]:
        return None
    return Verdict((PLUS - end) * BASE - int(low[:end]) * 10**rest, None) if rest in LENGTHS else ASK


def _rewrites(prefix: re.Pattern[str], digits: str, at: int) -> bool:
    """Whether the national prefix that is found at a place asks for more than to be taken away."""
    match = prefix.match(digits, at)
    return bool(match and match.groups() and match.groups()[-1])
