"""What a report promises comes true: what it says another day, another fact or another number would do is decided."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

import openpyxl
import polars as pl
import pytest

from dnc import Decider, Rulebook, check, explain
from dnc.reports.check_data import as_data
from dnc.reports.check_summary import summary
from dnc.reports.phrases import fact_in_line
from dnc.verdicts.verdict import GROUNDS
from tests import size
from tests.reports.test_same_figures import plain

LISTS = 10  # in one test, so that each takes a bearable time
POLITICAL = {"caller": "political", "purpose": "vote", "voice": "recorded", "dialler": "robot", "source": "directory"}
POLITICAL |= {"recipient": "consumer", "objected_on": "none", "cli": "01 99 00 90 00"}
CALLS = "number\n" + "".join(f"01 99 00 08 {row:02d}\n" for row in range(12))
FACTS = {
    "voice": ("human", "human", "recorded"),
    "dialler": ("manual", "robot", ""),
    "cli": ("0199009000", "0162009000", "withheld", ""),
    "source": ("opt_in_form", "directory", ""),
    "objected_on": ("none", "none", ""),
    "attempts": ("0", "4", "9", ""),
    "habit": ("occasional", ""),
    "related": ("no", ""),
}
CAMPAIGNS = (
    {"caller": "commercial", "sector": "general"},
    {"caller": "political", "purpose": "vote"},
    {"caller": "political", "purpose": "opinion"},
    {"caller": "charity", "purpose": "donation"},
)
DAYS = ("2026-12-01T11:00", "2026-12-01T21:00", "2026-12-05", "2026-12-25", "2027-04-18")
CELLS = {
    "recipient": ("consumer", "business", ""),
    "consent": ("none", "named_caller", "partners", ""),
    "consent_on": ("2026-10-01", "2025-12-10", ""),
    "consent_for": ("both", "live", ""),
    "consent_withdrawn_on": ("", "none", "2026-11-01"),
    "relationship": ("none", "contract", ""),
}
RULES = Rulebook.load().by_id
TITLES = {rule.title["en"] for rule in RULES.values()}


@pytest.fixture(autouse=True)
def today(monkeypatch):
    """A day before all calls."""
    monkeypatch.setenv("DNC_TODAY", "2026-11-29")


@pytest.mark.parametrize(("language", "alone"), [("en", r"\b(all|only|enough)\b"), ("fr", r"\b(seuls?|suffit)\b")])
def test_another_number_is_not_said_to_be_enough(store, write_file, tmp_path, language, alone):
    """A recorded political campaign shows a number that it may not show; with another one it still lacks consents."""
    path, outs = write_file("calls.csv", CALLS), [tmp_path / "page.html", tmp_path / "sheet.xlsx"]
    asked = {"region": "FR", "at": "2026-12-01T11:00", "language": language}
    blocked = check(path, store, given=POLITICAL, out=outs, **asked)
    assert blocked.counts["blocked"] == 12
    another = check(path, store, given=POLITICAL | {"cli": "01 62 00 90 00"}, **asked)
    assert another.counts["undecided"] == 12
    sheet = [str(row[1]) for row in openpyxl.load_workbook(outs[1]).worksheets[0].iter_rows(values_only=True)]
    page = plain(outs[0].read_text(encoding="utf-8"))
    steps = [line["says"] for line in as_data(blocked)["decision"]["next"]]
    [about] = [plain(step) for step in steps if RULES["fr-arcep-npv"].title[language] in step]
    assert all(about in text for text in (page, plain(" ".join(sheet)), plain(" ".join(summary(blocked)))))
    assert not re.search(alone, about)


def test_nothing_is_missing_for_a_blocked_call(store, write_file, dnc):
    """Telling it would not help, so no door names it, though rules leave the same call open."""
    told = {"region": "FR", "at": "2026-12-01T11:00", "given": POLITICAL}
    path = write_file("calls.csv", CALLS)
    listed = check(path, store, **told)
    found = [*listed.verdicts.to_dicts(), explain("01 99 00 08 00", store, **told)[0]]
    with Decider(store, **told) as decider:
        found += pl.DataFrame(decider(pl.read_csv(path))).to_dicts()
    assert all(one["dnc_undecided_by"] for one in found)
    assert {one["dnc_missing"] for one in found} == {""} and as_data(listed)["missing"] == {}
    options = [word for name, value in POLITICAL.items() for word in ("--set", f"{name}={value}")]
    text = dnc("explain", "01 99 00 08 00", "--region", "FR", "--at", "2026-12-01T11:00", *options)[1]
    assert "forbidden" in text and "Missing" not in text


def lists(seed: int) -> Iterator[tuple[dict[str, str], pl.DataFrame, str]]:
    """Random lists: the facts of their campaign, their rows, and the day of the calls."""
    chance = random.Random(seed)
    for _ in range(LISTS):
        facts = chance.choice(CAMPAIGNS) | {name: chance.choice(words) for name, words in FACTS.items()}
        cells = {name: [chance.choice(words) for _ in range(20)] for name, words in CELLS.items()}
        numbers = [f"01 99 00 {chance.randrange(100):02d} {row:02d}" for row in range(20)]
        yield (
            {name: word for name, word in facts.items() if word},
            pl.DataFrame({"number": numbers, **cells}),
            (chance.choice(DAYS)),
        )


@pytest.mark.parametrize("seed", range(size(1, 50)))
def test_what_a_report_promises_comes_true(seed, store):
    """Calls are clear at the moment that is named, and not without the fact on which they are said to rest.

    The other figures say what is in the way, and rows say the same.
    """
    for facts, rows, day in lists(seed):
        given = {"region": "FR", "given": facts}
        result = check(rows, store, at=day, columns=["outcome", "blocked_by", "missing", "next_at"], **given)
        data, verdicts = as_data(result)["decision"], result.verdicts
        clear, lines = verdicts["dnc_outcome"] == "clear", [line["says"] for line in data["next"]]
        later = verdicts.select(*rows.columns, call_at=verdicts["dnc_next_at"]).drop_nulls("call_at")
        assert not later.height or check(later, store, **given).counts["clear"] == later.height
        times = [int(n) for line in lines for n in re.findall(r"as far as is known: (\d+)", line)]
        assert times == ([later.height] if later.height else [])
        rests = {line["says"]: line["calls"] for line in data.get("rests", [])}
        for column, word in [(name, word) for name in GROUNDS for word in CELLS[name] if word]:
            if calls := rests.get(f"possible only because the file says “{fact_in_line(column, word, 'en')}”"):
                untold = rows.with_columns(pl.col(column).replace(word, ""))
                lost = clear & (check(untold, store, at=day, **given).verdicts["dnc_outcome"] != "clear")
                assert calls == lost.sum()
        blocked_by = [[RULES[id_] for id_ in ids.split(";")] for ids in verdicts["dnc_blocked_by"] if ids]
        daily = [rules for rules in blocked_by if all(rule.demanded.limit for rule in rules)]
        shown = [rules for rules in blocked_by if all(rule.demand == "cli" for rule in rules)]
        for says, expected in {"Postpone": daily, "Have another number shown": shown}.items():
            named = "".join(line for line in lines if line.startswith(says))
            for title in sorted({rule.title["en"] for rules in expected for rule in rules}, key=len, reverse=True):
                assert title in named
                named = named.replace(title, "")
            assert bool(named) is bool(expected) and not any(title in named for title in TITLES)
        assert [int(n) for line in lines for n in re.findall(r"Postpone (\d+)", line)] == [len(daily)][: len(daily)]
        assert {*verdicts.filter(pl.col("dnc_outcome") == "blocked")["dnc_missing"]} <= {""}
