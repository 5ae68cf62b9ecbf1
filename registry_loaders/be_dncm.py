"""The Belgian Do Not Call Me list: a text with the number and the date of registration, complete every night.

The separator is not public, so the format is taken from the first line, and all other lines must have it too:
`NUMBER SEPARATOR DATE`. The date decides whether an opt-in is newer than the registration. A number that disappears
from the list is not a change of mind: numbers that operators no longer use are removed every month.

Sources: "How to order the list" (https://dncm.be/en/purchase_the_list), questions of companies
(https://www.dncm.be/faqs-b2b-en/). Not known: the separator, and how numbers and dates are written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

import polars as pl

from dnc.errors import FormatError
from dnc.registries import Extract, Loader, Member, line_batches, localized, today

_FIRST_DAY = date(2014, 5, 31)
_NUMBER = r"(?:\+32|0032)?\d{8,12}"
_DAYS = {
    "YYYYMMDD": (r"\d{8}", "%Y%m%d"),
    "YYYY-MM-DD": (r"\d{4}-\d{2}-\d{2}", "%Y-%m-%d"),
    "DD/MM/YYYY": (r"\d{2}/\d{2}/\d{4}", "%d/%m/%Y"),
}
_SHAPE = re.compile(rf"^({_NUMBER})([;,\t| ])({'|'.join(pattern for pattern, _ in _DAYS.values())})$")
_PROVED = r"^(?:\+32|0032|0)([1-9]\d{7,8})$"


def _shape(line: str) -> tuple[str, str] | None:
    """Separator and date format of a line, or None."""
    if not (match := _SHAPE.match(line)):
        return None
    day = next(name for name, (pattern, _) in _DAYS.items() if re.fullmatch(pattern, match[3]))
    return match[2], day


def _recognises(extract: Extract) -> bool:
    return any(_shape(line.strip()) for line in extract.text.splitlines()[:1])


def _read(extract: Extract) -> Iterator[pl.DataFrame]:
    for member in extract.members:
        shape: tuple[str, str] | None = None
        for batch in line_batches(member):
            shape = shape or _shape(batch["text"][0])
            if shape is None:
                raise FormatError(localized("errors", "be_lines"), member.where, 1)
            yield _listings(batch, shape, member)


def _listings(batch: pl.DataFrame, shape: tuple[str, str], member: Member) -> pl.DataFrame:
    separator, day = shape
    pattern, form = _DAYS[day]
    whole = rf"^({_NUMBER}){re.escape(separator)}({pattern})$"
    national = pl.col("number").str.extract(_PROVED, 1)
    rows = batch.with_columns(
        pl.col("text").str.extract(whole, 1).alias("number"),
        pl.col("text").str.extract(whole, 2).str.to_date(form, strict=False).alias("since"),
    )
    _refuse(rows, rows["number"].is_null(), localized("errors", "be_format", separator=separator, day=day), member)
    odd = rows["since"].is_null() | (rows["since"] < _FIRST_DAY) | (rows["since"] > today())
    _refuse(rows, odd, localized("errors", "be_date", day=_FIRST_DAY), member)
    return rows.select(
        "line",
        "number",
        "since",
        pl.lit(True).alias("listed"),
        pl.lit(None, pl.String).alias("unread"),
        (pl.lit("32") + national).cast(pl.UInt64, strict=False).alias("e164"),  # they may be digits of another script
    )


def _refuse(rows: pl.DataFrame, wrong: pl.Series, message: str, member: Member) -> None:
    if wrong.any():
        raise FormatError(message, member.where, rows["line"][wrong.arg_max() or 0])


LOADER = Loader("be-dncm", "BE", _recognises, _read, covers=("32",))
