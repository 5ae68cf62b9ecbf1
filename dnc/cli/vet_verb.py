"""The verb that assesses a list on offer before it is bought."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from dnc.cli.help import language, option, verb
from dnc.cli.options import (
    AMOUNT,
    DATE,
    FILE,
    JSON,
    LIST,
    TARGET,
    conditions_of,
    list_options,
    load_rules,
    open_store,
    progress_bar,
    say,
    settings_of,
    show,
    source_of,
    store_options,
)
from dnc.messages import localized, said
from dnc.vetting import DRAWN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dnc.checks.settings import Settings
    from dnc.files.remote import Query
    from dnc.law.rulebook import Rulebook
    from dnc.vetting.draws import OfferedRows
    from dnc.vetting.model import Vetting


def _draw(offered: OfferedRows, given: dict[str, Any]) -> None:
    """Draw rows of an offer, whose consents the seller has to prove."""
    from dnc.vetting.draws import draw

    if not given["out"]:
        raise click.UsageError(localized("errors", "cli", "draw_out"))
    rows = draw(offered, given["draw"], Path(given["out"]))
    show(said(language(), "vet", "draw_made", size=given["draw"], rows=rows))


# Options that have an effect with --draw, which decides nothing.
_WITH_DRAW = {"draw", "out", "query", "maps", "ignore", "region", "brief", "quiet"}


@verb()
@click.argument("files", metavar="LIST...", nargs=-1, required=True, type=LIST)
@list_options
@option("--until", type=DATE)
@option("--against", multiple=True, type=FILE)
@option("--price", type=AMOUNT, metavar="AMOUNT")
@option("--sample-of", type=click.IntRange(min=1), metavar="ROWS")
@option("--draw", is_flag=False, flag_value=DRAWN, type=click.IntRange(min=1), metavar="[ROWS]")
@option("--proofs", type=FILE)
@JSON
@option("--out", type=TARGET)
@option("--letter", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")
@store_options
def vet(**given: Any) -> int:
    from dnc.vetting.draws import OfferedRows

    _refuse_other_pages(given)
    _refuse_ineffective(click.get_current_context())
    files, book = source_of(given["files"], given["query"]), load_rules()
    settings = settings_of(book)
    if given["draw"]:
        _draw(OfferedRows(files, settings.campaign, book), given)
        return 0
    vetting = _assessed(given, files, settings)
    _write(vetting, given, book)
    return 0 if vetting.opens else 1


def _assessed(given: dict[str, Any], files: Sequence[Path | str] | Query, settings: Settings) -> Vetting:
    from dnc.vetting.model import Asked
    from dnc.vetting.vet import vet as vet_lists

    price, currency = given["price"] or (None, None)
    asked = conditions_of(Asked, price=price, currency=currency)
    with progress_bar(given["files"], given["quiet"]) as progress:
        return vet_lists(
            files,
            open_store(),
            settings=settings,
            asked=asked,
            progress=progress,
            **{name: given[name] for name in ("until", "against", "sample_of", "proofs")},
        )


def _write(vetting: Vetting, given: dict[str, Any], book: Rulebook) -> None:
    """Write and print what was asked for."""
    from dnc.files.output_file import write_text
    from dnc.reports.check_summary import left_out, warnings
    from dnc.reports.letter_file import write_letter
    from dnc.reports.seller_letter import seller_letter
    from dnc.reports.vet_page import html
    from dnc.reports.vet_summary import VettingInWords

    lang, checked = language(), vetting.checked
    for line in () if given["quiet"] else (*left_out(checked, lang), *warnings(checked, lang)):
        say(line, "warning")
    if given["out"]:
        write_text(given["out"], html(vetting, book, lang))
    if given["letter"]:
        write_letter(given["letter"], seller_letter(vetting, lang), lang)
    if given["as_json"]:
        click.echo(json.dumps(vetting.as_data(), ensure_ascii=False, indent=2))
    else:
        for line in VettingInWords(vetting, lang).summary():
            show(line)


def _refuse_other_pages(given: dict[str, Any]) -> None:
    """Raise UsageError if --out names no page."""
    from dnc.files.output_file import is_page

    if (out := given["out"]) and not given["draw"] and not is_page(out):
        raise click.UsageError(localized("errors", "cli", "page_name"))


def _refuse_ineffective(ctx: click.Context) -> None:
    """Raise UsageError at an option that has no effect beside --draw: a condition must not seem to be met."""
    if not ctx.params["draw"]:
        return
    typed = [
        option.opts[0]
        for option in ctx.command.params
        if isinstance(option, click.Option)
        and option.expose_value
        and option.name not in _WITH_DRAW
        and ctx.get_parameter_source(str(option.name)) is ParameterSource.COMMANDLINE
    ]
    if typed:
        raise click.UsageError(localized("errors", "cli", "with_draw", names=", ".join(typed)))
