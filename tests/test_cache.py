"""The cache: what is found in it is what would be computed, and nothing else is ever taken from it."""

from __future__ import annotations

import os
import stat
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from importlib.resources import files
from pathlib import Path
from unittest.mock import Mock

import pytest

from dnc import cache
from dnc.cache import kept, shipped_toml, source
from dnc.law import calendars, rule_file, rulebook
from dnc.law.calendars import Calendar
from dnc.law.rulebook import Rulebook, shipped
from dnc.numbers import bulk_reader
from dnc.numbers.ranges import RangeRule, domestic


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """A cache folder that is still empty."""
    monkeypatch.setenv("DNC_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


class Counted:
    """A computation that counts how often it was made."""

    def __init__(self, result: list[int]) -> None:
        self.result, self.times = result, 0

    def compute(self) -> list[int]:
        """The result."""
        self.times += 1
        return self.result


def asked(counted: Counted, *inputs: object) -> list[int]:
    """The result by way of the cache."""
    return kept("counted", inputs, list[int], counted.compute)


def test_a_result_is_computed_once(folder):
    """The second time it comes from a file that only its owner can read."""
    compute = Counted([1, 2])
    assert [asked(compute, "a"), asked(compute, "a")] == [[1, 2]] * 2
    assert compute.times == 1
    [file] = folder.iterdir()
    if sys.platform != "win32":
        assert (stat.S_IMODE(file.stat().st_mode), stat.S_IMODE(folder.stat().st_mode)) == (0o600, 0o700)


def test_other_inputs_are_computed_anew(folder):
    """A result of other inputs is not found, and removed: the cache does not grow with each version of a library."""
    old, new = Counted([1]), Counted([2])
    assert asked(old, "library", "1.0") == [1]
    assert asked(new, "library", "1.1") == [2]
    assert (old.times, new.times, len(list(folder.iterdir()))) == (1, 1, 1)


@pytest.mark.parametrize("at", [0, 31, 32, -1])
def test_a_changed_file_is_not_used(folder, at):
    """A flipped bit, in the hash or in the content, and the result is computed and written again."""
    compute = Counted([1, 2])
    asked(compute)
    [file] = folder.iterdir()
    whole = file.read_bytes()
    changed = bytearray(whole)
    changed[at] ^= 1
    file.write_bytes(changed)
    assert asked(compute) == [1, 2]
    assert (compute.times, file.read_bytes()) == (2, whole)


@pytest.mark.parametrize("content", [b"", b"[1]", b"x" * 32])
def test_a_cut_file_is_not_used(folder, content):
    """Whatever stands in its place is not taken for a result."""
    compute = Counted([1, 2])
    asked(compute)
    [file] = folder.iterdir()
    file.write_bytes(content)
    assert (asked(compute), compute.times) == ([1, 2], 2)


def test_a_result_of_another_type_is_not_used(folder):
    """A whole file that holds something else is computed again."""
    assert kept("counted", (), list[str], lambda: ["a"]) == ["a"]
    compute = Counted([1, 2])
    assert (asked(compute), compute.times) == ([1, 2], 1)


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root can give files away")
def test_a_file_of_somebody_else_is_not_used(folder):
    """In a folder that others can write to, they could otherwise decide what the program decides."""
    compute = Counted([1, 2])
    asked(compute)
    [file] = folder.iterdir()
    os.chown(file, 65534, 65534)
    assert (asked(compute), compute.times) == ([1, 2], 2)


def test_a_folder_that_cannot_be_made_is_no_error(tmp_path, monkeypatch):
    """A file is in its place: everything is computed each time, without a word."""
    (tmp_path / "cache").write_text("")
    monkeypatch.setenv("DNC_CACHE", str(tmp_path / "cache"))
    compute = Counted([1])
    assert [asked(compute), asked(compute)] == [[1], [1]]
    assert compute.times == 2


def test_the_folder_is_chosen_by_the_environment(tmp_path, monkeypatch):
    """DNC_CACHE before XDG_CACHE_HOME before the home; nothing is kept where DNC_CACHE is set to nothing."""
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DNC_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache._folder() == tmp_path / "home" / ".cache" / "dnc"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache._folder() == tmp_path / "xdg" / "dnc"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache._folder() is None
    monkeypatch.setenv("DNC_CACHE", str(tmp_path / "named"))
    assert cache._folder() == tmp_path / "named"
    monkeypatch.setenv("DNC_CACHE", "")
    compute = Counted([1])
    assert [asked(compute), asked(compute), compute.times] == [[1], [1], 2]


def test_many_write_at_once(folder):
    """Each gets the result, and one whole file is left."""
    with ThreadPoolExecutor(8) as workers:
        results = list(workers.map(lambda _: asked(Counted([1, 2])), range(64)))
    assert results == [[1, 2]] * 64
    assert len(list(folder.iterdir())) == 1


def test_source_follows_every_byte(tmp_path, monkeypatch):
    """One changed or added file of code or data makes another hash."""
    (tmp_path / "somewhere").mkdir()
    (tmp_path / "somewhere" / "__init__.py").write_text("")
    (tmp_path / "somewhere" / "plan.csv").write_text("1")
    monkeypatch.syspath_prepend(tmp_path)
    hashes = [source("somewhere", ".py", ".csv")]
    (tmp_path / "somewhere" / "plan.csv").write_text("2")
    hashes.append(source("somewhere", ".py", ".csv"))
    (tmp_path / "somewhere" / "more.py").write_text("")
    hashes.append(source("somewhere", ".py", ".csv"))
    assert len(set(hashes)) == 3


# What is kept


def test_kept_ranges_are_those_that_are_compiled(folder):
    """A numbering plan comes back from the cache as it went in."""
    compiled = bulk_reader._unlike(domestic("SG"))
    assert [bulk_reader._compiled(domestic, "SG", RangeRule) for _ in range(2)] == [compiled] * 2
    assert [file.name.rpartition("-")[0] for file in folder.iterdir()] == ["domestic-SG"]


@pytest.mark.parametrize("changed", ["library", "plan"])
def test_a_plan_is_compiled_again_when_something_under_it_changed(folder, monkeypatch, changed):
    """With another version of the library, or another plan.csv, nothing is taken from the cache."""
    bulk_reader._compiled(domestic, "SG", RangeRule)
    if changed == "library":
        monkeypatch.setattr(bulk_reader.phonenumbers, "__version__", "0.0.0")
    else:
        monkeypatch.setattr(bulk_reader, "_source", lambda: "another")

    def domestic_(plan: str) -> list[tuple[int, RangeRule]]:
        return [(0, RangeRule(None, f"compiled anew: {plan}"))]

    domestic_.__name__ = "domestic"
    assert bulk_reader._compiled(domestic_, "SG", RangeRule) == [(0, RangeRule(None, "compiled anew: SG"))]


@pytest.mark.parametrize("changed", ["library", "rule", "years"])
def test_holidays_are_asked_again_when_something_under_them_changed(folder, monkeypatch, changed):
    """With another version of the library, another rule or other years, nothing is taken from the cache."""
    calendar, first_year = Calendar("FR"), 2026
    assert len(calendar.between(2026, 2026)) == 11
    if changed == "library":
        monkeypatch.setattr(calendars, "_version", lambda: "0.0")
    elif changed == "rule":
        calendar = Calendar("FR", days=("12-26",))
    else:
        first_year = 2025
    monkeypatch.setattr(calendars, "_days", lambda *_: [])
    assert calendar.between(first_year, 2026) == []


def test_a_changed_rule_counts_at_once(folder, tmp_path):
    """Rules are read from their text; of their calendars only the days are kept."""
    shipped = (Path(calendars.__file__).parent / "rules" / "fr.toml").read_text(encoding="utf-8")
    before = Rulebook.load().packs["fr"].macros["fr_holidays"]
    book = Rulebook.of([shipped.replace('country = "FR"', 'country = "FR"\ndays = ["12-26"]')])
    after = book.packs["fr"].macros["fr_holidays"]
    assert ("2026-12-26" in before, "2026-12-26" in after) == (False, True)


def test_rules_from_the_cache_are_those_that_are_read(folder, monkeypatch):
    """What is compared of texts is their English; the other languages and the columns that SQL reads are looked at too."""

    def parts(book: Rulebook) -> list[object]:
        conditions = [part for regime in book.by_id.values() for part in regime.parts]
        return [(one.says.texts, one.sql.columns, [end.columns for end in one.ends]) for one in conditions]

    def anew() -> Rulebook:
        for function in (rulebook._rulebook, rulebook._pack, rulebook._shipped_packs):
            function.cache_clear()
        return Rulebook.load()

    monkeypatch.setattr(rule_file, "read_pack", counted := Mock(wraps=rule_file.read_pack))
    first, again = anew(), anew()
    read = len(first.packs) + 1  # and the rules of every country
    assert counted.call_count == read > 20
    assert (again.packs, parts(again)) == (first.packs, parts(first))
    monkeypatch.setattr(rulebook, "source", lambda *names: "other code")
    assert anew().packs == first.packs
    assert counted.call_count == 2 * read


@pytest.mark.parametrize("path", [("dnc.law", "rules", "vocabulary.toml"), ("dnc.files", "net.toml")])
def test_a_text_from_the_cache_is_the_text_that_is_read(folder, path):
    """JSON, in which it is kept, has no dates."""
    text = files(path[0]).joinpath(*path[1:]).read_text(encoding="utf-8")
    assert [shipped_toml(*path), shipped_toml(*path)] == [tomllib.loads(text)] * 2
    assert len(list(folder.iterdir())) == 1


def test_rules_that_do_not_ship_are_read(folder, tmp_path):
    """The file of another version, with which an earlier check is repeated, is never taken from the cache."""
    until = Rulebook.load().packs["fr"].read_until
    other = shipped()["fr.toml"].replace(f"read_until = {until}", f"read_until = {until.year + 1}-01-01")
    assert Rulebook.of([other]).packs["fr"].read_until == date(until.year + 1, 1, 1)
    assert Rulebook.load().packs["fr"].read_until == until
