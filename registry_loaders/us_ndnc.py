"""The American and the Canadian national do-not-call lists: full lists by area code, flat text or XML, often zipped.

Flat text: records of 12 bytes, `AAA,NNNNNNN` and a line feed, one file per area code or one for all. XML: `list` with
the attributes `type`, `level`, `val`, which contains `ac` with `val` and `ph` with `val`. The published XML may not be
well formed, so it is read as a stream of tags. A file is complete for the area codes it holds, and for nothing else.
Change lists are refused: read as a full list, one would clear everybody who is not in it. The area code gives the
country, by the published numbering plan of 2026 (`plan.csv`); that is how the files of the two registries are told
apart.

Sources: "Downloading the national registry" (http://www.dontphoneme.com/howtoguides/downloadingdnc.html); CRTC fact
sheet (http://crtc.gc.ca/eng/INFO_SHT/t1028.htm). Not known: the layout of the change list, which is recognised by its
flags and refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

import polars as pl

from dnc.errors import FormatError, LoaderError
from dnc.registries import (
    LISTING,
    Extract,
    Loader,
    Member,
    RecordLayout,
    country_of_prefix,
    localized,
    records,
)

_REGISTRIES = {"US": "us-ndnc", "CA": "ca-dncl"}
_ONE = 10**10  # the calling code 1, before ten digits

_CODE_IN_NAME = re.compile(r"_([2-9]\d\d)(?=_)")
_RECORD = re.compile(rb"^([2-9]\d\d),\d{7}\r?$")
_STAMP = re.compile(r"^\d{4}-?\d\d-?\d\d([T ]?\d\d:?\d\d(:?\d\d)?(\.\d+)?(Z|[+-]\d\d:?\d\d)?)?$")
_CHANGE_FIXED = re.compile(r"^(\d{10})\s*(\d{8,14})?\s*[AD]\s*(\d{8,14})?$")
_XML = re.compile(rb"^(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?<list\b")
_XML_CODE = re.compile(rb"""<(?:list|ac)\b[^<>]*?\bval\s*=\s*['"]([2-9]\d\d)['"]""")


def country_of_area_code(code: str) -> str | None:
    """The country of a +1 area code: `US`, `CA` or `other`; None if it is shared or unknown."""
    country = country_of_prefix(f"1{code}")
    return (country if country in _REGISTRIES else "other") if country else None


def _recognises(country: str, extract: Extract) -> bool:
    """Whether a file is a list by area code (full, or of changes) whose first code belongs to a country."""
    return country_of_area_code(_first_code(extract.head) or "") == country


def _read(country: str, extract: Extract) -> Iterator[pl.DataFrame]:
    for member in extract.members:
        head = member.head()
        if not head:
            raise LoaderError(localized("errors", "empty_list"), member.where)
        if _change_code(head):
            raise LoaderError(localized("errors", "change_list"), member.where)
        codes = _Codes(extract, member, country, _code_in_name(member, extract))
        is_xml = head.lstrip().removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")
        yield from _XmlReader(member, codes).listings() if is_xml else _flat(member, codes)


def _lines(head: bytes) -> list[bytes]:
    return head.split(b"\n", 3)[:3]


def _first_code(head: bytes) -> str | None:
    """The first area code of a list by area code, or None if the file is not such a list."""
    if _XML.match(head):
        tag = _XML_CODE.search(head)
        return tag[1].decode() if tag else None
    for line in _lines(head):
        if flat := _RECORD.match(line):
            return flat[1].decode()
    return _change_code(head)


def _change_code(head: bytes) -> str | None:
    """The first area code of a change list in flat text: a number, one `A` or `D`, and at most one time; or None."""
    line = _lines(head)[0].decode("latin-1").strip() if head else ""
    if fixed := _CHANGE_FIXED.match(line):
        return fixed[1][:3]
    cells = [cell.strip("\"' ") for cell in re.split(r"[,;|\t]", line)]
    flags = [cell for cell in cells if cell.upper() in ("A", "D")]
    digits = [cell for cell in cells if re.fullmatch(r"\d{10}|\d{3}|\d{7}", cell)]
    stamps = [cell for cell in cells if _STAMP.match(cell) and cell not in digits]
    number = "".join(digits)
    is_change = len(flags) == 1 and len(stamps) <= 1 and len(number) == 10
    return number[:3] if is_change and len(cells) == 1 + len(stamps) + len(digits) else None


def _code_in_name(member: Member, extract: Extract) -> str | None:
    """The only area code between underscores in the name of the file, or of an archive that holds just this file."""
    names = [member.name] if len(extract.members) > 1 else [member.name, extract.path.name]
    for name in names:
        if len(codes := set(_CODE_IN_NAME.findall(name))) == 1:
            return str(codes.pop())
    return None


@dataclass
class _Codes:
    """Checks the area codes of one file: all of the right country, and the one in the file name, if any."""

    extract: Extract
    member: Member
    country: str
    named: str | None
    seen: set[str] = field(default_factory=set)

    def add(self, code: str, at: object = None) -> None:
        """Add a code; raises LoaderError if it must not be in this file."""
        if code in self.seen:
            return
        country = country_of_area_code(code)
        if country != self.country:
            raise LoaderError(self._other_country(code, country), self.member.where, at)
        if self.named and code != self.named:
            raise LoaderError(localized("errors", "code", "named", code=code, named=self.named), self.member.where, at)
        self.seen.add(code)
        self.extract.covers.add(f"1{code}")

    def _other_country(self, code: str, country: str | None) -> str:
        if self.country == "US" and country == "CA":
            return localized("errors", "code", "canadian", code=code)
        return localized("errors", "code", f"not_{self.country}", code=code)


# Flat text


def _record_fault(record: bytes) -> str:
    if re.match(rb"[2-9]\d\d,\d{7}\r", record):
        return localized("errors", "record", "crlf")
    if re.match(rb"\+?\d{10,11}\r?\n?", record):
        return localized("errors", "record", "typed")
    return localized("errors", "record", "flat")


_FLAT = RecordLayout(12, rb"[2-9]\d\d,\d{7}\n", "cut_or_edited", _record_fault)


def _flat(member: Member, codes: _Codes) -> Iterator[pl.DataFrame]:
    for line, block in records(member, _FLAT):
        numbers = pl.read_csv(block, has_header=False, schema={"code": pl.UInt64, "local": pl.UInt64})
        rows = numbers.with_columns(pl.int_range(line, line + pl.len(), dtype=pl.UInt64).alias("line"))
        firsts = rows.group_by("code").agg(pl.col("line").min()).sort("line")
        for code, at in firsts.iter_rows():
            codes.add(str(code), at)
        yield _listed(rows.select("line", (_ONE + pl.col("code") * 10**7 + pl.col("local")).alias("e164")))


def _listed(rows: pl.DataFrame) -> pl.DataFrame:
    """Listings of rows that are all listed."""
    nothing = [pl.lit(None, LISTING[name]).alias(name) for name in ("number", "since", "unread")]
    return rows.with_columns(pl.lit(True).alias("listed"), *nothing)


# XML

_PH = re.compile(rb"""<ph\s+val\s*=\s*(?:'(\d{1,7})'|"(\d{1,7})")\s*/?>""")
_TAG = re.compile(rb"<(?!ph\s)[^<>]*>")
_NAME = re.compile(rb"^<\s*+(/?)\s*+([A-Za-z]+)")
_ATTRIBUTE = re.compile(rb"""(?<![A-Za-z])([A-Za-z]++)\s*+=\s*+(?:'([^']*)'|"([^"]*)")""")
_TAG_LIMIT = 4096


class _XmlReader:
    """Reads a list in XML as a stream of tags."""

    def __init__(self, member: Member, codes: _Codes) -> None:
        self._member, self._codes = member, codes
        self._opened = self._closed = False
        self._only: str | None = None  # the code in `list`, if it has one
        self._code: str | None = None  # the last code
        self._is_empty = False  # whether the last `ac` has no number so far
        self._seen = 0  # numbers

    def listings(self) -> Iterator[pl.DataFrame]:
        """The listings; raises LoaderError if this is not a complete list."""
        for piece in self._pieces():
            at = 0
            for tag in _TAG.finditer(piece):
                yield from self._numbers(piece[at : tag.start()])
                self._step(tag[0])
                at = tag.end()
            yield from self._numbers(piece[at:])
        if not self._closed:
            raise LoaderError(localized("errors", "list_cut"), self._member.where)
        self._refuse_empty_code()
        if not self._seen:
            raise LoaderError(localized("errors", "empty_list"), self._member.where)

    def _pieces(self) -> Iterator[bytes]:
        """The bytes of the file, in pieces that end with a tag."""
        rest = b""
        for block in self._member.blocks():
            if b"<!" in (probe := rest + block) or b"&" in block:
                raise LoaderError(localized("errors", "entities"), self._member.where)
            end = probe.rfind(b">") + 1
            if len(probe) - end > _TAG_LIMIT:
                raise LoaderError(localized("errors", "long_tag"), self._member.where)
            yield probe[:end]
            rest = probe[end:]
        if b"<" in rest:
            raise LoaderError(localized("errors", "list_cut"), self._member.where)
        yield rest

    def _numbers(self, piece: bytes) -> Iterator[pl.DataFrame]:
        """Listings of a series of `ph` tags; raises LoaderError if there is anything else between them."""
        numbers = [single or double for single, double in _PH.findall(piece)]  # by the quotes
        rest = _PH.sub(b"", piece) if numbers else piece
        if strange := rest.removeprefix(b"\xef\xbb\xbf").strip():
            before = len(_PH.findall(piece[: piece.find(strange.split(b">")[0])]))
            raise FormatError(localized("errors", "odd_text", number=self._seen + before + 1), self._member.where)
        if not numbers:
            return
        if self._code is None or self._closed:
            raise LoaderError(localized("errors", "code", "outside"), self._member.where)
        local = pl.Series("local", [digits.decode() for digits in numbers]).cast(pl.UInt64)
        e164 = (local + (_ONE + int(self._code) * 10**7)).alias("e164")
        first, self._seen, self._is_empty = self._seen + 1, self._seen + len(numbers), False
        lines = pl.int_range(first, self._seen + 1, dtype=pl.UInt64, eager=True).alias("line")
        yield _listed(pl.DataFrame([lines, e164]))

    def _step(self, tag: bytes) -> None:
        """Read one tag other than `ph`."""
        if tag.startswith(b"<?xml") and not self._opened:
            return
        name = _NAME.match(tag)
        kind = (name[1] + name[2]).decode() if name else ""
        pairs = _ATTRIBUTE.findall(tag)
        attributes = {key.decode(): (single or double).decode("latin-1") for key, single, double in pairs}
        if kind == "list" and not self._opened:
            self._open_list(attributes)
        elif kind == "ac" and self._opened and not self._closed:
            self._refuse_empty_code()
            self._set_code(attributes.get("val", ""))
            self._is_empty = True
        elif kind == "/list" and self._opened and not self._closed:
            self._closed = True
        elif kind not in ("/ac", "/ph") or attributes or not self._opened:
            raise FormatError(localized("errors", "odd_element", number=self._seen + 1), self._member.where)

    def _open_list(self, attributes: dict[str, str]) -> None:
        if not {"type", "level", "val"} <= attributes.keys():
            raise FormatError(localized("errors", "list_element"), self._member.where)
        if attributes["type"] != "full":
            raise LoaderError(localized("errors", "change_list"), self._member.where)
        self._opened = True
        if code := attributes["val"]:
            self._set_code(code)
            self._only = code

    def _set_code(self, code: str) -> None:
        if not re.fullmatch(r"[2-9]\d\d", code):
            raise LoaderError(localized("errors", "code", "digits"), self._member.where)
        self._codes.add(code)
        if self._only and code != self._only:
            raise LoaderError(localized("errors", "code", "listed", code=code, only=self._only), self._member.where)
        self._code = code

    def _refuse_empty_code(self) -> None:
        if self._is_empty:
            raise LoaderError(localized("errors", "code", "empty", code=self._code), self._member.where)


LOADERS = tuple(
    Loader(id_, country, partial(_recognises, country), partial(_read, country)) for country, id_ in _REGISTRIES.items()
)
