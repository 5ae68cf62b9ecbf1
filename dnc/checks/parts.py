"""A check whose rows go into a folder part by part; an interrupted one goes on where it was.

A part is a batch of the list. Its rows are files `KEY=VALUE/000012.csv`; `_parts/000012.json` is written after them,
and names them with their rows and SHA-256. It also has what the part rests on (`basis`) and its counts. A part is done
when this file is there and the files that it names are as it says; everything else is made again, with the same bytes.
`_parts/begun.json` is written first, and `_manifest.json`, which names all files, last.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote

import msgspec
import polars as pl

from dnc.checks.counts import Counted
from dnc.checks.evidence import of_parts
from dnc.checks.result import Check
from dnc.checks.selection import OutputLayout
from dnc.errors import InputError, OptionError, texts_of
from dnc.files.dataset import NULL
from dnc.files.input_file import sha256_of
from dnc.files.output_file import FORMATS, OutputFolder
from dnc.files.output_rows import OutputRows
from dnc.files.remote import is_url
from dnc.files.strict_json import Sha256, Strict, converted
from dnc.frames import numbered
from dnc.messages import figure, localized
from dnc.store.audit_log import canonical

FORMS = ("csv", "parquet", "jsonl")
_MOST = 1_000  # files of a part
_MANIFEST = "_manifest.json"
_FOLDER = "_parts"
_BEGUN = f"{_FOLDER}/begun.json"
_Read = TypeVar("_Read")
_OF_STORE = ("rules", "pack", "snapshots", "files", "objections", "records", "wordings")
_NO_SETTING = ("input", "out", "counts", "version")


@dataclass(frozen=True)
class Parts:
    """How the rows of a check are divided into files in a folder.

    by: columns of the output, each of whose values gets a folder of its own; they are then in the names of these
    folders, and not in the files. form: one of `FORMS`. resume: whether to go on with a check that was interrupted.
    share: (I, N) to decide only the Ith of every N parts, without a row in the log, beside others who decide the rest;
    `resume` then ends the check.
    """

    by: Sequence[str] = ()
    form: str = "csv"
    resume: bool = False
    share: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        texts_of("by", self.by)
        if self.form not in FORMS:
            known = ", ".join(f".{form}" for form in FORMS)
            raise OptionError(localized("errors", "format", suffix=f".{self.form}", known=known))
        if self.share and not 0 < self.share[0] <= self.share[1]:
            raise OptionError(localized("errors", "parts", "share"))


class PartFile(Strict):
    """A file of rows: its name in the folder, rows, bytes and SHA-256."""

    path: str
    rows: int
    bytes: int
    sha256: Sha256


class Begun(Strict):
    """A check that was begun. basis: SHA-256 by what it rests on. today: the day of the check."""

    basis: dict[str, str]
    today: date


class DonePart(Strict):
    """A part that is done.

    first, rows: the first of its rows of the list, from 0, and how many they are. calls: of these rows. verdicts: see
    `dnc.checks.evidence.Evidence.cut`. basis: as in `Begun`. counted: as `Counted.data`.
    """

    part: int
    first: int
    rows: int
    calls: int
    verdicts: Sha256
    basis: dict[str, str]
    files: list[PartFile]
    counted: dict[str, Any]


class ListInManifest(Strict):
    """The list: the names of its files, its SHA-256 and its rows."""

    name: str | list[str]
    sha256: Sha256
    rows: int


class PartsManifest(Strict):
    """The files of a complete check.

    check, log_head: its row of the log, and that row as `ROW:HASH`. counts: calls by outcome. rows: of all files.
    """

    check: int
    log_head: str
    list: ListInManifest
    counts: dict[str, int]
    partition_by: Sequence[str]
    format: str
    rows: int
    files: Sequence[PartFile]


class _Place(NamedTuple):
    """Where a part is in the list."""

    number: int
    first: int
    rows: int


class PartFolder:
    """The folder of a check in parts. `wanted`, `split` and `write` are called for each part in the order of the list.

    Raises InputError and OptionError where the folder cannot be used.
    """

    def __init__(self, at: str | Path, parts: Parts) -> None:
        self.parts = parts
        self._folder = OutputFolder(at)
        self._sizes = self._folder.sizes()
        if _MANIFEST in self._sizes:
            raise InputError(localized("errors", "parts", "complete"), at)
        if self._sizes and not (_BEGUN in self._sizes and (parts.resume or parts.share)):
            raise InputError(localized("errors", "parts", "not_empty"), at)
        self._begun = self._read(_BEGUN, Begun) if self._sizes else None
        names = sorted(name for name in self._sizes if name.startswith(f"{_FOLDER}/") and name != _BEGUN)
        self._done = {part.part: part for part in (self._read(name, DonePart) for name in names)}
        self._coming = deque[_Place]()
        self._number = self._row = 0

    def _read(self, name: str, kind: type[_Read]) -> _Read:
        try:
            return converted(msgspec.json.decode(self._folder.read(name)), kind)
        except (msgspec.DecodeError, ValueError):
            raise InputError(localized("errors", "parts", "odd", name=name), self._folder.at) from None

    @property
    def today(self) -> date | None:
        """The day of the check that is gone on with; None where none was begun."""
        return self._begun.today if self._begun else None

    def begin(
        self, record: Mapping[str, Any], settings: Mapping[str, Any], layout: OutputLayout, private: Collection[str]
    ) -> None:
        """Compare with the check that was begun, if any.

        Args:
            record: what the log will keep of this one. settings: more that the rows depend on.
            layout: its columns. private: those that are not to be in the name of a file.
        """
        self._layout = layout
        for name in self.parts.by:
            if name not in layout.schema:
                known = ", ".join(map(str, layout.schema))
                raise OptionError(localized("errors", "parts", "column", name=name, known=known))
            if name in private:
                raise OptionError(localized("errors", "parts", "number", name=name))
        of_store = {name: record.get(name) for name in _OF_STORE}
        others = {name: record[name] for name in record.keys() - {*_OF_STORE, *_NO_SETTING}}
        others |= {**settings, "by": list(self.parts.by), "form": self.parts.form}
        self._basis = {
            "list": str(others.pop("sha256")),
            "store": sha256(canonical(of_store).encode()).hexdigest(),
            "version": str(record["version"]),
            "settings": sha256(canonical(others).encode()).hexdigest(),
        }
        earlier = [part.basis for part in self._done.values()] + ([self._begun.basis] if self._begun else [])
        for basis in earlier:
            for what, now in self._basis.items():
                if basis.get(what) != now:
                    raise InputError(localized("errors", "parts", f"other_{what}"), self._folder.at)
        if not self._begun:
            self._put(_BEGUN, Begun(self._basis, record["today"]))
        elif not self.parts.share:
            self._folder.sweep()

    def wanted(self, rows: int) -> bool:
        """Whether the next part, of so many rows of the list, is to be decided; called in the order of the list."""
        place = _Place(self._number, self._row, rows)
        self._number, self._row = self._number + 1, self._row + rows
        if (
            (part := self._done.get(place.number))
            and (part.first, part.rows) == (place.first, rows)
            and self._is_whole(part)
        ):
            return False
        self._done.pop(place.number, None)
        if self.parts.share and place.number % self.parts.share[1] != self.parts.share[0] - 1:
            return False
        self._coming.append(place)
        return True

    def _is_whole(self, part: DonePart) -> bool:
        at = self._folder.at
        return all(
            self._sizes.get(file.path) == file.bytes and (is_url(at) or sha256_of(Path(at, file.path)) == file.sha256)
            for file in part.files
        )

    def split(self, rows: OutputRows) -> list[tuple[str, OutputRows]]:
        """Rows by the folder they go into. Raises InputError where there would be too many."""
        by = self.parts.by
        if not by:
            return [("", rows)] if rows.height else []
        of_row, distinct = numbered(rows.only(by).frame.select(pl.col(by).cast(pl.String).replace("", None)))
        if distinct.height > _MOST:
            names = ", ".join(by)
            raise InputError(localized("errors", "parts", "many", names=names, most=figure(_MOST)), self._folder.at)
        header = [name for name in rows.header if name not in by]
        return [
            (
                "".join(f"{_escaped(key)}={_escaped(value)}/" for key, value in values.items()),
                rows.filter(of_row == at).only(header),
            )
            for at, values in enumerate(distinct.iter_rows(named=True))
        ]

    def write(self, groups: Sequence[tuple[str, OutputRows]], counted: Counted, cut: tuple[int, str]) -> None:
        """Write the files of a part, and then what says that it is done."""
        place = self._coming.popleft()
        files = [self._file(f"{folder}{place.number:06}.{self.parts.form}", rows) for folder, rows in groups]
        calls, verdicts = cut
        part = DonePart(
            part=place.number,
            first=place.first,
            rows=place.rows,
            calls=calls,
            verdicts=verdicts,
            basis=self._basis,
            files=files,
            counted=counted.data,
        )
        self._put(f"{_FOLDER}/{place.number:06}.json", part)
        self._done[part.part] = part

    def _file(self, name: str, rows: OutputRows) -> PartFile:
        layout = self._layout
        header = [text for text, column in zip(layout.names, layout.schema, strict=True) if column not in self.parts.by]
        with self._folder.new(name) as file:
            make = FORMATS[PurePosixPath(name).suffix]
            with closing(make(file, header, layout.delimiter, layout.bom)) as writer:
                writer.add(rows)
            return PartFile(name, rows.height, file.stat().st_size, sha256_of(file))

    def _put(self, name: str, content: object) -> None:
        with self._folder.new(name) as file:
            file.write_text(json.dumps(msgspec.to_builtins(content), ensure_ascii=False, indent=1), encoding="utf-8")

    @property
    def _all(self) -> list[DonePart]:
        return [self._done[number] for number in sorted(self._done)]

    @property
    def detail(self) -> dict[str, Any]:
        """For the log: rows of the list, the hash of the verdicts, and the calls of each part."""
        parts = self._all
        cuts, calls = of_parts(part.verdicts for part in parts), [part.calls for part in parts]
        return {"rows": sum(part.rows for part in parts), "verdicts": cuts, "parts": calls}

    @property
    def counted(self) -> Counted:
        """The counts of all parts. Raises InputError where a part has none that can be read."""
        whole = Counted()
        for part in self._all:
            try:
                whole.merge(Counted().read(part.counted))
            except (msgspec.ValidationError, ValueError):
                name = f"{_FOLDER}/{part.part:06}.json"
                raise InputError(localized("errors", "parts", "odd", name=name), self._folder.at) from None
        return whole

    def finish(self, result: Check) -> None:
        """Write the manifest; not where others decide the rest."""
        if self.parts.share:
            return
        files = [file for part in self._all for file in part.files]
        record = result.record
        manifest = PartsManifest(
            check=result.id,
            log_head=result.head,
            list=ListInManifest(record["input"], record["sha256"], result.rows),
            counts=result.counts,
            partition_by=list(self.parts.by),
            format=self.parts.form,
            rows=sum(file.rows for file in files),
            files=files,
        )
        self._put(_MANIFEST, manifest)


def _escaped(text: str | None) -> str:
    """As engines write the name of a folder."""
    return NULL if text is None else quote(text, safe="")
