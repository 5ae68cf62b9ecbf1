"""What the controller of a store itself knows, kind by kind: one declaration for each.

From it follow the columns of what is recorded, of a file of the kind and of its export, which rows are one, what
is erased and what stays, and by which day a row is old.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import time
from functools import cached_property

import msgspec

ALWAYS = "date '0001-01-01'"  # `dnc.clock.ALWAYS`: withdrawn on a day that is not known
NEVER = "date '9999-12-31'"  # `dnc.clock.NEVER`: a day on which nothing was withdrawn
GIVEN = ("named_caller", "partners", "written")  # words of `consent` by which one was given


class Kind(msgspec.Struct, frozen=True, dict=True):
    """One kind of own records.

    Attributes:
        name: of the kind, of its statements and of its export; also `--registry` of a load.
        columns: what a row says of its number: name → type of DuckDB.
        needed: columns of which a row has one; of each group one.
        texts: those of the columns that are kept as they stand in a file.
        same: rows that agree in their number and in these columns are one row.
        order: SQL, how a file is sorted.
        day: SQL, the last day that a row speaks of; its age is counted from it.
        opt_out: SQL, the rows that stay when a person is erased, with nothing but the columns `stays`: without them the
            person would be called again.
        whole: whether a file says all that is known on its day, so that it has an `as_of`; rows of other kinds are
            never changed, only followed by others.
        registry: what it is called in `--registry` and in files, if not by its name.
    """

    name: str
    columns: Mapping[str, str]
    same: tuple[str, ...]
    needed: tuple[tuple[str, ...], ...]
    day: str
    order: str = "number"
    texts: tuple[str, ...] = ()
    opt_out: str = "false"
    stays: tuple[str, ...] = ()
    whole: bool = False
    registry: str = ""

    @cached_property
    def all_columns(self) -> dict[str, str]:
        """Its columns: name → type of DuckDB."""
        texts = dict.fromkeys(self.texts, "varchar")
        return {"seq": "bigint", "number": "ubigint", **self.columns, **texts, "recorded_at": "timestamp"}

    @property
    def emptied(self) -> list[str]:
        """The columns of an opt-out that do not stay when the person is erased."""
        return [name for name in self.all_columns if name not in ("seq", "number", "recorded_at", *self.stays)]

    @property
    def erasable(self) -> str:
        """SQL: the rows of which anything is erased with the person."""
        bare = " and ".join(f'"{name}" is null' for name in self.emptied)
        return f"not coalesce({self.opt_out} and {bare}, false)"

    def no_rows(self, asked: str | None = None) -> str:
        """SQL: its columns, without a row; `asked`: only those that this SQL names."""
        columns = [f'null::{kind} as "{name}"' for name, kind in self.all_columns.items() if name in (asked or name)]
        return f"select {', '.join(columns)} where false"

    def rows_of(self, files: str, asked: str | None = None) -> str:
        """SQL: the rows of files, a parameter, with these columns; a file has only those that a row fills."""
        return f"{self.no_rows(asked)} union all by name from read_parquet({files}, union_by_name = true)"


CONSENTS = Kind(
    "consents",
    columns={
        "consent": "varchar",
        "consent_on": "date",
        "consent_at": "timestamp",  # UTC; null where the file has a day, or an hour of no known zone
        "consent_for": "varchar",
        "consent_until": "date",
        "hours_agreed": "varchar",
        "consent_withdrawn_on": "date",  # 0001-01-01: on a day that is not known; 9999-12-31: not withdrawn
        "withdrawn_at": "timestamp",
        "consent_odd": "boolean",  # whether something in the row was not understood
    },
    texts=(
        "wording", "proof", "proof_kind", "proof_until", "proof_sha256", "person", "channel", "act", "collected_by",
        "obtained_from", "obtained_on", "consent_sectors", "confirmed_on", "confirmed_via", "origin", "origin_ip",
        "recorded_by", "received_at", "passed_to",
    ),
    same=(
        "consent", "consent_on", "consent_at", "consent_for", "consent_until", "hours_agreed", "consent_withdrawn_on",
        "withdrawn_at", "consent_odd", "wording", "proof", "person", "channel", "act", "collected_by",
        "consent_sectors", "confirmed_via", "passed_to",
    ),
    needed=(("consent", "consent_withdrawn_on"),),
    day=f"coalesce(greatest(consent_on, nullif(consent_withdrawn_on, {NEVER})), recorded_at::date)",
    opt_out=f"consent_withdrawn_on <> {NEVER}",
    stays=("consent_withdrawn_on", "withdrawn_at", "consent_odd"),
)  # fmt: skip

# Who objected in a call is on the own list too, which is what keeps the person from being called.
CALLS = Kind(
    "calls",
    columns={
        "at": "timestamp",  # on the clock of the called person, the latest where several are possible; see `LAST_TIMED`
        "result": "varchar",
        "lasting": "utinyint",  # 1: the result counts beyond the days in which attempts are counted
        "consent": "bigint",  # the row of `consents` that the call was made on
    },
    texts=(
        "call_id", "campaign", "cli", "voice", "dialler", "duration", "operator", "seller", "sector", "recipient",
    ),
    same=("call_id", "at", "result"),
    needed=(("at",), ("result",)),
    day="\"at\"::date",
    order="lasting desc, date_trunc('month', \"at\"), number",  # so that few parts of a file are read for a call
)  # fmt: skip

# A call that is told by its day alone has a moment after this one. A told hour that is so late cannot be known from it,
# and is then not shown: programs write seconds, or thousandths of them.
LAST_TIMED = time(23, 59, 59, 999_000)

CUSTOMERS = Kind(
    "customers",
    columns={"relationship": "varchar", "relationship_on": "date", "until": "date"},
    texts=("related_sectors", "person"),
    same=("relationship", "relationship_on", "until", "related_sectors", "person"),
    needed=(("relationship",),),
    day="recorded_at::date",
    whole=True,
)

RESULTS = (
    "answered", "no_answer", "busy", "failed", "machine", "abandoned", "refused", "objected", "wrong_number",
)  # fmt: skip
# The own list. Its files are read as those of registries (`dnc.store.load`); what they say stays until it is lifted.
OBJECTIONS = Kind(
    "objections",
    columns={
        "on_day": "date",  # null: since the day of the file
        "lifted": "boolean",  # null: of a row of a file of which it is not known whether it is an objection
        "until": "date",
        "as_of": "date",  # of the file
    },
    texts=("reason",),
    same=("on_day", "lifted", "reason"),
    needed=(("on_day",),),
    day="coalesce(on_day, as_of)",
    opt_out="true",
    stays=("on_day", "lifted", "until", "as_of"),
    whole=True,
    registry="own",  # `dnc.registries.OWN`
)

LASTING = ("objected", "refused", "wrong_number")  # results that count after the days in which attempts are counted
OWN_VALID_DAYS = "own_valid_days"  # setting of a store: days for which such a list says who is not on it
VALID_DAYS = 31  # unless it says otherwise
RECORDED_FIRST = "always"  # said of a store in which every objection is recorded before anywhere else
NO_ATTEMPT = "wrong_number"  # the one result that is no attempt to call the person

KINDS = {kind.name: kind for kind in (CONSENTS, CALLS, CUSTOMERS)}  # those that are read by columns
ALL_KINDS = (*KINDS.values(), OBJECTIONS)
WHOLE = {kind.registry or kind.name: kind for kind in ALL_KINDS if kind.whole}  # by what is typed behind --registry


def is_valid_days(text: str) -> bool:
    """Whether a text is a value of `own_valid_days`: a number of days, or the word that there is no end."""
    return text == RECORDED_FIRST or re.fullmatch(r"[1-9][0-9]{0,3}", text) is not None
