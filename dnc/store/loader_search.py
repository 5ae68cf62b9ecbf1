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
from dnc.errors import FormatError, LoaderError, OptionError
from dnc.files.archive import kind_of
from dnc.files.input_file import read_bounded
from dnc.files.open_table import refuse_foreign, refuse_sheet
from dnc.messages import either, localized, registry_words
from dnc.numbers.numbering_plans import known_region
from dnc.registries.contract import Extract, Layout, Loader
from dnc.registries.listing_frames import in_plain_form, is_plain
from dnc.registries.lookalikes import decoy
from dnc.store.record_kinds import OBJECTIONS

_TEXT_SUFFIXES = (".csv", ".txt", ".tsv", ".xml")


def loaders() -> dict[str, Loader]:
    """All loaders in the package `registry_loaders`, by registry id."""
    found = (loader for module in modules() for loader in loaders_of(module))
    return {loader.registry: loader for loader in sorted(found, key=lambda loader: loader.registry)}


def modules() -> list[ModuleType]:
    """The modules of the package `registry_loaders`, by name."""
    names = sorted(module.name for module in pkgutil.iter_modules(registry_loaders.__path__))
    return [importlib.import_module(f"registry_loaders.{name}") for name in names]


def loaders_of(module: ModuleType) -> tuple[Loader, ...]:
    """The loaders that a module of the package binds: `LOADER`, or several registries of one form as `LOADERS`."""
    return module.LOADERS if hasattr(module, "LOADERS") else (module.LOADER,)


def loader_of(registry: str) -> Loader:
    """The loader of a registry. Raises LoaderError with the names of all registries."""
    if loader := loaders().get(registry):
        return loader
    raise LoaderError(localized("errors", "loader", "unknown", registry=registry, known=", ".join(loaders())))


def loader_in(path: Path) -> Loader:
    """The loader that a module outside the package defines as `LOADER`. Raises LoaderError."""
    read_bounded(path, 1)
    spec = importlib.util.spec_from_file_location(f"dnc_loader_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise LoaderError(localized("errors", "loader", "no_module"), path)
    module: ModuleType = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise LoaderError(localized("errors", "loader", "fails", kind=type(error).__name__), path) from None
    loader = getattr(module, "LOADER", None)
    if not isinstance(loader, Loader):
        raise LoaderError(localized("errors", "loader", "undefined"), path)
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
    sheet: str | None = None,
    layout: Layout | None = None,
) -> tuple[Loader, Extract]:
    """The one loader that reads a file, and the extract to give to it.

    Args:
        registry: its id, or the kind of the own list; None: find the loader that recognises the file.
        means, asked, as_of: see `Extract`.
        module: a loader outside the package.
        region: numbering plan of national numbers in a list that holds numbers of every country.
        layout: what the user says about the columns and words of the file.

    Raises:
        LoaderError: `registry` is unknown, no loader recognises the file or several do, or it is not a registry's file.
        OptionError: `region` has no numbering plan, or the registry has another one; or its files have a format of
            their own, and `layout` says something else.
    """
    if region and not known_region(region):
        raise OptionError(localized("errors", "loader", "region", region=region))
    extract = Extract(path, "", means, asked, as_of, sheet, layout or Layout())
    _refuse_missing(extract)
    registry = OBJECTIONS.registry if registry == OBJECTIONS.name else registry
    loader, extract = _find(extract, registry, module, region)
    _refuse_layout(extract, loader)
    if means and (is_plain(extract) or not loader.bare or "" in loader.covers):
        raise LoaderError(localized("errors", "loader", "means"), path)
    if means and (packed := len(extract.names) - 1) > 1:  # what --means says may be true of one of them only
        raise LoaderError(localized("errors", "several_files", n=packed), path)
    if region not in (None, loader.region):
        raise OptionError(
            localized("errors", "loader", "own_region", registry=registry_words(loader.registry), region=loader.region)
        )
    return loader, extract


def _refuse_missing(extract: Extract) -> None:
    """Raise LoaderError if the layout names a column that the file does not have."""
    for ours, theirs in extract.layout.columns.items():
        if ours not in extract.header:
            raise LoaderError(localized("errors", "loader", "no_column", theirs=theirs, ours=ours), extract.path, 1)


def _refuse_layout(extract: Extract, loader: Loader) -> None:
    """Raise OptionError if the layout is about columns that this loader does not read."""
    layout = replace(extract.layout, ignore=())
    if layout == Layout():
        return
    if not loader.columns:
        raise OptionError(
            localized("errors", "loader", "own_format", registry=registry_words(loader.registry)), extract.path
        )
    if unknown := [name for name in (*layout.columns, *layout.values) if name not in loader.columns]:
        about = {"registry": loader.registry, "name": unknown[0], "known": ", ".join(loader.columns)}
        raise OptionError(localized("errors", "loader", "no_such_column", **about), extract.path)


def _find(extract: Extract, registry: str | None, module: Path | None, region: str | None) -> tuple[Loader, Extract]:
    """The loader that was named, or the one that recognises the file, and the extract with its numbering plan."""
    _refuse_misnamed(extract)
    plain = is_plain(extract)
    if module or registry:
        loader = (loader_in(module) if module else loader_of(registry or "")).planned(region)
        if registry not in (None, loader.registry):
            raise LoaderError(localized("errors", "loader", "other", registry=loader.registry, wanted=registry), module)
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
    raise (LoaderError if claims else FormatError)(_none_or_several(claims, choice, extract, plain), extract.path)


def _refuse_misnamed(extract: Extract) -> None:
    """Raise LoaderError if the first bytes do not fit the suffix of the name; only a text may have none."""
    refuse_foreign(extract.head, extract.path, extract.names[-1], xml=False)
    suffix, kind = extract.path.suffix.lower(), kind_of(extract.path)
    refuse_sheet(kind, extract.sheet, extract.path)
    if suffix not in ("", *_TEXT_SUFFIXES) and kind == "plain" and not extract.head:
        raise LoaderError(localized("errors", "file_empty"), extract.path)
    if suffix in _TEXT_SUFFIXES and kind != "plain":
        found = localized("errors", "file_kind", kind)
        raise LoaderError(localized("errors", "loader", "named", suffix=suffix, kind=found), extract.path)


def _none_or_several(claims: list[Loader], choice: list[Loader], extract: Extract, plain: bool) -> str:
    """Why no single loader was found."""
    bare = [loader for loader in choice if loader.bare and replace(extract, region=loader.region).is_bare]
    if claims or bare:
        names = sorted((loader.registry for loader in claims or bare), key=lambda name: (len(name), name))
        return localized("errors", "loader", "several" if claims else "bare", names=either(map(registry_words, names)))
    return localized("errors", "loader", "plain" if plain else "none")


def _refuse_others(loader: Loader, extract: Extract) -> None:
    """Raise LoaderError if a file is not from a registry, or has bare numbers and the name of another registry."""
    if not loader.cumulative and (what := decoy(extract.names, extract.header)):
        raise LoaderError(what, extract.path)
    file = replace(extract, region=loader.region)
    if not loader.bare or not file.is_bare or loader.recognises(file):
        return
    for other in loaders().values():
        if other.registry != loader.registry and other.recognises(replace(extract, region=other.region)):
            raise LoaderError(
                localized(
                    "errors",
                    "loader",
                    "looks",
                    other=registry_words(other.registry),
                    registry=registry_words(loader.registry),
                ),
                extract.path,
            )
