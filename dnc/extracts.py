"""An extract read in whole: its numbers read, its rows counted, its listings sorted into one file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl

from dnc.engine import engine, run, statement
from dnc.errors import LoaderError
from dnc.loader import Extract, Loader
from dnc.numbers import read_numbers
from dnc.tabular import open_table

_NAMED = 20  # unread rows that are named one by one
UNREAD_SHARE = 0.01  # of a file of a hundred rows or more; above it the file is refused


def readings(loader: Loader, extract: Extract) -> Iterator[pl.DataFrame]:
    """An extract's rows with their numbers read: line, number (E.164), listed, since, unread."""
    for rows in loader.read(extract):
        cells = rows.select(pl.col("number").alias("text"), pl.lit(loader.region).alias("region"))
        read = read_numbers(cells)
        unread = pl.coalesce(rows["unread"], read["unread"])
        number = pl.when(pl.col("unread").is_null()).then(pl.col("number"))
        frame = rows.with_columns(read["number"]).with_columns(unread.alias("unread"))
        yield frame.with_columns(number)


@dataclass(frozen=True)
class Taken:
    """An extract that was read in whole.

    listings: Parquet, sorted by number: number (UInt64), listed (Boolean, null = not known), since (Date).
    counts: rows by `listed`, `clear`, `unknown`, `unread`. notes: what a person should know.
    """

    listings: Path
    counts: dict[str, int]
    notes: list[str]


def take(loader: Loader, extract: Extract, asked: Path | None, work: str) -> Taken:
    """Read a whole extract into a file in the folder `work`. Raises LoaderError."""
    if asked and not extract.means:
        raise LoaderError("--asked needs --means: are the numbers of the answer listed or callable?", extract.path)
    counts = dict.fromkeys(("listed", "clear", "unknown", "unread"), 0)
    reasons: list[tuple[int, str]] = []
    out = Path(work) / "listings.parquet"
    with engine(work) as con:
        con.execute("create table extract (number ubigint, listed boolean, since date)")
        for frame in readings(loader, extract):
            _count(frame, counts, reasons)
            run(con, "insert", "insert into extract select number, listed, since from rows", rows=frame)
        _refuse_smudged(extract.path, counts, reasons)
        if asked:
            _add_unanswered(con, loader, extract, asked, counts)
        kind = "format parquet, compression zstd, parquet_version v2"
        con.execute(f"copy ({statement('listings')}) to $out ({kind})", {"out": str(out)})
    return Taken(out, counts, [f"line {line} could not be read: {reason}" for line, reason in reasons[:_NAMED]])


def _count(frame: pl.DataFrame, counts: dict[str, int], reasons: list[tuple[int, str]]) -> None:
    unread = frame.filter(pl.col("unread").is_not_null())
    read = frame.filter(pl.col("unread").is_null())["listed"]
    counts["unread"] += unread.height
    counts["listed"] += int((read == True).sum())  # noqa: E712 (null-aware)
    counts["clear"] += int((read == False).sum())  # noqa: E712
    counts["unknown"] += read.null_count()
    reasons.extend(unread.select("line", "unread").iter_rows())


def _refuse_smudged(path: Path, counts: dict[str, int], reasons: list[tuple[int, str]]) -> None:
    rows = sum(counts.values())
    if rows and (counts["unread"] == rows or (rows >= 100 and counts["unread"] > UNREAD_SHARE * rows)):
        line, reason = reasons[0]
        raise LoaderError(
            f"{counts['unread']:,} of {rows:,} rows cannot be read (the first: {reason}); "
            "is this the right file and registry?",
            path,
            line,
        )


def _add_unanswered(
    con: duckdb.DuckDBPyConnection, loader: Loader, extract: Extract, asked: Path, counts: dict[str, int]
) -> None:
    """Give every asked number that was not answered the opposite word."""
    question = Extract(asked, loader.region, extract.means)
    at = question.number_column()
    con.execute("create table asked (number ubigint)")
    for batch in open_table(asked, header=not question.starts_with_number).batches:
        cells = batch.select(pl.nth(at).cast(pl.String).alias("text"), pl.lit(loader.region).alias("region"))
        run(con, "asked", "insert into asked select number from rows", rows=read_numbers(cells))
    strangers = "select count(*) from extract where number is not null and number not in (from asked)"
    con.execute("delete from asked where number is null")
    [(count,)] = con.execute(strangers).fetchall()
    if count:
        raise LoaderError(f"{count:,} numbers of the answer were never asked, by {asked.name}", extract.path)
    opposite = extract.means == "callable"
    rest = "select distinct number, ?::boolean, null::date from asked where number not in (select number from answered)"
    con.execute("create table answered as select distinct number from extract where number is not null")
    [(added,)] = con.execute(f"insert into extract {rest}", [opposite]).fetchall()
    counts["listed" if opposite else "clear"] += added
