"""An interview about a list: its questions one after the other, with each answer written to the brief.

The brief is the state: the next question comes from a check of the first rows with the brief as it is. A terminal or a
page only shows questions and hands over answers (see `dnc.desk`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, reduce
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec

from dnc.checks.counts import Tallies
from dnc.checks.questions import SAMPLE, Chosen, Edits, OpenQuestions, Question, TableRow
from dnc.checks.settings import UNREAD, Settings
from dnc.clock import NONE, YES, only_order, read_moment
from dnc.errors import InputError
from dnc.files.output_file import atomic_path
from dnc.files.table import Table, folded, quoted
from dnc.law.rulebook import Rulebook
from dnc.law.vocabulary import OR_NONE, vocabulary
from dnc.lists.brief import Brief, brief_entries, read_brief
from dnc.lists.brief_text import brief_text
from dnc.lists.cell_facts import read_cli
from dnc.lists.guesses import Guesses
from dnc.lists.header import READ, UNDECIDED
from dnc.lists.words import meaning
from dnc.messages import LANGUAGES, NOTHING, localized, messages
from dnc.store.store import Store

_LED_TO = {"columns": "texts"}  # a question → one that its answers lead to, which is asked again with it


class Answer(msgspec.Struct, frozen=True):
    """An answer that was given.

    asked: the question, by language. chosen: the answer. edits: what it adds to the brief, in this order.
    """

    asked: Mapping[str, Question]
    chosen: Chosen
    edits: Sequence[Edits]


class Interview:
    """The questions about one list, and the brief that the answers make.

    Args:
        path: the list.
        brief: file of the brief; an existing one is continued, and its comments are lost.
        store: where the snapshots of registries are; need not exist.
        book: the law.
        language: of the questions, one of `dnc.messages.LANGUAGES`; it may be changed later.
    Attributes:
        brief: as it is, as its file has it.
        given: the answers, by the id of their question, in their order.
        calls: of the rows that are checked for each question.
        consents: a file of consents that is joined to the calls, or None.
    Raises:
        InputError: the list or the brief cannot be read, or the list has no telephone numbers.
    """

    def __init__(self, path: Path, brief: Path, store: Store, book: Rulebook, language: str) -> None:
        self._list, self._sheet = path, read_brief(brief).sheet if brief.exists() else None
        self._path, self._store, self._book, self.language = brief, store, book, language
        self._asked: set[str] = set()
        self.given: dict[str, Answer] = {}
        self.brief: Edits = {}
        self.consents: Path | None = None
        self._consents: tuple[Path, Guesses] | None = None  # what this file shows
        # By the brief as it is, with these consents, and the store in this state.
        self._decided: tuple[Tallies, Path | None, object] | None = None
        if brief.exists():
            self.brief, _ = brief_entries(brief)
        self.calls = min(self.guesses.batch.height, SAMPLE)
        self._undone: dict[str, Answer] = {}  # the answers that were taken back
        self._first = self.brief  # before any answer
        self._proved, _ = self._questions(language).proved()
        self._add(self._proved)

    @cached_property
    def guesses(self) -> Guesses:
        """What the list shows. Raises InputError."""
        return Guesses(self._list, self._book, self._sheet, self._store.office().get("region", ""))

    def release(self) -> None:
        """Free the rows of the list and of the consents; they are read again when they are needed."""
        vars(self).pop("guesses", None)
        self._consents = None

    def _questions(self, language: str, brief: Edits | None = None) -> OpenQuestions:
        brief = self.brief if brief is None else brief
        return OpenQuestions(self.guesses, brief, self._book, language, self._asked, consents=self._told)

    @property
    def whole(self) -> bool:
        """Whether these are all rows of the list."""
        return self.guesses.batch.height <= SAMPLE

    @property
    def taken(self) -> dict[str, str]:
        """What needed no question: a line on each, by the id of the question."""
        _, lines = self._questions(self.language, self._first).proved()
        return {id_: line for id_, line in lines.items() if id_ not in self.given}

    @property
    def regions_of_consents(self) -> list[str]:
        """The countries that the numbers of the consents may belong to, if that is open. Raises InputError."""
        return self._questions(self.language).regions_of_consents

    @property
    def said(self) -> tuple[Brief, Path | None]:
        """The brief as it is, and the file of consents; without that, and with no row clear, if its country is open."""
        brief = read_brief(self._path)
        return (replace(brief, around=UNDECIDED), None) if self.regions_of_consents else (brief, self.consents)

    @property
    def _told(self) -> Guesses | None:
        """What the file of consents shows; None where there is none. Raises InputError."""
        if self.consents is None:
            return None
        if self._consents is None or self._consents[0] != self.consents:
            here = self._store.office().get("region", "")
            self._consents = self.consents, Guesses(self.consents, self._book, here=here)
        return self._consents[1]

    def answer(self, question: Question, chosen: Chosen, asked: Mapping[str, Question] | None = None) -> None:
        """Write an answer to the brief: an option, a text for its `fact`, or None where it is not known.

        Of a table these are the options of its rows; what is proposed for them, where it is not known.

        asked: the question by language, see `in_languages`; it takes long to find where another was just answered.

        Raises InputError where the text is not understood; the brief is then as before.
        """
        if question.table and chosen is None:
            chosen = [row.chosen for row in question.table]
        asked = asked or self.in_languages([question])[question.id]
        answer = Answer(asked, chosen, self._edits(question, chosen))
        try:
            self._add(*answer.edits)
        except InputError as error:
            raise InputError(self._wrong.get(kind_of_fact(question.fact)) or error.message) from None
        self._asked |= {question.id, *question.parts}
        self.given.pop(question.id, None)
        self.given[question.id] = answer

    def in_languages(self, questions: Iterable[Question]) -> dict[str, dict[str, Question]]:
        """Open questions in every language, by their id and language."""
        found = {question.id: dict.fromkeys(LANGUAGES, question) for question in questions}
        for language in set(LANGUAGES) - {self.language}:
            for one in (self._questions(language).of_country(), *self._all(language)):
                if one and one.id in found:
                    found[one.id][language] = one
        return found

    def _edits(self, question: Question, chosen: Chosen) -> list[Edits]:
        """What an answer adds to the brief.

        Raises InputError where a typed one is not understood, or the rows of a table contradict each other.
        """
        if isinstance(chosen, list):
            edits = [self._of_row(row, answer) for row, answer in zip(question.table, chosen, strict=True)]
            rules = [rule for one in edits for rule in one.get("when_filled", {}).items()]
            if any(rule[0] == other[0] and rule != other for rule, other in pairwise(rules)):
                raise InputError(localized("errors", "consents_differ"))
            return edits
        if isinstance(chosen, str):
            return [{"facts": {question.fact: self._read(str(question.fact), chosen)}}]
        if chosen is None:
            return [question.unknown]
        return [question.options[chosen].edits]

    def _of_row(self, row: TableRow, answer: int | str) -> Edits:
        """What the answer to a row of a table adds. Raises InputError where a typed one is not understood."""
        if isinstance(answer, int):
            return row.options[answer].edits
        return {"facts": {row.fact: self._read(str(row.fact), answer)}} if answer else {}

    def take_back(self, id_: str | None = None) -> None:
        """Undo an answer, by default the last, so that its question is asked again; nothing where there is none.

        Raises InputError where the other answers need it; it then stays.
        """
        id_ = id_ or next(reversed(self.given), "")
        gone = {id_, _LED_TO.get(id_, id_)} & self.given.keys()
        others = {other: answer for other, answer in self.given.items() if other not in gone}
        if gone:
            edits = (edits for answer in others.values() for edits in answer.edits)
            self._add(self._proved, *edits, to=self._first)
            self._undone |= {one: self.given[one] for one in gone}
            self.given = others
            self._asked -= gone.union(*(self._undone[one].asked[self.language].parts for one in gone))

    def ask_again(self) -> None:
        """Ask once more what was not known."""
        self._asked.clear()

    def _read(self, fact: str, text: str) -> str:
        """A typed answer, as a brief has it. Raises InputError where it is not understood."""
        kind = kind_of_fact(fact)
        if fact == "cli":
            read = read_cli(meaning("cli", text) or text, self._country)
        elif kind == "date":
            read = self._read_day(fact, text)
        else:
            read = "0" if kind == "integer" and text.lower() in NONE else text
        if read is None:
            raise InputError(self._wrong["cli" if fact == "cli" else kind])
        return read

    @property
    def _wrong(self) -> dict[str, str]:
        """What to say of a typed answer that is not understood, by its kind."""
        return messages("start", self.language)["wrong"]  # type: ignore[no-any-return]

    @property
    def _country(self) -> str | None:
        """The country of the list: that of its numbers in national form, else that of most others."""
        countries = sum((column.by_country for column in self.guesses.called), Counter[str]())
        told = self.brief.get("region")
        return str(told) if told else next((country for country, _ in countries.most_common(1)), None)

    def _read_day(self, fact: str, text: str) -> str | None:
        """A typed day or moment in ISO 8601, in the order of the list, or the only possible one, or of its country."""
        if fact in OR_NONE and text.lower() in (*NONE, *YES):
            return text
        order = self.brief.get("dates") or only_order(text) or ("mdy" if self._country == "US" else "dmy")
        moment = read_moment(text, str(order))
        return moment.isoformat() if moment else None

    def _add(self, *edits: Edits, to: Edits | None = None) -> None:
        """Change the brief, or another one into it. Raises InputError where it is then wrong; it stays as it was."""
        before = self.brief
        self._set(_with_uses(reduce(_merged, edits, before if to is None else to)))
        try:
            self._write()
            _ = read_brief(self._path)
        except InputError:
            self._set(before)
            self._write()
            raise

    def _set(self, brief: Edits) -> None:
        self.brief, self._decided = brief, None

    def _write(self) -> None:
        with atomic_path(self._path) as unfinished:
            unfinished.write_text(brief_text(self.brief), encoding="utf-8")

    @property
    def country(self) -> Question | None:
        """The country of numbers in national form, to be corrected; None if the list leaves no doubt."""
        return self._questions(self.language).of_country()

    def next(self) -> Question | None:
        """The question that decides most rows, or None where no answer would decide any more."""
        return next(self.open(), None)

    def open(self) -> Iterator[Question]:
        """All questions that are open as the brief is, what decides most rows first; an answer may change the others.

        Several facts may lead to the same question. Nothing else is open before it is known which column holds the
        telephone numbers. Raises InputError where the list has none.
        """
        seen = set(self._asked)
        for question in self._all(self.language):
            if question.id not in seen:
                seen.add(question.id)
                undone = self._undone.get(question.id)
                yield question.answered(undone.asked[self.language], undone.chosen) if undone else question

    def _all(self, language: str) -> Iterator[Question]:
        questions = self._questions(language)
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
        return self._questions(self.language).number_is_known

    @property
    def decided(self) -> Tallies:
        """What the brief as it is decides of the first rows, with the consents once the region of numbers is known.

        Raises InputError where no column of numbers is known, and as `read_consents`.
        """
        known_by = self.consents, self._store.journal.version
        if self._decided is None or self._decided[1:] != known_by:
            around = UNDECIDED if "around" in self._asked else READ
            brief = read_brief(self._path)
            brief = replace(brief, new_columns=UNDECIDED, around=brief.around or around)
            found = decided(self.guesses, brief, self._store, self._book)
            # The numbers of the consents may not be read either before the region is known, which would be an error.
            if self.consents and not found.missing()["region"] and not self.regions_of_consents:
                found = decided(self.guesses, brief, self._store, self._book, self.consents)
            self._decided = found, *known_by
        return self._decided[0]

    @property
    def is_decided(self) -> bool:
        """Whether that was found since the last answer, or cannot be found yet."""
        return not self.number_is_known or (self._decided is not None and self._decided[1] == self.consents)


def kind_of_fact(fact: str | None) -> str:
    """The kind of a fact; `date` for moments too."""
    return str(vocabulary().columns[fact]["kind"]).removesuffix("time") if fact else ""


def decided(guesses: Guesses, brief: Brief, store: Store, book: Rulebook, consents: Path | None = None) -> Tallies:
    """What a brief decides of the first rows of a list, as a check of these alone does; nothing is logged."""
    accept = {UNREAD: "sample"}  # the check itself stops at them
    setup = Settings(brief=brief, rulebook=book, consents=consents, accept=accept).read(store)
    rows = guesses.batch.head(SAMPLE)

    def table() -> Table:
        return replace(guesses.table, batches=iter([rows] if rows.height else []))

    tallies = Tallies()
    with setup.judge(store.standing()) as (judge, known):
        intake = known.surveyed(setup.intake(table()), table)
        batches, completion = known.read(intake, intake.table, table)
        for batch in batches:
            calls = completion.completed(batch)
            tallies.add(calls, judge.verdicts(calls))
    return tallies


def _with_uses(brief: Edits) -> Edits:
    """A brief in which no column is left out that another answer uses: all answers of a form are given at once."""
    columns = brief.get("columns", {}).values()
    used = {folded(name) for one in columns for name in ([one] if isinstance(one, str) else one)}
    used |= {folded(name) for rules in ("when_filled", "when_empty") for name in brief.get(rules, {})}
    left_out = [name for name in brief.get("ignore", []) if folded(name) not in used]
    return brief if len(left_out) == len(brief.get("ignore", [])) else brief | {"ignore": left_out}


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
