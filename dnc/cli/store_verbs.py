"""The verbs for the store: its contents and their state, backup and restore."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dnc.cli.help import language, option, verb
from dnc.cli.options import (
    JSON,
    LANG,
    PAIR,
    TARGET,
    load_rules,
    open_store,
    print_csv,
    print_rows,
    rules_folder,
    say,
    show,
    store_options,
    store_verb,
    tell,
    write_rows,
)
from dnc.errors import StoreError
from dnc.messages import duration, localized, said

if TYPE_CHECKING:
    from dnc.store.records import RecordFile
    from dnc.store.store import Snapshot, Store


@verb()
@click.argument("what", type=click.Choice(["objections", "consents", "calls", "customers", "wordings", "own"]))
@option("--ending", type=click.IntRange(min=0), metavar="DAYS")
@option("--out", type=TARGET)
@option("--to", metavar="NAME")
@store_verb
def export(*, what: str, ending: int | None, out: Path | str | None, to: str | None) -> None:
    from dnc.lists.own_list import own_list
    from dnc.lists.own_records import export as export_records
    from dnc.store import wordings
    from dnc.store.record_kinds import OBJECTIONS

    store = open_store()
    if ending is not None:
        if what != "consents" or to:
            raise click.UsageError(localized("errors", "cli", "ending"))
        from dnc.checks.consent_ends import consents_in_force

        rows = consents_in_force(store, load_rules(), ending)
        write_rows(rows, out)
        tell("store", "consents_ending", days=duration("day", ending), n=rows.height)
        return
    is_own = what in (OBJECTIONS.name, OBJECTIONS.registry)
    if is_own:
        rows = own_list(store)
    elif what == "wordings":
        store.must_exist()
        rows = wordings.table(store.journal)
    else:
        rows = export_records(store, what, to)
    write_rows(rows, out)
    tell("store", "exported" if is_own else "exported_rows", n=rows.height)


@verb()
@option("--files", is_flag=True)
@option("--compare", nargs=2, type=int, metavar="A B")
@option("--numbers", is_flag=True)
@option("--max-age", "max_ages", type=PAIR, multiple=True, metavar="REGISTRY=DAYS")
@option("--metrics", type=click.Path(path_type=Path), metavar="FILE")
@option("--accept", type=PAIR, multiple=True, metavar="WHAT=REASON")
@LANG
@JSON
@store_options
def status(
    *,
    files: bool,
    compare: tuple[int, int] | None,
    numbers: bool,
    max_ages: tuple[tuple[str, str], ...],
    metrics: Path | None,
    accept: tuple[tuple[str, str], ...],
    as_json: bool,
) -> int:
    from dnc.checks.status import status as status_of
    from dnc.files.output_file import atomic_path
    from dnc.law.rulebook import Rulebook
    from dnc.reports.status_lines import as_metrics, as_text
    from dnc.store.load import accepted
    from dnc.store.verify import CLOCK, accept_set_back, verify

    store = open_store()
    if numbers and not compare:
        raise click.UsageError(localized("errors", "cli", "numbers_compare"))
    if compare:
        print_csv(store.diff(*compare, numbers=numbers))
        return 0
    if files:
        print_rows(*_files(store))
        return 0
    found = verify(store.journal)
    if accept:
        accept_set_back(store.journal, found, accepted(dict(accept), [CLOCK])[CLOCK])
        found = verify(store.journal)
    try:
        book = load_rules()
    except StoreError:  # what is damaged is reported below
        book = Rulebook.load(rules_folder())
    state = status_of(store, book, {name: _days(name, days) for name, days in max_ages}, verified=found)
    if metrics:
        with atomic_path(metrics) as unfinished:
            unfinished.write_text(as_metrics(state, time.time()), encoding="utf-8")
        metrics.chmod(0o644)  # the collector is another user, and nothing in it is about a person
    if as_json:
        click.echo(json.dumps(asdict(state), default=str, indent=2))
    else:
        for line in as_text(state, language()):
            show(line)
    if found.due:
        key = "store_faults" if found.damage else "set_back"
        raise StoreError(localized("errors", key, store=store.path, n=len(found.due)))
    return 1 if state.due else 0


def _files(store: Store) -> tuple[list[list[Any]], tuple[str, ...]]:
    """The snapshots, and the files of own records that were loaded, as rows, and their columns."""
    from dnc.store.records import records_in

    counts = ("rows", "listed", "clear", "unknown", "unread")
    columns = ("id", "registry", "as_of", "campaign", *counts)
    kinds = records_in(store.journal.read(), store.path).values()
    loaded: list[Snapshot | RecordFile] = [*store.snapshots()]
    loaded += [file for kind in kinds for file in kind.files if file.name]
    rows = [
        [
            *(getattr(file, name) for name in columns),
            " ".join(prefix or "*" for prefix in file.covers),
            file.loaded_at,
            file.sha256,
            "; ".join(f"{loss.rows} {loss.what}: {loss.reason}" for loss in file.accepted),
        ]
        for file in loaded
    ]
    return rows, (*columns, "prefixes", "loaded_at", "sha256", "accepted")


def _days(name: str, text: str) -> int:
    if not text.isdecimal():
        raise click.UsageError(localized("errors", "cli", "max_age", name=name, days=text))
    return int(text)


@verb()
@click.argument("folder", type=TARGET)
@store_verb
def backup(folder: Path | str) -> None:
    from dnc.store import backup as copies

    tell("store", "copied", folder=folder, head=copies.backup(open_store().journal, folder))


@verb()
@click.argument("folder", type=TARGET)
@store_verb
def restore(folder: Path | str) -> None:
    from dnc.store import backup as copies

    done = copies.restore(open_store().journal, folder)
    log = said(language(), "store", "restored_log", row=str(done.after.seq)) if done.log else ""
    say(said(language(), "store", "restored", n=done.files) + log)
    if done.before.seq > done.after.seq:
        tell("store", "lost", first=str(done.after.seq + 1), last=str(done.before.seq))
    if done.aside:
        tell("store", "aside", folder=done.aside)
