"""Undo what typing and spreadsheets do to a telephone number, or refuse it; for one cell, and for a whole column.

`cleaned` is the reference. `cleaned_column` applies the same patterns in the same order to a column, and gives no
answer if its result could differ: for texts with characters outside printable ASCII that have no plain form, and for
cells that may contain several numbers.

Words for the owner or the kind of a number (`tel:`, `Tél. (bureau)`, `mobile`) and extensions (`poste 12`) are removed.
A text with any other word is not read, and neither is one with `fax`, since nobody calls a fax.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import polars as pl

_LEAST = 6  # digits of a part that could be a number of its own
_LONGEST = 200  # characters; longer texts are not read, so that no crafted text makes a pattern slow

_QUOTED = re.compile(r"""(?s)^(?:=?"([^"]*)"|'([^']*)'?)$""")
_LABEL = (
    r"(?:t[ée]l(?:[ée]phone|[ée]fono|efon|efoon)?|tlf|phone|portable|mobile?|mobilnummer|mobiel|m[óo]vil|mob|fixe|fijo|fisso|"
    r"cell(?:phone|ulare)?|gsm|natel|handy|festnetz|landline|bureau|domicile|maison|perso|pro|privat|home|work|office|casa|"
    r"num[ée]ro|number|callto|sips?|whatsapp)"
)
_LABELLED = re.compile(rf"(?is)^(?:[(\[]?{_LABEL}\b[)\]]?[\s.:-]*)+(.*)$")
_FOLLOWED = re.compile(rf"(?is)^(.*?[0-9])(?:[\s,;:/(\[-]+{_LABEL}\b\.?[)\]]?)+$")
_FLOAT_TAIL = re.compile(r"^(\+?[0-9]+)[.,]0+$")
_EXTENSION = re.compile(r"(?i)[\s,;(]*(?:poste|post|ext(?:ension)?|durchwahl|interno)[\s.:=]*[0-9]{1,6}\)?$")
# A letter may also be a misread digit, so ten digits must come before it.
_LETTERED = re.compile(r"(?is)^((?:[^0-9]*[0-9]){10,}[^0-9]*?)[\s,;]*[x#][\s.]*[0-9]{1,6}$")
_REMOVED = (
    (_QUOTED, r"\1\2"), (_QUOTED, r"\1\2"), (_LABELLED, r"\1"), (_FOLLOWED, r"\1"), (_EXTENSION, ""),
    (_LETTERED, r"\1"), (_FLOAT_TAIL, r"\1"),
)  # fmt: skip
_WORDED = re.compile(r"""[A-Za-zéÉóÓ"'#]|[.,]0""")  # matches every text from which something is removed
_WRITTEN = re.compile(r"^\(?\+?[0-9 ().\-/]+$")  # a tab or a break stands between cells, or for a digit that is lost
# Looks like a float, but the rest is not as a spreadsheet writes it; or has a fraction, so that it is an average or a
# quotient of numbers. Without the point it would be the number of somebody else.
_HALF_A_FLOAT = re.compile(r"[.,]0$|^[+-]?[0-9]+[.,][0-9]$")
_LAST_ZERO = r"\.[^0-9]*0[^0-9]*$"
_NOTED = re.compile(r"(?<![\w+])\+?\(?\d[\d ().\-/]{5,}\d(?!\w)")
_RETYPED = re.compile(r"^[oOlI]+$")  # letters typed instead of 0 and 1
_SEVERAL = re.compile(r"(?i)[/;|,\n&]|:::|\b(?:ou|et|or|and|oder|und|y|o|e)\b|\s-\s")

EMPTY = "empty"
SEVERAL = "two numbers in one cell"
NOT_WRITTEN = "not written as a number"
TOO_LONG = f"longer than {_LONGEST} characters"

_SEPARATORS = [" ", "(", ")", ".", "-"]
# Two numbers, or a number and other last digits that it may have.
_BOTH_OF_TWO = re.compile(
    rf"(?s)(?:[0-9][^/0-9]*){{{_LEAST}}}(?:.*/.*(?:[0-9][^/0-9]*){{{_LEAST}}}|/[^/0-9]*(?:[0-9][^/0-9]*){{1,3}}$)"
)
_USUAL = re.compile(r"^[ -~éÉóÓ]*$")
_REPLACED = {"Nd", "Cf", "Zs", "Pd"}  # categories of Unicode: digits, marks of format, spaces, dashes
_LOOK_ALIKES = (
    dict.fromkeys("‘’‚‛′`´", "'") | dict.fromkeys("“”„‟″«»", '"') | {"\N{MINUS SIGN}": "-"}
    | {char: unicodedata.normalize("NFKC", char) for char in map(chr, range(0xFF01, 0xFF5F))}
)  # fmt: skip


def _plain(char: str) -> str:
    match unicodedata.category(char):
        case "Nd":
            return str(unicodedata.decimal(char))
        case "Cf":
            return ""
        case "Zs":
            return " "
        case "Pd":
            return "-"
    return _LOOK_ALIKES.get(char, char)


def cleaned(text: str) -> tuple[str, str | None]:
    """Undo what typing and spreadsheets do to a number.

    Returns (text to parse, None), or ("", reason) if no digits are left or
    the cell does not contain exactly one number. Nothing is expanded or guessed.
    """
    if len(text) > _LONGEST:
        return "", TOO_LONG
    if not text.isascii():
        text = "".join(map(_plain, text))
    text = text.strip()
    if _WORDED.search(text):
        for pattern, kept in _REMOVED:
            text = pattern.sub(kept, text).strip()
    if not text:
        return "", EMPTY
    if not _WRITTEN.match(text) or _HALF_A_FLOAT.search(text):
        return "", SEVERAL if len(split(text)) > 1 else NOT_WRITTEN
    return ("", SEVERAL) if _BOTH_OF_TWO.search(text) else (text, None)


def split(text: str) -> list[str]:
    """The parts of a cell that could be numbers; none if the cell is too long."""
    return [part for part in parts_of(text) if sum(map(str.isdigit, part)) >= _LEAST]


def parts_of(text: str) -> list[str]:
    """All parts of a cell between signs and words that separate numbers, without empty parts."""
    return [part.strip() for part in _SEVERAL.split(text) if part.strip()] if len(text) <= _LONGEST else []


def noted(text: str) -> list[str]:
    """The only number in a cell with other words; empty if there are several, or if a word may be mistyped digits."""
    if len(text) > _LONGEST:
        return []
    rest = _NOTED.sub(" ", text)
    words = re.findall(r"\w+", rest)
    alone = not any(map(str.isdigit, rest)) and all(len(word) > 1 and not _RETYPED.match(word) for word in words)
    numbers = _NOTED.findall(text)
    return numbers if alone and len(numbers) == 1 else []


def unseparated(texts: pl.Series) -> pl.Series:
    """Texts without the usual white space and separators; null if cleaning may have to do more.

    A cell with one full stop, or with a zero after the last one, may be a number with `.0` from a spreadsheet; a plus
    is only read at the start.
    """
    text, bare = pl.col("text"), pl.col("bare")
    removed = (_SEPARATORS, [""]) if _is_ascii(texts) else _separators()
    cells = texts.alias("text").to_frame().with_columns(text.str.replace_many(*removed).alias("bare"))
    one_stop = text.str.count_matches(".", literal=True) == 1
    hidden_plus = bare.str.starts_with("+") & ~text.str.starts_with("+")
    proved = (text.str.len_bytes() <= _LONGEST) & ~one_stop & ~text.str.contains(_LAST_ZERO) & ~hidden_plus
    return cells.select(pl.when(proved).then(bare)).to_series()


def cleaned_column(texts: pl.Series) -> pl.DataFrame:
    """The result of `cleaned` for each text, as far as it is proved to be the same.

    Returns a frame of `text` (the digits, after a plus if there is one) and `unread` (the reason); both are null if
    only the reference can read the text.
    """
    size, plain = pl.col("text").str.len_chars(), pl.col("text")
    if not _is_ascii(texts):
        plain = plain.str.replace_many(*_plain_signs())
    plain = plain.str.strip_chars(" \t\r\n")
    usual = plain.str.contains(_USUAL.pattern) & (size <= _LONGEST)
    cells = texts.alias("text").to_frame().select(pl.when(usual).then(plain).alias("text"), long=size > _LONGEST)
    text = cells["text"]
    shorter = pl.col("text")
    for pattern, rest in _REMOVED:
        shorter = shorter.str.replace(pattern.pattern, rest.replace("\\", "$")).str.strip_chars(" ")
    worded = cells.with_row_index().filter(pl.col("text").str.contains(_WORDED.pattern)).select("index", shorter)
    text = text.scatter(worded["index"], worded["text"])
    return pl.DataFrame([text, cells["long"]]).select(_digits(), _reason())


def _digits() -> pl.Expr:
    text = pl.col("text")
    odd = text.str.contains(_BOTH_OF_TWO.pattern) | text.str.contains(_HALF_A_FLOAT.pattern)
    return pl.when(text.str.contains(_WRITTEN.pattern) & ~odd).then(text.str.replace_all(r"[ ().\-/]", ""))


def _reason() -> pl.Expr:
    text = pl.col("text")
    is_number = text.str.contains(_WRITTEN.pattern)
    one_at_most = text.str.count_matches("[0-9]") < 2 * _LEAST
    reason = pl.when("long").then(pl.lit(TOO_LONG)).when(text == "").then(pl.lit(EMPTY))
    reason = reason.when(~is_number & one_at_most).then(pl.lit(NOT_WRITTEN))
    several = is_number & text.str.contains(_BOTH_OF_TWO.pattern) & ~text.str.contains(_HALF_A_FLOAT.pattern)
    return reason.when(several).then(pl.lit(SEVERAL)).alias("unread")


def _is_ascii(texts: pl.Series) -> bool:
    """Whether none of the signs outside ASCII is in them; to prepare the hundreds of replacements takes a while."""
    return not texts.str.contains(r"[^\x00-\x7F]").any()


@lru_cache(maxsize=1)
def _plain_signs() -> tuple[list[str], list[str]]:
    """The characters outside ASCII, in scripts in use, that `cleaned` replaces, and their replacements."""
    chars = [chr(code) for code in (*range(0x80, 0x3100), *range(0xFE00, 0x10000))]
    kinds = map(unicodedata.category, chars)  # `_plain` replaces only a few of these thousands of characters
    signs = [char for char, kind in zip(chars, kinds, strict=True) if kind in _REPLACED or char in _LOOK_ALIKES]
    changed = {char: plain for char in signs if (plain := _plain(char)) != char}
    return list(changed), list(changed.values())


@lru_cache(maxsize=1)
def _separators() -> tuple[list[str], list[str]]:
    more = [char for char, plain in zip(*_plain_signs(), strict=True) if plain in ("", " ", "-")]
    return _SEPARATORS + more, [""]
