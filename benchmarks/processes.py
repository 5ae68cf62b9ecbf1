"""Whole processes, measured: wall time, processor time of all that they start, and peak memory.

The kernel counts the memory of the parent at the time of the start in the peak of a process, so the process
that measures imports no engine: data is made, and files are read, in other processes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

PAUSED = {"DNC_TODAY": "2026-11-24", "PYTHONHASHSEED": "0"}
LARGE = 1 << 29  # bytes deleted before a run, and …
REST = 8.0  # … seconds of rest after it, in which memory of the files may go back to the host, for all runs alike


class BenchmarkError(Exception):
    """A command failed, or two commands that do the same work had different results."""


@dataclass(frozen=True)
class Run:
    """What a run took: seconds of wall and processor time, MiB of its largest process, and its output."""

    wall: float
    cpu: float
    memory: float
    output: str = ""

    def __str__(self) -> str:
        time = f"{self.wall:.2f} s" if self.wall >= 1 else f"{self.wall * 1000:.3g} ms"
        return f"{time}, {self.memory:,.0f} MiB"


@dataclass(frozen=True)
class Command:
    """A command to be measured.

    fresh: folders and files that are deleted before each run. times_itself: its last line is the seconds that were
    measured inside the process; its processor time is then not known. lines: counts the rows that it writes, which are
    compared between commands. server: the process of a server that works for it, whose processor time counts.
    """

    argv: Sequence[str | Path]
    fresh: Sequence[Path] = ()
    times_itself: bool = False
    lines: Callable[[], int] | None = None
    codes: tuple[int, ...] = (0,)
    server: int | None = None


def run(command: Command) -> Run:
    """Run a command once. Raises BenchmarkError."""
    if sum(map(_deleted, command.fresh)) > LARGE:
        time.sleep(REST)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        before = _processor_time(command.server)
        start = time.perf_counter()
        argv = [str(part) for part in command.argv]
        process = subprocess.Popen(argv, stdout=out, stderr=err, env=os.environ | PAUSED)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        for file in (out, err):
            file.seek(0)
        output = out.read().decode()
        if process.returncode not in command.codes:
            raise BenchmarkError(f"{' '.join(argv)}: exit code {process.returncode}\n{err.read().decode()}")
    cpu = used.ru_utime + used.ru_stime + _processor_time(command.server) - before
    if command.times_itself:
        wall, cpu = float(output.split()[-1]), float("nan")
    return Run(wall, cpu, used.ru_maxrss / 1024, output)


def _processor_time(server: int | None) -> float:
    """Seconds of processor time of a process and its children so far; 0 for none."""
    if server is None:
        return 0.0
    processes = [Path(f"/proc/{server}")]
    for children in processes[0].glob("task/*/children"):
        processes += [Path(f"/proc/{child}") for child in children.read_text().split()]
    ticks = 0
    for process in processes:
        with suppress(OSError):  # it has ended, and is counted with its parent
            fields = (process / "stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def _deleted(path: Path) -> int:
    """Delete a file or a folder; returns the bytes of a file."""
    held = path.stat().st_size if path.is_file() else 0
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    return held


def in_turn(commands: Mapping[str, Command], runs: int) -> dict[str, Run]:
    """Medians of some runs of each command; all commands are run once, then all again. Raises BenchmarkError."""
    done: dict[str, list[Run]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            done[name].append(run(command))
    counts = {name: command.lines() for name, command in commands.items() if command.lines}
    if len(set(counts.values())) > 1:
        raise BenchmarkError(f"the same work gave different counts: {counts}")
    return {name: _middle(runs_of) for name, runs_of in done.items()}


def _middle(runs: Sequence[Run]) -> Run:
    wall, cpu, memory = (median(getattr(run_, part) for run_ in runs) for part in ("wall", "cpu", "memory"))
    return Run(wall, cpu, memory)
