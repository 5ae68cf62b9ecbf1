"""The verbs for own records: consents, calls made, customers, and the wordings of consents."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import fields
from datetime import date
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dnc.cli.help import language, option, verb
from dnc.cli.options import (
    FILE,
    JSON,
    PAIR,
    REGION,
    TARGET,
    load_rules,
    open_store,
    print_rows,
    say,
    show,
    store_verb,
    tell,
    write_rows,
)
from dnc.errors import InputError, RolesError
from dnc.messages import NOTHING, duration, localized, said
from dnc.store.record_kinds import KINDS

if TYPE_CHECKING:
    from dnc.lists.own_records import RecordReading
    from dnc.store.records import Added

_MORE = option("--set", "more", multiple=True, type=PAIR, metavar="COLUMN=VALUE")


def load_records(files: Sequence[Path], **options: Any) -> None:
    """Load files of own records for `dnc load`, with its options. Raises click.UsageError."""
    from dnc.lists import own_records
    from dnc.lists.brief import read_brief

    kind, covers = options.pop("registry"), options.pop("covers_days")
    if path := options.pop("brief"):
        brief = read_brief(path)
        options |= {"texts": brief.texts, "ignore": [*brief.ignore, *options["ignore"]]}
        options["around"] = options["around"] or brief.around
    names = {field.name for field in fields(own_records.RecordReading)}
    for name, value in options.items():
        if name not in names and value:
            raise click.UsageError(localized("errors", "cli", "registry_option", option=name.replace("_", "-")))
    known = {name: value for name, value in options.items() if name in names}
    reading = own_records.RecordReading(**known, covers_days=_days(covers) if covers else None)
    try:
        added = own_records.load(open_store(), kind, files, load_rules(), reading)
    except InputError as error:
        _name_columns(error, kind, reading)
        raise
    for path, one in zip(files, added, strict=True):
        say(f"{path}: {_added(kind, one)}")


def _name_columns(error: InputError, kind: str, reading: RecordReading) -> None:
    """Let an error about the header of a file end with the options that say what its other columns may be."""
    from dnc.files.table import as_typed, folded
    from dnc.lists.guesses import Guesses
    from dnc.lists.own_records import likely_columns

    if error.path is None:
        return
    with suppress(InputError):
        guesses = Guesses(error.path, load_rules(), reading.sheet)
        used = {*map(folded, reading.columns.values()), *map(folded, reading.ignore)}
        likely = {ours: name for ours, name in likely_columns(KINDS[kind], guesses).items() if folded(name) not in used}
        if likely and error.at == guesses.table.skipped + 1:
            maps = " ".join(f"--map {ours}={as_typed(name)}" for ours, name in likely.items())
            where = "comment" if isinstance(error, RolesError) else "after"  # its message ends with lines of a brief
            error.reword(NOTHING + error.message + localized("errors", "likely_columns", where, maps=maps))


def _days(text: str) -> tuple[date, date]:
    """The first and the last day of --covers-days. Raises click.UsageError."""
    try:
        first, last = (date.fromisoformat(day) for day in text.split("..", 1))
    except ValueError:
        raise click.UsageError(localized("errors", "covers_days")) from None
    return first, last


def _added(kind: str, added: Added) -> str:
    lang = language()
    more = [said(lang, "records", name, n=n) for name in ("known", "silent") if (n := getattr(added, name))]
    if added.odd:
        cells: Counter[str] = Counter()
        for column, _, rows in added.misread:
            cells[column] += rows
        columns = ", ".join(f"{column} {rows}" for column, rows in cells.most_common())
        more.append(said(lang, "records", "odd" if columns else "odd_rows", n=added.odd, columns=columns))
    named = localized("records", "kinds", kind)
    return said(lang, "records", "added", kind=named, n=added.rows, more="".join(more))


@verb()
@click.argument("number")
@option("--on", "consent_on")
@option("--withdrawn-on", "consent_withdrawn_on")
@option("--for", "consent_for", type=click.Choice(["live", "automated", "both"]))
@option("--consent", type=click.Choice(["none", "named_caller", "partners", "written"]))
@option("--until", "consent_until")
@option("--hours", "hours_agreed")
@option("--wording", metavar="NAME")
@option("--proof")
@option("--proof-file", type=FILE)
@_MORE
@REGION
@store_verb
def consent(
    *,
    number: str,
    proof_file: Path | None,
    more: Sequence[tuple[str, str]],
    region: str | None,
    **given: str | None,
) -> None:
    from dnc.files.input_file import input_sha256

    if given["consent_on"] is None and given["consent_withdrawn_on"] is None and given["consent"] != "none":
        raise click.UsageError(localized("errors", "cli", "consent_day"))
    if given["consent_on"] and not given["consent"]:
        given["consent"] = "named_caller"
    if proof_file:
        given |= {"proof": given["proof"] or str(proof_file), "proof_sha256": input_sha256(proof_file)}
    _record("consents", {"number": number, **given, **dict(more)}, region)


@verb()
@click.argument("number")
@option("--at", required=True)
@option("--result", required=True)
@option("--call-id")
@option("--campaign")
@_MORE
@REGION
@store_verb
def called(*, number: str, region: str | None, more: Sequence[tuple[str, str]], **given: str | None) -> None:
    _record("calls", {"number": number, **given, **dict(more)}, region)


def _record(kind: str, given: dict[str, Any], region: str | None) -> None:
    from dnc.lists import own_records

    say(_added(kind, own_records.record(open_store(), kind, [given], load_rules(), region)))


@verb()
@click.argument("action", type=click.Choice(["add", "list", "show"]))
@click.argument("what", metavar="[FILE|NAME]", required=False)
@option("--name")
@_MORE
@store_verb
def wordings(*, action: str, what: str | None, name: str | None, more: Sequence[tuple[str, str]]) -> None:
    import msgspec

    from dnc.files.open_table import only_text
    from dnc.store import wordings as stored

    ledger = open_store().ledger
    if (action == "list") != (what is None) or (action == "add") != bool(name):
        raise click.UsageError(localized("errors", "cli", "wordings"))
    if action == "add":
        text, *more_text = islice(only_text(path := Path(str(what))).pieces(), 2)
        if more_text:
            raise InputError(localized("errors", "larger", most=1), path)
        added = stored.add(ledger, str(name), text, dict(more))
        tell("records", "wording", name=added.name, hash=added.sha256)
        return
    known = stored.in_store(ledger)
    if action == "list":
        rows = [(one.name, one.sha256, one.added_at, msgspec.json.encode(one.facts).decode()) for one in known]
        print_rows(rows, ("name", "sha256", "added_at", "facts"))
    elif found := [one.text for one in known if one.name == what]:
        show(found[0])
    else:
        raise InputError(localized("errors", "wording", "none", name=what))


@verb()
@option("--ending", type=click.IntRange(min=0), metavar="DAYS")
@option("--out", type=TARGET)
@JSON
@store_verb
def consents(ending: int | None, out: Path | str | None, *, as_json: bool) -> None:
    from dnc.checks.consent_ends import consents_in_force, ends_of

    rows = consents_in_force(open_store(), load_rules(), ending)
    if as_json:
        click.echo(json.dumps({"consents": rows.to_dicts(), "ends": ends_of(rows)}, default=str, indent=2))
    else:
        write_rows(rows, out)
    key = "consents" if ending is None else "consents_ending"
    tell("store", key, days=duration("day", ending or 0), n=rows.height)
