"""The garble test in small (`python -m tests.garble` is the large one), and that it bites."""

from __future__ import annotations

import random

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import size, some
from tests.garble import LINE, NOTHING, OFFICE, WHOLES, Desk, Tally, damaged_cells, damaged_lines
from tests.garble_world import COLUMNS, FRENCH, PLAIN, TODAY, world, written

SIZE = size(40, 150)
STYLES = {"french": FRENCH, "plain": PLAIN}


@pytest.fixture(scope="module", params=some(STYLES, 1))
def desk(request, tmp_path_factory):
    """A world in each way of writing lists."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DNC_TODAY", TODAY)
        folder = tmp_path_factory.mktemp("garble")
        yield Desk(folder, world(random.Random(1), SIZE, STYLES[request.param]), Tally())


@pytest.fixture(autouse=True)
def nothing_is_wrong(desk):
    """After each test no call has become clear without a reason."""
    desk.tally = Tally()
    yield
    assert not desk.tally.wrong, "\n".join(desk.tally.wrong[:5])


def test_a_damaged_cell_clears_no_call(desk):
    """One cell in each row is cut, changed, doubled, emptied, swapped, or what an office makes of it."""
    damaged_cells(desk, random.Random(2))
    assert len(desk.tally.counts) > len(LINE)


def test_a_damaged_line_clears_no_call(desk):
    """One line in five loses a separator or gets one, a quote or a line break more."""
    damaged_lines(desk, random.Random(3), *LINE)
    assert desk.tally.counts


@pytest.mark.parametrize("damage", WHOLES, ids=lambda one: one.__name__)
def test_a_damaged_file_clears_no_call(desk, damage):
    """One thing in the header, the rows, a registry's file, the brief or the consents."""
    damage(desk, random.Random(damage.__name__))
    assert desk.tally.counts


TEXTS = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20),
    st.sampled_from([*NOTHING, *OFFICE]),
    st.from_regex(r"[0-9]{1,4}[-/. ][0-9]{1,2}[-/. ][0-9]{1,4}", fullmatch=True),
    st.from_regex(r"\+?[0-9]{1,3}[0-9 .()-]{5,12}", fullmatch=True),
)


def test_any_text_in_a_cell_clears_no_call(desk):
    """Whatever stands in one cell of some rows."""
    rows = [desk.world.cells(row) for row in desk.world.rows]
    places = st.tuples(st.integers(0, len(rows) - 1), st.sampled_from(range(1, len(COLUMNS))), TEXTS)

    @settings(
        max_examples=size(1, 3), deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(st.lists(places, min_size=30, max_size=150, unique_by=lambda one: one[0]))
    def run(changes: list[tuple[int, int, str]]) -> None:
        garbled = [list(cells) for cells in rows]
        for at, place, text in changes:
            garbled[at][place] = text
        desk.tally = Tally()
        desk.attempt("cell, any", written([desk.world.header, *garbled], desk.world.style.delimiter))
        assert not desk.tally.wrong, "\n".join(desk.tally.wrong[:5])

    run()


def test_it_bites(desk, monkeypatch):
    """Were all of a list clear at once, each row that was not before would be found, but for those that say so."""
    monkeypatch.setattr(desk, "_hold", lambda excused: None)
    garbled = [desk.world.cells(row) for row in desk.world.rows]
    objected, number = COLUMNS.index("objected_on"), COLUMNS.index("number")
    listed = [at for at, row in enumerate(desk.world.rows) if row.why == ("number", "ref")]
    for at, row in enumerate(desk.world.rows):
        if row.why == ("objected_on",):
            garbled[at][objected] = "told us so"
        elif at in listed:
            garbled[at][number] = "+33199009999"
    frame = pl.DataFrame(
        {"ref": [row[0] for row in garbled], "dnc_number": [row[number] for row in garbled], "dnc_outcome": "clear"}
    )
    desk.judge("all", desk.world.header, garbled, frame)
    assert len(desk.tally.wrong) == sum(bool(row.why) for row in desk.world.rows) - len(listed)
    desk.tally = Tally()
