"""A bounded part of the fault harness: an even choice of the points of every verb, and limits of disk and memory."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.faults import VERBS

FEW = """
import tempfile
from pathlib import Path
from tests import faults
with tempfile.TemporaryDirectory() as folder:
    harness = faults.Harness(Path(folder))
    for name in faults.VERBS:
        points, stood = faults.killed(harness, name, 2)
        faults.ended(harness, name, 1)
        faults.short_of_disk(harness, name, [40_000])
        if name in ("load", "check"):
            faults.short_of_memory(harness, name, [500 << 20])
        print(points, stood.total(), name)
"""


@pytest.mark.large
@pytest.mark.skipif(sys.platform != "linux", reason="kill -9, limits and fork as Linux has them")
def test_a_verb_that_is_killed_or_starved_leaves_a_whole_store():
    """Killed at two points of each verb, short of disk, short of memory: before or after, and nothing in between."""
    # In a process of its own, which has used neither engine yet: only then may it fork.
    done = subprocess.run([sys.executable, "-c", FEW], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    runs = [line.split()[:2] for line in done.stdout.splitlines()]
    assert len(runs) == len(VERBS)
    assert all(int(points) > 100 and killed == "2" for points, killed in runs)
