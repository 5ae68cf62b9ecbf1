"""`dnc demo`: a short tour on sample files, for somebody who sees the program for the first time."""

from __future__ import annotations

import tempfile
import textwrap
from collections.abc import Iterator, Sequence
from datetime import date
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

import click

from dnc.cli.help import language, verb
from dnc.cli.options import LANG
from dnc.messages import dated, messages

WIDTH = 100
_REGISTRIES = {"directory": date(2017, 4, 1), "objections": date(2017, 4, 1), "bloctel": date(2026, 8, 5)}
_ELECTION, _LAST_DAY, _NEXT_DAY = "2017-04-18T12:00", "2026-08-10T10:30", "2026-08-11T10:30"
_PURPOSES = {"political": "vote", "commercial": "sale"}


@verb()
@LANG
def demo() -> None:
    for line in tour(Path(tempfile.mkdtemp(prefix="dnc-demo-")), language()):
        click.echo(line)


def tour(folder: Path, lang: str) -> Iterator[str]:
    """The lines of the demo, at most `WIDTH` characters wide; writes its files, a store and a report to `folder`."""
    from dnc.api import check
    from dnc.law.rulebook import Rulebook
    from dnc.law.vocabulary import vocabulary
    from dnc.store.store import Store

    for sample in files("dnc.cli").joinpath("samples").iterdir():
        (folder / sample.name).write_bytes(sample.read_bytes())
    store, book, report = Store(folder / "store"), Rulebook.load(), folder / "report.html"
    reasons = {regime.id: regime.says[lang] for _, regime in book.regimes()}
    texts, outcomes = messages("demo", lang), messages("common", lang)["outcome"]
    value, day = partial(vocabulary().value, language=lang), dated(lang)

    def checked(name: str, at: str) -> list[dict[str, Any]]:
        frame = check(folder / name, store, region="FR", at=at, rulebook=book, language=lang).verdicts
        return [] if frame is None else frame.rows(named=True)

    yield f"{texts['loaded']}\n"
    loaded = []
    for name, made in _REGISTRIES.items():
        snapshot = store.load(folder / f"{name}.csv", as_of=made)
        what = texts["numbers"].format(what=texts["registry"][name], listed=snapshot.listed, numbers=snapshot.numbers)
        loaded.append((f"{name}.csv", day(made), what))
    yield from _table(loaded)

    party, last_day, next_day = (
        checked("party.csv", _ELECTION),
        checked("shop.csv", _LAST_DAY),
        checked("shop.csv", _NEXT_DAY),
    )
    yield f"\n{texts['checked']}\n"
    calls = [tuple(texts[name] for name in ("who", "purpose", "source", "day", "outcome"))]
    why = []
    for call, at in ((party[0], _ELECTION), (last_day[1], _LAST_DAY), (last_day[3], _LAST_DAY)):
        who = f"{value('caller', call['caller'])}, {value('voice', call['voice'])}"
        purpose = value("purpose", _PURPOSES[call["caller"]])
        calls.append((who, purpose, value("source", call["source"]), day(at[:10]), outcomes[call["dnc_outcome"]]))
        why.append(reasons.get(call["dnc_blocked_by"].split(";")[0], call["dnc_why"]))
    header, *lines = _table(calls)
    yield header
    for line, reason in zip(lines, why, strict=True):
        yield line
        yield f"  {_one_line(reason, WIDTH - 2)}"

    yield f"\n{texts['changes']}\n"
    changes = [(texts["source"], texts["consent"], day(_LAST_DAY[:10]), day(_NEXT_DAY[:10]))]
    for before, after in zip(last_day, next_day, strict=True):
        facts = (value(name, before[name]) for name in ("source", "consent"))
        changes.append((*facts, outcomes[before["dnc_outcome"]], outcomes[after["dnc_outcome"]]))
    yield from _table(changes)

    check(folder / "shop.csv", store, region="FR", at=_NEXT_DAY, rulebook=book, language=lang, out=report)
    yield f"\n{texts['report'].format(path=report)}"
    yield texts["go_on"]
    yield f"$ cd {folder}"
    yield "$ dnc check shop.csv --store store --region FR --at 2026-08-11T10:30 --out verdicts.xlsx"


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
