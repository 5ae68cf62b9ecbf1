"""The page of the law, for a lawyer who compares each rule with its source and signs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import partial
from typing import NamedTuple

from dnc.law.regimes import GRADES, Pack, Regime
from dnc.messages import counted, in_language, messages, said
from dnc.reports.page import rendered
from dnc.reports.phrases import in_force, why_open

# The headings, in the order in which a lawyer asks, and those of what a rule asks for where it is about nobody special.
_ORDER = ("scope", "consent", "hours", "frequency", "numbers", "automated", "information", "sectors", "political")
_OF_DEMAND = dict.fromkeys(("hours", "silence"), "hours") | dict.fromkeys(("max_attempts", "pause"), "frequency")
_OF_DEMAND |= {"cli": "numbers", "duty": "information"}
_FEW = 30  # rules, of which many may well rest on one source


class Row(NamedTuple):
    """One regime in words.

    dates: the days on which it is in force. start, days: their place, in days, on a timeline of those that the file was
    reviewed for. when, unless: its conditions, and those of each exception. kind, demand: what it asks for, or why no
    fact decides it.
    """

    regime: Regime
    dates: str
    start: int
    days: int
    when: list[str]
    unless: list[list[str]]
    kind: str
    demand: str


def html(
    chosen: Sequence[tuple[Pack, Iterable[Regime]]],
    language: str = "en",
    on: date | None = None,
) -> str:
    """The page that shows some regimes, the calendars that they ask, and what was not read.

    Args:
        chosen: packs, each with its regimes to show.
        on: the day on which all of them are in force; None if they are those of any day.
    """
    texts, say = messages("law", language), partial(said, language, "law")
    regimes = [regime for _, of_pack in chosen for regime in of_pack]
    packs = [pack for pack, _ in chosen]
    names = ", ".join(pack.name[language] for pack in packs) if len(packs) == 1 else texts["all"]
    values = {
        "title": say("title", name=names),
        "sentence": say("sentence", n=len(regimes), name=names),
        "facts": [
            f"{texts['how']} {texts['conditions']}",
            _graded(regimes, language),
            *_weak(regimes, language),
            *([say("only_on", day=on)] if on else []),
        ],
        "law_texts": texts,
        "made": texts["made"],
        "packs": [
            (
                pack,
                say("read", first=pack.read_from, last=pack.read_until),
                _sections(pack, of_pack, language),
                (pack.read_until - pack.read_from).days,
            )
            for pack, of_pack in chosen
        ],
    }
    return rendered("law.html", language, {pack.jurisdiction: pack.name[language] for pack in packs}, values)


def _sections(pack: Pack, regimes: Iterable[Regime], language: str) -> list[tuple[str, list[Row]]]:
    """The rules under the headings of `_ORDER`, by key; a heading without rules is left out."""
    rows: dict[str, list[Row]] = {key: [] for key in _ORDER}
    for regime in regimes:
        rows[_section(regime)].append(_row(pack, regime, language))
    return [(key, of_key) for key, of_key in rows.items() if of_key]


def _section(regime: Regime) -> str:
    """The heading under which a lawyer looks for a rule: whom it is about, else what it asks for."""
    words = {axis: named for part in regime.when if part.axis for axis, named in part.compares}
    if regime.is_scope:
        return "scope"
    if words.get("caller") == ("political",) or words.get("purpose") == ("vote",):
        return "political"
    if "sector" in words:
        return "sectors"
    if "human" not in words.get("voice", ("human",)):
        return "automated"
    return _OF_DEMAND.get(regime.demand, "consent")


def _weak(regimes: Sequence[Regime], language: str) -> Iterator[str]:
    """Whether most rules rest on less than the text of the law, and whether many rest on one source."""
    unsure = sum(regime.confidence != GRADES[-1] for regime in regimes)
    if 2 * unsure > len(regimes):
        yield said(language, "law", "unsure", n=unsure)
    [(text, n)] = Counter(cite.texts[language] for one in regimes for cite in one.cites).most_common(1) or [("", 0)]
    if 5 * n > len(regimes) and len(regimes) > _FEW:
        yield said(language, "law", "one_source", n=n, text=text)


def _graded(regimes: Iterable[Regime], language: str) -> str:
    """How many rules there are of each confidence, and how many are open."""
    common, count = messages("common", language), counted(language)
    grades = Counter(regime.confidence for regime in regimes)
    graded = [f"{common['grades'][grade]} {count(grades[grade])}" for grade in reversed(GRADES) if grades[grade]]
    open_ = Counter(why_open(regime, language) for regime in regimes if regime.is_open)
    opened = [f"{count(n)} ({why})" for why, n in sorted(open_.items())] or [common["none"]]
    return said(language, "law", "counts", grades=", ".join(graded), open=", ".join(opened))


def _row(pack: Pack, regime: Regime, language: str) -> Row:
    texts = messages("law", language)
    start, end = max(regime.first, pack.read_from), min(regime.until, pack.read_until)
    clauses = [[in_language(part.says, language) for part in clause] for clause in (regime.when, *regime.exceptions)]
    when, *unless = clauses
    demand = in_language(regime.demanded.says, language)
    if regime.is_scope:
        kind, demand = texts["open"], texts["beyond"]
    elif regime.is_open:
        kind, demand = texts["open"], f"{demand} ({why_open(regime, language)})"
    else:
        kind = texts["duty" if regime.demand == "duty" else "asks"]
    starts, ends = regime.first > date.min, regime.until < date.max
    dates = in_force(regime, language, starts=starts, ends=ends) if starts or ends else texts["undated"]
    place = (start - pack.read_from).days, (end - start).days
    return Row(regime, dates, *place, when or [texts["always"]], unless, kind, demand)
