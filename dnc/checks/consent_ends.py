"""When consents end, as agreed or by the law of the country of the number, and how long the law asks to keep them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

import polars as pl

from dnc.checks.settings import Settings
from dnc.clock import NEVER, today
from dnc.database import instance_of, run
from dnc.files.table import table_of_frame
from dnc.law.regimes import Pack, Regime
from dnc.law.rulebook import Rulebook
from dnc.lists.own_list import on_own_list
from dnc.numbers.numbering_plans import kind_of
from dnc.store.record_kinds import CONSENTS, GIVEN
from dnc.store.records import used_since, uses
from dnc.store.store import Store

_KNOWN = {"consent_on", "consent_until"}


def consents_in_force(store: Store, book: Rulebook, ending: int | None = None) -> pl.DataFrame:
    """The consents that count today, those that end first before the others; not of people on the own opt-out list.

    Args:
        store: must exist. book: the law.
        ending: only those that end within so many days from today.
    Returns:
        `number` and `statement` (text), `consent`, `consent_on`, `wording`, `ends_on` (Date: the earliest of what was
        agreed, of the term of the wording, and of the ends that regimes in force today set; null where there is none),
        `days_left`.
    Raises:
        StoreError: there is no store, or it cannot be read.
    """
    store.must_exist()
    records = store.standing().records[CONSENTS.name]
    with instance_of(store.path.absolute()).cursor() as con:
        numbers = records.find(con, columns=["number"])["number"].unique().sort()
    found = consents_today(store, numbers, book)
    rows = _with_ends(found.filter(pl.col("consent").is_in(GIVEN) & (pl.col("consent_withdrawn_on") == NEVER)), book)
    rows = rows.filter((pl.col("ends_on") >= today()).fill_null(True))
    rows = rows.filter(~pl.col("number").is_in(on_own_list(store, set(rows["number"]))))
    rows = rows.with_columns(days_left=(pl.col("ends_on") - pl.lit(today())).dt.total_days())
    if ending is not None:
        rows = rows.filter(pl.col("days_left") <= ending)
    names = pl.format("+{}", "number").alias("number"), pl.format("consents:{}", "seq").alias("statement")
    shown = ("consent", "consent_on", "wording", "ends_on", "days_left")
    return rows.sort("ends_on", "seq", nulls_last=True).select(*names, *shown)


def consents_today(store: Store, numbers: pl.Series, book: Rulebook) -> pl.DataFrame:
    """What own consents amount to for calls of today to some numbers (UInt64), as a check says.

    Returns `number`, `seq` (of the newest statement that counts), `consent`, `consent_on`, `consent_until`, `wording`
    and `consent_withdrawn_on`; nothing of numbers without a statement.
    """
    columns = ("consent", "consent_on", "consent_until", "wording", "consent_withdrawn_on")
    setup = Settings(rulebook=book).read(store)
    texts = numbers.to_frame("number").select(pl.format("+{}", "number").alias("number"))
    table = table_of_frame(Path("consents"), texts)
    parts = [pl.DataFrame(schema={"number": pl.UInt64, "seq": pl.Int64})]
    with setup.judge(store.standing()) as (_, completion):
        for batch in setup.intake(table).batches():
            calls = completion.completed(batch)
            if calls.statement is not None:
                parts.append(calls.facts(*columns).with_columns(calls.statement.alias("seq")).drop_nulls("seq"))
    return pl.concat(parts, how="diagonal")


def _with_ends(given: pl.DataFrame, book: Rulebook) -> pl.DataFrame:
    """Consents with `ends_on`."""
    parts = []
    for (territory,), rows in _with_territory(given).group_by("territory", maintain_order=True):
        pack = book.pack_of(str(territory))
        regimes = pack.on(today()) if pack else []
        ends = {end for regime in regimes for end in regime.demanded.ends if end.columns and end.columns <= _KNOWN}
        earliest = ", ".join(f"({end})::date" for end in sorted({*ends, "consent_until"}))
        sql = f"select seq, least({earliest}) as ends_on from consents"
        parts.append(run(book.evaluator.cursor(), "ends", sql, consents=rows.select("seq", *sorted(_KNOWN))))
    if not parts:
        return given.with_columns(ends_on=pl.lit(None, pl.Date))
    return given.join(pl.concat(parts), on="seq", how="left", maintain_order="left")


def _with_territory(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows about numbers with the `territory` of each."""
    territories = [kind_of(number).territory for number in rows["number"]]
    return rows.with_columns(pl.Series("territory", territories, dtype=pl.String))


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


def kept_by_law(store: Store, numbers: Collection[int] | None, book: Rulebook) -> list[Kept]:
    """What the law asks to keep of some numbers (E.164) or all, by regime; nothing where all of it may be erased.

    A period is counted from the last of the giving, the withdrawal, and the calls that were made on the consent. Raises
    StoreError if the store cannot be read.
    """
    last = _with_territory(_last_days(store, numbers))
    kept = []
    for pack, regime in periods(book):
        theirs = last.filter(pl.col("territory").is_in(list(pack.territories)))
        ends = dict(theirs.select("number", pl.col("day").dt.offset_by(f"{regime.keep_months}mo")).iter_rows())
        if due := {number: until for number, until in ends.items() if until >= today()}:
            kept.append(Kept(regime, set(due), max(due.values())))
    return kept


def consents_due(store: Store, book: Rulebook, before: date) -> int:
    """How many consents speak of no day from `before` on, were not used since, and need not be kept by law.

    Raises StoreError if the store cannot be read.
    """
    records = store.standing().records
    with instance_of(store.path.absolute()).cursor() as con:
        is_old = f"{CONSENTS.erasable} and {CONSENTS.day} < $before"
        old = records[CONSENTS.name].find(con, is_old, {"before": before}, ["seq", "number"])
        used = used_since(con, records, before)
    old = old.filter(~pl.col("seq").is_in(used.implode()))
    kept = kept_by_law(store, old["number"].unique().to_list(), book)
    theirs = set[int]().union(*(one.numbers for one in kept))
    return old.filter(~pl.col("number").is_in(theirs)).height


def _last_days(store: Store, numbers: Collection[int] | None) -> pl.DataFrame:
    """`number` and `day`, the last that its consents speak of, or on which a call was made on one."""
    records = store.standing().records
    asked = None if numbers is None else pl.Series("number", sorted(set(numbers)), pl.UInt64)
    with instance_of(store.path.absolute()).cursor() as con:
        consents = records[CONSENTS.name].find(con, CONSENTS.erasable, numbers=asked)
        made = uses(records, asked)
        calls = run(con, "records", f'select number, "at" {made.sql}', made.params, **made.frames)
    withdrawn = pl.when(pl.col("consent_withdrawn_on") != NEVER).then("consent_withdrawn_on")
    told = pl.coalesce(pl.max_horizontal("consent_on", withdrawn), pl.col("recorded_at").dt.date())
    days = [consents.select("number", day=told), calls.select("number", day=pl.col("at").dt.date())]
    of_consents = pl.col("number").is_in(consents["number"].implode())
    return pl.concat(days).filter(of_consents).group_by("number").agg(pl.col("day").max())
