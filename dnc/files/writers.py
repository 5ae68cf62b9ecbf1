"""Write rows as CSV, Parquet or JSON lines; `dnc.files.xlsx_writer` writes spreadsheets.

In CSV and XLSX an apostrophe is put before a cell that a spreadsheet could run as a formula.
"""

from __future__ import annotations

import io
import shutil
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import Full, Queue
from typing import IO

import polars as pl
from polars.io.plugins import register_io_source

from dnc.files.atomic import write_back
from dnc.files.csv_reader import DELIMITERS
from dnc.files.output_rows import OutputRows
from dnc.frames import as_text, together

# What is added to rows in a workbook: a sheet, or what makes one out of the rows.
Sheet = pl.DataFrame | Callable[[pl.LazyFrame], pl.LazyFrame]
_AT_ONCE = 1 << 16  # rows of a text file
_GROUP = 1 << 18  # rows of a row group of Parquet
_BYTES = 1 << 24  # of a text file that is written again
_NUMBER = "dnc_number"  # written by this program: digits after a plus; it replaces such a column of the input
_TEXTS = pl.selectors.string().exclude(_NUMBER)
_SPECIAL = ['"', "\n", "\r", *DELIMITERS]  # a spreadsheet may be set to any of these delimiters
_FORMULA = r"^[=+\-@\t\r\n\x{FF1D}\x{FF0B}\x{FF0D}\x{FF20}]"
_HARMLESS = r"^(?:\+[\d\s().\-/]+|[+-]?\d+(?:[.,]\d+)?)$"  # a telephone number, a plain number


@dataclass(frozen=True)
class TableMode:
    """What becomes of the rows that a table of verdicts has already.

    append: they stay; by default all are replaced.
    occasional: columns that not every run has; they are added to the table where it lacks them, or left empty.
    """

    append: bool = False
    occasional: tuple[str, ...] = ()


class Writer(ABC):
    """Writes rows in one format, all with the same columns.

    `laid_out` does the work that does not depend on earlier rows, so several threads may call it; `write` is called in
    the order of the rows.
    """

    cut = 0  # cells that were written only in part
    folder: Path | None = None  # where it writes

    def laid_out(self, rows: OutputRows) -> pl.DataFrame:
        """Bring rows into the form of the format, without changing the writer; by default they keep their types."""
        return rows.frame

    @abstractmethod
    def write(self, frame: pl.DataFrame) -> None:
        """Write rows that were laid out."""

    def widen(self, header: list[str], added: list[str]) -> None:
        """Give all rows more columns, the last ones; in those written before they are empty.

        header: the names of all columns. added: those of the new ones.
        """
        raise NotImplementedError

    def add(self, rows: OutputRows) -> None:
        """Lay out and write rows."""
        self.write(self.laid_out(rows))

    def add_sheets(self, sheets: Callable[[], Mapping[str, Sheet]]) -> None:  # noqa: B027 - few formats have any
        """Add sheets before and after the rows, if the format has sheets."""

    def close(self) -> None:  # noqa: B027 - its owner closes a stream
        """Finish the file."""


def defused(frame: pl.DataFrame) -> pl.DataFrame:
    """Put an apostrophe before texts that a spreadsheet would run as a formula, whatever their column is called."""
    # Comparisons are much faster than the pattern: most cells begin with a digit or a letter.
    before_digits = (_TEXTS > "") & (_TEXTS < "0")
    before_letters = (_TEXTS >= ":") & (_TEXTS < "A")
    doubtful = frame.select(before_digits | before_letters | (_TEXTS >= "\N{FULLWIDTH PLUS SIGN}"))
    return frame.with_columns(_defused(frame[cells.name], cells) for cells in doubtful if cells.any())


def _defused(cells: pl.Series, is_doubtful: pl.Series) -> pl.Series:
    doubtful = is_doubtful.arg_true()
    doubtful = doubtful.filter(~cells[doubtful].str.contains(_HARMLESS))
    if doubtful.is_empty():
        return cells
    text = pl.col(cells.name)
    harmful = text.str.contains(_FORMULA)
    mended = cells[doubtful].to_frame().select(pl.when(harmful).then(pl.lit("'") + text).otherwise(text))
    return cells.clone().scatter(doubtful, mended.to_series())


def header_cells(names: list[str]) -> list[str]:
    """Names of columns for the first row of a CSV or XLSX file."""
    return defused(pl.DataFrame({"name": names}))["name"].to_list()


def as_cells(frame: pl.DataFrame) -> pl.DataFrame:
    """A frame in which cells of types that CSV and XLSX do not have are text."""
    kinds = (pl.Duration, pl.Binary, pl.Categorical, pl.Enum)
    odd = [name for name, kind in frame.schema.items() if kind.is_nested() or kind in kinds]
    return frame.with_columns(as_text(frame[name]) for name in odd)


class CsvStream(Writer):
    """CSV in UTF-8, into an open binary file."""

    def __init__(self, file: IO[bytes], header: list[str], delimiter: str = ",", bom: bool = False) -> None:
        self._file = file
        self._delimiter = delimiter
        self._encoding = "utf-8-sig" if bom else "utf-8"
        self._file.write(self._first_line(header))

    def _first_line(self, header: list[str]) -> bytes:
        names = self._quoted(pl.DataFrame({"name": header_cells(header)}))["name"]
        return f"{self._delimiter.join(names)}\n".encode(self._encoding)

    def laid_out(self, rows: OutputRows) -> pl.DataFrame:
        """Rows as text; neighbouring columns that share their cells are joined into one text per distinct row."""
        own = self._quoted(defused(as_cells(rows.own)))
        fields: list[pl.Series] = []
        for shared, names in rows.runs:
            if shared:
                texts = self._quoted(defused(shared.frame.select(pl.col(names).cast(pl.String))))
                line = texts.select(pl.concat_str(names, separator=self._delimiter).alias(f"\0{len(fields)}"))
                fields.append(line.to_series()[shared.row])
            else:
                fields += own.select(names).get_columns()
        return pl.DataFrame(fields)

    def write(self, frame: pl.DataFrame) -> None:
        """Write rows that were laid out."""
        frame.write_csv(self._file, include_header=False, separator=self._delimiter, quote_style="never")

    def _quoted(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Texts with quotes where CSV needs them, and empty texts for nulls."""
        special = list({*_SPECIAL, self._delimiter})
        marked = frame.select(_TEXTS.str.contains_any(special))
        return frame.with_columns(
            pl.when(is_special)
            .then(pl.lit('"') + pl.col(is_special.name).str.replace_all('"', '""', literal=True) + pl.lit('"'))
            .otherwise(is_special.name)
            .alias(is_special.name)
            for is_special in marked
            if is_special.any()
        ).with_columns(pl.selectors.string().fill_null(""))


def csv_of(frame: pl.DataFrame) -> bytes:
    """A frame as CSV."""
    file = io.BytesIO()
    CsvStream(file, frame.columns).add(OutputRows.of(frame))
    return file.getvalue()


class _TextFile(Writer):
    """A text file that can be written again."""

    _opened: IO[bytes]

    def _rewrite(self, path: Path, start: int, first: bytes, wider: Callable[[bytes], bytes]) -> None:
        """Write the file again: other bytes before `start`, and wider rows behind them; it stays open for more.

        wider: gets some whole rows.
        """
        self._opened.close()
        with tempfile.TemporaryDirectory(prefix=".dnc-", dir=path.parent) as folder:
            wide = Path(folder) / path.name
            with path.open("rb") as old, wide.open("wb") as new:
                new.write(first)
                old.seek(start)
                while rows := old.read(_BYTES) + old.readline():
                    is_within = rows.count(b'"') % 2
                    while is_within:  # quotes, where a line does not end a row
                        line = old.readline()
                        rows, is_within = rows + line, is_within ^ line.count(b'"') % 2
                    new.write(wider(rows))
            shutil.copymode(path, wide)
            wide.replace(path)
        self._opened = path.open("ab")

    def close(self) -> None:
        """Close the file."""
        self._opened.close()


class Csv(CsvStream, _TextFile):
    """A CSV file."""

    def __init__(self, path: Path, header: list[str], delimiter: str, bom: bool) -> None:
        self._path, self._opened = path, path.open("wb")
        super().__init__(self._opened, header, delimiter, bom)
        self._start = self._opened.tell()

    def write(self, frame: pl.DataFrame) -> None:
        """Write rows that were laid out."""
        for part in frame.iter_slices(_AT_ONCE):
            super().write(part)
            write_back(self._opened)

    def widen(self, header: list[str], added: list[str]) -> None:
        """Write the file again; the new columns are the last ones."""
        ends = self._delimiter.encode() * len(added) + b"\n"

        def wider(rows: bytes) -> bytes:
            parts = rows.split(b'"')  # every second one is within quotes
            parts[::2] = [part.replace(b"\n", ends) for part in parts[::2]]
            return b'"'.join(parts)

        first = self._first_line(header)
        self._rewrite(self._path, self._start, first, wider)
        self._file, self._start = self._opened, len(first)


class JsonLines(_TextFile):
    """A file with one JSON object per line."""

    def __init__(self, path: Path, header: list[str], delimiter: str, bom: bool) -> None:
        self._path, self._opened = path, path.open("wb")

    def write(self, frame: pl.DataFrame) -> None:
        """Write rows that were laid out."""
        for part in frame.iter_slices(_AT_ONCE):
            part.write_ndjson(self._opened)
            write_back(self._opened)

    def widen(self, header: list[str], added: list[str]) -> None:
        """Write the file again."""
        nothing = b"".join(b',"%b":null' % name.encode() for name in added)
        self._rewrite(self._path, 0, b"", lambda rows: rows.replace(b"}\n", nothing + b"}\n"))


class Spool:
    """Frames stored as Parquet files in a folder until they are all there, one for all that have the same columns.

    A frame is written while the next ones come.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._folder = tempfile.TemporaryDirectory(prefix=".dnc-parts-", dir=folder)
        self._worker = ThreadPoolExecutor(max_workers=1)
        self._files: list[Path] = []
        self._schema: pl.Schema | None = None  # of the file that is being written
        self.rows = 0

    def add(self, frame: pl.DataFrame) -> None:
        """Store a frame after the others."""
        if frame.schema != self._schema:
            self._end()
            self._begin(frame.schema)
        self._put(frame)
        self.rows += frame.height

    def _begin(self, schema: pl.Schema) -> None:
        self._schema, self._coming = schema, Queue[pl.DataFrame | None](1)
        self._files.append(Path(self._folder.name) / f"{len(self._files)}.parquet")
        rows = register_io_source(partial(_frames, self._coming), schema=schema)
        # Of a fixed size, so that equal rows give equal files.
        self._written = self._worker.submit(rows.sink_parquet, self._files[-1], row_group_size=_GROUP)

    def _put(self, frame: pl.DataFrame | None) -> None:
        while not self._written.done():
            with suppress(Full):
                return self._coming.put(frame, timeout=1)
        self._written.result()  # raises what ended it
        return None

    def _end(self) -> None:
        if self._schema is not None:
            self._put(None)
            self._schema = None
            self._written.result()

    def scan(self) -> pl.LazyFrame | None:
        """All rows in order (see `together`), with the columns of the last frame; None if nothing was written."""
        self._end()
        scans = [pl.scan_parquet(file, glob=False) for file in self._files]
        return together(scans).select(scans[-1].collect_schema().names()) if scans else None

    def move(self, path: Path) -> None:
        """Make one file of all rows; none if nothing was written."""
        if (rows := self.scan()) is None:
            return
        if len(self._files) > 1:
            rows.sink_parquet(path, row_group_size=_GROUP)
        else:
            self._files[0].replace(path)

    def close(self) -> None:
        """Remove the stored files. Who wants their rows has heard of an error by then."""
        with suppress(pl.exceptions.ComputeError, OSError):
            self._end()
        self._worker.shutdown()
        self._folder.cleanup()


def _frames(coming: Queue[pl.DataFrame | None], *_: object) -> Iterator[pl.DataFrame]:
    while (frame := coming.get()) is not None:
        yield frame


class Parquet(Writer):
    """A Parquet file."""

    def __init__(self, path: Path, header: list[str], delimiter: str, bom: bool) -> None:
        self._path = path
        self._spool = Spool(path.parent)

    def write(self, frame: pl.DataFrame) -> None:
        """Write rows that were laid out."""
        self._spool.add(frame)

    def widen(self, header: list[str], added: list[str]) -> None:
        """Rows with other columns are stored in another part."""

    def close(self) -> None:
        """Finish the file."""
        with closing(self._spool) as spool:
            spool.move(self._path)
