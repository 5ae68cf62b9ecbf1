"""The store: a folder with a log that is only added to, and files that are never changed.

    dnc-store/
      log/              what was done and recorded, one line a change (`dnc.store.journal`)
      head              the last row of the log, and its hash
      snapshots/        one sorted Parquet file per snapshot, named by its checksum
      bitpages/         the numbers of large snapshots as bits, one file each, named by its checksum
      decisions/        one Parquet file per check that keeps its decisions
      records/          own records from files (consents, calls, customers), named by checksum
      rules/            texts of rules that checks used, named by checksum
      lock              locked by the one process that changes the store

A change is made completely or not at all. Readers take no lock, so checks and loads run at the same time.
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, Unpack

import polars as pl

from dnc.clock import today
from dnc.database import engine, run, statement
from dnc.errors import InputError, OptionError, StoreError, must_be, room_in, texts_of, why
from dnc.files.locks import ReadLock, own_folder
from dnc.messages import localized
from dnc.numbers.reader import read_number
from dnc.registries.reasons import in_words
from dnc.store import audit_log, holds, records, retention, wordings
from dnc.store.folder import known_fault, refuse_unsafe
from dnc.store.holds import Hold
from dnc.store.journal import WORDS, WORK, Journal
from dnc.store.record_kinds import (
    ALL_KINDS,
    CONSENTS,
    CUSTOMERS,
    KINDS,
    OWN_VALID_DAYS,
    VALID_DAYS,
    WHOLE,
    is_valid_days,
)
from dnc.store.retention import Forgotten
from dnc.store.snapshots import Snapshot, Standing, snapshots_in
from dnc.store.state import State

if TYPE_CHECKING:
    from dnc.store.load import LoadOptions

__all__ = ["LOCK_WAIT_SECONDS", "Snapshot", "Standing", "Store"]

LOCK_WAIT_SECONDS = 10.0
_TRIES = 5
_SPARE = 1 << 20  # numbers that are left to what is recorded while files are sorted


class Store:
    """The store folder of one controller.

    `Store(path)` does not touch the disk; the folder is created when something is first written to it.
    """

    def __init__(self, path: str | Path = "dnc-store") -> None:
        must_be("path", path, "path", str, Path)
        if path == "":
            raise OptionError(localized("errors", "path_empty"))
        self.path = Path(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Do nothing: no file stays open between calls."""

    @cached_property
    def journal(self) -> Journal:
        """The journal, for verification, backup and restore."""
        return Journal(self.path, LOCK_WAIT_SECONDS)

    @property
    def exists(self) -> bool:
        """Whether anything was ever written to it."""
        return self.journal.exists

    def must_exist(self) -> None:
        """Raise StoreError if there is no store."""
        self.journal.must_exist()

    def must_be_writable(self) -> None:
        """Raise StoreError, before any work is done, if nothing could be recorded."""
        with self.work("probe"):
            pass

    @contextmanager
    def work(self, kind: str) -> Iterator[Path]:
        """A folder on the disk of the store for unfinished files; it is removed at the end, or after a crash."""
        with ExitStack() as stack:
            stack.callback(self._remove_empty)
            stack.enter_context(room_in(self.path))
            try:
                refuse_unsafe(self.path)
                for attempt in range(_TRIES):
                    # A failed load of another process may remove the folder that it created, at this moment.
                    with suppress(*[FileNotFoundError] * (attempt < _TRIES - 1)):
                        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
                        work = stack.enter_context(own_folder(self.path, f"{WORK}{kind}-"))
                        break
            except OSError as error:
                raise StoreError(localized("errors", "log_unwritten", store=self.path, why=why(error))) from None
            yield work

    def _remove_empty(self) -> None:
        with suppress(OSError):
            self.path.rmdir()

    # reading

    def standing(self) -> Standing:
        """The snapshots and own records of this moment; none if the store does not exist yet.

        Raises StoreError, also if the log was edited.
        """
        if not self.exists:
            return Standing(self.path)
        for _ in range(_TRIES):
            now = self._standing_in(self.journal.read())
            try:
                return replace(now, reading=ReadLock(now.files))
            except FileNotFoundError:
                continue  # forgotten since the log was read, so the log has changed too
            except OSError as error:
                raise StoreError(localized("errors", "snapshots_unread", store=self.path, why=why(error))) from None
        return now  # a file is lost: whoever reads it says which

    def _standing_in(self, state: State) -> Standing:
        """What a state has, without keeping its files open."""
        own = records.records_in(state, self.path)
        return Standing(self.path, snapshots_in(state), records=own, wordings=wordings.facts_of(state))

    def snapshots(self) -> list[Snapshot]:
        """All snapshots, oldest load first; raises StoreError if there is no store."""
        return list(snapshots_in(self.journal.read()))

    def log(self) -> pl.DataFrame:
        """The log, oldest first: seq, done_at (UTC), verb, done_by, detail (JSON), previous, hash.

        What people wrote is in a detail until it is erased.
        A log that was edited is read too, so that somebody can look at it. Raises StoreError.
        """
        self.must_exist()
        words: Mapping[str, Any] = {}
        with suppress(StoreError):
            words = self.journal.read().values(WORDS)
        lines = [line for _, part in self.journal.lines() for line in part if line and line.row.n]
        rows = [
            {
                **{"seq": row.n, "done_at": row.at.removesuffix("Z"), "verb": row.verb, "done_by": row.who},
                "detail": json.dumps({**row.what, **words.get(str(row.n), {})}, sort_keys=True),
                **{"previous": row.prev, "hash": digest},
            }
            for row, digest, *_ in lines
        ]
        schema = dict.fromkeys(("done_at", "verb", "done_by", "detail", "previous", "hash"), pl.String)
        log = pl.DataFrame(rows, schema={"seq": pl.Int32, **schema})
        return log.with_columns(pl.col("done_at").str.to_datetime("%Y-%m-%dT%H:%M:%S", time_unit="us", strict=False))

    def texts(self, kind: Literal["rules", "terms"], hashes: Collection[str]) -> list[str]:
        """Texts of rules, or settings of checks, by their SHA-256; of those that are still kept. Raises StoreError."""
        kept = self.journal.read().values(kind)
        there = [kept[sha256] for sha256 in hashes if sha256 in kept]
        if kind == "terms":
            return there
        paths = [self.path / "rules" / one["file"] for one in there]
        for fault in filter(None, map(known_fault, paths)):
            raise StoreError(localized("errors", "records_fault", store=self.path, fault=fault))
        return [path.read_text(encoding="utf-8") for path in paths]

    def decisions(self) -> dict[int, Path]:
        """The file of each check that kept its decisions, by the row of the check in the log. Raises StoreError."""
        kept = self.journal.read().all(retention.DECISIONS, retention.KeptDecisions).values()
        return {one.check: self.path / "decisions" / one.file for one in kept}

    def hashes(self, check: int) -> dict[str, str]:
        """The SHA-256 of the list of a check, of its consents and of its verdicts, by the row of the check in the log.

        Raises StoreError if they were erased; what the check was told was, too.
        """
        if (kept := self.journal.read().values(retention.HASHES).get(str(check))) is None:
            raise StoreError(localized("errors", "replay", "no_hashes", number=check))
        return dict(kept)

    def record(
        self,
        verb: str,
        detail: dict[str, Any],
        words: Mapping[str, Any],
        *,
        rules: Mapping[str, str] | None = None,
        terms: Mapping[str, str] | None = None,
        decisions: Path | None = None,
        hashes: Mapping[str, str | None] | None = None,
    ) -> audit_log.Entry:
        """Add a row to the log, the texts of rules and terms by their SHA-256, and a file of decisions to keep.

        words: details that are erased with the first person who is forgotten, see `Change.log`.
        hashes: to which the row commits until numbers are forgotten.
        """
        with self.journal.change() as change:
            known = change.state.values("rules")
            for sha256, text in (rules or {}).items():
                if sha256 not in known:
                    change.put("rules", sha256, {"file": change.keep_text(text, "rules")})
            new = {sha256: text for sha256, text in (terms or {}).items() if sha256 not in change.state.values("terms")}
            change.put_all("terms", new)
            if decisions is None:
                row = change.log(verb, detail, words)
            else:
                file, rows = change.keep(decisions, "decisions")
                row = change.log(verb, detail | {"decisions": file}, words)
                change.put(retention.DECISIONS, row, retention.KeptDecisions(row, file, rows, audit_log.now()))
            if hashes:
                change.put(retention.HASHES, row, hashes)
        return change.head

    def diff(self, before: int, after: int, numbers: bool = False) -> pl.DataFrame:
        """What changed from one snapshot to another of the same registry.

        Returns one row (registry, days before and after, numbers added, removed, unknown), or with `numbers` one row
        per number (number, change). A number that the other snapshot does not cover is `unknown`. Raises InputError
        if there are no such snapshots.
        """
        self.must_exist()
        standing = self.standing()
        by_id = {snapshot.id: snapshot for snapshot in standing.snapshots}
        if missing := [str(id_) for id_ in (before, after) if id_ not in by_id]:
            raise InputError(localized("errors", "load", "no_snapshot", id=missing[0]))
        old, new = by_id[before], by_id[after]
        if old.registry != new.registry:
            raise InputError(
                localized(
                    "errors", "other_registry_of", before=before, registry=old.registry, after=after, other=new.registry
                )
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

    def load(self, path: str | Path, *, as_of: date, **options: Unpack[LoadOptions]) -> Snapshot | records.RecordFile:
        """Load one file of a registry, or of the own list, completely.

        Args:
            path: the registry's file.
            as_of: the day the registry produced it, not later than today.
            registry: its id, if no loader or several recognise the file.
            covers: E.164 prefixes (digits) the file is complete for, if the loader does not know.
            campaign: the campaign an answer was obtained for.
            means: what a bare number means, `listed` or `callable`.
            asked: the file that was sent to the registry, one number per line; its numbers that are not in the answer
                get the opposite meaning.
            loader: a module outside the package that defines `LOADER`.
            region: numbering plan (ISO 3166-1 alpha-2) of national numbers, if the registry has no country of its own.
            columns: names of columns in the file by ours, in plain form, a directory or the own list.
            dates: order of day and month in dates of such a file, see `dnc.clock.DATE_ORDERS`.
            values: words of such a file and ours, by our name of the column.
            accept: what is accepted all the same → why, which is logged: `unchanged`, a file whose bytes were loaded
                for an earlier day; `shrunk`, a complete list that shrank by more than a tenth, or lost most of its
                numbers; `unread`, rows of complete lists with an unreadable number, which are left out.
            corrects: id of the snapshot of the same file that this one replaces, whatever its day or campaign.
            sheet: of a spreadsheet, hidden or not; by default the first visible one that holds anything.
            ignore: columns of the file that are left out on purpose, or patterns of their names.

        Returns:
            The snapshot, or the file of own records; if the same file is already loaded in the same way, that one with
            `new` False.

        Raises:
            InputError, LoaderError, OptionError: the file or an option is wrong; the store is as it was.
            StoreError: the store cannot be written.
        """
        return self.load_all([path], as_of=as_of, **options)[0]

    def load_all(
        self, paths: Sequence[str | Path], *, as_of: date, **options: Unpack[LoadOptions]
    ) -> list[Snapshot | records.RecordFile]:
        """Load several files, all or none; arguments and exceptions as for `load`. Returns what is of each file."""
        from dnc.store import load  # most processes only check

        checked = load.checked(paths, as_of, options)
        standing = self.standing()
        with self.work("load") as work, self.journal.instance.cursor() as con:
            prepared = []
            for number, path in enumerate(paths):
                folder = work / str(number)
                folder.mkdir()
                prepared.append(load.prepare(Path(path), checked, standing, folder, con))
            load.corrected(prepared[0], checked, standing)
            loaded = [load.same_file(file, checked, standing) for file in prepared]
            if all(loaded):
                return [file for file in loaded if file]
            new = [file for file, known in zip(prepared, loaded, strict=True) if not known]
            load.refuse_unread(new, checked)
            lost = load.losses(new, checked, standing, work)
            with self.journal.change() as change:
                added = list[Snapshot | records.RecordFile]()
                for file in prepared:
                    now = self._standing_in(change.state)
                    if same := load.same_file(file, checked, now):
                        added.append(same)
                    elif file.loader.cumulative:
                        added.append(load.add_own(change, file, now, checked))
                    else:
                        added.append(load.add(change, file, now, checked, lost.get(file.path, 0)))
                return added

    def confirm(self, registry: str, as_of: date, reason: str) -> records.RecordFile:
        """State that nothing is new in the own list, or among customers, until a day, not later than today.

        registry: `own` or `customers`. reason: how that is known; the log has it. Returns the file that then counts as
        of that day, with `new` False if it did so before. Raises InputError where none is loaded, or for another day or
        registry, StoreError.
        """
        must_be("as_of", as_of, "day", date)
        if (kind := WHOLE.get(registry)) is None:
            raise InputError(localized("errors", "load", "unchanged_of"))
        if as_of > today():
            raise InputError(localized("errors", "load", "future", day=as_of))
        self.must_exist()
        with self.journal.change() as change:
            file = records.confirm(change, kind, as_of, reason)
            if file is None:
                raise InputError(localized("errors", "load", "nothing_to_confirm", registry=registry))
        return file

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
        """Record objections to this controller, or lift them, which needs a reason.

        All numbers are recorded or none: raises InputError with the position of a number that cannot be read or may
        be mistyped. Returns how many were recorded.
        """
        must_be("on", on, "day", date)
        if lift and not (reason or "").strip():
            raise InputError(localized("errors", "lift_reason"))
        if on > today():
            raise InputError(localized("errors", "on_future", day=on))
        read = read_all(numbers, region, certain=not lift)
        with self.journal.change() as change:
            records.add_objections(change, read, on, lifted=lift, reason=reason, recorded_at=audit_log.now())
            # The reason is kept with the objection, where it can be forgotten; rows of the log cannot.
            change.log("lift" if lift else "object", {"count": len(read), "on": on})
        return len(read)

    # own records

    def add_records(self, new: Sequence[records.NewRows]) -> list[records.Added]:
        """Add rows of files of one kind of own records, all or none. Raises StoreError.

        To compare them with the store and to sort them takes minutes for tens of millions, so the store is not locked
        meanwhile. If something that was recorded since has to be compared too, it is done again; the last time the
        store is locked.
        """
        kind = new[0].kind
        with self.work("sorted") as work, self.journal.instance.cursor() as con:
            for spare in (0, _SPARE):
                standing, last = self.standing(), self.journal.asked(lambda state: state.last(kind.name)) or 0
                known = standing.records or {one.name: records.Records(one, self.path) for one in ALL_KINDS}
                ready = records.sort(con, new, known, work, last + spare)
                with self.journal.change() as change:
                    if not any(rows.is_outdated(change) for rows in ready):
                        return [records.add_sorted(change, rows) for rows in ready]
            with self.journal.change() as change:
                known, last = records.records_in(change.state, self.path), change.state.last(kind.name)
                return [records.add_sorted(change, rows) for rows in records.sort(con, new, known, work, last)]

    def tell(self, new: records.NewRows) -> records.Added:
        """Add rows of own records that a person or a program told, all or none. Raises StoreError."""
        with self.journal.change() as change:
            return records.add_told(change, new)

    # forgetting

    def forget(self, before: date, registry: str | None = None) -> list[Snapshot]:
        """Delete snapshots as of a day before `before`; returns those deleted.

        Raises LoaderError for a registry that is not known, InputError for own records, which have terms (`retain`).
        """
        retention.check_registry(registry)
        if registry in KINDS:
            raise InputError(localized("errors", "retain_term", kind=registry))
        self.must_exist()
        with self.journal.change(erasing=True) as change:
            return retention.forget_by_age(change, before, registry)

    def forget_decisions(self, before: date) -> list[int]:
        """Delete decisions kept before a day; returns the checks (rows of the log) they belong to."""
        self.must_exist()
        with self.journal.change(erasing=True) as change:
            return retention.forget_decisions_by_age(change, before)

    def numbers_of(self, people: Iterable[str], region: str | None = None) -> list[int]:
        """Numbers (E.164) of people, each named by a number or by the id (`person`) that own records have.

        region: of national numbers. Raises as `read_all`.
        """
        texts, state = texts_of("numbers", people), self.journal.read()
        with self.journal.instance.cursor() as con:
            known = pl.concat(
                kind.find(con, "list_contains($ids, person)", {"ids": texts}, ["person", "number"])
                for kind in records.records_in(state, self.path, [CONSENTS, CUSTOMERS]).values()
            )
        by_id = dict(known.iter_rows())
        # An id may be a number as well.
        named = [
            text if (text not in by_id or read_number(text, region).number) else f"+{by_id[text]}" for text in texts
        ]
        return list(dict.fromkeys([*read_all(named, region), *known["number"]]))

    def forget_numbers(
        self,
        numbers: Iterable[str],
        *,
        region: str | None = None,
        restrict: bool = False,
        reason: str | None = None,
    ) -> Forgotten:
        """Delete kept decisions on some numbers, and listings that clear them; opt-outs are always kept.

        numbers: or ids, as of `numbers_of`.
        restrict: keep their consents and the calls made, and record objections, so that nobody is called again.
        reason: of the restriction, or why consents are deleted that the law asks to keep; the log has it.

        Raises InputError with the position of a number that cannot be read, StoreError if a
        restore kept files in the folder `damaged`, where they cannot be deleted.
        """
        self.must_exist()
        read = self.numbers_of(numbers, region)
        with self.work("forget") as work, self.journal.change(erasing=True) as change:
            forgotten = retention.forget_by_number(change, read, work, restrict=restrict, reason=reason)
            if restrict:
                records.add_objections(change, read, today(), reason=reason, recorded_at=audit_log.now())
        return forgotten

    def forget_due(self, kept: Collection[int] = ()) -> tuple[list[Snapshot], list[int], dict[str, int]]:
        """Delete what `retain` no longer keeps; the consents of some numbers (E.164) are `kept` all the same.

        Returns the snapshots, the checks whose decisions are deleted, and how many own records of each kind are.
        """
        self.must_exist()
        gone: tuple[list[Snapshot], list[int], dict[str, int]] = ([], [], {})
        with self.work("forget") as work, self.journal.change(erasing=True) as change:
            for name, _, first in retention.terms(change.state):
                if kind := KINDS.get(name):
                    held = kept if kind is CONSENTS else ()
                    gone[2][name] = retention.forget_records_by_age(change, first, kind, work, held)
                elif name == retention.DECISIONS:
                    gone[1].extend(retention.forget_decisions_by_age(change, first))
                else:
                    gone[0].extend(retention.forget_by_age(change, first, name))
        return gone

    def retain(self, kind: str, months: int | None) -> None:
        """Set for how many months snapshots of a registry, or `decisions`, are kept; None: no limit."""
        retention.check_registry(kind)
        with self.journal.change() as change:
            retention.retain(change, kind, months)

    def retention(self) -> list[tuple[str, int, date]]:
        """What is kept, for how many months, and the first day that is still kept."""
        return retention.terms(self.journal.read())

    def forgettable(self) -> Counter[str]:
        """How many snapshots, own records and files of decisions `forget_due` deletes, by kind; none during a hold.

        Consents that are used, or that the law asks to keep, are among them (`dnc.checks.consent_ends`).
        """
        state = self.journal.read()
        with self.journal.instance.cursor() as con:
            return Counter() if holds.in_state(state) else retention.kept_too_long(con, state)

    # the office

    def office(self) -> dict[str, str]:
        """The settings of the office that the desk serves, by name; none if there is no store. Raises StoreError."""
        return dict(self.journal.asked(lambda state: state.values("office")) or {})

    def set_office(self, settings: Mapping[str, str]) -> None:
        """Replace the settings of the office; the log names them, and of the values only `own_valid_days`.

        Raises OptionError where that is not a number of days, StoreError.
        """
        days = settings.get(OWN_VALID_DAYS)
        if days is not None and not is_valid_days(days):
            raise OptionError(localized("errors", "valid_days", days=days))
        with self.journal.change() as change:
            change.put_all("office", dict.fromkeys(change.state.values("office")) | dict(settings))
            change.log("office", {"settings": sorted(settings), OWN_VALID_DAYS: days or VALID_DAYS})

    def hold(
        self, reason: str, *, number: str | None = None, campaign: str | None = None, region: str | None = None
    ) -> Hold:
        """Put a number, a campaign or everything on hold: nothing of it is erased until the hold is lifted.

        region: of a national number. Raises InputError for a number that cannot be read, OptionError without a reason.
        """
        self.must_exist()
        [read] = read_all([number], region) if number else [None]
        with self.journal.change() as change:
            return holds.add(change, reason, read, campaign)

    def lift_hold(self, row: int) -> None:
        """Lift a hold, by its row of the log. Raises InputError if there is none."""
        self.must_exist()
        with self.journal.change() as change:
            holds.lift(change, row)

    def holds(self) -> list[Hold]:
        """What is on hold, oldest first."""
        return holds.in_state(self.journal.read())


def read_all(numbers: Iterable[str], region: str | None, *, certain: bool = False) -> list[int]:
    """Numbers that a person typed, in E.164.

    Raises InputError with the position of a number that cannot be read, or with `certain` one that may be mistyped;
    OptionError for a number that is not a text, or a single text.
    """
    read = [read_number(text, region) for text in texts_of("numbers", numbers)]
    for position, reading in enumerate(read, 1):
        if reading.number is None:
            reason = localized("errors", "national") if reading.unread == "region" else in_words(reading.unread or "")
            raise InputError(localized("errors", "number_unread", position=position, why=reason))
        if certain and reading.doubt:
            raise InputError(localized("errors", "number_doubt", position=position, reason=in_words(reading.doubt)))
    return [reading.number for reading in read if reading.number is not None]
