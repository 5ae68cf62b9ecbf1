"""What the caller records: objections, consents, calls made and wordings of consents, one by one or in files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import fields
from datetime import date
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dnc.cli.help import Verbs, language, option, verb
from dnc.cli.options import DATE, FILE, PAIR, REGION, load_rules, open_store, say, store_verb, tell
from dnc.errors import InputError, RolesError
from dnc.messages import NOTHING, localized, said
from dnc.store.record_kinds import KINDS

if TYPE_CHECKING:
    from dnc.lists.own_records import RecordReading
    from dnc.store.records import Added

_MORE = option("--set", "more", multiple=True, type=PAIR, metavar="COLUMN=VALUE")


def load_records(files: Sequence[Path], **options: Any) -> None:
    """Load files of own records for `dnc load`, with its options. Raises click.UsageError."""
    from dnc.lists import own_records

    kind, covers = options.pop("registry"), options.pop("covers")
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


def _days(covers: Sequence[str]) -> tuple[date, date]:
    """The first and the last day of --covers. Raises click.UsageError."""
    try:
        [days] = covers
        first, last = (date.fromisoformat(day) for day in days.split("..", 1))
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


@click.group("record", cls=Verbs)
def record() -> None:
    """`dnc record`."""


@verb("objection", of=record)
@click.argument("numbers", nargs=-1, required=True)
@option("--on", required=True, type=DATE)
@REGION
@option("--reason")
@option("--lift", is_flag=True)
@store_verb
def objection(*, numbers: tuple[str, ...], on: date, region: str | None, reason: str | None, lift: bool) -> None:
    if lift and not (reason or "").strip():
        raise click.UsageError(localized("errors", "lift_reason"))
    store = open_store()
    if not lift:
        tell("store", "recorded", n=store.object(numbers, on, region=region, reason=reason), day=on)
        return
    from dnc.lists.own_list import on_own_list
    from dnc.store.store import read_all

    asked = set(read_all(numbers, region))
    before = on_own_list(store, asked)
    store.object(numbers, on, region=region, reason=reason, lift=True)
    after = on_own_list(store, asked)
    tell("store", "lifted", n=len(before - after), day=on)
    if absent := asked - before:
        tell("store", "not_on_list", n=len(absent))
    if after:
        tell("store", "still_on_list", n=len(after), day=on)


@verb("consent", of=record)
@click.argument("number")
@option("--on", "consent_on")
@option("--withdrawn-on", "consent_withdrawn_on")
@option("--for", "consent_for", type=click.Choice(["live", "automated", "both"]))
@option("--proof-file", type=FILE)
@_MORE
@REGION
@store_verb
def consent(
    *, number: str, proof_file: Path | None, more: Sequence[tuple[str, str]], region: str | None, **given: str | None
) -> None:
    from dnc.files.input_file import input_sha256

    facts = {"number": number} | {name: fact for name, fact in given.items() if fact is not None} | dict(more)
    if not facts.keys() & {"consent_on", "consent_withdrawn_on"} and facts.get("consent") != "none":
        raise click.UsageError(localized("errors", "cli", "consent_day"))
    if "consent_on" in facts:
        facts.setdefault("consent", "named_caller")
    if proof_file:
        facts |= {"proof": facts.get("proof") or str(proof_file), "proof_sha256": input_sha256(proof_file)}
    _record("consents", facts, region)


@verb("call", of=record)
@click.argument("number")
@option("--at", required=True)
@option("--result", required=True)
@_MORE
@REGION
@store_verb
def call(*, number: str, region: str | None, more: Sequence[tuple[str, str]], **given: str | None) -> None:
    _record("calls", {"number": number, **given, **dict(more)}, region)


def _record(kind: str, given: dict[str, Any], region: str | None) -> None:
    from dnc.lists import own_records

    say(_added(kind, own_records.record(open_store(), kind, [given], load_rules(), region)))


@verb("wording", of=record)
@click.argument("path", metavar="FILE", type=FILE)
@option("--name", required=True)
@_MORE
@store_verb
def wording(*, path: Path, name: str, more: Sequence[tuple[str, str]]) -> None:
    from dnc.files.open_table import only_text
    from dnc.store import wordings

    text, *more_text = islice(only_text(path).pieces(), 2)
    if more_text:
        raise InputError(localized("errors", "larger", most=1), path)
    added = wordings.add(open_store().journal, name, text, dict(more))
    tell("records", "wording", name=added.name, hash=added.sha256)
