"""Objects of JSON out of text: one after another as JSON lines have them, or in one array; on one line or on many.

They are taken one by one out of a bounded piece of text, so an array of any length
needs no more memory than a line. Depth and different names have bounds: each name is a column of every row.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from dnc.errors import InputError
from dnc.files.encoding import LINE_LIMIT, Text, head_text

_NAMES = (".json", ".jsonl", ".ndjson")
_BEGINNING = re.compile(r'\s*(\[\s*)?\{\s*["}]')
_MOST_KEYS = 2_048  # of all objects together
_MOST_DEPTH = 32  # of objects and arrays in each other
_TOO_DEEP = f"holds objects too deep in each other (more than {_MOST_DEPTH}); flatten them"
_BLANK = re.compile(r"[ \t\r\n]*")


def is_json(head: bytes, name: str) -> bool:
    """Whether a file holds JSON, told by its name or its first bytes."""
    return name.lower().endswith(_NAMES) or bool(_BEGINNING.match(head_text(head[:4096]).removeprefix("\ufeff")))


def keys(text: Text) -> list[str]:
    """The names in all objects, in the order in which they are met. Raises InputError as `objects` does."""
    found: dict[str, None] = {}
    for line, value, _ in _objects(text):
        found.update(dict.fromkeys(value))
        if len(found) > _MOST_KEYS:
            what = f"the objects up to here have more than {_MOST_KEYS:,} different names, and each would be a column"
            raise InputError(f"{what}; leave out those that are not needed", text.member.where, line)
    return list(found)


def objects(text: Text, rows: int, characters: int) -> Iterator[list[tuple[int, dict[str, Any]]]]:
    """Pairs of (line where it begins, object), so many together at most, of so many characters or a little more.

    Raises InputError, naming the line, where anything but objects stands there, one is longer than `LINE_LIMIT`
    characters, deeper than `_MOST_DEPTH` or says a name twice, and where an array is cut.
    """
    kept: list[tuple[int, dict[str, Any]]] = []
    held = 0
    for line, value, size in _objects(text):
        kept.append((line, value))
        held += size
        if len(kept) >= rows or held >= characters:
            yield kept
            kept, held = [], 0
    if kept:
        yield kept


def _objects(text: Text) -> Iterator[tuple[int, dict[str, Any], int]]:
    """The same one by one, each with its length."""
    source = _Source(text)
    in_array = source.next() == "["
    if in_array:
        source.step()
    is_first = True
    while (char := source.next()) and not (in_array and char == "]"):
        if in_array and not is_first:
            source.step(",")
        yield source.read_object()
        is_first = False
    if in_array:
        source.step("]")
        if source.next():
            raise source.fault("goes on behind the end of its array")


class _Source:
    """A text read from its beginning, of which a piece is at hand."""

    def __init__(self, text: Text) -> None:
        self.line = 1
        self._where = text.member.where
        self._pieces = text.pieces()
        self._piece, self._at = "", 0
        self._decoder = json.JSONDecoder(object_pairs_hook=_named_once)

    def fault(self, what: str) -> InputError:
        """An error at this place."""
        return InputError(what, self._where, self.line)

    def next(self) -> str:
        """The next character that is no blank, which is not stepped over; empty at the end."""
        while True:
            self._to(_BLANK.match(self._piece, self._at).end())  # type: ignore[union-attr]
            if self._at < len(self._piece):
                return self._piece[self._at]
            if not self._more():
                return ""

    def step(self, wanted: str = "") -> None:
        """Step over the next character; raises InputError where it is not the one that is wanted."""
        char = self.next()
        if wanted and char != wanted:
            raise self.fault("is not JSON" if char else "ends inside its array; it is cut")
        self._at += 1

    def read_object(self) -> tuple[int, dict[str, Any], int]:
        """The line where the next object begins, the object, which is stepped over, and its length."""
        if self.next() != "{":
            raise self.fault("is not a JSON object")
        line = self.line
        while (found := self._decoded()) is None:
            if len(self._piece) - self._at > LINE_LIMIT or not self._more():
                raise self.fault(f"is not JSON, or an object of more than {LINE_LIMIT:,} characters")
        value, end = found
        if self._piece.find("\\u", self._at, end) >= 0 and not _is_unicode(value):
            raise self.fault("holds half a character (a lone surrogate)")
        marks = self._piece.count("{", self._at, end) + self._piece.count("[", self._at, end)
        if marks > _MOST_DEPTH and _depth(value) > _MOST_DEPTH:
            raise self.fault(_TOO_DEEP)
        size = end - self._at
        self._to(end)
        return line, value, size

    def _decoded(self) -> tuple[dict[str, Any], int] | None:
        """The object that begins here, and where it ends; None where it is not whole in the piece at hand."""
        try:
            value, end = self._decoder.raw_decode(self._piece, self._at)
        except ValueError:
            return None
        except KeyError:
            raise self.fault("says one name twice in an object") from None
        except RecursionError:
            raise self.fault(_TOO_DEEP) from None
        return (value, end) if end - self._at <= LINE_LIMIT else None

    def _to(self, end: int) -> None:
        self.line += self._piece.count("\n", self._at, end)
        self._at = end

    def _more(self) -> bool:
        """Put a further piece behind what is left of this one; False at the end of the text."""
        piece = next(self._pieces, "")
        self._piece, self._at = self._piece[self._at :] + piece, 0
        return bool(piece)


def _named_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise KeyError
    return found


def _depth(value: Any) -> int:
    """How deep objects and arrays stand in each other."""
    depth, level = 0, [value]
    while level := [one for one in level if isinstance(one, dict | list)]:
        depth += 1
        level = [one for outer in level for one in (outer.values() if isinstance(outer, dict) else outer)]
    return depth


def _is_unicode(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True
