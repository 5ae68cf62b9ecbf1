"""Verification of a store: compare every row of its log with its hash, and every file with its name."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from dnc.errors import StoreError
from dnc.messages import Words, calendar_day, localized
from dnc.store import audit_log
from dnc.store.audit_log import NO_ENTRY, Entry
from dnc.store.folder import fault_of, links_in, open_to_others
from dnc.store.journal import WORDS, DamageError, Journal, NewerError, rows_of
from dnc.store.state import NamedFile, State

_TRIES = 5
_NAMED = 3  # files in a message
CLOCK = "clock"  # what may be accepted of a log
_ACCEPT = "accept"  # the verb of its row


class Findings(msgspec.Struct):
    """What a verification found.

    Attributes:
        faults: what is wrong, one line each.
        notes: what is worth knowing but not wrong.
        set_back: those of the faults that say that the log goes back in time, which no restore can mend, by row.
        accepted: those of them that somebody accepted, with the reason.
        damaged: the damaged files. unnamed: files that the log does not name, and did not.
        head: the last row of the log.
        hashes: the hash of each row of the log that can be read.
        files: number of undamaged files; rows: of snapshots, records and decisions in them.
        log_intact: whether the log is.
    """

    faults: list[str] = []
    notes: list[str] = []
    set_back: dict[int, str] = {}
    accepted: list[str] = []
    damaged: list[Path] = []
    unnamed: list[Path] = []
    head: Entry = NO_ENTRY
    hashes: dict[int, str] = {}
    files: int = 0
    rows: int = 0
    log_intact: bool = True

    @property
    def damage(self) -> list[str]:
        """The faults without those of its clock."""
        return [fault for fault in self.faults if fault not in self.set_back.values()]

    @property
    def due(self) -> list[str]:
        """The faults that nobody accepted."""
        return [fault for fault in self.faults if fault not in self.accepted]


def verify(journal: Journal) -> Findings:
    """Read the whole store. Raises StoreError if there is none or it cannot be read, NewerError."""
    _must_exist(journal)
    for _ in range(_TRIES):
        before, findings = journal.version, _verified(journal)
        if not findings.faults or journal.version == before:
            break  # otherwise a change was made meanwhile, which removes files
    return findings


def verify_log(journal: Journal, noted: Entry = NO_ENTRY) -> Findings:
    """Check the hashes of the log, and that it holds the row that was `noted` outside the store.

    Raises StoreError if the log cannot be read, NewerError.
    """
    _must_exist(journal)
    findings = Findings()
    _verify_log(journal, findings, [noted])
    return findings


def accept_set_back(journal: Journal, findings: Findings, reason: str) -> None:
    """Accept with a reason, in a row of the log, that it goes back in time where it was found to and nobody did so yet.

    Raises StoreError.
    """
    if rows := [row for row, fault in findings.set_back.items() if fault in findings.due]:
        with journal.change() as change:
            change.log(_ACCEPT, {"rows": rows}, {"reason": reason})


def _must_exist(journal: Journal) -> None:
    if not journal.exists:
        raise StoreError(localized("errors", "no_store_named", store=journal.folder))


def _verified(journal: Journal) -> Findings:
    findings = Findings(faults=[*links_in(journal.folder)])
    if findings.faults:
        findings.log_intact = False  # nothing is read through a link
        return findings
    if warning := open_to_others(journal.folder):
        findings.notes.append(warning)
    if state := _verify_log(journal, findings):
        findings.unnamed = sorted(journal.folder / path for path in journal.strangers(state))
        findings.faults += _strangers(findings.unnamed)
        _verify_files(journal.folder, state.named, findings)
    return findings


def _verify_log(journal: Journal, findings: Findings, noted: Collection[Entry] = ()) -> State | None:
    """Add what is wrong with the log; what stands by it, or None if nothing can be read from it."""
    state = None
    try:
        head = journal.noted()
        state = journal.read()
        findings.head = state.head
    except NewerError:
        raise
    except DamageError as error:
        findings.faults.append(error.fault)
        head = NO_ENTRY
    found = list(_log_faults(journal, findings, state.values(WORDS) if state else {}))
    for entry in {head, *noted} - {NO_ENTRY}:
        if entry.seq > max(findings.hashes, default=-1):
            found.append(audit_log.missing(max(findings.hashes, default=-1) + 1, entry.seq))
        elif findings.hashes.get(entry.seq) != entry.hash:
            found.append(localized("fault", "rewritten", row=entry.seq))
    findings.faults = list(dict.fromkeys([*findings.faults, *found]))
    findings.log_intact = not findings.faults
    findings.faults += findings.set_back.values()
    return state


def _log_faults(journal: Journal, findings: Findings, words: Mapping[str, Any]) -> Iterator[Words]:
    """What is wrong with the rows of the whole log; notes their hashes, and those that go back in time.

    words: what people wrote in rows, by their number.
    """
    first, previous, rows = 0, "", list[audit_log.LogRow]()
    for _, lines in journal.lines():
        yield from audit_log.faults(lines, first, previous)
        there = [line for line in lines if line]
        rows += [line.row for line in there]
        findings.hashes |= {line.row.n: line.hash for line in there}
        if there:
            first, previous = there[-1].row.n + 1, there[-1].hash
    accepting = {at: row for row in rows if row.verb == _ACCEPT for at in row.what["rows"]}
    for before, row in pairwise(rows):
        if row.at < before.at:
            values = {"row": row.n, "at": row.at, "before": before.n, "then": before.at}
            fault = localized("fault", "set_back", **values)
            if later := accepting.get(row.n):
                reason = words.get(str(later.n), {}).get("reason", "…")
                fault += localized("fault", "accepted", row=later.n, who=later.who, reason=reason)
                findings.accepted.append(fault)
            findings.set_back[row.n] = fault
    if findings.hashes and findings.head == NO_ENTRY:
        findings.head = Entry(max(findings.hashes), findings.hashes[max(findings.hashes)])


def _strangers(files: list[Path]) -> Iterator[Words]:
    """A fault if there are files that the log does not name, and what it may mean."""
    if files:
        names = ", ".join(f"{path.parent.name}/{path.name}" for path in files[:_NAMED])
        more = ", …" if len(files) > _NAMED else ""
        yield localized("fault", "strangers", n=len(files), names=names + more)


def _verify_files(folder: Path, named: list[NamedFile], findings: Findings) -> None:
    for file in {file.path: file for file in named}.values():
        path, rows = folder / file.path, 0
        if path.suffix == ".parquet" and path.parent.name != "bitpages":
            with suppress(OSError, pl.exceptions.PolarsError):  # a file that is gone or damaged has a fault
                rows = rows_of(path)
        if fault := fault_of(path):
            findings.damaged.append(path)
            findings.faults.append(localized("fault", "file", file=_called(file), fault=fault))
        else:
            findings.files += 1
            findings.rows += rows


def _called(file: NamedFile) -> Words:
    """A file in messages."""
    value = file.value
    if file.path.parent.name == "bitpages":
        return localized("fault", "of_pages", file=value["file"])
    if file.kind == "snapshots":
        day = calendar_day(value["as_of"])
        return localized("fault", "of_snapshot", id=value["id"], registry=value["registry"], day=day)
    if file.kind == "records":
        return localized("fault", "of_records", id=value["id"], kind=value["kind"])
    return localized("fault", "of_check" if file.kind == "decisions" else "of_rules", check=file.name, file=file.name)
