"""Reads one foreign file in a process of its own, within limits; run by `dnc.foreign`, imports nothing of ours.

    python parser.py KIND PATH BATCH_ROWS MEMORY_BYTES CPU_SECONDS

Frames go to stdout as Arrow IPC, each behind its length (8 bytes, little-endian); the first one is empty and
tells the columns. What goes wrong is told by one word on stderr, the name of the exception.
"""

from __future__ import annotations

import io
import os
import struct
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    import polars as pl


def bound(memory_bytes: int, cpu_seconds: int) -> None:
    """Bound this process: private memory, time of the processor, no file written, no core left behind."""
    if sys.platform == "win32":
        return
    import resource

    limits = {"DATA": memory_bytes, "CPU": cpu_seconds, "FSIZE": 0, "CORE": 0}
    for name, most in limits.items():
        with suppress(ValueError, OSError):
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (most, most))


def frames(kind: str, path: str, batch_rows: int) -> Iterator[pl.DataFrame]:
    """The rows of a Parquet file or of a spreadsheet's sheet, behind an empty frame that tells the columns.

    A spreadsheet's sheet is the first one that shows and holds anything. Before it stand two frames:
    its sheets (`name`, `chosen`), and where each column stands in the sheet (`place`).
    """
    import polars as pl

    if kind == "parquet":
        scan = pl.scan_parquet(path, glob=False)
        yield pl.DataFrame(schema=scan.collect_schema())
        yield from scan.collect_batches(chunk_size=batch_rows, maintain_order=True)
    else:
        import fastexcel

        book = fastexcel.read_excel(path)
        how: dict[str, Any] = {"header_row": None, "skip_rows": 0, "dtypes": "string"}
        loaded = (book.load_sheet(at, **how) for at in range(len(book.sheet_names)))
        sheet = next((one for one in loaded if one.visible == "visible" and one.width), None)
        yield pl.DataFrame(
            [(name, sheet is not None and name == sheet.name) for name in book.sheet_names],
            schema={"name": pl.String, "chosen": pl.Boolean},
            orient="row",
        )
        if sheet:
            yield pl.DataFrame({"place": [column.absolute_index for column in sheet.available_columns()]})
            cells = sheet.to_polars()
            yield cells.clear()
            yield from cells.iter_slices(batch_rows)


def write(out: BinaryIO, frame: pl.DataFrame) -> None:
    """One frame behind its length."""
    buffer = io.BytesIO()
    frame.write_ipc(buffer)
    data = buffer.getbuffer()
    out.write(struct.pack("<Q", len(data)))
    out.write(data)
    out.flush()


def main(kind: str, path: str, batch_rows: str, memory_bytes: str, cpu_seconds: str) -> None:
    """Read, and end without a word of data in any message."""
    out = os.fdopen(os.dup(1), "wb")
    bound(int(memory_bytes), int(cpu_seconds))
    try:
        for frame in frames(kind, path, int(batch_rows)):
            write(out, frame)
    except BaseException as error:  # also those that Rust calls panics
        sys.stderr.write(f"\n{type(error).__name__}")
        sys.stderr.flush()
        os._exit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
