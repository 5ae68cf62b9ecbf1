"""What a check came to, in words for the person who ran it."""

from __future__ import annotations

from collections.abc import Iterator

from dnc.checks import Check
from dnc.clock import today
from dnc.rulebook import Rulebook
from dnc.vocabulary import vocabulary

_SHOWN = 5


def summary(check: Check, book: Rulebook) -> Iterator[str]:
    """Lines of the summary: counts, what blocks most, what would decide the undecided, warnings."""
    counts = ", ".join(f"{rows:,} {outcome}" for outcome, rows in check.counts.items())
    yield f"{check.rows:,} calls: {counts} (check {check.id} in the log)"
    if not check.dated:
        yield f"No day was told: every call was taken as planned for today, {today()}; say --at"
    yield from _blocked(check, book)
    yield from _undecided(check)
    if clear := check.counts["clear"]:
        yield _duties(check, clear)
    for column in check.second_numbers:
        yield f"Column {column!r} looks like telephone numbers and was not looked at; check it too, with --map"
    if check.repeated:
        yield f"{check.repeated:,} {'numbers stand' if check.repeated != 1 else 'number stands'} in several rows"


def _blocked(check: Check, book: Rulebook) -> Iterator[str]:
    says = {regime.id: regime.says["en"] for _, regime in book.regimes()}
    if blocking := check.blocking().most_common(_SHOWN):
        yield "Blocked most by:"
        yield from (f"  {rows:>9,}  {id_}: {says[id_]}" for id_, rows in blocking)


def _undecided(check: Check) -> Iterator[str]:
    if missing := check.missing().most_common(_SHOWN):
        yield "Undecided, and what would decide most:"
        for word, rows in missing:
            yield f"  {rows:>9,} {'rows wait' if rows != 1 else 'row waits'} for {question(word)}"
            if line := brief_line(word):
                yield f"             in the brief: {line}"
            elif ":" in word and not word.endswith(":law"):
                yield f"             into the store: dnc load FILE --registry {word.partition(':')[2]} --as-of DAY"
    if unclear := _unclear(check):
        yield f"  {unclear:>9,} rows are undecided by unclear law; no fact would decide them (see dnc_why)"


def _unclear(check: Check) -> int:
    return sum(
        rows for (outcome, _, missing, _), rows in check.tallies.items() if outcome == "undecided" and not missing
    )


def _duties(check: Check, clear: int) -> str:
    duties = check.duties()
    words = f"{len(duties)} duties go" if len(duties) != 1 else "1 duty goes"
    named = f": {', '.join(sorted(duties))}" if duties else ""
    return f"Clear is no permission: {words} with the {clear:,} clear {'calls' if clear != 1 else 'call'}{named}"


_ASKED = {
    "number": "number: what is the right number? It cannot be read as it stands",
    "jurisdiction": "jurisdiction: are these calls meant? No rules are held for that place, caller or day",
    "stale:law": "stale:law: is there a newer edition of the rules? The day lies behind the last one that was read",
    "registry": "{}: what does it say? Nothing is loaded that stood on the day of the call",
    "uncovered": "{}: were these numbers ever asked? No extract speaks of them",
    "stale": "{}: is there a newer answer, for this campaign? What is loaded is too old for these calls",
}


def question(word: str) -> str:
    """What to ask a person about one word of `dnc_missing`."""
    kind, _, registry = word.partition(":")
    asked = _ASKED.get(word) or _ASKED.get(kind)
    return asked.format(registry) if asked else f"{word}: {vocabulary().question(word)}"


def brief_line(word: str) -> str | None:
    """One line to paste into the brief, its value left to the person; None where no fact is wanted."""
    if word == "region":
        return 'region = "…"'
    if word not in vocabulary().columns or word == "number":
        return None
    if words := vocabulary().axes.get(word):
        return f'facts.{word} = "…"  # for all rows: {", ".join(words)}; or columns.{word} = "their column"'
    return f'columns.{word} = "their column"'
