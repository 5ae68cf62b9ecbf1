"""Verification of a store: compare the ledger with its manifest, and every file with its checksum."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import duckdb
import msgspec

from dnc.errors import StoreError
from dnc.messages import figure, localized
from dnc.store import audit_log, ledger_sql, state
from dnc.store.folder import fault_of, links_in, open_to_others
from dnc.store.ledger import Ledger, LockedError, rows_of
from dnc.store.manifest import FOLDERS, BitpagesFile, DamageError, Manifest, NewerError, read_manifest

_TRIES = 5
_NAMED = 3  # files in a message


class Findings(msgspec.Struct):
    """What a verification found.

    Attributes:
        faults: what is wrong, one line each.
        notes: what is worth knowing but not wrong.
        set_back: those of the faults that say that the log goes back in time, which no restore can mend.
        damaged: paths of the damaged files.
        unnamed: files that the ledger does not name and never named.
        head: the last row of the log. store: id of the store, by its manifest; empty if that does not say it.
        files: number of undamaged files; rows: of snapshots and decisions in them.
        ledger_intact: whether the ledger matches its manifest and its log.
    """

    faults: list[str] = []
    notes: list[str] = []
    set_back: list[str] = []
    damaged: list[Path] = []
    head: audit_log.Entry = audit_log.NO_ENTRY
    store: str = ""
    unnamed: list[Path] = []
    files: int = 0
    rows: int = 0
    ledger_intact: bool = True

    @property
    def damage(self) -> list[str]:
        """The faults without those of its clock."""
        return [fault for fault in self.faults if fault not in self.set_back]

    def compare_times(self, con: duckdb.DuckDBPyConnection) -> None:
        """Add the rows of an open ledger's log that go back in time."""
        self.set_back = list(audit_log.set_back(con))
        self.faults += self.set_back


def verify(ledger: Ledger) -> Findings:
    """Read the whole store and compare it with its manifest. Raises StoreError if there is none or it is locked."""
    _must_exist(ledger)
    for _ in range(_TRIES):
        before, findings = ledger.state, _verified(ledger)
        if not findings.faults or ledger.state == before:
            break  # otherwise a change was made meanwhile, which removes files
    return findings


def _verified(ledger: Ledger) -> Findings:
    findings = Findings(faults=[*links_in(ledger.folder)])
    if findings.faults:
        findings.ledger_intact = False  # nothing is read through a link
        return findings
    if warning := open_to_others(ledger.folder):
        findings.notes.append(warning)
    manifest = None
    files = ledger.files()
    moved_in = ledger.moved_in()  # after the files and before the ledger, which names what was moved in meanwhile
    try:
        with ledger.read(edited=True) as opened:
            manifest = opened.manifest
            if opened.ahead:
                findings.notes.append(localized("note", "ahead"))
            ledger.refuse_newer(opened.con)
            if edited := state.deception(opened.con, whole=True):
                raise DamageError(ledger.folder, edited)
            findings.faults += audit_log.faults(opened.con, manifest.last)
            findings.faults += _edits(opened.con)
            findings.faults += _differences(opened.con, manifest)
            findings.ledger_intact = not findings.faults
            findings.compare_times(opened.con)
            unnamed = files - ledger.named(manifest)
            strange = unnamed - ledger.done_with(opened.con, unnamed)
        findings.unnamed = sorted(path for path in strange if path.name not in moved_in and path.exists())
        findings.faults += _strangers(findings.unnamed)
    except (LockedError, NewerError):
        raise
    except duckdb.Error as error:
        findings.ledger_intact = False
        findings.faults.append(localized("errors", "ledger", "damaged", kind=type(error).__name__))
    except StoreError as error:
        findings.ledger_intact = False
        findings.faults.append(error.fault if isinstance(error, DamageError) else error.message)
        with suppress(StoreError):
            manifest = read_manifest(ledger.folder)
        findings.faults += _losses(ledger, manifest)
    if manifest:
        findings.head, findings.store = manifest.last, manifest.store
        _verify_files(ledger.folder, manifest, findings)
    return findings


def verify_log(ledger: Ledger, noted: audit_log.Entry = audit_log.NO_ENTRY) -> Findings:
    """Check the hashes of the log, and that it holds the row that was `noted` outside the store.

    Raises StoreError if the log cannot be read.
    """
    _must_exist(ledger)
    findings = Findings()
    with suppress(StoreError):
        manifest = read_manifest(ledger.folder)
        findings.head = manifest.last if manifest else findings.head
    try:
        with ledger.instance.attached(ledger.path, "read_only") as con:
            ledger.refuse_newer(con)
            if strange := state.deception(con, whole=True):
                findings.faults.append(strange)
                return findings
            kept = (findings.head, noted)
            findings.faults += dict.fromkeys(fault for entry in kept for fault in audit_log.faults(con, entry))
            findings.faults += _edits(con)
            findings.compare_times(con)
            findings.head = audit_log.head(con)
    except duckdb.Error as error:
        fault = localized("errors", "ledger", "unread", kind=type(error).__name__)
        raise DamageError(ledger.folder, fault, "verify") from None
    return findings


def _must_exist(ledger: Ledger) -> None:
    if not ledger.exists:
        raise StoreError(localized("errors", "no_store_named", store=ledger.folder))


def _losses(ledger: Ledger, manifest: Manifest | None) -> Iterator[str]:
    """What is missing from a ledger that does not match its manifest, if it can be opened at all."""
    try:
        with ledger.instance.attached(ledger.path, "read_only") as con:
            if state.deception(con, whole=True):
                return
            yield from audit_log.faults(con, manifest.last if manifest else audit_log.NO_ENTRY)
            if manifest:
                yield from _missing_rows(con, manifest)
                yield from _differences(con, manifest)
    except duckdb.Error:
        return


def _edits(con: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """Where the ledger does not match its log."""
    yield from state.faults(con, state.read(con))
    for table in ("rules", "terms"):
        if count := ledger_sql.texts_misnamed(con, table):
            yield localized("fault", "texts", table=table, n=count)


def _missing_rows(con: duckdb.DuckDBPyConnection, manifest: Manifest) -> Iterator[str]:
    """Tables that do not have as many rows as the manifest says; older manifests do not say it."""
    rows = state.read(con).rows
    for name, then in manifest.tables.items():
        if (now := rows.get(name, 0)) != then:
            yield localized("fault", "manifest_count", name=name, now=figure(now), then=figure(then))


def _differences(con: duckdb.DuckDBPyConnection, manifest: Manifest) -> Iterator[str]:
    """Where the ledger differs from the manifest."""
    now = Manifest.of(con, manifest.ledger, audit_log.head(con))
    for name in (*FOLDERS, "rules", "last", *(["store"] if manifest.store else [])):  # older programs wrote none
        if getattr(now, name) != getattr(manifest, name):
            yield localized("fault", "differ", name="head" if name == "last" else name)


def _strangers(files: Sequence[Path]) -> Iterator[str]:
    """A fault if there are files that the ledger does not name, and what it may mean."""
    if files:
        names = ", ".join(f"{path.parent.name}/{path.name}" for path in files[:_NAMED])
        more = ", …" if len(files) > _NAMED else ""
        yield localized("fault", "strangers", n=len(files), names=names + more)


def _verify_files(folder: Path, manifest: Manifest, findings: Findings) -> None:
    intact: dict[Path, int] = {}  # two snapshots may share a file
    for name, row in manifest.rows():
        path = folder / name
        fault = fault_of(path)
        if not fault:
            fault = _miscounted(path, row.rows)
        if fault:
            findings.damaged.append(path)
            findings.faults.append(localized("fault", "file", file=row.name, fault=fault))
        else:
            intact[path] = 0 if isinstance(row, BitpagesFile) else row.rows
    findings.files, findings.rows = len(intact), sum(intact.values())


def _miscounted(path: Path, rows: int) -> str | None:
    """What is wrong with a file that does not have that many rows, or was removed meanwhile; otherwise None."""
    try:
        counted = rows_of(path)
    except FileNotFoundError:
        return localized("errors", "file_fault", "missing")
    return localized("fault", "miscounted", counted=figure(counted), rows=figure(rows)) if counted != rows else None
