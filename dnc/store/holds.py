"""Legal holds: what must not be erased until the hold is lifted, however old it is and whoever asks.

A hold is on a number, on a campaign with every number that was called in it, or on everything. While there is any, what
is erased only as a whole stays too: snapshots, kept decisions and files of customers, and the keys of hashes in the
log, since they are evidence of what is on hold.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import structs

from dnc.errors import InputError, OptionError
from dnc.messages import localized
from dnc.store.journal import Change
from dnc.store.record_kinds import CALLS
from dnc.store.records import records_in
from dnc.store.state import State


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
    """Put a number, a campaign or everything on hold; the log has neither number nor reason.

    Raises OptionError without a reason, InputError for a campaign of which nothing is known.
    """
    if not reason.strip() or (number and campaign):
        raise OptionError(localized("errors", "hold", "one"))
    known = campaign is None or campaign in change.state.values("campaigns") or _called(change, [campaign])
    if not known:
        raise InputError(localized("errors", "hold", "campaign", name=campaign))
    hold = Hold(0, number, campaign, reason.strip())
    seq = change.log("hold", {"of": hold.of, "campaign": campaign})
    hold = structs.replace(hold, seq=seq)
    change.put("holds", seq, hold)
    return hold


def lift(change: Change, seq: int) -> None:
    """Lift a hold. Raises InputError if there is none of that row of the log."""
    known = [hold.seq for hold in in_state(change.state)]
    if seq not in known:
        raise InputError(localized("errors", "hold", "none", row=seq, known=", ".join(map(str, known)) or "-"))
    change.put("holds", seq, None)
    change.log("lift-hold", {"hold": seq})


def in_state(state: State) -> list[Hold]:
    """The holds, oldest first."""
    return list(state.all("holds", Hold).values())


def numbers_on_hold(change: Change) -> list[int] | None:
    """The numbers that are on hold, ascending; None if everything is."""
    holds = in_state(change.state)
    if any(hold.of == "all" for hold in holds):
        return None
    called = _called(change, [hold.campaign for hold in holds if hold.campaign])
    return sorted({hold.number for hold in holds if hold.number} | called)


def _called(change: Change, campaigns: Sequence[str]) -> set[int]:
    """The numbers that were called in some campaigns."""
    if not campaigns:
        return set()
    which = "list_contains($campaigns::varchar[], campaign)"
    calls = records_in(change.state, change.folder, [CALLS])[CALLS.name]
    found = calls.find(change.con, which, {"campaigns": list(campaigns)}, ["number"])
    return set(found["number"])
