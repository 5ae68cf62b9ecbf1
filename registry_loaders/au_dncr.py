"""The Australian Do Not Call Register: answers to a wash."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from dnc.errors import LoaderError
from dnc.loader import Extract, Loader


def _recognises(extract: Extract) -> bool:
    return False


def _read(extract: Extract) -> Iterator[pl.DataFrame]:
    raise LoaderError("is read in plain form: a CSV with number and listed", extract.path)


LOADER = Loader("au-dncr", "AU", _recognises, _read)
