"""The caller's own opt-out list: one number per line, or a CSV with `number` and what is known about each.

These forms are read:

* one number per line, with or without a header;
* `number`, or columns with similar names, with any of `since` (or `on`), `until`, `reason`, and with `country` (ISO
  3166-1) for national numbers of several countries; without it they are read by `--region`, or as French;
* `Phone Number, Contact Group Id, Days To Expiry` of a dialler: an entry for one group counts for every call;
* `phone, national_dnc, litigator` of a scrubbing service: only rows with a `Y` or `true` are opt-outs, in whatever
  column, and those with anything but a no in one that is named like `internal_dnc`.

The list is complete for every number, and it is cumulative: an entry stays until it is lifted for a stated reason, or
until its last day, if it was loaded with one, whatever a later file leaves out. Numbers in other columns count too,
if these are named like telephone numbers, or in a text: a person opts out with every number of the row. Without a
column `since`, the days in columns that are named like objections (`Date d'opposition`) count, the latest of each row,
as far as they are understood; if a column is called `Date` and nothing more, the load asks whether it is that day. All
other columns can add numbers and never remove one, so they need no role. An empty file, or a header without rows, is
valid: nobody opted out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

import polars as pl

from dnc.errors import FormatError, LoaderError, OptionError
from dnc.registries import NO_COUNTRY, OWN, PHONE_WORDS, Extract, Loader, country, days, listings, localized

_SINCE = ("since", "on")
_DETAILS = {*_SINCE, "until", "reason"}
_DIALLER = {"contactgroupid", "daystoexpiry"}
_SCRUB = ("nationaldnc", "litigator")
_OTHERS = {
    "answer",
    "listing",
    "prospecting",
    "marketing",
    "star",
    "dateasked",
    "reponse",
    "listed",
    "identifiant",
    "identifant",
}
_DATE = ("date", "datum", "data", "fecha")
_NAME = re.compile(rf"(?:{'|'.join(PHONE_WORDS)}|de|du|no?|nr|[\W\d_]|s)*")  # "N° de téléphone", folded
_DAYS_LEFT = r"^(0*[1-9][0-9]{0,4})$"
_NO_DAYS_LEFT = "the days to expiry are not a number of days"
_YES, _NO = ("y", "yes", "true"), ("n", "no", "false", "0")  # a 1 may also be a count, in columns that are no flags


def _recognises(extract: Extract) -> bool:
    header = set(extract.header)
    named = "number" in header and bool((_DETAILS | {"country"}) & header) and not _OTHERS & header
    return named or header >= _DIALLER or header >= set(_SCRUB)


def _read(extract: Extract) -> Iterator[pl.DataFrame]:
    if not extract.text.strip():
        return iter(())
    mapped = extract.column("number") is not None or bool(extract.phone_columns)
    if not (mapped and not _OTHERS & set(extract.header)) and not _recognises(extract) and len(extract.header) != 1:
        raise FormatError(localized("errors", "own_columns"), extract.path, 1)
    return _rows(extract)


def _rows(extract: Extract) -> Iterator[pl.DataFrame]:
    """The rows of the list; raises LoaderError if there are none and the header is not that of a list either."""
    rows = 0
    further = [place for place in extract.phone_columns if place != extract.number_column()]
    is_scrub = any(extract.column(name) is not None for name in _SCRUB)
    _refuse_day(extract)
    for frame in listings(extract, partial(_as_entries, extract=extract), further, by_cells=True, entries=not is_scrub):
        rows += frame.height
        yield frame
    if not rows and not any(_NAME.fullmatch(extract.header[place]) for place in extract.phone_columns):
        raise LoaderError(localized("errors", "own_no_list"), extract.path)


def _refuse_day(extract: Extract) -> None:
    """Raise OptionError if a column may hold the day of each opt-out, and nobody said so."""
    at = extract.column(*_DATE)
    if at is None or extract.column(*_SINCE) is not None or extract.objection_columns or extract.leaves_out(at):
        return
    raise OptionError(localized("errors", "own_day", name=extract.header[at]), extract.path, 1)


def _as_entries(cells: pl.DataFrame, extract: Extract) -> pl.DataFrame:
    listed, odd = _flags(extract)
    region, strange = country(extract)
    columns = [
        (listed | strange).alias("listed"),
        pl.when(strange).then(pl.lit(NO_COUNTRY)).otherwise(odd).alias("odd"),
        region.alias("region"),
    ]
    return _with_days(cells.with_columns(columns), extract)


def _flags(extract: Extract) -> tuple[pl.Expr, pl.Expr]:
    """Whether a row is an opt-out, and what is not understood in it."""
    scrub = [at for at in (extract.column(name) for name in _SCRUB) if at is not None]
    if not scrub:
        return pl.lit(True), pl.lit(None, pl.String)
    cells = [pl.col(str(at)).fill_null("").str.to_lowercase() for at in range(len(extract.header))]
    flags = [cell for at, cell in enumerate(cells) if at in scrub or "dnc" in extract.header[at]]
    strange = pl.any_horizontal((flag != "") & ~flag.is_in([*_YES, *_NO]) for flag in flags)
    odd = strange | pl.all_horizontal(cells[at] == "" for at in scrub)
    listed = pl.any_horizontal(odd, *(cell.is_in(_YES) for cell in cells))
    return listed, pl.when(odd).then(pl.lit("the flag is neither Y nor N"))


def _with_days(cells: pl.DataFrame, extract: Extract) -> pl.DataFrame:
    """Rows with `since` and `until`, which is null if it is not understood."""
    left = extract.column("daystoexpiry")
    if left is None or extract.as_of is None:
        rows = days(cells, extract, since=extract.column(*_SINCE), until=extract.column("until"))
        if extract.column(*_SINCE) is not None or not (named := extract.objection_columns):
            return rows
        # Such a column may also hold a reason, days in an order that nobody told, or a last day: these say nothing.
        since = pl.DataFrame([days(cells, extract, since=at)["since"].alias(str(at)) for at in named])
        past = pl.all() if extract.as_of is None else pl.when(pl.all() <= extract.as_of).then(pl.all())
        return rows.with_columns(since.select(pl.max_horizontal(past)).to_series().alias("since"))
    # No source says whether 0 ends an entry at once or never, so it counts as not understood.
    end = pl.lit(extract.as_of) + pl.duration(days=pl.col(str(left)).str.extract(_DAYS_LEFT, 1).cast(pl.Int64))
    odd = pl.when((pl.col(str(left)).fill_null("") != "") & pl.col("until").is_null()).then(pl.lit(_NO_DAYS_LEFT))
    rows = days(cells, extract, since=extract.column(*_SINCE)).with_columns(end.alias("until"))
    return rows.with_columns(pl.coalesce("undated", odd).alias("undated"))


LOADER = Loader(
    OWN, "FR", _recognises, _read, covers=("",), bare=True, columns=("number", "since", "until", "reason", "country")
)
