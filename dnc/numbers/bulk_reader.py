"""Columns of telephone numbers, read by the million: the vectorised twin of `dnc.numbers.reader.read_number`.

It answers what is proved equal to the reference: texts whose cleaning is the same by the column
(`dnc.numbers.normalise`), and digits that fall into a range of a plan (`dnc.numbers.ranges`). The distinct
others go to the reference. A plan is compiled once as many texts have waited for it as
that costs, so few numbers never pay for it; what is answered does not depend on it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import cache, lru_cache
from threading import Lock
from typing import NamedTuple

import polars as pl

from dnc.numbers.normalise import EMPTY, cleaned_column, unseparated
from dnc.numbers.ranges import ASK, BASE, LENGTHS, PLUS, Verdict, domestic, international, kinds
from dnc.numbers.reader import Kind, calling_code, calling_codes, known_region, read_number

PAYS = 2_000  # texts that wait for a plan before it is compiled

_VERDICT = {"shift": pl.Int64, "unread": pl.String}
_KIND = {"kind": pl.UInt32}
_ROW = {"number": pl.UInt64, "unread": pl.String, **_KIND}
_POWERS = pl.Series([10**power for power in range(18)], dtype=pl.Int64)

_lock = Lock()
_known: dict[Kind, int] = {}  # in the order in which they were met
_waited: Counter[str] = Counter()  # texts by region or calling code
_regions: set[str] = set()  # that are compiled
_dialled: set[str] = set()  # calling codes that are compiled as they stand behind a plus
_codes: set[str] = set()  # whose kinds are compiled


class Column(NamedTuple):
    """A column of numbers, read.

    rows: of the height and order of the texts: `number` (UInt64, E.164), `unread` (String, the
        reason where there is none), `kind` (UInt32, a row of `kinds`; null where unread).
    kinds: territory, line, place, zones, code, doubt (String), as in `dnc.numbers.reader.Kind`. Rows are only ever
        added, so a kind keeps its place as long as the process lives.
    """

    rows: pl.DataFrame
    kinds: pl.DataFrame


class _Ranges(NamedTuple):
    """Where each range of keys begins, and what is said of its keys; before the first, nothing."""

    start: pl.Series
    said: pl.DataFrame

    def of(self, keys: pl.Series) -> pl.DataFrame:
        place = self.start.search_sorted(keys, side="right")
        return self.said.select(pl.all().gather(place))


def read_column(texts: pl.Series, region: pl.Series | str | None) -> Column:
    """Read a column of numbers.

    Args:
        texts: String, as they stand.
        region: the plan of national forms (ISO 3166-1 alpha-2, None where not told), of all texts or of each.
    """
    keys, reasons = _keys(texts)
    rows = _looked_up(keys, region).with_columns(pl.coalesce(pl.lit(reasons), "unread").alias("unread"))
    ask = (rows["unread"].is_null() & rows["kind"].is_null()).arg_true()
    if len(ask):
        regions = (
            region if isinstance(region, pl.Series) else pl.repeat(region, len(texts), dtype=pl.String, eager=True)
        )
        answers = _asked(texts.gather(ask), regions.gather(ask))
        rows = pl.DataFrame([rows[name].scatter(ask, answers[name]) for name in _ROW])
    return Column(rows, _kinds_known(len(_known)))


def _asked(texts: pl.Series, regions: pl.Series) -> pl.DataFrame:
    """The reference reading of each distinct text and region."""
    cells = pl.DataFrame([texts.alias("text"), regions.alias("region")])
    distinct = cells.unique()
    read = [read_number(text, region) for text, region in distinct.iter_rows()]
    told = [(one.number, one.unread, _kind(one.kind)) for one in read]
    answers = distinct.hstack(pl.DataFrame(told, schema=_ROW, orient="row"))
    return cells.join(answers, on=cells.columns, how="left", nulls_equal=True, maintain_order="left")


def _kind(kind: Kind | None) -> int | None:
    with _lock:
        return _known.setdefault(kind, len(_known)) if kind else None


@lru_cache(maxsize=1)
def _kinds_known(count: int) -> pl.DataFrame:
    return pl.DataFrame(list(_known)[:count], schema=dict.fromkeys(Kind._fields, pl.String), orient="row")


@lru_cache(maxsize=1)
def _doubts(count: int) -> pl.Series:
    """Of each kind, whether its numbers may be mistyped."""
    return pl.Series([kind.doubt is not None for kind in list(_known)[:count]], dtype=pl.Boolean)


# Texts → keys


def _keys(texts: pl.Series) -> tuple[pl.Series, pl.Series]:
    """The key of each text (Int64) and the reason why it is unread; both null where the reference is asked."""
    texts = texts.alias("text")
    keys = _key(texts)
    reasons = pl.select(pl.when(texts.is_null()).then(pl.lit(EMPTY))).to_series()
    odd = (keys.is_null() & texts.is_not_null()).arg_true()
    if len(odd):
        keys = keys.scatter(odd, _key(unseparated(texts.gather(odd))))
        odd = odd.filter(keys.gather(odd).is_null())
    if len(odd):
        clean = cleaned_column(texts.gather(odd))
        keys = keys.scatter(odd, _key(clean["text"]))
        reasons = reasons.scatter(odd, clean["unread"])
    return keys, reasons


def _key(texts: pl.Series) -> pl.Series:
    """The key of texts that are digits behind at most one plus; null for all else."""
    text = pl.col(texts.name)
    parts = texts.to_frame().select(
        value=text.cast(pl.UInt64, strict=False).cast(pl.Int64, strict=False),
        plus=text.str.starts_with("+").cast(pl.Int64),
        bytes=text.str.len_bytes().cast(pl.Int64),
    )
    size = pl.col("bytes") - pl.col("plus")
    fits = size.is_between(LENGTHS[0], LENGTHS[-1])
    return parts.select(pl.when(fits).then(pl.col("value") + (size + pl.col("plus") * PLUS) * BASE)).to_series()


# Keys → numbers


def _looked_up(keys: pl.Series, region: pl.Series | str | None) -> pl.DataFrame:
    """Number, reason and kind of each key, where the plan is compiled that tells."""
    written = keys
    said = _by_region(keys, region) if isinstance(region, pl.Series) else _at_home(keys, region)
    keys = keys + said["shift"]
    unread = said["unread"]
    if (keys >= BASE).any():
        said = _abroad(frozenset(_dialled)).of(keys)
        if _are_ready(keys.filter(said["shift"].is_null() & said["unread"].is_null())):
            said = _abroad(frozenset(_dialled)).of(keys)
        keys = keys + said["shift"]
        unread = unread.zip_with(said["unread"].is_null(), said["unread"])
    kind = _kinds(frozenset(_codes)).of(keys)["kind"]
    if (doubted := _doubts(len(_known)).gather(kind)).any():
        # Whether it may rather be a foreign number is for the reference to say.
        kind = kind.scatter((doubted & _bare(written)).arg_true(), None)
    number = pl.when(pl.lit(kind).is_not_null()).then(pl.lit(keys).cast(pl.UInt64, strict=False))
    return pl.select(number.alias("number"), pl.lit(unread).alias("unread"), kind)


def _bare(keys: pl.Series) -> pl.Series:
    """Whether keys are of digits with neither a plus nor a zero in front."""
    size, value = pl.col("key") // BASE, pl.col("key") % BASE
    return keys.alias("key").to_frame().select((size < PLUS) & (value >= pl.lit(10).pow(size - 1))).to_series()


def _at_home(keys: pl.Series, region: str | None) -> pl.DataFrame:
    """What keys without a plus are in a region; those with one are handed on."""
    if not region:
        return _home(None).of(keys)
    return _home(region if _is_ready(region, keys) else "").of(keys)


def _by_region(keys: pl.Series, regions: pl.Series) -> pl.DataFrame:
    """What keys without a plus are, each in its region."""
    said = [pl.Series(name, dtype=kind).clear(len(keys)) for name, kind in _VERDICT.items()]
    groups = regions.alias("region").to_frame().with_row_index().group_by("region").agg("index")
    for region, places in zip(groups["region"], groups["index"], strict=True):
        there = _at_home(keys.gather(places), region)
        said = [column.scatter(places, there[column.name]) for column in said]
    return pl.DataFrame(said)


def _is_ready(region: str, keys: pl.Series) -> bool:
    """Whether the plan of a region is compiled; it is now, if enough texts without a plus have waited for it."""
    if region in _regions:
        return True
    if not known_region(region) or not _pays(region, int((keys < PLUS * BASE).sum())):
        return False
    _regions.add(region)
    _codes.update(calling_codes(region))
    return True


def _are_ready(keys: pl.Series) -> bool:
    """Whether the plan of a calling code was compiled just now, because enough keys have waited for it."""
    size, value = pl.col("key") // BASE - PLUS, pl.col("key") % BASE
    leading = (value // pl.lit(_POWERS).gather(size - 3)).cast(pl.String).str.zfill(3)
    waiting: Counter[str] = Counter()
    for digits, count in keys.drop_nulls().alias("key").to_frame().group_by(leading).len().iter_rows():
        waiting[calling_code(digits)] += count
    ready = {code for code, count in waiting.items() if code and code not in _dialled and _pays(code, count)}
    _dialled.update(ready)
    _codes.update(ready)
    return bool(ready)


def _pays(plan: str, texts: int) -> bool:
    _waited[plan] += texts
    return _waited[plan] >= PAYS


@cache
def _home(region: str | None) -> _Ranges:
    """What strings without a plus are in a region; of no region (empty) nothing is said."""
    found = domestic(region) if region else [(0, ASK if region == "" else Verdict(None, "region"))]
    return _ranges([*found, (PLUS * BASE, Verdict(0, None))], _VERDICT)


@lru_cache(maxsize=1)
def _abroad(codes: frozenset[str]) -> _Ranges:
    """What strings with a plus are that begin with one of some calling codes; all other keys are numbers."""
    found = [range_ for code in codes for range_ in _international(code)]
    return _ranges([(0, Verdict(0, None)), (BASE, ASK), *found], _VERDICT)


@lru_cache(maxsize=1)
def _kinds(codes: frozenset[str]) -> _Ranges:
    found = [range_ for code in codes for range_ in _kinds_of(code)]
    return _ranges(found, {"kind": pl.UInt32})


@cache
def _international(code: str) -> list[tuple[int, Verdict]]:
    return list(international(code))


@cache
def _kinds_of(code: str) -> list[tuple[int, tuple[object, ...]]]:
    return [(start, (_kind(kind),)) for start, kind in kinds(code)]


def _ranges(found: Iterable[tuple[int, tuple[object, ...]]], schema: dict[str, type[pl.DataType]]) -> _Ranges:
    """Ranges in order, those that say the same as the one before left out; the end of one gives way to the next."""
    nothing = (None,) * len(schema)
    kept: list[tuple[int, tuple[object, ...]]] = []
    for start, said in sorted(found, key=lambda one: (one[0], one[1] != nothing)):
        if not kept or kept[-1][1] != said:
            kept.append((start, said))
    starts = pl.Series([start for start, _ in kept], dtype=pl.Int64)
    return _Ranges(starts, pl.DataFrame([nothing, *(said for _, said in kept)], schema=schema, orient="row"))
