"""Cells of a list → facts. What is not understood becomes null, and a note says so: rows never raise.

A fact is read once for each distinct combination of cells, not once a row.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import cached_property, partial

import msgspec
import polars as pl

from dnc.clock import (
    ALWAYS,
    NEVER,
    NO,
    NO_DAYS,
    NONE,
    YES,
    is_within_day,
    may_be_cut,
    only_order,
    present,
    read_day,
    read_hours,
    today,
)
from dnc.files.cell_texts import normal, shown, text_cells
from dnc.files.net import marked, objects
from dnc.files.table import MARKED, RAGGED, folded
from dnc.frames import Remembered, each_distinct, numbered, repeated, taken
from dnc.law.demands import DATES
from dnc.law.rulebook import Rulebook
from dnc.law.vocabulary import AGAINST, OR_NONE, vocabulary
from dnc.lists.header import DECLARABLE, Header, Rule
from dnc.lists.local_time import Places, appointment, call_moment, certain_instant, local_day
from dnc.lists.row_statements import MINUTES, of_rows
from dnc.lists.statements import ASSUMED, minute_of
from dnc.lists.texts import DECEASED, TEXTS, TOLD, WRONG_NUMBER, TextMeanings
from dnc.lists.words import contradicts, meaning, says_nothing
from dnc.messages import messages
from dnc.numbers.numbering_plans import known_region
from dnc.numbers.reader import read_number

_STATES = "x~!?"  # of cells, for rules about filled ones (see `_state`)
KIND, UNREAD = "\0kind", "\0unread"  # what a number says, added to the list's columns
MARKS, STATED = "\0marks", "\0stated"
# An objection or a withdrawal on a day that cannot be read counts as one on all days.
_UNREADABLE = dict.fromkeys(OR_NONE, ALWAYS)
_EMPTY = {"consent_withdrawn_on": NEVER, "refused_on": NEVER}
_QUOTED = 40  # characters of a cell that a note repeats
_AHEAD = "consent_until"  # the date that may be one to come
_SHORT_NUMBER = re.compile(r"^[1-9][0-9]{2,5}$")  # with zeros for its digits it is what systems show for none
_WITH_DECIMAL = re.compile(r"^([0-9]+)\.0$")  # programs write 1 so if some cells of its column are empty
_COUNT = re.compile(r"([0-9]{1,9})(?:[.,]00?)?")

_CLOCKS = ("at_first", "at_last")
_MOMENT = {"day": pl.Date, "at_first": pl.Datetime("us"), "at_last": pl.Datetime("us"), "timed": pl.Boolean}
_MOMENT |= {"instant": pl.Datetime("us"), "zones": pl.String}
_WHERE = {"jurisdiction": pl.String, "zones": pl.String, "polls": pl.String, "place": pl.String, "read": pl.Boolean}

_MARKS = {"plan": pl.UInt32, "what": pl.String, "column": pl.String, "word": pl.String}
_REMEMBERED = 20_000  # distinct rows of cells after which their facts are dropped

Odd = dict[str, pl.Series]  # our column → for each row, whether its cell was not understood


class FactReader(msgspec.Struct, frozen=True, dict=True):
    """Reads the cells of one list.

    Attributes:
        header: its columns, and what a brief says of them.
        book: the law, for places.
        at: when calls are planned that have no `call_at`.
        now: the day that counts as today; None for the clock's.
        language: of the notes in `odd`, one of `dnc.messages.LANGUAGES`.
        at_gate: see `dnc.checks.settings.Setup`.
    """

    header: Header
    book: Rulebook
    at: str | None
    now: date | None
    language: str = "en"
    at_gate: bool = False
    texts_of_persons: pl.Expr = pl.lit(None, pl.String)

    def cells(self, batch: pl.DataFrame, columns: Collection[str] | None = None) -> pl.DataFrame:
        """Our columns as text, by default all: null where empty, words replaced by ours, declared facts filled in.

        What rules and the brief tell of a consent is not filled in: it counts less than what is told elsewhere. A rule
        that tells an objection, a refusal or a withdrawal comes before a cell that says that there was none.
        """
        facts = self._mapped(batch, columns or vocabulary().columns)
        for ours in {rule.ours for rule in self.header.rules}.intersection(facts.columns).difference(DECLARABLE):
            by_rule, cell = pl.lit(self._by_rules(batch, ours)), pl.col(ours)
            denied = cell.str.to_lowercase().is_in(NONE if ours in OR_NONE else ())
            filled = pl.when(denied).then(pl.coalesce(by_rule, cell)).otherwise(pl.coalesce(cell, by_rule))
            facts = facts.with_columns(filled.alias(ours))
        return facts.with_columns(
            pl.col(ours).fill_null(fact)
            for ours, fact in self.header.brief.facts.items()
            if ours in facts.columns and ours not in DECLARABLE
        )

    def _by_rules(self, batch: pl.DataFrame, ours: str, filled: bool | None = None) -> pl.Series:
        """Values of one of our columns that follow from filled and empty cells of others; null where none do.

        filled: only by rules about filled, or about empty cells.

        Where rules contradict each other the result is all of their values joined, which no column accepts: the cell
        then counts as not understood, or as an objection.
        """
        rules = [rule for rule in self.header.rules if rule.ours == ours and filled in (None, rule.filled)]
        words = [pl.when(pl.lit(self._holds(rule, batch))).then(pl.lit(rule.word)) for rule in rules]
        if not words:
            return repeated(None, pl.String, batch.height)
        joined = pl.concat_list(words).list.drop_nulls().list.unique(maintain_order=True).list.join(" / ")
        return pl.select(pl.when(joined != "").then(joined)).to_series()

    def _holds(self, rule: Rule, batch: pl.DataFrame) -> pl.Series:
        """In which rows a rule applies. A cell such as `no` is neither filled nor empty; a refusal is not a consent.

        One that tells nothing, or contradicts the rule, is filled only for objections, withdrawals and refusals.
        """
        state = fill_state(batch[rule.column], [rule], self.header.brief.values, self._today)
        if not rule.filled:
            return state.is_null()
        return state.is_in(list("x?!" if rule.objects else "x")).fill_null(False)

    def _mapped(self, batch: pl.DataFrame, columns: Collection[str]) -> pl.DataFrame:
        """The cells of some of our columns as text, null where empty, words replaced by ours."""
        cells = {}
        empty = pl.repeat(None, batch.height, dtype=pl.String)
        for ours in columns:
            theirs = self.header.columns.get(ours)
            cells[ours] = (text_of(batch[theirs]) if theirs in batch.columns else empty).alias(ours)
        facts = batch.select(cells.values())
        for ours in cells:
            if known := {**self._noes(ours), **self.header.brief.values.get(ours, {})}:
                facts = facts.with_columns(
                    each_distinct(facts.select(ours), lambda word, w=known: _translated(word, w), {ours: pl.String})
                )
        return facts

    def _noes(self, ours: str) -> dict[str, str]:
        """What a no means in a column of objections: one, too, if its name does not say so and the brief neither.

        In a column that says whom one may call it is an objection, and in a column of objections it is none.
        """
        name = self.header.columns.get(ours)
        is_doubtful = (
            name
            and ours in OR_NONE
            and folded(name) not in (folded(ours), ours.partition("_")[0])
            and not objects(name)
        )
        return dict.fromkeys(NO, YES[0]) if is_doubtful else {}

    def regions(self, batch: pl.DataFrame) -> pl.Series | str | None:
        """The numbering plan of numbers in national format, of all rows or of each; null where none is known."""
        if "region" not in {*self.header.columns, *(rule.ours for rule in self.header.rules)}:
            return self._region(self.header.brief.facts.get("region"))[0]
        return each_distinct(self.cells(batch, ["region"]), self._region, {"region": pl.String})["region"]

    def _region(self, cell: str | None) -> tuple[str | None]:
        region = cell.upper() if cell else self.header.brief.region
        return (region if region and known_region(region) else None,)

    @cached_property
    def _known(self) -> Remembered:
        return Remembered(_REMEMBERED)

    def facts(self, plans: pl.DataFrame, kinds: pl.DataFrame) -> pl.DataFrame:
        """The facts of distinct rows; those of rows that came before are remembered.

        Args:
            plans: cells of the list, `RAGGED`, `KIND` (row of `kinds`) and `UNREAD` (why there is no number).
            kinds: what the numbering plan says of numbers (see `dnc.numbers.bulk_reader.Column`).
        Returns:
            The facts (see `Calls.plans`); `MARKS`, which cells of a row were not understood or filled by a rule, a list
            of `what`, `column` and `word` as in `Calls.cells`; and `STATED`, a list of statements (see
            `dnc.lists.statements.SAID`). The lists are null where there are none.
        """
        typed = [cells for cells in plans if cells.name != KIND and cells.dtype != pl.String]
        plans = plans.with_columns(text_of(cells).alias(cells.name) for cells in typed) if typed else plans
        call_at = self._untold_moment
        when = self._today, call_at  # what counts as a date in the past changes at midnight
        return self._known(
            plans.height,
            ((*when, *row) for row in plans.iter_rows()),
            lambda at: self._facts(plans[at], kinds, call_at),
        )

    def _facts(self, plans: pl.DataFrame, kinds: pl.DataFrame, call_at: str) -> pl.DataFrame:
        cells = self.cells(plans).with_columns(pl.col("call_at").fill_null(call_at))
        facts, odd = self._understood(cells, plans, kinds)
        note = self._notes(cells, odd, {"line": facts["plan_line"]})
        facts = facts.with_columns(note.alias("odd"), *self._assumed(plans))
        facts = self._marked(facts, cells, plans, odd)
        days = self._days_told(plans, facts)
        stated = _in_lists(self._stated(plans, facts, days), STATED, plans.height)
        days["objected_on"] += days.pop(WRONG_NUMBER, [])  # in own records, whose rows tell one thing
        strictest = [_strictest(ours, columns) for ours, columns in days.items() if len(columns) > 1]
        return facts.drop(MINUTES.values()).with_columns(stated, *strictest)

    def _understood(self, cells: pl.DataFrame, plans: pl.DataFrame, kinds: pl.DataFrame) -> tuple[pl.DataFrame, Odd]:
        """What is understood of the cells, and what is not. Each step uses what the ones before it found."""
        odd: Odd = {}
        facts = _words(cells, odd)
        facts = facts.hstack(_of_numbers(cells, plans, kinds, odd))
        facts = facts.with_columns(_defaults(facts, cells, odd))
        where = self._where(cells, facts, odd)
        facts = facts.hstack(self._when(cells, where, odd)).hstack(where[["jurisdiction", "polls", "place"]])
        facts = facts.with_columns(where["zones"].replace("", None).alias("clocks"))
        facts = facts.hstack(self._others(cells, facts["territory"], where["zones"], odd))
        timed = pl.when(pl.first().str.contains(":")).then(pl.first())
        for name, minute in MINUTES.items():
            times = pl.DataFrame([cells[name], where["zones"]]).with_columns(timed)
            read = partial(certain_instant, dates=self.header.brief.dates, now=self.now)
            at = _read(times, read, pl.Datetime("us"))[0]
            on = pl.when(facts[name] < NEVER).then(facts[name])
            facts = facts.with_columns(at.alias(minute)).with_columns(minute_of(minute, on).alias(minute))
        facts = facts.with_columns(at_agreed_hour(), *_consent(facts, odd))
        if odd["objected_on"].any():  # the rule says all about a yes; of a withdrawal and a refusal the cell does
            odd["objected_on"] &= ~cells["objected_on"].str.to_lowercase().is_in(YES)
        return facts, odd

    def _marked(self, facts: pl.DataFrame, cells: pl.DataFrame, plans: pl.DataFrame, odd: Odd) -> pl.DataFrame:
        """The facts with `texts` and `MARKS`: what was not understood, contradicted or filled by a rule."""
        fits = fit(plans[RAGGED])
        misread = {ours: here for ours, here in self._misread(cells, odd, fits) if here.any()}
        contradicted = self._contradicted(plans, fits)
        found = [self._words_of(ours, cells[ours], here) for ours, here in misread.items()]
        found += [_marks(here.arg_true(), "unread", name, pl.lit("")) for name, here in contradicted.items()]
        counts = pl.concat([*found, *self._filled(plans, fits, facts["consent_odd"])])
        return facts.with_columns(self._unread(plans, misread, contradicted), _in_lists(counts, MARKS, plans.height))

    def _assumed(self, plans: pl.DataFrame) -> list[pl.Series]:
        """What is declared of a consent where nobody speaks of it (`ASSUMED`): by a rule of an empty cell, or for all.

        A filled cell that has a rule speaks of it, and be it to say no.
        """
        columns = []
        for ours in DECLARABLE:
            by_rule = self._read_declared(ours, self._by_rules(plans, ours, filled=False))
            rules = [rule for rule in self.header.rules if rule.ours == ours and rule.filled]
            spoken = pl.any_horizontal(pl.lit(False), *(text_of(plans[rule.column]).is_not_null() for rule in rules))
            declared = self._read_declared(ours, pl.Series([self.header.brief.facts.get(ours)], dtype=pl.String))
            for_all = pl.when(~spoken).then(pl.lit(declared[0], declared.dtype))
            columns.append(pl.select(pl.coalesce(pl.lit(by_rule), for_all).alias(ASSUMED + ours)).to_series())
        return columns

    def _read_declared(self, ours: str, texts: pl.Series) -> pl.Series:
        """Values that the brief declares for one of `DECLARABLE`; null where they are not understood."""
        read = partial(read_declared, ours, dates=self.header.brief.dates, now=self.now)
        return _read(texts.to_frame(ours), read, pl.Date if ours in DATES else pl.String)[0]

    def _stated(
        self, plans: pl.DataFrame, facts: pl.DataFrame, days: Mapping[str, Sequence[pl.Series]]
    ) -> pl.DataFrame:
        """What rows say of their persons, see `of_rows`. days: of what is against calls, by column."""
        by_rule = dict.fromkeys(rule.ours for rule in self.header.rules if rule.filled and rule.ours in DECLARABLE)
        rules = [self._read_declared(ours, self._by_rules(plans, ours, filled=True)).alias(ours) for ours in by_rule]
        denied = self.header.brief.facts.get("objected_on", "").lower() in NONE
        facts = facts.with_columns(self.texts_of_persons.alias("text"), denied=pl.lit(denied))
        return of_rows(facts, days, rules, plans[RAGGED], self.header.against)

    def _misread(self, cells: pl.DataFrame, odd: Odd, fits: pl.Series) -> Iterator[tuple[str, pl.Series]]:
        """Our column → which rows have a cell of it that was not understood, and to which no text gives a meaning."""
        for ours, is_odd in odd.items():
            if not is_odd.any():
                continue
            cell = cells[ours]
            here = is_odd & cell.is_not_null() & fits
            if axis := vocabulary().axes.get(ours):  # a line that contradicts the numbering plan is understood
                here &= ~cell.str.to_lowercase().is_in(axis)
            elif ours in AGAINST:  # nor is it a mistake to record an objection without its day
                here &= ~cell.str.to_lowercase().is_in(YES)
            texts = self.header.texts.get(self.header.columns.get(ours, ""), TextMeanings())
            if texts.meanings and here.any():
                here &= texts.meant(cell, normal(cell)).is_null()
            yield ours, here.fill_null(False)

    def _words_of(self, ours: str, cell: pl.Series, here: pl.Series) -> pl.DataFrame:
        """The words of some rows that were not understood, as `MARKS` counts them."""
        at = here.arg_true()
        word = pl.lit(cell[at].map_elements(shown, pl.String))
        if vocabulary().columns[ours]["kind"] in ("date", "datetime"):
            order = pl.lit(cell[at].map_elements(only_order, pl.String))  # it may not be the declared one
            other = pl.when(order != self.header.brief.dates).then(pl.format(" ({})", order))
            word = pl.concat_str(word, other, ignore_nulls=True)
        return _marks(at, "misread", ours, word)

    def _contradicted(self, plans: pl.DataFrame, fits: pl.Series) -> dict[str, pl.Series]:
        """Column of the file → rows in which its filled cell contradicts what a rule about filled cells says."""
        found: dict[str, pl.Series] = {}
        for rule in self.header.rules:
            if rule.filled and rule.ours not in OR_NONE:
                state = fill_state(plans[rule.column], [rule], self.header.brief.values, self._today)
                here = (state == "!").fill_null(False) & fits
                if here.any():
                    found[rule.name] = here | found[rule.name] if rule.name in found else here
        return found

    def _unread(
        self, plans: pl.DataFrame, misread: Mapping[str, pl.Series], contradicted: Mapping[str, pl.Series]
    ) -> pl.Series:
        """`texts`: names of the columns with a text that has no meaning, `;` between them; empty where there is none.

        An objection needs no further meaning, and a moment that cannot be read has its own.
        """
        names, texts = self.header.mapped, plans[TEXTS].fill_null("")
        others = ((names.get(ours, ours), misread[ours]) for ours in misread if ours not in ("objected_on", "call_at"))
        if not (unread := [*contradicted.items(), *others]):
            return texts.alias("texts")
        named = [pl.when(here).then(pl.lit(name.replace(";", ","))) for name, here in unread]
        both = pl.concat_list(pl.lit(texts).str.split(";"), *named).list.drop_nulls().list.set_difference([""])
        return pl.select(both.list.unique().list.sort().list.join(";").alias("texts")).to_series()

    def _days_told(self, plans: pl.DataFrame, facts: pl.DataFrame) -> dict[str, list[pl.Series]]:
        """The days of objections, refusals and withdrawals by column: those of the cells, then those that texts tell.

        A refusal without a day counts as an objection, and so does a death, on all days.
        """
        days, zones = {ours: [facts[ours]] for ours in OR_NONE}, facts["clocks"].fill_null("").alias("zones")
        for name in plans.columns:
            ours, column, _ = name.partition("\0")
            if column and ours in TOLD:
                cells = pl.DataFrame([plans[name].alias("day"), zones])
                read = each_distinct(cells, partial(self._day, ours), {"day": pl.Date, "odd": pl.Boolean})["day"]
                is_filled = pl.lit(plans[name].is_not_null())
                known = pl.when(is_filled & (pl.lit(read) < NEVER)).then(pl.lit(read))
                if ours in days:
                    days[ours].append(pl.select(known.alias(ours)).to_series())
                elif ours == WRONG_NUMBER:
                    days[ours] = [pl.select(pl.when(is_filled).then(known.fill_null(ALWAYS)).alias(ours)).to_series()]
                undated = is_filled & ((known.fill_null(ALWAYS) == ALWAYS) | pl.lit(ours == DECEASED))
                if ours in ("refused_on", DECEASED):
                    days["objected_on"].append(pl.select(pl.when(undated).then(pl.lit(ALWAYS))).to_series())
        return days

    def _filled(self, plans: pl.DataFrame, fits: pl.Series, consent_odd: pl.Series) -> Iterator[pl.DataFrame]:
        """Which rows have an empty cell that a rule filled, by rule.

        No consent is filled in where a cell about it was not understood (`consent_odd`).
        """
        yield pl.DataFrame(schema=_MARKS)
        for rule in self.header.rules:
            cells = self._mapped(plans, [rule.ours])[rule.ours]
            used = self._holds(rule, plans) & (fits & ~consent_odd if rule.ours in DECLARABLE else fits)
            yield _marks((cells.is_null() & used).arg_true(), rule.key, rule.name, pl.lit(rule.shown))

    @property
    def _today(self) -> date:
        return self.now or today()

    @property
    def _untold_moment(self) -> str:
        """When calls are planned of which that is not told: at a gate this minute, in a list at some hour of today."""
        if self.at is None and self.at_gate and self.now is None:
            return present().isoformat(timespec="minutes")
        return self.at or self._today.isoformat()

    def _where(self, cells: pl.DataFrame, facts: pl.DataFrame, odd: Odd) -> pl.DataFrame:
        """Where the called persons are, with the columns of `dnc.lists.local_time.Where`."""
        by_plan = facts[["territory", "code", "plan_place", "plan_zones"]]
        where = each_distinct(cells[["place"]].hstack(by_plan), Places(self.book).where, _WHERE)
        odd["place"] = cells["place"].is_not_null() & ~where["read"]
        return where

    def _when(self, cells: pl.DataFrame, where: pl.DataFrame, odd: Odd) -> list[pl.Series]:
        call_at = cells["call_at"]
        known_zones = pl.select(pl.when(where["read"]).then(where["zones"])).to_series()
        dates = self.header.brief.dates
        moments = each_distinct(
            pl.DataFrame([call_at, where["zones"], where["read"]]),
            partial(call_moment, dates=dates, now=self.now, at_gate=self.at_gate),
            _MOMENT,
        )
        odd["call_at"] = moments["day"].is_null()
        agreed, odd["appointment_at"] = _read(
            pl.DataFrame([cells["appointment_at"], known_zones.alias("zones"), call_at]),
            partial(appointment, dates=dates, now=self.now),
            pl.Datetime("us"),
        )
        return [*moments, agreed.alias("appointment_at")]

    def _others(self, cells: pl.DataFrame, territory: pl.Series, zones: pl.Series, odd: Odd) -> list[pl.Series]:
        columns = [cells["campaign"]]
        for name in DATES:
            read = each_distinct(
                pl.DataFrame([cells[name], zones]), partial(self._day, name), {name: pl.Date, "odd": pl.Boolean}
            )
            odd[name] = read["odd"]
            columns.append(read[name])
        region = pl.coalesce(cells["region"].str.to_uppercase(), pl.lit(self.header.brief.region), territory)
        cli, odd["cli"] = _read(pl.select(cells["cli"], region=region), read_cli, pl.String)
        hours, odd["hours_agreed"] = _read(cells[["hours_agreed"]], read_hours, pl.String)
        columns += [cli, hours]
        for name in ("attempts", "attempts_day"):
            attempts, odd[name] = _read(cells[[name]], _attempts, pl.Int32)
            columns.append(attempts)
        return columns

    def _day(self, column: str, text: str | None, zones: str) -> tuple[date | None, bool]:
        """A day, and whether it was not understood: one on which something happened cannot be still to come.

        Nor is one understood that programs write for "no date". A withdrawal is compared with the day of a consent, and
        an old refusal no longer counts, so their days must not be doubtful. A consent until some hour of a day is one
        until the day before.
        """
        if text is None:
            return _EMPTY.get(column), False
        if column in OR_NONE and text.lower() in NONE:
            return NEVER, False
        day = local_day(text, zones, self.header.brief.dates, self.now)
        is_odd = day is None or day <= NO_DAYS or (day > self._today and column != _AHEAD)
        is_odd |= column in ("consent_withdrawn_on", "refused_on") and may_be_cut(text)
        if is_odd:
            return _UNREADABLE.get(column), True
        ends_earlier = column == _AHEAD and is_within_day(text, self.header.brief.dates)
        return (day - timedelta(days=1) if day and ends_earlier else day), False

    def _notes(self, cells: pl.DataFrame, odd: Odd, by_plan: Mapping[str, pl.Series]) -> pl.Expr:
        """Names all cells of a row that were not understood; by_plan: see `_note`."""
        notes = [
            self._note(cells, column, is_odd, by_plan.get(column)) for column, is_odd in odd.items() if is_odd.any()
        ]
        return pl.concat_str(notes or [pl.lit("")], separator=", ", ignore_nulls=True)

    def _note(self, cells: pl.DataFrame, column: str, is_odd: pl.Series, by_plan: pl.Series | None) -> pl.Expr:
        """Names a cell that was not understood, and what the numbering plan says instead."""
        texts, words = messages("why", self.language), vocabulary()
        cell = quoted_cell(pl.lit(cells[column].fill_null(self.at or "")))
        label = words.label(column, self.language)
        note = pl.format(texts["odd_cell"].format(label=label, cell="{}"), cell)
        if by_plan is not None:
            lines = {line: words.value(column, line, self.language) for line in words.axes[column]}
            plan = pl.format(texts["odd_plan"].format(plan="{}"), pl.lit(by_plan).replace(lines))
            note += plan.fill_null("")
        return pl.when(is_odd).then(note)


def fit(ragged: pl.Series) -> pl.Series:
    """Which rows fit the header, by their cells of `RAGGED`."""
    is_fit = ragged.is_null()
    return is_fit if is_fit.all() else is_fit | ragged.is_in(MARKED)


def fill_state(
    cells: pl.Series, rules: Collection[Rule], values: Mapping[str, Mapping[str, str]], now: date
) -> pl.Series:
    """Which cells are filled: `x`, or one of `~!?` (see `_state`); null where empty.

    The function may be applied to its own result.

    Args:
        rules: about the column.
        values: `Brief.values`; a word that is no objection by them says that there is nothing.
        now: today.
    """
    text, filled = text_of(cells), [rule for rule in rules if rule.filled]
    if not filled:
        return pl.select(pl.when(text.is_not_null()).then(pl.lit("x"))).to_series()
    by_rule = [values.get(rule.ours, {}) for rule in rules if rule.objects]
    nothing = {word: "~" for words in by_rule for word, ours in words.items() if ours in NONE and word not in _STATES}
    row, distinct = numbered(cells.to_frame().select(text.alias("text")))
    texts = distinct["text"]
    says_yes = {word for rule in filled for word, ours in values.get(rule.ours, {}).items() if ours == rule.word}
    states = pl.Series([word and _state(word, nothing, filled, says_yes, now) for word in texts], dtype=pl.String)
    against = marked(texts) & (states != "~")
    return pl.select(pl.when(against).then(pl.lit("!")).otherwise(states).alias("state")).to_series()[row]


def _state(text: str, nothing: Mapping[str, str], rules: Sequence[Rule], says_yes: Collection[str], now: date) -> str:
    """What a cell with a text is for rules about filled cells.

    `~` says that there is nothing (`n/a`, `no`, what `nothing` maps to it), `!` contradicts a rule, or is neither a yes
    nor a past day where a rule needs one, `?` tells no more than an empty cell (`NULL`).
    """
    if _translated(text.lower(), nothing)[0] in ("~", *NONE):
        return "~"
    if text == "!" or any(contradicts(text, rule.ours, rule.word) for rule in rules):
        return "!"
    if says_nothing(text):
        return "?"
    if text.lower() in YES or not any(rule.needs_yes for rule in rules) or folded(text) in says_yes:
        return "x"
    days = (read_day(text, order, now) for order in ("dmy", "mdy"))
    means = any(meaning(rule.ours, text) == rule.word for rule in rules) or any(day and day <= now for day in days)
    return "x" if means else "!"


def _marks(at: pl.Series, what: str, column: str, word: pl.Expr) -> pl.DataFrame:
    note = pl.lit(what).alias("what"), pl.lit(column).alias("column"), word.alias("word")
    return (
        at.cast(pl.UInt32).alias("plan").to_frame().select("plan", *note) if at.len() else pl.DataFrame(schema=_MARKS)
    )


def _words(cells: pl.DataFrame, odd: Odd) -> pl.DataFrame:
    """The axes: columns with a closed list of words."""
    columns = []
    for axis, words in vocabulary().axes.items():
        known = {word: word for word in words}
        read, odd[axis] = _read(cells[[axis]], lambda text, known=known: known.get(text.lower()), pl.String)
        columns.append(read)
    return pl.DataFrame(columns)


def _of_numbers(cells: pl.DataFrame, plans: pl.DataFrame, kinds: pl.DataFrame, odd: Odd) -> list[pl.Series]:
    """Why there is no number, or where it belongs by its numbering plan."""
    region = cells["region"].str.to_uppercase()
    strange = [code is not None and not known_region(code) for code in region]
    odd["region"] = pl.Series(strange, dtype=pl.Boolean)
    is_fit = pl.lit(fit(plans[RAGGED]))
    unread, kind = plans.select(
        pl.when(is_fit).then(UNREAD).otherwise(RAGGED).alias("unread"),
        pl.when(is_fit & pl.col(UNREAD).is_null()).then(KIND).alias(KIND),
    )
    where = kinds.select("territory", "code", "doubt", plan_place="place", plan_zones="zones", plan_line="line")
    where = taken(where, kind).with_columns(
        pl.when(plans[RAGGED].is_in(MARKED)).then(plans[RAGGED]).otherwise("doubt").alias("doubt")
    )
    return [unread, *where.get_columns()]


def _defaults(facts: pl.DataFrame, cells: pl.DataFrame, odd: Odd) -> list[pl.Expr]:
    """Purpose by caller and dialler by voice where the cell is empty; the line by the numbering plan where it says.

    The numbering plan knows the line better than the seller of the number.
    """
    purpose = pl.col("caller").replace_strict(vocabulary().purposes, default=None, return_dtype=pl.String)
    robot = pl.when(pl.col("voice").is_in(["recorded", "ai"])).then(pl.lit("robot"))
    odd["line"] |= (facts["line"] != facts["plan_line"]).fill_null(False)
    filled = [
        pl.when(pl.lit(cells[name]).is_null()).then(default).otherwise(pl.col(name)).alias(name)
        for name, default in {"purpose": purpose, "dialler": robot}.items()
    ]
    return [*filled, pl.coalesce("plan_line", "line").alias("line")]


def _consent(facts: pl.DataFrame, odd: Odd) -> list[pl.Expr]:
    """A consent counts as empty where anything in its columns was not understood; `none` always counts."""
    doubtful = pl.select(pl.any_horizontal(odd[name] for name in DECLARABLE)).to_series()
    consent = pl.when(~doubtful | (facts["consent"] == "none")).then(facts["consent"])
    return [consent.alias("consent"), pl.lit(doubtful).alias("consent_odd")]


def _strictest(ours: str, columns: Sequence[pl.Series]) -> pl.Expr:
    """The day that counts of several; null where none is known, NEVER where it is known that there was none.

    The first one does; but of withdrawals on several days none can stand for all: an earlier call is after the first,
    and a consent may be before the last. So they count on all days.
    """
    days = [pl.when(pl.lit(day) < NEVER).then(pl.lit(day)) for day in columns]
    first, last = pl.min_horizontal(days), pl.max_horizontal(days)
    found = pl.when(first != last).then(pl.lit(ALWAYS)).otherwise(first) if ours == "consent_withdrawn_on" else first
    return pl.coalesce(found, pl.lit(columns[0])).alias(ours)


def _in_lists(rows: pl.DataFrame, name: str, height: int) -> pl.Series:
    """Rows with `plan`, a position, as a list at each position; null where there are none."""
    lists = rows.group_by("plan").agg(pl.struct(pl.exclude("plan")).alias(name))
    at = repeated(None, pl.UInt32, height)
    at = at.scatter(lists["plan"], pl.int_range(0, lists.height, dtype=pl.UInt32, eager=True))
    return lists[name][at]


def quoted_cell(text: pl.Expr) -> pl.Expr:
    """A cell as a note repeats it: its beginning, on one line."""
    return text.str.head(_QUOTED).str.replace_all(r"[\x00-\x1f\x7f]", " ")


def text_of(cells: pl.Series) -> pl.Expr:
    """Cells as trimmed text, null where empty; booleans as yes and no."""
    if cells.dtype == pl.Boolean:
        return pl.when(pl.lit(cells)).then(pl.lit("yes")).when(~pl.lit(cells)).then(pl.lit("no"))
    return pl.lit(text_cells(cells))


def _translated(word: str | None, words: Mapping[str, str]) -> tuple[str | None]:
    if word is None:
        return (None,)
    same = _WITH_DECIMAL.sub(r"\1", word)
    return (words.get(folded(word), words.get(folded(same), word)),)


def read_declared(ours: str, text: str, dates: str, now: date | None) -> str | date | None:
    """A value that a brief declares for one of `DECLARABLE`; None if it is not understood.

    dates, now: as for `read_day`.
    """
    if ours in DATES:
        return read_day(text, dates, now)
    if ours == "hours_agreed":
        return read_hours(text)
    return text if text in vocabulary().axes[ours] else None


def at_agreed_hour() -> pl.Expr:
    """Whether calls are planned within the hours that the person agreed to, as in `dnc.law.demands.FACTS`.

    A date without a time is at a lawful hour of that day; whether that is an agreed one, its time has to tell.
    """
    first, last = (pl.col("hours_agreed").str.slice(at, 5) for at in (0, 6))
    at_first, at_last = (pl.col(name).dt.to_string("%H:%M").is_between(first, last, closed="left") for name in _CLOCKS)
    known = pl.when(at_first & at_last).then(pl.lit("yes")).when(~at_first & ~at_last).then(pl.lit("no"))
    timed = pl.when(pl.col("timed")).then(known.otherwise(pl.lit("place"))).otherwise(pl.lit("call_at"))
    return pl.when(pl.col("hours_agreed").is_null()).then(pl.lit("yes")).otherwise(timed).alias("at_agreed_hour")


def _read(
    cells: pl.DataFrame, function: Callable[..., object], kind: pl.DataType | type[pl.DataType]
) -> tuple[pl.Series, pl.Series]:
    """What a function reads from the cells of each row, and where it reads nothing although the first one is filled."""

    def value_and_odd(text: str | None, *others: str | None) -> tuple[object, bool]:
        value = None if text is None else function(text, *others)
        return value, text is not None and value is None

    first, name = cells.to_series(), cells.columns[0]
    if first.null_count() == first.len():
        return first.cast(kind), repeated(False, pl.Boolean, first.len())
    read = each_distinct(cells, value_and_odd, {name: kind, "odd": pl.Boolean})
    return read[name], read["odd"]


def _attempts(text: str) -> int | None:
    """A count; one or two zeros are a spreadsheet's decimals, three would make a thousand of it."""
    match = _COUNT.fullmatch(text)
    return int(match[1]) if match else None


def read_cli(text: str, region: str | None) -> str | None:
    """`withheld`, a short number as it is, or E.164 with its plus; None if unreadable."""
    if text.lower() == "withheld":
        return "withheld"
    if _SHORT_NUMBER.match(text.replace(" ", "")):
        return text.replace(" ", "")
    number = read_number(text, region or None).number
    return f"+{number}" if number else None
