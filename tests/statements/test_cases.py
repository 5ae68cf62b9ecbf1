"""The worked cases of what counts for a person, by every door that can be told them.

A line for each case that comes out otherwise: its id, the door, what is expected and what was said.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dnc import Rulebook
from tests.statements.doors import DOORS, NOW, play
from tests.statements.notation import Case, read_cases


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    """The worked cases."""
    return list(read_cases())


@pytest.fixture(scope="module")
def book() -> Rulebook:
    """The law."""
    return Rulebook.load()


@pytest.fixture(scope="module", autouse=True)
def today() -> Iterator[None]:
    """The day of the cases."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DNC_TODAY", NOW)
        yield


def test_the_cases_are_told_once(cases):
    """Each has an id and a number of its own, and whatever calls are planned is one of the rows of its list."""
    assert len({case.id for case in cases}) == len(cases) == 171
    assert all(case.list[case.row]["number"] == case.number for case in cases)


@pytest.mark.parametrize(
    ("door", "reverse"),
    [(door, reverse) for door in DOORS for reverse in ((False, True) if "check" in door else (door != "Decider",))],
)
def test_every_door_says_what_is_expected(cases, book, tmp_path, door, reverse):
    """Of a case that it can be told, in the order of the case and with the rows of each source reversed.

    The two doors of programs are one behind the door: each takes one of the orders.
    """
    said = play(cases, door, tmp_path, book, reverse=reverse)
    told = [(case, said[case.id]) for case in cases if case.id in said]
    others = [
        f"{case.id}  {door}{' reversed' * reverse}  {case.expected} {case.missing}  {one}  ({case.rule}: {case.why})"
        for case, one in told
        if isinstance(one, str) or not one.agrees(case)
    ]
    assert not others, "\n" + "\n".join([f"{len(others)} of {len(told)}: id, door, expected, got", *others])
