"""Records what people say in a store that has much of it already, and prints the time it took as a JSON object.

    python -m benchmarks.own_records STORE STATEMENTS

Each figure is the median of 31 turns, in milliseconds. A verification and a `forget` are measured once.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl

from dnc import Rulebook, Store
from dnc.checks.subject_access import answer
from dnc.lists import own_records
from dnc.store import journal
from dnc.store.verify import verify

_RUNS = 31
_FIRST = 33_199_000_000


def filled(folder: Path, statements: int) -> Store:
    """A store with so many consents, loaded from one file."""
    store = Store(folder)
    if statements:
        numbers = pl.select(pl.format("+{}", pl.int_range(_FIRST, _FIRST + statements))).to_series().alias("number")
        path = folder.with_suffix(".csv")
        rows = numbers.to_frame().with_columns(consent=pl.lit("written"), consent_on=pl.lit("2026-05-01"))
        rows.write_csv(path)
        own_records.load(store, "consents", [path], Rulebook.load())
    store.object([f"+{_FIRST}"], date(2026, 6, 1))
    return store


def _took(work: Callable[[int], object], runs: int = _RUNS) -> float:
    """The median time of some work, in milliseconds."""
    times = []
    for at in range(runs):
        begun = time.perf_counter()
        work(at)
        times.append(time.perf_counter() - begun)
    return statistics.median(times) * 1000


def measured(folder: Path, statements: int) -> dict[str, float]:
    """Milliseconds by what was done."""
    store, book = filled(folder, statements), Rulebook.load()
    consent = {"consent": "written", "consent_on": "2026-06-01", "proof": "p"}
    call = {"at": "2026-06-02T10:00", "result": "answered"}

    def opened(_: int) -> None:
        journal._known.clear()
        store.journal.read()

    def recorded(kind: str, told: dict[str, str]) -> Callable[[int], object]:
        return lambda at: own_records.record(store, kind, [{"number": f"+{_FIRST + at}", **told}], book)

    return {
        "objection": _took(lambda at: store.object([f"+{_FIRST + at}"], date(2026, 6, 1))),
        "consent": _took(recorded("consents", consent)),
        "call": _took(recorded("calls", call)),
        "open": _took(opened),
        "person": _took(lambda at: answer(store, f"+{_FIRST + at}")),
        "verify": _took(lambda _: verify(store.journal), 1),
        "forget": _took(lambda _: store.forget_numbers([f"+{_FIRST + 7}"]), 1),
    }


if __name__ == "__main__":
    print(json.dumps(measured(Path(sys.argv[1]), int(sys.argv[2]))))
