"""Files whose parsers are not ours, spreadsheets and Parquet: read by a process that has bounds and can be stopped.

It may run out of memory, out of time or crash; this process, and the store, do not.
"""

from __future__ import annotations

import os
import selectors
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

import polars as pl

from dnc.errors import InputError

MEMORY_BYTES = 4 << 30
CPU_SECONDS = 900
SILENT_SECONDS = 300.0  # without a frame
_MOST_BYTES = {"parquet": 20 * 10**9, "spreadsheet": 1 << 31}  # of all frames; those of a sheet are held together
_PARSER = Path(__file__).with_name("sandbox_worker.py")
_BLOCK = 1 << 20
_WORDS = {
    "Contradictory": "is damaged: its counts of rows, or its checksums, contradict each other; fetch it again",
    "Encrypted": "is an encrypted Parquet file; decrypt it first",
    "Password": "asks for a password; open it, save it without one, and try again",
    "Wide": "has more than 16,384 columns; leave out those that are not needed",
    "Long": "has a cell of more than 1,048,576 bytes; shorten it, or leave out its column",
    "DuplicateError": "has two columns of one name; rename one of them",
    "Swollen": "swells beyond 20 GB; take out the part that is wanted",
}  # exceptions of `dnc.files.sandbox_worker`
_KINDS = {"parquet": "Parquet", "spreadsheet": "a spreadsheet"}


def frames(kind: str, path: Path, batch_rows: int) -> Iterator[pl.DataFrame]:
    """The rows of a file, an empty frame with its columns first. `kind` is `parquet` or `spreadsheet`.

    Raises InputError where it is not readable, or goes beyond the bounds.
    """
    limits = [str(batch_rows), str(MEMORY_BYTES), str(CPU_SECONDS)]
    command = [sys.executable, "-P", str(_PARSER), kind, str(path.absolute()), *limits]
    env = os.environ | {"POLARS_MAX_THREADS": "2", "RUST_BACKTRACE": "0"}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, env=env) as child:  # noqa: S603 (Python, and our own file)
        try:
            yield from _received(child, kind, path)
        finally:
            child.kill()


def _received(child: subprocess.Popen[bytes], kind: str, path: Path) -> Iterator[pl.DataFrame]:
    if child.stdout is None or child.stderr is None:
        return
    left = _MOST_BYTES[kind]
    stream = _Timed(child.stdout, path)
    while header := stream.take(8):
        (length,) = struct.unpack("<Q", header.ljust(8, b"\0"))
        left -= length
        if left < 0:
            raise InputError(f"swells beyond {_MOST_BYTES[kind] / 1e9:.0f} GB; take out the part that is wanted", path)
        data = stream.take(length)
        if len(header) < 8 or len(data) < length:
            break
        try:
            yield pl.read_ipc(data)
        except pl.exceptions.PolarsError as error:
            raise InputError(_reason(1, type(error).__name__.encode(), kind), path) from None
    code = child.wait()
    if code:
        raise InputError(_reason(code, child.stderr.read(), kind), path)


def _reason(code: int, told: bytes, kind: str) -> str:
    word = told.rpartition(b"\n")[2].decode("ascii", "replace")
    if code < 0 or word == "MemoryError" or b"allocation" in told:
        return f"takes more than {MEMORY_BYTES >> 20:,} MB or {CPU_SECONDS} s to read; export it as CSV"
    if word in _WORDS:
        return _WORDS[word]
    named = word if word.isidentifier() else "unknown"
    return f"cannot be read as {_KINDS[kind]}; it is damaged, or of a kind that is not read ({named}); export it as CSV"


class _Timed:
    """A pipe that is given up where nothing comes out of it."""

    def __init__(self, pipe: IO[bytes], path: Path) -> None:
        self._handle = pipe.fileno()
        self._path = path
        self._selector = selectors.DefaultSelector() if sys.platform != "win32" else None
        if self._selector:
            self._selector.register(self._handle, selectors.EVENT_READ)

    def take(self, length: int) -> bytes:
        """That many bytes, or fewer at the end."""
        data = bytearray()
        deadline = time.monotonic() + SILENT_SECONDS
        while len(data) < length:
            if self._selector and not self._selector.select(max(0.0, deadline - time.monotonic())):
                raise InputError(f"gives no row in {SILENT_SECONDS:g} s; export it as CSV", self._path)
            with suppress(InterruptedError):
                block = os.read(self._handle, min(_BLOCK, length - len(data)))
                if not block:
                    break
                data += block
        return bytes(data)
