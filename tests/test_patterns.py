"""Regular expressions: none takes more than time in proportion to the text that is made for it.

Every call of `re` in the packages is found in their source, so that a new pattern is tried without being listed here.
Patterns in SQL and in Polars need no test: their engines (RE2 and the `regex` of Rust) are linear.
"""

from __future__ import annotations

import ast
import importlib
import itertools
import pkgutil
import re
import time
from collections.abc import Iterator
from pathlib import Path
from re import _constants as of
from re import _parser as parser
from types import ModuleType
from typing import Any, NamedTuple

import pytest

import dnc
import registry_loaders
from dnc.files import csv_reader
from dnc.numbers import normalise
from dnc.registries import lookalikes, reasons
from dnc.store import retention
from registry_loaders import be_dncm, gb_tps, us_ndnc

RUNS = ("match", "fullmatch", "search", "split", "findall", "finditer", "sub", "subn")
LONGEST = 8_000  # characters; the other text is a quarter of it
TOLD = 0.01  # seconds of processor time; what takes less for the longest text is not measured
TURNS, MOST_TURNS = 5, 30  # of a measure
ATOMS = 7  # pieces of which the texts of a pattern are made

# Modules whose patterns only meet short texts, and the most characters that these have.
SHORT = {
    "dnc.numbers.normalise": normalise._LONGEST,
    "dnc.numbers.reader": normalise._LONGEST,
    "dnc.numbers.numbering_plans": normalise._LONGEST,
    "dnc.registries.reasons": reasons.LONGEST,
    "dnc.numbers.ranges": normalise._LONGEST,  # they read the numbering plans of the package itself
}
# Patterns that are made of a local variable, by module and function: those that it can be.
LOCAL: dict[tuple[str, str], list[str] | list[bytes]] = {
    ("dnc.lists.inputs", "opened"): [re.escape("/tmp/dnc-x_y") + r"/\d+/"],
    ("dnc.verdicts.verdict", "_shortened"): [";", ",", r"\( "],
    ("dnc.files.archive", "parts"): [r"(?s).*", r"xl/(workbook\.xml|worksheets/[^/]+\.xml)"],
    ("dnc.files.csv_reader", "read_csv"): [
        csv_reader._blanks_after_quotes(delimiter)
        for delimiter in (*csv_reader.DELIMITERS, *csv_reader._RARE_DELIMITERS)
    ],
    ("dnc.files.csv_reader", "well_quoted"): [
        csv_reader._well_quoted(delimiter, blanks=blanks)
        for delimiter in (*csv_reader.DELIMITERS, *csv_reader._RARE_DELIMITERS)
        for blanks in ("", " *")
    ],
    ("dnc.files.fixed_width", "records"): [rb"(?:%b)*+" % layout.pattern for layout in (us_ndnc._FLAT, gb_tps.LAYOUT)],
    ("dnc.store.retention", "_forget_texts"): [retention._spelled(33199000418)],
    ("registry_loaders.gb_tps", "_member"): [rb" ", rb"\d"],
    ("registry_loaders.be_dncm", "_shape"): [pattern for pattern, _ in be_dncm._DAYS.values()],
    ("dnc.registries.reasons", "_patterns"): [pattern.pattern for pattern in reasons._patterns().values()],
    ("dnc.registries.lookalikes", "decoy"): [pattern for pattern, _ in lookalikes._NAMES],
}


class Pattern(NamedTuple):
    """A pattern. place: its module and name or line. runs: the functions of `re` by which it is run."""

    place: str
    regex: re.Pattern[Any]
    runs: frozenset[str]

    @property
    def longest(self) -> int:
        """Characters of the longest text that it meets here."""
        return SHORT.get(self.place.partition(":")[0], LONGEST)


def modules() -> Iterator[ModuleType]:
    """All modules of both packages."""
    for package in (dnc, registry_loaders):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not found.name.endswith("__main__"):
                yield importlib.import_module(found.name)


def compiled(value: object, name: str, depth: int = 3) -> Iterator[tuple[str, re.Pattern[Any]]]:
    """The compiled patterns in a value of a module."""
    if isinstance(value, re.Pattern):
        yield name, value
    elif depth and isinstance(value, dict):
        yield from compiled([*value.values()], name, depth - 1)
    elif depth and isinstance(value, list | tuple):
        for one in value:
            yield from compiled(one, name, depth - 1)


def calls(tree: ast.AST, within: str = "") -> Iterator[tuple[str, ast.Call]]:
    """The calls of functions of `re`, each with the function in which it stands."""
    for child in ast.iter_child_nodes(tree):
        inside = child.name if isinstance(child, ast.FunctionDef) else within
        match child:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="re"))):
                yield inside, child
        yield from calls(child, inside)


def patterns_of(module: ModuleType) -> Iterator[Pattern]:
    """The patterns of a module. Raises AssertionError where one cannot be found out."""
    source = Path(module.__file__ or "").read_text(encoding="utf-8")
    assert "from re import" not in source and "import re as" not in source
    for name, value in vars(module).items():
        for _, regex in compiled(value, name):
            found = re.findall(rf"\b{name}\.({'|'.join(RUNS)})\(", source)
            yield Pattern(f"{module.__name__}:{name}", regex, frozenset(found or ("search", "fullmatch")))
    for within, call in calls(ast.parse(source)) if "re." in source else ():
        run = call.func.attr
        if run in ("escape", "compile" if not within else ""):
            continue
        runs = frozenset(("search", "fullmatch") if run == "compile" else (run,))
        try:
            texts = [eval(ast.unparse(call.args[0]), vars(module))]
        except NameError:
            local = LOCAL.get((module.__name__, within))
            assert local or module.__name__ in SHORT, f"{module.__name__}:{call.lineno} is not in LOCAL"
            texts = local or []
        flags = next((one.value for one in call.keywords if one.arg == "flags"), ast.Constant(0))
        for text in texts:
            kinds = eval(ast.unparse(flags), vars(module))
            yield Pattern(f"{module.__name__}:{call.lineno}", re.compile(text, kinds), runs)


PATTERNS = [pattern for module in modules() for pattern in patterns_of(module)]


def atoms(regex: re.Pattern[Any]) -> list[str]:
    """Pieces of text that a pattern takes: its literal words, and a character of each of its classes."""
    found = sorted(dict.fromkeys(pieces(parser.parse(regex.pattern, regex.flags))), key=len)
    return [*found[: ATOMS - 3], *found[-3:]] if len(found) > ATOMS else found


def pieces(tree: Any) -> Iterator[str]:
    """The same, one by one, in the order in which they stand."""
    word = ""
    for kind, value in [*tree, (None, None)]:
        if kind is of.LITERAL:
            word += chr(value)
            continue
        if word:
            yield word
            yield word[0]
        word = ""
        if kind is of.IN:
            yield from (one_of(*part) for part in value if part[0] is not of.NEGATE)
        elif kind in (of.ANY, of.NOT_LITERAL):
            yield from "a1"
        else:
            yield from (piece for inner in inside(value) for piece in pieces(inner))


def inside(value: Any) -> Iterator[Any]:
    """The parts of a pattern in a part of it."""
    if isinstance(value, parser.SubPattern):
        yield value
    elif isinstance(value, list | tuple):
        for one in value:
            yield from inside(one)


def one_of(kind: Any, value: Any) -> str:
    """A character of a part of a class."""
    if kind is of.LITERAL:
        return chr(value)
    if kind is of.RANGE:
        return chr(value[0])
    some = {of.CATEGORY_DIGIT: "1", of.CATEGORY_SPACE: " ", of.CATEGORY_WORD: "a", of.CATEGORY_NOT_DIGIT: "a"}
    return some.get(value, "-") if kind is of.CATEGORY else "a"


def texts_for(regex: re.Pattern[Any]) -> Iterator[tuple[str, str, str]]:
    """Texts that may be hard for a pattern: a beginning, what is repeated, and an end."""
    some = [*atoms(regex), "\x01"]
    for begin, repeated in itertools.product(["", *some], some):
        yield begin, repeated, "\x01"
    for pair in itertools.permutations(some, 2):
        yield "", "".join(pair), "\x01"
        yield "", "".join(pair), ""


def seconds(pattern: Pattern, run: str, text: str) -> float:
    """The processor time of a run."""
    regex = pattern.regex
    subject = text.encode("latin-1", "replace") if isinstance(regex.pattern, bytes) else text
    begun = time.process_time()
    if run in ("sub", "subn"):
        regex.sub(subject[:0], subject)
    elif run == "finditer":
        for _ in regex.finditer(subject):
            pass
    else:
        getattr(regex, run)(subject)
    return time.process_time() - begun


def grows(pattern: Pattern, run: str, parts: tuple[str, str, str]) -> bool:
    """Whether a text four times as long takes more than eight times as long: 4 is in proportion, 16 its square.

    Other work on the machine can only slow a turn down: the quickest of several counts, and of many more before a
    pattern is blamed.
    """
    begin, repeated, end = parts
    short, long = (begin + repeated * (size // len(repeated)) + end for size in (pattern.longest // 4, pattern.longest))
    if seconds(pattern, run, long) < TOLD:
        return False
    turns = []
    for _ in range(MOST_TURNS):
        turns.append((seconds(pattern, run, short), seconds(pattern, run, long)))
        quick, slow = (min(column) for column in zip(*turns, strict=True))
        if len(turns) >= TURNS and slow <= max(TOLD, 8 * quick):
            return False
    return True


@pytest.mark.parametrize("pattern", PATTERNS, ids=[pattern.place for pattern in PATTERNS])
def test_a_pattern_takes_time_in_proportion_to_its_text(pattern):
    """Four times a text that repeats what the pattern looks for takes less than eight times the time."""
    found = [(run, parts) for run in pattern.runs for parts in texts_for(pattern.regex) if grows(pattern, run, parts)]
    assert not found


@pytest.mark.parametrize("read", [normalise.cleaned, normalise.split, normalise.parts_of, normalise.noted])
def test_a_long_cell_meets_no_pattern(read, monkeypatch):
    """The patterns of telephone numbers are for short texts; a longer one is not read by any of them."""
    for name, value in vars(normalise).items():
        if any(compiled(value, name)):
            monkeypatch.setattr(normalise, name, None)
    assert read("0" * (normalise._LONGEST + 1)) in (("", normalise.TOO_LONG), [])


def test_the_measure_knows_a_quadratic_pattern(monkeypatch):
    """What the test above would say of a pattern that looks at every text again from each of its characters."""
    monkeypatch.setitem(SHORT, "here", 3_000)  # characters; already 40 ms, of which the measure takes 30
    pattern = Pattern("here", re.compile("1+ *a"), frozenset(["search"]))
    assert grows(pattern, "search", ("", "1", "\x01"))
