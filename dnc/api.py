"""The functions behind the public names of `dnc` that decide lists, batches and single calls.

Each takes the fields of `dnc.checks.settings.Settings` as keywords, or a `Settings` as `settings=`.
It is the only module that uses both checks and reports.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import polars as pl

from dnc.checks.arrow import Decider, decide
from dnc.checks.outputs import Outputs, Targets
from dnc.checks.result import Check
from dnc.checks.run import Observer, Progress, run
from dnc.checks.settings import Settings, SettingsOptions
from dnc.errors import InputError, must_be
from dnc.files.output_file import atomic_path, is_page, output
from dnc.files.output_rows import OutputRows
from dnc.files.writers import Sheet, Writer
from dnc.lists.inputs import Source
from dnc.messages import localized
from dnc.store.store import Store
from dnc.verdicts.judge import RegimeResult

if TYPE_CHECKING:
    from dnc.checks.replay import Replay

__all__ = ["Decider", "Settings", "check", "decide", "explain", "replay", "write"]


def _report(result: Check, pages: Iterable[Path], writers: Iterable[Writer]) -> None:
    """Write the pages of a check, and put sheets beside the rows of its workbooks."""

    def sheets() -> Mapping[str, Sheet]:
        from dnc.reports.workbook import annex

        return annex(result)

    for page in pages:
        from dnc.reports.check_page import html

        page.write_text(html(result), encoding="utf-8")
    for writer in writers:
        writer.add_sheets(sheets)


def check(
    path: Source,
    store: Store,
    *,
    out: Targets = None,
    columns: Iterable[str] | None = None,
    only: Iterable[str] = (),
    changed: bool = False,
    best: bool = False,
    keep: bool = False,
    append: bool = False,
    progress: Progress | None = None,
    watch: Observer | None = None,
    settings: Settings | None = None,
    **options: Unpack[SettingsOptions],
) -> Check:
    """Decide every call of a list of planned calls.

    Args:
        path: CSV, XLSX, Parquet or JSON, one row per call; or several such files with the same columns, or folders of
            partitioned Parquet, which are decided as one list in this order (see `dnc.files.dataset`). Or a table in
            memory: a Polars or pandas frame, a pyarrow table, or anything else with Arrow's PyCapsule interface. Or a
            list on another machine: the URL of an object (`s3://…`), or a `dnc.files.remote.Query` of a database.
        store: where the snapshots of registries are; need not exist.
        out: file or files to write, by suffix (`.csv`, `.parquet`, `.xlsx`, `.jsonl`, `.html`), or their URLs, the
            table of a database (`postgresql://…#schema.table`), or `-` for CSV on stdout; memory then does not grow
            with the list.
        columns: those of `dnc.law.vocabulary.VERDICT` to write, and more, with or without `dnc_`; by default all of
            these, and `dnc_consent` if the store has consents. `dnc_next_at` is written only if it is named.
        only: outcomes whose rows are written; by default all.
        changed: the list is the output of an earlier check; write only rows whose outcome changed, with the earlier
            outcome as `dnc_was`.
        best: if a row of the list has several numbers, write only one row for it: that of the first call that is
            clear, else of the first undecided one, else of the first.
        keep: whether to keep the decisions in the store, for `dnc person`.
        append: whether the rows that a table in `out` has already stay; by default they are replaced.
        progress: called after each batch with the number of its rows.
        watch: called with the `Calls` and the `Verdicts` of each batch; rows are then not kept in memory.
        settings, options: see `dnc.checks.settings.Settings`.
    Returns:
        The check; its `verdicts` are a frame unless `out` or `watch` got the rows.
    Raises:
        InputError: the list, the brief or the consents are wrong. OptionError: an argument is wrong.
        StoreError: the store cannot be used.
    """
    outputs = Outputs(out, _report, keep=watch is None, append=append)
    chosen = Settings.of(settings, options)
    observers = [watch] if watch else []
    return run(
        path,
        store,
        chosen,
        outputs,
        columns=columns,
        only=only,
        changed=changed,
        best=best,
        keep=keep,
        progress=progress,
        observers=observers,
    )


def write(result: Check, path: str | Path, rows: Iterable[pl.DataFrame] | None = None) -> None:
    """Write the rows of a check, or its page (`.html`), to a file, by suffix.

    Args:
        result: the check.
        path: the file.
        rows: batches of what the check wrote elsewhere, for instance to Parquet; by default the rows in `result`.
    Raises:
        InputError: the format is unknown, the file cannot be written, or the check has no rows in memory.
    """
    must_be("result", result, "check", Check)
    must_be("path", path, "path", str, Path)
    if is_page(path):
        with atomic_path(path) as unfinished:
            return _report(result, [unfinished], [])
    if rows is None:
        if result.kept is None:
            raise InputError(localized("errors", "rows_gone"))
        rows = [result.kept]
    must_be("rows", rows, "frames", Iterable)
    layout = result.layout
    with output(path, layout.names, layout.delimiter, layout.bom) as writer:
        for batch in rows:
            must_be("rows", batch, "frames", pl.DataFrame)
            writer.add(OutputRows.of(batch))
        _report(replace(result, cut=writer.cut), [], [writer])
    return None


def explain(
    number: str,
    store: Store,
    cells: Mapping[str, object] | None = None,
    *,
    settings: Settings | None = None,
    **options: Unpack[SettingsOptions],
) -> tuple[dict[str, Any], list[RegimeResult]]:
    """Decide one call, with the finding of every regime in force.

    Args:
        number: as in a list.
        store: where the snapshots of registries are; need not exist.
        cells: the other cells of a row of a list, by the name of our column; they are read as in a list, so a cell
            that is not understood counts as empty. None is an empty cell.
        settings, options: see `dnc.checks.settings.Settings`; only the words and facts of a brief are used.
    Returns:
        The columns of `dnc.law.vocabulary.VERDICT` and `dnc_next_at`, and the findings.
    Raises:
        InputError, StoreError: as `check`. OptionError: `cells` names a column that is not ours.
    """
    from dnc.checks.explain import explain_call

    call = explain_call(number, store, Settings.of(settings, options), cells or {})
    return call.verdict, call.findings


def replay(
    store: Store, number: int, path: Source | None = None, out: Targets = None, *, consents: str | Path | None = None
) -> Replay:
    """Decide the list of an earlier check again, with the law and the snapshots of that day; the store does not change.

    Args:
        store: the store whose log has the check.
        number: its row in the log.
        path: the list, or all its files in their order; by default those that the log names, in this directory.
        out: files for the verdicts; by default none.
        consents: the file of consents, if there was one; by default the one that the log names.
    Raises:
        InputError: there is no such check, or the list is not the one that was decided.
        StoreError: something that is needed is no longer kept.
    """
    from dnc.checks.replay import replay_check

    return replay_check(store, number, path, Outputs(out, _report), consents=consents)
