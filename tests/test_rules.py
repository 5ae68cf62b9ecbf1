"""The law: each row of tests/rules/*.csv is a planned call with the outcome a lawyer expects."""

from __future__ import annotations

import csv
from datetime import date
from functools import cache
from pathlib import Path

import polars as pl
import pytest

from dnc import Store, check
from dnc.numbers import read_number

TABLES = sorted((Path(__file__).parent / "rules").glob("*.csv"))
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


def load(store: Store, folder: Path, number: str, region: str, told: str) -> None:
    """Load one entry of the column `registries`, such as `gb-tps=listed@2026-11-20~2026-09-25`, or `…#campaign`."""
    registry, _, rest = told.strip().partition("=")
    rest, _, campaign = rest.partition("#")
    rest, _, since = rest.partition("~")
    state, _, as_of = rest.partition("@")
    assert state in STATES, told
    e164 = f"+{read_number(number, region or None).number}"
    asked = ELSEWHERE if state in ("unasked", "uncovered") else e164
    if registry == "fr-directory":
        text = "number;listing;prospecting\n" + ";".join([asked, *DIRECTORY.get(state, ("listed", "allowed"))])
    else:
        text = f"number;listed;since\n{asked};{STATES[state]};{since}"
    path = folder / f"{registry}-{as_of}.csv"
    path.write_text(text + "\n", encoding="utf-8")
    snapshot = store.load(path, registry=registry, as_of=date.fromisoformat(as_of), campaign=campaign or None)
    assert snapshot.unread == 0


@pytest.fixture(scope="module", params=["enforce", "advise"])
def verdict(request, tmp_path_factory):
    """A function: the verdict on a case under one way of taking guidance."""

    @cache
    def decide(key: str) -> dict[str, object]:
        case = BY_NAME[key]
        folder = tmp_path_factory.mktemp("case")
        store = Store(folder / "store")
        for told in filter(None, case["registries"].split(";")):
            load(store, folder, case["number"], case["region"], told)
        columns = [name for name in case if name not in ("table", "case")]
        path = folder / "calls.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.DictWriter(file, columns, extrasaction="ignore").writerows([{name: name for name in columns}, case])
        frame = check(path, store, guidance=request.param).verdicts
        assert isinstance(frame, pl.DataFrame)
        return frame.row(0, named=True)

    decide.guidance = request.param
    return decide


BY_NAME = {case["case"]: case for case in cases()}


def ids(verdict: dict[str, object], column: str) -> set[str]:
    """The ids of one column."""
    return set(filter(None, str(verdict[column]).split(";")))


@pytest.mark.parametrize("name", BY_NAME)
def test_case(name, verdict):
    """The outcome, what decides it, what does not apply, and what is missing are as the table says."""
    case, found = BY_NAME[name], verdict(name)
    expected = case["expect_advise"] if verdict.guidance == "advise" and case["expect_advise"] else case["expect"]
    assert found["dnc_outcome"] == expected, found["dnc_why"]
    assert not ids(found, "dnc_applies") & set(case["not_applies"].split(";"))
    if verdict.guidance == "advise":
        return
    decided_by = ids(found, "dnc_undecided_by" if expected == "undecided" else "dnc_blocked_by")
    if "|" in case["decisive"]:
        assert decided_by & set(case["decisive"].split("|"))
    else:
        assert set(filter(None, case["decisive"].split(";"))) <= decided_by
    assert set(filter(None, case["missing"].split(";"))) <= ids(found, "dnc_missing")
