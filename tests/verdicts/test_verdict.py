"""The sentence that says why: short enough for a cell, whole, and with the citation of the regime that decides."""

from __future__ import annotations

import re
from itertools import product

import polars as pl
import pytest

from dnc import Rulebook, check
from dnc.law.findings import Finding
from dnc.law.vocabulary import vocabulary
from dnc.messages import LANGUAGES
from dnc.verdicts.verdict import LONGEST_WHY, Policy, missing_thing, worded
from tests import SALE, some
from tests.law.test_rules import TABLES

REGIMES = [regime for regime in Rulebook.load().by_id.values() if regime.demand != "duty"]
EVERYTHING = ";".join([*vocabulary().columns, "registry:ca-dncl", "uncovered:us-ndnc", "stale:it-rpo", "stale:law"])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("finding", [Finding.BROKEN, Finding.OPEN, Finding.MET])
def test_every_regime_is_cited_in_a_whole_sentence(finding, language):
    """However long its text and its citation are, and whatever is missing: nothing is cut."""
    for regime in REGIMES:
        asked = sorted({word for part in regime.parts for _, word in part.reads})[:1]
        for missing in ("", *asked, EVERYTHING) if finding is Finding.OPEN else ("",):
            told = worded([regime], [finding], missing, Policy(language=language))
            for text in (told.why, told.short):
                assert len(text) <= LONGEST_WHY, (regime.id, text)
                assert text.endswith("]."), (regime.id, text)
                cited = re.search(r"\[([^\]]+)\]\.$", text)[1]
                assert regime.cites[0].texts[language].startswith(cited), (regime.id, text)
                assert not re.search(r"\s$|\b(and|et)(, [^,]*)?$", cited), (regime.id, text)
            if missing in asked:
                assert missing_thing(missing, language) in told.why, told.why


@pytest.mark.parametrize(
    ("number", "given", "why"),
    [
        (
            "+33199000810",
            {"caller": "political", "source": "directory", "consent": "none"},
            "your own opt-out list (4 more); Opt-out from this caller's calls (GDPR) [Regulation (EU) 2016/679].",
        ),
        (
            "+33199000810",
            {"caller": "commercial", "recipient": "consumer", "sector": "general", "source": "opt_in_form"}
            | {"relationship": "none", "cli": "0199009000", "attempts": "0", "objected_on": "none"},
            "the consent that was given (3 more); Consent before selling by phone (since 11 Aug 2026) "
            "[Code de la consommation, art. L. 223-1].",
        ),
        (
            "+4930231251",
            {"caller": "commercial", "recipient": "consumer"},
            "the number shown to the called person (3 more); A sales call may not hide its number and shows one "
            "allotted to the caller [TDDDG s 15(2)].",
        ),
    ],
)
def test_what_is_named_as_missing_is_what_the_rule_asks(store, write_file, number, given, why):
    """A rule that is known to apply comes before one that may, and other facts that are missing are only counted."""
    path = write_file("calls.csv", f"number\n{number}")
    told = check(path, store, at="2026-12-02T10:30", given={"voice": "human"} | given).verdicts["dnc_why"]
    assert told.to_list() == [f"Incomplete: {why}"]


@pytest.mark.parametrize(("language", "says"), [("en", "given only after the call"), ("fr", "seulement après l'appel")])
def test_a_consent_that_came_after_the_call_is_said_to_be_later(store, language, says):
    """It is not one that does not hold at that hour."""
    told = SALE | {"consent": "named_caller", "consent_on": "2026-10-20"}
    call = pl.DataFrame({"number": ["+33639980001"]})
    verdict = check(call, store, at="2026-10-12T10:30", given=told, language=language).verdicts
    assert verdict["dnc_outcome"][0] == "blocked" and says in verdict["dnc_why"][0]


@pytest.mark.parametrize(("language", "table"), some(product(LANGUAGES, TABLES), 3))
def test_no_case_has_a_long_reason_where_all_is_missing(store, table, language):
    """All cases of the tables, with no registry loaded."""
    cases = pl.read_csv(table, infer_schema=False)
    calls = cases.select(name for name in cases.columns if name in vocabulary().columns)
    verdicts = check(calls, store, language=language).verdicts
    assert verdicts["dnc_why"].str.len_chars().is_between(1, LONGEST_WHY).all()
    assert not verdicts["dnc_why"].str.ends_with("…").any()


def test_notes_on_a_row_make_the_sentence_shorter(store, write_file):
    """What was not understood is named beside the outcome and the citation; a long list of it ends after a word."""
    axes = [name for name, entry in vocabulary().columns.items() if entry["kind"] == "axis"]
    rows = [
        f"0199000810;{';'.join(['?!'] + [''] * (len(axes) - 1))}",
        f"0199000810;{';'.join(['what is this'] * len(axes))}",
    ]
    path = write_file("calls.csv", "\n".join([f"number;{';'.join(axes)}", *rows]))
    one, many = check(path, store, region="FR").verdicts["dnc_why"]
    first = vocabulary().label(axes[0])
    assert one.startswith("Incomplete")
    assert one.endswith(f"]. Not understood: {first} '?!'. Nobody has said what a text in {axes[0]} means.")
    assert len(many) <= LONGEST_WHY
    assert re.fullmatch(rf"Incomplete: .+ \[.+\]\. Not understood: {first} 'what is this', .*(\w|'|,)…", many), many
