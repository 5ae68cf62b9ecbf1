"""Every fact of a planned call, with its words and the question that asks for it; and the columns of a verdict."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import Any

import polars as pl

AGAINST = ("objected_on", "consent_withdrawn_on")  # columns of calls that count for all rows of a number
OR_NONE = (*AGAINST, "refused_on")  # those that may also say that there was none
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
WAS = "dnc_was"  # of rows whose outcome changed: that of the former run, empty where there was none
FORMER = frozenset((*VERDICT, WAS))  # the columns of a former run, which are replaced


@dataclass(frozen=True)
class Vocabulary:
    """Every column of a planned call, and every word of those that are axes."""

    columns: dict[str, dict[str, Any]]

    @cached_property
    def axes(self) -> dict[str, list[str]]:
        """The words of each axis."""
        return {name: list(entry["values"]) for name, entry in self.columns.items() if entry["kind"] == "axis"}

    def question(self, column: str, language: str = "en") -> str:
        """What to ask a person whose file does not tell a column."""
        entry = self.columns[column]
        return str(entry.get("question_fr" if language == "fr" else "question", entry["question"]))

    @property
    def purposes(self) -> dict[str, str]:
        """The purpose of a caller whose purpose is not told."""
        return dict(self.columns["caller"]["purpose"])


@lru_cache(maxsize=1)
def vocabulary() -> Vocabulary:
    """The vocabulary that ships with the program."""
    return Vocabulary(tomllib.loads(files("dnc.law").joinpath("rules", "vocabulary.toml").read_text(encoding="utf-8")))
