"""The rulebook: all rules files that a check uses, those that ship and those of the user."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache, reduce
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb
import msgspec
from msgspec.structs import replace

from dnc.cache import kept, source
from dnc.database import connect
from dnc.errors import RuleError
from dnc.law.condition import Sql
from dnc.law.regimes import EVERYWHERE, Pack, Regime, RuleChanges
from dnc.messages import LANGUAGES, Words, localized

# The files on which the reading of a rules file depends.
_READ_BY = (
    ("dnc", ".py"),
    ("dnc.messages", ".py", ".toml"),
    ("dnc.law", ".py"),
    ("dnc.law.rules", ".toml"),
    ("dnc.files", "toml_reader.py"),
)


@dataclass(frozen=True, eq=False)
class Rulebook:
    """All packs that a check uses; each rulebook equals itself alone.

    packs: by jurisdiction; each has the rules of the file for every country (`EVERYWHERE`) besides its own.
    texts: SHA-256 → text of each file that was read. change: what files of the user changed in those that ship.
    """

    packs: dict[str, Pack]
    texts: dict[str, str] = field(repr=False)
    change: RuleChanges

    @classmethod
    def load(cls, extra: str | Path | None = None) -> Rulebook:
        """The rules that ship, and those of a folder.

        A file of the folder has the whole law of a jurisdiction that does not ship, or changes one: its regimes are
        added, or take the place of those that they replace (see `dnc.law.amendments`).

        Args:
            extra: a folder of TOML files.
        Raises:
            RuleError: the folder or a file cannot be read, or breaks the grammar.
        """
        texts = dict(sorted(shipped().items()))
        if extra is not None:
            folder = Path(extra)
            if not folder.is_dir():
                raise RuleError(localized("errors", "no_rules_folder"), folder)
            for path in sorted(folder.glob("*.toml")):
                try:
                    texts[str(path)] = path.read_text(encoding="utf-8")
                except (OSError, UnicodeDecodeError) as error:
                    raise RuleError(localized("errors", "unread", why=type(error).__name__), path) from None
        return _rulebook(tuple(texts.items()))

    @classmethod
    def of(cls, texts: Iterable[str]) -> Rulebook:
        """The rules in the texts of some files, as the log of a store keeps them. Raises RuleError."""
        named = ((hashlib.sha256(text.encode()).hexdigest()[:12], text) for text in texts)
        return _rulebook(tuple(sorted(named)))

    @cached_property
    def evaluator(self) -> duckdb.DuckDBPyConnection:
        """A DuckDB in memory that has the calendars of the packs as macros; use a cursor of it in each thread."""
        # Most statements are about few rows: starting threads, or looking for joins, ranges, common parts and shorter
        # expressions, costs more than it saves.
        skipped = "in_clause,statistics_propagation,common_subexpressions,expression_rewriter"
        con = connect(":memory:", threads=1, disabled_optimizers=skipped)
        for pack in self.packs.values():
            for name, body in pack.macros.items():
                con.execute(f"create macro {name}() as {body}")
        return con

    def __getstate__(self) -> dict[str, Any]:
        """What pickles have: all but the evaluator, which is made anew where it is needed."""
        return {name: value for name, value in self.__dict__.items() if name != "evaluator"}

    @cached_property
    def by_id(self) -> dict[str, Regime]:
        """Every regime by its id, in the order of the files."""
        return {regime.id: regime for pack in self.packs.values() for regime in pack.regimes}

    def regime(self, id_: str) -> Regime:
        """The regime with an id. Raises KeyError."""
        return self.by_id[id_]

    def pack_of(self, territory: str) -> Pack | None:
        """The pack whose law applies to the numbers of a territory (ISO 3166-1 alpha-2)."""
        return next((pack for pack in self.packs.values() if territory in pack.territories), None)

    def registries(self) -> list[str]:
        """Ids of the registries that any regime looks up."""
        return sorted({id_ for regime in self.by_id.values() for part in regime.parts for id_ in part.registries})


def shipped() -> dict[str, str]:
    """The rules files that ship with the program: name → text."""
    return {
        file.name: file.read_text(encoding="utf-8")
        for file in files("dnc.law").joinpath("rules").iterdir()
        if file.name.endswith(".toml") and file.name != "vocabulary.toml"
    }


@lru_cache(maxsize=128)  # rulebooks share most of their files
def _pack(path: str, text: str) -> Pack:
    return _shipped_packs().get(text) or _read(path, text)


@cache
def _shipped_packs() -> dict[str, Pack]:
    """The packs of the rules files that ship, by the text of the file; cached, because reading all takes 0.1 s."""
    texts = shipped()
    read_by = (source(package, *suffixes) for package, *suffixes in _READ_BY)
    inputs = (LANGUAGES, version("holidays"), version("tzdata"), *read_by)
    packs = kept(
        "rules",
        inputs,
        dict[str, Pack],
        lambda: {name: _read(name, text) for name, text in texts.items()},
        write=_as_json,
        read=_from_json,
    )
    return {texts[name]: pack for name, pack in packs.items()}


def _read(path: str, text: str, changes: Mapping[str, str] | None = None) -> Pack:
    from dnc.law.rule_file import read_pack  # most processes find all packs in the cache

    return read_pack(path, text, changes)


@lru_cache(maxsize=128)
def _changes(path: str, text: str) -> str | None:
    """The jurisdiction whose file a text of the user changes; None for the whole law of one. Raises RuleError."""
    from dnc.law.rule_file import changes_of

    return None if text in _shipped_packs() else changes_of(path, text)


def _as_json(value: object) -> str:
    if isinstance(value, Sql):
        return "\0".join([value, *value.columns])
    if isinstance(value, Words):
        return msgspec.json.encode(value.texts).decode()
    raise NotImplementedError


@cache  # thousands of expressions, of which some hundreds differ
def _from_json(kind: type, text: str) -> Sql | Words:
    return Words(msgspec.json.decode(text)) if kind is Words else Sql(*text.split("\0"))


@lru_cache(maxsize=8)
def _rulebook(sources: tuple[tuple[str, str], ...]) -> Rulebook:
    packs: dict[str, Pack] = {}
    seen: dict[str, str] = {}
    calendars: dict[str, str] = {}
    for path, pack in _packs(sources):
        if pack.jurisdiction in packs:
            raise RuleError(localized("errors", "rules", "jurisdiction", name=pack.jurisdiction), path)
        if pack.territories and not any(regime.is_scope for regime in pack.regimes):
            raise RuleError(localized("errors", "rules", "no_scope", name=pack.jurisdiction), path)
        packs[pack.jurisdiction] = pack
        for regime in pack.regimes:
            if regime.id in seen:
                raise RuleError(localized("errors", "rules", "regime", other=seen[regime.id]), path, regime.id)
            seen[regime.id] = path
        for name in pack.macros:
            if name in calendars:
                raise RuleError(localized("errors", "rules", "calendar", name=name, other=calendars[name]), path)
            calendars[name] = path
    shipped = {pack.jurisdiction for pack in _shipped_packs().values()}
    added = (regime.id for name, pack in packs.items() if name not in shipped for regime in pack.regimes)
    change = reduce(RuleChanges.__add__, (pack.change for pack in packs.values()), RuleChanges(tuple(added)))
    if shared := packs.pop(EVERYWHERE, None):
        packs = {name: replace(pack, regimes=pack.regimes + shared.regimes) for name, pack in packs.items()}
    texts = {hashlib.sha256(text.encode()).hexdigest(): text for _, text in sources}
    return Rulebook(packs, texts, change)


def _packs(sources: Iterable[tuple[str, str]]) -> Iterator[tuple[str, Pack]]:
    """The path and the pack of each file with the law of a jurisdiction, as other files change it."""
    whole, changes = list[tuple[str, str]](), defaultdict[str, dict[str, str]](dict)
    for path, text in sources:
        if jurisdiction := _changes(path, text):
            changes[jurisdiction][path] = text
        else:
            whole.append((path, text))
    for path, text in whole:
        pack = _pack(path, text)
        changed_by = changes.pop(pack.jurisdiction, None)
        yield path, _read(path, text, changed_by) if changed_by else pack
    for jurisdiction, changed_by in changes.items():
        raise RuleError(localized("errors", "rules", "nothing_to_change", name=jurisdiction), next(iter(changed_by)))
