"""The search for the one loader that reads a file.

It belongs to the store and not to `dnc.registries`, because it knows all loaders: they import `dnc.registries`, and
an import the other way would be a cycle.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import ModuleType

import registry_loaders
from dnc.errors import LoaderError, OptionError
from dnc.files.archive import first_bytes, kind_of
from dnc.files.open_table import refuse_foreign
from dnc.numbers.reader import known_region
from dnc.registries.contract import FILE_KINDS, Extract, Loader
from dnc.registries.lookalikes import decoy
from dnc.registries.plain_form import in_plain_form, is_plain

_TEXT_SUFFIXES = (".csv", ".txt", ".tsv", ".xml")


def loaders() -> dict[str, Loader]:
    """All loaders of `registry_loaders`, by registry id."""
    names = sorted(module.name for module in pkgutil.iter_modules(registry_loaders.__path__))
    found = [importlib.import_module(f"registry_loaders.{name}").LOADER for name in names]
    return {loader.registry: loader for loader in found}


def known(registry: str) -> Loader:
    """The loader of a registry; raises LoaderError naming those that exist."""
    if loader := loaders().get(registry):
        return loader
    raise LoaderError(f"unknown registry {registry!r}; known are {', '.join(loaders())}")


def loader_in(path: Path) -> Loader:
    """The loader that a module outside the package binds as `LOADER`. Raises LoaderError."""
    first_bytes(path, 1)
    spec = importlib.util.spec_from_file_location(f"dnc_loader_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise LoaderError("is no Python module; --loader names a file that ends in .py", path)
    module: ModuleType = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise LoaderError(f"cannot be run as a loader ({type(error).__name__})", path) from None
    loader = getattr(module, "LOADER", None)
    if not isinstance(loader, Loader):
        raise LoaderError("binds no LOADER = Loader(...); see CONTRIBUTING.md", path)
    return loader


def loader_for(
    path: Path,
    registry: str | None = None,
    *,
    means: str | None = None,
    asked: Path | None = None,
    as_of: date | None = None,
    module: Path | None = None,
    region: str | None = None,
) -> tuple[Loader, Extract]:
    """The one loader that reads a file, and the extract to hand to it.

    `registry` chooses one, `module` is a loader outside the package, `region` is the plan of
    national forms in a list of numbers of every country. Raises LoaderError where `registry` is unknown,
    none recognises the file, several do, or it is no registry's file at all; OptionError
    where `region` is no plan, or another one than that of the registry.
    """
    if region and not known_region(region):
        raise OptionError(f"region {region!r} is no numbering plan; write two letters such as FR")
    loader, extract = _found(Extract(path, "", means, asked, as_of), registry, module, region)
    if means and (is_plain(extract) or not loader.bare or "" in loader.covers):
        raise LoaderError("says itself which numbers are listed; leave --means out", path)
    if region not in (None, loader.region):
        raise OptionError(f"{loader.registry} has a numbering plan of its own, {loader.region}; leave --region out")
    return loader, extract


def _found(extract: Extract, registry: str | None, module: Path | None, region: str | None) -> tuple[Loader, Extract]:
    """The loader that was named, or the one that recognises a file; its extract has the loader's plan."""
    _refuse_misnamed(extract)
    plain = is_plain(extract)
    if module or registry:
        loader = (loader_in(module) if module else known(registry or "")).planned(region)
        if registry not in (None, loader.registry):
            raise LoaderError(f"reads {loader.registry}, not {registry}", module)
        if plain:
            loader = in_plain_form(loader)
        else:
            _refuse_others(loader, extract)
        return loader, replace(extract, region=loader.region)
    if not plain and (what := decoy(extract.names, extract.header)):
        raise LoaderError(what, extract.path)
    choice = [loader.planned(region) for loader in loaders().values()]
    claims = [loader for loader in choice if loader.recognises(replace(extract, region=loader.region))]
    if len(claims) == 1:
        return claims[0], replace(extract, region=claims[0].region)
    raise LoaderError(_none_or_several(claims, choice, extract, plain), extract.path)


def _refuse_misnamed(extract: Extract) -> None:
    """Raise where the first bytes are not what the name says."""
    refuse_foreign(extract.head, extract.path, extract.names[-1], xml=False)
    suffix, kind = extract.path.suffix.lower(), kind_of(extract.path)
    if suffix in _TEXT_SUFFIXES and kind != "plain":
        raise LoaderError(
            f"named {suffix} but is {FILE_KINDS[kind]}; export it again, or name it as what it is", extract.path
        )


def _none_or_several(claims: list[Loader], choice: list[Loader], extract: Extract, plain: bool) -> str:
    """Why there is no one loader."""
    bare = [one for one in choice if one.bare and replace(extract, region=one.region).is_bare]
    if claims or bare:
        names = sorted((one.registry for one in claims or bare), key=lambda name: (len(name), name))
        what = "" if claims else "a list of bare numbers "
        return f"{what}could be {' or '.join(names)}; say which with --registry"
    hint = "; a file with number and listed needs --registry" if plain else ""
    return f"no loader recognises it; name the registry with --registry{hint}"


def _refuse_others(loader: Loader, extract: Extract) -> None:
    """Raise where a file is no registry's, or bare numbers bear the name of another registry."""
    if loader.registry != "own" and (what := decoy(extract.names, extract.header)):
        raise LoaderError(what, extract.path)
    mine = replace(extract, region=loader.region)
    if not loader.bare or not mine.is_bare or loader.recognises(mine):
        return
    for other in loaders().values():
        if other.registry != loader.registry and other.recognises(replace(extract, region=other.region)):
            raise LoaderError(f"looks like a file of {other.registry}, not of {loader.registry}", extract.path)
