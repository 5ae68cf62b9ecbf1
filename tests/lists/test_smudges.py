"""A list that is clear, smudged in one place: the row under the smudge never comes out clear, and the others still do."""

from __future__ import annotations

import csv
import itertools
import re
import tomllib

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnc import OptionError, Store, check, read_brief
from dnc.files.cell_texts import EMPTY
from dnc.files.table import folded
from dnc.law.vocabulary import vocabulary
from tests import size, some
from tests.lists.briefs import as_toml, merged, pasted
from tests.lists.smudges import BLOCKED, CLEAR, COLUMNS, HARMLESS, NEVER, NOT_CLEAR, REFUSED, SMUDGES, STOP, Smudge

OUTCOMES = {NOT_CLEAR: {BLOCKED, "undecided"}, NEVER: {BLOCKED, "undecided"}}
CODES = {STOP: {2}, REFUSED: {2, 4}, NEVER: {2, 4}}
ALL_OF_THEM = {name: [good if row != at else bad for row in range(len(COLUMNS) + 1)]
               for at, (name, bad, good) in enumerate(COLUMNS)}  # fmt: skip
MEANT = {
    name: {
        key: [re.sub(r"\d\d/\d\d/\d{4} ", "# ", text)] for key, text in (("objected", bad), ("nothing", good)) if text
    }
    for name, bad, good in COLUMNS
    if bad != good
}


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A store for the cases that record nothing in it first."""
    return tmp_path_factory.mktemp("shared") / "dnc-store"


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """A store, and the brief of the list, to ask many times."""
    folder = tmp_path_factory.mktemp("plain")
    (folder / "brief.toml").write_text(as_toml(Smudge("plain", CLEAR).entries), encoding="utf-8")
    return Store(folder / "dnc-store"), read_brief(folder / "brief.toml")


@pytest.fixture
def checked(dnc, shared, tmp_path, monkeypatch):
    """A function that checks a list: exit code, messages, and (outcome, what is missing) of each row if there are any."""
    monkeypatch.setenv("DNC_TODAY", "2026-12-01")

    def run(case: Smudge, entries=None):
        store = tmp_path / "own-store" if case.before or case.own else shared
        if case.own:
            (tmp_path / "own.csv").write_text(case.own, encoding="utf-8")
            load = ("load", "own.csv", "--registry", "own", "--as-of", "2026-11-30", "--region", "FR")
            assert dnc(*load, "--store", store)[0] == 0
        for command in case.before:
            assert dnc(*command, "--region", "FR", "--store", store)[0] == 0
        (tmp_path / "brief.toml").write_text(as_toml(entries or case.entries), encoding="utf-8")
        out = tmp_path / "verdicts.csv"
        out.unlink(missing_ok=True)
        code, _, err = dnc("check", case.write(tmp_path), "--brief", "brief.toml", "--at", case.at, *case.options,
                           "--store", store, "--out", out, "--best", "--lang", "en", "--quiet")  # fmt: skip
        if not out.exists():
            return code, err, []
        with out.open(encoding="utf-8-sig", newline="") as lines:
            return code, err, [(row["dnc_outcome"], row["dnc_missing"].split(";")) for row in csv.DictReader(lines)]

    return run


def expect(case: Smudge, code: int, err: str, rows: list[tuple[str, list[str]]]) -> None:
    """What a case expects of a check."""
    if not rows:
        assert code in CODES.get(case.expects, ()), err
        return
    assert case.expects not in (STOP, REFUSED), "rows were decided"
    assert len(rows) == case.rows
    for at, (outcome, missing) in enumerate(rows):
        if at in case.smudged:
            assert outcome in OUTCOMES.get(case.expects, {case.expects}), (at, outcome, missing)
            assert not case.missing or case.missing in missing, (at, missing)
        elif case.others:
            assert outcome == CLEAR, (at, outcome, missing)


@pytest.mark.parametrize("case", SMUDGES, ids=lambda case: case.name)
def test_a_smudged_row_is_never_clear(checked, case):
    """It stops the check, or the row is blocked or undecided, and no other row is."""
    expect(case, *checked(case))


@pytest.mark.parametrize("case", HARMLESS, ids=lambda case: case.name)
def test_what_is_harmless_stays_as_it_is(checked, case):
    """Roles that were given properly answer what they are asked, so a tool that stops at everything fails."""
    expect(case, *checked(case))


@pytest.mark.parametrize(("name", "bad", "good"), COLUMNS, ids=[name for name, _, _ in COLUMNS])
def test_a_column_without_a_role_stops_the_file(plain, name, bad, good):
    """Whatever it is called and whatever its cells say: wrong usage, in a message that names it."""
    header, *rows = Smudge(name, STOP, {name: (bad, good)}).table
    with pytest.raises(OptionError) as stopped:
        check(pl.DataFrame(rows, schema=header, orient="row"), plain[0], brief=plain[1], at="2026-12-01T10:30")
    assert name in str(stopped.value)


@pytest.mark.parametrize(("name", "bad", "good"), some(COLUMNS, 9))
def test_what_a_stop_says_to_paste_gives_every_column_a_role(checked, name, bad, good):
    """The check then comes to its end at once, with three columns too, and a text that nobody has read is not clear."""
    case = Smudge(name, STOP, {name: (bad, good), "Memo 1": ("S9", "S1"), "Nom": ("Exemple", "Fictif")})
    code, err, rows = checked(case)
    assert (code, rows) == (2, []), err
    block = pasted(err)
    assert {name, "Memo 1", "Nom"} <= {
        *block.get("texts", {}),
        *block.get("ignore", []),
        *block.get("columns", {}).values(),
    }
    code, err, rows = checked(case, merged(case.entries, block))
    assert code in (0, 1, 3) and len(rows) == case.rows, err
    assert "Memo 1" in block["texts"] and rows[1][0] != CLEAR


def test_one_message_names_every_column(checked):
    """And the one command that writes the brief, since so many lines are no block to paste."""
    code, err, rows = checked(Smudge("all", STOP, ALL_OF_THEM, rows=len(COLUMNS) + 1))
    assert (code, rows) == (2, []) and [name for name, _, _ in COLUMNS if name not in err] == []
    assert re.search(r"dnc brief .*(--out|--add-to) ", err)


def test_a_draft_leaves_few_smudged_columns_out(dnc, tmp_path):
    """A person sees the texts of most of them: the rule left out 14 of 54 when it was tried, a looser one 31."""
    case = Smudge("all", STOP, ALL_OF_THEM, rows=len(COLUMNS) + 1)
    assert dnc("brief", case.write(tmp_path), "--out", tmp_path / "draft.toml")[0] == 0
    left = set(tomllib.loads((tmp_path / "draft.toml").read_text(encoding="utf-8")).get("ignore", []))
    assert len(left.intersection(ALL_OF_THEM)) <= 14 / 54 * len(COLUMNS), left


def test_every_text_that_objects_blocks_its_row(checked):
    """All columns in one list, each with its meanings; the row without a smudge is clear."""
    case = Smudge("all", BLOCKED, {name: ALL_OF_THEM[name] for name in MEANT}, rows=len(COLUMNS) + 1)
    _, err, rows = checked(case, merged(case.entries, {"texts": MEANT}))
    objecting = ["objected" in MEANT.get(name, {}) for name, _, _ in COLUMNS]
    assert [outcome == BLOCKED for outcome, _ in rows] == [*objecting, False] and rows[-1][0] == CLEAR, err


def test_every_text_without_a_meaning_leaves_its_row_undecided(checked):
    """The same with meanings for the harmless texts alone: the column is named for each."""
    texts = {
        name: {"nothing": says["nothing"]} for name, says in MEANT.items() if {"nothing", "objected"} <= says.keys()
    }
    case = Smudge("all", "undecided", {name: ALL_OF_THEM[name] for name in texts}, rows=len(COLUMNS) + 1)
    code, err, rows = checked(case, merged(case.entries, {"texts": texts}))
    assert code == 3, err
    found = [
        (outcome, f"text:{name}" in missing)
        for (name, _, _), (outcome, missing) in zip(COLUMNS, rows[:-1], strict=True)
    ]
    assert found == [("undecided", True) if name in texts else (CLEAR, False) for name, _, _ in COLUMNS]


def test_there_are_enough_smudges_and_neighbours():
    """The table is as large as it was promised to be, and no case is there twice."""
    names = [case.name for case in (*SMUDGES, *HARMLESS)]
    assert len(names) == len(set(names)) and len({name for name, _, _ in COLUMNS}) == len(COLUMNS)
    assert len(COLUMNS) + len(SMUDGES) >= 150 and len(HARMLESS) >= 60


LETTERS = st.characters(categories=("L", "Nd"), include_characters=" '-_!#&")
WORDS = st.text(LETTERS, min_size=1, max_size=20).filter(
    lambda text: any(map(str.isalnum, text)) and text.strip().lower() not in EMPTY
)
OURS = {folded(name) for name in (*vocabulary().columns, "person")}
NAMES = WORDS.filter(lambda name: folded(name) not in OURS and not folded(name).startswith("dnc"))


@settings(max_examples=size(60, 1_000), deadline=None)
@given(NAMES, st.lists(WORDS, min_size=1, max_size=4), st.booleans())
def test_any_words_in_a_column_without_a_role_give_no_verdict(plain, name, words, everywhere):
    """Any name, any words, in each row or in one of them: wrong usage (exit code 2), and no row is decided."""
    header, *rows = Smudge("plain", CLEAR).table
    cells = list(itertools.islice(itertools.cycle(words if everywhere else [words[0], *[""] * 9]), len(rows)))
    frame = pl.DataFrame(rows, schema=header, orient="row").with_columns(pl.Series(name, cells))
    with pytest.raises(OptionError):
        check(frame, plain[0], brief=plain[1], at="2026-12-01T10:30")
