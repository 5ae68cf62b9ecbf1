"""Forgetting a number leaves nothing that clears it: neither a complete list's silence nor an older answer."""

from __future__ import annotations

from datetime import date

import pytest

from dnc.checks.subject_access import answer
from tests import some
from tests.registries.test_loaders import state_of
from tests.store.test_store import said

NUMBER = "+441632960101"
PLAIN = "number,listed,since\n{},{},{}\n+441632960199,yes,\n"
DAY = "2026-11-24"


def load(store, write_file, as_of, word, since="", covers=("44",), number=NUMBER, accept=None):
    """Load a British list of two numbers in plain form; without a word it holds the other number alone."""
    text = PLAIN.format(number, word, since) if word else "number,listed\n+441632960199,yes\n"
    path = write_file(f"{as_of}-{word}-{len(covers)}.csv", text)
    return store.load(path, registry="gb-tps", as_of=date.fromisoformat(as_of), covers=covers, accept=accept)


def state(store, registry="gb-tps", number=441632960101, day=DAY):
    """What a registry says of the number."""
    return said(store, registry, number, day)[0]


@pytest.mark.parametrize("word", ["unknown", "no"])
def test_a_complete_list_does_not_clear_what_was_forgotten(store, write_file, word):
    """Its row stays, without a word; numbers that were never in it are as they were."""
    load(store, write_file, "2026-11-20", word, "2026-11-01")
    gone = store.forget_numbers([NUMBER])
    assert (gone.listings, state(store), state(store, number=441632960102)) == (1, "uncovered", "clear")
    [row] = answer(store, NUMBER)["snapshots"]
    assert (row["says"], row["since"]) == ("not known", None)
    assert store.forget_numbers([NUMBER]).listings == 0


@pytest.mark.parametrize("word", some(["unknown", "no"], 1))
def test_an_older_list_does_not_clear_what_was_forgotten(store, write_file, word):
    """Neither one that stands already nor one that is loaded later comes to count again."""
    load(store, write_file, "2026-11-10", None)
    load(store, write_file, "2026-11-20", word, covers=())
    store.forget_numbers([NUMBER])
    load(store, write_file, "2026-11-15", "no", covers=(), number="+441632960103")
    load(
        store, write_file, "2026-11-16", None, covers=("44", "441"), accept={"unchanged": "the registry sent it again"}
    )
    assert state(store) == "uncovered"


def test_forgetting_gives_no_days_of_grace(store, write_file):
    """A list that held the number without a word is no list that lacked it."""
    load(store, write_file, "2026-11-10", "unknown")
    load(store, write_file, "2026-11-20", "yes")
    store.forget_numbers([NUMBER])
    assert state_of(store, "gb-tps", 441632960101, date(2026, 11, 24))["gb_tps_since"] is None


def test_an_opposition_and_its_day_stay(store, write_file):
    """Listed stays listed, since the same day, in registries, directories and the own list."""
    load(store, write_file, "2026-11-20", "yes", "2026-11-01")
    path = write_file("star.csv", "number,star\n044 555 01 01,*\n044 555 01 02,\n")
    store.load(path, registry="ch-directory", as_of=date(2026, 11, 20), covers=["41"])
    store.load(write_file("own.txt", f"number,listed\n{NUMBER},unknown\n"), registry="own", as_of=date(2026, 11, 20))
    assert store.forget_numbers([NUMBER, "+41445550101", "+41445550102"]).listings == 1
    told = state_of(store, "gb-tps", 441632960101, date(2026, 11, 24))
    assert (told["gb_tps"], told["gb_tps_since"]) == ("listed", date(2026, 11, 1))
    swiss = [state(store, "ch-directory", 41445550100 + n) for n in (1, 2, 3)]
    assert swiss == ["listed", "uncovered", "listed"]
    assert state(store, "own") == "uncovered"


def test_forgetting_by_age_clears_nobody(store, write_file):
    """What an older answer said is not known any more; a newer one counts as before."""
    load(store, write_file, "2026-06-20", "yes", covers=())
    load(store, write_file, "2026-11-20", "no", covers=(), number="+441632960102")
    store.forget(date(2026, 7, 1))
    assert (state(store), state(store, number=441632960102)) == ("uncovered", "clear")
    store.forget(date(2026, 11, 25))
    assert state(store) is None
