"""The verb that assesses a list on offer before it is bought."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from dnc.cli.help import language, option, verb
from dnc.cli.options import (
    DATE,
    FILE,
    JSON,
    LIST,
    SHARE,
    TARGET,
    conditions,
    fields_in,
    list_options,
    load_rules,
    open_store,
    progress_bar,
    say,
    settings_of,
    show,
    source_of,
    store_options,
    together,
)
from dnc.messages import localized
from dnc.vetting import DRAWN, SHOWN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dnc.checks.settings import Settings
    from dnc.files.remote import Query
    from dnc.law.rulebook import Rulebook
    from dnc.vetting.draws import OfferedRows, Proofs
    from dnc.vetting.model import Vetting


# Draws: rows of an offer taken at random, whose consents the seller has to prove

draw_options = together(
    option("--draw", is_flag=False, flag_value=DRAWN, type=click.IntRange(min=1), metavar="[ROWS]"),
    option("--plan", "planned", is_flag=True),
    option("--drawn", type=FILE),
    option("--proofs", "answers", type=FILE),
    option("--our-name", metavar="NAME"),
    option("--min-proved", type=SHARE, metavar="SHARE"),
)


def proofs_of(given: dict[str, Any]) -> Proofs | None:
    """The proofs that are given. Raises UsageError if they do not go together."""
    from dnc.vetting.draws import Proofs

    drawn, answers, name = given["drawn"], given["answers"], given["our_name"]
    if bool(drawn) != bool(answers) or (name and not answers):
        raise click.UsageError(localized("errors", "cli", "drawn_proofs"))
    return Proofs(drawn, answers, name) if drawn else None


def run_draw(offered: OfferedRows, given: dict[str, Any]) -> None:
    """Draw, or say what a draw can show. Raises UsageError if options do not go together."""
    from dnc.reports.vet_summary import made_lines, plan_lines
    from dnc.vetting.draws import draw, plan

    if given["planned"]:
        asked = SHOWN if given["min_proved"] is None else given["min_proved"]
        can_show = plan(offered, given["draw"], asked, given["confidence"])
        data, lines = asdict(can_show), plan_lines(can_show, given["confidence"], language())
    elif given["out"]:
        made = draw(offered, open_store(), given["draw"], Path(given["out"]))
        data, lines = asdict(made), made_lines(made, language())
    else:
        raise click.UsageError(localized("errors", "cli", "draw_out"))
    if given["as_json"]:
        click.echo(json.dumps(data, indent=2))
    else:
        for line in lines:
            show(line)


_PRICE = click.FloatRange(min=0)
# Options that have an effect with --draw, which decides nothing, and those that have one with --plan too.
_WITH_DRAW = {
    *("draw", "planned", "out", "query", "sheet", "maps", "ignore", "around", "region", "brief"),
    *("exit_zero", "quiet", "as_json"),
}
_WITH_PLAN = {"min_proved", "confidence"}


@verb()
@click.argument("files", metavar="LIST...", nargs=-1, required=True, type=LIST)
@list_options
@option("--until", type=DATE)
@option("--against", multiple=True, type=FILE)
@option("--price", type=_PRICE, metavar="AMOUNT")
@option("--currency", metavar="CODE")
@option("--sample-of", type=click.IntRange(min=1), metavar="ROWS")
@option("--confidence", type=click.FloatRange(0.5, 0.9999), default=0.95, metavar="SHARE", show_default=True)
@draw_options
@conditions
@option("--max-price-per-clear", type=_PRICE, metavar="AMOUNT")
@JSON
@option("--out", type=TARGET)
@option("--letter", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")
@store_options
def vet(**given: Any) -> int:
    from dnc.vetting.draws import OfferedRows

    _refuse_combinations(given)
    _refuse_ineffective(click.get_current_context())
    files, book = source_of(given["files"], given["query"]), load_rules()
    settings = settings_of(book)
    if given["draw"]:
        run_draw(OfferedRows(files, settings.campaign, book), given)
        return 0
    vetting = _assessed(given, files, settings)
    _write(vetting, given, book)
    return 0 if vetting.opens or given["exit_zero"] else 1


def _assessed(given: dict[str, Any], files: Sequence[Path | str] | Query, settings: Settings) -> Vetting:
    from dnc.vetting.model import Asked
    from dnc.vetting.vet import vet as vet_lists

    asked = Asked(**fields_in(given, Asked))
    with progress_bar(given["files"], given["quiet"]) as progress:
        return vet_lists(
            files,
            open_store(),
            settings=settings,
            asked=asked,
            proofs=proofs_of(given),
            progress=progress,
            **{name: given[name] for name in ("until", "against", "sample_of", "confidence")},
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


def _refuse_combinations(given: dict[str, Any]) -> None:
    """Raise UsageError if options do not go together."""
    from dnc.files.output_file import is_page

    out = given["out"]
    wrong = {
        "plan_draw": given["planned"] and not given["draw"],
        "page_name": out and not given["draw"] and not is_page(out),
        "price": given["price"] is None and (given["currency"] or given["max_price_per_clear"] is not None),
    }
    if found := next(filter(wrong.get, wrong), None):
        raise click.UsageError(localized("errors", "cli", found))


def _refuse_ineffective(ctx: click.Context) -> None:
    """Raise UsageError at an option that has no effect beside --draw: a condition must not seem to be met."""
    if not ctx.params["draw"]:
        return
    used = _WITH_DRAW | (_WITH_PLAN if ctx.params["planned"] else set())
    typed = [
        option.opts[0]
        for option in ctx.command.params
        if isinstance(option, click.Option)
        and option.expose_value
        and option.name not in used
        and ctx.get_parameter_source(str(option.name)) is ParameterSource.COMMANDLINE
    ]
    if typed:
        raise click.UsageError(localized("errors", "cli", "with_draw", names=", ".join(typed)))
