"""The verbs for registry files: load them into the store, or print what they say."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dnc.cli.help import language, option, verb
from dnc.cli.options import AROUND, DATE, FILE, IGNORE, LANG, PAIR, REGION, SHEET, VALUE, open_store, say, store_verb
from dnc.cli.record_verbs import load_records
from dnc.clock import DATE_ORDERS
from dnc.messages import in_language, localized, registry_named, said

if TYPE_CHECKING:
    from dnc.store.store import Snapshot

_REGISTRY = option("--registry", metavar="ID")
_MEANS = option("--means", type=click.Choice(["listed", "callable"]))
_ASKED = option("--asked", type=FILE)
_LOADER = option("--loader", type=FILE)
_MAP = option(
    "--map", "columns", multiple=True, type=PAIR, callback=lambda ctx, param, pairs: _once(pairs), metavar="OURS=THEIRS"
)
_DATES = option("--dates", type=click.Choice(DATE_ORDERS), default="iso", show_default=True)
_VALUES = option(
    "--values",
    multiple=True,
    type=VALUE,
    callback=lambda ctx, param, values: _by_column(values),
    metavar="COLUMN:THEIRS=OURS",
)


def _once(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Pairs as a dictionary; raises click.BadParameter if two of them contradict each other."""
    meanings: dict[str, str] = {}
    for name, meaning in pairs:
        if meanings.setdefault(name, meaning) != meaning:
            raise click.BadParameter(localized("errors", "cli", "twice", name=name))
    return meanings


def _by_column(values: Sequence[tuple[str, str, str]]) -> dict[str, dict[str, str]]:
    """What words mean, by our name of their column."""
    columns = dict.fromkeys(column for column, _, _ in values)
    return {name: _once((theirs, ours) for column, theirs, ours in values if column == name) for name in columns}


@verb()
@click.argument("files", nargs=-1, required=True, type=FILE)
@option("--as-of", type=DATE)
@_REGISTRY
@SHEET
@option("--covers", multiple=True, metavar="PREFIX")
@option("--campaign", metavar="ID")
@REGION
@_MEANS
@_ASKED
@_LOADER
@_MAP
@_DATES
@_VALUES
@IGNORE
@AROUND
@option("--accept", multiple=True, type=PAIR, callback=lambda ctx, param, pairs: _once(pairs), metavar="WHAT=REASON")
@option("--corrects", type=int, metavar="ID")
@option("--brief", type=FILE)
@option("--covers-days", metavar="FIRST..LAST")
@option("--outbound", type=PAIR, metavar="COLUMN=WORD")
@option("--zone", metavar="ZONE")
@store_verb
def load(*, files: tuple[Path, ...], **options: Any) -> None:
    from dnc.store.record_kinds import KINDS

    own = {name: options.pop(name) for name in ("around", "brief", "covers_days", "zone", "outbound")}
    if options["registry"] in KINDS:
        load_records(files, **options, **own)
        return
    if options["as_of"] is None:
        raise click.UsageError(localized("errors", "cli", "as_of"))
    if misplaced := [name for name, value in own.items() if value]:
        option = misplaced[0].replace("_", "-")
        raise click.UsageError(localized("errors", "cli", "own_option", option=option))
    for path, snapshot in zip(files, open_store().load_all(files, **options), strict=True):
        for note in snapshot.notes:
            say(f"{path}: {in_language(note, language())}")
        say(f"{path}: {_loaded(snapshot)}")


def _loaded(snapshot: Snapshot) -> str:
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


@verb("read")
@click.argument("file", type=FILE)
@_REGISTRY
@SHEET
@_MEANS
@_ASKED
@REGION
@_LOADER
@_MAP
@_DATES
@_VALUES
@IGNORE
@LANG
def read_(
    *,
    file: Path,
    loader: Path | None,
    columns: dict[str, str],
    dates: str,
    values: dict[str, dict[str, str]],
    ignore: tuple[str, ...],
    **options: Any,
) -> None:
    import polars as pl

    from dnc.files.output_rows import OutputRows
    from dnc.files.writers import Csv
    from dnc.registries.contract import Layout
    from dnc.registries.ingest import show
    from dnc.registries.reasons import in_words
    from dnc.store.loader_search import loader_for

    reader, extract = loader_for(file, module=loader, layout=Layout(columns, dates, values, ignore), **options)
    stream = Csv(sys.stdout.buffer, ["number", "listed", "since"])
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
