"""Decide calls that come as Arrow batches, where an engine has them: a worker, a partition, a stream.

Steps and verdicts are those of a check. Nothing is written: no log, no output, no store; to get a row in the log,
decide files with `dnc.check`. Each worker opens the store for itself; a copy of its folder works too, and it may be
read-only.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any, Self, Unpack

import polars as pl

from dnc.checks.selection import select
from dnc.checks.settings import Settings, SettingsOptions, Setup
from dnc.database import first_process, refuse_fork
from dnc.errors import OptionError, must_be
from dnc.files.table import table_of_frame
from dnc.law.vocabulary import NEXT_AT
from dnc.lists.inputs import Batch, Rows, as_frame, is_table
from dnc.lists.intake import Intake
from dnc.messages import localized
from dnc.store.snapshots import Standing
from dnc.store.store import Store


class Decider:
    """Decides batch by batch, by what a store held when the decider was made or refreshed; close it, or use it
    as a context.

    Engines that keep a worker make one there, and pay for the store and the rules once:
    `dataset.map_batches(Decider, fn_constructor_kwargs={…}, batch_format="pyarrow", concurrency=2)`.
    Threads may share one; their calls then wait for each other. It can be pickled, and then opens the store anew.

    Args:
        store: the store, or its folder, which must exist.
        columns: those of `dnc.law.vocabulary.VERDICT` to give, and more; by default all of these, and `dnc_next_at`.
        best: whether to give one row for each row of a batch, as for `dnc.api.check`.
        settings, options: see `dnc.checks.settings.Settings`. Calls without `call_at` and `at` are made now, by the
            clock of each worker; of a day alone the hour is not known.

    Raises:
        InputError: an option, the brief or the consents are wrong. StoreError: the store cannot be read.
    """

    _at_gate = True  # see `dnc.checks.settings.Setup`

    def __init__(
        self,
        store: Store | str | Path,
        *,
        columns: Iterable[str] | None = None,
        best: bool = False,
        settings: Settings | None = None,
        **options: Unpack[SettingsOptions],
    ) -> None:
        must_be("store", store, "store", Store, str, Path)
        self._store = store if isinstance(store, Store) else Store(store)
        self._settings, self._best = Settings.of(settings, options), best
        self._columns = columns if columns is None or isinstance(columns, str) else list(columns)
        self._open()

    def _open(self) -> None:
        self._is_closed = False
        self._lock = Lock()  # what is remembered from batch to batch is for one thread
        self._load(*self._read())

    def _read(self) -> tuple[object, Setup, Standing]:
        self._store.must_exist()
        state = self._store.journal.version  # before anything is read, so that a change meanwhile shows
        return state, self._settings.read(self._store, at_gate=self._at_gate), self._store.standing()

    def _load(self, state: object, setup: Setup, standing: Standing) -> None:
        several = len(setup.brief.named("number")) > 1
        always = [NEXT_AT] if self._columns is None else []
        selection = select(
            self._columns, best=self._best, several=several, consents=standing.has_consents, always=always
        )
        stack = ExitStack()
        self._judge, self._completion = stack.enter_context(setup.judge(standing))
        self._spill = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dnc-")))
        self._state, self._setup, self._selection, self._stack = state, setup, selection, stack
        self._intake: Intake | None = None

    def __getstate__(self) -> dict[str, Any]:
        """The arguments: who unpickles a decider opens the store anew, which must be at the same path there."""
        return {name: self.__dict__[name] for name in ("_store", "_settings", "_columns", "_best")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._open()

    def is_stale(self) -> bool:
        """Whether the store has changed since it was read: a snapshot, an objection, a rules pack."""
        return bool(self._store.journal.version != self._state)

    def refresh(self) -> None:
        """Read the store, the law, the brief and the consents again, once a batch that is being decided is finished.

        Raises InputError and StoreError; the decider then decides as before.
        """
        refuse_fork()
        with self._lock:
            self._refuse_closed()
            state, setup, standing = self._read()
            if self._follows(setup, standing):
                self._state = state
                return
            before = self._stack
            self._load(state, setup, standing)
            before.close()

    def _follows(self, setup: Setup, standing: Standing) -> bool:
        """Whether what was read and judged so far still holds, since only objections and own records are new."""
        is_same = setup.consents is None and setup == self._setup
        has_consents = self._completion.own.standing.has_consents
        if not is_same or standing.has_consents != has_consents or not self._judge.follow(standing):
            return False
        self._completion.own.standing = standing
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the store and remove temporary folders; in a forked process that is left to the first one."""
        if os.getpid() != first_process():
            return
        with self._lock:
            self._is_closed = True
            self._stack.close()

    def _refuse_closed(self) -> None:
        if self._is_closed:
            raise OptionError(localized("errors", "decider_closed"))

    def __call__(self, batch: Batch | Rows) -> Any:
        """One batch with the columns of verdicts after its own, its rows in their order, one for each of their numbers.

        A batch of pyarrow comes back as one of pyarrow, any other as a frame of Polars. An objection or a withdrawal in
        one row counts for all rows of the batch with its number, and for none of another batch.
        Columns of a former run (`dnc_*`) are left out, all others stay as they are.
        Raises InputError where it is no batch of planned calls, RolesError where a column has no role, and OptionError
        if it is closed, or in a process that was forked after the engines were used: start workers with spawn.
        """
        refuse_fork()
        frame = as_frame(batch)
        with self._lock:
            self._refuse_closed()
            return self._decided(batch, frame)

    def each(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The same for rows of which each is a list of its own: what one says counts for no other."""
        refuse_fork()
        with self._lock:
            self._refuse_closed()
            together: pl.DataFrame | None = self._decided(frame, frame, separately=True)
            if together is None:
                together = pl.concat(self._decided(row, row) for row in frame.iter_slices(1))
            return together

    def _decided(self, batch: object, frame: pl.DataFrame, *, separately: bool = False) -> Any:
        """The verdicts on a batch; None where its rows are lists of their own and cannot be decided at once."""
        opened = partial(table_of_frame, Path("the batch"), frame)
        intake = self._setup.intake(table := opened())
        parts, given, first = [pl.DataFrame(schema=self._selection.schema)], [pl.Series(dtype=pl.UInt32)], 0
        intake = self._completion.surveyed(intake, opened)
        before, completion = self._as_before(intake), self._completion
        if separately:
            read_so_far = [(part, before.calls(part)) for part in before.fitted(intake.table.batches)]
            if not all(completion.are_separate(before, *part) for part in read_so_far):
                return None
            batches = iter([calls for _, calls in read_so_far])
        else:
            batches, completion = completion.read(before, intake.table, opened)
        for read in batches:
            calls = completion.completed(read)
            verdicts = self._judge.verdicts(calls)
            parts.append(self._selection.rows(calls, verdicts)[0].frame.select(self._selection.columns))
            positions = calls.each(pl.int_range(first, first + calls.height, dtype=pl.UInt32, eager=True))
            given.append(positions.filter(self._selection.written(calls, verdicts)))
            first += calls.height
        carried = [at for at, name in enumerate(table.columns) if name in intake.header.carried]
        return _with_verdicts(batch, frame, carried, pl.concat(given), pl.concat(parts))

    def _as_before(self, intake: Intake) -> Intake:
        """The intake of an earlier batch with the same columns, which remembers facts; or this one."""
        before = self._intake
        if before is None or _columns(before) != _columns(intake):
            self._intake = before = intake
        return before


def _columns(intake: Intake) -> tuple[object, ...]:
    return intake.table.header, intake.table.dates, list(intake.found)


class DeciderOptions(SettingsOptions, total=False):
    """The keywords of `Decider`."""

    columns: Iterable[str] | None
    best: bool
    settings: Settings | None


def decide(
    batches: Batch | Rows | Iterable[Batch], store: Store | str | Path, **options: Unpack[DeciderOptions]
) -> Iterator[Any]:
    """Decide batches as they come, in bounded memory; the store and the rules are opened once for all of them.

    `functools.partial(decide, store="folder", …)` can be sent to workers: it holds nothing but its arguments.

    Args:
        batches: planned calls, with the columns of a list of planned calls. A table by itself is one batch.
        options: those of `Decider`.
    Returns:
        An iterator of as many batches, each with the columns of verdicts behind its own.
    Raises:
        InputError, StoreError: as `Decider`, when the first batch is asked for.
    """
    # Frames can be iterated too, over their columns; readers of batches are iterators.
    if not isinstance(batches, Iterable) or (is_table(batches) and not isinstance(batches, Iterator)):
        each: Iterable[Any] = [batches]
    else:
        each = batches
    with Decider(store, **options) as decider:
        yield from map(decider, each)


def _with_verdicts(batch: Any, frame: pl.DataFrame, carried: list[int], rows: pl.Series, verdicts: pl.DataFrame) -> Any:
    """Verdicts after the carried columns of a batch, as a batch of the same library.

    Args:
        batch: as it was given. frame: the same in Polars.
        carried: positions of columns. rows: positions of rows, one for each verdict.
    """
    repeated = rows.len() != frame.height
    pyarrow = sys.modules.get("pyarrow")
    if pyarrow is None or not isinstance(batch, pyarrow.Table | pyarrow.RecordBatch):
        # By position, Polars would give a column without a name one.
        own = pl.DataFrame({frame.columns[at]: frame.to_series(at) for at in carried})
        return (own[rows] if repeated else own).hstack(verdicts)
    own = batch.select(carried)
    own = own.take(rows.to_arrow()) if repeated else own
    columns, schema = own.columns, own.schema
    for cells in verdicts:
        kind = pyarrow.date32() if cells.dtype == pl.Date else pyarrow.string()
        columns.append(cells.to_arrow().cast(kind))
        schema = schema.append(pyarrow.field(cells.name, kind))
    return type(batch).from_arrays(columns, schema=schema)
