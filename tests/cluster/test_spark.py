"""Spark decides what one machine does: `make spark`. Not part of `make test`, since it wants Spark and Java."""

from __future__ import annotations

import os
import sys

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from pyspark.sql import SparkSession
from pyspark.sql.functions import spark_partition_id

from tests.cluster import recipes
from tests.cluster.conftest import rows_of

WORKERS = 2
pytestmark = pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas")  # not used here


@pytest.fixture(scope="module")
def session(tmp_path_factory) -> SparkSession:
    """A cluster of two workers on this machine, each a process of its own, on loopback and without pages."""
    told = {
        "spark.master": f"local-cluster[{WORKERS},1,1024]",
        "spark.executor.memory": "768m",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.pyspark.python": sys.executable,
        "spark.executorEnv.PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "spark.local.dir": str(tmp_path_factory.mktemp("spark")),
        "spark.sql.files.maxPartitionBytes": "100k",
        "spark.sql.files.openCostInBytes": "0",
    }
    builder = SparkSession.builder
    for name, value in told.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    yield session
    session.stop()


@pytest.mark.smoke
def test_spark_decides_what_one_machine_does(session, settings, dataset, by_row, tmp_path):
    """Partitioned Parquet in and out by two workers: cell by cell what `check` writes."""
    decided = recipes.spark(session, str(dataset), settings)
    decided.write.parquet(str(tmp_path / "verdicts"))
    found = pl.read_parquet(tmp_path / "verdicts" / "*.parquet")
    assert_frame_equal(rows_of(found, by_row), by_row)
    assert decided.select(spark_partition_id()).distinct().count() >= WORKERS
