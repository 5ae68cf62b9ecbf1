"""The Canadian national do-not-call list: full lists by area code, in exactly the American layouts.

All area codes must be Canadian by the numbering plan; only that distinguishes its files from American ones. For sources
and what is not known see `dnc.registries.area_codes`.
"""

from __future__ import annotations

from dnc.registries import Loader, area_codes

LOADER = Loader("ca-dncl", "CA", area_codes.recognises("CA"), area_codes.read("CA"))
