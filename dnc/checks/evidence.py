"""What a check leaves in the store: hashes of what went in and came out and, if asked to, its decisions.

What a list or its verdicts hash to would give a telephone number away to anybody who tries all of them. So the log only
commits to these hashes, and they go when numbers are forgotten.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

from dnc.errors import InputError, no_room
from dnc.files.dataset import FileList
from dnc.files.writers import Spool
from dnc.frames import numbered
from dnc.law.vocabulary import CONSENT, NEXT_AT, VERDICT
from dnc.lists.calls import Calls
from dnc.messages import localized
from dnc.verdicts.judge import Verdicts

# What is hashed of verdicts besides number and last day: all but the wording of `dnc_why`, which is in one of two
# languages.
_COMPARED = tuple(name for name in VERDICT if name not in ("dnc_number", "dnc_valid_until", "dnc_why"))
# What differs from number to number goes in by odd factors: 64 bits a row, and quickly written.
_FACTORS = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9)
_OF_NUMBER, _OF_DAY, _OF_STATEMENT = (pl.Series([factor], dtype=pl.UInt64) for factor in _FACTORS)
_DECIDED = [name for name in (*VERDICT, CONSENT) if name not in ("dnc_number", "dnc_applies")]


class Evidence:
    """Gathered while a check runs.

    Args:
        files: the planned calls. state: theirs, before they were read.
        kept: gathers the decisions; None where they are not kept.
        ids: the column of the user's own row ids; empty where the list has none.
    """

    def __init__(self, files: FileList, state: Sequence[object], kept: Spool | None, ids: str) -> None:
        self._files = files
        self._state = state
        self._kept = kept
        self._ids = ids
        self._sums = ThreadPoolExecutor(max_workers=1).submit(lambda: files.sums)  # beside the work
        self._verdicts = hashlib.sha256()
        self._rows = 0

    def add(self, calls: Calls, verdicts: Verdicts) -> None:
        """Take note of a batch."""
        number, words = numbered(verdicts.cases.select(_COMPARED))
        digest = _digests("\x1f".join(row) for row in words.iter_rows())
        until = verdicts.until.cast(pl.Int32).cast(pl.UInt64, strict=False)
        told_apart = calls.number.fill_null(0) * _OF_NUMBER + until.fill_null(0) * _OF_DAY
        if calls.statement is not None:
            told_apart += calls.statement.fill_null(0).cast(pl.UInt64) * _OF_STATEMENT
        shared, row = verdicts.shared
        told_apart += _digests(text and f"{NEXT_AT} {text}" for text in shared[NEXT_AT])[row]
        with io.BytesIO() as text:
            (told_apart + digest[number][verdicts.case]).alias("words").to_frame().write_csv(text, include_header=False)
            self._verdicts.update(text.getvalue())
        if self._kept:
            first = self._rows + 1
            rows = calls.each(pl.int_range(first, first + calls.height, dtype=pl.UInt64, eager=True)).alias("row")
            own = calls.carried[self._ids].cast(pl.String) if self._ids in calls.carried.columns else None
            facts = calls.facts("day").select(rows, pl.lit(own, pl.String).alias("call"), "number", "day")
            decided = shared.select(name for name in _DECIDED if name in shared.columns)
            decided = decided.with_columns(pl.selectors.string().cast(pl.Categorical))  # many rows share them
            consents = [] if calls.statement is None else [verdicts.consents]
            with _room_in(self._kept.folder.parent):
                self._kept.add(facts.hstack(decided[row]).hstack(consents))
        self._rows += calls.height

    @property
    def sha256(self) -> str:
        """That of the list. Raises InputError."""
        return self._files.digest(self._sums.result())

    def detail(self) -> dict[str, Any]:
        """The hashes, and how many rows there were. Raises InputError where a file changed while it was read."""
        sha256 = self.sha256  # waits until all has been read
        for file, before, now in zip(self._files.files, self._state, self._files.state, strict=True):
            if now != before:
                raise InputError(localized("errors", "changed"), file.path)
        return {"sha256": sha256, "rows": self._rows, "verdicts": self._verdicts.hexdigest()}

    def decisions(self) -> Path | None:
        """One file of all decisions, or None."""
        if not self._kept or not self._kept.rows:
            return None
        out = self._kept.folder / "decisions.parquet"
        with _room_in(self._kept.folder.parent):
            self._kept.move(out)
        return out


@contextmanager
def _room_in(folder: Path) -> Iterator[None]:
    """Say that a disk is full where Polars, writing Parquet to it, may say only that the footer failed."""
    try:
        yield
    except pl.exceptions.ComputeError:
        raise no_room(folder) from None


def _digests(texts: Iterable[str | None]) -> pl.Series:
    """64 bits of the hash of each text; 0 where there is none."""
    digests = [hashlib.sha256(text.encode()).digest()[:8] if text else b"" for text in texts]
    return pl.Series("words", map(int.from_bytes, digests), dtype=pl.UInt64)
