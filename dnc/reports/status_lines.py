"""The state of a store in words: what `dnc status` prints."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import groupby

from dnc.checks.status import Loaded, Status
from dnc.messages import counted, messages


def as_text(status: Status, language: str = "en") -> Iterator[str]:
    """One line for each list, for the rules, for the files, and for what is due."""
    texts, count = messages("status", language), counted(language)
    if not status.loaded:
        yield texts["empty"]
    for one in status.loaded:
        yield _marked(texts, _loaded(one, texts, count), due=one.due)
    for registry in status.not_loaded:
        yield _marked(texts, texts["not_loaded"].format(registry=registry), due=True)
    by_day = sorted(status.rules, key=lambda one: (one.read_until, one.jurisdiction))
    for (day, due), files in groupby(by_day, key=lambda one: (one.read_until, one.due)):
        names = ", ".join(one.jurisdiction for one in files)
        yield _marked(texts, texts["rules"].format(day=day, names=names), due=due)
    if status.forgettable:
        yield _marked(texts, texts["forgettable"].format(n=count(status.forgettable)), due=True)
    for fault in status.faults:
        yield _marked(texts, fault, due=True)
    if not status.faults:
        yield texts["verified"].format(files=count(status.files), rows=count(status.rows))
    yield texts["head"].format(head=status.head)


def _loaded(one: Loaded, texts: Mapping[str, str], count: Callable[[float], str]) -> str:
    snapshot = one.snapshot
    if one.clears_until:
        until = texts["until"].format(day=one.clears_until)
    else:
        until = texts["no_limit" if one.used else "unused"]
    known = {"registry": snapshot.registry, "as_of": snapshot.as_of, "age": count(one.age)}
    return texts["loaded"].format(**known, numbers=count(snapshot.numbers), until=until)


def _marked(texts: Mapping[str, str], line: str, *, due: bool) -> str:
    return texts["due"].format(line=line) if due else line
