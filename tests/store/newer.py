"""A program with a column of own records and a kind more than this one: `python -m tests.store.newer VERB STORE`.

Run in a process of its own, since every module takes the kinds as they are when it is imported.
"""

from __future__ import annotations

import json
import sys
from datetime import date

from msgspec.structs import replace

from dnc.store import audit_log, record_kinds

CONSENTS = replace(record_kinds.CONSENTS, texts=(*record_kinds.CONSENTS.texts, "mood"))
GIFTS = record_kinds.Kind(
    "gifts", {"given_on": "date"}, texts=("what",), same=("given_on", "what"), needed=(("given_on",),), day="given_on"
)
record_kinds.CONSENTS = CONSENTS
record_kinds.KINDS.update(consents=CONSENTS, gifts=GIFTS)
record_kinds.ALL_KINDS = (*record_kinds.KINDS.values(), record_kinds.OBJECTIONS)
ROWS: dict[str, dict[str, object]] = {
    "consents": {"consent_withdrawn_on": date(2026, 11, 20), "mood": "glad"},
    "gifts": {"given_on": date(2026, 11, 20), "what": "a pen"},
}


def told(path: str) -> dict[str, object]:
    """What the columns and the kind that are new hold, by number, and whether the store is whole."""
    from dnc import Store
    from dnc.store.verify import verify

    store = Store(path)
    with store.journal.instance.cursor() as con:
        found = {name: store.standing().records[name].find(con).sort("seq") for name in ROWS}
    said = {name: found[name].select("number", ROWS[name].popitem()[0]).rows() for name in ROWS}
    return {**said, "faults": verify(store.journal).faults}


def record(path: str, number: int, kinds: list[str]) -> None:
    """Record a withdrawal and a gift of a number, or one of them."""
    import polars as pl

    from dnc import Store
    from dnc.store.records import NewRows, empty

    for name in kinds or ROWS:
        cells, kind = ROWS[name], record_kinds.KINDS[name]
        none = empty(kind).drop("seq", "recorded_at").with_columns(row=pl.lit(1, pl.Int64), minute=pl.lit(0, pl.Int64))
        frame = pl.DataFrame([{"number": number, "row": 1, "minute": 0, **cells}], none.schema)
        Store(path).tell(NewRows(kind, frame, 1, 1, set(cells)))


if __name__ == "__main__":
    verb, store, *more = sys.argv[1:]
    if verb == "told":
        print(json.dumps(told(store)))
    elif verb == "needs":
        audit_log.FORMAT += 1
        from dnc import Store
        from dnc.store import journal

        journal._MOST_BYTES = 0
        Store(store).retain("calls", 12)
    else:
        from dnc.store import records

        if verb == "file":
            records._IN_LOG = 0
        record(store, int(more[0]), more[1:])
