"""The verbs that decide planned calls: check a list, explain one call, draft a brief."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from dnc.cli.help import language, option, verb
from dnc.cli.options import (
    AROUND,
    FILE,
    JSON,
    LANG,
    LIST,
    PAIR,
    SHEET,
    STDOUT,
    TARGET,
    as_usage,
    conditions_of,
    exit_code,
    list_options,
    load_rules,
    open_store,
    progress_bar,
    row_options,
    say,
    settings_of,
    show,
    source_of,
    store_options,
    tell_changes,
    write_rows,
)
from dnc.messages import localized

_FORMATS = ("csv", "jsonl", "parquet", "xlsx")  # those of `dnc.files.writers`, whose import would slow --help


@verb()
@click.argument("files", metavar="LIST...", nargs=-1, required=True, type=LIST)
@SHEET
@AROUND
@list_options
@option("--out", multiple=True, type=TARGET)
@option("--format", "form", type=click.Choice(_FORMATS), default="csv", show_default=True)
@JSON
@option("--columns", metavar="NAMES", callback=lambda ctx, param, names: names and _split(names))
@option("--keep", is_flag=True)
@option(
    "--only",
    multiple=True,
    metavar="OUTCOME",
    callback=lambda ctx, param, chosen: [outcome for outcomes in chosen for outcome in _split(outcomes)],
)
@option("--changed", is_flag=True)
@option("--best", is_flag=True)
@option("--append", is_flag=True)
@store_options
def check(files: tuple[Path | str, ...], query: str | None, form: str, *, quiet: bool, **given: Any) -> int:
    from dnc import api
    from dnc.checks.result import Conditions
    from dnc.reports import check_summary
    from dnc.reports.check_data import as_data

    asked = conditions_of(Conditions)
    out = given["out"] or [STDOUT]
    if given["as_json"] and STDOUT in out:
        raise click.UsageError(localized("errors", "cli", "json_out"))
    settings = settings_of()
    with progress_bar(files, quiet) as progress:
        result = api.check(
            source_of(files, query),
            open_store(),
            settings=settings,
            out=[f"{STDOUT}.{form}" if path == STDOUT else path for path in out],
            progress=progress,
            **{name: given[name] for name in ("columns", "only", "changed", "best", "keep", "append")},
        )
    compared = asked.of(result.counts)
    if given["as_json"]:
        click.echo(json.dumps(as_data(result, compared), ensure_ascii=False, indent=2))
    for line in () if quiet else (*check_summary.summary(result), *check_summary.conditions(compared, language())):
        say(line)
    return int(not all(one.holds for one in compared)) if compared else exit_code(result.given)


def _split(names: str) -> list[str]:
    """Names that commas separate, with or without blanks."""
    return [name.strip() for name in names.split(",")]


@verb()
@click.argument("number", metavar="NUMBER|LIST")
@row_options
@option("--row", type=click.IntRange(min=1), metavar="N")
@option("--all", "every", is_flag=True)
@JSON
@store_options
def explain(
    *,
    number: str,
    row: int | None,
    every: bool,
    as_json: bool,
    **options: Any,
) -> int:
    from dnc.checks.explain import explain_call, explain_row
    from dnc.reports import explanation

    if row is None and any(options[name] for name in ("sheet", "maps", "ignore", "consents")):
        raise click.UsageError(localized("errors", "cli", "list_row"))
    if row is None and os.path.isfile(number):  # noqa: PTH113 (a `Path` raises where a text is too long for a name)
        raise click.UsageError(localized("errors", "cli", "which_row", path=number))
    book = load_rules()
    tell_changes(book)
    settings = settings_of(book, for_one_call=row is None)
    if as_json:
        settings = replace(settings, language="en")
    if row is None:
        calls = [explain_call(number, open_store(), settings, dict(options["given"]))]
    else:
        calls = explain_row(LIST.convert(number, None, click.get_current_context()), row, open_store(), settings)
    if as_json:
        data = [explanation.as_data(call) for call in calls]
        # Several numbers of a row are several calls.
        click.echo(json.dumps(data if len(data) > 1 else data[0], ensure_ascii=False, default=str, indent=2))
    else:
        texts = ("\n".join(explanation.as_text(call, language(), every=every)) for call in calls)
        show("\n\n".join(texts))
    outcomes = [call.verdict["dnc_outcome"] for call in calls]
    counts = {outcome: outcomes.count(outcome) for outcome in ("blocked", "undecided")}
    return exit_code(counts)


@verb("brief")
@click.argument("file", type=FILE)
@SHEET
@LANG
@option("--set", "given", type=PAIR, multiple=True, metavar="COLUMN=VALUE")
@option("--out", type=click.Path(path_type=Path))
@option("--add-to", type=FILE)
@option("--texts", multiple=True, metavar="COLUMN")
@option("--texts-from", type=FILE)
@store_options
def brief_(
    *,
    file: Path,
    sheet: str | None,
    given: tuple[tuple[str, str], ...],
    out: Path | None,
    add_to: Path | None,
    texts: tuple[str, ...],
    texts_from: Path | None,
) -> None:
    from dnc.checks.brief_draft import completed, draft, texts_of_columns
    from dnc.files.output_file import write_text
    from dnc.lists.brief import Brief

    with as_usage():
        Brief().but(facts=dict(given))
    if (texts and (add_to or texts_from)) or (texts_from and not add_to):
        raise click.UsageError(localized("errors", "cli", "brief_texts"))
    target = add_to or out
    if texts:
        table, delimiter = texts_of_columns(file, texts, load_rules(), sheet)
        write_rows(table, out, delimiter, bom=True)
        return
    if add_to:
        written = completed(file, load_rules(), add_to, texts_from, sheet)
    else:
        lines = draft(file, load_rules(), language(), given=dict(given), store=open_store(), sheet=sheet)
        written = "\n".join([*lines, ""])
    if target is None:
        show(written.rstrip("\n"))
        return
    write_text(target, written)
