"""The verb that assesses a list on offer before it is bought."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dnc.cli.options import (
    DATE,
    FILE,
    JSON,
    LIST,
    TARGET,
    list_options,
    load_brief,
    load_rules,
    open_store,
    progress_bar,
    say,
    source_of,
    store_options,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dnc.files.remote import Query
    from dnc.law.rulebook import Rulebook
    from dnc.vetting.model import Asked, Vetting

_SHARE = click.FloatRange(0, 1)
_PRICE = click.FloatRange(min=0)


@click.command()
@click.argument("files", metavar="[LIST]...", nargs=-1, type=LIST)
@list_options
@click.option("--until", type=DATE, help="Last day of the campaign; its first day is that of --at.")
@click.option(
    "--against",
    multiple=True,
    type=FILE,
    help="A list you already hold, to count the overlap, or a sealed result, to compare this sample with it. "
    "Repeatable.",
)
@click.option("--price", type=_PRICE, metavar="AMOUNT", help="Price of the whole list, in any currency.")
@click.option(
    "--sample-of", type=click.IntRange(min=1), metavar="ROWS", help="LIST is a random sample of a list of ROWS rows."
)
@click.option(
    "--confidence",
    type=click.FloatRange(0.5, 0.9999),
    default=0.95,
    metavar="SHARE",
    show_default=True,
    help="Confidence of the bounds computed from a sample.",
)
@click.option(
    "--min-clear", type=_SHARE, metavar="SHARE", help="Fail if a smaller share of rows is clear for the whole campaign."
)
@click.option(
    "--max-undecided",
    type=_SHARE,
    metavar="SHARE",
    help="Fail if a larger share of rows is undecided on the first day.",
)
@click.option(
    "--max-price-per-clear",
    type=_PRICE,
    metavar="AMOUNT",
    help="Fail if a callable number costs more; requires --price.",
)
@click.option("--seal", is_flag=True, help="Print a sealed result to hand over: only counts of ten or more people.")
@click.option("--sealed", type=FILE, help="Read a sealed result instead of LIST.")
@JSON
@click.option("--out", type=TARGET, help="Also write a report to read and print (.html).")
@store_options
@click.pass_context
def vet(
    ctx: click.Context,
    /,
    *,
    files: tuple[Path | str, ...],
    query: str | None,
    sheet: str | None,
    maps: tuple[tuple[str, str], ...],
    ignore: tuple[str, ...],
    region: str | None,
    given: tuple[tuple[str, str], ...],
    brief: Path | None,
    accept: tuple[tuple[str, str], ...],
    lang: str,
    exit_zero: bool,
    price: float | None,
    min_clear: float | None,
    max_undecided: float | None,
    max_price_per_clear: float | None,
    seal: bool,
    sealed: Path | None,
    as_json: bool,
    out: Path | str | None,
    quiet: bool,
    **options: Any,
) -> None:
    """Assess a list on offer before you buy it.

    It says how many numbers could be called for the planned use, what is missing, and what a callable number costs.

    LIST: same as for `dnc check`.

    The exit code is 1 if a condition (--min-clear, --max-undecided, --max-price-per-clear) fails or a sample
    contradicts the sealed result, else 0.
    """
    from dnc.files.writers import atomic_path, is_page
    from dnc.reports.check_summary import warnings
    from dnc.reports.vet_page import html
    from dnc.reports.vet_summary import summary
    from dnc.vetting.model import Asked
    from dnc.vetting.sealed import read_sealed, write_sealed

    if out and not is_page(out):
        raise click.UsageError("--out must end in .html")
    if max_price_per_clear is not None and price is None:
        raise click.UsageError("--max-price-per-clear requires --price")
    if bool(files) == bool(sealed):
        raise click.UsageError("give either LIST or --sealed FILE")
    asked = Asked(price, min_clear, max_undecided, max_price_per_clear)
    book = load_rules(ctx)
    if sealed:
        vetting = read_sealed(sealed, book, asked)
    else:
        options |= {"brief": load_brief(brief, region, maps, given, ignore, sheet=sheet), "accept": dict(accept)}
        with progress_bar(files, quiet) as progress:
            vetting = _vetted(
                ctx, source_of(files, query), book, asked, seal=seal, language=lang, progress=progress, **options
            )
    for line in warnings(vetting.checked, lang) if vetting.checked and not quiet else ():
        say(line, "warning")
    if out:
        with atomic_path(out) as unfinished:
            unfinished.write_text(html(vetting, book, lang), encoding="utf-8")
    if seal:
        click.echo(write_sealed(vetting), nl=False)
    elif as_json:
        click.echo(json.dumps(vetting.as_data(), ensure_ascii=False, default=str, indent=2))
    else:
        for line in summary(vetting, lang):
            click.echo(line)
    ctx.exit(0 if vetting.opens or exit_zero else 1)


def _vetted(
    ctx: click.Context,
    files: Sequence[Path | str] | Query,
    book: Rulebook,
    asked: Asked,
    *,
    against: tuple[Path, ...],
    sample_of: int | None,
    **options: Any,
) -> Vetting:
    """The vetting of a list, or of a sample compared with the sealed result that is among --against."""
    from dnc.vetting.sealed import held_to, is_sealed, read_sealed
    from dnc.vetting.vet import vet as vet_lists

    claims = [path for path in against if not path.is_dir() and is_sealed(path)]
    if len(claims) > 1:
        raise click.UsageError("only one sealed result can be given with --against")
    claim = read_sealed(claims[0], book) if claims else None
    vetting = vet_lists(
        files,
        open_store(ctx),
        rulebook=book,
        asked=asked,
        against=[path for path in against if path not in claims],
        sample_of=claim.offer.rows if claim else sample_of,
        **options,
    )
    return held_to(claim, vetting) if claim else vetting


VERBS = (vet,)
