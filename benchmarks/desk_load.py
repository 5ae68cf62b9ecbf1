"""Sends requests to a desk over HTTP, as diallers do, and prints the time they took as a JSON object.

    python -m benchmarks.desk_load STORE CALLS SECONDS

The desk runs in its own process, on a copy of the store; the clients run in this process and share the processors.
"""

from __future__ import annotations

import http.client
import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import polars as pl

from benchmarks.cases import AT, FACTS
from dnc import Store
from dnc.store import keys

CLIENTS, BATCH = 8, 1_000
WARM = 5  # requests of each client that are not counted


class Client:
    """One connection that stays open."""

    def __init__(self, address: str, key: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=120)
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def decisions(self, calls: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The decisions on some calls. Raises ValueError if they are refused."""
        body = json.dumps({"calls": calls})
        self._connection.request("POST", "/v1/decisions", body, self._headers)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status != http.HTTPStatus.OK:
            raise ValueError(content.decode())
        decisions: list[dict[str, Any]] = json.loads(content)["decisions"]
        if len(decisions) != len(calls):
            raise ValueError(f"{len(decisions)} decisions for {len(calls)} calls")
        return decisions


@contextmanager
def desk(store: Path) -> Iterator[str]:
    """The address of a desk that serves a store."""
    arguments = [sys.executable, "-m", "dnc", "desk", "--no-browser", "--port", "0", "--store", str(store)]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        yield process.stdout.readline().strip() if process.stdout else ""
    finally:
        process.terminate()
        process.wait()


def request_times(
    address: str, key: str, calls: list[dict[str, Any]], size: int, seconds: float
) -> tuple[list[float], float]:
    """Seconds of each request of `CLIENTS` clients that work for some seconds, and calls per second."""
    taken: list[float] = []
    failed: list[BaseException] = []
    turn = count()
    began = threading.Barrier(CLIENTS)

    def work() -> None:
        try:
            client = Client(address, key)
            requests = 0
            began.wait()
            start = time.perf_counter()
            while time.perf_counter() - start < seconds:
                first = next(turn) * size % max(len(calls) - size, 1)
                before = time.perf_counter()
                client.decisions(calls[first : first + size])
                requests += 1
                if requests > WARM:
                    taken.append(time.perf_counter() - before)
        except BaseException as error:
            failed.append(error)

    start = time.perf_counter()
    threads = [threading.Thread(target=work) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return sorted(taken), next(turn) * size / (time.perf_counter() - start)


def measured(store: Path, calls: Path, seconds: float) -> dict[str, float]:
    """Milliseconds of single calls, calls per second in batches, and the time of the first call after a load."""
    key = keys.add(Store(store).journal, "benchmark")
    facts = tomllib.loads(FACTS) | {"attempts": 0, "call_at": AT, "region": "FR"}
    rows = pl.read_csv(calls, infer_schema=False, n_rows=100 * BATCH).select("number").to_dicts()
    asks = [facts | row for row in rows]
    with desk(store) as address:
        Client(address, key).decisions(asks[:1])
        single, _ = request_times(address, key, asks, 1, seconds)
        _, rate = request_times(address, key, asks, BATCH, seconds)
        call = {name: cell for name, cell in asks[0].items() if name != "objected_on"}
        own = store.with_suffix(".csv")
        own.write_text(f"number\n{call['number']}\n", encoding="utf-8")
        loading = threading.Thread(
            target=lambda: Store(store).load(own, as_of=date.fromisoformat(AT[:10]), registry="own", region="FR")
        )
        client = Client(address, key)
        loading.start()
        while loading.is_alive():
            client.decisions([call])
        before = time.perf_counter()
        [decided] = client.decisions([call])
        after = time.perf_counter() - before
    if "eu-gdpr-objection" not in decided["dnc_blocked_by"]:
        raise ValueError("the snapshot that was loaded did not decide the next request")
    return {
        "p50": 1000 * single[len(single) // 2],
        "p99": 1000 * single[len(single) * 99 // 100],
        "rate": rate,
        "after": 1000 * after,
    }


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        copy = Path(folder) / "store"
        shutil.copytree(sys.argv[1], copy)
        print(json.dumps(measured(copy, Path(sys.argv[2]), float(sys.argv[3]))))
