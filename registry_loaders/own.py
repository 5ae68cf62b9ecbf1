"""The caller's own opposition list: one number a line, or a CSV with `number` and optional `since`.

It is a ledger: complete for every number, and what was loaded stays until it is
lifted for a stated reason, whatever a later file leaves out.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from dnc.loader import Extract, Loader, day_column, listings

_OTHERS = {"since", "reason"}


def _recognises(extract: Extract) -> bool:
    return extract.is_bare or ("number" in extract.header and bool(_OTHERS & set(extract.header)))


def _read(extract: Extract) -> Iterator[pl.DataFrame]:
    if not extract.head.strip():
        return iter(())  # nobody objected
    since = day_column(extract.column("since"))
    return listings(extract, lambda cells: cells.with_columns(pl.lit(True).alias("listed"), since.alias("since")))


LOADER = Loader("own", "FR", _recognises, _read, covers=("",))
