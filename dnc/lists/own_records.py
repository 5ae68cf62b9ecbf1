"""Own records read: files of consents, of calls made and of customers, and single ones that a person or program tells.

Numbers, days and words are read as in a list of planned calls, by the same code. A load stops at a row that cannot be
read, and adds all rows or none.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import polars as pl
from msgspec import structs

from dnc.clock import ALWAYS, NEVER, NONE, YES, is_zone, read_day, read_moment, today
from dnc.database import instance_of
from dnc.errors import InputError, OptionError
from dnc.files.cell_texts import normal
from dnc.files.columns import words_of
from dnc.files.input_file import input_sha256
from dnc.files.open_table import open_table
from dnc.files.table import LINE, Table, folded, quoted, table_of_frame, uncut
from dnc.frames import each_distinct, repeated
from dnc.law.rulebook import Rulebook
from dnc.law.vocabulary import vocabulary
from dnc.lists.brief import Brief
from dnc.lists.calls import Calls
from dnc.lists.cell_facts import text_of
from dnc.lists.consents import ConsentRows, kept_by, of_own_records, refuse_objections
from dnc.lists.guesses import Guesses
from dnc.lists.header import Header
from dnc.lists.intake import Intake
from dnc.lists.local_time import earliest_instant, latest_local
from dnc.lists.roles import Survey
from dnc.lists.texts import TextMeanings
from dnc.lists.words import meaning, proposals
from dnc.messages import LANGUAGES, either, figure, localized, messages
from dnc.store.load import accepted as checked_reasons
from dnc.store.load import unaccepted, unchanged
from dnc.store.record_kinds import CALLS, CONSENTS, KINDS, LAST_TIMED, LASTING, RESULTS, Kind
from dnc.store.records import Accepted, Added, NewRows, Records, empty
from dnc.store.store import Store, read_all

_CLOCK = "\0clock"
_PLAIN_TIME = r"^\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d$"
INNER = {  # columns that are kept for the program only
    "consents": ("consent_at", "withdrawn_at", "consent_odd"),
    "calls": ("lasting", "consent"),
    "customers": (),
}
_CERTIFICATES = {
    "trustedform": r"^https://cert\.trustedform\.com/[0-9A-Za-z]{40,255}$",
    "leadid": r"^(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
}
_EXPORTED = ("statement", "recorded_at")  # columns that only an export has
ODD = "not understood"  # in an export, in the place of a consent
_DAY = 24 * 60  # minutes
_NO_FILE = Path()  # of rows that are told one by one
_BY_DAY: dict[str, Any] = {"number": pl.UInt64, "at": pl.Datetime("us"), "result": pl.String, "calls": pl.Int64}


@dataclass(frozen=True, kw_only=True)
class RecordReading:
    """What is said of a file of own records.

    Attributes:
        region: numbering plan of national numbers (ISO 3166-1 alpha-2).
        columns: our name of a column → the name in the file.
        dates: order of day and month, see `dnc.clock.DATE_ORDERS`.
        values: our column → word in the file → our word.
        texts, ignore, around: the roles of columns, and whether a person read what is around the table; see `Brief`.
        sheet: of a spreadsheet.
        zone: of times of calls without an offset (IANA, or UTC); by default they are on the clock of the called person.
        as_of: of customers, the day on which the file was made.
        covers_days: of calls, the first and the last day for which the file has every call.
        outbound: of calls, a column and the word in it of calls that went out; other rows are left out.
        accept: `unread`, rows with a number that cannot be read, which are then left out → why.
        strict: of consents, whether a row that says nothing, or is not understood, cannot be read either.
    """

    region: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    dates: str = "iso"
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    texts: Mapping[str, TextMeanings] = field(default_factory=dict)
    ignore: Sequence[str] = ()
    around: str | None = None
    sheet: str | None = None
    zone: str | None = None
    as_of: date | None = None
    covers_days: tuple[date, date] | None = None
    outbound: tuple[str, str] | None = None
    accept: Mapping[str, str] = field(default_factory=dict)
    strict: bool = False

    def __post_init__(self) -> None:
        if self.zone not in (None, "UTC") and not is_zone(str(self.zone)):
            raise OptionError(localized("errors", "no_zone", zone=self.zone))
        checked_reasons(self.accept)
        if self.covers_days and not self.covers_days[0] <= self.covers_days[1] <= today():
            raise OptionError(localized("errors", "covers_days"))

    def brief(self, columns: Mapping[str, str]) -> Brief:
        """The brief of the columns that lists of planned calls have too; columns: more of them, ours → theirs."""
        known = vocabulary().columns
        named = {ours: theirs for ours, theirs in self.columns.items() if ours in known}
        words = {
            ours: {folded(theirs): word for theirs, word in words.items()}
            for ours, words in self.values.items()
            if ours in known
        }
        region = self.region and self.region.upper()
        brief = Brief(region, self.dates, {**columns, **named}, words, ignore=self.ignore, sheet=self.sheet)
        return of_own_records(replace(brief, texts=self.texts, around=self.around))


def load(
    store: Store, kind: str, paths: Sequence[str | Path], book: Rulebook, reading: RecordReading | None = None
) -> list[Added]:
    """Load files of a kind of own records, all or none.

    Args:
        kind: `consents`, `calls` or `customers`.
        book: the law, for places and their clocks.
        reading: what is said of the files.
    Returns:
        What was added from each.
    Raises:
        InputError: a file or a row cannot be read. OptionError: an option or a column is wrong. StoreError.
    """
    reading, own = reading or RecordReading(), KINDS[kind]
    if own.whole != (reading.as_of is not None):
        raise OptionError(localized("errors", "records_as_of", "needed" if own.whole else "none", kind=kind))
    if reading.covers_days and own is not CALLS:
        raise OptionError(localized("errors", "covers_days"))
    with store.work("records") as work:
        new, tables = [], list[_Rows]()
        for at, path in enumerate(map(Path, paths)):
            folder = work / str(at)
            folder.mkdir()
            first, last = reading.covers_days or (None, None)
            days = {"as_of": reading.as_of, "from_day": first, "to_day": last}
            tables.append(rows := _opened(own, path, book, reading))
            sha256, files = input_sha256(path), store.standing().records[kind].files if store.exists else ()
            same = reading.as_of and unchanged(path, reading.as_of, files, reading.accept, sha256=sha256)
            accepted = (Accepted("unchanged", same, reading.accept["unchanged"]),) if same else ()
            new.append(rows.written(folder, accepted, sha256=sha256, name=path.name, **days))
        added = store.add_records(new)
    return [
        structs.replace(
            one, odd=rows.odd, silent=rows.silent, misread=tuple((*cell, n) for cell, n in rows.misread.most_common())
        )
        for one, rows in zip(added, tables, strict=True)
    ]


def _opened(kind: Kind, path: Path, book: Rulebook, reading: RecordReading) -> _Rows:
    """A file, opened, which has every column that is named; of calls only those that went out."""
    table = open_table(path, sheet=reading.sheet)
    rows = _Rows(kind, table, book, reading)
    known = columns_of(kind)
    for ours in reading.columns:
        if ours not in (*known, *_EXPORTED, *vocabulary().columns):
            raise OptionError(localized("errors", "unknown_key", known=either(known)), path, ours)
        rows.column(ours)
    if kind is not CALLS:
        return rows
    if reading.covers_days and (times := rows.column("at")) and words_of(times) & set(proposals()["last"]["words"]):
        raise OptionError(localized("errors", "only_last_calls", name=quoted([times])), path)
    if not reading.outbound:
        return rows
    column, word = reading.outbound
    if column not in table.columns:
        names = quoted(table.header)
        raise InputError(localized("errors", "no_column", name=quoted([column]), what="--outbound", names=names), path)
    table.batches = rows.outgoing(uncut(table.batches, path), column, word)
    return rows


def _with_clock(batch: pl.DataFrame, name: str, reading: RecordReading) -> pl.DataFrame:
    """A batch with the times in a column beside it, if they are in ISO 8601 without an offset; in it their days stay.

    Millions of different times would be read one by one otherwise. With a zone, the times are moments in UTC, and the
    column has noon of their days in that zone.
    """
    text = batch.select(text_of(batch[name]).alias(name))
    plain = pl.when(pl.col(name).str.contains(_PLAIN_TIME)).then(pl.col(name).str.replace("T", " "))
    clock = plain.str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False, time_unit="us")
    day = pl.col(name).str.head(10)
    if reading.zone:
        noon = clock.dt.truncate("1d").dt.offset_by("12h").dt.replace_time_zone(reading.zone, non_existent="null")
        day = noon.dt.to_string("%Y-%m-%dT%H:%M:%S%:z")
        clock = clock.dt.replace_time_zone(reading.zone, ambiguous="earliest", non_existent="null")
        clock = clock.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    read = text.select(name, clock.alias(_CLOCK), day.alias("day"))
    is_read = pl.all_horizontal(pl.col(_CLOCK, "day").is_not_null())
    others = read.select(pl.when(~is_read).then(name))
    if reading.zone:
        others = each_distinct(others, partial(_with_offset, reading), {name: pl.String})
    days = read.select(pl.when(is_read).then("day").otherwise(pl.lit(others[name])).alias(name))
    return batch.with_columns(days.to_series(), read.select(pl.when(is_read).then(_CLOCK)).to_series())


def _minute(calls: pl.DataFrame) -> pl.Series:
    """The `minute` of calls as in `NewRows`; those told by their day alone are made at its end."""
    since = pl.lit(earliest_instant(calls["at"], calls["clocks"])) - pl.col("at").dt.truncate("1d")
    minute = pl.when("by_day").then(2 * _DAY + _DAY // 2).otherwise((since.dt.total_minutes() + _DAY).fill_null(0))
    return calls.select(minute.alias("minute")).to_series()


def _with_offset(reading: RecordReading, text: str | None) -> tuple[str | None]:
    """A time without an offset with that of the zone, as text."""
    moment = read_moment(text, reading.dates) if text else None
    if not isinstance(moment, datetime) or moment.tzinfo is not None:
        return (text,)
    return (moment.replace(tzinfo=ZoneInfo(str(reading.zone))).isoformat(),)


def record(
    store: Store, kind: str, rows: Sequence[Mapping[str, object]], book: Rulebook, region: str | None = None
) -> Added:
    """Record some rows of a kind, all or none. Unlike a file, they may hold nothing that is not understood.

    Args:
        rows: the cells of each, by our names of the columns, as they would stand in a file: `number`, and of a consent
            `consent_on`, `consent_for`, `wording`, `proof`, `consent_withdrawn_on` …, of a call `at` and `result`.
        region: the numbering plan of numbers in national format.
    Raises:
        InputError: a row cannot be read; its `at` counts rows from 1. OptionError: there is no such column. StoreError.
    """
    numbers = read_all([str(row["number"]) for row in rows], region, certain=True)
    rows = [{**row, "number": f"+{number}"} for row, number in zip(rows, numbers, strict=True)]
    names = list(dict.fromkeys(name for row in rows for name, cell in row.items() if cell is not None))
    known = columns_of(KINDS[kind])
    if strange := [name for name in names if name not in known]:
        raise OptionError(localized("errors", "unknown_key", known=either(known)), None, strange[0])
    cells = [{name: None if row.get(name) is None else str(row[name]) for name in names} for row in rows]
    for at, row in enumerate(cells, 1):
        text = (row.get("consent_withdrawn_on") or "").strip()
        if text and text.lower() not in (*YES, *NONE):
            day = read_day(text, "iso")
            if day is None or day > today():  # it would be one on a day unknown, which no later consent can follow
                error = InputError(localized("errors", "record_cell", "odd"))
                error.at = at
                raise error
    frame = pl.DataFrame(cells, schema=dict.fromkeys(names, pl.String))
    table = table_of_frame(_NO_FILE, frame)
    try:
        new = _Rows(KINDS[kind], table, book, RecordReading(strict=True)).in_memory()
    except InputError as error:
        if error.at is None:
            raise
        plain = InputError(error.reason)
        plain.at = error.at
        raise plain from None
    return store.tell(new)


def export(store: Store, kind: str, to: str | None = None) -> pl.DataFrame:
    """The rows of a kind as `load` takes them back, all texts: every statement; of customers those known now.

    `statement` names each row as verdicts do, `recorded_at` says since when it is in the store (UTC).

    to: to whom consents are passed on; it goes into the log. Raises StoreError, OptionError.
    """
    own = KINDS[kind]
    if to is not None and own is not CONSENTS:
        raise OptionError(localized("errors", "export_to"))
    store.must_exist()
    records = store.standing().records[kind]
    with instance_of(store.path.absolute()).cursor() as con:
        if own.whole:
            newest = records.whole_on(date.max)
            day, as_of = pl.col("recorded_at").dt.date(), pl.lit(newest and newest.made, pl.Date)
            again = pl.col("recorded_at") >= pl.lit(newest and newest.loaded_at, pl.Datetime("us"))
            since = ((day > as_of) | ((day == as_of) & again)).fill_null(True)
            singly = records.singly.find(con).sort("seq").filter(since).unique("number", keep="last")
            records = Records(own, records.folder, (newest,) if newest else (), records.recorded.clear())
            rows = pl.concat([records.find(con).join(singly, on="number", how="anti"), singly]).sort("seq")
        else:
            rows = records.find(con).sort("seq")
    if to is not None:
        store.record("export", {"kind": kind, "until": records.last, "rows": rows.height}, {"to": to})
    return rows.select(as_in_file(own))


def as_in_file(kind: Kind) -> list[pl.Expr]:
    """The rows of a kind as a file has them, all texts, and two columns more: `statement` and `recorded_at`."""
    day = pl.col("consent_withdrawn_on")
    withdrawn = (
        pl.when(day == ALWAYS).then(pl.lit("yes")).otherwise(_day_or_moment("consent_withdrawn_on", "withdrawn_at"))
    )
    in_words = {
        "consent": pl.when(pl.col("consent_odd")).then(pl.lit(ODD)).otherwise("consent"),
        "consent_on": _day_or_moment("consent_on", "consent_at"),
        "consent_withdrawn_on": pl.when(day != NEVER).then(withdrawn),
        "at": made_at(),
    }
    number, *names = columns_of(kind)
    cells = [in_words.get(name, pl.col(name).cast(pl.String)).alias(name) for name in names]
    name = pl.format(f"{kind.name}:{{}}", "seq").alias("statement")
    return [pl.format("+{}", number).alias(number), *cells, name, pl.col("recorded_at").cast(pl.String)]


def made_at() -> pl.Expr:
    """When calls were made, as text: of those that are told by their day alone the day."""
    at = pl.col("at")
    timed = pl.when(at.dt.time() <= LAST_TIMED).then(at.dt.to_string("%Y-%m-%dT%H:%M:%S"))
    return timed.otherwise(at.dt.to_string("%Y-%m-%d"))


def columns_of(kind: Kind) -> list[str]:
    """The columns that a row of a kind may have, `number` first."""
    return [name for name in ("number", *kind.columns, *kind.texts) if name not in INNER[kind.name]]


def record_label(name: str, language: str) -> str:
    """What a column of own records is called."""
    known = vocabulary()
    return known.label(name, language) if name in known.columns else str(messages("answer", language)["columns"][name])


def likely_columns(kind: Kind, guesses: Guesses) -> dict[str, str]:
    """What the columns of a file of own records may be, by names and cells: ours → theirs, where they differ."""
    columns = guesses.rows.columns
    named = {"number": guesses.number_columns, "at": [name for name in columns if guesses.has_days(name)]}
    named |= {ours: [name] for ours, name in guesses.named.items() if _is_understood(guesses, ours, name)}
    labels = {folded(record_label(ours, language)): ours for ours in columns_of(kind)[1:] for language in LANGUAGES}
    named |= {labels[folded(name)]: [name] for name in columns if folded(name) in labels}
    return {
        ours: names[0]
        for ours, names in named.items()
        if ours in kind.all_columns and len(names) == 1 and folded(names[0]) != folded(ours)
    }


def _is_understood(guesses: Guesses, ours: str, name: str) -> bool:
    """Whether to propose a column as one of ours: its words are known, or of consents, where a person has to say it."""
    words = guesses.words(name) if ours in vocabulary().axes else []
    return all(meaning(ours, word) or (ours == "consent" and not re.search(r"\d\W\d", word)) for word, _ in words)


def _day_or_moment(day: str, moment: str) -> pl.Expr:
    return pl.coalesce(pl.col(moment).dt.to_string("%Y-%m-%dT%H:%M:%S+00:00"), pl.col(day).cast(pl.String))


class _Rows(msgspec.Struct):
    """The rows of one table, read by kind.

    rows, unread: how many there are, and how many have a number that cannot be read, once all were read.
    kept_rows: those that are kept. silent: of consents, those that tell neither a consent nor a withdrawal.
    odd: consents that were not understood. misread: our column and a word of theirs, with the number of rows.
    """

    kind: Kind
    table: Table
    book: Rulebook
    reading: RecordReading
    rows: int = 0
    unread: int = 0
    kept_rows: int = 0
    silent: int = 0
    odd: int = 0
    misread: Counter[tuple[str, str]] = msgspec.field(default_factory=Counter)
    _by_day: pl.DataFrame = pl.DataFrame(schema=_BY_DAY)  # of calls told by their day, how many there were so far

    def written(self, folder: Path, accepted: tuple[Accepted, ...], **of: Any) -> NewRows:
        """All rows, as Parquet in a folder; `of`: more of `NewRows`. Raises InputError at what cannot be read."""
        parts, filled = list[Path](), set[str]()
        for frame in self._read_rows():
            parts.append(folder / f"{len(parts)}.parquet")
            part = frame.select(column for column in frame if column.null_count() < frame.height)
            part.write_parquet(parts[-1], compression="uncompressed")
            filled.update(part.columns)
        if self.unread:
            accepted = (*accepted, Accepted("unread", self.unread, self.reading.accept["unread"]))
        return NewRows(self.kind, parts, self.rows, self.kept_rows, filled, accepted=accepted, **of)

    def in_memory(self) -> NewRows:
        """All rows, which are few. Raises InputError at what cannot be read."""
        frames = list(self._read_rows())
        return NewRows(self.kind, pl.concat(frames) if frames else [], self.rows, self.kept_rows, self.kind.all_columns)

    def _read_rows(self) -> Iterator[pl.DataFrame]:
        """The rows that say something, with the columns of the kind and `row`."""
        batches = {CONSENTS.name: self._consents, CALLS.name: self._calls}.get(self.kind.name, self._customers)()
        schema = empty(self.kind).drop("seq", "recorded_at").schema
        for frame in batches:
            lost = frame["number"].is_null()
            self.unread += int(lost.sum())
            if self.unread and "unread" not in self.reading.accept:
                why = localized("errors", "record_number", n=figure(self.unread))
                raise unaccepted("unread", why, self.table.path, frame[LINE][lost.arg_max() or 0])
            self.rows = int(frame["row"][-1]) if frame.height else self.rows
            columns = [
                pl.col(name).cast(kind) if name in frame.columns else pl.lit(None, kind).alias(name)
                for name, kind in schema.items()
            ]
            if (kept := frame.filter(~lost)).height:
                self.kept_rows += kept.height
                yield kept.select("row", *columns, *(["minute"] if self.kind is CALLS else []))

    @property
    def _texts(self) -> dict[str, str]:
        """Our name → the column, of those that no planned call has."""
        read_here = {"calls": ("at", "result"), "customers": ("until",)}.get(self.kind.name, ())
        names = (*self.kind.texts, *read_here, *_EXPORTED)
        return {ours: theirs for ours in names if (theirs := self.column(ours))}

    def column(self, ours: str) -> str | None:
        """The column for one of ours, if there is one. Raises InputError where one is named that the file lacks."""
        return Header(self.table, Brief(ignore=self.reading.ignore)).find(ours, self.reading.columns.get(ours))

    def _consents(self) -> Iterator[pl.DataFrame]:
        rows = ConsentRows.of(self.table, self.reading.brief({}), self.book, None, self._texts)
        for frame in rows.batches():
            if self.reading.strict:
                odd = frame["consent_odd"] & (frame["consent_withdrawn_on"] == NEVER)
                self._refuse_texts(frame, frame["unread_texts"])
                self._refuse(frame, ~frame["states"], "nothing")
                self._refuse(frame, odd, "odd")
            self.odd, self.silent, self.misread = rows.counts["odd"], rows.counts["wordless"], rows.misread
            yield self._with_certificates(frame.filter("states"))

    def _with_certificates(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Consents with the kind of their certificates. Raises InputError at an address that only looks like one."""
        if "proof" not in frame.columns:
            return frame
        proof = pl.col("proof")
        known = {kind: frame.select(proof.str.contains(form)).to_series() for kind, form in _CERTIFICATES.items()}
        looks = frame.select(proof.str.contains("(?i)trustedform")).to_series()
        self._refuse(frame, (looks & ~known["trustedform"]).fill_null(False), "certificate")
        named = [pl.when(pl.lit(is_one)).then(pl.lit(kind)) for kind, is_one in known.items()]
        given = ["proof_kind"] if "proof_kind" in frame.columns else []
        return frame.with_columns(pl.coalesce(*given, *named).alias("proof_kind"))

    def outgoing(self, batches: Iterator[pl.DataFrame], column: str, word: str) -> Iterator[pl.DataFrame]:
        """The rows with a word in a column, as `normal` compares texts.

        Raises InputError if no row has one, and where another row tells that the person objected or refused.
        """
        known, rows, result = normal(pl.Series([word], dtype=pl.String)).implode(), 0, self._texts.get("result")
        for batch in batches:
            went_out = normal(batch[column]).is_in(known).fill_null(True)  # an empty cell does not say that it came in
            cells = text_of(batch[result]) if result else pl.lit(None, pl.String)
            texts = batch.select(cells.alias("result")).to_series()
            results = self._words(texts, "result", RESULTS)
            if (lost := results.is_in(LASTING) & ~went_out).any():
                line = batch[LINE][lost.arg_max() or 0]
                raise InputError(localized("errors", "record_objects"), self.table.path, line)
            self._refuse(batch, texts.is_not_null() & results.is_null() & ~went_out, "result", known=either(RESULTS))
            rows += int(went_out.sum())
            if went_out.any():
                yield batch.filter(went_out)
        if not rows:
            message = localized("errors", "record_outbound", name=quoted([column]), word=quoted([word]))
            raise InputError(message, self.table.path)

    def _calls(self) -> Iterator[pl.DataFrame]:
        texts = self._texts
        if missing := [name for (name,) in self.kind.needed if name not in texts]:
            missing = [*([] if self.column("number") else ["number"]), *missing]
            why = localized("errors", "record_columns", names=", ".join(missing))
            raise InputError(why, self.table.path, self.table.skipped + 1)
        self.table.batches = (_with_clock(batch, texts["at"], self.reading) for batch in self.table.batches)
        for frame, calls in self._read({"call_at": texts["at"]}, texts):
            facts = calls.facts("day", "at_last", "timed", "zones")
            clock = pl.when(pl.col("at_last").is_not_null()).then(pl.lit(latest_local(frame[_CLOCK], facts["zones"])))
            at = pl.coalesce(clock, pl.when("timed").then("at_last"))
            end = pl.col("day").cast(pl.Datetime("us")).dt.offset_by("1d") - pl.duration(microseconds=1)
            facts = facts.with_columns(pl.coalesce(at, end).alias("at"), by_day=at.is_null())
            result = self._words(frame["result"], "result", RESULTS)
            self._refuse(frame, frame["at"].is_null() | facts["at"].is_null(), "at")
            self._refuse(frame, (facts["day"] > today()).fill_null(False), "at_future")
            self._refuse(frame, result.is_null(), "result", known=either(RESULTS))
            lasting = result.is_in(LASTING).cast(pl.UInt8).alias("lasting")
            minute = _minute(facts.with_columns(calls.facts("clocks")))
            made = frame.with_columns(*facts.select("at", "by_day"), result.alias("result"), lasting, minute)
            yield self._one_by_one(made) if facts["by_day"].any() else made

    def _one_by_one(self, calls: pl.DataFrame) -> pl.DataFrame:
        """Calls, of which those told by their day alone get a microsecond each: two of one person are no repetition."""
        *same, _ = _BY_DAY
        by_day = calls.filter("by_day").select(*same, nth=pl.int_range(pl.len()).over(same))
        by_day = by_day.join(self._by_day, on=same, how="left", maintain_order="left")
        by_day = by_day.with_columns(pl.col("nth") + pl.col("calls").fill_null(0))
        counts = pl.concat([self._by_day, by_day.select(*same, calls=pl.col("nth") + 1)])
        self._by_day = counts.group_by(same).agg(pl.col("calls").max())
        at = by_day["at"] - by_day.select(pl.duration(microseconds="nth")).to_series()
        return calls.with_columns(calls["at"].scatter(calls["by_day"].arg_true(), at))

    def _customers(self) -> Iterator[pl.DataFrame]:
        texts, order = self._texts, self.reading.dates
        for frame, calls in self._read({}, texts):
            facts = calls.facts("relationship", "relationship_on", "odd")
            until = frame["until"] if "until" in texts else repeated(None, pl.String, frame.height)
            cells = until.to_frame("until")
            days = each_distinct(cells, lambda text: (text and read_day(text, order),), {"until": pl.Date})["until"]
            is_odd = (facts["odd"] != "") | (
                days.is_null() & until.is_not_null() & ~until.str.to_lowercase().is_in(NONE)
            )
            self._refuse(frame, is_odd, "cell")
            self._refuse(frame, facts["relationship"].is_null(), "relationship")
            yield frame.with_columns(facts["relationship"], facts["relationship_on"], days)

    def _read(self, columns: Mapping[str, str], texts: Mapping[str, str]) -> Iterator[tuple[pl.DataFrame, Calls]]:
        """Batches, each as `number`, `row`, the line of the file and `texts`, and as calls.

        Raises InputError at a row that tells more than the kind has, and after the last RolesError at a column without
        a role.
        """
        brief, first = self.reading.brief(columns), 1
        intake = Intake(self.table, brief, self.book, kept=kept_by(brief, texts.values()))
        survey = Survey(intake.header)
        judged = [intake.header.names[theirs] for ours, theirs in texts.items() if ours == "result"]
        for batch in intake.fitted(uncut(self.table.batches, self.table.path)):
            survey.add(batch)
            calls = intake.calls(batch)
            if calls.row is not None:
                line = batch[LINE][calls.row.filter(calls.row.is_duplicated())[0]]
                raise InputError(localized("errors", "several_numbers"), self.table.path, line)
            refuse_objections(calls, batch, self.table.path)
            unread = pl.col("texts").str.split(";").list.set_difference(["", *judged])
            self._refuse_texts(batch, calls.plans.select(unread.list.join(", ")).to_series()[calls.plan])
            place = pl.int_range(first, first + batch.height, dtype=pl.Int64, eager=True).alias("row")
            kept = [text_of(batch[theirs]).alias(ours) for ours, theirs in texts.items()]
            clock = [name for name in (_CLOCK,) if name in batch.columns]
            yield batch.select(LINE, *clock, *kept).with_columns(calls.number.alias("number"), place), calls
            first += batch.height
        _ = survey.read_columns()

    def _words(self, cells: pl.Series, ours: str, known: Sequence[str]) -> pl.Series:
        """Cells as words of ours; null where one is not understood."""
        words = {folded(word): word for word in known}
        words |= {folded(theirs): word for theirs, word in self.reading.values.get(ours, {}).items()}
        read = each_distinct(
            cells.to_frame(), lambda text: (words.get(folded(text)) if text else None,), {ours: pl.String}
        )
        return read[ours].set(~read[ours].is_in(known).fill_null(True), None)

    def _refuse_texts(self, frame: pl.DataFrame, names: pl.Series) -> None:
        """Raise InputError at a row with a text without a meaning; names: of its columns in each row."""
        if (unread := names != "").any():
            self._refuse(frame, unread, "text", names=quoted([names[unread.arg_max() or 0]]))

    def _refuse(self, frame: pl.DataFrame, wrong: pl.Series, why: str, **words: object) -> None:
        if wrong.any():
            line = frame[LINE][wrong.arg_max() or 0]
            raise InputError(localized("errors", "record_cell", why, **words), self.table.path, line)
