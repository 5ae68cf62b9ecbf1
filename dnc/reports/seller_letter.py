"""The letter to the seller of a list on offer: what it would have to provide, and a questionnaire with room to answer.

It says nothing of the buyer's conditions, and has no telephone number. `dnc vet --letter` and the desk write it.
"""

from __future__ import annotations

from collections.abc import Iterator

from dnc.messages import counted, in_language, messages, semicolons
from dnc.reports.letter_file import Part
from dnc.reports.phrases import labelled, question
from dnc.reports.vet_summary import VettingInWords
from dnc.vetting.draws import TO_FILL_IN
from dnc.vetting.model import Vetting, Wanted


def seller_letter(vetting: Vetting, language: str = "en") -> Iterator[Part]:
    """The parts of the letter, from top to bottom."""
    texts, offer, words = messages("seller", language), vetting.offer, VettingInWords(vetting, language)
    blank = texts["blank"]
    yield from (Part("blank", blank[key]) for key in ("sender", "recipient", "place"))
    yield Part("title", texts["title"].format(file=offer.file))
    yield Part("text", messages("letter", language)["greeting"])
    rows = counted(language)(offer.rows)
    yield Part("text", texts["opening"].format(file=offer.file, rows=rows, period=words.period))
    yield Part("text", words.use)
    yield Part("blank", blank["deadline"])
    if wishes := [wish for wish in vetting.wanted if wish.by == "seller"]:
        yield Part("heading", texts["missing_head"])
        yield Part("text", texts["missing"])
        head = (messages("vet", language)["rows"], messages("vet", language)["what"])
        demanded = set[str]()
        yield Part("table", rows=(head, *(_wish(wish, demanded, language) for wish in wishes)))
    yield Part("heading", texts["draw_head"])
    yield Part("text", texts["draw"])
    yield Part("list", rows=tuple((labelled(name, texts["fill"][name], language),) for name in TO_FILL_IN))
    yield Part("heading", texts["questions_head"])
    for number, text in enumerate(texts["questions"], 1):
        yield Part("text", f"{number}. {text}")
        yield Part("blank", blank["answer"])
    yield Part("text", texts["declaration"])
    yield Part("blank", blank["seller"])
    yield Part("text", texts["closing"])
    yield Part("blank", messages("letter", language)["blank"]["signature"])


def _wish(wish: Wanted, demanded: set[str], language: str) -> tuple[str, str]:
    """How many rows wait for something, and what that is, with what the rules demand of it, each demand once."""
    asks = [says for demand in wish.asks if (says := in_language(demand, language)) not in demanded]
    demanded.update(asks)
    demands = [messages("vet", language)["asks"].format(asks=says) for says in asks]
    asked = question(wish.word, language)
    return counted(language)(wish.rows), f"{asked} ({semicolons(demands, language)})" if demands else asked
