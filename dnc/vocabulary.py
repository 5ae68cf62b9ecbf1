"""Every fact of a planned call: its column, its words, and the question that asks for it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import Any


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
    return Vocabulary(tomllib.loads(files("dnc").joinpath("rules", "vocabulary.toml").read_text(encoding="utf-8")))
