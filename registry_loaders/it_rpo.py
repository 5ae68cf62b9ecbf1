"""The Italian Registro Pubblico delle Opposizioni: the answer to an upload, never a list.

Numbers in national form without +39, 8 to 11 digits, separated by line ends,
commas or blanks; landlines keep their leading 0. The older register answered with
the numbers one may call; one tool of today reads the answer as those one may not.
So `--means` and `--asked` are required. Answers hold for the operator account
that asked, and a nine-digit number that begins with 6 has lost its zero.

Source: register for operators
(http://abbonati.registrodelleopposizioni.it/en/operators/operators-home). Not
known: an official record layout.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import polars as pl

from dnc.errors import LoaderError
from dnc.registries import Extract, Loader, bare_numbers, line_batches

_NAMED = re.compile(r"(?:^|[^a-z])rpo(?:[^a-z]|$)|opposizioni", re.IGNORECASE)
_WORDS = r"[\s,]+"


def _recognises(extract: Extract) -> bool:
    words = re.split(_WORDS, extract.text.strip())
    named = any(_NAMED.search(name) for name in extract.names)
    return named and all(re.fullmatch(r"\d{8,11}", word) for word in words[:3])


def _read(extract: Extract) -> Iterator[pl.DataFrame]:
    if not extract.means or not extract.asked:
        raise LoaderError(
            "say with --means whether these numbers are listed or callable, and with --asked which were sent in",
            extract.path,
        )
    for member in extract.members:
        for batch in line_batches(member):
            words = batch.select("line", pl.col("text").str.replace_all(_WORDS, " ").str.split(" ").alias("number"))
            rows = words.explode("number").filter(pl.col("number") != "")
            lost = rows.filter(pl.col("number").str.contains(r"^6\d{8}$"))
            if lost.height:
                message = "nine digits beginning with 6, a lost zero; use the original answer"
                raise LoaderError(message, member.where, lost["line"][0])
            yield bare_numbers(rows, extract, r"^\d{8,11}$", "39", r"^(0\d{7,10}|3\d{8,9})$")


LOADER = Loader("it-rpo", "IT", _recognises, _read, bare=True, answers=True)
