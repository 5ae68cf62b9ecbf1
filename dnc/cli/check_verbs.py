"""The verbs that decide planned calls: check a list, explain one call, draft a brief."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import click

from dnc.cli.options import (
    FILE,
    JSON,
    LANG,
    LIST,
    PAIR,
    SHEET,
    STDOUT,
    TARGET,
    exit_code,
    list_options,
    load_brief,
    load_rules,
    open_store,
    progress_bar,
    row_options,
    say,
    show,
    source_of,
    store_options,
)
from dnc.messages import localized

_FORMATS = ("csv", "jsonl", "parquet", "xlsx")  # those of `dnc.files.writers`, whose import would slow --help


@click.command()
@click.argument("files", metavar="LIST...", nargs=-1, required=True, type=LIST)
@list_options
@click.option(
    "--out",
    multiple=True,
    type=TARGET,
    help="Write rows (.csv, .parquet, .xlsx, .jsonl) or a report to read and print (.html); - is stdout, s3://… an "
    "object, postgresql://…#schema.table a table. Repeatable.  [default: -]",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(_FORMATS),
    default="csv",
    show_default=True,
    help="Format of the rows on stdout.",
)
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print the counts as JSON on stdout; requires --out with a file for the rows.",
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
    help="Write one row for each row of the list, even if it has several numbers: the first that is clear, else the "
    "first that is undecided.",
)
@store_options
@click.pass_context
def check(
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
    out: tuple[Path | str, ...],
    form: str,
    as_json: bool,
    columns: str | None,
    only: tuple[str, ...],
    quiet: bool,
    **options: Any,
) -> None:
    """Check a list of planned calls.

    LIST is a file, - for stdin, several files with the same columns, or a folder of partitioned Parquet files; they are
    checked as one list. It may be the URL of an object (s3://…), or of a database (see --query).

    The exit code is about the rows that are written: with --only clear it is 0; with --changed it is 0 if no outcome
    got worse.
    """
    from dnc import api
    from dnc.reports.check_data import as_data
    from dnc.reports.check_summary import summary

    to_stdout = not out or STDOUT in out
    if as_json and to_stdout:
        raise click.UsageError(localized("errors", "cli", "json_out"))
    book = load_rules(ctx)
    with progress_bar(files, quiet) as progress, _stdout(form, wanted=to_stdout) as (stream, file):
        result = api.check(
            source_of(files, query),
            open_store(ctx),
            brief=load_brief(brief, region, maps, given, ignore, sheet=sheet),
            rulebook=book,
            accept=dict(accept),
            language=lang,
            out=[*(path for path in out if path != STDOUT), *file],
            columns=_split(columns) if columns else None,
            only=[outcome for outcomes in only for outcome in _split(outcomes)],
            stream=stream,
            progress=progress,
            **options,
        )
    if as_json:
        click.echo(json.dumps(as_data(result), ensure_ascii=False, indent=2))
    for line in () if quiet else summary(result):
        say(line)
    ctx.exit(0 if exit_zero else exit_code(result.given))


def _split(names: str) -> list[str]:
    """Names that commas separate, with or without blanks."""
    return [name.strip() for name in names.split(",")]


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except OSError:  # too long for a name
        return False


@contextmanager
def _stdout(form: str, *, wanted: bool) -> Iterator[tuple[IO[bytes] | None, list[Path]]]:
    """Where the rows for stdout go: a stream of CSV, or a temporary file that is copied to stdout at the end."""
    if wanted and form != "csv":
        with tempfile.TemporaryDirectory(prefix="dnc-") as folder:
            file = Path(folder) / f"rows.{form}"
            yield None, [file]
            with file.open("rb") as rows:
                shutil.copyfileobj(rows, sys.stdout.buffer)
    else:
        yield sys.stdout.buffer if wanted else None, []
    sys.stdout.buffer.flush()


@click.command()
@click.argument("number", metavar="NUMBER|LIST")
@row_options
@click.option(
    "--row", type=click.IntRange(min=1), metavar="N", help="Explain this row of LIST; 1 is the first below the header."
)
@click.option("--all", "every", is_flag=True, help="Show every rule in force in full, also those that do not apply.")
@JSON
@store_options
@click.pass_context
def explain(
    ctx: click.Context,
    /,
    *,
    number: str,
    sheet: str | None,
    maps: tuple[tuple[str, str], ...],
    ignore: tuple[str, ...],
    consents: Path | None,
    region: str | None,
    at: str | None,
    given: tuple[tuple[str, str], ...],
    brief: Path | None,
    guidance: str,
    accept: tuple[tuple[str, str], ...],
    lang: str,
    exit_zero: bool,
    row: int | None,
    every: bool,
    as_json: bool,
) -> None:
    """Explain one call, or a row of a list: what decides it.

    --sheet, --map, --ignore and --consents are for a list, as for dnc check.
    """
    from dnc.checks.explain import explain_call, explain_row
    from dnc.checks.settings import Settings
    from dnc.reports import explanation

    if row is None and (sheet or maps or ignore or consents):
        raise click.UsageError(localized("errors", "cli", "list_row"))
    if row is None and _is_file(number):
        raise click.UsageError(localized("errors", "cli", "which_row", path=number))
    settings = Settings(
        brief=load_brief(brief, region, maps, () if row is None else given, ignore, sheet=sheet),
        consents=consents,
        at=at,
        guidance=guidance,
        rulebook=load_rules(ctx),
        accept=dict(accept),
        language="en" if as_json else lang,
    )
    if row is None:
        calls = [explain_call(number, open_store(ctx), settings, dict(given))]
    else:
        calls = explain_row(LIST.convert(number, None, ctx), row, open_store(ctx), settings)
    if as_json:
        data = [explanation.as_data(call) for call in calls]
        # Several numbers of a row are several calls.
        click.echo(json.dumps(data if len(data) > 1 else data[0], ensure_ascii=False, default=str, indent=2))
    else:
        texts = ("\n".join(explanation.as_text(call, lang, every=every)) for call in calls)
        show("\n\n".join(texts))
    outcomes = [call.verdict["dnc_outcome"] for call in calls]
    counts = {outcome: outcomes.count(outcome) for outcome in ("blocked", "undecided")}
    ctx.exit(0 if exit_zero else exit_code(counts))


@click.command("brief")
@click.argument("file", type=FILE)
@SHEET
@LANG
@click.option(
    "--set",
    "given",
    type=PAIR,
    multiple=True,
    metavar="COLUMN=VALUE",
    help="Value for all rows, e.g. caller=commercial; questions that it settles are left out. Repeatable.",
)
@store_options
@click.pass_context
def brief_(
    ctx: click.Context, /, *, file: Path, sheet: str | None, lang: str, given: tuple[tuple[str, str], ...]
) -> None:
    """Draft a brief (settings of a campaign) from a list.

    Review it before use: guesses are commented out. dnc start asks you about them instead.
    """
    from dnc.checks.brief_draft import draft

    _ = load_brief(None, given=given)  # a fact that is not understood is wrong usage
    for line in draft(file, load_rules(ctx), lang, given=dict(given), store=open_store(ctx), sheet=sheet):
        show(line)


VERBS = (check, explain, brief_)
