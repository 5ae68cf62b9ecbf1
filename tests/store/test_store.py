"""The store: whole or not at all, the same bytes once, as of a day, one controller's ledger."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import date

import polars as pl
import pytest

from dnc import InputError, LoaderError, Store, StoreError, check
from dnc.files.input_file import sha256_of
from dnc.law.rulebook import Rulebook
from dnc.store import folder
from dnc.store.verify import verify
from dnc.verdicts.screening import Screen

ANSWER = "Telephone;Identifiant;Réponse\n0199000001;a;OK\n0199000002;b;inscrit\n199000003;c;\n"


def said(store: Store, registry: str, number: int, day: str, campaign: str | None = None) -> tuple[object, ...]:
    """State, as-of, campaign state and next day of one number on one day."""
    words = _looked_up(store, registry, [number], day, campaign).row(0, named=True)
    prefix = registry.replace("-", "_")
    state, as_of, campaign, next_on = (words.get(f"{prefix}{fact}") for fact in ("", "_as_of", "_campaign", "_next_on"))
    return state, as_of and str(as_of), campaign, next_on and str(next_on)


def states(store: Store, registry: str, numbers: Iterable[int], day: str) -> list[str]:
    """State of each of several numbers on one day."""
    return _looked_up(store, registry, [*numbers], day)[registry.replace("-", "_")].to_list()


def objections(store: Store) -> pl.DataFrame:
    """The objections and lifts that were loaded and recorded, oldest first."""
    with store.journal.instance.cursor() as con:
        return store.standing().objections.find(con).sort("seq")


def _looked_up(store: Store, registry: str, numbers: list[int], day: str, campaign: str | None = None) -> pl.DataFrame:
    calls = pl.DataFrame({"number": numbers}, schema={"number": pl.UInt64}).with_columns(
        day=pl.lit(date.fromisoformat(day)), campaign=pl.lit(campaign, pl.String)
    )
    with Screen(store.standing(), [registry]) as screen:
        return screen.decoded(screen.codes(calls))


def test_an_answer_is_read_to_the_letter(store, write_file):
    """OK is callable, anything else is registered, a lost zero is put back."""
    snapshot = store.load(write_file("a.csv", ANSWER), as_of=date(2026, 8, 1))
    assert (snapshot.registry, snapshot.listed, snapshot.clear, snapshot.unread) == ("fr-bloctel", 2, 1, 0)
    assert [said(store, "fr-bloctel", 33199000000 + n, "2026-08-01")[0] for n in (1, 2, 3, 4)] == [
        "clear", "listed", "listed", "uncovered",
    ]  # fmt: skip
    assert said(store, "fr-bloctel", 33199000001, "2026-07-31") == (None, None, None, "2026-08-01")


def test_the_newest_answer_about_this_number_counts(store, write_file):
    """A later answer about other numbers hides nothing, and one to come does not stand yet."""
    store.load(write_file("a.csv", ANSWER), as_of=date(2026, 6, 1))
    store.load(write_file("b.csv", "Telephone;Réponse\n0199000009;OK\n"), as_of=date(2026, 7, 1))
    store.load(write_file("c.csv", "Telephone;Réponse\n0199000002;OK\n"), as_of=date(2026, 8, 1), campaign="c7")
    assert said(store, "fr-bloctel", 33199000002, "2026-07-15") == ("listed", "2026-06-01", None, "2026-08-01")
    assert said(store, "fr-bloctel", 33199000002, "2026-08-01", "c7") == ("clear", "2026-08-01", "clear", None)
    assert said(store, "fr-bloctel", 33199000002, "2026-08-01", "c8") == ("clear", "2026-08-01", None, None)


def test_two_answers_about_one_number_are_registered(store, write_file):
    """One number with two different answers in one file: registered."""
    store.load(write_file("a.csv", "Telephone;Réponse\n0199000001;OK\n0199000001;inscrit\n"), as_of=date(2026, 8, 1))
    assert said(store, "fr-bloctel", 33199000001, "2026-08-01")[0] == "listed"


def test_survivors_need_their_question(store, write_file):
    """A purged file says who may be called; the question tells who was asked and dropped."""
    purged, asked = write_file("p.txt", "0199000001\n"), write_file("q.txt", "0199000001\n0199000002\n")
    store.load(purged, as_of=date(2026, 8, 1), registry="fr-bloctel", means="callable", asked=asked)
    assert [said(store, "fr-bloctel", 33199000000 + n, "2026-08-01")[0] for n in (1, 2, 3)] == [
        "clear", "listed", "uncovered",
    ]  # fmt: skip
    with pytest.raises(LoaderError, match="of the answer are not in"):
        store.load(asked, as_of=date(2026, 8, 1), registry="fr-bloctel", means="listed", asked=purged)


def test_the_same_bytes_are_one_snapshot(store, write_file):
    """Loading again changes nothing; the same bytes of the same day with other words are a correction."""
    path = write_file("a.csv", "number,listed\n01632 960101,no\n")
    words = {"as_of": date(2026, 8, 1), "registry": "gb-tps"}
    first = store.load(path, **words)
    again = store.load(path, **words)
    assert (again.id, again.new) == (first.id, False)
    corrected = store.load(path, **words, covers=["44"])
    assert corrected.notes == (
        "this file was already loaded with different options as snapshot 1; replaced by this one",
    )
    assert [one.covers for one in store.snapshots()] == [("44",)]


def test_objections_are_not_corrected_away(store, write_file):
    """The own list is a ledger: a file that comes again later takes nothing back."""
    path = write_file("own.csv", "number,since\n+33199000001,2026-01-01\n")
    store.load(path, as_of=date(2026, 2, 1))
    store.load(path, as_of=date(2026, 3, 1), accept={"unchanged": "nothing new"})
    store.load(write_file("less.csv", "number,since\n+33199000002,2026-01-01\n"), as_of=date(2026, 4, 1))
    assert len(store.standing().objections.files) == 3
    assert said(store, "own", 33199000001, "2026-05-01")[0] == "listed"


@pytest.mark.parametrize(
    ("name", "text", "options"),
    [
        ("smudged.csv", "Telephone;Réponse\n" + "0199000001;OK\n" * 120 + "xx;OK\n" * 5, {}),
        ("nothing.csv", "Telephone;Réponse\nxx;OK\n", {}),
        ("future.csv", ANSWER, {"as_of": date(2100, 1, 1)}),
        ("covers.csv", ANSWER, {"covers": ["fr"]}),
        ("asked.csv", ANSWER, {"asked": "none.txt"}),
    ],
)
def test_a_load_that_fails_leaves_no_trace(store, write_file, tmp_path, name, text, options):
    """Neither a store nor a file of listings stays behind."""
    path = write_file(name, text)
    with pytest.raises(InputError):
        store.load(path, **({"as_of": date(2026, 8, 1)} | options))
    assert [one.name for one in tmp_path.iterdir()] == [name]


def test_a_few_unread_rows_are_counted_and_named(store, write_file):
    """Rows in are listings and unread rows; each unread one is named by its line and not by its content."""
    path = write_file("a.csv", "Telephone;Réponse\n" + "0199000001;OK\n" * 150 + "zz;OK\n")
    snapshot = store.load(path, as_of=date(2026, 8, 1))
    assert (snapshot.rows, snapshot.unread) == (151, 1)
    assert snapshot.notes == ("rows that repeat a number: 149", "line 152 could not be read: not written as a number")


def test_an_empty_own_list_says_that_nobody_objected(store, write_file):
    """An empty file is an answer; no file at all is none."""
    assert said(store, "own", 33199000001, "2026-08-01")[0] is None
    store.load(write_file("own.txt", ""), as_of=date(2026, 8, 1), registry="own")
    assert said(store, "own", 33199000001, "2026-08-01")[0] == "clear"


def test_an_entry_that_ends_ends_only_itself(store, write_file):
    """An objection with a last day says nothing of another one about the same number."""
    store.load(write_file("a.csv", "number,since,until\n+33199000001,2026-01-01,2026-02-01\n"), as_of=date(2026, 1, 2))
    assert [said(store, "own", 33199000001, day)[0] for day in ("2026-02-01", "2026-02-02")] == ["listed", "clear"]
    store.object(["+33199000001"], date(2026, 1, 15))
    assert said(store, "own", 33199000001, "2026-03-02")[0] == "listed"


def test_an_objection_counts_from_its_own_date_however_late_its_list_was_loaded(store, write_file):
    """A past call was made to somebody who had objected; who objected when is not known counts from the list's day."""
    path = write_file("a.csv", "number,since\n+33199000001,2026-04-13\n+33199000002,\n")
    store.load(path, as_of=date(2026, 11, 20), registry="own")
    days = ("2026-04-11", "2026-04-12", "2026-11-18", "2026-11-19")
    assert [said(store, "own", 33199000001, day)[0] for day in days] == [None, "listed", "listed", "listed"]
    assert [said(store, "own", 33199000002, day)[0] for day in days] == [None, None, None, "listed"]


def test_an_unknown_word_in_the_own_list_clears_nobody(store, write_file):
    """A number of which the own list does not know is not a number that is absent from it."""
    store.load(write_file("a.csv", "number,listed\n+33199000001,unknown\n"), as_of=date(2026, 1, 2), registry="own")
    assert said(store, "own", 33199000001, "2026-02-01")[0] == "uncovered"
    assert said(store, "own", 33199000002, "2026-02-01")[0] == "clear"


def test_a_recorded_objection_needs_no_loaded_list(store):
    """An objection blocks its number from the day before, since days differ by zone; of others nothing is known yet."""
    store.object(["+33199000001"], date(2026, 8, 1))
    assert said(store, "own", 33199000001, "2026-08-02")[0] == "listed"
    assert said(store, "own", 33199000001, "2026-07-31")[0] == "listed"
    assert said(store, "own", 33199000001, "2026-07-30") == (None, "2026-07-30", None, "2026-07-31")
    assert said(store, "own", 33199000002, "2026-08-02")[0] is None


def test_objections_are_recorded_all_or_none(store):
    """One unreadable number of several stops the whole, by its position."""
    with pytest.raises(InputError, match="number 2 cannot be read"):
        store.object(["+33199000001", "12"], date(2026, 8, 1))
    assert not store.exists


def test_covers_makes_a_list_complete(store, write_file):
    """Within its prefixes a number that is not in the file is not listed; outside it is not spoken of."""
    path = write_file("d.csv", "number;listing;prospecting\n0199000001;listed;refused\n")
    store.load(path, as_of=date(2026, 8, 1), covers=["33199"])
    assert said(store, "fr-directory", 33199000001, "2026-08-01")[0] == "listed"
    assert said(store, "fr-directory", 33199000002, "2026-08-01")[0] == "clear"
    assert said(store, "fr-directory", 33261910002, "2026-08-01")[0] == "uncovered"


def test_a_store_path_may_hold_any_character(tmp_path, write_file):
    """Quotes, blanks and stars in a path are a path."""
    store = Store(tmp_path / "l'appel *[1]")
    store.load(write_file("it's *.csv", ANSWER), as_of=date(2026, 8, 1))
    assert said(store, "fr-bloctel", 33199000002, "2026-08-01")[0] == "listed"


def test_rules_and_snapshots_of_a_check_are_in_the_log(store, write_file):
    """The log names the rules by hash, the snapshots by id, what was declared, and no number."""
    store.load(write_file("a.csv", ANSWER), as_of=date(2026, 8, 1))
    result = check(write_file("c.csv", "number\n0199000001\n"), store, region="FR", given={"caller": "charity"})
    row = store.log().row(-1, named=True)
    assert (row["seq"], row["verb"]) == (result.id, "check")
    assert all(sha256 in row["detail"] for sha256 in Rulebook.load().texts)
    assert '"caller": "charity"' in row["detail"]
    assert "199000001" not in row["detail"]


def test_a_snapshot_is_compared_with_its_checksum_once_until_it_changes(store, write_file, monkeypatch):
    """A desk reads the store again after each objection; files of gigabytes would keep the next call waiting."""
    snapshot = store.load(write_file("a.csv", ANSWER), as_of=date(2026, 8, 1))
    path, read = store.standing().path(snapshot), []
    monkeypatch.setattr(folder, "sha256_of", lambda path: read.append(path) or sha256_of(path))
    for day in (2, 3):
        store.object(["+33199000003"], date(2026, 8, day))
        assert states(store, "fr-bloctel", [33199000001], "2026-08-03") == ["clear"]
    assert read.count(path) == 1
    before, content = path.stat(), bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    with path.open("r+b") as file:
        file.write(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))  # as who hides an edit would
    with pytest.raises(StoreError, match="fr-bloctel"):
        states(store, "fr-bloctel", [33199000001], "2026-08-03")


def test_the_own_list_is_a_kind_of_own_records(dnc, write_file):
    """By both of its names: it is loaded, listed and exported, and lifted where it is not the newest statement."""
    path = write_file("own.csv", "number,since,until\n+33199000001,2026-01-05,\n+33199000002,,2099-01-01\n")
    for name in ("objections", "own"):
        assert dnc("load", path, "--registry", name, "--as-of", "2026-02-01")[0] == 0
    exported = [dnc("export", name)[1] for name in ("objections", "own")]
    assert (
        exported[0]
        == exported[1]
        == ("number,since,until\n+33199000001,2026-01-05,\n+33199000002,2026-02-01,2099-01-01\n")
    )
    _, table = dnc("status", "--files")[1].splitlines()
    assert table.startswith("1,own,2026-02-01,,2,2,0,0,0,*,")
    said_of = dnc("person", "+33199000001")[1]
    assert "2026-01-05 objected, from own.csv as of 2026-02-01 (recorded" in said_of
    assert dnc("record", "objection", "+33199000001", "--on", "2026-03-01", "--lift", "--reason", "x")[0] == 0
    assert dnc("export", "objections")[1] == "number,since,until\n+33199000002,2026-02-01,2099-01-01\n"
    assert dnc("retention", "objections", "--months", "6")[0] == 4


def test_a_damaged_own_list_is_mended_by_loading_it_again(store, write_file):
    """As the file of a registry is: nothing is decided until then, and what was lifted stays lifted."""
    path = write_file("own.csv", "number\n+33199000001\n+33199000002\n")
    one = store.load(path, as_of=date(2026, 2, 1), registry="own")
    store.object(["+33199000001"], date(2026, 2, 2), lift=True, reason="x")
    kept = store.path / "records" / one.file
    kept.write_bytes(kept.read_bytes()[:-1])
    with pytest.raises(StoreError):
        said(store, "own", 33199000002, "2026-03-01")
    assert store.load(path, as_of=date(2026, 2, 1), registry="own").new
    states = [said(store, "own", number, "2026-03-01")[0] for number in (33199000001, 33199000002)]
    assert states == ["clear", "listed"]
    assert not verify(store.journal).faults
