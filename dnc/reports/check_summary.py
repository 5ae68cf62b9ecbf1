"""The summary of a check: what `dnc check` prints on stderr for the person who ran it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import partial

from dnc.checks.result import Check, ConditionResult
from dnc.clock import read_moment
from dnc.files.table import quoted
from dnc.law.vocabulary import vocabulary
from dnc.messages import counted, dated, messages, said, semicolons
from dnc.reports.decision import Decision, all_past, another_day, decision
from dnc.reports.phrases import accepted, by_rules, condition, consents, facts, labelled, other_order, planned

_SHOWN = 5
_MOST_BY_DAY = 0.9  # of all calls that the day alone may forbid without a warning
_SOON = 60  # days in which a consent ends that should be asked for again
MARGIN = " " * 13  # the width of the counts in front of a list


def summary(check: Check) -> Iterator[str]:
    """Lines of the summary: the decision, what to know about the list, what was declared and misread, the log."""
    language, result = check.language, decision(check)
    say = partial(said, language, "summary")
    yield result.sentence
    yield from result.facts
    if check.calls != check.rows:
        yield say("numbers", rows=check.rows, calls=check.calls)
    if (given := check.given.total()) != check.calls:
        counts = counts_in_words({outcome: check.given[outcome] for outcome in check.counts}, language)
        yield say("changed" if check.record["changed"] else "given", rows=given, counts=counts)
    yield from blocks_in_lines(result, language)
    yield said(language, "decision", "possible")
    yield from remarks(check)
    yield from _declared(check)
    yield from _misread(check, language)
    yield from _unread_texts(check, language)
    if (clear := check.counts["clear"]) and not all_past(check):
        yield say("duties", rows=clear, n=len(check.tallies.duties()))
    if check.id:
        yield say("head", id=str(check.id), head=check.head)


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
                yield MARGIN + line.how


def remarks(check: Check) -> Iterator[str]:
    """Lines about what a person should know about the list."""
    if not check.counts["clear"]:  # else it is one of the grounds beside the signature
        yield from left_out(check, check.language)
    yield from warnings(check, check.language)
    if check.repeated:
        yield said(check.language, "summary", "repeated", n=check.repeated)


def _declared(check: Check) -> Iterator[str]:
    language = check.language
    if check.brief.facts:
        yield said(language, "summary", "declared", facts=facts(check.brief.facts, language))
    # Beside possible calls, what filled cells tell is one of the grounds beside the signature.
    yield from (line for rule, line in by_rules(check) if not (rule.filled and check.counts["clear"]))
    if counts := consents(check.record["consents"], language):
        yield said(language, "summary", "consents", counts=counts)
    yield from of_consents(check)


def of_consents(check: Check) -> Iterator[str]:
    """The consents that calls rest on, by wording, age and end, and those that lack a proof; none if none does."""
    language, found = check.language, check.consents
    if not found:
        return
    say, number, day = partial(said, language, "summary"), counted(language), dated(language)
    yield say("rested_on", n=found["calls"], unproven=found["unproven"])
    for row in found["wordings"][:_SHOWN]:
        text = say("of_wording", name=row["name"] or say("no_wording"), clear=row["clear"])
        yield counted_line(row["calls"], text, language)
    ages = (labelled(say("ages", age), number(calls), language) for age, calls in found["ages"].items())
    yield say("by_age", ages=semicolons(ages, language))
    if ends := [(day(end), calls) for end, calls in found["ends"].items()]:
        if later := ends[_SHOWN:]:
            ends = [*ends[:_SHOWN], (say("later"), sum(calls for _, calls in later))]
        of_days = (labelled(end, number(calls), language) for end, calls in ends)
        yield say("by_end", ends=semicolons(of_days, language))
    last = (date.fromisoformat(str(check.record["today"])) + timedelta(days=_SOON)).isoformat()
    if soon := {end: calls for end, calls in found["ends"].items() if end <= last}:
        yield say("ending", n=sum(soon.values()), days=_SOON, day=date.fromisoformat(min(soon)))


def counted_line(rows: int, text: str, language: str) -> str:
    """A line of a list, with its count in front."""
    return f"  {counted(language)(rows):>9}  {text}"


def counts_in_words(counts: Mapping[str, int], language: str) -> str:
    """Rows by outcome, as one text."""
    outcomes = messages("common", language)["outcomes"]
    say = partial(said, language, "summary", "count")
    return ", ".join(say(rows=rows, outcome=outcomes[outcome]) for outcome, rows in counts.items())


def left_out(check: Check, language: str) -> Iterator[str]:
    """A line that names the columns that were left out on purpose, if there are any."""
    if names := check.header.left_out:
        yield said(language, "summary", "ignored", names=quoted(names))


def warnings(check: Check, language: str = "en") -> Iterator[str]:
    """Lines about what a file did not say, or what was left out of it."""
    say, table = partial(said, language, "summary"), check.header.table

    def with_remedy(key: str, **values: object) -> str:
        return semicolons([say(key, **values), *([say("how", key)] if check.typed else [])], language)

    today = date.fromisoformat(str(check.record["today"]))
    if (by_day := another_day(check).total()) > _MOST_BY_DAY * check.calls:
        yield with_remedy("day_alone", n=by_day, calls=check.calls, days=planned(check))
    if passed := _passed_day(check):
        yield with_remedy("passed", day=passed)
    if not check.dated:
        yield with_remedy("today", day=today)
    if check.record["clock"] != "system":
        yield say("clock", day=today)
    yield from (with_remedy("second", name=quoted([name])) for name in check.second_numbers)
    counts = {"elsewhere": check.elsewhere, "unplaced": check.unplaced, "skipped": table.skipped}
    counts |= {"hidden": table.hidden, "full": table.full, "cut": check.cut}
    yield from (say(name, n=n) for name, n in counts.items() if n)
    if table.others:
        yield with_remedy("sheets", names=quoted(table.others))
    yield from (say("encoding", **misfit._asdict()) for misfit in table.misfits)
    newest = {
        (snapshot.registry, snapshot.covers): snapshot
        for snapshot in sorted(check.snapshots, key=lambda snapshot: (snapshot.as_of, snapshot.id))
    }
    # The own list is cumulative: none of its files replaces another.
    yield from accepted([*check.own_list.files, *newest.values()], language)


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
        if found := [condition(result, language) for result in results if result.holds is holds]:
            yield said(language, "summary", key, conditions=semicolons(found, language))


def _unread_texts(check: Check, language: str) -> Iterator[str]:
    if check.tallies.texts:
        yield said(language, "summary", "texts")
        yield from _by_column(check.tallies.texts, language)


def _misread(check: Check, language: str) -> Iterator[str]:
    say, label = partial(said, language, "summary"), vocabulary().label
    if found := check.tallies.misread:
        yield say("misread")
        named = Counter({(label(column, language), word): rows for (column, word), rows in found.items()})
        yield from _by_column(named, language)
    if columns := other_order(check):
        yield say("other_order", columns=", ".join(columns), order=check.brief.dates)


def _by_column(cells: Counter[tuple[str, str]], language: str) -> Iterator[str]:
    """How many cells of each column there are; their words may name people, and stand in the report."""
    columns: Counter[str] = Counter()
    for (column, _), rows in cells.items():
        columns[column] += rows
    yield from (counted_line(rows, column, language) for column, rows in columns.most_common())
