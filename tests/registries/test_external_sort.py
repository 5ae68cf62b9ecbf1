"""Sorting by number: in memory, by runs on disk, and by runs that need no merging."""

from __future__ import annotations

from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnc.errors import StoreError
from dnc.registries import external_sort
from dnc.registries.external_sort import Sorting

SCHEMA = {"number": pl.UInt64, "row": pl.Int64}
NUMBERS = st.lists(st.one_of(st.none(), st.integers(0, 60)), max_size=12)


def told(batches: list[list[int | None]]) -> list[pl.DataFrame]:
    """Frames of numbers, each row with its place."""
    rows = pl.DataFrame({"number": [n for batch in batches for n in batch]}, schema={"number": pl.UInt64})
    rows = rows.with_columns(pl.int_range(pl.len()).alias("row"))
    ends = [sum(map(len, batches[:at])) for at in range(len(batches) + 1)]
    return [rows[low:high] for low, high in pairwise(ends)]


@pytest.mark.parametrize("rising", [False, True])
@given(batches=st.lists(NUMBERS, max_size=8))
def test_order(tmp_path_factory, batches, rising):
    """Every row with a number comes once, in order, and no number stands in two parts, however small a run is."""
    if rising:
        numbers = iter(sorted({n for batch in batches for n in batch if n is not None}))
        batches = [[n for _, n in zip(batch, numbers, strict=False)] for batch in batches]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(external_sort, "_AT_ONCE", 10)
        patch.setattr(external_sort, "_SPAN", 4)
        rows = Sorting(tmp_path_factory.mktemp("runs"), SCHEMA)
        for frame in told(batches):
            rows.add(frame)
        parts = list(rows.parts())
    found = [row for part in parts for row in part.rows()]
    assert [number for number, _ in found] == sorted(n for batch in batches for n in batch if n is not None)
    assert sorted(found) == sorted(row for frame in told(batches) for row in frame.rows() if row[0] is not None)
    assert rows.rows == len(found)
    held = [set(part["number"]) for part in parts]
    assert sum(map(len, held)) == len(set().union(*held))


def test_a_folder_that_is_gone(tmp_path, monkeypatch):
    """What cannot be put on disk is said in one line."""
    monkeypatch.setattr(external_sort, "_AT_ONCE", 2)
    rows = Sorting(tmp_path / "gone", SCHEMA)
    with pytest.raises(StoreError, match="rows cannot be written to disk"):
        for frame in told([[1, 2], [3], [4]]):
            rows.add(frame)
