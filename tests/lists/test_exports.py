"""Exports from ten tools, taken from the file to verdicts: in one stop at most, and no row clear that must not be.

`pytest tests/lists/test_exports.py -s` also prints, for each export, how far it came and what is left to a person.
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests import some
from tests.lists.briefs import Entries, as_toml, merged, pasted
from tests.lists.exports import AT, EXPORTS, MAY, Export, numbers

DONE = (0, 1, 3)  # exit codes of a check that came to its end
MOST_STOPS = 5  # after which nobody would go on
ALL_EXPORTS = pytest.mark.parametrize("export", EXPORTS.values(), ids=list(EXPORTS))
SOME_EXPORTS = pytest.mark.parametrize("export", some(EXPORTS.values(), 3))


@dataclass(frozen=True)
class Attempt:
    """What came of an export: how often it stopped, the brief in the end, and the people by what came of them."""

    stops: int
    brief: Entries
    may: int
    clear: int
    wrongly: list[tuple[int, str]]  # row and column of people who came out clear and must not


@pytest.fixture
def desk(dnc, tmp_path, monkeypatch):
    """A function that checks an export as an officer would, who pastes what a message says to paste."""
    monkeypatch.setenv("DNC_TODAY", "2026-12-01")

    def run(export: Export, brief: Entries, review: Callable[[Entries], Entries] = lambda entries: entries) -> Attempt:
        path, people = export.write(tmp_path)
        stops = -1
        code, err = 2, ""
        while code == 2 and stops < MOST_STOPS:
            stops += 1
            brief = review(merged(brief, pasted(err)))
            (tmp_path / "brief.toml").write_text(as_toml(brief), encoding="utf-8")
            code, _, err = dnc("check", path, "--brief", "brief.toml", "--at", AT, "--lang", "en", "--quiet",
                               "--out", tmp_path / "verdicts.csv")  # fmt: skip
        assert code in DONE, err
        with (tmp_path / "verdicts.csv").open(encoding="utf-8-sig", newline="") as lines:
            outcomes = [
                (row["dnc_number"], row["dnc_outcome"]) for row in csv.DictReader(lines, delimiter=export.delimiter)
            ]
        clear = {number for number, outcome in outcomes if outcome == "clear"}
        others = {number for number, outcome in outcomes if outcome != "clear"}
        may = [one for one in people if one.truth == MAY]
        through = [one for one in may if not others.intersection(numbers(one))]
        wrongly = [(one.at + 2, one.column) for one in people if one.truth != MAY and clear.intersection(numbers(one))]
        assert {number for one in people for number in numbers(one)} >= clear | others - {""}
        return Attempt(stops, brief, len(may), len(through), wrongly)

    return run


@pytest.fixture
def draft(dnc, tmp_path, monkeypatch):
    """A function that gives the brief that is drafted from an export."""
    monkeypatch.setenv("DNC_TODAY", "2026-12-01")

    def drafted(export: Export) -> Entries:
        code, _, err = dnc("brief", export.write(tmp_path)[0], "--out", tmp_path / "draft.toml", "--lang", "en")
        assert code == 0, err
        return tomllib.loads((tmp_path / "draft.toml").read_text(encoding="utf-8"))

    return drafted


def corrected(brief: Entries, export: Export) -> Entries:
    """A brief with the campaign of an export; what that maps is neither left out nor open any more."""
    mapped = {column.name for column in export.columns if column.role == "used"}
    rest = {key: value for key, value in brief.items() if key not in ("ignore", "texts")}
    texts = {name: texts for name, texts in brief.get("texts", {}).items() if name not in mapped}
    ignore = [name for name in brief.get("ignore", []) if name not in mapped]
    return merged({**rest, "ignore": ignore, "texts": texts}, export.campaign)


def answered(brief: Entries, export: Export) -> Entries:
    """A brief in which every text that it asks about has its meaning; what it leaves out stays left out."""
    brief, meanings = corrected(brief, export), export.meanings
    asked = list(brief["texts"])
    texts = {name: meanings["texts"][name] for name in asked if name in meanings["texts"]}
    return {**brief, "texts": texts, "ignore": [*brief["ignore"], *(name for name in asked if name not in texts)]}


def say(name: str, export: Export, attempt: Attempt) -> None:
    """Print how far an export came."""
    asked = attempt.brief.get("texts", {})
    texts = sum(len(words) for says in asked.values() for words in says.values() if isinstance(words, list))
    print(
        f"\n{name:9} {export.file[:24]:24} stops {attempt.stops}, columns to read {len(asked)} of {len(export.columns)}, "
        f"texts {texts}, clear {attempt.clear} of {attempt.may}, wrongly clear {len(attempt.wrongly)}"
    )


@ALL_EXPORTS
def test_a_draft_runs_as_it_is(desk, draft, export):
    """Nobody has read anything: the check comes to its end, and says nothing that it does not know."""
    attempt = desk(export, draft(export))
    say("as it is", export, attempt)
    assert attempt.stops <= 1 and attempt.wrongly == []


@SOME_EXPORTS
def test_a_draft_with_the_facts_of_the_campaign(desk, draft, export):
    """The officer told what is true for everyone, and has not read the texts yet."""
    attempt = desk(export, draft(export), lambda brief: corrected(brief, export))
    say("campaign", export, attempt)
    assert attempt.stops <= 1 and attempt.wrongly == []


@ALL_EXPORTS
def test_a_draft_of_which_every_text_was_answered(desk, draft, export):
    """The officer answered what the draft asks, and left out what it leaves out."""
    attempt = desk(export, draft(export), lambda brief: answered(brief, export))
    say("answered", export, attempt)
    assert attempt.stops <= 1 and attempt.wrongly == [] and attempt.clear >= 0.9 * attempt.may


@SOME_EXPORTS
def test_a_brief_that_gives_every_text_its_meaning(desk, export):
    """Written by hand, with a role for each column that needs one: no stop, and hardly a row is held back."""
    attempt = desk(export, merged(export.campaign, export.meanings))
    say("by hand", export, attempt)
    assert attempt.stops == 0 and attempt.wrongly == [] and attempt.clear >= 0.9 * attempt.may


@SOME_EXPORTS
def test_a_brief_without_one_column_stops(desk, export):
    """A brief of last year does not fit a column that is new: the export stops, and says so once."""
    texts = dict(export.meanings["texts"])
    gone = next(column.name for column in export.columns if column.may_object and column.name in texts)
    del texts[gone]
    attempt = desk(export, merged(export.campaign, {**export.meanings, "texts": texts}))
    assert attempt.stops == 1 and attempt.wrongly == []


def test_the_exports_are_what_they_say(tmp_path):
    """Of 9 to 60 columns and 40 to 400 rows, in French and English, with every kind of truth; made twice, they are equal."""
    for export in EXPORTS.values():
        assert 9 <= len(export.columns) <= 60 and 40 <= export.rows <= 400
        assert len({column.name for column in export.columns}) == len(export.columns)
        path, people = export.write(tmp_path)
        assert {one.truth for one in people} == {"may", "objects", "unknown"}
        assert all(one.mobile or one.landline for one in people)
        if path.suffix == ".csv":  # a workbook also says when it was made
            before = path.read_bytes()
            assert export.write(tmp_path)[0].read_bytes() == before
