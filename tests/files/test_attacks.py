"""Files that are made to fill the memory or to take for ever: refused in one sentence, or read within bounds."""

from __future__ import annotations

import pytest

from tests.attacks import ATTACKS, cost, is_expected

QUICK = {
    "keys.jsonl", "blanks.csv", "members.zip", "attributes.xml", "dotted.toml",
}  # fmt: skip


@pytest.mark.parametrize(
    "attack",
    [pytest.param(one, marks=[] if one.name in QUICK else pytest.mark.large, id=one.name) for one in ATTACKS],
)
def test_a_hostile_file_costs_no_more_than_it_may(attack, tmp_path):
    """Memory of all processes, processor time and the answer are those of `tests/attacks.py`."""
    found = cost(attack, tmp_path)
    assert is_expected(attack, found), found
