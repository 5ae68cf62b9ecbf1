"""A store that many tests of the store begin with."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from dnc import Store
from tests.store.test_store import ANSWER


@pytest.fixture(scope="session")
def loaded_once(tmp_path_factory) -> Path:
    """The folder of a store with two snapshots and an objection, to be copied."""
    folder = tmp_path_factory.mktemp("loaded")
    store = Store(folder / "dnc-store")
    (folder / "a.csv").write_text(ANSWER, encoding="utf-8")
    store.load(folder / "a.csv", as_of=date(2026, 6, 1))
    (folder / "b.csv").write_text("Telephone;Réponse\n0199000001;inscrit\n", encoding="utf-8")
    store.load(folder / "b.csv", as_of=date(2026, 8, 1))
    store.object(["+33199000003"], date(2026, 8, 2))
    return store.path


@pytest.fixture
def loaded(loaded_once, store) -> Store:
    """A store with two snapshots and an objection."""
    shutil.copytree(loaded_once, store.path)
    return store
