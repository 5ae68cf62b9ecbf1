"""Verdicts in a DuckDB of one's own."""

from __future__ import annotations

from datetime import date

import duckdb
import polars as pl
import pytest

from dnc import Brief, Store, check
from dnc.duckdb import register
from tests import SALE

ROWS = 5_000  # several vectors of DuckDB


@pytest.fixture
def store(tmp_path, monkeypatch) -> Store:
    """A store in which somebody objected."""
    monkeypatch.setenv("DNC_TODAY", "2026-11-24")
    store = Store(tmp_path / "store")
    store.object(["0199000007"], date(2026, 11, 1), region="FR")
    return store


@pytest.fixture
def connection():
    """A database with a list of calls."""
    with duckdb.connect() as con:
        con.execute(
            "create table calls as select '019900' || lpad(i::varchar, 4, '0') as number, date '2026-11-24' as call_at, "
            f"case when i = {ROWS - 1} then '2026-11-01' else 'none' end as objected_on from range({ROWS}) t(i)"
        )
        yield con


def test_a_query_gives_what_a_check_gives(connection, store, tmp_path):
    """For every row of the table, and joined, filtered, stored as any other table; a day alone is that of a list."""
    given = SALE | {"consent": "written", "consent_for": "both", "consent_on": "2026-10-01"}
    connection.execute("copy calls to ? (format parquet)", [str(tmp_path / "calls.parquet")])
    expected = check(tmp_path / "calls.parquet", store, region="FR", given=given).verdicts
    assert "clear" in expected["dnc_outcome"]
    with register(connection, store, region="FR", given=given):
        connection.execute("create table decided as select * from dnc_check('calls')")
    found = pl.DataFrame(connection.sql("from decided order by number"))
    names = ["number", "call_at", "objected_on", *(name for name in found.columns if name.startswith("dnc_"))]
    assert found.columns == names
    assert found.equals(expected.sort("number").select(names))


def test_what_one_row_says_of_a_number_holds_for_rows_far_away(connection, store):
    """An objection in the last row counts for the first: rows are decided together, not vector by vector."""
    connection.execute(f"insert into calls select number, call_at, 'none' from calls where rowid = {ROWS - 1}")
    connection.execute("create view turned as from calls order by rowid desc")
    with register(connection, store, region="FR", given={"caller": "commercial"}, name="verdicts"):
        for table in ("calls", "turned"):
            found = connection.sql(
                f"select dnc_outcome from verdicts('{table}') where number = (select max(number) from calls)"
            ).fetchall()
            assert found == [("blocked",), ("blocked",)]


def test_verdicts_follow_the_store(connection, store):
    """An objection that is recorded between two queries counts in the second; former verdicts are replaced."""
    of_one = "select dnc_outcome from dnc_check('{}') where number = '0199000001'"
    with register(connection, store, region="FR", given={"caller": "commercial"}):
        assert connection.sql(of_one.format("calls")).fetchall() == [("undecided",)]
        connection.execute("create table former as select * from dnc_check('calls')")
        store.object(["0199000001"], date(2026, 11, 1), region="FR")
        assert connection.sql(of_one.format("former")).fetchall() == [("blocked",)]


def test_a_number_that_was_rounded_is_nobodys(connection, store):
    """Of 32 bits it has lost its last digits; a column may be called as the program calls a row, too."""
    rounded = (
        "select 33199000007::float as number, 1 as t, '2026-11-24' as call_at, 'none' as objected_on, {'a': 1} as v"
    )
    connection.execute(f"create table rounded as {rounded}")
    with register(connection, store, given={"caller": "survey"}, brief=Brief(ignore=["t", "v"])):
        assert connection.sql("select dnc_number, dnc_missing from dnc_check('rounded')").fetchall() == [("", "number")]


def test_a_table_without_rows_and_one_that_is_no_list(connection, store):
    """No row for no row; an error says what is wrong with the table."""
    connection.execute("create view none as from calls limit 0")
    connection.execute("create table other as select 1 as one")
    with register(connection, store, region="FR", given={"caller": "commercial"}):
        assert connection.sql("select * from dnc_check('none')").fetchall() == []
        with pytest.raises(duckdb.InvalidInputException, match="no column 'number'"):
            connection.sql("select * from dnc_check('other')").fetchall()
