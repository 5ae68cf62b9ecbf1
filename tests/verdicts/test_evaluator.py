"""The evaluator: what it worked out for one check serves the next by the same rules, and nothing else changes."""

from __future__ import annotations

from contextlib import suppress
from datetime import date

import polars as pl
import pytest

from dnc import DncError, Rulebook, check
from dnc.database import run
from dnc.verdicts import evaluator
from dnc.verdicts.evaluator import evaluator_of

CALLS = pl.DataFrame({"number": ["01 99 00 08 10", "03 53 01 08 10"], "caller": "commercial", "voice": ["human", "ai"]})


@pytest.fixture
def asked(monkeypatch) -> list[str]:
    """The statements that were evaluated, since nothing was known."""
    evaluator._free.cache_clear()
    statements: list[str] = []

    def counted(con: object, name: str, sql: str, *args: object, **frames: pl.DataFrame) -> pl.DataFrame:
        statements.append(sql)
        return run(con, name, sql, *args, **frames)

    monkeypatch.setattr(evaluator, "run", counted)
    return statements


def test_the_same_facts_are_evaluated_once(store, asked):
    """A second check of them asks DuckDB nothing and gives the same verdicts; new facts are evaluated."""
    first = check(CALLS, store, region="FR", at="2026-12-01").verdicts
    count = len(asked)
    assert count
    assert check(CALLS, store, region="FR", at="2026-12-01").verdicts.equals(first)
    assert len(asked) == count
    check(CALLS.with_columns(caller=pl.lit("charity")), store, region="FR", at="2026-12-01")
    assert len(asked) > count


def test_what_is_known_with_a_registry_is_not_taken_for_what_was_known_without(store, write_file, asked):
    """A registry that is loaded between two checks decides the second."""
    told = {"caller": "commercial", "recipient": "consumer", "relationship": "none", "sector": "general"}
    before = check(CALLS, store, region="FR", at="2026-08-03", given=told).verdicts["dnc_outcome"]
    answer = write_file("own.csv", "number\n0199000810\n0353010810\n")
    store.load(answer, registry="own", region="FR", as_of=date(2026, 8, 1))
    after = check(CALLS, store, region="FR", at="2026-08-03", given=told).verdicts["dnc_outcome"]
    evaluator._free.cache_clear()
    assert check(CALLS, store, region="FR", at="2026-08-03", given=told).verdicts["dnc_outcome"].equals(after)
    assert after.to_list() == ["blocked", "blocked"] != before.to_list()


def test_an_evaluator_is_not_kept_after_an_error_or_if_it_holds_much(monkeypatch):
    """The next check gets a new one."""
    book = Rulebook.load()
    evaluator._free.cache_clear()
    with evaluator_of(book) as kept, evaluator_of(book) as other:
        assert kept is not other
    with suppress(DncError), evaluator_of(book) as failed:
        assert failed in (kept, other)
        raise DncError("stopped")
    with evaluator_of(book) as left:
        assert left is not failed
        monkeypatch.setattr(evaluator, "_KEPT", -1)
    with evaluator_of(book) as new:
        assert new not in (kept, other)
