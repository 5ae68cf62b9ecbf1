"""Files on disk (plain, gzip or zip) as streams of bytes, with limits.

An archive is refused if it is encrypted, nested or truncated, if it contains a link, an absolute path, `..` or the same
name twice, or if it unpacks to more than 20 GB or 200 times its size. Members are read to their end, so that their
checksums are verified.
"""

from __future__ import annotations

import gzip
import io
import re
import stat
import weakref
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, cast

import msgspec

from dnc.errors import InputError, why
from dnc.files.file_kinds import package_kind
from dnc.files.input_file import read_bounded
from dnc.messages import figure, localized

HEAD_BYTES = 1 << 16
_BLOCK = 1 << 20
_MOST_BYTES = 20 * 10**9
_MOST_TIMES = 200
_MOST_MEMBERS = 10_000
_NO_TIME = (1980, 1, 1, 0, 0, 0)  # the first that a zip can have
_ENCRYPTED = 0x1
_ARCHIVES = (b"PK\x03\x04", b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"BZh", b"\xfd7zXZ")
_SPREADSHEET_PART = "[Content_Types].xml"
# What macOS and Windows add to a folder, and so to a zip of it.
_OF_SYSTEMS = re.compile(r"__MACOSX/|(?:.*/)?(?:\.DS_Store|Thumbs\.db|desktop\.ini)$", re.IGNORECASE)
_OUTSIDE = re.compile(r"[/\\]|[A-Za-z]:|(?:.*[/\\])?\.\.(?:[/\\]|\Z)", re.DOTALL)  # an absolute path, or one with `..`
_END_MARK = b"PK\5\6"
_END_BYTES = 22 + 0xFFFF  # the end record of a zip, with the longest comment
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError)


class Member(msgspec.Struct, frozen=True):
    """One stream of bytes in a file.

    name: of the content, without folders and without `.gz`. where: its path in messages.
    size: bytes of the content; None if it is known only at the end.
    """

    name: str
    where: Path
    size: int | None
    _open: Callable[[], BinaryIO]

    def open(self) -> BinaryIO:
        """A new stream from the first byte. Reading from it raises InputError if the bytes are damaged."""
        return self._open()

    def head(self) -> bytes:
        """The first 64 kB."""
        with self.open() as stream:
            return stream.read(HEAD_BYTES)

    def blocks(self, size: int = _BLOCK) -> Iterator[bytes]:
        """The content in blocks of `size` bytes, the last one shorter."""
        with self.open() as stream:
            while block := stream.read(size):
                yield block


class _Checked(io.RawIOBase):
    """A stream of at most `most` bytes, whose errors are InputErrors."""

    def __init__(self, stream: BinaryIO, where: Path, most: int) -> None:
        self._stream, self._where, self._left = stream, where, most

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            data = self._stream.read(len(buffer))
        except _DAMAGE as error:
            raise InputError(_reason(error), self._where) from None
        self._left -= len(data)
        if self._left < 0:
            raise InputError(localized("errors", "unpacks_too_much"), self._where)
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._stream.close()
        super().close()


def _reason(error: Exception) -> str:
    if isinstance(error, NotImplementedError):
        return localized("errors", "compression")
    if isinstance(error, OSError) and error.strerror:
        return localized("errors", "unread", why=why(error))
    return localized("errors", "archive_damaged")


def _checked(stream: BinaryIO, where: Path, most: int) -> BinaryIO:
    return cast(BinaryIO, io.BufferedReader(_Checked(stream, where, most), _BLOCK))


def kind_of(path: Path) -> str:
    """`plain`, `gzip`, `zip`, `spreadsheet` or `parquet`, by the first bytes.

    Raises InputError if it is a document of another kind.
    """
    head = read_bounded(path, 4)
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"\x1f\x8b"):
        return "gzip"
    if head.startswith(b"PK"):
        with _opened_zip(path) as archive:
            names = archive.namelist()
        if other := package_kind(names):
            raise InputError(localized("errors", "kind", other), path)
        return "spreadsheet" if _SPREADSHEET_PART in names else "zip"
    return "plain"


def members(path: Path) -> list[Member]:
    """The contents of a file: the file itself, the content of a gzip, or the members of a zip. Raises InputError."""
    kind = kind_of(path)
    if kind == "zip":
        return _zip_members(path)
    if kind == "gzip":
        name = path.name[:-3] if path.name.lower().endswith(".gz") else path.name
        return [_not_nested(Member(name, path, None, lambda: _open_gzip(path)))]
    return [Member(path.name, path, path.stat().st_size, lambda: _open_plain(path))]


def _most(path: Path) -> int:
    return min(_MOST_BYTES, _MOST_TIMES * path.stat().st_size)


def _open_plain(path: Path) -> BinaryIO:
    try:
        return _checked(path.open("rb", buffering=0), path, 1 << 62)
    except OSError as error:
        raise InputError(_reason(error), path) from None


def _open_gzip(path: Path) -> BinaryIO:
    return _checked(cast(BinaryIO, gzip.open(path, "rb")), path, _most(path))


def _opened_zip(path: Path) -> zipfile.ZipFile:
    """A zip, opened once for all of its members: its directory, which may be long, is read when it is opened.

    Members may be opened at any later time, so the file is closed only when the last of them is gone.
    """
    try:
        archive = zipfile.ZipFile(path)
        # `ZipFile` closes it too, but garbage is collected in any order, and a file that is collected first warns.
        weakref.finalize(archive, cast(BinaryIO, archive.fp).close)
        infos = archive.infolist()
        if not all(info.filename for info in infos):
            raise zipfile.BadZipFile
        if _is_whole_file(path, infos):
            return archive
    except (*_DAMAGE, ValueError) as error:
        raise InputError(_reason(error), path) from None
    raise InputError(localized("errors", "archive_not_alone"), path)


def _is_whole_file(path: Path, infos: list[zipfile.ZipInfo]) -> bool:
    """Whether an archive begins and ends with the file: if two archives are in a row, only the last would be read."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - _END_BYTES))
        tail = file.read()
    end = tail.rfind(_END_MARK)
    comment = int.from_bytes(tail[end + 20 : end + 22], "little")
    return end + 22 + comment == len(tail) and min((info.header_offset for info in infos), default=0) == 0


def _zip_members(path: Path) -> list[Member]:
    archive = _opened_zip(path)
    kept = [member for member in archive.infolist() if not (member.is_dir() or _OF_SYSTEMS.match(member.filename))]
    if not kept:
        raise InputError(localized("errors", "archive_empty"), path)
    if fault := _fault(kept, _most(path)):
        raise InputError(localized("errors", "archive_fault", fault=fault), path)
    return [_not_nested(_zip_member(archive, path, member)) for member in kept]


def parts(path: Path, wanted: str, remedy: str = "save_again") -> dict[str, Member]:
    """The parts of a spreadsheet, or other zip, whose full names match a pattern, by name.

    Raises InputError as for an archive; `remedy`, a key below `remedy` in the messages, says what to do about it.
    """
    archive = _opened_zip(path)
    infos = [info for info in archive.infolist() if not info.is_dir()]
    if fault := _fault(infos, _most(path)):
        raise InputError(localized("errors", "fault", fault=fault, remedy=localized("errors", "remedy", remedy)), path)
    return {info.filename: _zip_member(archive, path, info) for info in infos if re.fullmatch(wanted, info.filename)}


def _fault(kept: list[zipfile.ZipInfo], most: int) -> str | None:
    """Why an archive is refused, or None."""
    faults = {
        "encrypted": any(member.flag_bits & _ENCRYPTED for member in kept),
        "link": any(stat.S_ISLNK(member.external_attr >> 16) for member in kept),
        "outside": any(_OUTSIDE.match(member.filename) for member in kept),
        "twice": len({member.filename for member in kept}) < len(kept),
        "too_large": sum(member.file_size for member in kept) > most,
        "too_many": len(kept) > _MOST_MEMBERS,
    }
    fault = next((fault for fault, is_present in faults.items() if is_present), None)
    return fault and localized("errors", "archive", fault, most=figure(_MOST_MEMBERS))


def write_archive(path: Path, members: Iterable[tuple[str, bytes]]) -> None:
    """Write a zip; the same members give the same bytes. Raises OSError."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name, _NO_TIME), data, zipfile.ZIP_DEFLATED)


def unpacked_bytes(path: Path) -> int:
    """The size of a file; for a zip, the declared sizes of all its parts together."""
    if read_bounded(path, 2) != b"PK":
        return path.stat().st_size
    with _opened_zip(path) as archive:
        return sum(member.file_size for member in archive.infolist())


def _zip_member(archive: zipfile.ZipFile, path: Path, info: zipfile.ZipInfo) -> Member:
    shown = "".join(char if char.isprintable() else "?" for char in info.filename)

    def opened() -> BinaryIO:
        try:
            return _checked(cast(BinaryIO, archive.open(info)), path / shown, _MOST_BYTES)
        except (*_DAMAGE, ValueError) as error:
            raise InputError(_reason(error), path / shown) from None

    return Member(re.split(r"[/\\]", shown)[-1], path / shown, info.file_size, opened)


def _not_nested(member: Member) -> Member:
    with member.open() as stream:
        head = stream.read(8)
    if head.startswith(_ARCHIVES):
        raise InputError(localized("errors", "archive_nested"), member.where)
    if head.startswith(b"PAR1"):
        raise InputError(localized("errors", "archive_of_tables"), member.where)
    return member
