"""The generated parts of README and docs: `python scripts/docs.py` writes them, `--check` says if they are current.

In `docs/` every block ```` ```console ```` is a session: its lines `$ …` are run by the shell, one after the other, in
one folder a page that holds the samples, and what they print stands below them. A block whose language is followed by
a name (```` ```toml campaign.toml ````) is written there as a file.
"""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
import tomllib
from datetime import date
from pathlib import Path

import click

from dnc import Store, check
from dnc.cli.main import cli
from dnc.law.rulebook import Rulebook
from dnc.law.vocabulary import vocabulary

BOOK = Rulebook.load()
ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
DOCS = sorted((ROOT / "docs").glob("*.md"))
TODAY = "2026-11-24"


def commands() -> str:
    """Every verb with its help."""
    parts = []
    for name in [None, *cli.commands]:
        command = cli.commands[name] if name else cli
        root = click.Context(cli, info_name="dnc", max_content_width=100, terminal_width=100)
        context = click.Context(command, info_name=name, parent=root) if name else root
        text = command.get_help(context)
        parts.append(f"```text\n$ dnc {name + ' ' if name else ''}--help\n{text}\n```")
    return "\n\n".join(parts)


def jurisdictions() -> str:
    """A row a jurisdiction: what it covers and from when."""
    lines = ["| jurisdiction | numbers of | read for calls | regimes | registries |", "|---|---|---|---|---|"]
    for pack in BOOK.packs.values():
        asked = sorted({id_ for one in pack.regimes for part in one.parts for id_ in part.registries} - {"own"})
        places, span = ", ".join(pack.territories), f"{pack.read_from} to {pack.read_until}"
        registries = ", ".join(f"`{id_}`" for id_ in asked)
        lines.append(
            f"| {pack.name['en']} (`{pack.jurisdiction}`) | {places} | {span} | {len(pack.regimes)} | {registries} |"
        )
    return "\n".join(lines)


def regimes() -> str:
    """A row a regime."""
    lines = ["| regime | from | until | force | asks for | confidence |", "|---|---|---|---|---|---|"]
    for _, one in BOOK.regimes():
        first = one.first if one.first != date.min else ""
        until = one.until if one.until != date.max else ""
        lines.append(f"| `{one.id}` | {first} | {until} | {one.force} | {one.demand} | {one.confidence} |")
    return "\n".join(lines)


BOUND = {
    "unlisted": "R",
    "unflagged": "R",
    "consent": "C",
    "hours": "H",
    "forbidden": "F",
    "max_attempts": "A",
    "unsettled": "?",
    "not_read": "?",
}
CALLS = {
    "sale, consumer": ("commercial", "human", "consumer"),
    "sale, business": ("commercial", "human", "business"),
    "party": ("political", "human", "consumer"),
    "charity": ("charity", "human", "consumer"),
    "survey": ("survey", "human", "consumer"),
    "public body": ("public_body", "human", "consumer"),
    "recorded sale": ("commercial", "recorded", "consumer"),
    "recorded party": ("political", "recorded", "consumer"),
    "recorded survey": ("survey", "recorded", "consumer"),
}
ANY_NUMBER = {
    "at": "+431000000", "au": "+61255501234", "be": "+3225550101", "ca": "+14165550123", "ch": "+41445550101",
    "de": "+493023125000", "dk": "+4532000000", "es": "+34910000000", "fr": "+33199000001", "gb": "+442079460123",
    "ie": "+35312000000", "it": "+390655501900", "nl": "+31202000000", "no": "+4721000000", "se": "+4684650040",
    "sg": "+6561000000", "us": "+12025550143",
}  # fmt: skip
IRISH_MOBILE = "+353850000000"  # where the plan tells the line, no other is believed


def matrix() -> str:
    """Who is bound by what: for each country and kind of call, the demands of the regimes that apply."""
    rows = [
        (pack, line)
        for pack in BOOK.packs
        for line in ("landline", "mobile")
        if line == "landline" or pack in ("us", "ie")
    ]
    plain = {"relationship": "none", "related": "no", "sector": "general", "consent": "none", "source": "purchased"}
    plain |= {"habit": "habitual", "objected_on": "none", "attempts": "0", "call_at": f"{TODAY}T11:00"}
    with tempfile.TemporaryDirectory() as folder:
        calls = Path(folder) / "calls.csv"
        with calls.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["number", "line", "caller", "voice", "recipient"])
            for pack, line in rows:
                number = IRISH_MOBILE if (pack, line) == ("ie", "mobile") else ANY_NUMBER[pack]
                writer.writerows([number, line, *call] for call in CALLS.values())
        applies = iter(check(calls, Store(Path(folder) / "store"), given=plain).verdicts["dnc_applies"])
    lines = [f"| | {' | '.join(CALLS)} |", f"|---{'|---' * len(CALLS)}|"]
    for pack, line in rows:
        name = f"`{pack}` {line}" if pack in ("us", "ie") else f"`{pack}`"
        lines.append(f"| {name} | {' | '.join(bound(next(applies)) for _ in CALLS)} |")
    return "\n".join(lines)


def bound(applies: str) -> str:
    """Letters of the demands of the regimes that apply."""
    by_id = {one.id: one for _, one in BOOK.regimes()}
    applying = [by_id[id_] for id_ in applies.split(";") if id_]
    if any(one.is_scope for one in applying):
        return "×"
    letters = {BOUND[one.demand] for one in applying if one.demand in BOUND}
    return " ".join(sorted(letters, key="RCFHA?".index)) or "–"


def columns() -> str:
    """A row a column of planned calls."""
    lines = ["| column | means | words |", "|---|---|---|"]
    for name, entry in vocabulary().columns.items():
        words = ", ".join(f"`{word}`" for word in vocabulary().axes.get(name, ()))
        lines.append(f"| `{name}` | {entry['says']} | {words or entry['kind']} |")
    return "\n".join(lines)


def exceptions() -> str:
    """A point an exception of the garble test."""
    told = tomllib.loads((ROOT / "tests" / "exceptions.toml").read_text(encoding="utf-8"))
    return "\n".join(textwrap.fill(one, 120, initial_indent="- ", subsequent_indent="  ") for one in told.values())


PARTS = (
    ("commands", commands),
    ("jurisdictions", jurisdictions),
    ("matrix", matrix),
    ("regimes", regimes),
    ("vocabulary", columns),
    ("exceptions", exceptions),
)


def current(path: Path) -> str:
    """A page with its generated parts written anew."""
    text = path.read_text(encoding="utf-8")
    text = _parts(text)
    return text if path == README else _sessions(text)


def _parts(text: str) -> str:
    for name, write in PARTS:
        begin = f"<!-- generated: {name} -->\n"
        if begin in text:
            block = f"{begin}{write()}\n<!-- end -->"
            text = re.sub(rf"{begin}.*?<!-- end -->", lambda _, b=block: b, text, flags=re.DOTALL)
    return text


def _sessions(text: str) -> str:
    """A page of docs with what its commands print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(ROOT / "dnc" / "cli" / "samples", folder, dirs_exist_ok=True)
        session = Session(folder)

        def written(block: re.Match[str]) -> str:
            language, file, body = block.groups()
            if language == "console":
                return f"```console\n{session.run(body)}```"
            if file:
                (folder / file).write_text(body, encoding="utf-8")
            return block[0]

        return re.sub(r"^```(\w+)(?: (\S+))?\n(.*?)^```", written, text, flags=re.DOTALL | re.MULTILINE)


class Session:
    """A person at a shell, in a folder, on one day."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._code = 0
        programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        told = {name: value for name, value in os.environ.items() if not name.startswith("DNC_")}
        self._told = told | {"PATH": programs, "DNC_TODAY": TODAY, "LC_ALL": "C.UTF-8", "PYTHONWARNINGS": "error"}

    def run(self, block: str) -> str:
        """The commands of a block, each with what it prints on stdout and stderr."""
        commands = [line for line in block.splitlines() if line.startswith("$ ")]
        return "".join(f"{line}\n{self._printed(line.removeprefix('$ '))}" for line in commands)

    def _printed(self, command: str) -> str:
        # The exit code of the command before is what `echo $?` shows.
        done = subprocess.run(
            ["sh", "-c", f"(exit {self._code}); {command}"],
            check=False,
            cwd=self._folder,
            env=self._told,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )  # fmt: skip
        self._code = done.returncode
        said = re.sub(r"^DNC_TODAY replaces .*\n", "", done.stdout, flags=re.MULTILINE)  # who reads this sets none
        return re.sub(r"\b(\d+):[0-9a-f]{64}\b", r"\1:…", said)  # heads of the log hold the second


if __name__ == "__main__":
    pages = {path: current(path) for path in (README, *DOCS)}
    stale = [path for path, text in pages.items() if path.read_text(encoding="utf-8") != text]
    if "--check" not in sys.argv:
        for path, text in pages.items():
            path.write_text(text, encoding="utf-8")
    elif stale:
        sys.exit(f"{', '.join(path.name for path in stale)} not current; run python scripts/docs.py")
