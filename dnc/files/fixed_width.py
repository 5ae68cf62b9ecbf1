"""Read records of a fixed number of bytes, a million at a time: one pattern says what a valid record is.

The first record that the pattern does not match is reported with its line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import msgspec

from dnc.errors import FormatError, LoaderError
from dnc.files.archive import Member
from dnc.messages import localized

BATCH = 1_000_000  # records


class RecordLayout(msgspec.Struct, frozen=True):
    """A fixed layout.

    width: bytes of a record, with its line ending. pattern: of a valid record, of so many bytes.
    cut: key of the error message that says what to do if bytes are left over; may be empty.
    fault: takes the bytes of a record that is not valid, and returns what is wrong with it.
    """

    width: int
    pattern: bytes
    cut: str
    fault: Callable[[bytes], str]


def records(member: Member, layout: RecordLayout) -> Iterator[tuple[int, bytes]]:
    """Pairs of (line of the first record, the bytes of many records), all of them valid.

    Raises FormatError at the first record that is not valid, or if there is none, and LoaderError if bytes are left
    over. If the size is known, these are reported first, unless the first record is already wrong.
    """
    width, valid = layout.width, re.compile(rb"(?:%b)*+" % layout.pattern)
    first = member.head()[:width]
    if member.size is not None and (len(first) < width or valid.fullmatch(first)):
        _no_rest(layout, member, member.size)
    line = 1
    for block in member.blocks(BATCH * width):
        rest = len(block) % width
        whole = block[: len(block) - rest]
        if (end := valid.match(whole).end()) < len(whole):  # type: ignore[union-attr]  # it matches nothing, too
            raise FormatError(layout.fault(block[end : end + width + 1]), member.where, line + end // width)
        if rest:
            _no_rest(layout, member, (line - 1) * width + len(block))
        if whole:
            yield line, whole
        line += len(whole) // width


def _no_rest(layout: RecordLayout, member: Member, size: int) -> None:
    if rest := size % layout.width:
        cut = localized("errors", layout.cut) if layout.cut else ""
        over = localized("errors", "byte" if rest == 1 else "bytes", n=rest)
        kind = LoaderError if size > layout.width else FormatError
        raise kind(localized("errors", "left_over", width=layout.width, over=over, cut=cut), member.where)
