"""Loaders of registries' files, one module per layout.

To add one, write a module that defines `LOADER = Loader(...)` (see `dnc.registries`), or `LOADERS` for several
registries with one layout, and put a fixture and its expected listings into `tests/loaders/`. Nothing else changes: the
modules are found at run time. The docstring of a module says where the format is described, and what is not known about
it.
"""
