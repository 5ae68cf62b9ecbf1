"""An interview about a list: its questions one after the other, with each answer written to the brief.

The brief is the state: the next question comes from a check of the first rows with the brief as it is. A terminal or a
page only shows questions and hands over answers (see `dnc.cli.start` and `dnc.desk`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from dnc.checks.counts import Tallies
from dnc.checks.questions import SAMPLE, Edits, OpenQuestions, Question
from dnc.checks.settings import Settings
from dnc.errors import InputError
from dnc.files.output_file import atomic_path
from dnc.files.table import quoted
from dnc.law.rulebook import Rulebook
from dnc.law.vocabulary import vocabulary
from dnc.lists.brief import Brief, brief_entries, read_brief
from dnc.lists.brief_text import brief_text
from dnc.lists.cell_facts import read_cli
from dnc.lists.guesses import Guesses
from dnc.lists.header import READ
from dnc.lists.roles import IGNORED, unread_texts
from dnc.lists.words import meaning
from dnc.messages import NOTHING, localized, messages
from dnc.store.store import Store


class Interview:
    """The questions about one list, and the brief that the answers make.

    Args:
        path: the list.
        brief: file of the brief; an existing one is continued, and its comments are lost.
        store: where the snapshots of registries are; need not exist.
        book: the law.
        language: of the questions, one of `dnc.messages.LANGUAGES`.
    Attributes:
        guesses: what the list shows.
        brief: as it is, as its file has it.
        calls: of the rows that are checked for each question.
        taken: what needed no question: a line on each, by the id of the question.
        consents: a file of consents that is joined to the calls, or None.
    Raises:
        InputError: the list or the brief cannot be read, or the list has no telephone numbers.
    """

    def __init__(self, path: Path, brief: Path, store: Store, book: Rulebook, language: str) -> None:
        self._path, self._store, self._book, self.language = brief, store, book, language
        self._wrong = messages("start", language)["wrong"]
        self._asked: set[str] = set()
        self._before: list[tuple[str, Edits]] = []  # each question that was answered, and the brief until then
        self.brief: Edits = {}
        self._consents: Path | None = None
        self._decided: Tallies | None = None  # by the brief as it is, and the consents
        sheet = None
        if brief.exists():
            sheet = read_brief(brief).sheet
            self.brief, _ = brief_entries(brief)
        self.guesses = Guesses(path, book, sheet)
        self.calls = min(self.guesses.batch.height, SAMPLE)
        edits, self.taken = self._questions.proved()
        self._add(edits)

    @property
    def consents(self) -> Path | None:
        """The file of consents."""
        return self._consents

    @consents.setter
    def consents(self, path: Path | None) -> None:
        self._consents, self._decided = path, None

    @property
    def whole(self) -> bool:
        """Whether these are all rows of the list."""
        return self.guesses.batch.height <= SAMPLE

    @property
    def _questions(self) -> OpenQuestions:
        return OpenQuestions(self.guesses, self.brief, self._book, self.language, self._consents is not None)

    def answer(self, question: Question, chosen: int | str | list[int] | None) -> None:
        """Write an answer to the brief: an option, a text for its `fact`, or None where it is not known.

        Of a table these are the options of its rows; what is proposed for them, where it is not known.

        Raises InputError where the text is not understood; the brief is then as before.
        """
        before = self.brief
        if question.table:
            picked = chosen if isinstance(chosen, list) else [row.chosen for row in question.table]
            for row, at in zip(question.table, picked, strict=True):
                self._set(_merged(self.brief, row.options[at].edits))
            self._add({})
        elif isinstance(chosen, str):
            self._set_fact(str(question.fact), chosen)
        elif isinstance(chosen, int):
            self._add(question.options[chosen].edits)
        self._asked.add(question.id)
        self.taken.pop(question.id, None)
        self._before.append((question.id, before))

    def take_back(self) -> None:
        """Undo the last answer, so that its question is asked again; nothing where there is none."""
        if self._before:
            id_, before = self._before.pop()
            self._asked.discard(id_)
            self._set(before)
            self._write()

    def ask_again(self) -> None:
        """Ask once more what was not known."""
        self._asked.clear()

    def _set(self, brief: Edits) -> None:
        self.brief, self._decided = brief, None

    def _set_fact(self, fact: str, text: str) -> None:
        """Write down a typed answer."""
        kind = vocabulary().columns[fact]["kind"]
        if fact == "cli":
            text = meaning("cli", text) or text
            if read_cli(text, self.brief.get("region")) is None:
                raise InputError(self._wrong["cli"])
        try:
            self._add({"facts": {fact: text}})
        except InputError as error:
            why = self._wrong.get(kind.removesuffix("time"))
            raise InputError(why or error.message) from None

    def _add(self, edits: Edits) -> None:
        before = self.brief
        self._set(_merged(before, edits))
        try:
            self._write()
            _ = read_brief(self._path)
        except InputError:
            self._set(before)
            self._write()
            raise

    def _write(self) -> None:
        with atomic_path(self._path) as unfinished:
            unfinished.write_text(brief_text(self.brief), encoding="utf-8")

    @property
    def country(self) -> Question | None:
        """The country of numbers in national form, to be corrected; None if the list leaves no doubt."""
        return self._questions.of_country()

    def next(self) -> Question | None:
        """The question that decides most rows, or None where no answer would decide any more."""
        return next(self.open(), None)

    def open(self) -> Iterator[Question]:
        """All questions that are open as the brief is, what decides most rows first; an answer may change the others.

        Several facts may lead to the same question. Nothing else is open before it is known which column holds the
        telephone numbers. Raises InputError where the list has none.
        """
        seen = set(self._asked)
        for question in self._all():
            if question.id not in seen:
                seen.add(question.id)
                yield question

    def _all(self) -> Iterator[Question]:
        questions = self._questions
        if self.number_is_known:
            self.calls = self.decided.rows
            yield from questions.of_calls(self.decided)
            return
        open_ = [question for question in questions.of_number() if question.id not in self._asked]
        if not open_:
            others = self.guesses.table.others
            elsewhere = localized("errors", "in_other_sheets", names=quoted(others)) if others else NOTHING
            raise InputError(localized("errors", "no_numbers", elsewhere=elsewhere), self.guesses.table.path)
        yield from open_

    @property
    def number_is_known(self) -> bool:
        """Whether it is known which columns hold the telephone numbers; until then a check is refused."""
        return self._questions.number_is_known

    @property
    def decided(self) -> Tallies:
        """What the brief as it is decides of the first rows, with the consents once the region of numbers is known.

        Raises InputError where no column of numbers is known, and as `read_consents`.
        """
        if self._decided is None:
            brief = replace(read_brief(self._path), new_columns=IGNORED, around=READ)
            self._decided = decided(self.guesses, brief, self._store, self._book)
            # The numbers of the consents may not be read either before the region is known, which would be an error.
            if self.consents and not self._decided.missing()["region"]:
                self._decided = decided(self.guesses, brief, self._store, self._book, self.consents)
        return self._decided

    @property
    def blocking(self) -> bool:
        """Whether something has to be said before a check can run."""
        return not self.number_is_known or bool(self._questions.around)

    def finish(self) -> None:
        """Give the columns that nobody has spoken of a role: their texts are read by nobody yet."""
        if without := self._questions.without_role:
            self._add({"texts": {content.name: {"unread": unread_texts(content)} for content in without}})


def decided(guesses: Guesses, brief: Brief, store: Store, book: Rulebook, consents: Path | None = None) -> Tallies:
    """What a brief decides of the first rows of a list; nothing is logged, and other rows say nothing of a number."""
    setup = Settings(brief=brief, rulebook=book, consents=consents).read(store)
    rows = guesses.batch.head(SAMPLE)
    intake = setup.intake(replace(guesses.table, batches=iter([rows] if rows.height else [])))
    tallies = Tallies()
    with setup.judge(store.standing()) as (judge, own):
        for batch in intake.batches():
            calls = setup.completed(batch, own)
            tallies.add(calls, judge.verdicts(calls))
    return tallies


def _merged(brief: Mapping[str, Any], edits: Mapping[str, Any]) -> Edits:
    """A brief with changes: tables are merged, lists of names and texts grow, and what is None is removed."""
    found = dict(brief)
    for key, value in edits.items():
        old = found.get(key)
        if isinstance(value, Mapping):
            found[key] = _merged(old if isinstance(old, Mapping) else {}, value)
        elif isinstance(value, list) and isinstance(old, list):
            found[key] = list(dict.fromkeys([*old, *value]))
        else:
            found[key] = value
    return {key: value for key, value in found.items() if value is not None}
