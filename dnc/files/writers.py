"""Write rows as CSV, Parquet or JSON lines; `dnc.files.xlsx_writer` writes spreadsheets.

In CSV and XLSX an apostrophe is put before a cell that a spreadsheet could run as a formula.
"""

from __future__ import annotations

import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import IO

import polars as pl

from dnc.files.atomic import write_back
from dnc.files.csv_reader import DELIMITERS
from dnc.files.output_rows import Rows
from dnc.frames import as_text, together

# What is added to rows in a workbook: a sheet, or what makes one out of the rows.
Sheet = pl.DataFrame | Callable[[pl.LazyFrame], pl.LazyFrame]
_AT_ONCE = 1 << 16  # rows of a text file
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

    @abstractmethod
    def laid_out(self, rows: Rows) -> pl.DataFrame:
        """Bring rows into the form of the format, without changing the writer."""

    @abstractmethod
    def write(self, frame: pl.DataFrame) -> None:
        """Write rows that were laid out."""

    def add(self, rows: Rows) -> None:
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
        names = self._quoted(pl.DataFrame({"name": header_cells(header)}))["name"]
        self._file.write(f"{delimiter.join(names)}\n".encode("utf-8-sig" if bom else "utf-8"))

    def laid_out(self, rows: Rows) -> pl.DataFrame:
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


class Csv(CsvStream):
    """A CSV file."""

    def __init__(self, path: Path, header: list[str], delimiter: str, bom: bool) -> None:
        self._opened = path.open("wb")
        super().__init__(self._opened, header, delimiter, bom)

    def write(self, frame: pl.DataFrame) -> None:
        """Write rows that were laid out."""
        for part in frame.iter_slices(_AT_ONCE):
            super().write(part)
            write_back(self._opened)

    def close(self) -> None:
        """Close the file."""
        self._opened.close()


class JsonLines(Writer):
    """A file with one JSON object per line."""

    def __init__(self, path: Path, header: list[str], delimiter: str, bom: bool) -> None:
        self._file = path.open("wb")

    def laid_out(self, rows: Rows) -> pl.DataFrame:
        """Rows with their types."""
        return rows.frame

    def write(self, frame: pl.DataFrame) -> None:
        """Write rows that were laid out."""
        for part in frame.iter_slices(_AT_ONCE):
            part.write_ndjson(self._file)
            write_back(self._file)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class Parts:
    """Frames stored as Arrow IPC files next to the output until it is finished."""

    def __init__(self, path: Path) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix=".dnc-parts-", dir=path.parent)
        self._frames = self.rows = 0

    def _part(self, number: int) -> str:
        return str(Path(self._folder.name) / f"{number}.arrow")

    def add(self, frame: pl.DataFrame) -> None:
        """Store a frame after the others."""
        frame.write_ipc(self._part(self._frames), compression="lz4")
        self._frames += 1
        self.rows += frame.height

    def scan(self) -> pl.LazyFrame | None:
        """All rows in order (see `together`); None if nothing was written."""
        scans = [pl.scan_ipc(self._part(at), glob=False) for at in range(self._frames)]
        return together(scans) if scans else None

    def close(self) -> None:
        """Remove the stored files."""
        self._folder.cleanup()


class Parquet(Writer):
    """Parts are stored next to the file, and streamed into it at the end."""

    def __init__(self, path: Path, header: list[str], delimiter: str, bom: bool) -> None:
        self._path = path
        self._parts = Parts(path)

    def laid_out(self, rows: Rows) -> pl.DataFrame:
        """Rows with their types."""
        return rows.frame

    def write(self, frame: pl.DataFrame) -> None:
        """Store rows that were laid out."""
        self._parts.add(frame)

    def close(self) -> None:
        """Write the file."""
        with closing(self._parts) as parts:
            if (rows := parts.scan()) is not None:
                rows.sink_parquet(self._path, maintain_order=True)
