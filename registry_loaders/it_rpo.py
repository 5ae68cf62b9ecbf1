"""The Italian Registro Pubblico delle Opposizioni: the answer to an upload, never a list.

National numbers without +39, with 8 to 11 digits, separated by line ends, commas or blanks; landlines keep their
leading 0. The older register answered with the numbers that may be called, while one tool in use today takes the
answer for those that may not. So `--means` and `--asked` are required. An answer is valid for the operator account
that asked. A nine-digit number that begins with 6 has lost its zero.

Source: register for operators (http://abbonati.registrodelleopposizioni.it/en/operators/operators-home). Not known: an
official record layout.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import polars as pl

from dnc.errors import FormatError, LoaderError
from dnc.registries import Extract, Loader, bare_numbers, line_batches, localized

_NAMED = re.compile(r"(?:^|[^a-z])rpo(?:[^a-z]|$)|opposizioni", re.IGNORECASE)
_SEPARATORS = r"[\s,]+"


def _recognises(extract: Extract) -> bool:
    numbers = re.split(_SEPARATORS, extract.text.strip())
    named = any(_NAMED.search(name) for name in extract.names)
    return named and all(re.fullmatch(r"\d{8,11}", number) for number in numbers[:3])


def _read(extract: Extract) -> Iterator[pl.DataFrame]:
    if not extract.means or not extract.asked:
        raise FormatError(localized("errors", "means_and_asked"), extract.path)
    for member in extract.members:
        for batch in line_batches(member):
            lines = batch.select(
                "line", pl.col("text").str.replace_all(_SEPARATORS, " ").str.split(" ").alias("number")
            )
            rows = lines.explode("number").filter(pl.col("number") != "")
            lost = rows.filter(pl.col("number").str.contains(r"^6\d{8}$"))
            if lost.height:
                raise LoaderError(localized("errors", "lost_zero"), member.where, lost["line"][0])
            yield bare_numbers(rows, extract, r"^\d{8,11}$", "39", r"^(0\d{7,10}|3\d{8,9})$")


LOADER = Loader("it-rpo", "IT", _recognises, _read, bare=True, answers=True)
