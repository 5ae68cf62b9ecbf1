"""Columns of telephone numbers that a check does not use."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from dnc.files.table import looks_like_phone
from dnc.frames import as_text
from dnc.lists.calls import Calls
from dnc.lists.header import Header
from dnc.numbers.bulk_reader import read_column

SURE = 0.9  # share of filled cells that must be read as telephone numbers, or as days
# What may be a telephone number, and a day in digits whose year comes last.
DIGITS = r"^[\s'\"=(]*\+?(?:\d[\s().\-/\x{A0}\x{202F}]*){9,15}$"
DAY = r"^(?:\p{L}+\.?,?\s+)?([0-9]{1,2})[/.\-]([0-9]{1,2})[/.\-](?:[0-9]{4}\b|[0-9]{2}(?:$|[, T]))"
_WRITTEN = r"^(?:\+|00?[1-9]|\(|\d{3}[-.]\d{3}[-.]\d{4}$)"  # as a number is, and hardly a count, an id or an amount
_SAMPLE = 1_000  # cells of a column


class SecondNumbers:
    """Finds columns of telephone numbers by their names and their first cells.

    header: of the list. columns: where to look; by default those that a check does not use.
    Attribute `names`: of the columns.
    """

    def __init__(self, header: Header, columns: list[str] | None = None) -> None:
        self.names: list[str] = []
        self._region = header.brief.region
        without_facts = [name for name in header.carried if name not in header.used]
        self._empty = without_facts if columns is None else columns  # columns without a filled cell so far

    def add(self, calls: Calls, verdicts: object) -> None:
        """Look at the columns that were empty in all batches before this one."""
        words = distinct_words(calls.carried, self._empty, _SAMPLE)
        heights = dict(words["column"].value_counts().iter_rows())
        self._empty = [name for name in self._empty if name not in heights]
        written = words.filter(pl.col("word").str.contains(DIGITS) & ~pl.col("word").str.contains(DAY))
        for (name,), rows in written.partition_by("column", maintain_order=True, as_dict=True).items():
            if self._are_numbers(str(name), rows["word"], heights[name]):
                self.names.append(str(name))

    def _are_numbers(self, name: str, written: pl.Series, height: int) -> bool:
        """Whether one of them is, where the name says so; else whether all words are, and are written like it.

        written: those of the `height` words of the column that have as many digits as a number.
        """
        least = 1.0
        if not looks_like_phone(name):
            written = written.filter(written.str.contains(_WRITTEN))
            least = SURE * height
        if written.len() < least:
            return False
        rows = read_column(written, self._region).rows
        return int((rows["number"].is_not_null() | (rows["unread"] == "region").fill_null(False)).sum()) >= least


def distinct_words(rows: pl.DataFrame, names: Sequence[str], most: int | None = None) -> pl.DataFrame:
    """The different cells of some columns that are not empty, trimmed; of the first `most` such cells of each.

    Returns a row for each: `column`, its name, and `word`; in the order of the columns and cells.
    """
    if not names:
        return pl.DataFrame(schema={"column": pl.String, "word": pl.String})
    cells = pl.all().str.strip_chars().replace("", None).drop_nulls()
    first = cells if most is None else cells.head(most)
    texts = pl.DataFrame([as_text(rows[name]) for name in names])
    # One query for all columns: of thousands, each would cost more than its cells.
    words = pl.concat([column.alias("word") for column in texts.select(first.unique(maintain_order=True).implode())])
    return pl.DataFrame({"column": names, "word": words}).explode("word").drop_nulls()
