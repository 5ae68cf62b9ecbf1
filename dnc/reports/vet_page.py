"""The page of a vetting: what a list on offer comes to, for who decides about buying it; made of counts alone."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from dnc.checks.verdict import OUTCOMES
from dnc.law.rulebook import Rulebook
from dnc.reports.charts import Bar, bars
from dnc.reports.check_page import COLOURS, rendered
from dnc.reports.check_summary import question
from dnc.reports.messages import counted, percent, words
from dnc.vetting.model import Price, Share, Vetting, Wanted

_IN_CHART = 27  # points of the curve: half a year of weeks


def html(vetting: Vetting, book: Rulebook, language: str = "en") -> str:
    """The page of a vetting, in English or French."""
    w, v = words(language), words(language, "vet")
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
    told = _shown(vetting, book, language, v)
    return rendered("vet.html", language, vetting.offer.rows, [one for one in sections if one], told)


def _shown(vetting: Vetting, book: Rulebook, language: str, v: dict[str, Any]) -> dict[str, Any]:
    """What the template of a vetting names."""
    w = words(language)
    regimes = {regime.id: regime for _, regime in book.regimes()}
    shares = [vetting.callable, vetting.lasting, *vetting.outcomes.values(), *(share for _, share in vetting.curve)]
    return {
        "v": v,
        "vetting": vetting,
        "offer": vetting.offer,
        "regimes": regimes,
        "bounded": any(share.low != share.high for share in shares),
        "outcomes": [(outcome, name, share) for (outcome, name), share in _shares(vetting, v).items()],
        "curve": [("", day, share) for day, share in vetting.curve],
        "lines": {w["lines"].get(word, w["unknown"]): rows for word, rows in vetting.lines.items()},
        "duties": [(regimes[id_], rows) for id_, rows in vetting.duties.items()],
        "wanted": [
            (v["wanted_of"][by], [_wish(one, language) for one in vetting.wanted if one.by == by])
            for by in ("seller", "buyer", "rules")
        ],
        "asked_of_seller": [
            v["objections"] if word == "registry:own" else question(word, language)
            for word in vetting.offer.trade.missing
        ],
        "price": _price(vetting.price, v) if vetting.price else "",
        "found": lambda found: v["never"] if found is None else f"{found:.4g}",
        "charts": {"outcome": _outcome_chart(vetting, language), "curve": _curve_chart(vetting, v, language)},
        "span": lambda pair: "–".join(dict.fromkeys(map(percent(language), pair))),
        "rows_of": lambda share: _rows(share, vetting, language),
    }


def _shares(vetting: Vetting, v: dict[str, Any]) -> dict[tuple[str, str], Share]:
    """The shares of the outcome by (class, name); those that are clear for the period beside the clear."""
    named = {(outcome, v["outcomes"][outcome]): share for outcome, share in vetting.outcomes.items()}
    if not vetting.offer.until:
        return named
    clear, *others = named.items()
    return dict([clear, (("clear", v["lasting"]), vetting.lasting), *others])


def _wish(one: Wanted, language: str) -> tuple[Wanted, str]:
    return one, question(one.word, language)


def _rows(share: Share, vetting: Vetting, language: str) -> str:
    """Rows of the file, or the least and the most there may be in a sealed result."""
    count = counted(language)
    if vetting.offer.sample_of is not None or share.low == share.high:
        return count(share.rows)
    return f"{count(round(share.low * vetting.offer.rows))}–{count(round(share.high * vetting.offer.rows))}"


def _price(price: Price, v: dict[str, Any]) -> str:
    each = v["never"] if price.per_clear is None else f"{price.per_clear:,.4f}"
    return str(v["price"].format(asked=price.asked, each=each))


def _outcome_chart(vetting: Vetting, language: str) -> Markup:
    w, count, share_text = words(language), counted(language), percent(language)
    rows = [
        Bar(f"{w['outcomes'][one]} {count(share.rows)} ({share_text(share.share)})", share.rows, COLOURS[one])
        for one, share in ((one, vetting.outcomes[one]) for one in OUTCOMES)
    ]
    told = {one: count(share.rows) for one, share in vetting.outcomes.items()} | {"rows": count(vetting.offer.rows)}
    return Markup(bars("chart-outcome", w["chart_outcome"], w["chart_outcome_says"].format(**told), rows, count))  # noqa: S704 (made by us, names escaped)


def _curve_chart(vetting: Vetting, v: dict[str, Any], language: str) -> Markup:
    count = counted(language)
    curve = vetting.curve[:_IN_CHART]
    rows = [Bar(f"{day} {count(share.rows)}", share.rows, COLOURS["clear"]) for day, share in curve]
    (day, first), (end, last) = curve[0], curve[-1]
    told = {"first": count(first.rows), "day": day, "last": count(last.rows), "end": end}
    return Markup(bars("chart-curve", v["chart_curve"], v["chart_curve_says"].format(**told), rows, count))  # noqa: S704 (days and our own words)
