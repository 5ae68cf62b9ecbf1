"""An extract read in whole: its numbers read, its rows counted, its listings sorted into one file."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from dnc.clock import NO_DAYS, today
from dnc.database import engine, run, statement
from dnc.errors import LoaderError
from dnc.files.table import LINE, RAGGED
from dnc.frames import ahead, each_distinct
from dnc.numbers.bulk_reader import read_column
from dnc.numbers.reader import kind_of, read_listed, read_number
from dnc.registries.bit_pages import GROUP, WORTH, WRITTEN, suits
from dnc.registries.contract import OPTIONAL, Extract, Loader
from dnc.registries.external_sort import Sorting

_NAMED = 20  # rows that are named one by one
_KEPT = 100_000  # rows that are remembered at all
_LISTING = {"number": pl.UInt64, "listed": pl.Boolean, "since": pl.Date, "until": pl.Date}
UNREAD_SHARE = 0.01  # of a file of a hundred rows or more; above it the file is refused
_MENDED = r"^[='+]*\d+[.,]0+\"?$|[^\x00-\x7f]"  # a number cell's `.0`, blanks and digits of other scripts
_RUNS = re.compile(r"[+(]?\d[\d ().\-/]{5,}\d")  # what could be a number, in a text
_MORE: dict[str, Any] = {"numbers": pl.List(pl.UInt64), "doubt": pl.String}
_DAYS = re.compile(r"\d{4}-\d\d-\d\d|\d\d[./]\d\d[./]\d{4}")
_LISTED_ONLY = ("two numbers in one cell", "not written as a number")


def readings(loader: Loader, extract: Extract) -> Iterator[pl.DataFrame]:
    """An extract's rows with their numbers read.

    Columns: line, number (UInt64, E.164), listed, since, until, odd, undated, unread, and `also`
    (List(UInt64)), further numbers of the same cell; `doubt`, why the number may be mistyped;
    `mended`, whether spreadsheet damage was undone. A row that is odd counts against the call; one that is undated
    counts without the day that is not understood. One that is unread has no number, but where it is listed and may
    be mistyped: then it may block a call.
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
        number = pl.when(kept).then(pl.col("e164"))
        reason = pl.when(pl.col("unread").is_not_null()).then(
            pl.concat_str("unread", "odd", separator=", ", ignore_nulls=True)
        )
        told = ("listed", "since", "until", "odd", "undated", reason.alias("unread"), "also", "doubt", "mended")
        yield _believed(read, of_file).select("line", number.alias("number"), *told)


def _believed(rows: pl.DataFrame, of_file: date) -> pl.DataFrame:
    """Rows without the days that cannot be true of a file of some day; `undated` says why.

    An entry that could not have begun yet, or that ended before it began, stands as if nobody had said when.
    """
    if rows["since"].null_count() == rows["until"].null_count() == rows.height:
        return rows
    since, until = rows["since"], rows["until"]
    early, late, endless, crossed = since <= NO_DAYS, since > of_file, until <= NO_DAYS, until < since
    if not any(wrong.any() for wrong in (early, late, endless, crossed)):
        return rows
    none = "is a day that programs write for none"
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
    )


def _read(frame: pl.DataFrame, region: str) -> pl.DataFrame:
    """Rows with `e164`, `unread`, `also`, `doubt` and `mended` as the reference reading has them."""
    wanted = pl.col("e164").is_null() & pl.col("unread").is_null()
    texts = frame.select(pl.when(wanted).then("number").alias("text")).to_series()
    told = frame["region"].fill_null(region) if frame["region"].null_count() < frame.height else None
    read = _numbers(texts, region if told is None else told)
    several = (read["unread"].is_in(_LISTED_ONLY) & frame["listed"]).fill_null(False)
    more = pl.DataFrame(schema=_MORE).clear(frame.height)
    if several.any():
        cells = frame.select(pl.when(several).then("number"), pl.col("region").fill_null(region))
        more = each_distinct(cells, _all_numbers, _MORE)
    found = more["numbers"].list.len().fill_null(0) > 0
    odd = pl.when(pl.col("number").cast(pl.UInt64, strict=False).is_null()).then("number")
    doubt = pl.coalesce(read["doubt"], more["doubt"])
    reason = pl.when(wanted & ~found).then(read["unread"]).otherwise("unread")
    return frame.with_columns(
        pl.coalesce("e164", read["number"], more["numbers"].list.first()).alias("e164"),
        pl.coalesce(reason, doubt).alias("unread"),
        pl.when(found).then(more["numbers"].list.slice(1)).alias("also"),
        doubt.alias("doubt"),
        odd.str.contains(_MENDED).fill_null(False).alias("mended"),
    )


def _with_beside(rows: pl.DataFrame, region: str) -> pl.DataFrame:
    """Rows with the numbers of the text beside theirs in `also`; digits that are no number there may be anything."""
    cells = rows.select(pl.when(pl.col("unread").is_null()).then("beside"), pl.col("region").fill_null(region))
    found = each_distinct(cells, _numbers_in, {"numbers": pl.List(pl.UInt64)})["numbers"]
    more = pl.lit(found).list.set_difference(pl.concat_list("e164"))
    also = pl.when(more.list.len() > 0).then(pl.concat_list(pl.col("also").fill_null([]), more))
    return rows.with_columns(also.otherwise("also").alias("also"))


def _numbers_in(text: str | None, region: str) -> tuple[list[int]]:
    runs = _RUNS.findall(_DAYS.sub(" | ", text or ""))  # a line end that is lost may stand between a day and a number
    found = (read_number(one, region).number for one in runs)
    return ([number for number in found if number is not None],)


def _numbers(texts: pl.Series, region: pl.Series | str) -> pl.DataFrame:
    """Number (UInt64), `unread`, and `doubt`, why a number may be mistyped, of each text."""
    rows, kinds = read_column(texts, region)
    return rows.select("number", "unread", pl.lit(kinds["doubt"]).gather("kind").alias("doubt"))


def _all_numbers(text: str | None, region: str) -> tuple[list[int], str | None]:
    """All numbers of a cell, and why one of them may be mistyped."""
    numbers = read_listed(text, region) if text else []
    return numbers, next(filter(None, (kind_of(number).doubt for number in numbers)), None)


def show(loader: Loader, extract: Extract) -> Iterator[pl.DataFrame]:
    """An extract's rows as `readings` has them, one row a number; asked numbers without an answer come last."""
    if not extract.asked:
        for frame in readings(loader, extract):
            yield _one_a_number(frame)
        return
    with tempfile.TemporaryDirectory(prefix="dnc-") as work:
        taken = take(loader, extract, Path(work))
        extract.notes[:] = taken.notes
        kept = pl.read_parquet(taken.listings, glob=False)
        nothing = [pl.lit(None, pl.String).alias(name) for name in ("unread", "odd", "undated")]
        yield kept.with_columns(pl.lit(None, pl.UInt64).alias("line"), *nothing)


def _one_a_number(frame: pl.DataFrame) -> pl.DataFrame:
    if frame["also"].null_count() == frame.height:
        return frame
    both = pl.concat_list(pl.concat_list("number"), pl.col("also").fill_null([]))
    return frame.with_columns(both.alias("number")).explode("number")


@dataclass
class _Rows:
    """The rows of an extract, counted; what they say of numbers goes into `listings`.

    unread, odd, undated: rows that are, the first of them, by line and with their reason.
    doubted: unread rows whose number is possible and not valid. said_nothing: unread rows that say nothing at all.
    """

    listings: Sorting
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("listed", "clear", "unknown", "unread"), 0))
    unread: list[tuple[int, str]] = field(default_factory=list)
    odd: list[tuple[int, str]] = field(default_factory=list)
    odd_rows: int = 0
    undated: list[tuple[int, str]] = field(default_factory=list)
    undated_rows: int = 0
    doubted: int = 0
    said_nothing: int = 0
    mended: int = 0

    def add(self, frame: pl.DataFrame) -> None:
        """Count the rows of a frame and keep what they say."""
        self._count(frame)
        self.listings.add(frame.select(*_LISTING))
        if frame["also"].null_count() < frame.height:
            self.listings.add(frame.with_columns(number="also").explode("number").select(*_LISTING))

    def _count(self, frame: pl.DataFrame) -> None:
        is_read = frame["unread"].is_null()
        read = frame["listed"].filter(is_read)
        self.mended += int((frame["mended"] & is_read).sum())
        self.counts["unread"] += frame.height - read.len()
        self.doubted += frame.height - frame["doubt"].null_count()
        self.said_nothing += int((~is_read & frame["number"].is_null()).sum())
        self.counts["listed"] += int((read == True).sum())  # noqa: E712 (null-aware)
        self.counts["clear"] += int((read == False).sum())  # noqa: E712
        self.counts["unknown"] += read.null_count()
        self._remember(self.unread, frame.select("line", "unread").filter(~is_read))
        if frame["odd"].null_count() < frame.height:
            odd = frame.select("line", "odd").filter(is_read & frame["odd"].is_not_null())
            self.odd_rows += odd.height
            self._remember(self.odd, odd)
        if frame["undated"].null_count() < frame.height:
            undated = frame.select("line", "undated").filter(is_read & frame["undated"].is_not_null())
            self.undated_rows += undated.height
            self._remember(self.undated, undated)

    def _remember(self, kept: list[tuple[int, str]], rows: pl.DataFrame) -> None:
        kept.extend(rows.head(_KEPT - len(kept)).iter_rows())


@dataclass(frozen=True)
class Taken:
    """An extract that was read in whole.

    listings: Parquet, sorted by number: number (UInt64), listed (Boolean, null = not known), since, until (Date).
    bitpages: the same numbers as bits, where they have any (see `dnc.registries.bit_pages`).
    counts: rows by `listed`, `clear`, `unknown`, `unread`. odd: rows of them that were not understood in whole.
    undated: rows of them with a day that was not understood.
    unread: line and reason of the first rows that are. covers: prefixes it is complete for.
    notes: what a person should know.
    """

    listings: Path
    bitpages: Path | None
    counts: dict[str, int]
    odd: int
    undated: int
    unread: list[tuple[int, str]]
    covers: tuple[str, ...]
    notes: list[str]


def take(loader: Loader, extract: Extract, work: Path, covers: Sequence[str] = ()) -> Taken:
    """Read a whole extract into a file in the folder `work`. Raises LoaderError.

    `covers` are prefixes that it is said to be complete for. Of a list that is complete for
    something unread rows are not judged here: whoever takes it in must say that they may be missing.
    """
    out = work / "listings.parquet"
    rows = _Rows(Sorting(work, _LISTING))
    for frame in ahead(readings(loader, extract)):
        rows.add(frame)
    covers = tuple(covers or sorted({*loader.covers, *extract.covers}))
    _refuse_smudged(extract.path, rows, loader, complete=bool(covers))
    if extract.asked:
        if loader.covers or extract.covers:
            raise LoaderError("a full list, and no answer to a question; leave --asked out", extract.path)
        _add_unanswered(rows, loader, extract)
    bitpages = work / "bitpages.parquet"
    repeated = rows.listings.rows - _write(rows.listings, work, out, bitpages)
    notes = [f"{repeated:,} rows repeat a number"] if repeated else []
    notes = [*extract.notes, *notes, *_mended(rows.mended), *_undated(rows.undated_rows), *_named(loader, rows)]
    paged = bitpages if bitpages.exists() else None
    return Taken(out, paged, rows.counts, rows.odd_rows, rows.undated_rows, rows.unread[:_NAMED], covers, notes)


def _write(rows: Sorting, work: Path, out: Path, bitpages: Path) -> int:
    """Write one listing a number, sorted, into a file, and its bit pages where it has any; gives how many there are."""
    count, paged = 0, rows.rows >= WORTH
    with engine(work) as con:
        written, bits = _Parts(con, out), _Parts(con, bitpages, f", row_group_size {GROUP}")
        for part in rows.parts():
            listings = _one_a_listing(con, part)
            count += listings.height
            written.add("from listings", listings)
            if paged := paged and suits(listings):
                bits.add(WRITTEN, listings)
        written.close()
        if paged:
            bits.close()
    return count


class _Parts:
    """A Parquet file in the making: what is made of listings, part by part, then put together."""

    def __init__(self, con: duckdb.DuckDBPyConnection, out: Path, options: str = "") -> None:
        self._con, self._out = con, out
        self._copy = f"copy ({{}}) to $out (format parquet, compression zstd, parquet_version v2{options})"
        self._parts: list[str] = []

    def add(self, sql: str, listings: pl.DataFrame) -> None:
        """Add what a query makes of `listings`."""
        self._parts.append(str(self._out.with_stem(f"{self._out.stem}-{len(self._parts)}")))
        run(self._con, "part", self._copy.format(sql), {"out": self._parts[-1]}, listings=listings)

    def close(self) -> None:
        """Put the parts together, in their order."""
        if len(self._parts) > 1:
            sql = self._copy.format("from read_parquet($parts)")
            run(self._con, "snapshot", sql, {"out": str(self._out), "parts": self._parts})
        else:
            Path(self._parts[0]).rename(self._out)


def _one_a_listing(con: duckdb.DuckDBPyConnection, rows: pl.DataFrame) -> pl.DataFrame:
    """Sorted rows, those about one number made one."""
    again = rows.filter(rows["number"] == rows["number"].shift())["number"]
    if not again.len():
        return rows
    repeats = rows["number"].is_in(again.implode())
    merged = run(con, "listings", statement(__package__, "listings"), rows=rows.filter(repeats))
    return pl.concat([rows.filter(~repeats), merged]).sort("number")


def _mended(count: int) -> list[str]:
    return [f"{count:,} numbers were cleaned of what a spreadsheet or typing had added"] if count else []


def _undated(count: int) -> list[str]:
    return [f"{count:,} rows have a day that is not understood; they count as if none were told"] if count else []


def _named(loader: Loader, rows: _Rows) -> Iterator[str]:
    """Unread, odd and undated rows by line; unread ones of the own list all, because each is an objection lost."""
    kinds = [
        (rows.unread, rows.counts["unread"], "could not be read"),
        (rows.odd, rows.odd_rows, "counts as listed"),
        (rows.undated, rows.undated_rows, "counts without its day"),
    ]
    for kept, count, what in kinds:
        shown = kept if loader.registry == "own" and kept is rows.unread else kept[:_NAMED]
        yield from (f"line {line} {what}: {reason}" for line, reason in shown)
        if count > len(shown):
            yield f"and {count - len(shown):,} more"


def _refuse_smudged(path: Path, seen: _Rows, loader: Loader, *, complete: bool) -> None:
    """Raise where so much is not understood that it may not be the file that it was taken for.

    An odd row of the own list is an objection all the same; unread rows of a complete list have a rule of their own.
    Days that are not understood are, in so many rows, written in another way than was thought.
    Numbers that may be mistyped are those of the list that was sent in, and say little of the file, unless all are.
    """
    rows, unread = sum(seen.counts.values()), seen.counts["unread"]
    smudged = (0 if complete else unread - seen.doubted) + (0 if loader.registry == "own" else seen.odd_rows)
    if rows and (unread == rows or (rows >= 100 and smudged > UNREAD_SHARE * rows)):
        line, reason = min(seen.unread[:1] + seen.odd[:1])
        count = unread if unread == rows else smudged
        raise LoaderError(
            f"{count:,} of {rows:,} rows are not understood (the first: {reason}); "
            "is this the right file and registry?",
            path,
            line,
        )
    if rows >= 100 and seen.undated_rows > UNREAD_SHARE * rows:
        line, reason = seen.undated[0]
        raise LoaderError(
            f"{seen.undated_rows:,} of {rows:,} rows have a day that is not understood (the first: {reason}); "
            "is --as-of right? Days are written YYYY-MM-DD",
            path,
            line,
        )


def _add_unanswered(seen: _Rows, loader: Loader, extract: Extract) -> None:
    """Give every asked number that was not answered the opposite word; of a directory, that of absence.

    Where the answer itself says of each number what it is, silence says nothing.
    """
    if extract.asked is None:
        return
    file = replace(extract, path=extract.asked, asked=None, notes=[], covers=set())
    nothing = pl.DataFrame(schema={"number": pl.UInt64, "unread": pl.String})
    question = pl.concat([nothing, *(frame.select(nothing.columns) for frame in _question(loader, file))])
    read, asked = question.filter(pl.col("unread").is_null())["number"], question["number"].drop_nulls().unique()
    answered = pl.concat([part["number"].unique() for part in seen.listings.parts()])
    strangers = answered.len() - answered.is_in(asked.implode()).sum()
    if strangers and not loader.directory:
        raise LoaderError(f"{strangers:,} numbers of the answer were never asked, by {file.path.name}", extract.path)
    opposite = _said_by_silence(loader, extract)
    if seen.said_nothing and opposite is False:
        line, reason = seen.unread[0]
        message = f"a row cannot be read ({reason}), so a number that is not answered cannot be told from a listed one"
        raise LoaderError(message, extract.path, line)
    asked = read.unique()
    silent = asked.filter(~asked.is_in(answered.implode()))
    if opposite is not None:
        never = pl.lit(None, pl.Date)
        seen.listings.add(pl.select(number=silent, listed=pl.lit(opposite), since=never, until=never))
        seen.counts["listed" if opposite else "clear"] += silent.len()
    count = asked.len()
    notes = [f"{count:,} numbers asked = {count - silent.len():,} answered + {silent.len():,} not answered"]
    if unread := question.height - read.len():
        notes.append(f"{unread:,} rows of {file.path.name} cannot be read; nothing is known of them")
    extract.notes.extend(notes)


def _said_by_silence(loader: Loader, extract: Extract) -> bool | None:
    """Whether an asked number without an answer is listed; None where nothing is known of it."""
    if loader.directory and loader.absent == "listed":
        return True
    return extract.means == "callable" if extract.means else None


def _question(loader: Loader, question: Extract) -> Iterator[pl.DataFrame]:
    """The numbers of the file that was sent in; it is written as the registry's answers are, or one number a row.

    What is asked for in a row that shifted is not known, and silence must say nothing of it.
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
