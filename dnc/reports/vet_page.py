"""The page of a vetting: what a list on offer is worth, for the person who decides about buying it."""

from __future__ import annotations

from typing import Any

from dnc.law.rulebook import Rulebook
from dnc.messages import dated, messages, percent
from dnc.reports.page import rendered
from dnc.reports.phrases import MOST_TEXTS, fact, needed, without_meaning
from dnc.reports.vet_summary import VettingInWords, missed, proved_sentence, still_possible
from dnc.vetting.model import Share, Vetting

_SECTIONS = ("duties", "annex", "asked", "outcome", "found", "registries", "law", "method")


def html(vetting: Vetting, book: Rulebook, language: str = "en") -> str:
    """The page of a vetting, in a language of `dnc.messages.LANGUAGES`."""
    texts, vet = messages("page", language), messages("vet", language)
    sections = {
        **{"proved": vet["proved_head"], "blocked": texts["blocked"]},
        **{"wanted": vet["wanted_by"], "trade": vet["trade_head"], "curve": vet["curve_head"]},
        **{name: texts[name] for name in _SECTIONS},
    }
    shown = {id_: head for id_, head in sections.items() if id_ != "proved" or vetting.proved}
    return rendered("vet.html", language, shown, _values(vetting, book, language))


def _values(vetting: Vetting, book: Rulebook, language: str) -> dict[str, Any]:
    """The names that the template of a vetting uses."""
    v, offer, words = messages("vet", language), vetting.offer, VettingInWords(vetting, language)
    regimes = book.by_id
    shares = [vetting.callable, vetting.lasting, *vetting.outcomes.values(), *(share for _, share in vetting.curve)]
    return {
        "title": v["title"].format(name=offer.file),
        "made": words.head,
        "decision": words.decision(),
        "v": v,
        "vetting": vetting,
        "words": words,
        "offer": offer,
        "declared": [fact(name, word, language) for name, word in offer.told["declared"].items()],
        "regimes": regimes,
        "bounded": any(share.low != share.high for share in shares),
        "without_meaning": without_meaning(vetting.checked)[:MOST_TEXTS],
        "proved": proved_sentence(vetting.proved, language) if vetting.proved else "",
        "missed": missed(vetting.proved, language) if vetting.proved else [],
        "outcomes": [(outcome, name, share) for (outcome, name), share in _shares(vetting, language).items()],
        "blocked": [(regimes[cost.regime], cost.alone + cost.shared) for cost in vetting.costs],
        "wanted": [
            (v["wanted_of"][by], [wanted for wanted in vetting.wanted if wanted.by == by])
            for by in ("seller", "buyer", "rules")
        ],
        "needed": lambda word: needed(word, language),
        "curve": [("", dated(language)(day), share) for day, share in still_possible(vetting)],
        "duties": [(regimes[id_], rows) for id_, rows in vetting.duties.items()],
        "law": [regimes[id_] for id_ in vetting.regimes],
        "per_cent": percent(language, 0),
    }


def _shares(vetting: Vetting, language: str) -> dict[tuple[str, str], Share]:
    """The shares by (outcome, name); after the clear rows, those that are clear for the whole period."""
    outcomes = messages("common", language)["outcomes"]
    named = {(outcome, outcomes[outcome]): share for outcome, share in vetting.outcomes.items()}
    if not vetting.offer.until:
        return named
    clear, *others = named.items()
    return dict([clear, (("clear", messages("vet", language)["lasting"]), vetting.lasting), *others])
