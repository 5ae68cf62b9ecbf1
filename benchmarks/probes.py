"""Measurements inside a process: the last line that each prints is the seconds it took."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from statistics import median
from typing import Any

import polars as pl

from dnc import Decider, Rulebook, Store, check
from dnc.api import Settings, explain
from dnc.files.output_file import output
from dnc.files.output_rows import OutputRows
from dnc.lists.brief import read_brief
from dnc.numbers.bulk_reader import read_column
from dnc.verdicts.screening import Screen

AT = "2026-08-03T10:30"


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _frame(path: str) -> pl.DataFrame:
    return pl.read_csv(path, infer_schema=False)


def membership(calls: str, store: str, region: str, registry: str) -> list[float]:
    """Look up every number of a list in one registry of a store; the time to read the list is not counted."""
    numbers = read_column(_frame(calls)["number"], region).rows["number"]
    questions = pl.select(pl.lit(numbers).alias("number"), day=date(2026, 8, 3), campaign=pl.lit(None, pl.String))

    def work() -> None:
        with Screen(Store(store).standing(), [registry]) as screen:
            screen.codes(questions)

    return [_seconds(work)]


def _decided(calls: str, store: str, brief: str, rows: int) -> list[float]:
    with Decider(store, brief=read_brief(brief), at=AT) as decider:
        frames = list(_frame(calls).head(30 * rows).iter_slices(rows))
        return [_seconds(partial(decider, frame)) for frame in frames][10:]


def single_call(calls: str, store: str, brief: str) -> list[float]:
    """One call after another, each with a new number; the first ten are for warming up and are not counted."""
    return _decided(calls, store, brief, 1)


def hundred(calls: str, store: str, brief: str) -> list[float]:
    """A hundred calls after another hundred."""
    return _decided(calls, store, brief, 100)


def explained(calls: str, store: str, brief: str) -> list[float]:
    """One call after another, regime by regime, the store opened anew for each; the first is not counted."""
    settings = Settings(brief=read_brief(brief), at=AT, rulebook=Rulebook.load())
    numbers = _frame(calls)["number"].head(12).to_list()
    return [_seconds(partial(explain, number, Store(store), settings=settings)) for number in numbers][1:]


def xlsx(writer: str, calls: str, store: str, brief: str, out: str) -> list[float]:
    """The verdicts on a list, as a frame, into a spreadsheet."""
    frame = check(calls, Store(store), brief=read_brief(brief), at=AT).verdicts
    assert frame is not None  # noqa: S101 - the verdicts went nowhere else
    return [_seconds(lambda: _WRITERS[writer](frame, out))]


def _ours(frame: pl.DataFrame, out: str) -> None:
    with output(out, frame.columns) as writer:
        writer.add(OutputRows.of(frame))


def _polars(frame: pl.DataFrame, out: str) -> None:
    frame.write_excel(out)


def _rust(frame: pl.DataFrame, out: str) -> None:
    from rustpy_xlsxwriter import write_worksheet

    write_worksheet(frame, out)


_WRITERS = {"ours": _ours, "polars": _polars, "rust": _rust}
PROBES: dict[str, Callable[..., Any]] = {
    "membership": membership,
    "one": single_call,
    "hundred": hundred,
    "explained": explained,
    "xlsx": xlsx,
}

if __name__ == "__main__":
    print(median(PROBES[sys.argv[1]](*sys.argv[2:])))
