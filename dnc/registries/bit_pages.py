"""Bit pages: the numbers of a large list as bits, so that a number is found without reading the rows of the list.

A page covers a range of numbers, with one bit for each. A list gets pages if it has 20 million rows or more, if all of
its rows say the same (listed, without a date), and if it is dense enough for the pages to stay small.
"""

from __future__ import annotations

import polars as pl

WORTH = 20_000_000  # rows; a shorter list is read just as fast without pages
_SPARSEST = 64  # at most this many numbers in the range of the list for each one in it
_BITS = 14  # low bits of a number, which are its place in the page
_PLACE = f"(number & {(1 << _BITS) - 1})::integer"

# The pages of `listings`, sorted by number. At the border between two parts of a list, a page may occur twice.
WRITTEN = f"""
select number >> {_BITS} as page, bitstring_agg({_PLACE}, 0, {(1 << _BITS) - 1})::blob as bits
from listings group by page order by page
"""
GROUP = 2048  # pages per row group of the file

# The numbers of `asked` that are in the pages of $files, and the position of the file.
HELD = f"""
select number, file_index
from asked join read_parquet($files) on page = number >> {_BITS}
where get_bit(bits::bit, {_PLACE}) = 1
"""


def suits(listings: pl.DataFrame) -> bool:
    """Whether pages can replace these listings (sorted by number, with columns listed, since, until)."""
    alike = listings.select(pl.col("listed").fill_null(False).all(), pl.col("since", "until").is_null().all()).row(0)
    numbers = listings["number"]
    return all(alike) and bool(numbers[-1] - numbers[0] <= _SPARSEST * numbers.len())
