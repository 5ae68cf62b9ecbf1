"""The contract between a registry's extracts and the store, and the search for the one loader.

A loader knows bytes, not numbers: it yields frames with the columns of
`LISTING`, numbers as they stand in the file. Numbers are read in one place,
the same for all registries. Loaders live in the package `registry_loaders`,
one module a registry, each binding the name `LOADER`.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import polars as pl

from dnc.errors import InputError, LoaderError
from dnc.numbers import read_number
from dnc.tabular import RAGGED, Table, folded, looks_like_phone, open_table, read_head

LISTING = {
    "line": pl.UInt64,  # 1-based row of the file
    "number": pl.String,  # as it stands
    "listed": pl.Boolean,  # null: the registry was asked and does not know
    "since": pl.Date,
    "unread": pl.String,  # why the row says nothing, or null
}

_LISTED = {"yes": True, "true": True, "1": True, "listed": True}
_LISTED |= {"no": False, "false": False, "0": False, "clear": False}
_DIRECTORY = {"starred": True, "ex_directory": True, "absent": True}


@dataclass(frozen=True)
class Extract:
    """A registry's file, as handed to a loader.

    path: the file. region: numbering plan of the registry's country.
    means: what a bare number means, `listed` or `callable`, or None where not told.
    """

    path: Path
    region: str
    means: str | None = None

    @cached_property
    def head(self) -> bytes:
        """The first 64 kB."""
        return read_head(self.path)

    @cached_property
    def header(self) -> list[str]:
        """Folded names of the first row; empty where the file is no table."""
        try:
            return [folded(name) for name in open_table(self.path).header]
        except InputError:
            return []

    @property
    def is_bare(self) -> bool:
        """Whether the file is a single column, with or without a header."""
        return len(self.header) == 1 and (self.starts_with_number or looks_like_phone(self.header[0]))

    @property
    def starts_with_number(self) -> bool:
        """Whether the first cell is a number: then the first row is data."""
        return bool(self.header) and read_number(self.header[0], self.region).number is not None

    def table(self) -> Table:
        """The file as rows of text; a first row that begins with a number is data."""
        return open_table(self.path, header=not self.starts_with_number)

    def column(self, *names: str) -> int | None:
        """Position of the first column that bears one of the (folded) names, or None."""
        return next((self.header.index(name) for name in names if name in self.header), None)

    def number_column(self) -> int:
        """Position of the column with the numbers; raises LoaderError where none is to be seen."""
        if self.starts_with_number:
            return 0
        named = self.column("number")
        likely = [at for at, name in enumerate(self.header) if looks_like_phone(name)]
        if named is None and not likely:
            raise LoaderError("no column of telephone numbers; name one 'number'", self.path, 1)
        return likely[0] if named is None else named


@dataclass(frozen=True)
class Loader:
    """What reads one registry's extracts.

    registry: id, country first. region: ISO 3166-1 alpha-2 of its numbering plan.
    recognises: looks at name and head, reads no data.
    read: yields frames as in `LISTING`; every row of the file stands in one of them.
    covers: E.164 prefixes a full extract is complete for (`""` = every number).
    absent: what it means inside `covers` not to be in the file: `clear` or `listed`.
    directory: whether its entries carry a mark and not a registration.
    last_day: last day (ISO) the registry worked, or None.
    """

    registry: str
    region: str
    recognises: Callable[[Extract], bool]
    read: Callable[[Extract], Iterator[pl.DataFrame]]
    covers: tuple[str, ...] = ()
    absent: str = "clear"
    directory: bool = False
    last_day: str | None = None


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


def loader_for(path: Path, registry: str | None = None, means: str | None = None) -> tuple[Loader, Extract]:
    """The one loader that reads a file, and the extract to hand to it.

    Raises LoaderError where `registry` is unknown, none recognises the file, or several do.
    """
    read_head(path, 1)
    if registry:
        loader = known(registry)
        extract = Extract(path, loader.region, means)
        if is_plain(extract):
            loader = _plain_form(loader)
        return loader, extract
    pairs = [(loader, Extract(path, loader.region, means)) for loader in loaders().values()]
    claims = [(loader, extract) for loader, extract in pairs if loader.recognises(extract)]
    if len(claims) == 1:
        return claims[0]
    if claims:
        names = " or ".join(loader.registry for loader, _ in claims)
        raise LoaderError(f"could be {names}; say which with --registry", path)
    hint = "; a file with number and listed needs --registry" if is_plain(pairs[0][1]) else ""
    raise LoaderError(f"no loader recognises it; name the registry with --registry{hint}", path)


def listings(
    extract: Extract, listed: Callable[[pl.DataFrame], pl.DataFrame], number: int | None = None
) -> Iterator[pl.DataFrame]:
    """Frames as in `LISTING` from a table.

    `listed` gets frames of text whose columns are called `0`, `1` … by position
    and adds the columns `listed`, and if it knows them `since` and `unread`.
    """
    at = extract.number_column() if number is None else number
    line = 1 if extract.starts_with_number else 2
    for batch in extract.table().batches:
        ragged = batch[RAGGED]
        cells = batch.drop(RAGGED).cast(pl.String)
        cells.columns = [str(position) for position in range(cells.width)]
        frame = listed(cells.with_columns(pl.all().str.strip_chars()))
        absent = [name for name in ("since", "unread") if name not in frame.columns]
        frame = frame.with_columns(
            pl.int_range(line, line + pl.len(), dtype=pl.UInt64).alias("line"),
            pl.col(str(at)).alias("number"),
            *(pl.lit(None, LISTING[name]).alias(name) for name in absent),
        )
        unread = pl.when(ragged).then(pl.lit("more cells than the header")).otherwise("unread")
        yield frame.with_columns(unread.alias("unread")).select(LISTING.keys()).cast(LISTING)  # type: ignore[arg-type]
        line += batch.height


def day_column(position: int | None) -> pl.Expr:
    """A column of ISO days as dates; null where empty, unreadable or absent."""
    if position is None:
        return pl.lit(None, pl.Date)
    return pl.col(str(position)).str.head(10).str.to_date("%Y-%m-%d", strict=False)


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
        column = extract.header.index("listed")
        since = day_column(extract.column("since"))

        def listed(cells: pl.DataFrame) -> pl.DataFrame:
            word = pl.col(str(column)).str.to_lowercase()
            known_word = word.is_in([*meaning, "unknown"]).fill_null(False)
            reason = pl.when(~known_word).then(pl.lit("listed is no word of plain form"))
            return cells.with_columns(
                words(column, meaning).alias("listed"), since.alias("since"), reason.alias("unread")
            )

        return listings(extract, listed)

    covers = loader.covers if loader.registry == "own" else ()
    return Loader(
        loader.registry, loader.region, is_plain, read, covers, loader.absent, loader.directory, loader.last_day
    )
