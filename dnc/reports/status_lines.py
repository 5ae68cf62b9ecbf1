"""The state of a store in words, as `dnc status` prints it, and as metrics in the OpenMetrics text format."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from functools import partial
from itertools import groupby

from dnc.checks.status import NewestSnapshot, OwnRecords, Status
from dnc.messages import in_language, localized, registry_named, said
from dnc.store.record_kinds import WHOLE

_ESCAPED = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


def as_text(status: Status, language: str = "en") -> Iterator[str]:
    """One line for each list, for the rules, for the files, and for what is due."""
    say = partial(said, language, "status")
    yield from _lists(status, language)
    for registry in status.not_loaded:
        yield say("due", line=say("not_loaded", registry=registry_named(registry, language)))
    by_day = sorted(status.rules, key=lambda loaded: (loaded.read_until, loaded.jurisdiction))
    for (day, due), files in groupby(by_day, key=lambda file: (file.read_until, file.due)):
        names = ", ".join(file.jurisdiction for file in files)
        yield _marked(say("rules", day=day, names=names), language, due=due)
    if status.forgettable:
        yield say("due", line=say("forgettable", n=status.forgettable))
    yield from (say("due", line=fault) for fault in status.faults)
    yield from (in_language(note, language) for note in status.notes)
    if status.verified:
        yield say("verified", files=status.files, rows=status.rows)
    yield say("head", head=status.log_head)


def _lists(status: Status, language: str) -> Iterator[str]:
    if not status.registries and not status.records:
        yield said(language, "status", "empty")
    for loaded in status.registries:
        yield _marked(_loaded(loaded, status.today, language), language, due=loaded.due)
    if status.own_numbers:
        yield said(language, "status", "own", n=status.own_numbers)
    for kind in status.records:
        yield _marked(of_own_records(kind, status.today, language), language, due=kind.due)


def of_own_records(records: OwnRecords, day: date, language: str, *, typed: bool = True) -> str:
    """One line for the own records of a kind; typed: as in `clears`."""
    say, until = partial(said, language, "status"), records.complete_until
    also = say("complete", day=until) if until else ""
    also += say("proofs_ending", n=records.proofs_ending) if records.proofs_ending else ""
    if until and (end := records.clears_until):
        also += say("kept_up", age=(day - until).days, until=clears(records.kind, end, day, language, typed=typed))
    kind = localized("records", "kinds", records.kind)
    return say("records", kind=kind, n=records.rows, day=records.newest, also=also)


def clears(registry: str, until: date, day: date, language: str, *, typed: bool = True) -> str:
    """Until when a list clears calls, or since when it is too old on a day, and what to do then.

    typed: whether by a command, and not at the desk.
    """
    say = partial(said, language, "status")
    if until >= day:
        return say("until", day=until)
    other = say("unchanged" if typed else "unchanged_here", registry=registry) if registry in WHOLE else ""
    return say("too_old", day=until + timedelta(days=1), other=other)


def _loaded(loaded: NewestSnapshot, day: date, language: str) -> str:
    say, registry = partial(said, language, "status"), registry_named(loaded.registry, language)
    end, no_end = loaded.clears_until, "no_limit" if loaded.used else "unused"
    until = clears(loaded.registry, end, day, language) if end else say(no_end)
    numbers = {"age": loaded.age_days, "numbers": loaded.numbers}
    return say("loaded", registry=registry, as_of=loaded.as_of, until=until, **numbers)


def _marked(line: str, language: str, *, due: bool) -> str:
    return said(language, "status", "due", line=line) if due else line


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
    yield from _gauge("dnc_forgettable", "What is kept longer than dnc retention allows.", {"": state.forgettable})
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
