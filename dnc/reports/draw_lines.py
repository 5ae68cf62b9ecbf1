"""Draws in words: what a draw can show, what was drawn, and what the proofs say of the whole list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import floor

from dnc.messages import counted, messages, percent
from dnc.vetting.draws import DrawMade, DrawPlan
from dnc.vetting.model import Proved


def plan_lines(plan: DrawPlan, confidence: float, language: str) -> Iterator[str]:
    """What a draw can show, at a confidence."""
    texts, count, per_cent = messages("vet", language), counted(language), percent(language)
    certain = percent(language, 0)(confidence)
    most = _at_least(plan.most, language)
    yield texts["plan_most"].format(size=count(plan.size), rows=count(plan.rows), most=most, confidence=certain)
    asked, good, passes = map(per_cent, (plan.asked, plan.good, plan.passes))
    needed = "plan_none" if plan.needed is None else "plan_needed"
    yield texts[needed].format(asked=asked, needed=plan.needed, good=good, passes=passes)


def made_lines(made: DrawMade, language: str) -> Iterator[str]:
    """What was drawn, and the other draws of the same list."""
    count = counted(language)
    yield messages("vet", language)["draw_made"].format(size=count(made.size), rows=count(made.rows), row=made.row)
    yield from others(made.others, language)


def proved_sentence(proved: Proved, language: str) -> str:
    """How much of the list is proved at least."""
    count = counted(language)
    return str(
        messages("vet", language)["proved"].format(
            confidence=percent(language, 0)(proved.confidence),
            share=_at_least(proved.share, language),
            proved=count(proved.proved),
            size=count(proved.size),
            draw=proved.draw,
        )
    )


def missed(proved: Proved, language: str) -> list[tuple[str, int]]:
    """Why proofs do not hold, in words, each with its number of rows."""
    texts = messages("vet", language)["missed"]
    return [(texts[test], rows) for test, rows in proved.missed.items()]


def others(rows: Sequence[int], language: str) -> Iterator[str]:
    """The line about other draws of the same list, if there are any."""
    if rows:
        yield messages("vet", language)["other_draws"].format(rows=", ".join(map(str, rows)))


def _at_least(share: float, language: str) -> str:
    """A lower bound in whole per cent, never rounded up."""
    return percent(language, 0)(floor(round(100 * share, 6)) / 100)
