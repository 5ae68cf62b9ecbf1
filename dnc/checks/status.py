"""The state of a store: what is loaded and how old, until when it clears calls, and what is due."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date

from dnc.checks.consent_ends import consents_due
from dnc.clock import read_day, today
from dnc.database import instance_of, run
from dnc.errors import OptionError, StoreError
from dnc.law.condition import Condition
from dnc.law.demands import FACTS, REGISTRY_FACTS, registry_column
from dnc.law.rulebook import Rulebook
from dnc.lists.own_list import own_list
from dnc.messages import localized
from dnc.registries import OWN
from dnc.store.record_kinds import CONSENTS, KINDS, OBJECTIONS
from dnc.store.records import RecordFile, Records, records_in
from dnc.store.snapshots import Snapshot
from dnc.store.store import Store
from dnc.store.verify import Findings

_PROOF_DAYS = 30


@dataclass(frozen=True)
class NewestSnapshot:
    """The newest snapshot of a registry for the prefixes that it covers.

    Attributes:
        registry, snapshot, as_of, covers, campaign, numbers: of the snapshot, which is named by its id; of the own list
            all numbers that are on it today.
        age_days: its age today.
        used: whether a regime in force today looks the registry up.
        clears_until: last day on which a regime in force today accepts that a number is not in it; None if no regime
            sets a limit. Of the own list the settings of the store say it (`own_valid_days`).
        max_age_days: the limit of the user, or None.
        due: whether a newer one is needed: it clears no call any more, or is older than the limit of the user.
    """

    registry: str
    snapshot: int
    as_of: date
    age_days: int
    covers: tuple[str, ...]
    campaign: str | None
    numbers: int
    used: bool
    clears_until: date | None
    max_age_days: int | None
    due: bool


@dataclass(frozen=True)
class OwnRecords:
    """Own records of a kind.

    Attributes:
        kind: its name, a key of `dnc.store.record_kinds.KINDS`.
        rows: how many there are; of customers, in the newest file.
        newest: the day on which the last of them was loaded or recorded (UTC).
        complete_until: the last day for which a file has every call, or all customers; None if no file says so.
        clears_until: of customers, the last day on which the newest file says who is none; `due` after it.
        proofs_ending: how many proofs of consents are kept no longer than the next thirty days, by `proof_until`.
    """

    kind: str
    rows: int
    newest: date
    complete_until: date | None
    proofs_ending: int
    clears_until: date | None
    due: bool


@dataclass(frozen=True)
class RulesFile:
    """A file of rules, with the last day that it was reviewed for; `due` after that day."""

    jurisdiction: str
    read_until: date
    due: bool


@dataclass(frozen=True)
class Status:
    """What a store holds, and what is due; as JSON the same, name by name.

    Attributes:
        due: whether anything is.
        today: the day.
        registries: by registry and covered prefixes.
        own_numbers: numbers on the caller's own list today, loaded or recorded, as `dnc export own` writes them; None
            if there is no store, or it cannot be read.
        records: own records by kind; kinds without any are left out.
        not_loaded: registries that the user set a limit for and that have no snapshot.
        rules: by jurisdiction.
        forgettable: how many snapshots, own records and files of decisions are kept longer than `dnc retention` allows.
        verified: whether the store is undamaged; None if its files were not verified.
        faults: what is wrong, one line each.
        notes: what else was found, and faults that somebody accepted. files, rows: undamaged files, and rows in them.
        log_head: the last row of the log as `ROW:HASH`, or None for a store that does not exist yet.
    """

    due: bool
    today: date
    registries: tuple[NewestSnapshot, ...]
    own_numbers: int | None
    records: tuple[OwnRecords, ...]
    not_loaded: tuple[str, ...]
    rules: tuple[RulesFile, ...]
    forgettable: int
    verified: bool | None
    faults: tuple[str, ...]
    notes: tuple[str, ...]
    files: int
    rows: int
    log_head: str | None


def status(
    store: Store, book: Rulebook, max_ages: Mapping[str, int] | None = None, *, verified: Findings | None = None
) -> Status:
    """The state of a store, which need not exist, today and by the law in force today.

    Args:
        max_ages: registry → days after which the user wants a newer snapshot.
        verified: what `dnc.store.verify.verify` found in the store; None where its files were not verified.
    Raises:
        StoreError: the store cannot be read. OptionError: there is no such registry.
    """
    max_ages = max_ages or {}
    known = {*book.registries(), OWN}
    for registry in max_ages:
        if registry not in known:
            raise OptionError(localized("errors", "no_registry", registry=registry, known=", ".join(sorted(known))))
    day = today()
    found = verified or Findings()
    readable = store.exists and found.log_intact
    newest: dict[tuple[str, tuple[str, ...]], tuple[Snapshot | RecordFile, date | None]] = {}
    for file, told in sorted(_files(store) if readable else [], key=lambda one: (str(one[0].as_of), one[0].id)):
        newest[file.registry, file.covers] = file, told
    loaded = tuple(_loaded(*one, book, day, max_ages.get(name)) for (name, _), one in sorted(newest.items()))
    own, records = _own(store) if readable else (None, ())
    if own is not None:  # its entries stay, whatever its newest file leaves out
        loaded = tuple(replace(row, numbers=own) if row.registry == OWN else row for row in loaded)
    not_loaded = tuple(sorted(max_ages.keys() - {registry for registry, _ in newest}))
    rules = tuple(RulesFile(name, pack.read_until, pack.read_until < day) for name, pack in sorted(book.packs.items()))
    forgettable = _forgettable(store, book) if readable else 0
    late = any([*(row.due for row in loaded), *(row.due for row in records), *(row.due for row in rules)])
    head = found.head if verified else store.journal.read().head if store.exists else None
    return Status(
        due=late or bool(not_loaded or forgettable or found.due),
        today=day,
        registries=loaded,
        own_numbers=own,
        records=records,
        not_loaded=not_loaded,
        rules=rules,
        forgettable=forgettable,
        verified=not found.due if verified else None,
        faults=tuple(found.due),
        notes=(*found.notes, *found.accepted),
        files=found.files,
        rows=found.rows,
        log_head=str(head) if head else None,
    )


def _forgettable(store: Store, book: Rulebook) -> int:
    """How many snapshots, own records and files of decisions may be deleted by `dnc retention --apply`."""
    counts = store.forgettable()
    if counts[CONSENTS.name]:
        [before] = [first for kind, _, first in store.retention() if kind == CONSENTS.name]
        counts[CONSENTS.name] = consents_due(store, book, before)
    return counts.total()


def _files(store: Store) -> list[tuple[Snapshot | RecordFile, date | None]]:
    """The files that registries and the own list answer from; of the latter with the last day on which they clear."""
    own = records_in(store.journal.read(), store.path, [OBJECTIONS])[OBJECTIONS.name]
    files = ((file, own.told_until(file)) for file in own.files if file.as_of)
    return [*((snapshot, None) for snapshot in store.snapshots()), *files]


def _own(store: Store) -> tuple[int | None, tuple[OwnRecords, ...]]:
    """How many numbers are on the own list, and the other own records."""
    with suppress(StoreError):
        records = store.standing().records
        kinds = (records[kind] for kind in KINDS if records[kind].any)
        return own_list(store).height, tuple(_recorded(store, one) for one in kinds)
    return None, ()


def _recorded(store: Store, records: Records) -> OwnRecords:
    last = max([*(file.loaded_at for file in records.files), *records.recorded["recorded_at"].tail(1)])
    until = filter(None, (file.as_of or file.to_day for file in records.files))
    newest = records.whole_on(date.max) if records.kind.whole else None
    clears = records.told_until(newest) if newest else None
    rows = sum(file.rows for file in ([newest] if newest else records.files)) + records.recorded.height
    ending = _proofs_ending(store, records) if records.kind is CONSENTS else 0
    return OwnRecords(
        records.kind.name,
        rows,
        last.date(),
        max(until, default=None),
        ending,
        clears,
        bool(clears and clears < today()),
    )


def _proofs_ending(store: Store, consents: Records) -> int:
    with instance_of(store.path.absolute()).cursor() as con:
        kept = consents.find(con, "proof_until is not null", columns=["proof_until"])
    days = [(read_day(text, "dmy"), rows) for text, rows in kept["proof_until"].value_counts().iter_rows()]
    return sum(rows for day, rows in days if day and 0 <= (day - today()).days <= _PROOF_DAYS)


def _loaded(
    file: Snapshot | RecordFile, told: date | None, book: Rulebook, day: date, max_age: int | None
) -> NewestSnapshot:
    """told: the last day on which it clears, where the law does not say it."""
    registry, as_of = file.registry, file.as_of or day
    age = (day - as_of).days
    parts = [
        part
        for pack in book.packs.values()
        for regime in pack.on(day)
        for part in regime.parts
        if registry in part.registries
    ]
    ends = [told or _clears_until(part, registry, as_of, day, book) for part in parts]
    until = None if {None, date.max} & {*ends} else max(filter(None, ends), default=None)
    return NewestSnapshot(
        registry=registry,
        snapshot=file.id,
        as_of=as_of,
        age_days=age,
        covers=file.covers,
        campaign=file.campaign,
        numbers=file.numbers,
        used=bool(parts),
        clears_until=until,
        max_age_days=max_age,
        due=(until is not None and until < day) or (max_age is not None and age > max_age),
    )


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
