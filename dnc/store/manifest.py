"""The manifest beside the ledger: what the store holds, counted and hashed, so that a loss is seen.

`manifest.json` names the SHA-256 of the ledger's file, the last row of the log, the
objections by count and hash, the rules, and every file with its rows; its last key
is its own checksum. It is written after each change and read before each use.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import duckdb

from dnc.errors import StoreError
from dnc.files.atomic import write_whole
from dnc.store import audit_log

NAME = "manifest.json"
FOLDERS = ("snapshots", "decisions", "bitpages")
REMEDY = "nothing is decided from it: see dnc verify, then dnc restore BACKUP"
_OBJECTIONS = "select count(*), sha256(coalesce(string_agg(o::varchar, chr(10) order by seq), '')) from objections o"


@dataclass(frozen=True)
class Manifest:
    """What a store holds.

    ledger: SHA-256 of the ledger's file. seq, head: number and hash of the last row of the log.
    objections: how many, and their SHA-256. rules: SHA-256 of each text.
    snapshots, decisions, bitpages: a row each with `file`, `rows` (of that file) and what it is of.
    """

    ledger: str
    seq: int
    head: str
    objections: dict[str, Any]
    rules: list[str]
    snapshots: list[dict[str, Any]]
    decisions: list[dict[str, Any]]
    bitpages: list[dict[str, Any]] = field(default_factory=list)

    def files(self) -> list[Path]:
        """Each file that is named, as it lies in the store's folder."""
        return sorted({Path(name) / row["file"] for name in FOLDERS for row in getattr(self, name)})

    @property
    def last(self) -> audit_log.Entry:
        """The last row of the log."""
        return audit_log.Entry(self.seq, self.head)

    @classmethod
    def of(cls, con: duckdb.DuckDBPyConnection, ledger: str) -> Manifest:
        """The manifest of an open ledger whose file has the given SHA-256."""
        [(count, sha256)] = con.execute(_OBJECTIONS).fetchall()
        rules = [name for (name,) in con.execute("select sha256 from rules order by sha256").fetchall()]
        held = "select id, registry, as_of::varchar, file, numbers from snapshots order by id"
        snapshots = [
            {"id": id_, "registry": registry, "as_of": as_of, "file": file, "rows": rows}
            for id_, registry, as_of, file, rows in con.execute(held).fetchall()
        ]
        kept = "select seq, file, rows from decisions order by seq"
        decisions = [{"check": seq, "file": file, "rows": rows} for seq, file, rows in con.execute(kept).fetchall()]
        last = audit_log.head(con)
        objections = {"count": count, "sha256": sha256}
        return cls(ledger, last.seq, last.hash, objections, rules, snapshots, decisions, bitpages_of(con))

    def write(self, folder: Path) -> None:
        """Write it into a store's folder, whole or not at all. Raises OSError."""
        told = asdict(self)
        text = json.dumps(told | {"sha256": _checksum(told)}, indent=1)
        write_whole(folder / NAME, f"{text}\n".encode())


def bitpages_of(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Files of bit pages: `of` which snapshots' file, `file` and `rows`; a ledger of before knows of none."""
    if not con.execute("select 1 from duckdb_tables() where table_name = 'bitpages'").fetchall():
        return []
    held = con.execute("select of, file, rows from bitpages order by of").fetchall()
    return [{"of": of, "file": file, "rows": rows} for of, file, rows in held]


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of a store; None where there is none. Raises StoreError where it is damaged."""
    try:
        told = json.loads((folder / NAME).read_bytes())
        if told.pop("sha256") == _checksum(told):
            if told.keys() - {one.name for one in fields(Manifest)}:
                raise StoreError(f"{folder}: {NAME} was written by a later program; use that one")
            return Manifest(**told)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"{folder / NAME}: cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, AttributeError, TypeError):
        pass
    raise StoreError(f"{folder}: {NAME} is damaged; {REMEDY}")


def _checksum(told: dict[str, Any]) -> str:
    return hashlib.sha256(audit_log.canonical(told).encode()).hexdigest()
