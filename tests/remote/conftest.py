"""The servers of the tests."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.remote import servers


@pytest.fixture
def postgres() -> Iterator[servers.Postgres]:
    """A PostgreSQL server with nothing in it."""
    with servers.postgres() as server:
        yield server


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """An S3 server with a bucket `lists`; its address."""
    with servers.s3() as address:
        yield address


@pytest.fixture
def bucket(s3, monkeypatch) -> str:
    """The URL of an empty folder in the bucket, for which the environment has address and keys."""
    told = {"AWS_ENDPOINT_URL": s3, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y", "AWS_REGION": "us-east-1"}
    for name, value in (told | {"AWS_ALLOW_HTTP": "true"}).items():
        monkeypatch.setenv(name, value)
    return "s3://lists/" + "".join(chr(ord("a") + int(digit)) for digit in str(time.monotonic_ns()))
