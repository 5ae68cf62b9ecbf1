"""What several reports say in the same words: questions and where their answers go, days, declared facts, regimes."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from functools import partial
from typing import Any, NamedTuple, TypeVar

from dnc.checks.result import Check, ConditionResult
from dnc.clock import NONE, YES
from dnc.files.table import MARKED, folded, quoted
from dnc.law.regimes import Regime
from dnc.law.rulebook import Rulebook
from dnc.law.vocabulary import OR_NONE, vocabulary
from dnc.lists.attempts import ATTEMPTS_DAYS
from dnc.lists.header import READ, Rule
from dnc.lists.intake import ROW_REASONS
from dnc.lists.own_statements import FACTS_OF
from dnc.lists.texts import AROUND
from dnc.lists.words import proposals
from dnc.messages import (
    amount,
    in_language,
    in_quotes,
    messages,
    percent,
    registry_name,
    registry_named,
    said,
    said_day,
    semicolons,
)
from dnc.store.record_kinds import CALLS, WHOLE
from dnc.store.records import RecordFile
from dnc.store.snapshots import Snapshot
from dnc.verdicts.verdict import about_missing

_Point = TypeVar("_Point")

_NO_SHARE = "–"  # of a list without rows
MOST_TEXTS = 50  # texts of one kind on a page
_ISO_DAY = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ](\d.*))?")  # and perhaps an hour
# Masked digits of a date, and the only order in which it can be read.
_DAY = re.compile(r"#{1,2}([./-])#{1,2}\1#{2,4}(?: \((?P<order>dmy|mdy)\))?$")


def labelled(label: str, text: str, language: str) -> str:
    """A label and what it labels, with a colon as the language writes it."""
    return f"{label}{messages('common', language)['colon']} {text}"


class Fact(NamedTuple):
    """A declared fact. label, value: column and value in words. id: as it is typed."""

    label: str
    value: str
    id: str


def fact(column: str, word: str, language: str) -> Fact:
    """A declared fact in words; the caller's number, which is a telephone number too, is not shown."""
    vocab, hidden = vocabulary(), column == "cli"
    value = said_day(word, language)
    if hidden:
        value = messages("page", language)["hidden"]
    elif word in vocab.axes.get(column, ()):
        value = vocab.value(column, word, language)
    elif word.lower() in NONE and column in OR_NONE:
        value = messages("page", language)["no_such_day"]
    elif word.lower() in YES and column in OR_NONE:
        value = messages("page", language)["day_unknown"]
    return Fact(vocab.label(column, language), value, column if hidden else f"{column}={word}")


def facts(values: Mapping[str, str], language: str) -> str:
    """Declared facts in one line, label and value of each."""
    return " · ".join(fact_in_line(column, word, language) for column, word in values.items())


def fact_in_line(column: str, word: str, language: str) -> str:
    """Label and value of a fact."""
    in_words = fact(column, word, language)
    return labelled(in_words.label, in_words.value, language)


def in_force(regime: Regime, language: str, *, starts: bool, ends: bool) -> str:
    """The days on which a regime is in force, in words; at least one of its two ends is named."""
    form = "both" if starts and ends else "starts" if starts else "ends"
    last = regime.until - timedelta(days=1)
    return said(language, "decision", "span", form, first=regime.first, last=last)


def why_open(regime: Regime, language: str) -> str:
    """Why no fact decides a regime: its law was not read here, or is contested."""
    return str(messages("common", language)["not_read" if regime.is_not_read else "contested"])


def few(points: list[_Point], most: int) -> list[_Point]:
    """At most so many of some points, evenly spread, with the first and the last."""
    last = len(points) - 1
    return points if last < most else [points[round(at * last / (most - 1))] for at in range(most)]


def needed(missing: str, language: str = "en") -> str:
    """A sentence about one word of `dnc_missing`: what to write, or whom to ask."""
    return about_missing(missing, "ask", language)


def told_by(missing: str) -> str:
    """Who can tell what one word of `dnc_missing` asks for: a key of the roles, see the vocabulary."""
    if missing in vocabulary().columns:
        return str(vocabulary().columns[missing]["who"])
    return "officer" if ":" in missing else "it"


def question(missing: str, language: str = "en") -> str:
    """What to ask a person about one word of `dnc_missing`."""
    if missing in (texts := messages("question", language)):
        return str(texts[missing])
    kind, _, registry = missing.partition(":")
    if registry:
        return said(language, "question", kind, registry=registry_named(registry, language))
    vocab = vocabulary()
    return labelled(vocab.label(missing, language), vocab.asks(missing, language), language)


def missing(check: Check) -> Counter[str]:
    """Undecided calls by word of `dnc_missing`, without those of `rows_left`."""
    words = check.tallies.missing()
    for reason in ROW_REASONS:
        words["objected_on" if reason in MARKED else "number"] -= check.tallies.unread[reason]
    return +words


def rows_left(check: Check) -> dict[str, int]:
    """Calls that are undecided because of how their rows are written, by key of the reason."""
    unread = check.tallies.unread
    return {key: unread[reason] for reason, key in ROW_REASONS.items() if unread[reason]}


def remedy(missing: str, rows: int, check: Check) -> str | None:
    """Where the answer to a question goes: a line of the brief, or a load; None if neither helps, or nothing is typed.

    rows: how many calls it could decide. If that many cells were not understood, their meaning is the answer.
    """
    if not check.typed:
        return None
    say = partial(said, check.language, "question")
    odd = [cells for cells in misread(check) if cells.column == missing]
    if sum(cells.rows for cells in odd) >= rows:
        quoted_word = json.dumps(odd[0].word, ensure_ascii=False)  # may name somebody
        line = odd[0].write and odd[0].write.replace(quoted_word, '"…"', 1)
        if line and missing == "region" and (name := check.header.mapped.get("region")):
            ignore = f"ignore = [{json.dumps(name, ensure_ascii=False)}]"
            line += f"  # {say('no_country', ignore=ignore)}"
    else:
        line = _brief_line(missing, check.language, check.header.mapped)
    written = say("in_brief", line=line) if line else None
    if not written and missing in check.header.mapped and missing in vocabulary().of_persons:
        written = say("in_list", column=quoted([check.header.mapped[missing]]))
    if written:
        return semicolons([written, *_load_of_records(missing, check)], check.language)
    kind, _, about = missing.partition(":")
    if kind == "text":
        is_declared = about in vocabulary().columns and about not in check.header.mapped.values()
        return None if is_declared else say("in_texts", column=about)
    if about in ("", "law"):
        return None
    unchanged = (
        said(check.language, "status", "unchanged", registry=about) if kind == "stale" and about in WHOLE else ""
    )
    return say("in_store", registry=about) + unchanged


def _load_of_records(missing: str, check: Check) -> Iterator[str]:
    """How own records that tell a fact are loaded: of calls made, those of all days in which attempts are counted."""
    say = partial(said, check.language, "records", "load")
    days = sorted(day for day, _ in check.tallies.days if day)
    for kind, facts in FACTS_OF.items():
        if missing in facts and kind != CALLS.name:
            yield say(kind)
        elif missing in facts and days and days[-1] - timedelta(days=1) <= check.record["today"]:
            first, last = days[0] - timedelta(days=ATTEMPTS_DAYS), days[-1] - timedelta(days=1)
            yield say(kind, first=str(first), last=str(last))


def _brief_line(missing: str, language: str, mapped: Mapping[str, str]) -> str | None:
    """One line to paste into the brief, with its value left blank; None if no fact is missing."""
    if missing == "region":
        return 'region = "…"'
    if missing == f"text:{AROUND.name}":
        return f'around = "{READ}"'
    if missing not in vocabulary().columns or missing == "number":
        return None
    say, theirs = partial(said, language, "question"), said(language, "question", "theirs")
    if missing in vocabulary().of_persons:
        return None if missing in mapped else f'columns.{missing} = "{theirs}"'
    if missing in mapped:
        return f'facts.{missing} = "…"  # {say("empty", column=quoted([mapped[missing]]))}'
    words = ", ".join(vocabulary().axes.get(missing, ()))
    same = say("one_of" if words else "same", words=words, column=missing, theirs=theirs)
    return f'facts.{missing} = "…"  # {same}'


class Misread(NamedTuple):
    """Cells that were not understood.

    column: ours. word: the cell, masked; empty for the rest of a list with many words. rows: how many have it.
    write: the line of the brief that gives it a meaning; None if only a correction in the file helps, or nothing is
    typed.
    cell: column and word as people read them.
    """

    column: str
    word: str
    rows: int
    write: str | None
    cell: str


def misread(check: Check) -> list[Misread]:
    """Cells that were not understood, the most frequent first."""
    found, dates, language = [], check.brief.dates, check.language
    for (column, word), rows in sorted(check.tallies.misread.items(), key=lambda pair: (-pair[1], pair[0])):
        write = _meaning(column, word, dates, language) if check.typed else None
        cell = f"{vocabulary().label(column, language)} {in_language(in_quotes(word or '…'), language)}"
        found.append(Misread(column, word, rows, write, cell))
    return found


def without_meaning(check: Check) -> list[tuple[str, int]]:
    """Texts to which nobody gave a meaning, behind their column, and their rows, the most frequent first."""
    texts = check.tallies.texts.most_common()
    return [(labelled(column, word or "…", check.language), rows) for (column, word), rows in texts]


def other_order(check: Check) -> list[str]:
    """Labels of columns with dates that contradict the declared order of day and month."""
    days = [(column, _DAY.match(word)) for column, word in sorted(check.tallies.misread) if check.brief.dates != "iso"]
    columns = dict.fromkeys(column for column, day in days if day and day["order"])
    return [vocabulary().label(column, check.language) for column in columns]


def _meaning(column: str, word: str, dates: str, language: str) -> str | None:
    is_day = vocabulary().columns[column]["kind"] in ("date", "datetime")
    if is_day and dates == "iso" and (day := _DAY.match(word)):
        return f'dates = "{day["order"] or "dmy"}"'
    if not word or "#" in word or "@" in word:
        return None
    plain = re.sub(r"\W", "", folded(word))
    values, form = proposals()["values"].get(column, {}), messages("question", language)["day_form"]
    ours = next((ours for ours, theirs in values.items() if plain in theirs), form if is_day else "…")
    return f"values.{column}.{json.dumps(word, ensure_ascii=False)} = {json.dumps(ours, ensure_ascii=False)}"


def accepted(files: Iterable[Snapshot | RecordFile], language: str) -> Iterator[str]:
    """A line for each defect of a file that was accepted when it was loaded, with the reason given."""
    for file in files:
        about = {"id": str(file.id), "registry": registry_name(file.registry, language)}
        for defect in file.accepted:
            what = defect_in_words(defect.what, defect.rows, defect.reason, language)
            yield said(language, "summary", "snapshot", **about, as_of=file.as_of, what=what)


def defect_in_words(what: str, rows: int, reason: str, language: str) -> str:
    """What was accepted of a file when it was loaded, and why."""
    return said(language, "summary", "accepted", what, rows=rows, reason=reason)


def covered(snapshot: Snapshot | RecordFile, language: str) -> str:
    """For which numbers a snapshot is complete."""
    if snapshot.covers and all(snapshot.covers):
        return " ".join(f"+{prefix}" for prefix in snapshot.covers)
    return str(messages("page", language)["covers_all" if snapshot.covers else "covers_none"])


def ranked(book: Rulebook, rows: Counter[str]) -> list[tuple[Regime, int]]:
    """Regimes with their rows, those with most rows first."""
    return [(book.regime(id_), count) for id_, count in sorted(rows.items(), key=lambda pair: (-pair[1], pair[0]))]


def rules_changed(book: Rulebook, language: str) -> Iterator[str]:
    """One line with the rules that files of the user changed, if any."""
    say = partial(said, language, "decision", "rules")
    if parts := [say(key, names=", ".join(ids)) for key, ids in book.change._asdict().items() if ids]:
        yield say("changed", parts=semicolons(parts, language))


def planned(check: Check) -> str:
    """The days for which a list is planned, and how many of its calls have no readable day or one in the past.

    The hour too, if it was declared for all calls.
    """
    say, days = partial(said, check.language, "page"), sorted(day for day, _ in check.tallies.days if day)
    parts = []
    if days:
        span = "planned_one" if days[0] == days[-1] else "planned_span"
        parts.append(say(span, first=days[0], last=days[-1]))
        at = _ISO_DAY.fullmatch(str(check.brief.facts.get("call_at", check.record["at"])))
        if at and at[2] and "call_at" not in check.header.columns and {*map(str, days)} == {at[1]}:
            parts[0] += f" {at[2]}"
    if undated := sum(rows for (day, _), rows in check.tallies.days.items() if day is None):
        parts.append(say("planned_unread", count=undated))
    if check.past:
        parts.append(say("planned_past", count=check.past))
    return semicolons(parts, check.language)


def by_rules(check: Check) -> Iterator[tuple[Rule, str]]:
    """Each rule of the brief about filled and empty cells, and a line that says in how many rows it filled a cell."""
    for rule in check.header.rules:
        rows = check.tallies.filled[rule.key, rule.name, rule.shown]
        fact = fact_in_line(rule.ours, rule.word, check.language)
        yield rule, said(check.language, "summary", rule.key, column=quoted([rule.name]), fact=fact, rows=rows)


def declared(check: Check) -> list[tuple[Fact, str]]:
    """Each fact that was declared, and where or for which rows."""
    say = partial(said, check.language, "page", brief=str(check.record.get("brief") or "")[:12])
    rows = [
        (name, value, say("by_command" if name in check.brief.by_options else "by_brief"))
        for name, value in check.brief.facts.items()
    ]
    rows += [(rule.ours, rule.word, line) for rule, line in by_rules(check)]
    return [(fact(name, value, check.language), by) for name, value, by in rows]


def consents(record: Mapping[str, Any] | None, language: str) -> str:
    """What was found in a file of consents, from `Consents.record`; empty if there was no file."""
    return said(language, "common", "consents_says", **record) if record else ""


def condition(result: ConditionResult, language: str, currency: str | None = None) -> str:
    """A condition with what was found. currency: of amounts."""
    bounds = (result.found, result.asked)
    found, asked = (_condition_value(result.name, bound, language, currency) for bound in bounds)
    return said(language, "vet", "gate", result.name, found=found, asked=asked)


def _condition_value(name: str, value: float | None, language: str, currency: str | None) -> str:
    """The limit of a condition, or what was found: a price or a share; None is one that cannot be given."""
    if value is None:
        return str(messages("vet", language)["unpriced"]) if name == "max_price" else _NO_SHARE
    return money(value, language, currency) if name == "max_price" else percent(language)(value)


def money(value: float, language: str, currency: str | None = None) -> str:
    """An amount, with its currency where that is said; one below ten cents has four decimals."""
    written = amount(language, 2 if value == 0 or value >= 0.1 else 4)(value)
    return f"{written}\xa0{currency}" if currency else written
