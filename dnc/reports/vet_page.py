"""The page of a vetting: what a list on offer is worth, for the person who decides about buying it."""

from __future__ import annotations

from typing import Any

from dnc.law.rulebook import Rulebook
from dnc.messages import counted, messages, percent, significant
from dnc.reports.page import Bar, Chart, rendered
from dnc.reports.phrases import question
from dnc.reports.vet_summary import asked_of_seller, head, lines, period, price, rows_of
from dnc.vetting.model import Share, Vetting

_IN_CHART = 27  # points of the curve: half a year of weeks


def html(vetting: Vetting, book: Rulebook, language: str = "en") -> str:
    """The page of a vetting, in English or French."""
    w, v = messages("page", language), messages("vet", language)
    sections = [
        ("asked", w["asked"]),
        ("outcome", w["outcome"]),
        ("agreement", v["agreement_head"]) if vetting.agreement else None,
        ("blocked", w["blocked"]),
        ("wanted", v["wanted_by"]),
        ("trade", v["trade_head"]),
        ("curve", v["curve_head"]),
        ("price", v["price_head"]),
        ("found", w["found"]),
        ("duties", w["duties"]),
        ("registries", w["registries"]),
        ("method", w["method"]),
    ]
    shown = [section for section in sections if section]
    return rendered("vet.html", language, vetting.offer.rows, shown, _values(vetting, book, language))


def _values(vetting: Vetting, book: Rulebook, language: str) -> dict[str, Any]:
    """The names that the template of a vetting uses."""
    v = messages("vet", language)
    regimes = {regime.id: regime for _, regime in book.regimes()}
    shares = [vetting.callable, vetting.lasting, *vetting.outcomes.values(), *(share for _, share in vetting.curve)]
    return {
        "v": v,
        "vetting": vetting,
        "offer": vetting.offer,
        "regimes": regimes,
        "bounded": any(share.low != share.high for share in shares),
        "outcomes": [(outcome, name, share) for (outcome, name), share in _shares(vetting, language).items()],
        "curve": [("", day, share) for day, share in vetting.curve],
        "lines": lines(vetting, language),
        "duties": [(regimes[id_], rows) for id_, rows in vetting.duties.items()],
        "wanted": [
            (v["wanted_of"][by], [(one, question(one.word, language)) for one in vetting.wanted if one.by == by])
            for by in ("seller", "buyer", "rules")
        ],
        "asked_of_seller": [asked_of_seller(missing, language) for missing in vetting.offer.trade.missing],
        "price": price(vetting.price, language) if vetting.price else "",
        "found": lambda found: v["never"] if found is None else significant(language, 4)(found),
        "charts": {"outcome": _outcome_chart(vetting, language), "curve": _curve_chart(vetting, language)},
        "span": lambda pair: "–".join(dict.fromkeys(map(percent(language), pair))),
        "rows_of": lambda share: rows_of(share, vetting, language),
        "asked": significant(language, 6),
        "per_cent": percent(language, 0),
        "head": head(vetting, language),
        "period": period(vetting, language),
    }


def _shares(vetting: Vetting, language: str) -> dict[tuple[str, str], Share]:
    """The shares by (outcome, name); after the clear rows, those that are clear for the whole period."""
    outcomes = messages("common", language)["outcomes"]
    named = {(outcome, outcomes[outcome]): share for outcome, share in vetting.outcomes.items()}
    if not vetting.offer.until:
        return named
    clear, *others = named.items()
    return dict([clear, (("clear", messages("vet", language)["lasting"]), vetting.lasting), *others])


def _outcome_chart(vetting: Vetting, language: str) -> Chart:
    w, outcomes = messages("page", language), messages("common", language)["outcomes"]
    count, per_cent = counted(language), percent(language)
    counts = {outcome: count(share.rows) for outcome, share in vetting.outcomes.items()}
    bars = [
        Bar(f"{outcomes[outcome]} {counts[outcome]} ({per_cent(share.share)})", share.rows, outcome)
        for outcome, share in vetting.outcomes.items()
    ]
    says = w["chart_outcome_says"].format(**counts, rows=count(vetting.offer.rows))
    return Chart("chart-outcome", w["chart_outcome"], says, bars)


def _curve_chart(vetting: Vetting, language: str) -> Chart:
    v, count = messages("vet", language), counted(language)
    curve = vetting.curve[:_IN_CHART]
    bars = [Bar(f"{day} {count(share.rows)}", share.rows, "clear") for day, share in curve]
    (day, first), (end, last) = curve[0], curve[-1]
    says = v["chart_curve_says"].format(first=count(first.rows), day=day, last=count(last.rows), end=end)
    return Chart("chart-curve", v["chart_curve"], says, bars)
