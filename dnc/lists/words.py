"""Words in the headers and cells of lists by which a draft proposes what they mean; see `words.toml`."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from dnc.cache import shipped_toml
from dnc.clock import NO, NO_DAYS, NONE, YES, read_day
from dnc.files.columns import words_of
from dnc.files.table import folded
from dnc.law.vocabulary import OR_NONE, vocabulary

_FAILED = re.compile(r"""#[A-Z/0#]*[!?]?|Err:\d+|=(?!").*""", re.DOTALL)  # formulas without a result


@cache
def proposals() -> dict[str, Any]:
    """`words.toml`."""
    return shipped_toml("dnc.lists", "words.toml")


def meaning(column: str, word: str) -> str:
    """The word of ours that theirs may mean, or nothing."""
    if word.lower() in vocabulary().axes.get(column, ()):
        return word.lower()
    if column in ("consent", *OR_NONE) and word.lower() in NO:
        return "none"
    meanings = proposals()["values"].get(column, {})
    return next((ours for ours, words in meanings.items() if folded(word) in words), "")


def says_nothing(cell: str) -> bool:
    """Whether a cell tells no more than an empty one: signs, zeros, a failed formula, `NULL`, or 1970 for "no date"."""
    words = words_of(cell)
    if not any(map(str.isalnum, cell.replace("0", ""))) or _FAILED.fullmatch(cell):
        return True
    day = read_day(cell, "dmy")
    return (bool(words) and words <= set(proposals()["void"]["nothing"])) or (day is not None and day <= NO_DAYS)


def may_refer(cell: str) -> bool:
    """Whether a cell may name a document, and does not say that there is one, none, or none yet."""
    return not (cell.strip().lower() in (*NONE, *YES) or says_nothing(cell) or contradicts(cell, "", ""))


def contradicts(cell: str, ours: str, word: str) -> bool:
    """Whether a cell speaks against what a rule about filled cells fills in.

    It is a word for another value of the fact, or says that something is to come, has ended or is denied.
    """
    meant, words = meaning(ours, cell), words_of(cell)
    stems, denials = tuple(proposals()["void"]["stems"]), {*NO} - {"n"}  # N° 12
    return (bool(meant) and meant != word) or any(one in denials or one.startswith(stems) for one in words)
