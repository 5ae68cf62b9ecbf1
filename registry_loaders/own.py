"""The caller's own opposition list: one number a line, or a CSV with `number` and what is known of each.

Shapes that people have:

* one number a line, with or without a header;
* `number`, or one column that is named like it, with any of `since`, `until`, `reason`, and `country` (ISO 3166-1) for
  national numbers of several countries; without it they are read as `--region` says, else as French;
* `Phone Number, Contact Group Id, Days To Expiry` of a dialler: an entry for one
  group counts for every call;
* `phone, national_dnc, litigator` of a scrub: only rows with a `Y` object.

It is a ledger: complete for every number, and what was loaded stays until it is
lifted for a stated reason, or until the last day that was loaded with it,
whatever a later file leaves out. Further columns that are named like telephone
numbers count as well: who objected did so with every number of the row. An empty
file, or a header with nothing below it, is fine: nobody objected.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import polars as pl

from dnc.errors import LoaderError
from dnc.registries import NO_COUNTRY, PHONE_WORDS, Extract, Loader, country, days, listings

_TOLD = {"since", "until", "reason"}
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
_NAME = re.compile(rf"(?:{'|'.join(PHONE_WORDS)}|de|du|no?|nr|[\W\d_]|s)*")  # "N° de téléphone", folded
_DAYS_LEFT = r"^(0*[1-9][0-9]{0,4})$"
_NO_DAYS_LEFT = "the days to expiry are no number of days"
_FLAGS = {"y": True, "yes": True, "n": False, "no": False}


def _recognises(extract: Extract) -> bool:
    header = set(extract.header)
    told = "number" in header and bool((_TOLD | {"country"}) & header) and not _OTHERS & header
    return told or header >= _DIALLER or header >= set(_SCRUB)


def _read(extract: Extract) -> Iterator[pl.DataFrame]:
    if not extract.text.strip():
        return iter(())
    mapped = extract.column("number") is not None or len(extract.phone_columns) == 1
    if not (mapped and not _OTHERS & set(extract.header)) and not _recognises(extract) and len(extract.header) != 1:
        raise LoaderError("no one column number; name the columns number, since, until, reason", extract.path, 1)
    return _rows(extract)


def _rows(extract: Extract) -> Iterator[pl.DataFrame]:
    """The rows of the list; raises LoaderError where there is none and nothing else says that it is a list."""
    rows = 0
    further = [place for place in extract.phone_columns if place != extract.number_column()]
    for frame in listings(extract, lambda cells: _with_days(cells.with_columns(_columns(extract)), extract), further):
        rows += frame.height
        yield frame
    if not rows and not any(_NAME.fullmatch(extract.header[place]) for place in extract.phone_columns):
        message = "no list: no number and no column that is named like one; an empty list is an empty file, or a header"
        raise LoaderError(f"{message} with a column number", extract.path)


def _columns(extract: Extract) -> list[pl.Expr]:
    listed, odd = _flags(extract)
    region, strange = country(extract)
    return [
        (listed | strange).alias("listed"),
        pl.when(strange).then(pl.lit(NO_COUNTRY)).otherwise(odd).alias("odd"),
        region.alias("region"),
    ]


def _flags(extract: Extract) -> tuple[pl.Expr, pl.Expr]:
    """Whether a row objects, and what of it is not understood."""
    places = [at for at in (extract.column(name) for name in _SCRUB) if at is not None]
    if not places:
        return pl.lit(True), pl.lit(None, pl.String)
    words = [pl.col(str(at)).fill_null("").str.to_lowercase() for at in places]
    flags = [word.replace_strict(_FLAGS, default=None, return_dtype=pl.Boolean) for word in words]
    strange = pl.any_horizontal((word != "") & ~word.is_in(list(_FLAGS)) for word in words)
    silent = pl.all_horizontal(word == "" for word in words)
    odd = strange | silent
    listed = pl.any_horizontal(odd, *(flag.fill_null(False) for flag in flags))
    return listed, pl.when(odd).then(pl.lit("the flag is neither Y nor N"))


def _with_days(cells: pl.DataFrame, extract: Extract) -> pl.DataFrame:
    """Rows with `since` and `until`; one whose end is not understood has none."""
    left = extract.column("daystoexpiry")
    if left is None or extract.as_of is None:
        return days(cells, extract, since=extract.column("since"), until=extract.column("until"))
    # Nobody says whether 0 ends an entry at once or never, so it is not understood.
    end = pl.lit(extract.as_of) + pl.duration(days=pl.col(str(left)).str.extract(_DAYS_LEFT, 1).cast(pl.Int64))
    odd = pl.when((pl.col(str(left)).fill_null("") != "") & pl.col("until").is_null()).then(pl.lit(_NO_DAYS_LEFT))
    rows = days(cells, extract, since=extract.column("since")).with_columns(end.alias("until"))
    return rows.with_columns(pl.coalesce("undated", odd).alias("undated"))


LOADER = Loader("own", "FR", _recognises, _read, covers=("",), bare=True)
