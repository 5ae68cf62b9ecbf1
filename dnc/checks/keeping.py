"""How long the law asks to keep consents and their proof, and until when those of some numbers."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date
from typing import NamedTuple

import polars as pl

from dnc.clock import NEVER, today
from dnc.database import instance_of
from dnc.law.regimes import Pack, Regime
from dnc.law.rulebook import Rulebook
from dnc.numbers.numbering_plans import kind_of
from dnc.store.record_kinds import CALLS, CONSENTS
from dnc.store.store import Store


class Kept(NamedTuple):
    """The consents of some numbers that a regime asks to keep.

    until: the last day on which one of them is kept.
    """

    regime: Regime
    numbers: set[int]
    until: date


def periods(book: Rulebook) -> Iterator[tuple[Pack, Regime]]:
    """The regimes in force today that say for how long consents are kept."""
    for pack in book.packs.values():
        yield from ((pack, regime) for regime in pack.on(today()) if regime.keep_months)


def kept_by_law(store: Store, numbers: Collection[int], book: Rulebook) -> list[Kept]:
    """What the law asks to keep of some numbers (E.164), by regime; nothing where all of it may be erased.

    A period is counted from the last of the giving, the withdrawal, and the calls that were made on the consent. Raises
    StoreError if the store cannot be read.
    """
    last = _last_days(store, numbers)
    last = last.with_columns(
        territory=pl.Series([kind_of(number).territory for number in last["number"]], dtype=pl.String)
    )
    kept = []
    for pack, regime in periods(book):
        theirs = last.filter(pl.col("territory").is_in(list(pack.territories)))
        ends = dict(theirs.select("number", pl.col("day").dt.offset_by(f"{regime.keep_months}mo")).iter_rows())
        if due := {number: until for number, until in ends.items() if until >= today()}:
            kept.append(Kept(regime, set(due), max(due.values())))
    return kept


def _last_days(store: Store, numbers: Collection[int]) -> pl.DataFrame:
    """`number` and `day`, the last that its consents speak of, or on which a call was made on one."""
    records, asked = store.standing().records, pl.Series("number", sorted(set(numbers)), pl.UInt64)
    with instance_of(store.path.absolute()).cursor() as con:
        consents = records[CONSENTS.name].find(con, CONSENTS.erasable, numbers=asked)
        calls = records[CALLS.name].find(con, "consent is not null", columns=["number", "at"], numbers=asked)
    withdrawn = pl.when(pl.col("consent_withdrawn_on") != NEVER).then("consent_withdrawn_on")
    told = pl.coalesce(pl.max_horizontal("consent_on", withdrawn), pl.col("recorded_at").dt.date())
    days = [consents.select("number", day=told), calls.select("number", day=pl.col("at").dt.date())]
    of_consents = pl.col("number").is_in(consents["number"].implode())
    return pl.concat(days).filter(of_consents).group_by("number").agg(pl.col("day").max())
