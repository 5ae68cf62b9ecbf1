"""Texts of cells as they are compared, and as messages repeat them.

Two cells are the same text if they differ only in case, accents, blanks, dates, hours and long numbers (see `normal`).
"""

from __future__ import annotations

import re
from contextlib import suppress
from unicodedata import combining, normalize

import polars as pl

from dnc.clock import FALSE, MONTHS, TRUE
from dnc.errors import printable
from dnc.frames import as_text

_BOOLEANS = dict.fromkeys(TRUE, "true") | dict.fromkeys(FALSE, "false")
_DATE = (
    r"\d{4}-\d\d-\d\d(?:[t ]\d\d:\d\d(?::\d\d)?z?)?|\d{1,4}[-/.]\d{1,2}[-/.]\d{2,4}"
    rf"|\d{{1,2}}(?:er|st|nd|rd|th|\.)? (?:de |of )?(?:{MONTHS})\.?,? (?:de |del )?\d{{2,4}}"
    rf"|(?:{MONTHS})\.? \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}"
)
_HOUR = r"\d{1,2}(?::\d\d(?::\d\d)?| ?h ?\d\d|h)(?: ?[ap]m)?"
_LONG_NUMBER = r"\+?\d{1,4}(?:[ .\-]\d{2,4}){3,}|\d{5,}"
_HASHED = rf"\b(?:{_DATE}|{_HOUR}|{_LONG_NUMBER})\b"
WORD = r"\p{L}{2}"
_DECIMALS = r"^(\d+)\.(?:00?|0{4,})$"  # of whole numbers; three zeros may be thousands
# Of Latin, Greek and Cyrillic, and invisible characters; not what strikes a letter through, or is a letter of its own.
_ACCENTS = r"[\x{300}-\x{333}\x{339}-\x{36f}\p{Cf}]"
_SPOILT = ["Ã", "â€"]  # in UTF-8 that was read as Windows-1252
# What files contain in place of an empty cell: a blank in every column and file.
EMPTY = (
    *(
        "-",
        "--",
        "–",
        "—",
        "n/a",
        "na",
        "null",
        "nil",
        "nan",
        "nat",
        r"\n",
        "(null)",
        "<na>",
        "undefined",
        "blank",
        "empty",
    ),
    *("vide", "leer", "vuoto", "vacio", "leeg", "néant"),
)
_LONGEST_EMPTY = max(len(word.encode()) for word in EMPTY)
_SHOWN, _DIGITS = 40, 3  # of a text that a message repeats: characters, and digits from which on they are hidden


def text_cells(cells: pl.Series) -> pl.Series:
    """Cells as trimmed text (String), null where they are empty (`EMPTY`); booleans as `true` and `false`."""
    if cells.dtype == pl.Boolean:
        words = pl.when(cells).then(pl.lit("true")).when(~cells).then(pl.lit("false"))
        return pl.select(words.alias(cells.name)).to_series()
    texts = as_text(cells).str.strip_chars()
    short = (texts.str.len_bytes() <= _LONGEST_EMPTY).fill_null(False).arg_true()
    empty = texts[short].str.to_lowercase().is_in(["", *EMPTY])
    return texts.scatter(short.filter(empty), None) if empty.any() else texts


def compared(cells: pl.Series) -> pl.Series:
    """Cells as ids are compared: without case, accents and blanks; `1.0`, `1,0` and `01` are `1`; null where empty."""
    text = pl.lit(text_cells(cells)).str.normalize("NFKD").str.replace_all(r"[\p{Mn}\p{Cf}\s]", "").str.to_lowercase()
    return pl.select(text.str.replace(r"^0*(\d+)(?:[.,]0+)?$", "$1").replace("", None).alias(cells.name)).to_series()


def normal(cells: pl.Series, *, in_full: bool = False) -> pl.Series:
    """Texts (String) as they are compared; null where they are empty.

    Case, accents, blanks and a wrong encoding do not count, `1.0` and `1.00` are `1`, and the words for true
    and false are one in all languages. In a text that also holds a word, dates, hours and numbers of five or more
    digits are `#`, except in_full.
    """
    text = pl.lit(mended(cells)).str.normalize("NFD").str.replace_all(_ACCENTS, "").str.to_lowercase()
    text = text.str.replace_all(r"\s+", " ").str.strip_chars()
    if not in_full:
        hashed = text.str.replace_all(_HASHED, "#")
        text = pl.when(text.str.contains(r"\d") & hashed.str.contains(WORD)).then(hashed).otherwise(text)
    text = text.str.replace(_DECIMALS, "$1").replace(_BOOLEANS)
    return pl.select(pl.when(text != "").then(text).alias(cells.name)).to_series()


def days_in(text: str) -> list[str]:
    """The dates that are written in a text, as it has them but for accents."""
    plain = "".join(sign for sign in normalize("NFKD", text) if not combining(sign))
    return re.findall(rf"(?i)\b(?:{_DATE})\b", plain)


def shown(text: str) -> str:
    """A text as messages repeat it: its beginning on one line, without addresses, and with `#` for digits."""
    line = printable(" ".join("…@…" if "@" in word else word for word in text.split()))
    line = re.sub(r"\d", "#", line) if len(re.findall(r"\d", line)) >= _DIGITS else line
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"


def is_safe(text: str) -> bool:
    """Whether a text (of `normal`) can be written into a brief: it has no address and no long number."""
    return "@" not in text and not re.search(r"\d{5}|(?:\d[\s.()/-]*){8}", text)


def as_in_brief(text: str, cell: str) -> str:
    """A text of `normal` as people write it: as its cell has it, unless that has digits or line breaks."""
    return text if re.search(r"[\d\n\r]", cell) else cell


def mended(texts: pl.Series) -> pl.Series:
    """Texts as they were before their UTF-8 was read as Windows-1252, once or again: `DÃ©sinscrit` is `Désinscrit`."""
    return texts.map_elements(_mended, pl.String) if texts.str.contains_any(_SPOILT).any() else texts


def _mended(text: str) -> str:
    with suppress(UnicodeError):
        while any(sign in text for sign in _SPOILT):
            text = text.encode("cp1252").decode()
    return text
