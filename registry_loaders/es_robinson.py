"""The Spanish Lista Robinson: answers of a query service, kept by the caller in plain form.

Since 2019-02-18 there is no file, only a service that is asked with hashes. A bulk
copy of the list is leaked or invented, and no evidence. Not known: the recipe of
the hashes.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from dnc.errors import LoaderError
from dnc.registries import Extract, Loader


def _recognises(extract: Extract) -> bool:
    return False


def _read(extract: Extract) -> Iterator[pl.DataFrame]:
    raise LoaderError(
        "the Spanish list is only answered by query, a bulk copy is not evidence; load your own answers in plain form",
        extract.path,
    )


LOADER = Loader("es-robinson", "ES", _recognises, _read, answers=True)
