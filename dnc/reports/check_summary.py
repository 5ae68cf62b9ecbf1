"""The summary of a check: what `dnc check` prints on stderr for the person who ran it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dnc.checks.result import Check
from dnc.files.table import quoted
from dnc.messages import apart, counted, dated, in_language, messages
from dnc.reports.decision import Decision, decision
from dnc.reports.phrases import accepted, by_rules, consents, facts, labelled, misread, other_order

_SHOWN = 5
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
    yield from blocks_in_lines(result, language)
    yield messages("decision", language)["possible"]
    yield from remarks(check)
    yield from _declared(check)
    yield from _misread(check, language)
    if clear := check.counts["clear"]:
        yield texts["duties"].format(rows=count(clear), n=len(check.tallies.duties()))
    if check.book.installed:
        yield texts["pack"].format(pack=check.book.installed)
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


def counts_in_words(counts: Mapping[str, int], language: str) -> str:
    """Rows by outcome, as one text."""
    text, outcomes = messages("summary", language)["count"], messages("common", language)["outcomes"]
    count = counted(language)
    return ", ".join(text.format(rows=count(rows), outcome=outcomes[outcome]) for outcome, rows in counts.items())


def warnings(check: Check, language: str = "en") -> Iterator[str]:
    """Lines about what a file did not say, or what was left out of it."""
    texts, count, table = messages("summary", language), counted(language), check.header.table

    def said(key: str, **values: str) -> str:
        return apart([texts[key].format(**values), *([texts["how"][key]] if check.typed else [])], language)

    if not check.dated:
        yield said("today", day=dated(language)(check.record["today"]))
    if check.record["clock"] != "system":
        yield texts["clock"].format(day=dated(language)(check.record["today"]))
    if ignored := check.header.ignored:
        yield texts["ignored"].format(names=in_language(quoted(ignored), language))
    yield from (said("second", name=in_language(quoted([name]), language)) for name in check.second_numbers)
    counts = {"past": check.past, "elsewhere": check.elsewhere, "unplaced": check.unplaced}
    counts |= {"skipped": table.skipped, "hidden": table.hidden, "full": table.full, "cut": check.cut}
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
