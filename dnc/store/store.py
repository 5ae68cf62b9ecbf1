"""The store: a folder with a small DuckDB ledger, its manifest, and immutable files.

    dnc-store/
      ledger.duckdb     snapshots, objections, audit log, rule texts by hash
      manifest.json     what the ledger holds, counted and hashed
      snapshots/        one sorted Parquet file a snapshot, named by its checksum
      bitpages/         the numbers of large ones as bits, one file each, named by its checksum
      decisions/        one Parquet file a check that was told to keep its decisions
      lock              held by the one process that changes the store

A change is whole or absent (see `dnc.store.ledger`). Readers hold no lock, so checks and loads run side by side.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Self

import duckdb
import polars as pl

from dnc.clock import today
from dnc.database import engine, run, statement
from dnc.errors import InputError, StoreError
from dnc.files.locks import Reading, own_folder
from dnc.numbers.reader import read_number
from dnc.store import audit_log, load, retention
from dnc.store.ledger import WORK, Ledger
from dnc.store.manifest import bitpages_of
from dnc.store.retention import Forgotten
from dnc.store.snapshots import OBJECTIONS, Snapshot, Standing, snapshots_in

__all__ = ["LOCK_WAIT_SECONDS", "Snapshot", "Standing", "Store"]

LOCK_WAIT_SECONDS = 10.0
_TRIES = 5


class Store:
    """A store folder of one controller.

    `Store(path)` touches nothing; the folder is made by the first thing written to it.
    """

    def __init__(self, path: str | Path = "dnc-store") -> None:
        self.path = Path(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing stays open between calls."""

    @property
    def ledger(self) -> Ledger:
        """The ledger, for those who look after the store."""
        return Ledger(self.path, LOCK_WAIT_SECONDS)

    @property
    def exists(self) -> bool:
        """Whether anything was ever written to it."""
        return self.ledger.exists

    def must_exist(self) -> None:
        """Raise StoreError where there is no store."""
        if not self.exists:
            raise StoreError(f"{self.path}: no store here; load something first, or name one with --store")

    def must_be_writable(self) -> None:
        """Raise StoreError where nothing could be recorded, before any work is done."""
        with self.work("probe"):
            pass

    @contextmanager
    def work(self, kind: str) -> Iterator[Path]:
        """A folder on the store's disk for files that are not finished; it goes with the process."""
        with ExitStack() as stack:
            stack.callback(self._remove_empty)
            try:
                for attempt in range(_TRIES):
                    # A load that failed beside us may have removed the folder that it had made.
                    with suppress(*[FileNotFoundError] * (attempt < _TRIES - 1)):
                        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
                        work = stack.enter_context(own_folder(self.path, f"{WORK}{kind}-"))
                        break
            except OSError as error:
                raise StoreError(
                    f"{self.path}: cannot be written: {error.strerror or error}; what is done with a store stands in "
                    "its log. Use a copy (dnc backup), or dnc explain and dnc answer, which write nothing"
                ) from None
            yield work

    def _remove_empty(self) -> None:
        with suppress(OSError):
            self.path.rmdir()

    # what stands

    def standing(self) -> Standing:
        """What stands now. A store that does not exist yet is empty. Raises StoreError."""
        if not self.exists:
            return Standing(self.path)
        for _ in range(_TRIES):
            with self.ledger.read() as opened:
                now = self._snapshots_in(opened.con)
                objections = pl.DataFrame(opened.con.sql(f"select {', '.join(OBJECTIONS)} from objections"))
            now, missing = replace(now, objections=objections), None
            try:
                return replace(now, reading=Reading(now.files))
            except FileNotFoundError:
                continue  # forgotten since the ledger was read: then the ledger is another now
            except OSError as error:
                missing = error.strerror or str(error)
                break
        if missing:
            raise StoreError(f"{self.path}: snapshots cannot be read: {missing}")
        return now

    def _snapshots_in(self, con: duckdb.DuckDBPyConnection) -> Standing:
        """The snapshots of an open ledger, without objections and without a hold on their files."""
        bitpages = {row["of"]: row["file"] for row in bitpages_of(con)}
        return Standing(self.path, snapshots_in(con), bitpages=bitpages)

    def snapshots(self) -> list[Snapshot]:
        """All snapshots, oldest load first; raises StoreError where there is no store."""
        self.must_exist()
        with self.ledger.read() as opened:
            return list(snapshots_in(opened.con))

    def log(self) -> pl.DataFrame:
        """The log, oldest first: seq, done_at (UTC), verb, done_by, detail (JSON), previous, hash."""
        self.must_exist()
        columns = "seq, done_at, verb, done_by, detail::varchar as detail, previous, hash"
        with self.ledger.read() as opened:
            return pl.DataFrame(opened.con.sql(f"select {columns} from log order by seq"))

    def record(
        self,
        verb: str,
        detail: dict[str, Any],
        *,
        rules: Mapping[str, str] | None = None,
        terms: Mapping[str, str] | None = None,
        decisions: Path | None = None,
    ) -> audit_log.Entry:
        """Add a row to the log, rule texts and terms by hash, and the file of decisions that are kept."""
        texts = {"rules": rules or {}, "terms": terms or {}}
        with self.ledger.change() as change:
            for table, told in texts.items():
                known = {name for (name,) in change.con.execute(f"select sha256 from {table}").fetchall()}
                new = [(sha256, text) for sha256, text in told.items() if sha256 not in known]
                for row in new:
                    change.con.execute(f"insert into {table} values (?, ?)", row)
            if decisions is None:
                return change.log(verb, detail)
            file, rows = change.keep(decisions, "decisions")
            entry = change.log(verb, detail | {"decisions": file})
            change.con.execute("insert into decisions values (?, ?, ?, ?)", [entry.seq, file, rows, audit_log.now()])
            return entry

    def diff(self, before: int, after: int, numbers: bool = False) -> pl.DataFrame:
        """What changed from one snapshot to another of the same registry.

        Returns one row (registry, before, after as days, added, removed, unknown), or with
        `numbers` a row a number (number, change). A number that the other snapshot does
        not speak of is `unknown`. Raises InputError where there is no such pair.
        """
        self.must_exist()
        standing = self.standing()
        by_id = {one.id: one for one in standing.snapshots}
        if missing := [str(id_) for id_ in (before, after) if id_ not in by_id]:
            raise InputError(f"no snapshot {missing[0]}; dnc snapshots lists them")
        old, new = by_id[before], by_id[after]
        if old.registry != new.registry:
            raise InputError(
                f"snapshot {before} is of {old.registry}, {after} of {new.registry}; name two of one registry"
            )
        standing.of(new.registry)
        before_path, after_path = map(standing.path, (old, new))
        params = {
            "before": str(before_path),
            "after": str(after_path),
            "covered_before": list(old.covers),
            "covered_after": list(new.covers),
            "absent": new.absent == "listed",
        }
        with tempfile.TemporaryDirectory(prefix="dnc-") as spill, engine(spill, after_path.parent) as con:
            if numbers:
                sql = f"select '+' || number as number, change from ({statement(__package__, 'diff')})"
                return run(con, "diff", sql, params)
            changes = run(con, "diff", f"select change from ({statement(__package__, 'diff')})", params)["change"]
        counts = {name: int((changes == name).sum()) for name in ("added", "removed", "unknown")}
        return pl.DataFrame([{"registry": new.registry, "before": old.as_of, "after": new.as_of, **counts}])

    # loading

    def load(
        self,
        path: str | Path,
        *,
        as_of: date,
        registry: str | None = None,
        covers: Sequence[str] = (),
        campaign: str | None = None,
        means: str | None = None,
        asked: str | Path | None = None,
        loader: str | Path | None = None,
        region: str | None = None,
        accept_unread: int = 0,
        reason: str | None = None,
        shrunk: str | None = None,
        corrects: int | None = None,
    ) -> Snapshot:
        """Take one extract in whole.

        Args:
            path: the registry's file.
            as_of: the day the registry produced it, not later than today.
            registry: its id, where several loaders or none recognise the file.
            covers: E.164 prefixes (digits) the file is complete for, where the loader does not say.
            campaign: the campaign an answer was obtained for.
            means: what a bare number means, `listed` or `callable`.
            asked: the file that was sent in, one number a line; its other numbers get the opposite word.
            loader: a module outside the package that binds `LOADER`.
            region: numbering plan (ISO 3166-1 alpha-2) of national forms, where the registry has none of its own.
            accept_unread: rows at most whose number cannot be read and that are left out all the same, of lists
                that are complete for something; in all files together. reason: why that is right; it is logged.
            shrunk: why a complete list that shrank by more than a tenth is right; it is logged.
            corrects: id of the snapshot of the same file that this one replaces, whatever its day or campaign.
        Returns:
            The snapshot; the one that stands already, with `new` False, where nothing is new.
        Raises:
            InputError, LoaderError, OptionError: the file or an option is wrong; the store is as it was.
            StoreError: the store cannot be written.
        """
        return self.load_all(
            [path],
            as_of=as_of,
            registry=registry,
            covers=covers,
            campaign=campaign,
            means=means,
            asked=asked,
            loader=loader,
            region=region,
            accept_unread=accept_unread,
            reason=reason,
            shrunk=shrunk,
            corrects=corrects,
        )[0]

    def load_all(
        self,
        paths: Sequence[str | Path],
        *,
        as_of: date,
        registry: str | None = None,
        covers: Sequence[str] = (),
        campaign: str | None = None,
        means: str | None = None,
        asked: str | Path | None = None,
        loader: str | Path | None = None,
        region: str | None = None,
        accept_unread: int = 0,
        reason: str | None = None,
        shrunk: str | None = None,
        corrects: int | None = None,
    ) -> list[Snapshot]:
        """Take several extracts, all or none; arguments and exceptions as for `load`, one snapshot a file."""
        words: dict[str, Any] = {"registry": registry, "campaign": campaign, "means": means}
        words |= {"region": region and region.upper(), "loader": Path(loader) if loader else None}
        words |= {"accept_unread": accept_unread, "reason": reason, "shrunk": shrunk, "corrects": corrects}
        told = load.told(paths, as_of, covers, asked, **words)
        standing = self.standing()
        with self.work("load") as work:
            prepared = []
            for number, path in enumerate(paths):
                folder = work / str(number)
                folder.mkdir()
                prepared.append(load.prepare(Path(path), told, standing, folder))
            load.corrected(prepared[0], told, standing)
            stood = [load.stands(one, told, standing) for one in prepared]
            if all(stood):
                return [one for one in stood if one]
            new = [one for one, stands in zip(prepared, stood, strict=True) if not stands]
            load.refuse_unread(new, told)
            lost = load.gone(new, told, standing, work)
            with self.ledger.change() as change:
                added = []
                for one in prepared:
                    now = self._snapshots_in(change.con)
                    stands = load.stands(one, told, now)
                    added.append(stands or load.add(change, one, now, told, lost.get(one.path, 0)))
                return added

    # objections

    def object(
        self,
        numbers: Iterable[str],
        on: date,
        *,
        region: str | None = None,
        reason: str | None = None,
        lift: bool = False,
    ) -> int:
        """Record objections to this controller, or lift them (which asks for a reason).

        All numbers or none: raises InputError where one cannot be read or may be mistyped, naming its position.
        Returns how many were recorded.
        """
        if lift and not reason:
            raise InputError("lifting an objection asks for a --reason")
        if on > today():
            raise InputError(f"--on {on} is in the future")
        read = read_all(numbers, region, certain=not lift)
        with self.ledger.change() as change:
            [(last,)] = change.con.execute("select coalesce(max(seq), 0) from objections").fetchall()
            rows = [[last + at, number, on, lift, reason, audit_log.now()] for at, number in enumerate(read, 1)]
            change.con.executemany("insert into objections values (?, ?, ?, ?, ?, ?)", rows)
            # The reason stands with the objection: what a person said is no matter of the log.
            change.log("lift" if lift else "object", {"count": len(rows), "on": on})
        return len(rows)

    # forgetting

    def forget(self, before: date, registry: str | None = None) -> list[Snapshot]:
        """Delete snapshots as of a day before `before`; returns those that went.

        The own list is never forgotten by age: that would let the person be called again.
        """
        retention.check_registry(registry)
        self.must_exist()
        with self.ledger.change() as change:
            return retention.by_age(change, before, registry)

    def forget_decisions(self, before: date) -> list[int]:
        """Delete decisions that were kept before a day; returns the checks (rows of the log) they were of."""
        self.must_exist()
        with self.ledger.change() as change:
            return retention.decisions_by_age(change, before)

    def forget_numbers(
        self, numbers: Iterable[str], *, region: str | None = None, registry: str | None = None
    ) -> Forgotten:
        """Delete what is said of single numbers, but for oppositions: kept decisions, and words that clear them.

        Raises InputError where a number cannot be read, naming its position.
        """
        retention.check_registry(registry)
        self.must_exist()
        read = read_all(numbers, region)
        with self.work("forget") as work, self.ledger.change() as change:
            return retention.by_number(change, read, registry, work)

    def forget_due(self) -> tuple[list[Snapshot], list[int]]:
        """Delete what is older than the store is told to keep it; returns snapshots and checks that went."""
        self.must_exist()
        gone: tuple[list[Snapshot], list[int]] = ([], [])
        with self.ledger.change() as change:
            for kind, _, first in retention.due(change.con):
                if kind == retention.DECISIONS:
                    gone[1].extend(retention.decisions_by_age(change, first))
                else:
                    gone[0].extend(retention.by_age(change, first, kind))
        return gone

    def retain(self, kind: str, months: int | None) -> None:
        """Say for how many months snapshots of a registry, or `decisions`, are kept; None: until forgotten by hand."""
        if kind != retention.DECISIONS:
            retention.check_registry(kind)
        with self.ledger.change() as change:
            retention.retain(change, kind, months)

    def retention(self) -> list[tuple[str, int, date]]:
        """What is kept for how many months, and the first day that is still kept."""
        self.must_exist()
        with self.ledger.read() as opened:
            return retention.due(opened.con)


def read_all(numbers: Iterable[str], region: str | None, *, certain: bool = False) -> list[int]:
    """Numbers that a person typed, in E.164, all or none.

    Raises InputError naming the position of one that cannot be read; `certain`, also of one that may be mistyped.
    """
    read = [read_number(text, region) for text in numbers]
    for position, reading in enumerate(read, 1):
        if reading.number is None:
            why = "national form; say --region" if reading.unread == "region" else reading.unread
            raise InputError(f"number {position} cannot be read ({why}); nothing was done")
        if certain and reading.doubt:
            raise InputError(f"number {position} may be mistyped ({reading.doubt}); nothing was done")
    return [one.number for one in read if one.number is not None]
