"""What pages, the spreadsheet and a vetting say, in English and French: words, numbers, shares, and counts ranked."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any

from dnc.checks.result import Check
from dnc.law.regimes import Regime
from dnc.law.rulebook import Rulebook
from dnc.law.vocabulary import vocabulary
from dnc.store.audit_log import user


@cache
def words(language: str, of: str = "words") -> dict[str, Any]:
    """The words of a language, `en` or `fr`: of a check, or of a vetting (`vet`)."""
    text = files("dnc.reports").joinpath("templates", f"{of}.toml").read_text(encoding="utf-8")
    return dict(tomllib.loads(text)[language])


def counted(language: str) -> Callable[[int], str]:
    """Writes numbers with the thousands apart."""
    return lambda count: f"{count:,}" if language == "en" else f"{count:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def percent(language: str) -> Callable[[float], str]:
    """Writes shares in per cent."""

    def share(one: float) -> str:
        text = f"{100 * one:.1f}"
        return f"{text}%" if language == "en" else text.replace(".", ",") + "\N{NO-BREAK SPACE}%"

    return share


def share_of(rows: int, language: str) -> Callable[[int], str]:
    """Writes counts as a share of rows, in per cent."""
    return lambda count: percent(language)(count / rows if rows else 0)


def ranked(book: Rulebook, rows: Counter[str]) -> list[tuple[Regime, int]]:
    """Regimes with their rows, most first."""
    by_id = {regime.id: regime for _, regime in book.regimes()}
    return [(by_id[id_], count) for id_, count in sorted(rows.items(), key=lambda one: (-one[1], one[0]))]


def planned(check: Check) -> str:
    """The days for which a list is planned, and how many calls tell none that can be read or one that is past."""
    w = words(check.language)
    days = sorted(day for day, _ in check.tallies.days if day)
    said = []
    if days:
        span = w["planned_one" if days[0] == days[-1] else "planned_span"]
        said.append(span.format(first=days[0], last=days[-1]))
    if undated := sum(rows for (day, _), rows in check.tallies.days.items() if day is None):
        said.append(w["planned_unread"].format(count=counted(check.language)(undated)))
    if check.past:
        said.append(w["planned_past"].format(count=counted(check.language)(check.past)))
    return "; ".join(said)


def declared(check: Check) -> list[dict[str, str]]:
    """Each fact that was declared for all rows: `name`, `value`, what it `means`, and `by` whom."""
    w = words(check.language)
    brief, columns = str(check.record.get("brief") or "")[:12], vocabulary().columns
    return [
        {
            "name": name,
            # The caller's number is a telephone number too.
            "value": w["hidden"] if name == "cli" else value,
            "means": columns[name]["says_fr" if check.language == "fr" else "says"],
            "by": w["by_command" if name in check.beside else "by_brief"].format(by=user(), brief=brief),
        }
        for name, value in check.declared.items()
    ]
