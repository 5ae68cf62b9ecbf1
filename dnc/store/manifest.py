"""The manifest beside the ledger: what the store holds, counted and hashed, so that a loss is noticed.

`manifest.json` has the SHA-256 of the ledger's file, the last row of the log, how many rows each table has, the rules,
and every file with its rows; its last key is its own checksum. It is written after each change and read before each
use.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import duckdb
import msgspec

from dnc.errors import StoreError, why
from dnc.files.atomic import write_atomically
from dnc.messages import Words, calendar_day, changed, localized
from dnc.store import audit_log, ledger_sql, state

NAME = "manifest.json"
FOLDERS = ("snapshots", "decisions", "bitpages", "records")
NAMED = (*FOLDERS, "rules", "identity")  # the tables from which it is made

# A name with a path in it could make a backup copy, or a restore replace, a file outside the store.
FileName = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\.parquet\Z")]


class DamageError(StoreError):
    """The store cannot be used as it is.

    Attributes:
        fault: what is wrong, without the folder and the remedy, which is a key below `remedy` in the messages.
    """

    def __init__(self, folder: Path, fault: str, remedy: str = "restore") -> None:
        self.fault = fault
        what = localized("errors", "fault", fault=fault, remedy=localized("errors", "remedy", remedy))
        super().__init__(changed(what, lambda text: f"{folder}: {text}"))


class NewerError(StoreError):
    """A newer program wrote the store, so that this one cannot tell whether it is whole; key: of its message."""

    def __init__(self, folder: Path, key: str, **values: object) -> None:
        super().__init__(
            localized("errors", "newer", store=folder, why=localized("errors", "newer_why", key, **values))
        )


class SnapshotFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file of a snapshot."""

    id: int
    registry: str
    as_of: str
    file: FileName
    rows: int

    @property
    def name(self) -> Words:
        """Its name in messages."""
        return localized("fault", "of_snapshot", id=self.id, registry=self.registry, day=calendar_day(self.as_of))


class DecisionFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file of decisions that a check (its row in the log) kept."""

    check: int
    file: FileName
    rows: int

    @property
    def name(self) -> Words:
        """Its name in messages."""
        return localized("fault", "of_check", check=self.check)


class BitpagesFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file of bit pages of the snapshots' file `of`."""

    of: FileName
    file: FileName
    rows: int

    @property
    def name(self) -> Words:
        """Its name in messages."""
        return localized("fault", "of_pages", file=self.of)


class RecordsFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of own records of a kind."""

    id: int
    kind: str
    file: FileName
    rows: int

    @property
    def name(self) -> Words:
        """Its name in messages."""
        return localized("fault", "of_records", id=self.id, kind=self.kind)


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a store holds.

    Attributes:
        ledger: SHA-256 of the ledger's file.
        store: id of the store; empty in manifests of older programs.
        seq, head: number and hash of the last row of the log.
        tables: how many rows each table has, except the log; empty in manifests of older programs.
        rules: SHA-256 of each text.
        snapshots, decisions, bitpages, records: the files in the folders of these names.
    """

    ledger: str
    seq: int
    head: str
    rules: tuple[str, ...]
    snapshots: tuple[SnapshotFile, ...]
    decisions: tuple[DecisionFile, ...]
    bitpages: tuple[BitpagesFile, ...] = ()  # older stores have none
    records: tuple[RecordsFile, ...] = ()
    tables: dict[str, int] = {}
    store: str = ""

    def rows(self) -> Iterator[tuple[Path, SnapshotFile | DecisionFile | BitpagesFile | RecordsFile]]:
        """Each file, as its path in the store's folder and its entry; two snapshots may share a file."""
        for name in FOLDERS:
            for row in getattr(self, name):
                yield Path(name) / row.file, row

    def files(self) -> list[Path]:
        """Each file once, as its path in the store's folder."""
        return sorted({path for path, _ in self.rows()})

    @property
    def last(self) -> audit_log.Entry:
        """The last row of the log."""
        return audit_log.Entry(self.seq, self.head)

    @classmethod
    def of(cls, con: duckdb.DuckDBPyConnection, ledger: str, last: audit_log.Entry) -> Manifest:
        """The manifest of an open ledger whose file has the given SHA-256, and whose log has this last row."""
        return cls(
            ledger=ledger,
            seq=last.seq,
            head=last.hash,
            rules=tuple(ledger_sql.text_hashes(con, "rules")),
            snapshots=tuple(
                SnapshotFile(row["id"], row["registry"], str(row["as_of"]), row["file"], row["numbers"])
                for row in ledger_sql.snapshots(con)
            ),
            decisions=tuple(DecisionFile(**row) for row in ledger_sql.decisions(con)),
            bitpages=tuple(BitpagesFile(**row) for row in ledger_sql.bitpages(con)),
            records=tuple(
                RecordsFile(row["id"], row["kind"], row["file"], row["rows"])
                for row in ledger_sql.records(con)
                if row["rows"]
            ),
            tables=state.kept(con).rows,
            store=ledger_sql.store_id(con),
        )

    def checked(self, folder: Path) -> Manifest:
        """The manifest itself, of the ledger in a folder. Raises DamageError if a file name in it contains a path."""
        try:
            return msgspec.convert(msgspec.to_builtins(self), Manifest)
        except msgspec.ValidationError:
            raise DamageError(folder, localized("errors", "ledger", "outside")) from None

    @property
    def text(self) -> str:
        """The content of its file."""
        content = msgspec.to_builtins(self)
        return json.dumps(content | {"sha256": _checksum(content)}, indent=1) + "\n"

    def write(self, folder: Path) -> None:
        """Write it into a store's folder, whole or not at all. Raises OSError."""
        write_atomically(folder / NAME, self.text.encode())


EMPTY = Manifest("", seq=0, head="", rules=(), snapshots=(), decisions=())  # of a store that nothing was written to


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of a store; None if there is none. Raises DamageError if its checksum is wrong, StoreError."""
    try:
        content = json.loads((folder / NAME).read_bytes())
        intact = content.pop("sha256") == _checksum(content)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(localized("errors", "store_unread", store=folder / NAME, why=why(error))) from None
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
        intact = False
    if not intact:
        raise DamageError(folder, localized("errors", "ledger", "manifest", name=NAME))
    content.pop("objections", None)  # older programs counted and hashed them
    try:
        return msgspec.convert(content, Manifest)
    except msgspec.ValidationError:
        # The checksum is right, so some program wrote it like this: one that knows another form.
        raise NewerError(folder, "unknown", names=NAME) from None


def _checksum(content: dict[str, Any]) -> str:
    return hashlib.sha256(audit_log.canonical(content).encode()).hexdigest()
