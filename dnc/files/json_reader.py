"""Read JSON objects from a text: JSON lines, or one array of objects. An object may span several lines.

Objects are decoded one by one from a piece of the text, so an array of any length needs no more memory than a line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from dnc.errors import InputError
from dnc.files.encoding import LINE_LIMIT, DecodedText, head_text
from dnc.messages import figure, localized

_NAMES = (".json", ".jsonl", ".ndjson")
_BEGINNING = re.compile(r'\s*(\[\s*)?\{\s*["}]')
_MOST_DEPTH = 32  # of nested objects and arrays
_BLANK = re.compile(r"[ \t\r\n]*")


def is_json(head: bytes, name: str) -> bool:
    """Whether a file is JSON, by its name or its first bytes."""
    return name.lower().endswith(_NAMES) or bool(_BEGINNING.match(head_text(head[:4096]).removeprefix("\ufeff")))


def objects(text: DecodedText) -> Iterator[tuple[int, dict[str, Any], int]]:
    """Each object with the line where it begins, and its length in the text.

    Raises InputError, with the line, if there is anything but an object, if an object is longer than `LINE_LIMIT`
    characters, nested deeper than `_MOST_DEPTH` or has a key twice, and if an array is not closed.
    """
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
            raise source.fault(localized("errors", "json", "continues"))


class _Source:
    """A text read from its start, one piece in memory at a time."""

    def __init__(self, text: DecodedText) -> None:
        self.line = 1
        self._where = text.member.where
        self._pieces = text.pieces()
        self._piece, self._at = "", 0
        self._decoder = json.JSONDecoder(object_pairs_hook=named_once)

    def fault(self, what: str) -> InputError:
        """An error at the current line."""
        return InputError(what, self._where, self.line)

    def next(self) -> str:
        """The next character that is not white space, without moving past it; empty at the end."""
        while True:
            self._to(_BLANK.match(self._piece, self._at).end())  # type: ignore[union-attr]
            if self._at < len(self._piece):
                return self._piece[self._at]
            if not self._more():
                return ""

    def step(self, wanted: str = "") -> None:
        """Move past the next character. Raises InputError if it is not `wanted`."""
        char = self.next()
        if wanted and char != wanted:
            raise self.fault(localized("errors", "json", "not_json") if char else localized("errors", "json", "cut"))
        self._at += 1

    def read_object(self) -> tuple[int, dict[str, Any], int]:
        """Read the next object: the line where it begins, the object, and its length."""
        if self.next() != "{":
            raise self.fault(localized("errors", "json", "no_object"))
        line = self.line
        while (decoded := self._decoded()) is None:
            if len(self._piece) - self._at > LINE_LIMIT or not self._more():
                raise self.fault(localized("errors", "json", "too_long", most=figure(LINE_LIMIT)))
        value, end = decoded
        if self._piece.find("\\u", self._at, end) >= 0 and not _is_unicode(value):
            raise self.fault(localized("errors", "json", "half"))
        marks = self._piece.count("{", self._at, end) + self._piece.count("[", self._at, end)
        if marks > _MOST_DEPTH and _depth(value) > _MOST_DEPTH:
            raise self.fault(localized("errors", "json", "deep", most=_MOST_DEPTH))
        size = end - self._at
        self._to(end)
        return line, value, size

    def _decoded(self) -> tuple[dict[str, Any], int] | None:
        """The object that begins here, and its end; None if the part in memory ends before it does."""
        try:
            value, end = self._decoder.raw_decode(self._piece, self._at)
        except ValueError:
            return None
        except KeyError:
            raise self.fault(localized("errors", "json", "twice")) from None
        except RecursionError:
            raise self.fault(localized("errors", "json", "deep", most=_MOST_DEPTH)) from None
        return (value, end) if end - self._at <= LINE_LIMIT else None

    def _to(self, end: int) -> None:
        self.line += self._piece.count("\n", self._at, end)
        self._at = end

    def _more(self) -> bool:
        """Append the next piece to what is left of this one; False at the end of the text."""
        piece = next(self._pieces, "")
        self._piece, self._at = self._piece[self._at :] + piece, 0
        return bool(piece)


def named_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON, for `object_pairs_hook`. Raises KeyError where a key is in it twice."""
    named = dict(pairs)
    if len(named) < len(pairs):
        raise KeyError
    return named


def _depth(value: Any) -> int:
    """The depth of nested objects and arrays."""
    depth, level = 0, [value]
    while level := [item for item in level if isinstance(item, dict | list)]:
        depth += 1
        level = [item for outer in level for item in (outer.values() if isinstance(outer, dict) else outer)]
    return depth


def _is_unicode(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True
