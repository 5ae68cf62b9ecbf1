"""What tests of checks share."""

from __future__ import annotations

import polars as pl
import pytest

from dnc import Store, check


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """A store without snapshots, made by a check."""
    store = Store(tmp_path_factory.mktemp("empty") / "store")
    check(pl.DataFrame({"number": ["0639980001"]}), store)
    return store
