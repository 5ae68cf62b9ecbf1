"""A desk that runs in a process or a thread of its own, and a client that speaks to it as a browser does."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from dnc import Store
from dnc.desk import app
from dnc.desk.desk import Desk


@dataclass
class Running:
    """A desk that was started: its address without and with the token, and its store."""

    base: str
    opening: str
    store: Store
    stack: ExitStack
    process: subprocess.Popen | None = None

    @property
    def origin(self) -> dict[str, str]:
        """The headers of a form of its own pages."""
        return {"Origin": self.base.rstrip("/")}

    def client(self) -> httpx.Client:
        """Somebody without a session."""
        return self.stack.enter_context(httpx.Client(base_url=self.base, trust_env=False, timeout=None))

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


def until(true: Callable[[], bool], desk: Running | None = None) -> None:
    """Wait for something that happens elsewhere: in a thread, or in a desk for as long as that runs.

    What never happens is given up after so many looks; they take five minutes, and more on a machine that is busy.
    """
    for _ in range(15_000):
        if true():
            return
        assert desk is None or desk.process.poll() is None, "the desk has ended"
        time.sleep(0.02)
    raise AssertionError("this never happened")


@contextmanager
def running(store: Store, *options: object) -> Iterator[Running]:
    """A desk on a store, with more options of the verb; it is stopped at the end."""
    arguments = [sys.executable, "-m", "dnc", "desk", "--no-browser", "--port", "0", "--lang", "en", "--store"]
    with (
        subprocess.Popen(
            [*arguments, str(store.path), *map(str, options)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=Path(__file__).parents[2],
        ) as process,
        ExitStack() as stack,
    ):
        stack.callback(process.terminate)
        address = process.stdout.readline().strip()
        yield Running(re.match("http://[^/]+/", address)[0], address, store, stack, process)


@contextmanager
def serving(store: Store) -> Iterator[Running]:
    """A desk on a store in a thread, which has no imports to wait for; it is stopped at the end."""
    sock, servers, ready = app.bound(app.LOOPBACK, 0), list[app._Server](), threading.Event()
    host, made = app.host_of(sock), app._Server
    desk = Desk(store, frozenset({host}))

    def kept(*arguments) -> app._Server:
        servers.append(made(*arguments))
        return servers[0]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "_Server", kept)
        thread = threading.Thread(target=app.serve, args=(desk, sock, ready.set), daemon=True)
        thread.start()
        ready.wait()
    try:
        with ExitStack() as stack:
            base = f"http://{host}/"
            yield Running(base, f"{base}?token={desk.token}", store, stack)
    finally:
        servers[0].should_exit = True
        thread.join()


@pytest.fixture
def serve() -> Iterator[Callable[[Store], Running]]:
    """`serving` as a function, for the time of a test."""
    with ExitStack() as stack:
        yield lambda store: stack.enter_context(serving(store))


@pytest.fixture
def start() -> Iterator[Callable[..., Running]]:
    """`running` as a function, for the time of a test."""
    with ExitStack() as stack:
        yield lambda store, *options: stack.enter_context(running(store, *options))


@pytest.fixture(scope="module")
def desk(tmp_path_factory) -> Iterator[Running]:
    """A desk on a store that nothing was written to, for all tests of a module."""
    with running(Store(tmp_path_factory.mktemp("desk") / "dnc-store")) as one:
        yield one
