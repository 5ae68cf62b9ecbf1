"""The state of a store: what is loaded and how old, until when it clears calls, and what is due."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from dnc.clock import today
from dnc.database import run
from dnc.errors import OptionError
from dnc.law.demands import FACTS, REGISTRY_FACTS, Condition, registry_column
from dnc.law.rulebook import Rulebook
from dnc.registries.contract import OWN
from dnc.store.audit_log import Entry
from dnc.store.snapshots import Snapshot
from dnc.store.store import Store
from dnc.store.verify import verify


@dataclass(frozen=True)
class Loaded:
    """The newest snapshot of a registry for the prefixes that it covers.

    Attributes:
        snapshot: the snapshot.
        age: in days, today.
        used: whether a regime in force today looks the registry up.
        clears_until: last day on which a regime in force today accepts that a number is not in it; None if no regime
            sets a limit.
        max_age: the limit of the user, in days, or None.
        due: whether a newer one is needed: it clears no call any more, or is older than `max_age`.
    """

    snapshot: Snapshot
    age: int
    used: bool
    clears_until: date | None
    max_age: int | None
    due: bool


@dataclass(frozen=True)
class RulesFile:
    """A file of rules, with the last day that it was reviewed for; `due` after that day."""

    jurisdiction: str
    read_until: date
    due: bool


@dataclass(frozen=True)
class Status:
    """What a store holds, and what is due.

    Attributes:
        day: today.
        loaded: by registry and covered prefixes.
        not_loaded: registries that the user set a limit for and that have no snapshot.
        rules: by jurisdiction.
        forgettable: snapshots and decisions that are kept longer than `dnc retain` allows.
        faults: what is damaged, one line each. files, rows: undamaged files, and rows in them.
        head: the last row of the log.
    """

    day: date
    loaded: tuple[Loaded, ...]
    not_loaded: tuple[str, ...]
    rules: tuple[RulesFile, ...]
    forgettable: int
    faults: tuple[str, ...]
    files: int
    rows: int
    head: Entry

    @property
    def due(self) -> bool:
        """Whether anything is due."""
        late = any(one.due for one in self.loaded) or any(one.due for one in self.rules)
        return late or bool(self.not_loaded or self.forgettable or self.faults)

    @property
    def data(self) -> dict[str, Any]:
        """The same for JSON."""
        return {
            "due": self.due,
            "today": self.day.isoformat(),
            "registries": [
                {
                    "registry": one.snapshot.registry,
                    "snapshot": one.snapshot.id,
                    "as_of": one.snapshot.as_of.isoformat(),
                    "age_days": one.age,
                    "covers": list(one.snapshot.covers),
                    "campaign": one.snapshot.campaign,
                    "numbers": one.snapshot.numbers,
                    "used": one.used,
                    "clears_until": one.clears_until and one.clears_until.isoformat(),
                    "max_age_days": one.max_age,
                    "due": one.due,
                }
                for one in self.loaded
            ],
            "not_loaded": list(self.not_loaded),
            "rules": [
                {"jurisdiction": one.jurisdiction, "read_until": one.read_until.isoformat(), "due": one.due}
                for one in self.rules
            ],
            "forgettable": self.forgettable,
            "verified": not self.faults,
            "faults": list(self.faults),
            "files": self.files,
            "rows": self.rows,
            "log_head": str(self.head),
        }


def status(store: Store, book: Rulebook, max_ages: Mapping[str, int] | None = None) -> Status:
    """The state of a store today, by the law in force today; every file of it is read and verified.

    Args:
        store: must exist.
        book: the rules.
        max_ages: registry → days after which the user wants a newer snapshot.
    Raises:
        StoreError: there is no store, or it is locked. OptionError: there is no such registry.
    """
    max_ages = max_ages or {}
    store.must_exist()
    known = {*book.registries(), OWN}
    for registry in max_ages:
        if registry not in known:
            raise OptionError(f"no rule looks up a registry {registry!r}; choose from {', '.join(sorted(known))}")
    day = today()
    found = verify(store.ledger)
    snapshots = store.snapshots() if found.ledger_intact else []
    newest: dict[tuple[str, tuple[str, ...]], Snapshot] = {}
    for one in sorted(snapshots, key=lambda one: (one.as_of, one.id)):
        newest[one.registry, one.covers] = one
    loaded = [_loaded(one, book, day, max_ages.get(one.registry)) for _, one in sorted(newest.items())]
    there = {registry for registry, _ in newest}
    return Status(
        day=day,
        loaded=tuple(loaded),
        not_loaded=tuple(sorted(set(max_ages) - there)),
        rules=tuple(
            RulesFile(name, pack.read_until, pack.read_until < day) for name, pack in sorted(book.packs.items())
        ),
        forgettable=store.forgettable() if found.ledger_intact else 0,
        faults=tuple(found.faults),
        files=found.files,
        rows=found.rows,
        head=found.head,
    )


def _loaded(snapshot: Snapshot, book: Rulebook, day: date, max_age: int | None) -> Loaded:
    registry = snapshot.registry
    age = (day - snapshot.as_of).days
    parts = [
        part
        for pack in book.packs.values()
        for regime in pack.on(day)
        for part in regime.parts
        if registry in part.registries
    ]
    ends = [_clears_until(part, registry, snapshot.as_of, day, book) for part in parts]
    until = None if None in ends else max(filter(None, ends), default=None)
    late = (until is not None and until < day) or (max_age is not None and age > max_age)
    return Loaded(snapshot, age, bool(parts), until, max_age, late)


def _clears_until(part: Condition, registry: str, as_of: date, day: date, book: Rulebook) -> date | None:
    """The last day on which a condition accepts that a number is not in an answer of some day; None: no limit."""
    facts = {"day": f"date '{day}'", registry_column(registry): "'clear'"}
    facts[registry_column(registry, "_as_of")] = f"date '{as_of}'"
    kinds = FACTS | {registry_column(registry, suffix): kind for suffix, kind in REGISTRY_FACTS.items()}
    unknown = {name: f"null::{kinds.get(name, 'VARCHAR')}" for name in part.columns - facts.keys()}
    cells = ", ".join(f"{cell} as {name}" for name, cell in (unknown | facts).items())
    ends = [f"({end})::date as e{at}" for at, end in enumerate(part.ends)]
    if not ends:
        return None
    found = run(book.evaluator.cursor(), "status", f"select {', '.join(ends)} from (select {cells})")
    return min(filter(None, found.row(0)), default=None)
