"""`dnc brief`: a brief drafted from a file's columns and words, for a person to correct.

What the file proves is written down; whatever is a guess is commented out, with its reason. Every column has a role:
one that nobody needs is left out, and no text of another has a meaning yet. So the draft runs, and decides nothing that
was not seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from dnc.checks.interview import decided
from dnc.checks.questions import OpenQuestions
from dnc.errors import InputError, OptionError, printable
from dnc.files.cell_texts import as_in_brief, is_safe, shown
from dnc.files.columns import EVERY, Content
from dnc.files.open_table import open_table
from dnc.files.table import LINE, folded, looks_like_phone, quoted
from dnc.files.writers import defused
from dnc.law.rulebook import Rulebook
from dnc.law.vocabulary import vocabulary
from dnc.lists.brief import Brief, brief_entries, read_brief
from dnc.lists.brief_text import brief_text, toml_text
from dnc.lists.guesses import MOST_WORDS, Guesses
from dnc.lists.header import READ, Header
from dnc.lists.roles import FEW_TEXTS, texts_in_brief, unread_texts
from dnc.lists.texts import MEANINGS, TextMeanings
from dnc.lists.words import meaning
from dnc.messages import counted, in_language, localized, messages
from dnc.store.store import Store

_PLANS = 4  # that are named


def draft(
    path: str | Path,
    book: Rulebook,
    language: str = "en",
    *,
    given: Mapping[str, str] | None = None,
    store: Store | None = None,
    sheet: str | None = None,
) -> Iterator[str]:
    """Lines of a brief in TOML for a list of planned calls, with comments in a language.

    Of facts, only what those `given` for all rows leave open is asked; with them, the store says what registries say.
    Raises InputError if it is no such list, or a fact is not understood.
    """
    guesses = Guesses(path, book, sheet)
    missing, questions = None, OpenQuestions(guesses, {}, book, language, ())
    if given and store and guesses.number_columns:
        proved, _ = questions.proved()
        missing = decided(guesses, Brief(**proved | {"ignore": [EVERY]}, facts=given), store, book).missing()
    return _BriefDraft(guesses, questions.without_role, language, given or {}, missing).lines()


def completed(path: Path, book: Rulebook, brief: Path, texts: Path | None = None, sheet: str | None = None) -> str:
    """A brief, with a role for every column of a list, and the texts of a table that was filled in.

    Raises InputError where one of the files cannot be read.
    """
    entries, _ = brief_entries(brief)
    known = read_brief(brief)
    meant = texts_from(texts) if texts else {}
    for name in meant:
        entries.get("texts", {}).pop(name, None)
    entries["texts"] = {**entries.get("texts", {}), **meant}
    guesses = Guesses(path, book, sheet or known.sheet)
    header = Header(guesses.table, replace(known, texts={**known.texts, **{name: TextMeanings() for name in meant}}))
    contents = [guesses.contents[name] for name in header.without_role]
    for content in (content for content in contents if content.filled):
        if content.may_be_left_out:
            entries["ignore"] = [*entries.get("ignore", []), content.name]
        else:
            entries["texts"][content.name] = {"unread": unread_texts(content)}
    return brief_text(entries)


class _BriefDraft:
    """What was seen in a file, written as a brief."""

    def __init__(
        self,
        guesses: Guesses,
        without_role: Sequence[Content],
        language: str,
        given: Mapping[str, str],
        missing: Mapping[str, int] | None,
    ) -> None:
        self._guesses, self._without_role = guesses, without_role
        self._language, self._given, self._missing = language, given, missing
        self._w, self._count = messages("draft", language), counted(language)

    def lines(self) -> Iterator[str]:
        guesses = self._guesses
        name = printable(guesses.table.path.name)  # a line break in it would end the comment
        yield f"# {self._w['head'].format(rows=self._count(guesses.rows.height), name=name)}"
        yield f"# {self._w['then'].format(name=name)}"
        yield ""
        if guesses.sheet:
            yield f"sheet = {toml_text(guesses.sheet)}"
        yield self._region()
        yield self._dates()
        if around := self._guesses.around:
            texts = ", ".join(shown(in_language(text, self._language)) for text in around)
            yield f'# around = "{READ}"  # {self._w["around"].format(texts=texts)}'
        yield from self._left_out()
        yield "\n[columns]"
        yield from self._columns()
        for column in vocabulary().axes:
            if theirs := guesses.named.get(column):
                yield from self._values(column, theirs)
        yield from self._texts()
        yield f"\n[facts]\n# {self._w['facts']}"
        yield from (f"{column} = {toml_text(fact)}" for column, fact in self._given.items())
        known = {*guesses.named, *self._given, "call", "number", "region"}
        for column in self._open():
            if column not in known:
                yield f'# {column} = ""  # {self._question(column)}'

    def _open(self) -> list[str]:
        """Our columns that may be asked for: all, or those that are missing, what decides most calls first."""
        columns = list(vocabulary().columns)
        if self._missing is None:
            return columns
        return sorted(filter(self._missing.__contains__, columns), key=self._missing.__getitem__, reverse=True)

    def _question(self, column: str) -> str:
        question = vocabulary().question(column, self._language)
        if self._missing is None:
            return question
        return str(self._w["calls"].format(question=question, rows=self._count(self._missing[column])))

    def _region(self) -> str:
        guesses = self._guesses
        numbers = guesses.called
        if not guesses.plans:
            return f"# {self._w['region_none']}" if any(column.read for column in numbers) else '# region = ""'
        plans = ", ".join(f"{territory} {self._count(count)}" for territory, count in guesses.plans[:_PLANS])
        tried, national = (sum(getattr(column, key) for column in numbers) for key in ("tried", "national"))
        reason = self._w["region"].format(tried=self._count(tried), national=self._count(national), plans=plans)
        if len(guesses.regions) == 1:
            return f'region = "{guesses.regions[0]}"  # {reason}'
        return f'# region = ""  # {self._w["region_tie"].format(plans=", ".join(guesses.regions), why=reason)}'

    def _dates(self) -> str:
        days = self._guesses.days
        dmy, mdy = self._count(days.dmy), self._count(days.mdy)
        if not days.any:
            return f"# {self._w['iso']}"
        if days.order:
            key, seen = ("order", dmy if days.dmy else mdy) if days.digits else ("short", self._count(days.short))
            return f'dates = "{days.order}"  # {self._w[key].format(seen=seen)}'
        return f'# dates = "dmy"  # {self._w["mixed"].format(dmy=dmy, mdy=mdy) if days.dmy else self._w["unsure"]}'

    def _is_left_out(self, content: Content) -> bool:
        return content.may_be_left_out or content.name in self._guesses.no_country

    def _left_out(self) -> Iterator[str]:
        """The columns that nobody needs, with the texts of those that have few."""
        if not (left_out := list(filter(self._is_left_out, self._without_role))):
            return
        yield f"# {self._w['left_out']}"
        yield f"ignore = {toml_text([content.name for content in left_out])}"
        for content in left_out:
            if content.texts.height <= FEW_TEXTS:
                yield f"# {toml_text(content.name)}: {', '.join(map(shown, content.texts['cell']))}"

    def _texts(self) -> Iterator[str]:
        """The columns whose texts a person has to read; those with texts that the net marks come first."""
        read = [content for content in self._without_role if not self._is_left_out(content)]
        if read:
            yield f"\n# {self._w['texts']}"
        for content in sorted(read, key=lambda content: not content.is_suspect):
            named = [ours for ours, theirs in self._guesses.named.items() if theirs == content.name]
            count = self._count(content.texts.height) + "+" * content.cut
            yield from (f"# {self._w['unless'].format(ours=ours)}" for ours in named)
            yield f"[texts.{toml_text(content.name)}]  # {self._w['count'].format(count=count)}"
            is_few = content.texts.height <= FEW_TEXTS
            texts = content.texts if is_few else content.texts.filter("marked").head(FEW_TEXTS)
            if is_few or texts.height:
                yield f"unread = {toml_text(texts_in_brief(texts))}"
            if not is_few:
                yield f"# {self._w['table'].format(column=toml_text(content.name))}"

    def _columns(self) -> Iterator[str]:
        yield from self._number_lines()
        for ours, theirs in self._guesses.named.items():
            if ours in self._guesses.own:
                yield f"# {self._w['own'].format(ours=ours)}"
            else:
                yield f"# {ours} = {toml_text(theirs)}  # {self._w[self._guesses.reason(theirs)]}"

    def _number_lines(self) -> Iterator[str]:
        guesses = self._guesses
        if "number" in guesses.own:
            return
        if not guesses.numbers:
            yield f'# number = ""  # {self._w["nothing"]}'
        if several := len(guesses.numbers) > 1:
            yield f"# {self._w['several' if not guesses.number_columns else 'several_called']}"
        for name, column in guesses.numbers.items():
            why = self._w["number"].format(
                filled=self._count(column.filled), tried=self._count(column.tried), read=self._count(column.read)
            )
            reason = why if looks_like_phone(name) else self._w["by_cells"].format(why=why)
            yield f"{'' if [name] == guesses.number_columns else '# '}number = {toml_text(name)}  # {reason}"
        if several:
            listed = guesses.number_columns or [name for name in guesses.rows.columns if name in guesses.numbers]
            yield f"{'' if guesses.number_columns else '# '}number = {toml_text(listed)}"

    def _values(self, column: str, theirs: str) -> Iterator[str]:
        """Their words for an axis that are not ours."""
        ours = vocabulary().axes[column]
        strange = [(word, rows) for word, rows in self._guesses.words(theirs) if word.lower() not in ours]
        if not strange:
            return
        yield f"\n[values.{column}]"
        words = ", ".join(ours)
        if len(strange) > MOST_WORDS:
            count = self._count(len(strange))
            yield f"# {self._w['many'].format(column=column, count=count, theirs=toml_text(theirs), words=words)}"
            return
        for word, rows in strange:
            guess = meaning(column, word)
            reason = self._w["word" if guess else "unknown"].format(rows=self._count(rows), words=words)
            yield f'# {toml_text(word)} = "{guess}"  # {reason}'


# The texts of a list as a table that a person fills in, in a spreadsheet program: one row a text. `marked`: whether the
# text probably says not to call. `meaning` is empty, and takes one of the meanings of `[texts]`.

_COLUMNS = ("column", "text", "rows", "marked", "meaning")


def texts_of_columns(
    path: Path, columns: Sequence[str], book: Rulebook, sheet: str | None = None
) -> tuple[pl.DataFrame, str]:
    """The different texts of some columns of a list; those that the net marks come first, then by rows.

    Texts that may be telephone numbers or addresses are left out. With the delimiter of the list, which is the one that
    spreadsheet programs are set to where it comes from. Raises OptionError where the list has no such column.
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
    return pl.concat(parts), guesses.table.delimiter


def texts_from(path: Path) -> Mapping[str, Any]:
    """The tables `[texts."Column"]` that a filled-in table says; texts without a meaning are `unread`.

    Raises InputError where the table is not one of texts, or has another meaning.
    """
    table = open_table(path)
    if missing := [name for name in ("column", "text", "meaning") if name not in table.columns]:
        raise InputError(localized("errors", "texts_columns", names=quoted(missing)), path, 1)
    found: dict[str, dict[str, list[str]]] = {}
    for batch in table.batches:
        rows = batch.select(*map(_without_apostrophe, batch.select("column", "text")), "meaning", LINE)
        for column, text, meant, line in rows.iter_rows():
            told = (meant or "").strip().lower() or "unread"
            if told not in MEANINGS:
                known = ", ".join(MEANINGS)
                raise InputError(localized("errors", "texts_meaning", known=known), path, line)
            found.setdefault(column, {}).setdefault(told, []).append(text)
    return found


def _without_apostrophe(cells: pl.Series) -> pl.Series:
    """Texts as they were before an output put an apostrophe before those that a spreadsheet would run (`- refus`)."""
    bare = cells.str.strip_prefix("'").to_frame()
    return bare.select(pl.when(defused(bare).to_series() == cells).then(bare.to_series()).otherwise(cells)).to_series()
