"""French directory extracts: mapped CSV with `number`, `listing`, `prospecting`.

`listing` is `listed` or `unlisted` (liste rouge), `prospecting` is `allowed` or `refused` (liste orange). An entry is
stored as listed if prospecting is refused or the entry is unlisted, because by law unlisted subscribers have the other
protection too (CPCE R. 10). There is no complete file: a file covers only the entries it holds, unless `--covers` says
more.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from dnc.registries import Extract, Loader, booleans, listings

_COLUMNS = {"number", "listing", "prospecting"}


def _recognises(extract: Extract) -> bool:
    return set(extract.header) >= _COLUMNS


def _read(extract: Extract) -> Iterator[pl.DataFrame]:
    listing, prospecting, _ = extract.need("listing", "prospecting", "number")
    unlisted = booleans(listing, {"unlisted": True, "listed": False})
    refused = booleans(prospecting, {"refused": True, "allowed": False})

    def flagged(cells: pl.DataFrame) -> pl.DataFrame:
        flag = pl.when(unlisted).then(True).when(unlisted.is_not_null()).then(refused)
        odd = pl.when(flag.is_null()).then(pl.lit("listing or prospecting is not a known value"))
        return cells.with_columns(flag.fill_null(True).alias("listed"), odd.alias("odd"))

    return listings(extract, flagged)


LOADER = Loader("fr-directory", "FR", _recognises, _read, directory=True)
