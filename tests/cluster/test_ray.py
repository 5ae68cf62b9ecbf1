"""A cluster decides what one machine does: `make ray`. Not part of `make test`, since it wants Ray.

Two workers of a local cluster, each on a copy of the store, over partitioned Parquet.
"""

from __future__ import annotations

import io
import os
import random
import shutil
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.dataset as pads
import pytest

from dnc import Decider, InputError, Store, check, decide
from dnc.files.output_rows import Rows
from dnc.files.writers import CsvStream
from tests.conftest import SAMPLES

os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled"}

import ray
from ray.util import ActorPool

ROWS, FILES, WORKERS = 20_000, 4, 2
GIVEN = {"voice": "human", "dialler": "manual", "cli": "withheld", "source": "purchased", "habit": "habitual"}
TOLD = {"region": "FR", "at": "2026-08-10T10:30", "given": GIVEN | {"objected_on": "none"}}
FICTION = ("019900", "026191", "035301", "046571", "053649", "063998")  # reserved by the French plan
WORDS = {
    "recipient": ["consumer", "business", ""],
    "relationship": ["none", "contract", "buyer", ""],
    "sector": ["general", "periodicals", "insurance", ""],
    "consent": ["none", "named_caller", ""],
}


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    """A store with a Bloctel answer about half of the numbers, a directory and objections."""
    folder = tmp_path_factory.mktemp("store")
    rows = [f"{start}{at:04};;{'OK' if at % 3 else 'KO'}" for start in FICTION for at in range(0, 10_000, 2)]
    answer = folder / "bloctel.csv"
    answer.write_text("\n".join(["Telephone;Identifiant;Réponse", *rows]), encoding="utf-8")
    store = Store(folder / "dnc-store")
    store.load(answer, as_of=date(2026, 8, 5))
    store.load(SAMPLES / "directory.csv", as_of=date(2026, 8, 1))
    store.object(["+33199000001"], date(2026, 8, 6))
    return store


@pytest.fixture(scope="module")
def dataset(tmp_path_factory) -> Path:
    """A list as an engine writes it: a folder a caller, several files, cells of several types."""
    folder = tmp_path_factory.mktemp("list")
    rng = random.Random(7)
    for part in range(FILES):
        numbers = [f"{rng.choice(FICTION)}{rng.randrange(10_000):04}" for _ in range(ROWS // FILES)]
        written = [" ".join(n[i : i + 2] for i in range(0, 10, 2)) if rng.random() < 0.03 else n for n in numbers]
        cells = {name: rng.choices(words, k=len(numbers)) for name, words in WORDS.items()}
        told = {"attempts": rng.choices([0, 1, 9, None], k=len(numbers)), "row": range(len(numbers))}
        frame = pl.DataFrame({"number": written, **cells, **told}).with_columns(
            pl.lit(date(2026, 7, 1)).alias("consent_on")
        )
        path = folder / f"caller={('commercial', 'press', 'political')[part % 3]}" / f"part-{part}.parquet"
        path.parent.mkdir(exist_ok=True)
        frame.write_parquet(path)
    return folder


@pytest.fixture(scope="module")
def one_machine(store, dataset) -> bytes:
    """What `dnc check` writes of the list."""
    out = dataset.parent / "one.csv"
    result = check(dataset, store, **TOLD, out=out)
    assert min(result.counts.values()) > ROWS / 100, result.counts
    return out.read_bytes()


@pytest.fixture(scope="module")
def cluster():
    """Ray on this machine: two processors, no dashboard, and nothing of it left behind."""
    with tempfile.TemporaryDirectory(prefix="ray-") as folder:  # a short name: sockets lie in it
        bounds = {"num_cpus": WORKERS, "object_store_memory": 200 << 20}
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


def test_a_task_a_file_does_too(cluster, store, dataset, one_machine):
    """A task reads its own file and decides it as a stream."""

    @ray.remote
    def decided(path: Path) -> pa.Table:
        return pa.Table.from_batches(decide(batches_of(path, dataset), store, **TOLD))

    tasks = [decided.remote(path) for path in sorted(dataset.rglob("*.parquet"))]
    assert written(pa.concat_tables(ray.get(tasks))) == one_machine


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
    with pytest.raises(InputError, match="cast columns of unusual types to text"):
        list(decide([batch], store, **TOLD))


def written(table: pa.Table) -> bytes:
    """A table as `dnc check` writes CSV."""
    frame = pl.DataFrame(table)
    file = io.BytesIO()
    CsvStream(file, frame.columns).add(Rows.of(frame))
    return file.getvalue()
