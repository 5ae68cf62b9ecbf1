"""Lists out of a database and verdicts into it: the same as by files, whole or not at all."""

from __future__ import annotations

import json
import os
import re
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

import dnc
from dnc import Brief, Check, InputError
from dnc.errors import OptionError
from dnc.files import databases
from dnc.files.remote import Query

AS_FILE = 'new_columns = "undecided"'
BRIEF = Brief(new_columns="undecided")  # what the columns mean is not what these tests are about
TOLD = {"caller": "survey", "voice": "human", "dialler": "manual"}


def check(*arguments, **options) -> Check:
    """A check of a list with columns that have no role."""
    return dnc.check(*arguments, brief=BRIEF, **options)


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
    assert again.equals(file.drop("dnc_check", "dnc_at"))


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
    check(Query(postgres.url, "select number, '0' as other from calls"), store, out=f"{postgres.url}#verdicts")
    seen = []

    def look(_: int) -> None:
        locks = "select count(*) from pg_locks where relation = 'verdicts'::regclass and granted"
        seen.append(postgres.rows(f"select (select count(*) from verdicts), ({locks} and mode like '%Exclusive%')"))

    pl.read_parquet(parts / "1.parquet").write_parquet(parts / "0.parquet")
    check(parts, store, out=f"{postgres.url}#verdicts", progress=look)
    assert seen == [[(3, 0)], [(3, 0)]]
    assert postgres.rows("select count(*) from verdicts") == [(20,)]
    assert postgres.rows("select tablename from pg_tables where tablename like 'dnc%'") == []


def test_a_replaced_table_stays_the_same_table(postgres, store, tmp_path):
    """Views, as dbt makes them, indexes, rights, comments, owner: all are there after the second night."""
    rows = pl.DataFrame({"number": ["+33199000001", "+33199000002"], "the $ team": ["a", "b"]})
    tables = [f"{postgres.url}#public.verdicts", f"sqlite:///{tmp_path}/crm.sqlite#verdicts"]
    check(rows.head(1), store, out=tables)
    view = 'create view teams as select "the $ team" from verdicts'
    con = sqlite3.connect(tmp_path / "crm.sqlite")
    for statement in (view, "create index by_outcome on verdicts (dnc_outcome)"):
        postgres.rows(statement)
        con.execute(statement)
    for statement in (
        "create role dialler",
        "create role owner_of_it",
        "grant select on verdicts to dialler",
        "grant all on schema public to owner_of_it",
        "comment on table verdicts is 'of the night'",
        "comment on column verdicts.dnc_outcome is 'read this'",
        "alter table verdicts owner to owner_of_it",
    ):
        postgres.rows(statement)
    kept = (
        "select c.relacl::text, c.relowner::regrole::text, obj_description(c.oid), "
        "col_description(c.oid, (select attnum from pg_attribute where attrelid = c.oid and attname = 'dnc_outcome')), "
        "(select string_agg(indexname, ',') from pg_indexes where tablename = 'verdicts') "
        "from pg_class c where relname = 'verdicts'"
    )
    before = postgres.rows(kept)
    assert before[0][1:] == ("owner_of_it", "of the night", "read this", "by_outcome") and "dialler=r" in before[0][0]
    check(rows.select("the $ team", "number"), store, out=tables)
    assert postgres.rows(kept) == before
    both = [("a",), ("b",)]
    assert postgres.rows("select * from teams") == con.execute("select * from teams").fetchall() == both
    indexes = con.execute("select name from sqlite_master where type = 'index'").fetchall()
    assert indexes == [("by_outcome",)]
    con.close()


@pytest.mark.parametrize("with_view", [False, True])
def test_other_columns_are_named_and_nothing_is_written(postgres, store, tmp_path, dnc, with_view):
    """Whether a column vanished upstream, appeared, or has another type; with a dependent view and without."""
    rows = pl.DataFrame({"number": ["+33199000001"], "team": ["a"], "size": [3]})
    places = [f"{postgres.url}#verdicts", f"sqlite:///{tmp_path}/crm.sqlite#verdicts"]
    check(rows, store, out=places)
    if with_view:
        postgres.rows("create view teams as select team from verdicts")
    for place in places:
        for changed, said in (
            (rows.drop("team"), "no longer in the list: 'team'"),
            (rows.with_columns(further=1), "lacks columns that are in the list: 'further'"),
        ):
            with pytest.raises(InputError, match=said):
                check(changed, store, out=place)
    types = re.escape("'size' (there, then in the list: bigint, text)")
    with pytest.raises(InputError, match=f"another type in columns: {types}"):
        check(rows.with_columns(size=pl.lit("large")), store, out=places[0])
    check(rows.with_columns(team=7), store, out=places[0])  # everything fits into text
    assert postgres.rows("select team, size, dnc_number from verdicts") == [("7", 3, "+33199000001")]
    rows.drop("team").write_parquet(tmp_path / "calls.parquet")
    (tmp_path / "b.toml").write_text(AS_FILE)
    words = ("--brief", "b.toml", "--store", store.path, "--quiet", "--out", places[0])
    code, _, err = dnc("check", tmp_path / "calls.parquet", *words)
    assert (code, "'team'" in err, err.count("\n")) == (4, True, 1)
    assert postgres.rows("select tablename from pg_tables where tablename like 'dnc%'") == []


def test_rows_are_appended(postgres, store, tmp_path, dnc):
    """--append keeps what is there; a row that breaks a rule of the table is refused."""
    places = [f"{postgres.url}#verdicts", f"sqlite:///{tmp_path}/crm.sqlite#verdicts"]

    def rows(*ids: int | None, team: str = "a") -> pl.DataFrame:
        numbers = [f"+3319900000{at}" for at in range(len(ids))]
        return pl.DataFrame(
            {"number": numbers, "id": ids, "team": [team] * len(ids)}, schema_overrides={"id": pl.Int64}
        )

    def there() -> list[tuple]:
        con = sqlite3.connect(tmp_path / "crm.sqlite")
        found = con.execute("select id, team from verdicts order by id, team").fetchall()
        con.close()
        assert postgres.rows("select id, team from verdicts order by id, team") == found
        return found

    check(rows(1, 2), store, out=places, append=True)
    check(rows(2, team="b"), store, out=places, append=True)
    assert there() == [(1, "a"), (2, "a"), (2, "b")]
    rows(3, team="c").write_parquet(tmp_path / "calls.parquet")
    (tmp_path / "b.toml").write_text(AS_FILE)
    words = ("check", tmp_path / "calls.parquet", "--brief", "b.toml", "--store", store.path, "--quiet")
    assert dnc(*words, "--out", places[0], "--out", places[1], "--append")[0] == 0
    assert there() == [(1, "a"), (2, "a"), (2, "b"), (3, "c")]
    assert dnc(*words, "--out", "v.csv", "--append")[0] == 2
    postgres.rows("delete from verdicts where team = 'b'")
    postgres.rows("create unique index on verdicts (id)")
    with pytest.raises(InputError, match="a row breaks a rule of the table"):
        check(rows(3), store, out=places[0], append=True)


def test_a_schema_that_is_not_there_is_said_as_such(postgres, store):
    """The check makes a table, and not its schema."""
    with pytest.raises(InputError, match="there is no schema 'nowhere'"):
        check(pl.DataFrame({"number": ["+33199000001"]}), store, out=f"{postgres.url}#nowhere.verdicts")


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
        postgres.rows("drop table if exists verdicts")
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


def test_a_night_without_a_row_empties_the_table(postgres, store, tmp_path, dnc):
    """Its columns and their types stay; a list of text says nothing of types. The next night fills it again."""
    rows = pl.DataFrame({"number": ["+33199000001"], "id": [7], "amount": [Decimal("1.50")]})
    place = f"{postgres.url}#verdicts"
    kinds = "select attname::text, format_type(atttypid, atttypmod) from pg_attribute "
    kinds += "where attrelid = 'verdicts'::regclass and attnum > 0 order by attnum"
    check(rows, store, out=place)
    before = postgres.rows(kinds)
    (tmp_path / "calls.csv").write_text("number,id,amount\n")
    (tmp_path / "b.toml").write_text(AS_FILE)
    rows.clear().write_parquet(tmp_path / "calls.parquet")
    for name in ("calls.csv", "calls.parquet"):
        check(rows, store, out=place)
        words = ("--brief", tmp_path / "b.toml", "--store", store.path, "--quiet", "--out", place)
        code, _, err = dnc("check", tmp_path / name, *words)
        assert (code, err) == (0, "")
        assert (postgres.rows("select * from verdicts"), postgres.rows(kinds)) == ([], before)
    check(rows, store, out=place)
    assert postgres.rows("select id, amount from verdicts") == [(7, "1.5")]


def test_types_that_do_not_fit_are_named_on_both_sides(postgres, store):
    """Those that the driver calls text, too; what is there stays."""
    place, rows = f"{postgres.url}#verdicts", pl.DataFrame({"number": ["+33199000001"], "amount": [Decimal("2.25")]})
    check(rows, store, out=place)
    for amount, kind in (("2.25", "text"), (2.25, "double precision"), (date(2026, 1, 1), "date")):
        with pytest.raises(InputError) as refused:
            check(rows.with_columns(amount=pl.lit(amount)), store, out=place)
        assert f"'amount' (there, then in the list: numeric, {kind})" in str(refused.value)
    assert postgres.rows("select amount from verdicts") == [("2.25",)]


def test_rows_say_which_check_wrote_them_and_for_when(postgres, store, tmp_path):
    """The id of the check is that of its row in the log; so by name in a file, and nowhere else unasked."""
    times = ["2026-11-24T10:30", "2026-11-25", "2026-11-24T10:30+02:00"]
    rows = pl.DataFrame({"number": [f"+3319900000{at}" for at in range(3)], "call_at": times})
    done = check(rows, store, columns=["outcome"], out=f"{postgres.url}#verdicts")
    found = postgres.rows("select dnc_check, dnc_at from verdicts order by number")
    assert [at for _, at in found] == ["2026-11-24T10:30", "2026-11-25", "2026-11-24T08:30+00:00"]
    [id_] = {id_ for id_, _ in found}
    assert re.fullmatch(r"\d{8}T\d{6}Z-[0-9a-f]{8}", id_)
    assert json.loads(store.log()["detail"][done.id - 1])["dnc_check"] == id_
    check(rows.head(1), store, columns=["outcome"], out=f"{postgres.url}#verdicts", at="2026-11-28")
    [(other,)] = postgres.rows("select dnc_check from verdicts")
    assert other != id_
    check(rows, store, columns=["outcome", "at", "check"], out=tmp_path / "v.csv")
    assert (tmp_path / "v.csv").read_text().splitlines()[0] == "number,call_at,dnc_outcome,dnc_at,dnc_check"
    assert not {"dnc_check", "dnc_at"} & {*check(rows, store).verdicts.columns}


def test_no_table_of_others_is_dropped_or_emptied(postgres, store):
    """Though it has an outcome; nobody is advised to drop it."""
    postgres.rows("create table verdicts as select '+33199000001' as number, 'clear' as dnc_outcome")
    with pytest.raises(InputError, match="was not written by a check") as refused:
        check(pl.DataFrame({"number": ["+33199000001"]}), store, columns=["outcome"], out=f"{postgres.url}#verdicts")
    assert "drop" not in str(refused.value)
    assert postgres.rows("select * from verdicts") == [("+33199000001", "clear")]


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


def test_columns_that_would_not_be_text_are_named(postgres, store):
    """Cells that the driver gives as the server stores them: cents, parts, or bytes that no one can read."""
    postgres.rows("create type mood as enum ('sad', 'ok')")
    odd = {
        "owed": "12.5::money",
        "sums": "array[12.5::money]",
        "key": "gen_random_uuid()",
        "place": "point(1, 2)",
        "span": "interval '1 day'",
        "pair": "row(1, 2)",
    }
    cells = ", ".join(f"{cell} as {name}" for name, cell in odd.items())
    with pytest.raises(InputError) as refused:
        check(Query(postgres.url, f"select '+33199000001' as number, {cells}"), store, given=TOLD)
    assert all(name in str(refused.value) for name in odd) and "number" not in str(refused.value)
    texts = "'ok'::mood as mood, 'AB'::bytea as raw, 12.5::money::numeric as owed, '{}'::json as more"
    [row] = check(Query(postgres.url, f"select '+33199000001' as number, {texts}"), store, given=TOLD).verdicts.rows()
    assert row[1:5] == ("ok", "AB", "12.50", "{}")


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
    words = [
        "--query",
        "select number from calls",
        "--store",
        store.path,
        "--quiet",
        "--out",
        f"{postgres.url}#verdicts",
    ]
    code, _, err = dnc("check", postgres.url, *words)
    assert (code, "the server is short of memory, disk" in err, err.count("\n")) == (4, True, 1)
    assert postgres.rows("select tablename from pg_tables where schemaname = 'public'") == [("calls",)]


@pytest.mark.parametrize("who", ["client", "server"])
def test_a_kill_leaves_no_table(postgres, store, who):
    """Killed while it works, at several moments: there is no table, or the whole one."""
    postgres.rows(MANY.format(rows=200_000))
    command = [sys.executable, "-m", "dnc", "check", postgres.url, "--query", "select number from calls", "--quiet"]
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
