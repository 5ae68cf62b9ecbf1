"""Lists out of a database and verdicts into it: the same as by files, whole or not at all."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from datetime import date, timedelta
from datetime import time as hour
from decimal import Decimal

import duckdb
import polars as pl
import pytest

from dnc import InputError, check
from dnc.errors import OptionError
from dnc.files import databases
from dnc.files.remote import Query

TOLD = {"caller": "survey", "voice": "human", "dialler": "manual"}
MANY = (
    "create table calls as select '+3319900' || lpad((i % 10000)::text, 4, '0') as number, i as id, "
    "date '2026-11-01' + (i % 28) as call_at, (i % 7 = 0)::text as note, 1.5::numeric as amount "
    "from generate_series(0, {rows} - 1) i"
)


def test_a_query_is_decided_as_the_same_rows_in_a_file(postgres, store, tmp_path):
    """Types of the database arrive as they are; the table has what a Parquet file has, in the order of the query."""
    postgres.rows(MANY.format(rows=3000))
    select = "select * from calls order by id desc"
    done = check(
        Query(postgres.url, select), store, given=TOLD, out=[f"{postgres.url}#public.verdicts", tmp_path / "v.parquet"]
    )
    file = pl.read_parquet(tmp_path / "v.parquet")
    assert done.rows == 3000 == file.height
    assert file["id"].to_list() == list(range(2999, -1, -1))
    names = ", ".join(file.columns)
    assert postgres.rows(f"select {names} from verdicts order by id desc") == file.rows()
    file.select("number", "id", "call_at", "note", "amount").write_parquet(tmp_path / "calls.parquet")
    again = check(tmp_path / "calls.parquet", store, given=TOLD).verdicts
    assert again.equals(file)


def test_a_table_is_replaced_only_where_a_check_has_written_it(postgres, store):
    """The second night replaces the table of the first; a table of somebody else stays."""
    postgres.rows(MANY.format(rows=10))
    for rows in (10, 4):
        check(Query(postgres.url, f"select * from calls limit {rows}"), store, out=f"{postgres.url}#verdicts")
        assert postgres.rows("select count(*) from verdicts") == [(rows,)]
    with pytest.raises(InputError, match="was not written by a check"):
        check(Query(postgres.url, "select * from calls"), store, out=f"{postgres.url}#calls")
    assert postgres.rows("select count(*) from calls") == [(10,)]


@pytest.fixture
def parts(tmp_path):
    """A list in two files, which are two batches; the second has another type in the column `other`."""
    folder = tmp_path / "calls"
    folder.mkdir()
    for part in (0, 1):
        numbers = [f"+331990000{part}{n}" for n in range(10)]
        frame = pl.DataFrame({"number": numbers, "other": [str(part)] * 10 if part else [1.5] * 10})
        frame.write_parquet(folder / f"{part}.parquet")
    return folder


def test_former_verdicts_can_be_read_until_they_are_replaced(postgres, store, parts):
    """While rows are sent nobody waits for a lock, and the former rows are there; then the new ones, and nothing else."""
    postgres.rows(MANY.format(rows=3))
    check(Query(postgres.url, "select * from calls"), store, out=f"{postgres.url}#verdicts")
    seen = []

    def look(_: int) -> None:
        locks = "select count(*) from pg_locks where relation = 'verdicts'::regclass and granted"
        seen.append(postgres.rows(f"select (select count(*) from verdicts), ({locks} and mode like '%Exclusive%')"))

    frame = pl.read_parquet(parts / "0.parquet")
    frame.write_parquet(parts / "1.parquet")
    check(parts, store, out=f"{postgres.url}#verdicts", progress=look)
    assert seen == [[(3, 0)], [(3, 0)]]
    assert postgres.rows("select count(*) from verdicts") == [(20,)]
    assert postgres.rows("select tablename from pg_tables where tablename like 'dnc%'") == []


def test_views_of_the_former_verdicts_show_the_new_ones(postgres, store, tmp_path):
    """Such as dbt makes. A list that lacks a column of theirs leaves it empty; a further one is refused."""
    rows = pl.DataFrame({"number": ["+33199000001", "+33199000002"], "the $ team": ["a", "b"]})
    tables = [f"{postgres.url}#public.verdicts", f"sqlite:///{tmp_path}/crm.sqlite#verdicts"]
    check(rows.head(1), store, out=tables)
    view = 'create view teams as select "the $ team" from verdicts'
    postgres.rows(view)
    con = sqlite3.connect(tmp_path / "crm.sqlite")
    con.execute(view)
    check(rows.select("the $ team", "number"), store, out=tables)
    assert postgres.rows("select * from teams") == con.execute("select * from teams").fetchall() == [("a",), ("b",)]
    con.close()
    check(rows.select("number"), store, out=tables[0])
    assert postgres.rows("select * from teams") == [(None,), (None,)]
    with pytest.raises(InputError, match="42703"):
        check(rows.with_columns(further=1), store, out=tables[0])
    assert postgres.rows("select count(*) from verdicts") == [(2,)]


def test_a_table_that_appears_meanwhile_stays(postgres, store, parts):
    """It was not there when the check began, so nobody knows who made it."""
    frame = pl.read_parquet(parts / "0.parquet")
    made = iter(["create table verdicts as select 1 as theirs"])
    with pytest.raises(InputError, match="42P07"):
        check(frame, store, out=f"{postgres.url}#verdicts", progress=lambda _: postgres.rows(next(made)))
    assert postgres.rows("select * from verdicts") == [(1,)]


def test_a_column_that_changes_its_type_is_refused(postgres, store, parts):
    """Bits of one type are never taken for another; empty cells fit everywhere, and everything fits into text."""
    with pytest.raises(InputError, match="'other' has another type in a later file"):
        check(parts, store, out=f"{postgres.url}#verdicts")
    assert postgres.rows("select count(*) from pg_tables where tablename = 'verdicts'") == [(0,)]
    first, second = (pl.read_parquet(parts / f"{part}.parquet") for part in (0, 1))
    for one, other in ((1.5, None), ("a", 1)):
        first.with_columns(other=pl.lit(one)).write_parquet(parts / "0.parquet")
        second.with_columns(other=pl.lit(other)).write_parquet(parts / "1.parquet")
        check(parts, store, out=f"{postgres.url}#verdicts")
        rows = postgres.rows("select distinct other from verdicts order by other desc nulls last")
        assert rows == [(one,), (other and str(other),)]


def test_a_list_without_a_row_is_a_table_without_a_row(postgres, store, tmp_path):
    """With the columns that it would have; as Parquet too."""
    postgres.rows(MANY.format(rows=0))
    query, out = Query(postgres.url, "select * from calls"), [f"{postgres.url}#verdicts", tmp_path / "v.parquet"]
    assert check(query, store, out=out).rows == 0
    assert postgres.rows("select number, dnc_outcome from verdicts") == []
    assert pl.read_parquet(tmp_path / "v.parquet").select("number", "dnc_outcome").height == 0


def test_types_that_a_database_lacks_are_text(postgres, store, tmp_path):
    """Nested cells are JSON; SQLite has fewer types than PostgreSQL."""
    cells = {
        "number": "+33199000001",
        "word": pl.Series(["a"], dtype=pl.Categorical),
        "fields": {"a": 1},
        "tags": ["a", "b"],
        "empty": None,
        "hour": hour(1, 2),
        "span": timedelta(days=1),
        "amount": Decimal("2.25"),
        "large": pl.Series([1], dtype=pl.Int128),
        "day": date(2026, 11, 1),
    }
    frame = pl.DataFrame({name: cell if isinstance(cell, pl.Series) else [cell] for name, cell in cells.items()})
    check(frame, store, out=[f"{postgres.url}#verdicts", f"sqlite:///{tmp_path}/v.sqlite#verdicts"])
    [there] = postgres.rows("select word, fields, tags, empty, hour, amount, large, day from verdicts")
    assert there == ("a", '{"a":1}', ["a", "b"], None, hour(1, 2), "2.25", "1", date(2026, 11, 1))
    con = sqlite3.connect(tmp_path / "v.sqlite")
    [there] = con.execute("select word, fields, tags, empty, hour, span, amount, large, day from verdicts").fetchall()
    con.close()
    assert there == ("a", '{"a":1}', '["a","b"]', None, "01:02:00", "P1D", "2.25", "1", "2026-11-01")


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("select nothing from calls", "42703"),
        ("drop table calls", "25006"),
        ("select nextval('ids')::text as number", "half-way"),
        ("select note from calls", "postgres:1: no column 'number'"),
        ("select 1/0 as number", "22012"),
    ],
)
def test_a_statement_that_fails_is_one_sentence(postgres, store, sql, why):
    """Without the text of the server, which may quote rows; and nothing is changed."""
    postgres.rows(MANY.format(rows=10))
    postgres.rows("create sequence ids")
    with pytest.raises(InputError, match=why) as told:
        check(Query(postgres.url, sql), store)
    assert "/tmp" not in str(told.value)
    assert "+3319900" not in str(told.value) and not store.exists
    assert postgres.rows("select count(*) from calls") == [(10,)]


def test_a_server_that_refuses_or_does_not_answer(store, postgres, dnc):
    """A wrong password and a server that is not there: one sentence, which has no password in it."""
    for url in ("postgresql://dnc:hush-hush@127.0.0.1:1/postgres", postgres.url.replace("dnc@", "x:hush-hush@")):
        code, _, err = dnc("check", url, "--query", "select 1", "--store", store.path)
        assert (code, "hush" in err, err.count("\n")) == (4, False, 1)
    with pytest.raises(OptionError, match="--query"):
        check(postgres.url, store)


@pytest.mark.parametrize("statement", ["CREATE TABLE", "ALTER TABLE"])
def test_a_full_disk_of_the_server_is_said_as_such(postgres, store, dnc, statement):
    """It is not about a disk of this machine, and leaves no table."""
    postgres.rows(MANY.format(rows=10))
    postgres.rows(
        "create function full_disk() returns event_trigger language plpgsql as "
        "$$ begin raise 'could not extend file: No space left on device' using errcode = '53100'; end $$"
    )
    postgres.rows(
        f"create event trigger full_disk on ddl_command_end when tag in ('{statement}') execute function full_disk()"
    )
    words = ["--query", "select * from calls", "--store", store.path, "--quiet", "--out", f"{postgres.url}#verdicts"]
    code, _, err = dnc("check", postgres.url, *words)
    assert (code, "the server is short of memory, disk" in err, err.count("\n")) == (4, True, 1)
    assert postgres.rows("select tablename from pg_tables where schemaname = 'public'") == [("calls",)]


@pytest.mark.parametrize("who", ["client", "server"])
def test_a_kill_leaves_no_table(postgres, store, who):
    """Killed while it works, at several moments: there is no table, or the whole one."""
    postgres.rows(MANY.format(rows=200_000))
    command = [sys.executable, "-m", "dnc", "check", postgres.url, "--query", "select * from calls", "--quiet"]
    command += ["--store", store.path, "--out", f"{postgres.url}#verdicts"]
    for wait in (1.0, 2.0, 3.0, 4.0):
        process = subprocess.Popen(command, stderr=subprocess.PIPE, env=os.environ | {"DNC_TODAY": "2026-11-26"})
        time.sleep(wait)
        if who == "client":
            process.kill()
            process.communicate()
        else:
            # Ends every connection of the program, as a server that goes down does.
            postgres.rows(
                "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname is not null"
            )
            _, err = process.communicate()
            assert process.returncode in (0, 1, 3) or (process.returncode == 4 and err.count(b"\n") == 1), err
        _wait_for_nobody(postgres)
        there = postgres.rows("select count(*) from pg_tables where tablename = 'verdicts'")
        assert there == [(0,)] or postgres.rows("select count(*) from verdicts") == [(200_000,)]


def _wait_for_nobody(postgres) -> None:
    """Until the server has noticed that its client is gone."""
    sql = "select count(*) from pg_stat_activity where pid <> pg_backend_pid() and datname is not null"
    while postgres.rows(sql) != [(0,)]:
        time.sleep(0.05)


@pytest.mark.parametrize("first", [0, None])
def test_a_column_of_several_types_is_text(tmp_path, store, monkeypatch, first):
    """SQLite keeps a text among numbers or empty cells, which no column of Arrow can hold if it comes too late."""
    with sqlite3.connect(tmp_path / "crm.sqlite") as con:
        con.execute("create table calls (number, objected_on)")
        rows = [("+33199000001", first)] * 3_000 + [("+33199000002", "2026-08-01")]
        con.executemany("insert into calls values (?, ?)", rows)
    con.close()
    query = Query(f"sqlite:///{tmp_path}/crm.sqlite", "select * from calls")
    cells = ["" if first is None else str(first), "2026-08-01"]
    assert check(query, store).verdicts["objected_on"].fill_null("")[-2:].to_list() == cells
    monkeypatch.setattr(databases, "_TYPED_ROWS", 1_000)
    with pytest.raises(InputError, match=r"several types, that are not read \(cast it to text\)"):
        check(query, store)


def test_types_of_duckdb_that_parquet_has_not(tmp_path, store):
    """They become text: an INTERVAL stopped the check, a UUID became bytes, and large numbers lost digits."""
    kinds = {"interval": "3 days", "hugeint": "18446744073709551617", "uuid": "00000000-0000-0000-0000-000000000001"}
    kinds |= {"time with time zone": "10:30:00+02", "bignum": "123456789012345678901", "interval[]": "[1 mon]"}
    cells = ", ".join(f"'{cell}'::{kind} as \"{kind}\"" for kind, cell in kinds.items())
    with duckdb.connect(tmp_path / "crm.duckdb") as other:
        other.execute(f"create table calls as select 33199000001::hugeint as number, {cells}")
    verdicts = check(Query(f"duckdb:///{tmp_path}/crm.duckdb", "from calls"), store, region="FR").verdicts
    assert verdicts["dnc_number"].to_list() == ["+33199000001"]
    assert verdicts.select(kinds.keys()).row(0) == (*list(kinds.values())[:-1], "[1 month]")


def test_lists_in_files_of_sqlite_and_duckdb(tmp_path, store):
    """Both are opened for reading only; SQLite takes verdicts too."""
    with sqlite3.connect(tmp_path / "crm.sqlite") as con:
        con.execute("create table calls (number text, id integer)")
        con.executemany("insert into calls values (?, ?)", [(f"+3319900000{n}", n) for n in range(10)])
    con.close()
    with duckdb.connect(tmp_path / "crm.duckdb") as other:
        other.execute("create table calls as select '+3319900000' || i as number, i as id from range(10) t(i)")
    url = f"sqlite:///{tmp_path}/crm.sqlite"
    done = check(Query(url, "select * from calls order by id"), store, out=f"{url}#verdicts")
    assert done.rows == 10
    con = sqlite3.connect(tmp_path / "crm.sqlite")
    assert con.execute("select count(*), min(dnc_number) from verdicts").fetchall() == [(10, "+33199000000")]
    con.close()
    duck = Query(f"duckdb:///{tmp_path}/crm.duckdb", "select * from calls order by id")
    assert check(duck, store).verdicts["dnc_number"].to_list() == [f"+3319900000{n}" for n in range(10)]
    for change in ("drop table calls", "delete from calls"):
        for source in (url, f"duckdb:///{tmp_path}/crm.duckdb"):
            with pytest.raises(InputError, match=r"crm\.(sqlite|duckdb)"):
                check(Query(source, change), store)
    for nothing in ("", "-- select * from calls"):
        with pytest.raises(InputError, match="it must be a select"):
            check(Query(duck.url, nothing), store)
    for source in (url, duck.url):
        with pytest.raises(InputError, match="the statement has a mistake, or names something that is not there"):
            check(Query(source, "select * from nothing"), store)
        with pytest.raises(InputError, match="no such file"):
            check(Query(source.replace("crm", "none"), "select 1"), store)
    with pytest.raises(OptionError, match=r"PostgreSQL or SQLite"):
        check(duck, store, out=f"duckdb:///{tmp_path}/crm.duckdb#v")
