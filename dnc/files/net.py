"""The net: which texts probably say that a person is not to be called.

A second line, never the guard. A column that nobody gave a role stops a check, whatever its texts say; the net puts
what people should read first, and looks at what a pattern such as `utm_*` left out. A miss is therefore no wrong
answer. Each distinct word gets a letter for each class of `net.toml` that it belongs to, and the rules are regular
expressions over those letters, so that 100,000 texts take a fraction of a second.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cache, lru_cache
from html import unescape
from string import ascii_letters, digits

import polars as pl

from dnc.cache import shipped_toml

# A word, a part of fooBar, an abbreviation with full stops, or a mark between two clauses.
_WORD = r"(?:\p{L}\.){2,}|(?:\p{Lu}?[\p{Ll}\p{M}\p{Cf}]+|[\p{Lu}\p{M}\p{Cf}]+)(?:['’][tT]\b)?|[,;!?|\n]|\.(?:\s|$)"
_OTHER, _CLAUSE = ".", "|"  # in place of letters: a word of no class, a mark between two clauses
_NO_LETTERS = r"[^\p{L}\p{N}]"  # accents, soft hyphens, and the marks between clauses
_ALSO = {"ø": "o", "æ": "ae", "ß": "ss"}  # letters with nothing to take off
_REMEMBERED = 1_000  # texts whose answer `marks` keeps
_LETTERS = ascii_letters + digits  # of the classes, and of the words that stand in rules
_PASSED = _LETTERS[0]  # the letter of the first class, of words passed over
_ANYWHERE, _MAY_BE_WRONG, _RIGHT = 5, 8, 2  # letters of a stem: found inside words; with a typo; before a typo


def marked(texts: pl.Series, *, firm: bool = False) -> pl.Series:
    """Which texts probably say that a person is not to be called.

    texts: String; repeated ones are read again, so pass distinct ones. firm: only by two words or by a whole text, for
    columns of names and places (`Robinson`, `Rue du Refus`).
    Returns Booleans of the same length and name; False for null.
    """
    rules, letters = _net()[1], pl.col("letters")
    also = ("pairs", "whole") if firm else ("pairs", "whole", "alone", "whole_names")
    rest = letters.str.replace_all(rules["without"], _CLAUSE)
    says = letters.str.contains(rules["first"]) | rest.str.contains("|".join(rules[name] for name in also))
    rows = _read(texts).filter(says)["row"]
    return pl.int_range(len(texts), dtype=pl.UInt32, eager=True).is_in(rows.implode()).alias(texts.name)


@lru_cache(_REMEMBERED)
def marks(text: str) -> bool:
    """Whether one text, such as the name of a column, a sheet or a file, probably says so; 8 ms for a new one."""
    return bool(marked(pl.Series([text]))[0])


def _read(texts: pl.Series) -> pl.DataFrame:
    """The letters of the words of each text that has any, with blanks between them; `row` counts texts from 0."""
    words = pl.DataFrame({"word": _plain(texts).str.extract_all(_WORD)}).with_row_index("row").explode("word")
    word = words["word"].drop_nulls().unique()
    plain = word.str.to_lowercase().str.normalize("NFKD").str.replace_all(_NO_LETTERS, "").str.replace_many(_ALSO)
    known = pl.DataFrame({"word": word, "plain": plain}).select("word", letters=_net()[0])
    told = words.join(known, on="word", maintain_order="left").filter(pl.col("letters") != _PASSED)
    by_row = told.group_by(pl.col("row").set_sorted(), maintain_order=True).agg("letters")
    return by_row.with_columns(pl.col("letters").list.join(" "))  # five times as fast as `str.join` in the groups


def _plain(texts: pl.Series) -> pl.Series:
    """Texts without tags, entities of HTML and UTF-8 that was read as Windows-1252 (`DÃ©sinscrit`)."""
    spoilt = texts.str.contains_any(["&", "<", "Ã", "â€"]).fill_null(value=False)
    if not spoilt.any():
        return texts
    mended = texts.filter(spoilt).map_elements(_mended, return_dtype=pl.String)
    return texts.clone().scatter(spoilt.arg_true(), mended.str.replace_all(r"<[^<>]*>", " "))


def _mended(text: str) -> str:
    """One of them, still with its tags."""
    plain = unescape(text)
    with suppress(UnicodeError):
        return plain.encode("cp1252").decode()
    return plain


@cache
def _net() -> tuple[pl.Expr, dict[str, str]]:
    """The letters of a word in the column `plain`; the rules as patterns of letters."""
    data, word = shipped_toml("dnc.files", "net.toml"), pl.col("plain")
    classes, rules = data["classes"], data["rules"]
    used = {name for each in rules.values() for rule in each for name in rule.split() if name.isalpha()}
    literal = sorted(used.difference(classes))
    letters = dict(zip([*classes, *literal], _LETTERS, strict=False))
    itself = word.replace_strict({name: letters[name] for name in literal}, default=None)
    found = (pl.when(_is_of(word, told)).then(pl.lit(letters[name])) for name, told in classes.items())
    told = pl.concat_str(pl.when(word == "").then(pl.lit(_CLAUSE)), itself, *found, ignore_nulls=True)
    every = {name: "|".join(_rule(rule, letters, name == "without") for rule in each) for name, each in rules.items()}
    for name in ("whole", "whole_names"):
        every[name] = f"^(?:[0-z]+ )*[0-z]*(?:{every[name]})[0-z]*(?: [0-z]+)*$"
    return told.replace("", _OTHER), every


def _rule(rule: str, letters: dict[str, str], is_narrow: bool) -> str:
    """A rule as a pattern of letters. Two words of a rule may be one: a compound (`Anrufverbot`)."""
    between = r"\." if is_narrow else "[!-z]+"  # all letters and `_OTHER`, not `_CLAUSE`; `[0-z]` is without `_OTHER`
    pattern, most = "", 0
    for told in rule.split():
        if told.startswith("~"):
            most = int(told[1:])
            continue
        if pattern and told != "$":
            pattern += f"[!-z]*(?:(?: {between}){{0,{most}}} [!-z]*)?"
        pattern += letters.get(told, "[!-z]*$")
        most = 0
    return f"[!-z]*{pattern}[!-z]*" if is_narrow else pattern


def _is_of(word: pl.Expr, told: dict[str, list[str]]) -> pl.Expr:
    """Whether a word belongs to a class."""
    is_of = word.str.contains(_words_of(told))
    return is_of & ~word.str.contains("|".join(told["not"])) if "not" in told else is_of


def _words_of(told: dict[str, list[str]]) -> str:
    """A pattern for the words of a class."""
    words, stems = (told.get(key, []) for key in ("words", "stems"))
    typos = (wrong for stem in stems if len(stem) >= _MAY_BE_WRONG and stem.isalpha() for wrong in _misspelt(stem))
    placed = (stem if len(stem) >= _ANYWHERE else f"^{stem}" for stem in stems)
    return "|".join([*(f"^{word}$" for word in words), *placed, *typos])


def _misspelt(stem: str) -> list[str]:
    """Patterns of a stem with a letter that is wrong, left out, too many, or in the other order than the one before."""
    return [
        pattern
        for at in range(_RIGHT, len(stem))
        for begin, letter, end in [(stem[:at], stem[at], stem[at + 1 :])]
        for pattern in (f"{begin}[a-z]?{end}", f"{begin}[a-z]{letter}{end}", f"{begin[:-1]}{letter}{begin[-1]}{end}")
    ]
