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
from itertools import product, zip_longest
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
    kind_of,
    number_of,
    planned_prefixes,
)

BASE = 10**17  # more than any number that is read by the million
LENGTHS = range(3, 18)  # digits of a string that has a key
PLUS = 20

Path = tuple[str, ...]  # the digits allowed at each place
Test = list[Path]  # whether a string goes along one of the paths
_ANY = "0123456789"
_INTRICATE = 100  # ways through a national prefix (Argentina); beyond it the reference reads all
_TOKEN = re.compile(r"\\d|\[[\d-]+\]|\{(\d+)(?:,(\d+))?\}|\(\?:|.")
_LINES = (
    "general_desc", "fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost", "personal_number", "voip",
    "pager", "uan", "voicemail",
)  # fmt: skip


T = TypeVar("T")


class _Plan(NamedTuple):
    """What the metadata says of a region, as patterns; empty where it says nothing.

    prefix: before a national number. plain: the digits of it that are just taken away; `rewrites` where others ask
        for more than that.
    abroad: before an international number. whole: all national numbers, of one of the `lengths`.
    leading: by which the region is told from others of its calling code. lines: patterns and lengths of each kind.
    french: whether it is of the French plan, where a number has one identity of several calling codes.
    """

    prefix: str
    plain: frozenset[str]
    rewrites: bool
    abroad: str
    whole: str
    lengths: tuple[int, ...]
    leading: str
    lines: tuple[tuple[str, tuple[int, ...]], ...]
    french: bool


class Verdict(NamedTuple):
    """What the keys of a range are: a number after `shift` is added, or unread; neither where the reference is asked.

    A shift that leads to a key with `PLUS` says that the digits behind an international prefix are to be looked up.
    """

    shift: int | None
    unread: str | None


ASK = Verdict(None, None)


# Patterns


@cache
def paths(pattern: str, groups: bool = True) -> tuple[Path, ...]:
    """All ways through a pattern of the metadata; the end of the text is a place where no digit is allowed.

    Without `groups`, those that do not lead through a group that captures.
    """
    tokens = list(_TOKEN.finditer(pattern.removeprefix("^")))[::-1]

    def alternatives() -> list[Path]:
        found: list[Path] = []
        ways: list[Path] = [()]
        while tokens and (sign := tokens.pop()[0]) != ")":
            if sign == "|":
                found, ways = found + ways, [()]
                continue
            atom = alternatives() if sign[0] == "(" else [_place(sign)]
            if sign == "(" and not groups:
                atom = []
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


def _ways(head: Path, pattern: str, length: int) -> list[Path]:
    """The ways in which a pattern may match behind a head."""
    ways = [head + path for path in paths(pattern)]
    return [way for way in ways if len(way) <= length and "" not in way] + [
        way[:-1] for way in ways if len(way) == length + 1 and not way[-1]
    ]


def _whole(head: Path, pattern: str, length: int) -> list[Path]:
    """The ways in which a pattern matches all that is behind a head."""
    return [way for way in _ways(head, pattern, length) if len(way) == length]


def _begins(head: Path, pattern: str, length: int) -> list[Test]:
    """One test for each way in which a pattern may match behind a head: together they tell where it ends."""
    return [[way] for way in _ways(head, pattern, length)]


def _both(one: Path, other: Path) -> Path:
    """Along both paths at once; a place without a digit where they part."""
    pairs = zip_longest(one, other, fillvalue=_ANY)
    return tuple("".join(digit for digit in digits if digit in more) for digits, more in pairs)


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
    tests: list[Test], length: int, verdict: Callable[[str, str], T], prefix: str = ""
) -> Iterator[tuple[str, T]]:
    """Ranges of the strings of a length: the first of each, and its verdict; in order.

    `verdict` gets the first and the last of a range.
    """
    rest = length - len(prefix)
    if not tests:
        yield prefix + "0" * rest, verdict(prefix + "0" * rest, prefix + "9" * rest)
        return
    for digit in _ANY:
        yield from _parted(_after(tests, len(prefix), digit), length, verdict, prefix + digit)


def _parted_from(
    prefix: str, tests: Iterable[Test], length: int, verdict: Callable[[str, str], T]
) -> Iterator[tuple[str, T]]:
    ways = {tuple(map(_trimmed, test)) for test in tests}
    undecided = _open([list(test) for test in ways], 0)
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
    prefix, rewrites = said.national_prefix_for_parsing or "", bool(said.national_prefix_transform_rule)
    fixed = (path for path in paths(prefix, groups=not rewrites) if _ANY not in path)
    return _Plan(
        prefix,
        frozenset("".join(digits) for path in fixed for digits in product(*path)) - {""},
        rewrites,
        said.international_prefix or "",
        said.general_desc.national_number_pattern or "",
        said.general_desc.possible_length,
        said.leading_digits or "",
        tuple((line.national_number_pattern, line.possible_length) for line in lines),
        code in FRENCH_CODES,
    )


def _placed(plans: set[_Plan], head: Path, length: int) -> Iterator[Test]:
    """What the reference asks to find where in the French plan a national number is that stands behind a head."""
    if any(plan.french for plan in plans) and len(head) == length - 9:
        yield from ([head + tuple(prefix)] for prefix in FRENCH_PREFIXES)


def _stripped(plans: set[_Plan], head: Path, length: int, times: int, code: str = "") -> Iterator[Test]:
    """What the reference asks where it takes away a national prefix behind a head, at most so many times.

    It asks how far the prefix matches, and whether what is behind the head is a national number
    with it and without; so too of the calling `code`. Only plain prefixes are followed.
    """
    yield from _placed(plans, head, length)
    yield from ([way] for plan in plans for way in _ways(head, plan.prefix, length))
    for taken in {code}.union(*(plan.plain for plan in plans)) - {""}:
        way = head + tuple(taken)
        yield from _begins(head, taken, length)
        yield from _placed(plans, way, length)
        for pattern in {plan.whole for plan in plans}:
            yield [_both(way, path) for path in _whole(head, pattern, length)]
            yield _whole(way, pattern, length)
        if times > 1:
            yield from _stripped(plans, way, length, times - 1)


def domestic(region: str) -> Iterator[tuple[int, Verdict]]:
    """Ranges of the strings without a plus, read in a region."""
    own = str(phonenumbers.country_code_for_region(region))
    plan, main = _plan(own, region), _plan(own)
    french = region in FRENCH_REGIONS
    abroad = re.compile(plan.abroad)
    if len(paths(plan.prefix)) > _INTRICATE or any(_ANY in path[:-1] for path in paths(plan.abroad)):
        yield 0, ASK
        return

    def verdict(low: str, high: str) -> Verdict:
        if (match := abroad.match(low)) and low[match.end() :][:1] not in ("", "0"):
            return _behind(low, high, match.end())
        if not all(_plainly(one, low, 1) and _plainly(one, low[len(own) :], 2) for one in (plan, main)):
            return ASK
        return _alike(low, high, len(low), number_of(low, region), number_of(high, region))

    for length in LENGTHS:
        tests = [*_stripped({plan, main}, (), length, 1, own), *_stripped({plan, main}, tuple(own), length, 2)]
        for pattern in (plan.abroad, f"(?:{plan.abroad})[1-9]"):
            tests += _begins((), pattern, length)
        if french:
            tests += [*_begins((), FRENCH_NATIONAL.pattern, length), *_begins((), FRENCH_OVERSEAS.pattern, length)]
            for code in FRENCH_CODES:
                tests += _stripped({_plan(code)}, tuple(code), length, 1)
        for first, found in _parted_from("", tests, length, verdict):
            yield length * BASE + int(first), found


def international(code: str) -> Iterator[tuple[int, Verdict]]:
    """Ranges of the strings behind a plus that begin with a calling code."""

    plan = _plan(code)
    if len(paths(plan.prefix)) > _INTRICATE:
        return

    def verdict(low: str, high: str) -> Verdict:
        if not _plainly(plan, low[len(code) :], 1):
            return ASK
        return _alike(low, high, PLUS + len(low), number_of(f"+{low}", None), number_of(f"+{high}", None))

    for length in LENGTHS:
        tests = _stripped({plan}, tuple(code), length, 1)
        for first, found in _parted_from(code, tests, length, verdict):
            yield (PLUS + length) * BASE + int(first), found
        yield (PLUS + length) * BASE + (int(code) + 1) * 10 ** (length - len(code)), ASK


def kinds(code: str) -> Iterator[tuple[int, Kind | None]]:
    """Ranges of the numbers (E.164) of a calling code."""
    plans = [_plan(code, region) for region in phonenumbers.region_codes_for_country_code(int(code))]
    head = tuple(code)

    def verdict(low: str, high: str) -> Kind | None:
        kind = kind_of(int(low))
        return kind if kind == kind_of(int(high)) else None

    for digits in _plan(code).lengths:
        length = len(code) + digits
        tests = [[tuple(prefix)] for prefix in planned_prefixes(code)]
        for plan in plans:
            tests += [_ways(head, plan.leading, length)] if plan.leading else []
            for pattern, lengths in plan.lines:
                tests += [_whole(head, pattern, length)] if digits in (lengths or (digits,)) else []
        if code in FRENCH_CODES and digits == 9:
            tests += [[tuple(code + prefix)] for prefix in FRENCH_PREFIXES]
        for first, found in _parted_from(code, tests, length, verdict):
            yield int(first), found
        yield (int(code) + 1) * 10**digits, None


def _alike(low: str, high: str, size: int, first: int | str, last: int | str) -> Verdict:
    """What all of a range are whose ends are read like this; the reference is asked where they part."""
    if isinstance(first, str) or isinstance(last, str):
        return Verdict(None, str(first)) if first == last else ASK
    constant = last - first == int(high) - int(low) and last < BASE
    return Verdict(first - size * BASE - int(low), None) if constant else ASK


def _behind(low: str, high: str, end: int) -> Verdict:
    """Digits behind an international prefix, to be looked up as behind a plus."""
    rest = len(low) - end
    constant = low[:end] == high[:end] and rest in LENGTHS
    return Verdict((PLUS - end) * BASE - int(low[:end]) * 10**rest, None) if constant else ASK


def _plainly(plan: _Plan, digits: str, times: int) -> bool:
    """Whether a national prefix in front of digits, or also behind the first, is just taken away."""
    match = re.match(plan.prefix, digits)
    if not match or not match[0]:
        return True
    if match[0] not in plan.plain or (plan.rewrites and match.groups()[-1] is not None):
        return False
    return times == 1 or _plainly(plan, digits[match.end() :], times - 1)
