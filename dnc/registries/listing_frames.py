"""Frames of listings from tables and lines of text: the parts that most loaders are made of."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterator

import polars as pl

from dnc.clock import read_day
from dnc.files.archive import Member
from dnc.files.encoding import text_of
from dnc.files.table import BATCH_ROWS, LINE, RAGGED, quoted
from dnc.frames import as_text, each_distinct
from dnc.numbers.reader import known_regions
from dnc.registries.contract import LISTING, OPTIONAL, Extract

NO_COUNTRY = "country is not an ISO 3166-1 code"
_FEWEST_DIGITS = 2  # in a cell that is meant as a number; a flag has one at most
_NO_DAY = ("", "none", "n/a", "-", "never")  # what files write in a column of dates for "no date"
_WITH_CLOCK = r"^(\d{4}-\d{2}-\d{2})[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?$"


def listings(
    extract: Extract, listed: Callable[[pl.DataFrame], pl.DataFrame], further: Collection[int] = ()
) -> Iterator[pl.DataFrame]:
    """Frames as in `LISTING` from a table. Numbers that stand in the columns at `further` count as well.

    `listed` gets frames of text whose columns are called `0`, `1` … by position
    and adds the columns `listed`, and if it knows them `since`, `unread` and those of `OPTIONAL`.
    Where it does not understand what a row says of its number, it says listed, and why in `odd`.
    A row whose cells are not those of the header is listed too, and its days are not believed.
    Rows without a word in them are none.
    """
    at = extract.number_column()
    table = extract.table()
    if table.skipped:
        extract.notes.append(f"{table.skipped} lines stand before the header and were not read")
    extract.notes.extend(f"not UTF-8 in line {one.line:,}, and read as {one.encoding}" for one in table.misfits)
    if table.others:
        extract.notes.append(f"sheets that were not read: {quoted(table.others)}")
    if table.full:
        extract.notes.append(f"{table.full:,} cells are as long as a spreadsheet's cell can be, and may have been cut")
    if others := [table.header[place] for place in extract.phone_columns if place not in (at, *further)]:
        extract.notes.append(f"not read, though named like telephone numbers: {quoted(others)}")
    for batch in table.batches:
        ragged, lines = batch[RAGGED], batch[LINE]
        cells = pl.DataFrame([as_text(column) for column in batch.drop(RAGGED, LINE)])
        cells.columns = [str(position) for position in range(cells.width)]
        frame = listed(cells.with_columns(pl.all().str.strip_chars()))
        if ragged.null_count() < ragged.len():
            frame = _as_listed(frame, ragged, cells)
        more = {name: kind for name, kind in OPTIONAL.items() if name in frame.columns}
        absent = [name for name in ("since", "unread") if name not in frame.columns]
        frame = frame.with_columns(
            lines.alias("line"),
            _all_of(at, *further).alias("number"),
            *(pl.lit(None, LISTING[name]).alias(name) for name in absent),
        )
        columns = LISTING | more
        blank = pl.all_horizontal(pl.col(name).fill_null("") == "" for name in cells.columns)
        yield frame.filter(~blank).select(columns.keys()).cast(columns)  # type: ignore[arg-type]


def _all_of(at: int, *further: int) -> pl.Expr:
    """The cell of a number, with those at other places behind it that may hold one."""
    number = pl.col(str(at))
    if not further:
        return number
    others = [pl.col(str(place)) for place in further]
    filled = [pl.when(cell.str.count_matches(r"\d") >= _FEWEST_DIGITS).then(cell) for cell in others]
    return pl.concat_str(pl.when(number != "").then(number), *filled, separator=" / ", ignore_nulls=True)


def _as_listed(frame: pl.DataFrame, ragged: pl.Series, cells: pl.DataFrame) -> pl.DataFrame:
    """Rows of `listings`, those listed whose cells are not those of the header.

    Their words may be of other columns, and two rows may have become one where a line end was lost.
    """
    text = cells.select(pl.concat_str(pl.all(), separator=" | ", ignore_nulls=True)).to_series()
    told = [name for name in ("since", "until") if name in frame.columns]
    odd = [pl.col("odd")] if "odd" in frame.columns else []
    return frame.with_columns(
        (pl.col("listed") | ragged.is_not_null()).alias("listed"),
        *(pl.when(ragged.is_null()).then(name).alias(name) for name in told),
        pl.coalesce(pl.lit(ragged), *odd).alias("odd"),
        pl.when(ragged.is_not_null()).then(text).alias("beside"),
    )


def line_batches(member: Member) -> Iterator[pl.DataFrame]:
    """Lines of a text of one column, as frames of `line` (UInt64) and `text` without blanks around it.

    Blank lines are left out. Raises InputError where line ends are mixed, a line
    is over 4,096 bytes, or bytes are no text.
    """
    lines = text_of(member, strict=True).even_lines()
    kept = ((number, text) for number, line in lines if (text := line.strip()))
    while batch := list(itertools.islice(kept, BATCH_ROWS)):
        yield pl.DataFrame(batch, schema={"line": LISTING["line"], "text": pl.String}, orient="row")


def bare_numbers(rows: pl.DataFrame, extract: Extract, whole: str, code: str, proved: str) -> pl.DataFrame:
    """Frames as in `LISTING` from columns `line` and `number` of an answer that is numbers and nothing else.

    A number that does not match `whole` is unread. Where `proved` matches, its
    group behind the calling code `code` is the number; all others are read as they stand.
    """
    national = pl.col("number").str.extract(proved, 1)
    odd = pl.when(~pl.col("number").str.contains(whole)).then(pl.lit("not written as the registry writes numbers"))
    return rows.select(
        "line",
        "number",
        pl.lit(extract.means == "listed").alias("listed"),
        pl.lit(None, LISTING["since"]).alias("since"),
        odd.alias("unread"),
        (pl.lit(code) + national).cast(pl.UInt64, strict=False).alias("e164"),  # digits may be of another script
    )


def days(cells: pl.DataFrame, extract: Extract, **columns: int | None) -> pl.DataFrame:
    """Cells with their days read, a column (Date) for each position, null where it is None or the cell is empty.

    A cell that is not understood gives no day either, and the column `undated` says which it is.
    """
    why = pl.Series("undated", [None], dtype=pl.String).new_from_index(0, cells.height)
    for name, at in columns.items():
        if at is None:
            cells = cells.with_columns(pl.lit(None, pl.Date).alias(name))
            continue
        text = cells[str(at)]
        day = text.str.to_date("%Y-%m-%d", strict=False).alias(name)
        if day.null_count() > text.null_count():
            filled = text.is_not_null() & ~text.str.to_lowercase().is_in(_NO_DAY)
            other = pl.select(pl.when(filled & day.is_null()).then(text)).to_series()
            day = day.fill_null(_other_days(other)).alias(name)
            reason = pl.lit(f"{extract.header[at]} is no day written YYYY-MM-DD")
            why = pl.select(pl.coalesce(why, pl.when(filled & day.is_null()).then(reason)).alias(why.name)).to_series()
        cells = cells.with_columns(day)
    return cells.with_columns(why)


def _other_days(texts: pl.Series) -> pl.Series:
    """Days with a clock time, and in the less usual shapes of ISO 8601; null where a text is none."""
    days = texts.str.extract(_WITH_CLOCK, 1).str.to_date("%Y-%m-%d", strict=False)
    rest = pl.select(text=pl.when(days.is_null()).then(texts))
    read = each_distinct(rest, lambda text: (text and read_day(text, "iso"),), {"day": pl.Date})
    return days.fill_null(read["day"])


def country(extract: Extract) -> tuple[pl.Expr, pl.Expr]:
    """The numbering plan of each row from a column `country`, null where none is told, and whether it is no plan.

    Of a country that is none only numbers in international form are read.
    """
    at = extract.column("country")
    if at is None:
        return pl.lit(None, pl.String), pl.lit(False)
    told = pl.col(str(at)).str.to_uppercase()
    region = pl.when(told != "").then(told)
    return region, region.is_not_null() & ~region.is_in(known_regions())


def booleans(position: int, meaning: dict[str, bool]) -> pl.Expr:
    """A column of words as Booleans by their lower-case form; null where a word is not in `meaning`."""
    lower = pl.col(str(position)).str.to_lowercase()
    return lower.replace_strict(list(meaning), list(meaning.values()), default=None, return_dtype=pl.Boolean)
