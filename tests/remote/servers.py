"""A PostgreSQL server and an S3 server on loopback, for the tests and the benchmarks."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

NOBODY: dict[str, Any] = (
    {"user": "nobody"} if hasattr(os, "geteuid") and os.geteuid() == 0 else {}
)  # the server refuses to be root


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def program(name: str) -> str:
    """A program of PostgreSQL, which Debian does not put on the path."""
    found = shutil.which(name) or next(map(str, sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))), None)
    assert found, f"{name} is not installed; install the package postgresql"
    return found


@dataclass
class Postgres:
    """A running server. folder: of its data. port: on 127.0.0.1."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """Of its one database."""
        return f"postgresql://dnc@127.0.0.1:{self.port}/postgres"

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a statement."""
        from adbc_driver_postgresql import dbapi

        with dbapi.connect(self.url, autocommit=True) as con, con.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []


@cache
def _empty_data() -> Path:
    """The data of a server with nothing in it; to copy them takes a tenth of the time of making them."""
    folder = Path(tempfile.mkdtemp(prefix="dnc-pg-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    if NOBODY:
        shutil.chown(folder, "nobody")
    words = ["-A", "trust", "-U", "dnc", "--no-sync", "--encoding", "UTF8"]
    initdb: list[str | Path] = [program("initdb"), "-D", folder / "data", *words]
    subprocess.run(initdb, check=True, cwd=folder, stdout=subprocess.DEVNULL, **NOBODY)
    return folder / "data"


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A server with nothing in it."""
    folder = Path(tempfile.mkdtemp(prefix="dnc-pg-"))
    port = free_port()
    if NOBODY:
        shutil.chown(folder, "nobody")
    try:
        subprocess.run(["cp", "-a", _empty_data(), folder / "data"], check=True)
        process = subprocess.Popen(
            [program("postgres"), "-D", folder / "data", "-p", str(port), "-h", "127.0.0.1", "-k", folder, "-F"],
            cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **NOBODY,
        )  # fmt: skip
        try:
            server = Postgres(folder, port, process)
            ready = [program("pg_isready"), "--quiet", "--host=127.0.0.1", f"--port={port}"]
            _wait(process, lambda: subprocess.run(ready, check=True))
            yield server
        finally:
            process.send_signal(signal.SIGINT)
            process.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def s3() -> Iterator[str]:
    """An S3 server with a bucket `lists`; its address."""
    address = f"http://127.0.0.1:{free_port()}"
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", address.rpartition(":")[2]],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait(process, lambda: urllib.request.urlopen(f"{address}/moto-api/"))
        urllib.request.urlopen(urllib.request.Request(f"{address}/lists", method="PUT"))
        yield address
    finally:
        process.terminate()
        process.wait()


def _wait(process: subprocess.Popen[bytes], ready: Any) -> None:
    """Until a server answers, for as long as it runs."""
    while True:
        try:
            ready()
        except Exception:
            if process.poll() is not None:
                raise
            time.sleep(0.1)
        else:
            return
