"""Tests; they mirror the packages of `dnc`.

`make test` runs the quick tests and `make test-slow` the others, those that `slow.txt` names, each at a small size.
`make test-all` sets DNC_TESTS=all: each at its full size, with all of its cases, and the tests marked `large`. A test
that does the same work for each of many cases does it once for all of them in a fixture, and what it needs is copied
from a store that was made once.
"""

import os
from collections.abc import Iterable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

ALL = os.environ.get("DNC_TESTS") == "all"
# A sales call to a consumer in France, of which nothing but the consent is left to tell.
SALE = {
    "caller": "commercial", "voice": "human", "dialler": "manual", "cli": "+33199000499", "sector": "general",
    "source": "opt_in_form", "relationship": "none", "related": "no", "habit": "occasional", "attempts": "0",
    "recipient": "consumer", "objected_on": "none",
}  # fmt: skip
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("POLARS_MAX_THREADS", "1")  # workers fill the cores


def slow_tests() -> set[str]:
    """The tests of `slow.txt`: their files and names, without parameters."""
    lines = (Path(__file__).parent / "slow.txt").read_text(encoding="utf-8").splitlines()
    return {line for line in lines if not line.startswith("#")}


def new_key(path: Path) -> None:
    """Make a private key that signs (Ed25519, PEM), as `openssl genpkey` does."""
    path.touch(mode=0o600)
    path.write_bytes(Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def size(small: int, full: int) -> int:
    """How many rows, examples or turns a test has."""
    return full if ALL else small


def some(cases: Iterable[object], small: int) -> list[object]:
    """Cases of a parametrised test; but for `small` of them, spread over all, they are marked `large`."""
    listed = list(cases)
    return [
        pytest.param(
            *(case if isinstance(case, tuple) else [case]),
            marks=[] if at * small % len(listed) < small else pytest.mark.large,
        )
        for at, case in enumerate(listed)
    ]
