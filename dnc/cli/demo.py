"""`dnc demo`: a short tour on sample files, for somebody who sees the program for the first time."""

from __future__ import annotations

import tempfile
import textwrap
from collections.abc import Iterator
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

import click

WIDTH = 100
_REGISTRIES = (
    ("directory.csv", date(2017, 4, 1), "extract of the French telephone directory"),
    ("objections.csv", date(2017, 4, 1), "the caller's own opt-out list"),
    ("bloctel.csv", date(2026, 8, 5), "answer of Bloctel, the French opt-out list"),
)
_CALLS = "{:<28} {:<9} {:<14} {:<14} {}"
_CHANGES = "{:<14} {:<14} {:<16} {}"
_ELECTION, _LAST_DAY, _NEXT_DAY = "2017-04-18T12:00", "2026-08-10T10:30", "2026-08-11T10:30"


@click.command()
def demo() -> None:
    """Show what the program does, on sample files.

    The files, a store and a report are left in a new temporary folder.
    """
    for line in tour(Path(tempfile.mkdtemp(prefix="dnc-demo-"))):
        click.echo(line)


def tour(folder: Path) -> Iterator[str]:
    """The lines of the demo, at most `WIDTH` characters wide; writes its files, a store and a report to `folder`."""
    from dnc.api import check
    from dnc.law.rulebook import Rulebook
    from dnc.store.store import Store

    for sample in files("dnc.cli").joinpath("samples").iterdir():
        (folder / sample.name).write_bytes(sample.read_bytes())
    store, book, report = Store(folder / "store"), Rulebook.load(), folder / "report.html"
    reasons = {regime.id: regime.says["en"] for _, regime in book.regimes()}

    def checked(name: str, at: str) -> list[dict[str, Any]]:
        frame = check(folder / name, store, region="FR", at=at, rulebook=book).verdicts
        return [] if frame is None else frame.rows(named=True)

    yield "1. Registry files are loaded, each with the date on which it was made:\n"
    for name, day, what in _REGISTRIES:
        snapshot = store.load(folder / name, as_of=day)
        yield f"{name:<15} {day}  {what}: {snapshot.listed} of {snapshot.numbers} numbers opted out"

    party, last_day, next_day = (
        checked("party.csv", _ELECTION),
        checked("shop.csv", _LAST_DAY),
        checked("shop.csv", _NEXT_DAY),
    )
    yield "\n2. Planned calls are checked against the law and the registries of their day:\n"
    yield _CALLS.format("who calls", "what for", "number from", "on", "outcome")
    for call, at in ((party[0], _ELECTION), (last_day[1], _LAST_DAY), (last_day[3], _LAST_DAY)):
        who = f"{call['caller']}, {call['voice']} voice"
        purpose = {"political": "vote", "commercial": "sale"}[call["caller"]]
        yield _CALLS.format(who, purpose, call["source"], at[:10], call["dnc_outcome"])
        reason = reasons.get(call["dnc_blocked_by"].split(";")[0], call["dnc_why"])
        yield f"  {_one_line(reason, WIDTH - 2)}"

    yield "\n3. On 11 August 2026 Bloctel ends; from then on, selling by telephone requires prior consent:\n"
    yield _CHANGES.format("number from", "consent", "10 August 2026", "11 August 2026")
    for before, after in zip(last_day, next_day, strict=True):
        yield _CHANGES.format(before["source"], before["consent"], before["dnc_outcome"], after["dnc_outcome"])

    check(folder / "shop.csv", store, region="FR", at=_NEXT_DAY, rulebook=book, out=report)
    yield f"\nReport to open in a browser: {report}"
    yield "To go on with these files:"
    yield f"$ cd {folder}"
    yield "$ dnc check shop.csv --store store --region FR --at 2026-08-11T10:30 --out verdicts.xlsx"


def _one_line(text: str, width: int) -> str:
    """A text of at most `width` characters: cut at a comma in its second half, else between two words."""
    if len(text) <= width:
        return text
    comma = text.rfind(", ", width // 2, width - 1)
    return f"{text[:comma]} …" if comma > 0 else textwrap.shorten(text, width, placeholder=" …")


VERBS = (demo,)
