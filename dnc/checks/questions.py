"""The questions that a list, its brief and the law leave open, those that decide most rows first.

`dnc.checks.interview` asks them one after the other and writes the answers to the brief.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import msgspec
import polars as pl
from msgspec.structs import replace

from dnc.checks.counts import Tallies
from dnc.clock import YES, today
from dnc.errors import printable
from dnc.files.cell_texts import as_in_brief, is_safe, normal, shown
from dnc.files.columns import Content, kind_of_name, left_out
from dnc.files.net import is_of_mail, marked, marks, objects
from dnc.files.table import folded, holds_number
from dnc.law.rulebook import Rulebook
from dnc.law.vocabulary import OR_NONE, vocabulary
from dnc.lists.guesses import MOST_WORDS, WORD_OF, Guesses, filled, is_day, names_only
from dnc.lists.header import READ
from dnc.lists.texts import MEANINGS
from dnc.lists.words import meaning
from dnc.messages import dated, in_language, messages, semicolons
from dnc.numbers.numbering_plans import known_region
from dnc.registries import OWN
from dnc.store.record_kinds import GIVEN

SAMPLE = 5_000  # rows that are checked for each question
LEFT_OUT, _READ = 0, 1  # the first options of a column
_SEPARATORS = (" ::: ", ";", "|", ",")  # between the tags of a cell
_EXAMPLES = 2  # texts of a column that its row shows
_ALL_SHOWN = 12  # texts of a column that its row shows all, since what is accepted with it is to be seen
_FEW_TEXTS, _MOST_TEXTS = 30, 60  # that are asked one by one, of a column and of all
_MEANINGS = ("unread", "objected", "refused", "withdrawn", "nothing", "deceased", "wrong_number")
_YES_AND_NO = 2  # different cells of a column that may say them, in whatever code
_VALUES = 3  # of a column that are shown
_LONGEST, _LONGEST_TEXT = 30, 300  # characters of a value that are shown, and of a text that is to be read
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
# Questions that are asked in one form: what is the same for all calls. Objections and consents are asked by themselves.
_FORM = (
    *("call_at", "dates", "voice", "cli", "recipient", "source", "sector", "habit"),
    *("relationship", "relationship_on", "related", "attempts", "attempts_day"),
)
# What a column of one of these kinds says of each person, however it says it.
_OF_EACH = {"consent": ("consent", "consent_on")} | dict.fromkeys(("registry:own", "objected_on"), ("objected_on",))
# Facts that say more of another one, which is asked for first.
_DETAILS = {**WORD_OF, "consent_for": "consent", "related": "relationship"}
Edits = dict[str, Any]  # a part of a brief


class Option(NamedTuple):
    """An answer: its text, and what it adds to the brief."""

    text: str
    edits: Edits


class TableRow(NamedTuple):
    """A row of a question that is a table: a column, a text in one, or a fact.

    name: of the column. text: of the row. shown: values, or what is known of the text. options: the answers to choose
    from. chosen: index of the one that is proposed. marked: whether the column or the text may say not to call. fact:
    our column that a typed answer is the value of; such a row has no options, and `chosen` is a text, empty where it is
    not known. rest: index of the answer that is taken if the person accepts what is proposed and chose no other; None
    where `chosen` is. alike: whether one answer may leave it out together with others: a column in which no row differs
    by a yes or no.
    """

    name: str
    text: str
    shown: Sequence[str]
    options: Sequence[Option]
    chosen: int | str
    marked: bool = False
    fact: str | None = None
    rest: int | None = None
    alike: bool = False

    @property
    def is_left_out(self) -> bool:
        """Whether it is proposed to leave the column out."""
        return isinstance(self.chosen, int) and "ignore" in self.options[self.chosen].edits

    def answered(self, chosen: int | str | None) -> TableRow:
        """The row with an earlier answer in place of the proposed one."""
        fits = chosen < len(self.options) if isinstance(chosen, int) else chosen is not None and self.fact is not None
        if chosen is None or chosen == self.chosen or not fits:
            return self
        return self._replace(chosen=chosen, rest=None, alike=False)

    @property
    def group(self) -> tuple[bool, bool, str]:
        """What it has in common with the rows that are shown together with it (see `RowGroup`)."""
        return self.is_left_out, self.alike, "" if self.name == self.text else self.name


Chosen = int | str | list[int | str] | None  # an option, a text, those of the rows of a table; None: not known


class RowGroup(NamedTuple):
    """Rows of a table that are shown together, each with its place in the table.

    name: of their column, if they are texts in it. is_left_out, alike: whether they are columns proposed to be left
    out, or that one answer may leave out.
    """

    is_left_out: bool
    alike: bool
    name: str
    rows: list[tuple[int, TableRow]]


class Question(msgspec.Struct, frozen=True):
    """A question.

    Attributes:
        id: what it asks for; it is asked once.
        text: the question.
        options: the answers to choose from.
        rows: of the calls that are checked for it, how many it may decide.
        fact: our column that a typed answer is the value of, for all rows; None where one of the options is chosen.
        shown: values of the column it is about; telephone numbers are masked.
        default: index of the option that is likely.
        proved: whether the names and cells of the file prove what is proposed.
        how: the command that tells it in place of an answer, or None.
        table: rows, each with options of its own; such a question has no others.
        parts: ids of the questions that the rows stand for.
    """

    id: str
    text: str
    options: Sequence[Option]
    rows: int
    fact: str | None = None
    shown: Sequence[str] = ()
    default: int | None = None
    proved: bool = False
    how: str | None = None
    table: Sequence[TableRow] = ()
    parts: Sequence[str] = ()

    @property
    def unknown(self) -> Edits:
        """What is added where the answer is not known: each column that may have telephone numbers is called."""
        return self.options[0].edits if self.id == "number" else {}

    @property
    def proposes(self) -> bool:
        """Whether its table has answers that a person may accept all at once."""
        return any(row.rest is not None for row in self.table)

    @property
    def groups(self) -> Iterator[RowGroup]:
        """The rows of its table as they are shown together."""
        for (is_left_out, alike, name), rows in groupby(enumerate(self.table), lambda row: row[1].group):
            yield RowGroup(is_left_out, alike, name, list(rows))

    def answered(self, before: Question, chosen: Chosen) -> Question:
        """The question with an answer to an earlier form of it as its default."""
        if isinstance(chosen, list):
            known = {(row.name, row.text): at for row, at in zip(before.table, chosen, strict=True)}
            rows = (row.answered(known.get((row.name, row.text))) for row in self.table)
            return replace(self, table=sorted(rows, key=lambda row: row.group[:2]))
        if isinstance(chosen, str):
            return replace(self, options=[Option(chosen, {"facts": {self.fact: chosen}})], default=0)
        return replace(self, default=chosen) if chosen is not None and chosen < len(self.options) else self


def _tags(content: Content, separator: str) -> pl.DataFrame:
    """The tags of a column, as `Content.texts` has its texts."""
    tags = content.texts.with_columns(pl.col("cell").str.split(separator)).explode("cell")
    tags = tags.with_columns(pl.col("cell").str.strip_chars(), text=normal(tags["cell"])).drop_nulls("text")
    found = tags.group_by("text", maintain_order=True).agg(pl.col("cell").first(), pl.col("rows").sum())
    found = found.with_columns(marked=marked(found["cell"], column=content.name))
    return found.sort("marked", "rows", "text", descending=[True, True, False])


def _tells_nobody_apart(content: Content) -> bool:
    """Whether a column has the same cell in every row, or numbers and codes, more than the two of a yes and a no."""
    different = content.texts.height
    return content.filled == content.rows if different == 1 else content.is_codes and different > _YES_AND_NO


class OpenQuestions:
    """What to ask about a list with the brief as it is.

    Args:
        guesses: what the list shows.
        brief: as its file has it.
        book: the law.
        language: one of `dnc.messages.LANGUAGES`.
        asked: ids of questions that were asked; a question of such a form is then asked by itself.
        consents: what a file of consents shows, or None.
    """

    def __init__(
        self,
        guesses: Guesses,
        brief: Mapping[str, Any],
        book: Rulebook,
        language: str,
        asked: Collection[str],
        *,
        consents: Guesses | None = None,
    ) -> None:
        self._guesses, self._brief, self._book, self._language = guesses, brief, book, language
        self._asked, self._consents = asked, consents
        self._w = messages("start", language)
        self._height = min(guesses.batch.height, SAMPLE)

    @property
    def number_is_known(self) -> bool:
        """Whether the brief or the names of the columns say where the telephone numbers are."""
        return "number" in {*self._columns, *self._guesses.own}

    @property
    def regions_of_consents(self) -> list[str]:
        """The countries that numbers in the file of consents may belong to, if nothing says it of those of the list.

        First those whose codes the numbers of the list carry.
        """
        if self._consents is None or "region" in self._brief or self._column("region"):
            return []
        by_country = sum((column.by_country for column in self._guesses.called), Counter[str]())
        plans = {place for place, _ in self._consents.plans}
        likely = [place for place, _ in by_country.most_common() if place in plans]
        return list(dict.fromkeys([*likely, *self._consents.regions]))

    def proved(self) -> tuple[Edits, dict[str, str]]:
        """What needs no question: what it adds to the brief, and a line on each for the person, by the question."""
        guesses, edits, lines = self._guesses, Edits(), dict[str, str]()
        if not self.number_is_known and guesses.number_columns:
            # Of the others nobody knows whose they are (`Tél. notaire`): each is a column to be asked about.
            names = [name for name in guesses.number_columns if kind_of_name(name)] or guesses.number_columns
            edits["columns"] = {"number": names[0] if len(names) == 1 else names}
            lines["number"] = self._w["takes"]["number"].format(names=", ".join(map(self._example, names)))
        if "region" not in self._columns and guesses.no_country:
            edits["ignore"] = guesses.no_country
        if "region" not in self._brief and len(guesses.regions) == 1:
            edits["region"] = guesses.regions[0]
            lines["region"] = self._w["takes"]["region"].format(region=self._country(guesses.regions[0]))
        if "dates" not in self._brief and guesses.days.order:
            edits["dates"] = guesses.days.order
            order = self._w["orders"][guesses.days.order] if guesses.days.digits else None
            lines["dates"] = self._w["takes"]["dates" if order else "short"].format(order=order)
        return edits, lines

    def of_number(self) -> Iterator[Question]:
        """Which columns hold the telephone numbers, where that is not known."""
        if not self.number_is_known and self._guesses.numbers:
            names = list(self._guesses.numbers)
            options = [Option(self._example(name), {"columns": {"number": name}}) for name in names]
            several = [
                name for name in self._guesses.rows.columns if name in names and self._guesses.numbers[name].read
            ]
            if len(several) > 1:
                text = self._w["number_each"].format(names=", ".join(several))
                options.insert(0, Option(text, {"columns": {"number": several}}))
            yield Question("number", self._w["number"], options, self._height)

    def of_country(self) -> Question | None:
        """Whether numbers in national form are of another country than the brief says; None if no other has any."""
        places = [place for place, _ in self._guesses.plans]
        if len(places) < 2 or (told := str(self._brief.get("region", "")).upper()) not in places:
            return None
        return replace(self._of_region(places, self._height), default=places.index(told))

    def _of_region(self, places: Sequence[str], rows: int) -> Question:
        options = [Option(self._country(place), {"region": place}) for place in places]
        return Question("region", self._w["region"], options, rows)

    def of_calls(self, decided: Tallies) -> Iterator[Question]:
        """All other questions; `decided`: what the brief decides of the first rows."""
        missing = decided.missing()
        if not self._is_known("caller"):
            del missing["purpose"]  # the question who calls asks for it too
        callers = list(self._of_caller(decided.rows))
        yield from callers
        rows = missing.pop("region", 0) or (decided.rows if self.regions_of_consents else 0)
        if rows:  # before it is known, nothing says which law asks for what
            yield from self._of("region", rows)
        if callers and "caller" not in self._asked:  # nor who is asked for what
            missing.clear()
        yield from self._of_around(decided.rows)
        yield from self._of_columns(decided.rows)
        words = sorted(missing, key=lambda word: (-missing[word], self._rank(word)))
        open_ = [*self._of_campaign(decided.rows), *(one for word in words for one in self._of(word, missing[word]))]
        if self._words_tell_calls and any(one.id == f"words:{self._column('consent')}" for one in open_):
            open_ = [question for question in open_ if question.id != "consent_for"]
        whole = {question.id: question for question in open_ if question.id in _FORM}
        if "campaign" not in self._asked and len(whole) > 1:
            form = self._form([whole[part] for part in _FORM if part in whole])
            open_ = [form if question.id in whole else question for question in open_]
        yield from open_
        yield from self._of_texts(decided.rows)

    def _form(self, questions: Sequence[Question]) -> Question:
        """Several questions as one, with a row for each."""
        rows, ids = max(one.rows for one in questions), [one.id for one in questions]
        table = list(map(self._as_row, questions))
        return Question("campaign", self._w["campaign"]["text"], [], rows, table=table, parts=ids)

    def _as_row(self, question: Question) -> TableRow:
        default, text = question.default, question.text
        if question.fact:
            typed = "" if default is None else str(question.options[default].edits["facts"][question.fact])
            return TableRow(text, text, question.shown, (), typed, fact=question.fact)
        options = [*question.options, Option(self._w["unknown"], {})]
        return TableRow(text, text, question.shown, options, len(question.options) if default is None else default)

    def _waits(self, word: str) -> bool:
        """Whether a column without a role says it of each person, or may, so that it is not asked of all yet."""
        names = [self._guesses.named.get(ours) for ours in _OF_EACH.get(word, (word,))]
        columns = [content for content in self.without_role if content.name in names]
        return any(word in _OF_EACH or self._is_understood(word, content) for content in columns)

    def _rank(self, word: str) -> tuple[bool, int]:
        """Order of words that decide as many rows: first those with a column in the file, then as in the vocabulary."""
        known = list(vocabulary().columns)
        named = word == "registry:own" or not {word, f"{word}_on"}.isdisjoint(self._guesses.named)
        return not named, known.index(word) if word in known else 0

    # What the brief says already

    @property
    def _columns(self) -> Mapping[str, Any]:
        return dict(self._brief.get("columns", {}))

    @property
    def _mapped(self) -> set[str]:
        """Columns of the file that are mapped, have a rule about filled or empty cells, or are left out.

        Those whose texts are read may be used, too.
        """
        return set(map(folded, self._named_columns))

    @property
    def _named_columns(self) -> list[str]:
        names: list[str] = [*self._brief.get("ignore", []), *self._brief.get("when_filled", {})]
        for theirs in self._columns.values():
            names += [theirs] if isinstance(theirs, str) else theirs
        return [*names, *self._guesses.own.values()]

    def _column(self, ours: str) -> str | None:
        """Their column that is mapped to one of ours."""
        name = self._columns.get(ours) or self._guesses.own.get(ours)
        return name if isinstance(name, str) else None

    def _is_known(self, ours: str) -> bool:
        return ours in self._brief.get("facts", {}) or self._column(ours) is not None

    def _is_told(self, ours: str) -> bool:
        """Whether anything in the brief gives one of our columns a value, for some rows at least."""
        rules = [*self._brief.get("when_filled", {}).values(), *self._brief.get("when_empty", {}).values()]
        return self._is_known(ours) or any(ours in facts for facts in rules)

    def _free(self, ours: str) -> str | None:
        """Their column that may be one of ours, where it is not used yet."""
        name = self._guesses.named.get(ours)
        return name if name and folded(name) not in self._mapped else None

    @property
    def without_role(self) -> list[Content]:
        """The columns that nobody has said anything of yet."""
        contents = self._guesses.contents
        said = [*self._named_columns, *self._brief.get("texts", {}), *self._numbers]
        known = left_out({column: one.name for column, one in contents.items()}, said)
        return [one for column, one in contents.items() if column not in known and one.filled]

    @property
    def _numbers(self) -> list[str]:
        """The columns of telephone numbers that are called."""
        names = self._columns.get("number") or self._guesses.own.get("number") or self._guesses.number_columns
        return [names] if isinstance(names, str) else list(names)

    # Questions

    def _of_caller(self, rows: int) -> Iterator[Question]:
        """Who calls, and for what."""
        if not self._is_known("caller") and not self._is_known("purpose"):
            options = [
                Option(self._w["campaigns"][caller][purpose], {"facts": {"caller": caller, "purpose": purpose}})
                for caller, purposes in _CALLERS.items()
                for purpose in purposes
            ]
            yield Question("caller", self._w["caller"], options, rows)
        elif not self._is_known("caller"):
            yield self._axis("caller", rows)

    def _of_campaign(self, rows: int) -> Iterator[Question]:
        """When the calls are made, and how the list writes days: what every list needs."""
        if not self._is_known("call_at"):
            day = dated(self._language)(today())
            option = Option(self._w["today"].format(day=day), {"facts": {"call_at": str(today())}})
            yield Question("call_at", self._w["call_at"], [option], rows, fact="call_at", default=0)
        may_be_used = {*map(folded, self._guesses.named.values()), *self._mapped}
        days = (name for name in self._guesses.rows.columns if self._guesses.has_days(name))
        is_open = self._guesses.days.any and not may_be_used.isdisjoint(map(folded, days))
        told = self._consents.days if self._consents else None
        if "dates" not in self._brief and (is_open or (told and told.any)):
            orders = [Option(text, {"dates": order}) for order, text in self._w["orders"].items()]
            default = [*self._w["orders"]].index(told.order) if told and told.order else None
            yield Question("dates", self._w["dates"], orders, rows, default=default)

    @property
    def around(self) -> list[str]:
        """Texts around the table that nobody has read yet."""
        return [] if self._brief.get("around") == READ else self._guesses.around

    def _of_around(self, rows: int) -> Iterator[Question]:
        """Whether somebody has read what is around the table."""
        if texts := self.around:
            read = Option(self._w["around"]["read"], {"around": READ})
            shown_ = [shown(in_language(text, self._language)) for text in texts]
            how = self._w["around"]["sheet"] if self._guesses.table.others else None
            yield Question("around", self._w["around"]["text"], [read], rows, shown=shown_, how=how)

    def _of_columns(self, rows: int) -> Iterator[Question]:
        """One table of the columns without a role: left out, read, or one of ours; last what may be left out."""
        if contents := self.without_role:
            table = sorted(map(self._column_row, contents), key=lambda row: (*row.group[:2], not row.marked))
            yield Question("columns", self._w["columns"]["text"], [], rows, proved=True, table=table)

    def _column_row(self, content: Content) -> TableRow:
        """A column, with the roles that it may have."""
        w, name = self._w["columns"], content.name
        options = [Option(w["left_out"], {"ignore": [name]}), Option(w["read"], {"texts": {name: {}}})]
        tags = {one: content.texts["cell"].str.split(one).explode().str.strip_chars() for one in _SEPARATORS}
        if separator := next((one for one in tags if tags[one].n_unique() < content.texts.height), None):
            text = w["tags"].format(separator=separator.strip())
            options.append(Option(text, {"texts": {name: {"separator": separator}}}))
        ours = self._guesses.fits.get(name) or (None if separator or is_of_mail(name) else self._by_cells(content))
        is_named = self._guesses.named.get(ours or "") == name
        proposed = LEFT_OUT if content.may_be_left_out else _READ
        if ours and (ours not in OR_NONE or self._guesses.has_days(name)) and not self._is_known(ours):
            options.append(self._is(ours, name, named=False))
            if is_named and self._is_understood(ours, content):
                proposed = len(options) - 1
            if is_named and ours == "consent_on" and "consent" not in self._guesses.named:
                options += self._consents_by(name)
        if name in [*self._guesses.further_numbers, *self._guesses.number_columns]:
            proposed = LEFT_OUT if content.is_phones and not content.may_object else proposed
            options.append(Option(w["number"], {"columns": {"number": [*self._numbers, name]}, "texts": {name: None}}))
        cells = content.texts["cell"]
        examples = [masked(cell) for cell in cells.head(_ALL_SHOWN if cells.len() <= _ALL_SHOWN else _EXAMPLES)]
        if content.cut or cells.len() > len(examples):
            examples.append(w["more" if content.cut else "others"].format(n=cells.len() - len(examples)))
        alike = proposed == _READ and not content.may_object and _tells_nobody_apart(content)
        return TableRow(name, name, examples, options, proposed, content.may_object, alike=alike)

    def _by_cells(self, content: Content) -> str | None:
        """What a column may be whatever it is called: days may be those of the consent, a few words the consent.

        Not if its name says what else they are: names, places, objections.
        """
        if self._guesses.has_days(content.name):
            return "consent_on"
        says_else = content.may_be_left_out or content.is_marked
        return "consent" if content.texts.height <= MOST_WORDS and not says_else else None

    def _is_understood(self, ours: str, content: Content) -> bool:
        """Whether every cell of a column has a meaning as one of ours, and its name says nothing else.

        What is proposed is accepted together with all else, and a day of a consent or of a purchase speaks for a call.
        """
        if content.is_marked and ours not in OR_NONE:
            return False
        if ours in vocabulary().axes and not content.cut:
            meant = {meaning(ours, cell) for cell in content.texts["cell"]}
            # Where no word is taken for a consent, nothing is decided before the words are told, which is asked next.
            asks = ours == "consent" and meant <= {"", "none"} and content.texts.height <= MOST_WORDS
            return "" not in meant or asks
        is_day = vocabulary().columns[ours]["kind"] == "date" and self._guesses.has_days(content.name)
        return is_day and (ours in OR_NONE or names_only(content.name, ours))

    def _of_texts(self, rows: int) -> Iterator[Question]:
        """One table of the texts that have no meaning; first the columns with some that may say not to call.

        Of a column that is left out, these alone: their rows are undecided until somebody says what they mean.
        """
        contents, texts = self._guesses.contents, self._brief.get("texts", {})
        left = left_out({name: one.name for name, one in contents.items()}, self._brief.get("ignore", []))
        names = [
            name for name in dict.fromkeys([*texts, *left]) if name in contents and name not in self._columns.values()
        ]
        table = [row for name in names for row in self._text_rows(name, texts.get(name, {}), is_left_out=name in left)]
        if table:
            suspect = {row.name for row in table if row.marked}
            table.sort(key=lambda row: row.name not in suspect)
            yield Question("texts", self._w["texts"]["text"], [], rows, table=table[:_MOST_TEXTS])

    def _text_rows(self, name: str, texts: Mapping[str, Any], *, is_left_out: bool) -> Iterator[TableRow]:
        """The texts of a column: a yes and a no as one, many as those that the net marks and the rest."""
        content = self._guesses.contents[name]
        if texts.get("rest"):
            return
        all_texts = _tags(content, texts["separator"]) if "separator" in texts else content.texts
        named = set(normal(pl.Series([text for meant in MEANINGS for text in texts.get(meant, [])], dtype=pl.String)))
        open_ = all_texts.filter(~pl.col("text").is_in(pl.Series(list(named), dtype=pl.String).implode()))
        if is_left_out:
            open_ = open_.filter(marked(open_["cell"], column=name, answers=False))
        elif content.is_yes_no and not named:
            yield self._yes_no_row(name, content)
            return
        asked = open_ if all_texts.height <= _FEW_TEXTS else open_.filter("marked").head(_FEW_TEXTS)
        asked = asked.filter(asked["text"].map_elements(is_safe, pl.Boolean))
        for text, cell, count, is_marked in asked.iter_rows():
            options = [self._meant(name, {meant: [as_in_brief(text, cell)]}, meant) for meant in _MEANINGS]
            rest = _MEANINGS.index("objected") if is_marked else None
            rows = [self._w["texts"]["rows"].format(n=count)]
            text_ = masked(printable(" ".join(cell.split())), _LONGEST_TEXT)
            yield TableRow(name, text_, rows, options, 0, is_marked, rest=rest)
        if asked.height < open_.height or (content.cut and not is_left_out):
            w = self._w["texts"]
            options = [Option(w["rest"], {}), Option(w["nothing"], {"texts": {name: {"rest": "nothing"}}})]
            yield TableRow(name, w["others"].format(n=all_texts.height), [], options, 0)  # not shown, so not accepted

    def _yes_no_row(self, name: str, content: Content) -> TableRow:
        """A column that says yes or no, answered as one."""
        yes, no = (
            [cell for cell in content.texts["cell"] if (cell.lower() in YES) is is_yes] for is_yes in (True, False)
        )
        options = [self._meant(name, {"unread": [*yes, *no]}, "unread")]
        for objected, nothing in ((yes, no), (no, yes)):
            meant, colon = {"objected": objected, "nothing": nothing}, messages("common", self._language)["colon"]
            says = (f"{', '.join(cells)}{colon} {self._w['texts'][key]}" for key, cells in meant.items() if cells)
            options.append(Option(self._joined(*says), {"texts": {name: meant}}))
        options.append(self._meant(name, {"nothing": [*yes, *no]}, "nothing"))
        is_marked, cells = content.may_object, [shown(cell) for cell in (*yes, *no)]
        # What is proposed where the cells do not show of what they say yes or no: a yes objects, a no does, or nothing.
        rest = {True: 1, False: 2, None: None}[objects(name)] if is_marked else None
        return TableRow(name, name, cells, options, 0, is_marked, rest=rest)

    def _meant(self, name: str, meant: Mapping[str, Sequence[str]], meaning_: str) -> Option:
        return Option(self._w["texts"][meaning_], {"texts": {name: dict(meant)}})

    def _of(self, word: str, rows: int) -> Iterator[Question]:
        """Questions that would decide what misses one word of `dnc_missing`."""
        ways = dict.fromkeys(("voice", "dialler"), self._of_way)
        objections = dict.fromkeys(("registry:own", "objected_on"), self._of_opposition)
        by_word = {**ways, **objections, "region": self._of_countries, "consent": self._of_consent}
        of = _DETAILS.get(word)
        if self._waits(word):
            return
        if of and (
            not (self._is_told(of) or self._column_of_consents(of)) or (self._is_told(word) and any(self._of(of, rows)))
        ):
            yield from self._of(of, rows)
        elif word in by_word:
            yield from by_word[word](rows)
        elif word in vocabulary().axes:
            yield from self._of_axis(word, rows)
        elif word in (*WORD_OF, "cli", "attempts", "attempts_day"):
            yield from self._of(WORD_OF[word], rows) if word in WORD_OF else ()
            if not self._is_known(word):
                yield Question(word, self._asks(word), [], rows, fact=word)
        else:  # words of a mapped column without a meaning, though the law asks for none of them
            for axis in vocabulary().axes:
                if (name := self._column(axis)) and word == f"text:{name}":
                    yield from self._of_words(axis, name, rows, [])

    def _of_opposition(self, rows: int) -> Iterator[Question]:
        w = self._w["objection"]
        if (name := self._column("objected_on")) is None:
            if not self._is_known("objected_on"):
                nobody = Option(w["nobody"], {"facts": {"objected_on": "none"}})
                how = messages("question", self._language)["in_store"].format(registry=OWN)
                yield Question("registry:own", w["own"], [nobody], rows, how=how)
        elif self._empty(name):
            nobody = Option(w["none"], {"when_empty": {name: {"objected_on": "none"}}})
            yield self._about_empty(name, "objected_on", [nobody], rows)

    def _of_countries(self, rows: int) -> Iterator[Question]:
        """The country of numbers without a country code; first whether a column called so names countries."""
        name = self._column("region")
        if (
            name
            and name not in self._brief.get("ignore", [])
            and not all(known_region(word.upper()) for word, _ in self._guesses.words(name))
        ):
            countries = Option(self._w["country"], {"columns": {"region": name}})
            yield self._about(
                name, self._w["what"], [countries, Option(self._w["no_country"], {"ignore": [name]})], rows
            )
        elif self._guesses.regions:
            yield self._of_region(self._guesses.regions, rows)
        elif regions := self.regions_of_consents:
            yield replace(self._of_region(regions, rows), default=0)

    def _of_way(self, rows: int) -> Iterator[Question]:
        voice = self._brief.get("facts", {}).get("voice")
        ways = [(key, facts) for key, facts in _WAYS.items() if voice in (None, facts["voice"])]
        options = [Option(self._w["ways"][key], {"facts": dict(facts)}) for key, facts in ways]
        yield Question("voice", self._w["voice"], options, rows)

    def _of_consent(self, rows: int) -> Iterator[Question]:
        """Whether people consented: by words of the file of consents, by a column of words or days, or for all rows."""
        words = list(self._of_consents(rows))
        yield from words
        if any(question.id not in self._asked for question in words):
            return
        w, day = self._w["consents"], self._column("consent_on")
        if day and not self._is_told("consent"):  # what a filled cell of it says is open
            nobody = Option(w["nobody"], {"facts": {"consent": "none"}})
            yield self._about(day, self._w["what"], [*self._consents_by(day), nobody], rows)
        elif name := self._column("consent") or day:
            none = Option(w["none"], {"when_empty": {name: {"consent": "none"}}})
            yield from self._of_words("consent", name, rows, [none])
        elif not self._is_known("consent"):
            yield self._axis("consent", rows)

    def _of_consents(self, rows: int) -> Iterator[Question]:
        """One table of the words in the file of consents that are not understood, most rows first."""
        if self._consents is None or (name := self._column_of_consents("consent")) is None:
            return
        words = self._consents.words(name)
        open_ = self._not_understood("consent", words)
        if open_ and len(words) <= MOST_WORDS:
            text = self._w["words"]["of_file"].format(name=name, file=self._consents.table.path.name)
            table = [self._word_row("consent", name, *one, of_calls=False) for one in open_]
            yield Question("consents", text, [], rows, table=table)

    def _column_of_consents(self, ours: str) -> str | None:
        """The column of the file of consents that is one of ours, by the brief or by its own name."""
        if self._consents is None:
            return None
        named = self._columns.get(ours)
        return named if named in self._consents.rows.columns else self._consents.own.get(ours)

    def _by_calls(self, option: Option, name: str) -> list[Option]:
        """An answer about consents in a column, by the calls that they are for."""
        w, voice = self._w["consents"], self._brief.get("facts", {}).get("voice", "human")
        of_voice = ("by_person", "live") if voice == "human" else ("by_machine", "automated")
        return [
            Option(self._joined(option.text, w[key]), {**option.edits, "when_filled": {name: {"consent_for": kind}}})
            for key, kind in (of_voice, ("by_any", "both"))
        ]

    def _consents_by(self, day: str) -> list[Option]:
        """The answers that a column holds the day of a consent, by the consent."""
        return [
            Option(
                self._w["consents"][key],
                {"columns": {"consent_on": day}, "when_filled": {day: dict(facts)}, "texts": {day: None}},
            )
            for key, facts in _CONSENTS.items()
        ]

    def _of_axis(self, axis: str, rows: int) -> Iterator[Question]:
        if name := self._column(axis):
            values = self._axis(axis, rows).options
            of_empty = [Option(value.text, {"when_empty": {name: value.edits["facts"]}}) for value in values]
            yield from self._of_words(axis, name, rows, of_empty)
            return
        if self._is_known(axis):
            return
        options, default, shown = list(self._axis(axis, rows).options), None, list[str]()
        free, organisation = self._free(axis), self._organisation() if axis == "recipient" else None
        words = self._guesses.words(free) if free else []
        known = [word for word, _ in words if meaning(axis, word)]
        if organisation and not known:
            edits = {
                "when_filled": {organisation: {axis: "business"}},
                "when_empty": {organisation: {axis: "consumer"}},
                "texts": {organisation: {"rest": "nothing"}},  # names of companies, as the answer says
            }
            options.insert(0, Option(self._w["organisation"].format(name=organisation), edits))
        elif free and len(words) <= MOST_WORDS:
            options.insert(0, self._is(axis, free))
            shown, default = self._values(free), 0 if known else None
        yield Question(axis, self._asks(axis), options, rows, shown=shown, default=default)

    def _of_words(self, axis: str, name: str, rows: int, of_empty: list[Option]) -> Iterator[Question]:
        """One table of the words of a column that are not understood, most rows first, with its empty cells.

        of_empty: what these may mean; it is asked apart if there is no such word.
        """
        words = [] if self._guesses.has_days(name) else self._guesses.words(name)
        open_, of_calls = self._not_understood(axis, words), axis == "consent" and self._words_tell_calls
        is_few = len(words) <= MOST_WORDS
        table = [self._word_row(axis, name, *one, of_calls=of_calls) for one in open_] if is_few else []
        empty = 0 if axis in self._brief.get("when_empty", {}).get(name, {}) else self._empty(name)
        if table:
            w, count = self._w["words"], sum(count for _, count in open_) + empty
            if empty:
                options = [Option(self._w["unknown"], {}), *of_empty]
                shown_ = [self._w["texts"]["rows"].format(n=empty)]
                rest = 1 if len(of_empty) == 1 else None  # of consents, as that of their words
                table.append(TableRow(name, w["empty"], shown_, options, 0, rest=rest))
            yield Question(f"words:{name}", w["text"].format(name=name), [], min(rows, count), table=table)
        elif empty:
            yield self._about_empty(name, axis, of_empty, rows)

    def _not_understood(self, axis: str, words: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
        """The words of an axis, with their rows, that neither the brief nor the vocabulary has."""
        known = {folded(word) for word in self._brief.get("values", {}).get(axis, {})} | set(vocabulary().axes[axis])
        return [(word, count) for word, count in words if folded(word) not in known and word.lower() not in known]

    def _word_row(self, axis: str, name: str, word: str, count: int, *, of_calls: bool) -> TableRow:
        """A word, with what it may mean; of a consent also for which calls, where one answer says both.

        It is proposed that it gives none, unless it may say more: not to call.
        """
        options = [Option(self._w["unknown"], {})]
        for ours in vocabulary().axes[axis]:
            means = Option(vocabulary().meaning(axis, ours, self._language), {"values": {axis: {word: ours}}})
            options += self._by_calls(means, name) if of_calls and ours != "none" else [means]
        is_marked, none = marks(word), {"values": {"consent": {word: "none"}}}
        rest = next((at for at, one in enumerate(options) if one.edits == none and not is_marked), None)
        shown_ = [self._w["texts"]["rows"].format(n=count)]
        return TableRow(name, masked(word), shown_, options, 0, is_marked, rest=rest)

    @property
    def _words_tell_calls(self) -> bool:
        """Whether words of a consent are asked with the calls that it is for, as none is known yet that gives one."""
        known = self._brief.get("values", {}).get("consent", {}).values()
        return not self._is_told("consent_for") and set(GIVEN).isdisjoint(known)

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

    def _is(self, ours: str, name: str, *, named: bool = True) -> Option:
        """The answer that a column of the file is one of ours, with the words in it that are understood.

        named: whether it says the name of the column, which a table has beside it.
        """
        edits: Edits = {"columns": {ours: name}, "texts": {name: None}}
        says = vocabulary().says(ours, self._language)
        text = self._w["is"].format(name=name, says=says) if named else says
        words = {word: meant for word, _ in self._guesses.words(name) if (meant := meaning(ours, word))}
        if ours not in vocabulary().axes or not words:
            return Option(text, edits)
        edits["values"] = {ours: {word: meant for word, meant in words.items() if word.lower() != meant}}
        meanings = ((word, vocabulary().meaning(ours, meant, self._language)) for word, meant in words.items())
        known = self._joined(*(f"{word} = {text.split(',')[0]}" for word, text in meanings))
        return Option(self._w["is_words"].format(says=text, words=known), edits)

    def _about(self, name: str, text: str, options: list[Option], rows: int) -> Question:
        """A question about a column of the file, with some of its values."""
        return Question(f"is:{name}", text.format(name=name), options, rows, shown=self._values(name))

    def _about_empty(self, name: str, ours: str, options: list[Option], rows: int) -> Question:
        text = self._w["empty"].format(name=name)
        return Question(f"empty:{name}:{ours}", text, options, min(rows, self._empty(name)))

    def _joined(self, *parts: str) -> str:
        return semicolons(parts, self._language)

    def _example(self, name: str) -> str:
        """A column with some of its values, if it has any."""
        values = self._values(name)
        return f"{name} ({self._w['shown'].format(values=', '.join(values))})" if values else name

    def _values(self, name: str) -> list[str]:
        return [masked(cell) for cell in filled(self._guesses.rows[name]).unique(maintain_order=True).head(_VALUES)]

    def _filled(self, name: str) -> int:
        return filled(self._guesses.rows[name].head(SAMPLE)).len()

    def _empty(self, name: str) -> int:
        return self._height - self._filled(name)

    def _organisation(self) -> str | None:
        """A column of organisations that some people have and others have not."""
        return next((name for name in self._guesses.organisations if self._filled(name) and self._empty(name)), None)


def masked(cell: str, most: int = _LONGEST) -> str:
    """A value to show: cut, and of a telephone number its last two digits only; a moment is none."""
    if holds_number(cell) and not (":" in cell and is_day(cell)):
        last = [at for at, char in enumerate(cell) if char.isdigit()][-2:]
        cell = "".join("•" if char.isdigit() and at not in last else char for at, char in enumerate(cell))
    return cell if len(cell) <= most else f"{cell[:most]}…"
