"""The British Corporate Telephone Preference Service: the full list, in records of 14 bytes.

A day of listing is known only from one's own earlier snapshots. Sources and what
is not known: `dnc.registries.uk_tps`.
"""

from __future__ import annotations

from dnc.registries.contract import Loader
from dnc.registries.uk_tps import read, recognises

LOADER = Loader("gb-ctps", "GB", recognises("gb-ctps"), read("gb-ctps"), covers=("44",))
