"""What a list's columns and words seem to mean: what its cells prove, and what is only likely.

`dnc brief` writes it down as a draft, and the desk asks about it. Nothing here decides a call.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping
from functools import cached_property
from itertools import accumulate
from pathlib import Path

import msgspec
import polars as pl

from dnc.clock import read_day
from dnc.errors import InputError
from dnc.files.columns import Content, contents_of, known_words, look, words_of
from dnc.files.net import is_of_mail
from dnc.files.open_table import open_table
from dnc.files.table import LINE, RAGGED, folded, looks_like_phone, phone_words
from dnc.frames import as_text, repeated
from dnc.law.rulebook import Rulebook
from dnc.law.vocabulary import OR_NONE, vocabulary
from dnc.lists.brief import Brief
from dnc.lists.header import Header, lone_texts
from dnc.lists.roles import around
from dnc.lists.second_numbers import DAY, DIGITS, SURE
from dnc.lists.words import meaning, proposals
from dnc.messages import localized, system_locale
from dnc.numbers.bulk_reader import read_column
from dnc.numbers.numbering_plans import known_region

MOST_WORDS = 20  # a column with more different words is free text, and holds no axis
_LONGEST_DAY = 60  # characters
_SAMPLE = 1_000  # numbers of a column that are read in every plan
_TOGETHER = 10_000  # of all columns
_PROBED = 20  # of a column; a plan that has none of these is not tried on the others: to compile all takes seconds
_LEAST = 20  # of each, however many columns there are
_CELLS = 2_000_000  # in which days are looked for
_MOST = 0.5  # of the numbers with a country code
_CLOSE = 0.98  # of the numbers that the best plan has: a plan with as many is as likely
# Two numbers in a cell, each perhaps with the name of its line before it.
_BETWEEN = r"\s*(?::::|[;,|\n])\s*(?:\p{L}[\p{L} .]*:)?|\s+(?:/|ou|or|oder|o)\s+|^\s*\p{L}[\p{L} .]*:"
_YEAR_FIRST = r"^[0-9]{1,2}-[0-9]{1,2}-[0-9]{2}(?:$|[, T])"  # 25-11-26 may be of 2025 or of 2026: it proves no order
_SHORT_YEAR = r"[0-9].*\p{L}{3}\.?[ ./\-]+[0-9]{2}(?:$|[, T])"  # 05-avr-26; only a declared order decides its century
# The value that a column of days gives to one of our columns without days.
_DAY_OF = {"consent": "consent_on", "relationship": "relationship_on"}
WORD_OF = {day: word for word, day in _DAY_OF.items()}


class Numbers(msgspec.Struct, frozen=True):
    """How a column reads as telephone numbers.

    Attributes:
        filled: cells that are not empty. tried: numbers that were tried; read: of them, read.
        national: of them, in national form.
        plans: for each numbering plan that has some of them as its own, how many; most first.
        by_country: for each country whose code some of the numbers carry, how many.
    """

    filled: int
    tried: int
    read: int
    national: int
    plans: list[tuple[str, int]]
    by_country: Counter[str]

    @property
    def share(self) -> float:
        """The share of the numbers tried that were read."""
        return self.read / self.tried if self.tried else 0.0


class Days(msgspec.Struct, frozen=True):
    """How days are written.

    Attributes:
        dmy, mdy: how many can only be read with the day first, or with the month first.
        digits: how many are written in digits, in one of these orders.
        short: how many have a month in words, and a year of two digits.
    """

    dmy: int
    mdy: int
    digits: int
    short: int

    @property
    def any(self) -> bool:
        """Whether there are days that are only read in a declared order."""
        return bool(self.digits or self.short)

    @property
    def order(self) -> str | None:
        """`dmy` or `mdy` where the cells prove it, or where either reads them all."""
        if not self.digits:
            return "dmy" if self.short else None
        return None if bool(self.dmy) == bool(self.mdy) else "dmy" if self.dmy else "mdy"


class Guesses:
    """What the first rows of a list show. Raises InputError if the file is not a list.

    here: country of those who call; by default that of the system.
    """

    def __init__(self, path: str | Path, book: Rulebook, sheet: str | None = None, here: str = "") -> None:
        self.sheet, self._here = sheet, here or system_locale()[1]
        self.table = open_table(path, sheet=sheet)
        self._later = iter(self.table.batches)
        batch = next(self._later, pl.DataFrame(schema=dict.fromkeys(self.table.columns, pl.String)))
        if not self.table.columns:
            raise InputError(localized("errors", "no_column_in"), self.table.path, self.table.skipped + 1)
        # A file without a header shows numbers where its names should be: the intake refuses it.
        self.header = Header(self.table, Brief(columns={"number": self.table.columns[0]}))
        if batch.height:
            _ = self.header.columns
        self.batch = batch
        self.rows = pl.DataFrame([as_text(batch[name]) for name in self.table.columns])
        self._book = book

    # Numbers

    @cached_property
    def numbers(self) -> dict[str, Numbers]:
        """Columns that may hold telephone numbers, the likeliest first."""
        found = self._as_numbers
        named = {name: numbers for name, numbers in found.items() if looks_like_phone(name)}
        # "Numéro" may count the rows, and "Phone 1 - Label" says what kind of telephone it is.
        read = {name: numbers for name, numbers in named.items() if numbers.read}
        likely = read or named | {name: numbers for name, numbers in found.items() if numbers.share >= SURE}
        return dict(sorted(likely.items(), key=lambda pair: -pair[1].share))

    @cached_property
    def _as_numbers(self) -> dict[str, Numbers]:
        """Each column as telephone numbers."""
        return self._read([name for name in self.rows.columns if name not in self.header.written])

    @property
    def further_numbers(self) -> list[str]:
        """Columns that are read as telephone numbers, and not called so."""
        read = (name for name, numbers in self._as_numbers.items() if numbers.share >= SURE)
        return [name for name in read if name not in self.numbers]

    def _read(self, names: list[str]) -> dict[str, Numbers]:
        """Columns as telephone numbers, all of them read together: a plan takes its time however few they are."""
        most = max(_LEAST, min(_SAMPLE, _TOGETHER // max(1, len(names))))
        full = {name: filled(self.rows[name]) for name in names}
        first = {name: cells.unique(maintain_order=True).head(most) for name, cells in full.items()}
        tried = {
            name: filled(cells.str.replace_all(_BETWEEN, "\n").str.split("\n").explode())
            for name, cells in first.items()
        }
        digits = {
            name: cells.filter(cells.str.contains(DIGITS) & ~cells.str.contains(DAY)) for name, cells in tried.items()
        }
        texts = pl.concat([pl.Series(dtype=pl.String), *digits.values()])
        bare = read_column(texts, None)
        is_national = (bare.rows["unread"] == "region").fill_null(False)
        ends = accumulate(cells.len() for cells in digits.values())
        spans = {name: slice(end - digits[name].len(), end) for name, end in zip(digits, ends, strict=True)}
        probed = pl.concat([texts.clear(), *(_probe(texts[span].filter(is_national[span])) for span in spans.values())])
        fits = {
            territory: _fitting(texts, is_national, territory)
            for pack in self._book.packs.values()
            for territory in pack.territories
            if _fitting(probed, repeated(True, pl.Boolean, probed.len()), territory)[1].any()
        }
        countries = bare.kinds["territory"][bare.rows["kind"]]
        found = {}
        for name, there in spans.items():
            by_country = Counter[str](dict(countries[there].drop_nulls().value_counts().iter_rows()))
            fit = {place: (int(own[there].sum()), int(known[there].sum())) for place, (own, known) in fits.items()}
            plans = _likely(fit, by_country)
            read = digits[name].len() - bare.rows["number"][there].null_count() + (fit[plans[0][0]][1] if plans else 0)
            national = int(is_national[there].sum())
            found[name] = Numbers(full[name].len(), tried[name].len(), read, national, plans, by_country)
        return found

    @cached_property
    def number_columns(self) -> list[str]:
        """The columns to be called: those named and read as telephone numbers, in the order of the file.

        Of the only one that may be it, half is enough: some of its numbers may be of another country.
        """
        if "number" in self.own:
            return [self.own["number"]]
        least = SURE if len(self.numbers) > 1 else 1 / 2
        sure = [name for name, numbers in self.numbers.items() if numbers.share >= least and looks_like_phone(name)]
        return [name for name in self.rows.columns if name in sure] if len(sure) == len(self.numbers) else []

    @property
    def called(self) -> list[Numbers]:
        """What was read in the number columns, or else in the likeliest one."""
        names = self.number_columns or list(self.numbers)[:1]
        return [self.numbers[name] for name in names if name in self.numbers]

    @cached_property
    def plans(self) -> list[tuple[str, int]]:
        """Numbering plans that have numbers in national form as their own, of all number columns, most first."""
        counts, by_country = Counter[str](), Counter[str]()
        for column in self.called:
            counts.update(dict(column.plans))
            by_country.update(column.by_country)
        return sorted(counts.items(), key=lambda pair: (-pair[1], -by_country[pair[0]]))

    @cached_property
    def regions(self) -> list[str]:
        """The countries that the numbers in national form may belong to: one if it is settled, else the likely first.

        Of plans that have as many of the numbers, the country codes that the other numbers carry decide, then the
        language of the header and the country of the caller where they agree, then either; never the alphabet. Several
        countries of that language leave it open, and so does a column of several countries, or a plan that has more of
        the numbers than those that language and caller speak for, of which one has half as many: the numbers of two
        countries are often all valid in a third.
        """
        country, places = self.named.get("region"), [place for place, _ in self.plans]
        tied = [place for place, count in self.plans if count >= _CLOSE * self.plans[0][1]]
        by_country = sum((column.by_country for column in self.called), Counter[str]())
        languages, here = proposals()["languages"], self._here
        spoken = languages[self.language]["countries"] if self.language else []
        reasons = (
            [place for place in tied if by_country[place] > _MOST * by_country.total()],
            [here] if here in spoken else spoken,
            [here],
        )
        found = next(filter(None, ([place for place in likely if place in tied] for likely in reasons)), [])
        if not found:
            fewer = [place for place, count in self.plans if place in {*spoken, here} and 2 * count > self.plans[0][1]]
            tied = [*fewer, *tied]
        if country and filled(self.rows[country]).n_unique() > 1:
            return [*found, *(place for place in places if place not in found)]
        return found or tied

    @cached_property
    def language(self) -> str | None:
        """The language of the header, by the letters of the words known in it; None where no language has the most."""
        plain = [folded(name) for name in self.table.header]
        scores = {
            language: sum(max((len(word) for word in entry["words"] if word in name), default=0) for name in plain)
            for language, entry in proposals()["languages"].items()
        }
        best = max(scores.values())
        first = [language for language, score in scores.items() if score == best]
        return first[0] if best and len(first) == 1 else None

    @cached_property
    def around(self) -> list[str]:
        """What is written around the table, and between its first rows."""
        names = self.number_columns or list(self.numbers)
        without = self.rows.select(~pl.any_horizontal(pl.lit(False), pl.col(names).str.contains(r"\d{2}"))).to_series()
        between = [text for _, text in lone_texts(self.batch, names, without.fill_null(True))]
        return list(dict.fromkeys([*around(self.header, self.contents), *between, *self.header.unseen]))

    # Days

    @cached_property
    def days(self) -> Days:
        """How days are written in all columns together."""
        others = self.rows.select(pl.exclude(list(self.numbers)))
        rows = (others if others.width else self.rows).head(max(_LEAST, _CELLS // self.rows.width))
        cells = pl.concat([column.alias("day") for column in rows])
        digits = cells.filter(cells.str.contains(DAY))
        proofs = digits.filter(~digits.str.contains(_YEAR_FIRST))
        parts = proofs.str.extract_groups(DAY).struct.unnest().cast(pl.Int8)
        dmy, mdy = (int((parts[name] > 12).sum()) for name in parts.columns)
        short = filter(is_day, cells.filter(cells.str.contains(_SHORT_YEAR)))
        return Days(dmy, mdy, digits.len(), sum(1 for _ in short))

    def has_days(self, name: str) -> bool:
        """Whether the cells of a column are days."""
        return name in self._of_days

    @cached_property
    def _of_days(self) -> set[str]:
        """The columns whose cells are days."""
        rows = self.rows.head(max(_LEAST, min(_SAMPLE, _CELLS // self.rows.width)))
        columns = {column.name: filled(column) for column in rows}
        shares = {name: sum(map(is_day, cells)) / cells.len() for name, cells in columns.items() if cells.len()}
        return {name for name, share in shares.items() if share >= SURE}

    # Columns and words

    @cached_property
    def own(self) -> dict[str, str]:
        """Our name → their column of the same name, except for `no_country`."""
        there = {folded(name): name for name in reversed(self.rows.columns)}
        found = {ours: there[folded(ours)] for ours in vocabulary().columns if folded(ours) in there}
        return {ours: name for ours, name in found.items() if name not in self.no_country}

    @cached_property
    def no_country(self) -> list[str]:
        """The column called `region` if it names no country, but a part of one: it is to be left out.

        All its numbers would be unread otherwise.
        """
        names = [name for name in self.rows.columns if folded(name) == "region"]
        words = [word.upper() for name in names for word, _ in self.words(name)]
        is_one = len(names) == 1 and words and not any(map(known_region, words))
        return names if is_one and not self.contents[names[0]].may_object else []

    @cached_property
    def named(self) -> dict[str, str]:
        """Our name → their column, by its own name or as `words.toml` proposes; of several the one with known words."""
        proposed: dict[str, tuple[float, str]] = {}
        for name, ours in self.fits.items():
            score = self._known(ours, name)
            if ours not in proposed or score > proposed[ours][0]:
                proposed[ours] = (score, name)
        return {**{ours: name for ours, (_, name) in proposed.items()}, **self.own}

    @cached_property
    def fits(self) -> dict[str, str]:
        """Their column → the one of ours that it may be, of which several may be the same."""
        found = dict[str, str]()
        for name in self.rows.columns:
            if name in self.own.values() or name in self.numbers or name in self.header.written:
                continue
            hinted = _hinted(name)
            ours = self._fitting(name, hinted) if hinted else self._by_words(name)
            if ours and ours not in self.own and not is_of_mail(name):
                found[name] = ours
        return found

    def reason(self, name: str) -> str:
        """Why `named` proposes a column: key of the text in the messages."""
        return "by_name" if _hinted(name) else "by_words"

    def _fitting(self, name: str, ours: str) -> str | None:
        """Our column that one with a name for `ours` fits by its cells, which are days or words."""
        is_axis = ours in vocabulary().axes
        if not filled(self.rows[name]).len():
            return None if is_axis and self.rows.height else ours
        if self.has_days(name):
            return _DAY_OF.get(ours) if is_axis else ours
        ours = WORD_OF.get(ours, ours)
        is_day = vocabulary().columns[ours]["kind"].startswith("date") and ours not in OR_NONE
        return None if is_day else ours

    def _by_words(self, name: str) -> str | None:
        """Our column for one whose name says nothing and whose words are those of one axis, two of them or more."""
        words = [word for word, _ in self.words(name)] if self.rows[name].n_unique() <= MOST_WORDS else []
        meant = {axis: [meaning(axis, word) for word in words] for axis in vocabulary().axes}
        fit = [axis for axis, found in meant.items() if all(found) and len(set(found)) > 1]
        return fit[0] if len(fit) == 1 else None

    def _known(self, ours: str, name: str) -> float:
        """The share of the filled cells of a column whose word `words.toml` or the vocabulary knows."""
        words = self.words(name)
        known = sum(rows for word, rows in words if meaning(ours, word))
        return known / max(1, sum(rows for _, rows in words)) if len(words) <= MOST_WORDS else 0.0

    def words(self, name: str) -> list[tuple[str, int]]:
        """The different words of a column with their rows, most first."""
        counts = filled(self.rows[name]).alias("word").value_counts(name="rows")
        return list(counts.sort("rows", "word", descending=[True, False]).iter_rows())

    @property
    def organisations(self) -> list[str]:
        """Columns that name an organisation."""
        words = proposals()["organisation"]["words"]
        return [name for name in self.rows.columns if any(word in folded(name) for word in words)]

    @property
    def contents(self) -> dict[str, Content]:
        """What each column holds, in all rows of the list."""
        return self._whole[0]

    @property
    def sheet_rows(self) -> pl.Series:
        """For each row of the list, its number in a spreadsheet program, which shows a record as one row (UInt64)."""
        return self._whole[1]

    @cached_property
    def _whole(self) -> tuple[dict[str, Content], pl.Series]:
        contents = contents_of(
            {name: shown for name, shown in self.table.names.items() if name not in self.header.written}
        )
        rows, broken = [pl.Series(dtype=pl.UInt64)], 0
        for batch in itertools.chain([self.batch], self._later):
            look(contents, batch, self.table.path)
            if batch.height and self.table.kind == "csv":
                breaks = _breaks(batch)
                rows.append(batch[LINE] - (breaks.cum_sum() - breaks) - broken)
                broken += int(breaks.sum())
            elif batch.height:
                rows.append(batch[LINE])
        return contents, pl.concat(rows)


def _breaks(batch: pl.DataFrame) -> pl.Series:
    """The line breaks in the cells of each row (UInt64)."""
    cells = batch.drop(LINE, RAGGED)
    if batch[LINE][-1] - batch[LINE][0] == batch.height - 1 and "\n" not in "".join(filter(None, cells.row(-1))):
        return repeated(0, pl.UInt64, batch.height)
    return cells.select(pl.sum_horizontal(pl.all().str.count_matches("\n")).cast(pl.UInt64)).to_series()


def is_day(cell: str) -> bool:
    """Whether a cell is a day in some order."""
    is_short = len(cell) <= _LONGEST_DAY and any(map(str.isdigit, cell))
    return is_short and any(read_day(cell, order) for order in ("dmy", "mdy"))


def filled(cells: pl.Series) -> pl.Series:
    """The cells that are not empty, trimmed."""
    cells = cells.str.strip_chars()
    return cells.filter(cells != "")


def _hinted(name: str) -> str | None:
    """Our column that a name of a column suggests, by the longest word that is known in it.

    One that speaks against a call comes first: `Retrait du consentement le` is no day of a consent.
    """
    plain, columns = folded(name), proposals()["columns"].items()
    hits = [(ours in OR_NONE, len(word), ours) for ours, words in columns for word in words if word in plain]
    return max(hits)[-1] if hits else None


def names_only(name: str, ours: str) -> bool:
    """Whether the name of a column says nothing else than that it is one of ours, unlike `Consentement expiré le`."""
    words = words_of(name)
    hints = [word for one in {ours, WORD_OF.get(ours, ours)} for word in proposals()["columns"][one]]
    others = frozenset(word for word in words if not any(word in hint for hint in hints))
    return others <= known_words() | phone_words(words)


def _likely(fit: Mapping[str, tuple[int, int]], by_country: Counter[str]) -> list[tuple[str, int]]:
    """The countries whose plans read numbers in national form, the likeliest first, and how many of them.

    fit: how many numbers a plan has as its own, and how many it has at all; where there are any of the first, only
        these count.
    by_country: how many other numbers carry their country; those in national form are likely of the same.
    """
    likely = sorted(fit, key=lambda place: (fit[place][0], by_country[place], fit[place][1]), reverse=True)
    counted = 0 if likely and fit[likely[0]][0] else 1
    return [(place, fit[place][counted]) for place in likely if fit[place][counted]]


def _probe(numbers: pl.Series) -> pl.Series:
    """Some of them, evenly spread."""
    return numbers.gather_every(max(1, -(-numbers.len() // _PROBED)))


def _fitting(numbers: pl.Series, is_national: pl.Series, territory: str) -> tuple[pl.Series, pl.Series]:
    """Which numbers in national form a plan has as its own, and which it has at all."""
    rows, kinds = read_column(numbers, territory)
    where, doubt = (kinds[name][rows["kind"]] for name in ("territory", "doubt"))
    has = is_national & rows["kind"].is_not_null() & doubt.is_null()
    return has & (where == territory).fill_null(False), has
