"""Intake: a planned-calls file → frames of facts, one row a call, in the file's order.

Files raise, rows do not: text that is no number, a date that is no date, a word
outside the vocabulary become null, and a note says what was not understood.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import NamedTuple

import polars as pl

from dnc.checks.brief import Brief
from dnc.clock import ALWAYS, NEVER, NONE, UNTOLD, is_zone, local, read_day, read_moment, today
from dnc.errors import InputError, OptionError
from dnc.files.output_rows import Shared
from dnc.files.table import (
    FEWER,
    LINE,
    RAGGED,
    UNNAMED,
    Table,
    folded,
    looks_like_phone,
    may_be_data,
    quoted,
    refuse_data_as_header,
)
from dnc.frames import as_text, each_distinct, numbered
from dnc.law.demands import FACTS
from dnc.law.regimes import Pack
from dnc.law.rulebook import Rulebook
from dnc.law.vocabulary import AGAINST, FORMER, OR_NONE, hints, vocabulary
from dnc.numbers.bulk_reader import Column, read_column
from dnc.numbers.reader import known_region, read_number, shares_code

_UNREADABLE = {"objected_on": ALWAYS, "consent_withdrawn_on": ALWAYS}
_EMPTY = {"consent_withdrawn_on": NEVER, "refused_on": NEVER}
_DATES = [name for name, kind in FACTS.items() if kind == "DATE" and name != "day"]
TORN = "the row lacks cells, as does one beside it without a number: they may be one row broken in two"
_SHOWN = 40  # characters of a value that was not understood
FAR_APART = timedelta(hours=6)  # clocks further apart could lie on both sides of a window of lawful hours
_WAS = "dnc_outcome"  # in the output of a former run
_PLACE = re.compile(r"^[A-Z]{2}-[A-Z0-9]{1,3}$")
_SHORT = re.compile(r"^[0-9]{3,6}$")
_SHORT_NAME = 5  # letters of a name of a column: fewer are like anything
_KIND, _UNREAD = "\0kind", "\0unread"  # what a number tells, beside a file's own columns

_MOMENT = {"day": pl.Date, "at_first": pl.Datetime("us"), "at_last": pl.Datetime("us"), "timed": pl.Boolean}
_WHERE = {
    "jurisdiction": pl.String,
    "zones": pl.String,
    "polls": pl.String,
    "place": pl.String,
    "read": pl.Boolean,
}


class Calls(NamedTuple):
    """Planned calls.

    carried: the input's columns, untouched, a row a call.
    number: E.164 digits (UInt64), null where unread. plan: row of `plans`.
    plans: facts, each distinct one once: the columns of `dnc.law.demands.FACTS`, the axes, and `territory`,
    `jurisdiction`, `unread` (why there is no number), `doubt` (why the number may be mistyped), `odd` (what was not
    understood, or empty), `consent_odd` (whether anything that is told of a consent was not understood), `elsewhere`
    (what other rows told of the number, or empty; see `dnc.checks.other_rows`).
    was: the outcome of a former run; None where the file is not the output of one.
    shared: those columns of `carried` that are text and told alike in many rows, where that is known.
    """

    carried: pl.DataFrame
    number: pl.Series
    plan: pl.Series
    plans: pl.DataFrame
    was: pl.Series | None = None
    shared: Shared | None = None

    def facts(self, *columns: str) -> pl.DataFrame:
        """Columns of the facts, all unless told, a row a call, with `number`."""
        plans = self.plans.select(columns) if columns else self.plans
        return plans[self.plan].with_columns(self.number.alias("number"))


@dataclass(frozen=True)
class Intake:
    """A planned-calls file, opened and understood as far as its header goes.

    brief: how its words become ours. at: when calls are planned that do not say it.
    now: the day that counts as today; the clock's, asked anew for each batch, unless told.
    """

    table: Table
    brief: Brief
    book: Rulebook
    at: str | None = None
    now: date | None = None

    def __post_init__(self) -> None:
        if self.at is not None and read_moment(self.at, self.brief.dates) is None:
            raise OptionError(f"--at {self.at!r} is no date; write YYYY-MM-DD or YYYY-MM-DDTHH:MM")

    @cached_property
    def _header(self) -> dict[str, str]:
        """The name of each of the table's columns as it stands in the file."""
        return dict(zip(self.table.columns, self.table.header, strict=True))

    @cached_property
    def columns(self) -> dict[str, str]:
        """Our name → the name of the table's column that tells it."""
        header = self._header
        by_folded: dict[str, list[str]] = {}
        for unique, name in header.items():
            if unique not in self.ignored:
                by_folded.setdefault(folded(name), []).append(unique)
        found: dict[str, str] = {}
        path, line = self.table.path, self.table.skipped + 1
        refuse_data_as_header(header.values(), path, line)
        for ours in vocabulary().columns:
            theirs = self.brief.columns.get(ours)
            same = by_folded.get(folded(theirs or ours), [])
            if theirs in header and not same:  # a name that was made unique
                same = by_folded.get(folded(header[theirs]), []) if header[theirs] else [theirs]
            if theirs and not same:
                raise InputError(f"no column {quoted([theirs])} for {ours}; there are: {quoted(header)}", path, line)
            if len(same) > 1:
                raise InputError(
                    f"several columns are called {quoted([theirs or ours])}; rename all but one", path, line
                )
            if same:
                found[ours] = same[0]
        if "number" not in found:
            raise InputError(self._no_number(), path, line)
        return found

    def _no_number(self) -> str:
        likely = [name for name in self.table.columns if looks_like_phone(name) and not may_be_data(name)]
        if not likely:
            return f"no column 'number'; name it with --map number=…; there are: {quoted(self.table.columns)}"
        return f"no column 'number'; is it --map number={quoted(likely[:1])}?"

    @property
    def against(self) -> list[str]:
        """Our columns, of those that the file has, that tell objections and withdrawals."""
        return [name for name in AGAINST if name in self.columns]

    def tells_against(self, batch: pl.DataFrame) -> pl.Series:
        """Whether rows tell anything in these columns but that there was none."""
        told = self._told(batch.select({self.columns[name] for name in self.against}), self.against)
        words = [~pl.col(name).str.to_lowercase().is_in(NONE) for name in self.against]
        return told.select(pl.any_horizontal(words).fill_null(False)).to_series()

    def ids(self, batch: pl.DataFrame) -> pl.Series:
        """The user's own row ids, null where there are none."""
        theirs = self.columns.get("call")
        ids = _text(batch[theirs]) if theirs else pl.repeat(None, pl.len(), dtype=pl.String)
        return batch.select(_shown(ids)).to_series()

    @property
    def second_numbers(self) -> list[str]:
        """Columns that look like telephone numbers and are not looked at."""
        return [name for name in self._theirs if looks_like_phone(name)]

    @cached_property
    def ignored(self) -> list[str]:
        """Columns that are left out on purpose."""
        named = set(map(folded, self.brief.ignore))
        header = zip(self.table.columns, self.table.header, strict=True)
        return [unique for unique, name in header if unique in self.brief.ignore or folded(name) in named]

    @property
    def _theirs(self) -> list[str]:
        """Columns that are carried and not read: neither mapped nor left out on purpose."""
        known = {*self.columns.values(), *self.ignored}
        return [name for name in self.carried if name not in known]

    @property
    def unheard(self) -> list[str]:
        """Columns of theirs that may tell objections, by their name."""
        return [name for name in self._theirs if _may_object(name)]

    @property
    def mistyped(self) -> dict[str, str]:
        """Columns of theirs that are called almost like one of ours that the file has not, and that one."""
        ours = [name for name in vocabulary().columns if name not in self.columns]
        found = {name: _meant(name, ours) for name in self._theirs}
        return {name: meant for name, meant in found.items() if meant}

    def refuse_unheard(self, way_out: str = "map them (--map objected_on={first}, or [columns] in the brief)") -> None:
        """Raise OptionError where there are columns that may tell objections, or that are called almost like ours."""
        path, line = self.table.path, self.table.skipped + 1
        if names := self.unheard:
            first = quoted(names[:1])
            why = (
                f"columns that may tell objections are not used: {quoted(names)}; {way_out.format(first=first)}, "
                f"or leave them out on purpose (--ignore {first}, or ignore = [{first}] in the brief)"
            )
            raise OptionError(why, path, line)
        for name, ours in self.mistyped.items():
            first = quoted([name])
            why = (
                f"column {first} is not used; is it {ours}? Call it so, or leave it out on purpose "
                f"(--ignore {first}, or ignore = [{first}] in the brief)"
            )
            raise OptionError(why, path, line)

    @property
    def carried(self) -> list[str]:
        """Columns of the output that come from the input: all but those of a former run."""
        return [name for name in self.table.columns if name not in FORMER]

    @property
    def former(self) -> bool:
        """Whether the file is the output of a former run."""
        return _WAS in self.table.columns

    def batches(self) -> Iterator[Calls]:
        """The calls of the file, batch by batch, in its order. Raises InputError where a second header stands in it."""
        for batch in self.fitted(self.table.batches):
            yield self.calls(batch)

    def fitted(self, batches: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
        """Batches of the file; where the brief says so, rows that lack cells at their end fit.

        Raises OptionError at text in a column without a name, among those that have one.
        """
        nameless = self._nameless
        for batch in self._filled_up(batches) if self.brief.short_rows else batches:
            for name in nameless:
                self._refuse_nameless(batch, name)
            yield batch

    @property
    def _nameless(self) -> list[str]:
        """Columns of theirs without a name that stand before the last one with a name."""
        named = [at for at, name in enumerate(self.table.header) if name.strip()]
        before = set(self.table.columns[: max(named, default=0)])
        return [name for name in self._theirs if name in before and not self._header[name].strip()]

    def _refuse_nameless(self, batch: pl.DataFrame, name: str) -> None:
        """Raise OptionError where a column holds text in rows that fit, but for a first one that counts the rows."""
        fits = batch.filter(pl.col(RAGGED).is_null())
        text = fits.select(_text(fits[name])).to_series()
        count = text.cast(pl.Int64, strict=False)
        counts = name == self.table.columns[0] and not count.null_count() and bool((count.diff().slice(1) == 1).all())
        if text.null_count() < text.len() and not counts:
            why = f'{name} has no name, and text in it; name it, or leave it out on purpose (ignore = ["{name}"])'
            raise OptionError(why, self.table.path, fits[LINE][text.is_not_null().arg_max() or 0])

    def _filled_up(self, batches: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
        """The same, but that rows fit which lack cells at their end; those that may be one row broken in two do not.

        A line break in a text without quotes makes two rows of one: both lack cells, and one of them a number.
        """
        above, batch = pl.Series([False]), next(batches, None)
        while batch is not None:
            following = next(batches, None)
            stray = self._strays(batch)
            below = pl.Series([False]) if following is None else self._strays(following.head(1))
            beside = pl.concat([above, stray.head(-1)]) | pl.concat([stray.slice(1), below])
            short = pl.col(RAGGED) == FEWER
            yield batch.with_columns(pl.when(short & beside).then(pl.lit(TORN)).when(~short).then(RAGGED).alias(RAGGED))
            above, batch = stray.tail(1), following

    def _strays(self, batch: pl.DataFrame) -> pl.Series:
        """Which rows lack cells, and a number that can be read."""
        short = (batch[RAGGED] == FEWER).fill_null(False)
        return short.scatter(short.arg_true(), self._read(batch.filter(short)).rows["number"].is_null())

    def calls(self, batch: pl.DataFrame) -> Calls:
        """The calls of one batch of rows."""
        if not all(map(self._header.get, self.columns.values())):  # a column without a name tells something
            batch = batch.with_columns(pl.when(pl.col(RAGGED) != UNNAMED).then(RAGGED))
        read, kinds = self._read(batch)
        if batch.schema[self.columns["number"]] == pl.String:
            self._refuse_second_header(batch.filter(read["number"].is_null()))
        told = list(dict.fromkeys(theirs for ours, theirs in self.columns.items() if ours not in ("call", "number")))
        plan, plans = numbered(batch.select(*told, RAGGED, read["kind"].alias(_KIND), read["unread"].alias(_UNREAD)))
        number = pl.select(pl.when(batch[RAGGED].is_null()).then(read["number"])).to_series()
        was = batch.select(_text(batch[_WAS])).to_series() if self.former else None
        alike = [name for name in told if name in self.carried and batch[name].dtype == pl.String]
        shared = Shared(plans.select(alike), plan)
        return Calls(batch.select(self.carried), number, plan, self._facts(plans, kinds), was, shared)

    def _read(self, batch: pl.DataFrame) -> Column:
        """The numbers of a batch."""
        text = batch.select(_text(batch[self.columns["number"]])).to_series()
        return read_column(text, self._regions(batch))

    def _refuse_second_header(self, unread: pl.DataFrame) -> None:
        """Raise InputError where a row without a number is a header that names other columns for the rows below it.

        At least two of its cells are names of columns, and not all stand where they stood.
        """
        unread = unread.filter(~pl.col(self.columns["number"]).str.contains(r"\d{3}"))
        texts = unread.select(pl.col(pl.String).exclude(RAGGED).str.strip_chars().str.to_lowercase())
        names = {name: self._header[name].strip().lower() for name in texts.columns}
        words = set(names.values()) - {""}
        named = pl.sum_horizontal(pl.lit(0), *(pl.col(name).is_in(words) for name in names))
        elsewhere = pl.any_horizontal(pl.lit(False), *(pl.col(name) != its for name, its in names.items()))
        at = texts.select(((named > 1) & elsewhere).fill_null(False)).to_series().arg_true()
        if len(at):
            why = "another header stands here, with other columns or in another order; split the file in two here"
            raise InputError(why, self.table.path, unread[LINE][at[0]])

    def _regions(self, batch: pl.DataFrame) -> pl.Series | str | None:
        """The numbering plan of numbers in national form, of all rows or of each; null where none is known."""
        if "region" not in self.columns:
            return self._region(self.brief.facts.get("region"))[0]
        told = self._told(batch.select(self.columns["region"]), ["region"])
        return each_distinct(told, self._region, {"region": pl.String})["region"]

    def _region(self, told: str | None) -> tuple[str | None]:
        region = told.upper() if told else self.brief.region
        return (region if region and known_region(region) else None,)

    def _facts(self, plans: pl.DataFrame, kinds: pl.DataFrame) -> pl.DataFrame:
        """The facts of distinct plans: what was told of calls beside their numbers, and what their numbers tell."""
        told = self._told(plans)
        now = self.now or today()
        odd: dict[str, pl.Series] = {}
        facts = self._axes(told, odd)
        facts = facts.with_columns(self._numbers(told, plans, kinds, odd))
        facts = facts.with_columns(self._defaults(facts, told, odd))
        facts = facts.with_columns(self._when_and_where(told, facts, odd, now))
        facts = facts.with_columns(self._rest(told, facts["territory"], odd, now))
        facts = facts.with_columns(self._consent(facts, odd))
        plan = {"line": facts["plan_line"]}
        notes = [
            self._note(told, column, is_odd, plan.get(column)) for column, is_odd in odd.items() if is_odd.any()
        ] or [pl.lit("")]
        odd_ones = pl.concat_str(notes, separator=", ", ignore_nulls=True)
        return facts.with_columns(odd_ones.alias("odd"), pl.lit("").alias("elsewhere"))

    def _told(self, batch: pl.DataFrame, columns: Collection[str] | None = None) -> pl.DataFrame:
        """Our columns as text, null where empty, their words turned into ours, declared facts filled in; all columns
        unless some are named."""
        cells = {}
        untold = pl.repeat(None, batch.height, dtype=pl.String)
        for ours in columns or vocabulary().columns:
            theirs = self.columns.get(ours)
            known = theirs in batch.columns
            cells[ours] = (_text(batch[theirs]) if theirs and known else untold).alias(ours)
        told = batch.select(cells.values())
        for ours, words in self.brief.values.items():
            if ours in cells:
                told = told.with_columns(
                    each_distinct(told.select(ours), lambda word, w=words: _translated(word, w), {ours: pl.String})
                )
        days = [pl.col(name) for name in _DATES if name in cells and self.columns.get(name) in batch.columns]
        told = told.with_columns(pl.when(~day.str.to_lowercase().is_in(UNTOLD)).then(day) for day in days)
        return told.with_columns(
            pl.col(ours).fill_null(fact) for ours, fact in self.brief.facts.items() if ours in cells
        )

    def _axes(self, told: pl.DataFrame, odd: dict[str, pl.Series]) -> pl.DataFrame:
        read = told.select(
            pl.col(axis).str.to_lowercase().replace_strict(words, words, default=None, return_dtype=pl.String)
            for axis, words in vocabulary().axes.items()
        )
        for axis in read.columns:
            odd[axis] = told[axis].is_not_null() & read[axis].is_null()
        return read

    def _numbers(
        self, told: pl.DataFrame, plans: pl.DataFrame, kinds: pl.DataFrame, odd: dict[str, pl.Series]
    ) -> list[pl.Series]:
        """What the numbers of plans tell: why there is none, and if there is one, where it belongs."""
        region = told["region"].str.to_uppercase()
        odd["region"] = ~region.map_elements(known_region, return_dtype=pl.Boolean, skip_nulls=True).fill_null(True)
        unread = plans.select(pl.coalesce(RAGGED, _UNREAD).alias("unread")).to_series()
        where = kinds.select("territory", "code", "doubt", plan_place="place", plan_zones="zones", plan_line="line")
        kind = pl.select(pl.when(unread.is_null()).then(plans[_KIND])).to_series()
        return [unread, *where.select(pl.all().gather(kind)).get_columns()]

    def _defaults(self, facts: pl.DataFrame, told: pl.DataFrame, odd: dict[str, pl.Series]) -> list[pl.Expr]:
        """Purpose by caller and dialler by voice where the cell is empty, line by the numbering plan where it tells."""
        purpose = pl.col("caller").replace_strict(vocabulary().purposes, default=None, return_dtype=pl.String)
        robot = pl.when(pl.col("voice").is_in(["recorded", "ai"])).then(pl.lit("robot"))
        # The plan knows the line better than whoever sells the number.
        odd["line"] |= (facts["line"] != facts["plan_line"]).fill_null(False)
        return [
            *(
                pl.when(told[name].is_null()).then(default).otherwise(pl.col(name)).alias(name)
                for name, default in {"purpose": purpose, "dialler": robot}.items()
            ),
            pl.coalesce("plan_line", "line").alias("line"),
        ]

    def _when_and_where(
        self, told: pl.DataFrame, facts: pl.DataFrame, odd: dict[str, pl.Series], now: date
    ) -> list[pl.Series]:
        planned = facts.select("territory", "code", "plan_place", "plan_zones")
        where = each_distinct(told.select("place").hstack(planned), self._where, _WHERE)
        odd["place"] = told["place"].is_not_null() & ~where["read"]
        call_at = told["call_at"].fill_null(self.at or now.isoformat())
        zones = where["zones"]
        known = pl.select(pl.when(where["read"]).then(zones)).to_series()
        moments = each_distinct(
            pl.DataFrame({"text": call_at, "zones": zones, "known": where["read"]}), self._moment, _MOMENT
        )
        odd["call_at"] = moments["day"].is_null()
        agreed = each_distinct(
            pl.DataFrame({"text": told["appointment_at"], "zones": known, "call_at": call_at}),
            self._appointment,
            {"appointment": pl.Datetime("us")},
        )
        odd["appointment_at"] = told["appointment_at"].is_not_null() & agreed["appointment"].is_null()
        return [*moments.get_columns(), agreed["appointment"], *where.select("jurisdiction", "polls", "place")]

    def _where(
        self, told: str | None, territory: str | None, code: str | None, planned: str | None, zones: str | None
    ) -> tuple[object, ...]:
        """Jurisdiction, zones, territory of the polls, place, and whether the `place` that was told was understood.

        A place that is told moves the clock, the polls and regional law, not the jurisdiction,
        but for a number that several countries share: there it names the country.
        """
        place = told.upper() if told and _PLACE.match(told.upper()) else None
        if territory is None and code and place and shares_code(code, place[:2]):
            territory = place[:2]
        pack = self.book.pack_of(territory) if territory else None
        if pack is None or territory is None:
            return None, "", territory, None, True
        by_plan = zones or "|".join(pack.zones(territory, planned))
        if told is None:
            return pack.jurisdiction, by_plan, territory, planned, True
        if is_zone(told):
            return pack.jurisdiction, told, self._territory_of_zone(told), None, True
        if place and (there := self._territory_of_place(place)) and (owner := self.book.pack_of(there)):
            return pack.jurisdiction, "|".join(owner.zones(there, place)), there, place, True
        return pack.jurisdiction, by_plan, None, None, False

    def _territory_of_place(self, place: str) -> str | None:
        by_place = (pack.places[place] for pack in self.book.packs.values() if place in pack.places)
        return next(by_place, place[:2] if self.book.pack_of(place[:2]) else None)

    def _territory_of_zone(self, zone: str) -> str | None:
        packs: list[Pack] = list(self.book.packs.values())
        there = [where for pack in packs for where, zones in pack.territories.items() if zones == (zone,)]
        return there[0] if there else None

    def _moment(self, text: str, zones: str, place_read: bool) -> tuple[object, ...]:
        """Day, earliest and latest local time, and whether a clock time was told."""
        moment = read_moment(text, self.brief.dates)
        if moment is None:
            return None, None, None, None
        if not isinstance(moment, datetime):
            midnight = datetime(moment.year, moment.month, moment.day)
            return moment, midnight, midnight, False
        if moment.tzinfo is None:
            return moment.date(), moment, moment, True
        times = sorted(local(moment, zone) for zone in zones.split("|") if zone)
        if not times:
            return moment.date(), None, None, True
        known = place_read and times[-1] - times[0] <= FAR_APART
        clock = (times[0], times[-1]) if known else (None, None)
        return times[0].date(), *clock, True

    def _appointment(self, text: str | None, zones: str | None, call_at: str) -> tuple[datetime | None]:
        """The time agreed to, on the clock of `at_first`; None where it cannot be compared with the call."""
        moment = read_moment(text, self.brief.dates) if text else None
        if not isinstance(moment, datetime):
            return (None,)
        call = read_moment(call_at, self.brief.dates)
        possible = [zone for zone in (zones or "").split("|") if zone]
        # An instant and a clock time are the same moment in one zone and not in another.
        if len(possible) != 1 and _is_instant(moment) != _is_instant(call):
            return (None,)
        if not _is_instant(moment):
            return (moment,)
        return (min((local(moment, zone) for zone in possible), default=None),)

    def _rest(self, told: pl.DataFrame, territory: pl.Series, odd: dict[str, pl.Series], now: date) -> list[pl.Series]:
        columns = [told["campaign"]]
        for name in _DATES:
            read = each_distinct(
                told.select(name), lambda text, n=name: self._date(n, text, now), {name: pl.Date, "odd": pl.Boolean}
            )
            odd[name] = read["odd"]
            columns.append(read[name])
        cli = each_distinct(
            pl.select(text=told["cli"], region=pl.coalesce(told["region"], pl.lit(self.brief.region), territory)),
            _read_cli,
            {"cli": pl.String},
        )
        odd["cli"] = told["cli"].is_not_null() & cli["cli"].is_null()
        # One or two zeros are a spreadsheet's decimals; three would make a thousand of it.
        attempts = told["attempts"].str.extract(r"^([0-9]{1,9})(?:[.,]00?)?$", 1).cast(pl.Int32)
        odd["attempts"] = told["attempts"].is_not_null() & attempts.is_null()
        return [*columns, cli["cli"], attempts]

    def _consent(self, facts: pl.DataFrame, odd: dict[str, pl.Series]) -> list[pl.Expr]:
        """A consent is not told where its word, its day, or what it is for was not understood; that of `none` is."""
        doubtful = odd["consent"] | odd["consent_on"] | odd["consent_for"]
        consent = pl.when(~doubtful | (facts["consent"] == "none")).then(facts["consent"])
        return [consent.alias("consent"), pl.lit(doubtful).alias("consent_odd")]

    def _date(self, column: str, text: str | None, now: date) -> tuple[date | None, bool]:
        """The day on which something happened, and whether it was not understood: what lies ahead has not happened."""
        if text is None:
            return _EMPTY.get(column), False
        if column in OR_NONE and text.lower() in NONE:
            return NEVER, False
        day = read_day(text, self.brief.dates)
        return (_UNREADABLE.get(column), True) if day is None or day > now else (day, False)

    def _note(self, told: pl.DataFrame, column: str, is_odd: pl.Series, plan: pl.Series | None) -> pl.Expr:
        """What was not understood, and what the numbering plan says instead."""
        value = _shown(pl.lit(told[column].fill_null(self.at or "")))
        instead = (pl.lit(" (plan: ") + plan + pl.lit(")")).fill_null("") if plan is not None else pl.lit("")
        return pl.when(is_odd).then(pl.lit(f"{column} '") + value + pl.lit("'") + instead)


def _shown(text: pl.Expr) -> pl.Expr:
    """A text of the file as a sentence quotes it: its beginning, on one line."""
    return text.str.head(_SHOWN).str.replace_all(r"[\x00-\x1f\x7f]", " ")


def _text(cells: pl.Series) -> pl.Expr:
    """Cells as trimmed text, null where empty; truth values as yes and no."""
    if cells.dtype == pl.Boolean:
        return pl.when(pl.lit(cells)).then(pl.lit("yes")).when(~pl.lit(cells)).then(pl.lit("no"))
    text = pl.lit(as_text(cells)).str.strip_chars()
    return pl.when(text != "").then(text)


def _may_object(name: str) -> bool:
    """Whether the name of a column has a word in it by which files tell objections."""
    words = _words(name)
    return any(f" {one} " in words or f" {one.replace(' ', '')} " in words for one in hints()["against"]["words"])


def _meant(name: str, known: Collection[str]) -> str | None:
    """The one of some names of five letters or more that a name almost is: cut short, or with one letter wrong."""
    name = folded(name)
    if name in hints()["mistyped"]["not"]:
        return None
    for one in known:
        whole = folded(one)
        is_cut = len(name) >= _SHORT_NAME and whole.startswith(name)
        if len(whole) >= _SHORT_NAME and (is_cut or _is_one_off(name, whole)):
            return one
    return None


def _is_one_off(one: str, other: str) -> bool:
    """Whether one letter has to change, come, go or swap with the next to make one word of another."""
    at = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    rest, wanted = one[at:], other[at:]
    swapped = rest[1:2] + rest[:1] + rest[2:]
    return wanted == swapped or rest[1:] in (wanted, wanted[1:]) or rest == wanted[1:]


def _words(name: str) -> str:
    """The words of a name without case and accents, each between blanks; fooBar are two, and d'or is read both ways."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    plain = "".join(c for c in unicodedata.normalize("NFKD", apart) if unicodedata.category(c) not in ("Mn", "Cf"))
    together = re.sub("['’]", "", plain)
    words = re.findall(r"[^\W_]+|[|]", f"{plain}|{together}".casefold())
    return f" {' '.join(words)} "


def _is_instant(moment: date | datetime | None) -> bool:
    return isinstance(moment, datetime) and moment.tzinfo is not None


def _translated(word: str | None, words: dict[str, str]) -> tuple[str | None]:
    return (None if word is None else words.get(folded(word), word),)


def _read_cli(text: str | None, region: str | None) -> tuple[str | None]:
    """`withheld`, a short number as it stands, or E.164 with its plus; None if empty or unreadable."""
    if text is None:
        return (None,)
    if text.lower() == "withheld":
        return ("withheld",)
    if _SHORT.match(text.replace(" ", "")):
        return (text.replace(" ", ""),)
    number = read_number(text, region or None).number
    return (f"+{number}" if number else None,)
