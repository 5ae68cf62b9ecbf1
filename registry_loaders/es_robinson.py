"""The Spanish Lista Robinson: answers of a query service, kept by the caller in plain form.

Since 2019-02-18 there is no file, only a service that is queried with hashes. A copy of the list is leaked or invented,
and proves nothing. Not known: how the hashes are made.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from dnc.errors import LoaderError
from dnc.registries import Extract, Loader, localized


def _read(extract: Extract) -> Iterator[pl.DataFrame]:
    raise LoaderError(localized("errors", "decoy", "spanish"), extract.path)


LOADER = Loader("es-robinson", "ES", read=_read, answers=True)
