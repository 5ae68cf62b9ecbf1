"""What many tests want: an empty store, a file of calls, the command line; and which tests run."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import settings

from dnc import Store, check, database
from dnc.cli import help as cli_help
from dnc.cli.main import main
from dnc.files import atomic
from dnc.store import journal
from dnc.verdicts import evaluator, screening
from tests import ALL, size, slow_tests

pytest_plugins = ["tests.scrub"]
# Where a test says no other. The same examples each time: what is red once is red again, and `make fuzz` looks for more.
settings.register_profile("dnc", max_examples=size(25, 100), deadline=None, derandomize=True, database=None)
settings.load_profile("dnc")
SAMPLES = Path(__file__).parent.parent / "dnc" / "cli" / "samples"


SYNCED = ("test_durability.py", "test_faults.py", "test_concurrency.py")  # tests of what outlives a power cut
LONG = ("test_oracle.py", "test_twins.py", "test_garble.py", "test_lint.py", "test_rules.py")
LONG += ("test_project.py", "test_faults.py", "test_benchmarks.py")


def pytest_configure(config: pytest.Config) -> None:
    """Give the tests a cache of their own: one for all workers and for the programs that they start.

    At the small size DuckDB takes one thread, which does small lists with a fifth less work.
    """
    if not ALL:
        database._SETTINGS["threads"] = 1
    if not hasattr(config, "workerinput"):
        os.environ["DNC_CACHE"] = folder = tempfile.mkdtemp(prefix="dnc-cache-")
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let `make test` leave the tests of `slow.txt` out, and `make test-slow` run them."""
    parser.addoption(
        "--pace", choices=("quick", "slow"), help="Run only what tests/slow.txt does not name, or only that."
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests marked `large`, unless all are to run, and those of the other pace than is asked for.

    Long modules come first: the worker that begins with them keeps them, so what they share is made once, and the
    short tests behind them are what another worker takes over at the end.
    """
    pace, slow, apart = config.getoption("pace"), slow_tests(), config.getini("norecursedirs")

    def runs(item: pytest.Item) -> bool:
        is_slow = item.nodeid.partition("[")[0] in slow or item.path.parent.name in apart
        return (ALL or not item.get_closest_marker("large")) and (pace is None or is_slow == (pace == "slow"))

    config.hook.pytest_deselected(items=[item for item in items if not runs(item)])
    items[:] = filter(runs, items)
    items.sort(key=lambda item: item.path.name not in LONG)


@pytest.fixture
def store(tmp_path) -> Store:
    """A store that nothing was written to."""
    return Store(tmp_path / "dnc-store")


@pytest.fixture(autouse=True, scope="module")
def unsynced(request) -> Iterator[None]:
    """Leave out waiting for the disk, which no test can notice, except where tests are about that."""
    with pytest.MonkeyPatch.context() as patch:
        if request.path.name not in SYNCED:
            patch.setattr(atomic, "fsync", lambda handle: None)
        yield


@pytest.fixture(autouse=True, scope="module")
def one_engine(request, tmp_path_factory) -> Iterator[None]:
    """Read all stores with one DuckDB: starting one for each store took an eighth of the time of its tests."""
    root = tmp_path_factory.getbasetemp().absolute()

    def instance_of(folder: Path) -> database.Instance:
        return database.instance_of(root if folder.is_relative_to(root) else folder)

    with pytest.MonkeyPatch.context() as patch:
        if request.path.name not in SYNCED:
            patch.setattr(journal, "instance_of", instance_of)
            patch.setattr(screening, "instance_of", instance_of)
        yield


@pytest.fixture(scope="module")
def forgetful() -> Iterator[None]:
    """Evaluate conditions anew in each check, where one way of asking is compared with another."""
    evaluator._free.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluator, "_KEPT", -1)
        yield


@pytest.fixture
def screened(store, samples) -> Store:
    """A store with the sample extracts."""
    shutil.copytree(samples, store.path)
    return store


@pytest.fixture(scope="session")
def samples(tmp_path_factory) -> Path:
    """The folder of a store with the sample extracts, to be copied."""
    store = Store(tmp_path_factory.mktemp("samples") / "dnc-store")
    store.load(SAMPLES / "directory.csv", as_of=date(2017, 4, 1))
    for day in (date(2017, 4, 1), date(2026, 8, 5)):
        store.load(SAMPLES / "objections.csv", as_of=day, accept={"unchanged": "nobody has objected since"})
    store.load(SAMPLES / "bloctel.csv", as_of=date(2026, 8, 5))
    return store.path


@pytest.fixture
def write_file(tmp_path):
    """A function that writes text or bytes to a file and gives its path."""

    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def dnc(tmp_path, monkeypatch, capfd):
    """A function that runs the command line in a folder of its own: (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DNC_STORE", raising=False)

    def run(*arguments: object) -> tuple[int, str, str]:
        capfd.readouterr()
        monkeypatch.setitem(cli_help._language, "typed", "")  # as in a process of its own
        with pytest.raises(SystemExit) as stopped:
            main([str(one) for one in arguments])
        out, err = capfd.readouterr()
        return stopped.value.code, out, err

    return run


@pytest.fixture(scope="module")
def empty(tmp_path_factory) -> Store:
    """A store without snapshots, made by a check."""
    store = Store(tmp_path_factory.mktemp("empty") / "store")
    check(pl.DataFrame({"number": ["0639980001"]}), store)
    return store
