"""The store: a folder with a small DuckDB ledger and immutable snapshot files.

    dnc-store/
      ledger.duckdb     snapshots, objections, log, rule texts by hash
      snapshots/        one sorted Parquet file a snapshot, named by its checksum

A load writes its file beside, syncs, renames, then adds one row: whole or absent.
The ledger is held for moments only, so checks and loads run side by side.
"""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import re
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Self

import duckdb
import polars as pl

from dnc.clock import today
from dnc.engine import connect, engine, run, statement
from dnc.errors import InputError, StoreError
from dnc.extracts import Taken, take
from dnc.loader import Extract, Loader, known, loader_for
from dnc.numbers import read_number

VERSION = 2
LOCK_WAIT_SECONDS = 10.0


@dataclass(frozen=True)
class Snapshot:
    """One extract taken in whole.

    id: counts up. as_of: day the registry produced it. covers: E.164 prefixes it is
    complete for. absent: `clear` or `listed`, what it means there not to be in it.
    region: the numbering plan of its national forms, where that was told.
    listed, clear, unknown, unread: rows of the extract; they add up to its rows,
    but for numbers that stand in several rows and for those added from the question.
    new: False where the same bytes stood already. notes: what a person should know of the load.
    """

    id: int
    registry: str
    as_of: date
    covers: tuple[str, ...]
    absent: str
    campaign: str | None
    means: str | None
    asked: str | None
    region: str | None
    sha256: str
    file: str
    listed: int
    clear: int
    unknown: int
    unread: int
    loaded_at: datetime
    new: bool = True
    notes: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """Rows of the extract, as far as they were counted once."""
        return self.listed + self.clear + self.unknown + self.unread

    @property
    def prefixes(self) -> str:
        """`covers` as text: `*` for every number."""
        return " ".join(prefix or "*" for prefix in self.covers)


@dataclass(frozen=True)
class Standing:
    """What a check sees of a store: the snapshots and objections of the moment it began."""

    folder: Path
    snapshots: tuple[Snapshot, ...]
    objections: pl.DataFrame

    def of(self, registry: str) -> list[Snapshot]:
        """The snapshots of one registry."""
        return [snapshot for snapshot in self.snapshots if snapshot.registry == registry]


@dataclass(frozen=True)
class _Told:
    """What a load was told beside the file."""

    as_of: date
    covers: tuple[str, ...]
    campaign: str | None
    means: str | None
    asked: Path | None
    region: str | None


@dataclass(frozen=True)
class _Prepared:
    """An extract that was read in whole, and what makes its snapshot another than one that stands."""

    sha256: str
    identity: tuple[Any, ...]
    absent: str
    taken: Taken


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

    # the ledger

    @property
    def exists(self) -> bool:
        """Whether anything was ever written to it."""
        return (self.path / "ledger.duckdb").exists()

    @contextmanager
    def _ledger(self, write: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
        if not self.exists and not write:
            raise StoreError(f"{self.path}: no store here; load something first, or name one with --store")
        con = self._connect(write)
        try:
            self._prepare(con, write)
            yield con
            if write:
                con.execute("checkpoint")
        finally:
            con.close()

    def _connect(self, write: bool) -> duckdb.DuckDBPyConnection:
        ledger = self.path / "ledger.duckdb"
        deadline = time.monotonic() + LOCK_WAIT_SECONDS
        if write:
            try:
                (self.path / "snapshots").mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise StoreError(f"{self.path}: cannot be written: {error.strerror}") from None
        while True:
            try:
                return connect(ledger, read_only=not write)
            except (duckdb.IOException, duckdb.ConnectionException) as error:
                locked = "lock" in str(error).lower()
                if locked and time.monotonic() < deadline:
                    time.sleep(0.1)
                    continue
                raise StoreError(self._refusal(str(error), locked)) from None
            except duckdb.Error as error:
                raise StoreError(self._refusal(str(error), False)) from None

    def _refusal(self, message: str, locked: bool) -> str:
        holder = re.search(r"PID (\d+)", message)
        if locked:
            who = f"process {holder[1]}" if holder else "another process"
            return f"{self.path}: locked by {who}; wait for it or end it, then try again"
        if "newer" in message or "version number" in message:
            return f"{self.path}: written by another version of DuckDB; use the program that wrote it"
        return f"{self.path}: ledger.duckdb cannot be opened; it is damaged or no store of this program"

    def _prepare(self, con: duckdb.DuckDBPyConnection, write: bool) -> None:
        tables = {name for (name,) in con.execute("select table_name from duckdb_tables()").fetchall()}
        if not tables and write:
            con.begin()
            con.execute(statement("schema"))
            con.execute("insert into about values (?)", [VERSION])
            con.commit()
        elif "about" not in tables:
            raise StoreError(f"{self.path}: ledger.duckdb is no store of this program")
        [(version,)] = con.execute("select version from about").fetchall()
        if version != VERSION:
            raise StoreError(
                f"{self.path}: a store of version {version}, this program reads {VERSION}; "
                "use the program that wrote it, or load into a new store"
            )

    def _log(self, con: duckdb.DuckDBPyConnection, verb: str, detail: dict[str, Any]) -> int:
        [(seq,)] = con.execute("select coalesce(max(seq), 0) + 1 from log").fetchall()
        text = json.dumps(detail, ensure_ascii=False, default=str)
        con.execute("insert into log values (?, ?, ?, ?, ?)", [seq, _now(), verb, user(), text])
        return int(seq)

    def record(self, verb: str, detail: dict[str, Any], rules: dict[str, str] | None = None) -> int:
        """Add a row to the log, and rule texts by hash; returns the row's number."""
        with self._ledger(write=True) as con:
            con.begin()
            for sha256, text in (rules or {}).items():
                con.execute(
                    "insert into rules select ?, ? where not exists (from rules where sha256 = ?)",
                    [sha256, text, sha256],
                )
            seq = self._log(con, verb, detail)
            con.commit()
            return seq

    def log(self) -> pl.DataFrame:
        """The log, oldest first: seq, done_at (UTC), verb, done_by, detail (JSON)."""
        with self._ledger() as con:
            return pl.DataFrame(
                con.sql("select seq, done_at, verb, done_by, detail::varchar as detail from log order by seq")
            )

    # snapshots

    def snapshots(self) -> list[Snapshot]:
        """All snapshots, oldest load first; raises StoreError where there is no store."""
        with self._ledger():
            pass
        return list(self.standing().snapshots)

    def standing(self) -> Standing:
        """What stands now. A store that does not exist yet is empty."""
        empty = pl.DataFrame(schema={"number": pl.UInt64, "on_day": pl.Date, "lifted": pl.Boolean, "seq": pl.Int32})
        if not self.exists:
            return Standing(self.path, (), empty)
        with self._ledger() as con:
            rows = con.execute("select * from snapshots order by id").fetchall()
            objections = pl.DataFrame(con.sql("select number, on_day, lifted, seq from objections"))
        return Standing(self.path, tuple(_snapshot(row) for row in rows), objections)

    def diff(self, before: int, after: int, numbers: bool = False) -> pl.DataFrame:
        """What changed from one snapshot to another of the same registry.

        Returns one row (registry, before, after as days, added, removed, unknown), or with
        `numbers` a row a number (number, change). A number that the other snapshot does
        not speak of is `unknown`. Raises InputError where there is no such pair.
        """
        by_id = {one.id: one for one in self.snapshots()}
        if missing := [str(id_) for id_ in (before, after) if id_ not in by_id]:
            raise InputError(f"no snapshot {missing[0]}; dnc snapshots lists them")
        old, new = by_id[before], by_id[after]
        if old.registry != new.registry:
            raise InputError(
                f"snapshot {before} is of {old.registry}, {after} of {new.registry}; name two of one registry"
            )
        folder = self.path / "snapshots"
        params = {
            "before": str(folder / old.file),
            "after": str(folder / new.file),
            "covered_before": list(old.covers),
            "covered_after": list(new.covers),
            "absent": new.absent == "listed",
        }
        with tempfile.TemporaryDirectory(prefix="dnc-") as spill, engine(spill) as con:
            if numbers:
                sql = f"select '+' || number as number, change from ({statement('diff')})"
                return run(con, "diff", sql, params)
            changes = run(con, "diff", f"select change from ({statement('diff')})", params)["change"]
        counts = {name: int((changes == name).sum()) for name in ("added", "removed", "unknown")}
        return pl.DataFrame([{"registry": new.registry, "before": old.as_of, "after": new.as_of, **counts}])

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
    ) -> list[Snapshot]:
        """Take several extracts, all or none; arguments and exceptions as for `load`, one snapshot a file."""
        if as_of > today():
            message = f"--as-of {as_of} is in the future; it is the day the registry produced the file"
            raise InputError(message, paths[0])
        if bad := [prefix for prefix in covers if not re.fullmatch(r"\+?\d{1,15}", prefix)]:
            raise InputError(f"--covers {bad[0]!r} is no E.164 prefix")
        if asked and len(paths) > 1:
            raise InputError("--asked goes with one file; put the parts of the answer together first", paths[1])
        question = Path(asked) if asked else None
        region = region and region.upper()
        told = _Told(as_of, tuple(sorted(prefix.lstrip("+") for prefix in covers)), campaign, means, question, region)
        with tempfile.TemporaryDirectory(prefix=".dnc-load-", dir=self._near()) as work:
            prepared = []
            for number, path in enumerate(paths):
                folder = Path(work) / str(number)
                folder.mkdir()
                words: dict[str, Any] = {"means": means, "asked": question, "as_of": as_of, "region": region}
                module = Path(loader) if loader else None
                one, extract = loader_for(Path(path), registry, module=module, **words)
                prepared.append(self._prepared(one, extract, told, folder))
            return self._add(prepared)

    def _prepared(self, loader: Loader, extract: Extract, told: _Told, work: Path) -> _Prepared:
        """One extract, read in whole and not yet in the store."""
        taken = take(loader, extract, work)
        prefixes = told.covers or taken.covers
        if extract.covers and not all(prefix.startswith(tuple(extract.covers)) for prefix in prefixes):
            raise InputError("--covers says more than the codes in the file; leave it out", extract.path)
        if prefixes and loader.absent == "clear" and loader.registry != "own" and not any(taken.counts.values()):
            raise InputError("is empty, and would clear every number it is complete for; fetch it again", extract.path)
        if loader.last_day and told.as_of > date.fromisoformat(loader.last_day):
            taken.notes.append(f"{loader.registry} ended on {loader.last_day}; is {told.as_of} the day of this file?")
        if loader.registry == "own":
            taken.notes.extend(self._own_notes(taken.listings, told.as_of))
        asked = sha256_of(told.asked) if told.asked else None
        identity = (loader.registry, told.as_of, list(prefixes), told.campaign, told.means, asked, told.region)
        return _Prepared(sha256_of(extract.path), identity, loader.absent, taken)

    def _own_notes(self, listings: Path, as_of: date) -> list[str]:
        """What a newer file of the own list leaves out, which stays, and how old its newest entry is."""
        stood = [one for one in self.standing().snapshots if one.registry == "own"]
        files = [str(self.path / "snapshots" / name) for name in sorted({one.file for one in stood})]
        with connect(":memory:") as con:
            [(count, newest)] = con.execute(
                "select count(*), max(coalesce(since, ?)) from read_parquet(?) where listed", [as_of, str(listings)]
            ).fetchall()
            lacks = 0
            if files:
                left_out = "where listed and number not in (select number from read_parquet(?))"
                sql = f"select count(distinct number) from read_parquet(?) {left_out}"
                [(lacks,)] = con.execute(sql, [files, str(listings)]).fetchall()
        notes = [f"its newest entry is of {newest}"] if count else ["no objections in it"]
        return notes + ([f"it lacks {lacks:,} earlier numbers; they stay until they are lifted"] if lacks else [])

    def _near(self) -> Path:
        """The store's folder, or the nearest one that exists: on the same disk."""
        return next(folder for folder in (self.path, *self.path.absolute().parents) if folder.is_dir())

    def _keep(self, listings: Path) -> str:
        """Move a finished file of listings to its name, its checksum."""
        with listings.open("rb+") as file:
            os.fsync(file.fileno())
        name = f"{sha256_of(listings)}.parquet"
        listings.chmod(0o600)
        listings.replace(self.path / "snapshots" / name)
        return name

    def _add(self, prepared: list[_Prepared]) -> list[Snapshot]:
        """Put extracts into the store, all in one transaction; those that stand already are left as they are."""
        if all(self._stands(one) for one in prepared):
            return [standing for one in prepared if (standing := self._stands(one))]
        with self._ledger(write=True) as con:
            con.begin()
            added = [self._stands(one, con) or self._add_one(con, one) for one in prepared]
            con.commit()
        return added

    def _stands(self, one: _Prepared, con: duckdb.DuckDBPyConnection | None = None) -> Snapshot | None:
        """The snapshot of the same bytes with the same words, if there is one."""
        rows = con.execute("select * from snapshots order by id").fetchall() if con else None
        stood = [_snapshot(row) for row in rows] if rows is not None else self.standing().snapshots
        for old in stood:
            told = (old.registry, old.as_of, list(old.covers), old.campaign, old.means, old.asked, old.region)
            if old.sha256 == one.sha256 and told == one.identity:
                return replace(old, new=False)
        return None

    def _add_one(self, con: duckdb.DuckDBPyConnection, one: _Prepared) -> Snapshot:
        registry, as_of, covers, campaign, means, asked, region = one.identity
        sha256, counts, notes = one.sha256, one.taken.counts, one.taken.notes
        file = self._keep(one.taken.listings)
        # Own is a ledger: what stands in it is lifted, never corrected away.
        stood = "delete from snapshots where sha256 = ? and registry = ? and registry <> 'own' returning id"
        gone = con.execute(stood, [sha256, registry]).fetchall()
        if gone:
            notes.append(f"the same bytes stood as snapshot {gone[0][0]} with other words; this one replaces it")
        [(last,)] = con.execute("select coalesce(max(id), 0) from snapshots").fetchall()
        new = 1 + max(last, *(old for (old,) in gone), 0)
        told = [new, registry, as_of, covers, one.absent, campaign, means, asked, region, sha256, file]
        row = [*told, *(counts[name] for name in ("listed", "clear", "unknown", "unread")), _now()]
        con.execute(f"insert into snapshots values ({', '.join('?' * len(row))})", row)
        detail = {"snapshot": new, "registry": registry, "as_of": as_of, "sha256": sha256, **counts}
        self._log(con, "load", detail | {"replaces": [old for (old,) in gone], "notes": notes})
        return _snapshot(row, notes)

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

        All numbers or none: raises InputError where one cannot be read, naming its position.
        Returns how many were recorded.
        """
        if lift and not reason:
            raise InputError("lifting an objection asks for a --reason")
        if on > today():
            raise InputError(f"--on {on} is in the future")
        read = [read_number(text, region) for text in numbers]
        for position, reading in enumerate(read, 1):
            if reading.number is None:
                why = "national form; say --region" if reading.unread == "region" else reading.unread
                raise InputError(f"number {position} cannot be read ({why}); nothing was recorded")
        with self._ledger(write=True) as con:
            con.begin()
            [(last,)] = con.execute("select coalesce(max(seq), 0) from objections").fetchall()
            rows = [[last + at, one.number, on, lift, reason, _now()] for at, one in enumerate(read, 1)]
            con.executemany("insert into objections values (?, ?, ?, ?, ?, ?)", rows)
            self._log(con, "lift" if lift else "object", {"count": len(rows), "on": on, "reason": reason})
            con.commit()
        return len(rows)

    # forgetting

    def forget(self, before: date, registry: str | None = None) -> list[Snapshot]:
        """Delete snapshots as of a day before `before`; returns those that went.

        The own list is never forgotten by age: that would let the person be called again.
        """
        if registry:
            known(registry)
        if registry == "own":
            raise InputError("own is kept: forgetting an objection would let the person be called again")
        with self._ledger(write=True) as con:
            con.begin()
            kept_files, gone = set(), []
            for row in con.execute("select * from snapshots order by id").fetchall():
                one = _snapshot(row)
                old = one.as_of < before and one.registry != "own" and registry in (None, one.registry)
                gone.append(one) if old else kept_files.add(one.file)
            con.execute("delete from snapshots where id in (select unnest(?))", [[one.id for one in gone]])
            detail = {"before": before, "registry": registry, "snapshots": [one.id for one in gone]}
            self._log(con, "forget", detail)
            con.commit()
        for one in gone:
            if one.file not in kept_files:
                (self.path / "snapshots" / one.file).unlink(missing_ok=True)
        return gone


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)


def user() -> str:
    """The operating-system user who runs this, as the log names him."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


def _snapshot(row: Sequence[Any], notes: Sequence[str] = ()) -> Snapshot:
    names = [one.name for one in fields(Snapshot) if one.name not in ("new", "notes")]
    told = dict(zip(names, row, strict=True))
    return Snapshot(**told | {"covers": tuple(told["covers"]), "notes": tuple(notes)})


def sha256_of(path: Path) -> str:
    """The checksum of a file. Raises InputError where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", path) from None
