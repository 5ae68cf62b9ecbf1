"""The Australian Do Not Call Register: the answer to a wash, never a list.

One column of numbers of 10 digits beginning with 0 or 1, or of 11 beginning with
61. By law the answer may name the registered numbers, the others, or be the list
with the registered ones deleted: `--means` says which, `--asked` what was sent
in. Answers with a column of flags are loaded in plain form. A cell that came back
with `{COMMA}` was no number. The wash holds for the account that had it done;
keep its id beside the file.

Source: Do Not Call Register, washing
(http://donotcall.gov.au/industry/washing-process-overview/sftp). Not known: the
layout of the answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import polars as pl

from dnc.errors import LoaderError
from dnc.registries import Extract, Loader, bare_numbers, line_batches

_NAMED = re.compile(r"dncr|(?:^|[^a-z])wash(?:ed)?(?:[^a-z]|$)", re.IGNORECASE)
_WHOLE = r"^(?:[01]\d{9}|61\d{9})$"


def _recognises(extract: Extract) -> bool:
    lines = extract.text.split()
    return any(_NAMED.search(name) for name in extract.names) and any(re.match(_WHOLE, line) for line in lines[:3])


def _read(extract: Extract) -> Iterator[pl.DataFrame]:
    if not extract.means:
        raise LoaderError(
            "say with --means whether these numbers are listed or callable; with flags, load it in plain form",
            extract.path,
        )
    for member in extract.members:
        for batch in line_batches(member):
            rows = batch.select("line", pl.col("text").str.replace_all(" ", "").alias("number"))
            if rows["number"].str.contains(r"[;,\t|]").any():
                raise LoaderError("one column expected; an answer with flags is loaded in plain form", member.where)
            yield bare_numbers(rows.filter(pl.col("number") != ""), extract, _WHOLE, "61", r"^(?:0|61)([1-9]\d{8})$")


LOADER = Loader("au-dncr", "AU", _recognises, _read, bare=True, answers=True)
