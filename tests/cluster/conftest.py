"""What every engine decides: a list as partitioned Parquet, a store, and what one machine says of it."""

from __future__ import annotations

import io
import random
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from dnc import Brief, Store, check
from dnc.files.output_rows import OutputRows
from dnc.files.writers import Csv
from dnc.law.vocabulary import NEXT_AT, VERDICT
from tests.conftest import SAMPLES

ROWS, FILES = 20_000, 4
GIVEN = {"voice": "human", "dialler": "manual", "cli": "withheld", "source": "purchased", "habit": "habitual"}
TOLD = {"brief": Brief(region="FR", ignore=["*"]), "at": "2026-08-10T10:30", "given": GIVEN | {"objected_on": "none"}}
FICTION = ("019900", "026191", "035301", "046571", "053649", "063998")  # reserved by the French plan
WORDS = {
    "recipient": ["consumer", "business", ""],
    "relationship": ["none", "contract", "buyer", ""],
    "sector": ["general", "periodicals", "insurance", ""],
    "consent": ["none", "named_caller", ""],
}


@pytest.fixture(scope="session")
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


@pytest.fixture
def settings(store) -> dict[str, object]:
    """The settings for the recipes."""
    return TOLD | {"store": str(store.path)}


@pytest.fixture(scope="session")
def dataset(tmp_path_factory) -> Path:
    """A list as an engine writes it: a folder a caller, several files, cells of several types."""
    folder = tmp_path_factory.mktemp("list")
    rng = random.Random(7)
    # What a row says counts for others with its number, in a batch as in a list: here no two have one.
    different = rng.sample([f"{start}{at:04}" for start in FICTION for at in range(10_000)], ROWS)
    for part in range(FILES):
        numbers = different[part::FILES]
        written = [" ".join(n[i : i + 2] for i in range(0, 10, 2)) if rng.random() < 0.03 else n for n in numbers]
        cells = {name: rng.choices(words, k=len(numbers)) for name, words in WORDS.items()}
        told = {
            "attempts": rng.choices([0, 1, 9, None], k=len(numbers)),
            "row": range(part * len(numbers), (part + 1) * len(numbers)),
        }
        frame = pl.DataFrame({"number": written, **cells, **told}).with_columns(
            pl.lit(date(2026, 7, 1)).alias("consent_on")
        )
        path = folder / f"caller={('commercial', 'press', 'political')[part % 3]}" / f"part-{part}.parquet"
        path.parent.mkdir(exist_ok=True)
        frame.write_parquet(path)
    return folder


@pytest.fixture(scope="session")
def one_machine(store, dataset) -> bytes:
    """What `dnc check` writes of the list."""
    out = dataset.parent / "one.csv"
    result = check(dataset, store, **TOLD, columns=[*VERDICT, NEXT_AT], out=[out, out.with_suffix(".parquet")])
    assert min(result.counts.values()) > ROWS / 100, result.counts
    return out.read_bytes()


@pytest.fixture(scope="session")
def by_row(one_machine, dataset) -> pl.DataFrame:
    """The same with the types of its columns, sorted by `row`."""
    return pl.read_parquet(dataset.parent / "one.parquet").sort("row")


def rows_of(frame: pl.DataFrame, like: pl.DataFrame) -> pl.DataFrame:
    """Rows of an engine that keeps no order, as another frame has them: sorted, with its columns in its order."""
    return frame.select(pl.col(name).cast(kind) for name, kind in like.schema.items()).sort("row")


def written(table: object) -> bytes:
    """A table as `dnc check` writes CSV."""
    frame = pl.DataFrame(table)
    file = io.BytesIO()
    Csv(file, frame.columns).add(OutputRows.of(frame))
    return file.getvalue()
