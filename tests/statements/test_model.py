"""The plain model: it says what the worked cases expect, and `dnc` says what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random

import pytest

from dnc import Rulebook
from tests import size
from tests.statements.doors import NOW, in_file, in_store
from tests.statements.notation import Case, Row, Source, read_cases
from tests.statements.random import SETTINGS, Sets, differing, of_model, written

AGAINST: list[Row] = [
    {"consent_withdrawn_on": "2026-10-01"},
    {"consent_withdrawn_on": "?"},
    {"consent": "none", "consent_on": "2026-10-01"},
    {"consent": "fax ok", "consent_on": "2026-10-01"},
    {"consent_until": "2026-11-01"},
    {"hours_agreed": "14:00-18:00"},
    {"objected_on": "2026-10-01"},
]
IN_CALLS = [{"at": "2026-11-12T10:15", "result": result} for result in ("busy", "refused", "objected", "wrong_number")]


def test_the_model_says_what_the_cases_expect():
    """All of them."""
    said = [(case, of_model(case)) for case in read_cases()]
    others = [
        f"{case.id}  {case.expected} {case.missing}  {one}  ({case.rule})" for case, one in said if not one.agrees(case)
    ]
    assert not others, "\n" + "\n".join(others)


def test_every_door_says_what_the_model_says(tmp_path, monkeypatch):
    """Of random sets of statements about one to three numbers; `python -m tests.statements.random` plays more."""
    monkeypatch.setenv("DNC_TODAY", NOW)
    sets = Sets(1)
    cases = [sets.case(at) for at in range(size(300, 3000))]
    book, half = Rulebook.load(), len(SETTINGS) // 2
    played = {
        "check": cases,
        "check, all in the store": [case for at, case in enumerate(cases) if at % len(SETTINGS) < half],
        "check, all in the file": [case for at, case in enumerate(cases) if at % len(SETTINGS) >= half],
    }
    others = [
        line
        for door, some in played.items()
        for line in differing(some, tmp_path / door, book, [(door, door != "check")])
    ]
    assert not others, "\n" + "\n".join([f"{len(others)}: id, door, model, got, set", *others])


@pytest.fixture(scope="module")
def sets() -> list[Case]:
    """Random sets for the model alone."""
    chance = Sets(2)
    return [chance.case(at) for at in range(size(1000, 20_000))]


def test_order_and_source_never_matter(sets):
    """To the model: rows in reverse order, and consents in the file or in the store."""
    for case in sets:
        others = [_reversed(case), in_store(case), in_file(case)]
        assert {of_model(other) for other in others if other} <= {of_model(case)}, written(case)


def test_what_is_against_a_link_and_a_gap_never_clear(sets):
    """To the model: whatever is added or taken away, a call that was not clear is not clear."""
    chance = Random(3)
    for case in sets:
        if of_model(case).outcome != "clear":
            for worse in (_with(case, "store", AGAINST), _with(case, "calls", IN_CALLS), _linked(case), *_gaps(case)):
                change = worse(chance)
                assert of_model(change).outcome != "clear", f"{written(case)}\n{written(change)}"


Change = Callable[[Random], Case]


def _reversed(case: Case) -> Case:
    sources = tuple(replace(source, rows=source.rows[::-1]) for source in case.sources[::-1])
    return replace(case, sources=sources, row=len(case.list) - 1 - case.row)


def _with(case: Case, kind: str, rows: list[Row]) -> Change:
    """A change that adds one of some rows."""

    def change(chance: Random) -> Case:
        row = {"number": chance.choice(("n1", "n1", "n2")), **chance.choice(rows)}
        return replace(case, sources=(*case.sources, Source(kind, (), (row,))))

    return change


def _linked(case: Case) -> Change:
    """A change that makes two numbers one person's."""
    rows = tuple({"number": number, "person": "C-9"} for number in ("n1", "n2"))
    return lambda _: replace(case, sources=(*case.sources, Source("store", (), rows)))


def _gaps(case: Case) -> Iterator[Change]:
    """Changes that take a day, a wording or the kind of calls out of a row."""
    for name in ("consent_on", "consent_withdrawn_on", "objected_on", "refused_on", "wording", "consent_for"):
        places = [
            (at, row)
            for at, source in enumerate(case.sources)
            for row, cells in enumerate(source.rows)
            if source.kind in ("list", "file", "store") and cells.get(name)
        ]
        if places:
            yield lambda chance, name=name, places=places: _without(case, name, *chance.choice(places))


def _without(case: Case, name: str, at: int, row: int) -> Case:
    """A case without what a cell says: of the day of something against the call, only the day."""
    rows = [dict(told) for told in case.sources[at].rows]
    gap = "" if name in ("consent_on", "wording", "consent_for") or rows[row][name] in ("none", "n/a", "-") else "yes"
    rows[row][name] = gap
    sources = [replace(source, rows=tuple(rows)) if n == at else source for n, source in enumerate(case.sources)]
    return replace(case, sources=tuple(sources))
