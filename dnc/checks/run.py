"""A check: one run over one planned-calls file, from intake to the output and the log."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

import polars as pl

from dnc.checks.brief import Brief, must_be_column
from dnc.checks.evidence import Evidence
from dnc.checks.intake import Calls, Intake
from dnc.checks.judge import Finding, Verdicts, explained
from dnc.checks.result import Check
from dnc.checks.selection import Selection, select
from dnc.checks.settings import Terms, terms_of
from dnc.clock import clock, today
from dnc.errors import InputError, OptionError
from dnc.files.cell_types import together
from dnc.files.dataset import FileList, Paths, file_list
from dnc.files.output_rows import Rows
from dnc.files.tabular import RAGGED, Table, ahead, unique_names
from dnc.files.writers import CsvStream, Output, Writer, is_page, whole
from dnc.law.rulebook import Rulebook
from dnc.registries.external_sort import Sorting
from dnc.store.store import Standing, Store


class _Repeats:
    """Counts numbers that stand in several rows, in bounded memory."""

    def __init__(self, stack: ExitStack) -> None:
        spill = stack.enter_context(tempfile.TemporaryDirectory(prefix="dnc-"))
        self._numbers = Sorting(Path(spill), {"number": pl.UInt64})

    def add(self, numbers: pl.Series) -> None:
        self._numbers.add(numbers.to_frame("number"))

    def count(self) -> int:
        count = 0
        for part in self._numbers.parts():
            again = part["number"].slice(1) == part["number"].head(-1)
            count += int((again & ~again.shift(1, fill_value=False)).sum())
        return count


class _Kept(Writer):
    """Rows that go nowhere else."""

    def __init__(self) -> None:
        self.frames: list[pl.DataFrame] = []

    def laid_out(self, rows: Rows) -> pl.DataFrame:
        return rows.frame

    def write(self, frame: pl.DataFrame) -> None:
        self.frames.append(frame)


class _Outputs:
    """Where a check goes: pages, tables and a stream; where it goes nowhere its rows are `kept`."""

    def __init__(
        self, stack: ExitStack, targets: Sequence[str | Path], stream: IO[bytes] | None, result: Check, *, seen: bool
    ) -> None:
        form = (result.header, result.delimiter, result.bom)
        self._pages = [stack.enter_context(whole(one)) for one in targets if is_page(one)]
        self._tables = [stack.enter_context(Output(one, *form)) for one in targets if not is_page(one)]
        self._writers: list[Writer] = [table.writer for table in self._tables]
        self._writers += [CsvStream(stream, *form)] if stream is not None else []
        self.kept = None if targets or stream is not None or seen else _Kept()
        self._writers += [self.kept] if self.kept else []

    def laid_out(self, rows: Rows) -> list[pl.DataFrame]:
        """Rows as each of the writers has them."""
        return [one.laid_out(rows) for one in self._writers]

    def write(self, frames: list[pl.DataFrame]) -> None:
        """Add rows that are laid out."""
        for writer, frame in zip(self._writers, frames, strict=True):
            writer.write(frame)

    @property
    def cut(self) -> int:
        """Cells of which some output has only the beginning."""
        return max((one.cut for one in self._writers), default=0)

    def tell(self, result: Check) -> None:
        """Add what is told of the check beside its rows."""
        for page in self._pages:
            _write_page(result, page)
        for table in self._tables:
            _annex(result, table)


def check(
    path: Paths,
    store: Store,
    *,
    region: str | None = None,
    given: Mapping[str, object] | None = None,
    at: str | date | None = None,
    guidance: str = "enforce",
    out: str | Path | Sequence[str | Path] | None = None,
    brief: Brief | None = None,
    consents: str | Path | None = None,
    rulebook: Rulebook | None = None,
    accept: Mapping[str, str] | None = None,
    columns: Iterable[str] | None = None,
    only: Iterable[str] = (),
    changed: bool = False,
    language: str = "en",
    stream: IO[bytes] | None = None,
    keep: bool = False,
    now: date | None = None,
    progress: Callable[[int], None] | None = None,
    watch: Callable[[Calls, Verdicts], None] | None = None,
) -> Check:
    """Decide every call of a list of planned calls.

    Args:
        path: CSV, XLSX, Parquet or JSON, one row a call; or several such files with the same columns, or
            folders of partitioned Parquet, which are decided as one list in their order (see `dnc.files.dataset`).
        store: where the registries' snapshots are; need not exist.
        region: numbering plan of numbers in national form (ISO 3166-1 alpha-2).
        given: facts declared for the whole list; they fill empty cells.
        at: when calls are planned that do not say it (ISO 8601, a date or a datetime); else today.
        guidance: `enforce` (a regulator's recommendation counts like law) or `advise`.
        out: file or files to write to, by suffix; memory then does not grow with the input.
        brief: how the file's columns and words become ours.
        consents: a file of consents, laid beside the list by number (see `dnc.checks.consents`).
        rulebook: the law; that which ships, unless told.
        accept: regimes that no fact decides, taken out of the outcome, each with its reason.
        columns: those of `dnc.law.vocabulary.VERDICT` to give; all, unless told.
        only: outcomes whose rows are given; all, unless told.
        changed: the file is the output of a former run; give only rows whose outcome is another
            now, with the former one as `dnc_was`.
        language: of `dnc_why` and of the page, `en` or `fr`.
        stream: an open binary file that gets the verdicts as CSV.
        keep: whether the decisions themselves are kept in the store, for `dnc answer`.
        now: the day that counts as today, for a check decided again; the clock's, unless told.
        progress: called after each batch with the number of its rows.
        watch: called with the calls and the verdicts of each batch, which are then not kept.
    Returns:
        The check; its `verdicts` are a frame unless `out`, `stream` or `watch` took them.
    Raises:
        InputError: file, brief or option is wrong. StoreError: the store cannot be used.
    """
    terms = terms_of(
        region=region,
        given=given,
        at=at,
        guidance=guidance,
        brief=brief,
        consents=consents,
        rulebook=rulebook,
        accept=accept,
        language=language,
        now=now or today(),
    )
    files = file_list(path)
    intake = terms.intake(files.table())
    selection = select(columns, only, changed, intake.former)
    result = _begun(files, intake, terms, selection)
    targets = [out] if isinstance(out, str | Path) else list(out or [])
    store.must_be_writable()
    standing = store.standing()
    result.snapshots = standing.snapshots
    with ExitStack() as stack:
        outputs = _Outputs(stack, targets, stream, result, seen=watch is not None)
        judge = stack.enter_context(terms.judge(standing))
        repeats = _Repeats(stack)
        evidence = Evidence(files, stack.enter_context(store.work("check")) if keep else None)
        spill = stack.enter_context(tempfile.TemporaryDirectory(prefix="dnc-"))
        intake, against = terms.read_ahead(intake, files.table, Path(spill))
        ids = intake.columns.get("call", "")

        def judged() -> Iterator[tuple[Calls, Verdicts]]:
            for batch in ahead(intake.batches()):
                calls = terms.laid(batch, against)
                yield calls, judge.verdicts(calls)

        def laid_out() -> Iterator[tuple[int, list[pl.DataFrame]]]:
            for calls, verdicts in ahead(judged()):
                if watch:
                    watch(calls, verdicts)
                result.tallies.add(calls, verdicts)
                repeats.add(calls.number)
                evidence.add(calls, verdicts, ids)
                rows, outcomes = selection.rows(calls, verdicts)
                result.given.update(dict(outcomes.value_counts().iter_rows()))
                yield calls.number.len(), outputs.laid_out(rows)
            result.repeated = repeats.count()
            result.elsewhere, result.unplaced = against.applied, against.unplaced

        for height, frames in ahead(laid_out()):
            outputs.write(frames)
            if progress:
                progress(height)
        table = intake.table
        result.skipped, result.sheets, result.misfits = table.skipped, len(table.others), table.misfits
        result.full, result.cut = table.full, outputs.cut
        sha256 = hashlib.sha256(terms.text.encode()).hexdigest()
        logged = _logged(result, terms, standing, targets, selection)
        result.record = logged | evidence.detail() | {"terms": sha256}
        kept_rows = evidence.decisions()
        entry = store.record(
            "check", result.record, rules=terms.book.texts, terms={sha256: terms.text}, decisions=kept_rows
        )
        result.id, result.head = entry.seq, str(entry)
        outputs.tell(result)
    if outputs.kept:
        kept = outputs.kept.frames
        result.verdicts = together(kept) if kept else _no_rows(intake, selection)
    return result


def _begun(files: FileList, intake: Intake, terms: Terms, selection: Selection) -> Check:
    """A check of which everything is known but what its rows come to."""
    table = intake.table
    original = dict(zip(table.columns, table.header, strict=True))
    header = [*(original[name] for name in intake.carried), *selection.header]
    delimiter = table.delimiter if table.kind == "csv" else ","
    result = Check(files, header, delimiter, table.bom, terms.book, terms.policy.language)
    result.ignored, result.second_numbers = intake.ignored, intake.second_numbers
    result.declared, result.beside = terms.brief.facts, terms.brief.beside
    result.consents = terms.consents.record if terms.consents else None
    result.dated = intake.at is not None or "call_at" in intake.columns or "call_at" in terms.brief.facts
    return result


def write(result: Check, path: str | Path) -> None:
    """Write the verdicts of a check that holds them, or its page (`.html`), to a file, by suffix.

    Raises InputError where the format is unknown or the file cannot be written.
    """
    if is_page(path):
        with whole(path) as beside:
            return _write_page(result, beside)
    if result.verdicts is None:
        raise InputError("the verdicts of this check went to its own output; check again without out=")
    with Output(path, result.header, result.delimiter, result.bom) as output:
        output.writer.add(Rows.of(result.verdicts))
        result.cut = output.writer.cut
        _annex(result, output)
    return None


def _write_page(result: Check, path: Path) -> None:
    from dnc.reports.check_page import html

    path.write_text(html(result), encoding="utf-8")


def _annex(result: Check, output: Output) -> None:
    """The sheets behind the rows of a workbook."""

    def sheets() -> Mapping[str, pl.DataFrame]:
        from dnc.reports.workbook import annex

        return annex(result)

    output.annex(sheets)


def explain(
    number: str,
    store: Store,
    brief: Brief,
    *,
    told: Mapping[str, object] | None = None,
    at: str | None = None,
    guidance: str = "enforce",
    rulebook: Rulebook | None = None,
    accept: Mapping[str, str] | None = None,
    language: str = "en",
) -> tuple[dict[str, Any], list[Finding]]:
    """The verdict on one call, and what every regime in force came to.

    Args:
        number: as it would stand in a list.
        brief: of a list; its words and facts count, and of its columns none.
        told: what the row of a list would tell beside the number, a cell of each of our columns; read as there,
            so that a cell that is not understood is not told.
    The other arguments are as of `check`. Raises OptionError where `told` names no column of ours.
    """
    cells = {name: str(cell) for name, cell in (told or {}).items()}
    try:
        for name in cells:
            must_be_column(name)
    except InputError as error:
        raise OptionError(str(error)) from None
    if "number" in cells:
        raise OptionError("the number is told by itself")
    brief = replace(brief, columns={}, ignore=())
    terms = terms_of(brief=brief, at=at, guidance=guidance, rulebook=rulebook, accept=accept, language=language)
    row = pl.DataFrame({"number": number, **cells}).with_columns(pl.lit(None, pl.String).alias(RAGGED))
    [calls] = terms.intake(Table(Path("the call"), "call", ["number", *cells], iter([row]))).batches()
    calls = terms.laid(calls)
    with terms.judge(store.standing()) as judge:
        return judge.verdicts(calls).rows.row(0, named=True), explained(judge, calls)


def _no_rows(intake: Intake, selection: Selection) -> pl.DataFrame:
    carried = pl.DataFrame(schema=dict.fromkeys(unique_names(intake.carried), pl.String))
    return carried.hstack(pl.DataFrame(schema=selection.schema))


def _logged(
    result: Check, terms: Terms, standing: Standing, targets: list[str | Path], selection: Selection
) -> dict[str, Any]:
    """What the log keeps of a check: what went in, by whom it was declared, and the counts; no numbers."""
    brief, policy = terms.brief, terms.policy
    return {
        "input": result.files.names,
        "counts": result.counts,
        "at": terms.at,
        "region": brief.region,
        "declared": {name: "told" if name == "cli" else fact for name, fact in result.declared.items()},
        "today": terms.now,
        "clock": clock(),
        "consents": result.consents,
        "brief": brief.sha256,
        "guidance": policy.guidance,
        "accepted": dict(policy.accepted),
        "rules": sorted(terms.book.texts),
        "snapshots": [one.id for one in standing.snapshots],
        "files": sorted({one.file for one in standing.snapshots}),
        "objections": standing.objections["seq"].max() or 0,
        "out": [Path(one).name for one in targets],
        "only": list(selection.only),
        "changed": selection.changed,
        "version": version("dnc-check"),
    }
