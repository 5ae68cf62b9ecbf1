"""The generated parts of the README: `python tests/readme.py` writes them, `--check` says whether they are current."""

from __future__ import annotations

import csv
import re
import sys
import tempfile
from datetime import date
from pathlib import Path

import click

from dnc import Store, check
from dnc.cli import cli
from dnc.rulebook import Rulebook
from dnc.vocabulary import vocabulary

BOOK = Rulebook.load()
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


MATRIX_DAY = "2026-11-24"
BOUND = {
    "unlisted": "R",
    "unflagged": "R",
    "consent": "C",
    "hours": "H",
    "forbidden": "F",
    "max_attempts": "A",
    "unsettled": "?",
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


def matrix() -> str:
    """Who is bound by what: for each country and kind of call, the demands of the regimes that apply."""
    rows = [
        (pack, line)
        for pack in BOOK.packs
        for line in ("landline", "mobile")
        if line == "landline" or pack in ("us", "ie")
    ]
    plain = {"relationship": "none", "related": "no", "sector": "general", "consent": "none", "source": "purchased"}
    plain |= {"habit": "habitual", "objected_on": "none", "attempts": "0", "call_at": f"{MATRIX_DAY}T11:00"}
    with tempfile.TemporaryDirectory() as folder:
        calls = Path(folder) / "calls.csv"
        with calls.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["number", "line", "caller", "voice", "recipient"])
            writer.writerows([ANY_NUMBER[pack], line, *call] for pack, line in rows for call in CALLS.values())
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


PARTS = (
    ("commands", commands),
    ("jurisdictions", jurisdictions),
    ("matrix", matrix),
    ("regimes", regimes),
    ("vocabulary", columns),
)


def current(text: str) -> str:
    """The README with its generated parts written anew."""
    for name, write in PARTS:
        block = f"<!-- generated: {name} -->\n{write()}\n<!-- end -->"
        text = re.sub(rf"<!-- generated: {name} -->\n.*?<!-- end -->", lambda _, b=block: b, text, flags=re.DOTALL)
    return text


if __name__ == "__main__":
    text = README.read_text(encoding="utf-8")
    if "--check" not in sys.argv:
        README.write_text(current(text), encoding="utf-8")
    elif current(text) != text:
        sys.exit("README.md is not current; run python tests/readme.py")
