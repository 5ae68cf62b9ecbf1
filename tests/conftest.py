"""What many tests want: an empty store, a file of calls, the command line; and which tests run."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from dnc import Store
from dnc.cli.main import main
from tests import ALL

pytest_plugins = ["tests.scrub"]
SAMPLES = Path(__file__).parent.parent / "dnc" / "cli" / "samples"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests marked `large`, unless all are to run."""
    large = [] if ALL else [item for item in items if item.get_closest_marker("large")]
    if large:
        config.hook.pytest_deselected(items=large)
        items[:] = [item for item in items if item not in large]


@pytest.fixture
def store(tmp_path) -> Store:
    """A store that nothing was written to."""
    return Store(tmp_path / "dnc-store")


@pytest.fixture
def screened(store) -> Store:
    """A store with the sample extracts."""
    store.load(SAMPLES / "directory.csv", as_of=date(2017, 4, 1))
    store.load(SAMPLES / "objections.csv", as_of=date(2017, 4, 1))
    store.load(SAMPLES / "bloctel.csv", as_of=date(2026, 8, 5))
    return store


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
        with pytest.raises(SystemExit) as stopped:
            main([str(one) for one in arguments])
        out, err = capfd.readouterr()
        return stopped.value.code, out, err

    return run
