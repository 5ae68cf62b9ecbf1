"""A small store of each release, as that release wrote it; `write.py` adds that of today."""
