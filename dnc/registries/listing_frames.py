"""Frames of listings from tables and lines of text: the parts that most loaders are made of."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from datetime import date
from functools import partial

import polars as pl

from dnc.clock import NO, NONE, YES, may_be_cut, read_day
from dnc.errors import FormatError, LoaderError
from dnc.files.archive import Member
from dnc.files.encoding import text_of
from dnc.files.net import marked, objects
from dnc.files.table import BATCH_ROWS, LINE, RAGGED, Table, folded, quoted, refuse_other_header, uncut
from dnc.frames import as_text, each_distinct, repeated
from dnc.messages import figure, localized
from dnc.numbers.bulk_reader import read_column
from dnc.numbers.normalise import EMPTY
from dnc.numbers.numbering_plans import known_regions
from dnc.registries.contract import LISTING, OPTIONAL, Extract, Loader
from dnc.registries.extra_columns import ExtraColumns, says_listed

_COLUMNS = LISTING | OPTIONAL
# Names of a column, in the languages of the countries that ship, under which a yes is listed and a no is not.
_SAY_LISTED = ("listed", "registered", "inscrit", "eingetragen", "iscritto", "inscrito", "ingeschreven")
NO_COUNTRY = "country is not an ISO 3166-1 code"
_FEWEST_DIGITS = 2  # in a cell that is meant as a number; a flag has one at most
_FORM = r"^(?:\+|00?[1-9]|\()"  # as a number is, and hardly a count or an id
_DAY = r"^(?:(?:19|20)\d\d[01]\d[0-3]\d|\d{1,4}[-/.]\d{1,2}[-/.]\d{2,4})(?:$|[T ]\d)"
_IN_TEXT = r"(?:^|[^\d.,\-/])(?:\+|00?[1-9]|\(0)[\d ().\-/]{6,}\d"  # written as a number, somewhere in a text
_SAMPLE = 1_000  # cells of a column by which it is known what it holds
_NO_DAY = ("", "none", "n/a", "-", "never")  # what files write in a column of dates for "no date"
_WRITTEN = {"iso": "2026-12-31", "dmy": "31/12/2026", "mdy": "12/31/2026"}  # as a reason shows it
_ISO = r"^(\d{4}-\d{1,2}-\d{1,2})(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?$"


def listings(
    extract: Extract,
    listed: Callable[[pl.DataFrame], pl.DataFrame],
    further: Collection[int] = (),
    *,
    by_cells: bool = False,
    entries: bool = False,
) -> Iterator[pl.DataFrame]:
    """Frames with the columns of `LISTING` and `OPTIONAL` from a table; blank rows are left out.

    Args:
        extract: the file.
        listed: gets frames of text whose columns are named `0`, `1` … by position. It adds the column `listed`, and
            `since`, `unread` and those of `OPTIONAL` if it knows them. A row that it does not understand has to be
            listed, with the reason in `odd`.
        further: positions of other columns whose numbers count too.
        by_cells: whether those of all columns count: of which most cells are telephone numbers, or that have one in a
            text.
        entries: whether every row is listed, so that no other column matters.

    A row with more or fewer cells than the header is listed, and its dates are ignored: they may be those of other
    columns. So is one with anything but a no in another column whose name suggests objections. What can be read as a
    number in the remaining columns that are named like telephone numbers counts in listed rows: a complete list would
    clear it. Not in an answer to a question, which is about the numbers sent in. All other columns are looked at (see
    `ExtraColumns`), and what is wrong with them is raised after the last frame.
    """
    at = extract.number_column()
    table = extract.table()
    others = [place for place in extract.phone_columns if place not in (at, *further)]
    against = set(marked(pl.Series(table.header, dtype=pl.String)).arg_true())
    extra: ExtraColumns | None = None
    searched = [place for place in range(len(table.header)) if place not in (at, *further, *others)] if by_cells else []
    extract.of_numbers.extend(table.header[place] for place in (at, *further) if further)
    unknown, names = searched, {str(place): name for place, name in enumerate(table.header)}
    extract.notes.extend(_notes(extract, table, [table.header[place] for place in others]))
    extract.other_sheets.extend(table.others if extract.sheet is None else [])
    for batch in uncut(table.batches, table.path):
        ragged, lines = batch[RAGGED], batch[LINE]
        cells = pl.DataFrame([as_text(column) for column in batch.drop(RAGGED, LINE)])
        cells.columns = [str(position) for position in range(cells.width)]
        cells = cells.with_columns(pl.all().str.strip_chars())
        refuse_other_header(cells.with_columns(lines), [str(at)], names, table.path)
        blank = cells.select(pl.all_horizontal(pl.all().fill_null("") == "")).to_series()
        frame = listed(_in_our_words(cells, extract))
        absent = (pl.lit(None, kind).alias(name) for name, kind in _COLUMNS.items() if name not in frame.columns)
        frame = frame.with_columns(absent)
        if says := sorted(against - extract.read):
            frame = _objected(frame, cells[list(map(str, says))])
        if ragged.null_count() < ragged.len():
            frame = _as_listed(frame, ragged, cells)
        if others and not extract.asked:
            frame = _with_others(frame, [pl.col(str(place)) for place in others])
        known = {place: _are_numbers(frame, at, place, extract.region) for place in unknown}
        unknown = [place for place in unknown if known[place] is None]
        if found := [place for place in known if known[place]]:
            further = [*further, *found]
            extract.notes.append(localized("note", "numbers", names=quoted([table.header[place] for place in found])))
        if texts := [pl.col(str(place)) for place in searched if place not in further]:
            frame = _with_others(frame, [pl.when(text.str.contains(_IN_TEXT)).then(text) for text in texts])
        if not entries:
            extra = extra or ExtraColumns(
                extract, table, {at, *further, *extract.read, *(() if extract.means else against)}, others
            )
            extra.add(frame)
        again = pl.when(pl.col(str(at)) == table.header[at].strip()).then(pl.lit(EMPTY))  # the header is no entry
        frame = frame.with_columns(
            lines.alias("line"), _all_of(at, *further).alias("number"), pl.coalesce("unread", again).alias("unread")
        )
        yield frame.filter(~blank).select(_COLUMNS.keys()).cast(_COLUMNS)  # type: ignore[arg-type]
    if extra and extract.asked != extract.path:  # not for the question that was sent in, read as an answer
        extra.refuse()


def _are_numbers(frame: pl.DataFrame, at: int, place: int, region: str) -> bool | None:
    """Whether the cells of a column are telephone numbers; None if none of them may be one.

    Most of those with digits have to be, and to be written like it, or like numbers in the column of numbers at `at`.
    """
    text, form = pl.col(str(place)), pl.col(str(place)).str.replace_all(r"\d", "0")
    plan = pl.col("region").fill_null(region)
    written = text.str.contains(_FORM) | form.is_in(pl.col(str(at)).str.replace_all(r"\d", "0").implode())
    cells = frame.select(text.alias("text"), plan.alias("plan"), written=written & ~text.str.contains(_DAY))
    cells = cells.filter(pl.col("text").str.count_matches(r"\d") >= _FEWEST_DIGITS).head(_SAMPLE)
    likely = cells.filter("written")
    rows, kinds = read_column(likely["text"], likely["plan"])
    doubts = kinds["doubt"][rows["kind"].drop_nulls()]
    return 2 * doubts.null_count() > cells.height if cells.height else None


def _notes(extract: Extract, table: Table, others: list[str]) -> Iterator[str]:
    """What a person should know about how a table is read. others: its other columns named like telephone numbers."""
    if table.skipped:
        yield localized("note", "skipped", n=figure(table.skipped))
    for misfit in table.misfits:
        yield localized("note", "encoding", line=figure(misfit.line), encoding=misfit.encoding)
    if table.others:
        yield localized("note", "sheets", names=quoted(table.others))
    if table.full:
        yield localized("note", "full", n=figure(table.full))
    if table.surplus:
        yield localized("errors", "surplus", n=figure(table.surplus))
    if others:
        yield localized("note", "columns", "asked" if extract.asked else "listed", names=quoted(others))


def _in_our_words(cells: pl.DataFrame, extract: Extract) -> pl.DataFrame:
    """Cells with words of the file replaced by ours, as its layout says; raises LoaderError if a column is missing."""
    places = zip(extract.layout.values, extract.need(*extract.layout.values), strict=True)
    return cells.with_columns(extract.layout.translated(cells[str(at)], ours) for ours, at in places)


def _all_of(at: int, *further: int) -> pl.Expr:
    """The cell of a number, followed by cells of other columns that may hold one."""
    number = pl.col(str(at))
    if not further:
        return number
    others = [pl.col(str(place)) for place in further]
    filled = [pl.when(cell.str.count_matches(r"\d") >= _FEWEST_DIGITS).then(cell) for cell in others]
    return pl.concat_str(pl.when(number != "").then(number), *filled, separator=" / ", ignore_nulls=True)


def _with_others(frame: pl.DataFrame, others: Sequence[pl.Expr]) -> pl.DataFrame:
    """Rows of `listings`, with other cells that may hold a number in `beside`, where a row is listed."""
    listed = [pl.when("listed").then(cell) for cell in others]
    text = pl.concat_str("beside", *listed, separator=" | ", ignore_nulls=True)
    return frame.with_columns(pl.when(text != "").then(text).alias("beside"))


def _objected(frame: pl.DataFrame, against: pl.DataFrame) -> pl.DataFrame:
    """Rows of `listings`; those with anything but a no in one of some columns are listed."""
    word = pl.all().fill_null("").str.to_lowercase()
    says = against.select(pl.any_horizontal((word != "") & ~word.is_in(NONE))).to_series()
    new = pl.when(says & ~pl.col("listed").fill_null(False)).then(pl.lit("another column says not to call"))
    return frame.with_columns(pl.col("listed") | says, pl.coalesce("odd", new).alias("odd"))


def _as_listed(frame: pl.DataFrame, ragged: pl.Series, cells: pl.DataFrame) -> pl.DataFrame:
    """Rows of `listings`; those with more or fewer cells than the header are set to listed.

    Their cells may belong to other columns, and two rows may have become one because a line end was lost.
    """
    text = cells.select(pl.concat_str(pl.all(), separator=" | ", ignore_nulls=True)).to_series()
    return frame.with_columns(
        (pl.col("listed") | ragged.is_not_null()).alias("listed"),
        *(pl.when(ragged.is_null()).then(name).alias(name) for name in ("since", "until")),
        pl.coalesce(pl.lit(ragged), "odd").alias("odd"),
        pl.when(ragged.is_not_null()).then(text).alias("beside"),
    )


def line_batches(member: Member) -> Iterator[pl.DataFrame]:
    """The lines of a text with one column, as frames of `line` (UInt64) and `text`, without surrounding blanks.

    Blank lines are left out. Raises InputError if line ends are mixed, a line is longer than 4,096 bytes, or the
    bytes are not text.
    """
    lines = text_of(member, strict=True).even_lines()
    kept = ((number, text) for number, line in lines if (text := line.strip()))
    while batch := list(itertools.islice(kept, BATCH_ROWS)):
        yield pl.DataFrame(batch, schema={"line": LISTING["line"], "text": pl.String}, orient="row")


def bare_numbers(
    rows: pl.DataFrame, extract: Extract, whole: str, code: str, proved: str, *, listed: bool | None = None
) -> pl.DataFrame:
    """Frames with the columns of `LISTING` from a file that is only numbers: columns `line` and `number`.

    Args:
        rows: the numbers as text.
        extract: the file.
        whole: pattern of a number; one that does not match is unread.
        code: calling code of the country.
        proved: pattern of a number that needs no further reading: its group, after `code`, is the number.
        listed: whether the numbers are listed, as in a complete list; None: the user says so (`means`).

    Raises FormatError if neither says what the numbers mean.
    """
    if listed is None and not extract.means:
        raise FormatError(localized("errors", "means_or_plain"), extract.path)
    national = pl.col("number").str.extract(proved, 1)
    odd = pl.when(~pl.col("number").str.contains(whole)).then(pl.lit("not in the number format of this registry"))
    return rows.select(
        "line",
        "number",
        pl.lit(extract.means == "listed" if listed is None else listed).alias("listed"),
        pl.lit(None, LISTING["since"]).alias("since"),
        odd.alias("unread"),
        (pl.lit(code) + national).cast(pl.UInt64, strict=False).alias("e164"),  # they may be digits of another script
    )


def days(cells: pl.DataFrame, extract: Extract, **columns: int | None) -> pl.DataFrame:
    """Cells with dates: one column (Date) for each position, null if the position is None or the cell is empty.

    A cell that is not understood as a date (in the order of the layout) gives null too, and the column `undated` says
    which column it is in. Nor is a last day (`until`) understood that may be part of a longer date, since it ends an
    entry.
    """
    why = repeated(None, pl.String, cells.height).alias("undated")
    for name, at in columns.items():
        if at is None:
            cells = cells.with_columns(pl.lit(None, pl.Date).alias(name))
            continue
        text = cells[str(at)]
        day = text.str.extract(_ISO, 1).str.to_date("%Y-%m-%d", strict=False).alias(name)
        if day.null_count() > text.null_count():
            filled = text.is_not_null() & ~text.str.to_lowercase().is_in(_NO_DAY)
            other = pl.select(pl.when(filled & day.is_null()).then(text).alias("day"))
            day = day.fill_null(each_distinct(other, partial(_day, extract, name == "until"), {"day": pl.Date})["day"])
            reason = pl.lit(f"{extract.header[at]} is not a date written like {_WRITTEN[extract.layout.dates]}")
            why = pl.select(pl.coalesce(why, pl.when(filled & day.is_null()).then(reason)).alias(why.name)).to_series()
        cells = cells.with_columns(day)
    return cells.with_columns(why)


def _day(extract: Extract, must_be_whole: bool, text: str | None) -> tuple[date | None]:
    """A day that is not written as ISO 8601; none where it must not be part of a longer date and may be."""
    return (read_day(text, extract.layout.dates) if text and not (must_be_whole and may_be_cut(text)) else None,)


def country(extract: Extract) -> tuple[pl.Expr, pl.Expr]:
    """The numbering plan of each row from a column `country`, null if empty, and whether that plan is unknown.

    With an unknown plan only numbers in international form are read.
    """
    at = extract.column("country")
    if at is None:
        return pl.lit(None, pl.String), pl.lit(False)
    code = pl.col(str(at)).str.to_uppercase()
    region = pl.when(code != "").then(code)
    return region, region.is_not_null() & ~region.is_in(known_regions())


def booleans(position: int, meaning: dict[str, bool]) -> pl.Expr:
    """A column of words as Booleans by their lower-case form; null if a word is not in `meaning`."""
    lower = pl.col(str(position)).str.to_lowercase()
    return lower.replace_strict(list(meaning), list(meaning.values()), default=None, return_dtype=pl.Boolean)


# Plain form: a CSV with the columns `number`, `listed` and perhaps `since`, accepted for every registry

_LISTED = {**dict.fromkeys(YES, True), "listed": True, **dict.fromkeys(NO, False), "clear": False}
_DIRECTORY = {"starred": True, "ex_directory": True, "absent": True}


def is_plain(extract: Extract) -> bool:
    """Whether a file has the columns of plain form."""
    return {"number", "listed"} <= set(extract.header)


def _refuse_flags(cells: pl.Series, name: str, told: Collection[str], extract: Extract) -> None:
    """Raise LoaderError for a no that nobody gave a meaning, in a column by whose name it may mean listed (`Libre`).

    told: our words that the layout puts in the place of others.
    """
    words = [word for word in cells.unique(maintain_order=True).drop_nulls() if word not in told]
    if any(word.lower() in NO for word in words):
        values = says_listed(word for word in words if word.lower() in (*YES, *NO))
        raise LoaderError(localized("errors", "flag_of_listed", name=name, values=values), extract.path, 1)


def in_plain_form(loader: Loader) -> Loader:
    """A loader for files in plain form, for the registry of the given loader."""
    meaning = _LISTED | (_DIRECTORY if loader.directory else {})

    def read(extract: Extract) -> Iterator[pl.DataFrame]:
        [column] = extract.need("listed")
        region, strange = country(extract) if "" in loader.covers else (pl.lit(None, pl.String), pl.lit(False))
        since = extract.column("since")
        if extract.column("until") is not None:
            extract.notes.append(localized("note", "until"))
        name = extract.layout.columns.get("listed", "listed")
        is_clear = folded(name) in _SAY_LISTED or objects(name)
        told = extract.layout.values.get("listed", {}).values()

        def listed(cells: pl.DataFrame) -> pl.DataFrame:
            if not is_clear:
                _refuse_flags(cells[str(column)], name, told, extract)
            is_known = pl.col(str(column)).str.to_lowercase().is_in([*meaning, "unknown"]).fill_null(False)
            reason = pl.when(~is_known).then(pl.lit("listed is not a known value"))
            columns = {
                "listed": booleans(column, meaning) | ~is_known | strange,
                "odd": reason.when(strange).then(pl.lit(NO_COUNTRY)),
                "region": region,
            }
            return days(cells.with_columns(value.alias(name) for name, value in columns.items()), extract, since=since)

        return listings(extract, listed, by_cells="" in loader.covers)

    covers = loader.covers if loader.cumulative else ()
    columns = ("number", "listed", "since", *(["country"] if "" in loader.covers else []))
    return replace(loader, recognises=is_plain, read=read, covers=covers, columns=columns, answers=False)
