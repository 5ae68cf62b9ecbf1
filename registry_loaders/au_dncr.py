"""The Australian Do Not Call Register: the answer to a wash, never a list.

One column of numbers with 10 digits that begin with 0 or 1, or 11 that begin with 61. By law the answer may be the
registered numbers, the other numbers, or the list without the registered ones: `--means` says which, and `--asked` what
was sent in. Answers with a column of flags are loaded in plain form. A cell that contains `{COMMA}` was not a number.
The wash is valid for the account that requested it; keep its id with the file.

Source: Do Not Call Register, washing (http://donotcall.gov.au/industry/washing-process-overview/sftp). Not known: the
layout of the answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import polars as pl

from dnc.errors import FormatError
from dnc.registries import Extract, Loader, bare_numbers, line_batches, localized

_NAMED = re.compile(r"dncr|(?:^|[^a-z])wash(?:ed)?(?:[^a-z]|$)", re.IGNORECASE)
_WHOLE = r"^(?:[01]\d{9}|61\d{9})$"


def _recognises(extract: Extract) -> bool:
    lines = extract.text.split()
    return any(_NAMED.search(name) for name in extract.names) and any(re.match(_WHOLE, line) for line in lines[:3])


def _read(extract: Extract) -> Iterator[pl.DataFrame]:
    for member in extract.members:
        for batch in line_batches(member):
            rows = batch.select("line", pl.col("text").str.replace_all(" ", "").alias("number"))
            if rows["number"].str.contains(r"[;,\t|]").any():
                raise FormatError(localized("errors", "flags_plain"), member.where)
            yield bare_numbers(rows.filter(pl.col("number") != ""), extract, _WHOLE, "61", r"^(?:0|61)([1-9]\d{8})$")


LOADER = Loader("au-dncr", "AU", _recognises, _read, bare=True, answers=True)
