"""The British Telephone Preference Service (TPS) and its corporate twin (CTPS): full lists in records of 14 bytes.

The two have the same format, and differ only in the name of the file. When a number was listed is known only from
earlier snapshots in the store.

Records of 14 bytes: 12 columns, CR, LF. In the variant without spaces the digits are left-aligned. In the one with
spaces, columns 1 to 5 hold the dialling code and 6 to 12 the rest, right-aligned. The split is not reliable (London is
written `0207`), so all blanks are removed. The file has no dates.

Source: the operator's "Technical Specifications for File Formats"
(http://corporate.mpsonline.org.uk/shared/technical_desc.asp?context=CTPS). Not known: the layout of the change file,
which is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

import polars as pl

from dnc.errors import FormatError, LoaderError
from dnc.registries import LISTING, Extract, Loader, Member, RecordLayout, localized, records, registry_words

_NAMED = re.compile(r"(?:^|[^a-z])(c?tps)(?![a-z])", re.IGNORECASE)
_RECORD = re.compile(rb"^0[\d ]{11}\r\n")
_FLAGGED = re.compile(rb"^\W?0[\d ]{9,11}\W{0,3}[ADad]\b|^[ADad]\W{1,3}0\d{9,10}\b")
_BRITAIN = 44


def _recognises(registry: str, extract: Extract) -> bool:
    """Whether a file has the format of the lists and is not named after the other one."""
    alike = bool(_RECORD.match(extract.head) or _FLAGGED.match(extract.head))
    return _named(extract) in (None, registry) and (alike or _named(extract) == registry)


def _named(extract: Extract) -> str | None:
    """The registry in the file name, or None."""
    registries = {f"gb-{list_name.lower()}" for name in extract.names for list_name in _NAMED.findall(name)}
    return registries.pop() if len(registries) == 1 else None


def _read(registry: str, extract: Extract) -> Iterator[pl.DataFrame]:
    if (named := _named(extract)) not in (None, registry):
        names = {"named": registry_words(named), "registry": registry_words(registry)}
        raise LoaderError(localized("errors", "other_registry", **names), extract.path)
    for member in extract.members:
        if _FLAGGED.match(member.head()):
            raise LoaderError(localized("errors", "change_list"), member.where)
        yield from _member(member)


def _fault(record: bytes) -> str:
    columns, end = record[:12], record[12:14]
    if end != b"\r\n":
        return localized("errors", "record", "edited")
    if re.search(rb"[^\d ]", columns):
        return localized("errors", "record", "strange")
    digits = len(columns.replace(b" ", b""))
    if digits not in (10, 11):
        return localized("errors", "record", "digits", digits=digits)
    if not columns.startswith(b"0"):
        return localized("errors", "record", "zero")
    return localized("errors", "record", "blanks")


# Ten or eleven digits and blanks: the blanks behind them, or between the dialling code and the rest.
_PLAIN, _SPACED = rb"0\d{9}(?:\d | {2})\r\n", rb"0(?=[\d ]{10}\d\r)\d*+ {1,2}+\d++\r\n"
LAYOUT = RecordLayout(14, rb"%b|%b" % (_PLAIN, _SPACED), "", _fault)


def _member(member: Member) -> Iterator[pl.DataFrame]:
    spaced: bool | None = None
    for line, block in records(member, LAYOUT):
        last = block[11 :: LAYOUT.width]  # of the columns of each record: a digit only in the variant with spaces
        spaced = last[:1] != b" " if spaced is None else spaced
        if other := re.search(rb" " if spaced else rb"\d", last):
            message = localized("errors", "mixed_with" if spaced else "mixed_without")
            raise FormatError(message, member.where, line + other.start())
        yield _listings(block, line)


def _listings(block: bytes, line: int) -> pl.DataFrame:
    numbers = pl.read_csv(block.replace(b" ", b""), has_header=False, schema={"number": pl.String})
    doubted = pl.col("number").str.starts_with("00")
    e164 = pl.concat_str(pl.lit(str(_BRITAIN)), pl.col("number").str.slice(1)).cast(pl.UInt64)
    return numbers.select(
        pl.int_range(line, line + pl.len(), dtype=pl.UInt64).alias("line"),
        pl.when(~doubted).then(e164).alias("e164"),
        pl.lit(True).alias("listed"),
        pl.lit(None, LISTING["since"]).alias("since"),
        "number",
        pl.when(doubted).then(pl.lit("begins with 00")).alias("unread"),
    )


LOADERS = tuple(
    Loader(id_, "GB", partial(_recognises, id_), partial(_read, id_), covers=("44",)) for id_ in ("gb-tps", "gb-ctps")
)
