"""The verb for the rules themselves: list them, print them as SQL, check them, show coming changes."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dnc.cli.help import language, option, verb
from dnc.cli.options import (
    DATE,
    FILE,
    TARGET,
    load_rules,
    open_store,
    print_rows,
    store_verb,
    tell,
    tell_changes,
)
from dnc.clock import today
from dnc.errors import OptionError
from dnc.messages import localized

if TYPE_CHECKING:
    from dnc.law.regimes import Pack, Regime
    from dnc.law.rulebook import Rulebook

    _Chosen = list[tuple[Pack, list[Regime]]]  # packs, each with the regimes that were asked for


_COLUMNS = ("id", "jurisdiction", "force", "from", "until", "demand", "confidence", "says", "cites")


@verb()
@click.argument("jurisdiction", required=False)
@option("--on", type=DATE)
@option("--sql", is_flag=True)
@option("--ahead", type=click.IntRange(min=1), metavar="DAYS")
@option("--brief", type=FILE)
@option("--out", type=TARGET)
@store_verb
def rules(
    *,
    jurisdiction: str | None,
    on: date | None,
    sql: bool,
    ahead: int | None,
    brief: Path | None,
    out: Path | str | None,
) -> int:
    book = load_rules()
    tell_changes(book)
    if brief and not ahead:
        raise click.UsageError(localized("errors", "cli", "brief_needs"))
    jurisdiction = jurisdiction and jurisdiction.lower()
    if jurisdiction and jurisdiction not in book.packs:
        raise click.UsageError(localized("errors", "cli", "no_rules", name=jurisdiction, known=", ".join(book.packs)))
    packs = [pack for id_, pack in book.packs.items() if jurisdiction in (None, id_)]
    chosen = [(pack, pack.on(on) if on else list(pack.regimes)) for pack in packs]
    if ahead:
        return _print_changes(book, packs, on or today(), ahead, brief)
    if out:
        _write_page(chosen, out, on)
    elif sql:
        _print_sql(chosen)
    else:
        print_rows([_row(pack.jurisdiction, regime) for pack, regimes in chosen for regime in regimes], _COLUMNS)
    return 0


def _write_page(chosen: _Chosen, out: Path | str, on: date | None) -> None:
    from dnc.files.output_file import is_page, write_text
    from dnc.reports.law_page import html

    if not is_page(out):
        raise OptionError(localized("errors", "cli", "page_name"))
    write_text(out, html(chosen, language(), on))


def _print_sql(chosen: _Chosen) -> None:
    for pack, _ in chosen:
        for name, body in pack.macros.items():
            click.echo(f"create macro {name}() as {body};\n")
    for regime in (regime for _, regimes in chosen for regime in regimes):
        click.echo(f"-- {regime.id}: {regime.says['en']}\n{regime.sql};\n")


def _print_changes(book: Rulebook, packs: list[Pack], day: date, ahead: int, brief_file: Path | None) -> int:
    """Print what changes in some days after a day; returns the exit code."""
    from dnc.lists.brief import read_brief
    from dnc.reports.law_changes import LawChange, outlook, outlook_for

    first, last = day + timedelta(days=1), day + timedelta(days=ahead)
    if brief_file:
        brief = read_brief(brief_file)
        home = [pack for pack in packs if brief.region in pack.territories]
        changes = outlook_for(brief, home or packs, first, last, book=book, store=open_store(), language=language())
    else:
        changes = outlook(packs, first, last, language())
    print_rows(changes, LawChange._fields)
    if not changes:
        tell("store", "law_same", day=last)
    return 1 if changes else 0


def _row(jurisdiction: str, regime: Regime) -> tuple[Any, ...]:
    first = regime.first if regime.first != date.min else None
    until = regime.until if regime.until != date.max else None
    cites = "; ".join(cite.texts[language()] for cite in regime.cites)
    says = regime.says[language()]
    return (regime.id, jurisdiction, regime.force, first, until, regime.demand, regime.confidence, says, cites)
