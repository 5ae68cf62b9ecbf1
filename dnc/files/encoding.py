"""Decode text files: find the encoding in a first pass over all bytes, then read lines.

The encoding is UTF-8 with or without byte-order mark, UTF-16 with one, Windows-1252 or Latin-1. A NUL byte is refused,
and in registry files also a byte that neither UTF-8 nor Windows-1252 allows; the message gives its position. Lines have
a maximum length.
"""

from __future__ import annotations

import codecs
import io
import itertools
from collections.abc import Iterator
from typing import NamedTuple

from dnc.errors import InputError
from dnc.files.archive import Member
from dnc.messages import figure, localized

LINE_LIMIT = 1 << 20  # bytes
ONE_COLUMN_LIMIT = 4096  # bytes of a line in a file with one column; only a wrong file has longer lines
_BOMS = [(codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")]
_BARE = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}  # the same, without handling of the mark
_MARKS = {"utf-8-sig": 3, "utf-16": 2}  # bytes
_NAMES = {"\r\n": "CR LF", "\n": "LF", "\r": "CR"}
_DISPLAY_NAMES = {"utf-8-sig": "UTF-8", "utf-16": "UTF-16", "cp1252": "Windows-1252", "latin-1": "Latin-1"}


class Misfit(NamedTuple):
    """Why a file was not read as UTF-8: the line of the first byte that is not, and the encoding used instead."""

    file: str
    line: int
    encoding: str


class DecodedText(NamedTuple):
    """A member read as text.

    encoding: `utf-8`, `utf-8-sig`, `utf-16`, `cp1252` or `latin-1`, as Python calls them.
    misfit: the first byte that is not UTF-8; None if all of the text is UTF-8, or has a byte-order mark.
    """

    member: Member
    encoding: str
    misfit: Misfit | None = None

    def lines(self, limit: int = LINE_LIMIT) -> Iterator[str]:
        """Lines with their line endings. Raises InputError if one is longer than `limit` bytes."""
        with io.TextIOWrapper(self.member.open(), encoding=self.encoding, newline="") as stream:
            number, offset = 1, _MARKS.get(self.encoding, 0)
            while line := stream.readline(limit + 3):
                size = self._bytes_of(line)
                if len(line) - len(end_of(line)) > limit or size > limit + 4:
                    message = localized("errors", "long_line", most=figure(limit), byte=figure(offset))
                    raise InputError(message, self.member.where, number)
                yield line
                number, offset = number + 1, offset + size

    def pieces(self) -> Iterator[str]:
        """The text in pieces of at most about a million characters, with its line endings."""
        with io.TextIOWrapper(self.member.open(), encoding=self.encoding, newline="") as stream:
            while piece := stream.read(LINE_LIMIT):
                yield piece

    def blocks(self, size: int, limit: int = LINE_LIMIT) -> Iterator[bytes]:
        """The text as UTF-8, in blocks of whole lines of about `size` bytes. Raises InputError as `lines` does."""
        decoder = codecs.getincrementaldecoder(self.encoding)()
        kept, bounded = b"", False
        for raw in self.member.blocks(size):
            kept += raw if self.encoding == "utf-8" else decoder.decode(raw).encode()
            if not bounded and _may_be_long(kept, limit):
                bounded = all(self.lines(limit))  # reads them all, and raises at one that is longer
            cut = _after_last_end(kept)
            if cut:
                yield kept[:cut]
            kept = kept[cut:]
        if kept:
            yield kept

    def _bytes_of(self, line: str) -> int:
        if self.encoding == "utf-16":
            return len(line.encode("utf-16-le"))
        return len(line) if line.isascii() else len(line.encode(self.encoding.removesuffix("-sig")))

    def even_lines(self) -> Iterator[tuple[int, str]]:
        """Pairs of (line number, line without its ending). Raises InputError if line endings are mixed."""
        ends = Ends(self.member)
        for number, line in enumerate(self.lines(ONE_COLUMN_LIMIT), 1):
            ends.see(line, number)
            yield number, line.rstrip("\r\n")


class Ends:
    """Checks that all lines have the same line ending."""

    def __init__(self, member: Member) -> None:
        self._member = member
        self._first = ""

    def see(self, line: str, number: int) -> None:
        """Check one more line. Raises InputError if its ending differs from the first one."""
        end = end_of(line)
        self._first = self._first or end
        if end and end != self._first:
            message = localized("errors", "mixed_ends", first=_NAMES[self._first], other=_NAMES[end])
            raise InputError(message, self._member.where, number)


def _may_be_long(block: bytes, limit: int) -> bool:
    """Whether a line could be longer than `limit`: somewhere, half as many bytes in a row have no line ending."""
    step = limit // 2
    starts = range(0, len(block) - step, step)
    return any(block.find(b"\n", at, at + step) < 0 and block.find(b"\r", at, at + step) < 0 for at in starts)


def _after_last_end(block: bytes) -> int:
    """How many bytes of a block are whole lines. A CR at its end does not count: it may be half of a CR LF."""
    return block.rfind(b"\n") + 1 or block.rfind(b"\r", 0, -1) + 1


def end_of(line: str) -> str:
    """The ending of a line: CR LF, LF, CR or nothing."""
    return next((end for end in _NAMES if line.endswith(end)), "")


def text_of(member: Member, strict: bool) -> DecodedText:
    """A member as text, in the first encoding that allows all of its bytes.

    Raises InputError, with the position of the byte, at a NUL byte, at a byte that the encoding of the byte-order mark
    does not allow, and, if `strict`, at a byte that neither UTF-8 nor Windows-1252 allows.
    """
    head = member.head()[:4]
    marked = next((name for bom, name in _BOMS if head.startswith(bom)), None)
    misfit = _misfit_in(member, _BARE.get(head[:2], "utf-8"))
    if misfit is None:
        return DecodedText(member, marked or "utf-8")
    if marked:
        raise InputError(
            localized("errors", "not_as_marked", byte=figure(misfit), encoding=_DISPLAY_NAMES[marked]), member.where
        )
    odd = _misfit_in(member, "cp1252")
    if odd is not None and strict:
        raise InputError(localized("errors", "no_encoding", byte=figure(odd)), member.where)
    encoding = "cp1252" if odd is None else "latin-1"
    return DecodedText(member, encoding, Misfit(member.where.name, _line_at(member, misfit), _DISPLAY_NAMES[encoding]))


def _misfit_in(member: Member, encoding: str) -> int | None:
    """The position of the first byte that an encoding does not allow, or None. Raises InputError at a NUL byte."""
    decoder, width = codecs.getincrementaldecoder(encoding)(), 2 if encoding.startswith("utf-16") else 1
    done, misfit = 0, None
    for block in itertools.chain(member.blocks(), [b""]):  # empty at the end, which no character may be cut by
        if (at := _nul_in(block, width)) >= 0:
            raise InputError(localized("errors", "nul_byte", byte=figure(done + at)), member.where)
        kept = decoder.getstate()[0]
        if misfit is None and not (width == 1 and block.isascii() and not kept):
            try:
                decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                misfit = done - len(kept) + error.start
        done += len(block)
    return misfit


def _nul_in(block: bytes, width: int) -> int:
    """The position in a block of the first character that is `width` zero bytes; -1 if there is none."""
    at = block.find(bytes(width))
    while at > 0 and at % width:
        at = block.find(bytes(width), at + 1)
    return at


def _line_at(member: Member, place: int) -> int:
    """The line of a byte."""
    feeds = returns = 0
    for block in member.blocks():
        feeds, returns = feeds + block.count(b"\n", 0, place), returns + block.count(b"\r", 0, place)
        place -= len(block)
        if place <= 0:
            break
    return 1 + (feeds or returns)


def head_text(head: bytes) -> str:
    """The first bytes of a file as text, in the encoding that they suggest."""
    marked = next((name for bom, name in _BOMS if head.startswith(bom)), None)
    if marked:
        return codecs.getincrementaldecoder(marked)("replace").decode(head)
    for encoding in ("utf-8", "cp1252"):
        try:
            return codecs.getincrementaldecoder(encoding)().decode(head)
        except UnicodeDecodeError:
            continue
    return head.decode("latin-1")
