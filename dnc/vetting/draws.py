"""Draws: rows of an offer taken at random, whose consents the seller has to prove, and what that says of all rows.

A row is what a vetting counts as one: in a list with several numbers a row, each number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import SystemRandom

import msgspec
import polars as pl

from dnc.checks.outputs import Outputs
from dnc.clock import read_day
from dnc.errors import InputError, OptionError
from dnc.files.dataset import FileList
from dnc.files.open_table import open_table
from dnc.files.output_file import output
from dnc.files.output_rows import OutputRows
from dnc.files.table import folded, quoted
from dnc.frames import each_distinct
from dnc.law.rulebook import Rulebook
from dnc.lists.brief import Brief
from dnc.lists.cell_facts import text_of
from dnc.lists.consents import ConsentRows, beside_list, is_against
from dnc.lists.inputs import Source, opened
from dnc.lists.intake import Intake
from dnc.messages import figure, localized
from dnc.vetting.model import Offer, Proved
from dnc.vetting.sample_bounds import least_of_population

TESTS = ("proof", "number", "consent_on", "wording", "withdrawn", "confirmed_on")
TO_FILL_IN = ("consent_on", "consent_withdrawn_on", "wording", "proof", "confirmed_on")
_DRAWN = ("row", "drawn")  # columns of the table of a draw: the row of the list, and how many rows were drawn
_TEXTS = ("wording", "proof", "confirmed_on")  # columns of the answers that are read here
_IDS = ("call", "person")


class OfferedRows(msgspec.Struct, frozen=True):
    """The rows of a list on offer. path: the list. brief: how it is read. book: the law, for numbers and places."""

    path: Source
    brief: Brief
    book: Rulebook

    def count(self, files: FileList, size: int) -> int:
        """How many there are. Raises OptionError if so many cannot be drawn."""
        rows = sum(batch.height for batch in self._batches(self._intake(files)))
        if not 0 < size <= rows:
            raise OptionError(localized("errors", "draw", "size", size=figure(size), rows=figure(rows)))
        return rows

    def ids(self, files: FileList) -> list[str]:
        """Our names of the columns in which the seller names rows and persons, as far as the list has them."""
        return [ours for ours in _IDS if ours in self._intake(files).header.columns]

    def at(self, files: FileList, rows: Sequence[int]) -> pl.DataFrame:
        """Some of them: `row` (from 1), `ids`, `number`, `text` (in its place), `consent_on` and `wording`."""
        chosen, batches = pl.lit(pl.Series(rows, dtype=pl.Int64).implode()), self._batches(self._intake(files))
        return pl.concat(batch.filter(pl.col("row").is_in(chosen)) for batch in batches)

    def _intake(self, files: FileList) -> Intake:
        return Intake(files.table(), self.brief, self.book)

    @staticmethod
    def _batches(intake: Intake) -> Iterator[pl.DataFrame]:
        ids = {ours: theirs for ours, theirs in intake.header.columns.items() if ours in _IDS}
        named, first = [name for name in intake.table.columns if folded(name) == "wording"], 1
        for calls in intake.batches():
            carried = calls.carried
            yield carried.select(
                pl.int_range(first, first + pl.len()).alias("row"),
                *(text_of(carried[theirs]).alias(ours) for ours, theirs in ids.items()),
                calls.number.alias("number"),
                pl.lit(calls.text).alias("text"),
                calls.facts("consent_on")["consent_on"],
                (text_of(carried[named[0]]) if named else pl.lit(None, pl.String)).alias("wording"),
            )
            first += carried.height


def draw(offered: OfferedRows, size: int, out: Path) -> int:
    """Draw rows of a list, and write them for the seller as a table, with empty columns for what proves each.

    Returns:
        How many rows the list has.

    Raises:
        InputError: a file cannot be read or written. OptionError: the list has fewer rows, or `out` is the list or no
            table.
    """
    with opened(offered.path, offered.brief.sheet) as files:
        Outputs([out]).refuse(file.path for file in files.files)
        rows = offered.count(files, size)
        columns = [*_DRAWN, *offered.ids(files), "number", *TO_FILL_IN]
        drawn = offered.at(files, SystemRandom().sample(range(1, rows + 1), size))
    table = drawn.with_columns(
        pl.lit(size).alias("drawn"),
        pl.coalesce(pl.format("+{}", "number"), "text").alias("number"),
        *(pl.lit(None, pl.String).alias(name) for name in TO_FILL_IN),
    )
    with output(out, columns) as written:
        written.add(OutputRows.of(table.select(columns)))
    return rows


def compared(path: Path, offer: Offer, offered: OfferedRows) -> Proved:
    """Compare the answers of a seller with the rows of the list that were drawn; a row without an answer has no proof.

    Args:
        path: the table of a draw, filled in. offer, offered: the list, as it was vetted, and its rows.
    Raises:
        InputError: the answers cannot be read, or are not those of one draw of the list.
    """
    answers, rows = _answers(path, offered), offer.rows
    size, *others = answers["drawn"].drop_nulls().unique().to_list() or [0]
    if others or not max(1, answers["row"].drop_nulls().n_unique()) <= size <= rows:
        raise InputError(localized("errors", "draw", "other"), path)
    with opened(offered.path, offered.brief.sheet) as files:
        failed = _failed(offered.at(files, answers["row"].drop_nulls().to_list()), answers)
    proved = failed.null_count()
    found = Counter(failed.drop_nulls())
    found["proof"] += size - failed.len()
    missed = {test: found[test] for test in TESTS if found[test]}
    share = least_of_population(proved, size, rows, offer.confidence) / rows
    return Proved(size, rows, proved, share, offer.confidence, missed)


def _answers(path: Path, offered: OfferedRows) -> pl.DataFrame:
    """The answers of a seller, which are statements of consent, with the columns of a draw (`_DRAWN`) as numbers."""
    table = open_table(path)
    theirs = {folded(name): name for name in table.columns}
    if absent := [name for name in (*_DRAWN, *_TEXTS) if folded(name) not in theirs]:
        raise InputError(localized("errors", "draw", "columns", names=quoted(absent)), path, 1)
    kept = {f"_{name}": theirs[folded(name)] for name in _DRAWN} | {name: theirs[folded(name)] for name in _TEXTS}
    batches = list(ConsentRows.of(table, beside_list(offered.brief, table), offered.book, None, kept).batches())
    if not batches:
        raise InputError(localized("errors", "draw", "empty"), path)
    stated = pl.concat(batches)
    days = each_distinct(
        stated.select("confirmed_on"),
        lambda cell: (read_day(cell or "", offered.brief.dates),),
        {"confirmed_on": pl.Date},
    )
    numbers = (pl.col(f"_{name}").cast(pl.Int64, strict=False).alias(name) for name in _DRAWN)
    return stated.with_columns(*days, *numbers)


def _failed(drawn: pl.DataFrame, answers: pl.DataFrame) -> pl.Series:
    """The first of TESTS that the answer to each row fails, null where it passes all."""
    both = drawn.join(answers, on="row", suffix="_answered")
    passes = {
        "proof": pl.col("proof").is_not_null(),
        "number": pl.col("number") == pl.col("number_answered"),
        "consent_on": pl.col("consent_on_answered") == pl.coalesce("consent_on", "consent_on_answered"),
        "wording": pl.col("wording_answered") == pl.coalesce("wording", "wording_answered"),
        "withdrawn": ~is_against(),
        "confirmed_on": pl.col("confirmed_on").is_not_null(),
    }
    first = pl.coalesce(pl.when(~passes[test].fill_null(False)).then(pl.lit(test)) for test in TESTS)
    return both.group_by("row").agg(first.drop_nulls().first().alias("failed"))["failed"]
