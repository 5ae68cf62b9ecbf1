"""What one registry's snapshots say about many numbers: for each, the newest answer on its day.

A snapshot has an answer about the numbers that it holds, and about those whose prefix it
covers. Each answer (number, day, state) is packed into one integer (`Codec`), and all of
them are sorted: the answer that counts is the last one not after the day of the call.
A small registry is packed once: for a long list at its first batch, otherwise as soon as as
many rows were read as it has. Of a large one only the numbers of a batch are read, from its
bit pages where it has them, so that memory is bounded by the batch and never by the registry.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple, TypeVar

import duckdb
import polars as pl

from dnc.clock import NO_DAYS
from dnc.database import run
from dnc.errors import StoreError
from dnc.files.table import FIRST_ROWS
from dnc.frames import numbered, repeated
from dnc.law.demands import REGISTRY_FACTS
from dnc.messages import figure, localized
from dnc.registries.bit_pages import HELD
from dnc.store.snapshots import Snapshot, Standing

PACKED_AT_ONCE = 40_000_000  # rows of a registry that are packed at once, at most; 8 bytes each
_LONG = 1_000  # numbers; a list that is shorter than a later list of so many, by more than this share, may be cut
_WHOLE_SHARE = 0.9
_READ_TOGETHER = 122_880  # rows that DuckDB reads together (a row group); looking up one number costs one at least


class AnswerState(IntEnum):
    """What an answer says about a number. If several answers are of one day, the greatest counts.

    So `listed` is believed whatever else a snapshot of that day says, and `clear` only if none says otherwise.
    """

    NOTHING = 0  # no answer
    CLEAR = 1
    UNCOVERED = 2  # the snapshot has the number, and says that its state is not known
    LISTED = 3


_STATES = pl.Series(["uncovered", "clear", "uncovered", "listed"])  # by number
_OF_CAMPAIGN = pl.Series([None, "clear", None, "listed"])
_N = len(AnswerState)
_STATE_SQL = (
    f"case when listed then {AnswerState.LISTED} when not listed then {AnswerState.CLEAR}"
    f" else {AnswerState.UNCOVERED} end"
)
_IDS = 10**15  # numbers of up to 15 digits, as E.164 allows; a position of a prefix is less
_Packed = TypeVar("_Packed", int, pl.Series, pl.Expr)


class Codec:
    """Packs an answer about an id, of a ranked day, into a UInt64: (id × days + rank) × states + state.

    Sorted, the answers about an id are next to each other, by day, and on one day by state. An id is a number, or
    the position of a prefix. Ranks are counted from 1; 0 is before all days.

    Args:
        days: how many there are. Raises StoreError where they are too many for 64 bits: 4,610 days.
    """

    def __init__(self, days: int) -> None:
        self._ranks = days + 1
        if _IDS * self._ranks * _N > 1 << 64:
            raise StoreError(
                localized("errors", "snapshot_span", days=figure(days), most=figure((1 << 64) // (_IDS * _N) - 1))
            )

    @property
    def per_id(self) -> int:
        """How many values an id has, one for each rank and state: the answer without its id is the remainder."""
        return self._ranks * _N

    @property
    def sql(self) -> str:
        """`pack` in SQL, for a row with the columns `number`, `rank` and `listed`."""
        return f"(number * {self._ranks}::ubigint + rank) * {_N}::ubigint + {_STATE_SQL}::ubigint"

    def pack(self, id_: _Packed, rank: _Packed, state: AnswerState) -> _Packed:
        """The packed answer; of a series or an expression, UInt64."""
        return (id_ * self._ranks + rank) * _N + state.value

    @staticmethod
    def rank(answer: _Packed) -> _Packed:
        """The rank of the day of an answer without its id; 0 where there is none."""
        return answer // _N

    @staticmethod
    def state(answer: _Packed) -> _Packed:
        """The state of an answer, as a number."""
        return answer % _N


_ALL = "select number, listed, since, file_index from read_parquet($files)"
_ASKED = f"{_ALL} join asked using (number)"
_PAGED = f"select number, true as listed, null::date as since, file_index from ({HELD})"
# Files of earlier versions may hold placeholder days ($no_days) and days after that of the file; both mean no date.
# Unlike a join, a lookup in lists keeps the order of each file, and rows that are nearly sorted are sorted faster.
_PACK = """
select {answer} as answer,
       case when listed is not null and since > $no_days and since <= as_of then since end as told
from (
    select *, ($ranks::ubigint[])[snapshot] as rank, ($days::date[])[snapshot] as as_of
    from (select *, file_index::bigint + 1 as snapshot from ({source}))
)
"""


class _Answers:
    """Packed answers about ids, sorted, between two that say nothing: 0 (of id 0), and one above all ids."""

    def __init__(self, answers: pl.Series, codec: Codec) -> None:
        first, last = (pl.Series("answer", [bound], dtype=pl.UInt64) for bound in (0, (1 << 64) - 1))
        self._answers = pl.concat([first, answers.cast(pl.UInt64).alias("answer"), last]).sort()
        self.codec = codec

    def __len__(self) -> int:
        return self._answers.len() - 2

    def newest(self, ids: pl.Series, ranks: pl.Series) -> pl.DataFrame:
        """The last answer about each id up to a rank, and the rank of the one after it.

        Args:
            ids, ranks: UInt64 without nulls.
        Returns:
            A frame of the same height and order, UInt64: `answer` (without its id; 0 = none), `next` (0 = none).
        """
        last = self.codec.pack(ids, ranks, AnswerState.LISTED)
        # Sorted, since neighbours are found sooner; in one thread: other steps keep the other cores busy.
        asked = last.to_frame("last").with_row_index("at").sort("last", multithreaded=False)
        at, last = asked
        position = self._answers.search_sorted(last, side="right")
        per_id = self.codec.per_id
        least = last - last % per_id  # that the id may have
        around = (self._answers[position - 1], self._answers[position])
        found = ((answer - least) * (answer - answer % per_id == least) for answer in around)
        answer, following = (repeated(0, pl.UInt64, ids.len()).scatter(at, one) for one in found)
        return pl.DataFrame({"answer": answer, "next": Codec.rank(following)})


class _NumberAnswers(NamedTuple):
    """What snapshots say about some numbers: those that hold them, and those that cover their prefixes.

    told: `answer` about a number → the date `told` with it, where all that gave this answer give the same date.
    lacking: `covered` by the snapshots that a number was certainly not in (see `_lacking`).
    """

    numbers: pl.Series
    held: _Answers
    told: pl.DataFrame
    prefixes: pl.Series
    covered: _Answers
    lacking: _Answers

    def newest(self, ranks: pl.Series) -> pl.DataFrame:
        """The newest answers up to a rank: `answer`, `next`, and `held` (whether a snapshot holds the number).

        On one day a snapshot that holds a number is believed before one that covers it.
        """
        held = self.held.newest(self.numbers, ranks)
        if not len(self.covered):
            return held.hstack([repeated(True, pl.Boolean, held.height).alias("held")])
        covered = self.covered.newest(self.prefixes, ranks)
        is_held = Codec.rank(held["answer"]) >= Codec.rank(covered["answer"])
        answer = pl.when(is_held).then(held["answer"]).otherwise(covered["answer"])
        soonest = pl.min_horizontal(pl.lit(side["next"]).replace(0, None) for side in (held, covered)).fill_null(0)
        return pl.select(answer=answer, next=soonest, held=is_held)

    def dates(self, newest: pl.DataFrame, as_of: pl.Series) -> pl.DataFrame:
        """The dates that come with the newest answers, in those columns (Date) that have any.

        Args:
            newest: as `newest` returns it. as_of: the ranked days.
        Returns:
            `told`, the date that was given; `since`, the first day on which a listed number may have been listed: the
            date that was given, unless an earlier answer contradicts it; where none was, the day after the last list
            that was complete and did not have it.
        """
        answer, rank = newest["answer"], Codec.rank(newest["answer"])
        answers = pl.DataFrame({"answer": self.numbers * self.held.codec.per_id + answer})
        told = answers.join(self.told, on="answer", how="left", maintain_order="left")["told"]
        rows = pl.DataFrame({"number": self.numbers, "prefix": self.prefixes, "rank": rank, "told": told})
        listed = rows.with_row_index("at").filter((Codec.state(answer) == AnswerState.LISTED.value) & newest["held"])
        since = repeated(None, pl.Date, answer.len()).alias("since")
        dated = listed.drop_nulls("told")
        if dated.height:
            dated = dated.filter(~self._listed_before(dated, as_of))
            since.scatter(dated["at"], dated["told"])
        for at, days in self._newly_listed(listed.filter(listed["told"].is_null()), as_of):
            since.scatter(at, days)
        return pl.DataFrame([dates for dates in (told, since) if dates.null_count() < dates.len()])

    def _newly_listed(self, pending: pl.DataFrame, as_of: pl.Series) -> Iterator[tuple[pl.Series, pl.Series]]:
        """Listed numbers that a complete list did not have: their positions (`at`), and the days after such lists.

        Each number goes back from complete list to complete list, until one did not have it.
        """
        while pending.height:
            complete = self.lacking.newest(pending["prefix"], pending["rank"] - 1)["answer"]
            pending = pending.with_columns(
                rank=Codec.rank(complete), listed=Codec.state(complete) == AnswerState.LISTED.value
            )
            pending = pending.filter(pl.col("rank") > 0)
            held = Codec.rank(self.held.newest(pending["number"], pending["rank"])["answer"]) == pending["rank"]
            new = pending.filter(~held & ~pl.col("listed"))
            yield new["at"], as_of[new["rank"] - 1].dt.offset_by("1d")
            pending = pending.filter(held | pl.col("listed")).drop("listed")

    def _listed_before(self, dated: pl.DataFrame, as_of: pl.Series) -> pl.Series:
        """Whether the newest answer before the date that was given (`told`) already says that a number is listed."""
        about = self._replace(numbers=dated["number"], prefixes=dated["prefix"], covered=self.lacking)
        before = about.newest(as_of.search_sorted(dated["told"], side="left").cast(pl.UInt64))
        return Codec.state(before["answer"]) == AnswerState.LISTED.value


class _RankedSnapshots:
    """The answers of some snapshots of a registry, whose days are ranked from 1."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, standing: Standing, snapshots: Sequence[Snapshot], days: list[date]
    ) -> None:
        self._con, self._days = con, days
        self._codec = Codec(len(days))
        ranked = [(snapshot, days.index(snapshot.as_of) + 1) for snapshot in snapshots]
        self._files = [(standing.path(snapshot), standing.bits(snapshot), rank) for snapshot, rank in ranked]
        self._rows = sum(snapshot.rows for snapshot in snapshots)
        self._rows_read = 0
        self._last_read: pl.Series | None = pl.Series(dtype=pl.UInt64)  # None: all
        self._last_answers = (
            _Answers(pl.Series(dtype=pl.UInt64), self._codec),
            pl.DataFrame(schema={"answer": pl.UInt64, "told": pl.Date}),
        )
        self._covering = [(snapshot, rank) for snapshot, rank in ranked if snapshot.covers]
        self._lacking = [*_lacking(self._covering)]
        self._longest = max((len(prefix) for snapshot, _ in self._covering for prefix in snapshot.covers), default=0)

    def about(self, numbers: pl.Series) -> _NumberAnswers:
        """The answers about some numbers (UInt64, without nulls)."""
        held, told = self._held(numbers)
        prefix, prefixes = repeated(0, pl.UInt64, numbers.len()), [""]
        if self._longest:
            cut = numbers.cast(pl.String).str.head(self._longest)
            position, distinct = numbered(cut.to_frame("prefix"))
            prefix, prefixes = position.cast(pl.UInt64), distinct["prefix"].to_list()
        covered = lacking = self._covered(prefixes, self._covering)
        if len(self._lacking) < len(self._covering):
            lacking = self._covered(prefixes, self._lacking)
        return _NumberAnswers(numbers, held, told, prefix, covered, lacking)

    def _held(self, numbers: pl.Series) -> tuple[_Answers, pl.DataFrame]:
        """The answers about some numbers at least: those read last if they include the numbers, which may be all."""
        if self._last_read is None:
            return self._last_answers
        # A list that fills its first batch usually has more, and packing takes as long as reading for two batches.
        is_long = numbers.len() >= FIRST_ROWS
        numbers = numbers.filter(numbers > 0)  # 0 stands for a call without a readable number
        if numbers.is_in(self._last_read.implode()).all():
            return self._last_answers
        if self._rows <= PACKED_AT_ONCE and (is_long or self._rows_read >= self._rows):
            self._last_answers, self._last_read = self._read(), None
        else:
            self._rows_read += min(self._rows, numbers.len() * _READ_TOGETHER)
            self._last_answers, self._last_read = self._read(numbers), numbers
        return self._last_answers

    def _read(self, numbers: pl.Series | None = None) -> tuple[_Answers, pl.DataFrame]:
        """The answers about the numbers that snapshots hold, all by default, and the dates given with them."""
        if numbers is None:
            packed = self._packed(_ALL, [(path, rank) for path, _, rank in self._files])
        else:
            asked = numbers.unique().to_frame("number")
            unpaged = [(path, rank) for path, bits, rank in self._files if not bits]
            paged = [(bits, rank) for _, bits, rank in self._files if bits]
            sources = ((_ASKED, unpaged), (_PAGED, paged))
            packed = pl.concat(self._packed(sql, files, asked=asked) for sql, files in sources if files)
        return _Answers(packed["answer"], self._codec), _dates_told(packed)

    def _packed(self, source: str, files: list[tuple[Path, int]], **frames: pl.DataFrame) -> pl.DataFrame:
        """The listings that a query finds in ranked files, as packed answers, and the dates given with them."""
        ranks = [rank for _, rank in files]
        params = {"files": [str(path) for path, _ in files], "ranks": ranks, "no_days": NO_DAYS}
        params |= {"days": [self._days[rank - 1] for rank in ranks]}
        sql = _PACK.format(answer=self._codec.sql, source=source)
        return run(self._con, "answers", sql, params, **frames)

    def _covered(self, prefixes: list[str], covering: list[tuple[Snapshot, int]]) -> _Answers:
        """The answers about prefixes, by their position, of those of some snapshots that are complete for them."""
        answers = [
            self._codec.pack(position, rank, AnswerState[snapshot.absent.upper()])
            for position, prefix in enumerate(prefixes)
            for snapshot, rank in covering
            if prefix.startswith(snapshot.covers)
        ]
        return _Answers(pl.Series(answers, dtype=pl.UInt64), self._codec)


def _lacking(covering: list[tuple[Snapshot, int]]) -> Iterator[tuple[Snapshot, int]]:
    """Of ranked complete snapshots, those that certainly lacked a number that they do not have.

    Others have unread rows, or are so much shorter than a later one that they may have been cut: then the numbers that
    are new in the later one are not newly listed.
    """
    longest: dict[tuple[str, ...], int] = {}
    for snapshot, rank in sorted(covering, key=lambda ranked: ranked[1], reverse=True):
        later = longest.get(snapshot.covers, 0)
        longest[snapshot.covers] = max(later, snapshot.numbers)
        if not snapshot.unread and (later < _LONG or snapshot.numbers >= later * _WHOLE_SHARE):
            yield snapshot, rank


def _dates_told(packed: pl.DataFrame) -> pl.DataFrame:
    """By answer the date given with it; if several snapshots of one day give that answer, only if they agree.

    Two answers of `clear` that were asked about on different days count with the later one.
    """
    told = packed.drop_nulls("told")
    if not told.height:
        return told
    undated = packed.filter(pl.col("told").is_null())["answer"]
    dates = told.group_by("answer").agg(pl.col("told").min().alias("first"), pl.col("told").max())
    certain = (pl.col("first") == pl.col("told")) | (Codec.state(pl.col("answer")) != AnswerState.LISTED.value)
    return dates.filter(certain & ~pl.col("answer").is_in(undated.implode())).drop("first")


class Lookup:
    """What the snapshots of one registry say; where they are of several campaigns, also each campaign by itself."""

    def __init__(self, con: duckdb.DuckDBPyConnection, standing: Standing, registry: str) -> None:
        snapshots = standing.of(registry)
        days = sorted({snapshot.as_of for snapshot in snapshots})
        self._days = pl.Series(days, dtype=pl.Date)
        self._source = _RankedSnapshots(con, standing, snapshots, days)
        campaigns = {snapshot.campaign for snapshot in snapshots} - {None}
        self._of_campaign = {
            name: _RankedSnapshots(
                con, standing, [snapshot for snapshot in snapshots if snapshot.campaign == name], days
            )
            for name in campaigns
        }

    def codes(self, calls: pl.DataFrame) -> pl.DataFrame:
        """The answer for each call, in few and small columns.

        Args:
            calls: columns `number` (UInt64), `day` (Date), `campaign` (String).
        Returns:
            A frame of the same height and order: `answer` (see `Codec`; without its id; null = no snapshot is as
            old as the day), `next` (rank, 0 = none); where there are any, `told` and `since` (Date) and
            `campaign` (state).
        """
        numbers = calls["number"].fill_null(0)
        rank = self._days.search_sorted(calls["day"].fill_null(date.min), side="right").cast(pl.UInt64)
        about = self._source.about(numbers)
        newest = about.newest(rank)
        campaign = repeated(0, pl.UInt64, calls.height)
        for name, source in self._of_campaign.items():
            at = (calls["campaign"] == name).fill_null(False).arg_true()
            answer = source.about(numbers[at]).newest(rank[at])["answer"]
            campaign = campaign.scatter(at, Codec.state(answer))
        codes = pl.select(
            answer=pl.when(rank > 0).then(newest["answer"]),
            next=pl.when(rank > 0).then(newest["next"]).when(calls["day"].is_not_null()).then(1).otherwise(0),
        )
        if about.told.height or len(about.covered):
            codes = codes.hstack(about.dates(newest, self._days))
        return codes.with_columns(campaign=campaign) if self._of_campaign else codes

    def decoded(self, codes: pl.DataFrame) -> pl.DataFrame:
        """Codes as columns named as in `dnc.law.demands.REGISTRY_FACTS`."""
        height = codes.height
        unknown = {
            "told": repeated(None, pl.Date, height),
            "since": repeated(None, pl.Date, height),
            "campaign": repeated(AnswerState.NOTHING, pl.UInt64, height),
        }
        told, since, campaign = ({**unknown, **codes.to_dict()}[name] for name in unknown)
        days = pl.Series([None, *self._days], dtype=pl.Date)  # by rank
        answer, following = (codes[name].cast(pl.UInt32) for name in ("answer", "next"))
        state = Codec.state(answer)
        columns = (_STATES[state], days[Codec.rank(answer)], since, told, _OF_CAMPAIGN[campaign], days[following])
        return pl.DataFrame(dict(zip(REGISTRY_FACTS, columns, strict=True)))
