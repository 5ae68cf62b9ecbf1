"""A Python model of dbt decides what one machine does: `make dbt`, which puts dbt into an environment of its own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tests.cluster.conftest import rows_of

PROJECT = Path(__file__).parent / "dbt"
ROOT = Path(__file__).parents[2]


@pytest.mark.smoke
def test_dbt(dataset, store, by_row, tmp_path):
    """The model that the guide shows, built by `dbt build` into a DuckDB file."""
    told = {"CALLS": dataset, "DNC_STORE": store.path, "DATABASE": tmp_path / "crm.duckdb", "PYTHONPATH": ROOT}
    env = os.environ | {name: str(value) for name, value in told.items()}
    folders = ["--project-dir", PROJECT, "--profiles-dir", PROJECT, "--target-path", tmp_path, "--log-path", tmp_path]
    done = subprocess.run(
        [os.environ.get("DBT", "dbt"), "build", *folders], check=False, env=env, stdout=subprocess.PIPE
    )
    assert done.returncode == 0, done.stdout.decode()
    with duckdb.connect(tmp_path / "crm.duckdb", read_only=True) as database:
        found = pl.DataFrame(database.sql("from verdicts"))
    assert_frame_equal(rows_of(found, by_row), by_row)
