"""What to ask about a list: the questions that its file and the law leave open, those that decide most rows first.

The brief is the state: each answer is written to its file, and the next question comes from a check of the first rows
with the brief as it is. A terminal or a page only shows questions and hands over answers (see `dnc.cli.start` and
`dnc.desk`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dnc.checks.brief import Brief, read_brief
from dnc.checks.brief_text import brief_text
from dnc.checks.cell_facts import read_cli
from dnc.checks.counts import Tallies
from dnc.checks.guesses import MOST_WORDS, Guesses, filled, meaning
from dnc.checks.settings import Settings
from dnc.clock import NONE, YES, today
from dnc.errors import InputError
from dnc.files.output_file import atomic_path
from dnc.files.table import folded, holds_number
from dnc.files.toml_reader import toml_of
from dnc.law.rulebook import Rulebook
from dnc.law.vocabulary import AGAINST, vocabulary
from dnc.messages import counted, dated, messages, said
from dnc.store.store import Store

_SAMPLE = 5_000  # rows that are checked for each question
_VALUES = 3  # of a column that are shown
_LONGEST = 30  # characters of a value that are shown
_DAYS_OF = {"consent_on": "consent", "relationship_on": "relationship"}
# Who calls, and what each of them calls for.
_CALLERS = {
    "commercial": ("sale", "information"),
    "press": ("sale",),
    "political": ("vote", "donation", "recruitment", "opinion", "information"),
    "charity": ("donation", "recruitment", "sale"),
    "survey": ("opinion",),
    "public_body": ("information",),
    "list_seller": ("list_trade",),
}
# How calls are made: voice and dialler.
_WAYS = {
    "manual": {"voice": "human", "dialler": "manual"},
    "progressive": {"voice": "human", "dialler": "progressive"},
    "predictive": {"voice": "human", "dialler": "predictive"},
    "recorded": {"voice": "recorded"},
    "ai": {"voice": "ai"},
}
# The consent that a day of consent implies.
_CONSENTS = {
    "live": {"consent": "named_caller", "consent_for": "live"},
    "both": {"consent": "named_caller", "consent_for": "both"},
    "partners": {"consent": "partners"},
}
Edits = dict[str, Any]  # a part of a brief


@dataclass(frozen=True)
class Option:
    """An answer: its text, and what it adds to the brief."""

    text: str
    edits: Edits


@dataclass(frozen=True)
class Question:
    """A question.

    Attributes:
        id: what it asks for; it is asked once.
        text: the question.
        options: the answers to choose from.
        rows: of the calls that are checked for it, how many it may decide.
        fact: our column that a typed answer is the value of, for all rows; None where one of the options is chosen.
        shown: values of the column it is about; telephone numbers are masked.
        default: index of the option that is likely.
        proved: whether the cells of the file prove the default.
    """

    id: str
    text: str
    options: Sequence[Option]
    rows: int
    fact: str | None = None
    shown: Sequence[str] = ()
    default: int | None = None
    proved: bool = False


class Questions:
    """The questions about one list.

    Args:
        path: the list.
        brief: file of the brief; one that exists is gone on with, and its comments are lost.
        store: where the snapshots of registries are; need not exist.
        book: the law.
        language: `en` or `fr`.
    Raises:
        InputError: the list or the brief cannot be read, or the list has no telephone numbers.
    """

    def __init__(self, path: Path, brief: Path, store: Store, book: Rulebook, language: str) -> None:
        self._guesses, self._path = Guesses(path, book), brief
        self._store, self._book, self._language = store, book, language
        self._w, self._count = messages("start", language), counted(language)
        self._asked: set[str] = set()
        self._before: list[tuple[str, Edits]] = []  # each question that was answered, and the brief until then
        self._brief: Edits = {}
        self._decided: Tallies | None = None  # by the brief as it is
        if brief.exists():
            _ = read_brief(brief)
            try:
                self._brief = toml_of(brief.read_text(encoding="utf-8-sig"))
            except UnicodeDecodeError:
                raise InputError(said("errors", "brief_encoding"), brief) from None
        self.calls = self._height  # of the rows that are checked for each question
        self.taken = self._take_proved()

    @property
    def whole(self) -> bool:
        """Whether these are all rows of the list."""
        return self._guesses.batch.height <= _SAMPLE

    @property
    def _height(self) -> int:
        return min(self._guesses.batch.height, _SAMPLE)

    def answer(self, question: Question, chosen: int | str | None) -> None:
        """Write an answer to the brief: an option, a text for its `fact`, or None where it is not known.

        Raises InputError where the text is not understood; the brief is then as before.
        """
        before = self._brief
        if isinstance(chosen, str):
            self._tell(str(question.fact), chosen)
        elif chosen is not None:
            self._add(question.options[chosen].edits)
        self._asked.add(question.id)
        self._before.append((question.id, before))

    def take_back(self) -> None:
        """Undo the last answer, so that its question is asked again; nothing where there is none."""
        if self._before:
            id_, before = self._before.pop()
            self._asked.discard(id_)
            self._set(before)
            self._write()

    @property
    def answered(self) -> bool:
        """Whether there is an answer to take back."""
        return bool(self._before)

    def ask_again(self) -> None:
        """Ask once more what was not known."""
        self._asked.clear()

    def _set(self, brief: Edits) -> None:
        self._brief, self._decided = brief, None

    def _tell(self, fact: str, text: str) -> None:
        """Write down a typed answer."""
        kind = vocabulary().columns[fact]["kind"]
        if fact == "cli" and read_cli(text, self._brief.get("region")) is None:
            raise InputError(self._w["wrong"]["cli"])
        try:
            self._add({"facts": {fact: text}})
        except InputError as error:
            why = self._w["wrong"].get(kind.removesuffix("time"))
            raise InputError(why or error.message) from None

    def _add(self, edits: Edits) -> None:
        before = self._brief
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
            unfinished.write_text(brief_text(self._brief), encoding="utf-8")

    def _take_proved(self) -> list[str]:
        """Write down what needs no question; gives a line on each."""
        guesses, edits, taken = self._guesses, Edits(), list[str]()
        if "number" not in self._columns and "number" not in guesses.own and guesses.number_columns:
            names = guesses.number_columns
            edits["columns"] = {"number": names[0] if len(names) == 1 else names}
            shown = (f"{name} ({self._shows(self._values(name))})" for name in names)
            taken.append(self._w["takes"]["number"].format(names=", ".join(shown)))
        if "region" not in self._brief and len(guesses.regions) == 1:
            edits["region"] = guesses.regions[0]
            taken.append(self._w["takes"]["region"].format(region=self._country(guesses.regions[0])))
        if "dates" not in self._brief and guesses.days.order:
            edits["dates"] = guesses.days.order
            order = self._w["orders"][guesses.days.order] if guesses.days.digits else None
            taken.append(self._w["takes"]["dates" if order else "short"].format(order=order))
        self._add(edits)
        return taken

    # The next question

    def next(self) -> Question | None:
        """The question that decides most rows, or None where no answer would decide any more."""
        return next(self.open(), None)

    def open(self) -> Iterator[Question]:
        """All questions that are open as the brief is, what decides most rows first; an answer may change the others.

        Raises InputError where the list has no telephone numbers.
        """
        return (question for question in self._all() if question.id not in self._asked)

    def _all(self) -> Iterator[Question]:
        yield from self._of_number()
        if "number" not in {*self._columns, *self._guesses.own}:
            raise InputError(said("errors", "no_numbers"), self._guesses.table.path)
        self.calls, missing = self.decided.rows, self.decided.missing()
        yield from self._of_campaign()
        yield from self._of_objections()
        for word in sorted(missing, key=lambda word: (-missing[word], self._rank(word))):
            yield from self._of(word, missing[word])

    def _rank(self, word: str) -> tuple[bool, int]:
        """Order of words that decide as many rows: first those with a column in the file, then as in the vocabulary."""
        known = list(vocabulary().columns)
        told = word == "registry:own" or not {word, f"{word}_on"}.isdisjoint(self._guesses.named)
        return not told, known.index(word) if word in known else 0

    @property
    def decided(self) -> Tallies:
        """What the brief as it is decides of the first rows. Raises InputError where no column of numbers is known."""
        if self._decided is None:
            brief = read_brief(self._path)
            brief = brief.but(ignore=[name for name in self.open_objections if name not in brief.ignore])
            self._decided = decided(self._guesses, brief, self._store, self._book)
        return self._decided

    # What the brief says already

    @property
    def guesses(self) -> Guesses:
        """What the list shows."""
        return self._guesses

    @property
    def language(self) -> str:
        """The language of the questions."""
        return self._language

    @property
    def brief(self) -> Mapping[str, Any]:
        """The brief as it is, as its file has it."""
        return self._brief

    @property
    def _columns(self) -> Mapping[str, Any]:
        return dict(self._brief.get("columns", {}))

    @property
    def _mapped(self) -> set[str]:
        """Columns of the file that are mapped, have a rule about filled or empty cells, or are left out."""
        names: list[str] = [*self._brief.get("ignore", []), *self._brief.get("when_filled", {})]
        for theirs in self._columns.values():
            names += [theirs] if isinstance(theirs, str) else theirs
        return {*map(folded, names), *map(folded, self._guesses.own.values())}

    def _column(self, ours: str) -> str | None:
        """Their column that is mapped to one of ours."""
        name = self._columns.get(ours) or self._guesses.own.get(ours)
        return name if isinstance(name, str) else None

    def _told(self, ours: str) -> bool:
        return ours in self._brief.get("facts", {}) or self._column(ours) is not None

    def _free(self, ours: str) -> str | None:
        """Their column that may be one of ours, where it is not used yet."""
        name = self._guesses.named.get(ours)
        return name if name and folded(name) not in self._mapped else None

    @property
    def open_objections(self) -> list[str]:
        """Columns that may record objections and are not mapped or ignored yet: until then a check is refused."""
        return [name for name in self._guesses.possible_objections if folded(name) not in self._mapped]

    # Questions

    def _of_number(self) -> Iterator[Question]:
        if "number" not in {*self._columns, *self._guesses.own} and self._guesses.numbers:
            names = list(self._guesses.numbers)
            options = [
                Option(f"{name} ({self._shows(self._values(name))})", {"columns": {"number": name}}) for name in names
            ]
            several = [
                name for name in self._guesses.rows.columns if name in names and self._guesses.numbers[name].read
            ]
            if len(several) > 1:
                text = self._w["number_each"].format(names=", ".join(several))
                options.insert(0, Option(text, {"columns": {"number": several}}))
            yield Question("number", self._w["number"], options, self._height)

    def _of_campaign(self) -> Iterator[Question]:
        """Who calls, for what, when: what every list needs."""
        if not self._told("caller") and not self._told("purpose"):
            options = [
                Option(self._w["campaigns"][caller][purpose], {"facts": {"caller": caller, "purpose": purpose}})
                for caller, purposes in _CALLERS.items()
                for purpose in purposes
            ]
            yield Question("caller", self._w["caller"], options, self.calls)
        elif not self._told("caller"):
            yield self._axis("caller", self.calls)
        if not self._told("call_at"):
            day = dated(self._language)(today())
            option = Option(self._w["today"].format(day=day), {"facts": {"call_at": str(today())}})
            yield Question("call_at", self._w["call_at"], [option], self.calls, fact="call_at", default=0)
        days = self._guesses.days
        if days.any and "dates" not in self._brief:
            orders = [Option(text, {"dates": order}) for order, text in self._w["orders"].items()]
            yield Question("dates", self._w["dates"], orders, self.calls)

    def _of_objections(self) -> Iterator[Question]:
        """What a column at which a check would stop means."""
        for name in self.open_objections:
            w = self._w["objection"]
            free = [ours for ours in AGAINST if not self._told(ours)]
            words = [word for word, _ in self._guesses.words(name)]
            noes = {word: "none" for word in words if meaning("objected_on", word)}
            options = [
                Option(w[ours], {"columns": {ours: name}} | ({"values": {ours: noes}} if noes else {})) for ours in free
            ]
            if "objected_on" in free and self._empty(name):
                edits = options[free.index("objected_on")].edits | {"when_empty": {name: {"objected_on": "none"}}}
                options.insert(0, Option(w["or_none"], edits))
            ignore = [*self._brief.get("ignore", []), name]
            options.append(Option(w["ignore"], {"ignore": ignore}))
            # Enter never says that an empty cell clears anybody.
            named = "objected_on" in free and self._guesses.named.get("objected_on") == name
            default = (
                next(at for at, option in enumerate(options) if "when_empty" not in option.edits) if named else None
            )
            answers = {*YES, *NONE, *map(str.lower, noes)}
            proved = named and (self._guesses.has_days(name) or answers.issuperset(map(str.lower, words)))
            yield self._about(name, w["what"], options, self._filled(name), default=default, proved=proved)

    def _of(self, word: str, rows: int) -> Iterator[Question]:
        """Questions that would decide what misses one word of `dnc_missing`."""
        if word in ("registry:own", "objected_on"):
            yield from self._of_opposition(rows)
        elif word == "region":
            if options := [Option(self._country(place), {"region": place}) for place in self._guesses.regions]:
                yield Question("region", self._w["region"], options, rows)
        elif word in ("voice", "dialler"):
            yield self._of_way(rows)
        elif word == "consent":
            yield from self._of_consent(rows)
        elif word in vocabulary().axes:
            yield from self._of_axis(word, rows)
        elif word in _DAYS_OF:
            yield from self._of(_DAYS_OF[word], rows)
            yield from self._of_day(word, rows)
        elif word in ("cli", "attempts", "attempts_day") and not self._told(word):
            yield Question(word, self._asks(word), [], rows, fact=word)

    def _of_opposition(self, rows: int) -> Iterator[Question]:
        w = self._w["objection"]
        if (name := self._column("objected_on")) is None:
            if not self._told("objected_on"):
                nobody = Option(w["nobody"], {"facts": {"objected_on": "none"}})
                yield Question("registry:own", w["own"], [nobody], rows)
        elif self._empty(name):
            nobody = Option(w["none"], {"when_empty": {name: {"objected_on": "none"}}})
            yield self._about_empty(name, "objected_on", [nobody], rows)

    def _of_way(self, rows: int) -> Question:
        voice = self._brief.get("facts", {}).get("voice")
        ways = [(key, facts) for key, facts in _WAYS.items() if voice in (None, facts["voice"])]
        options = [Option(self._w["ways"][key], {"facts": dict(facts)}) for key, facts in ways]
        return Question("voice", self._w["voice"], options, rows)

    def _of_consent(self, rows: int) -> Iterator[Question]:
        """Whether people consented: by a column of words, by one of days, or for all rows."""
        w = self._w["consents"]
        words, day = self._free("consent"), self._free("consent_on")
        nobody = Option(w["nobody"], {"facts": {"consent": "none"}})
        if not self._told("consent") and words:
            told = self._is("consent", words)
            if day:
                told.edits["columns"]["consent_on"] = day
                told = replace(told, text=self._joined(told.text, w["on"].format(name=day)))
            options = [
                Option(self._joined(told.text, w[key]), {**told.edits, "when_filled": {words: {"consent_for": kind}}})
                for key, kind in (("by_person", "live"), ("by_any", "both"))
            ]
            yield self._about(words, self._w["what"], [*options, told, nobody], rows)
        elif not self._told("consent") and day:
            options = [
                Option(w[key], {"columns": {"consent_on": day}, "when_filled": {day: dict(facts)}})
                for key, facts in _CONSENTS.items()
            ]
            yield self._about(day, self._w["what"], [*options, nobody], rows)
        elif (name := self._column("consent")) or (name := self._column("consent_on")):
            yield from self._of_words("consent", name, rows)
            if self._empty(name) and name not in self._brief.get("when_empty", {}):
                none = Option(w["none"], {"when_empty": {name: {"consent": "none"}}})
                yield self._about_empty(name, "consent", [none], rows)
        elif not self._told("consent"):
            yield self._axis("consent", rows)

    def _of_day(self, ours: str, rows: int) -> Iterator[Question]:
        """The day of a consent or a relationship: by a column of days, or for all rows."""
        if self._told(ours):
            return
        if (free := self._free(ours)) and self._guesses.has_days(free):
            yield self._about(free, self._w["what"], [self._is(ours, free)], rows, default=0)
        else:
            yield Question(ours, self._asks(ours), [], rows, fact=ours)

    def _of_axis(self, axis: str, rows: int) -> Iterator[Question]:
        if name := self._column(axis):
            yield from self._of_words(axis, name, rows)
            if self._empty(name):
                values = self._axis(axis, rows).options
                options = [Option(value.text, {"when_empty": {name: value.edits["facts"]}}) for value in values]
                yield self._about_empty(name, axis, options, rows)
            return
        if self._told(axis):
            return
        options, default, shown = list(self._axis(axis, rows).options), None, list[str]()
        free, organisation = self._free(axis), self._organisation() if axis == "recipient" else None
        words = self._guesses.words(free) if free else []
        known = [word for word, _ in words if meaning(axis, word)]
        if organisation and not known:
            told = {"when_filled": {organisation: {axis: "business"}}, "when_empty": {organisation: {axis: "consumer"}}}
            options.insert(0, Option(self._w["organisation"].format(name=organisation), told))
        elif free and len(words) <= MOST_WORDS:
            options.insert(0, self._is(axis, free))
            shown, default = self._values(free), 0 if known else None
        yield Question(axis, self._asks(axis), options, rows, shown=shown, default=default)

    def _of_words(self, axis: str, name: str, rows: int) -> Iterator[Question]:
        """What the words of a column mean that are not understood, most rows first."""
        known = {folded(word) for word in self._brief.get("values", {}).get(axis, {})} | set(vocabulary().axes[axis])
        if self._guesses.has_days(name) or len(words := self._guesses.words(name)) > MOST_WORDS:
            return
        for word, count in words:
            if folded(word) not in known and word.lower() not in known:
                options = [
                    Option(option.text, {"values": {axis: {word: option.edits["facts"][axis]}}})
                    for option in self._axis(axis, rows).options
                ]
                text = self._w["word"].format(name=name, word=masked(word))
                yield Question(f"word:{name}:{word}", text, options, min(rows, count))

    # Parts of questions

    def _asks(self, ours: str) -> str:
        """The question of the vocabulary, without the words to choose from, which are the options."""
        text = vocabulary().asks(ours, self._language)
        return text[0].upper() + text[1:]

    def _country(self, region: str) -> str:
        """The code of a country, with its name where its law is known."""
        named = (pack.name[self._language] for pack in self._book.packs.values() if region in pack.territories)
        return f"{name} ({region})" if (name := next(named, "")) else region

    def _axis(self, axis: str, rows: int) -> Question:
        options = [
            Option(vocabulary().meaning(axis, word, self._language), {"facts": {axis: word}})
            for word in vocabulary().axes[axis]
        ]
        return Question(axis, self._asks(axis), options, rows)

    def _is(self, ours: str, name: str) -> Option:
        """The answer that a column of the file is one of ours, with the words in it that are understood."""
        edits: Edits = {"columns": {ours: name}}
        words = {word: meant for word, _ in self._guesses.words(name) if (meant := meaning(ours, word))}
        if ours not in vocabulary().axes or not words:
            says = vocabulary().says(ours, self._language)
            return Option(self._w["is"].format(name=name, says=says), edits)
        edits["values"] = {ours: {word: meant for word, meant in words.items() if word.lower() != meant}}
        meanings = ((word, vocabulary().meaning(ours, meant, self._language)) for word, meant in words.items())
        says = self._joined(*(f"{word} = {told.split(',')[0]}" for word, told in meanings))
        return Option(self._w["is"].format(name=name, says=says), edits)

    def _about(
        self,
        name: str,
        text: str,
        options: list[Option],
        rows: int,
        *,
        default: int | None = None,
        proved: bool = False,
    ) -> Question:
        """A question about a column of the file, with some of its values."""
        text, shown = text.format(name=name), self._values(name)
        return Question(f"is:{name}", text, options, rows, shown=shown, default=default, proved=proved)

    def _about_empty(self, name: str, ours: str, options: list[Option], rows: int) -> Question:
        text = self._w["empty"].format(name=name)
        return Question(f"empty:{name}:{ours}", text, options, min(rows, self._empty(name)))

    def _joined(self, *parts: str) -> str:
        semicolon: str = messages("common", self._language)["semicolon"]
        return f"{semicolon} ".join(parts)

    def _shows(self, values: Sequence[str]) -> str:
        return str(self._w["shown"].format(values=", ".join(values)))

    def _values(self, name: str) -> list[str]:
        return [masked(cell) for cell in filled(self._guesses.rows[name]).unique(maintain_order=True).head(_VALUES)]

    def _filled(self, name: str) -> int:
        return filled(self._guesses.rows[name].head(_SAMPLE)).len()

    def _empty(self, name: str) -> int:
        return self._height - self._filled(name)

    def _organisation(self) -> str | None:
        """A column of organisations that some people have and others have not."""
        return next((name for name in self._guesses.organisations if self._filled(name) and self._empty(name)), None)


def decided(guesses: Guesses, brief: Brief, store: Store, book: Rulebook) -> Tallies:
    """What a brief decides of the first rows of a list; nothing is logged, and other rows say nothing of a number."""
    setup = Settings(brief=brief, rulebook=book).read(store)
    rows = guesses.batch.head(_SAMPLE)
    intake = setup.intake(replace(guesses.table, batches=iter([rows] if rows.height else [])))
    tallies = Tallies()
    with setup.judge(store.standing()) as judge:
        for batch in intake.batches():
            calls = setup.completed(batch)
            tallies.add(calls, judge.verdicts(calls))
    return tallies


def masked(cell: str) -> str:
    """A value to show: cut, and of a telephone number its last two digits only."""
    if holds_number(cell):
        last = [at for at, char in enumerate(cell) if char.isdigit()][-2:]
        cell = "".join("•" if char.isdigit() and at not in last else char for at, char in enumerate(cell))
    return cell if len(cell) <= _LONGEST else f"{cell[:_LONGEST]}…"


def _merged(brief: Mapping[str, Any], edits: Mapping[str, Any]) -> Edits:
    """A brief with changes, tables merged, in the usual order of keys."""
    found = dict(brief)
    for key, value in edits.items():
        old = found.get(key)
        found[key] = _merged(old, value) if isinstance(value, Mapping) and isinstance(old, Mapping) else value
    return found
