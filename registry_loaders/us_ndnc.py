"""The American national do-not-call registry: full lists by area code, flat text or XML, often zipped.

A file is complete for the area codes it holds, and for nothing else. Change lists are recognised and refused: read as a
full list, one would clear everybody who is not in it. For sources and what is not known see
`dnc.registries.area_codes`.
"""

from __future__ import annotations

from dnc.registries import Loader, area_codes

LOADER = Loader("us-ndnc", "US", area_codes.recognises("US"), area_codes.read("US"))
