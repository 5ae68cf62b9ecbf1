"""The DuckDB of a store: what it reaches, and what it leaves."""

from __future__ import annotations

import duckdb
import pytest

from dnc.database import Instance


@pytest.fixture
def instance(tmp_path) -> Instance:
    """An instance for a folder."""
    (tmp_path / "store").mkdir()
    return Instance(tmp_path / "store")


def test_only_its_folder_is_reached(instance, tmp_path):
    """No statement reads a file beside the folder, attaches one, or takes the limit away."""
    for folder in (tmp_path, tmp_path / "store"):
        (folder / "a.csv").write_text("a\n1\n")
    with duckdb.connect(tmp_path / "beside.duckdb"):
        pass
    with instance.cursor() as con:
        assert con.execute(f"from read_csv('{tmp_path / 'store' / 'a.csv'}')").fetchall() == [(1,)]
        for sql in (
            f"from read_csv('{tmp_path / 'a.csv'}')",
            f"attach '{tmp_path / 'beside.duckdb'}' as beside",
            "set enable_external_access = true",
        ):
            with pytest.raises(duckdb.Error):
                con.execute(sql)


def test_its_temporary_folder_goes_with_it(instance, tmp_path):
    """What was spilled to disk does not outlive it."""
    mine = Instance(tmp_path / "store")
    spill = mine.spill
    assert spill.is_dir()
    del mine
    assert not spill.exists()
