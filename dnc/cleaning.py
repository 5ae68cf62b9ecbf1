"""What typing and spreadsheets do to a telephone number, undone or refused; cell by cell and by the column.

`cleaned` is the reference. `cleaned_column` runs the same patterns in the same order over a
column, and leaves alone what it does not prove: texts with a sign outside printable ASCII
that has no plain form, and the cells that may hold several numbers.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import polars as pl

_GUARD = re.compile(r"""^(?:="(.*)"|'(.*))$""", re.DOTALL)
_SCHEME = re.compile(r"(?i)^tel:")
_LABEL = (
    r"t[ée]l(?:[ée]phone)?|phone|portable|mobile|mob|fixe|gsm|cell|bureau|domicile|maison|perso|pro|home|work|office"
)
_LABELLED = re.compile(rf"(?i)^(?:(?:{_LABEL})\b[\s.:]*(.*)|(.*\d)[\s(]+(?:{_LABEL})\.?\)?)$", re.DOTALL)
_FLOAT_TAIL = re.compile(r"^(\+?\d+)[.,]0+$")
_EXTENSION = re.compile(r"(?i)[\s,;]*(?:poste|post|ext(?:ension)?|x)[\s.:=]*\d{1,6}$")
_WRITTEN = re.compile(r"^\(?\+?[\d\s().\-/]+$")
_NOTED = re.compile(r"(?<![\w+])\+?\(?\d[\d\s().\-/]{5,}\d(?!\w)")
_RETYPED = re.compile(r"^[oOlI]+$")  # letters that stand for 0 and 1
_SEVERAL = re.compile(r"(?i)[/;|,\n]|\bou\b|\bor\b|\bet\b|\band\b|&")

EMPTY = "empty"
SEVERAL = "two numbers in one cell"
NOT_WRITTEN = "not written as a number"

_LEAST = 6  # digits of a part that could be a number of its own
_LONGEST = 200  # characters of a text that is cleaned by the column
_SEPARATORS = [" ", "(", ")", ".", "-"]
_USUAL = re.compile(r"^[ -~éÉ]*$")


def _plain(char: str) -> str:
    if char.isdecimal():
        return str(unicodedata.decimal(char))
    kind = unicodedata.category(char)
    if kind == "Cf":
        return ""
    if kind == "Zs":
        return " "
    if kind == "Pd" or char == "\N{MINUS SIGN}":
        return "-"
    return unicodedata.normalize("NFKC", char) if "\uff01" <= char <= "\uff5e" else char


def cleaned(text: str) -> tuple[str, str | None]:
    """Undo what typing and spreadsheets do to a number.

    Returns (text to parse, None), or ("", reason) where the digits are gone or
    the cell holds no single number. Nothing is ever expanded or guessed.
    """
    if not text.isascii():
        text = "".join(map(_plain, text))
    text = text.strip()
    if guard := _GUARD.match(text):
        text = (guard[1] if guard[1] is not None else guard[2]).strip()
    text = _SCHEME.sub("", text)
    if not _WRITTEN.match(text) and (label := _LABELLED.match(text)):
        text = (label[1] if label[1] is not None else label[2]).strip()
    if tail := _FLOAT_TAIL.match(text):
        text = tail[1]
    text = _EXTENSION.sub("", text)
    if not text:
        return "", EMPTY
    if not _WRITTEN.match(text):
        return "", SEVERAL if len(split(text)) > 1 else NOT_WRITTEN
    if len(_numerous(text.split("/"))) > 1:
        return "", SEVERAL
    return text, None


def _numerous(parts: list[str]) -> list[str]:
    return [part for part in parts if sum(map(str.isdigit, part)) >= _LEAST]


def split(text: str) -> list[str]:
    """The parts of a cell that could each be a number."""
    return _numerous(_SEVERAL.split(text))


def noted(text: str) -> list[str]:
    """The one number of a cell, apart from words none of which could be digits retyped; empty where it is not so."""
    rest = _NOTED.sub(" ", text)
    words = re.findall(r"\w+", rest)
    alone = not any(map(str.isdigit, rest)) and all(len(word) > 1 and not _RETYPED.match(word) for word in words)
    found = _NOTED.findall(text)
    return found if alone and len(found) == 1 else []


def unseparated(texts: pl.Series) -> pl.Series:
    """Texts without the usual blanks and signs between digits; null where cleaning may have to do more.

    A cell with one full stop may be a number cell's `.0`, and a plus is only read in front.
    """
    text = pl.col(texts.name)
    bare = text.str.replace_many(*_separators())
    one_stop = text.str.count_matches(".", literal=True) == 1
    hidden_plus = bare.str.starts_with("+") & ~text.str.starts_with("+")
    proved = (text.str.len_bytes() <= _LONGEST) & ~one_stop & ~hidden_plus
    return texts.to_frame().select(pl.when(proved).then(bare)).to_series()


def cleaned_column(texts: pl.Series) -> pl.DataFrame:
    """What `cleaned` says of each text, where that is proved.

    Returns a frame of `text`, the digits behind a plus if there is one, and `unread`, the
    reason; both are null where the reference has to be asked.
    """
    text = pl.col("text")
    for pattern, kept in (
        (_GUARD, "${1}${2}"),
        (_SCHEME, ""),
        (_LABELLED, "${1}${2}"),
        (_FLOAT_TAIL, "$1"),
        (_EXTENSION, ""),
    ):
        text = text.str.replace(pattern.pattern, kept)
        text = text.str.strip_chars(" ") if kept == "${1}${2}" else text
    plain = pl.col("text").str.replace_many(*_plain_signs()).str.strip_chars(" \t\r\n")
    usual = plain.str.contains(_USUAL.pattern) & (plain.str.len_bytes() <= _LONGEST)
    cells = texts.alias("text").to_frame().select(pl.when(usual).then(plain).alias("text")).select(text)
    text = pl.col("text")
    digits = text.str.count_matches("[0-9]")
    written = text.str.contains(_WRITTEN.pattern)
    one = digits < 2 * _LEAST
    return cells.select(
        pl.when(written & (one | ~text.str.contains("/", literal=True))).then(text.str.replace_all(r"[ ().\-/]", "")),
        pl.when(text == "").then(pl.lit(EMPTY)).when(~written & one).then(pl.lit(NOT_WRITTEN)).alias("unread"),
    )


@lru_cache(maxsize=1)
def _plain_signs() -> tuple[list[str], list[str]]:
    """The signs outside ASCII that `cleaned` brings into it, of the scripts in use, and what it makes of each."""
    signs = {char: _plain(char) for char in map(chr, [*range(0x80, 0x3100), *range(0xFE00, 0x10000)])}
    changed = {char: plain for char, plain in signs.items() if plain != char}
    return list(changed), list(changed.values())


@lru_cache(maxsize=1)
def _separators() -> tuple[list[str], list[str]]:
    more = [char for char, plain in zip(*_plain_signs(), strict=True) if plain in ("", " ", "-")]
    return _SEPARATORS + more, [""]
