"""The American reassigned-numbers database: answers for a number and a date.

`number`, `date_asked`, `answer`: `yes` (permanently disconnected after that date) is stored as listed, `no` as not
listed, `no data` as not known. Vendors answer in JSON with `IsReassigned` true, false or null. The date is stored as
`since`: a `no` protects only a consent that is not older, and none if the date is not understood. A fixed look-back
period of a vendor is not a date of consent.

Source: FCC, DA 21-1649 (https://docs.fcc.gov/public/attachments/DA-21-1649A1.txt). Not known: the official batch
template.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from dnc.errors import FormatError, LoaderError
from dnc.registries import Extract, Loader, days, listings, localized

_ANSWERS = {"yes": True, "true": True, "no": False, "false": False}
_NO_DATA = ("no data", "null", "")
_AMERICAN = r"^(\d{2})/(\d{2})/(\d{4})$"  # MM/DD/YYYY; all other dates are ISO 8601


def _recognises(extract: Extract) -> bool:
    header = set(extract.header)
    return bool(header & {"answer", "isreassigned"}) and bool(header & {"number", "phone", "dateasked"})


def _read(extract: Extract) -> Iterator[pl.DataFrame]:
    answer, asked_on = extract.column("answer", "isreassigned"), extract.column("dateasked")
    if answer is None:
        raise FormatError(localized("errors", "rnd_answer"), extract.path, 1)
    if asked_on is None:
        raise LoaderError(localized("errors", "rnd_date"), extract.path, 1)
    is_json = extract.header[answer] == "isreassigned"

    def listed(cells: pl.DataFrame) -> pl.DataFrame:
        word = pl.col(str(answer)).fill_null("" if is_json else "-").str.to_lowercase()
        silent = word.is_in(_NO_DATA if is_json else _NO_DATA[:2])
        number = pl.col(str(extract.number_column()))
        digits = number.str.contains(r"^[2-9]\d{9}$").fill_null(False)
        unread = pl.when(~digits).then(pl.lit("not ten digits without the leading 1"))
        odd = pl.when(~(word.is_in(list(_ANSWERS)) | silent)).then(pl.lit("answer is not yes, no or no data"))
        reassigned = word.replace_strict(_ANSWERS, default=None, return_dtype=pl.Boolean) | odd.is_not_null()
        # The date is required: an empty cell counts as not understood too.
        day = pl.col(str(asked_on)).fill_null("").str.replace("^$", "?").str.replace(_AMERICAN, "$3-$1-$2")
        columns = {"listed": reassigned, "unread": unread, "odd": odd, str(asked_on): day}
        return days(cells.with_columns(column.alias(name) for name, column in columns.items()), extract, since=asked_on)

    return listings(extract, listed)


LOADER = Loader("us-rnd", "US", _recognises, _read, answers=True)
