"""A desk that runs in a process of its own, and a client that speaks to it as a browser does."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from dnc import Store


@dataclass
class Running:
    """A desk that was started: its address without and with the token, and its store."""

    base: str
    opening: str
    store: Store
    process: subprocess.Popen

    @property
    def origin(self) -> dict[str, str]:
        """The headers of a form of its own pages."""
        return {"Origin": self.base.rstrip("/")}

    def client(self) -> httpx.Client:
        """Somebody without a session."""
        return httpx.Client(base_url=self.base, trust_env=False, timeout=60)

    def browser(self) -> Browser:
        """Somebody who opened the address that was printed."""
        client = self.client()
        assert client.get(self.opening).status_code == 303
        return Browser(client, self)


@dataclass
class Browser:
    """A client with a session; `said` reads the one sentence of a refusal."""

    client: httpx.Client
    desk: Running
    token: str = field(init=False)

    def __post_init__(self) -> None:
        self.token = re.search(r'name="form_token" value="([^"]+)"', self.client.get("/").text)[1]

    def post(self, path: str, data: dict | None = None, **options) -> httpx.Response:
        """Send a form of this session."""
        return self.client.post(
            path, data={"form_token": self.token} | (data or {}), headers=self.desk.origin, **options
        )


def said(response: httpx.Response) -> str:
    """The sentence with which a page or the interface refuses."""
    if response.headers["content-type"] == "application/problem+json":
        return response.json()["detail"]
    return re.search(r'role="alert">([^<]*)<', response.text)[1]


@pytest.fixture
def start(tmp_path) -> Iterator:
    """A function that starts a desk on a store, with more options of the verb."""
    running = []

    def begin(store: Store, *options: object) -> Running:
        arguments = [sys.executable, "-m", "dnc", "desk", "--no-browser", "--port", "0", "--lang", "en", "--store"]
        process = subprocess.Popen(
            [*arguments, str(store.path), *map(str, options)],
            stdout=subprocess.PIPE,
            stderr=(tmp_path / "desk.stderr").open("w"),
            text=True,
            cwd=Path(__file__).parents[2],
        )
        running.append(process)
        address = process.stdout.readline().strip()
        return Running(address.partition("?")[0], address, store, process)

    yield begin
    for process in running:
        process.terminate()
        process.wait(timeout=30)
        process.stdout.close()


@pytest.fixture
def desk(start, store) -> Running:
    """A desk on an empty store."""
    return start(store)
