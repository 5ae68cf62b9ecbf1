"""The columns of planned calls, with meanings, words and questions to ask for them; and the columns of verdicts."""

from __future__ import annotations

import re
from functools import cached_property, lru_cache
from typing import Any

import msgspec
import polars as pl

from dnc.cache import shipped_toml
from dnc.messages import in_languages

AGAINST = ("objected_on", "consent_withdrawn_on")  # columns that count for all rows with the same number
OR_NONE = (*AGAINST, "refused_on")  # columns in which `none` says that there was none
VERDICT = {
    "dnc_number": pl.String,
    "dnc_jurisdiction": pl.String,
    "dnc_outcome": pl.String,
    "dnc_blocked_by": pl.String,
    "dnc_undecided_by": pl.String,
    "dnc_missing": pl.String,
    "dnc_applies": pl.String,
    "dnc_duties": pl.String,
    "dnc_advice": pl.String,
    "dnc_valid_until": pl.Date,
    "dnc_confidence": pl.String,
    "dnc_why": pl.String,
}
NEXT_AT = "dnc_next_at"  # when a call that is blocked by its time only would first be clear; in a list if it is named
NUMBER_FROM = "dnc_number_from"  # the column in which a number was, if a list has several
CONSENT = "dnc_consent"  # the statement of the store that a consent rests on, if the store has any
CHECK = "dnc_check"  # the id of the check, which its row in the log has too
AT = "dnc_at"  # the moment for which a call was decided: local time, or UTC where it was told with an offset; or a day
OF_CHECK = (CHECK, AT)  # always in a table of a database, and elsewhere if they are named
WAS = "dnc_was"  # for rows whose outcome changed: the outcome of the earlier run, empty if there was none
# Columns of an earlier run; they are replaced.
FORMER = frozenset((*VERDICT, NEXT_AT, NUMBER_FROM, CONSENT, *OF_CHECK, WAS))


class Vocabulary(msgspec.Struct, frozen=True, dict=True):
    """The columns of planned calls.

    columns: name → its entry in `rules/vocabulary.toml`.
    """

    columns: dict[str, dict[str, Any]]

    @cached_property
    def axes(self) -> dict[str, list[str]]:
        """The closed list of words of each axis."""
        return {name: list(entry["values"]) for name, entry in self.columns.items() if entry["kind"] == "axis"}

    def text(self, column: str, key: str, language: str = "en") -> str:
        """A text about a column: `label`, `says`, `question`, `missing` or `ask`."""
        return in_languages(self.columns[column], key, "columns", column)[language]

    def label(self, column: str, language: str = "en") -> str:
        """The name of a column for people."""
        return self.text(column, "label", language)

    def value(self, column: str, word: str, language: str = "en") -> str:
        """The name of a value of an axis for people."""
        return self._text_of_value(column, word, "label", language)

    def meaning(self, column: str, word: str, language: str = "en") -> str:
        """What a value of an axis means."""
        return self._text_of_value(column, word, "says", language)

    def _text_of_value(self, column: str, word: str, key: str, language: str) -> str:
        entry = self.columns[column]["values"][word]
        return in_languages(entry, key, "columns", column, "values", word)[language]

    def says(self, column: str, language: str = "en") -> str:
        """What a column means, without how to write it in a brief, which is behind a semicolon."""
        return self.text(column, "says", language).partition(";")[0].strip()

    def question(self, column: str, language: str = "en") -> str:
        """The question for a user whose file does not have a column."""
        return self.text(column, "question", language)

    def asks(self, column: str, language: str = "en") -> str:
        """The question without the words to choose from, for people who do not have to type them."""
        return re.sub(r" ?\([^()]*\)", "", self.question(column, language))

    @cached_property
    def of_persons(self) -> list[str]:
        """The columns that differ from person to person, so that no value is offered for a whole list."""
        return [name for name, entry in self.columns.items() if entry.get("per_person")]

    @property
    def purposes(self) -> dict[str, str]:
        """The purpose that is assumed for each caller if none is given."""
        return dict(self.columns["caller"]["purpose"])


@lru_cache(maxsize=1)
def vocabulary() -> Vocabulary:
    """The vocabulary that ships with the program."""
    return Vocabulary(shipped_toml("dnc.law", "rules", "vocabulary.toml"))
