"""Tests; they mirror the packages of `dnc`.

`make test` runs every property at a small size. `make test-all` sets DNC_TESTS=all: each at its full size, and the
tests marked `large`.
"""

import os

ALL = os.environ.get("DNC_TESTS") == "all"


def size(small: int, full: int) -> int:
    """How many rows, examples or turns a test has."""
    return full if ALL else small
