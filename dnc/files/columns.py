"""What the columns of a file hold: addresses, ids, days, a yes or no, texts. Names count only where a draft is made.

A column is looked at in all rows, a batch at a time and in bounded memory.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import polars as pl

from dnc.cache import shipped_toml
from dnc.clock import NONE, YES
from dnc.errors import InputError
from dnc.files.cell_texts import WORD, normal, text_cells
from dnc.files.net import marked
from dnc.files.table import folded, may_be_data, phone_words
from dnc.messages import Words, figure, localized

LOOKED_AT = 100_000  # rows in which columns that nobody needs are searched by the net
MOST_TEXTS = 10_000  # different texts of a column that are kept
MOST_COLUMNS = 2_000  # with cells, of those that nobody gave a role: each takes a few milliseconds
_DAY = r"^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:$|[T ])|^(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])$"
_OF_ID = r"[^\s{}\[\]\"=;|,]"  # with one of these, such as JSON, a cell has parts that may say anything
# What the cells of a column may be, and the pattern that each of them matches.
_FORMS = {
    "mail": r"(?i)^[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+$",
    "web": r"(?i)^(?:https?://\S+|(?:[a-z0-9-]+\.)+[a-z]{2,}(?:/\S*)?|[\d.]{7,}|[0-9a-f:]*:[0-9a-f:]*:[0-9a-f:]*)$",
    "day": _DAY,
    "phone": r"^\+?[\d\s().\-/]{6,}$",
    "count": r"^[-+]?[\d\s.,]+\s?[%€$£]?$",
    "id": rf"^{_OF_ID}*\d{_OF_ID}*=*$|^[\d\s.\-/+()]+$",
    "name": r"^[^\d@#:;?!=_]{1,80}$",
    "place": r"^[^@#:;?!=_]{1,120}$",
}
# Kind of a column by its name → forms of which all its cells must have one.
_FORMS_OF = {
    "name": ("name",), "place": ("place",), "staff": ("name", "mail"), "day": ("day",), "count": ("count",),
    "id": ("id",), "channel": ("mail", "web", "phone"),
}  # fmt: skip
_TEXTS = {"text": pl.String, "cell": pl.String, "rows": pl.UInt32, "marked": pl.Boolean}
_FILLED, _VARIED = 0.9, 40  # of a column that a draft leaves out: share of its rows, or different texts
_PARTS = re.compile(r"[^\W\d_]+")
EVERY = "*"  # among columns to leave out: all others


@cache
def yes_and_no() -> frozenset[str]:
    """Words for yes and no as `normal` writes them, with the initials of false, vrai and wahr."""
    return frozenset(normal(pl.Series([*YES, *NONE, "f", "v", "w"])))


def left_out(names: Mapping[str, str], ignore: Collection[str]) -> list[str]:
    """Columns that are to be left out, by their names or by a pattern such as `utm_*`.

    Of columns whose names differ only in what `folded` removes, or not at all, each needs its own (unique) name.

    names: unique name → name in the file. Returns unique names.
    """
    named = set(map(folded, set(ignore).difference(names)))
    same = Counter(map(folded, names.values()))
    shown = {name.casefold() for name in names.values()}  # `Nom *` is a column of forms, and then no pattern
    patterns = [name for name in map(str.casefold, ignore) if "*" in name and name != EVERY and name not in shown]
    return [
        unique
        for unique, name in names.items()
        if unique in ignore
        or (folded(name) in named and (same[folded(name)] == 1 or name in ignore))
        or (any(fnmatchcase(name.casefold(), pattern) for pattern in patterns))
    ]


class Content:
    """What one column holds, over all rows that were added.

    Attributes:
        name: of the column in the file. is_marked: whether the net marks it; may_object: or a text.
        rows: of the list. filled: cells that are not empty.
        texts: its different texts, those that the net finds first, then by rows: `text` (see `cell_texts.normal`),
            `cell` (where it was first seen), `rows` and `marked`.
        cut: whether it has more of them.
    """

    def __init__(self, name: str, *, is_marked: bool) -> None:
        self.name, self.is_marked, self._kind = name, is_marked, kind_of_name(name)
        self.may_object = is_marked
        self.rows = self.filled = 0
        self.cut = False
        self.texts = pl.DataFrame(schema=_TEXTS)
        self._forms = set(_FORMS)
        self._shapes = set[str]()  # of its cells, with `#` for digits; two at most

    def add(self, column: pl.Series) -> None:
        """Look at the cells of some rows."""
        cells = text_cells(column).alias("cell").drop_nulls()
        self.rows, self.filled = self.rows + column.len(), self.filled + cells.len()
        if not cells.len():
            return
        distinct = cells.unique(maintain_order=True)
        if column.dtype.is_temporal():
            self._forms &= {"day"}
        self._forms = {form for form in self._forms if distinct.str.contains(_FORMS[form]).all()}
        if len(self._shapes) <= 1:
            self._shapes |= set(distinct.str.replace_all(r"\d+", "#").unique().head(2))
        found = marked(distinct, column=self.name)
        self.may_object |= bool(found.any())
        self._add_texts(cells, distinct, found)

    def _add_texts(self, cells: pl.Series, distinct: pl.Series, found: pl.Series) -> None:
        keys = pl.DataFrame([normal(distinct).alias("text"), distinct, found.alias("marked")])
        rows = cells.value_counts(name="rows").join(keys, on="cell", maintain_order="right").drop_nulls("text")
        texts = pl.concat([self.texts, rows.select("text", "cell", pl.col("rows").cast(pl.UInt32), "marked")])
        texts = texts.group_by("text", maintain_order=True).agg(
            pl.col("cell").first(), pl.col("rows").sum(), pl.col("marked").any()
        )
        texts = texts.sort("marked", "rows", "text", descending=[True, True, False])
        self.cut |= texts.height > MOST_TEXTS
        self.texts = texts.head(MOST_TEXTS)

    @property
    def described(self) -> Words:
        """The column for a message, with the number of its texts; these may name people, so it quotes none."""
        name = "…" if may_be_data(self.name) else self.name
        return localized("errors", "roles", "more" if self.cut else "column", name=name, n=figure(self.texts.height))

    @property
    def is_phones(self) -> bool:
        """Whether no cell has a letter, and not all say yes or no."""
        return not self.is_yes_no and not self.texts["text"].str.contains(r"\p{L}").any()

    @property
    def is_yes_no(self) -> bool:
        """Whether its cells say yes or no, and nothing else."""
        return bool(self.filled) and not self.cut and set(self.texts["text"]) <= yes_and_no()

    @property
    def is_plain(self) -> bool:
        """Whether its filled cells are all a yes or no, a day, a number, or ids of one form: nothing is to be read."""
        is_id = "id" in self._forms and len(self._shapes) == 1
        return not self.filled or self.is_yes_no or is_id or not self._forms.isdisjoint({"day", "phone", "count"})

    @property
    def is_codes(self) -> bool:
        """Whether it has few different texts, all without a word and no days: nobody can read what they say."""
        is_few = not self.cut and self.texts.height <= _VARIED and "day" not in self._forms
        return is_few and not self.texts["cell"].str.contains(WORD).any()

    @property
    def is_suspect(self) -> bool:
        """Whether it may object, or says yes and no: nobody may leave it out unseen."""
        return self.may_object or self.is_yes_no

    @property
    def may_be_left_out(self) -> bool:
        """Whether a draft leaves it out: its name is understood, its cells are like it, and they are many.

        Few ids for many rows are codes.
        """
        forms, texts = _FORMS_OF.get(self._kind, ()), self.texts.height
        is_full = self.filled >= _FILLED * self.rows and (self._kind != "id" or texts == self.filled)
        is_many = texts > _VARIED or is_full
        return is_many and not self._forms.isdisjoint(forms) and not self.is_suspect


def contents_of(names: Mapping[str, str]) -> dict[str, Content]:
    """What some columns hold, before any row: by their unique names. names: unique name → name in the file."""
    shown = [name or column for column, name in names.items()]
    found = marked(pl.Series(shown, dtype=pl.String))
    return {column: Content(name, is_marked=mark) for column, name, mark in zip(names, shown, found, strict=True)}


def look(contents: Mapping[str, Content], rows: pl.DataFrame, path: Path) -> None:
    """Add the cells of some rows to the contents of their columns. Raises InputError where too many have any."""
    filled = sum(rows[column].null_count() < rows.height for column in contents)
    if filled > MOST_COLUMNS:
        raise InputError(localized("errors", "many_columns", n=figure(filled), most=figure(MOST_COLUMNS)), path)
    for column, content in contents.items():
        content.add(rows[column])


@cache
def kind_of_name(name: str) -> str:
    """What a column holds by its name, if every word of it is understood: a key of `_FORMS_OF`; else "".

    Of several kinds the one that says most: in `date de création du contact` that is the day. Nothing is understood of
    `Date limite`, though it has `tel` in it.
    """
    words, kinds = words_of(name), kinds_of_name(name)
    if not words <= known_words() | (of_phones := phone_words(words)):
        return ""
    return "channel" if of_phones and "day" not in kinds else next(iter(kinds), "")


def kinds_of_name(name: str) -> list[str]:
    """What a column may hold by any word of its name: keys of `_FORMS_OF`, that which says most first."""
    words = words_of(name)
    return [kind for kind in _FORMS_OF if not _names()[kind].isdisjoint(words)]


def words_of(name: str) -> frozenset[str]:
    """The words of a name, without case and accents; fooBar and foo_bar are two, digits are none."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", spaced) if unicodedata.category(sign) != "Mn")
    return frozenset(_PARTS.findall(plain.casefold()))


@cache
def known_words() -> frozenset[str]:
    """All words in names of columns whose kind is known."""
    return frozenset().union(*_names().values())


@cache
def _names() -> dict[str, frozenset[str]]:
    """Kind → words in names of columns; `any` are words that say nothing of the kind."""
    return {kind: frozenset(words) for kind, words in shipped_toml("dnc.files", "column_names.toml").items()}
