"""What vetting a list came to, in words for the person who thinks of buying it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dnc.appraisal import Agreement, Condition, Price, Share, Traded, Vetting, Wanted
from dnc.summary import question

_WORDS: dict[str, dict[str, Any]] = {
    "en": {
        "head": "{file}: {rows:,} rows, vetted for calls {period} (check {id} in the log)",
        "day": "on {first}",
        "period": "from {first} to {until}",
        "sealed": "Sealed by dnc {version}; no class of fewer than ten persons is told, so a share may be a span",
        "sample": "A sample of {of:,} rows; in brackets what the shares of the list may be, {confidence:.0%} confident",
        "declared": "Declared for all rows and not told by the list: {facts}",
        "outcomes": {"clear": "clear", "blocked": "blocked", "undecided": "undecided"},
        "lasting": "clear for the whole period",
        "costs": "What each regime costs in rows, alone and together with others:",
        "wanted": {
            "seller": "Undecided, and what the seller would have to deliver:",
            "buyer": "Undecided, and what you have to tell or look up yourself:",
            "rules": "Undecided, and no rules are held that would decide:",
        },
        "kinds": {"field": "field", "date": "date", "proof": "proof", "answer": "answer", "rules": "rules"},
        "asks": "asked for: {asks}",
        "by": "by {regimes}",
        "objections": "did any of these persons tell the seller not to use their data for this? Only the seller knows",
        "cites": "Where it is written:",
        "unclear": "{rows:,} rows undecided by unclear law; no fact would decide them",
        "trade": "Handing the list over, for the seller: {outcome}",
        "numbers": "Numbers, in rows: repeated {repeated}, unreadable {unreadable}",
        "held": "Numbers of the list that stand in {file}: {n:,}",
        "callable": "Callable numbers, each once and not held already: {rows}",
        "lines": "Lines: {}",
        "territories": "Territories: {}",
        "consents": "Age of consents in days, in rows: {}",
        "answers": "Age of the answer of {registry} in days, in rows: {bands}",
        "curve": "Still clear, on the same terms: {}",
        "duties": "Clear is no permission; duties that go with it: {}",
        "untold": "Not told, in rows put together with others: {}",
        "loose": "Told but for fewer than ten rows of a class, in rows: {}",
        "price": "{asked:,.2f} for the list is {each} for each callable number",
        "span": " ({low} to {high})",
        "never": "without bound",
        "agreement": {
            True: "The sample is consistent with what is claimed, {confidence:.0%} confident:",
            False: "The sample is NOT consistent with what is claimed, {confidence:.0%} confident:",
        },
        "claim": "{column} {word}: claimed {claimed}, by the sample {bounds}",
        "gate": {"min_clear": "clear at least", "max_undecided": "undecided at most",
                 "max_price_per_clear": "price for each callable number at most"},
        "condition": "Gate: {name} {asked:g}: {found}, {holds}",
        "holds": {True: "opens", False: "closes"},
    },
    "fr": {
        "head": "{file} : {rows:,} lignes, examinées pour des appels {period} (contrôle {id} du journal)",
        "day": "le {first}",
        "period": "du {first} au {until}",
        "sealed": "Scellé par dnc {version} ; aucune classe de moins de dix personnes : une part peut être approchée",
        "sample": "Échantillon de {of:,} lignes ; entre parenthèses, la part possible du fichier, à {confidence:.0%}",
        "declared": "Déclaré pour toutes les lignes, non indiqué par le fichier : {facts}",
        "outcomes": {"clear": "libres", "blocked": "bloqués", "undecided": "indécis"},
        "lasting": "libres pendant toute la période",
        "costs": "Ce que coûte chaque régime en lignes, seul et avec d'autres :",
        "wanted": {
            "seller": "Indécis, et ce que le vendeur devrait fournir :",
            "buyer": "Indécis, et ce que vous devez dire ou rechercher vous-même :",
            "rules": "Indécis, et aucune règle détenue n'en déciderait :",
        },
        "kinds": {"field": "champ", "date": "date", "proof": "preuve", "answer": "réponse", "rules": "règles"},
        "asks": "exigé : {asks}",
        "by": "par {regimes}",
        "objections": "l'une de ces personnes s'est-elle opposée auprès du vendeur ? Lui seul le sait",
        "cites": "Où cela est écrit :",
        "unclear": "{rows:,} lignes indécises par incertitude du droit ; aucun fait n'en déciderait",
        "trade": "La cession du fichier, pour le vendeur : {outcome}",
        "numbers": "Numéros, en lignes : répétés {repeated}, illisibles {unreadable}",
        "held": "Numéros du fichier qui figurent dans {file} : {n:,}",
        "callable": "Numéros appelables, chacun une fois et pas encore détenus : {rows}",
        "lines": "Lignes téléphoniques : {}",
        "territories": "Territoires : {}",
        "consents": "Âge des consentements en jours, en lignes : {}",
        "answers": "Âge de la réponse de {registry} en jours, en lignes : {bands}",
        "curve": "Encore libres, aux mêmes conditions : {}",
        "duties": "Libre ne veut pas dire permis ; obligations qui l'accompagnent : {}",
        "untold": "Non indiqué, en lignes réunies à d'autres : {}",
        "loose": "Indiqué à moins de dix lignes près par classe, en lignes : {}",
        "price": "{asked:,.2f} pour le fichier, soit {each} par numéro appelable",
        "span": " ({low} à {high})",
        "never": "sans limite",
        "agreement": {
            True: "L'échantillon est compatible avec ce qui est affirmé, à {confidence:.0%} :",
            False: "L'échantillon n'est PAS compatible avec ce qui est affirmé, à {confidence:.0%} :",
        },
        "claim": "{column} {word} : affirmé {claimed}, par l'échantillon {bounds}",
        "gate": {"min_clear": "libres au moins", "max_undecided": "indécis au plus",
                 "max_price_per_clear": "prix par numéro appelable au plus"},
        "condition": "Seuil : {name} {asked:g} : {found}, {holds}",
        "holds": {True: "s'ouvre", False: "se ferme"},
    },
}  # fmt: skip
_MARGIN = " " * 13


def summary(vetting: Vetting, language: str = "en") -> Iterator[str]:
    """Lines for a person: the outcome, what it costs and lacks, the list itself, price and gate."""
    words = _WORDS[language]
    yield from _head(vetting, words)
    if vetting.agreement:
        yield from _agreement(vetting.agreement, words)
    yield from _costs(vetting, words, language)
    for by in ("seller", "buyer", "rules"):
        if wanted := [one for one in vetting.wanted if one.by == by]:
            yield words["wanted"][by]
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
    name, holds = words["gate"][one.name], words["holds"][one.holds]
    return str(words["condition"].format(name=name, asked=one.asked, found=found, holds=holds))


def _agreement(agreement: Agreement, words: Mapping[str, Any]) -> Iterator[str]:
    yield words["agreement"][agreement.consistent].format(confidence=agreement.confidence)
    for one in agreement.claims:
        if one.column == "outcome" or not one.holds:
            claimed, bounds = (f"{low:.2%}–{high:.2%}" for low, high in (one.claimed, one.bounds))
            if one.claimed[0] == one.claimed[1]:
                claimed = f"{one.claimed[0]:.2%}"
            word = words["outcomes"].get(one.word, one.word) or "–"
            line = words["claim"].format(column=one.column, word=word, claimed=claimed, bounds=bounds)
            yield f"  {'' if one.holds else '! '}{line}"
