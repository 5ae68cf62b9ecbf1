"""What is checked before a result is sealed, so that it says nothing about single persons.

A buyer writes the brief by which a seller's list is vetted, and gets the result. So the brief must not ask about one
person: its words count only if ten persons or more have them, and columns of telephone numbers are read only as
numbers. Two results about one list could be compared with each other, so a list is sealed once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from dnc.checks.result import Check
from dnc.errors import InputError, OptionError
from dnc.files.cell_texts import normal, text_cells
from dnc.files.table import folded, quoted
from dnc.frames import each_distinct
from dnc.law.rulebook import Rulebook
from dnc.lists.brief import Brief
from dnc.lists.calls import Calls
from dnc.lists.cell_facts import text_of
from dnc.lists.header import Header
from dnc.lists.inputs import Source, opened
from dnc.lists.intake import Intake
from dnc.lists.second_numbers import SecondNumbers
from dnc.messages import localized
from dnc.store import ledger_sql
from dnc.store.store import Store
from dnc.vetting.cells import FEW

VERB = "seal"  # in the log of the store
_NUMBER = "\0number"  # beside the columns of a list
_CONTEXT = b"dnc sealed list 1\n"


def commitment(sha256: str, salt: str) -> str:
    """What identifies a list in its sealed result: a SHA-256 of a salt (32 bytes) and of the list's SHA-256 (hex)."""
    return hashlib.sha256(_CONTEXT + bytes.fromhex(salt) + bytes.fromhex(sha256)).hexdigest()


def brief_to_seal(path: Source, store: Store, brief: Brief, book: Rulebook, again: str | None) -> Brief:
    """The brief by which a list may be vetted for a sealed result: without words and texts of fewer than ten persons.

    Raises InputError if the log of the store says that the list was sealed before and `again` gives no reason for it,
    or if the brief reads a column it must not.
    """
    with opened(path, brief.sheet) as files:
        _refuse_second(store, files.digest(files.sums), files.name, again)
        intake = Intake(files.table(), brief, book)
        header = intake.header
        # Row ids are not published, so it does not matter what they are.
        mapped = [column for ours, column in header.columns.items() if ours not in ("number", "call")]
        read = list(dict.fromkeys([*mapped, *(rule.column for rule in header.rules), *header.texts]))
        _refuse_days(header)
        _refuse_numbers([name for name in read if name in header.numbers])
        others, use = SecondNumbers(header, read), _WordUse(header, brief)
        for calls in intake.batches():
            others.add(calls, None)
            use.add(calls)
        _refuse_numbers(others.names)
        return use.by_ten()


def _refuse_second(store: Store, sha256: str, name: str, again: str | None) -> None:
    """Raise InputError if a list was sealed before, unless there is a reason to do it again."""
    if again is not None and not again.strip():
        raise OptionError(localized("errors", "seal", "reason"))
    if store.exists:
        with store.ledger.read() as opened:
            _refuse_sealed(opened.con, sha256, name, again)


def record(store: Store, detail: dict[str, Any], salt: str, checked: Check) -> None:
    """Log that a list was sealed. Raises InputError if somebody else has sealed it meanwhile.

    detail: check, SHA-256 of the brief, commitment, and why it is sealed again. salt: of the commitment.
    """
    with store.ledger.change() as change:
        _refuse_sealed(change.con, checked.record["sha256"], checked.files.name, detail["again"])
        ledger_sql.insert(change.con, "hash_keys", {"seq": change.log(VERB, detail), "key": salt})


def _refuse_sealed(con: ledger_sql.Connection, sha256: str, name: str, again: str | None) -> None:
    """Raise InputError if a list was sealed, or may have been: of a sealed list nothing is known without its salt."""
    if again is not None:
        return
    for row, detail, key in logged(con, VERB):
        salt = detail.get("salt") or key  # earlier versions logged it
        if salt is None or commitment(sha256, salt) == detail["commitment"]:
            about = {"day": f"{row['done_at']:%Y-%m-%d}", "row": row["seq"]}
            raise InputError(localized("errors", "seal", "second" if salt else "forgotten", **about), name)


def logged(con: ledger_sql.Connection, *verbs: str) -> list[tuple[dict[str, Any], dict[str, Any], str | None]]:
    """The rows of the log with some verbs, each with its detail, and the key of its hashes if that is kept."""
    keys, rows = ledger_sql.hash_keys(con), ledger_sql.log_as_written(con)
    return [(row, json.loads(row["detail"]), keys.get(row["seq"])) for row in rows if row["verb"] in verbs]


def _refuse_days(header: Header) -> None:
    """Raise InputError if the list says when single calls are planned."""
    if "call_at" in header.columns or any(rule.ours == "call_at" for rule in header.rules):
        column = quoted([header.names[header.columns["call_at"]]]) if "call_at" in header.columns else "[when_filled]"
        raise InputError(localized("errors", "seal", "days", column=column))


def _refuse_numbers(columns: list[str]) -> None:
    """Raise InputError if columns of telephone numbers are read as something else."""
    if columns:
        raise InputError(localized("errors", "seal", "number_columns", names=quoted(columns)))


class _WordUse:
    """Counts the persons who have each word and each text that the brief names, up to ten."""

    def __init__(self, header: Header, brief: Brief) -> None:
        self._brief = brief
        # Rules about filled cells read the words of `values` too.
        ours = dict.fromkeys([*header.columns.items(), *((rule.ours, rule.column) for rule in header.rules)])
        self._of_values = [(name, column, words) for name, column in ours if (words := brief.values.get(name))]
        texts = {
            name: [column for column, of in header.texts.items() if of is texts] for name, texts in brief.texts.items()
        }
        self._of_texts = [(name, column, brief.texts[name]) for name, columns in texts.items() for column in columns]
        self._persons: dict[tuple[str, str, str], set[int]] = {}

    def add(self, calls: Calls) -> None:
        """Add a batch; a row without a number belongs to nobody."""
        there = calls.carried.with_columns(calls.number.alias(_NUMBER))
        for ours, column, words in self._of_values:
            if column in there.columns:
                cells = there.select(text_of(there[column]).alias("word"))
                found = each_distinct(cells, lambda cell: (cell and folded(cell),), {"word": pl.String})
                self._count("values", ours, words, found.with_columns(there[_NUMBER]))
        for name, column, texts in self._of_texts:
            found = there.select(text_cells(there[column]).alias("word"), _NUMBER)
            if texts.separator is not None:
                found = found.with_columns(pl.col("word").str.split(texts.separator)).explode("word")
            self._count("texts", name, texts.meanings, found.with_columns(normal(found["word"]).alias("word")))

    def _count(self, kind: str, name: str, words: Collection[str], found: pl.DataFrame) -> None:
        pairs = found.drop_nulls().filter(pl.col("word").is_in(list(words))).unique()
        for word, numbers in pairs.group_by("word"):
            persons = self._persons.setdefault((kind, name, str(word[0])), set())
            persons.update(numbers[_NUMBER].head(2 * FEW) if len(persons) < FEW else ())

    def by_ten(self) -> Brief:
        """The brief without the words and texts that fewer than ten persons have."""

        def kept(kind: str, name: str, words: Mapping[str, str]) -> dict[str, str]:
            return {
                word: meant for word, meant in words.items() if len(self._persons.get((kind, name, word), ())) >= FEW
            }

        values = {ours: kept("values", ours, words) for ours, words in self._brief.values.items()}
        texts = {name: replace(of, meanings=kept("texts", name, of.meanings)) for name, of in self._brief.texts.items()}
        return replace(self._brief, values=values, texts=texts)
