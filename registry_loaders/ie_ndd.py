"""The Irish National Directory Database: mapped CSV with `number`, `listing`, `marketing`.

`listing` is `listed`, `unlisted` or `ex_directory`; `marketing` is `opt_out`, `opt_in` or empty. An entry must not be
called if it opted out, or if it is ex-directory and did not opt in. A number that is not in the file counts like an
ex-directory one if the file is declared complete (`--covers 353`); otherwise it is not covered.

The licensed file has no public layout: the meaning of its columns is known, their form is not.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from dnc.registries import Extract, Loader, listings

_LISTING = ("listed", "unlisted", "ex_directory")
_MARKETING = ("opt_out", "opt_in", "")


def _recognises(extract: Extract) -> bool:
    return {"number", "listing", "marketing"} <= set(extract.header)


def _read(extract: Extract) -> Iterator[pl.DataFrame]:
    places = extract.need("listing", "marketing", "number")[:2]

    def flagged(cells: pl.DataFrame) -> pl.DataFrame:
        listing, marketing = (pl.col(str(at)).fill_null("").str.to_lowercase() for at in places)
        blocked = (marketing == "opt_out") | ((listing == "ex_directory") & (marketing != "opt_in"))
        understood = listing.is_in(_LISTING) & marketing.is_in(_MARKETING)
        odd = pl.when(~understood).then(pl.lit("listing or marketing is not a known value"))
        return cells.with_columns((blocked | ~understood).alias("listed"), odd.alias("odd"))

    return listings(extract, flagged)


LOADER = Loader(
    "ie-ndd", "IE", _recognises, _read, absent="listed", directory=True, columns=("number", "listing", "marketing")
)
