"""Programs with which people today find the numbers of a list in a registry's file, as their users would write them.

Each reads both text files and writes the numbers that it found, one per line.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import phonenumbers


def e164(text: str) -> str | None:
    """A French number in E.164, read by `phonenumbers`."""
    try:
        number = phonenumbers.parse(text, "FR")
    except phonenumbers.NumberParseException:
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def with_pandas(calls: str, registry: str, out: str) -> None:
    """Two columns of pandas: `phonenumbers` reads the list's numbers, those of the registry only need a prefix."""
    import pandas as pd

    listed = "+33" + pd.read_csv(registry, dtype=str)["Telephone"].str[1:]
    numbers = pd.read_csv(calls, dtype=str)["number"]
    numbers[numbers.map(e164).isin(listed)].to_csv(out, index=False, header=False)


def with_a_loop(calls: str, registry: str, out: str) -> None:
    """A set and a loop."""
    with Path(registry).open() as file:
        listed = {"+33" + line.strip()[1:] for line in file}
    with Path(calls).open(newline="") as file, Path(out).open("w") as output:
        for row in csv.DictReader(file):
            if e164(row["number"]) in listed:
                output.write(row["number"] + "\n")


def grep(calls: Path, registry: Path, out: Path) -> list[str]:
    """The command line of `grep`; numbers must be written alike in both files."""
    return ["sh", "-c", f"cut -d, -f2 '{calls}' | LC_ALL=C grep -Fxf '{registry}' > '{out}' || [ $? = 1 ]"]


def sqlite(calls: Path, registry: Path, out: Path) -> list[str]:
    """The command line of SQLite, in memory; numbers must be written alike in both files."""
    return [
        "sqlite3", ":memory:", ".mode csv", f".import '{calls}' calls", f".import '{registry}' registry",
        "create index listed on registry (Telephone);", f".output '{out}'",
        "select number from calls where number in (select Telephone from registry);",
    ]  # fmt: skip


def script(name: str, calls: Path, registry: Path, out: Path) -> list[str]:
    """The command line of a peer in this file."""
    return [sys.executable, "-m", "benchmarks.peers", name, *map(str, (calls, registry, out))]


class Peer(NamedTuple):
    """A peer: its name, the program or package it needs, its command line, and whether it reads odd shapes."""

    name: str
    needs: str
    command: Callable[[Path, Path, Path], list[str]]
    reads: bool = False


PEERS = (
    Peer("grep -Fxf", "grep", grep),
    Peer("SQLite", "sqlite3", sqlite),
    Peer("pandas and phonenumbers", "pandas", partial(script, "pandas"), reads=True),
    Peer("a loop over phonenumbers", "phonenumbers", partial(script, "loop"), reads=True),
)

if __name__ == "__main__":
    {"pandas": with_pandas, "loop": with_a_loop}[sys.argv[1]](*sys.argv[2:])
