"""Compile numbering plans into ranges of digits, from the metadata of `phonenumbers` and the reference reading.

How the reference reads a string of digits depends only on its length and on patterns of the metadata (calling code,
prefixes, the general description of a plan, the ranges of its lines). Strings that no pattern distinguishes are read in
the same way. So the patterns of a plan are expanded into the digits that they allow at each position, and prefixes are
extended digit by digit while a pattern is still undecided. The reference reads the first and the last string of each
resulting range: if it reads both in the same way, so it does with the whole range; otherwise the strings of the range
are left to the reference. Nothing about a plan is written here by hand.

A range is a run of keys. The key of a string is its length times `BASE`, plus its digits as an integer; a plus sign
adds `PLUS` to the length. Within a range, number minus key is a constant.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import product
from typing import NamedTuple, TypeVar

import phonenumbers

from dnc.numbers.numbering_plans import (
    FRENCH_CODES,
    FRENCH_PREFIXES,
    Dialling,
    NumberKind,
    calling_codes,
    dialling,
    kind_of,
    metadata,
    own_code,
    planned_prefixes,
    valid,
)
from dnc.numbers.reader import INTERNATIONAL, abroad, at_home, domestic_number, number_of

BASE = 10**17  # more than any number that is read by ranges
LENGTHS = range(3, 18)  # digits of a string that has a key
PLUS = 20

Path = tuple[str, ...]  # the digits allowed at each position
Test = list[Path]  # whether a string follows one of the paths
_ANY = "0123456789"
_INTRICATE = 100  # paths through a national prefix; plans with more (Argentina) are left to the reference
_TOKEN = re.compile(r"\\d|\[[\d-]+\]|\{(\d+)(?:,(\d+))?\}|\(\?:|.")
_LINES = (
    "general_desc", "fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost", "personal_number", "voip",
    "pager", "uan", "voicemail",
)  # fmt: skip


T = TypeVar("T")


class RangeRule(NamedTuple):
    """How the keys of a range are read: add `shift` to get the number, or `unread` says why there is none.

    At most one of them is given; both are None if only the reference can read the keys. If the shift leads to a key
    with `PLUS`, the digits after an international prefix have to be looked up as well.
    """

    shift: int | None
    unread: str | None


ASK = RangeRule(None, None)


# Patterns


@cache
def paths(pattern: str, groups: bool = True) -> tuple[Path, ...]:
    """All paths through a pattern of the metadata; the end of the text is a position where no digit is allowed.

    Without `groups`, only those that do not use a capturing group.
    """
    tokens = list(_TOKEN.finditer(pattern.removeprefix("^")))[::-1]

    def alternatives() -> list[Path]:
        others: list[Path] = []
        ways: list[Path] = [()]
        while tokens and (sign := tokens.pop()[0]) != ")":
            if sign == "|":
                others, ways = others + ways, [()]
                continue
            atom = alternatives() if sign[0] == "(" else [_place(sign)]
            if sign == "(" and not groups:
                atom = []
            low, high = _times(tokens)
            ways = [way + more for way in ways for times in range(low, high + 1) for more in _repeated(atom, times)]
        return others + ways

    return tuple(dict.fromkeys(alternatives()))


def _place(sign: str) -> Path:
    return ("".join(digit for digit in _ANY if re.match(sign, digit)),)


def _times(tokens: list[re.Match[str]]) -> tuple[int, int]:
    """The smallest and the largest number of repetitions of the element before."""
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
    """The paths on which a pattern may match after a head."""
    ways = [head + path for path in paths(pattern)]
    return [way for way in ways if len(way) <= length and "" not in way] + [
        way[:-1] for way in ways if len(way) == length + 1 and not way[-1]
    ]


def _whole(head: Path, pattern: str, length: int) -> list[Path]:
    """The paths on which a pattern matches everything after a head."""
    return [way for way in _ways(head, pattern, length) if len(way) == length]


def _begins(head: Path, pattern: str, length: int) -> list[Test]:
    """One test for each path on which a pattern may match after a head; together they decide where the match ends."""
    return [[way] for way in _ways(head, pattern, length)]


def _meet(one: Path, other: Path) -> bool:
    """Whether a string can follow both paths."""
    return all(set(digits).intersection(more) for digits, more in zip(one, other, strict=False))


def _trimmed(path: Path) -> Path:
    while path and path[-1] == _ANY:
        path = path[:-1]
    return path


def _open(tests: Iterable[Test], at: int) -> list[Test]:
    """The tests that are still undecided after the first `at` digits of a string."""
    return [test for test in tests if test and all(len(path) > at for path in test)]


def _after(tests: list[Test], at: int, digit: str) -> list[Test]:
    """The tests that are still undecided after one more digit."""
    return _open(([path for path in test if digit in path[at]] for test in tests), at + 1)


def _parted(
    tests: list[Test], length: int, verdict: Callable[[str, str], T], prefix: str = ""
) -> Iterator[tuple[str, T]]:
    """Ranges of the strings of a length, in order: the first string of each range, and its verdict.

    `verdict` gets the first and the last string of a range.
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


class _DiallingForm(NamedTuple):
    """A way to read strings: as a head, followed by a national number of a calling code.

    code: empty after an international prefix, because it then depends on the string. plan: how such numbers are
    written.
    """

    head: Path
    code: str
    plan: Dialling

    def fits(self, length: int) -> bool:
        """Whether strings of a length could be read in this way."""
        return not self.code or length - len(self.head) in self.plan.lengths


@cache
def _trunks_of(plan: Dialling) -> tuple[Path, ...]:
    """The trunk prefixes that are simply removed, without those in which a position allows any digit."""
    ways = paths(plan.trunk.pattern, groups=plan.rewrite is None)
    return tuple(tuple(digits) for path in ways if path and _ANY not in path for digits in product(*path))


def _forms(code: str, plan: Dialling, head: Path = ()) -> list[_DiallingForm]:
    """The ways to read the digits after a head as a national number: as they are, or without trunk prefix or zero."""
    trunks = {(), *_trunks_of(plan)}
    forms = [_DiallingForm(head + trunk, code, plan) for trunk in sorted(trunks)]
    return forms if ("0",) in trunks else [*forms, _DiallingForm((*head, "0"), code, plan)]


def _valid(form: _DiallingForm, length: int) -> Iterator[Test]:
    """The tests of the reference for whether a national number is valid."""
    yield from (_whole(form.head, pattern.pattern, length) for pattern in valid(form.code))


def _placed(form: _DiallingForm, length: int) -> Iterator[Test]:
    """The tests of the reference for the territory of a national number of the French plan."""
    if form.code in FRENCH_CODES and length - len(form.head) == 9:
        yield from ([form.head + tuple(prefix)] for prefix in FRENCH_PREFIXES)


def _tests(forms: list[_DiallingForm], length: int) -> Iterator[Test]:
    """The tests of the reference for strings of a length that may be read in some forms.

    Whether a number is valid matters if another form is possible too, or if it may begin with a trunk prefix.
    """
    forms = [form for form in forms if len(form.head) <= length]
    for form in forms:
        yield [form.head]
        yield from _begins(form.head, form.plan.trunk.pattern, length)
        yield from _placed(form, length)
    possible = list({(form.head, form.code): form for form in forms if form.fits(length)}.values())
    for form in possible:
        is_rivalled = any(_meet(form.head, other.head) for other in possible if other is not form)
        trunks = [form.head + trunk for trunk in _trunks_of(form.plan)]
        numbers = _whole(form.head, form.plan.whole.pattern, length)
        if form.code and (is_rivalled or any(_meet(number, trunk) for number in numbers for trunk in trunks)):
            yield from _valid(form, length)


def domestic(region: str) -> Iterator[tuple[int, RangeRule]]:
    """Ranges of the strings without a plus, read in a region."""
    own = own_code(region)
    plan = dialling(own, region)
    if len(paths(plan.trunk.pattern)) > _INTRICATE:
        yield 0, ASK
        return
    prefixes = dict.fromkeys([*paths(INTERNATIONAL), *paths(plan.abroad.pattern)])
    forms = [_DiallingForm(head, "", plan) for head in prefixes if head]
    forms += _forms(own, plan)
    for code in calling_codes(region):
        forms += _forms(code, dialling(code), tuple(code))

    def verdict(low: str, high: str) -> RangeRule:
        ends = abroad(low, region)
        tails = [low[end:] for end in ends if low[end : end + 1] not in ("", "0")]
        if tails:
            at_once = any(way.possible for digits in (low, high) for way in at_home(digits, region))
            return ASK if at_once or len(tails) > 1 else _after_prefix(low, high, len(low) - len(tails[0]))
        number = domestic_number(low, region)
        if not low.startswith("0") and str(number) == own + low and not plan.is_certain(low):
            return ASK  # it may be a foreign number instead
        heads = [(0, plan)] + [(len(code), dialling(code)) for code in calling_codes(region) if low.startswith(code)]
        if not all(_plainly(way, low[start:]) for start, way in heads):
            return ASK
        return _alike(low, high, len(low), number, domestic_number(high, region))

    for length in LENGTHS:
        tests = [*_tests(forms, length), *([_whole((), plan.certain.pattern, length)] if plan.certain else [])]
        tests += [test for head in prefixes for test in _begins(head, "[1-9]", length)]
        for first, rule in _parted_from("", tests, length, verdict):
            yield length * BASE + int(first), rule


def international(code: str) -> Iterator[tuple[int, RangeRule]]:
    """Ranges of the strings after a plus that begin with a calling code."""
    plan = dialling(code)
    if len(paths(plan.trunk.pattern)) > _INTRICATE:
        return
    forms = _forms(code, plan, tuple(code))

    def verdict(low: str, high: str) -> RangeRule:
        if not _plainly(plan, low[len(code) :]):
            return ASK
        return _alike(low, high, PLUS + len(low), number_of(f"+{low}", None), number_of(f"+{high}", None))

    for length in LENGTHS:
        for first, rule in _parted_from(code, _tests(forms, length), length, verdict):
            yield (PLUS + length) * BASE + int(first), rule
        yield (PLUS + length) * BASE + (int(code) + 1) * 10 ** (length - len(code)), ASK


def kinds(code: str) -> Iterator[tuple[int, NumberKind | None]]:
    """Ranges of the numbers (E.164) of a calling code."""
    form = _DiallingForm(tuple(code), code, dialling(code))
    plans = [metadata(code, region) for region in phonenumbers.region_codes_for_country_code(int(code))]
    lines = [
        line for plan in plans for name in _LINES if (line := getattr(plan, name)) and line.national_number_pattern
    ]

    def verdict(low: str, high: str) -> NumberKind | None:
        kind = kind_of(int(low))
        return kind if kind == kind_of(int(high)) else None

    for digits in sorted(form.plan.lengths):
        length = len(code) + digits
        tests: list[Test] = [[tuple(prefix)] for prefix in planned_prefixes(code)]
        tests += [_ways(form.head, plan.leading_digits, length) for plan in plans if plan.leading_digits]
        for line in lines:
            if digits in (line.possible_length or (digits,)):
                tests.append(_whole(form.head, line.national_number_pattern, length))
        tests += [*_valid(form, length), *_placed(form, length)]
        for first, kind in _parted_from(code, tests, length, verdict):
            yield int(first), kind
        yield (int(code) + 1) * 10**digits, None


def _alike(low: str, high: str, size: int, first: int | str, last: int | str) -> RangeRule:
    """The rule of a range, from how its first and last strings are read; `ASK` if that differs."""
    if isinstance(first, str) or isinstance(last, str):
        return RangeRule(None, str(first)) if first == last else ASK
    constant = last - first == int(high) - int(low) and last < BASE
    return RangeRule(first - size * BASE - int(low), None) if constant else ASK


def _after_prefix(low: str, high: str, end: int) -> RangeRule:
    """The rule for digits after an international prefix: look them up like digits after a plus."""
    rest = len(low) - end
    constant = low[:end] == high[:end] and rest in LENGTHS
    return RangeRule((PLUS - end) * BASE - int(low[:end]) * 10**rest, None) if constant else ASK


def _plainly(plan: Dialling, digits: str) -> bool:
    """Whether digits have no trunk prefix, or one that is simply removed."""
    match = plan.trunk.match(digits)
    return not match or not match[0] or tuple(match[0]) in _trunks_of(plan)
