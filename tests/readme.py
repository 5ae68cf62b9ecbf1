"""The generated parts of the README: `python tests/readme.py` writes them, `--check` says whether they are current."""

from __future__ import annotations

import re
import sys
from datetime import date
from pathlib import Path

import click

from dnc.cli import cli
from dnc.rulebook import Rulebook
from dnc.vocabulary import vocabulary

README = Path(__file__).parent.parent / "README.md"


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


def regimes() -> str:
    """A row a regime."""
    lines = ["| regime | from | until | force | asks for | confidence |", "|---|---|---|---|---|---|"]
    for _, one in Rulebook.load().regimes():
        first = one.first if one.first != date.min else ""
        until = one.until if one.until != date.max else ""
        lines.append(f"| `{one.id}` | {first} | {until} | {one.force} | {one.demand} | {one.confidence} |")
    return "\n".join(lines)


def columns() -> str:
    """A row a column of planned calls."""
    lines = ["| column | means | words |", "|---|---|---|"]
    for name, entry in vocabulary().columns.items():
        words = ", ".join(f"`{word}`" for word in vocabulary().axes.get(name, ()))
        lines.append(f"| `{name}` | {entry['says']} | {words or entry['kind']} |")
    return "\n".join(lines)


def current(text: str) -> str:
    """The README with its generated parts written anew."""
    for name, write in (("commands", commands), ("regimes", regimes), ("vocabulary", columns)):
        block = f"<!-- generated: {name} -->\n{write()}\n<!-- end -->"
        text = re.sub(rf"<!-- generated: {name} -->\n.*?<!-- end -->", lambda _, b=block: b, text, flags=re.DOTALL)
    return text


if __name__ == "__main__":
    text = README.read_text(encoding="utf-8")
    if "--check" not in sys.argv:
        README.write_text(current(text), encoding="utf-8")
    elif current(text) != text:
        sys.exit("README.md is not current; run python tests/readme.py")
