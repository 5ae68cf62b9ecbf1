"""The British Telephone Preference Service: the full list, in records of 14 bytes.

A day of listing is known only from one's own earlier snapshots. Sources and what
is not known: `dnc.registries.uk_tps`.
"""

from __future__ import annotations

from dnc.registries import Loader, uk_tps

LOADER = Loader("gb-tps", "GB", uk_tps.recognises("gb-tps"), uk_tps.read("gb-tps"), covers=("44",))
