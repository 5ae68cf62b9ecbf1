"""The verbs that decide planned calls: check a list, explain one call, draft a brief."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from dnc.cli.options import (
    FILE,
    JSON,
    SHEET,
    call_options,
    exit_code,
    list_options,
    load_brief,
    load_rules,
    open_store,
    progress_bar,
    say,
    store_options,
)
from dnc.messages import LANGUAGES


@click.command()
@click.argument("files", metavar="LIST...", nargs=-1, required=True, type=FILE)
@list_options
@click.option(
    "--out",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Write rows (.csv, .parquet, .xlsx, .jsonl) or a report to read and print (.html). Repeatable. "
    "[default: CSV on stdout]",
)
@click.option("--columns", metavar="NAMES", help="Verdict columns to write, e.g. outcome,why. [default: all]")
@click.option("--keep", is_flag=True, help="Keep the decisions in the store, for dnc answer; see dnc retain.")
@click.option("--only", multiple=True, metavar="OUTCOME", help="Write only rows with this outcome. Repeatable.")
@click.option(
    "--changed",
    is_flag=True,
    help="Check an earlier output again; write only rows whose outcome changed, with the old one in dnc_was.",
)
@click.option(
    "--best",
    is_flag=True,
    help="Write one row for each row of the list, also if it has several numbers: the first that is clear, else the "
    "first that is undecided.",
)
@store_options
@click.pass_context
def check(
    ctx: click.Context,
    /,
    *,
    files: tuple[Path, ...],
    sheet: str | None,
    maps: tuple[tuple[str, str], ...],
    ignore: tuple[str, ...],
    region: str | None,
    given: tuple[tuple[str, str], ...],
    brief: Path | None,
    accept: tuple[tuple[str, str], ...],
    lang: str,
    exit_zero: bool,
    out: tuple[Path, ...],
    columns: str | None,
    only: tuple[str, ...],
    quiet: bool,
    **options: Any,
) -> None:
    """Check a list of planned calls.

    LIST is a file, several files with the same columns, or a folder of partitioned Parquet files; they are checked as
    one list.

    The exit code is about the rows that are written: with --only clear it is 0; with --changed it is 0 if no outcome
    got worse.
    """
    from dnc import api
    from dnc.reports.check_summary import summary

    book = load_rules(ctx)
    with progress_bar(files, quiet) as progress:
        result = api.check(
            files,
            open_store(ctx),
            brief=load_brief(brief, region, maps, given, ignore, sheet=sheet),
            rulebook=book,
            accept=dict(accept),
            language=lang,
            out=out,
            columns=columns.split(",") if columns else None,
            only=[outcome for outcomes in only for outcome in outcomes.split(",")],
            stream=None if out else sys.stdout.buffer,
            progress=progress,
            **options,
        )
    sys.stdout.buffer.flush()
    for line in () if quiet else summary(result, book, lang):
        say(line)
    ctx.exit(0 if exit_zero else exit_code(result.given))


@click.command()
@click.argument("number")
@call_options("Value of a column of planned calls. Repeatable.")
@JSON
@store_options
@click.pass_context
def explain(
    ctx: click.Context,
    /,
    *,
    number: str,
    region: str | None,
    at: str | None,
    given: tuple[tuple[str, str], ...],
    brief: Path | None,
    guidance: str,
    accept: tuple[tuple[str, str], ...],
    lang: str,
    exit_zero: bool,
    as_json: bool,
) -> None:
    """Explain one call: what each regime in force says about it, and why."""
    from dnc import api
    from dnc.reports import explanation

    book = load_rules(ctx)
    verdict, findings = api.explain(
        number,
        open_store(ctx),
        dict(given),
        brief=load_brief(brief, region),
        at=at,
        guidance=guidance,
        rulebook=book,
        accept=dict(accept),
        language=lang,
    )
    if as_json:
        data = explanation.as_data(verdict, findings, lang)
        click.echo(json.dumps(data, ensure_ascii=False, default=str, indent=2))
    else:
        for line in explanation.as_text(verdict, findings, lang):
            click.echo(line)
    outcome = str(verdict["dnc_outcome"])
    ctx.exit(0 if exit_zero else exit_code({"blocked": outcome == "blocked", "undecided": outcome == "undecided"}))


@click.command("brief")
@click.argument("file", type=FILE)
@SHEET
@click.option("--lang", type=click.Choice(LANGUAGES), default="en", show_default=True, help="Language of the comments.")
@store_options
@click.pass_context
def brief_(ctx: click.Context, /, *, file: Path, sheet: str | None, lang: str) -> None:
    """Draft a brief (settings of a campaign) from the columns of a list.

    Review it before use: guesses are commented out.
    """
    from dnc.checks.brief_draft import draft

    for line in draft(file, load_rules(ctx), lang, sheet):
        click.echo(line)


VERBS = (check, explain, brief_)
