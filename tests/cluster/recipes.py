"""Decisions inside other engines: what docs/many-machines.md shows is taken from here, and the tests run it.

`settings` is what all calls have in common, for instance:

    settings = {"store": "/srv/dnc-store", "brief": read_brief("calls.toml"), "at": "2026-08-10T10:30"}

The brief says what each column means, as `dnc brief` drafts it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def ray_workers(folder: str, settings: dict[str, Any]) -> Iterator[Any]:
    """Ray: two workers that stay take batch after batch; the order is kept."""
    import pyarrow.dataset as ds
    import ray
    from ray.util import ActorPool

    from dnc import Decider

    workers = [ray.remote(Decider).remote(**settings) for _ in range(2)]
    batches = ds.dataset(folder, partitioning="hive").to_batches()
    return ActorPool(workers).map(lambda worker, batch: worker.__call__.remote(batch), batches)


def ray_tasks(folder: str, settings: dict[str, Any]) -> list[Any]:
    """Ray: a task a file."""
    import pyarrow as pa
    import pyarrow.dataset as ds
    import ray

    from dnc import decide

    @ray.remote
    def part(fragment: ds.Fragment) -> pa.Table:
        rows = ds.FileSystemDataset([fragment], calls.schema, fragment.format)
        return pa.Table.from_batches(decide(rows.to_batches(), **settings))

    calls = ds.dataset(folder, partitioning="hive")
    return ray.get([part.remote(fragment) for fragment in calls.get_fragments()])


def ray_data(folder: str, settings: dict[str, Any]) -> Any:
    """Ray Data: a data set in, a data set out; it needs one processor more than workers, for reading."""
    import ray

    from dnc import Decider

    ray.data.DataContext.get_current().execution_options.preserve_order = True
    calls = ray.data.read_parquet(folder, partitioning=ray.data.datasource.Partitioning("hive"))
    workers = ray.data.ActorPoolStrategy(size=2)
    return calls.map_batches(
        Decider, fn_constructor_kwargs=settings, batch_format="pyarrow", batch_size=50_000, compute=workers
    )


def spark(session: Any, folder: str, settings: dict[str, Any]) -> Any:
    """Spark: `decide` takes the batches of a partition; the order of rows is not kept, so have a column to sort by."""
    from functools import partial

    from dnc import decide
    from dnc.law.vocabulary import NEXT_AT, VERDICT

    calls = session.read.parquet(folder)
    own = [f"`{name}` {kind}" for name, kind in calls.dtypes]
    verdicts = [f"{name} {'date' if name == 'dnc_valid_until' else 'string'}" for name in (*VERDICT, NEXT_AT)]
    return calls.mapInArrow(partial(decide, **settings), ", ".join([*own, *verdicts]))


def pandas(frame: Any, settings: dict[str, Any]) -> Any:
    """pandas: a frame in, a frame out, in the order of its rows."""
    from dnc import decide

    [decided] = decide([frame], **settings)
    return decided.to_pandas()


def duckdb_batches(database: Any, query: str, settings: dict[str, Any]) -> Iterator[Any]:
    """DuckDB: a query as Arrow batches, decided one after the other; memory does not grow with the query."""
    from dnc import decide

    return decide(database.sql(query).to_arrow_reader(100_000), **settings)
