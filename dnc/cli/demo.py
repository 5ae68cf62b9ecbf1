"""`dnc demo`: a short tour on sample files, for somebody who sees the program for the first time."""

from __future__ import annotations

import shlex
import shutil
import sys
import tempfile
import textwrap
from collections.abc import Iterator, Sequence
from datetime import date
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dnc.cli.help import language, verb
from dnc.cli.options import LANG
from dnc.messages import dated, localized, said

if TYPE_CHECKING:
    from dnc.law.rulebook import Rulebook
    from dnc.store.store import Store

_Call = dict[str, Any]  # a row of a list, with its verdict

WIDTH = 100
_REGISTRIES = {"directory": date(2017, 4, 1), "objections": date(2026, 8, 5), "bloctel": date(2026, 8, 5)}
_ELECTION, _LAST_DAY, _NEXT_DAY = "2017-04-18T12:00", "2026-08-10T10:30", "2026-08-11T10:30"
_PURPOSES = {"political": "vote", "commercial": "sale"}


@verb()
@LANG
def demo() -> None:
    for line in _tour(Path(tempfile.mkdtemp(prefix="dnc-demo-"))):
        click.echo(line)


def _tour(folder: Path) -> Iterator[str]:
    """The lines of the demo, at most `WIDTH` characters wide; writes its files, a store and a report to `folder`."""
    from dnc.api import Settings, check
    from dnc.law.rulebook import Rulebook
    from dnc.store.store import Store

    for sample in files("dnc.cli").joinpath("samples").iterdir():
        (folder / sample.name).write_bytes(sample.read_bytes())
    store, book, report = Store(folder / "store"), Rulebook.load(), folder / "report.html"
    say, settings = partial(said, language(), "demo"), Settings(region="FR", rulebook=book, language=language())

    def checked(name: str, at: str) -> list[_Call]:
        return check(folder / name, store, at=at, settings=settings).verdicts.rows(named=True)

    yield f"{say('loaded')}\n"
    yield from _table(list(_loaded(folder, store)))
    party, last_day, next_day = (
        checked("party.csv", _ELECTION),
        checked("shop.csv", _LAST_DAY),
        checked("shop.csv", _NEXT_DAY),
    )
    yield f"\n{say('checked')}\n"
    yield from _calls([(party[0], _ELECTION), (last_day[1], _LAST_DAY), (last_day[3], _LAST_DAY)], book)
    yield f"\n{say('changes')}\n"
    yield from _table(list(_changes(last_day, next_day)))
    check(folder / "shop.csv", store, at=_NEXT_DAY, out=report, settings=settings)
    yield f"\n{say('report', path=report)}"
    yield say("go_on")
    yield f"$ cd {folder}"
    # The shell does not look for it where only a virtual environment has it.
    program = "dnc" if shutil.which("dnc") else shlex.quote(str(Path(sys.executable).with_name("dnc")))
    yield f"$ {program} check shop.csv --store store --region FR --at 2026-08-11T10:30 --out verdicts.xlsx"


def _loaded(folder: Path, store: Store) -> Iterator[tuple[str, ...]]:
    """The registries that are loaded, with their day and how many numbers they have."""
    for name, made in _REGISTRIES.items():
        snapshot = store.load(folder / f"{name}.csv", as_of=made)
        numbers = {"listed": snapshot.listed, "numbers": snapshot.numbers}
        what = said(language(), "demo", "numbers", what=localized("demo", "registry", name), **numbers)
        yield f"{name}.csv", dated(language())(made), what


def _calls(calls: list[tuple[_Call, str]], book: Rulebook) -> Iterator[str]:
    """Calls with the moment of each, as a table; below each why it may be made or not."""
    rows = [tuple(said(language(), "demo", name) for name in ("who", "purpose", "source", "day", "outcome"))]
    for call, at in calls:
        who = f"{_value('caller', call['caller'])}, {_value('voice', call['voice'])}"
        about = _value("purpose", _PURPOSES[call["caller"]]), _value("source", call["source"])
        rows.append((who, *about, dated(language())(at[:10]), _outcome(call)))
    header, *lines = _table(rows)
    yield header
    for line, (call, _) in zip(lines, calls, strict=True):
        yield line
        regime = book.by_id.get(call["dnc_blocked_by"].split(";")[0])
        reason = regime.says[language()] if regime else call["dnc_why"]
        yield f"  {_one_line(reason, WIDTH - 2)}"


def _changes(before: list[_Call], after: list[_Call]) -> Iterator[tuple[str, ...]]:
    """Calls by source and consent, with their outcomes before the law changed and after."""
    days = (dated(language())(at[:10]) for at in (_LAST_DAY, _NEXT_DAY))
    yield (*(said(language(), "demo", name) for name in ("source", "consent")), *days)
    for was, now in zip(before, after, strict=True):
        yield *(_value(name, was[name]) for name in ("source", "consent")), _outcome(was), _outcome(now)


def _value(column: str, word: str) -> str:
    from dnc.law.vocabulary import vocabulary

    return vocabulary().value(column, word, language())


def _outcome(call: _Call) -> str:
    return said(language(), "common", "outcome", call["dnc_outcome"])


def _table(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Rows as lines with aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _one_line(text: str, width: int) -> str:
    """A text of at most `width` characters: cut at a comma in its second half, else between two words."""
    if len(text) <= width:
        return text
    comma = text.rfind(", ", width // 2, width - 1)
    return f"{text[:comma]} …" if comma > 0 else textwrap.shorten(text, width, placeholder=" …")
