"""Read records of a fixed number of bytes, a million at a time: every byte is a column, and checks are arithmetic.

A layout gives the length of a record and the check that every record has to pass; the first record that fails it is
reported with its line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec
import polars as pl

from dnc.errors import LoaderError
from dnc.files.archive import Member
from dnc.messages import localized

BATCH = 1_000_000  # records
ZERO, NINE, BLANK = 0x30, 0x39, 0x20


class RecordLayout(msgspec.Struct, frozen=True):
    """A fixed layout.

    width: bytes of a record, with its line ending.
    cut: key of the error message that says what to do if bytes are left over; may be empty.
    fits: a Boolean expression over the columns `b0`, `b1` … (UInt8), true for a valid record.
    fault: takes the bytes of a record that is not valid, and returns what is wrong with it.
    """

    width: int
    cut: str
    fits: pl.Expr
    fault: Callable[[bytes], str]


def byte(position: int) -> pl.Expr:
    """The column of one byte of each record."""
    return pl.col(f"b{position}")


def is_digit(position: int) -> pl.Expr:
    """Whether a byte is an ASCII digit."""
    return byte(position).is_between(ZERO, NINE)


def value(positions: range, power: int = 0) -> pl.Expr:
    """The number written by the digits at some positions, times 10 to the power of `power`."""
    last = positions[-1]
    parts = [(byte(at) - ZERO).cast(pl.UInt64) * 10 ** (last - at + power) for at in positions]
    return pl.sum_horizontal(parts).cast(pl.UInt64)


def records(member: Member, layout: RecordLayout) -> Iterator[tuple[int, pl.DataFrame]]:
    """Pairs of (line of the first record, columns of bytes), all of them valid records.

    Raises LoaderError at the first record that is not valid, and if bytes are left over. If the size is known, bytes
    that are left over are reported first, unless the first record is already wrong.
    """
    if member.size is not None and _is_record(member.head()[: layout.width], layout):
        _no_rest(member, layout, member.size)
    line = 1
    for block in member.blocks(BATCH * layout.width):
        whole = len(block) // layout.width
        frame = _columns(block[: whole * layout.width], layout.width)
        good = frame.select(layout.fits).to_series()
        if not good.all():
            _refuse(member, layout, line + (good.arg_min() or 0))
        if len(block) % layout.width:
            _no_rest(member, layout, (line - 1) * layout.width + len(block))
        if whole:
            yield line, frame
        line += whole


def _is_record(first: bytes, layout: RecordLayout) -> bool:
    """Whether a file begins with a valid record, or is shorter than one."""
    return len(first) < layout.width or bool(_columns(first, layout.width).select(layout.fits).item())


def _no_rest(member: Member, layout: RecordLayout, size: int) -> None:
    if rest := size % layout.width:
        cut = localized("errors", layout.cut) if layout.cut else ""
        over = localized("errors", "byte" if rest == 1 else "bytes", n=rest)
        raise LoaderError(localized("errors", "left_over", width=layout.width, over=over, cut=cut), member.where)


def _columns(block: bytes, width: int) -> pl.DataFrame:
    """One column for each byte of a record."""
    whole = pl.Series([block], dtype=pl.Binary).bin.reinterpret(dtype=pl.Array(pl.UInt8, max(len(block), 1)))
    flat = whole.explode() if block else pl.Series(dtype=pl.UInt8)
    return pl.DataFrame([flat.gather_every(width, at).alias(f"b{at}") for at in range(width)])


def _refuse(member: Member, layout: RecordLayout, line: int) -> None:
    with member.open() as stream:
        left = (line - 1) * layout.width
        while left > 0 and (skipped := stream.read(min(left, 1 << 20))):
            left -= len(skipped)
        raise LoaderError(layout.fault(stream.read(layout.width + 1)), member.where, line)
