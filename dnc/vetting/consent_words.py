"""What the rows of a list on offer say of their consents besides facts: proof, wording, hour, and address of origin.

The columns are known by their names, since a list of planned calls leaves them out.
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from dnc.clock import read_moment
from dnc.errors import without_numbers
from dnc.files.table import folded
from dnc.frames import each_distinct
from dnc.lists.brief import Brief
from dnc.lists.calls import Calls
from dnc.lists.cell_facts import text_of
from dnc.store.record_kinds import GIVEN

_NAMES = {"proof": ("proof", "proofreference"), "wording": ("wording",), "origin": ("originip", "ipaddress")}
_HASHED = {"shared": "proof", "origin": "origin"}
_SCHEMA = {"wording": pl.String, "minute": pl.Int64}


def consent_words(calls: Calls, brief: Brief) -> pl.DataFrame:
    """A row a call; all null where no consent was given.

    brief: how the list is read.

    Returns:
        `proof` (`with` or `without`) and `wording` (perhaps empty); `shared` and `origin`, hashes of the proof and the
        address, and `minute`, when it was given as the list writes it (from 1970), null where the list does not say.
    """
    names = _NAMES | {"day": ("consenton", *map(folded, brief.named("consent_on")))}
    texts = pl.DataFrame([_text(calls.carried, known).alias(ours) for ours, known in names.items()])

    def read(wording: str | None, day: str | None) -> tuple[str, int | None]:
        at = read_moment(day, brief.dates) if day else None
        since = at.replace(tzinfo=None) - datetime(1970, 1, 1) if isinstance(at, datetime) else None
        return without_numbers(wording or ""), None if since is None else int(since.total_seconds() // 60)

    told = pl.when(pl.col("proof").is_null()).then(pl.lit("without")).otherwise(pl.lit("with"))
    words = texts.select(
        told.alias("proof"),
        *(pl.when(pl.col(of).is_not_null()).then(pl.col(of).hash()).alias(name) for name, of in _HASHED.items()),
    ).hstack(each_distinct(texts.select("wording", "day"), read, _SCHEMA))
    given = calls.facts("consent")["consent"].is_in(GIVEN)
    return words.select(pl.when(pl.lit(given)).then(pl.all()))


def _text(carried: pl.DataFrame, names: tuple[str, ...]) -> pl.Series:
    """The cells of the first column that has one of some names, null where there is none."""
    for name in carried.columns:
        if folded(name) in names:
            return carried.select(text_of(carried[name])).to_series()
    return pl.repeat(None, carried.height, dtype=pl.String, eager=True)
