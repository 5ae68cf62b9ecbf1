"""The DuckDB of a store: what it reaches, and that nothing of an attached file is remembered."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from dnc.database import Instance


@pytest.fixture
def instance(tmp_path) -> Instance:
    """An instance for a folder."""
    (tmp_path / "store").mkdir()
    return Instance(tmp_path / "store")


def made(path: Path, value: int) -> Path:
    """A database file that holds one number."""
    path.unlink(missing_ok=True)
    with duckdb.connect(path) as con:
        con.execute("create table t as select ? as v", [value])
    return path


def held(instance: Instance, path: Path) -> int:
    """The number in a database file."""
    with instance.attached(path, "read_only") as con:
        return con.execute("select v from t").fetchall()[0][0]


def test_a_file_that_was_replaced_is_read_anew(instance, tmp_path):
    """The same name, another file: DuckDB would go on with the old one, were it not detached."""
    path = tmp_path / "store" / "l.duckdb"
    assert [held(instance, made(path, value)) for value in (1, 2)] == [1, 2]


def test_two_at_once_do_not_get_in_each_other_s_way(instance, tmp_path):
    """Whoever comes while a file is attached reads the same file through an instance of their own."""
    path = made(tmp_path / "store" / "l.duckdb", 1)
    with instance.attached(path, "read_only") as con:
        assert held(instance, path) == 1
        assert con.execute("select v from t").fetchall() == [(1,)]


def test_a_file_that_cannot_be_attached_leaves_the_next(instance, tmp_path):
    """A damaged file is an error, and nothing more."""
    (tmp_path / "store" / "bad.duckdb").write_bytes(b"no database" * 1000)
    with pytest.raises(duckdb.Error):
        held(instance, tmp_path / "store" / "bad.duckdb")
    assert held(instance, made(tmp_path / "store" / "l.duckdb", 1)) == 1


def test_only_its_folder_is_reached(instance, tmp_path):
    """No statement reads a file beside the folder, attaches one, or takes the limit away."""
    beside = made(tmp_path / "beside.duckdb", 1)
    (tmp_path / "beside.csv").write_text("a\n1\n")
    with instance.attached(made(tmp_path / "store" / "l.duckdb", 1), "read_only") as con:
        for sql in (
            f"select * from read_csv('{tmp_path / 'beside.csv'}')",
            f"attach '{beside}' as beside",
            "set enable_external_access = true",
        ):
            with pytest.raises(duckdb.Error):
                con.execute(sql)


def test_a_change_leaves_one_file(instance, tmp_path):
    """What was committed and checkpointed without a write-ahead log is in the file, and nothing is left beside it."""
    path = made(tmp_path / "store" / "l.duckdb", 1)
    with instance.attached(path, "recovery_mode no_wal_writes") as con:
        con.begin()
        con.execute("update t set v = 2")
        con.commit()
        con.execute("checkpoint ledger")
    assert [file.name for file in path.parent.iterdir()] == ["l.duckdb"]
    assert held(instance, path) == 2


def test_its_temporary_folder_goes_with_it(instance, tmp_path):
    """What was spilled to disk does not outlive it."""
    mine = Instance(tmp_path / "store")
    spill = mine.spill
    assert spill.is_dir()
    del mine
    assert not spill.exists()
