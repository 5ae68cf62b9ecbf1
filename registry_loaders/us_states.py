"""The lists that eleven American states keep beside the national registry, in plain form.

Colorado, Florida, Indiana, Louisiana, Massachusetts, Missouri, Oklahoma, Pennsylvania, Tennessee, Texas and Wyoming
each hand their list to subscribers. What `--covers` declares is complete: the area codes of the state, such as
`--covers 1305`. Texas issues its list on the first day of each quarter, with the Texan part of the national registry
in it, and Indiana each quarter. Not known: the layouts of the files, and how often the other states issue theirs.
"""

from __future__ import annotations

from dnc.registries import Loader

STATES = ("co", "fl", "in", "la", "ma", "mo", "ok", "pa", "tn", "tx", "wy")
LOADERS = tuple(Loader(f"us-{state}-dnc", "US") for state in STATES)
