"""Spreadsheets and Parquet files, read in a child process with limits on memory and time.

Their parsers are libraries written in Rust, and the files may come from anybody. The child may run out of memory or
time, or crash; this process and the store are not affected.
"""

from __future__ import annotations

import os
import select
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
from dnc.files.archive import unpacked_bytes
from dnc.files.parser_errors import ParserError
from dnc.messages import figure, localized

MEMORY_BYTES = 4 << 30  # at most; for a spreadsheet `_LEAST_BYTES` plus `_BYTES_OF_BYTE` for each byte of its parts
_LEAST_BYTES, _BYTES_OF_BYTE = 1 << 30, 100
CPU_SECONDS = 900
SILENT_SECONDS = 300.0  # longest time without a frame from the child
_MOST_BYTES = {"parquet": 20 * 10**9, "spreadsheet": 1 << 30}  # of all frames; a sheet is in memory as a whole
_ROOT = str(Path(__file__).parents[2])
_START = """
import sys
sys.path.insert(0, sys.argv.pop(1))
import dnc  # the package of the parent process, whatever else is installed
del sys.path[0]
from dnc.files.sandbox_worker import main
main(*sys.argv[1:])
"""
_BLOCK = 1 << 20
_NO_MEMORY = (b"MemoryError", b"allocation", b"Cannot allocate memory")  # as Python, Rust and the system say it
_WORDS = {"DuplicateError", *(error.__name__ for error in ParserError.__subclasses__())}  # with a message


def frames(kind: str, path: Path, batch_rows: int, sheet: str = "") -> Iterator[pl.DataFrame]:
    """The rows of a file, after what `dnc.files.sandbox_worker` says.

    kind: `parquet` or `spreadsheet`. sheet: of a spreadsheet; by default the first visible one that is not empty.

    Raises InputError if the file cannot be read or exceeds the limits.
    """
    memory = MEMORY_BYTES
    if kind == "spreadsheet":  # enough if every cell is stored, and none is repeated
        memory = min(memory, _LEAST_BYTES + _BYTES_OF_BYTE * unpacked_bytes(path))
    limits = [str(batch_rows), str(memory), str(CPU_SECONDS)]
    command = [sys.executable, "-P", "-c", _START, _ROOT, kind, str(path.absolute()), sheet, *limits]
    env = os.environ | {"POLARS_MAX_THREADS": "2", "RUST_BACKTRACE": "0"}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, env=env) as child:  # noqa: S603 (Python, and our own code)
        try:
            yield from _received(child, kind, path, memory)
        finally:
            child.kill()


def _received(child: subprocess.Popen[bytes], kind: str, path: Path, memory: int) -> Iterator[pl.DataFrame]:
    if child.stdout is None or child.stderr is None:
        return
    left = _MOST_BYTES[kind]
    stream = _Timed(child.stdout, path)
    while header := stream.take(8):
        (length,) = struct.unpack("<Q", header.ljust(8, b"\0"))
        left -= length
        if left < 0:
            raise InputError(localized("errors", "unpacks_over", most=f"{_MOST_BYTES[kind] / 10**9:.0f}"), path)
        data = stream.take(length)
        if len(header) < 8 or len(data) < length:
            break
        try:
            yield pl.read_ipc(data)
        except pl.exceptions.PolarsError as error:
            raise InputError(_reason(1, type(error).__name__.encode(), kind, memory), path) from None
    code = child.wait()
    if code:
        raise InputError(_reason(code, child.stderr.read(), kind, memory), path)


def _reason(code: int, stderr: bytes, kind: str, memory: int) -> str:
    # The last line is the name of the exception, also where Python itself wrote it below a traceback.
    word = stderr.rstrip().rpartition(b"\n")[2].decode("ascii", "replace")
    if code < 0 or any(sign in stderr for sign in _NO_MEMORY):
        return localized("errors", "parser", "limits", most=figure(memory >> 20), seconds=CPU_SECONDS)
    if word in _WORDS:
        return localized("errors", "parser", word)
    return localized("errors", "parser", kind, exception=word if word.isidentifier() else "unknown")


class _Timed:
    """A pipe that raises InputError if nothing arrives in time."""

    def __init__(self, pipe: IO[bytes], path: Path) -> None:
        self._handle = pipe.fileno()
        self._path = path
        self._poll = None
        if sys.platform != "win32":
            self._poll = select.poll()
            self._poll.register(self._handle, select.POLLIN)

    def take(self, length: int) -> bytes:
        """Read that many bytes, or fewer at the end of the stream."""
        data = bytearray()
        deadline = time.monotonic() + SILENT_SECONDS
        while len(data) < length:
            if self._poll and not self._poll.poll(1000 * max(0.0, deadline - time.monotonic())):
                raise InputError(localized("errors", "no_row", seconds=f"{SILENT_SECONDS:g}"), self._path)
            with suppress(InterruptedError):
                block = os.read(self._handle, min(_BLOCK, length - len(data)))
                if not block:
                    break
                data += block
        return bytes(data)
