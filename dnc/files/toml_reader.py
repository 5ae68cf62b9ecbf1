"""Read TOML that may come from anybody.

The time and memory that `tomllib` needs grow with the square of the number of parts of a dotted key: 80 kB of `a.a.a…`
take 17 s and 6 GB. It also quotes text that it does not understand, which may be a row of a list.
"""

from __future__ import annotations

import re
import tomllib
from typing import Any

from dnc.messages import Words, figure, localized

_MOST_CHARACTERS = 1 << 20
_MOST_DOTS = 16  # in a line, outside of strings and comments
_NO_KEY = re.compile(
    r"""\"""(?:[^"\\]|\\.|"(?!""))*+(?:"{3,5})?|'''(?:[^']|'(?!''))*+(?:'{3,5})?"""
    r"""|"(?:[^"\\\n]|\\.)*+"?|'[^'\n]*+'?|\#[^\n]*+""",
    re.DOTALL,
)  # strings and comments, even unfinished ones; possessive, so that no text is matched twice
_QUOTED = re.compile(r"""'[^']*+\w[^']*+'|"[^"]*+\w[^"]*+\"""")

_PLACE = re.compile(r"at line (?P<line>\d+), column (?P<column>\d+)")


class TomlError(ValueError):
    """A text is not TOML, or exceeds the limits; the message does not quote it."""


def _place(detail: str) -> Words:
    match = _PLACE.search(detail)
    return localized("errors", "toml", "place", **match.groupdict()) if match else localized("errors", "toml", "end")


def toml_of(text: str) -> dict[str, Any]:
    """The tables of a TOML document. Raises TomlError."""
    if len(text) > _MOST_CHARACTERS:
        raise TomlError(localized("errors", "toml", "long", most=figure(_MOST_CHARACTERS)))
    if any(line.count(".") > _MOST_DOTS for line in _NO_KEY.sub("", text).split("\n")):
        raise TomlError(localized("errors", "toml", "key", most=_MOST_DOTS))
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise TomlError(localized("errors", "toml", "deep")) from None
    except tomllib.TOMLDecodeError as error:
        detail = _QUOTED.sub("…", str(error))
        texts = localized("errors", "toml", "syntax", place=_place(detail)).texts
        raise TomlError(Words(texts | {"en": detail})) from None
    except ValueError:  # of `int`
        raise TomlError(localized("errors", "toml", "digits")) from None
