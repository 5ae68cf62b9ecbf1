"""The verb that loads files: registries and own records."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dnc.cli.help import language, option, verb
from dnc.cli.options import DATE, FILE, IGNORE, MAP, PAIR, REGION, SHEET, by_name, open_store, say, store_verb, tell
from dnc.cli.record_verbs import load_records
from dnc.errors import OptionError
from dnc.messages import in_language, localized, registry_named, said

if TYPE_CHECKING:
    from dnc.registries.contract import Layout
    from dnc.store.records import RecordFile
    from dnc.store.store import Snapshot

_OF_RECORDS = ("texts", "around", "zone", "outbound")  # of own records alone


def _once(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Pairs as a dictionary; raises click.BadParameter if two of them contradict each other."""
    meanings: dict[str, str] = {}
    for name, meaning in pairs:
        if meanings.setdefault(name, meaning) != meaning:
            raise click.BadParameter(localized("errors", "cli", "twice", name=name))
    return meanings


@verb()
@click.argument("files", nargs=-1, type=FILE)
@option("--as-of", type=DATE)
@option("--registry", metavar="ID")
@SHEET
@option("--covers", multiple=True, metavar="PREFIX|FIRST..LAST")
@option("--campaign", metavar="ID")
@REGION
@option("--means", type=click.Choice(["listed", "callable"]))
@option("--asked", type=FILE)
@option("--loader", type=FILE)
@MAP
@IGNORE
@option("--brief", type=FILE)
@option("--accept", multiple=True, type=PAIR, callback=lambda ctx, param, pairs: _once(pairs), metavar="WHAT=REASON")
@option("--unchanged", is_flag=True)
@option("--corrects", type=int, metavar="ID")
@option("--preview", is_flag=True)
@store_verb
def load(
    *,
    files: tuple[Path, ...],
    brief: Path | None,
    maps: Sequence[tuple[str, str]],
    ignore: tuple[str, ...],
    region: str | None,
    sheet: str | None,
    unchanged: bool,
    preview: bool,
    **options: Any,
) -> None:
    from dnc.lists.brief import read_file_brief
    from dnc.store.record_kinds import KINDS

    if unchanged:
        options["accept"].setdefault("unchanged", said(language(), "store", "nothing_new"))
    if not files:
        _confirm(unchanged, options)
        return
    said_of_file = read_file_brief(brief) if brief else {}
    options |= said_of_file | {
        "columns": _single({**said_of_file.get("columns", {}), **by_name(maps)}),
        "ignore": (*said_of_file.get("ignore", ()), *ignore),
        "region": region or said_of_file.get("region"),
        "sheet": sheet or said_of_file.get("sheet"),
    }
    is_records = options["registry"] in KINDS
    if is_records and not preview:
        load_records(files, **options)
        return
    if misplaced := [name for name in _OF_RECORDS if options.pop(name, None)]:
        raise click.UsageError(localized("errors", "cli", "own_option", option=misplaced[0].replace("_", "-")))
    if preview:
        if is_records:
            raise click.UsageError(localized("errors", "cli", "no_preview"))
        _preview(files, options)
        return
    if options["as_of"] is None:
        raise click.UsageError(localized("errors", "cli", "as_of"))
    for path, snapshot in zip(files, open_store().load_all(files, **options), strict=True):
        for note in snapshot.notes:
            say(f"{path}: {in_language(note, language())}")
        say(f"{path}: {_loaded(snapshot)}")


def _confirm(unchanged: bool, options: Mapping[str, Any]) -> None:
    """Record that nothing is new in the own list, or among customers, where that is asked for without a file."""
    from dnc.clock import today

    if not unchanged:
        raise click.MissingParameter(param_hint="'FILES...'", param_type="argument")
    file = open_store().confirm(options["registry"], options["as_of"] or today(), options["accept"]["unchanged"])
    key = "confirmed" if file.new else "confirmed_before"
    tell("store", key, registry=registry_named(file.registry, language()), day=file.as_of)


def _single(columns: Mapping[str, str | list[str]]) -> dict[str, str]:
    """Columns that are read from one column of the file each. Raises OptionError."""
    for ours, theirs in columns.items():
        if not isinstance(theirs, str):
            raise OptionError(localized("errors", "one_column", column=ours))
    return {ours: str(theirs) for ours, theirs in columns.items()}


def _loaded(snapshot: Snapshot | RecordFile) -> str:
    counts = {name: getattr(snapshot, name) for name in ("unknown", "unread")}
    more = {name: said(language(), "store", name, n=n) if n else "" for name, n in counts.items()}
    return said(
        language(),
        "store",
        "loaded",
        registry=registry_named(snapshot.registry, language()),
        as_of=snapshot.as_of,
        listed=snapshot.listed,
        clear=snapshot.clear,
        state=localized("store", "state", "new" if snapshot.new else "known"),
        id=str(snapshot.id),
        **more,
    )


def _preview(files: Sequence[Path], options: Mapping[str, Any]) -> None:
    """Print what files of registries say; nothing is stored."""
    from dnc.files.writers import Csv
    from dnc.registries.contract import Layout

    layout = Layout(options["columns"], options.get("dates", "iso"), options.get("values", {}), options["ignore"])
    how = {name: options[name] for name in ("registry", "sheet", "means", "asked", "region")}
    stream = Csv(sys.stdout.buffer, ["number", "listed", "since"])
    for file in files:
        _print_rows(stream, file, options["loader"], layout, how)


def _print_rows(stream: Any, file: Path, module: Path | None, layout: Layout, how: Mapping[str, Any]) -> None:
    import polars as pl

    from dnc.files.output_rows import OutputRows
    from dnc.registries.ingest import show
    from dnc.registries.reasons import in_words
    from dnc.store.loader_search import loader_for

    reader, extract = loader_for(file, module=module, layout=layout, **how)
    listed = pl.col("listed").replace_strict({True: "yes", False: "no"}, default="unknown", return_dtype=pl.String)
    is_read = pl.col("unread").is_null()
    for frame in show(reader, extract):
        stream.add(
            OutputRows.of(frame.filter(is_read).select(pl.format("+{}", "number"), listed.alias("listed"), "since"))
        )
        for column, rows in (("unread", ~is_read), ("odd", is_read), ("undated", pl.lit(True))):
            noted = frame.filter(pl.col(column).is_not_null() & rows)
            for line, reason in noted.select("line", column).iter_rows():
                say(f"{file}:{line}: {said(language(), 'store', 'row', column, reason=in_words(reason))}")
    stream.close()
    sys.stdout.buffer.flush()
    for note in extract.notes:
        say(f"{file}: {in_language(note, language())}")
    if extract.covers or reader.covers:
        prefixes = sorted(extract.covers or reader.covers)
        named = " ".join(prefix or "*" for prefix in prefixes)
        registry = registry_named(reader.registry, language())
        say(f"{file}: {said(language(), 'store', 'complete', registry=registry, prefixes=named)}")
