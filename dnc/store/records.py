"""Own records in a store: what was loaded from files, and what was recorded one at a time.

Rows of files are in Parquet, sorted, as are snapshots; rows that were recorded are in the log until there are many of
them. Each row has a number, `seq`, that no other of its kind ever gets: a verdict names
it (`consents:1234`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import msgspec
import polars as pl
from msgspec.structs import replace

from dnc.clock import NO_DAYS
from dnc.database import one_of, run
from dnc.errors import StoreError
from dnc.messages import localized
from dnc.store import audit_log
from dnc.store.folder import fault_of, known_fault
from dnc.store.journal import Change, rows_of
from dnc.store.record_kinds import (
    ALL_KINDS,
    ALWAYS,
    CALLS,
    CONSENTS,
    GIVEN,
    NEVER,
    OBJECTIONS,
    OWN_VALID_DAYS,
    RECORDED_FIRST,
    VALID_DAYS,
    Kind,
)
from dnc.store.state import State

_IN_LOG = 4096  # rows of a kind; more are moved into a file
_FILLED_HERE = ("seq", "consent", "recorded_at")  # columns that are filled in here; `consent` is that of a call
_MOMENT = "%Y-%m-%dT%H:%M:%S%.f"
# In small groups, as of a file the groups are read that may have a number.
_COPY = """
    copy ({rows}) to $out
    (format parquet, compression zstd, compression_level 1, parquet_version v2, row_group_size 32768)
"""
_COLUMNS = "select column_name, column_type from (describe from read_parquet($files, union_by_name = true))"
# Rows that are not new: those that the store has, and of equal rows all but the first.
_NOT_NEW = """
    with read as (select row, number, hash({same}) as same_as from ({rows})),
    twice as (select number, same_as, min(row) as first from read group by all having count(*) > 1)
    select read.row from read join twice using (number, same_as) where row > first
    union all
    select row from read semi join (select number, hash({same}) as same_as from ({known})) using (number, same_as)
"""
# Calls with the consent that they were made on: the one that was known when they were loaded, or else the newest that
# is known now. A statement against counts for the whole of its day, and for all consents up to it; a withdrawal without
# a day for all. Minutes of a day are compared in UTC, in which it may begin and end elsewhere, so days are spread
# apart; a consent told by its day alone is of its beginning, and so is a call whose minute is not known.
_ON_CONSENTS = """
    with statements as (from ({consents}))
    select n.* exclude ("on", moment)
           replace (coalesce(n.consent, case when a.day is null or c.day > a.day then c.seq end) as consent)
    from (
        select *, "at"::date as "on", epoch_ms("at"::date)::bigint // 86400000 * 4096 + {minute} as moment from ({rows})
    ) n asof left join (
        select number, seq, consent_on as day, epoch_ms(consent_on)::bigint // 86400000 * 4096
               + case when consent_at is null then 0 else least(greatest(
                   epoch_ms(consent_at)::bigint // 60000 - epoch_ms(consent_on)::bigint // 60000 + 1440, 1), 4094) end
               as since
        from statements
        where consent_on is not null and consent in {given} and not coalesce(consent_odd, false)
            and number not in (select number from statements where consent_withdrawn_on = {always})
    ) c on n.number = c.number and n.moment >= c.since
    asof left join (
        select number, consent_withdrawn_on as day from statements where consent_withdrawn_on <> {never}
        union all select number, consent_on from statements where consent = 'none' and consent_on is not null
    ) a on n.number = a.number and n."on" >= a.day
"""
_OF_CONSENTS = "seq number consent consent_on consent_at consent_withdrawn_on consent_odd"  # which it reads of them


# The rows of an own list. No list is accepted any more with dates that contradict it: an entry that starts after the
# day of its list starts on that day, and one that ends before it starts has no end.
_OBJECTIONS = """
    select row_number() over () as row, number, not listed as lifted, null as reason, $as_of::date as as_of,
           case when since is not null then least(since, $as_of) end as on_day,
           case when until > $no_days and until >= coalesce(since, until) then until end as until
    from read_parquet($listings) where listed is distinct from false
"""


class Accepted(NamedTuple):
    """What a load accepted although it would normally be refused, because a reason was given.

    Attributes:
        what: `unread` (rows of a complete list), `shrunk` (numbers that the list held before and lacks) or `unchanged`
            (files of the same bytes as of an earlier day).
        rows: how many.
        reason: as given.
    """

    what: str
    rows: int
    reason: str


class RecordFile(msgspec.Struct, frozen=True, omit_defaults=True):
    """One file of own records.

    sha256, name: of the file that it was loaded from; None where it has what was recorded singly.
    file: its name in the folder `records`; empty where it has no rows. `first` to `last`: the numbers (`seq`) of its
    rows. `from_day` to `to_day`: the days for which it has every call. oldest: the day of its oldest row.
    as_of: the day for which it says all that is known; where somebody said that nothing was new until then, the file of
    an earlier day, `made_on`. accepted: what its load accepted.
    covers, listed, clear, unknown, unread, region, layout: of the own list, as of a `Snapshot`; and so are `new` and
    `notes` of its load, which the store does not keep.
    """

    id: int
    kind: str
    file: str
    rows: int
    first: int
    last: int
    oldest: date | None
    loaded_at: datetime
    sha256: str | None = None
    name: str | None = None
    as_of: date | None = None
    made_on: date | None = None
    from_day: date | None = None
    to_day: date | None = None
    accepted: tuple[Accepted, ...] = ()
    covers: tuple[str, ...] = ()
    listed: int = 0
    clear: int = 0
    unknown: int = 0
    unread: int = 0
    region: str | None = None
    layout: str | None = None
    new: bool = True
    notes: tuple[str, ...] = ()

    @property
    def registry(self) -> str:
        """What its kind is called in `--registry`."""
        return next(kind.registry or kind.name for kind in ALL_KINDS if kind.name == self.kind)

    @property
    def made(self) -> date | None:
        """The day of which a whole file is, whatever was said since."""
        return self.made_on or self.as_of

    @property
    def campaign(self) -> None:
        """Own records are of no campaign."""

    @property
    def numbers(self) -> int:
        """Rows of `file`, of the own list one per number."""
        return self.rows


class Records(msgspec.Struct, frozen=True):
    """The rows of one kind at one moment: those of `files`, and those `recorded` in the log.

    folder: of the files. recorded: with the columns of the kind. valid_days: for how many days a whole file says who is
    not in it; None: without an end.
    """

    kind: Kind
    folder: Path
    files: tuple[RecordFile, ...] = ()
    recorded: pl.DataFrame = msgspec.field(default_factory=pl.DataFrame)
    valid_days: int | None = VALID_DAYS

    @property
    def any(self) -> bool:
        """Whether there is anything."""
        return bool(self.files) or self.recorded.height > 0

    @property
    def last(self) -> int:
        """The highest number of a row; 0 if there is none."""
        return max([0, *(file.last for file in self.files), *self.recorded["seq"].tail(1)]) if self.any else 0

    @property
    def end(self) -> list[int]:
        """How far it goes: the highest number of a row, and the id of the newest file; for `until`."""
        return [self.last, max([0, *(file.id for file in self.files)])]

    def until(self, last: int = 0, file: int = 0) -> Records:
        """The same as it was when that was its `end`; by default when there was nothing."""
        files = [one for one in self.files if one.first <= last and (one.id <= file or one.name is None)]
        recorded = self.recorded.filter(pl.col("seq") <= last) if self.recorded.width else self.recorded
        return replace(self, files=tuple(files), recorded=recorded)

    @property
    def singly(self) -> Records:
        """Those that a person or a program told, and no file."""
        return replace(self, files=tuple(file for file in self.files if file.name is None))

    @property
    def whole(self) -> list[RecordFile]:
        """The files that say all that was known on their day, the oldest day first.

        A list that is complete for some prefixes only says nothing of other numbers that it does not have.
        """
        files = [file for file in self.files if file.as_of and (self.kind is not OBJECTIONS or "" in file.covers)]
        return sorted(files, key=lambda file: (str(file.as_of), file.id))

    def whole_on(self, day: date) -> RecordFile | None:
        """The newest of them on a day."""
        return next((file for file in reversed(self.whole) if file.as_of and file.as_of <= day), None)

    def told_until(self, file: RecordFile) -> date:
        """The last day for which a whole file says who is not in it; the last of all days where it has no end."""
        if self.valid_days is None or file.as_of is None:
            return date.max
        return file.as_of + timedelta(days=self.valid_days)

    def names_of(self, rows: pl.Series) -> pl.Series:
        """The names of the files that some rows (`seq`) were loaded from; null for those that were recorded singly."""
        files = sorted((file.first, file.last, file.name) for file in self.files if file.rows and file.name)
        found = pl.DataFrame([(0, 0, None), *files], ["first", "last", "name"], orient="row")
        place = found["first"].search_sorted(rows, side="right") - 1
        return found["name"].cast(pl.String)[place].set(found["last"][place] < rows, None)

    @property
    def read_again(self) -> list[tuple[int, int, int]]:
        """Of each file that was loaded again: its first and last row, and how much further on each is read anew."""
        found, last = [], dict[str, RecordFile]()
        for file in self.files:
            if file.sha256:
                if before := last.get(file.sha256):
                    found.append((before.first, before.last, file.first - before.first))
                last[file.sha256] = file
        return found

    def path(self, file: RecordFile) -> Path:
        """Where a file is."""
        return self.folder / file.file

    def fault(self, file: RecordFile) -> str | None:
        """What is wrong with a file; None if nothing is."""
        return fault_of(self.path(file)) if file.rows else None

    def paths(self) -> list[str]:
        """All its files, compared with their checksums. Raises StoreError."""
        paths = [self.path(file) for file in self.files if file.rows]
        for path in paths:
            if fault := known_fault(path):
                raise StoreError(localized("errors", "records_fault", store=self.folder.parent, fault=fault))
        return [str(path) for path in dict.fromkeys(paths)]

    def source(self, asked: str | None = None) -> StatementSource:
        """The rows as a source for statements in SQL. Raises StoreError where a file is damaged.

        asked: SQL that names every column which is needed; a statement with fewer columns is planned sooner.
        """
        name = self.kind.name
        sql, paths = [self.kind.rows_of(f"${name}_files", asked)], self.paths()
        if self.recorded.height or not paths:
            sql.append(f"from recorded_{name}")
        recorded = {f"recorded_{name}": self.recorded if self.recorded.width else empty(self.kind)}
        params = {f"{name}_files": paths} if paths else {}
        return StatementSource(" union all by name ".join(sql[not paths :]), params, recorded if sql[1:] else {})

    def about(self, numbers: pl.Series, asked: str) -> StatementSource:
        """The rows that have one of some distinct numbers, as `source`; of a few, only the parts of files are read that
        may have them.
        """
        here = self
        if self.recorded.height:  # where none is left, DuckDB has only the files to read
            here = replace(self, recorded=self.recorded.filter(pl.col("number").is_in(numbers.implode())))
        source = here.source(f"number {asked}")
        which, frames = one_of(numbers)
        return StatementSource(f"from ({source.sql}) where {which}", source.params, {**source.frames, **frames})

    def find(
        self,
        con: duckdb.DuckDBPyConnection,
        where: str = "true",
        params: Mapping[str, Any] | None = None,
        columns: Sequence[str] | None = None,
        numbers: pl.Series | None = None,
    ) -> pl.DataFrame:
        """The rows for which a condition in SQL holds, by default with all columns.

        con: has access to the store. numbers: the only ones asked about, distinct.
        """
        columns = list(columns or self.kind.all_columns)
        names, asked = ", ".join(f'"{name}"' for name in columns), f"{columns} {where}"
        source = self.source(asked) if numbers is None else self.about(numbers, asked)
        sql, given = f"select {names} from ({source.sql}) where {where}", {**source.params, **(params or {})}
        schema = None if numbers is None else empty(self.kind).select(columns).schema
        return run(con, self.kind.name, sql, given or None, schema, **source.frames)


class StatementSource(NamedTuple):
    """A statement that gives rows, its parameters, and the frames that it reads."""

    sql: str
    params: dict[str, Any]
    frames: dict[str, pl.DataFrame]


@lru_cache(maxsize=1)
def _schemas() -> dict[str, pl.DataFrame]:
    """An empty frame of each kind."""
    with duckdb.connect(":memory:") as con:
        return {kind.name: pl.DataFrame(con.sql(kind.no_rows())) for kind in ALL_KINDS}


def empty(kind: Kind) -> pl.DataFrame:
    """A frame without rows, with the columns of a kind."""
    return _schemas()[kind.name]


def records_in(state: State, folder: Path, kinds: Iterable[Kind] = ALL_KINDS) -> dict[str, Records]:
    """The own records of a store, by kind. folder: of the store."""
    files = sorted(state.all("records", RecordFile).values(), key=lambda file: file.id)
    return {
        kind.name: Records(
            kind,
            folder / "records",
            tuple(one for one in files if one.kind == kind.name),
            recorded(state, kind),
            _valid_days(state, kind),
        )
        for kind in kinds
    }


def _valid_days(state: State, kind: Kind) -> int | None:
    days = state.values("office").get(OWN_VALID_DAYS, VALID_DAYS)
    if days == RECORDED_FIRST:  # which says nothing of customers
        return None if kind is OBJECTIONS else VALID_DAYS
    return int(days)


def with_columns_of(con: duckdb.DuckDBPyConnection, kind: Kind, files: Sequence[str]) -> Kind:
    """A kind with the columns that only a newer program knows, and that some of its files have."""
    schema = dict.fromkeys(("column_name", "column_type"), pl.String)
    there = run(con, "records", _COLUMNS, {"files": list(files)}, schema).iter_rows() if files else ()
    more = {name: type_ for name, type_ in there if name not in kind.all_columns}
    return replace(kind, columns={**kind.columns, **more})


def recorded(state: State, kind: Kind) -> pl.DataFrame:
    """The rows of a kind that are in no file yet, with its columns."""

    def frame(values: Mapping[str, Any]) -> pl.DataFrame:
        schema = empty(kind).schema
        as_text = {name: pl.String if type_.is_temporal() else type_ for name, type_ in schema.items()}
        texts = pl.DataFrame(list(values.values()), schema=as_text, orient="row")
        days = [pl.col(name).str.to_date("%Y-%m-%d") for name, type_ in schema.items() if type_ == pl.Date]
        moments = [name for name, type_ in schema.items() if type_ == pl.Datetime]
        return texts.with_columns(*days, *(pl.col(name).str.to_datetime(_MOMENT, time_unit="us") for name in moments))

    return state.made(kind.name, frame, Kind)


def uses(records: Mapping[str, Records], numbers: pl.Series | None = None) -> StatementSource:
    """The calls made on a consent, which may have been loaded later: `seq`, `number`, `at`, and its row as `consent`.

    records: by kind. numbers: the only ones asked about, distinct.
    """
    asked = ("seq number at consent", _OF_CONSENTS)
    calls, consents = (
        records[kind.name].source(names) if numbers is None else records[kind.name].about(numbers, names)
        for kind, names in zip((CALLS, CONSENTS), asked, strict=True)
    )
    return on_consents(calls, consents, "where consent is not null")


def on_consents(
    calls: StatementSource, consents: StatementSource, where: str = "", minute: str = "0"
) -> StatementSource:
    """Calls with the consents that they were made on; minute: SQL, of their day, see `NewRows`."""
    words = {"given": GIVEN, "never": NEVER, "always": ALWAYS}
    sql = _ON_CONSENTS.format(rows=calls.sql, minute=minute, consents=consents.sql, **words)
    return StatementSource(f"from ({sql}) {where}", calls.params | consents.params, calls.frames | consents.frames)


def used_since(con: duckdb.DuckDBPyConnection, records: Mapping[str, Records], day: date) -> pl.Series:
    """The consents on which some calls were made from a day on, by their `seq`; records: by kind."""
    made = uses(records)
    sql = f'select distinct consent {made.sql} and "at" >= $day order by consent'
    return run(con, "records", sql, {**made.params, "day": day}, **made.frames)["consent"]


class NewRows(msgspec.Struct, frozen=True):
    """Rows of a kind that were read and are not in the store yet.

    Attributes:
        kind: theirs.
        rows: Parquet files in the folder of the store, or a frame of a few, with the columns of the kind but `seq` and
            `recorded_at`, and `row`, which counts from 1. Of calls also `minute`: the earliest in UTC at which they may
            have been made, counted from a day before the day of `at`; 0 where it is not known.
        count: the number of the last one.
        kept: how many there are.
        filled: the columns in which any row has a value; others are not written.
        sha256, name: of the file that they are from; None where a person or a program told them.
        as_of: of a whole file, its day.
        from_day, to_day: the days for which they are all there are.
        accepted: what was accepted of the file.
    """

    kind: Kind
    rows: Sequence[Path] | pl.DataFrame
    count: int
    kept: int
    filled: Collection[str]
    sha256: str | None = None
    name: str | None = None
    as_of: date | None = None
    from_day: date | None = None
    to_day: date | None = None
    accepted: tuple[Accepted, ...] = ()

    @property
    def source(self) -> StatementSource:
        """The rows as a source for statements in SQL."""
        if isinstance(self.rows, pl.DataFrame) or not self.rows:
            none = empty(self.kind).with_columns(row=pl.lit(0, pl.Int64), minute=pl.lit(0, pl.Int64))
            return StatementSource(
                "from told", {}, {"told": self.rows if isinstance(self.rows, pl.DataFrame) else none}
            )
        return StatementSource(self.kind.rows_of("$parts"), {"parts": list(map(str, self.rows))}, {})

    def near(self, known: StatementSource) -> StatementSource:
        """Known rows among which all are that have a number of these; of a few, only some parts of files are read."""
        if not isinstance(self.rows, pl.DataFrame) or self.rows.is_empty():
            return known
        [low, high] = self.rows.select(low=pl.col("number").min(), high=pl.col("number").max()).row(0)
        return known._replace(sql=f"from ({known.sql}) where number between {low} and {high}")


class Added(msgspec.Struct, frozen=True):
    """What was added: rows that are new, numbered from `first` to `last`, perhaps with gaps; None without any.

    known: rows that the store had already. silent: rows that tell neither a consent nor a withdrawal, and are left out.
    odd: consents that were not understood, so that no call rests on them. misread: their words, each with our column
    and the number of rows.
    """

    rows: int
    known: int
    first: int | None
    last: int | None
    silent: int = 0
    odd: int = 0
    misread: Sequence[tuple[str, str, int]] = ()


class Sorted(msgspec.Struct, frozen=True):
    """The rows of a file that the store does not have, numbered and sorted, in a Parquet file.

    Attributes:
        new: where they are from. path: theirs. rows: how many.
        first: the first number that was given. at: when they are recorded. oldest: the day of the oldest row.
        known: the records that they were compared with, by kind.
    """

    new: NewRows
    path: Path
    rows: int
    first: int
    at: datetime
    oldest: date | None
    known: Mapping[str, Records]

    @property
    def last(self) -> int:
        """The last number that was given."""
        return self.first + self.new.count - 1

    def is_outdated(self, change: Change) -> bool:
        """Whether the store has got anything since with which they have to be compared."""
        if change.state.last(self.new.kind.name) >= self.first:
            return True
        kinds = [records.kind for records in self.known.values()]
        for name, now in records_in(change.state, change.folder, kinds).items():
            then = self.known[name]
            recent = now.recorded.filter(pl.col("seq") > then.last)
            if now.files != then.files or now.recorded.height - recent.height != then.recorded.height:
                return True
            which, frames = one_of(recent["number"].unique())
            sql = f"select 1 from read_parquet($file) where {which} limit 1"
            if recent.height and run(change.con, "records", sql, {"file": str(self.path)}, **frames).height:
                return True
        return False


def sort(
    con: duckdb.DuckDBPyConnection, new: Sequence[NewRows], known: Mapping[str, Records], work: Path, after: int
) -> list[Sorted]:
    """Write the rows of some files that are new into Parquet files.

    Args:
        con: has access to the store.
        new: the rows, all of one kind.
        known: the records of the store, by kind.
        work: folder for the files.
        after: numbers up to this one are given.
    """
    kind, at, ready = new[0].kind, audit_log.now(), list[Sorted]()
    known = {one.name: known[one.name] for one in _read_for(kind)}
    for one in new:
        path = work / f"{len(ready)}.parquet"
        rows = _numbered(_new_rows(con, known, one, [other.path for other in ready]), kind, after, at)
        _write(con, path, rows, kind, {*_FILLED_HERE, *one.filled})
        ready.append(Sorted(one, path, rows_of(path), after + 1, at, _oldest(con, kind, path), known))
        after = ready[-1].last
    return ready


def add_sorted(change: Change, rows: Sorted) -> Added:
    """Put rows of a file into the store and say so in the log."""
    new, kind = rows.new, rows.new.kind
    if kind is CALLS and rows.rows:
        _object(change, pl.scan_parquet(rows.path, glob=False), rows.at)
    days = {name: getattr(new, name) for name in ("name", "as_of", "from_day", "to_day")}
    file = change.keep(rows.path, "records")[0] if rows.rows else ""
    span = {"first": rows.first, "last": rows.last}
    change.put("last", kind.name, rows.last)
    place = {"kind": kind.name, "file": file, "rows": rows.rows, **span, "oldest": rows.oldest}
    _add_file(change, **place, **days, sha256=new.sha256, loaded_at=rows.at, accepted=new.accepted)
    name = days.pop("name")
    change.log("load", _in_log(new, rows.rows, span) | days | {"file": file}, {"name": name, **_words_of(new)})
    return Added(rows.rows, new.kept - rows.rows, *((rows.first, rows.last) if rows.rows else (None, None)))


def _read_for(kind: Kind) -> list[Kind]:
    """The kinds that rows of one are compared with: a call names the consent that it was made on."""
    return [kind, CONSENTS] if kind is CALLS else [kind]


def add_told(change: Change, new: NewRows) -> Added:
    """Put rows that were told into the store and say so in the log; those that it has are not added again."""
    con, kind = change.con, new.kind
    known = records_in(change.state, change.folder, _read_for(kind))
    last, at = change.state.last(kind.name), audit_log.now()
    rows = _numbered(_new_rows(con, known, new), kind, last, at)
    added = run(con, "records", rows.sql, rows.params, empty(kind).schema, **rows.frames)
    folded = _record(change, kind, added, last + new.count)
    if kind is CALLS:
        _object(change, added.lazy(), at)
    span = {"first": last + 1, "last": last + new.count}
    change.log("record", _in_log(new, added.height, span) | folded, _words_of(new))
    given = added["seq"].to_list()
    return Added(len(given), new.kept - len(given), min(given, default=None), max(given, default=None))


def _in_log(new: NewRows, rows: int, span: Mapping[str, int]) -> dict[str, Any]:
    return {"records": new.kind.name, "rows": rows, "known": new.kept - rows, **span}


def _words_of(new: NewRows) -> dict[str, Any]:
    return {"accepted": [one._asdict() for one in new.accepted]}


def _object(change: Change, calls: pl.LazyFrame, at: datetime) -> None:
    """Record the objections of people who objected in a call; they are lifted as others are."""
    objected = calls.filter(pl.col("result") == "objected").sort("seq")
    rows = objected.select("number", on_day=pl.col("at").dt.date()).collect()
    if rows.height:
        add_objections(change, *map(pl.Series.to_list, rows), recorded_at=at)


def add_list(change: Change, listings: Path, as_of: date, **of: Any) -> RecordFile:
    """Put an own list into the store: listings as `dnc.registries.ingest` writes them; `of`: more of `RecordFile`."""
    kind, at, last = OBJECTIONS, audit_log.now(), change.state.last(OBJECTIONS.name)
    params = {"listings": str(listings), "as_of": as_of, "no_days": NO_DAYS}
    rows, out = StatementSource(_OBJECTIONS, params, {}), change.work / "objections.parquet"
    _write(change.con, out, _numbered(rows, kind, last, at), kind, kind.all_columns)
    file, count = change.keep(out, "records") if rows_of(out) else ("", 0)
    change.put("last", kind.name, last + count)
    place = {"kind": kind.name, "file": file, "rows": count, "first": last + 1, "last": last + count, "oldest": None}
    return _add_file(change, **place, loaded_at=at, as_of=as_of, **of)


def confirm(change: Change, kind: Kind, as_of: date, reason: str) -> RecordFile | None:
    """State that nothing is new until a day in the own list, or among customers, and say so in the log.

    It is the newest whole file once more, as of that day; what was recorded or lifted since stands. None if there is
    no such file; one that is of that day or a later one is returned as it is, and not `new`.
    """
    newest = records_in(change.state, change.folder, [kind])[kind.name].whole_on(date.max)
    if newest is None or newest.as_of is None or newest.as_of >= as_of:
        return newest and replace(newest, new=False)
    accepted = (Accepted("unchanged", 1, reason),)
    id_ = change.state.last("records") + 1
    file = replace(newest, id=id_, as_of=as_of, made_on=newest.made, accepted=accepted)
    change.put("last", "records", id_)
    change.put("records", id_, file)
    said = {"records": kind.name, "registry": kind.registry, "as_of": as_of, "made_on": file.made_on}
    change.log("confirm", said, {"accepted": [one._asdict() for one in accepted]})
    return file


def add_objections(
    change: Change,
    numbers: Sequence[int],
    on: date | Sequence[date],
    *,
    lifted: bool = False,
    reason: str | None = None,
    recorded_at: datetime,
) -> None:
    """Record an objection of each number, or that it is lifted. on: the day, or that of each."""
    first, days = change.state.last(OBJECTIONS.name) + 1, [on] * len(numbers) if isinstance(on, date) else list(on)
    last = first + len(numbers) - 1
    rows = {"seq": range(first, last + 1), "number": numbers, "on_day": days}
    same = {"lifted": lifted, "reason": reason, "recorded_at": recorded_at}
    frame = pl.DataFrame(rows).with_columns(pl.lit(cell).alias(name) for name, cell in same.items())
    _record(change, OBJECTIONS, pl.concat([empty(OBJECTIONS), frame], how="diagonal_relaxed"), last)


def _record(change: Change, kind: Kind, rows: pl.DataFrame, last: int) -> dict[str, Any]:
    """Add rows to the log, and move all of the kind into a file once they are many. Returns what the log says of it.

    last: the highest number that is given.
    """
    stated = {str(row["seq"]): {key: cell for key, cell in row.items() if cell is not None} for row in rows.to_dicts()}
    change.put_all(kind.name, stated)
    change.put("last", kind.name, last)
    # What only a newer program knows of a row has no type here, so such a row stays in the log.
    ours = [int(seq) for seq, row in change.state.values(kind.name).items() if row.keys() <= kind.all_columns.keys()]
    if len(ours) <= _IN_LOG:
        return {}
    kept = records_in(change.state, change.folder, [kind])[kind.name]
    return _folded(change, replace(kept, recorded=kept.recorded.filter(pl.col("seq").is_in(ours))))


def _new_rows(
    con: duckdb.DuckDBPyConnection, records: Mapping[str, Records], new: NewRows, others: Sequence[Path] = ()
) -> StatementSource:
    """Those of some rows that the store does not have; others: files of rows that it will have before."""
    kind, asked = new.kind, f"number {new.kind.same}"
    known = (Records(kind, records[kind.name].folder) if kind.whole else records[kind.name]).source(asked)
    if others and not kind.whole:
        sql = f"{known.sql} union all by name {kind.rows_of('$others', asked)}"
        known = StatementSource(sql, {**known.params, "others": list(map(str, others))}, known.frames)
    known = new.near(known)
    same = ", ".join(f'"{name}"' for name in kind.same)
    rows = new.source
    sql, params = _NOT_NEW.format(same=same, rows=rows.sql, known=known.sql), {**known.params, **rows.params}
    frames = known.frames | rows.frames
    if rows.params:  # joined with whole rows, it would take three times as long to sort them
        frames = {**rows.frames, "not_new": run(con, "records", sql, params, **frames)}
        sql, params = "from not_new", rows.params
    sql = f"from ({rows.sql}) anti join ({sql}) using (row)"
    if kind is not CALLS or not records[CONSENTS.name].any:
        return StatementSource(sql, params, frames)
    consents = new.near(records[CONSENTS.name].source(_OF_CONSENTS))
    return on_consents(StatementSource(sql, params, frames), consents, minute="minute")


def _numbered(rows: StatementSource, kind: Kind, last: int, at: datetime) -> StatementSource:
    """Rows with numbers after `last`, and the moment at which they are recorded."""
    columns = ", ".join(f'"{name}"' for name in kind.all_columns if name not in ("seq", "recorded_at"))
    sql = f"select ({last} + row)::bigint as seq, {columns}, $at::timestamp as recorded_at from ({rows.sql})"
    return StatementSource(sql, {**rows.params, "at": at}, rows.frames)


def _write(
    con: duckdb.DuckDBPyConnection, out: Path, rows: StatementSource, kind: Kind, filled: Collection[str]
) -> None:
    """Write rows into a file, in the order of their kind. filled: columns in which any row may have a value.

    Columns without values would take half of the time to sort and to write.
    """
    columns = ", ".join(f'"{name}"' for name in kind.all_columns if name in filled)
    copy = _COPY.format(rows=f"select {columns} from ({rows.sql}) order by {kind.order}")
    run(con, "records", copy, {**rows.params, "out": str(out)}, **rows.frames)


def _oldest(con: duckdb.DuckDBPyConnection, kind: Kind, file: Path) -> date | None:
    """The day of the oldest row of a file."""
    sql = f"select min({kind.day}) from ({kind.rows_of('$file')})"
    found = run(con, "records", sql, {"file": str(file)}).item()
    return found if isinstance(found, date) else None


def _folded(change: Change, kept: Records) -> dict[str, Any]:
    """Move what was recorded into a file, with what earlier files of that origin hold if it is less.

    So there are few such files, and each row is written again only a few times. Returns what the log says of it.
    """
    kind, merged, rows = kept.kind, list[RecordFile](), kept.recorded.height
    for file in reversed([one for one in kept.files if one.name is None]):
        if file.rows > rows:
            break
        merged.append(file)
        rows += file.rows
    out, there = change.work / "folded.parquet", replace(kept, files=tuple(merged))
    all_of = with_columns_of(change.con, kind, there.paths())
    _write(change.con, out, replace(there, kind=all_of).source(), all_of, all_of.all_columns)
    change.put_all("records", {str(one.id): None for one in merged})
    change.put_all(kind.name, dict.fromkeys(map(str, kept.recorded["seq"])))
    change.folded = True
    first, oldest = min([*kept.recorded["seq"], *(one.first for one in merged)]), _oldest(change.con, kind, out)
    name = change.keep(out, "records")[0]
    _add_file(
        change,
        kind=kind.name,
        file=name,
        rows=rows,
        first=first,
        last=max(kept.recorded["seq"]),
        oldest=oldest,
        loaded_at=audit_log.now(),
    )
    return {"file": name}


def _add_file(change: Change, **row: Any) -> RecordFile:
    """Note a file of own records; its id is the next one."""
    file = RecordFile(id=change.state.last("records") + 1, **row)
    change.put("last", "records", file.id)
    change.put("records", file.id, file)
    return file
