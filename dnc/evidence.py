"""What a check leaves in the store: hashes of what went in and came out and, where told to, its decisions."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import polars as pl

from dnc.audit import canonical
from dnc.brief import Brief
from dnc.calls import Calls
from dnc.durable import fingerprint
from dnc.errors import InputError
from dnc.judge import VERDICT, Verdicts
from dnc.tabular import numbered
from dnc.wording import Policy

# All but what differs from number to number, and `dnc_why`, which is their wording in one of two languages.
_COMPARED = [name for name in VERDICT if name not in ("dnc_number", "dnc_valid_until", "dnc_why")]
_DECIDED = [name for name in VERDICT if name not in ("dnc_number", "dnc_applies")]


def terms_of(brief: Brief, policy: Policy, at: str | None) -> str:
    """All that a check was told beside its file and the law, as canonical JSON; `dnc replay` reads it."""
    told = {"region": brief.region, "dates": brief.dates, "columns": brief.columns, "values": brief.values}
    told |= {"facts": brief.facts, "at": at, "guidance": policy.guidance, "accept": policy.accepted}
    return canonical(told)


class Evidence:
    """Gathered while a check runs.

    path: the planned-calls file. work: a folder to gather decisions in; None where they are not kept.
    """

    def __init__(self, path: Path, work: Path | None) -> None:
        self._path = path
        self._work = work
        self._input = fingerprint(path)
        self._verdicts = hashlib.sha256()
        self._rows = 0
        self._parts: list[Path] = []

    def add(self, calls: Calls, verdicts: Verdicts, ids: str) -> None:
        """Take note of a batch; `ids` is the column of the user's own row ids, where the file has one."""
        number, words = numbered(verdicts.cases.select(_COMPARED))
        digests = [hashlib.sha256("\x1f".join(row).encode()).digest()[:8] for row in words.iter_rows()]
        digest = pl.Series("words", map(int.from_bytes, digests), dtype=pl.UInt64)
        told_apart = verdicts.rows.select("dnc_number", "dnc_valid_until")
        compared = told_apart.with_columns(digest[number][verdicts.case])
        with io.BytesIO() as text:
            compared.write_csv(text, include_header=False)
            self._verdicts.update(text.getvalue())
        if self._work:
            rows = pl.int_range(self._rows + 1, self._rows + 1 + pl.len(), dtype=pl.UInt64).alias("row")
            own = calls.carried[ids].cast(pl.String) if ids in calls.carried.columns else None
            facts = calls.facts("day").select(rows, pl.lit(own, pl.String).alias("call"), "number", "day")
            kept = facts.hstack(verdicts.rows.select(_DECIDED))
            self._parts.append(self._work / f"{len(self._parts)}.parquet")
            kept.write_parquet(self._parts[-1])
        self._rows += compared.height

    def detail(self) -> dict[str, Any]:
        """The hashes, for the log. Raises InputError where the file changed while it was read."""
        if fingerprint(self._path) != self._input:
            raise InputError("changed while it was read; check it again", self._path)
        return {"sha256": self._input, "rows": self._rows, "verdicts": self._verdicts.hexdigest()}

    def decisions(self) -> Path | None:
        """One file of all decisions, or None."""
        if not self._work or not self._parts:
            return None
        out = self._work / "decisions.parquet"
        pl.scan_parquet(self._parts, glob=False).sink_parquet(out, maintain_order=True)
        return out
