"""The sentence that says why: whole, and with all that is missing and the citation of the regime that decides."""

from __future__ import annotations

from itertools import product

import polars as pl
import pytest

from dnc import Rulebook, check
from dnc.law.findings import Finding
from dnc.law.vocabulary import vocabulary
from dnc.messages import LANGUAGES
from dnc.verdicts.verdict import Policy, missing_thing, worded
from tests import SALE, some
from tests.law.test_rules import TABLES

REGIMES = [regime for regime in Rulebook.load().by_id.values() if regime.demand != "duty"]
EVERYTHING = ";".join([*vocabulary().columns, "registry:ca-dncl", "uncovered:us-ndnc", "stale:it-rpo", "stale:law"])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("finding", [Finding.BROKEN, Finding.OPEN, Finding.MET])
def test_every_regime_is_cited_in_a_whole_sentence(finding, language):
    """However long its text and its citation are, and whatever is missing: all of it is said."""
    for regime in REGIMES:
        asked = sorted({word for part in regime.parts for _, word in part.reads})[:1]
        for missing in ("", *asked, EVERYTHING) if finding is Finding.OPEN else ("",):
            told = worded([regime], [finding], missing, Policy(language=language)).why
            assert told.endswith(f" [{regime.cites[0].texts[language]}]."), (regime.id, told)
            if not missing and not regime.demanded.limit:
                assert regime.says[language].rstrip(".") in told, (regime.id, told)
            if missing and regime.words & {*missing.split(";")}:
                assert all(missing_thing(word, language) in told for word in missing.split(";")), (regime.id, told)


@pytest.mark.parametrize(
    ("number", "given", "why"),
    [
        (
            "+33199000810",
            {"caller": "political", "source": "directory", "consent": "none"},
            "your own opt-out list, the number shown to the called person, how the number is dialled, whether a "
            "consumer or a business is called, an answer from the registry Telephone directory with opt-out marks "
            "(France) valid on that day; Whoever objected to direct marketing by this caller is not contacted again, "
            "without condition [Regulation (EU) 2016/679].",
        ),
        (
            "+33199000810",
            {"caller": "commercial", "recipient": "consumer", "sector": "general", "source": "opt_in_form"}
            | {"relationship": "none", "cli": "0199009000", "attempts": "0", "objected_on": "none"},
            "the consent that was given, which calls the consent covers, the date of the consent, how the number is "
            "dialled; A consumer may not be called for a sale without prior consent given to this professional, at "
            "most a year ago and not withdrawn [Code de la consommation, art. L. 223-1, version of 11 August 2026].",
        ),
        (
            "+4930231251",
            {"caller": "commercial", "recipient": "consumer"},
            "the number shown to the called person, the consent that was given, which calls the consent covers, the "
            "date of the consent, your own opt-out list, where the number comes from; A sales call may not hide its number and shows one allotted to the caller [TDDDG s 15(2) "
            "(TTDSG from 2021-12-01, before that TKG s 102(2))].",
        ),
    ],
)
def test_what_the_rule_asks_is_named_first(store, write_file, number, given, why):
    """A rule that is known to apply comes before one that may; the other facts that are missing are named behind."""
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
def test_all_that_is_missing_is_named(store, table, language):
    """In all cases of the tables, with no registry loaded, however much it is; but for what no fact decides."""
    cases = pl.read_csv(table, infer_schema=False)
    calls = cases.select(name for name in cases.columns if name in vocabulary().columns)
    verdicts = check(calls, store, language=language).verdicts
    assert (verdicts["dnc_why"] != "").all()
    for missing, why in verdicts.select("dnc_missing", "dnc_why").unique().iter_rows():
        for word in missing.split(";") if not why.startswith(("Undecided, ", "À trancher, ")) else ():
            if word in vocabulary().axes or word.startswith(("registry:", "stale:", "uncovered:")):
                assert missing_thing(word, language) in why, (word, why)


def test_notes_on_a_row_follow_the_sentence(store, write_file):
    """All cells that were not understood are named, and all columns with a text that has no meaning."""
    axes = [name for name, entry in vocabulary().columns.items() if entry["kind"] == "axis"]
    path = write_file("calls.csv", f"number;{';'.join(axes)}\n0199000810;{';'.join(['what is this'] * len(axes))}")
    [why] = check(path, store, region="FR").verdicts["dnc_why"]
    said, _, cells = why.partition("]. Not understood: ")
    assert said.startswith("Incomplete: ")
    assert all(f"{vocabulary().label(name)} 'what is this'" in cells for name in axes)
    assert cells.endswith(f". Nobody has said what a text in {', '.join(sorted(axes))} means.")
