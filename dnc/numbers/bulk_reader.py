"""Columns of telephone numbers, read by the million: the vectorised twin of `dnc.numbers.reader.read_number`.

It only answers where the answer is proved to equal that of the reference: for texts that are cleaned column by column
in the same way (`dnc.numbers.normalise`), and for digits in a range of a compiled numbering plan
(`dnc.numbers.ranges`). All other distinct texts go to the reference. A compiled plan is kept for the next run
(`dnc.cache`). Loading it takes as long as reading about `PAYS` numbers one by one, so it waits until that many have
been asked for; the answers are the same either way. Compiling it takes ten times as long, once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import groupby
from operator import itemgetter
from threading import RLock
from typing import Any, NamedTuple, TypeVar

import phonenumbers
import polars as pl

from dnc.cache import kept, source
from dnc.frames import repeated, taken
from dnc.numbers.normalise import EMPTY, cleaned_column, unseparated
from dnc.numbers.numbering_plans import FRENCH_CODES, NumberKind, calling_code, calling_codes, known_region
from dnc.numbers.ranges import ASK, BASE, LENGTHS, PLUS, RangeRule, domestic, international, kinds
from dnc.numbers.reader import read_number

PAYS = 150  # texts of a plan before it is compiled
_FEW = 50  # texts that are read one by one

_RULE: dict[str, type[pl.DataType]] = {"shift": pl.Int64, "unread": pl.String}
_KIND: dict[str, type[pl.DataType]] = {"kind": pl.UInt32}
_ROW: dict[str, type[pl.DataType]] = {"number": pl.UInt64, "unread": pl.String, **_KIND}
_POWERS = pl.Series([10**power for power in range(18)], dtype=pl.Int64)


class NumberColumn(NamedTuple):
    """A column of numbers, read.

    rows: as many as there are texts, in their order: `number` (UInt64, E.164), `unread` (String, the reason where
        there is no number), `kind` (UInt32, the row of `kinds`; null where there is no number).
    kinds: territory, line, place, zones, code, doubt (String), as in `NumberKind`. Rows are only ever added, so a kind
        keeps its row as long as the process lives.
    """

    rows: pl.DataFrame
    kinds: pl.DataFrame


class _Ranges(NamedTuple):
    """Ranges of keys: where each begins, and a row of values for each; the first row (nulls) is for keys before all."""

    starts: pl.Series
    values: pl.DataFrame

    def at(self, keys: pl.Series) -> pl.DataFrame:
        """The values for each key."""
        row = self.starts.search_sorted(keys, side="right")
        return taken(self.values, row)


class _Plans:
    """The numbering plans that this process has compiled, and the kinds of numbers it has met.

    Both only ever grow. Threads share it, so whatever changes it holds the lock: two threads that met a kind at the
    same time would otherwise give it two rows.

    abroad: the rules for digits after a plus, of all calling codes that are compiled; all other keys are numbers.
    """

    def __init__(self) -> None:
        self._lock = RLock()
        self._kinds: dict[NumberKind, int] = {}  # in the order in which they were met
        self._kind_rows = pl.DataFrame(schema=dict.fromkeys(NumberKind._fields, pl.String))
        self._waiting: Counter[str] = Counter()  # texts so far, by region or calling code
        self._regions: dict[str, _Ranges] = {}
        self._codes: dict[str, list[tuple[int, RangeRule]]] = {}  # what comes after a plus
        self._numbers: dict[str, list[tuple[int, tuple[object, ...]]]] = {}  # kinds of the numbers of a code
        self.abroad = self._joined_codes()
        self._all_kinds: _Ranges | None = None  # of all codes together, until one is added

    def kind_row(self, kind: NumberKind | None) -> int | None:
        """The row of a kind in `kind_rows`; it is added where it is new."""
        if kind is None:
            return None
        with self._lock:
            return self._kinds.setdefault(kind, len(self._kinds))

    @property
    def kind_rows(self) -> pl.DataFrame:
        """All kinds met so far, one a row."""
        with self._lock:
            if self._kind_rows.height < len(self._kinds):
                self._kind_rows = pl.DataFrame(list(self._kinds), schema=self._kind_rows.schema, orient="row")
            return self._kind_rows

    def of_region(self, region: str, texts: int) -> _Ranges | None:
        """The rules for digits without a plus in a region; None where so few texts do not pay for compiling them."""
        with self._lock:
            if region not in self._regions:
                if not known_region(region) or not self._pays(region, texts):
                    return None
                self._regions[region] = _ranges([*_compiled(domestic, region, RangeRule), _BEHIND_PLUS], _RULE)
                self._add_kinds(calling_codes(region))
            return self._regions[region]

    def add_codes(self, waiting: Counter[str]) -> bool:
        """Compile the plans of calling codes for which enough texts have waited; whether there were any."""
        with self._lock:
            ready = [code for code, texts in waiting.items() if code not in self._codes and self._pays(code, texts)]
            if ready:
                self._codes |= {code: _compiled(international, code, RangeRule) for code in ready}
                self.abroad = self._joined_codes()
                self._add_kinds(FRENCH_CODES.union(ready) if FRENCH_CODES.intersection(ready) else ready)
            return bool(ready)

    @property
    def kinds(self) -> _Ranges:
        """The rows of the kinds of numbers, of all calling codes that are compiled."""
        with self._lock:
            if self._all_kinds is None:
                self._all_kinds = _ranges((number for code in self._numbers.values() for number in code), _KIND)
            return self._all_kinds

    def _pays(self, plan: str, texts: int) -> bool:
        self._waiting[plan] += texts
        return self._waiting[plan] >= PAYS

    def _joined_codes(self) -> _Ranges:
        rules = [rule for code in self._codes.values() for rule in code]
        return _ranges([(0, RangeRule(0, None)), (BASE, ASK), *rules], _RULE)

    def _add_kinds(self, codes: Iterable[str]) -> None:
        for code in codes:
            if code not in self._numbers:
                ranges = _compiled(kinds, code, NumberKind | None)
                self._numbers[code] = [(start, (self.kind_row(kind),)) for start, kind in ranges]
                self._all_kinds = None


_T = TypeVar("_T")


def _compiled(compile_: Callable[[str], Iterator[tuple[int, _T]]], plan: str, kind: Any) -> list[tuple[int, _T]]:
    """The ranges of a region or a calling code, each with a value of the type `kind`."""
    inputs = (phonenumbers.__version__, _source(), plan)
    return kept(f"{compile_.__name__}-{plan}", inputs, list[tuple[int, kind]], lambda: _unlike(compile_(plan)))


def _unlike(ranges: Iterable[tuple[int, _T]]) -> list[tuple[int, _T]]:
    """Ascending ranges without those whose value is that of the one before."""
    return [next(alike) for _, alike in groupby(ranges, itemgetter(1))]


@cache
def _source() -> str:
    return source(__package__, ".py", ".csv")


def _ranges(found: Iterable[tuple[int, tuple[object, ...]]], schema: dict[str, type[pl.DataType]]) -> _Ranges:
    """Ranges from where each begins and its values.

    Where one ends (all null) at the key where another begins, the one that begins counts.
    """
    nothing = (None,) * len(schema)
    ranges = _unlike(sorted(found, key=lambda entry: (entry[0], entry[1] != nothing)))
    starts = pl.Series([start for start, _ in ranges], dtype=pl.Int64)
    return _Ranges(starts, pl.DataFrame([nothing, *(values for _, values in ranges)], schema=schema, orient="row"))


_BEHIND_PLUS = (PLUS * BASE, RangeRule(0, None))  # keys of texts with a plus are left to `_Plans.abroad`
_NO_REGION = _ranges([(0, RangeRule(None, "region")), _BEHIND_PLUS], _RULE)
_NOT_COMPILED = _ranges([(0, ASK), _BEHIND_PLUS], _RULE)
_plans = _Plans()


def read_column(texts: pl.Series, region: pl.Series | str | None) -> NumberColumn:
    """Read a column of numbers; a few are read one by one, which takes less time.

    Args:
        texts: String, as they are in the file.
        region: the plan of national forms (ISO 3166-1 alpha-2, None where unknown), one for all texts or one for each.
    """
    if len(texts) > _FEW:
        return read_in_bulk(texts, region)
    regions = region if isinstance(region, pl.Series) else [region] * len(texts)
    return NumberColumn(_read_one_by_one(zip(texts, regions, strict=True)), _plans.kind_rows)


def read_in_bulk(texts: pl.Series, region: pl.Series | str | None) -> NumberColumn:
    """Read a column of numbers as a whole; arguments as for `read_column`."""
    keys, reasons = _keys(texts)
    rows = _looked_up(keys, region)
    if len(refused := reasons.is_not_null().arg_true()):
        rows = rows.with_columns(rows["unread"].scatter(refused, reasons[refused]))
    open_ = (rows["unread"].is_null() & rows["kind"].is_null()).arg_true()
    if len(open_):
        regions = region if isinstance(region, pl.Series) else repeated(region, pl.String, len(texts))
        cells = pl.DataFrame([texts[open_].alias("text"), regions[open_].alias("region")])
        distinct = cells.unique()
        distinct = distinct.hstack(_read_one_by_one(distinct.iter_rows()))
        answers = cells.join(distinct, on=cells.columns, how="left", nulls_equal=True, maintain_order="left")
        rows = pl.DataFrame([rows[name].scatter(open_, answers[name]) for name in _ROW])
    return NumberColumn(rows, _plans.kind_rows)


def _read_one_by_one(cells: Iterable[tuple[str | None, str | None]]) -> pl.DataFrame:
    """The reference reading of texts, each with its region."""
    readings = [read_number(text or "", region) for text, region in cells]
    rows = [(reading.number, reading.unread, _plans.kind_row(reading.kind)) for reading in readings]
    return pl.DataFrame(rows, schema=_ROW, orient="row")


# Texts → keys


def _keys(texts: pl.Series) -> tuple[pl.Series, pl.Series]:
    """The key of each text (Int64), and why it is unread; both are null where only the reference can read it."""
    texts = texts.alias("text")
    keys = _key(texts)
    reasons = pl.select(pl.when(texts.is_null()).then(pl.lit(EMPTY))).to_series()
    rest = (keys.is_null() & texts.is_not_null()).arg_true()
    if len(rest):
        keys = keys.scatter(rest, _key(unseparated(texts[rest])))
        rest = rest.filter(keys[rest].is_null())
    if len(rest):
        clean = cleaned_column(texts[rest])
        keys = keys.scatter(rest, _key(clean["text"]))
        reasons = reasons.scatter(rest, clean["unread"])
    return keys, reasons


def _key(texts: pl.Series) -> pl.Series:
    """The key of each text that is digits after at most one plus; null for all others."""
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
    """Number, reason and kind of each key; all null where no plan is compiled that has them."""
    written = keys
    rules = _by_region(keys, region) if isinstance(region, pl.Series) else _at_home(keys, region)
    keys = keys + rules["shift"]
    unread = rules["unread"]
    if len(with_plus := (keys >= BASE).arg_true()):
        theirs = keys[with_plus]
        rules = _plans.abroad.at(theirs)
        if _plans.add_codes(_codes_of(theirs.filter(rules["shift"].is_null() & rules["unread"].is_null()))):
            rules = _plans.abroad.at(theirs)
        keys = keys.scatter(with_plus, theirs + rules["shift"])
        unread = unread.scatter(with_plus, rules["unread"])
    kind = _plans.kinds.at(keys)["kind"]
    if (doubted := _plans.kind_rows["doubt"].is_not_null()[kind]).any():
        # Only the reference can say whether it may rather be a foreign number that lost its plus.
        kind = kind.scatter((doubted & _is_bare(written)).arg_true(), None)
    number = pl.when(pl.lit(kind).is_not_null()).then(pl.lit(keys).cast(pl.UInt64, strict=False))
    return pl.select(number.alias("number"), pl.lit(unread).alias("unread"), kind)


def _is_bare(keys: pl.Series) -> pl.Series:
    """Whether keys are of digits with neither a plus nor a zero in front."""
    size, value = pl.col("key") // BASE, pl.col("key") % BASE
    return keys.alias("key").to_frame().select((size < PLUS) & (value >= pl.lit(10).pow(size - 1))).to_series()


def _at_home(keys: pl.Series, region: str | None) -> pl.DataFrame:
    """The rules for keys in a region; those of texts with a plus are left to `_Plans.abroad`."""
    if not region:
        return _NO_REGION.at(keys)
    texts = int((keys < PLUS * BASE).sum())
    return (_plans.of_region(region, texts) or _NOT_COMPILED).at(keys)


def _by_region(keys: pl.Series, regions: pl.Series) -> pl.DataFrame:
    """The rules for keys, each in its own region."""
    rules = [pl.Series(name, dtype=kind).clear(len(keys)) for name, kind in _RULE.items()]
    groups = regions.alias("region").to_frame().with_row_index().group_by("region").agg("index")
    for region, places in zip(groups["region"], groups["index"], strict=True):
        found = _at_home(keys[places], region)
        rules = [column.scatter(places, found[column.name]) for column in rules]
    return pl.DataFrame(rules)


def _codes_of(keys: pl.Series) -> Counter[str]:
    """How many keys of texts with a plus begin with each calling code."""
    size, value = pl.col("key") // BASE - PLUS, pl.col("key") % BASE
    leading = (value // pl.lit(_POWERS).gather(size - 3)).cast(pl.String).str.zfill(3)
    codes: Counter[str] = Counter()
    for digits, count in keys.drop_nulls().alias("key").to_frame().group_by(leading).len().iter_rows():
        codes[calling_code(digits)] += count
    del codes[""]
    return codes
