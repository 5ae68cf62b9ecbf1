"""`dnc brief`: a brief drafted from a file's columns and words, for a person to correct.

What the file proves is written down; whatever is a guess is commented out, with its reason. So the draft
is a brief that decides nothing that was not seen.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import polars as pl

from dnc.checks.brief import Brief
from dnc.checks.header import Header, hints
from dnc.errors import InputError
from dnc.files.open_table import open_table
from dnc.files.table import Table, folded, looks_like_phone
from dnc.frames import as_text
from dnc.law.rulebook import Rulebook
from dnc.law.vocabulary import FORMER, vocabulary
from dnc.messages import counted, messages
from dnc.numbers.bulk_reader import read_column

_SAMPLE = 1_000  # numbers of a column that are read in every plan
_TOGETHER = 10_000  # of all columns
_LEAST = 20  # of each, however many columns there are
_CELLS = 2_000_000  # in which days are looked for
_SURE = 0.9  # share of filled cells that must be read as telephone numbers
_PLANS = 4  # that are named
_MOST_WORDS = 20  # a column with more different words holds no axis
_DIGITS = r"^[\s'\"=(]*\+?(?:\d[\s().\-/\x{A0}\x{202F}]*){9,15}$"
_DAY = r"^([0-9]{1,2})[/.\-]([0-9]{1,2})[/.\-][0-9]{4}\b"


@dataclass(frozen=True)
class _Numbers:
    """How a column reads as telephone numbers: cells filled, tried, read, in national form; and read by each plan."""

    filled: int
    tried: int
    read: int
    national: int
    plans: list[tuple[str, int]]

    @property
    def share(self) -> float:
        return self.read / self.tried if self.tried else 0.0


def draft(path: str | Path, book: Rulebook, language: str = "en", sheet: str | None = None) -> Iterator[str]:
    """Lines of a brief in TOML for a planned-calls file. Raises InputError where it is no such file."""
    table = open_table(path, sheet=sheet)
    rows = next(iter(table.batches), pl.DataFrame(schema=dict.fromkeys(table.columns, pl.String)))
    if not table.columns:
        raise InputError("no column in it", table.path, table.skipped + 1)
    # A file without a header shows numbers where its names should be: the intake refuses it.
    if rows.height:
        _ = Header(table, Brief(columns={"number": table.columns[0]})).columns
    return _Draft(table, pl.DataFrame([as_text(rows[name]) for name in table.columns]), book, language, sheet).lines()


class _Draft:
    """A draft in the making: a file's first rows, looked at column by column."""

    def __init__(self, table: Table, rows: pl.DataFrame, book: Rulebook, language: str, sheet: str | None) -> None:
        self._table, self._rows, self._book, self._sheet = table, rows, book, sheet
        self._language, self._w, self._count = language, messages("draft", language), counted(language)

    def lines(self) -> Iterator[str]:
        name = self._table.path.name
        yield f"# {self._w['head'].format(rows=self._count(self._rows.height), name=name)}"
        yield f"# {self._w['then'].format(name=name)}"
        yield ""
        if self._sheet:
            yield f"sheet = {_text(self._sheet)}"
        yield from self._region()
        yield from self._dates()
        yield from self._ignore()
        yield "\n[columns]"
        yield from self._columns()
        for column in vocabulary().axes:
            if theirs := self._named.get(column):
                yield from self._values(column, theirs)
        yield f"\n[facts]\n# {self._w['facts']}"
        for column in vocabulary().columns:
            if column not in (*self._named, "call", "number", "region"):
                yield f'# {column} = ""  # {vocabulary().question(column, self._language)}'

    # numbers

    @cached_property
    def _numbers(self) -> dict[str, _Numbers]:
        """Columns that may hold telephone numbers, the likeliest first."""
        found = self._read([name for name in self._rows.columns if name not in FORMER])
        named = {name: one for name, one in found.items() if looks_like_phone(name)}
        likely = named or {name: one for name, one in found.items() if one.share >= _SURE}
        return dict(sorted(likely.items(), key=lambda one: -one[1].share))

    def _read(self, names: list[str]) -> dict[str, _Numbers]:
        """Columns as telephone numbers, all of them read together: a plan takes its time however few they are."""
        most = max(_LEAST, min(_SAMPLE, _TOGETHER // max(1, len(names))))
        filled = {name: _filled(self._rows[name]) for name in names}
        tried = {name: cells.unique(maintain_order=True).head(most) for name, cells in filled.items()}
        digits = {
            name: cells.filter(cells.str.contains(_DIGITS) & ~cells.str.contains(_DAY)) for name, cells in tried.items()
        }
        texts = pl.concat([pl.Series(dtype=pl.String), *digits.values()])
        bare = read_column(texts, None)
        is_national = (bare.rows["unread"] == "region").fill_null(False)
        territories = [territory for pack in self._book.packs.values() for territory in pack.territories]
        fits = {territory: _fitting(texts, is_national, territory) for territory in territories}
        countries = pl.select(bare.kinds["territory"].gather(bare.rows["kind"])).to_series()
        found, start = {}, 0
        for name, cells in digits.items():
            there = slice(start, start := start + cells.len())
            told = dict(countries[there].drop_nulls().value_counts().iter_rows())
            fit = {
                territory: (int(own[there].sum()), int(read[there].sum())) for territory, (own, read) in fits.items()
            }
            # Where some numbers carry their country, the others are likely of it.
            order = {one: (own, told.get(one, 0), read) for one, (own, read) in fit.items()}
            likely = sorted(order, key=order.__getitem__, reverse=True)
            known = 0 if likely and fit[likely[0]][0] else 1
            plans = [(one, fit[one][known]) for one in likely if fit[one][known]]
            read = cells.len() - bare.rows["number"][there].null_count() + (fit[plans[0][0]][1] if plans else 0)
            national = int(is_national[there].sum())
            found[name] = _Numbers(filled[name].len(), tried[name].len(), read, national, plans)
        return found

    @cached_property
    def _number(self) -> str | None:
        """The column of the number to be called, where only one can be it."""
        if "number" in self._own:
            return self._own["number"]
        sure = [name for name, one in self._numbers.items() if one.share >= _SURE]
        return sure[0] if len(sure) == len(self._numbers) == 1 and looks_like_phone(sure[0]) else None

    def _region(self) -> Iterator[str]:
        name = self._number or next(iter(self._numbers), None)
        one = self._numbers.get(name) if name else None
        if one is None or not one.plans:
            yield f"# {self._w['region_none']}" if one and one.read else '# region = ""'
            return
        plans = ", ".join(f"{territory} {self._count(count)}" for territory, count in one.plans[:_PLANS])
        reason = self._w["region"].format(tried=self._count(one.tried), national=self._count(one.national), plans=plans)
        yield f'# region = "{one.plans[0][0]}"  # {reason}'

    # days

    def _dates(self) -> Iterator[str]:
        rows = self._rows.head(max(_LEAST, _CELLS // self._rows.width))
        cells = pl.concat([column.alias("day") for column in rows])
        parts = cells.str.extract_groups(_DAY).struct.unnest().cast(pl.Int8).drop_nulls()
        dmy, mdy = (int((parts[name] > 12).sum()) for name in parts.columns)
        if not parts.height:
            yield f"# {self._w['iso']}"
        elif dmy and mdy:
            yield f'# dates = "dmy"  # {self._w["mixed"].format(dmy=self._count(dmy), mdy=self._count(mdy))}'
        elif dmy or mdy:
            yield f'dates = "{"dmy" if dmy else "mdy"}"  # {self._w["order"].format(seen=self._count(dmy or mdy))}'
        else:
            yield f'# dates = "dmy"  # {self._w["unsure"]}'

    # columns and words

    def _ignore(self) -> Iterator[str]:
        """Columns that may tell objections and are proposed for nothing: a check stops at them."""
        mapped = Brief(columns={"number": self._table.columns[0]})
        unheard = Header(self._table, mapped).possible_objections
        left = [_text(name) for name in unheard if name not in self._named.values()]
        if left:
            yield f"# ignore = [{', '.join(left)}]  # {self._w['unheard']}"

    @cached_property
    def _own(self) -> dict[str, str]:
        """Our name → their column of the same name."""
        there = {folded(name): name for name in reversed(self._rows.columns)}
        return {ours: there[folded(ours)] for ours in vocabulary().columns if folded(ours) in there}

    @cached_property
    def _named(self) -> dict[str, str]:
        """Our name → their column, by its own name or as the hints propose."""
        proposed: dict[str, str] = {}
        for name in self._rows.columns:
            if name in self._own.values() or name in self._numbers or name in FORMER:
                continue
            plain = folded(name)
            hits = [(len(word), ours) for ours, words in hints()["columns"].items() for word in words if word in plain]
            if hits and (ours := max(hits)[1]) not in self._own:
                proposed.setdefault(ours, name)
        return {**proposed, **self._own}

    def _columns(self) -> Iterator[str]:
        yield from self._number_lines()
        for ours, theirs in self._named.items():
            if ours in self._own:
                yield f"# {self._w['own'].format(ours=ours)}"
            else:
                yield f"# {ours} = {_text(theirs)}  # {self._w['by_name']}"

    def _number_lines(self) -> Iterator[str]:
        if "number" in self._own:
            return
        if not self._numbers:
            yield f'# number = ""  # {self._w["nothing"]}'
        if len(self._numbers) > 1:
            yield f"# {self._w['several']}"
        for name, one in self._numbers.items():
            why = self._w["number"].format(
                filled=self._count(one.filled), tried=self._count(one.tried), read=self._count(one.read)
            )
            if name == self._number:
                yield f"number = {_text(name)}  # {why}"
            else:
                reason = why if looks_like_phone(name) else self._w["by_cells"].format(why=why)
                yield f"# number = {_text(name)}  # {reason}"

    def _values(self, column: str, theirs: str) -> Iterator[str]:
        """Their words for an axis that are not ours."""
        ours = ", ".join(vocabulary().axes[column])
        cells = _filled(self._rows[theirs]).alias("word")
        counts = cells.value_counts(name="rows").sort("rows", "word", descending=[True, False])
        strange = counts.filter(~pl.col("word").str.to_lowercase().is_in(vocabulary().axes[column]))
        if not strange.height:
            return
        yield f"\n[values.{column}]"
        if strange.height > _MOST_WORDS:
            said = {"column": column, "count": self._count(strange.height), "theirs": _text(theirs), "words": ours}
            yield f"# {self._w['many'].format(**said)}"
            return
        for word, rows in strange.iter_rows():
            guess = _meant(column, word)
            reason = self._w["word" if guess else "unknown"].format(rows=self._count(rows), words=ours)
            yield f'# {_text(word)} = "{guess}"  # {reason}'


def _filled(cells: pl.Series) -> pl.Series:
    cells = cells.str.strip_chars()
    return cells.filter(cells != "")


def _fitting(numbers: pl.Series, is_national: pl.Series, territory: str) -> tuple[pl.Series, pl.Series]:
    """Which numbers in national form a plan has as its own, and which it has at all."""
    rows, kinds = read_column(numbers, territory)
    where, doubt = (pl.select(kinds[name].gather(rows["kind"])).to_series() for name in ("territory", "doubt"))
    has = is_national & rows["kind"].is_not_null() & doubt.is_null()
    return has & (where == territory).fill_null(False), has


def _meant(column: str, word: str) -> str:
    """The word of ours that theirs may mean, or nothing."""
    meanings = hints()["values"].get(column, {})
    return next((ours for ours, words in meanings.items() if folded(word) in words), "")


def _text(text: str) -> str:
    """A text of the file as TOML writes it, on one line."""
    return re.sub(r"[\x7f-\x9f\u2028\u2029]", lambda one: f"\\u{ord(one[0]):04x}", json.dumps(text, ensure_ascii=False))
