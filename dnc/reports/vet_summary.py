"""A vetting in words, for the person who considers buying the list; terminal, page and letter share them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from functools import partial
from itertools import pairwise
from math import floor

import polars as pl

from dnc.law.vocabulary import vocabulary
from dnc.messages import counted, dated, in_language, messages, percent, registry_name, said, semicolons
from dnc.reports.check_summary import MARGIN, blocks_in_lines, counted_line
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
    rests,
    sentence,
    use,
)
from dnc.reports.phrases import condition, facts, few, labelled, money, question
from dnc.verdicts.verdict import missing_thing
from dnc.vetting.model import Price, Proved, Share, Vetting, Wanted

_STEPS = 2  # things to ask for in one sentence
_POINTS = 6  # of the curve


class VettingInWords:
    """What a vetting says, in a language of `dnc.messages.LANGUAGES`."""

    def __init__(self, vetting: Vetting, language: str = "en") -> None:
        self.vetting, self.offer, self.language = vetting, vetting.offer, language
        self._texts, self._outcomes = messages("vet", language), messages("common", language)["outcomes"]
        self._say, self._count = partial(said, language, "vet"), counted(language)

    # what `dnc vet` prints

    def summary(self) -> Iterator[str]:
        """Lines: the decision with price and conditions, what the list costs and lacks, the list itself."""
        vetting, texts = self.vetting, self._texts
        result = self.decision()
        yield result.sentence
        yield from result.facts
        yield from blocks_in_lines(result, self.language)
        yield from self._head()
        if vetting.proved:
            yield from self._missed(vetting.proved)
        if vetting.costs:
            yield texts["costs"]
        for cost in vetting.costs:
            yield f"  {self._count(cost.alone):>9}  {self._count(cost.shared):>9}  {self._titles([cost.regime])}"
        told = set[str]()
        for by in ("seller", "buyer", "rules"):
            if wishes := [wish for wish in vetting.wanted if wish.by == by]:
                yield texts["wanted_of"][by]
                for wish in wishes:
                    yield from self._wanted(wish, told)
        if vetting.unclear:
            yield self._say("unclear", rows=vetting.unclear)
        yield from self._trade()
        yield from self._list()
        yield texts["cites"]
        for id_, regime in vetting.regimes.items():
            cites = (f"{cite['texts'][self.language]} {cite['url']}".strip() for cite in regime["cites"])
            yield f"  {labelled(self._titles([id_]), semicolons(cites, self.language), self.language)}"

    def _head(self) -> Iterator[str]:
        vetting, say, offer = self.vetting, self._say, self.offer
        yield self.head
        if (check := vetting.checked).calls != check.rows:
            yield say("each_number", rows=check.rows, calls=check.calls)
        if offer.sample_of is not None:
            yield say("sample", of=offer.sample_of, confidence=percent(self.language, 0)(offer.confidence))
        if declared := offer.told["declared"]:
            yield said(self.language, "summary", "declared", facts=facts(declared, self.language))
        for outcome, share in vetting.outcomes.items():
            yield f"  {self._share(share)}  {self._outcomes[outcome]}"
            if outcome == "clear" and offer.until:
                yield f"  {self._share(vetting.lasting)}  {say('lasting')}"

    def _missed(self, proved: Proved) -> Iterator[str]:
        if reasons := missed(proved, self.language):
            yield self._texts["missed_head"] + messages("common", self.language)["colon"]
        yield from (counted_line(rows, reason, self.language) for reason, rows in reasons)

    def _wanted(self, wanted: Wanted, told: set[str]) -> Iterator[str]:
        """What is wanted, and for which demand, unless that is among those that were `told` before."""
        ask, kind = question(wanted.word, self.language), self._texts["kinds"][wanted.kind]
        yield counted_line(wanted.rows, f"{ask} ({kind})", self.language)
        if asks := [says for demand in wanted.asks if (says := in_language(demand, self.language)) not in told]:
            yield MARGIN + self._say("asks", asks=semicolons(asks, self.language))
            told.update(asks)
        if wanted.regimes:
            yield MARGIN + self._say("by", regimes=self._titles(wanted.regimes))

    def _trade(self) -> Iterator[str]:
        trade = self.offer.trade
        yield self._say("trade", outcome=self._texts["trade_outcome"][trade.outcome])
        deciding = {"blocked": trade.blocked_by, "undecided": trade.undecided_by}.get(trade.outcome, {})
        for id_, rows in deciding.items():
            yield f"  {self._count(rows):>9}  {self._titles([id_])}"
        if trade.outcome == "undecided":
            yield from (MARGIN + asked for asked in self.asked_of_seller)

    def _list(self) -> Iterator[str]:
        vetting, say = self.vetting, self._say
        yield say("numbers", repeated=vetting.repeated.rows, unreadable=vetting.unreadable.rows)
        yield from (say("held", n=n, file=file) for file, n in self.offer.held.items())
        yield say("callable", rows=self._share(vetting.callable).strip())
        counts = {"lines": self.lines, "territories": vetting.territories, "consents": vetting.consents}
        yield from (say(name, counts=self._counts(rows)) for name, rows in counts.items() if rows)
        yield from (labelled(name, self._counts(rows), self.language) for name, rows in self.told.items())
        for registry, bands in vetting.answers.items():
            yield say("answers", registry=registry_name(registry, self.language), counts=self._counts(bands))
        if vetting.outcomes["clear"].rows:
            per_cent, day_of = percent(self.language), dated(self.language)
            yield say("curve")
            for day, share in still_possible(vetting):
                yield f"  {per_cent(share.share):>9}{self._span(share)}  {day_of(day)}"
        if vetting.duties:
            yield say("duties", duties=self._titles(sorted(vetting.duties)))

    def _share(self, share: Share) -> str:
        per_cent = percent(self.language)(share.share)
        return f"{self._count(share.rows):>9}  {per_cent:>6}{self._span(share)}"

    def _span(self, share: Share) -> str:
        per_cent = percent(self.language, 2)
        low, high = per_cent(share.low), per_cent(share.high)
        return "" if share.low == share.high else self._say("span", low=low, high=high)

    def _counts(self, counts: Mapping[str, int]) -> str:
        return ", ".join(f"{value} {self._count(rows)}" for value, rows in counts.items())

    # the decision

    def decision(self) -> Decision:
        """The decision that an offer asks for: conditions and price first."""
        vetting, language, check = self.vetting, self.language, self.vetting.checked
        counts = {outcome: share.rows for outcome, share in vetting.outcomes.items()}
        numbers = sentence(counts, language)
        verdict = " ".join(self._offer())
        facts = [numbers] if verdict else []
        facts += [proved_sentence(vetting.proved, language)] if vetting.proved else []
        facts += [price(vetting.price, vetting.callable.rows, language)] if vetting.price else []
        facts.append(self.use)
        if not check.calls:
            return Decision(verdict or numbers, facts, counts, [])
        rules = {cost.regime: check.book.regime(cost.regime) for cost in vetting.costs}
        blocked = [
            forbidden(
                cost.regime,
                vetting.regimes[cost.regime]["title"][language],
                cost.alone + cost.shared,
                language,
                always=rules[cost.regime].demand == "not_objected",
            )
            for cost in vetting.costs
            if not is_said_by_law(check, rules[cost.regime])
        ]
        missing = essential({wish.word: wish.rows for wish in vetting.wanted})
        check = replace(check, language=language)
        lines = {
            "when": [*groups(check), Line(self._holds())],
            "why": heaviest(blocked, missing, vetting.unclear, self._reasons(), language),
            "next": [Line(step) for step in self._steps()],
            "rests": [*rests(check)],
        }
        return Decision(verdict or numbers, facts, counts, blocks(language, counts, lines))

    def _reasons(self) -> dict[tuple[str, str], int]:
        """Rows that are not clear, by the joined rules that forbid them and what is missing."""
        cells = self.vetting.cells.filter(pl.col("outcome") != "clear")
        rows = cells.group_by("blocked_by", "missing").agg(pl.col("rows").sum())
        return {(rules, words): n for rules, words, n in rows.iter_rows()}

    def _offer(self) -> Iterator[str]:
        vetting, say = self.vetting, partial(self._say, "offer")
        currency = vetting.price.currency if vetting.price else None
        met, missed = (
            [condition(one, self.language, currency) for one in vetting.gate if one.holds is holds]
            for holds in (True, False)
        )
        if missed:
            yield say("shut", conditions=semicolons(missed, self.language))
        if met:
            yield say("met", conditions=semicolons(met, self.language))

    def _steps(self) -> Iterator[str]:
        vetting, say, trade = self.vetting, partial(self._say, "step"), self.offer.trade.outcome
        clear, check = vetting.outcomes["clear"].rows, vetting.checked
        if not clear and (by_day := another_day(check).total()):
            yield say("other_day", day=self.offer.first, n=by_day)
        elif trade == "blocked" or not (vetting.opens and vetting.callable.high):
            yield say("refuse_all" if clear and not vetting.lasting.rows else "refuse")
        elif vetting.gate:
            yield say("buy")
        else:
            yield say("weigh", rows=vetting.callable.rows)
        for by in ("seller", "buyer"):
            if missing := [wish.word for wish in vetting.wanted if wish.by == by][:_STEPS]:
                yield say(by, what=", ".join(missing_thing(word, self.language) for word in missing))
        if trade != "clear":
            yield say(f"trade_{trade}")

    def _holds(self) -> str:
        first, until = self.offer.first, self.offer.until
        clear, lasting = self.vetting.outcomes["clear"].rows, self.vetting.lasting.rows
        if not until:
            return self._say("lasts_day", start=first)
        return self._say("lasts" if clear else "lasts_none", first=clear, last=lasting, start=first, until=until)

    # parts that the page and the letter show, too

    @property
    def head(self) -> str:
        """One line: file, rows, period and check."""
        offer = self.offer
        return self._say("head", file=offer.file, rows=offer.rows, period=self.period, id=str(offer.check))

    @property
    def period(self) -> str:
        """The day or the days of the calls."""
        first, until = self.offer.first, self.offer.until
        return self._say("period" if until else "day", first=first, until=until)

    @property
    def use(self) -> str:
        """One line: who calls, for what purpose, and when."""
        days = self.period if self.offer.until else dated(self.language)(self.offer.first)
        return use(self.offer.told["declared"], days, self.language)

    @property
    def asked_of_seller(self) -> list[str]:
        """What to ask the seller about handing the list over."""
        own = str(self._texts["objections"])
        missing = self.offer.trade.missing
        return [own if word == "registry:own" else question(word, self.language) for word in missing]

    @property
    def lines(self) -> dict[str, int]:
        """Rows by the type of their line."""
        return {self._line(line): rows for line, rows in self.vetting.lines.items()}

    @property
    def told(self) -> dict[str, dict[str, int]]:
        """What the rows say of their consents: by its heading, rows by word."""
        return {
            str(self._texts["told"][column]): {self._word(column, word): rows for word, rows in counts.items()}
            for column, counts in self.vetting.told.items()
        }

    def _titles(self, regimes: Iterable[str]) -> str:
        titles = {id_: str(regime["title"][self.language]) for id_, regime in self.vetting.regimes.items()}
        return semicolons((titles.get(id_, id_) for id_ in regimes), self.language)

    def _word(self, column: str, word: str) -> str:
        if column == "given":
            return vocabulary().value("consent", word, self.language)
        return str(self._texts["told_words"].get(column, {}).get(word, word))

    def _line(self, line: str) -> str:
        texts = messages("page", self.language)
        return str(texts["lines"].get(line, texts["unknown"]))


def still_possible(vetting: Vetting) -> list[tuple[date, Share]]:
    """The first day, the last one, and those on which another share of the rows is possible; a few of them."""
    changed = [later for (_, share), later in pairwise(vetting.curve) if later[1] != share]
    return few([*dict.fromkeys([vetting.curve[0], *changed, vetting.curve[-1]])], _POINTS)


def price(price: Price, numbers: int, language: str) -> str:
    """What one callable number costs, with bounds if it is not known exactly; `numbers`: how many there are."""
    say, asked = partial(said, language, "vet"), money(price.asked, language, price.currency)
    per_number, low, high = (
        say("never") if value is None else money(value, language, price.currency)
        for value in (price.per_clear, price.low, price.high)
    )
    if price.per_clear is None:
        return say("no_price" if price.low is None else "price_from", asked=asked, low=low)
    span = "" if low == high else say("span", low=low, high=high)
    return say("price", asked=asked, numbers=numbers, each=per_number + span)


def proved_sentence(proved: Proved, language: str) -> str:
    """How much of the list is proved at least."""
    shares = {"confidence": percent(language, 0)(proved.confidence), "share": _at_least(proved.share, language)}
    return said(language, "vet", "proved", **shares, proved=proved.proved, size=proved.size)


def missed(proved: Proved, language: str) -> list[tuple[str, int]]:
    """Why proofs do not hold, in words, each with its number of rows."""
    texts = messages("vet", language)["missed"]
    return [(texts[test], rows) for test, rows in proved.missed.items()]


def _at_least(share: float, language: str) -> str:
    """A lower bound in whole per cent, never rounded up."""
    return percent(language, 0)(floor(round(100 * share, 6)) / 100)
