"""Texts of a list that a person gave a meaning: `[texts]` of a brief, applied to the cells of its columns.

Two cells are the same text if `normal` of `dnc.files.cell_texts` says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import polars as pl

from dnc.clock import NO, YES, read_day
from dnc.files.cell_texts import days_in, normal, text_cells
from dnc.files.columns import LOOKED_AT, yes_and_no
from dnc.files.net import marked, marks
from dnc.frames import numbered, repeated
from dnc.law.vocabulary import OR_NONE

# What a text may mean, and the column of ours that it then fills in; a text that is unread fills in `TEXTS`.
TEXTS = "\0texts"
DECEASED, WRONG_NUMBER = "deceased", "wrong_number"  # no columns, but told as one is
MEANINGS = {
    "nothing": None,
    "objected": "objected_on",
    "refused": "refused_on",
    "withdrawn": "consent_withdrawn_on",
    "deceased": DECEASED,
    "wrong_number": WRONG_NUMBER,
    "unread": TEXTS,
}
TOLD = (*OR_NONE, DECEASED, WRONG_NUMBER)
_CODES = dict.fromkeys(MEANINGS, "") | dict(zip(list(MEANINGS)[1:], "orwdxu", strict=True))  # letters for cells
_UNREAD = _CODES["unread"]
_COUNTS = {"what": pl.String, "column": pl.String, "word": pl.String, "rows": pl.UInt32}
_MOST_YES_NO = 10  # different texts of a column that says yes and no, with some in capitals
_ANSWERS = [word for word in (*YES, *NO) if len(word) > len("no") and word.isalpha()]
_TIME = r"(?:19|20)\d\d|\d[/.-]\d|\d\.? \p{L}+\.? \d\d"  # a year, or a part of a day
_LONG_WORD = re.compile(r"[^\W\d_]{5,}")
_COUNTED = 100  # different texts of a batch that are counted apart


@dataclass(frozen=True)
class TextMeanings:
    """What the texts of one column mean, as `[texts."Column"]` of a brief says it.

    Attributes:
        meanings: text (as `normal` of `dnc.files.cell_texts` writes it, in full if it names a number) → key of
            `MEANINGS`.
        rest: `nothing` if all other texts mean nothing; None if they have no meaning.
        separator: between several texts of a cell; None where a cell is one text.
        on: column of the file with the day of an objection, a refusal or a withdrawal.
    """

    meanings: Mapping[str, str] = field(default_factory=dict)
    rest: str | None = None
    separator: str | None = None
    on: str | None = None

    @property
    def tells(self) -> dict[str, str]:
        """Our columns that these texts fill in → the letter of the meaning that does."""
        meant = set(self.meanings.values())
        return {ours: _CODES[meaning] for meaning, ours in MEANINGS.items() if meaning in meant and ours in TOLD}

    def meant(self, cells: pl.Series, keys: pl.Series) -> pl.Series:
        """The meaning of each text; null where it is not named. keys: the same of `normal`."""
        found = keys.replace_strict(self.meanings, default=None, return_dtype=pl.String)
        if not self._in_full:
            return found
        named = normal(cells, in_full=True).replace_strict(self.meanings, default=None, return_dtype=pl.String)
        return pl.select(pl.coalesce(pl.lit(named), pl.lit(found))).to_series()

    def near(self, cells: pl.Series, keys: pl.Series) -> pl.Series:
        """Which texts say yes or no as one does that means something, hold it (`VIP;Stop`), or are it but for signs or
        one letter of a long word (`Désinscrite`).
        """
        if not self.meanings or not self._meant:
            return repeated(False, pl.Boolean, keys.len())
        words, whole = _words(keys, is_one=True), [text.replace(" ", "") for text in self._meant]
        found = words.str.contains_any(self._meant) | words.str.replace_all(" ", "").is_in(whole).fill_null(value=False)
        found |= _almost(words, self._meant)
        return found | _words(normal(cells, in_full=True)).str.contains_any(self._meant) if self._in_full else found

    @cached_property
    def _in_full(self) -> bool:
        """Whether a text names a date or a number, and not `#` for any."""
        texts = pl.Series([*self.meanings], dtype=pl.String)
        return not texts.is_empty() and not (normal(texts) == texts).all()

    @cached_property
    def _meant(self) -> list[str]:
        texts = pl.Series([text for text, meaning in self.meanings.items() if meaning != "nothing"], dtype=pl.String)
        return [words for words in (*_words(texts), *_words(texts, is_one=True)) if words.strip()]


class ReadColumn(NamedTuple):
    """A column whose texts are read, or that is left out.

    Attributes:
        name: in the file. column: its unique name.
        texts: what its texts mean.
        others: what a text that is not named there tells: `unread`; `days`, the same unless it is a day; `searched`,
            only what the net finds in it; or `used`, nothing here, as it is read as a fact. Of `AROUND` it is `around`.
        left_out: whether the column is searched in the first rows only, unless the net finds something in it.
        on: unique name of the column with the day.
        is_id: whether its cells are ids; those that only say yes and no are none.
        is_named: whether it is left out by its own name: then a yes in it objects to nothing.
    """

    name: str
    column: str
    texts: TextMeanings
    others: str
    left_out: bool = False
    on: str | None = None
    is_id: bool = False
    is_named: bool = False


# What stands around the table, which may be about any of its rows, where nobody has read it.
AROUND = ReadColumn("around", "", TextMeanings(), "around")


class TextsRead(NamedTuple):
    """What the texts of some rows tell.

    Attributes:
        columns: `TEXTS`, the names of the columns with a text that has no meaning, `;` between them, null where there
            is none; and for each of ours that a column fills in `name_of(ours, column)`: the day, `yes` where it has
            none, null in rows without the meaning.
        counts: `what` (`unread`, `rest` or `harmless`), `column` (in the file), `word` (the text) and `rows`, of texts
            that have no meaning, of those that need none and were not named, and of those that a person declared to
            mean nothing although the net marks them.
    """

    columns: list[pl.Series]
    counts: pl.DataFrame


def name_of(ours: str, column: str) -> str:
    """The name of the cells by which the texts of a column fill in one of ours."""
    return f"{ours}\0{column}"


class TextReader:
    """Reads the texts of a list, batch by batch.

    columns: what is read, in the order of the list.
    Attribute `before`: how many rows of the list are before those that are read.
    """

    def __init__(self, columns: Sequence[ReadColumn]) -> None:
        self._columns = list(columns)
        self.before = 0
        self._found = set[str]()  # columns that are left out and in which the net found something

    def read(self, rows: pl.DataFrame) -> TextsRead:
        """What the texts of some rows of the list tell."""
        looked_at = max(LOOKED_AT - self.before, 0)
        if 0 < looked_at < rows.height:
            parts = [self._read(rows[:looked_at], self._columns), self._read(rows[looked_at:], self._beyond)]
            columns = pl.concat([pl.DataFrame(part.columns) for part in parts], how="diagonal")
            return TextsRead(columns.get_columns(), pl.concat([part.counts for part in parts]))
        return self._read(rows, self._columns if looked_at else self._beyond)

    @property
    def _beyond(self) -> list[ReadColumn]:
        """What is read in the rows behind those in which columns that are left out are looked at."""
        return [one for one in self._columns if not one.left_out or one.column in self._found]

    def _read(self, rows: pl.DataFrame, columns: Sequence[ReadColumn]) -> TextsRead:
        filled, unread, counts = list[pl.Series](), list[pl.Expr](), [pl.DataFrame(schema=_COUNTS)]
        for column in columns:
            if column == AROUND:
                unread.append(pl.lit(repeated(column.name, pl.String, rows.height)))
                continue
            row, distinct = numbered(text_cells(rows[column.column]).alias("text").to_frame())
            codes, unnamed = self._codes(column, distinct["text"])
            if column.is_id:
                is_answer = _are_answers(distinct["text"], all_=distinct.height < row.len())
                codes = codes.scatter((unnamed & is_answer).arg_true(), _UNREAD)
            counts += [
                _counted(column, distinct["text"], codes, unnamed, row),
                _harmless(column, distinct["text"], row),
            ]
            if not (codes != "").any():
                continue
            of_row = pl.lit(codes[row])
            days = {"": pl.lit("yes") if column.on is None else pl.lit(text_cells(rows[column.on])).fill_null("yes")}
            if column.on is not None:
                days["\0text"] = pl.lit(_days_of(distinct["text"], codes)[row])
            for ours, letter in column.texts.tells.items():
                says_so = pl.when(of_row.str.contains(letter, literal=True))
                of_source = (says_so.then(day).alias(name_of(ours, column.column) + name) for name, day in days.items())
                filled += pl.select(of_source).get_columns()
            name = pl.lit(column.name.replace(";", ","))
            unread.append(pl.when(of_row.str.contains(_UNREAD, literal=True)).then(name))
        names = pl.concat_str(unread, separator=";", ignore_nulls=True).replace("", None) if unread else None
        texts = repeated(None, pl.String, rows.height) if names is None else pl.select(names).to_series()
        return TextsRead([texts.alias(TEXTS), *filled], pl.concat(counts))

    def _codes(self, column: ReadColumn, texts: pl.Series) -> tuple[pl.Series, pl.Series]:
        """For each of some different texts: the letters of what it tells, and whether part of it is not named."""
        parts = pl.DataFrame([pl.int_range(texts.len(), eager=True).alias("at"), texts])
        if column.texts.separator is not None:
            parts = parts.with_columns(pl.col("text").str.split(column.texts.separator)).explode("text")
        means = column.texts.meanings or column.texts.rest
        keys = normal(parts["text"]) if means else parts["text"]  # to compare with what is named there
        codes = column.texts.meant(parts["text"], keys).replace_strict(_CODES, default=None, return_dtype=pl.String)
        unnamed = codes.is_null() & keys.is_not_null()
        at = unnamed.arg_true()
        if column.others == "unread":
            codes = codes.scatter(at, _UNREAD)
        elif column.others == "days":
            codes = codes.scatter(at.filter(_are_words(parts["text"][at])), _UNREAD)
        elif column.others == "searched":
            texts, keys = parts["text"][at], keys[at]
            found = marked(texts, column=column.name, answers=not column.is_named) | column.texts.near(texts, keys)
            if found.any():
                codes = codes.scatter(at.filter(found), _UNREAD)
                self._found.add(column.column)
        codes = codes.fill_null("")
        if column.texts.separator is None:
            return codes, unnamed
        of_parts = pl.DataFrame([parts["at"], codes.alias("codes"), unnamed.alias("unnamed")])
        joined = of_parts.group_by("at", maintain_order=True).agg(pl.col("codes").str.join(""), pl.col("unnamed").any())
        return joined["codes"], joined["unnamed"]


def _days_of(texts: pl.Series, codes: pl.Series) -> pl.Series:
    """The day in each text that tells something; `yes` for several and for part of one (`11/2026`), null for none."""
    at = (codes.str.contains("[^u]") & texts.str.contains(_TIME)).arg_true()
    found = [[day for day in days_in(text) if read_day(day, "dmy") or read_day(day, "mdy")] for text in texts[at]]
    days = [told[0] if len(told) == 1 else YES[0] for told in found]
    return repeated(None, pl.String, texts.len()).scatter(at, pl.Series(days, dtype=pl.String))


def _words(keys: pl.Series, *, is_one: bool = False) -> pl.Series:
    """Texts (of `normal`) as words with blanks around each. is_one: all words for yes as one, and all for no."""
    plain = keys.str.normalize("NFKD").str.replace_all(r"\p{Mn}", "").str.replace_many(["ß", "œ"], ["ss", "oe"])
    plain = plain.str.replace_all(r"#([\p{L}\p{N}])", " $1")  # a tag (`#stop`), and no day or number
    plain = plain.str.replace_all(r"(^|\D)0+(\d)", "$1$2")  # zeros that Excel drops
    words = " " + plain.str.replace_all(r"[^\p{L}\p{N}#]+", " ").str.strip_chars() + " "
    return words.replace(_ONE) if is_one else words


def _almost(words: pl.Series, others: Sequence[str]) -> pl.Series:
    """Which of some texts (of `_words`) are one of the others but for a letter of a long word.

    In it a letter is wrong, left out, added or out of order. A code that is a letter or has digits is another one.
    """
    lengths = {len(text) + more for text in others for more in (-1, 0, 1)}
    at = (words.str.len_chars().is_in(lengths) & ~words.str.contains(r"[\p{N}#]")).fill_null(value=False).arg_true()
    known = set().union(*map(_shortened, others))
    found = [not known.isdisjoint(_shortened(text)) for text in words[at]]
    return repeated(False, pl.Boolean, words.len()).scatter(at.filter(pl.Series(found, dtype=pl.Boolean)), True)


def _shortened(text: str) -> set[str]:
    """A text, and what it is without a letter of one of its long words."""
    ends = [(word.start(), word.end()) for word in _LONG_WORD.finditer(text)]
    return {text, *(text[:at] + text[at + 1 :] for start, end in ends for at in range(start, end))}


_ONE = dict.fromkeys((f" {word} " for word in YES), " yes ") | dict.fromkeys((f" {word} " for word in NO), " no ")


def _are_answers(texts: pl.Series, *, all_: bool) -> pl.Series:
    """Which different texts of a column of ids say yes or no: a word for it (`oui`), and no code of two letters (`NO`).

    all_: whether all do if none says anything else, as in a column called `Call`. A digit alone, or an initial that
    says yes, may be an id, or the name of a wording.
    """
    if all_ and texts.len() <= _MOST_YES_NO:
        words = set(normal(texts).drop_nulls())
        if words <= yes_and_no() and words not in (set(), *({one} for one in "01vw")):
            return texts.is_not_null()
    return pl.select(pl.lit(texts).str.to_lowercase().is_in(_ANSWERS).fill_null(False)).to_series()


def _are_words(texts: pl.Series) -> pl.Series:
    """Which texts have letters and are no day, in whatever order; those of a time in ISO 8601 are none."""
    wordy = texts.str.contains(r"[\p{L}--[TZ]]|^[TZ]")
    at = wordy.arg_true()
    days = [bool(read_day(text, "dmy") or read_day(text, "mdy")) for text in texts[at]]
    return wordy.scatter(at.filter(pl.Series(days, dtype=pl.Boolean)), False)


def _harmless(column: ReadColumn, texts: pl.Series, row: pl.Series) -> pl.DataFrame:
    """The counts of texts with the meaning `nothing`, of those that the net marks or all under a name that it marks.

    row: for each row of the list its text.
    """
    if "nothing" not in column.texts.meanings.values():
        return pl.DataFrame(schema=_COUNTS)
    rows = row.value_counts(name="rows").sort(row.name)["rows"]
    parts = pl.DataFrame([texts.alias("cell"), rows.cast(pl.UInt32)])
    if column.texts.separator is not None:
        parts = parts.with_columns(pl.col("cell").str.split(column.texts.separator)).explode("cell")
    parts = parts.with_columns(normal(parts["cell"]).alias("word"))
    means = column.texts.meant(parts["cell"], parts["word"])
    resembles = marks(column.name) | marked(parts["cell"], column=column.name)
    parts = parts.filter((means == "nothing").fill_null(value=False) & resembles)
    counted = parts.group_by("word").agg(pl.col("rows").sum())
    return counted.select(pl.lit("harmless").alias("what"), pl.lit(column.name).alias("column"), "word", "rows")


def _counted(
    column: ReadColumn, texts: pl.Series, codes: pl.Series, unnamed: pl.Series, row: pl.Series
) -> pl.DataFrame:
    """The counts of `Told`; of texts that need no meaning together."""
    is_unread, is_text = codes.str.contains(_UNREAD, literal=True), column.others == "searched" and not column.is_id
    if not is_unread.any() and not (is_text and unnamed.any()):
        return pl.DataFrame(schema=_COUNTS)
    what = pl.when(is_unread).then(pl.lit("unread")).when(unnamed & is_text).then(pl.lit("rest"))
    rows = row.value_counts(name="rows").sort(row.name)["rows"]
    counted = pl.select(what=what, column=pl.lit(column.name), word=pl.lit(texts), rows=pl.lit(rows)).drop_nulls("what")
    by_rows = counted.sort("rows", descending=True, maintain_order=True).with_row_index("place")
    is_apart = (pl.col("what") == "unread") & (pl.col("place") < _COUNTED)
    word = pl.when(is_apart).then("word").otherwise(pl.lit(""))
    return by_rows.with_columns(word).group_by("what", "column", "word").agg(pl.col("rows").sum().cast(pl.UInt32))
