"""The Canadian national do-not-call list: full lists by area code, byte for byte in the American layouts.

All codes must be Canadian, by the numbering plan; that alone tells its files from
American ones. Sources and what is not known: `dnc.registries.area_codes`.
"""

from __future__ import annotations

from dnc.registries import Loader, area_codes

LOADER = Loader("ca-dncl", "CA", area_codes.recognises("CA"), area_codes.read("CA"))
