"""What stands in a store after a row of its log: of each kind and name, the newest statement."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec

from dnc.store.audit_log import NO_ENTRY, Entry

# Kinds of statements that name files: the folder of the file, and the field that has its name.
FILES = {
    "snapshots": (("snapshots", "file"), ("bitpages", "bits")),
    "records": (("records", "file"),),
    "decisions": (("decisions", "file"),),
    "rules": (("rules", "file"),),
}
FOLDERS = ("snapshots", "decisions", "bitpages", "records", "rules")
GONE = "gone"  # files that are no longer named, and perhaps still read
T = TypeVar("T")


class NamedFile(NamedTuple):
    """A file that a statement of a kind, a name and a value names. path: in the folder of the store."""

    kind: str
    name: str
    value: Mapping[str, Any]
    path: Path


class State:
    """What stands. It is never changed once it is made; `put` gives another.

    Attributes:
        head: the last row of the log.
    """

    def __init__(
        self,
        kinds: Mapping[str, Mapping[str, Any]] | None = None,
        since: Mapping[str, int] | None = None,
        head: Entry = NO_ENTRY,
        made: Mapping[tuple[str, object], Any] | None = None,
    ) -> None:
        self._kinds, self._since, self.head = dict(kinds or {}), dict(since or {}), head
        self._made = dict(made or {})

    def put(self, kind: str, values: Mapping[str, Any], row: int) -> State:
        """The state in which some values of a kind are new; None ends one. row: of the log."""
        now = {**self._kinds.get(kind, {}), **values}
        kept = {name: value for name, value in now.items() if value is not None}
        made = {key: value for key, value in self._made.items() if key[0] != kind}
        return State({**self._kinds, kind: kept}, {**self._since, kind: row}, self.head, made)

    def at_row(self, head: Entry) -> State:
        """The same after another row of the log."""
        return State(self._kinds, self._since, head, self._made)

    def values(self, kind: str) -> Mapping[str, Any]:
        """The values of a kind by name, oldest name first."""
        return self._kinds.get(kind, {})

    def all(self, kind: str, type_: type[T]) -> dict[str, T]:
        """The values of a kind by name, as objects."""

        def made(values: Mapping[str, Any]) -> dict[str, T]:
            return {name: msgspec.convert(value, type_) for name, value in values.items()}

        return self.made(kind, made, type_)

    def made(self, kind: str, make: Callable[[Mapping[str, Any]], T], key: object) -> T:
        """What is made of the values of a kind; kept under a key while they are the same."""
        if (kind, key) not in self._made:
            self._made[kind, key] = make(self.values(kind))
        made: T = self._made[kind, key]
        return made

    def last(self, kind: str) -> int:
        """The highest number that was given to anything of a kind, also to what was erased; 0 if none was."""
        return int(self.values("last").get(kind, 0))

    def since(self, kind: str) -> int:
        """A row of the log that is another one after each change of a kind."""
        return self._since.get(kind, 0)

    def statements(self) -> Iterable[tuple[str, str, Any]]:
        """Everything: kind, name, value."""
        return ((kind, name, value) for kind, values in self._kinds.items() for name, value in values.items())

    @cached_property
    def named(self) -> list[NamedFile]:
        """The files that it names, with what names them."""
        return [
            NamedFile(kind, name, value, Path(folder) / value[field])
            for kind, places in FILES.items()
            for name, value in self.values(kind).items()
            for folder, field in places
            if value.get(field)
        ]

    @cached_property
    def files(self) -> set[Path]:
        """The files that it names, each once, as paths in the folder of the store."""
        return {file.path for file in self.named}
