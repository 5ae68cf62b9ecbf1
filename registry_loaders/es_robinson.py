"""The Spanish Lista Robinson: answers of a query service, kept in plain form."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from dnc.errors import LoaderError
from dnc.loader import Extract, Loader


def _recognises(extract: Extract) -> bool:
    return False


def _read(extract: Extract) -> Iterator[pl.DataFrame]:
    raise LoaderError("is read in plain form: a CSV with number and listed", extract.path)


LOADER = Loader("es-robinson", "ES", _recognises, _read)
