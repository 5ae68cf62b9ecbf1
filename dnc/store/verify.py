"""Verification of a store: compare the ledger with its manifest, and every file with its checksum."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from dnc.database import attached
from dnc.errors import StoreError
from dnc.store import audit_log
from dnc.store.ledger import Ledger, LockedError, rows_of
from dnc.store.manifest import FOLDERS, Manifest, read_manifest
from dnc.store.snapshots import fault_of


@dataclass
class Findings:
    """What a verification found.

    faults: what is wrong, a line each. notes: what is worth knowing and not wrong. damaged: files, by folder.
    head: the last row of the log. files: that were read in whole; rows: of snapshots and decisions among them.
    ledger_whole: whether ledger and manifest agree.
    """

    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    damaged: list[Path] = field(default_factory=list)
    head: audit_log.Entry = audit_log.NO_ENTRY
    files: int = 0
    rows: int = 0
    ledger_whole: bool = True


def verify(ledger: Ledger) -> Findings:
    """Read all of a store and compare it with its manifest. Raises StoreError where there is none or it is locked."""
    if not ledger.exists:
        raise StoreError(f"{ledger.folder}: no store here")
    found = Findings()
    manifest = None
    try:
        with ledger.read() as opened:
            manifest = opened.manifest
            if opened.ahead:
                found.notes.append("the last change is whole; its manifest will be written by the next change")
            found.faults += audit_log.faults(opened.con, manifest.last)
            found.faults += _unlike(opened.con, manifest)
    except LockedError:
        raise
    except StoreError as error:
        found.ledger_whole = False
        found.faults.append(str(error).partition(": ")[2].partition("; nothing is decided")[0])
        with suppress(StoreError):
            manifest = read_manifest(ledger.folder)
        found.faults += _lost(ledger, manifest)
    if manifest:
        found.head = manifest.last
        _verify_files(ledger.folder, manifest, found)
    return found


def verify_log(ledger: Ledger, noted: audit_log.Entry = audit_log.NO_ENTRY) -> Findings:
    """Follow the chain of the log, to a head that was noted elsewhere too. Raises StoreError if it cannot be read."""
    if not ledger.exists:
        raise StoreError(f"{ledger.folder}: no store here")
    found = Findings()
    with suppress(StoreError):
        manifest = read_manifest(ledger.folder)
        found.head = manifest.last if manifest else found.head
    try:
        with attached(ledger.path) as con:
            found.faults += dict.fromkeys(fault for one in (found.head, noted) for fault in audit_log.faults(con, one))
            found.head = audit_log.head(con)
    except duckdb.Error as error:
        what = f"ledger.duckdb cannot be read ({type(error).__name__})"
        raise StoreError(f"{ledger.folder}: {what}; see dnc verify") from None
    return found


def _lost(ledger: Ledger, manifest: Manifest | None) -> Iterator[str]:
    """What a ledger lacks that is not its manifest's, as far as it can be opened."""
    try:
        with attached(ledger.path) as con:
            yield from audit_log.faults(con, manifest.last if manifest else audit_log.NO_ENTRY)
            if manifest:
                yield from _unlike(con, manifest)
    except duckdb.Error:
        return


def _unlike(con: duckdb.DuckDBPyConnection, manifest: Manifest) -> Iterator[str]:
    """What the ledger holds otherwise than the manifest says."""
    held = Manifest.of(con, manifest.ledger)
    if held.objections != manifest.objections:
        yield f"{held.objections['count']:,} objections in the ledger, {manifest.objections['count']:,} in the manifest"
    for name in (*FOLDERS, "rules"):
        if getattr(held, name) != getattr(manifest, name):
            counts = f"{len(getattr(held, name))} in the ledger, {len(getattr(manifest, name))} in the manifest"
            yield f"{name} differ: {counts}"


def _verify_files(folder: Path, manifest: Manifest, found: Findings) -> None:
    whole: dict[Path, int] = {}  # two snapshots may have one file
    for name in FOLDERS:
        for row in getattr(manifest, name):
            path = folder / name / row["file"]
            fault = fault_of(path)
            if not fault and (rows := rows_of(path)) != row["rows"]:
                fault = f"holds {rows:,} rows and not {row['rows']:,}"
            if fault:
                found.damaged.append(path)
                found.faults.append(f"{_what(row)} {fault}")
            else:
                whole[path] = 0 if "of" in row else row["rows"]
    found.files, found.rows = len(whole), sum(whole.values())


def _what(row: dict[str, Any]) -> str:
    """What a file is, by its row in the manifest."""
    if "id" in row:
        return f"snapshot {row['id']} ({row['registry']} as of {row['as_of']})"
    return f"the file of bit pages of {row['of']}" if "of" in row else f"the file of decisions of check {row['check']}"
