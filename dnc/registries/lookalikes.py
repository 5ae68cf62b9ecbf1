"""Files that look like those of a registry but are not: refused by name or header, whatever `--registry` says.

Each kind of file was found in practice. The message says what it is and why it proves nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from dnc.messages import localized

# Names are compared in lower case, with one blank between words.
_NAMES = [
    (r"dnc complaint numbers", "complaints"),
    (r"bel ?me ?niet(?! ?meer)", "dutch"),
    (r"pacitel", "pacitel"),
    (r"kontakt (og )?reservasjonsregister", "digital_post"),
    (r"robinson ?liste|robinson.*\b(de|at|deutschland|osterreich|oesterreich)\b", "german"),
    (r"robinson", "spanish"),
]
_HEADERS = [(["companyphonenumber", "createddate", "violationdate"], "complaints")]


# Names of files with the changes since an earlier list.
_CHANGES = re.compile(r"chang|delta|updat|amend|delet|remov|(?:^|[^a-z])add(?:s|ed|itions)?(?![a-z])", re.IGNORECASE)


def is_change_list(name: str) -> bool:
    """Whether a file is named like a list of changes, which looks like a complete list that clears all others."""
    return bool(_CHANGES.search(name))


def decoy(names: Iterable[str], header: list[str]) -> str | None:
    """Why a file does not come from a registry, judged by its names or its (folded) header; None if it may."""
    for wanted, what in _HEADERS:
        if header[: len(wanted)] == wanted:
            return localized("errors", "decoy", what)
    folded = [
        re.sub(r"[\W_]+", " ", name.lower().replace("\N{LATIN SMALL LETTER O WITH DIAERESIS}", "o")) for name in names
    ]
    lookalike = next((what for pattern, what in _NAMES if any(re.search(pattern, name) for name in folded)), None)
    return lookalike and localized("errors", "decoy", lookalike)
