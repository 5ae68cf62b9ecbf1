"""Plain form: a CSV with the columns `number`, `listed` and perhaps `since`, accepted for every registry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import polars as pl

from dnc.clock import NO, YES
from dnc.messages import localized
from dnc.registries.contract import Extract, Loader
from dnc.registries.listing_frames import NO_COUNTRY, booleans, country, days, listings

_LISTED = {**dict.fromkeys(YES, True), "listed": True, **dict.fromkeys(NO, False), "clear": False}
_DIRECTORY = {"starred": True, "ex_directory": True, "absent": True}


def is_plain(extract: Extract) -> bool:
    """Whether a file has the columns of plain form."""
    return {"number", "listed"} <= set(extract.header)


def in_plain_form(loader: Loader) -> Loader:
    """A loader for files in plain form, for the registry of the given loader."""
    meaning = _LISTED | (_DIRECTORY if loader.directory else {})

    def read(extract: Extract) -> Iterator[pl.DataFrame]:
        [column] = extract.need("listed")
        region, strange = country(extract) if "" in loader.covers else (pl.lit(None, pl.String), pl.lit(False))
        since = extract.column("since")
        if extract.column("until") is not None:
            extract.notes.append(localized("note", "until"))

        def listed(cells: pl.DataFrame) -> pl.DataFrame:
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
