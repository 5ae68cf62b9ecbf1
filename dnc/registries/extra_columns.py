"""Columns of a registry's table that its loader does not read.

A row that is listed stays listed whatever they say. Where a row says that a number is not listed, or where silence says
so (`--means`), one of them may say the opposite: then each has to be left out on purpose, as in a list of calls.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable

import polars as pl

from dnc.clock import YES
from dnc.errors import LoaderError, OptionError
from dnc.files.columns import EVERY, Content, contents_of, left_out, look
from dnc.files.table import Table, as_typed
from dnc.messages import NOTHING, changed, localized
from dnc.registries.contract import Extract

_MOST_NAMED = 8  # columns in a message


class ExtraColumns:
    """Looks at such columns in all rows.

    extract: the file. table: its table. read: positions of the columns that are read. phones: of those that are named
    like telephone numbers, and need no role while all their cells are such.
    """

    def __init__(self, extract: Extract, table: Table, read: set[int], phones: Collection[int]) -> None:
        self._extract, self._table = extract, table
        names = {str(at): name for at, name in enumerate(table.header) if at not in read}
        ignored = left_out(names, extract.layout.ignore)
        self._contents = contents_of(names)
        self._named = {column for column in self._contents if column not in ignored}
        self._phones = set(map(str, phones))
        self._clears = bool(extract.means)

    def add(self, rows: pl.DataFrame) -> None:
        """Look at some rows: their cells by position, and `listed`."""
        self._clears = self._clears or not rows["listed"].fill_null(True).all()
        look(self._contents, rows, self._extract.path)

    def refuse(self) -> None:
        """Raise LoaderError for a column of yes and no beside `means`, OptionError where a column needs a role."""
        if not self._clears:
            return
        line = self._table.skipped + 1
        if flags := [one for one in self._contents.values() if one.is_yes_no and self._extract.means]:
            name, values = flags[0].name, says_listed(flags[0].texts["cell"])
            how = localized("errors", "means_and_flags", name=name, map=as_typed(f"listed={name}"), values=values)
            raise LoaderError(how, self._extract.path, line)
        every = EVERY in self._extract.layout.ignore
        without = [
            content
            for column, content in self._contents.items()
            if column in self._named and content.filled and not every
            if not (column in self._phones and content.is_phones)
        ]
        if without:
            raise OptionError(_message(without), self._extract.path, line)


def says_listed(words: Iterable[str]) -> str:
    """The line of a brief by which words of a column for yes and no say which numbers are listed: those with a yes."""
    means = {word: "yes" if word.lower() in YES else "no" for word in words}
    pairs = (f'{json.dumps(word, ensure_ascii=False)} = "{meant}"' for word, meant in means.items())
    return f"values.listed = {{{', '.join(pairs)}}}"


def _message(without: list[Content]) -> str:
    """Every such column with the number of its texts, and what to add to the command."""
    first, *others = (changed(content.described, str.strip) for content in without[:_MOST_NAMED])
    texts = NOTHING + first
    for one in others:
        texts += ", " + one
    options = " ".join(f"--ignore {as_typed(content.name)}" for content in without)
    return localized("errors", "extra_columns", texts=texts, options=options)
