"""JSON files from strangers: a limited object, in which only what this program would write is accepted."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, TypeVar

import msgspec

from dnc.errors import printable
from dnc.files.json_reader import named_once
from dnc.messages import localized

_Read = TypeVar("_Read")
_LONGEST_TEXT = 10_000  # characters


class Strict(msgspec.Struct, forbid_unknown_fields=True):
    """An object with exactly these parts."""


class Text(str):
    """Text of limited length that a terminal and a page can show: no control characters."""


def only(pattern: str) -> msgspec.Meta:
    """Text that matches a pattern as a whole."""
    return msgspec.Meta(pattern=rf"\A(?:{pattern})\Z")


Sha256 = Annotated[str, only("[0-9a-f]{64}")]


def converted(content: object, kind: type[_Read]) -> _Read:
    """Decoded JSON as a `Strict`. Raises ValueError, which names the part that is wrong."""
    try:
        return msgspec.convert(content, kind, dec_hook=_text)
    except msgspec.ValidationError as error:
        raise ValueError(_problem(str(error))) from None


def _text(kind: type, value: object) -> Text:
    """Called by msgspec for each `Text`."""
    if kind is Text and isinstance(value, str) and len(value) <= _LONGEST_TEXT and printable(value) == value:
        return Text(value)
    raise ValueError


def _problem(message: str) -> str:
    """What is wrong with a part; not the message of msgspec, which quotes the content of the file."""
    match = re.search(r"`\$\.?([^`$]*)`\Z", message)
    place = re.sub(r"\[[^][]*\]", "", match[1]) if match else localized("errors", "json_part", "whole")
    return localized("errors", "json_part", "parts" if message.startswith("Object ") else "invalid", place=place)


def decoded(data: bytes, mark: str) -> dict[str, Any] | None:
    """A JSON object with the key `mark`, or None if the bytes are something else.

    An object with a key that occurs twice is refused: other programs and people may read the value that was not signed.
    """
    try:
        content = msgspec.json.decode(data)
        json.loads(data, object_pairs_hook=named_once)
    except (msgspec.DecodeError, KeyError, ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) and mark in content else None


def shown(value: Any) -> Any:
    """Plain data whose texts are changed so that `converted` accepts them."""
    if isinstance(value, dict):
        return {shown(key): shown(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [shown(item) for item in value]
    return printable(value)[:_LONGEST_TEXT] if isinstance(value, str) else value
