"""Files that look like those of a registry and are not: refused by name or header, whatever `--registry` says.

Each kind of file was found in practice. The message says what it is and why it proves nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_SPANISH = "the Spanish list only answers queries, and a copy of it proves nothing; load your own answers in plain form"
_DUTCH = "the Dutch register closed on 2021-07-01; calls to the Netherlands need consent instead"
_GERMAN = "Germany and Austria have no registry of this name; calls there need consent instead"
_COMPLAINTS = (
    "holds complaints about callers, not people who must not be called; download the registry from "
    "telemarketing.donotcall.gov"
)

# Names are compared in lower case, with one blank between words.
_NAMES = [
    (r"dnc complaint numbers", _COMPLAINTS),
    (r"bel ?me ?niet(?! ?meer)", _DUTCH),
    (r"pacitel", "Pacitel closed on 2016-01-01; use another registry"),
    (r"kontakt (og )?reservasjonsregister", "is a register for digital post, not for calls; use another registry"),
    (r"robinson ?liste|robinson.*\b(de|at|deutschland|osterreich|oesterreich)\b", _GERMAN),
    (r"robinson", _SPANISH),
]
_HEADERS = [(["companyphonenumber", "createddate", "violationdate"], _COMPLAINTS)]


def decoy(names: Iterable[str], header: list[str]) -> str | None:
    """Why a file is not a registry's, by its names or its (folded) header; None if it may be one."""
    for wanted, message in _HEADERS:
        if header[: len(wanted)] == wanted:
            return message
    words = [
        re.sub(r"[\W_]+", " ", name.lower().replace("\N{LATIN SMALL LETTER O WITH DIAERESIS}", "o")) for name in names
    ]
    return next((message for pattern, message in _NAMES if any(re.search(pattern, name) for name in words)), None)
