"""The American reassigned-numbers database: answers to a number and a date.

`number`, `date_asked`, `answer`: `yes` (disconnected for good after that day) is
stored as listed, `no` as not listed, `no data` as not known. Vendors answer in
JSON with `IsReassigned` true, false or null. The day that was asked is kept as
`since`: a `no` shields only a consent that is not older, and none where the day is
not understood. A vendor's fixed look-back is no day of consent.

Source: FCC, DA 21-1649 (https://docs.fcc.gov/public/attachments/DA-21-1649A1.txt).
Not known: the official batch template.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from dnc.errors import LoaderError
from dnc.registries import Extract, Loader, days, listings

_ANSWERS = {"yes": True, "true": True, "no": False, "false": False}
_NO_DATA = ("no data", "null", "")
_AMERICAN = r"^(\d{2})/(\d{2})/(\d{4})$"  # MM/DD/YYYY; the other ways of writing days are ISO 8601


def _answer(extract: Extract) -> int | None:
    return extract.column("answer", "isreassigned")


def _recognises(extract: Extract) -> bool:
    header = set(extract.header)
    return bool(header & {"answer", "isreassigned"}) and bool(header & {"number", "phone", "dateasked"})


def _read(extract: Extract) -> Iterator[pl.DataFrame]:
    answer, asked = _answer(extract), extract.column("dateasked")
    if answer is None:
        raise LoaderError("no column answer or IsReassigned", extract.path, 1)
    if asked is None:
        raise LoaderError("the database answers for a date; column date_asked is missing", extract.path, 1)
    is_json = extract.header[answer] == "isreassigned"

    def listed(cells: pl.DataFrame) -> pl.DataFrame:
        word = pl.col(str(answer)).fill_null("" if is_json else "-").str.to_lowercase()
        silent = word.is_in(_NO_DATA if is_json else _NO_DATA[:2])
        number = pl.col(str(extract.number_column()))
        digits = number.str.contains(r"^[2-9]\d{9}$").fill_null(False)
        unread = pl.when(~digits).then(pl.lit("not ten digits without the leading 1"))
        odd = pl.when(~(word.is_in(list(_ANSWERS)) | silent)).then(pl.lit("answer is none of yes, no, no data"))
        said = word.replace_strict(_ANSWERS, default=None, return_dtype=pl.Boolean) | odd.is_not_null()
        # The day is compulsory: an empty cell is not understood either.
        day = pl.col(str(asked)).fill_null("").str.replace("^$", "?").str.replace(_AMERICAN, "$3-$1-$2")
        told = {"listed": said, "unread": unread, "odd": odd, str(asked): day}
        return days(cells.with_columns(column.alias(name) for name, column in told.items()), extract, since=asked)

    return listings(extract, listed)


LOADER = Loader("us-rnd", "US", _recognises, _read, answers=True)
