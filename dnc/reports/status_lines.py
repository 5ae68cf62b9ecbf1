"""The state of a store in words, as `dnc status` prints it, and as metrics in the OpenMetrics text format."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby

from dnc.checks.status import NewestSnapshot, OwnRecords, Status
from dnc.messages import counted, dated, in_language, messages, registry_named

_ESCAPED = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


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


# For Prometheus and what reads the same


def as_metrics(state: Status, at: float) -> str:
    """Gauges of a status, without a number of a person; a monitor compares `dnc_status_time_seconds` with its clock.

    at: when the status was read, in seconds since 1970.
    """
    return "\n".join([*_lines(state, at), "# EOF", ""])


def _lines(state: Status, at: float) -> Iterator[str]:
    yield from _gauge("dnc_due", "Whether anything is due (1) or not (0).", {"": state.due})
    yield from _gauge("dnc_status_time_seconds", "When the store was looked at.", {"": at}, unit="seconds")
    registries = {
        _label("registry", one.registry, covers=" ".join(one.covers), campaign=one.campaign or ""): one
        for one in state.registries
    }
    for name, says, field in (
        ("dnc_registry_age_days", "Age of the newest answer.", "age_days"),
        ("dnc_registry_numbers", "Numbers in it.", "numbers"),
        ("dnc_registry_due", "Whether a newer one is needed.", "due"),
    ):
        yield from _gauge(name, says, {labels: getattr(one, field) for labels, one in registries.items()})
    missing = {_label("registry", name): 1 for name in state.not_loaded}
    yield from _gauge("dnc_registry_missing", "Registries with a limit, and without an answer.", missing)
    rules = {_label("jurisdiction", one.jurisdiction): one.due for one in state.rules}
    yield from _gauge("dnc_rules_due", "Whether the rules have to be reviewed.", rules)
    yield from _gauge("dnc_forgettable", "What is kept longer than dnc retain allows.", {"": state.forgettable})
    yield from _gauge("dnc_faults", "What is damaged.", {"": len(state.faults)})
    if state.own_numbers is not None:
        yield from _gauge("dnc_own_numbers", "Numbers on the own list.", {"": state.own_numbers})
    records = {_label("kind", one.kind): one.rows for one in state.records}
    yield from _gauge("dnc_own_records", "Consents, calls made and customers.", records)


def _label(name: str, value: str, **more: str) -> str:
    pairs = ",".join(f'{key}="{text.translate(_ESCAPED)}"' for key, text in {name: value, **more}.items())
    return f"{{{pairs}}}"


def _gauge(name: str, says: str, values: Mapping[str, float], unit: str = "") -> Iterator[str]:
    """One family: its description, and a line for each set of labels."""
    yield f"# TYPE {name} gauge"
    if unit:
        yield f"# UNIT {name} {unit}"
    yield f"# HELP {name} {says}"
    yield from (f"{name}{labels} {value + 0}" for labels, value in values.items())
