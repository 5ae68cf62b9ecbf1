"""Lists by area code, as the American and the Canadian registry write them: one layout for both.

Flat text: records of 12 bytes, `AAA,NNNNNNN` and a line feed, one file an area
code or one with all. XML: `list` with `type`, `level`, `val`, in it `ac` with
`val` and `ph` with `val`; as published it may not be well formed, so it is read
as a stream of tags and never into a tree. A file is complete for the codes it
holds. The code alone tells the country, by the published numbering plan of 2026
(`plan.csv`), so it also tells the files of the two registries apart.

Sources: "Downloading the national registry"
(http://www.dontphoneme.com/howtoguides/downloadingdnc.html); CRTC fact sheet
(http://crtc.gc.ca/eng/INFO_SHT/t1028.htm). Not known: the layout of the change
list, which is recognised by its flags and refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import polars as pl

from dnc.errors import LoaderError
from dnc.files.archive import Member
from dnc.files.fixed_width import Layout, byte, is_digit, records, value
from dnc.numbers.reader import country_of_prefix
from dnc.registries.contract import LISTING, Extract

_COUNTRIES = {"US": "a United States code", "CA": "Canadian"}
_CHANGES = "a change list; load the full list, which is due every 31 days anyway"
_CUT = "; the download is cut or was edited, fetch it again"
_EMPTY = "empty; an area code without a single number is not a list"
_ONE = 10**10  # the leading 1 of an E.164 number

_CODE_IN_NAME = re.compile(r"_([2-9]\d\d)(?=_)")
_RECORD = re.compile(rb"^([2-9]\d\d),\d{7}\r?$")
_STAMP = re.compile(r"^\d{4}-?\d\d-?\d\d([T ]?\d\d:?\d\d(:?\d\d)?(\.\d+)?(Z|[+-]\d\d:?\d\d)?)?$")
_CHANGE_FIXED = re.compile(r"^(\d{10})\s*(\d{8,14})?\s*[AD]\s*(\d{8,14})?$")
_XML = re.compile(rb"^(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?<list\b")
_XML_CODE = re.compile(rb"""<(?:list|ac)\b[^>]*?\bval\s*=\s*['"]([2-9]\d\d)['"]""")


def country_of_area_code(code: str) -> str | None:
    """`US`, `CA`, or `other` for the country of a +1 area code; None where it is shared or unknown."""
    country = country_of_prefix(f"1{code}")
    return (country if country in _COUNTRIES else "other") if country else None


def recognises(country: str) -> Callable[[Extract], bool]:
    """Whether a file is a list by area code, full or of changes, whose first code is of a country."""
    return lambda extract: country_of_area_code(_first_code(extract.head) or "") == country


def read(country: str) -> Callable[[Extract], Iterator[pl.DataFrame]]:
    """Read the full lists of a country."""

    def of(extract: Extract) -> Iterator[pl.DataFrame]:
        for member in extract.members:
            head = member.head()
            if not head:
                raise LoaderError(_EMPTY, member.where)
            if _change_code(head):
                raise LoaderError(_CHANGES, member.where)
            codes = _Codes(extract, member, country, _code_in_name(member, extract))
            is_xml = head.lstrip().removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")
            yield from (_xml if is_xml else _flat)(member, codes)

    return of


def _lines(head: bytes) -> list[bytes]:
    return head.split(b"\n", 3)[:3]


def _first_code(head: bytes) -> str | None:
    """The first area code of a list by area code, or None where the file is no such list."""
    if _XML.match(head):
        found = _XML_CODE.search(head)
        return found[1].decode() if found else None
    for line in _lines(head):
        if flat := _RECORD.match(line):
            return flat[1].decode()
    return _change_code(head)


def _change_code(head: bytes) -> str | None:
    """The area code of a change list in flat text: a number, one `A` or `D`, at most one time stamp."""
    line = _lines(head)[0].decode("latin-1").strip() if head else ""
    if fixed := _CHANGE_FIXED.match(line):
        return fixed[1][:3]
    words = [word.strip("\"' ") for word in re.split(r"[,;|\t]", line)]
    flags = [word for word in words if word.upper() in ("A", "D")]
    digits = [word for word in words if re.fullmatch(r"\d{10}|\d{3}|\d{7}", word)]
    stamps = [word for word in words if _STAMP.match(word) and word not in digits]
    number = "".join(digits)
    is_change = len(flags) == 1 and len(stamps) <= 1 and len(number) == 10
    return number[:3] if is_change and len(words) == 1 + len(stamps) + len(digits) else None


def _code_in_name(member: Member, extract: Extract) -> str | None:
    """The one area code between underscores in the name of the file, or of the archive that holds only it."""
    names = [member.name] if len(extract.members) > 1 else [member.name, extract.path.name]
    for name in names:
        if len(found := set(_CODE_IN_NAME.findall(name))) == 1:
            return str(found.pop())
    return None


@dataclass
class _Codes:
    """Watches the area codes of one member: of the right country, and the one that the name says."""

    extract: Extract
    member: Member
    country: str
    named: str | None
    seen: set[str] = field(default_factory=set)

    def add(self, code: str, at: object = None) -> None:
        """Take note of a code; raises LoaderError where it may not stand here."""
        if code in self.seen:
            return
        found = country_of_area_code(code)
        if found != self.country:
            raise LoaderError(self._stranger(code, found), self.member.where, at)
        if self.named and code != self.named:
            raise LoaderError(f"area code {code} in the file for {self.named}", self.member.where, at)
        self.seen.add(code)
        self.extract.covers.add(f"1{code}")

    def _stranger(self, code: str, found: str | None) -> str:
        if self.country == "US" and found == "CA":
            return f"area code {code} is Canadian; load the two countries apart"
        return f"area code {code} is not {_COUNTRIES[self.country]}"


# Flat text


def _record_fault(record: bytes) -> str:
    if re.match(rb"[2-9]\d\d,\d{7}\r", record):
        return "ends in CR LF, the registry writes LF; the file was edited, use the original"
    if re.match(rb"\+?\d{10,11}\r?\n?", record):
        return "looks like a re-typed list; take the registry's own file"
    return "not AAA,NNNNNNN; a header means this is not the registry's file"


_FLAT = Layout(
    width=12,
    cut=_CUT,
    fits=pl.all_horizontal(
        byte(0).is_between(0x32, 0x39),
        *(is_digit(at) for at in (1, 2, *range(4, 11))),
        byte(3) == ord(","),
        byte(11) == ord("\n"),
    ),
    fault=_record_fault,
)


def _flat(member: Member, codes: _Codes) -> Iterator[pl.DataFrame]:
    for line, frame in records(member, _FLAT):
        lines = pl.int_range(line, line + pl.len(), dtype=pl.UInt64).alias("line")
        rows = frame.select(lines, value(range(3)).alias("code"), value(range(4, 11)).alias("local"))
        firsts = rows.group_by("code").agg(pl.col("line").min()).sort("line")
        for code, at in firsts.iter_rows():
            codes.add(str(code), at)
        yield _listed(rows.select("line", (_ONE + pl.col("code") * 10**7 + pl.col("local")).alias("e164")))


def _listed(rows: pl.DataFrame) -> pl.DataFrame:
    """Listings of numbers that are all listed."""
    nothing = [pl.lit(None, LISTING[name]).alias(name) for name in ("number", "since", "unread")]
    return rows.with_columns(pl.lit(True).alias("listed"), *nothing)


# XML

_PH = re.compile(rb"""<ph\s+val\s*=\s*(?:'(\d{1,7})'|"(\d{1,7})")\s*/?>""")
_TAG = re.compile(rb"<(?!ph\s)[^>]*>")
_NAME = re.compile(rb"^<\s*(/?)\s*([A-Za-z]+)")
_ATTRIBUTE = re.compile(rb"""([A-Za-z]+)\s*=\s*(?:'([^']*)'|"([^"]*)")""")
_ENTITIES = "entities are not read"
_TAG_LIMIT = 4096


@dataclass
class _State:
    """How far a stream of tags has come."""

    code: str | None = None
    opened: bool = False
    closed: bool = False
    numbers: int = 0
    in_code: int = 0
    only: str | None = None  # the code that the list says it is for


def _xml(member: Member, codes: _Codes) -> Iterator[pl.DataFrame]:
    state = _State()
    for piece in _pieces(member):
        at = 0
        for tag in _TAG.finditer(piece):
            yield from _numbers(piece[at : tag.start()], state, codes, member)
            _step(tag[0], state, codes, member)
            at = tag.end()
        yield from _numbers(piece[at:], state, codes, member)
    if not state.closed:
        raise LoaderError("ends inside the list; the download is cut", member.where)
    _not_empty(state, member)
    if not state.numbers:
        raise LoaderError(_EMPTY, member.where)


def _pieces(member: Member) -> Iterator[bytes]:
    """The bytes of a file in pieces that end with a tag."""
    rest = b""
    for block in member.blocks():
        if b"<!" in (probe := rest + block) or b"&" in block:
            raise LoaderError(_ENTITIES, member.where)
        end = probe.rfind(b">") + 1
        if len(probe) - end > _TAG_LIMIT:
            raise LoaderError("a tag of more than 4,096 bytes", member.where)
        yield probe[:end]
        rest = probe[end:]
    if b"<" in rest:
        raise LoaderError("ends inside the list; the download is cut", member.where)
    yield rest


def _numbers(piece: bytes, state: _State, codes: _Codes, member: Member) -> Iterator[pl.DataFrame]:
    """Listings of a run of `ph` tags; raises LoaderError where anything else stands between them."""
    found = [one or two for one, two in _PH.findall(piece)]
    rest = _PH.sub(b"", piece) if found else piece
    if strange := rest.removeprefix(b"\xef\xbb\xbf").strip():
        before = len(_PH.findall(piece[: piece.find(strange.split(b">")[0])]))
        raise LoaderError(f"not a list by area code near number {state.numbers + before + 1}", member.where)
    if not found:
        return
    if state.code is None or state.closed:
        raise LoaderError("a number outside of any area code", member.where)
    first = state.numbers + 1
    state.numbers += len(found)
    state.in_code += len(found)
    local = pl.Series("local", [one.decode() for one in found]).cast(pl.UInt64)
    e164 = (local + (_ONE + int(state.code) * 10**7)).alias("e164")
    lines = pl.int_range(first, first + len(found), dtype=pl.UInt64, eager=True).alias("line")
    yield _listed(pl.DataFrame([lines, e164]))


def _step(tag: bytes, state: _State, codes: _Codes, member: Member) -> None:
    """Take one tag that is no number."""
    if tag.startswith(b"<?xml") and not state.opened:
        return
    name = _NAME.match(tag)
    kind = (name[1] + name[2]).decode() if name else ""
    attributes = {one.decode(): (two or three).decode("latin-1") for one, two, three in _ATTRIBUTE.findall(tag)}
    if kind == "list" and not state.opened:
        _open_list(attributes, state, codes, member)
    elif kind == "ac" and state.opened and not state.closed:
        _not_empty(state, member)
        _set_code(attributes.get("val", ""), state, codes, member)
    elif kind == "/list" and state.opened and not state.closed:
        state.closed = True
    elif kind not in ("/ac", "/ph") or not state.opened:
        raise LoaderError(f"not a list by area code: another element near number {state.numbers + 1}", member.where)


def _open_list(attributes: dict[str, str], state: _State, codes: _Codes, member: Member) -> None:
    if not {"type", "level", "val"} <= attributes.keys():
        raise LoaderError("the element list does not say type, level and val", member.where)
    if attributes["type"] != "full":
        raise LoaderError(_CHANGES, member.where)
    state.opened = True
    if attributes["val"]:
        _set_code(attributes["val"], state, codes, member)
        state.only = attributes["val"]
    state.in_code = 1  # the list itself is no area code that could be empty


def _set_code(code: str, state: _State, codes: _Codes, member: Member) -> None:
    if not re.fullmatch(r"[2-9]\d\d", code):
        raise LoaderError("an area code that is no three digits from 200", member.where)
    codes.add(code)
    if state.only and code != state.only:
        raise LoaderError(f"area code {code} in the list for {state.only}", member.where)
    state.code, state.in_code = code, 0


def _not_empty(state: _State, member: Member) -> None:
    if state.opened and not state.in_code:
        raise LoaderError(f"area code {state.code} is {_EMPTY}", member.where)
