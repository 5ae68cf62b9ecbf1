"""The contract between a registry's extracts and the store, and the search for the one loader.

A loader knows bytes, not numbers: it yields frames with the columns of
`LISTING`, numbers as they stand in the file. Numbers are read in one place,
the same for all registries. Loaders live in the package `registry_loaders`,
one module a registry, each binding the name `LOADER`.
"""

from __future__ import annotations

import importlib
import importlib.util
import itertools
import pkgutil
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path
from types import ModuleType

import polars as pl

from dnc.clock import read_day
from dnc.errors import LoaderError, OptionError
from dnc.files.archive import Member, first_bytes, kind_of, members
from dnc.files.csv_reader import head_rows
from dnc.files.encoding import head_text, text_of
from dnc.files.json_reader import is_json
from dnc.files.open_table import open_table, refuse_foreign
from dnc.files.signatures import other_kind
from dnc.files.table import BATCH_ROWS, LINE, RAGGED, Table, folded, looks_like_phone, quoted, refuse_data_as_header
from dnc.frames import as_text, each_distinct
from dnc.numbers.reader import known_region, known_regions, read_listed
from dnc.registries.lookalikes import decoy

LISTING = {
    "line": pl.UInt64,  # 1-based row of the file
    "number": pl.String,  # as it stands
    "listed": pl.Boolean,  # null: the registry was asked and does not know
    "since": pl.Date,
    "unread": pl.String,  # why the row says nothing, or null
}
OPTIONAL = {
    "e164": pl.UInt64,  # the number, where the layout itself proves it; used instead of `number`
    "region": pl.String,  # numbering plan of this row, where it is not the registry's
    "until": pl.Date,  # last day of the entry; the own list only
    "odd": pl.String,  # what else of the row is not understood, or null; the number is taken all the same
    "undated": pl.String,  # which day of the row is not understood, or null; the row counts without it
    "beside": pl.String,  # other text of a row that shifted, or null; numbers in it are taken too
}

_KINDS = {"spreadsheet": "a spreadsheet", "parquet": "Parquet", "gzip": "a gzip archive", "zip": "a zip archive"}
NO_COUNTRY = "country is no ISO 3166-1 code"
_TEXT_ONLY = "this registry writes text; load the file as it came, or answers in plain form"
_TEXTS = (".csv", ".txt", ".tsv", ".xml")
_LISTED = {"yes": True, "true": True, "1": True, "listed": True}
_FEWEST_DIGITS = 2  # of a cell that is meant for a number and no flag
_LISTED |= {"no": False, "false": False, "0": False, "clear": False}
_NO_DAY = ("", "none", "n/a", "-", "never")  # cells of a column of days that tell of none
_WITH_CLOCK = r"^(\d{4}-\d{2}-\d{2})[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?$"
_DIRECTORY = {"starred": True, "ex_directory": True, "absent": True}


class _Peek:
    """A file as far as recognition looks: its names and its first 64 kB."""

    def __init__(self, path: Path) -> None:
        self.kind = kind_of(path)
        packed = self.kind in ("plain", "gzip", "zip")
        self.members = members(path) if packed else []
        self.head = self.members[0].head() if packed else first_bytes(path)
        self.names = [path.name, *(member.name for member in self.members if member.name != path.name)]
        self._path = path

    @cached_property
    def first_row(self) -> list[str]:
        """Cells of the first row; empty where the file is no table."""
        if self.kind in ("parquet", "spreadsheet") or (self.head.strip() and is_json(self.head, self.names[-1])):
            return open_table(self._path).header
        return [] if other_kind(self.head, xml=False) or len(self.members) > 1 else head_rows(self.head)[0]


@lru_cache(maxsize=8)
def _peek(path: Path, _size: int, _changed: int) -> _Peek:
    return _Peek(path)


@dataclass(frozen=True)
class Extract:
    """A registry's file, as handed to a loader.

    path: the file. region: numbering plan of the registry's country.
    means: what a bare number means, `listed` or `callable`, or None where not told.
    asked: the file that was sent in, or None. as_of: the day the registry produced the file.
    covers: a loader whose files say themselves what they are complete for adds the prefixes while it reads.
    notes: what a person should know; a loader adds to it while it reads.
    """

    path: Path
    region: str
    means: str | None = None
    asked: Path | None = None
    as_of: date | None = None
    covers: set[str] = field(default_factory=set, compare=False)
    notes: list[str] = field(default_factory=list, compare=False)

    @property
    def _look(self) -> _Peek:
        first_bytes(self.path, 1)
        status = self.path.stat()
        return _peek(self.path, status.st_size, status.st_mtime_ns)

    @property
    def members(self) -> list[Member]:
        """The streams it holds: itself, or those of an archive; raises LoaderError where it is no text."""
        if not self._look.members:
            raise LoaderError(f"is {_KINDS[self._look.kind]}, and {_TEXT_ONLY}", self.path)
        return self._look.members

    @property
    def names(self) -> list[str]:
        """Its name, and those of the files packed in it."""
        return self._look.names

    @property
    def head(self) -> bytes:
        """The first 64 kB of its (first) content."""
        return self._look.head

    @cached_property
    def text(self) -> str:
        """The first 64 kB as text, without a byte-order mark."""
        return head_text(self.head).removeprefix("\ufeff")

    @cached_property
    def header(self) -> list[str]:
        """Folded names of the first row; empty where the file is no table."""
        return [folded(name) for name in self._look.first_row]

    @property
    def is_bare(self) -> bool:
        """Whether the file is a single column of numbers, with or without a header."""
        return len(self.header) == 1 and (self.starts_with_number or looks_like_phone(self.header[0]))

    @property
    def starts_with_number(self) -> bool:
        """Whether the first cell holds a number, be it none of the plan: then the first row is data."""
        return any(_mostly_digits(cell) or read_listed(cell, self.region) for cell in self._look.first_row[:1])

    def table(self) -> Table:
        """The file as rows of text; a first row that begins with a number is data.

        Raises InputError where the first row holds a number elsewhere: then it is no header either.
        """
        table = open_table(self.path, header=not self.starts_with_number, strict=True)
        refuse_data_as_header(table.header, self.path, table.skipped + 1)
        return table

    def column(self, *names: str) -> int | None:
        """Position of the column that bears the first of the (folded) names that is there, or None.

        Raises LoaderError where several do.
        """
        found = next((name for name in names if name in self.header), None)
        if found and self.header.count(found) > 1:
            raise LoaderError(f"several columns are called {found}; which one counts? keep that one", self.path, 1)
        return self.header.index(found) if found else None

    def need(self, *names: str) -> list[int]:
        """Positions of the (folded) columns; raises LoaderError where one is not there."""
        places = {name: self.column(name) for name in names}
        if missing := [name for name, at in places.items() if at is None]:
            raise LoaderError(f"no column {', '.join(missing)}; is this the right file and registry?", self.path, 1)
        return [at for at in places.values() if at is not None]

    def number_column(self) -> int:
        """Position of the column with the numbers; raises LoaderError where none is to be seen."""
        named, likely = self.column("number"), self.phone_columns
        if self.starts_with_number or (len(self.header) == 1 and not likely and _is_name(self.header[0])):
            return 0
        if named is None and not likely:
            raise LoaderError("no column of telephone numbers; name one 'number'", self.path, 1)
        return likely[0] if named is None else named

    @property
    def phone_columns(self) -> list[int]:
        """Positions of the columns whose names are those of telephone numbers."""
        return [at for at, name in enumerate(self.header) if looks_like_phone(name)]


def _is_name(cell: str) -> bool:
    return cell[:1].isalpha() and sum(map(str.isdigit, cell)) < 3


def _mostly_digits(cell: str) -> bool:
    digits = sum(map(str.isdigit, cell))
    return digits >= 6 and digits > sum(map(str.isalpha, cell))


@dataclass(frozen=True)
class Loader:
    """What reads one registry's extracts.

    registry: id, country first. region: ISO 3166-1 alpha-2 of its numbering plan.
    recognises: looks at names and head, reads no data.
    read: yields frames as in `LISTING`; every row of the file stands in one of them.
    covers: E.164 prefixes a full extract is complete for (`""` = every number). Where that
        depends on the file, `read` adds the prefixes to the extract's `covers`.
    absent: what it means inside `covers` not to be in the file: `clear` or `listed`.
    directory: whether its entries carry a mark and not a registration.
    bare: whether a file of bare numbers could be one of its extracts; it is then never recognised by that.
    answers: whether the registry only answers questions, so that no file of its own layout is complete for anything.
    last_day: last day (ISO) the registry worked, or None.
    """

    registry: str
    region: str
    recognises: Callable[[Extract], bool]
    read: Callable[[Extract], Iterator[pl.DataFrame]]
    covers: tuple[str, ...] = ()
    absent: str = "clear"
    directory: bool = False
    bare: bool = False
    answers: bool = False
    last_day: str | None = None

    def planned(self, region: str | None) -> Loader:
        """The same with another plan for national forms, where its numbers are of every country; else itself."""
        return replace(self, region=region) if region and "" in self.covers else self


def loaders() -> dict[str, Loader]:
    """All loaders of `registry_loaders`, by registry id."""
    package = importlib.import_module("registry_loaders")
    names = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    found = [importlib.import_module(f"registry_loaders.{name}").LOADER for name in names]
    return {loader.registry: loader for loader in found}


def known(registry: str) -> Loader:
    """The loader of a registry; raises LoaderError naming those that exist."""
    if loader := loaders().get(registry):
        return loader
    raise LoaderError(f"unknown registry {registry!r}; known are {', '.join(loaders())}")


def loader_in(path: Path) -> Loader:
    """The loader that a module outside the package binds as `LOADER`. Raises LoaderError."""
    first_bytes(path, 1)
    spec = importlib.util.spec_from_file_location(f"dnc_loader_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise LoaderError("is no Python module; --loader names a file that ends in .py", path)
    module: ModuleType = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise LoaderError(f"cannot be run as a loader ({type(error).__name__})", path) from None
    loader = getattr(module, "LOADER", None)
    if not isinstance(loader, Loader):
        raise LoaderError("binds no LOADER = Loader(...); see CONTRIBUTING.md", path)
    return loader


def loader_for(
    path: Path,
    registry: str | None = None,
    *,
    means: str | None = None,
    asked: Path | None = None,
    as_of: date | None = None,
    module: Path | None = None,
    region: str | None = None,
) -> tuple[Loader, Extract]:
    """The one loader that reads a file, and the extract to hand to it.

    `registry` chooses one, `module` is a loader outside the package, `region` is the plan of
    national forms in a list of numbers of every country. Raises LoaderError where `registry` is unknown,
    none recognises the file, several do, or it is no registry's file at all; OptionError
    where `region` is no plan, or another one than that of the registry.
    """
    if region and not known_region(region):
        raise OptionError(f"region {region!r} is no numbering plan; write two letters such as FR")
    loader, extract = _found(Extract(path, "", means, asked, as_of), registry, module, region)
    if means and (is_plain(extract) or not loader.bare or "" in loader.covers):
        raise LoaderError("says itself which numbers are listed; leave --means out", path)
    if region not in (None, loader.region):
        raise OptionError(f"{loader.registry} has a numbering plan of its own, {loader.region}; leave --region out")
    return loader, extract


def _found(extract: Extract, registry: str | None, module: Path | None, region: str | None) -> tuple[Loader, Extract]:
    """The loader that was named, or the one that recognises a file; its extract has the loader's plan."""
    _refuse_misnamed(extract)
    plain = is_plain(extract)
    if module or registry:
        loader = (loader_in(module) if module else known(registry or "")).planned(region)
        if registry not in (None, loader.registry):
            raise LoaderError(f"reads {loader.registry}, not {registry}", module)
        if plain:
            loader = _plain_form(loader)
        else:
            _refuse_others(loader, extract)
        return loader, replace(extract, region=loader.region)
    if not plain and (what := decoy(extract.names, extract.header)):
        raise LoaderError(what, extract.path)
    choice = [loader.planned(region) for loader in loaders().values()]
    claims = [loader for loader in choice if loader.recognises(replace(extract, region=loader.region))]
    if len(claims) == 1:
        return claims[0], replace(extract, region=claims[0].region)
    raise LoaderError(_none_or_several(claims, choice, extract, plain), extract.path)


def _refuse_misnamed(extract: Extract) -> None:
    """Raise where the first bytes are not what the name says."""
    refuse_foreign(extract.head, extract.path, extract.names[-1], xml=False)
    suffix, kind = extract.path.suffix.lower(), kind_of(extract.path)
    if suffix in _TEXTS and kind != "plain":
        raise LoaderError(
            f"named {suffix} but is {_KINDS[kind]}; export it again, or name it as what it is", extract.path
        )


def _none_or_several(claims: list[Loader], choice: list[Loader], extract: Extract, plain: bool) -> str:
    """Why there is no one loader."""
    bare = [one for one in choice if one.bare and replace(extract, region=one.region).is_bare]
    if claims or bare:
        names = sorted((one.registry for one in claims or bare), key=lambda name: (len(name), name))
        what = "" if claims else "a list of bare numbers "
        return f"{what}could be {' or '.join(names)}; say which with --registry"
    hint = "; a file with number and listed needs --registry" if plain else ""
    return f"no loader recognises it; name the registry with --registry{hint}"


def _refuse_others(loader: Loader, extract: Extract) -> None:
    """Raise where a file is no registry's, or bare numbers bear the name of another registry."""
    if loader.registry != "own" and (what := decoy(extract.names, extract.header)):
        raise LoaderError(what, extract.path)
    mine = replace(extract, region=loader.region)
    if not loader.bare or not mine.is_bare or loader.recognises(mine):
        return
    for other in loaders().values():
        if other.registry != loader.registry and other.recognises(replace(extract, region=other.region)):
            raise LoaderError(f"looks like a file of {other.registry}, not of {loader.registry}", extract.path)


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


def words(position: int, meaning: dict[str, bool]) -> pl.Expr:
    """A column of words as Booleans; null where a word is not in `meaning`."""
    folded_words = pl.col(str(position)).str.to_lowercase()
    return folded_words.replace_strict(list(meaning), list(meaning.values()), default=None, return_dtype=pl.Boolean)


# Plain form: a CSV with `number`, `listed`, optional `since`, for every registry (formats, section 5)


def is_plain(extract: Extract) -> bool:
    """Whether a file has the columns of plain form."""
    return {"number", "listed"} <= set(extract.header)


def _plain_form(loader: Loader) -> Loader:
    meaning = _LISTED | (_DIRECTORY if loader.directory else {})

    def read(extract: Extract) -> Iterator[pl.DataFrame]:
        [column] = extract.need("listed")
        region, strange = country(extract) if "" in loader.covers else (pl.lit(None, pl.String), pl.lit(False))
        since = extract.column("since")

        def listed(cells: pl.DataFrame) -> pl.DataFrame:
            known_word = pl.col(str(column)).str.to_lowercase().is_in([*meaning, "unknown"]).fill_null(False)
            said = words(column, meaning) | ~known_word | strange
            reason = pl.when(~known_word).then(pl.lit("listed is no word of plain form"))
            odd = reason.when(strange).then(pl.lit(NO_COUNTRY))
            told = {"listed": said, "odd": odd, "region": region}
            flagged = cells.with_columns(value.alias(name) for name, value in told.items())
            return days(flagged, extract, since=since)

        return listings(extract, listed)

    covers = loader.covers if loader.registry == "own" else ()
    return replace(loader, recognises=is_plain, read=read, covers=covers, answers=False)
