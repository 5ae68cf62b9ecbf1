"""Statements: what anybody says of a called person, whatever row, file or record it is from.

Each is of one kind, has a moment and speaks of one number; which of them count for a call, and what they amount to, is
decided in `dnc.lists.reducers` alone.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from dnc.clock import ALWAYS, NEVER
from dnc.frames import numbered
from dnc.messages import dated, messages, said

OBJECTION, LIFT, DENIED = "objection", "lift", "denied"  # denied: it is said that the person did not object
ELSEWHERE = "objection_elsewhere"  # one of the store, for other numbers: a lift ends it only for its own
REFUSAL, WITHDRAWAL, WRONG_NUMBER = "refusal", "withdrawal", "wrong_number"
CONSENT, NONE_SAID, UNREAD, LIMIT = "consent", "none_said", "unread", "limit"
TEXT = "text"  # one without a meaning
MARK = "mark"  # on a row: an objection for all other rows of the person, while that row itself is undecided
RELATIONSHIP = "relationship"
# These count for all numbers of the person, others for their own.
OF_PERSON = (OBJECTION, ELSEWHERE, WITHDRAWAL, REFUSAL, TEXT)
OF_CONSENTS = (WITHDRAWAL, UNREAD, NONE_SAID, CONSENT)  # that rows of consents make
_SPREAD = 4096  # more than the minutes of the three days of UTC that may be one day somewhere
_MINUTES = 24 * 60
_FIRST, _LAST = -(2**50), 2**50  # before and after all moments

# How a column tells a statement.
AGAINST_AS = {"objected_on": OBJECTION, "consent_withdrawn_on": WITHDRAWAL, "refused_on": REFUSAL}
AGAINST_AS |= {WRONG_NUMBER: WRONG_NUMBER}
ASSUMED = "assumed_"  # in front of a fact: what a brief declares where nobody speaks

SAID: dict[str, Any] = {
    "kind": pl.String,
    "on": pl.Date,  # null where the day is not known: it may be any up to today
    "minute": pl.Int16,  # of the day, in UTC and counted from the day before; null where only the day is known
    "until": pl.Date,  # the last day of a consent, an objection or a contract
    "consent": pl.String,
    "consent_for": pl.String,
    "hours": pl.String,
    "sectors": pl.String,  # of a consent or a relationship, `;` between them
    "own_proof": pl.Boolean,  # whether a consent has a wording and a proof that no earlier statement had
    "proven": pl.Boolean,  # whether it names a wording and a proof
    "confirmed_via": pl.String,
    "wording": pl.String,
    "lacks": pl.String,  # why a consent is not known: a word of `dnc_missing`
    "text": pl.String,  # columns of texts without a meaning
    "relationship": pl.String,
    "relationship_on": pl.Date,
    "file": pl.Int32,  # of customers: the file; null for one that was recorded singly, or that a list tells
    "kept": pl.Boolean,  # whether it is in the store
    "place": pl.String,  # where it is said, see `in_words`; null for the row of the call itself
    "here": pl.Boolean,  # whether it is said of the number of the call, and not of another one of the person
}


def no_statements(**more: Any) -> pl.DataFrame:
    """A frame of statements without any; more: further columns, which come first."""
    return pl.DataFrame(schema={**more, **SAID})


def statements(rows: pl.DataFrame, *keys: str, **columns: pl.Expr | str) -> pl.DataFrame:
    """Rows as statements: `keys` stay, `columns` are found, what is not named is null, and `here` is true."""
    found = {name: pl.col(value) if isinstance(value, str) else value for name, value in columns.items()}
    absent = {name: pl.lit(None) for name in SAID if name not in found} | {"here": pl.lit(True)}
    return rows.select(*keys, *(({**absent, **found})[name].cast(kind).alias(name) for name, kind in SAID.items()))


def in_words(kind: str, place: str, on: date | None, language: str) -> str:
    """What was said, on which day and where, as `objected on 2026-03-12 by telephone`.

    place: a word of `why.place`, and NUL and a name where it has one.
    """
    texts, (word, _, name) = messages("why", language), place.partition("\0")
    day = said(language, "why", "on", day=on) if on not in (None, ALWAYS) else ""
    where: str = texts["place"].get(word, "{on}")
    what: str = texts["what"][kind]
    return what + where.format(on=day, name=name, day=dated(language)(on) if on else "")


def day_of(column: str) -> pl.Expr:
    """The day of a statement against the call; null where it is not known."""
    day = pl.col(column)
    return pl.when(day != ALWAYS).then(day)


def is_told(column: str) -> pl.Expr:
    """Whether a column of an objection, a refusal or a withdrawal tells one."""
    return (pl.col(column) != NEVER).fill_null(False)


def minute_of(instant: str, day: str | pl.Expr) -> pl.Expr:
    """The minute of an instant (UTC) as in `SAID`; null where there is no instant. The day is that of the person."""
    day = pl.col(day) if isinstance(day, str) else day
    minute = pl.col(instant).dt.epoch("s") // 60 - day.to_physical().cast(pl.Int64) * _MINUTES + _MINUTES
    return minute.clip(1, _SPREAD - 2).cast(pl.Int16)


def instant() -> pl.Expr:
    """The instant (UTC) of statements whose minute is known."""
    start = pl.col("on").cast(pl.Datetime("us")).dt.offset_by("-1d")
    return start + pl.duration(minutes=pl.col("minute"))


def earliest() -> pl.Expr:
    """The first moment at which statements may have been made, to compare it with the `latest` of others."""
    return (_start() + pl.col("minute").fill_null(0)).fill_null(_FIRST)


def latest() -> pl.Expr:
    """The last moment at which statements may have been made."""
    return (_start() + pl.col("minute").fill_null(_SPREAD - 1)).fill_null(_LAST)


def _start() -> pl.Expr:
    return pl.col("on").to_physical().cast(pl.Int64) * _SPREAD


def with_own_proofs(said: pl.DataFrame) -> pl.DataFrame:
    """Statements with `proven` and `own_proof`: which consents name a wording and a document, and one that is theirs.

    That is one that no other statement of the person names unless it was surely made later; the document of a row with
    a withdrawal is of what was withdrawn. Documents are compared by the last part of the path, without extension, case
    and signs. What is said twice in the same words is said once.

    said: also columns `number`, `person`, equal for the numbers of one, `proof` (null where none is named),
        `has_wording` and `withdrawn`.
    """
    named = said["proof"].is_not_null()
    proven = (named & said["has_wording"]).alias("proven")
    own = proven & ~said["withdrawn"]
    several = (named & said["person"].set(~named, None).is_duplicated()).arg_true()
    if several.len():
        told = said[several].select("number", "person", "withdrawn", "has_wording", *SAID, document=_document())
        same, different = numbered(told.drop("kept", "place", "own_proof", "proven"))
        rows = different.with_columns(earliest=earliest(), latest=latest())
        first = pl.col("latest").min().over("person", "document")
        others = (pl.col("earliest") <= first).sum().over("person", "document")
        is_first = rows.select(
            (pl.col("latest") == first) & (others == 1) & pl.col("document").is_not_null()
        ).to_series()
        own = own.scatter(several, own[several] & is_first[same])
    return said.select(pl.exclude("person", "proof", "has_wording", "withdrawn")).with_columns(
        own.alias("own_proof"), proven
    )


def _document() -> pl.Expr:
    """A number by which the documents of `proof` are known; null where none is named."""
    name = pl.col("proof").str.to_lowercase().str.replace_all(r"[?#].*$", "").str.replace(r"^.*[/\\]", "")
    name = name.str.replace(r"\.[a-z0-9]{1,5}$", "").str.replace_all(r"[^\p{L}\p{N}]", "")
    return pl.when(name != "").then(name.hash())
