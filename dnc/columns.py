"""Columns of telephone numbers, read by the million: the vectorised twin of `dnc.numbers.read_number`.

It answers what is proved equal to the reference: texts whose cleaning is the same by the column
(`dnc.cleaning`), and digits that fall into a range of a plan (`dnc.plans`). The distinct
others go to the reference. A plan is compiled once as many texts have waited for it as
that costs, so few numbers never pay for it; what is answered does not depend on it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import NamedTuple

import polars as pl

from dnc.cleaning import EMPTY, cleaned_column, unseparated
from dnc.numbers import SCHEMA, Kind, calling_code, calling_codes, known_region, read_number
from dnc.plans import ASK, BASE, LENGTHS, PLUS, Verdict, domestic, international, kinds

PAYS = 5_000  # texts that wait for a plan before it is compiled

_ROW = {"number": pl.UInt64, "unread": pl.String, "kind": pl.UInt32}
_VERDICT = {"shift": pl.Int64, "unread": pl.String}
_POWERS = pl.Series([10**power for power in range(18)], dtype=pl.Int64)

_known: dict[Kind, int] = {}  # in the order in which they were met
_waited: Counter[str] = Counter()  # texts by region or calling code, not compiled yet
_regions: set[str] = set()
_codes: set[str] = set()


class Column(NamedTuple):
    """A column of numbers, read.

    rows: of the height and order of the texts: `number` (UInt64, E.164), `unread` (String, the
        reason where there is none), `kind` (UInt32, a row of `kinds`; null where unread).
    kinds: territory, line, place, zones, code (String), as in `dnc.numbers.Kind`. Rows are only ever
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
    if isinstance(region, str) or region is None:
        rows = _read(texts, region)
    else:
        cells = pl.select(text=texts, region=region).with_row_index()
        parts = cells.partition_by("region", maintain_order=False)
        read = [part.select("index").hstack(_read(part["text"], part["region"][0])) for part in parts]
        rows = pl.concat(read).sort("index").drop("index") if read else pl.DataFrame(schema=_ROW)
    return Column(rows, pl.DataFrame(list(_known), schema=dict.fromkeys(Kind._fields, pl.String), orient="row"))


def read_numbers(cells: pl.DataFrame) -> pl.DataFrame:
    """Read a column of numbers.

    Args:
        cells: columns `text` (String) and `region` (String, null where not told).
    Returns:
        A frame of the same height and order, columns as in `SCHEMA`; `unread` is
        the reason where `number` is null (`empty` for an empty cell).
    """
    rows, known = read_column(cells["text"], cells["region"])
    return rows.hstack(known.select(pl.all().gather(rows["kind"]))).select(SCHEMA.keys())


def _read(texts: pl.Series, region: str | None) -> pl.DataFrame:
    keys, reasons = _keys(texts)
    rows = _looked_up(keys, region or None)
    unread = rows["unread"].zip_with(reasons.is_null(), reasons)
    ask = (unread.is_null() & rows["kind"].is_null()).arg_true()
    if ask.is_empty():
        return rows.with_columns(unread)
    told = _asked(texts.gather(ask), region)
    return pl.select(
        number=rows["number"].scatter(ask, told["number"]),
        unread=unread.scatter(ask, told["unread"]),
        kind=rows["kind"].scatter(ask, told["kind"]),
    )


def _asked(texts: pl.Series, region: str | None) -> pl.DataFrame:
    """The reference reading of each distinct text."""
    cells = texts.alias("text").to_frame()
    distinct = cells.unique()
    read = [read_number(text, region) for text in distinct["text"]]
    told = [(one.number, one.unread, _kind(one.kind)) for one in read]
    answers = distinct.hstack(pl.DataFrame(told, schema=_ROW, orient="row"))
    return cells.join(answers, on="text", how="left", maintain_order="left").drop("text")


def _kind(kind: Kind | None) -> int | None:
    return _known.setdefault(kind, len(_known)) if kind else None


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
    plus = text.str.starts_with("+").cast(pl.Int64)
    size = text.str.len_bytes().cast(pl.Int64) - plus
    value = text.cast(pl.UInt64, strict=False).cast(pl.Int64, strict=False)
    fits = size.is_between(LENGTHS[0], LENGTHS[-1])
    return texts.to_frame().select(pl.when(fits).then(value + (size + plus * PLUS) * BASE)).to_series()


# Keys → numbers


def _looked_up(keys: pl.Series, region: str | None) -> pl.DataFrame:
    """Number, reason and kind of each key, where the plan is compiled that tells."""
    said = _home(region if _is_ready(region, keys) else "").of(keys)
    keys = keys + said["shift"]
    unread = said["unread"]
    if (keys >= BASE).any():
        said = _abroad(frozenset(_codes)).of(keys)
        if _compiled(keys.filter(said["shift"].is_null() & said["unread"].is_null())):
            said = _abroad(frozenset(_codes)).of(keys)
        keys = keys + said["shift"]
        unread = unread.zip_with(said["unread"].is_null(), said["unread"])
    rows = _kinds(frozenset(_codes)).of(keys)
    number = pl.when(pl.col("kind").is_not_null()).then(pl.lit(keys).cast(pl.UInt64, strict=False))
    return rows.select(number.alias("number"), pl.lit(unread).alias("unread"), "kind")


def _is_ready(region: str | None, keys: pl.Series) -> bool:
    """Whether the plan of a region is compiled; it is now, if enough texts without a plus have waited for it."""
    if region is None or region in _regions:
        return True
    if not known_region(region) or not _pays(region, int((keys < PLUS * BASE).sum())):
        return False
    _regions.add(region)
    _codes.update(calling_codes(region))
    return True


def _compiled(keys: pl.Series) -> bool:
    """Whether the plan of a calling code was compiled just now, for keys that wait for it."""
    keys = keys.drop_nulls()
    size = pl.col(keys.name) // BASE - PLUS
    leading = (pl.col(keys.name) % BASE) // pl.lit(_POWERS).gather(size - 3)
    counts = keys.to_frame().select(leading.alias("leading").value_counts()).unnest("leading")
    waiting: Counter[str] = Counter()
    for digits, count in counts.iter_rows():
        waiting[calling_code(str(digits))] += count
    found = {code for code, count in waiting.items() if code and _pays(code, count)}
    _codes.update(found)
    return bool(found)


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
