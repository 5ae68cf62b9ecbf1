"""Cases: planned calls with the outcome that a lawyer expects, decided to see whether rules say what they should.

A table of cases is CSV: a planned call in each row (`dnc.law.vocabulary`), and these columns:

    case         its name
    registries   what registries answered, such as `gb-tps=listed@2026-11-20~2026-09-25;own=listed@…`: the registry, its
                 answer, the day of the answer, and, if need be, `~` since when and `#` for which campaign
    expect       the outcome; `expect_advise` where it is another one if guidance is only advice
    decisive     ids of regimes that must decide it, joined by `;` (all of them) or `|` (one of them)
    not_applies  ids of regimes that must not apply
    missing      words that `dnc_missing` must have
    why          for people
"""

from __future__ import annotations

import csv
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from dnc.checks.outputs import Outputs
from dnc.checks.run import run
from dnc.checks.settings import Settings
from dnc.law.rulebook import Rulebook
from dnc.law.vocabulary import vocabulary
from dnc.numbers.reader import read_number
from dnc.store.store import Store
from dnc.verdicts.verdict import OUTCOMES

Case = Mapping[str, str]
_COLUMNS = ("case", "registries", "expect", "decisive", "expect_advise", "not_applies", "missing", "why")
_ELSEWHERE = "+33199009999"
# The word of plain form for each answer.
_ANSWERS = {"listed": "yes", "clear": "no", "uncovered": "no", "unasked": "no"}
_ANSWERS |= {word: word for word in ("starred", "ex_directory", "absent", "allowed", "refused", "unlisted")}
_DIRECTORY = {"allowed": ("listed", "allowed"), "refused": ("listed", "refused"), "unlisted": ("unlisted", "allowed")}


def read_cases(text: str) -> list[Case]:
    """The cases of a table (CSV)."""
    cases = list(csv.DictReader(text.splitlines(keepends=True), strict=True))
    assert set(cases[0]) <= {*_COLUMNS, *vocabulary().columns}
    assert all({case["expect"], case.get("expect_advise") or "clear"} <= set(OUTCOMES) for case in cases)
    return cases


def decided(cases: Sequence[Case], book: Rulebook, guidance: str = "enforce") -> Iterator[tuple[Case, dict[str, Any]]]:
    """Each case with the verdict on it by some rules."""
    together: dict[str, list[Case]] = {}
    for case in cases:
        together.setdefault(case["registries"], []).append(case)
    for registries, same in together.items():
        for some in of_different_numbers(same):
            with tempfile.TemporaryDirectory(prefix="dnc-") as work:
                yield from zip(some, _decided(some, registries, book, guidance, Path(work)), strict=True)


def of_different_numbers(cases: Iterable[Case]) -> Iterable[list[Case]]:
    """Cases in lists, each without a number twice: what one case says against calls would count for the other."""
    before = Counter[object]()
    lists: dict[int, list[Case]] = {}
    for case in cases:
        number = read_number(case["number"], case["region"] or None).number
        lists.setdefault(before[number], []).append(case)
        before[number] += 1
    return lists.values()


def _decided(
    cases: Sequence[Case], registries: str, book: Rulebook, guidance: str, folder: Path
) -> Iterable[dict[str, Any]]:
    store = Store(folder / "store")
    for position, entry in enumerate(filter(None, registries.split(";"))):
        _load(store, folder / f"{position}.csv", cases, entry.strip())
    calls = [{name: case[name] for name in case if name in vocabulary().columns} for case in cases]
    verdicts = run(calls, store, Settings(rulebook=book, guidance=guidance), Outputs()).verdicts
    assert verdicts.height == len(cases)
    return verdicts.iter_rows(named=True)


def _load(store: Store, path: Path, cases: Sequence[Case], entry: str) -> None:
    """Load one answer of the column `registries` for all numbers of some cases."""
    registry, _, rest = entry.partition("=")
    rest, _, campaign = rest.partition("#")
    rest, _, since = rest.partition("~")
    answer, _, as_of = rest.partition("@")
    day, word = date.fromisoformat(as_of), _ANSWERS[answer]
    numbers = [read_number(case["number"], case["region"] or None).number for case in cases]
    asked = [_ELSEWHERE] if answer in ("unasked", "uncovered") else [f"+{number}" for number in numbers if number]
    if registry == "fr-directory":
        lines = ["number;listing;prospecting"]
        lines += [";".join([number, *_DIRECTORY.get(answer, ("listed", "allowed"))]) for number in asked]
    else:
        lines = ["number;listed;since", *(f"{number};{word};{since}" for number in asked)]
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    assert not store.load(path, registry=registry, as_of=day, campaign=campaign or None).unread


def fault(case: Case, verdict: Mapping[str, Any], guidance: str = "enforce") -> str | None:
    """How a verdict differs from what a case expects, or None."""
    expected = case["expect"]
    if guidance == "advise":
        expected = case.get("expect_advise") or expected
    if verdict["dnc_outcome"] != expected:
        return f"is {verdict['dnc_outcome']} and not {expected}"
    if wrong := _ids(verdict["dnc_applies"]) & _ids(case.get("not_applies", "")):
        return f"{min(wrong)} applies"
    if guidance == "advise":
        return None
    by = _ids(verdict["dnc_undecided_by" if expected == "undecided" else "dnc_blocked_by"])
    one_of = set(case["decisive"].split("|")) if "|" in case["decisive"] else set()
    if (one_of and not by & one_of) or (not one_of and not _ids(case["decisive"]) <= by):
        return f"is not decided by {case['decisive']}"
    if lacking := _ids(case.get("missing", "")) - _ids(verdict["dnc_missing"]):
        return f"{min(lacking)} is not missing"
    return None


def _ids(text: str) -> set[str]:
    return set(filter(None, text.split(";")))
