"""A check: one run over one planned-calls file, from intake to the output and the log."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

import duckdb
import polars as pl

from dnc.brief import Brief
from dnc.calls import Intake, open_calls
from dnc.engine import engine, run
from dnc.errors import InputError, OptionError
from dnc.judge import OUTCOMES, VERDICT, Finding, Judge, Policy, explained
from dnc.report import CsvStream, Output
from dnc.rulebook import Rulebook
from dnc.screen import Screen
from dnc.store import Standing, Store
from dnc.tabular import RAGGED, Table, unique_names

_TALLIED = ("dnc_outcome", "dnc_blocked_by", "dnc_missing", "dnc_duties")


@dataclass
class Check:
    """What came of a check.

    verdicts: a frame of the input's columns and those of
    `dnc.judge.VERDICT`, or None where they went to a file. id: number of its row in the log.
    tallies: rows by (outcome, blocking ids, missing words, duty ids), each `;`-joined.
    repeated: numbers that stand in several rows. second_numbers: columns that look
    like telephone numbers and were not looked at. dated: whether the file tells days.
    skipped: lines before the header that were left out. declared: facts told for the whole file.
    logged: what the row of the log holds.
    """

    path: Path
    header: list[str]
    delimiter: str
    bom: bool
    verdicts: pl.DataFrame | None = None
    tallies: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)
    repeated: int = 0
    second_numbers: list[str] = field(default_factory=list)
    dated: bool = True
    skipped: int = 0
    declared: Mapping[str, str] = field(default_factory=dict)
    id: int = 0
    logged: Mapping[str, Any] = field(default_factory=dict)

    @property
    def counts(self) -> dict[str, int]:
        """Rows by outcome."""
        counts = dict.fromkeys(OUTCOMES, 0)
        for (outcome, *_), rows in self.tallies.items():
            counts[outcome] += rows
        return counts

    @property
    def rows(self) -> int:
        """All rows of the file."""
        return sum(self.tallies.values())

    def blocking(self) -> Counter[str]:
        """Rows that each regime blocks."""
        return self._by_word(1)

    def missing(self) -> Counter[str]:
        """Undecided rows that wait for each word of `dnc_missing`."""
        return self._by_word(2, "undecided")

    def duties(self) -> Counter[str]:
        """Clear rows that each duty goes with."""
        return self._by_word(3, "clear")

    def unclear(self) -> int:
        """Undecided rows that no fact would decide."""
        return sum(
            rows for (outcome, _, missing, _), rows in self.tallies.items() if (outcome, missing) == ("undecided", "")
        )

    def _by_word(self, at: int, outcome: str | None = None) -> Counter[str]:
        words: Counter[str] = Counter()
        for key, rows in self.tallies.items():
            if outcome in (None, key[0]):
                words.update(dict.fromkeys(filter(None, key[at].split(";")), rows))
        return words


class _Repeats:
    """Counts numbers that stand in several rows, in bounded memory."""

    def __init__(self, stack: ExitStack) -> None:
        import tempfile

        spill = stack.enter_context(tempfile.TemporaryDirectory(prefix="dnc-"))
        self._con: duckdb.DuckDBPyConnection = stack.enter_context(engine(spill))
        self._con.execute("create table seen (number ubigint)")

    def add(self, numbers: pl.Series) -> None:
        run(self._con, "seen", "insert into seen from numbers", numbers=numbers.drop_nulls().to_frame())

    def count(self) -> int:
        sql = "select count(*) from (select number from seen group by number having count(*) > 1)"
        [(count,)] = self._con.execute(sql).fetchall()
        return int(count)


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
    rulebook: Rulebook | None = None,
    accept: Mapping[str, str] | None = None,
    columns: Iterable[str] | None = None,
    language: str = "en",
    stream: IO[bytes] | None = None,
    progress: Callable[[int], None] | None = None,
    watch: Callable[[pl.DataFrame, pl.DataFrame], None] | None = None,
) -> Check:
    """Decide every call of a planned-calls file.

    Args:
        path: CSV, XLSX, Parquet or JSON lines, one row a call.
        store: where the registries' snapshots are; need not exist.
        region: numbering plan of numbers in national form (ISO 3166-1 alpha-2).
        given: facts declared for the whole file; they fill empty cells.
        at: when calls are planned that do not say it (ISO 8601, a date or a datetime); else today.
        guidance: `enforce` (a regulator's recommendation counts like law) or `advise`.
        out: file or files to write to, by suffix; memory then does not grow with the input.
        brief: how the file's columns and words become ours.
        rulebook: the law; that which ships, unless told.
        accept: unsettled regimes taken out of the outcome, each with its reason.
        columns: those of `dnc.judge.VERDICT` to give; all, unless told.
        language: of `dnc_why`, `en` or `fr`.
        stream: an open binary file that gets the verdicts as CSV.
        progress: called with the number of rows done after each batch.
        watch: called with the screened facts and the verdicts of each batch, which are then not kept.
    Returns:
        The check; its `verdicts` are a frame unless `out`, `stream` or `watch` took them.
    Raises:
        InputError: file, brief or option is wrong. StoreError: the store cannot be used.
    """
    book = rulebook or Rulebook.load()
    intake = open_calls(
        path, (brief or Brief()).but(region and region.upper(), facts=given), book, None if at is None else str(at)
    )
    policy = _policy(book, guidance, accept or {}, language)
    wanted = _wanted(columns)
    table = intake.table
    original = dict(zip(table.columns, table.header, strict=True))
    header = [*(original[name] for name in intake.carried), *wanted]
    result = Check(Path(path), header, table.delimiter if table.kind == "csv" else ",", table.bom)
    result.second_numbers = intake.second_numbers
    result.skipped = table.skipped
    result.declared = intake.brief.facts
    result.dated = at is not None or "call_at" in intake.columns or "call_at" in intake.brief.facts
    targets = [out] if isinstance(out, str | Path) else list(out or [])
    standing = store.standing()
    kept: list[pl.DataFrame] = []
    with ExitStack() as stack:
        sinks: list[Any] = [stack.enter_context(Output(one, header, result.delimiter, result.bom)) for one in targets]
        if stream is not None:
            sinks.append(CsvStream(stream, header, result.delimiter, result.bom))
        screen = stack.enter_context(Screen(standing, book.registries()))
        judge = stack.enter_context(Judge(book, screen, policy))
        repeats = _Repeats(stack)
        done = 0
        for carried, facts in intake.batches():
            screened = judge.screened(facts)
            verdicts = judge.verdicts(screened)
            if watch:
                watch(screened, verdicts)
            for *key, rows in verdicts.group_by(_TALLIED, maintain_order=True).len().iter_rows():
                result.tallies[tuple(key)] += rows
            repeats.add(facts["number"])
            frame = carried.hstack(verdicts.select(wanted))
            for sink in sinks:
                sink.write(frame)
            if not sinks and not watch:
                kept.append(frame)
            done += frame.height
            if progress:
                progress(done)
        result.repeated = repeats.count()
        result.logged = _logged(result, intake, standing, policy, targets)
        result.id = store.record("check", result.logged, book.texts)
    if not sinks and not watch:
        result.verdicts = pl.concat(kept, how="vertical_relaxed") if kept else _no_rows(intake, wanted)
    return result


def write(result: Check, path: str | Path) -> None:
    """Write the verdicts of a check that holds them to a file, by suffix.

    Raises InputError where the format is unknown or the file cannot be written.
    """
    if result.verdicts is None:
        raise InputError("the verdicts of this check went to its own output; check again without out=")
    with Output(path, result.header, result.delimiter, result.bom) as output:
        output.write(result.verdicts)


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
        [(_, facts)] = intake.batches()
        screened = judge.screened(facts)
        return judge.verdicts(screened).row(0, named=True), explained(judge, book, screened)


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


def _wanted(columns: Iterable[str] | None) -> list[str]:
    told = (
        list(VERDICT) if columns is None else [name if name.startswith("dnc_") else f"dnc_{name}" for name in columns]
    )
    if strange := [name for name in told if name not in VERDICT]:
        raise OptionError(f"{strange[0]!r} is no column of verdicts; known are {', '.join(VERDICT)}")
    return told


def _no_rows(intake: Intake, wanted: list[str]) -> pl.DataFrame:
    carried = pl.DataFrame(schema=dict.fromkeys(unique_names(intake.carried), pl.String))
    return carried.hstack(pl.DataFrame(schema={name: VERDICT[name] for name in wanted}))


def _logged(
    result: Check, intake: Intake, standing: Standing, policy: Policy, targets: list[str | Path]
) -> dict[str, Any]:
    """What the log keeps of a check: what went in, by whom it was declared, and the counts; no numbers."""
    brief = intake.brief
    with result.path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return {
        "input": result.path.name,
        "sha256": sha256,
        "counts": result.counts,
        "at": intake.at,
        "region": brief.region,
        "declared": dict(brief.facts),
        "brief": brief.sha256,
        "guidance": policy.guidance,
        "accepted": dict(policy.accepted),
        "rules": sorted(intake.book.texts),
        "snapshots": [one.id for one in standing.snapshots],
        "out": [Path(one).name for one in targets],
        "version": version("dnc-check"),
    }
