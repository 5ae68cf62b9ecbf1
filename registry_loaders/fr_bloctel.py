"""Bloctel, the French opt-out list (1 June 2016 to 10 August 2026).

The list was never handed out: callers sent in numbers and got them back, so a file covers only the numbers in it.
There are three forms:

* the answer `Telephone;Identifiant;Réponse`, in which `OK` means callable and anything else (an empty cell too) means
  registered;
* the purged file, or the list of the registered numbers, both without an answer column. They need `--means callable` or
  `--means listed`, and `--asked` with the file that was sent in. Reading one as the other would invert every verdict.
  A column of yes and no beside the numbers could be the answer under another name: then the file is refused.

A number that lost its leading 0 in a spreadsheet is read too.

Source: Bloctel, questions of professionals (https://pro.bloctel.gouv.fr/faq).
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from dnc.errors import FormatError, LoaderError
from dnc.registries import Extract, Loader, listings, localized

_IDENTIFIERS = ("identifiant", "identifant")


def _recognises(extract: Extract) -> bool:
    header = set(extract.header)
    return "telephone" in header and bool(header & {"reponse", *_IDENTIFIERS})


def _read(extract: Extract) -> Iterator[pl.DataFrame]:
    answer, _ = extract.column("reponse"), extract.column(*_IDENTIFIERS)
    if answer is not None and extract.means:
        raise LoaderError(localized("errors", "answer_column"), extract.path)
    if answer is not None:
        registered = pl.col(str(answer)).fill_null("") != "OK"
    elif extract.means:
        registered = pl.lit(extract.means == "listed")
    else:
        raise FormatError(localized("errors", "no_answer_column"), extract.path)
    return listings(extract, lambda cells: cells.with_columns(registered.alias("listed")))


LOADER = Loader("fr-bloctel", "FR", _recognises, _read, bare=True, answers=True, last_day="2026-08-10")
