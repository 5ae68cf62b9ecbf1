"""The state of a store in words: what `dnc status` prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby

from dnc.checks.status import NewestSnapshot, OwnRecords, Status
from dnc.messages import counted, dated, in_language, messages, registry_named


def as_text(status: Status, language: str = "en") -> Iterator[str]:
    """One line for each list, for the rules, for the files, and for what is due."""
    texts, count = messages("status", language), counted(language)
    yield from _lists(status, language)
    for registry in status.not_loaded:
        yield _marked(texts, texts["not_loaded"].format(registry=registry_named(registry, language)), due=True)
    by_day = sorted(status.rules, key=lambda loaded: (loaded.read_until, loaded.jurisdiction))
    for (day, due), files in groupby(by_day, key=lambda file: (file.read_until, file.due)):
        names = ", ".join(file.jurisdiction for file in files)
        yield _marked(texts, texts["rules"].format(day=dated(language)(day), names=names), due=due)
    if status.rules_pack:
        yield texts["pack"].format(pack=status.rules_pack)
    if status.forgettable:
        yield _marked(texts, texts["forgettable"].format(n=count(status.forgettable)), due=True)
    for fault in status.faults:
        yield _marked(texts, in_language(fault, language), due=True)
    for note in status.notes:
        yield in_language(note, language)
    if status.verified:
        yield texts["verified"].format(files=count(status.files), rows=count(status.rows))
    yield texts["head"].format(head=status.log_head)


def _lists(status: Status, language: str) -> Iterator[str]:
    texts = messages("status", language)
    if not status.registries and not status.records:
        yield texts["empty"]
    for loaded in status.registries:
        yield _marked(texts, _loaded(loaded, language), due=loaded.due)
    if status.own_numbers:
        yield texts["own"].format(n=counted(language)(status.own_numbers))
    for kind in status.records:
        yield of_own_records(kind, language)


def of_own_records(records: OwnRecords, language: str) -> str:
    """One line for the own records of a kind."""
    texts, day, until = messages("status", language), dated(language), records.complete_until
    complete = texts["complete"].format(day=day(until)) if until else ""
    kind, rows = messages("records", language)["kinds"][records.kind], counted(language)(records.rows)
    return str(texts["records"].format(kind=kind, n=rows, day=day(records.newest), complete=complete))


def _loaded(loaded: NewestSnapshot, language: str) -> str:
    texts, count, day = messages("status", language), counted(language), dated(language)
    if loaded.clears_until:
        until = texts["until"].format(day=day(loaded.clears_until))
    else:
        until = texts["no_limit" if loaded.used else "unused"]
    registry, numbers = registry_named(loaded.registry, language), count(loaded.numbers)
    values = {"registry": registry, "as_of": day(loaded.as_of), "age": count(loaded.age_days), "numbers": numbers}
    return str(texts["loaded"].format(**values, until=until))


def _marked(texts: Mapping[str, str], line: str, *, due: bool) -> str:
    return texts["due"].format(line=line) if due else line
