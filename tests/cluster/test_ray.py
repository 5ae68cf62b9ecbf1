"""A cluster decides what one machine does: `make ray`. Not part of `make test`, since it wants Ray.

Two workers of a local cluster, each on a copy of the store, over partitioned Parquet.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.dataset as pads
import pytest
from polars.testing import assert_frame_equal

from dnc import Decider, InputError, check, decide
from tests.cluster import recipes
from tests.cluster.conftest import TOLD, rows_of, written

os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled"}

import ray
from ray.util import ActorPool

WORKERS = 2
# Ray reads settings of its own that it has deprecated, and Ray Data warns of a list that is one batch.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:The minimum number of concurrent actors")


@pytest.fixture(scope="module")
def cluster():
    """Ray on this machine: a processor a worker and one for reading, no dashboard, and nothing of it left behind."""
    with tempfile.TemporaryDirectory(prefix="ray-") as folder:  # a short name: sockets lie in it
        bounds = {"num_cpus": WORKERS + 1, "object_store_memory": 200 << 20}
        ray.init(**bounds, include_dashboard=False, log_to_driver=False, _temp_dir=folder)
        yield
        ray.shutdown()


def batches_of(path: Path, folder: Path) -> Iterator[pa.RecordBatch]:
    """Batches of a file, with the keys of its folders behind its own columns, as pyarrow reads them."""
    return pads.dataset(path, partitioning="hive", partition_base_dir=str(folder)).to_batches(batch_size=2_500)


class Worker(Decider):
    """A decider that says by which process it was done."""

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch decided."""
        return super().__call__(batch).append_column("worker", pa.array([os.getpid()] * batch.num_rows))


@pytest.mark.smoke
def test_two_workers_write_the_bytes_of_one_machine(cluster, store, dataset, one_machine, tmp_path):
    """Two that stay, each with a copy of the store, take batch after batch: the same rows in the same order."""
    copies = [shutil.copytree(store.path, tmp_path / f"copy-{at}") for at in range(WORKERS)]
    before = {path: path.stat().st_mtime_ns for copy in copies for path in copy.rglob("*")}
    actors = [ray.remote(Worker).remote(str(copy), **TOLD) for copy in copies]
    batches = (batch for one in sorted(dataset.rglob("*.parquet")) for batch in batches_of(one, dataset))
    decided = ActorPool(actors).map(lambda actor, batch: actor.__call__.remote(batch), batches)
    whole = pa.Table.from_batches(decided)
    ray.get([actor.close.remote() for actor in actors])
    assert len(whole["worker"].unique()) == WORKERS
    assert written(whole.drop_columns("worker")) == one_machine
    assert {path: path.stat().st_mtime_ns for copy in copies for path in copy.rglob("*")} == before


def test_workers_and_tasks_of_the_recipes(cluster, dataset, settings, one_machine):
    """Both ways give the rows of one machine, in its order."""
    assert written(pa.Table.from_batches(recipes.ray_workers(str(dataset), settings))) == one_machine
    assert written(pa.concat_tables(recipes.ray_tasks(str(dataset), settings))) == one_machine


def test_ray_data(cluster, dataset, settings, by_row):
    """A data set comes out as one machine has it."""
    rows = pa.concat_tables(ray.get(recipes.ray_data(str(dataset), settings).to_arrow_refs()))
    assert_frame_equal(rows_of(pl.DataFrame(rows), by_row), by_row)


@pytest.mark.parametrize("kind", [pa.Table, pa.RecordBatch])
def test_batches_of_pyarrow_come_back_as_they_are(store, kind):
    """Their kind, their own columns with types and metadata, plain text and days behind them, also without a row."""
    number = pa.array(["0199000002", None]).dictionary_encode()
    odd = pa.array([b"\xff", b""], pa.large_binary())
    schema = pa.schema([("number", number.type), ("odd", odd.type), ("dnc_outcome", pa.string())], {"from": "here"})
    batch = kind.from_arrays([number, odd, pa.array(["clear", ""])], schema=schema)
    for rows in (batch, batch.slice(0, 0)):
        [decided] = decide([rows], store, **TOLD, columns=["outcome", "valid_until"])
        assert type(decided) is kind
        assert decided.select(["number", "odd"]).equals(rows.select(["number", "odd"]), check_metadata=True)
        assert decided.schema.types[2:] == [pa.string(), pa.date32()]
        assert decided.num_rows == rows.num_rows


def test_a_table_of_pyarrow_is_checked_as_a_frame_is(store):
    """The same verdicts and the same checksum; a row with two numbers is two rows, in a batch too."""
    frame = pl.DataFrame({"number": ["0199000001 / 0199000002", "0199000003"], "caller": ["press", "commercial"]})
    table = frame.to_arrow()
    results = [check(rows, store, **TOLD) for rows in (table, frame)]
    assert results[0].verdicts.equals(results[1].verdicts)
    assert len({result.record["sha256"] for result in results}) == 1
    [decided] = decide([table], store, **TOLD)
    assert decided["dnc_number"].to_pylist() == ["+33199000001", "+33199000002", "+33199000003"]


@pytest.mark.parametrize("kind", [pa.decimal256(50, 2), pa.month_day_nano_interval()], ids=str)
def test_a_column_that_polars_cannot_read_is_one_error(store, kind):
    """One line of ours, also where Polars panics."""
    batch = pa.table({"number": ["0199000001"], "odd": pa.nulls(1, kind)})
    with pytest.raises(InputError, match="columns of mixed or unusual types to text"):
        list(decide([batch], store, **TOLD))
