"""Read XML that may come from anybody, as a stream of its tags and the texts between them.

A document type is refused, because a few hundred bytes of entities can expand to gigabytes. Nesting, single tags and
texts have limits, because they are kept in memory until they end.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.parsers import expat

from dnc.errors import InputError
from dnc.files.archive import Member
from dnc.messages import localized

_BLOCK = 1 << 16  # bytes; the tags of a block are in memory together
_MOST_DEPTH = 256  # open elements; a sheet has fewer than twenty
_LONGEST_TAG = 1 << 24  # bytes
_LONGEST_TEXT = 1 << 20  # characters
_UNDEFINED_ENTITY = 11  # an error of expat


# A tag: its line, its name without a prefix, its attributes (None of an end tag), and the text since the tag before. A
# plain tuple, since a sheet has millions.
Tag = tuple[int, str, dict[str, str] | None, str]


def tags(part: Member, remedy: str) -> Iterator[Tag]:
    """The tags of a file, or of a part of one. Raises InputError if it is not XML or exceeds the limits.

    remedy: what to do then, a key below `remedy` in the messages.
    """
    reader, fed = _Reader(part, remedy), 0
    try:
        for block in part.blocks(_BLOCK):
            reader.parser.Parse(block)
            fed += len(block)
            if fed - reader.parser.CurrentByteIndex > _LONGEST_TAG:
                raise reader.fault("beyond")
            yield from reader.found
            reader.found.clear()
        reader.parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise reader.fault("document_type" if error.code == _UNDEFINED_ENTITY else "damaged") from None
    except LookupError:
        raise reader.fault("encoding") from None
    yield from reader.found


class _Reader:
    """What expat calls: it collects tags in `found`."""

    def __init__(self, part: Member, remedy: str) -> None:
        self._part, self._remedy = part, remedy
        self._text, self._depth = "", 0
        self.found: list[Tag] = []
        self.parser = expat.ParserCreate()
        self.parser.buffer_text, self.parser.buffer_size = True, _LONGEST_TEXT
        self.parser.StartElementHandler, self.parser.EndElementHandler = self._start, self._end
        self.parser.CharacterDataHandler = self._piece
        self.parser.StartDoctypeDeclHandler = self._refuse

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _MOST_DEPTH:
            raise self.fault("beyond")
        self._add(name, attributes)

    def _end(self, name: str) -> None:
        self._depth -= 1
        self._add(name, None)

    def _add(self, name: str, attributes: dict[str, str] | None) -> None:
        local = name.rpartition(":")[2] if ":" in name else name
        self.found.append((self.parser.CurrentLineNumber, local, attributes, self._text))
        self._text = ""

    def _piece(self, text: str) -> None:
        self._text += text
        if len(self._text) > _LONGEST_TEXT:
            raise self.fault("beyond")

    def _refuse(self, *_: object) -> None:
        raise self.fault("document_type")

    def fault(self, key: str) -> InputError:
        """The error with a key below `xml` in the messages."""
        remedy = localized("errors", "remedy", self._remedy)
        return InputError(localized("errors", "xml", key, remedy=remedy), self._part.where)
