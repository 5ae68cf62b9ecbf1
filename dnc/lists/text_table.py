"""The texts of a list as a table that a person fills in, in a spreadsheet program: one row a text.

Columns: `column`, `text`, `rows`, `marked` (whether the text probably says not to call), and `meaning`, which is empty
and takes one of the meanings of `[texts]`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from dnc.errors import InputError, OptionError
from dnc.files.cell_texts import as_in_brief, is_safe
from dnc.files.open_table import open_table
from dnc.files.table import LINE, folded, quoted
from dnc.law.rulebook import Rulebook
from dnc.lists.guesses import Guesses
from dnc.lists.texts import MEANINGS
from dnc.messages import localized

_COLUMNS = ("column", "text", "rows", "marked", "meaning")


def texts_of_columns(path: Path, columns: Sequence[str], book: Rulebook, sheet: str | None = None) -> str:
    """The different texts of some columns of a list, as CSV; those that the net marks come first, then by rows.

    Texts that may be telephone numbers or addresses are left out. Raises OptionError where the list has no such column.
    """
    guesses = Guesses(path, book, sheet)
    contents = {folded(content.name): content for content in guesses.contents.values()}
    parts = [pl.DataFrame(schema=dict.fromkeys(_COLUMNS, pl.String))]
    for name in columns:
        if (content := contents.get(folded(name))) is None:
            names = quoted([one.name for one in contents.values()])
            raise OptionError(
                localized("errors", "no_column", name=quoted([name]), what="--texts", names=names), path, 1
            )
        rows = [
            (content.name, as_in_brief(text, cell), str(count), "x" if is_marked else "", "")
            for text, cell, count, is_marked in content.texts.iter_rows()
            if is_safe(text)
        ]
        parts.append(pl.DataFrame(rows, schema=dict.fromkeys(_COLUMNS, pl.String), orient="row"))
    return pl.concat(parts).write_csv()


def texts_from(path: Path) -> Mapping[str, Any]:
    """The tables `[texts."Column"]` that a filled-in table says; texts without a meaning are `unread`.

    Raises InputError where the table is not one of texts, or has another meaning.
    """
    table = open_table(path)
    if missing := [name for name in ("column", "text", "meaning") if name not in table.columns]:
        raise InputError(localized("errors", "texts_columns", names=quoted(missing)), path, 1)
    found: dict[str, dict[str, list[str]]] = {}
    for batch in table.batches:
        for column, text, meaning, line in batch.select("column", "text", "meaning", LINE).iter_rows():
            told = (meaning or "").strip().lower() or "unread"
            if told not in MEANINGS:
                known = ", ".join(MEANINGS)
                raise InputError(localized("errors", "texts_meaning", word=meaning, known=known), path, line)
            found.setdefault(column, {}).setdefault(told, []).append(text)
    return found
