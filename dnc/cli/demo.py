"""`dnc demo`: what a newcomer should see, as commands that anyone can go on from."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

_COLUMNS = "number,outcome,blocked_by,undecided_by,missing,valid_until,why"
_SHOWN = f"--columns {_COLUMNS}"
_SCRIPT = [
    ("A directory extract and the party's own opposition list are loaded", "load directory.csv --as-of 2017-04-01"),
    ("… each as of the day it was made", "load objections.csv --as-of 2017-04-01"),
    (
        "18 April 2017: a party's recorded message to landlines; Bloctel is not in it, the CNIL's rule is",
        f"check party.csv --region FR --at 2017-04-18T12:00 {_SHOWN}",
    ),
    (
        "The same, a regulator's recommendation taken as advice",
        f"check party.csv --region FR --at 2017-04-18T12:00 --guidance advise {_SHOWN},advice",
    ),
    ("A Bloctel answer: three numbers were sent in, the shop's fourth was not", "load bloctel.csv --as-of 2026-08-05"),
    (
        "10 August 2026, the last day of Bloctel: the answer decides, and who was never asked is undecided",
        f"check shop.csv --region FR --at 2026-08-10T10:30 {_SHOWN}",
    ),
    ("11 August 2026: only consent opens the line", f"check shop.csv --region FR --at 2026-08-11T10:30 {_SHOWN}"),
    (
        "An entry on the anti-prospecting list, rung to sell something, regime by regime",
        "explain '03 53 01 04 18' --region FR --at 2017-04-18T11:00 --set caller=commercial --set source=directory "
        "--set recipient=consumer --set voice=human --set relationship=none",
    ),
]


@dataclass(frozen=True)
class Command:
    """One command of the demo: what it shows, the line to type, and its arguments."""

    says: str
    line: str
    arguments: list[str]


@cache
def folder() -> Path:
    """A new temporary folder with the sample files; it stays, so that one can go on."""
    there = Path(tempfile.mkdtemp(prefix="dnc-demo-"))
    for sample in files("dnc.cli").joinpath("samples").iterdir():
        (there / sample.name).write_bytes(sample.read_bytes())
    return there


def commands() -> Iterator[Command]:
    """The commands of the demo, in order, all on one store in `folder()`."""
    for says, text in _SCRIPT:
        arguments = [str(folder() / word) if word.endswith(".csv") else word for word in shlex.split(text)]
        verb, *rest = arguments
        arguments = [verb, "--store", str(folder() / "store"), *rest]
        yield Command(says, f"dnc {shlex.join(arguments)}", arguments)
