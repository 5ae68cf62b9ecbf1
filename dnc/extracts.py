"""An extract read in whole: its numbers read, its rows counted, its listings sorted into one file."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb
import polars as pl

from dnc.columns import read_numbers
from dnc.engine import connect, run, statement
from dnc.errors import LoaderError
from dnc.loader import OPTIONAL, Extract, Loader
from dnc.numbers import read_listed
from dnc.tabular import LINE, RAGGED, each_distinct

_NAMED = 20  # unread rows that are named one by one
_KEPT = 100_000  # unread rows that are remembered at all
_SPAN = 10**6  # numbers that are never parted when sorting
_SORTED_AT_ONCE = 16_000_000  # rows
UNREAD_SHARE = 0.01  # of a file of a hundred rows or more; above it the file is refused
_MENDED = r"^[='+]*\d+[.,]0+\"?$|[^\x00-\x7f]"  # a number cell's `.0`, blanks and digits of other scripts
_LISTED_ONLY = ("two numbers in one cell", "not written as a number")


def readings(loader: Loader, extract: Extract) -> Iterator[pl.DataFrame]:
    """An extract's rows with their numbers read.

    Columns: line, number (UInt64, E.164), listed, since, until, unread, and `also`
    (List(UInt64)), further numbers of the same cell; `mended`, whether spreadsheet damage
    was undone. A row that is unread has no number.
    """
    for rows in loader.read(extract):
        absent = [pl.lit(None, kind).alias(name) for name, kind in OPTIONAL.items() if name not in rows.columns]
        frame = rows.with_columns(absent)
        proved = frame["e164"].is_not_null() | frame["unread"].is_not_null()
        if proved.all():
            read = frame.with_columns(pl.lit(None, pl.List(pl.UInt64)).alias("also"), pl.lit(False).alias("mended"))
        else:
            read = _read(frame, loader.region)
        number = pl.when(pl.col("unread").is_null()).then(pl.col("e164"))
        yield read.select("line", number.alias("number"), "listed", "since", "until", "unread", "also", "mended")


def _read(frame: pl.DataFrame, region: str) -> pl.DataFrame:
    """Rows with `e164`, `unread` and `also` as the reference reading has them."""
    wanted = pl.col("e164").is_null() & pl.col("unread").is_null()
    cells = frame.select(
        pl.when(wanted).then("number").alias("text"),
        pl.col("region").fill_null(region).alias("region"),
        (pl.col("listed") & wanted).fill_null(False).alias("listed"),
    )
    read = read_numbers(cells.select("text", "region"))
    several = read["unread"].is_in(_LISTED_ONLY) & cells["listed"]
    cells = cells.select(pl.when(several).then("text").alias("text"), "region")
    more = each_distinct(cells, _all_numbers, {"numbers": pl.List(pl.UInt64)})["numbers"]
    found = more.list.len().fill_null(0) > 0
    reason = pl.when(wanted & ~found).then(read["unread"]).otherwise("unread")
    return frame.with_columns(
        pl.coalesce("e164", read["number"], more.list.first()).alias("e164"),
        reason.alias("unread"),
        pl.when(found).then(more.list.slice(1)).alias("also"),
        pl.col("number").str.contains(_MENDED).fill_null(False).alias("mended"),
    )


def _all_numbers(text: str | None, region: str) -> tuple[list[int]]:
    return (read_listed(text, region) if text else [],)


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
        yield kept.with_columns(pl.lit(None, pl.UInt64).alias("line"), pl.lit(None, pl.String).alias("unread"))


def _one_a_number(frame: pl.DataFrame) -> pl.DataFrame:
    if frame["also"].null_count() == frame.height:
        return frame
    both = pl.concat_list(pl.concat_list("number"), pl.col("also").fill_null([]))
    return frame.with_columns(both.alias("number")).explode("number")


@dataclass
class _Rows:
    """The rows of an extract, counted; the numbers go into a table `extract` of a small database on disk."""

    con: duckdb.DuckDBPyConnection
    counts: dict[str, int]
    reasons: list[tuple[int, str]] = field(default_factory=list)
    last: int = -1
    mended: int = 0
    rising: bool = True  # whether each number was greater than the one before

    def add(self, frame: pl.DataFrame) -> None:
        """Count the rows of a frame and keep their numbers."""
        self._count(frame)
        self._watch(frame["number"])
        run(self.con, "insert", "insert into extract select number, listed, since, until from rows", rows=frame)
        if frame["also"].null_count() < frame.height:
            self.rising = False
            more = frame.select(pl.col("also").alias("number"), "listed", "since", "until").explode("number")
            more = more.filter(pl.col("number").is_not_null())
            run(self.con, "insert", "insert into extract select * from rows", rows=more)

    def _count(self, frame: pl.DataFrame) -> None:
        unread = frame.filter(pl.col("unread").is_not_null())
        read = frame.filter(pl.col("unread").is_null())["listed"]
        self.mended += frame.filter(pl.col("mended") & pl.col("unread").is_null()).height
        self.counts["unread"] += unread.height
        self.counts["listed"] += int((read == True).sum())  # noqa: E712 (null-aware)
        self.counts["clear"] += int((read == False).sum())  # noqa: E712
        self.counts["unknown"] += read.null_count()
        room = _KEPT - len(self.reasons)
        self.reasons.extend(unread.select("line", "unread").head(room).iter_rows())

    def _watch(self, numbers: pl.Series) -> None:
        if self.rising and numbers.len():
            in_order = not numbers.null_count() and numbers[0] > self.last
            self.rising = in_order and bool((numbers.slice(1) > numbers.head(-1)).all())
            self.last = numbers[-1]


@dataclass(frozen=True)
class Taken:
    """An extract that was read in whole.

    listings: Parquet, sorted by number: number (UInt64), listed (Boolean, null = not known), since, until (Date).
    counts: rows by `listed`, `clear`, `unknown`, `unread`. covers: prefixes it is complete for.
    notes: what a person should know.
    """

    listings: Path
    counts: dict[str, int]
    covers: tuple[str, ...]
    notes: list[str]


def take(loader: Loader, extract: Extract, work: Path) -> Taken:
    """Read a whole extract into a file in the folder `work`. Raises LoaderError."""
    rows_seen = dict.fromkeys(("listed", "clear", "unknown", "unread"), 0)
    out = work / "listings.parquet"
    with connect(work / "extract.duckdb", temp_directory=str(work / "spill"), preserve_insertion_order=True) as con:
        con.execute("create table extract (number ubigint, listed boolean, since date, until date)")
        rows = _Rows(con, rows_seen)
        for frame in readings(loader, extract):
            rows.add(frame)
        _refuse_smudged(extract.path, rows)
        if extract.asked:
            if loader.covers or extract.covers:
                raise LoaderError("a full list, and no answer to a question; leave --asked out", extract.path)
            _add_unanswered(rows, loader, extract)
        if not rows.rising:
            _sort(con)
        kind = "format parquet, compression zstd, parquet_version v2"
        table = "extract" if rows.rising else "listings"
        run(con, "snapshot", f"copy (select * from {table}) to $out ({kind})", {"out": str(out)})
        notes = [*extract.notes, *_repeated(con, out), *_mended(rows.mended), *_named(loader, rows.reasons)]
    return Taken(out, rows.counts, tuple(sorted({*loader.covers, *extract.covers})), notes)


def _sort(con: duckdb.DuckDBPyConnection) -> None:
    """Sorted listings, one a number, as a table `listings`; range by range, so that memory does not grow."""
    con.execute(f"create table listings as {statement('listings')} limit 0", {"low": 0, "high": 0})
    span = f"number // {_SPAN} * {_SPAN}"
    counted = f"select {span} as low, count(*) from extract where number is not null group by low order by low"
    spans = con.execute(counted).fetchall()
    low, rows = 0, 0
    for position, (start, count) in enumerate(spans):
        rows += count
        last = position == len(spans) - 1
        if last or rows + spans[position + 1][1] > _SORTED_AT_ONCE:
            high = start + _SPAN
            run(con, "listings", f"insert into listings {statement('listings')}", {"low": low, "high": high})
            low, rows = high, 0


def _repeated(con: duckdb.DuckDBPyConnection, listings: Path) -> list[str]:
    """A word about numbers that stand in several rows."""
    [(rows,)] = con.execute("select count(*) from extract where number is not null").fetchall()
    [(kept,)] = con.execute("select count(*) from read_parquet(?)", [str(listings)]).fetchall()
    return [f"{rows - kept:,} rows repeat a number"] if rows > kept else []


def _mended(count: int) -> list[str]:
    return [f"{count:,} numbers were cleaned of what a spreadsheet or typing had added"] if count else []


def _named(loader: Loader, reasons: list[tuple[int, str]]) -> list[str]:
    """Unread rows by line; of the own list all of them, because each is an objection lost."""
    shown = reasons if loader.registry == "own" else reasons[:_NAMED]
    notes = [f"line {line} could not be read: {reason}" for line, reason in shown]
    return notes + ([f"and {len(reasons) - len(shown):,} more"] if len(reasons) > len(shown) else [])


def _refuse_smudged(path: Path, seen: _Rows) -> None:
    rows, unread = sum(seen.counts.values()), seen.counts["unread"]
    if rows and (unread == rows or (rows >= 100 and unread > UNREAD_SHARE * rows)):
        line, reason = seen.reasons[0]
        raise LoaderError(
            f"{unread:,} of {rows:,} rows cannot be read (the first: {reason}); is this the right file and registry?",
            path,
            line,
        )


def _add_unanswered(seen: _Rows, loader: Loader, extract: Extract) -> None:
    """Give every asked number that was not answered the opposite word; of a directory, that of absence.

    Where the answer itself says of each number what it is, silence says nothing.
    """
    con, asked = seen.con, extract.asked
    if asked is None:
        return
    con.execute("create table asked (number ubigint)")
    unread = 0
    for frame in _question(loader, replace(extract, path=asked, asked=None, notes=[], covers=set())):
        unread += frame["number"].null_count()
        run(con, "asked", "insert into asked select number from rows where number is not null", rows=frame)
    con.execute("create table answered as select distinct number from extract where number is not null")
    [(strangers,)] = con.execute("select count(*) from answered where number not in (from asked)").fetchall()
    if strangers and not loader.directory:
        raise LoaderError(f"{strangers:,} numbers of the answer were never asked, by {asked.name}", extract.path)
    opposite = _said_by_silence(loader, extract)
    if seen.counts["unread"] and opposite is False:
        line, reason = seen.reasons[0]
        message = f"a row cannot be read ({reason}), so a number that is not answered cannot be told from a listed one"
        raise LoaderError(message, extract.path, line)
    silent = "from asked where number not in (from answered)"
    [(count,)] = con.execute("select count(distinct number) from asked").fetchall()
    [(left,)] = con.execute(f"select count(distinct number) {silent}").fetchall()
    if opposite is not None:
        rest = f"select distinct number, ?::boolean, null::date, null::date {silent}"
        con.execute(f"insert into extract {rest}", [opposite])
        seen.rising = False
        seen.counts["listed" if opposite else "clear"] += left
    notes = [f"{count:,} numbers asked = {count - left:,} answered + {left:,} not answered"]
    notes += [f"{unread:,} rows of {asked.name} cannot be read; nothing is known of them"] if unread else []
    extract.notes.extend(notes)


def _said_by_silence(loader: Loader, extract: Extract) -> bool | None:
    """Whether an asked number without an answer is listed; None where nothing is known of it."""
    if loader.directory and loader.absent == "listed":
        return True
    return extract.means == "callable" if extract.means else None


def _question(loader: Loader, question: Extract) -> Iterator[pl.DataFrame]:
    """The numbers of the file that was sent in; it is written as the registry's answers are, or one number a row."""
    if loader.bare and question.means:
        yield from readings(loader, replace(question, asked=question.path))
        return
    at = question.number_column()
    for batch in question.table().batches:
        cells = batch.drop(RAGGED, LINE).select(pl.nth(at).cast(pl.String).alias("text"))
        yield read_numbers(cells.with_columns(pl.lit(loader.region).alias("region")))
