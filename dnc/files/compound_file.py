"""OLE files, as Office wrote them until 2003 ([MS-CFB]): sectors that form streams, and a directory of these."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator
from itertools import islice
from typing import BinaryIO

from dnc.files.parser_errors import Contradictory

_NO_SECTOR = 0xFFFFFFFA  # numbers from here on do not name a sector
_SMALL = 64  # bytes of a sector of the small streams, which together are a stream themselves
_MOST = 1_000  # sectors of the directory, and of the list of tables, so that reading ends even if they are loops


class CompoundFile:
    """An OLE file, perhaps from a stranger. Raises struct.error, LookupError and Contradictory where it is damaged."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, length = file, file.seek(0, os.SEEK_END)
        file.seek(0)
        head = file.read(512)
        self._size = 1 << min(struct.unpack_from("<H", head, 30)[0], 16)
        self._directory, _, self._least, self._small_table, _, further = struct.unpack_from("<6I", head, 48)
        self._tables, self._most = list(struct.unpack_from("<109I", head, 76)), length // self._size
        while further < _NO_SECTOR and len(self._tables) < _MOST * self._size // 4:
            *more, further = _integers(self._sector(further))
            self._tables += more

    def streams(self) -> Iterator[tuple[str, int, int]]:
        """Name, first sector and length of each stream; the first one holds the sectors of all small streams."""
        for sector in islice(self._sectors(self._directory), _MOST):
            for at in range(0, len(sector), 128):
                (length,) = struct.unpack_from("<H", sector, at + 64)
                name = sector[at : at + min(length, 64)].decode("utf-16-le", "replace").rstrip("\0")
                yield name, *struct.unpack_from("<II", sector, at + 116)

    def content(self, name: str, other: str) -> bytes:
        """The content of the stream with this name, or else with the other one; both in lower case."""
        (_, first_small, _), *streams = self.streams()
        found = {name.lower(): place for name, *place in reversed(streams)}
        first, length = found.get(name) or found[other]
        if length >= self._least:
            return b"".join(self._sectors(first))[:length]
        small = b"".join(self._sectors(first_small))
        following = _integers(b"".join(self._sectors(self._small_table)))
        chain = _chain(first, following.__getitem__, len(following))
        return b"".join(small[at * _SMALL : (at + 1) * _SMALL] for at in chain)[:length]

    def _sectors(self, first: int) -> Iterator[bytes]:
        yield from map(self._sector, _chain(first, self._following, self._most))

    def _sector(self, number: int) -> bytes:
        self._file.seek((number + 1) * self._size)
        return self._file.read(self._size)

    def _following(self, number: int) -> int:
        """The sector that comes after another one in its stream, as the tables say."""
        table, place = divmod(number, self._size // 4)
        return int(struct.unpack_from("<I", self._sector(self._tables[table]), 4 * place)[0])


def _integers(sector: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(sector) // 4}I", sector[: len(sector) // 4 * 4])


def _chain(first: int, following: Callable[[int], int], most: int) -> Iterator[int]:
    """Sectors from the first to the last. Raises Contradictory where there are more than `most`: they are a loop."""
    while first < _NO_SECTOR:
        if not most:
            raise Contradictory
        yield first
        first, most = following(first), most - 1
