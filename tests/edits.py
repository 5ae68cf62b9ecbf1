"""Edits of a store's log behind its back: of a line as text, of a row with a hash that fits, or of the whole chain."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Row = dict[str, Any]


def newest(folder: Path) -> Path:
    """The newest file of the log of a store."""
    return max((folder / "log").glob("*.jsonl"))


def lines(folder: Path) -> list[str]:
    """The lines of the newest file of the log."""
    return newest(folder).read_text(encoding="utf-8").splitlines()


def write(folder: Path, texts: list[str]) -> None:
    """Replace the lines of the newest file of the log."""
    newest(folder).write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")


def fitted(row: Row) -> str:
    """A row as a line with the SHA-256 of its statements, and its own."""
    row = dict(row)
    said = row.pop("said")
    row.pop("hash", None)
    texts = [json.dumps(one, separators=(",", ":")) for one in said]
    row["c"] = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
    core = json.dumps(row, separators=(",", ":"))
    digest = hashlib.sha256(core.encode()).hexdigest()
    return f'{core[:-1]},"hash":"{digest}","said":[{",".join(texts)}]}}'


def edit(folder: Path, change: Callable[[list[Row]], None], *, chain: bool = False, head: bool = False) -> None:
    """Change rows of the newest file of the log and give each a hash that fits.

    chain: whether the rows after it follow it again. head: whether the file `head` names the last one.
    """
    rows = [json.loads(text) for text in lines(folder)]
    change(rows)
    texts = []
    for row in rows:
        if chain and texts:
            row["prev"] = json.loads(texts[-1])["hash"]
        texts.append(fitted(row))
    write(folder, texts)
    if head:
        last = json.loads(texts[-1])
        (folder / "head").write_text(f"{last['n']}:{last['hash']}\n")


def stated(rows: list[Row], kind: str) -> list[Row]:
    """The statements of a kind in some rows, to be changed in place."""
    return [one for row in rows for one in row["said"] if one["kind"] == kind]
