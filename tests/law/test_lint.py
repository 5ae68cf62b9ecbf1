"""The lint of the law: the shipped rules pass, and each kind of slip is seen."""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files

import pytest
from msgspec.structs import replace

from dnc import Rulebook
from dnc.law.rule_file import read_pack
from tests import ALL
from tests.law.lint import _places, notes, problems, untitled
from tests.law.test_rulebook import TEXT

BOOK = Rulebook.load()


@pytest.mark.parametrize("jurisdiction", BOOK.packs)
def test_the_law_is_sound(jurisdiction):
    """Each regime is seen in its worst and its best finding on its first and last day, each exception has an effect.

    At the small size those with a dozen places or exceptions are left out, which take as long as all others; and of a
    pack of more than fifty two in three.
    """
    pack = BOOK.packs[jurisdiction]
    few = [one for one in pack.regimes if max(len(_places(one)), len(one.exceptions)) < 12]
    some = {one.id for one in few[:: 3 if len(few) > 50 else 1]}
    regimes = tuple(one for one in pack.regimes if ALL or one.is_scope or one.id in some)
    assert problems(replace(pack, regimes=regimes)) == []


def test_every_regime_has_a_title_in_each_language():
    """A short name for people, unlike its neighbours; rules from elsewhere are called by their ids."""
    assert [line for pack in BOOK.packs.values() for line in untitled(pack)] == []
    assert untitled(read_pack("xx.toml", TEXT)) == ["xx-one: has no title", "xx-two: has no title"]
    for file in (files("dnc.law") / "rules").iterdir():
        titles = [
            [one.get(key) for key in ("title", "title_fr")]
            for one in tomllib.loads(file.read_text(encoding="utf-8")).get("regime", ())
        ]
        for told in zip(*titles, strict=True):
            assert None not in told and len(set(told)) == len(told), file.name


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('caller = ["press"]', 'purpose = ["vote"]', "xx-one: its exception 1 excepts no call"),
        ('{ caller = ["press"] }', '{ caller = ["press"] }, { caller = ["press"], habit = ["occasional"] }', "exception 2 excepts no call"),
        ('{ caller = ["press"] }', '{ purpose = ["sale"] }', "xx-one: no call can break it"),
        ('when = { purpose = ["sale"] }\nforbidden', "when = {}\nforbidden", "xx-two: no call can be outside it"),
        ("from = 2021-01-01", "from = 2031-01-01", "xx-two: lies outside the dates this file was reviewed for"),
        ("forbidden = {}", 'hours = { mon-sun = "00:00-23:59" }', "xx-two: no call can break it"),
    ],
)  # fmt: skip
def test_a_slip_of_the_pen_is_seen(old, new, says):
    """A rule that no call can break or meet, or an exception without effect, is named."""
    assert old in TEXT
    text = TEXT.replace('follows = "xx-one"\n', "").replace(old, new)
    assert any(says in problem for problem in problems(read_pack("xx.toml", text)))


SCOPE = """[[regime]]
id = "xx-scope"
says = "scope"
cites = ["C"]
when = {}
except = [{ purpose = ["sale"] }]
missing = "jurisdiction"
confidence = "high"
"""


@pytest.mark.parametrize(
    ("scope", "grade", "says"),
    [
        (SCOPE, "medium", []),
        (SCOPE, "low", ["xx-scope: its exception 1 rests on low confidence alone"]),
        (SCOPE.replace('"high"', '"low"'), "medium", ["xx-scope: its exception 1 rests on low confidence alone"]),
        ("", "medium", ["xx-scope is missing: add a regime that says which calls these rules were written for"]),
    ],
)
def test_a_scope_never_rests_on_low_confidence_alone(scope, grade, says):
    """What only low confidence is known about may block and never clears."""
    text = TEXT.replace('says = "two"', f'says = "two"\nconfidence = "{grade}"') + scope
    assert problems(read_pack("xx.toml", text)) == says


REGISTRIES = ", ".join(
    f'{{ place = ["US-{one}"], answered = {{ registry = "us-{one.lower()}-dnc" }} }}' for one in "ABCDEFGHIJKL"
)


def test_many_registries_fit_into_memory():
    """Twelve registries in exceptions, which crossed would be 16 million calls: each exception has its witness."""
    text = TEXT.replace('{ caller = ["press"] }', REGISTRIES.replace("US-", "US-A"))
    assert text != TEXT
    [found] = problems(read_pack("xx.toml", text))
    assert found.startswith("xx-scope is missing")


def test_a_state_in_which_a_rule_never_decides_is_named():
    """A state of the list that an exception takes out again is a slip; the others have their witnesses."""
    when = 'when = { purpose = ["sale"], place = ["US-AA", "US-AB"] }\nexcept = [{ place = ["US-AB"] }]\nforbidden'
    text = TEXT.replace('when = { purpose = ["sale"] }\nforbidden', when)
    assert text != TEXT
    assert "xx-two: no call in US-AB can break it" in problems(read_pack("xx.toml", text))
    assert not any("US-AA" in problem for problem in problems(read_pack("xx.toml", text)))


def test_french_polls_are_on_sundays():
    """Territories overseas vote a day earlier where it is a national or a European poll."""
    text = (files("dnc.law") / "rules" / "fr.toml").read_text(encoding="utf-8")
    polls = tomllib.loads(text)["polls"]["days"]
    assert [poll for poll in polls if poll["day"].isoweekday() != 7] == []
    national = ("Presidential", "National Assembly", "European")
    assert [poll for poll in polls if poll["early"] is not poll["name"].startswith(national)] == []


def test_polls_that_are_expected_are_noted():
    """The next poll after the longest term so far is asked for; so are those that nobody could expect."""
    text = (files("dnc.law") / "rules" / "fr.toml").read_text(encoding="utf-8")
    last = [line for line in text.splitlines() if "(announced)" in line or "(possible)" in line]
    [note] = notes(read_pack("fr.toml", text))
    assert note.startswith("fr: polls: none after 2027-05-02 has an entry")
    for line in last + re.findall(r"(?m)^(?:CONSTITUTION-7|POLLS-2027) = .*$", text):
        text = text.replace(line + "\n", "")
    expected, none = notes(read_pack("fr.toml", text))
    assert expected == "fr: polls: Presidential is expected in 2027 and has no entry"
    assert none.startswith("fr: polls: none after 2026-09-27 has an entry")
    assert notes(BOOK.packs["gb"]) == []
