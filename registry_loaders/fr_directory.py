"""French directory extracts: CSV with `number`, `listing`, `prospecting`, or with `liste rouge` and `liste orange`.

In the second form a column is named like a telephone number, and the two others say `oui` or `non`. In the first
`listing` is `listed` or `unlisted` (liste rouge), `prospecting` is `allowed` or `refused` (liste orange). An entry is
stored as listed if prospecting is refused or the entry is unlisted, because by law unlisted subscribers have the other
protection too (CPCE R. 10). There is no complete file: a file covers only the entries it holds, unless `--covers` says
more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import polars as pl

from dnc.registries import Extract, Loader, booleans, listings

_WORDS = {
    "listing": {"unlisted": True, "listed": False},
    "prospecting": {"refused": True, "allowed": False},
}
# Only names that say that the person is in the list: with others (`hors liste rouge`), oui could mean the opposite.
_FRENCH = {
    "listing": re.compile(r"(?:est|inscrite?|inscription)?(?:en|sur|à|a)?(?:la)?listerouge"),
    "prospecting": re.compile(r"(?:est|inscrite?|inscription)?(?:en|sur|à|a)?(?:la)?listeorange"),
}
_YES, _NO = ("oui", "o", "vrai", "yes", "true", "1", "x"), ("non", "n", "faux", "no", "false", "0")
_YES_NO = dict.fromkeys(_YES, True) | dict.fromkeys(_NO, False)


def _named(extract: Extract, ours: str) -> str:
    """The name of a column: ours, or else the French one, if the file has it."""
    french = filter(_FRENCH[ours].fullmatch, extract.header)
    return ours if ours in extract.header else next(french, ours)


def _recognises(extract: Extract) -> bool:
    names = [_named(extract, ours) for ours in _WORDS]
    has_number = "number" in extract.header or (bool(extract.phone_columns) and names != [*_WORDS])
    return has_number and set(names) <= set(extract.header)


def _read(extract: Extract) -> Iterator[pl.DataFrame]:
    names = {ours: _named(extract, ours) for ours in _WORDS}
    places = zip(extract.need(*names.values()), names.items(), strict=True)
    unlisted, refused = (booleans(at, _WORDS[ours] if name == ours else _YES_NO) for at, (ours, name) in places)

    def flagged(cells: pl.DataFrame) -> pl.DataFrame:
        flag = pl.when(unlisted).then(True).when(unlisted.is_not_null()).then(refused)
        odd = pl.when(flag.is_null()).then(pl.lit("listing or prospecting is not a known value"))
        return cells.with_columns(flag.fill_null(True).alias("listed"), odd.alias("odd"))

    return listings(extract, flagged)


LOADER = Loader("fr-directory", "FR", _recognises, _read, directory=True, columns=("number", *_WORDS))
