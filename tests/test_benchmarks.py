"""The benchmarks, tiny: that they run, and that all who do the same work come to the same."""

from __future__ import annotations

import subprocess
import sys
from argparse import Namespace
from io import BytesIO

import polars as pl
import pytest

from benchmarks import made, probes
from benchmarks.cases import FACTS
from benchmarks.processes import BenchmarkError, Command, in_turn

CASES = {
    "check": 4,
    "days": 1,
    "load": 4,
    "peers": 4,
    "start": 4,
    "desk": 4,
    "records": 21,
}  # rows of each, at least: SQLite and pandas may be missing
TOLD = Namespace(rows=3000, seed=1, country="FR", shared=0.2, shapes=99, facts=1, dated=1)


@pytest.mark.large
@pytest.mark.skipif(sys.platform != "linux", reason="wait4 and grep as Linux has them")
def test_cases_run_and_nobody_comes_to_another_count(tmp_path):
    """Peers find the same numbers; the floor writes as many rows as ours, as wide, with the same header."""
    argv = [sys.executable, "-m", "benchmarks", "--rows=2000", "--runs=1", "--answers=2", f"--work={tmp_path}"]
    argv.append(f"--only={','.join(CASES)}")
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    table = [line for line in done.stdout.splitlines() if line.startswith("| ")]
    assert len(table) - 2 >= sum(CASES.values())
    assert all(line.count(" | ") == table[0].count(" | ") for line in table)


@pytest.mark.large
def test_what_is_measured_inside_a_process_runs(tmp_path, screened):
    """Each probe does its work and says how long it took."""
    calls, brief = tmp_path / "calls.csv", tmp_path / "brief.toml"
    calls.write_bytes(_calls(TOLD))
    brief.write_text(f'region = "FR"\n[columns]\ncall = "id"\n[facts]\n{FACTS}', encoding="utf-8")
    told = (str(calls), str(screened.path))
    assert probes.membership(*told, "FR", "fr-bloctel")[0] > 0
    assert all(len(probe(*told, str(brief))) >= 5 for probe in (probes.single_call, probes.hundred))
    for writer in ("ours", "polars", "rust"):
        out = tmp_path / f"{writer}.xlsx"
        assert probes.xlsx(writer, *told, str(brief), str(out))[0] > 0
        assert pl.read_excel(out, infer_schema_length=0).height == TOLD.rows


def _calls(told: Namespace) -> bytes:
    file = BytesIO()
    made.write_calls(file, told)
    return file.getvalue()


def test_made_calls_are_seeded_and_no_number_stands_in_two_rows(monkeypatch):
    """The same seed gives the same bytes, another seed others; a part of the shapes is odd; pieces make no difference."""
    first = _calls(TOLD)
    monkeypatch.setattr(made, "AT_ONCE", 1000)
    assert _calls(TOLD) == first != _calls(Namespace(**vars(TOLD) | {"seed": 2}))
    numbers = pl.read_csv(first, infer_schema=False)["number"]
    assert (numbers.len(), numbers.n_unique()) == (3000, 3000)
    assert 0.02 < (~numbers.str.contains(r"^(0|\+33)\d{9}$")).mean() < 0.04


@pytest.mark.parametrize("span", [1, 2, 7, 1000, 4096])
def test_a_permutation_is_one(span):
    """Every index goes to a place of its own."""
    indexes = pl.int_range(0, span, dtype=pl.UInt64, eager=True)
    assert made.permuted(indexes, span, 3).sort().equals(indexes)


def test_other_counts_for_the_same_work_are_an_error():
    """A ratio of two that did not do the same is not printed."""
    nothing = [sys.executable, "-c", ""]
    with pytest.raises(BenchmarkError, match="different counts"):
        in_turn({"a": Command(nothing, lines=lambda: 1), "b": Command(nothing, lines=lambda: 2)}, 1)
