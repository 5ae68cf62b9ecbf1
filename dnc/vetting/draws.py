"""Draws: rows of an offer taken at random, whose consents the seller has to prove, and what that says of all rows.

The list is committed to before anybody can know which rows are drawn: first the log gets the hash of the offer, the
size and the method; only then is a seed made, from which the rows follow, and logged too. So neither side can choose
rows, and a list that is changed afterwards is another list. Who draws again until the result pleases is seen: every
result names all draws of the same list.

A row is what a vetting counts as one: in a list with several numbers a row, each number.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from typing import Any

import msgspec
import polars as pl

from dnc.checks.evidence import Digests
from dnc.checks.outputs import Outputs
from dnc.clock import read_day
from dnc.errors import InputError, OptionError
from dnc.files.dataset import FileList
from dnc.files.input_file import input_sha256
from dnc.files.open_table import open_table
from dnc.files.output_file import output
from dnc.files.output_rows import OutputRows
from dnc.files.table import folded, quoted
from dnc.frames import each_distinct
from dnc.law.rulebook import Rulebook
from dnc.lists.brief import Brief
from dnc.lists.cell_facts import text_of
from dnc.lists.consents import ConsentRows, is_against
from dnc.lists.inputs import Source, opened
from dnc.lists.intake import Intake
from dnc.messages import figure, localized
from dnc.store import ledger_sql
from dnc.store.store import Store
from dnc.vetting.model import Offer, Proved
from dnc.vetting.sample_bounds import chance_of, least_of_population

METHOD = "sha256 1"  # in the log: of `drawn_rows`
TESTS = ("proof", "number", "consent_on", "wording", "withdrawn", "recipients", "confirmed_on")
_TEXTS = ("wording", "proof", "recipients", "confirmed_on")
TO_FILL_IN = ("consent_on", "consent_withdrawn_on", *_TEXTS)
_ANSWERS = {"drawn": "row"} | dict(zip(_TEXTS, _TEXTS, strict=True))
_IDS = ("call", "person")
_ANNOUNCED, _DRAWN, _PROVED = "draw", "drawn", "prove"  # in the log of the store


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


class Proofs(msgspec.Struct, frozen=True):
    """The proofs of a draw, as the seller returned them.

    drawn: the file of `draw`, unchanged. answers: the same with its empty columns filled in. name: of the caller, which
    the recipients of a consent must include where they are told.
    """

    drawn: Path
    answers: Path
    name: str | None = None


@dataclass(frozen=True)
class DrawMade:
    """A draw. row: of the log. size: rows drawn. rows: rows of the list. others: as in `Proved`."""

    row: int
    size: int
    rows: int
    others: list[int]


@dataclass(frozen=True)
class DrawPlan:
    """What a draw can show.

    size, rows: rows drawn, and rows of the list. most: share of the list that is proved at least if all proofs hold.
    asked: a share. needed: how many proofs have to hold to show it; None if even all are too few.
    good, passes: share of a list that is proved in truth, and how often such a list shows the share that is asked.
    """

    size: int
    rows: int
    most: float
    asked: float
    needed: int | None
    good: float
    passes: float


def plan(offered: OfferedRows, size: int, asked: float, confidence: float) -> DrawPlan:
    """What a draw of a list can show, of which nothing is logged; arguments and errors as for `draw`.

    asked: the share that is to be shown, 0 to 1. confidence: of the bound.
    """
    with opened(offered.path, offered.brief.sheet) as files:
        rows = offered.count(files, size)

    def least(hits: int) -> float:
        return least_of_population(hits, size, rows, confidence) / rows

    needed = bisect_left(range(size + 1), asked, key=least)
    good = (1 + asked) / 2
    passes = chance_of(needed, size, round(good * rows), rows) if needed <= size else 0.0
    return DrawPlan(size, rows, least(size), asked, needed if needed <= size else None, good, passes)


def draw(offered: OfferedRows, store: Store, size: int, out: Path) -> DrawMade:
    """Draw rows of a list, and write them for the seller as a table, with empty columns for what proves each.

    The log of the store keeps the draw.

    Raises:
        InputError: a file cannot be read or written. OptionError: the list has fewer rows, or `out` is the list or no
            table. StoreError.
    """
    with opened(offered.path, offered.brief.sheet) as files:
        Outputs([out]).refuse(file.path for file in files.files)
        rows, state, digests = offered.count(files, size), files.state, Digests.new()
        columns = ["row", *offered.ids(files), "number", *TO_FILL_IN]
        hashed = files.digest(files.sums)
        with output(out, columns) as written:
            detail = {"sha256": digests.of_sha256(hashed), "rows": rows, "size": size, "method": METHOD}
            entry = store.record(_ANNOUNCED, {"input": files.names} | detail, hash_key=digests.key)
            seed = token_hex(32)
            drawn = offered.at(files, drawn_rows(seed, size, rows))
            if files.state != state:
                raise InputError(localized("errors", "changed"), files.name)
            number = pl.coalesce(pl.format("+{}", "number"), "text").alias("number")
            empty = [pl.lit(None, pl.String).alias(name) for name in TO_FILL_IN]
            written.add(OutputRows.of(drawn.with_columns(number, *empty).select(columns)))
    store.record(_DRAWN, {_ANNOUNCED: entry.seq, "seed": seed, "sha256": digests.of_sha256(input_sha256(out))})
    return DrawMade(entry.seq, size, rows, _others(store, hashed, entry.seq))


def drawn_rows(seed: str, size: int, rows: int) -> list[int]:
    """A simple random sample of the numbers 1 to `rows`, ascending, which anybody can draw again from its seed.

    Of the SHA-256 of `SEED 0`, `SEED 1`, … as integers, the remainders by `rows`, without repetition.
    """
    drawn, at = set[int](), 0
    while len(drawn) < size:
        drawn.add(1 + int.from_bytes(sha256(f"{seed} {at}".encode()).digest()) % rows)
        at += 1
    return sorted(drawn)


def compared(
    proofs: Proofs, offer: Offer, offered: OfferedRows, store: Store, callable_: Callable[[Sequence[int]], set[int]]
) -> Proved:
    """Compare proofs with the rows of the list that were drawn, and log what they prove of the whole list.

    Args:
        offer, offered: the list, as it was vetted, and its rows. store: its log has the draw.
        callable_: gives those of some rows whose numbers count as callable.
    Raises:
        InputError: the draw is not in the log, the list is not the one of the draw, or the answers cannot be read.
    """
    row, detail, seed, digests = _logged_draw(store, proofs.drawn)
    size, rows = detail["size"], detail["rows"]
    if (digests.of_sha256(str(offer.sha256)), offer.rows) != (detail["sha256"], rows):
        raise InputError(localized("errors", "draw", "other_list", row=row), offer.file)
    with opened(offered.path, offered.brief.sheet) as files:
        drawn = offered.at(files, drawn_rows(seed, size, rows))
    by_row = _failed(drawn, _answers(proofs, offered))
    failed, holding = by_row["failed"], by_row.filter(pl.col("failed").is_null())["row"].to_list()
    missed = {test: n for test in TESTS if (n := int((failed == test).sum()))}
    proved, usable = len(holding), len(callable_(holding))
    share, least = (least_of_population(hits, size, rows, offer.confidence) for hits in (proved, usable))
    share /= rows
    answers = digests.of_sha256(input_sha256(proofs.answers))
    found = {"proved": proved, "size": size, "share": share, "confidence": offer.confidence}
    store.record(_PROVED, {_ANNOUNCED: row, "check": offer.check, "sha256": answers, **found})
    others = _others(store, str(offer.sha256), row)
    return Proved(row, size, rows, proved, share, usable, least, offer.confidence, missed, others)


def _answers(proofs: Proofs, offered: OfferedRows) -> pl.DataFrame:
    """The answers of a seller, which are statements of consent, with the `row` of the list that each is about.

    named: whether the name of the caller is among the recipients, or one of the two is not told.
    """
    table = open_table(proofs.answers)
    theirs = {folded(name): name for name in table.columns}
    texts = {ours: theirs[folded(known)] for ours, known in _ANSWERS.items() if folded(known) in theirs}
    if absent := [known for ours, known in _ANSWERS.items() if ours not in texts]:
        raise InputError(localized("errors", "draw", "columns", names=quoted(absent)), proofs.answers, 1)
    batches = list(ConsentRows.of(table, offered.brief, offered.book, None, texts).batches())
    if not batches:
        raise InputError(localized("errors", "draw", "empty"), proofs.answers)
    stated = pl.concat(batches)
    wanted = folded(proofs.name or "")

    def read(recipients: str | None, confirmed_on: str | None) -> tuple[bool, date | None]:
        named = not (wanted and recipients) or wanted in map(folded, str(recipients).split(";"))
        return named, read_day(confirmed_on or "", offered.brief.dates)

    cells = stated.select("recipients", "confirmed_on")
    read_cells = each_distinct(cells, read, {"named": pl.Boolean, "confirmed_on": pl.Date})
    return stated.with_columns(read_cells, row=pl.col("drawn").cast(pl.Int64, strict=False))


def _failed(drawn: pl.DataFrame, answers: pl.DataFrame) -> pl.DataFrame:
    """Each `row` drawn, with the first of TESTS that its answer `failed`, null where all pass; none is no proof."""
    both = drawn.join(answers, on="row", how="left", suffix="_answered")
    passes = {
        "proof": pl.col("proof").is_not_null(),
        "number": pl.col("number") == pl.col("number_answered"),
        "consent_on": pl.col("consent_on_answered") == pl.coalesce("consent_on", "consent_on_answered"),
        "wording": pl.col("wording_answered") == pl.coalesce("wording", "wording_answered"),
        "withdrawn": ~is_against(),
        "recipients": pl.col("named"),
        "confirmed_on": pl.col("confirmed_on").is_not_null(),
    }
    first = pl.coalesce(pl.when(~passes[test].fill_null(False)).then(pl.lit(test)) for test in TESTS)
    return both.group_by("row").agg(first.drop_nulls().first().alias("failed"))


def _logged_draw(store: Store, path: Path) -> tuple[int, dict[str, Any], str, Digests]:
    """The draw that a file is of: its row of the log and what that says, its seed, and how its hashes are made."""
    hashed, announced = input_sha256(path), dict[int, tuple[dict[str, Any], Digests]]()
    with store.ledger.read() as ledger:
        draws = _logged(ledger.con, _ANNOUNCED, _DRAWN)
    for row, detail, key in draws:
        if row["verb"] == _ANNOUNCED and key:
            announced[row["seq"]] = detail, Digests(key)
        elif of := announced.get(detail.get(_ANNOUNCED, 0)):
            announcement, digests = of
            if digests.of_sha256(hashed) == detail["sha256"]:
                return detail[_ANNOUNCED], announcement, detail["seed"], digests
    raise InputError(localized("errors", "draw", "unknown"), path)


def _logged(con: ledger_sql.Connection, *verbs: str) -> list[tuple[dict[str, Any], dict[str, Any], str | None]]:
    """The rows of the log with some verbs, each with its detail, and the key of its hashes if that is kept."""
    keys, rows = ledger_sql.hash_keys(con), ledger_sql.log_as_written(con)
    return [(row, json.loads(row["detail"]), keys.get(row["seq"])) for row in rows if row["verb"] in verbs]


def _others(store: Store, hashed: str, but: int) -> list[int]:
    """The draws of a list in the log but one, and those that may be of it, since their key was deleted."""
    with store.ledger.read() as ledger:
        draws = _logged(ledger.con, _ANNOUNCED)
    same = ((row["seq"], not key or Digests(key).of_sha256(hashed) == detail["sha256"]) for row, detail, key in draws)
    return [row for row, is_same in same if is_same and row != but]
