"""Legal holds: what must not be erased until the hold is lifted, however old it is and whoever asks.

A hold is on a number, on a campaign with every number that was called in it, or on everything. While there is any, what
is erased only as a whole stays too: snapshots, kept decisions and files of customers, and the keys of hashes in the
log, since they are evidence of what is on hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import structs

from dnc.errors import InputError, OptionError
from dnc.messages import localized
from dnc.store import ledger_sql
from dnc.store.ledger import Change
from dnc.store.record_kinds import CALLS
from dnc.store.records import records_in


class Hold(msgspec.Struct, frozen=True):
    """A hold. seq: row of the log. number, campaign: what it is on; everything without both. reason: for people."""

    seq: int
    number: int | None
    campaign: str | None
    reason: str

    @property
    def of(self) -> str:
        """`number`, `campaign` or `all`."""
        return "number" if self.number else "campaign" if self.campaign else "all"


def add(change: Change, reason: str, number: int | None = None, campaign: str | None = None) -> Hold:
    """Put a number, a campaign or everything on hold; the log has no number.

    Raises OptionError without a reason, InputError for a campaign of which nothing is known.
    """
    if not reason.strip() or (number and campaign):
        raise OptionError(localized("errors", "hold", "one"))
    kept = {row["name"] for row in ledger_sql.campaigns(change.con)}
    if campaign and campaign not in kept and not _called(change.con, change.folder, [campaign]):
        raise InputError(localized("errors", "hold", "campaign", name=campaign))
    hold = Hold(0, number, campaign, reason.strip())
    seq = change.log("hold", {"of": hold.of, "campaign": campaign, "reason": hold.reason})
    hold = structs.replace(hold, seq=seq)
    ledger_sql.insert(change.con, "holds", structs.asdict(hold))
    return hold


def lift(change: Change, seq: int) -> None:
    """Lift a hold. Raises InputError if there is none of that row of the log."""
    known = [hold.seq for hold in in_ledger(change.con)]
    if seq not in known:
        raise InputError(localized("errors", "hold", "none", row=seq, known=", ".join(map(str, known)) or "-"))
    ledger_sql.remove(change.con, "holds", "seq", seq)
    change.log("lift-hold", {"hold": seq})


def in_ledger(con: ledger_sql.Connection) -> list[Hold]:
    """The holds of an open ledger, oldest first."""
    return [Hold(**row) for row in ledger_sql.holds(con)]


def numbers_on_hold(con: ledger_sql.Connection, folder: Path) -> list[int] | None:
    """The numbers that are on hold, ascending; None if everything is. folder: of the store."""
    holds = in_ledger(con)
    if any(hold.of == "all" for hold in holds):
        return None
    called = _called(con, folder, [hold.campaign for hold in holds if hold.campaign])
    return sorted({hold.number for hold in holds if hold.number} | called)


def _called(con: ledger_sql.Connection, folder: Path, campaigns: Sequence[str]) -> set[int]:
    """The numbers that were called in some campaigns."""
    if not campaigns:
        return set()
    which = "list_contains($campaigns::varchar[], campaign)"
    found = records_in(con, folder, [CALLS])[CALLS.name].find(con, which, {"campaigns": list(campaigns)}, ["number"])
    return set(found["number"])
