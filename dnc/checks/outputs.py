"""Where the rows of a check go: files, or a frame in memory; and pages, which are written at its end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from os.path import realpath
from pathlib import Path
from types import NoneType

import polars as pl

from dnc.checks.result import Check
from dnc.checks.selection import OutputLayout
from dnc.errors import OptionError, must_be, room_in
from dnc.files.output_file import atomic_path, is_page, output
from dnc.files.output_rows import OutputRows
from dnc.files.remote import is_database, is_url
from dnc.files.writers import Writer
from dnc.frames import together
from dnc.messages import localized

Targets = str | Path | Sequence[str | Path] | None
LaidOut = list[pl.DataFrame]  # rows in the form of each writer
# Writes what a check has besides its rows: a page to each path, and sheets beside the rows of workbooks. It comes from
# `dnc.api`, because checks cannot import reports.
Report = Callable[[Check, Sequence[Path], Sequence[Writer]], None]


class _Frames(Writer):
    """Keeps rows in memory."""

    def __init__(self) -> None:
        self.frames: list[pl.DataFrame] = []

    def write(self, frame: pl.DataFrame) -> None:
        self.frames.append(frame)


class Outputs:
    """The outputs of one check.

    Args:
        targets: files to write, by suffix; `.html` is the page, `-` stdout.
        report: writes pages and the sheets beside rows; needed where there are such targets.
        keep: whether rows are kept in memory where there is no target.
        append: whether the rows that a table has already stay.
    """

    def __init__(
        self,
        targets: Targets = None,
        report: Report | None = None,
        *,
        keep: bool = True,
        append: bool = False,
    ) -> None:
        must_be("out", targets, "paths", str, Path, Sequence, NoneType)
        self.targets: list[str | Path] = [targets] if isinstance(targets, str | Path) else list(targets or ())
        for path in self.targets:
            must_be("out", path, "paths", str, Path)
        if append and not self.has_table:
            raise OptionError(localized("errors", "no_table_out"))
        self._report, self._append = report, append
        self._kept = _Frames() if keep and not self.targets else None

    @property
    def has_table(self) -> bool:
        """Whether rows go to a table of a database."""
        return any(map(is_database, self.targets))

    def refuse(self, paths: Iterable[str | Path]) -> None:
        """Raise OptionError if an output would replace one of some files."""
        kept = {realpath(path) for path in paths}  # unlike `Path.resolve` also of a link to itself
        for target in self.targets:
            if not is_url(target) and realpath(target) in kept:
                raise OptionError(localized("errors", "out_is_input"), target)

    def open(self, layout: OutputLayout, stack: ExitStack) -> None:
        """Open the files; they appear under their names when the stack is closed without an error."""
        form = (layout.names, layout.delimiter, layout.bom)
        self._nothing, self._written = OutputRows.of(pl.DataFrame(schema=layout.schema)), False
        self._pages = [stack.enter_context(atomic_path(path)) for path in self.targets if is_page(path)]
        rows = (output(path, *form, append=self._append) for path in self.targets if not is_page(path))
        self._writers = [stack.enter_context(writer) for writer in rows]
        if self._kept:
            self._writers.append(self._kept)

    def laid_out(self, rows: OutputRows) -> LaidOut:
        """Rows in the form of each writer; may be called from another thread than `write`, in the order of the rows."""
        return [writer.laid_out(rows) for writer in self._writers]

    def write(self, laid_out: LaidOut) -> None:
        """Write rows that were laid out."""
        self._written = True
        for writer, frame in zip(self._writers, laid_out, strict=True):
            with room_in(writer.folder):
                writer.write(frame)

    def end(self) -> None:
        """Write the columns where there was no row: without them there is no valid Parquet file, and no table."""
        if not self._written:
            self.write(self.laid_out(self._nothing))

    @property
    def cut(self) -> int:
        """Cells of which an output holds only the beginning; the largest count of all outputs."""
        return max((writer.cut for writer in self._writers), default=0)

    @property
    def kept(self) -> pl.DataFrame | None:
        """The rows, where they were kept in memory."""
        return together(self._kept.frames) if self._kept else None

    def finish(self, result: Check) -> None:
        """Write the pages and the sheets behind the rows."""
        if self._report:
            self._report(result, self._pages, self._writers)
