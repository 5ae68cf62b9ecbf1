"""Files that look like a registry's and are none: refused by name or header, whatever registry is named.

Each is a kind of file that was met in the field; what it is and why it decides
nothing stands in the message.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_SPANISH = (
    "the Spanish list is only answered by query, a bulk copy is not evidence; load your own answers in plain form"
)
_DUTCH = "the Dutch register closed on 2021-07-01; consent decides in the Netherlands"
_GERMAN = "no registry of this name; consent decides in Germany and Austria"
_COMPLAINTS = (
    "complaints about callers, not people who must not be called; the registry comes from telemarketing.donotcall.gov"
)

# Names are looked at in lower case, with anything between words as one blank.
_NAMES = [
    (r"dnc complaint numbers", _COMPLAINTS),
    (r"bel ?me ?niet(?! ?meer)", _DUTCH),
    (r"pacitel", "Pacitel closed on 2016-01-01"),
    (r"kontakt (og )?reservasjonsregister", "a register for digital post, not for calls"),
    (r"robinson ?liste|robinson.*\b(de|at|deutschland|osterreich|oesterreich)\b", _GERMAN),
    (r"robinson", _SPANISH),
]
_HEADERS = [(["companyphonenumber", "createddate", "violationdate"], _COMPLAINTS)]


def decoy(names: Iterable[str], header: list[str]) -> str | None:
    """Why a file is no registry's: by its names, or by its (folded) header; None where it may be one."""
    for wanted, message in _HEADERS:
        if header[: len(wanted)] == wanted:
            return message
    spoken = [
        re.sub(r"[\W_]+", " ", name.lower().replace("\N{LATIN SMALL LETTER O WITH DIAERESIS}", "o")) for name in names
    ]
    return next((message for pattern, message in _NAMES if any(re.search(pattern, name) for name in spoken)), None)
