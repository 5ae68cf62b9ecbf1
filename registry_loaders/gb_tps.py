"""The British Telephone Preference Service: the full list, in records of 14 bytes.

When a number was listed is known only from earlier snapshots in the store. For sources and what is not known see
`dnc.registries.uk_tps`.
"""

from __future__ import annotations

from dnc.registries import Loader, uk_tps

LOADER = Loader("gb-tps", "GB", uk_tps.recognises("gb-tps"), uk_tps.read("gb-tps"), covers=("44",))
