"""The Spanish Lista Robinson: answers of a query service, kept by the caller in plain form.

Since 2019-02-18 there is no file, only a service that is queried with hashes. A copy of the list is leaked or invented,
and proves nothing. Not known: how the hashes are made.
"""

from __future__ import annotations

from dnc.registries import Loader

LOADER = Loader("es-robinson", "ES", answers=True)
