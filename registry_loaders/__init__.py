"""Loaders of registries' files, one module a registry.

To add one, write a module that binds `LOADER = Loader(...)` (see `dnc.registries`),
a fixture and its expected listings in `tests/loaders/`. Nothing else changes:
the package is looked through at run time. A module says in its docstring where
the format is described and what of it is not known.
"""
