"""Batches of pandas and DuckDB are decided as one machine does it: `make ray`, whose packages they need."""

from __future__ import annotations

import duckdb
import polars as pl
import pyarrow as pa
from polars.testing import assert_frame_equal

from tests.cluster import recipes
from tests.cluster.conftest import rows_of


def test_duckdb(dataset, settings, by_row):
    """Batches of a query, as the data set is read by DuckDB."""
    with duckdb.connect() as database:
        query = f"from read_parquet('{dataset}/**/*.parquet', hive_partitioning = true)"
        batches = list(recipes.duckdb_batches(database, query, settings))
    assert_frame_equal(rows_of(pl.DataFrame(pa.Table.from_batches(batches)), by_row), by_row)


def test_pandas(dataset, settings, by_row):
    """A frame in, a frame out."""
    calls = pl.read_parquet(dataset / "**" / "*.parquet", hive_partitioning=True).to_pandas()
    found = pl.from_pandas(recipes.pandas(calls, settings))
    assert found["row"].to_list() == calls["row"].to_list()
    assert_frame_equal(rows_of(found, by_row), by_row)
