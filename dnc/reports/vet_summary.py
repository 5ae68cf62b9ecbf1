"""What vetting a list came to, in words for the person who thinks of buying it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dnc.reports.check_summary import question
from dnc.reports.messages import words as words_of
from dnc.vetting.model import Agreement, Condition, Price, Share, Traded, Vetting, Wanted

_MARGIN = " " * 13


def summary(vetting: Vetting, language: str = "en") -> Iterator[str]:
    """Lines for a person: the outcome, what it costs and lacks, the list itself, price and gate."""
    words = words_of(language, "vet")
    yield from _head(vetting, words)
    if vetting.agreement:
        yield from _agreement(vetting.agreement, words)
    yield from _costs(vetting, words, language)
    for by in ("seller", "buyer", "rules"):
        if wanted := [one for one in vetting.wanted if one.by == by]:
            yield words["wanted_of"][by]
            for one in wanted:
                yield from _wanted(one, words, language)
    if vetting.unclear:
        yield words["unclear"].format(rows=vetting.unclear)
    yield from _trade(vetting.offer.trade, vetting, words, language)
    yield from _list(vetting, words)
    if vetting.price:
        yield _price(vetting.price, words)
    yield from (_condition(one, words) for one in vetting.gate)
    yield words["cites"]
    for id_, said in vetting.regimes.items():
        yield f"  {id_}: " + "; ".join(f"{cite['text']} {cite['url']}".strip() for cite in said["cites"])


def _head(vetting: Vetting, words: Mapping[str, Any]) -> Iterator[str]:
    offer = vetting.offer
    period = words["period" if offer.until else "day"].format(first=offer.first, until=offer.until)
    yield words["head"].format(file=offer.file, rows=offer.rows, period=period, id=offer.check)
    if offer.sealed:
        yield words["sealed"].format(version=offer.version)
    if offer.sample_of is not None:
        yield words["sample"].format(of=offer.sample_of, confidence=offer.confidence)
    if offer.told["declared"]:
        facts = ", ".join(f"{name}={fact}" for name, fact in offer.told["declared"].items())
        yield words["declared"].format(facts=facts)
    for outcome, share in vetting.outcomes.items():
        yield f"  {_share(share, words)}  {words['outcomes'][outcome]}"
        if outcome == "clear" and offer.until:
            yield f"  {_share(vetting.lasting, words)}  {words['lasting']}"


def _share(share: Share, words: Mapping[str, Any]) -> str:
    return f"{share.rows:>9,}  {share.share:>6.1%}{_span(share.low, share.high, words)}"


def _span(low: float, high: float, words: Mapping[str, Any]) -> str:
    return "" if low == high else words["span"].format(low=f"{low:.2%}", high=f"{high:.2%}")


def _span_of_rows(share: Share, vetting: Vetting) -> str:
    """Rows of the file, or the least and the most there may be in a sealed result."""
    if vetting.offer.sample_of is not None or share.low == share.high:
        return f"{share.rows:,}"
    return f"{share.low * vetting.offer.rows:,.0f}–{share.high * vetting.offer.rows:,.0f}"


def _costs(vetting: Vetting, words: Mapping[str, Any], language: str) -> Iterator[str]:
    if vetting.costs:
        yield words["costs"]
    for one in vetting.costs:
        yield f"  {one.alone:>9,}  {one.shared:>9,}  {_says(one.regime, vetting, language)}"


def _says(regime: str, vetting: Vetting, language: str) -> str:
    return f"{regime}: {vetting.regimes[regime]['says'][language]}"


def _wanted(one: Wanted, words: Mapping[str, Any], language: str) -> Iterator[str]:
    yield f"  {one.rows:>9,}  {words['kinds'][one.kind]}: {question(one.word, language)}"
    if one.asks:
        yield _MARGIN + words["asks"].format(asks="; ".join(one.asks))
    if one.regimes:
        yield _MARGIN + words["by"].format(regimes=", ".join(one.regimes))


def _trade(trade: Traded, vetting: Vetting, words: Mapping[str, Any], language: str) -> Iterator[str]:
    yield words["trade"].format(outcome=words["outcomes"][trade.outcome])
    deciding = {"blocked": trade.blocked_by, "undecided": trade.undecided_by}.get(trade.outcome, {})
    for id_, rows in deciding.items():
        yield f"  {f'{rows:,}' if rows else '':>9}  {_says(id_, vetting, language)}"
    if trade.outcome == "undecided":
        for word in trade.missing:
            yield _MARGIN + (words["objections"] if word == "registry:own" else question(word, language))


def _list(vetting: Vetting, words: Mapping[str, Any]) -> Iterator[str]:
    repeated, unreadable = (_span_of_rows(one, vetting) for one in (vetting.repeated, vetting.unreadable))
    yield words["numbers"].format(repeated=repeated, unreadable=unreadable)
    yield from (words["held"].format(n=n, file=file) for file, n in vetting.offer.held.items())
    yield words["callable"].format(rows=_share(vetting.callable, words).strip())
    for name, counts in (
        ("lines", vetting.lines),
        ("territories", vetting.territories),
        ("consents", vetting.consents),
    ):
        if counts:
            yield words[name].format(_counts(counts))
    for registry, bands in vetting.answers.items():
        yield words["answers"].format(registry=registry, bands=_counts(bands))
    if vetting.outcomes["clear"].rows:
        shares = (f"{day} {share.share:.1%}{_span(share.low, share.high, words)}" for day, share in vetting.curve)
        yield words["curve"].format(", ".join(shares))
    if vetting.duties:
        yield words["duties"].format(", ".join(sorted(vetting.duties)))
    yield from (words[name].format(_counts(told)) for name in ("untold", "loose") if (told := getattr(vetting, name)))


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{word} {rows:,}" for word, rows in counts.items())


def _price(price: Price, words: Mapping[str, Any]) -> str:
    each, low, high = (
        words["never"] if one is None else f"{one:,.4f}" for one in (price.per_clear, price.low, price.high)
    )
    span = "" if low == high else words["span"].format(low=low, high=high)
    return str(words["price"].format(asked=price.asked, each=each + span))


def _condition(one: Condition, words: Mapping[str, Any]) -> str:
    found = words["never"] if one.found is None else f"{one.found:.4g}"
    name, holds = words["gate"][one.name], words["holds"][str(one.holds).lower()]
    return str(words["condition"].format(name=name, asked=one.asked, found=found, holds=holds))


def _agreement(agreement: Agreement, words: Mapping[str, Any]) -> Iterator[str]:
    yield words["agreement"][str(agreement.consistent).lower()].format(confidence=agreement.confidence)
    for one in agreement.claims:
        if one.column == "outcome" or not one.holds:
            claimed, bounds = (f"{low:.2%}–{high:.2%}" for low, high in (one.claimed, one.bounds))
            if one.claimed[0] == one.claimed[1]:
                claimed = f"{one.claimed[0]:.2%}"
            word = words["outcomes"].get(one.word, one.word) or "–"
            line = words["claim"].format(column=one.column, word=word, claimed=claimed, bounds=bounds)
            yield f"  {'' if one.holds else '! '}{line}"
