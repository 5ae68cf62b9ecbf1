"""Whole processes, measured: wall time, processor time of all that they start, and peak memory.

The kernel counts into the peak of a process what its parent held when it was started, so the
process that measures imports no engine: data is made, and files are looked at, by processes too.
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
REST = 8.0  # … seconds of rest behind them: memory that files held is given back to the host, or is not, for all alike


class BenchmarkError(Exception):
    """A command failed, or two that do the same work did not come to the same."""


@dataclass(frozen=True)
class Run:
    """What a run took: seconds of wall and processor time, MiB of its largest process, and what it said."""

    wall: float
    cpu: float
    memory: float
    said: str = ""

    def __str__(self) -> str:
        time = f"{self.wall:.2f} s" if self.wall >= 1 else f"{self.wall * 1000:.3g} ms"
        return f"{time}, {self.memory:,.0f} MiB"


@dataclass(frozen=True)
class Command:
    """A command to be measured.

    fresh: folders and files that are deleted before each run. tells: its last line is the seconds it took, of what is
    measured inside a process; its processor time is then not told. lines: of what it writes, one a number found;
    compared from command to command. server: the process of a server that works for it, whose processor time counts.
    """

    argv: Sequence[str | Path]
    fresh: Sequence[Path] = ()
    tells: bool = False
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
        said = out.read().decode()
        if process.returncode not in command.codes:
            raise BenchmarkError(f"{' '.join(argv)}: exit code {process.returncode}\n{err.read().decode()}")
    cpu = used.ru_utime + used.ru_stime + _processor_time(command.server) - before
    if command.tells:
        wall, cpu = float(said.split()[-1]), float("nan")
    return Run(wall, cpu, used.ru_maxrss / 1024, said)


def _processor_time(server: int | None) -> float:
    """Seconds of processor time of a process and its children so far; 0 for none."""
    if server is None:
        return 0.0
    processes = [Path(f"/proc/{server}")]
    for children in processes[0].glob("task/*/children"):
        processes += [Path(f"/proc/{child}") for child in children.read_text().split()]
    ticks = 0
    for process in processes:
        with suppress(OSError):  # it has ended, and counts with its parent
            fields = (process / "stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def _deleted(path: Path) -> int:
    """Delete a file or a folder; how many bytes it held."""
    held = path.stat().st_size if path.is_file() else 0
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    return held


def in_turn(commands: Mapping[str, Command], runs: int) -> dict[str, Run]:
    """Medians of so many runs of each command, all of them once, then all of them again. Raises BenchmarkError."""
    done: dict[str, list[Run]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            done[name].append(run(command))
    found = {name: command.lines() for name, command in commands.items() if command.lines}
    if len(set(found.values())) > 1:
        raise BenchmarkError(f"the same work came to different counts: {found}")
    return {name: _middle(each) for name, each in done.items()}


def _middle(runs: Sequence[Run]) -> Run:
    wall, cpu, memory = (median(getattr(one, part) for one in runs) for part in ("wall", "cpu", "memory"))
    return Run(wall, cpu, memory)
