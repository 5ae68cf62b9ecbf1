"""The floor: the time that the engines alone need to read and write the same bytes, without deciding anything.

`constants` makes a text of average length for each column of verdicts; `polars` and `duckdb` read the calls as text and
write them again with these texts added; `table` loads a registry's file as a table of text;
`parquet` writes a list as Parquet.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import polars as pl


def constants(verdicts: str, texts: str) -> None:
    """Texts from the first verdicts, cut to the average length; what rounding takes from a text goes to the next."""
    added = pl.col("^dnc_.*$").fill_null("")
    scan = pl.scan_csv(verdicts, infer_schema=False)
    lengths = scan.select(added.str.len_bytes().mean()).collect(engine="streaming").row(0, named=True)
    samples = scan.head(1000).select(added).collect()
    cut, over = {}, 0.0
    for name, length in lengths.items():
        over += length
        sample = max(samples[name], key=len) or "-"
        width = round(over)
        cut[name] = (sample * (width // len(sample) + 1))[:width] or None
        over -= width
    Path(texts).write_text(json.dumps(cut), encoding="utf-8")


def _texts(path: str) -> dict[str, str | None]:
    texts: dict[str, str | None] = json.loads(Path(path).read_text(encoding="utf-8"))
    return texts


def with_polars(calls: str, texts: str, out: str) -> None:
    """Read and write by Polars."""
    added = [pl.lit(text, pl.String).alias(name) for name, text in _texts(texts).items()]
    pl.scan_csv(calls, infer_schema=False).with_columns(added).sink_csv(out)


def with_duckdb(calls: str, texts: str, out: str) -> None:
    """Read and write by DuckDB."""
    added_texts = _texts(texts)
    added = ", ".join(f'?::varchar as "{name}"' for name in added_texts)
    source, params = _source(calls)
    with _engine() as con:
        target = "'" + out.replace("'", "''") + "'"
        con.execute(
            f"copy (select *, {added} from {source}) to {target} (header)", [*added_texts.values(), *params]
        ).fetchall()


def table(path: str, database: str) -> None:
    """Load a file as a table of text by DuckDB."""
    source, params = _source(path)
    with _engine(database) as con:
        con.execute(f"create table listings as select * from {source}", params).fetchall()


def parquet(calls: str, out: str) -> None:
    """A list as Parquet."""
    pl.scan_csv(calls, infer_schema=False).sink_parquet(out)


def _engine(database: str = ":memory:") -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(database)
    con.execute("set enable_progress_bar = false")
    return con


def _source(path: str) -> tuple[str, list[Any]]:
    """A file as a source of text columns, without guesses; it has no header if its first line begins with a digit."""
    with Path(path).open(encoding="utf-8") as file:
        first = file.readline().rstrip("\n")
    delimiter = ";" if ";" in first else ","
    header = not first[0].isdigit()
    names = first.split(delimiter) if header else [f"column{at}" for at, _ in enumerate(first.split(delimiter))]
    dialect = f"auto_detect = false, header = {header}, delim = '{delimiter}', quote = '\"', escape = '\"'"
    columns = ", ".join(f"'{name}': 'varchar'" for name in names)
    return f"read_csv(?, columns = {{{columns}}}, {dialect})", [path]


VERBS: dict[str, Callable[..., None]] = {
    "constants": constants,
    "polars": with_polars,
    "duckdb": with_duckdb,
    "table": table,
    "parquet": parquet,
}

if __name__ == "__main__":
    VERBS[sys.argv[1]](*sys.argv[2:])
