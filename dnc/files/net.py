"""The net: which texts probably say that a person is not to be called.

A second line, never the guard. A column that nobody gave a role stops a check, whatever its texts say; the net puts
what people should read first, and looks at what a pattern such as `utm_*` left out. A miss is therefore no wrong
answer. Each distinct word gets a letter for each class of `net.toml` that it belongs to, and the rules are regular
expressions over those letters, so that 100,000 texts take a fraction of a second.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from functools import cache, lru_cache
from itertools import chain, product
from string import ascii_letters, digits
from typing import NamedTuple

import polars as pl

from dnc.cache import shipped_toml
from dnc.clock import MONTHS, NO, YES
from dnc.files.cell_texts import mended, normal
from dnc.frames import repeated

# A word, a part of fooBar, an abbreviation with full stops, or a mark between two clauses.
_WORD = r"(?:[A-Za-z]\.){2,}|(?:\p{Lu}?[\p{Ll}\p{M}\p{Cf}]+|[\p{Lu}\p{M}\p{Cf}]+)(?:['’][tT]\b)?|[,;!?|()\n]|\.(?:\s|$)"
_OTHER, _CLAUSE = ".", "|"  # in place of letters: a word of no class, a mark between two clauses
_ENCLOSED = r"[\[{*/\\+=~<>_][\p{L} ]+[\]}*/\\+=~<>_]"  # a remark between signs, anywhere (`/STOP/`)
_REMARK = r"\s[-–—]+\s|[\[\]{}*/\\+=~<>_]+"  # what sets such a remark apart from the rest
# What says something has two letters of a word; numbers, days and most ids have not.
_TWO_LETTERS = r"\p{L}[\p{M}\p{Cf}.'’]*\p{L}"
_NO_LETTERS = r"[^\p{L}\p{N}]"  # accents, soft hyphens, and the marks between clauses
_ALSO = {"ø": "o", "æ": "ae", "ß": "ss"}  # letters with nothing to take off
_REMEMBERED = 1_000  # texts whose answer `marks` keeps
_LETTERS = ascii_letters + digits  # of the classes, and of the words that stand in rules
_PASSED = _LETTERS[0]  # the letter of the first class, of words passed over
_INSIDE, _LONGEST = 5, 16  # letters of a stem that is found inside words; signs of a word that may be known
_READ = {"row": pl.UInt32, "letters": pl.String}
_ANSWER = 40  # signs of a text that may go on from the name of its column
_TYPO, _RIGHT = 8, 2  # letters of a stem that may have a typo, and those before the typo


class _Net(NamedTuple):
    """What `net.toml` says, made ready."""

    stems: dict[str, str]  # letters by stem; `^` and `$` are the ends of a word
    typos: dict[str, str]  # the same by the beginning of a long stem, and by that without one letter
    rules: dict[str, str]  # patterns of letters
    instead: dict[str, str]  # parts of words that are replaced first


def marked(texts: pl.Series, *, column: str = "", answers: bool = True) -> pl.Series:
    """Which texts probably say that a person is not to be called.

    texts: String; repeated ones are read again, so pass distinct ones.
    column: name of the column in which they stand; if it is about mail and not about calls, only by two words
    (`Unsubscribed` in `Email status`) or in an address, else also by what a text says behind it: a yes under `DNC`, a
    no under `No DNC`, more than a no under `Appel` (`Non autorisé`).
    answers: whether a yes or a no counts in a column whose name says so.
    Returns Booleans of the same length and name; False for null.
    """
    found = _say_so(texts, "pairs" if is_of_mail(column) else "any")
    if not column or is_of_mail(column):
        return found
    if marks(column):
        return found | _answers(texts, objects(column)) if answers else found
    read = _read(texts) if _has(column, "known") else pl.DataFrame(schema=_READ)
    at = read["row"].filter(read["letters"].str.contains(_net().rules["answers"]))
    at = at.filter(~found[at] & (texts[at].str.len_chars() <= _ANSWER))
    return found.scatter(at.filter(_say_so(column + " " + texts[at], "any")), True)


def _say_so(texts: pl.Series, enough: str) -> pl.Series:
    """Which texts say so by themselves. enough: the rules by which a text that holds no address does."""
    found = repeated(False, pl.Boolean, texts.len()).alias(texts.name)
    if not texts.str.contains(_TWO_LETTERS).any():
        return found
    rules, read = _net().rules, _read(texts)
    read = read.filter(pl.col("letters").str.contains(rules["known"]))
    rest = pl.col("letters").str.replace_all(rules["without"], _CLAUSE)
    is_address = pl.lit(texts[read["row"]].str.contains("@", literal=True))  # which is no answer about mail
    says_so = rest.str.contains(rules[enough]) | (is_address & rest.str.contains(rules["any"]))
    says = read.filter(pl.col("letters").str.contains(rules["first"]) | says_so)
    found = found.scatter(says["row"], True)
    at = read["row"].filter(texts[read["row"]].str.contains(_ENCLOSED))
    if at.is_empty():
        return found
    return found.scatter(at.filter(_say_so(texts[at].str.replace_all(_REMARK, ","), enough)), True)


@lru_cache(_REMEMBERED)
def marks(text: str) -> bool:
    """Whether one text, such as the name of a column, a sheet or a file, probably says so."""
    return bool(marked(pl.Series([text]))[0])


def objects(name: str) -> bool | None:
    """Whether a yes under the name of a column says so; one under `Pas d'opposition` does not.

    None where nobody knows what it says, as under `Vérifié Bloctel`, or a name with a word that is not known.
    """
    if not marks(name) or _has(name, "denied"):
        return False
    return None if _has(name, "doubtful") else True


def _answers(texts: pl.Series, yes: bool | None) -> pl.Series:
    """Which texts are a yes or a no, if that says so under the name of their column. yes: see `objects`."""
    words = {True: YES, False: NO, None: (*YES, *NO)}[yes]
    return normal(texts).str.strip_chars(" .!").is_in([*normal(pl.Series(words))]).fill_null(value=False)


def is_of_mail(column: str) -> bool:
    """Whether a column is about mail, and not about calls, by its name."""
    return _has(column, "of_mail")


def _has(name: str, rule: str) -> bool:
    """Whether the words of a name have the order of a rule."""
    return bool(pl.Series([_letters_of(name)]).str.contains(_net().rules[rule])[0])


@lru_cache(_REMEMBERED)
def _letters_of(name: str) -> str:
    """The letters of the words of a name."""
    return " ".join(_read(pl.Series([name]))["letters"])


def _read(texts: pl.Series) -> pl.DataFrame:
    """The letters of the words of each text that has any, with blanks between them; `row` counts texts from 0."""
    cells = mended(texts).alias("word").str.replace_all(r"\b[nN][°º]", " ").str.extract_all(_WORD).to_frame()
    words = cells.with_row_index("row").explode("word")
    word = words["word"].drop_nulls().unique()
    plain = pl.col("word").str.to_lowercase().str.normalize("NFKD").str.replace_all(_NO_LETTERS, "")
    plain_words = word.to_frame().select(plain.str.replace_many(_net().instead)).to_series()
    letters = pl.Series(map(_letters, plain_words), dtype=pl.String)
    lettered = words.with_columns(letters=pl.col("word").replace_strict(word, letters, default=None))
    by_row = lettered.filter(pl.col("letters") != _PASSED).group_by("row", maintain_order=True).agg("letters")
    return by_row.with_columns(pl.col("letters").list.join(" "))  # five times as fast as `str.join` in the groups


def _letters(word: str) -> str:
    """The letters of a word, in the order in which its stems stand in it."""
    if not word:
        return _CLAUSE
    stems, typos = _net()[:2]
    edged, size = f"^{word}$", len(word) + 2
    parts = [edged[:end] for end in range(2, min(size, _LONGEST) + 1)]
    parts += [edged[at:end] for at in range(1, size - _INSIDE) for end in range(at + _INSIDE, min(at + _LONGEST, size))]
    found = "".join([stems[part] for part in parts if part in stems])
    return found or next((typos[part] for part in _nearly(word) if part in typos), _OTHER)


def _nearly(word: str) -> Iterable[str]:
    """What the beginning of a long word may be with a letter that is wrong, left out, too many or out of order."""
    if len(word) < _TYPO - 1:
        return ()
    return word[: _TYPO - 1], *_shortened(word[:_TYPO]), *_shortened(word[: _TYPO + 1])


def _shortened(word: str) -> list[str]:
    """A word without one of its letters."""
    return [word[:at] + word[at + 1 :] for at in range(_RIGHT, len(word))]


@cache
def _net() -> _Net:
    """The stems and rules of `net.toml`."""
    data = shipped_toml("dnc.files", "net.toml")
    classes, rules = data["classes"], data["rules"]
    classes |= {"filler": [*classes["filler"], *MONTHS.split("|")]}  # of a day beside a word
    classes |= {"contact": [*classes["contact"], *classes["calling"]]}
    used = set(re.findall("[a-z]+", str([*rules.values()])))
    literal = sorted(used.difference(classes))
    letters = dict(zip([*classes, *literal], _LETTERS, strict=False))
    stems: defaultdict[str, str] = defaultdict(str)
    for name, words in (classes | {name: [name] for name in literal}).items():
        for stem in map(_edged, chain.from_iterable(map(_spelt, words))):
            stems[stem] += letters[name]
    typos = {
        part: found
        for stem, found in stems.items()
        if len(stem) >= _TYPO and stem.isalpha()
        for part in (stem[:_TYPO], *_shortened(stem[:_TYPO]))
    }
    return _Net(dict(stems), typos, _patterns(rules, letters), _ALSO | dict.fromkeys(data["misleading"], ""))


def _patterns(rules: dict[str, list[str]], letters: dict[str, str]) -> dict[str, str]:
    """The rules as patterns of letters, those together that are tried together."""
    every = {name: "|".join(_rule(rule, letters, name == "without") for rule in each) for name, each in rules.items()}
    whole = rf"(?:^|\| )(?:[0-z]+ )*[0-z]*(?:{every['whole']})[0-z]*(?: [0-z]+)*(?:$| \|)"
    calls, mail = letters["calling"] + letters["phone"], letters["mail"]
    of_mail = f"^[^{calls}]*{mail}[^{calls}]*$"
    no = letters["negation"]
    answers = f"(?:^| )[^ {no}]*[^. |{no}][^ {no}]*(?:$| )"
    every["doubtful"] += r"|(?:^| )\.(?:$| )"  # a word of no class
    is_any = f"{every['pairs']}|{every['alone']}|{whole}"
    return every | {"of_mail": of_mail, "known": r"[^. |]", "answers": answers, "any": is_any}


def _rule(rule: str, letters: dict[str, str], is_narrow: bool) -> str:
    """A rule as a pattern of letters. Two words of a rule may be one: a compound (`Anrufverbot`)."""
    between = r"\." if is_narrow else "[!-z]+"  # all letters and `_OTHER`, not `_CLAUSE`; `[0-z]` is without `_OTHER`
    pattern, most = "", 0
    for step in rule.split():
        if step.startswith("~"):
            most = int(step[1:])
            continue
        if pattern and step != "$":
            pattern += f"[!-z]*(?:(?: {between}){{0,{most}}} [!-z]*)?"
        pattern += r"[!-z]*(?:$| \|)" if step == "$" else f"[{''.join(letters[name] for name in step.split('|'))}]"
        most = 0
    return f"[!-z]*{pattern}[!-z]*" if is_narrow else pattern


def _edged(word: str) -> str:
    """A word or a `stem-` with `^` and `$` where a word has to begin and end."""
    stem = word.removesuffix("-")
    return f"^{word}$" if stem == word else stem if len(stem) >= _INSIDE else f"^{stem}"


def _spelt(word: str) -> Iterable[str]:
    """Each word that `nessun[ao]?` stands for."""
    if word.removesuffix("-").isalpha():
        return (word,)
    parts = re.findall(r"(\[\w+\]|[\w-])(\??)", word)
    return map("".join, product(*([*letters.strip("[]"), *([""] if mark else [])] for letters, mark in parts)))
