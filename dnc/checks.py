"""A check: one run over one planned-calls file, from intake to the output and the log."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

import duckdb
import polars as pl

from dnc.brief import Brief
from dnc.calls import Calls, Intake, open_calls
from dnc.clock import today
from dnc.consents import DECLARABLE, read_consents
from dnc.engine import engine, run
from dnc.errors import InputError, OptionError
from dnc.evidence import Evidence, terms_of
from dnc.judge import Finding, Judge, Verdicts, explained
from dnc.report import CsvStream, Output, is_page, whole
from dnc.result import Check
from dnc.rulebook import Rulebook
from dnc.screen import Screen
from dnc.selection import Selection, select
from dnc.store import Standing, Store
from dnc.tabular import RAGGED, Table, ahead, unique_names
from dnc.wording import Policy

_REPEATS_MEMORY = "400MB"  # beyond it numbers are counted on disk


class _Repeats:
    """Counts numbers that stand in several rows, in bounded memory."""

    def __init__(self, stack: ExitStack) -> None:
        import tempfile

        spill = stack.enter_context(tempfile.TemporaryDirectory(prefix="dnc-"))
        self._con: duckdb.DuckDBPyConnection = stack.enter_context(engine(spill, memory_limit=_REPEATS_MEMORY))
        self._con.execute("create table seen (number ubigint)")

    def add(self, numbers: pl.Series) -> None:
        run(self._con, "seen", "insert into seen from numbers", numbers=numbers.drop_nulls().to_frame())

    def count(self) -> int:
        sql = "select count(*) from (select number from seen group by number having count(*) > 1)"
        [(count,)] = self._con.execute(sql).fetchall()
        return int(count)


class _Outputs:
    """Where a check goes: pages, tables and a stream; where it goes nowhere its rows are `kept`."""

    def __init__(
        self, stack: ExitStack, targets: Sequence[str | Path], stream: IO[bytes] | None, result: Check, *, seen: bool
    ) -> None:
        form = (result.header, result.delimiter, result.bom)
        self._pages = [stack.enter_context(whole(one)) for one in targets if is_page(one)]
        self._tables = [stack.enter_context(Output(one, *form)) for one in targets if not is_page(one)]
        self._stream = CsvStream(stream, *form) if stream is not None else None
        self.kept: list[pl.DataFrame] | None = None if targets or stream is not None or seen else []

    def write(self, frame: pl.DataFrame) -> None:
        """Add rows."""
        for sink in (*self._tables, self._stream):
            if sink:
                sink.write(frame)
        if self.kept is not None:
            self.kept.append(frame)

    def tell(self, result: Check) -> None:
        """Add what is told of the check beside its rows."""
        for page in self._pages:
            _write_page(result, page)
        for table in self._tables:
            _annex(result, table)


def check(
    path: str | Path,
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
    progress: Callable[[int], None] | None = None,
    watch: Callable[[Calls, Verdicts], None] | None = None,
) -> Check:
    """Decide every call of a planned-calls file.

    Args:
        path: CSV, XLSX, Parquet or JSON, one row a call.
        store: where the registries' snapshots are; need not exist.
        region: numbering plan of numbers in national form (ISO 3166-1 alpha-2).
        given: facts declared for the whole file; they fill empty cells.
        at: when calls are planned that do not say it (ISO 8601, a date or a datetime); else today.
        guidance: `enforce` (a regulator's recommendation counts like law) or `advise`.
        out: file or files to write to, by suffix; memory then does not grow with the input.
        brief: how the file's columns and words become ours.
        consents: a file of consents, laid beside the list by number (see `dnc.consents`).
        rulebook: the law; that which ships, unless told.
        accept: unsettled regimes taken out of the outcome, each with its reason.
        columns: those of `dnc.judge.VERDICT` to give; all, unless told.
        only: outcomes whose rows are given; all, unless told.
        changed: the file is the output of a former run; give only rows whose outcome is another
            now, with the former one as `dnc_was`.
        language: of `dnc_why` and of the page, `en` or `fr`.
        stream: an open binary file that gets the verdicts as CSV.
        keep: whether the decisions themselves are kept in the store, for `dnc answer`.
        progress: called after each batch with the number of its rows.
        watch: called with the calls and the verdicts of each batch, which are then not kept.
    Returns:
        The check; its `verdicts` are a frame unless `out`, `stream` or `watch` took them.
    Raises:
        InputError: file, brief or option is wrong. StoreError: the store cannot be used.
    """
    book = rulebook or Rulebook.load()
    told = (brief or Brief()).but(region and region.upper(), facts=given)
    words = read_consents(consents, told, book) if consents else None
    asked = told.without(DECLARABLE) if words else told
    intake = open_calls(path, asked, book, None if at is None else str(at))
    policy = _policy(book, guidance, accept or {}, language)
    selection = select(columns, only, changed, intake.former)
    result = _begun(intake, told, selection, language)
    result.consents = words.record if words else None
    targets = [out] if isinstance(out, str | Path) else list(out or [])
    store.must_be_writable()
    standing = store.standing()
    result.snapshots = standing.snapshots
    with ExitStack() as stack:
        outputs = _Outputs(stack, targets, stream, result, seen=watch is not None)
        screen = stack.enter_context(Screen(standing, book.registries()))
        judge = stack.enter_context(Judge(book, screen, policy))
        repeats = _Repeats(stack)
        evidence = Evidence(result.path, stack.enter_context(store.work("check")) if keep else None)
        ids = intake.columns.get("call", "")

        def decided() -> Iterator[tuple[int, pl.DataFrame, pl.Series]]:
            for batch in ahead(intake.batches()):
                calls = words.beside(batch) if words else batch
                verdicts = judge.verdicts(calls)
                if watch:
                    watch(calls, verdicts)
                result.tallies.add(calls, verdicts)
                repeats.add(calls.number)
                evidence.add(calls, verdicts, ids)
                yield calls.number.len(), *selection.rows(calls, verdicts.rows)

        for rows, frame, outcomes in ahead(decided()):
            result.given.update(dict(outcomes.value_counts().iter_rows()))
            outputs.write(frame)
            if progress:
                progress(rows)
        result.repeated = repeats.count()
        terms = terms_of(told, policy, intake.at)
        sha256 = hashlib.sha256(terms.encode()).hexdigest()
        logged = _logged(result, intake, standing, policy, targets, selection=selection)
        result.record = logged | evidence.detail() | {"terms": sha256}
        kept_rows = evidence.decisions()
        entry = store.record("check", result.record, rules=book.texts, terms={sha256: terms}, decisions=kept_rows)
        result.id, result.head = entry.seq, str(entry)
        outputs.tell(result)
    if outputs.kept is not None:
        kept = outputs.kept
        result.verdicts = pl.concat(kept, how="vertical_relaxed") if kept else _no_rows(intake, selection)
    return result


def _begun(intake: Intake, told: Brief, selection: Selection, language: str) -> Check:
    """A check of which everything is known but what its rows come to."""
    table = intake.table
    original = dict(zip(table.columns, table.header, strict=True))
    header = [*(original[name] for name in intake.carried), *selection.header]
    delimiter = table.delimiter if table.kind == "csv" else ","
    result = Check(table.path, header, delimiter, table.bom, intake.book, language)
    result.second_numbers = intake.second_numbers
    result.skipped, result.sheets = table.skipped, len(table.others)
    result.declared, result.beside = told.facts, told.beside
    result.dated = intake.at is not None or "call_at" in intake.columns or "call_at" in told.facts
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
        output.write(result.verdicts)
        _annex(result, output)
    return None


def _write_page(result: Check, path: Path) -> None:
    from dnc.page import html

    path.write_text(html(result), encoding="utf-8")


def _annex(result: Check, output: Output) -> None:
    """The sheets behind the rows of a workbook."""

    def sheets() -> Mapping[str, pl.DataFrame]:
        from dnc.annex import annex

        return annex(result)

    output.annex(sheets)


def explain(
    number: str,
    store: Store,
    brief: Brief,
    *,
    at: str | None = None,
    guidance: str = "enforce",
    rulebook: Rulebook | None = None,
    accept: Mapping[str, str] | None = None,
    language: str = "en",
) -> tuple[dict[str, Any], list[Finding]]:
    """The verdict on one call, and what every regime in force came to; arguments as of `check`."""
    book = rulebook or Rulebook.load()
    policy = _policy(book, guidance, accept or {}, language)
    row = pl.DataFrame({"number": [number], RAGGED: [False]})
    intake = Intake(Table(Path("the call"), "call", ["number"], iter([row])), brief, book, at)
    with Screen(store.standing(), book.registries()) as screen, Judge(book, screen, policy) as judge:
        [calls] = intake.batches()
        return judge.verdicts(calls).rows.row(0, named=True), explained(judge, book, calls)


def _policy(book: Rulebook, guidance: str, accept: Mapping[str, str], language: str) -> Policy:
    if guidance not in ("enforce", "advise"):
        raise OptionError(f"guidance {guidance!r} is none of enforce, advise")
    if language not in ("en", "fr"):
        raise OptionError(f"language {language!r} is none of en, fr")
    unsettled = {regime.id for _, regime in book.regimes() if regime.demand == "unsettled" and not regime.is_scope}
    for id_, reason in accept.items():
        if id_ not in unsettled:
            raise OptionError(f"{id_!r} cannot be accepted: it is no regime whose law is unclear (see dnc rules)")
        if not reason:
            raise OptionError(f"accepting {id_} asks for a reason")
    return Policy(guidance, dict(accept), language)


def _no_rows(intake: Intake, selection: Selection) -> pl.DataFrame:
    carried = pl.DataFrame(schema=dict.fromkeys(unique_names(intake.carried), pl.String))
    return carried.hstack(pl.DataFrame(schema=selection.schema))


def _logged(
    result: Check,
    intake: Intake,
    standing: Standing,
    policy: Policy,
    targets: list[str | Path],
    *,
    selection: Selection,
) -> dict[str, Any]:
    """What the log keeps of a check: what went in, by whom it was declared, and the counts; no numbers."""
    brief = intake.brief
    return {
        "input": result.path.name,
        "counts": result.counts,
        "at": intake.at,
        "region": brief.region,
        "declared": {name: "told" if name == "cli" else fact for name, fact in result.declared.items()},
        "today": today(),
        "consents": result.consents,
        "brief": brief.sha256,
        "guidance": policy.guidance,
        "accepted": dict(policy.accepted),
        "rules": sorted(intake.book.texts),
        "snapshots": [one.id for one in standing.snapshots],
        "files": sorted({one.file for one in standing.snapshots}),
        "objections": standing.objections["seq"].max() or 0,
        "out": [Path(one).name for one in targets],
        "only": list(selection.only),
        "changed": selection.changed,
        "version": version("dnc-check"),
    }
