"""What one registry's snapshots say of many numbers: the newest that speaks of each on its day.

A snapshot speaks of the numbers it holds, and of those whose prefix it covers.
What it says is packed into one integer, number × day × state, and all of them
are sorted: the word that counts is the last one not after the day of the call.
A small registry is packed once, when as many rows were read as it has; of a large one only
the numbers of a batch are, out of its bit pages where it has them, so that memory is bounded
by the batch and never by the registry.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

import duckdb
import polars as pl

from dnc.clock import NO_DAYS
from dnc.database import run
from dnc.frames import numbered
from dnc.law.demands import REGISTRY_FACTS
from dnc.registries.bit_pages import HELD
from dnc.store.snapshots import Snapshot, Standing

PACKED_AT_ONCE = 40_000_000  # rows of a registry at most; 8 bytes each
_READ_TOGETHER = 122_880  # rows of a file, for one number at least
_STATES = ("nothing", "clear", "uncovered", "listed")  # of two words on one day the greater counts
_N = len(_STATES)
_LISTED = _STATES.index("listed")
_ALL = "select number, listed, since, file_index from read_parquet($files)"
_ASKED = f"{_ALL} join asked using (number)"
_PAGED = f"select number, true as listed, null::date as since, file_index from ({HELD})"
# Days that no extract is taken with any more may stand in files of earlier versions.
_WORDS = """
select (number * $days::ubigint + rank) * 4::ubigint
           + case when listed then 3 when not listed then 1 else 2 end::ubigint as word,
       case when listed is not null and since > $no_days and since <= as_of then since end as told
from ({}) join standing on file_index = position
"""


class _Words:
    """Words about ids on ranked days, as sorted integers: (id × days + rank) × 4 + state."""

    def __init__(self, words: pl.Series, days: int) -> None:
        self._words = words.cast(pl.UInt64).sort().alias("word")
        self._positions = self._words.to_frame().with_row_index("position")
        self.span = days * _N

    def __len__(self) -> int:
        return self._words.len()

    def newest(self, ids: pl.Series, ranks: pl.Series) -> pl.DataFrame:
        """The last word about each id up to a rank, and the rank of the one that comes next.

        Args:
            ids, ranks: UInt64 without nulls; rank 0 is before all.
        Returns:
            A frame of the same height and order, UInt64: `word` (rank × 4 + state, 0 = none), `next` (0 = none).
        """
        if not len(self):
            return pl.select(word=pl.zeros(ids.len(), pl.UInt64), next=pl.zeros(ids.len(), pl.UInt64))
        last = ids * self.span + ranks * _N + _LISTED
        asked = pl.DataFrame({"id": ids, "last": last}).with_row_index("at").sort("last")
        found = asked.join_asof(
            self._positions, left_on="last", right_on="word", coalesce=False, check_sortedness=False
        )
        behind = self._words.gather((found["position"] + 1).fill_null(0), null_on_oob=True)
        mine = pl.col("word", "next") // self.span == pl.col("id")
        words = found.with_columns(behind.alias("next")).select(
            pl.when(mine).then(pl.col("word", "next") % self.span).otherwise(0)
        )
        nothing = pl.zeros(ids.len(), pl.UInt64, eager=True)
        back = pl.DataFrame([nothing.scatter(found["at"], words[name]).alias(name) for name in words.columns])
        return back.select("word", pl.col("next") // _N)


@dataclass(frozen=True)
class _About:
    """What snapshots say about some numbers: those that hold them, and those that cover their prefixes.

    told: `word` about a number → the day `told` beside it, where all that was said with it tell the same.
    lacking: `covered`, but for snapshots with unread rows: who is not in them may have been in one of those.
    """

    numbers: pl.Series
    held: _Words
    told: pl.DataFrame
    prefixes: pl.Series
    covered: _Words
    lacking: _Words

    def newest(self, ranks: pl.Series) -> pl.DataFrame:
        """The newest words up to a rank: `word`, `next`, and `held`, whether a snapshot holds the number.

        On one day the word of a snapshot that holds a number goes before that of one that covers it.
        """
        held = self.held.newest(self.numbers, ranks)
        if not len(self.covered):
            return held.with_columns(held=pl.lit(True))
        covered = self.covered.newest(self.prefixes, ranks)
        is_held = held["word"] // _N >= covered["word"] // _N
        word = pl.when(is_held).then(held["word"]).otherwise(covered["word"])
        soonest = pl.min_horizontal(pl.lit(one["next"]).replace(0, None) for one in (held, covered)).fill_null(0)
        return pl.select(word=word, next=soonest, held=is_held)

    def days(self, newest: pl.DataFrame, as_of: pl.Series) -> pl.DataFrame:
        """What is known of the days beside the newest words, in the columns (Date) of which anything is.

        Args:
            newest: as `newest` gives it. as_of: the ranked days.
        Returns:
            `told`, the day that was told; `earliest`, where none was, the first day on which a listed number may have
            been listed: the day after the last list that was complete and did not hold it.
        """
        word, rank = newest["word"], newest["word"] // _N
        words = pl.DataFrame({"word": self.numbers * self.held.span + word})
        told = words.join(self.told, on="word", how="left", maintain_order="left")["told"]
        earliest = pl.Series("earliest", [None], dtype=pl.Date).new_from_index(0, word.len())
        rows = pl.DataFrame({"number": self.numbers, "prefix": self.prefixes, "rank": rank}).with_row_index("at")
        pending = rows.filter((word % _N == _LISTED) & newest["held"] & told.is_null())
        while pending.height:
            complete = self.lacking.newest(pending["prefix"], pending["rank"] - 1)["word"]
            pending = pending.with_columns(rank=complete // _N, listed=complete % _N == _LISTED)
            pending = pending.filter(pl.col("rank") > 0)
            held = self.held.newest(pending["number"], pending["rank"])["word"] // _N == pending["rank"]
            new = pending.filter(~held & ~pl.col("listed"))
            earliest.scatter(new["at"], as_of.gather(new["rank"] - 1).dt.offset_by("1d"))
            pending = pending.filter(held | pl.col("listed")).drop("listed")
        return pl.DataFrame([days for days in (told, earliest) if days.null_count() < days.len()])


class _Files:
    """Files of a store, each said by snapshots of ranked days."""

    def __init__(self, ranked: Iterable[tuple[Path, int]], days: list[date]) -> None:
        ranked = list(ranked)
        self.names = sorted({str(path) for path, _ in ranked})
        rows = [(self.names.index(str(path)), rank, days[rank - 1]) for path, rank in ranked]
        kinds = {"position": pl.UInt64, "rank": pl.UInt64, "as_of": pl.Date}
        self.standing = pl.DataFrame(rows, schema=kinds, orient="row")


class _Spoken:
    """What some snapshots of a registry say, their days ranked from 1."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, standing: Standing, snapshots: Sequence[Snapshot], days: list[date]
    ) -> None:
        self._con = con
        self._days = len(days) + 1
        ranked = [(one, days.index(one.as_of) + 1) for one in snapshots]
        self._files = _Files([(standing.path(one), rank) for one, rank in ranked], days)
        self._unpaged = _Files([(standing.path(one), rank) for one, rank in ranked if not standing.bits(one)], days)
        self._paged = _Files([(bits, rank) for one, rank in ranked if (bits := standing.bits(one))], days)
        self._rows = sum(one.rows for one in snapshots)
        self._rows_read = 0
        self._last_read = pl.Series(dtype=pl.UInt64)
        self._last_words = (
            _Words(pl.Series(dtype=pl.UInt64), self._days),
            pl.DataFrame(schema={"word": pl.UInt64, "told": pl.Date}),
        )
        self._covering = [(one, rank) for one, rank in ranked if one.covers]
        self._longest = max((len(prefix) for one, _ in self._covering for prefix in one.covers), default=0)

    def about(self, numbers: pl.Series) -> _About:
        """What is said about some numbers (UInt64, without nulls)."""
        held, told = self._read_once(numbers)
        prefix, prefixes = pl.zeros(numbers.len(), pl.UInt64, eager=True), [""]
        if self._longest:
            cut = numbers.cast(pl.String).str.head(self._longest)
            at, distinct = numbered(cut.to_frame("prefix"))
            prefix, prefixes = at.cast(pl.UInt64), distinct["prefix"].to_list()
        covered = lacking = self._covered(prefixes, self._covering)
        if any(one.unread for one, _ in self._covering):
            lacking = self._covered(prefixes, [one for one in self._covering if not one[0].unread])
        return _About(numbers, held, told, prefix, covered, lacking)

    def _read_once(self, numbers: pl.Series) -> tuple[_Words, pl.DataFrame]:
        """Words about some numbers at least: all, or those of the numbers read last where they are among them."""
        if self._rows <= PACKED_AT_ONCE and self._rows_read >= self._rows:
            return self._all
        if not numbers.is_in(self._last_read.implode()).all():
            self._rows_read += min(self._rows, numbers.len() * _READ_TOGETHER)
            self._last_words = self._read(numbers)
            self._last_read = numbers
        return self._last_words

    @cached_property
    def _all(self) -> tuple[_Words, pl.DataFrame]:
        return self._read()

    def _read(self, numbers: pl.Series | None = None) -> tuple[_Words, pl.DataFrame]:
        """Words about the numbers that snapshots hold, all unless told; and the days told beside them, by word."""
        if numbers is None:
            words = self._words(_ALL, self._files)
        else:
            asked = numbers.unique().to_frame("number")
            sources = ((_ASKED, self._unpaged), (_PAGED, self._paged))
            words = pl.concat(self._words(sql, files, asked=asked) for sql, files in sources if files.names)
        return _Words(words["word"], self._days), _told(words)

    def _words(self, source: str, files: _Files, **frames: pl.DataFrame) -> pl.DataFrame:
        """Words of the listings that a query gives, and the days told beside them."""
        params = {"files": files.names, "days": self._days, "no_days": NO_DAYS}
        return run(self._con, "words", _WORDS.format(source), params, standing=files.standing, **frames)

    def _covered(self, prefixes: list[str], covering: list[tuple[Snapshot, int]]) -> _Words:
        """Words about prefixes, by their position, of those of some snapshots that are complete for them."""
        words = [
            (position * self._days + rank) * _N + _STATES.index(one.absent)
            for position, prefix in enumerate(prefixes)
            for one, rank in covering
            if prefix.startswith(one.covers)
        ]
        return _Words(pl.Series(words, dtype=pl.UInt64), self._days)


def _told(words: pl.DataFrame) -> pl.DataFrame:
    """By word the day told beside it; where several snapshots of one day say the same, as in `sql/listings.sql`."""
    told = words.drop_nulls("told")
    if not told.height:
        return told
    undated = words.filter(pl.col("told").is_null())["word"]
    days = told.group_by("word").agg(pl.col("told").min().alias("first"), pl.col("told").max())
    sure = (pl.col("first") == pl.col("told")) | (pl.col("word") % _N != _LISTED)
    return days.filter(sure & ~pl.col("word").is_in(undated.implode())).drop("first")


class Lookup:
    """What the snapshots of one registry say; a registry with several campaigns is asked for each apart."""

    def __init__(self, con: duckdb.DuckDBPyConnection, standing: Standing, registry: str) -> None:
        snapshots = standing.of(registry)
        days = sorted({one.as_of for one in snapshots})
        self._days = pl.Series(days, dtype=pl.Date)
        self._spoken = _Spoken(con, standing, snapshots, days)
        campaigns = {one.campaign for one in snapshots} - {None}
        self._of_campaign = {
            name: _Spoken(con, standing, [one for one in snapshots if one.campaign == name], days) for name in campaigns
        }

    def codes(self, calls: pl.DataFrame) -> pl.DataFrame:
        """What is said of each call, in few and small columns.

        Args:
            calls: columns `number` (UInt64), `day` (Date), `campaign` (String).
        Returns:
            A frame of the same height and order: `word` (null = no snapshot stood, else rank × 4 + state),
            `next` (rank, 0 = none); where any of that is known, `told` and `earliest` (Date) and `campaign` (state).
        """
        numbers = calls["number"].fill_null(0)
        stood = self._days.search_sorted(calls["day"].fill_null(date.min), side="right").cast(pl.UInt64)
        about = self._spoken.about(numbers)
        newest = about.newest(stood)
        campaign = pl.zeros(calls.height, pl.UInt64, eager=True)
        for name, spoken in self._of_campaign.items():
            at = (calls["campaign"] == name).fill_null(False).arg_true()
            words = spoken.about(numbers[at]).newest(stood[at])["word"]
            campaign = campaign.scatter(at, words % _N)
        codes = pl.select(
            word=pl.when(stood > 0).then(newest["word"]),
            next=pl.when(stood > 0).then(newest["next"]).when(calls["day"].is_not_null()).then(1).otherwise(0),
        )
        if about.told.height or len(about.covered):
            codes = codes.hstack(about.days(newest, self._days))
        return codes.with_columns(campaign=campaign) if self._of_campaign else codes

    def words(self, codes: pl.DataFrame) -> pl.DataFrame:
        """Codes as columns: state, as_of, since, told, campaign_state, next_on, named as `REGISTRY_FACTS`."""
        unknown = {"told": pl.lit(None, pl.Date), "earliest": pl.lit(None, pl.Date), "campaign": pl.lit(0)}
        codes = codes.with_columns(value.alias(name) for name, value in unknown.items() if name not in codes.columns)
        rank = pl.col("word") // _N
        states = dict(enumerate(_STATES)) | {0: "uncovered"}
        state = (pl.col("word") % _N).replace_strict(states, return_dtype=pl.String)
        since = pl.when(pl.col("word") % _N == _LISTED).then(pl.coalesce("told", "earliest"))
        for_campaign = pl.col("campaign").replace_strict(
            {number: word for number, word in states.items() if word != "uncovered"},
            default=None,
            return_dtype=pl.String,
        )
        days = {0: None, **dict(enumerate(self._days, 1))}
        as_of, next_on = (one.replace_strict(days, return_dtype=pl.Date) for one in (rank, pl.col("next")))
        columns = (state, as_of, since, pl.col("told"), for_campaign, next_on)
        return codes.select(column.alias(name) for name, column in zip(REGISTRY_FACTS, columns, strict=True))
