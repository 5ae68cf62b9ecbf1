"""Intake: a list of planned calls → frames of facts, one row a call, in the order of the list.

Each number of a row is a call of its own: those of several columns, and two numbers in one cell that can both be read.
Files raise, rows do not: a cell that is not understood becomes null, and a note says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from functools import cached_property
from typing import NamedTuple

import msgspec
import polars as pl

from dnc.clock import read_moment, today
from dnc.errors import InputError, OptionError
from dnc.files.cell_texts import shown
from dnc.files.net import marked
from dnc.files.output_rows import Shared
from dnc.files.table import CUT, FEWER, MARKED, NOTED, RAGGED, UNNAMED, Table, refuse_other_header
from dnc.frames import each_distinct, numbered, repeated
from dnc.law.rulebook import Rulebook
from dnc.law.vocabulary import NUMBER_FROM, OR_NONE
from dnc.lists.brief import Brief
from dnc.lists.calls import Calls
from dnc.lists.cell_facts import KIND, MARKS, STATED, UNREAD, FactReader, fill_state, fit, quoted_cell, text_of
from dnc.lists.header import FORMER_OUTCOME, READ, Header, lone_texts
from dnc.lists.persons import LINKS, links_of
from dnc.lists.statements import no_statements
from dnc.lists.texts import ReadColumn, TextReader
from dnc.messages import localized
from dnc.numbers.bulk_reader import NumberColumn, read_column
from dnc.numbers.reader import read_listed, split_cell
from dnc.registries.reasons import OF_ROWS

TORN = "the row lacks cells, as does one beside it without a number: they may be one row broken in two"
# Why no call of a row is decided, and the key of the message.
ROW_REASONS = {**OF_ROWS, TORN: "torn"}
_PAIR = r"(?:\d\D*){12}"  # in a cell with two numbers
_SHORTEST_PAIR = 13  # characters of a cell with two numbers: twice six digits, and what separates them


class _BatchNumbers(NamedTuple):
    """The numbers of a batch, a row a call.

    cells: `row` (position in the batch), `column` (position in `Header.numbers`; null where the row has no number),
        `text`, `alone` (whether no other text of the row is a number). read: the number in each text. single:
        whether every row of the batch is one call.
    """

    cells: pl.DataFrame
    read: NumberColumn
    single: bool

    @property
    def none_read(self) -> pl.Series:
        """For each row of the batch, whether none of its numbers can be read."""
        unread = self.read.rows["number"].is_null()
        if self.single:
            return unread
        by_row = self.cells.select("row", unread=unread).group_by("row", maintain_order=True)
        return by_row.agg(pl.col("unread").all())["unread"]


class Intake(msgspec.Struct, frozen=True, dict=True):
    """A list of planned calls, opened.

    Attributes:
        table: its rows.
        brief: how its columns and words map to ours.
        book: the law, for places.
        at: when calls are planned that have no `call_at`.
        now: the day that counts as today; by default the clock's, read for each batch.
        language: of the notes on cells that were not understood, one of `dnc.messages.LANGUAGES`.
        found: columns that the brief does not name and that are read or searched (see `dnc.lists.roles.Survey`).
        kept, takes: as for `Header`.
        at_gate: see `dnc.checks.settings.Setup`.
    """

    table: Table
    brief: Brief
    book: Rulebook
    at: str | None = None
    now: date | None = None
    language: str = "en"
    found: Sequence[ReadColumn] = ()
    kept: frozenset[str] = frozenset()
    takes: frozenset[str] | None = None
    at_gate: bool = False

    def __post_init__(self) -> None:
        if self.at is not None and read_moment(self.at, self.brief.dates) is None:
            raise OptionError(localized("errors", "at", at=self.at))

    @cached_property
    def header(self) -> Header:
        """Its columns."""
        return Header(self.table, self.brief, self.kept, self.takes)

    @cached_property
    def _reader(self) -> FactReader:
        header = self.header
        return FactReader(header, self.book, self.at, self.now, self.language, self.at_gate, self.texts_of_persons)

    @cached_property
    def _texts(self) -> TextReader:
        return TextReader([*self.header.read, *self.found])

    def batches(self) -> Iterator[Calls]:
        """The calls of the list, batch by batch. Raises InputError as `calls` does, OptionError as `fitted` does."""
        return map(self.calls, self.fitted(self.table.batches))

    def calls(self, batch: pl.DataFrame) -> Calls:
        """The calls of one batch of rows. Raises InputError at a second header, or a text between the rows."""
        header = self.header
        if all(map(header.names.get, header.without_role)):  # a column without a name has one, or there is none
            batch = batch.with_columns(pl.when(pl.col(RAGGED) != UNNAMED).then(RAGGED))
        read_texts = self._texts.read(batch)
        fact_cells = self._fact_cells(batch).hstack(read_texts.columns)
        numbers = self._numbers(batch)
        cells, (read, kinds) = numbers.cells, numbers.read
        texts = [name for name in header.numbers if batch.schema[name] == pl.String]
        if texts and (none_read := numbers.none_read).any():
            names = {name: theirs for name, theirs in header.names.items() if batch.schema[name] == pl.String}
            refuse_other_header(batch.filter(none_read), texts, names, self.table.path)
            self._refuse_lone_text(batch, none_read)
        row = None if numbers.single else cells["row"]
        if row is not None:
            fact_cells = fact_cells[row]
        plan, plans = numbered(fact_cells.hstack([read["kind"].alias(KIND), read["unread"].alias(UNREAD)]))
        number = pl.select(pl.when(fit(fact_cells[RAGGED])).then(read["number"])).to_series()
        rows = batch if row is None else batch[row]
        was = rows.select(text_of(rows[FORMER_OUTCOME])).to_series() if header.former else None
        shared = [name for name in self._mapped if name in header.carried and rows[name].dtype == pl.String]
        facts = self._reader.facts(plans, kinds)
        of_rows = plan if row is None else plan.filter((row != row.shift(1)).fill_null(True))
        counted = _counted(facts[MARKS], of_rows, read_texts.counts)
        return Calls(
            rows.select(header.carried),
            number,
            plan,
            facts.drop(MARKS, STATED),
            was=was,
            shared=Shared(plans.select(shared), plan),
            row=row,
            cells=counted,
            source=self._number_names[cells["column"]] if len(header.numbers) > 1 else None,
            text=cells["text"],
            stated=_stated(facts[STATED]),
            first=self._texts.before,
        )

    @cached_property
    def _mapped(self) -> list[str]:
        """The columns that facts are read from."""
        columns = self.header.columns.items()
        return list(dict.fromkeys(name for ours, name in columns if ours not in ("call", "number", "person")))

    def _fact_cells(self, batch: pl.DataFrame) -> pl.DataFrame:
        """These columns of a batch, which cells are filled in other columns that have rules about it, and `RAGGED`."""
        rules = {name: rules for name, rules in self.header.rules_of.items() if name not in self._mapped}
        values = self.brief.values
        now = self.now or today()
        states = [fill_state(batch[name], of_column, values, now).alias(name) for name, of_column in rules.items()]
        dates = [name for name in self._mapped if name in self.table.dates and batch.schema[name] == pl.Datetime]
        cells = batch.select(*self._mapped, *states, RAGGED)
        return cells.with_columns(pl.col(dates).cast(pl.Date)) if dates else cells

    # The numbers of a row

    @cached_property
    def _number_names(self) -> pl.Series:
        """The names of the columns of numbers in the file."""
        names = [self.header.names[name] or name for name in self.header.numbers]
        return pl.Series(names, dtype=pl.String)

    def _numbers(self, batch: pl.DataFrame) -> _BatchNumbers:
        """The numbers of a batch, at least one a row, which may be unread."""
        regions = self._reader.regions(batch)
        cells = self._cells(batch)
        read = read_column(cells["text"], _gathered(regions, cells["row"]))
        split = self._split(cells, read, regions, batch[RAGGED])
        if split is not None:
            cells, read = split, read_column(split["text"], _gathered(regions, split["row"]))
        if self.header.former and cells.height > batch.height:
            keep = self._of_former(batch, cells, read)
            cells, read = cells.filter(keep), NumberColumn(read.rows.filter(keep), read.kinds)
        return _BatchNumbers(cells, read, single=cells.height == batch.height)

    def numbers_beside_notes(self, batch: pl.DataFrame) -> pl.DataFrame:
        """The `number` of rows that fit the header or not, with a text beside it or not, its `row` and its `text`."""
        cells, read, _ = self._numbers(batch.with_columns(pl.lit(NOTED).alias(RAGGED)))
        return cells.select("row", "text").with_columns(read.rows["number"])

    def _cells(self, batch: pl.DataFrame) -> pl.DataFrame:
        """The filled cells of the columns of numbers, row by row; of a row without any, the first one."""
        names = self.header.numbers
        texts = batch.select(text_of(batch[name]).alias(str(at)) for at, name in enumerate(names))
        place = pl.int_range(pl.len(), dtype=pl.UInt32)
        if len(names) == 1:
            column = pl.lit(0, pl.UInt32).alias("column")
            return texts.select(place.alias("row"), column, pl.col("0").alias("text"))
        filled = texts.select(pl.all().is_not_null())
        without = filled.select(~pl.any_horizontal(pl.all())).to_series()
        given = filled.with_columns(pl.col("0") | without).select(pl.concat_list(pl.all()).explode()).to_series()
        long = texts.select(pl.concat_list(pl.all()).explode().alias("text"))
        row, column = place // len(names), place % len(names)
        cells = long.select(row.alias("row"), column.alias("column"), "text").filter(given)
        none = pl.lit(without[cells["row"]])
        return cells.with_columns(pl.when(~none).then("column").alias("column"))

    def _split(
        self, cells: pl.DataFrame, read: NumberColumn, regions: pl.Series | str | None, ragged: pl.Series
    ) -> pl.DataFrame | None:
        """The cells, those with several numbers as one row a number; None where there are none.

        ragged: `RAGGED` of the batch; in rows that are marked a number with a note is read, too.
        """
        if not read.rows["number"].null_count():
            return None
        of_marked = ragged.is_in(MARKED).fill_null(False)[cells["row"]].alias("marked")
        is_unread = read.rows["number"].is_null() & ((cells["text"].str.len_chars() >= _SHORTEST_PAIR) | of_marked)
        unread = cells.with_row_index("at").with_columns(of_marked).filter(is_unread)
        if unread.is_empty():
            return None
        region = pl.lit(_gathered(regions, unread["row"]), pl.String).alias("region")
        parts = each_distinct(
            unread.select("text", region, "marked"),
            lambda text, region, is_marked: (_number_texts(text, region, is_marked),),
            {"text": pl.List(pl.String)},
        )
        found = unread.drop("marked").with_columns(parts["text"]).filter(pl.col("text").list.len() > 0)
        if found.is_empty():
            return None
        others = cells.with_row_index("at").filter(~pl.col("at").is_in(found["at"].implode()))
        parted = found.explode("text")
        return pl.concat([others, parted]).sort("at", maintain_order=True).drop("at")

    def _of_former(self, batch: pl.DataFrame, cells: pl.DataFrame, read: NumberColumn) -> pl.Series:
        """Which numbers the rows of an earlier check are about, where it repeated rows with several numbers.

        That is the number of the column that the row names, and of several in its cell the one that was read.
        """
        read_from = self._number_names[cells["column"]]
        number = pl.lit("+") + read.rows["number"].cast(pl.String)
        keep = repeated(True, pl.Boolean, cells.height)
        for column, now in ((NUMBER_FROM, pl.lit(read_from)), ("dnc_number", number)):
            if column in batch.columns:
                then = batch.select(text_of(batch[column])).to_series()[cells["row"]]
                same = pl.lit(keep) & (now == pl.lit(then)).fill_null(False)
                tested = cells.select("row", same.alias("same"), pl.lit(keep).alias("keep"))
                any_same = pl.col("same").any().over("row")
                keep = tested.select(pl.when(any_same).then("same").otherwise("keep")).to_series()
        return keep

    @cached_property
    def texts_of_persons(self) -> pl.Expr:
        """Of `texts` of `Calls.plans`, the columns that are read, and those of objections; null where there is none.

        A text without a meaning in another one, of facts about a call, counts for that call alone.
        """
        mapped = self.header.mapped
        names = [*(column.name for column in (*self.header.read, *self.found)), *(mapped.get(o, o) for o in OR_NONE)]
        texts = pl.col("texts").str.split(";").list.set_intersection([name.replace(";", ",") for name in names])
        return texts.list.join(";").replace("", None)

    @cached_property
    def persons(self) -> str | None:
        """The column with the user's ids of persons."""
        return self.header.columns.get("person")

    @property
    def may_link(self) -> bool:
        """Whether the list says which numbers are of one person."""
        return self.persons is not None or len(self.header.numbers) > 1

    def _may_pair(self, batch: pl.DataFrame) -> pl.Series:
        """Which rows may have two numbers in the first column of numbers."""
        cells = batch[self.header.numbers[0]]
        if cells.dtype != pl.String:
            return repeated(False, pl.Boolean, batch.height)
        return cells.to_frame().select(pl.first().str.contains(_PAIR).fill_null(False)).to_series()

    def links(self, batch: pl.DataFrame) -> pl.DataFrame:
        """What links the numbers of a batch to persons (see `dnc.lists.persons.links_of`)."""
        if not self.may_link:
            batch = batch.filter(self._may_pair(batch))
        if batch.is_empty():
            return pl.DataFrame(schema=LINKS)
        cells, read, _ = self._numbers(batch)
        ids = batch[self.persons][cells["row"]] if self.persons else None
        return links_of(cells["row"], read.rows["number"], ids)

    def row_ids(self, batch: pl.DataFrame) -> pl.Series:
        """The user's own row ids, null where there are none."""
        name = self.header.columns.get("call")
        ids = text_of(batch[name]) if name else pl.repeat(None, pl.len(), dtype=pl.String)
        return batch.select(quoted_cell(ids)).to_series()

    # Rows that do not fit the header

    def fitted(self, batches: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
        """Batches of a list, from its first row; where the brief says so, rows that lack cells at their end fit."""
        self._texts.before = 0
        for batch in map(self._marked, self._with_short_rows(batches) if self.brief.short_rows else batches):
            yield batch
            self._texts.before += batch.height

    def _marked(self, batch: pl.DataFrame) -> pl.DataFrame:
        """A batch with `NOTED` in rows with a text or a picture (`⛔`) beside a number that may say not to call.

        Where a person has read what is around the table, notes on its cells count no more.
        """
        ragged = pl.col(RAGGED)
        if self.brief.around == READ:
            batch = batch.with_columns(pl.when(ragged != NOTED).then(ragged).alias(RAGGED))
        names = [name for name in self.header.numbers if batch.schema[name] == pl.String]
        for cells in (batch[name] for name in names):
            if (odd := cells.str.contains(r"\p{L}{2}|\p{So}")).any():
                at = odd.arg_true()
                says_so = at.filter(marked(cells[at]) | cells[at].str.contains(r"\p{So}"))
                batch = batch.with_columns(
                    batch[RAGGED].scatter(says_so.filter(batch[RAGGED][says_so].is_null()), NOTED)
                )
        return batch

    def _with_short_rows(self, batches: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
        """Rows that lack cells at their end fit, unless two of them may be one row broken in two.

        A line break in a text without quotes makes two rows of one: both lack cells, and one of them a number.
        """
        above, batch = pl.Series([False]), next(batches, None)
        while batch is not None:
            following = next(batches, None)
            without = self._short_without_number(batch)
            below = pl.Series([False]) if following is None else self._short_without_number(following.head(1))
            torn = pl.concat([above, without.head(-1)]) | pl.concat([without.slice(1), below])
            short = pl.col(RAGGED).is_in([FEWER, CUT])
            yield batch.with_columns(pl.when(short & torn).then(pl.lit(TORN)).when(~short).then(RAGGED).alias(RAGGED))
            above, batch = without.tail(1), following

    def _short_without_number(self, batch: pl.DataFrame) -> pl.Series:
        """Which rows lack cells and a number that can be read."""
        short = batch[RAGGED].is_in([FEWER, CUT]).fill_null(False)
        numbers = self._numbers(batch.filter(short))
        return short.scatter(short.arg_true(), numbers.none_read)

    @property
    def _around_is_settled(self) -> bool:
        """Whether it is said who has read what is around the table, or there is no file that could have it."""
        return self.brief.around is not None or self.table.kind == "arrow"

    def _refuse_lone_text(self, rows: pl.DataFrame, without: pl.Series) -> None:
        """Raise InputError at a row whose text may be about others (`lone_texts`) and nobody has read."""
        if self._around_is_settled:
            return
        for line, _ in lone_texts(rows, self.header.numbers, without):
            raise InputError(localized("errors", "text_alone"), self.table.path, line)


def _number_texts(text: str | None, region: str | None, is_marked: bool) -> list[str]:
    """The texts of the numbers in a cell; in a row that is marked they are read as in a blocklist: none is called."""
    if text is None:
        return []
    texts = split_cell(text, region)
    return [f"+{number}" for number in read_listed(text, region)] if is_marked and not texts else texts


def _counted(marks: pl.Series, plan: pl.Series, texts: pl.DataFrame) -> pl.DataFrame | None:
    """`Calls.cells`, from the marks of each plan, the plan of each row, and counts of texts; None if there are none."""
    texts = texts.with_columns(texts["word"].map_elements(shown, pl.String)) if texts.height else texts
    if marks.null_count() == marks.len():
        return texts if texts.height else None
    rows = plan.alias("plan").value_counts(name="rows")
    found = rows.with_columns(marks[rows["plan"]]).drop_nulls(MARKS).explode(MARKS).unnest(MARKS)
    return pl.concat([found.group_by("what", "column", "word").agg(pl.col("rows").sum()), texts])


def _stated(lists: pl.Series) -> pl.DataFrame:
    """Statements with `plan`, from the lists of each plan."""
    at = lists.is_not_null().arg_true()
    if not at.len():
        return no_statements(plan=pl.UInt32)
    found = pl.DataFrame([at.cast(pl.UInt32).alias("plan"), lists[at]])
    return found.explode(STATED).unnest(STATED)


def _gathered(regions: pl.Series | str | None, rows: pl.Series) -> pl.Series | str | None:
    """The regions of some rows of a batch, in ascending order; one for all stays one."""
    return regions[rows] if isinstance(regions, pl.Series) and len(regions) != len(rows) else regions
