"""Bit pages: the numbers of a large list as bits, kept beside its file, so that membership is read without its rows.

A page is a run of numbers, a bit for each that the list holds. A list of 20 million rows or more has pages where
all of its rows say the same, listed without a day, and where it holds enough of the numbers that it spans for the
pages to stay small.
"""

from __future__ import annotations

import polars as pl

WORTH = 20_000_000  # rows from which on a list has pages
_SPARSEST = 64  # numbers spanned for each that is held, at most
_BITS = 14  # of a number that tell its place in a page
_PLACE = f"(number & {(1 << _BITS) - 1})::integer"

# From `listings`, sorted by number: the pages, in order. Where lists follow each other a page may be met twice.
WRITTEN = f"""
select number >> {_BITS} as page, bitstring_agg({_PLACE}, 0, {(1 << _BITS) - 1})::blob as bits
from listings group by page order by page
"""
GROUP = 2048  # pages that are read together

# Of `asked`, the numbers that pages in $files hold, and the position of the file.
HELD = f"""
select number, file_index
from asked join read_parquet($files) on page = number >> {_BITS}
where get_bit(bits::bit, {_PLACE}) = 1
"""


def suits(listings: pl.DataFrame) -> bool:
    """Whether listings, sorted by number, can be told by pages: columns number, listed, since, until."""
    alike = listings.select(pl.col("listed").fill_null(False).all(), pl.col("since", "until").is_null().all()).row(0)
    numbers = listings["number"]
    return all(alike) and bool(numbers[-1] - numbers[0] <= _SPARSEST * numbers.len())
