"""`dnc brief`: a brief drafted from a file's columns and words, for a person to correct.

What the file proves is written down; whatever is a guess is commented out, with its reason. So the draft
is a brief that decides nothing that was not seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from dnc.checks.interview import decided
from dnc.errors import printable
from dnc.files.table import looks_like_phone
from dnc.law.rulebook import Rulebook
from dnc.law.vocabulary import vocabulary
from dnc.lists.brief import Brief
from dnc.lists.brief_text import toml_text
from dnc.lists.guesses import Guesses, meaning
from dnc.lists.unused_columns import MOST_WORDS
from dnc.messages import counted, messages
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
    """Lines of a brief in TOML for a list of planned calls.

    Args:
        path: the list.
        book: the law.
        language: of the comments, one of `dnc.messages.LANGUAGES`.
        given: facts of all rows, such as the caller; only what they leave open is then asked.
        store: what registries said, with `given`.
        sheet: of a spreadsheet; by default the first visible one that is not empty.
    Raises:
        InputError: it is no such list, or a fact is not understood.
    """
    guesses = Guesses(path, book, sheet)
    missing = None
    if given and store and guesses.number_columns:
        names = guesses.number_columns
        brief = Brief(
            region=guesses.regions[0] if len(guesses.regions) == 1 else None,
            dates=guesses.days.order or "iso",
            columns={"number": names[0] if len(names) == 1 else names},
            ignore=guesses.possible_objections,
            facts=given,
        )
        missing = decided(guesses, brief, store, book).missing()
    return _BriefDraft(guesses, language, given or {}, missing).lines()


class _BriefDraft:
    """What was seen in a file, written as a brief."""

    def __init__(
        self, guesses: Guesses, language: str, given: Mapping[str, str], missing: Mapping[str, int] | None
    ) -> None:
        self._guesses, self._language, self._given, self._missing = guesses, language, given, missing
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
        yield from self._ignore()
        yield "\n[columns]"
        yield from self._columns()
        for column in vocabulary().axes:
            if theirs := guesses.named.get(column):
                yield from self._values(column, theirs)
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

    def _ignore(self) -> Iterator[str]:
        """Columns that may record objections and are proposed for nothing: a check stops at them."""
        unused_objections = [
            name for name in self._guesses.possible_objections if name not in self._guesses.named.values()
        ]
        if unused_objections:
            yield f"# ignore = {toml_text(unused_objections)}  # {self._w['unused_objections']}"

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
            if [name] == guesses.number_columns:
                yield f"number = {toml_text(name)}  # {why}"
            else:
                reason = why if looks_like_phone(name) else self._w["by_cells"].format(why=why)
                yield f"# number = {toml_text(name)}  # {reason}"
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
