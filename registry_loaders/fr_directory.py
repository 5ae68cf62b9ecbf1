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
from dataclasses import replace

import polars as pl

from dnc.registries import Extract, Layout, Loader, booleans, listings

_COLUMNS = ("number", "listing", "prospecting")
# Only names that say that the person is in the list: with others (`hors liste rouge`), oui could mean the opposite.
_FRENCH = {
    "listing": re.compile(r"(?:est|inscrite?|inscription)?(?:en|sur|à|a)?(?:la)?listerouge"),
    "prospecting": re.compile(r"(?:est|inscrite?|inscription)?(?:en|sur|à|a)?(?:la)?listeorange"),
}
_YES, _NO = ("oui", "o", "vrai", "yes", "true", "1", "x"), ("non", "n", "faux", "no", "false", "0")
_WORDS = {
    "listing": dict.fromkeys(_YES, "unlisted") | dict.fromkeys(_NO, "listed"),
    "prospecting": dict.fromkeys(_YES, "refused") | dict.fromkeys(_NO, "allowed"),
}


def _recognises(extract: Extract) -> bool:
    return set(_in_our_names(extract).header) >= set(_COLUMNS)


def _in_our_names(extract: Extract) -> Extract:
    """The same file, with our names and words for the columns of the French form; what the user says comes first."""
    columns = {ours: name for ours, pattern in _FRENCH.items() for name in extract.header if pattern.fullmatch(name)}
    if not columns:
        return extract
    if "number" not in extract.header and extract.phone_columns:
        columns["number"] = extract.header[extract.phone_columns[0]]
    layout = Layout(columns, values={ours: _WORDS[ours] for ours in _FRENCH if ours in columns})
    return replace(extract, layout=extract.layout.over(layout))


def _read(extract: Extract) -> Iterator[pl.DataFrame]:
    extract = _in_our_names(extract)
    listing, prospecting, _ = extract.need("listing", "prospecting", "number")
    unlisted = booleans(listing, {"unlisted": True, "listed": False})
    refused = booleans(prospecting, {"refused": True, "allowed": False})

    def flagged(cells: pl.DataFrame) -> pl.DataFrame:
        flag = pl.when(unlisted).then(True).when(unlisted.is_not_null()).then(refused)
        odd = pl.when(flag.is_null()).then(pl.lit("listing or prospecting is not a known value"))
        return cells.with_columns(flag.fill_null(True).alias("listed"), odd.alias("odd"))

    return listings(extract, flagged)


LOADER = Loader("fr-directory", "FR", _recognises, _read, directory=True, columns=_COLUMNS)
