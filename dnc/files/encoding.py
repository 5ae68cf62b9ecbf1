"""Text out of bytes: the encoding told by a first pass over all of them, then lines with their ends.

UTF-8 with or without byte-order mark, UTF-16 with one, Windows-1252 and with it
what Latin-1 can print. A NUL byte and bytes that fit no encoding are refused,
with the byte where they stand; a line is never longer than a bound.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from dnc.errors import InputError
from dnc.files.archive import Member

LINE_LIMIT = 1 << 20
ONE_COLUMN_LIMIT = 4096
_BOMS = [
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
]
_BARE = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}  # the same without looking for a mark
_MARKS = {"utf-8-sig": 3, "utf-16": 2}  # bytes
_NAMES = {"\r\n": "CR LF", "\n": "LF", "\r": "CR"}
_SPOKEN = {"utf-8-sig": "UTF-8", "utf-16": "UTF-16", "cp1252": "Windows-1252", "latin-1": "Latin-1"}
_NO_WINDOWS_1252 = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")


class Misfit(NamedTuple):
    """Why a file was not read as UTF-8: the line in which the first byte stands that is none, and how it was read."""

    file: str
    line: int
    encoding: str


@dataclass(frozen=True)
class Text:
    """A member read as text.

    encoding: `utf-8`, `utf-8-sig`, `utf-16`, `cp1252` or `latin-1`, as Python calls them.
    misfit: what decided that it is neither UTF-8 nor marked; None where it is.
    """

    member: Member
    encoding: str
    misfit: Misfit | None = None

    def lines(self, limit: int = LINE_LIMIT) -> Iterator[str]:
        """Physical lines with their ends; raises InputError where one is longer than `limit` bytes."""
        with io.TextIOWrapper(self.member.open(), encoding=self.encoding, newline="") as stream:
            number, offset = 1, _MARKS.get(self.encoding, 0)
            while line := stream.readline(limit + 3):
                size = self._bytes_of(line)
                if len(line) - len(end_of(line)) > limit or size > limit + 4:
                    message = f"a line of more than {limit:,} bytes begins at byte {offset:,}"
                    raise InputError(f"{message}; is it a table? Export it again as CSV", self.member.where, number)
                yield line
                number, offset = number + 1, offset + size

    def pieces(self) -> Iterator[str]:
        """The text in pieces of at most a million characters or so, its line ends as they stand."""
        with io.TextIOWrapper(self.member.open(), encoding=self.encoding, newline="") as stream:
            while piece := stream.read(LINE_LIMIT):
                yield piece

    def blocks(self, size: int, limit: int = LINE_LIMIT) -> Iterator[bytes]:
        """The same text as UTF-8, in blocks of whole lines of about `size` bytes; raises as `lines` does."""
        decoder = codecs.getincrementaldecoder(self.encoding)()
        kept, bounded = b"", False
        for raw in self.member.blocks(size):
            kept += raw if self.encoding == "utf-8" else decoder.decode(raw).encode()
            if not bounded and _may_be_long(kept, limit):
                bounded = all(self.lines(limit))
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

    def even_lines(self, limit: int = ONE_COLUMN_LIMIT) -> Iterator[tuple[int, str]]:
        """Pairs of (line number, line without its end); raises InputError where ends are mixed."""
        ends = Ends(self.member)
        for number, line in enumerate(self.lines(limit), 1):
            ends.see(line, number)
            yield number, line.rstrip("\r\n")


class Ends:
    """Watches that all lines end alike."""

    def __init__(self, member: Member) -> None:
        self._member = member
        self._first = ""

    def see(self, line: str, number: int) -> None:
        """Take note of a line; raises InputError where it does not end as the first did."""
        end = end_of(line)
        self._first = self._first or end
        if end and end != self._first:
            names = " and ".join(_NAMES[one] for one in (self._first, end))
            message = f"line ends are mixed ({names}): this line does not end as those before it"
            remedy = "fetch the file again, or save it with one kind of line end and look at this line"
            raise InputError(f"{message}; {remedy}", self._member.where, number)


def _may_be_long(block: bytes, limit: int) -> bool:
    """Whether bytes stand so far apart from a line end that a line could be longer than `limit`."""
    step = limit // 2
    starts = range(0, len(block) - step, step)
    return any(block.find(b"\n", at, at + step) < 0 and block.find(b"\r", at, at + step) < 0 for at in starts)


def _after_last_end(block: bytes) -> int:
    """How many bytes of a block are whole lines; a last CR may be half an end."""
    return block.rfind(b"\n") + 1 or block.rfind(b"\r", 0, -1) + 1


def end_of(line: str) -> str:
    """The end of a physical line: CR LF, LF, CR or nothing."""
    return next((end for end in _NAMES if line.endswith(end)), "")


def text_of(member: Member, strict: bool) -> Text:
    """A member as text, its encoding the first that fits all of its bytes.

    Raises InputError naming the byte where there is a NUL byte, where a marked
    encoding is not kept, and, if `strict`, where bytes fit no encoding.
    """
    head = member.head()[:4]
    marked = next((name for bom, name in _BOMS if head.startswith(bom)), None)
    misfit = _misfit_in(member, _BARE.get(head[:2], "utf-8"))
    if misfit is None:
        return Text(member, marked or "utf-8")
    if marked:
        raise InputError(
            f"byte {misfit:,} is no {_SPOKEN[marked]}, as the file says it is; export it again", member.where
        )
    odd = _first_odd(member)
    if odd is not None and strict:
        raise InputError(f"byte {odd:,} fits no encoding; export it again as UTF-8", member.where)
    encoding = "cp1252" if odd is None else "latin-1"
    return Text(member, encoding, Misfit(member.where.name, _line_at(member, misfit), _SPOKEN[encoding]))


def _misfit_in(member: Member, encoding: str) -> int | None:
    """None where all bytes fit, else the first that does not. Raises InputError at a NUL byte."""
    decoder = codecs.getincrementaldecoder(encoding)()
    done, misfit = 0, None
    for block in member.blocks():
        if (at := _nul_in(block, 1 if encoding == "utf-8" else 2)) >= 0:
            message = f"a NUL byte at byte {done + at:,}; damaged, UTF-32, or UTF-16 without its mark"
            raise InputError(f"{message}: export it again as UTF-8", member.where)
        is_ascii = encoding == "utf-8" and not decoder.getstate()[0] and block.isascii()
        if misfit is None and not is_ascii:
            misfit = _misfit(decoder, block, done)
        done += len(block)
    return _misfit(decoder, b"", done, final=True) if misfit is None else misfit


def _nul_in(block: bytes, width: int) -> int:
    """Where the first character of `width` bytes that are all zero stands in a block; -1 where there is none."""
    at = block.find(bytes(width))
    while at > 0 and at % width:
        at = block.find(bytes(width), at + 1)
    return at


def _misfit(decoder: codecs.IncrementalDecoder, block: bytes, done: int, final: bool = False) -> int | None:
    kept = decoder.getstate()[0]
    try:
        decoder.decode(block, final)
    except UnicodeDecodeError as error:
        return done - len(kept) + error.start
    return None


def _line_at(member: Member, place: int) -> int:
    """The line in which a byte stands."""
    feeds = returns = 0
    for block in member.blocks():
        feeds, returns = feeds + block.count(b"\n", 0, place), returns + block.count(b"\r", 0, place)
        place -= len(block)
        if place <= 0:
            break
    return 1 + (feeds or returns)


def _first_odd(member: Member) -> int | None:
    """The first byte that Windows-1252 leaves without a meaning."""
    done = 0
    for block in member.blocks():
        if found := _NO_WINDOWS_1252.search(block):
            return done + found.start()
        done += len(block)
    return None


def head_text(head: bytes) -> str:
    """The first bytes of a file as text, as well as they can be told alone."""
    marked = next((name for bom, name in _BOMS if head.startswith(bom)), None)
    if marked:
        return codecs.getincrementaldecoder(marked)("replace").decode(head)
    for encoding in ("utf-8", "cp1252"):
        try:
            return codecs.getincrementaldecoder(encoding)().decode(head)
        except UnicodeDecodeError:
            continue
    return head.decode("latin-1")
