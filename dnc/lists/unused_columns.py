"""What the columns that a check does not use hold: objections, at which it stops, and telephone numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import polars as pl

from dnc.clock import NEVER, read_day
from dnc.files.hints import (
    denies,
    has_objection,
    has_objection_in_json,
    is_no_consent,
    is_objection,
    is_of_consent,
    is_of_others,
    is_the_phone,
    names_channels,
    names_only_others,
    names_others,
    permits,
    says_no,
    says_yes,
)
from dnc.files.table import looks_like_phone
from dnc.frames import as_text
from dnc.law.vocabulary import AGAINST, OR_NONE, vocabulary
from dnc.lists.calls import Calls
from dnc.lists.cell_facts import DECLARABLE
from dnc.lists.header import Header
from dnc.numbers.bulk_reader import read_column

LOOKED_AT = 100_000  # rows in which unused columns are searched for objections, however many words they have
MOST_WORDS = 20  # a column with more different words is free text, and holds no axis
_IS_FEW = pl.len().over("column") <= MOST_WORDS  # of `distinct_words`
SURE = 0.9  # share of filled cells that must be read as telephone numbers, or as days
# What may be a telephone number, and a day in digits whose year comes last.
DIGITS = r"^[\s'\"=(]*\+?(?:\d[\s().\-/\x{A0}\x{202F}]*){9,15}$"
DAY = r"^(?:\p{L}+\.?,?\s+)?([0-9]{1,2})[/.\-]([0-9]{1,2})[/.\-](?:[0-9]{4}\b|[0-9]{2}(?:$|[, T]))"
_WRITTEN = r"^(?:\+|00?[1-9]|\(|\d{3}[-.]\d{3}[-.]\d{4}$)"  # as a number is, and hardly a count, an id or an amount
_LONGEST_DAY = 60  # characters
_SAMPLE = 1_000  # cells of a column


class SecondNumbers:
    """Finds columns of telephone numbers by their names and their first cells.

    header: of the list. columns: where to look; by default those that a check does not use.
    Attribute `names`: of the columns.
    """

    def __init__(self, header: Header, columns: list[str] | None = None) -> None:
        self.names: list[str] = []
        self._region = header.brief.region
        self._empty = header.unused if columns is None else columns  # columns without a filled cell so far

    def add(self, calls: Calls, verdicts: object) -> None:
        """Look at the columns that were empty in all batches before this one."""
        words = distinct_words(calls.carried, self._empty, _SAMPLE)
        heights = dict(words["column"].value_counts().iter_rows())
        self._empty = [name for name in self._empty if name not in heights]
        written = words.filter(pl.col("word").str.contains(DIGITS) & ~pl.col("word").str.contains(DAY))
        for (name,), rows in written.partition_by("column", maintain_order=True, as_dict=True).items():
            if self._are_numbers(str(name), rows["word"], heights[name]):
                self.names.append(str(name))

    def _are_numbers(self, name: str, written: pl.Series, height: int) -> bool:
        """Whether one of them is, where the name says so; else whether all words are, and are written like it.

        written: those of the `height` words of the column that have as many digits as a number.
        """
        least = 1.0
        if not looks_like_phone(name):
            written = written.filter(written.str.contains(_WRITTEN))
            least = SURE * height
        if written.len() < least:
            return False
        rows = read_column(written, self._region).rows
        return int((rows["number"].is_not_null() | (rows["unread"] == "region").fill_null(False)).sum()) >= least


class UnusedObjections:
    """Finds unused columns whose cells record objections, whatever their names, and stops a check at the clear cases.

    After the first rows, columns with many different words are passed over: one that records objections has few, or has
    some near its beginning. In a row with a consent that holds, a column whose name is about consents and says that
    there is none, or none any more, stops it too.

    header: of the list.
    """

    def __init__(self, header: Header) -> None:
        self._header = header
        self._columns = header.unused
        self._left = LOOKED_AT
        self._of_consent = list(filter(is_of_consent, header.unused))

    def add(self, calls: Calls, verdicts: object) -> None:
        """Look at a batch of calls, as `look` does, and at the cells of other columns that were not understood.

        Raises OptionError where such a cell records an objection: what it is read as may not matter for the call; and
        where a cell denies an objection or a consent that another column of its row records.
        """
        self.look(calls.carried)
        header = self._header
        if self._of_consent:
            words = distinct_words(calls.carried.filter(_has_consent(calls)), self._of_consent)
            if denied := columns_with(words.filter(_IS_FEW), is_no_consent):
                raise header.may_object_error([header.names[name] for name in denied], "unused_consents", "consent")
        if calls.cells is None:
            return
        for name, ours in calls.cells.filter(pl.col("what") == "denied").select("column", "word").iter_rows():
            raise header.denied_objection_error(name, ours)
        against = {header.columns.get(ours) for ours in AGAINST}
        misread = (
            calls.cells.filter(pl.col("what") == "misread").select("column", "word").unique().sort("column", "word")
        )
        for ours, word in misread.iter_rows():
            # A free text in a column with our own name is passed over, so that nobody stops the calls of others.
            is_read = ours in vocabulary().axes or header.brief.named(ours)
            if is_read and header.columns.get(ours) not in against and _objects(ours, word):
                raise header.misread_objection_error(ours)

    def look(self, rows: pl.DataFrame) -> None:
        """Look at rows. Raises OptionError at a column that records objections (see `objecting`)."""
        for part in (rows.head(self._left), rows.slice(self._left)):
            if self._columns and part.height:
                self._look(part)

    def _look(self, rows: pl.DataFrame) -> None:
        words = distinct_words(rows, self._columns)
        if found := objecting(words):
            raise self._header.may_object_error([self._header.names[name] for name in found])
        self._left = max(0, self._left - rows.height)
        if not self._left:
            count = Counter(words["column"])
            self._columns = [name for name in self._columns if count[name] <= MOST_WORDS]


def _has_consent(calls: Calls) -> pl.Series:
    """Which calls have a consent that holds, and no objection."""
    facts = calls.facts("consent", "consent_until", "consent_withdrawn_on", "objected_on", "day")
    holds = (pl.col("consent") != "none") & (pl.col("consent_until") >= pl.col("day")).fill_null(True)
    against = [pl.col(name).fill_null(NEVER) != NEVER for name in ("consent_withdrawn_on", "objected_on")]
    return facts.select((holds & ~pl.any_horizontal(against)).fill_null(False)).to_series()


def _objects(ours: str, word: str) -> bool:
    """Whether a cell that is read as `ours` records an objection; `refus` is a likely word for a consent."""
    return has_objection(word) or (is_objection(word) and ours not in (*DECLARABLE, *OR_NONE))


def objecting(words: pl.DataFrame) -> list[str]:
    """The columns that record objections, by their cells; `words`: of `distinct_words`.

    These are columns with a few different words of which one is an objection, or denies what the name of the column
    is about: a call, or a consent to one; and columns of JSON that tells an objection or such a denial.
    """
    few = words.filter(_IS_FEW)
    told = words.filter(_IS_FEW & pl.col("word").str.contains("[=:]") | pl.col("word").str.contains(r"^[\[{]"))
    denied = [name for name in columns_with(few, says_no) if permits(name) or _is_answered(name, few)]
    others = [name for name in columns_with(few, names_others) if names_channels(name)]
    others += [name for name in columns_with(few, names_only_others) if not is_of_others(name, "subjects")]
    stated = [
        name for name in columns_with(few, is_objection) if any(is_objection(cell, name) for cell in _of(name, few))
    ]
    inside = [
        *columns_with(told, has_objection_in_json),
        *(name for name, word in told.iter_rows() if denies(name, word)),
    ]
    found = [*stated, *denied, *others, *inside]
    return list(dict.fromkeys(found))


def _is_answered(name: str, words: pl.DataFrame) -> bool:
    """Whether a column is called like the telephone, and has nothing but words that say yes or no."""
    cells = _of(name, words) if is_the_phone(name) else ()
    return bool(len(cells)) and all(says_yes(cell) or says_no(cell) for cell in cells)


def _of(name: str, words: pl.DataFrame) -> pl.Series:
    return words.filter(pl.col("column") == name)["word"]


def columns_with(words: pl.DataFrame, is_meant: Callable[[str], bool]) -> list[str]:
    """The columns one of whose words is meant; `words`: of `distinct_words`."""
    meant = set(filter(is_meant, set(words["word"])))
    found = (column for column, word in words.iter_rows() if word in meant) if meant else ()
    return list(dict.fromkeys(found))


def is_day(cell: str) -> bool:
    """Whether a cell is a day in some order."""
    is_short = len(cell) <= _LONGEST_DAY and any(map(str.isdigit, cell))
    return is_short and any(read_day(cell, order) for order in ("dmy", "mdy"))


def distinct_words(rows: pl.DataFrame, names: Sequence[str], most: int | None = None) -> pl.DataFrame:
    """The different cells of some columns that are not empty, trimmed; of the first `most` such cells of each.

    Returns a row for each: `column`, its name, and `word`; in the order of the columns and cells.
    """
    if not names:
        return pl.DataFrame(schema={"column": pl.String, "word": pl.String})
    cells = pl.all().str.strip_chars().replace("", None).drop_nulls()
    first = cells if most is None else cells.head(most)
    texts = pl.DataFrame([as_text(rows[name]) for name in names])
    # One query for all columns: of thousands, each would cost more than its cells.
    words = pl.concat([column.alias("word") for column in texts.select(first.unique(maintain_order=True).implode())])
    return pl.DataFrame({"column": names, "word": words}).explode("word").drop_nulls()
