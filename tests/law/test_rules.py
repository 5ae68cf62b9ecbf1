"""The law: each row of tests/rules/*.csv is a planned call with the outcome a lawyer expects."""

from __future__ import annotations

import csv
import tempfile
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from dnc import Store, check
from dnc.checks.verdict import LONGEST_WHY
from dnc.numbers.reader import read_number

TABLES = sorted((Path(__file__).parent.parent / "rules").glob("*.csv"))
ELSEWHERE = "+33199009999"
# The word of plain form for each state of the column `registries`.
STATES = {"listed": "yes", "clear": "no", "uncovered": "no", "unasked": "no"}
STATES |= {word: word for word in ("starred", "ex_directory", "absent", "allowed", "refused", "unlisted")}
DIRECTORY = {"allowed": ("listed", "allowed"), "refused": ("listed", "refused"), "unlisted": ("unlisted", "allowed")}


def cases() -> list[dict[str, str]]:
    """All rows of all tables."""
    rows = []
    for table in TABLES:
        with table.open(encoding="utf-8", newline="") as file:
            rows += [{"table": table.stem, **row} for row in csv.DictReader(file)]
    return rows


def load(store: Store, folder: Path, together: list[dict[str, str]], told: str) -> None:
    """Load one entry of the column `registries`, such as `gb-tps=listed@2026-11-20~2026-09-25`, or `…#campaign`."""
    registry, _, rest = told.strip().partition("=")
    rest, _, campaign = rest.partition("#")
    rest, _, since = rest.partition("~")
    state, _, as_of = rest.partition("@")
    assert state in STATES, told
    numbers = [read_number(case["number"], case["region"] or None).number for case in together]
    asked = [ELSEWHERE] if state in ("unasked", "uncovered") else [f"+{number}" for number in numbers if number]
    if registry == "fr-directory":
        lines = ["number;listing;prospecting"]
        lines += [";".join([number, *DIRECTORY.get(state, ("listed", "allowed"))]) for number in asked]
    else:
        lines = ["number;listed;since", *(f"{number};{STATES[state]};{since}" for number in asked)]
    path = folder / f"{registry}-{as_of}.csv"
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    snapshot = store.load(path, registry=registry, as_of=date.fromisoformat(as_of), campaign=campaign or None)
    assert snapshot.unread == 0


@cache
def decided(registries: str, guidance: str) -> dict[str, dict[str, object]]:
    """The verdicts on all cases for which the same was loaded, under one way of taking guidance."""
    together = [case for case in BY_NAME.values() if case["registries"] == registries]
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        store = Store(folder / "store")
        for told in filter(None, registries.split(";")):
            load(store, folder, together, told)
        columns = dict.fromkeys(name for case in together for name in case if name != "table")
        path = folder / "calls.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns, restval="", extrasaction="ignore")
            writer.writeheader()
            writer.writerows(together)
        verdicts = check(path, store, guidance=guidance).verdicts
    assert verdicts is not None
    return {row["case"]: row for row in verdicts.iter_rows(named=True)}


BY_NAME = {case["case"]: case for case in cases()}


def ids(verdict: dict[str, object], column: str) -> set[str]:
    """The ids of one column."""
    return set(filter(None, str(verdict[column]).split(";")))


@pytest.mark.parametrize("guidance", ["enforce", "advise"])
@pytest.mark.parametrize("name", BY_NAME)
def test_case(name, guidance):
    """The outcome, what decides it, what does not apply, and what is missing are as the table says; why is short."""
    case = BY_NAME[name]
    found = decided(case["registries"], guidance)[name]
    expected = case["expect_advise"] if guidance == "advise" and case["expect_advise"] else case["expect"]
    assert found["dnc_outcome"] == expected, found["dnc_why"]
    assert 0 < len(found["dnc_why"]) <= LONGEST_WHY
    assert not ids(found, "dnc_applies") & set(case["not_applies"].split(";"))
    if guidance == "advise":
        return
    decided_by = ids(found, "dnc_undecided_by" if expected == "undecided" else "dnc_blocked_by")
    if "|" in case["decisive"]:
        assert decided_by & set(case["decisive"].split("|"))
    else:
        assert set(filter(None, case["decisive"].split(";"))) <= decided_by
    assert set(filter(None, case["missing"].split(";"))) <= ids(found, "dnc_missing")
