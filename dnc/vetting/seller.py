"""Whether the seller may hand the list over, decided by the same rules as calls.

It is one act for the whole file: one row that may not be handed over forbids it,
so the outcome of the file is that of its worst row. How the buyer would call (voice,
hours, consents) does not matter, and neither do objections that the buyer received:
only the seller can say who objected to the seller.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from dnc.clock import NEVER
from dnc.law.demands import FACTS
from dnc.law.rulebook import Rulebook
from dnc.law.vocabulary import VERDICT, vocabulary
from dnc.lists.calls import Calls
from dnc.store.store import Standing
from dnc.verdicts.judge import Judge, Verdicts
from dnc.verdicts.screening import Screen
from dnc.verdicts.verdict import Policy
from dnc.vetting.cells import FEW

_LIST_FACTS: tuple[str, ...] = ("recipient", "line", "source", "sector", "place", "plan_place", "polls", "day")
_LIST_FACTS += ("territory", "jurisdiction", "unread", "doubt", "texts")
_ACT = {"caller": "list_seller", "purpose": "list_trade", "timed": False, "odd": "", "elsewhere": "", "lacks": ""}
_ACT |= dict.fromkeys(("consent_withdrawn_on", "refused_on"), NEVER)


class Trade:
    """Collects the distinct cases of the rows of a check while it runs, and decides them as handed over by a seller."""

    def __init__(self, book: Rulebook, standing: Standing, policy: Policy) -> None:
        others = tuple(snapshot for snapshot in standing.snapshots if not snapshot.is_own)
        self._book, self._policy = book, policy
        self._standing = replace(standing, snapshots=others, objections=standing.objections.clear())
        self._registries = [id_.replace("-", "_") for id_ in book.registries() if self._standing.of(id_)]
        self._cases: pl.DataFrame | None = None
        self._schema = pl.Schema()

    def add(self, calls: Calls, verdicts: Verdicts) -> None:
        """Add a batch of a check."""
        answers = [f"{registry}{suffix}" for registry in self._registries for suffix in ("", "_as_of")]
        keys = [*_LIST_FACTS, *answers]
        case, cases = verdicts.facts.rows(keys)
        met = (
            pl.select(case=case[verdicts.fact], number=calls.number)
            .group_by("case", maintain_order=True)
            .agg(pl.col("number").first(), rows=pl.len().cast(pl.Int64), persons=_few(pl.col("number")))
        )
        new = cases.select(keys)[met["case"]].hstack(met.select("number", "rows", "persons"))
        cases = new if self._cases is None else pl.concat([self._cases, new])
        # One number is kept for each case. Any will do: what the registries say of it is part of the case.
        self._cases = cases.group_by(keys, maintain_order=True).agg(
            pl.col("number").first(), pl.col("rows").sum(), _few(pl.col("persons").list.explode())
        )
        self._schema = calls.plans.schema

    def verdicts(self) -> pl.DataFrame:
        """The verdict of each case.

        Returns:
            The columns of `dnc.law.vocabulary.VERDICT`; `rows`, how many have it; `persons`, ten numbers at most.
        """
        if self._cases is None:
            return pl.DataFrame(schema=VERDICT | {"rows": pl.Int64, "persons": pl.List(pl.UInt64)})
        registries = self._book.registries()
        with Screen(self._standing, registries) as screen, Judge(self._book, screen, self._policy) as judge:
            return judge.verdicts(self._acts(self._cases)).rows.with_columns(self._cases.select("rows", "persons"))

    def _acts(self, cases: pl.DataFrame) -> Calls:
        """Each case as a call planned by the seller: the facts of the list, and nothing of the calls of the buyer."""
        wanted = (*_LIST_FACTS, *FACTS, *vocabulary().axes, "odd", "elsewhere", "lacks")
        plans = cases.select(
            name if name in _LIST_FACTS else pl.lit(_ACT.get(name), self._schema[name]).alias(name)
            for name in dict.fromkeys(wanted)
        )
        return Calls(cases.clear(), cases["number"], pl.arange(0, cases.height, dtype=pl.UInt32, eager=True), plans)


def _few(numbers: pl.Expr) -> pl.Expr:
    """Distinct numbers of a group, at most as many as make it large enough to be published."""
    return numbers.drop_nulls().unique(maintain_order=True).head(FEW)
