"""The law: each row of tests/rules/*.csv is a planned call with the outcome a lawyer expects."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from dnc import Rulebook, Store
from dnc.reports.law_changes import outlook
from tests.law import rule_cases

TABLES = sorted((Path(__file__).parent.parent / "rules").glob("*.csv"))
CASES = [case for table in TABLES for case in rule_cases.read_cases(table.read_text(encoding="utf-8"))]
BY_NAME = {case["case"]: case for case in CASES}


HELD = Counter(case["registries"] for case in BY_NAME.values())


def _stores() -> dict[str, list[str]]:
    """What registries answered, laid into few stores: a store holds at most one set of answers from each country.

    The law of a country asks its own registries only, so the cases of other countries do not notice. Cases for which
    nothing was loaded have a store of their own, and so have those about the own list, which is asked everywhere.
    """
    stores: dict[str, list[str]] = {}
    for registries, _ in HELD.most_common():
        [country, *others] = {answer.strip().partition("-")[0] for answer in registries.split(";")}
        alone = others or not country or country.startswith("own")
        at = sum(f"{country}-" in name for held in stores.values() for name in held)
        stores.setdefault(registries if alone else f"store {at}", []).append(registries)
    return stores


STORES = _stores()
STORE_OF = {registries: store for store, held in STORES.items() for registries in held}


@pytest.fixture(scope="module")
def decided(tmp_path_factory):
    """A function that gives the verdicts on all cases of a store by name, under one way of taking guidance."""

    @cache
    def loaded(store: str) -> tuple[list[rule_cases.Case], Path]:
        folder, together = tmp_path_factory.mktemp("rules"), []
        for registries in STORES[store]:
            cases = [case for case in BY_NAME.values() if case["registries"] == registries]
            for answer in filter(None, registries.split(";")):
                rule_cases._load(Store(folder / "store"), folder / "answer.csv", cases, answer.strip())
            together += cases
        return together, folder

    @cache
    def verdicts(store: str, guidance: str) -> dict[str, dict[str, Any]]:
        cases, folder = loaded(store)
        found = [
            verdict
            for some in rule_cases.of_different_numbers(cases)
            for verdict in zip(some, rule_cases._decided(some, "", Rulebook.load(), guidance, folder), strict=True)
        ]
        return {case["case"]: verdict for case, verdict in found}

    return verdicts


# What was loaded for the cases of which guidance makes a difference to one at least.
ADVISED = {case["registries"] for case in CASES if case.get("expect_advise")}
MOST = [store for store, held in STORES.items() if sum(HELD[registries] for registries in held) >= 5]
READINGS = [
    pytest.param(
        name,
        guidance,
        marks=[]
        if STORE_OF[case["registries"]] in MOST and (guidance == "enforce" or case["registries"] in ADVISED)
        else pytest.mark.large,
    )
    for guidance in ("enforce", "advise")
    for name, case in BY_NAME.items()
]


@pytest.mark.parametrize(("name", "guidance"), READINGS)
def test_case(decided, name, guidance):
    """The outcome, what decides it, what does not apply, and what is missing are as the table says; why is said."""
    case = BY_NAME[name]
    found = decided(STORE_OF[case["registries"]], guidance)[name]
    assert rule_cases.fault(case, found, guidance) is None, found["dnc_why"]
    assert found["dnc_why"]


def test_every_country_in_which_a_call_may_be_clear_has_a_case():
    """At least one row of a table names one of its regimes."""
    named = {
        id_ for case in CASES for key in ("decisive", "not_applies") for id_ in re.split("[;|]", case.get(key, ""))
    }
    for pack in Rulebook.load().packs.values():
        if any(regime.exceptions for regime in pack.regimes if regime.is_scope):
            assert any(regime.id in named for regime in pack.regimes), pack.jurisdiction


def test_every_country_says_what_was_not_read():
    """Each rules file names law that exists and was not read, in both languages."""
    for pack in Rulebook.load().packs.values():
        assert pack.not_held and all(text["en"] != text["fr"] for text in pack.not_held), pack.jurisdiction


def test_no_citation_stops_at_a_home_page():
    """Each address of a source, of calendars too, leads to a page: it has a path or a query."""
    for pack in Rulebook.load().packs.values():
        for part in (*pack.regimes, *pack.polls, *pack.holidays):
            for cite in part.cites:
                address = urlsplit(cite.url)
                assert not cite.url or address.path.strip("/") or address.query, (pack.jurisdiction, cite.url)


def test_rules_for_every_country_are_part_of_each():
    """An objection to this caller, debt collection, and words that may hide a sale count wherever a number is from."""
    shared = ("own-objection", "membership-or-sale", "collection-not-read", "nothing-is-sold", "survey-beside-sale")
    shared += ("information-without-contract", "file-of-another-task")
    for pack in Rulebook.load().packs.values():
        assert tuple(regime.id for regime in pack.regimes[-len(shared) :]) == shared, pack.jurisdiction
    assert "everywhere" not in Rulebook.load().packs


def test_what_is_provisional_is_named_ahead():
    """The polls to come of which the day is not sure; none of a past that is known."""
    france = [Rulebook.load().packs["fr"]]
    ahead = outlook(france, date(2026, 12, 4), date(2027, 5, 31))
    polls = [str(one.day) for one in ahead if one.change == "provisional"]
    assert polls == ["2027-04-11", "2027-04-18", "2027-04-25", "2027-05-02"]
    assert not [one for one in outlook(france, date(2022, 1, 1), date(2022, 12, 31)) if one.change == "provisional"]


VERDICT = {
    "dnc_outcome": "blocked",
    "dnc_applies": "a;b",
    "dnc_blocked_by": "a",
    "dnc_undecided_by": "",
    "dnc_missing": "x",
}


@pytest.mark.parametrize(
    ("case", "says"),
    [
        ({}, None),
        ({"decisive": "a|c"}, None),
        ({"missing": "x"}, None),
        ({"expect": "clear"}, "is blocked and not clear"),
        ({"decisive": "a;c"}, "is not decided by a;c"),
        ({"decisive": "b|c"}, "is not decided by b|c"),
        ({"not_applies": "b"}, "b applies"),
        ({"missing": "x;y"}, "y is not missing"),
    ],
)
def test_a_verdict_that_is_not_as_expected_is_seen(case, says):
    """Each column of a table of cases counts."""
    assert rule_cases.fault({"expect": "blocked", "decisive": "a"} | case, VERDICT) == says


@pytest.mark.large
def test_the_voice_of_a_machine_is_like_a_recorded_one():
    """A synthetic voice that answers is decided as a recorded one is."""
    cases = [case | {"voice": "ai"} for case in BY_NAME.values() if case["voice"] == "recorded"]
    for case, found in rule_cases.decided(cases, Rulebook.load()):
        assert rule_cases.fault(case, found) is None, case["case"]
