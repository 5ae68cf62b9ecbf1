"""The questions that a list, its brief and the law leave open, those that decide most rows first.

`dnc.checks.interview` asks them one after the other and writes the answers to the brief.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from dnc.checks.counts import Tallies
from dnc.clock import NONE, YES, today
from dnc.files.hints import marked_by, noes, permits, says_no, says_not_to_call, says_yes
from dnc.files.table import folded, holds_number
from dnc.law.rulebook import Rulebook
from dnc.law.vocabulary import AGAINST, vocabulary
from dnc.lists.guesses import WORD_OF, Guesses, filled, meaning
from dnc.lists.unused_columns import MOST_WORDS, objecting
from dnc.messages import apart, dated, messages, registry_name
from dnc.numbers.numbering_plans import known_region
from dnc.registries import OWN

SAMPLE = 5_000  # rows that are checked for each question
_VALUES = 3  # of a column that are shown
_LONGEST = 30  # characters of a value that are shown
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
# Facts that say more of another one, which is asked for first.
_DETAILS = {**WORD_OF, "consent_for": "consent", "related": "relationship"}
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
        how: the command that tells it in place of an answer, or None.
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


class OpenQuestions:
    """What to ask about a list with the brief as it is.

    Args:
        guesses: what the list shows.
        brief: as its file has it.
        book: the law.
        language: one of `dnc.messages.LANGUAGES`.
        has_consents: whether a file of consents comes with the list.
    """

    def __init__(
        self, guesses: Guesses, brief: Mapping[str, Any], book: Rulebook, language: str, has_consents: bool
    ) -> None:
        self._guesses, self._brief, self._book, self._language = guesses, brief, book, language
        self._has_consents = has_consents
        self._w = messages("start", language)
        self._height = min(guesses.batch.height, SAMPLE)

    @property
    def number_is_known(self) -> bool:
        """Whether the brief or the names of the columns say where the telephone numbers are."""
        return "number" in {*self._columns, *self._guesses.own}

    def proved(self) -> tuple[Edits, dict[str, str]]:
        """What needs no question: what it adds to the brief, and a line on each for the person, by the question."""
        guesses, edits, lines = self._guesses, Edits(), dict[str, str]()
        if not self.number_is_known and guesses.number_columns:
            names = guesses.number_columns
            edits["columns"] = {"number": names[0] if len(names) == 1 else names}
            lines["number"] = self._w["takes"]["number"].format(names=", ".join(map(self._example, names)))
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

    def of_calls(self, decided: Tallies, misnamed: Mapping[str, str | None]) -> Iterator[Question]:
        """All other questions.

        Args:
            decided: what the brief decides of the first rows.
            misnamed: of `Header.misnamed`.
        """
        missing = decided.missing()
        yield from self._of_campaign(decided.rows)
        yield from self._of_objections()
        yield from self._of_misnamed(misnamed)
        if not self._is_known("caller"):
            del missing["purpose"]  # the question who calls asks for it too
        for word in sorted(missing, key=lambda word: (-missing[word], self._rank(word))):
            yield from self._of(word, missing[word])

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
        """Columns of the file that are mapped, have a rule about filled or empty cells, or are left out."""
        names: list[str] = [*self._brief.get("ignore", []), *self._brief.get("when_filled", {})]
        for theirs in self._columns.values():
            names += [theirs] if isinstance(theirs, str) else theirs
        return {*map(folded, names), *map(folded, self._guesses.own.values())}

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
    def open_objections(self) -> list[str]:
        """Columns that may record objections and are not mapped or ignored yet: until then a check is refused."""
        names = [*self._guesses.possible_objections, *self._denied_consents]
        return [name for name in dict.fromkeys(names) if folded(name) not in self._mapped]

    @property
    def _denied_consents(self) -> list[str]:
        """Columns that may deny the consents that are known from elsewhere."""
        is_none = self._brief.get("facts", {}).get("consent") == "none"
        is_told = self._has_consents or (self._is_told("consent") and not is_none)
        return self._guesses.denied_consents if is_told else []

    @property
    def _has_days_to_read(self) -> bool:
        """Whether a column that is used, or may be, holds days."""
        may_be = {*map(folded, [*self._guesses.named.values(), *self._guesses.possible_objections]), *self._mapped}
        return any(folded(name) in may_be and self._guesses.has_days(name) for name in self._guesses.rows.columns)

    # Questions

    def _of_campaign(self, rows: int) -> Iterator[Question]:
        """Who calls, for what, when: what every list needs."""
        if not self._is_known("caller") and not self._is_known("purpose"):
            options = [
                Option(self._w["campaigns"][caller][purpose], {"facts": {"caller": caller, "purpose": purpose}})
                for caller, purposes in _CALLERS.items()
                for purpose in purposes
            ]
            yield Question("caller", self._w["caller"], options, rows)
        elif not self._is_known("caller"):
            yield self._axis("caller", rows)
        if not self._is_known("call_at"):
            day = dated(self._language)(today())
            option = Option(self._w["today"].format(day=day), {"facts": {"call_at": str(today())}})
            yield Question("call_at", self._w["call_at"], [option], rows, fact="call_at", default=0)
        if "dates" not in self._brief and self._guesses.days.any and self._has_days_to_read:
            orders = [Option(text, {"dates": order}) for order, text in self._w["orders"].items()]
            yield Question("dates", self._w["dates"], orders, rows)

    def _of_objections(self) -> Iterator[Question]:
        """What a column at which a check would stop means."""
        for name in self.open_objections:
            w = self._w["objection"]
            also = self._also(name)
            free = [ours for ours in AGAINST if not self._is_known(ours) and not (also and ours == "objected_on")]
            words = [word for word, _ in self._guesses.words(name)]
            if permits(name) or name in self._denied_consents:
                yield self._of_permission(name, words)
                continue
            none = {word: "none" for word in words if meaning("objected_on", word)}
            options = [
                Option(w[ours], {"columns": {ours: name}} | ({"values": {ours: none}} if none else {})) for ours in free
            ]
            if "objected_on" in free and self._empty(name):
                edits = options[free.index("objected_on")].edits | {"when_empty": {name: {"objected_on": "none"}}}
                options.insert(0, Option(w["or_none"], edits))
            options[:0] = [also] if also else []
            if (also or "objected_on" in free) and (only := self._only(name, words, also)):
                options.append(only)
            registry = marked_by(name)
            ignored = w["mark"].format(registry=registry_name(registry, self._language)) if registry else w["ignore"]
            options.append(self._ignoring(name, ignored))
            # Enter never says that an empty cell clears anybody.
            named = "objected_on" in free and self._guesses.named.get("objected_on") == name
            default = (
                next(at for at, option in enumerate(options) if "when_empty" not in option.edits) if named else None
            )
            answers = {*YES, *NONE, *map(str.lower, none)}
            proved = named and (self._guesses.has_days(name) or answers.issuperset(map(str.lower, words)))
            yield self._about(name, w["what"], options, self._filled(name), default=default, proved=proved)

    def _of_misnamed(self, names: Mapping[str, str | None]) -> Iterator[Question]:
        """What columns say whose names are almost those of ours, or seem to be names of two."""
        for name, ours in names.items():
            options = [*([self._is(ours, name)] if ours else []), self._ignoring(name, self._w["other"])]
            yield self._about(name, self._w["what"], options, self._filled(name))

    def _only(self, name: str, words: list[str], also: Option | None) -> Option | None:
        """The answer that some words of a column record an objection and the others do not, as a status does.

        also: of `_also`, where other columns record objections too.
        """
        if len(words) > MOST_WORDS:
            return None
        meant = [
            word
            for word in words
            if says_not_to_call(word) or objecting(pl.DataFrame({"column": [name], "word": [word]}))
        ]
        others = [word for word in words if word not in meant]
        if not meant or {*map(str.lower, others)} <= {*YES, *noes()}:
            return None
        values = {word: "yes" if word in meant else "none" for word in words}
        if any(self._told.get(word, values[word]) != values[word] for word in values):
            return None
        told, untold = (", ".join(map(masked, some)) for some in (meant, others))
        text = self._w["objection"]["only"].format(words=told, others=untold)
        edits = also.edits if also else {"columns": {"objected_on": name}}
        return Option(text, {**edits, "values": {"objected_on": values}})

    @property
    def _with_objections(self) -> list[str]:
        """Columns whose filled cells record an objection, by rules."""
        return [theirs for theirs, facts in self._brief.get("when_filled", {}).items() if "objected_on" in facts]

    @property
    def _told(self) -> Mapping[str, str]:
        """What words mean in the columns of objections."""
        told: Mapping[str, str] = self._brief.get("values", {}).get("objected_on", {})
        return told

    def _also(self, name: str) -> Option | None:
        """The answer that one more column records objections: all by rules, as a no in one denies none in another."""
        edits, names = Edits(), self._with_objections
        if first := self._columns.get("objected_on"):
            if permits(first):
                return None
            names.append(first)
            edits["columns"] = {"objected_on": None}
        edits["when_filled"] = {each: {"objected_on": "yes"} for each in (*names, name)}
        return Option(self._w["objection"]["also"].format(names=", ".join(names)), edits) if names else None

    def _of_permission(self, name: str, words: list[str]) -> Question:
        """What a column means that says whom one may call: whether its noes are objections, or tell of consents."""
        w, options = self._w["objection"], list[Option]()
        if not self._is_known("objected_on"):
            meant = {word: "yes" for word in words if says_no(word)} | {
                word: "none" for word in words if says_yes(word)
            }
            edits = {"columns": {"objected_on": name}, "values": {"objected_on": meant}}
            options.append(Option(w["permission"], edits))
        if not self._is_known("consent"):
            options.append(self._is("consent", name))
        options.append(self._ignoring(name, w["ignore"] if options else self._w["other"]))
        return self._about(name, w["may"], options, self._filled(name))

    def _of(self, word: str, rows: int) -> Iterator[Question]:
        """Questions that would decide what misses one word of `dnc_missing`."""
        if (of := _DETAILS.get(word)) and not self._is_told(of):
            yield from self._of(of, rows)
        elif word in ("registry:own", "objected_on"):
            yield from self._of_opposition(rows)
        elif word == "region":
            yield from self._of_countries(rows)
        elif word in ("voice", "dialler"):
            yield self._of_way(rows)
        elif word == "consent":
            yield from self._of_consent(rows)
        elif word in vocabulary().axes:
            yield from self._of_axis(word, rows)
        elif word in WORD_OF:
            yield from self._of(WORD_OF[word], rows)
            yield from self._of_day(word, rows)
        elif word in ("cli", "attempts", "attempts_day") and not self._is_known(word):
            yield Question(word, self._asks(word), [], rows, fact=word)

    def _of_opposition(self, rows: int) -> Iterator[Question]:
        w = self._w["objection"]
        if (name := self._column("objected_on")) is None:
            if not self._is_known("objected_on"):
                names = ", ".join(self._with_objections)
                asks = w["others"].format(names=names) if names else w["own"]
                nobody = Option(w["nobody_else" if names else "nobody"], {"facts": {"objected_on": "none"}})
                how = messages("question", self._language)["in_store"].format(registry=OWN)
                yield Question("registry:own", asks, [nobody], rows, how=how)
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
            yield self._about(name, self._w["what"], [countries, self._ignoring(name, self._w["no_country"])], rows)
        elif self._guesses.regions:
            yield self._of_region(self._guesses.regions, rows)

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
        if not self._is_known("consent") and words:
            option = self._is("consent", words)
            if day:
                option.edits["columns"]["consent_on"] = day
                option = replace(option, text=self._joined(option.text, w["on"].format(name=day)))
            options = [
                Option(
                    self._joined(option.text, w[key]), {**option.edits, "when_filled": {words: {"consent_for": kind}}}
                )
                for key, kind in (("by_person", "live"), ("by_any", "both"))
            ]
            yield self._about(words, self._w["what"], [*options, option, nobody], rows)
        elif not self._is_known("consent") and day:
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
        elif not self._is_known("consent"):
            yield self._axis("consent", rows)

    def _of_day(self, ours: str, rows: int) -> Iterator[Question]:
        """The day of a consent or a relationship: by a column of days, or for all rows."""
        if self._is_known(ours):
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
            }
            options.insert(0, Option(self._w["organisation"].format(name=organisation), edits))
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
        says = vocabulary().says(ours, self._language)
        words = {word: meant for word, _ in self._guesses.words(name) if (meant := meaning(ours, word))}
        if ours not in vocabulary().axes or not words:
            return Option(self._w["is"].format(name=name, says=says), edits)
        edits["values"] = {ours: {word: meant for word, meant in words.items() if word.lower() != meant}}
        meanings = ((word, vocabulary().meaning(ours, meant, self._language)) for word, meant in words.items())
        known = self._joined(*(f"{word} = {text.split(',')[0]}" for word, text in meanings))
        return Option(self._w["is_words"].format(name=name, says=says, words=known), edits)

    def _ignoring(self, name: str, text: str) -> Option:
        """The answer that a column of the file is left out."""
        return Option(text, {"ignore": [*self._brief.get("ignore", []), name]})

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
        return apart(parts, self._language)

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


def masked(cell: str) -> str:
    """A value to show: cut, and of a telephone number its last two digits only."""
    if holds_number(cell):
        last = [at for at, char in enumerate(cell) if char.isdigit()][-2:]
        cell = "".join("•" if char.isdigit() and at not in last else char for at, char in enumerate(cell))
    return cell if len(cell) <= _LONGEST else f"{cell[:_LONGEST]}…"
