"""The two British lists, TPS and CTPS, which have the same format and differ only in the file name.

Records of 14 bytes: 12 columns, CR, LF. In the variant without spaces the digits are left-aligned. In the one with
spaces, columns 1 to 5 hold the dialling code and 6 to 12 the rest, right-aligned. The split is not reliable (London is
written `0207`), so all blanks are removed. The file has no dates.

Source: the operator's "Technical Specifications for File Formats"
(http://corporate.mpsonline.org.uk/shared/technical_desc.asp?context=CTPS). Not known: the layout of the change file,
which is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import polars as pl

from dnc.errors import LoaderError
from dnc.files.archive import Member
from dnc.files.fixed_width import BLANK, ZERO, RecordLayout, byte, is_digit, records
from dnc.messages import localized, registry_words
from dnc.registries.contract import LISTING, Extract

_COLUMNS = range(12)
_NAMED = re.compile(r"(?:^|[^a-z])(c?tps)(?![a-z])", re.IGNORECASE)
_RECORD = re.compile(rb"^0[\d ]{11}\r\n")
_FLAGGED = re.compile(rb"^\W?0[\d ]{9,11}\W{0,3}[ADad]\b|^[ADad]\W{1,3}0\d{9,10}\b")
_BRITAIN = 44


def recognises(registry: str) -> Callable[[Extract], bool]:
    """Whether a file has the format of the lists and is not named after the other one."""

    def of(extract: Extract) -> bool:
        alike = bool(_RECORD.match(extract.head) or _FLAGGED.match(extract.head))
        return _named(extract) in (None, registry) and (alike or _named(extract) == registry)

    return of


def _named(extract: Extract) -> str | None:
    """The registry in the file name, or None."""
    registries = {f"gb-{list_name.lower()}" for name in extract.names for list_name in _NAMED.findall(name)}
    return registries.pop() if len(registries) == 1 else None


def read(registry: str) -> Callable[[Extract], Iterator[pl.DataFrame]]:
    """Read the full list."""

    def of(extract: Extract) -> Iterator[pl.DataFrame]:
        if (named := _named(extract)) not in (None, registry):
            raise LoaderError(
                localized("errors", "other_registry", named=registry_words(named), registry=registry_words(registry)),
                extract.path,
            )
        for member in extract.members:
            if _FLAGGED.match(member.head()):
                raise LoaderError(localized("errors", "change_list"), member.where)
            yield from _member(member)

    return of


def _is_blank(at: int) -> pl.Expr:
    return byte(at) == BLANK


_BREAKS = pl.sum_horizontal((_is_blank(at) & is_digit(at + 1)).cast(pl.UInt8) for at in range(11))
_SPACED = is_digit(11)  # only the variant with spaces has digits in the last column
_DIGITS = pl.sum_horizontal(is_digit(at).cast(pl.UInt8) for at in _COLUMNS)


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


LAYOUT = RecordLayout(
    width=14,
    cut="",
    fits=pl.all_horizontal(
        *(is_digit(at) | _is_blank(at) for at in _COLUMNS),
        byte(12) == ord("\r"),
        byte(13) == ord("\n"),
        byte(0) == ZERO,
        _DIGITS.is_between(10, 11),
        (_SPACED & (_BREAKS == 1)) | (~_SPACED & (_BREAKS == 0)),
    ),
    fault=_fault,
)


def _member(member: Member) -> Iterator[pl.DataFrame]:
    spaced: bool | None = None
    for line, frame in records(member, LAYOUT):
        variants = frame.select(_SPACED).to_series()
        spaced = variants[0] if spaced is None else spaced
        if (variants != spaced).any():
            at = line + ((variants != spaced).arg_max() or 0)
            raise LoaderError(localized("errors", "mixed_with" if spaced else "mixed_without"), member.where, at)
        yield _listings(frame, line)


def _listings(frame: pl.DataFrame, line: int) -> pl.DataFrame:
    frame = frame.with_columns(pl.lit(0, pl.UInt64).alias("rest"))
    rest = pl.col("rest")
    for at in _COLUMNS:
        digit = rest * 10 + (byte(at) - ZERO).cast(pl.UInt64)
        frame = frame.with_columns(pl.when(is_digit(at)).then(digit).otherwise(rest).alias("rest"))
    code = pl.when(_DIGITS == 11).then(_BRITAIN * 10**10).otherwise(_BRITAIN * 10**9).cast(pl.UInt64)
    rows = frame.select(
        pl.int_range(line, line + pl.len(), dtype=pl.UInt64).alias("line"),
        (code + rest).alias("e164"),
        pl.lit(True).alias("listed"),
        pl.lit(None, LISTING["since"]).alias("since"),
        pl.concat_str(pl.lit("0"), rest.cast(pl.String)).alias("number"),
        (rest >= pl.when(_DIGITS == 11).then(10**9).otherwise(10**8)).alias("proved"),
    )
    doubted = pl.when(~pl.col("proved")).then(pl.lit("begins with 00"))
    e164 = pl.when("proved").then("e164").alias("e164")
    return rows.with_columns(e164, doubted.alias("unread")).drop("proved")
