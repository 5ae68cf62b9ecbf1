"""The targets of the fuzzer, for a moment and from what Hypothesis makes of the fixtures."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import size
from tests.fuzz import TARGETS, seeds


def harmed(seed: bytes) -> st.SearchStrategy[bytes]:
    """A seed as it is, cut, or with a few bytes replaced."""
    places = st.lists(st.tuples(st.integers(0, max(len(seed) - 1, 0)), st.integers(0, 255)), max_size=4)

    def put(changes: list[tuple[int, int]], end: int) -> bytes:
        data = bytearray(seed)
        for at, value in changes:
            data[at] = value
        return bytes(data[: len(data) - end])

    return st.builds(put, places, st.integers(0, len(seed)))


@pytest.mark.parametrize("target", TARGETS)
def test_no_crash_and_no_lost_row(target):
    """Each reader answers any bytes with rows or with one line, and every row is accounted for."""
    inputs = st.one_of(st.binary(max_size=200), st.sampled_from(list(seeds(target))).flatmap(harmed))

    @settings(
        max_examples=size(15, 40),
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(inputs)
    def run(data: bytes) -> None:
        TARGETS[target](data)

    run()
