"""Write rows as CSV, Parquet or JSON lines; `dnc.files.xlsx_writer` writes spreadsheets.

In CSV and XLSX an apostrophe is put before a cell that a spreadsheet could run as a formula.
"""

from __future__ import annotations

import io
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
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
_NUMBER = "dnc_number"  # written by this program: digits after a plus; it replaces such a column of the input
_TEXTS = pl.selectors.string().exclude(_NUMBER)
_SPECIAL = ['"', "\n", "\r", *DELIMITERS]  # a spreadsheet may be set to any of these delimiters
_FORMULA = r"^[=+\-@\t\r\n\x{FF1D}\x{FF0B}\x{FF0D}\x{FF20}]"
_HARMLESS = r"^(?:\+[\d\s().\-/]+|[+-]?\d+(?:[.,]\d+)?)$"  # a telephone number, a plain number


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

    def add(self, rows: OutputRows) -> None:
        """Lay out and write rows."""
        self.write(self.laid_out(rows))

    def add_sheets(self, sheets: Callable[[], Mapping[str, Sheet]]) -> None:  # noqa: B027 - few formats have any
        """Add sheets before and after the rows, if the format has sheets."""

    def close(self) -> None:  # noqa: B027 - few formats have an end
        """Finish the file; one that was given open stays open."""


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


class Csv(Writer):
    """CSV in UTF-8, into an open binary file; its header is written with the first rows."""

    def __init__(self, file: IO[bytes], header: list[str], delimiter: str = ",", bom: bool = False) -> None:
        self._file = file
        self._delimiter = delimiter
        names = self._quoted(pl.DataFrame({"name": header_cells(header)}))["name"]
        self._unwritten = f"{self._delimiter.join(names)}\n".encode("utf-8-sig" if bom else "utf-8")

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
        self._file.write(self._unwritten)
        self._unwritten = b""
        for part in frame.iter_slices(_AT_ONCE):
            part.write_csv(self._file, include_header=False, separator=self._delimiter, quote_style="never")
            write_back(self._file)

    def close(self) -> None:
        """Write the header if there was no row."""
        self._file.write(self._unwritten)

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
    Csv(file, frame.columns).add(OutputRows.of(frame))
    return file.getvalue()


class JsonLines(Writer):
    """One JSON object per line, into an open binary file."""

    def __init__(self, file: IO[bytes], header: list[str], delimiter: str, bom: bool) -> None:
        self._file = file

    def write(self, frame: pl.DataFrame) -> None:
        """Write rows that were laid out."""
        for part in frame.iter_slices(_AT_ONCE):
            part.write_ndjson(self._file)
            write_back(self._file)


class Spool:
    """Frames stored as Parquet files in a folder until they are all there, one for all that have the same types.

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
        """All rows in order (see `together`); None if nothing was written."""
        self._end()
        scans = [pl.scan_parquet(file, glob=False) for file in self._files]
        return together(scans) if scans else None

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

    def close(self) -> None:
        """Finish the file."""
        with closing(self._spool) as spool:
            spool.move(self._path)
