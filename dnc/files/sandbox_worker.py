"""Read one spreadsheet or Parquet file within limits and confined: the process that `dnc.files.sandbox` starts.

Frames go to stdout as Arrow IPC, each after its length (8 bytes, little-endian). If the file cannot be read, the last
line of stderr is only the name of the exception, since messages of parsers may quote data.

It imports little from `dnc`, so that it starts fast.
"""

from __future__ import annotations

import io
import os
import struct
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import polars as pl

from dnc.files.confinement import confine
from dnc.files.parser_errors import Contradictory, Long, Swollen, Wide

_OURS = "verdicts"  # the sheet with the rows of a workbook that this program wrote; a summary comes before it
_MOST_COLUMNS = 1 << 14
_MOST_CELLS, _MOST_BYTES = 1 << 24, 1 << 28  # of one frame
_LONGEST = 1 << 20
_SWOLLEN = 20 * 10**9


def bound(memory_bytes: int, cpu_seconds: int) -> None:
    """Limit this process: private memory, processor time, and no files or core dumps written."""
    if sys.platform == "win32":
        return
    import resource

    limits = {"DATA": memory_bytes, "CPU": cpu_seconds, "FSIZE": 0, "CORE": 0}
    for name, most in limits.items():
        with suppress(ValueError, OSError):
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (most, most))


def frames(kind: str, file: BinaryIO, sheet: str, batch_rows: int) -> Iterator[pl.DataFrame]:
    """What `dnc.files.sandbox.frames` yields. The process is confined before the first byte is read."""
    return parquet(file, batch_rows) if kind == "parquet" else spreadsheet(file, sheet, batch_rows)


def parquet(file: BinaryIO, batch_rows: int) -> Iterator[pl.DataFrame]:
    """The rows of a Parquet file.

    Two frames come first: how many rows the file declares (`len`), and an empty one of them, in which columns of
    `dates` are dates. Raises Contradictory where the file has another number of rows: Polars leaves out those of a
    damaged file without a word.
    """
    confine()
    scan = pl.scan_parquet(file)
    schema = scan.collect_schema()
    if len(schema) > _MOST_COLUMNS:
        raise Wide
    declared = scan.select(pl.len()).collect()
    yield declared
    yield pl.DataFrame(schema={**schema, **dates(scan, schema)})
    rows = 0
    for batch in _bounded(scan.collect_batches(chunk_size=batch_rows, maintain_order=True)):
        rows += batch.height
        yield batch
    if rows != declared.item():
        raise Contradictory


def spreadsheet(file: BinaryIO, wanted: str, batch_rows: int) -> Iterator[pl.DataFrame]:
    """The rows of a sheet, after an empty frame of them.

    Two frames come first: the sheets (`name`, `chosen`, `has_cells`), and the position of each column in the sheet,
    counted from 0 (`place`).
    """
    import fastexcel

    confine()
    book = fastexcel.read_excel(file.read())
    how: dict[str, Any] = {"header_row": None, "skip_rows": 0, "dtypes": "string"}
    places = [at for at, name in enumerate(book.sheet_names) if wanted in ("", name)]
    places.sort(key=lambda at: book.sheet_names[at] != _OURS)
    loaded = (book.load_sheet(at, **how) for at in places)
    sheet = next((sheet for sheet in loaded if sheet.width and (wanted or sheet.visible == "visible")), None)
    chosen = [sheet is not None and name == sheet.name for name in book.sheet_names]
    has_cells = [is_chosen or bool(book.load_sheet(at, n_rows=1, **how).width) for at, is_chosen in enumerate(chosen)]
    yield pl.DataFrame({"name": book.sheet_names, "chosen": chosen, "has_cells": has_cells})
    if sheet is None:
        return
    if sheet.width > _MOST_COLUMNS:
        raise Wide
    yield pl.DataFrame({"place": [column.absolute_index for column in sheet.available_columns()]})
    cells = sheet.to_polars()
    yield cells.clear()
    yield from _bounded(cells.iter_slices(batch_rows))


def dates(scan: pl.LazyFrame, schema: pl.Schema) -> dict[str, pl.DataType]:
    """The columns of date-times without an offset that hold nothing but midnights: they are dates."""
    moments = [name for name, kind in schema.items() if isinstance(kind, pl.Datetime) and not kind.time_zone]
    if not moments:
        return {}
    is_midnight = pl.col(moments) == pl.col(moments).dt.truncate("1d")
    [are_dates] = scan.select(is_midnight.all()).collect(engine="streaming").iter_rows(named=True)
    return {name: pl.Date() for name in moments if are_dates[name]}


def _bounded(batches: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The same rows, in frames of limited size even when equal cells are written out. Raises Swollen and Long."""
    total = 0
    for batch in batches:
        size = sum(_text_bytes(cells.alias("cells")) for cells in batch)  # Polars may take a name for a pattern
        total += size
        if total > _SWOLLEN:
            raise Swollen
        parts = max(1, batch.width * batch.height / _MOST_CELLS, size / _MOST_BYTES)
        yield from batch.iter_slices(max(1, int(batch.height / parts)))


def _text_bytes(cells: pl.Series) -> int:
    """Bytes of all texts in a column, repeated ones counted each time."""
    kind = cells.dtype
    if isinstance(kind, pl.Struct):
        return sum(_text_bytes(cells.struct.field(name)) for name in cells.struct.fields)
    if isinstance(kind, pl.List | pl.Array | pl.Map):
        items = (cells.to_physical() if isinstance(kind, pl.Map) else cells).explode()
        if items.len() > _LONGEST * max(1, cells.len()):
            raise Long
        return _text_bytes(items) + 8 * items.len()
    if kind not in (pl.String, pl.Binary):
        return 0
    sizes = cells.str.len_bytes() if kind == pl.String else cells.bin.size()
    if (sizes > _LONGEST).any():
        raise Long
    return int(sizes.sum())


def write(out: BinaryIO, frame: pl.DataFrame) -> None:
    """Write one frame, after its length."""
    buffer = io.BytesIO()
    frame.write_ipc(buffer)
    data = buffer.getbuffer()
    out.write(struct.pack("<Q", len(data)))
    out.write(data)
    out.flush()


def main(kind: str, path: str, sheet: str, *numbers: str) -> None:
    """Read the file; a failure ends the process with the name of the exception only.

    sheet: of a spreadsheet; if it is empty, the first visible one that is not empty. numbers: rows of a frame, bytes of
    memory and seconds of processor time, at most.
    """
    out = os.fdopen(os.dup(1), "wb")
    batch_rows, memory_bytes, cpu_seconds = map(int, numbers)
    bound(memory_bytes, cpu_seconds)
    try:
        with Path(path).open("rb") as file:
            for frame in frames(kind, file, sheet, batch_rows):
                write(out, frame)
    except BaseException as error:  # panics of Rust are BaseExceptions
        sys.stderr.write(f"\n{type(error).__name__}")
        sys.stderr.flush()
        os._exit(1)
