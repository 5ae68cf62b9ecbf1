"""People behind the calls: rows that share a number or an id are one person."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from dnc import Store, check
from dnc.checks import counts
from dnc.checks.counts import People
from dnc.lists.brief import Brief
from dnc.lists.calls import Calls
from dnc.reports.check_summary import summary
from tests import size

NUMBERS = st.lists(st.one_of(st.none(), st.integers(33639980000, 33639980009)), min_size=1, max_size=3)
ROWS = st.lists(st.tuples(st.sampled_from(["", "a", "b", "c", None]), NUMBERS), min_size=1, max_size=12)
TWO = Brief(region="FR", columns={"number": ["Mobile", "Fixe"]})


def counted(tmp_path, rows, ids, *, size=4):
    """The counts of rows of (id, numbers), in batches."""
    found = People(tmp_path, "id" if ids else None)
    for at in range(0, len(rows), size):
        batch = rows[at : at + size]
        calls = [(row, id_, number) for row, (id_, numbers) in enumerate(batch) for number in numbers]
        row, id_, number = zip(*calls, strict=True)
        several = len(calls) > len(batch)
        frame = pl.DataFrame({"id": id_}, schema={"id": pl.String})
        numbers = pl.Series("number", number, pl.UInt64)
        place = pl.Series("row", row, pl.UInt32) if several else None
        found.add(Calls(frame, numbers, place, frame, row=place), None)
    return found.count()


def parts(rows, ids):
    """The same by the definition: merge rows for as long as two of them share something."""
    groups = [{id_} - {None, ""} if ids else set() for id_, _ in rows]
    groups = [group | (set(numbers) - {None}) for group, (_, numbers) in zip(groups, rows, strict=True)]
    merged: list[set] = []
    for group in groups:
        apart = [other for other in merged if not other & group or not group]
        merged = [*apart, group.union(*(other for other in merged if other & group))]
    return len(merged)


@settings(max_examples=size(40, 150), deadline=None)
@given(ROWS, st.booleans())
def test_people_are_rows_that_share_a_number_or_an_id(tmp_path_factory, rows, ids):
    """However the list is cut into batches, and whatever links whom to whom."""
    repeated, persons = counted(tmp_path_factory.mktemp("people"), rows, ids)
    numbers = [number for _, numbers in rows for number in numbers if number is not None]
    assert repeated == sum(numbers.count(number) > 1 for number in set(numbers))
    several = any(len(numbers) > 1 for _, numbers in rows)
    assert persons == (parts(rows, ids) if several or ids else None)


def test_too_many_links_are_not_counted(tmp_path, monkeypatch):
    """Memory stays bounded: nothing is said of people then."""
    rows = [("a", [1, 2]), ("b", [2, 1]), ("b", [3, 4]), ("a", [3, 4])]
    assert counted(tmp_path, rows, True)[1] == 1
    monkeypatch.setattr(counts, "_MOST_LINKS", 1)
    assert counted(tmp_path, rows, True) == (4, None)


def test_the_summary_says_how_many_people_there_are(tmp_path, write_file):
    """By number and by id; a list with neither ids nor several numbers says nothing of people."""
    text = "person;Mobile;Fixe\nA;06 39 98 00 01;01 99 00 00 01\nA;06 39 98 00 02;\nB;;01 99 00 00 01\nC;;oups\nD;;\n"
    store = Store(tmp_path / "store")
    found = check(write_file("two.csv", text), store, brief=TWO)
    assert (found.rows, found.calls, found.persons) == (5, 6, 3)
    assert "6 calls to 3 people (rows that share a number or an id are one person)" in "\n".join(summary(found))
    assert "6 appels vers 3 personnes" in "\n".join(summary(replace(found, language="fr")))
    one = check(write_file("one.csv", "number\n0639980001 / 0199000001\n0639980001\n"), store, region="FR")
    assert (one.calls, one.persons) == (3, 1)
    assert check(write_file("bare.csv", "number\n0639980001\n0639980001\n"), store, region="FR").persons is None
