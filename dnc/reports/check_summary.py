"""The summary of a check: what `dnc check` prints on stderr for the person who ran it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta

from dnc.checks.result import Check, ConditionResult
from dnc.clock import read_moment
from dnc.files.table import quoted
from dnc.messages import counted, dated, in_language, messages, semicolons
from dnc.reports.decision import Decision, another_day, decision
from dnc.reports.phrases import accepted, by_rules, condition, consents, facts, labelled, misread, other_order, planned

_SHOWN = 5
_MOST_BY_DAY = 0.9  # of all calls that the day alone may forbid without a warning
_SOON = 60  # days in which a consent ends that should be asked for again
_MARGIN = " " * 13  # the width of the counts in front of a list


def summary(check: Check) -> Iterator[str]:
    """Lines of the summary: the decision, what to know about the list, what was declared and misread, the log."""
    language = check.language
    texts, count = messages("summary", language), counted(language)
    result = decision(check)
    yield result.sentence
    yield from result.facts
    if check.calls != check.rows:
        yield texts["numbers"].format(rows=count(check.rows), calls=count(check.calls))
    if (given := check.given.total()) != check.calls:
        counts = counts_in_words({outcome: check.given[outcome] for outcome in check.counts}, language)
        yield texts["changed" if check.record["changed"] else "given"].format(rows=count(given), counts=counts)
    if check.known is not None:
        yield texts["known"].format(n=count(check.known))
    yield from blocks_in_lines(result, language)
    yield messages("decision", language)["possible"]
    yield from remarks(check)
    yield from _declared(check)
    yield from _misread(check, language)
    yield from _unread_texts(check, language)
    if clear := check.counts["clear"]:
        yield texts["duties"].format(rows=count(clear), n=len(check.tallies.duties()))
    if check.book.installed:
        yield texts["pack"].format(pack=check.book.installed)
    if check.id:
        yield texts["head"].format(id=check.id, head=check.head)


def blocks_in_lines(result: Decision, language: str) -> Iterator[str]:
    """The blocks of a decision as lines of a terminal: headings, and lines with their number of calls in front."""
    for block in result.blocks:
        yield labelled(block.head, "", language).rstrip()
        for number, line in enumerate(block.lines, 1):
            front = f"{number}." if block.key == "next" else ""
            if line.rows is not None:
                front = counted(language)(line.rows)
            yield f"  {front:>9}  {line.tasked(language)}"
            if line.how:
                yield _MARGIN + line.how


def remarks(check: Check) -> Iterator[str]:
    """Lines about what a person should know about the list."""
    if not check.counts["clear"]:  # else it is one of the grounds beside the signature
        yield from left_out(check, check.language)
    yield from warnings(check, check.language)
    if check.repeated:
        yield messages("summary", check.language)["repeated"].format(n=counted(check.language)(check.repeated))


def _declared(check: Check) -> Iterator[str]:
    texts = messages("summary", check.language)
    if check.brief.facts:
        yield texts["declared"].format(facts=facts(check.brief.facts, check.language))
    yield from (line for _, line in by_rules(check))
    if counts := consents(check.record["consents"], check.language):
        yield texts["consents"].format(counts=counts)
    if check.consents:
        yield from _rested_on(check)


def _rested_on(check: Check) -> Iterator[str]:
    """The consents that calls rest on, by wording and end, and those that lack a proof."""
    texts, count, found = messages("summary", check.language), counted(check.language), check.consents or {}
    yield texts["rested_on"].format(n=count(found["calls"]), unproven=count(found["unproven"]))
    for row in found["wordings"][:_SHOWN]:
        name = row["name"] or texts["no_wording"]
        yield f"  {count(row['calls']):>9}  {texts['of_wording'].format(name=name, clear=count(row['clear']))}"
    last = (date.fromisoformat(str(check.record["today"])) + timedelta(days=_SOON)).isoformat()
    if soon := {day: calls for day, calls in found["ends"].items() if day <= last}:
        first = dated(check.language)(date.fromisoformat(min(soon)))
        yield texts["ending"].format(n=count(sum(soon.values())), days=_SOON, day=first)
    if check.revived:
        yield texts["not_renewed"].format(n=count(check.revived))


def counts_in_words(counts: Mapping[str, int], language: str) -> str:
    """Rows by outcome, as one text."""
    text, outcomes = messages("summary", language)["count"], messages("common", language)["outcomes"]
    count = counted(language)
    return ", ".join(text.format(rows=count(rows), outcome=outcomes[outcome]) for outcome, rows in counts.items())


def left_out(check: Check, language: str) -> Iterator[str]:
    """A line that names the columns that were left out on purpose, if there are any."""
    if names := check.header.ignored:
        yield messages("summary", language)["ignored"].format(names=in_language(quoted(names), language))


def warnings(check: Check, language: str = "en") -> Iterator[str]:
    """Lines about what a file did not say, or what was left out of it."""
    texts, count, table = messages("summary", language), counted(language), check.header.table

    def said(key: str, **values: str) -> str:
        return semicolons([texts[key].format(**values), *([texts["how"][key]] if check.typed else [])], language)

    if (count_of := another_day(check).total()) > _MOST_BY_DAY * check.calls:
        yield said("day_alone", n=count(count_of), calls=count(check.calls), days=planned(check))
    if passed := _passed_day(check):
        yield said("passed", day=dated(language)(passed))
    if not check.dated:
        yield said("today", day=dated(language)(check.record["today"]))
    if check.record["clock"] != "system":
        yield texts["clock"].format(day=dated(language)(check.record["today"]))
    yield from (said("second", name=in_language(quoted([name]), language)) for name in check.second_numbers)
    counts = {"elsewhere": check.elsewhere, "unplaced": check.unplaced, "skipped": table.skipped}
    counts |= {"hidden": table.hidden, "full": table.full, "cut": check.cut}
    yield from (texts[name].format(n=count(n)) for name, n in counts.items() if n)
    if table.others:
        yield said("sheets", names=in_language(quoted(table.others), language))
    for misfit in table.misfits:
        yield texts["encoding"].format(**misfit._asdict() | {"line": count(misfit.line)})
    newest = {
        (snapshot.registry, snapshot.covers): snapshot
        for snapshot in sorted(check.snapshots, key=lambda snapshot: (snapshot.as_of, snapshot.id))
    }
    # The own list is cumulative: none of its snapshots replaces another.
    own = [snapshot for snapshot in check.snapshots if snapshot.is_own]
    yield from accepted([*own, *(snapshot for snapshot in newest.values() if not snapshot.is_own)], language)


def _passed_day(check: Check) -> date | None:
    """The day for which the brief plans all calls that have none of their own, if it has passed."""
    facts, today = check.brief.facts, date.fromisoformat(str(check.record["today"]))
    if "call_at" not in facts or "call_at" in check.brief.by_options:
        return None
    moment = read_moment(facts["call_at"], check.brief.dates, today)
    day = moment.date() if isinstance(moment, datetime) else moment
    return day if day and day < today else None


def conditions(results: Iterable[ConditionResult], language: str) -> Iterator[str]:
    """A line on the conditions that are met, and one on those that are not."""
    for holds, key in ((False, "conditions_missed"), (True, "conditions_met")):
        if said := [condition(result, language) for result in results if result.holds is holds]:
            yield messages("summary", language)[key].format(conditions=semicolons(said, language))


def _unread_texts(check: Check, language: str) -> Iterator[str]:
    texts, count, found = messages("summary", language), counted(language), check.tallies.texts.most_common()
    if found:
        yield texts["texts"]
    yield from (f"  {count(rows):>9}  {column}{f': {word}' if word else ''}" for (column, word), rows in found[:_SHOWN])
    if more := found[_SHOWN:]:
        yield _MARGIN + texts["texts_more"].format(n=count(len(more)))


def _misread(check: Check, language: str) -> Iterator[str]:
    texts, count = messages("summary", language), counted(language)
    groups = misread(check)
    if groups:
        yield texts["misread"]
    for cells in groups[:_SHOWN]:
        yield f"  {count(cells.rows):>9}  {cells.cell}"
        if cells.write:
            yield _MARGIN + cells.write
    if columns := other_order(check):
        yield texts["other_order"].format(columns=", ".join(columns), order=check.brief.dates)
    if more := groups[_SHOWN:]:
        yield _MARGIN + texts["misread_more"].format(n=count(len(more)), rows=count(sum(cells.rows for cells in more)))
