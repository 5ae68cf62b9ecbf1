"""The state of a store as metrics in the OpenMetrics text format, for Prometheus and what reads the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dnc.checks.status import Status

_ESCAPED = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


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
