"""What a check came to, in words for the person who ran it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from dnc.checks.intake import TORN
from dnc.checks.result import Check
from dnc.files.table import FEWER, MORE, QUOTED, UNEVEN, UNNAMED, quoted
from dnc.law.rulebook import Rulebook
from dnc.law.vocabulary import vocabulary
from dnc.store.snapshots import Snapshot

_SHOWN = 5
_COUNTED = ("past", "elsewhere", "unplaced", "skipped", "sheets", "full", "cut")
_WORDS: dict[str, dict[str, Any]] = {
    "en": {
        "counts": "{rows:,} calls: {counts} (check {id} in the log)",
        "head": "Log head {head}: keep it elsewhere, and dnc log --verify --head shows whether the log still holds it",
        "outcomes": {"clear": "clear", "blocked": "blocked", "undecided": "undecided"},
        "given": "{rows:,} of them given: {counts}",
        "changed": "{rows:,} of them given, whose outcome is another than before; now {counts}",
        "consents": "Consents of {file}: {numbers:,} numbers from {rows:,} rows; {unread:,} unreadable, "
        "{wordless:,} that tell no consent, {odd:,} not understood, whose numbers then have none told, "
        "{unproven:,} consents without a reference to their proof",
        "past": "Calls in the past, judged by what was known on their day: {n:,}",
        "clock": "DNC_TODAY replaces the clock: {day} is taken for today",
        "elsewhere": "Calls for which an objection or a withdrawal in another row counts: {n:,}",
        "unplaced": "Rows that tell an objection or a withdrawal, and whose number cannot be read: {n:,}; "
        "they count for no other row",
        "today": "No day was told: every call was taken as planned for today, {day}; say --at",
        "declared": "Declared for all rows and not told by the file: {facts}",
        "blocked": "Blocked most by:",
        "undecided": "Undecided, and what would decide most:",
        "wait": "{rows:>9,} {noun} for {question}",
        "nouns": ("row waits", "rows wait"),
        "brief": "in the brief: {line}",
        "store": "into the store: dnc load FILE --registry {registry} --as-of DAY",
        "unclear": "{rows:>9,} undecided by law contested or not read here; no fact would decide them (see dnc_why)",
        "duties": "Clear is no permission; duties that go with the {rows:,} clear: {n}{named}",
        "ignored": "Columns that may tell objections and were left out on purpose: {names}",
        "second": "Column {name} looks like telephone numbers and was not looked at; check it too, with --map",
        "repeated": "Numbers that stand in several rows: {n:,}",
        "skipped": "Lines before the header that were left out: {n:,}",
        "sheets": "Other sheets of the spreadsheet, which were not read: {n:,}",
        "full": "Cells with all 32,767 characters that a spreadsheet holds, which may have been cut before: {n:,}",
        "cut": "Cells cut in the spreadsheet, which holds 32,767 characters: {n:,}; .csv and .parquet have them whole",
        "snapshot": "Snapshot {id} ({registry} as of {as_of}): {what}",
        "accepted": {
            "unread": "{rows:,} rows that cannot be read are left out, and the list counts as complete without them; "
            "reason: {reason}",
            "gone": "{rows:,} numbers that its list had before are gone; reason: {reason}",
        },
        "encoding": "{file} is not UTF-8 in line {line:,} and was read as {encoding}: look at its accents; "
        "if they are wrong, save it again as UTF-8",
        "ragged": {
            FEWER: "Rows with fewer cells than the header, left undecided: {n:,}; mend them, or say "
            'short_rows = "trailing" in the brief if only empty cells at their end are missing',
            MORE: "Rows with more cells than the header, left undecided: {n:,}; a text with a separator in it wants "
            "quotation marks, and if a separator ends every row, the header wants one too",
            UNEVEN: "Rows as wide as the header where most are not, left undecided: {n:,}; "
            "bring header and rows to as many cells",
            UNNAMED: "Rows with text behind the last column that has a name, left undecided: {n:,}; "
            "give that column a name, or mend the rows",
            QUOTED: "Rows with a quotation mark that is not closed in its cell, left undecided: {n:,}; "
            "mend them: what they hold cannot be told from the rows around them",
            TORN: "Rows that may be halves of a row with a line break in it, left undecided: {n:,}; mend them",
        },
        "every": "for all rows: {words}; or columns.{column} = \"their column\"",
        "asked": {
            "number": "number: what is the right number? It cannot be read, or its plan has no such number",
            "jurisdiction": "jurisdiction: are these calls meant? No rules are held for that place, caller or day",
            "stale:law": "stale:law: is there a newer edition of the rules? The day lies behind the last that was read",
            "registry": "{}: what does it say? Nothing is loaded that stood on the day of the call",
            "uncovered": "{}: were these numbers ever asked? No extract speaks of them",
            "stale": "{}: is there a newer answer, for this campaign? What is loaded is too old for these calls",
        },
    },
    "fr": {
        "counts": "{rows:,} appels : {counts} (contrôle {id} du journal)",
        "head": "Tête du journal {head} : gardez-la ailleurs ; dnc log --verify --head dit si le journal la contient",
        "outcomes": {"clear": "libres", "blocked": "bloqués", "undecided": "indécis"},
        "given": "{rows:,} d'entre eux rendus : {counts}",
        "changed": "{rows:,} d'entre eux rendus, dont le résultat a changé ; désormais {counts}",
        "consents": "Consentements de {file} : {numbers:,} numéros tirés de {rows:,} lignes ; {unread:,} illisibles, "
        "{wordless:,} sans consentement indiqué, {odd:,} non comprises, dont le numéro reste sans consentement, "
        "{unproven:,} consentements sans référence de preuve",
        "past": "Appels à une date passée, jugés d'après ce qui était connu ce jour-là : {n:,}",
        "clock": "DNC_TODAY remplace l'horloge : {day} est pris pour aujourd'hui",
        "elsewhere": "Appels pour lesquels compte une opposition ou un retrait d'une autre ligne : {n:,}",
        "unplaced": "Lignes qui disent une opposition ou un retrait, au numéro illisible : {n:,} ; "
        "elles ne comptent pour aucune autre ligne",
        "today": "Aucun jour indiqué : chaque appel est pris comme prévu aujourd'hui, {day} ; précisez --at",
        "declared": "Déclaré pour toutes les lignes, non indiqué par le fichier : {facts}",
        "blocked": "Bloqués surtout par :",
        "undecided": "Indécis, et ce qui en déciderait le plus :",
        "wait": "{rows:>9,} {noun} : {question}",
        "nouns": ("ligne attend", "lignes attendent"),
        "brief": "dans le brief : {line}",
        "store": "dans le dépôt : dnc load FICHIER --registry {registry} --as-of JOUR",
        "unclear": "{rows:>9,} indécis par un droit contesté ou non lu ici ; aucun fait n'en déciderait (voir dnc_why)",
        "duties": "Libre ne veut pas dire permis ; obligations qui accompagnent les {rows:,} libres : {n}{named}",
        "ignored": "Colonnes qui peuvent dire une opposition et laissées de côté à dessein : {names}",
        "second": "La colonne {name} ressemble à des numéros et n'a pas été lue ; contrôlez-la aussi, avec --map",
        "repeated": "Numéros présents sur plusieurs lignes : {n:,}",
        "skipped": "Lignes laissées de côté avant l'en-tête : {n:,}",
        "sheets": "Autres feuilles du classeur, qui n'ont pas été lues : {n:,}",
        "full": "Cellules avec les 32 767 caractères que tient un classeur, peut-être coupées auparavant : {n:,}",
        "cut": "Cellules coupées dans le classeur, qui tient 32 767 caractères : {n:,} ; entières en .csv et .parquet",
        "snapshot": "Extrait {id} ({registry} en date du {as_of}) : {what}",
        "accepted": {
            "unread": "{rows:,} lignes illisibles sont laissées de côté, et la liste passe pour complète sans elles ; "
            "motif : {reason}",
            "gone": "{rows:,} numéros que sa liste avait auparavant ont disparu ; motif : {reason}",
        },
        "encoding": "{file} n'est pas en UTF-8 à la ligne {line:,} et a été lu en {encoding} : regardez ses accents ; "
        "s'ils sont faux, enregistrez-le de nouveau en UTF-8",
        "ragged": {
            FEWER: "Lignes avec moins de cellules que l'en-tête, laissées indécises : {n:,} ; corrigez-les, ou mettez "
            'short_rows = "trailing" dans le brief s\'il ne leur manque que des cellules vides à la fin',
            MORE: "Lignes avec plus de cellules que l'en-tête, laissées indécises : {n:,} ; un texte qui contient un "
            "séparateur se met entre guillemets, et si un séparateur termine chaque ligne, il en faut un à l'en-tête",
            UNEVEN: "Lignes de la largeur de l'en-tête, à la différence de la plupart, laissées indécises : {n:,} ; "
            "donnez autant de cellules à l'en-tête et aux lignes",
            UNNAMED: "Lignes qui ont du texte après la dernière colonne nommée, laissées indécises : {n:,} ; "
            "donnez un nom à cette colonne, ou corrigez ces lignes",
            QUOTED: "Lignes avec un guillemet qui n'est pas fermé dans sa cellule, laissées indécises : {n:,} ; "
            "corrigez-les : leur contenu ne se distingue pas des lignes voisines",
            TORN: "Lignes qui sont peut-être les moitiés d'une ligne coupée en deux, laissées indécises : {n:,} ; "
            "corrigez-les",
        },
        "every": "pour toutes les lignes : {words} ; ou columns.{column} = \"leur colonne\"",
        "asked": {
            "number": "number : quel est le bon numéro ? Il est illisible, ou son plan n'a pas de tel numéro",
            "jurisdiction": "jurisdiction : ces appels sont-ils voulus ? Aucune règle : lieu, cet appelant, ce jour",
            "stale:law": "stale:law : existe-t-il une édition plus récente ? Ce jour suit le dernier qui fut lu",
            "registry": "{} : que dit-il ? Rien n'est chargé qui valait le jour de l'appel",
            "uncovered": "{} : ces numéros ont-ils été demandés ? Aucun extrait n'en parle",
            "stale": "{} : y a-t-il une réponse plus récente, pour cette campagne ? Celle qui est chargée a vieilli",
        },
    },
}  # fmt: skip


def summary(check: Check, book: Rulebook, language: str = "en") -> Iterator[str]:
    """Lines of the summary: counts, what blocks most, what would decide the undecided, warnings."""
    words = _WORDS[language]
    counts = ", ".join(f"{rows:,} {words['outcomes'][outcome]}" for outcome, rows in check.counts.items())
    yield words["counts"].format(rows=check.rows, counts=counts, id=check.id)
    if (given := check.given.total()) != check.rows:
        counts = ", ".join(f"{check.given[one]:,} {words['outcomes'][one]}" for one in check.counts)
        yield words["changed" if check.record["changed"] else "given"].format(rows=given, counts=counts)
    yield from warnings(check, language)
    if check.declared:
        # The caller's number is a telephone number too.
        facts = [name if name == "cli" else f"{name}={fact}" for name, fact in check.declared.items()]
        yield words["declared"].format(facts=", ".join(facts))
    if check.consents:
        yield words["consents"].format(**check.consents)
    says = {regime.id: regime.says[language] for _, regime in book.regimes()}
    if blocking := check.tallies.blocking().most_common(_SHOWN):
        yield words["blocked"]
        yield from (f"  {rows:>9,}  {id_}: {says[id_]}" for id_, rows in blocking)
    yield from _undecided(check, language)
    if clear := check.counts["clear"]:
        duties = sorted(check.tallies.duties())
        yield words["duties"].format(rows=clear, n=len(duties), named=f" ({', '.join(duties)})" if duties else "")
    if check.repeated:
        yield words["repeated"].format(n=check.repeated)
    yield words["head"].format(head=check.head)


def warnings(check: Check, language: str = "en") -> Iterator[str]:
    """Lines about what was not told of a file, or was left out of it."""
    words = _WORDS[language]
    if not check.dated:
        yield words["today"].format(day=check.record["today"])
    if check.record["clock"] != "system":
        yield words["clock"].format(day=check.record["today"])
    if check.ignored:
        yield words["ignored"].format(names=quoted(check.ignored))
    yield from (words["second"].format(name=quoted([name])) for name in check.second_numbers)
    yield from (words[name].format(n=n) for name in _COUNTED if (n := getattr(check, name)))
    yield from (words["encoding"].format(**one._asdict()) for one in check.misfits)
    yield from (says.format(n=n) for reason, says in words["ragged"].items() if (n := check.tallies.unread[reason]))
    newest = {(one.registry, one.covers): one for one in sorted(check.snapshots, key=lambda one: (one.as_of, one.id))}
    # The own list is a ledger: none of its snapshots takes the place of another.
    own = [one for one in check.snapshots if one.registry == "own"]
    yield from accepted([*own, *(one for one in newest.values() if one.registry != "own")], language)


def accepted(snapshots: Iterable[Snapshot], language: str) -> Iterator[str]:
    """A line for each thing that a load took in all the same because it was told to, with the reason."""
    words = _WORDS[language]
    for one in snapshots:
        for told in one.accepted:
            what = words["accepted"][told.what].format(rows=told.rows, reason=told.reason)
            yield words["snapshot"].format(id=one.id, registry=one.registry, as_of=one.as_of, what=what)


def _undecided(check: Check, language: str) -> Iterator[str]:
    words = _WORDS[language]
    if missing := check.tallies.missing().most_common(_SHOWN):
        yield words["undecided"]
    for word, rows in missing:
        noun = words["nouns"][rows != 1]
        yield "  " + words["wait"].format(rows=rows, noun=noun, question=question(word, language))
        if line := remedy(word, language):
            yield " " * 13 + line
    if unclear := check.tallies.unclear():
        yield "  " + words["unclear"].format(rows=unclear)


def question(word: str, language: str = "en") -> str:
    """What to ask a person about one word of `dnc_missing`."""
    kind, _, registry = word.partition(":")
    asked = _WORDS[language]["asked"].get(word) or _WORDS[language]["asked"].get(kind)
    return asked.format(registry) if asked else f"{word}: {vocabulary().question(word, language)}"


def remedy(word: str, language: str = "en") -> str | None:
    """Where the answer to a question goes: a line of the brief, or a load; None where neither helps."""
    words = _WORDS[language]
    if line := _brief_line(word, language):
        return str(words["brief"].format(line=line))
    if ":" in word and not word.endswith(":law"):
        return str(words["store"].format(registry=word.partition(":")[2]))
    return None


def _brief_line(word: str, language: str) -> str | None:
    """One line to paste into the brief, its value left to the person; None where no fact is wanted."""
    if word == "region":
        return 'region = "…"'
    if word not in vocabulary().columns or word == "number":
        return None
    if axis := vocabulary().axes.get(word):
        every = _WORDS[language]["every"].format(words=", ".join(axis), column=word)
        return f'facts.{word} = "…"  # {every}'
    return f'columns.{word} = "their column"'
