"""Bit pages: a large list is looked up in them as it is in its rows, and they live and die with its file."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnc import Store, StoreError
from dnc.registries import bit_pages, external_sort, ingest
from dnc.store.backup import backup, restore
from dnc.store.verify import verify
from dnc.verdicts import registry_lookup
from dnc.verdicts.screening import Screen

FLAT = "\n".join(f"310,555{line:04}" for line in range(9999, 0, -7)) + "\n"
DAY = date(2026, 8, 3)


@pytest.fixture
def paged(store, write_file, monkeypatch) -> Store:
    """A store in which a list has bit pages, made in many parts, and in which nothing is packed at once."""
    monkeypatch.setattr(ingest, "WORTH", 1)
    monkeypatch.setattr(registry_lookup, "PACKED_AT_ONCE", 0)
    monkeypatch.setattr(external_sort, "_AT_ONCE", 500)
    monkeypatch.setattr(external_sort, "_SPAN", 1000)
    store.load(write_file("flat.txt", FLAT), registry="us-ndnc", as_of=date(2026, 7, 20))
    return store


def listed(store: Store) -> list[int]:
    """The last four digits of the numbers of the exchange that are listed."""
    numbers = pl.int_range(13105550000, 13105560000, dtype=pl.UInt64, eager=True)
    asked = pl.select(pl.lit(numbers).alias("number"), day=DAY, campaign=pl.lit(None, pl.String))
    with Screen(store.standing(), ["us-ndnc"]) as screen:
        said = screen.decoded(screen.codes(asked))
    return (numbers.filter(said["us_ndnc"] == "listed") - 13105550000).to_list()


def files(store: Store) -> list[str]:
    """Files of bit pages."""
    return sorted(path.name for path in (store.path / "bitpages").iterdir())


def test_a_number_is_found_by_its_bit(paged, monkeypatch):
    """All numbers of the list and no other; the same from its rows."""
    [snapshot] = paged.standing().snapshots
    assert files(paged) == [paged.standing().bits(snapshot).name]
    assert listed(paged) == sorted(range(9999, 0, -7))
    monkeypatch.setattr("dnc.store.snapshots.Standing.bits", lambda *_: None)
    assert listed(paged) == sorted(range(9999, 0, -7))


@given(
    numbers=st.sets(st.integers(10**10, 10**10 + 10**6), min_size=1),
    words=st.sampled_from([(True, None, None), (False, None, None), (True, DAY, None), (True, None, DAY)]),
)
def test_only_a_dense_list_of_one_word_suits(numbers, words):
    """Who is not listed, and days that are told, stand in rows alone; so does a list that spans far more than it holds."""
    schema = {"number": pl.UInt64, "listed": pl.Boolean, "since": pl.Date, "until": pl.Date}
    rows = pl.DataFrame([(number, *words) for number in sorted(numbers)], schema=schema, orient="row")
    dense = max(numbers) - min(numbers) <= 64 * len(numbers)
    assert bit_pages.suits(rows) == (dense and words == (True, None, None))


def test_a_list_of_several_words_has_none(paged, write_file):
    """One number that is not listed, and the list is looked up in its rows."""
    text = "number,listed\n+13105550100,yes\n+13105550101,no\n"
    paged.load(write_file("a.csv", text), registry="us-ndnc", as_of=DAY)
    assert len(files(paged)) == 1
    assert {100, 101} & set(listed(paged)) == {100}


def test_bits_that_were_changed_are_never_decided_from(paged, write_file, tmp_path):
    """They are refused, found by verify, and mended by a backup or by the same file."""
    backup(paged.journal, tmp_path / "backup")
    for mend in (
        lambda: restore(paged.journal, tmp_path / "backup"),
        lambda: paged.load(tmp_path / "flat.txt", registry="us-ndnc", as_of=date(2026, 7, 20)),
    ):
        [name] = files(paged)
        path = paged.path / "bitpages" / name
        path.write_bytes(path.read_bytes()[:-1])
        with pytest.raises(StoreError, match=r"snapshot 1 \(us-ndnc as of 2026-07-20\) is damaged"):
            listed(paged)
        file = paged.snapshots()[0].file
        assert verify(paged.journal).faults == [
            f"the file of bit pages of {file} is damaged: its file was changed or cut off"
        ]
        mend()
        assert (verify(paged.journal).faults, len(listed(paged))) == ([], 1429)


def test_they_go_with_their_snapshot(paged):
    """Forgetting a snapshot leaves no bit of it; numbers are counted once."""
    assert (verify(paged.journal).files, verify(paged.journal).rows) == (2, 1429)
    paged.forget(date(2026, 8, 1))
    assert (files(paged), verify(paged.journal).files) == ([], 0)
