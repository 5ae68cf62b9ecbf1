"""The role of every column of a list: used, read, or left out on purpose; and what is written around the table.

A column without a role stops the list before a row is decided. One message names all of them, and ends with the lines
of a brief that give each a role.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, reduce

import polars as pl

from dnc.errors import RolesError
from dnc.files.cell_texts import as_in_brief, is_safe
from dnc.files.columns import Content, contents_of, look
from dnc.files.table import named_columns
from dnc.lists.brief_text import toml_text
from dnc.lists.header import READ, UNDECIDED, Header, NoNumberError
from dnc.lists.texts import ReadColumn, TextMeanings
from dnc.messages import LANGUAGES, NOTHING, figure, in_quotes, localized, messages

FEW_TEXTS = 12  # of a column, which a block of the brief writes out
_MOST_LINES = 40  # of a block that a message ends with


class Survey:
    """Looks at the columns of a list that have no role, or fill in facts, in all its rows.

    header: of the list.
    """

    def __init__(self, header: Header) -> None:
        self._header = header
        self._without_role = [] if header.leaves_out_others else header.without_role
        looked_at = {*self._without_role, *header.filled}
        if not header.brief.around:
            looked_at.update(header.table.columns[at] for at in _may_be_apart(header.table.header))
        names = {column: name for column, name in header.table.names.items() if column in looked_at}
        self._contents = contents_of(names)

    @property
    def is_needed(self) -> bool:
        """Whether anything has to be looked at."""
        return bool(self._contents or self._header.unseen)

    def look(self, batches: Iterable[pl.DataFrame]) -> None:
        """Look at all rows of the list."""
        for batch in batches:
            self.add(batch)

    def add(self, batch: pl.DataFrame) -> None:
        """Look at some rows of it."""
        look(self._contents, batch, self._header.table.path)

    def refuse_without_number(self, error: NoNumberError) -> None:
        """Raise RolesError for a list of which nobody said where its telephone numbers are, once all rows were seen.

        header: with the likely column in its place. Its other columns are named, too, so that one answer settles all.
        """
        raise _error(self._header, self._around, self._open, error)

    @property
    def _around(self) -> list[str]:
        return around(self._header, self._contents)

    @property
    def _open(self) -> list[Content]:
        """The columns with cells that need a role."""
        if self._header.brief.new_columns == UNDECIDED:
            return []
        open_ = [found for column in self._without_role if (found := self._contents[column]).filled]
        return open_ + [found for column in self._header.filled if not (found := self._contents[column]).is_plain]

    def read_columns(self) -> list[ReadColumn]:
        """The columns that are read or searched although the brief does not name them, once all rows were seen.

        Raises RolesError where a column needs a role, or where nobody has read what is around the table.
        """
        header = self._header
        if self._open or self._around or header.unseen:
            raise _error(header, self._around, self._open)
        if header.leaves_out_others:
            return [header.left_out_column(column) for column in header.without_role]
        unread = [*self._without_role, *(name for name in header.filled if not self._contents[name].is_plain)]
        return [ReadColumn(self._contents[name].name, name, TextMeanings(), "unread") for name in unread]


def _may_be_apart(names: Sequence[str]) -> range:
    """Positions of the columns of a table that may stand beside it: from the first on, but one, that has no name."""
    return range(next((at for at, name in enumerate(names) if at and not name.strip()), len(names)), len(names))


def around(header: Header, contents: Mapping[str, Content]) -> list[str]:
    """Texts around a table that a person has to read, unless the brief says whether one has.

    What is written beside it, such as a legend, is in columns without a name to its right, or behind an empty one; a
    column with a cell in every row is no legend, though. Of several files that are read as one list these are the texts
    of those that were opened so far.

    contents: what its columns hold, by their unique names.
    """
    if header.brief.around:
        return []
    table, names, is_apart, legend = header.table, header.table.header, False, list[str]()
    for at in _may_be_apart(names):
        if content := contents.get(table.columns[at]):
            is_apart |= not names[at].strip() and not content.filled
            if at >= named_columns(names) or (is_apart and content.filled < content.rows):
                texts = content.texts["cell"]
                legend += [names[at], *texts.filter(texts.str.contains(r"\p{L}{2}"))]
    others = [name for name in table.others if not (header.former and name in _own_sheets())]
    return list(dict.fromkeys(filter(None, [*table.titles, *legend, *others])))


@cache
def _own_sheets() -> list[str]:
    """Names of the sheets beside the rows in a workbook that this program wrote, in every language."""
    pages = [messages("page", language) for language in LANGUAGES]
    return [page[f"sheet_{name}"] for page in pages for name in ("summary", "calls", "regimes")]


def _error(
    header: Header, texts: Sequence[str], without: Sequence[Content], no_number: NoNumberError | None = None
) -> RolesError:
    """The one message about everything that has to be said of a list before it can be read."""
    parts: list[str] = [localized("errors", "roles", "number", names=in_quotes(*no_number.likely))] if no_number else []
    if without:
        parts.append(localized("errors", "roles", "columns", n=len(without)))
        parts += [content.described for content in without]
    if texts:
        table = header.table  # names are told, texts of cells are not: they may name people
        parts.append(localized("errors", "roles", "around", n=figure(len(texts)), name=table.path.name))
        if names := [one for one in table.others if one in texts]:
            parts.append(localized("errors", "roles", "named", names=in_quotes(*names)))
    parts += header.unseen
    lines = list(block(without, around=bool(texts or header.unseen)))
    lines += ["[columns]", f"number = {toml_text(no_number.likely[0])}"] if no_number else []
    if len(lines) > _MOST_LINES:
        how = "add" if header.brief.sha256 else "write"
        parts.append(localized("errors", "roles", how, name=header.table.path.name))
    else:
        parts += [localized("errors", "roles", "block", name=header.table.path.name), *lines]
    message = reduce(lambda text, part: text + "\n" + part, parts[1:], NOTHING + parts[0])
    return RolesError(message, header.table.path, header.table.skipped + 1)


def block(contents: Iterable[Content], *, around: bool = False) -> Iterator[str]:
    """Lines of a brief that give columns a role, as far as their names and cells leave no doubt.

    A column whose name and cells are understood has no text that matters; all other texts are read by nobody yet, and
    not quoted: they may name people.
    """
    if around:
        yield f"around = {toml_text(READ)}"
    for content in contents:
        yield f"[texts.{toml_text(content.name)}]"
        yield 'rest = "nothing"' if content.may_be_left_out else "unread = []"


def unread_texts(content: Content) -> list[str]:
    """The texts of a column as a block writes them: none where there are many."""
    return texts_in_brief(content.texts) if content.texts.height <= FEW_TEXTS else []


def texts_in_brief(texts: pl.DataFrame) -> list[str]:
    """Some of `Content.texts` as a brief writes them; none that may be a telephone number or an address."""
    return [as_in_brief(text, cell) for text, cell in texts.select("text", "cell").iter_rows() if is_safe(text)]
