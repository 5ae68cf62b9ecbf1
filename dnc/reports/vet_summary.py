"""The summary of a vetting: what `dnc vet` prints for the person who considers buying the list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from itertools import pairwise

import polars as pl

from dnc.law.vocabulary import vocabulary
from dnc.messages import counted, dated, in_language, messages, percent, registry_name, semicolons
from dnc.reports.check_summary import blocks_in_lines
from dnc.reports.decision import (
    Decision,
    Line,
    another_day,
    blocks,
    essential,
    forbidden,
    groups,
    heaviest,
    is_said_by_law,
    sentence,
    use,
)
from dnc.reports.draw_lines import missed, others, proved_sentence
from dnc.reports.phrases import condition, facts, few, labelled, money, question
from dnc.verdicts.verdict import missing_thing
from dnc.vetting.figures import OF_CONSENTS
from dnc.vetting.model import Agreement, Claim, Price, Proved, Share, Traded, Vetting, Wanted

_STEPS = 2  # things to ask for in one sentence
_POINTS = 6  # of the curve
_MARGIN = " " * 13  # the width of the counts in front of a list


def summary(vetting: Vetting, language: str = "en") -> Iterator[str]:
    """Lines for a person: the decision with price and conditions, what the list costs and lacks, the list itself."""
    texts = messages("vet", language)
    result = decision(vetting, language)
    yield result.sentence
    yield from result.facts
    yield from blocks_in_lines(result, language)
    yield from _head(vetting, language)
    if vetting.agreement:
        yield from _agreement(vetting.agreement, vetting, language)
    if vetting.proved:
        yield from _missed(vetting.proved, language)
    yield from _costs(vetting, language)
    told = set[str]()
    for by in ("seller", "buyer", "rules"):
        if wishes := [wish for wish in vetting.wanted if wish.by == by]:
            yield texts["wanted_of"][by]
            for wish in wishes:
                yield from _wanted(wish, told, vetting, language)
    if vetting.unclear:
        yield texts["unclear"].format(rows=counted(language)(vetting.unclear))
    yield from _trade(vetting.offer.trade, vetting, language)
    yield from _list(vetting, language)
    yield texts["cites"]
    for id_, regime in vetting.regimes.items():
        cites = semicolons((f"{cite['texts'][language]} {cite['url']}".strip() for cite in regime["cites"]), language)
        yield f"  {labelled(_titles([id_], vetting, language), cites, language)}"


def sealed_lines(vetting: Vetting, signer: str | None, language: str) -> Iterator[str]:
    """Lines for the seller of a list whose result was sealed: its salt, who signed, words that were not used."""
    texts, count = messages("vet", language), counted(language)
    if vetting.unnamed:
        label = vocabulary().label
        columns = ", ".join(f"{label(name, language)} ({count(n)})" for name, n in vetting.unnamed.items())
        yield texts["unnamed"].format(columns=columns)
    yield texts["signed" if signer else "unsigned"].format(key=signer)
    yield texts["salt"].format(salt=vetting.salt)


def decision(vetting: Vetting, language: str) -> Decision:
    """The decision that an offer asks for: conditions and price first."""
    counts = {outcome: share.rows for outcome, share in vetting.outcomes.items()}
    numbers = sentence(counts, language)
    verdict = " ".join(_offer(vetting, language))
    facts = [numbers] if verdict else []
    facts += [proved_sentence(vetting.proved, language)] if vetting.proved else []
    facts += [price(vetting.price, rows_of(vetting.callable, vetting, language), language)] if vetting.price else []
    facts += [_usable(vetting.proved, vetting.price, language)] if vetting.proved else []
    facts.append(use_of(vetting, language))
    check = vetting.checked
    rules = {cost.regime: check.book.regime(cost.regime) for cost in vetting.costs} if check else {}
    blocked = [
        forbidden(
            cost.regime,
            vetting.regimes[cost.regime]["title"][language],
            cost.alone + cost.shared,
            language,
            always=bool(rules) and rules[cost.regime].demand == "not_objected",
        )
        for cost in vetting.costs
        if not (check and is_said_by_law(check, rules[cost.regime]))
    ]
    missing = essential({wish.word: wish.rows for wish in vetting.wanted})
    by_limit = groups(replace(check, language=language)) if check else []  # a sealed result does not tell
    lines = {
        "when": [*by_limit, Line(_holds(vetting, language))],
        "why": heaviest(blocked, missing, vetting.unclear, _reasons(vetting), language),
        "next": _steps(vetting, language),
    }
    return Decision(verdict or numbers, facts, counts, blocks(language, counts, lines))


def use_of(vetting: Vetting, language: str) -> str:
    """One line: who calls, for what purpose, and when."""
    offer = vetting.offer
    days = period(vetting, language) if offer.until else dated(language)(offer.first)
    return use(offer.settings["declared"], days, language)


def _reasons(vetting: Vetting) -> dict[tuple[str, str], int]:
    """Rows that are not clear, by the joined rules that forbid them and what is missing."""
    rows = (
        vetting.cells.filter(pl.col("outcome") != "clear").group_by("blocked_by", "missing").agg(pl.col("rows").sum())
    )
    return {(rules or "", words or ""): n for rules, words, n in rows.iter_rows()}


def _offer(vetting: Vetting, language: str) -> Iterator[str]:
    texts = messages("vet", language)["offer"]
    if vetting.agreement and not vetting.agreement.consistent:
        yield texts["contradicted"]
    if vetting.gate:
        currency = vetting.price.currency if vetting.price else None
        met, missed = (
            [condition(one, language, currency) for one in vetting.gate if one.holds is holds]
            for holds in (True, False)
        )
        if missed:
            yield texts["shut"].format(conditions=semicolons(missed, language))
        if met:
            buyable = not missed and _may_be_bought(vetting)
            yield texts["open" if buyable else "met"].format(conditions=semicolons(met, language))


def _may_be_bought(vetting: Vetting) -> bool:
    """Whether nothing is known that speaks against buying the list."""
    return vetting.opens and bool(vetting.callable.high) and vetting.offer.trade.outcome != "blocked"


def _steps(vetting: Vetting, language: str) -> list[Line]:
    texts, trade = messages("vet", language)["step"], vetting.offer.trade.outcome
    clear, check = vetting.outcomes["clear"].rows, vetting.checked
    if not clear and check and (by_day := another_day(check).total()):
        first = texts["other_day"].format(day=dated(language)(vetting.offer.first), n=counted(language)(by_day))
    elif not _may_be_bought(vetting):
        ended = clear and not vetting.lasting.rows
        first = texts["refuse_all" if ended else "refuse"]
    elif vetting.gate:
        first = texts["buy"]
    else:
        first = texts["weigh"].format(rows=rows_of(vetting.callable, vetting, language))
    steps = [first]
    for by in ("seller", "buyer"):
        missing = [wish.word for wish in vetting.wanted if wish.by == by][:_STEPS]
        if missing:
            steps.append(texts[by].format(what=", ".join(missing_thing(column, language) for column in missing)))
    if trade != "clear":
        steps.append(texts[f"trade_{trade}"])
    return [Line(text) for text in steps]


def _holds(vetting: Vetting, language: str) -> str:
    texts, count, write, offer = messages("vet", language), counted(language), dated(language), vetting.offer
    if not offer.until:
        return str(texts["lasts_day"].format(start=write(offer.first)))
    if not vetting.outcomes["clear"].rows:
        return str(texts["lasts_none"].format(start=write(offer.first)))
    first, last = count(vetting.outcomes["clear"].rows), count(vetting.lasting.rows)
    return str(texts["lasts"].format(first=first, last=last, start=write(offer.first), until=write(offer.until)))


def _head(vetting: Vetting, language: str) -> Iterator[str]:
    texts, count, offer = messages("vet", language), counted(language), vetting.offer
    yield head(vetting, language)
    if (check := vetting.checked) and check.calls != check.rows:
        yield texts["each_number"].format(rows=count(check.rows), calls=count(check.calls))
    if offer.sealed:
        yield texts["sealed"].format(version=offer.version)
    if vetting.agreement or (offer.sealed and not vetting.salt):
        yield texts["signed" if vetting.signer else "unsigned"].format(key=vetting.signer)
    if offer.sample_of is not None:
        yield texts["sample"].format(of=count(offer.sample_of), confidence=percent(language, 0)(offer.confidence))
    if offer.settings["declared"]:
        yield messages("summary", language)["declared"].format(facts=facts(offer.settings["declared"], language))
    for outcome, share in vetting.outcomes.items():
        yield f"  {_share(share, language)}  {messages('common', language)['outcomes'][outcome]}"
        if outcome == "clear" and offer.until:
            yield f"  {_share(vetting.lasting, language)}  {texts['lasting']}"


def head(vetting: Vetting, language: str) -> str:
    """One line: file, rows, period and check."""
    text, offer, days = messages("vet", language)["head"], vetting.offer, period(vetting, language)
    return str(text.format(file=offer.file, rows=counted(language)(offer.rows), period=days, id=offer.check))


def period(vetting: Vetting, language: str) -> str:
    """The day or the days of the calls."""
    offer = vetting.offer
    day = dated(language)
    text = messages("vet", language)["period" if offer.until else "day"]
    return str(text.format(first=day(offer.first), until=day(offer.until or offer.first)))


def _share(share: Share, language: str) -> str:
    per_cent = percent(language)(share.share)
    return f"{counted(language)(share.rows):>9}  {per_cent:>6}{_span(share.low, share.high, language)}"


def _span(low: float, high: float, language: str) -> str:
    per_cent = percent(language, 2)
    return "" if low == high else messages("vet", language)["span"].format(low=per_cent(low), high=per_cent(high))


def rows_of(share: Share, vetting: Vetting, language: str) -> str:
    """Rows of the file; for a sealed result, the fewest and the most there can be."""
    count = counted(language)
    if vetting.offer.sample_of is not None or share.low == share.high:
        return count(share.rows)
    return f"{count(share.low * vetting.offer.rows)}–{count(share.high * vetting.offer.rows)}"


def _missed(proved: Proved, language: str) -> Iterator[str]:
    reasons = missed(proved, language)
    if reasons:
        yield messages("vet", language)["missed_head"] + messages("common", language)["colon"]
    yield from (f"  {counted(language)(rows):>9}  {reason}" for reason, rows in reasons)
    yield from others(proved.others, language)


def _costs(vetting: Vetting, language: str) -> Iterator[str]:
    count = counted(language)
    if vetting.costs:
        yield messages("vet", language)["costs"]
    for cost in vetting.costs:
        yield f"  {count(cost.alone):>9}  {count(cost.shared):>9}  {_titles([cost.regime], vetting, language)}"


def _titles(regimes: Iterable[str], vetting: Vetting, language: str) -> str:
    return semicolons((str(vetting.regimes[id_]["title"][language]) for id_ in regimes), language)


def _wanted(wanted: Wanted, told: set[str], vetting: Vetting, language: str) -> Iterator[str]:
    """What is wanted, and for which demand, unless that is among those that were `told` before."""
    texts = messages("vet", language)
    ask, kind = question(wanted.word, language), texts["kinds"][wanted.kind]
    yield f"  {counted(language)(wanted.rows):>9}  {ask} ({kind})"
    if asks := [says for demand in wanted.asks if (says := in_language(demand, language)) not in told]:
        yield _MARGIN + texts["asks"].format(asks=semicolons(asks, language))
        told.update(asks)
    if wanted.regimes:
        yield _MARGIN + texts["by"].format(regimes=_titles(wanted.regimes, vetting, language))


def _trade(trade: Traded, vetting: Vetting, language: str) -> Iterator[str]:
    texts, count = messages("vet", language), counted(language)
    yield texts["trade"].format(outcome=texts["trade_outcome"][trade.outcome])
    deciding = {"blocked": trade.blocked_by, "undecided": trade.undecided_by}.get(trade.outcome, {})
    for id_, rows in deciding.items():
        yield f"  {count(rows) if rows else '':>9}  {_titles([id_], vetting, language)}"
    if vetting.offer.sealed:
        yield _MARGIN + texts["trade_sealed"]
    if trade.outcome == "undecided":
        yield from (_MARGIN + asked_of_seller(missing, language) for missing in trade.missing)


def asked_of_seller(missing: str, language: str) -> str:
    """What to ask the seller about one word of `dnc_missing`."""
    return str(messages("vet", language)["objections"]) if missing == "registry:own" else question(missing, language)


def _list(vetting: Vetting, language: str) -> Iterator[str]:
    texts, count = messages("vet", language), counted(language)
    repeated, unreadable = (rows_of(share, vetting, language) for share in (vetting.repeated, vetting.unreadable))
    yield texts["numbers"].format(repeated=repeated, unreadable=unreadable)
    yield from (texts["held"].format(n=count(n), file=file) for file, n in vetting.offer.held.items())
    yield texts["callable"].format(rows=_share(vetting.callable, language).strip())
    for name, counts in (
        ("lines", lines(vetting, language)),
        ("territories", vetting.territories),
        ("consents", vetting.consents),
    ):
        if counts:
            yield texts[name].format(counts=_counts(counts, language))
    for name, counts in told(vetting, language).items():
        yield labelled(name, _counts(counts, language), language)
    for registry, bands in vetting.answers.items():
        yield texts["answers"].format(registry=registry_name(registry, language), counts=_counts(bands, language))
    if vetting.outcomes["clear"].rows:
        per_cent = percent(language)
        yield texts["curve"]
        for day, share in still_possible(vetting):
            yield f"  {per_cent(share.share):>9}{_span(share.low, share.high, language)}  {dated(language)(day)}"
    if vetting.duties:
        yield texts["duties"].format(duties=_titles(sorted(vetting.duties), vetting, language))
    if vetting.untold:
        named = {texts["classes"][column]: rows for column, rows in vetting.untold.items()}
        yield texts["untold"].format(counts=_counts(named, language))


def still_possible(vetting: Vetting) -> list[tuple[date, Share]]:
    """The first day, the last one, and those on which another share of the rows is possible; a few of them."""
    changed = [later for (_, share), later in pairwise(vetting.curve) if later[1] != share]
    return few([*dict.fromkeys([vetting.curve[0], *changed, vetting.curve[-1]])], _POINTS)


def lines(vetting: Vetting, language: str) -> dict[str, int]:
    """Rows by the type of their line, in words."""
    return {_line(line, language): rows for line, rows in vetting.lines.items()}


def told(vetting: Vetting, language: str) -> dict[str, dict[str, int]]:
    """What the rows say of their consents, in words: by its heading, rows by word."""
    texts = messages("vet", language)
    found = {}
    for column, counts in vetting.told.items():
        words = texts["told_words"].get(column, {})
        found[str(texts["told"][column])] = {_word(column, word, words, language): n for word, n in counts.items()}
    return found


def _word(column: str, word: str, words: Mapping[str, str], language: str) -> str:
    return vocabulary().value("consent", word, language) if column == "given" else str(words.get(word, word))


def _line(line: str, language: str) -> str:
    texts = messages("page", language)
    return str(texts["lines"].get(line, texts["unknown"]))


def _counts(counts: Mapping[str, int], language: str) -> str:
    count = counted(language)
    return ", ".join(f"{value} {count(rows)}" for value, rows in counts.items())


def price(price: Price, numbers: str, language: str) -> str:
    """What one callable number costs, with bounds if it is not known exactly; `numbers`: how many there are."""
    texts, asked = messages("vet", language), money(price.asked, language, price.currency)
    per_number, low, high = (
        texts["never"] if value is None else money(value, language, price.currency)
        for value in (price.per_clear, price.low, price.high)
    )
    if price.per_clear is None:
        return str(texts["no_price" if price.low is None else "price_from"].format(asked=asked, low=low))
    span = "" if low == high else texts["span"].format(low=low, high=high)
    return str(texts["price"].format(asked=asked, numbers=numbers, each=per_number + span))


def _usable(proved: Proved, price: Price | None, language: str) -> str:
    """How many numbers are callable and proved at least, and what one of them then costs at most."""
    texts, certain = messages("vet", language), percent(language, 0)(proved.confidence)
    line = texts["proved_usable"].format(confidence=certain, numbers=counted(language)(proved.least_usable))
    if price and price.per_proved is not None:
        line = semicolons(
            [line, texts["price_proved"].format(each=money(price.per_proved, language, price.currency))], language
        )
    return f"{line}."


def _agreement(agreement: Agreement, vetting: Vetting, language: str) -> Iterator[str]:
    texts = messages("vet", language)
    per_cent, consistent = percent(language, 2), str(agreement.consistent).lower()
    yield texts["agreement"][consistent].format(confidence=percent(language, 0)(agreement.confidence))
    for claim in agreement.claims:
        if claim.shown:
            claimed, bounds = (f"{per_cent(low)}–{per_cent(high)}" for low, high in (claim.claimed, claim.bounds))
            if claim.claimed[0] == claim.claimed[1]:
                claimed = per_cent(claim.claimed[0])
            column, word = texts["classes"][claim.column], class_word(claim, vetting, language)
            about = f"{column} {word}".rstrip()
            line = texts["claim"].format(about=about, claimed=claimed, bounds=bounds)
            yield f"  {'' if claim.holds else '! '}{line}"
    yield f"  {not_compared(agreement, language)}"


def not_compared(agreement: Agreement, language: str) -> str:
    """What a sample says nothing about."""
    texts = messages("vet", language)
    return str(texts["not_compared"].format(names=", ".join(texts["classes"][name] for name in agreement.not_compared)))


def class_word(claim: Claim, vetting: Vetting, language: str) -> str:
    """The word of a class of rows, as people read it."""
    if claim.column == "outcome":
        return str(messages("common", language)["outcomes"][claim.word])
    if claim.column in ("lasting", "repeated"):
        return ""
    if claim.column == "line":
        return _line(claim.word, language)
    if claim.column in OF_CONSENTS and claim.word:
        words = messages("vet", language)["told_words"].get(claim.column, {})
        return _word(claim.column, claim.word, words, language)
    titles = (
        vetting.regimes[id_]["title"][language] if id_ in vetting.regimes else id_ for id_ in claim.word.split(";")
    )
    return semicolons(titles, language) or "–"
