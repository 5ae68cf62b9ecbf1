"""Reads a registry's file completely: reads its numbers, counts its rows, sorts its listings into one file."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import polars as pl

from dnc.clock import NO_DAYS, today
from dnc.database import engine, run, statement
from dnc.errors import FormatError, LoaderError
from dnc.files.table import LINE, RAGGED
from dnc.frames import ahead, each_distinct
from dnc.messages import figure, localized
from dnc.numbers.bulk_reader import read_column
from dnc.numbers.normalise import NOT_WRITTEN, SEVERAL
from dnc.numbers.numbering_plans import kind_of
from dnc.numbers.reader import read_listed, read_number
from dnc.registries.bit_pages import GROUP, WORTH, WRITTEN, suits
from dnc.registries.contract import OPTIONAL, Extract, Layout, Loader
from dnc.registries.external_sort import Sorting
from dnc.registries.reasons import in_words

_NAMED = 20  # rows that are reported one by one
_KEPT = 100_000  # rows that are remembered for reports
_LISTING = {"number": pl.UInt64, "listed": pl.Boolean, "since": pl.Date, "until": pl.Date}
UNREAD_SHARE = 0.01  # of the rows of a file of 100 rows or more; above it the file is refused
_MENDED = r"^[='+]*\d+[.,]0+\"?$|[^\x00-\x7f]"  # `.0` of a number cell, or characters outside ASCII
_RUNS = re.compile(r"[+(]?\d[\d ().\-/]{5,}\d")  # what may be a number, in a text
_MORE: dict[str, Any] = {"numbers": pl.List(pl.UInt64), "doubt": pl.String}
_is_national = pl.col("region").is_null() & (
    pl.col("number").str.replace_all(r"\D", "").str.strip_chars_start("0").str.len_chars()
    < pl.col("e164").cast(pl.String).str.len_chars()
)
_DAYS = re.compile(r"\d{4}-\d\d-\d\d|\d\d[./]\d\d[./]\d{4}")
_LISTED_ONLY = (SEVERAL, NOT_WRITTEN)  # reasons for which a listed row is searched for several numbers


def readings(loader: Loader, extract: Extract) -> Iterator[pl.DataFrame]:
    """The rows of a file with their numbers read, as frames with these columns.

    - `line`, `listed`, `since`, `until`: as the loader gives them, dates that cannot be true removed;
    - `number` (UInt64, E.164) and `also` (List(UInt64)), further numbers in the same cell;
    - `odd`: what is not understood in the row, which still counts as listed; or null;
    - `undated`: which date is not understood, or cannot be true, so that it is ignored; or null;
    - `implausible`: whether it can be read and cannot be true;
    - `unread`: why the number cannot be read; or null. Such a row has no number, unless it is listed and the number
      is only doubtful: then it may block a call;
    - `doubt`: why the number may be mistyped; or null;
    - `mended`: whether damage done by a spreadsheet was undone;
    - `national`: whether the number is without its country code, in a list of numbers of every country;
    - `unplaced`: whether it is listed and says of nobody that it can be read: it may be the end of another row.
    """
    of_file = extract.as_of or today()
    for rows in ahead(loader.read(extract)):
        absent = [pl.lit(None, kind).alias(name) for name, kind in OPTIONAL.items() if name not in rows.columns]
        frame = rows.with_columns(absent)
        proved = frame["e164"].is_not_null() | frame["unread"].is_not_null()
        if proved.all():
            nothing = (pl.lit(None, pl.List(pl.UInt64)).alias("also"), pl.lit(None, pl.String).alias("doubt"))
            read = frame.with_columns(*nothing, pl.lit(False).alias("mended"))
        else:
            read = _read(frame, loader.region)
        if read["beside"].null_count() < read.height:
            read = _with_beside(read, loader.region)
        kept = pl.col("unread").is_null() | (pl.col("doubt").is_not_null() & pl.col("listed"))
        reason = pl.concat_str("unread", "odd", separator=", ", ignore_nulls=True)
        national = _is_national if "" in loader.covers and not proved.all() else pl.lit(False)
        yield _believed(read, of_file).select(
            "line",
            pl.when(kept).then("e164").alias("number"),
            national.alias("national"),
            pl.col("listed") | pl.col("odd").is_not_null(),
            *("since", "until", "odd", "undated", "implausible"),
            pl.when(pl.col("unread").is_not_null()).then(reason).alias("unread"),
            *("also", "doubt", "mended"),
            unplaced=pl.lit(_unplaced(frame)) & pl.col("e164").is_null(),
        )


def _unplaced(frame: pl.DataFrame) -> pl.Series:
    """Which rows of a loader are listed without a number, such as a mark that came off the row above it.

    A day is no number, nor is a digit alone; that an entry has none, a loader says itself.
    """
    text = pl.col("number").fill_null("").str.replace_all(_DAYS.pattern, "")
    is_mark = ~text.str.contains(r"\d") | text.str.contains(r"^\W*\d\W*$")
    listed = pl.col("listed").fill_null(False) | pl.col("odd").is_not_null()
    return frame.select(listed & pl.col("unread").is_null() & is_mark).to_series()


def _believed(rows: pl.DataFrame, of_file: date) -> pl.DataFrame:
    """Rows of a file of a given day without dates that cannot be true; `undated` says why, `implausible` marks them.

    An entry that begins after that day, or ends before it begins, is treated as one without dates.
    """
    plausible = rows.with_columns(pl.lit(False).alias("implausible"))
    if rows["since"].null_count() == rows["until"].null_count() == rows.height:
        return plausible
    since, until = rows["since"], rows["until"]
    early, late, endless, crossed = since <= NO_DAYS, since > of_file, until <= NO_DAYS, until < since
    if not any(wrong.any() for wrong in (early, late, endless, crossed)):
        return plausible
    none = "is a date that programs write for an empty cell"
    why = (
        pl.when(late).then(pl.lit(f"since is after {of_file}, the day of the file"))
        .when(early).then(pl.lit(f"since {none}"))
        .when(endless).then(pl.lit(f"until {none}"))
        .when(crossed).then(pl.lit("until is before since"))
    )  # fmt: skip
    crossed = crossed.fill_null(False)
    return rows.with_columns(
        pl.when(~(early | late | crossed)).then(since).alias("since"),
        pl.when(~(endless | crossed)).then(until).alias("until"),
        pl.coalesce("undated", why).alias("undated"),
        (pl.col("undated").is_null() & why.is_not_null()).alias("implausible"),
    )


def _read(frame: pl.DataFrame, region: str) -> pl.DataFrame:
    """Rows with `e164`, `unread`, `also`, `doubt` and `mended` from the text of their numbers."""
    wanted = pl.col("e164").is_null() & pl.col("unread").is_null()
    texts = frame.select(pl.when(wanted).then("number").alias("text")).to_series()
    same = frame["region"].null_count() == frame.height
    read = _numbers(texts, region if same else frame["region"].fill_null(region))
    several = (read["unread"].is_in(_LISTED_ONLY) & frame["listed"]).fill_null(False)
    more = pl.DataFrame(schema=_MORE).clear(frame.height)
    if several.any():
        cells = frame.select(pl.when(several).then("number"), pl.col("region").fill_null(region))
        more = each_distinct(cells, _all_numbers, _MORE)
    split = more["numbers"].list.len().fill_null(0) > 0
    odd = pl.when(pl.col("number").cast(pl.UInt64, strict=False).is_null()).then("number")
    doubt = pl.coalesce(read["doubt"], more["doubt"])
    reason = pl.when(wanted & ~split).then(read["unread"]).otherwise("unread")
    return frame.with_columns(
        pl.coalesce("e164", read["number"], more["numbers"].list.first()).alias("e164"),
        pl.coalesce(reason, doubt).alias("unread"),
        pl.when(split).then(more["numbers"].list.slice(1)).alias("also"),
        doubt.alias("doubt"),
        odd.str.contains(_MENDED).fill_null(False).alias("mended"),
    )


def _with_beside(rows: pl.DataFrame, region: str) -> pl.DataFrame:
    """Rows with the numbers in `beside` added to `also`; other digits in it may be anything and are ignored."""
    cells = rows.select(pl.when(pl.col("unread").is_null()).then("beside"), pl.col("region").fill_null(region))
    numbers = each_distinct(cells, _numbers_in, {"numbers": pl.List(pl.UInt64)})["numbers"]
    more = pl.lit(numbers).list.set_difference(pl.concat_list("e164"))
    also = pl.when(more.list.len() > 0).then(pl.concat_list(pl.col("also").fill_null([]), more))
    return rows.with_columns(also.otherwise("also").alias("also"))


def _numbers_in(text: str | None, region: str) -> tuple[list[int]]:
    runs = _RUNS.findall(_DAYS.sub(" | ", text or ""))  # the lost line end may have been between a date and a number
    numbers = (read_number(run, region).number for run in runs)
    return ([number for number in numbers if number is not None],)


def _numbers(texts: pl.Series, region: pl.Series | str) -> pl.DataFrame:
    """For each text its number (UInt64), `unread`, and `doubt`: why the number may be mistyped."""
    rows, kinds = read_column(texts, region)
    return rows.select("number", "unread", pl.lit(kinds["doubt"]).gather("kind").alias("doubt"))


def _all_numbers(text: str | None, region: str) -> tuple[list[int], str | None]:
    """All numbers of a cell, and why one of them may be mistyped."""
    numbers = read_listed(text, region) if text else []
    return numbers, next(filter(None, (kind_of(number).doubt for number in numbers)), None)


def show(loader: Loader, extract: Extract) -> Iterator[pl.DataFrame]:
    """The rows of `readings`, one per number; if a question was sent in, one per number of the answer or question."""
    if not extract.asked:
        for frame in readings(loader, extract):
            yield _row_per_number(frame)
        return
    with tempfile.TemporaryDirectory(prefix="dnc-") as work, engine(work) as con:
        taken = take(loader, extract, Path(work), con)
        extract.notes[:] = taken.notes
        kept = pl.read_parquet(taken.listings, glob=False)
        nothing = [pl.lit(None, pl.String).alias(name) for name in ("unread", "odd", "undated")]
        yield kept.with_columns(pl.lit(None, pl.UInt64).alias("line"), *nothing)


def _row_per_number(frame: pl.DataFrame) -> pl.DataFrame:
    if frame["also"].null_count() == frame.height:
        return frame
    both = pl.concat_list(pl.concat_list("number"), pl.col("also").fill_null([]))
    return frame.with_columns(both.alias("number")).explode("number")


class _Noted(msgspec.Struct):
    """Rows with a reason in some column: how many, and line and reason of the first ones."""

    count: int = 0
    first: list[tuple[int, str]] = []

    def add(self, rows: pl.DataFrame) -> None:
        """Count more rows, whose columns are `line` and the reason."""
        self.count += rows.height
        self.first.extend(rows.head(_KEPT - len(self.first)).iter_rows())


class _ExtractRows(msgspec.Struct):
    """Counts the rows of a file, and collects what they say about numbers in `listings`.

    Attributes:
        counts: rows by `listed`, `clear`, `unknown` and `unread`.
        unread, odd, undated: such rows; the last two of those that are read.
        unplaced: unread rows that list somebody without saying whom.
        dated_rows, misdated_rows: of the rows that are not odd, how many have a date, and one that is not written as
            expected.
        doubted: unread rows whose number is possible but not valid.
        without_number: unread rows that say nothing about any number.
        mended: rows in which damage by a spreadsheet was undone.
        national: rows whose number has no country code.
    """

    listings: Sorting
    counts: dict[str, int] = msgspec.field(
        default_factory=lambda: dict.fromkeys(("listed", "clear", "unknown", "unread"), 0)
    )
    unread: _Noted = msgspec.field(default_factory=_Noted)
    odd: _Noted = msgspec.field(default_factory=_Noted)
    undated: _Noted = msgspec.field(default_factory=_Noted)
    unplaced: _Noted = msgspec.field(default_factory=_Noted)
    dated_rows: int = 0
    misdated_rows: int = 0
    doubted: int = 0
    without_number: int = 0
    mended: int = 0
    national: int = 0

    def add(self, frame: pl.DataFrame) -> None:
        """Count the rows of a frame and collect what they say."""
        self._count(frame)
        self.listings.add(frame.select(*_LISTING))
        if frame["also"].null_count() < frame.height:
            self.listings.add(frame.with_columns(number="also").explode("number").select(*_LISTING))

    def _count(self, frame: pl.DataFrame) -> None:
        is_read = frame["unread"].is_null()
        read = frame["listed"].filter(is_read)
        self.mended += int((frame["mended"] & is_read).sum())
        self.national += int(frame["national"].sum())
        self.counts["unread"] += frame.height - read.len()
        self.doubted += frame.height - frame["doubt"].null_count()
        self.without_number += int((~is_read & frame["number"].is_null()).sum())
        self.counts["listed"] += int((read == True).sum())  # noqa: E712 (null-aware)
        self.counts["clear"] += int((read == False).sum())  # noqa: E712
        self.counts["unknown"] += read.null_count()
        self.unread.add(frame.select("line", "unread").filter(~is_read))
        self.unplaced.add(frame.select("line", "unread").filter(frame["unplaced"]))
        for name, noted in {"odd": self.odd, "undated": self.undated}.items():
            if frame[name].null_count() < frame.height:
                noted.add(frame.select("line", name).filter(is_read & frame[name].is_not_null()))
        dates = ("since", "until", "undated")
        if any(frame[name].null_count() < frame.height for name in dates):
            # Dates of a row with shifted cells say nothing about how the file writes them.
            whole = frame.filter(is_read & frame["odd"].is_null()).select(*dates, "implausible")
            self.dated_rows += int((~whole.select(pl.all_horizontal(pl.col(dates).is_null())).to_series()).sum())
            self.misdated_rows += int((whole["undated"].is_not_null() & ~whole["implausible"]).sum())


class Taken(msgspec.Struct, frozen=True):
    """A registry's file that was read completely.

    Attributes:
        listings: Parquet file sorted by number, with number (UInt64), listed (Boolean, null = not known), since and
            until (Date).
        bitpages: file of the same numbers as bits, or None (see `dnc.registries.bit_pages`).
        counts: rows by `listed`, `clear`, `unknown`, `unread`.
        odd: how many of the rows were not fully understood.
        undated: how many of them have a date that was not understood.
        national: how many of a list of numbers of every country have no country code.
        lost: how many unread rows a person has to accept: of a complete list all, of others those that may be the end
            of another row. unread: line and reason of the first of them.
        covers: prefixes the file is complete for.
        notes: what a person should know.
        of_numbers: names of the columns of which each cell has to be a number, if several are.
    """

    listings: Path
    bitpages: Path | None
    counts: dict[str, int]
    odd: int
    undated: int
    national: int
    lost: int
    unread: list[tuple[int, str]]
    covers: tuple[str, ...]
    notes: list[str]
    of_numbers: list[str]


def take(
    loader: Loader, extract: Extract, work: Path, con: duckdb.DuckDBPyConnection, covers: Sequence[str] = ()
) -> Taken:
    """Read a registry's file into a sorted file in the folder `work`, to which `con` has access. Raises LoaderError.

    `covers` are prefixes that the user says the file is complete for. Rows that are lost (see `Taken`) are not refused
    here: the person who loads it has to accept that they are missing.
    """
    out = work / "listings.parquet"
    rows = _ExtractRows(Sorting(work, _LISTING))
    for frame in ahead(readings(loader, extract)):
        rows.add(frame)
    covers = tuple(covers or sorted({*loader.covers, *extract.covers}))
    _refuse_unread(extract.path, rows, loader, complete=bool(covers))
    if extract.asked:
        if loader.covers or extract.covers:
            raise LoaderError(localized("errors", "no_answer"), extract.path)
        _add_unanswered(rows, loader, extract, extract.asked)
    bitpages = work / "bitpages.parquet"
    repeated = rows.listings.rows - _write(rows.listings, con, out, bitpages)
    counts = {"repeated": repeated, "mended": rows.mended, "undated": rows.undated.count}
    notes = [*extract.notes, *(localized("note", what, n=figure(n)) for what, n in counts.items() if n)]
    notes += _named(loader, rows)
    paged = bitpages if bitpages.exists() else None
    lost = rows.unread if covers else rows.unplaced
    counted = (rows.odd.count, rows.undated.count, rows.national, lost.count)
    return Taken(out, paged, rows.counts, *counted, lost.first[:_NAMED], covers, notes, extract.of_numbers)


def _write(rows: Sorting, con: duckdb.DuckDBPyConnection, out: Path, bitpages: Path) -> int:
    """Write one listing per number, sorted, and bit pages if they suit the list; returns the number of listings."""
    count, paged = 0, rows.rows >= WORTH
    written, bits = _ParquetParts(con, out), _ParquetParts(con, bitpages, f", row_group_size {GROUP}")
    for part in rows.parts():
        listings = _listing_per_number(con, part)
        count += listings.height
        written.add("from listings", listings)
        if paged := paged and suits(listings):
            bits.add(WRITTEN, listings)
    written.close()
    if paged:
        bits.close()
    return count


class _ParquetParts:
    """Writes a Parquet file part by part: the result of a query on each frame of listings, then all parts together."""

    def __init__(self, con: duckdb.DuckDBPyConnection, out: Path, options: str = "") -> None:
        self._con, self._out = con, out
        self._copy = f"copy ({{}}) to $out (format parquet, compression zstd, parquet_version v2{options})"
        self._parts: list[str] = []

    def add(self, sql: str, listings: pl.DataFrame) -> None:
        """Add the result of a query on `listings`."""
        self._parts.append(str(self._out.with_stem(f"{self._out.stem}-{len(self._parts)}")))
        run(self._con, "part", self._copy.format(sql), {"out": self._parts[-1]}, listings=listings)

    def close(self) -> None:
        """Join the parts, in order."""
        if len(self._parts) > 1:
            sql = self._copy.format("from read_parquet($parts)")
            run(self._con, "snapshot", sql, {"out": str(self._out), "parts": self._parts})
        else:
            Path(self._parts[0]).rename(self._out)


def _listing_per_number(con: duckdb.DuckDBPyConnection, rows: pl.DataFrame) -> pl.DataFrame:
    """Sorted rows, with those about the same number merged."""
    again = rows.filter(rows["number"] == rows["number"].shift())["number"]
    if not again.len():
        return rows
    repeats = rows["number"].is_in(again.implode())
    merged = run(con, "listings", statement(__package__, "listings"), rows=rows.filter(repeats))
    return pl.concat([rows.filter(~repeats), merged]).sort("number")


def _named(loader: Loader, rows: _ExtractRows) -> Iterator[str]:
    """Notes about unread, odd and undated rows; about all unread rows of the own list: each is a lost objection."""
    for what, noted in {"unread": rows.unread, "odd": rows.odd, "undated": rows.undated}.items():
        shown = noted.first if loader.cumulative and what == "unread" else noted.first[:_NAMED]
        yield from (localized("note", "line", what, line=line, reason=in_words(reason)) for line, reason in shown)
        if noted.count > len(shown):
            yield localized("note", "more", n=figure(noted.count - len(shown)))


def _refuse_unread(path: Path, seen: _ExtractRows, loader: Loader, *, complete: bool) -> None:
    """Raise LoaderError if so many rows are not understood that it may be another kind of file.

    Three kinds of rows are not counted: odd rows of the own list, which are objections anyway; unread rows of a
    complete list, for which the load has its own rule; and numbers that may be mistyped, which come from the list that
    was sent in and say little about the file, unless all rows are like that. If many dates, or all of several, are not
    understood, the file writes them in another way.
    """
    rows, unread = sum(seen.counts.values()), seen.counts["unread"]
    not_understood = (0 if complete else unread - seen.doubted) + (0 if loader.cumulative else seen.odd.count)
    if rows and (unread == rows or (rows >= 100 and not_understood > UNREAD_SHARE * rows)):
        line, reason = min(seen.unread.first[:1] + seen.odd.first[:1])
        count = unread if unread == rows else not_understood
        raise FormatError(
            localized("errors", "not_understood", count=figure(count), rows=figure(rows), reason=in_words(reason)),
            path,
            line,
        )
    none_read = 1 < seen.misdated_rows == seen.dated_rows
    if none_read or (rows >= 100 and seen.undated.count > UNREAD_SHARE * rows):
        line, reason = seen.undated.first[0]
        undated, total = figure(seen.undated.count), figure(rows)
        message = localized("errors", "misdated", count=undated, rows=total, reason=in_words(reason))
        raise LoaderError(message, path, line)


def _add_unanswered(seen: _ExtractRows, loader: Loader, extract: Extract, sent: Path) -> None:
    """Add the numbers of the question (the file `sent`) that are not in the answer, with the opposite meaning.

    In a directory they mean what absence means there. If the answer gives a status for each number, a number without
    a status stays unknown.
    """
    file = replace(extract, path=sent, asked=None, layout=Layout(), notes=[], covers=set())
    nothing = pl.DataFrame(schema={"number": pl.UInt64, "unread": pl.String})
    question = pl.concat([nothing, *(frame.select(nothing.columns) for frame in _question(loader, file))])
    read, numbers = question.filter(pl.col("unread").is_null())["number"], question["number"].drop_nulls().unique()
    answered = pl.concat([part["number"].unique() for part in seen.listings.parts()])
    strangers = answered.len() - int(answered.is_in(numbers.implode()).sum())
    if strangers and not loader.directory:
        raise LoaderError(localized("errors", "strangers", count=figure(strangers), name=sent.name), extract.path)
    opposite = _meaning_of_silence(loader, extract)
    if opposite is False and not any(seen.counts.values()):
        raise LoaderError(localized("errors", "empty_answer"), extract.path)
    if seen.without_number and opposite is False:
        line, reason = seen.unread.first[0]
        raise LoaderError(localized("errors", "unanswered", reason=in_words(reason)), extract.path, line)
    asked = read.unique()
    silent = asked.filter(~asked.is_in(answered.implode()))
    if opposite is not None:
        never = pl.lit(None, pl.Date)
        seen.listings.add(pl.select(number=silent, listed=pl.lit(opposite), since=never, until=never))
        seen.counts["listed" if opposite else "clear"] += silent.len()
    count = asked.len()
    counts = {"asked": count, "answered": count - silent.len(), "silent": silent.len()}
    extract.notes.append(localized("note", "asked", **{name: figure(n) for name, n in counts.items()}))
    if unread := question.height - read.len():
        extract.notes.append(localized("note", "question", n=figure(unread), name=sent.name))


def _meaning_of_silence(loader: Loader, extract: Extract) -> bool | None:
    """Whether a number of the question that is not in the answer is listed; None if that is not known."""
    if loader.directory and loader.absent == "listed":
        return True
    return extract.means == "callable" if extract.means else None


def _question(loader: Loader, question: Extract) -> Iterator[pl.DataFrame]:
    """The numbers of the file that was sent in, which has the form of an answer, or one number per row.

    A row with shifted cells counts as unread: it is not known which number it asks for.
    """
    if loader.bare and question.means:
        for frame in readings(loader, replace(question, asked=question.path)):
            number = pl.when(pl.col("odd").is_null()).then("number")
            yield frame.select(number, pl.coalesce("unread", "odd").alias("unread"))
        return
    at = question.number_column()
    for batch in question.table().batches:
        cells = batch.select(pl.when(pl.col(RAGGED).is_null()).then(batch.drop(RAGGED, LINE).to_series(at)))
        read = _numbers(cells.to_series().cast(pl.String), loader.region)
        yield read.with_columns(pl.coalesce("unread", "doubt"))
